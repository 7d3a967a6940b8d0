/* SPDX-License-Identifier: Apache-2.0
 *
 * Each resource is a row of a table: what type of object it is, what can be asked of it, how it is written. The rows
 * are those of one statement, to which conditions, an order and a page are added (nql.h).
 */
#include "services/blog/content_api.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_sql.h"
#include "platform/text/json.h"
#include "services/blog/blog_feeds.h"
#include "services/blog/export.h"
#include "services/blog/ghost.h"
#include "services/blog/nql.h"
#include "services/blog/store.h"

#define GHOST_ID_LEN 24
#define LIMIT_USUAL 15
#define LIMIT_MAX 100
#define PAGE_LAST 1000000
#define ANSWER_MAX ((size_t)48 << 20)
#define WHERE_MAX ((size_t)64 << 10)
#define PARAMS_MAX (3 * NQL_VALUES_MAX + 8) /* an id is looked for in three ways */
_Static_assert(PARAMS_MAX <= UINT8_MAX, "");
#define KEY_SETTING "content_api_key"

typedef struct blog_content_row row;

struct resource;
struct content {
	struct web *w;
	struct db_conn *c;
	const struct resource *r;
	struct buf b;
	struct str fields, include, formats;
	int64_t now_us;
};

struct resource {
	const char *name, *type; /* "posts", "post" */
	const struct nql_field *fields;
	const char *order; /* when none is asked for */
	const char *uses;  /* edge by which posts refer to it: those that no post has are not listed */
	enum status (*put)(struct content *x, const row *o, struct err *e);
};

/* --- errors as Ghost words them ----------------------------------------------------------------------------------- */

static enum status refuse(struct web *w, int status, const char *type, const char *message)
{
	struct buf b;
	buf_text(&b, w->ctx->arena);
	BUF_LIT(&b, "{\"errors\":[{\"message\":");
	json_put_str(&b, str_c(message));
	json_put_member(&b, "type", str_c(type));
	BUF_LIT(&b, ",\"context\":null,\"details\":null,\"property\":null,\"help\":null,\"code\":null,\"id\":");
	json_put_str(&b, str_c(w->ctx->request_id));
	BUF_LIT(&b, ",\"ghostErrorCode\":null}]}");
	web_no_cache(w);
	return web_json(w, status, buf_str(&b));
}

/* What is wrong with the request is told; a failure of ours goes on. */
static enum status refuse_by(struct web *w, enum status st, struct err *e)
{
	if (st == ST_INVALID)
		return refuse(w, 400, "BadRequestError", e->msg);
	if (st == ST_NOT_FOUND)
		return refuse(w, 404, "NotFoundError", "Resource not found");
	if (st == ST_UNAUTHENTICATED)
		return refuse(w, 401, "UnauthorizedError", "Unknown Content API Key");
	return st;
}

/* --- the key ------------------------------------------------------------------------------------------------------ */

static enum status tx_key(struct db_conn *c, void *arg, struct err *e)
{
	struct str *out = arg;
	struct blog_setting_row *kept;
	char fresh[2 * 13 + 1];
	TRY(q_blog_setting(c, STR(KEY_SETTING), &kept, e));
	if (!kept) {
		random_hex(fresh, 13);
		TRY(q_blog_setting_put(c, STR(KEY_SETTING), str_n(fresh, CONTENT_KEY_LEN), clock_now_us(), NULL, e));
	}
	*out = arena_str(db_arena(c), kept ? kept->value : str_n(fresh, CONTENT_KEY_LEN));
	return ST_OK;
}

enum status content_key(struct ctx *ctx, struct db *db, struct str *out, struct err *e)
{
	return db_write(ctx, db, tx_key, out, e);
}

static enum status check_key(struct content *x, struct err *e)
{
	struct blog_setting_row *kept;
	struct str key = web_query(x->w, "key");
	TRY(q_blog_setting(x->c, STR(KEY_SETTING), &kept, e));
	return kept && key.n == kept->value.n && !memcmp(key.p, kept->value.p, key.n) ? ST_OK : ST_UNAUTHENTICATED;
}

/* --- members of an object ----------------------------------------------------------------------------------------- */

static bool is_listed(struct str list, const char *name)
{
	struct str one;
	while (list.p && str_next(&list, ',', &one))
		if (str_eqc(str_trim(one), name))
			return true;
	return false;
}

