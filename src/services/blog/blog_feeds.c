/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/blog_feeds.h"

#include "gen/blog_tpl.h"
#include "platform/config/config.h"
#include "platform/text/json.h"

#define FEED_MAX (64u << 20) /* the arena ends before */
#define SITEMAP_LIMIT 10000 /* addresses of one sitemap; its protocol allows 50 000 */
#define SITEMAPS_MAX 5000

/* --- bodies away from home ---------------------------------------------------------------------------------------- */

/* "other/", "../up/", "?q=1": seen from the page that it stands on. value: with the quotation mark behind it. */
static bool is_relative(struct str value)
{
	struct str scheme, s = value.n ? str_first(value, value.n - 1) : value;
	return s.n && s.p[0] != '/' && s.p[0] != '#' && html_url_scheme(s, &scheme) && !scheme.p;
}

/* value as seen from the page at base, an absolute address that ends in "/" (RFC 3986 5.2). */
static void put_beside(struct buf *out, struct str base, struct str value)
{
	ptrdiff_t host = str_find(base, STR("://"));
	ptrdiff_t root = host < 0 ? -1 : str_chr(str_skip(base, (size_t)host + 3), '/');
	size_t root_at = root < 0 ? base.n : (size_t)(host + 3 + root);
	struct str origin = str_first(base, root_at), path = str_skip(base, root_at);
	for (;;) {
		bool up = str_starts(value, STR("../"));
		if (!up && !str_starts(value, STR("./")))
			break;
		value = str_skip(value, up ? 3 : 2);
		if (up && path.n > 1) {
			path.n--;
			path.n = (size_t)str_rchr(path, '/') + 1;
		}
	}
	if (str_starts(value, STR("..\"")) && path.n > 1) {
		value = str_skip(value, 2);
		path.n--;
		path.n = (size_t)str_rchr(path, '/') + 1;
	}
	buf_putstr(out, origin);
	buf_putstr(out, path);
	buf_putstr(out, value);
}

/* One attribute, " name=\"value\"", of a tag that our sanitiser wrote. Readers show the text elsewhere: what starts at
   our root, at the page itself or without a scheme is written out. Other sizes of a picture stay behind: readers take
   the first. */
static void put_feed_attr(struct buf *out, struct ctx *ctx, const struct blog_feed_item *i, struct str attr)
{
	static const char *const addresses[] = { " src", " href", " poster", " cite" };
	struct str value = attr, name;
	if (str_starts(attr, STR(" srcset=")) || str_starts(attr, STR(" sizes=")))
		return;
	bool address = false;
	if (str_cut(&value, '=', &name) && value.n > 1 && value.p[0] == '"')
		for (size_t k = 0; k < sizeof addresses / sizeof *addresses; k++)
			address = address || str_eqc(name, addresses[k]);
	char first = address ? value.p[1] : '\0', second = value.n > 2 ? value.p[2] : '\0';
	if (address && is_relative(str_skip(value, 1))) {
		buf_putstr(out, name);
		BUF_LIT(out, "=\"");
		put_beside(out, blog_abs(ctx, blog_post_url(ctx, i->card.slug)), str_skip(value, 1));
		return;
	}
	if (first != '/' && first != '#') {
		buf_putstr(out, attr);
		return;
	}
	struct str origin = blog_abs(ctx, STR("/")), rest = str_skip(value, 1);
	buf_putstr(out, name);
	BUF_LIT(out, "=\"");
	if (first == '#')
		buf_putstr(out, blog_abs(ctx, blog_post_url(ctx, i->card.slug)));
	else if (second == '/')
		buf_putstr(out, str_first(origin, (size_t)str_chr(origin, ':') + 1));
	else
		buf_putstr(out, str_first(origin, origin.n - 1));
	buf_putstr(out, rest);
}

/* From its "<" to its ">": values hold neither, they are escaped. */
static void put_feed_tag(struct buf *out, struct ctx *ctx, const struct blog_feed_item *i, struct str tag)
{
	ptrdiff_t name = str_chr(tag, ' ');
	buf_putstr(out, name < 0 ? tag : str_first(tag, (size_t)name));
	if (name < 0)
		return;
	tag = str_skip(tag, (size_t)name);
	while (tag.n && tag.p[0] == ' ') {
		size_t n = 1;
		for (bool quoted = false; n < tag.n && (quoted || (tag.p[n] != ' ' && tag.p[n] != '>')); n++)
			quoted ^= tag.p[n] == '"';
		put_feed_attr(out, ctx, i, str_first(tag, n));
		tag = str_skip(tag, n);
	}
	buf_putstr(out, tag);
}

