/* SPDX-License-Identifier: Apache-2.0
 *
 * What fibers wait on, across loops.
 *
 * waitq: a waiter lies on its fiber's stack and is linked under the caller's mutex. A waker unlinks it and wakes the
 * fiber while it holds that mutex, and the fiber takes the mutex before it leaves, so the fiber outlives the wake. A
 * waiter that was unlinked has been given something: it returns ST_OK even if it timed out at the same moment. fsem
 * hands its permits over that way.
 *
 * promise: EMPTY → (WAITING ⇄ EMPTY on time-out) → SETTING → SET. SETTING is the setter's claim on the waiter: while it
 * stands the waiter may not leave; after it the setter touches neither the promise nor, but through its begun
 * wake, the fiber.
 */
#include "rt/sync.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>

#include "rt/fiber.h"
#include "rt/internal.h"

struct waiter {
	struct fiber *fiber;
	struct waiter *next, **prev; /* prev: the pointer to this one; NULL: not linked */
};

void waitq_init(struct waitq *q)
{
	*q = (struct waitq){ NULL, &q->head };
}

static void unlink_waiter(struct waitq *q, struct waiter *w)
{
	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		q->tail = w->prev;
	w->prev = NULL;
}

enum status waitq_wait(struct waitq *q, pthread_mutex_t *m, int64_t deadline_ns)
{
	struct waiter w = { .fiber = fiber_self(), .prev = q->tail };
	assert(w.fiber);
	*q->tail = &w;
	q->tail = &w.next;
	for (;;) {
		pthread_mutex_unlock(m);
		enum status st = fiber_park(deadline_ns);
		pthread_mutex_lock(m);
		if (!w.prev)
			return ST_OK;
		if (st != ST_OK) {
			unlink_waiter(q, &w);
			return st;
		}
	}
}

void waitq_wake_one(struct waitq *q)
{
	struct waiter *w = q->head;
	if (w) {
		struct fiber *f = w->fiber;
		unlink_waiter(q, w);
		fiber_wake(f);
	}
}

void waitq_wake_all(struct waitq *q)
{
	while (q->head)
		waitq_wake_one(q);
}

void fsem_init(struct fsem *s, unsigned permits, unsigned max_waiting)
{
	*s = (struct fsem){ .free = permits, .max_waiting = max_waiting };
	pthread_mutex_init(&s->lock, NULL);
	waitq_init(&s->q);
}

void fsem_fini(struct fsem *s)
{
	assert(!s->waiting);
	pthread_mutex_destroy(&s->lock);
}

enum status fsem_take(struct fsem *s, int64_t deadline_ns)
{
	enum status st = ST_OK;
	pthread_mutex_lock(&s->lock);
	if (s->free) {
		s->free--;
	} else if (s->waiting >= s->max_waiting) {
		st = ST_UNAVAILABLE;
	} else {
		s->waiting++;
		st = waitq_wait(&s->q, &s->lock, deadline_ns);
		if (st != ST_OK)
			s->waiting--;
	}
	pthread_mutex_unlock(&s->lock);
	return st;
}

void fsem_give(struct fsem *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->q.head) {
		s->waiting--;
		waitq_wake_one(&s->q); /* the permit passes on without becoming free: nobody overtakes */
	} else {
		s->free++;
	}
	pthread_mutex_unlock(&s->lock);
}

enum { EMPTY, WAITING, SETTING, SET };

void promise_init(struct promise *p)
{
	p->waiter = NULL;
	atomic_init(&p->state, EMPTY);
}

void promise_set(struct promise *p)
{
	int was = EMPTY;
	while (!atomic_compare_exchange_weak(&p->state, &was, was == WAITING ? SETTING : SET))
		assert(was == EMPTY || was == WAITING);
	if (was == EMPTY)
		return;
	struct fiber *f = p->waiter;
	if (fiber_loop(f) == loop_current()) {
		atomic_store(&p->state, SET);
		fiber_wake(f);
		return;
	}
	bool begun = fiber_wake_begin(f);
	atomic_store(&p->state, SET);
	fiber_wake_end(f, begun);
}

enum status promise_wait(struct promise *p, int64_t deadline_ns)
{
	int was = EMPTY;
	p->waiter = fiber_self();
	assert(p->waiter);
	if (!atomic_compare_exchange_strong(&p->state, &was, WAITING))
		return ST_OK;
	for (;;) {
		enum status st = fiber_park(deadline_ns);
		was = WAITING;
		if (st != ST_OK && atomic_compare_exchange_strong(&p->state, &was, EMPTY))
			return st;
		was = atomic_load(&p->state);
		/* The setter is between two instructions, on another thread. */
		while (was == SETTING) {
			fiber_yield();
			was = atomic_load(&p->state);
		}
		if (was == SET)
			return ST_OK;
	}
}

void promise_wait_shielded(struct promise *p)
{
	fiber_shield();
	while (promise_wait(p, FIBER_FOREVER) != ST_OK)
		continue;
	fiber_unshield();
}