static bool wanted(const struct content *x, const char *name) { return !x->fields.n || is_listed(x->fields, name); }

static void put_text(struct content *x, const char *name, struct str s)
{
	if (wanted(x, name))
		json_put_member(&x->b, name, s);
}

static void put_raw(struct content *x, const char *name, const char *value)
{
	if (wanted(x, name))
		buf_printf(&x->b, "%s\"%s\":%s", x->b.data[x->b.len - 1] == '{' ? "" : ",", name, value);
}

static void put_maybe(struct content *x, const char *name, struct str s)
{
	s.n ? put_text(x, name, s) : put_raw(x, name, "null");
}

/* As Ghost writes moments: milliseconds, an offset. */
static void put_time(struct content *x, const char *name, int64_t us)
{
	struct civil c;
	clock_civil_utc(us, &c);
	put_text(x, name,
	        arena_strf(x->w->ctx->arena, "%04d-%02d-%02dT%02d:%02d:%02d.%03d+00:00", c.year, c.month, c.day, c.hour,
	                c.minute, c.second, (int)(us / 1000 % 1000)));
}

static void put_address(struct content *x, const char *name, struct str url)
{
	put_maybe(x, name, blog_abs(x->w->ctx, url));
}

static void put_image(struct content *x, const char *name, const row *o)
{
	put_address(x, name, o->image.n ? o->image : o->image_url);
}

static struct str id_of(struct content *x, const row *o)
{
	struct arena *a = x->w->ctx->arena;
	struct str there = ghost_id_of(a, o->origin, o->id);
	if (o->guid.n)
		return o->guid;
	return there.n == GHOST_ID_LEN ? there : ghost_id_of(a, STR(""), o->id); /* old exports have numbers */
}

static void put_sharing(struct content *x, const row *o)
{
	put_address(x, "og_image", o->og_image);
	put_maybe(x, "og_title", o->og_title);
	put_maybe(x, "og_description", o->og_description);
	put_address(x, "twitter_image", o->twitter_image);
	put_maybe(x, "twitter_title", o->twitter_title);
	put_maybe(x, "twitter_description", o->twitter_description);
	put_maybe(x, "meta_title", o->meta_title);
	put_maybe(x, "meta_description", o->meta_description);
	put_raw(x, "codeinjection_head", "null"); /* kept for export alone */
	put_raw(x, "codeinjection_foot", "null");
	put_maybe(x, "canonical_url", o->canonical_url);
}

/* Of an object within another all members are written. */
static enum status put_whole(struct content *x, const row *o,
        enum status (*put)(struct content *x, const row *o, struct err *e), struct err *e)
{
	struct str fields = x->fields, include = x->include;
	x->fields = x->include = STR("");
	buf_putc(&x->b, '{');
	enum status st = put(x, o, e);
	buf_putc(&x->b, '}');
	x->fields = fields;
	x->include = include;
	return st;
}

/* --- resources ---------------------------------------------------------------------------------------------------- */

static enum status put_count(struct content *x, const row *o, const char *edge, struct err *e)
{
	struct blog_content_uses_row *n;
	if (!is_listed(x->include, "count.posts"))
		return ST_OK;
	TRY(q_blog_content_uses(x->c, o->id, str_c(edge), x->now_us, &n, e));
	buf_printf(&x->b, "%s\"count\":{\"posts\":%lld}", x->b.data[x->b.len - 1] == '{' ? "" : ",", (long long)n->n);
	return ST_OK;
}

static enum status put_tag(struct content *x, const row *o, struct err *e)
{
	put_text(x, "id", id_of(x, o));
	put_text(x, "name", o->title);
	put_text(x, "slug", o->slug);
	put_maybe(x, "description", o->excerpt);
	put_image(x, "feature_image", o);
	put_text(x, "visibility", str_eqc(o->status, "unlisted") ? STR("internal") : STR("public"));
	put_sharing(x, o);
	put_maybe(x, "accent_color", o->accent);
	put_text(x, "url", web_abs_url(x->w->ctx, "blog", "/tag/%.*s/", STR_ARG(o->slug)));
	return put_count(x, o, "tagged", e);
}

