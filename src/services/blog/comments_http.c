/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages of comments: the piece below a post, the page to write or answer one on, and that of one's own.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_tpl.h"
#include "platform/config/config.h"
#include "services/blog/blog_http.h"
#include "services/blog/blog_views.h"
#include "services/blog/comments.h"

struct comment_form { struct str text; };
static const struct field fields[] = {
	FIELD(struct comment_form, text, AREA, .label = "Your comment", .required = "What would you like to say?",
	        .max = COMMENT_TEXT_MAX, .hint = "Plain text; an empty line begins a paragraph"),
	{ 0 },
};
static const struct form_desc comment_desc = { .fields = fields };

bool comments_are_on(struct ctx *ctx)
{
	return config_bool(ctx->svc->platform->config, "blog", "comments");
}

/* --- the piece below a post --------------------------------------------------------------------------------------- */

enum status blog_fragment_comment_box(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct ctx *ctx = f->ctx;
	struct blog_site site;
	struct blog_commentable_row *post;
	struct blog_comments_own_row *own = NULL;
	struct comment_box box = { .ctx = ctx, .site = &site, .person = f->person };
	int64_t id;
	if (!id_parse(fragment_param(f, "post"), &id))
		return err_set(e, ST_INVALID, "comment-box needs the id of a post");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_blog_commentable(c, id, blog_access_of(f->person), clock_now_us(), &post, e));
	if (!post || post->gated)
		return ST_OK;
	TRY(blog_site(ctx, c, &site, e));
	if (f->person)
		TRY(q_blog_comments_own(c, f->person->id, id, COMMENTS_OWN_SHOWN, &own, &box.own_count, e));
	box.own = own;
	box.post = id_str(ctx->arena, id);
	box.open = comments_are_on(ctx) && !post->closed && post->comments < COMMENTS_OF_POST_MAX;
	tpl_blog_comment_box(out, &box);
	return ST_OK;
}

/* --- a new one ---------------------------------------------------------------------------------------------------- */

/* What a comment is to be under. */
struct comment_target {
	struct comment_view view;
	struct blog_commentable_row *post;
	struct blog_comment_get_row *answered; /* NULL: the post itself */
	struct blog_post_people_row *authors;
	size_t author_count;
	bool first;                            /* none of this person's was found good yet */
};

static enum status open_target(struct web *w, struct comment_target *t, struct err *e)
{
	int64_t id = web_path_int(w, "id"), to = 0, now = clock_now_us();
	struct str answered = web_query(w, "to");
	struct blog_comment_counts_row *counts;
	*t = (struct comment_target){ 0 };
	if (!comments_are_on(w->ctx))
		return err_set(e, ST_FORBIDDEN, "There are no comments on this site.");
	if (answered.p && !id_parse(answered, &to))
		return err_set(e, ST_NOT_FOUND, "What you answer is not there any more.");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(comment_post(c, id, blog_access_of(w->person), now, &t->post, e));
	if (answered.p)
		TRY(comment_answered(c, id, to, &t->answered, e));
	TRY(q_blog_post_people(c, id, COMMENT_AUTHORS_TOLD, &t->authors, &t->author_count, e));
	TRY(q_blog_comment_counts(c, w->person->id, now, &counts, e));
	t->first = !counts->good;
	struct str path = arena_strf(w->ctx->arena, "/comments/on/%.*s", STR_ARG(id_str(w->ctx->arena, id)));
	t->view = (struct comment_view){ .w = w, .post = t->post, .answered = t->answered,
		.back = blog_post_url(w->ctx, t->post->slug),
		.action = answered.p ? web_url(w->ctx, "blog", "%.*s?to=%.*s", STR_ARG(path), STR_ARG(answered))
		                     : web_url(w->ctx, "blog", "%.*s", STR_ARG(path)) };
	return ST_OK;
}

/* arg: struct comment_view. */
static enum status comment_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(f->w, "Comment");
	(void)e;
	web_no_cache(f->w);
	buf_arena(&page, f->w->ctx->arena, WEB_PAGE_MAX);
	tpl_blog_comment_page(&page, &shell, arg, f);
	return web_html(f->w, status, &page);
}

enum status blog_get_comment_on(struct web *w, struct err *e)
{
	struct comment_target t;
	struct comment_form values = { .text = STR("") };
	struct form_fill f;
	TRY(open_target(w, &t, e));
	form_show(&f, w, &comment_desc, &values);
	return comment_page(&f, 200, &t.view, e);
}

/* Those who lead the site, and who wrote the post, need nobody's look. */
static bool is_trusted(const struct web *w, const struct comment_target *t)
{
	bool author = false;
	for (size_t i = 0; i < t->author_count; i++)
		author |= t->authors[i].person == w->person->id;
	return author || person_may(w->person, "", "editor");
}

