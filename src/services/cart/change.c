/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of an order before it is handed over: its buyer takes something off it while it is open (more of
 * something is an order beside it, collected with it), and a host weighs what was sold by weight.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "services/cart/pay.h"
#include "services/cart/totals.h"

enum { GRAMS_MAX = 1000 * 1000 /* of a line */ };

bool order_is_open(const cart_order *o)
{
	return str_eqc(o->state, "placed") && str_eqc(o->supply, "sold") && str_eqc(o->fulfilment, "none") &&
	        !o->open_until_null && clock_now_us() < o->open_until;
}

/* --- the buyer's page --------------------------------------------------------------------------------------------- */

static enum status change_page(struct web *w, const cart_order *o, int status, struct str problem, struct err *e)
{
	struct buf page;
	cart_order_line *lines;
	struct order_view v = { .w = w, .o = o, .problem = problem, .may_change = order_is_open(o) };
	struct page_shell shell = web_shell(w, "Change your order");
	TRY(order_lines_load(w->ctx, o, &lines, &v.count, e));
	v.lines = lines;
	v.ways = refund_ways(w->ctx, o, false, &v.way_count);
	v.link = arena_strf(w->ctx->arena, "?key=%.*s", STR_ARG(o->secret));
	shell.forms = true;
	shell.noindex = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_change(&page, &shell, w, &v);
	return web_html(w, status, &page);
}

enum status cart_get_change(struct web *w, struct err *e)
{
	cart_order *o;
	TRY(order_of(w, &o, e));
	return change_page(w, o, 200, STR(""), e);
}

struct changing {
	struct web *w;
	cart_order *o;
	cart_order_line *lines;
	size_t count;
	struct refund_wish wish;
	struct str problem, text;
	bool nothing_left;
};

/* What was typed are quantities that stay; what is not said stays as it is. */
static void read_quantities(struct changing *x)
{
	struct arena *a = x->w->ctx->arena;
	struct refund_line *list = ARENA_ARRAY(a, struct refund_line, x->count + 1);
	x->wish.lines = list;
	x->nothing_left = true;
	for (size_t i = 0; i < x->count; i++) {
		const cart_order_line *l = &x->lines[i];
		int64_t left = l->quantity - l->returned, stays = left;
		struct str typed = str_trim(web_form(x->w, arena_printf(a, "line-%lld", (long long)l->line)));
		if (typed.n && (!str_i64(typed, &stays) || stays < 0 || stays > left)) {
			x->problem = arena_strf(a,
			        tr("%.*s: a number from 0 to %lld. For more of it, order it beside this one."),
			        STR_ARG(l->name), (long long)left);
			return;
		}
		x->nothing_left &= stays == 0;
		if (stays < left)
			list[x->wish.count++] = (struct refund_line){ .line = l->line, .quantity = left - stays,
				.amount = refund_worth(l, left - stays) };
	}
	if (!x->wish.count)
		x->problem = TR("Nothing is changed: please say how many of each stay.");
	else if (x->nothing_left)
		x->problem = TR("Nothing would be left. Cancel the order instead: its page has a button for that.");
}

static enum status tx_change(struct db_conn *c, void *arg, struct err *e)
{
	struct changing *x = arg;
	cart_order *o;
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	if (!order_is_open(o))
		return err_set(e, ST_CONFLICT, "%s", tr("It is too late to change this order."));
	TRY(refund_want(c, o, &x->wish, e));
	TRY(order_note(c, o->id, x->wish.actor, "changed", 0, STR(""), e));
	TRY(event_emit(c, "order.changed", o->number, STR("{}"), e));
	return order_letter(
	        c, o, arena_strf(db_arena(c), tr("Your order %.*s has changed"), STR_ARG(o->number)), x->text, e);
}

static void tell_change(struct changing *x)
{
	struct ctx *ctx = x->w->ctx;
	for (size_t i = 0; i < x->wish.count; i++)
		for (size_t k = 0; k < x->count; k++)
			if (x->lines[k].line == x->wish.lines[i].line) {
				x->lines[k].returned += x->wish.lines[i].quantity;
				x->o->less += x->wish.lines[i].amount;
			}
	SCOPED_LANG(lang_of_person(ctx, x->o->lang));
	x->text = order_letter_text(ctx, x->o, x->lines, x->count,
	        x->o->paid ? TR("your order is changed as you asked, and the difference is on its way back.")
	                   : TR("your order is changed as you asked."));
}

