/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/oauth/oauth_logout.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/identity_sql.h"
#include "gen/identity_tpl.h"
#include "net/client/client.h"
#include "platform/audit/audit.h"
#include "platform/text/html.h"
#include "platform/work/job.h"
#include "services/identity/oauth/oauth_ask.h"
#include "services/identity/oauth/oauth_key.h"

#define PAGE_MAX            (256 << 10)
#define EVENT "http://schemas.openid.net/event/backchannel-logout"
#define LOGOUT_TOKEN_LIFE_S 120

/* --- who is to be told ---------------------------------------------------------------------------------------- */

struct logout_leaving {
	struct sso sso;
	struct str address;
	struct str *payloads; /* of jobs */
	size_t count;
};

static struct str job_payload(struct ctx *ctx, const struct sso *s, struct str client, struct str uri)
{
	struct buf b;
	buf_text(&b, ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "client", client);
	json_put_member(&b, "uri", uri);
	json_put_member(&b, "sid", s->sid);
	json_put_member(&b, "sub", oauth_sub(ctx->arena, s->person));
	buf_putc(&b, '}');
	return buf_str(&b);
}

/* What this client got under this sign-on: ends without offline_access. *any: there was something. */
static enum status end_grants(struct ctx *ctx, const struct sso *s, struct str client, bool *any, struct err *e)
{
	struct auth_entry *grants;
	size_t n;
	*any = false;
	TRY(authstore_list(ctx, ctx->svc->platform->auth, AUTH_GRANT,
	                   arena_strf(ctx->arena, "pc:%lld:%.*s", (long long)s->person, STR_ARG(client)),
	                   2 * OAUTH_GRANTS_MAX, &grants, &n, e));
	for (size_t i = 0; i < n; i++) {
		SCOPED_JSON *j = json_parse(grants[i].value, 2, NULL);
		if (!str_eq(json_str(j, "sso"), s->key))
			continue;
		*any = true;
		if (!scope_has(json_str(j, "scope"), "offline_access") && !json_is_true(json_object_get(j, "lasting")))
			TRY(oauth_grant_revoke(ctx, grants[i].key, e));
	}
	return ST_OK;
}

static enum status look_around(struct ctx *ctx, struct logout_leaving *l, struct err *e)
{
	struct identity_consents_of_row *rows;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_identity_consents_of(c, l->sso.person, &rows, &n, e));
	}
	l->payloads = ARENA_ARRAY(ctx->arena, struct str, n);
	for (size_t i = 0; i < n; i++) {
		bool any;
		TRY(end_grants(ctx, &l->sso, rows[i].client_id, &any, e));
		SCOPED_JSON *j = any ? json_parse(rows[i].metadata, JSON_DEPTH, NULL) : NULL;
		struct str uri = json_str(j, "backchannel_logout_uri");
		if (uri.n)
			l->payloads[l->count++] = job_payload(ctx, &l->sso, rows[i].client_id, uri);
	}
	return ST_OK;
}

static enum status tx_leave(struct db_conn *c, void *arg, struct err *e)
{
	const struct logout_leaving *l = arg;
	int64_t id;
	for (size_t i = 0; i < l->count; i++)
		TRY(job_enqueue(
		        c, &(struct job_new){ .kind = "oauth.backchannel", .payload = l->payloads[i] }, &id, e));
	return audit_write(c,
	        &(struct audit_entry){ .action = "person.signed_out",
	                .actor = arena_strf(db_arena(c), "%lld", (long long)l->sso.person),
	                .address = l->address,
	                .object = l->sso.sid },
	        e);
}

