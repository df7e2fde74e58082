# The chart package that Lark's cards are drawn with. Sourced by test.sh.
# shellcheck shell=bash

# fetch_vchart installs the package named in cards/larkjson/testdata/vchart into
# .cache, once per version, and sets CRMBOT_TEST_VCHART or VCHART_WHY.
fetch_vchart() {
  local from=cards/larkjson/testdata/vchart dir key
  VCHART_WHY=''
  if [ ! -f "$from/package.json" ]; then
    return 0 # nothing asks for it
  fi
  if [ -n "${NEED_WHY[npm]:-}" ]; then
    VCHART_WHY=${NEED_WHY[npm]}
    return 0
  fi
  key=$(cat "$from"/package*.json | sha256sum | cut -c1-16)
  dir=.cache/vchart-$key
  if [ ! -f "$dir/installed" ]; then
    echo '== npm: @visactor/vchart'
    rm -rf -- "$dir"
    mkdir -p "$dir"
    cp "$from"/package*.json "$dir/"
    local verb=install
    if [ -f "$dir/package-lock.json" ]; then
      verb=ci
    fi
    if ! (cd "$dir" && npm "$verb" --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null >npm.log 2>&1); then
      tail -5 "$dir/npm.log" >&2
      VCHART_WHY='npm could not fetch @visactor/vchart'
      return 0
    fi
    touch "$dir/installed"
  fi
  local file
  for file in index.min.js index.js; do
    if [ -f "$dir/node_modules/@visactor/vchart/build/$file" ]; then
      export CRMBOT_TEST_VCHART=$PWD/$dir/node_modules/@visactor/vchart/build/$file
      return 0
    fi
  done
  VCHART_WHY='@visactor/vchart has no browser build'
}
