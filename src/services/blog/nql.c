/* SPDX-License-Identifier: Apache-2.0
 *
 * Recursive descent over the filter, writing the condition as it goes: or of ands of terms.
 */
#include "services/blog/nql.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum nql_op {
	OP_EQ,
	OP_NE,
	OP_GT,
	OP_GE,
	OP_LT,
	OP_LE,
	OP_HAS,
	OP_BEGINS,
	OP_ENDS,
	OP_HAS_NOT,
	OP_BEGINS_NOT,
	OP_ENDS_NOT
};
static const struct { const char *sign; enum nql_op op; } ops[] = { /* longer ones first */
	{ "-~^", OP_BEGINS_NOT }, { "-~$", OP_ENDS_NOT }, { "-~", OP_HAS_NOT }, { "~^", OP_BEGINS }, { "~$", OP_ENDS },
	{ "~", OP_HAS }, { ">=", OP_GE }, { "<=", OP_LE }, { ">", OP_GT }, { "<", OP_LT }, { "-", OP_NE },
};
static const char *const sql_ops[] = { [OP_EQ] = "=", [OP_NE] = "<>", [OP_GT] = ">", [OP_GE] = ">=", [OP_LT] = "<",
	[OP_LE] = "<=" };

struct nql {
	struct arena *a;
	struct str rest;
	const struct nql_field *fields;
	struct nql_sql *sql;
	int64_t now_us;
	unsigned terms, values, depth;
	struct err *e;
};

struct literal { struct str text; bool quoted; };

static enum status bad(struct nql *q, const char *what)
{
	return err_set(q->e, ST_INVALID, "The filter is not understood: %s at \"%.*s\".", what,
	        STR_ARG(str_utf8_first(q->rest, STR_SHOWN_MAX)));
}

void nql_param(struct nql_sql *sql, struct db_value v)
{
	static const char *const casts[] = { [DB_INT] = "::bigint", [DB_REAL] = "::float8", [DB_BOOL] = "::boolean",
		[DB_TEXT] = "::text", [DB_BLOB] = "::bytea" };
	if (sql->count == sql->room) {
		sql->text.failed = true;
		return;
	}
	sql->params[sql->count++] = v;
	if (sql->engine == DB_SQLITE)
		buf_printf(&sql->text, "?%u", sql->count);
	else
		buf_printf(&sql->text, "$%u%s", sql->count, casts[v.type]);
}

static bool eat(struct nql *q, const char *sign)
{
	if (!str_starts(q->rest, str_c(sign)))
		return false;
	q->rest = str_skip(q->rest, strlen(sign));
	return true;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static enum status read_quoted(struct nql *q, char end, struct str *out)
{
	char *text = arena_alloc(q->a, q->rest.n + 1);
	size_t n = 0, i = 1;
	for (; i < q->rest.n && q->rest.p[i] != end; i++) {
		if (q->rest.p[i] == '\\' && i + 1 < q->rest.n && (q->rest.p[i + 1] == '\'' || q->rest.p[i + 1] == '"'))
			i++;
		text[n++] = q->rest.p[i];
	}
	if (i >= q->rest.n)
		return bad(q, "a text that does not end");
	text[n] = '\0';
	*out = str_n(text, n);
	q->rest = str_skip(q->rest, i + 1);
	return ST_OK;
}

static enum status read_literal(struct nql *q, struct literal *out)
{
	size_t n = 0;
	if (++q->values > NQL_VALUES_MAX)
		return err_set(q->e, ST_INVALID, "A filter has at most %d values.", NQL_VALUES_MAX);
	out->quoted = q->rest.n && (q->rest.p[0] == '\'' || q->rest.p[0] == '"');
	if (out->quoted)
		return read_quoted(q, q->rest.p[0], &out->text);
	while (n < q->rest.n && !strchr("+,()[]<>=~'\" ", q->rest.p[n]))
		n++;
	if (!n)
		return bad(q, "a value is expected");
	out->text = str_first(q->rest, n);
	q->rest = str_skip(q->rest, n);
	return ST_OK;
}

static bool is_null(const struct literal *l) { return !l->quoted && str_eqc(l->text, "null"); }

/* now-30d, now+2h */
static bool relative_time(struct str s, int64_t now_us, int64_t *out)
{
	static const struct { char unit; int64_t seconds; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
		{ 'd', 86400 }, { 'w', 7 * 86400 }, { 'M', 30 * 86400 }, { 'y', 365 * 86400 } };
	int64_t n;
	*out = now_us;
	if (!str_starts(s, STR("now")))
		return false;
	if (s.n == 3)
		return true;
	bool back = s.p[3] == '-';
	if ((!back && s.p[3] != '+') || s.n < 6 || !str_i64(str_first(str_skip(s, 4), s.n - 5), &n) || n < 0 ||
	        n > 100000)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].unit == s.p[s.n - 1]) {
			*out += (back ? -n : n) * units[i].seconds * US_PER_S;
			return true;
		}
	return false;
}

