/* SPDX-License-Identifier: Apache-2.0
 * The cache in one process: bounds, tags, staleness, one maker per key, over several loops. */
#include "unit/unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "platform/cache/cache.h"
#include "rt/fiber.h"

#define DAY (86400 * NS_PER_S)
static const struct cache_policy fresh = { DAY, 2 * DAY, false }, stale = { 0, DAY, false }, over = { 0, 0, false };

static struct cache *cache;

static void put(const char *key, const char *value, const struct cache_policy *p, const char *tags)
{
	struct blob *b = blob_new(value, strlen(value));
	cache_put(cache, str_c(key), b, p, tags ? str_c(tags) : STR_NULL, NULL);
	blob_unref(b);
}

static enum cache_state state_of(const char *key)
{
	struct blob *b = NULL;
	enum cache_state st = cache_peek(cache, str_c(key), &b);
	if (st != CACHE_MISS)
		blob_unref(b);
	return st;
}

static void states_and_drops(void **state)
{
	cache = cache_new(1 << 20, 4, NULL, NULL);
	put("a", "1", &fresh, "x y");
	put("b", "2", &stale, "y");
	put("c", "3", &over, NULL);
	put("d", "4", &fresh, "x x  z");
	assert_int_equal(state_of("a"), CACHE_FRESH);
	assert_int_equal(state_of("b"), CACHE_STALE);
	assert_int_equal(state_of("c"), CACHE_MISS);
	cache_drop_tag(cache, STR("y"));
	assert_int_equal(state_of("a"), CACHE_MISS);
	assert_int_equal(state_of("b"), CACHE_MISS);
	assert_int_equal(state_of("d"), CACHE_FRESH);
	cache_drop_tag(cache, STR("x"));
	assert_int_equal(state_of("d"), CACHE_MISS);
	put("e", "5", &fresh, NULL);
	cache_drop(cache, STR("e"));
	assert_int_equal(state_of("e"), CACHE_MISS);
	struct cache_stats s;
	cache_stats(cache, &s);
	assert_int_equal(s.entries, 0);
	assert_int_equal(s.bytes, 0);
	cache_free(cache);
}

static void bytes_are_bounded_and_the_popular_stay(void **state)
{
	char key[32], value[1000];
	struct cache_stats s;
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	cache = cache_new(100000, 1, NULL, NULL);
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "home%d", i);
		put(key, value, &fresh, "t");
	}
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 20; i++) {
			snprintf(key, sizeof key, "home%d", i);
			assert_int_equal(state_of(key), CACHE_FRESH);
		}
	for (int i = 0; i < 1500; i++) { /* a crawler: each address once */
		snprintf(key, sizeof key, "archive%d", i);
		(void)state_of(key);
		put(key, value, &fresh, "t");
	}
	cache_stats(cache, &s);
	assert_true(s.bytes <= 100000 && s.bytes > 50000);
	assert_true(s.evicted + s.refused > 1300);
	int stayed = 0;
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "home%d", i);
		stayed += state_of(key) == CACHE_FRESH;
	}
	assert_true(stayed >= 18);
	char *large = calloc(1, 30001);
	memset(large, 'x', 30000);
	put("large", large, &fresh, NULL); /* more than a quarter */
	assert_int_equal(state_of("large"), CACHE_MISS);
	free(large);
	cache_free(cache);
}

/* --- making --- */

static _Atomic int made, active, most;
static _Atomic bool fail_make, drop_in_make;
static _Atomic int64_t wait_in_make; /* ns */

static _Alignas(max_align_t) const char made_from[] = "value";

static enum status make(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e)
{
	assert_int_equal(
	        (uintptr_t)arg % _Alignof(max_align_t), 0); /* a refresh's copy serves as well as the caller's own */
	int now = atomic_fetch_add(&active, 1) + 1;
	if (now > atomic_load(&most))
		atomic_store(&most, now);
	atomic_fetch_add(&made, 1);
	enum status st = ST_OK;
	int64_t wait = atomic_load(&wait_in_make);
	if (wait)
		st = fiber_sleep_ns(wait);
	if (atomic_load(&drop_in_make))
		cache_drop_tag(cache, STR("t"));
	atomic_fetch_sub(&active, 1);
	if (st != ST_OK)
		return st; /* and no value */
	if (atomic_load(&fail_make))
		return err_set(e, ST_UPSTREAM, "not now");
	*out = blob_new(arg, strlen(arg));
	*tags = STR("t");
	return st;
}

static enum status get_with(
        const struct cache_policy *p, struct blob **out, enum cache_state *st, struct err *e, int64_t deadline)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	ctx_init(&ctx, a);
	ctx.deadline_ns = deadline;
	return cache_get(&ctx, cache, STR("k"), p, make, made_from, sizeof made_from, out, st, e);
}

static void get_expect(const struct cache_policy *p, enum cache_state want)
{
	struct blob *b = NULL;
	enum cache_state st;
	assert_int_equal(get_with(p, &b, &st, NULL, 0), ST_OK);
	assert_int_equal(b->len, 5);
	assert_memory_equal(b->data, "value", 5);
	assert_int_equal(st, want);
	blob_unref(b);
}

