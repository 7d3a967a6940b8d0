/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of the database layer that both engines share: opening by URL, the life of a handle, hooks, rows in an
 * arena.
 *
 * Life of a handle: db_read or db_write makes it in the ctx's arena; the engine gives it what it needs; generated
 * queries use it; db_read_end, or the return of db_write, takes back what it holds. Its memory goes with the arena. A
 * handle is used by one fiber (reads, and writes on PostgreSQL) or by the writer thread (writes on SQLite).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "db/internal.h"
#include "rt/fiber.h"

void db_config_default(struct db_config *c)
{
	*c = (struct db_config){
		.pool = 10,
		.queue = 10000,
		.checkout_ns = 10 * NS_PER_S,
		.recycle_ns = 30 * 60 * NS_PER_S,
		.query_ns = 5 * NS_PER_S,
		.fsync = true,
	};
}

static bool is_postgres(const char *url)
{
	return !strncmp(url, "postgresql://", 13) || !strncmp(url, "postgres://", 11);
}

static void db_release(struct db *db)
{
	pthread_mutex_destroy(&db->loops_lock);
	free((char *)db->cfg.name);
	free((char *)db->cfg.url);
	free((char *)db->cfg.replica_url);
	free(db);
}

static struct db *db_make(const struct db_config *c, struct err *e)
{
	static _Atomic uint64_t serial = 1;
	struct db *db = calloc(1, sizeof *db);
	if (!db) {
		err_set(e, ST_NOMEM, "no memory for database %s", c->name);
		return NULL;
	}
	db->serial = atomic_fetch_add(&serial, 1);
	pthread_mutex_init(&db->loops_lock, NULL);
	db->cfg = *c;
	db->engine = is_postgres(c->url) ? DB_POSTGRES : DB_SQLITE;
	db->ops = db->engine == DB_POSTGRES ? &db_postgres_ops : &db_sqlite_ops;
	db->cfg.name = strdup(c->name ? c->name : "db");
	db->cfg.url = strdup(c->url);
	db->cfg.replica_url = c->replica_url && *c->replica_url ? strdup(c->replica_url) : NULL;
	if (!db->cfg.read_pool)
		db->cfg.read_pool = db->engine == DB_SQLITE ? 8 : c->pooler ? 4 : 1;
	if (!db->cfg.pool)
		db->cfg.pool = 1;
	if (!db->cfg.name || !db->cfg.url || (c->replica_url && *c->replica_url && !db->cfg.replica_url)) {
		err_set(e, ST_NOMEM, "no memory for database %s", c->name);
		db_release(db);
		return NULL;
	}
	return db;
}

struct db *db_open(const struct db_config *c, struct err *e)
{
	if (!c->url || (!is_postgres(c->url) && strncmp(c->url, "sqlite:", 7) != 0)) {
		err_set(e, ST_CONFIG,
		        "database %s: expected a URL like sqlite:/path/file.db or postgresql://host/name, not \"%s\"",
		        c->name, c->url ? c->url : "");
		return NULL;
	}
	if (c->replica_url && *c->replica_url && (!is_postgres(c->url) || !is_postgres(c->replica_url))) {
		err_set(e, ST_CONFIG, "database %s: a replica is for PostgreSQL only", c->name);
		return NULL;
	}
	struct db *db = db_make(c, e);
	if (db && db->ops->open(db, e) != ST_OK) {
		db_release(db);
		return NULL;
	}
	return db;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	db_per_loop_close_all(db);
	db->ops->close(db);
	db_release(db);
}

enum db_engine db_engine(const struct db *db)
{
	return db->engine;
}

const char *db_name(const struct db *db)
{
	return db->cfg.name;
}

/* --- reads ---------------------------------------------------------------------------------------------------- */

/* At the end of the arena: the ctx may be gone already, with the stack that it stood on. */
static void conn_forgotten(void *arg)
{
	struct db_conn *c = arg;
	if (c->open) {
		c->open = false;
		c->db->ops->read_end(c);
	}
}

static void conn_end_read(struct db_conn *c)
{
	struct db_conn **at = &c->ctx->reading;
	while (*at && *at != c)
		at = &(*at)->outer;
	if (*at)
		*at = c->outer;
	conn_forgotten(c);
}

/* An open read of the same work on the same database. A ctx with an arena of its own is work of its own: what it makes
   may be kept (cache.h), and must not come from a snapshot that is older than it. */
static struct db_conn *read_to_join(const struct ctx *ctx, const struct db *db)
{
	struct db_conn *c = ctx->reading;
	while (c &&
	        !(c->db == db && c->open && !c->outdated && c->ctx->arena == ctx->arena && c->fiber == fiber_self()))
		c = c->outer;
	return c;
}

