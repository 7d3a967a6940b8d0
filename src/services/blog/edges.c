/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/edges.h"

#include "base/buf.h"
#include "gen/blog_sql.h"

#define PUT_AT_ONCE 1000
#define EDGE_TEXT_MAX 96

/* The table edge_types says the same to those who read the database without us. */
static const struct edge_type {
	const char *name;
	bool both_ways;
} types[] = {
	{ "tagged", false },     { "authored-by", false }, { "is-a", false },    { "subtype-of", false },
	{ "part-of", false },    { "related", true },      { "requires", false },
};

static enum status type_of(struct str name, const struct edge_type **type, struct err *e)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (!str_eqc(name, types[i].name))
			continue;
		*type = &types[i];
		return ST_OK;
	}
	return err_set(e, ST_INVALID, "there is no type of edge \"%.*s\"", STR_ARG(str_shown(name)));
}

static enum status not_to_itself(int64_t src, int64_t dst, struct err *e)
{
	return src == dst ? err_set(e, ST_INVALID, "an object has no edge to itself") : ST_OK;
}

enum status edge_put(struct db_conn *c, int64_t src, struct str type, int64_t dst, int64_t ord, struct err *e)
{
	const struct edge_type *t = NULL;
	TRY(not_to_itself(src, dst, e));
	TRY(type_of(type, &t, e));
	TRY(q_blog_edge_put(c, src, type, dst, ord, NULL, e));
	return t->both_ways ? q_blog_edge_put(c, dst, type, src, ord, NULL, e) : ST_OK;
}

static void put_edge(struct buf *b, int64_t src, struct str type, int64_t dst, int64_t ord)
{
	buf_puts(b, b->len ? ",[" : "[[");
	buf_put_i64(b, src);
	buf_puts(b, ",\"");
	buf_putstr(b, type); /* of the table: nothing to escape */
	buf_puts(b, "\",");
	buf_put_i64(b, dst);
	buf_putc(b, ',');
	buf_put_i64(b, ord);
	buf_putc(b, ']');
}

enum status edges_put_all(struct db_conn *c, const struct edge *list, size_t n, struct err *e)
{
	for (size_t done = 0; done < n;) {
		struct buf b;
		buf_arena(&b, db_arena(c), 2 * PUT_AT_ONCE * EDGE_TEXT_MAX + 2);
		for (size_t i = 0; i < PUT_AT_ONCE && done < n; i++, done++) {
			const struct edge *x = &list[done];
			const struct edge_type *t = NULL;
			TRY(not_to_itself(x->src, x->dst, e));
			TRY(type_of(x->type, &t, e));
			put_edge(&b, x->src, x->type, x->dst, x->ord);
			if (t->both_ways)
				put_edge(&b, x->dst, x->type, x->src, x->ord);
		}
		buf_putc(&b, ']');
		TRY(q_blog_edges_put(c, buf_str(&b), NULL, e));
	}
	return ST_OK;
}

enum status edge_drop(struct db_conn *c, int64_t src, struct str type, int64_t dst, bool *was_there, struct err *e)
{
	const struct edge_type *t = NULL;
	int64_t gone = 0;
	TRY(type_of(type, &t, e));
	TRY(q_blog_edge_drop(c, src, type, dst, &gone, e));
	*was_there = gone > 0;
	return t->both_ways ? q_blog_edge_drop(c, dst, type, src, NULL, e) : ST_OK;
}

/* "[1,2,3]" */
static struct str id_list(struct db_conn *c, const int64_t *ids, size_t n)
{
	struct buf b;
	buf_arena(&b, db_arena(c), 2 + 21 * n);
	for (size_t i = 0; i < n; i++) {
		buf_putc(&b, i ? ',' : '[');
		buf_put_i64(&b, ids[i]);
	}
	buf_puts(&b, n ? "]" : "[]");
	return buf_str(&b);
}

enum status edges_set(struct db_conn *c, int64_t src, struct str type, const int64_t *dst, size_t n, struct err *e)
{
	const struct edge_type *t = NULL;
	TRY(type_of(type, &t, e));
	for (size_t i = 0; i < n; i++)
		TRY(not_to_itself(src, dst[i], e));
	TRY(q_blog_edges_clear(c, src, type, NULL, e));
	if (t->both_ways)
		TRY(q_blog_edges_clear_back(c, src, type, NULL, e));
	if (!n)
		return ST_OK;
	struct str ids = id_list(c, dst, n);
	TRY(q_blog_edges_fill(c, src, type, ids, NULL, e));
	return t->both_ways ? q_blog_edges_fill_back(c, src, type, ids, NULL, e) : ST_OK;
}

enum status edges_forget(struct db_conn *c, int64_t id, struct err *e) { return q_blog_edges_forget(c, id, NULL, e); }

#define ENDS(c, rows, n, place)                                                                               \
	({                                                                                                    \
		struct edge_ends ends_ = { ARENA_ARRAY(db_arena(c), struct edge_end, (n) ? (n) : 1), (n) };   \
		for (size_t i_ = 0; i_ < (n); i_++)                                                           \
			ends_.list[i_] = (struct edge_end){ (rows)[i_].id, (place) };                         \
		ends_;                                                                                        \
	})

enum status edges_out(struct db_conn *c, int64_t src, struct str type, struct edge_ends *out, struct err *e)
{
	struct blog_edges_out_row *rows;
	size_t n;
	TRY(q_blog_edges_out(c, src, type, EDGES_LIST_MAX, &rows, &n, e));
	*out = ENDS(c, rows, n, rows[i_].ord);
	return ST_OK;
}

enum status edges_in(struct db_conn *c, int64_t dst, struct str type, struct edge_ends *out, struct err *e)
{
	struct blog_edges_in_row *rows;
	size_t n;
	TRY(q_blog_edges_in(c, dst, type, EDGES_LIST_MAX, &rows, &n, e));
	*out = ENDS(c, rows, n, rows[i_].ord);
	return ST_OK;
}

enum status edges_closure(
        struct db_conn *c, int64_t start, struct str type, bool backwards, struct edge_ends *out, struct err *e)
{
	struct blog_edges_closure_row *rows;
	struct blog_edges_closure_in_row *rows_in;
	size_t n;
	if (backwards) {
		TRY(q_blog_edges_closure_in(c, start, type, EDGES_DEPTH_MAX, EDGES_LIST_MAX, &rows_in, &n, e));
		*out = ENDS(c, rows_in, n, rows_in[i_].depth);
		return ST_OK;
	}
	TRY(q_blog_edges_closure(c, start, type, EDGES_DEPTH_MAX, EDGES_LIST_MAX, &rows, &n, e));
	*out = ENDS(c, rows, n, rows[i_].depth);
	return ST_OK;
}

enum status edges_instances(struct db_conn *c, int64_t kind, struct edge_ends *out, struct err *e)
{
	struct blog_edges_instances_row *rows;
	size_t n;
	TRY(q_blog_edges_instances(c, kind, EDGES_DEPTH_MAX, EDGES_LIST_MAX, &rows, &n, e));
	*out = ENDS(c, rows, n, 0);
	return ST_OK;
}
