/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/invitations: who was asked to join and has not yet.
 */
#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/auth/session.h"
#include "platform/tables/tables.h"
#include "platform/text/html.h"
#include "services/identity/admin/admin.h"
#include "services/identity/signin/link.h"

#define LIFE_DAYS 14

/* --- the list --------------------------------------------------------------------------------------------------- */

typedef struct identity_invitations_row invitation;

static enum status invitations_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, identity_invitations, c, clock_now_us(), ask->search, ask->like, &ask->page);
}

static struct str invited_by(struct web *w, const void *row)
{
	struct str name = ((const invitation *)row)->by_name;
	(void)w;
	return name.p ? name : TR("somebody who left");
}

static const struct column columns[] = {
	COLUMN(invitation, email, TEXT, .title = "E-mail", .sort = "email", .by = 1),
	COLUMN(invitation, roles, WORDS, .title = "As"),
	COLUMN(invitation, by_name, TEXT, .title = "Invited by", .text = invited_by),
	COLUMN(invitation, created_at, DAY, .title = "Sent", .sort = "sent", .first_down = true),
	COLUMN(invitation, expires_at, DAY, .title = "Good until", .sort = "until", .by = 2),
	{ 0 },
};

static const struct table_action actions[] = {
	{ .name = "again", .label = "Send again", .done = "Sent again", .each = true },
	{ .name = "back",
	        .label = "Take back",
	        .done = "Taken back",
	        .each = true,
	        .confirm = "Their link does not work any more." },
	{ 0 },
};

static bool role_allowed(const struct web *w, struct str role)
{
	bool owner = person_may(w->person, "", "owner");
	return !role.n || str_eqc(role, "editor") || (owner && (str_eqc(role, "admin") || str_eqc(role, "owner")));
}

struct inviting { struct web *w; struct str email, roles; char hash[AUTH_HASH_LEN + 1]; int64_t drop; bool gone; };

