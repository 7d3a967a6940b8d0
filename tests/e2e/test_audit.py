#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall audit, as the person uses it who doubts: verify, export, verify the file elsewhere, list; and the signed end of a process."""

import json
import os
import re
import sqlite3
import subprocess
import tempfile
import unittest

from lib import binary, errors, free_port, start, stop

WRITER = os.path.join(os.environ.get("BUILD_DIR", "build"), "tests/store/audit_writer")
COUNT = 700


def run(*args, cwd=None):
    return subprocess.run([binary(), *args], capture_output=True, text=True, timeout=60, cwd=cwd)


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.data = cls.folder.name + "/site"
        assert run("migrate", "--data", cls.data).returncode == 0
        subprocess.run([WRITER, f"sqlite:{cls.data}/identity.db", f"{cls.data}/secret", "1", str(COUNT)], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def audit(self, *args, code=0):
        p = run("audit", *args, "--data", self.data)
        self.assertEqual(p.returncode, code, p.stdout + p.stderr)
        return p.stdout if code == 0 else p.stdout + p.stderr

    def tampered(self, sql, *params):
        db = sqlite3.connect(f"{self.data}/identity.db")
        with db:
            db.execute(sql, params)
        db.close()

    def test_every_chain_is_verified(self):
        said = self.audit("verify")
        self.assertRegex(said, rf"(?m)^identity +good: {COUNT} entries, signed up to \d+, [2-9] checkpoints, end [0-9a-f]{{64}}$")
        self.assertRegex(said, r"(?m)^blog +good: \d+ entries")
        self.assertNotIn("blog", self.audit("verify", "--service", "identity"))
        self.assertIn("no service of that name", self.audit("verify", "--service", "bakery", code=2))

    def test_an_edit_is_named(self):
        self.tampered("UPDATE audit_log SET actor = '8' WHERE seq = 77")
        try:
            said = self.audit("verify", code=1)
            self.assertIn("identity     BAD at entry 77: entry 77 was edited", said)
            self.assertRegex(said, r"(?m)^blog +good")
        finally:
            self.tampered("UPDATE audit_log SET actor = '7' WHERE seq = 77")
        self.audit("verify")

    def test_export_is_verified_without_the_site(self):
        file = self.folder.name + "/chain.jsonl"
        said = self.audit("export", file)
        key = self.audit("key").strip()
        self.assertEqual(said, f"{COUNT} entries of identity written to {file}\nkey {key}\n")
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        self.assertIn("can not make", self.audit("export", file, code=1))
        with tempfile.TemporaryDirectory() as elsewhere:
            p = run("audit", "verify", file, "--key", key, cwd=elsewhere)
            self.assertEqual((p.returncode, os.listdir(elsewhere)), (0, []), p.stderr)
            self.assertIn(f"good: {COUNT} entries, signed up to {COUNT}", p.stdout)
        self.assertIn("needs --key", self.audit("verify", file, code=2))
        self.assertIn("signed with another key", self.audit("verify", file, "--key", "0" * 64, code=1))
        with open(file) as f:
            lines = f.readlines()
        self.assertEqual(json.loads(lines[0])["seq"], COUNT)
        with open(file + ".cut", "w") as f:
            f.writelines(lines[:-1])
        self.assertIn("missing: the chain ends too early", self.audit("verify", file + ".cut", "--key", key, code=1))

    def test_a_fresh_site_has_its_key_from_the_first_process_on(self):
        with tempfile.TemporaryDirectory() as fresh:
            first, second = (run("audit", "key", "--data", fresh + "/site") for _ in range(2))
            self.assertRegex(first.stdout, r"^[0-9a-f]{64}\n$", first.stderr)
            self.assertEqual(first.stdout, second.stdout)

    def test_list(self):
        rows = [line.split("\t") for line in self.audit("list", "--max", "3").splitlines()]
        self.assertEqual([(r[0], r[2], r[3]) for r in rows], [(str(COUNT - i), "thing.done", "7") for i in (2, 1, 0)])
        self.assertEqual(json.loads(rows[0][6]), {"why": "test"})
        self.assertEqual(self.audit("list", "--object", "12").count("\n"), 1)
        self.assertEqual(self.audit("list", "--action", "person."), "")
        self.assertEqual(self.audit("list", "--since", "2124-01-01"), "")
        self.assertEqual(self.audit("list", "--since", "2024-01-01", "--max", "9").count("\n"), 9)
        self.assertIn("--since is a date", self.audit("list", "--since", "yesterday", code=2))
        self.assertIn("there are: verify", self.audit("verfy", code=2))

    def test_the_end_is_signed_at_shutdown(self):
        port = free_port()
        p = start(["--data", self.data, "--listen", f"127.0.0.1:{port}", "--set", "log.format=json"])
        self.assertEqual(stop(p), 0)
        lines = [json.loads(line) for line in errors(p).splitlines() if '"audit.checkpoint"' in line]
        signed = [x for x in lines if x["chain"] == "identity"]
        self.assertEqual(len(signed), 1, errors(p))
        known = f"{signed[0]['seq']}:{signed[0]['hash']}"
        self.assertGreaterEqual(signed[0]["seq"], COUNT)
        self.assertIn(f"signed up to {signed[0]['seq']}", self.audit("verify", "--service", "identity", "--known", known))
        # cut off with all that tells of it in the database: the line of the log knows
        with tempfile.TemporaryDirectory() as copy:
            for name in os.listdir(self.data):
                if name.startswith("identity.db") or name == "secret":
                    with open(f"{self.data}/{name}", "rb") as a, open(f"{copy}/{name}", "wb") as b:
                        b.write(a.read())
            db = sqlite3.connect(f"{copy}/identity.db")
            with db:
                db.execute("DELETE FROM audit_log WHERE seq > 600")
                db.execute("DELETE FROM audit_checkpoints WHERE seq > 600")
                db.execute("UPDATE audit_head SET seq = 600, hash = (SELECT hash FROM audit_log WHERE seq = 600)")
            db.close()
            args = ["audit", "verify", "--service", "identity", "--data", copy]
            self.assertEqual(run(*args).returncode, 0)
            told = run(*args, "--known", known)
            self.assertEqual(told.returncode, 1)
            self.assertRegex(told.stdout, r"entries 601 to \d+ are missing: the last was known")
        self.assertIn("--known needs --service", self.audit("verify", "--known", known, code=2))
        self.assertIn("--known is SEQ:HASH", self.audit("verify", "--service", "blog", "--known", "12", code=2))


if __name__ == "__main__":
    unittest.main()
