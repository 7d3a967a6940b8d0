/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside cart: baskets, checkout, orders and what their pages show; the handlers of service.c's tables. Money is pay.h,
 * sellers are sellers.h.
 */
#ifndef GH_SERVICES_CART_H
#define GH_SERVICES_CART_H

#include "gen/cart_serve.h"
#include "gen/cart_sql.h"
#include "platform/forms/forms.h"
#include "platform/peers/fragment.h"
#include "platform/web/web.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/cart/sellers.h"

enum {
	CART_LINES_MAX = 100,         /* of a basket */
	CART_QUANTITY_MAX = 9999,     /* of a line */
	CART_ITEM_MAX = 64,           /* bytes of what a seller calls a thing */
	CART_BASKET_DAYS = 60,        /* an untouched basket is kept */
	CART_HOLD_MIN = 35,           /* how long things are held for who checks out … */
	CART_PAY_MIN = 32,            /* … and may be paid */
	CART_PARTS_MAX = 20,          /* orders of one checkout */
	CART_NOTE_MAX = 1000,
	CART_NUMBER_LEN = 7,
	COUPON_MAX = 30,              /* bytes of a coupon's code */
	CART_WITHDRAW_DAYS = 14       /* after it was paid: Directive 2011/83/EU, article 9 */
};
#define CART_COOKIE "gh_basket"

typedef struct cart_order_row cart_order;
typedef struct cart_order_lines_row cart_order_line;
typedef struct cart_payment_row cart_payment;
typedef struct cart_refund_row cart_refund;

/* What an order costs now: less was taken off it since it was placed. */
static inline int64_t order_due(const cart_order *o)
{
	return o->total - o->less;
}

/* --- baskets (basket.c) --- */

/* Whose basket a request is about: the person's own, else the browser's. owner "": there is none yet. Signed in with a
   browser's basket at hand: that is added to the person's own. */
struct basket_owner { struct str text, cookie; };
enum status basket_of(struct web *w, struct basket_owner *out, struct err *e) MUST_CHECK;

/* The count in headers is made anew. */
void basket_changed(struct web *w, const struct basket_owner *o);

/* A line with what its seller says of it; quote NULL: the seller does not answer. */
struct basket_line {
	int64_t id, quantity, total, discount; /* discount: of the basket's coupon, off total already */
	struct str provider, item, answers;
	const int64_t *own_price;
	const struct quoted_line *quote;
	struct str problem; /* for people: why it can not be had so; "" : it can */
};
/* Lines of one payment account: an order, once they are placed. */
struct basket_part {
	struct str account, name; /* "market/bakery" */
	struct basket_line *lines;
	size_t count;
	struct money total;
	int64_t vat, discount;
};
struct basket {
	struct basket_line *lines;
	size_t count;
	struct basket_part *parts;
	size_t part_count;
	struct money total; /* of all, where they are of one currency */
	bool mixed;         /* they are not */
	bool problems, away;
	int64_t pieces;
	struct str coupon;  /* its code; "": there is none */
	int64_t discount;
	struct str coupon_why; /* for people: why it takes nothing off; "": it does */
	struct str digest;  /* of what it holds and costs: two pages with the same showed the same */
};
/* The basket of owner, its sellers asked. */
enum status basket_load(struct web *w, struct str owner, struct basket *out, struct err *e) MUST_CHECK;
/* The payment account that a line belongs to, "market/bakery"; in a. */
struct str basket_account(struct arena *a, const struct basket_line *l);
/* Why, in words for people. */
struct str basket_why(struct ctx *ctx, struct str why, int64_t most, const struct quoted_line *q);

/* Lines of an order into the basket of whoever asks. */
enum status basket_add_again(struct web *w, const cart_order_line *lines, size_t n, struct err *e) MUST_CHECK;

/* --- coupons (coupons.c) --- */

/* Takes the basket's coupon off its lines: their discount and total, b->discount or b->coupon_why. */
enum status coupon_apply(struct web *w, struct basket *b, struct err *e) MUST_CHECK;
/* As it is kept: capitals, no blanks, COUPON_MAX bytes at most; in a. */
struct str coupon_code(struct arena *a, struct str typed);
/* In db_write's fn: an order has it. ST_CONFLICT: used up, over or stopped meanwhile. */
enum status coupon_use(struct db_conn *c, struct str code, int64_t now, struct err *e) MUST_CHECK;

