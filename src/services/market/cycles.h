/* SPDX-License-Identifier: Apache-2.0
 *
 * Order cycles: what can be had from when until when. The state of a cycle follows from the clock and its three
 * moments; no job has to run for it to be right. A variant that is in any can be had only while one of them is open.
 */
#ifndef GH_SERVICES_MARKET_CYCLES_H
#define GH_SERVICES_MARKET_CYCLES_H

#include "gen/market_sql.h"
#include "platform/forms/forms.h"
#include "platform/web/web.h"
#include "platform/work/job.h"

enum {
	CYCLE_TITLE_MAX = 100,    /* characters */
	CYCLE_VARIANTS_MAX = 500, /* of a cycle */
	CYCLE_GOODS_MAX = 30000,  /* characters that list them in the form */
	CYCLES_SHOWN = 20,        /* on the page of all */
	CYCLE_SHOWN_MAX = 60,     /* products of one, there */
	CYCLES_TOLD_AT_ONCE = 100
};

enum cycle_state { CYCLE_UPCOMING, CYCLE_OPEN, CYCLE_CLOSED, CYCLE_DELIVERED };
/* Moments are microseconds UTC; each begins what it is named for. */
enum cycle_state cycle_state_at(int64_t opens, int64_t closes, int64_t delivers, int64_t now);
/* "upcoming", in the current language. */
struct str cycle_state_words(enum cycle_state state);

/* What cycles say about a variant at a moment. */
struct offer_cycle {
	bool bound, open;      /* it is in some; one of them is open */
	int64_t id;            /* of the cycle that decides; 0: none */
	int64_t opens, closes; /* of it */
	int64_t price;         /* in it; 0: the usual one */
	int64_t cap;           /* of all orders in it; 0: any number */
	struct str title;
};
/* *out zeroed: the variant is in no cycle. */
enum status cycle_of_variant(struct db_conn *c, int64_t variant, int64_t now, struct offer_cycle *out,
                             struct err *e) MUST_CHECK;
/* *left: how many can still be had of it in the cycle that is open; -1: any number. */
enum status cycle_left(struct db_conn *c, int64_t variant, const struct offer_cycle *k, int64_t now, int64_t *left,
                       struct err *e) MUST_CHECK;

/* What a checkout wants in all of a variant in a cycle. */
struct cap_demand {
	int64_t cycle, variant, wanted;
	int64_t most; /* it can have, with what it has; after caps_lock */
};
struct cap_demands {
	struct cap_demand *list; /* room for one of each line */
	size_t n;
};
/* Adds quantity to what is wanted; cycle 0: nothing is counted. */
void caps_want(struct cap_demands *d, int64_t cycle, int64_t variant, int64_t quantity);
/* Of that variant in that cycle; NULL: it is not among them. */
const struct cap_demand *caps_of(const struct cap_demands *d, int64_t cycle, int64_t variant);
/* Inside db_write's fn, after the stock items: locks each cap in the order of variant and cycle, and counts. */
enum status caps_lock(struct db_conn *c, struct str checkout, int64_t now, struct cap_demands *d,
                      struct err *e) MUST_CHECK;

/* "Order until …", "To be ordered from …", for a variant; "" when it is in no cycle. zone: as of html_time. */
struct str cycle_words(struct arena *a, struct str zone, const struct offer_cycle *k, int64_t now);
/* The same for each of n products of a list, in the site's zone: out[i], "" nothing. out has room for n. */
enum status cycle_notes(struct ctx *ctx, struct db_conn *c, const struct market_shelf_row *rows, size_t n,
                        struct str *out, struct err *e) MUST_CHECK;

/* An amount in a currency as rows name it, for people. */
struct str market_cycle_money(struct ctx *ctx, int64_t minor, struct str currency);

/* Job: tells what opened and closed since it ran last, once each. */
enum status market_cycles_tell(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

/* --- pages --- */
struct cycle_shown {
	const struct market_cycles_shown_row *row;
	enum cycle_state state;
	const struct market_cycle_products_row *products;
	size_t n;
};
struct cycles_view {
	struct web *w;
	struct page_shell shell;
	struct str zone;
	struct cycle_shown *list;
	size_t n;
};
/* Values of the form. */
struct cycle_form {
	struct str title, opens_time, closes_time, delivers_time, goods, supplier;
	int64_t opens_date, closes_date, delivers_date;
};
struct cycle_page {
	struct web *w;
	int64_t id; /* 0: a new one */
	struct str zone;
	const struct market_cycle_row *row; /* NULL: a new one */
	const struct market_cycle_goods_row *goods;
	size_t n;
};
enum status market_get_cycles(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_admin_cycles(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_admin_cycles(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_admin_cycle(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_admin_cycle(struct web *w, struct err *e) MUST_CHECK;

#endif
