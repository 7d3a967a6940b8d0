/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/identity.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/forms/forms.h"
#include "platform/text/html.h"
#include "platform/text/local.h"
#include "services/identity/oauth/oauth_logout.h"
#include "services/identity/people/notice.h"
#include "services/identity/people/password.h"
#include "services/identity/signin/rights.h"

#define PAGE_MAX (512 << 10)
#define LOG_PAGE 50
#define SESSIONS_SHOWN 100

/* --- proving it again ------------------------------------------------------------------------------------------- */

enum status identity_recent(struct web *w, bool *asked, struct err *e)
{
	struct buf next;
	*asked = clock_now_us() - w->person->auth_us > IDENTITY_RECENT_S * US_PER_S;
	if (!*asked)
		return ST_OK;
	buf_arena(&next, w->ctx->arena, 3 * w->req->path.n);
	url_encode(&next, w->req->path); /* of a page of ours: short, however it was written */
	web_no_cache(w);
	return web_redirect(
	        w, 303, web_url(w->ctx, "identity", "/sign-in?again=1&next=%.*s", (int)next.len, next.data));
}

static struct str done_text(struct web *w, const char *name, const char *text)
{
	return str_eqc(web_query(w, "done"), name) ? str_c(tr(text)) : STR("");
}

/* --- overview --------------------------------------------------------------------------------------------------- */

static enum status load_overview(struct web *w, struct overview_view *v, struct err *e)
{
	struct identity_password_row *password;
	struct identity_totp_row *totp;
	struct identity_recovery_left_row *left;
	struct identity_passkeys_of_row *keys;
	int64_t id = w->person->id;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_password(c, id, &password, e));
	TRY(q_identity_totp(c, id, &totp, e));
	TRY(q_identity_recovery_left(c, id, &left, e));
	TRY(q_identity_passkeys_of(c, id, &keys, &v->passkeys, e));
	v->password = password != NULL;
	v->two_step = totp != NULL;
	v->codes_left = left->n;
	return ST_OK;
}

enum status identity_get_identity(struct web *w, struct err *e)
{
	struct buf b;
	struct sso *list;
	struct overview_view v = { .done = STR("") };
	struct page_shell shell = signin_shell(w, "Security");
	TRY(load_overview(w, &v, e));
	TRY(sso_list(w->ctx, w->person->id, &list, &v.sessions, e));
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_identity_overview(&b, &shell, w, &v);
	return web_html(w, 200, &b);
}

/* --- password --------------------------------------------------------------------------------------------------- */

static enum status load_hash(struct web *w, struct str *hash, struct err *e)
{
	struct identity_password_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_password(c, w->person->id, &r, e));
	*hash = r ? r->hash : STR_NULL;
	return ST_OK;
}

static const struct field password_fields[] = {
	FIELD(struct password_view, former, PASSWORD, .label = "The password that you have",
	        .required = "The password that you have, please.", .autocomplete = "current-password"),
	FIELD(struct password_view, fresh, PASSWORD, .label = "The new one", .required = "A new password, please.",
	        .autocomplete = "new-password", .say = password_hint),
	{ 0 },
};
/* Of whom has none yet, the new one alone. */
static const struct form_desc password_form = { .fields = password_fields },
                              first_password_form = { .fields = password_fields + 1 };

static enum status password_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf b;
	struct web *w = f->w;
	struct page_shell shell = signin_shell(w, "Password");
	(void)e;
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_identity_password(&b, &shell, w, arg, f);
	return web_html(w, status, &b);
}

enum status identity_get_password(struct web *w, struct err *e)
{
	struct str hash;
	struct form_fill f;
	struct password_view v = { .done = done_text(
		                           w, "1", "Your password was changed. Everywhere else you are signed out.") };
	TRY(load_hash(w, &hash, e));
	form_show(&f, w, hash.p ? &password_form : &first_password_form, &v);
	return password_page(&f, 200, &v, e);
}

struct fresh { struct web *w; struct rights rights; char hash[PASSWORD_HASH_MAX]; };

