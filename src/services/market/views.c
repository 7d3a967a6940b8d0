/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses and amounts as the market's templates write them; what other services include and ask.
 */
#include "base/id.h"
#include "gen/market_serve.h"
#include "gen/market_tpl.h"
#include "platform/search/search.h"
#include "platform/text/local.h"
#include "services/market/cycles.h"
#include "services/market/market.h"

enum { CARDS_MOST = 12, CARDS_USUAL = 3, HITS_MAX = 1000, CHOICES_MAX = 50 };

struct str market_page_url(struct ctx *ctx, struct str page)
{
	return web_url_around(ctx, "market", STR("/"), page, STR("/"));
}

struct str market_product_url(struct ctx *ctx, struct str page, struct str handle)
{
	struct buf path;
	buf_text(&path, ctx->arena);
	buf_printf(&path, "/%.*s/", STR_ARG(page));
	url_encode(&path, handle);
	return web_url_around(ctx, "market", buf_str(&path), STR(""), STR(""));
}

struct str market_absolute(struct ctx *ctx, struct str src)
{
	struct str origin = service_origin(ctx->svc);
	return src.n && src.p[0] == '/' ? arena_strf(ctx->arena, "%.*s%.*s", STR_ARG(origin), STR_ARG(src)) : src;
}

struct str market_money(struct ctx *ctx, int64_t minor, const char currency[4])
{
	struct money m = money_of(minor, str_c(currency));
	return local_money(ctx->arena, &m);
}

struct str market_decimal(struct ctx *ctx, int64_t minor, const char currency[4])
{
	struct money m = money_of(minor, str_c(currency));
	char text[MONEY_TEXT_MAX];
	return arena_str(ctx->arena, str_n(text, money_text(&m, text)));
}

struct str market_card_unit(struct ctx *ctx, const struct market_shelf_row *r, const char currency[4])
{
	struct money m = money_of(r->price_from, str_c(currency));
	return r->unit.p && r->content > 0 ? sale_unit_text(ctx->arena, &m, r->unit, r->content) : STR("");
}

/* --- pieces of others' pages -------------------------------------------------------------------------------------- */

/* page: slug of a market page (the first, when there is none); limit: how many of its newest products (1 to 12). */
enum status market_fragment_container_cards(struct fragment_req *f, struct buf *out, struct err *e)
{
	int64_t limit;
	struct market_windows_row *pages;
	struct market_shelf_row *rows;
	size_t n, count, at = 0;
	struct str wanted = fragment_param(f, "page");
	if (!str_i64(fragment_param(f, "limit"), &limit) || limit < 1 || limit > CARDS_MOST)
		limit = CARDS_USUAL;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(q_market_windows(c, &pages, &n, e));
	while (at < n && wanted.n && !str_eq(pages[at].slug, wanted))
		at++;
	if (at >= n)
		return ST_OK;
	const struct db_page newest = { .down = true, .lim = limit };
	TRY(q_market_shelf(c, pages[at].id, STR(""), STR(""), STR(""), STR(""), 0, false, &newest, &rows, &count, e));
	char currency[4];
	str_print(currency, sizeof currency, "%.*s", STR_ARG(pages[at].currency));
	struct str *notes = ARENA_ARRAY(f->ctx->arena, struct str, count + 1);
	TRY(cycle_notes(f->ctx, c, rows, count, notes, e));
	tpl_market_container_cards(out, f->ctx, pages[at].slug, currency, rows, count, notes);
	return ST_OK;
}

