/* SPDX-License-Identifier: Apache-2.0
 *
 * What checkouts hold, buy and give back. A checkout says with each revision what it wants in all; what it holds and
 * was sold counts as its own. Each action runs in one transaction: it locks the checkout's row, then the stock items
 * that it is about in the order of their ids, so that two never wait for each other in a ring; and it remembers what it
 * answered, so that the same question again changes nothing.
 *
 * Holds whose time is over stay until somebody needs what they hold. stock_items.held is their sum, at every commit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "platform/core/service.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "services/market/cycles.h"
#include "services/market/sale.h"

/* Of one stock item, for one checkout; in base units of the item. */
struct demand {
	int64_t stock_id, wanted, sold, own, over; /* over: held by others although their time is over */
	int64_t on_hand, held;
	bool counted, refused;
};
struct demands {
	struct demand *list;
	size_t n;
};

struct sale_tx {
	struct ctx *ctx;
	const struct hold_ask *hold;
	const struct commit_ask *commit;
	const struct release_ask *release;
	const struct return_ask *give_back;
	struct hold_answer held;
	struct commit_answer sold;
	int64_t now;
};

static struct demand *demand_of(struct demands *d, int64_t stock_id)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].stock_id == stock_id)
			return &d->list[i];
	d->list[d->n] = (struct demand){ .stock_id = stock_id };
	return &d->list[d->n++];
}

static int by_id(const void *a, const void *b)
{
	const struct demand *x = a, *y = b;
	return (x->stock_id > y->stock_id) - (x->stock_id < y->stock_id);
}

/* Adds what the checkout was sold and holds, locks the items, and reads what is there. */
static enum status lock_items(struct db_conn *c, struct str checkout, int64_t now, struct demands *d, struct err *e)
{
	qsort(d->list, d->n, sizeof *d->list, by_id);
	for (size_t i = 0; i < d->n; i++) {
		struct demand *x = &d->list[i];
		struct market_stock_of_row *stock;
		struct market_hold_of_row *own;
		struct market_holds_over_row *over;
		TRY(q_market_stock_of(c, x->stock_id, &stock, e));
		TRY(q_market_hold_of(c, checkout, x->stock_id, &own, e));
		TRY(q_market_holds_over(c, checkout, x->stock_id, now, &over, e));
		if (!stock || !over)
			return err_set(e, ST_INTERNAL, "a stock item is not to be found");
		x->counted = str_eqc(stock->kind, "counted");
		x->on_hand = stock->on_hand;
		x->held = stock->held;
		x->own = own ? own->quantity : 0;
		x->over = over->quantity;
	}
	return ST_OK;
}

static enum status add_sold(struct db_conn *c, struct str checkout, struct demands *d, struct err *e)
{
	struct market_sold_of_row *rows;
	struct market_holds_of_row *holds;
	size_t n, held;
	struct demand *before = d->list;
	TRY(q_market_sold_of(c, checkout, &rows, &n, e));
	TRY(q_market_holds_of(c, checkout, &holds, &held, e));
	d->list = ARENA_ARRAY(db_arena(c), struct demand, d->n + n + held + 1);
	memcpy(d->list, before, d->n * sizeof *before);
	for (size_t i = 0; i < n; i++)
		demand_of(d, rows[i].stock_id)->sold += (rows[i].quantity - rows[i].returned) * rows[i].factor;
	for (size_t i = 0; i < held; i++)
		(void)demand_of(d, holds[i].stock_id);
	return ST_OK;
}

/* What is still to be held of it: what was sold is there already. */
static int64_t needed(const struct demand *x)
{
	return x->wanted > x->sold ? x->wanted - x->sold : 0;
}

/* Takes so much more (or less) of an item as is needed; others' lapsed holds go where they are in the way. False:
   there is not enough, and nothing was changed. */
static bool fits(const struct demand *x)
{
	return !x->counted || needed(x) - x->own <= x->on_hand - x->held + x->over;
}

static enum status take_item(struct db_conn *c, struct str checkout, int64_t revision, int64_t until, int64_t now,
                             struct demand *x, struct err *e)
{
	int64_t more = needed(x) - x->own;
	if (x->over && x->counted && more > x->on_hand - x->held) {
		TRY(q_market_holds_free(c, checkout, x->stock_id, now, NULL, e));
		TRY(q_market_stock_hold(c, x->stock_id, more - x->over, NULL, e));
	} else if (more) {
		TRY(q_market_stock_hold(c, x->stock_id, more, NULL, e));
	}
	x->own = needed(x);
	if (!x->own)
		return q_market_hold_drop(c, checkout, x->stock_id, NULL, e);
	return q_market_hold_put(c, checkout, x->stock_id, revision, x->own, until, NULL, e);
}

