/* SPDX-License-Identifier: Apache-2.0
 *
 * One post or page, the site itself, redirects.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_sql.h"
#include "platform/text/json.h"
#include "services/blog/body.h"
#include "services/blog/comments.h"
#include "services/blog/store.h"
#include "services/blog/store_parts.h"

#define RELATED_MAX 3
#define NAV_DEPTH_MAX 4

/* --- a post ------------------------------------------------------------------------------------------------------- */

static void fill_post(struct db_conn *c, struct blog_post *out, const struct blog_post_by_slug_row *r)
{
	*out = (struct blog_post){
		.card = STORE_CARD_OF(c, r), .html = { str_or_empty(r->html) },
		.caption = { str_or_empty(r->caption) }, .gated = r->gated, .comments_closed = r->comments_closed,
		.has_custom_excerpt = r->custom_excerpt.n > 0, .template = str_or_empty(r->template),
		.meta = {
			.title = str_or_empty(r->meta_title), .description = str_or_empty(r->meta_description),
			.canonical_url = str_or_empty(r->canonical_url), .og_title = str_or_empty(r->og_title),
			.og_description = str_or_empty(r->og_description), .og_image = str_or_empty(r->og_image),
			.twitter_title = str_or_empty(r->twitter_title),
			.twitter_description = str_or_empty(r->twitter_description),
			.twitter_image = str_or_empty(r->twitter_image),
		},
	};
}

static int heavier_then_newer(const void *a, const void *b)
{
	const struct blog_related_row *x = a, *y = b;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return (x->published_at < y->published_at) - (x->published_at > y->published_at);
}

static enum status add_related(struct db_conn *c, struct blog_post *out, struct err *e)
{
	struct blog_related_row *rows;
	size_t n;
	TRY(q_blog_related(c, out->card.id, clock_now_us(), RELATED_MAX, &rows, &n, e));
	if (n)
		qsort(rows, n, sizeof *rows, heavier_then_newer);
	struct blog_card *cards = ARENA_ARRAY(db_arena(c), struct blog_card, n ? n : 1);
	for (size_t i = 0; i < n; i++) {
		bool twice = false; /* said to be related, and by tags as well */
		for (size_t k = 0; k < i; k++)
			twice |= rows[k].id == rows[i].id;
		if (!twice)
			cards[out->related_count++] = STORE_LISTED_OF(c, &rows[i]);
	}
	out->related = cards;
	return ST_OK;
}

static enum status add_neighbours(struct db_conn *c, struct blog_post *out, struct err *e)
{
	struct blog_older_row *older;
	struct blog_newer_row *newer;
	int64_t id = out->card.id, at = out->card.published_at;
	TRY(q_blog_older(c, id, at, &older, e));
	TRY(q_blog_newer(c, id, at, clock_now_us(), &newer, e));
	struct blog_ref *refs = ARENA_ARRAY(db_arena(c), struct blog_ref, 2);
	if (older) {
		refs[0] = (struct blog_ref){ .slug = older->slug, .name = older->title };
		out->prev = &refs[0];
	}
	if (newer) {
		refs[1] = (struct blog_ref){ .slug = newer->slug, .name = newer->title };
		out->next = &refs[1];
	}
	return ST_OK;
}

static enum status add_comments(struct db_conn *c, struct blog_post *out, struct err *e)
{
	struct blog_comments_of_row *rows;
	size_t n;
	TRY(q_blog_comments_of(c, out->card.id, COMMENTS_OF_POST_MAX, &rows, &n, e));
	struct blog_comment *list = ARENA_ARRAY(db_arena(c), struct blog_comment, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct blog_comment){ rows[i].created_at, id_str(db_arena(c), rows[i].id), rows[i].name,
			rows[i].reply_to, rows[i].below, !rows[i].edited_at_null, { rows[i].html } };
	out->comments = list;
	out->comment_count = n;
	return ST_OK;
}

static enum status add_above(struct db_conn *c, struct blog_post *out, struct err *e)
{
	struct blog_page_above_row *row;
	TRY(q_blog_page_above(c, out->card.id, clock_now_us(), &row, e));
	if (row) {
		struct blog_ref *above = ARENA_NEW(db_arena(c), struct blog_ref);
		*above = (struct blog_ref){ .slug = row->slug, .name = row->title };
		out->above = above;
	}
	return ST_OK;
}

