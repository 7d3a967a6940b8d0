/* SPDX-License-Identifier: Apache-2.0
 *
 * Baskets: what somebody means to buy, of all sellers together. A basket holds nothing and promises nothing: what
 * things cost and whether they can be had is asked of their sellers each time it is shown.
 */
#include <sodium.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/cache/cache.h"
#include "platform/core/web_url.h"
#include "platform/text/local.h"
#include "services/cart/cart.h"
#include "services/cart/totals.h"

enum { TOKEN_BYTES = 24, TOKEN_ROOM = 40 };
#define COOKIE_SECONDS (CART_BASKET_DAYS * 86400)

struct str cart_money_text(struct ctx *ctx, int64_t minor, struct str currency)
{
	struct money m = money_of(minor, currency);
	return local_money(ctx->arena, &m);
}

/* --- whose ------------------------------------------------------------------------------------------------------- */

static struct str owner_of_person(struct arena *a, int64_t person)
{
	return arena_strf(a, "p%lld", (long long)person);
}

/* The store knows the cookie's hash alone: who reads it can not use it. */
static struct str owner_of_cookie(struct arena *a, struct str cookie)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[sizeof hash * 2 + 1];
	if (!cookie.n)
		return STR("");
	crypto_hash_sha256(hash, (const unsigned char *)cookie.p, cookie.n);
	str_hex(hex, hash, sizeof hash);
	return arena_strf(a, "v%s", hex);
}

void basket_changed(struct web *w, const struct basket_owner *o)
{
	struct cache *cache = w->ctx->svc->platform->cache;
	if (w->person)
		cache_drop_tag(cache, arena_strf(w->ctx->arena, "person:%lld", (long long)w->person->id));
	if (o->cookie.n)
		cache_drop_tag(cache, fragment_cookie_tag(w->ctx->arena, w->ctx->svc, o->cookie));
}

struct adopting { struct str from, to; };

static enum status adopt_line(
        struct db_conn *c, int64_t basket, const struct cart_basket_lines_row *r, struct err *e)
{
	struct cart_basket_add_row *added;
	return q_cart_basket_add(c, id_new(), basket, r->provider, r->item, r->quantity,
	        r->own_price_null ? NULL : &r->own_price, r->answers, CART_QUANTITY_MAX, &added, e);
}

static enum status tx_adopt(struct db_conn *c, void *arg, struct err *e)
{
	const struct adopting *x = arg;
	struct cart_basket_make_row *basket;
	struct cart_basket_count_row *count;
	struct cart_basket_lines_row *rows;
	struct cart_basket_coupon_row *coupon;
	size_t n;
	TRY(q_cart_basket_coupon(c, x->from, &coupon, e));
	TRY(q_cart_basket_lines(c, x->from, CART_LINES_MAX, &rows, &n, e));
	if (n) {
		TRY(q_cart_basket_make(c, id_new(), x->to, clock_now_us(), &basket, e));
		TRY(q_cart_basket_count(c, basket->id, &count, e));
		for (size_t i = 0; i < n && count->n + (int64_t)i < CART_LINES_MAX; i++)
			TRY(adopt_line(c, basket->id, &rows[i], e));
		if (coupon && coupon->coupon.n)
			TRY(q_cart_basket_set_coupon(c, x->to, coupon->coupon, NULL, e));
	}
	return q_cart_basket_drop(c, x->from, NULL, e);
}

static void forget_cookie(struct web *w)
{
	web_set_cookie(w, &(struct cookie){ .name = CART_COOKIE, .value = STR(""), .path = "/", .max_age_s = 0,
	                          .http_only = true, .lax = true });
}

enum status basket_of(struct web *w, struct basket_owner *out, struct err *e)
{
	struct arena *a = w->ctx->arena;
	out->cookie = web_cookie(w, CART_COOKIE);
	out->text = w->person ? owner_of_person(a, w->person->id) : owner_of_cookie(a, out->cookie);
	if (!w->person || !out->cookie.n)
		return ST_OK;
	struct adopting x = { owner_of_cookie(a, out->cookie), out->text };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_adopt, &x, e));
	forget_cookie(w);
	basket_changed(w, out);
	return ST_OK;
}

/* --- what is in it ------------------------------------------------------------------------------------------------ */

