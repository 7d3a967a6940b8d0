/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants and tokens in the auth store. Tokens are random and opaque; the successor of a refresh token follows from it
 * (a keyed hash), so that a lost answer can be given again without keeping any token.
 *
 * An access token begins with the moment of its making, and so does its key, a hash otherwise: tokens of one moment
 * stand together in the store's index, and many share the pages that a commit writes. A hash alone would touch a page
 * for each.
 */
#include "services/identity/oauth/oauth.h"

#include <sodium.h>

#include "base/clock.h"
#include "gen/identity_sql.h"
#include "platform/audit/audit.h"
#include "platform/crypto/jose.h"

#define REFRESH_PURPOSE "guildhall refresh token rotation"
#define GRANTS_MAX 1000
#define STAMP_LEN 8 /* 48 bits */
#define ACCESS_LEN (STAMP_LEN + AUTH_HASH_LEN)

/* --- as text ------------------------------------------------------------------------------------------------ */

static struct str grant_text(struct ctx *ctx, const struct oauth_grant *g, int64_t at_us)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"person\":%lld,\"auth\":%lld,\"at\":%lld", (long long)g->person, (long long)g->auth_us,
	        (long long)at_us);
	json_put_member(&b, "grant", g->id);
	json_put_member(&b, "client", g->client);
	json_put_member(&b, "scope", g->scope);
	json_put_member(&b, "sso", g->sso);
	json_put_member(&b, "nonce", g->nonce);
	json_put_member(&b, "jkt", g->jkt);
	if (g->lasting)
		BUF_LIT(&b, ",\"lasting\":true");
	buf_putc(&b, '}');
	return buf_str(&b);
}

