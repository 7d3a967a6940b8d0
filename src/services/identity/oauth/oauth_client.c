/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may ask, and who is asking.
 */
#include "services/identity/oauth/oauth.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gen/identity_sql.h"
#include "platform/crypto/jose.h"
#include "platform/text/url.h"
#include "services/identity/oauth/oauth_ask.h"

#define ASSERTION_LIFE_S 600
#define ASSERTION "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define JTI_MAX          128

const char *const oauth_auth_names[OAUTH_AUTHS] = { [OAUTH_AUTH_NONE] = "none",
	[OAUTH_AUTH_BASIC] = "client_secret_basic",
	[OAUTH_AUTH_POST] = "client_secret_post",
	[OAUTH_AUTH_KEY] = "private_key_jwt" };

/* --- finding ------------------------------------------------------------------------------------------------ */

static enum status find_service(struct ctx *ctx, struct str name, struct oauth_client *out, struct err *e)
{
	struct platform *p = ctx->svc->platform;
	const struct service_instance *s = platform_service(p, arena_cstr(ctx->arena, name));
	if (!s || s == p->identity)
		return err_set(e, ST_NOT_FOUND, "There is no such application.");
	out->service = s;
	out->name = str_c(s->def->title);
	out->redirect_uri = arena_strf(ctx->arena, "%.*s/auth/callback", STR_ARG(s->base_url));
	return ST_OK;
}

/* Clients change rarely and are asked for with every token: those used last are remembered while the database is as it
   was. Of the process; immutable, counted references. */
#define SLOTS 256
#define NAME_ROOM 100

struct kept_client {
	_Atomic unsigned refs;
	uint64_t version;
	struct oauth_client client; /* its texts in text */
	json_t *metadata;
	char text[];
};
static struct {
	pthread_mutex_t lock;
	struct kept_client *slots[SLOTS];
} memory = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void client_release(void *arg)
{
	struct kept_client *k = arg;
	if (!k || --k->refs)
		return;
	json_decref(k->metadata);
	free(k);
}

static struct kept_client **slot_of(struct str id)
{
	return &memory.slots[str_hash(id) % SLOTS];
}

static struct kept_client *remembered(struct str id, uint64_t version)
{
	pthread_mutex_lock(&memory.lock);
	struct kept_client *k = *slot_of(id);
	if (k && (k->version != version || !str_eq(k->client.id, id)))
		k = NULL;
	if (k)
		k->refs++;
	pthread_mutex_unlock(&memory.lock);
	return k;
}

static void client_remember(struct kept_client *k)
{
	pthread_mutex_lock(&memory.lock);
	struct kept_client **slot = slot_of(k->client.id), *former = *slot;
	k->refs++;
	*slot = k;
	pthread_mutex_unlock(&memory.lock);
	client_release(former);
}

static struct kept_client *client_keep(const struct identity_client_row *r, uint64_t version, struct err *e)
{
	const struct str from[] = { r->id, r->name, r->secret_hash, r->manage_hash };
	size_t room = 0;
	for (unsigned i = 0; i < 4; i++)
		room += from[i].n;
	json_t *metadata = json_parse(r->metadata, JSON_DEPTH, e);
	struct kept_client *k = json_is_object(metadata) ? malloc(sizeof *k + room) : NULL;
	if (!k) {
		json_decref(metadata);
		return NULL;
	}
	*k = (struct kept_client){ .refs = 1,
		.version = version,
		.metadata = metadata,
		.client = { .mastodon = str_eqc(r->kind, "mastodon"),
		        .used_us = r->used_at_null ? 0 : r->used_at,
		        .changed_us = r->updated_at > r->created_at ? r->updated_at : 0,
		        .metadata = metadata } };
	struct str *const to[] = { &k->client.id, &k->client.name, &k->client.secret_hash, &k->client.manage_hash };
	char *at = k->text;
	for (unsigned i = 0; i < 4; i++) {
		if (from[i].n)
			memcpy(at, from[i].p, from[i].n);
		*to[i] = str_n(at, from[i].n);
		at += from[i].n;
	}
	while (k->client.auth < OAUTH_AUTHS && !str_eqc(r->auth_method, oauth_auth_names[k->client.auth]))
		k->client.auth++;
	if (k->client.auth < OAUTH_AUTHS)
		return k;
	client_release(k);
	return NULL;
}

static enum status client_load(struct ctx *ctx, struct str id, struct kept_client **out, struct err *e)
{
	struct identity_client_row *r;
	uint64_t version = db_version(ctx->svc->db);
	if (version && (*out = remembered(id, version)))
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_identity_client(c, id, &r, e));
	if (!r)
		return err_set(e, ST_NOT_FOUND, "There is no such application.");
	*out = client_keep(r, version, e);
	if (!*out)
		return err_set(e, ST_CORRUPT, "a stored application can not be read");
	if (version)
		client_remember(*out);
	return ST_OK;
}

