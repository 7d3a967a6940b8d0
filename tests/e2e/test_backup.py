#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""guildhall backup and restore: the whole site of one moment while it is written to, whole or not there at all, whatever ends them."""

import fcntl
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

import lib

WORK = tempfile.TemporaryDirectory(prefix="guildhall-backup-")
HERE = pathlib.Path(WORK.name)
SITE = HERE / "site"
# Which byte is flipped and when a process is ended: other ones each time, and told when it fails.
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))
CHANCE = random.Random(SEED)


def guildhall(*args, check=True, stdin=None):
    done = subprocess.run([lib.binary(), *map(str, args)], capture_output=True, text=True, input=stdin, timeout=120)
    if check and done.returncode:
        raise AssertionError(f"{args}: {done.returncode}\n{done.stderr[-3000:]}")
    return done


def tree(folder):
    """What is in a folder: databases by what they say, other files by their bytes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and path.suffix != ".db" and not name.endswith(("-wal", "-shm")) and not name.startswith("tmp/"):
            found[name] = path.read_bytes()
        elif path.suffix == ".db":
            with sqlite3.connect(path) as db:
                db.text_factory = bytes
                tables = [t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_fts%' ORDER BY name")]
                found[name] = {t: db.execute(f"SELECT * FROM {t.decode()} ORDER BY 1, 2").fetchall() for t in tables}
            db.close()
    return found


def leftovers(where):
    return [p.name for p in where.iterdir() if ".part-" in p.name or ".restoring-" in p.name]


class Writers:
    """Write 1, 2, 3 … first into the blog's database, then into identity's: at each moment the two differ by one at most."""

    def __enter__(self):
        self.over = False
        self.rounds = 0
        for name in "blog", "identity":
            with sqlite3.connect(SITE / f"{name}.db") as db:
                db.execute("INSERT INTO kept_settings VALUES ('test.count', '0', 1, 1) ON CONFLICT (name) DO UPDATE SET value = '0'")
            db.close()
        self.thread = threading.Thread(target=self.write)
        self.thread.start()
        return self

    def write(self):
        both = [sqlite3.connect(SITE / f"{name}.db", timeout=60, isolation_level=None) for name in ("blog", "identity")]
        while not self.over:
            self.rounds += 1
            for db in both:
                db.execute("PRAGMA synchronous = OFF")
                db.execute("UPDATE kept_settings SET value = ? WHERE name = 'test.count'", (str(self.rounds),))
        for db in both:
            db.close()

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


def counts(folder):
    found = []
    for name in "blog", "identity":
        db = sqlite3.connect(folder / f"{name}.db")
        found.append(int(db.execute("SELECT value FROM kept_settings WHERE name = 'test.count'").fetchone()[0]))
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
    return found


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"SEED={SEED}")
        guildhall("user", "add", "ines@example.org", "--name", "Ines", "--owner", "--data", SITE, stdin="a loaf on every table\n")
        cls.server = lib.start(["--data", SITE, "--listen", f"127.0.0.1:{lib.free_port()}", "--demo", "--set", "rate.enabled=no"])

    @classmethod
    def tearDownClass(cls):
        lib.stop(cls.server)

    def setUp(self):
        self.here = pathlib.Path(tempfile.mkdtemp(dir=HERE))

    def tearDown(self):
        shutil.rmtree(self.here)

    def test_one_moment_of_both_databases_under_load(self):
        with Writers() as writers:
            for i, target in enumerate(["a", "b.tar", "c", "d.tar"] * 2):
                before = writers.rounds
                guildhall("backup", self.here / f"{i}{target}", "--data", SITE)
                guildhall("restore", self.here / f"{i}{target}", "--data", self.here / f"site{i}")
                blog, identity = counts(self.here / f"site{i}")
                self.assertIn(blog - identity, (0, 1))
                self.assertGreaterEqual(blog, before - 1, "not an old one either")
        self.assertGreater(writers.rounds, 8, "there was a load")

    def test_the_restored_site_is_the_same_and_serves(self):
        for target in "folder", "file.tar":
            guildhall("backup", self.here / target, "--data", SITE)
            site = self.here / f"of-{target}"
            guildhall("restore", self.here / target, "--data", site)
            restored = tree(site)
            for name, there in tree(SITE).items():
                if isinstance(there, bytes) and (name == "secret" or name.endswith(".orig")):  # the demo's pictures are still being made
                    self.assertEqual(restored[name], there, name)
                elif isinstance(there, bytes):
                    continue
                else:
                    for table in ("objects", "revisions", "people", "passwords", "media", "audit_log", "oauth_keys"):
                        if table.encode() in there:
                            self.assertEqual(restored[name][table.encode()], there[table.encode()], table)
            self.assertEqual((site / "secret").stat().st_mode & 0o777, 0o600)
            again = lib.start(["--data", site, "--listen", f"127.0.0.1:{lib.free_port()}"])
            try:
                with urllib.request.urlopen(again.ready[1]) as answer, urllib.request.urlopen(self.server.ready[1]) as first:
                    self.assertEqual(answer.status, first.status)
                    self.assertIn(b"Millrace", answer.read())
            finally:
                lib.stop(again)
            self.assertEqual(guildhall("audit", "verify", "--data", site).returncode, 0)

    def test_only_into_nothing(self):
        guildhall("backup", self.here / "b", "--data", SITE)
        self.assertEqual(guildhall("backup", self.here / "b", "--data", SITE, check=False).returncode, 1)
        (self.here / "full").mkdir()
        (self.here / "full" / "letter").write_text("mine")
        refused = guildhall("restore", self.here / "b", "--data", self.here / "full", check=False)
        self.assertEqual((refused.returncode, [p.name for p in (self.here / "full").iterdir()]), (1, ["letter"]))
        (self.here / "empty").mkdir()
        guildhall("restore", self.here / "b", "--data", self.here / "empty")
        self.assertTrue((self.here / "empty" / "blog.db").exists())
        self.assertEqual(guildhall("backup", SITE / "within", "--data", SITE, check=False).returncode, 2)
        nothing = guildhall("backup", self.here / "n", "--data", self.here / "nowhere", check=False)
        self.assertEqual((nothing.returncode, (self.here / "nowhere").exists()), (1, False))
        self.assertEqual(leftovers(self.here), [])

    def killed(self, limit, *args):
        p = subprocess.Popen([lib.binary(), *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            p.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
            p.wait()

    def test_killed_at_any_time_it_is_whole_or_not_there(self):
        guildhall("backup", self.here / "good", "--data", SITE)
        whole = 0
        for i in range(24):
            target = self.here / ("t.tar" if i % 2 else "t")
            self.killed(CHANCE.uniform(0.01, 1.2), "backup", target, "--data", SITE)
            if target.exists():
                whole += 1
                guildhall("restore", target, "--data", self.here / "of")
                shutil.rmtree(self.here / "of")
            self.killed(CHANCE.uniform(0.01, 1.2), "restore", self.here / "good", "--data", self.here / "from")
            if (self.here / "from").exists():
                self.assertEqual(set(tree(self.here / "from")), set(tree_names(self.here / "good")))
                shutil.rmtree(self.here / "from")
            if target.is_dir():
                shutil.rmtree(target)
            elif target.exists():
                target.unlink()
        # What a kill left is gone with the next one of the same name; what another process is making stays.
        made = self.here / "t.part-0123456789abcdef"
        made.mkdir()
        lock = os.open(made, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, command in (("t", "backup"), ("t.tar", "backup"), ("from", "restore")):
            (self.here / f"{name}.{'part' if command == 'backup' else 'restoring'}-{'f' * 16}").mkdir()
            source = [self.here / name, "--data", SITE] if command == "backup" else [self.here / "good", "--data", self.here / name]
            guildhall(command, *source)
        self.assertEqual(leftovers(self.here), [made.name])
        os.close(lock)
        print(f"{whole} of 24 were done before they were ended")

    def refused(self, source, why):
        done = guildhall("restore", source, "--data", self.here / "never", check=False)
        self.assertEqual(done.returncode, 1, f"SEED={SEED} {why} {done.stdout}")
        self.assertFalse((self.here / "never").exists(), why)
        self.assertEqual(leftovers(self.here), [])

    def test_altered_cut_or_without_an_entry_it_is_refused(self):
        folder, tar = self.here / "b", self.here / "b.tar"
        guildhall("backup", folder, "--data", SITE)
        guildhall("backup", tar, "--data", SITE)
        files = [p for p in folder.rglob("*") if p.is_file() and p.stat().st_size]
        for path in [folder / "MANIFEST", *CHANCE.sample(files, 6)]:
            good = path.read_bytes()
            at = CHANCE.randrange(len(good))
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            self.refused(folder, f"{path} at {at}")
            path.write_bytes(good[:at])
            self.refused(folder, f"{path} cut at {at}")
            path.unlink()
            self.refused(folder, f"without {path}")
            path.write_bytes(good)
        guildhall("restore", folder, "--data", self.here / "fine")
        good, fine = tar.read_bytes(), None
        for _ in range(12):
            at = CHANCE.randrange(len(good))
            tar.write_bytes(good[:at])
            self.refused(tar, f"cut at {at}")
            tar.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            done = guildhall("restore", tar, "--data", self.here / "altered", check=False)
            if done.returncode == 0:  # what a tar file has between its entries says nothing
                tar.write_bytes(good)
                fine = fine or guildhall("restore", tar, "--data", self.here / "tar-fine") and tree(self.here / "tar-fine")
                self.assertEqual(tree(self.here / "altered"), fine, f"SEED={SEED} {at}")
                shutil.rmtree(self.here / "altered")
            self.assertFalse((self.here / "altered").exists())
        tar.write_bytes(b"no backup at all")
        self.refused(tar, "no archive")

    def test_names_that_lead_out_are_not_written(self):
        import hashlib
        folder = self.here / "evil"
        for name in "data/../../out", "../out", "/tmp/guildhall-out", "data//x", "databases/a/b", "elsewhere/x", "data/.", "data/a/..":
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (self.here / "out").unlink(missing_ok=True)
            (folder / "data").mkdir()
            body = f"guildhall backup 1\n{hashlib.sha256(b'').hexdigest()} 0 {name}\n"
            (folder / "MANIFEST").write_text(body + f"end {hashlib.sha256(body.encode()).hexdigest()}\n")
            self.refused(folder, name)
            self.assertFalse((self.here / "out").exists())


def tree_names(backup):
    """What a restored site has of a backup's folder."""
    for path in backup.rglob("*"):
        name = str(path.relative_to(backup))
        if path.is_file() and name != "MANIFEST":
            yield name.split("/", 1)[1]


if __name__ == "__main__":
    unittest.main(verbosity=0 if "-q" in sys.argv else 2)