static enum status put_author(struct content *x, const row *o, struct err *e)
{
	static const char *const networks[] = { "facebook", "twitter", "threads", "bluesky", "mastodon", "tiktok",
		"youtube", "instagram", "linkedin" };
	SCOPED_JSON *social = json_parse(o->social, 2, NULL);
	put_text(x, "id", id_of(x, o));
	put_text(x, "name", o->title);
	put_text(x, "slug", o->slug);
	put_image(x, "profile_image", o);
	put_address(x, "cover_image", o->cover_url);
	put_maybe(x, "bio", o->excerpt);
	put_maybe(x, "website", o->website);
	put_maybe(x, "location", o->location);
	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
		struct str handle = json_is_object(social) ? json_str(social, networks[i]) : STR_NULL;
		put_maybe(x, networks[i], handle.p ? handle : STR(""));
	}
	put_maybe(x, "meta_title", o->meta_title);
	put_maybe(x, "meta_description", o->meta_description);
	put_text(x, "url", web_abs_url(x->w->ctx, "blog", "/author/%.*s/", STR_ARG(o->slug)));
	return put_count(x, o, "authored-by", e);
}

static enum status put_tier(struct content *x, const row *o, struct err *e)
{
	put_text(x, "id", id_of(x, o));
	put_text(x, "name", o->title);
	put_text(x, "slug", o->slug);
	put_maybe(x, "description", o->excerpt);
	put_raw(x, "active", "true");
	put_text(x, "type", STR("paid"));
	put_text(x, "visibility", STR("public"));
	put_raw(x, "welcome_page_url", "null");
	put_time(x, "created_at", o->created_at);
	put_time(x, "updated_at", o->updated_at);
	if (is_listed(x->include, "monthly_price"))
		put_raw(x, "monthly_price", "null");
	if (is_listed(x->include, "yearly_price"))
		put_raw(x, "yearly_price", "null");
	if (is_listed(x->include, "benefits"))
		put_raw(x, "benefits", "[]");
	return ST_OK;
}

/* The list, and the first of it that may be the primary one. */
static enum status put_linked(struct content *x, const row *o, const char *edge, const char *list, const char *primary,
        enum status (*put)(struct content *x, const row *o, struct err *e), struct err *e)
{
	row *linked;
	size_t n, first = 0;
	TRY(q_blog_content_linked(x->c, o->id, str_c(edge), &linked, &n, e));
	while (first < n && str_eqc(linked[first].status, "unlisted"))
		first++;
	if (list) {
		buf_printf(&x->b, "%s\"%s\":[", x->b.data[x->b.len - 1] == '{' ? "" : ",", list);
		for (size_t i = 0; i < n; i++) {
			buf_puts(&x->b, i ? "," : "");
			TRY(put_whole(x, &linked[i], put, e));
		}
		buf_putc(&x->b, ']');
	}
	if (!primary)
		return ST_OK;
	if (first == n) {
		buf_printf(&x->b, "%s\"%s\":null", x->b.data[x->b.len - 1] == '{' ? "" : ",", primary);
		return ST_OK;
	}
	buf_printf(&x->b, "%s\"%s\":", x->b.data[x->b.len - 1] == '{' ? "" : ",", primary);
	return put_whole(x, &linked[first], put, e);
}

static enum status put_links(struct content *x, const row *o, struct err *e)
{
	bool tags = is_listed(x->include, "tags"), authors = is_listed(x->include, "authors");
	if (tags || is_listed(x->fields, "primary_tag"))
		TRY(put_linked(x, o, "tagged", tags ? "tags" : NULL, "primary_tag", put_tag, e));
	if (authors || is_listed(x->fields, "primary_author"))
		TRY(put_linked(x, o, "authored-by", authors ? "authors" : NULL, "primary_author", put_author, e));
	if (is_listed(x->include, "tiers"))
		TRY(put_linked(x, o, "requires", "tiers", NULL, put_tier, e));
	return ST_OK;
}

static void put_body(struct content *x, const row *o)
{
	bool open = str_eqc(o->visibility, "public");
	bool html = !x->formats.n || is_listed(x->formats, "html"), plain = is_listed(x->formats, "plaintext");
	struct blog_feed_item item = {
		.card = { .slug = o->slug, .title = o->title }, .html = { o->html.p ? o->html : STR("") }
	};
	if (html && (wanted(x, "html") || x->formats.n))
		json_put_member(&x->b, "html", open ? blog_feed_html(x->w->ctx, &item) : STR(""));
	if (plain)
		json_put_member(&x->b, "plaintext", open && o->plain.p ? o->plain : STR(""));
}

