/* SPDX-License-Identifier: Apache-2.0
 *
 * One-time passwords: RFC 6238's own codes, what fits when, and how a seed is shown.
 */
#include "base/clock.h"
#include "services/identity/signin/totp.h"
#include "unit.h"

#define SEED STR("12345678901234567890") /* RFC 6238, appendix B */

static void the_rfcs_codes(void **state)
{
	static const struct {
		int64_t at;
		const char *code;
	} cases[] = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char code[TOTP_DIGITS + 1];
		totp_code(SEED, cases[i].at / TOTP_STEP_S, code);
		assert_string_equal(code, cases[i].code);
	}
}

static void fits(void **state)
{
	int64_t step = 0, now = 1111111111 * US_PER_S;
	assert_true(totp_fits(SEED, STR("050471"), now, &step));
	assert_int_equal(step, 1111111111 / TOTP_STEP_S);
	assert_true(totp_fits(SEED, STR(" 050 471 "), now, &step));
	assert_true(totp_fits(SEED, STR("081804"), now, &step)); /* the step before */
	assert_int_equal(step, 1111111109 / TOTP_STEP_S);
	assert_true(totp_fits(SEED, STR("050471"), now - TOTP_STEP_S * US_PER_S, &step)); /* a phone ahead */
	assert_false(totp_fits(SEED, STR("050471"), now + 2 * TOTP_STEP_S * US_PER_S, &step));
	assert_false(totp_fits(SEED, STR("050472"), now, &step));
	static const char *const odd[] = { "", "05047", "0504711", "05047a", "050471\n", "-50471", "      " };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		assert_false(totp_fits(SEED, str_c(odd[i]), now, &step));
}

static void shown(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct buf qr;
	unsigned size;
	struct err e = { 0 };
	assert_true(str_eqc(totp_seed_text(a, SEED, false), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
	assert_true(str_eqc(totp_seed_text(a, SEED, true), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"));
	assert_true(str_eqc(totp_seed_text(a, STR("foob"), false), "MZXW6YQ")); /* RFC 4648 10, without padding */
	struct str uri = totp_uri(a, SEED, STR("coop.example:8080"), STR("ines+bread@example.org"));
	assert_true(str_starts(uri, STR("otpauth://totp/coop.example%3A8080:ines%2Bbread%40example.org?secret=GEZD")));
	buf_arena(&qr, a, 64 << 10);
	assert_int_equal(totp_qr(&qr, uri, &size, &e), ST_OK);
	assert_true(size >= 29 && size < 80);
	assert_memory_equal(qr.data, "M4 4h7", 6); /* the corner that every code begins with, behind its quiet zone */
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_rfcs_codes), cmocka_unit_test(fits),
		cmocka_unit_test(shown) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
