#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A private, throw-away Redis for tests.
#
#   tests/lib/redis.sh run -- COMMAND…     starts one, runs COMMAND with GUILDHALL_TEST_REDIS set to its URL, stops it
#   tests/lib/redis.sh start DIR           prints its URL; DIR is created, DIR/pid holds its process id
#   tests/lib/redis.sh stop DIR            stops it and removes DIR
#
# It listens on a unix socket in DIR only and keeps nothing on disk. Exit code 77 (skipped) when Redis is not installed.
set -eu
command -v redis-server >/dev/null || { echo "redis.sh: Redis is not installed" >&2; exit 77; }

start_redis() {
    mkdir -p "$dir"
    redis-server --port 0 --unixsocket "$dir/s" --save '' --appendonly no --dir "$dir" --logfile "$dir/log" >/dev/null 2>&1 &
    echo $! >"$dir/pid"
    for _ in $(seq 200); do
        [ "$(redis-cli -s "$dir/s" ping 2>/dev/null)" = PONG ] && { echo "unix:$dir/s"; return 0; }
        sleep 0.02
    done
    cat "$dir/log" >&2
    return 1
}

stop_redis() {
    kill "$(cat "$dir/pid")" 2>/dev/null || true
    # It writes to its log to the end: a folder that is filled meanwhile is not removed.
    for _ in $(seq 500); do
        kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
        sleep 0.02
    done
    rm -rf "$dir"
}

case ${1:-} in
run)
    shift
    [ "${1:-}" = -- ] && shift
    dir=$(mktemp -d /tmp/gh-redis-XXXXXX)
    trap stop_redis EXIT
    trap 'exit 143' INT TERM
    GUILDHALL_TEST_REDIS=$(start_redis)
    export GUILDHALL_TEST_REDIS
    code=0
    "$@" || code=$?
    exit $code
    ;;
start) dir=${2:?which folder}; start_redis ;;
stop) dir=${2:?which folder}; stop_redis ;;
*) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
