#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A library that calls exit() ends a request, not the server; where there is no request, the process ends with a line and by a signal."""

import os
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import lib

PRELOAD = os.path.join(os.environ.get("BUILD_DIR", "build"), "tests/libexiting.so")


def ask(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


class Exits(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        self.before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(self.before)))
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        os.environ["LD_PRELOAD"] = PRELOAD

    def test_a_librarys_exit_ends_its_request(self):
        exits = Path(self.tmp.name) / "exits"
        os.environ["EXITING_FILE"] = str(exits)
        p = lib.start(["--data", self.tmp.name + "/data", "--listen", "127.0.0.1:0"])
        url = p.ready[1].rstrip("/")
        exits.touch()
        self.assertEqual([ask(url + "/") for _ in range(3)], [503, 503, 503])
        self.assertEqual(ask(url + "/healthz"), 200)
        exits.unlink()
        self.assertEqual(ask(url + "/"), 200)
        self.assertEqual(lib.stop(p), 0)
        self.assertIn("process.exit_refused", lib.errors(p))
        p.log.close()

    def test_the_process_never_ends_without_a_line(self):
        """Before main nobody is there to unwind to: the signal tells whoever watches the process that this was no end of ours."""
        p = subprocess.run([lib.binary(), "--version"], env={**os.environ, "EXITING_AT_ONCE": "1"}, capture_output=True, text=True)
        self.assertIn("process.exit_refused", p.stderr)
        self.assertEqual(p.returncode, -signal.SIGABRT)

    def test_a_fault_has_its_line(self):
        p = lib.start(["--data", self.tmp.name + "/data", "--listen", "127.0.0.1:0"])
        p.send_signal(signal.SIGABRT)
        self.assertEqual(p.wait(60), -signal.SIGABRT)
        self.assertIn('"event":"process.fault","signal":06', lib.errors(p))
        p.stdout.close()
        p.log.close()

    def test_ends_of_ours_are_quiet(self):
        for args, code in ((["--version"], 0), ([], 2), (["nonsense"], 2)):
            p = subprocess.run([lib.binary(), *args], capture_output=True, text=True)
            self.assertEqual(p.returncode, code)
            self.assertNotIn("process.", p.stderr)


if __name__ == "__main__":
    unittest.main()
