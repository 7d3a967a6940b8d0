/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing up: open, by invitation or by approval (setting identity.sign_up), and the owner's link of an empty site.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/config/config.h"
#include "platform/forms/forms.h"
#include "services/identity/people/password.h"
#include "services/identity/signin/link.h"

#define PAGE_MAX (256 << 10)

/* --- the owner -------------------------------------------------------------------------------------------------- */

static enum status has_owner(struct ctx *ctx, bool *has, struct err *e)
{
	struct identity_owners_row *r;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_identity_owners(c, &r, e));
	*has = r->n > 0;
	return ST_OK;
}

enum status link_tell_owner(struct ctx *ctx, struct err *e)
{
	struct str url;
	bool has;
	TRY(has_owner(ctx, &has, e));
	if (has)
		return ST_OK;
	TRY(link_make(ctx, &(struct link){ .kind = LINK_OWNER }, LINK_OWNER_LIFE_S, &url, e));
	fprintf(stderr, "\n  This site has no owner yet. Whoever opens this link within a day becomes it:\n  %.*s\n\n",
	        STR_ARG(url));
	return ST_OK;
}

/* --- what lets somebody in --------------------------------------------------------------------------------------- */

/* What somebody holds decides, never a field that says by which way they came. */
struct ticket { enum sign_up_way way; int64_t invitation; struct str email, roles; };

static bool at_once(const struct ticket *t)
{
	return t->way == SIGN_UP_OWNER || t->way == SIGN_UP_INVITED;
}

static enum sign_up_way way_by_setting(struct web *w)
{
	const char *set = config_cstr(w->ctx->svc->platform->config, "identity", "sign_up");
	return !strcmp(set, "open") ? SIGN_UP_OPEN : !strcmp(set, "approval") ? SIGN_UP_APPROVAL : SIGN_UP_CLOSED;
}

static enum status read_owner(struct web *w, struct str token, struct ticket *t, struct err *e)
{
	struct link l;
	struct err why = { 0 };
	bool has = true;
	enum status st = link_find(w->ctx, token, &l, &why);
	if (st == ST_NOT_FOUND || (st == ST_OK && l.kind != LINK_OWNER))
		return ST_OK;
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	TRY(has_owner(w->ctx, &has, e));
	if (!has)
		*t = (struct ticket){ .way = SIGN_UP_OWNER, .roles = STR("owner") };
	return ST_OK;
}

static enum status read_invitation(struct web *w, struct str token, struct ticket *t, struct err *e)
{
	struct identity_invitation_by_token_row *r;
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(token, hash);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_identity_invitation_by_token(c, str_c(hash), clock_now_us(), &r, e));
	if (r)
		*t = (struct ticket){ SIGN_UP_INVITED, r->id, r->email, r->roles };
	return ST_OK;
}

/* token: of the owner's link or of an invitation; empty: neither. */
static enum status read_ticket(struct web *w, struct str token, struct ticket *t, struct err *e)
{
	*t = (struct ticket){ .way = way_by_setting(w), .roles = STR("") };
	if (!token.n)
		return ST_OK;
	TRY(read_owner(w, token, t, e));
	if (!at_once(t))
		TRY(read_invitation(w, token, t, e));
	if (!at_once(t))
		return err_set(e, ST_GONE,
		        "This link was used, taken back, or is too old. Please ask for another invitation; an owner's "
		        "link is printed "
		        "when the server starts, as long as the site has no owner.");
	return ST_OK;
}

#define FIELDS_OF_SIGN_UP(fixed_) \
	FIELD(struct sign_up_view, next, HIDDEN, .max = SIGNIN_NEXT_MAX), \
	FIELD(struct sign_up_view, token, HIDDEN), \
	FIELD(struct sign_up_view, name, TEXT, .label = "Your name", .required = "A name, please.", .max = 200, \
	        .autocomplete = "name"), \
	FIELD(struct sign_up_view, email, EMAIL, .label = "E-mail address", .plain = true, \
	        .autocomplete = "username", .fixed = fixed_, .required = fixed_ ? NULL : "An address, please."), \
	FIELD(struct sign_up_view, password, PASSWORD, .label = "Password", .required = "A password, please.", \
	        .autocomplete = "new-password", .say = password_hint), \
	{ 0 }

