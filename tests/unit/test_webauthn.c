/* SPDX-License-Identifier: Apache-2.0
 *
 * Passkeys: a registration and an assertion made here as an authenticator makes them, taken; and with each field wrong,
 * not.
 */
#include "unit.h"

#include "lib/authenticator.h"
#include "platform/text/json.h"

static struct arena *a;
static const struct webauthn_expected want = { STR_INIT("Y2hhbGxlbmdl"), STR_INIT("https://id.example.org"),
	STR_INIT("id.example.org") };
static struct authenticator au = { .want = { STR_INIT("Y2hhbGxlbmdl"), STR_INIT("https://id.example.org"),
	                                   STR_INIT("id.example.org") },
	.credential = STR_INIT("credential-number-one") };

#define GOOD .flags = 0x45, .count = 1
static enum status registered(const struct authenticator_answer *m, struct webauthn_credential *out)
{
	return webauthn_register(a, &want, authenticator_client_data(&au, m, "webauthn.create"),
	        authenticator_attestation(&au, m), out, NULL);
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
	const struct authenticator_answer good = { GOOD };
	assert_int_equal(registered(&(struct authenticator_answer){ GOOD, .packed = true }, &made), ST_OK);
	assert_int_equal(registered(&good, &made), ST_OK);
	assert_true(str_eq(base64url_decode(a, made.id), au.credential));
	assert_int_equal(made.sign_count, 1);
	const struct authenticator_answer bad[] = {
		{ GOOD, .type = "webauthn.get" },
		{ GOOD, .challenge = "b3RoZXI" },
		{ GOOD, .origin = "https://evil.example" },
		{ GOOD, .origin = "http://id.example.org" },
		{ GOOD, .rp = "evil.example" },
		{ GOOD, .cross = true },
		{ .flags = 0x44, .count = 1 },
		{ .flags = 0x41, .count = 1 },
		{ .flags = 0x05, .count = 1 },
		{ GOOD, .kty = 1 },
		{ GOOD, .kty = 4 },
		{ GOOD, .alg = -37 },
		{ GOOD, .alg = -65535 },
		{ GOOD, .crv = 2 },
		{ GOOD, .cut = 1 },
		{ GOOD, .cut = 70 },
		{ GOOD, .cut = 100 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (registered(&bad[i], &made) == ST_OK)
			fail_msg("registration %zu was taken", i);
	/* Cut anywhere, and with something behind it. */
	struct str whole = authenticator_attestation(&au, &good),
	           client = authenticator_client_data(&au, &good, "webauthn.create");
	for (size_t n = 0; n < whole.n; n++)
		assert_int_not_equal(
		        webauthn_register(a, &want, client, arena_str(a, str_first(whole, n)), &made, NULL), ST_OK);
	assert_int_not_equal(webauthn_register(a, &want, client, with_more(whole), &made, NULL), ST_OK);
	/* More parts than bytes, no definite length, nesting (before the library makes room for any of it). */
	const struct str odd[] = { STR("\x9b\0\0\0\0\x7f\xff\xff\xff\0"), STR("\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
		STR("\xbf\xff"), STR("\x5f\x41x\xff"), STR("\xa1\x01\x81\x81\x81\x81\x81\x81\x81\x81"), STR("\x1c"),
		STR("\xdb\0") };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		assert_int_equal(webauthn_register(a, &want, client, odd[i], &made, NULL), ST_INVALID);
	assert_int_not_equal(webauthn_register(a, &want, STR("{"), whole, &made, NULL), ST_OK);
	assert_int_not_equal(webauthn_register(a, &want, STR(""), STR(""), &made, NULL), ST_OK);
}

static enum status asserted(const struct authenticator_answer *m, struct str jwk, int64_t kept, int64_t *fresh)
{
	struct str data = authenticator_data(&au, m, STR("")),
	           client = authenticator_client_data(&au, m, "webauthn.get");
	data.n -= m->cut;
	return webauthn_assert(a, &want, jwk, kept, client, data, authenticator_sign(&au, data, client), fresh, NULL);
}

static void asserts(void **state)
{
	struct webauthn_credential made;
	int64_t fresh;
	const struct authenticator_answer good = { .flags = 0x05, .count = 7 }, none = { .flags = 0x05 };
	assert_int_equal(registered(&(struct authenticator_answer){ GOOD }, &made), ST_OK);
	assert_int_equal(asserted(&good, made.jwk, 1, &fresh), ST_OK);
	assert_int_equal(fresh, 7);
	assert_int_not_equal(asserted(&good, made.jwk, 7, &fresh), ST_OK); /* the same count again: a copy */
	assert_int_not_equal(asserted(&good, made.jwk, 8, &fresh), ST_OK);
	assert_int_equal(asserted(&none, made.jwk, 0, &fresh), ST_OK); /* it does not count */
	assert_int_not_equal(asserted(&none, made.jwk, 3, &fresh), ST_OK); /* it did, and does not any more */
	const struct authenticator_answer bad[] = {
		{ .flags = 0x05, .count = 9, .type = "webauthn.create" },
		{ .flags = 0x05, .count = 9, .challenge = "b3RoZXI" },
		{ .flags = 0x05, .count = 9, .origin = "https://evil.example" },
		{ .flags = 0x05, .count = 9, .rp = "evil.example" },
		{ .flags = 0x01, .count = 9 },
		{ .flags = 0x04, .count = 9 },
		{ .flags = 0x05, .count = 9, .cross = true },
		{ .flags = 0x05, .count = 9, .cut = 1 },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (asserted(&bad[i], made.jwk, 1, &fresh) == ST_OK)
			fail_msg("assertion %zu was taken", i);
	struct str data = authenticator_data(&au, &good, STR("")),
	           client = authenticator_client_data(&au, &good, "webauthn.get"),
	           signature = authenticator_sign(&au, data, client);
	((char *)(uintptr_t)data.p)[36] ^= 1; /* the counter, after signing */
	assert_int_not_equal(webauthn_assert(a, &want, made.jwk, 1, client, data, signature, &fresh, NULL), ST_OK);
	assert_int_not_equal(webauthn_assert(a, &want, made.jwk, 1, client, authenticator_data(&au, &good, STR("")),
	                             STR("short"), &fresh, NULL),
	        ST_OK);
}

static struct str padded(struct str s, size_t n)
{
	char *text = arena_alloc(a, n);
	memset(text, ' ', n);
	memcpy(text, s.p, s.n);
	return str_n(text, n);
}

/* As large as WEBAUTHN_DATA_MAX and WEBAUTHN_ID_MAX let it be, and one byte more. */
static void large_answers(void **state)
{
	const struct authenticator_answer make = { GOOD }, prove = { .flags = 0x05, .count = 7 };
	struct webauthn_credential made;
	const struct str usual = au.credential;
	int64_t fresh;
	for (size_t more = 0; more < 2; more++) {
		struct str client =
		        padded(authenticator_client_data(&au, &make, "webauthn.create"), WEBAUTHN_DATA_MAX + more);
		assert_int_equal(webauthn_register(a, &want, client, authenticator_attestation(&au, &make), &made,
		                                   NULL) == ST_OK,
		                 !more);
		assert_int_equal(webauthn_challenge(a, client).p != NULL, !more);
		au.credential = padded(STR("c"), WEBAUTHN_ID_MAX + more);
		assert_int_equal(registered(&make, &made) == ST_OK, !more);
		au.credential = usual;
	}
	assert_int_equal(registered(&make, &made), ST_OK);
	size_t least = authenticator_data(&au, &prove, STR("")).n;
	for (size_t more = 0; more < 2; more++) {
		struct str data = authenticator_data(&au, &prove, padded(STR("x"), WEBAUTHN_DATA_MAX - least + more)),
		           client = authenticator_client_data(&au, &prove, "webauthn.get");
		assert_int_equal(webauthn_assert(a, &want, made.jwk, 1, client, data,
		                                 authenticator_sign(&au, data, client), &fresh, NULL) == ST_OK,
		                 !more);
	}
}

static int setup(void **state)
{
	a = arena_new(256 << 20);
	au.a = a;
	authenticator_init(&au);
	return !a;
}

static int teardown(void **state)
{
	authenticator_fini(&au);
	arena_free(a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(registers), cmocka_unit_test(asserts),
		                            cmocka_unit_test(large_answers) };
	return cmocka_run_group_tests(tests, setup, teardown);
}