enum status oauth_client_find(struct ctx *ctx, struct str id, struct oauth_client *out, struct err *e)
{
	static const struct str own = STR_INIT("service:");
	struct kept_client *k;
	*out = (struct oauth_client){ .id = id };
	if (id.n && str_starts(id, own))
		return find_service(ctx, str_skip(id, own.n), out, e);
	if (!id.n || id.n > NAME_ROOM)
		return err_set(e, ST_NOT_FOUND, "There is no such application.");
	TRY(client_load(ctx, id, &k, e));
	arena_on_free(ctx->arena, client_release, k);
	*out = k->client;
	return ST_OK;
}

/* --- what it may -------------------------------------------------------------------------------------------- */

bool oauth_client_lists(const struct oauth_client *c, const char *member, struct str text)
{
	const json_t *one;
	size_t i;
	json_array_foreach(json_object_get(c->metadata, member), i, one)
		if (str_eq(str_n(json_string_value(one), json_string_length(one)), text))
			return true;
	return false;
}

/* The same address of this machine but for the port, which an application takes as it comes (RFC 8252 7.3). */
static bool same_loopback(const struct url *asked, struct arena *a, struct str listed)
{
	struct url own;
	return url_parse(a, listed, &own) && str_eq(own.scheme, asked->scheme) && str_eq(own.host, asked->host) &&
	        str_eq(own.rest, asked->rest);
}

bool oauth_client_redirects_to(struct arena *a, const struct oauth_client *c, struct str uri)
{
	const json_t *one;
	struct url asked;
	size_t i;
	if (!uri.n || str_chr(uri, '#') >= 0)
		return false;
	if (c->service)
		return str_eq(uri, c->redirect_uri);
	if (!url_parse(a, uri, &asked) && !str_eqc(uri, OAUTH_OOB))
		return false; /* registered when more was taken */
	if (oauth_client_lists(c, "redirect_uris", uri))
		return true;
	if (!asked.scheme.p || !str_eqc(asked.scheme, "http") || !url_is_loopback(&asked))
		return false;
	json_array_foreach(json_object_get(c->metadata, "redirect_uris"), i, one)
		if (same_loopback(&asked, a, str_n(json_string_value(one), json_string_length(one))))
			return true;
	return false;
}

bool oauth_client_may_use(const struct oauth_client *c, const char *grant_type)
{
	return oauth_client_lists(c, "grant_types", str_c(grant_type));
}

struct str oauth_client_scope(const struct oauth_client *c)
{
	return c->service                          ? STR("openid profile email")
	        : json_str(c->metadata, "scope").p ? json_str(c->metadata, "scope")
	                                           : STR("");
}

enum jose_alg oauth_client_alg(const struct oauth_client *c)
{
	enum jose_alg alg = JOSE_RS256;
	(void)jose_alg_parse(json_str(c->metadata, "id_token_signed_response_alg"), &alg);
	return alg;
}

/* --- who is asking ------------------------------------------------------------------------------------------ */

struct client_claim { struct str id, secret, assertion; enum oauth_auth how; };

static enum status client_refuse(struct web *w)
{
	return oauth_error(w, 401, "invalid_client", "The application did not prove who it is.") == ST_OK
	        ? ST_UNAUTHENTICATED
	        : ST_INTERNAL;
}

/* Basic credentials are form-encoded before they are put together (RFC 6749 2.3.1). */
static bool read_basic(struct web *w, struct str header, struct client_claim *c)
{
	struct arena *a = w->ctx->arena;
	size_t n;
	struct str text = str_trim(str_skip(header, 6)), id;
	unsigned char *raw = arena_alloc(a, text.n + 1);
	struct form f;
	if (!str_base64(text, sodium_base64_VARIANT_ORIGINAL, raw, text.n + 1, &n))
		return false;
	struct str pair = str_n((char *)raw, n);
	if (!str_cut(&pair, ':', &id))
		return false;
	struct str both = arena_strf(a, "i=%.*s&s=%.*s", STR_ARG(id), STR_ARG(pair));
	if (form_parse(a, both, 2, &f, NULL) != ST_OK || f.count != 2)
		return false;
	c->id = form_get(&f, "i");
	c->secret = form_get(&f, "s");
	c->how = OAUTH_AUTH_BASIC;
	return true;
}

