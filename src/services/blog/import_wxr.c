/* SPDX-License-Identifier: Apache-2.0
 *
 * A WordPress export as a plan. What WordPress showed to everybody is public here; what it did not (drafts, private,
 * protected by a password, waiting) is a draft, and said. Nothing is fetched: pictures stay at their addresses, or come
 * from the uploads folder given with --media.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/guard.h"
#include "base/table.h"
#include "platform/text/html.h"
#include "services/blog/addresses.h"
#include "services/blog/import_plan.h"
#include "services/blog/wxr.h"

#define RENDER_VERSION "1" /* raised when texts come out differently: an import then renders anew */
#define FILE_MAX    (UINT64_C(512) << 20)
#define TITLE_MAX   255
#define EXCERPT_MAX 2000 /* bytes of an excerpt that somebody wrote */
#define OLD_SLUG_MAX 500 /* characters */
#define VERSION_SHOWN 16
#define ID_PART      32 /* bytes of an id that an address is made of */
#define MENU_MAX    100
#define NAME_SHOWN  100  /* characters of a name under a comment */
#define COMMENT_MAX 20000 /* bytes of a comment as HTML before it is cleaned; a longer one is cut at a character */
#define LEVELS_MAX  16   /* of pages below each other */

struct wxr_item {
	struct wxr_node *node;
	struct str id, type, status, link;
	struct plan_object *object; /* NULL: none was made of it */
	int64_t menu_order;
	bool planned;
	UT_hash_handle hh;
};

struct moved_link { struct str from, to; UT_hash_handle hh; };

struct wxr {
	struct import_run run;
	struct wxr_node *channel;
	struct str site; /* "example.org/blog": what its ids are known by */
	struct wxr_item *items, *by_id;
	size_t count;
	struct moved_link *links; /* addresses there → paths here */
	const struct wxr_item *now; /* whose text is being rendered */
};

static struct arena *arena_of(struct wxr *x) { return x->run.plan.a; }
static struct str text_of(const struct wxr_item *i, const char *name) { return str_trim(wxr_text_of(i->node, name)); }
static bool is(struct str s, const char *word) { return str_eqc(s, word); }

static struct str origin_of(struct wxr *x, const char *kind, struct str id)
{
	return arena_strf(arena_of(x), "wxr:%.*s:%s:%.*s", STR_ARG(x->site), kind, STR_ARG(id));
}

/* Titles and names are plain text with entities, now and then with tags. */
static struct str plain(struct wxr *x, struct str s, size_t max)
{
	struct str out;
	if (str_chr(s, '<') < 0 && str_chr(s, '&') < 0)
		return str_utf8_first(str_trim(s), max);
	if (html_to_text(arena_of(x), s, s.n + 1, &out, NULL) != ST_OK)
		return STR("");
	return str_utf8_first(str_trim(out), max);
}

/* "a%20b": slugs of other scripts are escaped. */
static struct str unescaped(struct arena *a, struct str s)
{
	struct buf b;
	buf_arena(&b, a, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		bool hex = s.p[i] == '%' && i + 2 < s.n && str_hex_value(s.p[i + 1]) >= 0 &&
		        str_hex_value(s.p[i + 2]) >= 0;
		buf_putc(&b, hex ? (char)(str_hex_value(s.p[i + 1]) << 4 | str_hex_value(s.p[i + 2])) : s.p[i]);
		i += hex ? 2 : 0;
	}
	return str_utf8_valid(buf_str(&b)) ? buf_str(&b) : s;
}

/* --- dates -------------------------------------------------------------------------------------------------------- */

