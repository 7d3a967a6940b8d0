/* SPDX-License-Identifier: Apache-2.0
 * JSON and DTOs: round trips, and what hostile JSON must not do. */
#include "unit/unit.h"

#include <stddef.h>

#include "base/arena.h"
#include "probe_serve.h"
#include "platform/text/json.h"

enum status probe_serve_whole(
        struct ctx *ctx, const struct probe_whole_ask *in, struct probe_whole_answer *out, struct err *e)
{
	return ST_OK;
}

enum status probe_serve_say(
        struct ctx *ctx, const struct probe_say_ask *in, struct probe_say_answer *out, struct err *e)
{
	return ST_OK;
}

enum status probe_serve_nothing(
        struct ctx *ctx, const struct probe_nothing_ask *in, struct probe_nothing_answer *out, struct err *e)
{
	return ST_OK;
}

static const struct dto_def *const whole_dto = &probe_whole_answer_dto;

static void round_trip(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct probe_item items[2] = { { INT64_MIN, STR("\"\\\n\x01\x7f") }, { INT64_MAX, STR("Zoë 🥕") } };
	uint8_t numbers[] = { 0, 255 };
	struct str words[] = { STR("a"), STR("") };
	struct probe_whole_answer in = { .before = -1,
		.tiny = INT8_MIN,
		.after = -1,
		.small = UINT16_MAX,
		.wide = INT32_MIN,
		.count = UINT32_MAX,
		.n = -7,
		.large = INT64_MAX,
		.share = 0.1,
		.yes = true,
		.text = STR(""),
		.price = { 1250, "EUR" },
		.at = 5,
		.none_null = true,
		.inner = items[0],
		.maybe_null = true,
		.list = { items, 2 },
		.numbers = { numbers, 2 },
		.words = { words, 2 } },
	                          out;
	struct buf b;
	buf_arena(&b, a, 1 << 16);
	assert_int_equal(dto_to_json(whole_dto, &in, &b), ST_OK);
	assert_string_equal(b.data,
	        "{\"before\":-1,\"tiny\":-128,\"after\":-1,\"small\":65535,\"wide\":-2147483648,\"count\":4294967295,"
	        "\"n\":-7,"
	        "\"large\":9223372036854775807,\"share\":0.10000000000000001,\"yes\":true,\"text\":\"\",\"absent\":"
	        "null,"
	        "\"price\":{\"minor\":1250,\"currency\":\"EUR\"},\"at\":5,\"none\":null,"
	        "\"inner\":{\"id\":-9223372036854775808,\"name\":\"\\\"\\\\\\n\\u0001\\u007f\"},\"maybe\":null,"
	        "\"list\":["
	        "{\"id\":-9223372036854775808,\"name\":\"\\\"\\\\\\n\\u0001\\u007f\"},"
	        "{\"id\":9223372036854775807,\"name\":\"Zoë 🥕\"}],\"numbers\":[0,255],\"words\":[\"a\",\"\"]}");
	memset(&out, 0xaa, sizeof out);
	assert_int_equal(dto_from_json(a, whole_dto, buf_str(&b), &out, NULL), ST_OK);
	assert_true(out.before == -1 && out.tiny == INT8_MIN && out.after == -1); /* nobody wrote over a neighbour */
	assert_true(out.small == UINT16_MAX && out.wide == INT32_MIN && out.count == UINT32_MAX && out.n == -7 &&
	        out.large == INT64_MAX);
	assert_true(out.share == 0.1 && out.yes && out.price.minor == 1250 && !strcmp(out.price.currency, "EUR"));
	assert_true(!out.at_null && out.at == 5 && out.none_null && out.maybe_null);
	assert_non_null(out.text.p);
	assert_null(out.absent.p);
	assert_true(out.inner.id == INT64_MIN && out.list.count == 2 && out.numbers.count == 2 && out.words.count == 2);
	assert_true(out.numbers.items[1] == 255 && out.words.items[1].p && !out.words.items[1].n);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(out.list.items[i].id, items[i].id);
		assert_true(str_eq(out.list.items[i].name, items[i].name));
	}
}

