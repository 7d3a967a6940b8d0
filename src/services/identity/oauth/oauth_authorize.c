/* SPDX-License-Identifier: Apache-2.0
 *
 * /oauth/authorize and the consent page (RFC 6749 4.1.1, OpenID Connect Core 3.1.2, RFC 9207). Who is asked what is a
 * list of questions, each with what it is answered with under prompt=none.
 */
#include "services/identity/oauth/oauth_device.h"

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "platform/audit/audit.h"
#include "platform/cache/limits.h"
#include "platform/text/html.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/people/notice.h"

#define PAGE_MAX (256 << 10)
#define ASKS_PER_MINUTE 60 /* of one address */
#define ASKS_AT_ONCE 60

/* What a scope means, in plain words. The last row is for scopes without one. */
static const struct { const char *scope; struct consent_line line; } meanings[] = {
	{ "openid", { "Know that it is you", "It learns an identifier that stays the same, and when you signed in." } },
	{ "profile", { "See your name", "Name, handle, picture, language and time zone." } },
	{ "email", { "See your e-mail address", NULL } },
	{ "offline_access", { "Stay connected", "It may come back without you, until you revoke it." } },
	{ "read", { "Read your posts, messages and lists", NULL } },
	{ "write", { "Post, reply and change settings as you", NULL } },
	{ "follow", { "Follow and block people as you", NULL } },
	{ "push", { "Send you notifications", NULL } },
};
static const struct consent_line another = { "Something that it calls by a name of its own", NULL };

static const struct consent_line *meaning(struct str scope)
{
	/* "read:statuses" is part of "read". */
	struct str head = scope;
	(void)str_cut(&scope, ':', &head);
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (str_eqc(head, meanings[i].scope))
			return &meanings[i].line;
	return &another;
}

void oauth_consent_lines(struct consent_view *v)
{
	struct str rest = v->ask->scope, one;
	while (rest.n && str_next(&rest, ' ', &one)) {
		const struct consent_line *line = meaning(one);
		bool there = !one.n;
		for (unsigned i = 0; i < v->line_count; i++)
			there |= v->lines[i].title == line->title;
		if (!there && v->line_count < sizeof v->lines / sizeof *v->lines)
			v->lines[v->line_count++] = *line;
	}
}

/* --- questions ---------------------------------------------------------------------------------------------- */

static bool must_sign_in(struct web *w, const struct oauth_ask *a)
{
	if (!w->person)
		return true;
	if ((scope_has(a->prompt, "login") || scope_has(a->prompt, "select_account")) &&
	        w->person->auth_us < a->started_us)
		return true;
	return a->max_age_s >= 0 && clock_now_us() - w->person->auth_us > a->max_age_s * US_PER_S &&
	        w->person->auth_us < a->started_us;
}

/* An application that can't prove who it is, at an address anybody on that machine may take, is asked for each time
 * (RFC 8252 8.6). */
static bool remembers(const struct oauth_ask *a)
{
	return a->client.auth != OAUTH_AUTH_NONE || str_starts(a->redirect_uri, STR("https://"));
}

/* What the person of this request let the application do; *row NULL: they never let it in, or not as it is registered
   now: it may lead elsewhere, and be called otherwise. */
static enum status former_consent(
        struct web *w, const struct oauth_client *c, struct identity_consent_row **row, struct err *e)
{
	*row = NULL;
	if (!w->person)
		return ST_OK;
	SCOPED_DB_READ db = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &db, e));
	TRY(q_identity_consent(db, w->person->id, c->id, row, e));
	if (*row && (*row)->given_at < c->changed_us)
		*row = NULL;
	return ST_OK;
}

static enum status must_consent(struct web *w, const struct oauth_ask *a, bool *must, struct err *e)
{
	struct identity_consent_row *r;
	*must = false;
	if (a->client.service)
		return ST_OK;
	TRY(former_consent(w, &a->client, &r, e));
	*must = !r || !remembers(a) || scope_has(a->prompt, "consent") || !scope_within(a->scope, r->scope);
	return ST_OK;
}