enum status blog_post(struct ctx *ctx, struct db_conn *c, struct str slug, enum blog_access access,
        struct blog_post *out, struct err *e)
{
	struct blog_post_by_slug_row *r;
	(void)ctx;
	TRY(q_blog_post_by_slug(c, slug, access, clock_now_us(), &r, e));
	if (!r)
		return err_set(e, ST_NOT_FOUND, "There is no page at this address.");
	fill_post(c, out, r);
	TRY(store_faces(c, &out->card, e));
	if (!out->gated)
		TRY(add_comments(c, out, e));
	if (out->card.is_page)
		return add_above(c, out, e);
	TRY(add_neighbours(c, out, e));
	return add_related(c, out, e);
}

enum status blog_card_by_id(struct ctx *ctx, struct db_conn *c, int64_t id, struct blog_card *out, struct err *e)
{
	struct blog_card_visible_row *row;
	struct blog_card *cards;
	size_t n = 0;
	(void)ctx;
	TRY(q_blog_card_visible(c, id, clock_now_us(), &row, e));
	if (row)
		TRY(store_cards(c, (struct store_ids){ &id, 1 }, &cards, &n, e));
	if (!n)
		return err_set(e, ST_NOT_FOUND, "There is no such post.");
	*out = cards[0];
	return ST_OK;
}

