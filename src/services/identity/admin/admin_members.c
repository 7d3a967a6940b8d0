/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/members: the list, what is done to many at once, and one member's page.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit_view.h"
#include "platform/auth/session.h"
#include "platform/text/html.h"
#include "services/identity/admin/admin.h"
#include "services/identity/signin/signin.h"

#define PAGE_MAX (1 << 20)
#define PER_PAGE 50
#define AT_ONCE 200
#define CSV_MAX (8 << 20)

static struct str id_of(struct arena *a, int64_t id)
{
	char *text = arena_alloc(a, ID_TEXT_LEN + 1);
	id_text(id, text);
	return str_n(text, ID_TEXT_LEN);
}

/* --- the list --------------------------------------------------------------------------------------------------- */

struct search { struct str q, pattern, status, role; int64_t before_at, before_id; };

static struct str text_or_none(struct str s)
{
	return s.p ? s : STR("");
}

struct str admin_like(struct arena *a, struct str q)
{
	struct buf b;
	buf_arena(&b, a, 2048);
	buf_putc(&b, '%');
	for (size_t i = 0; i < q.n; i++) {
		char c = q.p[i];
		if (c == '%' || c == '_' || c == '!')
			buf_putc(&b, '!');
		buf_putc(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	buf_putc(&b, '%');
	return buf_str(&b);
}

static void read_search(struct web *w, struct search *s)
{
	*s = (struct search){ .status = text_or_none(web_query(w, "status")),
		.role = text_or_none(web_query(w, "role")),
		.before_at = INT64_MAX,
		.before_id = INT64_MAX };
	(void)web_query_int(w, "at", 1, INT64_MAX, &s->before_at);
	(void)web_query_int(w, "before", 1, INT64_MAX, &s->before_id);
	s->q = str_utf8_first(text_or_none(str_trim(web_query(w, "q"))), ADMIN_SEARCH_MAX);
	s->pattern = admin_like(w->ctx->arena, s->q);
}

static struct member_view view_of(struct arena *a, struct str zone, const struct identity_members_row *r)
{
	return (struct member_view){ id_of(a, r->id), r->name, r->email, r->handle, r->status, r->roles,
		html_day(a, zone, r->created_at), html_day(a, zone, r->seen_at_null ? 0 : r->seen_at) };
}

static enum status load_members(struct web *w, const struct search *s, struct members_view *v, struct err *e)
{
	struct identity_members_row *rows;
	struct identity_member_counts_row *counts;
	struct arena *a = w->ctx->arena;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_members(
	        c, s->q, s->pattern, s->status, s->role, s->before_at, s->before_id, PER_PAGE + 1, &rows, &n, e));
	TRY(q_identity_member_counts(c, &counts, &v->count_count, e));
	v->count = n > PER_PAGE ? PER_PAGE : n;
	v->list = ARENA_ARRAY(a, struct member_view, v->count);
	for (size_t i = 0; i < v->count; i++)
		v->list[i] = view_of(a, w->person->zone, &rows[i]);
	v->count_count = v->count_count > 8 ? 8 : v->count_count;
	for (size_t i = 0; i < v->count_count; i++) {
		v->counts[i].status = counts[i].status;
		v->counts[i].n = counts[i].n;
	}
	v->older = STR("");
	if (n > PER_PAGE) {
		struct buf b;
		buf_arena(&b, a, 4096);
		BUF_LIT(&b, "?q=");
		url_encode(&b, s->q);
		BUF_LIT(&b, "&status=");
		url_encode(&b, s->status);
		BUF_LIT(&b, "&role=");
		url_encode(&b, s->role);
		buf_printf(&b, "&at=%lld&before=%lld", (long long)rows[PER_PAGE - 1].created_at,
		        (long long)rows[PER_PAGE - 1].id);
		v->older = web_url(w->ctx, "identity", "/admin/members%.*s", (int)b.len, b.data);
	}
	return ST_OK;
}

static enum status members_page(struct web *w, int status, struct members_view *v, struct err *e)
{
	struct buf b;
	struct search s;
	struct page_shell shell = signin_shell(w, "Members");
	read_search(w, &s);
	v->q = s.q;
	v->status = s.status;
	v->role = s.role;
	TRY(load_members(w, &s, v, e));
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_admin_members(&b, &shell, w, v);
	return web_html(w, status, &b);
}

enum status identity_get_members(struct web *w, struct err *e)
{
	struct members_view v = { .done = text_or_none(web_query(w, "done")),
		.undo = text_or_none(web_query(w, "undo")),
		.undo_people = text_or_none(web_query(w, "people")),
		.problem = STR("") };
	/* Only our own words are shown from an address. */
	bool known = false;
	int64_t n = 0;
	struct str rest = v.done, count;
	if (str_cut(&rest, ' ', &count) && str_i64(count, &n))
		for (unsigned i = 0; i < MEMBER_ACTIONS; i++)
			known |= str_eqc(rest, member_actions[i].done);
	if (!known)
		v.done = STR("");
	return members_page(w, 200, &v, e);
}

/* --- to many at once -------------------------------------------------------------------------------------------- */

static enum member_action action_of(struct str name)
{
	for (unsigned i = 0; i < MEMBER_ROLES; i++)
		if (str_eqc(name, member_actions[i].name))
			return (enum member_action)i;
	return MEMBER_ACTIONS;
}

struct members_action {
	struct web *w;
	enum member_action action;
	unsigned asked, done;
	struct buf people;
	struct str problem;
};

static enum status members_action_apply(struct members_action *x, struct str who, struct err *e)
{
	struct err why = { 0 };
	int64_t id;
	bool changed;
	if (x->asked == AT_ONCE || !id_parse(who, &id))
		return ST_OK;
	x->asked++;
	enum status st = admin_change(x->w, id, x->action, STR_NULL, &changed, &why);
	if (st == ST_FORBIDDEN || st == ST_NOT_FOUND) {
		x->problem = arena_str(x->w->ctx->arena, str_c(why.msg));
		return ST_OK;
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	if (changed)
		buf_printf(&x->people, "%s%.*s", x->done++ ? "." : "", STR_ARG(who));
	return ST_OK;
}

static enum status members_answer(struct members_action *x, struct err *e)
{
	const struct member_action_def *d = &member_actions[x->action];
	struct ctx *ctx = x->w->ctx;
	struct members_view v = { .done = STR(""), .undo = STR(""), .undo_people = STR(""), .problem = x->problem };
	if (!x->asked)
		v.problem = STR("Nobody was chosen.");
	if (v.problem.n) {
		v.done = x->done ? arena_strf(ctx->arena, "%u %s", x->done, d->done) : STR("");
		return members_page(x->w, x->asked ? 403 : 422, &v, e);
	}
	struct str undo = x->done && d->undo < MEMBER_ACTIONS
	        ? arena_strf(ctx->arena, "&undo=%s&people=%.*s", member_actions[d->undo].name, (int)x->people.len,
	                  x->people.data)
	        : STR("");
	return web_redirect(x->w, 303,
	        web_url(ctx, "identity", "/admin/members?done=%u%%20%s%.*s", x->done, d->done, STR_ARG(undo)));
}

static enum status members_action_begin(struct web *w, struct members_action *x, struct err *e)
{
	*x = (struct members_action){ .w = w, .action = action_of(web_form(w, "action")), .problem = STR("") };
	buf_arena(&x->people, w->ctx->arena, 8192);
	return x->action < MEMBER_ACTIONS ? ST_OK : err_set(e, ST_INVALID, "Please choose what to do.");
}

enum status identity_post_members(struct web *w, struct err *e)
{
	struct members_action x;
	TRY(members_action_begin(w, &x, e));
	for (unsigned i = 0; i < w->form_.count; i++)
		if (str_eqc(w->form_.list[i].name, "person"))
			TRY(members_action_apply(&x, w->form_.list[i].value, e));
	return members_answer(&x, e);
}

enum status identity_post_members_undo(struct web *w, struct err *e)
{
	struct members_action x;
	struct str people = web_form(w, "people"), who;
	TRY(members_action_begin(w, &x, e));
	while (people.n && str_next(&people, '.', &who))
		TRY(members_action_apply(&x, who, e));
	return members_answer(&x, e);
}

/* A cell that a spreadsheet would take for a formula begins with an apostrophe. */
static void put_cell(struct buf *b, struct str s, bool last)
{
	buf_putc(b, '"');
	if (s.n && strchr("=+-@\t\r", s.p[0]))
		buf_putc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, s.p[i]);
	}
	buf_puts(b, last ? "\"\r\n" : "\",");
}

