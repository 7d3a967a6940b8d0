/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL reads: each loop has a few connections in pipeline mode that its fibers share. A statement is sent at
 * once, behind those of other fibers, and its fiber parks; results come back in order and wake the fibers one by one.
 *
 * A lane is a set of such connections to one server: one lane to the replica, when there is one, one to the primary. A
 * lane opens its connections as they are needed. Statements that were on a connection when it broke are sent again
 * elsewhere (they only read); when the replica does not answer, the primary takes over until it does.
 *
 * Behind PgBouncer in transaction mode only one Sync may be outstanding (1.18 gives the server away at the first), so
 * there what has gathered is sent in groups with one Sync; elsewhere each statement has its own, and an error touches
 * nobody else. In a group the server skips what follows a failed statement: that is sent again.
 *
 * A duplicate of each socket is watched, for libpq closes its own when the connection breaks, in the middle of a call.
 * A process that is being started (pictures) may hold that socket for a moment more: it would stay in the loop's set,
 * out of reach, and go on reporting.
 *
 * Everything here runs on the loop's thread. A request is on the heap: a fiber that gives up leaves it behind, and its
 * result is thrown away when it comes.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/postgres.h"
#include "rt/fiber.h"

#define INFLIGHT 128  /* statements on one connection */
#define GROUP 16      /* behind a pooler: statements under one Sync */
#define BUSY 8        /* statements on every open connection before another one is opened */
#define STALLED_NS (5 * NS_PER_MS) /* a connection whose oldest statement has run that long is avoided */
#define SENDS_MAX 3   /* times a statement is sent before its failure is the answer */
#define ITEMS (INFLIGHT * 4)

enum req_state { REQ_QUEUED, REQ_SENT, REQ_DONE };

struct pg_req {
	struct pg_req *next;
	struct db_query *q;
	const struct db_value *params; /* the fiber's; valid until it gives up */
	struct fiber *fiber;           /* NULL: gave up */
	enum req_state state;
	unsigned sends;
	struct pg_pipe *pipe; /* when sent */
	PGresult *result;
	struct err err; /* when there is no result */
};

/* What the server will answer, in order. */
struct item {
	enum { ITEM_PREPARE, ITEM_QUERY, ITEM_SYNC } kind;
	struct pg_req *req;
	PGresult *result;
};

enum pipe_state { PIPE_CLOSED, PIPE_CONNECTING, PIPE_READY };

struct pg_pipe {
	struct pg_conn conn;
	struct pg_lane *lane;
	enum pipe_state state;
	struct watch watch;
	struct item items[ITEMS]; /* a ring */
	unsigned first, count;
	unsigned inflight;
	int64_t progress_ns; /* when the oldest statement's turn came */
	bool cancelled; /* a cancel is on its way to the server: it may meet the wrong statement */
	bool dirty; /* statements sent since the last Sync */
};

struct pg_lane {
	struct pg_loop *loop;
	const char *url;
	bool primary;
	struct pg_pipe **pipes; /* made when first opened */
	unsigned connecting, ready;
	unsigned patience; /* of PG_RECONNECTS, what is left */
	struct backoff backoff;
	int64_t retry_at_ns;
	struct err down;
	struct pg_req *head, **tail;
	unsigned queued;
};

struct pg_loop {
	struct db_per_loop base;
	struct pg_lane primary, replica;
	bool closing;
};

static void lane_dispatch(struct pg_lane *l);

/* --- requests ------------------------------------------------------------------------------------------------- */

static void req_free(struct pg_req *r)
{
	PQclear(r->result);
	free(r);
}

static void req_done(struct pg_req *r)
{
	r->state = REQ_DONE;
	if (r->fiber)
		fiber_wake(r->fiber);
	else
		req_free(r);
}

static void req_fail(struct pg_req *r, const struct err *why)
{
	r->err = *why;
	req_done(r);
}

static void lane_push(struct pg_lane *l, struct pg_req *r, bool front)
{
	r->state = REQ_QUEUED;
	r->next = front ? l->head : NULL;
	if (front) {
		if (!l->head)
			l->tail = &r->next;
		l->head = r;
	} else {
		*l->tail = r;
		l->tail = &r->next;
	}
	l->queued++;
}

static struct pg_req *lane_pop(struct pg_lane *l)
{
	struct pg_req *r = l->head;
	l->head = r->next;
	if (!l->head)
		l->tail = &l->head;
	l->queued--;
	r->next = NULL;
	return r;
}

