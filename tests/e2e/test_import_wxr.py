#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall import wxr FILE: what WordPress showed to everybody is here, and nothing else of it."""
import re
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from xml.sax.saxutils import escape

from lib import binary, free_port, start, stop

SITE = "https://old.example.org"
WAIT = 30  # seconds until what was imported must be seen beside a running server


def cdata(text):
    return f"<![CDATA[{text}]]>"


def item(number, title="T", kind="post", status="publish", slug=None, content="", link=None, more="", date="2019-05-06 07:08:09", parent=0, order=0, password="", creator="mara"):
    slug = f"p{number}" if slug is None else slug
    return f"""<item><title>{escape(title)}</title><link>{link or f'{SITE}/2019/05/{slug}/'}</link><pubDate>Mon, 06 May 2019 07:08:09 +0000</pubDate><dc:creator>{cdata(creator)}</dc:creator>
<content:encoded>{cdata(content)}</content:encoded><excerpt:encoded>{cdata('')}</excerpt:encoded><wp:post_id>{number}</wp:post_id><wp:post_date>{date}</wp:post_date><wp:post_date_gmt>{date}</wp:post_date_gmt>
<wp:post_name>{slug}</wp:post_name><wp:status>{status}</wp:status><wp:post_parent>{parent}</wp:post_parent><wp:menu_order>{order}</wp:menu_order><wp:post_type>{kind}</wp:post_type>
<wp:post_password>{password}</wp:post_password><wp:is_sticky>0</wp:is_sticky>{more}</item>"""


def meta(**values):
    return "".join(f"<wp:postmeta><wp:meta_key>{k}</wp:meta_key><wp:meta_value>{cdata(v)}</wp:meta_value></wp:postmeta>" for k, v in values.items())


def comment(number, text, name="Ines", approved="1", parent=0):
    return f"""<wp:comment><wp:comment_id>{number}</wp:comment_id><wp:comment_author>{cdata(name)}</wp:comment_author><wp:comment_author_email>ines@secret.example</wp:comment_author_email>
<wp:comment_author_url>https://secret.example/</wp:comment_author_url><wp:comment_author_IP>192.0.2.77</wp:comment_author_IP><wp:comment_date_gmt>2019-06-0{number % 9 + 1} 10:00:00</wp:comment_date_gmt>
<wp:comment_content>{cdata(text)}</wp:comment_content><wp:comment_approved>{approved}</wp:comment_approved><wp:comment_type></wp:comment_type><wp:comment_parent>{parent}</wp:comment_parent></wp:comment>"""


