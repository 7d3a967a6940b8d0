/* SPDX-License-Identifier: Apache-2.0
 *
 * Dynamic registration (RFC 7591), looking after it (RFC 7592), and Mastodon's POST /api/v1/apps. What a client says of
 * itself is checked member by member; what is not known is left out of what is kept.
 */
#include "services/identity/oauth/oauth_clients.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "platform/config/config.h"
#include "platform/crypto/jose.h"
#include "platform/text/url.h"
#include "services/identity/oauth/oauth_ask.h"
#include "services/identity/people/people.h"

#define BODY_MAX (64 << 10)
#define ANSWER_MAX (BODY_MAX + (8 << 10)) /* what was sent, and what was made of it */
#define URIS_MAX 20
#define TEXT_MAX 500
#define KEYS_MAX 10
#define LIST_MAX 8 /* of kinds */
#define MASTODON_SCOPES "read write follow push profile"

struct registration {
	struct arena *a;
	struct oauth_client client; /* filled as it will be found */
	json_t *metadata;           /* what is kept */
	const char *error, *why;
};

/* --- checking ----------------------------------------------------------------------------------------------- */

static bool registration_bad(struct registration *r, const char *error, const char *why)
{
	r->error = error;
	r->why = why;
	return false;
}

/* An application's own scheme: a domain turned round, so that it is nobody else's (RFC 8252 7.1); Mastodon's have any
   name, but for those that browsers and systems give a meaning. */
static bool own_scheme_ok(struct str scheme, bool mastodon)
{
	static const char *const never[] = { "javascript", "data", "file", "vbscript", "about", "blob", "ftp", "ftps",
		"ws", "wss", "mailto", "tel", "sms", "geo", "urn", "chrome", "view-source", "filesystem", "jar",
		"resource", "intent", "content", "cid", "mid", "ms-settings", "search-ms", "smb", "ssh", "telnet",
		"ldap", "magnet", "feed", "livescript", "mocha", "wyciwyg", "moz-extension", "chrome-extension",
		"x-apple-helpbasic" };
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (str_eqc(scheme, never[i]))
			return false;
	return scheme.n >= 3 && (mastodon || str_chr(scheme, '.') > 0);
}

static bool uri_ok(struct registration *r, struct str uri, bool mastodon)
{
	struct url u;
	if (mastodon && str_eqc(uri, OAUTH_OOB))
		return true;
	if (!uri.p || !url_parse(r->a, uri, &u))
		return false;
	if (str_eqc(u.scheme, "http"))
		return url_is_loopback(&u);
	return str_eqc(u.scheme, "https") || own_scheme_ok(u.scheme, mastodon);
}

static bool is_https(struct registration *r, struct str uri)
{
	struct url u;
	return url_parse(r->a, uri, &u) && str_eqc(u.scheme, "https");
}

/* An address that this site itself calls. */
static bool is_called(struct registration *r, struct str uri)
{
	struct url u;
	return url_parse(r->a, uri, &u) &&
	        (str_eqc(u.scheme, "https") || (str_eqc(u.scheme, "http") && url_is_loopback(&u)));
}

/* Libraries send all members that there are: what says nothing is as if it were not there. */
static void leave_out_nothings(json_t *in)
{
	const char *name;
	json_t *value;
	void *next;
	json_object_foreach_safe(in, next, name, value) if (json_is_null(value) ||
	        (json_is_string(value) && !json_string_length(value)) ||
	        (json_is_array(value) && !json_array_size(value))) json_object_del(in, name);
}

static struct str text_of(const json_t *v)
{
	return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_NULL;
}

static bool take_uris(struct registration *r, const json_t *in, const char *name, bool needed)
{
	const json_t *list = json_object_get(in, name), *one;
	size_t i;
	if (!list && !needed)
		return true;
	if (!json_is_array(list) || json_array_size(list) > URIS_MAX || (needed && !json_array_size(list)))
		return registration_bad(r, "invalid_redirect_uri", "redirect_uris must list one to twenty addresses.");
	json_array_foreach((json_t *)(uintptr_t)list, i, one) {
		if (!uri_ok(r, text_of(one), r->client.mastodon))
			return registration_bad(r, "invalid_redirect_uri",
			                        "An address is not https, not on this computer, nor of a scheme like "
			                        "org.example.app, or has a fragment.");
	}
	return !json_object_set(r->metadata, name, (json_t *)(uintptr_t)list);
}

