#!/usr/bin/env bash
# Checks that need no test: bash .ci/lint.sh [gofmt] [vet] [staticcheck]
# Without arguments all of them; every one runs even when an earlier one failed.
set -uo pipefail
cd "$(dirname "$0")/.."

STATICCHECK=v0.8.0 # the release that knows Go 1.26

check_gofmt() {
  local wrong
  wrong=$(find . -name .cache -prune -o -name '*.go' -print0 | xargs -0 -r gofmt -l) || return 1
  if [ -n "$wrong" ]; then
    echo "not formatted (make fmt does it):" >&2
    echo "$wrong" >&2
    return 1
  fi
}

check_vet() { go vet -vettool="$PWD/.ci/vet-ours.sh" ./...; }

check_staticcheck() {
  local bin
  # Built once per release and Go version: it must be built by the Go it reads.
  bin=$PWD/.cache/bin/staticcheck-$STATICCHECK-$(go env GOVERSION)
  if [ ! -x "$bin/staticcheck" ]; then
    echo "== staticcheck: building $STATICCHECK"
    if ! GOBIN=$bin GOFLAGS='' go install "honnef.co/go/tools/cmd/staticcheck@$STATICCHECK" 2>"$bin.log"; then
      tail -5 "$bin.log" >&2
      return 75 # could not be had
    fi
  fi
  "$bin/staticcheck" ./...
}

mkdir -p .cache/bin
if [ $# = 0 ]; then
  set -- gofmt vet staticcheck
fi
bad=0
for check in "$@"; do
  echo "== $check"
  rc=0
  "check_$check" || rc=$?
  [ $rc = 0 ] || bad=$rc
done
exit $bad