enum status oauth_logout(struct ctx *ctx, struct str sso_key, struct str address, struct err *e)
{
	struct auth_entry n;
	struct logout_leaving l = { .address = address };
	enum status st = authstore_get(ctx, ctx->svc->platform->auth, AUTH_SSO, sso_key, &n, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? sso_end(ctx, sso_key, e) : st;
	TRY(sso_parse(ctx, &n, &l.sso, e));
	/* First the sign-on itself: whatever fails afterwards, it is over. */
	TRY(sso_end(ctx, sso_key, e));
	TRY(look_around(ctx, &l, e));
	return db_write(ctx, ctx->svc->db, tx_leave, &l, e);
}

/* --- telling them ----------------------------------------------------------------------------------------------- */

static enum status logout_token(struct ctx *ctx, const json_t *j, enum jose_alg alg, struct str *out, struct err *e)
{
	struct buf b;
	char jti[ID_TEXT_LEN + 1];
	int64_t now = clock_now_us() / US_PER_S;
	id_text(id_new(), jti);
	buf_text(&b, ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "iss", ctx->svc->base_url);
	json_put_member(&b, "aud", json_str(j, "client"));
	json_put_member(&b, "sub", json_str(j, "sub"));
	json_put_member(&b, "sid", json_str(j, "sid"));
	json_put_member(&b, "jti", str_c(jti));
	buf_printf(&b, ",\"iat\":%lld,\"exp\":%lld,\"events\":{\"" EVENT "\":{}}}", (long long)now,
	        (long long)now + LOGOUT_TOKEN_LIFE_S);
	return oauth_keys_sign(ctx, alg, STR("logout+jwt"), buf_str(&b), out, e);
}

enum status oauth_backchannel_job(struct ctx *ctx, const struct job *job, struct err *e)
{
	static const struct http_header headers[] = { { STR_INIT("content-type"),
		STR_INIT("application/x-www-form-urlencoded") } };
	struct oauth_client client;
	struct str token;
	struct http_in in;
	SCOPED_JSON *j = json_parse(job->payload, 2, e);
	if (!j)
		return ST_CORRUPT;
	enum status st = oauth_client_find(ctx, json_str(j, "client"), &client, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st; /* removed meanwhile */
	TRY(logout_token(ctx, j, oauth_client_alg(&client), &token, e));
	const struct http_out out = { .method = "POST",
		.url = arena_cstr(ctx->arena, json_str(j, "uri")),
		.headers = headers,
		.header_count = 1,
		.body = arena_strf(ctx->arena, "logout_token=%.*s", STR_ARG(token)),
		.max_body = 64 << 10 };
	TRY(http_fetch(ctx, ctx->svc->platform->pool_web, &out, &in, e));
	/* 400: it did not like the token, and won't like another (2.8). */
	if (in.status / 100 == 2 || in.status == 400)
		return ST_OK;
	return err_set(e, ST_UPSTREAM, "%s answered %d", out.url, in.status);
}

/* --- asked by a client ------------------------------------------------------------------------------------------ */

struct wish { struct oauth_client client; struct str hint_sub, hint_sid, uri, state; bool hinted; };

/* The hint may be old, but must be ours (RP-Initiated Logout 2). */
static void read_hint(struct web *w, struct wish *x)
{
	SCOPED_JWT t = { 0 };
	struct str hint = web_query(w, "id_token_hint"), client = web_query(w, "client_id");
	if (!hint.n || jwt_parse(w->ctx->arena, hint, &t, NULL) != ST_OK)
		return;
	struct str aud = json_str(t.payload, "aud");
	if (oauth_keys_signed(w->ctx, &t) && str_eq(json_str(t.payload, "iss"), w->ctx->svc->base_url) &&
	        (!client.p || str_eq(client, aud))) {
		x->hinted = oauth_client_find(w->ctx, arena_str(w->ctx->arena, aud), &x->client, NULL) == ST_OK;
		x->hint_sub = arena_str(w->ctx->arena, json_str(t.payload, "sub"));
		x->hint_sid = arena_str(w->ctx->arena, json_str(t.payload, "sid"));
	}
}

static void read_wish(struct web *w, struct wish *x, struct str client, struct str uri, struct str state)
{
	if (!x->client.id.n && client.n && oauth_client_find(w->ctx, client, &x->client, NULL) != ST_OK)
		x->client = (struct oauth_client){ 0 };
	x->uri = x->client.metadata && uri.n && oauth_client_lists(&x->client, "post_logout_redirect_uris", uri)
	        ? uri
	        : STR("");
	x->state = state;
}

static enum status logout_sign_out(struct web *w, const struct wish *x, struct err *e)
{
	char address[HTTP_PEER_MAX];
	http_peer_text(w->req, address);
	if (w->person)
		TRY(oauth_logout(w->ctx, w->person->session, str_c(address), e));
	sso_forget(w);
	web_no_cache(w);
	if (!x->uri.n)
		return web_redirect(w, 303, web_url(w->ctx, "blog", "/"));
	struct buf to;
	buf_text(&to, w->ctx->arena);
	buf_putstr(&to, x->uri);
	if (x->state.p) {
		buf_printf(&to, "%cstate=", str_chr(x->uri, '?') < 0 ? '?' : '&');
		url_encode(&to, x->state);
	}
	return web_redirect_external(w, 303, buf_str(&to));
}

/* Asks whether to sign out, or, who is nobody here, whether to go on. */
static enum status ask_to_leave(struct web *w, const struct wish *x)
{
	struct buf page;
	struct page_shell shell = {
		.title = TR("Sign out"), .kind = STR("account"), .noindex = true, .forms = true
	};
	struct logout_view v = { .resume_uri = x->uri,
		.state = x->state.p ? x->state : STR(""),
		.client = STR(""),
		.host = STR(""),
		.name = STR("") };
	if (x->uri.n) {
		v.client = x->client.id;
		v.name = x->client.name;
		v.host = oauth_shown_host(w->ctx->arena, x->uri);
	}
	web_no_cache(w);
	w->forms_leave = true;
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_oauth_logout(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

enum status identity_get_end_session(struct web *w, struct err *e)
{
	struct wish x = { 0 };
	struct sso current;
	read_hint(w, &x);
	read_wish(w, &x, web_query(w, "client_id"), web_query(w, "post_logout_redirect_uri"), web_query(w, "state"));
	bool same = x.hinted && w->person && sso_current(w, &current, NULL) == ST_OK &&
	        str_eq(x.hint_sub, oauth_sub(w->ctx->arena, w->person->id)) &&
	        (!x.hint_sid.n || str_eq(x.hint_sid, current.sid));
	/* Somebody else is signed in now, or nobody said who should not be; or nobody is, and a link alone takes nobody
	   to an address that anybody may have registered: the person decides. */
	return same || (!w->person && !x.uri.n) ? logout_sign_out(w, &x, e) : ask_to_leave(w, &x);
}

enum status identity_post_end_session(struct web *w, struct err *e)
{
	struct wish x = { 0 };
	struct str state = web_form(w, "state");
	read_wish(w, &x, web_form(w, "client_id"), web_form(w, "post_logout_redirect_uri"), state.n ? state : STR_NULL);
	return logout_sign_out(w, &x, e);
}
