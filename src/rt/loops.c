/* SPDX-License-Identifier: Apache-2.0
 *
 * The process's loops, one thread each. loops_start returns after every start() has returned, so that "started" means
 * that all of them serve. At the end each loop cancels the fibers it still has and gives them time to clean up; a
 * loop whose fibers do not go is left in memory: they may hold pointers to anything.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "rt/internal.h"

enum { DRAIN_S = 10, FAULT_STACK = (RT_TSAN ? 256 : 64) << 10 }; /* TSan's own frames are large */

struct loops_member {
	struct loops *all;
	struct loop *loop;
	pthread_t thread;
	bool drained;
};

struct loops {
	unsigned count, started; /* started: under lock */
	void (*start)(struct loop *l, void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t all_started;
	struct loops_member members[];
};

struct starter {
	struct task task;
	struct loops_member *member;
};

/* Inside the loop, so that loop_current() holds in start(). */
static void start_task(struct task *t)
{
	struct loops_member *m = ((struct starter *)t)->member;
	struct loops *ls = m->all;
	if (ls->start)
		ls->start(m->loop, ls->arg);
	pthread_mutex_lock(&ls->lock);
	if (++ls->started == ls->count)
		pthread_cond_signal(&ls->all_started);
	pthread_mutex_unlock(&ls->lock);
}

/* A fiber that has used up its stack has none left for the handler of that fault. ASan brings a stack of its own.
   NULL: none. */
static void *fault_stack_set(void)
{
	if (RT_ASAN)
		return NULL;
	stack_t s = { .ss_sp = malloc(FAULT_STACK), .ss_size = FAULT_STACK };
	if (s.ss_sp && sigaltstack(&s, NULL)) {
		free(s.ss_sp);
		s.ss_sp = NULL;
	}
	return s.ss_sp;
}

static void fault_stack_free(void *p)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	if (p && !sigaltstack(&none, NULL))
		free(p);
}

static void *thread(void *arg)
{
	struct loops_member *m = arg;
	void *fault_stack = fault_stack_set();
	char name[16];
	snprintf(name, sizeof name, "loop-%u", loop_index(m->loop));
	pthread_setname_np(pthread_self(), name);
	struct starter s = { { .run = start_task }, m };
	loop_post(m->loop, &s.task);
	loop_run(m->loop);
	m->drained = loop_drain(m->loop, DRAIN_S * NS_PER_S);
	if (!m->drained)
		LOG(ERROR, NULL, "loop.fibers_left", LI("loop", loop_index(m->loop)),
		        LI("fibers", fiber_count(m->loop)));
	fault_stack_free(fault_stack);
	return NULL;
}

static struct loops *give_up(struct loops *ls, unsigned threads)
{
	for (unsigned i = 0; i < ls->count; i++) {
		if (i < threads) {
			loop_stop(ls->members[i].loop);
			pthread_join(ls->members[i].thread, NULL);
		}
		loop_free(ls->members[i].loop);
	}
	pthread_cond_destroy(&ls->all_started);
	pthread_mutex_destroy(&ls->lock);
	free(ls);
	return NULL;
}

struct loops *loops_start(unsigned count, void (*start)(struct loop *l, void *arg), void *arg, struct err *e)
{
	struct loops *ls = calloc(1, sizeof *ls + count * sizeof ls->members[0]);
	if (!ls) {
		err_set(e, ST_NOMEM, "no memory for event loops");
		return NULL;
	}
	ls->count = count;
	ls->start = start;
	ls->arg = arg;
	pthread_mutex_init(&ls->lock, NULL);
	pthread_cond_init(&ls->all_started, NULL);
	signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error code of write, not the end */
	for (unsigned i = 0; i < count; i++) {
		ls->members[i].all = ls;
		if (!(ls->members[i].loop = loop_new(i, e)))
			return give_up(ls, 0);
	}
	for (unsigned i = 0; i < count; i++)
		if (pthread_create(&ls->members[i].thread, NULL, thread, &ls->members[i])) {
			err_set(e, ST_NOMEM, "can not start the thread of event loop %u", i);
			return give_up(ls, i);
		}
	pthread_mutex_lock(&ls->lock);
	while (ls->started < count)
		pthread_cond_wait(&ls->all_started, &ls->lock);
	pthread_mutex_unlock(&ls->lock);
	return ls;
}

unsigned loops_count(const struct loops *ls)
{
	return ls->count;
}

struct loop *loops_get(struct loops *ls, unsigned i)
{
	return ls->members[i].loop;
}

void loops_stop_join(struct loops *ls)
{
	for (unsigned i = 0; i < ls->count; i++)
		loop_stop(ls->members[i].loop);
	for (unsigned i = 0; i < ls->count; i++)
		pthread_join(ls->members[i].thread, NULL);
	/* Freed only when all have stopped: they post to each other. */
	for (unsigned i = 0; i < ls->count; i++)
		if (ls->members[i].drained)
			loop_free(ls->members[i].loop);
	pthread_cond_destroy(&ls->all_started);
	pthread_mutex_destroy(&ls->lock);
	free(ls);
}
