/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and raw signatures, on OpenSSL.
 */
#include "platform/crypto/jose_int.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdlib.h>

#define RSA_BITS 2048
#define RSA_BITS_MAX 8192
#define P256_BYTES 32
#define POINT_BYTES (1 + 2 * P256_BYTES)
#define ED_BYTES 32
#define JWK_MAX 4096

struct jose_key { enum jose_alg alg; EVP_PKEY *pkey; };

static struct jose_key *key_of(enum jose_alg alg, EVP_PKEY *pkey, struct err *e)
{
	struct jose_key *k = pkey ? calloc(1, sizeof *k) : NULL;
	if (!k) {
		EVP_PKEY_free(pkey);
		(void)!err_set(e, pkey ? ST_NOMEM : ST_INTERNAL, "a key could not be made");
		return NULL;
	}
	*k = (struct jose_key){ alg, pkey };
	return k;
}

/* Asked by OpenSSL between two attempts at a prime. */
static int go_on(EVP_PKEY_CTX *ctx)
{
	const _Atomic int *give_up = EVP_PKEY_CTX_get_app_data(ctx);
	return !give_up || !*give_up;
}

static EVP_PKEY *rsa_generate(const _Atomic int *give_up)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	if (ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, RSA_BITS) == 1) {
		EVP_PKEY_CTX_set_app_data(ctx, (void *)give_up);
		EVP_PKEY_CTX_set_cb(ctx, go_on);
		if (EVP_PKEY_keygen(ctx, &key) != 1)
			key = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return key;
}

struct jose_key *jose_key_generate(enum jose_alg alg, const _Atomic int *give_up, struct err *e)
{
	switch (alg) {
	case JOSE_ES256: return key_of(alg, EVP_EC_gen("P-256"), e);
	case JOSE_EDDSA: return key_of(alg, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), e);
	default:
		break;
	}
	EVP_PKEY *rsa = rsa_generate(give_up);
	if (rsa || !give_up || !*give_up)
		return key_of(alg, rsa, e);
	(void)!err_set(e, ST_CANCELLED, "the making of a key was given up");
	return NULL;
}

void jose_key_free(struct jose_key *k)
{
	if (k)
		EVP_PKEY_free(k->pkey);
	free(k);
}

enum jose_alg jose_key_alg(const struct jose_key *k)
{
	return k->alg;
}

enum status jose_key_private(const struct jose_key *k, struct arena *a, struct str *der, struct err *e)
{
	unsigned char *out = NULL;
	int n = i2d_PrivateKey(k->pkey, &out);
	if (n <= 0)
		return err_set(e, ST_INTERNAL, "a private key could not be written");
	*der = arena_str(a, str_n((char *)out, (size_t)n));
	OPENSSL_clear_free(out, (size_t)n);
	return ST_OK;
}

static bool key_fits(enum jose_alg alg, const EVP_PKEY *pkey)
{
	char group[64];
	size_t n;
	switch (alg) {
	case JOSE_ES256:
		return EVP_PKEY_is_a(pkey, "EC") &&
		        EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n) &&
		        !strcmp(group, "prime256v1");
	case JOSE_EDDSA:
		return EVP_PKEY_is_a(pkey, "ED25519");
	default:
		return EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) >= RSA_BITS &&
		        EVP_PKEY_get_bits(pkey) <= RSA_BITS_MAX;
	}
}

struct jose_key *jose_key_from_private(enum jose_alg alg, struct str der, struct err *e)
{
	const unsigned char *at = (const unsigned char *)der.p;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)der.n);
	if (!pkey || !key_fits(alg, pkey)) {
		EVP_PKEY_free(pkey);
		(void)!err_set(e, ST_CORRUPT, "a stored key can not be read");
		return NULL;
	}
	return key_of(alg, pkey, e);
}

/* --- as JWK ------------------------------------------------------------------------------------------------- */

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!params || !c || EVP_PKEY_fromdata_init(c) <= 0 ||
	        EVP_PKEY_fromdata(c, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		pkey = NULL;
	EVP_PKEY_CTX_free(c);
	OSSL_PARAM_free(params);
	return pkey;
}

static bool public_ok(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *c = pkey ? EVP_PKEY_CTX_new(pkey, NULL) : NULL;
	bool ok = c && EVP_PKEY_public_check(c) == 1;
	EVP_PKEY_CTX_free(c);
	return ok;
}

static EVP_PKEY *ec_of(struct str x, struct str y)
{
	unsigned char point[POINT_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	if (x.n != P256_BYTES || y.n != P256_BYTES)
		return NULL;
	memcpy(point + 1, x.p, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y.p, P256_BYTES);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = b && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	                OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point)
	        ? from_params("EC", b)
	        : NULL;
	OSSL_PARAM_BLD_free(b);
	return pkey;
}

