#!/usr/bin/env bash
# Runs every fuzz test for a while: bash .ci/fuzz.sh [TIME per test, default 20s]
set -euo pipefail
cd "$(dirname "$0")/.."
bad=0
for package in $(go list ./...); do
  for name in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    echo "== $package $name"
    go test -run '^$' -fuzz "^$name\$" -fuzztime "${1:-20s}" "$package" || bad=1
  done
done
exit $bad
