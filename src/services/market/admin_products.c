/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/products: the list, and what is done to many at once; choices that its pages share.
 */
#include "base/id.h"
#include "base/lang.h"
#include "gen/market_tpl.h"
#include "platform/cache/cache.h"
#include "platform/tables/tables.h"
#include "services/market/admin.h"

/* --- choices ------------------------------------------------------------------------------------------------------ */

struct str market_admin_url(struct ctx *ctx, const char *list, int64_t id, const char *rest)
{
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	return web_url(ctx, "market", "/admin/%s/%s%s", list, text, rest);
}

const char *market_variant_path(struct ctx *ctx, int64_t id)
{
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	return arena_printf(ctx->arena, "/variants/%s", text);
}

size_t market_choice_count(const struct choice *list)
{
	size_t n = 0;
	while (list && list[n].value)
		n++;
	return n;
}

struct str market_percent(struct arena *a, int64_t points)
{
	if (points % 100 == 0)
		return arena_strf(a, "%lld", (long long)(points / 100));
	if (points % 10 == 0)
		return arena_strf(a, "%lld.%lld", (long long)(points / 100), (long long)(points % 100 / 10));
	return arena_strf(a, "%lld.%02lld", (long long)(points / 100), (long long)(points % 100));
}

bool market_percent_read(struct str typed, int64_t *points)
{
	char text[16];
	if (!typed.n || typed.n >= sizeof text)
		return false;
	for (size_t i = 0; i < typed.n; i++)
		text[i] = typed.p[i] == ',' ? '.' : typed.p[i];
	return in_scaled(str_n(text, typed.n), 100, points) && *points <= MARGIN_MAX;
}

/* What can not be read is not offered. */
static const struct choice *suppliers_of(struct web *w, bool by_name)
{
	struct market_suppliers_row *rows = NULL;
	size_t n = 0;
	{
		SCOPED_DB_READ c = NULL;
		if (db_read(w->ctx, w->ctx->svc->db, &c, NULL) != ST_OK ||
		    q_market_suppliers(c, &rows, &n, NULL) != ST_OK)
			n = 0;
	}
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct choice){ .value = arena_cstr(w->ctx->arena, by_name ? rows[i].name : rows[i].slug),
			                   .label = arena_cstr(w->ctx->arena, rows[i].name) };
	return list;
}

const struct choice *market_supplier_slugs(struct web *w)
{
	return suppliers_of(w, false);
}

const struct choice *market_supplier_names(struct web *w, const void *values)
{
	const struct choice *list = suppliers_of(w, true);
	size_t n = market_choice_count(list);
	(void)values;
	struct choice *all = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	all[0] = (struct choice){ .value = "", .label = "The market itself" };
	memcpy(all + 1, list, n * sizeof *list);
	return all;
}

const struct choice *market_page_slugs(struct web *w)
{
	struct market_pages_row *rows = NULL;
	size_t n = 0;
	{
		SCOPED_DB_READ c = NULL;
		if (db_read(w->ctx, w->ctx->svc->db, &c, NULL) != ST_OK || q_market_pages(c, &rows, &n, NULL) != ST_OK)
			n = 0;
	}
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct choice){ .value = arena_cstr(w->ctx->arena, rows[i].slug),
			                   .label = arena_cstr(w->ctx->arena, rows[i].title) };
	if (!n) /* the first product makes it */
		list[0] = (struct choice){ .value = "shop", .label = "Shop" };
	return list;
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct market_products_list_row product_line;

static enum status products_load(struct web *w, struct db_conn *c, const struct table_ask *ask,
                                 struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_products_list, c, ask->search, ask->like, ask->filter[0], ask->filter[1],
	                   ask->filter[2], &ask->page);
}

static enum status products_act(struct web *w, const struct table_action *a, struct str key, bool *changed,
                                struct err *e)
{
	struct audit_entry audit = { 0 };
	int64_t id;
	if (!id_parse(key, &id))
		return err_set(e, ST_NOT_FOUND, "This product is there no more.");
	audit_from(w, &audit);
	TRY(save_status(w->ctx, id, a->name, &audit, changed, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return ST_OK;
}

static struct str price_shown(struct web *w, const void *row)
{
	const product_line *p = row;
	char currency[4];
	str_print(currency, sizeof currency, "%.*s", STR_ARG(p->currency));
	struct str from = market_money(w->ctx, p->price_from, currency);
	if (p->price_from == p->price_to)
		return from;
	return arena_strf(w->ctx->arena, "%.*s – %.*s", STR_ARG(from),
	                  STR_ARG(market_money(w->ctx, p->price_to, currency)));
}

static struct str there_shown(struct web *w, const void *row)
{
	(void)w;
	return ((const product_line *)row)->available ? STR("") : TR("Sold out");
}

static struct str product_admin_url(struct web *w, const void *row)
{
	return market_admin_url(w->ctx, "products", ((const product_line *)row)->id, "");
}

static const struct choice states[] = {
	{ "active", "For sale" }, { "draft", "Draft" }, { "unlisted", "Unlisted" }, { "archived", "Archived" }, { 0 }
};
static const struct table_filter filters[] = {
	{ .name = "page", .title = "Page", .choose = market_page_slugs },
	{ .name = "status", .title = "State", .choices = states },
	{ .name = "supplier", .title = "Supplier", .choose = market_supplier_slugs },
	{ 0 },
};
static const struct column columns[] = {
	COLUMN(product_line, title, TEXT, .title = "Product", .sort = "title", .by = 1),
	COLUMN(product_line, supplier, TEXT, .title = "Supplier"),
	COLUMN(product_line, price_from, NUMBER, .title = "Price", .sort = "price", .by = 2, .text = price_shown),
	COLUMN(product_line, variants, NUMBER, .title = "Variants"),
	COLUMN(product_line, status, STATE, .title = "State", .usual = "active"),
	COLUMN(product_line, page, TEXT, .title = "Stock", .text = there_shown),
	COLUMN(product_line, page, CODE, .title = "Page"),
	COLUMN(product_line, updated_at, DAY, .title = "Changed", .sort = "changed", .by = 0, .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "publish", .label = "Put on sale", .done = "Put on sale", .undo = "draft" },
	{ .name = "draft", .label = "Take off sale", .done = "Taken off sale", .undo = "publish" },
	{ .name = "archive", .label = "Put away", .done = "Put away", .undo = "restore" },
	{ .name = "restore", .label = "Bring back", .done = "Brought back", .undo = "archive" },
	{ 0 },
};

static void products_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_market_products_above(out, w);
}

static const struct table_desc products = {
	.path = "/admin/products",
	.title = "Products",
	.search = "Name, address or SKU",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "There is nothing on the shelf yet.",
	.sort = "changed",
	.down = true,
	.exported = "product.list_exported",
	.row_size = sizeof(product_line),
	.load = products_load,
	.act = products_act,
	.url = product_admin_url,
	.above = products_above,
};

enum status market_get_products(struct web *w, struct err *e)
{
	return table_get(w, &products, NULL, e);
}

enum status market_post_products(struct web *w, struct err *e)
{
	return table_post(w, &products, NULL, e);
}

enum status market_get_products_csv(struct web *w, struct err *e)
{
	return table_csv(w, &products, e);
}

enum status market_step_shelf(struct ctx *ctx, bool *done, struct err *e)
{
	struct market_products_count_row *row;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_market_products_count(c, &row, e));
	*done = row && row->n > 0;
	return ST_OK;
}
