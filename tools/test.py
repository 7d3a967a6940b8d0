#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the suites and adds up what they say; the last line is 'N passed, N failed, N skipped'.

A suite is a row of SUITES. Compiled tests are built and run by meson; their cases are counted from cmocka's own summary.
Script tests (tests/e2e, tests/fault, tests/tools) are run one by one: exit 0 passes, 77 skips, anything else fails; they get
GUILDHALL, the path of a sanitized binary.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPT_LIMIT = 420  # seconds for one script
SUITE_LIMIT = 1200  # seconds for one meson run

ASAN = ("build-asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "--buildtype=debugoptimized"])
TSAN = ("build-tsan", ["-Db_sanitize=thread", "-Db_lundef=false", "--buildtype=debugoptimized"])

# name, what it is, how it runs, argument
SUITES = [
    ("lint", "layers, headers that compile alone, generators", "scripts", "tests/tools"),
    ("unit", "each module, under AddressSanitizer and UBSan", "meson", (ASAN, "unit")),
    ("store", "each store on SQLite and PostgreSQL, under AddressSanitizer", "meson", (ASAN, "store")),
    ("fuzz", "every fuzz target replays its corpus, under AddressSanitizer", "meson", (ASAN, "fuzz")),
    ("race", "the modules that use threads, under ThreadSanitizer", "meson", (TSAN, "race")),
    ("e2e", "the real binary with real clients", "scripts", "tests/e2e"),
    ("fault", "killed processes, hung peers, full disks", "scripts", "tests/fault"),
]

ENV = dict(
    os.environ,
    ASAN_OPTIONS="abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=0:allocator_may_return_null=1",
    UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
    TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1",
    LSAN_OPTIONS=f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
)


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.failures.append(name)


def say(text):
    print(text, flush=True)


def build(kind):
    folder, options = kind
    path = ROOT / folder
    if not (path / "meson-info").is_dir():
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["meson", "setup", folder, *options], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    log = path / "build.log"
    with open(log, "wb") as out:
        done = subprocess.run(["ninja", "-C", folder], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    if done.returncode:
        text = log.read_text(errors="replace")
        say(text[-8000:])
        raise SystemExit(f"the build in {folder} failed")
    return path


def count_cases(output, ok):
    """Cases from cmocka's summary, or from a closing line of ours; else the program is one case."""
    passed = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", output)))
    failed = sum(map(int, re.findall(r"\[  FAILED  \] (\d+) test", output)))
    skipped = sum(map(int, re.findall(r"\[  SKIPPED \] (\d+) test", output)))
    unittest = re.findall(r"^Ran (\d+) tests? in", output, re.M)
    if ok and unittest:
        passed += sum(map(int, unittest))
    for line in re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output, re.M):
        passed, failed, skipped = passed + int(line[0]), failed + int(line[1]), skipped + int(line[2] or 0)
    if not ok and not failed:
        failed = 1
    if ok and passed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def report(tally, name, ok, skip, output, seconds):
    passed, failed, skipped = (0, 0, 1) if skip else count_cases(output, ok)
    tally.add(name, passed, failed, skipped)
    mark = "skip" if skip else "ok  " if not failed else "FAIL"
    say(f"  {mark} {name:<44} {passed:>4} passed {seconds:7.1f} s")
    if failed:
        say("\n".join("       | " + line for line in output.splitlines()[-60:]))


def run_meson(tally, spec):
    kind, suite = spec
    path = build(kind)
    log = path / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    jobs = str(min(4, os.cpu_count() or 2))
    subprocess.run(["meson", "test", "-C", kind[0], "--no-rebuild", "--suite", suite, "--num-processes", jobs],
                   cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SUITE_LIMIT)
    if not log.exists():
        report(tally, f"suite {suite}", False, False, "meson ran no test of this suite", 0)
        return
    for line in log.read_text().splitlines():
        t = json.loads(line)
        output = (t.get("stdout") or "") + (t.get("stderr") or "")
        report(tally, t["name"].split("/")[-1].strip(), t["result"] in ("OK", "EXPECTEDFAIL"), t["result"] == "SKIP", output, t["duration"])


def interpreter(path):
    return {".py": [sys.executable or "python3"], ".mjs": ["node"], ".sh": ["bash"]}.get(path.suffix)


def run_scripts(tally, folder):
    scripts = [p for p in sorted((ROOT / folder).glob("test_*")) if interpreter(p)]
    if not scripts:
        say("  (none)")
        return
    env = ENV
    if folder != "tests/tools":
        env = dict(ENV, GUILDHALL=str(build(ASAN) / "guildhall"), BUILD_DIR=str(ROOT / ASAN[0]))
        npm_install(ROOT / "tests/e2e")
    for script in scripts:
        start = time.monotonic()
        try:
            done = subprocess.run(interpreter(script) + [str(script)], cwd=ROOT, env=env, timeout=SCRIPT_LIMIT,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            code, output = done.returncode, done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            code, output = 1, (late.stdout or b"").decode(errors="replace") + f"\nno end after {SCRIPT_LIMIT} s"
        report(tally, script.name, code == 0, code == 77, output, time.monotonic() - start)


def npm_install(folder):
    if not (folder / "package.json").exists():
        return
    lock, stamp = folder / "package-lock.json", folder / "node_modules" / ".stamp"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=600)
    stamp.touch()


def main(argv):
    names = [row[0] for row in SUITES]
    if argv and argv[0] in ("-h", "--help", "--list"):
        say("usage: ./test [suite …]\n\nInstalls what is missing, builds with sanitizers and runs all suites, or those named:\n")
        for name, what, _, _ in SUITES:
            say(f"  {name:<8} {what}")
        return 0
    unknown = [a for a in argv if a not in names]
    if unknown:
        say(f"./test: no suite '{unknown[0]}'; there are: {', '.join(names)}")
        return 2
    tally = Tally()
    for name, what, how, arg in SUITES:
        if argv and name not in argv:
            continue
        say(f"{name}: {what}")
        {"meson": run_meson, "scripts": run_scripts}[how](tally, arg)
    for name in tally.failures:
        say(f"failed: {name}")
    say(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
