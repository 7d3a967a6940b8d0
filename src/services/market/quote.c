/* SPDX-License-Identifier: Apache-2.0
 *
 * What things cost now: answers to cart, and the arithmetic of pages.
 */
#include "base/clock.h"
#include "platform/text/local.h"
#include "platform/web/web.h"
#include "services/market/market.h"
#include "services/market/prices.h"

int64_t sale_most(const struct market_offer_row *o)
{
	if (!str_eqc(o->kind, "counted"))
		return -1;
	return o->on_hand > o->held ? (o->on_hand - o->held) / o->factor : 0;
}

struct str sale_why(const struct market_offer_row *o, int64_t quantity)
{
	int64_t most = sale_most(o);
	bool there = str_eqc(o->state, "active") && o->published &&
	             (str_eqc(o->status, "active") || str_eqc(o->status, "unlisted")) &&
	             !str_eqc(o->page_state, "draft");
	if (!there)
		return STR_NULL;
	if (str_eqc(o->page_state, "closed") || (o->supplier_state.p && str_eqc(o->supplier_state, "paused")))
		return STR("closed");
	if (!most)
		return STR("sold_out");
	if (quantity < o->least || quantity < 1)
		return STR("min");
	if ((o->most && quantity > o->most) || quantity > SALE_QUANTITY_MAX)
		return STR("max");
	if (o->step > 1 && (quantity - o->least) % o->step)
		return STR("step");
	return most >= 0 && quantity > most ? STR("few") : STR("");
}

struct str sale_options(struct arena *a, struct str value1, struct str value2, struct str value3)
{
	const struct str values[] = { value1, value2, value3 };
	struct buf b;
	buf_text(&b, a);
	for (size_t i = 0; i < 3; i++)
		if (values[i].n && !str_eqc(values[i], "Default Title"))
			buf_printf(&b, "%s%.*s", b.len ? " / " : "", STR_ARG(values[i]));
	return buf_str(&b);
}

int64_t sale_unit_price(int64_t price, struct str unit, int64_t content)
{
	int64_t times = str_eqc(unit, "piece") ? 1 : 1000;
	return (int64_t)(((__int128)price * times * 2 + content) / ((__int128)content * 2));
}

struct str sale_unit_text(struct arena *a, const struct money *price, struct str unit, int64_t content)
{
	struct money one = *price;
	one.minor = sale_unit_price(price->minor, unit, content);
	struct str text = local_money(a, &one);
	if (str_eqc(unit, "g"))
		return arena_strf(a, tr("%.*s per kg"), STR_ARG(text));
	if (str_eqc(unit, "ml"))
		return arena_strf(a, tr("%.*s per litre"), STR_ARG(text));
	return content > 1 ? arena_strf(a, tr("%.*s each"), STR_ARG(text)) : STR("");
}

/* What the supplier is owed for one: as said, or what the margin leaves. */
static int64_t owed(const struct market_offer_row *o)
{
	if (o->supplier_price || o->margin_null)
		return o->supplier_price;
	int64_t whole = 10000 + o->margin;
	return (int64_t)(((__int128)o->price * 10000 * 2 + whole) / ((__int128)whole * 2));
}

