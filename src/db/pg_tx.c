/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL transactions, from one pool per process.
 *
 * A pooled connection belongs to no loop: between transactions nothing watches its socket, and the fiber that has it
 * waits for the socket on its own loop. So any loop may use any connection, and a busy loop is not limited to its
 * share.
 *
 * A statement whose outcome is asked for is one round trip. One that only writes (db_exec without a count) waits for
 * company: it travels with the next that is asked for, at the latest with COMMIT, and the server takes them in order.
 * BEGIN goes in front of the first. So a transaction that only writes is one round trip. One Sync is outstanding at a
 * time, which PgBouncer handles. Isolation is the server's default, READ COMMITTED unless the URL's options say
 * otherwise: write conditions into the statement (UPDATE … WHERE version = :v) or lock with FOR UPDATE. Serialisation
 * failures, deadlocks and connections lost before COMMIT was sent are tried again from the start.
 *
 * A connection lost while COMMIT is on its way leaves the outcome unknown. That is the one failure after which
 * something may have happened; it is ST_INTERNAL, which nothing retries by itself.
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

/* The server sends nothing on an idle connection but the notice that it closes it. */
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

static void tx_conn_give_back(struct db *db, struct pg_conn *c)
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
			return err_set(e, s == ST_TIMEOUT ? ST_UNAVAILABLE : s, "%s: no connection became free in time",
			        db->cfg.name);
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

static struct pg_conn *open_one(struct db_conn *h, int64_t deadline_ns, struct err *e)
{
	struct db *db = h->db;
	struct pg_db *pg = db->pg;
	struct pg_conn *c = calloc(1, sizeof *c);
	struct err err = { 0 };
	int64_t since_ns = clock_mono_ns();
	COUNT(db, pool_open);
	if (!c) {
		err_set(&err, ST_NOMEM, "%s: no memory for a connection", db->cfg.name);
	} else if (pg_connect(db, db->cfg.url, PG_FOR_TX, deadline_ns, c, &err) == ST_OK) {
		pthread_mutex_lock(&pg->lock);
		pg->patience = PG_RECONNECTS * db->cfg.pool;
		backoff_went_well(&pg->backoff);
		pg->down_until_ns = 0;
		pthread_mutex_unlock(&pg->lock);
		return c;
	}
	free(c);
	pthread_mutex_lock(&pg->lock);
	pg->open--;
	if (err.status == ST_UNAVAILABLE && pg_patience(&pg->patience, since_ns)) {
		h->pg_transient = true;
	} else if (err.status == ST_UNAVAILABLE) {
		pg->down_until_ns = clock_mono_ns() + backoff_failed(&pg->backoff);
		pg->down = err;
	}
	waitq_wake_one(&pg->free_again);
	pthread_mutex_unlock(&pg->lock);
	UNCOUNT(db, pool_open);
	if (e)
		*e = err;
	return NULL;
}

static enum status tx_conn_checkout(struct db_conn *h, struct pg_conn **out, struct err *e)
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
			*out = open_one(h, deadline, &err);
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
static struct db_query limit_query = { .name = "SET",
	.sql = { NULL, "SELECT set_config('statement_timeout', $1, true)" },
	.params = (const enum db_type[]){ DB_TEXT },
	.param_count = 1 };
static struct db_query soon_query = { .name = "SET", .sql = { NULL, "SET LOCAL synchronous_commit TO off" } };
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
	return r && PQresultStatus(r) == PGRES_PIPELINE_SYNC
	        ? ST_OK
	        : err_set(e, ST_UNAVAILABLE, "the connection is out of step");
}

static bool result_failed(const PGresult *r)
{
	return r && PQresultStatus(r) == PGRES_FATAL_ERROR;
}

static bool queue_one(struct db_conn *h, struct db_query *q, const struct db_value *params)
{
	struct pg_conn *c = h->pg;
	bool prepares;
	if (!pg_send(h->db, c, q, params, &prepares))
		return false;
	c->pending[c->pending_n].q = q;
	c->pending[c->pending_n++].prepares = prepares;
	for (unsigned i = 0; i < q->param_count; i++)
		c->pending_bytes += params[i].type == DB_TEXT || params[i].type == DB_BLOB ? params[i].s.n
		                                                                           : sizeof(int64_t);
	return true;
}

