/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/oauth/oauth_ask.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/identity_tpl.h"
#include "platform/text/html.h"
#include "platform/text/url.h"

#define PAGE_MAX (256 << 10)
#define PARAMS_MAX 40
#define NONCE_MAX  512
#define STATE_MAX  2048

static struct str param(const struct oauth_ask *a, const char *name)
{
	return form_get(&a->params, name);
}

/* --- reading ------------------------------------------------------------------------------------------------ */

static enum status read_client(struct web *w, struct oauth_ask *a, struct err *e)
{
	enum status st = oauth_client_find(w->ctx, param(a, "client_id"), &a->client, e);
	if (st == ST_NOT_FOUND)
		return err_set(e, ST_INVALID, "The application that sent you here is not known.");
	TRY(st);
	a->redirect_uri = param(a, "redirect_uri");
	if (!a->redirect_uri.n || !oauth_client_redirects_to(w->ctx->arena, &a->client, a->redirect_uri))
		return err_set(e, ST_INVALID,
		        "The application that sent you here wants the answer at an address that is not its own.");
	return ST_OK;
}

static bool twice(const struct form *f)
{
	for (unsigned i = 0; i < f->count; i++)
		for (unsigned j = 0; j < i; j++)
			if (str_eq(f->list[i].name, f->list[j].name) && !str_eqc(f->list[i].name, "resource"))
				return true;
	return false;
}

static bool base64url_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		            (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '_'))
			return false;
	return true;
}

static const char *ask_wrong(struct oauth_ask *a, const char *error, const char *why)
{
	a->why = why;
	return error;
}

static const char *wrong_challenge(struct oauth_ask *a)
{
	/* Who proves who they are with a secret or a key may come without (RFC 9700 2.1.1): oauth2-proxy does, unless
	   it is told otherwise. */
	bool none = !a->challenge.p && !param(a, "code_challenge_method").p;
	if (none && !a->client.service && (a->client.mastodon || a->client.auth != OAUTH_AUTH_NONE))
		return NULL;
	if (a->challenge.n != AUTH_HASH_LEN || !base64url_text(a->challenge) ||
	        !str_eqc(param(a, "code_challenge_method"), "S256"))
		return ask_wrong(a, "invalid_request", "A code_challenge with the method S256 is needed (RFC 7636).");
	return NULL;
}

static const char *what_is_wrong(struct oauth_ask *a)
{
	struct str mode = param(a, "response_mode"), type = param(a, "response_type");
	if (twice(&a->params))
		return ask_wrong(a, "invalid_request", "A parameter is there twice.");
	if (param(a, "request").p)
		return ask_wrong(a, "request_not_supported", "Request objects are not taken.");
	if (!str_eqc(type, "code"))
		return ask_wrong(
		        a, type.n ? "unsupported_response_type" : "invalid_request", "The response_type must be code.");
	if (mode.p && !str_eqc(mode, "query") && !str_eqc(mode, "form_post"))
		return ask_wrong(a, "invalid_request", "The response_mode must be query or form_post.");
	if (!a->client.service && !oauth_client_may_use(&a->client, "authorization_code"))
		return ask_wrong(a, "unauthorized_client", "The application is not registered for authorization_code.");
	const char *challenge = wrong_challenge(a);
	if (challenge)
		return challenge;
	if (a->nonce.n > NONCE_MAX || a->state.n > STATE_MAX)
		return ask_wrong(a, "invalid_request", "The nonce or the state is too long.");
	if (!a->scope.n)
		return ask_wrong(a, "invalid_scope", "None of these scopes is one that the application may ask for.");
	if (scope_has(a->prompt, "none") && str_chr(a->prompt, ' ') >= 0)
		return ask_wrong(a, "invalid_request", "prompt=none goes with nothing else.");
	if (param(a, "max_age").p && a->max_age_s < 0)
		return ask_wrong(a, "invalid_request", "max_age is no number of seconds.");
	return NULL;
}

enum status oauth_ask_parse(struct web *w, struct str text, struct oauth_ask *out, const char **error, struct err *e)
{
	*out = (struct oauth_ask){ .text = text, .max_age_s = -1, .started_us = clock_now_us() };
	*error = NULL;
	TRY(form_parse(w->ctx->arena, text, PARAMS_MAX, &out->params, e));
	TRY(read_client(w, out, e));
	struct str age = param(out, "max_age");
	if (age.p && (!str_i64(age, &out->max_age_s) || out->max_age_s < 0))
		out->max_age_s = -1;
	out->state = param(out, "state");
	out->nonce = param(out, "nonce");
	out->challenge = param(out, "code_challenge");
	out->prompt = param(out, "prompt").p ? param(out, "prompt") : STR("");
	out->jkt = param(out, "dpop_jkt");
	out->form_post = str_eqc(param(out, "response_mode"), "form_post");
	struct str scope = param(out, "scope").n ? param(out, "scope")
	        : out->client.mastodon           ? STR("read")
	                                         : STR("openid");
	/* What is not known is passed over (OpenID Connect Core 3.1.2.1); the answer to the code says what was given.
	 */
	out->scope = scope_and(w->ctx->arena, scope, oauth_client_scope(&out->client));
	*error = what_is_wrong(out);
	return ST_OK;
}

