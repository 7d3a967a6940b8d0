#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the suites and adds up what they say; the last line is 'N passed, N failed, N skipped'.

    test.py [suite | test …]     all suites, or those named, or single tests (test_jobs)
    test.py changed [--base REV] what the uncommitted changes and the commits since REV (default: the last commit) touch

A suite is a row of SUITES. Tests of all suites wait in one line, basics first, and AT_ONCE of them are under way: many wait
for something most of the time. Builds that later suites need go on beside them, at lower priority, when the first build is
there. A test is a program with data and ports of its own: exit 0 passes, 77 skips, anything else fails; cases are counted
from cmocka's summary or from a closing line. Scripts get GUILDHALL, the path of a sanitized binary. With CI set, what is
skipped has failed: a machine without a store must not look like one on which all is well.
"""

import dataclasses
import json
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Against what stands still, not against what is slow: a machine may have better things to do.
TEST_LIMIT = 900  # seconds for one test, whatever meson's files say
BUILD_LIMIT = 1800  # seconds for one build
TIMEOUT_FACTOR = 10  # of the time-outs in meson's files
LONG_AFTER = 300  # seconds, after which it is said which test is still under way
FRAMES = 12  # of each thread of a test that does not end
CORES = os.cpu_count() or 1
AT_ONCE = min(4, CORES + 1)  # tests

# -O1: at -O2 the compiler takes longer than the tests gain.
ASAN = ("build-asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "--buildtype=debugoptimized", "-Doptimization=1"])
TSAN = ("build-tsan", ["-Db_sanitize=thread", "-Db_lundef=false", "--buildtype=debugoptimized", "-Doptimization=1"])

# name, what it is, how it runs, argument
SUITES = [
    ("lint", "layers, rooms, headers that compile alone, generators", "scripts", "tests/tools"),
    ("plain", "what ./run builds, and the benchmarks, without a warning", "plain", "plain_build"),
    ("unit", "each module, under AddressSanitizer and UBSan", "meson", (ASAN, "unit")),
    ("store", "each store on SQLite and PostgreSQL, under AddressSanitizer", "meson", (ASAN, "store")),
    ("cancel", "every route's request ended at each of its waits, on each store, under AddressSanitizer", "meson", (ASAN, "cancel")),
    ("fault", "killed processes, hung peers, full disks", "scripts", "tests/fault"),
    ("e2e", "the real binary with real clients", "scripts", "tests/e2e"),
    ("fuzz", "every fuzz target replays its corpus, under AddressSanitizer", "meson", (ASAN, "fuzz")),
    ("race", "the modules that use threads, under ThreadSanitizer", "meson", (TSAN, "race")),
]

# What takes longest of its suite is begun first, so that at the end nothing is waited for alone.
LONG = ("test_http_server", "test_h2", "test_redis", "test_audit", "test_blog_limits", "test_db", "test_jobs", "test_cancel_postgres_1", "test_cancel_postgres_2",
        "test_cancel_redis", "test_events_kill9.py", "test_account.mjs", "test_site.mjs", "test_program.py", "test_administration.mjs", "test_sso.mjs", "test_language.mjs",
        "test_two_processes.py")

# Where a change is, and what shows whether it broke something, beside lint, the test of its own name and, for a test, itself.
# The first row that fits counts.
TOUCHES = [
    ("src/base/", "unit store race"),
    ("src/rt/", "cancel test_disconnects unit store race test_program test_two_processes"),
    ("src/db/", "cancel test_disconnects store race fault test_owners"),
    ("src/net/", "cancel test_disconnects unit fuzz race test_program test_site test_feeds test_large"),
    ("src/platform/text/", "unit fuzz test_site test_import test_import_markdown test_import_wxr test_feeds"),
    ("src/platform/work/", "cancel test_jobs test_events test_retention test_audit fault test_program"),
    ("src/platform/mail/", "test_mail test_mail_send test_retention test_signin test_admin"),
    ("src/platform/media/", "cancel test_media test_offload test_import test_site test_account"),
    ("src/platform/auth/", "cancel test_auth test_session test_signin test_sso test_admin test_oauth test_account"),
    ("src/platform/crypto/", "test_jose test_oauth_keys test_oauth"),
    ("src/platform/audit/", "test_audit test_audit_view test_audit_kill9 test_admin"),
    ("src/platform/cache/", "cancel test_cache test_redis test_breaker test_web test_holes test_replicas test_cache_pressure test_two_processes"),
    ("src/platform/peers/", "cancel test_dto test_fragment_marker test_web test_holes test_two_processes test_slow_blog test_sso"),
    ("src/platform/forms/", "cancel test_form test_forms test_once test_account test_administration"),
    ("src/platform/receive/", "cancel test_two_processes test_slow_blog test_events_kill9"),
    ("src/platform/", "cancel unit store test_program test_site test_two_processes test_signin"),
    ("src/services/blog/", "cancel test_goods test_snippets test_visits test_blog test_library test_blog_body test_site test_new_owner test_content_api test_feeds test_import test_import_markdown test_import_wxr test_archive test_export test_large"),
    ("src/services/identity/", "cancel test_signin test_admin test_oauth test_clients test_oauth_keys test_oauth_register test_sso test_account test_totp test_webauthn"),
    ("src/services/market/", "cancel test_goods test_market_pieces test_csv test_market test_market_race test_staged test_import_kill9 test_imports test_products test_shelf test_cycles test_market_pages test_pictures"),
    ("src/services/events/", "cancel test_ics test_limits_events test_recur test_repeat test_entries test_calendars test_recurrence test_events test_organiser fuzz"),
    ("src/services/cart/", "cancel test_totals test_cart test_change test_shop test_collection"),
    ("src/services/sumup/", "cancel test_cart"),
    ("src/services/account/", "cancel test_account test_admin test_events_kill9"),
    ("src/services/", "cancel unit store test_program test_site"),
    ("src/main/", "test_program test_import test_export test_products test_backup test_audit"),
    ("src/gen/", "cancel unit store test_howto_service"),
    ("docs/howto/service.md", "test_howto_service"),
    ("web/", "test_gen_assets test_site test_account test_admin"),
    ("demo/", "test_site test_program test_shelf"),
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
        self.lock = threading.Lock()

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
    return {arg} if how == "plain" else {p.stem for p in scripts_in(arg)} if how == "scripts" else compiled_in(*arg)


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
        if file.startswith(("src/", "bench/")):
            wanted.add("plain")
        for prefix, names in TOUCHES:
            if file.startswith(prefix):
                for name in names.split():
                    wanted.add(name)
                break
    return wanted


# --- running --------------------------------------------------------------------------------------------------------

@dataclasses.dataclass(order=True)
class Case:
    rank: tuple  # its place in the line
    suite: str = dataclasses.field(compare=False)
    name: str = dataclasses.field(compare=False)
    command: list = dataclasses.field(compare=False)
    folder: Path = dataclasses.field(compare=False)
    env: dict = dataclasses.field(compare=False)
    limit: float = dataclasses.field(compare=False)


class Failed(Exception):
    """A build that did not succeed; its text is what the build said."""


under_way = set()  # processes, to be ended should this program end first
spent = {"builds": 0.0, "tests": 0.0}  # seconds of processor time


def children_of(pid):
    """pid and what came from it, sessions of their own included, parents first."""
    below = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
        below.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += below.get(one, [])
    return found


def read_or_nothing(path):
    try:
        return Path(path).read_text(errors="replace").replace("\0", " ").strip()
    except OSError:
        return ""


def threads_of(pid):
    """Where each thread of a process stands: by gdb, else by what the kernel says."""
    try:
        done = subprocess.run(["gdb", "-batch", "-nx", "-p", str(pid), "-ex", f"thread apply all bt {FRAMES}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace", timeout=60)
        if "Thread" in done.stdout:
            return done.stdout[done.stdout.index("Thread"):]
    except (OSError, subprocess.TimeoutExpired):
        pass
    lines = []
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        lines.append(f"thread {task.name} {read_or_nothing(task / 'comm')}: waits in {read_or_nothing(task / 'wchan') or '?'}")
        lines += ["  " + line for line in read_or_nothing(task / "stack").splitlines()[:FRAMES]]
    return "\n".join(lines)


def where_it_stands(pids):
    return "\n".join(f"{pid} {read_or_nothing(f'/proc/{pid}/cmdline')[:200]}\n{threads_of(pid)}" for pid in pids)


def end_all(pids, how):
    for pid in pids:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            pass


def watch(p, name, limit, patience):
    """Waits until p is to be reaped. Past the limit it says where p stands and ends it with its children; others go on."""
    began = time.monotonic()
    ended = lambda seconds: exited(p.pid, began + seconds - time.monotonic())  # noqa: E731
    if limit > LONG_AFTER and not ended(LONG_AFTER):
        say(f"  note  {name} has been under way for {LONG_AFTER} s")
    if ended(limit):
        return False
    pids = children_of(p.pid)
    say(f"  note  {name} has not ended in {limit:.0f} s; where it stands:\n{where_it_stands(pids)}")
    end_all(pids, signal.SIGTERM)
    ended(limit + patience)
    end_all(set(pids) | set(children_of(p.pid)), signal.SIGKILL)
    ended(float("inf"))
    return True


def exited(pid, seconds):
    """Whether a child has ended within so many seconds; it stays there to be reaped."""
    fd = os.pidfd_open(pid)
    try:
        wait = select.poll()
        wait.register(fd, select.POLLIN)
        return bool(wait.poll(None if seconds == float("inf") else max(0, seconds) * 1000))
    finally:
        os.close(fd)


def execute(command, folder, env, limit, low=False, patience=10):
    """Its exit code, what it said, seconds, and seconds of processor time. Past its limit it has patience seconds to end."""
    began = time.monotonic()
    name = Path(command[-1]).name
    if low:
        command = ["nice", "-n", "10", *command]
    with tempfile.TemporaryFile() as said:
        p = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, start_new_session=True)
        under_way.add(p.pid)
        late = watch(p, name, limit, patience)
        _, status, used = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        under_way.discard(p.pid)
        said.seek(0)
        output = said.read().decode(errors="replace")
    if late:
        output += f"\nno end after {limit:.0f} s"
    return p.returncode or (1 if late else 0), output, time.monotonic() - began, used.ru_utime + used.ru_stime


def build(kind, targets=(), low=False):
    folder, options = kind
    path = ROOT / folder
    if not (path / "meson-info").is_dir():
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["meson", "setup", folder, *options], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    code, output, _, used = execute(["ninja", "-C", folder, *targets], ROOT, ENV, BUILD_LIMIT, low)
    spent["builds"] += used
    if code:
        raise Failed(f"{output[-8000:]}\nthe build in {folder} failed")
    return path


def build_plain(low):
    """What ./run --build makes, and every benchmark; a folder that is there already is used."""
    code, output, _, used = execute(["./run", "--build"], ROOT, ENV, BUILD_LIMIT, low)
    spent["builds"] += used
    if code:
        raise Failed(output[-8000:])
    done = subprocess.run(["meson", "introspect", "--targets", "build"], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = sorted(os.path.relpath(t["filename"][0], ROOT / "build") for t in json.loads(done.stdout) if "/build/bench/" in t["filename"][0])
    build(("build", []), wanted, low)


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


def report(tally, suite, name, ok, skip, output, seconds, used):
    passed, failed, skipped = (0, 0, 1) if skip else count_cases(output, ok)
    if STRICT and skipped:
        failed, skipped, output = failed + skipped, 0, output + "\nskipped, which counts as a failure where CI is set: is a package missing?"
    mark = "FAIL" if failed else "skip" if skip else "ok  "
    with tally.lock:
        tally.add(f"{suite} {name}", passed, failed, skipped)
        say(f"  {mark} {suite:<7} {name:<28} {passed:>4} passed {seconds:7.1f} s {used:7.1f} s of processor")
        if failed:
            lines = output.splitlines()
            first = [line for line in lines[:-60] if line.lstrip().startswith("FAIL")]  # what failed, however long ago it was said
            say("\n".join("       | " + line for line in first + lines[-60:]))


def compiled_cases(kind, suite):
    """Of a configured build: the tests of a suite, each as its name, its description, and the programs of the build that it runs."""
    done = subprocess.run(["meson", "introspect", "--tests", kind[0]], cwd=ROOT, capture_output=True, text=True, check=True)
    for t in json.loads(done.stdout):
        if any(s.split(":")[-1] == suite for s in t["suite"]):
            inside = [os.path.relpath(os.path.normpath(os.path.join(ROOT / kind[0], part)), ROOT / kind[0]) for part in t["cmd"] if "/" in part]
            yield t["name"], t, [part for part in inside if not part.startswith("..")]


class Line:
    """Cases in the order in which they are begun, and those who run them."""

    END = (99,)

    def __init__(self, tally):
        self.tally, self.waiting = tally, queue.PriorityQueue()
        self.workers = [threading.Thread(target=self.work, daemon=True) for _ in range(AT_ONCE)]
        for worker in self.workers:
            worker.start()

    def add(self, suite, place, name, command, folder, env, limit):
        rank = ([row[0] for row in SUITES].index(suite), 0 if name in LONG else 1, place)
        self.waiting.put(Case(rank, suite, name, command, folder, env, limit))

    def work(self):
        while (case := self.waiting.get()).rank != self.END:
            code, output, seconds, used = execute(case.command, case.folder, case.env, case.limit)
            spent["tests"] += used
            report(self.tally, case.suite, case.name, code == 0, code == 77, output, seconds, used)

    def finish(self):
        for _ in self.workers:
            self.waiting.put(Case(self.END, "", "", [], ROOT, {}, 0))
        for worker in self.workers:
            worker.join()


def add_compiled(line, suite, kind, only, low):
    build(kind, ["build.ninja"], low)
    cases = [(name, t, programs) for name, t, programs in compiled_cases(kind, suite) if only is None or name in only]
    # Under ThreadSanitizer only what is run there is built.
    build(kind, [] if kind is ASAN and only is None else sorted({p for _, _, programs in cases for p in programs}), low)
    if not cases and only is None:
        raise Failed(f"there is no test of the suite {suite}")
    for place, (name, t, _) in enumerate(cases):
        line.add(suite, place, name, t["cmd"], t["workdir"] or ROOT / kind[0], dict(ENV, **t["env"]), min(t["timeout"] * TIMEOUT_FACTOR, TEST_LIMIT))


def add_scripts(line, suite, folder, only):
    env = ENV if folder == "tests/tools" else dict(ENV, GUILDHALL=str(ROOT / ASAN[0] / "guildhall"), BUILD_DIR=str(ROOT / ASAN[0]))
    for place, script in enumerate(scripts_in(folder)):
        if only is None or script.stem in only:
            line.add(suite, place, script.name, [*interpreter(script), str(script)], ROOT, env, TEST_LIMIT)


def npm_install(folder):
    lock, stamp = folder / "package-lock.json", folder / "node_modules" / ".stamp"
    if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=1200)
    stamp.touch()


def guarded(tally, suite, work, *args):
    """Does work; its failure is the suite's, and others go on."""
    try:
        work(*args)
        return True
    except (Failed, OSError, subprocess.SubprocessError) as e:
        report(tally, suite, "build", False, False, str(e), 0, 0)
        return False


