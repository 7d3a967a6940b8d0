/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite connections: opening with our settings, the statement cache, parameters and rows, errors as statuses.
 *
 * A connection's owner changes (a loop's pool, a fiber, the writer thread) but it is used by one at a time. The
 * progress handler is where a long statement lets the other fibers of its loop run, and where it is stopped.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/sqlite.h"
#include "rt/fiber.h"

/* About 0.1 to 0.5 ms of work: long enough to cost nothing, short enough for the loop's other fibers. */
#define PROGRESS_STEPS 4000
#define BUSY_MS 5000

static const char *const own_sql[SQ_OWN_COUNT] = {
	[SQ_BEGIN] = "BEGIN",           [SQ_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
	[SQ_COMMIT] = "COMMIT",         [SQ_ROLLBACK] = "ROLLBACK",
	[SQ_SAVEPOINT] = "SAVEPOINT t", [SQ_RELEASE] = "RELEASE t",
	[SQ_ROLLBACK_TO] = "ROLLBACK TO t",
};

/* --- errors --------------------------------------------------------------------------------------------------- */

static enum status constraint(int extended, const char *msg, struct err *e)
{
	const char *colon = strstr(msg, ": ");
	const char *what = colon ? colon + 2 : msg;
	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return err_set(e, ST_CONFLICT, "this exists already (%s)", what);
	case SQLITE_CONSTRAINT_FOREIGNKEY:
	case SQLITE_CONSTRAINT_TRIGGER:
		return err_set(
		        e, ST_CONFLICT, "this refers to something that is not there, or is referred to (%s)", what);
	default:
		return err_set(e, ST_INVALID, "a value is missing or not allowed (%s)", what);
	}
}

enum status sq_error(struct sq_conn *c, int code, const char *what, struct err *e)
{
	const char *msg = sqlite3_errmsg(c->h);
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return constraint(sqlite3_extended_errcode(c->h), msg, e);
	case SQLITE_INTERRUPT: {
		enum status s = c->stopped != ST_OK ? c->stopped : ST_CANCELLED;
		return err_set(e, s, "%s: stopped: %s", what,
		        s == ST_TIMEOUT ? "it took too long" : "the request was given up");
	}
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return err_set(e, ST_UNAVAILABLE, "%s: the database is held by another process", what);
	case SQLITE_FULL:
		return err_set(e, ST_IO, "%s: the disk is full", what);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_NOLFS:
		return err_set(e, ST_IO, "%s: %s", what, msg);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e, ST_CORRUPT, "%s: %s", what, msg);
	case SQLITE_NOMEM:
		return err_set(e, ST_NOMEM, "%s: out of memory", what);
	case SQLITE_TOOBIG:
		return err_set(e, ST_TOO_LARGE, "%s: a value is too large", what);
	case SQLITE_MISMATCH:
		return err_set(e, ST_INVALID, "%s: %s", what, msg);
	default:
		return err_set(e, ST_INTERNAL, "%s: %s", what, msg);
	}
}

/* --- opening -------------------------------------------------------------------------------------------------- */

static int on_progress(void *arg)
{
	struct sq_conn *c = arg;
	int64_t now = clock_mono_ns();
	if (!c->started_ns)
		c->started_ns = now;
	bool fiber = fiber_self() != NULL;
	if (fiber && fiber_cancelled())
		c->stopped = ST_CANCELLED;
	else if ((c->deadline_ns && now >= c->deadline_ns) || (c->limit_ns && now - c->started_ns >= c->limit_ns))
		c->stopped = ST_TIMEOUT;
	else if (fiber)
		fiber_yield();
	return c->stopped != ST_OK;
}

static int on_wal(void *arg, sqlite3 *h, const char *name, int pages)
{
	struct sq_conn *c = arg;
	c->wal_pages = pages;
	return SQLITE_OK;
}

/* Of two processes that make a new file into a WAL one at once, SQLite refuses one without asking the busy handler:
   each could wait for the other. At start only, so it may sleep. */
