#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program as an operator meets it: commands and exit codes, start, pages, reload, the end with requests under way."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest

from lib import binary, errors, free_port, start, stop


def run(*args, env=None):
    return subprocess.run([binary(), *args], capture_output=True, text=True, timeout=60, env=dict(os.environ, **(env or {})))


class Commands(unittest.TestCase):
    def refused(self, code, says, *args, env=None):
        p = run(*args, env=env)
        self.assertEqual(p.returncode, code, p.stderr)
        self.assertIn(says, p.stderr)
        self.assertEqual(p.stdout, "")

    def test_mistakes(self):
        self.refused(2, "Did you mean serve?", "serv")
        self.refused(2, "Did you mean --listen?", "serve", "--lisen", "x")
        self.refused(2, "needs a value", "serve", "--listen")
        self.refused(2, "does not take 'extra'", "serve", "extra")
        self.refused(2, "usage: guildhall dump", "dump")
        self.refused(2, "Did you mean routes?", "dump", "route")
        self.refused(2, "no role 'cooking'", "worker", "--roles", "cooking")
        self.refused(3, "Did you mean server.listen?", "serve", "--set", "server.lisen=x")
        self.refused(3, "Did you mean GUILDHALL_SERVER_LISTEN?", "serve", env={"GUILDHALL_SERVER_LISEN": "x"})
        self.refused(3, "/nonexistent.ini", "serve", "--config", "/nonexistent.ini")
        self.refused(3, "which is no service", "serve", "--data", tempfile.gettempdir() + "/gh-none", "--only", "blgo")

    def test_so_many_settings_on_a_command_line(self):
        """SETS_MAX of main/command.h, and one more."""
        sets = ["--set", "server.dev=no"] * 64
        self.assertEqual(run("dump", "settings", *sets).returncode, 0)
        self.refused(2, "more than 64 settings on the command line", "dump", "settings", *sets, "--set", "server.dev=no")

    def test_so_many_arguments_and_options(self):
        """ARGS_MAX and OPTIONS_MAX of main/command.h: each command takes its own number of the former, and one more is a mistake."""
        with tempfile.TemporaryDirectory() as data:
            for command, takes in (("serve", 0), ("dump", 1), ("import", 2), ("export", 2), ("user", 2), ("migrate", 0), ("doctor", 0), ("help", 1)):
                self.refused(2, f"{command} does not take 'a{takes}'", command, *[f"a{i}" for i in range(9)])
            user = ("user", "add", "a@example.org", "--data", data)
            given = subprocess.run([binary(), *user, *["--admin"] * 16], input="seven quiet herons\n", capture_output=True, text=True, timeout=60)
            self.assertEqual(given.returncode, 0, given.stderr)
            self.refused(2, "more than 16 options on the command line", *user, *["--admin"] * 17)

    def test_a_password_on_a_line(self):
        """LINE of main/user.c: a password of 1024 bytes is taken, with or without an end of line; a longer one is refused."""
        with tempfile.TemporaryDirectory() as data:
            words = ("nine loud geese and seven quiet herons " * 40)
            for i, (n, end, code) in enumerate(((1024, "\n", 0), (1024, "", 0), (1025, "\n", 1), (1026, "\n", 2), (9000, "\n", 2))):
                p = subprocess.run([binary(), "user", "add", f"p{i}@example.org", "--data", data], input=(words * 8)[:n - 1] + "z" + end, capture_output=True, text=True,
                                   timeout=60)
                self.assertEqual(p.returncode, code, p.stderr)
                if code:
                    self.assertIn("1024 bytes", p.stderr)

    def test_a_list_of_breached_passwords_that_is_none(self):
        with tempfile.TemporaryDirectory() as data:
            path = f"{data}/list"
            setting = ("--data", data, "--set", f"identity.breached_passwords={path}", "--set", "server.listen=127.0.0.1:0")
            self.refused(3, f"identity.breached_passwords = {path}: it can not be read", "serve", *setting)
            for text, says in (("", "it is empty"), ("password\n", "there is no line of 40"), (f"{'F' * 40}:2\n{'0' * 40}:1\n", "not sorted by hash")):
                with open(path, "w") as f:
                    f.write(text)
                self.refused(3, says, "serve", *setting)
                self.assertRegex(run("doctor", *setting).stdout, f"(?m)^fail +settings of identity +.*{says}")
            with open(path, "w") as f:
                f.write(f"{'0' * 40}:1\n{'F' * 40}:2\n")
            self.assertRegex(run("doctor", *setting).stdout, "(?m)^ok +settings of identity")

    def test_file_is_named_with_its_line(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as f:
            f.write("[server]\n# fine\nlisten = 127.0.0.1:1\nloops = many\n")
            f.flush()
            self.refused(3, f"{f.name}:4", "serve", "--config", f.name)

    def test_help_for_every_command(self):
        listed = re.findall(r"^  (\w+) ", run("--help").stdout, re.M)
        self.assertIn("serve", listed)
        for name in listed:
            by_option, by_name = run(name, "--help"), run("help", name)
            self.assertEqual(by_option.returncode, 0)
            self.assertEqual(by_option.stdout, by_name.stdout)
            self.assertIn(f"usage: guildhall {name}", by_name.stdout)
        self.assertRegex(run("--version").stdout, r"^guildhall \d+\.\d+\.\d+\n$")
        self.assertEqual(run().returncode, 2)

    def test_dumps_are_tables(self):
        for table in ("routes", "events", "jobs", "errors", "metrics", "settings", "contracts", "fragments"):
            p = run("dump", table)
            self.assertEqual(p.returncode, 0, p.stderr)
            rows = [line.split("\t") for line in p.stdout.splitlines()]
            self.assertTrue(all(len(r) == len(rows[0]) for r in rows), table)
        self.assertIn("mail.smtp_url\t(secret)\t--set", run("dump", "settings", "--set", "mail.smtp_url=smtp://u:hunter2@h").stdout)

    def test_migrate_and_doctor(self):
        with tempfile.TemporaryDirectory() as data:
            self.assertIn("pending", run("migrate", "--status", "--data", data).stdout)
            self.assertRegex(run("migrate", "--data", data).stdout, r"^[1-9]\d* migrations applied\n$")
            self.assertEqual(run("migrate", "--data", data).stdout, "0 migrations applied\n")
            self.assertNotIn("pending", run("migrate", "--status", "--data", data).stdout)
            port = free_port()
            p = run("doctor", "--data", data, "--set", f"server.listen=127.0.0.1:{port}")
            self.assertRegex(p.stdout, r"(?m)^ok +database blog +answers")
            self.assertRegex(p.stdout, r"(?m)^warn +site +.*does not answer")
            os.chmod(f"{data}/secret", 0o644)
            self.assertRegex(run("doctor", "--data", data).stdout, r"(?m)^warn +file modes +.*chmod 600")
            broken = run("doctor", "--data", data + "/gone")
            self.assertEqual(broken.returncode, 1)
            self.assertRegex(broken.stdout, r"(?m)^fail +data folder")
            self.assertFalse(os.path.exists(data + "/gone"), "a doctor changes nothing")

    def test_bench_measures_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as data:
            p = run("bench", "--data", data, "--seconds", "1", "--json")
            self.assertEqual((p.returncode, p.stderr), (0, ""))
            found = json.loads(p.stdout)
            self.assertEqual(found["database"], "sqlite")
            self.assertGreater(found["visitors"], 0)
            self.assertEqual([k for k, v in found["per_second"].items() if not v > 0], [])
            self.assertEqual(os.listdir(data), [], "a folder of its own, which is gone")
            told = run("bench", "--data", data, "--seconds", "1")
            self.assertEqual(told.returncode, 0)
            self.assertEqual(len(re.findall(r"(?m)^\S.* \d+/s ", told.stdout)), len(found["per_second"]))
            self.assertRegex(told.stdout, r"about \d+ visitors at once")
            self.assertGreater(found["per_second"]["pages_cached"], found["per_second"]["pages"])
            bare = json.loads(run("bench", "--data", data, "--seconds", "1", "--json", "--set", f"server.demo_dir={data}").stdout)
            self.assertEqual(found["per_second"].keys() - bare["per_second"].keys(), {"pages", "pages_cached"}, "no demonstration, no pages")
            self.assertEqual((bare.get("visitors"), os.listdir(data)), (None, []))

    def test_bench_is_interrupted_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as data:
            p = subprocess.Popen([binary(), "bench", "--data", data, "--seconds", "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            p.stdout.readline()  # the first figure: the second is being measured
            self.assertEqual(len(os.listdir(data)), 1)
            p.send_signal(signal.SIGINT)
            _, said = p.communicate(timeout=20)
            self.assertEqual(p.returncode, 1)
            self.assertIn("interrupted", said)
            self.assertEqual(os.listdir(data), [])
            self.refused(1, "can not make a folder in", "bench", "--data", f"{data}/gone")
            self.assertEqual(os.listdir(data), [])
        for wrong in ("0", "x", "1e9"):
            self.refused(2, "--seconds takes", "bench", "--seconds", wrong)

    def test_bench_on_postgresql_has_a_schema_that_goes(self):
        with tempfile.TemporaryDirectory() as data:
            script = """url=$GUILDHALL_TEST_PG; unset GUILDHALL_TEST_PG
                "$GUILDHALL" bench --data "$1" --seconds 1 --json --set database.url="$url" || exit 1
                psql "$url" -Atc "SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'guildhall%'" -c "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'\""""
            p = subprocess.run(["bash", f"{os.path.dirname(__file__)}/../lib/pg.sh", "run", "--", "sh", "-c", script, "sh", data], capture_output=True, text=True, timeout=120)
            if p.returncode == 77:
                self.skipTest("PostgreSQL is not installed")
            self.assertEqual(p.returncode, 0, p.stderr)
            found, schemas, tables = p.stdout.splitlines()
            self.assertEqual(json.loads(found)["database"], "postgresql")
            self.assertEqual((schemas, tables, os.listdir(data)), ("0", "0", []))

    def test_a_doctor_finds_what_is_broken(self):
        """Each trouble by itself on a site that is well: its line says what to mend."""
        with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as elsewhere:
            ours, theirs = free_port(), free_port()
            started = [start(["--data", d, "--listen", f"127.0.0.1:{port}"]) for d, port in ((data, ours), (elsewhere, theirs))]
            env = {"CLOCK_SHIFT_FILE": f"{elsewhere}/shift", "LD_PRELOAD": os.path.join(os.environ.get("BUILD_DIR", "build"), "tests/libclock_shift.so"),
                   "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

            def doctor(*settings, env=None, data=data):
                sets = [x for s in (f"server.listen=127.0.0.1:{ours}", *settings) for x in ("--set", s)]
                return run("doctor", "--data", data, *sets, env=env)
            try:
                well = doctor()
                self.assertEqual((well.returncode, re.findall("(?m)^fail.*", well.stdout)), (0, []))
                self.assertRegex(well.stdout, "(?m)^ok +site's address .*knows the site's secret")
                for settings, says in (
                        (["redis.url=redis://127.0.0.1:1"], r"redis \(data\) +does not answer"),
                        (["redis.auth_url=redis://127.0.0.1:1"], r"auth store +does not answer"),
                        (["database.url=postgresql:///guildhall_{service}?host=/nonexistent"], r"database blog +does not answer: .*no connection"),
                        (["server.secret=short"], r"stores +.*64 hex digits"),
                        (["server.secret=" + "ab" * 32], r"site's address .*another secret"),
                        ([f"server.base_url=http://localhost:{theirs}"], r"site's address .*is another site"),
                        (["server.only=blog", f"account.remote_url=http://127.0.0.1:{theirs}"], r"process of account .*another secret"),
                        (["server.only=blog", "account.remote_url=http://127.0.0.1:1"], r"process of account .*does not answer"),
                        (["server.tls_cert=/etc/hostname", "server.tls_key=/etc/hostname"], r"certificate +.*can not be read as PEM")):
                    p = doctor(*settings)
                    self.assertEqual(p.returncode, 1, settings)
                    self.assertRegex(p.stdout, f"(?m)^fail +{says}")
                self.assertRegex(doctor(data="/proc/self").stdout, "(?m)^fail +data folder .*can not be written: .*Give it to the user")
                self.assertRegex(doctor("server.base_url=http://localhost:1").stdout, "(?m)^warn +site +.*does server.base_url name it")
                for days, says in ((-30, "is behind what was last written"), (-9000, "shows a date before 2025")):
                    with open(f"{elsewhere}/shift", "wb") as f:
                        f.write(struct.pack("<q", days * 86400))
                    self.assertRegex(doctor(env=env).stdout, f"(?m)^fail +clock +{says}")
                with sqlite3.connect(f"{data}/blog.db") as c:
                    c.execute("DELETE FROM schema_migrations WHERE owner = 'blog' AND number = (SELECT max(number) FROM schema_migrations WHERE owner = 'blog')")
                self.assertRegex(doctor().stdout, "(?m)^warn +database blog +1 of .*guildhall migrate")
            finally:
                for p in started:
                    stop(p)

    def test_a_taken_address_is_told_before_anything_is_loaded(self):
        with tempfile.TemporaryDirectory() as data, socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            p = run("serve", "--demo", "--data", data, "--listen", f"127.0.0.1:{port}")
            self.assertEqual(p.returncode, 3)
            self.assertIn("is taken", p.stderr)
            self.assertIn("--port", p.stderr)
            self.assertNotIn("no owner yet", p.stderr)
            self.assertNotIn("demo.loading", p.stderr)

    def test_ended_while_it_starts_it_ends_clean(self):
        for wait in range(0, 40, 4):  # wherever its start has come by then
            with tempfile.TemporaryDirectory() as data:
                p = subprocess.Popen([binary(), "serve", "--demo", "--data", data, "--listen", f"127.0.0.1:{free_port()}"], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, text=True)
                p.stderr.readline()
                time.sleep(wait / 20)
                p.send_signal(signal.SIGINT)
                said = p.communicate(timeout=60)[1]
                self.assertEqual(p.returncode, 0, said)
                self.assertNotIn("fibers_left", said)
                self.assertNotIn("serve.cut", said)

    def test_processes_that_start_together_share_one_secret(self):
        for _ in range(15):
            with tempfile.TemporaryDirectory() as data:
                started = [subprocess.Popen([binary(), "migrate", "--status", "--data", data], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
                sizes = set()
                while any(p.poll() is None for p in started):
                    try:
                        sizes.add(os.stat(f"{data}/secret").st_size)
                    except FileNotFoundError:
                        pass
                for p in started:
                    self.assertEqual(p.wait(), 0, p.stderr.read())
                    p.stderr.close()
                self.assertLessEqual(sizes, {64}, "whoever looks sees all of it")
                self.assertEqual([f for f in os.listdir(data) if f.startswith("secret")], ["secret"])


class Serving(unittest.TestCase):
    def setUp(self):
        self.data = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.p = None

    def tearDown(self):
        if self.p:
            stop(self.p)
            self.p.log.close()
        self.data.cleanup()

    def serve(self, *args):
        self.p = start(["--data", self.data.name, "--listen", f"127.0.0.1:{self.port}", *args])
        return self.p

    def get(self, path, method="GET", body=None, **headers):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        r = c.getresponse()
        data = r.read()
        c.close()
        return r, data

    def test_pages(self):
        p = self.serve("--demo")
        self.assertEqual(p.ready[1], f"http://localhost:{self.port}/")
        r, page = self.get("/")
        self.assertEqual(r.status, 200)
        self.assertIn(b"</html>", page)
        self.assertNotIn("'unsafe-inline'", r.headers["content-security-policy"])
        # kept whole: the second answer comes without the dispatcher's rate-limit headers, in any coding, or as 304
        again, same = self.get("/")
        self.assertEqual(same, page)
        self.assertIsNone(again.headers["ratelimit"])
        for coding in ("gzip", "br"):
            r, packed = self.get("/", accept_encoding=coding)
            self.assertEqual(r.headers["content-encoding"], coding)
            self.assertLess(len(packed), len(page) // 2)
        r, nothing = self.get("/", if_none_match=again.headers["etag"])
        self.assertEqual((r.status, nothing), (304, b""))
        r, nothing = self.get("/", method="HEAD")
        self.assertEqual((r.status, nothing, r.headers["content-length"]), (200, b"", str(len(page))))

    def test_assets(self):
        self.serve("--demo")
        url = re.search(rb'href="(/assets/site\.[0-9a-f]+\.css)"', self.get("/")[1]).group(1).decode()
        r, css = self.get(url)
        self.assertEqual(r.headers["cache-control"], "public, max-age=31536000, immutable")
        self.assertEqual(r.headers["content-type"], "text/css; charset=utf-8")
        r, packed = self.get(url, accept_encoding="br")
        self.assertEqual(r.headers["content-encoding"], "br")
        self.assertLess(len(packed), len(css))
        self.assertEqual(self.get(url, if_none_match=r.headers["etag"])[0].status, 304)
        self.assertEqual(self.get("/assets/site.000000000000.css")[0].status, 404)

    def test_refusals(self):
        self.serve()
        r, _ = self.get("/", method="DELETE")
        self.assertEqual((r.status, r.headers["allow"]), (405, "GET, HEAD, OPTIONS"))
        r, _ = self.get("/", method="OPTIONS")
        self.assertEqual((r.status, r.headers["allow"]), (204, "GET, HEAD, OPTIONS"))
        r, _ = self.get("/account/")
        self.assertEqual((r.status, r.headers["location"]), (301, "/account"))
        r, _ = self.get("//evil.example/")
        self.assertFalse((r.headers["location"] or "/x").startswith("//"))
        r, body = self.get("/account/nothing", accept="application/json")
        self.assertEqual((r.status, r.headers["content-type"]), (404, "application/problem+json"))
        problem = json.loads(body)
        self.assertEqual((problem["status"], problem["type"]), (404, "urn:guildhall:problem:not-found"))
        r, body = self.get("/internal/fragments", method="POST", body=b"{}")
        self.assertEqual(r.status, 404)
        r, body = self.get("/internal/fragments", method="POST", body=b"{}", x_guildhall_signature="1.00")
        self.assertEqual(r.status, 403)

    def test_health(self):
        self.serve()
        self.assertEqual(self.get("/healthz")[1], b"ok\n")
        r, body = self.get("/readyz")
        self.assertEqual((r.status, json.loads(body)["status"]), (200, "ready"))
        self.get("/")
        self.assertIn(b'guildhall_http_requests_total{status="2xx"}', self.get("/metrics")[1])
        # behind a proxy that nobody told us to trust everybody looks like loopback
        self.assertEqual(self.get("/metrics", x_forwarded_for="203.0.113.9")[0].status, 404)

    def test_a_disk_that_is_full_is_not_ready(self):
        self.serve("--set", "server.disk_min=1000000G")
        r, body = self.get("/readyz")
        self.assertEqual((r.status, json.loads(body)["status"]), (503, "failing"))
        self.assertIn(b"too little space", body)
        self.assertEqual(self.get("/healthz")[0].status, 200)

    def test_operations_listener(self):
        ops = free_port()
        self.serve("--set", f"server.ops_listen=127.0.0.1:{ops}")
        public, self.port = self.port, ops
        self.assertEqual(self.get("/metrics", x_forwarded_for="203.0.113.9")[0].status, 200)
        self.assertEqual(self.get("/")[0].status, 404)
        self.port = public

    def test_rate_limit(self):
        self.serve("--set", "rate.read_per_minute=1", "--set", "rate.read_burst=3")
        answers = [self.get(f"/search/?q={i}")[0] for i in range(5)]
        self.assertEqual([a.status for a in answers[:3]], [200, 200, 200])
        self.assertEqual(answers[4].status, 429)
        self.assertGreaterEqual(int(answers[4].headers["retry-after"]), 1)
        self.assertIn('"read";r=0', answers[4].headers["ratelimit"])

    def test_reload(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as f:
            def write(text):
                f.seek(0)
                f.truncate()
                f.write(text)
                f.flush()
            write("[rate]\nenabled = no\n")
            self.serve("--config", f.name)
            self.assertIsNone(self.get("/search/?q=a")[0].headers["ratelimit"])
            write("[rate]\nenabled = yes\n")
            self.p.send_signal(signal.SIGHUP)
            self.until(lambda: self.get("/search/?q=a")[0].headers["ratelimit"])
            write("[rate]\nenbled = no\n")
            self.p.send_signal(signal.SIGHUP)
            self.until(lambda: "serve.reload_failed" in errors(self.p))
            self.assertIn("Did you mean rate.enabled?", errors(self.p))
            self.assertTrue(self.get("/search/?q=a")[0].headers["ratelimit"], "what was loaded stays")

    def until(self, true):
        end = time.monotonic() + 20
        while not true():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def test_ends_after_what_is_under_way(self):
        self.serve()
        idle = socket.create_connection(("127.0.0.1", self.port))
        slow = socket.create_connection(("127.0.0.1", self.port))
        slow.settimeout(20)
        # a request that has begun: its body is still to come
        slow.sendall(b"POST /internal/fragments HTTP/1.1\r\nHost: x\r\nX-Guildhall-Signature: 1.00\r\nContent-Length: 4\r\n\r\n{}")
        self.until(lambda: b'guildhall_http_connections 3' in self.get("/metrics")[1])
        self.p.send_signal(signal.SIGTERM)
        self.until(lambda: "serve.draining" in errors(self.p))
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            raise OSError  # a kernel may still complete a handshake for a socket that is being closed
        slow.sendall(b"{}")
        self.assertTrue(slow.recv(65536).startswith(b"HTTP/1.1 403"), "it was answered")
        self.assertEqual(self.p.wait(30), 0)
        idle.close()
        slow.close()

    def test_second_instance_and_taken_port(self):
        self.serve()
        other = tempfile.TemporaryDirectory()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            p = run("serve", "--data", other.name, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        other.cleanup()
        self.assertEqual(p.returncode, 3, p.stderr)
        self.assertIn("is taken", p.stderr)
        self.assertNotIn("ready", p.stdout)

    def test_worker(self):
        p = start(["--data", self.data.name, "--roles", "events,jobs"], command="worker")
        self.assertEqual(p.ready[1], "worker")
        self.assertEqual(stop(p), 0)
        p.log.close()


if __name__ == "__main__":
    unittest.main()