static const struct field open_fields[] = { FIELDS_OF_SIGN_UP(false) }, invited_fields[] = { FIELDS_OF_SIGN_UP(true) };
static const struct form_desc open_form = { .fields = open_fields },
                              invited_form = { .fields = invited_fields };

static const struct form_desc *desc_of(const struct sign_up_view *v)
{
	return v->fixed_email ? &invited_form : &open_form;
}

static enum status sign_up_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf b;
	struct web *w = f->w;
	struct page_shell shell = signin_shell(w, "Sign up");
	(void)e;
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_sign_up(&b, &shell, w, arg, f);
	return web_html(w, status, &b);
}

static struct sign_up_view view_of(struct web *w, const struct ticket *t)
{
	struct str none = STR("");
	return (struct sign_up_view){ .email = t->email.n ? t->email : none,
		.name = none,
		.password = none,
		.next = signin_next(w),
		.token = none,
		.fixed_email = t->email.n > 0,
		.way = t->way };
}

enum status identity_get_sign_up(struct web *w, struct err *e)
{
	struct ticket t;
	struct form_fill f;
	struct str owner = web_query(w, "owner"), invitation = web_query(w, "invitation");
	struct str token = owner.n ? owner : invitation.n ? invitation : STR("");
	TRY(read_ticket(w, token, &t, e));
	struct sign_up_view v = view_of(w, &t);
	v.token = token;
	if (w->person && t.way != SIGN_UP_OWNER)
		return web_redirect(w, 303, v.next);
	form_show(&f, w, desc_of(&v), &v);
	return sign_up_page(&f, 200, &v, e);
}

/* --- the form --------------------------------------------------------------------------------------------------- */

/* All three at once: nobody is told of a second fault when the first is mended. */
static void sign_up_check(struct web *w, struct form_fill *f)
{
	struct str ignored;
	struct err why[3] = { 0 };
	const struct sign_up_view *v = f->values;
	if (people_email_key(w->ctx->arena, v->email, &ignored, &why[0]) != ST_OK)
		form_fault(f, "email", "%s", why[0].msg);
	if (people_clean_name(w->ctx->arena, v->name, &ignored, &why[1]) != ST_OK)
		form_fault(f, "name", "%s", why[1].msg);
	if (password_check(w->ctx, v->password, &(struct password_owner){ v->email, v->name }, &why[2]) != ST_OK)
		form_fault(f, "password", "%s", why[2].msg);
}

struct sign_up_joining {
	const struct sign_up_view *v;
	const struct ticket *t;
	char hash[PASSWORD_HASH_MAX];
	int64_t id;
};

static enum status tx_join(struct db_conn *c, void *arg, struct err *e)
{
	struct sign_up_joining *x = arg;
	struct identity_owners_row *owners;
	int64_t accepted = 1;
	bool owner = x->t->way == SIGN_UP_OWNER;
	const struct person_new n = {
		.email = x->v->email, .name = x->v->name, .roles = x->t->roles, .email_verified = !owner
	};
	TRY(q_identity_owners(c, &owners, e));
	if (owner && owners->n)
		return err_set(e, ST_GONE, "Somebody else was faster: the site has an owner.");
	if (x->t->invitation)
		TRY(q_identity_invitation_accept(c, x->t->invitation, clock_now_us(), &accepted, e));
	if (!accepted)
		return err_set(e, ST_GONE, "This invitation was accepted before.");
	TRY(people_add(c, &n, &x->id, e));
	TRY(password_set(c, x->id, x->hash, e));
	struct str id = arena_strf(db_arena(c), "%lld", (long long)x->id);
	return audit_write(c, &(struct audit_entry){ .action = "person.added", .actor = id, .object = id,
		.details = owner ? STR("{\"by\":\"owner link\"}") : STR("{\"by\":\"invitation\"}") }, e);
}

