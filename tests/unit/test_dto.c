/* SPDX-License-Identifier: Apache-2.0
 * JSON and DTOs: round trips, and what hostile JSON must not do. */
#include "unit/unit.h"

#include <stddef.h>

#include "base/arena.h"
#include "platform/peers/contract.h"
#include "platform/text/json.h"

struct item { int64_t id; struct str name; };
struct whole { int64_t n; bool yes; struct str text; struct str absent; struct { struct item *items; size_t count; } list; };

static const struct dto_field item_fields[] = {
	{ "id", DTO_INT, offsetof(struct item, id) },
	{ "name", DTO_STR, offsetof(struct item, name) },
	{ 0 },
};
static const struct dto_def item_dto = { "item", sizeof(struct item), item_fields };
static const struct dto_field whole_fields[] = {
	{ "n", DTO_INT, offsetof(struct whole, n) },
	{ "yes", DTO_BOOL, offsetof(struct whole, yes) },
	{ "text", DTO_STR, offsetof(struct whole, text) },
	{ "absent", DTO_STR, offsetof(struct whole, absent) },
	{ "list", DTO_LIST, offsetof(struct whole, list), &item_dto },
	{ 0 },
};
static const struct dto_def whole_dto = { "whole", sizeof(struct whole), whole_fields };

static void round_trip(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct item items[2] = { { INT64_MIN, STR("\"\\\n\x01\x7f") }, { INT64_MAX, STR("Zoë 🥕") } };
	struct whole in = { .n = -7, .yes = true, .text = STR(""), .list = { items, 2 } }, out;
	struct buf b;
	buf_arena(&b, a, 1 << 16);
	assert_int_equal(dto_to_json(&whole_dto, &in, &b), ST_OK);
	assert_string_equal(b.data, "{\"n\":-7,\"yes\":true,\"text\":\"\",\"absent\":null,\"list\":["
				    "{\"id\":-9223372036854775808,\"name\":\"\\\"\\\\\\n\\u0001\\u007f\"},"
				    "{\"id\":9223372036854775807,\"name\":\"Zoë 🥕\"}]}");
	assert_int_equal(dto_from_json(a, &whole_dto, buf_str(&b), &out, NULL), ST_OK);
	assert_int_equal(out.n, -7);
	assert_true(out.yes);
	assert_non_null(out.text.p);
	assert_null(out.absent.p);
	assert_int_equal(out.list.count, 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(out.list.items[i].id, items[i].id);
		assert_true(str_eq(out.list.items[i].name, items[i].name));
	}
}

static void bytes_that_are_no_text(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct buf b;
	buf_arena(&b, a, 1 << 16);
	json_put_str(&b, STR("a\xff\xc3(\xed\xa0\x80z\xe2\x82"));
	SCOPED_JSON *j = json_parse(buf_str(&b), 1, NULL);
	assert_non_null(j);
	assert_string_equal(json_string_value(j), "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd");
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{", "{\"n\":1,\"n\":2}", "{\"n\":1.5}", "{\"n\":\"1\"}", "{\"n\":99999999999999999999}", "{\"yes\":0}",
		"{\"text\":{}}", "{\"text\":\"\\u0000\"}", "{\"text\":\"\xff\"}", "{\"list\":{}}", "{\"list\":[1]}",
		"{\"list\":[{\"id\":true}]}", "{}x", "{\"n\":1,}", "\xef\xbb\xbf{}",
	};
	SCOPED_ARENA *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct whole out;
		struct err e = { 0 };
		if (dto_from_json(a, &whole_dto, str_c(bad[i]), &out, &e) != ST_INVALID)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.status, ST_INVALID);
	}
	struct whole out;
	assert_int_equal(dto_from_json(a, &whole_dto, STR("{\"else\":[[]],\"n\":null,\"text\":\"x\"}"), &out, NULL), ST_OK);
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(bytes_that_are_no_text),
					    cmocka_unit_test(refused), cmocka_unit_test(depth) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
