/* SPDX-License-Identifier: Apache-2.0
 *
 * The migrator. Which migrations a database has is kept in the database, each with the SHA-256 of the text that made
 * it.
 *
 * Each missing migration runs in a transaction of its own which also records it; those of a database that has none yet
 * run in one together: a first start waits for the disk once. Inside it the engine's migration lock is taken and the
 * record looked up again, so of several processes that start at once one applies and the others find it done.
 * Transaction-scoped on PostgreSQL: a lock of the session would not survive PgBouncer.
 */
#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/internal.h"

static const char
        create_sql[] = "CREATE TABLE IF NOT EXISTS schema_migrations ("
                       "owner TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL,"
                       "applied_at BIGINT NOT NULL, PRIMARY KEY (owner, number))";

struct record {
	int64_t number;
	struct str checksum;
	int64_t applied_at;
};

static const struct db_col record_cols[] = {
	{ .name = "number", .type = DB_INT, .offset = offsetof(struct record, number) },
	{ .name = "checksum", .type = DB_TEXT, .offset = offsetof(struct record, checksum) },
	{ .name = "applied_at", .type = DB_INT, .offset = offsetof(struct record, applied_at) },
};
static const enum db_type list_params[] = { DB_TEXT };
static struct db_query list_query = {
	.name = "db_migrations",
	.sql = { "SELECT number, checksum, applied_at FROM schema_migrations WHERE owner = ?1 ORDER BY number",
	         "SELECT number, checksum, applied_at FROM schema_migrations WHERE owner = $1 ORDER BY number" },
	.params = list_params,
	.param_count = 1,
	.cols = record_cols,
	.col_count = 3,
	.row_size = sizeof(struct record),
};

static const enum db_type add_params[] = { DB_TEXT, DB_INT, DB_TEXT, DB_TEXT, DB_INT };
static struct db_query add_query = {
	.name = "db_migration_add",
	.sql = { "INSERT INTO schema_migrations (owner, number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4, "
	         "?5)",
	        "INSERT INTO schema_migrations (owner, number, name, checksum, applied_at) VALUES ($1, $2, $3, $4, "
	        "$5)" },
	.params = add_params,
	.param_count = 5,
	.writes = true,
};

#define CHECKSUM_LEN 64

static void checksum(const char *sql, char out[CHECKSUM_LEN + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_Digest(sql, strlen(sql), digest, &n, EVP_sha256(), NULL);
	str_hex(out, digest, n);
}

static enum status records(struct db_conn *c, const char *owner, struct record **out, size_t *n, struct err *e)
{
	struct db_value p = { .type = DB_TEXT, .s = str_c(owner) };
	void *rows = NULL;
	TRY(db_rows(c, &list_query, &p, &rows, n, e));
	*out = rows;
	return ST_OK;
}

static const struct record *record_find(const struct record *list, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].number == number)
			return &list[i];
	return NULL;
}

static enum status unchanged(const char *owner, const struct db_migration *m, const char *sum, const struct record *r,
                             struct err *e)
{
	if (str_eqc(r->checksum, sum))
		return ST_OK;
	return err_set(e, ST_CONFLICT,
	        "migration %s/%04u_%s was applied with another text: restore the file, and put the change into a new "
	        "one",
	        owner, m->number, m->name);
}

/* --- applying ------------------------------------------------------------------------------------------------- */

struct apply {
	const char *owner;
	const struct db_migration *m;
	bool applied;
};

static enum status apply_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct apply *a = arg;
	struct db *db = db_of(c);
	struct record *list;
	size_t n;
	char sum[CHECKSUM_LEN + 1];
	const char *sql = a->m->sql[db->engine];
	checksum(sql, sum);
	a->applied = false;
	TRY(db->ops->migration_lock(c, e));
	TRY(records(c, a->owner, &list, &n, e));
	const struct record *have = record_find(list, n, a->m->number);
	if (have)
		return unchanged(a->owner, a->m, sum, have, e);
	enum status s = db->ops->script(c, sql, e);
	if (s != ST_OK)
		return err_wrap(e, s, "migration %s/%04u_%s", a->owner, a->m->number, a->m->name);
	const struct db_value p[] = {
		{ .type = DB_TEXT, .s = str_c(a->owner) },   { .type = DB_INT, .i = a->m->number },
		{ .type = DB_TEXT, .s = str_c(a->m->name) }, { .type = DB_TEXT, .s = str_c(sum) },
		{ .type = DB_INT, .i = clock_now_us() },
	};
	a->applied = true;
	return db_exec(c, &add_query, p, NULL, e);
}

static enum status apply_set(struct ctx *ctx, struct db *db, const struct db_migration_set *set, unsigned *applied,
                             struct err *e)
{
	for (size_t i = 0; i < set->count; i++) {
		struct apply a = { .owner = set->owner, .m = &set->list[i] };
		TRY(db_write_unlimited(ctx, db, apply_tx, &a, e));
		if (!a.applied)
			continue;
		LOG(INFO, ctx, "db.migrated", LS("db", db->cfg.name), LS("owner", set->owner),
		        LI("number", a.m->number), LS("name", a.m->name));
		if (applied)
			++*applied;
	}
	return ST_OK;
}

struct apply_all { const struct db_migration_set *sets; size_t n; unsigned applied; };

