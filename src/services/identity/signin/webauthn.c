/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/webauthn.h"

#include <cbor.h>
#include <sodium.h>

#include "platform/text/json.h"

#define RP_HASH 32
#define HEAD (RP_HASH + 1 + 4)
#define AAGUID 16
#define CBOR_DEPTH 8
#define NUMBER_MAX 1024 /* bytes of one of a key: RSA of 8192 bits */
enum { FLAG_PRESENT = 1, FLAG_VERIFIED = 4, FLAG_ATTESTED = 64 };
enum {
	COSE_KTY = 1,
	COSE_ALG = 3,
	COSE_CRV = -1,
	COSE_X = -2,
	COSE_Y = -3
};                                                                  /* for RSA: n = -1, e = -2 (RFC 8152, 8230) */
enum { KIND_BYTES = 2, KIND_TEXT, KIND_ARRAY, KIND_MAP, KIND_TAG }; /* major types of CBOR (RFC 8949 3.1) */
enum { COSE_ES256 = -7, COSE_EDDSA = -8, COSE_RS256 = -257 };

static enum status passkey_bad(struct err *e, const char *what)
{
	return err_set(e, ST_INVALID, "This passkey could not be taken: %s.", what);
}

/* --- client data (5.8.1) ---------------------------------------------------------------------------------------- */

struct str webauthn_challenge(struct arena *a, struct str client_data)
{
	SCOPED_JSON *j = client_data.n <= WEBAUTHN_DATA_MAX ? json_parse(client_data, 8, NULL) : NULL;
	struct str s = json_str(j, "challenge");
	return s.p ? arena_str(a, s) : STR_NULL;
}

static enum status check_client(
        const struct webauthn_expected *x, struct str client_data, const char *type, struct err *e)
{
	SCOPED_JSON *j = client_data.n <= WEBAUTHN_DATA_MAX ? json_parse(client_data, 8, NULL) : NULL;
	if (!json_is_object(j))
		return passkey_bad(e, "what the browser said can not be read");
	if (!str_eqc(json_str(j, "type"), type))
		return passkey_bad(e, "it answers another question");
	if (!str_eq(json_str(j, "challenge"), x->challenge))
		return passkey_bad(e, "it answers an older question");
	if (!str_eq(json_str(j, "origin"), x->origin) || json_is_true(json_object_get(j, "crossOrigin")))
		return passkey_bad(e, "it was asked for by another site");
	return ST_OK;
}

/* --- authenticator data (6.1) ------------------------------------------------------------------------------------ */

struct auth_data { unsigned flags; int64_t sign_count; struct str credential_id, key; };

static enum status read_auth_data(
        const struct webauthn_expected *x, struct str data, struct auth_data *out, struct err *e)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	const unsigned char *p = (const unsigned char *)data.p;
	if (data.n < HEAD || data.n > WEBAUTHN_DATA_MAX)
		return passkey_bad(e, "the authenticator's answer is too short or too long");
	crypto_hash_sha256(hash, (const unsigned char *)x->rp_id.p, x->rp_id.n);
	if (sodium_memcmp(hash, p, RP_HASH))
		return passkey_bad(e, "it belongs to another site");
	*out = (struct auth_data){ .flags = p[RP_HASH],
		.sign_count = (int64_t)p[33] << 24 | p[34] << 16 | p[35] << 8 | p[36] };
	if (!(out->flags & FLAG_PRESENT) || !(out->flags & FLAG_VERIFIED))
		return passkey_bad(e, "the authenticator did not check who you are");
	if (!(out->flags & FLAG_ATTESTED))
		return ST_OK;
	if (data.n < HEAD + AAGUID + 2)
		return passkey_bad(e, "the authenticator's answer is cut off");
	size_t id_n = (size_t)p[HEAD + AAGUID] << 8 | p[HEAD + AAGUID + 1], at = HEAD + AAGUID + 2;
	if (!id_n || id_n > WEBAUTHN_ID_MAX || id_n >= data.n - at)
		return passkey_bad(e, "the key's name is too long");
	out->credential_id = str_n(data.p + at, id_n);
	out->key = str_skip(data, at + id_n);
	return ST_OK;
}

