#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A slow store and thousands of clients: the blog on a PostgreSQL that answers 5 ms late, 5 000 clients on a page that no cache
may answer. What the server's memory and throughput are then, and what happens to everybody else.

    bench/slow_store.py [--clients N] [--delay MS] [--seconds N] [--rate N]

Two loads: `waiting`, a rate that the processors can bear (so that what others notice is the slow store, not the lack of
processor), and `flood`, in which every client asks again at once. Other routes are asked at a steady rate before, beside the
same pages with a store that is not slow, and beside the slow ones; answers are timed from when their request was due."""

import argparse
import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import common
from common import CLIENT_CORES, ROOT, cpu_seconds, free_port, guildhall, need, pinned, process, table, wait_for

PROBE_CORES = CLIENT_CORES[:1]  # the measure must not wait for a processor that the load has
LOAD_CORES = CLIENT_CORES[1:] or CLIENT_CORES  # also the store's
UNCACHED = "/tags/?" + "x" * 300  # a query so long is never cached
SLOW_LOAD = ROOT / "build" / "bench" / "slow_load"
SLOW_PROXY = ROOT / "build" / "tests" / "slow_proxy"


@contextlib.contextmanager
def postgres():
    pg = ROOT / "tests" / "lib" / "pg.sh"
    folder = tempfile.mkdtemp(prefix="gh-slow-")
    started = subprocess.run(pinned(LOAD_CORES, [pg, "start", folder]), capture_output=True, text=True)
    if started.returncode:
        sys.exit(f"PostgreSQL does not start: {started.stderr}")
    try:
        yield folder
    finally:
        subprocess.run([pg, "stop", folder], check=False)


@contextlib.contextmanager
def slowed(folder, delay):
    port = free_port()
    command = pinned(LOAD_CORES, [SLOW_PROXY, port, f"unix:{folder}/.s.PGSQL.5432", delay])
    with process(command, stdout=subprocess.PIPE, text=True) as p:
        p.stdout.readline()
        yield f"blog.database=postgresql://postgres@127.0.0.1:{port}/postgres"


def load(cores, url, path, clients, seconds, rate=0):
    address = url.removeprefix("http://")
    command = pinned(cores, [SLOW_LOAD, address, path, clients, seconds, rate])
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(p, what):
    out = p.communicate()[0]
    if p.returncode:
        sys.exit(f"{what}: not all answers were good: {out}")
    return json.loads(out)


def resident_mb(pid, which="VmRSS"):
    return int(re.search(rf"^{which}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1]) / 1024


def probe(url, path, options):
    return result(load(PROBE_CORES, url, path, 16, options.seconds, options.probe_rate), path)


class Load:
    """Runs beside the probes; its own figures are those of one load's length."""

    def __init__(self, url, options, clients, rate, seconds):
        self.p = load(LOAD_CORES, url, UNCACHED, clients, seconds, rate)
        time.sleep(max(1.0, seconds * 0.1))

    def end(self):
        return result(self.p, "load")


def beside(url, server, options, clients, rate, paths):
    seconds = (options.seconds + 0.5) * len(paths) + 2
    busy = Load(url, options, clients, rate, seconds)
    before, start = cpu_seconds(server.pid), time.monotonic()
    probes = {path: probe(url, path, options) for path in paths}
    cpu = (cpu_seconds(server.pid) - before) / (time.monotonic() - start) / len(common.SERVER_CORES)
    memory = resident_mb(server.pid)
    return busy.end() | {"memory": memory, "cpu": cpu}, probes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--delay", type=int, default=5, help="milliseconds by which each answer of the store is late")
    parser.add_argument("--seconds", type=float, default=1, help="of a probe: short, and many, so that most have no pause of the machine in them")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rate", type=float, default=2000, help="pages a second of the load that waits")
    parser.add_argument("--probe-rate", type=float, default=1000)
    options = parser.parse_args()
    need("taskset")
    print(f"A store {options.delay} ms away, {options.clients} clients ({common.machine()})\n")
    subprocess.run(["ninja", "-C", ROOT / "build", "bench/slow_load", "tests/slow_proxy"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as data, postgres() as folder:
        direct = f"blog.database=postgresql:///postgres?host={folder}&user=postgres"
        with guildhall(data, "--set", direct) as (url, _):
            asset = re.search(r'"(/assets/[^"]+\.css)"', wait_for(f"{url}/").decode())[1]
        others = {"cached page": "/", "asset": asset, "page of another service": "/sign-in", "health": "/healthz"}
        paths = list(others.values())
        seen = {name: [] for name in ("alone", "fast", "waiting", "flood")}
        with contextlib.ExitStack() as stack:
            fast_url, fast = stack.enter_context(guildhall(data, "--set", direct))
            slow_url, slow = stack.enter_context(guildhall(data, "--set", stack.enter_context(slowed(folder, options.delay))))
            for url in (slow_url, fast_url):
                for path in [UNCACHED, *paths]:
                    wait_for(f"{url}{path}")
            idle = resident_mb(slow.pid)
            for _ in range(options.rounds):
                seen["alone"].append(({}, {path: probe(slow_url, path, options) for path in paths}))
                seen["fast"].append(beside(fast_url, fast, options, 64, options.rate, paths))
                seen["waiting"].append(beside(slow_url, slow, options, options.clients, options.rate, paths))
                seen["flood"].append(beside(slow_url, slow, options, options.clients, 0, paths))
            peak = resident_mb(slow.pid, "VmHWM")
    median = lambda name, key: statistics.median(run[0][key] for run in seen[name])
    rows = [[title, f"{median(name, 'rate'):.0f}/s", f"{median(name, 'under_way'):.0f}", f"{median(name, 'p50') / 1000:.1f} ms",
             f"{median(name, 'p99') / 1000:.1f} ms", f"{median(name, 'cpu') * 100:.0f} %", f"{median(name, 'memory'):.0f} MB"]
            for title, name in {f"fast store, 64 clients, {options.rate:.0f}/s": "fast",
                                f"slow store, {options.clients} clients, {options.rate:.0f}/s": "waiting",
                                f"slow store, {options.clients} clients, each again at once": "flood"}.items()]
    table(["uncached page", "answers", "under way", "p50", "p99", "processor", "memory"], rows)
    print(f"\nmemory: {idle:.0f} MB idle, {peak:.0f} MB at the most\n")
    p99 = lambda name, path: statistics.median(run[1][path]["p99"] for run in seen[name])
    table(["p99 of other routes", "alone", "beside the fast store", "beside the slow one", "in the flood"],
          [[title] + [f"{p99(name, path) / 1000:.2f} ms" for name in seen] for title, path in others.items()])


if __name__ == "__main__":
    main()
