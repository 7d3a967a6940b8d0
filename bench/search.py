#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One search over many documents: how long /search/ takes, for words that are in few, in many and in nearly all of them.

    bench/search.py [--documents 100000] [--rounds 200]

Texts of a hundred and twenty words, drawn as words are in a language (the n-th most common one in n); imported as an export of Ghost's is.
"""
import argparse
import itertools
import json
import random
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from common import BINARY, guildhall, table


def export(file, count):
    draw = random.Random(7)
    words = [f"w{n:x}" for n in range(30000)]
    weights = list(itertools.accumulate(1 / (n + 1) for n in range(len(words))))
    posts = []
    for n in range(count):
        text = " ".join(draw.choices(words, cum_weights=weights, k=120))
        posts.append({"id": f"{n + 1:024x}", "uuid": f"00000000-0000-4000-8000-{n:012d}", "title": " ".join(draw.choices(words, cum_weights=weights, k=6)), "slug": f"p-{n}",
                      "html": f"<p>{text}</p>", "type": "post", "status": "published", "visibility": "public", "created_at": "2026-01-01 09:00:00",
                      "updated_at": "2026-01-01 09:00:00", "published_at": f"2026-01-{n % 28 + 1:02d} 09:00:{n % 60:02d}"})
    file.write_text(json.dumps({"db": [{"meta": {"exported_on": 1, "version": "6.65.0"}, "data": {"posts": posts}}]}))


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--documents", type=int, default=100000)
    a.add_argument("--rounds", type=int, default=200)
    o = a.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, file = Path(folder) / "data", Path(folder) / "export.json"
        export(file, o.documents)
        began = time.monotonic()
        subprocess.run([BINARY, "import", "ghost", str(file), "--data", str(data)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(f"{o.documents} documents imported in {time.monotonic() - began:.0f} s", flush=True)
        rows = []
        with guildhall(data, "--set", "cache.pages=no", demo=False) as (url, _):
            for name, q in (("in a few", "w6fff"), ("in some hundreds", "w400"), ("in thousands", "w40"), ("in nearly all", "w0"), ("two words", "w40+w41"), ("in none", "nothing")):
                took = []
                for _ in range(o.rounds):
                    began = time.monotonic()
                    urllib.request.urlopen(f"{url}/search/?q={q}", timeout=60).read()
                    took.append((time.monotonic() - began) * 1000)
                took.sort()
                rows.append([name, f"{statistics.median(took):.2f} ms", f"{took[int(len(took) * 0.99)]:.2f} ms"])
        table(["the word is", "median", "p99"], rows)


if __name__ == "__main__":
    main()