static enum status token_unpack(struct ctx *ctx, const struct auth_entry *n, struct oauth_token *out, struct err *e)
{
	SCOPED_JSON *j = json_parse(n->value, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct arena *a = ctx->arena;
	*out = (struct oauth_token){ .grant = { .id = arena_str(a, json_str(j, "grant")),
		                             .client = arena_str(a, json_str(j, "client")),
		                             .scope = arena_str(a, json_str(j, "scope")),
		                             .sso = arena_str(a, json_str(j, "sso")),
		                             .nonce = arena_str(a, json_str(j, "nonce")),
		                             .jkt = arena_str(a, json_str(j, "jkt")),
		                             .person = json_integer_value(json_object_get(j, "person")),
		                             .auth_us = json_integer_value(json_object_get(j, "auth")),
		                             .lasting = json_is_true(json_object_get(j, "lasting")) },
		.issued_us = json_integer_value(json_object_get(j, "at")),
		.expires_us = n->expires_us,
		.refresh = n->kind == AUTH_REFRESH };
	return ST_OK;
}

static struct str tokens_owner(struct ctx *ctx, struct str grant)
{
	return grant.n ? arena_strf(ctx->arena, "grant:%.*s", STR_ARG(grant)) : STR("");
}

static struct str grants_owner(struct ctx *ctx, int64_t person, struct str client)
{
	return arena_strf(ctx->arena, "pc:%lld:%.*s", (long long)person, STR_ARG(client));
}

/* --- access tokens ------------------------------------------------------------------------------------------ */

static void access_key(struct str token, char key[ACCESS_LEN + 1])
{
	memcpy(key, token.p, STAMP_LEN);
	auth_hash(token, key + STAMP_LEN);
}

static struct str access_new(struct ctx *ctx, char key[ACCESS_LEN + 1])
{
	static const char
	        digits[] = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"; /* base64url's, in the
	                                                                                          order of keys */
	int64_t ms = clock_now_us() / 1000;
	char stamp[STAMP_LEN];
	for (int i = STAMP_LEN; i--; ms >>= 6)
		stamp[i] = digits[ms & 63];
	struct str token = arena_strf(ctx->arena, "%.*s%.*s", STAMP_LEN, stamp, STR_ARG(auth_secret(ctx->arena, NULL)));
	access_key(token, key);
	return token;
}

/* --- issuing ------------------------------------------------------------------------------------------------ */

static struct auth_entry token_entry(
        struct ctx *ctx, enum auth_kind kind, const struct oauth_grant *g, const char *hash, int64_t life_s)
{
	return (struct auth_entry){ kind, str_c(hash), tokens_owner(ctx, g->id), grant_text(ctx, g, clock_now_us()),
		auth_expiry_us(life_s) };
}

static struct auth_entry grant_entry(struct ctx *ctx, const struct oauth_grant *g)
{
	return (struct auth_entry){ AUTH_GRANT, g->id, grants_owner(ctx, g->person, g->client),
		grant_text(ctx, g, clock_now_us()),
		auth_expiry_us(g->lasting ? OAUTH_LASTING_LIFE_S : OAUTH_REFRESH_LIFE_S) };
}

/* Who lets the same client in again and again does not fill the store: room for one more. */
static enum status bound_grants(struct ctx *ctx, const struct oauth_grant *g, struct err *e)
{
	struct auth_entry *grants;
	size_t n, max = g->person ? OAUTH_GRANTS_MAX : OAUTH_OWN_MAX;
	TRY(authstore_list(ctx, ctx->svc->platform->auth, AUTH_GRANT, grants_owner(ctx, g->person, g->client),
	        2 * max, &grants, &n, e));
	for (size_t i = max - 1; i < n; i++)
		TRY(oauth_grant_revoke(ctx, grants[i].key, e));
	return ST_OK;
}

enum status oauth_tokens_issue(
        struct ctx *ctx, const struct oauth_grant *g, bool refresh, struct oauth_tokens *out, struct err *e)
{
	char key[ACCESS_LEN + 1], refresh_hash[AUTH_HASH_LEN + 1];
	struct auth_entry all[3];
	size_t n = 0;
	*out = (struct oauth_tokens){ access_new(ctx, key), refresh ? auth_secret(ctx->arena, refresh_hash) : STR("") };
	if (g->id.n)
		TRY(bound_grants(ctx, g, e));
	all[n++] = token_entry(ctx, AUTH_TOKEN, g, key, g->lasting ? OAUTH_LASTING_LIFE_S : OAUTH_TOKEN_LIFE_S);
	if (g->id.n)
		all[n++] = grant_entry(ctx, g);
	if (refresh)
		all[n++] = token_entry(ctx, AUTH_REFRESH, g, refresh_hash, OAUTH_REFRESH_LIFE_S);
	return authstore_put_all(ctx, ctx->svc->platform->auth, all, n, e);
}

enum status oauth_token_find(struct ctx *ctx, struct str token, struct oauth_token *out, struct err *e)
{
	char key[ACCESS_LEN + 1];
	struct auth_entry n;
	bool access = token.n == ACCESS_LEN;
	if (!access && token.n != AUTH_HASH_LEN)
		return err_set(e, ST_NOT_FOUND, "This is no token of this site.");
	access ? access_key(token, key) : auth_hash(token, key);
	TRY(authstore_get(ctx, ctx->svc->platform->auth, access ? AUTH_TOKEN : AUTH_REFRESH, str_c(key), &n, e));
	/* A refresh token that was used: its value says so and is no grant. */
	if (n.kind == AUTH_REFRESH && n.value.n && n.value.p[0] != '{')
		return err_set(e, ST_NOT_FOUND, "This token was used.");
	return token_unpack(ctx, &n, out, e);
}

enum status oauth_token_drop(struct ctx *ctx, struct str token, struct err *e)
{
	char key[ACCESS_LEN + 1];
	if (token.n != ACCESS_LEN)
		return ST_OK;
	access_key(token, key);
	return authstore_drop(ctx, ctx->svc->platform->auth, AUTH_TOKEN, str_c(key), e);
}

/* --- revoking ----------------------------------------------------------------------------------------------- */

enum status oauth_grant_revoke(struct ctx *ctx, struct str id, struct err *e)
{
	struct authstore *as = ctx->svc->platform->auth;
	TRY(authstore_drop(ctx, as, AUTH_GRANT, id, e));
	return authstore_drop_owner(ctx, as, AUTH_KINDS, tokens_owner(ctx, id), e);
}

enum status oauth_grant_stolen(
        struct ctx *ctx, const char *action, int64_t person, struct str client, struct str id, struct err *e)
{
	TRY(oauth_grant_revoke(ctx, id, e));
	return audit_record(ctx,
	        &(struct audit_entry){ .action = action,
	                .object = arena_strf(ctx->arena, "%lld", (long long)person),
	                .details = arena_strf(ctx->arena, "{\"client\":\"%.*s\"}", STR_ARG(client)) },
	        e);
}

enum status oauth_revoke_client(struct ctx *ctx, int64_t person, struct str client, struct err *e)
{
	struct auth_entry *grants;
	size_t n;
	do {
		TRY(authstore_list(ctx, ctx->svc->platform->auth, AUTH_GRANT, grants_owner(ctx, person, client),
		        GRANTS_MAX, &grants, &n, e));
		for (size_t i = 0; i < n; i++)
			TRY(oauth_grant_revoke(ctx, grants[i].key, e));
	} while (n == GRANTS_MAX);
	return ST_OK;
}

enum status oauth_revoke_person(struct ctx *ctx, int64_t person, struct err *e)
{
	struct identity_consents_of_row *rows;
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_identity_consents_of(c, person, &rows, &n, e));
	}
	for (size_t i = 0; i < n; i++)
		TRY(oauth_revoke_client(ctx, person, rows[i].client_id, e));
	return ST_OK;
}

