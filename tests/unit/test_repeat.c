/* SPDX-License-Identifier: Apache-2.0
 *
 * Issue 14: what people choose becomes a rule, and rules are said as people chose them; what says more stays a rule of
 * its own.
 */
#include "services/events/repeat.h"
#include "unit.h"

#define DAY 86400
/* Tuesday, 13 January 2026, 19:30 */
#define START (day_of(2026, 1, 13) * DAY + 19 * 3600 + 1800)

static void both_ways(void **state)
{
	static const struct { const char *rule, *how; } cases[] = {
		{ "", "once" },
		{ "FREQ=DAILY", "daily" },
		{ "FREQ=DAILY;INTERVAL=2;BYMONTH=6,7;COUNT=10", "daily" },
		{ "FREQ=WEEKLY;BYDAY=TU", "weekly" },
		{ "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,SU;BYMONTH=11,12", "weekly" },
		{ "FREQ=MONTHLY", "monthly" },
		{ "FREQ=MONTHLY;BYDAY=2TU", "weekday" },
		{ "FREQ=MONTHLY;INTERVAL=99;BYDAY=-1TU", "last" },
		{ "FREQ=YEARLY", "yearly" },
		{ "FREQ=YEARLY;BYMONTH=1;BYDAY=2TU", "yearday" },
		{ "FREQ=WEEKLY;UNTIL=20260401T215959Z", "weekly" }, /* the end of that day in Berlin, in summer */
	};
	const struct zone *berlin = clock_zone_of("Europe/Berlin");
	struct arena *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct repeat r;
		repeat_read(a, str_c(cases[i].rule), berlin, false, START, &r);
		assert_string_equal(arena_cstr(a, r.how), cases[i].how);
		assert_string_equal(arena_cstr(a, repeat_rule(a, &r, berlin, false, START)), cases[i].rule);
	}
	arena_free(a);
}

static void rules_of_their_own(void **state)
{
	static const char *const rules[] = {
		"FREQ=MONTHLY;BYDAY=2WE",             /* another day than its beginning's */
		"FREQ=MONTHLY;BYDAY=3TU",
		"FREQ=MONTHLY;BYDAY=2TU,4TU",
		"FREQ=MONTHLY;BYMONTHDAY=13,27",
		"FREQ=MONTHLY;BYMONTHDAY=-1",
		"FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2",
		"FREQ=YEARLY;BYMONTH=2",
		"FREQ=YEARLY;BYDAY=20MO",
		"FREQ=YEARLY;BYYEARDAY=13",
		"FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
		"FREQ=DAILY;INTERVAL=100",
		"FREQ=DAILY;COUNT=2001",
		"FREQ=DAILY\nFREQ=WEEKLY",
	};
	struct arena *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		struct repeat r;
		repeat_read(a, str_c(rules[i]), NULL, false, START, &r);
		assert_string_equal(arena_cstr(a, r.how), "rule");
	}
	arena_free(a);
}

static void ends(void **state)
{
	const struct zone *berlin = clock_zone_of("Europe/Berlin");
	struct arena *a = arena_new(1 << 20);
	struct repeat r;
	repeat_read(a, STR("FREQ=DAILY;UNTIL=20260401T215959Z"), berlin, false, START, &r);
	assert_string_equal(arena_cstr(a, r.ends), "day");
	assert_int_equal(r.until, day_of(2026, 4, 1));
	assert_string_equal(arena_cstr(a, repeat_rule(a, &r, NULL, true, START)), "FREQ=DAILY;UNTIL=20260401");
	assert_string_equal(arena_cstr(a,
	                            repeat_until_before(a, STR("FREQ=DAILY;COUNT=9\nFREQ=WEEKLY;UNTIL=20270101"),
	                                    berlin, false, START)),
	        "FREQ=DAILY;UNTIL=20260113T182959Z\nFREQ=WEEKLY;UNTIL=20260113T182959Z");
	assert_string_equal(
	        arena_cstr(a, repeat_until_before(a, STR("FREQ=DAILY"), NULL, true, day_of(2026, 1, 13) * DAY)),
	        "FREQ=DAILY;UNTIL=20260112");
	assert_string_equal(arena_cstr(a, repeat_fewer(a, STR("FREQ=DAILY;COUNT=9;BYMONTH=1"), 4)),
	        "FREQ=DAILY;COUNT=5;BYMONTH=1");
	assert_string_equal(
	        arena_cstr(a, repeat_fewer(a, STR("FREQ=DAILY;UNTIL=20270101"), 4)), "FREQ=DAILY;UNTIL=20270101");
	arena_free(a);
}

static void begins_on_a_day_of_its_own(void **state)
{
	assert_int_equal(repeat_first(STR("FREQ=WEEKLY;BYDAY=FR"), NULL, false, START), START + 3 * DAY);
	assert_int_equal(repeat_first(STR("FREQ=WEEKLY;BYDAY=TU"), NULL, false, START), START);
	assert_int_equal(repeat_first(STR(""), NULL, false, START), START);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(rules_of_their_own),
		cmocka_unit_test(ends),
		cmocka_unit_test(begins_on_a_day_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