/* Kept for a quarter of an hour, up to 16 KB each: of visitors so many that they don't fill the store. */
static enum status keep_ask(
        struct web *w, const struct oauth_ask *a, const char *error, struct str *resume, struct err *e)
{
	static const struct rate rate = { ASKS_PER_MINUTE, ASKS_AT_ONCE };
	char key[WEB_RATE_KEY_MAX];
	long long wait = w->person ? 0 : (long long)web_rate_wait(w, web_rate_key(w, "ask", key), &rate, 1);
	if (!wait)
		return oauth_ask_keep(w->ctx, a, error, resume, e);
	http_set_header(w->req, "retry-after", arena_strf(w->ctx->arena, "%lld", wait));
	return err_set(e, ST_RATE_LIMITED, "Many applications ask from where you are. Please wait %lld seconds.", wait);
}

static enum status send_to_sign_in(struct web *w, const struct oauth_ask *a, struct err *e)
{
	struct str resume;
	struct buf next;
	TRY(keep_ask(w, a, NULL, &resume, e));
	buf_text(&next, w->ctx->arena);
	url_encode(&next, web_url(w->ctx, "identity", "/oauth/authorize?resume=%.*s", STR_ARG(resume)));
	struct str hint = form_get(&a->params, "login_hint");
	if (hint.n && hint.n <= PERSON_EMAIL_MAX) {
		BUF_LIT(&next, "&email=");
		url_encode(&next, hint);
	}
	web_no_cache(w);
	return web_redirect(w, 303,
	        web_url(w->ctx, "identity", "/sign-in?%snext=%.*s", w->person ? "again=1&" : "", (int)next.len,
	                next.data));
}

