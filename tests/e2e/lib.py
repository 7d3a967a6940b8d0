# SPDX-License-Identifier: Apache-2.0
"""What the tests in Python share: Guildhalls of their own on free ports of the loopback."""

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


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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
