/* SPDX-License-Identifier: Apache-2.0
 *
 * A product as buyers see it: its page, and the pieces of it that pages of others show.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/market_tpl.h"
#include "platform/peers/site.h"
#include "platform/text/json.h"
#include "platform/text/sanitize.h"
#include "platform/text/words.h"
#include "services/market/cycles.h"
#include "services/market/market.h"
#include "services/market/prices.h"

enum { DESCRIPTION_MAX = 200 };

static struct str stock_words(struct ctx *ctx, const struct market_variants_of_row *v)
{
	if (!str_eqc(v->kind, "counted"))
		return str_eqc(v->kind, "on_demand") ? TR("Made to order") : TR("Available");
	int64_t left = v->on_hand > v->held ? (v->on_hand - v->held) / v->factor : 0;
	if (!left)
		return TR("Sold out");
	return left > 9 ? TR("In stock")
	                : arena_strf(ctx->arena, trn("One left", "%lld left", left), (long long)left);
}

/* What it was before a reduction, what lists have it for, and what it cost so far. */
static enum status load_prices(struct ctx *ctx, struct db_conn *c, const struct product_view *v, int64_t usual,
                               struct product_variant *x, struct err *e)
{
	struct market_list_prices_of_row *rows;
	struct market_prices_of_row *history;
	struct buf b;
	char currency[4];
	int64_t before;
	size_t n;
	str_print(currency, sizeof currency, "%.*s", STR_ARG(v->page->currency));
	TRY(sale_before(c, x->row->id, usual, x->row->was, v->p->keeps, &before, e));
	if (before > x->row->price) {
		x->was = market_money(ctx, before, currency);
		x->percent = sale_percent(before, x->row->price);
	}
	TRY(q_market_list_prices_of(c, x->row->id, &rows, &n, e));
	buf_text(&b, ctx->arena);
	for (size_t i = 0; i < n; i++)
		if (rows[i].price < x->row->price)
			buf_printf(&b, "%s%.*s", b.len ? " · " : "",
			           STR_ARG(sale_list_text(ctx, rows[i].list, rows[i].price, currency)));
	x->lists = buf_str(&b);
	TRY(q_market_prices_of(c, x->row->id, PRICES_SHOWN, &history, &x->history_count, e));
	x->history = history;
	return ST_OK;
}

/* Until when it can be ordered, and whether it can be at all. */
static enum status load_cycle(
        struct ctx *ctx, struct db_conn *c, const struct offer_cycle *k, struct product_variant *x, struct err *e)
{
	struct site_answer site;
	int64_t now = clock_now_us(), left;
	if (!k->bound)
		return ST_OK;
	TRY(cycle_left(c, x->row->id, k, now, &left, e));
	site_ask_all(ctx, &site);
	x->until = cycle_words(ctx->arena, site.timezone, k, now);
	x->there &= k->open && left;
	if (k->open && !left)
		x->stock = TR("Sold out");
	return ST_OK;
}

static enum status load_variants(struct ctx *ctx, struct db_conn *c, struct product_view *v, struct err *e)
{
	struct market_variants_of_row *rows;
	char currency[4];
	size_t n;
	str_print(currency, sizeof currency, "%.*s", STR_ARG(v->page->currency));
	TRY(q_market_variants_of(c, v->p->id, &rows, &n, e));
	v->variants = ARENA_ARRAY(ctx->arena, struct product_variant, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct product_variant *x = &v->variants[v->n];
		struct offer_cycle k;
		if (!str_eqc(rows[i].state, "active"))
			continue;
		TRY(cycle_of_variant(c, rows[i].id, clock_now_us(), &k, e));
		int64_t usual = rows[i].price;
		struct sale_price now = sale_price_of(usual, &k);
		struct money price = { .minor = rows[i].price = now.minor };
		memcpy(price.currency, currency, sizeof currency);
		*x = (struct product_variant){
			.row = &rows[i],
			.name = sale_options(ctx->arena, rows[i].value1, rows[i].value2, rows[i].value3),
			.id = arena_strf(ctx->arena, "%lld", (long long)rows[i].id),
			.price = market_money(ctx, rows[i].price, currency),
			.decimal = market_decimal(ctx, rows[i].price, currency),
			.unit = sale_unit_text(ctx->arena, &price, rows[i].unit, rows[i].content),
			.was = STR(""),
			.until = STR(""),
			.why = now.why,
			.stock = stock_words(ctx, &rows[i]),
			.there = !str_eqc(rows[i].kind, "counted") || rows[i].on_hand - rows[i].held >= rows[i].factor
		};
		TRY(load_prices(ctx, c, v, usual, x, e));
		TRY(load_cycle(ctx, c, &k, x, e));
		v->any |= x->there;
		v->n++;
	}
	return ST_OK;
}

/* Of p, which may be NULL. *is_shown false: it is not for everybody, and nothing is loaded. */
static enum status load_product(struct ctx *ctx, struct db_conn *c, struct market_product_row *p,
                                struct product_view *v, bool *is_shown, struct err *e)
{
	struct market_window_of_row *page = NULL;
	struct market_images_of_row *images;
	if (p)
		TRY(q_market_window_of(c, p->id, &page, e));
	*is_shown = p && page && p->published && (str_eqc(p->status, "active") || str_eqc(p->status, "unlisted")) &&
	            !str_eqc(page->state, "draft");
	if (!*is_shown)
		return ST_OK;
	v->p = p;
	v->page = page;
	TRY(q_market_images_of(c, p->id, &images, &v->image_count, e));
	v->images = images;
	v->body = (struct safe_html){ p->body };
	v->plain = !memchr(p->body.p, '<', p->body.n);
	v->cart = platform_has(ctx->svc->platform, "cart");
	return load_variants(ctx, c, v, e);
}

