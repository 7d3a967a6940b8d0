#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/guildhall.service allows what the program does: a site is started behind the unit's own list of system calls, takes pictures in,
answers and ends; and no call that it makes for itself is refused. Skipped without systemd-analyze and libseccomp."""
import ctypes
import ctypes.util
import errno
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from lib import binary, free_port

UNIT = Path(__file__).resolve().parent.parent.parent / "deploy" / "guildhall.service"
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LIBRARY = ctypes.util.find_library("seccomp")
ANALYZE = shutil.which("systemd-analyze")
if not LIBRARY or not ANALYZE:
    sys.exit(77)
seccomp = ctypes.CDLL(LIBRARY, use_errno=True)
seccomp.seccomp_init.restype = ctypes.c_void_p


def groups():
    found, name = {}, None
    for line in subprocess.run([ANALYZE, "syscall-filter"], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            name = line.split()[0]
            found[name] = []
        elif name and line.strip() and not line.strip().startswith("#"):
            found[name].append(line.split()[0])
    return found


def allowed(text):
    """The unit's SystemCallFilter= lines, one after the other: what is named is added, behind ~ taken away. @default is always there."""
    all_groups = groups()

    def calls(names):
        return set().union(*(calls(all_groups[n]) if n.startswith("@") else {n} for n in names))
    result = calls(["@default"])
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", text):
        result = result - calls(line[1:].split()) if line.startswith("~") else result | calls(line.split())
    return result | calls(["@default"])


class Filter:
    """Loaded between fork and exec: made before, since little may happen there."""

    def __init__(self, names, otherwise):
        self.context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(otherwise)))
        for name in names:
            number = seccomp.seccomp_syscall_resolve_name(name.encode())
            if number >= 0:
                seccomp.seccomp_rule_add(self.context, ctypes.c_uint32(ALLOW), number, 0)

    def load(self):
        if seccomp.seccomp_load(self.context):
            os._exit(99)


class Unit(unittest.TestCase):
    def site_behind(self, names, otherwise, pictures=0):
        """Exit code of a demonstration that ran behind the filter, and how many pictures it had made by then: it is ended once there are that many."""
        with tempfile.TemporaryDirectory() as data:
            port, guard = free_port(), Filter(names, otherwise)
            p = subprocess.Popen([binary(), "serve", "--demo", "--data", data, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=guard.load, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # that traces processes
            try:
                end, line = time.monotonic() + 90, b""
                while b"ready" not in line and p.poll() is None and time.monotonic() < end:
                    if select.select([p.stdout, p.stderr], [], [], 0.2)[0]:
                        for stream in select.select([p.stdout, p.stderr], [], [], 0)[0]:
                            got = os.read(stream.fileno(), 65536)
                            line = got if stream is p.stdout else line
                if b"ready" in line:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as r:
                        self.assertEqual(r.status, 200)
                    while self.made(data) < pictures and p.poll() is None and time.monotonic() < end:
                        time.sleep(0.1)
                    p.send_signal(signal.SIGTERM)
            finally:
                if b"ready" not in line:
                    p.kill()
                p.communicate(timeout=60)
            return p.returncode, self.made(data)

    def made(self, data):
        return len(list(Path(data, "media").rglob("*.webp")))

    def test_the_site_runs_behind_its_list(self):
        text = UNIT.read_text()
        self.assertIn("SystemCallErrorNumber=EPERM", text)
        code, pictures = self.site_behind(allowed(text), ERRNO | errno.EPERM, 50)
        self.assertEqual(code, 0)
        self.assertGreaterEqual(pictures, 50)

    def test_what_the_program_calls_itself_is_on_the_list(self):
        """Where refusal ends the process instead. (SQLite gives files to their folder's owner when it is root; picture libraries place memory.)"""
        names = allowed(UNIT.read_text()) | {"fchown", "set_mempolicy"}
        code, pictures = self.site_behind(names, KILL, 1)
        self.assertEqual(code, 0)
        self.assertGreater(pictures, 0)  # and helpers live
        self.assertNotEqual(self.site_behind(names - {"setpriority"}, KILL)[0], 0)  # the filter is one
        for of_helpers in ("landlock_restrict_self", "seccomp"):
            code, pictures = self.site_behind(names - {of_helpers}, KILL)
            self.assertEqual((code, pictures), (0, 0))  # they are behind it too


if __name__ == "__main__":
    unittest.main()
