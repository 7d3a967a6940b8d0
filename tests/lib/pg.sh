#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A private, throw-away PostgreSQL (and PgBouncer in front of it) for tests.
#
#   tests/lib/pg.sh run [--bouncer] [--durable] [--port N] -- COMMAND…
#       starts one, runs COMMAND with GUILDHALL_TEST_PG (and GUILDHALL_TEST_BOUNCER) set to URLs, stops it; exit code of COMMAND
#   tests/lib/pg.sh start [--bouncer] [--durable] [--port N] DIR     prints the URL(s), one per line; DIR is created
#   tests/lib/pg.sh bouncer DIR                                     starts the PgBouncer of DIR again, after it was killed
#   tests/lib/pg.sh stop DIR                                        stops it and removes DIR
#
# It listens on a unix socket in DIR, and on 127.0.0.1:N as well with --port. --durable: fsync on (benches). As root it runs as the
# user postgres, for PostgreSQL refuses root. Exit code 77 (skipped) when PostgreSQL is not installed.
set -eu

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1) || true
[ -n "$bin" ] && [ -x "$bin/postgres" ] || { command -v postgres >/dev/null && bin=$(dirname "$(readlink -f "$(command -v postgres)")"); } ||
    { echo "pg.sh: PostgreSQL is not installed" >&2; exit 77; }

as_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$dir" "$@"
    else
        "$@"
    fi
}

start_postgres() {
    as_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; return 1; }
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '${port:+127.0.0.1}'
port = ${port:-5432}
unix_socket_directories = '$dir'
max_connections = 200
shared_buffers = 64MB
fsync = $durable
full_page_writes = $durable
log_min_messages = warning
CONF
    as_user "$bin/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -w -t 30 start >/dev/null 2>&1 ||
        { cat "$dir/postgres.log" >&2; return 1; }
    echo "postgresql:///postgres?host=$dir&port=${port:-5432}&user=postgres"
}

start_bouncer() {
    command -v pgbouncer >/dev/null || { echo "pg.sh: PgBouncer is not installed" >&2; return 77; }
    cat >"$dir/bouncer.ini" <<CONF
[databases]
* = host=$dir port=${port:-5432}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $dir
auth_type = any
pool_mode = transaction
default_pool_size = 20
max_client_conn = 300
logfile = $dir/bouncer.log
pidfile = $dir/bouncer.pid
ignore_startup_parameters = extra_float_digits
CONF
    # auth_type any takes the user of the database line: name it.
    sed -i "s/^\* = .*/& user=postgres/" "$dir/bouncer.ini"
    as_user pgbouncer -q -d "$dir/bouncer.ini" >/dev/null 2>&1
    for _ in $(seq 100); do
        [ -S "$dir/.s.PGSQL.6432" ] && break
        sleep 0.05
    done
    [ -S "$dir/.s.PGSQL.6432" ] || { cat "$dir/bouncer.log" >&2; return 1; }
    echo "postgresql:///postgres?host=$dir&port=6432&user=postgres"
}

stop_all() {
    if [ -f "$dir/bouncer.pid" ]; then kill "$(cat "$dir/bouncer.pid")" 2>/dev/null || true; fi
    if [ -f "$dir/data/postmaster.pid" ]; then as_user "$bin/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >/dev/null 2>&1 || true; fi
    rm -rf "$dir"
}

prepare_dir() {
    mkdir -p "$dir"
    chmod 755 "$dir"
    [ "$(id -u)" != 0 ] || chown postgres: "$dir"
}

command=${1:-}
[ $# -gt 0 ] && shift
bouncer= durable=off port= dir=
while [ $# -gt 0 ]; do
    case $1 in
    --bouncer) bouncer=1 ;;
    --durable) durable=on ;;
    --port) port=$2; shift ;;
    --) shift; break ;;
    *) dir=$1 ;;
    esac
    shift
done

case $command in
run)
    dir=$(mktemp -d /tmp/gh-pg-XXXXXX)
    trap stop_all EXIT
    trap 'exit 143' INT TERM
    prepare_dir
    GUILDHALL_TEST_PG=$(start_postgres)
    export GUILDHALL_TEST_PG
    if [ -n "$bouncer" ]; then
        GUILDHALL_TEST_BOUNCER=$(start_bouncer)
        export GUILDHALL_TEST_BOUNCER
    fi
    code=0
    "$@" || code=$?
    exit $code
    ;;
start)
    [ -n "$dir" ] || { echo "pg.sh start: which folder?" >&2; exit 2; }
    prepare_dir
    start_postgres || { code=$?; stop_all; exit $code; }
    if [ -n "$bouncer" ]; then start_bouncer || { code=$?; stop_all; exit $code; }; fi
    ;;
bouncer)
    [ -n "$dir" ] || { echo "pg.sh bouncer: which folder?" >&2; exit 2; }
    rm -f "$dir/.s.PGSQL.6432" "$dir/bouncer.pid"
    start_bouncer
    ;;
stop)
    [ -n "$dir" ] || { echo "pg.sh stop: which folder?" >&2; exit 2; }
    stop_all
    ;;
*)
    sed -n '3,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