static EVP_PKEY *rsa_of(struct str n_bytes, struct str e_bytes)
{
	if (n_bytes.n < RSA_BITS / 8 || n_bytes.n > RSA_BITS_MAX / 8 || !e_bytes.n || e_bytes.n > 8)
		return NULL;
	BIGNUM *n = BN_bin2bn((const unsigned char *)n_bytes.p, (int)n_bytes.n, NULL),
	       *e = BN_bin2bn((const unsigned char *)e_bytes.p, (int)e_bytes.n, NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = n && e && b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) &&
	                OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e)
	        ? from_params("RSA", b)
	        : NULL;
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	BN_free(e);
	return pkey;
}

static bool meant_for_signatures(const json_t *jwk, enum jose_alg alg)
{
	const json_t *ops = json_object_get(jwk, "key_ops"), *op;
	struct str use = json_str(jwk, "use"), name = json_str(jwk, "alg");
	bool verifies = !ops;
	size_t i;
	json_array_foreach((json_t *)(uintptr_t)ops, i, op)
		verifies |= json_is_string(op) && !strcmp(json_string_value(op), "verify");
	/* "Ed25519" is the fully specified name (RFC 9864). */
	return verifies && (!use.p || str_eqc(use, "sig")) &&
	       (!name.p || str_eqc(name, jose_alg_names[alg]) || (alg == JOSE_EDDSA && str_eqc(name, "Ed25519")));
}

static struct str member(struct arena *a, const json_t *jwk, const char *name)
{
	struct str s = json_str(jwk, name);
	return s.n && s.n < JWK_MAX ? base64url_decode(a, s) : STR_NULL;
}

static EVP_PKEY *pkey_of(struct arena *a, const json_t *jwk, enum jose_alg *alg)
{
	struct str kty = json_str(jwk, "kty"), crv = json_str(jwk, "crv");
	if (str_eqc(kty, "EC") && str_eqc(crv, "P-256")) {
		*alg = JOSE_ES256;
		return ec_of(member(a, jwk, "x"), member(a, jwk, "y"));
	}
	if (str_eqc(kty, "OKP") && str_eqc(crv, "Ed25519")) {
		struct str x = member(a, jwk, "x");
		*alg = JOSE_EDDSA;
		return x.n == ED_BYTES
		        ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.p, x.n)
		        : NULL;
	}
	*alg = JOSE_RS256;
	return str_eqc(kty, "RSA") ? rsa_of(member(a, jwk, "n"), member(a, jwk, "e")) : NULL;
}

struct jose_key *jose_key_from_jwk(const json_t *jwk, struct err *e)
{
	enum jose_alg alg = JOSE_ES256;
	SCOPED_ARENA *a = arena_new(64 << 10);
	EVP_PKEY *pkey = a && json_is_object(jwk) ? pkey_of(a, jwk, &alg) : NULL;
	if (!pkey || !key_fits(alg, pkey) || (alg != JOSE_EDDSA && !public_ok(pkey)) ||
	    !meant_for_signatures(jwk, alg)) {
		EVP_PKEY_free(pkey);
		(void)!err_set(e, ST_INVALID, "This key is not one for ES256, EdDSA (Ed25519) or RS256 signatures.");
		return NULL;
	}
	return key_of(alg, pkey, e);
}

static struct str encoded(struct arena *a, const void *p, size_t n)
{
	return base64url(a, str_n(p, n));
}

static struct str bn_param(const struct jose_key *k, struct arena *a, const char *name)
{
	BIGNUM *bn = NULL;
	struct str out = STR_NULL;
	if (EVP_PKEY_get_bn_param(k->pkey, name, &bn)) {
		size_t n = (size_t)BN_num_bytes(bn);
		unsigned char *raw = arena_alloc(a, n + 1);
		BN_bn2bin(bn, raw);
		out = encoded(a, raw, n);
	}
	BN_free(bn);
	return out;
}