static enum status csv_row(void *arg, const struct identity_members_row *r)
{
	struct buf *b = arg;
	char text[CLOCK_TEXT_MAX];
	clock_rfc3339(r->created_at, text);
	put_cell(b, r->name, false);
	put_cell(b, r->email, false);
	put_cell(b, r->handle, false);
	put_cell(b, r->status, false);
	put_cell(b, r->roles, false);
	put_cell(b, str_c(text), true);
	return buf_ok(b) ? ST_OK : ST_TOO_LARGE;
}

/* All of them or a failure: a list that is cut would be taken for the whole. */
static enum status write_csv(struct web *w, const struct search *s, struct buf *b, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	BUF_LIT(b, "name,email,handle,status,roles,member since\r\n");
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	enum status st = q_identity_members_each(
	        c, s->q, s->pattern, s->status, s->role, INT64_MAX, INT64_MAX, INT64_MAX, csv_row, b, e);
	return st == ST_TOO_LARGE
	        ? err_set(e, st, "These are too many for one table. Please narrow the list down by status or name.")
	        : st;
}

enum status identity_get_members_csv(struct web *w, struct err *e)
{
	struct search s;
	SCOPED_BUF b; /* goes also when the request is unwound */
	struct audit_entry entry = { .action = "member.list_exported" };
	read_search(w, &s);
	buf_init(&b, CSV_MAX);
	TRY(write_csv(w, &s, &b, e));
	audit_from(w, &entry);
	TRY(audit_record(w->ctx, &entry, e));
	http_set_header(w->req, "content-type", STR("text/csv; charset=utf-8"));
	http_set_header(w->req, "content-disposition", STR("attachment; filename=\"members.csv\""));
	http_set_header(w->req, "cache-control", STR("no-store"));
	http_set_header(w->req, "x-content-type-options", STR("nosniff"));
	http_send(w->req, buf_str(&b)); /* not from the request's arena: it has room for half of that */
	return ST_OK;
}