/* container: id of a page of the site. Nothing where no shop is beside it. */
enum status market_fragment_container_nav(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct market_page_beside_row *pages;
	const struct db_page newest = { .down = true, .lim = BESIDE_PRODUCTS };
	int64_t container;
	size_t n;
	if (!id_parse(fragment_param(f, "container"), &container))
		return err_set(e, ST_INVALID, "container-nav needs the id of a page");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(q_market_page_beside(c, container, BESIDE_SHOPS, &pages, &n, e));
	struct beside_shop *shops = ARENA_ARRAY(f->ctx->arena, struct beside_shop, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct market_shelf_row *rows;
		struct market_facets_row *categories;
		struct beside_shop *s = &shops[i];
		s->page = &pages[i];
		str_print(s->currency, sizeof s->currency, "%.*s", STR_ARG(pages[i].currency));
		TRY(q_market_shelf(c, pages[i].id, STR(""), STR(""), STR(""), STR(""), 0, false, &newest, &rows, &s->n,
		                   e));
		TRY(q_market_facets(c, pages[i].id, STR("category"), BESIDE_CATEGORIES, &categories,
		                    &s->category_count, e));
		s->rows = rows;
		s->categories = categories;
	}
	if (n)
		tpl_market_container_nav(out, f->ctx, shops, n);
	return ST_OK;
}

/* --- the site's search -------------------------------------------------------------------------------------------- */

/* Of words: the newest without any. *rows has room for size. */
static enum status load_choices(struct ctx *ctx, struct db_conn *c, const struct market_products_ask *in, int64_t size,
                                struct market_newest_row **rows, size_t *n, struct err *e)
{
	struct market_search_row *found;
	struct market_newest_row *one;
	size_t count;
	bool left_out = false;
	struct str q = search_query(ctx->arena, db_engine(ctx->svc->db), in->words, &left_out);
	if (!q.n)
		return q_market_newest(c, size, rows, n, e);
	TRY(q_market_search(c, q, size, 0, size, &found, &count, e));
	*rows = ARENA_ARRAY(ctx->arena, struct market_newest_row, count + 1);
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		TRY(q_market_on_sale(c, found[i].id, &one, e));
		if (one)
			(*rows)[(*n)++] = *one;
	}
	return ST_OK;
}

enum status market_serve_products(
        struct ctx *ctx, const struct market_products_ask *in, struct market_products_answer *out, struct err *e)
{
	struct market_newest_row *rows = NULL;
	size_t n = 0;
	int64_t size = in->size < 1 ? 1 : in->size > CHOICES_MAX ? CHOICES_MAX : in->size;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(load_choices(ctx, c, in, size, &rows, &n, e));
	struct market_product_choice *list = ARENA_ARRAY(ctx->arena, struct market_product_choice, n + 1);
	for (size_t i = 0; i < n; i++) {
		char currency[4];
		str_print(currency, sizeof currency, "%.*s", STR_ARG(rows[i].currency));
		list[i] = (struct market_product_choice){ id_str(ctx->arena, rows[i].id), rows[i].title,
			market_product_url(ctx, rows[i].page, rows[i].handle),
			market_absolute(ctx, rows[i].image), market_money(ctx, rows[i].price, currency) };
	}
	out->products.items = list;
	out->products.count = n;
	return ST_OK;
}

enum status market_serve_search(struct ctx *ctx, const struct search_ask *in, struct search_answer *out, struct err *e)
{
	struct market_search_row *rows;
	size_t n;
	bool left_out = false;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	struct str q = search_query(ctx->arena, db_engine(ctx->svc->db), in->words, &left_out);
	out->left_out = left_out;
	if (!q.n || in->page < 1 || in->size < 1 || in->page > HITS_MAX)
		return ST_OK;
	TRY(q_market_search(c, q, in->size, (int64_t)(in->page - 1) * in->size, HITS_MAX + 1, &rows, &n, e));
	struct search_found *found = ARENA_NEW(ctx->arena, struct search_found);
	struct search_hit *list = ARENA_ARRAY(ctx->arena, struct search_hit, n + 1);
	for (size_t i = 0; i < n; i++) {
		char currency[4];
		str_print(currency, sizeof currency, "%.*s", STR_ARG(rows[i].currency));
		list[i] = (struct search_hit){ rows[i].title, rows[i].snippet,
			                       market_product_url(ctx, rows[i].page, rows[i].handle),
			                       market_money(ctx, rows[i].price, currency) };
	}
	int64_t total = n ? rows[0].total : 0;
	*found = (struct search_found){
		STR("products"), total > HITS_MAX ? HITS_MAX : total, total > HITS_MAX, { list, n }
	};
	out->kinds.items = found;
	out->kinds.count = 1;
	return ST_OK;
}