/* The literal as a parameter of the field's kind. */
static enum status value_of(struct nql *q, const struct nql_field *f, const struct literal *l, struct db_value *v)
{
	*v = (struct db_value){ .type = DB_TEXT, .s = l->text };
	switch (f->kind) {
	case NQL_BOOL:
		v->type = DB_BOOL;
		v->b = str_eqc(l->text, "true") || str_eqc(l->text, "1");
		if (!v->b && !str_eqc(l->text, "false") && !str_eqc(l->text, "0"))
			return err_set(q->e, ST_INVALID, "%s is true or false.", f->name);
		return ST_OK;
	case NQL_INT:
		v->type = DB_INT;
		return str_i64(l->text, &v->i) ? ST_OK : err_set(q->e, ST_INVALID, "%s is a number.", f->name);
	case NQL_TIME:
		v->type = DB_INT;
		if (relative_time(l->text, q->now_us, &v->i) || clock_parse_rfc3339(l->text, &v->i))
			return ST_OK;
		return err_set(
		        q->e, ST_INVALID, "%s is a date, such as '2026-01-31' or '2026-01-31 12:00:00'.", f->name);
	default:
		return ST_OK;
	}
}

/* --- terms -------------------------------------------------------------------------------------------------------- */

static void put_null(struct nql *q, const struct nql_field *f, bool not)
{
	struct buf *b = &q->sql->text;
	if (f->kind == NQL_TEXT)
		buf_printf(b, "coalesce(%s, '') %s ''", f->column, not ? "<>" : "=");
	else if (f->kind == NQL_LINKED) {
		buf_puts(b, not ? "" : "NOT ");
		buf_printf(b, f->column, "1 = 1");
	} else
		buf_printf(b, "%s IS %sNULL", f->kind == NQL_ID ? arena_printf(q->a, "%s.id", f->column) : f->column,
		        not ? "NOT " : "");
}

/* An id that came from Ghost is kept as it was; ours is the number in hex. */
static void put_id(struct nql *q, const struct nql_field *f, struct str id)
{
	char digits[25];
	uint64_t n = 0;
	bool ours = id.n == 24 && str_starts(id, STR("00000000"));
	if (ours) {
		snprintf(digits, sizeof digits, "%.*s", STR_ARG(id));
		ours = sscanf(digits + 8, "%16" SCNx64, &n) == 1 && n <= INT64_MAX;
	}
	buf_printf(&q->sql->text, "(coalesce(%s.guid, '') = ", f->column);
	nql_param(q->sql, (struct db_value){ .type = DB_TEXT, .s = id });
	buf_printf(&q->sql->text, " OR (coalesce(%s.guid, '') = '' AND %s.id = ", f->column, f->column);
	nql_param(q->sql, (struct db_value){ .type = DB_INT, .i = ours ? (int64_t)n : -1 });
	buf_printf(
	        &q->sql->text, ") OR coalesce(%s.origin, '') = 'ghost:' || %s.type || ':' || ", f->column, f->column);
	nql_param(q->sql, (struct db_value){ .type = DB_TEXT, .s = id });
	buf_putc(&q->sql->text, ')');
}

/* The text between % signs, with % and _ of its own escaped. */
static struct str like_of(struct nql *q, struct str s, bool before, bool after)
{
	struct buf b;
	buf_arena(&b, q->a, 2 * s.n + 8);
	if (before)
		buf_putc(&b, '%');
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("%_!", s.p[i]))
			buf_putc(&b, '!');
		buf_putc(&b, (char)tolower((unsigned char)s.p[i]));
	}
	if (after)
		buf_putc(&b, '%');
	return buf_str(&b);
}

static enum status put_like(struct nql *q, const struct nql_field *f, const char *column, enum nql_op op,
        const struct literal *l)
{
	bool not = op >= OP_HAS_NOT;
	enum nql_op plain = not ? (enum nql_op)(op - OP_HAS_NOT + OP_HAS) : op;
	if (f->kind != NQL_TEXT && f->kind != NQL_LINKED)
		return err_set(q->e, ST_INVALID, "%s is no text: ~ can not be asked of it.", f->name);
	buf_printf(&q->sql->text, "lower(coalesce(%s, '')) %sLIKE ", column, not && f->kind == NQL_TEXT ? "NOT " : "");
	nql_param(q->sql, (struct db_value){ .type = DB_TEXT,
		.s = like_of(q, l->text, plain != OP_BEGINS, plain != OP_ENDS) });
	buf_puts(&q->sql->text, " ESCAPE '!'");
	return ST_OK;
}

