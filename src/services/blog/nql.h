/* SPDX-License-Identifier: Apache-2.0
 *
 * Filters and orders as Ghost's Content API takes them (NQL: Node Query Language,
 * ghost.org/docs/content-api/#filtering), made into a condition of SQL with parameters. Names are looked up in a table
 * of fields, so that nothing can be asked for that is not in it; what is asked for comes in as a parameter, never as
 * text of the statement.
 *
 *     tag:[bread,cake]+featured:true,published_at:>'2026-01-01'
 *
 * + is and, binding closer than , which is or; groups in ( ). After the colon: - not, > >= < <=, ~ contains, ~^ begins
 * with, ~$ ends with, [a,b] one of. Values: 'text' or "text" with \' and \", words, numbers, true, false, null,
 * now-30d (also s m h w M y).
 */
#ifndef GH_SERVICES_BLOG_NQL_H
#define GH_SERVICES_BLOG_NQL_H

#include "base/buf.h"
#include "db/db.h"

enum {
	NQL_LENGTH_MAX = 4096, /* bytes of a filter */
	NQL_TERMS_MAX = 64,    /* conditions of a filter */
	NQL_VALUES_MAX = 70,   /* values, of all of them together */
	NQL_DEPTH_MAX = 16     /* groups in groups */
};

enum nql_kind {
	NQL_TEXT, /* column of a text; "" stands for null */
	NQL_BOOL,
	NQL_INT,
	NQL_TIME,   /* column of µs, of a value that is a date or a moment */
	NQL_ID,     /* Ghost's id of an object: 24 hex digits. column: the table's alias */
	NQL_LINKED, /* there is one at the other end of an edge, t. column: the condition, with %s where the test of t
	               stands */
};
struct nql_field { const char *name; enum nql_kind kind; const char *column; };

/* A condition as it is put together: text with ?1 … or $1 … after what is there of params already. */
struct nql_sql {
	struct buf text;
	struct db_value *params;
	unsigned count, room;
	enum db_engine engine;
};
/* Appends " AND (…)" to sql->text; nothing for an empty filter. fields end with { 0 }. ST_INVALID, with a sentence for
   whoever wrote it. now_us: what `now` is. */
enum status nql_where(struct arena *a, struct str filter, const struct nql_field *fields, int64_t now_us,
        struct nql_sql *sql, struct err *e) MUST_CHECK;
/* Appends " ORDER BY …" of "published_at desc,title"; fallback: columns as SQL when it is empty; tie: a column that
   makes it definite. */
enum status nql_order(struct str order, const struct nql_field *fields, const char *fallback, const char *tie,
        struct nql_sql *sql, struct err *e) MUST_CHECK;
/* One more parameter, whose place is appended to the text. */
void nql_param(struct nql_sql *sql, struct db_value v);

#endif
