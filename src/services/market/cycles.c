/* SPDX-License-Identifier: Apache-2.0
 *
 * Order cycles: which one decides about a variant, how much of it can still be had there, what is told when one opens
 * and closes, and the page of all.
 */
#include "services/market/cycles.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/market_tpl.h"
#include "platform/peers/site.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "services/market/market.h"

enum cycle_state cycle_state_at(int64_t opens, int64_t closes, int64_t delivers, int64_t now)
{
	if (now < opens)
		return CYCLE_UPCOMING;
	if (now < closes)
		return CYCLE_OPEN;
	return now < delivers ? CYCLE_CLOSED : CYCLE_DELIVERED;
}

static const char *const state_words[] = { TR_NOOP("upcoming"), TR_NOOP("open"), TR_NOOP("closed"),
	                                   TR_NOOP("over") };
static const char *const state_names[] = { "upcoming", "open", "closed", "delivered" };

struct str cycle_state_words(enum cycle_state state)
{
	return str_c(tr(state_words[state]));
}

/* --- what can be had ---------------------------------------------------------------------------------------------- */

enum status cycle_of_variant(struct db_conn *c, int64_t variant, int64_t now, struct offer_cycle *out, struct err *e)
{
	struct market_cycle_of_row *row;
	*out = (struct offer_cycle){ .title = STR("") };
	TRY(q_market_cycle_of(c, variant, now, &row, e));
	if (!row)
		return ST_OK;
	*out = (struct offer_cycle){ .bound = true,
		                     .open = row->opens_at <= now && now < row->closes_at,
		                     .id = row->id,
		                     .opens = row->opens_at,
		                     .closes = row->closes_at,
		                     .price = row->price,
		                     .cap = row->cap,
		                     .title = row->title };
	return ST_OK;
}

enum status cycle_left(struct db_conn *c, int64_t variant, const struct offer_cycle *k, int64_t now, int64_t *left,
                       struct err *e)
{
	struct market_cycle_taken_row *taken;
	*left = -1;
	if (!k->open || !k->cap)
		return ST_OK;
	TRY(q_market_cycle_taken(c, k->id, variant, STR(""), now, &taken, e));
	*left = taken && taken->others < k->cap ? k->cap - taken->others : 0;
	return ST_OK;
}

void caps_want(struct cap_demands *d, int64_t cycle, int64_t variant, int64_t quantity)
{
	size_t i = 0;
	if (!cycle)
		return;
	while (i < d->n && (d->list[i].cycle != cycle || d->list[i].variant != variant))
		i++;
	if (i == d->n)
		d->list[d->n++] = (struct cap_demand){ .cycle = cycle, .variant = variant };
	d->list[i].wanted += quantity;
}

const struct cap_demand *caps_of(const struct cap_demands *d, int64_t cycle, int64_t variant)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].cycle == cycle && d->list[i].variant == variant)
			return &d->list[i];
	return NULL;
}

static int by_variant(const void *a, const void *b)
{
	const struct cap_demand *x = a, *y = b;
	if (x->variant != y->variant)
		return x->variant < y->variant ? -1 : 1;
	return (x->cycle > y->cycle) - (x->cycle < y->cycle);
}

enum status caps_lock(struct db_conn *c, struct str checkout, int64_t now, struct cap_demands *d, struct err *e)
{
	if (d->n)
		qsort(d->list, d->n, sizeof *d->list, by_variant);
	for (size_t i = 0; i < d->n; i++) {
		struct cap_demand *x = &d->list[i];
		struct market_cycle_cap_row *cap;
		struct market_cycle_taken_row *taken;
		TRY(q_market_cycle_cap(c, x->cycle, x->variant, &cap, e));
		x->most = INT64_MAX;
		if (cap && !cap->cap)
			continue;
		TRY(q_market_cycle_taken(c, x->cycle, x->variant, checkout, now, &taken, e));
		/* No row: it was taken out of the cycle meanwhile, and who has some keeps it. */
		int64_t left = cap && taken ? cap->cap - taken->others : 0, mine = taken ? taken->mine : 0;
		x->most = left > mine ? left : mine;
	}
	return ST_OK;
}

struct str market_cycle_money(struct ctx *ctx, int64_t minor, struct str currency)
{
	char code[4];
	str_print(code, sizeof code, "%.*s", STR_ARG(currency));
	return market_money(ctx, minor, code);
}

/* --- in words ----------------------------------------------------------------------------------------------------- */

struct str cycle_words(struct arena *a, struct str zone, const struct offer_cycle *k, int64_t now)
{
	if (!k->bound)
		return STR("");
	if (k->open)
		return arena_strf(a, tr("Order until %.*s"), STR_ARG(html_time(a, zone, k->closes)));
	if (k->opens > now)
		return arena_strf(a, tr("To be ordered from %.*s"), STR_ARG(html_time(a, zone, k->opens)));
	return TR("Not to be ordered at the moment");
}

/* Of a product: until when any of its variants can be ordered, or when one can be next. */
static struct str product_words(struct ctx *ctx, struct str zone, const struct market_cycles_of_products_row *r,
                                int64_t now)
{
	bool open = !r->closes_at_null;
	const struct offer_cycle k = { .bound = r->bound && (open || !r->unbound),
		                       .open = open,
		                       .closes = open ? r->closes_at : 0,
		                       .opens = r->opens_at_null ? 0 : r->opens_at };
	return cycle_words(ctx->arena, zone, &k, now);
}