/* --- CBOR ------------------------------------------------------------------------------------------------------- */

static void decref(cbor_item_t **item)
{
	if (*item)
		cbor_decref(item);
}
#define SCOPED_CBOR __attribute__((cleanup(decref))) cbor_item_t

/* Are the lengths of the first item definite and within text, and its nesting modest (CTAP 2.1, 8)? libcbor would first
   make room for whatever number of parts ten bytes claim. */
static bool bounded(struct str text)
{
	uint64_t left[CBOR_DEPTH] = { 1 }; /* items to come, by level */
	unsigned depth = 0;
	for (const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;;) {
		while (!left[depth])
			if (!depth--)
				return true;
		left[depth]--;
		if (p == end)
			return false;
		unsigned kind = *p >> 5, low = *p & 31;
		uint64_t n = low;
		p++;
		if (low >= 24) {
			size_t wide = low > 27 ? SIZE_MAX : (size_t)1 << (low - 24);
			if (wide > (size_t)(end - p))
				return false;
			for (n = 0; wide; wide--)
				n = n << 8 | *p++;
		}
		if (kind < KIND_BYTES || kind > KIND_TAG)
			continue;
		if (kind != KIND_TAG && n > (size_t)(end - p))
			return false;
		if (kind <= KIND_TEXT)
			p += n;
		else if (++depth == CBOR_DEPTH)
			return false;
		else
			left[depth] = kind == KIND_ARRAY ? n : kind == KIND_MAP ? 2 * n : 1;
	}
}

/* The first item of text; *used its bytes. NULL: none that is whole. */
static cbor_item_t *cbor_item_load(struct str text, size_t *used)
{
	struct cbor_load_result r;
	if (!bounded(text))
		return NULL;
	cbor_item_t *item = cbor_load((const unsigned char *)text.p, text.n, &r);
	*used = r.read;
	if (item && r.error.code == CBOR_ERR_NONE)
		return item;
	decref(&item);
	return NULL;
}

static bool is_int(const cbor_item_t *item, int64_t *out)
{
	if (!item || !cbor_is_int(item) || cbor_get_int(item) > INT64_MAX)
		return false;
	*out = cbor_isa_negint(item) ? -1 - (int64_t)cbor_get_int(item) : (int64_t)cbor_get_int(item);
	return true;
}

static const cbor_item_t *by_number(const cbor_item_t *map, int64_t key)
{
	int64_t n;
	for (size_t i = 0; i < cbor_map_size(map); i++)
		if (is_int(cbor_map_handle(map)[i].key, &n) && n == key)
			return cbor_map_handle(map)[i].value;
	return NULL;
}

static const cbor_item_t *by_name(const cbor_item_t *map, const char *key)
{
	for (size_t i = 0; i < cbor_map_size(map); i++) {
		const cbor_item_t *k = cbor_map_handle(map)[i].key;
		if (cbor_isa_string(k) && cbor_string_is_definite(k) &&
		        str_eqc(str_n((char *)cbor_string_handle(k), cbor_string_length(k)), key))
			return cbor_map_handle(map)[i].value;
	}
	return NULL;
}

static struct str bytes_of(const cbor_item_t *item)
{
	return item && cbor_isa_bytestring(item) && cbor_bytestring_is_definite(item)
	               ? str_n((char *)cbor_bytestring_handle(item), cbor_bytestring_length(item)) : STR_NULL;
}

