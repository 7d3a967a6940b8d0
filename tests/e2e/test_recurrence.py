#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random rules of recurrence beside python3-dateutil, in zones with gaps and overlaps.

What differs on purpose, and why (RFC 5545, 3.3.10):
* BYWEEKNO alone: days come from DTSTART ("derived from DTSTART"), so its weekday; dateutil takes all seven. The oracle is given BYDAY.
* UNTIL as a date, of times with hours: that day is the last one ("inclusive"); dateutil stops at its midnight. The oracle is given its end.
* BYDAY with and without numbers together: any of them; dateutil asks for both at once. Not generated.
* BYWEEKNO at both ends of a year, 52 and 53 either way: days of one year in a week of its neighbour. dateutil gives a year of 52 weeks a 53rd in January,
  and does not count week 1 from the end when it begins in December. Not generated: test_last_weeks goes by the definition of a week.
"""
import random
import subprocess
import tempfile
import types
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil import rrule as du

from lib import binary

# A rule that has no day is looked for until the last year that there is: by default the year 9999.
du.datetime = types.SimpleNamespace(**{**vars(du.datetime), "MAXYEAR": 2045})
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FREQS = {"DAILY": du.DAILY, "WEEKLY": du.WEEKLY, "MONTHLY": du.MONTHLY, "YEARLY": du.YEARLY}
# Gaps and overlaps at midnight, of half an hour, of a whole day, in both halves of the year.
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "Europe/Dublin", "Asia/Tehran",
         "Africa/Casablanca", "UTC"]
EACH = 400
YEARS = 8  # of each series that are looked at: yearly rules have some, and dateutil is slow


def some(r, values, most=3):
    return sorted(r.sample(values, r.randint(1, min(most, len(values)))), key=str)


def numbers(n):
    return [k for k in range(-n, n + 1) if k]


def random_rule(r, start):
    """(text, dateutil's arguments, end of the oracle or None)"""
    freq = r.choice(list(FREQS))
    by, args = [], {}

    def part(chance, name, key, values, most=3):
        if r.random() < chance:
            chosen = some(r, values, most)
            by.append(f"{name}={','.join(map(str, chosen))}")
            args[key] = chosen

    part(0.3, "BYMONTH", "bymonth", list(range(1, 13)), 5)
    if freq != "WEEKLY":
        part(0.35, "BYMONTHDAY", "bymonthday", numbers(31), 6)
    if freq == "YEARLY":
        part(0.2, "BYYEARDAY", "byyearday", numbers(366), 20)
        part(0.25, "BYWEEKNO", "byweekno", numbers(51), 8)
    if r.random() < 0.45:
        days = r.sample(range(7), r.randint(1, 4))
        if freq in ("MONTHLY", "YEARLY") and "byweekno" not in args and r.random() < 0.6:
            most = 5 if freq == "MONTHLY" or "bymonth" in args else 53
            nth = [(r.choice(numbers(most)), d) for d in days]
            by.append("BYDAY=" + ",".join(f"{r.choice(['', '+']) if n > 0 else ''}{n}{DAYS[d]}" for n, d in nth))
            args["byweekday"] = [du.weekday(d, n) for n, d in nth]
        else:
            by.append("BYDAY=" + ",".join(DAYS[d] for d in days))
            args["byweekday"] = days
    if args.get("byweekno") and not any(k in args for k in ("byweekday", "bymonthday", "byyearday")):
        args["byweekday"] = [start.weekday()]
    if len(by) and r.random() < 0.3:
        chosen = some(r, numbers(6), 3)
        by.append(f"BYSETPOS={','.join(map(str, chosen))}")
        args["bysetpos"] = chosen
    if r.random() < 0.4:
        args["interval"] = r.choice([1, 2, 3, 4, 7, 13])
        by.append(f"INTERVAL={args['interval']}")
    if r.random() < 0.4:
        day = r.randrange(7)
        args["wkst"] = day
        by.append(f"WKST={DAYS[day]}")
    return freq, by, args


def instant(local, zone):
    """Python's own reading: before a gap's change, the first of two."""
    return int(local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(timezone.utc).timestamp())


def stamp(t):
    return t.strftime("%Y%m%dT%H%M%S")


class Recurrence(unittest.TestCase):
    maxDiff = 3000

    def setUp(self):
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.file = Path(tmp.name) / "in.ics"

    def times(self, events, window):
        self.file.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(f"BEGIN:VEVENT\r\nUID:{i}\r\n{e}\r\nEND:VEVENT\r\n" for i, e in enumerate(events))
                             + "END:VCALENDAR\r\n")
        tool = Path(binary()).parent / "tests" / "recurrences"
        done = subprocess.run([tool, self.file, *(str(int(t.replace(tzinfo=timezone.utc).timestamp())) for t in window)], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return [[int(t) for t in line.split(":")[1].split()] for line in done.stdout.splitlines()]

    def series(self, r):
        """One that happens at least once, as lines of a calendar and as the oracle's instants until the third."""
        while True:
            zone = r.choice(ZONES)
            start = datetime(r.randint(1996, 2030), r.randint(1, 12), r.randint(1, 28), r.choice([0, 1, 2, 2, 3, 9, 23]), r.choice([0, 15, 30]))
            freq, by, args = random_rule(r, start)
            seen = datetime(start.year + YEARS, 1, 1)
            times = list(du.rrule(FREQS[freq], dtstart=start, until=seen, **args))
            if not times:
                continue
            bound = r.random()
            if bound < 0.35:
                count = r.randint(1, min(60, len(times)))
                by.append(f"COUNT={count}")
                times = times[:count]
            elif bound < 0.5:
                end = r.choice(times[:80])
                by.append(f"UNTIL={end:%Y%m%d}")
                times = [t for t in times if t.date() <= end.date()]
            elif bound < 0.65:
                end = r.choice(times[:80])
                until = datetime.fromtimestamp(instant(end, zone), timezone.utc)
                by.append(f"UNTIL={stamp(until)}Z")
                times = [t for t in times if instant(t, zone) <= until.timestamp()]
            r.shuffle(by)
            lines = [f"DTSTART;TZID={zone}:{stamp(start)}", "RRULE:" + ";".join([f"FREQ={freq}", *by])]
            if len(times) > 2 and r.random() < 0.4:
                out = r.sample(times[:30], min(len(times[:30]), r.randint(1, 4)))
                at = instant(out[0], zone)
                lines.append(f"EXDATE:{stamp(datetime.fromtimestamp(at, timezone.utc))}Z")
                for t in out[1:]:
                    lines.append(f"EXDATE;TZID={zone}:{stamp(t)}")
                times = [t for t in times if t not in out]
            if r.random() < 0.3:
                more = [start + timedelta(days=r.randint(0, 900), hours=r.randint(0, 23)) for _ in range(r.randint(1, 3))]
                lines.append(f"RDATE;TZID={zone}:" + ",".join(map(stamp, more)))
                excluded = [x for x in lines if x.startswith("EXDATE;")]
                more = [t for t in more if not any(stamp(t) in x for x in excluded)]
                if lines[2].startswith("EXDATE:"):
                    more = [t for t in more if instant(t, zone) != at]
                times = sorted(set(times) | set(more))
            return "\r\n".join(lines), sorted(instant(t, zone) for t in times), instant(seen, zone)

    def test_random(self):
        seed = random.randrange(1 << 32)
        r = random.Random(seed)
        made = [self.series(r) for _ in range(EACH)]
        year = r.randint(1995, 2032)
        for window in ((datetime(1990, 1, 1), datetime(2040, 1, 1)), (datetime(year, 3, 20), datetime(year + 1, 1, 7))):
            low, high = (int(t.replace(tzinfo=timezone.utc).timestamp()) for t in window)
            got = self.times([lines for lines, *_ in made], window)
            for (lines, want, seen), have in zip(made, got):
                self.assertEqual([t for t in have if t < seen], [t for t in want if low <= t < min(high, seen)], f"seed {seed}\n{lines}")

    def test_last_weeks(self):
        """Days of the weeks at both ends of a year, by the definition: a week belongs to the year that has its fourth day."""
        first, last = 1998, 2030
        ends = [k for k in numbers(53) if abs(k) > 50 or abs(k) < 3]
        cases = [(wkst, week) for wkst in range(7) for week in ends]
        starts = {w: datetime(first, 1, 1, 12) + timedelta(days=(w - datetime(first, 1, 1).weekday()) % 7) for w in range(7)}

        def days(wkst, week):
            by_year = {}
            begin = starts[wkst]
            while begin.year <= last:
                by_year.setdefault((begin + timedelta(days=3)).year, []).append(begin)
                begin += timedelta(days=7)
            for year in range(first + 1, last):
                weeks = by_year[year]
                if abs(week) <= len(weeks):
                    begin = weeks[week - 1 if week > 0 else week]
                    yield from (int((begin + timedelta(days=d)).replace(tzinfo=timezone.utc).timestamp()) for d in range(7))

        low, high = datetime(first + 1, 1, 15), datetime(last - 1, 12, 15)
        inside = range(*(int(t.replace(tzinfo=timezone.utc).timestamp()) for t in (low, high)))
        got = self.times([f"DTSTART:{stamp(datetime(first, 1, 1, 12))}Z\r\nRRULE:FREQ=YEARLY;WKST={DAYS[wkst]};BYWEEKNO={week};BYDAY={','.join(DAYS)}"
                          for wkst, week in cases], (low, high))
        for (wkst, week), have in zip(cases, got):
            self.assertEqual(have, [t for t in days(wkst, week) if t in inside], f"WKST={DAYS[wkst]} BYWEEKNO={week}")


if __name__ == "__main__":
    unittest.main()
