/* SPDX-License-Identifier: Apache-2.0
 *
 * Claiming, running and finishing. See job_int.h for who is who.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/id.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/work/job_int.h"

enum { JOB_ARENA = 16 << 20, BATCH_ARENA = 64 << 20, YIELD_EVERY = 64, PROMOTE_MAX = 5000, UNKNOWN_ATTEMPTS = 5,
       FINISH_MAX = 2000 };

/* --- lists (under the lock) --- */

static void job_list_push(struct job_list *l, struct job_held *h)
{
	h->next = NULL;
	*l->tail = h;
	l->tail = &h->next;
	l->count++;
}

static struct job_held *job_list_pop(struct job_list *l)
{
	struct job_held *h = l->head;
	if (h) {
		l->head = h->next;
		if (!l->head)
			l->tail = &l->head;
		l->count--;
	}
	return h;
}

static void job_link_held(struct job_queue *q, struct job_held *h)
{
	h->held_next = q->held;
	h->held_prev = &q->held;
	if (q->held)
		q->held->held_prev = &h->held_next;
	q->held = h;
	q->held_count++;
	q->held_bytes += h->job.payload.n;
}

static void let_go(struct job_queue *q, struct job_held *h)
{
	*h->held_prev = h->held_next;
	if (h->held_next)
		h->held_next->held_prev = h->held_prev;
	q->held_count--;
	q->held_bytes -= h->job.payload.n;
	struct job_batch *b = h->batch; /* h lies in the batch's arena */
	if (--b->refs == 0) {
		arena_free(b->arena);
		free(b);
	}
}

void job_forget_held(struct job_queue *q)
{
	while (q->held)
		let_go(q, q->held);
}

/* --- running --- */

struct job_attempt { struct ctx *ctx; struct job_held *h; struct err err; enum status result; };

static void call_run(void *arg)
{
	struct job_attempt *a = arg;
	a->result = a->h->def->run(a->ctx, &a->h->job, &a->err);
}

static unsigned attempts_of(const struct job_def *d)
{
	return d && d->attempts ? d->attempts : UNKNOWN_ATTEMPTS;
}

static void run_one(struct job_queue *q, struct job_held *h, struct arena *arena)
{
	struct job_attempt a = { .h = h };
	struct ctx ctx;
	if (!h->def) {
		h->result = ST_NOT_IMPLEMENTED;
		str_print(h->error, sizeof h->error, "this program has no job kind \"%.*s\"",
		         STR_ARG(str_shown(h->job.kind)));
		return;
	}
	ctx_init(&ctx, arena);
	ctx.svc = q->svc;
	ctx.deadline_ns = h->until_ns;
	a.ctx = &ctx;
	fiber_set_deadline(h->until_ns);
	enum status guarded = guard_run(call_run, &a);
	fiber_set_deadline(0);
	h->result = guarded != ST_OK ? guarded : a.result;
	if (h->result == ST_OK)
		return;
	str_print(h->error, sizeof h->error, "%s", a.err.msg[0] ? a.err.msg : status_info(h->result)->title);
}

static struct job_bound *bound_of(struct job_queue *q, const struct job_def *d)
{
	for (unsigned i = 0; d && d->at_once && i < q->bound_count; i++)
		if (q->bounds[i].def == d)
			return &q->bounds[i];
	return NULL;
}

static bool may_begin(struct job_queue *q, const struct job_held *h)
{
	const struct job_bound *b = bound_of(q, h->def);
	return !b || b->running < h->def->at_once;
}

/* The first whose kind has room. One that has not is begun by the runner that ends another of its kind. */
static struct job_held *pop_allowed(struct job_queue *q)
{
	struct job_held *last = NULL;
	for (struct job_held **at = &q->waiting.head; *at; last = *at, at = &(*at)->next) {
		struct job_held *h = *at;
		if (!may_begin(q, h))
			continue;
		*at = h->next;
		if (!h->next)
			q->waiting.tail = last ? &last->next : &q->waiting.head;
		q->waiting.count--;
		return h;
	}
	return NULL;
}

static struct job_held *next_job(struct job_queue *q) /* locked */
{
	struct job_held *h = pop_allowed(q);
	if (!h)
		return NULL;
	struct job_bound *b = bound_of(q, h->def);
	if (b)
		b->running++;
	unsigned time_s = h->def && h->def->time_s ? h->def->time_s : 15;
	h->until_ns = clock_mono_ns() + time_s * NS_PER_S;
	q->running++;
	/* Room for another half a batch: the puller need not be told of each job. */
	if (q->waiting.count == q->jobs->limits.batch / 2 || q->waiting.count == 0)
		waitq_wake_one(&q->pull);
	return h;
}

