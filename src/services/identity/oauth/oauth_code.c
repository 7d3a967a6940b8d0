/* SPDX-License-Identifier: Apache-2.0
 *
 * Authorization codes (RFC 6749 4.1.2, RFC 7636). A code that was used stays a while as what it led to, so that whoever
 * comes with it a second time, thief or victim, ends both.
 */
#include "services/identity/oauth/oauth.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/id.h"

#define USED_LIFE_S 600
/* RFC 7636 4.1. */
#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

static struct str code_text(struct ctx *ctx, const struct oauth_code *c, struct str grant)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_printf(&b, "{\"person\":%lld,\"auth\":%lld", (long long)c->person, (long long)c->auth_us);
	json_put_member(&b, "client", c->client);
	json_put_member(&b, "redirect_uri", c->redirect_uri);
	json_put_member(&b, "challenge", c->challenge);
	json_put_member(&b, "nonce", c->nonce);
	json_put_member(&b, "scope", c->scope);
	json_put_member(&b, "sso", c->sso);
	json_put_member(&b, "jkt", c->jkt);
	json_put_member(&b, "used", grant);
	buf_putc(&b, '}');
	return buf_str(&b);
}

static enum status code_unpack(struct ctx *ctx, struct str text, struct oauth_code *c, struct str *used, struct err *e)
{
	SCOPED_JSON *j = json_parse(text, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct arena *a = ctx->arena;
	*c = (struct oauth_code){ arena_str(a, json_str(j, "client")), arena_str(a, json_str(j, "redirect_uri")),
		arena_str(a, json_str(j, "challenge")), arena_str(a, json_str(j, "nonce")),
		arena_str(a, json_str(j, "scope")), arena_str(a, json_str(j, "sso")), arena_str(a, json_str(j, "jkt")),
		json_integer_value(json_object_get(j, "person")), json_integer_value(json_object_get(j, "auth")) };
	*used = arena_str(a, json_str(j, "used"));
	return ST_OK;
}

enum status oauth_code_issue(struct ctx *ctx, const struct oauth_code *c, struct str *code, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	*code = auth_secret(ctx->arena, hash);
	const struct auth_entry n = { AUTH_CODE, str_c(hash), arena_strf(ctx->arena, "sso:%.*s", STR_ARG(c->sso)),
		code_text(ctx, c, STR("")), auth_expiry_us(OAUTH_CODE_LIFE_S) };
	return authstore_put(ctx, ctx->svc->platform->auth, &n, e);
}

static bool same(struct str a, struct str b)
{
	return a.n == b.n && (!a.n || !sodium_memcmp(a.p, b.p, a.n));
}

enum status oauth_code_redeem(struct ctx *ctx, struct str code, struct str client, struct str redirect_uri,
        struct str verifier, struct oauth_code *out, struct str *grant, struct err *e)
{
	static const char bad[] = "This code is not good, or not any more.";
	struct authstore *as = ctx->svc->platform->auth;
	char hash[AUTH_HASH_LEN + 1], challenge[AUTH_HASH_LEN + 1], id[ID_TEXT_LEN + 1];
	struct auth_entry n;
	struct str used;
	bool swapped;
	if (!code.n)
		return err_set(e, ST_INVALID, bad);
	auth_hash(code, hash);
	enum status st = authstore_get(ctx, as, AUTH_CODE, str_c(hash), &n, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? err_set(e, ST_INVALID, bad) : st;
	TRY(code_unpack(ctx, n.value, out, &used, e));
	if (!same(out->client, client))
		return err_set(e, ST_INVALID, bad);
	if (used.n) {
		TRY(oauth_grant_stolen(ctx, "oauth.code_replayed", out->person, client, used, e));
		return err_set(e, ST_INVALID, bad);
	}
	id_text(id_new(), id);
	*grant = arena_str(ctx->arena, str_c(id));
	/* Used whatever comes next: nobody tries verifiers. */
	struct str former = n.value;
	n.value = code_text(ctx, out, *grant);
	n.expires_us = auth_expiry_us(USED_LIFE_S);
	TRY(authstore_swap(ctx, as, &n, former, &swapped, e));
	if (!swapped || !same(out->redirect_uri, redirect_uri))
		return err_set(e, ST_INVALID, bad);
	/* Applications with a secret may come without a challenge; then without a verifier too. */
	if (!out->challenge.n)
		return verifier.n ? err_set(e, ST_INVALID, bad) : ST_OK;
	auth_hash(verifier, challenge);
	return verifier.n >= VERIFIER_MIN && verifier.n <= VERIFIER_MAX && same(out->challenge, str_c(challenge))
	               ? ST_OK
	               : err_set(e, ST_INVALID, bad);
}
