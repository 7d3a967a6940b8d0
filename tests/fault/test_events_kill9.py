#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run of events from one process to another, each of which is killed again and again in the middle of it: nothing is lost, nothing
applied twice, nothing out of order.

The events are identity's person.deleted; what account does with them (forgetting addresses) is written down by a trigger in its
database, which also puts the address back: a second application would be seen as well.
"""
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from lib import binary, free_port, start, stop  # noqa: E402

EVENTS, CHUNK, KILLS = 3000, 50, 4
SERVICES = re.findall(r"^X\((\w+)\)", (Path(__file__).parents[2] / "src/platform/core/services.def").read_text(), re.M)
FIRST = 10**15
TRIGGER = """
CREATE TABLE seen (n INTEGER PRIMARY KEY AUTOINCREMENT, person BIGINT NOT NULL);
CREATE TRIGGER watch AFTER DELETE ON addresses BEGIN
  INSERT INTO seen (person) VALUES (OLD.person_id);
  INSERT INTO addresses (id, person_id, name, line1, city, country, created_at, updated_at)
    VALUES (OLD.id + 1000000, OLD.person_id, 'x', 'x', 'x', 'PT', 1, 1);
END;
"""


class EventsKill9(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        ports = free_port(), free_port()
        urls = [f"http://127.0.0.1:{p}" for p in ports]
        # All others stand with the origin: events wait for whoever takes them and runs nowhere.
        others = [name for name in SERVICES if name != "account"]
        common = ["--set", "server.secret=" + "7f" * 32, "--set", f"server.base_url={urls[0]}", "--set", f"account.base_url={urls[1]}/account",
                  "--set", f"auth.url=sqlite:{self.folder.name}/auth.db"]
        remote = [["--set", f"account.remote_url={urls[1]}"], [part for name in others for part in ("--set", f"{name}.remote_url={urls[0]}")]]
        self.args = [["--data", f"{self.folder.name}/{name}", "--only", only, *common, *remote[i]]
                     for i, (name, only) in enumerate((("origin", ",".join(others)), ("taker", "account")))]
        for args in self.args:
            subprocess.run([binary(), "migrate", *args], check=True, capture_output=True, timeout=60)
        self.listen = [["--listen", f"127.0.0.1:{p}"] for p in ports]
        self.origin = sqlite3.connect(f"{self.folder.name}/origin/identity.db", timeout=30, isolation_level=None)
        self.taker = sqlite3.connect(f"{self.folder.name}/taker/account.db", timeout=30, isolation_level=None)
        self.taker.executescript(TRIGGER)
        self.taker.execute("BEGIN")
        self.taker.executemany("INSERT INTO addresses (id, person_id, name, line1, city, country, created_at, updated_at) VALUES (?, ?, 'x', 'x', 'x', 'PT', 1, 1)",
                               [(k, k) for k in range(1, EVENTS + 1)])
        self.taker.execute("COMMIT")
        self.emitted = 0
        self.processes = [self.run_one(0), self.run_one(1)]

    def run_one(self, which):
        return start(self.args[which] + self.listen[which])

    def tearDown(self):
        for p in self.processes:
            stop(p)
        self.origin.close()
        self.taker.close()
        self.folder.cleanup()

    def emit(self):
        more = range(self.emitted + 1, min(self.emitted + CHUNK, EVENTS) + 1)
        now = int(time.time() * 1e6)
        self.origin.execute("BEGIN IMMEDIATE")
        self.origin.executemany("INSERT INTO activities (id, type, object, payload, at, done, run_at) VALUES (?, 'person.deleted', ?, '{}', ?, 0, ?)",
                                [(FIRST + k, str(k), now, now) for k in more])
        self.origin.execute("COMMIT")
        self.emitted += len(more)

    def applied(self):
        return self.taker.execute("SELECT COUNT(*) FROM seen").fetchone()[0]

    def apply_some(self, count, limit=120):
        """Until so many more have arrived; emitting as long as there are any left, for others to come behind those that wait."""
        end, goal = time.monotonic() + limit, min(self.applied() + count, EVENTS)
        while self.applied() < goal:
            self.assertLess(time.monotonic(), end, f"{self.applied()} of {self.emitted} applied")
            if self.emitted < EVENTS and self.emitted - self.applied() < 10 * CHUNK:
                self.emit()
            time.sleep(0.002)

    def kill_again_and_again(self, victims):
        rng = random.Random(7)
        for number in range(KILLS):
            which = victims[number % len(victims)]
            self.apply_some(rng.randrange(20, 2 * EVENTS // KILLS // 3))
            self.assertLess(self.applied(), self.emitted, "in the middle of a run")
            self.processes[which].send_signal(signal.SIGKILL)
            stop(self.processes[which])
            for _ in range(3):
                if self.emitted < EVENTS:
                    self.emit()
            self.processes[which] = self.run_one(which)
        self.apply_some(EVENTS)
        time.sleep(1)  # for whatever would come twice
        seen = [row[0] for row in self.taker.execute("SELECT person FROM seen ORDER BY n")]
        self.assertEqual(len(seen), len(set(seen)), "nothing twice")
        self.assertEqual(seen, list(range(1, EVENTS + 1)), "all of them, in order")
        end = time.monotonic() + 30
        while time.monotonic() < end and self.left():
            time.sleep(0.1)
        self.assertEqual(self.left(), 0, "each is marked as done")

    def left(self):
        return self.origin.execute("SELECT COUNT(*) FROM activities WHERE id > ? AND (NOT done OR error IS NOT NULL)", (FIRST,)).fetchone()[0]

    def test_who_receives_is_killed(self):
        self.kill_again_and_again([1])

    def test_who_sends_is_killed(self):
        self.kill_again_and_again([0])

    def test_both_are_killed(self):
        self.kill_again_and_again([0, 1])


if __name__ == "__main__":
    unittest.main()
