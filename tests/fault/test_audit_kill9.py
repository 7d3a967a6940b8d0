#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a process in the middle of writing audit entries, 12 times, on the same chain: it must stay whole, and have each entry
that was acknowledged."""
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

ROUNDS = 12
GUILDHALL = os.environ.get('GUILDHALL') or sys.exit('GUILDHALL must name the binary')
WRITER = os.path.join(os.environ.get('BUILD_DIR', 'build'), 'tests/store/audit_writer')


def killed_run(data, first, seconds):
    with tempfile.TemporaryFile() as out:
        victim = subprocess.Popen([WRITER, f'sqlite:{data}/federation.db', f'{data}/secret', str(first)], stdout=out)
        deadline = time.monotonic() + 60
        while os.fstat(out.fileno()).st_size == 0:
            if victim.poll() is not None or time.monotonic() > deadline:
                victim.kill()
                sys.exit('the writer did not start to write')
            time.sleep(0.005)
        time.sleep(seconds)
        if victim.poll() is not None:
            sys.exit('the writer ended by itself')
        victim.kill()
        victim.wait()
        out.seek(0)
        return out.read().decode().split('\n')[:-1]


def main():
    acknowledged = set()
    rng = random.Random(11)
    with tempfile.TemporaryDirectory() as data:
        subprocess.run([GUILDHALL, 'migrate', '--data', data], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number in range(ROUNDS):
            acknowledged.update(killed_run(data, (number + 1) * 10_000_000, rng.uniform(0.02, 0.4)))
            seen = subprocess.run([GUILDHALL, 'audit', 'verify', '--service', 'federation', '--data', data], capture_output=True, text=True)
            db = sqlite3.connect(f'{data}/federation.db')
            missing = acknowledged - {row[0] for row in db.execute('SELECT object FROM audit_log')}
            db.close()
            if seen.returncode or missing:
                print(f'round {number}: {len(missing)} missing; {seen.stdout}{seen.stderr}')
                return 1
    print(f'{ROUNDS} kills, {len(acknowledged)} acknowledged entries, 0 missing; {seen.stdout.strip()}')
    return 0 if len(acknowledged) > 256 else 1


if __name__ == '__main__':
    sys.exit(main())
