/* SPDX-License-Identifier: Apache-2.0
 *
 * Canonical JSON against the samples of RFC 8785: section 3.2.2 and 3.2.3, appendix B.
 */
#include "unit.h"

#include "platform/text/jcs.h"

static void canonical(const char *in, const char *want)
{
	struct err e = { 0 };
	SCOPED_JSON *j = json_parse(str_c(in), JSON_DEPTH, &e);
	SCOPED_BUF out;
	buf_init(&out, 4096);
	if (!j)
		fail_msg("%s", e.msg);
	assert_int_equal(jcs_put(&out, j, &e), ST_OK);
	assert_string_equal(out.data, want);
}

static void samples(void **state)
{
	canonical("{ \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],\n"
	          "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
	          "  \"literals\": [null, true, false] }",
	          "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
	          "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
	/* 3.2.3: by UTF-16 code units an emoji stands before U+FB33. */
	canonical("{ \"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", \"\\ufb33\": \"Hebrew Letter Dalet With "
	          "Dagesh\","
	          "\"1\": \"One\", \"\\ud83d\\ude00\": \"Emoji: Grinning Face\", \"\\u0080\": \"Control\","
	          "\"\\u00f6\": \"Latin Small Letter O With Diaeresis\" }",
	        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
	        "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
	        "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
	canonical("{\"ab\":1,\"a\":{\"z\":[],\"y\":{}},\"\":0}", "{\"\":0,\"a\":{\"y\":{},\"z\":[]},\"ab\":1}");
	canonical("[-0, 9007199254740991, -9007199254740991]", "[0,9007199254740991,-9007199254740991]");
}

static void numbers(void **state)
{
	static const struct { uint64_t bits; const char *text; } list[] = {
		{ 0x0000000000000000, "0" }, { 0x8000000000000000, "0" },
		{ 0x0000000000000001, "5e-324" }, { 0x8000000000000001, "-5e-324" },
		{ 0x7fefffffffffffff, "1.7976931348623157e+308" }, { 0xffefffffffffffff, "-1.7976931348623157e+308" },
		{ 0x4340000000000000, "9007199254740992" }, { 0xc340000000000000, "-9007199254740992" },
		{ 0x4430000000000000, "295147905179352830000" }, { 0x44b52d02c7e14af5, "9.999999999999997e+22" },
		{ 0x44b52d02c7e14af6, "1e+23" }, { 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
		{ 0x444b1ae4d6e2ef4e, "999999999999999700000" }, { 0x444b1ae4d6e2ef4f, "999999999999999900000" },
		{ 0x444b1ae4d6e2ef50, "1e+21" }, { 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
		{ 0x3eb0c6f7a0b5ed8d, "0.000001" }, { 0x41b3de4355555553, "333333333.3333332" },
		{ 0x41b3de4355555554, "333333333.33333325" }, { 0x41b3de4355555555, "333333333.3333333" },
		{ 0x41b3de4355555556, "333333333.3333334" }, { 0x41b3de4355555557, "333333333.33333343" },
		{ 0xbecbf647612f3696, "-0.0000033333333333333333" }, { 0x43143ff3c1cb0959, "1424953923781206.2" },
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		double v;
		char out[JCS_NUMBER_MAX];
		memcpy(&v, &list[i].bits, 8);
		assert_int_equal(jcs_number(v, out), strlen(list[i].text));
		assert_string_equal(out, list[i].text);
	}
}

static void refuses(void **state)
{
	struct err e = { 0 };
	SCOPED_JSON *big = json_parse(STR("[9007199254740992]"), JSON_DEPTH, &e);
	SCOPED_JSON *longer = json_parse(STR("{\"a\":\"0123456789\"}"), JSON_DEPTH, &e);
	SCOPED_BUF out, small;
	buf_init(&out, 100);
	buf_init(&small, 10);
	assert_int_equal(jcs_put(&out, big, &e), ST_INVALID);
	assert_int_equal(jcs_put(&small, longer, &e), ST_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(samples), cmocka_unit_test(numbers),
		cmocka_unit_test(refuses) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
