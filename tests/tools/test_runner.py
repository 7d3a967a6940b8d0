#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The runner of the tests: a test that does not end costs its limit and nothing else, and where it stood is told."""
import contextlib
import importlib.util
import io
import os
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
spec = importlib.util.spec_from_file_location("runner", ROOT / "tools/test.py")
runner = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runner)

# A program that heeds no signal, with a child in a session of its own; both hold the output open.
STUBBORN = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
print(child.pid, flush=True)
while True:
    signal.pause()
"""


def executed(program, limit):
    """What execute gives for a program in Python, and what was said meanwhile."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        done = runner.execute([sys.executable, "-c", program], ROOT, dict(os.environ), limit, patience=1)
    return done, said.getvalue()


def ends(process):
    """A killed process stands in the kernel's list until its memory is given back: it is waited for."""
    for _ in range(600):
        state = runner.read_or_nothing(f"/proc/{process}/stat")
        if not state or state.rpartition(")")[2].split()[0] in "ZX":
            return True
        time.sleep(0.1)
    return False


class Runner(unittest.TestCase):
    def test_what_ends_is_reported(self):
        (code, output, _, _), said = executed("print('words'); raise SystemExit(3)", 600)
        self.assertEqual((code, output, said), (3, "words\n", ""))

    def test_what_does_not_end_is_ended_with_its_children(self):
        (code, output, _, _), said = executed(STUBBORN, 2)
        self.assertNotEqual(code, 0)
        child, last = output.splitlines()[0], output.splitlines()[-1]
        self.assertEqual(last, "no end after 2 s")
        self.assertIn("has not ended in 2 s; where it stands", said)
        self.assertIn(f"{child} {sys.executable} -c import signal", said)
        self.assertRegex(said, r"(?i)thread \d+ ")
        self.assertTrue(ends(child), "its child goes on")

    def test_no_limit_is_above_the_cap(self):
        line, cases = [], [("slow", {"cmd": ["true"], "workdir": None, "env": {}, "timeout": 300}, []), ("quick", {"cmd": ["true"], "workdir": None, "env": {}, "timeout": 30}, [])]
        runner.build, runner.compiled_cases = lambda *a: None, lambda *a: cases
        line_of = type("L", (), {"add": lambda self, *a: line.append((a[2], a[-1]))})()
        runner.add_compiled(line_of, "store", runner.ASAN, None, False)
        self.assertEqual(line, [("slow", runner.TEST_LIMIT), ("quick", 300)])
        self.assertLessEqual(runner.TEST_LIMIT, 900)


if __name__ == "__main__":
    unittest.main()
