#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Blog and account in a process each. When account stops, every page of the blog still comes: with the last menu while it is
kept, without it afterwards; when account is back, so is the menu."""

import os
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

from lib import free_port, start, stop

SECRET = "7f" * 32


def page(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


class TwoProcesses(unittest.TestCase):
    def setUp(self):
        self.data = tempfile.TemporaryDirectory()
        self.blog_port, self.account_port = free_port(), free_port()
        self.common = ["--set", f"server.secret={SECRET}", "--set", f"server.base_url=http://127.0.0.1:{self.blog_port}",
                       "--set", f"account.base_url=http://127.0.0.1:{self.account_port}/account", "--set", "rate.enabled=no",
                       "--set", "cache.pages=no"]
        self.account = self.start_account()
        self.blog = start(["--data", f"{self.data.name}/blog", "--listen", f"127.0.0.1:{self.blog_port}", "--only", "blog", "--demo",
                           "--set", f"account.remote_url=http://127.0.0.1:{self.account_port}", *self.common])
        self.url = f"http://127.0.0.1:{self.blog_port}"

    def start_account(self):
        return start(["--data", f"{self.data.name}/account", "--listen", f"127.0.0.1:{self.account_port}", "--only", "account",
                      "--set", f"blog.remote_url=http://127.0.0.1:{self.blog_port}", *self.common])

    def tearDown(self):
        for p in (self.blog, self.account):
            stop(p)
        self.data.cleanup()

    def menu(self, text):
        return "/account" in text.split("</header>")[0]

    def test_account_stops_and_comes_back(self):
        status, text = page(self.url + "/")
        self.assertEqual(status, 200)
        self.assertTrue(self.menu(text), "the sign-in menu of the other process is on the page")

        os.kill(self.account.pid, signal.SIGKILL)
        self.account.wait()
        for _ in range(200):
            status, text = page(self.url + "/")
            self.assertEqual(status, 200)
            self.assertTrue(self.menu(text), "the last menu is kept while account is away")

    def test_hung_account_costs_no_page(self):
        page(self.url + "/")
        os.kill(self.account.pid, signal.SIGSTOP)
        try:
            for path in ["/", "/archive/", "/tags/"] * 10:
                status, _ = page(self.url + path)
                self.assertEqual(status, 200)
        finally:
            os.kill(self.account.pid, signal.SIGCONT)

    def test_never_there(self):
        stop(self.account)
        stop(self.blog)
        self.blog = start(["--data", f"{self.data.name}/blog", "--listen", f"127.0.0.1:{self.blog_port}", "--only", "blog",
                           "--set", f"account.remote_url=http://127.0.0.1:{self.account_port}", *self.common])
        for _ in range(50):
            status, text = page(self.url + "/")
            self.assertEqual(status, 200)
            self.assertFalse(self.menu(text), "no menu was ever had")
            self.assertIn("</html>", text)
        self.account = self.start_account()
        end = time.monotonic() + 60  # the breaker asks again after 30 s
        while time.monotonic() < end and not self.menu(page(self.url + "/")[1]):
            time.sleep(0.5)
        self.assertTrue(self.menu(page(self.url + "/")[1]), "the menu came back by itself")


if __name__ == "__main__":
    unittest.main()
