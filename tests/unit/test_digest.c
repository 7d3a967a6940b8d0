/* SPDX-License-Identifier: Apache-2.0
 *
 * When the letter about all that is new goes out: at seven in the morning where somebody is, also when clocks change.
 */
#include "unit/unit.h"

#include "base/clock.h"
#include "services/account/inbox.h"

static int64_t us(const char *text)
{
	int64_t at = 0;
	assert_true(clock_parse_rfc3339(str_c(text), &at));
	return at;
}

static void expect(const char *now, const char *zone, bool weekly, const char *next)
{
	char got[CLOCK_TEXT_MAX];
	clock_rfc3339(digest_next(us(now), str_c(zone), weekly), got);
	if (strcmp(got, next))
		fail_msg("%s in %s: %s instead of %s", now, zone, got, next);
}

static void at_seven(void **state)
{
	expect("2026-11-28T05:00:00Z", "", false, "2026-11-28T07:00:00Z");
	expect("2026-11-28T07:00:00Z", "", false, "2026-11-29T07:00:00Z");
	expect("2026-11-28T05:00:00Z", "Europe/Berlin", false, "2026-11-28T06:00:00Z");
	expect("2026-11-28T05:59:59Z", "Europe/Berlin", false, "2026-11-28T06:00:00Z");
	expect("2026-11-28T06:00:00Z", "Europe/Berlin", false, "2026-11-29T06:00:00Z");
	expect("2026-11-28T05:00:00Z", "Asia/Kolkata", false, "2026-11-29T02:00:00Z"); /* half past seven */
	expect("2026-11-28T05:00:00Z", "Nowhere/Such", false, "2026-11-28T07:00:00Z");
}

static void of_a_monday(void **state)
{
	expect("2026-11-28T05:00:00Z", "Europe/Berlin", true, "2026-11-30T06:00:00Z");
	expect("2026-11-30T06:00:00Z", "Europe/Berlin", true, "2026-12-07T06:00:00Z");
	expect("2026-11-29T20:00:00Z", "Pacific/Auckland", true, "2026-12-06T18:00:00Z"); /* Monday there already */
}

static void when_clocks_change(void **state)
{
	expect("2026-03-28T06:30:00Z", "Europe/Berlin", false, "2026-03-29T05:00:00Z");
	expect("2026-10-24T05:30:00Z", "Europe/Berlin", false, "2026-10-25T06:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(at_seven), cmocka_unit_test(of_a_monday),
		cmocka_unit_test(when_clocks_change) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