static enum status tx_password(struct db_conn *c, void *arg, struct err *e)
{
	const struct fresh *f = arg;
	struct audit_entry entry = { .action = "person.password_changed",
		.actor = arena_strf(db_arena(c), "%lld", (long long)f->w->person->id) };
	TRY(password_set(c, f->w->person->id, f->hash, e));
	TRY(rights_later(c, &f->rights, e));
	TRY(notice_enqueue(c, f->w, NOTICE_PASSWORD, f->w->person->id, STR(""), e));
	return audit_write(c, &entry, e);
}

static enum status change_password(struct web *w, struct str fresh, struct err *e)
{
	struct fresh f = { .w = w };
	struct audit_entry from = { 0 };
	TRY(password_hash(w->ctx, fresh, f.hash, e));
	audit_from(w, &from);
	f.rights = (struct rights){ w->person->id, clock_now_us(), w->person->session, from.address };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_password, &f, e));
	TRY(rights_drop_begun(w->ctx, w->person->id, e));
	TRY(known_remember(w, w->person->id, e)); /* this browser alone is known with the new one */
	return rights_settle(w->ctx, &f.rights, e);
}

enum status identity_post_password(struct web *w, struct err *e)
{
	struct err why = { 0 };
	struct str hash;
	bool asked, right = true, weak;
	struct form_fill f;
	struct password_view v = { .done = STR("") };
	TRY(load_hash(w, &hash, e));
	TRY(form_read(&f, w, hash.p ? &password_form : &first_password_form, &v, e));
	if (hash.p && v.former.n) {
		enum status st = password_verify(w->ctx, v.former, hash, &right, &weak, &why);
		if (st != ST_OK) {
			form_fault(&f, NULL, "%s", why.msg);
			return password_page(&f, status_info(st)->http, &v, e);
		}
	} else if (!hash.p) {
		TRY(identity_recent(w, &asked, e));
		if (asked)
			return ST_OK;
	}
	if (!right)
		form_fault(&f, "former", "This is not your password.");
	const struct password_owner of = { w->person->email, w->person->name };
	if (password_check(w->ctx, v.fresh, &of, &why) != ST_OK)
		form_fault(&f, "fresh", "%s", why.msg);
	if (f.failed)
		return form_refuse(&f, password_page, &v, e);
	TRY(change_password(w, v.fresh, e));
	return form_done(&f, web_url(w->ctx, "identity", "/identity/password?done=1"));
}

/* --- sessions --------------------------------------------------------------------------------------------------- */

enum status identity_get_sessions(struct web *w, struct err *e)
{
	struct buf b;
	struct sso *list;
	struct sessions_view v = { .done = done_text(
		                           w, "1", "Signed out there. It shows at the next page that is opened.") };
	struct page_shell shell = signin_shell(w, "Where you are signed in");
	TRY(sso_list(w->ctx, w->person->id, &list, &v.count, e));
	if (v.count > SESSIONS_SHOWN) { /* the newest; "sign out others" means all of them */
		v.more = v.count - SESSIONS_SHOWN;
		v.count = SESSIONS_SHOWN;
	}
	v.list = ARENA_ARRAY(w->ctx->arena, struct session_view, v.count);
	for (size_t i = 0; i < v.count; i++)
		v.list[i] = (struct session_view){ .key = list[i].sid,
			.agent = list[i].agent,
			.since = html_time(w->ctx->arena, w->person->zone, list[i].auth_us),
			.seen = local_ago(w->ctx->arena, w->person->zone, list[i].seen_us, clock_now_us()),
			.this_one = str_eq(list[i].key, w->person->session) };
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_identity_sessions(&b, &shell, w, &v);
	return web_html(w, 200, &b);
}

