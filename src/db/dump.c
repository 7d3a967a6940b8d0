/* SPDX-License-Identifier: Apache-2.0 */
#include "db/dump.h"

#include "base/buf.h"

#define SQL_MAX ((size_t)64 << 10) /* bytes of a statement about one table */

struct column_row { struct str tbl, col, type; int64_t pk; };
struct refer_row { struct str tbl, ref; };

static const struct db_col column_cols[] = {
	{ DB_TEXT, false, offsetof(struct column_row, tbl), 0, "tbl" },
	{ DB_TEXT, false, offsetof(struct column_row, col), 0, "col" },
	{ DB_TEXT, false, offsetof(struct column_row, type), 0, "type" },
	{ DB_INT, false, offsetof(struct column_row, pk), 0, "pk" },
};
static struct db_query columns = {
	.name = "db_columns",
	.sql = { "SELECT t.name, c.name, c.type, c.pk FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c"
	         " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND "
	         "c.hidden = 0"
	         " ORDER BY t.name, c.name",
	        "SELECT c.table_name::text, c.column_name::text, c.data_type::text, COALESCE((SELECT k.ordinal_position"
	        " FROM information_schema.table_constraints p JOIN information_schema.key_column_usage k"
	        " USING (constraint_schema, constraint_name) WHERE p.table_schema = c.table_schema"
	        " AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY'"
	        " AND k.column_name = c.column_name), 0)::bigint"
	        " FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)"
	        " WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'"
	        " ORDER BY c.table_name COLLATE \"C\", c.column_name COLLATE \"C\"" },
	.cols = column_cols,
	.col_count = 4,
	.row_size = sizeof(struct column_row),
};

static const struct db_col refer_cols[] = {
	{ DB_TEXT, false, offsetof(struct refer_row, tbl), 0, "tbl" },
	{ DB_TEXT, false, offsetof(struct refer_row, ref), 0, "ref" },
};
static struct db_query references_of = {
	.name = "db_references",
	.sql = { "SELECT t.name, f.\"table\" FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f"
	         " WHERE t.schema = 'main' AND t.type = 'table' ORDER BY 1, 2",
	         "SELECT a.relname::text, b.relname::text FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid"
	         " JOIN pg_class b ON b.oid = k.confrelid JOIN pg_namespace n ON n.oid = k.connamespace"
	         " WHERE k.contype = 'f' AND n.nspname = current_schema() ORDER BY 1, 2" },
	.cols = refer_cols,
	.col_count = 2,
	.row_size = sizeof(struct refer_row),
};

/* --- which there are ---------------------------------------------------------------------------------------------- */

static enum db_type type_of(struct str declared)
{
	static const struct { const char *part; enum db_type type; } types[] = { { "bool", DB_BOOL }, { "BOOL",
		DB_BOOL },
		{ "int", DB_INT }, { "INT", DB_INT }, { "double", DB_REAL }, { "DOUBLE", DB_REAL }, { "REAL", DB_REAL },
		{ "bytea", DB_BLOB }, { "BLOB", DB_BLOB } };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_find(declared, str_c(types[i].part)) >= 0)
			return types[i].type;
	return DB_TEXT;
}

static struct db_table *table_named(struct db_table *list, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqc(name, list[i].name))
			return &list[i];
	return NULL;
}

static bool is_placed(struct db_table *placed, size_t n, const struct db_table *t)
{
	for (size_t i = 0; t->refers[i]; i++)
		if (strcmp(t->refers[i], t->name) != 0 && !table_named(placed, n, str_c(t->refers[i])))
			return false;
	return true;
}

/* Each behind those that it refers to. What refers in a circle stands at the end. */
static void put_in_order(struct arena *a, struct db_table *list, size_t n)
{
	struct db_table *placed = ARENA_ARRAY(a, struct db_table, n + 1);
	bool *taken = ARENA_ARRAY(a, bool, n + 1);
	size_t count = 0;
	for (bool circle = false, more = true; count < n; circle = !more) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			if (taken[i] || (!circle && !is_placed(placed, count, &list[i])))
				continue;
			placed[count++] = list[i];
			taken[i] = more = true;
		}
	}
	memcpy(list, placed, n * sizeof *list);
}

static enum status add_references(struct db_conn *c, struct db_table *list, size_t n, struct err *e)
{
	struct refer_row *rows;
	size_t count;
	TRY(db_rows(c, &references_of, NULL, (void **)&rows, &count, e));
	for (size_t i = 0; i < count; i++) {
		struct db_table *t = table_named(list, n, rows[i].tbl);
		size_t k = 0;
		while (t && t->refers[k])
			k++;
		if (t && k < DB_TABLE_REFERS)
			t->refers[k] = arena_cstr(db_arena(c), rows[i].ref);
	}
	return ST_OK;
}

