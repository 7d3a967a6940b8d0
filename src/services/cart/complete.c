/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from an order that was placed: carried out when it is paid (or may be paid later), ended when it lapses
 * or is cancelled. A paid order is never emptied: what its hold lost is held anew, else everything is given back and
 * the buyer is told.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "platform/config/config.h"
#include "platform/core/web_url.h"
#include "platform/mail/mail.h"
#include "platform/peers/site.h"
#include "platform/text/ical.h"
#include "platform/text/json.h"
#include "services/cart/pay.h"

enum { ANEW_MIN = 15 /* for which a paid order's goods are held again */ };

struct carrying {
	cart_order *o;
	cart_order_line *lines;
	size_t line_count;
	struct sale *sales;
	size_t sale_count;
	struct sellers_sold sold;
	int64_t revision, until;
	const char *why;
	struct str actor, text, ics;
	const struct cart_slot_of_row *slot;
};

enum status order_note(struct db_conn *c, int64_t order, struct str actor, const char *what, int64_t amount,
        struct str note, struct err *e)
{
	return q_cart_order_event_add(c, id_new(), order, clock_now_us(), actor, str_c(what), amount, note, NULL, e);
}

enum status order_complete_later(struct db_conn *c, int64_t order, struct err *e)
{
	int64_t id;
	struct str payload = arena_strf(db_arena(c), "{\"order\":%lld}", (long long)order);
	return job_enqueue(c, &(struct job_new){ .kind = "cart.complete", .payload = payload }, &id, e);
}

static struct str order_line_get(const void *arg, size_t i, struct sale_line *out)
{
	const cart_order_line *l = &((const cart_order_line *)arg)[i];
	*out = (struct sale_line){ .line = l->line, .item = l->item, .quantity = l->quantity, .own_price = l->own_price,
		.own_price_null = l->own_price_null, .answers = l->answers };
	return l->provider;
}

static enum status carrying_load(struct ctx *ctx, int64_t order, struct carrying *x, struct err *e)
{
	struct cart_slot_of_row *slot;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_cart_order_by_id(c, order, &x->o, e));
		if (!x->o)
			return err_set(e, ST_NOT_FOUND, "there is no such order");
		TRY(q_cart_order_lines(c, order, &x->lines, &x->line_count, e));
		TRY(q_cart_slot_of(c, order, &slot, e));
	}
	x->slot = slot;
	x->sale_count = sales_of(ctx, order_line_get, x->lines, x->line_count, &x->sales);
	return ST_OK;
}

static struct buyer buyer_of(const cart_order *o)
{
	return (struct buyer){ o->person_id_null ? 0 : o->person_id, STR(""), o->lang, o->name, o->email };
}

/* --- letters ------------------------------------------------------------------------------------------------------ */

struct str order_url(struct ctx *ctx, const cart_order *o)
{
	return web_url(ctx, "cart", "/orders/%.*s?key=%.*s", STR_ARG(o->number), STR_ARG(o->secret));
}

struct str order_link(struct ctx *ctx, const cart_order *o)
{
	return web_abs_url(ctx, "cart", "/orders/%.*s?key=%.*s", STR_ARG(o->number), STR_ARG(o->secret));
}

/* What is left of it. */
static void put_letter_line(struct buf *b, struct ctx *ctx, const cart_order *o, const cart_order_line *l)
{
	int64_t left = l->quantity - l->returned;
	bool less = l->returned || l->less;
	if (!left)
		return;
	buf_printf(b, "%lld × %.*s%s%.*s  %.*s\n", (long long)left, STR_ARG(l->name), l->variant.n ? ", " : "",
	        STR_ARG(l->variant),
	        STR_ARG(cart_money_text(ctx, less ? refund_worth(l, left) : l->total + l->discount, o->currency)));
	if (l->sold_note.n)
		buf_printf(b, "    %.*s\n", STR_ARG(l->sold_note));
	if (l->sold_url.n)
		buf_printf(b, "    %.*s\n", STR_ARG(l->sold_url));
}

static void put_letter_sum(struct buf *b, struct ctx *ctx, const cart_order *o)
{
	if (o->discount)
		buf_printf(b, tr("\nYour coupon %.*s takes off %.*s.\n"), STR_ARG(o->coupon),
		        STR_ARG(cart_money_text(ctx, o->discount, o->currency)));
	buf_printf(b, tr("\nTogether %.*s, of that %.*s VAT.\n"), STR_ARG(cart_money_text(ctx, o->total, o->currency)),
	        STR_ARG(cart_money_text(ctx, o->vat, o->currency)));
}

