/* SPDX-License-Identifier: Apache-2.0
 *
 * Money coming in and going back. Ways to pay are rows of pay_methods; a payment is one attempt of one of them:
 *
 *	created → pending → paid | failed | expired
 *	    └────→ unknown ──┘        the provider did not answer: it may have happened, and is asked until it says
 *
 * There is one way into `paid` (pay_settle), whoever noticed it: the browser coming back, the provider calling, the
 * clock. A refund is wanted → sent → confirmed | refused, or unknown; the provider is asked before anything is sent
 * again.
 */
#ifndef GH_SERVICES_CART_PAY_H
#define GH_SERVICES_CART_PAY_H

#include "gen/cart_sql.h"
#include "services/cart/cart.h"

/* What a provider says of a payment. */
enum remote_state { REMOTE_ABSENT, REMOTE_PENDING, REMOTE_PAID, REMOTE_FAILED, REMOTE_EXPIRED };
/* txn: what a refund names; code: what a payout names. */
struct remote { enum remote_state state; struct str id, url, txn, code, why; };

struct pay_method {
	const char *name, *title, *help;
	bool later; /* goods first: the order is carried out before money came, and a keeper says when it did */
	bool (*offered)(struct ctx *ctx, const struct person *p);
	/* Begins payment p of o; may take place at once (REMOTE_PAID). Failures that leave open whether anything
	   happened: ST_TIMEOUT, ST_UPSTREAM. NULL: nothing is to be begun. */
	enum status (*start)(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out,
	        struct err *e);
	/* What has become of it. NULL: it ends by itself or by a keeper. */
	enum status (*look)(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out,
	        struct err *e);
	/* It shall not be paid any more. REMOTE_PAID: too late. */
	enum status (*end)(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out,
	        struct err *e);
	/* How much of p was given back in all, as its provider has it. NULL: money that is kept here, or a keeper's. */
	enum status (*given_back)(struct ctx *ctx, const cart_order *o, const cart_payment *p, int64_t *minor,
	        struct err *e);
	/* Has some of it given back. ST_CONFLICT: refused. Called once for each refund: no failure means that nothing
	   happened. NULL with given_back. */
	enum status (*give_back)(
	        struct ctx *ctx, const cart_order *o, const cart_payment *p, int64_t minor, struct err *e);
	/* In db_write's fn, with what settles it: moves money that is kept here. sign: 1 paid, -1 given back. NULL:
	   nothing. */
	enum status (*move)(struct db_conn *c, const cart_order *o, int64_t amount, int sign, struct err *e);
	const char *account; /* of the journal: where the money lies */
};
extern const struct pay_method pay_methods[]; /* ends with { 0 } */
const struct pay_method *pay_method_named(struct str name);
/* The account of the journal that the money of an order paid so lies in; in a. */
struct str pay_account(struct arena *a, const struct pay_method *m, const cart_order *o);

