#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What machines read of the site, held against its specifications: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, sitemaps, robots.txt,
Open Graph, JSON-LD."""
import json
import re
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path

from lib import binary, free_port, start, stop

BASE = "https://millrace.example"
ATOM, CONTENT, DC = "{http://www.w3.org/2005/Atom}", "{http://purl.org/rss/1.0/modules/content/}", "{http://purl.org/dc/elements/1.1/}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
UUIDS = [f"0000000{n}-0000-4000-8000-00000000000{n}" for n in range(1, 5)]

ODD = "Fish & <chips> \x0b\ufffe\uffff “quoted” \"straight\""
CLEAN = "Fish & <chips>  “quoted” \"straight\""


def escape(text):
    """RSS 2.0 takes descriptions for HTML: plain text stands there as HTML has it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


BODY = ('<p id="here">Text &lt;b&gt; with <a href="/other/?a=1&amp;b=2">a link</a>, <a href="#here">a mark</a>, <a href="https://else.example/x">elsewhere</a>, '
        '<code>src="/not an attribute"</code></p><img src="/content/images/a.png" srcset="/content/images/a.png 1x, /content/images/b.png 2x" alt="a > b">'
        '<img src="//cdn.example/c.png" alt="">')


def lexical(*nodes):
    return json.dumps({"root": {"type": "root", "children": list(nodes)}})


def post(n, title, **more):
    return {"id": f"{n:024x}", "uuid": UUIDS[n - 1], "title": title, "slug": f"post-{n}", "status": "published", "visibility": "public", "type": "post",
            "created_at": f"2026-01-0{n}T10:00:00.000Z", "updated_at": f"2026-02-0{n}T10:00:00.000Z", "published_at": f"2026-01-0{n}T10:00:00.000Z", **more}


def export(**change):
    posts = [post(1, ODD, custom_excerpt=ODD, lexical=lexical({"type": "html", "html": BODY})),
             post(2, "Members", visibility="members", lexical=lexical({"type": "paragraph", "children": [{"type": "text", "text": "A secret."}]})),
             post(3, "Shared", og_title="For friends", og_description="Told to friends", twitter_title="For birds", twitter_description="Told to birds",
                  og_image="/content/images/og.png", twitter_image="/content/images/bird.png", meta_title="For engines", meta_description="Told to engines"),
             post(4, "A page", type="page")]
    posts[0].update(change)
    return {"db": [{"meta": {"version": "6.0.0", "exported_on": 1769000000000}, "data": {
        "posts": posts, "tags": [{"id": "t1", "name": "Bread & butter", "slug": "bread", "description": ODD}],
        "users": [{"id": "u1", "name": "Ada <Holroyd>", "slug": "ada", "email": "ada@millrace.example", "bio": "Bakes.", "website": "https://ada.example/"}],
        "posts_tags": [{"post_id": f"{n:024x}", "tag_id": "t1", "sort_order": 0} for n in (1, 2)],
        "settings": [{"key": "title", "value": ODD}, {"key": "description", "value": ODD}, {"key": "lang", "value": "en-GB"}]}}]}


