# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: who runs on which cores, servers that are started and stopped, load, ratios.

Machines are shared and noisy, so nothing is reported from one run: contenders take turns, the median of the rounds counts, and
the figure to quote is the ratio."""

import contextlib
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
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = ROOT / "build" / "guildhall"
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = CORES[: max(1, len(CORES) // 2)]
CLIENT_CORES = CORES[len(CORES) // 2:] or CORES


def share(servers):
    """The contenders get this many cores, the load the others. A generator that is busier than the server measures itself."""
    servers = max(1, min(servers, len(CORES) - 1))
    SERVER_CORES[:], CLIENT_CORES[:] = CORES[:servers], CORES[servers:] or CORES


def need(*commands):
    missing = [c for c in commands if not shutil.which(c)]
    if missing:
        sys.exit(f"{sys.argv[0]} needs {', '.join(missing)} (Debian packages of the same names; h2load is in nghttp2-client)")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def pinned(cores, command):
    return ["taskset", "-c", ",".join(map(str, cores))] + [str(c) for c in command]


def wait_for(url, limit=30.0, headers=None):
    request = urllib.request.Request(url, headers=headers or {})
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                return answer.read()
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


@contextlib.contextmanager
def process(command, **options):
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    p = subprocess.Popen([str(c) for c in command], **options)
    try:
        yield p
    finally:
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(30)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def children(pid):
    out = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            out += children(int(child))
    return out


def rss_mb(pid):
    """Resident memory of a process and its children: proportional shares, so that forked workers are not counted twice."""
    total = 0
    for p in children(pid):
        with contextlib.suppress(OSError):
            total += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{p}/smaps_rollup").read_text(), re.M)[1])
    return total / 1024


def cpu_seconds(pid):
    ticks = 0
    for p in children(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{p}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wrk(url, seconds=5, connections=64, headers=()):
    """Requests per second, and the p99 in milliseconds; a run with errors does not count."""
    command = ["wrk", "-t", str(len(CLIENT_CORES)), "-c", str(connections), "-d", f"{seconds}s", "--latency",
               "-H", "Accept-Language: en"]  # as every browser says one
    for h in headers:
        command += ["-H", h]
    out = subprocess.run(pinned(CLIENT_CORES, command + [url]), capture_output=True, text=True, check=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)", out)
    if bad:
        raise SystemExit(f"wrk {url}: {bad[0]}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return rate, float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]]


NGINX = """
worker_processes {workers};
pid {dir}/nginx.pid;
error_log {dir}/error.log;
daemon off;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	sendfile on;
	tcp_nopush on;
	tcp_nodelay on;
	keepalive_requests 100000000;
	open_file_cache max=100 inactive=60s;
	open_file_cache_valid 60s;
	default_type text/html;
	client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
	uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
	server {{
		listen 127.0.0.1:{port} reuseport backlog=4096;
		root {dir}/www;
		location = /fixed {{ return 200 "ok\\n"; }}
	}}
}}
"""


@contextlib.contextmanager
def nginx(files):
    """nginx serving {name: bytes}, and a fixed answer at /fixed; yields its base URL."""
    with tempfile.TemporaryDirectory() as folder:
        www = Path(folder) / "www"
        www.mkdir()
        for name, body in files.items():
            (www / name).write_bytes(body)
        os.chmod(folder, 0o755)
        port = free_port()
        conf = Path(folder) / "nginx.conf"
        conf.write_text(NGINX.format(workers=len(SERVER_CORES), dir=folder, port=port))
        with process(pinned(SERVER_CORES, ["nginx", "-e", f"{folder}/error.log", "-c", conf])) as p:
            wait_for(f"http://127.0.0.1:{port}/fixed")
            yield f"http://127.0.0.1:{port}", p


@contextlib.contextmanager
def guildhall(data, *options, demo=True, wait="/"):
    port = free_port()
    command = [BINARY, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", "--set", "rate.enabled=no",
               "--set", "http.access_log=no", "--set", f"server.loops={len(SERVER_CORES)}", "--set", "log.level=warn", *options]
    if demo:
        command.append("--demo")
    with process(pinned(SERVER_CORES, command)) as p:
        wait_for(f"http://127.0.0.1:{port}{wait}")
        yield f"http://127.0.0.1:{port}", p


def rounds(contenders, count=5, seconds=4, connections=64, headers=()):
    """{name: url} in turn, count times; {name: (median rate, median p99)}."""
    seen = {name: [] for name in contenders}
    for _ in range(count):
        for name, url in contenders.items():
            seen[name].append(wrk(url, seconds, connections, headers))
    return {name: tuple(statistics.median(column) for column in zip(*runs)) for name, runs in seen.items()}


def table(head, rows):
    rows = [[str(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    line = lambda r: "| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |"
    print("\n".join([line(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line, rows)]), flush=True)


def machine():
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    return f"{len(CORES)} cores, {model[1] if model else 'unknown model'}; servers on {len(SERVER_CORES)}, load on {len(CLIENT_CORES)}"
