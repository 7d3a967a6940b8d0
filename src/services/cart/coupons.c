/* SPDX-License-Identifier: Apache-2.0
 *
 * Coupons: so many percent, or an amount, off goods; for one payment account or all, so many times, until a day. What
 * is taken off is spread over the lines it is for, so that tax, giving back and the books know nothing of coupons.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/tables/tables.h"
#include "platform/text/local.h"
#include "services/cart/cart.h"
#include "services/cart/slots.h"
#include "services/cart/totals.h"

enum { COUPON_LEAST = 3, COUPON_AMOUNT_MAX = 100000000, COUPON_USES_MAX = 1000000 };

typedef struct cart_coupon_row coupon;

struct str coupon_code(struct arena *a, struct str typed)
{
	char *out = arena_alloc(a, COUPON_MAX + 1);
	size_t n = 0;
	for (size_t i = 0; i < typed.n && n < COUPON_MAX; i++)
		if (typed.p[i] != ' ' && typed.p[i] != '\t')
			out[n++] = (char)(typed.p[i] >= 'a' && typed.p[i] <= 'z' ? typed.p[i] - 'a' + 'A' : typed.p[i]);
	out[n] = '\0';
	return str_n(out, n);
}

/* --- taking off --------------------------------------------------------------------------------------------------- */

/* Gifts, shares and what people may pay as they like are not reduced. */
static bool is_for_line(const coupon *k, struct arena *a, const struct basket_line *l, struct str currency)
{
	const struct quoted_line *q = l->quote;
	return q && q->there && !l->own_price && str_eqc(str_or_empty(q->kind), "goods") &&
	        str_eq(str_c(q->price.currency), currency) &&
	        (!k->account.n || str_eq(k->account, basket_account(a, l)));
}

static struct str why_not(const coupon *k)
{
	if (!k)
		return TR("There is no coupon of that code.");
	if (k->stopped)
		return TR("This coupon is not valid any more.");
	if (!k->until_null && k->until < clock_now_us())
		return TR("This coupon is over.");
	if (k->uses_most && k->used >= k->uses_most)
		return TR("This coupon is used up.");
	return STR("");
}

/* An amount has its currency; a share of something, that of the first thing there is. */
static struct str currency_of(const coupon *k, const struct basket *b)
{
	for (size_t i = 0; !k->amount && i < b->count; i++)
		if (b->lines[i].quote && b->lines[i].quote->there)
			return str_c(b->lines[i].quote->price.currency);
	return k->currency;
}

static int64_t worth_of(const coupon *k, int64_t base)
{
	int64_t off = k->percent ? (base * k->percent + 50) / 100 : k->amount;
	return off > base ? base : off;
}

static void take_off(struct ctx *ctx, const coupon *k, struct basket *b)
{
	struct arena *a = ctx->arena;
	struct str currency = currency_of(k, b);
	int64_t *weights = ARENA_ARRAY(a, int64_t, b->count + 1), *parts = ARENA_ARRAY(a, int64_t, b->count + 1),
	        base = 0;
	for (size_t i = 0; i < b->count; i++) {
		weights[i] = is_for_line(k, a, &b->lines[i], currency) ? b->lines[i].total : 0;
		base += weights[i];
	}
	if (!base) {
		b->coupon_why = TR("This coupon is for other things than those in your basket.");
		return;
	}
	if (base < k->least) {
		b->coupon_why = arena_strf(a, tr("This coupon is for orders of %.*s and more."),
		        STR_ARG(cart_money_text(ctx, k->least, currency)));
		return;
	}
	b->discount = worth_of(k, base);
	totals_spread(b->discount, weights, b->count, parts);
	for (size_t i = 0; i < b->count; i++) {
		b->lines[i].discount = parts[i];
		b->lines[i].total -= parts[i];
	}
}

enum status coupon_apply(struct web *w, struct basket *b, struct err *e)
{
	coupon *k;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_coupon(c, b->coupon, &k, e));
	}
	b->coupon_why = why_not(k);
	if (!b->coupon_why.n)
		take_off(w->ctx, k, b);
	return ST_OK;
}