enum status db_read(struct ctx *ctx, struct db *db, struct db_conn **out, struct err *e)
{
	struct db_conn *c = read_to_join(ctx, db);
	if (c) {
		c->joined++;
		*out = c;
		return ST_OK;
	}
	c = ARENA_NEW(ctx->arena, struct db_conn);
	c->db = db;
	c->ctx = ctx;
	c->fiber = fiber_self();
	arena_on_free(ctx->arena, conn_forgotten, c);
	TRY(db->ops->read_begin(c, e));
	c->open = true;
	c->outer = ctx->reading;
	ctx->reading = c;
	COUNT(db, reads);
	*out = c;
	return ST_OK;
}

void db_read_end(struct db_conn **c)
{
	if (*c && (*c)->joined)
		(*c)->joined--;
	else if (*c)
		conn_end_read(*c);
	*c = NULL;
}

/* --- writes --------------------------------------------------------------------------------------------------- */

static enum status write_counted(struct db_conn *c, db_tx_fn *fn, void *arg, struct err *e)
{
	struct ctx *ctx = c->ctx;
	/* A second transaction inside the first would wait for itself (SQLite) or break its promise (PostgreSQL). */
	assert(ctx->tx_depth == 0);
	ctx->tx_depth++;
	enum status s = c->db->ops->write(c, fn, arg, e);
	ctx->tx_depth--;
	if (s == ST_OK)
		COUNT(c->db, writes);
	return s;
}

static enum status write_with(struct db_conn c, db_tx_fn *fn, void *arg, struct err *e)
{
	struct ctx *ctx = c.ctx;
	const struct db *db = c.db;
	c.writable = c.open = true;
	c.lang = lang_now();
	c.hooks_tail = &c.hooks;
	/* Before it is known how this ends: a read that sees neither the old nor the new for sure is not to be joined.
	 */
	for (struct db_conn *r = ctx->reading; r; r = r->outer)
		r->outdated |= r->db == db;
	TRY(write_counted(&c, fn, arg, e));
	for (struct db_hook *h = c.hooks; h; h = h->next)
		h->fn(h->arg);
	return ST_OK;
}

enum status db_write(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e)
{
	return write_with((struct db_conn){ .db = db, .ctx = ctx }, fn, arg, e);
}

enum status db_write_soon(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e)
{
	return write_with((struct db_conn){ .db = db, .ctx = ctx, .soon = true }, fn, arg, e);
}

enum status db_write_unlimited(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e)
{
	return write_with((struct db_conn){ .db = db, .ctx = ctx, .unlimited = true }, fn, arg, e);
}

static void call_fn(void *arg)
{
	struct db_fn_result *r = arg;
	r->status = r->fn(r->c, r->arg, r->e);
}

enum status db_call_guarded(db_tx_fn *fn, struct db_conn *c, void *arg, struct err *e)
{
	struct db_fn_result r = { .fn = fn, .c = c, .arg = arg, .e = e, .status = ST_OK };
	SCOPED_LANG(c->lang);
	enum status s = guard_run(call_fn, &r);
	if (s != ST_OK)
		return err_set(e, s, "the transaction needed more memory than its request may have");
	return r.status;
}

struct arena *db_arena(struct db_conn *c)
{
	return c->ctx->arena;
}

struct db *db_of(struct db_conn *c)
{
	return c->db;
}

void db_after_commit(struct db_conn *c, void (*fn)(void *arg), void *arg)
{
	assert(c->writable);
	struct db_hook *h = ARENA_NEW(c->ctx->arena, struct db_hook);
	h->fn = fn;
	h->arg = arg;
	*c->hooks_tail = h;
	c->hooks_tail = &h->next;
}

/* --- queries -------------------------------------------------------------------------------------------------- */

struct db_query *db_list_turn(const struct db_list *l, const struct db_page *page, struct db_value *p)
{
	unsigned sort = page->sort < l->sorts ? page->sort : 0, i = l->params;
	if (page->next) {
		p[i++] = l->texts[sort] ? (struct db_value){ .type = DB_TEXT, .s = page->at_text }
		                        : (struct db_value){ .type = DB_INT, .i = page->at };
		p[i++] = l->text_key ? (struct db_value){ .type = DB_TEXT, .s = page->key_text }
		                     : (struct db_value){ .type = DB_INT, .i = page->key };
	}
	p[i] = (struct db_value){ .type = DB_INT, .i = page->lim };
	return l->turns[sort * 4 + page->down * 2 + page->next];
}

