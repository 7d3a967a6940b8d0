#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/gen_assets.py: names, references, compression, and what is refused."""
import gzip
import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import gen_assets as ga  # noqa: E402


class Folder:
    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory()
        for name, text in self.files.items():
            path = os.path.join(self.dir.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        return self.dir.name

    def __exit__(self, *exc):
        self.dir.cleanup()


class Assets(unittest.TestCase):
    def test_name_follows_content_through_references(self):
        urls = []
        for font in (b"one", b"two"):
            with Folder({"css/site.css": "a { src: url('../fonts/x.woff2') }", "fonts/x.woff2": font}) as d:
                assets = ga.Assets(d)
                css, woff = assets.all()
                self.assertRegex(woff["url"], r"^/assets/x\.[0-9a-f]{12}\.woff2$")
                self.assertEqual(css["data"].decode(), f"a{{src: url({woff['url']})}}\n")
                urls.append(css["url"])
        self.assertNotEqual(*urls)

    def test_js_imports(self):
        with Folder({"js/a.js": 'import { x } from "./b.js";\nimport("../c.js");\nimport "lib";', "js/b.js": "x", "c.js": "y"}) as d:
            a = ga.Assets(d).make("a.js")["data"].decode()
            self.assertTrue(re.search(r'from "/assets/b\.[0-9a-f]{12}\.js"', a), a)
            self.assertTrue(re.search(r'import\("/assets/c\.[0-9a-f]{12}\.js"\)', a), a)
            self.assertIn('import "lib"', a)

    def test_refused(self):
        for files, part in [({"a.css": "b{background:url(gone.png)}"}, "not there"), ({"a.css": '@import "b.css";'}, "@import"),
                            ({"a.js": 'import "./b.js"', "b.js": 'import "./a.js"'}, "each other"), ({"a.exe": "x"}, "media type"),
                            ({"b/a.js": "", "c/a.js": ""}, "has that name")]:
            with self.subTest(part), Folder(files) as d:
                with self.assertRaises(ga.AssetError) as caught:
                    ga.Assets(d).all()
                self.assertIn(part, str(caught.exception))

    def test_skipped(self):
        with Folder({"package.json": "{}", "node_modules/a/a.js": "x", "LICENSE.font": "x", ".hidden": "", "a.js": "1"}) as d:
            self.assertEqual(list(ga.Assets(d).files), ["a.js"])

    def test_table_points_at_the_bytes(self):
        text = "p { color: red }\n" * 100
        with Folder({"a.css": text, "tiny.js": "1"}) as d:
            rows, by_url, blob, _ = ga.build(d)
        self.assertEqual(len(rows), 2)
        self.assertEqual(by_url, [0, 1])
        spans = [(int(a), int(b)) for a, b in re.findall(r"gh_assets_bin \+ (\d+), (\d+)", rows[0])]
        plain, packed, br = [blob[at:at + n] for at, n in spans]
        self.assertEqual(plain, ga.minify_css(text).encode())
        self.assertEqual(gzip.decompress(packed), plain)
        self.assertLess(len(br), len(plain))
        self.assertEqual(rows[1].count("NULL, 0"), 2)

    def test_css_strings_survive(self):
        self.assertEqual(ga.minify_css('a::after { content: "  /* x */ ;  " ; }'), 'a::after{content: "  /* x */ ;  "}\n')
        self.assertEqual(ga.minify_css("a { width: calc(1px + 2px) }\n/* c */\nb > c { d: e }"), "a{width: calc(1px + 2px)}b > c{d: e}\n")


if __name__ == "__main__":
    unittest.main()
