/* SPDX-License-Identifier: Apache-2.0
 *
 * Amounts as people type them, and as they are written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/money.h"

static void typed(void **state)
{
	static const struct { const char *text, currency[4]; bool good; int64_t minor; } rows[] = {
		{ "12", "EUR", true, 1200 },
		{ "12.5", "EUR", true, 1250 },
		{ "12,50", "EUR", true, 1250 },
		{ "-3.00", "EUR", true, -300 },
		{ "0", "EUR", true, 0 },
		{ "0.01", "EUR", true, 1 },
		{ "007", "EUR", true, 700 },
		{ "500", "JPY", true, 500 },
		{ "1.234", "KWD", true, 1234 },
		{ "12.5", "", true, 1250 },
		{ "", "EUR", false, 0 },
		{ "-", "EUR", false, 0 },
		{ ".", "EUR", false, 0 },
		{ ".5", "EUR", false, 0 },
		{ "5.", "EUR", false, 0 },
		{ "1.234", "EUR", false, 0 },
		{ "1,234.50", "EUR", false, 0 },
		{ "1.5", "JPY", false, 0 },
		{ "12 ", "EUR", false, 0 },
		{ "1e3", "EUR", false, 0 },
		{ "+5", "EUR", false, 0 },
		{ "--5", "EUR", false, 0 },
		{ "12.5.0", "EUR", false, 0 },
		{ "90071992547409.92", "EUR", true, INT64_C(1) << 53 },
		{ "90071992547409.93", "EUR", false, 0 },
		{ "99999999999999999999", "EUR", false, 0 },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t minor = 0;
		bool good = money_parse(str_c(rows[i].text), rows[i].currency, &minor);
		if (good != rows[i].good || (good && minor != rows[i].minor))
			fail_msg("\"%s\" %s: %d %lld", rows[i].text, rows[i].currency, good, (long long)minor);
	}
}

static void written(void **state)
{
	static const struct { struct money m; const char *text; } rows[] = {
		{ { 1250, "EUR" }, "12.50" },
		{ { -5, "EUR" }, "-0.05" },
		{ { 0, "EUR" }, "0.00" },
		{ { 500, "JPY" }, "500" },
		{ { 1234, "KWD" }, "1.234" },
		{ { INT64_MIN, "EUR" }, "-92233720368547758.08" },
	};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[MONEY_TEXT_MAX];
		assert_int_equal(money_text(&rows[i].m, out), strlen(rows[i].text));
		assert_string_equal(out, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(typed), cmocka_unit_test(written) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
