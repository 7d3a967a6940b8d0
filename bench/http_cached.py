#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cached page beside nginx serving the same bytes from a file.

    bench/http_cached.py [--build build] [--rounds 5] [--seconds 5] [--connections 64] [--ports 22150,22151]

Both servers have the same two cores and two loops or workers; the load generators have the others. Rounds alternate
between the two, so that whatever else the machine does falls on both; medians are compared. Builds bench_http if needed.
"""
import argparse
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PAGE = 12000

NGINX = """
worker_processes 2;
worker_cpu_affinity {affinity};
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log crit;
events {{ worker_connections 4096; multi_accept on; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  default_type text/html;
  sendfile on; tcp_nopush {nopush}; tcp_nodelay on;
  open_file_cache max=100 inactive=60s; open_file_cache_valid 60s;
  keepalive_requests 100000000; keepalive_timeout 75s;
  server {{ listen 127.0.0.1:{port}{listen}; {tls} root {dir}/www; index index.html; }}
}}
"""


def cores():
    """(server cores, client cores): half each."""
    have = sorted(os.sched_getaffinity(0))
    half = min(2, max(1, len(have) // 2))
    return have[:half], have[half:2 * half] or have[:half]


def wait_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def mask(cpus):
    return ",".join(map(str, cpus))


def start_nginx(folder, port, cpus, tls):
    os.makedirs(f"{folder}/www", exist_ok=True)
    bits = " ".join(format(1 << c, "b") for c in cpus)
    conf = NGINX.format(dir=folder, port=port, affinity=bits, nopush="off", listen=" ssl http2" if tls else "",
                        tls=f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;" if tls else "")
    path = f"{folder}/nginx-{port}.conf"
    with open(path, "w") as f:
        f.write(conf.replace("nginx.pid", f"nginx-{port}.pid"))
    p = subprocess.Popen(["taskset", "-c", mask(cpus), "nginx", "-p", folder, "-c", path], stderr=subprocess.DEVNULL)
    wait_port(port)
    return p


def start_ours(binary, folder, port, cpus, tls):
    extra = [f"{folder}/cert.pem", f"{folder}/key.pem"] if tls else []
    p = subprocess.Popen(["taskset", "-c", mask(cpus), binary, f"127.0.0.1:{port}", str(len(cpus)),
                          f"{folder}/www/index.html", *extra], stdout=subprocess.DEVNULL)
    wait_port(port)
    return p


def wrk(url, args, cpus):
    out = subprocess.run(["taskset", "-c", mask(cpus), "wrk", "-t", str(len(cpus)), "-c", str(args.connections), "-d",
                          f"{args.seconds}s", "--latency", url], capture_output=True, text=True, check=True).stdout
    errors = re.search(r"Socket errors: (.*)|Non-2xx.*", out)
    if errors:
        print("  !", errors.group(0))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    us = float(p99.group(1)) * {"us": 1, "ms": 1000, "s": 1e6}[p99.group(2)] if p99 else 0
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), us


def h2load(url, args, cpus):
    out = subprocess.run(["taskset", "-c", mask(cpus), "h2load", "-t", str(len(cpus)), "-c", str(args.connections), "-m", "10",
                          "--npn-list", "h2", "-D", str(args.seconds), url], capture_output=True, text=True, check=True).stdout
    failed = re.search(r"(\d+) failed", out)
    if failed and int(failed.group(1)):
        print("  !", failed.group(0))
    return float(re.search(r"finished in .*?, ([\d.]+) req/s", out).group(1)), 0


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / os.sysconf("SC_CLK_TCK")


def tree(pid):
    kids = open(f"/proc/{pid}/task/{pid}/children").read().split()
    return [pid, *map(int, kids)]


def compare(name, load, servers, args, cpus):
    rates = {k: [] for k in servers}
    p99s = {k: [] for k in servers}
    cost = {k: [] for k in servers}
    for r in range(args.rounds):
        order = list(servers.items())
        for who, (url, pid) in order if r % 2 == 0 else order[::-1]:
            before = cpu_seconds(tree(pid))
            rate, p99 = load(url, args, cpus)
            rates[who].append(rate)
            p99s[who].append(p99)
            cost[who].append((cpu_seconds(tree(pid)) - before) / (rate * args.seconds) * 1e6)
    base = statistics.median(rates["nginx"])
    for who in servers:
        m = statistics.median(rates[who])
        print(f"{name:26} {who:10} {m:10.0f}/s  min {min(rates[who]):9.0f}  max {max(rates[who]):9.0f}  "
              f"p99 {statistics.median(p99s[who]):7.0f} us  cpu {statistics.median(cost[who]):5.1f} us/req  {m / base:5.2f} x nginx",
              flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default="build")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--seconds", type=int, default=5)
    ap.add_argument("--connections", type=int, default=64)
    ap.add_argument("--ports", default="22150,22151,22152,22153")
    ap.add_argument("--only", choices=["h1", "h2"], help="one protocol")
    args = ap.parse_args()
    for tool in ("nginx", "wrk", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    subprocess.run(["ninja", "-C", args.build, "bench/bench_http"], check=True, stdout=subprocess.DEVNULL)
    binary = f"{args.build}/bench/bench_http"
    ports = list(map(int, args.ports.split(",")))
    ours, theirs = cores()
    procs = []
    folder = tempfile.mkdtemp(prefix="bench-http-")
    os.chmod(folder, 0o755)
    try:
        os.makedirs(f"{folder}/www")
        with open(f"{folder}/www/index.html", "w") as f:
            f.write(("<p>All work and no play makes a dull page.</p>\n" * 300)[:PAGE])
        print(f"{PAGE} bytes, {args.connections} connections, {args.rounds} x {args.seconds} s, servers on cores {mask(ours)}, "
              f"load on {mask(theirs)}")
        procs.append(start_nginx(folder, ports[0], ours, False))
        procs.append(start_ours(binary, folder, ports[1], ours, False))
        plain = {"nginx": (f"http://127.0.0.1:{ports[0]}/", procs[0].pid),
                 "guildhall": (f"http://127.0.0.1:{ports[1]}/", procs[1].pid),
                 "  in a fiber": (f"http://127.0.0.1:{ports[1]}/fiber", procs[1].pid)}
        if args.only != "h2":
            compare("HTTP/1.1", wrk, plain, args, theirs)
        if args.only != "h1" and shutil.which("h2load") and shutil.which("openssl"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                            f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-days", "30", "-subj", "/CN=localhost"],
                           check=True, capture_output=True)
            procs.append(start_nginx(folder, ports[2], ours, True))
            procs.append(start_ours(binary, folder, ports[3], ours, True))
            tls = {"nginx": (f"https://127.0.0.1:{ports[2]}/", procs[2].pid),
                   "guildhall": (f"https://127.0.0.1:{ports[3]}/", procs[3].pid)}
            compare("HTTP/1.1 over TLS", wrk, tls, args, theirs)
            compare("HTTP/2 over TLS, 10 streams", h2load, tls, args, theirs)
    finally:
        for p in procs:
            p.send_signal(signal.SIGTERM)
        for p in procs:
            p.wait(10)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