static void quote_offer(struct ctx *ctx, const struct market_offer_row *o, struct quoted_line *q)
{
	struct money price = { .minor = o->price }, was = { .minor = o->was > o->price ? o->was : 0 };
	str_print(price.currency, sizeof price.currency, "%.*s", STR_ARG(o->currency));
	memcpy(was.currency, price.currency, sizeof was.currency);
	q->most = sale_most(o);
	q->min = o->least;
	q->step = o->step;
	q->max = o->most;
	q->kind = STR("goods");
	q->name = o->title;
	q->variant = sale_options(ctx->arena, o->value1, o->value2, o->value3);
	q->url = market_absolute(ctx, market_product_url(ctx, o->page, o->handle));
	q->picture = market_absolute(ctx, o->image.n ? o->image : o->picture);
	q->page = o->account;
	q->page_name = o->page_title;
	q->price = price;
	q->was = was;
	q->supplier_price = owed(o);
	q->deposit = o->deposit;
	q->vat = (int32_t)o->vat;
	q->unit = o->unit;
	q->content = o->content;
	q->per_kg = o->per_kg;
	q->per_kg_null = !o->per_kg;
	q->supplier = o->supplier_id_null ? 0 : o->supplier_id;
	q->supplier_name = o->supplier.p ? o->supplier : STR("");
	q->min_price_null = q->max_price_null = q->closes_null = true;
	q->keeps = o->keeps;
	q->age = (int32_t)o->age;
	q->note = sale_unit_text(ctx->arena, &price, o->unit, o->content);
}

/* Outside of its cycle it can't be had, and inside no more than the cycle has. */
static void quote_cycle(const struct offer_cycle *k, int64_t left, int64_t quantity, struct quoted_line *q)
{
	if (k->bound && !k->open) {
		q->why = STR("closed");
		return;
	}
	if (!k->open)
		return;
	q->cycle = k->id;
	q->closes = k->closes;
	q->closes_null = false;
	if (left < 0)
		return;
	if (q->most < 0 || left < q->most)
		q->most = left;
	if ((!q->why.n || str_eqc(q->why, "few")) && quantity > q->most)
		q->why = q->most ? STR("few") : STR("sold_out");
}

static void empty_line(struct quoted_line *q)
{
	struct str *const texts[] = { &q->kind,      &q->name, &q->variant,       &q->url,   &q->picture, &q->page,
		                      &q->page_name, &q->unit, &q->supplier_name, &q->keeps, &q->note };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = STR("");
	q->why = STR("");
	q->per_kg_null = q->min_price_null = q->max_price_null = q->closes_null = true;
}

enum status market_serve_quote(struct ctx *ctx, const struct quote_ask *in, struct quote_answer *out, struct err *e)
{
	if (in->lines.count > SALE_LINES_MAX)
		return err_set(e, ST_TOO_LARGE, "A basket has at most %d lines.", SALE_LINES_MAX);
	enum lang lang = lang_now();
	(void)lang_of_tag(in->lang, &lang);
	SCOPED_LANG(lang);
	const struct sale_buyer buyer = sale_buyer_of(in->person, in->roles);
	int64_t now = clock_now_us();
	out->lines.items = ARENA_ARRAY(ctx->arena, struct quoted_line, in->lines.count + 1);
	out->lines.count = in->lines.count;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	for (size_t i = 0; i < in->lines.count; i++) {
		const struct sale_line *line = &in->lines.items[i];
		struct quoted_line *q = &out->lines.items[i];
		struct market_offer_row *o = NULL;
		struct offer_cycle cycle = { 0 };
		struct sale_price price;
		int64_t id = 0, left = -1;
		empty_line(q);
		q->line = line->line;
		if (str_i64(line->item, &id))
			TRY(q_market_offer(c, id, &o, e));
		struct str why = o ? sale_why(o, line->quantity) : STR_NULL;
		if (!why.p)
			continue;
		TRY(cycle_of_variant(c, id, now, &cycle, e));
		TRY(cycle_left(c, id, &cycle, now, &left, e));
		q->there = true;
		q->why = why;
		TRY(sale_before(c, id, o->price, o->was, o->keeps, &o->was, e));
		TRY(sale_price_for(c, id, o->price, &cycle, &buyer, &price, e));
		o->price = price.minor;
		quote_offer(ctx, o, q);
		if (price.why.n)
			q->note = q->note.n ? arena_strf(ctx->arena, "%.*s · %.*s", STR_ARG(q->note),
			                                 STR_ARG(price.why))
			                    : price.why;
		quote_cycle(&cycle, left, line->quantity, q);
	}
	return ST_OK;
}
