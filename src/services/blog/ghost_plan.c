/* SPDX-License-Identifier: Apache-2.0
 *
 * Tags, authors, tiers and snippets of an export, and what all its objects have in common.
 */
#include <stdlib.h>

#include "base/guard.h"
#include "platform/core/service.h"
#include "services/blog/addresses.h"
#include "services/blog/ghost.h"

#define RENDER_VERSION "4" /* raised when bodies come out differently: an import then renders anew */
#define TITLE_MAX 255
#define LINKS_BESIDE   6 /* texts that an object's hash is made of, besides its relations */
#define OLD_SLUG_MAX   500
#define ID_PART        32 /* bytes of an id that an address is made of */

/* --- what objects have in common ---------------------------------------------------------------------------------- */

struct plan_object *ghost_object(struct ghost *g, enum import_kind kind, const char *type, json_t *row)
{
	bool post = kind == IMPORT_POSTS || kind == IMPORT_PAGES;
	struct str id = ghost_id(g->a, row, post ? "uuid" : "id"); /* relations name the others by id */
	if (!id.n)
		id = ghost_id(g->a, row, post ? "id" : "uuid");
	return plan_object(g->plan, kind, type, post ? arena_strf(g->a, "ghost:%.*s", STR_ARG(id))
	                                               : arena_strf(g->a, "ghost:%s:%.*s", type, STR_ARG(id)));
}

static struct str plan_address(struct ghost *g, json_t *row, const char *key)
{
	struct str url = ghost_url(g, row, key);
	const struct plan_media *m = import_media_find(g->media, url, g->log);
	return m ? m->image.src : url;
}

static void common_meta(struct ghost *g, struct plan_object *o, json_t *row)
{
	const struct { const char *key; struct str *to; } texts[] = {
		{ "meta_title", &o->meta_title },       { "meta_description", &o->meta_description },
		{ "og_title", &o->og_title },           { "og_description", &o->og_description },
		{ "twitter_title", &o->twitter_title }, { "twitter_description", &o->twitter_description },
		{ "accent_color", &o->accent },         { "codeinjection_head", &o->code_head },
		{ "codeinjection_foot", &o->code_foot },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct str s = ghost_text(row, texts[i].key);
		if (s.n)
			*texts[i].to = s;
		o->has_meta = o->has_meta || s.n;
	}
	const struct { const char *key; struct str *to; } urls[] = {
		{ "og_image", &o->og_image },
		{ "twitter_image", &o->twitter_image },
		{ "canonical_url", &o->canonical_url },
	};
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		if (!ghost_text(row, urls[i].key).n)
			continue;
		*urls[i].to = plan_address(g, row, urls[i].key);
		o->has_meta = true;
	}
}

static void common_dates(struct ghost *g, struct plan_object *o, json_t *row)
{
	if (!ghost_time(row, "created_at", &o->created_at))
		o->created_at = g->exported_at;
	if (!ghost_time(row, "updated_at", &o->updated_at))
		o->updated_at = o->created_at;
}

/* --- addresses of this program ------------------------------------------------------------------------------------ */

void ghost_plan_moved(struct ghost *g)
{
	size_t n = ghost_count(g, GHOST_POSTS);
	g->moved = ARENA_ARRAY(g->a, struct ghost_moved, n ? n : 1);
	for (size_t i = 0; i < n; i++) {
		json_t *row = ghost_row(g, GHOST_POSTS, i);
		struct str slug = body_slug(g->a, str_trim(ghost_text(row, "slug")));
		bool page = str_eqc(ghost_text(row, "type"), "page") || ghost_flag(row, "page");
		if (blog_is_own_address(g->a, g->ctx->svc, slug))
			g->moved[g->moved_count++] = (struct ghost_moved){
				slug, arena_strf(g->a, "%.*s-%s", STR_ARG(slug), page ? "page" : "post")
			};
	}
}

static struct str moved_slug(const struct ghost *g, struct str slug)
{
	for (size_t i = 0; i < g->moved_count; i++)
		if (str_eq(g->moved[i].from, slug))
			return g->moved[i].to;
	return slug;
}

struct str ghost_moved_path(struct ghost *g, struct str path)
{
	size_t n = 1;
	while (n < path.n && !strchr("/?#", path.p[n]))
		n++;
	struct str slug = str_n(path.p + 1, n - 1), to = moved_slug(g, slug), rest = str_skip(path, n);
	bool alone = !rest.n || rest.p[0] != '/' || rest.n == 1 || strchr("?#", rest.p[1]);
	return alone && !str_eq(to, slug) ? arena_strf(g->a, "/%.*s%.*s", STR_ARG(to), STR_ARG(rest)) : path;
}

