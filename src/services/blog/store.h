/* SPDX-License-Identifier: Apache-2.0
 *
 * What the blog's pages read, as typed views. Each function runs few queries on a snapshot that the caller opened
 * (db_read), so several of them see the same moment; everything they return lives in db_arena(c), which is the arena of
 * the caller's ctx.
 *
 * Rules that hold for every function here, so that no page can forget them:
 *   - only objects with status `published` (and `unlisted` where one is asked for by its slug) whose published_at has
 *     come are seen;
 *   - a body that the viewer may not read never leaves this module: `gated` is true and `html` is the public part up to
 *     the paywall mark (empty when there is no mark). Excerpts and search hits are made of public parts only;
 *   - HTML has passed the sanitiser when it was written (body.h), hence `struct safe_html`.
 *
 * Not found is ST_NOT_FOUND. Pages count from 1; a page past the end is ST_NOT_FOUND, but for page 1, which may be
 * empty. Times are microseconds UTC. Text that is not set is empty, not NULL.
 */
#ifndef GH_SERVICES_BLOG_STORE_H
#define GH_SERVICES_BLOG_STORE_H

#include "db/db.h"
#include "platform/text/html.h"

/* How much of members-only content the asker may read. */
enum blog_access { BLOG_VISITOR, BLOG_MEMBER, BLOG_PAID };
enum blog_visibility { BLOG_PUBLIC, BLOG_MEMBERS_ONLY, BLOG_PAID_ONLY, BLOG_TIERS };

#define BLOG_PIXELS_MAX 100000 /* a picture that says to be wider or higher says nothing */

struct blog_image {
	struct str src;     /* empty: there is none. "/media/…" or an absolute URL */
	struct str srcset;  /* "… 320w, … 640w": empty when there are no variants */
	struct str alt;
	int width, height;  /* 0: not known */
	struct str title;   /* of one in a body, shown when it is pointed at; p NULL: none */
};

/* A tag or an author, as a list shows it. */
struct blog_ref {
	int64_t id;
	struct str slug, name;
	struct blog_image image;  /* authors: the picture */
}; /* in the cards of lists: slug and name alone */

/* A post (or page), as a list shows it. */
struct blog_card {
	int64_t id;
	struct str slug, title, excerpt;
	int64_t published_at;
	int reading_min;          /* at least 1 for a post with text */
	enum blog_visibility visibility;
	struct blog_image image;
	const struct blog_ref *tags, *authors; /* in their order; the first tag is the primary one */
	size_t tag_count, author_count;
	/* No list shows these: empty in the cards of blog_home and in those related to a post. */
	struct str lang;
	int64_t updated_at;
	bool is_page, featured;
};

struct blog_meta {
	/* what the editor set; empty where the page's own values serve */ struct str title, description, canonical_url;
	struct str og_title, og_description, og_image;
	struct str twitter_title, twitter_description, twitter_image;
};

struct blog_comment {
	int64_t created_at;
	struct str id, name, reply_to; /* id: as text. reply_to: whom it answers; p NULL: nobody */
	bool below, edited;            /* below: it stands in the thread of the last one before it that does not */
	struct safe_html html;
};

struct blog_post {
	struct blog_card card;
	struct blog_meta meta;
	struct safe_html html;    /* see the rules above */
	struct safe_html caption; /* of card.image */
	bool gated;               /* html is not all there is: offer to sign in or subscribe */
	bool has_custom_excerpt;
	struct str template;
	const struct blog_ref *prev, *next;    /* older, newer: slug and title. NULL at the ends and for pages */
	const struct blog_card *related;       /* most shared tags first, then newest */
	size_t related_count;
	const struct blog_ref *above;          /* the page that this page is part of: slug and title. NULL: none */
	bool comments_closed;
	const struct blog_comment *comments;   /* thread by thread, oldest first; none where html is not all there is */
	size_t comment_count;
};

struct blog_page {
	/* one page of a list */ const struct blog_card *posts;
	size_t count;
	int64_t total; /* posts in the whole list */
	int number, pages; /* pages ≥ 1 */
};

struct blog_tag {
	struct blog_ref ref;      /* ref.image: the tag's feature image */
	struct str description, accent;
	int64_t post_count;
	struct blog_meta meta;
};

struct blog_social { struct str network, value; /* "mastodon", handle or URL as it was given */ };
struct blog_author {
	struct blog_ref ref;
	struct str bio, location, website, cover_url;
	const struct blog_social *social;
	size_t social_count;
	int64_t post_count;
	struct blog_meta meta;
};

struct blog_nav_item {
	struct str label, url;    /* url: absolute, or starting with "/" */
	const struct blog_nav_item *children;
	size_t child_count;
};
struct blog_nav { const struct blog_nav_item *items; size_t count; };

struct blog_site {
	struct str title, description, accent /* "#rrggbb" or empty */, lang /* "en" */, timezone /* IANA, "Etc/UTC" */;
	struct str meta_title, meta_description;
	struct blog_image logo, icon, cover;
	const struct blog_social *social;
	size_t social_count;
	bool members_invite_only;
};

struct blog_archive_month {
	int year, month;
	const struct blog_card *posts;
	size_t count; /* without tags and authors */
};

struct blog_hit { struct blog_card card; struct str title, snippet; /* hits marked: platform/search/search.h */ };
struct blog_hits {
	const struct blog_hit *list;
	size_t count;
	int64_t total;
	bool more;           /* than total, which is as many as are counted */
	bool words_left_out; /* the query has more words than are looked for */
	int number, pages;
};

