/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper: renews the leases of jobs that run within their time, and enqueues cron ticks, each once over all
 * replicas.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/platform_sql.h"
#include "platform/work/job_int.h"

#define CLOCK_CHECK_NS (30 * NS_PER_S) /* the wall clock may be set meanwhile */

/* --- leases --- */

struct beat { struct job_queue *q; struct claim_ref *claims; size_t n; };

static enum status beat_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct beat *b = arg;
	const struct jobs *j = b->q->jobs;
	struct str claims = claims_text(db_arena(c), b->claims, b->n);
	return q_job_beat(c, claims, j->worker, clock_now_us() + j->limits.lease_ns / 1000, NULL, e);
}

/* The jobs claimed more than a third of a lease ago and not over time: an overdue one loses its lease. */
static void beat_collect(struct beat *b, struct arena *a)
{
	struct job_queue *q = b->q;
	int64_t now = clock_mono_ns();
	pthread_mutex_lock(&q->lock);
	unsigned room = q->held_count;
	pthread_mutex_unlock(&q->lock);
	b->claims = ARENA_ARRAY(a, struct claim_ref, room ? room : 1);
	pthread_mutex_lock(&q->lock);
	for (struct job_held *h = q->held; h && b->n < room; h = h->held_next)
		if (now - h->claimed_ns > q->jobs->limits.lease_ns / 4 && (!h->until_ns || now < h->until_ns))
			b->claims[b->n++] = (struct claim_ref){ h->job.id, h->job.attempt };
	pthread_mutex_unlock(&q->lock);
}

static void renew(struct job_queue *q)
{
	SCOPED_ARENA *a = arena_new(4 << 20);
	struct beat b = { .q = q };
	struct err e = { 0 };
	struct ctx ctx;
	if (!a)
		return;
	beat_collect(&b, a);
	if (!b.n)
		return;
	ctx_init(&ctx, a);
	ctx.svc = q->svc;
	ctx.deadline_ns = clock_mono_ns() + q->jobs->limits.lease_ns / 4;
	if (db_write(&ctx, q->svc->db, beat_tx, &b, &e) != ST_OK)
		LOG(WARN, &ctx, "jobs.lease_failed", LS("service", q->svc->def->name), LS("error", e.msg));
}

/* --- cron --- */

static unsigned count_crons(const struct job_def *d)
{
	unsigned n = 0;
	for (; d && d->kind; d++)
		n += d->cron != NULL;
	return n;
}

static enum status add_crons(struct job_queue *q, const struct job_def *d, struct err *e)
{
	for (; d && d->kind; d++) {
		if (!d->cron)
			continue;
		struct job_cron *c = &q->crons[q->cron_count++];
		c->def = d;
		if (cron_parse(str_c(d->cron), &c->cron, e) != ST_OK)
			return err_wrap(e, ST_CONFIG, "job \"%s\"", d->kind);
	}
	return ST_OK;
}

enum status job_crons_init(struct job_queue *q, struct err *e)
{
	unsigned n = count_crons(q->svc->def->jobs) + count_crons(q->jobs->common);
	q->crons = calloc(n ? n : 1, sizeof *q->crons);
	if (!q->crons)
		return err_set(e, ST_NOMEM, "no memory for cron entries");
	TRY(add_crons(q, q->svc->def->jobs, e));
	return add_crons(q, q->jobs->common, e);
}

static unsigned add_bounds(struct job_bound *out, const struct job_def *d)
{
	unsigned n = 0;
	for (; d && d->kind; d++) {
		if (!d->at_once)
			continue;
		if (out)
			out[n].def = d;
		n++;
	}
	return n;
}

enum status job_bounds_init(struct job_queue *q, struct err *e)
{
	const struct job_def *own = q->svc->def->jobs, *common = q->jobs->common;
	q->bound_count = add_bounds(NULL, own) + add_bounds(NULL, common);
	q->bounds = calloc(q->bound_count ? q->bound_count : 1, sizeof *q->bounds);
	if (!q->bounds)
		return err_set(e, ST_NOMEM, "no memory for the bounds of jobs");
	add_bounds(q->bounds + add_bounds(q->bounds, own), common);
	return ST_OK;
}

