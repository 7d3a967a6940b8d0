/* SPDX-License-Identifier: Apache-2.0
 *
 * The transactions of writing: a working copy, the settings of a post, what readers see, and the bin. Each is all or
 * nothing, on top of the version that was written on.
 */
#include "base/clock.h"
#include "base/id.h"
#include "platform/audit/audit.h"
#include "platform/cache/cache.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/blog/addresses.h"
#include "services/blog/edges.h"
#include "services/blog/import_plan.h"
#include "services/blog/library.h"
#include "services/blog/write.h"

struct post_saving {
	struct db_conn *c;
	struct arena *a;
	struct write_change *x;
	int64_t now;
	struct str status, old_slug; /* as it was */
	int64_t published_at;        /* 0: never */
};

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static enum status is_free(struct post_saving *s, struct str slug, bool *free, struct err *e)
{
	struct blog_object_by_slug_row *row;
	static const char *const types[] = { "post", "page" };
	*free = !blog_is_own_address(s->a, s->x->blog, slug);
	for (size_t i = 0; i < 2 && *free; i++) {
		TRY(q_blog_object_by_slug(s->c, str_c(types[i]), slug, &row, e));
		*free = !row || row->id == s->x->id;
	}
	return ST_OK;
}

struct str write_slug_of(struct arena *a, struct str base, int64_t id)
{
	return arena_strf(a, "%.*s-%.*s", STR_ARG(str_first(base, WRITE_SLUG_BASE)), STR_ARG(id_str(a, id)));
}

/* What was asked for, or with a number behind it, or with the post's own id where many are alike; made of the title
   where nothing was. */
static enum status choose_slug(struct post_saving *s, struct str wanted, struct err *e)
{
	struct str base = body_slug(s->a, str_trim(wanted).n ? wanted : s->x->title);
	bool free;
	if (!base.n)
		base = arena_strf(s->a, "p-%.*s", STR_ARG(id_str(s->a, s->x->id)));
	s->x->slug = base;
	for (int n = 2;; n++) {
		TRY(is_free(s, s->x->slug, &free, e));
		if (free)
			return ST_OK;
		s->x->slug = n > WRITE_SLUG_TRIES ? write_slug_of(s->a, base, s->x->id)
		                                  : arena_strf(s->a, "%.*s-%d", STR_ARG(base), n);
	}
}

/* Whoever had the old address finds the new one. */
static enum status redirect_old(struct post_saving *s, struct err *e)
{
	if (str_eq(s->old_slug, s->x->slug) || str_eqc(s->status, "draft"))
		return ST_OK;
	struct str from = arena_strf(s->a, "/%.*s/", STR_ARG(s->old_slug)),
	           to = arena_strf(s->a, "/%.*s/", STR_ARG(s->x->slug));
	TRY(q_blog_redirect_put(s->c, from, to, 301, s->now, NULL, e));
	return q_blog_redirect_drop(s->c, to, NULL, e);
}

/* --- topics ------------------------------------------------------------------------------------------------------- */

static enum status topic_of(struct post_saving *s, struct str name, int64_t *id, struct err *e)
{
	struct blog_tag_named_row *row;
	struct str slug = body_slug(s->a, name);
	TRY(q_blog_tag_named(s->c, name, slug, &row, e));
	*id = row ? row->id : 0;
	if (row || s->x->who->level == WRITE_CONTRIBUTOR)
		return ST_OK;
	*id = id_new();
	if (!slug.n)
		slug = arena_strf(s->a, "t-%.*s", STR_ARG(id_str(s->a, *id)));
	return q_blog_object_add(s->c, *id, STR("tag"), slug, name, STR("published"), STR("public"), false, STR(""), 0,
	                         STR(""), STR(""), NULL, STR(""), STR(""), s->now, s->now, &s->now, STR_NULL, STR_NULL,
	                         NULL, e);
}

