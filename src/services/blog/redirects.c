/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/redirects.h"

#include <string.h>

#include "base/clock.h"
#include "gen/blog_sql.h"
#include "gen/blog_tpl.h"
#include "platform/cache/cache.h"
#include "platform/tables/tables.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "services/blog/addresses.h"
#include "services/blog/store.h"

struct str redirect_other(struct arena *a, struct str path)
{
	bool has = path.n > 1 && path.p[path.n - 1] == '/';
	return has ? str_first(path, path.n - 1) : arena_strf(a, "%.*s/", STR_ARG(path));
}

bool redirect_is_elsewhere(struct str target)
{
	return str_starts(target, STR("https://")) || str_starts(target, STR("http://"));
}

const char *redirect_path_fault(struct str path)
{
	if (path.n < 2 || path.p[0] != '/' || path.p[1] == '/')
		return TR_NOOP("An address of this site begins with one slash: /old-page/");
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ' || strchr("?#\\<>\"", path.p[i]))
			return TR_NOOP("Without blanks, and without what begins with ? or #.");
	return path.n > TABLE_KEY_MAX ? TR_NOOP("This address is too long.") : NULL;
}

/* --- one more ----------------------------------------------------------------------------------------------------- */

static bool is_same(struct arena *a, struct str x, struct str y)
{
	return str_eq(x, y) || str_eq(x, redirect_other(a, y));
}

/* Where the target leads on to, as long as that is on this site. */
static enum status find_end(struct db_conn *c, const struct redirect_new *x, struct err *e)
{
	struct arena *a = db_arena(c);
	struct str at = x->target, rest = x->target;
	for (int hops = 0; at.n && at.p[0] == '/'; hops++) {
		struct blog_redirect_from_row *next;
		rest = at;
		for (size_t i = 0; i < at.n; i++)
			if (at.p[i] == '?' || at.p[i] == '#') {
				rest = str_first(at, i);
				break;
			}
		if (is_same(a, rest, x->path))
			return err_set(e, ST_CONFLICT, "This leads back to where one came from.");
		if (hops > REDIRECT_HOPS_MAX)
			return err_set(e, ST_CONFLICT, "This leads over too many others. Name the last address.");
		TRY(q_blog_redirect_from(c, rest, redirect_other(a, rest), &next, e));
		if (!next)
			return ST_OK;
		at = next->target;
	}
	return ST_OK;
}

static enum status record_redirect(struct db_conn *c, const struct audit_entry *by, const char *action, struct str path,
        struct str target, struct err *e)
{
	struct buf details;
	struct audit_entry entry = *by;
	buf_text(&details, db_arena(c));
	buf_puts(&details, "{\"to\":");
	json_put_str(&details, target);
	buf_putc(&details, '}');
	entry.action = action;
	entry.object = path;
	entry.details = buf_str(&details);
	return audit_write(c, &entry, e);
}

enum status redirect_put_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct redirect_new *x = arg;
	struct blog_redirect_from_row *there;
	TRY(find_end(c, x, e));
	TRY(q_blog_redirect_from(c, x->path, redirect_other(db_arena(c), x->path), &there, e));
	struct str path = there ? there->path : x->path; /* one of both, with or without the last slash */
	TRY(q_blog_redirect_put(c, path, x->target, x->for_good ? 301 : 302, clock_now_us(), NULL, e));
	TRY(event_emit(c, "redirect.set", path, STR("{}"), e));
	return record_redirect(c, &x->by, "redirect.set", path, x->target, e);
}

enum status redirect_remove_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct redirect_removal *x = arg;
	int64_t n = 0;
	TRY(q_blog_redirects_sweep(c, x->now - (int64_t)REDIRECT_KEPT_DAYS * 86400 * US_PER_S, NULL, e));
	TRY(q_blog_redirect_remove(c, x->path, x->now, &n, e));
	x->changed = n > 0;
	if (!n)
		return ST_OK;
	TRY(event_emit(c, "redirect.removed", x->path, STR("{}"), e));
	return record_redirect(c, &x->by, "redirect.removed", x->path, STR(""), e);
}

enum status redirect_back_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct redirect_removal *x = arg;
	struct blog_redirect_removed_row *row;
	TRY(q_blog_redirect_removed(c, x->path, &row, e));
	x->changed = row != NULL;
	if (!row)
		return ST_OK;
	struct redirect_new again = { row->path, row->target, row->status == 301, x->by };
	return redirect_put_tx(c, &again, e);
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

struct redirect_form { struct str from, to; bool for_good; };

static const char *check_from(struct web *w, const void *values)
{
	(void)w;
	return redirect_path_fault(((const struct redirect_form *)values)->from);
}

static const struct field fields[] = {
	FIELD(struct redirect_form, from, TEXT, .label = "Who comes to", .required = "Which address is it about?",
	        .max = REDIRECT_PATH_MAX, .check = check_from, .placeholder = "/old-page/"),
	FIELD(struct redirect_form, to, URL, .label = "Is led to", .required = "Where does it lead?",
	        .hint = "An address of this site, like /new-page/, or a whole one"),
	FIELD(struct redirect_form, for_good, CHECK, .label = "For good",
	        .hint = "Search engines take over the new address, and browsers may remember it"),
	{ 0 },
};
static const struct form_desc redirect_desc = { .fields = fields };

typedef struct blog_redirects_row redirect_row;

