/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/edges.h"

#include "gen/blog_sql.h"

enum status edge_put(struct db_conn *c, int64_t src, struct str type, int64_t dst, int64_t ord, struct err *e)
{
	int64_t written = 0;
	if (src == dst)
		return err_set(e, ST_INVALID, "an object has no edge to itself");
	TRY(q_blog_edge_put(c, src, type, dst, ord, &written, e));
	return written ? ST_OK : err_set(e, ST_INVALID, "there is no type of edge \"%.*s\"", (int)(type.n < 60 ? type.n : 60), type.p);
}

enum status edge_drop(struct db_conn *c, int64_t src, struct str type, int64_t dst, bool *was_there, struct err *e)
{
	int64_t gone = 0;
	TRY(q_blog_edge_drop(c, src, type, dst, &gone, e));
	*was_there = gone > 0;
	return ST_OK;
}

enum status edges_set(struct db_conn *c, int64_t src, struct str type, const int64_t *dst, size_t n, struct err *e)
{
	TRY(q_blog_edges_clear(c, src, type, NULL, e));
	for (size_t i = 0; i < n; i++)
		TRY(edge_put(c, src, type, dst[i], (int64_t)i, e));
	return ST_OK;
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

enum status edges_closure(struct db_conn *c, int64_t start, struct str type, bool backwards, struct edge_ends *out, struct err *e)
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
