#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures that are small to send and dear to unpack, sent at once by one member: what becomes of everybody else's sign-in.

    bench/sign_in_beside_uploads.py [--pictures 50] [--sign-ins 100] [--rounds 3]

Each picture has close to the largest number of pixels that is accepted and is another one, so that none is known. Others sign in with the right
password meanwhile, one after the other, for as long as the pictures are worked on. Then as many are sent once more and their senders leave: how
long the site goes on with them.
"""
import argparse
import os
import re
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse
import zlib
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

from common import BINARY, CLIENT_CORES, guildhall, machine, table

SIDE = 9900  # 98 megapixels; more than 100 are refused unread
PASSWORD = "the right one"
PEOPLE = 10


def picture(seed):
    """An RGB PNG of one colour, SIDE pixels each way: some 300 KB that unpack to 294 MB."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    packer, row = zlib.compressobj(6), b"\0" + bytes([40, 90, seed % 256]) * SIDE
    rows = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Browser:
    def __init__(self, base):
        at = urllib.parse.urlsplit(base)
        self.host, self.port, self.cookies = at.hostname, at.port, {}

    def ask(self, method, path, body=None, kind="application/x-www-form-urlencoded", limit=600):
        c = HTTPConnection(self.host, self.port, timeout=limit)
        headers = {"Host": f"localhost:{self.port}", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        c.request(method, path, body=body, headers={**headers, **({"Content-Type": kind} if body is not None else {})})
        r = c.getresponse()
        text = r.read().decode(errors="replace")
        for line in r.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        c.close()
        return r.status, r.headers.get("location", ""), text

    def token(self, path):
        return re.search(r'name="csrf" value="([^"]+)"', self.ask("GET", path)[2])[1]

    def sign_in(self, email):
        """Seconds from the form sent to the answer."""
        form = urllib.parse.urlencode({"csrf": self.token("/sign-in"), "email": email, "password": PASSWORD})
        begun = time.monotonic()
        status, _, _ = self.ask("POST", "/sign-in", form)
        took = time.monotonic() - begun
        assert status == 303, status
        return took

    def follow(self, path):
        for _ in range(10):
            status, to, _ = self.ask("GET", path)
            if status not in (301, 302, 303):
                return status
            at = urllib.parse.urlsplit(to)
            path = at.path + (f"?{at.query}" if at.query else "")


def form_of(token, data):
    text = "".join(f'--edge\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
                   for k, v in {"csrf": token, "name": "Mallory", "handle": "mallory", "timezone": "Europe/Berlin", "locale": "en"}.items())
    head = '--edge\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return (text + head).encode() + data + b"\r\n--edge--\r\n"


def send_all(member, forms, answers):
    def send(form):
        try:
            answers[Browser.ask(member, "POST", "/account/profile", form, "multipart/form-data; boundary=edge")[0]] += 1
        except OSError:
            answers["none"] += 1
    threads = [threading.Thread(target=send, args=(f,), daemon=True) for f in forms]
    for t in threads:
        t.start()
    return threads


def busy(base):
    """Work in the pictures' lane, queued and running."""
    text = Browser(base).ask("GET", "/metrics")[2]
    return sum(float(n) for n in re.findall(r'^guildhall_offload\{state="pictures_(?:queued|running)"\} (\S+)', text, re.M))


def sign_ins(base, enough):
    times = []
    while not enough(len(times)):
        times.append(Browser(base).sign_in(f"p{len(times) % PEOPLE}@example.org"))
    return times


def leave(base, member, forms):
    """Send them, leave when the first is worked on; seconds until nothing is."""
    at = urllib.parse.urlsplit(base)
    cookie = "; ".join(f"{k}={v}" for k, v in member.cookies.items())
    held = []
    for form in forms:
        s = socket.create_connection((at.hostname, at.port))
        s.sendall(f"POST /account/profile HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nContent-Type: multipart/form-data; boundary=edge\r\n"
                  f"Content-Length: {len(form)}\r\n\r\n".encode() + form)
        held.append(s)
    while not busy(base):
        time.sleep(0.01)
    begun = time.monotonic()
    for s in held:
        s.close()
    while busy(base):
        time.sleep(0.01)
    return time.monotonic() - begun


def p99(times):
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pictures", type=int, default=50)
    options.add_argument("--sign-ins", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    o = options.parse_args()
    os.sched_setaffinity(0, CLIENT_CORES)
    print(machine())
    with tempfile.TemporaryDirectory() as tmp:
        data = Path(tmp) / "data"
        for name in ["mallory"] + [f"p{n}" for n in range(PEOPLE)]:
            subprocess.run([BINARY, "user", "add", f"{name}@example.org", "--data", data], input=PASSWORD.encode() + b"\n", check=True, capture_output=True)
        with guildhall(data, "--set", "rate.enabled=no") as (base, _):
            while busy(base):
                time.sleep(0.2)
            member, answers, rows, serial = Browser(base), Counter(), [], 0
            member.sign_in("mallory@example.org")
            member.follow("/account")
            token = member.token("/account/profile")
            one = picture(1)
            print(f"a picture: {len(one) / 1024:.0f} KiB, {SIDE * SIDE / 1e6:.0f} megapixels")
            for _ in range(o.rounds):
                forms = [form_of(token, one + struct.pack(">I", serial + n)) for n in range(2 * o.pictures)]  # what follows the end makes it another
                serial += len(forms)
                alone = sign_ins(base, lambda n: n >= o.sign_ins)
                threads = send_all(member, forms[:o.pictures], answers)
                while not busy(base):
                    time.sleep(0.01)
                begun = time.monotonic()
                beside = sign_ins(base, lambda n: n >= o.sign_ins and not any(t.is_alive() for t in threads) or time.monotonic() - begun > 300)
                worked = time.monotonic() - begun
                for t in threads:
                    t.join(600)
                left = leave(base, member, forms[o.pictures:])
                rows.append([f"{statistics.median(alone) * 1000:.0f} / {p99(alone) * 1000:.0f} ms", f"{statistics.median(beside) * 1000:.0f} / {p99(beside) * 1000:.0f} ms",
                             f"{max(beside) * 1000:.0f} ms", len(beside), f"{worked:.0f} s", f"{left:.2f} s"])
            table(["sign-in alone, median / p99", f"beside {o.pictures} pictures", "longest", "sign-ins", "pictures worked on for", "work after all left"], rows)
            print("answers to the pictures:", dict(answers))


if __name__ == "__main__":
    main()
