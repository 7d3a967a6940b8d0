/* SPDX-License-Identifier: Apache-2.0
 *
 * Browsers that an account knows: what the cookie of one says of which account, and what nobody can make it say.
 */
#include "unit.h"

#include "services/identity/signin/known.h"

#define SECRET STR("0123456789abcdef0123456789abcdef")

static struct arena *a;

static int setup(void **state)
{
	a = arena_new(1 << 20);
	return a ? 0 : -1;
}

static int teardown(void **state)
{
	arena_free(a);
	return 0;
}

static const struct known_account ada = { 7, 1000 }, ben = { 8, 1000 };

static bool knows(struct str cookie, const struct known_account *of)
{
	return known_find(SECRET, cookie, of).p != NULL;
}

static void an_account_knows_its_browsers_alone(void **state)
{
	static const struct { const char *what; struct known_account of; bool known; } rows[] = {
		{ "the account itself", { 7, 1000 }, true },
		{ "with another password", { 7, 1001 }, false },
		{ "without a password now", { 7, 0 }, false },
		{ "another account", { 8, 1000 }, false },
		{ "nobody", { 0, 1000 }, false },
		{ "nobody, without a password", { 0, 0 }, false },
	};
	struct str cookie = known_add(a, SECRET, STR_NULL, &ada);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (knows(cookie, &rows[i].of) != rows[i].known)
			fail_msg("%s", rows[i].what);
	assert_null(known_find(STR("another secret of this site......"), cookie, &ada).p);
	/* Nobody is known by a seal of nobody's either. */
	assert_false(knows(
	        known_add(a, SECRET, STR_NULL, &(struct known_account){ 0, 0 }), &(struct known_account){ 0, 0 }));
}

/* A budget is of a name: whoever has a cookie can neither choose another nor carry a seal over to it. */
static void a_cookie_that_was_altered_says_nothing(void **state)
{
	struct str cookie = known_add(a, SECRET, STR_NULL, &ada);
	char altered[2 * KNOWN_PART_LEN + 1];
	assert_int_equal(cookie.n, 2 * KNOWN_PART_LEN);
	for (size_t i = 0; i < cookie.n; i++) {
		memcpy(altered, cookie.p, cookie.n);
		altered[i] = altered[i] == 'A' ? 'B' : 'A';
		assert_false(knows(str_n(altered, cookie.n), &ada));
	}
	static const char *const odd[] = { "", "x", "0123456789012345678901",
		"0123456789012345678901|123456789012345678901", "../../../../../../../../../../../../../../.." };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		assert_false(knows(str_c(odd[i]), &ada));
		assert_true(knows(known_add(a, SECRET, str_c(odd[i]), &ada), &ada)); /* and is replaced */
	}
	assert_false(knows(STR_NULL, &ada));
	assert_false(knows(str_first(cookie, cookie.n - 1), &ada));
	assert_false(knows(str_first(cookie, KNOWN_PART_LEN), &ada));
}

static void browsers_differ_and_keep_their_name(void **state)
{
	struct str one = known_add(a, SECRET, STR_NULL, &ada), other = known_add(a, SECRET, STR_NULL, &ada);
	struct str name = known_find(SECRET, one, &ada);
	assert_int_equal(name.n, KNOWN_PART_LEN);
	assert_false(str_eq(name, known_find(SECRET, other, &ada)));
	struct str both = known_add(a, SECRET, one, &ben);
	assert_true(str_eq(known_find(SECRET, both, &ada), name) && str_eq(known_find(SECRET, both, &ben), name));
	/* Signing in once more adds nothing. */
	assert_int_equal(known_add(a, SECRET, both, &ada).n, both.n);
}

static void the_last_accounts_are_remembered(void **state)
{
	struct str cookie = STR_NULL;
	for (int64_t i = 1; i <= KNOWN_ACCOUNTS_MAX + 3; i++)
		cookie = known_add(a, SECRET, cookie, &(struct known_account){ i, 1 });
	assert_int_equal(cookie.n, KNOWN_PART_LEN * (1 + KNOWN_ACCOUNTS_MAX));
	for (int64_t i = 1; i <= KNOWN_ACCOUNTS_MAX + 3; i++)
		assert_int_equal(knows(cookie, &(struct known_account){ i, 1 }), i > 3);
	/* One more seal than there is room for is no cookie of ours. */
	char longer[KNOWN_PART_LEN * (2 + KNOWN_ACCOUNTS_MAX)];
	memcpy(longer, cookie.p, cookie.n);
	memcpy(longer + cookie.n, cookie.p + KNOWN_PART_LEN, KNOWN_PART_LEN);
	assert_false(knows(str_n(longer, sizeof longer), &(struct known_account){ 4, 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_knows_its_browsers_alone),
		cmocka_unit_test(a_cookie_that_was_altered_says_nothing),
		cmocka_unit_test(browsers_differ_and_keep_their_name),
		cmocka_unit_test(the_last_accounts_are_remembered),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
