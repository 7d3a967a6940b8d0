/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL results, which arrive as text, into rows.
 */
#include <math.h>
#include <string.h>

#include "db/postgres.h"

static int nibble(char ch)
{
	return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* bytea_output = hex: \x and two digits a byte. */
static bool blob(struct str text, struct arena *a, struct str *out)
{
	if (!str_starts(text, STR("\\x")) || text.n % 2)
		return false;
	size_t n = text.n / 2 - 1;
	char *p = arena_alloc(a, n + 1);
	for (size_t i = 0; i < n; i++) {
		int high = nibble(text.p[2 + 2 * i]), low = nibble(text.p[3 + 2 * i]);
		if (high < 0 || low < 0)
			return false;
		p[i] = (char)(high << 4 | low);
	}
	p[n] = '\0';
	*out = str_n(p, n);
	return true;
}

static bool real(struct str text, double *out)
{
	if (str_eqc(text, "NaN"))
		*out = NAN;
	else if (str_eqc(text, "Infinity"))
		*out = INFINITY;
	else if (str_eqc(text, "-Infinity"))
		*out = -INFINITY;
	else
		return str_f64(text, out);
	return true;
}

static bool value(struct str text, enum db_type type, struct db_sink *sink, void *at)
{
	switch (type) {
	case DB_INT:
		return str_i64(text, at);
	case DB_REAL:
		return real(text, at);
	case DB_BOOL:
		*(bool *)at = str_eqc(text, "t") || str_eqc(text, "1");
		return *(bool *)at || str_eqc(text, "f") || str_eqc(text, "0");
	case DB_TEXT:
		*(struct str *)at = sink->keep ? arena_str(sink->arena, text) : text;
		return true;
	case DB_BLOB:
		return blob(text, sink->arena, at);
	}
	return false;
}

static enum status row(const PGresult *r, int at, const struct db_query *q, struct db_sink *sink, struct err *e)
{
	char *to = db_sink_slot(sink);
	for (int i = 0; i < q->col_count; i++) {
		const struct db_col *col = &q->cols[i];
		if (PQgetisnull(r, at, i)) {
			if (!col->nullable)
				return err_set(e, ST_CORRUPT, "%s: column %s is NULL", q->name, col->name);
			if (col->type != DB_TEXT && col->type != DB_BLOB)
				*(bool *)(to + col->null_offset) = true;
			continue;
		}
		struct str text = str_n(PQgetvalue(r, at, i), (size_t)PQgetlength(r, at, i));
		if (!value(text, col->type, sink, to + col->offset))
			return err_set(
			        e, ST_CORRUPT, "%s: column %s has another type than declared", q->name, col->name);
	}
	return db_sink_push(sink);
}

enum status pg_decode(
        const PGresult *r, const struct db_query *q, struct db_sink *sink, int64_t *affected, struct err *e)
{
	ExecStatusType status = PQresultStatus(r);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		return pg_result_error(r, q->name, e);
	if (affected && !str_i64(str_c(PQcmdTuples((PGresult *)r)), affected))
		*affected = 0;
	if (!sink)
		return ST_OK;
	if (PQnfields(r) != q->col_count)
		return err_set(e, ST_INTERNAL,
		        "%s: %d columns instead of %d: does the schema belong to another version?", q->name,
		        PQnfields(r), q->col_count);
	for (int i = 0; i < PQntuples(r) && !db_sink_full(sink); i++)
		TRY(row(r, i, q, sink, e));
	return ST_OK;
}
