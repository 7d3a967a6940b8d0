/* SPDX-License-Identifier: Apache-2.0
 *
 * Passkeys: a registration and an assertion made here as an authenticator makes them, taken; and with each field wrong, not.
 */
#include <cbor.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "platform/text/json.h"
#include "services/identity/signin/webauthn.h"
#include "unit.h"

static struct arena *a;
static EVP_PKEY *device; /* P-256 */
static const struct webauthn_expected want = { STR_INIT("Y2hhbGxlbmdl"), STR_INIT("https://id.example.org"), STR_INIT("id.example.org") };
static const struct str credential = STR_INIT("credential-number-one");

/* --- an authenticator -------------------------------------------------------------------------------------------- */

struct making {
	const char *type, *challenge, *origin, *rp; /* NULL: as wanted */
	unsigned flags;
	uint32_t count;
	int64_t kty, alg, crv;
	size_t cut; /* bytes left out at the end */
	bool cross, packed;
};

static struct str client_data(const struct making *m, const char *type)
{
	return arena_strf(a, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":%s}", m->type ? m->type : type,
	                  m->challenge ? m->challenge : want.challenge.p, m->origin ? m->origin : want.origin.p, m->cross ? "true" : "false");
}

static struct str auth_data(const struct making *m, struct str attested)
{
	struct buf b;
	unsigned char hash[32], head[5] = { (unsigned char)m->flags, (unsigned char)(m->count >> 24), (unsigned char)(m->count >> 16),
		(unsigned char)(m->count >> 8), (unsigned char)m->count };
	struct str rp = m->rp ? str_c(m->rp) : want.rp_id;
	crypto_hash_sha256(hash, (const unsigned char *)rp.p, rp.n);
	buf_arena(&b, a, 65536);
	buf_put(&b, hash, sizeof hash);
	buf_put(&b, head, sizeof head);
	buf_putstr(&b, attested);
	return buf_str(&b);
}

static void add(cbor_item_t *map, cbor_item_t *key, cbor_item_t *value)
{
	assert_true(cbor_map_add(map, (struct cbor_pair){ .key = cbor_move(key), .value = cbor_move(value) }));
}

static cbor_item_t *number(int64_t n)
{
	return n < 0 ? cbor_build_negint64((uint64_t)(-1 - n)) : cbor_build_uint64((uint64_t)n);
}

static struct str serialized(cbor_item_t *item)
{
	unsigned char *out;
	size_t room, n = cbor_serialize_alloc(item, &out, &room);
	struct str s = arena_str(a, str_n((char *)out, n));
	free(out);
	cbor_decref(&item);
	return s;
}

static struct str cose_key(const struct making *m)
{
	unsigned char point[65];
	size_t n;
	assert_true(EVP_PKEY_get_octet_string_param(device, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n));
	cbor_item_t *map = cbor_new_definite_map(5);
	add(map, number(1), number(m->kty ? m->kty : 2));
	add(map, number(3), number(m->alg ? m->alg : -7));
	add(map, number(-1), number(m->crv ? m->crv : 1));
	add(map, number(-2), cbor_build_bytestring(point + 1, 32));
	add(map, number(-3), cbor_build_bytestring(point + 33, 32));
	return serialized(map);
}

/* What an authenticator says of its make, unasked: a signature and a list with a certificate. */
static cbor_item_t *statement(void)
{
	cbor_item_t *map = cbor_new_definite_map(3), *list = cbor_new_definite_array(1);
	assert_true(cbor_array_push(list, cbor_move(cbor_build_bytestring((cbor_data) "certificate", 11))));
	add(map, cbor_build_string("alg"), number(-7));
	add(map, cbor_build_string("sig"), cbor_build_bytestring((cbor_data) "signature", 9));
	add(map, cbor_build_string("x5c"), list);
	return map;
}

static struct str attestation(const struct making *m)
{
	struct buf b;
	buf_arena(&b, a, 65536);
	buf_put(&b, "0123456789abcdef", 16);
	buf_putc(&b, 0);
	buf_putc(&b, (char)credential.n);
	buf_putstr(&b, credential);
	buf_putstr(&b, cose_key(m));
	struct str data = auth_data(m, buf_str(&b));
	data.n -= m->cut;
	cbor_item_t *map = cbor_new_definite_map(3);
	add(map, cbor_build_string("fmt"), cbor_build_string(m->packed ? "packed" : "none"));
	add(map, cbor_build_string("attStmt"), m->packed ? statement() : cbor_new_definite_map(0));
	add(map, cbor_build_string("authData"), cbor_build_bytestring((cbor_data)data.p, data.n));
	return serialized(map);
}

static struct str sign(struct str data, struct str client)
{
	unsigned char hash[32], *out = arena_alloc(a, 128);
	size_t n = 128;
	crypto_hash_sha256(hash, (const unsigned char *)client.p, client.n);
	char *text = arena_alloc(a, data.n + 32);
	memcpy(text, data.p, data.n);
	memcpy(text + data.n, hash, 32);
	struct str both = str_n(text, data.n + 32);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	assert_true(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, device) == 1 && EVP_DigestSign(c, out, &n, (const unsigned char *)both.p, both.n) == 1);
	EVP_MD_CTX_free(c);
	return str_n((char *)out, n);
}

#define GOOD .flags = 0x45, .count = 1
static enum status registered(const struct making *m, struct webauthn_credential *out)
{
	return webauthn_register(a, &want, client_data(m, "webauthn.create"), attestation(m), out, NULL);
}

