/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/guard.h"

static void appending(void **state)
{
	SCOPED_BUF b;
	buf_init(&b, 10000);
	assert_int_equal(buf_str(&b).n, 0);
	assert_non_null(buf_str(&b).p);
	buf_puts(&b, "a");
	buf_putc(&b, 'b');
	BUF_LIT(&b, "c");
	buf_putstr(&b, STR("d"));
	buf_printf(&b, "%d-%s", 7, "e");
	buf_put_i64(&b, INT64_MIN);
	buf_put_u64(&b, UINT64_MAX);
	buf_put_u64(&b, 0);
	assert_string_equal(b.data, "abcd7-e-9223372036854775808184467440737095516150");
	assert_true(buf_ok(&b));
	buf_consume(&b, 7);
	assert_int_equal(b.data[0], '-');
	assert_int_equal(b.len, 41);
	buf_clear(&b);
	assert_string_equal(b.data, "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%09d", i);
	assert_int_equal(b.len, 9000);
	assert_memory_equal(b.data + 8991, "000000999", 10);
}

static void the_maximum_is_kept(void **state)
{
	SCOPED_BUF b;
	buf_init(&b, 8);
	buf_puts(&b, "12345678");
	assert_true(buf_ok(&b));
	buf_putc(&b, '9');
	assert_false(buf_ok(&b));
	assert_string_equal(b.data, "12345678");
	buf_clear(&b);
	buf_puts(&b, "123");
	buf_printf(&b, "%s", "toolong");
	assert_false(buf_ok(&b));
	buf_puts(&b, "x"); /* dropped */
	assert_string_equal(b.data, "123");
	buf_clear(&b);
	buf_put(&b, "x", SIZE_MAX);
	assert_false(buf_ok(&b));
	buf_clear(&b);
	assert_false(buf_reserve(&b, 9));
	buf_clear(&b);
	assert_true(buf_reserve(&b, 8));
}

static void in_an_arena(void **state)
{
	SCOPED_ARENA *a = arena_new(4096);
	struct buf b;
	buf_arena(&b, a, 1 << 20);
	for (int i = 0; i < 100; i++)
		buf_puts(&b, "0123456789");
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 1000);
	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "0123456789");
	assert_false(buf_ok(&b)); /* the arena's limit is not exceeded, nor is the process ended */
	assert_true(b.len >= 1000);
	buf_fini(&b);
}

static void put_text(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct buf b;
	buf_text(&b, a);
	for (size_t left = *(size_t *)arg, k; left; left -= k) {
		k = left < 1000 ? left : 1000;
		buf_printf(&b, "%*s", (int)k, "");
	}
	assert_true(buf_ok(&b) && b.len == *(size_t *)arg);
}

static void put_into_a_full_arena(void *arg)
{
	SCOPED_ARENA *a = arena_new(4096);
	struct buf b;
	buf_text(&b, a);
	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "0123456789");
}

/* A text of BUF_TEXT_MAX is whole; of one more byte, or without memory for it, there is none. */
static void a_text_is_whole_or_none(void **state)
{
	size_t n = BUF_TEXT_MAX;
	assert_int_equal(guard_run(put_text, &n), ST_OK);
	n++;
	assert_int_equal(guard_run(put_text, &n), ST_NOMEM);
	assert_int_equal(guard_run(put_into_a_full_arena, NULL), ST_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appending),
		cmocka_unit_test(the_maximum_is_kept),
		cmocka_unit_test(in_an_arena),
		cmocka_unit_test(a_text_is_whole_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
