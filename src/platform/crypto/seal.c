/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/crypto/seal.h"

#include <sodium.h>

#include "platform/crypto/jose.h"

static void key_of(const struct ctx *ctx, const char *purpose, unsigned char key[crypto_secretbox_KEYBYTES])
{
	struct str secret = ctx->svc->platform->secret;
	crypto_generichash(key, crypto_secretbox_KEYBYTES, (const unsigned char *)purpose, strlen(purpose),
	        (const unsigned char *)secret.p, secret.n);
}

struct str auth_seal(struct ctx *ctx, const char *purpose, struct str plain)
{
	unsigned char key[crypto_secretbox_KEYBYTES];
	size_t n = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.n;
	unsigned char *box = arena_alloc(ctx->arena, n);
	key_of(ctx, purpose, key);
	randombytes_buf(box, crypto_secretbox_NONCEBYTES);
	crypto_secretbox_easy(box + crypto_secretbox_NONCEBYTES, (const unsigned char *)plain.p, plain.n, box, key);
	sodium_memzero(key, sizeof key);
	return base64url(ctx->arena, str_n((char *)box, n));
}

enum status auth_unseal(struct ctx *ctx, const char *purpose, struct str sealed, struct str *plain, struct err *e)
{
	unsigned char key[crypto_secretbox_KEYBYTES];
	const size_t extra = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
	struct str box = base64url_decode(ctx->arena, sealed);
	if (!box.p || box.n < extra)
		return err_set(e, ST_CORRUPT, "a sealed secret can not be read");
	char *out = arena_alloc(ctx->arena, box.n - extra + 1);
	key_of(ctx, purpose, key);
	int bad = crypto_secretbox_open_easy((unsigned char *)out,
	        (const unsigned char *)box.p + crypto_secretbox_NONCEBYTES, box.n - crypto_secretbox_NONCEBYTES,
	        (const unsigned char *)box.p, key);
	sodium_memzero(key, sizeof key);
	if (bad)
		return err_set(
		        e, ST_CORRUPT, "a sealed secret can not be opened: was it sealed under another server.secret?");
	out[box.n - extra] = 0;
	*plain = str_n(out, box.n - extra);
	return ST_OK;
}
