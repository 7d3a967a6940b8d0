/* SPDX-License-Identifier: Apache-2.0
 *
 * Authorization codes (RFC 6749 4.1.2, RFC 7636).
 */
#include "services/federation/oauth.h"

#include <sodium.h>

#include "platform/json.h"

static struct str code_text(struct ctx *ctx, const struct oauth_code *c)
{
	struct buf b;
	buf_arena(&b, ctx->arena, AUTH_VALUE_MAX);
	buf_putc(&b, '{');
	json_put_member(&b, "client", c->client);
	json_put_member(&b, "redirect_uri", c->redirect_uri);
	json_put_member(&b, "challenge", c->challenge);
	json_put_member(&b, "nonce", c->nonce);
	json_put_member(&b, "scope", c->scope);
	json_put_member(&b, "sso", c->sso);
	buf_putc(&b, '}');
	return buf_str(&b);
}

enum status oauth_code_issue(struct ctx *ctx, const struct oauth_code *c, struct str *code, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	*code = auth_secret(ctx->arena, hash);
	const struct auth_entry n = { AUTH_CODE, str_c(hash), arena_strf(ctx->arena, "sso:%.*s", STR_ARG(c->sso)), code_text(ctx, c),
				      auth_expiry_us(OAUTH_CODE_LIFE_S) };
	return authstore_put(ctx, ctx->svc->platform->auth, &n, e);
}

static bool same(struct str a, struct str b)
{
	return a.n == b.n && !sodium_memcmp(a.p, b.p, a.n);
}

enum status oauth_code_redeem(struct ctx *ctx, struct str code, struct str client, struct str redirect_uri, struct str verifier,
                              struct oauth_code *out, struct err *e)
{
	static const char bad[] = "This code is not good, or not any more.";
	char hash[AUTH_HASH_LEN + 1], challenge[AUTH_HASH_LEN + 1];
	struct auth_entry n;
	if (!code.n || verifier.n < 43 || verifier.n > 128)
		return err_set(e, ST_INVALID, bad);
	auth_hash(code, hash);
	enum status st = authstore_take(ctx, ctx->svc->platform->auth, AUTH_CODE, str_c(hash), &n, e);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? err_set(e, ST_INVALID, bad) : st;
	SCOPED_JSON *j = json_parse(n.value, 2, e);
	if (!j)
		return ST_CORRUPT;
	struct arena *a = ctx->arena;
	*out = (struct oauth_code){ arena_str(a, json_str(j, "client")), arena_str(a, json_str(j, "redirect_uri")), arena_str(a, json_str(j, "challenge")),
				    arena_str(a, json_str(j, "nonce")), arena_str(a, json_str(j, "scope")), arena_str(a, json_str(j, "sso")) };
	auth_hash(verifier, challenge);
	if (!same(out->client, client) || !same(out->redirect_uri, redirect_uri) || !same(out->challenge, str_c(challenge)))
		return err_set(e, ST_INVALID, bad);
	return ST_OK;
}
