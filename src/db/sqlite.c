/* SPDX-License-Identifier: Apache-2.0
 *
 * The SQLite engine as db.c sees it. Readers: sqlite_read.c. Writer: sqlite_write.c.
 */
#include <stdlib.h>
#include <string.h>

#include "db/sqlite.h"

static void sq_free(struct sq_db *sq)
{
	pthread_mutex_destroy(&sq->lock);
	pthread_cond_destroy(&sq->returned);
	free(sq->path);
	free(sq);
}

static void configure_library(void)
{
	/* Counting its memory takes a lock around each of SQLite's allocations, which is felt with several loops. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* A cache of pages takes them as it needs them. By default it begins with room for twenty, which even the
	   little table behind an IN (…) then allocates and frees at each run: 88 KiB, and up to 20 us when malloc
	   returns them to the kernel. */
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	sqlite3_initialize();
}

static enum status sq_open(struct db *db, struct err *e)
{
	const char *path = db->cfg.url + strlen("sqlite:");
	if (!*path || !strncmp(path, "//", 2) || !strcmp(path, ":memory:"))
		return err_set(e, ST_CONFIG, "database %s: expected sqlite:/path/file.db, not \"%s\"", db->cfg.name,
		        db->cfg.url);
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, configure_library);
	struct sq_db *sq = calloc(1, sizeof *sq);
	if (!sq || !(sq->path = strdup(path))) {
		free(sq);
		return err_set(e, ST_NOMEM, "no memory for database %s", db->cfg.name);
	}
	pthread_mutex_init(&sq->lock, NULL);
	pthread_cond_init(&sq->returned, NULL);
	db->sq = sq;
	enum status s = sq_writer_start(db, e);
	if (s != ST_OK)
		sq_free(sq);
	return s;
}

static void sq_close(struct db *db)
{
	/* The writer last: the last connection to close checkpoints and removes the log, and only the writer can. */
	sq_readers_close((struct db_per_loop *)db->sq->outside, false);
	sq_writer_stop(db);
	sq_free(db->sq);
}

static enum status sqlite_run(struct db_conn *c, struct db_query *q, const struct db_value *params,
                              struct db_sink *sink, int64_t *affected, struct err *e)
{
	return sq_run(c->sq, q, params, sink, affected, e);
}

static enum status script(struct db_conn *c, const char *sql, struct err *e)
{
	return sq_script(c->sq, sql, e);
}

static enum status migration_lock(struct db_conn *c, struct err *e)
{
	return ST_OK; /* BEGIN IMMEDIATE holds every other writer off already */
}

const struct db_engine_ops db_sqlite_ops = {
	.open = sq_open,
	.close = sq_close,
	.loop_new = sq_readers_new,
	.loop_close = sq_readers_close,
	.read_begin = sq_read_begin,
	.read_end = sq_read_end,
	.write = sq_write,
	.ping = sq_ping,
	.run = sqlite_run,
	.script = script,
	.version = sq_version,
	.version_kept = sq_version_kept,
	.migration_lock = migration_lock,
};
