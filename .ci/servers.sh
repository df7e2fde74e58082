# Private MariaDB and Redis for a test run. Sourced by test.sh; as a program:
#   bash .ci/servers.sh start   start both, keep them running, write .cache/test-servers.env
#   bash .ci/servers.sh stop    stop what start began and remove its data
# A server that is already running on this machine is never looked at: the two
# get ports nobody listens on, a data folder of their own and no configuration file.
# shellcheck shell=bash

# memory_dir prints a folder in memory where a test run's data has room, if there
# is one: most of what a test waits for is a disk that makes its data durable.
memory_dir() {
  local free
  [ -w /dev/shm ] && free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }') && [ "${free:-0}" -ge 3000000 ] &&
    [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || echo 0)" -ge 5000000 ] && echo /dev/shm
}

# free_port prints a TCP port of the loopback interface that nobody listens on.
# Somebody may still take it before we do, so whoever starts a server tries again.
free_port() {
  local p
  for _ in {1..200}; do
    p=$((20000 + (RANDOM * 32768 + RANDOM) % 40000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; then
      echo "$p"
      return 0
    fi
  done
  return 1
}

# launch LOG CMD... starts the command in a session of its own. With
# SERVERS_TIED=1 the kernel also ends it when this shell is killed. Sets LAUNCHED.
launch() {
  local log=$1
  shift
  local tie=()
  if [ "${SERVERS_TIED:-}" = 1 ] && command -v setpriv >/dev/null; then
    tie=(setpriv --pdeathsig KILL)
    "${tie[@]}" "$@" >"$log" 2>&1 </dev/null &
  else
    setsid "$@" >"$log" 2>&1 </dev/null &
  fi
  LAUNCHED=$!
}

# ready PID LOG TEXT waits until the log has the text; fails when the process ends first.
ready() {
  local pid=$1 log=$2 text=$3
  for _ in {1..600}; do
    if grep -q "$text" "$log" 2>/dev/null; then
      return 0
    fi
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.05
  done
  return 1
}

# start_mariadb DIR sets MARIADB_PID and CRMBOT_TEST_MYSQL.
start_mariadb() {
  local dir=$1/mariadb as=() port
  local install mariadbd
  install=$(find_program mariadb-install-db) && mariadbd=$(find_program mariadbd) || return 1
  mkdir -p "$dir/tmp"
  if [ "$(id -u)" = 0 ]; then
    as=(--user=root)
  fi
  # --force: a machine whose own name does not resolve is good enough.
  "$install" --no-defaults "${as[@]}" --datadir="$dir/data" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve --force --innodb-log-file-size=8M >"$dir/install.log" 2>&1 || {
    cat "$dir/install.log" >&2
    return 1
  }
  for _ in 1 2 3; do
    port=$(free_port) || return 1
    # Durability is switched off (the data lives for one run, and a server that is
    # killed loses nothing: the kernel has it); everything that
    # changes what a statement means is as strict as MySQL 8.
    launch "$dir/server.log" "$mariadbd" --no-defaults "${as[@]}" --datadir="$dir/data" --tmpdir="$dir/tmp" \
      --socket="$dir/s.sock" --pid-file="$dir/pid" --port="$port" --bind-address=127.0.0.1 --skip-name-resolve \
      --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 --loose-innodb-flush-method=nosync --loose-sync-frm=OFF \
      --loose-innodb-doublewrite=OFF --innodb-buffer-pool-size=256M \
      --character-set-server=utf8mb4 --collation-server=utf8mb4_bin --max-connections=600 --max-allowed-packet=64M \
      --sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION
    MARIADB_PID=$LAUNCHED
    if ready "$MARIADB_PID" "$dir/server.log" 'ready for connections'; then
      export CRMBOT_TEST_MYSQL="root@tcp(127.0.0.1:$port)/"
      return 0
    fi
    end_process "$MARIADB_PID"
  done
  cat "$dir/server.log" >&2
  return 1
}

# start_redis DIR sets REDIS_PID and CRMBOT_TEST_REDIS.
start_redis() {
  local dir=$1/redis redis port
  redis=$(find_redis "$1") || return 1
  mkdir -p "$dir"
  for _ in 1 2 3; do
    port=$(free_port) || return 1
    launch "$dir/server.log" "$redis" --port "$port" --bind 127.0.0.1 --dir "$dir" --save "" --appendonly no
    REDIS_PID=$LAUNCHED
    if ready "$REDIS_PID" "$dir/server.log" 'Ready to accept connections'; then
      export CRMBOT_TEST_REDIS="redis://127.0.0.1:$port/0"
      export CRMBOT_TEST_REDIS_SERVER="$redis"
      return 0
    fi
    end_process "$REDIS_PID"
  done
  cat "$dir/server.log" >&2
  return 1
}

# find_program NAME also looks where Debian puts servers, which is not on everybody's path.
find_program() {
  PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$1"
}

# find_redis DIR prints a Redis server program. Debian's redis-tools holds the
# server under another name and without a service to start: the program decides
# by the name it is called.
find_redis() {
  if find_program redis-server; then
    return 0
  fi
  local tool
  tool=$(find_program redis-check-rdb) || return 1
  mkdir -p "$1/bin"
  ln -sf "$tool" "$1/bin/redis-server"
  "$1/bin/redis-server" --version >/dev/null 2>&1 || return 1
  echo "$1/bin/redis-server"
}

# end_process PID asks a process of ours to stop, waits, and insists after ten seconds.
end_process() {
  local pid=$1
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in {1..200}; do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null || true
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  set -euo pipefail
  cd "$(dirname "$0")/.."
  . .ci/install.sh
  . .ci/vchart.sh
  env=.cache/test-servers.env
  state=.cache/test-servers.state
  mkdir -p .cache
  stop() {
    [ -f "$state" ] || return 0
    local mariadb redis dir
    read -r mariadb redis dir <"$state"
    # The number may belong to somebody else by now: only end what runs our data folder.
    for pid in "$mariadb" "$redis"; do
      if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$dir" || [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$dir/redis" ]; then
        end_process "$pid"
      fi
    done
    case $dir in
      */crmbot-servers.*) rm -rf -- "$dir" ;;
    esac
    rm -f -- "$state" "$env"
  }
  case ${1:-} in
    start)
      stop
      dir=$(mktemp -d "${SERVERS_DIR:-$(memory_dir || echo "${TMPDIR:-/tmp}")}/crmbot-servers.XXXXXX")
      MARIADB_PID='' REDIS_PID=''
      if ! start_mariadb "$dir" || ! start_redis "$dir"; then
        end_process "$MARIADB_PID"
        end_process "$REDIS_PID"
        rm -rf -- "$dir"
        echo "the servers did not start; are mariadb-server and redis-server installed? 'make test' installs them" >&2
        exit 1
      fi
      echo "$MARIADB_PID $REDIS_PID $dir" >"$state"
      if have_npm; then
        fetch_vchart >&2
      fi
      {
        echo "export CRMBOT_TEST_MYSQL='$CRMBOT_TEST_MYSQL'"
        echo "export CRMBOT_TEST_REDIS='$CRMBOT_TEST_REDIS'"
        echo "export CRMBOT_TEST_REDIS_SERVER='$CRMBOT_TEST_REDIS_SERVER'"
        if p=$(find_chromium); then echo "export CRMBOT_TEST_CHROMIUM='$p'"; fi
        if [ -n "${CRMBOT_TEST_VCHART:-}" ]; then echo "export CRMBOT_TEST_VCHART='$CRMBOT_TEST_VCHART'"; fi
      } >"$env"
      cat "$env"
      echo "# in $PWD/$env; stop them with: make servers-stop"
      ;;
    stop) stop ;;
    *)
      echo "usage: bash .ci/servers.sh start|stop" >&2
      exit 2
      ;;
  esac
fi