/* Pushed before, by the client itself: nothing of the address counts then but who asks. */
static enum status read_pushed(struct web *w, struct str uri, struct oauth_ask *out, const char **error, struct err *e)
{
	static const char gone[] = "This request has expired. Please go back to the application and begin again.";
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	if (!str_starts(uri, STR(OAUTH_PAR_PREFIX)))
		return err_set(e, ST_INVALID, gone);
	auth_hash(str_skip(uri, strlen(OAUTH_PAR_PREFIX)), hash);
	/* Once; what follows goes on with ?resume=. */
	enum status st = authstore_take(w->ctx, w->ctx->svc->platform->auth, AUTH_PAR, str_c(hash), &n, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? err_set(e, ST_INVALID, gone) : st;
	TRY(oauth_ask_parse(w, n.value, out, error, e));
	return str_eq(web_query(w, "client_id"), out->client.id) ? ST_OK : err_set(e, ST_INVALID, gone);
}

enum status oauth_ask_open(struct web *w, struct str text, struct oauth_ask *out, const char **error, struct err *e)
{
	TRY(oauth_ask_parse(w, text, out, error, e));
	if (!*error && json_is_true(json_object_get(out->client.metadata, "require_pushed_authorization_requests")))
		*error = ask_wrong(out, "invalid_request",
		                   "The application said that it pushes its requests (RFC 9126).");
	return ST_OK;
}

enum status oauth_ask_read(struct web *w, struct oauth_ask *out, const char **error, struct err *e)
{
	struct str resume = web_query(w, "resume"), pushed = web_query(w, "request_uri");
	if (resume.p)
		return oauth_ask_resume(w, resume, out, error, e);
	if (pushed.p)
		return read_pushed(w, pushed, out, error, e);
	return oauth_ask_open(w, w->req->query.p ? w->req->query : STR(""), out, error, e);
}

/* --- kept meanwhile ------------------------------------------------------------------------------------------ */

/* "<µs> <error>\n<parameters>"; the error "" as long as there is none. */
enum status oauth_ask_keep(
        struct ctx *ctx, const struct oauth_ask *a, const char *error, struct str *resume, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	*resume = auth_secret(ctx->arena, hash);
	const struct auth_entry n = { AUTH_PROMPT, str_c(hash), STR_NULL,
		arena_strf(ctx->arena, "%lld %s\n%.*s", (long long)a->started_us, error ? error : "", STR_ARG(a->text)),
		auth_expiry_us(OAUTH_ASK_LIFE_S) };
	return authstore_put(ctx, ctx->svc->platform->auth, &n, e);
}

enum status oauth_ask_resume(struct web *w, struct str resume, struct oauth_ask *out, const char **error, struct err *e)
{
	static const char gone[] =
	        "This took longer than a quarter of an hour. Please go back to the application and begin again.";
	struct auth_entry n;
	char hash[AUTH_HASH_LEN + 1];
	struct str head, at;
	int64_t started;
	auth_hash(resume, hash);
	enum status st = authstore_get(w->ctx, w->ctx->svc->platform->auth, AUTH_PROMPT, str_c(hash), &n, e);
	if (st == ST_NOT_FOUND ||
	        (st == ST_OK &&
	                (!str_cut(&n.value, '\n', &head) || !str_cut(&head, ' ', &at) || !str_i64(at, &started))))
		return err_set(e, ST_INVALID, gone);
	TRY(st);
	TRY(oauth_ask_parse(w, n.value, out, error, e));
	out->started_us = started;
	if (head.n)
		*error = arena_cstr(w->ctx->arena, head);
	return ST_OK;
}

/* --- answering ------------------------------------------------------------------------------------------------ */

struct str oauth_shown_host(struct arena *a, struct str uri)
{
	struct url u;
	if (str_eqc(uri, OAUTH_OOB))
		return STR("");
	if (!url_parse(a, uri, &u))
		return STR("an address that can not be read");
	return u.host.n ? u.host : arena_strf(a, "%.*s:", STR_ARG(u.scheme));
}

static enum status show_code(struct web *w, const char *name, struct str value)
{
	struct buf page;
	struct page_shell shell = {
		.title = TR("Your code"), .kind = STR("account"), .noindex = true, .forms = true
	};
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_oauth_oob(&page, &shell, w, !strcmp(name, "code") ? value : STR(""));
	return web_html(w, 200, &page);
}

static enum status post_back(struct web *w, const struct oauth_ask *a, const char *name, struct str value)
{
	struct buf page;
	w->forms_leave = true;
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_oauth_form_post(&page, w, a, str_c(name), value);
	return web_html(w, 200, &page);
}

enum status oauth_ask_answer(
        struct web *w, const struct oauth_ask *a, const char *name, struct str value, struct err *e)
{
	struct buf to;
	web_no_cache(w);
	if (str_eqc(a->redirect_uri, OAUTH_OOB))
		return show_code(w, name, value);
	if (a->form_post)
		return post_back(w, a, name, value);
	buf_text(&to, w->ctx->arena);
	buf_printf(&to, "%.*s%c%s=", STR_ARG(a->redirect_uri), str_chr(a->redirect_uri, '?') < 0 ? '?' : '&', name);
	url_encode(&to, value);
	if (a->state.p) {
		BUF_LIT(&to, "&state=");
		url_encode(&to, a->state);
	}
	if (a->why) {
		BUF_LIT(&to, "&error_description=");
		url_encode(&to, str_c(a->why));
	}
	BUF_LIT(&to, "&iss=");
	url_encode(&to, w->ctx->svc->base_url);
	return web_redirect_external(w, 303, buf_str(&to));
}
