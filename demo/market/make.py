#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo co-operative's shelf: draws the pictures beside this file and writes products.csv. Run it again after a change; both are committed."""
import csv
from pathlib import Path

HERE = Path(__file__).resolve().parent
GROUNDS = ["#f3ead8", "#e6ecdc", "#e3e9ea", "#f1e2d6", "#ece6dd"]


def svg(name, ground, *shapes):
    table = f'<rect y="210" width="400" height="90" fill="{ground}" opacity=".55"/><ellipse cx="200" cy="238" rx="135" ry="16" fill="#23251f" opacity=".12"/>'
    body = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="960" height="720"><rect width="400" height="300" fill="{ground}"/>' \
           f'<rect y="210" width="400" height="90" fill="#fff" opacity=".35"/>{table}{"".join(shapes)}</svg>\n'
    (HERE / f"{name}.svg").write_text(body)


def loaf(crust, flour, slashes):
    yield f'<path d="M70 225 C60 130 140 95 200 95 S340 130 330 225 Z" fill="{crust}"/><path d="M82 222 C76 150 145 112 200 112 S322 150 318 222 Z" fill="{flour}" opacity=".35"/>'
    for i in range(slashes):
        x = 130 + i * 140 // max(1, slashes - 1 or 1)
        yield f'<path d="M{x - 22} 190 Q{x} 140 {x + 26} 128" fill="none" stroke="#f7edd8" stroke-width="9" stroke-linecap="round"/>'


def bun(crust, glaze, n):
    for i in range(n):
        x = 200 + (i - (n - 1) / 2) * 95
        yield f'<ellipse cx="{x}" cy="190" rx="62" ry="46" fill="{crust}"/><path d="M{x - 30} 188 a30 22 0 1 1 30 24 a18 14 0 1 1 -10 -26" fill="none" stroke="{glaze}" stroke-width="8" stroke-linecap="round"/>'


def tray(base, top):
    yield f'<path d="M70 235 L95 150 H305 L330 235 Z" fill="{base}"/><path d="M95 150 H305 L312 175 H88 Z" fill="{top}"/>'
    for x in (140, 200, 260):
        yield f'<circle cx="{x}" cy="166" r="6" fill="#fff" opacity=".6"/>'


def bag(cloth, label):
    yield f'<path d="M130 235 L120 110 Q200 92 280 110 L270 235 Z" fill="{cloth}"/><path d="M120 110 Q200 135 280 110 L276 88 Q200 108 124 88 Z" fill="{cloth}" opacity=".75"/>' \
          f'<rect x="155" y="145" width="90" height="58" rx="6" fill="{label}"/><path d="M170 165 h60 M170 182 h40" stroke="#23251f" stroke-width="4" opacity=".5"/>'


def bottle(glass, label):
    yield f'<path d="M165 238 V140 Q165 118 182 106 V62 H218 V106 Q235 118 235 140 V238 Z" fill="{glass}"/><rect x="180" y="48" width="40" height="18" rx="4" fill="#7a5b36"/>' \
          f'<rect x="165" y="150" width="70" height="58" fill="{label}"/><circle cx="200" cy="179" r="14" fill="{glass}" opacity=".7"/><path d="M176 128 V150" stroke="#fff" stroke-width="5" opacity=".5"/>'


def jar(content, lid):
    yield f'<rect x="140" y="105" width="120" height="133" rx="20" fill="{content}"/><rect x="146" y="82" width="108" height="28" rx="6" fill="{lid}"/>' \
          f'<rect x="140" y="150" width="120" height="52" fill="#fbfaf6"/><path d="M160 168 h80 M160 184 h50" stroke="#23251f" stroke-width="4" opacity=".5"/>'


