/* SPDX-License-Identifier: Apache-2.0
 *
 * The hub: who listens hears, in order, once; who is slow or was away hears that something was missed; nothing grows
 * without bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "platform/hub/hub.h"
#include "rt/fiber.h"

#define LONG_NS (60 * NS_PER_S)
static struct hub *hub;

static void in_fiber(void (*fn)(void *arg))
{
	struct err e = { 0 };
	hub = hub_new(NULL, &e);
	assert_non_null(hub);
	fiber_main(fn, NULL);
	hub_free(hub);
}

static struct hub_sub *listen_to(const char *topic, int64_t after)
{
	struct hub_sub *s;
	struct err e = { 0 };
	assert_int_equal(hub_subscribe(hub, (const struct str[]){ str_c(topic) }, 1, after, &s, &e), ST_OK);
	return s;
}

static struct hub_message next(struct hub_sub *s)
{
	struct hub_message m;
	assert_int_equal(hub_next(s, clock_mono_ns() + LONG_NS, &m), ST_OK);
	return m;
}

static bool is_silent(struct hub_sub *s)
{
	struct hub_message m;
	return hub_next(s, clock_mono_ns(), &m) == ST_TIMEOUT;
}

static void say(const char *topic, int n)
{
	char text[16];
	snprintf(text, sizeof text, "%d", n);
	assert_true(hub_publish(hub, str_c(topic), STR("n"), str_c(text)));
}

static void order(void *arg)
{
	SCOPED_SUB *a = listen_to("a", 0), *again = listen_to("a", 0), *b = listen_to("b", 0);
	for (int i = 0; i < 100; i++)
		say("a", i);
	say("b", 7);
	int64_t last = 0;
	for (int i = 0; i < 100; i++) {
		char text[16];
		struct hub_message m = next(a);
		snprintf(text, sizeof text, "%d", i);
		assert_true(str_eqc(m.data, text) && str_eqc(m.event, "n") && str_eqc(m.topic, "a") && !m.gap &&
		        m.id > last);
		last = m.id;
		assert_true(next(again).id == last);
	}
	assert_true(str_eqc(next(b).data, "7"));
	assert_true(is_silent(a) && is_silent(again) && is_silent(b));
}
static void everybody_hears_all_in_order(void **state) { in_fiber(order); }

static void slow(void *arg)
{
	SCOPED_SUB *s = listen_to("a", 0);
	for (int i = 0; i < HUB_QUEUE; i++)
		say("a", i);
	assert_true(!next(s).gap);
	say("a", 1);
	say("a", 2); /* one more than there is room for */
	assert_true(next(s).gap);
	assert_true(is_silent(s));
	say("a", 3);
	assert_true(str_eqc(next(s).data, "3"));
	/* By bytes, too. */
	char *large = malloc(HUB_DATA_MAX + 1);
	memset(large, 'x', HUB_DATA_MAX + 1);
	for (int i = 0; i < HUB_QUEUE_BYTES / HUB_DATA_MAX; i++)
		assert_true(hub_publish(hub, STR("a"), STR("n"), str_n(large, HUB_DATA_MAX)));
	assert_true(!next(s).gap);
	assert_true(hub_publish(hub, STR("a"), STR("n"), str_n(large, HUB_DATA_MAX)));
	assert_true(hub_publish(hub, STR("a"), STR("n"), STR("y")));
	assert_true(next(s).gap);
	assert_false(hub_publish(hub, STR("a"), STR("n"), str_n(large, HUB_DATA_MAX + 1)));
	free(large);
	struct hub_stats st;
	hub_stats(hub, &st);
	assert_int_equal(st.gaps, 2);
}
static void a_slow_reader_hears_of_the_gap(void **state) { in_fiber(slow); }

static void away(void *arg)
{
	struct hub_sub *s = listen_to("a", 0);
	say("a", 1);
	int64_t seen = next(s).id;
	hub_unsubscribe(s);
	say("a", 2);
	say("a", 3);
	s = listen_to("a", seen);
	assert_true(str_eqc(next(s).data, "2") && str_eqc(next(s).data, "3") && is_silent(s));
	hub_unsubscribe(s);
	for (int i = 0; i < HUB_RECENT + 1; i++)
		say("a", i);
	s = listen_to("a", seen); /* longer than is remembered */
	assert_true(next(s).gap && is_silent(s));
	hub_unsubscribe(s);
	s = listen_to("never-heard-of", seen);
	assert_true(next(s).gap && is_silent(s));
	hub_unsubscribe(s);
	s = listen_to("a", 0); /* somebody new */
	assert_true(is_silent(s));
	hub_unsubscribe(s);
}
static void who_was_away_catches_up_or_hears_of_it(void **state) { in_fiber(away); }

