/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/members: the list, and one member's page.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit_view.h"
#include "platform/auth/session.h"
#include "platform/tables/tables.h"
#include "platform/text/html.h"
#include "platform/text/url.h"
#include "services/identity/admin/admin.h"
#include "services/identity/signin/signin.h"

#define PAGE_MAX (1 << 20)

static size_t service_roles(const struct platform *p)
{
	size_t n = 0;
	for (unsigned i = 0; i < p->service_count; i++)
		for (const struct role_def *r = p->services[i].def->roles; r && r->name; r++)
			n++;
	return n;
}

/* Every role there is, and which of them are among roles; in the request's arena. */
static struct role_choice *role_choices(struct web *w, struct str roles, size_t *count)
{
	static const struct { struct str name, title, help; } site[] = {
		{ STR_INIT(TR_NOOP("owner")), STR_INIT("Owner"), STR_INIT("Everything, and making administrators.") },
		{ STR_INIT(TR_NOOP("admin")), STR_INIT("Administrator"),
		        STR_INIT("Members, settings, and every part of the site.") },
		{ STR_INIT(TR_NOOP("editor")), STR_INIT("Editor"), STR_INIT("Writes and publishes.") },
	};
	const struct person *p = w->person;
	const struct platform *pl = w->ctx->svc->platform;
	const size_t of_the_site = sizeof site / sizeof *site;
	size_t n = 0;
	struct role_choice *out = ARENA_ARRAY(w->ctx->arena, struct role_choice, of_the_site + service_roles(pl));
	for (; n < of_the_site; n++)
		out[n] = (struct role_choice){ site[n].name, tr_str(site[n].title), tr_str(site[n].help),
			str_has_word(roles, site[n].name), n < 2 && !person_may(p, "", "owner") };
	for (unsigned i = 0; i < pl->service_count; i++)
		for (const struct role_def *r = pl->services[i].def->roles; r && r->name; r++) {
			struct str name = arena_strf(w->ctx->arena, "%s.%s", pl->services[i].def->name, r->name);
			out[n++] = (struct role_choice){ name, str_c(tr(r->title)), str_c(tr(r->help)),
				str_has_word(roles, name), false };
		}
	*count = n;
	return out;
}

/* --- the list --------------------------------------------------------------------------------------------------- */

typedef struct identity_members_row member;

static enum status load_members(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, identity_members, c, ask->search, ask->like, ask->filter[0], ask->filter[1],
	        &ask->page);
}

static struct str member_url(struct web *w, const void *row)
{
	char id[ID_TEXT_LEN + 1];
	id_text(((const member *)row)->id, id);
	return web_url(w->ctx, "identity", "/admin/members/%s", id);
}

static enum member_action action_of(struct str name)
{
	for (unsigned i = 0; i < MEMBER_ROLES; i++)
		if (str_eqc(name, member_actions[i].name))
			return (enum member_action)i;
	return MEMBER_ACTIONS;
}

static enum status member_act(struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	int64_t id;
	if (!id_parse(key, &id))
		return err_set(e, ST_NOT_FOUND, "There is nobody of that name any more.");
	return admin_change(w, id, action_of(str_c(a->name)), STR_NULL, changed, e);
}

static const struct choice states[] = {
	{ "pending", "Waits for approval", NULL },
	{ "active", "Active", NULL },
	{ "suspended", "Suspended", NULL },
	{ "leaving", "Is leaving", NULL },
	{ 0 },
};

static const struct choice *choose_role(struct web *w)
{
	size_t n;
	struct role_choice *roles = role_choices(w, STR(""), &n);
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 1);
	for (size_t i = 0; i < n; i++)
		list[i] = (struct choice){ arena_cstr(w->ctx->arena, roles[i].name),
			arena_cstr(w->ctx->arena, roles[i].title), NULL };
	return list;
}

static const struct table_filter filters[] = {
	{ .name = "status", .title = "Status", .choices = states },
	{ .name = "role", .title = "Role", .choose = choose_role },
	{ 0 },
};

static const struct column columns[] = {
	COLUMN(member, name, TEXT, .title = "Name", .sort = "name", .by = 1),
	COLUMN(member, email, TEXT, .title = "E-mail"),
	COLUMN(member, handle, TEXT, .title = "Handle", .only_file = true),
	COLUMN(member, status, STATE, .title = "Status", .usual = "active"),
	COLUMN(member, roles, WORDS, .title = "Roles"),
	COLUMN(member, created_at, DAY, .title = "Member since", .sort = "since", .first_down = true),
	COLUMN(member, seen_at, DAY, .title = "Last here", .sort = "seen", .by = 2, .first_down = true),
	{ 0 },
};

