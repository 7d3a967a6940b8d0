/* SPDX-License-Identifier: Apache-2.0 */
#include "authenticator.h"

#include <cbor.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define REQUIRE(cond)      \
	do {               \
		if (!(cond)) \
			abort(); \
	} while (0)

void authenticator_init(struct authenticator *au)
{
	au->device = EVP_EC_gen("P-256");
	REQUIRE(au->device);
}

void authenticator_fini(struct authenticator *au)
{
	EVP_PKEY_free(au->device);
}

struct str authenticator_client_data(
        const struct authenticator *au, const struct authenticator_answer *m, const char *type)
{
	return arena_strf(au->a, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":%s}",
	        m->type ? m->type : type, m->challenge ? m->challenge : au->want.challenge.p,
	        m->origin ? m->origin : au->want.origin.p, m->cross ? "true" : "false");
}

struct str authenticator_data(const struct authenticator *au, const struct authenticator_answer *m, struct str attested)
{
	struct buf b;
	unsigned char hash[32],
	        head[5] = { (unsigned char)m->flags, (unsigned char)(m->count >> 24), (unsigned char)(m->count >> 16),
		        (unsigned char)(m->count >> 8), (unsigned char)m->count };
	struct str rp = m->rp ? str_c(m->rp) : au->want.rp_id;
	crypto_hash_sha256(hash, (const unsigned char *)rp.p, rp.n);
	buf_arena(&b, au->a, 65536);
	buf_put(&b, hash, sizeof hash);
	buf_put(&b, head, sizeof head);
	buf_putstr(&b, attested);
	return buf_str(&b);
}

static void add(cbor_item_t *map, cbor_item_t *key, cbor_item_t *value)
{
	REQUIRE(cbor_map_add(map, (struct cbor_pair){ .key = cbor_move(key), .value = cbor_move(value) }));
}

static cbor_item_t *number(int64_t n)
{
	return n < 0 ? cbor_build_negint64((uint64_t)(-1 - n)) : cbor_build_uint64((uint64_t)n);
}

static struct str serialized(const struct authenticator *au, cbor_item_t *item)
{
	unsigned char *out;
	size_t room, n = cbor_serialize_alloc(item, &out, &room);
	struct str s = arena_str(au->a, str_n((char *)out, n));
	free(out);
	cbor_decref(&item);
	return s;
}

static struct str cose_key(const struct authenticator *au, const struct authenticator_answer *m)
{
	unsigned char point[65];
	size_t n;
	REQUIRE(EVP_PKEY_get_octet_string_param(au->device, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n));
	cbor_item_t *map = cbor_new_definite_map(5);
	add(map, number(1), number(m->kty ? m->kty : 2));
	add(map, number(3), number(m->alg ? m->alg : -7));
	add(map, number(-1), number(m->crv ? m->crv : 1));
	add(map, number(-2), cbor_build_bytestring(point + 1, 32));
	add(map, number(-3), cbor_build_bytestring(point + 33, 32));
	return serialized(au, map);
}

/* What an authenticator says of its make, unasked: a signature and a list with a certificate. */
static cbor_item_t *statement(void)
{
	cbor_item_t *map = cbor_new_definite_map(3), *list = cbor_new_definite_array(1);
	REQUIRE(cbor_array_push(list, cbor_move(cbor_build_bytestring((cbor_data) "certificate", 11))));
	add(map, cbor_build_string("alg"), number(-7));
	add(map, cbor_build_string("sig"), cbor_build_bytestring((cbor_data) "signature", 9));
	add(map, cbor_build_string("x5c"), list);
	return map;
}

struct str authenticator_attestation(const struct authenticator *au, const struct authenticator_answer *m)
{
	struct buf b;
	buf_arena(&b, au->a, 65536);
	buf_put(&b, "0123456789abcdef", 16);
	buf_putc(&b, (char)(au->credential.n >> 8));
	buf_putc(&b, (char)au->credential.n);
	buf_putstr(&b, au->credential);
	buf_putstr(&b, cose_key(au, m));
	struct str data = authenticator_data(au, m, buf_str(&b));
	data.n -= m->cut;
	cbor_item_t *map = cbor_new_definite_map(3);
	add(map, cbor_build_string("fmt"), cbor_build_string(m->packed ? "packed" : "none"));
	add(map, cbor_build_string("attStmt"), m->packed ? statement() : cbor_new_definite_map(0));
	add(map, cbor_build_string("authData"), cbor_build_bytestring((cbor_data)data.p, data.n));
	return serialized(au, map);
}

struct str authenticator_sign(const struct authenticator *au, struct str data, struct str client)
{
	unsigned char hash[32], *out = arena_alloc(au->a, 128);
	size_t n = 128;
	crypto_hash_sha256(hash, (const unsigned char *)client.p, client.n);
	char *text = arena_alloc(au->a, data.n + 32);
	memcpy(text, data.p, data.n);
	memcpy(text + data.n, hash, 32);
	struct str both = str_n(text, data.n + 32);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	REQUIRE(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, au->device) == 1 &&
	        EVP_DigestSign(c, out, &n, (const unsigned char *)both.p, both.n) == 1);
	EVP_MD_CTX_free(c);
	return str_n((char *)out, n);
}
