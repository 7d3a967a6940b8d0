/* SPDX-License-Identifier: Apache-2.0
 *
 * The transaction of an import: the whole plan or nothing. Runs on the writer's thread (SQLite) or may run again after
 * a serialisation failure (PostgreSQL): so it counts into its own report, which replaces the caller's when all is
 * written, and changes nothing of the plan that a second run would read differently.
 */

#include "base/clock.h"
#include "base/id.h"
#include "base/table.h"
#include "gen/blog_sql.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/blog/edges.h"
#include "services/blog/import_plan.h"
#include "services/blog/library.h"

#define SLUG_TRIES 500

struct done_object { struct str origin; int64_t id; UT_hash_handle hh; };

struct writer {
	struct db_conn *c;
	struct arena *a;
	struct plan *plan;
	const struct import_options *opt;
	struct import_log *log;
	struct import_report *counted; /* of this run */
	struct done_object *by_origin;
	struct edge *edges; /* of new objects: written at the end, all at once */
	size_t edge_count, edge_room;
};

/* --- files -------------------------------------------------------------------------------------------------------- */

static enum status write_item(struct writer *w, const struct plan_media *m, int64_t *id, struct err *e)
{
	const struct media_item *item = m->item;
	const struct library_file file = { .item = item, .name = m->origin, .now = w->plan->now };
	struct str sha = str_c(item->sha256);
	bool added;
	TRY(library_record(w->c, &file, id, &added, e));
	if (added && w->opt->pictures_later) {
		struct job_new later = { .kind = "media.finish",
			.key = sha,
			.payload = arena_strf(w->a, "{\"sha\":\"%s\"}", item->sha256) };
		TRY(job_enqueue(w->c, &later, NULL, e));
	}
	return q_blog_media_origin_put(w->c, m->origin, *id, NULL, e);
}

static enum status write_media(struct writer *w, struct err *e)
{
	for (size_t i = 0; i < w->plan->media_count; i++) {
		TRY(write_item(w, w->plan->media[i], &w->plan->media[i]->id, e));
		w->counted->counts[IMPORT_MEDIA].added++;
	}
	return ST_OK;
}

/* --- objects ------------------------------------------------------------------------------------------------------ */

static enum status is_taken(
        struct writer *w, struct str type, struct str slug, int64_t self, bool *taken, struct err *e)
{
	struct blog_object_by_slug_row *row;
	bool page = str_eqc(type, "page");
	TRY(q_blog_object_by_slug(w->c, type, slug, &row, e));
	*taken = row && row->id != self;
	if (*taken || (!page && !str_eqc(type, "post")))
		return ST_OK;
	/* Posts and pages share their addresses. */
	TRY(q_blog_object_by_slug(w->c, page ? STR("post") : STR("page"), slug, &row, e));
	*taken = row != NULL && row->id != self;
	return ST_OK;
}

static enum status free_slug(
        struct writer *w, const struct plan_object *o, int64_t self, struct str *slug, struct err *e)
{
	bool taken;
	*slug = o->slug;
	for (int n = 2;; n++) {
		TRY(is_taken(w, o->type, *slug, self, &taken, e));
		if (!taken)
			return ST_OK;
		if (n > SLUG_TRIES)
			return err_set(e, ST_CONFLICT, "more than %d objects want the address \"%.*s\"", SLUG_TRIES,
			        STR_ARG(o->slug));
		*slug = arena_strf(w->a, "%.*s-%d", STR_ARG(o->slug), n);
	}
}

static struct str path_of(struct writer *w, struct str type, struct str slug)
{
	if (str_eqc(type, "post") || str_eqc(type, "page"))
		return arena_strf(w->a, "/%.*s/", STR_ARG(slug));
	return arena_strf(w->a, "/%.*s/%.*s/", STR_ARG(type), STR_ARG(slug));
}

static enum status redirect(struct writer *w, struct str type, struct str from, struct str to, struct err *e)
{
	if (!from.p || str_eq(from, to) || str_eqc(type, "tier") || str_eqc(type, "snippet"))
		return ST_OK;
	TRY(q_blog_redirect_put(w->c, path_of(w, type, from), path_of(w, type, to), 301, w->plan->now, NULL, e));
	return q_blog_redirect_drop(w->c, path_of(w, type, to), NULL, e);
}