static enum status put_post(struct content *x, const row *o, struct err *e)
{
	bool open = str_eqc(o->visibility, "public");
	put_text(x, "id", id_of(x, o));
	put_text(x, "uuid", ghost_uuid_of(x->w->ctx->arena, o->origin, o->id));
	put_text(x, "title", o->title);
	put_text(x, "slug", o->slug);
	put_body(x, o);
	put_text(x, "comment_id", id_of(x, o));
	put_image(x, "feature_image", o);
	put_maybe(x, "feature_image_alt", o->image_alt);
	put_maybe(x, "feature_image_caption", o->caption);
	put_raw(x, "featured", o->featured ? "true" : "false");
	put_text(x, "visibility", o->visibility);
	put_time(x, "created_at", o->created_at);
	put_time(x, "updated_at", o->updated_at);
	put_time(x, "published_at", o->published_at);
	put_maybe(x, "custom_excerpt", o->custom_excerpt);
	put_maybe(x, "custom_template", o->template);
	put_maybe(x, "locale", o->lang);
	put_sharing(x, o);
	put_text(x, "url", web_abs_url(x->w->ctx, "blog", "/%.*s/", STR_ARG(o->slug)));
	put_text(x, "excerpt", o->custom_excerpt.n ? o->custom_excerpt : o->excerpt);
	put_raw(x, "reading_time", arena_printf(x->w->ctx->arena, "%lld", (long long)o->reading_min));
	put_raw(x, "access", open ? "true" : "false");
	put_raw(x, "comments", "false");
	put_raw(x, "frontmatter", "null");
	put_raw(x, "email_subject", "null");
	return put_links(x, o, e);
}

#define LINKED(type, more, end)                                                                                        \
	"EXISTS (SELECT 1 FROM edges g JOIN objects t ON t.id = g.dst WHERE g.src = o.id AND g.type = '" type "'" more \
	" AND %s" end ")"
#define FIRST " AND NOT EXISTS (SELECT 1 FROM edges h WHERE h.src = g.src AND h.type = g.type AND h.ord < g.ord)"
#define TAGGED LINKED("tagged", "", "")
#define WRITTEN LINKED("authored-by", "", "")
#define COMMON                                                                                                \
	{ "id", NQL_ID, "o" }, { "slug", NQL_TEXT, "o.slug" }, { "meta_title", NQL_TEXT, "x.meta_title" },    \
	        { "meta_description", NQL_TEXT, "x.meta_description" },                                       \
	        { "created_at", NQL_TIME, "o.created_at" }, { "updated_at", NQL_TIME, "o.updated_at" },       \
	        { "canonical_url", NQL_TEXT, "x.canonical_url" }
#define PICTURE "CASE WHEN o.image_id IS NULL THEN o.image_url ELSE 'kept' END"

