#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/howto/service.md, followed to the letter: its blocks are put into a copy of the tree, which is built and asked over loopback.

The copy has what is compiled already beside it, so that only what the new service touches is compiled."""
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import lib
from lib import free_port, stop

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = Path(os.environ.get("BUILD_DIR", ROOT / "build-asan")).resolve()
HOWTO = ROOT / "docs/howto/service.md"
FOLDER = "src/services/notes/"
SECRET = "5c" * 32
LINES_MOST = 250  # written by hand for a service with everything
OUTSIDE_MOST = 1  # of them outside its folder: the one in services.def


def blocks(text):
    """(path, content) of each block that has a path, in order."""
    return re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.S | re.M)


def written_by_hand(parts):
    """Lines that say something: neither empty nor comment."""
    comment = re.compile(r"^\s*(/\*|\*|--|\{#|#)|^\s*$")
    count = {}
    for path, content in parts:
        count[path] = count.get(path, 0) + sum(1 for line in content.splitlines() if path.endswith((".h", ".c")) and line.lstrip().startswith("#") or not comment.match(line))
    return count


def copy_sources(to):
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in files.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)  # with its time


def follow(parts, to):
    for path, content in parts:
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        with open(to / path, "a", encoding="utf-8") as file:
            file.write(content)


def configured(tree):
    """Options of the build that there is, for another of the same kind."""
    done = subprocess.run(["meson", "introspect", "--buildoptions", str(BUILT)], capture_output=True, text=True, check=True)
    options = {o["name"]: o["value"] for o in json.loads(done.stdout)}
    made = tree / BUILT.name
    alike = [f"-D{name}={str(options[name]).lower() if isinstance(options[name], bool) else options[name]}"
             for name in ("optimization", "debug", "b_sanitize", "b_lundef")]
    subprocess.run(["meson", "setup", str(made), str(tree), *alike], check=True, stdout=subprocess.DEVNULL)
    return made


def reuse(made):
    """What is compiled already, with the times and commands that ninja remembers: commands name no place outside the two folders."""
    for folder in ("libguildhall.a.p", "libgenerated.a.p", "guildhall.p", "src/gen", "tests/store/libstore_harness.a.p"):
        if (BUILT / folder).is_dir():
            shutil.copytree(BUILT / folder, made / folder, dirs_exist_ok=True)  # copies times
    for name in (".ninja_log", ".ninja_deps"):
        shutil.copy2(BUILT / name, made / name)


def build(tree):
    made = configured(tree)
    reuse(made)
    done = subprocess.run(["ninja", "-C", str(made), "guildhall", "tests/cancel/test_cancel"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise AssertionError(done.stdout[-6000:])
    return made / "guildhall", len(re.findall(r"^\[\d+/\d+\] Compiling C", done.stdout, re.M))


class Follow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        BUILT.mkdir(exist_ok=True)
        cls.place = tempfile.TemporaryDirectory(prefix="howto-", dir=BUILT)
        cls.addClassCleanup(cls.place.cleanup)
        cls.tree = Path(cls.place.name)
        cls.parts = blocks(HOWTO.read_text())
        copy_sources(cls.tree)
        follow(cls.parts, cls.tree)
        cls.binary, cls.compiled = build(cls.tree)
        os.environ["GUILDHALL"] = str(cls.binary)
        cls.port = free_port()
        cls.data = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.data.cleanup)
        cls.set = [f"--set=server.data_dir={cls.data.name}", f"--set=server.listen=127.0.0.1:{cls.port}", f"--set=server.secret={SECRET}", "--set=notes.kept=2",
                   "--set=rate.enabled=no", "--set=server.loops=1"]
        cls.p = lib.start(cls.set)
        cls.addClassCleanup(lambda: stop(cls.p))

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path, data=None, headers=()):
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *a):
                return None
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": self.url(""), "Accept": "text/html", **dict(headers)}
        request = urllib.request.Request(self.url(path), data=data, headers=headers)
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=60) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode(), answer.headers

    def leave(self, text, name="Ada"):
        return self.ask("/notes", urllib.parse.urlencode({"text": text, "name": name}).encode())

    def until(self, seen):
        for _ in range(600):
            page = self.ask("/notes")[1]
            if seen(page):
                return page
            time.sleep(0.1)
        self.fail("never seen:\n" + page)

    def listed(self, page):
        return re.findall(r"<li>(.*?) <span", page.split("<ul>")[-1])

    def test_1_lines(self):
        count = written_by_hand(self.parts)
        outside = {path: n for path, n in count.items() if not path.startswith(FOLDER)}
        everything = sum(content.count("\n") for _, content in self.parts)
        print(f"\n{sum(count.values())} lines by hand ({everything} with comments and empty ones) in {len(count)} files, {sum(outside.values())} outside {FOLDER}: {', '.join(outside)}; "
              f"{self.compiled} files compiled")
        self.assertEqual(list(outside), ["src/platform/core/services.def"])
        self.assertLessEqual(sum(outside.values()), OUTSIDE_MOST)
        self.assertLessEqual(sum(count.values()), LINES_MOST)

    def test_2_page_and_form(self):
        status, page, headers = self.ask("/notes")
        self.assertEqual(status, 200)
        self.assertIn("<h1>Notes</h1>", page)
        self.assertIn("None yet.", page)
        status, page, _ = self.leave("")
        self.assertEqual(status, 422)
        self.assertIn("What would you like to say?", page)
        self.assertEqual(self.leave("x" * 201)[0], 422)
        status, _, headers = self.leave("First & <b>best</b>")
        self.assertEqual((status, urllib.parse.urlparse(headers["location"]).path.rstrip("/")), (303, "/notes"))

    def test_3_the_event_shows_it(self):
        # The list and the fragment: each is there when the event has dropped it, whichever was first.
        page = self.until(lambda page: ("First &amp; &lt;b>" in page or "First &amp; &lt;b&gt;" in page) and "The newest note" in page)
        self.assertNotIn("<b>best", page)

    def test_4_the_job_keeps_as_many_as_the_setting_says(self):
        self.assertEqual(self.leave("Second")[0], 303)
        self.assertEqual(self.leave("x" * 200)[0], 303)
        self.until(lambda page: self.listed(page) == ["x" * 200, "Second"])

    def test_5_the_contract(self):
        """As another process of the site asks it."""
        path = "/internal/contracts/notes/count"
        at = int(time.time() * 1e6)
        text = f"POST\n{path}\n{hashlib.sha256(b'{}').hexdigest()}\n{at}"
        signature = f"{at}.{hmac.new(bytes.fromhex(SECRET), text.encode(), hashlib.sha256).hexdigest()}"
        status, body, _ = self.ask(path, b"{}", {"X-Guildhall-Signature": signature, "Content-Type": "application/json"})
        self.assertEqual((status, json.loads(body)), (200, {"status": "OK", "out": {"notes": 2}}))

    def test_6_the_stream(self):
        with urllib.request.urlopen(self.url("/notes/live"), timeout=60) as stream:
            self.assertEqual(stream.headers["content-type"], "text/event-stream")
            self.assertEqual(stream.headers["x-content-type-options"], "nosniff")
            seen = []

            def until(text):
                while text not in seen:
                    line = stream.readline().decode().strip()
                    if line.startswith("data: "):
                        seen.append(json.loads(line[6:])["text"])
            until("x" * 200)
            self.assertEqual(self.leave("Live")[0], 303)
            until("Live")
        self.assertEqual(seen.count("Live"), 1)

    def test_7_its_rows_are_in_the_lists(self):
        def dump(what):
            return subprocess.run([self.binary, "dump", what], capture_output=True, text=True, check=True).stdout
        self.assertIn("notes\tGET\t/notes/live\tstream", dump("routes"))
        self.assertIn("notes.kept\t500", dump("settings"))
        self.assertIn("note.left", dump("events"))
        self.assertIn("notes.sweep", dump("jobs"))
        refused = subprocess.run([self.binary, "dump", "settings", "--set=notes.kept=10001"], capture_output=True, text=True)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("between 1 and 10000", refused.stderr)

    def test_8_what_is_forgotten_is_said(self):
        """Each list that a service stands in: without its line the lint, or the build, says so."""
        lines = (self.tree / "src/platform/core/services.def").read_text()
        self.addCleanup((self.tree / "src/platform/core/services.def").write_text, lines)
        subprocess.run(["git", "init", "-q", str(self.tree)], check=True)

        def lint(name):
            return subprocess.run(["python3", "tests/tools/test_source_rules.py", name], cwd=self.tree, capture_output=True, text=True)
        there = lint("Tables")
        self.assertEqual(there.returncode, 0, there.stderr)
        (self.tree / "src/platform/core/services.def").write_text(lines.replace("X(notes)\n", ""))
        self.assertNotEqual(lint("Tables").returncode, 0)

    def test_8_each_request_may_end_anywhere(self):
        """On SQLite; the other stores are the suite's, where the service is in the tree."""
        done = subprocess.run([self.binary.parent / "tests/cancel/test_cancel", "sqlite"], env=dict(os.environ, GUILDHALL_TEST_ONLY="notes"), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        self.assertEqual(len(re.findall(r"^ok +sqlite .* /notes", done.stdout, re.M)), 3, done.stdout)

    def test_9_it_ends_with_a_listener_there(self):
        stream = urllib.request.urlopen(self.url("/notes/live"), timeout=60)
        self.addCleanup(stream.close)
        self.assertEqual(stop(self.p), 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