/* Members in the order of RFC 7638 3.3, so that this text is what a thumbprint hashes. */
static bool put_jwk(const struct jose_key *k, struct arena *a, struct buf *b)
{
	unsigned char raw[POINT_BYTES];
	size_t n = sizeof raw;
	switch (k->alg) {
	case JOSE_ES256:
		if (!EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &n) ||
		        n != POINT_BYTES)
			return false;
		buf_printf(b, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\"",
		        STR_ARG(encoded(a, raw + 1, P256_BYTES)));
		buf_printf(b, ",\"y\":\"%.*s\"}", STR_ARG(encoded(a, raw + 1 + P256_BYTES, P256_BYTES)));
		return true;
	case JOSE_EDDSA:
		if (!EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) || n != ED_BYTES)
			return false;
		buf_printf(b, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%.*s\"}", STR_ARG(encoded(a, raw, n)));
		return true;
	default: {
		struct str modulus = bn_param(k, a, OSSL_PKEY_PARAM_RSA_N),
		           exponent = bn_param(k, a, OSSL_PKEY_PARAM_RSA_E);
		buf_printf(b, "{\"e\":\"%.*s\",\"kty\":\"RSA\",\"n\":\"%.*s\"}", STR_ARG(exponent), STR_ARG(modulus));
		return modulus.p && exponent.p;
	}
	}
}

enum status jose_key_jwk(const struct jose_key *k, struct buf *out, struct err *e)
{
	SCOPED_ARENA *a = arena_new(64 << 10);
	return a && put_jwk(k, a, out) ? ST_OK : err_set(e, ST_INTERNAL, "a key can not be shown");
}

enum status jose_key_thumbprint(const struct jose_key *k, char out[JOSE_THUMBPRINT_LEN + 1], struct err *e)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	SCOPED_ARENA *a = arena_new(64 << 10);
	struct buf b;
	if (!a)
		return err_set(e, ST_NOMEM, "no memory for a thumbprint");
	buf_arena(&b, a, JWK_MAX);
	if (!put_jwk(k, a, &b))
		return err_set(e, ST_INTERNAL, "a key can not be shown");
	crypto_hash_sha256(hash, (const unsigned char *)b.data, b.len);
	sodium_bin2base64(out, JOSE_THUMBPRINT_LEN + 1, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return ST_OK;
}

/* --- signatures --------------------------------------------------------------------------------------------- */

static void md_free(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}
#define SCOPED_MD __attribute__((cleanup(md_free))) EVP_MD_CTX

static const EVP_MD *digest_of(enum jose_alg alg)
{
	return alg == JOSE_EDDSA ? NULL : EVP_sha256();
}

static bool to_raw(struct arena *a, struct str der, struct str *raw)
{
	const unsigned char *at = (const unsigned char *)der.p;
	unsigned char *out = arena_alloc(a, 2 * P256_BYTES);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
	bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, P256_BYTES) == P256_BYTES &&
	          BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + P256_BYTES, P256_BYTES) == P256_BYTES;
	ECDSA_SIG_free(sig);
	*raw = str_n((char *)out, 2 * P256_BYTES);
	return ok;
}

enum status jose_key_sign(
        const struct jose_key *k, struct arena *a, struct str input, struct str *signature, struct err *e)
{
	size_t n = 0;
	unsigned char *out = NULL;
	const unsigned char *in = (const unsigned char *)input.p;
	SCOPED_MD *c = EVP_MD_CTX_new();
	bool ok = c && EVP_DigestSignInit(c, NULL, digest_of(k->alg), NULL, k->pkey) == 1 &&
	        EVP_DigestSign(c, NULL, &n, in, input.n) == 1;
	if (ok) {
		out = arena_alloc(a, n);
		ok = EVP_DigestSign(c, out, &n, in, input.n) == 1;
	}
	*signature = str_n((char *)out, n);
	if (ok && k->alg == JOSE_ES256)
		ok = to_raw(a, *signature, signature);
	return ok ? ST_OK : err_set(e, ST_INTERNAL, "signing failed");
}

static unsigned char *to_der(struct str raw, int *n)
{
	unsigned char *der = NULL;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn((const unsigned char *)raw.p, P256_BYTES, NULL),
	       *s = BN_bin2bn((const unsigned char *)raw.p + P256_BYTES, P256_BYTES, NULL);
	if (sig && r && s && ECDSA_SIG_set0(sig, r, s)) {
		*n = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return der;
}

bool jose_key_verify_der(const struct jose_key *k, struct str input, struct str signature)
{
	SCOPED_MD *c = EVP_MD_CTX_new();
	return c && EVP_DigestVerifyInit(c, NULL, digest_of(k->alg), NULL, k->pkey) == 1 &&
	        EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n, (const unsigned char *)input.p,
	                input.n) == 1;
}

bool jose_key_verify(const struct jose_key *k, struct str input, struct str signature)
{
	int n = 0;
	if (k->alg != JOSE_ES256)
		return jose_key_verify_der(k, input, signature);
	unsigned char *der = signature.n == 2 * P256_BYTES ? to_der(signature, &n) : NULL;
	bool ok = der && n > 0 && jose_key_verify_der(k, input, str_n((char *)der, (size_t)n));
	OPENSSL_free(der);
	return ok;
}