/* old: as it is here; NULL: it is new */
static enum status write_row(struct writer *w, const struct plan_object *o, int64_t id,
        const struct blog_object_by_origin_row *old, struct str slug, struct err *e)
{
	const int64_t *image = o->image && o->image->id ? &o->image->id : NULL;
	const int64_t *published = o->published_at ? &o->published_at : NULL;
	if (old && o->undated && published && !old->published_at_null)
		published = &old->published_at;
	if (!old)
		return q_blog_object_add(w->c, id, o->type, slug, o->title, o->status, o->visibility, o->featured,
		        o->excerpt, o->reading_min, o->lang, o->template, image, o->image_url, o->image_alt,
		        o->created_at, o->updated_at, published, o->origin, o->hash, NULL, e);
	return q_blog_object_change(w->c, id, slug, o->title, o->status, o->visibility, o->featured, o->excerpt,
	        o->reading_min, o->lang, o->template, image, o->image_url, o->image_alt, o->updated_at, published,
	        o->hash, NULL, e);
}

static enum status write_body(struct writer *w, const struct plan_object *o, int64_t id, struct err *e)
{
	struct blog_revision_of_row *now;
	const struct plan_body *pb = o->body;
	if (!pb)
		return ST_OK;
	TRY(q_blog_revision_of(w->c, id, &now, e));
	if (now && str_eq(now->hash, pb->hash))
		return ST_OK;
	int64_t revision = id_new();
	TRY(q_blog_revision_add(w->c, revision, id, w->plan->now, NULL, o->title,
	        str_c(body_format_name(pb->body.format)), pb->source, pb->body.html.s, pb->body.member.s,
	        pb->body.visitor.s, pb->body.preview.s, o->search.p ? o->search : STR(""), pb->body.words, pb->hash,
	        NULL, e));
	TRY(library_uses(w->c, id, "shown", pb->body.html.s, e));
	return q_blog_revision_current(w->c, id, revision, NULL, e);
}

static enum status write_details(struct writer *w, const struct plan_object *o, int64_t id, struct err *e)
{
	if (o->has_meta)
		TRY(q_blog_meta_put(w->c, id, o->custom_excerpt, o->caption, o->meta_title, o->meta_description,
		        o->og_title, o->og_description, o->og_image, o->twitter_title, o->twitter_description,
		        o->twitter_image, o->canonical_url, o->accent, o->code_head, o->code_foot, NULL, e));
	if (o->has_profile)
		TRY(q_blog_profile_put(
		        w->c, id, o->email, o->role, o->location, o->website, o->social, o->cover_url, NULL, e));
	if (o->search.p)
		TRY(q_blog_search_put(w->c, id, o->title, o->search, NULL, e));
	return ST_OK;
}

/* What is there twice keeps its first place, as with edges_set: of many put at once the last counts. */
static void edges_collect(struct writer *w, int64_t id, struct str type, const int64_t *ids, size_t n)
{
	if (w->edge_count + n > w->edge_room) {
		w->edge_room = 2 * (w->edge_count + n);
		struct edge *grown = ARENA_ARRAY(w->a, struct edge, w->edge_room);
		if (w->edge_count)
			memcpy(grown, w->edges, w->edge_count * sizeof *grown);
		w->edges = grown;
	}
	for (size_t i = n; i--;)
		w->edges[w->edge_count++] = (struct edge){ id, type, ids[i], (int64_t)i };
}

static enum status write_links(struct writer *w, const struct plan_object *o, int64_t id, bool fresh, struct err *e)
{
	const struct { const char *type; const struct plan_links *links; } sets[] = {
		{ "tagged", &o->tagged }, { "authored-by", &o->authored }, { "requires", &o->requires },
		{ "part-of", &o->part_of },
	};
	for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
		const struct plan_links *links = sets[s].links;
		if (!links->count && links == &o->part_of)
			continue; /* no import but WordPress' knows of it: what was said here stays */
		int64_t *ids = ARENA_ARRAY(w->a, int64_t, links->count ? links->count : 1);
		size_t n = 0;
		for (size_t i = 0; i < links->count; i++) {
			struct done_object *d = NULL;
			HASH_FIND(hh, w->by_origin, links->origins[i].p, links->origins[i].n, d);
			if (d)
				ids[n++] = d->id;
		}
		if (fresh)
			edges_collect(w, id, str_c(sets[s].type), ids, n);
		else
			TRY(edges_set(w->c, id, str_c(sets[s].type), ids, n, e));
	}
	return ST_OK;
}

