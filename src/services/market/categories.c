/* SPDX-License-Identifier: Apache-2.0
 *
 * Within a transaction: a category and what is below it get another path, and the products follow.
 */
#include "services/market/categories.h"
#include "base/clock.h"
#include "base/id.h"
#include "platform/text/words.h"
#include "platform/work/event.h"
#include "services/market/import_writer.h"

typedef struct market_categories_row category_row;

struct category_move {
	struct db_conn *c;
	struct arena *a;
	const category_row *all; /* as they were, by path */
	size_t n;
	struct str from, to;
};

static const category_row *at_path(const struct category_move *m, struct str path)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->all[i].path, path))
			return &m->all[i];
	return NULL;
}

/* "A > B > C" is below "A > B", and so is that itself. */
static bool is_within(struct str path, struct str top)
{
	struct str rest = str_skip(path, top.n < path.n ? top.n : path.n);
	return path.n >= top.n && str_eq(str_first(path, top.n), top) && (!rest.n || str_starts(rest, STR(" > ")));
}

static struct str moved_path(const struct category_move *m, struct str path)
{
	return arena_strf(m->a, "%.*s%.*s", STR_ARG(m->to), STR_ARG(str_skip(path, m->from.n)));
}

static int64_t depth_of(struct str path)
{
	int64_t depth = 0;
	struct str one;
	while (path.n && str_next(&path, '>', &one))
		depth++;
	return depth - 1;
}

static struct str name_of(struct str path)
{
	struct str one = path;
	while (path.n && str_next(&path, '>', &one))
		;
	return str_trim(one);
}

/* One that no category has, but for those that are moving: theirs become free. */
static struct str free_address(const struct category_move *m, struct str path, int64_t but)
{
	struct str base = text_slug(m->a, path), slug;
	if (!base.n)
		base = STR("category");
	slug = base;
	for (int n = 2;; n++) {
		bool taken = false;
		for (size_t i = 0; i < m->n && !taken; i++)
			taken = m->all[i].id != but && str_eq(m->all[i].slug, slug);
		if (!taken)
			return slug;
		slug = arena_strf(m->a, "%.*s-%d", STR_ARG(base), n);
	}
}

static enum status merge_category(const struct category_move *m, const category_row *k, const category_row *into,
                                  struct err *e)
{
	TRY(q_market_category_former_follow(m->c, k->id, into->id, NULL, e));
	TRY(q_market_category_adopt(m->c, k->id, into->id, NULL, e));
	TRY(q_market_category_former_put(m->c, k->path, k->slug, into->id, NULL, e));
	return q_market_category_drop(m->c, k->id, NULL, e);
}