def in_background(work, *args):
    thread = threading.Thread(target=work, args=args, daemon=True)
    thread.start()
    return thread


def of_kind(row):
    """Which build a suite needs: ASAN, TSAN, or None."""
    name, _, how, arg = row
    return arg[0] if how == "meson" else None if how == "plain" or arg == "tests/tools" else ASAN


def add_plain(tally, low):
    before, began = spent["builds"], time.monotonic()
    build_plain(low)
    report(tally, "plain", "plain_build", True, False, "", time.monotonic() - began, spent["builds"] - before)


def prepare(line, tally, rows):
    """Puts all of rows, (row, only what), into the line, as soon as what each needs is built."""
    for row, only in rows:
        if row[3] == "tests/tools":
            add_scripts(line, row[0], row[3], only)
    clients = None
    if any(row[3] in ("tests/e2e", "tests/fault") for row, _ in rows):
        clients = in_background(guarded, tally, "e2e", npm_install, ROOT / "tests/e2e")
    # All of the sanitized build is needed by most; what was asked for by name builds what it runs.
    asan = [(row, only) for row, only in rows if of_kind(row) is ASAN]
    if not any(only is None or row[2] == "scripts" for row, only in asan) or guarded(tally, "sanitized", build, ASAN):
        for row, only in asan:
            if row[2] == "meson":
                guarded(tally, row[0], add_compiled, line, row[0], ASAN, only, False)
        if clients:
            clients.join()
        for row, only in asan:
            if row[2] == "scripts":
                add_scripts(line, row[0], row[3], only)
    for row, only in rows:
        if row[2] == "plain":
            guarded(tally, row[0], add_plain, tally, bool(asan))
        elif of_kind(row) is TSAN:
            guarded(tally, row[0], add_compiled, line, row[0], TSAN, only, bool(asan))


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
    rows = [(row, wanted.of(row)) for row in SUITES]
    rows = [(row, only) for row, only in rows if only is None or only]
    for row, only in rows:
        say(f"{row[0]}: {row[1]}" + (f" ({', '.join(sorted(only))})" if only else ""))
    began = time.monotonic()
    line = Line(tally)
    try:
        prepare(line, tally, rows)
        line.finish()
    finally:
        for pid in list(under_way):
            os.killpg(pid, signal.SIGTERM)
    say(f"{time.monotonic() - began:.0f} s, of processor {spent['builds']:.0f} s for builds and {spent['tests']:.0f} s for tests")
    for name in tally.failures:
        say(f"failed: {name}")
    say(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