/* Behind BEGIN, where it is the first; behind a pooler with the limit that the session has elsewhere. */
static enum status queue(struct db_conn *h, struct db_query *q, const struct db_value *params, struct err *e)
{
	struct pg_conn *c = h->pg;
	bool sent = true;
	if (!c->begun) {
		c->begun = true;
		sent = queue_one(h, &begin_query, NULL) && (!h->soon || queue_one(h, &soon_query, NULL));
		if (sent && h->db->cfg.pooler && !h->unlimited) {
			char ms[24];
			int n = snprintf(ms, sizeof ms, "%lld", (long long)(h->db->cfg.query_ns / NS_PER_MS));
			sent = queue_one(
			        h, &limit_query, &(struct db_value){ .type = DB_TEXT, .s = str_n(ms, (size_t)n) });
		}
	}
	if (sent && queue_one(h, q, params))
		return ST_OK;
	c->broken = true;
	return pg_lost(h->db, c, e);
}

/* One round trip for all that is pending. *out: the last result, or the first failure: what follows one is only
 * "aborted". */
static enum status read_results(struct db_conn *h, int64_t deadline_ns, PGresult **out, struct err *e)
{
	struct pg_conn *c = h->pg;
	unsigned n = c->pending_n;
	c->pending_n = 0;
	c->pending_bytes = 0;
	c->failed = NULL;
	if (!PQpipelineSync(c->h))
		return pg_lost(h->db, c, e);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned results = 1 + c->pending[i].prepares; results; results--) {
			SCOPED_RESULT r = NULL;
			TRY(take_statement(c, deadline_ns, &r, e));
			if (!result_failed(*out)) {
				PGresult *keep = *out;
				*out = r;
				r = keep;
				c->failed = result_failed(*out) ? c->pending[i].q : NULL;
			}
			if (results == 2 && result_failed(*out))
				pg_forget(c, c->pending[i].q); /* its preparation, or what stood before it */
			if (PQstatus(c->h) == CONNECTION_BAD)
				return result_failed(*out) ? ST_OK : pg_lost(h->db, c, e);
		}
	}
	return take_sync(c, deadline_ns, e);
}

static enum status query_exchange(struct db_conn *h, struct db_query *q, const struct db_value *params,
                                  int64_t deadline_ns, PGresult **out, struct err *e)
{
	TRY(queue(h, q, params, e));
	return read_results(h, deadline_ns, out, e);
}

static int64_t statement_deadline(const struct db_conn *h)
{
	/* The server has the same limit, and should be the first to stop. */
	int64_t limit = h->unlimited ? 0 : clock_mono_ns() + h->db->cfg.query_ns + NS_PER_S;
	return db_earlier(h->ctx->deadline_ns, limit);
}

/* Settles, and says in the connection whether it can be used again and in the handle whether another try may succeed.
 */
static enum status settle_in_tx(struct db_conn *h, int64_t deadline_ns, PGresult **out, struct err *e)
{
	struct pg_conn *c = h->pg;
	enum status s = read_results(h, deadline_ns, out, e);
	if (s != ST_OK || PQstatus(c->h) == CONNECTION_BAD) {
		c->broken = true; /* whatever it still does, nobody waits for it: closing ends it */
		h->pg_transient = s == ST_UNAVAILABLE || PQstatus(c->h) == CONNECTION_BAD;
	}
	if (s == ST_OK && result_failed(*out)) {
		h->pg_transient = pg_is_state(*out, "40001") || pg_is_state(*out, "40P01") || pg_is_stale(*out);
		if (pg_is_stale(*out))
			c->broken = true;
	}
	return s;
}

