/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rt/fiber.h"
#include "rt/sync.h"

/* --- a bounded queue between loops, made of waitq ---------------------------------------------------------------- */

enum { ITEMS = 20000, ROOM = 8, SIDES = 3 };
static struct {
	pthread_mutex_t lock;
	struct waitq filled, emptied;
	int item[ROOM], head, count, produced, consumed, finished;
	int64_t sum;
} q = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void producer(void *arg)
{
	pthread_mutex_lock(&q.lock);
	while (q.produced < ITEMS) {
		if (q.count == ROOM) {
			enum status st = waitq_wait(&q.emptied, &q.lock, FIBER_FOREVER);
			assert_int_equal(st, ST_OK);
			continue;
		}
		q.item[(q.head + q.count++) % ROOM] = ++q.produced;
		waitq_wake_one(&q.filled);
	}
	q.finished++;
	waitq_wake_all(&q.emptied);
	pthread_mutex_unlock(&q.lock);
}

static void consumer(void *arg)
{
	pthread_mutex_lock(&q.lock);
	while (q.consumed < ITEMS) {
		if (!q.count) {
			enum status st = waitq_wait(&q.filled, &q.lock, FIBER_FOREVER);
			assert_int_equal(st, ST_OK);
			continue;
		}
		q.sum += q.item[q.head];
		q.head = (q.head + 1) % ROOM;
		q.count--;
		q.consumed++;
		waitq_wake_one(&q.emptied);
	}
	q.finished++;
	waitq_wake_all(&q.filled);
	pthread_mutex_unlock(&q.lock);
}

static void a_queue_across_loops(void **state)
{
	struct loops *ls = loops_start(SIDES, NULL, NULL, NULL);
	assert_non_null(ls);
	waitq_init(&q.filled);
	waitq_init(&q.emptied);
	for (int i = 0; i < SIDES; i++) {
		assert_true(fiber_spawn_on(loops_get(ls, i), producer, NULL, FIBER_SMALL));
		assert_true(fiber_spawn_on(loops_get(ls, i), consumer, NULL, FIBER_SMALL));
	}
	for (int finished = 0; finished < 2 * SIDES;) {
		pthread_mutex_lock(&q.lock);
		finished = q.finished;
		pthread_mutex_unlock(&q.lock);
		sched_yield();
	}
	loops_stop_join(ls);
	assert_int_equal(q.sum, (int64_t)ITEMS * (ITEMS + 1) / 2);
}

static void wait_and_leave(void *arg)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	struct waitq w;
	waitq_init(&w);
	pthread_mutex_lock(&m);
	assert_int_equal(waitq_wait(&w, &m, clock_mono_ns() + NS_PER_MS), ST_TIMEOUT);
	assert_null(w.head);
	assert_ptr_equal(w.tail, &w.head);
	fiber_cancel(fiber_self());
	assert_int_equal(waitq_wait(&w, &m, FIBER_FOREVER), ST_CANCELLED);
	pthread_mutex_unlock(&m);
	*(int *)arg = 1;
}

static void time_out_and_cancel_unlink(void **state)
{
	int done = 0;
	fiber_main(wait_and_leave, &done);
	assert_int_equal(done, 1);
}

/* --- fsem ------------------------------------------------------------------------------------------------------- */

static struct fsem sem;
static char order[32];
static void taker(void *arg)
{
	enum status st = fsem_take(&sem, FIBER_FOREVER);
	order[strlen(order)] = st == ST_OK ? (char)(intptr_t)arg : st == ST_UNAVAILABLE ? '-' : '?';
}