static void runner_unlist(struct job_runner *r) /* locked */
{
	struct job_queue *q = r->q;
	/* the posted task points into the queue: wait until it has run */
	while (r->cancel_posted && !r->cancel_ran) {
		pthread_mutex_unlock(&q->lock);
		fiber_yield();
		pthread_mutex_lock(&q->lock);
	}
	struct job_runner **at = &q->runners;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	q->runner_count--;
	waitq_wake_all(&q->idle);
	waitq_wake_all(&q->finish);
}

/* NULL: cancelled while there was none. */
static struct arena *runner_memory(const struct job_queue *q)
{
	struct backoff b = job_backoff(q);
	struct arena *a;
	while (!(a = arena_new(JOB_ARENA)))
		if (fiber_sleep_ns(backoff_failed(&b)) == ST_CANCELLED)
			break;
	return a;
}

static void runner(void *arg)
{
	struct job_runner *r = arg;
	struct job_queue *q = r->q;
	struct arena *arena = runner_memory(q);
	unsigned n = 0;
	pthread_mutex_lock(&q->lock);
	r->fiber = fiber_self();
	r->loop = loop_current();
	struct job_held *h;
	while (arena && (h = next_job(q))) {
		pthread_mutex_unlock(&q->lock);
		run_one(q, h, arena);
		arena_reset(arena);
		if (++n % YIELD_EVERY == 0)
			fiber_yield();
		pthread_mutex_lock(&q->lock);
		q->running--;
		struct job_bound *b = bound_of(q, h->def);
		if (b)
			b->running--;
		job_list_push(&q->finished, h);
		if (q->finished.count == 1)
			waitq_wake_one(&q->finish);
	}
	runner_unlist(r);
	pthread_mutex_unlock(&q->lock);
	arena_free(arena);
	free(r);
}

static bool spawn_runner(struct job_queue *q, struct job_runner *r)
{
	struct loops *loops = q->jobs->platform->loops;
	if (!loops)
		return fiber_spawn(loop_current(), runner, r, FIBER_LARGE) != NULL;
	return fiber_spawn_on(loops_get(loops, q->next_loop++ % loops_count(loops)), runner, r, FIBER_LARGE);
}

static void start_runners(struct job_queue *q) /* locked; only the puller adds runners */
{
	while (q->runner_count < q->jobs->limits.concurrency && q->runner_count - q->running < q->waiting.count) {
		struct job_runner *r = calloc(1, sizeof *r);
		if (!r)
			return;
		r->q = q;
		r->next = q->runners;
		q->runners = r;
		q->runner_count++;
		pthread_mutex_unlock(&q->lock);
		bool ok = spawn_runner(q, r);
		pthread_mutex_lock(&q->lock);
		if (ok)
			continue;
		struct job_runner **at = &q->runners;
		while (*at != r)
			at = &(*at)->next;
		*at = r->next;
		q->runner_count--;
		free(r);
		return;
	}
}

/* --- claiming --- */

struct jobs_claim { struct job_queue *q; struct job_claim_row *rows; size_t n; bool promote; };

static enum status claim_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct jobs_claim *cl = arg;
	const struct jobs *j = cl->q->jobs;
	int64_t now = clock_now_us();
	if (cl->promote)
		TRY(q_job_promote(c, now, PROMOTE_MAX, NULL, e));
	return q_job_claim(c, now + j->limits.lease_ns / 1000, j->worker, j->limits.batch,
			   (int64_t)j->limits.batch_bytes, &cl->rows, &cl->n, e);
}

