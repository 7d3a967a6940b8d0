#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall import markdown FOLDER: posts of plain files, whole or not at all, beside a running server too."""
import json
import re
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from lib import binary, free_port, start, stop

PICTURE = Path(__file__).resolve().parent.parent / "fixtures" / "media" / "metadata.png"
WAIT = 30  # seconds until what was imported must be seen: it takes less than five where nothing else runs


class Markdown(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        self.dir = Path(self.tmp.name)
        self.data = self.dir / "data"
        self.folder = self.dir / "texts"
        self.folder.mkdir()
        self.server = None

    def run_(self, *args):
        return subprocess.run([binary(), *map(str, args), "--data", str(self.data)], capture_output=True, text=True, timeout=300)

    def bring(self, **files):
        for name, text in files.items():
            (self.folder / f"{name}.md").write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.run_("import", "markdown", self.folder)

    def serve(self):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.server = start(["--data", self.data, "--listen", f"127.0.0.1:{port}", "--set", f"server.base_url={self.base}"])
        self.addCleanup(stop, self.server)

    def get(self, path):
        try:
            with urllib.request.urlopen(self.base + path, timeout=60) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def body(self, slug):
        status, html = self.get(f"/{slug}/")
        self.assertEqual(status, 200, slug)
        return re.search(r'<div class="body"[^>]*>\n(.*?)\n</div>\n(?:<footer|</article)', html, re.S)[1]

    def test_a_post_as_its_file_says(self):
        done = self.bring(mill='---\ntitle: "The mill: a history"\nslug: our-mill\ndate: 2024-05-06T07:08:09+02:00\ntags: [Water, "Über uns"]\nlayout: post\n---\n# One\n\n## Two\n\n'
                               'Words with ![a wheel](/wheel.jpg "The wheel").\n\n```c++\nint x;\n```\n\n```asp.net-2#_\n<b>\n```\n\n<script>\nalert(1)\n</script>\n\n<b onclick="x()">bold</b> [bad](javascript:void)\n',
                          hidden="---\ntitle: Hidden\ndraft: true\n---\nSecret words\n", plain="# From the heading\n\nText\n", soon="---\ndate: 2999-01-01\n---\nLater\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"posts +4 +0 +0 +0")
        self.assertIn('"layout" means nothing here and was left out', done.stdout)
        self.serve()
        html = self.body("our-mill")
        for part in ("<h1>One</h1>", "<h2>Two</h2>", 'title="The wheel"', 'class="language-c++"', 'class="language-asp.net-2#_"', "&lt;b&gt;", "<b>bold</b>"):
            self.assertIn(part, html)
        self.assertNotIn("alert", html)
        self.assertNotIn("javascript", html)
        page = self.get("/our-mill/")[1]
        self.assertIn("The mill: a history", page)
        self.assertIn("2024-05-06T05:08:09Z", page)
        self.assertIn("The mill", self.get("/tag/water/")[1])
        self.assertIn("Über uns", self.get("/tag/uber-uns/")[1])
        self.assertIn("From the heading", self.get("/plain/")[1])
        for slug in ("hidden", "soon"):
            self.assertEqual(self.get(f"/{slug}/")[0], 404)
        everywhere = self.get("/")[1] + self.get("/rss/")[1] + self.get("/sitemap.xml")[1] + self.get("/search/?q=secret")[1]
        self.assertNotIn("/hidden/", everywhere)

    def test_again_changes_nothing_and_a_change_changes_one(self):
        self.assertEqual(self.bring(a="---\ntags: [x]\n---\nA\n", b="B\n").returncode, 0)
        (self.dir / "one").mkdir()
        self.assertEqual(self.run_("export", self.dir / "one" / "site").returncode, 0)
        before = json.loads((self.dir / "one/site/export.json").read_text())["db"][0]["data"]
        self.assertRegex(self.run_("import", "markdown", self.folder).stdout, r"posts +0 +0 +2 +0\n")
        self.assertEqual(self.run_("export", self.dir / "one" / "again").returncode, 0)
        self.assertEqual(json.loads((self.dir / "one/again/export.json").read_text())["db"][0]["data"], before)
        self.assertRegex(self.bring(b="B2\n").stdout, r"posts +0 +1 +1 +0\n")
        self.assertEqual(self.run_("export", self.dir / "one" / "third").returncode, 0)
        after = {p["slug"]: p for p in json.loads((self.dir / "one/third/export.json").read_text())["db"][0]["data"]["posts"]}
        was = {p["slug"]: p for p in before["posts"]}
        self.assertEqual(after["b"]["published_at"], was["b"]["published_at"])
        self.assertIn("B2", after["b"]["lexical"])
        self.assertEqual(after["a"], was["a"])

    def test_what_is_broken_is_named_and_nothing_is_taken(self):
        self.assertEqual(self.bring(good="Good\n").returncode, 0)
        for name, text, place in (("yaml", "---\ntitle: [x\n---\nB\n", "line 3"), ("date", "---\ntitle: x\ndate: tomorrow\n---\n", "line 3: date"), ("draft", "---\ndraft: perhaps\n---\n", "line 2: draft"),
                                  ("tags", "---\ntags: [{a: b}]\n---\n", "line 2: a tag"), ("list", "---\n- a\n---\n", "line 2"), ("title", "---\ntitle: {a: b}\n---\n", "line 2: title"), ("bytes", b"one\ntwo \xff\n", "line 2: it is not UTF-8"),
                                  ("twice", "---\nslug: good\n---\n", "good.md and twice.md want the same address"), ("signs", "---\nslug: '***'\ntitle: '***'\n---\n", "no address")):
            done = self.bring(**{name: text, "fresh": "Fresh\n"})
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(place, done.stderr, name)
            self.assertIn(f"{name}.md", done.stderr, name)
            (self.folder / f"{name}.md").unlink()
        (self.folder / "link.md").symlink_to("/etc/hostname")
        done = self.run_("import", "markdown", self.folder)
        self.assertEqual((done.returncode, "link.md: " in done.stderr), (1, True), done.stderr)
        (self.folder / "link.md").unlink()
        self.assertEqual(self.run_("import", "markdown", self.dir / "nonesuch").returncode, 1)
        self.assertEqual(self.run_("import", "markdown", self.dir).returncode, 1)
        self.serve()
        self.assertEqual(self.get("/fresh/")[0], 404)

    def test_texts_at_their_limits(self):
        many = ", ".join(f"t{i}" for i in range(100))
        for tags, code in ((many, 0), (many + ", more", 1)):
            self.assertEqual(self.bring(tags=f"---\ntags: [{tags}]\n---\nx\n").returncode, code)
        (self.folder / "tags.md").unlink()
        head = "---\ntitle: T\n#"
        for size, code in ((64 << 10, 0), ((64 << 10) + 1, 1)):
            self.assertEqual(self.bring(head=head + "x" * (size - len(head) + 4 - 1) + "\n---\nx\n").returncode, code, size)
        (self.folder / "head.md").unlink()
        self.assertEqual(self.bring(large="x" * ((8 << 20) + (64 << 10) + 1)).returncode, 1)
        (self.folder / "large.md").unlink()
        others = "".join(f"o{i}: 1\n" for i in range(40))
        self.assertEqual(self.bring(others=f"---\n{others}---\nx\n").stdout.count("means nothing here"), 32)

    def test_pictures_in_the_folder_come_along(self):
        (self.folder / "pics").mkdir()
        (self.folder / "pics/my wheel.png").write_bytes(PICTURE.read_bytes())
        (self.dir / "outside.png").write_bytes(PICTURE.read_bytes())
        done = self.bring(a='![w](pics/my%20wheel.png "T") ![o](../outside.png) ![n](none.png)\n')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.serve()
        html = self.body("a")
        src = re.search(r'<img src="(/media/[^"]+)"', html)[1]
        self.assertEqual(urllib.request.urlopen(self.base + src).status, 200)
        self.assertEqual(html.count('src="/media/'), 1)
        self.assertIn('title="T"', html)

    def test_beside_a_running_server(self):
        self.serve()
        self.assertEqual(self.get("/late/")[0], 404)
        self.assertEqual(self.bring(late="# Late\n").returncode, 0)
        end = time.monotonic() + WAIT
        while self.get("/late/")[0] != 200:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