static void lane_unlink(struct pg_lane *l, struct pg_req *r)
{
	for (struct pg_req **at = &l->head; *at; at = &(*at)->next) {
		if (*at != r)
			continue;
		*at = r->next;
		if (l->tail == &r->next)
			l->tail = at;
		l->queued--;
		return;
	}
}

/* Its connection broke, or an earlier statement of its group failed. */
static void send_again(struct pg_lane *l, struct pg_req *r, bool penalty, const struct err *why)
{
	if (!r->fiber) {
		req_free(r);
		return;
	}
	pg_clearp(&r->result); /* of a preparation that failed before the connection did */
	if (!penalty && r->sends)
		r->sends--;
	if (r->sends >= SENDS_MAX) {
		req_fail(r, why);
		return;
	}
	COUNT(l->loop->base.db, retries);
	lane_push(l, r, true);
}

/* --- a pipe: what is on its way -------------------------------------------------------------------------------- */

static void item_push(struct pg_pipe *p, int kind, struct pg_req *r)
{
	assert(p->count < ITEMS);
	p->items[(p->first + p->count++) % ITEMS] = (struct item){ .kind = kind, .req = r };
}

static struct item item_pop(struct pg_pipe *p)
{
	struct item it = p->items[p->first];
	p->progress_ns = clock_mono_ns();
	p->first = (p->first + 1) % ITEMS;
	p->count--;
	return it;
}

static void pipe_lost(struct pg_pipe *p)
{
	struct pg_lane *l = p->lane;
	struct err why = { 0 };
	pg_lost(l->loop->base.db, &p->conn, &why);
	LOG(WARN, NULL, "db.connection_lost", LS("db", l->loop->base.db->cfg.name), LS("error", why.msg));
	assert(p->state == PIPE_READY);
	watch_del(&p->watch);
	close(p->watch.fd);
	pg_disconnect(&p->conn);
	p->state = PIPE_CLOSED;
	l->ready--;
	UNCOUNT(l->loop->base.db, pool_open);
	/* From the last to the first: each goes to the front. */
	for (; p->count; p->count--) {
		struct item *it = &p->items[(p->first + p->count - 1) % ITEMS];
		PQclear(it->result);
		if (it->kind == ITEM_QUERY)
			send_again(l, it->req, true, &why);
	}
	p->first = p->inflight = 0;
	p->dirty = p->cancelled = false;
	lane_dispatch(l);
}

static void complete_query(struct pg_pipe *p, struct pg_req *r, PGresult *result)
{
	static const struct err stale = { ST_UNAVAILABLE, "the connection to the database went stale" };
	if (r->result) { /* its preparation failed: that failure is the statement's answer */
		PQclear(result);
		result = r->result;
		r->result = NULL;
	}
	ExecStatusType status = PQresultStatus(result);
	p->inflight--;
	if (status == PGRES_PIPELINE_ABORTED) {
		PQclear(result);
		send_again(p->lane, r, false, &stale);
	} else if (p->cancelled && pg_is_state(result, "57014")) {
		PQclear(result);
		p->cancelled = false;
		send_again(p->lane, r, true, &stale);
	} else if (status == PGRES_FATAL_ERROR && pg_is_stale(result) && r->fiber && r->sends < SENDS_MAX) {
		/* The plan or the statement is no longer valid there: prepare it anew. */
		PQclear(result);
		pg_forget(&p->conn, r->q);
		if (PQstatus(p->conn.h) == CONNECTION_OK)
			p->conn.broken = true;
		send_again(p->lane, r, true, &stale);
	} else {
		r->result = result;
		req_done(r);
	}
}

static void complete(struct pg_pipe *p)
{
	struct item it = item_pop(p);
	if (it.kind == ITEM_QUERY) {
		complete_query(p, it.req, it.result);
		return;
	}
	if (PQresultStatus(it.result) == PGRES_FATAL_ERROR) {
		pg_forget(&p->conn, it.req->q);
		it.req->result = it.result;
		return;
	}
	PQclear(it.result);
}

/* False: the connection is lost. */
static bool take_results(struct pg_pipe *p)
{
	PGconn *h = p->conn.h;
	while (p->count && !PQisBusy(h)) {
		struct item *it = &p->items[p->first];
		PGresult *r = PQgetResult(h);
		if (PQstatus(h) == CONNECTION_BAD) {
			PQclear(r);
			return false;
		}
		if (it->kind == ITEM_SYNC) {
			bool sync = r && PQresultStatus(r) == PGRES_PIPELINE_SYNC;
			PQclear(r);
			if (!sync)
				return false;
			item_pop(p);
		} else if (r) {
			PQclear(it->result);
			it->result = r;
		} else if (it->result) {
			complete(p);
		} else {
			return false;
		}
	}
	return true;
}