static int by_priority(const void *a, const void *b)
{
	const struct job_claim_row *x = a, *y = b;
	if (x->priority != y->priority)
		return x->priority < y->priority ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

/* A job that was claimed more often than it has attempts took its workers down each time: it is not run again. */
static void judge(struct job_held *h)
{
	if (h->job.attempt <= attempts_of(h->def))
		return;
	h->result = ST_INTERNAL;
	str_print(h->error, sizeof h->error, "each of %u attempts ended with its worker", attempts_of(h->def));
}

/* *claimed is the queue's afterwards, and NULL here. */
static void take_in(struct job_queue *q, struct job_batch **claimed, struct jobs_claim *cl)
{
	struct job_batch *b = *claimed;
	struct job_held *all = ARENA_ARRAY(b->arena, struct job_held, cl->n);
	int64_t now = clock_mono_ns();
	qsort(cl->rows, cl->n, sizeof *cl->rows, by_priority); /* RETURNING promises no order */
	for (size_t i = 0; i < cl->n; i++) {
		const struct job_claim_row *row = &cl->rows[i];
		all[i] = (struct job_held){ .batch = b,
			.claimed_ns = now,
			.def = job_def_find(q, row->kind),
			.job = { row->id, row->kind, row->key, row->payload, (unsigned)row->attempt } };
		judge(&all[i]);
	}
	*claimed = NULL;
	b->refs = (unsigned)cl->n;
	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < cl->n; i++) {
		job_link_held(q, &all[i]);
		job_list_push(all[i].result == ST_OK ? &q->waiting : &q->finished, &all[i]);
	}
	waitq_wake_one(&q->finish);
	if (cl->n)
		waitq_wake_one(&q->keep);
	start_runners(q);
	pthread_mutex_unlock(&q->lock);
}

static void batch_drop(struct job_batch **b)
{
	if (*b)
		arena_free((*b)->arena);
	free(*b);
}

static enum status jobs_claim(struct job_queue *q, bool promote, size_t *got)
{
	__attribute__((cleanup(batch_drop))) struct job_batch *b = calloc(1, sizeof *b);
	struct err e = { 0 };
	struct jobs_claim cl = { q, NULL, 0, promote };
	struct ctx ctx;
	*got = 0;
	if (!b || !(b->arena = arena_new(BATCH_ARENA)))
		return ST_NOMEM;
	ctx_init(&ctx, b->arena);
	ctx.svc = q->svc;
	ctx.deadline_ns = clock_mono_ns() + 10 * NS_PER_S;
	enum status st = db_write(&ctx, q->svc->db, claim_tx, &cl, &e);
	if (st != ST_OK)
		LOG(WARN, &ctx, "jobs.claim_failed", LS("service", q->svc->def->name), LS("error", e.msg));
	atomic_fetch_add(&q->claims, 1);
	if (st != ST_OK || !cl.n) {
		atomic_fetch_add(&q->empty_claims, st == ST_OK);
		return st;
	}
	*got = cl.n;
	take_in(q, &b, &cl);
	return ST_OK;
}

/* What there is to do, without a write: an idle queue costs one read per look. */
static enum status queue_outlook(struct job_queue *q, bool *ready, bool *due, int64_t *wait_ns)
{
	SCOPED_ARENA *a = arena_new(64 << 10);
	SCOPED_DB_READ c = NULL;
	struct ctx ctx;
	struct job_outlook_row *row;
	if (!a)
		return ST_NOMEM;
	ctx_init(&ctx, a);
	ctx.svc = q->svc;
	ctx.deadline_ns = clock_mono_ns() + 10 * NS_PER_S;
	TRY(db_read(&ctx, q->svc->db, &c, NULL));
	TRY(q_job_outlook(c, &row, NULL));
	int64_t now = clock_now_us();
	*ready = row && row->ready;
	*due = row && !row->next_null && row->next <= now;
	*wait_ns = row && !row->next_null && row->next > now ? clock_ns_of_us(row->next - now) : INT64_MAX;
	return ST_OK;
}

/* Sleep until woken, until wait_ns is over or there is room. */
static void puller_wait(struct job_queue *q, int64_t wait_ns) /* locked */
{
	int64_t until = clock_mono_ns() + wait_ns;
	enum status st = ST_OK;
	while (!q->woken && !q->stopping && st == ST_OK)
		st = waitq_wait(&q->pull, &q->lock, until);
	/* Cancelled, every further wait ends at once: the queue ends with its puller. */
	if (st == ST_CANCELLED)
		q->stopping = true;
}

static bool has_room(const struct job_queue *q) /* locked */
{
	const struct job_limits *l = &q->jobs->limits;
	return q->waiting.count <= l->batch / 2 && q->held_bytes <= l->batch_bytes;
}

static void wait_for_room(struct job_queue *q) /* locked */
{
	while (!q->stopping && !has_room(q))
		if (waitq_wait(&q->pull, &q->lock, FIBER_FOREVER) == ST_CANCELLED)
			q->stopping = true;
}

