/* SPDX-License-Identifier: Apache-2.0
 * Cron expressions: what is taken, what is refused, and the ticks they mean. */
#include "unit/unit.h"

#include "base/clock.h"
#include "platform/work/cron.h"

static int64_t at(const char *text)
{
	int64_t us;
	assert_true(clock_parse_rfc3339(str_c(text), &us));
	return us;
}

static struct cron parsed(const char *text)
{
	struct cron c;
	struct err e;
	if (cron_parse(str_c(text), &c, &e) != ST_OK)
		fail_msg("%s: %s", text, e.msg);
	return c;
}

static void ticks(void **state)
{
	static const struct { const char *cron, *from, *next, *last; } cases[] = {
		{ "* * * * *", "2026-11-21T08:30:30Z", "2026-11-21T08:31:00Z", "2026-11-21T08:30:00Z" },
		{ "*/5 * * * *", "2026-11-21T08:30:00Z", "2026-11-21T08:35:00Z", "2026-11-21T08:30:00Z" },
		{ "7/20 * * * *", "2026-11-21T08:30:00Z", "2026-11-21T08:47:00Z", "2026-11-21T08:27:00Z" },
		{ "0 3 * * *", "2026-11-21T08:30:00Z", "2026-11-22T03:00:00Z", "2026-11-21T03:00:00Z" },
		{ "59 23 31 12 *", "2026-11-21T08:30:00Z", "2026-12-31T23:59:00Z", "2025-12-31T23:59:00Z" },
		{ "0 0 29 2 *", "2026-11-21T08:30:00Z", "2028-02-29T00:00:00Z", "2024-02-29T00:00:00Z" },
		{ "0 9 * * 1-5", "2026-11-21T08:30:00Z", "2026-11-23T09:00:00Z",
		        "2026-11-20T09:00:00Z" }, /* a Saturday */
		{ "0 9 * * 7", "2026-11-21T08:30:00Z", "2026-11-22T09:00:00Z", "2026-11-15T09:00:00Z" },
		{ "0 0 1 * 0", "2026-11-21T08:30:00Z", "2026-11-22T00:00:00Z",
		        "2026-11-15T00:00:00Z" }, /* day or weekday */
		{ "10,40 8,20 * * *", "2026-11-21T08:30:00Z", "2026-11-21T08:40:00Z", "2026-11-21T08:10:00Z" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cron c = parsed(cases[i].cron);
		assert_int_equal(cron_next_us(&c, at(cases[i].from)), at(cases[i].next));
		assert_int_equal(cron_last_us(&c, at(cases[i].from)), at(cases[i].last));
	}
}

static void never(void **state)
{
	struct cron c = parsed("0 0 31 2 *");
	assert_int_equal(cron_next_us(&c, at("2026-11-21T08:30:00Z")), 0);
}

static void refused(void **state)
{
	static const char *const bad[] = { "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
		"* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "-1 * * * *", "1,,2 * * * *", "a * * * *",
		"1- * * * *", "*/ * * * *", "99999999999999999999 * * * *" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cron c;
		struct err e = { 0 };
		assert_int_equal(cron_parse(str_c(bad[i]), &c, &e), ST_INVALID);
		assert_int_equal(e.status, ST_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ticks), cmocka_unit_test(never),
		cmocka_unit_test(refused) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
