/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of a comment, in words of their language. No words of the comment are among them: who may not read the
 * post any more is not told what is said there.
 */
#include "base/id.h"
#include "gen/identity_contract.h"
#include "platform/peers/site.h"
#include "services/blog/blog_views.h"
#include "services/blog/comments.h"

/* The language of a person; the site's when identity can not be asked. */
static enum lang lang_of(struct ctx *ctx, int64_t person)
{
	struct identity_profile_answer p = { 0 };
	if (identity_ask_profile(ctx, &(struct identity_profile_ask){ person }, &p, NULL) != ST_OK)
		return lang_of_person(ctx, STR(""));
	return lang_of_person(ctx, str_or_empty(p.locale));
}

static struct str comment_url(struct ctx *ctx, const struct comment_told *t)
{
	struct arena *a = ctx->arena;
	return arena_strf(
	        a, "%.*s#comment-%.*s", STR_ARG(blog_post_url(ctx, t->slug)), STR_ARG(id_str(a, t->id)));
}

/* About the same thing it is one notification, counted. */
static void add_notice(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out, int64_t person,
        struct str about, struct str title)
{
	out->list[out->n++] = (struct notice){ .person = person,
		.topic = "blog.comments",
		.about = about,
		.title = title,
		.text = STR(""),
		.url = comment_url(ctx, t) };
}

static void tell_answered(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out)
{
	SCOPED_LANG(lang_of(ctx, t->answered));
	add_notice(ctx, t, out, t->answered,
	        arena_strf(ctx->arena, "answers:%lld", (long long)t->answered_comment),
	        arena_strf(ctx->arena, tr("%.*s answered you under “%.*s”"), STR_ARG(t->name), STR_ARG(t->title)));
}

static void tell_author(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out, int64_t person)
{
	SCOPED_LANG(lang_of(ctx, person));
	add_notice(ctx, t, out, person, arena_strf(ctx->arena, "post:%lld", (long long)t->post),
	        arena_strf(ctx->arena, tr("%.*s commented on “%.*s”"), STR_ARG(t->name), STR_ARG(t->title)));
}

static void tell_writer(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out)
{
	SCOPED_LANG(lang_of(ctx, t->person));
	add_notice(ctx, t, out, t->person, arena_strf(ctx->arena, "comment:%lld", (long long)t->id),
	        arena_strf(ctx->arena, tr("Your comment under “%.*s” is shown now"), STR_ARG(t->title)));
}

void comment_tell_shown(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out)
{
	out->list = ARENA_ARRAY(ctx->arena, struct notice, t->author_count + 2);
	out->n = 0;
	if (t->answered && t->answered != t->person)
		tell_answered(ctx, t, out);
	for (size_t i = 0; i < t->author_count; i++)
		if (t->authors[i].person != t->person && t->authors[i].person != t->answered)
			tell_author(ctx, t, out, t->authors[i].person);
	if (t->waited && t->person)
		tell_writer(ctx, t, out);
}

void comment_tell_waiting(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out)
{
	struct identity_holders_answer editors = { 0 };
	*out = (struct comment_notices){ 0 };
	const struct identity_holders_ask ask = { STR(""), STR("editor") };
	if (identity_ask_holders(ctx, &ask, &editors, NULL) != ST_OK)
		return;
	size_t n = editors.list.count < COMMENT_EDITORS_TOLD ? editors.list.count : COMMENT_EDITORS_TOLD;
	out->list = ARENA_ARRAY(ctx->arena, struct notice, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct identity_holder *h = &editors.list.items[i];
		SCOPED_LANG(lang_of_person(ctx, h->locale));
		out->list[out->n++] = (struct notice){ .person = h->person,
			.topic = "blog.moderation",
			.about = STR("waiting"),
			.title = arena_strf(ctx->arena, tr("A comment on “%.*s” waits to be looked at"),
			        STR_ARG(t->title)),
			.text = STR(""),
			.url = web_url(ctx, "blog", "/admin/comments?state=waiting") };
	}
}