/* Whoever is asked once more has one invitation, the new one. */
static enum status replace_former(struct db_conn *c, struct inviting *x, struct err *e)
{
	struct identity_invitations_drop_to_row *rows;
	size_t n;
	struct str key;
	TRY(people_email_key(db_arena(c), x->email, &key, e));
	TRY(q_identity_invitations_drop_to(c, key, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (!role_allowed(x->w, rows[i].roles))
			return err_set(e, ST_CONFLICT, "An owner invited this address already.");
	return ST_OK;
}

static enum status tx_invite(struct db_conn *c, void *arg, struct err *e)
{
	struct inviting *x = arg;
	struct identity_invitation_drop_row *former = NULL;
	struct person_record *there = NULL;
	int64_t now = clock_now_us(), by = x->w->person->id;
	if (x->drop) {
		TRY(q_identity_invitation_drop(c, x->drop, &former, e));
		x->gone = !former;
	}
	if (former && !role_allowed(x->w, former->roles))
		return err_set(e, ST_FORBIDDEN, "Only an owner changes invitations of owners and administrators.");
	if (former && !x->email.n) {
		x->email = former->email;
		x->roles = former->roles;
	}
	bool only_drop = x->hash[0] == 0;
	if (!only_drop && !x->gone) {
		TRY(replace_former(c, x, e));
		TRY(people_by_email(c, x->email, &there, e));
		if (there)
			return err_set(e, ST_CONFLICT, "This address has an account already.");
		TRY(q_identity_invitation_add(c, id_new(), x->email, x->roles, str_c(x->hash), by, now,
		        now + LIFE_DAYS * 86400 * US_PER_S, NULL, e));
	}
	if (x->gone)
		return ST_OK;
	return audit_write(c,
	        &(struct audit_entry){ .action = only_drop ? "invitation.taken_back" : "invitation.sent",
	                .object = x->email,
	                .actor = arena_strf(db_arena(c), "%lld", (long long)by),
	                .details = arena_strf(db_arena(c), "{\"roles\":\"%.*s\"}", STR_ARG(x->roles)) },
	        e);
}

static enum status send_one(struct web *w, struct inviting *x, struct err *e)
{
	struct ctx *ctx = w->ctx;
	struct str token = auth_secret(ctx->arena, x->hash);
	TRY(db_write(ctx, ctx->svc->db, tx_invite, x, e));
	if (x->gone)
		return ST_OK;
	enum lang theirs = lang_of_person(ctx, STR(""));
	SCOPED_LANG(theirs);
	return link_mail(ctx, theirs, x->email, STR(""), "You are invited",
	        arena_printf(ctx->arena,
	                tr("%.*s invites you to join. With this link you make your account; it is good for %d days."),
	                STR_ARG(w->person->name), LIFE_DAYS),
	        web_abs_url(ctx, "identity", "/sign-up?invitation=%.*s", STR_ARG(token)), e);
}

static enum status invitation_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct inviting x = { .w = w, .email = STR(""), .roles = STR("") };
	if (!id_parse(key, &x.drop))
		return err_set(e, ST_NOT_FOUND, "This invitation is there no more.");
	TRY(!strcmp(a->name, "again") ? send_one(w, &x, e) : db_write(w->ctx, w->ctx->svc->db, tx_invite, &x, e));
	*changed = !x.gone;
	return ST_OK;
}

/* --- inviting ----------------------------------------------------------------------------------------------------- */

struct invite { struct str email, role; };

static const struct choice *choose_role(struct web *w, const void *values)
{
	static const struct choice all[] = { { "", "Member", NULL }, { "editor", "Editor", NULL },
		{ "admin", "Administrator", NULL }, { "owner", "Owner", NULL }, { 0 } };
	static const struct choice some[] = { { "", "Member", NULL }, { "editor", "Editor", NULL }, { 0 } };
	(void)values;
	return person_may(w->person, "", "owner") ? all : some;
}

static const char *address_problem(struct web *w, const void *values)
{
	struct err why = { 0 };
	struct str ignored;
	enum status st = people_email_key(w->ctx->arena, ((const struct invite *)values)->email, &ignored, &why);
	return st == ST_OK ? NULL : arena_cstr(w->ctx->arena, str_c(why.msg));
}

static const struct field invite_fields[] = {
	FIELD(struct invite, email, EMAIL, .label = "E-mail address", .required = "Whom do you want to invite?",
	        .check = address_problem),
	FIELD(struct invite, role, CHOICE, .label = "As", .choose = choose_role, .plain = true),
	{ 0 },
};
static const struct form_desc invite_form = { .fields = invite_fields };

static void invitations_above(struct buf *out, struct web *w, void *arg)
{
	tpl_admin_invite(out, w, arg, str_eqc(web_query(w, "sent"), "1"));
}

static const struct table_desc invitations = {
	.path = "/admin/invitations",
	.title = "Invitations",
	.search = "E-mail",
	.columns = columns,
	.actions = actions,
	.empty = "Everybody who was invited has answered, or nobody was.",
	.sort = "sent",
	.down = true,
	.row_size = sizeof(invitation),
	.load = invitations_load,
	.act = invitation_act,
	.above = invitations_above,
};

enum status identity_get_invitations(struct web *w, struct err *e)
{
	struct invite v = { STR(""), STR("") };
	struct form_fill f;
	form_show(&f, w, &invite_form, &v);
	return table_get(w, &invitations, &f, e);
}

static enum status invitations_draw(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &invitations, status, f, STR(""), e);
}

static enum status invitation_new(struct web *w, struct err *e)
{
	struct invite v = { STR(""), STR("") };
	struct form_fill f;
	struct err why = { 0 };
	TRY(form_read(&f, w, &invite_form, &v, e));
	if (f.failed)
		return form_refuse(&f, invitations_draw, NULL, e);
	struct inviting x = { .w = w, .email = v.email, .roles = v.role };
	enum status st = send_one(w, &x, &why);
	if (st == ST_CONFLICT) {
		form_fault(&f, "email", "%s", why.msg);
		return form_refuse(&f, invitations_draw, NULL, e);
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/admin/invitations?sent=1"));
}

enum status identity_post_invitations(struct web *w, struct err *e)
{
	struct invite v = { STR(""), STR("") };
	struct form_fill f;
	form_show(&f, w, &invite_form, &v);
	return table_is_asked(w) ? table_post(w, &invitations, &f, e) : invitation_new(w, e);
}
