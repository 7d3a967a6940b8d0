/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane: threads, one mutex, one bounded queue (a list of jobs that lie on their fibers' stacks, or on the heap when
 * detached). A guard_abort in fn, for instance an arena's limit, ends fn and goes on in the calling fiber. Without
 * started lanes (tests, small commands) fn runs inline.
 */
#include "rt/offload.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/lang.h"
#include "base/log.h"
#include "rt/fiber.h"
#include "rt/loop.h"
#include "rt/sync.h"

struct offload_job {
	struct task task; /* for done(), on the loop that asked */
	struct offload_job *next;
	void (*fn)(void *), (*done)(void *);
	void *arg;
	struct loop *loop;
	struct promise *promise; /* NULL: detached, on the heap */
	enum lang lang; /* of who asked */
	enum status status;
};

/* An idle lane that has work and finishes nothing for so long gets a share of the processor for it, at this niceness.
 */
#define STARVED_NS  (500 * NS_PER_MS)
#define RAISED_NICE 10

struct hand {
	struct lane *lane;
	pthread_t thread;
	bool raised, ended;
};

static struct lane {
	const char *thread_name;
	/* Runs when nothing else wants the processor (sched(7)); a thread made for each job would delay others while it
	   is not yet idle, and nice 19 is not enough: who wakes waits for its slice of 2 ms to end. Where no processor
	   ever rests, idle threads get three thousandths of one, and a password took over half a minute: `watcher`
	   raises them then, for a job. */
	bool idle;
	pthread_mutex_t lock;
	pthread_cond_t work, watch;
	struct offload_job *head, **tail;
	unsigned queue_max;
	bool stopping;
	struct hand *hands;
	pthread_t watcher;
	bool watched;
	struct offload_stats stats;
#define LANE(which, name, gives_way)                                                                                   \
	[which] = { .thread_name = name,                                                                               \
		.idle = gives_way,                                                                                     \
		.lock = PTHREAD_MUTEX_INITIALIZER,                                                                     \
		.work = PTHREAD_COND_INITIALIZER,                                                                      \
		.watch = PTHREAD_COND_INITIALIZER,                                                                     \
		.tail = &lanes[which].head }
} lanes[OFFLOAD_LANES] = {
	LANE(OFFLOAD_PROMPT, "offload", false),
	LANE(OFFLOAD_SECRETS, "secrets", true),
	LANE(OFFLOAD_PICTURES, "pictures", true),
};

static void done_task(struct task *t)
{
	struct offload_job *j = (struct offload_job *)t;
	void (*done)(void *) = j->done;
	void *arg = j->arg;
	free(j);
	done(arg);
}

static void job_finish(struct offload_job *j)
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

static struct offload_job *next_job(struct lane *l)
{
	while (!l->head && !l->stopping)
		pthread_cond_wait(&l->work, &l->lock);
	struct offload_job *j = l->head;
	if (j) {
		l->head = j->next;
		if (!l->head)
			l->tail = &l->head;
		l->stats.queued--;
		l->stats.running++;
	}
	return j;
}

static bool policy(pthread_t thread, int which)
{
	return pthread_setschedparam(thread, which, &(struct sched_param){ 0 }) == 0;
}

static void *worker(void *arg)
{
	struct hand *h = arg;
	struct lane *l = h->lane;
	pthread_setname_np(pthread_self(), l->thread_name);
	if (l->idle) {
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(),
		        RAISED_NICE); /* for when it is raised; SCHED_IDLE knows no niceness */
		(void)policy(pthread_self(), SCHED_IDLE);
	}
	pthread_mutex_lock(&l->lock);
	for (struct offload_job *j; (j = next_job(l));) {
		pthread_mutex_unlock(&l->lock);
		lang_swap(j->lang);
		j->status = guard_run(j->fn, j->arg);
		/* Counted before the caller learns of it: what it then reads includes its own. */
		pthread_mutex_lock(&l->lock);
		l->stats.running--;
		l->stats.done++;
		if (h->raised)
			h->raised = !policy(pthread_self(), SCHED_IDLE);
		pthread_mutex_unlock(&l->lock);
		job_finish(j);
		pthread_mutex_lock(&l->lock);
	}
	h->ended = true;
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* To be raised from SCHED_IDLE takes RLIMIT_NICE (systemd: LimitNICE=) or CAP_SYS_NICE. */
static void raise_all(struct lane *l)
{
	static bool told;
	for (unsigned i = 0; i < l->stats.threads; i++) {
		struct hand *h = &l->hands[i];
		if (h->raised || h->ended || (h->raised = policy(h->thread, SCHED_OTHER)))
			continue;
		if (!told)
			LOG(WARN, NULL, "offload.starved",
			        LS("hint",
			                "no processor rests, so passwords and pictures take long; LimitNICE=+10 would "
			                "let them have a share"));
		told = true;
	}
}