struct str order_letter_text(
        struct ctx *ctx, const cart_order *o, const cart_order_line *lines, size_t n, struct str head)
{
	struct buf b;
	buf_text(&b, ctx->arena);
	buf_printf(&b, tr("Hello %.*s,\n\n%.*s\n\n"), STR_ARG(o->name), STR_ARG(head));
	for (size_t i = 0; i < n; i++)
		put_letter_line(&b, ctx, o, &lines[i]);
	if (o->less)
		buf_printf(&b, tr("\nTogether %.*s now.\n"), STR_ARG(cart_money_text(ctx, order_due(o), o->currency)));
	else
		put_letter_sum(&b, ctx, o);
	if (str_eqc(o->method, "transfer") && o->paid < order_due(o) && str_eqc(o->state, "placed"))
		buf_printf(&b, tr("\nPlease transfer it to this account, with %.*s as the reference:\n%.*s\n"),
		        STR_ARG(o->number), STR_ARG(config_str(ctx->svc->platform->config, "cart", "bank_account")));
	buf_printf(&b, tr("\nYour order %.*s, its invoice, and how to change your mind:\n%.*s\n"), STR_ARG(o->number),
	        STR_ARG(order_link(ctx, o)));
	return buf_str(&b);
}

static enum status letter_with(struct db_conn *c, const cart_order *o, struct str subject, struct str text,
        const struct mail_attachment *attached, unsigned n, struct err *e)
{
	if (!o->email.n)
		return ST_OK;
	return mail_enqueue(c, &(struct mail){ .to = o->email, .to_name = o->name, .subject = subject, .text = text,
	                               .person = o->person_id_null ? 0 : o->person_id,
	                               .attachments = attached, .attachment_count = n }, e);
}

enum status order_letter(struct db_conn *c, const cart_order *o, struct str subject, struct str text, struct err *e)
{
	return letter_with(c, o, subject, text, NULL, 0, e);
}

static void put_moment(struct buf *b, struct arena *a, const char *name, int64_t us)
{
	struct buf at;
	buf_text(&at, a);
	ical_put_time(&at, ICAL_UTC, us / US_PER_S);
	ical_put(b, name, buf_str(&at));
}