static enum status set_topics(struct post_saving *s, struct str list, struct err *e)
{
	int64_t ids[WRITE_TAGS_MAX];
	size_t n = 0;
	struct str name;
	while (str_next(&list, ',', &name)) {
		int64_t id = 0;
		bool twice = false;
		name = str_trim(name);
		if (!name.n)
			continue;
		if (n == WRITE_TAGS_MAX)
			return err_set(e, ST_UNPROCESSABLE, "A post has at most %d topics.", WRITE_TAGS_MAX);
		TRY(topic_of(s, name, &id, e));
		for (size_t i = 0; i < n; i++)
			twice = twice || ids[i] == id;
		if (!id)
			s->x->note = STR(TR_NOOP("Topics that are new here are made by authors: those were left out."));
		if (id && !twice)
			ids[n++] = id;
	}
	return edges_set(s->c, s->x->id, STR("tagged"), ids, n, e);
}

/* --- settings ------------------------------------------------------------------------------------------------------
 */

static enum status put_meta(struct post_saving *s, const struct write_settings *v, struct err *e)
{
	static const struct blog_writing_row none = { 0 };
	const struct blog_writing_row *r = s->x->before ? s->x->before->row : &none;
	TRY(q_blog_meta_put(s->c, s->x->id, v->excerpt, str_or_empty(r->caption), v->meta_title, v->meta_description,
	                    str_or_empty(r->og_title), str_or_empty(r->og_description), str_or_empty(r->og_image),
	                    str_or_empty(r->twitter_title), str_or_empty(r->twitter_description),
	                    str_or_empty(r->twitter_image), v->canonical, str_or_empty(r->accent),
	                    str_or_empty(r->code_head), str_or_empty(r->code_foot), NULL, e));
	TRY(q_blog_comments_close(s->c, s->x->id, v->no_comments, NULL, e));
	return q_blog_object_focus(s->c, s->x->id, v->focus, NULL, e);
}

static enum status put_settings(struct post_saving *s, struct err *e)
{
	const struct write_settings *v = s->x->settings;
	const struct blog_writing_row *r = s->x->before ? s->x->before->row : NULL;
	int64_t image = r && !r->image_id_null ? r->image_id : 0;
	struct str image_url = r ? r->image_url : STR("");
	TRY(choose_slug(s, v->slug, e));
	if (v->image || v->no_image) {
		image = 0;
		image_url = STR("");
	}
	if (v->image)
		TRY(library_record(s->c, &(struct library_file){ v->image, v->image_name, s->x->who->person, s->now },
		                   &image, NULL, e));
	TRY(q_blog_object_settings(s->c, s->x->id, s->x->slug, v->visibility, v->featured, v->lang,
	                           image ? &image : NULL, image_url, v->image_alt, s->now, NULL, e));
	TRY(put_meta(s, v, e));
	TRY(redirect_old(s, e));
	return set_topics(s, v->tags, e);
}

/* --- what readers see ----------------------------------------------------------------------------------------------
 */

static struct str visibility_of(const struct post_saving *s)
{
	return s->x->settings ? s->x->settings->visibility
	       : s->x->before ? s->x->before->row->visibility
	                      : STR("public");
}

static struct str custom_excerpt_of(const struct post_saving *s)
{
	return s->x->settings ? s->x->settings->excerpt
	       : s->x->before ? str_or_empty(s->x->before->row->custom_excerpt)
	                      : STR("");
}

/* What those may find and read who are not signed in. */
static struct str open_text(const struct post_saving *s, const struct body *b)
{
	return str_eqc(visibility_of(s), "public") ? b->plain : b->plain_preview;
}

static struct str excerpt_of(const struct post_saving *s, const struct body *b)
{
	struct str custom = custom_excerpt_of(s);
	return custom.n ? custom : body_excerpt(s->a, open_text(s, b), BODY_EXCERPT_MAX);
}

static const char *kind_of(enum write_do what)
{
	switch (what) {
	case WRITE_AUTO:
		return "auto";
	case WRITE_PUBLISH:
	case WRITE_SCHEDULE:
	case WRITE_UNLIST:
		return "published";
	case WRITE_RESTORE:
		return "restored";
	default:
		return "saved";
	}
}

