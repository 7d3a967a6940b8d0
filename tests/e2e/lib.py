# SPDX-License-Identifier: Apache-2.0
"""What the tests in Python share: Guildhalls of their own on free ports of the loopback."""

import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time


def binary():
    path = os.environ.get("GUILDHALL")
    if not path:
        sys.exit("GUILDHALL must name the binary")
    return path


# A hundred of each script's own, below those that the kernel gives to whoever connects: between "free" and "listens" nobody else may have it.
PORTS = (20000 + port for port in itertools.cycle(range(os.getpid() % 127 * 100, os.getpid() % 127 * 100 + 100)))


def free_port():
    for port in PORTS:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def start(args, limit=60, command="serve"):
    """Start the binary and wait for its ready line; p.ready is it, p.log the file of its standard error."""
    log = tempfile.TemporaryFile()
    p = subprocess.Popen([binary(), command, *map(str, args)], stdout=subprocess.PIPE, stderr=log, text=True)
    p.log = log
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if select.select([p.stdout], [], [], 0.2)[0]:
            line = p.stdout.readline()
            if line.startswith("ready "):
                p.ready = line.split()
                return p
            if not line:
                break
    if p.poll() is None:
        p.kill()
    p.wait()
    raise AssertionError(f"not ready (exit {p.returncode}):\n{errors(p)[-4000:]}")


def errors(p):
    p.log.seek(0)
    return p.log.read().decode(errors="replace")


def stop(p, how=signal.SIGTERM, limit=40):
    """End it and return its exit code."""
    if p.poll() is None:
        p.send_signal(how)
        try:
            p.wait(limit)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    p.stdout.close()
    return p.returncode
