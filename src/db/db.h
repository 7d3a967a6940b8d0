/* SPDX-License-Identifier: Apache-2.0
 *
 * One database of one service, on either engine, chosen by its URL:
 *
 *     sqlite:/var/lib/guildhall/blog.db          postgresql://user@host/db?…    (a replica URL may stand beside it)
 *
 * Code never writes SQL: tools/gen_queries.py turns each .sql file into one typed function per query and a `struct
 * db_query` that both engines execute. See docs/howto/query.md and migration.md.
 *
 * Reads. SCOPED_DB_READ c = NULL; TRY(db_read(ctx, db, &c, e)); then generated functions with c. One consistent
 * snapshot on SQLite; on PostgreSQL each statement by itself, pipelined with those of other fibers. Read-only; goes to
 * the replica when there is one. Yields the fiber in long scans. A read inside another of the same ctx and database
 * joins it and sees the same snapshot, unless the ctx has written in between.
 *
 * Writes. db_write(ctx, db, fn, arg, e): fn runs inside one transaction and gets the connection. ST_OK from db_write
 * means committed and durable; anything else means nothing of it happened. SQLite: fn runs on the file's writer thread,
 * in a savepoint, and shares its commit with others (group commit). PostgreSQL: fn runs in the calling fiber, retried
 * on serialisation failure and deadlock (so fn must be repeatable). Hence fn must not wait for anything but its
 * queries, nor touch what other threads may.
 *
 * On PostgreSQL a statement that writes and whose count nobody asks for travels with the next one that is waited for,
 * at the latest with COMMIT; so does its failure. fn returns failures and does nothing else with them (below), so it
 * sees none of this. PostgreSQL runs at READ COMMITTED: put the condition into the statement, or lock what you read
 * (FOR UPDATE). One exception to "nothing happened": a connection lost during COMMIT is ST_INTERNAL, outcome unknown.
 *
 * Failures. A duplicate or a dangling reference is ST_CONFLICT; NULL where none may be, a broken CHECK and search text
 * that can't be parsed are ST_INVALID. An fn that swallows a failed statement commits on SQLite and fails on
 * PostgreSQL: don't.
 *
 * Both register what they hold in ctx, so that an aborted request releases it.
 */
#ifndef GH_DB_DB_H
#define GH_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"
#include "base/str.h"

struct db;
struct db_conn;

enum db_engine { DB_SQLITE, DB_POSTGRES };

struct db_config {
	const char *name;        /* "blog": for logs and metrics */
	const char *url;
	const char *replica_url; /* NULL or PostgreSQL */
	unsigned pool;           /* PostgreSQL connections per process for transactions (10) */
	unsigned read_pool;      /* PostgreSQL: pipelined read connections per loop (1); SQLite: readers per loop (8) */
	unsigned queue;          /* waiting writers at most (10 000); more: ST_UNAVAILABLE */
	bool pooler;             /* PgBouncer in transaction mode: unnamed statements only */
	int64_t checkout_ns;     /* 10 s */
	int64_t recycle_ns;      /* 30 min */
	int64_t query_ns;        /* longest statement (5 s) */
	bool fsync;              /* SQLite synchronous=FULL (true unless a test says otherwise) */
};
/* Fills c with the figures in parentheses; name and url stay to be set. */
void db_config_default(struct db_config *c);

/* Opens (SQLite: creates the file, 0600) and checks; no migration is run. */
struct db *db_open(const struct db_config *c, struct err *e);
void db_close(struct db *db); /* after the last fiber using it; drains the writer */
enum db_engine db_engine(const struct db *db);
const char *db_name(const struct db *db);

/* A snapshot to read in until db_read_end (SCOPED_DB_READ); inside another read of the same ctx it joins that one.
   *out is valid in the calling fiber alone. ST_UNAVAILABLE: no connection within checkout_ns, or the server is not
   there; ST_TIMEOUT, ST_CANCELLED. */
enum status db_read(struct ctx *ctx, struct db *db, struct db_conn **out, struct err *e) MUST_CHECK;
void db_read_end(struct db_conn **c); /* NULL is fine */
#define SCOPED_DB_READ __attribute__((cleanup(db_read_end))) struct db_conn *

typedef enum status db_tx_fn(struct db_conn *c, void *arg, struct err *e);
/* Runs fn in a transaction that is durable when this returns ST_OK; fn's failure rolls it back and is returned. fn
   may run more than once (a deadlock), so it keeps nothing before its end. ST_UNAVAILABLE: too many wait;
   ST_CONFLICT, ST_INVALID: a constraint; ST_TIMEOUT, ST_CANCELLED, ST_IO. */
enum status db_write(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e) MUST_CHECK;
/* The same without waiting for the disk: everybody sees it, and it outlives this process whatever ends it; only if the
   machine (or the PostgreSQL server) falls, the last moments may be gone, never without what came after them. For what
   is short-lived and asked for again at no cost. */
enum status db_write_soon(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e) MUST_CHECK;

/* Memory for what fn returns or needs: the arena of the ctx that began the read or write. */
struct arena *db_arena(struct db_conn *c);
struct db *db_of(struct db_conn *c);
/* fn(arg) runs on the caller's loop after the commit, in order of registration; never after a rollback. */
void db_after_commit(struct db_conn *c, void (*fn)(void *arg), void *arg);

/* Do reads answer, and (SQLite) does the writer take what waits, within the deadline of ctx? For readiness. */
enum status db_ping(struct ctx *ctx, struct db *db, struct err *e) MUST_CHECK;

