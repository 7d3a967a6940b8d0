#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The site itself: a cached page beside nginx serving the same bytes from a file, an uncached one beside nginx's fixed answer,
start-up time and memory. With --ghost URL, a running Ghost with the same content beside it.

    bench/bench_site.py [--rounds N] [--seconds N] [--ghost URL --ghost-pid PID] [--post SLUG] [--page SLUG]
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import common
from common import CORES, SERVER_CORES, cpu_seconds, guildhall, need, nginx, rounds, rss_mb, share, table, wait_for, wrk

NO_CACHE = ["--set", "cache.pages=no", "--set", "cache.fragments=no", "--set", "cache.contracts=no"]


def ratio(a, b):
    return f"{a / b:.2f} ×"


def cpu_cost(names, pids, options, headers=()):
    """Processor time of a request in µs: what else runs on the machine, and the generator, move it less than the rate."""
    cost = {}
    for name, address in names.items():
        before = cpu_seconds(pids[name])
        rate, _ = wrk(address, options.seconds, headers=headers)
        cost[name] = (cpu_seconds(pids[name]) - before) / (rate * options.seconds) * 1e6
    return cost


def cached_beside_nginx(data, post, options, coding="identity"):
    """coding: what the client says it accepts; nginx has the very bytes that we answer then in a file. The servers have one
    core, so that the load is never the slower one."""
    accept = {"Accept-Encoding": coding}
    share(1)
    with guildhall(data) as (url, p):
        wait_for(f"{url}/"), wait_for(f"{url}/{post}/")  # made once, kept from then on
        pages = {"home": wait_for(f"{url}/", headers=accept), "post": wait_for(f"{url}/{post}/", headers=accept)}
        with nginx({f"{name}.html": body for name, body in pages.items()}) as (peer, nginx_process):
            names = {"nginx home": f"{peer}/home.html", "ours home": f"{url}/", "nginx post": f"{peer}/post.html", "ours post": f"{url}/{post}/"}
            sent = [f"Accept-Encoding: {coding}"]
            got = rounds(names, options.rounds, options.seconds, headers=sent)
            cost = cpu_cost(names, {name: nginx_process.pid if name.startswith("nginx") else p.pid for name in names}, options, sent)
    share(len(CORES) // 2)
    rows = []
    for name, body in pages.items():
        ours, theirs = f"ours {name}", f"nginx {name}"
        rows.append([f"cached {name}, {coding}, {len(body) / 1024:.0f} KiB", f"{got[ours][0]:.0f}/s, {cost[ours]:.1f} µs CPU",
                     f"{got[theirs][0]:.0f}/s, {cost[theirs]:.1f} µs CPU nginx, same bytes from a file",
                     f"{ratio(got[ours][0], got[theirs][0])}, by CPU {ratio(cost[theirs], cost[ours])}"])
    return rows


def uncached_beside_nginx(data, post, options):
    """In requests per second, and in processor time per request: what else runs on the machine moves the latter less."""
    rows = []
    with guildhall(data, *NO_CACHE) as (url, p), nginx({}) as (peer, nginx_process):
        names = {"nginx": f"{peer}/fixed", "home": f"{url}/", "post": f"{url}/{post}/", "page": f"{url}/{options.page}/"}
        sizes = {name: len(wait_for(address)) / 1024 for name, address in names.items()}
        got = rounds(names, options.rounds, options.seconds)
        cost = cpu_cost(names, {name: nginx_process.pid if name == "nginx" else p.pid for name in names}, options)
        for name in ("home", "post", "page"):
            rows.append([f"uncached {name}, every cache off, {sizes[name]:.0f} KiB", f"{got[name][0]:.0f}/s, {cost[name]:.0f} µs CPU",
                         f"{got['nginx'][0]:.0f}/s, {cost['nginx']:.1f} µs CPU nginx, fixed answer",
                         f"{ratio(got[name][0], got['nginx'][0])}, by CPU {ratio(cost['nginx'], cost[name])}"])
        loaded = rss_mb(p.pid)
    return rows, got, loaded


def start_and_idle(data):
    times = []
    for _ in range(7):
        port = common.free_port()
        command = common.pinned(SERVER_CORES, [common.BINARY, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", "--demo"])
        begin = time.monotonic()
        p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = p.stdout.readline().split()
        times.append(((time.monotonic() - begin) * 1000, float(line[2])))
        wait_for(f"http://127.0.0.1:{port}/")
        time.sleep(0.5)
        idle = rss_mb(p.pid)
        p.terminate()
        p.wait(30)
    return statistics.median(t[0] for t in times), statistics.median(t[1] for t in times), idle


def cached_alone(data, options):
    """On all the cores that servers have, as Ghost is asked."""
    with guildhall(data) as (url, _):
        names = {"home": f"{url}/", "post": f"{url}/{options.post}/"}
        for address in names.values():
            wait_for(address)
        return rounds(names, 3, options.seconds)


def beside_ghost(options, ours_cached, ours_uncached, ours_idle, ours_loaded):
    ghost = options.ghost.rstrip("/")
    rows = []
    for name, path in {"home": "/", "post": f"/{options.post}/"}.items():
        rate = statistics.median(wrk(ghost + path, options.seconds, 16)[0] for _ in range(3))
        rows.append([f"{name}, uncached", f"{ours_uncached[name][0]:.0f}/s", f"{rate:.1f}/s Ghost", f"{ours_uncached[name][0] / rate:.0f} ×"])
        rows.append([f"{name}, cached", f"{ours_cached[name][0]:.0f}/s", f"{rate:.1f}/s Ghost", f"{ours_cached[name][0] / rate:.0f} ×"])
    if options.ghost_pid:
        loaded = rss_mb(options.ghost_pid)
        rows.append(["memory under load", f"{ours_loaded:.0f} MB", f"{loaded:.0f} MB Ghost", f"1/{loaded / ours_loaded:.1f}"])
        rows.append(["memory idle", f"{ours_idle:.0f} MB", f"{options.ghost_idle:.0f} MB Ghost", f"1/{options.ghost_idle / ours_idle:.1f}"])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--post", default="the-first-year-of-the-screw")
    parser.add_argument("--page", default="about", help="a page that is no post: text, menus, and no list of posts")
    parser.add_argument("--ghost", help="base URL of a running Ghost that holds the demo's export")
    parser.add_argument("--ghost-pid", type=int, help="its process, for its memory")
    parser.add_argument("--ghost-idle", type=float, default=0, help="its idle memory in MB, measured before any load")
    options = parser.parse_args()
    need("wrk", "nginx", "taskset")
    print(f"Site ({common.machine()})\n")
    with tempfile.TemporaryDirectory() as data:
        cached_rows = cached_beside_nginx(data, options.post, options, "br") + cached_beside_nginx(data, options.post, options)
        cached = cached_alone(data, options) if options.ghost else None
        uncached_rows, uncached, loaded = uncached_beside_nginx(data, options.post, options)
        outside, inside, idle = start_and_idle(data)
    table(["measure", "Guildhall", "peer", "ratio"], cached_rows + uncached_rows + [
        ["start to ready (median of 7)", f"{outside:.0f} ms from exec, {inside:.0f} ms by its own clock", "", ""],
        ["memory, idle with the demo", f"{idle:.1f} MB", "", ""],
        ["memory, under load, uncached", f"{loaded:.1f} MB", "", ""]])
    if options.ghost:
        print()
        table(["beside Ghost", "Guildhall", "Ghost", "ratio"], beside_ghost(options, cached, uncached, idle, loaded))


if __name__ == "__main__":
    main()