/* UTC where the file has it; a draft has "0000-00-00 00:00:00" there. */
static int64_t date_of(
        const struct wxr_node *n, const char *gmt, const char *local, const char *rfc2822, int64_t otherwise)
{
	int64_t at;
	if (clock_parse_rfc3339(str_trim(wxr_text_of(n, gmt)), &at))
		return at;
	if (rfc2822 && clock_parse_rfc2822(str_trim(wxr_text_of(n, rfc2822)), &at))
		return at;
	return clock_parse_rfc3339(str_trim(wxr_text_of(n, local)), &at) ? at : otherwise;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static struct str without_scheme(struct str url)
{
	ptrdiff_t at = str_find(url, STR("://"));
	url = at < 0 ? url : str_skip(url, (size_t)at + 3);
	while (str_ends(url, STR("/")))
		url.n--;
	return url;
}

static enum status not_wxr(struct wxr *x, const char *why, struct err *e)
{
	return err_set(e, ST_INVALID, "%s is no WordPress export: %s", x->run.opt->path, why);
}

static enum status open_export(struct wxr *x, struct err *e)
{
	struct wxr_node *root;
	SCOPED_FD fd = open(x->run.opt->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "%s", x->run.opt->path);
	TRY(wxr_read(
	        arena_of(x), fd, x->run.opt->path, x->run.opt->file_max ? x->run.opt->file_max : FILE_MAX, &root, e));
	x->channel = is(root->name, "rss") ? wxr_child(root, "channel") : NULL;
	if (!x->channel)
		return not_wxr(x, "it has no channel", e);
	struct str version = str_trim(wxr_text_of(x->channel, "wp:wxr_version"));
	if (!version.n)
		return not_wxr(x, "it says no wxr_version", e);
	x->run.report->version = arena_str(x->run.ctx->arena, str_utf8_first(version, VERSION_SHOWN));
	struct str base = str_trim(wxr_text_of(x->channel, "wp:base_blog_url"));
	x->site = without_scheme(base.n ? base : str_trim(wxr_text_of(x->channel, "link")));
	return ST_OK;
}

static void list_items(struct wxr *x)
{
	size_t n = 0;
	for (struct wxr_node *c = x->channel->first; c; c = c->next)
		n += is(c->name, "item");
	x->items = ARENA_ARRAY(arena_of(x), struct wxr_item, n + 1);
	for (struct wxr_node *c = x->channel->first; c; c = c->next) {
		if (!is(c->name, "item"))
			continue;
		struct wxr_item *i = &x->items[x->count++], *twin = NULL;
		i->node = c;
		i->id = text_of(i, "wp:post_id");
		i->type = text_of(i, "wp:post_type");
		i->status = text_of(i, "wp:status");
		i->link = text_of(i, "link");
		if (!str_i64(text_of(i, "wp:menu_order"), &i->menu_order))
			i->menu_order = 0;
		HASH_FIND(hh, x->by_id, i->id.p, i->id.n, twin);
		if (i->id.n && !twin)
			HASH_ADD_KEYPTR(hh, x->by_id, i->id.p, i->id.n, i);
	}
}

static struct wxr_item *item_of(struct wxr *x, struct str id)
{
	struct wxr_item *i = NULL;
	HASH_FIND(hh, x->by_id, id.p, id.n, i);
	return i;
}

static struct str meta_of(const struct wxr_item *i, const char *key)
{
	for (struct wxr_node *m = i->node->first; m; m = m->next)
		if (is(m->name, "wp:postmeta") && is(str_trim(wxr_text_of(m, "wp:meta_key")), key))
			return str_trim(wxr_text_of(m, "wp:meta_value"));
	return STR("");
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static void link_moved(struct wxr *x, struct str from, struct str to)
{
	struct moved_link *m = NULL;
	from = without_scheme(from);
	HASH_FIND(hh, x->links, from.p, from.n, m);
	if (m || !from.n || str_eq(from, x->site))
		return;
	m = ARENA_NEW(arena_of(x), struct moved_link);
	m->from = from;
	m->to = to;
	HASH_ADD_KEYPTR(hh, x->links, m->from.p, m->from.n, m);
}

/* "/2019/05/mill/" of "https://example.org/2019/05/mill/"; p NULL: it is another site's, or no address of a page. */
static struct str old_path(struct wxr *x, struct str link)
{
	struct str bare = without_scheme(link);
	if (!str_starts(bare, x->site) || bare.n <= x->site.n || bare.p[x->site.n] != '/')
		return STR_NULL;
	struct str path = unescaped(arena_of(x), str_skip(bare, x->site.n));
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ' || strchr("?#\\\"<>", path.p[i]))
			return STR_NULL;
	while (str_starts(path, STR("//")))
		path = str_skip(path, 1);
	return arena_strf(arena_of(x), "%.*s/", STR_ARG(path));
}

/* A slug as it was, or made of the title, or of the number. */
static struct str slug_for(struct wxr *x, struct str given, struct str title, const char *kind, struct str id)
{
	struct arena *a = arena_of(x);
	struct str slug = body_slug(a, unescaped(a, given));
	if (!slug.n)
		slug = body_slug(a, title);
	return slug.n ? slug : body_slug(a, arena_strf(a, "%s-%.*s", kind, STR_ARG(str_utf8_fit(id, ID_PART))));
}

/* --- authors and terms -------------------------------------------------------------------------------------------- */

static struct plan_object *object_of(struct wxr *x, struct str origin)
{
	for (size_t i = 0; i < x->run.plan.object_count; i++)
		if (str_eq(x->run.plan.objects[i].origin, origin))
			return &x->run.plan.objects[i];
	return NULL;
}

static void named_object(
        struct wxr *x, enum import_kind kind, const char *type, struct str origin, struct str slug, struct str title,
        struct str about)
{
	struct plan *plan = &x->run.plan;
	struct plan_object *o = plan_object(plan, kind, type, origin);
	o->slug = slug;
	o->title = title.n ? title : slug;
	o->excerpt = about;
	o->created_at = o->updated_at = o->published_at = plan->now;
	o->undated = true;
	o->has_profile = kind == IMPORT_AUTHORS;
	const struct str parts[] = { STR(RENDER_VERSION), o->slug, o->title, o->excerpt };
	o->hash = import_hash(plan->a, parts, sizeof parts / sizeof *parts);
}

/* Logins are written in either case. */
static struct str author_origin(struct wxr *x, struct str login)
{
	struct str slug = body_slug(arena_of(x), login);
	return origin_of(x, "author", slug.n ? slug : login);
}

static void plan_author(struct wxr *x, struct str login, struct str shown)
{
	login = str_trim(login);
	struct str origin = author_origin(x, login), title = plain(x, shown.n ? shown : login, TITLE_MAX);
	if (login.n && !object_of(x, origin))
		named_object(x, IMPORT_AUTHORS, "author", origin, slug_for(x, login, title, "author", login), title,
		        STR(""));
}

static void plan_authors(struct wxr *x)
{
	for (struct wxr_node *c = x->channel->first; c; c = c->next)
		if (is(c->name, "wp:author"))
			plan_author(x, wxr_text_of(c, "wp:author_login"), wxr_text_of(c, "wp:author_display_name"));
	for (size_t i = 0; i < x->count; i++)
		if (is(x->items[i].type, "post") || is(x->items[i].type, "page"))
			plan_author(x, text_of(&x->items[i], "dc:creator"), STR(""));
}

static struct str term_origin(struct wxr *x, struct str slug) { return origin_of(x, "term", slug); }

/* Categories and tags of one slug are one topic. */
static void plan_term(struct wxr *x, struct str slug, struct str name, struct str about)
{
	struct str title = plain(x, name, TITLE_MAX), ours = slug_for(x, slug, title, "tag", slug);
	struct str origin = term_origin(x, ours);
	if ((slug.n || name.n) && !object_of(x, origin))
		named_object(x, IMPORT_TAGS, "tag", origin, ours, title, plain(x, about, EXCERPT_MAX));
}

static bool is_topic(struct str taxonomy) { return is(taxonomy, "category") || is(taxonomy, "post_tag"); }

static void plan_terms(struct wxr *x)
{
	for (struct wxr_node *c = x->channel->first; c; c = c->next) {
		if (is(c->name, "wp:category"))
			plan_term(x, str_trim(wxr_text_of(c, "wp:category_nicename")), wxr_text_of(c, "wp:cat_name"),
			        wxr_text_of(c, "wp:category_description"));
		else if (is(c->name, "wp:tag"))
			plan_term(x, str_trim(wxr_text_of(c, "wp:tag_slug")), wxr_text_of(c, "wp:tag_name"),
			        wxr_text_of(c, "wp:tag_description"));
	}
	for (size_t i = 0; i < x->count; i++)
		for (struct wxr_node *c = x->items[i].node->first; c; c = c->next)
			if (is(c->name, "category") && is_topic(wxr_attr(c, "domain")))
				plan_term(x, wxr_attr(c, "nicename"), c->text, STR(""));
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static bool picture_of(struct wxr *x, const struct wxr_item *i, struct wxr_picture *out)
{
	struct str url = text_of(i, "wp:attachment_url"), alt = meta_of(i, "_wp_attachment_image_alt");
	(void)x;
	*out = (struct wxr_picture){ url, alt.n ? alt : text_of(i, "title") };
	return is(i->type, "attachment") && url.n > 0;
}

static bool attachment(void *arg, struct str id, struct wxr_picture *out)
{
	struct wxr *x = arg;
	const struct wxr_item *i = item_of(x, id);
	return i && picture_of(x, i, out);
}

/* An address whose end is a picture's. */
static bool is_picture(struct str url)
{
	static const char *const ends[] = { ".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".svg", NULL };
	for (size_t i = 0; ends[i]; i++)
		if (url.n > strlen(ends[i]) && str_ieqc(str_skip(url, url.n - strlen(ends[i])), ends[i]))
			return true;
	return false;
}

static bool own_attachment(void *arg, size_t n, struct wxr_picture *out)
{
	struct wxr *x = arg;
	for (size_t i = 0; i < x->count; i++) {
		const struct wxr_item *m = &x->items[i];
		if (is(m->type, "attachment") && str_eq(text_of(m, "wp:post_parent"), x->now->id) &&
		        is_picture(text_of(m, "wp:attachment_url")) && !n--)
			return picture_of(x, m, out);
	}
	return false;
}

static void left_out(void *arg, struct str name)
{
	struct wxr *x = arg;
	const struct import_report *r = x->run.report;
	struct str why = arena_strf(arena_of(x), "of \"%.*s\" only the text stays", STR_ARG(str_shown(name)));
	for (size_t i = r->note_count; i-- && str_eq(r->notes[i].what, x->now->object->slug);)
		if (str_eq(r->notes[i].why, why))
			return; /* said */
	import_note(&x->run.log, x->now->object->kind, x->now->object->slug, "%.*s", STR_ARG(why));
}

/* A file of the uploads folder. */
static bool uploaded(void *arg, struct str url, struct blog_image *out)
{
	struct wxr *x = arg;
	static const struct str mark = STR_INIT("/wp-content/uploads/");
	ptrdiff_t at = str_find(url, mark);
	const struct plan_media *m = NULL;
	if (at >= 0 && x->run.opt->media_dir)
		m = import_media_beside(x->run.files, str_skip(url, (size_t)at + mark.n), &x->run.log);
	if (m)
		*out = m->image;
	return m != NULL;
}

/* Links to what moved here. */
static struct str with_links(struct wxr *x, struct str html)
{
	struct buf b;
	buf_arena(&b, arena_of(x), 2 * html.n + 64);
	for (ptrdiff_t at; (at = str_find(html, STR("href="))) >= 0;) {
		size_t from = (size_t)at + 5;
		char quote = from < html.n ? html.p[from] : 0;
		buf_put(&b, html.p, from);
		html = str_skip(html, from);
		ptrdiff_t end = quote == '"' || quote == '\'' ? str_chr(str_skip(html, 1), quote) : -1;
		if (end < 0)
			continue;
		struct str url = str_n(html.p + 1, (size_t)end), bare = without_scheme(str_trim(url));
		struct moved_link *m = NULL;
		HASH_FIND(hh, x->links, bare.p, bare.n, m);
		buf_putc(&b, quote);
		buf_putstr(&b, m ? m->to : url);
		html = str_skip(html, (size_t)end + 1);
	}
	buf_putstr(&b, html);
	return buf_ok(&b) ? buf_str(&b) : html;
}

static enum status render(struct wxr *x, struct wxr_item *i, struct err *e)
{
	const struct wxr_texts texts = {
		.attachment = attachment, .own = own_attachment, .left_out = left_out, .arg = x
	};
	const struct body_options opt = { .image = uploaded, .arg = x };
	struct str content = wxr_text_of(i->node, "content:encoded");
	if (content.n > BODY_SOURCE_MAX)
		return err_set(
		        e, ST_TOO_LARGE, "its text has %zu bytes, at most %u are taken", content.n, BODY_SOURCE_MAX);
	x->now = i;
	struct str html = wxr_html(arena_of(x), content, &texts);
	if (!html.p)
		return err_set(e, ST_TOO_LARGE, "its text is too large when its shortcodes are written out");
	return plan_render(&x->run, i->object, BODY_HTML, with_links(x, html), STR_NULL, &opt, e);
}

/* --- posts and pages ---------------------------------------------------------------------------------------------- */

static void set_status(struct wxr *x, struct wxr_item *i)
{
	struct plan_object *o = i->object;
	int64_t now = x->run.plan.now;
	const char *why = NULL;
	o->published_at = date_of(i->node, "wp:post_date_gmt", "wp:post_date", "pubDate", now);
	o->status = STR("draft");
	if (text_of(i, "wp:post_password").n)
		why = "is behind a password: kept as a draft";
	else if (is(i->status, "publish") && o->published_at <= now)
		o->status = STR("published");
	else if (is(i->status, "future") || is(i->status, "publish")) {
		if (o->published_at > now)
			o->status = STR("scheduled");
		else
			why = "was scheduled and never published: kept as a draft";
	} else if (!is(i->status, "draft"))
		why = "was not public: kept as a draft";
	if (why)
		import_note(&x->run.log, o->kind, o->slug, "%s", why);
}

static struct plan_links topics_of(struct wxr *x, const struct wxr_item *i)
{
	size_t n = 0, room = 0;
	for (struct wxr_node *c = i->node->first; c; c = c->next)
		room += is(c->name, "category");
	struct str *origins = ARENA_ARRAY(arena_of(x), struct str, room + 1);
	for (struct wxr_node *c = i->node->first; c; c = c->next) {
		struct str slug = wxr_attr(c, "nicename");
		if (!is(c->name, "category") || !is_topic(wxr_attr(c, "domain")))
			continue;
		struct str origin = term_origin(x, slug_for(x, slug, plain(x, c->text, TITLE_MAX), "tag", slug));
		bool twice = false;
		for (size_t k = 0; k < n; k++)
			twice |= str_eq(origins[k], origin);
		if (!twice)
			origins[n++] = origin;
	}
	return (struct plan_links){ origins, n };
}

static struct plan_links one_link(struct wxr *x, struct str origin, bool there)
{
	struct str *one = ARENA_NEW(arena_of(x), struct str);
	*one = origin;
	return (struct plan_links){ one, there };
}

static void set_texts(struct wxr *x, struct wxr_item *i)
{
	struct plan_object *o = i->object;
	struct str custom = plain(x, wxr_text_of(i->node, "excerpt:encoded"), EXCERPT_MAX);
	struct wxr_picture picture;
	o->search = o->body->body.plain;
	o->custom_excerpt = custom;
	o->has_meta = custom.n > 0;
	o->excerpt = custom.n ? custom : body_excerpt(arena_of(x), o->search, BODY_EXCERPT_MAX);
	o->reading_min = o->body->body.reading_min;
	o->featured = is(text_of(i, "wp:is_sticky"), "1");
	struct blog_image stored = { 0 };
	if (!attachment(x, meta_of(i, "_thumbnail_id"), &picture))
		return;
	o->image_url = uploaded(x, picture.url, &stored) ? stored.src : picture.url;
	o->image_alt = picture.title;
}

static void set_relations(struct wxr *x, struct wxr_item *i)
{
	struct plan_object *o = i->object;
	struct str login = text_of(i, "dc:creator");
	const struct wxr_item *above = item_of(x, text_of(i, "wp:post_parent"));
	o->tagged = topics_of(x, i);
	o->authored = one_link(x, author_origin(x, login), login.n > 0);
	bool page = o->kind == IMPORT_PAGES && above && above->object && above != i;
	o->part_of = one_link(x, page ? above->object->origin : STR(""), page);
}

static enum status plan_item(struct wxr *x, struct wxr_item *i, struct err *e)
{
	struct plan_object *o = i->object;
	set_status(x, i);
	o->created_at = o->updated_at = o->published_at;
	TRY(render(x, i, e));
	set_texts(x, i);
	set_relations(x, i);
	if (!is(o->status, "draft"))
		o->old_path = old_path(x, i->link);
	size_t n = o->tagged.count, at = 0;
	struct str *parts = ARENA_ARRAY(arena_of(x), struct str, n + 12);
	const struct str fixed[] = { STR(RENDER_VERSION), o->title, o->slug, o->status, o->body->hash, o->excerpt,
		o->image_url, o->authored.origins[0], o->part_of.origins[0], o->old_path,
		arena_strf(arena_of(x), "%lld", (long long)o->published_at), o->featured ? STR("1") : STR("0") };
	for (; at < sizeof fixed / sizeof *fixed; at++)
		parts[at] = fixed[at];
	for (size_t k = 0; k < n; k++)
		parts[at++] = o->tagged.origins[k];
	o->hash = import_hash(arena_of(x), parts, at);
	return ST_OK;
}

/* Objects of posts and pages, with the addresses they get, before any text is rendered; what is above stands first. */
static enum status make_object(struct wxr *x, struct wxr_item *i, unsigned level)
{
	bool page = is(i->type, "page");
	struct wxr_item *above = item_of(x, text_of(i, "wp:post_parent"));
	if (i->planned || (!page && !is(i->type, "post")))
		return ST_OK;
	if (is(i->status, "trash") || is(i->status, "auto-draft") || is(i->status, "inherit")) {
		import_note(&x->run.log, page ? IMPORT_PAGES : IMPORT_POSTS, text_of(i, "title"),
		        "is %.*s and was left out", STR_ARG(str_shown(i->status)));
		x->run.report->counts[page ? IMPORT_PAGES : IMPORT_POSTS].skipped++;
		return ST_OK;
	}
	i->planned = true;
	if (page && above && above != i && level < LEVELS_MAX)
		TRY(make_object(x, above, level + 1));
	struct plan_object *o = plan_object(&x->run.plan, page ? IMPORT_PAGES : IMPORT_POSTS, page ? "page" : "post",
	        origin_of(x, "post", i->id));
	o->title = plain(x, text_of(i, "title"), TITLE_MAX);
	o->slug = slug_for(x, text_of(i, "wp:post_name"), o->title, page ? "page" : "post", i->id);
	if (blog_is_own_address(arena_of(x), x->run.ctx->svc, o->slug)) {
		import_note(&x->run.log, o->kind, o->slug, "is an address of this program: \"%.*s-%s\" was given",
		        STR_ARG(o->slug), page ? "page" : "post");
		o->slug = arena_strf(arena_of(x), "%.*s-%s", STR_ARG(o->slug), page ? "page" : "post");
	}
	struct str there = unescaped(arena_of(x), text_of(i, "wp:post_name"));
	if (there.n && !str_eq(there, o->slug))
		o->old_slug = str_utf8_first(there, OLD_SLUG_MAX);
	if (!o->title.n)
		o->title = STR("(Untitled)");
	i->object = o;
	link_moved(x, i->link, arena_strf(arena_of(x), "/%.*s/", STR_ARG(o->slug)));
	return ST_OK;
}

static enum status plan_items(struct wxr *x, struct err *e)
{
	for (size_t i = 0; i < x->count; i++)
		TRY(make_object(x, &x->items[i], 0));
	for (size_t i = 0; i < x->count; i++) {
		struct err why = { 0 };
		if (!x->items[i].object)
			continue;
		enum status st = plan_item(x, &x->items[i], &why);
		if (st != ST_OK)
			return err_set(e, st, "%s: the item in line %zu, \"%.*s\": %s", x->run.opt->path,
			        x->items[i].node->line, STR_ARG(str_shown(x->items[i].object->title)), why.msg);
		if (x->run.opt->progress)
			x->run.opt->progress(x->run.opt->progress_arg, "posts", i + 1, x->count);
	}
	return ST_OK;
}

/* --- comments ----------------------------------------------------------------------------------------------------- */

static int by_date(const void *a, const void *b)
{
	const struct plan_comment *x = a, *y = b;
	return x->created_at != y->created_at ? (x->created_at < y->created_at ? -1 : 1)
	                                      : str_cmp(x->origin, y->origin);
}

static void plan_comment(struct wxr *x, const struct wxr_item *i, const struct wxr_node *c)
{
	struct plan *plan = &x->run.plan;
	struct safe_html html = { STR("") };
	const struct wxr_texts none = {
		.attachment = attachment, .own = own_attachment, .left_out = left_out, .arg = x
	};
	struct str id = str_trim(wxr_text_of(c, "wp:comment_id")),
	           above = str_trim(wxr_text_of(c, "wp:comment_parent"));
	struct str text = str_utf8_fit(wxr_text_of(c, "wp:comment_content"), COMMENT_MAX), name;
	if (!is(str_trim(wxr_text_of(c, "wp:comment_approved")), "1")) {
		x->run.report->counts[IMPORT_COMMENTS].skipped++;
		return;
	}
	x->now = i;
	struct str shown = wxr_html(plan->a, text, &none);
	if (!shown.p || sanitize_html(plan->a, SANITIZE_REMOTE, shown, &html, NULL) != ST_OK || !html.s.n) {
		x->run.report->counts[IMPORT_COMMENTS].skipped++;
		return;
	}
	name = plain(x, wxr_text_of(c, "wp:comment_author"), NAME_SHOWN);
	plan->comments[plan->comment_count++] = (struct plan_comment){
		.origin = origin_of(x, "comment", id),
		.object = i->object->origin,
		.above = above.n && !is(above, "0") ? origin_of(x, "comment", above) : STR_NULL,
		.name = name.n ? name : STR("Anonymous"),
		.html = html.s,
		.created_at = date_of(c, "wp:comment_date_gmt", "wp:comment_date", NULL, plan->now),
	};
}

static void plan_comments(struct wxr *x)
{
	size_t n = 0;
	for (size_t i = 0; i < x->count; i++)
		for (struct wxr_node *c = x->items[i].node->first; c; c = c->next)
			n += is(c->name, "wp:comment");
	x->run.plan.comments = ARENA_ARRAY(arena_of(x), struct plan_comment, n + 1);
	for (size_t i = 0; i < x->count; i++)
		for (struct wxr_node *c = x->items[i].node->first; x->items[i].object && c; c = c->next)
			if (is(c->name, "wp:comment"))
				plan_comment(x, &x->items[i], c);
	qsort(x->run.plan.comments, x->run.plan.comment_count, sizeof *x->run.plan.comments, by_date);
	if (x->run.report->counts[IMPORT_COMMENTS].skipped)
		import_note(&x->run.log, IMPORT_COMMENTS, STR("comments"),
		        "that were not approved, or empty, were left out");
}

/* --- menus -------------------------------------------------------------------------------------------------------- */

static struct str menu_of(const struct wxr_item *i)
{
	for (struct wxr_node *c = i->node->first; c; c = c->next)
		if (is(c->name, "category") && is(wxr_attr(c, "domain"), "nav_menu"))
			return wxr_attr(c, "nicename");
	return STR("");
}

static int by_order(const void *a, const void *b)
{
	const struct wxr_item *const *x = a, *const *y = b;
	return ((*x)->menu_order > (*y)->menu_order) - ((*x)->menu_order < (*y)->menu_order);
}

static struct plan_nav nav_of(struct wxr *x, struct wxr_item *const *entries, size_t at)
{
	const struct wxr_item *i = entries[at];
	struct str type = meta_of(i, "_menu_item_type"), object = meta_of(i, "_menu_item_object_id"),
	           above = meta_of(i, "_menu_item_menu_item_parent"), url = meta_of(i, "_menu_item_url");
	struct plan_nav nav = { .label = plain(x, text_of(i, "title"), TITLE_MAX), .url = STR(""), .of = STR_NULL };
	const struct wxr_item *to = is(type, "post_type") ? item_of(x, object) : NULL;
	struct moved_link *moved = NULL;
	struct str bare = without_scheme(url);
	HASH_FIND(hh, x->links, bare.p, bare.n, moved);
	if (to && to->object)
		nav.of = to->object->origin;
	else if (is(type, "custom"))
		nav.url = moved ? moved->to : url;
	for (size_t k = 0; k < at && above.n; k++)
		if (str_eq(entries[k]->id, above))
			nav.above = k + 1;
	return nav;
}

static void plan_menu(struct wxr *x, struct str name, struct plan_menu *m, const char *place)
{
	struct wxr_item **entries = ARENA_ARRAY(arena_of(x), struct wxr_item *, MENU_MAX);
	size_t n = 0;
	for (size_t i = 0; i < x->count && n < MENU_MAX; i++)
		if (is(x->items[i].type, "nav_menu_item") && str_eq(menu_of(&x->items[i]), name))
			entries[n++] = &x->items[i];
	qsort(entries, n, sizeof *entries, by_order);
	struct plan_nav *list = ARENA_ARRAY(arena_of(x), struct plan_nav, n + 1);
	struct str *parts = ARENA_ARRAY(arena_of(x), struct str, 3 * n + 1);
	for (size_t i = 0; i < n; i++) {
		list[i] = nav_of(x, entries, i);
		parts[3 * i] = list[i].label;
		parts[3 * i + 1] = list[i].url;
		parts[3 * i + 2] = list[i].of;
	}
	*m = (struct plan_menu){
		.name = place, .items = list, .count = n, .hash = import_hash(arena_of(x), parts, 3 * n)
	};
}

/* Which menu stands where is not in the file: the first is the main one, the second the other. */
static void plan_menus(struct wxr *x)
{
	static const char *const places[] = { "primary", "secondary" };
	struct str seen[2] = { STR_NULL, STR_NULL };
	size_t n = 0;
	for (size_t i = 0; i < x->count; i++) {
		struct str name = is(x->items[i].type, "nav_menu_item") ? menu_of(&x->items[i]) : STR("");
		if (!name.n || (n && str_eq(seen[0], name)) || (n > 1 && str_eq(seen[1], name)))
			continue;
		if (n < 2) {
			plan_menu(x, name, &x->run.plan.menus[n], places[n]);
			seen[n++] = name;
		}
	}
	for (size_t i = 0; i < x->count; i++) {
		struct str name = is(x->items[i].type, "nav_menu_item") ? menu_of(&x->items[i]) : STR("");
		bool again = !name.n || (n && str_eq(seen[0], name)) || (n > 1 && str_eq(seen[1], name));
		for (size_t k = 0; k < i && !again; k++)
			again = is(x->items[k].type, "nav_menu_item") && str_eq(menu_of(&x->items[k]), name);
		if (!again)
			import_note(&x->run.log, IMPORT_MENUS, name, "has no place here and was left out");
	}
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static void plan_settings(struct wxr *x)
{
	struct plan *plan = &x->run.plan;
	const struct plan_setting all[] = {
		{ STR("title"), plain(x, wxr_text_of(x->channel, "title"), TITLE_MAX) },
		{ STR("description"), plain(x, wxr_text_of(x->channel, "description"), EXCERPT_MAX) },
	};
	plan->settings = ARENA_ARRAY(plan->a, struct plan_setting, 2);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].value.n)
			plan->settings[plan->setting_count++] = all[i];
	struct str parts[2] = { all[0].value, all[1].value };
	plan->settings_hash = import_hash(plan->a, parts, 2);
}

/* Kinds of items that mean nothing here, each said once. */
static void note_other_kinds(struct wxr *x)
{
	static const char *const known[] = { "post", "page", "attachment", "nav_menu_item", NULL };
	for (size_t i = 0; i < x->count; i++) {
		struct str type = x->items[i].type;
		size_t k = 0, count = 0;
		bool first = true;
		while (known[k] && !is(type, known[k]))
			k++;
		for (size_t n = 0; n < i && !known[k] && first; n++)
			first = !str_eq(x->items[n].type, type);
		if (known[k] || !first)
			continue;
		for (size_t n = i; n < x->count; n++)
			count += str_eq(x->items[n].type, type);
		import_note(
		        &x->run.log, IMPORT_OTHER, type, "is a kind that has no place here: %zu were left out", count);
	}
}

static enum status read_export(struct import_run *run, struct err *e)
{
	struct wxr *x = (struct wxr *)run;
	TRY(open_export(x, e));
	list_items(x);
	size_t terms = 0;
	for (struct wxr_node *c = x->channel->first; c; c = c->next)
		terms++;
	for (size_t i = 0; i < x->count; i++)
		for (struct wxr_node *c = x->items[i].node->first; c; c = c->next)
			terms += is(c->name, "category");
	run->plan.objects = ARENA_ARRAY(arena_of(x), struct plan_object, terms + 2 * x->count + 1);
	plan_authors(x);
	plan_terms(x);
	TRY(plan_items(x, e));
	plan_comments(x);
	plan_menus(x);
	plan_settings(x);
	note_other_kinds(x);
	return ST_OK;
}

static void forget(struct import_run *run)
{
	struct wxr *x = (struct wxr *)run;
	HASH_CLEAR(hh, x->by_id);
	HASH_CLEAR(hh, x->links);
}

enum status blog_import_wxr(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                            struct import_report *report, struct err *e)
{
	struct wxr x = { .run = { .ctx = ctx,
		                 .db = db,
		                 .media = media,
		                 .opt = opt,
		                 .report = report,
		                 .read = read_export,
		                 .end = forget } };
	return import_run(&x.run, "wxr", e);
}
