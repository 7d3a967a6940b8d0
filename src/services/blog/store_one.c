/* SPDX-License-Identifier: Apache-2.0
 *
 * One post or page, the site itself, redirects.
 */
#include <jansson.h>

#include "base/clock.h"
#include "gen/blog_sql.h"
#include "services/blog/body.h"
#include "services/blog/store.h"
#include "services/blog/store_parts.h"

#define RELATED_MAX 3
#define NAV_DEPTH_MAX 4

static struct str or_empty(struct str s) { return s.p ? s : STR(""); }

/* --- a post --------------------------------------------------------------------------------------------------------- */

static void fill_post(struct blog_post *out, const struct blog_post_by_slug_row *r)
{
	*out = (struct blog_post){
		.html = { or_empty(r->html) }, .caption = { or_empty(r->caption) }, .gated = r->gated,
		.has_custom_excerpt = r->custom_excerpt.n > 0, .template = or_empty(r->template),
		.meta = {
			.title = or_empty(r->meta_title), .description = or_empty(r->meta_description),
			.canonical_url = or_empty(r->canonical_url), .og_title = or_empty(r->og_title),
			.og_description = or_empty(r->og_description), .og_image = or_empty(r->og_image),
			.twitter_title = or_empty(r->twitter_title), .twitter_description = or_empty(r->twitter_description),
			.twitter_image = or_empty(r->twitter_image),
		},
	};
}

static const struct blog_card *find(const struct blog_card *cards, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (cards[i].id == id)
			return &cards[i];
	return NULL;
}

/* The post's own card and those of its neighbours come in one go. */
static enum status add_neighbours(struct db_conn *c, struct blog_post *out, const struct blog_post_by_slug_row *r, struct err *e)
{
	struct blog_neighbours_row *near = NULL;
	struct blog_card *cards;
	size_t n = 0, count;
	if (!str_eqc(r->type, "page"))
		TRY(q_blog_neighbours(c, r->id, r->published_at, clock_now_us(), RELATED_MAX, &near, &n, e));
	struct store_ids ids = { ARENA_ARRAY(db_arena(c), int64_t, n + 1), n + 1 };
	ids.list[0] = r->id;
	for (size_t i = 0; i < n; i++)
		ids.list[i + 1] = near[i].id;
	TRY(store_cards(c, ids, true, &cards, &count, e));
	if (!count || cards[0].id != r->id)
		return err_set(e, ST_NOT_FOUND, "This has just been removed.");
	out->card = cards[0];
	struct blog_card *related = ARENA_ARRAY(db_arena(c), struct blog_card, n ? n : 1);
	for (size_t i = 0; i < n; i++) {
		const struct blog_card *card = find(cards, count, near[i].id);
		if (!card)
			continue;
		if (near[i].way < 0)
			out->prev = card;
		else if (near[i].way == 1)
			out->next = card;
		else if (!find(related, out->related_count, card->id)) /* said to be related, and by tags as well */
			related[out->related_count++] = *card;
	}
	out->related = related;
	return ST_OK;
}

enum status blog_post(struct ctx *ctx, struct db_conn *c, struct str slug, enum blog_access access, struct blog_post *out,
                      struct err *e)
{
	struct blog_post_by_slug_row *r;
	(void)ctx;
	TRY(q_blog_post_by_slug(c, slug, access, clock_now_us(), &r, e));
	if (!r)
		return err_set(e, ST_NOT_FOUND, "There is no page at this address.");
	fill_post(out, r);
	return add_neighbours(c, out, r, e);
}

enum status blog_card_by_id(struct ctx *ctx, struct db_conn *c, int64_t id, struct blog_card *out, struct err *e)
{
	struct blog_card_visible_row *row;
	struct blog_card *cards;
	size_t n = 0;
	(void)ctx;
	TRY(q_blog_card_visible(c, id, clock_now_us(), &row, e));
	if (row)
		TRY(store_cards(c, (struct store_ids){ &id, 1 }, true, &cards, &n, e));
	if (!n)
		return err_set(e, ST_NOT_FOUND, "There is no such post.");
	*out = cards[0];
	return ST_OK;
}

