/* SPDX-License-Identifier: Apache-2.0
 *
 * Categories as keepers have them: a list with how many products each has, and a form for each.
 */
#include "base/id.h"
#include "base/lang.h"
#include "gen/market_tpl.h"
#include "platform/cache/cache.h"
#include "platform/tables/tables.h"
#include "platform/work/event.h"
#include "services/market/categories.h"
#include "services/market/import_writer.h"

typedef struct market_categories_list_row category_line;

static enum status categories_load(struct web *w, struct db_conn *c, const struct table_ask *ask,
                                   struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_categories_list, c, ask->search, ask->like, &ask->page);
}

static struct str category_url(struct web *w, const void *row)
{
	return market_admin_url(w->ctx, "categories", ((const category_line *)row)->id, "");
}

struct category_dropping {
	int64_t id;
	struct audit_entry audit;
};

static enum status tx_drop(struct db_conn *c, void *arg, struct err *e)
{
	const struct category_dropping *x = arg;
	struct market_category_row *k;
	int64_t gone;
	TRY(q_market_category(c, x->id, &k, e));
	if (!k)
		return err_set(e, ST_NOT_FOUND, "There is no such category.");
	TRY(q_market_category_drop_empty(c, x->id, &gone, e));
	if (!gone)
		return err_set(e, ST_CONFLICT, "“%.*s” has products or categories in it: merge it with another one.",
		               STR_ARG(k->path));
	TRY(event_emit(c, "category.removed", x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

static enum status categories_act(struct web *w, const struct table_action *a, struct str key, bool *changed,
                                  struct err *e)
{
	struct category_dropping x = { .audit = { .action = "category.removed", .object = key } };
	(void)a;
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "There is no such category.");
	audit_from(w, &x.audit);
	*changed = true;
	return db_write(w->ctx, w->ctx->svc->db, tx_drop, &x, e);
}

static void categories_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_market_categories_above(out, w);
}

static const struct column columns[] = {
	COLUMN(category_line, path, TEXT, .title = "Category", .sort = "name"),
	COLUMN(category_line, products, NUMBER, .title = "Products"),
	COLUMN(category_line, slug, CODE, .title = "Address"),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "drop",
	  .label = "Delete",
	  .done = "Deleted",
	  .confirm = "Only those that nothing is in can be deleted.",
	  .danger = true },
	{ 0 },
};
static const struct table_desc categories = {
	.path = "/admin/categories",
	.title = "Categories",
	.search = "Name",
	.columns = columns,
	.actions = actions,
	.empty = "There is no category yet: what products say makes them.",
	.sort = "name",
	.row_size = sizeof(category_line),
	.load = categories_load,
	.act = categories_act,
	.url = category_url,
	.above = categories_above,
};

enum status market_get_categories(struct web *w, struct err *e)
{
	return table_get(w, &categories, NULL, e);
}

enum status market_post_categories(struct web *w, struct err *e)
{
	return table_post(w, &categories, NULL, e);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const char *check_name(struct web *w, const void *values)
{
	struct str name = ((const struct category_form *)values)->name;
	(void)w;
	return str_chr(name, '>') >= 0 || str_chr(name, ',') >= 0 ? "A name without > and commas, please." : NULL;
}

static const struct choice *parent_choices(struct web *w, const void *values)
{
	struct market_categories_row *rows = NULL;
	size_t n = 0, count = 0;
	int64_t own = web_path_is(w, "id") ? web_path_int(w, "id") : 0;
	(void)values;
	{
		SCOPED_DB_READ c = NULL;
		if (db_read(w->ctx, w->ctx->svc->db, &c, NULL) || q_market_categories(c, &rows, &n, NULL))
			n = 0;
	}
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	list[count++] = (struct choice){ .value = "", .label = "In none" };
	for (size_t i = 0; i < n; i++)
		if (rows[i].id != own && rows[i].depth + 1 < CATEGORY_DEPTH)
			list[count++] = (struct choice){ .value = id_str(w->ctx->arena, rows[i].id).p,
				                         .label = arena_cstr(w->ctx->arena, rows[i].path) };
	return list;
}

static const struct field category_fields[] = {
	FIELD(struct category_form, name, TEXT, .label = "Name", .required = "What is it called?",
	        .max = CATEGORY_NAME_MAX, .check = check_name),
	FIELD(struct category_form, parent, CHOICE, .label = "Within", .choose = parent_choices),
	FIELD(struct category_form, merge, CHECK,
	        .label = "Make it one with the category of that name, if there is one",
	        .hint = "This can't be taken back"),
	{ 0 },
};
static const struct form_desc category_desc = { .fields = category_fields };

static enum status load_form(struct web *w, struct category_page *v, struct category_form *values, struct err *e)
{
	*v = (struct category_page){ .w = w, .shell = web_shell(w, "A new category") };
	*values = (struct category_form){ .name = STR(""), .parent = STR("") };
	if (!web_path_is(w, "id"))
		return ST_OK;
	struct market_category_row *k;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_category(c, web_path_int(w, "id"), &k, e));
	if (!k)
		return err_set(e, ST_NOT_FOUND, "There is no such category.");
	v->k = k;
	v->shell = web_shell(w, arena_cstr(w->ctx->arena, k->path));
	values->name = k->name;
	if (!k->parent_null)
		values->parent = id_str(w->ctx->arena, k->parent);
	return ST_OK;
}

static enum status draw_form(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct category_page *v = arg;
	struct buf page;
	(void)e;
	v->form = f;
	web_no_cache(v->w);
	buf_arena(&page, v->w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_category_form(&page, v);
	return web_html(v->w, status, &page);
}

enum status market_get_category(struct web *w, struct err *e)
{
	struct category_page v;
	struct category_form values;
	struct form_fill f;
	TRY(load_form(w, &v, &values, e));
	form_show(&f, w, &category_desc, &values);
	return draw_form(&f, 200, &v, e);
}

enum status market_post_category(struct web *w, struct err *e)
{
	struct category_page v;
	struct category_form values;
	struct form_fill f;
	TRY(load_form(w, &v, &values, e));
	TRY(form_read(&f, w, &category_desc, &values, e));
	if (f.failed)
		return form_refuse(&f, draw_form, &v, e);
	struct category_save s = { .id = v.k ? v.k->id : 0, .name = values.name, .merge = values.merge };
	if (values.parent.n)
		(void)id_parse(values.parent, &s.parent);
	audit_from(w, &s.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, category_save_tx, &s, e));
	if (s.outcome == CATEGORY_THERE)
		form_fault(&f, "name", "There is a category of that name already.");
	else if (s.outcome == CATEGORY_INSIDE)
		form_fault(&f, "parent", "It can't be within itself.");
	else if (s.outcome == CATEGORY_DEEP)
		form_fault(&f, "parent", "Categories are at most %d deep.", CATEGORY_DEPTH);
	if (f.failed)
		return form_refuse(&f, draw_form, &v, e);
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return form_done(&f, market_admin_url(w->ctx, "categories", s.saved, "?done=saved"));
}