struct tick { struct job_cron *c; int64_t at; };

static enum status tick_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct tick *t = arg;
	struct str kind = str_c(t->c->def->kind);
	int64_t mine;
	/* A kind that is new in this store has no missed tick to make up for. */
	if (!t->c->known)
		TRY(q_job_cron_begin(c, kind, t->at, NULL, e));
	TRY(q_job_cron_tick(c, kind, t->at, &mine, e));
	if (!mine)
		return ST_OK;
	struct job_new j = { .kind = t->c->def->kind, .key = STR("cron") };
	return job_enqueue(c, &j, NULL, e);
}

/* At the start the last tick is offered: if it passed while nothing ran, it is made up for, once. */
static void tick(struct job_queue *q, struct job_cron *c, int64_t now)
{
	struct tick t = { c, cron_last_us(&c->cron, now) };
	struct err e = { 0 };
	struct ctx ctx;
	SCOPED_ARENA *a = arena_new(1 << 20);
	if (!a || !t.at)
		return;
	ctx_init(&ctx, a);
	ctx.svc = q->svc;
	ctx.deadline_ns = clock_mono_ns() + 10 * NS_PER_S;
	if (db_write(&ctx, q->svc->db, tick_tx, &t, &e) != ST_OK) {
		LOG(WARN, &ctx, "jobs.cron_failed", LS("kind", c->def->kind), LS("error", e.msg));
		return; /* next_us stays: tried again */
	}
	c->known = true;
	c->next_us = cron_next_us(&c->cron, now);
}

/* Returns nanoseconds until the next tick. */
static int64_t ticks(struct job_queue *q)
{
	int64_t wait = INT64_MAX;
	for (unsigned i = 0; i < q->cron_count; i++) {
		struct job_cron *c = &q->crons[i];
		int64_t now = clock_now_us();
		if (!c->known || (c->next_us && c->next_us <= now))
			tick(q, c, now);
		int64_t left = !c->known ? NS_PER_S : c->next_us ? clock_ns_of_us(c->next_us - now) : INT64_MAX;
		if (left < wait)
			wait = left;
	}
	if (wait == INT64_MAX)
		return wait;
	return wait < CLOCK_CHECK_NS ? wait + NS_PER_MS : CLOCK_CHECK_NS;
}

struct keep_turn { struct job_queue *q; int64_t beat_at, wait; };

static void keep_turn(void *arg)
{
	struct keep_turn *t = arg;
	t->wait = ticks(t->q);
	int64_t now = clock_mono_ns();
	if (now >= t->beat_at) {
		t->beat_at = now + t->q->jobs->limits.lease_ns / 3;
		renew(t->q);
	}
}

void job_keeper(void *queue)
{
	struct job_queue *q = queue;
	struct keep_turn t = { .q = q, .beat_at = clock_mono_ns() + q->jobs->limits.lease_ns / 3 };
	struct backoff b = job_backoff(q);
	for (;;) {
		if (fiber_turn("jobs.keep", keep_turn, &t))
			backoff_went_well(&b);
		else
			t.wait = backoff_failed(&b);
		int64_t wait = t.wait, beat_at = t.beat_at, now = clock_mono_ns();
		pthread_mutex_lock(&q->lock);
		bool stop = q->stopping;
		if (!stop) {
			/* With nothing held there is nothing to renew: sleep until a claim or the next tick. */
			int64_t until = wait == INT64_MAX ? FIBER_FOREVER : now + wait;
			if (q->held_count && beat_at < until)
				until = beat_at;
			stop = waitq_wait(&q->keep, &q->lock, until) == ST_CANCELLED;
		}
		stop = stop || q->stopping;
		pthread_mutex_unlock(&q->lock);
		if (stop)
			break;
	}
	job_fiber_end(q);
}
