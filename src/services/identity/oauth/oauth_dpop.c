/* SPDX-License-Identifier: Apache-2.0
 *
 * Proof of possession (RFC 9449): a header signed with the client's key, for this method and address, now, once.
 */
#include "services/identity/oauth/oauth.h"

#include <sodium.h>

#include "base/clock.h"
#include "platform/crypto/jose.h"

#define WINDOW_S 60
#define JTI_MAX  256

static bool same_address(struct web *w, struct str htu)
{
	/* Without query and fragment (4.3, 9). */
	for (size_t i = 0; i < htu.n; i++)
		if (htu.p[i] == '?' || htu.p[i] == '#')
			htu = str_first(htu, i);
	const struct service_instance *s = w->ctx->svc;
	struct str own = arena_strf(
	        w->ctx->arena, "%.*s%.*s", (int)(s->base_url.n - s->base_path.n), s->base_url.p, STR_ARG(w->req->path));
	return str_eq(htu, own);
}

static bool binds(struct arena *a, const json_t *payload, struct str access)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	if (!access.p)
		return true;
	crypto_hash_sha256(hash, (const unsigned char *)access.p, access.n);
	return str_eq(json_str(payload, "ath"), base64url(a, str_n((char *)hash, sizeof hash)));
}

static bool proves(struct web *w, const struct jwt *t, struct str access, char print[JOSE_THUMBPRINT_LEN + 1])
{
	const json_t *jwk = json_object_get(t->header, "jwk");
	double iat = json_number_value(json_object_get(t->payload, "iat")), now = (double)clock_now_us() / US_PER_S;
	if (!str_eqc(t->typ, "dpop+jwt") || !json_is_object(jwk) || json_object_get(jwk, "d") || iat < now - WINDOW_S ||
	        iat > now + 10)
		return false;
	struct jose_key *k = jose_key_from_jwk(jwk, NULL);
	bool good = k && jwt_signed_by(t, k) && jose_key_thumbprint(k, print, NULL) == ST_OK;
	jose_key_free(k);
	return good && str_eq(json_str(t->payload, "htm"), w->req->method_name) &&
	        same_address(w, json_str(t->payload, "htu")) && binds(w->ctx->arena, t->payload, access);
}

static enum status only_once(struct web *w, const struct jwt *t, const char *print, bool *fresh, struct err *e)
{
	char hash[AUTH_HASH_LEN + 1];
	struct str jti = json_str(t->payload, "jti");
	*fresh = false;
	if (!jti.n || jti.n > JTI_MAX)
		return ST_OK;
	auth_hash(arena_strf(w->ctx->arena, "dpop %s %.*s", print, STR_ARG(jti)), hash);
	const struct auth_entry seen = { AUTH_ONCE, str_c(hash), STR_NULL, STR(""), auth_expiry_us(2 * WINDOW_S) };
	return authstore_add(w->ctx, w->ctx->svc->platform->auth, &seen, fresh, e);
}

enum status oauth_dpop(struct web *w, struct str access, struct str *jkt, struct err *e)
{
	static const char bad[] = "The DPoP proof does not fit this request.";
	char print[JOSE_THUMBPRINT_LEN + 1];
	SCOPED_JWT t = { 0 };
	bool fresh = false;
	struct str header = http_header(w->req, "dpop");
	*jkt = STR_NULL;
	if (!header.p)
		return ST_OK;
	/* Two DPoP headers arrive as one with a comma, which no token has. */
	if (jwt_parse(w->ctx->arena, header, &t, NULL) != ST_OK)
		return err_set(e, ST_INVALID, bad);
	enum status st = proves(w, &t, access, print) ? only_once(w, &t, print, &fresh, e) : ST_OK;
	TRY(st);
	if (!fresh)
		return err_set(e, ST_INVALID, bad);
	*jkt = arena_str(w->ctx->arena, str_c(print));
	return ST_OK;
}
