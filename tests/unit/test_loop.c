/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "rt/loop.h"

static struct loop *make(void)
{
	struct err e;
	struct loop *l = loop_new(3, &e);
	assert_non_null(l);
	assert_int_equal(loop_index(l), 3);
	return l;
}

static int seen[64], seen_n;
struct note {
	struct task task;
	int n;
	struct loop *again;
};
static void note(struct task *t)
{
	struct note *n = (struct note *)t;
	seen[seen_n++] = n->n;
	if (n->again) {
		struct loop *l = n->again;
		n->again = NULL;
		n->n += 10;
		loop_defer(l, &n->task);
	}
}

static void tasks_run_in_order(void **state)
{
	struct loop *l = make();
	struct note n[3] = { { { .run = note }, 1, NULL }, { { .run = note }, 2, l }, { { .run = note }, 3, NULL } };
	seen_n = 0;
	loop_post(l, &n[0].task);
	loop_post(l, &n[1].task);
	loop_defer(l, &n[2].task);
	assert_null(loop_current());
	loop_run_until_idle(l);
	assert_null(loop_current());
	assert_int_equal(seen_n, 4);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 2);
	assert_int_equal(seen[2], 3);
	assert_int_equal(seen[3], 12);
	loop_free(l);
}

static int64_t last_at;
static int fired;
static void fire(struct timer *t)
{
	assert_true(t->at_ns >= last_at);
	assert_int_equal(t->slot, 0);
	last_at = t->at_ns;
	fired++;
}

static void timers_fire_in_order(void **state)
{
	enum { N = 5000 };
	struct loop *l = make();
	struct timer *t = calloc(N, sizeof *t);
	int64_t now = clock_mono_ns();
	unsigned r = 12345;
	for (int i = 0; i < N; i++) {
		t[i].fire = fire;
		timer_set(l, &t[i], now + (r = r * 1103515245 + 12345) % 1000000);
	}
	for (int i = 0; i < N; i += 3)
		timer_set(l, &t[i], now + (r = r * 1103515245 + 12345) % 2000000); /* moved */
	int cancelled = 0;
	for (int i = 0; i < N; i += 5, cancelled++)
		timer_cancel(&t[i]);
	timer_cancel(&t[0]);
	last_at = fired = 0;
	while (fired < N - cancelled)
		loop_run_until_idle(l);
	assert_true(clock_mono_ns() >= last_at);
	loop_run_until_idle(l);
	assert_int_equal(fired, N - cancelled);
	free(t);
	loop_free(l);
}

static void fire_again(struct timer *t)
{
	if (++fired < 5)
		timer_set(t->loop, t, 1);
	else
		loop_stop(t->loop);
}

static void a_timer_may_set_itself(void **state)
{
	struct loop *l = make();
	struct timer t = { .fire = fire_again };
	fired = 0;
	timer_set(l, &t, 1);
	loop_run(l);
	assert_int_equal(fired, 5);
	loop_free(l);
}

struct pair {
	struct watch watch;
	struct watch *other;
	int calls;
};

static void del_both(struct watch *w, uint32_t events)
{
	struct pair *p = (struct pair *)w;
	p->calls++;
	watch_del(w);
	watch_del(p->other);
}

static void deleting_a_watch_drops_its_pending_event(void **state)
{
	struct loop *l = make();
	struct pair p[2];
	int fd[2][2];
	memset(p, 0, sizeof p);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(fd[i]), 0);
		assert_int_equal(write(fd[i][1], "x", 1), 1);
		p[i].other = &p[1 - i].watch;
		assert_int_equal(watch_add(l, &p[i].watch, fd[i][0], EPOLLIN, del_both, NULL), ST_OK);
	}
	loop_run_until_idle(l);
	assert_int_equal(p[0].calls + p[1].calls, 1);
	for (int i = 0; i < 2; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
	loop_free(l);
}

static void count_in(struct watch *w, uint32_t events)
{
	((struct pair *)w)->calls++;
	assert_true(events & EPOLLOUT);
	watch_set(w, 0);
}

static void interest_can_change(void **state)
{
	struct loop *l = make();
	struct pair p = { .calls = 0 };
	struct err e = { .status = ST_OK };
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(watch_add(l, &p.watch, fd[1], 0, count_in, &e), ST_OK);
	loop_run_until_idle(l);
	assert_int_equal(p.calls, 0);
	watch_set(&p.watch, EPOLLOUT);
	loop_run_until_idle(l);
	assert_int_equal(p.calls, 1);
	struct pair twice;
	assert_int_equal(watch_add(l, &twice.watch, fd[1], 0, count_in, &e), ST_IO);
	assert_int_equal(e.status, ST_IO);
	watch_del(&p.watch);
	close(fd[0]);
	close(fd[1]);
	loop_free(l);
}

enum { POSTERS = 4, POSTS = 20000 };
static int counted;
struct counted_task {
	struct task task;
	struct loop *stop;
};
static void count(struct task *t)
{
	struct loop *l = ((struct counted_task *)t)->stop;
	free(t);
	if (++counted == POSTERS * POSTS)
		loop_stop(l);
}

static void *poster(void *arg)
{
	for (int i = 0; i < POSTS; i++) {
		struct counted_task *t = malloc(sizeof *t);
		*t = (struct counted_task){ { .run = count }, arg };
		loop_post(arg, &t->task);
	}
	return NULL;
}

static void posts_from_other_threads_all_arrive(void **state)
{
	struct loop *l = make();
	pthread_t t[POSTERS];
	counted = 0;
	for (int i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, poster, l), 0);
	loop_run(l);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(counted, POSTERS * POSTS);
	loop_free(l);
}

static _Atomic unsigned started;
static void on_start(struct loop *l, void *arg)
{
	if (loop_current() == l)
		atomic_fetch_add(&started, 1u << (8 * loop_index(l)));
}

static void loops_start_and_stop(void **state)
{
	struct err e;
	atomic_store(&started, 0);
	struct loops *ls = loops_start(3, on_start, NULL, &e);
	assert_non_null(ls);
	assert_int_equal(loops_count(ls), 3);
	assert_int_equal(atomic_load(&started), 0x010101);
	assert_int_equal(loop_index(loops_get(ls, 2)), 2);
	loops_stop_join(ls);
}

static void on_signal(int signo, void *arg)
{
	seen[seen_n++] = signo;
	if (seen_n == 2)
		loop_stop(arg);
}

static void signals_arrive_on_the_loop(void **state)
{
	struct loop *l = make();
	sigset_t old;
	seen_n = 0;
	pthread_sigmask(SIG_BLOCK, NULL, &old);
	assert_int_equal(loop_signals(l, on_signal, l, NULL), ST_OK);
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGUSR1);
	loop_run(l);
	assert_int_equal(seen[0] + seen[1], SIGHUP + SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_run_in_order),
		cmocka_unit_test(timers_fire_in_order),
		cmocka_unit_test(a_timer_may_set_itself),
		cmocka_unit_test(deleting_a_watch_drops_its_pending_event),
		cmocka_unit_test(interest_can_change),
		cmocka_unit_test(posts_from_other_threads_all_arrive),
		cmocka_unit_test(loops_start_and_stop),
		cmocka_unit_test(signals_arrive_on_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