static const struct nql_field post_fields[] = {
	COMMON,
	{ "title", NQL_TEXT, "o.title" },
	{ "featured", NQL_BOOL, "o.featured" },
	{ "visibility", NQL_TEXT, "o.visibility" },
	{ "published_at", NQL_TIME, "o.published_at" },
	{ "custom_excerpt", NQL_TEXT, "x.custom_excerpt" },
	{ "custom_template", NQL_TEXT, "o.template" },
	{ "feature_image", NQL_TEXT, PICTURE },
	{ "locale", NQL_TEXT, "o.lang" },
	{ "reading_time", NQL_INT, "o.reading_min" },
	{ "og_title", NQL_TEXT, "x.og_title" },
	{ "twitter_title", NQL_TEXT, "x.twitter_title" },
	{ "tag", NQL_LINKED, TAGGED },
	{ "tags", NQL_LINKED, TAGGED },
	{ "tags.slug", NQL_LINKED, TAGGED },
	{ "tags.name", NQL_LINKED, TAGGED },
	{ "tags.visibility", NQL_LINKED, TAGGED },
	{ "primary_tag", NQL_LINKED, LINKED("tagged", FIRST, "") },
	{ "author", NQL_LINKED, WRITTEN },
	{ "authors", NQL_LINKED, WRITTEN },
	{ "authors.slug", NQL_LINKED, WRITTEN },
	{ "authors.name", NQL_LINKED, WRITTEN },
	{ "primary_author", NQL_LINKED, LINKED("authored-by", FIRST, "") },
	{ 0 },
};
static const struct nql_field term_fields[] = {
	COMMON,
	{ "name", NQL_TEXT, "o.title" },
	{ "visibility", NQL_TEXT, "CASE WHEN o.status = 'unlisted' THEN 'internal' ELSE 'public' END" },
	{ "description", NQL_TEXT, "o.excerpt" },
	{ "bio", NQL_TEXT, "o.excerpt" },
	{ "feature_image", NQL_TEXT, PICTURE },
	{ "profile_image", NQL_TEXT, PICTURE },
	{ "location", NQL_TEXT, "p.location" },
	{ "website", NQL_TEXT, "p.website" },
	{ "accent_color", NQL_TEXT, "x.accent" },
	{ 0 },
};
static const struct resource resources[] = {
	{ "posts", "post", post_fields, "o.published_at DESC", NULL, put_post },
	{ "pages", "page", post_fields, "o.title ASC", NULL, put_post },
	{ "tags", "tag", term_fields, "o.title ASC", "tagged", put_tag },
	{ "authors", "author", term_fields, "o.title ASC", "authored-by", put_author },
	{ "tiers", "tier", term_fields, "o.created_at ASC", NULL, put_tier },
};

/* --- asking ------------------------------------------------------------------------------------------------------- */

static const struct db_query *query_named(const char *name)
{
	for (struct db_query *const *q = blog_queries; *q; q++)
		if (!strcmp((*q)->name, name))
			return *q;
	return NULL;
}

/* One more condition of a list: somebody's filter, or what one object is. */
struct asked {
	struct str filter, order;
	struct str slug, id; /* p NULL: a list */
	int64_t limit, page;
};

static enum status put_conditions(struct content *x, const struct asked *a, struct nql_sql *sql, struct err *e)
{
	if (a->slug.p) {
		buf_puts(&sql->text, " AND o.slug = ");
		nql_param(sql, (struct db_value){ .type = DB_TEXT, .s = a->slug });
	}
	if (a->id.p)
		TRY(nql_where(x->w->ctx->arena, arena_strf(x->w->ctx->arena, "id:'%.*s'", STR_ARG(a->id)), x->r->fields,
		        x->now_us, sql, e));
	if (x->r->uses) {
		buf_printf(&sql->text,
		        " AND EXISTS (SELECT 1 FROM edges g JOIN objects s ON s.id = g.src WHERE g.dst = o.id AND "
		        "g.type = '%s' "
		        "AND s.type = 'post' AND s.status IN ('published', 'scheduled') AND s.published_at <= ",
		        x->r->uses);
		nql_param(sql, (struct db_value){ .type = DB_INT, .i = x->now_us });
		buf_putc(&sql->text, ')');
	}
	return nql_where(x->w->ctx->arena, a->filter, x->r->fields, x->now_us, sql, e);
}

/* The statement of that name with what was asked for behind it; for this call alone. */
static enum status statement(struct content *x, const char *name, const struct asked *a, struct db_query *q,
        struct nql_sql *sql, struct err *e)
{
	struct arena *arena = x->w->ctx->arena;
	const struct db_query *base = query_named(name);
	*q = *base;
	*sql = (struct nql_sql){ .params = ARENA_ARRAY(arena, struct db_value, PARAMS_MAX),
		.room = PARAMS_MAX,
		.count = 2,
		.engine = db_engine(x->w->ctx->svc->db) };
	buf_arena(&sql->text, arena, WHERE_MAX);
	sql->params[0] = (struct db_value){ .type = DB_TEXT, .s = str_c(x->r->type) };
	sql->params[1] = (struct db_value){ .type = DB_INT, .i = x->now_us };
	buf_puts(&sql->text, base->sql[sql->engine]);
	TRY(put_conditions(x, a, sql, e));
	return ST_OK;
}

static enum status finish(struct nql_sql *sql, struct db_query *q, struct err *e)
{
	if (!buf_ok(&sql->text))
		return err_set(e, ST_INVALID, "The filter is too long.");
	q->sql[sql->engine] = buf_str(&sql->text).p;
	q->param_count = (uint8_t)sql->count;
	q->passing = true;
	return ST_OK;
}

