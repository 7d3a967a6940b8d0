#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A list is read, applied and taken back by processes that are killed wherever they are, and others that go on: what is on the shelf afterwards is what
it is without kills. GUILDHALL_IMPORT_KILLS="PRODUCTS KILLS" for more than the short form: so many kills in each of the three.
"""
import csv
import io
import os
import random
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.join(os.environ.get('BUILD_DIR', 'build'), 'tests/store/market_lister')
PRODUCTS, KILLS = map(int, os.environ.get('GUILDHALL_IMPORT_KILLS', '1200 3').split())


def ask(url, *args):
    done = subprocess.run([PROGRAM, url, *map(str, args)], capture_output=True, text=True, timeout=240)
    if done.returncode:
        sys.exit(f'{args}: {done.stderr[-2000:]}')
    return done.stdout


def shelf(url):
    """The catalogue, without the order in which it was made."""
    return sorted(map(tuple, csv.reader(io.StringIO(ask(url, 'tell')))))


def lists(folder):
    head = 'Handle,Title,Vendor,Type,Tags,Variant SKU,Variant Price,Variant Inventory Qty,Image Src\n'
    paths = [os.path.join(folder, name) for name in ('first.csv', 'second.csv')]
    with open(paths[0], 'w') as first, open(paths[1], 'w') as second:
        first.write(head)
        second.write(head)
        for i in range(PRODUCTS):
            row = f'p-{i},Thing {i},Maker {i % 7},Kind {i % 5},"a, b{i % 3}",S{i},{i % 90}.{i % 100:02},{i % 40},https://shop.example/{i}.jpg\n'
            if i % 2:
                first.write(row)
            second.write(row if i % 3 else row.replace(f'Thing {i}', f'Other {i}').replace('.jpg', '.png'))
    return paths


def driven(url, first, then, kills, rng):
    """first, then the same again and again (then) as long as it is killed; at the end it is let be."""
    command = first
    for _ in range(kills):
        process = subprocess.Popen([PROGRAM, url, *map(str, command)])
        time.sleep(rng.uniform(0, 0.35))  # wherever it is then; it may be done
        process.kill()
        process.wait()
        yield process.returncode != 0
        command = then
    ask(url, *first)
    ask(url, *then)


def taken(folder, name, paths, kills, rng):
    """The shelf before, with the second list, and with it taken back; and how many were killed."""
    url, killed = 'sqlite:' + os.path.join(folder, name), 0
    number = ask(url, 'bring', paths[0]).strip()
    ask(url, 'go', number)
    ask(url, 'turn', number, 'staged', 'applying')
    before, number = shelf(url), ask(url, 'bring', paths[1]).strip()
    states = []
    for first, expected in ((('go', number), 'staged'), (('turn', number, 'staged', 'applying'), 'applied'), (('turn', number, 'applied', 'undoing'), 'undone')):
        killed += sum(driven(url, first, ('go', number), kills, rng))
        if (state := ask(url, 'state', number).strip()) != expected:
            sys.exit(f'{state}, not {expected}')
        states.append(shelf(url))
    if states[0] != before or states[2] != before:
        sys.exit('what was only read, or was taken back, is not as it was')
    return states[1], killed


def main():
    rng = random.Random(15)
    with tempfile.TemporaryDirectory() as folder:
        paths = lists(folder)
        want, _ = taken(folder, 'calm.db', paths, 0, rng)
        got, killed = taken(folder, 'killed.db', paths, KILLS, rng)
        if got != want:
            sys.exit('the shelf is another one')
    print(f'{PRODUCTS} products read, applied and taken back with {killed} kills: the same shelf')


if __name__ == '__main__':
    main()
