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

from victim import killed_run

ROUNDS = 12
GUILDHALL = os.environ.get('GUILDHALL') or sys.exit('GUILDHALL must name the binary')


def main():
    acknowledged = set()
    rng = random.Random(11)
    with tempfile.TemporaryDirectory() as data:
        subprocess.run([GUILDHALL, 'migrate', '--data', data], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for number in range(ROUNDS):
            acknowledged.update(killed_run('audit_writer', f'sqlite:{data}/identity.db', f'{data}/secret', str((number + 1) * 10_000_000),
                                           after=rng.uniform(0.02, 0.4)))
            seen = subprocess.run([GUILDHALL, 'audit', 'verify', '--service', 'identity', '--data', data], capture_output=True, text=True)
            db = sqlite3.connect(f'{data}/identity.db')
            missing = acknowledged - {row[0] for row in db.execute('SELECT object FROM audit_log')}
            db.close()
            if seen.returncode or missing:
                print(f'round {number}: {len(missing)} missing; {seen.stdout}{seen.stderr}')
                return 1
    print(f'{ROUNDS} kills, {len(acknowledged)} acknowledged entries, 0 missing; {seen.stdout.strip()}')
    return 0 if len(acknowledged) > 256 else 1


if __name__ == '__main__':
    sys.exit(main())