static bool take_text(struct registration *r, const json_t *in, const char *name, bool address)
{
	const json_t *v = json_object_get(in, name);
	struct str s = text_of(v);
	if (!v || json_is_null(v))
		return true;
	if (!s.p || s.n > TEXT_MAX || (address && !is_https(r, s)))
		return registration_bad(r, "invalid_client_metadata",
		        address ? "An address must be a whole one of https://." : "A text is missing or too long.");
	return !json_object_set(r->metadata, name, (json_t *)(uintptr_t)v);
}

/* Mastodon's applications say what they like there: what is no address is left out. */
static bool take_website(struct registration *r, const json_t *in)
{
	struct url u;
	struct str s = text_of(json_object_get(in, "website"));
	if (!s.p || !url_parse(r->a, s, &u) || (!str_eqc(u.scheme, "https") && !str_eqc(u.scheme, "http")))
		return true;
	return !json_object_set(r->metadata, "website", json_object_get(in, "website"));
}

static bool take_flag(struct registration *r, const json_t *in, const char *name)
{
	const json_t *v = json_object_get(in, name);
	if (v && !json_is_boolean(v))
		return registration_bad(r, "invalid_client_metadata", "A member that is yes or no is neither.");
	return !json_object_set_new(r->metadata, name, json_boolean(json_is_true(v)));
}

/* A list, each of it one of allowed; fallback when it is not there. */
static bool take_list(
        struct registration *r, const json_t *in, const char *name, const char *const *allowed, const char *fallback)
{
	const json_t *list = json_object_get(in, name), *one;
	size_t i;
	if (!list)
		return !json_object_set_new(r->metadata, name, json_pack("[s]", fallback));
	if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > LIST_MAX)
		return registration_bad(r, "invalid_client_metadata", "A list of kinds is empty or none.");
	json_array_foreach((json_t *)(uintptr_t)list, i, one) {
		const char *const *a = allowed;
		while (*a && !str_eqc(text_of(one), *a))
			a++;
		if (!*a)
			return registration_bad(r, "invalid_client_metadata",
			                        "A grant type or response type is not offered here.");
	}
	return !json_object_set(r->metadata, name, (json_t *)(uintptr_t)list);
}

static bool take_auth(struct registration *r, const json_t *in)
{
	struct str name = json_str(in, "token_endpoint_auth_method");
	r->client.auth = OAUTH_AUTH_BASIC;
	if (name.p)
		for (r->client.auth = OAUTH_AUTH_NONE;
		        r->client.auth < OAUTH_AUTHS && !str_eqc(name, oauth_auth_names[r->client.auth]);)
			r->client.auth++;
	if (r->client.auth == OAUTH_AUTHS)
		return registration_bad(r, "invalid_client_metadata",
		                        "This way of proving who it is, is not offered here.");
	return !json_object_set_new(
	        r->metadata, "token_endpoint_auth_method", json_string(oauth_auth_names[r->client.auth]));
}

static bool take_keys(struct registration *r, const json_t *in)
{
	const json_t *jwks = json_object_get(in, "jwks"), *keys = json_object_get(jwks, "keys"), *one;
	size_t i;
	if (json_object_get(in, "jwks_uri"))
		return registration_bad(r, "invalid_client_metadata",
		                        "Keys are given by value (jwks): this server fetches none.");
	if (!jwks)
		return r->client.auth != OAUTH_AUTH_KEY ||
		        registration_bad(r, "invalid_client_metadata", "private_key_jwt needs jwks.");
	if (!json_is_array(keys) || !json_array_size(keys) || json_array_size(keys) > KEYS_MAX)
		return registration_bad(r, "invalid_client_metadata", "jwks must list one to ten keys.");
	json_array_foreach((json_t *)(uintptr_t)keys, i, one) {
		struct jose_key *k = json_object_get(one, "d") ? NULL : jose_key_from_jwk(one, NULL);
		jose_key_free(k);
		if (!k)
			return registration_bad(
			        r, "invalid_client_metadata", "A key is private, or none for ES256, EdDSA or RS256.");
	}
	return !json_object_set(r->metadata, "jwks", (json_t *)(uintptr_t)jwks);
}

