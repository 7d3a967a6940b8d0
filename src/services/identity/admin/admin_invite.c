/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/invitations: who was asked to join and has not yet.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/auth/session.h"
#include "platform/text/html.h"
#include "services/identity/admin/admin.h"
#include "services/identity/signin/link.h"

#define PAGE_MAX (512 << 10)
#define LIST_MAX 200
#define LIFE_DAYS 14

static enum status invitations_load(struct web *w, struct invitations_view *v, struct err *e)
{
	struct identity_invitations_row *rows;
	struct arena *a = w->ctx->arena;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_invitations(c, clock_now_us(), LIST_MAX, &rows, &v->count, e));
	v->list = ARENA_ARRAY(a, struct invitation_view, v->count);
	for (size_t i = 0; i < v->count; i++) {
		char id[ID_TEXT_LEN + 1];
		id_text(rows[i].id, id);
		v->list[i] = (struct invitation_view){ arena_str(a, str_c(id)), rows[i].email, rows[i].roles,
			html_day(a, w->person->zone, rows[i].created_at),
			html_day(a, w->person->zone, rows[i].expires_at),
			rows[i].by_name.p ? rows[i].by_name : STR("somebody who left") };
	}
	return ST_OK;
}

static enum status invitations_page(struct web *w, int status, struct invitations_view *v, struct err *e)
{
	struct buf b;
	struct page_shell shell = signin_shell(w, "Invitations");
	v->owner = person_may(w->person, "", "owner");
	TRY(invitations_load(w, v, e));
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_admin_invitations(&b, &shell, w, v);
	return web_html(w, status, &b);
}

static struct invitations_view invitations_empty(void)
{
	return (struct invitations_view){ .email = STR(""), .role = STR(""), .wrong_email = STR(""), .done = STR("") };
}

enum status identity_get_invitations(struct web *w, struct err *e)
{
	struct invitations_view v = invitations_empty();
	struct str done = web_query(w, "done");
	v.done = str_eqc(done, "sent")  ? STR("The invitation is on its way.")
	        : str_eqc(done, "back") ? STR("The invitation was taken back.")
	                                : STR("");
	return invitations_page(w, 200, &v, e);
}

static bool role_allowed(const struct web *w, struct str role)
{
	bool owner = person_may(w->person, "", "owner");
	return !role.n || str_eqc(role, "editor") || (owner && (str_eqc(role, "admin") || str_eqc(role, "owner")));
}

struct inviting { struct web *w; struct str email, roles; char hash[AUTH_HASH_LEN + 1]; int64_t drop; bool gone; };

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
	return link_mail(ctx, x->email, STR(""), "You are invited",
	        arena_printf(ctx->arena,
	                "%.*s invites you to join. With this link you make your account; it is good for %d days.",
	                STR_ARG(w->person->name), LIFE_DAYS),
	        web_abs_url(ctx, "identity", "/sign-up?invitation=%.*s", STR_ARG(token)), e);
}

enum status identity_post_invitations(struct web *w, struct err *e)
{
	struct invitations_view v = invitations_empty();
	struct inviting x = { .w = w, .email = STR(""), .roles = STR("") };
	struct err why = { 0 };
	struct str action = web_form(w, "action"), ignored;
	if (str_eqc(action, "back") || str_eqc(action, "again")) {
		if (!id_parse(web_form(w, "id"), &x.drop))
			return err_set(e, ST_INVALID, "This form is not understood.");
		TRY(str_eqc(action, "again") ? send_one(w, &x, e)
		                             : db_write(w->ctx, w->ctx->svc->db, tx_invite, &x, e));
		return web_redirect(w, 303,
		        web_url(w->ctx, "identity", "/admin/invitations?done=%s",
		                str_eqc(action, "again") ? "sent" : "back"));
	}
	v.email = x.email = str_trim(web_form(w, "email").p ? web_form(w, "email") : STR(""));
	v.role = x.roles = web_form(w, "role").p ? web_form(w, "role") : STR("");
	if (!role_allowed(w, x.roles))
		return err_set(e, ST_FORBIDDEN, "You can not invite somebody into that role.");
	enum status st = people_email_key(w->ctx->arena, x.email, &ignored, &why);
	if (st == ST_OK)
		st = send_one(w, &x, &why);
	if (st == ST_UNPROCESSABLE || st == ST_CONFLICT) {
		v.wrong_email = arena_str(w->ctx->arena, str_c(why.msg));
		return invitations_page(w, 422, &v, e);
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/admin/invitations?done=sent"));
}
