/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/email.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/forms/forms.h"
#include "platform/work/event.h"
#include "services/identity/people/notice.h"
#include "services/identity/signin/identity.h"
#include "services/identity/signin/rights.h"

#define PAGE_MAX (256 << 10)

/* --- asked for -------------------------------------------------------------------------------------------------- */

static const struct field email_fields[] = {
	FIELD(struct email_view, email, EMAIL, .label = "The new one", .required = "An address, please.",
	        .autocomplete = "email", .hint = "We mail a link to it. Until you follow that, all stays as it is."),
	{ 0 },
};
static const struct form_desc email_form = { .fields = email_fields };

static enum status email_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf b;
	struct web *w = f->w;
	struct page_shell shell = signin_shell(w, "E-mail address");
	(void)e;
	web_no_cache(w);
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_identity_email(&b, &shell, w, arg, f);
	return web_html(w, status, &b);
}

enum status identity_get_email(struct web *w, struct err *e)
{
	bool asked;
	struct form_fill f;
	struct email_view v = { STR(""), web_query(w, "done").p ? TR("Your address was changed.") : STR("") };
	TRY(identity_recent(w, &asked, e));
	if (asked)
		return ST_OK;
	form_show(&f, w, &email_form, &v);
	return email_page(&f, 200, &v, e);
}

/* Whether that address has an account is told to its owner alone. */
static enum status send_link(struct web *w, struct str email, struct err *e)
{
	struct str url;
	struct person_record *there;
	const struct link l = { .kind = LINK_EMAIL, .person = w->person->id, .email = email };
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(people_by_email(c, email, &there, e));
	}
	TRY(link_make(w->ctx, &l, there ? 1 : LINK_LIFE_S, &url, e));
	enum lang theirs = lang_of_person(w->ctx, there ? there->locale : STR(""));
	TRY(there ? link_mail(w->ctx, theirs, there->email, there->name, "You have an account already",
	                    "Somebody, probably you, wanted to give another account this address. It has one: you can "
	                    "sign in with it.",
	                    web_abs_url(w->ctx, "identity", "/sign-in"), e)
	          : link_mail(w->ctx, lang_now(), email, STR(""), "Please confirm your new address",
	                    "With this link you confirm that this is your address from now on. It is good once, for 15 "
	                    "minutes.",
	                    url, e));
	return link_sent(w,
	        &(struct sent_view){ email, "Look in your mail",
	                "A letter with a link is on its way. Your address is changed when you follow it, here in this "
	                "browser." });
}

enum status identity_post_email(struct web *w, struct err *e)
{
	struct err why = { 0 };
	struct str key, own;
	bool asked;
	struct form_fill f;
	struct email_view v = { STR(""), STR("") };
	TRY(identity_recent(w, &asked, e));
	if (asked)
		return ST_OK;
	TRY(form_read(&f, w, &email_form, &v, e));
	if (!f.failed && people_email_key(w->ctx->arena, v.email, &key, &why) != ST_OK)
		form_fault(&f, "email", "%s", why.msg);
	if (!f.failed && people_email_key(w->ctx->arena, w->person->email, &own, NULL) == ST_OK && str_eq(key, own))
		form_fault(&f, "email", "This is your address already.");
	struct str who = arena_strf(w->ctx->arena, "%lld", (long long)w->person->id);
	if (!f.failed && (link_crowd(w, LINK_EMAIL, who, NULL) || link_crowd(w, LINK_EMAIL, key, NULL)))
		form_fault(&f, "email", "There were several letters already. Please wait a minute.");
	return f.failed ? form_refuse(&f, email_page, &v, e) : send_link(w, v.email, e);
}

/* --- followed --------------------------------------------------------------------------------------------------- */

enum status email_link_is_own(const struct web *w, const struct link *l, struct err *e)
{
	if (!w->person)
		return err_set(e, ST_UNAUTHENTICATED, "Please sign in first: a letter alone changes nothing.");
	return w->person->id == l->person ? ST_OK : err_set(e, ST_NOT_FOUND, "This is the link of another account.");
}

struct email_change { struct web *w; const struct link *link; };

static enum status tx_change(struct db_conn *c, void *arg, struct err *e)
{
	const struct email_change *x = arg;
	struct str key, id = arena_strf(db_arena(c), "%lld", (long long)x->link->person);
	struct identity_person_id_of_row *there;
	struct person_record *p;
	TRY(people_by_id(c, x->link->person, &p, e));
	TRY(people_email_key(db_arena(c), x->link->email, &key, e));
	TRY(q_identity_person_id_of(c, key, &there, e));
	if (!p || there)
		return err_set(e, ST_CONFLICT, "This address has got an account meanwhile.");
	TRY(q_identity_person_email(c, p->id, x->link->email, key, clock_now_us(), NULL, e));
	TRY(rights_later(c, &(struct rights){ .person = p->id, .but = STR("") }, e));
	TRY(notice_enqueue(c, x->w, NOTICE_EMAIL, p->id, p->email, e));
	TRY(event_emit(c, "person.changed", id, STR("{}"), e));
	return audit_write(c, &(struct audit_entry){ .action = "person.email_changed", .actor = id, .object = id }, e);
}

enum status email_change(struct web *w, const struct link *l, struct err *e)
{
	struct email_change x = { .w = w, .link = l };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_change, &x, e));
	/* Letters to the former address open nothing any more. */
	TRY(rights_drop_begun(w->ctx, l->person, e));
	TRY(rights_settle(w->ctx, &(struct rights){ .person = l->person, .but = STR(""), .address = STR("") }, e));
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/identity/email?done=1"));
}