static void origin_remember(struct writer *w, struct str origin, int64_t id)
{
	struct done_object *d = ARENA_NEW(w->a, struct done_object);
	d->origin = origin;
	d->id = id;
	HASH_ADD_KEYPTR(hh, w->by_origin, d->origin.p, d->origin.n, d);
}

/* A tag or author that was here before the import, of the same address: it is used, and stays as it is. */
static enum status adopt(struct writer *w, const struct plan_object *o, bool *adopted, struct err *e)
{
	struct blog_object_by_slug_row *row;
	*adopted = false;
	if (o->kind != IMPORT_TAGS && o->kind != IMPORT_AUTHORS)
		return ST_OK;
	TRY(q_blog_object_by_slug(w->c, o->type, o->slug, &row, e));
	if (!row || str_starts(row->origin, arena_strf(w->a, "%s:", w->plan->source)))
		return ST_OK;
	*adopted = true;
	origin_remember(w, o->origin, row->id);
	w->counted->counts[o->kind].unchanged++;
	return ST_OK;
}

static enum status write_changed(
        struct writer *w, const struct plan_object *o, const struct blog_object_by_origin_row *old, struct err *e)
{
	int64_t id = old ? old->id : id_new();
	struct str slug;
	TRY(free_slug(w, o, id, &slug, e));
	if (!str_eq(slug, o->slug))
		import_note(w->log, o->kind, o->slug, "this address is taken: \"%.*s\" was given", STR_ARG(slug));
	if (old)
		TRY(redirect(w, o->type, old->slug, slug, e));
	TRY(redirect(w, o->type, o->old_slug, slug, e));
	if (o->old_path.p && !str_eq(o->old_path, path_of(w, o->type, slug)))
		TRY(q_blog_redirect_put(w->c, o->old_path, path_of(w, o->type, slug), 301, w->plan->now, NULL, e));
	TRY(write_row(w, o, id, old, slug, e));
	if (o->guid.n)
		TRY(q_blog_object_guid_put(w->c, id, o->guid, NULL, e));
	TRY(write_details(w, o, id, e));
	TRY(write_body(w, o, id, e));
	origin_remember(w, o->origin, id);
	TRY(write_links(w, o, id, !old, e));
	struct import_count *count = &w->counted->counts[o->kind];
	++*(old ? &count->changed : &count->added);
	return ST_OK;
}

static enum status write_object(struct writer *w, const struct plan_object *o, struct err *e)
{
	struct blog_object_by_origin_row *old;
	struct done_object *twin = NULL;
	bool adopted;
	HASH_FIND(hh, w->by_origin, o->origin.p, o->origin.n, twin);
	if (twin) {
		w->counted->counts[o->kind].skipped++;
		import_note(w->log, o->kind, o->slug, "the file has this id twice: the first was taken");
		return ST_OK;
	}
	TRY(q_blog_object_by_origin(w->c, o->origin, &old, e));
	if (old && str_eq(old->origin_hash, o->hash)) {
		w->counted->counts[o->kind].unchanged++;
		origin_remember(w, o->origin, old->id);
		return ST_OK;
	}
	if (old && !str_eq(old->type, o->type)) /* a post became a page, or the other way round */
		TRY(q_blog_object_retype(w->c, old->id, o->type,
		        arena_strf(w->a, "%.*s-%lld", STR_ARG(old->slug), (long long)old->id), NULL, e));
	if (!old) {
		TRY(adopt(w, o, &adopted, e));
		if (adopted)
			return ST_OK;
	}
	return write_changed(w, o, old, e);
}

/* --- the site ----------------------------------------------------------------------------------------------------- */

/* What was imported before and changed here since stays as it is here, until it changes there. */
static enum status is_news(struct writer *w, const char *name, struct str hash, bool *news, bool *before, struct err *e)
{
	struct blog_setting_row *row;
	struct str key = arena_strf(w->a, "import.%s.%s", w->plan->source, name);
	TRY(q_blog_setting(w->c, key, &row, e));
	*before = row != NULL;
	*news = !row || !str_eq(row->value, hash);
	return *news ? q_blog_setting_put(w->c, key, hash, w->plan->now, NULL, e) : ST_OK;
}

