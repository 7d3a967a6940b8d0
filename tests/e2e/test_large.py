#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What can be stored can be shown: posts of megabytes, feeds of them, an archive and a sitemap of tens of thousands of posts, a search for a word
that is in each of them; with the memory of few."""
import gzip
import json
import re
import sqlite3
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

from lib import binary, free_port, start, stop

SIZES = [0.2, 0.5, 1, 1.5, 2.1, 3, 3.9]
MANY = 21000


def post(n, slug, size):
    text = f"<p>begin-{slug} " + "word " * int(size * 200000) + f"end-{slug}</p>"
    return {"id": f"{n + 1:024x}", "uuid": f"00000000-0000-4000-8000-{n:012d}", "title": f"Post {slug}", "slug": slug, "html": text, "type": "post",
            "status": "published", "visibility": "public", "created_at": "2026-01-01 09:00:00", "updated_at": "2026-01-01 09:00:00",
            "published_at": f"2026-01-{n % 28 + 1:02d} 09:00:00"}


def imported(folder, name, posts):
    data, file = Path(folder) / name, Path(folder) / f"{name}.json"
    file.write_text(json.dumps({"db": [{"meta": {"exported_on": 1, "version": "6.65.0"}, "data": {"posts": posts}}]}))
    subprocess.run([binary(), "import", "ghost", str(file), "--data", str(data)], check=True, stdout=subprocess.DEVNULL)
    return data


def tokenizer(file, former, fresh):
    """The search index as Python's SQLite can write it (of plain words both make the same), and back."""
    db = sqlite3.connect(file)
    db.execute("PRAGMA writable_schema = ON")
    changed = db.execute("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = 'search_fts'", (f"tokenize = '{former}'", f"tokenize = '{fresh}'")).rowcount
    db.commit()
    db.close()
    assert changed == 1


class Large(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        long = imported(cls.folder.name, "long", [post(k, f"mb-{int(mb * 1000)}", mb) for k, mb in enumerate(SIZES)])
        feed = imported(cls.folder.name, "feed", [post(k, f"f-{k}", 0.2) for k in range(15)])
        many = imported(cls.folder.name, "many", [post(0, "first", 0.001)])
        tokenizer(many / "blog.db", "words", "unicode61")
        db = sqlite3.connect(many / "blog.db")
        columns = [row[1] for row in db.execute("PRAGMA table_info(objects)")]
        new = {"id": "o.id + n.k", "slug": "'p-' || n.k", "title": "'Post ' || n.k", "published_at": "o.published_at - n.k * 3600000000"}
        for unique in ("origin", "origin_id", "path"):
            if unique in columns:
                new[unique] = f"o.{unique} || n.k"
        db.execute(f"""WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {MANY - 1})
            INSERT INTO objects ({', '.join(columns)}) SELECT {', '.join(new.get(c, 'o.' + c) for c in columns)} FROM objects o, n
            WHERE o.type = 'post' AND o.slug = 'first'""")
        db.execute("INSERT INTO search_docs (object_id, title, body) SELECT id, title, 'bread and water, ' || slug FROM objects WHERE type = 'post' AND slug <> 'first'")
        db.commit()
        db.close()
        tokenizer(many / "blog.db", "unicode61", "words")
        cls.servers, cls.ports = [], {}
        for name, data in (("long", long), ("feed", feed), ("many", many)):
            cls.ports[name] = free_port()
            cls.servers.append(start(["--data", str(data), "--listen", f"127.0.0.1:{cls.ports[name]}", "--set", "rate.enabled=no"], cls.ports[name]))

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            stop(server)
        cls.folder.cleanup()

    def get(self, site, path, encoding="identity", cookie=None):
        headers = {"accept-encoding": encoding, **({"cookie": cookie} if cookie else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[site]}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                body = answer.read()
                if answer.headers["content-encoding"] == "gzip":
                    body = gzip.decompress(body)
                return answer.status, body.decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def test_long_posts_are_whole(self):
        for mb in SIZES:
            slug = f"mb-{int(mb * 1000)}"
            for encoding, cookie in (("identity", None), ("gzip", None), ("identity", "gh-blog=nobody")):
                with self.subTest(slug, encoding=encoding, cookie=cookie):
                    status, text = self.get("long", f"/{slug}/", encoding, cookie)
                    self.assertEqual(status, 200)
                    self.assertIn(f"begin-{slug} ", text)
                    self.assertIn(f"end-{slug}</p>", text)
                    self.assertIn("</html>", text)

    def test_feeds_of_long_posts_are_valid(self):
        for site in ("feed", "long"):
            for path in ("/rss/", "/atom.xml"):
                with self.subTest(site, path=path):
                    status, text = self.get(site, path)
                    self.assertEqual(status, 200)
                    ET.fromstring(text)
            status, text = self.get(site, "/feed.json")
            self.assertEqual(status, 200)
            items = json.loads(text)["items"]
            self.assertEqual(len(items), 15 if site == "feed" else len(SIZES))
            for item in items:
                slug = item["url"].rstrip("/").split("/")[-1]
                whole = f"end-{slug}</p>" in item["content_html"]
                self.assertTrue(whole or (site == "long" and "read it on the site" in item["content_html"]), slug)

    def test_the_archive_is_paged(self):
        status, text = self.get("many", "/archive/")
        self.assertEqual(status, 200)
        pages = int(re.search(r"Page 1 of (\d+)", text)[1])
        self.assertEqual(pages, -(-MANY // 500))
        last = self.get("many", f"/archive/page/{pages}/")
        self.assertEqual(last[0], 200)
        self.assertIn(f"/p-{MANY - 1}/", last[1])
        self.assertEqual(self.get("many", f"/archive/page/{pages + 1}/")[0], 404)

    def test_the_sitemap_has_every_address_once(self):
        space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
        status, text = self.get("many", "/sitemap.xml")
        self.assertEqual(status, 200)
        parts = [node.text for node in ET.fromstring(text).iter(f"{space}loc")]
        found = []
        for part in parts:
            status, text = self.get("many", re.sub(r"^https?://[^/]+", "", part))
            self.assertEqual(status, 200)
            found += [node.text for node in ET.fromstring(text).iter(f"{space}loc")]
        self.assertEqual(len([u for u in found if re.search(r"/p-\d+/$", u)]), MANY - 1)
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(self.get("many", f"/sitemaps/{len(parts) + 1}")[0], 404)

    def test_a_common_word_is_found(self):
        status, text = self.get("many", "/search/?q=bread")
        self.assertEqual(status, 200)
        self.assertEqual(len(re.findall(r"<mark>", text)) >= 12, True)


if __name__ == "__main__":
    unittest.main(verbosity=1)