static void pipe_ready(struct watch *w, uint32_t events)
{
	struct pg_pipe *p = (struct pg_pipe *)((char *)w - offsetof(struct pg_pipe, watch));
	int unsent = PQflush(p->conn.h);
	if (unsent < 0 || !PQconsumeInput(p->conn.h) || !take_results(p) || PQstatus(p->conn.h) == CONNECTION_BAD ||
	    (p->conn.broken && !p->count)) {
		pipe_lost(p);
		return;
	}
	unsent = PQflush(p->conn.h);
	if (unsent < 0) {
		pipe_lost(p);
		return;
	}
	watch_set(w, EPOLLIN | (unsent > 0 ? EPOLLOUT : 0));
	lane_dispatch(p->lane);
}

/* --- connecting ----------------------------------------------------------------------------------------------- */

static void lane_failed(struct pg_lane *l, int64_t since_ns, const struct err *why)
{
	struct db *db = l->loop->base.db;
	l->down = *why;
	if (!pg_patience(&l->patience, since_ns))
		l->retry_at_ns = clock_mono_ns() + backoff_failed(&l->backoff);
	LOG(WARN, NULL, l->primary ? "db.unreachable" : "db.replica_unreachable", LS("db", db->cfg.name),
	        LS("error", why->msg));
}

static enum status pipe_watch(struct pg_pipe *p, struct err *e)
{
	int fd = fcntl(PQsocket(p->conn.h), F_DUPFD_CLOEXEC, 0);
	enum status s = fd < 0 ? err_errno(e, ST_IO, "no descriptor to watch")
	                       : watch_add(p->lane->loop->base.loop, &p->watch, fd, EPOLLIN, pipe_ready, e);
	if (s != ST_OK && fd >= 0)
		close(fd);
	return s;
}

static void pipe_connect(void *arg)
{
	struct pg_pipe *p = arg;
	struct pg_lane *l = p->lane;
	struct db *db = l->loop->base.db;
	struct err err = { 0 };
	int64_t since_ns = clock_mono_ns();
	enum status s = pg_connect(db, l->url, PG_FOR_READS, 0, &p->conn, &err);
	if (s == ST_OK)
		s = pipe_watch(p, &err);
	l->connecting--;
	if (s != ST_OK) {
		pg_disconnect(&p->conn);
		p->state = PIPE_CLOSED;
		lane_failed(l, since_ns, &err);
	} else {
		p->state = PIPE_READY;
		l->ready++;
		l->patience = PG_RECONNECTS;
		backoff_went_well(&l->backoff);
		l->retry_at_ns = 0;
		COUNT(db, pool_open);
	}
	if (!l->loop->closing)
		lane_dispatch(l);
}

/* Starts opening one more connection, if there may be one. True: one is on its way. */
static bool lane_grow(struct pg_lane *l)
{
	const struct db *db = l->loop->base.db;
	if (l->connecting)
		return true;
	if (l->retry_at_ns > clock_mono_ns())
		return false;
	for (unsigned i = 0; i < db->cfg.read_pool; i++) {
		if (!l->pipes[i] && !(l->pipes[i] = calloc(1, sizeof **l->pipes)))
			return false;
		struct pg_pipe *p = l->pipes[i];
		if (p->state != PIPE_CLOSED)
			continue;
		p->lane = l;
		p->state = PIPE_CONNECTING;
		l->connecting++;
		if (!fiber_spawn(l->loop->base.loop, pipe_connect, p, FIBER_LARGE)) {
			p->state = PIPE_CLOSED;
			l->connecting--;
			return false;
		}
		return true;
	}
	return false;
}

/* --- dispatch ------------------------------------------------------------------------------------------------- */

static bool stalled(const struct pg_pipe *p, int64_t now)
{
	return p->count && now - p->progress_ns > STALLED_NS;
}

/* Statements on one connection run one after the other: one sent after a slow one waits for it. */
static bool better(const struct pg_pipe *a, const struct pg_pipe *b, int64_t now)
{
	bool slow_a = stalled(a, now), slow_b = stalled(b, now);
	return slow_a != slow_b ? slow_b : a->inflight < b->inflight;
}