/* --- hold --------------------------------------------------------------------------------------------------------- */

struct line_offer {
	const struct sale_line *line;
	struct market_offer_row *offer;
	int64_t cycle; /* that it is had in; 0: in none */
};

static void refuse_line(struct hold_answer *out, int64_t line, struct str why, int64_t most)
{
	out->refused.items[out->refused.count++] = (struct refused_line){ line, why, most };
}

/* Rules of an offer that do not depend on what is left. */
static struct str rules_of(const struct market_offer_row *o, int64_t quantity)
{
	struct market_offer_row plenty = *o;
	plenty.kind = STR("unlimited");
	struct str why = sale_why(&plenty, quantity);
	return why.p ? why : STR("sold_out");
}

static enum status read_lines(struct db_conn *c, struct sale_tx *x, struct line_offer *lines, struct demands *d,
                              struct cap_demands *caps, struct err *e)
{
	const struct hold_ask *in = x->hold;
	for (size_t i = 0; i < in->lines.count; i++) {
		const struct sale_line *line = &in->lines.items[i];
		struct offer_cycle cycle = { 0 };
		int64_t id = 0;
		lines[i].line = line;
		if (str_i64(line->item, &id))
			TRY(q_market_offer(c, id, &lines[i].offer, e));
		struct str why = lines[i].offer ? rules_of(lines[i].offer, line->quantity) : STR("sold_out");
		if (!why.n)
			TRY(cycle_of_variant(c, id, x->now, &cycle, e));
		if (cycle.bound && !cycle.open)
			why = STR("closed");
		if (why.n) {
			refuse_line(&x->held, line->line, why, 0);
			lines[i].offer = NULL;
			continue;
		}
		lines[i].cycle = cycle.id;
		caps_want(caps, cycle.id, id, line->quantity);
		demand_of(d, lines[i].offer->stock_id)->wanted += line->quantity * lines[i].offer->factor;
	}
	return ST_OK;
}

static struct str refused_json(struct arena *a, const struct hold_answer *h)
{
	struct buf b;
	buf_text(&b, a);
	buf_putc(&b, '[');
	for (size_t i = 0; i < h->refused.count; i++) {
		const struct refused_line *r = &h->refused.items[i];
		buf_printf(&b, "%s[%lld,", i ? "," : "", (long long)r->line);
		json_put_str(&b, r->why);
		buf_printf(&b, ",%lld]", (long long)r->most);
	}
	buf_putc(&b, ']');
	return buf_str(&b);
}

static enum status read_refused(struct arena *a, struct str json, struct hold_answer *out, struct err *e)
{
	SCOPED_JSON *list = json_parse(json, 3, e);
	size_t i;
	json_t *one;
	if (!list)
		return ST_INTERNAL;
	out->refused.items = ARENA_ARRAY(a, struct refused_line, json_array_size(list) + 1);
	json_array_foreach(list, i, one) refuse_line(out, json_integer_value(json_array_get(one, 0)),
	                                             arena_str(a, str_c(json_string_value(json_array_get(one, 1)))),
	                                             json_integer_value(json_array_get(one, 2)));
	return ST_OK;
}

/* What this revision was answered before; *done false: it is new. */
static enum status held_before(struct db_conn *c, struct sale_tx *x, const struct market_checkout_lock_row *row,
                               bool *done, struct err *e)
{
	*done = row->revision >= x->hold->revision;
	if (row->revision > x->hold->revision)
		return err_set(e, ST_CONFLICT, "A later revision of the checkout was here before.");
	if (!*done)
		return ST_OK;
	x->held.held = str_eqc(row->state, "held") || str_eqc(row->state, "sold");
	return str_eqc(row->state, "refused") ? read_refused(db_arena(c), row->answer, &x->held, e) : ST_OK;
}

static enum status keep_wanted(struct db_conn *c, struct str checkout, const struct line_offer *lines, size_t n,
                               struct err *e)
{
	TRY(q_market_wanted_drop(c, checkout, NULL, e));
	for (size_t i = 0; i < n; i++)
		TRY(q_market_wanted_add(c, checkout, lines[i].line->line, lines[i].offer->id, lines[i].line->quantity,
		                        lines[i].cycle, NULL, e));
	return ST_OK;
}