static enum status add_revision(struct post_saving *s, struct str hash, int64_t *id, struct err *e)
{
	const struct body *b = s->x->body;
	*id = id_new();
	TRY(q_blog_revision_add(s->c, *id, s->x->id, s->now, NULL, s->x->title, STR("lexical"), s->x->source, b->html.s,
	                        b->member.s, b->visitor.s, b->preview.s, open_text(s, b), b->words, hash, NULL, e));
	TRY(q_blog_revision_told(s->c, *id, str_c(kind_of(s->x->what)), &s->x->who->person->id, s->x->who->person->name,
	                         NULL, e));
	return q_blog_revisions_thin(s->c, s->x->id, WRITE_KEPT_AUTOS, NULL, e);
}

/* The working copy that was there before, as a revision of whoever wrote it. */
static enum status keep_draft(struct post_saving *s, struct err *e)
{
	const struct blog_writing_row *r = s->x->before->row;
	const struct body *b = s->x->kept;
	int64_t id = id_new();
	TRY(q_blog_revision_add(s->c, id, s->x->id, r->saved_at, NULL, r->draft_title, STR("lexical"), r->draft_source,
	                        b->html.s, b->member.s, b->visitor.s, b->preview.s, open_text(s, b), b->words,
	                        r->draft_hash, NULL, e));
	return q_blog_revision_told(s->c, id, STR("saved"), r->draft_person_null ? NULL : &r->draft_person,
	                            r->draft_name, NULL, e);
}

static bool is_shown_by(enum write_do what)
{
	return what == WRITE_PUBLISH || what == WRITE_SCHEDULE || what == WRITE_UNLIST;
}

static enum status set_state(struct post_saving *s, struct err *e)
{
	static const char *const states[] = { [WRITE_PUBLISH] = "published",
		                              [WRITE_SCHEDULE] = "scheduled",
		                              [WRITE_UNLIST] = "unlisted",
		                              [WRITE_DRAFT] = "draft" };
	int64_t at = s->x->what == WRITE_SCHEDULE                   ? s->x->publish_at
	             : s->published_at && s->published_at <= s->now ? s->published_at
	                                                            : s->now;
	if (s->x->what == WRITE_DRAFT)
		return q_blog_object_state(s->c, s->x->id, STR("draft"), s->published_at ? &s->published_at : NULL,
		                           s->now, NULL, e);
	return q_blog_object_state(s->c, s->x->id, str_c(states[s->x->what]), &at, s->now, NULL, e);
}

static enum status put_search(struct post_saving *s, const struct body *b, struct str status, struct err *e)
{
	if (str_eqc(status, "published") || str_eqc(status, "scheduled"))
		return q_blog_search_put(s->c, s->x->id, s->x->title, open_text(s, b), NULL, e);
	return q_blog_search_drop(s->c, s->x->id, NULL, e);
}

/* A job for the moment itself: kept pages of the lists are made anew then. */
static enum status enqueue_due(struct post_saving *s, struct err *e)
{
	struct str id = id_str(s->a, s->x->id);
	const struct job_new j = { .kind = "blog.publish",
		                   .key = arena_strf(s->a, "%.*s@%lld", STR_ARG(id), (long long)s->x->publish_at),
		                   .payload = arena_strf(s->a, "{\"id\":\"%.*s\"}", STR_ARG(id)),
		                   .run_at_us = s->x->publish_at };
	int64_t job;
	return job_enqueue(s->c, &j, &job, e);
}

static enum status show(struct post_saving *s, int64_t revision, struct err *e)
{
	const struct body *b = s->x->body;
	TRY(q_blog_object_shown(s->c, s->x->id, s->x->title, excerpt_of(s, b), b->reading_min, revision, s->now, NULL,
	                        e));
	TRY(set_state(s, e));
	TRY(put_search(s, b, s->x->what == WRITE_UNLIST ? STR("unlisted") : STR("published"), e));
	return s->x->what == WRITE_SCHEDULE ? enqueue_due(s, e) : ST_OK;
}

/* Others may read it now, or fewer: what anybody finds of it goes with that. */
static enum status show_again(struct post_saving *s, struct err *e)
{
	const struct blog_writing_row *r = s->x->before->row;
	TRY(q_blog_revision_plain(s->c, r->revision_id, open_text(s, s->x->shown), NULL, e));
	TRY(q_blog_object_excerpt(s->c, s->x->id, excerpt_of(s, s->x->shown), NULL, e));
	if (str_eqc(r->status, "published") || str_eqc(r->status, "scheduled"))
		return q_blog_search_put(s->c, s->x->id, r->title, open_text(s, s->x->shown), NULL, e);
	return ST_OK;
}

