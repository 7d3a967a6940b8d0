#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall export: the site taken along, and back: what comes out goes in again and comes out the same."""
import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import binary

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURES = ROOT / "tests" / "fixtures" / "ghost"


def run(*args, ok=True):
    done = subprocess.run([binary(), *map(str, args)], capture_output=True, text=True, timeout=120)
    if ok and done.returncode:
        raise AssertionError(f"{args}: {done.returncode}: {done.stderr}")
    return done


def tables(folder):
    whole = json.loads((folder / "export.json").read_text())
    assert whole["db"][0]["meta"]["version"].startswith("6.")
    return whole["db"][0]["data"]


def content(data):
    """What matters, without ids of this database: rows by slug, relations as slugs in their order."""
    slug = {row["id"]: row["slug"] for t in ("posts", "tags", "users", "products") for row in data[t]}
    out = {t: sorted(({k: v for k, v in row.items() if k != "id"} for row in data[t]), key=lambda r: r.get("slug") or r.get("name") or r["key"])
           for t in ("posts", "tags", "users", "products", "snippets", "settings")}
    out["meta"] = {slug[m["post_id"]]: {k: v for k, v in m.items() if k not in ("id", "post_id")} for m in data["posts_meta"]}
    for table, target in (("posts_tags", "tag_id"), ("posts_authors", "author_id"), ("posts_products", "product_id")):
        out[table] = [(slug[r["post_id"]], r["sort_order"], slug[r[target]]) for r in data[table]]
        out[table].sort()
    roles = {r["id"]: r["name"] for r in data["roles"]}
    out["roles"] = {slug[r["user_id"]]: roles[r["role_id"]] for r in data["roles_users"]}
    return out


class Export(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        self.dir = Path(self.tmp.name)

    def there_and_back(self, fixture):
        a, b, first, second = (self.dir / n for n in ("a", "b", "first", "second"))
        run("import", "ghost", fixture, "--data", a)
        run("export", first, "--data", a)
        run("import", "ghost", first / "export.json", "--data", b)
        run("export", second, "--data", b)
        self.assertEqual(content(tables(first)), content(tables(second)))
        again = json.loads(run("import", "ghost", first / "export.json", "--data", b, "--json").stdout)
        return tables(first), again

    def test_lexical_comes_out_as_it_went_in(self):
        source = json.loads((FIXTURES / "ghost6-lexical.json").read_text())["db"][0]["data"]
        out, again = self.there_and_back(FIXTURES / "ghost6-lexical.json")
        bodies = {p["slug"]: p.get("lexical") for p in source["posts"] if p.get("lexical")}
        self.assertGreater(len(bodies), 5)
        for post in out["posts"]:
            if post["slug"] in bodies:
                self.assertEqual(json.loads(post["lexical"]), json.loads(bodies[post["slug"]]), post["slug"])
        uuids = {p["uuid"] for p in source["posts"]}
        self.assertEqual({p["uuid"] for p in out["posts"]}, uuids)
        self.assertEqual({t["id"] for t in out["tags"]} - {t["id"] for t in source["tags"]}, set())
        self.assertFalse(any(k in row for row in out["users"] for k in ("password",)))
        for kind in ("posts", "pages", "tags", "authors"):
            self.assertEqual((again["counts"][kind]["added"], again["counts"][kind]["changed"]), (0, 0), kind)

    def test_every_shape_goes_there_and_back(self):
        for name in ("ghost5-mobiledoc.json", "shape-v4.json", "shape-v1.json", "odd-duplicate-slugs.json", "ok-no-posts.json"):
            with self.subTest(name):
                self.there_and_back(FIXTURES / name)
                self.tmp.cleanup()
                self.dir.mkdir()

    def test_pictures_come_along_as_they_were_put(self):
        a, b, out, old = self.dir / "a", self.dir / "b", self.dir / "out", self.dir / "old"
        pictures = sorted((ROOT / "demo" / "images").rglob("*.jpg"), key=lambda p: p.stat().st_size)
        wanted = ("content/images/2026/11/loaf.jpg", "content/images/2026/11/bela.jpg", "content/images/2026/11/mill.jpg")
        for name, picture in zip(wanted, pictures):
            (old / name).parent.mkdir(parents=True, exist_ok=True)
            (old / name).write_bytes(picture.read_bytes())
        run("import", "ghost", FIXTURES / "ghost6-lexical.json", "--media", old / "content", "--data", a)
        self.assertIn(" 3 files\n", run("export", out, "--data", a).stdout)
        files = {str(p.relative_to(out)): p.read_bytes() for p in (out / "content").rglob("*") if p.is_file()}
        self.assertEqual(files, {name: (old / name).read_bytes() for name in wanted})
        text = (out / "export.json").read_text()
        self.assertIn("__GHOST_URL__/content/images/2026/11/loaf.jpg", text)
        self.assertNotIn("/media/", re.sub(r"/content/media/", "", text))
        report = json.loads(run("import", "ghost", out / "export.json", "--media", out / "content", "--data", b, "--json").stdout)
        self.assertEqual(report["counts"]["media"]["added"], 3)

    def test_an_empty_site(self):
        run("export", self.dir / "out", "--data", self.dir / "a")
        data = tables(self.dir / "out")
        self.assertEqual((data["posts"], data["tags"], len(data["roles"])), ([], [], 5))

    def test_nothing_is_overwritten_and_nothing_half_is_left(self):
        out = self.dir / "out"
        out.mkdir()
        (out / "mine").write_text("mine")
        done = run("export", out, "--data", self.dir / "a", ok=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already", done.stderr)
        self.assertEqual([p.name for p in out.iterdir()], ["mine"])
        done = run("export", self.dir / "no" / "such" / "out", "--data", self.dir / "a", ok=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["a", "out"])
        self.assertEqual(run("export", ok=False).returncode, 2)


if __name__ == "__main__":
    unittest.main()