/* Of the stock, or of what the cycle has of it. */
static void refuse_what_is_short(struct hold_answer *out, const struct line_offer *l, struct demands *d,
                                 const struct cap_demands *caps)
{
	if (!l->offer)
		return;
	const struct demand *of = demand_of(d, l->offer->stock_id);
	const struct cap_demand *cap = caps_of(caps, l->cycle, l->offer->id);
	int64_t left = (of->on_hand - of->held + of->over + of->own + of->sold) / l->offer->factor;
	bool short_of_stock = !fits(of), short_of_cap = cap && cap->wanted > cap->most;
	if (short_of_cap && (!short_of_stock || cap->most < left))
		left = cap->most;
	if (short_of_stock || short_of_cap)
		refuse_line(out, l->line->line, left ? STR("few") : STR("sold_out"), left);
}

static enum status tx_hold(struct db_conn *c, void *arg, struct err *e)
{
	struct sale_tx *x = arg;
	const struct hold_ask *in = x->hold;
	struct market_checkout_lock_row *row;
	struct arena *a = db_arena(c);
	struct line_offer *lines = ARENA_ARRAY(a, struct line_offer, in->lines.count + 1);
	struct demands d = { ARENA_ARRAY(a, struct demand, in->lines.count + 1), 0 };
	struct cap_demands caps = { ARENA_ARRAY(a, struct cap_demand, in->lines.count + 1), 0 };
	bool done;
	x->held = (struct hold_answer){ 0 };
	x->held.refused.items = ARENA_ARRAY(a, struct refused_line, in->lines.count + 1);
	TRY(q_market_checkout_lock(c, in->checkout, x->now, &row, e));
	TRY(held_before(c, x, row, &done, e));
	if (done)
		return ST_OK;
	TRY(read_lines(c, x, lines, &d, &caps, e));
	TRY(add_sold(c, in->checkout, &d, e));
	TRY(lock_items(c, in->checkout, x->now, &d, e));
	TRY(caps_lock(c, in->checkout, x->now, &caps, e));
	for (size_t i = 0; i < in->lines.count; i++)
		refuse_what_is_short(&x->held, &lines[i], &d, &caps);
	if (x->held.refused.count)
		return q_market_checkout_set(c, in->checkout, in->revision, STR("refused"), refused_json(a, &x->held),
		                             NULL, e);
	for (size_t i = 0; i < d.n; i++)
		TRY(take_item(c, in->checkout, in->revision, in->until, x->now, &d.list[i], e));
	TRY(keep_wanted(c, in->checkout, lines, in->lines.count, e));
	x->held.held = true;
	return q_market_checkout_set(c, in->checkout, in->revision, STR("held"), STR(""), NULL, e);
}

static enum status check_name(struct str name, struct err *e)
{
	return name.n && name.n <= SALE_KEY_MAX
	               ? ST_OK
	               : err_set(e, ST_INVALID, "A checkout has a name of 1 to %d bytes.", SALE_KEY_MAX);
}

enum status market_serve_hold(struct ctx *ctx, const struct hold_ask *in, struct hold_answer *out, struct err *e)
{
	struct sale_tx x = { .ctx = ctx, .hold = in, .now = clock_now_us() };
	TRY(check_name(in->checkout, e));
	if (in->lines.count > SALE_LINES_MAX || in->revision < 1)
		return err_set(e, ST_INVALID, "A basket has at most %d lines.", SALE_LINES_MAX);
	if (in->until > x.now + (int64_t)SALE_HOLD_S * US_PER_S)
		return err_set(e, ST_INVALID, "That is longer than anything is held.");
	TRY(db_write(ctx, ctx->svc->db, tx_hold, &x, e));
	*out = x.held;
	return ST_OK;
}

/* --- commit ------------------------------------------------------------------------------------------------------- */

/* An item's state as it will be, told when it runs out or is there again. */
static enum status tell_stock(struct db_conn *c, const struct demand *x, int64_t change, struct err *e)
{
	char id[ID_TEXT_LEN + 1];
	bool was = x->on_hand > 0, is = x->on_hand + change > 0;
	if (!x->counted || was == is)
		return ST_OK;
	id_text(x->stock_id, id);
	TRY(q_market_available_refresh(c, x->stock_id, NULL, e));
	return event_emit(c, is ? "stock.back" : "stock.out", str_c(id), STR("{}"), e);
}