/* With a ticket the account is there at once. */
static enum status join_now(struct form_fill *f, const struct ticket *t, struct err *e)
{
	struct web *w = f->w;
	struct sign_up_view *v = f->values;
	struct sign_up_joining x = { .v = v, .t = t };
	struct err why = { 0 };
	struct person_record *p;
	struct link used;
	TRY(password_hash(w->ctx, v->password, x.hash, e));
	enum status st = db_write(w->ctx, w->ctx->svc->db, tx_join, &x, &why);
	if (st == ST_CONFLICT || st == ST_UNPROCESSABLE) {
		form_fault(f, "email", "%s", why.msg);
		return form_refuse(f, sign_up_page, v, e);
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	if (t->way == SIGN_UP_OWNER)
		(void)!link_take(w->ctx, v->token, &used, NULL);
	TRY(people_load(w->ctx, x.id, &p, e));
	return signin_done(w, p, "pwd", v->next, e);
}

/* Without one, a letter decides; who has an account already is told so by letter, and nobody else is. */
static enum status send_letter(struct web *w, const struct sign_up_view *v, struct err *e)
{
	struct person_record *there;
	struct str url = STR(""), ignored;
	char hash[PASSWORD_HASH_MAX], browser[AUTH_HASH_LEN + 1];
	struct str secret = auth_secret(w->ctx->arena, browser), key;
	TRY(people_email_key(w->ctx->arena, v->email, &key, e));
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(people_by_email(c, v->email, &there, e));
	}
	TRY(password_hash(w->ctx, v->password, hash, e));
	web_set_cookie(w,
	        &(struct cookie){ .name = LINK_BROWSER_COOKIE,
	                .value = secret,
	                .path = "/",
	                .max_age_s = LINK_SIGN_UP_LIFE_S,
	                .http_only = true,
	                .lax = true });
	bool crowd = link_crowd(w, LINK_SIGN_UP, key, NULL);
	enum lang theirs = lang_of_person(w->ctx, there ? there->locale : STR(""));
	if (there && !crowd) {
		TRY(link_make(w->ctx, &(struct link){ .kind = LINK_SIGN_UP, .next = v->next }, 1, &ignored,
		        e)); /* the time tells nothing */
		TRY(link_mail(w->ctx, theirs, there->email, there->name, "You have an account already",
		        "Somebody, probably you, wanted to sign up with this address. It has an account: you can sign "
		        "in, or ask for a link if you forgot your password.",
		        web_abs_url(w->ctx, "identity", "/sign-in"), e));
	} else if (!crowd) {
		const struct link l = { .kind = LINK_SIGN_UP,
			.email = str_trim(v->email),
			.name = v->name,
			.hash = str_c(hash),
			.browser = str_c(browser),
			.next = v->next };
		TRY(link_make(w->ctx, &l, LINK_SIGN_UP_LIFE_S, &url, e));
		/* Without the name: nobody has this site write their words to others. */
		TRY(link_mail(w->ctx, lang_now(), str_trim(v->email), STR(""), "Please confirm your address",
		        "With this link you confirm your address and open your account. It is good for a day.", url,
		        e));
	}
	return link_sent(w,
	        &(struct sent_view){ v->email, "Look in your mail",
	                "A letter with a link is on its way. Your account opens when you follow it." });
}

enum status identity_post_sign_up(struct web *w, struct err *e)
{
	struct ticket t;
	struct form_fill f;
	TRY(read_ticket(w, web_form(w, "token"), &t, e));
	if (t.way == SIGN_UP_CLOSED)
		return err_set(e, ST_FORBIDDEN, "New accounts are by invitation here.");
	struct sign_up_view v = view_of(w, &t);
	const struct sign_up_view known = v;
	TRY(form_read(&f, w, desc_of(&v), &v, e));
	v.next = known.next; /* checked */
	if (v.fixed_email)
		v.email = f.typed[form_field(&f, "email") - f.desc->fields] = known.email;
	sign_up_check(w, &f);
	if (f.failed)
		return form_refuse(&f, sign_up_page, &v, e);
	return at_once(&t) ? join_now(&f, &t, e) : send_letter(w, &v, e);
}
