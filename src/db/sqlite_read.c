/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite readers. Each loop has its own few connections, opened when first needed and used by one fiber at a time,
 * inline on the loop: a read costs no switch of threads. When all are out (long scans that yielded), fibers wait in
 * line.
 *
 * A loop's pool is touched on that loop's thread only. Callers outside a fiber share one more pool, under a mutex.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "db/sqlite.h"
#include "rt/fiber.h"
#include "rt/loop.h"

struct reader_waiter {
	struct reader_waiter *next;
	struct fiber *fiber;
	struct sq_conn *given;
	bool retry; /* a connection was lost: open another */
};

struct sq_readers {
	struct db_per_loop base; /* loop NULL: for callers outside a fiber */
	struct sq_conn *free;
	unsigned open, waiting;
	struct reader_waiter *head, **tail;
};

struct db_per_loop *sq_readers_new(struct db *db)
{
	struct sq_readers *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->tail = &r->head;
	return &r->base;
}

static void waiter_unlink(struct sq_readers *r, struct reader_waiter *w)
{
	for (struct reader_waiter **at = &r->head; *at; at = &(*at)->next) {
		if (*at != w)
			continue;
		*at = w->next;
		if (r->tail == &w->next)
			r->tail = at;
		r->waiting--;
		return;
	}
}

static enum status wait_in_line(struct db_conn *c, struct sq_readers *r, struct sq_conn **out, struct err *e)
{
	struct db *db = c->db;
	if (r->waiting >= db->cfg.queue) {
		COUNT(db, refused);
		return err_set(e, ST_UNAVAILABLE, "%s: too many wait to read", db->cfg.name);
	}
	struct reader_waiter w = { .fiber = fiber_self() };
	*r->tail = &w;
	r->tail = &w.next;
	r->waiting++;
	COUNT(db, waiting);
	int64_t deadline = db_earlier(c->ctx->deadline_ns, clock_mono_ns() + db->cfg.checkout_ns);
	enum status s = ST_OK;
	while (!w.given && !w.retry && s == ST_OK)
		s = fiber_park(deadline);
	UNCOUNT(db, waiting);
	if (w.given || w.retry) { /* given in the same turn as the deadline: it is ours */
		*out = w.given;
		return ST_OK;
	}
	waiter_unlink(r, &w);
	return err_set(e, s, "%s: no reader became free in time", db->cfg.name);
}

static struct sq_conn *open_reader(struct db *db, struct sq_readers *r, struct err *e)
{
	struct sq_conn *sq = sq_conn_open(db, SQ_READER, e);
	if (!sq)
		return NULL;
	sq->home = r;
	r->open++;
	COUNT(db, pool_open);
	return sq;
}

static struct sq_conn *pop_free(struct sq_readers *r)
{
	struct sq_conn *sq = r->free;
	r->free = sq->next;
	return sq;
}

static enum status take_on_loop(struct db_conn *c, struct sq_conn **out, struct err *e)
{
	struct sq_readers *r = (struct sq_readers *)db_per_loop(c->db);
	if (!r)
		return err_set(e, ST_NOMEM, "no memory for readers");
	*out = NULL;
	while (!*out) {
		if (r->free)
			*out = pop_free(r);
		else if (r->open >= c->db->cfg.read_pool)
			TRY(wait_in_line(c, r, out, e));
		else if (!(*out = open_reader(c->db, r, e)))
			return e->status;
	}
	return ST_OK;
}

static void give_on_loop(struct sq_readers *r, struct sq_conn *sq, bool broken)
{
	struct reader_waiter *w = r->head;
	if (w) {
		waiter_unlink(r, w);
		w->given = broken ? NULL : sq;
		w->retry = broken;
		fiber_wake(w->fiber);
	} else if (!broken) {
		sq->next = r->free;
		r->free = sq;
	}
}

/* --- outside a fiber ------------------------------------------------------------------------------------------ */

static enum status take_outside_locked(struct db_conn *c, struct sq_conn **out, struct err *e)
{
	struct sq_db *sq = c->db->sq;
	if (!sq->outside)
		sq->outside = (struct sq_readers *)sq_readers_new(c->db);
	struct sq_readers *r = sq->outside;
	if (!r)
		return err_set(e, ST_NOMEM, "no memory for readers");
	int64_t deadline = db_earlier(c->ctx->deadline_ns, clock_mono_ns() + c->db->cfg.checkout_ns);
	struct timespec until = { deadline / NS_PER_S, deadline % NS_PER_S };
	while (!r->free && r->open >= c->db->cfg.read_pool)
		if (pthread_cond_clockwait(&sq->returned, &sq->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT && !r->free)
			return err_set(e, ST_TIMEOUT, "%s: no reader became free in time", c->db->cfg.name);
	*out = r->free ? pop_free(r) : open_reader(c->db, r, e);
	return *out ? ST_OK : e->status;
}

static void give_outside(struct sq_db *db, struct sq_readers *r, struct sq_conn *sq, bool broken)
{
	if (!broken) {
		sq->next = r->free;
		r->free = sq;
	}
	pthread_cond_signal(&db->returned);
}

/* --- the engine's reads --------------------------------------------------------------------------------------- */

static void reader_give_back(struct db *db, struct sq_conn *sq)
{
	struct sq_readers *home = sq->home;
	UNCOUNT(db, pool_used);
	bool broken = !sqlite3_get_autocommit(sq->h) && sq_own(sq, SQ_COMMIT, NULL) != ST_OK;
	if (!home->base.loop)
		pthread_mutex_lock(&db->sq->lock);
	if (broken) {
		sq_conn_close(sq);
		home->open--;
		UNCOUNT(db, pool_open);
	}
	if (home->base.loop) {
		give_on_loop(home, sq, broken);
	} else {
		give_outside(db->sq, home, sq, broken);
		pthread_mutex_unlock(&db->sq->lock);
	}
}

enum status sq_read_begin(struct db_conn *c, struct err *e)
{
	enum status s;
	struct err local = { 0 };
	if (fiber_self()) {
		s = take_on_loop(c, &c->sq, &local);
	} else {
		pthread_mutex_lock(&c->db->sq->lock);
		s = take_outside_locked(c, &c->sq, &local);
		pthread_mutex_unlock(&c->db->sq->lock);
	}
	if (s != ST_OK)
		return err_set(e, s, "%s", local.msg);
	COUNT(c->db, pool_used);
	/* Watched by the progress handler. */
	c->sq->deadline_ns = c->ctx->deadline_ns;
	c->sq->limit_ns = c->db->cfg.query_ns;
	s = sq_own(c->sq, SQ_BEGIN, e);
	if (s != ST_OK)
		reader_give_back(c->db, c->sq);
	return s;
}

void sq_read_end(struct db_conn *c)
{
	/* A transaction can not end while a statement runs; an unwound stack has reset its own. */
	c->sq->deadline_ns = 0;
	c->sq->limit_ns = 0;
	reader_give_back(c->db, c->sq);
	c->sq = NULL;
}

void sq_readers_close(struct db_per_loop *p, bool on_its_thread)
{
	struct sq_readers *r = (struct sq_readers *)p;
	for (struct sq_conn *c; r && (c = r->free);) {
		r->free = c->next;
		sq_conn_close(c);
		if (p->db)
			UNCOUNT(p->db, pool_open);
	}
	free(r);
}
