#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall import products, export products: catalogues of three systems in, exactly; out and in again, the same; whole or not at all."""
import contextlib
import csv
import io
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import binary

SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Qty,\
Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,Variant Image,Status,Google Shopping / MPN
rye,"Rye, dark","<p onclick=""x()"">Sour &amp; slow<script>alert(1)</script></p>",The Mill,Bread > Rye,"dark, sour,dark",TRUE,Size,Small,,,RYE-S,500,4,deny,3.20,4.00,,https://shop.example/2.jpg,2,Two,false,,active,A-1
rye,,,,,,,,Large,,,RYE-L,1000,,continue,5.9,,,https://shop.example/1.jpg,1,"One
line",,https://shop.example/l.jpg,,
rye,,,,,,,,,,,,,,,,,,https://shop.example/3.jpg,3,Three,,,,
rye,,,,,,,,,,,,,,,,,,javascript:alert(1),4,No,,,,
tea,=HYPERLINK(1),-12 degrees,@leaf,,+1 of us,false,Title,Default Title,,,-5,,-2,deny,0,,0401,,,,,,draft,
"""
WOO = """ID,Type,SKU,Name,Published,Visibility in catalog,Short description,Description,In stock?,Stock,Backorders allowed?,Sale price,Regular price,Categories,Tags,Images,Parent,\
Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s),Weight (kg)
10,variation,tee-red,Tee - Red,1,visible,,,1,3,0,8,9.50,,,https://shop.example/red.jpg,tee,Colour,Red,Size,Large,.2
11,variation,,Tee - Blue,1,visible,,,0,,0,,9.50,,,,id:9,Colour,"Blue\\, pale",Size,,.2
9,variable,tee,Tee,1,visible,Soft,"One\\nTwo",1,,0,,,"Clothes > Tees, Gifts",new,"https://shop.example/a.jpg, https://shop.example/b.jpg",,Colour,"Red, Blue",Size,Large,.2
12,"simple, virtual",,Song,-1,hidden,,,1,,1,,2,,,,,,,,,
13,external,flag,Flag,1,visible,,,1,,0,,11.05,Decor,,,,,,,,
14,grouped,all,All of it,1,visible,,,1,,0,,,Clothes,,,,,,,,
15,simple,free,Nothing,1,visible,,,1,,0,,,Clothes,,,,,,,,
"""
OFN = """producer;sku;name;display_name;category;description;units;unit_type;variant_unit_name;price;on_hand;available_on;on_demand;shipping_category;tax_category
Ruth's Farm;C1;Carrots;;Vegetables;;0.25;kg;;1,20;12;;;Cold;
Ruth's Farm;C2;Carrots;Big bag;Vegetables;;5;kg;;18;;;1;Cold;
Ruth's Farm;;Juice;;Drinks;;0.7;L;bottle;3.5;4;;;;
"""


def run(*args):
    return subprocess.run([binary(), *map(str, args)], capture_output=True, timeout=120)


class Products(unittest.TestCase):
    maxDiff = 6000

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = Path(tmp.name)

    def take(self, content, site="site", code=0, options=()):
        path = self.dir / "in.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = run("import", "products", path, "--data", self.dir / site, *options)
        self.assertEqual(done.returncode, code, done.stderr.decode()[-2000:])
        return (done.stderr if code else done.stdout).decode()

    def out(self, site="site"):
        done = run("export", "products", "--data", self.dir / site)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def rows(self, site="site"):
        return list(csv.DictReader(io.StringIO(self.out(site).decode(), newline="")))

    def stands(self, first="site"):
        """Out, in again into the same site and an empty one: nothing changes."""
        one = self.out(first)
        self.assertIn(" 0 products added, 0 changed,", self.take(one, first))
        self.assertEqual(self.out(first), one)
        self.take(one, "another")
        self.assertEqual(self.out("another"), one)

    def test_shopify(self):
        said = self.take(SHOPIFY)
        self.assertIn("2 products added, 0 changed, 0 as they were", said)
        self.assertIn("javascript:alert(1)", said)
        self.assertIn("stock of -2 was taken as 0", said)
        self.assertIn("0 products added, 0 changed, 2 as they were", self.take(SHOPIFY))
        rye, large, tea = self.rows()
        want = {"Handle": "rye", "Title": "Rye, dark", "Body (HTML)": "<p>Sour &amp; slow</p>", "Vendor": "The Mill", "Type": "Bread > Rye", "Tags": "dark, sour",
                "Published": "true", "Option1 Name": "Size", "Option1 Value": "Small", "Variant SKU": "RYE-S", "Variant Inventory Qty": "4",
                "Variant Inventory Policy": "deny", "Variant Price": "3.20", "Variant Compare At Price": "4.00", "Image Src": "https://shop.example/1.jpg",
                "Image Alt Text": "One\nline", "Variant Grams": "500", "Gift Card": "false", "Google Shopping / MPN": "A-1", "Status": "active"}
        self.assertEqual({k: rye[k] for k in want}, want)
        want = {"Handle": "rye", "Option1 Value": "Large", "Variant Inventory Qty": "", "Variant Inventory Policy": "continue", "Variant Price": "5.90",
                "Variant Compare At Price": "", "Image Src": "https://shop.example/2.jpg", "Variant Image": "https://shop.example/l.jpg", "Variant Grams": "1000"}
        self.assertEqual({k: large[k] for k in want}, want)
        self.assertEqual(rye["More Images"], '[["https://shop.example/3.jpg","Three"]]')
        want = {"Title": "'=HYPERLINK(1)", "Body (HTML)": "'-12 degrees", "Vendor": "'@leaf", "Tags": "'+1 of us", "Published": "false", "Variant SKU": "-5",
                "Variant Inventory Qty": "0", "Variant Price": "0.00", "Variant Barcode": "0401", "Status": "draft"}
        self.assertEqual({k: tea[k] for k in want}, want)
        self.stands()

    def test_woocommerce(self):
        said = self.take(WOO)
        self.assertIn("3 products added", said)
        for left in ("All of it", "Nothing", "Weight (kg)"):
            self.assertIn(left, said)
        self.assertIn("0 products added, 0 changed, 3 as they were", self.take(WOO))
        red, blue, song, flag = self.rows()
        want = {"Title": "Tee", "Body (HTML)": "One\nTwo", "Summary": "Soft", "Type": "Clothes > Tees", "Categories": "Clothes > Tees, Gifts", "Tags": "new",
                "Option1 Name": "Colour", "Option1 Value": "Red", "Option2 Name": "Size", "Option2 Value": "Large", "Variant SKU": "tee-red", "Variant Price": "8.00",
                "Variant Compare At Price": "9.50", "Variant Inventory Qty": "3", "Image Src": "https://shop.example/a.jpg",
                "Variant Image": "https://shop.example/red.jpg"}
        self.assertEqual({k: red[k] for k in want}, want)
        want = {"Handle": red["Handle"], "Option1 Value": "Blue, pale", "Option2 Value": "", "Variant Price": "9.50", "Variant Compare At Price": "",
                "Variant Inventory Qty": "0", "Image Src": "https://shop.example/b.jpg"}
        self.assertEqual({k: blue[k] for k in want}, want)
        self.assertEqual((song["Published"], song["Status"], song["Variant Inventory Policy"], song["Option1 Value"]), ("false", "unlisted", "continue", "Default Title"))
        self.assertEqual((flag["Variant Price"], flag["Variant SKU"]), ("11.05", "flag"))
        self.stands()
        # It is known again after a way through another site.
        self.assertIn("0 products added, 0 changed, 3 as they were", self.take(WOO, "another"))

    def test_open_food_network(self):
        self.take(OFN)
        small, bag, juice = self.rows()
        want = {"Title": "Carrots", "Vendor": "Ruth's Farm", "Type": "Vegetables", "Option1 Value": "0.25 kg", "Variant Price": "1.20", "Variant Unit": "g",
                "Variant Content": "250", "Variant Inventory Qty": "12", "Variant SKU": "C1"}
        self.assertEqual({k: small[k] for k in want}, want)
        self.assertEqual((bag["Handle"], bag["Option1 Value"], bag["Variant Content"], bag["Variant Inventory Policy"]), (small["Handle"], "Big bag", "5000", "continue"))
        self.assertEqual((juice["Variant Unit"], juice["Variant Content"]), ("ml", "700"))
        self.stands()

    def test_letters_and_separators(self):
        text = "Handle;Title;Variant Price\nk;Käse – €;12,50\n"
        for i, content in enumerate((text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16"), text.encode("utf-16-be"), text.encode("cp1252"),
                                     text.replace(";", "\t").encode(), text.replace("\n", "\r\n").encode(), text.replace("\n", "\r").encode())):
            self.take(content, f"site{i}")
            row, = self.rows(f"site{i}")
            self.assertEqual((row["Title"], row["Variant Price"]), ("Käse – €", "12.50"))

    def test_changed(self):
        self.take(SHOPIFY)
        self.assertIn("1 changed, 1 as they were", self.take(SHOPIFY.replace("5.9,", "6,").replace("Large,,,RYE-L", "Huge,,,RYE-L")))
        self.assertEqual([(r["Option1 Value"], r["Variant Price"]) for r in self.rows()][:2], [("Small", "3.20"), ("Huge", "6.00")])
        # A variant that is gone from the file is not for sale any more; columns that are not there leave what is.
        self.assertIn("1 changed", self.take("Handle,Title,Option1 Value,Variant Price\nrye,Rye,Small,3.30\n"))
        rye, tea = self.rows()
        self.assertEqual((rye["Title"], rye["Variant Price"], rye["Variant Compare At Price"], rye["Variant Inventory Qty"], rye["Tags"], rye["Variant Grams"]),
                         ("Rye", "3.30", "4.00", "4", "dark, sour", "500"))
        self.assertIn("1 changed", self.take(SHOPIFY))
        self.assertEqual(len(self.rows()), 3)

    def test_refused_whole(self):
        self.take(SHOPIFY)
        before = self.out()
        first = "Handle,Title,Variant Price,Variant Inventory Qty,Published,Status,Variant Content,Variant Unit\nnew,New,1.00,,,,,\n"
        for line, word in ((",X,1,,,,,", "Line 3"), ("a b,X,1,,,,,", "Line 3"), ("a/b,X,1,,,,,", "Line 3"), ("x,,1,,,,,", "title"), ("x,X,1.999,,,,,", "1.999"),
                           ("x,X,-1,,,,,", "-1"), ("x,X,one,,,,,", "one"), ("x,X,1e3,,,,,", "1e3"), ('x,X,"1,000.00",,,,,', "1,000.00"), ("x,X,1,1.5,,,,", "1.5"),
                           ("x,X,1,many,,,,", "many"), ("x,X,1,,maybe,,,", "maybe"), ("x,X,1,,,lost,,", "lost"), ("x,X,1,,,,0,", "Line 3"), ("x,X,1,,,,1,ell", "ell"),
                           ("x,X,1,,,,,,more", "more cells"), ('x,"X,1,,,,,', "never closed"), ('x,"X"y,1,,,,,', "closing quote"), ("x,X\0,1,,,,,", "NUL")):
            with self.subTest(line):
                said = self.take(first + line + "\n", code=1)
                self.assertIn("ine 3", said)
                self.assertIn(word, said)
        for whole, word in (("", "empty"), ("a,b\n1,2\n", "Line 1"), ("Handle,Title\nx,X\n", "Variant Price"),
                            ("Handle,Variant Price\nx,1\n", "Line 2"), (WOO.replace("id:9", "id:99"), "Line 3"), (WOO.replace("external", "subscription"), "Line 6")):
            with self.subTest(whole[:20]):
                self.assertIn(word, self.take(whole, code=1))
        self.assertEqual(self.out(), before)
        self.assertEqual(run("import", "products", self.dir / "none.csv", "--data", self.dir / "site").returncode, 1)

    def test_dry_run(self):
        """The same counts and reasons, and nothing is written."""
        self.take(SHOPIFY)
        before = self.out()
        text = SHOPIFY.replace("5.9,", "6,") + "x,X,,,,,,,,,,,,,,1.999,,,,,,,,\nnew,New,,,,,,,,,,,,,,1,,,,,,,,\ny,Y,,,,,,,,,,,,,,-1,,,,,,,,\n"
        said = self.take(text, options=("--dry-run",))
        self.assertIn("1 products to add, 1 changed, 1 as they were", said)
        self.assertIn('"1.999"', said)
        self.assertIn('"-1"', said)
        self.assertIn("1.999", self.take(text, code=1))
        self.assertEqual(self.out(), before)

    def test_bounds(self):
        """A text of a thousand letters, a handle of 191, 64 KiB that are carried along, a list of 32 MB: each, and one more."""
        carried = (64 << 10) - len('{"Extra":""}')
        for handle, title, extra in (("h", "é" * 1000, "x"), ("h" * 191, "t", "x"), ("h", "t", "x" * carried)):
            self.take(f"Handle,Title,Variant Price,Extra\n{handle},{title},1,{extra}\n")
        for handle, title, extra in (("h", "é" * 1001, "x"), ("h" * 192, "t", "x"), ("h", "t", "x" * (carried + 1))):
            self.assertIn("Line 2", self.take(f"Handle,Title,Variant Price,Extra\n{handle},{title},1,{extra}\n", code=1))
        self.take("Handle,Title,Variant Price,Variant Inventory Qty\nq,t,1,1000000000\n")
        self.take("Handle,Title,Variant Price,Variant Inventory Qty\nq,t,1,1000000001\n", code=1)
        self.assertIn("larger than 32 MB", self.take(b"Handle,Title,Variant Price\n" + b"\n" * (32 << 20), code=1))

    def test_an_archive_keeps_what_is_held(self):
        """A stock item says how much of it is held: the holds go with it, or it would be held for ever."""
        self.take(SHOPIFY)
        with contextlib.closing(sqlite3.connect(self.dir / "site" / "market.db")) as db:
            stock, = db.execute("SELECT id FROM stock_items WHERE on_hand = 4").fetchone()
            db.execute("INSERT INTO holds (checkout, stock_id, revision, quantity, until_at) VALUES ('a', ?, 1, 3, 1)", (stock,))
            db.execute("UPDATE stock_items SET held = 3 WHERE id = ?", (stock,))
            db.commit()
        for args in (("export", "--archive", self.dir / "a.zip", "--data", self.dir / "site"), ("import", "archive", self.dir / "a.zip", "--data", self.dir / "another"),
                     ("export", "--archive", self.dir / "b.zip", "--data", self.dir / "another")):
            done = run(*args)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.dir / "a.zip").read_bytes(), (self.dir / "b.zip").read_bytes())
        with contextlib.closing(sqlite3.connect(self.dir / "another" / "market.db")) as db:
            self.assertEqual(db.execute("SELECT k.held, h.quantity FROM stock_items k JOIN holds h ON h.stock_id = k.id").fetchall(), [(3, 3)])
        self.assertEqual(self.out("another"), self.out())

    def test_many(self):
        """Ten thousand rows, in chunks."""
        lines = ["Handle,Title,Body (HTML),Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src"]
        for i in range(5000):
            lines += [f"p-{i},Product {i},<p>Words of {i}</p>,Maker {i % 40},Kind {i % 30},\"a{i % 7}, b{i % 5}\",Size,S,S{i},{i % 50},{i % 90}.{i % 100:02},https://shop.example/{i}.jpg",
                      f"p-{i},,,,,,,L,L{i},{i % 50},{i % 90 + 1}.{i % 100:02},"]
        self.assertIn("5000 products added", self.take("\n".join(lines)))
        rows = self.rows()
        self.assertEqual(len(rows), 10000)
        self.assertEqual([r["Variant SKU"] for r in rows[-2:]], ["S4999", "L4999"])


if __name__ == "__main__":
    unittest.main()
