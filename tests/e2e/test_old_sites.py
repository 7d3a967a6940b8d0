#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What exports of old sites have in them, imported and asked for as a visitor would: dates, addresses, files, links, feeds, languages."""
import json
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

from lib import binary, free_port, start, stop

ID = "65c4f0a1b2d3e4f506172839"


def post(title="A post", html="<p>Text</p>", **more):
    slug = more.pop("slug", re.sub(r"\W+", "-", title.lower()))
    number = sum(map(ord, slug)) + len(slug)
    return {"id": f"{number:024x}", "uuid": f"9c000000-0000-4000-9000-{number:012x}", "title": title, "slug": slug, "html": html, "status": "published", "visibility": "public",
            "type": "post", "published_at": "2024-03-01T10:00:00.000Z", "created_at": "2024-03-01T09:00:00.000Z", **more}


def lexical(*cards):
    return json.dumps({"root": {"type": "root", "version": 1, "children": list(cards)}})


class OldSite(unittest.TestCase):
    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = Path(tmp.name)

    def run_(self, *args):
        return subprocess.run([binary(), *map(str, args), "--data", str(self.dir / "data")], capture_output=True, text=True, timeout=300)

    def take(self, posts, *args, version="5.80.0", settings=None, fails=False):
        file = self.dir / "given.json"
        rows = [{"key": k, "value": v} for k, v in (settings or {}).items()]
        file.write_text(json.dumps({"db": [{"meta": {"exported_on": 1710000000000, "version": version}, "data": {"posts": posts, "settings": rows}}]}))
        done = self.run_("import", "ghost", file, "--json", *args)
        if fails:
            self.assertNotEqual(done.returncode, 0)
            return done.stderr
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        report["said"] = [f"{n['what']}: {n['why']}" for n in report["notes"]]
        return report

    def serve(self):
        port = free_port()
        p = start(["--data", self.dir / "data", "--listen", f"127.0.0.1:{port}", "--set", "rate.enabled=no"])
        self.addCleanup(lambda: self.assertEqual(stop(p), 0))
        p.url = f"http://localhost:{port}"
        return p

    def get(self, server, path):
        try:
            with urllib.request.urlopen(server.url + path) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()

    def text(self, server, path):
        status, _, body = self.get(server, path)
        self.assertEqual(status, 200, path)
        return body.decode()

    def test_dates_as_letters_have_them(self):
        report = self.take([post("Old", published_at="Sat, 07 Apr 2012 08:05:59 +0200"), post("Older", published_at="5 Jan 09 23:30 EST"), post("New")])
        self.assertEqual(report["said"], [])
        page = self.text(self.serve(), "/archive/")
        self.assertEqual(re.findall(r'datetime="(\S+?)"', page), ["2024-03-01T10:00:00Z", "2012-04-07T06:05:59Z", "2009-01-06T04:30:00Z"])

    def test_what_no_date_is_said_truly(self):
        said = self.take([post("No date", published_at="soon", created_at="lately")])["said"]
        self.assertIn("no-date: has no sound date of publication: that of the export was taken", said)
        self.assertIn("other: has no sound date of publication: that of its creation was taken", self.take([post("Other", published_at="soon")])["said"])

    def test_nul_characters_are_left_out(self):
        report = self.take([post("A\0 title", "<p>one\0two</p>", slug="nul"), post("Other", lexical=lexical({"type": "paragraph", "children": [{"type": "text", "text": "three\0four", "format": 0}]}))])
        self.assertTrue(any("NUL" in s for s in report["said"]), report["said"])
        self.assertEqual(report["counts"]["posts"]["added"], 2)
        server = self.serve()
        self.assertIn("onetwo", self.text(server, "/nul/"))
        self.assertIn("A title", self.text(server, "/nul/"))
        self.assertIn("threefour", self.text(server, "/other/"))

    def test_pages_whose_address_is_one_of_ours(self):
        taken = ["archive", "tags", "search", "subscribe", "account", "identity", "rss"]
        posts = [post(f"Their {s}", "<p>Theirs</p>", slug=s, type="page") for s in taken]
        links = '<a href="/archive/">a</a> <a href="/search?q=1#x">s</a> <a href="https://old.example/tags/">t</a> <a href="/archive/2020/">deep</a> <a href="/archives/">no</a>'
        posts.append(post("Links", f"<p>{links}</p>"))
        menu = json.dumps([{"label": "Archive", "url": "https://old.example/archive/"}])
        report = self.take(posts, "--site-url", "https://old.example", settings={"navigation": menu})
        for s in taken:
            self.assertIn(f'{s}: is an address of this program: "{s}-page" was given, and links to it follow', report["said"])
        server = self.serve()
        for s in taken:
            self.assertIn("Theirs", self.text(server, f"/{s}-page/"))
        page = self.text(server, "/links/")
        self.assertEqual(re.findall(r'<a href="([^"]+)"[^>]*>(?:a|s|t|deep|no)</a>', page), ["/archive-page/", "/search-page?q=1#x", "/tags-page/", "/archive/2020/", "/archives/"])
        self.assertRegex(page, r'href="/archive-page/"[^>]*>\s*Archive')
        for location in re.findall(r"<loc>([^<]+)</loc>", self.text(server, "/sitemaps/1")):
            self.assertEqual(self.get(server, location.removeprefix(server.url))[0], 200, location)

    def test_slugs_that_were_changed_are_said(self):
        self.assertIn('under_score: is no address here: "under-score" was made of it, and the old one leads there', self.take([post("Under", slug="under_score")])["said"])
        self.assertIn("Under", self.text(self.serve(), "/under_score/"))

    def test_links_of_harmless_schemes_stay(self):
        good = ["webcal://club.example/events.ics", "sms:+4312345", "xmpp:ask@club.example", "ftp://files.example/a", "geo:48.2,16.3", "tel:+43", "magnet:?xt=urn:x"]
        bad = ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:x"]
        self.take([post("Links", "".join(f'<a href="{u}">l</a>' for u in good + bad))])
        page = self.text(self.serve(), "/links/")
        for u in good:
            self.assertIn(f'<a href="{u}">l</a>', page)
        for u in bad:
            self.assertNotIn(u, page)

    def test_files_to_take_along(self):
        folder = self.dir / "content/files/2024"
        folder.mkdir(parents=True)
        media = self.dir / "content/media"
        media.mkdir()
        texts = {"prices.csv": "bread;3\n", "meeting.ics": "BEGIN:VCALENDAR\n", "walk.gpx": "<gpx/>", "notes.txt": "Grüße", "data.json": "{}"}
        for name, text in texts.items():
            (folder / name).write_text(text)
        for name in ("rules.docx", "form.odt", "all.zip", "sums.xlsx"):
            with zipfile.ZipFile(folder / name, "w") as z:
                z.writestr("content.xml", f"<{name}/>")
        (folder / "letter.rtf").write_bytes(b"{\\rtf1 x}")
        (folder / "wrong.docx").write_bytes(b"MZ\0\0")
        (folder / "binary.csv").write_bytes(b"a\0b")
        (folder / "page.html").write_text("<script>1</script>")
        brands = [b"iso4", b"qt  ", b"dash", b"3gp5", b"mp42"]
        for i, brand in enumerate(brands):
            (media / f"film{i}.mp4").write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", brand, 0) + struct.pack(">I4s", 8 + i, b"free") + bytes(i))
        heads = [b"\xff\xf3", b"\xff\xf2", b"\xff\xfa", b"\xff\xfb"]
        for i, head in enumerate(heads):
            (media / f"talk{i}.mp3").write_bytes(head + bytes(64))
        names = sorted(p.name for p in folder.iterdir())
        cards = [{"type": "file", "src": f"__GHOST_URL__/content/files/2024/{n}", "fileName": n, "fileTitle": n, "fileSize": 9} for n in names]
        cards += [{"type": "video", "src": f"__GHOST_URL__/content/media/film{i}.mp4", "width": 16, "height": 9} for i in range(len(brands))]
        cards += [{"type": "audio", "src": f"__GHOST_URL__/content/media/talk{i}.mp3", "title": "t"} for i in range(len(heads))]
        report = self.take([post("Downloads", lexical=lexical(*cards))], "--media", self.dir / "content")
        refused = ["binary.csv", "page.html", "wrong.docx"]
        self.assertEqual(sorted(s.split(":")[0].split("/")[-1] for s in report["said"]), refused)
        server = self.serve()
        page = self.text(server, "/downloads/")
        served = set(re.findall(r'(?:href|src)="(/media/[^"]+\.(?:csv|ics|gpx|txt|json|docx|odt|zip|xlsx|rtf))"', page))
        self.assertEqual(len(served), len(names) - len(refused))
        for path in served:
            status, headers, _ = self.get(server, path)
            self.assertEqual((status, headers["content-disposition"], headers["x-content-type-options"]), (200, "attachment", "nosniff"), path)
        films = set(re.findall(r'"(/media/[^"]+\.(?:mp4|mp3))"', page))
        self.assertEqual(len(films), len(brands) + len(heads))
        for path in films:
            status, headers, _ = self.get(server, path)
            self.assertEqual((status, headers["content-disposition"]), (200, None), path)

    def test_feeds_are_known_again(self):
        links = '<a href="../up/">u</a><a href="other/">o</a><a href="?q=1&amp;r">q</a><img src="pic/a.png"><a href="/root/">r</a><a href="#x">x</a><a href="mailto:a@b.example">m</a><a href="./here/">h</a>'
        self.take([post("Feed", links, id=ID)])
        server = self.serve()
        item = ET.fromstring(self.text(server, "/rss/")).find("channel/item")
        self.assertEqual((item.findtext("guid"), item.find("guid").get("isPermaLink")), (ID, "false"))
        base = item.findtext("link")
        self.assertEqual(base, f"{server.url}/feed/")
        html = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded")
        want = [f"{server.url}/up/", f"{base}other/", f"{base}?q=1&amp;r", f"{base}pic/a.png", f"{server.url}/root/", f"{base}#x", "mailto:a@b.example", f"{base}here/"]
        self.assertEqual(re.findall(r'(?:href|src)="([^"]+)"', html), want)
        for path in ("/atom.xml", "/feed.json"):
            self.assertIn(f"{base}pic/a.png", self.text(server, path))

    def test_an_id_has_a_length(self):
        self.take([post("Most", id="a" * 64), post("More", id="b" * 65)])
        guids = re.findall(r'<guid isPermaLink="false">([^<]+)</guid>', self.text(self.serve(), "/rss/"))
        self.assertEqual(sorted(g.split(":")[0] for g in guids), ["a" * 64, "urn"])

    def test_a_feed_is_the_same_after_export(self):
        self.take([post("Feed", id=ID)])
        out = self.dir / "out"
        self.assertEqual(self.run_("export", out).returncode, 0)
        data = json.loads((out / "export.json").read_text())["db"][0]["data"]
        self.assertEqual(data["posts"][0]["id"], ID)
        shutil.rmtree(self.dir / "data")
        self.assertEqual(self.run_("import", "ghost", out / "export.json").returncode, 0)
        self.assertIn(f">{ID}</guid>", self.text(self.serve(), "/rss/"))

    def test_languages_are_tags(self):
        report = self.take([post("A", language="pt_BR"), post("B", locale="not a language!"), post("C", locale="a" * 35), post("D", locale="b" * 36)], version="009", settings={"defaultLang": "en_US"})
        self.assertEqual(report["said"], [])  # and 0.11 is known
        server = self.serve()
        self.assertIn('<html lang="en-US">', self.text(server, "/"))
        self.assertIn("<language>en-US</language>", self.text(server, "/rss/"))
        self.assertIn('"language":"en-US"', self.text(server, "/feed.json").replace(" ", ""))
        self.assertRegex(self.text(server, "/a/"), r'<div class="body" lang="pt-BR" dir="ltr">')
        self.assertNotIn("not a language", self.text(server, "/b/"))
        self.assertIn("a" * 35, self.text(server, "/c/"))
        self.assertNotIn("b" * 36, self.text(server, "/d/"))

    def test_a_site_from_right_to_left(self):
        body = "<p>\u0645\u0631\u062d\u0628\u0627 GNU/Linux 5.</p><p>\u05e9\u05dc\u05d5\u05dd.</p><ul><li>\u0648\u0627\u062d\u062f</li></ul>"
        self.take([post("First", body)], settings={"lang": "ar"})
        server = self.serve()
        front, own = self.text(server, "/"), self.text(server, "/first/")
        for part in ('<h2 lang="ar" dir="rtl">', '<p class="excerpt" lang="ar" dir="rtl">'):
            self.assertIn(part, front)
        self.assertRegex(own, r'<h1[^>]* lang="ar" dir="rtl"')
        self.assertRegex(own, r'<div class="body" lang="ar" dir="rtl"')

    def test_pictures_in_any_size_are_found_at_their_old_address(self):
        folder = self.dir / "content/images/2019"
        folder.mkdir(parents=True)
        shutil.copy(Path(__file__).resolve().parent.parent / "fixtures/media/metadata.png", folder / "a b.png")
        self.take([post("One", '<img src="/content/images/2019/a%20b.png">')], "--media", self.dir / "content")
        server = self.serve()
        for path in ("2019/a%20b.png", "size/w600/2019/a%20b.png", "size/w100h100/format/webp/2019/a%20b.png", "size/w600/2019/a%20b.png?v=1"):
            status, headers, _ = self.get(server, f"/content/images/{path}")
            self.assertEqual((status, headers["content-type"].split("/")[0]), (200, "image"), path)
        for path in ("size/w600/2019/other.png", "size/w600/../../../etc/passwd", "size/w600/"):
            self.assertEqual(self.get(server, f"/content/images/{path}")[0], 404, path)

    def test_what_is_taken_out_is_said(self):
        html = ('<form><input>Name</form><script>1</script><script>2</script><object data="https://films.example/p.swf"></object>'
                '<iframe src="https://songs.example/1" title="A song"></iframe><svg><title>Harvest</title></svg>')
        report = self.take([post("Old", html), post("Card", lexical=lexical({"type": "html", "html": html, "version": 1})), post("Plain")])
        lines = ["a form was taken out, its text stays", "2 scripts were taken out", "a frame of a host that is not framed here became a link",
                 "an object or embed became a link, or is gone", "of a drawing or formula the text stays"]
        self.assertEqual(report["said"], [f"{slug}: {line}" for slug in ("old", "card") for line in lines])
        page = self.text(self.serve(), "/old/")
        for shown in ("Name", '<a href="https://films.example/p.swf"', ">A song</a>", "Harvest"):
            self.assertIn(shown, page)

    def test_a_dry_run_counts_all_and_writes_nothing(self):
        folder = self.dir / "content/images"
        folder.mkdir(parents=True)
        shutil.copy(Path(__file__).resolve().parent.parent / "fixtures/media/metadata.png", folder / "a.png")
        posts = [post("One", '<img src="/content/images/a.png">'), post("Two"), post("Three", type="page")]
        dry = self.take(posts, "--media", self.dir / "content", "--dry-run")
        self.assertEqual([p for p in (self.dir / "data").rglob("*") if "media" in p.parts and p.is_file()], [])
        wet = self.take(posts, "--media", self.dir / "content")
        self.assertEqual(dry["counts"], wet["counts"])
        self.assertEqual((wet["counts"]["posts"]["added"], wet["counts"]["media"]["added"]), (2, 1))
        again = self.take(posts, "--media", self.dir / "content", "--dry-run")
        self.assertEqual((again["counts"]["posts"]["unchanged"], again["counts"]["posts"]["added"]), (2, 0))

    def test_a_folder_that_is_not_there(self):
        self.assertIn("there is no such folder", self.take([post()], "--media", self.dir / "nowhere", fails=True))


if __name__ == "__main__":
    unittest.main()