/* Kept when it is one of ours already; else made from it, from the title, or from the id. */
static void choose_slug(struct ghost *g, struct plan_object *o, json_t *row)
{
	struct str given = str_trim(ghost_text(row, "slug"));
	o->slug = body_slug(g->a, given);
	if (given.n && !str_eq(given, o->slug))
		o->old_slug = str_utf8_first(given, OLD_SLUG_MAX);
	if (!o->slug.n)
		o->slug = body_slug(g->a, o->title);
	if (!o->slug.n) {
		struct str id = ghost_id(g->a, row, "id");
		o->slug = body_slug(
		        g->a, arena_strf(g->a, "%.*s-%.*s", STR_ARG(o->type), STR_ARG(str_utf8_fit(id, ID_PART))));
	}
	struct str moved = o->kind == IMPORT_POSTS || o->kind == IMPORT_PAGES ? moved_slug(g, o->slug) : o->slug;
	if (!given.n)
		import_note(g->log, o->kind, o->title.n ? o->title : o->slug, "has no slug: \"%.*s\" was made",
		        STR_ARG(o->slug));
	else if (!str_eq(moved, o->slug))
		import_note(g->log, o->kind, given,
		            "is an address of this program: \"%.*s\" was given, and links to it follow",
		            STR_ARG(moved));
	else if (o->old_slug.p)
		import_note(g->log, o->kind, given,
		            "is no address here: \"%.*s\" was made of it, and the old one leads there",
		            STR_ARG(o->slug));
	o->slug = moved;
}

static void note_cut_title(struct ghost *g, const struct plan_object *o, struct str whole)
{
	if (whole.n > o->title.n)
		import_note(g->log, o->kind, o->slug, "the title was cut to %d characters", TITLE_MAX);
}

void ghost_common(struct ghost *g, struct plan_object *o, json_t *row)
{
	const char *key = json_object_get(row, "title") ? "title" : "name";
	struct str title = str_trim(ghost_text(row, key));
	o->title = str_utf8_first(title, TITLE_MAX);
	choose_slug(g, o, row);
	note_cut_title(g, o, title);
	if (!o->title.n) {
		o->title = ghost_text(row, "slug").n ? o->slug : STR("(Untitled)");
		import_note(g->log, o->kind, o->slug, "has no title: \"%.*s\" was taken", STR_ARG(o->title));
	}
	common_dates(g, o, row);
	common_meta(g, o, row);
}

void ghost_image(struct ghost *g, struct plan_object *o, struct str url)
{
	if (!url.n)
		return;
	o->image = import_media_find(g->media, url, g->log);
	if (!o->image)
		o->image_url = url;
}

void ghost_finish(struct ghost *g, struct plan_object *o, json_t *row, json_t *extra)
{
	const struct plan_links *sets[] = { &o->tagged, &o->authored, &o->requires };
	size_t n = 0, most = LINKS_BESIDE;
	for (size_t s = 0; s < 3; s++)
		most += sets[s]->count;
	struct str *links = ARENA_ARRAY(g->a, struct str, most);
	char *rows[2] = { json_dumps(row, JSON_SORT_KEYS | JSON_COMPACT),
		extra ? json_dumps(extra, JSON_SORT_KEYS | JSON_COMPACT) : NULL };
	if (!rows[0] || (extra && !rows[1]))
		guard_abort(ST_NOMEM); /* a hash of less would call something changed, or not, that is not so */
	links[n++] = STR(RENDER_VERSION);
	links[n++] = str_c(rows[0]);
	links[n++] = str_c(rows[1]);
	links[n++] = o->body ? o->body->hash : STR_NULL;
	links[n++] = o->image ? o->image->image.src : o->image_url;
	links[n++] = o->cover_url;
	for (size_t s = 0; s < 3; s++)
		for (size_t i = 0; i < sets[s]->count; i++)
			links[n++] = sets[s]->origins[i];
	o->hash = import_hash(g->a, links, n);
	free(rows[0]);
	free(rows[1]);
}

/* --- tags --------------------------------------------------------------------------------------------------------- */

void ghost_plan_tags(struct ghost *g)
{
	for (size_t i = 0; i < ghost_count(g, GHOST_TAGS); i++) {
		json_t *row = ghost_row(g, GHOST_TAGS, i);
		if (!json_is_object(row) || (!ghost_text(row, "name").n && !ghost_text(row, "slug").n)) {
			g->log->report->counts[IMPORT_TAGS].skipped++;
			import_note(g->log, IMPORT_TAGS, arena_strf(g->a, "row %zu", i + 1),
			        "has neither a name nor a slug");
			continue;
		}
		struct plan_object *o = ghost_object(g, IMPORT_TAGS, "tag", row);
		ghost_common(g, o, row);
		o->excerpt = ghost_text(row, "description");
		/* Internal ones mark posts for themes: they have no page and are not shown. */
		if (str_eqc(ghost_text(row, "visibility"), "internal") || ghost_flag(row, "hidden") ||
		        str_starts(o->title, STR("#")))
			o->status = STR("unlisted");
		ghost_image(g, o, ghost_url(g, row, ghost_text(row, "image").n ? "image" : "feature_image"));
		ghost_finish(g, o, row, NULL);
	}
}

