/* SPDX-License-Identifier: Apache-2.0
 *
 * From a basket to orders: one page, one press. Everything is held at its sellers first, then the orders are written,
 * then money is asked for; so there is no payment without an order, and no order without its goods.
 */
#include <sodium.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/core/web_url.h"
#include "services/cart/checkout.h"
#include "services/cart/slots.h"
#include "services/cart/totals.h"

enum { KEY_BYTES = 16, KEY_ROOM = 32, PHONE_MAX = 30 };

/* --- the form ----------------------------------------------------------------------------------------------------- */

static const struct choice *methods(struct web *w, const void *values)
{
	(void)values;
	size_t n = 0;
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, CHECKOUT_METHODS_MAX + 1);
	for (const struct pay_method *m = pay_methods; m->name && n < CHECKOUT_METHODS_MAX; m++)
		if (m->offered(w->ctx, w->person))
			list[n++] = (struct choice){ m->name, m->title, m->help };
	return list;
}

static const struct field fields[] = {
	FIELD(struct checkout_form, key, HIDDEN, .max = KEY_ROOM),
	FIELD(struct checkout_form, seen, HIDDEN, .max = 64),
	FIELD(struct checkout_form, name, TEXT, .label = "Name", .required = "Your name, please.", .max = 100,
	        .autocomplete = "name"),
	FIELD(struct checkout_form, email, EMAIL, .label = "E-mail", .autocomplete = "email",
	        .required = "An address that we can write to, please.",
	        .hint = "For the confirmation, and to reach you."),
	FIELD(struct checkout_form, phone, TEL, .label = "Telephone", .max = PHONE_MAX, .autocomplete = "tel"),
	FIELD(struct checkout_form, slot, CHOICE, .label = "When do you collect it?", .choose = slot_choices),
	FIELD(struct checkout_form, note, AREA, .label = "A word to the sellers", .max = CART_NOTE_MAX),
	FIELD(struct checkout_form, method, CHOICE, .label = "How would you like to pay?",
	        .required = "Please choose how to pay.", .choose = methods),
	{ 0 },
};
static void check_slot(struct web *w, struct form_fill *f)
{
	const struct checkout_form *in = f->values;
	if (!in->slot.n && slots_any(w->ctx))
		form_fault(f, "slot", "%s",
		        slot_choices(w, in)->value ? tr("Please choose when you collect it.")
		                                   : tr("All times of collection are full at the moment."));
}

static const struct form_desc checkout_form = { .fields = fields, .check = check_slot };

static struct str new_key(struct arena *a)
{
	char key[KEY_ROOM];
	random_token(key, KEY_BYTES);
	return arena_str(a, str_c(key));
}

static enum status checkout_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct web *w = f->w;
	const struct checkout_shown *s = arg;
	struct page_shell shell = web_shell(w, "Checkout");
	struct checkout_view v = { .w = w, .b = s->b, .f = f, .changed = s->changed, .terms = STR("") };
	v.slots = slots_any(w->ctx);
	v.terms = config_str(w->ctx->svc->platform->config, "cart", "terms_url");
	shell.forms = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_checkout(&page, &shell, w, &v);
	return web_html(w, status, &page);
}

enum status cart_get_checkout(struct web *w, struct err *e)
{
	struct basket b;
	struct basket_owner o;
	struct form_fill f;
	struct checkout_form values = { .key = new_key(w->ctx->arena), .name = STR(""), .email = STR(""),
		.phone = STR(""), .note = STR(""), .slot = STR(""), .method = STR("card") };
	TRY(basket_of(w, &o, e));
	TRY(basket_load(w, o.text, &b, e));
	if (!b.count)
		return web_redirect(w, 303, web_url(w->ctx, "cart", "/"));
	if (w->person) {
		values.name = w->person->name;
		values.email = w->person->email;
	}
	values.seen = b.digest;
	form_show(&f, w, &checkout_form, &values);
	return checkout_page(&f, 200, &(struct checkout_shown){ .b = &b }, e);
}

/* --- what is placed ----------------------------------------------------------------------------------------------- */

struct placed_line { const struct basket_line *l; int64_t line, total, rate, vat; };
struct placed_order {
	int64_t id;
	struct str number, secret, checkout; /* checkout: as sellers know it */
	const struct basket_part *part;
	struct placed_line *lines;
	int64_t total, vat, discount;
	struct sale *sales;
	size_t sale_count;
};
struct placing {
	struct web *w;
	const struct checkout_form *in;
	struct basket *b;
	struct str owner;
	struct placed_order *orders;
	size_t count;
	int64_t now, until;
	struct buyer buyer;
	const struct pay_method *method;
	bool again; /* this very press was made before */
	bool full;  /* the time of collection that was chosen */
	bool spent; /* the coupon, meanwhile */
};

