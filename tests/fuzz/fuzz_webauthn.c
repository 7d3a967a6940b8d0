/* SPDX-License-Identifier: Apache-2.0
 * Passkeys as a hostile browser sends them. First byte: 'c' client data, 'a' an attestation object, 'k' the COSE key
 * inside a good one, 'd' authenticator data, signed here with a key that was registered: taken exactly if an oracle of
 * its bytes says so. */
#include "fuzz.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "services/identity/signin/webauthn.h"

#define RP "id.example.org"
#define KEPT 6 /* the count so far */

static const struct webauthn_expected want = { STR_INIT("Y2hhbGxlbmdl"), STR_INIT("https://" RP), STR_INIT(RP) };
#define CLIENT(type) STR("{\"type\":\"webauthn." type "\",\"challenge\":\"Y2hhbGxlbmdl\",\"origin\":\"https://" RP "\",\"crossOrigin\":false}")

static EVP_PKEY *device;
static char device_jwk[512];
static unsigned char rp_hash[crypto_hash_sha256_BYTES];

static void set_up(struct arena *a)
{
	struct str der;
	struct buf b;
	struct jose_key *k = jose_key_generate(JOSE_ES256, NULL, NULL);
	FUZZ_ASSERT(k && jose_key_private(k, a, &der, NULL) == ST_OK);
	const unsigned char *at = (const unsigned char *)der.p;
	device = d2i_AutoPrivateKey(NULL, &at, (long)der.n);
	buf_arena(&b, a, sizeof device_jwk - 1);
	FUZZ_ASSERT(device && jose_key_jwk(k, &b, NULL) == ST_OK);
	memcpy(device_jwk, b.data, b.len);
	jose_key_free(k);
	crypto_hash_sha256(rp_hash, (const unsigned char *)RP, strlen(RP));
}

/* --- registrations ------------------------------------------------------------------------------------------------ */

static void try_registration(struct arena *a, struct str client, struct str attestation)
{
	struct webauthn_credential one, two;
	enum status s = webauthn_register(a, &want, client, attestation, &one, NULL);
	FUZZ_ASSERT(s == ST_OK || s == ST_INVALID);
	if (s != ST_OK)
		return;
	SCOPED_JSON *j = json_parse(one.jwk, 2, NULL);
	struct jose_key *k = jose_key_from_jwk(j, NULL);
	struct str id = base64url_decode(a, one.id);
	/* OpenSSL looks at an RSA modulus with random numbers: what is no product of two primes is found out at one
	 * time and not at another. */
	FUZZ_ASSERT((k || str_find(one.jwk, STR("RSA")) >= 0) && id.n && id.n <= WEBAUTHN_ID_MAX &&
	        one.sign_count >= 0 && one.sign_count <= UINT32_MAX);
	if (webauthn_register(a, &want, client, attestation, &two, NULL) == ST_OK)
		FUZZ_ASSERT(str_eq(one.id, two.id) && str_eq(one.jwk, two.jwk));
	else
		FUZZ_ASSERT(str_find(one.jwk, STR("RSA")) >= 0);
	jose_key_free(k);
}

/* {"authData": hash, flags, count, model, name, key} */
static struct str attestation_of(struct arena *a, struct str key)
{
	static const char name[] = "credential";
	struct buf b;
	size_t n = sizeof rp_hash + 5 + 16 + 2 + sizeof name - 1 + key.n;
	buf_arena(&b, a, 65536);
	BUF_LIT(&b, "\xa1\x68" "authData" "\x59");
	buf_putc(&b, (char)(n >> 8));
	buf_putc(&b, (char)n);
	buf_put(&b, rp_hash, sizeof rp_hash);
	buf_put(&b, "\x45\0\0\0\1" "0123456789abcdef\0", 22);
	buf_putc(&b, sizeof name - 1);
	buf_put(&b, name, sizeof name - 1);
	buf_putstr(&b, key);
	return buf_str(&b);
}