/* --- one -------------------------------------------------------------------------------------------------------- */

#define ROLES_MAX 64
static size_t choices(struct web *w, struct str roles, struct role_choice *out)
{
	static const struct { struct str name, title, help; } site[] = {
		{ STR_INIT("owner"), STR_INIT("Owner"), STR_INIT("Everything, and making administrators.") },
		{ STR_INIT("admin"), STR_INIT("Administrator"),
		        STR_INIT("Members, settings, and every part of the site.") },
		{ STR_INIT("editor"), STR_INIT("Editor"), STR_INIT("Writes and publishes.") },
	};
	const struct person *p = w->person;
	const struct platform *pl = w->ctx->svc->platform;
	size_t n = 0;
	for (; n < 3; n++)
		out[n] = (struct role_choice){ site[n].name, site[n].title, site[n].help,
			str_has_word(roles, site[n].name), n < 2 && !person_may(p, "", "owner") };
	for (unsigned i = 0; i < pl->service_count; i++)
		for (const struct role_def *r = pl->services[i].def->roles; r && r->name && n < ROLES_MAX; r++) {
			struct str name = arena_strf(w->ctx->arena, "%s.%s", pl->services[i].def->name, r->name);
			out[n++] = (struct role_choice){ name, str_c(r->title), str_c(r->help),
				str_has_word(roles, name), false };
		}
	return n;
}