static enum status count_rows(struct content *x, const struct asked *a, int64_t *total, struct err *e)
{
	struct db_query q;
	struct nql_sql sql;
	struct blog_content_count_row *n;
	void *found;
	TRY(statement(x, "blog_content_count", a, &q, &sql, e));
	TRY(finish(&sql, &q, e));
	TRY(db_row(x->c, &q, sql.params, &found, e));
	n = found;
	*total = n ? n->n : 0;
	return ST_OK;
}

static enum status read_rows(struct content *x, const struct asked *a, row **rows, size_t *n, struct err *e)
{
	struct db_query q;
	struct nql_sql sql;
	void *found = NULL;
	*n = 0;
	TRY(statement(x, "blog_content", a, &q, &sql, e));
	TRY(nql_order(a->order, x->r->fields, x->r->order, "o.id DESC", &sql, e));
	buf_puts(&sql.text, " LIMIT ");
	nql_param(&sql, (struct db_value){ .type = DB_INT, .i = a->limit });
	buf_puts(&sql.text, " OFFSET ");
	nql_param(&sql, (struct db_value){ .type = DB_INT, .i = (a->page - 1) * a->limit });
	TRY(finish(&sql, &q, e));
	enum status st = db_rows(x->c, &q, sql.params, &found, n, e);
	*rows = found;
	return st;
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static enum status put_rows(struct content *x, const row *rows, size_t n, struct err *e)
{
	buf_printf(&x->b, "{\"%s\":[", x->r->name);
	for (size_t i = 0; i < n; i++) {
		buf_puts(&x->b, i ? ",{" : "{");
		TRY(x->r->put(x, &rows[i], e));
		buf_putc(&x->b, '}');
	}
	buf_putc(&x->b, ']');
	return ST_OK;
}

static void put_number_or_null(struct buf *b, const char *name, int64_t n)
{
	if (n)
		buf_printf(b, ",\"%s\":%lld", name, (long long)n);
	else
		buf_printf(b, ",\"%s\":null", name);
}

static void put_pagination(struct content *x, const struct asked *a, int64_t total)
{
	int64_t pages = total ? (total + a->limit - 1) / a->limit : 1;
	buf_printf(&x->b, ",\"meta\":{\"pagination\":{\"page\":%lld,\"limit\":%lld,\"pages\":%lld,\"total\":%lld",
	        (long long)a->page, (long long)a->limit, (long long)pages, (long long)total);
	put_number_or_null(&x->b, "next", a->page < pages ? a->page + 1 : 0);
	put_number_or_null(&x->b, "prev", a->page > 1 ? a->page - 1 : 0);
	buf_puts(&x->b, "}}");
}

static enum status read_asked(struct content *x, struct asked *a, struct err *e)
{
	struct str limit = web_query(x->w, "limit"), page = web_query(x->w, "page");
	*a = (struct asked){
		.filter = web_query(x->w, "filter"), .order = web_query(x->w, "order"), .limit = LIMIT_USUAL, .page = 1
	};
	if (limit.n && !str_eqc(limit, "all") && (!str_i64(limit, &a->limit) || a->limit < 1))
		return err_set(e, ST_INVALID, "limit is a number from 1 to %d, or all.", LIMIT_MAX);
	if (str_eqc(limit, "all") || a->limit > LIMIT_MAX)
		a->limit = LIMIT_MAX;
	if (page.n && (!str_i64(page, &a->page) || a->page < 1 || a->page > PAGE_LAST))
		return err_set(e, ST_INVALID, "page is a number from 1.");
	return ST_OK;
}

static enum status put_menu(struct content *x, const char *name, const char *menu, struct err *e)
{
	struct blog_nav_row *rows;
	size_t n;
	TRY(q_blog_nav(x->c, str_c(menu), &rows, &n, e));
	buf_printf(&x->b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		buf_puts(&x->b, i ? ",{" : "{");
		json_put_member(&x->b, "label", rows[i].label);
		json_put_member(&x->b, "url", rows[i].url);
		buf_putc(&x->b, '}');
	}
	buf_putc(&x->b, ']');
	return ST_OK;
}

static enum status put_settings(struct content *x, struct err *e)
{
	static const char *const keys[] = { "title", "description", "logo", "icon", "accent_color", "cover_image",
		"facebook", "twitter", "lang", "locale", "timezone", "meta_title", "meta_description", "og_image",
		"og_title", "og_description", "twitter_image", "twitter_title", "twitter_description" };
	struct blog_settings_row *rows;
	size_t n;
	TRY(q_blog_settings(x->c, &rows, &n, e));
	BUF_LIT(&x->b, "{\"settings\":{");
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		struct str value = STR("");
		for (size_t i = 0; i < n; i++) {
			const char *key = ghost_setting_key(rows[i].name);
			/* Ghost has called the language both. */
			if (key && (!strcmp(key, keys[k]) || (!strcmp(keys[k], "locale") && !strcmp(key, "lang")) ||
			                   (!strcmp(keys[k], "lang") && !strcmp(key, "locale"))))
				value = rows[i].value;
		}
		/* A title may begin with a slash; an address of ours is written out. */
		bool address = strstr(keys[k], "image") || !strcmp(keys[k], "logo") || !strcmp(keys[k], "icon");
		address ? put_address(x, keys[k], value) : put_maybe(x, keys[k], value);
	}
	put_raw(x, "codeinjection_head", "null");
	put_raw(x, "codeinjection_foot", "null");
	put_raw(x, "members_support_address", "null");
	put_text(x, "url", web_abs_url(x->w->ctx, "blog", "/"));
	TRY(put_menu(x, "navigation", "primary", e));
	TRY(put_menu(x, "secondary_navigation", "secondary", e));
	BUF_LIT(&x->b, "},\"meta\":{}}");
	return ST_OK;
}