static void permits_pass_in_order(void *arg)
{
	struct loop *l = loop_current();
	fsem_init(&sem, 1, 2);
	assert_int_equal(fsem_take(&sem, FIBER_FOREVER), ST_OK);
	fiber_spawn(l, taker, (void *)'a', FIBER_SMALL);
	fiber_spawn(l, taker, (void *)'b', FIBER_SMALL);
	fiber_spawn(l, taker, (void *)'c', FIBER_SMALL);
	fiber_yield();
	assert_string_equal(order, "-");
	assert_int_equal(sem.waiting, 2);
	fsem_give(&sem);
	assert_int_equal(sem.free, 0); /* handed over */
	fsem_give(&sem);
	while (strlen(order) < 3)
		fiber_yield();
	assert_string_equal(order, "-ab");
	assert_int_equal(fsem_take(&sem, clock_mono_ns() + NS_PER_MS), ST_TIMEOUT);
	assert_int_equal(sem.waiting, 0);
	fsem_give(&sem);
	fsem_give(&sem);
	assert_int_equal(sem.free, 2);
	fsem_fini(&sem);
}

static void semaphore(void **state)
{
	fiber_main(permits_pass_in_order, NULL);
}

/* --- promise ---------------------------------------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct promise *next;
	bool quit;
} setter = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void *setter_thread(void *arg)
{
	pthread_mutex_lock(&setter.lock);
	for (;;) {
		while (!setter.next && !setter.quit)
			pthread_cond_wait(&setter.changed, &setter.lock);
		struct promise *p = setter.next;
		setter.next = NULL;
		pthread_mutex_unlock(&setter.lock);
		if (!p)
			return NULL;
		promise_set(p);
		pthread_mutex_lock(&setter.lock);
	}
}

static void hand_over(struct promise *p)
{
	pthread_mutex_lock(&setter.lock);
	setter.next = p;
	pthread_cond_signal(&setter.changed);
	pthread_mutex_unlock(&setter.lock);
}

/* The promise lies on the stack of a fiber that ends right after: what the setter does late would hit a dead stack. */
static void promised(void *arg)
{
	struct promise p;
	promise_init(&p);
	hand_over(&p);
	if ((intptr_t)arg % 3 == 0) {
		promise_wait_shielded(&p);
	} else if ((intptr_t)arg % 3 == 1) {
		while (promise_wait(&p, clock_mono_ns() + 1000) != ST_OK)
			continue;
	} else {
		fiber_wake(fiber_self());
		assert_int_equal(promise_wait(&p, FIBER_FOREVER), ST_OK);
	}
}

static void promise_main(void *arg)
{
	struct loop *l = loop_current();
	for (intptr_t i = 0; i < 5000; i++) {
		assert_non_null(fiber_spawn(l, promised, (void *)i, FIBER_SMALL));
		while (fiber_count(l) > 1)
			fiber_yield();
	}
}

static void promises_from_a_thread(void **state)
{
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, setter_thread, NULL), 0);
	fiber_main(promise_main, NULL);
	pthread_mutex_lock(&setter.lock);
	setter.quit = true;
	pthread_cond_signal(&setter.changed);
	pthread_mutex_unlock(&setter.lock);
	pthread_join(t, NULL);
}

static void set_it(void *arg)
{
	promise_set(arg);
}

static void promise_local(void *arg)
{
	struct promise p;
	promise_init(&p);
	assert_int_equal(promise_wait(&p, clock_mono_ns() + NS_PER_MS), ST_TIMEOUT);
	fiber_spawn(loop_current(), set_it, &p, FIBER_SMALL);
	assert_int_equal(promise_wait(&p, FIBER_FOREVER), ST_OK);
	assert_int_equal(promise_wait(&p, FIBER_FOREVER), ST_OK); /* stays set */
	promise_init(&p);
	promise_set(&p);
	assert_int_equal(promise_wait(&p, FIBER_FOREVER), ST_OK);
}

static void promises_on_one_loop(void **state)
{
	fiber_main(promise_local, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_across_loops),
		cmocka_unit_test(time_out_and_cancel_unlink),
		cmocka_unit_test(semaphore),
		cmocka_unit_test(promises_on_one_loop),
		cmocka_unit_test(promises_from_a_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
