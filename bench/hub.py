#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The hub with thousands of listeners: how late messages are, what is lost, how long a process with open streams takes to end.

    bench/hub.py [--clients 5000] [--per-second 100] [--seconds 5] [--rounds 3]

All listeners on one topic, then spread over fifty; then two processes over one Redis, half of the clients at each, the messages published in one of them.
"""
import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import time

from common import CLIENT_CORES, ROOT, SERVER_CORES, cpu_seconds, free_port, pinned, table

BINARY = ROOT / "build/bench/bench_hub"


def serve(topics, rate, redis=None):
    port = free_port()
    p = subprocess.Popen(pinned(SERVER_CORES, [BINARY, "serve", f"127.0.0.1:{port}", str(len(SERVER_CORES)), str(topics), str(rate)] + ([redis] if redis else [])),
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    return p, port


def listen(port, clients, topics, seconds):
    return subprocess.Popen(pinned(CLIENT_CORES, [BINARY, "load", f"127.0.0.1:{port}", str(clients), str(topics), str(seconds)]), stdout=subprocess.PIPE, text=True)


def stop_with_streams(servers):
    """SIGTERM while all listen; ms until the last has ended."""
    began = time.monotonic()
    for p in servers:
        p.send_signal(signal.SIGTERM)
    for p in servers:
        assert p.wait(30) == 0
    return (time.monotonic() - began) * 1000


def measure(o, topics, rate, processes, redis=None):
    servers = [serve(topics, rate if i == 0 else 0, redis) for i in range(processes)]
    loads = [listen(port, o.clients // processes, topics, o.seconds) for _, port in servers]
    before = sum(cpu_seconds(p.pid) for p, _ in servers)
    seen = [json.loads(p.communicate()[0]) for p in loads]
    used = sum(cpu_seconds(p.pid) for p, _ in servers) - before
    extra = [listen(port, o.clients // processes, topics, 60) for _, port in servers]
    time.sleep(2)
    ended = stop_with_streams([p for p, _ in servers])
    for p in extra:
        p.kill()
        p.wait()
    return {"delivered": sum(s["delivered"] for s in seen) / o.seconds, "missed": sum(s["missed"] for s in seen), "gaps": sum(s["gaps"] for s in seen),
            "closed": sum(s["closed"] for s in seen), "p50": max(s["p50_ms"] for s in seen), "p99": max(s["p99_ms"] for s in seen), "cpu": used, "end": ended}


def main():
    a = argparse.ArgumentParser()
    for name, value in (("clients", 5000), ("per-second", 100), ("seconds", 5), ("rounds", 3)):
        a.add_argument("--" + name, type=int, default=value)
    o = a.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
    redis_dir = f"/tmp/bench-hub-{os.getpid()}"
    redis = subprocess.run([ROOT / "tests/lib/redis.sh", "start", redis_dir], capture_output=True, text=True, check=True).stdout.strip()
    rows = []
    try:
        for name, topics, rate, processes in (("one topic, 1 message/s to all", 1, 1, 1), ("fifty topics", 50, o.per_second, 1), ("fifty topics, two processes", 50, o.per_second, 2),
                                              ("one topic, all to all", 1, o.per_second, 1)):
            got = [measure(o, topics, rate, processes, redis if processes > 1 else None) for _ in range(o.rounds)]
            m = {k: statistics.median(g[k] for g in got) for k in got[0]}
            rows.append([name, f"{m['delivered']:.0f}/s", f"p50 {m['p50']:.2f}, p99 {m['p99']:.2f} ms", f"missed {m['missed']:.0f}, gaps told {m['gaps']:.0f}, closed {m['closed']:.0f}",
                         f"{m['cpu']:.1f} s of processor", f"ended in {m['end']:.0f} ms"])
            print(rows[-1], flush=True)
    finally:
        subprocess.run([ROOT / "tests/lib/redis.sh", "stop", redis_dir], check=False)
    table(["what", "delivered", "late by", "lost", "server", "SIGTERM with all listening"], rows)


if __name__ == "__main__":
    main()
