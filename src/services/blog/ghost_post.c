/* SPDX-License-Identifier: Apache-2.0
 *
 * Posts and pages of an export: body, state, who may read them, relations.
 */
#include <stdlib.h>

#include "base/guard.h"
#include "platform/text/sanitize.h"
#include "services/blog/ghost.h"

#define GUID_MAX    64 /* bytes of an id that is kept; Ghost's have 24 */

struct relations {
	struct ghost_index meta, tags, posts_tags, users, posts_authors, products, posts_products;
	struct str owner;
};

/* --- bodies ------------------------------------------------------------------------------------------------------- */

bool ghost_render(
        struct ghost *g, struct plan_object *o, enum body_format format, struct str source, struct str fallback)
{
	struct err err = { 0 };
	if (plan_render(g->run, o, format, source, fallback, &g->body, &err) == ST_OK)
		return true;
	import_note(g->log, o->kind, o->slug, "the body was left out: %s", err.msg);
	return false;
}

/* Lexical that some tools wrote as an object, and not as text that holds one. */
static struct str document(struct ghost *g, json_t *row, const char *key)
{
	json_t *j = json_object_get(row, key);
	if (!json_is_object(j))
		return ghost_text(row, key);
	struct str text = json_text(g->a, j);
	return text.p ? text : STR("");
}

static void render_post(struct ghost *g, struct plan_object *o, json_t *row)
{
	static const struct { const char *key; enum body_format format; } sources[] = {
		{ "lexical", BODY_LEXICAL }, { "mobiledoc", BODY_MOBILEDOC }, { "markdown", BODY_MARKDOWN },
	};
	struct str html = ghost_text(row, "html");
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct str source = document(g, row, sources[i].key);
		if (!source.n)
			continue;
		ghost_render(g, o, sources[i].format, source, html.n ? html : STR_NULL);
		return;
	}
	ghost_render(g, o, BODY_HTML, html, STR_NULL);
}

/* --- state -------------------------------------------------------------------------------------------------------- */

static void set_status(struct ghost *g, struct plan_object *o, json_t *row, json_t *meta)
{
	struct str status = ghost_text(row, "status");
	int64_t created;
	bool dated = ghost_time(row, "published_at", &o->published_at);
	if (str_eqc(status, "published") || str_eqc(status, "scheduled") || str_eqc(status, "draft"))
		o->status = status;
	else
		o->status = STR("draft");
	if (str_eqc(status, "sent") || ghost_flag(meta, "email_only")) {
		o->status = STR("draft");
		import_note(g->log, o->kind, o->slug, "was e-mailed and never on the site: kept as a draft");
	} else if (!str_eq(status, o->status)) {
		import_note(g->log, o->kind, o->slug, "has the unknown state \"%.*s\": kept as a draft",
		            STR_ARG(str_shown(status)));
	}
	json_t *given = json_object_get(row, "published_at");
	if (!dated && str_eqc(o->status, "published"))
		o->published_at = o->created_at;
	if (!dated && given && !json_is_null(given))
		import_note(g->log, o->kind, o->slug, "has no sound date of publication: %s was taken",
		            ghost_time(row, "created_at", &created) ? "that of its creation" : "that of the export");
	if (!dated && str_eqc(o->status, "scheduled")) {
		o->status = STR("draft");
		import_note(g->log, o->kind, o->slug, "is scheduled for no date: kept as a draft");
	}
}

static void set_visibility(struct ghost *g, struct plan_object *o, json_t *row)
{
	struct str v = ghost_text(row, "visibility");
	if (!v.n || str_eqc(v, "public") || str_eqc(v, "members") || str_eqc(v, "paid") || str_eqc(v, "tiers")) {
		o->visibility = v.n ? v : STR("public");
		return;
	}
	o->visibility = STR("tiers"); /* a filter: whoever it means, they are fewer than all members */
	import_note(g->log, o->kind, o->slug, "is for \"%.*s\": kept for paying members", STR_ARG(str_shown(v)));
}

static void set_texts(struct ghost *g, struct plan_object *o, json_t *row, json_t *meta)
{
	struct safe_html caption = { STR("") };
	struct str raw = ghost_text(meta, "feature_image_caption"),
	           custom = str_trim(ghost_text(row, "custom_excerpt"));
	struct str lang = ghost_text(row, "locale");
	if (raw.n && body_inline(g->scratch, raw, &g->body, &caption, NULL) == ST_OK)
		o->caption = arena_str(g->a, caption.s);
	arena_reset(g->scratch);
	o->image_alt = ghost_text(meta, "feature_image_alt");
	o->lang = ghost_lang(g->a, lang.n ? lang : ghost_text(row, ghost_text(row, "lang").n ? "lang" : "language"));
	o->template = ghost_text(row, "custom_template");
	o->custom_excerpt = custom;
	o->featured = ghost_flag(row, "featured");
	o->has_meta = o->has_meta || custom.n || o->caption.n;
	bool open = str_eqc(o->visibility, "public");
	struct str shown = !o->body ? STR("") : open ? o->body->body.plain : o->body->body.plain_preview;
	o->excerpt = custom.n ? custom : body_excerpt(g->a, shown, BODY_EXCERPT_MAX);
	o->reading_min = o->body ? o->body->body.reading_min : 0;
	o->search = shown;
}

/* --- relations ---------------------------------------------------------------------------------------------------- */

struct placed { struct str origin; int64_t place; size_t at; };

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	return x->place != y->place ? (x->place < y->place ? -1 : 1) : x->at < y->at ? -1 : x->at > y->at;
}