static struct str line_get(const void *arg, size_t i, struct sale_line *out)
{
	const struct basket_line *l = &((const struct basket_line *)arg)[i];
	*out = (struct sale_line){ .line = (int64_t)i + 1, .item = l->item, .quantity = l->quantity,
		.own_price = l->own_price ? *l->own_price : 0, .own_price_null = !l->own_price, .answers = l->answers };
	return l->provider;
}

struct str basket_why(struct ctx *ctx, struct str why, int64_t most, const struct quoted_line *q)
{
	struct arena *a = ctx->arena;
	if (!why.n)
		return STR("");
	if (str_eqc(why, "sold_out") || (str_eqc(why, "few") && most <= 0))
		return TR("This is sold out.");
	if (str_eqc(why, "few"))
		return arena_strf(a, trn("Only one is left.", "Only %lld are left.", most), (long long)most);
	if (str_eqc(why, "min"))
		return arena_strf(a, tr("From %lld on."), (long long)(q ? q->min : 1));
	if (str_eqc(why, "max"))
		return arena_strf(a, tr("At most %lld of this in one order."), (long long)(q ? q->max : most));
	if (str_eqc(why, "step"))
		return arena_strf(a, tr("In steps of %lld."), (long long)(q ? q->step : 1));
	if (str_eqc(why, "closed"))
		return TR("Orders for this are closed.");
	if (str_eqc(why, "price"))
		return TR("Please choose a price within what is possible.");
	if (str_eqc(why, "answers"))
		return TR("The seller has a question about this.");
	if (str_eqc(why, "members"))
		return TR("This is for members.");
	return TR("This can't be had at the moment.");
}

static void take_quote(struct ctx *ctx, struct basket *b, const struct quote_answer *got)
{
	for (size_t i = 0; i < got->lines.count; i++) {
		const struct quoted_line *q = &got->lines.items[i];
		if (q->line < 1 || (size_t)q->line > b->count)
			continue;
		struct basket_line *l = &b->lines[q->line - 1];
		l->quote = q;
		l->problem = !q->there ? TR("This is not for sale any more.") : basket_why(ctx, q->why, q->most, q);
		l->total = q->there ? q->price.minor * l->quantity : 0;
	}
}

static void ask_sellers(struct web *w, struct basket *b)
{
	struct sale *sales;
	struct buyer buyer = { w->person ? w->person->id : 0, w->person ? w->person->roles : STR(""),
		str_c(lang_info(lang_now())->tag), STR(""), STR("") };
	size_t n = sales_of(w->ctx, line_get, b->lines, b->count, &sales);
	for (size_t i = 0; i < n; i++) {
		struct quote_answer *got = ARENA_NEW(w->ctx->arena, struct quote_answer);
		if (seller_quote(w->ctx, &sales[i], &buyer, got, NULL) == ST_OK)
			take_quote(w->ctx, b, got);
	}
	for (size_t i = 0; i < b->count; i++) {
		struct basket_line *l = &b->lines[i];
		if (!l->quote) {
			b->away = true;
			l->problem = TR("Its seller does not answer at the moment. It stays in your basket.");
		}
		b->problems |= l->problem.n > 0;
	}
}

struct str basket_account(struct arena *a, const struct basket_line *l)
{
	return l->quote && l->quote->there
	               ? arena_strf(a, "%.*s/%.*s", STR_ARG(l->provider), STR_ARG(l->quote->page))
	               : arena_strf(a, "%.*s/", STR_ARG(l->provider));
}

static struct basket_part *part_of(struct basket *b, struct str account)
{
	for (size_t i = 0; i < b->part_count; i++)
		if (str_eq(b->parts[i].account, account))
			return &b->parts[i];
	return NULL;
}

static void part_sum(struct arena *a, struct basket_part *p)
{
	struct totals_line *sums = ARENA_ARRAY(a, struct totals_line, p->count + 1);
	for (size_t i = 0; i < p->count; i++) {
		const struct quoted_line *q = p->lines[i].quote;
		sums[i] = (struct totals_line){ .total = p->lines[i].total, .rate = q ? q->vat : 0 };
		p->total.minor += p->lines[i].total;
		p->discount += p->lines[i].discount;
		if (q && q->there)
			memcpy(p->total.currency, q->price.currency, sizeof p->total.currency);
	}
	p->vat = totals_vat(sums, p->count);
}

