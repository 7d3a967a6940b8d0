/* SPDX-License-Identifier: Apache-2.0
 *
 * Issue 14: rules of recurrence by RFC 5545's own words, and what is no rule. Random ones:
 * tests/e2e/test_recurrence.py.
 */
#include "platform/text/recur.h"
#include "unit.h"

#include <stdio.h>

/* The first times of a rule from a day on, as "20260131 20260207"; "! why" where it is none. */
static const char *shown(const char *rule, const char *start, const char *from, int most)
{
	static char out[400];
	struct recur_rule r;
	struct recur_walk w;
	struct err e = { 0 };
	int64_t t;
	int y, m, d, fy, fm, fd;
	size_t n = 0;
	if (recur_parse(str_c(rule), &r, &e) != ST_OK) {
		snprintf(out, sizeof out, "! %s", e.msg);
		return out;
	}
	assert_int_equal(sscanf(start, "%4d%2d%2d", &y, &m, &d), 3);
	assert_int_equal(sscanf(from, "%4d%2d%2d", &fy, &fm, &fd), 3);
	recur_begin(&w, &r, NULL, day_of(y, m, d) * 86400 + 9 * 3600, day_of(fy, fm, fd) * 86400);
	out[0] = 0;
	while (most-- && recur_next(&w, &t)) {
		day_parts((t - 9 * 3600) / 86400, &y, &m, &d);
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%04d%02d%02d", n ? " " : "", y, m, d);
	}
	return out;
}

