/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages of the site. Each handler opens one snapshot, reads the site's settings and what the page shows, and
 * renders; fragments of the page that are made here read from the same snapshot. It ends before anything is waited for
 * or sent. Every page carries the cache tag "blog", which any change of the blog's content drops.
 */
#include "services/blog/blog_http.h"

#include "base/id.h"
#include "base/lang.h"
#include "gen/blog_tpl.h"
#include "platform/config/config.h"
#include "services/blog/accent.h"
#include "services/blog/goods.h"
#include "services/blog/redirects.h"
#include "services/blog/store.h"
#include "services/blog/comments.h"
#include "services/blog/import_plan.h"
#include "services/blog/visits.h"

#define PAGE_MAX (64u << 20) /* the arena ends before */
#define ARCHIVE_PAGE 500
#define PAGE_USUAL (24u << 10) /* what most pages take: room for that at once, instead of growing and copying */
#define PAGES_MAX    100000 /* of a list; there is no such page beyond */

static enum status open_site(struct web *w, struct db_conn **c, struct blog_site *site, struct err *e)
{
	TRY(db_read(w->ctx, w->ctx->svc->db, c, e));
	web_cache_tag(w, "blog");
	return blog_site(w->ctx, *c, site, e);
}

static void show_image(struct page_shell *p, struct ctx *ctx, const struct blog_image *i)
{
	if (!i->src.n)
		return;
	p->image = blog_abs(ctx, i->src);
	p->image_alt = i->alt;
	p->image_width = i->height > 0 ? i->width : 0;
	p->image_height = i->height;
}

static struct page_shell shell_of(struct web *w, const struct blog_site *site, struct str title)
{
	struct page_shell p = {
		.site_name = site->title,
		.lang = site->lang,
		.description = site->description,
		.kind = STR("list"),
		.visits = visits_url(w->ctx),
		.canonical = blog_abs(w->ctx, w->req->path),
		.title = site->meta_title.n ? site->meta_title : site->title,
	};
	if (title.n)
		p.title = arena_strf(w->ctx->arena, "%.*s – %.*s", STR_ARG(title), STR_ARG(site->title));
	p.og_title = title; /* the site's name has a place of its own there */
	show_image(&p, w->ctx, &site->cover);
	return p;
}

/* The number of {page}, 1 when the route has none. Page 1 has one address only: the list's own. */
static enum status page_number(struct web *w, struct str base, int *number, bool *moved, struct err *e)
{
	*number = 1;
	*moved = false;
	if (!web_path_is(w, "page"))
		return ST_OK;
	int64_t n = web_path_int(w, "page");
	if (n == 1) {
		*moved = true;
		return web_redirect(w, 301, blog_page_url(w->ctx, base, 1));
	}
	if (n < 1 || n > PAGES_MAX)
		return err_set(e, ST_NOT_FOUND, "There is no such page");
	*number = (int)n;
	return ST_OK;
}

static int page_size(struct web *w)
{
	return (int)config_int(w->ctx->svc->platform->config, "blog", "posts_per_page");
}

static void link_neighbours(struct page_shell *p, struct ctx *ctx, const struct blog_page *page, struct str base)
{
	if (page->number > 1)
		p->prev = blog_abs(ctx, blog_page_url(ctx, base, page->number - 1));
	if (page->number < page->pages)
		p->next = blog_abs(ctx, blog_page_url(ctx, base, page->number + 1));
}

static void page_buf(struct web *w, struct buf *out)
{
	buf_arena(out, w->ctx->arena, PAGE_MAX);
	buf_reserve(out, PAGE_USUAL);
}

static struct safe_html made_by(const struct buf *b)
{
	return html_from_template(b);
}

/* --- lists ------------------------------------------------------------------------------------------------------ */

