/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: categories, edited. One that gets another name or another place takes what is below it along, and each
 * product that is in it; where there is one of that name already, the two become one. All of it is one transaction.
 */
#ifndef GH_SERVICES_MARKET_CATEGORIES_H
#define GH_SERVICES_MARKET_CATEGORIES_H

#include "gen/market_sql.h"
#include "platform/audit/audit.h"
#include "services/market/admin.h"

enum { CATEGORY_NAME_MAX = 80 /* characters */ };

enum category_outcome {
	CATEGORY_SAVED,
	CATEGORY_THERE,  /* there is one of that path, and merge is not set */
	CATEGORY_INSIDE, /* it would be below itself */
	CATEGORY_DEEP    /* it or one below it would be deeper than CATEGORY_DEPTH */
};
struct category_save {
	int64_t id, parent; /* id 0: a new one; parent 0: none */
	struct str name;
	bool merge;
	struct audit_entry audit;
	enum category_outcome outcome; /* but for CATEGORY_SAVED nothing was written */
	int64_t saved;                 /* the category that it is now */
	size_t products;               /* that followed */
};
/* Transaction; arg: struct category_save. ST_NOT_FOUND: it, or its parent, is there no more. */
enum status category_save_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

struct category_form { struct str name, parent; bool merge; };
struct category_page {
	struct web *w;
	struct page_shell shell;
	const struct market_category_row *k; /* NULL: a new one */
	const struct form_fill *form;
};

/* Handlers of routes, as service.c's table names them. */
enum status market_get_categories(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_categories(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_category(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_category(struct web *w, struct err *e) MUST_CHECK;

#endif
