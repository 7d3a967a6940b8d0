/* SPDX-License-Identifier: Apache-2.0
 *
 * Roles, and the memory of who was behind a cookie.
 */
#include "base/clock.h"
#include "platform/auth/session_cache.h"
#include "unit.h"

static bool may(const char *roles, const char *service, const char *role)
{
	const struct person p = { .id = 1, .roles = str_c(roles) };
	return person_may(&p, service, role);
}

static void roles(void **state)
{
	static const struct { const char *roles, *service, *role; bool may; } cases[] = {
		{ "", "blog", NULL, true },
		{ "", "blog", "", true },
		{ "", "blog", "member", true },
		{ "", "blog", "editor", false },
		{ "editor", "blog", "editor", true },
		{ "editor", "blog", "admin", false },
		{ "editor", "blog", "member", true },
		{ "admin", "blog", "editor", true },
		{ "admin", "blog", "admin", true },
		{ "admin", "blog", "owner", false },
		{ "owner", "blog", "owner", true },
		{ "owner", "blog", "admin", true },
		{ "owner", "market", "keeper", true },
		{ "admin", "market", "keeper", true },
		{ "editor", "market", "keeper", false },
		{ "editor market.keeper", "market", "keeper", true },
		{ "market.keeper", "market", "keeper", true },
		{ "market.keeper", "events", "keeper", false },
		{ "market.keeper", "market", "keep", false },
		{ "market.keeper", "blog", "market.keeper", false },
		{ "keeper", "market", "keeper", false },
		{ "administrator", "blog", "admin", false },
		{ "market.keeper", "market", "editor", false },
		{ "xowner", "blog", "owner", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (may(cases[i].roles, cases[i].service, cases[i].role) != cases[i].may)
			fail_msg("\"%s\" as %s of %s", cases[i].roles, cases[i].role ? cases[i].role : "anybody",
			        cases[i].service);
	assert_false(person_may(NULL, "blog", NULL));
	assert_false(person_may(NULL, "blog", "member"));
}

static void remembered(void **state)
{
	struct service_instance blog = { 0 }, shop = { 0 };
	char hash[AUTH_HASH_LEN + 1], other[AUTH_HASH_LEN + 1];
	struct arena *a = arena_new(1 << 16);
	struct session_cache *c = session_cache_new();
	struct sso got,
	        s = { .key = STR("k"),
		        .sid = STR("sid"),
		        .person = 7,
		        .name = STR("Ada"),
		        .email = STR("a@b"),
		        .handle = STR("ada"),
		        .roles = STR(""),
		        .zone = STR("Asia/Kolkata"),
		        .amr = STR("pwd"),
		        .agent = STR("x"),
		        .auth_us = 1,
		        .expires_us = clock_now_us() + 60 * US_PER_S };
	auth_hash(STR("one"), hash);
	auth_hash(STR("two"), other);
	struct str key = str_n(hash, AUTH_HASH_LEN);
	assert_false(session_cache_get(c, &blog, key, 1, a, &got));
	session_cache_put(c, &blog, key, 1, &s);
	assert_true(session_cache_get(c, &blog, key, 1, a, &got));
	assert_int_equal(got.person, 7);
	assert_true(
	        str_eq(got.name, s.name) && str_eq(got.agent, s.agent) && str_eq(got.key, s.key) && got.roles.n == 0);
	assert_ptr_not_equal(got.name.p, s.name.p);
	assert_false(session_cache_get(c, &blog, key, 2, a, &got)); /* the store has changed */
	assert_false(session_cache_get(c, &shop, key, 1, a, &got)); /* another service's cookie */
	assert_false(session_cache_get(c, &blog, str_n(other, AUTH_HASH_LEN), 1, a, &got));
	s.expires_us = clock_now_us() - 1;
	session_cache_put(c, &blog, key, 3, &s);
	assert_false(session_cache_get(c, &blog, key, 3, a, &got)); /* expired */
	session_cache_free(c);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(roles), cmocka_unit_test(remembered) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