enum status identity_post_sessions(struct web *w, struct err *e)
{
	struct sso *list;
	struct audit_entry from = { 0 };
	size_t n;
	struct str sid = web_form(w, "session");
	bool others = str_eqc(sid, "others");
	audit_from(w, &from);
	if (others) {
		TRY(rights_settle(w->ctx,
		        &(struct rights){ w->person->id, clock_now_us(), w->person->session, from.address }, e));
	} else {
		TRY(sso_list(w->ctx, w->person->id, &list, &n, e));
		for (size_t i = 0; i < n; i++)
			if (str_eq(list[i].sid, sid))
				TRY(oauth_logout(w->ctx, list[i].key, from.address, e));
	}
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/identity/sessions?done=1"));
}

/* --- log -------------------------------------------------------------------------------------------------------- */

/* What the chain calls things, as the person would. */
static const struct { const char *action, *words; } meanings[] = {
	{ "person.signed_in", "Signed in" },
	{ "person.signed_out", "Signed out" },
	{ "person.sign_in_failed", "A wrong password was tried" },
	{ "person.password_changed", "Password changed" },
	{ "person.password_reset", "Password set by a mailed link" },
	{ "person.email_changed", "E-mail address changed" },
	{ "person.two_step_on", "Two steps turned on" },
	{ "person.two_step_off", "Two steps turned off" },
	{ "person.recovery_codes_made", "New recovery codes" },
	{ "person.recovery_code_used", "A recovery code was used" },
	{ "person.second_step_passed", "Second step passed" },
	{ "person.second_step_failed", "A wrong code was tried" },
	{ "person.passkey_added", "Passkey added" },
	{ "person.passkey_removed", "Passkey removed" },
	{ "person.added", "Account made" },
	{ "oauth.consented", "An application was let in" },
	{ "oauth.revoked", "An application's access was taken back" },
	{ "oauth.code_replayed", "A sign-in of an application was used twice, so its access ended" },
	{ "oauth.refresh_replayed", "A key of an application was used twice, so its access ended" },
	{ "oauth.device_allowed", "A device was connected" },
	{ "oauth.device_refused", "A device was refused" },
	{ "oauth.client_registered", "An application was registered" },
	{ "oauth.client_changed", "An application was registered anew" },
	{ "oauth.client_removed", "An application was removed" },
	{ "oauth.unused_clients_removed", "Applications that nobody used were removed" },
	{ "person.profile_changed", "Profile changed" },
	{ "person.leaving", "The end of the account was asked for" },
	{ "person.stayed", "The account goes on" },
	{ "person.deleted", "Account ended" },
	{ "member.approved", "Account approved" },
	{ "member.suspended", "Account suspended" },
	{ "member.restored", "Account restored" },
	{ "member.removed", "Account removed" },
	{ "member.kept", "Account kept after all" },
	{ "member.second_step_reset", "Second step reset" },
	{ "member.changed", "Roles changed" },
	{ "member.list_exported", "The list of members was downloaded" },
	{ "invitation.sent", "An invitation was sent" },
	{ "invitation.taken_back", "An invitation was taken back" },
};

static struct str words_of(struct str action)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (str_eqc(action, meanings[i].action))
			return str_c(tr(meanings[i].words));
	return action;
}

enum status identity_get_log(struct web *w, struct err *e)
{
	struct buf b;
	struct audit_row *rows;
	struct log_view v = { 0 };
	struct page_shell shell = signin_shell(w, "What was done");
	struct audit_filter f = { .about = arena_strf(w->ctx->arena, "%lld", (long long)w->person->id),
		                  .max = LOG_PAGE + 1 };
	(void)web_query_int(w, "before", 1, INT64_MAX, &f.before);
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(audit_list(c, &f, &rows, &v.count, e));
	}
	if (v.count > LOG_PAGE) {
		v.count = LOG_PAGE;
		v.older = rows[LOG_PAGE - 1].seq;
	}
	v.lines = ARENA_ARRAY(w->ctx->arena, struct log_line, v.count);
	for (size_t i = 0; i < v.count; i++)
		v.lines[i] = (struct log_line){ html_time(w->ctx->arena, w->person->zone, rows[i].at_us),
			                        words_of(rows[i].action), rows[i].address };
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_identity_log(&b, &shell, w, &v);
	return web_html(w, 200, &b);
}
