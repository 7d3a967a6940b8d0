/* SPDX-License-Identifier: Apache-2.0
 *
 * What the blog's templates are given, and the small functions they call: links, dates, sizes. All results live in the
 * request's arena.
 */
#ifndef GH_SERVICES_BLOG_VIEWS_H
#define GH_SERVICES_BLOG_VIEWS_H

#include "platform/web/web.h"
#include "services/blog/store.h"

/* One page of a list of posts, and where its pages are. */
struct blog_list_view {
	struct web *w;
	const struct blog_site *site;
	const struct blog_page *page;
	struct str base;   /* path of page 1 below the blog's base: "/", "/tag/bread/" */
	bool lead;         /* show the first post large */
};

struct blog_post_view {
	struct web *w;
	const struct blog_site *site;
	const struct blog_post *post;
	struct safe_html above; /* of a preview: what it is; usually empty */
	bool talk; /* it has a place for comments, with a piece for whoever reads it */
	bool open; /* … and takes more of them */
	struct str id;      /* of the post, as text: with talk */
	struct str sign_in; /* of a gated post: where a visitor signs in or joins; p NULL: they are signed in */
};

/* Addresses of the blog's pages, in ctx->arena: as a path, or absolute when the blog lives elsewhere. */
struct str blog_post_url(struct ctx *ctx, struct str slug);
struct str blog_tag_url(struct ctx *ctx, struct str slug);
struct str blog_author_url(struct ctx *ctx, struct str slug);
struct str blog_page_url(struct ctx *ctx, struct str base, int number); /* of page `number` of the list at base */
struct str blog_abs(struct ctx *ctx, struct str url);         /* "/media/…" made absolute; absolute ones stay */

/* Moments (µs) as texts in ctx->arena: for people in the site's zone and language, for machines in UTC. */
struct str blog_date(struct ctx *ctx, const struct blog_site *site, int64_t us);       /* "21 November 2026" */
struct str blog_day_month(struct ctx *ctx, const struct blog_site *site, int64_t us);  /* "21 Nov" */
struct str blog_iso(struct ctx *ctx, int64_t us);             /* RFC 3339, for machines */
struct str blog_rfc822(struct ctx *ctx, int64_t us);
const char *blog_gate_label(enum blog_visibility v);          /* "Members", "Supporters" or NULL */
struct str blog_social_url(struct ctx *ctx, const struct blog_social *s); /* empty when it can't be a link */
/* XML 1.0 has no place for most control characters, however escaped: without them. */
struct str blog_xml(struct ctx *ctx, struct str s);

#endif
