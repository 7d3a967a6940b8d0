/* SPDX-License-Identifier: Apache-2.0
 * Signed tokens and keys as strangers send them: client assertions, DPoP proofs, ID token hints, JWKs. First byte: 't'
 * a token, 'r' its header, payload and signature as lines before they are encoded, 'k' a key. Nothing that was not
 * signed verifies, one text means one token, and what is shown of a key reads back as the same key. */
#include "fuzz.h"

#include "base/clock.h"
#include "platform/crypto/jose_int.h"

#define NOW_S 1300819000 /* when RFC 7515's example is good */

/* The keys of RFC 7515 A.2 (2048 bits), A.3 and RFC 8037 A.2; 'signed': what their owners signed, in the corpus. */
static const struct { const char *jwk, *signed_input; } known[] = {
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_"
	  "FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
	        "eyJhbGciOiJFUzI1NiJ9."
	        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" },
	{ "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
	  "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs"
	  "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
	  "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT"
	  "6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
	        "eyJhbGciOiJSUzI1NiJ9."
	        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" },
	{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}", "" },
};
#define KNOWN (sizeof known / sizeof *known)

static struct jose_key *keys[KNOWN], *ours;

static void set_up(void)
{
	clock_fake_us(NOW_S * US_PER_S);
	ours = jose_key_generate(JOSE_EDDSA, NULL, NULL);
	FUZZ_ASSERT(ours);
	for (size_t i = 0; i < KNOWN; i++) {
		SCOPED_JSON *j = json_parse(str_c(known[i].jwk), JOSE_DEPTH, NULL);
		keys[i] = jose_key_from_jwk(j, NULL);
		FUZZ_ASSERT(keys[i]);
	}
}

static void try_key(struct arena *a, const json_t *jwk, const struct jwt *t)
{
	char print[JOSE_THUMBPRINT_LEN + 1], again[JOSE_THUMBPRINT_LEN + 1];
	struct buf b;
	struct jose_key *k = jose_key_from_jwk(jwk, NULL);
	if (!k)
		return;
	buf_arena(&b, a, 8192);
	FUZZ_ASSERT(jose_key_jwk(k, &b, NULL) == ST_OK && jose_key_thumbprint(k, print, NULL) == ST_OK &&
	        strlen(print) == JOSE_THUMBPRINT_LEN);
	SCOPED_JSON *j = json_parse(buf_str(&b), 2, NULL);
	struct jose_key *same = jose_key_from_jwk(j, NULL);
	if (!same && jose_key_alg(k) == JOSE_RS256) { /* OpenSSL looks at a modulus with random numbers: a bad one is
		                                         not found out each time */
		jose_key_free(k);
		return;
	}
	FUZZ_ASSERT(same && jose_key_alg(same) == jose_key_alg(k) && jose_key_thumbprint(same, again, NULL) == ST_OK &&
	        !strcmp(print, again));
	if (t && jwt_signed_by(t, k))
		FUZZ_ASSERT(t->alg == jose_key_alg(k) && jwt_signed_by(t, same));
	jose_key_free(same);
	jose_key_free(k);
}

static void try_token(struct arena *a, struct str token)
{
	struct jwt t;
	if (jwt_parse(a, token, &t, NULL) != ST_OK) {
		FUZZ_ASSERT(!t.header && !t.payload);
		return;
	}
	FUZZ_ASSERT(token.n <= JOSE_TOKEN_MAX && json_is_object(t.header) && json_is_object(t.payload) &&
	        !json_object_get(t.header, "crit"));
	/* One text for one token: what it says, encoded again, is what was read. */
	FUZZ_ASSERT(str_eq(token, arena_strf(a, "%.*s.%.*s", STR_ARG(t.input), STR_ARG(base64url(a, t.signature)))));
	for (size_t i = 0; i < KNOWN; i++)
		if (jwt_signed_by(&t, keys[i]))
			FUZZ_ASSERT(str_eqc(t.input, known[i].signed_input) && t.alg == jose_key_alg(keys[i]));
	FUZZ_ASSERT(!jwt_signed_by(&t, ours));
	if (jwt_in_time(&t, 60, true, NULL) == ST_OK)
		FUZZ_ASSERT(json_number_value(json_object_get(t.payload, "exp")) > NOW_S - 60);
	(void)jwt_is_for(&t, STR("https://id.example.org"));
	try_key(a, json_object_get(t.header, "jwk"), &t);
	jwt_fini(&t);
}

/* Ours over the same words is believed: exactly if they are an object. */
static void try_signing(struct arena *a, struct str kid, struct str payload)
{
	struct jwt t;
	struct str token;
	if (jose_sign(a, ours, STR("JWT"), kid, payload, &token, NULL) != ST_OK)
		return;
	SCOPED_JSON *j = json_parse(payload, JOSE_DEPTH, NULL);
	enum status s = jwt_parse(a, token, &t, NULL);
	/* A name that is no text in JSON spoils the header; all others are replaced to fit. */
	FUZZ_ASSERT((s == ST_OK) == json_is_object(j) || str_chr(kid, '\0') >= 0);
	if (s == ST_OK)
		FUZZ_ASSERT(jwt_signed_by(&t, ours) && str_eqc(t.typ, "JWT") && json_equal(t.payload, j) &&
		        (!str_utf8_valid(kid) || str_eq(t.kid, kid)));
	jwt_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!ours)
		set_up();
	if (!n)
		return 0;
	SCOPED_ARENA *a = arena_new((size_t)4 << 20);
	struct str rest = str_n((const char *)data + 1, n - 1), line[2];
	if (data[0] == 't') {
		try_token(a, rest);
	} else if (data[0] == 'k') {
		SCOPED_JSON *j = json_parse(rest, JOSE_DEPTH, NULL);
		try_key(a, j, NULL);
	} else if (data[0] == 'r' && str_cut(&rest, '\n', &line[0]) && str_cut(&rest, '\n', &line[1])) {
		try_token(a,
		        arena_strf(a, "%.*s.%.*s.%.*s", STR_ARG(base64url(a, line[0])), STR_ARG(base64url(a, line[1])),
		                STR_ARG(base64url(a, rest))));
		try_signing(a, line[0], line[1]);
	}
	return 0;
}