static bool take_scope(struct registration *r, const json_t *in, struct str all)
{
	struct str asked = json_str(in, "scope"), scope = asked.p ? scope_and(r->a, asked, all) : all;
	/* Libraries ask for all that they know. What is kept is in the answer. */
	if (!scope.n)
		return registration_bad(r, "invalid_client_metadata", "None of these scopes is offered here.");
	return !json_object_set_new(r->metadata, "scope", json_stringn(scope.p, scope.n));
}

static bool take_alg(struct registration *r, const json_t *in)
{
	enum jose_alg alg;
	struct str name = json_str(in, "id_token_signed_response_alg");
	if (!name.p)
		name = STR("RS256"); /* OpenID Connect Registration 2 */
	if (!jose_alg_parse(name, &alg))
		return registration_bad(r, "invalid_client_metadata",
		                        "ID tokens are signed with ES256, EdDSA or RS256.");
	return !json_object_set_new(r->metadata, "id_token_signed_response_alg", json_stringn(name.p, name.n));
}

static bool take_name(struct registration *r, const json_t *in, const char *member)
{
	struct str name = str_trim(json_str(in, member));
	if (!name.n)
		name = STR("An application without a name");
	/* It stands on the pages and in the letters that speak of it: as it does for people. */
	if (people_clean_name(r->a, name, &name, NULL) != ST_OK)
		return registration_bad(r, "invalid_client_metadata",
		        "A name has at most 100 characters, and none that turns the text around.");
	r->client.name = name;
	return !json_object_set_new(r->metadata, "client_name", json_stringn(name.p, name.n));
}

static bool take_all(struct registration *r, const json_t *in)
{
	static const char *const grants[] = { "authorization_code", "refresh_token", "client_credentials",
		"urn:ietf:params:oauth:grant-type:device_code", NULL };
	static const char *const responses[] = { "code", NULL };
	bool ok = take_name(r, in, "client_name") && take_auth(r, in) &&
	        take_list(r, in, "grant_types", grants, "authorization_code") &&
	        take_list(r, in, "response_types", responses, "code") && take_keys(r, in) &&
	        take_scope(r, in, STR("openid profile email offline_access")) && take_alg(r, in) &&
	        take_text(r, in, "client_uri", true) && take_text(r, in, "logo_uri", true) &&
	        take_text(r, in, "tos_uri", true) && take_text(r, in, "policy_uri", true) &&
	        take_text(r, in, "software_id", false) && take_text(r, in, "software_version", false) &&
	        take_text(r, in, "backchannel_logout_uri", false) &&
	        take_flag(r, in, "backchannel_logout_session_required") &&
	        take_flag(r, in, "dpop_bound_access_tokens") &&
	        take_flag(r, in, "require_pushed_authorization_requests") &&
	        take_uris(r, in, "post_logout_redirect_uris", false);
	if (!ok)
		return false;
	r->client.metadata = r->metadata;
	struct str logout = json_str(r->metadata, "backchannel_logout_uri");
	if (logout.p && !is_called(r, logout))
		return registration_bad(r, "invalid_client_metadata",
		                        "backchannel_logout_uri must be https, or on this computer.");
	if (r->client.auth == OAUTH_AUTH_NONE && oauth_client_may_use(&r->client, "client_credentials"))
		return registration_bad(
		        r, "invalid_client_metadata", "An application without a secret or key can not act for itself.");
	return take_uris(r, in, "redirect_uris", oauth_client_may_use(&r->client, "authorization_code"));
}

/* --- keeping -------------------------------------------------------------------------------------------------- */

/* max: how many clients there may be; full: there are as many, and nothing was kept. */
struct keeping {
	struct registration *r;
	struct str text, address;
	int64_t max;
	bool update, full;
	struct oauth_gone gone;
};

