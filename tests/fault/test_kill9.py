#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a process that writes as fast as it can, 20 times, and looks for each id whose write it had been told of.

tests/store/db_writer is the victim. The same file is used throughout, so each start also recovers what the last kill left.
"""
import os
import random
import sqlite3
import sys
import tempfile

from victim import killed_run

ROUNDS = 20


def main():
    acknowledged = set()
    rng = random.Random(9)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'victim.db')
        for number in range(ROUNDS):
            ids = killed_run('db_writer', 'sqlite:' + path, str((number + 1) * 100_000_000), after=rng.uniform(0.02, 0.3))
            acknowledged.update(map(int, ids))
            db = sqlite3.connect(path)
            present = {row[0] for row in db.execute('SELECT id FROM things')}
            names = db.execute("SELECT count(*) FROM things WHERE name <> 'thing ' || id").fetchone()[0]
            check = db.execute('PRAGMA integrity_check').fetchone()[0]
            db.close()
            missing = acknowledged - present
            if missing or names or check != 'ok':
                print(f'round {number}: {len(missing)} missing, {names} torn, integrity: {check}')
                return 1
    print(f'{ROUNDS} kills, {len(acknowledged)} acknowledged writes, 0 missing')
    return 0 if len(acknowledged) > ROUNDS * 20 else 1


if __name__ == '__main__':
    sys.exit(main())
