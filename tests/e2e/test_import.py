#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall import ghost, as people meet it: what a terminal shows, what a pipe gets, and files that nobody would write by hand."""
import json
import os
import pty
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import binary

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "ghost"
WHOLE = FIXTURES / "ghost6-lexical.json"


class Import(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        self.dir = Path(self.tmp.name)

    def run_(self, *args, **more):
        more = {"stderr": subprocess.PIPE, **more}
        return subprocess.run([binary(), *map(str, args), "--data", str(self.dir / "data")], stdout=subprocess.PIPE, text=True, timeout=300, **more)

    def give(self, doc, *args):
        file = self.dir / "given.json"
        file.write_text(json.dumps(doc))
        return self.run_("import", "ghost", file, *args)

    def words(self, text):
        """What is said to people: without the log."""
        return [line for line in text.splitlines() if not line.startswith("{")]

    def site(self):
        out = self.dir / f"out{len(list(self.dir.iterdir()))}"
        self.assertEqual(self.run_("export", out).returncode, 0)
        return json.loads((out / "export.json").read_text())["db"][0]["data"]

    def test_progress_is_for_terminals(self):
        piped = self.run_("import", "ghost", WHOLE)
        self.assertEqual((piped.returncode, [w for w in self.words(piped.stderr) if "[" in w]), (0, []))
        self.assertIn("posts ", piped.stdout)
        try:
            screen, theirs = pty.openpty()
        except OSError as e:
            self.skipTest(f"no terminal to be had here: {e}")
        shown = self.run_("import", "ghost", WHOLE, stderr=theirs)
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(screen, 65536):
                text += piece
        except OSError:
            pass  # the terminal is closed
        os.close(screen)
        self.assertEqual(shown.returncode, 0)
        self.assertRegex(text.decode(), r"\rposts +\[#{30}\] 8/8")
        self.assertNotIn("[#", shown.stdout)

    def test_links_in_the_folder_of_pictures_are_not_followed(self):
        picture = (FIXTURES.parent / "media" / "metadata.png").read_bytes()
        for folder in ("content/images", "elsewhere/2024"):
            (self.dir / folder).mkdir(parents=True)
        (self.dir / "content/images/own.png").write_bytes(picture)
        (self.dir / "elsewhere/2024/theirs.png").write_bytes(picture + b"theirs")
        (self.dir / "content/images/2024").symlink_to(self.dir / "elsewhere/2024")
        (self.dir / "content/images/linked.png").symlink_to(self.dir / "elsewhere/2024/theirs.png")
        html = "".join(f'<img src="/content/images/{name}" alt="">' for name in ("own.png", "2024/theirs.png", "linked.png"))
        post = {"id": "1", "title": "Pictures", "slug": "pictures", "status": "published", "html": html, "published_at": "2024-01-01T00:00:00.000Z"}
        p = self.give({"db": [{"meta": {"version": "6.0.0"}, "data": {"posts": [post]}}]}, "--media", self.dir / "content")
        self.assertEqual(p.returncode, 0, p.stderr)
        said = p.stdout + p.stderr
        self.assertEqual(said.count("a symbolic link leads there, and is not followed"), 2, said)
        kept = [f for f in (self.dir / "data").rglob("*.orig") if f.read_bytes().endswith(b"theirs")]
        self.assertEqual(kept, [])
        self.assertEqual(len(list((self.dir / "data").rglob("*.orig"))), 1)

    def test_too_large(self):
        file = self.dir / "large.json"
        with file.open("wb") as f:
            f.truncate((512 << 20) + 1)
        done = self.run_("import", "ghost", file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("536870913 bytes, at most 536870912 are read", done.stderr)

    def test_what_is_broken_says_where_and_changes_nothing(self):
        self.assertEqual(self.run_("import", "ghost", WHOLE).returncode, 0)
        before = self.site()
        text = WHOLE.read_text().replace("Text and first cards", "Other words")
        at = len(text) // 2
        for name, broken, place in (("cut", text[:at], r"line \d+, column \d+ \(byte \d+\)"), ("comma", text.replace('"posts":', ',"posts":', 1), r"line \d+, column \d+ \(byte \d+\)"),
                                    ("twice", text.replace('"posts":', '"posts":[],"posts":', 1), r"line \d+, column \d+ \(byte \d+\): duplicate"),
                                    ("shape", text.replace('"posts":', '"posts":{},"others":', 1), r'member "db\[0\]\.data\.posts"')):
            file = self.dir / f"{name}.json"
            file.write_text(broken)
            done = self.run_("import", "ghost", file)
            said = self.words(done.stderr)
            self.assertEqual((done.returncode, len(said)), (1, 1), name)
            self.assertRegex(said[0], rf"{re.escape(str(file))} is no Ghost export: .*{place}")
        self.assertEqual(self.site(), before)

    def test_any_table_may_be_missing_and_any_field_null(self):
        whole = json.loads(WHOLE.read_text())
        data = whole["db"][0]["data"]
        for table in [t for t in data if isinstance(data[t], list)]:
            for what, rows in (("missing", None), ("empty", []), ("of nulls", [{k: None for k in row} for row in data[table]]), ("of nothing", [None, 1, "x", [], {}])):
                given = {"db": [{"meta": whole["db"][0]["meta"], "data": {**data, table: rows}}]}
                done = self.give(given, "--dry-run", "--json")
                self.assertEqual(done.returncode, 0, f"{table} {what}: {self.words(done.stderr)}")
                taken = json.loads(done.stdout)["counts"]["posts"]
                if table != "posts":
                    self.assertEqual(taken["skipped"], 0, f"{table} {what}")

    def test_a_dry_run_writes_nothing(self):
        done = self.run_("import", "ghost", WHOLE, "--dry-run")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.site()["posts"], [])


if __name__ == "__main__":
    unittest.main()