enum status pg_tx_run(struct db_conn *h, struct db_query *q, const struct db_value *params, struct db_sink *sink,
        int64_t *affected, struct err *e)
{
	struct pg_conn *c = h->pg;
	SCOPED_RESULT r = NULL;
	if (c->broken)
		return err_set(e, ST_UNAVAILABLE, "%s: the transaction was broken off", q->name);
	enum status s = queue(h, q, params, e);
	if (s != ST_OK) {
		h->pg_transient = PQstatus(c->h) == CONNECTION_BAD;
		return s;
	}
	bool asked = sink || affected || !q->writes;
	/* Room is kept for COMMIT. */
	if (!asked && c->pending_n < PG_PENDING_MAX - 1 && c->pending_bytes < PG_PENDING_BYTES)
		return ST_OK;
	TRY(settle_in_tx(h, statement_deadline(h), &r, e));
	return pg_decode(r, c->failed ? c->failed : q, sink, affected, e);
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
	enum status s = queue(h, &commit_query, NULL, e);
	if (s == ST_OK)
		s = settle_in_tx(h, h->unlimited ? 0 : clock_mono_ns() + db->cfg.query_ns + COMMIT_NS, &r, e);
	fiber_unshield();
	if (s == ST_OK && result_failed(r) && c->failed != &commit_query)
		return pg_result_error(r, c->failed->name, e); /* the server stopped before it came to COMMIT */
	h->pg_transient = false;
	if (s != ST_OK || PQstatus(c->h) == CONNECTION_BAD) {
		c->broken = true;
		return err_set(e, ST_INTERNAL,
		        "%s: the connection was lost during the commit: it may or may not have happened", db->cfg.name);
	}
	if (result_failed(r)) {
		h->pg_transient = pg_is_state(r, "40001") || pg_is_state(r, "40P01");
		return pg_result_error(r, "COMMIT", e);
	}
	/* The server answers COMMIT of a failed transaction with ROLLBACK: fn has swallowed an error. */
	if (strcmp(PQcmdStatus(r), "COMMIT") != 0)
		return err_set(e, ST_INTERNAL, "%s: a statement failed and its error was not returned", db->cfg.name);
	COUNT(db, commits);
	return ST_OK;
}

static void tx_rollback(struct db_conn *h)
{
	struct pg_conn *c = h->pg;
	COUNT(h->db, rollbacks);
	if (!c->begun || c->broken)
		return;
	SCOPED_RESULT ignored = NULL;
	SCOPED_RESULT r = NULL;
	int64_t deadline = clock_mono_ns() + 2 * NS_PER_S;
	enum status s = ST_OK;
	fiber_shield();
	if (c->pending_n) /* first by itself: if some of it fails, all that is behind it in the same flight is skipped
	                   */
		s = read_results(h, deadline, &ignored, NULL);
	if (s == ST_OK)
		s = query_exchange(h, &rollback_query, NULL, deadline, &r, NULL);
	fiber_unshield();
	if (s != ST_OK || result_failed(r))
		c->broken = true;
}

static enum status attempt(struct db_conn *h, db_tx_fn *fn, void *arg, struct err *e)
{
	h->pg_transient = false;
	h->hooks = NULL;
	h->hooks_tail = &h->hooks;
	TRY(tx_conn_checkout(h, &h->pg, e));
	enum status s = db_call_guarded(fn, h, arg, e);
	if (s == ST_OK)
		s = commit(h, e);
	if (s != ST_OK)
		tx_rollback(h);
	tx_conn_give_back(h->db, h->pg);
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
		/* Two transactions that collided should not try again at the same moment. */
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
		if (result_failed(r) && s == ST_OK)
			s = pg_result_error(r, "script", e);
	} while (r && PQstatus(c->h) != CONNECTION_BAD);
	return PQenterPipelineMode(c->h) ? s : pg_lost(h->db, c, e);
}

enum status pg_tx_script(struct db_conn *h, const char *sql, struct err *e)
{
	assert(h->pg->begun && !h->pg->pending_n); /* by taking the migration lock */
	enum status s = simple_query(h, sql, e);
	if (s != ST_OK)
		h->pg->broken = true;
	return s;
}
