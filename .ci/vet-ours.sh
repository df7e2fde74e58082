#!/bin/sh
# go vet -vettool: vets the packages of this module only. The go command also asks
# what vet can learn from each library, which takes longer than the rest together
# and adds nothing: vet knows the printf functions of the standard library by name.
for unit; do :; done # the last argument
case $unit in
*.cfg)
  if grep -q '"VetxOnly": true' "$unit" && ! grep -q '"ImportPath": "crmbot/' "$unit"; then
    : >"$(sed -n 's/^.*"VetxOutput": "\(.*\)",*$/\1/p' "$unit")"
    exit
  fi
  ;;
esac
exec "$(go tool -n vet)" "$@"

