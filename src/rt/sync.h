/* SPDX-License-Identifier: Apache-2.0
 *
 * What fibers wait on. All are fair (first come, first served) and bounded by deadline; none may be used outside a
 * fiber except where stated. `waitq` and `fsem` work across loops.
 */
#ifndef GH_RT_SYNC_H
#define GH_RT_SYNC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct fiber;
struct waiter;

/* A queue of waiting fibers guarded by the caller's own mutex, like a condition variable. */
struct waitq { struct waiter *head, **tail; };
void waitq_init(struct waitq *q);
/* Unlocks m, parks, locks m again. ST_OK (maybe spurious), ST_TIMEOUT, ST_CANCELLED. */
enum status waitq_wait(struct waitq *q, pthread_mutex_t *m, int64_t deadline_ns) MUST_CHECK;
void waitq_wake_one(struct waitq *q); /* m held; any thread */
void waitq_wake_all(struct waitq *q);

/* Counting semaphore with a bounded number of waiters: ST_UNAVAILABLE at once when too many wait. */
struct fsem {
	pthread_mutex_t lock;
	unsigned free, waiting, max_waiting;
	struct waitq q;
};
void fsem_init(struct fsem *s, unsigned permits, unsigned max_waiting);
void fsem_fini(struct fsem *s);
enum status fsem_take(struct fsem *s, int64_t deadline_ns) MUST_CHECK;
void fsem_give(struct fsem *s); /* any thread */

/* One result awaited by one fiber and set once by any thread: the meeting point of callbacks and fibers. */
struct promise {
	struct fiber *waiter;
	_Atomic int state;
};
void promise_init(struct promise *p);
void promise_set(struct promise *p); /* any thread; the promise may be gone right after */
/* Waits for promise_set. With a deadline or cancellation the setter must still be able to reach *p: see each user. */
enum status promise_wait(struct promise *p, int64_t deadline_ns) MUST_CHECK;
void promise_wait_shielded(struct promise *p);

#endif
