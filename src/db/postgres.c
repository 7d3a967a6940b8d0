/* SPDX-License-Identifier: Apache-2.0
 *
 * The PostgreSQL engine as db.c sees it. Reads: pg_read.c. Transactions: pg_tx.c.
 */
#include <stdlib.h>
#include <string.h>

#include "db/postgres.h"

static enum status check_url(const char *name, const char *url, struct err *e)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &why);
	if (!options)
		err_set(e, ST_CONFIG, "database %s: %s", name, why ? why : "the URL is not usable");
	PQfreemem(why);
	PQconninfoFree(options);
	return options ? ST_OK : ST_CONFIG;
}

/* Connects to nothing: that takes a fiber. db_ping says whether the server answers. */
static enum status pg_open(struct db *db, struct err *e)
{
	TRY(check_url(db->cfg.name, db->cfg.url, e));
	if (db->cfg.replica_url)
		TRY(check_url(db->cfg.name, db->cfg.replica_url, e));
	struct pg_db *pg = calloc(1, sizeof *pg);
	if (!pg)
		return err_set(e, ST_NOMEM, "no memory for database %s", db->cfg.name);
	pthread_mutex_init(&pg->lock, NULL);
	waitq_init(&pg->free_again);
	pg->backoff = PG_BACKOFF;
	db->pg = pg;
	return ST_OK;
}

static void pg_close(struct db *db)
{
	pg_pool_close(db);
	pthread_mutex_destroy(&db->pg->lock);
	free(db->pg);
}

static void read_end(struct db_conn *c)
{
	c->pg_loop = NULL; /* nothing was held between the statements */
}

static enum status pg_run(struct db_conn *c, struct db_query *q, const struct db_value *params, struct db_sink *sink,
                       int64_t *affected, struct err *e)
{
	return c->writable ? pg_tx_run(c, q, params, sink, affected, e) : pg_read_run(c, q, params, sink, affected, e);
}

static enum status migration_lock(struct db_conn *c, struct err *e)
{
	/* Any number, as long as all versions of this program use the same. */
	static struct db_query lock = { .name = "db_migration_lock",
		                        .sql = { NULL, "SELECT pg_advisory_xact_lock(7231947502018431)" } };
	static struct db_query patient = { .name = "SET", .sql = { NULL, "SET LOCAL statement_timeout = 0" } };
	TRY(db_exec(c, &patient, NULL, NULL, e)); /* another process's migration may take long */
	return db_exec(c, &lock, NULL, NULL, e);
}

const struct db_engine_ops db_postgres_ops = {
	.open = pg_open,
	.close = pg_close,
	.loop_new = pg_readers_new,
	.loop_close = pg_readers_close,
	.read_begin = pg_read_begin,
	.read_end = read_end,
	.write = pg_write,
	.run = pg_run,
	.script = pg_tx_script,
	.migration_lock = migration_lock,
};