enum status blog_get_home(struct web *w, struct err *e)
{
	struct str base = STR("/");
	struct blog_site site;
	struct blog_page page;
	int number;
	bool moved;
	TRY(page_number(w, base, &number, &moved, e));
	if (moved)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	enum status s = blog_home(w->ctx, c, number, page_size(w), &page, e);
	if (s == ST_NOT_FOUND) {
		db_read_end(&c);
		return blog_get_anything(w, e);
	}
	TRY(s);
	struct page_shell shell = shell_of(
	        w, &site, number > 1 ? arena_strf(w->ctx->arena, tr("Page %d"), number) : STR(""));
	link_neighbours(&shell, w->ctx, &page, base);
	shell.kind = STR("home");
	struct buf ld, out;
	if (number == 1) {
		buf_text(&ld, w->ctx->arena);
		tpl_blog_home_ld(&ld, w, &site);
		shell.head_extra = made_by(&ld);
		if (site.meta_description.n)
			shell.description = site.meta_description;
	}
	struct blog_list_view v = { .w = w, .site = &site, .page = &page, .base = base, .lead = number == 1 };
	page_buf(w, &out);
	tpl_blog_home(&out, &shell, &v);
	return web_html_reading(w, 200, &out, &c);
}

static void apply_meta(struct page_shell *shell, struct ctx *ctx, const struct blog_meta *m)
{
	const struct { struct str from, *to; } texts[] = {
		{ m->title, &shell->title },
		{ m->title, &shell->og_title },
		{ m->og_title, &shell->og_title },
		{ m->description, &shell->description },
		{ m->og_description, &shell->og_description },
		{ blog_abs(ctx, m->canonical_url), &shell->canonical },
		{ m->twitter_title, &shell->twitter_title },
		{ m->twitter_description, &shell->twitter_description },
		{ blog_abs(ctx, m->twitter_image), &shell->twitter_image },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].from.n)
			*texts[i].to = texts[i].from;
	show_image(shell, ctx, &(struct blog_image){ .src = m->og_image });
}


enum status blog_get_tag(struct web *w, struct err *e)
{
	struct str slug = web_path(w, "tag");
	struct str base = arena_strf(w->ctx->arena, "/tag/%.*s/", STR_ARG(slug));
	struct blog_site site;
	struct blog_tag tag;
	struct blog_page page;
	int number;
	bool moved;
	TRY(page_number(w, base, &number, &moved, e));
	if (moved)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	enum status s = blog_tag(w->ctx, c, slug, number, page_size(w), &tag, &page, e);
	if (s == ST_NOT_FOUND) {
		db_read_end(&c);
		return blog_get_anything(w, e);
	}
	TRY(s);
	struct page_shell shell = shell_of(w, &site, tag.ref.name);
	if (tag.description.n)
		shell.description = tag.description;
	show_image(&shell, w->ctx, &tag.ref.image);
	shell.feed = arena_strf(w->ctx->arena, "%.*srss/", STR_ARG(blog_tag_url(w->ctx, slug)));
	apply_meta(&shell, w->ctx, &tag.meta);
	link_neighbours(&shell, w->ctx, &page, base);
	struct blog_list_view v = { .w = w, .site = &site, .page = &page, .base = base };
	struct buf ld, out;
	buf_text(&ld, w->ctx->arena);
	tpl_blog_tag_ld(&ld, w, &site, &tag);
	shell.head_extra = made_by(&ld);
	page_buf(w, &out);
	tpl_blog_tag_page(&out, &shell, &tag, &v);
	return web_html_reading(w, 200, &out, &c);
}