static enum status ask_person(struct web *w, const struct oauth_ask *a, struct err *e)
{
	struct buf page;
	struct consent_view v = { .ask = a, .host = oauth_shown_host(w->ctx->arena, a->redirect_uri) };
	struct page_shell shell = { .title = arena_strf(w->ctx->arena, tr("Let %.*s in?"), STR_ARG(a->client.name)),
		.kind = STR("account"),
		.noindex = true,
		.forms = true };
	TRY(keep_ask(w, a, NULL, &v.resume, e));
	oauth_consent_lines(&v);
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_oauth_consent(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

static enum status give_code(struct web *w, const struct oauth_ask *a, struct err *e)
{
	struct str code;
	const struct oauth_code c = { .client = a->client.id,
		.redirect_uri = a->redirect_uri,
		.challenge = a->challenge.p ? a->challenge : STR(""),
		.nonce = a->nonce,
		.scope = a->scope,
		.sso = w->person->session,
		.jkt = a->jkt,
		.person = w->person->id,
		.auth_us = w->person->auth_us };
	TRY(oauth_code_issue(w->ctx, &c, &code, e));
	return oauth_ask_answer(w, a, "code", code, e);
}

/* --- no ------------------------------------------------------------------------------------------------------ */

/* What happened, in plain words. The last row is for all that a client asks wrongly. */
static const struct { const char *error, *words; } refusals[] = {
	{ "login_required", "It wants to know whether you are signed in here, without a question to you." },
	{ "consent_required", "It wants to know who you are, without a question to you." },
	{ NULL, "What it asks for is nothing that this site gives." },
};

static const char *refusal_words(const char *error)
{
	unsigned i = 0;
	while (refusals[i].error && strcmp(refusals[i].error, error))
		i++;
	return tr(refusals[i].words);
}

static enum status show_refusal(struct web *w, const struct oauth_ask *a, const char *error, struct err *e)
{
	struct buf page;
	struct refusal_view v = { .ask = a,
		.words = refusal_words(error),
		.error = error,
		.host = oauth_shown_host(w->ctx->arena, a->redirect_uri) };
	struct page_shell shell = {
		.title = TR("Go on?"), .kind = STR("account"), .noindex = true, .forms = true
	};
	TRY(keep_ask(w, a, error, &v.resume, e));
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_oauth_refusal(&page, &shell, w, &v);
	return web_html(w, 400, &page);
}

/* Nobody is sent on to an address that anybody may have registered only because a link said so (RFC 9700 4.11.2),
   prompt=none or not: who has not let the application in before is shown a page, and goes on or stays. */
static enum status authorize_refuse(struct web *w, const struct oauth_ask *a, const char *error, struct err *e)
{
	struct identity_consent_row *r = NULL;
	LOG(INFO, w->ctx, "oauth.not_authorized", LT("client", a->client.id), LS("error", error),
	        LS("why", a->why ? a->why : ""));
	if (!a->client.service)
		TRY(former_consent(w, &a->client, &r, e));
	bool stays = a->client.service || str_eqc(a->redirect_uri, OAUTH_OOB);
	return stays || r ? oauth_ask_answer(w, a, "error", str_c(error), e) : show_refusal(w, a, error, e);
}

enum status identity_post_refusal(struct web *w, struct err *e)
{
	struct oauth_ask a;
	const char *error;
	TRY(oauth_ask_resume(w, web_form(w, "resume"), &a, &error, e));
	return oauth_ask_answer(w, &a, "error", str_c(error ? error : "access_denied"), e);
}

/* --- the endpoint --------------------------------------------------------------------------------------------- */

enum status identity_get_authorize(struct web *w, struct err *e)
{
	struct oauth_ask a;
	const char *error;
	bool must = true, sign_in;
	TRY(oauth_ask_read(w, &a, &error, e));
	if (error)
		return authorize_refuse(w, &a, error, e);
	sign_in = must_sign_in(w, &a);
	if (!sign_in)
		TRY(must_consent(w, &a, &must, e));
	if (!must)
		return give_code(w, &a, e);
	if (!scope_has(a.prompt, "none"))
		return sign_in ? send_to_sign_in(w, &a, e) : ask_person(w, &a, e);
	if (!w->person)
		sso_forget(w);
	return authorize_refuse(w, &a, sign_in ? "login_required" : "consent_required", e);
}

/* As a form (OpenID Connect Core 3.1.2.1). What another site posts comes without cookies: it is kept, and gone on with
 * by an address. */
enum status identity_post_authorize(struct web *w, struct err *e)
{
	struct oauth_ask a;
	struct str body, resume;
	struct header_params rest;
	const char *error;
	struct str type = http_header(w->req, "content-type");
	if (!type.p || !str_ieqc(header_main(type, &rest), "application/x-www-form-urlencoded"))
		return err_set(e, ST_MEDIA_TYPE, "A form is expected: application/x-www-form-urlencoded");
	TRY(http_body_all(w->req, w->req->body_max, &body, e));
	TRY(oauth_ask_open(w, body, &a, &error, e));
	TRY(keep_ask(w, &a, error, &resume, e));
	web_no_cache(w);
	return web_redirect(w, 303, web_url(w->ctx, "identity", "/oauth/authorize?resume=%.*s", STR_ARG(resume)));
}

/* --- the answer ----------------------------------------------------------------------------------------------- */

struct consent { struct web *w; const struct oauth_ask *a; };

static enum status tx_consent(struct db_conn *c, void *arg, struct err *e)
{
	const struct consent *x = arg;
	struct audit_entry entry = { .action = "oauth.consented", .object = x->a->client.id };
	struct identity_consent_row *former;
	int64_t person = x->w->person->id;
	struct buf b;
	buf_text(&b, db_arena(c));
	buf_putc(&b, '{');
	json_put_member(&b, "scope", x->a->scope);
	buf_putc(&b, '}');
	entry.details = buf_str(&b);
	entry.actor = arena_strf(db_arena(c), "%lld", (long long)person);
	TRY(q_identity_consent(c, person, x->a->client.id, &former, e));
	TRY(oauth_consent_put(c, person, x->a->client.id, x->a->scope, e));
	/* Who lets the same application do the same once more is not written to again. */
	if (!former || !scope_within(x->a->scope, former->scope))
		TRY(notice_enqueue(c, x->w, NOTICE_APPLICATION, person, x->a->client.name, e));
	return audit_write(c, &entry, e);
}

enum status identity_post_consent(struct web *w, struct err *e)
{
	struct oauth_ask a;
	const char *error;
	TRY(oauth_ask_resume(w, web_form(w, "resume"), &a, &error, e));
	if (error)
		return authorize_refuse(w, &a, error, e);
	if (must_sign_in(w, &a))
		return send_to_sign_in(w, &a, e);
	/* The page said where either answer leads. */
	if (!str_eqc(web_form(w, "decision"), "allow"))
		return oauth_ask_answer(w, &a, "error", STR("access_denied"), e);
	struct consent x = { w, &a };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_consent, &x, e));
	return give_code(w, &a, e);
}