struct blog_suggestion { struct str path /* "/slug/" "/tag/slug/" */, title; };

struct blog_location {
	/* a line of the sitemap */ enum { BLOG_LOC_POST, BLOG_LOC_PAGE, BLOG_LOC_TAG, BLOG_LOC_AUTHOR } kind;
	struct str slug;
	int64_t updated_at;
	struct str image;
};

/* cut: the body is longer than a feed carries (512 KiB), and html is empty. */
/* guid: what RSS readers know it by, of an import the id that it had there. */
struct blog_feed_item { struct blog_card card; struct safe_html html; bool gated, cut; struct str uuid, guid; };

/* The UUID made of an object's id, for those that came without one (RFC 9562, version 8). */
struct str blog_uuid(struct arena *a, int64_t id);

/* --- the site ------------------------------------------------------------------------------------------------ */
/* The settings, in one query. Never ST_NOT_FOUND: an empty database has defaults. */
enum status blog_site(struct ctx *ctx, struct db_conn *c, struct blog_site *out, struct err *e) MUST_CHECK;
/* Its title and icon alone, the rest as an empty database has it: what every page shows, of every service. */
enum status blog_brand(struct ctx *ctx, struct db_conn *c, struct blog_site *out, struct err *e) MUST_CHECK;
/* A menu by its name, "primary" or "secondary"; one that is not there is empty. */
enum status blog_nav(
        struct ctx *ctx, struct db_conn *c, struct str menu, struct blog_nav *out, struct err *e) MUST_CHECK;

/* --- lists --------------------------------------------------------------------------------------------------- */
enum status blog_home(
        struct ctx *ctx, struct db_conn *c, int page, int size, struct blog_page *out, struct err *e) MUST_CHECK;
enum status blog_featured(
        struct ctx *ctx, struct db_conn *c, int limit, struct blog_page *out, struct err *e) MUST_CHECK;
enum status blog_tag(struct ctx *ctx, struct db_conn *c, struct str slug, int page, int size, struct blog_tag *tag,
                     struct blog_page *out, struct err *e) MUST_CHECK;
enum status blog_author(struct ctx *ctx, struct db_conn *c, struct str slug, int page, int size,
                        struct blog_author *author, struct blog_page *out, struct err *e) MUST_CHECK;
/* Newest month first, months in the site's time zone: size posts of page `number`, by month; *page: of how many pages.
 * ST_NOT_FOUND: past the end. */
enum status blog_archive(struct ctx *ctx, struct db_conn *c, struct str timezone, int number, int size,
        const struct blog_archive_month **months, size_t *count, struct blog_page *page, struct err *e) MUST_CHECK;
/* Those with at least one post that is listed; most posts first, then by name. */
enum status blog_tags(struct ctx *ctx, struct db_conn *c, int limit, const struct blog_tag **tags, size_t *count,
                      struct err *e) MUST_CHECK;
enum status blog_authors(struct ctx *ctx, struct db_conn *c, int limit, const struct blog_author **authors,
                         size_t *count, struct err *e) MUST_CHECK;

/* --- one ----------------------------------------------------------------------------------------------------- */
/* A post or, when there is none, a page of that slug. */
enum status blog_post(struct ctx *ctx, struct db_conn *c, struct str slug, enum blog_access access,
                      struct blog_post *out, struct err *e) MUST_CHECK;
enum status blog_card_by_id(
        struct ctx *ctx, struct db_conn *c, int64_t id, struct blog_card *out, struct err *e) MUST_CHECK;
/* Where an old address has gone: path as asked ("/old-slug/"). ST_NOT_FOUND when nowhere. */
enum status blog_redirect(struct ctx *ctx, struct db_conn *c, struct str path, struct str *target, int *status,
                          struct err *e) MUST_CHECK;

/* --- finding ------------------------------------------------------------------------------------------------- */
/* Words in any order, the last one may be unfinished; a query without a word has no hits. */
enum status blog_search(struct ctx *ctx, struct db_conn *c, struct str query, int page, int size, struct blog_hits *out,
                        struct err *e) MUST_CHECK;
/* What was perhaps meant by a path that leads nowhere: nearest slugs and titles first. */
enum status blog_suggest(struct ctx *ctx, struct db_conn *c, struct str path, int limit,
                         const struct blog_suggestion **out, size_t *count, struct err *e) MUST_CHECK;

/* --- machines ------------------------------------------------------------------------------------------------ */
enum status blog_location_count(struct ctx *ctx, struct db_conn *c, int64_t *n, struct err *e) MUST_CHECK;
/* At most limit, without the first `skip`. */
enum status blog_locations(struct ctx *ctx, struct db_conn *c, int limit, int64_t skip,
        const struct blog_location **out, size_t *count, struct err *e) MUST_CHECK;
/* Newest first. Bodies as a visitor may read them. tag or author slug narrows; STR_NULL: all. */
enum status blog_feed(struct ctx *ctx, struct db_conn *c, struct str tag, struct str author, int limit,
                      const struct blog_feed_item **out, size_t *count, struct err *e) MUST_CHECK;
/* Of the newest change to what visitors see: for ETag and Last-Modified. 0: empty. */
enum status blog_last_change(struct ctx *ctx, struct db_conn *c, int64_t *us, struct err *e) MUST_CHECK;

#endif