static void reset(void)
{
	made = most = 0;
	fail_make = drop_in_make = false;
	wait_in_make = 0;
}

static void in_fiber_stale(void *arg)
{
	struct err e = { 0 };
	struct blob *b = NULL;
	reset();
	get_expect(&stale, CACHE_MISS);
	get_expect(&stale, CACHE_STALE); /* at once; one refresh runs */
	get_expect(&stale, CACHE_STALE);
	while (made < 2)
		assert_int_equal(fiber_sleep_ns(NS_PER_MS), ST_OK);
	assert_int_equal(made, 2);
	atomic_store(&fail_make, true); /* a failed refresh leaves the stale value, and is not repeated at once */
	for (int i = 0; i < 20; i++) {
		get_expect(&stale, CACHE_STALE);
		fiber_yield();
	}
	assert_true(made <= 4);
	cache_clear(cache);
	assert_int_equal(get_with(&fresh, &b, NULL, &e, 0), ST_UPSTREAM);
	assert_string_equal(e.msg, "not now");
	atomic_store(&fail_make, false);
	get_expect(&fresh, CACHE_MISS);
	get_expect(&fresh, CACHE_FRESH);
	/* Dropped while it was being made: served, but not as fresh afterwards. */
	cache_clear(cache);
	atomic_store(&drop_in_make, true);
	get_expect(&fresh, CACHE_MISS);
	atomic_store(&drop_in_make, false);
	assert_int_not_equal(state_of("k"), CACHE_FRESH);
}

static void stale_while_refreshed(void **state)
{
	cache = cache_new(1 << 20, 2, NULL, NULL);
	fiber_main(in_fiber_stale, NULL);
	cache_free(cache);
}

static _Atomic int left;

static void one_get(void *arg)
{
	struct blob *b = NULL;
	assert_int_equal(get_with(&fresh, &b, NULL, NULL, 0), ST_OK);
	assert_memory_equal(b->data, "value", 5);
	blob_unref(b);
	atomic_fetch_sub(&left, 1);
}

static void impatient_get(void *arg)
{
	struct blob *b = NULL;
	enum status st = get_with(&fresh, &b, NULL, NULL, clock_mono_ns() + NS_PER_MS);
	assert_true(st == ST_TIMEOUT || st == ST_OK); /* by this machine's speed */
	if (st == ST_OK)
		blob_unref(b);
	atomic_fetch_sub(&left, 1);
}

static void one_maker(void **state)
{
	enum { LOOPS = 3, EACH = 50 };
	cache = cache_new(1 << 20, 2, NULL, NULL);
	reset();
	atomic_store(&wait_in_make, 20 * NS_PER_MS);
	atomic_store(&left, LOOPS * (EACH + 1));
	struct loops *ls = loops_start(LOOPS, NULL, NULL, NULL);
	assert_non_null(ls);
	for (unsigned i = 0; i < LOOPS; i++)
		for (int k = 0; k < EACH; k++)
			assert_true(fiber_spawn_on(loops_get(ls, i), one_get, NULL, FIBER_LARGE));
	while (atomic_load(&active) == 0 && atomic_load(&left) == LOOPS * (EACH + 1))
		;
	/* Waiters with a deadline of their own give up alone. */
	for (unsigned i = 0; i < LOOPS; i++)
		assert_true(fiber_spawn_on(loops_get(ls, i), impatient_get, NULL, FIBER_LARGE));
	while (atomic_load(&left) > 0)
		;
	loops_stop_join(ls);
	assert_int_equal(most, 1);
	assert_int_equal(made, 1);
	cache_free(cache);
}

static struct fiber *maker;

static void cancelled_get(void *arg)
{
	struct blob *b = NULL;
	maker = fiber_self();
	assert_int_equal(get_with(&fresh, &b, NULL, NULL, 0), ST_CANCELLED);
	atomic_fetch_sub(&left, 1);
}

/* The maker's client goes away: a waiter makes it instead. */
static void in_fiber_cancel(void *arg)
{
	reset();
	atomic_store(&wait_in_make, 3600 * NS_PER_S); /* it is cancelled before, on however busy a machine */
	atomic_store(&left, 2);
	assert_non_null(fiber_spawn(loop_current(), cancelled_get, NULL, FIBER_LARGE));
	while (!atomic_load(&active))
		fiber_yield();
	atomic_store(&wait_in_make, NS_PER_MS);
	assert_non_null(fiber_spawn(loop_current(), one_get, NULL, FIBER_LARGE));
	fiber_yield();
	fiber_cancel(maker);
	while (atomic_load(&left))
		assert_int_equal(fiber_sleep_ns(NS_PER_MS), ST_OK);
	assert_int_equal(made, 2);
}

static void a_cancelled_maker(void **state)
{
	cache = cache_new(1 << 20, 2, NULL, NULL);
	fiber_main(in_fiber_cancel, NULL);
	cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(states_and_drops),
					    cmocka_unit_test(bytes_are_bounded_and_the_popular_stay),
					    cmocka_unit_test(stale_while_refreshed), cmocka_unit_test(one_maker),
					    cmocka_unit_test(a_cancelled_maker) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