/* A setting that somebody chose here stays: it is there, and is not what an import wrote last (import.value.NAME). */
static enum status is_chosen_here(struct writer *w, const struct plan_setting *s, bool *chosen, struct err *e)
{
	struct blog_setting_row *now, *written;
	TRY(q_blog_setting(w->c, s->name, &now, e));
	TRY(q_blog_setting(w->c, arena_strf(w->a, "import.value.%.*s", STR_ARG(s->name)), &written, e));
	*chosen = now && now->value.n && !str_eq(now->value, s->value) &&
	        !(written && str_eq(written->value, now->value));
	return ST_OK;
}

static enum status write_setting(struct writer *w, const struct plan_setting *s, int64_t *written, struct err *e)
{
	bool chosen;
	TRY(is_chosen_here(w, s, &chosen, e));
	if (chosen) {
		import_note(w->log, IMPORT_SETTINGS, s->name, "was chosen here, and stays as it is");
		return ST_OK;
	}
	struct str key = arena_strf(w->a, "import.value.%.*s", STR_ARG(s->name));
	TRY(q_blog_setting_put(w->c, key, s->value, w->plan->now, NULL, e));
	return q_blog_setting_put(w->c, s->name, s->value, w->plan->now, written, e);
}

static enum status write_settings(struct writer *w, struct err *e)
{
	struct import_count *count = &w->counted->counts[IMPORT_SETTINGS];
	bool news, before;
	if (!w->plan->setting_count)
		return ST_OK;
	TRY(is_news(w, "settings", w->plan->settings_hash, &news, &before, e));
	for (size_t i = 0; i < w->plan->setting_count; i++) {
		int64_t written = 0;
		if (news)
			TRY(write_setting(w, &w->plan->settings[i], &written, e));
		++*(!written ? &count->unchanged : before ? &count->changed : &count->added);
	}
	return ST_OK;
}

/* Who stands below another stands behind it, too. */
static enum status write_nav(struct writer *w, const struct plan_menu *m, size_t i, int64_t *ids, struct err *e)
{
	const struct plan_nav *item = &m->items[i];
	struct str url = item->url, label = item->label;
	struct done_object *to = NULL;
	if (item->of.p)
		HASH_FIND(hh, w->by_origin, item->of.p, item->of.n, to);
	if (to) {
		struct blog_object_brief_row *row;
		TRY(q_blog_object_brief(w->c, to->id, &row, e));
		url = row ? path_of(w, row->type, row->slug) : url;
		label = row && !label.n ? row->title : label;
	}
	if (!label.n || !url.n)
		return ST_OK; /* what it led to is not here */
	ids[i] = id_new();
	const int64_t *above = item->above && ids[item->above - 1] ? &ids[item->above - 1] : NULL;
	return q_blog_nav_add(w->c, ids[i], str_c(m->name), above, (int64_t)i, label, url, NULL, e);
}

static enum status write_comment(struct writer *w, const struct plan_comment *m, struct err *e)
{
	struct blog_comment_by_origin_row *row, *above = NULL;
	struct import_count *count = &w->counted->counts[IMPORT_COMMENTS];
	struct done_object *to = NULL;
	int64_t id = id_new();
	TRY(q_blog_comment_by_origin(w->c, m->origin, &row, e));
	HASH_FIND(hh, w->by_origin, m->object.p, m->object.n, to);
	if (row || !to) {
		++*(row ? &count->unchanged : &count->skipped);
		return ST_OK;
	}
	if (m->above.p)
		TRY(q_blog_comment_by_origin(w->c, m->above, &above, e));
	count->added++;
	return q_blog_comment_add(w->c, id, to->id, above ? &above->id : NULL, above ? above->thread_id : id, NULL,
	        m->name, STR(""), m->html, STR("shown"), m->created_at, m->origin, NULL, e);
}

