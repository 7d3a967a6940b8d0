/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing in with a password. Whoever asks learns nothing of which accounts exist: not from the words, not from the
 * time.
 */
#include "services/identity/signin/signin.h"

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/limits.h"
#include "platform/config/config.h"
#include "services/identity/people/notice.h"
#include "services/identity/people/password.h"
#include "services/identity/signin/second.h"

#define PAGE_MAX (256 << 10)

struct page_shell signin_shell(struct web *w, const char *title)
{
	return (struct page_shell){
		.title = str_c(tr(title)), .kind = STR("account"), .noindex = true, .forms = true
	};
}

struct str signin_next(struct web *w)
{
	struct str next = w->req->method == HTTP_POST ? web_form(w, "next") : web_query(w, "next");
	bool good = next.n && next.n <= SIGNIN_NEXT_MAX && web_is_ours(w->ctx, next);
	return good ? next : web_url(w->ctx, "account", "/");
}

/* --- right or not ------------------------------------------------------------------------------------------- */

struct rate signin_account_rate(const struct web *w)
{
	const struct config *c = w->ctx->svc->platform->config;
	return (struct rate){ (unsigned)config_int(c, "identity", "account_per_minute"),
		(unsigned)config_int(c, "identity", "account_burst") };
}

int64_t signin_wait(
        struct web *w, const char *kind, struct str key, const struct rate *rate, const struct known_account *of)
{
	struct str browser = of ? known_browser(w, of) : STR_NULL;
	struct str name = browser.n
	        ? arena_strf(w->ctx->arena, "%s-known|%.*s|%.*s", kind, STR_ARG(browser), STR_ARG(key))
	        : arena_strf(w->ctx->arena, "%s|%.*s", kind, STR_ARG(key));
	return web_rate_wait(w, name, rate, 1);
}

static enum status throttle(struct web *w, struct str email_key, const struct known_account *of, struct err *e)
{
	struct rate rate = signin_account_rate(w);
	long long wait = (long long)signin_wait(w, "account", email_key, &rate, of);
	if (!wait)
		return ST_OK;
	http_set_header(w->req, "retry-after", arena_strf(w->ctx->arena, "%lld", wait));
	return err_set(e, ST_RATE_LIMITED,
	        "There were many attempts for this address. Please wait %lld seconds, or have a link mailed to you "
	        "instead.",
	        wait);
}

enum status signin_find(struct web *w, struct str email, struct signin_account *out, struct err *e)
{
	struct identity_password_row *row = NULL;
	*out = (struct signin_account){ 0 };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(people_by_email(c, email, &out->person, e));
	out->known.person = out->person ? out->person->id : 0;
	/* Asked for nobody too: as many steps. */
	TRY(q_identity_password(c, out->known.person, &row, e));
	out->hash = row ? row->hash : STR_NULL;
	out->known.password_us = row ? row->updated_at : 0;
	return ST_OK;
}

struct rehash { int64_t person; const char *hash; };

static enum status tx_rehash(struct db_conn *c, void *arg, struct err *e)
{
	const struct rehash *r = arg;
	return password_set(c, r->person, r->hash, e);
}

static void hash_again(struct web *w, int64_t person, struct str password)
{
	char hash[PASSWORD_HASH_MAX];
	struct rehash r = { person, hash };
	if (password_hash(w->ctx, password, hash, NULL) == ST_OK)
		(void)!db_write(w->ctx, w->ctx->svc->db, tx_rehash, &r, NULL);
}

/* Somebody tried a wrong password: the owner of the account sees that in their log. Recorded of nobody's account too,
   which takes as long; what was typed is not, it may be a password. */
static void record_failure(struct web *w, const struct person_record *p)
{
	struct audit_entry entry = { .action = "person.sign_in_failed" };
	audit_from(w, &entry);
	entry.object = p ? arena_strf(w->ctx->arena, "%lld", (long long)p->id) : STR("");
	if (audit_record(w->ctx, &entry, NULL) != ST_OK)
		LOG(WARN, w->ctx, "signin.unrecorded", LI("person", p ? p->id : 0));
}