enum status cycle_notes(struct ctx *ctx, struct db_conn *c, const struct market_shelf_row *rows, size_t n,
                        struct str *out, struct err *e)
{
	struct market_cycles_of_products_row *found;
	struct site_answer site = { .timezone = STR("") };
	int64_t now = clock_now_us();
	size_t count;
	struct buf ids;
	bool asked = false;
	buf_text(&ids, ctx->arena);
	buf_putc(&ids, '[');
	for (size_t i = 0; i < n; i++) {
		out[i] = STR("");
		buf_printf(&ids, "%s%lld", i ? "," : "", (long long)rows[i].id);
	}
	buf_putc(&ids, ']');
	TRY(q_market_cycles_of_products(c, buf_str(&ids), now, &found, &count, e));
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < n && found[k].bound; i++)
			if (rows[i].id == found[k].id) {
				if (!asked)
					site_ask_all(ctx, &site);
				asked = true;
				out[i] = product_words(ctx, site.timezone, &found[k], now);
			}
	return ST_OK;
}

/* --- what is told ------------------------------------------------------------------------------------------------- */

struct cycle_telling {
	const struct market_cycles_untold_row *row;
	int64_t now;
};

static enum status tell_cycle(struct db_conn *c, const struct market_cycles_untold_row *r, const char *type,
                              struct err *e)
{
	char id[ID_TEXT_LEN + 1], opens[CLOCK_TEXT_MAX], closes[CLOCK_TEXT_MAX];
	struct buf b;
	id_text(r->id, id);
	clock_rfc3339(r->opens_at, opens);
	clock_rfc3339(r->closes_at, closes);
	buf_text(&b, db_arena(c));
	BUF_LIT(&b, "{\"title\":");
	json_put_str(&b, r->title);
	json_put_member(&b, "opens", str_c(opens));
	json_put_member(&b, "closes", str_c(closes));
	buf_putc(&b, '}');
	return event_emit(c, type, str_c(id), buf_str(&b), e);
}

static enum status tx_tell(struct db_conn *c, void *arg, struct err *e)
{
	const struct cycle_telling *t = arg;
	int64_t first, told = t->row->closes_at <= t->now ? 2 : 1;
	TRY(q_market_cycle_told(c, t->row->id, t->row->told, told, &first, e));
	if (!first)
		return ST_OK;
	if (!t->row->told)
		TRY(tell_cycle(c, t->row, "cycle.opened", e));
	return told == 2 ? tell_cycle(c, t->row, "cycle.closed", e) : ST_OK;
}

enum status market_cycles_tell(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct market_cycles_untold_row *rows;
	int64_t now = clock_now_us();
	size_t n;
	(void)j;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_market_cycles_untold(c, now, CYCLES_TOLD_AT_ONCE, &rows, &n, e));
	}
	for (size_t i = 0; i < n; i++) {
		struct cycle_telling t = { &rows[i], now };
		TRY(db_write(ctx, ctx->svc->db, tx_tell, &t, e));
	}
	return ST_OK;
}

/* --- the page of all ---------------------------------------------------------------------------------------------- */

static enum status cycles_json(struct web *w, const struct cycles_view *v)
{
	struct buf out;
	char at[CLOCK_TEXT_MAX];
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	BUF_LIT(&out, "{\"cycles\":[");
	for (size_t i = 0; i < v->n; i++) {
		const struct cycle_shown *s = &v->list[i];
		buf_puts(&out, i ? ",{\"title\":" : "{\"title\":");
		json_put_str(&out, s->row->title);
		json_put_member(&out, "state", str_c(state_names[s->state]));
		clock_rfc3339(s->row->opens_at, at);
		json_put_member(&out, "opens", str_c(at));
		clock_rfc3339(s->row->closes_at, at);
		json_put_member(&out, "closes", str_c(at));
		clock_rfc3339(s->row->delivers_at, at);
		json_put_member(&out, "delivers", str_c(at));
		BUF_LIT(&out, ",\"products\":[");
		for (size_t k = 0; k < s->n; k++) {
			buf_puts(&out, k ? "," : "");
			json_put_str(&out, market_absolute(w->ctx, market_product_url(w->ctx, s->products[k].page,
			                                                              s->products[k].handle)));
		}
		BUF_LIT(&out, "]}");
	}
	BUF_LIT(&out, "]}");
	return web_json(w, 200, buf_str(&out));
}

enum status market_get_cycles(struct web *w, struct err *e)
{
	struct cycles_view v = { .w = w };
	struct market_cycles_shown_row *rows;
	struct site_answer site;
	struct buf out;
	int64_t now = clock_now_us();
	web_cache_tag(w, "market");
	site_ask_all(w->ctx, &site);
	v.zone = site.timezone;
	v.shell = market_shell(w, TR("Order cycles"), STR(""));
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_cycles_shown(c, now, CYCLES_SHOWN, &rows, &v.n, e));
	v.list = ARENA_ARRAY(w->ctx->arena, struct cycle_shown, v.n + 1);
	for (size_t i = 0; i < v.n; i++) {
		struct market_cycle_products_row *products;
		TRY(q_market_cycle_products(c, rows[i].id, CYCLE_SHOWN_MAX, &products, &v.list[i].n, e));
		v.list[i].row = &rows[i];
		v.list[i].products = products;
		v.list[i].state = cycle_state_at(rows[i].opens_at, rows[i].closes_at, rows[i].delivers_at, now);
	}
	if (web_wants_json(w)) {
		db_read_end(&c);
		return cycles_json(w, &v);
	}
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_cycles(&out, &v);
	return web_html_reading(w, 200, &out, &c);
}