/* For what is kept in memory of a database that rarely changes: the same number as before, and not 0, says that nothing
   was committed in between, by this process or another (two states share a number once in 2^64). Another number:
   something may have been. 0: not known, ask the database; always so on PostgreSQL. Take the number first and read
   afterwards. A few nanoseconds, from any thread, without waiting; a commit is in it before its db_write returns. */
uint64_t db_version(const struct db *db);
/* The same, but transactions of this process that said so leave it as it was: for what such a one can not make wrong.
 */
uint64_t db_version_kept(const struct db *db);
/* In a db_tx_fn: this transaction changes nothing that is kept under db_version_kept. */
void db_tx_spares_kept(struct db_conn *c);

/* --- generated queries -------------------------------------------------------------------------------------- */

enum db_type { DB_INT /* int64_t */, DB_REAL /* double */, DB_BOOL /* bool */, DB_TEXT, DB_BLOB /* struct str */ };

struct db_value {
	/* a parameter */ enum db_type type;
	bool null;
	union { int64_t i; double d; bool b; struct str s;
};
};

/* A column of the row struct. Nullable int/real/bool columns have a `bool <name>_null` beside them; a null text is p
 * NULL. */
struct db_col { enum db_type type; bool nullable; uint16_t offset, null_offset; const char *name; };

struct db_query {
	const char *name;            /* "blog_post_by_slug" */
	const char *sql[2];          /* by enum db_engine: ?1… and $1… */
	const enum db_type *params;
	uint8_t param_count, col_count;
	bool writes;
	bool anew;                   /* PostgreSQL plans it for each call: which plan is good depends on the values */
	bool passing;                /* put together for one call: prepared for it, and not kept */
	const struct db_col *cols;
	uint16_t row_size;
	_Atomic unsigned slot;       /* statement cache index, given out at first use */
};

/* Which part of a list, for queries that are declared as one ("-- list:", docs/howto/query.md). Zero but .lim: the
 * first rows in the order of its first sort column. */
struct db_page {
	unsigned sort;        /* which of its "-- sorts:"; the first when there is none of that number */
	bool down;            /* the greatest first */
	bool next;            /* what comes behind the row of which the following are the sort column and the key */
	int64_t at, key;      /* where they are integers (NULL: 0) … */
	struct str at_text, key_text; /* … and where they are texts (NULL: "") */
	int64_t lim;          /* rows at most */
};
enum { DB_PAGE_PARAMS = 3 }; /* that a page adds to a list's own */
struct db_list {
	struct db_query *const *turns; /* by sort, up and down, beginning and next */
	unsigned sorts, params;
	const bool *texts; /* by sort: it is a text */
	bool text_key;
};
/* The list's statement for this page, whose values are put behind the list's own in p. */
struct db_query *db_list_turn(const struct db_list *l, const struct db_page *page, struct db_value *p);

/* Rows in db_arena(c). The generated functions call these. */
enum status db_rows(struct db_conn *c, struct db_query *q, const struct db_value *params, void **rows, size_t *n,
                    struct err *e) MUST_CHECK;
enum status db_row(struct db_conn *c, struct db_query *q, const struct db_value *params, void **row /* NULL: none */,
                   struct err *e) MUST_CHECK;
enum status db_exec(struct db_conn *c, struct db_query *q, const struct db_value *params, int64_t *affected,
                    struct err *e) MUST_CHECK;
/* Row by row without keeping them: each row is valid during the call; non-OK stops and is returned. */
enum status db_each(struct db_conn *c, struct db_query *q, const struct db_value *params,
                    enum status (*row)(void *arg, const void *row), void *arg, struct err *e) MUST_CHECK;

/* --- migrations --------------------------------------------------------------------------------------------- */

/* Generated from migrations/NNNN_name.sql (with NNNN_name.postgres.sql / .sqlite.sql overriding). */
struct db_migration { unsigned number; const char *name; const char *sql[2]; };
struct db_migration_set { const char *owner; /* "platform", "blog" */ const struct db_migration *list; size_t count; };

struct db_migration_state { const char *owner; unsigned number; const char *name; bool applied; int64_t applied_us; };
/* Applies what is missing, each set in order, each migration in a transaction, under an advisory lock (PostgreSQL) or
   the writer lock (SQLite). A migration that was applied with another text: ST_CONFLICT. */
enum status db_migrate(struct ctx *ctx, struct db *db, const struct db_migration_set *sets, size_t n, unsigned *applied,
                       struct err *e) MUST_CHECK;
enum status db_migrate_status(struct ctx *ctx, struct db *db, const struct db_migration_set *sets, size_t n,
                              struct db_migration_state **out, size_t *count, struct err *e) MUST_CHECK;

/* PostgreSQL: makes a schema anew, or drops it, with all that is in it. The name is a word of ours. SQLite has none:
 * ST_OK. */
enum status db_schema(struct ctx *ctx, struct db *db, const char *name, bool make, struct err *e) MUST_CHECK;

/* SQLite files, each copied to a new file (0600) of the same place in `to`, all as they are at one moment while other
   processes write to them; those wait for some milliseconds. Blocks the calling thread; on the disk when it returns. On
   failure some of `to` may be there. ST_UNAVAILABLE: a writer does not let go of its file; ST_IO; ST_NOMEM. */
enum status db_copy_files(const char *const *from, const char *const *to, size_t n, struct err *e) MUST_CHECK;

struct db_stats {
	uint64_t reads, writes, commits, rollbacks, retries, refused;
	unsigned pool_open, pool_used, waiting;
	uint64_t batch_max;      /* most transactions under one commit */
};
/* Since db_open; pool_… and waiting are of now. */
void db_stats(const struct db *db, struct db_stats *out);

#endif