/* A COSE key as JWK, of the three kinds that were asked for. */
static struct str jwk_of(struct arena *a, const cbor_item_t *map)
{
	int64_t kty, alg, crv = 0;
	if (!is_int(by_number(map, COSE_KTY), &kty) || !is_int(by_number(map, COSE_ALG), &alg))
		return STR_NULL;
	struct str x = bytes_of(by_number(map, COSE_X)), y = bytes_of(by_number(map, COSE_Y)),
	           n = bytes_of(by_number(map, COSE_CRV));
	if (!x.p || x.n > NUMBER_MAX || y.n > NUMBER_MAX || n.n > NUMBER_MAX)
		return STR_NULL;
	(void)!is_int(by_number(map, COSE_CRV), &crv);
	if (kty == 2 && alg == COSE_ES256 && crv == 1 && y.p)
		return arena_strf(a, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
		        STR_ARG(base64url(a, x)), STR_ARG(base64url(a, y)));
	if (kty == 1 && alg == COSE_EDDSA && crv == 6)
		return arena_strf(a, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"}", STR_ARG(base64url(a, x)));
	if (kty == 3 && alg == COSE_RS256 && n.p)
		return arena_strf(a, "{\"kty\":\"RSA\",\"n\":\"%.*s\",\"e\":\"%.*s\"}", STR_ARG(base64url(a, n)),
		        STR_ARG(base64url(a, x)));
	return STR_NULL;
}

static struct jose_key *key_of(struct str jwk, struct err *e)
{
	SCOPED_JSON *j = json_parse(jwk, 2, e);
	return j ? jose_key_from_jwk(j, e) : NULL;
}

/* --- the two ceremonies ------------------------------------------------------------------------------------------- */

enum status webauthn_register(struct arena *a, const struct webauthn_expected *x, struct str client_data,
        struct str attestation, struct webauthn_credential *out, struct err *e)
{
	struct auth_data d;
	size_t used;
	TRY(check_client(x, client_data, "webauthn.create", e));
	SCOPED_CBOR *object =
	        attestation.n && attestation.n <= WEBAUTHN_DATA_MAX ? cbor_item_load(attestation, &used) : NULL;
	if (!object || used != attestation.n || !cbor_isa_map(object))
		return passkey_bad(e, "the authenticator's answer can not be read");
	struct str raw = bytes_of(by_name(object, "authData"));
	if (!raw.p)
		return passkey_bad(e, "the authenticator's answer can not be read");
	TRY(read_auth_data(x, raw, &d, e));
	SCOPED_CBOR *cose = d.key.n ? cbor_item_load(d.key, &used) : NULL;
	if (!cose || !cbor_isa_map(cose))
		return passkey_bad(e, "there is no key in it");
	out->jwk = jwk_of(a, cose);
	struct jose_key *k = out->jwk.p ? key_of(out->jwk, NULL) : NULL;
	if (!k)
		return passkey_bad(e, "its kind of key is not known here");
	jose_key_free(k);
	out->id = base64url(a, d.credential_id);
	out->sign_count = d.sign_count;
	return ST_OK;
}

enum status webauthn_assert(struct arena *a, const struct webauthn_expected *x, struct str jwk, int64_t sign_count,
        struct str client_data, struct str auth_data, struct str signature, int64_t *fresh, struct err *e)
{
	struct auth_data d;
	TRY(check_client(x, client_data, "webauthn.get", e));
	TRY(read_auth_data(x, auth_data, &d, e));
	struct jose_key *k = key_of(jwk, e);
	if (!k)
		return passkey_bad(e, "the key that is kept can not be read");
	/* What is signed (7.2, step 20). */
	char *signed_text = arena_alloc(a, auth_data.n + crypto_hash_sha256_BYTES);
	memcpy(signed_text, auth_data.p, auth_data.n);
	crypto_hash_sha256(
	        (unsigned char *)signed_text + auth_data.n, (const unsigned char *)client_data.p, client_data.n);
	bool good = jose_key_verify_der(k, str_n(signed_text, auth_data.n + crypto_hash_sha256_BYTES), signature);
	jose_key_free(k);
	if (!good)
		return passkey_bad(e, "its signature does not fit");
	if ((d.sign_count || sign_count) && d.sign_count <= sign_count)
		return passkey_bad(e, "its counter went back, as if it had been copied");
	*fresh = d.sign_count;
	return ST_OK;
}