enum status cart_post_change(struct web *w, struct err *e)
{
	struct changing x = { .w = w, .problem = STR("") };
	TRY(web_form_load(w, e));
	TRY(order_of(w, &x.o, e));
	if (!order_is_open(x.o))
		return change_page(w, x.o, 409, TR("It is too late to change this order."), e);
	TRY(order_lines_load(w->ctx, x.o, &x.lines, &x.count, e));
	read_quantities(&x);
	x.wish.via = web_form(w, "via");
	if (!x.problem.n && !refund_may_go(w->ctx, x.o, false, x.wish.via))
		x.problem = TR("Please choose how the difference goes back.");
	if (x.problem.n)
		return change_page(w, x.o, 422, x.problem, e);
	x.wish.restock = true;
	x.wish.reason = "changed";
	x.wish.actor = w->person ? id_str(w->ctx->arena, w->person->id) : STR("");
	tell_change(&x);
	enum status s = db_write(w->ctx, w->ctx->svc->db, tx_change, &x, e);
	if (s == ST_CONFLICT)
		return change_page(w, x.o, 409, str_c(e->msg), e);
	TRY(s);
	return web_redirect(w, 303, arena_strf(w->ctx->arena, "%.*s&done=changed", STR_ARG(order_url(w->ctx, x.o))));
}

/* --- weighing ----------------------------------------------------------------------------------------------------- */

struct weighing { const cart_order *o; int64_t line, grams; struct audit_entry *audit; };

/* some of n, of a whole: rounded half up */
static int64_t share_of(int64_t whole, int64_t some, int64_t n)
{
	return n ? (int64_t)(((__int128)whole * some * 2 + n) / ((__int128)n * 2)) : 0;
}

/* The price that was shown is the most that is paid: less weight costs less in proportion, more costs nothing more. */
static struct refund_line weighed_less(const cart_order_line *l, int64_t grams)
{
	int64_t pieces = l->quantity - l->returned, estimate = l->grams * pieces;
	int64_t missing = grams < estimate ? estimate - grams : 0, worth = refund_worth(l, pieces);
	int64_t amount = share_of(worth, missing, estimate);
	return (struct refund_line){ .line = l->line, .grams = grams, .amount = amount,
		.vat = share_of(refund_part(l, l->vat, 0, pieces), amount, worth),
		.owed = share_of(refund_part(l, l->supplier_price * l->quantity, 0, pieces), missing, estimate) };
}

static enum status tx_weigh(struct db_conn *c, void *arg, struct err *e)
{
	const struct weighing *x = arg;
	cart_order *o;
	cart_order_line *lines;
	size_t n;
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	TRY(q_cart_order_lines(c, o->id, &lines, &n, e));
	for (size_t i = 0; i < n; i++) {
		if (lines[i].line != x->line || !lines[i].grams)
			continue;
		if (!lines[i].weighed_null || lines[i].returned == lines[i].quantity || !str_eqc(o->supply, "sold") ||
		        !str_eqc(o->state, "placed"))
			return err_set(e, ST_CONFLICT, "%s", tr("It was weighed or given back already."));
		struct refund_line less = weighed_less(&lines[i], x->grams);
		struct refund_wish wish = { .lines = &less, .count = 1, .reason = "weighed", .actor = x->audit->actor };
		TRY(refund_want(c, o, &wish, e));
		TRY(q_cart_order_fulfilment(c, o->id, STR("none"), STR("packing"), NULL, e));
		return audit_write(c, x->audit, e);
	}
	return err_set(e, ST_CONFLICT, "%s", tr("Nothing of this is sold by weight."));
}

enum status order_weigh(struct ctx *ctx, const cart_order *o, int64_t line, int64_t grams, struct audit_entry *audit,
        struct err *e)
{
	struct weighing x = { .o = o, .line = line, .grams = grams, .audit = audit };
	if (grams < 0 || grams > GRAMS_MAX)
		return err_set(e, ST_UNPROCESSABLE, tr("The weight in whole grams, from 0 to %d."), GRAMS_MAX);
	audit->action = "order.weighed";
	return db_write(ctx, ctx->svc->db, tx_weigh, &x, e);
}