/* Short enough to be said at a counter, and not to be guessed in a row. */
static struct str new_number(struct arena *a)
{
	static const char signs[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char bytes[CART_NUMBER_LEN];
	char *text = arena_alloc(a, CART_NUMBER_LEN + 1);
	random_bytes(bytes, sizeof bytes);
	for (size_t i = 0; i < CART_NUMBER_LEN; i++)
		text[i] = signs[bytes[i] % 32];
	text[CART_NUMBER_LEN] = '\0';
	return str_n(text, CART_NUMBER_LEN);
}

static struct str placed_get(const void *arg, size_t i, struct sale_line *out)
{
	const struct placed_line *p = &((const struct placed_line *)arg)[i];
	*out = (struct sale_line){ .line = p->line, .item = p->l->item, .quantity = p->l->quantity,
		.own_price = p->l->own_price ? *p->l->own_price : 0, .own_price_null = !p->l->own_price,
		.answers = p->l->answers };
	return p->l->provider;
}

/* Sellers know a press of that basket by one name: what a crash left held is the same again, and another basket is
   another one. */
static struct str sellers_name(struct arena *a, struct str key, struct str digest, size_t part)
{
	unsigned char hash[16];
	char hex[sizeof hash * 2 + 1];
	struct str what = arena_strf(a, "%.*s %.*s %zu", STR_ARG(key), STR_ARG(digest), part);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)what.p, what.n, NULL, 0);
	str_hex(hex, hash, sizeof hash);
	return arena_str(a, str_c(hex));
}

static void plan_order(struct placing *p, struct placed_order *o, size_t part)
{
	struct arena *a = p->w->ctx->arena;
	o->part = &p->b->parts[part];
	o->id = id_new();
	o->number = new_number(a);
	o->secret = new_key(a);
	o->checkout = sellers_name(a, p->in->key, p->b->digest, part);
	o->lines = ARENA_ARRAY(a, struct placed_line, o->part->count);
	struct totals_line *sums = ARENA_ARRAY(a, struct totals_line, o->part->count);
	for (size_t i = 0; i < o->part->count; i++) {
		const struct basket_line *l = &o->part->lines[i];
		sums[i] = (struct totals_line){ .total = l->total, .rate = l->quote->vat };
		o->total += l->total;
		o->discount += l->discount;
	}
	o->vat = totals_vat(sums, o->part->count);
	for (size_t i = 0; i < o->part->count; i++)
		o->lines[i] = (struct placed_line){ &o->part->lines[i], (int64_t)i + 1, sums[i].total, sums[i].rate,
			sums[i].vat };
	o->sale_count = sales_of(p->w->ctx, placed_get, o->lines, o->part->count, &o->sales);
}

static void plan(struct placing *p)
{
	p->count = p->b->part_count;
	p->orders = ARENA_ARRAY(p->w->ctx->arena, struct placed_order, p->count + 1);
	for (size_t i = 0; i < p->count; i++)
		plan_order(p, &p->orders[i], i);
	p->now = clock_now_us();
	p->until = p->now + CART_HOLD_MIN * 60 * US_PER_S;
	p->buyer = (struct buyer){ p->w->person ? p->w->person->id : 0, p->w->person ? p->w->person->roles : STR(""),
		str_c(lang_info(lang_now())->tag), p->in->name, p->in->email };
	p->method = pay_method_named(p->in->method);
}

/* --- holding ------------------------------------------------------------------------------------------------------ */

static void release_all(struct placing *p, size_t upto)
{
	for (size_t i = 0; i < upto; i++) /* what is not released now is free when its time is over */
		(void)!sellers_release(
		        p->w->ctx, p->orders[i].sales, p->orders[i].sale_count, p->orders[i].checkout, 1, NULL);
}

static void tell_refused(struct placing *p, const struct placed_order *o, const struct sellers_refused *r)
{
	for (size_t i = 0; i < r->count; i++) {
		size_t at = (size_t)r->lines[i].line - 1;
		if (r->lines[i].line < 1 || at >= o->part->count)
			continue;
		struct basket_line *l = &o->part->lines[at];
		l->problem = basket_why(p->w->ctx, r->lines[i].why, r->lines[i].most, l->quote);
	}
	p->b->problems = true;
}