struct str blog_feed_html(struct ctx *ctx, const struct blog_feed_item *i)
{
	struct buf out;
	struct str rest = i->html.s;
	buf_arena(&out, ctx->arena, FEED_MAX);
	for (ptrdiff_t open; (open = str_chr(rest, '<')) >= 0;) {
		buf_put(&out, rest.p, (size_t)open);
		rest = str_skip(rest, (size_t)open);
		ptrdiff_t end = str_chr(rest, '>');
		struct str tag = str_first(rest, end < 0 ? rest.n : (size_t)end + 1);
		put_feed_tag(&out, ctx, i, tag);
		rest = str_skip(rest, tag.n);
	}
	buf_putstr(&out, rest);
	if (i->cut)
		tpl_blog_feed_cut(&out, ctx, &i->card);
	if (i->gated)
		tpl_blog_feed_gate(&out, ctx, &i->card);
	return blog_xml(ctx, buf_str(&out));
}

struct str blog_feed_text(struct ctx *ctx, struct str text)
{
	struct buf b;
	buf_arena(&b, ctx->arena, FEED_MAX);
	html_text(&b, blog_xml(ctx, text));
	return buf_str(&b);
}

const int *blog_numbers(struct arena *a, size_t n)
{
	int *list = ARENA_ARRAY(a, int, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (int)i + 1;
	return list;
}

/* --- feeds -------------------------------------------------------------------------------------------------------- */

struct str blog_location_url(struct ctx *ctx, const struct blog_location *l)
{
	static const char *const prefix[] = {
		[BLOG_LOC_POST] = "", [BLOG_LOC_PAGE] = "", [BLOG_LOC_TAG] = "tag/", [BLOG_LOC_AUTHOR] = "author/"
	};
	return web_abs_url(ctx, "blog", "/%s%.*s/", prefix[l->kind], STR_ARG(l->slug));
}

/* Load what the feed at this path holds: of the site, of {tag} or of {author}. */
static enum status feed_load(struct web *w, struct blog_feed_view *v, struct blog_site *site, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct str tag = STR_NULL, author = STR_NULL, home;
	*v = (struct blog_feed_view){ .ctx = ctx, .site = site };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(blog_site(ctx, c, site, e));
	enum lang l = LANG_EN; /* a feed speaks the language of the site, whoever fetches it */
	(void)lang_of_tag(site->lang, &l);
	lang_swap(l);
	v->title = site->title;
	v->description = site->description;
	home = web_abs_url(ctx, "blog", "/");
	struct blog_page none;
	if (web_path_is(w, "tag")) {
		struct blog_tag t;
		tag = web_path(w, "tag");
		TRY(blog_tag(ctx, c, tag, 1, 1, &t, &none, e));
		v->title = arena_strf(ctx->arena, "%.*s – %.*s", STR_ARG(t.ref.name), STR_ARG(site->title));
		v->description = t.description;
		home = blog_abs(ctx, blog_tag_url(ctx, tag));
	} else if (web_path_is(w, "author")) {
		struct blog_author a;
		author = web_path(w, "author");
		TRY(blog_author(ctx, c, author, 1, 1, &a, &none, e));
		v->title = arena_strf(ctx->arena, "%.*s – %.*s", STR_ARG(a.ref.name), STR_ARG(site->title));
		v->description = a.bio;
		home = blog_abs(ctx, blog_author_url(ctx, author));
	}
	int64_t limit = config_int(ctx->svc->platform->config, "blog", "feed_posts");
	TRY(blog_feed(ctx, c, tag, author, (int)limit, &v->items, &v->count, e));
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].card.updated_at > v->updated)
			v->updated = v->items[i].card.updated_at;
	v->home = home;
	v->self = blog_abs(ctx, w->req->raw_path);
	web_cache_tag(w, "blog");
	return ST_OK;
}

typedef void feed_template(struct buf *out, const struct blog_feed_view *v);

