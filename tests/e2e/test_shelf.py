#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shelf as visitors and programs see it: pages of the demonstration, lists narrowed down and turned, a product, what an import changes while it is served."""
import datetime
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


class Shelf(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory()
        cls.dir = Path(cls.tmp.name)
        cls.port = free_port()
        cls.p = start(["--demo", "--data", cls.dir / "site", "--listen", f"127.0.0.1:{cls.port}", "--set", "rate.enabled=no"])
        lines = ["Handle,Page,Title,Body (HTML),Vendor,Type,Tags,Variant Price,Variant Inventory Qty,Variant Unit,Variant Content,Option1 Value"]
        for i in range(60):
            lines.append(f'nail-{i:02},many,Nail {i:02},,Smith {i % 2},Iron > Nails,"size {i % 3}",{(i * 7) % 50 + 1}.00,{i % 4},g,500,')
        lines.append('evil,many,"<b onx>&""Evil",<p onclick=x>Fine<script>no</script></p>,Smith 0,Iron,,2.00,1,piece,1,"</script><i>"')
        lines.append("secret,many,Secret,,Smith 0,Iron,,2.00,1,piece,1,")
        cls.take("\n".join(lines))
        cls.take("Handle,Status,Variant Price\nsecret,draft,2.00\n")

    @classmethod
    def tearDownClass(cls):
        stop(cls.p)
        cls.tmp.cleanup()

    @classmethod
    def take(cls, text):
        path = cls.dir / "in.csv"
        path.write_text(text)
        done = subprocess.run([binary(), "import", "products", path, "--data", cls.dir / "site"], capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def get(self, path, accept="text/html", code=200):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/market{path}", headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read().decode()
        self.assertEqual(status, code, path)
        return text

    def json(self, path):
        return json.loads(self.get(path, "application/json"))

    def all_of(self, path):
        """Every product of a list, page by page as its links lead."""
        found = []
        while path:
            page = self.json(path)
            self.assertLessEqual(len(page["products"]), 24)
            found += page["products"]
            path = page["next"].split("/market", 1)[1] if page["next"] else ""
        return found

    def test_pages_of_the_demonstration(self):
        self.assertEqual([p["slug"] for p in self.json("")["pages"]][:3], ["bakery", "orchard", "tools"])
        html = self.get("/bakery/")
        for words in ("Friday sourdough", "Millrace Bakery", "per kg"):
            self.assertIn(words, html)
        picture = re.search(r'<img src="/market(/media/[^"]+\.svg)"', html)[1]
        self.assertIn("<svg", self.get(picture))
        product = self.get("/bakery/friday-sourdough")
        self.assertIn("6.40 per kg", product)
        self.assertIn("Contains", product)
        data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', product)[1])
        self.assertEqual((data["@type"], data["offers"][0]["price"], data["offers"][0]["priceCurrency"]), ("Product", "4.80", "EUR"))
        self.assertIn("Sold out", self.get("/orchard/damsons"))
        self.assertIn("Dry cider", self.get("/orchard/feed.rss"))
        self.assertIn("cider", self.get("/orchard/feed.json"))

    def test_lists_are_turned_and_narrowed_down(self):
        every = self.all_of("/many/")
        self.assertEqual(len(every), 61)
        self.assertEqual(len({p["handle"] for p in every}), 61)
        for sort, key in (("cheap", lambda p: float(p["price"])), ("dear", lambda p: -float(p["price"])), ("name", lambda p: p["title"].lower())):
            got = self.all_of(f"/many/?sort={sort}")
            self.assertEqual(len(got), 61)
            self.assertEqual([key(p) for p in got], sorted(key(p) for p in every))
        self.assertEqual(len(self.all_of("/many/?category=iron-nails")), 60)
        self.assertEqual(len(self.all_of("/many/?category=iron")), 61)
        self.assertEqual(len(self.all_of("/many/?tag=size-1&category=iron")), 20)
        self.assertEqual(len(self.all_of("/many/?supplier=smith-1")), 30)
        self.assertEqual({p["available"] for p in self.all_of("/many/?there=1")}, {True})
        self.assertEqual(len(self.all_of("/many/?there=1")), 46)
        self.assertTrue(all(float(p["price"]) <= 9.5 for p in self.all_of("/many/?max=9,50")))
        names = {p["handle"] for p in self.all_of("/bakery/?without=gluten")}
        self.assertFalse(names & {"friday-sourdough", "oat-biscuits", "valley-flour"})
        self.assertIn("dark-rye", {p["handle"] for p in self.all_of("/bakery/?without=milk")})
        self.assertIn("without=sesame", self.get("/bakery/"))
        self.assertNotIn("without=", self.get("/many/"))
        self.get("/bakery/?without=glutin", code=404)
        html = self.get("/many/?category=iron-nails&sort=name")
        for words in ("Nails", "Smith 0", "size 1", "Show everything", 'rel="next"'):
            self.assertIn(words, html)
        self.get("/many/?after=x&at=y&sort=cheap&max=-1")

    def test_what_is_hidden_or_hostile(self):
        self.get("/many/secret", code=404)
        self.get("/bakery/nail-01", code=404)
        self.get("/none/", code=404)
        self.get("/suppliers/none", code=404)
        html = self.get("/many/evil")
        self.assertNotIn("<b onx>", html)
        self.assertNotIn("onclick", html)
        self.assertNotIn("</script><i>", html)
        self.assertIn("<p>Fine</p>", html)
        self.assertNotIn("Secret", self.get("/many/?sort=name") + json.dumps(self.all_of("/many/")))

    def test_an_import_beside_the_server_is_seen(self):
        self.assertIn("Nail 07", self.get("/many/nail-07"))
        self.take("Handle,Title,Variant Price\nnail-07,A bent nail,0.10\n")
        end = time.monotonic() + 30
        while "A bent nail" not in self.get("/many/nail-07") and time.monotonic() < end:
            time.sleep(0.1)
        self.assertIn("A bent nail", self.get("/many/nail-07"))

    def test_the_friday_cycle_of_the_demonstration(self):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        first, second = self.json("/cycles")["cycles"]
        self.assertEqual((first["state"], second["state"]), ("open", "upcoming"))
        self.assertTrue(first["opens"] < now < first["closes"] < first["delivers"] < second["delivers"])
        self.assertEqual(datetime.date.fromisoformat(first["delivers"][:10]).weekday(), 4)
        page = self.get("/cycles")
        for words in ("Bread for Friday", "Order until", "Opens", "Friday sourdough"):
            self.assertIn(words, page)
        self.assertIn("Order until", self.get("/bakery/friday-sourdough"))
        self.assertNotIn("Order until", self.get("/bakery/dark-rye"))
        self.assertIn("Order until", self.get("/bakery/"))
        self.assertNotIn("Order until", self.get("/orchard/"))

    def test_search(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/search/?q=sourdough", timeout=30) as answer:
            html = answer.read().decode()
        self.assertIn("/market/bakery/friday-sourdough", html)


if __name__ == "__main__":
    unittest.main()
