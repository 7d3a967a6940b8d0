/* SPDX-License-Identifier: Apache-2.0
 *
 * Visits of the site's pages: a script of the page tells that it was opened, each process adds up what it hears, and
 * every few seconds adds that to the day's numbers. Kept are numbers of a day alone: no cookie, no address, no
 * identifier, no line for a person. What a process has not written yet when it ends is not counted.
 */
#ifndef GH_SERVICES_BLOG_VISITS_H
#define GH_SERVICES_BLOG_VISITS_H

#include "gen/blog_sql.h"
#include "platform/web/web.h"

enum {
	VISITS_PENDING_MAX = 1024, /* different pages and sources between two turns; further ones are not counted */
	VISIT_KEY_MAX = 191,       /* bytes of a path, and of a host */
	VISIT_SOURCES_MAX = 300,   /* of a day; further ones are one: "…" */
	VISIT_DAYS_MAX = 365,      /* that the page shows */
	VISIT_TOP = 15,            /* pages, and sources, that it shows */
	VISIT_ROWS_MAX = 50000,    /* of a file */
};

/* What is added up until the next turn. Zeroed: empty. */
struct visit_sum {
	int64_t day, views, visits;
	bool source; /* key is a host, not a path */
	char key[VISIT_KEY_MAX + 1];
};
struct visit_batch {
	unsigned n;
	uint16_t slots[2 * VISITS_PENDING_MAX]; /* 0: none, else one more than the place in list */
	struct visit_sum list[VISITS_PENDING_MAX];
};
/* false: there is no more room, or the key is too long. */
bool visit_batch_add(struct visit_batch *b, const struct visit_sum *one) MUST_CHECK;
/* Transaction; arg: struct visit_batch. */
enum status visit_write_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* Where pages tell of themselves; "" when nothing is counted. */
struct str visits_url(struct ctx *ctx);
/* Background: adds what this process has heard to the numbers. */
enum status blog_visits_turn(struct ctx *ctx, struct err *e) MUST_CHECK;

/* Handlers of service.c's routes. */
enum status blog_post_visit(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_visits(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_visits_csv(struct web *w, struct err *e) MUST_CHECK;

/* For the template. */
struct visit_bar { struct str day; int64_t views, visits; int x, height, top; };
struct visits_view {
	struct web *w;
	int64_t days, views, visits, most;
	int width;
	const struct visit_bar *bars;
	size_t n;
	const struct blog_visit_top_pages_row *pages;
	const struct blog_visit_top_sources_row *sources;
	size_t page_n, source_n;
	bool counting;
};
struct str visit_page_name(const struct blog_visit_top_pages_row *p);
struct str visit_source_name(struct str source);

#endif
