#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With any number of descriptors a start either serves or says what is missing, and SIGTERM is heard."""

import resource
import select
import signal
import socket
import subprocess
import tempfile
import unittest

import lib

FEWEST, MOST, ENOUGH = 6, 80, 256


def start(data, descriptors):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    log = tempfile.TemporaryFile()
    p = subprocess.Popen([lib.binary(), "serve", "--data", data, "--listen", "127.0.0.1:0", "--set", "server.loops=2",
                          "--set", "http.header_time=300s", "--set", "http.idle=3600s"],  # nobody is cut off for being slow here
                         stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=limit)
    p.log = log
    return p


class FewDescriptors(unittest.TestCase):
    def setUp(self):
        self.data = tempfile.TemporaryDirectory()
        p = start(self.data.name, ENOUGH)
        self.assertTrue(p.stdout.readline().startswith("ready "))
        self.assertEqual(lib.stop(p), 0)
        p.log.close()

    def tearDown(self):
        self.data.cleanup()

    def test_each_start_serves_or_says_why_not(self):
        served = refused = 0
        for descriptors in range(FEWEST, MOST):
            p = start(self.data.name, descriptors)
            ready = p.stdout.readline().startswith("ready ")
            code = lib.stop(p) if ready else p.wait(60)  # a refusal ends by itself
            p.stdout.close()
            with self.subTest(descriptors=descriptors):
                self.assertEqual(code == 0, ready, lib.errors(p))
                self.assertGreaterEqual(code, 0, lib.errors(p))
                self.assertNotIn("fibers_left", lib.errors(p))
                if not ready:
                    self.assertIn("guildhall: ", lib.errors(p))
            p.log.close()
            served += ready
            refused += not ready
        self.assertTrue(served and refused)

    def test_none_left_while_it_serves(self):
        """All descriptors taken by clients: no new ones, then again when some left; and SIGTERM is heard meanwhile."""
        p = start(self.data.name, MOST)
        host, port = "127.0.0.1", int(p.stdout.readline().split()[1].rsplit(":", 1)[1].rstrip("/"))
        taken = [socket.create_connection((host, port)) for _ in range(MOST + 20)]
        # Which of them are accepted, the listeners of the loops settle among themselves: some are, and keep what they have.
        for s in taken:
            s.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        served = []
        while len(served) < 5:
            readable, _, _ = select.select([s for s in taken if s not in served], [], [], 60)
            self.assertTrue(readable, "nobody is served")
            for s in readable:
                self.assertTrue(s.recv(12).startswith(b"HTTP/1.1 "))
                served.append(s)
        for s in taken:
            if s not in served[:5]:
                s.close()
        late = socket.create_connection((host, port))
        late.settimeout(60)
        late.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(late.recv(12).startswith(b"HTTP/1.1 "))
        more = [socket.create_connection((host, port)) for _ in range(MOST + 20)]
        p.send_signal(signal.SIGTERM)
        self.assertEqual(p.wait(60), 0)
        self.assertIn("no_descriptors", lib.errors(p))
        for s in more + taken + [late]:
            s.close()
        p.stdout.close()
        p.log.close()


if __name__ == "__main__":
    unittest.main()
