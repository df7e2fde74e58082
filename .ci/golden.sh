#!/usr/bin/env bash
# Rewrites the golden files of every package whose tests know the flag -update.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages < <(find . -name .cache -prune -o -name '*_test.go' -print0 |
  xargs -0 -r grep -lE 'flag\.Bool(Var)?\(.*"update"' | xargs -r -n1 dirname | sort -u)
if [ ${#packages[@]} = 0 ]; then
  echo 'no package has golden files'
  exit 0
fi
go test "${packages[@]}" -update