/* The origins that rows of a join table lead to, by sort_order; what leads nowhere is left out. */
static struct plan_links links(struct ghost *g, struct plan_object *o, const struct ghost_index *join, struct str post,
                               const char *column, const struct ghost_index *targets, const char *type)
{
	size_t n, m, count = 0;
	struct ghost_entry *rows = ghost_find(join, post, &n);
	struct placed *list = ARENA_ARRAY(g->a, struct placed, n ? n : 1);
	for (size_t i = 0; i < n; i++) {
		struct str id = ghost_id(g->a, rows[i].row, column);
		if (!ghost_find(targets, id, &m)) {
			import_note(g->log, o->kind, o->slug, "has a %s that is not in the file", type);
			continue;
		}
		json_t *order = json_object_get(rows[i].row, "sort_order");
		list[count++] = (struct placed){ arena_strf(g->a, "ghost:%s:%.*s", type, STR_ARG(id)),
			json_integer_value(order), i };
	}
	qsort(list, count, sizeof *list, by_place);
	struct str *origins = ARENA_ARRAY(g->a, struct str, count ? count : 1);
	for (size_t i = 0; i < count; i++)
		origins[i] = list[i].origin;
	return (struct plan_links){ origins, count };
}

static void set_relations(struct ghost *g, struct plan_object *o, json_t *row, const struct relations *rel)
{
	struct str id = ghost_id(g->a, row, "id"), author = ghost_id(g->a, row, "author_id");
	size_t n;
	o->tagged = links(g, o, &rel->posts_tags, id, "tag_id", &rel->tags, "tag");
	o->authored = links(g, o, &rel->posts_authors, id, "author_id", &rel->users, "author");
	o->requires = links(g, o, &rel->posts_products, id, "product_id", &rel->products, "tier");
	if (o->authored.count)
		return;
	struct str *one = ARENA_NEW(g->a, struct str);
	if (author.n && ghost_find(&rel->users, author, &n))
		*one = arena_strf(g->a, "ghost:author:%.*s", STR_ARG(author));
	else
		*one = rel->owner;
	o->authored = (struct plan_links){ one, one->n ? 1 : 0 };
}

/* Posts that nobody wrote are the owner's. */
static struct str owner(const struct ghost *g)
{
	struct str first = STR_NULL;
	for (size_t i = 0; i < g->plan->object_count; i++) {
		const struct plan_object *o = &g->plan->objects[i];
		if (o->kind != IMPORT_AUTHORS)
			continue;
		if (str_eqc(o->role, "owner"))
			return o->origin;
		if (!first.p)
			first = o->origin;
	}
	return first;
}

static bool is_post(struct ghost *g, json_t *row, size_t i)
{
	if (json_is_object(row) && (ghost_id(g->a, row, "id").n || ghost_id(g->a, row, "uuid").n))
		return true;
	g->log->report->counts[IMPORT_POSTS].skipped++;
	import_note(g->log, IMPORT_POSTS, arena_strf(g->a, "row %zu", i + 1), "is no post: it has no id");
	return false;
}

/* Ghost's feeds name posts by their id. What was written here and exported has a uuid of ours, and is known by that. */
static struct str guid_of(struct ghost *g, json_t *row)
{
	struct str id = ghost_id(g->a, row, "id");
	bool ours = str_starts(ghost_text(row, "uuid"), STR("00000000-0000-8000-"));
	return ours || id.n > GUID_MAX ? STR_NULL : id;
}

static void plan_post(struct ghost *g, json_t *row, const struct relations *rel)
{
	size_t n;
	bool page = str_eqc(ghost_text(row, "type"), "page") || ghost_flag(row, "page");
	struct ghost_entry *entry = ghost_find(&rel->meta, ghost_id(g->a, row, "id"), &n);
	json_t *meta = entry ? entry->row : NULL;
	struct plan_object *o = ghost_object(g, page ? IMPORT_PAGES : IMPORT_POSTS, page ? "page" : "post", row);
	json_t *all = json_copy(row); /* meta stood on the post itself until version 3 */
	if (!all)
		guard_abort(ST_NOMEM);
	const char *key;
	json_t *value;
	json_object_foreach(meta, key, value)
		if (!json_is_null(value) && strcmp(key, "id"))
			json_object_set(all, key, value);
	o->guid = guid_of(g, row);
	ghost_common(g, o, all);
	render_post(g, o, row);
	set_status(g, o, row, all);
	set_visibility(g, o, row);
	set_texts(g, o, row, all);
	set_relations(g, o, row, rel);
	ghost_image(g, o, ghost_url(g, row, ghost_text(row, "feature_image").n ? "feature_image" : "image"));
	if (o->code_head.n || o->code_foot.n)
		import_note(g->log, o->kind, o->slug, "code injection was kept, and is not executed");
	ghost_finish(g, o, row, meta);
	json_decref(all); /* its texts are those of row and meta, which stay */
}

void ghost_plan_posts(struct ghost *g)
{
	const struct relations rel = {
		.meta = ghost_index(g, GHOST_POSTS_META, "post_id"),
		.tags = ghost_index(g, GHOST_TAGS, "id"),
		.posts_tags = ghost_index(g, GHOST_POSTS_TAGS, "post_id"),
		.users = ghost_index(g, GHOST_USERS, "id"),
		.posts_authors = ghost_index(g, GHOST_POSTS_AUTHORS, "post_id"),
		.products = ghost_index(g, GHOST_PRODUCTS, "id"),
		.posts_products = ghost_index(g, GHOST_POSTS_PRODUCTS, "post_id"),
		.owner = owner(g),
	};
	size_t n = ghost_count(g, GHOST_POSTS);
	for (size_t i = 0; i < n; i++) {
		json_t *row = ghost_row(g, GHOST_POSTS, i);
		if (is_post(g, row, i))
			plan_post(g, row, &rel);
		if (g->opt->progress)
			g->opt->progress(g->opt->progress_arg, "posts", i + 1, n);
	}
}
