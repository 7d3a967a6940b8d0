/* SPDX-License-Identifier: Apache-2.0
 *
 * Prices for members and households, as keepers set them: a list of all that there are, and a form above it for one.
 */
#include "base/clock.h"
#include "gen/market_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/core/web_url.h"
#include "platform/tables/tables.h"
#include "platform/work/event.h"
#include "services/market/market.h"
#include "services/market/prices.h"

enum { NAME_LONGEST = 100, PRICE_LONGEST = 20, NAMED_MOST = 50 /* variants of one product */ };

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct market_list_prices_row price_row;

static enum status prices_load(struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found,
                               struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_list_prices, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static const struct choice list_choices[] = { { "member", "Members" }, { "household", "Households" }, { 0 } };
static const struct table_filter filters[] = { { .name = "list", .title = "For", .choices = list_choices }, { 0 } };

static struct str list_text(struct web *w, const void *row)
{
	(void)w;
	return str_eqc(((const price_row *)row)->list, "member") ? TR("Members") : TR("Households");
}

static struct str variant_text(struct web *w, const void *row)
{
	const price_row *r = row;
	return sale_options(w->ctx->arena, r->value1, r->value2, r->value3);
}

static struct str price_text(struct web *w, const void *row)
{
	const price_row *r = row;
	return market_cycle_money(w->ctx, r->price, r->currency);
}

static struct str usual_text(struct web *w, const void *row)
{
	const price_row *r = row;
	return market_cycle_money(w->ctx, r->usual, r->currency);
}

static struct str price_url(struct web *w, const void *row)
{
	const price_row *r = row;
	return market_product_url(w->ctx, r->page, r->handle);
}

struct price_setting {
	const int64_t *variants;
	size_t n;
	struct str list;
	int64_t price;
	bool changed;
	struct audit_entry audit;
};

static enum status tx_set(struct db_conn *c, void *arg, struct err *e)
{
	struct price_setting *x = arg;
	x->changed = false;
	for (size_t i = 0; i < x->n; i++) {
		bool changed;
		TRY(price_set(c, x->variants[i], x->list, x->price, &changed, e));
		x->changed |= changed;
	}
	if (!x->changed)
		return ST_OK;
	TRY(event_emit(c, "price.changed", x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

/* key: "variant list" */
static enum status prices_act(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct str variant, list = key;
	int64_t id;
	(void)a;
	if (!str_cut(&list, ' ', &variant) || !str_i64(variant, &id))
		return err_set(e, ST_NOT_FOUND, "There is no such price.");
	struct price_setting x = {
		.variants = &id, .n = 1, .list = list, .audit = { .action = "price.changed", .object = variant }
	};
	audit_from(w, &x.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_set, &x, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	*changed = x.changed;
	return ST_OK;
}

static void prices_above(struct buf *out, struct web *w, void *arg)
{
	tpl_market_price_form(out, w, arg);
}

static const struct column columns[] = {
	COLUMN(price_row, title, TEXT, .title = "Product", .sort = "product", .by = 0),
	COLUMN(price_row, title, TEXT, .title = "Variant", .text = variant_text),
	COLUMN(price_row, sku, CODE, .title = "SKU"),
	COLUMN(price_row, list, TEXT, .title = "For", .text = list_text),
	COLUMN(price_row, list, TEXT, .title = "Price", .text = price_text, .sort = "price", .by = 1),
	COLUMN(price_row, list, TEXT, .title = "Everybody's price", .text = usual_text),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "drop", .label = "Take away", .done = "Taken away", .each = true },
	{ 0 },
};
static const struct table_desc prices = {
	.path = "/admin/prices",
	.title = "Price lists",
	.search = "Product or SKU",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "Everybody pays the same.",
	.sort = "product",
	.text_key = true,
	.row_size = sizeof(price_row),
	.load = prices_load,
	.act = prices_act,
	.url = price_url,
	.above = prices_above,
};

/* --- one price ---------------------------------------------------------------------------------------------------- */

static const struct field fields[] = {
	FIELD(struct price_form, name, TEXT, .label = "SKU, or the last part of a product's address",
	      .required = "What is it about?", .max = NAME_LONGEST),
	FIELD(struct price_form, list, CHOICE, .label = "For", .choices = list_choices, .required = "Who pays it?"),
	FIELD(struct price_form, price, TEXT, .label = "Price", .max = PRICE_LONGEST, .hint = "Empty: as everybody."),
	{ 0 },
};
static const struct form_desc price_desc = { .fields = fields };

static enum status prices_show(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &prices, status, f, STR(""), e);
}

enum status market_get_admin_prices(struct web *w, struct err *e)
{
	struct price_form values = { STR(""), STR("member"), STR("") };
	struct form_fill f;
	form_show(&f, w, &price_desc, &values);
	return table_get(w, &prices, &f, e);
}

static enum status read_price(struct form_fill *f, const struct price_form *v, struct price_setting *x, struct err *e)
{
	struct market_cycle_named_row *rows;
	char currency[4];
	size_t n;
	int64_t id = 0;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->w->ctx, f->w->ctx->svc->db, &c, e));
	(void)str_i64(v->name, &id);
	TRY(q_market_cycle_named(c, v->name, id, NAMED_MOST, &rows, &n, e));
	if (!n) {
		form_fault(f, "name", "Nothing for sale is called that.");
		return ST_OK;
	}
	str_print(currency, sizeof currency, "%.*s", STR_ARG(rows[0].currency));
	if (v->price.n && (!money_parse(v->price, currency, &x->price) || x->price < 1))
		form_fault(f, "price", "That is no price.");
	int64_t *ids = ARENA_ARRAY(f->w->ctx->arena, int64_t, n);
	for (size_t i = 0; i < n; i++)
		ids[i] = rows[i].id;
	x->variants = ids;
	x->n = n;
	x->list = v->list;
	x->audit.object = arena_strf(f->w->ctx->arena, "%lld", (long long)ids[0]);
	return ST_OK;
}

enum status market_post_admin_prices(struct web *w, struct err *e)
{
	struct price_form values = { STR(""), STR("member"), STR("") };
	struct price_setting x = { .audit = { .action = "price.changed" } };
	struct form_fill f;
	if (table_is_asked(w)) {
		form_show(&f, w, &price_desc, &values);
		return table_post(w, &prices, &f, e);
	}
	TRY(form_read(&f, w, &price_desc, &values, e));
	if (!f.failed)
		TRY(read_price(&f, &values, &x, e));
	if (f.failed)
		return form_refuse(&f, prices_show, NULL, e);
	audit_from(w, &x.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_set, &x, e));
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return form_done(&f, web_url(w->ctx, "market", "/admin/prices"));
}
