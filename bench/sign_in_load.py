#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""200 password sign-ins a second attempted: what becomes of them, and of everybody else's p99.

    bench/sign_in_load.py [--rate 200] [--rounds 5] [--seconds 6]

A paced client (open loop: it does not wait for answers before it asks again) tries wrong passwords for accounts that exist, each
costing a whole argon2id. Beside it 2 000 requests a second for another route, paced as well. Alone and loaded in turn; the medians of
the rounds are compared.
"""
import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

from common import BINARY, CLIENT_CORES, ROOT, guildhall, machine, pinned, table

PEOPLE = 20
RATE = 2000
SLOW_LOAD = BINARY.parent / "bench" / "slow_load"


def token(base):
    with urllib.request.urlopen(f"{base}/sign-in") as answer:
        cookie = answer.headers["set-cookie"].split(";")[0]
        return re.search(r'name="csrf" value="([^"]+)"', answer.read().decode())[1], cookie


class Load:
    """In a thread of its own asyncio loop: rate attempts a second until stopped."""

    def __init__(self, base, rate):
        self.base, self.rate, self.seen, self.late = base, rate, Counter(), []
        self.host, self.port = urllib.parse.urlsplit(base).hostname, urllib.parse.urlsplit(base).port

    def request(self, csrf, cookie, n):
        body = urllib.parse.urlencode({"csrf": csrf, "email": f"p{n % PEOPLE}@example.org", "password": "not the right one", "next": "/"})
        return (f"POST /sign-in HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}").encode()

    async def one(self, data):
        start = time.monotonic()
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(self.host, self.port), 20)
            writer.write(data)
            answer = await asyncio.wait_for(reader.read(64), 20)
            self.seen[answer.split(b" ", 2)[1].decode() if answer else "closed"] += 1
            self.late.append(time.monotonic() - start)
            writer.close()
        except (OSError, asyncio.TimeoutError):
            self.seen["none"] += 1

    async def run(self, seconds):
        csrf, cookie = await asyncio.to_thread(token, self.base)
        loop, tasks, begin = asyncio.get_running_loop(), set(), time.monotonic()
        for n in range(int(self.rate * seconds)):
            await asyncio.sleep(max(0, begin + n / self.rate - time.monotonic()))
            task = loop.create_task(self.one(self.request(csrf, cookie, n)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)


def p99(url, seconds):
    at = urllib.parse.urlsplit(url)
    command = [SLOW_LOAD, at.netloc, url.partition(at.netloc)[2], 16, seconds, RATE]
    out = subprocess.run(pinned(CLIENT_CORES[:1], command), capture_output=True, text=True, check=True).stdout
    return json.loads(out)["p99"] / 1000


async def loaded(base, rate, url, seconds):
    load = Load(base, rate)
    attempts = asyncio.create_task(load.run(seconds + 2))
    await asyncio.sleep(1)
    took = await asyncio.to_thread(p99, url, seconds)
    await attempts
    return took, load


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rate", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=6)
    o = options.parse_args()
    subprocess.run(["ninja", "-C", ROOT / "build", "bench/slow_load"], check=True, stdout=subprocess.DEVNULL)
    os.sched_setaffinity(0, CLIENT_CORES[1:] or CLIENT_CORES)
    print(machine())
    with tempfile.TemporaryDirectory() as tmp:
        data = Path(tmp) / "data"
        for n in range(PEOPLE):
            subprocess.run([BINARY, "user", "add", f"p{n}@example.org", "--data", data], input=b"the right one\n", check=True, capture_output=True)
        with guildhall(data) as (base, _):
            rows, answers, times = [], Counter(), []
            for name, path in {"a cached page": "/", "a search (not cached)": "/search/?q=bread", "the sign-in form (not cached)": "/sign-in", "health": "/healthz"}.items():
                alone, beside = [], []
                for _ in range(o.rounds):
                    alone.append(p99(base + path, o.seconds))
                    took, load = asyncio.run(loaded(base, o.rate, base + path, o.seconds))
                    beside.append(took)
                    answers += load.seen
                    times += load.late
                a, b = statistics.median(alone), statistics.median(beside)
                rows.append([name, f"{a:.2f} ms", f"{b:.2f} ms", f"{100 * (b / a - 1):+.0f} %"])
            table(["p99 of", "alone", f"beside {o.rate} sign-ins/s", ""], rows)
            total = sum(answers.values())
            print(", ".join(f"{k}: {100 * v / total:.0f} %" for k, v in answers.most_common()), f"; median answer {statistics.median(times) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
