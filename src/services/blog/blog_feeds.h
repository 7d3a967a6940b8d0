/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds and maps for machines: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1, sitemap, robots.txt.
 */
#ifndef GH_SERVICES_BLOG_FEEDS_H
#define GH_SERVICES_BLOG_FEEDS_H

#include "services/blog/blog_views.h"

struct blog_feed_view {
	struct ctx *ctx;
	const struct blog_site *site;
	struct str title, description;
	struct str home, self;   /* absolute: the page that the feed follows, and the feed */
	int64_t updated;         /* of the newest item */
	const struct blog_feed_item *items;
	size_t count;
};

struct str blog_feed_html(
        struct ctx *ctx, const struct blog_feed_item *i); /* addresses made absolute; a note when gated */
/* Plain text where RSS 2.0 has HTML (its descriptions): escaped once as HTML, before XML escapes it again. */
struct str blog_feed_text(struct ctx *ctx, struct str text);
/* 1 to n, in a. */
const int *blog_numbers(struct arena *a, size_t n);
struct str blog_location_url(struct ctx *ctx, const struct blog_location *l);

/* Handlers of service.c's routes, named after method and page; what one returns, struct route says
   (platform/core/service.h). */
enum status blog_get_rss(struct web *w, struct err *e);
enum status blog_get_atom(struct web *w, struct err *e);
enum status blog_get_json_feed(struct web *w, struct err *e);
enum status blog_get_sitemap(struct web *w, struct err *e);
enum status blog_get_sitemap_part(struct web *w, struct err *e);
enum status blog_get_robots(struct web *w, struct err *e);

#endif