static const struct table_action actions[] = {
	{ .name = "approve", .label = "Approve", .done = "Approved" },
	{ .name = "suspend", .label = "Suspend", .done = "Suspended", .undo = "restore", .danger = true },
	{ .name = "restore", .label = "Restore", .done = "Restored", .undo = "suspend" },
	{ .name = "remove",
	        .label = "Remove",
	        .done = "Removed",
	        .undo = "keep",
	        .danger = true,
	        .confirm =
	                "They are signed out now, and everything that is kept about them goes when the days that who "
	                "leaves has are over." },
	{ .name = "keep", .label = "Keep", .done = "Kept", .undo = "remove" },
	{ 0 },
};

static const struct table_desc members = {
	.path = "/admin/members",
	.title = "Members",
	.search = "Name, address or handle",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "Nobody has an account yet.",
	.sort = "since",
	.down = true,
	.exported = "member.list_exported",
	.row_size = sizeof(member),
	.load = load_members,
	.act = member_act,
	.url = member_url,
};

enum status identity_get_members(struct web *w, struct err *e)
{
	return table_get(w, &members, NULL, e);
}

enum status identity_post_members(struct web *w, struct err *e)
{
	return table_post(w, &members, NULL, e);
}

enum status identity_get_members_csv(struct web *w, struct err *e)
{
	return table_csv(w, &members, e);
}

/* --- one -------------------------------------------------------------------------------------------------------- */

static enum status load_member(struct web *w, int64_t id, struct person_record **p, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(people_by_id(c, id, p, e));
	return *p ? ST_OK : err_set(e, ST_NOT_FOUND, "There is no such member.");
}

/* As the address says after they were changed: "none", or words. */
static struct str *roles_before(struct web *w, size_t *n)
{
	struct str rest = str_or_empty(web_query(w, "was")), one;
	struct str *list = ARENA_ARRAY(w->ctx->arena, struct str, rest.n + 1);
	*n = 0;
	while (rest.n && !str_eqc(rest, "none") && str_next(&rest, ' ', &one))
		list[(*n)++] = one;
	return list;
}

static enum status has_two_steps(struct web *w, int64_t id, bool *on, struct err *e)
{
	struct identity_totp_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_totp(c, id, &r, e));
	*on = r != NULL;
	return ST_OK;
}

static enum status member_page(struct web *w, int status, struct str problem, struct err *e)
{
	struct buf b;
	struct person_record *p;
	struct sso *sessions;
	struct arena *a = w->ctx->arena;
	struct page_shell shell;
	TRY(load_member(w, web_path_int(w, "id"), &p, e));
	struct member_page_view v = { .person = { id_str(a, p->id), p->name, p->email, p->handle, p->status, p->roles,
		                                  html_day(a, w->person->zone, p->created_at),
		                                  html_day(a, w->person->zone, p->seen_at) },
		                      .done = str_or_empty(web_query(w, "done")),
		                      .problem = problem,
		                      .leaving = p->leaving_at ? html_day(a, w->person->zone, p->leaving_at) : STR(""),
		              .may = admin_may_change(w, p->roles),
		              .self = p->id == w->person->id };
	enum member_action done = str_eqc(v.done, "roles") ? MEMBER_ROLES : action_of(v.done);
	v.undo = done != MEMBER_ACTIONS && member_actions[done].undo != MEMBER_ACTIONS
	                 ? member_actions[member_actions[done].undo].name
	                 : NULL;
	v.roles_changed = done == MEMBER_ROLES && web_query(w, "was").n;
	v.was = roles_before(w, &v.was_count);
	v.done = done != MEMBER_ACTIONS ? str_c(tr(member_actions[done].told)) : STR("");
	TRY(has_two_steps(w, p->id, &v.two_steps, e));
	v.roles = role_choices(w, p->roles, &v.role_count);
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
	size_t n, room = 0;
	struct role_choice *known = role_choices(w, former, &n);
	struct buf b;
	for (size_t i = 0; i < n; i++)
		room += known[i].name.n + 1;
	buf_arena(&b, w->ctx->arena, room);
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
	struct buf was;
	buf_text(&was, w->ctx->arena);
	if (action == MEMBER_ROLES && changed)
		url_encode(&was, p->roles.n ? p->roles : STR("none"));
	return web_redirect(w, 303,
	        web_url(w->ctx, "identity", "/admin/members/%.*s?done=%s%s%.*s", STR_ARG(web_path(w, "id")),
	                changed ? member_actions[action].name : "", was.len ? "&was=" : "", (int)was.len, was.data));
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
		.name_of = name_of };
	return audit_view(w, &look, e);
}