enum status signin_by_password(
        struct web *w, struct str email, struct str password, struct person_record **out, struct err *e)
{
	struct str key;
	struct signin_account account;
	bool right, weak;
	*out = NULL;
	TRY(signin_find(w, email, &account, e));
	if (people_email_key(w->ctx->arena, email, &key, NULL) == ST_OK)
		TRY(throttle(w, key, &account.known, e));
	TRY(password_verify(w->ctx, password, account.hash, &right, &weak, e));
	if (!right) {
		record_failure(w, account.person);
		return ST_OK;
	}
	if (weak)
		hash_again(w, account.person->id, password);
	*out = account.person;
	return ST_OK;
}

/* --- done --------------------------------------------------------------------------------------------------- */

struct seen { const struct web *w; const struct person_record *person; const char *amr; struct audit_entry from; };

static enum status tx_seen(struct db_conn *c, void *arg, struct err *e)
{
	const struct seen *s = arg;
	struct audit_entry entry = s->from;
	entry.action = "person.signed_in";
	entry.actor = arena_strf(db_arena(c), "%lld", (long long)s->person->id);
	entry.details = arena_strf(db_arena(c), "{\"how\":\"%s\"}", s->amr);
	TRY(q_identity_person_seen(c, s->person->id, clock_now_us(), NULL, e));
	TRY(notice_browser(c, s->w, s->person->id, e));
	return audit_write(c, &entry, e);
}

enum status signin_begin(struct web *w, const struct person_record *p, const char *amr, struct err *e)
{
	struct sso s = people_sso(p);
	struct seen seen = { w, p, amr, { 0 } };
	if (str_eqc(p->status, "pending"))
		return err_set(e, ST_FORBIDDEN,
		        "Your account waits for somebody of the cooperative to approve it. You will get a letter when "
		        "it is open.");
	if (str_eqc(p->status, "suspended"))
		return err_set(e, ST_FORBIDDEN,
		        "This account is suspended. Please write to the cooperative if you think that this is a "
		        "mistake.");
	audit_from(w, &seen.from);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_seen, &seen, e));
	s.amr = str_c(amr);
	TRY(known_remember(w, p->id, e));
	return sso_begin(w, &s, e);
}

enum status signin_done(struct web *w, const struct person_record *p, const char *amr, struct str next, struct err *e)
{
	TRY(signin_begin(w, p, amr, e));
	web_no_cache(w);
	return web_redirect(w, 303, next);
}

/* --- the page ----------------------------------------------------------------------------------------------- */

enum status signin_page(struct web *w, int status, const struct signin_view *v)
{
	struct buf b;
	struct page_shell shell = signin_shell(w, "Sign in");
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&b, w->ctx->arena, PAGE_MAX);
	tpl_signin_page(&b, &shell, w, v);
	return web_html(w, status, &b);
}

enum status identity_get_sign_in(struct web *w, struct err *e)
{
	enum status moved;
	if (session_move_home(w, &moved))
		return moved;
	struct signin_view v = { .next = signin_next(w),
		.email = web_query(w, "email"),
		.error = STR(""),
		.again = str_eqc(web_query(w, "again"), "1") };
	if (w->person && !v.again)
		return web_redirect(w, 303, v.next);
	if (w->person && !v.email.n)
		v.email = w->person->email;
	return signin_page(w, 200, &v);
}

enum status identity_post_sign_in(struct web *w, struct err *e)
{
	struct person_record *who;
	struct err why = { 0 };
	struct signin_view v = { .next = signin_next(w), .email = web_form(w, "email"), .error = STR("") };
	enum status st = signin_by_password(w, v.email, web_form(w, "password"), &who, &why);
	if (st == ST_OK && who) {
		st = second_or_done(w, who, "pwd", v.next, &why);
		if (st == ST_OK)
			return ST_OK;
	} else if (st == ST_OK) {
		st = err_set(&why, ST_UNPROCESSABLE, "This address and this password do not belong together.");
	}
	const struct status_info *info = status_info(st);
	if (info->http >= 500 && st != ST_UNAVAILABLE)
		return err_set(e, st, "%s", why.msg);
	if (st == ST_UNAVAILABLE)
		http_set_header(w->req, "retry-after", STR("5"));
	v.error = arena_str(w->ctx->arena, str_c(why.msg));
	return signin_page(w, info->http, &v);
}
