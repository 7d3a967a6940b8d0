/* SPDX-License-Identifier: Apache-2.0
 *
 * Fault test: a piece of work on arenas is repeated with the first, second, third … malloc failing, until it passes
 * without a failure. Each time it must end by the guard, with every clean-up run once and nothing leaked
 * (the leak check is AddressSanitizer's and that of the counted blocks).
 */
#include "unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>

static int fail_at, mallocs, live;

static void *counting_malloc(size_t n)
{
	if (++mallocs == fail_at)
		return NULL;
	live++;
	return malloc(n);
}

static void counting_free(void *p)
{
	live -= p != NULL;
	free(p);
}

/* Every piece its own malloc, so that every allocation can fail and no block of an earlier round helps out. */
#define ARENA_PIECEWISE 1
#define malloc counting_malloc
#define free counting_free
#include "base/arena.c"
#undef malloc
#undef free

#include "base/buf.h"

static int opened, closed;
static void close_one(void *arg)
{
	closed++;
}

static void work(void *arg)
{
	struct arena *a = *(struct arena **)arg;
	for (int i = 0; i < 4; i++) {
		opened++;
		arena_on_free(a, close_one, NULL);
		struct arena *c = arena_child(a);
		opened++;
		arena_on_free(c, close_one, NULL);
		arena_strf(c, "%0300d", i);
		arena_array(c, 10, 100);
		if (i % 2)
			arena_free(c);
		struct buf b;
		buf_arena(&b, a, 4096);
		buf_printf(&b, "%0600d", i);
		if (!buf_ok(&b))
			guard_abort(ST_NOMEM);
	}
}

static void each_allocation_fails_in_turn(void **state)
{
	bool whole = false;
	for (fail_at = 1; !whole && fail_at < 1000; fail_at++) {
		mallocs = opened = closed = 0;
		struct arena *a = arena_new(1 << 20);
		if (!a) {
			assert_int_equal(fail_at, 1);
			continue;
		}
		enum status st = guard_run(work, &a);
		arena_free(a);
		whole = st == ST_OK;
		if (!whole)
			assert_int_equal(st, ST_NOMEM);
		assert_int_equal(opened, closed);
		assert_int_equal(live, 0);
	}
	assert_true(whole && fail_at > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_fails_in_turn) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