/* One look; returns how long to sleep, 0: look again, -1: it failed. */
static int64_t pull(struct job_queue *q, int64_t *idle_ns)
{
	const struct job_limits *l = &q->jobs->limits;
	bool ready = false, due = false;
	int64_t wait_ns = 0;
	size_t got = 0;
	enum status st = queue_outlook(q, &ready, &due, &wait_ns);
	/* While full batches come, the read is spared. */
	while (st == ST_OK && (ready || due)) {
		st = jobs_claim(q, due, &got);
		ready = got == l->batch;
		due = false;
		if (got)
			*idle_ns = 0;
		pthread_mutex_lock(&q->lock);
		wait_for_room(q);
		bool stop = q->stopping;
		pthread_mutex_unlock(&q->lock);
		if (stop)
			return 0;
	}
	if (st != ST_OK)
		return -1;
	if (got)
		return 0;
	*idle_ns = *idle_ns ? (*idle_ns * 2 < l->idle_ns ? *idle_ns * 2 : l->idle_ns) : 100 * NS_PER_MS;
	return wait_ns < *idle_ns ? wait_ns + NS_PER_MS : *idle_ns;
}

static void release_waiting(struct job_queue *q)
{
	pthread_mutex_lock(&q->lock);
	for (struct job_held *h; (h = job_list_pop(&q->waiting));) {
		h->result = ST_CANCELLED;
		h->until_ns = 0; /* the finisher returns it to the store with its attempts unchanged */
		job_list_push(&q->finished, h);
	}
	q->pulling = false;
	waitq_wake_one(&q->finish);
	pthread_mutex_unlock(&q->lock);
}

struct pull_turn { struct job_queue *q; int64_t *idle_ns, wait_ns; };

static void pull_turn(void *arg)
{
	struct pull_turn *t = arg;
	t->wait_ns = pull(t->q, t->idle_ns);
}

void job_puller(void *queue)
{
	struct job_queue *q = queue;
	int64_t idle_ns = 0;
	struct backoff b = job_backoff(q);
	pthread_mutex_lock(&q->lock);
	while (!q->stopping) {
		q->woken = false;
		pthread_mutex_unlock(&q->lock);
		struct pull_turn t = { .q = q, .idle_ns = &idle_ns };
		if (fiber_turn("jobs.pull", pull_turn, &t) && t.wait_ns >= 0)
			backoff_went_well(&b);
		else
			t.wait_ns = backoff_failed(&b);
		pthread_mutex_lock(&q->lock);
		start_runners(q);
		if (q->waiting.count && !q->runner_count) /* no memory for one */
			t.wait_ns = backoff_failed(&b);
		if (t.wait_ns)
			puller_wait(q, t.wait_ns);
		if (q->woken)
			idle_ns = 0;
	}
	pthread_mutex_unlock(&q->lock);
	release_waiting(q);
	job_fiber_end(q);
}

/* --- finishing --- */

struct finish { struct job_queue *q; struct job_held *list; unsigned n, done, retried, dead; enum status st; };

static int64_t backoff_us(const struct job_held *h)
{
	const struct job_def *d = h->def;
	int64_t s = d && d->backoff_s ? d->backoff_s : 30, max = d && d->backoff_max_s ? d->backoff_max_s : 600;
	for (unsigned i = 1; i < h->job.attempt && s < max; i++)
		s *= 2;
	if (s > max)
		s = max;
	/* ±20 %, so that what failed together does not come back together. */
	uint64_t spread = (uint64_t)h->job.id * UINT64_C(0x9e3779b97f4a7c15) +
	        h->job.attempt * UINT64_C(0xbf58476d1ce4e5b9);
	int64_t us = s * US_PER_S;
	return us - us / 5 + (int64_t)((spread >> 20) % (uint64_t)(us / 5 * 2 + 1));
}

static enum status record_result(struct db_conn *c, struct finish *f, const struct job_held *h, struct err *e)
{
	int64_t worker = f->q->jobs->worker, attempt = h->job.attempt, now = clock_now_us(), ours;
	if (status_info(h->result)->retry && attempt < attempts_of(h->def)) {
		TRY(q_job_retry(c, h->job.id, attempt, worker, now + backoff_us(h), str_c(h->error), &ours, e));
		f->retried += ours != 0;
		return ST_OK;
	}
	TRY(q_job_bury(c, h->job.id, attempt, worker, str_c(h->error), now, &ours, e));
	if (!ours)
		return ST_OK; /* its lease had ended, and another worker has claimed it */
	f->dead++;
	return q_job_end(c, h->job.id, attempt, NULL, e);
}