/* sumup.c: what pay_methods says of the card */
enum status sumup_start(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
        MUST_CHECK;
enum status sumup_look(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
        MUST_CHECK;
enum status sumup_end(struct ctx *ctx, const cart_order *o, const cart_payment *p, struct remote *out, struct err *e)
        MUST_CHECK;
enum status sumup_given_back(struct ctx *ctx, const cart_order *o, const cart_payment *p, int64_t *minor, struct err *e)
        MUST_CHECK;
enum status sumup_give_back(struct ctx *ctx, const cart_order *o, const cart_payment *p, int64_t minor, struct err *e)
        MUST_CHECK;

/* Begins an attempt, or goes on with the one that is alive. *url: where the buyer goes next. */
enum status pay_begin(struct ctx *ctx, const cart_order *o, struct str method, struct str *url, struct err *e)
        MUST_CHECK;
/* Asks the provider of the payment, if it is alive, and settles what it says. back: the buyer has left its page, so an
   attempt that failed is over. */
enum status pay_look(struct ctx *ctx, int64_t payment, bool back, struct err *e) MUST_CHECK;
/* The attempt of an order that is not settled; *out NULL: there is none. */
enum status pay_alive(struct ctx *ctx, int64_t order, cart_payment **out, struct err *e) MUST_CHECK;
/* So that it is not paid any more. *paid: it was before. ST_TIMEOUT, ST_UPSTREAM: nobody knows; ask later. */
enum status pay_end(struct ctx *ctx, int64_t payment, bool *paid, struct err *e) MUST_CHECK;
/* A keeper got the money (cash, transfer). */
enum status pay_received(struct ctx *ctx, const cart_order *o, struct str method, struct str actor, struct err *e)
        MUST_CHECK;

/* --- giving back (refund.c) --- */
/* quantity 0: the line was weighed (grams of all), and is worth so much less; vat and owed (to its supplier) of that.
 */
struct refund_line { int64_t line, quantity, amount, grams, vat, owed; };
/* Takes lines off an order in db_write's fn, read with cart_order_locked; what was paid beyond the rest is given back.
   ST_CONFLICT: more than there is. */
struct refund_wish {
	const struct refund_line *lines;
	size_t count;
	bool all; /* whatever was paid beyond the rest, more than these lines are worth, too: twice, or refused before
	           */
	bool restock;
	const char *reason; /* buyer, changed, weighed, withdrawn, keeper, lost, paid_twice */
	struct str actor, via; /* via: another way than it was paid: balance, cash, transfer; "": that one */
};
enum status refund_want(struct db_conn *c, const cart_order *o, const struct refund_wish *wish, struct err *e)
        MUST_CHECK;
/* What was paid of o beyond what is left of it, less what is on its way back. In db_write's fn. */
enum status refund_excess(struct db_conn *c, const cart_order *o, int64_t *minor, struct err *e) MUST_CHECK;
/* Ways that money of o may go back by, for its buyer or a keeper: the value "" is the way it came. In ctx->arena. */
const struct choice *refund_ways(struct ctx *ctx, const cart_order *o, bool keeper, size_t *n);
bool refund_may_go(struct ctx *ctx, const cart_order *o, bool keeper, struct str via);
/* All that is left of an order. */
struct refund_line *refund_all(struct arena *a, const cart_order_line *lines, size_t n, size_t *count);
/* What `quantity` pieces of a line are worth, of what is left. */
int64_t refund_worth(const cart_order_line *l, int64_t quantity);
/* What falls to `quantity` pieces of what is left of l, of a whole that all of l had; less: of it, weighed less. */
int64_t refund_part(const cart_order_line *l, int64_t whole, int64_t less, int64_t quantity);
enum status cart_return_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;
enum status refund_go_on(struct ctx *ctx, int64_t refund, struct err *e) MUST_CHECK;

/* Payments and refunds whose turn it is, and orders whose hold has lapsed: of the service's background. */
enum status pay_watch(struct ctx *ctx, struct err *e) MUST_CHECK;

/* --- the journal and what is issued (journal.c): in db_write's fn, once for each ref --- */
struct posting { const char *account; int64_t amount; };
/* order: what it is about; 0: none. */
enum status journal_write(struct db_conn *c, const char *what, struct str ref, int64_t order, struct str currency,
        const struct posting *list, size_t n, struct err *e) MUST_CHECK;
/* The sale, and its invoice. */
enum status journal_sale(struct db_conn *c, const cart_order *o, const cart_order_line *lines, size_t n, struct err *e)
        MUST_CHECK;
/* Lines of it given back, and the credit note, under an id of its own. lines as they were before. */
enum status journal_credit(struct db_conn *c, const cart_order *o, const cart_order_line *lines, size_t n,
        const struct refund_line *back, size_t count, int64_t credit, struct err *e) MUST_CHECK;

/* What a document says, for its page; in a. */
struct invoice_line { int64_t quantity, total; struct str name, variant, rate; int64_t basis_points, vat; };
struct invoice_doc { struct invoice_line *lines; size_t count; };
/* "20", "5.5": basis points as people write them, in a. */
struct str vat_rate_text(struct arena *a, int64_t rate);
const struct invoice_doc *invoice_document(struct arena *a, struct str json);

#endif
