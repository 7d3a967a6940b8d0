#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many buyers want the same few things, in two processes, each of which is killed in the middle and started again: as many are sold as there were.

A buyer who was killed between holding and buying comes again with the same checkout, and gets what was held. What was acknowledged stays sold.
GUILDHALL_RACE="BUYERS RUNS" for more than the short form: "1000 20" is the market's acceptance.
"""
import os
import random
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.join(os.environ.get('BUILD_DIR', 'build'), 'tests/store/market_buyer')
ITEMS = EACH = 10
BUYERS, RUNS = map(int, os.environ.get('GUILDHALL_RACE', '300 2').split())


def buying(url, first, count, out):
    return subprocess.Popen([PROGRAM, url, 'buy', str(first), str(count)], stdout=out)


def race(url, rng):
    subprocess.run([PROGRAM, url, 'stock', str(ITEMS), str(EACH)], check=True, timeout=120)
    half = BUYERS // 2
    sold, kills = set(), 0
    with tempfile.TemporaryFile() as a, tempfile.TemporaryFile() as b:
        runs = [(0, a), (half, b)]
        started = [buying(url, first, half, out) for first, out in runs]
        for victim in range(2):
            time.sleep(rng.uniform(0, 0.4))  # wherever it is then; it may be done
            kills += started[victim].poll() is None
            started[victim].kill()
            started[victim].wait()
            started[victim] = buying(url, *runs[victim][:1], half, runs[victim][1])
        if [p.wait(timeout=300) for p in started] != [0, 0]:
            sys.exit('a process of buyers failed')
        for out in (a, b):
            out.seek(0)
            sold |= {int(line) for line in out.read().decode().split('\n')[:-1]}
    state = subprocess.run([PROGRAM, url, 'check'], check=True, capture_output=True, text=True, timeout=120).stdout.split('\n')[:-1]
    by_item = [sum(n % ITEMS == i for n in sold) for i in range(ITEMS)]
    if state != [f'0 0 {EACH}'] * ITEMS + ['wrong 0'] or by_item != [EACH] * ITEMS:
        sys.exit(f'sold {by_item}, and the shelf has: {state}')
    return kills


def main():
    rng, kills = random.Random(13), 0
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            kills += race('sqlite:' + os.path.join(folder, 'market.db'), rng)
    print(f'{RUNS} runs of {BUYERS} buyers with {kills} kills: {EACH} of each of {ITEMS} things sold')


if __name__ == '__main__':
    main()
