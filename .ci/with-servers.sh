#!/usr/bin/env bash
# Runs a command with a private MariaDB and Redis, named in its environment:
#   bash .ci/with-servers.sh go test -run '^$' -bench . ./internal/...
# The servers and their data are gone when it ends, however it ends. SERVERS_DIR
# names the folder in which they are put; without it that is in memory where there
# is room, and so is what the command keeps in temporary files, except the
# compiler's, which are large.
set -uo pipefail
cd "$(dirname "$0")/.."
. .ci/servers.sh

disk=${TMPDIR:-/tmp}
memory=$(memory_dir || true)
dir=$(mktemp -d "${SERVERS_DIR:-${memory:-$disk}}/crmbot-test.XXXXXX")
if [ -z "${SERVERS_DIR:-}" ] && [ -n "$memory" ]; then
  mkdir "$dir/tmp"
  export TMPDIR=$dir/tmp GOTMPDIR=${GOTMPDIR:-$disk}
fi
SERVERS_TIED=1
MARIADB_PID='' REDIS_PID='' command_pid=''
cleanup() {
  trap - EXIT INT TERM HUP
  end_process "$command_pid"
  end_process "$MARIADB_PID"
  end_process "$REDIS_PID"
  wait 2>/dev/null
  rm -rf -- "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

unset CRMBOT_TEST_MYSQL CRMBOT_TEST_REDIS CRMBOT_TEST_REDIS_SERVER
if [ -z "${CRMBOT_TEST_MYSQL_WHY:-}" ] && ! start_mariadb "$dir"; then
  export CRMBOT_TEST_MYSQL_WHY='the private MariaDB did not start'
fi
if [ -z "${CRMBOT_TEST_REDIS_WHY:-}" ] && ! start_redis "$dir"; then
  export CRMBOT_TEST_REDIS_WHY='the private Redis did not start'
fi

# In the background, so that a signal reaches the trap at once.
"$@" &
command_pid=$!
wait "$command_pid"
rc=$?
command_pid=''
exit $rc
