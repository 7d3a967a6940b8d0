#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kept page for who has something of their own in it: a member's menu in the front page, beside a visitor's.

    bench/holes.py [--rounds 5] [--seconds 4]

The visitor's page is one piece of memory and goes out as it is; a member's is the same page with their pieces put into its holes. Both are
asked for packed (gzip) and plain, in turn; the medians are compared.
"""
import argparse
import http.cookiejar
import re
import statistics
import subprocess
import tempfile
import urllib.parse
import urllib.request

from common import BINARY, guildhall, machine, need, table, wrk

PASSWORD = "a plough in the long barn"


def signed_in(base, email):
    """The cookies of somebody who signed in, as a header."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{base}/sign-in").read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    browser.open(f"{base}/sign-in", urllib.parse.urlencode({"csrf": token, "email": email, "password": PASSWORD}).encode()).read()
    browser.addheaders = [("Accept", "text/html"), ("Sec-Fetch-Dest", "document")]
    home = browser.open(f"{base}/").read().decode()
    assert "person-menu" in home, "the front page does not know who is signed in"
    return "; ".join(f"{c.name}={c.value}" for c in jar)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=4)
    o = options.parse_args()
    need("wrk")
    with tempfile.TemporaryDirectory() as data:
        subprocess.run([BINARY, "user", "add", "mara@example.org", "--data", data], input=PASSWORD.encode() + b"\n", check=True, capture_output=True)
        with guildhall(data) as (base, _):
            base = base.replace("127.0.0.1", "localhost")
            cookie = signed_in(base, "mara@example.org")
            who = {"visitor": [], "member": [f"Cookie: {cookie}"]}
            seen = {}
            for _ in range(o.rounds):
                for name, headers in who.items():
                    for coding in ("gzip", "identity"):
                        seen.setdefault((name, coding), []).append(wrk(f"{base}/", o.seconds, 64, [*headers, f"Accept-Encoding: {coding}"]))
    print(machine())
    rows = []
    for coding in ("gzip", "identity"):
        rates = {name: statistics.median(r for r, _ in seen[name, coding]) for name in who}
        late = {name: statistics.median(p for _, p in seen[name, coding]) for name in who}
        rows.append([coding, f"{rates['visitor']:.0f}", f"{rates['member']:.0f}", f"{rates['member'] / rates['visitor']:.2f}",
                     f"{late['visitor']:.2f}", f"{late['member']:.2f}"])
    table(["front page", "visitor, requests/s", "member, requests/s", "ratio", "p99, ms", "member's"], rows)


if __name__ == "__main__":
    main()