static struct pg_pipe *least_busy(const struct pg_lane *l, int64_t now)
{
	const struct db *db = l->loop->base.db;
	struct pg_pipe *best = NULL;
	for (unsigned i = 0; i < db->cfg.read_pool; i++) {
		struct pg_pipe *p = l->pipes[i];
		if (!p || p->state != PIPE_READY || p->conn.broken)
			continue;
		bool room = db->cfg.pooler ? p->count == 0 || p->dirty : p->inflight < INFLIGHT;
		if (p->dirty && p->inflight >= GROUP)
			room = false;
		if (room && (!best || better(p, best, now)))
			best = p;
	}
	return best;
}

static bool pipe_sync(struct pg_pipe *p)
{
	if (!PQpipelineSync(p->conn.h))
		return false;
	item_push(p, ITEM_SYNC, NULL);
	p->dirty = false;
	return true;
}

static bool pipe_send(struct pg_pipe *p, struct pg_req *r)
{
	const struct db *db = p->lane->loop->base.db;
	bool prepares;
	r->state = REQ_SENT;
	r->pipe = p;
	r->sends++;
	if (!p->count)
		p->progress_ns = clock_mono_ns();
	bool sent = pg_send(db, &p->conn, r->q, r->params, &prepares);
	if (prepares)
		item_push(p, ITEM_PREPARE, r);
	item_push(p, ITEM_QUERY, r);
	p->inflight++;
	p->dirty = true;
	return sent && (db->cfg.pooler || pipe_sync(p));
}

static void lane_sync_groups(struct pg_lane *l)
{
	const struct db *db = l->loop->base.db;
	for (unsigned i = 0; i < db->cfg.read_pool; i++) {
		struct pg_pipe *p = l->pipes[i];
		if (!p || p->state != PIPE_READY)
			continue;
		bool ok = !p->dirty || pipe_sync(p);
		int unsent = ok ? PQflush(p->conn.h) : -1;
		if (unsent < 0)
			pipe_lost(p); /* libpq may have closed the socket already: nothing would ever be ready there */
		else if (unsent)
			watch_set(&p->watch, EPOLLIN | EPOLLOUT);
	}
}

/* Nothing is open and nothing can be opened now: the replica's work goes to the primary, the primary's fails. */
static void lane_give_up(struct pg_lane *l)
{
	struct pg_lane *primary = &l->loop->primary;
	while (l->head) {
		struct pg_req *r = lane_pop(l);
		if (l == primary)
			req_fail(r, &l->down);
		else
			lane_push(primary, r, false);
	}
	if (l != primary)
		lane_dispatch(primary);
}

static void lane_dispatch(struct pg_lane *l)
{
	struct pg_pipe *p = NULL;
	bool sent = false;
	int64_t now = l->head ? clock_mono_ns() : 0;
	while (l->head && (p = least_busy(l, now))) {
		bool slow = stalled(p, now);
		if ((slow || p->inflight >= BUSY) && lane_grow(l) && slow)
			/* a connection is being opened: the statement waits for that one, not for the slow one */
			break;
		struct pg_req *r = lane_pop(l);
		sent = true;
		if (!pipe_send(p, r)) {
			pipe_lost(p); /* dispatches what is left */
			break;
		}
	}
	if (sent)
		lane_sync_groups(l);
	if (!l->head)
		return;
	lane_grow(l);
	if (!l->ready && !l->connecting)
		lane_give_up(l);
}

/* --- the engine's reads --------------------------------------------------------------------------------------- */

static void lane_init(struct pg_lane *l, struct pg_loop *pl, const char *url, bool primary)
{
	l->loop = pl;
	l->url = url;
	l->primary = primary;
	l->tail = &l->head;
	l->backoff = PG_BACKOFF;
	l->pipes = calloc(pl->base.db->cfg.read_pool, sizeof *l->pipes);
	l->down = (struct err){ ST_UNAVAILABLE, "the database can not be reached" };
}

static void lane_fini(struct pg_lane *l, bool loop_alive)
{
	for (unsigned i = 0; l->pipes && i < l->loop->base.db->cfg.read_pool; i++) {
		struct pg_pipe *p = l->pipes[i];
		if (!p)
			continue;
		for (; p->count; p->count--) { /* left behind by fibers that gave up */
			struct item *it = &p->items[(p->first + p->count - 1) % ITEMS];
			PQclear(it->result);
			if (it->kind == ITEM_QUERY)
				req_free(it->req);
		}
		if (p->state == PIPE_READY) {
			UNCOUNT(l->loop->base.db, pool_open);
			if (loop_alive)
				watch_del(&p->watch);
			close(p->watch.fd);
		}
		pg_disconnect(&p->conn);
		free(p);
	}
	free(l->pipes);
}