/* Lines of one payment account stand together, accounts in the order in which they come up. */
static void make_parts(struct arena *a, struct basket *b)
{
	b->parts = ARENA_ARRAY(a, struct basket_part, b->count + 1);
	for (size_t i = 0; i < b->count; i++) {
		struct basket_line *l = &b->lines[i];
		struct str account = basket_account(a, l);
		struct basket_part *p = part_of(b, account);
		if (!p) {
			p = &b->parts[b->part_count++];
			*p = (struct basket_part){ .account = account, .name = STR("") };
			p->lines = ARENA_ARRAY(a, struct basket_line, b->count);
		}
		if (l->quote && l->quote->there)
			p->name = l->quote->page_name;
		p->lines[p->count++] = *l;
	}
	for (size_t i = 0; i < b->part_count; i++)
		part_sum(a, &b->parts[i]);
}

static void basket_sum(struct arena *a, struct basket *b)
{
	struct buf seen;
	unsigned char hash[16];
	char hex[sizeof hash * 2 + 1];
	buf_text(&seen, a);
	for (size_t i = 0; i < b->part_count; i++) {
		const struct money *m = &b->parts[i].total;
		if (m->currency[0] && b->total.currency[0] && memcmp(m->currency, b->total.currency, 4) != 0)
			b->mixed = true;
		if (m->currency[0])
			memcpy(b->total.currency, m->currency, 4);
		b->total.minor += m->minor;
	}
	for (size_t i = 0; i < b->count; i++) {
		const struct basket_line *l = &b->lines[i];
		b->pieces += l->quantity;
		buf_printf(&seen, "%.*s %.*s %lld %lld %.*s\n", STR_ARG(l->provider), STR_ARG(l->item),
		        (long long)l->quantity, (long long)l->total, STR_ARG(l->answers));
	}
	crypto_generichash(hash, sizeof hash, (const unsigned char *)seen.data, seen.len, NULL, 0);
	str_hex(hex, hash, sizeof hash);
	b->digest = arena_str(a, str_c(hex));
}

enum status basket_load(struct web *w, struct str owner, struct basket *out, struct err *e)
{
	struct cart_basket_lines_row *rows;
	struct cart_basket_coupon_row *coupon = NULL;
	struct arena *a = w->ctx->arena;
	*out = (struct basket){ .coupon = STR(""), .coupon_why = STR("") };
	if (owner.n) {
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_basket_lines(c, owner, CART_LINES_MAX, &rows, &out->count, e));
		TRY(q_cart_basket_coupon(c, owner, &coupon, e));
	}
	if (coupon)
		out->coupon = coupon->coupon;
	out->lines = ARENA_ARRAY(a, struct basket_line, out->count + 1);
	for (size_t i = 0; i < out->count; i++)
		out->lines[i] = (struct basket_line){ .id = rows[i].id, .quantity = rows[i].quantity,
			.provider = rows[i].provider, .item = rows[i].item, .answers = rows[i].answers,
			.own_price = rows[i].own_price_null ? NULL : &rows[i].own_price, .problem = STR("") };
	ask_sellers(w, out);
	if (out->coupon.n)
		TRY(coupon_apply(w, out, e));
	make_parts(a, out);
	basket_sum(a, out);
	return ST_OK;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static struct str done_words(struct web *w)
{
	struct str done = web_query(w, "done");
	return str_eqc(done, "added")     ? TR("It is in your basket.")
	       : str_eqc(done, "changed") ? TR("Your basket is changed.")
	       : str_eqc(done, "removed") ? TR("It is taken out.")
	       : str_eqc(done, "coupon")  ? TR("What it takes off is in your basket's sum.")
	       : str_eqc(done, "again")   ? TR("What can still be had is in your basket again.")
	                                  : STR("");
}