/* --- its page ----------------------------------------------------------------------------------------------------- */

static struct str description_of(struct web *w, const struct market_product_row *p)
{
	struct str plain = STR("");
	if (p->summary.n)
		return text_excerpt(w->ctx->arena, p->summary, DESCRIPTION_MAX);
	if (html_to_text(w->ctx->arena, p->body, 4 * DESCRIPTION_MAX, &plain, NULL) != ST_OK)
		return p->title;
	return text_excerpt(w->ctx->arena, plain, DESCRIPTION_MAX);
}

static enum status product_json(struct web *w, const struct product_view *v)
{
	struct buf out;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	BUF_LIT(&out, "{\"title\":");
	json_put_str(&out, v->p->title);
	json_put_member(&out, "handle", v->p->handle);
	json_put_member(&out, "supplier", v->p->vendor);
	json_put_member(&out, "body", v->p->body);
	json_put_member(&out, "currency", v->page->currency);
	BUF_LIT(&out, ",\"variants\":[");
	for (size_t i = 0; i < v->n; i++) {
		const struct product_variant *x = &v->variants[i];
		buf_puts(&out, i ? ",{\"id\":" : "{\"id\":");
		json_put_str(&out, x->id);
		json_put_member(&out, "name", x->name);
		json_put_member(&out, "sku", x->row->sku);
		json_put_member(&out, "price", x->decimal);
		json_put_member(&out, "unit_price", x->unit);
		buf_printf(&out, ",\"available\":%s}", x->there ? "true" : "false");
	}
	BUF_LIT(&out, "]}");
	return web_json(w, 200, buf_str(&out));
}

enum status market_get_product(struct web *w, struct err *e)
{
	struct product_view v = { .w = w };
	struct market_product_row *p;
	struct buf out, head;
	bool shown;
	web_cache_tag(w, "market");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_product_by_handle(c, web_path(w, "product"), &p, e));
	TRY(load_product(w->ctx, c, p, &v, &shown, e));
	if (!shown || !str_eq(v.page->slug, web_path(w, "page")))
		return market_answer_moved(w, &c, e);
	if (web_wants_json(w)) {
		db_read_end(&c);
		return product_json(w, &v);
	}
	v.shell = market_shell(w, v.p->title, description_of(w, v.p));
	v.shell.image = v.image_count ? market_absolute(w->ctx, v.images[0].src) : STR("");
	v.shell.noindex = str_eqc(v.p->status, "unlisted");
	v.supplier_url = arena_strf(w->ctx->arena, "%.*s?supplier=%.*s", STR_ARG(market_page_url(w->ctx, v.page->slug)),
	                            STR_ARG(text_slug(w->ctx->arena, v.p->vendor)));
	buf_text(&head, w->ctx->arena);
	tpl_market_head(&head);
	tpl_market_product_ld(&head, &v);
	v.shell.head_extra = html_from_template(&head);
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_product(&out, &v);
	return web_html_reading(w, 200, &out, &c);
}

/* --- pieces of others' pages -------------------------------------------------------------------------------------- */

static enum status load_piece(struct fragment_req *f, struct db_conn *c, struct product_card *k,
                              bool *is_shown, struct err *e)
{
	int64_t id, least = 0, dearest = 0;
	struct market_product_row *p;
	struct product_view *v = &k->of;
	if (!id_parse(fragment_param(f, "id"), &id))
		return err_set(e, ST_INVALID, "this piece needs the id of a product");
	*k = (struct product_card){ .ctx = f->ctx, .image = STR(""), .price = STR("") };
	TRY(q_market_product(c, id, &p, e));
	TRY(load_product(f->ctx, c, p, v, is_shown, e));
	if (!*is_shown)
		return ST_OK;
	for (size_t i = 0; i < v->n; i++) {
		int64_t price = v->variants[i].row->price;
		least = !i || price < least ? price : least;
		dearest = price > dearest ? price : dearest;
	}
	char currency[4];
	str_print(currency, sizeof currency, "%.*s", STR_ARG(v->page->currency));
	k->url = market_absolute(f->ctx, market_product_url(f->ctx, v->page->slug, v->p->handle));
	if (v->image_count)
		k->image = market_absolute(f->ctx, v->images[0].src);
	if (v->n)
		k->price = market_money(f->ctx, least, currency);
	k->from = dearest > least;
	k->closed = str_eqc(v->page->state, "closed");
	return ST_OK;
}

/* id: of a product. */
enum status market_fragment_link_card(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct product_card k;
	bool shown;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(load_piece(f, c, &k, &shown, e));
	if (!shown || !k.of.p->listed)
		return err_set(e, ST_NOT_FOUND, "There is no such product.");
	tpl_market_link_card(out, &k);
	return ST_OK;
}

/* id: of a product. One that is gone is a line that says so. */
enum status market_fragment_product_card(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct product_card k;
	bool shown;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
	TRY(load_piece(f, c, &k, &shown, e));
	if (shown)
		tpl_market_product_card(out, &k);
	else
		tpl_market_product_gone(out);
	return ST_OK;
}