struct db_per_loop *pg_readers_new(struct db *db)
{
	struct pg_loop *pl = calloc(1, sizeof *pl);
	if (!pl)
		return NULL;
	pl->base.db = db;
	lane_init(&pl->primary, pl, db->cfg.url, true);
	lane_init(&pl->replica, pl, db->cfg.replica_url, false);
	if (pl->primary.pipes && pl->replica.pipes)
		return &pl->base;
	free(pl->primary.pipes);
	free(pl->replica.pipes);
	free(pl);
	return NULL;
}

enum status pg_read_begin(struct db_conn *c, struct err *e)
{
	if (!fiber_self())
		return err_set(e, ST_INTERNAL, "%s: PostgreSQL is used from fibers only", c->db->cfg.name);
	c->pg_loop = (struct pg_loop *)db_per_loop(c->db);
	return c->pg_loop ? ST_OK : err_set(e, ST_NOMEM, "%s: no memory for readers", c->db->cfg.name);
}

static struct pg_lane *lane_for(struct pg_loop *pl)
{
	struct pg_lane *r = &pl->replica;
	if (!r->url || (!r->ready && r->retry_at_ns > clock_mono_ns()))
		return &pl->primary;
	return r;
}

static enum status read_await(struct db_conn *c, struct pg_req *r, struct err *e)
{
	struct db *db = c->db;
	int64_t deadline = db_earlier(c->ctx->deadline_ns, clock_mono_ns() + db->cfg.checkout_ns + db->cfg.query_ns);
	enum status s = ST_OK;
	COUNT(db, waiting);
	while (r->state != REQ_DONE && s == ST_OK)
		s = fiber_park(deadline);
	UNCOUNT(db, waiting);
	return r->state == REQ_DONE ? ST_OK : err_set(e, s, "%s: the database did not answer in time", r->q->name);
}

static void give_up(struct pg_loop *pl, struct pg_req *r)
{
	if (r->state == REQ_SENT) { /* whoever takes its result frees it */
		struct pg_pipe *p = r->pipe;
		r->fiber = NULL;
		r->params = NULL;
		/* The statement that runs is ended when nobody else waits behind it, and behind a pooler, which sets no
		 * limit. */
		if (p->items[p->first].req == r && (p->inflight == 1 || pl->base.db->cfg.pooler)) {
			pg_cancel(&p->conn);
			p->cancelled = true;
			if (pl->base.db->cfg.pooler)
				pipe_lost(p);
		}
		return;
	}
	lane_unlink(&pl->primary, r);
	lane_unlink(&pl->replica, r);
	req_free(r);
}

enum status pg_read_run(struct db_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
                        int64_t *affected, struct err *e)
{
	struct pg_loop *pl = c->pg_loop;
	struct pg_lane *l = lane_for(pl);
	if (l->queued >= c->db->cfg.queue) {
		COUNT(c->db, refused);
		return err_set(e, ST_UNAVAILABLE, "%s: too many reads are waiting", c->db->cfg.name);
	}
	struct pg_req *r = calloc(1, sizeof *r);
	if (!r)
		return err_set(e, ST_NOMEM, "no memory for %s", q->name);
	r->q = q;
	r->params = params;
	r->fiber = fiber_self();
	lane_push(l, r, false);
	lane_dispatch(l);
	enum status s = read_await(c, r, e);
	if (s != ST_OK) {
		give_up(pl, r);
		return s;
	}
	SCOPED_RESULT result = r->result;
	struct err err = r->err;
	r->result = NULL;
	req_free(r);
	return result ? pg_decode(result, q, sink, affected, e) : err_set(e, err.status, "%s: %s", q->name, err.msg);
}

void pg_readers_close(struct db_per_loop *p, bool on_its_thread)
{
	struct pg_loop *pl = (struct pg_loop *)p;
	pl->closing = true;
	/* Connections that are being opened are in fibers of their own. When the loop ends there are none left. */
	while (on_its_thread && fiber_self() && pl->primary.connecting + pl->replica.connecting)
		if (fiber_sleep_ns(NS_PER_MS) != ST_OK)
			fiber_yield();
	lane_fini(&pl->primary, on_its_thread);
	lane_fini(&pl->replica, on_its_thread);
	free(pl);
}
