/* SPDX-License-Identifier: Apache-2.0
 *
 * A schema of its own in PostgreSQL, for what is to be thrown away.
 */
#include <assert.h>
#include <stdio.h>

#include "db/internal.h"

struct schema { const char *name; bool make; };

static enum status schema_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct schema *s = arg;
	char sql[256];
	/* One that a killed process left is in the way. */
	int n = snprintf(sql, sizeof sql,
	        s->make ? "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s" : "DROP SCHEMA %s CASCADE", s->name,
	        s->name);
	assert(n > 0 && n < (int)sizeof sql);
	TRY(db_of(c)->ops->migration_lock(c, e));
	return db_of(c)->ops->script(c, sql, e);
}

enum status db_schema(struct ctx *ctx, struct db *db, const char *name, bool make, struct err *e)
{
	struct schema s = { name, make };
	return db->engine == DB_SQLITE ? ST_OK : db_write(ctx, db, schema_tx, &s, e);
}