def fruit(skin, blush, n, pear=False):
    for i in range(n):
        x, y = 200 + (i - (n - 1) / 2) * 88, 185 + (i % 2) * 10
        top = f'<ellipse cx="{x}" cy="{y - 38}" rx="24" ry="34" fill="{skin}"/>' if pear else ""
        yield f'{top}<circle cx="{x}" cy="{y}" r="48" fill="{skin}"/><ellipse cx="{x - 14}" cy="{y - 10}" rx="20" ry="28" fill="{blush}" opacity=".45"/>' \
              f'<path d="M{x} {y - (70 if pear else 42)} q2 -16 10 -24" stroke="#5b4630" stroke-width="5" fill="none" stroke-linecap="round"/>' \
              f'<path d="M{x + 8} {y - (84 if pear else 58)} q22 -14 34 4 q-20 10 -34 -4" fill="#6f8f4f"/>'


def drill(body):
    yield f'<path d="M90 120 H250 Q270 120 270 140 V170 H190 L178 238 H128 L138 170 H90 Z" fill="{body}"/><rect x="270" y="134" width="34" height="24" fill="#4d5148"/><path d="M304 146 H358" stroke="#8a8f84" stroke-width="9"/>' \
          f'<rect x="118" y="226" width="72" height="16" rx="5" fill="#33352f"/><circle cx="165" cy="145" r="9" fill="#fff" opacity=".6"/>'


def saw(handle):
    yield '<path d="M60 130 L290 150 V190 L60 150 Z" fill="#b9beb6"/><path d="' + "M60 150 " + "".join(f"l11.5 {14 if i % 2 else -10} " for i in range(20)) + f'" fill="none" stroke="#8a8f84" stroke-width="4"/>' \
          f'<path d="M285 138 Q350 120 352 175 Q350 225 292 205 Z" fill="{handle}"/><ellipse cx="322" cy="172" rx="13" ry="17" fill="#f3ead8"/>'


def ladder(rail):
    yield f'<g stroke="{rail}" stroke-width="13" stroke-linecap="round"><path d="M150 238 L180 50 M255 238 L228 50"/></g><g stroke="{rail}" stroke-width="9" opacity=".8">' + "".join(
        f'<path d="M{155 + (4 - i) * 5.2} {215 - i * 36} H{250 - i * 5}"/>' for i in range(5)) + "</g>"


def spade(shaft, blade):
    yield f'<g transform="rotate(24 200 150)"><rect x="194" y="40" width="12" height="120" fill="{shaft}"/><path d="M172 40 h56" stroke="{shaft}" stroke-width="14" stroke-linecap="round"/><path d="M168 150 H232 V200 Q230 240 200 252 Q170 240 168 200 Z" fill="{blade}"/></g>'


def press(wood):
    yield f'<rect x="120" y="110" width="160" height="110" rx="8" fill="{wood}"/>' + "".join(f'<path d="M{138 + i * 25} 112 V218" stroke="#fff" stroke-width="4" opacity=".4"/>' for i in range(6)) + \
          f'<path d="M200 110 V50 M150 52 H250" stroke="#4d5148" stroke-width="12" stroke-linecap="round"/><path d="M100 224 H300" stroke="#4d5148" stroke-width="14" stroke-linecap="round"/>'


def basket(weave, fill):
    yield "".join(f'<circle cx="{118 + i * 41}" cy="{150 - (i % 2) * 12}" r="30" fill="{fill[i % len(fill)]}"/>' for i in range(5))
    yield f'<path d="M75 150 H325 L298 238 H102 Z" fill="{weave}"/>' + "".join(f'<path d="M{84 + i * 4} {168 + i * 22} H{316 - i * 4}" stroke="#fff" stroke-width="4" opacity=".35"/>' for i in range(3))