static void rules(void **state)
{
	static const struct { const char *rule, *start, *from, *want;
	} cases[] = {
		{ "FREQ=DAILY;COUNT=3", "19970902", "19970101", "19970902 19970903 19970904" },
		{ "FREQ=DAILY;UNTIL=19970903T000000Z", "19970902", "19970101", "19970902" },
		{ "FREQ=DAILY;UNTIL=19970903", "19970902", "19970101", "19970902 19970903" },
		{ "FREQ=DAILY;BYMONTHDAY=-1", "20240101", "20240201", "20240229 20240331 20240430 20240531" },
		{ "FREQ=DAILY;INTERVAL=10", "20260101", "20300101", "20300110 20300120 20300130 20300209" },
		{ "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805", "19970101",
		        "19970805 19970810 19970819 19970824" },
		{ "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805", "19970101",
		        "19970805 19970817 19970819 19970831" },
		{ "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "20260105", "20260606", "20260608 20260622 20260706 20260720" },
		{ "FREQ=MONTHLY;BYDAY=1FR", "19970905", "19970101", "19970905 19971003 19971107 19971205" },
		{ "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929", "19970101",
		        "19970929 19971030 19971127 19971230" },
		{ "FREQ=MONTHLY;BYMONTHDAY=31", "20260131", "20260101", "20260131 20260331 20260531 20260731" },
		{ "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "19970902", "19970101",
		        "19980213 19980313 19981113 19990813" },
		{ "FREQ=MONTHLY;BYDAY=MO,1TU", "20260601", "20260601", "20260601 20260602 20260608 20260615" },
		{ "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105", "19960101",
		        "19961105 20001107 20041102 20081104" },
		{ "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512", "19970101", "19970512 19980511 19990517 20000515" },
		{ "FREQ=YEARLY;BYWEEKNO=20", "19970514", "19970101", "19970514 19980513 19990519 20000517" },
		{ "FREQ=YEARLY;BYYEARDAY=1,-1", "20240101", "20240101", "20240101 20241231 20250101 20251231" },
		{ "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "20200101", "20260101", "20261025 20271031 20281029 20291028" },
		{ "FREQ=YEARLY;BYDAY=20MO", "19970519", "19970101", "19970519 19980518 19990517 20000515" },
		{ "FREQ=YEARLY", "20240229", "20240101", "20240229 20280229 20320229 20360229" },
		{ "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "20240229", "20240101", "" },
		{ "freq=weekly;byday=mo;", "20260105", "20260105", "20260105 20260112 20260119 20260126" },
		{ "FREQ=DAILY;COUNT=3", "20260105", "20260107", "20260107" },
		{ "FREQ=HOURLY", "20260105", "20260105", "! FREQ=HOURLY can't be followed" },
		{ "FREQ=DAILY;BYHOUR=9", "20260105", "20260105", "! rules with BYHOUR are not supported" },
		{ "FREQ=DAILY;INTERVAL=0", "20260105", "20260105", "! INTERVAL=0 can't be followed" },
		{ "FREQ=DAILY;COUNT=2;UNTIL=20260101", "20260105", "20260105", "! the rule has both COUNT and UNTIL" },
		{ "FREQ=DAILY;FREQ=DAILY", "20260105", "20260105", "! the rule has FREQ twice" },
		{ "FREQ=WEEKLY;BYDAY=1MO", "20260105", "20260105",
		        "! a numbered BYDAY is for months and years, without BYWEEKNO" },
		{ "FREQ=MONTHLY;BYMONTHDAY=32", "20260105", "20260105", "! BYMONTHDAY=32 can't be followed" },
		{ "FREQ=MONTHLY;BYMONTHDAY=0", "20260105", "20260105", "! BYMONTHDAY=0 can't be followed" },
		{ "FREQ=DAILY;UNTIL=20260230", "20260105", "20260105", "! UNTIL=20260230 can't be followed" },
		{ "COUNT=2", "20260105", "20260105", "! the rule has no FREQ" },
		{ "", "20260105", "20260105", "! the rule has no FREQ" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(shown(cases[i].rule, cases[i].start, cases[i].from, 4), cases[i].want);
}

/* Entered at any day, a walk goes on as one from the beginning does; with its end known, COUNT needs no beginning. */
static void entered_anywhere(void **state)
{
	static const char *const texts[] = { "FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,WE;WKST=TH",
		"FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR", "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU",
		"FREQ=DAILY;INTERVAL=9;BYMONTH=1,7" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct recur_rule r;
		struct recur_walk whole, part;
		int64_t start = day_of(2024, 12, 29) * 86400 + 60, t, u;
		assert_int_equal(recur_parse(str_c(texts[i]), &r, NULL), ST_OK);
		recur_begin(&whole, &r, NULL, start, start);
		for (int n = 0; n < 60; n++) {
			assert_true(recur_next(&whole, &t));
			recur_begin_known(&part, &r, NULL, start, t - 30);
			assert_true(recur_next(&part, &u));
			assert_int_equal(u, t);
		}
	}
}

static void days(void **state)
{
	int64_t day = day_of(1583, 1, 1);
	for (int y = 1583, m = 1, d = 1; y < 2800; day++) {
		int gy, gm, gd;
		day_parts(day, &gy, &gm, &gd);
		assert_true(gy == y && gm == m && gd == d && day_of(y, m, d) == day);
		int len = (int)(day_of(y + (m == 12), m % 12 + 1, 1) - day_of(y, m, 1));
		if (++d > len) {
			d = 1;
			y += m == 12;
			m = m % 12 + 1;
		}
	}
	assert_int_equal(day_of(1970, 1, 1), 0);
}

/* A bound holds: a rule that has no day ends, a walk that may not go further says so. */
static void bounds(void **state)
{
	struct recur_rule r;
	struct recur_walk w;
	int64_t t;
	char text[RECUR_TEXT_MAX + 2];
	assert_int_equal(recur_parse(STR("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), &r, NULL), ST_OK);
	recur_begin(&w, &r, NULL, 0, 0);
	assert_false(recur_next(&w, &t));
	assert_int_equal(w.steps, RECUR_EMPTY_MAX);
	recur_begin(&w, &r, NULL, 0, 0);
	w.steps_max = 10;
	assert_false(recur_next(&w, &t));
	assert_true(w.gave_up);
	assert_int_equal(recur_parse(STR("FREQ=DAILY;COUNT=100000;INTERVAL=10000"), &r, NULL), ST_OK);
	assert_int_equal(recur_parse(STR("FREQ=DAILY;COUNT=100001"), &r, NULL), ST_INVALID);
	assert_int_equal(recur_parse(STR("FREQ=DAILY;INTERVAL=10001"), &r, NULL), ST_INVALID);
	memset(text, ' ', sizeof text);
	memcpy(text, "FREQ=DAILY;X-A=", 15);
	assert_int_equal(recur_parse(str_n(text, RECUR_TEXT_MAX), &r, NULL), ST_OK);
	assert_int_equal(recur_parse(str_n(text, RECUR_TEXT_MAX + 1), &r, NULL), ST_INVALID);
	/* The calendar ends with the year 9999. */
	assert_int_equal(recur_parse(STR("FREQ=YEARLY;INTERVAL=100"), &r, NULL), ST_OK);
	recur_begin(&w, &r, NULL, 0, 0);
	int n = 0;
	while (recur_next(&w, &t))
		n++;
	assert_int_equal(n, 81);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(rules),
		cmocka_unit_test(entered_anywhere),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