enum status cart_get_basket(struct web *w, struct err *e)
{
	struct buf page;
	struct basket b;
	struct basket_owner o;
	struct page_shell shell = web_shell(w, "Basket");
	TRY(basket_of(w, &o, e));
	TRY(basket_load(w, o.text, &b, e));
	struct basket_view v = { .w = w, .b = &b, .done = done_words(w), .problem = STR("") };
	if (b.coupon_why.n)
		v.done = STR("");
	shell.forms = true;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_basket(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* --- putting in, changing, taking out ----------------------------------------------------------------------------- */

struct adding { struct str provider, item, answers, back; int64_t quantity; struct str own_price; };

static const struct field add_fields[] = {
	FIELD(struct adding, provider, HIDDEN, .max = CART_ITEM_MAX),
	FIELD(struct adding, item, HIDDEN, .max = CART_ITEM_MAX),
	FIELD(struct adding, answers, HIDDEN, .max = CART_NOTE_MAX),
	FIELD(struct adding, back, HIDDEN, .max = FORM_URL_MAX),
	FIELD(struct adding, own_price, HIDDEN, .max = MONEY_TEXT_MAX),
	FIELD(struct adding, quantity, NUMBER, .label = "How many", .required = "How many?", .min = 1,
	        .max = CART_QUANTITY_MAX),
	{ 0 },
};
static const struct form_desc add_form = { .fields = add_fields };

struct adding_to { const struct adding *in; const int64_t *own_price; struct str owner; };

static enum status tx_add(struct db_conn *c, void *arg, struct err *e)
{
	const struct adding_to *x = arg;
	struct cart_basket_make_row *basket;
	struct cart_basket_add_row *added;
	struct cart_basket_count_row *count;
	TRY(q_cart_basket_make(c, id_new(), x->owner, clock_now_us(), &basket, e));
	TRY(q_cart_basket_add(c, id_new(), basket->id, x->in->provider, x->in->item, x->in->quantity, x->own_price,
	        x->in->answers, CART_QUANTITY_MAX, &added, e));
	TRY(q_cart_basket_count(c, basket->id, &count, e));
	if (count->n > CART_LINES_MAX)
		return err_set(e, ST_CONFLICT, "%s",
		        tr("There are a hundred different things in your basket, which is as many as it takes."));
	return ST_OK;
}

/* What a visitor puts into a basket makes the browser's, if there is none. */
static void own_cookie(struct web *w, struct basket_owner *o)
{
	char token[TOKEN_ROOM];
	random_token(token, TOKEN_BYTES);
	o->cookie = arena_str(w->ctx->arena, str_c(token));
	o->text = owner_of_cookie(w->ctx->arena, o->cookie);
	web_set_cookie(w, &(struct cookie){ .name = CART_COOKIE, .value = o->cookie, .path = "/",
	                          .max_age_s = COOKIE_SECONDS, .http_only = true, .lax = true });
}

static enum status add_refused(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(f->w, "Basket");
	web_no_cache(f->w);
	buf_arena(&page, f->w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_add(&page, &shell, f->w, f);
	return web_html(f->w, status, &page);
}

static enum status own_price_of(struct form_fill *f, const struct adding *in, int64_t *minor, const int64_t **out)
{
	*out = NULL;
	if (!in->own_price.n)
		return ST_OK;
	if (money_parse(in->own_price, "EUR", minor) && *minor >= 0) /* two digits; the seller says whether it may be */
		*out = minor;
	else
		form_fault(f, NULL, "%s", tr("That is not a price."));
	return ST_OK;
}

static struct str added_back(struct web *w, const struct adding *in)
{
	return in->back.n && web_is_ours(w->ctx, in->back) ? in->back : web_url(w->ctx, "cart", "/?done=added");
}

enum status cart_post_add(struct web *w, struct err *e)
{
	struct adding in = { .quantity = 1 };
	struct basket_owner o;
	struct form_fill f;
	struct adding_to x = { .in = &in };
	int64_t minor;
	TRY(form_read(&f, w, &add_form, &in, e));
	TRY(own_price_of(&f, &in, &minor, &x.own_price));
	if (!seller_named(w->ctx, in.provider) || !in.item.n)
		form_fault(&f, NULL, "%s", tr("Nobody sells this here."));
	if (f.failed)
		return form_refuse(&f, add_refused, NULL, e);
	TRY(basket_of(w, &o, e));
	if (!o.text.n)
		own_cookie(w, &o);
	x.owner = o.text;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_add, &x, e));
	basket_changed(w, &o);
	return form_done(&f, added_back(w, &in));
}

struct again { struct str owner; const cart_order_line *lines; size_t n; };

static enum status tx_again(struct db_conn *c, void *arg, struct err *e)
{
	const struct again *x = arg;
	struct cart_basket_make_row *basket;
	struct cart_basket_count_row *count;
	struct cart_basket_add_row *added;
	TRY(q_cart_basket_make(c, id_new(), x->owner, clock_now_us(), &basket, e));
	TRY(q_cart_basket_count(c, basket->id, &count, e));
	for (size_t i = 0; i < x->n && count->n + (int64_t)i < CART_LINES_MAX; i++) {
		const cart_order_line *l = &x->lines[i];
		TRY(q_cart_basket_add(c, id_new(), basket->id, l->provider, l->item, l->quantity,
		        l->own_price_null ? NULL : &l->own_price, l->answers, CART_QUANTITY_MAX, &added, e));
	}
	return ST_OK;
}

enum status basket_add_again(struct web *w, const cart_order_line *lines, size_t n, struct err *e)
{
	struct basket_owner o;
	TRY(basket_of(w, &o, e));
	if (!o.text.n)
		own_cookie(w, &o);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_again, &(struct again){ o.text, lines, n }, e));
	basket_changed(w, &o);
	return ST_OK;
}