# page, handle, title, summary, body, type, tags, vendor, drawing, facts, variants: (name, sku, price, was, stock, unit, content)
BREAD = {"Allergens": "wheat, rye", "VAT": "7", "No Withdrawal": "perishable", "Origin": "Ousebridge"}
ITEMS = [
    ("bakery", "friday-sourdough", "Friday sourdough", "Wheat and a fifth of rye, raised for a day.", "<p>Flour of the valley, water, salt and a leaven that is older than the bakery. Keeps for five days in a cloth.</p>",
     "Bread > Sourdough", "organic, vegan", "Millrace Bakery", loaf("#a8652f", "#e8c792", 3), {**BREAD, "Ingredients": "Wheat flour, rye flour, water, salt"},
     [("Whole, 750 g", "BR-SD-750", "4.80", "", 24, "g", 750), ("Half, 375 g", "BR-SD-375", "2.60", "", 12, "g", 375)]),
    ("bakery", "dark-rye", "Dark rye", "All rye, in a tin, for thin slices.", "<p>Baked on Wednesday, best from Thursday on.</p>", "Bread > Rye", "organic, vegan", "Millrace Bakery", loaf("#5b3a22", "#8a5b34", 0),
     {**BREAD, "Allergens": "rye", "Ingredients": "Rye flour, water, salt"}, [("1 kg", "BR-RY-1000", "6.20", "", 9, "g", 1000)]),
    ("bakery", "seeded-loaf", "Seeded loaf", "Sunflower, linseed and sesame, inside and on top.", "", "Bread > Sourdough", "organic, vegan", "Millrace Bakery", loaf("#8f5a2c", "#d9b679", 2),
     {**BREAD, "Allergens": "wheat, sesame"}, [("750 g", "BR-SE-750", "5.40", "", 7, "g", 750)]),
    ("bakery", "oven-rolls", "Oven rolls", "Six, for the weekend.", "", "Bread > Rolls", "vegan", "Millrace Bakery", bun("#b9742f", "#f0d6a0", 3), {**BREAD, "Allergens": "wheat"},
     [("Six", "BR-RO-6", "3.90", "", 15, "piece", 6)]),
    ("bakery", "cardamom-buns", "Cardamom buns", "Saturday mornings, while there are any.", "", "Cake", "vegetarian", "Millrace Bakery", bun("#c98a45", "#6b4423", 2), {**BREAD, "Allergens": "wheat, milk, eggs"},
     [("Four", "BR-CB-4", "7.60", "8.80", 6, "piece", 4)]),
    ("bakery", "plum-tray-cake", "Plum tray cake", "Plums of the orchard on yeast dough.", "", "Cake", "vegetarian", "Millrace Bakery", tray("#c79a5b", "#6d3f63"), {**BREAD, "Allergens": "wheat, milk"},
     [("A piece", "BR-PT-1", "2.80", "", 0, "piece", 1), ("A tray of twelve", "BR-PT-12", "29.00", "", 2, "piece", 12)]),
    ("bakery", "oat-biscuits", "Oat biscuits", "Crisp, with a little salt.", "", "Cake > Biscuits", "organic, vegan", "Millrace Bakery", jar("#d6b27a", "#8a5b34"), {**BREAD, "Allergens": "oats", "No Withdrawal": ""},
     [("250 g", "BR-OB-250", "4.20", "", 30, "g", 250)]),
    ("bakery", "valley-flour", "Valley flour", "Stone-ground wheat from two farms upstream.", "", "Pantry > Flour", "organic, vegan", "Upstream Mill", bag("#e4d8bf", "#fbfaf6"), {"Allergens": "wheat", "VAT": "7", "Origin": "Upper valley"},
     [("1 kg", "FL-1", "2.90", "", 60, "g", 1000), ("5 kg", "FL-5", "12.50", "", 18, "g", 5000)]),
    ("bakery", "rye-flour", "Rye flour", "Whole grain.", "", "Pantry > Flour", "organic, vegan", "Upstream Mill", bag("#c9b79a", "#f3ead8"), {"Allergens": "rye", "VAT": "7", "Origin": "Upper valley"},
     [("1 kg", "FR-1", "2.70", "", 44, "g", 1000)]),
    ("bakery", "starter-jar", "A jar of leaven", "To begin your own, with a sheet of how.", "", "Pantry", "vegan", "Millrace Bakery", jar("#efe3cb", "#35674f"), {"Allergens": "rye", "VAT": "7", "No Withdrawal": "perishable"},
     [("100 g", "ST-100", "3.00", "", 10, "g", 100)]),
    ("orchard", "autumn-apples", "Autumn apples", "Mixed, from old trees: for eating now.", "<p>Picked by members on the second Saturday. Not sprayed, so some have a mark.</p>", "Fruit > Apples", "organic, vegan", "Weir Orchard", fruit("#b8402f", "#f1c26b", 3),
     {"VAT": "7", "Origin": "Weir meadow"}, [("1 kg", "AP-1", "2.80", "", 80, "g", 1000), ("Crate, 8 kg", "AP-8", "18.00", "22.00", 12, "g", 8000)]),
    ("orchard", "keeping-apples", "Keeping apples", "Hard and sharp until January.", "", "Fruit > Apples", "organic, vegan", "Weir Orchard", fruit("#8aa04b", "#d9c86a", 3), {"VAT": "7", "Origin": "Weir meadow"},
     [("Crate, 8 kg", "AK-8", "16.00", "", 20, "g", 8000)]),
    ("orchard", "butter-pears", "Butter pears", "Soft within days: buy few, and come again.", "", "Fruit > Pears", "organic, vegan", "Weir Orchard", fruit("#c3b04a", "#e6d98c", 3, True), {"VAT": "7", "Origin": "Weir meadow", "No Withdrawal": "perishable"},
     [("1 kg", "PE-1", "3.60", "", 5, "g", 1000)]),
    ("orchard", "damsons", "Damsons", "For jam, and for patience.", "", "Fruit > Plums", "organic, vegan", "Weir Orchard", basket("#b58a55", ["#4a3560", "#5c4278"]), {"VAT": "7", "Origin": "Weir meadow", "No Withdrawal": "perishable"},
     [("1 kg", "DA-1", "4.40", "", 0, "g", 1000)]),
    ("orchard", "apple-juice", "Apple juice", "Pressed here in October, nothing added.", "", "Drinks", "organic, vegan", "Weir Orchard", bottle("#d39a2f", "#fbfaf6"), {"VAT": "19", "Origin": "Weir meadow"},
     [("1 l, with deposit", "JU-1", "3.90", "", 140, "ml", 1000), ("Six of 1 l", "JU-6", "21.00", "", 22, "ml", 6000)]),
    ("orchard", "quince-juice", "Quince and apple juice", "One part in five is quince.", "", "Drinks", "organic, vegan", "Weir Orchard", bottle("#c9b23c", "#f3ead8"), {"VAT": "19", "Origin": "Weir meadow"},
     [("0.7 l", "JQ-07", "4.20", "", 36, "ml", 700)]),
    ("orchard", "cider", "Dry cider", "Five months in the barrel.", "", "Drinks", "vegan", "Weir Orchard", bottle("#7d8b3a", "#efe0b8"), {"VAT": "19", "Minimum Age": "16", "Allergens": "sulphites", "Origin": "Weir meadow"},
     [("0.75 l", "CI-075", "7.50", "", 48, "ml", 750)]),
    ("orchard", "cider-vinegar", "Cider vinegar", "Cloudy, with its mother.", "", "Pantry > Vinegar", "organic, vegan", "Weir Orchard", bottle("#a5793a", "#fbfaf6"), {"VAT": "7"}, [("0.5 l", "VI-05", "5.20", "", 25, "ml", 500)]),
    ("orchard", "apple-butter", "Apple butter", "Cooked down for a night, no sugar.", "", "Pantry > Preserves", "organic, vegan", "Weir Orchard", jar("#7a3f26", "#b8402f"), {"VAT": "7"}, [("220 g", "AB-220", "4.60", "", 31, "g", 220)]),
    ("orchard", "meadow-honey", "Meadow honey", "From five hives between the trees.", "", "Pantry > Honey", "vegetarian", "Ines's bees", jar("#d9981e", "#f1c26b"), {"VAT": "7", "Origin": "Weir meadow"},
     [("250 g", "HO-250", "5.80", "", 14, "g", 250), ("500 g", "HO-500", "10.50", "", 3, "g", 500)]),
    ("orchard", "harvest-box", "Harvest box", "What is ripe, for two people and a week.", "", "Boxes", "organic, vegan", "Weir Orchard", basket("#a9814f", ["#b8402f", "#8aa04b", "#c3b04a", "#4a3560"]), {"VAT": "7", "No Withdrawal": "perishable"},
     [("Small", "BX-S", "14.00", "", 10, "piece", 1), ("Large", "BX-L", "22.00", "", 6, "piece", 1)]),
    ("tools", "drill-weekend", "Cordless drill, a weekend", "With two batteries and bits for wood and stone.", "<p>Collect on Friday between five and seven, bring it back on Monday.</p>", "Power tools", "to borrow", "Tool library", drill("#2f6f73"), {"VAT": "19"},
     [("A weekend", "TO-DR", "6.00", "", 3, "piece", 1)]),
    ("tools", "hand-saw-week", "Hand saw, a week", "Sharpened after each loan.", "", "Hand tools", "to borrow", "Tool library", saw("#9a5b32"), {"VAT": "19"}, [("A week", "TO-SA", "2.00", "", 5, "piece", 1)]),
    ("tools", "long-ladder-day", "Long ladder, a day", "Six metres; two people have to carry it.", "", "Ladders", "to borrow", "Tool library", ladder("#b07d3c"), {"VAT": "19"}, [("A day", "TO-LA", "5.00", "", 1, "piece", 1)]),
    ("tools", "spade-month", "Spade, a month", "For allotments that begin.", "", "Garden", "to borrow", "Tool library", spade("#8a5b34", "#7d857b"), {"VAT": "19"}, [("A month", "TO-SP", "4.00", "", 4, "piece", 1)]),
    ("tools", "fruit-press-day", "Fruit press, a day", "Twelve litres; with cloths and a bucket.", "", "Garden", "to borrow", "Tool library", press("#a5733f"), {"VAT": "19"}, [("A day", "TO-PR", "9.00", "", 0, "piece", 1)]),
    ("tools", "repair-evening", "Repair evening", "An hour at the bench with somebody who knows.", "", "Help", "", "Tool library", saw("#35674f"), {"VAT": "19"}, [("An hour", "TO-RE", "8.00", "10.00", 8, "piece", 1)]),
    ("tools", "screws-box", "Box of screws", "Mixed, sorted by hand, saved from the skip.", "", "Workshop", "reused", "Tool library", bag("#9aa19a", "#e3e9ea"), {"VAT": "19"}, [("500 g", "TO-SC", "3.50", "", 26, "g", 500)]),
    ("tools", "beeswax-polish", "Beeswax polish", "For handles and tables.", "", "Workshop", "", "Ines's bees", jar("#e0b354", "#5b4630"), {"VAT": "19"}, [("150 g", "TO-BW", "6.40", "", 11, "g", 150)]),
]


def main():
    extra = ["Summary", "Allergens", "Ingredients", "Origin", "VAT", "Minimum Age", "No Withdrawal"]
    head = ["Handle", "Page", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Option1 Name", "Option1 Value", "Variant SKU", "Variant Inventory Qty", "Variant Price",
            "Variant Compare At Price", "Variant Unit", "Variant Content", "Image Src", "Image Alt Text"] + extra
    with open(HERE / "products.csv", "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(head)
        for i, (page, handle, title, summary, body, kind, tags, vendor, drawing, facts, variants) in enumerate(ITEMS):
            svg(handle, GROUNDS[i % len(GROUNDS)], *drawing)
            for n, (name, sku, price, was, stock, unit, content) in enumerate(variants):
                first = [page, title, body, vendor, kind, tags, "Size"] if not n else [page] + [""] * 6
                out.writerow([handle, *first, name, sku, stock, price, was, unit, content, *([f"/demo/{handle}.svg", f"Drawing: {title}"] if not n else ["", ""]),
                              *(([summary] + [facts.get(c, "") for c in extra[1:]]) if not n else [""] * len(extra))])


if __name__ == "__main__":
    main()
