/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane: threads, one mutex, one bounded queue (a list of jobs that lie on their fibers' stacks, or on the heap when
 * detached). A guard_abort in fn, for instance an arena's limit, ends fn and goes on in the calling fiber. Without
 * started lanes (tests, small commands) fn runs inline.
 */
#include "rt/offload.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

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

static struct lane {
	const char *thread_name;
	/* For good: there is no way back, and a thread made for each job would delay others while it is not yet nice. 19 gives way as
	   soon as somebody wakes, as SCHED_IDLE does, but keeps a hundredth of a processor that never rests: enough for a password. */
	int nice;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *head, **tail;
	unsigned queue_max;
	bool stopping;
	pthread_t *threads;
	struct offload_stats stats;
} lanes[OFFLOAD_LANES] = {
	[OFFLOAD_PROMPT] = { .thread_name = "offload", .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
			     .tail = &lanes[OFFLOAD_PROMPT].head },
	[OFFLOAD_PATIENT] = { .thread_name = "patient", .nice = 19, .lock = PTHREAD_MUTEX_INITIALIZER,
			      .work = PTHREAD_COND_INITIALIZER, .tail = &lanes[OFFLOAD_PATIENT].head },
};

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

static struct job *next_job(struct lane *l)
{
	while (!l->head && !l->stopping)
		pthread_cond_wait(&l->work, &l->lock);
	struct job *j = l->head;
	if (j) {
		l->head = j->next;
		if (!l->head)
			l->tail = &l->head;
		l->stats.queued--;
		l->stats.running++;
	}
	return j;
}

static void *worker(void *arg)
{
	struct lane *l = arg;
	pthread_setname_np(pthread_self(), l->thread_name);
	if (l->nice)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), l->nice);
	pthread_mutex_lock(&l->lock);
	for (struct job *j; (j = next_job(l));) {
		pthread_mutex_unlock(&l->lock);
		j->status = guard_run(j->fn, j->arg);
		/* Counted before the caller learns of it: what it then reads includes its own. */
		pthread_mutex_lock(&l->lock);
		l->stats.running--;
		l->stats.done++;
		pthread_mutex_unlock(&l->lock);
		finish(j);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static bool start_lane(struct lane *l, unsigned threads, unsigned queue_max)
{
	l->threads = calloc(threads, sizeof *l->threads);
	if (!l->threads)
		return false;
	l->queue_max = queue_max;
	l->stopping = false;
	unsigned n = 0;
	while (n < threads && !pthread_create(&l->threads[n], NULL, worker, l))
		n++;
	pthread_mutex_lock(&l->lock);
	l->stats.threads = n;
	pthread_mutex_unlock(&l->lock);
	return n == threads;
}

static void stop_lane(struct lane *l)
{
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	pthread_cond_broadcast(&l->work);
	pthread_mutex_unlock(&l->lock);
	for (unsigned i = 0; i < l->stats.threads; i++)
		pthread_join(l->threads[i], NULL);
	free(l->threads);
	l->threads = NULL;
	l->stats.threads = 0;
}

enum status offload_start(unsigned threads, unsigned queue_max, struct err *e)
{
	assert(!lanes[OFFLOAD_PROMPT].threads && threads > 0);
	/* Signals belong to the loop that asked for them. */
	sigset_t all, old;
	bool started = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 0; i < OFFLOAD_LANES && started; i++)
		started = start_lane(&lanes[i], threads, queue_max);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (started)
		return ST_OK;
	offload_stop();
	return err_set(e, ST_NOMEM, "can not start the %u threads of each offload lane", threads);
}

void offload_stop(void)
{
	for (unsigned i = 0; i < OFFLOAD_LANES; i++)
		if (lanes[i].threads)
			stop_lane(&lanes[i]);
}

/* True when queued; false with *inline_ set when there is no pool, without it when the queue is full. */
static bool submit(struct lane *l, struct job *j, bool *inline_)
{
	pthread_mutex_lock(&l->lock);
	*inline_ = !l->stats.threads || l->stopping;
	bool room = !*inline_ && l->stats.queued < l->queue_max;
	if (room) {
		*l->tail = j;
		l->tail = &j->next;
		l->stats.queued++;
		pthread_cond_signal(&l->work);
	} else if (!*inline_) {
		l->stats.refused++;
	}
	pthread_mutex_unlock(&l->lock);
	return room;
}

enum status offload(enum offload_lane lane, void (*fn)(void *arg), void *arg)
{
	struct promise p;
	struct job j = { .fn = fn, .arg = arg, .promise = &p };
	bool inline_ = !fiber_self();
	promise_init(&p);
	if (inline_ || !submit(&lanes[lane], &j, &inline_)) {
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

enum status offload_detached(enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg)
{
	bool inline_;
	struct job *j = malloc(sizeof *j);
	if (!j)
		return ST_NOMEM;
	*j = (struct job){ .task.run = done_task, .fn = fn, .done = done, .arg = arg, .loop = loop_current() };
	if (submit(&lanes[lane], j, &inline_))
		return ST_OK;
	if (!inline_) {
		free(j);
		return ST_UNAVAILABLE;
	}
	j->status = guard_run(fn, arg);
	finish(j);
	return ST_OK;
}

void offload_stats(enum offload_lane lane, struct offload_stats *out)
{
	struct lane *l = &lanes[lane];
	pthread_mutex_lock(&l->lock);
	*out = l->stats;
	pthread_mutex_unlock(&l->lock);
}