def export(*items, scheme="http", version="1.2", head=""):
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
{head}<rss version="2.0" xmlns:excerpt="{scheme}://wordpress.org/export/{version}/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="{scheme}://wordpress.org/export/{version}/">
<channel><title>Old site</title><link>{SITE}</link><description>About</description><wp:wxr_version>{version}</wp:wxr_version><wp:base_blog_url>{SITE}</wp:base_blog_url>
<wp:author><wp:author_login>mara</wp:author_login><wp:author_email>mara@secret.example</wp:author_email><wp:author_display_name>{cdata('Mara Koch')}</wp:author_display_name></wp:author>
<wp:category><wp:category_nicename>water</wp:category_nicename><wp:cat_name>{cdata('Water &amp; wind')}</wp:cat_name></wp:category>
{"".join(items)}</channel></rss>"""


class Wxr(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        self.dir = Path(self.tmp.name)
        self.data = self.dir / "data"

    def bring(self, *items, **more):
        file = self.dir / "export.xml"
        file.write_text(items[0] if len(items) == 1 and items[0].startswith(("<?xml", "{")) else export(*items, **more))
        return subprocess.run([binary(), "import", "wxr", str(file), "--data", str(self.data)], capture_output=True, text=True, timeout=300)

    def serve(self):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.addCleanup(stop, start(["--data", self.data, "--listen", f"127.0.0.1:{port}", "--set", f"server.base_url={self.base}", "--set", "rate.enabled=no"]))

    def get(self, path):
        try:
            with urllib.request.urlopen(self.base + path, timeout=60) as r:
                self.url = r.url.removeprefix(self.base)
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def body(self, slug):
        status, html = self.get(f"/{slug}/")
        self.assertEqual(status, 200, slug)
        return re.search(r'<div class="body"[^>]*>\n(.*?)\n</div>\n(?:<footer|</article)', html, re.S)[1]

    def test_posts_pages_topics_menus(self):
        topics = '<category domain="category" nicename="water"><![CDATA[Water &amp; wind]]></category><category domain="post_tag" nicename="mills"><![CDATA[Mills]]></category>'
        for scheme, version in (("http", "1.2"), ("https", "1.2"), ("http", "1.1")):
            self.data = self.dir / f"{scheme}{version}"
            done = self.bring(item(1, "The mill", slug="mill", content="One\ntwo\n\nThree <script>alert(1)</script>", more=topics),
                              item(2, "Parent", "page", slug="parent", link=f"{SITE}/parent/"), item(4, "Grandchild", "page", slug="grandchild", link=f"{SITE}/parent/child/grandchild/", parent=3),
                              item(3, "Child", "page", slug="child", link=f"{SITE}/parent/child/", parent=2, content=f'<a href="{SITE}/2019/05/mill/">mill</a>'),
                              item(10, "", "nav_menu_item", order=1, more=meta(_menu_item_type="post_type", _menu_item_object_id="2", _menu_item_menu_item_parent="0") + '<category domain="nav_menu" nicename="main">Main</category>'),
                              item(11, "Outside", "nav_menu_item", order=2, more=meta(_menu_item_type="custom", _menu_item_url="https://example.com/x", _menu_item_menu_item_parent="10") + '<category domain="nav_menu" nicename="main">Main</category>'),
                              item(12, "A block", "wp_block"), scheme=scheme, version=version)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("wp_block", done.stdout)
            self.serve()
            page = self.get("/mill/")[1]
            self.assertIn("Mara Koch", page)
            self.assertIn("<p>One<br>\ntwo</p>\n<p>Three</p>", self.body("mill"))
            self.assertIn("The mill", self.get("/tag/water/")[1])
            self.assertIn("Water &amp; wind", self.get("/tag/water/")[1])
            self.assertIn("The mill", self.get("/tag/mills/")[1])
            self.assertEqual((self.get("/2019/05/mill/")[0], self.url), (200, "/mill/"))
            self.assertIn('<a href="/mill/">', self.body("child"))
            self.assertEqual((self.get("/parent/child/")[0], self.url), (200, "/child/"))
            self.assertIn('href="/parent/"', self.get("/child/")[1])
            self.assertEqual((self.get("/parent/child/grandchild/")[0], self.url), (200, "/grandchild/"))
            self.assertIn('href="/child/"', self.get("/grandchild/")[1])
            home = self.get("/")[1]
            self.assertRegex(home, r'<li><a href="/parent/">Parent</a><ul>\s*<li><a href="https://example.com/x">Outside</a>')
            self.assertNotIn("secret.example", home + page)

    def test_what_was_not_public_is_nowhere(self):
        hidden = [item(1, "Draftsecret", status="draft", content="draftsecret"), item(2, "Waitsecret", status="pending", content="waitsecret"), item(3, "Privatesecret", status="private", content="privatesecret"),
                  item(4, "Latersecret", status="future", date="2999-01-01 00:00:00", content="latersecret"), item(5, "Missedsecret", status="future", content="missedsecret"),
                  item(6, "Lockedsecret", password="x", content="lockedsecret", more=comment(1, "commentsecret")), item(7, "Trashsecret", status="trash", content="trashsecret"), item(8, "Pagesecret", "page", status="private", content="pagesecret")]
        done = self.bring(*hidden, item(9, "Seen", content="seen", more=comment(2, "approvedwords\n\nmore <script>x</script>") + comment(3, "waitingsecret", approved="0") + comment(4, "spamsecret", approved="spam") + comment(5, "An answer", "Olu", parent=2)))
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("is behind a password", "was not public", "was scheduled and never published", "is trash"):
            self.assertIn(word, done.stdout)
        self.serve()
        seen = self.get("/p9/")[1]
        for word in ("approvedwords", "Ines", "An answer", "Olu"):
            self.assertIn(word, seen)
        everywhere = "".join(self.get(p)[1] for p in ("/", "/p9/", "/rss/", "/feed.json", "/atom.xml", "/sitemap.xml", "/archive/", *(f"/p{n}/" for n in range(1, 9))))
        self.assertEqual(re.findall(r"(?:draft|wait|private|later|missed|locked|comment|trash|page|waiting|spam)secret", everywhere), [])
        for word in ("draft", "locked", "later", "trash"):
            self.assertNotRegex(self.get(f"/search/?q={word}secret")[1], r'href="[^"]*/p[1-8]/"')
        self.assertEqual([self.get(f"/p{n}/")[0] for n in range(1, 9)], [404] * 8)
        for word in ("192.0.2.77", "secret.example"):
            self.assertNotIn(word, everywhere)

    def test_shortcodes_and_blocks(self):
        picture = [item(n, f"Wheel {n}", "attachment", "inherit", more=f"<wp:attachment_url>{SITE}/wp-content/uploads/w{n}.jpg</wp:attachment_url>", parent=1) for n in (20, 21)]
        texts = {
            1: ('[gallery ids="20"]', ["w20.jpg"], ["w21.jpg"]), 2: ("x [gallery] y", ["x", "y"], ["gallery"]),
            3: ('[caption id="a" width="3"]<a href="/x"><img src="/i.jpg" /></a> Words of it[/caption]', ["<figcaption>Words of it</figcaption>", "/i.jpg"], ["[caption", "[/caption"]),
            4: ('[caption caption="Old words"]<img src="/i.jpg">[/caption]', ["Old words"], ["[caption"]), 5: ("[embed]https://example.com/v[/embed]", ['href="https://example.com/v"'], ["[embed"]),
            6: ('[audio src="https://example.com/a.mp3"][video mp4="https://example.com/v.mp4"][/video]', ["<audio", "a.mp3", "<video", "v.mp4"], ["[audio", "[video", "[/video"]),
            7: ('[foo bar="1"]kept [baz x=1]inner[/baz][/foo] [contact-form-7 id="1"] [sic] [1] a[0]', ["kept", "inner", "[sic]", "[1]", "a[0]"], ["[foo", "[/foo", "[baz", "[contact"]),
            8: ("[[gallery]] as text", ["[gallery] as text"], []), 9: ("<pre>one\n\ntwo\n  three</pre>\n\nafter", ["<pre>one\n\ntwo\n  three</pre>", "<p>after</p>"], []),
            10: ('<!-- wp:paragraph {"a":1} -->\n<p>Block</p>\n<!-- /wp:paragraph -->\n<!-- wp:latest-posts /-->\n<!-- wp:embed --><figure><div>\nhttps://example.com/e\n</div></figure><!-- /wp:embed -->\nloose\n\nends', ["<p>Block</p>", 'href="https://example.com/e"', "<p>loose</p>", "<p>ends</p>"], ["wp:", "<!--"]),
            11: ("<blockquote>said\n\nmore</blockquote>\nafter", ["<p>said</p>", "<p>more</p>", "<p>after</p>"], []), 12: ("a\n\nhttps://example.com/alone\n\nb", ['<a href="https://example.com/alone"'], []),
            13: ("<ul>\n<li>a</li>\n<li>b</li>\n</ul>\nafter\n<!--more-->\nrest", ["<li>a</li>", "<p>after", "rest"], ["<br>\n<li", "more"]), 14: ("<div>in\n\ntwo</div>", ["<p>in</p>", "<p>two</p>"], []),
        }
        done = self.bring(*picture, *(item(n, content=t[0]) for n, t in texts.items()))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('of "foo" only the text stays', done.stdout)
        self.assertIn('of "latest-posts" only the text stays', done.stdout)
        self.serve()
        for n, (source, wanted, unwanted) in texts.items():
            html = self.body(f"p{n}")
            for part in wanted:
                self.assertIn(part, html, source)
            for part in unwanted:
                self.assertNotIn(part, html, source)

    def test_again_changes_nothing(self):
        items = [item(1, content="a", more=comment(1, "c")), item(2, kind="page")]
        self.assertEqual(self.bring(*items).returncode, 0)
        again = self.bring(*items)
        self.assertRegex(again.stdout, r"posts +0 +0 +1 +0\npages +0 +0 +1 +0\n")
        self.assertRegex(again.stdout, r"comments +0 +0 +1 +0\n")
        self.assertRegex(self.bring(item(1, content="b"), items[1]).stdout, r"posts +0 +1 +0 +0\npages +0 +0 +1 +0\n")

    def test_what_is_broken_is_named_and_nothing_is_taken(self):
        whole = export(item(1, content="good"))
        entity = whole.replace("<rss", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss', 1).replace("good", "]]>&x;<![CDATA[")
        deep = whole.replace("<item>", "<item>" + "<a>" * 40 + "</a>" * 40)
        for name, text, place in (("cut", whole[: len(whole) // 2], r"line \d+, column \d+"), ("entity", entity, "DOCTYPE"), ("deep", deep, "nested deeper"), ("amp", whole.replace("Old site", "Old & site"), r"line \d+, column \d+"),
                                  ("other", "<?xml version='1.0'?><feed/>", "no channel"), ("rss", "<?xml version='1.0'?><rss><channel><title>x</title></channel></rss>", "wxr_version"), ("json", "{}", "line 1"),
                                  ("large", export(item(1, content="x" * ((8 << 20) + 1))), "the item in line")):
            done = self.bring(text)
            self.assertEqual(done.returncode, 1, name)
            self.assertRegex(done.stderr, place, name)
        self.serve()
        self.assertEqual(self.get("/p1/")[0], 404)

    def test_at_its_limits(self):
        entries = "".join(item(100 + n, f"Entry{n}", "nav_menu_item", order=n, more=meta(_menu_item_type="custom", _menu_item_url=f"https://example.com/{n}") + '<category domain="nav_menu" nicename="m">M</category>') for n in range(101))
        chain = "".join(item(300 + n, f"Level {n}", "page", slug=f"level-{n}", parent=301 + n if n < 19 else 0) for n in range(20))
        nested = "".join(f'[n{i} a="1"]' for i in range(20)) + "inmost" + "".join(f"[/n{i}]" for i in reversed(range(20)))
        many = "".join(f'a{i}="1" ' for i in range(40))
        done = self.bring(entries, chain, item(1, content=f"[foo {many}]text[/foo]"), item(2, content=f"top {nested} end"), item(3, content='[gallery ids="' + ",".join(["9"] * 201) + '"]'), item(4, content=f'[{"x" * 65} a="1"] [foo a="{"y" * 4096}"]'),
                          item(9, "W", "attachment", "inherit", more=f"<wp:attachment_url>{SITE}/w.jpg</wp:attachment_url>"), item(5, more="".join(comment(n, f"said{n}") for n in range(1, 1002))))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.serve()
        home = self.get("/")[1]
        self.assertIn("Entry99", home)
        self.assertNotIn("Entry100<", home)
        self.assertEqual([self.get(f"/level-{n}/")[0] for n in (0, 19)], [200, 200])
        self.assertIn("text", self.body("p1"))
        self.assertNotRegex(self.body("p2"), "inmost|\\[")
        self.assertEqual(self.body("p3").count("w.jpg"), 200)
        self.assertIn("x" * 65, self.body("p4"))
        self.assertEqual(self.get("/p5/")[1].count('id="comment-'), 1000)

    def test_a_hostile_text_ends(self):
        bad = ["[a b=1]" * 100000, "<pre>" * 100000, "<a" * 200000, "<!--" * 200000, "[[" * 200000, "[a" * 200000]
        for n, text in enumerate(bad):
            done = self.bring(item(n + 1, content=text))
            self.assertIn(done.returncode, (0, 1), done.stderr)

    def test_beside_a_running_server(self):
        self.serve()
        self.assertEqual(self.get("/p1/")[0], 404)
        self.assertEqual(self.bring(item(1)).returncode, 0)
        end = time.monotonic() + WAIT
        while self.get("/p1/")[0] != 200:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
