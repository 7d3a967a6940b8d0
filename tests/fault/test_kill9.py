#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills a process that writes as fast as it can, 20 times, and looks for each id whose write it had been told of.

tests/store/db_writer is the victim. The same file is used throughout, so each start also recovers what the last kill left.
"""
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

ROUNDS = 20
BUILD = os.environ.get('BUILD_DIR', 'build')
WRITER = os.path.join(BUILD, 'tests/store/db_writer')


def killed_run(url, first, seconds):
    """Starts the writer, kills it some time after its first acknowledgement; the ids it acknowledged."""
    with tempfile.TemporaryFile() as out:
        victim = subprocess.Popen([WRITER, url, str(first)], stdout=out)
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
        text = out.read().decode()
    lines = text.split('\n')
    return [int(line) for line in lines[:-1]]  # a last line without its end was not finished


def main():
    acknowledged = set()
    rng = random.Random(9)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'victim.db')
        for number in range(ROUNDS):
            ids = killed_run('sqlite:' + path, (number + 1) * 100_000_000, rng.uniform(0.02, 0.3))
            acknowledged.update(ids)
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
