#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two processes of one blog, on one PostgreSQL and one Redis: the second takes the pages that the first made, both forget them together
when something changes, and without Redis each goes on alone."""

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from lib import binary, free_port, start, stop

ROOT = Path(__file__).resolve().parent.parent.parent
GHOST = ROOT / "tests/fixtures/ghost/ghost6-lexical.json"
SECRET = "5e" * 32


def private(script, folder):
    """Its URL, from tests/lib."""
    done = subprocess.run([ROOT / "tests/lib" / script, "start", folder], stdout=subprocess.PIPE, text=True)
    if done.returncode == 77:
        raise unittest.SkipTest(script)
    return done.stdout.strip()


class Replicas(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gh-replicas-")
        self.addCleanup(folder.cleanup)
        self.data = Path(folder.name)
        self.data.chmod(0o755)
        for script in ("pg.sh", "redis.sh"):
            self.addCleanup(subprocess.run, [ROOT / "tests/lib" / script, "stop", self.data / script])
        self.database = private("pg.sh", self.data / "pg.sh")
        self.redis = private("redis.sh", self.data / "redis.sh")
        self.ports = {}
        self.take_over(GHOST)
        self.start("a")
        self.start("b")

    def settings(self, name):
        return ["--data", self.data / name, "--set", f"blog.database={self.database}", "--set", f"redis.url={self.redis}",
                "--set", f"server.secret={SECRET}", "--set", "server.base_url=http://blog.example", "--set", "rate.enabled=no"]

    def take_over(self, export):
        subprocess.run([binary(), "import", "ghost", export, *self.settings("third")], check=True, capture_output=True, timeout=120)

    def start(self, name):
        self.ports[name] = free_port()
        process = start(["--listen", f"127.0.0.1:{self.ports[name]}", *self.settings(name)])
        self.addCleanup(stop, process)

    def get(self, name, path="/", coding="identity"):
        c = http.client.HTTPConnection("127.0.0.1", self.ports[name], timeout=20)
        c.request("GET", path, headers={"Accept-Encoding": coding})
        answer = c.getresponse()
        body = answer.read()
        c.close()
        self.assertEqual(answer.status, 200, path)
        return dict(answer.getheaders()), body

    def level2_hits(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/metrics", timeout=20) as answer:
            return int(float(re.search(r'level2_hits"[^}]*} ([0-9.e+]+)', answer.read().decode())[1]))

    def until(self, what, says):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if what():
                return
            time.sleep(0.2)
        self.fail(says)

    def test_pages_are_shared(self):
        for name in ("a", "b"):  # what pages are made of
            self.get(name, "/archive/?x=0")
        # Not at once: the import is still being told to both, and what was made within two seconds of that is not trusted.
        rounds = itertools.count()
        self.until(lambda: self.taken(next(rounds)), "b takes each page once, and has it from then on")

    def taken(self, n):
        pages = [f"/archive/?x={n}-{i}" for i in range(20)]
        before = self.level2_hits("b")
        made = {(path, coding): self.get("a", path, coding)[1] for path in pages for coding in ("identity", "gzip", "br")}
        time.sleep(0.3)  # a does not wait for Redis to have them
        for (path, coding), body in made.items():
            self.assertEqual(self.get("b", path, coding)[1], body)
        return self.level2_hits("b") == before + len(pages)

    def test_a_change_reaches_both(self):
        whole = json.loads(GHOST.read_text())
        slug = next(p["slug"] for p in whole["db"][0]["data"]["posts"] if p["status"] == "published" and p["type"] == "post" and p["visibility"] == "public")
        for name in ("a", "b"):
            self.assertNotIn(b"Altogether another title", self.get(name, f"/{slug}/")[1])
        for p in whole["db"][0]["data"]["posts"]:
            if p["slug"] == slug:
                p["title"] = "Altogether another title"
                p["updated_at"] = "2031-01-01T00:00:00.000Z"
        export = self.data / "changed.json"
        export.write_text(json.dumps(whole))
        self.take_over(export)
        for name in ("a", "b"):
            self.until(lambda: b"Altogether another title" in self.get(name, f"/{slug}/")[1], f"{name} shows the new title")

    def test_without_redis(self):
        first = self.get("a")[1]
        os.kill(int((self.data / "redis.sh" / "pid").read_text()), signal.SIGKILL)
        for name in ("a", "b"):
            self.assertEqual(self.get(name)[1], first)
            for path in ("/archive/", "/tags/", "/search/?q=mill", "/archive/?y=1"):
                self.get(name, path)


if __name__ == "__main__":
    unittest.main()