static enum status write_menu(struct writer *w, const struct plan_menu *m, struct err *e)
{
	struct import_count *count = &w->counted->counts[IMPORT_MENUS];
	bool news, before;
	if (!m->count)
		return ST_OK;
	TRY(is_news(w, m->name, m->hash, &news, &before, e));
	if (!news) {
		count->unchanged++;
		return ST_OK;
	}
	TRY(q_blog_nav_clear(w->c, str_c(m->name), NULL, e));
	int64_t *ids = ARENA_ARRAY(w->a, int64_t, m->count);
	for (size_t i = 0; i < m->count; i++)
		TRY(write_nav(w, m, i, ids, e));
	++*(before ? &count->changed : &count->added);
	return ST_OK;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void add_counts(struct import_report *r, const struct import_report *counted)
{
	for (int k = 0; k < IMPORT_KINDS; k++) {
		r->counts[k].added += counted->counts[k].added;
		r->counts[k].changed += counted->counts[k].changed;
		r->counts[k].unchanged += counted->counts[k].unchanged;
		r->counts[k].skipped += counted->counts[k].skipped;
	}
}

static enum status import_record(struct writer *w, struct err *e)
{
	struct import_report whole = *w->log->report;
	const char *name = strrchr(w->opt->path, '/');
	struct buf json;
	buf_arena(&json, w->a, IMPORT_REPORT_MAX);
	add_counts(&whole, w->counted);
	import_report_json(&json, &whole);
	unsigned written = 0;
	for (int k = 0; k < IMPORT_KINDS; k++)
		written += w->counted->counts[k].added + w->counted->counts[k].changed;
	if (!written)
		return ST_OK; /* the same again is no news */
	TRY(q_blog_import_add(w->c, id_new(), str_c(w->plan->source), str_c(name ? name + 1 : w->opt->path),
	        w->plan->now, buf_str(&json), NULL, e));
	/* The site may be running, in another process: its pages are to be made anew. */
	return !w->opt->unseen ? event_emit(w->c, "site.imported", STR(""), STR("{}"), e) : ST_OK;
}

static enum status write_all(struct writer *w, struct err *e)
{
	size_t n = w->plan->object_count;
	TRY(write_media(w, e));
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };
		enum status st = write_object(w, &w->plan->objects[i], &why);
		if (st != ST_OK)
			return err_set(e, st, "%s \"%.*s\": %s", import_kind_name(w->plan->objects[i].kind),
			               STR_ARG(w->plan->objects[i].slug), why.msg);
		if (w->opt->progress)
			w->opt->progress(w->opt->progress_arg, "writing", i + 1, n);
	}
	TRY(edges_put_all(w->c, w->edges, w->edge_count, e));
	for (size_t i = 0; i < w->plan->comment_count; i++)
		TRY(write_comment(w, &w->plan->comments[i], e));
	TRY(write_settings(w, e));
	if (w->opt->site_url.n) /* what is written on later has links to the old site, too */
		TRY(q_blog_setting_put(w->c, STR("import.site_url"), w->opt->site_url, w->plan->now, NULL, e));
	for (size_t i = 0; i < 2; i++)
		TRY(write_menu(w, &w->plan->menus[i], e));
	return import_record(w, e);
}

struct write_run {
	struct plan *plan;
	const struct import_options *opt;
	struct import_log *log;
	struct import_report counted;
	bool rehearsed; /* all went well, and was rolled back: it was a dry run */
};

static enum status transaction(struct db_conn *c, void *arg, struct err *e)
{
	struct write_run *run = arg;
	size_t notes = run->log->report->note_count, dropped = run->log->report->notes_dropped;
	run->counted = (struct import_report){ .counts = { { 0 } } };
	struct writer w = {
		.c = c, .a = db_arena(c), .plan = run->plan, .opt = run->opt, .log = run->log, .counted = &run->counted
	};
	enum status st = write_all(&w, e);
	HASH_CLEAR(hh, w.by_origin);
	run->rehearsed = st == ST_OK && run->opt->dry_run;
	if (run->rehearsed)
		return err_set(e, ST_CANCELLED, "a dry run changes nothing");
	if (st != ST_OK) { /* this run did not happen, nor did what it had to say */
		run->log->report->note_count = notes;
		run->log->report->notes_dropped = dropped;
	}
	return st;
}

enum status import_write(struct ctx *ctx, struct db *db, struct plan *plan, const struct import_options *opt,
                         struct import_log *log, struct err *e)
{
	struct write_run run = { .plan = plan, .opt = opt, .log = log };
	struct err why = { 0 };
	enum status st = db_write(ctx, db, transaction, &run, &why);
	if (!run.rehearsed)
		TRY(st == ST_OK ? ST_OK : err_set(e, st, "%s", why.msg));
	add_counts(log->report, &run.counted);
	return ST_OK;
}
