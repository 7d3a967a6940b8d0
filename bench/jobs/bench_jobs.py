#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The job queue on SQLite and PostgreSQL beside graphile-worker on the same PostgreSQL, all durable, in turn.

    bench/jobs/bench_jobs.py [--jobs N] [--rounds N]       (needs npm once, for the peer)
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
from common import machine, need, table  # noqa: E402


def sh(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **options).stdout


def with_postgres(rounds, jobs):
    """Each contender gets a database of its own on one private PostgreSQL with fsync on."""
    program = f"""
set -e
for i in $(seq {rounds}); do
	for who in ours peer; do
		psql -qX "$GUILDHALL_TEST_PG" -c "create database ${{who}}_$i" >&2
		url=$(printf '%s' "$GUILDHALL_TEST_PG" | python3 -c "import sys,re; print(re.sub(r'(postgresql://[^/]*)/[^?]*', r'\\1/${{who}}_$i', sys.stdin.read()))")
		if [ $who = ours ]; then echo "ours $({ROOT}/build/bench/jobs/bench_jobs "$url" {jobs})"
		else echo "peer $(node {HERE}/peer.mjs "$url" {jobs})"; fi
	done
done
"""
    out = sh(ROOT / "tests/lib/pg.sh", "run", "--durable", "--", "bash", "-c", program)
    return [line.split(" ", 1) for line in out.splitlines() if line.startswith(("ours", "peer"))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    need("npm", "node", "psql")
    if not (HERE / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--silent"], cwd=HERE, check=True)
    sh("ninja", "-C", ROOT / "build", "bench/jobs/bench_jobs")
    seen = {"ours": [], "peer": [], "sqlite": []}
    for who, text in with_postgres(options.rounds, options.jobs):
        seen[who].append(json.loads(text))
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            seen["sqlite"].append(json.loads(sh(ROOT / "build/bench/jobs/bench_jobs", f"sqlite:{folder}/jobs.db", options.jobs)))

    def median(who, key):
        values = [run[key] for run in seen[who] if key in run]
        return statistics.median(values) if values else None

    print(f"Jobs, durable ({machine()}; {options.jobs} jobs, median of {options.rounds})\n")
    rows = []
    for key, what in {"enqueue_bulk": "enqueued in bulk", "enqueue_each": "enqueued one by one, many fibers", "processed": "processed"}.items():
        peer = median("peer", key)
        for who, name in {"sqlite": "SQLite", "ours": "PostgreSQL"}.items():
            own = median(who, key)
            rows.append([f"{what}, {name}", f"{own:,.0f}/s", f"{peer:,.0f}/s" if peer else "–", f"{own / peer:.2f} ×" if peer else "–"])
    table(["measure", "Guildhall", "graphile-worker on PostgreSQL, tuned", "ratio"], rows)


if __name__ == "__main__":
    main()