/* --- one save ------------------------------------------------------------------------------------------------------
 */

static enum status begin_post(struct post_saving *s, struct err *e)
{
	struct write_change *x = s->x;
	int64_t author;
	x->id = id_new();
	TRY(write_author(s->c, x->who->person, &author, e));
	TRY(choose_slug(s, x->settings ? x->settings->slug : STR(""), e));
	s->old_slug = x->slug;
	s->status = STR("draft");
	TRY(q_blog_object_add(s->c, x->id, x->type, x->slug, x->title, s->status, STR("public"), false, STR(""), 0,
	                      STR(""), STR(""), NULL, STR(""), STR(""), s->now, s->now, NULL, STR_NULL, STR_NULL, NULL,
	                      e));
	return edges_set(s->c, x->id, STR("authored-by"), &author, 1, e);
}

static enum status put_draft(struct post_saving *s, struct str hash, struct err *e)
{
	struct write_change *x = s->x;
	const struct blog_writing_row *r = x->before ? x->before->row : NULL;
	int64_t changed = 0, kept = x->body ? s->now : r && !r->kept_at_null ? r->kept_at : s->now;
	TRY(q_blog_draft_put(s->c, x->id, x->version, x->title, x->source, hash, x->who->person->id,
	                     x->who->person->name, s->now, kept, &changed, e));
	if (!changed)
		return err_set(e, ST_CONFLICT, "Somebody else has saved this meanwhile.");
	x->new_version = x->version + 1;
	return str_eqc(s->status, "draft") ? q_blog_draft_titled(s->c, x->id, x->title, s->now, NULL, e)
	                                   : q_blog_edited(s->c, x->id, s->now, NULL, e);
}

static const char *action_of(const struct write_change *x)
{
	static const char *const actions[] = { [WRITE_SAVE] = "post.saved",         [WRITE_PUBLISH] = "post.published",
		                               [WRITE_SCHEDULE] = "post.scheduled", [WRITE_UNLIST] = "post.unlisted",
		                               [WRITE_DRAFT] = "post.withdrawn",    [WRITE_RESTORE] = "post.restored" };
	return x->what == WRITE_AUTO ? x->before ? NULL : "post.begun" : actions[x->what];
}

/* Autosaves are not worth an entry each; the first is. */
static enum status record_change(struct post_saving *s, struct err *e)
{
	const char *action = action_of(s->x);
	struct buf details;
	if (!action)
		return ST_OK;
	struct str id = id_str(s->a, s->x->id);
	if (s->x->what != WRITE_AUTO)
		TRY(event_emit(s->c, action, id, STR("{}"), e));
	buf_text(&details, s->a);
	buf_puts(&details, "{\"version\":");
	buf_put_i64(&details, s->x->new_version);
	json_put_member(&details, "slug", s->x->slug);
	buf_putc(&details, '}');
	struct audit_entry entry = s->x->by;
	entry.action = action;
	entry.object = id;
	entry.details = buf_str(&details);
	return audit_write(s->c, &entry, e);
}

enum status write_change_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct write_change *x = arg;
	struct post_saving s = { .c = c, .a = db_arena(c), .x = x, .now = clock_now_us() };
	const struct blog_writing_row *r = x->before ? x->before->row : NULL;
	struct str hash = write_hash(s.a, x->title, x->source);
	int64_t revision = 0;
	x->note = STR("");
	if (r) {
		x->id = r->id;
		s.status = r->status;
		s.old_slug = x->slug = r->slug;
		s.published_at = r->published_at_null ? 0 : r->published_at;
	} else {
		TRY(begin_post(&s, e));
	}
	TRY(put_draft(&s, hash, e));
	TRY(library_uses(c, x->id, "draft", x->source, e));
	if (x->kept && x->before->version == x->version)
		TRY(keep_draft(&s, e));
	if (x->settings)
		TRY(put_settings(&s, e));
	if (x->body)
		TRY(add_revision(&s, hash, &revision, e));
	if (x->body && is_shown_by(x->what))
		TRY(show(&s, revision, e));
	else if (x->body && str_eqc(s.status, "draft"))
		TRY(q_blog_object_shown(c, x->id, x->title, excerpt_of(&s, x->body), x->body->reading_min, revision,
		                        s.now, NULL, e));
	else if (x->shown)
		TRY(show_again(&s, e));
	if (x->body && (is_shown_by(x->what) || str_eqc(s.status, "draft")))
		TRY(library_uses(c, x->id, "shown", x->body->html.s, e));
	if (x->what == WRITE_DRAFT) {
		TRY(set_state(&s, e));
		TRY(q_blog_search_drop(c, x->id, NULL, e));
	}
	return record_change(&s, e);
}