/* At each limit, and one more. */
static void widths(void **state)
{
	static const struct { const char *json; enum status want; } rows[] = {
		{ "{\"tiny\":127}", ST_OK },
		{ "{\"tiny\":128}", ST_INVALID },
		{ "{\"tiny\":-128}", ST_OK },
		{ "{\"tiny\":-129}", ST_INVALID },
		{ "{\"small\":65535}", ST_OK },
		{ "{\"small\":65536}", ST_INVALID },
		{ "{\"small\":-1}", ST_INVALID },
		{ "{\"wide\":2147483647}", ST_OK },
		{ "{\"wide\":2147483648}", ST_INVALID },
		{ "{\"count\":4294967296}", ST_INVALID },
		{ "{\"large\":9223372036854775807}", ST_OK },
		{ "{\"large\":-1}", ST_INVALID },
		{ "{\"numbers\":[256]}", ST_INVALID },
		{ "{\"share\":1}", ST_OK },
		{ "{\"share\":\"1\"}", ST_INVALID },
		{ "{\"price\":{\"minor\":1,\"currency\":\"EUR\"}}", ST_OK },
		{ "{\"price\":{\"minor\":1.5,\"currency\":\"EUR\"}}", ST_INVALID },
		{ "{\"price\":{\"minor\":1,\"currency\":\"EURO\"}}", ST_INVALID },
		{ "{\"price\":{\"minor\":1,\"currency\":\"eur\"}}", ST_INVALID },
		{ "{\"price\":12}", ST_INVALID },
		{ "{\"inner\":[]}", ST_INVALID },
		{ "{\"inner\":{\"id\":true}}", ST_INVALID },
		{ "{\"words\":[1]}", ST_INVALID },
	};
	SCOPED_ARENA *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct probe_whole_answer out;
		if (dto_from_json(a, whole_dto, str_c(rows[i].json), &out, NULL) != rows[i].want)
			fail_msg("%s is %s", rows[i].json, rows[i].want == ST_OK ? "refused" : "taken");
	}
	struct probe_whole_answer in = { .large = UINT64_MAX }, odd = { .share = 1.0 / 0.0 };
	struct buf b;
	buf_arena(&b, a, 1 << 16);
	assert_int_equal(dto_to_json(whole_dto, &in, &b), ST_INVALID);
	assert_int_equal(dto_to_json(whole_dto, &odd, &b), ST_INVALID);
}

static void described(void **state)
{
	assert_int_equal(probe_contract_whole.ttl_s, 5);
	assert_int_equal(probe_contract_whole.patience_ms, 20);
	assert_int_equal(probe_contract_whole.kind, CONTRACT_QUERY);
	assert_int_equal(probe_contract_nothing.kind, CONTRACT_ACTION);
	assert_ptr_equal(probe_contracts[1], &probe_contract_say);
	assert_ptr_equal(probe_contracts[2], &probe_contract_nothing);
	assert_null(probe_contracts[3]);
}

static void bytes_that_are_no_text(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct buf b;
	buf_arena(&b, a, 1 << 16);
	json_put_str(&b, STR("a\xff\xc3(\xed\xa0\x80z\xe2\x82"));
	SCOPED_JSON *j = json_parse(buf_str(&b), 1, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(j),
	        "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd");
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{",
		"{\"n\":1,\"n\":2}",
		"{\"n\":1.5}",
		"{\"n\":\"1\"}",
		"{\"n\":99999999999999999999}",
		"{\"yes\":0}",
		"{\"text\":{}}",
		"{\"text\":\"\\u0000\"}",
		"{\"text\":\"\xff\"}",
		"{\"list\":{}}",
		"{\"list\":[1]}",
		"{\"list\":[{\"id\":true}]}",
		"{}x",
		"{\"n\":1,}",
		"\xef\xbb\xbf{}",
	};
	SCOPED_ARENA *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct probe_whole_answer out;
		struct err e = { 0 };
		if (dto_from_json(a, whole_dto, str_c(bad[i]), &out, &e) != ST_INVALID)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.status, ST_INVALID);
	}
	struct probe_whole_answer out;
	assert_int_equal(
	        dto_from_json(a, whole_dto, STR("{\"else\":[[]],\"n\":null,\"text\":\"x\"}"), &out, NULL), ST_OK);
	assert_int_equal(out.n, 0);
}

static void depth(void **state)
{
	char text[200002];
	struct err e = { 0 };
	memset(text, '[', 100001);
	memset(text + 100001, ']', 100001);
	assert_null(json_parse(str_n(text, sizeof text), JSON_DEPTH, &e));
	assert_non_null(strstr(e.msg, "deeper"));
	SCOPED_JSON *ok = json_parse(STR("[[\"[[[[\\\"[[\"]]"), 2, NULL);
	assert_non_null(ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(widths),
		cmocka_unit_test(described), cmocka_unit_test(bytes_that_are_no_text), cmocka_unit_test(refused),
		cmocka_unit_test(depth) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
