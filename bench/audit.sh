#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench/audit.sh [SECONDS]: audit entries beside plain inserts, on SQLite and a private PostgreSQL with fsync on.
set -eu
cd "$(dirname "$0")/.."
ninja -C build bench/audit_writes >/dev/null
folder=$(mktemp -d "${GUILDHALL_BENCH_DIR:-/var/tmp}/gh-bench-XXXXXX")
trap 'rm -rf "$folder"' EXIT
tests/lib/pg.sh run --durable -- build/bench/audit_writes "$folder" "${1:-3}"