/* What it holds is sold; what it was sold and does not want any more comes back. */
static enum status sell_item(struct db_conn *c, struct str order, int64_t now, struct demand *x, struct err *e)
{
	int64_t change = x->wanted - x->sold; /* of what it has */
	if (!change && !x->own)
		return ST_OK;
	int64_t on_hand = x->counted ? -change : 0;
	TRY(q_market_stock_move(c, x->stock_id, on_hand, -x->own, change, NULL, e));
	if (on_hand)
		TRY(q_market_move_add(c, id_new(), x->stock_id, on_hand < 0 ? STR("sale") : STR("return"), on_hand,
		                      order, NULL, now, NULL, e));
	TRY(q_market_available_refresh(c, x->stock_id, NULL, e));
	return tell_stock(c, x, on_hand, e);
}

static enum status keep_sold(struct db_conn *c, struct str checkout, const struct market_wanted_of_row *rows, size_t n,
                             struct err *e)
{
	TRY(q_market_sold_drop(c, checkout, NULL, e));
	for (size_t i = 0; i < n; i++)
		TRY(q_market_sold_add(c, checkout, rows[i].line, rows[i].variant, rows[i].quantity,
		                      rows[i].cycle_id, NULL, e));
	return q_market_wanted_drop(c, checkout, NULL, e);
}

static bool all_fits(const struct demands *d, const struct cap_demands *caps)
{
	for (size_t i = 0; i < d->n; i++)
		if (!fits(&d->list[i]))
			return false;
	for (size_t i = 0; i < caps->n; i++)
		if (caps->list[i].wanted > caps->list[i].most)
			return false;
	return true;
}

static enum status sell(struct db_conn *c, struct sale_tx *x, struct err *e)
{
	const struct commit_ask *in = x->commit;
	struct market_wanted_of_row *rows;
	size_t n;
	TRY(q_market_wanted_of(c, in->checkout, &rows, &n, e));
	struct demands d = { ARENA_ARRAY(db_arena(c), struct demand, n + 1), 0 };
	struct cap_demands caps = { ARENA_ARRAY(db_arena(c), struct cap_demand, n + 1), 0 };
	for (size_t i = 0; i < n; i++) {
		demand_of(&d, rows[i].stock_id)->wanted += rows[i].quantity * rows[i].factor;
		caps_want(&caps, rows[i].cycle_id, rows[i].variant, rows[i].quantity);
	}
	TRY(add_sold(c, in->checkout, &d, e));
	TRY(lock_items(c, in->checkout, x->now, &d, e));
	TRY(caps_lock(c, in->checkout, x->now, &caps, e));
	if (!all_fits(&d, &caps)) /* it lapsed, and others have it */
		return q_market_checkout_set(c, in->checkout, in->revision, STR("lapsed"), STR(""), NULL, e);
	for (size_t i = 0; i < d.n; i++) {
		TRY(take_item(c, in->checkout, in->revision, x->now, x->now, &d.list[i], e));
		TRY(sell_item(c, in->order, x->now, &d.list[i], e));
		TRY(q_market_hold_drop(c, in->checkout, d.list[i].stock_id, NULL, e));
	}
	TRY(keep_sold(c, in->checkout, rows, n, e));
	x->sold.done = true;
	return q_market_checkout_sold(c, in->checkout, in->revision, NULL, e);
}

static enum status tx_commit(struct db_conn *c, void *arg, struct err *e)
{
	struct sale_tx *x = arg;
	const struct commit_ask *in = x->commit;
	struct market_checkout_lock_row *row;
	x->sold = (struct commit_answer){ .ics = STR("") };
	TRY(q_market_checkout_lock(c, in->checkout, x->now, &row, e));
	x->sold.done = row->sold_revision >= in->revision;
	return !x->sold.done && row->revision == in->revision && str_eqc(row->state, "held") ? sell(c, x, e) : ST_OK;
}

enum status market_serve_commit(struct ctx *ctx, const struct commit_ask *in, struct commit_answer *out, struct err *e)
{
	struct sale_tx x = { .ctx = ctx, .commit = in, .now = clock_now_us() };
	TRY(check_name(in->checkout, e));
	TRY(db_write(ctx, ctx->svc->db, tx_commit, &x, e));
	*out = x.sold;
	return ST_OK;
}

/* --- release ------------------------------------------------------------------------------------------------------ */