enum status blog_redirect(
        struct ctx *ctx, struct db_conn *c, struct str path, struct str *target, int *status, struct err *e)
{
	struct blog_redirect_row *row;
	(void)ctx;
	TRY(q_blog_redirect(c, path, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "There is no page at this address.");
	*target = row->target;
	*status = (int)row->status;
	return ST_OK;
}

/* --- the site ----------------------------------------------------------------------------------------------------- */

const struct blog_social *store_social(struct arena *a, struct str json, size_t *count)
{
	*count = 0;
	if (json.n < 3) /* "{}" or nothing */
		return NULL;
	json_t *doc = json_parse(json, 2, NULL), *value;
	const char *key;
	struct blog_social *list = ARENA_ARRAY(a, struct blog_social, json_object_size(doc) + 1);
	json_object_foreach(doc, key, value) {
		if (json_is_string(value))
			list[(*count)++] = (struct blog_social){ arena_str(a, str_c(key)),
				arena_str(a, str_n(json_string_value(value), json_string_length(value))) };
	}
	json_decref(doc);
	return list;
}

static int text_pixels(struct str s)
{
	int64_t n;
	return str_i64(s, &n) && n > 0 && n < BLOG_PIXELS_MAX ? (int)n : 0;
}

/* Where a setting goes, by name: sorted, since it is looked up for every row of every page. */
static const struct site_setting {
	struct str name;
	size_t offset;
	enum { SITE_TEXT, SITE_PIXELS, SITE_SIGNUP } kind;
} site_settings[] = {
#define AT(member) offsetof(struct blog_site, member)
	{ STR_INIT("accent"), AT(accent), SITE_TEXT },
	{ STR_INIT("cover"), AT(cover.src), SITE_TEXT },
	{ STR_INIT("cover.height"), AT(cover.height), SITE_PIXELS },
	{ STR_INIT("cover.srcset"), AT(cover.srcset), SITE_TEXT },
	{ STR_INIT("cover.width"), AT(cover.width), SITE_PIXELS },
	{ STR_INIT("description"), AT(description), SITE_TEXT },
	{ STR_INIT("icon"), AT(icon.src), SITE_TEXT },
	{ STR_INIT("icon.height"), AT(icon.height), SITE_PIXELS },
	{ STR_INIT("icon.srcset"), AT(icon.srcset), SITE_TEXT },
	{ STR_INIT("icon.width"), AT(icon.width), SITE_PIXELS },
	{ STR_INIT("lang"), AT(lang), SITE_TEXT },
	{ STR_INIT("logo"), AT(logo.src), SITE_TEXT },
	{ STR_INIT("logo.height"), AT(logo.height), SITE_PIXELS },
	{ STR_INIT("logo.srcset"), AT(logo.srcset), SITE_TEXT },
	{ STR_INIT("logo.width"), AT(logo.width), SITE_PIXELS },
	{ STR_INIT("members_signup"), AT(members_invite_only), SITE_SIGNUP },
	{ STR_INIT("meta_description"), AT(meta_description), SITE_TEXT },
	{ STR_INIT("meta_title"), AT(meta_title), SITE_TEXT },
	{ STR_INIT("timezone"), AT(timezone), SITE_TEXT },
	{ STR_INIT("title"), AT(title), SITE_TEXT },
#undef AT
};

static int by_name(const void *name, const void *row)
{
	return str_cmp(*(const struct str *)name, ((const struct site_setting *)row)->name);
}

static void apply_setting(struct blog_site *s, struct str name, struct str value)
{
	const struct site_setting *row = bsearch(
	        &name, site_settings, sizeof site_settings / sizeof *site_settings, sizeof *row, by_name);
	if (!row)
		return;
	void *at = (char *)s + row->offset;
	if (row->kind == SITE_PIXELS)
		*(int *)at = text_pixels(value);
	else if (row->kind == SITE_SIGNUP)
		*(bool *)at = str_eqc(value, "invite");
	else if (value.n)
		*(struct str *)at = value;
}

static struct blog_nav nav_below(struct arena *a, const struct blog_nav_row *rows, size_t n, const int64_t *parent,
                                 int depth)
{
	struct blog_nav nav = { 0 };
	struct blog_nav_item *items = NULL;
	for (size_t i = 0; i < n && depth < NAV_DEPTH_MAX; i++) {
		bool here = parent ? !rows[i].parent_id_null && rows[i].parent_id == *parent : rows[i].parent_id_null;
		if (!here)
			continue;
		if (!items)
			items = ARENA_ARRAY(a, struct blog_nav_item, n);
		struct blog_nav below = nav_below(a, rows, n, &rows[i].id, depth + 1);
		items[nav.count++] = (struct blog_nav_item){ rows[i].label, rows[i].url, below.items, below.count };
	}
	nav.items = items;
	return nav;
}

enum status blog_nav(struct ctx *ctx, struct db_conn *c, struct str menu, struct blog_nav *out, struct err *e)
{
	struct blog_nav_row *rows;
	size_t n;
	(void)ctx;
	TRY(q_blog_nav(c, menu, &rows, &n, e));
	*out = nav_below(db_arena(c), rows, n, NULL, 0);
	return ST_OK;
}

static const struct blog_site site_defaults = {
#define EMPTY STR_INIT("")
	.title = STR_INIT("Guildhall"),
	.description = EMPTY,
	.accent = EMPTY,
	.lang = STR_INIT("en"),
	.timezone = STR_INIT("Etc/UTC"),
	.meta_title = EMPTY,
	.meta_description = EMPTY,
	.logo = { EMPTY, EMPTY, EMPTY, 0, 0 },
	.icon = { EMPTY, EMPTY, EMPTY, 0, 0 },
	.cover = { EMPTY, EMPTY, EMPTY, 0, 0 },
#undef EMPTY
};

enum status blog_site(struct ctx *ctx, struct db_conn *c, struct blog_site *out, struct err *e)
{
	struct blog_settings_row *settings;
	size_t n;
	(void)ctx;
	TRY(q_blog_settings(c, &settings, &n, e));
	*out = site_defaults;
	struct blog_social *social = ARENA_ARRAY(db_arena(c), struct blog_social, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct str name = settings[i].name, value = settings[i].value;
		if (!str_starts(name, STR("social.")))
			apply_setting(out, name, value);
		else if (value.n)
			social[out->social_count++] = (struct blog_social){ str_skip(name, 7), value };
	}
	out->social = social;
	return ST_OK;
}

enum status blog_brand(struct ctx *ctx, struct db_conn *c, struct blog_site *out, struct err *e)
{
	struct blog_brand_row *rows;
	size_t n;
	(void)ctx;
	TRY(q_blog_brand(c, &rows, &n, e));
	*out = site_defaults;
	for (size_t i = 0; i < n; i++)
		apply_setting(out, rows[i].name, rows[i].value);
	return ST_OK;
}