static struct str with_more(struct str s)
{
	char *text = arena_zalloc(a, s.n + 1);
	memcpy(text, s.p, s.n);
	return str_n(text, s.n + 1);
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

static void registers(void **state)
{
	struct webauthn_credential made;
	const struct making good = { GOOD };
	assert_int_equal(registered(&(struct making){ GOOD, .packed = true }, &made), ST_OK);
	assert_int_equal(registered(&good, &made), ST_OK);
	assert_true(str_eq(base64url_decode(a, made.id), credential));
	assert_int_equal(made.sign_count, 1);
	const struct making bad[] = {
		{ GOOD, .type = "webauthn.get" }, { GOOD, .challenge = "b3RoZXI" }, { GOOD, .origin = "https://evil.example" }, { GOOD, .origin = "http://id.example.org" },
		{ GOOD, .rp = "evil.example" }, { GOOD, .cross = true }, { .flags = 0x44, .count = 1 }, { .flags = 0x41, .count = 1 }, { .flags = 0x05, .count = 1 },
		{ GOOD, .kty = 1 }, { GOOD, .kty = 4 }, { GOOD, .alg = -37 }, { GOOD, .alg = -65535 }, { GOOD, .crv = 2 }, { GOOD, .cut = 1 }, { GOOD, .cut = 70 },
		{ GOOD, .cut = 100 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (registered(&bad[i], &made) == ST_OK)
			fail_msg("registration %zu was taken", i);
	/* Cut anywhere, and with something behind it. */
	struct str whole = attestation(&good), client = client_data(&good, "webauthn.create");
	for (size_t n = 0; n < whole.n; n++)
		assert_int_not_equal(webauthn_register(a, &want, client, arena_str(a, str_first(whole, n)), &made, NULL), ST_OK);
	assert_int_not_equal(webauthn_register(a, &want, client, with_more(whole), &made, NULL), ST_OK);
	/* More parts than bytes, no definite length, nesting (before the library makes room for any of it). */
	const struct str odd[] = { STR("\x9b\0\0\0\0\x7f\xff\xff\xff\0"), STR("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), STR("\xbf\xff"), STR("\x5f\x41x\xff"),
		STR("\xa1\x01\x81\x81\x81\x81\x81\x81\x81\x81"), STR("\x1c"), STR("\xdb\0") };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		assert_int_equal(webauthn_register(a, &want, client, odd[i], &made, NULL), ST_INVALID);
	assert_int_not_equal(webauthn_register(a, &want, STR("{"), whole, &made, NULL), ST_OK);
	assert_int_not_equal(webauthn_register(a, &want, STR(""), STR(""), &made, NULL), ST_OK);
}

static enum status asserted(const struct making *m, struct str jwk, int64_t kept, int64_t *fresh)
{
	struct str data = auth_data(m, STR("")), client = client_data(m, "webauthn.get");
	data.n -= m->cut;
	return webauthn_assert(a, &want, jwk, kept, client, data, sign(data, client), fresh, NULL);
}

static void asserts(void **state)
{
	struct webauthn_credential made;
	int64_t fresh;
	const struct making good = { .flags = 0x05, .count = 7 }, none = { .flags = 0x05 };
	assert_int_equal(registered(&(struct making){ GOOD }, &made), ST_OK);
	assert_int_equal(asserted(&good, made.jwk, 1, &fresh), ST_OK);
	assert_int_equal(fresh, 7);
	assert_int_not_equal(asserted(&good, made.jwk, 7, &fresh), ST_OK); /* the same count again: a copy */
	assert_int_not_equal(asserted(&good, made.jwk, 8, &fresh), ST_OK);
	assert_int_equal(asserted(&none, made.jwk, 0, &fresh), ST_OK); /* it does not count */
	assert_int_not_equal(asserted(&none, made.jwk, 3, &fresh), ST_OK); /* it did, and does not any more */
	const struct making bad[] = {
		{ .flags = 0x05, .count = 9, .type = "webauthn.create" }, { .flags = 0x05, .count = 9, .challenge = "b3RoZXI" },
		{ .flags = 0x05, .count = 9, .origin = "https://evil.example" }, { .flags = 0x05, .count = 9, .rp = "evil.example" },
		{ .flags = 0x01, .count = 9 }, { .flags = 0x04, .count = 9 }, { .flags = 0x05, .count = 9, .cross = true }, { .flags = 0x05, .count = 9, .cut = 1 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (asserted(&bad[i], made.jwk, 1, &fresh) == ST_OK)
			fail_msg("assertion %zu was taken", i);
	struct str data = auth_data(&good, STR("")), client = client_data(&good, "webauthn.get"), signature = sign(data, client);
	((char *)(uintptr_t)data.p)[36] ^= 1; /* the counter, after signing */
	assert_int_not_equal(webauthn_assert(a, &want, made.jwk, 1, client, data, signature, &fresh, NULL), ST_OK);
	assert_int_not_equal(webauthn_assert(a, &want, made.jwk, 1, client, auth_data(&good, STR("")), STR("short"), &fresh, NULL), ST_OK);
}

static int setup(void **state)
{
	a = arena_new(256 << 20);
	device = EVP_EC_gen("P-256");
	return !a || !device;
}

static int teardown(void **state)
{
	EVP_PKEY_free(device);
	arena_free(a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(registers), cmocka_unit_test(asserts) };
	return cmocka_run_group_tests(tests, setup, teardown);
}