static enum status tx_release(struct db_conn *c, void *arg, struct err *e)
{
	const struct sale_tx *x = arg;
	const struct release_ask *in = x->release;
	struct market_checkout_lock_row *row;
	struct market_holds_of_row *holds;
	size_t n;
	TRY(q_market_checkout_lock(c, in->checkout, x->now, &row, e));
	if (row->revision > in->revision)
		return ST_OK;
	TRY(q_market_holds_of(c, in->checkout, &holds, &n, e));
	struct demands d = { ARENA_ARRAY(db_arena(c), struct demand, n + 1), 0 };
	for (size_t i = 0; i < n; i++)
		(void)demand_of(&d, holds[i].stock_id);
	TRY(lock_items(c, in->checkout, x->now, &d, e));
	for (size_t i = 0; i < d.n; i++) {
		if (d.list[i].own)
			TRY(q_market_stock_hold(c, d.list[i].stock_id, -d.list[i].own, NULL, e));
		TRY(q_market_hold_drop(c, in->checkout, d.list[i].stock_id, NULL, e));
	}
	if (row->revision == in->revision && str_eqc(row->state, "sold"))
		return ST_OK;
	TRY(q_market_wanted_drop(c, in->checkout, NULL, e));
	return q_market_checkout_set(c, in->checkout, in->revision, STR("released"), STR(""), NULL, e);
}

enum status market_serve_release(struct ctx *ctx, const struct release_ask *in, struct release_answer *out,
                                 struct err *e)
{
	struct sale_tx x = { .ctx = ctx, .release = in, .now = clock_now_us() };
	(void)out;
	TRY(check_name(in->checkout, e));
	return db_write(ctx, ctx->svc->db, tx_release, &x, e);
}

/* --- return ------------------------------------------------------------------------------------------------------- */

/* How much of a line comes back: never more than was sold and is not back yet. */
static int64_t coming_back(const struct return_ask *in, const struct market_sold_of_row *row)
{
	int64_t quantity = 0;
	for (size_t i = 0; i < in->lines.count; i++)
		if (in->lines.items[i].line == row->line && in->lines.items[i].quantity > 0)
			quantity += in->lines.items[i].quantity;
	return quantity > row->quantity - row->returned ? row->quantity - row->returned : quantity;
}

static enum status restock(struct db_conn *c, const struct sale_tx *x, struct demands *d, struct err *e)
{
	TRY(lock_items(c, x->give_back->checkout, x->now, d, e));
	for (size_t i = 0; i < d->n; i++) {
		struct demand *item = &d->list[i];
		int64_t back = item->wanted, on_hand = x->give_back->restock && item->counted ? back : 0;
		TRY(q_market_stock_move(c, item->stock_id, on_hand, 0, -back, NULL, e));
		if (!on_hand)
			continue;
		TRY(q_market_move_add(c, id_new(), item->stock_id, STR("return"), on_hand, x->give_back->reference,
		                      NULL, x->now, NULL, e));
		TRY(q_market_available_refresh(c, item->stock_id, NULL, e));
		TRY(tell_stock(c, item, on_hand, e));
	}
	return ST_OK;
}

static enum status tx_return(struct db_conn *c, void *arg, struct err *e)
{
	const struct sale_tx *x = arg;
	const struct return_ask *in = x->give_back;
	struct market_checkout_lock_row *row;
	struct market_sold_of_row *rows;
	int64_t first = 0;
	size_t n;
	TRY(q_market_checkout_lock(c, in->checkout, x->now, &row, e));
	TRY(q_market_return_add(c, in->checkout, in->reference, x->now, &first, e));
	if (!first)
		return ST_OK;
	TRY(q_market_sold_of(c, in->checkout, &rows, &n, e));
	struct demands d = { ARENA_ARRAY(db_arena(c), struct demand, n + 1), 0 };
	for (size_t i = 0; i < n; i++) {
		int64_t back = coming_back(in, &rows[i]);
		if (!back)
			continue;
		demand_of(&d, rows[i].stock_id)->wanted += back * rows[i].factor;
		TRY(q_market_sold_returned(c, in->checkout, rows[i].line, back, NULL, e));
	}
	return restock(c, x, &d, e);
}

enum status market_serve_return(struct ctx *ctx, const struct return_ask *in, struct return_answer *out, struct err *e)
{
	struct sale_tx x = { .ctx = ctx, .give_back = in, .now = clock_now_us() };
	(void)out;
	TRY(check_name(in->checkout, e));
	TRY(check_name(in->reference, e));
	return db_write(ctx, ctx->svc->db, tx_return, &x, e);
}