enum status blog_get_author(struct web *w, struct err *e)
{
	struct str slug = web_path(w, "author");
	struct str base = arena_strf(w->ctx->arena, "/author/%.*s/", STR_ARG(slug));
	struct blog_site site;
	struct blog_author author;
	struct blog_page page;
	int number;
	bool moved;
	TRY(page_number(w, base, &number, &moved, e));
	if (moved)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	enum status s = blog_author(w->ctx, c, slug, number, page_size(w), &author, &page, e);
	if (s == ST_NOT_FOUND) {
		db_read_end(&c);
		return blog_get_anything(w, e);
	}
	TRY(s);
	struct page_shell shell = shell_of(w, &site, author.ref.name);
	if (author.bio.n)
		shell.description = author.bio;
	show_image(&shell, w->ctx, &author.ref.image);
	show_image(&shell, w->ctx, &(struct blog_image){ .src = author.cover_url });
	shell.og_type = STR("profile");
	shell.feed = arena_strf(w->ctx->arena, "%.*srss/", STR_ARG(blog_author_url(w->ctx, slug)));
	apply_meta(&shell, w->ctx, &author.meta);
	link_neighbours(&shell, w->ctx, &page, base);
	struct blog_list_view v = { .w = w, .site = &site, .page = &page, .base = base };
	struct buf ld, out;
	buf_text(&ld, w->ctx->arena);
	tpl_blog_author_ld(&ld, w, &author);
	shell.head_extra = made_by(&ld);
	page_buf(w, &out);
	tpl_blog_author_page(&out, &shell, &author, &v);
	return web_html_reading(w, 200, &out, &c);
}

enum status blog_get_topics(struct web *w, struct err *e)
{
	struct blog_site site;
	const struct blog_tag *tags;
	size_t count;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	TRY(blog_tags(w->ctx, c, 1000, &tags, &count, e));
	struct page_shell shell = shell_of(w, &site, TR("Topics"));
	struct buf out;
	page_buf(w, &out);
	tpl_blog_topics(&out, &shell, w, tags, count);
	return web_html_reading(w, 200, &out, &c);
}

enum status blog_get_archive(struct web *w, struct err *e)
{
	struct blog_site site;
	const struct blog_archive_month *months;
	struct str base = STR("/archive/");
	struct blog_page page;
	size_t count;
	int number;
	bool moved;
	TRY(page_number(w, base, &number, &moved, e));
	if (moved)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	TRY(blog_archive(w->ctx, c, site.timezone, number, ARCHIVE_PAGE, &months, &count, &page, e));
	struct page_shell shell = shell_of(
	        w, &site, number > 1 ? arena_strf(w->ctx->arena, tr("Archive, page %d"), number) : TR("Archive"));
	struct buf out;
	link_neighbours(&shell, w->ctx, &page, base);
	struct blog_list_view v = { .w = w, .site = &site, .page = &page, .base = base };
	page_buf(w, &out);
	tpl_blog_archive(&out, &shell, &v, months, count);
	return web_html_reading(w, 200, &out, &c);
}

/* Who writes or leads here reads all, and so do supporters; other members what is for members. */
enum blog_access blog_access_of(const struct person *person)
{
	if (person_may(person, "", "editor") || person_may(person, "blog", "supporter"))
		return BLOG_PAID;
	return person ? BLOG_MEMBER : BLOG_VISITOR;
}

/* Where a visitor signs in or joins, to come back to the page at that path. */
static struct str sign_in_url(struct web *w, struct str back)
{
	const struct platform *p = w->ctx->svc->platform;
	return p->auth_hooks && p->identity ? p->auth_hooks->sign_in_url(w, back) : web_url(w->ctx, "account", "/");
}

/* --- one post ----------------------------------------------------------------------------------------------------- */