static enum status load_member(struct web *w, int64_t id, struct person_record **p, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(people_by_id(c, id, p, e));
	return *p ? ST_OK : err_set(e, ST_NOT_FOUND, "There is no such member.");
}

static enum status member_page(struct web *w, int status, struct str problem, struct err *e)
{
	struct buf b;
	struct person_record *p;
	struct sso *sessions;
	struct arena *a = w->ctx->arena;
	struct page_shell shell;
	TRY(load_member(w, web_path_int(w, "id"), &p, e));
	struct member_page_view v = { .person = { id_of(a, p->id), p->name, p->email, p->handle, p->status, p->roles,
		                              html_day(a, w->person->zone, p->created_at),
		                              html_day(a, w->person->zone, p->seen_at) },
		.roles = ARENA_ARRAY(a, struct role_choice, ROLES_MAX),
		.done = text_or_none(web_query(w, "done")),
		.problem = problem,
		.self = p->id == w->person->id };
	v.role_count = choices(w, p->roles, v.roles);
	TRY(sso_list(w->ctx, p->id, &sessions, &v.sessions, e));
	shell = signin_shell(w, arena_printf(a, "%.*s", STR_ARG(p->name)));
	web_no_cache(w);
	buf_arena(&b, a, PAGE_MAX);
	tpl_admin_member(&b, &shell, w, &v);
	return web_html(w, status, &b);
}

enum status identity_get_member(struct web *w, struct err *e)
{
	return member_page(w, 200, STR(""), e);
}

/* Of the boxes that are ticked, those that exist; what the page does not offer stays as it was. */
static struct str ticked(struct web *w, struct str former)
{
	struct role_choice *known = ARENA_ARRAY(w->ctx->arena, struct role_choice, ROLES_MAX);
	size_t n = choices(w, former, known);
	struct buf b;
	buf_arena(&b, w->ctx->arena, 4096);
	for (size_t i = 0; i < n; i++) {
		bool on = known[i].locked && known[i].has;
		for (unsigned f = 0; f < w->form_.count && !known[i].locked; f++)
			on |= str_eqc(w->form_.list[f].name, "role") && str_eq(w->form_.list[f].value, known[i].name);
		if (on)
			buf_printf(&b, "%s%.*s", b.len ? " " : "", STR_ARG(known[i].name));
	}
	return buf_str(&b);
}

enum status identity_post_member(struct web *w, struct err *e)
{
	struct person_record *p;
	struct err why = { 0 };
	bool changed;
	struct str verb = web_form(w, "action");
	enum member_action action = str_eqc(verb, "roles") ? MEMBER_ROLES : action_of(verb);
	TRY(load_member(w, web_path_int(w, "id"), &p, e));
	if (action == MEMBER_ACTIONS)
		return err_set(e, ST_INVALID, "This form is not understood.");
	enum status st = admin_change(
	        w, p->id, action, action == MEMBER_ROLES ? ticked(w, p->roles) : STR_NULL, &changed, &why);
	if (st == ST_FORBIDDEN)
		return member_page(w, 403, arena_str(w->ctx->arena, str_c(why.msg)), e);
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	return web_redirect(
	        w, 303, web_url(w->ctx, "identity", "/admin/members/%.*s?done=1", STR_ARG(web_path(w, "id"))));
}

/* --- what was done ---------------------------------------------------------------------------------------------- */

static struct str name_of(struct ctx *ctx, struct str id, void *arg)
{
	int64_t n;
	struct person_record *p = NULL;
	if (!str_i64(id, &n))
		return STR("");
	SCOPED_DB_READ c = NULL;
	if (db_read(ctx, ctx->svc->db, &c, NULL) != ST_OK || people_by_id(c, n, &p, NULL) != ST_OK)
		return STR("");
	return p ? p->name : STR("");
}

enum status identity_get_audit(struct web *w, struct err *e)
{
	const struct audit_look look = { .path = web_url(w->ctx, "identity", "/admin/audit"),
		.site_name = STR(""),
		.lang = STR("en"),
		.name_of = name_of };
	return audit_view(w, &look, e);
}