enum status blog_redirect(struct ctx *ctx, struct db_conn *c, struct str path, struct str *target, int *status, struct err *e)
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

/* --- the site --------------------------------------------------------------------------------------------------------- */

const struct blog_social *store_social(struct arena *a, struct str json, size_t *count)
{
	*count = 0;
	if (json.n < 3) /* "{}" or nothing */
		return NULL;
	json_t *doc = json_loadb(json.p, json.n, 0, NULL), *value;
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

static int pixels(struct str s)
{
	int64_t n;
	return str_i64(s, &n) && n > 0 && n < 100000 ? (int)n : 0;
}

/* "logo", "logo.srcset", "logo.width", "logo.height" */
static bool image_setting(struct blog_image *im, const char *name, struct str setting, struct str value)
{
	if (!str_starts(setting, str_c(name)))
		return false;
	struct str rest = str_skip(setting, strlen(name));
	if (!rest.n)
		im->src = value;
	else if (str_eqc(rest, ".srcset"))
		im->srcset = value;
	else if (str_eqc(rest, ".width"))
		im->width = pixels(value);
	else if (str_eqc(rest, ".height"))
		im->height = pixels(value);
	else
		return false;
	return true;
}

static void apply_setting(struct blog_site *s, struct str name, struct str value, struct blog_social *social)
{
	const struct { const char *name; struct str *to; } texts[] = {
		{ "title", &s->title },           { "description", &s->description }, { "accent", &s->accent },
		{ "lang", &s->lang },             { "timezone", &s->timezone },       { "meta_title", &s->meta_title },
		{ "meta_description", &s->meta_description },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (str_eqc(name, texts[i].name) && value.n)
			*texts[i].to = value;
	if (image_setting(&s->logo, "logo", name, value) || image_setting(&s->icon, "icon", name, value) ||
	    image_setting(&s->cover, "cover", name, value))
		return;
	if (str_starts(name, STR("social.")) && value.n)
		social[s->social_count++] = (struct blog_social){ str_skip(name, 7), value };
	else if (str_eqc(name, "members_signup"))
		s->members_invite_only = str_eqc(value, "invite");
}

static struct blog_nav nav_below(struct arena *a, const struct blog_nav_row *rows, size_t n, const int64_t *parent,
                                 int depth)
{
	struct blog_nav nav = { 0 };
	struct blog_nav_item *items = ARENA_ARRAY(a, struct blog_nav_item, n ? n : 1);
	for (size_t i = 0; i < n && depth < NAV_DEPTH_MAX; i++) {
		bool here = parent ? !rows[i].parent_id_null && rows[i].parent_id == *parent : rows[i].parent_id_null;
		if (!here)
			continue;
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

enum status blog_site(struct ctx *ctx, struct db_conn *c, struct blog_site *out, struct err *e)
{
	struct blog_settings_row *settings;
	size_t n;
	(void)ctx;
	static const struct str empty = STR_INIT("");
	*out = (struct blog_site){
		.title = STR("Guildhall"), .description = empty, .accent = empty, .lang = STR("en"), .timezone = STR("Etc/UTC"),
		.meta_title = empty, .meta_description = empty,
		.logo = { empty, empty, empty, 0, 0 }, .icon = { empty, empty, empty, 0, 0 }, .cover = { empty, empty, empty, 0, 0 },
	};
	TRY(q_blog_settings(c, &settings, &n, e));
	struct blog_social *social = ARENA_ARRAY(db_arena(c), struct blog_social, n + 1);
	for (size_t i = 0; i < n; i++)
		apply_setting(out, settings[i].name, settings[i].value, social);
	out->social = social;
	return ST_OK;
}