/* parent: of the one that is moved; those below it keep theirs. */
static enum status move_category(const struct category_move *m, const category_row *k, struct str path, int64_t parent,
                                 struct err *e)
{
	struct market_category_row *row;
	struct str slug = free_address(m, path, k->id);
	TRY(q_market_category(m->c, k->id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no such category.");
	const int64_t *above = str_eq(k->path, m->from) ? parent ? &parent : NULL
	        : row->parent_null                      ? NULL
	                                                : &row->parent;
	TRY(q_market_category_change(m->c, k->id, above, path, slug, name_of(path), depth_of(path), NULL, e));
	TRY(q_market_category_former_drop(m->c, path, NULL, e));
	return q_market_category_former_put(m->c, k->path, k->slug, k->id, NULL, e);
}

/* Products in it, with the paths that they have written down; what they are in follows from their type, too. */
static enum status move_goods(const struct category_move *m, const struct market_category_goods_row *goods, size_t n,
                              struct err *e)
{
	struct shelf_writer *w;
	struct import_ask ask = { .name = STR(""), .page = STR(""), .supplier = STR(""), .supplier_slug = STR("") };
	TRY(writer_begin(m->c, &ask, 0, false, &w, e));
	for (size_t i = 0; i < n; i++) {
		struct str now = writer_paths(w, goods[i].categories);
		if (goods[i].categories.n && !str_eq(now, goods[i].categories))
			TRY(q_market_product_categories(m->c, goods[i].id, now, clock_now_us(), NULL, e));
		TRY(q_market_facets_category_drop(m->c, goods[i].id, NULL, e));
		TRY(writer_categories(w, goods[i].id, goods[i].page_id, now.n ? now : goods[i].type, e));
	}
	return ST_OK;
}

/* Where it is to be, whether it may be there. */
static enum category_outcome whether_it_may(const struct category_move *m, const struct category_save *s)
{
	const category_row *there = at_path(m, m->to);
	if (depth_of(m->to) >= CATEGORY_DEPTH)
		return CATEGORY_DEEP;
	if (!s->id)
		return there ? CATEGORY_THERE : CATEGORY_SAVED;
	if (!str_eq(m->from, m->to) && is_within(m->to, m->from))
		return CATEGORY_INSIDE;
	for (size_t i = 0; i < m->n; i++)
		if (is_within(m->all[i].path, m->from) && depth_of(moved_path(m, m->all[i].path)) >= CATEGORY_DEPTH)
			return CATEGORY_DEEP;
	return there && there->id != s->id && !s->merge ? CATEGORY_THERE : CATEGORY_SAVED;
}

/* The ones below come after those above them in order of their paths, but "A" and "A > B" have "A & C" between them. */
static enum status move_all(const struct category_move *m, int64_t parent, struct err *e)
{
	for (int64_t depth = 0; depth < CATEGORY_DEPTH; depth++)
		for (size_t i = 0; i < m->n; i++) {
			const category_row *k = &m->all[i];
			if (k->depth != depth || !is_within(k->path, m->from))
				continue;
			struct str path = moved_path(m, k->path);
			const category_row *into = at_path(m, path);
			TRY(into && into->id != k->id ? merge_category(m, k, into, e)
			                              : move_category(m, k, path, parent, e));
		}
	return ST_OK;
}

static enum status load_move(struct category_move *m, const struct category_save *s, struct err *e)
{
	category_row *rows;
	struct market_category_row *k = NULL, *above = NULL;
	TRY(q_market_categories(m->c, &rows, &m->n, e));
	m->all = rows;
	if (s->id)
		TRY(q_market_category(m->c, s->id, &k, e));
	if (s->parent)
		TRY(q_market_category(m->c, s->parent, &above, e));
	if ((s->id && !k) || (s->parent && !above))
		return err_set(e, ST_NOT_FOUND, "There is no such category.");
	m->from = k ? k->path : STR("");
	m->to = above ? arena_strf(m->a, "%.*s > %.*s", STR_ARG(above->path), STR_ARG(s->name)) : s->name;
	return ST_OK;
}

static enum status change_category(struct category_move *m, struct category_save *s, struct err *e)
{
	struct market_category_goods_row *goods;
	const category_row *k = at_path(m, m->from), *into = at_path(m, m->to);
	TRY(q_market_category_goods(m->c, k->slug, &goods, &s->products, e));
	TRY(move_all(m, s->parent, e));
	s->saved = into ? into->id : s->id;
	return move_goods(m, goods, s->products, e);
}

static enum status add_category(struct category_move *m, struct category_save *s, struct err *e)
{
	struct shelf_writer *w;
	struct import_ask ask = { .name = STR(""), .page = STR(""), .supplier = STR(""), .supplier_slug = STR("") };
	TRY(q_market_category_former_drop(m->c, m->to, NULL, e));
	TRY(writer_begin(m->c, &ask, 0, false, &w, e));
	return writer_category(w, m->to, &s->saved, e);
}

enum status category_save_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct category_save *s = arg;
	struct category_move m = { .c = c, .a = db_arena(c) };
	TRY(load_move(&m, s, e));
	s->saved = s->id;
	s->products = 0;
	s->outcome = whether_it_may(&m, s);
	if (s->outcome != CATEGORY_SAVED || (s->id && str_eq(m.from, m.to)))
		return ST_OK;
	TRY(s->id ? change_category(&m, s, e) : add_category(&m, s, e));
	struct audit_entry audit = s->audit;
	audit.action = !s->id ? "category.added" : s->saved == s->id ? "category.changed" : "category.merged";
	audit.object = id_str(db_arena(c), s->saved);
	TRY(event_emit(c, audit.action, audit.object, STR("{}"), e));
	return audit_write(c, &audit, e);
}