static enum status finish_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct finish *f = arg;
	struct arena *a = db_arena(c);
	int64_t worker = f->q->jobs->worker;
	struct claim_ref *done = ARENA_ARRAY(a, struct claim_ref, f->n), *back = ARENA_ARRAY(a, struct claim_ref, f->n);
	size_t done_n = 0, back_n = 0;
	f->retried = f->dead = 0; /* the transaction may be repeated */
	for (struct job_held *h = f->list; h; h = h->next) {
		struct claim_ref claimed = { h->job.id, h->job.attempt };
		if (h->result == ST_OK)
			done[done_n++] = claimed;
		else if (h->result == ST_CANCELLED && !h->until_ns)
			back[back_n++] = claimed;
		else
			TRY(record_result(c, f, h, e));
	}
	if (done_n)
		TRY(q_job_done(c, claims_text(a, done, done_n), worker, NULL, e));
	if (back_n)
		TRY(q_job_release(c, claims_text(a, back, back_n), worker, NULL, e));
	f->done = (unsigned)done_n;
	return ST_OK;
}

static void log_failures(const struct finish *f, struct ctx *ctx)
{
	for (const struct job_held *h = f->list; h; h = h->next)
		if (h->result != ST_OK && h->result != ST_CANCELLED)
			LOG(WARN, ctx, "job.failed", LT("kind", h->job.kind), LI("job", h->job.id),
			        LI("attempt", h->job.attempt), LS("error", h->error));
}

static enum status finish_jobs(struct finish *f)
{
	struct job_queue *q = f->q;
	SCOPED_ARENA *a = arena_new(BATCH_ARENA);
	struct err e = { 0 };
	struct ctx ctx;
	if (!a)
		return ST_NOMEM;
	ctx_init(&ctx, a);
	ctx.svc = q->svc;
	ctx.deadline_ns = clock_mono_ns() + 10 * NS_PER_S;
	enum status st = db_write(&ctx, q->svc->db, finish_tx, f, &e);
	if (st != ST_OK) {
		LOG(WARN, &ctx, "jobs.finish_failed", LS("service", q->svc->def->name), LS("error", e.msg));
		return st;
	}
	log_failures(f, &ctx);
	atomic_fetch_add(&q->done, f->done);
	atomic_fetch_add(&q->retried, f->retried);
	atomic_fetch_add(&q->dead, f->dead);
	return ST_OK;
}

static void finish_turn(void *arg)
{
	struct finish *f = arg;
	f->st = finish_jobs(f);
}

static struct job_held *take_finished(struct job_queue *q, unsigned most, unsigned *n) /* locked */
{
	struct job_list out = { .tail = &out.head };
	for (struct job_held *h; out.count < most && (h = job_list_pop(&q->finished));)
		job_list_push(&out, h);
	*n = out.count;
	return out.head;
}

static bool finisher_over(const struct job_queue *q) /* locked */
{
	return q->stopping && !q->pulling && !q->runner_count && !q->waiting.count && !q->finished.count &&
	        !q->held_count;
}

void job_finisher(void *queue)
{
	struct job_queue *q = queue;
	struct backoff b = job_backoff(q);
	unsigned most = FINISH_MAX; /* fewer after a turn that was given up: all at once may have been too many */
	pthread_mutex_lock(&q->lock);
	for (;;) {
		bool cancelled = false;
		while (!q->finished.count && !finisher_over(q) && !cancelled)
			cancelled = waitq_wait(&q->finish, &q->lock, FIBER_FOREVER) == ST_CANCELLED;
		if (cancelled || finisher_over(q))
			break;
		struct finish f = { .q = q };
		f.list = take_finished(q, most, &f.n);
		pthread_mutex_unlock(&q->lock);
		bool through = fiber_turn("jobs.finish", finish_turn, &f);
		enum status st = through ? f.st : ST_NOMEM;
		most = through ? FINISH_MAX : most / 2 ? most / 2 : 1;
		if (st == ST_OK)
			backoff_went_well(&b);
		else if (fiber_sleep_ns(backoff_failed(&b)) == ST_CANCELLED)
			st = ST_CANCELLED;
		pthread_mutex_lock(&q->lock);
		for (struct job_held *h = f.list, *next; h; h = next) {
			next = h->next;
			if (st == ST_OK)
				let_go(q, h);
			else
				job_list_push(&q->finished, h);
		}
		if (st == ST_OK && has_room(q))
			waitq_wake_one(&q->pull); /* it may have waited for bytes */
	}
	pthread_mutex_unlock(&q->lock);
	job_fiber_end(q);
}