/* column: of the field, or t.slug of what is linked. n values: one of them. */
static enum status put_test(struct nql *q, const struct nql_field *f, const char *column, enum nql_op op,
        const struct literal *list, unsigned n)
{
	struct buf *b = &q->sql->text;
	if (op >= OP_HAS)
		return put_like(q, f, column, op, list);
	if (f->kind == NQL_TEXT)
		buf_printf(b, "coalesce(%s, '')", column);
	else
		buf_puts(b, column);
	bool not = op == OP_NE && f->kind != NQL_LINKED;
	if (op > OP_NE)
		buf_printf(b, " %s ", sql_ops[op]);
	else
		buf_puts(b, not ? " NOT IN (" : " IN (");
	for (unsigned i = 0; i < n; i++) {
		struct db_value v;
		TRY(value_of(q, f, &list[i], &v));
		buf_puts(b, i ? ", " : "");
		nql_param(q->sql, v);
	}
	if (op <= OP_NE)
		buf_putc(b, ')');
	return ST_OK;
}

/* NOT of the whole: a post "without the tag" has none of them. */
static bool is_negative(enum nql_op op) { return op == OP_NE || op >= OP_HAS_NOT; }

static enum status put_linked(struct nql *q, const struct nql_field *f, enum nql_op op, const struct literal *list,
        unsigned n)
{
	const char *mark = strstr(f->column, "%s"), *after = mark + 2;
	if (op != OP_EQ && op != OP_NE && op < OP_HAS)
		return err_set(q->e, ST_INVALID, "%s can not be compared with > or <.", f->name);
	buf_puts(&q->sql->text, is_negative(op) ? "NOT " : "");
	buf_put(&q->sql->text, f->column, (size_t)(mark - f->column));
	const char *column = strstr(f->name, ".name") ? "t.title"
	        : strstr(f->name, ".visibility") ? "CASE WHEN t.status = 'unlisted' THEN 'internal' ELSE 'public' END"
	                                         : "t.slug";
	TRY(put_test(q, f, column, op, list, n));
	buf_puts(&q->sql->text, after);
	return ST_OK;
}

static enum status put_ids(struct nql *q, const struct nql_field *f, enum nql_op op, const struct literal *list,
        unsigned n)
{
	if (op > OP_NE)
		return err_set(q->e, ST_INVALID, "%s can only be the same or another.", f->name);
	buf_puts(&q->sql->text, op == OP_NE ? "NOT (" : "(");
	for (unsigned i = 0; i < n; i++) {
		buf_puts(&q->sql->text, i ? " OR " : "");
		put_id(q, f, list[i].text);
	}
	buf_putc(&q->sql->text, ')');
	return ST_OK;
}

static enum status put_term(struct nql *q, const struct nql_field *f, enum nql_op op, const struct literal *list,
        unsigned n)
{
	if (n == 1 && is_null(&list[0])) {
		if (op > OP_NE)
			return err_set(q->e, ST_INVALID, "null can not be compared with > or <.");
		put_null(q, f, op == OP_NE);
		return ST_OK;
	}
	if (op > OP_NE && n > 1)
		return err_set(q->e, ST_INVALID, "A list is of values that %s is one of, or none of.", f->name);
	switch (f->kind) {
	case NQL_LINKED:
		return put_linked(q, f, op, list, n);
	case NQL_ID:
		return put_ids(q, f, op, list, n);
	default:
		return put_test(q, f, f->column, op, list, n);
	}
}

static const struct nql_field *field_named(const struct nql_field *fields, struct str name)
{
	for (; fields->name; fields++)
		if (str_eqc(name, fields->name))
			return fields;
	return NULL;
}

static enum status read_field(struct nql *q, const struct nql_field **f)
{
	size_t n = 0;
	while (n < q->rest.n && (isalnum((unsigned char)q->rest.p[n]) || strchr("_.-", q->rest.p[n])))
		n++;
	struct str name = str_first(q->rest, n);
	if (!n || n == q->rest.n || q->rest.p[n] != ':')
		return bad(q, "a name and a colon are expected");
	*f = field_named(q->fields, name);
	if (!*f)
		return err_set(q->e, ST_INVALID, "There is nothing called \"%.*s\" to filter by.",
		        STR_ARG(str_utf8_first(name, STR_SHOWN_MAX)));
	q->rest = str_skip(q->rest, n + 1);
	return ST_OK;
}