static enum status apply_all_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct apply_all *all = arg;
	struct db *db = db_of(c);
	all->applied = 0;
	/* IF NOT EXISTS is no protection against another process creating it at the same moment: the lock is. */
	TRY(db->ops->migration_lock(c, e));
	TRY(db->ops->script(c, create_sql, e));
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->sets[i].count; k++) {
			struct apply a = { .owner = all->sets[i].owner, .m = &all->sets[i].list[k] };
			TRY(apply_tx(c, &a, e));
			all->applied += a.applied;
		}
	return ST_OK;
}

static enum status apply_all(struct ctx *ctx, struct db *db, const struct db_migration_set *sets, size_t n,
                             unsigned *applied, struct err *e)
{
	struct apply_all all = { .sets = sets, .n = n };
	TRY(db_write_unlimited(ctx, db, apply_all_tx, &all, e));
	LOG(INFO, ctx, "db.made", LS("db", db->cfg.name), LI("migrations", all.applied));
	if (applied)
		*applied = all.applied;
	return ST_OK;
}

/* --- status --------------------------------------------------------------------------------------------------- */

struct exists_row {
	int64_t n;
};
static const struct db_col exists_cols[] = {
	{ .name = "n", .type = DB_INT, .offset = offsetof(struct exists_row, n) }
};
static struct db_query exists_query = {
	.name = "db_migrations_exist",
	.sql = { "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
	         "SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_migrations')" },
	.cols = exists_cols,
	.col_count = 1,
	.row_size = sizeof(struct exists_row),
};

static enum status set_status(struct db_conn *c, const struct db_migration_set *set, bool have_table,
                              struct db_migration_state *out, struct err *e)
{
	struct record *list = NULL;
	size_t n = 0;
	if (have_table)
		TRY(records(c, set->owner, &list, &n, e));
	for (size_t i = 0; i < set->count; i++) {
		const struct db_migration *m = &set->list[i];
		const struct record *r = record_find(list, n, m->number);
		char sum[CHECKSUM_LEN + 1];
		checksum(m->sql[db_of(c)->engine], sum);
		if (r)
			TRY(unchanged(set->owner, m, sum, r, e));
		out[i] = (struct db_migration_state){
			.owner = set->owner,
			.number = m->number,
			.name = m->name,
			.applied = r != NULL,
			.applied_us = r ? r->applied_at : 0,
		};
	}
	if (n && list[n - 1].number > (int64_t)set->count)
		LOG(WARN, NULL, "db.newer_schema", LS("owner", set->owner), LI("have", list[n - 1].number),
		        LI("know", set->count));
	return ST_OK;
}

struct status_arg {
	const struct db_migration_set *sets;
	size_t n;
	struct db_migration_state *out;
	size_t count;
	bool have_table; /* a database that has none has no migration yet */
};

static enum status status_in(struct db_conn *c, void *arg, struct err *e)
{
	struct status_arg *a = arg;
	void *row = NULL;
	TRY(db_row(c, &exists_query, NULL, &row, e));
	a->have_table = row && ((struct exists_row *)row)->n > 0;
	a->count = 0;
	for (size_t i = 0; i < a->n; i++)
		a->count += a->sets[i].count;
	a->out = ARENA_ARRAY(db_arena(c), struct db_migration_state, a->count + 1);
	size_t at = 0;
	for (size_t i = 0; i < a->n; at += a->sets[i].count, i++)
		TRY(set_status(c, &a->sets[i], a->have_table, a->out + at, e));
	return ST_OK;
}

static enum status status_read(struct ctx *ctx, struct db *db, struct status_arg *a, struct err *e)
{
	if (db->engine == DB_POSTGRES) /* not from a replica, which may lag behind */
		return db_write(ctx, db, status_in, a, e);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	return status_in(c, a, e);
}

enum status db_migrate_status(struct ctx *ctx, struct db *db, const struct db_migration_set *sets, size_t n,
                              struct db_migration_state **out, size_t *count, struct err *e)
{
	struct status_arg a = { .sets = sets, .n = n };
	TRY(status_read(ctx, db, &a, e));
	*out = a.out;
	*count = a.count;
	return ST_OK;
}

/* --- all ------------------------------------------------------------------------------------------------------ */

/* The pages that migrations went through are not those that are asked for later. */
static enum status forget_pages(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	return db_of(c)->ops->script(c, "PRAGMA shrink_memory", e);
}

enum status db_migrate(struct ctx *ctx, struct db *db, const struct db_migration_set *sets, size_t n, unsigned *applied,
                       struct err *e)
{
	/* What is missing or changed, read before anything is written: the usual start finds nothing to do. */
	struct status_arg state = { .sets = sets, .n = n };
	if (applied)
		*applied = 0;
	TRY(status_read(ctx, db, &state, e));
	size_t missing = 0;
	for (size_t i = 0; i < state.count; i++)
		missing += !state.out[i].applied;
	if (!missing)
		return ST_OK;
	if (!state.have_table)
		TRY(apply_all(ctx, db, sets, n, applied, e));
	for (size_t i = 0; state.have_table && i < n; i++)
		TRY(apply_set(ctx, db, &sets[i], applied, e));
	return db_engine(db) == DB_SQLITE ? db_write(ctx, db, forget_pages, NULL, e) : ST_OK;
}
