/* SPDX-License-Identifier: Apache-2.0
 *
 * What a database has in it, table by table, without knowing its tables: for archives that either engine reads.
 */
#ifndef GH_DB_DUMP_H
#define GH_DB_DUMP_H

#include "db/db.h"

enum { DB_TABLE_COLUMNS = 128 /* of one table */, DB_TABLE_REFERS = 15 /* tables that one names */ };

struct db_column { const char *name; enum db_type type; bool key; /* of the primary key */ };
struct db_table {
	const char *name;
	struct db_column *cols; /* by name; not those that the database makes of others */
	size_t count;
	const char *refers[DB_TABLE_REFERS + 1]; /* tables that rows of it name; NULL-terminated */
};

/* All tables but the engine's own, each behind those that it refers to; in db_arena(c). */
enum status db_tables(struct db_conn *c, struct db_table **out, size_t *n, struct err *e) MUST_CHECK;
/* Every row, in the order of the primary key (texts bytewise); values as cols, valid during the call. */
enum status db_table_each(struct db_conn *c, const struct db_table *t,
        enum status (*row)(void *arg, const struct db_value *values), void *arg, struct err *e) MUST_CHECK;
/* A row with these of its columns (wanted[i]: values[i] is given; the others get their defaults). A row with that key,
   or with another value that is there once only, stays as it is: *added is 0. */
enum status db_table_add(struct db_conn *c, const struct db_table *t, const bool *wanted, const struct db_value *values,
        int64_t *added, struct err *e) MUST_CHECK;

#endif