struct setting_line { struct str owner; int64_t id, quantity, changed; };

static enum status tx_set(struct db_conn *c, void *arg, struct err *e)
{
	struct setting_line *x = arg;
	return x->quantity ? q_cart_basket_set(c, x->owner, x->id, x->quantity, &x->changed, e)
	                   : q_cart_basket_remove(c, x->owner, x->id, &x->changed, e);
}

static enum status set_line(struct web *w, int64_t quantity, const char *done, struct err *e)
{
	struct basket_owner o;
	struct setting_line x = { .quantity = quantity };
	if (!id_parse(web_form(w, "line"), &x.id))
		return err_set(e, ST_INVALID, "%s", tr("Which line of the basket is not said."));
	TRY(basket_of(w, &o, e));
	x.owner = o.text;
	if (o.text.n)
		TRY(db_write(w->ctx, w->ctx->svc->db, tx_set, &x, e));
	basket_changed(w, &o);
	return web_redirect(w, 303, web_url(w->ctx, "cart", "/?done=%s", done));
}

enum status cart_post_set(struct web *w, struct err *e)
{
	int64_t quantity;
	TRY(web_form_load(w, e));
	if (!str_i64(str_trim(web_form(w, "quantity")), &quantity) || quantity < 0 || quantity > CART_QUANTITY_MAX)
		return err_set(e, ST_UNPROCESSABLE, tr("How many: a whole number from 0 to %d."), CART_QUANTITY_MAX);
	return set_line(w, quantity, quantity ? "changed" : "removed", e);
}

enum status cart_post_remove(struct web *w, struct err *e)
{
	TRY(web_form_load(w, e));
	return set_line(w, 0, "removed", e);
}

struct couponing { struct str owner, code; };

static enum status tx_coupon(struct db_conn *c, void *arg, struct err *e)
{
	const struct couponing *x = arg;
	return q_cart_basket_set_coupon(c, x->owner, x->code, NULL, e);
}

/* An empty code takes it off again. One that is no good stands in the basket with its reason, to be mended. */
enum status cart_post_coupon(struct web *w, struct err *e)
{
	struct basket_owner o;
	TRY(web_form_load(w, e));
	TRY(basket_of(w, &o, e));
	struct couponing x = { o.text, coupon_code(w->ctx->arena, web_form(w, "code")) };
	if (o.text.n)
		TRY(db_write(w->ctx, w->ctx->svc->db, tx_coupon, &x, e));
	basket_changed(w, &o);
	return web_redirect(w, 303, web_url(w->ctx, "cart", x.code.n ? "/?done=coupon" : "/?done=changed"));
}

/* --- in every header ---------------------------------------------------------------------------------------------- */

enum status cart_fragment_mini(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct arena *a = f->ctx->arena;
	struct str owner = f->person ? owner_of_person(a, f->person->id) : owner_of_cookie(a, f->cookie);
	struct cart_basket_row *b = NULL;
	if (owner.n) {
		SCOPED_DB_READ c = NULL;
		TRY(db_read(f->ctx, f->ctx->svc->db, &c, e));
		TRY(q_cart_basket(c, owner, &b, e));
	}
	tpl_cart_mini(out, f->ctx, b ? b->pieces : 0);
	return ST_OK;
}
