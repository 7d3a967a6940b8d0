/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL transactions, from one pool per process.
 *
 * A pooled connection belongs to no loop: between transactions nothing watches its socket, and the fiber that has it waits for
 * the socket on its own loop. So any loop may use any connection, and a busy loop is not limited to its share.
 *
 * Each statement is one round trip; BEGIN travels with the first one. One Sync is outstanding at a time, which PgBouncer
 * handles. Isolation is the server's default, READ COMMITTED unless the URL's options say otherwise: write conditions into the statement
 * (UPDATE … WHERE version = :v) or lock with FOR UPDATE. Serialisation failures, deadlocks and connections lost before
 * COMMIT was sent are tried again from the start.
 *
 * A connection lost while COMMIT is on its way leaves the outcome unknown. That is the one failure after which something may
 * have happened; it is ST_INTERNAL, which nothing retries by itself.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "db/postgres.h"
#include "rt/fiber.h"

#define TRIES_MAX 6
#define COMMIT_NS (30 * NS_PER_S)

/* --- the pool ------------------------------------------------------------------------------------------------- */

/* Anything to read on an idle connection is the server's farewell. */
static bool looks_alive(const struct pg_conn *c)
{
	char byte;
	ssize_t n = recv(PQsocket(c->h), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static void discard(struct db *db, struct pg_conn *c)
{
	pg_disconnect(c);
	free(c);
	pthread_mutex_lock(&db->pg->lock);
	db->pg->open--;
	waitq_wake_one(&db->pg->free_again);
	pthread_mutex_unlock(&db->pg->lock);
	UNCOUNT(db, pool_open);
}

static void give(struct db *db, struct pg_conn *c)
{
	UNCOUNT(db, pool_used);
	if (c->broken && PQstatus(c->h) == CONNECTION_OK)
		pg_cancel(c); /* or it would hold its locks until it has done what nobody waits for */
	if (c->broken || PQstatus(c->h) != CONNECTION_OK || clock_mono_ns() - c->opened_ns > db->cfg.recycle_ns) {
		discard(db, c);
		return;
	}
	c->begun = false;
	pthread_mutex_lock(&db->pg->lock);
	c->next = db->pg->idle;
	db->pg->idle = c;
	waitq_wake_one(&db->pg->free_again);
	pthread_mutex_unlock(&db->pg->lock);
}

/* Under the lock: an idle connection, or (NULL in *out) the right to open one. */
static enum status await_turn(struct db *db, int64_t deadline_ns, struct pg_conn **out, struct err *e)
{
	struct pg_db *pg = db->pg;
	while (!pg->idle && pg->open >= db->cfg.pool) {
		if (pg->waiting >= db->cfg.queue) {
			COUNT(db, refused);
			return err_set(e, ST_UNAVAILABLE, "%s: too many transactions are waiting", db->cfg.name);
		}
		pg->waiting++;
		COUNT(db, waiting);
		enum status s = waitq_wait(&pg->free_again, &pg->lock, deadline_ns);
		UNCOUNT(db, waiting);
		pg->waiting--;
		if (s != ST_OK && !pg->idle && pg->open >= db->cfg.pool)
			return err_set(e, s == ST_TIMEOUT ? ST_UNAVAILABLE : s, "%s: no connection became free in time", db->cfg.name);
	}
	*out = pg->idle;
	if (pg->idle) {
		pg->idle = pg->idle->next;
		return ST_OK;
	}
	if (pg->down_until_ns > clock_mono_ns())
		return err_set(e, ST_UNAVAILABLE, "%s", pg->down.msg);
	pg->open++;
	return ST_OK;
}

static struct pg_conn *open_one(struct db *db, int64_t deadline_ns, struct err *e)
{
	struct pg_db *pg = db->pg;
	struct pg_conn *c = calloc(1, sizeof *c);
	struct err err = { 0 };
	COUNT(db, pool_open);
	if (!c) {
		err_set(&err, ST_NOMEM, "%s: no memory for a connection", db->cfg.name);
	} else if (pg_connect(db, db->cfg.url, PG_FOR_TX, deadline_ns, c, &err) == ST_OK) {
		pthread_mutex_lock(&pg->lock);
		pg->failures = 0;
		pg->down_until_ns = 0;
		pthread_mutex_unlock(&pg->lock);
		return c;
	}
	free(c);
	pthread_mutex_lock(&pg->lock);
	pg->open--;
	if (err.status == ST_UNAVAILABLE) {
		pg->down_until_ns = clock_mono_ns() + pg_backoff_ns(pg->failures++);
		pg->down = err;
	}
	waitq_wake_one(&pg->free_again);
	pthread_mutex_unlock(&pg->lock);
	UNCOUNT(db, pool_open);
	if (e)
		*e = err;
	return NULL;
}

static enum status take(struct db_conn *h, struct pg_conn **out, struct err *e)
{
	struct db *db = h->db;
	int64_t deadline = db_earlier(h->ctx->deadline_ns, clock_mono_ns() + db->cfg.checkout_ns);
	for (;;) {
		pthread_mutex_lock(&db->pg->lock);
		enum status s = await_turn(db, deadline, out, e);
		pthread_mutex_unlock(&db->pg->lock);
		TRY(s);
		if (*out && !looks_alive(*out)) {
			discard(db, *out);
			continue;
		}
		struct err err = { 0 };
		if (!*out)
			*out = open_one(db, deadline, &err);
		if (!*out)
			return err_set(e, err.status, "%s", err.msg);
		COUNT(db, pool_used);
		return ST_OK;
	}
}

void pg_pool_close(struct db *db)
{
	for (struct pg_conn *c; (c = db->pg->idle);) {
		db->pg->idle = c->next;
		pg_disconnect(c);
		free(c);
	}
}

/* --- one transaction ------------------------------------------------------------------------------------------ */

static struct db_query begin_query = { .name = "BEGIN", .sql = { NULL, "BEGIN" } };
static struct db_query limit_query = { .name = "SET", .sql = { NULL, "SELECT set_config('statement_timeout', $1, true)" },
	                                   .params = (const enum db_type[]){ DB_TEXT }, .param_count = 1 };
static struct db_query commit_query = { .name = "COMMIT", .sql = { NULL, "COMMIT" } };
static struct db_query rollback_query = { .name = "ROLLBACK", .sql = { NULL, "ROLLBACK" } };

/* Takes the results of one statement: the last one in *out. */
static enum status take_statement(struct pg_conn *c, int64_t deadline_ns, PGresult **out, struct err *e)
{
	*out = NULL;
	for (;;) {
		PGresult *r;
		enum status s = pg_next_result(c, deadline_ns, &r, e);
		if (s != ST_OK || !r)
			return s;
		PQclear(*out);
		*out = r;
		if (PQstatus(c->h) == CONNECTION_BAD) /* nothing will follow */
			return ST_OK;
	}
}

static enum status take_sync(struct pg_conn *c, int64_t deadline_ns, struct err *e)
{
	SCOPED_RESULT r = NULL;
	TRY(pg_next_result(c, deadline_ns, &r, e));
	return r && PQresultStatus(r) == PGRES_PIPELINE_SYNC ? ST_OK : err_set(e, ST_UNAVAILABLE, "the connection is out of step");
}

static bool failed(const PGresult *r)
{
	return r && PQresultStatus(r) == PGRES_FATAL_ERROR;
}

/* BEGIN, in front of the first statement; behind a pooler with the limit that the session has elsewhere. How many results. */
static unsigned send_begin(struct db_conn *h)
{
	bool prepares;
	char ms[24];
	h->pg->begun = true;
	if (!pg_send(h->db, h->pg, &begin_query, NULL, &prepares))
		return 0;
	if (!h->db->cfg.pooler || h->unlimited)
		return 1 + prepares;
	struct db_value v = { .type = DB_TEXT, .s = str_n(ms, 0) };
	v.s.n = (size_t)snprintf(ms, sizeof ms, "%lld", (long long)(h->db->cfg.query_ns / NS_PER_MS));
	return pg_send(h->db, h->pg, &limit_query, &v, &prepares) ? 2 : 0;
}

/* One round trip. The result of q is in *out, or that of what failed before it (BEGIN, preparation). */
static enum status exchange(struct db_conn *h, struct db_query *q, const struct db_value *params, int64_t deadline_ns,
                            PGresult **out, struct err *e)
{
	struct db *db = h->db;
	struct pg_conn *c = h->pg;
	bool prepares = false;
	unsigned expected = 1;
	if (!c->begun) {
		unsigned begin = send_begin(h);
		if (!begin)
			return pg_lost(db, c, e);
		expected += begin;
	}
	if (!pg_send(db, c, q, params, &prepares) || !PQpipelineSync(c->h))
		return pg_lost(db, c, e);
	expected += prepares;
	for (; expected; expected--) {
		SCOPED_RESULT r = NULL;
		TRY(take_statement(c, deadline_ns, &r, e));
		if (!failed(*out)) { /* the first failure tells why; what follows is only "aborted" */
			PGresult *keep = *out;
			*out = r;
			r = keep;
		}
		if (expected == 2 && prepares && failed(*out))
			pg_forget(c, q); /* its preparation, or what stood before it */
		if (PQstatus(c->h) == CONNECTION_BAD)
			return failed(*out) ? ST_OK : pg_lost(db, c, e);
	}
	return take_sync(c, deadline_ns, e);
}

static int64_t statement_deadline(const struct db_conn *h)
{
	/* The server has the same limit, and should be the first to stop. */
	int64_t limit = h->unlimited ? 0 : clock_mono_ns() + h->db->cfg.query_ns + NS_PER_S;
	return db_earlier(h->ctx->deadline_ns, limit);
}

/* Runs q and says in the connection whether it can be used again. */
static enum status tx_exchange(struct db_conn *h, struct db_query *q, const struct db_value *params, PGresult **out, struct err *e)
{
	struct pg_conn *c = h->pg;
	if (c->broken)
		return err_set(e, ST_UNAVAILABLE, "%s: the transaction was broken off", q->name);
	enum status s = exchange(h, q, params, statement_deadline(h), out, e);
	if (s != ST_OK || PQstatus(c->h) == CONNECTION_BAD) {
		c->broken = true; /* whatever it still does, nobody waits for it: closing ends it */
		h->pg_transient = PQstatus(c->h) == CONNECTION_BAD;
	}
	if (s == ST_OK && failed(*out)) {
		h->pg_transient = pg_is_state(*out, "40001") || pg_is_state(*out, "40P01") || pg_is_stale(*out);
		if (pg_is_stale(*out))
			c->broken = true;
	}
	return s;
}

enum status pg_tx_run(struct db_conn *h, struct db_query *q, const struct db_value *params, struct db_sink *sink, int64_t *affected,
                      struct err *e)
{
	SCOPED_RESULT r = NULL;
	TRY(tx_exchange(h, q, params, &r, e));
	return pg_decode(r, q, sink, affected, e);
}

static enum status commit(struct db_conn *h, struct err *e)
{
	struct db *db = h->db;
	struct pg_conn *c = h->pg;
	if (!c->begun)
		return ST_OK;
	if (c->broken)
		return err_set(e, ST_UNAVAILABLE, "%s: the connection broke before the commit", db->cfg.name);
	SCOPED_RESULT r = NULL;
	fiber_shield();
	enum status s = exchange(h, &commit_query, NULL, clock_mono_ns() + COMMIT_NS, &r, e);
	fiber_unshield();
	if (s != ST_OK || PQstatus(c->h) == CONNECTION_BAD) {
		c->broken = true;
		return err_set(e, ST_INTERNAL, "%s: the connection was lost during the commit: it may or may not have happened", db->cfg.name);
	}
	if (failed(r)) {
		h->pg_transient = pg_is_state(r, "40001") || pg_is_state(r, "40P01");
		return pg_result_error(r, "COMMIT", e);
	}
	/* The server answers COMMIT of a failed transaction with ROLLBACK: fn has swallowed an error. */
	if (strcmp(PQcmdStatus(r), "COMMIT") != 0)
		return err_set(e, ST_INTERNAL, "%s: a statement failed and its error was not returned", db->cfg.name);
	COUNT(db, commits);
	return ST_OK;
}

static void rollback(struct db_conn *h)
{
	struct pg_conn *c = h->pg;
	COUNT(h->db, rollbacks);
	if (!c->begun || c->broken)
		return;
	SCOPED_RESULT r = NULL;
	fiber_shield();
	enum status s = exchange(h, &rollback_query, NULL, clock_mono_ns() + 2 * NS_PER_S, &r, NULL);
	fiber_unshield();
	if (s != ST_OK || failed(r))
		c->broken = true;
}

static enum status attempt(struct db_conn *h, db_tx_fn *fn, void *arg, struct err *e)
{
	h->pg_transient = false;
	h->hooks = NULL;
	h->hooks_tail = &h->hooks;
	TRY(take(h, &h->pg, e));
	enum status s = db_call_guarded(fn, h, arg, e);
	if (s == ST_OK)
		s = commit(h, e);
	if (s != ST_OK)
		rollback(h);
	give(h->db, h->pg);
	h->pg = NULL;
	return s;
}

enum status pg_write(struct db_conn *h, db_tx_fn *fn, void *arg, struct err *e)
{
	struct err err = { 0 };
	enum status s;
	if (!fiber_self())
		return err_set(e, ST_INTERNAL, "%s: PostgreSQL is used from fibers only", h->db->cfg.name);
	for (int tries = 1;; tries++) {
		s = attempt(h, fn, arg, &err);
		if (s == ST_OK)
			return ST_OK;
		if (!h->pg_transient || tries == TRIES_MAX || fiber_cancelled())
			break;
		COUNT(h->db, retries);
		/* Two that collided should not meet again at once. */
		uint16_t jitter;
		random_bytes(&jitter, sizeof jitter);
		int64_t pause = ((NS_PER_MS << tries) * jitter) >> 16;
		if (fiber_sleep_ns(pause) != ST_OK)
			break;
	}
	return err_set(e, s, "%s", err.msg);
}

/* --- scripts -------------------------------------------------------------------------------------------------- */

/* Several statements in one text need the simple protocol, and that needs to leave the pipeline for a moment. */
static enum status simple_query(struct db_conn *h, const char *sql, struct err *e)
{
	struct pg_conn *c = h->pg;
	if (!PQexitPipelineMode(c->h) || !PQsendQuery(c->h, sql))
		return pg_lost(h->db, c, e);
	enum status s = ST_OK;
	SCOPED_RESULT r = NULL;
	do {
		pg_clearp(&r);
		TRY(pg_next_result(c, h->ctx->deadline_ns, &r, e));
		if (failed(r) && s == ST_OK)
			s = pg_result_error(r, "script", e);
	} while (r && PQstatus(c->h) != CONNECTION_BAD);
	return PQenterPipelineMode(c->h) ? s : pg_lost(h->db, c, e);
}

enum status pg_tx_script(struct db_conn *h, const char *sql, struct err *e)
{
	assert(h->pg->begun); /* by taking the migration lock */
	enum status s = simple_query(h, sql, e);
	if (s != ST_OK)
		h->pg->broken = true;
	return s;
}