static enum status hold_all(struct placing *p, bool *held, struct err *e)
{
	*held = true;
	for (size_t i = 0; i < p->count; i++) {
		struct sellers_refused r;
		struct placed_order *o = &p->orders[i];
		enum status s = sellers_hold(
		        p->w->ctx, o->sales, o->sale_count, o->checkout, 1, &p->buyer, p->until, &r, e);
		if (s == ST_OK && !r.any)
			continue;
		release_all(p, i + 1);
		if (s != ST_OK)
			return s;
		tell_refused(p, o, &r);
		*held = false;
		return ST_OK;
	}
	return ST_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static enum status add_line(struct db_conn *c, const struct placing *p, const struct placed_order *o,
        const struct placed_line *l, struct err *e)
{
	const struct basket_line *b = l->l;
	const struct quoted_line *q = b->quote;
	int64_t changed;
	TRY(q_cart_order_line_add(c, o->id, l->line, b->provider, b->item, b->quantity, str_or_empty(q->kind), q->name,
	        str_or_empty(q->variant), str_or_empty(q->url), str_or_empty(q->picture), q->price.minor, l->total,
	        l->rate, l->vat, q->supplier, str_or_empty(q->supplier_name), q->supplier_price, b->own_price,
	        b->answers, str_or_empty(q->keeps), q->cycle,
	        !q->per_kg_null && str_eqc(str_or_empty(q->unit), "g") ? q->content : 0, NULL, e));
	if (b->discount)
		TRY(q_cart_order_line_discount(c, o->id, l->line, b->discount, NULL, e));
	TRY(q_cart_basket_take(c, p->owner, b->provider, b->item, b->answers, b->quantity, &changed, e));
	return changed ? ST_OK : q_cart_basket_drop_line(c, p->owner, b->provider, b->item, b->answers, NULL, e);
}

static enum status use_coupon(struct db_conn *c, struct placing *p, const struct placed_order *o, struct err *e)
{
	enum status s = coupon_use(c, p->b->coupon, p->now, e);
	p->spent = s == ST_CONFLICT;
	TRY(s);
	TRY(q_cart_basket_set_coupon(c, p->owner, STR(""), NULL, e));
	return q_cart_order_discount(c, o->id, p->b->coupon, o->discount, NULL, e);
}

/* The first of its lines that closes; *none: no line does. */
static int64_t open_until(const struct placed_order *o, bool *none)
{
	int64_t until = INT64_MAX;
	for (size_t i = 0; i < o->part->count; i++) {
		const struct quoted_line *q = o->part->lines[i].quote;
		if (!q->closes_null && q->closes < until)
			until = q->closes;
	}
	*none = until == INT64_MAX;
	return until;
}

static enum status add_order(
        struct db_conn *c, struct placing *p, const struct placed_order *o, size_t part, struct err *e)
{
	const struct checkout_form *in = p->in;
	struct str currency = str_c(o->part->total.currency);
	bool never;
	int64_t until = open_until(o, &never);
	TRY(q_cart_order_add(c, o->id, o->number, o->secret, o->checkout, in->key, (int64_t)part, (int64_t)p->count,
	        p->w->person ? &p->w->person->id : NULL, o->part->account, o->part->name, p->until,
	        str_c(p->method->name), currency, o->total, o->vat, in->name, in->email, in->phone, in->note,
	        p->buyer.lang, never ? NULL : &until, p->now, NULL, e));
	for (size_t i = 0; i < o->part->count; i++)
		TRY(add_line(c, p, o, &o->lines[i], e));
	if (o->discount)
		TRY(use_coupon(c, p, o, e));
	TRY(order_note(c, o->id, STR(""), "placed", o->total, STR(""), e));
	TRY(event_emit(c, "order.placed", o->number, STR("{}"), e));
	return p->method->later || !o->total ? order_complete_later(c, o->id, e) : ST_OK;
}

static enum status take_slot(struct db_conn *c, struct placing *p, struct err *e)
{
	int64_t ids[CART_PARTS_MAX];
	for (size_t i = 0; i < p->count; i++)
		ids[i] = p->orders[i].id;
	return slot_take(c, &(struct slot_wish){ p->in->slot, p->buyer.person, p->now, ids, p->count }, &p->full, e);
}

static enum status tx_place(struct db_conn *c, void *arg, struct err *e)
{
	struct placing *p = arg;
	cart_order *before;
	size_t n;
	TRY(q_cart_press_orders(c, p->in->key, &before, &n, e));
	p->again = n > 0;
	for (size_t i = 0; !p->again && i < p->count; i++)
		TRY(add_order(c, p, &p->orders[i], i, e));
	return p->again || !p->in->slot.n ? ST_OK : take_slot(c, p, e);
}

/* --- the press ---------------------------------------------------------------------------------------------------- */

static enum status orders_of_press(struct web *w, struct str key, cart_order **list, size_t *n, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	return q_cart_press_orders(c, key, list, n, e);
}

/* Where the buyer goes: to pay the first order, or to what they ordered. */
static enum status go_on(struct web *w, struct str key, struct err *e)
{
	cart_order *list;
	size_t n;
	struct str url;
	struct err why = { 0 };
	TRY(orders_of_press(w, key, &list, &n, e));
	if (!n)
		return err_set(e, ST_CONFLICT, "%s", tr("This order was not placed. Please try again."));
	const cart_order *o = &list[0];
	const struct pay_method *m = pay_method_named(o->method);
	bool pays = o->total > o->paid && m && !m->later && str_eqc(o->state, "placed");
	struct str page = order_url(w->ctx, o);
	if (!pays)
		return web_redirect(w, 303, page);
	/* The order stands whatever becomes of its payment: its page says what happened, and tries again. */
	if (pay_begin(w->ctx, o, o->method, &url, &why) != ST_OK)
		return web_redirect(w, 303, arena_strf(w->ctx->arena, "%.*s&done=unpaid", STR_ARG(page)));
	return web_redirect_external(w, 303, url);
}

static void check_basket(struct form_fill *f, const struct placing *p, struct checkout_shown *shown)
{
	if (p->b->mixed)
		form_fault(f, NULL, "%s",
		        tr("There are several currencies in your basket. Please order them one by one."));
	if (p->b->away)
		form_fault(f, NULL, "%s",
		        tr("One of the sellers does not answer at the moment. Please try again in a minute."));
	else if (p->b->problems)
		form_fault(f, NULL, "%s", tr("Something in your basket can't be had as it is. See what is beside it."));
	else if (!str_eq(p->in->seen, p->b->digest)) {
		shown->changed = true;
		form_fault(
		        f, NULL, "%s", tr("Something changed since you looked: please look at your order once more."));
	}
	if (p->b->part_count > CART_PARTS_MAX)
		form_fault(f, NULL, "%s", tr("These are too many sellers for one order."));
}

static enum status place_orders(struct form_fill *f, struct placing *p, struct checkout_shown *shown, struct err *e)
{
	bool held;
	plan(p);
	TRY(hold_all(p, &held, e));
	if (!held) {
		form_fault(f, NULL, "%s", tr("Somebody was faster: see what is beside it."));
		return ST_OK;
	}
	enum status s = db_write(p->w->ctx, p->w->ctx->svc->db, tx_place, p, e);
	if (s == ST_CONFLICT && p->full) {
		release_all(p, p->count);
		form_fault(f, "slot", "%s", tr("That time is full. Please choose another one."));
		return ST_OK;
	}
	if (s == ST_CONFLICT && p->spent) {
		release_all(p, p->count);
		form_fault(
		        f, NULL, "%s", tr("Your coupon was used up meanwhile: please look at your order once more."));
		return ST_OK;
	}
	if (s == ST_CONFLICT) { /* the same press at the same time, elsewhere; or a number that there is */
		cart_order *list;
		size_t n;
		TRY(orders_of_press(p->w, p->in->key, &list, &n, e));
		if (n)
			return ST_OK;
	}
	return s;
}

static enum status refuse_anew(struct form_fill *f, struct placing *p, struct checkout_form *in,
        struct checkout_shown *shown, int status, struct err *e)
{
	in->key = new_key(p->w->ctx->arena);
	in->seen = p->b->digest;
	f->typed[form_field(f, "key") - f->desc->fields] = in->key; /* those two are ours, not what was typed */
	f->typed[form_field(f, "seen") - f->desc->fields] = in->seen;
	return f->failed && status == 409 && !web_wants_json(p->w) ? checkout_page(f, status, shown, e)
	                                                           : form_refuse(f, checkout_page, shown, e);
}

enum status cart_post_checkout(struct web *w, struct err *e)
{
	struct basket b;
	struct basket_owner o;
	struct form_fill f;
	struct checkout_form in = { .key = STR("") };
	struct checkout_shown shown = { .b = &b };
	struct placing p = { .w = w, .in = &in, .b = &b };
	cart_order *before;
	size_t n;
	TRY(form_read(&f, w, &checkout_form, &in, e));
	TRY(orders_of_press(w, in.key, &before, &n, e));
	if (n)
		return go_on(w, in.key, e);
	TRY(basket_of(w, &o, e));
	p.owner = o.text;
	TRY(basket_load(w, o.text, &b, e));
	if (!b.count)
		return web_redirect(w, 303, web_url(w->ctx, "cart", "/"));
	if (in.key.n < KEY_BYTES)
		form_fault(&f, NULL, "%s", tr("Please look at your order once more."));
	bool typed = !f.failed;
	check_basket(&f, &p, &shown);
	if (!f.failed)
		TRY(place_orders(&f, &p, &shown, e));
	if (p.spent) /* what is shown now is without it */
		TRY(basket_load(w, o.text, &b, e));
	if (f.failed)
		return refuse_anew(&f, &p, &in, &shown, typed ? 409 : 422, e);
	basket_changed(w, &o);
	return go_on(w, in.key, e);
}
