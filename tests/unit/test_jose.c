/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed tokens: the RFCs' own examples, each algorithm there and back, and what must not be believed.
 */
#include "base/clock.h"
#include "platform/crypto/jose_int.h"
#include "unit.h"

#define EC_JWK "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define OKP_JWK "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define RSA_JWK                                                                                                        \
	"{\"kty\":\"RSA\",\"n\":"                                                                                      \
	"\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"                    \
	"BJECPebWKRXjBZCiFV4n3"                                                                                        \
	"oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"                                          \
	"FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI"                                         \
	"SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":" \
	"\"AQAB\","                                                                                                    \
	"\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"
/* RFC 7515 A.3 */
#define EC_TOKEN                                                                                                       \
	"eyJhbGciOiJFUzI1NiJ9."                                                                                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."              \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

static struct arena *a;

static struct jose_key *key(const char *jwk)
{
	struct err e = { 0 };
	SCOPED_JSON *j = json_parse(str_c(jwk), 4, &e);
	assert_non_null(j);
	return jose_key_from_jwk(j, &e);
}

static void the_rfcs_examples(void **state)
{
	struct jwt t;
	char print[JOSE_THUMBPRINT_LEN + 1];
	struct jose_key *ec = key(EC_JWK "}"), *okp = key(OKP_JWK), *rsa = key(RSA_JWK);
	assert_non_null(ec);
	assert_non_null(okp);
	assert_non_null(rsa);
	assert_int_equal(jwt_parse(a, STR(EC_TOKEN), &t, NULL), ST_OK);
	assert_true(jwt_signed_by(&t, ec));
	assert_false(jwt_signed_by(&t, okp));
	assert_false(jwt_signed_by(&t, rsa));
	assert_true(str_eqc(json_str(t.payload, "iss"), "joe"));
	assert_int_equal(jwt_in_time(&t, 60, true, NULL), ST_INVALID); /* of 2011 */
	jwt_fini(&t);
	/* RFC 8037 A.4: what is signed there is no JSON, so the raw form. */
	struct str sig = base64url_decode(
	        a, STR("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"));
	assert_true(jose_key_verify(okp, STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), sig));
	assert_false(jose_key_verify(okp, STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmd"), sig));
	/* RFC 7638 3.1, RFC 8037 A.3 */
	assert_int_equal(jose_key_thumbprint(rsa, print, NULL), ST_OK);
	assert_string_equal(print, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	assert_int_equal(jose_key_thumbprint(okp, print, NULL), ST_OK);
	assert_string_equal(print, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	jose_key_free(ec);
	jose_key_free(okp);
	jose_key_free(rsa);
}

static void there_and_back(void **state)
{
	for (unsigned i = 0; i < JOSE_ALGS; i++) {
		struct err e = { 0 };
		struct str der, token;
		struct jwt t;
		struct buf b;
		struct jose_key *k = jose_key_generate((enum jose_alg)i, NULL, &e);
		assert_non_null(k);
		assert_int_equal(jose_key_private(k, a, &der, &e), ST_OK);
		struct jose_key *again = jose_key_from_private((enum jose_alg)i, der, &e);
		assert_non_null(again);
		assert_null(jose_key_from_private((enum jose_alg)((i + 1) % JOSE_ALGS), der, NULL));
		buf_arena(&b, a, 4096);
		assert_int_equal(jose_key_jwk(k, &b, &e), ST_OK);
		struct jose_key *public = key(arena_cstr(a, buf_str(&b)));
		assert_non_null(public);
		int64_t now = clock_now_us() / US_PER_S;
		struct str payload = arena_strf(a, "{\"sub\":\"1\",\"aud\":[\"x\",\"me\"],\"iat\":%lld,\"exp\":%lld}",
		        (long long)now, (long long)now + 60);
		assert_int_equal(jose_sign(a, again, STR("JWT"), STR("k1"), payload, &token, &e), ST_OK);
		assert_int_equal(jwt_parse(a, token, &t, &e), ST_OK);
		assert_int_equal(t.alg, i);
		assert_true(str_eqc(t.kid, "k1") && str_eqc(t.typ, "JWT"));
		assert_true(jwt_signed_by(&t, public));
		assert_int_equal(jwt_in_time(&t, 0, true, &e), ST_OK);
		assert_true(jwt_is_for(&t, STR("me")) && !jwt_is_for(&t, STR("m")));
		jwt_fini(&t);
		/* One bit, anywhere. */
		char *bad = arena_cstr(a, token);
		for (size_t at = 0; at < token.n; at += 7) {
			char was = bad[at];
			bad[at] = was == 'A' ? 'B' : was == '.' ? '_' : 'A';
			if (jwt_parse(a, str_c(bad), &t, NULL) == ST_OK) {
				if (at < token.n - 2)
					assert_false(jwt_signed_by(&t, public));
				jwt_fini(&t);
			}
			bad[at] = was;
		}
		jose_key_free(k);
		jose_key_free(again);
		jose_key_free(public);
	}
}

static struct str made(const char *header, const char *payload, const char *signature)
{
	return arena_strf(a, "%.*s.%.*s.%s", STR_ARG(base64url(a, str_c(header))),
	        STR_ARG(base64url(a, str_c(payload))), signature);
}

static void not_believed(void **state)
{
	struct jwt t;
	const struct { struct str token; const char *what; } cases[] = {
		{ STR(""), "empty" },
		{ STR("a.b"), "two parts" },
		{ STR("a.b.c.d"), "four parts" },
		{ STR(".."), "nothing between" },
		{ made("{\"alg\":\"none\"}", "{}", ""), "no signature" },
		{ made("{\"alg\":\"none\"}", "{}", "AAAA"), "none" },
		{ made("{\"alg\":\"HS256\"}", "{}", "AAAA"), "HMAC" },
		{ made("{\"alg\":\"es256\"}", "{}", "AAAA"), "another case" },
		{ made("{\"alg\":[\"ES256\"]}", "{}", "AAAA"), "a list of algorithms" },
		{ made("{}", "{}", "AAAA"), "no algorithm" },
		{ made("{\"alg\":\"ES256\",\"crit\":[\"x\"]}", "{}", "AAAA"), "critical" },
		{ made("[1]", "{}", "AAAA"), "a list as header" },
		{ made("{\"alg\":\"ES256\"}", "[]", "AAAA"), "a list as payload" },
		{ made("{\"alg\":\"ES256\",\"alg\":\"none\"}", "{}", "AAAA"), "twice the algorithm" },
		{ made("{\"alg\":\"ES256\"}", "{}", "AAA="), "padding" },
		{ made("{\"alg\":\"ES256\"}", "{}", "A+A/"), "the other alphabet" },
		{ made("{\"alg\":\"ES256\"}", "{}", "AAB"), "bits left over" },
		{ made("{\"alg\":\"ES256\"}", "{}", " AAAA"), "white space" },
		{ made("{\"alg\":\"ES256\"}", "{}", "AA\xffx"), "a byte beyond ASCII" },
		{ made("{\"alg\":\"ES256\"}", "{}", "AA\x80x"), "another" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (jwt_parse(a, cases[i].token, &t, NULL) == ST_OK) {
			jwt_fini(&t);
			fail_msg("%s was taken", cases[i].what);
		}
	static const char *const keys[] = { "{}", "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"
		"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AAAA\",\"y\":\"AAAA\"}", EC_JWK ",\"use\":\"enc\"}",
		EC_JWK ",\"alg\":\"RS256\"}", EC_JWK ",\"key_ops\":[\"sign\"]}", "[]" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (key(keys[i]))
			fail_msg("key %zu was taken", i);
	/* r and s of zero, and too short. */
	struct jose_key *ec = key(EC_JWK "}");
	assert_false(jose_key_verify(ec, STR("x"), str_n((char[64]){ 0 }, 64)));
	assert_false(jose_key_verify(ec, STR("x"), STR("short")));
	jose_key_free(ec);
}

static void times(void **state)
{
	int64_t now = clock_now_us() / US_PER_S;
	const struct { struct str payload; bool need, ok; } cases[] = {
		{ STR("{}"), false, true },
		{ STR("{}"), true, false },
		{ arena_strf(a, "{\"exp\":%lld}", (long long)now - 1), true, true /* within the skew */ },
		{ arena_strf(a, "{\"exp\":%lld}", (long long)now - 11), true, false },
		{ arena_strf(a, "{\"nbf\":%lld}", (long long)now + 60), false, false },
		{ arena_strf(a, "{\"iat\":%lld}", (long long)now + 60), false, false },
		{ STR("{\"exp\":\"soon\"}"), false, false },
		{ STR("{\"exp\":-1}"), false, false },
		{ STR("{\"exp\":1e300}"), false, false },
		{ arena_strf(a, "{\"exp\":%lld.5}", (long long)now + 5), true, true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct jwt t = { .payload = json_parse(cases[i].payload, 4, NULL) };
		if ((jwt_in_time(&t, 10, cases[i].need, NULL) == ST_OK) != cases[i].ok)
			fail_msg("%.*s", STR_ARG(cases[i].payload));
		jwt_fini(&t);
	}
}

static int setup(void **state)
{
	a = arena_new(64 << 20);
	return !a;
}

static int teardown(void **state)
{
	arena_free(a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_rfcs_examples), cmocka_unit_test(there_and_back),
		cmocka_unit_test(not_believed), cmocka_unit_test(times) };
	return cmocka_run_group_tests(tests, setup, teardown);
}