/* When and where it is collected, for the buyer's calendar (RFC 5545). */
static struct str collection_ics(struct ctx *ctx, const cart_order *o, const struct cart_slot_of_row *s)
{
	struct buf b;
	struct arena *a = ctx->arena;
	buf_text(&b, a);
	BUF_LIT(&b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Guildhall//Cart//EN\r\nBEGIN:VEVENT\r\n");
	ical_put(&b, "UID", arena_strf(a, "collection-%lld@guildhall", (long long)o->id));
	put_moment(&b, a, "DTSTAMP", clock_now_us());
	put_moment(&b, a, "DTSTART", s->starts_at);
	put_moment(&b, a, "DTEND", s->ends_at);
	ical_put_text(&b, "SUMMARY", arena_strf(a, tr("Collect order %.*s"), STR_ARG(o->number)));
	ical_put_text(&b, "LOCATION", s->place);
	ical_put(&b, "URL", order_link(ctx, o));
	BUF_LIT(&b, "END:VEVENT\r\nEND:VCALENDAR\r\n");
	return buf_str(&b);
}

static void take_sold(struct carrying *x)
{
	for (size_t i = 0; i < x->sale_count; i++)
		for (size_t k = 0; k < x->sold.answers[i].sold.count; k++)
			for (size_t l = 0; l < x->line_count; l++)
				if (x->lines[l].line == x->sold.answers[i].sold.items[k].line) {
					const struct sold_line *s = &x->sold.answers[i].sold.items[k];
					x->lines[l].sold_note = s->note.p ? s->note : STR("");
					x->lines[l].sold_url = s->url.p ? s->url : STR("");
					x->lines[l].sold_code = s->code.p ? s->code : STR("");
				}
}

/* --- carried out -------------------------------------------------------------------------------------------------- */

static enum status sold_texts(struct db_conn *c, const struct carrying *x, struct err *e)
{
	for (size_t i = 0; i < x->line_count; i++) {
		const cart_order_line *l = &x->lines[i];
		if (l->sold_note.n || l->sold_url.n || l->sold_code.n)
			TRY(q_cart_order_sold(c, x->o->id, l->line, l->sold_note, l->sold_url, l->sold_code, NULL, e));
	}
	return ST_OK;
}

static enum status tx_sold(struct db_conn *c, void *arg, struct err *e)
{
	const struct carrying *x = arg;
	int64_t changed;
	TRY(q_cart_order_set_supply(c, x->o->id, STR("held"), STR("sold"), &changed, e));
	if (!changed)
		return ST_OK;
	TRY(sold_texts(c, x, e));
	TRY(journal_sale(c, x->o, x->lines, x->line_count, e));
	TRY(order_note(c, x->o->id, STR("system"), "sold", x->o->total, STR(""), e));
	struct mail_attachment ics = { STR("collection.ics"), STR("text/calendar; charset=utf-8"), x->ics };
	TRY(letter_with(c, x->o, arena_strf(db_arena(c), tr("Your order %.*s"), STR_ARG(x->o->number)), x->text, &ics,
	        x->ics.n > 0, e));
	return event_emit(c, "order.sold", x->o->number, STR("{}"), e);
}

static enum status finish_sale(struct ctx *ctx, struct carrying *x, struct err *e)
{
	const struct pay_method *m = pay_method_named(x->o->method);
	SCOPED_LANG(lang_of_person(ctx, x->o->lang));
	take_sold(x);
	x->text = order_letter_text(ctx, x->o, x->lines, x->line_count,
	        x->o->paid >= order_due(x->o) ? TR("thank you: your order is paid and confirmed.")
	        : m && m->later                           ? TR("thank you: your order is confirmed.")
	                                                  : TR("thank you for your order."));
	x->ics = x->slot ? collection_ics(ctx, x->o, x->slot) : STR("");
	return db_write(ctx, ctx->svc->db, tx_sold, x, e);
}

static enum status tx_anew(struct db_conn *c, void *arg, struct err *e)
{
	const struct carrying *x = arg;
	if (x->o->coupon.n && !str_eqc(x->o->state, "placed"))
		TRY(q_cart_coupon_use_again(c, x->o->coupon, NULL, e));
	TRY(q_cart_order_revive(c, x->o->id, x->revision, x->until, NULL, e));
	return order_note(c, x->o->id, STR("system"), "held_anew", 0, STR(""), e);
}

/* Paid, and what was held is not any more: once more, under a new revision. */
static enum status hold_anew(struct ctx *ctx, struct carrying *x, bool *held, struct err *e)
{
	struct sellers_refused refused;
	struct buyer buyer = buyer_of(x->o);
	x->revision = x->o->revision + 1;
	x->until = clock_now_us() + ANEW_MIN * 60 * US_PER_S;
	TRY(sellers_hold(ctx, x->sales, x->sale_count, x->o->checkout, x->revision, &buyer, x->until, &refused, e));
	*held = !refused.any;
	if (refused.any)
		return sellers_release(ctx, x->sales, x->sale_count, x->o->checkout, x->revision, e);
	TRY(db_write(ctx, ctx->svc->db, tx_anew, x, e));
	x->o->revision = x->revision;
	return ST_OK;
}

/* --- ended -------------------------------------------------------------------------------------------------------- */

static enum status give_all_back(struct db_conn *c, const struct carrying *x, const cart_order *o, struct err *e)
{
	size_t n, count;
	cart_order_line *lines;
	TRY(q_cart_order_lines(c, o->id, &lines, &n, e));
	struct refund_wish wish = { .all = true, .restock = true, .reason = x->why, .actor = x->actor };
	wish.lines = refund_all(db_arena(c), lines, n, &count);
	wish.count = count;
	return refund_want(c, o, &wish, e);
}

static enum status tx_end(struct db_conn *c, void *arg, struct err *e)
{
	const struct carrying *x = arg;
	cart_order *o;
	int64_t changed, ended;
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	bool sold = str_eqc(o->supply, "sold");
	TRY(q_cart_order_end(c, o->id, STR("cancelled"), str_c(x->why), clock_now_us(), &ended, e));
	if (!sold)
		TRY(q_cart_order_set_supply(c, o->id, STR("held"), STR("released"), &changed, e));
	if (ended)
		TRY(order_note(c, o->id, x->actor, "cancelled", 0, str_c(x->why), e));
	if (ended && !sold && o->coupon.n)
		TRY(q_cart_coupon_unuse(c, o->coupon, NULL, e));
	if (o->paid || sold)
		TRY(give_all_back(c, x, o, e));
	if (!ended)
		return ST_OK;
	TRY(order_letter(
	        c, o, arena_strf(db_arena(c), tr("Your order %.*s is cancelled"), STR_ARG(o->number)), x->text, e));
	return event_emit(c, "order.cancelled", o->number, STR("{}"), e);
}

static struct str end_words(const char *why, bool paid)
{
	if (!strcmp(why, "lapsed"))
		return TR("your order was not paid in time, so what was kept for you is free again. Nothing was "
		          "charged.");
	if (!strcmp(why, "lost"))
		return TR("you paid, but meanwhile somebody else got the last of what you ordered. We are sorry. Your "
		          "money is on "
		          "its way back.");
	return paid ? TR("your order is cancelled. Your money is on its way back.") : TR("your order is cancelled.");
}

static enum status end_order(struct ctx *ctx, struct carrying *x, struct err *e)
{
	SCOPED_LANG(lang_of_person(ctx, x->o->lang));
	x->text = order_letter_text(ctx, x->o, x->lines, x->line_count, end_words(x->why, x->o->paid > 0));
	TRY(db_write(ctx, ctx->svc->db, tx_end, x, e));
	return str_eqc(x->o->supply, "sold")
	               ? ST_OK
	               : sellers_release(ctx, x->sales, x->sale_count, x->o->checkout, x->o->revision, e);
}

static enum status end_payment(struct ctx *ctx, const cart_order *o, bool *paid, struct err *e)
{
	cart_payment *alive;
	*paid = false;
	TRY(pay_alive(ctx, o->id, &alive, e));
	return alive ? pay_end(ctx, alive->id, paid, e) : ST_OK;
}

enum status order_cancel(struct ctx *ctx, int64_t order, const char *why, struct str actor, struct err *e)
{
	struct carrying x = { .why = why, .actor = actor };
	bool paid, lapsed = !strcmp(why, "lapsed");
	TRY(carrying_load(ctx, order, &x, e));
	if (!str_eqc(x.o->state, "placed"))
		return lapsed ? ST_OK : err_set(e, ST_CONFLICT, "%s", tr("This order has ended already."));
	TRY(end_payment(ctx, x.o, &paid, e));
	TRY(carrying_load(ctx, order, &x, e));
	if (lapsed && (paid || x.o->paid >= order_due(x.o))) /* at the last moment: it is carried out */
		return ST_OK;
	return end_order(ctx, &x, e);
}

/* --- the job ------------------------------------------------------------------------------------------------------ */

static enum status tx_surplus(struct db_conn *c, void *arg, struct err *e)
{
	const struct carrying *x = arg;
	cart_order *o;
	TRY(q_cart_order_locked(c, x->o->id, &o, e));
	return refund_want(
	        c, o, &(struct refund_wish){ .all = true, .reason = "paid_twice", .actor = STR("system") }, e);
}

/* Ended already when the money came: by the clock, so it may live again; by somebody, so it does not. */
static bool may_live_again(const cart_order *o)
{
	return str_eqc(o->state, "placed") || str_eqc(o->why, "lapsed");
}

static enum status carry_out(struct ctx *ctx, struct carrying *x, struct err *e)
{
	bool held = true;
	struct buyer buyer = buyer_of(x->o);
	if (!may_live_again(x->o))
		return end_order(ctx, x, e);
	if (str_eqc(x->o->supply, "held"))
		TRY(sellers_commit(ctx, x->sales, x->sale_count, x->o->checkout, x->o->revision, x->o->number, &buyer,
		        &x->sold, e));
	if (!x->sold.done) {
		TRY(hold_anew(ctx, x, &held, e));
		if (held)
			TRY(sellers_commit(ctx, x->sales, x->sale_count, x->o->checkout, x->o->revision, x->o->number,
			        &buyer, &x->sold, e));
	}
	return x->sold.done ? finish_sale(ctx, x, e) : end_order(ctx, x, e);
}

enum status cart_complete_job(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct carrying x = { .why = "lost", .actor = STR("system") };
	SCOPED_JSON *payload = json_parse(j->payload, 2, e);
	if (!payload)
		return ST_CORRUPT;
	TRY(carrying_load(ctx, json_integer_value(json_object_get(payload, "order")), &x, e));
	if (x.o->paid > order_due(x.o))
		TRY(db_write(ctx, ctx->svc->db, tx_surplus, &x, e));
	return str_eqc(x.o->supply, "sold") ? ST_OK : carry_out(ctx, &x, e);
}