static enum status read_term(struct nql *q)
{
	const struct nql_field *f;
	struct literal list[NQL_VALUES_MAX];
	enum nql_op op = OP_EQ;
	unsigned n = 0;
	if (++q->terms > NQL_TERMS_MAX)
		return err_set(q->e, ST_INVALID, "A filter has at most %d conditions.", NQL_TERMS_MAX);
	TRY(read_field(q, &f));
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (eat(q, ops[i].sign)) {
			op = ops[i].op;
			break;
		}
	if (!eat(q, "[")) {
		TRY(read_literal(q, &list[n++]));
		return put_term(q, f, op, list, n);
	}
	do {
		if (n == NQL_VALUES_MAX)
			return err_set(q->e, ST_INVALID, "A filter has at most %d values.", NQL_VALUES_MAX);
		TRY(read_literal(q, &list[n++]));
	} while (eat(q, ","));
	return eat(q, "]") ? put_term(q, f, op, list, n) : bad(q, "a ] is expected");
}

static enum status read_or(struct nql *q);

static enum status read_factor(struct nql *q)
{
	if (!eat(q, "("))
		return read_term(q);
	if (++q->depth > NQL_DEPTH_MAX)
		return err_set(q->e, ST_INVALID, "A filter has at most %d groups in each other.", NQL_DEPTH_MAX);
	buf_putc(&q->sql->text, '(');
	TRY(read_or(q));
	buf_putc(&q->sql->text, ')');
	q->depth--;
	return eat(q, ")") ? ST_OK : bad(q, "a ) is expected");
}

static enum status read_and(struct nql *q)
{
	TRY(read_factor(q));
	while (eat(q, "+")) {
		buf_puts(&q->sql->text, " AND ");
		TRY(read_factor(q));
	}
	return ST_OK;
}

static enum status read_or(struct nql *q)
{
	buf_putc(&q->sql->text, '(');
	TRY(read_and(q));
	while (eat(q, ",")) {
		buf_puts(&q->sql->text, ") OR (");
		TRY(read_and(q));
	}
	buf_putc(&q->sql->text, ')');
	return ST_OK;
}

enum status nql_where(struct arena *a, struct str filter, const struct nql_field *fields, int64_t now_us,
        struct nql_sql *sql, struct err *e)
{
	struct nql q = { .a = a, .rest = str_trim(filter), .fields = fields, .sql = sql, .now_us = now_us, .e = e };
	if (!q.rest.n)
		return ST_OK;
	if (q.rest.n > NQL_LENGTH_MAX)
		return err_set(e, ST_INVALID, "A filter has at most %d bytes.", NQL_LENGTH_MAX);
	buf_puts(&sql->text, " AND (");
	TRY(read_or(&q));
	buf_putc(&sql->text, ')');
	if (q.rest.n)
		return bad(&q, "+, , or the end is expected");
	return buf_ok(&sql->text) ? ST_OK : err_set(e, ST_INVALID, "The filter is too long.");
}

enum status nql_order(struct str order, const struct nql_field *fields, const char *fallback, const char *tie,
        struct nql_sql *sql, struct err *e)
{
	struct str rest = str_trim(order), part;
	buf_puts(&sql->text, " ORDER BY ");
	if (!rest.n)
		buf_puts(&sql->text, fallback);
	for (unsigned n = 0; rest.n && str_next(&rest, ',', &part); n++) {
		struct str way = str_trim(part), name;
		bool down = str_cut(&way, ' ', &name) && str_ieqc(str_trim(way), "desc");
		if (n == NQL_TERMS_MAX)
			return err_set(e, ST_INVALID, "An order has at most %d fields.", NQL_TERMS_MAX);
		if (way.n && !down && !str_eq(name, str_trim(part)) && !str_ieqc(str_trim(way), "asc"))
			return err_set(e, ST_INVALID, "An order is a name with asc or desc behind it.");
		const struct nql_field *f = field_named(fields, name);
		if (!f || f->kind == NQL_LINKED)
			return err_set(e, ST_INVALID, "There is nothing called \"%.*s\" to sort by.",
			        STR_ARG(str_utf8_first(name, STR_SHOWN_MAX)));
		buf_printf(&sql->text, "%s%s%s %s", n ? ", " : "", f->column, f->kind == NQL_ID ? ".id" : "",
		        down ? "DESC" : "ASC");
	}
	buf_printf(&sql->text, ", %s", tie);
	return buf_ok(&sql->text) ? ST_OK : err_set(e, ST_INVALID, "The order is too long.");
}
