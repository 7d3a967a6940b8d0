/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool: threads, one mutex, one bounded queue (a list of jobs that lie on their fibers' stacks, or on the heap when
 * detached). A guard_abort in fn, for instance an arena's limit, ends fn and goes on in the calling fiber. Without a
 * started pool (tests, small commands) fn runs inline.
 */
#include "rt/offload.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/guard.h"
#include "base/log.h"
#include "rt/fiber.h"
#include "rt/loop.h"
#include "rt/sync.h"

struct job {
	struct task task; /* for done(), on the loop that asked */
	struct job *next;
	void (*fn)(void *), (*done)(void *);
	void *arg;
	struct loop *loop;
	struct promise *promise; /* NULL: detached, on the heap */
	enum status status;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *head, **tail;
	unsigned queue_max;
	bool stopping;
	pthread_t *threads;
	struct offload_stats stats;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .tail = &pool.head };

static void done_task(struct task *t)
{
	struct job *j = (struct job *)t;
	void (*done)(void *) = j->done;
	void *arg = j->arg;
	free(j);
	done(arg);
}

static void finish(struct job *j)
{
	if (j->promise) {
		promise_set(j->promise); /* j is gone */
		return;
	}
	if (j->status != ST_OK)
		LOG(ERROR, NULL, "offload.aborted", LS("status", status_info(j->status)->name));
	if (j->done && j->loop) {
		loop_post(j->loop, &j->task);
		return;
	}
	if (j->done)
		j->done(j->arg);
	free(j);
}

static struct job *next_job(void)
{
	while (!pool.head && !pool.stopping)
		pthread_cond_wait(&pool.work, &pool.lock);
	struct job *j = pool.head;
	if (j) {
		pool.head = j->next;
		if (!pool.head)
			pool.tail = &pool.head;
		pool.stats.queued--;
		pool.stats.running++;
	}
	return j;
}

static void *worker(void *arg)
{
	pthread_setname_np(pthread_self(), "offload");
	pthread_mutex_lock(&pool.lock);
	for (struct job *j; (j = next_job());) {
		pthread_mutex_unlock(&pool.lock);
		j->status = guard_run(j->fn, j->arg);
		/* Counted before the caller learns of it: what it then reads includes its own. */
		pthread_mutex_lock(&pool.lock);
		pool.stats.running--;
		pool.stats.done++;
		pthread_mutex_unlock(&pool.lock);
		finish(j);
		pthread_mutex_lock(&pool.lock);
	}
	pthread_mutex_unlock(&pool.lock);
	return NULL;
}

enum status offload_start(unsigned threads, unsigned queue_max, struct err *e)
{
	assert(!pool.threads && threads > 0);
	pool.threads = calloc(threads, sizeof *pool.threads);
	if (!pool.threads)
		return err_set(e, ST_NOMEM, "no memory for the offload pool");
	pool.queue_max = queue_max;
	pool.stopping = false;
	/* Signals belong to the loop that asked for them. */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	unsigned n = 0;
	while (n < threads && !pthread_create(&pool.threads[n], NULL, worker, NULL))
		n++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_mutex_lock(&pool.lock);
	pool.stats.threads = n;
	pthread_mutex_unlock(&pool.lock);
	if (n == threads)
		return ST_OK;
	offload_stop();
	return err_set(e, ST_NOMEM, "can not start thread %u of the offload pool", n);
}

void offload_stop(void)
{
	if (!pool.threads)
		return;
	pthread_mutex_lock(&pool.lock);
	pool.stopping = true;
	pthread_cond_broadcast(&pool.work);
	pthread_mutex_unlock(&pool.lock);
	for (unsigned i = 0; i < pool.stats.threads; i++)
		pthread_join(pool.threads[i], NULL);
	free(pool.threads);
	pool.threads = NULL;
	pool.stats.threads = 0;
}

/* True when queued; false with *inline_ set when there is no pool, without it when the queue is full. */
static bool submit(struct job *j, bool *inline_)
{
	pthread_mutex_lock(&pool.lock);
	*inline_ = !pool.stats.threads || pool.stopping;
	bool room = !*inline_ && pool.stats.queued < pool.queue_max;
	if (room) {
		*pool.tail = j;
		pool.tail = &j->next;
		pool.stats.queued++;
		pthread_cond_signal(&pool.work);
	} else if (!*inline_) {
		pool.stats.refused++;
	}
	pthread_mutex_unlock(&pool.lock);
	return room;
}

enum status offload(void (*fn)(void *arg), void *arg)
{
	struct promise p;
	struct job j = { .fn = fn, .arg = arg, .promise = &p };
	bool inline_ = !fiber_self();
	promise_init(&p);
	if (inline_ || !submit(&j, &inline_)) {
		if (!inline_)
			return ST_UNAVAILABLE;
		fn(arg);
		return ST_OK;
	}
	promise_wait_shielded(&p);
	if (j.status != ST_OK)
		guard_abort(j.status);
	return ST_OK;
}

enum status offload_detached(void (*fn)(void *arg), void (*done)(void *arg), void *arg)
{
	bool inline_;
	struct job *j = malloc(sizeof *j);
	if (!j)
		return ST_NOMEM;
	*j = (struct job){ .task.run = done_task, .fn = fn, .done = done, .arg = arg, .loop = loop_current() };
	if (submit(j, &inline_))
		return ST_OK;
	if (!inline_) {
		free(j);
		return ST_UNAVAILABLE;
	}
	j->status = guard_run(fn, arg);
	finish(j);
	return ST_OK;
}

void offload_stats(struct offload_stats *out)
{
	pthread_mutex_lock(&pool.lock);
	*out = pool.stats;
	pthread_mutex_unlock(&pool.lock);
}