static void *watch(void *arg)
{
	struct lane *l = arg;
	pthread_setname_np(pthread_self(), "watch");
	pthread_mutex_lock(&l->lock);
	for (;;) {
		while (!l->stats.queued && !l->stats.running && !l->stopping)
			pthread_cond_wait(&l->watch, &l->lock);
		if (!l->stats.queued && !l->stats.running)
			break;
		uint64_t done = l->stats.done;
		int64_t until = clock_mono_ns() + STARVED_NS;
		struct timespec at = { until / NS_PER_S, until % NS_PER_S };
		while ((l->stats.queued || l->stats.running) && clock_mono_ns() < until)
			pthread_cond_clockwait(&l->watch, &l->lock, CLOCK_MONOTONIC, &at);
		if (l->stats.done == done && (l->stats.queued || l->stats.running))
			raise_all(l);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static bool start_lane(struct lane *l, unsigned threads, unsigned queue_max)
{
	l->hands = calloc(threads, sizeof *l->hands);
	if (!l->hands)
		return false;
	l->queue_max = queue_max;
	l->stopping = false;
	unsigned n = 0;
	while (n < threads) {
		l->hands[n].lane = l;
		if (pthread_create(&l->hands[n].thread, NULL, worker, &l->hands[n]))
			break;
		n++;
	}
	pthread_mutex_lock(&l->lock);
	l->stats.threads = n;
	pthread_mutex_unlock(&l->lock);
	l->watched = l->idle && !pthread_create(&l->watcher, NULL, watch, l);
	return n == threads && l->watched == l->idle;
}

static void stop_lane(struct lane *l)
{
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	pthread_cond_broadcast(&l->work);
	pthread_cond_signal(&l->watch);
	pthread_mutex_unlock(&l->lock);
	for (unsigned i = 0; i < l->stats.threads; i++)
		pthread_join(l->hands[i].thread, NULL);
	if (l->watched) {
		pthread_cond_signal(&l->watch); /* nothing is left to watch */
		pthread_join(l->watcher, NULL);
	}
	free(l->hands);
	l->hands = NULL;
	l->watched = false;
	l->stats.threads = 0;
}

enum status offload_start(unsigned threads, unsigned queue_max, struct err *e)
{
	assert(!lanes[OFFLOAD_PROMPT].hands && threads > 0);
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
		if (lanes[i].hands)
			stop_lane(&lanes[i]);
}

/* True when queued; false with *inline_ set when there is no pool, without it when the queue is full. */
static bool lane_submit(struct lane *l, struct offload_job *j, bool first, bool *inline_)
{
	pthread_mutex_lock(&l->lock);
	*inline_ = !l->stats.threads || l->stopping;
	bool room = !*inline_ && l->stats.queued < l->queue_max;
	if (room && first) {
		j->next = l->head;
		l->head = j;
		if (!j->next)
			l->tail = &j->next;
	} else if (room) {
		*l->tail = j;
		l->tail = &j->next;
	}
	if (room) {
		l->stats.queued++;
		pthread_cond_signal(&l->work);
		if (l->watched && l->stats.queued + l->stats.running == 1)
			pthread_cond_signal(&l->watch);
	} else if (!*inline_) {
		l->stats.refused++;
	}
	pthread_mutex_unlock(&l->lock);
	return room;
}

/* While it is queued; false: a thread has it. */
static bool lane_withdraw(struct lane *l, struct offload_job *j)
{
	bool queued = false;
	pthread_mutex_lock(&l->lock);
	for (struct offload_job **at = &l->head; *at && !queued; at = &(*at)->next) {
		if (*at != j)
			continue;
		queued = true;
		*at = j->next;
		if (l->tail == &j->next)
			l->tail = at;
		l->stats.queued--;
		l->stats.withdrawn++;
		break;
	}
	pthread_mutex_unlock(&l->lock);
	return queued;
}

enum status offload(enum offload_lane lane, void (*fn)(void *arg), void *arg)
{
	struct promise p;
	struct offload_job j = { .fn = fn, .arg = arg, .promise = &p, .lang = lang_now() };
	bool inline_ = !fiber_self();
	promise_init(&p);
	if (inline_ || !lane_submit(&lanes[lane], &j, false, &inline_)) {
		if (!inline_)
			return ST_UNAVAILABLE;
		fn(arg);
		return ST_OK;
	}
	enum status st = promise_wait(&p, FIBER_FOREVER);
	if (st != ST_OK && lane_withdraw(&lanes[lane], &j))
		return st;
	if (st != ST_OK)
		promise_wait_shielded(&p);
	if (j.status != ST_OK)
		guard_abort(j.status);
	return ST_OK;
}

static enum status submit_detached(enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg,
                                   bool first)
{
	bool inline_;
	struct offload_job *j = malloc(sizeof *j);
	if (!j)
		return ST_NOMEM;
	*j = (struct offload_job){ .task.run = done_task,
		.fn = fn,
		.done = done,
		.arg = arg,
		.loop = loop_current(),
		.lang = lang_now() };
	if (lane_submit(&lanes[lane], j, first, &inline_))
		return ST_OK;
	if (!inline_) {
		free(j);
		return ST_UNAVAILABLE;
	}
	j->status = guard_run(fn, arg);
	job_finish(j);
	return ST_OK;
}

enum status offload_detached(enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg)
{
	return submit_detached(lane, fn, done, arg, false);
}

enum status offload_detached_first(enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg)
{
	return submit_detached(lane, fn, done, arg, true);
}

void offload_stats(enum offload_lane lane, struct offload_stats *out)
{
	struct lane *l = &lanes[lane];
	pthread_mutex_lock(&l->lock);
	*out = l->stats;
	pthread_mutex_unlock(&l->lock);
}