static enum status put_list(struct content *x, struct err *e)
{
	struct asked a;
	row *rows;
	size_t n;
	int64_t total;
	TRY(read_asked(x, &a, e));
	TRY(count_rows(x, &a, &total, e));
	TRY(read_rows(x, &a, &rows, &n, e));
	TRY(put_rows(x, rows, n, e));
	put_pagination(x, &a, total);
	buf_putc(&x->b, '}');
	return ST_OK;
}

static enum status put_one(struct content *x, struct str slug, struct str id, struct err *e)
{
	struct asked a = { .filter = STR(""), .order = STR(""), .slug = slug, .id = id, .limit = 1, .page = 1 };
	row *rows;
	size_t n;
	TRY(read_rows(x, &a, &rows, &n, e));
	if (!n)
		return ST_NOT_FOUND;
	TRY(put_rows(x, rows, n, e));
	buf_putc(&x->b, '}');
	return ST_OK;
}

static enum status answer(struct content *x, struct str slug, struct str id, struct err *e)
{
	struct str name = web_path(x->w, "resource");
	TRY(check_key(x, e));
	if (str_eqc(name, "settings") && !slug.p && !id.p)
		return put_settings(x, e);
	for (size_t i = 0; i < sizeof resources / sizeof *resources && !x->r; i++)
		if (str_eqc(name, resources[i].name))
			x->r = &resources[i];
	if (!x->r)
		return ST_NOT_FOUND;
	return slug.p || id.p ? put_one(x, slug, id, e) : put_list(x, e);
}

static enum status content_answer(struct web *w, struct str slug, struct str id, struct err *e)
{
	struct content x = { .w = w,
		.fields = web_query(w, "fields"),
		.include = web_query(w, "include"),
		.formats = web_query(w, "formats"),
		.now_us = clock_now_us() };
	enum status st;
	web_cache_tag(w, "blog");
	buf_arena(&x.b, w->ctx->arena, ANSWER_MAX);
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		x.c = c;
		st = answer(&x, slug, id, e);
	}
	if (st != ST_OK)
		return refuse_by(w, st, e);
	return buf_ok(&x.b) ? web_json(w, 200, buf_str(&x.b)) : err_set(e, ST_TOO_LARGE, "Ask for fewer at once.");
}

enum status blog_get_content_list(struct web *w, struct err *e)
{
	return content_answer(w, STR_NULL, STR_NULL, e);
}

enum status blog_get_content_one(struct web *w, struct err *e)
{
	return content_answer(w, STR_NULL, web_path(w, "id"), e);
}

enum status blog_get_content_slug(struct web *w, struct err *e)
{
	return content_answer(w, web_path(w, "slug"), STR_NULL, e);
}