static enum status make_wal(struct sq_conn *c, struct err *e)
{
	int64_t until = clock_mono_ns() + BUSY_MS * NS_PER_MS;
	struct err why = { 0 };
	enum status st;
	while ((st = sq_script(c, "PRAGMA journal_mode=WAL", &why)) == ST_UNAVAILABLE && clock_mono_ns() < until)
		usleep(5000);
	return st == ST_OK ? ST_OK : err_set(e, st, "%s", why.msg);
}

enum status sq_sync(struct sq_conn *c, enum sq_sync when, struct err *e)
{
	static const char *const pragma[] = {
		[SQ_SYNC_EACH] = "PRAGMA synchronous=FULL",
		[SQ_SYNC_CHECKPOINT] = "PRAGMA synchronous=NORMAL",
		[SQ_SYNC_NEVER] = "PRAGMA synchronous=OFF",
	};
	if (c->sync == when)
		return ST_OK;
	TRY(sq_script(c, pragma[when], e));
	c->sync = when;
	return ST_OK;
}

static enum status configure(struct sq_conn *c, const struct db *db, enum sq_kind kind, struct err *e)
{
	sqlite3_extended_result_codes(c->h, 1);
	sqlite3_busy_timeout(c->h, BUSY_MS);
	sqlite3_db_config(c->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* No memory map: a mapped page is checked and taken apart each time that it is looked at, a cached one once. */
	TRY(sq_script(c,
	        "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON", e));
	TRY(sq_words(c, e));
	if (kind == SQ_READER)
		return sq_script(c, "PRAGMA query_only=ON; PRAGMA cache_size=-2048", e);
	TRY(make_wal(c, e));
	/* The writer checkpoints by itself, when it has nothing better to do. */
	TRY(sq_script(
	        c, "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-8192", e));
	TRY(sq_sync(c, db->cfg.fsync ? SQ_SYNC_EACH : SQ_SYNC_NEVER, e));
	sqlite3_wal_hook(c->h, on_wal, c);
	return ST_OK;
}

static enum status prepare_own(struct sq_conn *c, struct err *e)
{
	for (int i = 0; i < SQ_OWN_COUNT; i++) {
		int rc = sqlite3_prepare_v3(c->h, own_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &c->own[i], NULL);
		if (rc != SQLITE_OK)
			return sq_error(c, rc, own_sql[i], e);
	}
	return ST_OK;
}

static enum status open_handle(struct sq_conn *c, const struct db *db, enum sq_kind kind, struct err *e)
{
	const char *path = db->sq->path;
	if (kind == SQ_WRITER) { /* SQLite would create it readable for all; -wal and -shm inherit the mode */
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return err_errno(e, ST_IO, "database file %s", path);
		close(fd);
	}
	int rc = sqlite3_open_v2(
	        path, &c->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (rc != SQLITE_OK)
		return sq_error(c, rc, path, e);
	enum status s = configure(c, db, kind, e);
	if (s == ST_OK)
		s = prepare_own(c, e);
	return s == ST_OK ? s : err_wrap(e, s, "database file %s", path);
}

struct sq_conn *sq_conn_open(const struct db *db, enum sq_kind kind, struct err *e)
{
	struct sq_conn *c = calloc(1, sizeof *c);
	if (!c) {
		err_set(e, ST_NOMEM, "no memory for a connection to %s", db->sq->path);
		return NULL;
	}
	if (open_handle(c, db, kind, e) != ST_OK) {
		sq_conn_close(c);
		return NULL;
	}
	sqlite3_progress_handler(c->h, PROGRESS_STEPS, on_progress, c);
	return c;
}

void sq_conn_close(struct sq_conn *c)
{
	if (!c)
		return;
	for (int i = 0; i < SQ_OWN_COUNT; i++)
		sqlite3_finalize(c->own[i]);
	for (unsigned i = 0; i < c->stmts_len; i++)
		sqlite3_finalize(c->stmts[i].h);
	free(c->stmts);
	sqlite3_close(c->h);
	free(c);
}

/* --- statements ----------------------------------------------------------------------------------------------- */

enum status sq_own(struct sq_conn *c, enum sq_own which, struct err *e)
{
	c->stopped = ST_OK;
	c->started_ns = 0;
	int rc = sqlite3_step(c->own[which]);
	enum status s = rc == SQLITE_DONE ? ST_OK : sq_error(c, rc, own_sql[which], e);
	sqlite3_reset(c->own[which]);
	return s;
}

enum status sq_script(struct sq_conn *c, const char *sql, struct err *e)
{
	c->stopped = ST_OK;
	c->started_ns = 0;
	int rc = sqlite3_exec(c->h, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? ST_OK : sq_error(c, rc, "script", e);
}

static enum status slots_grow(struct sq_conn *c, unsigned slot, struct err *e)
{
	unsigned len = (slot | 63) + 1;
	struct sq_stmt *grown = realloc(c->stmts, len * sizeof *grown);
	if (!grown)
		return err_set(e, ST_NOMEM, "no memory for statements");
	memset(grown + c->stmts_len, 0, (len - c->stmts_len) * sizeof *grown);
	c->stmts = grown;
	c->stmts_len = len;
	return ST_OK;
}

/* A statement in use: reset when it goes out of scope, also when the stack is unwound. */
struct running {
	struct sq_conn *conn;
	unsigned slot; /* 0: of this call alone */
	sqlite3_stmt *h;
};

static void running_end(struct running *r)
{
	if (!r->h)
		return;
	if (!r->slot) {
		sqlite3_finalize(r->h);
		return;
	}
	sqlite3_reset(r->h);
	sqlite3_clear_bindings(r->h);
	r->conn->stmts[r->slot].busy = false;
}

static enum status running_begin(struct running *r, struct sq_conn *c, struct db_query *q, struct err *e)
{
	unsigned slot = q->passing ? 0 : db_slot(q);
	if (slot >= c->stmts_len)
		TRY(slots_grow(c, slot, e));
	struct sq_stmt *st = &c->stmts[slot];
	bool own = !q->passing && !st->busy;
	if (own && st->h) {
		r->h = st->h;
	} else {
		const char *sql = q->sql[DB_SQLITE];
		int rc = sqlite3_prepare_v3(c->h, sql, -1, q->passing ? 0 : SQLITE_PREPARE_PERSISTENT, &r->h, NULL);
		if (rc != SQLITE_OK)
			return sq_error(c, rc, q->name, e);
	}
	r->conn = c;
	r->slot = own ? slot : 0;
	if (own)
		*st = (struct sq_stmt){ .h = r->h, .busy = true };
	return ST_OK;
}

static int bind_one(sqlite3_stmt *h, int i, const struct db_value *v)
{
	if (v->null)
		return sqlite3_bind_null(h, i);
	switch (v->type) {
	case DB_INT:
		return sqlite3_bind_int64(h, i, v->i);
	case DB_REAL:
		return sqlite3_bind_double(h, i, v->d);
	case DB_BOOL:
		return sqlite3_bind_int(h, i, v->b);
	case DB_TEXT:
		return sqlite3_bind_text64(h, i, v->s.p ? v->s.p : "", v->s.n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(h, i, v->s.p ? v->s.p : "", v->s.n, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static enum status bind(struct running *r, const struct db_query *q, const struct db_value *params, struct err *e)
{
	for (unsigned i = 0; i < q->param_count; i++) {
		int rc = bind_one(r->h, (int)i + 1, &params[i]);
		if (rc != SQLITE_OK)
			return sq_error(r->conn, rc, q->name, e);
	}
	return ST_OK;
}

/* --- rows ----------------------------------------------------------------------------------------------------- */

static struct str value_bytes(sqlite3_value *v, enum db_type type)
{
	const void *p = type == DB_TEXT ? (const void *)sqlite3_value_text(v) : sqlite3_value_blob(v);
	size_t n = (size_t)sqlite3_value_bytes(v);
	return p ? str_n(p, n) : STR(""); /* an empty blob is NULL to SQLite */
}

/* Types are checked, so that a wrong declaration shows on this engine too and not first on PostgreSQL. */
static bool column_fits(enum db_type type, int found)
{
	switch (type) {
	case DB_INT:
	case DB_BOOL:
		return found == SQLITE_INTEGER;
	case DB_REAL:
		return found == SQLITE_FLOAT || found == SQLITE_INTEGER;
	case DB_TEXT:
		return found != SQLITE_BLOB;
	case DB_BLOB:
		return found == SQLITE_BLOB || found == SQLITE_TEXT;
	}
	return false;
}

static enum status column(
        sqlite3_stmt *h, int i, const struct db_query *q, struct db_sink *sink, char *row, struct err *e)
{
	const struct db_col *col = &q->cols[i];
	/* Looked up once instead of once for type, bytes and length. "Unprotected" means that no mutex is held; there
	 * is none. */
	sqlite3_value *v = sqlite3_column_value(h, i);
	int found = sqlite3_value_type(v);
	if (found == SQLITE_NULL) {
		if (!col->nullable)
			return err_set(e, ST_CORRUPT, "%s: column %s is NULL", q->name, col->name);
		if (col->type != DB_TEXT && col->type != DB_BLOB)
			*(bool *)(row + col->null_offset) = true;
		return ST_OK;
	}
	if (!column_fits(col->type, found))
		return err_set(e, ST_CORRUPT, "%s: column %s has another type than declared", q->name, col->name);
	void *at = row + col->offset;
	switch (col->type) {
	case DB_INT:
		*(int64_t *)at = sqlite3_value_int64(v);
		break;
	case DB_REAL:
		*(double *)at = sqlite3_value_double(v);
		break;
	case DB_BOOL:
		*(bool *)at = sqlite3_value_int64(v) != 0;
		break;
	case DB_TEXT:
	case DB_BLOB: {
		struct str s = value_bytes(v, col->type);
		*(struct str *)at = sink->keep ? arena_str(sink->arena, s) : s;
		break;
	}
	}
	return ST_OK;
}

static enum status take_row(sqlite3_stmt *h, const struct db_query *q, struct db_sink *sink, struct err *e)
{
	char *row = db_sink_slot(sink);
	for (int i = 0; i < q->col_count; i++)
		TRY(column(h, i, q, sink, row, e));
	return db_sink_push(sink);
}

/* An error while stepping comes from the data: a search expression, an overflow, malformed JSON. */
static enum status step_error(struct sq_conn *c, int rc, const struct db_query *q, struct err *e)
{
	if ((rc & 0xff) == SQLITE_ERROR)
		return err_set(e, ST_INVALID, "%s: %s", q->name, sqlite3_errmsg(c->h));
	return sq_error(c, rc, q->name, e);
}

enum status sq_run(struct sq_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
                   int64_t *affected, struct err *e)
{
	__attribute__((cleanup(running_end))) struct running r = { 0 };
	TRY(running_begin(&r, c, q, e));
	if (sink && sqlite3_column_count(r.h) != q->col_count)
		return err_set(e, ST_INTERNAL,
		        "%s: %d columns instead of %d: does the schema belong to another version?", q->name,
		        sqlite3_column_count(r.h), q->col_count);
	TRY(bind(&r, q, params, e));
	c->stopped = ST_OK;
	c->started_ns = 0;
	int rc;
	while ((rc = sqlite3_step(r.h)) == SQLITE_ROW) {
		if (!sink)
			continue;
		TRY(take_row(r.h, q, sink, e));
		/* A write with RETURNING has made all its changes by the first row, but counts as done only at the end.
		 */
		if (db_sink_full(sink) && !q->writes)
			return ST_OK;
		if (db_sink_full(sink))
			sink = NULL;
	}
	if (rc != SQLITE_DONE)
		return step_error(c, rc, q, e);
	if (affected)
		*affected = sqlite3_changes64(c->h);
	return ST_OK;
}