struct basket_view { struct web *w; const struct basket *b; struct str done, problem; struct money balance; };

/* --- orders --- */

struct order_view {
	struct web *w;
	const cart_order *o;
	const cart_order_line *lines;
	size_t count;
	const struct cart_order_events_row *events;
	size_t event_count;
	const cart_payment *payments;
	size_t payment_count;
	const cart_refund *refunds;
	size_t refund_count;
	const struct cart_invoices_of_row *invoices;
	size_t invoice_count;
	const cart_order *others;         /* of the same checkout, still to be paid */
	size_t other_count;
	struct str collected;             /* when and where; "": no time was chosen */
	bool may_pay, may_cancel, may_withdraw, may_change, keeper;
	struct str done, problem, link;   /* link: what stands behind its addresses: "?key=…" */
	struct str last_why;              /* of a failed attempt */
	struct str bank_account;          /* where a transfer goes */
	const struct choice *ways;        /* that money may go back by */
	size_t way_count;
};
/* The order of the path's {number}, if whoever asks may see it; else ST_NOT_FOUND. */
enum status order_of(struct web *w, cart_order **out, struct err *e) MUST_CHECK;
/* Its lines, in ctx->arena. */
enum status order_lines_load(
        struct ctx *ctx, const cart_order *o, cart_order_line **lines, size_t *n, struct err *e) MUST_CHECK;
enum status order_show(struct web *w, const cart_order *o, int status, struct str problem, struct err *e) MUST_CHECK;
struct str order_url(struct ctx *ctx, const cart_order *o);      /* of its page, with its key */
struct str order_link(struct ctx *ctx, const cart_order *o);     /* absolute, opens it without signing in */
struct str cart_money_text(struct ctx *ctx, int64_t minor, struct str currency);
/* May its buyer change it now? */
bool order_is_open(const cart_order *o);
struct audit_entry;
/* A line of o that is sold by weight weighs so much in all; once. ST_CONFLICT: it was, or it is not. */
enum status order_weigh(struct ctx *ctx, const cart_order *o, int64_t line, int64_t grams, struct audit_entry *audit,
        struct err *e) MUST_CHECK;
/* Words for people of a state. */
const char *order_state_words(const cart_order *o);
const char *order_event_words(struct str what);

/* In db_write's fn. */
enum status order_note(struct db_conn *c, int64_t order, struct str actor, const char *what, int64_t amount,
        struct str note, struct err *e) MUST_CHECK;
/* What follows from an order that may be carried out: sold by its sellers, invoiced, written about. In db_write's fn.
 */
enum status order_complete_later(struct db_conn *c, int64_t order, struct err *e) MUST_CHECK;
enum status cart_complete_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
/* Ends an order that is held, or one that was sold: what was paid is given back. why: lapsed, buyer, keeper, lost. */
enum status order_cancel(
        struct ctx *ctx, int64_t order, const char *why, struct str actor, struct err *e) MUST_CHECK;

/* A letter about an order to its buyer. In db_write's fn. */
enum status order_letter(struct db_conn *c, const cart_order *o, struct str subject, struct str text, struct err *e)
        MUST_CHECK;
/* The words around it, in the buyer's language: in ctx->arena. */
struct str order_letter_text(struct ctx *ctx, const cart_order *o, const cart_order_line *lines, size_t n,
        struct str head);

/* --- handlers of service.c's routes, named after method and page (platform/core/service.h) --- */
enum status cart_get_basket(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_add(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_set(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_remove(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_coupon(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_coupons(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_coupons(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_checkout(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_checkout(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_order(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_change(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_change(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_cancel(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_withdraw(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_withdraw(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_invoice(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_again(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_pay(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_return(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_hook(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_orders(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_ledger(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_admin_orders(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_admin_orders_csv(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_admin_order(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_admin_order(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_statements(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_statements_csv(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_statements(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_vat(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_vat_csv(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_accounts(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_accounts(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_pack(struct web *w, struct err *e) MUST_CHECK;

/* What the other tables of service.c name: the piece in every header, an event, a job. */
enum status cart_fragment_mini(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status cart_person_deleted(struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK;
enum status cart_sweep_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
