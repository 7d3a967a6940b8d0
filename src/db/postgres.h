/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the PostgreSQL engine: pg_conn.c (connecting, parameters, results, errors), pg_read.c (the pipelined readers
 * of each loop), pg_tx.c (the pool and its transactions).
 */
#ifndef GH_DB_POSTGRES_H
#define GH_DB_POSTGRES_H

#include <libpq-fe.h>
#include <pthread.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "db/internal.h"
#include "rt/loop.h"
#include "rt/sync.h"

#define PG_CONNECT_NS (5 * INT64_C(1000000000))
/* Attempts without a pause, for each connection that may be opened at a time, after one that had worked and before
   those who wait are told: the server was there a moment ago, and may have ended this connection like those before it.
 */
#define PG_RECONNECTS 2

#define PG_PENDING_MAX 128
#define PG_PENDING_BYTES (256u << 10)

struct pg_conn {
	struct pg_conn *next; /* in the pool's idle list */
	PGconn *h;
	uint64_t *prepared; /* bit per db_slot: prepared under the name q<slot> */
	unsigned prepared_words;
	int64_t opened_ns;
	bool begun;  /* transactions: BEGIN was sent */
	bool broken; /* not to be used again */
	/* Transactions: what was sent and not yet heard of, in order. */
	struct { struct db_query *q; bool prepares; } pending[PG_PENDING_MAX];
	unsigned pending_n;
	size_t pending_bytes;
	const struct db_query *failed; /* the first of the last flight that failed */
};

enum pg_purpose { PG_FOR_READS, PG_FOR_TX };
/* Connects without blocking the loop: waits in the calling fiber, also for the host's name. In pipeline mode
 * afterwards. */
enum status pg_connect(const struct db *db, const char *url, enum pg_purpose purpose, int64_t deadline_ns,
        struct pg_conn *c, struct err *e) MUST_CHECK;
/* Asks the server to stop what the connection runs; does not wait for it. */
void pg_cancel(const struct pg_conn *c);
void pg_disconnect(struct pg_conn *c); /* leaves c ready for pg_connect */

/* Queues q for the server (preparing it first where that is possible): items results will follow. False: connection
 * lost. */
bool pg_send(const struct db *db, struct pg_conn *c, struct db_query *q, const struct db_value *params, bool *prepares);
void pg_forget(struct pg_conn *c, const struct db_query *q); /* its preparation failed */

/* Until the connection's socket is ready for events (EPOLLIN, EPOLLOUT); deadline_ns 0: none. ST_UNAVAILABLE: there
   is no socket any more. */
enum status pg_wait(struct pg_conn *c, uint32_t events, int64_t deadline_ns) MUST_CHECK;
/* The next result of a pipeline; *out NULL: the end of one statement's results. Waits in the calling fiber. */
enum status pg_next_result(struct pg_conn *c, int64_t deadline_ns, PGresult **out, struct err *e) MUST_CHECK;

/* The server's explanation as a status; what: the query's name. */
enum status pg_result_error(const PGresult *r, const char *what, struct err *e);
enum status pg_lost(const struct db *db, const struct pg_conn *c, struct err *e);
bool pg_is_state(const PGresult *r, const char *sqlstate); /* five characters, or a class of two */
/* Another try on a fresh connection may succeed: the plan or the statement is gone, the server shuts down. */
bool pg_is_stale(const PGresult *r);
enum status pg_decode(const PGresult *r, const struct db_query *q, struct db_sink *sink, int64_t *affected,
                      struct err *e) MUST_CHECK;

/* For SCOPED_RESULT. *r may be NULL. */
void pg_clearp(PGresult **r);
#define SCOPED_RESULT __attribute__((cleanup(pg_clearp))) PGresult *

struct pg_db { /* pg_tx.c's */
	pthread_mutex_t lock; /* over all of it */
	struct waitq free_again;
	struct pg_conn *idle;
	unsigned open, waiting;
	int64_t down_until_ns; /* after a failed connect: fail at once until then */
	unsigned patience;     /* of PG_RECONNECTS, what is left */
	struct backoff backoff;
	struct err down;
};

/* db_read of this engine: c->ctx and c->db are set. Failures as db_read's. */
enum status pg_read_begin(struct db_conn *c, struct err *e);
/* A query in a read. Rows go to sink; *affected gets the rows that a statement says it changed (may be NULL). */
enum status pg_read_run(struct db_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
                        int64_t *affected, struct err *e);
/* The read connections of each loop, opened at first use; NULL: no memory. close: of the calling thread's loop, or of
   one that has ended. */
struct db_per_loop *pg_readers_new(struct db *db);
void pg_readers_close(struct db_per_loop *p, bool on_its_thread);

/* db_write of this engine, its retries included. */
enum status pg_write(struct db_conn *c, db_tx_fn *fn, void *arg, struct err *e);
/* A query in a transaction, as pg_read_run. */
enum status pg_tx_run(struct db_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
                      int64_t *affected, struct err *e);
/* Several statements without parameters, in a transaction: migrations. */
enum status pg_tx_script(struct db_conn *c, const char *sql, struct err *e);
/* Closes what idles. After the last fiber that uses db. */
void pg_pool_close(struct db *db);

/* Between attempts to connect. */
#define PG_BACKOFF ((struct backoff){ .first_ns = 50 * NS_PER_MS, .most_ns = 5 * NS_PER_S })
/* After an attempt to connect that began at since_ns and failed: may another follow at once? Takes one of *left. Not
   when the server let it wait: then everybody would. */
bool pg_patience(unsigned *left, int64_t since_ns);

#endif
