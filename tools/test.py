#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the suites and adds up what they say; the last line is 'N passed, N failed, N skipped'.

    test.py [suite | test …]     all suites, or those named, or single tests (test_jobs)
    test.py changed [--base REV] what the uncommitted changes and the commits since REV (default: the last commit) touch

A suite is a row of SUITES. Compiled tests are built and run by meson; their cases are counted from cmocka's own summary.
Script tests (tests/e2e, tests/fault, tests/tools) are run two at a time, each with data and ports of its own: exit 0 passes, 77
skips, anything else fails; they get GUILDHALL, the path of a sanitized binary. With CI set, what is skipped has failed: a machine
without a store must not look like one on which all is well.
"""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Against what stands still, not against what is slow: a machine may have better things to do.
SCRIPT_LIMIT = 1800  # seconds for one script
SUITE_LIMIT = 3600  # seconds for one meson run
TIMEOUT_FACTOR = 10  # of the time-outs in meson's files
AT_ONCE = max(1, min(2, os.cpu_count() or 1))  # scripts

ASAN = ("build-asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "--buildtype=debugoptimized"])
TSAN = ("build-tsan", ["-Db_sanitize=thread", "-Db_lundef=false", "--buildtype=debugoptimized"])

# name, what it is, how it runs, argument
SUITES = [
    ("lint", "layers, rooms, headers that compile alone, generators", "scripts", "tests/tools"),
    ("unit", "each module, under AddressSanitizer and UBSan", "meson", (ASAN, "unit")),
    ("store", "each store on SQLite and PostgreSQL, under AddressSanitizer", "meson", (ASAN, "store")),
    ("cancel", "every route's request ended at each of its waits, on each store, under AddressSanitizer", "meson", (ASAN, "cancel")),
    ("fuzz", "every fuzz target replays its corpus, under AddressSanitizer", "meson", (ASAN, "fuzz")),
    ("race", "the modules that use threads, under ThreadSanitizer", "meson", (TSAN, "race")),
    ("e2e", "the real binary with real clients", "scripts", "tests/e2e"),
    ("fault", "killed processes, hung peers, full disks", "scripts", "tests/fault"),
]

# Where a change is, and what shows whether it broke something, beside lint, the test of its own name and, for a test, itself.
# The first row that fits counts.
TOUCHES = [
    ("src/base/", "unit store race"),
    ("src/rt/", "cancel test_disconnects unit store race test_program test_two_processes"),
    ("src/db/", "cancel test_disconnects store race fault test_owners"),
    ("src/net/", "cancel test_disconnects unit fuzz race test_program test_site test_feeds test_large"),
    ("src/platform/text/", "unit fuzz test_site test_import test_feeds"),
    ("src/platform/work/", "cancel test_jobs test_events test_retention test_audit fault test_program"),
    ("src/platform/mail/", "test_mail test_mail_send test_retention test_signin test_admin"),
    ("src/platform/media/", "cancel test_media test_offload test_import test_site test_account"),
    ("src/platform/auth/", "cancel test_auth test_session test_signin test_sso test_admin test_oauth test_account"),
    ("src/platform/crypto/", "test_jose test_oauth_keys test_oauth"),
    ("src/platform/audit/", "test_audit test_audit_view test_audit_kill9 test_admin"),
    ("src/platform/cache/", "cancel test_cache test_redis test_breaker test_web test_holes test_replicas test_cache_pressure test_two_processes"),
    ("src/platform/peers/", "cancel test_dto test_fragment_marker test_web test_holes test_two_processes test_slow_blog test_sso"),
    ("src/platform/receive/", "cancel test_two_processes test_slow_blog test_events_kill9"),
    ("src/platform/", "cancel unit store test_program test_site test_two_processes test_signin"),
    ("src/services/blog/", "cancel test_blog test_blog_body test_site test_feeds test_import test_export test_large"),
    ("src/services/identity/", "cancel test_signin test_admin test_oauth test_oauth_keys test_oauth_register test_sso test_account test_totp test_webauthn"),
    ("src/services/account/", "cancel test_account test_admin test_events_kill9"),
    ("src/services/", "cancel unit store test_program test_site"),
    ("src/main/", "test_program test_import test_export test_audit"),
    ("src/gen/", "cancel unit store test_howto_service"),
    ("docs/howto/service.md", "test_howto_service"),
    ("web/", "test_gen_assets test_site test_account test_admin"),
    ("demo/", "test_site test_program"),
    ("deploy/", "test_systemd_unit"),
    ("tools/", "unit store test_howto_service"),
    ("meson.build", "unit store test_howto_service"),
    ("tests/cancel/", "cancel"),
    ("tests/lib/", "store cancel fault test_owners"),
    ("tests/fixtures/", "test_media test_blog test_blog_body test_import"),
]

ENV = dict(
    os.environ,
    ASAN_OPTIONS="abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=0:allocator_may_return_null=1",
    UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
    TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1",
    LSAN_OPTIONS=f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0",
)
STRICT = bool(os.environ.get("CI"))


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


# --- what there is --------------------------------------------------------------------------------------------------

def interpreter(path):
    return {".py": [sys.executable or "python3"], ".mjs": ["node"], ".sh": ["bash"]}.get(path.suffix)


def scripts_in(folder):
    return [p for p in sorted((ROOT / folder).glob("test_*")) if interpreter(p)]


def compiled_in(kind, suite):
    """Names of the compiled tests of a suite, from their files: before anything is built or installed."""
    if suite == "fuzz":
        return {"fuzz_" + p.stem[len("fuzz_"):] for p in (ROOT / "tests/fuzz").glob("fuzz_*.c")}
    if suite == "cancel":  # one program, by what it stands on; and those that meet bounds in the same house
        return {f"test_cancel_{on}" for on in ("sqlite", "redis", "postgres_1", "postgres_2")} | {p.stem for p in (ROOT / "tests/cancel").glob("test_limits*.c")}
    folders = {"unit": ["unit"], "store": ["store"], "race": ["unit", "store"]}[suite]
    return {p.stem for f in folders for p in (ROOT / "tests" / f).glob("test_*.c")}


def tests_of(row):
    name, _, how, arg = row
    return {p.stem for p in scripts_in(arg)} if how == "scripts" else compiled_in(*arg)


class Wanted:
    """suites: whole ones; tests: single ones, by name, in whatever suite has them."""

    def __init__(self, suites=(), tests=()):
        self.suites, self.tests = set(suites), set(tests)

    def add(self, name):
        (self.suites if any(row[0] == name for row in SUITES) else self.tests).add(name)

    def of(self, row):
        """None: all of this suite; else the names wanted of it."""
        if row[0] in self.suites:
            return None
        return self.tests & tests_of(row)


def unknown(names):
    known = {row[0] for row in SUITES}.union(*(tests_of(row) for row in SUITES))
    return [n for n in names if n not in known]


def git(*args):
    return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")


def changed_files(base):
    files = set(git("diff", "--name-only", base)) | set(git("ls-files", "--others", "--exclude-standard"))
    return sorted(f for f in files if f)


def touched_by(files):
    wanted = Wanted(["lint"] if files else [])
    every = set().union(*(tests_of(row) for row in SUITES))
    for file in files:
        path = Path(file)
        if path.stem in every:
            wanted.tests.add(path.stem)
        if "test_" + path.stem in every:
            wanted.tests.add("test_" + path.stem)
        for prefix, names in TOUCHES:
            if file.startswith(prefix):
                for name in names.split():
                    wanted.add(name)
                break
    return wanted


# --- running --------------------------------------------------------------------------------------------------------

def build(kind, targets=()):
    folder, options = kind
    path = ROOT / folder
    if not (path / "meson-info").is_dir():
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["meson", "setup", folder, *options], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    log = path / "build.log"
    with open(log, "wb") as out:
        done = subprocess.run(["ninja", "-C", folder, *targets], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
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
    if STRICT and skipped:
        failed, skipped, output = failed + skipped, 0, output + "\nskipped, which counts as a failure where CI is set: is a package missing?"
    tally.add(name, passed, failed, skipped)
    mark = "FAIL" if failed else "skip" if skip else "ok  "
    say(f"  {mark} {name:<44} {passed:>4} passed {seconds:7.1f} s")
    if failed:
        say("\n".join("       | " + line for line in output.splitlines()[-60:]))


def suite_of_build(kind, suite):
    """Of a configured build: test names of a suite, each with the programs it runs."""
    done = subprocess.run(["meson", "introspect", "--tests", kind[0]], cwd=ROOT, capture_output=True, text=True, check=True)
    found = {}
    for t in json.loads(done.stdout):
        if any(s.split(":")[-1] == suite for s in t["suite"]):
            inside = [os.path.relpath(os.path.normpath(os.path.join(ROOT / kind[0], part)), ROOT / kind[0]) for part in t["cmd"] if "/" in part]
            found[t["name"]] = [part for part in inside if not part.startswith("..")]
    return found


def run_meson(tally, spec, only):
    kind, suite = spec
    # Under ThreadSanitizer only what is run there is built.
    if kind is TSAN or only is not None:
        build(kind, ["build.ninja"])
        there = suite_of_build(kind, suite)
        names = sorted(there if only is None else set(there) & only)
        if not names:
            return
        build(kind, sorted({program for name in names for program in there[name]}))
    else:
        build(kind)
        names = []
    path = ROOT / kind[0]
    log = path / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    jobs = str(min(4, os.cpu_count() or 2))
    subprocess.run(["meson", "test", "-C", kind[0], "--no-rebuild", "--suite", suite, "--num-processes", jobs, "--timeout-multiplier", str(TIMEOUT_FACTOR),
                    *names], cwd=ROOT, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=SUITE_LIMIT)
    if not log.exists():
        report(tally, f"suite {suite}", False, False, "meson ran no test of this suite", 0)
        return
    for line in log.read_text().splitlines():
        t = json.loads(line)
        output = (t.get("stdout") or "") + (t.get("stderr") or "")
        report(tally, t["name"].split("/")[-1].strip(), t["result"] in ("OK", "EXPECTEDFAIL"), t["result"] == "SKIP", output, t["duration"])


def run_script(script, env):
    start = time.monotonic()
    try:
        done = subprocess.run(interpreter(script) + [str(script)], cwd=ROOT, env=env, timeout=SCRIPT_LIMIT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        code, output = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        code, output = 1, (late.stdout or b"").decode(errors="replace") + f"\nno end after {SCRIPT_LIMIT} s"
    return code, output, time.monotonic() - start


def run_scripts(tally, folder, only):
    scripts = [s for s in scripts_in(folder) if only is None or s.stem in only]
    if not scripts:
        return
    env = ENV
    if folder != "tests/tools":
        env = dict(ENV, GUILDHALL=str(build(ASAN) / "guildhall"), BUILD_DIR=str(ROOT / ASAN[0]))
        npm_install(ROOT / "tests/e2e")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = {pool.submit(run_script, script, env): script for script in scripts}
        for one in concurrent.futures.as_completed(under_way):
            code, output, seconds = one.result()
            report(tally, under_way[one].name, code == 0, code == 77, output, seconds)


def npm_install(folder):
    if not (folder / "package.json").exists():
        return
    lock, stamp = folder / "package-lock.json", folder / "node_modules" / ".stamp"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=1200)
    stamp.touch()


# --- the command ----------------------------------------------------------------------------------------------------

def usage():
    say("usage: ./test [suite | test …]\n       ./test changed [--base REV]\n\nInstalls what is missing, builds with sanitizers and runs all suites, those named, "
        "single tests by their names (test_jobs), or what a change touches:\n")
    for name, what, _, _ in SUITES:
        say(f"  {name:<8} {what}")


def wanted_of(argv):
    """What is to be run, or an exit code."""
    if argv[:1] == ["changed"]:
        if argv[1:] and not (len(argv) == 3 and argv[1] == "--base"):
            say("./test: changed takes --base REV and nothing else")
            return 2
        files = changed_files(argv[2] if argv[1:] else "HEAD")
        if not files:
            say("Nothing has changed since " + (argv[2] if argv[1:] else "the last commit") + ".")
        return touched_by(files)
    wrong = unknown(argv)
    if wrong:
        say(f"./test: no suite or test '{wrong[0]}'; suites are: {', '.join(row[0] for row in SUITES)}")
        return 2
    wanted = Wanted()
    for name in argv or [row[0] for row in SUITES]:
        wanted.add(name)
    return wanted


def main(argv):
    if argv and argv[0] in ("-h", "--help", "--list"):
        usage()
        return 0
    check = argv[:1] == ["--check"]
    if check and argv[1:2] and argv[1] in ("-h", "--help", "--list"):
        return 0
    wanted = wanted_of(argv[1:] if check else argv)
    if isinstance(wanted, int) or check:
        return wanted if isinstance(wanted, int) else 0
    tally = Tally()
    for row in SUITES:
        name, what, how, arg = row
        only = wanted.of(row)
        if only is not None and not only:
            continue
        say(f"{name}: {what}" + (f" ({', '.join(sorted(only))})" if only else ""))
        {"meson": run_meson, "scripts": run_scripts}[how](tally, arg, only)
    for name in tally.failures:
        say(f"failed: {name}")
    say(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