/* One way to prove it, not two (RFC 6749 2.3). */
static bool read_claim(struct web *w, struct client_claim *c)
{
	struct str header = http_header(w->req, "authorization"), assertion = web_form(w, "client_assertion"),
	           secret = web_form(w, "client_secret");
	bool basic = header.n > 6 && str_ieq(str_first(header, 6), STR("Basic "));
	*c = (struct client_claim){ .id = web_form(w, "client_id"), .secret = secret, .assertion = assertion,
			     .how = assertion.p ? OAUTH_AUTH_KEY : secret.p ? OAUTH_AUTH_POST : OAUTH_AUTH_NONE };
	if (basic + (assertion.p != NULL) + (secret.p != NULL) > 1)
		return false;
	struct str said = c->id;
	if (basic)
		return read_basic(w, header, c) && (!said.p || str_eq(said, c->id));
	if (assertion.p) {
		SCOPED_JWT t = { 0 };
		if (!str_eqc(web_form(w, "client_assertion_type"), ASSERTION) ||
		        jwt_parse(w->ctx->arena, assertion, &t, NULL) != ST_OK)
			return false;
		c->id = arena_str(w->ctx->arena, json_str(t.payload, "sub"));
		return !said.p || str_eq(said, c->id);
	}
	return c->id.n > 0;
}

static bool secret_fits(const struct oauth_client *c, struct str secret)
{
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(secret, hash);
	return c->secret_hash.n == AUTH_HASH_LEN && !sodium_memcmp(hash, c->secret_hash.p, AUTH_HASH_LEN);
}

/* Whom an assertion may be meant for: the issuer, or the endpoint it was sent to (RFC 7523 3, RFC 9700). */
static bool meant_for_us(struct web *w, const struct jwt *t)
{
	struct str base = w->ctx->svc->base_url;
	return jwt_is_for(t, base) || jwt_is_for(t, arena_strf(w->ctx->arena, "%.*s/oauth/token", STR_ARG(base))) ||
	        jwt_is_for(t,
	                arena_strf(w->ctx->arena, "%.*s%.*s", (int)(base.n - w->ctx->svc->base_path.n), base.p,
	                        STR_ARG(w->req->path)));
}

static bool signed_by_client(const struct jwt *t, const struct oauth_client *c)
{
	const json_t *one;
	size_t i;
	json_array_foreach(json_object_get(json_object_get(c->metadata, "jwks"), "keys"), i, one) {
		struct str kid = json_str(one, "kid");
		struct jose_key *k = t->kid.n && kid.p && !str_eq(kid, t->kid) ? NULL : jose_key_from_jwk(one, NULL);
		bool fits = k && jwt_signed_by(t, k);
		jose_key_free(k);
		if (fits)
			return true;
	}
	return false;
}

static bool assertion_fits(struct web *w, const struct oauth_client *c, struct str assertion)
{
	SCOPED_JWT t = { 0 };
	bool fresh = false;
	if (jwt_parse(w->ctx->arena, assertion, &t, NULL) != ST_OK)
		return false;
	struct str jti = json_str(t.payload, "jti");
	double exp = json_number_value(json_object_get(t.payload, "exp"));
	bool good = str_eq(json_str(t.payload, "iss"), c->id) && str_eq(json_str(t.payload, "sub"), c->id) && jti.n &&
	            jti.n <= JTI_MAX && jwt_in_time(&t, 10, true, NULL) == ST_OK &&
	            exp < (double)clock_now_us() / US_PER_S + ASSERTION_LIFE_S && meant_for_us(w, &t) &&
	            signed_by_client(&t, c);
	if (good) {
		char hash[AUTH_HASH_LEN + 1];
		auth_hash(arena_strf(w->ctx->arena, "%.*s\n%.*s", STR_ARG(c->id), STR_ARG(jti)), hash);
		const struct auth_entry seen = { AUTH_ONCE, str_c(hash), STR_NULL, STR(""),
			auth_expiry_us(ASSERTION_LIFE_S + 20) };
		good = authstore_add(w->ctx, w->ctx->svc->platform->auth, &seen, &fresh, NULL) == ST_OK && fresh;
	}
	return good;
}

enum status oauth_client_authenticate(struct web *w, struct oauth_client *out, struct err *e)
{
	struct client_claim claim;
	if (oauth_form(w) != ST_OK)
		return ST_UNAUTHENTICATED;
	if (!read_claim(w, &claim))
		return client_refuse(w);
	enum status st = oauth_client_find(w->ctx, claim.id, out, e);
	if (st == ST_NOT_FOUND)
		return client_refuse(w);
	TRY(st);
	bool proved = false;
	/* A secret comes in the header or the form, whichever was registered: libraries choose for themselves. */
	bool secret = claim.how == OAUTH_AUTH_BASIC || claim.how == OAUTH_AUTH_POST;
	if (out->service)
		return client_refuse(w);
	if (secret && (out->auth == OAUTH_AUTH_BASIC || out->auth == OAUTH_AUTH_POST))
		proved = secret_fits(out, claim.secret);
	else if (claim.how == out->auth)
		proved = claim.how == OAUTH_AUTH_NONE ||
		        (claim.how == OAUTH_AUTH_KEY && assertion_fits(w, out, claim.assertion));
	return proved ? ST_OK : client_refuse(w);
}