class Head(HTMLParser):
    """Metas by name or property, links by rel, JSON-LD documents."""

    def __init__(self, text):
        super().__init__()
        self.meta, self.link, self.ld, self.inside = {}, {}, [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "meta" and (a.get("property") or a.get("name")):
            self.meta.setdefault(a.get("property") or a["name"], []).append(a["content"])
        elif tag == "link":
            self.link.setdefault(a["rel"], []).append(a["href"])
        self.inside = tag == "script" and a.get("type") == "application/ld+json"

    def handle_data(self, data):
        if self.inside and data.strip():
            self.ld.append(json.loads(data))


class Feeds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.tmp.cleanup)
        cls.data = Path(cls.tmp.name) / "data"
        cls.give(export())
        cls.port = free_port()
        cls.site = start(["--data", cls.data, "--listen", f"127.0.0.1:{cls.port}", "--set", f"server.base_url={BASE}", "--set", "cache.pages=no"])
        cls.addClassCleanup(stop, cls.site)

    @classmethod
    def give(cls, doc, data=None):
        file = Path(cls.tmp.name) / "export.json"
        file.write_text(json.dumps(doc))
        subprocess.run([binary(), "import", "ghost", file, "--data", data or cls.data], check=True, capture_output=True, timeout=120)

    def get(self, path, port=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", headers={"Host": "millrace.example", **{k.replace("_", "-"): v for k, v in headers.items()}})
        try:
            with urllib.request.urlopen(request, timeout=30) as r:
                return r.status, r.headers, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read().decode()

    def absolute(self, url):
        self.assertRegex(url, r"^https://[a-z.]+/", url)

    def is_body_away(self, html):
        """No address in it depends on where it is shown; text that looks like one is left alone."""
        for url in re.findall(r'<[^>]* (?:src|href|poster)="([^"]*)"', html):
            self.absolute(url)
        self.assertNotIn("srcset=", html)
        self.assertIn(f'href="{BASE}/other/?a=1&amp;b=2"', html)
        self.assertIn(f'href="{BASE}/post-1/#here"', html)
        self.assertIn('href="https://else.example/x"', html)
        self.assertIn('src="https://cdn.example/c.png"', html)
        self.assertIn('<code>src="/not an attribute"</code>', html)

    def test_rss(self):
        status, headers, text = self.get("/rss/")
        self.assertEqual((status, headers["content-type"]), (200, "application/rss+xml; charset=utf-8"))
        channel = ET.fromstring(text).find("channel")
        self.assertEqual([channel.findtext(n) for n in ("title", "link", "description", "language")], [CLEAN, f"{BASE}/", escape(CLEAN), "en-GB"])
        self.assertEqual(channel.find(f"{ATOM}link").attrib, {"href": f"{BASE}/rss/", "rel": "self", "type": "application/rss+xml"})
        items = channel.findall("item")
        self.assertEqual([i.findtext("link") for i in items], [f"{BASE}/post-{n}/" for n in (3, 2, 1)])  # newest first, no page
        self.assertEqual([i.findtext("guid") for i in items], [f"{n:024}" for n in (3, 2, 1)])
        self.assertTrue(all(i.find("guid").get("isPermaLink") == "false" for i in items))
        self.assertEqual(parsedate_to_datetime(items[2].findtext("pubDate")), datetime(2026, 1, 1, 10, tzinfo=timezone.utc))
        self.assertEqual(parsedate_to_datetime(channel.findtext("lastBuildDate")), datetime(2026, 2, 3, 10, tzinfo=timezone.utc))
        self.assertEqual((items[2].findtext("title"), items[2].findtext("description")), (CLEAN, escape(CLEAN)))
        self.assertEqual((items[2].findtext("category"), items[2].findtext(f"{DC}creator")), ("Bread & butter", "Ada <Holroyd>"))
        self.is_body_away(items[2].findtext(f"{CONTENT}encoded"))
        self.assertNotIn("secret", text)
        self.assertIn("for members", items[1].findtext(f"{CONTENT}encoded"))

    def test_atom(self):
        status, headers, text = self.get("/atom.xml")
        self.assertEqual((status, headers["content-type"]), (200, "application/atom+xml; charset=utf-8"))
        feed = ET.fromstring(text)
        self.assertEqual((feed.tag, feed.findtext(f"{ATOM}title")), (f"{ATOM}feed", CLEAN))
        for part in [feed, *feed.findall(f"{ATOM}entry")]:
            self.assertEqual([len(part.findall(ATOM + n)) for n in ("id", "title", "updated")], [1, 1, 1])
            self.assertRegex(part.findtext(f"{ATOM}updated"), RFC3339)
            self.assertRegex(part.findtext(f"{ATOM}id"), r"^(urn:uuid:|https://)")
            self.assertTrue(part.findtext(f"{ATOM}author/{ATOM}name"))  # the feed has one, for entries that have none
            for link in part.findall(f"{ATOM}link"):
                self.absolute(link.get("href"))
        self.assertEqual({x.get("rel") for x in feed.findall(f"{ATOM}link")}, {"self", "alternate"})
        first = feed.findall(f"{ATOM}entry")[2]
        self.assertEqual((first.findtext(f"{ATOM}published"), first.findtext(f"{ATOM}updated")), ("2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z"))
        self.assertEqual(first.find(f"{ATOM}content").get("type"), "html")
        self.is_body_away(first.findtext(f"{ATOM}content"))
        self.assertEqual(len({e.findtext(f"{ATOM}id") for e in feed.findall(f"{ATOM}entry")}), 3)

    def test_json_feed(self):
        status, headers, text = self.get("/feed.json")
        self.assertEqual((status, headers["content-type"]), (200, "application/feed+json; charset=utf-8"))
        feed = json.loads(text)
        self.assertEqual((feed["version"], feed["home_page_url"], feed["feed_url"]), ("https://jsonfeed.org/version/1.1", f"{BASE}/", f"{BASE}/feed.json"))
        for item in feed["items"]:
            self.assertIsInstance(item["id"], str)
            self.absolute(item["url"])
            self.assertRegex(item["date_published"], RFC3339)
            self.assertRegex(item["date_modified"], RFC3339)
            self.assertIsInstance(item["authors"], list)
        self.assertEqual(feed["items"][2]["tags"], ["Bread & butter"])
        self.is_body_away(feed["items"][2]["content_html"])

    def test_ids_stay_when_all_else_changes(self):
        def ids():
            return {i["id"]: i["url"] for i in json.loads(self.get("/feed.json")[2])["items"]}
        before = ids()
        try:
            self.give(export(slug="moved", title="Another", published_at="2025-05-05T10:00:00.000Z"))
            after = ids()
        finally:
            self.give(export())
        self.assertEqual(before.keys(), after.keys())
        self.assertEqual(after[f"urn:uuid:{UUIDS[0]}"], f"{BASE}/moved/")

    def test_feeds_of_a_topic_and_an_author(self):
        for path, home in (("/tag/bread/rss/", "/tag/bread/"), ("/author/ada/rss/", "/author/ada/")):
            channel = ET.fromstring(self.get(path)[2]).find("channel")
            self.assertEqual((channel.findtext("link"), channel.find(f"{ATOM}link").get("href")), (BASE + home, BASE + path))
            self.assertIn(BASE + "/post-1/", [i.findtext("link") for i in channel.findall("item")])
            self.assertIn(path, Head(self.get(home)[2]).link["alternate"])
        self.assertEqual(self.get("/tag/none/rss/")[0], 404)

    def test_who_asks_again_is_told_that_nothing_changed(self):
        data, port = Path(self.tmp.name) / "kept", free_port()
        self.give(export(), data)
        self.addCleanup(stop, start(["--data", data, "--listen", f"127.0.0.1:{port}"]))
        for path in ("/", "/post-1/", "/rss/", "/atom.xml", "/feed.json", "/sitemap.xml", "/robots.txt"):
            tag = self.get(path, port)[1]["etag"]
            status, headers, text = self.get(path, port, If_None_Match=tag)
            self.assertEqual((status, text, headers["etag"]), (304, "", tag), path)
            self.assertEqual(self.get(path, port, If_None_Match='W/"else"')[0], 200)
        before = self.get("/rss/", port)[1]["etag"]
        self.give(export(title="Another"), data)  # by another process, while pages are kept for minutes
        for _ in range(300):
            status, _, text = self.get("/rss/", port, If_None_Match=before)
            if status == 200:
                break
            time.sleep(0.1)
        self.assertEqual((status, "<title>Another</title>" in text), (200, True))

    def test_sitemap_and_robots(self):
        status, headers, text = self.get("/sitemap.xml")
        self.assertEqual((status, headers["content-type"]), (200, "application/xml; charset=utf-8"))
        urls = ET.fromstring(text).findall(f"{SITEMAP}url")
        places = [u.findtext(f"{SITEMAP}loc") for u in urls]
        self.assertEqual(sorted(places), sorted(BASE + p for p in ("/", "/post-1/", "/post-2/", "/post-3/", "/post-4/", "/tag/bread/", "/author/ada/")))
        for u in urls:
            if u.find(f"{SITEMAP}lastmod") is not None:
                self.assertRegex(u.findtext(f"{SITEMAP}lastmod"), RFC3339)
        for place in places:
            self.assertEqual(self.get(place[len(BASE):])[0], 200, place)
        robots = self.get("/robots.txt")[2].splitlines()
        self.assertIn("User-agent: *", robots)
        self.assertIn(f"Sitemap: {BASE}/sitemap.xml", robots)

    def test_open_graph(self):
        for path, kind, title in (("/", "website", CLEAN), ("/post-1/", "article", CLEAN), ("/post-4/", "website", "A page"), ("/tag/bread/", "website", "Bread & butter"),
                                  ("/author/ada/", "profile", "Ada <Holroyd>"), ("/archive/", "website", "Archive"), ("/tags/", "website", "Topics")):
            meta = Head(self.get(path)[2]).meta
            self.assertEqual([meta[f"og:{n}"] for n in ("type", "url")], [[kind], [BASE + path]], path)
            self.assertEqual(meta["og:title"][0].replace("\x0b", "").replace("\ufffe", "").replace("\uffff", ""), title)
            self.assertEqual(len(meta["og:site_name"]), 1)
        post = Head(self.get("/post-1/")[2]).meta
        self.assertEqual((post["article:published_time"], post["article:modified_time"]), (["2026-01-01T10:00:00Z"], ["2026-02-01T10:00:00Z"]))
        self.assertEqual((post["article:author"], post["article:tag"]), ([f"{BASE}/author/ada/"], ["Bread & butter"]))
        shared = Head(self.get("/post-3/")[2])
        want = {"og:title": "For friends", "og:description": "Told to friends", "og:image": f"{BASE}/content/images/og.png", "twitter:title": "For birds",
                "twitter:description": "Told to birds", "twitter:image": f"{BASE}/content/images/bird.png", "description": "Told to engines"}
        self.assertEqual({k: shared.meta[k] for k in want}, {k: [v] for k, v in want.items()})
        self.assertIn("<title>For engines</title>", self.get("/post-3/")[2])
        self.assertEqual(shared.link["canonical"], [f"{BASE}/post-3/"])
        for written in ("/post-3/?from=a-letter", "/p%6fst-3/", "/%2e%2e/post-3/"):
            self.assertEqual(Head(self.get(written)[2]).link["canonical"], [f"{BASE}/post-3/"], written)
        self.assertEqual(Head(self.get("/search/?q=fish")[2]).meta["robots"], ["noindex"])

    def test_structured_data(self):
        def ld(path):
            found = Head(self.get(path)[2]).ld
            self.assertEqual([d["@context"] for d in found], ["https://schema.org"], path)
            return found[0]
        self.assertEqual(ld("/")["@type"], "WebSite")
        article = ld("/post-1/")
        self.assertEqual((article["@type"], article["datePublished"], article["dateModified"]), ("Article", "2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z"))
        self.assertEqual(article["author"], [{"@type": "Person", "name": "Ada <Holroyd>", "url": f"{BASE}/author/ada/"}])
        self.assertEqual((article["mainEntityOfPage"], article["isAccessibleForFree"]), (f"{BASE}/post-1/", True))
        self.assertFalse(ld("/post-2/")["isAccessibleForFree"])
        self.assertEqual(ld("/post-4/")["@type"], "WebPage")
        self.assertEqual((ld("/tag/bread/")["@type"], ld("/tag/bread/")["url"]), ("CollectionPage", f"{BASE}/tag/bread/"))
        person = ld("/author/ada/")["mainEntity"]
        self.assertEqual((person["@type"], person["name"], person["sameAs"]), ("Person", "Ada <Holroyd>", ["https://ada.example/"]))


if __name__ == "__main__":
    unittest.main()
