# Installs what the tests need and this machine lacks. Sourced by test.sh.
# Only packages without a service are used (MariaDB's and Redis's programs come
# from mariadb-server-core and redis-tools), so nothing is started or enabled.
# CRMBOT_TEST_NO_INSTALL=1 switches installing off.
# shellcheck shell=bash

have_cc() {
  echo '#include <stdlib.h>
int main(void) { return EXIT_SUCCESS; }' | "$(go env CC)" -x c - -o /dev/null 2>/dev/null
}
have_mariadb() { find_program mariadb-install-db >/dev/null && find_program mariadbd >/dev/null && find_program my_print_defaults >/dev/null; }
have_redis() { find_program redis-server >/dev/null || find_program redis-check-rdb >/dev/null; }
have_chromium() { find_chromium >/dev/null; }
have_cjk_font() { compgen -G '/usr/share/fonts/*/*/NotoSansCJK*' >/dev/null || { command -v fc-list >/dev/null && fc-list :lang=zh | grep -q .; }; }
have_npm() { command -v npm >/dev/null && command -v node >/dev/null; }

find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" && return 0
  done
  return 1
}

# Packages of each need, in Debian's names.
declare -A NEED_PACKAGES=(
  [cc]='gcc libc6-dev'
  [mariadb]='mariadb-server-core mariadb-client-core'
  [redis]='redis-tools'
  [chromium]='chromium'
  [cjk_font]='fonts-noto-cjk'
  [npm]='nodejs npm'
)
# Why a need could not be met, by need; empty when it is met.
declare -A NEED_WHY=()

# install_missing NEED... tries to meet every need and fills NEED_WHY.
install_missing() {
  local need missing=() as=() refusal='' packages=()
  for need in "$@"; do
    "have_$need" || missing+=("$need")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ -n "${CRMBOT_TEST_NO_INSTALL:-}" ]; then
    refusal='may not be installed: CRMBOT_TEST_NO_INSTALL is set'
  elif ! command -v apt-get >/dev/null; then
    refusal='cannot be installed: no apt-get'
  elif [ "$(id -u)" = 0 ]; then
    as=(env)
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as=(sudo -n env)
  else
    refusal='may not be installed: neither root nor sudo without a password'
  fi
  if [ -z "$refusal" ]; then
    for need in "${missing[@]}"; do
      # shellcheck disable=SC2206 # a list of words
      packages+=(${NEED_PACKAGES[$need]})
    done
    echo "== install: ${packages[*]}"
    as+=(DEBIAN_FRONTEND=noninteractive)
    apt_get update || echo 'install: apt-get update failed, trying with the lists at hand' >&2
    forbid_services
    if ! apt_get install "${packages[@]}"; then
      # One package that is not to be had must not cost the others.
      for need in "${missing[@]}"; do
        # shellcheck disable=SC2086 # a list of words
        apt_get install ${NEED_PACKAGES[$need]} || true
      done
    fi
    allow_services
    refusal='could not be installed by apt-get'
  fi
  for need in "${missing[@]}"; do
    "have_$need" || NEED_WHY[$need]="${NEED_PACKAGES[$need]%% *} is missing and $refusal"
  done
}

# apt_get runs apt-get as install_missing decided, quietly unless it fails.
apt_get() {
  local log rc=0
  log=$(mktemp)
  local options=(-q -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 -o Acquire::http::Timeout=30)
  if [ "$1" = install ]; then
    options+=(--no-install-recommends)
  fi
  "${as[@]}" apt-get "${options[@]}" "$@" >"$log" 2>&1 </dev/null || rc=$?
  [ $rc = 0 ] || tail -20 "$log" >&2
  rm -f -- "$log"
  return $rc
}

# forbid_services keeps packages from starting services while they are
# installed, unless the machine has a policy of its own; allow_services takes
# the policy away again. Both are also safe when nothing was forbidden.
POLICY=/usr/sbin/policy-rc.d
POLICY_AS=()
forbid_services() {
  [ ! -e $POLICY ] || return 0
  POLICY_AS=("${as[@]}")
  printf '#!/bin/sh\nexit 101\n' | "${as[@]}" tee $POLICY >/dev/null && "${as[@]}" chmod 755 $POLICY
}
allow_services() {
  [ ${#POLICY_AS[@]} -gt 0 ] || return 0
  "${POLICY_AS[@]}" rm -f $POLICY
  POLICY_AS=()
}
