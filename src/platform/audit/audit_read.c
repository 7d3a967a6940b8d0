/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit chain read: lists, and verification in the database. That goes page by page in memory of its own, so a
 * chain may be as long as the disk allows; what is added meanwhile is left for the next time.
 */
#include "platform/audit/audit_int.h"

#include <stdio.h>

#include "gen/platform_sql.h"

#define PAGE 1000
#define PAGE_MEMORY (64u << 20)

/* --- lists -------------------------------------------------------------------------------------------------- */

static struct audit_row row_of(const struct audit_walk_row *r)
{
	return (struct audit_row){ r->seq, r->at, r->action, r->actor, r->address, r->object, r->details, r->prev,
		r->hash };
}

/* Three queries with the same columns: their rows are alike. */
#define ALIKE(a, b, field) _Static_assert(offsetof(struct a, field) == offsetof(struct b, field), "")
ALIKE(audit_page_row, audit_walk_row, hash);
ALIKE(audit_page_row, audit_walk_row, details);
ALIKE(audit_about_page_row, audit_walk_row, hash);
ALIKE(audit_about_page_row, audit_walk_row, details);
_Static_assert(sizeof(struct audit_page_row) == sizeof(struct audit_walk_row), "");
_Static_assert(sizeof(struct audit_about_page_row) == sizeof(struct audit_walk_row), "");

enum status audit_list(
        struct db_conn *c, const struct audit_filter *f, struct audit_row **rows, size_t *n, struct err *e)
{
	int64_t before = f->before > 0 ? f->before : INT64_MAX, max = (int64_t)f->max;
	struct audit_page_row *page;
	struct audit_about_page_row *about;
	const struct audit_walk_row *found;
	if (f->max > AUDIT_LIST_MAX)
		return err_set(e, ST_INVALID, "at most %d entries are listed at once", AUDIT_LIST_MAX);
	if (f->about.n) {
		TRY(q_audit_about_page(c, before, f->about, max, &about, n, e));
		found = (const struct audit_walk_row *)about;
	} else {
		TRY(q_audit_page(c, before, str_or_empty(f->action), str_or_empty(f->actor), str_or_empty(f->object),
		                 f->since_us, max, &page, n, e));
		found = (const struct audit_walk_row *)page;
	}
	*rows = ARENA_ARRAY(db_arena(c), struct audit_row, *n);
	for (size_t i = 0; i < *n; i++)
		(*rows)[i] = row_of(&found[i]);
	return ST_OK;
}

/* --- one page of the chain, with its checkpoints ------------------------------------------------------------- */

struct pages {
	struct db *db;
	int64_t after, upto; /* seq */
	enum status (*entry)(void *arg, const struct audit_row *r, const struct audit_point *p, struct err *e);
	void *arg;
	bool more;
};

static enum status one_page(struct ctx *ctx, struct pages *g, struct err *e)
{
	struct audit_walk_row *rows;
	struct audit_checkpoints_between_row *points;
	size_t n, k, at = 0;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, g->db, &c, e));
	TRY(q_audit_walk(c, g->after, g->upto, PAGE, &rows, &n, e));
	TRY(q_audit_checkpoints_between(c, g->after, g->upto, PAGE, &points, &k, e));
	g->more = n == PAGE;
	for (size_t i = 0; i < n; i++) {
		struct audit_row r = row_of(&rows[i]);
		while (at < k && points[at].seq < r.seq)
			at++;
		bool has = at < k && points[at].seq == r.seq;
		const struct audit_point p = has ? (struct audit_point){ r.seq, points[at].at, points[at].hash,
			points[at].key, points[at].signature }
		                                 : (struct audit_point){ 0 };
		TRY(g->entry(g->arg, &r, has ? &p : NULL, e));
		g->after = r.seq;
	}
	return ST_OK;
}

enum status audit_each(struct ctx *ctx, struct db *db, int64_t after, int64_t upto,
        enum status (*entry)(void *arg, const struct audit_row *r, const struct audit_point *p, struct err *e),
        void *arg, struct err *e)
{
	struct pages g = { .db = db, .after = after, .upto = upto, .entry = entry, .arg = arg, .more = true };
	while (g.more) {
		struct ctx page = *ctx;
		SCOPED_ARENA *a = arena_new(PAGE_MEMORY);
		if (!a)
			return err_set(e, ST_NOMEM, "no memory to read the audit chain");
		page.arena = a;
		TRY(one_page(&page, &g, e));
	}
	return ST_OK;
}

enum status audit_ends(struct ctx *ctx, struct db *db, struct audit_ends *out, struct err *e)
{
	struct audit_ends_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_audit_ends(c, &r, e));
	*out = (struct audit_ends){ .lost = r->head_null || !r->hash.p,
		.head = r->head_null ? 0 : r->head,
		.last = r->last_null ? 0 : r->last,
		.checkpoint = r->checkpoint_null ? 0 : r->checkpoint };
	struct str hash = str_first(r->hash, AUDIT_HASH_HEX);
	memcpy(out->hash, hash.n ? hash.p : "", hash.n);
	return ST_OK;
}

/* --- verifying ---------------------------------------------------------------------------------------------- */

static enum status walk_row(void *arg, const struct audit_row *r, const struct audit_point *p, struct err *e)
{
	struct audit_walk *w = arg;
	/* CANCELLED: what was found is in the verdict, the rest is not looked at. */
	return walk_entry(w, r) && (!p || walk_point(w, p)) ? ST_OK : ST_CANCELLED;
}

enum status audit_verify(
        struct ctx *ctx, struct db *db, const struct audit_trust *t, struct audit_verdict *out, struct err *e)
{
	return audit_verify_after(ctx, db, 0, STR(AUDIT_ZERO), t, out, e);
}

enum status audit_verify_after(struct ctx *ctx, struct db *db, int64_t after, struct str hash,
        const struct audit_trust *t, struct audit_verdict *out, struct err *e)
{
	struct audit_ends ends;
	struct audit_walk w;
	TRY(audit_ends(ctx, db, &ends, e));
	walk_begin(&w, out, t);
	w.seq = out->signed_upto = after;
	snprintf(out->hash, sizeof out->hash, "%.*s", STR_ARG(hash));
	w.chain = str_c(db_name(db));
	audit_public_key(w.own_key);
	enum status st = audit_each(ctx, db, after ? after : AUDIT_FIRST, ends.last, walk_row, &w, e);
	if (st == ST_CANCELLED && out->bad_seq)
		st = ST_OK;
	if (ends.lost)
		walk_blame(&w, w.seq + 1, "the record of the chain's end is missing");
	if (ends.head < ends.checkpoint && w.seq < ends.checkpoint)
		walk_blame(&w, w.seq + 1, "entries %lld to %lld are missing: the last was signed", (long long)w.seq + 1,
		        (long long)ends.checkpoint);
	walk_end(&w, ends.head, str_c(ends.hash));
	return st;
}
