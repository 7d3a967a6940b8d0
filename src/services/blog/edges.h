/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed edges between objects: (src, type, dst) once, with a place in the order. A write touches one leaf of each of
 * two trees, however large the graph is; closures are computed when they are read, bounded in depth and number. The
 * types: tagged, authored-by, is-a, subtype-of, part-of, related, requires. One that goes both ways ("related") is
 * stored in both directions by one call.
 */
#ifndef GH_SERVICES_BLOG_EDGES_H
#define GH_SERVICES_BLOG_EDGES_H

#include "db/db.h"

enum { EDGES_DEPTH_MAX = 32, EDGES_LIST_MAX = 10000 };

struct edge_end { int64_t id; int64_t ord; };      /* the other end; ord: place, or distance in a closure */
struct edge_ends { struct edge_end *list; size_t count; };

/* In a write. Again with another ord: moves it. ST_INVALID: no such type, or an edge of an object to itself. */
enum status edge_put(
        struct db_conn *c, int64_t src, struct str type, int64_t dst, int64_t ord, struct err *e) MUST_CHECK;
/* Many in few statements; of one that is there twice the last counts. For imports: on PostgreSQL a fifth of the time.
 */
struct edge { int64_t src; struct str type; int64_t dst, ord; };
enum status edges_put_all(struct db_conn *c, const struct edge *list, size_t n, struct err *e) MUST_CHECK;
enum status edge_drop(
        struct db_conn *c, int64_t src, struct str type, int64_t dst, bool *was_there, struct err *e) MUST_CHECK;
/* All of src's edges of the type become exactly dst[0…n), in that order; what is there twice counts once. */
enum status edges_set(
        struct db_conn *c, int64_t src, struct str type, const int64_t *dst, size_t n, struct err *e) MUST_CHECK;
enum status edges_forget(struct db_conn *c, int64_t id, struct err *e) MUST_CHECK; /* both directions, all types */

/* In a read. */
enum status edges_out(struct db_conn *c, int64_t src, struct str type, struct edge_ends *out, struct err *e) MUST_CHECK;
enum status edges_in(struct db_conn *c, int64_t dst, struct str type, struct edge_ends *out, struct err *e) MUST_CHECK;
/* Everything reachable along one type (backwards: against it), nearest first; without the start. Cycles end. */
enum status edges_closure(struct db_conn *c, int64_t start, struct str type, bool backwards, struct edge_ends *out,
                          struct err *e) MUST_CHECK;
/* What is-a `kind`, or is-a any of its subtypes. */
enum status edges_instances(struct db_conn *c, int64_t kind, struct edge_ends *out, struct err *e) MUST_CHECK;

#endif