static enum status add_client(struct db_conn *c, struct keeping *k, struct err *e)
{
	const struct oauth_client *cl = &k->r->client;
	TRY(oauth_clients_room(c, k->max, &k->gone, &k->full, e));
	if (k->full)
		return ST_OK;
	return q_identity_client_add(c, cl->id, cl->mastodon ? STR("mastodon") : STR("oidc"), cl->name,
	        str_c(oauth_auth_names[cl->auth]), cl->secret_hash.p ? cl->secret_hash : STR(""),
	        cl->manage_hash.p ? cl->manage_hash : STR(""), k->text, clock_now_us(), NULL, e);
}

static enum status tx_keep(struct db_conn *c, void *arg, struct err *e)
{
	struct keeping *k = arg;
	const struct oauth_client *cl = &k->r->client;
	k->full = false;
	TRY(k->update ? q_identity_client_put(c, cl->id, cl->name, str_c(oauth_auth_names[cl->auth]), k->text,
	                        clock_now_us(), NULL, e)
	              : add_client(c, k, e));
	if (k->full)
		return ST_OK;
	return audit_write(c,
	        &(struct audit_entry){ .action = k->update ? "oauth.client_changed" : "oauth.client_registered",
	                .object = cl->id,
	                .address = k->address },
	        e);
}

/* *full: there are as many applications as may be; never for an update. */
static enum status registration_store(struct web *w, struct registration *r, bool update, bool *full, struct err *e)
{
	struct audit_entry from = { 0 };
	struct str text = json_text(w->ctx->arena, r->metadata);
	if (!text.p)
		return err_set(e, ST_NOMEM, "no memory to register");
	audit_from(w, &from);
	struct keeping k = { r, text, from.address,
		config_int(w->ctx->svc->platform->config, "identity", "applications_max"), update, false, { 0 } };
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_keep, &k, e));
	TRY(oauth_clients_gone(w->ctx, &k.gone, e));
	*full = k.full;
	return ST_OK;
}

static enum status come_again(struct web *w, int status, int64_t wait_s, const char *why)
{
	http_set_header(w->req, "retry-after", arena_strf(w->ctx->arena, "%lld", (long long)wait_s));
	return oauth_error(w, status, "temporarily_unavailable", why);
}

struct secrets { struct str secret, manage; };

/* Name and secrets of a new client. What is kept are hashes. */
static struct secrets name_it(struct web *w, struct registration *r)
{
	struct arena *a = w->ctx->arena;
	char id[ID_TEXT_LEN + 1], *hash = arena_alloc(a, AUTH_HASH_LEN + 1),
	                          *manage_hash = arena_alloc(a, AUTH_HASH_LEN + 1);
	struct secrets s = { STR_NULL, auth_secret(a, manage_hash) };
	id_text(id_new(), id);
	r->client.id = arena_strf(a, "app-%s", id);
	r->client.manage_hash = str_c(manage_hash);
	if (r->client.auth == OAUTH_AUTH_BASIC || r->client.auth == OAUTH_AUTH_POST) {
		s.secret = auth_secret(a, hash);
		r->client.secret_hash = str_c(hash);
	}
	return s;
}

static enum status registration_answer(struct web *w, int status, const struct oauth_client *c, int64_t created_us,
        const struct secrets *s, struct err *e)
{
	struct buf b;
	struct str text = json_text(w->ctx->arena, c->metadata);
	if (!text.p)
		return err_set(e, ST_NOMEM, "no memory to answer");
	buf_arena(&b, w->ctx->arena, ANSWER_MAX);
	buf_putc(&b, '{');
	json_put_member(&b, "client_id", c->id);
	buf_printf(&b, ",\"client_id_issued_at\":%lld", (long long)(created_us / US_PER_S));
	if (s && s->secret.p) {
		json_put_member(&b, "client_secret", s->secret);
		BUF_LIT(&b, ",\"client_secret_expires_at\":0");
	}
	if (s && s->manage.p)
		json_put_member(&b, "registration_access_token", s->manage);
	json_put_member(
	        &b, "registration_client_uri", web_abs_url(w->ctx, "identity", "/oauth/register/%.*s", STR_ARG(c->id)));
	buf_printf(&b, ",%.*s", STR_ARG(str_skip(text, 1)));
	oauth_headers(w);
	return web_json(w, status, buf_str(&b));
}

