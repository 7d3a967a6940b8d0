/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: its pages, edited.
 */
#ifndef GH_SERVICES_MARKET_PAGES_ADMIN_H
#define GH_SERVICES_MARKET_PAGES_ADMIN_H

#include "gen/market_sql.h"
#include "platform/audit/audit.h"
#include "services/market/admin.h"

enum {
	PAGES_MAX = 200,        /* that are made here */
	PAGES_KEPT_DAYS = 30,   /* a deleted one can be had back so long */
	PAGE_TITLE_MAX = 100,   /* characters */
	PAGE_SLUG_MAX = 100,
	PAGE_INTRO_MAX = 2000,
	PAGE_CURRENCY_LEN = 3
};

struct page_form { struct str title, slug, intro, layout, state, currency, account, container; };
struct page_page {
	struct web *w;
	struct page_shell shell;
	const struct market_page_row *p; /* NULL: a new one */
	const struct form_fill *form;
};

enum page_outcome { PAGE_SAVED, PAGE_TAKEN, PAGE_TAKEN_DELETED, PAGE_PRICED, PAGE_MANY };
struct page_save {
	int64_t id; /* 0: new */
	const struct page_form *values;
	struct str slug;
	struct audit_entry audit;
	enum page_outcome outcome; /* but for PAGE_SAVED nothing was written */
	int64_t saved;
};
/* Transaction; arg: struct page_save. ST_NOT_FOUND: it is there no more. */
enum status page_save_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* open, close, hide, show, drop, back, up, down. */
struct page_turn {
	int64_t id;
	const char *action;
	struct audit_entry audit;
	bool changed;
};
/* Transaction; arg: struct page_turn. ST_NOT_FOUND; ST_CONFLICT: it has products, and can't be deleted. */
enum status page_turn_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* Handlers of routes, as service.c's table names them. */
enum status market_get_admin_pages(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_admin_pages(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_admin_page(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_admin_page(struct web *w, struct err *e) MUST_CHECK;

#endif
