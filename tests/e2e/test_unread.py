#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A few HTTP/2 connections that ask without end and read nothing: the process stays about as large as it was."""

import os
import socket
import struct
import tempfile
import threading
import unittest

import lib

CONNECTIONS, REQUESTS, MORE_MIB = 5, 2_000_000, 100
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name_index, value):
    return bytes([0x00 | name_index, len(value)]) + value


def resident_mib(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def ask_without_end(port, path):
    """Windows wide open, settings never acknowledged, nothing read; until the server has had enough."""
    head = b"\x82\x86" + literal(4, path) + literal(1, b"localhost")
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(60)
    try:
        s.sendall(PREFACE + frame(4, 0, 0, struct.pack(">HI", 4, 0x7FFFFFFF)) + frame(8, 0, 0, struct.pack(">I", 0x7FFF0000)))
        for first in range(1, 2 * REQUESTS, 2000):
            s.sendall(b"".join(frame(1, 5, stream, head) for stream in range(first, first + 2000, 2)))
    except OSError:
        pass  # cut off
    return s


class Unread(unittest.TestCase):
    def test_memory_stays(self):
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        with tempfile.TemporaryDirectory() as data:
            p = lib.start(["--data", data, "--listen", "127.0.0.1:0"])
            port = int(p.ready[1].rstrip("/").rsplit(":", 1)[1])
            most = before = resident_mib(p.pid)
            held = []
            threads = [threading.Thread(target=lambda i=i: held.append(ask_without_end(port, b"/sign-in?n=%d" % i))) for i in range(CONNECTIONS)]
            for t in threads:
                t.start()
            while any(t.is_alive() for t in threads):
                most = max(most, resident_mib(p.pid))
                threads[0].join(0.01)
                threads = threads[1:] + threads[:1]
            most = max(most, resident_mib(p.pid))
            for s in held:
                s.close()
            self.assertEqual(lib.stop(p), 0)
            cut = lib.errors(p).count("http2.cut")
            p.log.close()
            self.assertLess(most - before, MORE_MIB)
            self.assertGreaterEqual(cut, CONNECTIONS)


if __name__ == "__main__":
    unittest.main()