/* One more application. *kept false: not now, answered. */
static enum status keep_new(struct web *w, struct registration *r, bool *kept, struct err *e)
{
	bool full = false;
	int64_t wait_s = oauth_clients_wait(w);
	*kept = false;
	if (wait_s)
		return come_again(w, 429, wait_s,
		        "Many applications were registered from your address. Please come again later.");
	TRY(registration_store(w, r, false, &full, e));
	*kept = !full;
	return full ? come_again(w, 503, OAUTH_CLIENT_FRESH_S,
	                      "As many applications are registered here as may be. Please come again later.")
	            : ST_OK;
}

/* --- the endpoints -------------------------------------------------------------------------------------------- */

static void take_body(struct arena *a, struct str body, struct registration *r)
{
	SCOPED_JSON *in = json_parse(body, JSON_DEPTH, NULL);
	if (json_is_object(in) && r->metadata) {
		leave_out_nothings(in);
		if (!take_all(r, in) && !r->error)
			registration_bad(r, "invalid_client_metadata", "It can not be kept.");
	} else {
		registration_bad(r, "invalid_client_metadata", "The body is no JSON object.");
	}
	if (r->client.name.p)
		r->client.name = arena_str(a, r->client.name);
}

enum status identity_post_register(struct web *w, struct err *e)
{
	SCOPED_JSON *metadata = json_object();
	struct registration r = { .a = w->ctx->arena, .metadata = metadata };
	struct str body;
	bool kept;
	TRY(http_body_all(w->req, BODY_MAX, &body, e));
	take_body(w->ctx->arena, body, &r);
	if (r.error)
		return oauth_error(w, 400, r.error, r.why);
	struct secrets s = name_it(w, &r);
	TRY(keep_new(w, &r, &kept, e));
	return kept ? registration_answer(w, 201, &r.client, clock_now_us(), &s, e) : ST_OK;
}

/* Only with the token that its registration came with. ST_UNAUTHENTICATED: answered. */
static enum status manager(struct web *w, struct oauth_client *c, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1] = "";
	struct str header = http_header(w->req, "authorization");
	enum status st = oauth_client_find(w->ctx, web_path(w, "client"), c, e);
	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	if (header.n > 7 && str_ieq(str_first(header, 7), STR("Bearer ")))
		auth_hash(str_trim(str_skip(header, 7)), hash);
	if (st == ST_OK && c->manage_hash.n == AUTH_HASH_LEN && *hash &&
	        !sodium_memcmp(hash, c->manage_hash.p, AUTH_HASH_LEN))
		return ST_OK;
	return oauth_error(w, 401, "invalid_token", "This is not the token that the registration came with.") == ST_OK
	        ? ST_UNAUTHENTICATED
	        : ST_INTERNAL;
}

enum status identity_get_registration(struct web *w, struct err *e)
{
	struct oauth_client c;
	enum status st = manager(w, &c, e);
	return st == ST_OK ? registration_answer(w, 200, &c, 0, NULL, e) : st == ST_UNAUTHENTICATED ? ST_OK : st;
}