enum status write_change(struct web *w, struct write_change *x, struct err *e)
{
	x->blog = w->ctx->svc;
	audit_from(w, &x->by);
	TRY(db_write(w->ctx, w->ctx->svc->db, write_change_tx, x, e));
	if (x->what != WRITE_AUTO)
		cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	return ST_OK;
}

/* --- when its time has come ----------------------------------------------------------------------------------------
 */

static enum status tx_due(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *id = arg;
	struct blog_due_row *row;
	struct blog_writing_row *post;
	int64_t now = clock_now_us();
	TRY(q_blog_due(c, *id, now, &row, e));
	if (!row) /* withdrawn, or put off: then there is another job */
		return ST_OK;
	TRY(q_blog_writing(c, *id, &post, e));
	TRY(q_blog_object_state(c, *id, STR("published"), &post->published_at, now, NULL, e));
	struct str object = id_str(db_arena(c), *id);
	TRY(event_emit(c, "post.published", object, STR("{}"), e));
	const struct audit_entry entry = { .action = "post.published",
		                           .actor = STR("system"),
		                           .object = object,
		                           .details = STR("{\"scheduled\":true}") };
	return audit_write(c, &entry, e);
}

enum status blog_publish_due(struct ctx *ctx, const struct job *j, struct err *e)
{
	SCOPED_JSON *payload = json_parse(j->payload, JSON_DEPTH, e);
	int64_t id;
	if (!payload || !id_parse(json_str(payload, "id"), &id))
		return err_set(e, ST_INVALID, "a job to publish nothing");
	TRY(db_write(ctx, ctx->svc->db, tx_due, &id, e));
	cache_drop_tag(ctx->svc->platform->cache, STR("blog"));
	return ST_OK;
}

/* --- the bin -------------------------------------------------------------------------------------------------------
 */

struct binning {
	struct web *w;
	int64_t id;
	bool in, changed;
};

static enum status tx_bin(struct db_conn *c, void *arg, struct err *e)
{
	struct binning *x = arg;
	struct blog_writing_row *r;
	struct blog_bin_get_row *was;
	int64_t n = 0, now = clock_now_us();
	x->changed = false;
	TRY(q_blog_writing(c, x->id, &r, e));
	if (!r)
		return err_set(e, ST_NOT_FOUND, "There is no such post any more.");
	if (r->binned == x->in)
		return ST_OK;
	TRY(q_blog_bin_get(c, x->id, &was, e));
	struct str status = x->in ? STR("draft") : was->status;
	TRY(x->in ? q_blog_bin_put(c, x->id, now, &n, e) : q_blog_bin_drop(c, x->id, &n, e));
	TRY(q_blog_object_state(c, x->id, status, r->published_at_null ? NULL : &r->published_at, now, NULL, e));
	struct str object = id_str(db_arena(c), x->id);
	const char *action = x->in ? "post.deleted" : "post.undeleted";
	TRY(event_emit(c, action, object, STR("{}"), e));
	struct audit_entry entry = { .action = action, .object = object };
	audit_from(x->w, &entry);
	x->changed = true;
	return audit_write(c, &entry, e);
}

enum status write_bin(struct web *w, int64_t id, bool in, bool *changed, struct err *e)
{
	struct binning x = { .w = w, .id = id, .in = in };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_bin, &x, e));
	*changed = x.changed;
	if (x.changed)
		cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	return ST_OK;
}