static enum status load_redirects(struct web *w, struct db_conn *c, const struct table_ask *ask,
        struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, blog_redirects, c, ask->search, ask->like, &ask->page);
}

static enum status act_on(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct redirect_removal x = { .path = key, .now = clock_now_us() };
	bool back = !strcmp(a->name, "back");
	audit_from(w, &x.by);
	TRY(db_write(w->ctx, w->ctx->svc->db, back ? redirect_back_tx : redirect_remove_tx, &x, e));
	*changed = x.changed;
	cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	return ST_OK;
}

static struct str kind_text(struct web *w, const void *row)
{
	(void)w;
	return ((const redirect_row *)row)->status == 301 ? TR("For good") : TR("For now");
}

/* The page with that one in its form. */
static struct str edit_url(struct web *w, const void *row)
{
	struct buf b;
	buf_text(&b, w->ctx->arena);
	url_encode(&b, ((const redirect_row *)row)->path);
	return web_url(w->ctx, "blog", "/admin/redirects?from=%.*s", STR_ARG(buf_str(&b)));
}

static void above_list(struct buf *out, struct web *w, void *arg)
{
	tpl_blog_redirect_form(out, w, arg, web_query(w, "saved").n > 0);
}

static const struct column columns[] = {
	COLUMN(redirect_row, path, TEXT, .title = "Who comes to", .sort = "from", .by = 1),
	COLUMN(redirect_row, target, TEXT, .title = "Is led to"),
	COLUMN(redirect_row, status, NUMBER, .title = "How", .text = kind_text),
	COLUMN(redirect_row, created_at, DAY, .title = "Since", .sort = "since", .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "remove", .label = "Remove", .done = "Removed", .undo = "back", .danger = true },
	{ .name = "back", .label = "Bring back", .done = "Brought back", .hidden = true },
	{ 0 },
};

static const struct table_desc redirects = {
	.path = "/admin/redirects",
	.title = "Redirects",
	.search = "Address",
	.columns = columns,
	.actions = actions,
	.empty = "No address leads to another one yet.",
	.sort = "since",
	.down = true,
	.text_key = true,
	.row_size = sizeof(redirect_row),
	.load = load_redirects,
	.act = act_on,
	.url = edit_url,
	.above = above_list,
};

/* What the form begins with: the one that is asked for, to be changed, or nothing. */
static enum status values_of(struct web *w, struct redirect_form *v, struct err *e)
{
	struct str from = web_query(w, "from");
	struct blog_redirect_from_row *row;
	*v = (struct redirect_form){ STR(""), STR(""), true };
	if (!from.n)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_blog_redirect_from(c, from, from, &row, e));
	if (row)
		*v = (struct redirect_form){ row->path, row->target, row->status == 301 };
	return ST_OK;
}

enum status blog_get_redirects(struct web *w, struct err *e)
{
	struct redirect_form v;
	struct form_fill f;
	TRY(values_of(w, &v, e));
	form_show(&f, w, &redirect_desc, &v);
	return table_get(w, &redirects, &f, e);
}

static enum status redirects_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &redirects, status, f, STR(""), e);
}

enum status redirects_problem(struct web *w, struct str problem, struct err *e)
{
	struct redirect_form v = { STR(""), STR(""), true };
	struct form_fill f;
	form_show(&f, w, &redirect_desc, &v);
	return table_show(w, &redirects, 422, &f, problem, e);
}

/* Pages come first: what a redirect of theirs says nobody would see. */
enum status redirect_is_shadowed(struct web *w, struct str path, bool *taken, struct err *e)
{
	struct blog_post post;
	struct str slug = str_skip(path, 1);
	if (str_ends(slug, STR("/")))
		slug.n--;
	*taken = blog_is_own_address(w->ctx->arena, w->ctx->svc, slug);
	if (!*taken && str_chr(slug, '/') < 0) {
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		*taken = blog_post(w->ctx, c, slug, BLOG_VISITOR, &post, NULL) == ST_OK;
	}
	return ST_OK;
}

static enum status put_redirect(struct web *w, struct err *e)
{
	struct redirect_form v = { STR(""), STR(""), false };
	struct form_fill f;
	struct err why = { 0 };
	TRY(form_read(&f, w, &redirect_desc, &v, e));
	bool shadowed = false;
	if (!f.failed)
		TRY(redirect_is_shadowed(w, v.from, &shadowed, e));
	if (shadowed)
		form_fault(&f, "from", "There is a page at this address, and it is shown.");
	if (f.failed)
		return form_refuse(&f, redirects_page, NULL, e);
	struct redirect_new x = { .path = v.from, .target = v.to, .for_good = v.for_good };
	audit_from(w, &x.by);
	enum status s = db_write(w->ctx, w->ctx->svc->db, redirect_put_tx, &x, &why);
	if (s == ST_CONFLICT) {
		form_fault(&f, "to", "%s", why.msg);
		return form_refuse(&f, redirects_page, NULL, e);
	}
	if (s != ST_OK)
		return err_set(e, s, "%s", why.msg);
	cache_drop_tag(w->ctx->svc->platform->cache, STR("blog"));
	return form_done(&f, web_url(w->ctx, "blog", "/admin/redirects?saved=1"));
}

enum status blog_post_redirects(struct web *w, struct err *e)
{
	struct redirect_form v = { STR(""), STR(""), true };
	struct form_fill f;
	form_show(&f, w, &redirect_desc, &v);
	return table_is_asked(w) ? table_post(w, &redirects, &f, e) : put_redirect(w, e);
}
