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
beside=
trap 'allow_services; [ -z "$beside" ] || kill "$beside" 2>/dev/null; rm -rf -- "$scratch"' EXIT
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

# Most of a first run is compiling, so the checks read what the tests compile, and
# nothing is compiled that a test has no use for: no debugger's tables, no
# optimising of three large libraries that tests call seldom. Out of the race
# detector stay SQLite, which is C that a program turned into Go, the Lark SDK's
# services and the browser's protocol, which are thousands of plain structs, and
# what only reads and makes texts and pictures, letter by letter and pixel by pixel.
# Other libraries cannot: the linker might take their copy of a generic function of
# sync for everybody's.
if [ ${#race[@]} -gt 0 ]; then
  flags="-race -ldflags=-w -gcflags=all=-dwarf=false"
  for plain in modernc.org/{sqlite/lib,libc,sqlite,memory} 'github.com/chromedp/cdproto/...' \
    image image/color image/draw image/png compress/flate compress/zlib hash/adler32 hash/crc32 golang.org/x/image/draw \
    golang.org/x/image/math/fixed github.com/golang/freetype/{raster,truetype} github.com/go-analyze/charts/chartdraw/drawing \
    strings strconv regexp regexp/syntax html unicode unicode/utf8 encoding/base64 encoding/hex 'golang.org/x/text/...'; do
    flags+=" '-gcflags=$plain=-dwarf=false -race=false'"
  done
  flags+=" '-gcflags=github.com/larksuite/oapi-sdk-go/v3/service/...=-dwarf=false -race=false -N -l'"
  for large in github.com/redis/go-redis/v9 github.com/xuri/excelize/v2; do
    flags+=" '-gcflags=$large=-dwarf=false -N -l'"
  done
  export GOFLAGS="${GOFLAGS:+$GOFLAGS }$flags"
  # gorm's driver brings SQLite in C along, which only has to compile.
  export CGO_CFLAGS="${CGO_CFLAGS:--O0 -g0}"
fi

wrong=() # checks that failed
for check in gofmt vet; do
  rc=0
  bash .ci/lint.sh "$check" || rc=$?
  case $rc in
    0) ;;
    75) left+=("$check: it could not be downloaded") ;;
    *) wrong+=(-failed "$check") ;;
  esac
done

# staticcheck runs beside the tests, which wait for servers and browsers now and then.
{
  rc=0
  bash .ci/lint.sh staticcheck >"$scratch/staticcheck.out" 2>&1 || rc=$?
  case $rc in
    0) echo ;;
    75) echo "left staticcheck: it could not be downloaded" ;;
    *) echo "failed staticcheck" ;;
  esac >"$scratch/staticcheck"
} &
beside=$!

strict=()
if [ -n "${CI:-}" ]; then
  strict=(-strict)
fi
echo "== go test ${race[*]} -shuffle=on ./..."
go build -o "$scratch/summary" ./internal/testenv/summary || exit 1
# -p: one package more than processors, for the tests of the adapters mostly wait,
# and not more than five, for every test binary may hold a browser or a hundred
# connections. -parallel: twice the usual, for conversations wait for the servers
# and the played platforms.
packages=$(nproc)
packages=$((packages < 4 ? packages + 1 : 5))
# What takes longest first: it would else run alone at the end.
longest=(./internal/scenario ./internal/app/browser ./handlers ./internal/app ./internal/importer)
{
  rc=0
  bash .ci/with-servers.sh \
    go test -json "${race[@]}" -vet=off -shuffle=on -timeout 12m -p $packages -parallel $((2 * $(nproc))) "${longest[@]}" ./... || rc=$?
  tail --pid=$beside -f /dev/null # it was done long before
  cat "$scratch/staticcheck.out" >&2
  exit $rc
} | "$scratch/summary" "${strict[@]}" "${wrong[@]}" -after "$scratch/staticcheck" "${left[@]}"
rc=("${PIPESTATUS[@]}")
[ "${rc[0]}" = 0 ] && [ "${rc[1]}" = 0 ]