enum status identity_put_registration(struct web *w, struct err *e)
{
	struct oauth_client c;
	SCOPED_JSON *metadata = json_object();
	struct registration r = { .a = w->ctx->arena, .metadata = metadata };
	struct str body;
	bool full;
	enum status st = manager(w, &c, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	TRY(http_body_all(w->req, BODY_MAX, &body, e));
	take_body(w->ctx->arena, body, &r);
	/* A secret is made at registration: what proves it may not change to one afterwards. */
	if (!r.error && r.client.auth != c.auth)
		registration_bad(&r, "invalid_client_metadata", "token_endpoint_auth_method can not be changed.");
	if (r.error)
		return oauth_error(w, 400, r.error, r.why);
	r.client.id = c.id;
	TRY(registration_store(w, &r, true, &full, e));
	return registration_answer(w, 200, &r.client, 0, NULL, e);
}

enum status identity_delete_registration(struct web *w, struct err *e)
{
	struct oauth_client c;
	enum status st = manager(w, &c, e);
	if (st != ST_OK)
		return st == ST_UNAUTHENTICATED ? ST_OK : st;
	struct audit_entry by = { .action = "oauth.client_removed" };
	size_t people;
	audit_from(w, &by);
	TRY(oauth_client_remove(w->ctx, c.id, &by, &people, e));
	oauth_headers(w);
	http_status(w->req, 204);
	http_send(w->req, STR(""));
	return ST_OK;
}

/* --- Mastodon's apps ------------------------------------------------------------------------------------------- */

/* Their form or JSON: client_name, redirect_uris (lines of one text), scopes, website. */
static enum status read_app(struct web *w, json_t **out, struct err *e)
{
	static const char *const names[] = { "client_name", "redirect_uris", "scopes", "website" };
	if (web_has_json(w)) {
		struct str body;
		TRY(http_body_all(w->req, BODY_MAX, &body, e));
		*out = json_parse(body, JSON_DEPTH, NULL);
		return ST_OK;
	}
	TRY(web_form_load(w, e));
	*out = json_object();
	for (size_t i = 0; *out && i < sizeof names / sizeof *names; i++) {
		struct str v = web_form(w, names[i]);
		if (v.p)
			json_object_set_new(*out, names[i], json_stringn(v.p, v.n));
	}
	return ST_OK;
}

static bool take_app(struct registration *r, const json_t *in)
{
	const json_t *given = json_object_get(in, "redirect_uris");
	struct str lines = text_of(given), line, scopes = json_str(in, "scopes");
	json_t *uris = json_is_array(given) ? json_deep_copy(given) : json_array();
	bool ok = true;
	while (lines.n && str_next(&lines, '\n', &line))
		if (str_trim(line).n)
			ok &= !json_array_append_new(uris, json_stringn(str_trim(line).p, str_trim(line).n));
	SCOPED_JSON *all = json_pack(
	        "{s:o,s:o*}", "redirect_uris", uris, "scope", scopes.n ? json_stringn(scopes.p, scopes.n) : NULL);
	struct str rest = scopes, one;
	ok = ok && take_name(r, in, "client_name") && take_website(r, in) && take_uris(r, all, "redirect_uris", true);
	while (ok && rest.n && str_next(&rest, ' ', &one)) {
		struct str head = one;
		(void)str_cut(&one, ':', &head);
		ok = scope_within(head, STR(MASTODON_SCOPES)) ||
		        registration_bad(r, "invalid_scope", "A scope is not offered here.");
	}
	ok = ok &&
	        !json_object_set_new(
	                r->metadata, "scope", scopes.n ? json_stringn(scopes.p, scopes.n) : json_string("read")) &&
	        !json_object_set_new(r->metadata, "grant_types",
	                json_pack("[sss]", "authorization_code", "refresh_token", "client_credentials"));
	r->client.auth = OAUTH_AUTH_POST;
	return ok;
}

enum status identity_post_mastodon_app(struct web *w, struct err *e)
{
	SCOPED_JSON *metadata = json_object(), *in = NULL;
	struct registration r = { .a = w->ctx->arena, .client.mastodon = true, .metadata = metadata };
	struct buf b;
	bool kept;
	TRY(read_app(w, &in, e));
	if (json_is_object(in))
		leave_out_nothings(in);
	if (!json_is_object(in) || !take_app(&r, in))
		return oauth_error(w, 422, r.error ? r.error : "invalid_request", r.why);
	r.client.name = arena_str(w->ctx->arena, r.client.name);
	struct secrets s = name_it(w, &r);
	TRY(keep_new(w, &r, &kept, e));
	if (!kept)
		return ST_OK;
	const json_t *uris = json_object_get(r.metadata, "redirect_uris");
	struct str list = json_text(w->ctx->arena, uris);
	buf_arena(&b, w->ctx->arena, ANSWER_MAX);
	buf_putc(&b, '{');
	json_put_member(&b, "id", r.client.id);
	json_put_member(&b, "name", r.client.name);
	json_put_member(&b, "client_id", r.client.id);
	json_put_member(&b, "client_secret", s.secret);
	json_put_member(&b, "redirect_uri", text_of(json_array_get(uris, 0)));
	buf_printf(&b, ",\"client_secret_expires_at\":0,\"redirect_uris\":%.*s}", STR_ARG(list.p ? list : STR("[]")));
	oauth_headers(w);
	return web_json(w, 200, buf_str(&b));
}