/* --- rotation ----------------------------------------------------------------------------------------------- */

static struct str successor(struct ctx *ctx, struct str token)
{
	unsigned char key[crypto_generichash_KEYBYTES], out[32];
	struct str secret = ctx->svc->platform->secret;
	crypto_generichash(key, sizeof key, (const unsigned char *)REFRESH_PURPOSE, sizeof REFRESH_PURPOSE - 1,
	        (const unsigned char *)secret.p, secret.n);
	crypto_generichash(out, sizeof out, (const unsigned char *)token.p, token.n, key, sizeof key);
	sodium_memzero(key, sizeof key);
	return base64url(ctx->arena, str_n((char *)out, sizeof out));
}

/* A refresh token as it is kept. The value of a used one: "<µs> <grant>\n<what it was>". */
struct kept_refresh { struct auth_entry entry; struct oauth_token token; int64_t used_us; /* 0: it was not used */ };

static enum status unpack_refresh(struct ctx *ctx, struct kept_refresh *k, struct err *e)
{
	struct auth_entry unused = k->entry;
	struct str used, at;
	k->used_us = 0;
	if (unused.value.n && unused.value.p[0] != '{' &&
	    (!str_cut(&unused.value, '\n', &used) || !str_cut(&used, ' ', &at) || !str_i64(at, &k->used_us)))
		return err_set(e, ST_CORRUPT, "a refresh token can not be read");
	return token_unpack(ctx, &unused, &k->token, e);
}

static enum status load_refresh(struct ctx *ctx, struct str hash, struct kept_refresh *k, struct err *e)
{
	TRY(authstore_get(ctx, ctx->svc->platform->auth, AUTH_REFRESH, hash, &k->entry, e));
	return unpack_refresh(ctx, k, e);
}

/* Of several at once one marks it; the others find who did, in k. */
static enum status mark_used(struct ctx *ctx, struct kept_refresh *k, struct err *e)
{
	bool swapped;
	struct auth_entry used = k->entry;
	used.value = arena_strf(ctx->arena, "%lld %.*s\n%.*s", (long long)clock_now_us(), STR_ARG(k->token.grant.id),
	                        STR_ARG(k->entry.value));
	TRY(authstore_swap(ctx, ctx->svc->platform->auth, &used, k->entry.value, &swapped, e));
	if (swapped)
		return ST_OK;
	TRY(load_refresh(ctx, k->entry.key, k, e));
	return k->used_us ? ST_OK : err_set(e, ST_NOT_FOUND, "This token changed meanwhile.");
}

