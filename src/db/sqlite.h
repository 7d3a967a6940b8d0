/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the SQLite engine: sqlite_conn.c (connections, statements, rows), sqlite_read.c (readers of each loop),
 * sqlite_write.c (the writer thread), sqlite_version.c (has anything changed?).
 */
#ifndef GH_DB_SQLITE_H
#define GH_DB_SQLITE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sqlite3.h>

#include "db/internal.h"

/* The engine's own statements, prepared with each connection. */
/* When the log goes to the disk: with each commit; when it is copied into the file; never (tests). */
enum sq_sync { SQ_SYNC_UNSET, SQ_SYNC_EACH, SQ_SYNC_CHECKPOINT, SQ_SYNC_NEVER };

enum sq_own {
	SQ_BEGIN,
	SQ_BEGIN_IMMEDIATE,
	SQ_COMMIT,
	SQ_ROLLBACK,
	SQ_SAVEPOINT,
	SQ_RELEASE,
	SQ_ROLLBACK_TO,
	SQ_OWN_COUNT
};

struct sq_stmt {
	sqlite3_stmt *h;
	bool busy; /* being stepped: a query inside its own db_each gets another */
};

/* One SQLite connection. Used by one fiber or thread at a time: opened without SQLite's own mutexes. */
struct sq_conn {
	struct sq_conn *next;   /* in its pool's free list */
	struct sq_readers *home; /* the pool that it goes back to; NULL: the writer's */
	sqlite3 *h;
	sqlite3_stmt *own[SQ_OWN_COUNT];
	struct sq_stmt *stmts; /* by db_slot */
	unsigned stmts_len;
	/* What the progress handler watches over while a statement runs. */
	int64_t limit_ns;    /* of one statement; 0: none */
	int64_t deadline_ns; /* of the request */
	int64_t started_ns;  /* of the running statement, taken at its first tick */
	enum status stopped; /* why it interrupted, or ST_OK */
	enum sq_sync sync;   /* as last set */
	int wal_pages;       /* after the last commit of this connection */
};

enum sq_kind { SQ_READER, SQ_WRITER };
/* Opens db's file for reading, or for the writer. NULL with *e: ST_NOMEM, or as sq_error maps. Closed by
   sq_conn_close (NULL is fine). */
struct sq_conn *sq_conn_open(const struct db *db, enum sq_kind kind, struct err *e);
void sq_conn_close(struct sq_conn *c);
/* One of the engine's own statements (BEGIN, COMMIT, a savepoint …). Failures as sq_error maps them. */
enum status sq_own(struct sq_conn *c, enum sq_own which, struct err *e) MUST_CHECK;
/* A query. Rows go to sink; *affected gets the rows that a statement changed (may be NULL). ST_TIMEOUT: past the
   deadline or query_ns. */
enum status sq_run(struct sq_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
                   int64_t *affected, struct err *e) MUST_CHECK;
/* Several statements without parameters: migrations. */
enum status sq_script(struct sq_conn *c, const char *sql, struct err *e) MUST_CHECK;
enum status sq_sync(struct sq_conn *c, enum sq_sync when, struct err *e) MUST_CHECK; /* between transactions */
/* Gives the connection the tokenizer "words" of full text search, and what sq_marks gives. ST_NOT_IMPLEMENTED: SQLite
   has none. */
enum status sq_words(struct sq_conn *c, struct err *e) MUST_CHECK;
/* Gives the connection the functions search_marked and search_snippet (sqlite_marks.c); api: of this connection. */
enum status sq_marks(struct sq_conn *c, fts5_api *api, struct err *e) MUST_CHECK;
/* Maps the connection's last error. */
enum status sq_error(struct sq_conn *c, int code, const char *what, struct err *e);

struct sq_readers; /* of one loop */
struct sq_writer;

struct sq_db {
	char *path;
	pthread_mutex_t lock; /* over `outside` */
	pthread_cond_t returned;
	struct sq_readers *outside; /* for callers outside a fiber */
	struct sq_writer *writer;
	const volatile void *wal_index; /* shared with every process that has the file open; NULL: none found */
	struct sq_kept {
		_Atomic uint32_t changes; /* odd while it is being changed */
		_Atomic uint64_t now, as; /* the database at this version is, for what is kept, as it was at that one */
	} kept;
};

/* db_read of this engine, and its end. Failures as db_read's. */
enum status sq_read_begin(struct db_conn *c, struct err *e);
void sq_read_end(struct db_conn *c);
/* The readers of each loop, opened at first use; NULL: no memory. close: of the calling thread's loop, or of one that
   has ended. */
struct db_per_loop *sq_readers_new(struct db *db);
void sq_readers_close(struct db_per_loop *p, bool on_its_thread);

/* Before the writer's thread starts. */
void sq_version_map(struct sq_db *db, struct sq_conn *writer);
uint64_t sq_version(const struct db *db);
uint64_t sq_version_kept(const struct db *db);
/* Around a commit of the writer's, from when it has the lock. */
struct sq_moment { uint64_t version; uint32_t commits; };
struct sq_moment sq_moment(const struct db *db);
void sq_version_committed(struct db *db, struct sq_moment before, bool spares_kept);

/* The writer's thread. ST_IO, ST_NOMEM. Stopped by sq_writer_stop. */
enum status sq_writer_start(struct db *db, struct err *e) MUST_CHECK;
void sq_writer_stop(struct db *db); /* after what is queued */
/* db_write of this engine: queued for the writer's thread; fn runs there, in its savepoint. */
enum status sq_write(struct db_conn *c, db_tx_fn *fn, void *arg, struct err *e);
/* Does the writer's thread take what is queued? Goes through the queue like a write, without a transaction. */
enum status sq_ping(struct ctx *ctx, struct db *db, struct err *e) MUST_CHECK;

#endif