enum status db_tables(struct db_conn *c, struct db_table **out, size_t *n, struct err *e)
{
	struct column_row *rows;
	size_t count;
	struct db_table *t = NULL;
	TRY(db_rows(c, &columns, NULL, (void **)&rows, &count, e));
	struct db_table *list = ARENA_ARRAY(db_arena(c), struct db_table, count + 1);
	struct db_column *cols = ARENA_ARRAY(db_arena(c), struct db_column, count + 1);
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		if (!t || !str_eqc(rows[i].tbl, t->name)) {
			t = &list[(*n)++];
			t->name = arena_cstr(db_arena(c), rows[i].tbl);
			t->cols = &cols[i];
		}
		if (t->count == DB_TABLE_COLUMNS)
			return err_set(
			        e, ST_TOO_LARGE, "the table %s has more than %d columns", t->name, DB_TABLE_COLUMNS);
		t->cols[t->count++] = (struct db_column){ arena_cstr(db_arena(c), rows[i].col), type_of(rows[i].type),
			rows[i].pk > 0 };
	}
	TRY(add_references(c, list, *n, e));
	put_in_order(db_arena(c), list, *n);
	*out = list;
	return ST_OK;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

struct any_value { union { int64_t i; double d; bool b; struct str s; } v; bool null; };

struct each_row {
	const struct db_table *t;
	struct db_value *values;
	enum status (*row)(void *arg, const struct db_value *values);
	void *arg;
};

static enum status on_row(void *arg, const void *row)
{
	struct each_row *w = arg;
	const struct any_value *all = row;
	for (size_t i = 0; i < w->t->count; i++) {
		struct db_value *v = &w->values[i];
		*v = (struct db_value){ .type = w->t->cols[i].type };
		bool text = v->type == DB_TEXT || v->type == DB_BLOB;
		v->null = text ? !all[i].v.s.p : all[i].null;
		if (v->type == DB_INT)
			v->i = all[i].v.i;
		else if (v->type == DB_REAL)
			v->d = all[i].v.d;
		else if (v->type == DB_BOOL)
			v->b = all[i].v.b;
		else
			v->s = all[i].v.s;
	}
	return w->row(w->arg, w->values);
}

enum status db_table_each(struct db_conn *c, const struct db_table *t,
        enum status (*row)(void *arg, const struct db_value *values), void *arg, struct err *e)
{
	struct arena *a = db_arena(c);
	struct db_col *cols = ARENA_ARRAY(a, struct db_col, t->count);
	bool postgres = db_engine(db_of(c)) == DB_POSTGRES, ordered = false;
	struct buf sql;
	buf_arena(&sql, a, SQL_MAX);
	for (size_t i = 0; i < t->count; i++) {
		buf_printf(&sql, "%s\"%s\"", i ? ", " : "SELECT ", t->cols[i].name);
		cols[i] = (struct db_col){ t->cols[i].type, true, (uint16_t)(i * sizeof(struct any_value)),
			(uint16_t)(i * sizeof(struct any_value) + offsetof(struct any_value, null)), t->cols[i].name };
	}
	buf_printf(&sql, " FROM \"%s\"", t->name);
	for (size_t i = 0; i < t->count; i++) {
		if (!t->cols[i].key)
			continue;
		buf_printf(&sql, "%s\"%s\"%s", ordered ? ", " : " ORDER BY ", t->cols[i].name,
		        postgres && t->cols[i].type == DB_TEXT ? " COLLATE \"C\"" : "");
		ordered = true;
	}
	if (!buf_ok(&sql))
		return err_set(e, ST_TOO_LARGE, "the table %s has too many columns", t->name);
	buf_putc(&sql, 0);
	struct db_query q = { .name = "db_table_each",
		.sql = { sql.data, sql.data },
		.cols = cols,
		.col_count = (uint8_t)t->count,
		.row_size = (uint16_t)(t->count * sizeof(struct any_value)),
		.passing = true };
	struct each_row w = { t, ARENA_ARRAY(a, struct db_value, t->count), row, arg };
	return db_each(c, &q, NULL, on_row, &w, e);
}

enum status db_table_add(struct db_conn *c, const struct db_table *t, const bool *wanted, const struct db_value *values,
        int64_t *added, struct err *e)
{
	enum db_type types[DB_TABLE_COLUMNS];
	struct db_value given[DB_TABLE_COLUMNS];
	bool postgres = db_engine(db_of(c)) == DB_POSTGRES;
	SCOPED_BUF sql; /* of each row: not in the transaction's arena */
	size_t n = 0;
	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "INSERT INTO \"%s\" (", t->name);
	for (size_t i = 0; i < t->count; i++) {
		if (!wanted[i])
			continue;
		buf_printf(&sql, "%s\"%s\"", n ? ", " : "", t->cols[i].name);
		types[n] = t->cols[i].type;
		given[n++] = values[i];
	}
	BUF_LIT(&sql, ") VALUES (");
	for (size_t i = 0; i < n; i++)
		buf_printf(&sql, "%s%c%zu", i ? ", " : "", postgres ? '$' : '?', i + 1);
	BUF_LIT(&sql, ") ON CONFLICT DO NOTHING");
	if (!buf_ok(&sql) || !n)
		return err_set(e, ST_INVALID, "a row of %s has no columns, or too many", t->name);
	buf_putc(&sql, 0);
	struct db_query q = { .name = "db_table_add", .sql = { sql.data, sql.data }, .params = types,
		.param_count = (uint8_t)n, .writes = true, .passing = true };
	return db_exec(c, &q, given, added, e);
}
