#!/usr/bin/env bash
# The whole test run: make test. Sets itself up (install.sh), starts private
# servers (with-servers.sh), and ends in the lines of `go test`, the suites that
# were left out, and the counts.
set -uo pipefail
cd "$(dirname "$0")/.."
. .ci/servers.sh
. .ci/install.sh
. .ci/vchart.sh

mkdir -p .cache
scratch=$(mktemp -d "${TMPDIR:-/tmp}/crmbot-run.XXXXXX")
trap 'allow_services; rm -rf -- "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

needs=(cc mariadb redis chromium cjk_font)
if [ -f cards/larkjson/testdata/vchart/package.json ]; then
  needs+=(npm)
fi
install_missing "${needs[@]}"
fetch_vchart

left=() # suites that cannot even start
race=(-race)
if [ -n "${NEED_WHY[cc]:-}" ]; then
  race=()
  left+=("race detector: ${NEED_WHY[cc]}")
fi
if [ -n "${NEED_WHY[cjk_font]:-}" ]; then
  left+=("Chinese glyphs in screenshots: ${NEED_WHY[cjk_font]}")
fi
export CRMBOT_TEST_MYSQL_WHY=${NEED_WHY[mariadb]:-}
export CRMBOT_TEST_REDIS_WHY=${NEED_WHY[redis]:-}
export CRMBOT_TEST_CHROMIUM_WHY=${NEED_WHY[chromium]:-}
export CRMBOT_TEST_VCHART_WHY=$VCHART_WHY
CRMBOT_TEST_CHROMIUM=$(find_chromium) && export CRMBOT_TEST_CHROMIUM

# The checks read what the tests compile, so that nothing is compiled twice. SQLite
# is C that a program turned into Go: like any C it stays out of the race
# detector, which would spend most of the run on it.
if [ ${#race[@]} -gt 0 ]; then
  export GOFLAGS="${GOFLAGS:+$GOFLAGS }-race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false"
fi

wrong=() # checks that failed
for check in gofmt vet staticcheck; do
  rc=0
  bash .ci/lint.sh "$check" || rc=$?
  case $rc in
    0) ;;
    75) left+=("$check: it could not be downloaded") ;;
    *) wrong+=(-failed "$check") ;;
  esac
done

strict=()
if [ -n "${CI:-}" ]; then
  strict=(-strict)
fi
echo "== go test ${race[*]} -shuffle=on ./..."
go build -o "$scratch/summary" ./internal/testenv/summary || exit 1
# -p: one package per processor, and not more than four, for every test binary
# may hold a browser or a hundred connections.
processors=$(nproc)
bash .ci/with-servers.sh \
  go test -json "${race[@]}" -vet=off -shuffle=on -timeout 12m -p $((processors < 4 ? processors : 4)) ./... |
  "$scratch/summary" "${strict[@]}" "${wrong[@]}" "${left[@]}"
rc=("${PIPESTATUS[@]}")
[ "${rc[0]}" = 0 ] && [ "${rc[1]}" = 0 ]