static void bounds(void *arg)
{
	struct hub_sub *s;
	struct err e = { 0 };
	struct str topics[HUB_TOPICS_MAX + 1];
	char name[HUB_TOPIC_LEN + 1];
	memset(name, 'n', sizeof name);
	for (unsigned i = 0; i <= HUB_TOPICS_MAX; i++)
		topics[i] = STR("t");
	assert_int_equal(hub_subscribe(hub, topics, HUB_TOPICS_MAX + 1, 0, &s, &e), ST_INVALID);
	assert_int_equal(hub_subscribe(hub, topics, 0, 0, &s, &e), ST_INVALID);
	assert_int_equal(hub_subscribe(hub, topics, HUB_TOPICS_MAX, 0, &s, &e), ST_OK);
	hub_unsubscribe(s);
	topics[0] = str_n(name, HUB_TOPIC_LEN + 1);
	assert_int_equal(hub_subscribe(hub, topics, 1, 0, &s, &e), ST_INVALID);
	topics[0] = str_n(name, HUB_TOPIC_LEN);
	assert_int_equal(hub_subscribe(hub, topics, 1, 0, &s, &e), ST_OK);
	hub_unsubscribe(s);
	topics[0] = STR("with blank");
	assert_int_equal(hub_subscribe(hub, topics, 1, 0, &s, &e), ST_INVALID);
	assert_true(hub_publish(hub, STR("a"), str_n(name, HUB_EVENT_LEN), STR("")));
	assert_false(hub_publish(hub, STR("a"), str_n(name, HUB_EVENT_LEN + 1), STR("")));
	assert_false(hub_publish(hub, STR(""), STR("n"), STR("")));
}
static void each_bound(void **state) { in_fiber(bounds); }

static void presence(void *arg)
{
	struct hub_stats st;
	assert_int_equal(hub_presence(hub, STR("a")), 0);
	struct hub_sub *one = listen_to("a", 0), *two = listen_to("a", 0);
	assert_int_equal(hub_presence(hub, STR("a")), 2);
	hub_unsubscribe(one);
	assert_int_equal(hub_presence(hub, STR("a")), 1);
	hub_unsubscribe(two);
	assert_int_equal(hub_presence(hub, STR("a")), 0);
	hub_stats(hub, &st);
	assert_int_equal(st.subscribers, 0);
}
static void presence_counts(void **state) { in_fiber(presence); }

static void drain(void *arg)
{
	struct hub_message m;
	struct hub_sub *other;
	struct err e = { 0 };
	SCOPED_SUB *s = listen_to("a", 0);
	say("a", 1);
	hub_drain(hub);
	assert_int_equal(hub_next(s, clock_mono_ns() + LONG_NS, &m), ST_OK); /* what had come is given out */
	assert_int_equal(hub_next(s, clock_mono_ns() + LONG_NS, &m), ST_UNAVAILABLE);
	assert_int_equal(hub_subscribe(hub, &STR("a"), 1, 0, &other, &e), ST_UNAVAILABLE);
}
static void draining_ends_every_wait(void **state) { in_fiber(drain); }

enum { SAID = 20000, SPEAKERS = 3 };
static void *speaker(void *arg)
{
	for (int i = 0; i < SAID; i++)
		say("busy", i);
	return NULL;
}

/* Threads speak while subscribers come and go: each hears an unbroken row, or of a gap in it. */
static void crowd(void *arg)
{
	pthread_t threads[SPEAKERS];
	uint64_t heard = 0, gaps = 0;
	SCOPED_SUB *all = listen_to("busy", 0);
	for (unsigned i = 0; i < SPEAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, speaker, NULL), 0);
	for (struct hub_stats st = { 0 }; st.published < SAID * SPEAKERS; hub_stats(hub, &st)) {
		SCOPED_SUB *brief = listen_to("busy", 0);
		struct hub_message m;
		while (hub_next(all, clock_mono_ns(), &m) == ST_OK)
			*(m.gap ? &gaps : &heard) += 1;
		fiber_yield();
	}
	for (unsigned i = 0; i < SPEAKERS; i++)
		pthread_join(threads[i], NULL);
	struct hub_message m;
	while (hub_next(all, clock_mono_ns(), &m) == ST_OK)
		*(m.gap ? &gaps : &heard) += 1;
	assert_true(heard == SAID * SPEAKERS || gaps > 0);
}
static void many_at_once(void **state) { in_fiber(crowd); }

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(everybody_hears_all_in_order),
		cmocka_unit_test(a_slow_reader_hears_of_the_gap),
		cmocka_unit_test(who_was_away_catches_up_or_hears_of_it), cmocka_unit_test(each_bound),
		cmocka_unit_test(presence_counts), cmocka_unit_test(draining_ends_every_wait),
		cmocka_unit_test(many_at_once) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