enum status coupon_use(struct db_conn *c, struct str code, int64_t now, struct err *e)
{
	int64_t changed;
	TRY(q_cart_coupon_use(c, code, now, &changed, e));
	return changed ? ST_OK : err_set(e, ST_CONFLICT, "%s", tr("This coupon is not valid any more."));
}

/* --- the keeper's form -------------------------------------------------------------------------------------------- */

struct coupon_form { struct str code, account; int64_t percent, until, uses; struct money amount, least; };

static const struct field fields[] = {
	FIELD(struct coupon_form, code, TEXT, .label = "Code", .required = "Which code?", .max = COUPON_MAX,
	        .hint = "Letters and digits, as people type it: HARVEST10"),
	FIELD(struct coupon_form, percent, NUMBER, .label = "Off", .plain = true, .min = 0, .max = 100,
	        .unit = "percent"),
	FIELD(struct coupon_form, amount, MONEY, .label = "Or an amount off", .plain = true, .min = 0,
	        .max = COUPON_AMOUNT_MAX),
	FIELD(struct coupon_form, least, MONEY, .label = "From a sum of", .plain = true, .min = 0,
	        .max = COUPON_AMOUNT_MAX),
	FIELD(struct coupon_form, account, TEXT, .label = "Only for the account", .max = CART_ITEM_MAX,
	        .hint = "As orders name it: market/ and the page, for example market/bakery. Empty: all"),
	FIELD(struct coupon_form, until, DATE, .label = "Until the end of"),
	FIELD(struct coupon_form, uses, NUMBER, .label = "Orders at most", .plain = true, .min = 0,
	        .max = COUPON_USES_MAX, .hint = "0: any number"),
	{ 0 },
};

static bool is_code(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-'))
			return false;
	return s.n >= COUPON_LEAST;
}

static void check_coupon(struct web *w, struct form_fill *f)
{
	const struct coupon_form *in = f->values;
	if (in->code.n && !is_code(coupon_code(w->ctx->arena, in->code)))
		form_fault(f, "code", "%s", tr("Three letters, digits and hyphens at least, and nothing else."));
	if ((in->percent > 0) == (in->amount.minor > 0))
		form_fault(f, "percent", "%s", tr("Either so many percent or an amount."));
}

static const struct form_desc coupon_form = { .fields = fields, .check = check_coupon };

/* --- the keeper's list -------------------------------------------------------------------------------------------- */

typedef struct cart_coupons_row coupon_row;

static enum status coupons_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, cart_coupons, c, ask->search, ask->like, &ask->page);
}

static struct str coupon_worth(struct web *w, const void *row)
{
	const coupon_row *k = row;
	struct arena *a = w->ctx->arena;
	struct str off = k->percent ? arena_strf(a, "%lld %%", (long long)k->percent)
	                            : cart_money_text(w->ctx, k->amount, k->currency);
	return k->least ? arena_strf(a, tr("%.*s, from %.*s on"), STR_ARG(off),
	                          STR_ARG(cart_money_text(w->ctx, k->least, k->currency)))
	                : off;
}
static struct str coupon_uses(struct web *w, const void *row)
{
	const coupon_row *k = row;
	return k->uses_most ? arena_strf(w->ctx->arena, tr("%lld of %lld"), (long long)k->used, (long long)k->uses_most)
	                    : arena_strf(w->ctx->arena, "%lld", (long long)k->used);
}
static struct str coupon_state(struct web *w, const void *row)
{
	const coupon_row *k = row;
	(void)w;
	return k->stopped ? TR("Stopped") : TR("Valid");
}

struct coupon_act { int64_t id; bool stopped; int64_t changed; struct audit_entry audit; };

static enum status tx_coupon_act(struct db_conn *c, void *arg, struct err *e)
{
	struct coupon_act *x = arg;
	TRY(q_cart_coupon_stop(c, x->id, x->stopped, &x->changed, e));
	return x->changed ? audit_write(c, &x->audit, e) : ST_OK;
}

static enum status coupons_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct coupon_act x = { .stopped = !strcmp(a->name, "stop") };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("It is not there any more."));
	audit_from(w, &x.audit);
	x.audit.action = x.stopped ? "coupon.stopped" : "coupon.offered";
	x.audit.object = key;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_coupon_act, &x, e));
	*changed = x.changed > 0;
	return ST_OK;
}