static void plan_notices(struct web *w, const struct comment_target *t, struct comment_new *x)
{
	const struct blog_comment_get_row *to = t->answered;
	const struct comment_told told = {
		.id = x->id, .post = x->post, .slug = t->post->slug, .title = t->post->title,
		.name = w->person->name.n ? w->person->name : w->person->handle, .person = w->person->id,
		.answered = to && !to->person_id_null ? to->person_id : 0, .answered_comment = to ? to->id : 0,
		.authors = t->authors, .author_count = t->author_count,
	};
	comment_tell_shown(w->ctx, &told, &x->shown);
	if (x->first_waits && t->first)
		comment_tell_waiting(w->ctx, &told, &x->waiting);
}

enum status blog_post_comment_on(struct web *w, struct err *e)
{
	const struct config *config = w->ctx->svc->platform->config;
	struct comment_target t;
	struct comment_form values = { .text = STR("") };
	struct form_fill f;
	struct err why = { 0 };
	TRY(open_target(w, &t, e));
	TRY(form_read(&f, w, &comment_desc, &values, e));
	if (f.failed)
		return form_refuse(&f, comment_page, &t.view, e);
	struct comment_new x = { .id = id_new(), .post = t.post->id, .answered = t.answered ? t.answered->id : 0,
		.person = w->person, .access = blog_access_of(w->person), .now = clock_now_us(), .text = values.text,
		.html = comment_html(w->ctx->arena, values.text),
		.first_waits = !is_trusted(w, &t) && config_bool(config, "blog", "first_comment_waits"),
		.per_hour = config_int(config, "blog", "comments_per_hour") };
	plan_notices(w, &t, &x);
	audit_from(w, &x.by);
	enum status s = db_write(w->ctx, w->ctx->svc->db, comment_add_tx, &x, &why);
	if (s == ST_RATE_LIMITED) {
		form_fault(&f, NULL, "%s", why.msg);
		return form_refuse(&f, comment_page, &t.view, e);
	}
	if (s != ST_OK)
		return err_set(e, s, "%s", why.msg);
	comment_drop_kept(w->ctx, x.post, w->person->id);
	struct str place = x.waits ? STR("own-comments-head")
	                           : arena_strf(w->ctx->arena, "comment-%.*s", STR_ARG(id_str(w->ctx->arena, x.id)));
	return form_done(&f, arena_strf(w->ctx->arena, "%.*s#%.*s", STR_ARG(t.view.back), STR_ARG(place)));
}

/* --- one's own ---------------------------------------------------------------------------------------------------- */

static enum status open_own(struct web *w, struct comment_view *v, struct err *e)
{
	int64_t id = web_path_int(w, "id");
	struct blog_comment_get_row *own;
	struct blog_post_name_row *post;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_comment_get(c, id, &own, e));
	if (!own || own->person_id_null || own->person_id != w->person->id || str_eqc(own->status, "deleted"))
		return err_set(e, ST_NOT_FOUND, "There is no such comment of yours.");
	TRY(q_blog_post_name(c, own->object_id, &post, e));
	*v = (struct comment_view){ .w = w, .own = own,
		.back = post ? blog_post_url(w->ctx, post->slug) : web_url(w->ctx, "blog", "/"),
		.action = web_url(w->ctx, "blog", "/comments/%.*s", STR_ARG(id_str(w->ctx->arena, id))) };
	return ST_OK;
}

enum status blog_get_comment_own(struct web *w, struct err *e)
{
	struct comment_view v;
	struct form_fill f;
	TRY(open_own(w, &v, e));
	struct comment_form values = { .text = v.own->text };
	form_show(&f, w, &comment_desc, &values);
	return comment_page(&f, 200, &v, e);
}

static enum status change_own(struct web *w, struct comment_change *x, struct err *e)
{
	x->person = w->person->id;
	x->now = clock_now_us();
	audit_from(w, &x->by);
	TRY(db_write(w->ctx, w->ctx->svc->db, comment_change_tx, x, e));
	comment_drop_kept(w->ctx, x->post, w->person->id);
	return ST_OK;
}

enum status blog_post_comment_own(struct web *w, struct err *e)
{
	struct comment_view v;
	struct form_fill f;
	TRY(open_own(w, &v, e));
	struct comment_form values = { .text = v.own->text };
	struct comment_change x = { .id = v.own->id };
	if (!web_has_json(w))
		TRY(web_form_load(w, e));
	struct str verb = web_form(w, "do");
	if (verb.p && str_eqc(verb, "delete")) {
		x.drop = true;
		TRY(change_own(w, &x, e));
		return web_redirect(w, 303, v.back);
	}
	TRY(form_read(&f, w, &comment_desc, &values, e));
	if (f.failed)
		return form_refuse(&f, comment_page, &v, e);
	x.text = values.text;
	x.html = comment_html(w->ctx->arena, values.text);
	TRY(change_own(w, &x, e));
	return form_done(&f, v.back);
}
