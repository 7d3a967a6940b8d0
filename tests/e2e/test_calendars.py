#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Issue 14: guildhall import ics, export ics: calendars in, whole or not at all; when their events are, in any window; hostile files refused in bounds."""
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import binary

EVENT = "BEGIN:VEVENT\r\nUID:{uid}\r\n{lines}\r\nEND:VEVENT\r\n"


def run(*args):
    return subprocess.run([binary(), *map(str, args)], capture_output=True, text=True, timeout=120)


def calendar(*events, head=""):
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + head + "".join(EVENT.format(uid=u, lines="\r\n".join(lines)) for u, *lines in events) + "END:VCALENDAR\r\n"


class Calendars(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = Path(tmp.name)

    def take(self, text, code=0, slug="team"):
        file = self.dir / "in.ics"
        file.write_bytes(text.encode())
        done = run("import", "ics", file, "--calendar", slug, "--data", self.dir / "site")
        self.assertEqual(done.returncode, code, done.stderr[-2000:])
        return done.stderr if code else done.stdout

    def times(self, begin, end, code=0, slug="team"):
        done = run("export", "ics", "--calendar", slug, "--expand", begin, end, "--data", self.dir / "site")
        self.assertEqual(done.returncode, code, done.stderr[-2000:])
        return done.stderr if code else done.stdout.split()

    def test_taken_and_told(self):
        weekly = ("café", "DTSTART;TZID=Europe/Berlin:20260317T090000", "DURATION:PT2H", "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=4", "EXDATE:20260324T080000Z",
                  "RDATE;TZID=Europe/Berlin:20260319T100000")
        moved = ("café", "RECURRENCE-ID;TZID=Europe/Berlin:20260331T090000", "SEQUENCE:1", "DTSTART;TZID=America/New_York:20260401T040000", "SUMMARY:Moved")
        off = ("café", "RECURRENCE-ID:20260407T070000Z", "DTSTART:20260407T070000Z", "STATUS:CANCELLED")
        day = ("day", "DTSTART;VALUE=DATE:20260318", "SUMMARY:Whole day")
        text = calendar(weekly, moved, off, day)
        self.assertEqual(self.take(text), "calendar team: 2 events added, 0 changed, 0 as they were\n")
        self.assertEqual(self.take(text), "calendar team: 0 events added, 0 changed, 2 as they were\n")
        want = ["2026-03-17T08:00:00Z", "2026-03-18T00:00:00Z", "2026-03-19T09:00:00Z", "2026-04-01T08:00:00Z"]
        self.assertEqual(self.times("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), want)
        # Windows begin with their first moment and end before their last; of any length.
        self.assertEqual(self.times("2026-03-17T08:00:00Z", "2026-03-19T09:00:00Z"), want[:2])
        self.assertEqual(self.times("1900-01-01T00:00:00Z", "2200-01-01T00:00:00Z"), want)
        # The same UID again replaces, what was changed of it too.
        self.assertEqual(self.take(calendar(("café", "DTSTART:20260501T100000Z"))), "calendar team: 0 events added, 1 changed, 0 as they were\n")
        self.assertEqual(self.times("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), [want[1], "2026-05-01T10:00:00Z"])

    def test_clocks(self):
        """Gaps count with the offset before them, what comes twice is the first; series that never end go on in any century."""
        self.take(calendar(("gap", "DTSTART;TZID=Europe/Berlin:20260328T023000", "RRULE:FREQ=DAILY;COUNT=3"),
                           ("twice", "DTSTART;TZID=Europe/Berlin:20261024T023000", "RRULE:FREQ=DAILY;COUNT=3"),
                           ("windows", "DTSTART;TZID=W. Europe Standard Time:20260601T100000"),
                           ("floating", "DTSTART:20260701T100000"),
                           head="X-WR-TIMEZONE:Europe/Berlin\r\n"))
        self.assertEqual(self.times("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
                         ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z", "2026-06-01T08:00:00Z", "2026-07-01T08:00:00Z",
                          "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"])
        self.take(calendar(("far", "DTSTART;TZID=Europe/Berlin:20260101T120000", "RRULE:FREQ=YEARLY;INTERVAL=100")), slug="far")
        self.assertEqual(self.times("2400-01-01T00:00:00Z", "2600-01-01T00:00:00Z", slug="far"), ["2426-01-01T11:00:00Z", "2526-01-01T11:00:00Z"])

    def test_refused(self):
        good = ("a", "DTSTART:20260101T100000Z")
        self.take(calendar(good))
        for text, says in ((calendar(("a", "DTSTART:20270101T100000Z"), ("b", "DTSTART:20260101T100000Z", "RRULE:FREQ=HOURLY")), "line 10: FREQ=HOURLY"),
                           (calendar(("a", "DTSTART:20270101T100000Z"))[:-15], "the file is cut off"), ("", "no calendar"),
                           (calendar(("b", "DTSTART;TZID=Moon/Sea:20260101T100000")), 'no time zone "Moon/Sea"')):
            self.assertIn(says, self.take(text, code=1))
        self.assertEqual(self.times("2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), ["2026-01-01T10:00:00Z"])
        self.take(calendar(good), slug="s" * 60)
        self.take(calendar(good), code=1, slug="s" * 61)
        self.take(calendar(good), code=1, slug="No Slug")
        self.assertIn('no calendar "none"', self.times("2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z", code=1, slug="none"))
        self.times("yesterday", "2030-01-01T00:00:00Z", code=2)
        self.assertEqual(run("export", "ics", "--data", self.dir / "site").returncode, 2)

    def test_window_bound(self):
        """So many occurrences are worked out in a year of all that a calendar has."""
        daily = [(str(i), "DTSTART:20240101T100000Z", "RRULE:FREQ=DAILY") for i in range(600)]
        self.take(calendar(*daily))
        self.assertIn("more than 200000 occurrences", self.times("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", code=1))
        self.assertEqual(len(self.times("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z")), 6000)


if __name__ == "__main__":
    unittest.main()
