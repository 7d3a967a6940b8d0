/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "unit/unit.h"

#include "base/str.h"

static void comparing(void **state)
{
	assert_true(str_ieq(STR("Content-TYPE"), STR("content-type")));
	assert_false(str_ieq(STR("a"), STR("ab")));
	assert_false(str_ieq(STR("@"), STR("`"))); /* differ by 0x20, are no letters */
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("ab"), STR("a")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
	assert_int_equal(str_cmp(STR_NULL, STR("")), 0);
	assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("abc"), STR("ab")));
}

static void slicing(void **state)
{
	assert_true(str_eqc(str_skip(STR("abc"), 2), "c"));
	assert_int_equal(str_skip(STR("abc"), 9).n, 0);
	assert_null(str_skip(STR_NULL, 1).p);
	assert_true(str_eqc(str_first(STR("abc"), 2), "ab"));
	assert_true(str_eqc(str_trim(STR(" \t\r\n x y \v\f")), "x y"));
	assert_int_equal(str_trim(STR("  ")).n, 0);
	assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
	assert_int_equal(str_find(STR("hello"), STR("ol")), -1);
	assert_int_equal(str_find(STR("x"), STR("")), 0);
	assert_int_equal(str_chr(STR("a.b.c"), '.'), 1);
	assert_int_equal(str_rchr(STR("a.b.c"), '.'), 3);
	assert_int_equal(str_chr(STR_NULL, '.'), -1);
}

static void splitting(void **state)
{
	struct str rest = STR("k=v=w"), head;
	assert_true(str_cut(&rest, '=', &head));
	assert_true(str_eqc(head, "k") && str_eqc(rest, "v=w"));
	assert_true(str_cut(&rest, '=', &head));
	assert_false(str_cut(&rest, '=', &head));
	assert_true(str_eqc(head, "w"));
	assert_int_equal(rest.n, 0);

	static const struct { const char *in, *out; } cases[] = {
		{ "a,b", "[a][b]" }, { "a,", "[a][]" }, { "", "[]" }, { ",", "[][]" }, { "abc", "[abc]" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char out[64] = "";
		rest = str_c(cases[i].in);
		while (str_next(&rest, ',', &head)) {
			strcat(out, "[");
			strncat(out, head.p, head.n);
			strcat(out, "]");
		}
		assert_string_equal(out, cases[i].out);
	}
	rest = STR_NULL;
	assert_false(str_next(&rest, ',', &head));
}

static void numbers(void **state)
{
	int64_t i;
	uint64_t u;
	double d;
	assert_true(str_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
	static const char *const bad_u[] = { "", "18446744073709551616", "+1", "-1", " 1", "1 ", "0x1", "1e3",
		"99999999999999999999" };
	for (size_t k = 0; k < sizeof bad_u / sizeof *bad_u; k++)
		assert_false(str_u64(str_c(bad_u[k]), &u));
	assert_true(str_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_true(str_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
	static const char *const bad_i[] = { "-", "--1", "9223372036854775808", "-9223372036854775809", "+1" };
	for (size_t k = 0; k < sizeof bad_i / sizeof *bad_i; k++)
		assert_false(str_i64(str_c(bad_i[k]), &i));
	assert_true(str_f64(STR("-1.5e3"), &d) && d == -1500.0);
	static const char *const bad_f[] = { "", "nan", "inf", "0x10", "1.5 ", "1..5", "1e999" };
	for (size_t k = 0; k < sizeof bad_f / sizeof *bad_f; k++)
		assert_false(str_f64(str_c(bad_f[k]), &d));
	assert_false(str_f64(str_n("1\0" "2", 3), &d));
}

static void utf8(void **state)
{
	static const char *const good[] = { "", "plain", "h\xc3\xa9llo", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xef\xbf\xbf", "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "a\xff",
		"\xe2\x28\xa1" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(str_utf8_valid(str_c(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(str_utf8_valid(str_c(bad[i])));
	struct str s = STR("a\xc3\xa9\xe2\x82\xac!");
	assert_int_equal(str_utf8_len(s), 4);
	assert_int_equal(str_utf8_first(s, 2).n, 3);
	assert_int_equal(str_utf8_first(s, 3).n, 6);
	assert_int_equal(str_utf8_first(s, 99).n, 7);
	assert_int_equal(str_utf8_first(s, 0).n, 0);
	static const size_t fits[] = { 0, 1, 1, 3, 3, 3, 6, 7, 7 }; /* in so many bytes */
	for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
		assert_int_equal(str_utf8_fit(s, i).n, fits[i]);
		assert_int_equal(str_utf8_fit(str_first(s, i), 99).n, fits[i]); /* cut before */
	}
	assert_int_equal(str_utf8_fit(STR("\x80\x80\x80\x80\x80"), 4).n, 4); /* no text: only bounded */
}

static void turning(void **state)
{
	static const struct { const char *text; bool turns; } rows[] = {
		{ "", false }, { "plain", false }, { "\xe2\x80", false }, { "\xe2\x82\xac", false }, /* € */
		{ "\xe2\x80\xa9x", false }, { "\xe2\x80\xaf", false }, { "\xe2\x81\xa5", false },
		{ "\xe2\x81\xaa", false }, { "\xe2\x80\xaa", true }, { "gpj\xe2\x80\xae.exe", true },
		{ "\xe2\x81\xa6x", true }, { "x\xe2\x81\xa9", true },
		{ "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", false }, /* who writes from right to left needs none */
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (str_utf8_turns(str_c(rows[i].text)) != rows[i].turns)
			fail_msg("row %zu", i);
}

static void hexadecimal(void **state)
{
	char out[9];
	const unsigned char bytes[] = { 0x00, 0x9f, 0xa0, 0xff };
	assert_ptr_equal(str_hex(out, bytes, 4), out + 8);
	assert_string_equal(out, "009fa0ff");
	memcpy(out + 4, bytes, 4); /* read from its own space */
	str_hex(out, out + 4, 4);
	assert_string_equal(out, "009fa0ff");
	assert_int_equal(str_hex_value('0'), 0);
	assert_int_equal(str_hex_value('f'), 15);
	assert_int_equal(str_hex_value('A'), 10);
	for (int c = 0; c < 256; c++)
		assert_true((str_hex_value((char)c) >= 0) == (isxdigit(c) != 0));
	assert_true(str_is_colour(STR("#09afAF"), false));
	assert_true(str_is_colour(STR("#09a"), true));
	assert_false(str_is_colour(STR("#09a"), false));
	assert_false(str_is_colour(STR("#09afAg"), false));
	assert_false(str_is_colour(STR("009afAF"), false));
	assert_false(str_is_colour(str_n("#09af\0f", 7), false));
}

static void hashing(void **state)
{
	assert_true(str_hash(STR("a")) == str_hash(STR("a")));
	assert_true(str_hash(STR("a")) != str_hash(STR("b")));
	assert_true(str_hash(STR_NULL) == str_hash(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),
		cmocka_unit_test(slicing),
		cmocka_unit_test(splitting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(utf8),
		cmocka_unit_test(turning),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(hashing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