static void try_client(struct arena *a, struct str client)
{
	/* A P-256 key, of RFC 7515 A.3. */
	static const char key[] = "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20\x7f\xcd\xce\x27\x70\xf6\xc4\x5d\x41\x83\xcb"
	                          "\xee\x6f\xdb\x4b\x7b\x58\x07\x33\x35\x7b\xe9\xef"
	                          "\x13\xba\xcf\x6e\x3c\x7b\xd1\x54\x45\x22\x58\x20\xc7\xf1\x44\xcd\x1b\xbd\x9b\x7e\x87"
	                          "\x2c\xdf\xed\xb9\xee\xb9\xf4\xb3\x69\x5d\x6e\xa9\x0b\x24\xad"
	                          "\x8a\x46\x23\x28\x85\x88\xe5\xad";
	struct str challenge = webauthn_challenge(a, client);
	struct webauthn_credential made;
	FUZZ_ASSERT(!challenge.p || str_utf8_valid(challenge));
	FUZZ_ASSERT(webauthn_register(a, &want, CLIENT("create"), attestation_of(a, str_n(key, sizeof key - 1)), &made,
	                    NULL) == ST_OK);
	if (webauthn_register(a, &want, client, attestation_of(a, str_n(key, sizeof key - 1)), &made, NULL) == ST_OK)
		FUZZ_ASSERT(str_eq(challenge, want.challenge));
}

/* --- assertions --------------------------------------------------------------------------------------------------- */

static struct str signature_of(struct arena *a, struct str data, struct str client)
{
	unsigned char *text = arena_alloc(a, data.n + crypto_hash_sha256_BYTES), *out = arena_alloc(a, 128);
	size_t n = 128;
	if (data.n)
		memcpy(text, data.p, data.n);
	crypto_hash_sha256(text + data.n, (const unsigned char *)client.p, client.n);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	FUZZ_ASSERT(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, device) == 1);
	FUZZ_ASSERT(EVP_DigestSign(c, out, &n, text, data.n + crypto_hash_sha256_BYTES) == 1);
	EVP_MD_CTX_free(c);
	return str_n((char *)out, n);
}

/* Web Authentication 6.1, read a second time. */
static bool good(struct str data, uint32_t *count)
{
	const unsigned char *p = (const unsigned char *)data.p;
	if (data.n < 37 || data.n > WEBAUTHN_DATA_MAX || memcmp(p, rp_hash, sizeof rp_hash) != 0 || (p[32] & 5) != 5)
		return false;
	*count = (uint32_t)p[33] << 24 | (uint32_t)p[34] << 16 | (uint32_t)p[35] << 8 | p[36];
	if (p[32] & 64) {
		size_t id = data.n < 55 ? 0 : (size_t)p[53] << 8 | p[54];
		if (!id || id > WEBAUTHN_ID_MAX || data.n <= 55 + id)
			return false;
	}
	return *count > KEPT;
}

static void try_assertion(struct arena *a, struct str data)
{
	int64_t fresh = -1;
	uint32_t count = 0;
	struct str client = CLIENT("get"), signature = signature_of(a, data, client);
	bool taken = webauthn_assert(a, &want, str_c(device_jwk), KEPT, client, data, signature, &fresh, NULL) == ST_OK;
	FUZZ_ASSERT(taken == good(data, &count) && (!taken || fresh == (int64_t)count));
	/* One bit of the signature, and what it is over. */
	((char *)(uintptr_t)signature.p)[signature.n - 1] ^= 1;
	FUZZ_ASSERT(webauthn_assert(a, &want, str_c(device_jwk), KEPT, client, data, signature, &fresh, NULL) != ST_OK);
	FUZZ_ASSERT(webauthn_assert(a, &want, str_c(device_jwk), KEPT, client, data, data, &fresh, NULL) != ST_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA *a = arena_new((size_t)4 << 20);
	if (!device)
		set_up(a);
	if (!n)
		return 0;
	struct str rest = str_n((const char *)data + 1, n - 1);
	switch (data[0]) {
	case 'c': try_client(a, rest); break;
	case 'a': try_registration(a, CLIENT("create"), rest); break;
	case 'k': try_registration(a, CLIENT("create"), attestation_of(a, rest)); break;
	case 'd': try_assertion(a, rest); break;
	default: break;
	}
	return 0;
}