unsigned db_slot(struct db_query *q)
{
	static _Atomic unsigned next = 1;
	unsigned slot = atomic_load_explicit(&q->slot, memory_order_relaxed);
	if (slot)
		return slot;
	unsigned mine = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
	/* Two threads may meet here; the number of the one that loses stays unused. */
	return atomic_compare_exchange_strong(&q->slot, &slot, mine) ? mine : slot;
}

static void sink_grow(struct db_sink *s)
{
	size_t cap = s->cap ? s->cap * 2 : s->max < 8 ? s->max : 8;
	char *rows = arena_array(s->arena, cap, s->q->row_size);
	if (s->n)
		memcpy(rows, s->rows, s->n * s->q->row_size);
	s->rows = rows;
	s->cap = cap;
}

void *db_sink_slot(struct db_sink *s)
{
	if (!s->keep) {
		if (!s->rows)
			s->rows = arena_alloc(s->arena, s->q->row_size);
		return memset(s->rows, 0, s->q->row_size);
	}
	if (s->n == s->cap)
		sink_grow(s);
	return s->rows + s->n * s->q->row_size;
}

enum status db_sink_push(struct db_sink *s)
{
	s->n++;
	return s->keep ? ST_OK : s->each(s->arg, s->rows);
}

static enum status check_and_run(struct db_conn *c, struct db_query *q, const struct db_value *params,
                                 struct db_sink *sink, int64_t *affected, struct err *e)
{
	if (!c->open)
		return err_set(e, ST_INTERNAL, "%s: the read has ended", q->name);
	if (q->writes && !c->writable)
		return err_set(e, ST_INTERNAL, "%s changes data: only inside db_write", q->name);
	return c->db->ops->run(c, q, params, sink, affected, e);
}

enum status db_rows(struct db_conn *c, struct db_query *q, const struct db_value *params, void **rows, size_t *n,
                    struct err *e)
{
	struct db_sink sink = { .q = q, .arena = c->ctx->arena, .keep = true, .max = SIZE_MAX };
	*rows = NULL;
	*n = 0;
	TRY(check_and_run(c, q, params, &sink, NULL, e));
	*rows = sink.rows;
	*n = sink.n;
	return ST_OK;
}

enum status db_row(struct db_conn *c, struct db_query *q, const struct db_value *params, void **row, struct err *e)
{
	struct db_sink sink = { .q = q, .arena = c->ctx->arena, .keep = true, .max = 1 };
	*row = NULL;
	TRY(check_and_run(c, q, params, &sink, NULL, e));
	*row = sink.n ? sink.rows : NULL;
	return ST_OK;
}

enum status db_exec(struct db_conn *c, struct db_query *q, const struct db_value *params, int64_t *affected,
                    struct err *e)
{
	int64_t count = 0;
	TRY(check_and_run(c, q, params, NULL, &count, e));
	if (affected)
		*affected = count;
	return ST_OK;
}

enum status db_each(struct db_conn *c, struct db_query *q, const struct db_value *params,
                    enum status (*row)(void *arg, const void *row), void *arg, struct err *e)
{
	struct db_sink sink = { .q = q, .arena = c->ctx->arena, .max = SIZE_MAX, .each = row, .arg = arg };
	return check_and_run(c, q, params, &sink, NULL, e);
}

enum status db_ping(struct ctx *ctx, struct db *db, struct err *e)
{
	static struct db_query ping = { .name = "db_ping", .sql = { "SELECT 1", "SELECT 1" } };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(db_exec(c, &ping, NULL, NULL, e));
	return db->ops->ping ? db->ops->ping(ctx, db, e) : ST_OK;
}

uint64_t db_version(const struct db *db)
{
	return db->ops->version ? db->ops->version(db) : 0;
}

uint64_t db_version_kept(const struct db *db)
{
	return db->ops->version_kept ? db->ops->version_kept(db) : 0;
}

void db_tx_spares_kept(struct db_conn *c)
{
	c->spares_kept = true;
}

void db_stats(const struct db *db, struct db_stats *out)
{
	const struct db_counters *c = &db->count;
#define GET(what) atomic_load_explicit(&c->what, memory_order_relaxed)
	*out = (struct db_stats){
		.reads = GET(reads),
		.writes = GET(writes),
		.commits = GET(commits),
		.rollbacks = GET(rollbacks),
		.retries = GET(retries),
		.refused = GET(refused),
		.pool_open = GET(pool_open),
		.pool_used = GET(pool_used),
		.waiting = GET(waiting),
		.batch_max = GET(batch_max),
	};
#undef GET
}