/* --- authors ------------------------------------------------------------------------------------------------------ */

static struct str social_of(struct ghost *g, json_t *row)
{
	static const char *const networks[] = { "facebook",  "twitter", "threads", "bluesky", "mastodon",
		                                "instagram", "tiktok",  "youtube", "linkedin" };
	SCOPED_JSON *j = json_object();
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (ghost_text(row, networks[i]).n)
			json_object_set(j, networks[i], json_object_get(row, networks[i]));
	struct str text = json_text(g->a, j);
	return text.p ? text : STR("{}");
}

static struct str role_of(
        struct ghost *g, const struct ghost_index *of_user, const struct ghost_index *roles, json_t *user)
{
	size_t n, m;
	struct ghost_entry *link = ghost_find(of_user, ghost_id(g->a, user, "id"), &n);
	struct ghost_entry *role = link ? ghost_find(roles, ghost_id(g->a, link->row, "role_id"), &m) : NULL;
	return role ? body_slug(g->a, ghost_text(role->row, "name")) : STR("");
}

void ghost_plan_authors(struct ghost *g)
{
	struct ghost_index of_user = ghost_index(g, GHOST_ROLES_USERS, "user_id"),
	                   roles = ghost_index(g, GHOST_ROLES, "id");
	for (size_t i = 0; i < ghost_count(g, GHOST_USERS); i++) {
		json_t *row = ghost_row(g, GHOST_USERS, i);
		if (!json_is_object(row) || (!ghost_text(row, "name").n && !ghost_text(row, "slug").n)) {
			g->log->report->counts[IMPORT_AUTHORS].skipped++;
			import_note(g->log, IMPORT_AUTHORS, arena_strf(g->a, "row %zu", i + 1),
			        "has neither a name nor a slug");
			continue;
		}
		struct plan_object *o = ghost_object(g, IMPORT_AUTHORS, "author", row);
		ghost_common(g, o, row);
		o->has_profile = true;
		o->excerpt = ghost_text(row, "bio");
		o->email = ghost_text(row, "email");
		o->location = ghost_text(row, "location");
		o->website = ghost_text(row, "website");
		o->social = social_of(g, row);
		o->role = role_of(g, &of_user, &roles, row);
		o->cover_url = plan_address(g, row, ghost_text(row, "cover").n ? "cover" : "cover_image");
		ghost_image(g, o, ghost_url(g, row, ghost_text(row, "image").n ? "image" : "profile_image"));
		/* The password and when somebody signed in last are nobody's business here, and would make each export
		 * a change. */
		json_t *kept = json_copy(row);
		json_object_del(kept, "password");
		json_object_del(kept, "last_seen");
		json_object_del(kept, "updated_at");
		ghost_finish(g, o, kept, NULL);
		json_decref(kept);
	}
}

/* --- tiers and snippets ------------------------------------------------------------------------------------------- */

void ghost_plan_tiers(struct ghost *g)
{
	for (size_t i = 0; i < ghost_count(g, GHOST_PRODUCTS); i++) {
		json_t *row = ghost_row(g, GHOST_PRODUCTS, i);
		if (!json_is_object(row) || !ghost_text(row, "name").n)
			continue;
		struct plan_object *o = ghost_object(g, IMPORT_TIERS, "tier", row);
		ghost_common(g, o, row);
		o->status = STR("unlisted");
		o->excerpt = ghost_text(row, "description");
		ghost_finish(g, o, row, NULL);
	}
}

void ghost_plan_snippets(struct ghost *g)
{
	for (size_t i = 0; i < ghost_count(g, GHOST_SNIPPETS); i++) {
		json_t *row = ghost_row(g, GHOST_SNIPPETS, i);
		if (!json_is_object(row) || !ghost_text(row, "name").n)
			continue;
		struct plan_object *o = ghost_object(g, IMPORT_SNIPPETS, "snippet", row);
		struct str lexical = ghost_text(row, "lexical");
		o->title = str_utf8_first(ghost_text(row, "name"), TITLE_MAX);
		o->slug = body_slug(g->a, o->title);
		if (!o->slug.n)
			o->slug = body_slug(g->a, o->origin);
		note_cut_title(g, o, ghost_text(row, "name"));
		common_dates(g, o, row);
		o->status = STR("unlisted");
		ghost_render(g, o, lexical.n ? BODY_LEXICAL : BODY_MOBILEDOC,
		        lexical.n ? lexical : ghost_text(row, "mobiledoc"), STR_NULL);
		ghost_finish(g, o, row, NULL);
	}
}
