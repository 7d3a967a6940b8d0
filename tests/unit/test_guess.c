/* SPDX-License-Identifier: Apache-2.0
 *
 * What is guessed first, and what is not.
 */
#include "unit.h"

#include "services/identity/people/guess.h"

static const struct { const char *password, *email, *name; bool guessed; } rows[] = {
	/* common words, however they are dressed up */
	{ "password1234", "", "", true },
	{ "Password!2026", "", "", true },
	{ "P@$$w0rd1234", "", "", true },
	{ "passwort12345", "", "", true },
	{ "qwertyuiop", "", "", true },
	{ "asdfghjkl123", "", "", true },
	{ "1qaz2wsx3edc", "", "", true },
	{ "abcdefghijkl", "", "", true },
	{ "letmein12345", "", "", true },
	{ "iloveyou2026!", "", "", true },
	{ "adminadmin1", "", "", true },
	{ "welcome12345", "", "", true },
	{ "correct horse battery staple", "", "", false },
	{ "correcthorsebatterystaple", "", "", true },
	{ "Sommer2026!!", "", "", true },
	/* rows, digits, repetitions */
	{ "1234567890", "", "", true },
	{ "0987654321", "", "", true },
	{ "aaaaaaaaaaaa", "", "", true },
	{ "abcabcabcabc", "", "", true },
	{ "lalalalalala", "", "", true },
	{ "1111111111111111", "", "", true },
	{ "8675309441", "", "", true },
	{ "12345678901234567890", "", "", true },
	{ "4921 7730 1846 0295", "", "", false },
	{ "!!!!!!!!!!!!", "", "", true },
	/* whose it is */
	{ "InesMarques1985", "", "In\xc3\xaas Marques", true },
	{ "ines.marques", "ines.marques@example.org", "", true },
	{ "marques-2026-ines", "", "In\xc3\xaas Marques", true },
	{ "example.org2026", "ines@example.org", "", true },
	{ "InesMarques1985", "", "Tom Okafor", false },
	{ "Marques bakes", "", "In\xc3\xaas Marques", false },
	/* what people should choose */
	{ "a loaf on every table", "ines@example.org", "In\xc3\xaas Marques", false },
	{ "bicycles and bread ovens", "", "", false },
	{ "rye, water and patience", "", "", false },
	{ "noodles on thursdays", "", "", false },
	{ "seven quiet herons", "", "", false },
	{ "turn the compost often", "", "", false },
	{ "nine loud geese", "", "", false },
	{ "password my dog knows", "", "", false },
	{ "xK9#mQ2$vL7p", "", "", false },
	{ "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd7\xa2\xd7\x95\xd7\x9c\xd7\x9d", "", "", false },
	{ "\xe5\xb1\xb1\xe7\xbe\x8a\xe8\xbf\xb7\xe5\x86\x9c", "", "", false },
	{ "", "", "", true },
};

static void what_is_guessed(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena *a = arena_new(1 << 20);
		const char *why = guess_reason(a, str_c(rows[i].password), str_c(rows[i].email), str_c(rows[i].name));
		if ((why != NULL) != rows[i].guessed)
			fail_msg("\"%s\": %s", rows[i].password, why ? why : "not guessed");
		arena_free(a);
	}
}

/* At each bound, and one short of it. */
static void bounds(void **state)
{
	struct arena *a = arena_new(1 << 20);
	assert_non_null(guess_reason(a, STR("password-kgb-1"), STR_NULL, STR_NULL));
	assert_null(guess_reason(a, STR("password-kegb-1"), STR_NULL, STR_NULL));
	assert_non_null(guess_reason(a, STR("492177301846029"), STR_NULL, STR_NULL));
	assert_null(guess_reason(a, STR("4921773018460295"), STR_NULL, STR_NULL));
	assert_null(guess_reason(a, STR("xabcx42"), STR_NULL, STR_NULL));       /* three neighbours are none */
	assert_non_null(guess_reason(a, STR("xabcdx42"), STR_NULL, STR_NULL));
	assert_null(guess_reason(a, STR("alxyw"), STR_NULL, STR("Al"))); /* two letters of a name are in many words */
	assert_non_null(guess_reason(a, STR("alixyw"), STR_NULL, STR("Ali")));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_guessed), cmocka_unit_test(bounds) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
