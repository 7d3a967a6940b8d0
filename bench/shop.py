#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A shop of many products: how long its pages take, uncached, and how many orders it takes in a second, durable, with invoice and journal.

    bench/shop.py [--products 100 10000] [--rounds 200] [--clients 16] [--seconds 10]

Each product has two or three variants. Orders are paid in cash later, so that none waits for a payment provider: added to a basket, looked at, ordered.
"""
import argparse
import http.client
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from common import BINARY, guildhall, rss_mb, table


def catalogue(file, count):
    lines = ["Handle,Page,Title,Vendor,Type,Tags,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Variant Unit,Variant Content"]
    for n in range(count):
        for v in range(2 + n % 2):
            head = f'p-{n},shelf,"Product {n} of the w{n % 977} kind",Supplier {n % 40},Group {n % 12} > Part {n % 60},"label {n % 25}"' if v == 0 else f"p-{n},,,,,"
            lines.append(f"{head},Size,S{v},sku-{n}-{v},{1 + n % 50}.{10 + v * 20},1000000,g,{250 * (v + 1)}")
    file.write_text("\n".join(lines) + "\n")
    return len(lines) - 1


class Browser:
    """One connection that is kept, and the cookie of a basket."""

    def __init__(self, url):
        where = urllib.parse.urlsplit(url)
        self.http = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
        self.cookie = ""

    def ask(self, method, path, form=None):
        headers = {"Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        body = urllib.parse.urlencode(form) if form else None
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.http.request(method, path, body, headers)
        answer = self.http.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith("gh_basket="):
                self.cookie = value.split(";")[0]
        return answer.status, text


def timed(rounds, work):
    took = []
    for n in range(rounds):
        began = time.monotonic()
        work(n)
        took.append((time.monotonic() - began) * 1000)
    took.sort()
    return f"{statistics.median(took):.2f} ms", f"{took[int(len(took) * 0.99)]:.2f} ms"


def one_order(b, item):
    began = time.monotonic()
    status, text = b.ask("POST", "/cart/add", {"provider": "market", "item": item, "quantity": "1"})
    assert status == 303, text[:300]
    added = time.monotonic()
    status, text = b.ask("GET", "/cart/checkout")
    assert status == 200, text[:300]
    hidden = dict(re.findall(r'name="(key|seen)" value="([^"]*)"', text))
    form = dict(hidden, name="Gus", email="gus@example.org", phone="", note="", method="cash")
    looked = time.monotonic()
    status, text = b.ask("POST", "/cart/checkout", form)
    assert status == 303, re.sub(r"<[^>]+>", " ", text)[-1500:]
    return added - began, time.monotonic() - looked


def many_orders(url, items, clients, seconds):
    until, done, adds, orders, lock = time.monotonic() + seconds, [0], [], [], threading.Lock()

    def shop(k):
        b, n = Browser(url), 0
        while time.monotonic() < until:
            add, order = one_order(b, items[(k * 131 + n) % len(items)])
            n += 1
            with lock:
                done[0] += 1
                adds.append(add * 1000)
                orders.append(order * 1000)

    threads = [threading.Thread(target=shop, args=(k,)) for k in range(clients)]
    began = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    adds.sort(), orders.sort()
    p99 = lambda list: f"{list[int(len(list) * 0.99)]:.1f} ms"
    return done[0] / (time.monotonic() - began), p99(adds), p99(orders)


def measure(count, o, rows):
    with tempfile.TemporaryDirectory() as folder:
        data, file = Path(folder) / "data", Path(folder) / "products.csv"
        lines = catalogue(file, count)
        began = time.monotonic()
        subprocess.run([BINARY, "import", "products", str(file), "--data", str(data)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows.append([count, "import", f"{lines / (time.monotonic() - began):.0f} rows/s", ""])
        with guildhall(data, "--set", "cache.pages=no", demo=False, wait="/market") as (url, p):
            b = Browser(url)
            pages = {"list": lambda n: f"/market/shelf/?p={n}", "list, narrowed": lambda n: f"/market/shelf/?supplier=supplier-{n % 40}&sort=price",
                     "product": lambda n: f"/market/shelf/p-{(n * 37) % count}", "search": lambda n: f"/search/?q=w{n % 977}"}
            for name, path in pages.items():
                def get(n):
                    status, text = b.ask("GET", path(n))
                    assert status == 200, (path(n), status)
                rows.append([count, name, *timed(o.rounds, get)])
            items = []
            for n in range(0, min(count, 300)):
                items += re.findall(r'name="item"[^>]*value="([^"]+)"', b.ask("GET", f"/market/shelf/p-{n}")[1])
            rate, add, order = many_orders(url, items, o.clients, o.seconds)
            rows.append([count, f"orders, {o.clients} at once", f"{rate:.0f}/s", ""])
            rows.append([count, "put into the basket", "", add])
            rows.append([count, "ordered", "", order])
            rows.append([count, "memory", f"{rss_mb(p.pid):.1f} MB", ""])


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--products", type=int, nargs="+", default=[100, 10000])
    a.add_argument("--rounds", type=int, default=200)
    a.add_argument("--clients", type=int, default=16)
    a.add_argument("--seconds", type=float, default=10)
    o = a.parse_args()
    rows = []
    for count in o.products:
        measure(count, o, rows)
    table(["products", "what", "median", "p99"], rows)


if __name__ == "__main__":
    main()
