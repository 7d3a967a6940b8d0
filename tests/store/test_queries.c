/* SPDX-License-Identifier: Apache-2.0
 *
 * Every query of every owner (the platform's, and those of services.def) is prepared on freshly migrated SQLite and
 * PostgreSQL, and what the engine says of its columns is held against what the row struct was generated for. The build
 * does the same for SQLite's texts only.
 */
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite.h"
#include "gen/auth_sql.h"
#include "gen/platform_sql.h"
#include "store.h"

/* What gen/<service>_sql.h declares of each service. */
#define X(name)                                          \
	extern struct db_query *const name##_queries[]; \
	extern const struct db_migration_set name##_migrations;
#include "platform/core/services.def"
#undef X

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static const struct owner {
	const char *name;
	struct db_query *const *queries;
	const struct db_migration_set *migrations;
} owners[] = {
	{ "platform", platform_queries, &platform_migrations },
	{ "auth", auth_queries, &auth_migrations },
#define X(name) { #name, name##_queries, &name##_migrations },
#include "platform/core/services.def"
#undef X
};

static Oid parameter_type(enum db_type t)
{
	static const Oid oids[] = { [DB_INT] = 20, [DB_REAL] = 701, [DB_BOOL] = 16, [DB_TEXT] = 25, [DB_BLOB] = 17 };
	return oids[t];
}

/* Whether a column of this PostgreSQL type can be read as ours: pg_rows.c parses its text. */
static bool readable(enum db_type t, Oid oid)
{
	switch (t) {
	case DB_INT:
		return oid == 20 || oid == 21 || oid == 23 || oid == 1700; /* int8, int2, int4, numeric (a sum) */
	case DB_REAL:
		return oid == 701 || oid == 700 || oid == 1700 || oid == 20 || oid == 23;
	case DB_BOOL:
		return oid == 16;
	case DB_BLOB:
		return oid == 17;
	case DB_TEXT:
		return oid != 17;
	}
	return false;
}

static bool prepare_postgres(PGconn *c, const struct db_query *q)
{
	Oid types[256];
	for (unsigned i = 0; i < q->param_count; i++)
		types[i] = parameter_type(q->params[i]);
	PGresult *r = PQprepare(c, q->name, q->sql[DB_POSTGRES], q->param_count, types);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
	if (!ok)
		printf("       %s: %s", q->name, PQresultErrorMessage(r));
	PQclear(r);
	if (!ok)
		return false;
	r = PQdescribePrepared(c, q->name);
	if (q->col_count && PQnfields(r) != q->col_count) {
		printf("       %s: %d columns instead of %d\n", q->name, PQnfields(r), q->col_count);
		ok = false;
	}
	for (int i = 0; ok && i < q->col_count; i++) {
		if (readable(q->cols[i].type, PQftype(r, i)))
			continue;
		printf("       %s: column %s has type %u on PostgreSQL\n", q->name, q->cols[i].name, PQftype(r, i));
		ok = false;
	}
	PQclear(r);
	return ok;
}

static bool prepare_sqlite(sqlite3 *h, const struct db_query *q)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(h, q->sql[DB_SQLITE], -1, &st, NULL) == SQLITE_OK;
	if (!ok)
		printf("       %s: %s\n", q->name, sqlite3_errmsg(h));
	if (ok && sqlite3_bind_parameter_count(st) > q->param_count) {
		printf("       %s: %d parameters instead of %d\n", q->name, sqlite3_bind_parameter_count(st),
		        q->param_count);
		ok = false;
	}
	sqlite3_finalize(st);
	return ok;
}

static const char *url_path(const struct store *t)
{
	return t->cfg.url + strlen("sqlite:");
}

static void prepare_all(struct store *t)
{
	const struct owner *o = owners;
	while (strcmp(o->name, t->name))
		o++;
	unsigned bad = 0, n = 0;
	if (o->migrations != &platform_migrations)
		CHECK_OK(db_migrate(t->ctx, t->db, o->migrations, 1, NULL, &t->err));
	sqlite3 *h = NULL;
	PGconn *c = NULL;
	if (t->admin_url)
		c = PQconnectdb(t->admin_url);
	else if (sqlite3_open(url_path(t), &h) == SQLITE_OK)
		CHECK_OK(sq_words(&(struct sq_conn){ .h = h }, &t->err)); /* as the program's connections have it */
	for (struct db_query *const *q = o->queries; *q; q++, n++)
		bad += t->admin_url ? !prepare_postgres(c, *q) : !prepare_sqlite(h, *q);
	PQfinish(c);
	sqlite3_close(h);
	printf("       %s: %u queries\n", o->name, n);
	CHECK(bad == 0);
}

/* PgBouncer adds nothing here: preparing goes past it. */
int main(int argc, char **argv)
{
	struct store_test tests[2 * COUNT_OF(owners)];
	for (size_t i = 0; i < COUNT_OF(owners); i++) {
		tests[2 * i] = (struct store_test){ owners[i].name, prepare_all, "sqlite" };
		tests[2 * i + 1] = (struct store_test){ owners[i].name, prepare_all, "postgres" };
	}
	return store_main(argc, argv, tests, COUNT_OF(tests),
	        (const struct db_migration_set *const[]){ &platform_migrations, NULL });
}