/* Whoever used the successor has had the answer: the former token is of no use to them any more. */
static enum status successor_was_used(struct ctx *ctx, struct str token, bool *used, struct err *e)
{
	struct kept_refresh next;
	char hash[AUTH_HASH_LEN + 1];
	auth_hash(successor(ctx, token), hash);
	enum status st = load_refresh(ctx, str_c(hash), &next, e);
	*used = st == ST_OK && next.used_us;
	return st == ST_NOT_FOUND ? ST_OK : st; /* not written yet */
}

static enum status is_stolen(
        struct ctx *ctx, struct str token, const struct kept_refresh *k, bool *stolen, struct err *e)
{
	*stolen = clock_now_us() - k->used_us > OAUTH_GRACE_S * US_PER_S;
	return *stolen ? ST_OK : successor_was_used(ctx, token, stolen, e);
}

static enum status bad_refresh(struct err *e)
{
	return err_set(e, ST_INVALID, "This refresh token is not good, or not any more.");
}

/* What is not there, at whatever step, is a token that is not good. */
static enum status or_bad(enum status st, struct err *e)
{
	return st == ST_NOT_FOUND ? bad_refresh(e) : st;
}

/* The token of this client and key, from now on used. */
static enum status use_refresh(
        struct ctx *ctx, const struct oauth_refresh_ask *ask, struct kept_refresh *k, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	bool stolen;
	if (ask->token.n != AUTH_HASH_LEN)
		return bad_refresh(e);
	auth_hash(ask->token, hash);
	TRY(or_bad(load_refresh(ctx, str_c(hash), k, e), e));
	const struct oauth_grant *g = &k->token.grant;
	if (!str_eq(g->client, ask->client->id) || (g->jkt.n && !str_eq(g->jkt, ask->jkt)))
		return bad_refresh(e);
	if (ask->scope.n && !scope_within(ask->scope, g->scope))
		return err_set(e, ST_FORBIDDEN, "This is more than was granted.");
	if (!k->used_us)
		TRY(or_bad(mark_used(ctx, k, e), e));
	if (!k->used_us)
		return ST_OK;
	TRY(is_stolen(ctx, ask->token, k, &stolen, e));
	if (!stolen)
		return ST_OK;
	TRY(oauth_grant_stolen(ctx, "oauth.refresh_replayed", g->person, g->client, g->id, e));
	return bad_refresh(e);
}

/* The grant lives on with its use; revoked meanwhile, it takes the new tokens along. */
static enum status prolong(struct ctx *ctx, struct auth_entry *grant, struct err *e)
{
	bool there;
	struct str former = grant->value;
	grant->expires_us = auth_expiry_us(OAUTH_REFRESH_LIFE_S);
	TRY(authstore_swap(ctx, ctx->svc->platform->auth, grant, former, &there, e));
	if (there)
		return ST_OK;
	TRY(oauth_grant_revoke(ctx, grant->key, e));
	return bad_refresh(e);
}

enum status oauth_refresh(struct ctx *ctx, const struct oauth_refresh_ask *ask, struct oauth_grant *grant,
        struct oauth_tokens *out, struct err *e)
{
	struct authstore *as = ctx->svc->platform->auth;
	char next_hash[AUTH_HASH_LEN + 1], key[ACCESS_LEN + 1];
	struct kept_refresh k;
	struct auth_entry g;
	bool added;
	TRY(use_refresh(ctx, ask, &k, e));
	TRY(or_bad(authstore_get(ctx, as, AUTH_GRANT, k.token.grant.id, &g, e), e));
	*out = (struct oauth_tokens){ access_new(ctx, key), successor(ctx, ask->token) };
	auth_hash(out->refresh, next_hash);
	/* A narrower scope is the access token's alone (RFC 6749 6). */
	struct auth_entry next = token_entry(ctx, AUTH_REFRESH, &k.token.grant, next_hash, OAUTH_REFRESH_LIFE_S);
	*grant = k.token.grant;
	if (ask->scope.n)
		grant->scope = scope_and(ctx->arena, ask->scope, grant->scope);
	TRY(authstore_add(ctx, as, &next, &added, e));
	const struct auth_entry access = token_entry(ctx, AUTH_TOKEN, grant, key, OAUTH_TOKEN_LIFE_S);
	TRY(authstore_put(ctx, as, &access, e));
	return prolong(ctx, &g, e);
}
