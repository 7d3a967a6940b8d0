/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/known.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/identity_sql.h"

#define COOKIE "gh_browser"
#define PURPOSE "guildhall browser known to an account"
#define SEAL_BYTES 16

/* --- the cookie --------------------------------------------------------------------------------------------------- */

static bool well_formed(struct str cookie)
{
	if (cookie.n < KNOWN_PART_LEN || cookie.n % KNOWN_PART_LEN ||
	        cookie.n > KNOWN_PART_LEN * (1 + KNOWN_ACCOUNTS_MAX))
		return false;
	for (size_t i = 0; i < cookie.n; i++) {
		char c = cookie.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		            c == '_'))
			return false;
	}
	return true;
}

static void seal(struct str secret, struct str name, const struct known_account *of, char out[KNOWN_PART_LEN + 1])
{
	unsigned char key[crypto_generichash_KEYBYTES], sum[SEAL_BYTES];
	crypto_generichash_state state;
	crypto_generichash(key, sizeof key, (const unsigned char *)PURPOSE, sizeof PURPOSE - 1,
	        (const unsigned char *)secret.p, secret.n);
	crypto_generichash_init(&state, key, sizeof key, sizeof sum);
	crypto_generichash_update(&state, (const unsigned char *)name.p, name.n);
	crypto_generichash_update(&state, (const unsigned char *)&of->person, sizeof of->person);
	crypto_generichash_update(&state, (const unsigned char *)&of->password_us, sizeof of->password_us);
	crypto_generichash_final(&state, sum, sizeof sum);
	sodium_bin2base64(out, KNOWN_PART_LEN + 1, sum, sizeof sum, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(key, sizeof key);
}

struct str known_find(struct str secret, struct str cookie, const struct known_account *of)
{
	char expected[KNOWN_PART_LEN + 1];
	bool found = false;
	if (!well_formed(cookie))
		return STR_NULL;
	struct str name = str_first(cookie, KNOWN_PART_LEN);
	seal(secret, name, of, expected);
	for (size_t at = KNOWN_PART_LEN; at < cookie.n; at += KNOWN_PART_LEN)
		found |= !sodium_memcmp(cookie.p + at, expected, KNOWN_PART_LEN);
	return found && of->person ? name : STR_NULL;
}

struct str known_add(struct arena *a, struct str secret, struct str cookie, const struct known_account *of)
{
	char fresh[4 * SEAL_BYTES / 3 + 4], first[KNOWN_PART_LEN + 1];
	struct buf b;
	if (!well_formed(cookie)) {
		random_token(fresh, SEAL_BYTES);
		cookie = str_c(fresh);
	}
	struct str name = str_first(cookie, KNOWN_PART_LEN);
	seal(secret, name, of, first);
	buf_arena(&b, a, KNOWN_PART_LEN * (1 + KNOWN_ACCOUNTS_MAX));
	buf_putstr(&b, name);
	buf_putstr(&b, str_c(first));
	for (size_t at = KNOWN_PART_LEN; at < cookie.n && b.len < KNOWN_PART_LEN * (1 + KNOWN_ACCOUNTS_MAX);
	        at += KNOWN_PART_LEN)
		if (sodium_memcmp(cookie.p + at, first, KNOWN_PART_LEN))
			buf_putstr(&b, str_n(cookie.p + at, KNOWN_PART_LEN));
	return buf_str(&b);
}

/* --- of a request ------------------------------------------------------------------------------------------------- */

struct str known_browser(struct web *w, const struct known_account *of)
{
	return known_find(w->ctx->svc->platform->secret, web_cookie(w, COOKIE), of);
}

enum status known_account(struct ctx *ctx, int64_t person, struct known_account *out, struct err *e)
{
	struct identity_password_row *row;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_identity_password(c, person, &row, e));
	*out = (struct known_account){ person, row ? row->updated_at : 0 };
	return ST_OK;
}

enum status known_remember(struct web *w, int64_t person, struct err *e)
{
	struct known_account of;
	TRY(known_account(w->ctx, person, &of, e));
	struct str value = known_add(w->ctx->arena, w->ctx->svc->platform->secret, web_cookie(w, COOKIE), &of);
	web_set_cookie(w,
	        &(struct cookie){ .name = COOKIE,
	                .value = value,
	                .path = "/",
	                .max_age_s = KNOWN_LIFE_S,
	                .http_only = true,
	                .lax = true });
	return ST_OK;
}
