/* SPDX-License-Identifier: Apache-2.0
 *
 * What db.c, the two engines and the migrator share. Nobody above src/db includes this.
 *
 * db.c owns `struct db` and the life of a `struct db_conn`; an engine fills in its part of both through the table
 * below. A db_conn is a handle that lives in the arena of its ctx; what it holds (a SQLite connection, a PostgreSQL
 * transaction) goes back when the read or write ends, and at the latest when that arena is freed.
 */
#ifndef GH_DB_INTERNAL_H
#define GH_DB_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/lang.h"
#include "db/db.h"
#include "rt/loop.h"

struct sq_db;
struct sq_conn;
struct pg_db;
struct pg_loop;
struct pg_conn;

/* Counters are written on every loop and read by db_stats: relaxed, nothing is ordered by them. */
struct db_counters {
	_Atomic uint64_t reads, writes, commits, rollbacks, retries, refused, batch_max;
	_Atomic unsigned pool_open, pool_used, waiting;
};
#define COUNT(db, what) atomic_fetch_add_explicit(&(db)->count.what, 1, memory_order_relaxed)
#define UNCOUNT(db, what) atomic_fetch_sub_explicit(&(db)->count.what, 1, memory_order_relaxed)

/* What an engine keeps for one loop of one db; the first member of its own struct. See per_loop.c. */
struct db_per_loop {
	struct loop_exit exit;
	struct db_per_loop *next;
	struct db *db;
	struct loop *loop;
};
/* Of the calling thread's loop, made when there is none yet. NULL: out of memory. */
struct db_per_loop *db_per_loop(struct db *db);
void db_per_loop_close_all(struct db *db);

struct db {
	uint64_t serial; /* never the same twice in a process */
	const struct db_engine_ops *ops;
	enum db_engine engine;
	struct db_config cfg; /* its strings are this db's own */
	struct db_counters count;
	pthread_mutex_t loops_lock;
	struct db_per_loop *loops;
	union {
		struct sq_db *sq;
		struct pg_db *pg;
	};
};

struct db_hook {
	struct db_hook *next;
	void (*fn)(void *arg);
	void *arg;
};

struct db_conn {
	struct db *db;
	struct ctx *ctx;
	bool open;
	bool writable;
	bool unlimited; /* a migration may take longer than query_ns */
	bool soon;      /* db_write_soon */
	enum lang lang; /* that what goes wrong in a transaction is said in: its asker's */
	bool spares_kept; /* db_tx_spares_kept */
	bool pg_transient; /* the attempt failed of something that another one may not meet */
	/* Reads: who may join this one, and how many have. */
	struct fiber *fiber;
	struct db_conn *outer; /* the read that was open in ctx before */
	unsigned joined;
	bool outdated; /* its ctx has written since: a new read must see that */
	struct db_hook *hooks, **hooks_tail;
	union {
		struct sq_conn *sq; /* reads: checked out; writes: the writer's */
		struct pg_loop *pg_loop; /* reads */
		struct pg_conn *pg; /* writes */
	};
};

/* Where rows go: kept one behind the other in the arena, or shown one by one. */
struct db_sink {
	const struct db_query *q;
	struct arena *arena;
	bool keep;  /* false: texts may point into the engine's memory, valid until the next row */
	size_t max; /* rows wanted at most */
	char *rows;
	size_t n, cap;
	enum status (*each)(void *arg, const void *row);
	void *arg;
};
void *db_sink_slot(struct db_sink *s); /* zeroed room for the next row; may unwind (arena limit) */
enum status db_sink_push(struct db_sink *s) MUST_CHECK;
static inline bool db_sink_full(const struct db_sink *s) { return s->n >= s->max; }

struct db_engine_ops {
	enum status (*open)(struct db *db, struct err *e);
	void (*close)(struct db *db);
	struct db_per_loop *(*loop_new)(struct db *db);
	void (*loop_close)(struct db_per_loop *p, bool on_its_thread);
	enum status (*read_begin)(struct db_conn *c, struct err *e);
	void (*read_end)(struct db_conn *c);
	enum status (*write)(struct db_conn *c, db_tx_fn *fn, void *arg, struct err *e);
	enum status (*ping)(
	        struct ctx *ctx, struct db *db, struct err *e); /* beside a read; NULL: a read says it all */
	/* sink NULL: no rows wanted. */
	enum status (*run)(struct db_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
	                   int64_t *affected, struct err *e);
	/* A script of many statements, inside a write. */
	enum status (*script)(struct db_conn *c, const char *sql, struct err *e);
	uint64_t (*version)(const struct db *db), (*version_kept)(const struct db *db); /* NULL: never known */
	/* Inside a write: no other process migrates until it ends. */
	enum status (*migration_lock)(struct db_conn *c, struct err *e);
};
extern const struct db_engine_ops db_sqlite_ops, db_postgres_ops;

/* The cache index of a query: the same in every connection of the process, from 1. */
unsigned db_slot(struct db_query *q);

struct db_fn_result {
	db_tx_fn *fn;
	struct db_conn *c;
	void *arg;
	struct err *e;
	enum status status;
};
/* Calls fn under a guard: an arena's limit inside it becomes a status. */
enum status db_call_guarded(db_tx_fn *fn, struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* As db_write, without query_ns: for migrations. */
enum status db_write_unlimited(struct ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, struct err *e) MUST_CHECK;

/* The earlier of two deadlines, 0 being none. */
static inline int64_t db_earlier(int64_t a, int64_t b)
{
	return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

#endif
