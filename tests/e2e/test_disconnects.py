#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients who leave at random moments, over HTTP/1.1, HTTP/2, WebSocket and event streams, in the middle of pages, forms and uploads:
afterwards every kind of page answers, what the server counts is as before, and at its end nothing has leaked.

    DISCONNECTS=N           how many (20 000)
    DISCONNECTS_SEED=N      the same moments again (printed at each run)
"""

import http.client
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import lib

MANY = int(os.environ.get("DISCONNECTS", "20000"))
SEED = int(os.environ.get("DISCONNECTS_SEED", str(random.SystemRandom().randrange(2**32))))
AT_ONCE = 24
WARM = 300  # before anything is counted: pools have what they will have
PATIENCE = 120  # seconds, against what stands still
PASSWORD = "seven quiet herons"
ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "tests/fixtures/media/metadata.png"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

PAGES = ["/", "/page/2/", "/what-is-behind-the-blue-door/", "/tag/bakery/", "/author/ruth-ellery/", "/tags/", "/archive/", "/search/?q=bread", "/rss/",
         "/atom.xml", "/feed.json", "/sitemap.xml", "/theme.css", "/nowhere/", "/sign-in", "/sign-up", "/sign-in/forgot", "/oauth/jwks",
         "/.well-known/openid-configuration", "/metrics", "/healthz"]
OWN_PAGES = ["/account", "/account/profile", "/account/addresses", "/account/notifications", "/account/data", "/identity", "/identity/sessions", "/identity/log",
             "/admin/members", "/admin/audit", "/admin/members.csv"]

# --- a browser that stays ------------------------------------------------------------------------------------------

class Agent:
    def __init__(self, port):
        self.port, self.cookies = port, {}

    def ask(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        head = {"Host": f"localhost:{self.port}", "Cookie": self.cookie(), **(headers or {})}
        c.request(method, path, body=body, headers=head)
        r = c.getresponse()
        text = r.read()
        for line in r.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        c.close()
        return r.status, r.headers.get("location", ""), text

    def cookie(self):
        return "; ".join(f"{k}={v}" for k, v in self.cookies.items())

    def go(self, path):
        for _ in range(10):
            status, to, text = self.ask("GET", path)
            if status not in (301, 302, 303):
                return status, text
            at = urlsplit(to)
            path = at.path + (f"?{at.query}" if at.query else "")
        raise AssertionError("redirected without end")

    def token(self, path="/sign-in"):
        return re.search(rb'name="csrf" value="([^"]+)"', self.go(path)[1]).group(1).decode()

    def sign_in(self, email):
        status, _, _ = self.ask("POST", "/sign-in", urlencode({"csrf": self.token(), "email": email, "password": PASSWORD}),
                                {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 303, status
        assert self.go("/account")[0] == 200


# --- requests as bytes ---------------------------------------------------------------------------------------------

def h1(method, path, cookie="", body=b"", kind="application/x-www-form-urlencoded", more=""):
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}"
    if cookie:
        head += f"Cookie: {cookie}\r\n"
    if method == "POST":
        head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def upload(rng, token):
    def field(name, value):
        return f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    text = field("csrf", token) + field("name", "Mara") + field("handle", "mara") + field("timezone", "Europe/Berlin") + field("locale", "en")
    text += '--edge\r\nContent-Disposition: form-data; name="avatar"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return text.encode() + PICTURE.read_bytes() + rng.randbytes(8) + b"\r\n--edge--\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(index, value):
    n = len(value)
    return bytes([index, n]) + value if n < 127 else bytes([index, 127, (n - 127) & 127 | (128 if n - 127 > 127 else 0)] + ([(n - 127) >> 7] if n - 127 > 127 else [])) + value


def h2_head(path, cookie, post):
    block = (b"\x83" if post else b"\x82") + b"\x86" + literal(0x04, path.encode()) + literal(0x01, b"localhost")
    if cookie:
        block += literal(0x0f, b"")[:1] + b"\x11" + literal(0, cookie.encode())[1:]  # name: static index 32
    if post:
        block += b"\x0f\x10" + literal(0, b"application/x-www-form-urlencoded")[1:]  # 31: content-type
    return block


def h2(rng, asks):
    """A connection with a few requests at once, some of them taken back."""
    out = PREFACE + frame(4, 0, 0, struct.pack(">HI", 4, rng.choice([0, 100, 65535, 1 << 20])))
    for i, (path, cookie, body) in enumerate(asks):
        stream = 2 * i + 1
        out += frame(1, 4 if body else 5, stream, h2_head(path, cookie, bool(body)))
        if body:
            cut = rng.randrange(len(body) + 1)
            out += frame(0, 0, stream, body[:cut]) + frame(0, 1, stream, body[cut:])
        if rng.random() < 0.3:
            out += frame(3, 0, stream, struct.pack(">I", 8))  # RST_STREAM, CANCEL
    return out


def masked(text):
    return b"\x82" + (bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))) + b"\0\0\0\0" + text


# --- clients who leave -----------------------------------------------------------------------------------------------

class Storm:
    def __init__(self, site, streams, member, token):
        self.site, self.streams, self.member, self.token = site, streams, member, token
        self.kinds = {}

    def form(self, rng):
        which = rng.random()
        if which < 0.06:
            return "/sign-in", "", {"email": "mara@example.org", "password": rng.choice([PASSWORD, "wrong"])}
        if which < 0.1:
            return "/sign-up", "", {"email": f"x{rng.randrange(10**9)}@example.org", "name": "X", "password": PASSWORD}
        if which < 0.4:
            return "/sign-in/mail", "", {"email": "mara@example.org"}
        if which < 0.7:
            return "/account/addresses/remove", self.member.cookie(), {"id": "0000000000000"}
        return "/account/notifications", self.member.cookie(), {"topic": rng.choice(["blog.newsletter", ""])}

    def request(self, rng):
        """(kind, port, bytes)"""
        which = rng.random()
        if which < 0.3:
            return "page", self.site, h1("GET", rng.choice(PAGES))
        if which < 0.42:
            return "own page", self.site, h1("GET", rng.choice(OWN_PAGES), self.member.cookie())
        if which < 0.56:
            path, cookie, fields = self.form(rng)
            token_cookie = f"gh_form={self.member.cookies['gh_form']}"
            return "form", self.site, h1("POST", path, cookie or token_cookie, urlencode({"csrf": self.token, **fields}).encode())
        if which < 0.6:
            return "upload", self.site, h1("POST", "/account/profile", self.member.cookie(), upload(rng, self.token), "multipart/form-data; boundary=edge")
        if which < 0.8:
            asks = []
            for _ in range(rng.randrange(1, 6)):
                if rng.random() < 0.3:
                    path, cookie, fields = self.form(rng)
                    asks.append((path, cookie, urlencode({"csrf": self.token, **fields}).encode()))
                else:
                    asks.append((rng.choice(PAGES + OWN_PAGES), self.member.cookie() if rng.random() < 0.5 else "", b""))
            return "HTTP/2", self.site, h2(rng, asks)
        if which < 0.86:
            return "events", self.streams, h1("GET", "/events")
        if which < 0.92:
            shake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            return "socket", self.streams, h1("GET", "/socket", more=shake) + b"".join(masked(rng.randbytes(rng.randrange(400))) for _ in range(rng.randrange(5)))
        if which < 0.96:
            return "large", self.streams, h1("GET", "/large")
        return "body", self.streams, h1("POST", "/echo", body=rng.randbytes(rng.randrange(1, 100_000)))

    def leave(self, rng):
        kind, port, text = self.request(rng)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        s = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        try:
            s.sendall(text[:rng.randrange(len(text) + 1)] if rng.random() < 0.35 else text)
            how = rng.random()
            if how < 0.4:
                time.sleep(rng.random() ** 3 * 0.05)
            elif how < 0.8:
                s.settimeout(rng.random() * 0.05)
                left = rng.choice([1, 100, 2000, 50_000, 1 << 20])
                while left > 0:
                    got = s.recv(min(left, 65536))
                    if not got:
                        break
                    left -= len(got)
            how = rng.random()
            if how < 0.4:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            elif how < 0.55:
                s.shutdown(socket.SHUT_WR)
                time.sleep(rng.random() * 0.01)
        except OSError:
            pass  # the server was first
        finally:
            s.close()

    def blow(self, count, seed):
        def worker(k):
            rng = random.Random(f"{seed} {k}")
            for _ in range(k, count, AT_ONCE):
                self.leave(rng)
        threads = [threading.Thread(target=worker, args=(k,)) for k in range(AT_ONCE)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()


# --- what is to be as before --------------------------------------------------------------------------------------

WATCHED = re.compile(r'http_(connections|waiting|owed)|fibers|offload.*(queued|running)|db.*(pool_used|waiting)|outbound_connections|job.*(running|waiting)')

BUSY = re.compile(r'waiting|queued|running|used')


def under_way(port):
    text = Agent(port).ask("GET", "/metrics")[2].decode()
    rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {k: float(v) for k, v in rows.items() if WATCHED.search(k)}


def answered(port):
    """Requests that the site has answered or given up, by class of status ("other": their client left)."""
    text = Agent(port).ask("GET", "/metrics")[2].decode()
    return {k: int(float(n)) for k, n in re.findall(r'^guildhall_http_requests_total\{status="(\w+)"\} (\S+)$', text, re.M)}


def stream_counts(port):
    return json.loads(Agent(port).ask("GET", "/counts")[2])


def descriptors(pid):
    kinds = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            to = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        kind = "socket" if to.startswith("socket:") else "memory" if to.startswith("/memfd:") else "store" if ".db" in to else to
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


LOOPS = 2
SERVICES = re.findall(r"^X\((\w+)\)", (ROOT / "src/platform/core/services.def").read_text(), re.M)


class Disconnects(unittest.TestCase):
    def settled(self, look, before, what):
        end = time.monotonic() + PATIENCE
        while (now := look()) != before:
            if time.monotonic() > end:
                self.fail(f"{what}: { {k: (before.get(k), now.get(k)) for k in before.keys() | now.keys() if before.get(k) != now.get(k)} }")
            time.sleep(0.05)

    def test_nothing_is_left(self):
        print(f"DISCONNECTS_SEED={SEED}, {MANY} disconnects", file=sys.stderr)
        with tempfile.TemporaryDirectory() as data:
            for email, more in (("mara@example.org", ["--owner"]),):
                subprocess.run([lib.binary(), "user", "add", email, *more, "--data", data], input=PASSWORD + "\n", text=True, check=True, capture_output=True)
            p = lib.start(["--data", data, "--listen", "127.0.0.1:0", "--demo", "--set", f"server.demo_dir={self.texts(data)}", "--set", "rate.enabled=no", "--set", "database.read_pool=1",
                           "--set", "log.level=warn"])
            q = self.start_streams()
            try:
                self.blow_and_look(p, q)
            finally:
                codes = lib.stop(p), lib.stop(q)
                said = lib.errors(p), lib.errors(q)
                p.log.close()
                q.log.close()
            self.assertEqual(codes, (0, 0), "\n".join(s[-4000:] for s in said))
            for text in said:
                self.assertNotIn("Sanitizer", text)
                for line in ("given_up", "no_answer", "\"level\":\"error\""):
                    self.assertNotIn(line, text)
                self.assertNotIn("serve.cut", text)

    def texts(self, data):
        """The demonstration without its pictures, which would be made behind all this."""
        folder = Path(data) / "demo"
        (folder / "images/content").mkdir(parents=True)
        shutil.copy(ROOT / "demo/millrace.ghost.json", folder)
        return folder

    def start_streams(self):
        log = tempfile.TemporaryFile()
        q = subprocess.Popen([os.environ.get("BUILD_DIR", os.path.dirname(lib.binary())) + "/tests/streams", "2"], stdout=subprocess.PIPE, stderr=log, text=True)
        q.log = log
        q.ready = q.stdout.readline().split()
        return q

    def blow_and_look(self, p, q):
        site, streams = (int(x.ready[1].rstrip("/").rsplit(":", 1)[1]) for x in (p, q))
        member = Agent(site)
        member.sign_in("mara@example.org")
        storm = Storm(site, streams, member, member.token("/account/profile"))
        storm.blow(WARM, f"{SEED} warm")
        self.each_answers(site, member)
        before, before_streams = self.quiet(lambda: under_way(site)), self.quiet(lambda: stream_counts(streams))
        self.assertGreater(len(before), 10, "the metrics page has other names now")
        files, stream_files = descriptors(p.pid), descriptors(q.pid)
        begun, had = time.monotonic(), answered(site)
        storm.blow(MANY, SEED)
        now = answered(site)
        by_status = {k: now[k] - had.get(k, 0) for k in now}
        print(f"{MANY} in {time.monotonic() - begun:.1f} s: {storm.kinds}; the site's answers {by_status}", file=sys.stderr)
        self.assertEqual(by_status.get("5xx", 0), 0, "a client who leaves is no failure of the site")
        self.each_answers(site, member)
        self.settled(lambda: {"/readyz": Agent(site).go("/readyz")[0]}, {"/readyz": 200}, "readiness")
        self.streams_answer(streams)
        self.settled(lambda: under_way(site), before, "what the metrics page counts")
        self.settled(lambda: stream_counts(streams), before_streams, "what streams count")
        self.settled(lambda: self.more(descriptors(p.pid), files), {}, "descriptors of the site")
        self.settled(lambda: self.more(descriptors(q.pid), stream_files), {}, "descriptors of streams")

    def more(self, now, before):
        """Kinds that there are more of. Helpers for pictures (a socket each, four at most) come and go; kept pages lie in memory files; each loop
        opens a service's database (three files) when it first reads it."""
        spare = {"socket": 4, "memory": 64, "store": 3 * LOOPS * len(SERVICES)}
        return {k: n for k, n in now.items() if n > before.get(k, 0) + spare.get(k, 0)}

    def quiet(self, look):
        """Until it says the same three times, and nothing is at work."""
        seen, end = [], time.monotonic() + PATIENCE
        while len(seen) < 3 or not seen[-1] == seen[-2] == seen[-3] or any(v for k, v in seen[-1].items() if BUSY.search(k)):
            self.assertLess(time.monotonic(), end, seen[-3:])
            seen.append(look())
            time.sleep(0.2)
        return seen[-1]

    def streams_answer(self, port):
        """What the storm sends is understood, as long as nobody leaves."""
        shake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        for text, want in ((h1("GET", "/socket", more=shake) + masked(b"hello"), b"\x82\x05hello"), (h1("GET", "/events"), b"event: tick"),
                           (h1("POST", "/echo", body=b"echoed"), b"echoed")):
            self.assertIn(want, self.read_until(port, text, want))

    def read_until(self, port, text, want):
        got = b""
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as s:
            s.sendall(text)
            while want not in got:
                piece = s.recv(65536)
                if not piece:
                    break
                got += piece
        return got

    def http2_answers(self, port, member):
        """Several requests at once, a form among them: :status 200 for the pages, and 303 (index 0x48 and its digits) for the form."""
        form = urlencode({"csrf": member.token("/account/profile")}).encode()
        head = PREFACE + frame(4, 0, 0)
        pages = b"".join(frame(1, 5, n, h2_head(path, member.cookie(), False)) for n, path in ((1, "/account"), (3, "/tags/")))
        post = frame(1, 4, 5, h2_head("/account/notifications", member.cookie(), True)) + frame(0, 1, 5, form)
        statuses, got = {}, b""
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as s:
            s.sendall(head + pages + post)
            while len(statuses) < 3:
                piece = s.recv(65536)
                self.assertTrue(piece, statuses)
                got += piece
                while len(got) >= 9 and len(got) >= 9 + int.from_bytes(got[:3], "big"):
                    n, stream = int.from_bytes(got[:3], "big"), int.from_bytes(got[5:9], "big")
                    if got[3] == 1:
                        statuses[stream] = got[9:9 + n]
                    got = got[9 + n:]
        self.assertEqual(statuses[1][0], 0x88)
        self.assertEqual(statuses[3][0], 0x88)
        self.assertNotEqual(statuses[5][0], 0x8c)  # 400: an index of its own, as are 404 and 500
        self.assertEqual(statuses[5][0], 0x48)

    def each_answers(self, site, member):
        self.http2_answers(site, member)
        for path in PAGES:
            self.assertEqual(Agent(site).go(path)[0], 404 if path == "/nowhere/" else 200, path)
        for path in OWN_PAGES:
            self.assertEqual(member.go(path)[0], 200, path)
        Agent(site).sign_in("mara@example.org")
        # 429 as long as pictures of this member, whose sender has left, still wait for their turn.
        sent = upload(random.Random(1), member.token("/account/profile"))
        self.settled(lambda: {"picture": member.ask("POST", "/account/profile", sent, {"Content-Type": "multipart/form-data; boundary=edge"})[0]}, {"picture": 303}, "a picture")


if __name__ == "__main__":
    unittest.main()