enum status blog_get_post(struct web *w, struct err *e)
{
	struct str slug = web_path(w, "slug");
	struct blog_site site;
	struct blog_post post;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	enum status s = blog_post(w->ctx, c, slug, BLOG_VISITOR, &post, e);
	if (s == ST_OK && post.gated && web_own(w))
		s = blog_post(w->ctx, c, slug, blog_access_of(w->person), &post, e);
	if (s == ST_NOT_FOUND) {
		db_read_end(&c);
		return blog_get_anything(w, e);
	}
	TRY(s);
	unsigned goods;
	post.html = goods_live(w->ctx, post.html, &goods);
	if (goods)
		web_cache_tag(w, "market");
	struct page_shell shell = shell_of(w, &site, post.card.title);
	shell.description = post.card.excerpt;
	shell.kind = post.card.is_page ? STR("page") : STR("post");
	shell.og_type = post.card.is_page ? STR("website") : STR("article");
	if (post.card.lang.n)
		shell.lang = post.card.lang;
	show_image(&shell, w->ctx, &post.card.image);
	apply_meta(&shell, w->ctx, &post.meta);
	struct buf ld, out;
	buf_text(&ld, w->ctx->arena);
	tpl_blog_post_ld(&ld, w, &site, &post);
	shell.head_extra = made_by(&ld);
	struct blog_post_view v = { .w = w, .site = &site, .post = &post, .id = id_str(w->ctx->arena, post.card.id) };
	v.talk = !post.card.is_page && !post.gated;
	v.open = v.talk && !post.comments_closed && post.comment_count < COMMENTS_OF_POST_MAX &&
	         comments_are_on(w->ctx);
	shell.forms = v.open;
	if (v.talk)
		web_cache_tag(w, "%.*s", STR_ARG(comment_tag(w->ctx->arena, v.id)));
	if (post.gated && !w->person)
		v.sign_in = sign_in_url(w, w->req->path);
	page_buf(w, &out);
	tpl_blog_post(&out, &shell, &v);
	return web_html_reading(w, 200, &out, &c);
}

/* Sign-up buttons in bodies lead here: to join, and back to the front page. */
enum status blog_get_subscribe(struct web *w, struct err *e)
{
	struct str home = web_url(w->ctx, "blog", "/");
	return web_redirect(w, 302, w->person ? web_url(w->ctx, "account", "/") : sign_in_url(w, home));
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

/* An address that no route and no slug knows: moved, or a page that helps on. */
enum status blog_get_anything(struct web *w, struct err *e)
{
	struct blog_site site;
	struct str target;
	int status;
	const struct blog_suggestion *list = NULL;
	size_t count = 0;
	SCOPED_DB_READ c = NULL;
	TRY(open_site(w, &c, &site, e));
	enum status s = blog_redirect(w->ctx, c, w->req->path, &target, &status, NULL);
	struct str file = s == ST_NOT_FOUND ? import_media_origin(w->ctx->arena, w->req->path) : STR_NULL;
	if (file.p) /* in another size, as Ghost named them */
		s = blog_redirect(w->ctx, c, file, &target, &status, NULL);
	if (s == ST_NOT_FOUND)
		s = blog_redirect(w->ctx, c, redirect_other(w->ctx->arena, w->req->path), &target, &status, NULL);
	if (s == ST_OK && redirect_is_elsewhere(target)) /* as an administrator or an import set it, whole */
		return web_redirect_external(w, status, target);
	if (s == ST_OK)
		return web_redirect(w, status, target);
	if (s != ST_NOT_FOUND)
		return err_set(e, s, "The redirects could not be read");
	if (web_wants_json(w))
		return err_set(e, ST_NOT_FOUND, "There is nothing at this address");
	TRY(blog_suggest(w->ctx, c, w->req->path, 5, &list, &count, e));
	struct page_shell shell = shell_of(w, &site, TR("Not found"));
	shell.noindex = true;
	shell.canonical = STR("");
	struct buf out;
	page_buf(w, &out);
	tpl_blog_not_found(&out, &shell, w, list, count);
	web_no_cache(w);
	return web_html_reading(w, 404, &out, &c);
}

/* --- what the pages need ------------------------------------------------------------------------------------------ */

/* The cooperative's own colour, as a style sheet of one rule: the pages themselves stay free of inline style. */
enum status blog_get_theme(struct web *w, struct err *e)
{
	struct blog_site site;
	{
		SCOPED_DB_READ c = NULL;
		TRY(open_site(w, &c, &site, e));
	}
	return web_text(w, 200, "text/css; charset=utf-8", accent_css(w->ctx->arena, site.accent));
}

enum status blog_get_icon(struct web *w, struct err *e)
{
	struct blog_site site;
	{
		SCOPED_DB_READ c = NULL;
		TRY(open_site(w, &c, &site, e));
	}
	struct str src = site.icon.src.n ? site.icon.src : site.logo.src;
	return web_redirect(w, 302, src.n ? src : str_c(asset_url("icon.svg")));
}