static enum status send_xml_feed(struct web *w, feed_template *write, const char *type, struct err *e)
{
	struct blog_feed_view v;
	struct blog_site site;
	TRY(feed_load(w, &v, &site, e));
	struct buf out;
	buf_arena(&out, w->ctx->arena, FEED_MAX);
	BUF_LIT(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	write(&out, &v);
	if (!buf_ok(&out))
		return err_set(e, ST_NOMEM, "The feed is too large; lower blog.feed_posts");
	return web_text(w, 200, type, buf_str(&out));
}

enum status blog_get_rss(struct web *w, struct err *e)
{
	return send_xml_feed(w, tpl_blog_rss, "application/rss+xml; charset=utf-8", e);
}

enum status blog_get_atom(struct web *w, struct err *e)
{
	return send_xml_feed(w, tpl_blog_atom, "application/atom+xml; charset=utf-8", e);
}

static void set_str(json_t *o, const char *key, struct str s)
{
	if (s.n)
		json_object_set_new(o, key, json_stringn(s.p, s.n));
}

static json_t *json_item(struct ctx *ctx, const struct blog_feed_item *i)
{
	json_t *o = json_object(), *tags = json_array(), *authors = json_array();
	set_str(o, "id", arena_strf(ctx->arena, "urn:uuid:%.*s", STR_ARG(i->uuid)));
	set_str(o, "url", blog_abs(ctx, blog_post_url(ctx, i->card.slug)));
	set_str(o, "title", i->card.title);
	set_str(o, "content_html", blog_feed_html(ctx, i));
	set_str(o, "summary", i->card.excerpt);
	set_str(o, "image", blog_abs(ctx, i->card.image.src));
	set_str(o, "date_published", blog_iso(ctx, i->card.published_at));
	set_str(o, "date_modified", blog_iso(ctx, i->card.updated_at));
	set_str(o, "language", i->card.lang);
	for (size_t k = 0; k < i->card.tag_count; k++)
		json_array_append_new(tags, json_stringn(i->card.tags[k].name.p, i->card.tags[k].name.n));
	for (size_t k = 0; k < i->card.author_count; k++) {
		json_t *a = json_object();
		set_str(a, "name", i->card.authors[k].name);
		set_str(a, "url", blog_abs(ctx, blog_author_url(ctx, i->card.authors[k].slug)));
		set_str(a, "avatar", blog_abs(ctx, i->card.authors[k].image.src));
		json_array_append_new(authors, a);
	}
	json_object_set_new(o, "tags", tags);
	json_object_set_new(o, "authors", authors);
	return o;
}

enum status blog_get_json_feed(struct web *w, struct err *e)
{
	struct blog_feed_view v;
	struct blog_site site;
	TRY(feed_load(w, &v, &site, e));
	SCOPED_JSON *feed = json_object();
	json_t *items = json_array();
	json_object_set_new(feed, "version", json_string("https://jsonfeed.org/version/1.1"));
	set_str(feed, "title", v.title);
	set_str(feed, "description", v.description);
	set_str(feed, "home_page_url", v.home);
	set_str(feed, "feed_url", v.self);
	set_str(feed, "language", site.lang);
	set_str(feed, "icon", blog_abs(w->ctx, site.icon.src));
	json_object_set_new(feed, "items", items);
	for (size_t i = 0; i < v.count; i++)
		json_array_append_new(items, json_item(w->ctx, &v.items[i]));
	struct str body = json_text(w->ctx->arena, feed);
	if (!body.p)
		return err_set(e, ST_NOMEM, "The feed could not be written");
	return web_text(w, 200, "application/feed+json; charset=utf-8", body);
}

static enum status locations_from(
        struct web *w, int64_t skip, const struct blog_location **list, size_t *count, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	return blog_locations(w->ctx, c, SITEMAP_LIMIT, skip, list, count, e);
}

static enum status count_locations(struct web *w, int64_t *count, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	return blog_location_count(w->ctx, c, count, e);
}

static enum status send_sitemap(struct web *w, struct buf *out, struct err *e)
{
	if (!buf_ok(out))
		return err_set(e, ST_NOMEM, "The sitemap is too large");
	web_cache_tag(w, "blog");
	return web_text(w, 200, "application/xml; charset=utf-8", buf_str(out));
}

/* One part: /sitemaps/1. */
enum status blog_get_sitemap_part(struct web *w, struct err *e)
{
	const struct blog_location *list;
	struct buf out;
	size_t count;
	int64_t number = web_path_int(w, "page");
	if (number < 1 || number > SITEMAPS_MAX)
		return err_set(e, ST_NOT_FOUND, "There is no such part of the sitemap");
	TRY(locations_from(w, (number - 1) * SITEMAP_LIMIT, &list, &count, e));
	if (!count)
		return err_set(e, ST_NOT_FOUND, "There is no such part of the sitemap");
	buf_arena(&out, w->ctx->arena, FEED_MAX);
	BUF_LIT(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	tpl_blog_sitemap(&out, w->ctx, list, count, number == 1);
	return send_sitemap(w, &out, e);
}

/* The whole, or where its parts are. */
enum status blog_get_sitemap(struct web *w, struct err *e)
{
	const struct blog_location *list;
	struct buf out;
	size_t count;
	int64_t all;
	TRY(count_locations(w, &all, e));
	buf_arena(&out, w->ctx->arena, FEED_MAX);
	BUF_LIT(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (all > SITEMAP_LIMIT) {
		tpl_blog_sitemap_index(&out, w->ctx, (size_t)((all + SITEMAP_LIMIT - 1) / SITEMAP_LIMIT));
	} else {
		TRY(locations_from(w, 0, &list, &count, e));
		tpl_blog_sitemap(&out, w->ctx, list, count, true);
	}
	return send_sitemap(w, &out, e);
}

enum status blog_get_robots(struct web *w, struct err *e)
{
	struct str sitemap = web_abs_url(w->ctx, "blog", "/sitemap.xml");
	struct str text = arena_strf(w->ctx->arena,
	                             "User-agent: *\nDisallow: /search/\nDisallow: /internal/\nSitemap: %.*s\n",
	                             STR_ARG(sitemap));
	return web_text(w, 200, "text/plain; charset=utf-8", text);
}
