/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "gen/blog_serve.h"
#include "gen/blog_sql.h"
#include "platform/peers/person_data.h"
#include "platform/text/json.h"
#include "services/blog/blog_views.h"
#include "services/blog/store.h"

#define NOTE_MAX 1024
#define SITE_PAGES_TOLD 500
#define NAME_SHOWN 100 /* bytes of an author's name */

enum status blog_serve_site(struct ctx *ctx, const struct site_ask *in, struct site_answer *out, struct err *e)
{
	struct blog_site site;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(blog_site(ctx, c, &site, e));
	*out = (struct site_answer){ site.title, site.description, site.lang, site.accent, site.timezone };
	return ST_OK;
}

enum status blog_serve_pages(
        struct ctx *ctx, const struct blog_pages_ask *in, struct blog_pages_answer *out, struct err *e)
{
	struct blog_site_pages_row *rows;
	size_t n;
	(void)in;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_blog_site_pages(c, clock_now_us(), SITE_PAGES_TOLD, &rows, &n, e));
	struct blog_site_page *list = ARENA_ARRAY(ctx->arena, struct blog_site_page, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct blog_site_page){ rows[i].id, rows[i].title };
	out->pages.items = list;
	out->pages.count = n;
	return ST_OK;
}

/* "Ruth Ellery, Tom Okafor · 21 November 2026" */
static struct str note_of(struct ctx *ctx, const struct blog_site *site, const struct blog_card *card)
{
	struct buf b;
	buf_arena(&b, ctx->arena, NOTE_MAX);
	for (size_t i = 0; i < card->author_count; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_ARG(str_utf8_first(card->authors[i].name, NAME_SHOWN)));
	buf_printf(&b, "%s%.*s", b.len ? " · " : "", STR_ARG(blog_date(ctx, site, card->published_at)));
	return buf_str(&b);
}

enum status blog_serve_search(
        struct ctx *ctx, const struct search_ask *in, struct search_answer *out, struct err *e)
{
	struct blog_hits hits;
	struct blog_site site;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(blog_site(ctx, c, &site, e));
	enum status st = blog_search(ctx, c, in->words, in->page, in->size, &hits, e);
	if (st == ST_NOT_FOUND) /* a page past the end */
		return ST_OK;
	TRY(st);
	struct search_found *found = ARENA_NEW(ctx->arena, struct search_found);
	struct search_hit *list = ARENA_ARRAY(ctx->arena, struct search_hit, hits.count + 1);
	for (size_t i = 0; i < hits.count; i++)
		list[i] = (struct search_hit){ hits.list[i].title, hits.list[i].snippet,
			blog_post_url(ctx, hits.list[i].card.slug), note_of(ctx, &site, &hits.list[i].card) };
	*found = (struct search_found){ STR("posts"), hits.total, hits.more, { list, hits.count } };
	out->kinds.items = found;
	out->kinds.count = 1;
	out->left_out = hits.words_left_out;
	return ST_OK;
}

/* The author that somebody is here, what they wrote under that name, and what they said under posts. */
enum status blog_serve_person_data(
        struct ctx *ctx, const struct person_data_ask *in, struct person_data_answer *out, struct err *e)
{
	struct blog_author_of_row *author;
	struct blog_posts_of_row *posts;
	struct blog_comments_person_row *comments;
	struct buf b;
	size_t n = 0, comment_count;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_blog_author_of(c, in->person, &author, e));
	if (author)
		TRY(q_blog_posts_of(c, author->id, &posts, &n, e));
	TRY(q_blog_comments_person(c, in->person, &comments, &comment_count, e));
	buf_arena(&b, ctx->arena, PERSON_DATA_MAX);
	BUF_LIT(&b, "{\"author\":");
	json_put_str(&b, author ? author->title : STR(""));
	json_put_member(&b, "address", author ? blog_author_url(ctx, author->slug) : STR(""));
	BUF_LIT(&b, ",\"posts\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(&b, i ? ",{\"title\":" : "{\"title\":");
		json_put_str(&b, posts[i].title);
		json_put_member(&b, "state", posts[i].status);
		json_put_member(&b, "address", blog_post_url(ctx, posts[i].slug));
		buf_putc(&b, '}');
	}
	BUF_LIT(&b, "],\"comments\":[");
	for (size_t i = 0; i < comment_count; i++) {
		buf_puts(&b, i ? ",{\"under\":" : "{\"under\":");
		json_put_str(&b, comments[i].title);
		json_put_member(&b, "address", blog_post_url(ctx, comments[i].slug));
		json_put_member(&b, "state", comments[i].status);
		json_put_member(&b, "at", blog_iso(ctx, comments[i].created_at));
		json_put_member(&b, "text", comments[i].text);
		buf_putc(&b, '}');
	}
	BUF_LIT(&b, "]}");
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "more is kept about a person than fits into one answer");
	out->json = buf_str(&b);
	return ST_OK;
}