static void coupons_below(struct buf *out, struct web *w, void *arg)
{
	tpl_cart_coupon_form(out, w, arg);
}

static const struct column columns[] = {
	COLUMN(coupon_row, code, CODE, .title = "Code", .sort = "code", .by = 1),
	COLUMN(coupon_row, code, TEXT, .title = "Off", .text = coupon_worth),
	COLUMN(coupon_row, account, CODE, .title = "Account"),
	COLUMN(coupon_row, code, TEXT, .title = "Uses", .text = coupon_uses),
	COLUMN(coupon_row, until, DAY, .title = "Until"),
	COLUMN(coupon_row, code, STATE, .title = "State", .usual = "Valid", .text = coupon_state),
	COLUMN(coupon_row, made_at, DAY, .title = "Made", .sort = "made", .by = 0, .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "stop", .label = "Stop", .done = "Stopped", .undo = "offer" },
	{ .name = "offer", .label = "Offer again", .done = "Offered", .undo = "stop" },
	{ 0 },
};
static const struct table_desc coupons = {
	.path = "/admin/coupons",
	.title = "Coupons",
	.search = "Code",
	.columns = columns,
	.actions = actions,
	.empty = "There is no coupon yet.",
	.sort = "made",
	.down = true,
	.row_size = sizeof(coupon_row),
	.load = coupons_load,
	.act = coupons_act,
	.below = coupons_below,
};

static struct coupon_form no_coupon(void)
{
	struct money none = money_of(0, STR("EUR"));
	return (struct coupon_form){ .code = STR(""), .account = STR(""), .until = FIELD_NO_DATE, .amount = none,
		.least = none };
}

enum status cart_get_coupons(struct web *w, struct err *e)
{
	struct coupon_form values = no_coupon();
	struct form_fill f;
	form_show(&f, w, &coupon_form, &values);
	return table_get(w, &coupons, &f, e);
}

struct coupon_adding { int64_t id, until, added; struct str code; const struct coupon_form *in;
	struct audit_entry audit; };

static enum status tx_coupon_add(struct db_conn *c, void *arg, struct err *e)
{
	struct coupon_adding *x = arg;
	const struct coupon_form *in = x->in;
	TRY(q_cart_coupon_add(c, x->id, x->code, in->percent, in->amount.minor, str_c(in->amount.currency), in->account,
	        in->least.minor, x->until ? &x->until : NULL, in->uses, clock_now_us(), &x->added, e));
	return x->added ? audit_write(c, &x->audit, e) : ST_OK;
}

static enum status coupon_refused(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &coupons, status, f, STR(""), e);
}

static enum status coupon_new(struct web *w, struct err *e)
{
	struct coupon_form in = no_coupon();
	struct form_fill f;
	struct coupon_adding x = { .id = id_new(), .in = &in };
	TRY(form_read(&f, w, &coupon_form, &in, e));
	if (f.failed)
		return form_refuse(&f, coupon_refused, NULL, e);
	x.code = coupon_code(w->ctx->arena, in.code);
	if (in.until != FIELD_NO_DATE && !local_moment(slot_zone(w->ctx), in.until + 1, STR("0:00"), &x.until))
		form_fault(&f, "until", "%s", tr("There is no such day."));
	if (x.until)
		x.until--; /* its last moment */
	audit_from(w, &x.audit);
	x.audit.action = "coupon.added";
	x.audit.object = x.code;
	if (!f.failed)
		TRY(db_write(w->ctx, w->ctx->svc->db, tx_coupon_add, &x, e));
	if (!f.failed && !x.added)
		form_fault(&f, "code", "%s", tr("There is a coupon of that code already."));
	return f.failed ? form_refuse(&f, coupon_refused, NULL, e)
	                : form_done(&f, web_url(w->ctx, "cart", "/admin/coupons"));
}

enum status cart_post_coupons(struct web *w, struct err *e)
{
	struct coupon_form values = no_coupon();
	struct form_fill f;
	form_show(&f, w, &coupon_form, &values);
	return table_is_asked(w) ? table_post(w, &coupons, &f, e) : coupon_new(w, e);
}
