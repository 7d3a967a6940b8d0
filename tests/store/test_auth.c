/* SPDX-License-Identifier: Apache-2.0
 *
 * The auth store: each case on SQLite, PostgreSQL, PgBouncer, and on a Redis (GUILDHALL_TEST_REDIS,
 * tests/lib/redis.sh).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gen/auth_sql.h"
#include "platform/auth/session_int.h"
#include "platform/auth/store_int.h"
#include "platform/cache/redis.h"
#include "rt/fiber.h"
#include "rt/sync.h"
#include "store.h"

#define CONTENDERS 40

static struct auth_entry entry(
        enum auth_kind kind, const char *key, const char *owner, const char *value, int64_t ttl_s)
{
	return (struct auth_entry){ kind, str_c(key), str_c(owner), str_c(value), auth_expiry_us(ttl_s) };
}

static void secrets_are_kept_as_hashes(struct store *t, struct authstore *as)
{
	char one[AUTH_HASH_LEN + 1], again[AUTH_HASH_LEN + 1];
	struct str secret = auth_secret(t->ctx->arena, one);
	auth_hash(secret, again);
	CHECK(secret.n == AUTH_HASH_LEN && !strcmp(one, again) && strcmp(one, secret.p));
	auth_hash(STR("abc"), one); /* FIPS 180-2, B.1 */
	CHECK(!strcmp(one, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"));
	CHECK(!strcmp(auth_secret(t->ctx->arena, NULL).p, secret.p) == 0);
}

static void put_and_get(struct store *t, struct authstore *as)
{
	struct auth_entry n = entry(AUTH_SSO, "k", "p:1", "first\nline and \xc3\xa9", 60), out;
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_SSO, STR("k"), &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_SSO, STR("k"), &out, &t->err));
	CHECK(str_eq(out.value, n.value) && str_eqc(out.owner, "p:1") && str_eqc(out.key, "k") && out.kind == AUTH_SSO);
	CHECK(out.expires_us == n.expires_us);
	/* Another kind is another entry. */
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_SESSION, STR("k"), &out, &t->err));
	n.value = STR("");
	n.owner = STR_NULL;
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_SSO, STR("k"), &out, &t->err));
	CHECK(out.value.n == 0 && out.owner.n == 0);
	CHECK_STATUS(ST_OK, authstore_drop(t->ctx, as, AUTH_SSO, STR("k"), &t->err));
	CHECK_STATUS(ST_OK, authstore_drop(t->ctx, as, AUTH_SSO, STR("k"), &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_SSO, STR("k"), &out, &t->err));
}

/* A service's session names the sign-in it came from. */
static void following(struct store *t, struct authstore *as)
{
	struct auth_entry from = entry(AUTH_SESSION, "blog.f", "", "f-key", 60),
	                  to = entry(AUTH_SSO, "f-key", "p:1", "who", 60), out;
	CHECK_STATUS(ST_NOT_FOUND, authstore_follow(t->ctx, as, AUTH_SESSION, STR("blog.f"), AUTH_SSO, &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &from, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_follow(t->ctx, as, AUTH_SESSION, STR("blog.f"), AUTH_SSO, &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &to, &t->err));
	CHECK_STATUS(ST_OK, authstore_follow(t->ctx, as, AUTH_SESSION, STR("blog.f"), AUTH_SSO, &out, &t->err));
	CHECK(out.kind == AUTH_SSO && str_eqc(out.key, "f-key") && str_eqc(out.owner, "p:1") &&
	        str_eqc(out.value, "who") && out.expires_us == to.expires_us);
	/* Of another kind, by another name, or either of them expired: nothing. */
	CHECK_STATUS(ST_NOT_FOUND, authstore_follow(t->ctx, as, AUTH_SESSION, STR("blog.f"), AUTH_LINK, &out, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_follow(t->ctx, as, AUTH_LINK, STR("blog.f"), AUTH_SSO, &out, &t->err));
	from.expires_us = auth_expiry_us(-1);
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &from, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_follow(t->ctx, as, AUTH_SESSION, STR("blog.f"), AUTH_SSO, &out, &t->err));
	from.expires_us = auth_expiry_us(60);
	to.expires_us = auth_expiry_us(-1);
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &from, &t->err));
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &to, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_follow(t->ctx, as, AUTH_SESSION, STR("blog.f"), AUTH_SSO, &out, &t->err));
}

static void what_is_too_large_or_odd_is_refused(struct store *t, struct authstore *as)
{
	static char big[AUTH_VALUE_MAX + 2], key[AUTH_KEY_MAX + 2];
	struct auth_entry out, n = entry(AUTH_LINK, "k", "", "v", 60);
	memset(big, 'x', AUTH_VALUE_MAX + 1);
	memset(key, 'k', AUTH_KEY_MAX + 1);
	n.value = str_n(big, AUTH_VALUE_MAX + 1);
	CHECK_STATUS(ST_TOO_LARGE, authstore_put(t->ctx, as, &n, &t->err));
	n.value = str_n(big, AUTH_VALUE_MAX);
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	/* Keys come from cookies and addresses: nothing of that name is there, and nothing breaks. */
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_LINK, str_n(key, AUTH_KEY_MAX + 1), &out, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_LINK, STR(""), &out, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_LINK, STR("a\0b"), &out, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_LINK, STR("\xff\xfe"), &out, &t->err));
}

static void expired_is_gone(struct store *t, struct authstore *as)
{
	struct auth_entry n = entry(AUTH_CODE, "short", "p:1", "v", 60), out, *list;
	size_t count;
	bool added;
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_CODE, STR("short"), &out, &t->err));
	n.expires_us = clock_now_us() + 30000;
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	CHECK_STATUS(ST_OK, fiber_sleep_ns(60 * NS_PER_MS));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_CODE, STR("short"), &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_list(t->ctx, as, AUTH_CODE, STR("p:1"), 10, &list, &count, &t->err));
	CHECK(count == 0);
	CHECK_STATUS(ST_NOT_FOUND, authstore_take(t->ctx, as, AUTH_CODE, STR("short"), &out, &t->err));
	/* What has expired makes way. */
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	n.expires_us = auth_expiry_us(60);
	CHECK_STATUS(ST_OK, authstore_add(t->ctx, as, &n, &added, &t->err));
	CHECK(added);
}

static void only_once(struct store *t, struct authstore *as)
{
	struct auth_entry n = entry(AUTH_ONCE, "jti", "", "1", 60), out;
	bool added;
	CHECK_STATUS(ST_OK, authstore_add(t->ctx, as, &n, &added, &t->err));
	CHECK(added);
	n.value = STR("2");
	CHECK_STATUS(ST_OK, authstore_add(t->ctx, as, &n, &added, &t->err));
	CHECK(!added);
	CHECK_STATUS(ST_OK, authstore_take(t->ctx, as, AUTH_ONCE, STR("jti"), &out, &t->err));
	CHECK(str_eqc(out.value, "1"));
	CHECK_STATUS(ST_NOT_FOUND, authstore_take(t->ctx, as, AUTH_ONCE, STR("jti"), &out, &t->err));
}

static void swapped_only_from_what_was_read(struct store *t, struct authstore *as)
{
	struct auth_entry n = entry(AUTH_SSO, "s", "p:1", "one\ntwo", 60), out;
	bool swapped;
	CHECK_STATUS(ST_OK, authstore_swap(t->ctx, as, &n, STR("one\ntwo"), &swapped, &t->err));
	CHECK(!swapped); /* an ended sign-in does not come back */
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	n.value = STR("three");
	CHECK_STATUS(ST_OK, authstore_swap(t->ctx, as, &n, STR("two"), &swapped, &t->err));
	CHECK(!swapped);
	CHECK_STATUS(ST_OK, authstore_swap(t->ctx, as, &n, STR("one\ntwo"), &swapped, &t->err));
	CHECK(swapped);
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_SSO, STR("s"), &out, &t->err));
	CHECK(str_eqc(out.value, "three") && str_eqc(out.owner, "p:1"));
}

/* What was prolonged is its owner's as long as it lives: a grant that is refreshed for months can still be taken back.
 */
static void prolonged_by_a_swap(struct store *t, struct authstore *as)
{
	struct auth_entry *list, out, n = entry(AUTH_GRANT, "g", "pc:1:app", "one", 60),
	                              other = entry(AUTH_GRANT, "h", "pc:1:app", "two", 120);
	bool swapped;
	size_t count;
	int64_t begun_us = clock_now_us();
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &other, &t->err));
	n.expires_us = auth_expiry_us(180);
	CHECK_STATUS(ST_OK, authstore_swap(t->ctx, as, &n, STR("one"), &swapped, &t->err));
	CHECK(swapped);
	CHECK_STATUS(ST_OK, authstore_list(t->ctx, as, AUTH_GRANT, STR("pc:1:app"), 10, &list, &count, &t->err));
	CHECK(count == 2 && str_eqc(list[0].key, "g") && str_eqc(list[1].key, "h"));
	clock_fake_us(begun_us + 150 * US_PER_S); /* past what both were at first */
	CHECK_STATUS(ST_OK, authstore_list(t->ctx, as, AUTH_GRANT, STR("pc:1:app"), 10, &list, &count, &t->err));
	CHECK(count == 1 && str_eqc(list[0].key, "g"));
	CHECK_STATUS(ST_OK, authstore_drop_owner(t->ctx, as, AUTH_KINDS, STR("pc:1:app"), &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_GRANT, STR("g"), &out, &t->err));
	clock_fake_us(0);
}

static void by_owner(struct store *t, struct authstore *as)
{
	struct auth_entry *list, out,
	        n[] = { entry(AUTH_TOKEN, "a", "grant:1", "va", 60), entry(AUTH_TOKEN, "b", "grant:1", "vb", 120),
		        entry(AUTH_REFRESH, "c", "grant:1", "vc", 60), entry(AUTH_TOKEN, "d", "grant:2", "vd", 60) };
	size_t count;
	CHECK_STATUS(ST_OK, authstore_put_all(t->ctx, as, n, 4, &t->err));
	CHECK_STATUS(ST_OK, authstore_list(t->ctx, as, AUTH_TOKEN, STR("grant:1"), 10, &list, &count, &t->err));
	CHECK(count == 2 && str_eqc(list[0].key, "b") && str_eqc(list[1].value, "va") &&
	        str_eqc(list[1].owner, "grant:1"));
	CHECK_STATUS(ST_OK, authstore_list(t->ctx, as, AUTH_TOKEN, STR("grant:1"), 1, &list, &count, &t->err));
	CHECK(count == 1);
	CHECK_STATUS(ST_OK, authstore_drop_owner(t->ctx, as, AUTH_TOKEN, STR("grant:1"), &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_TOKEN, STR("a"), &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_REFRESH, STR("c"), &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_TOKEN, STR("d"), &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_drop_owner(t->ctx, as, AUTH_KINDS, STR("grant:1"), &t->err));
	CHECK_STATUS(ST_NOT_FOUND, authstore_get(t->ctx, as, AUTH_REFRESH, STR("c"), &out, &t->err));
	CHECK_STATUS(ST_OK, authstore_drop_owner(t->ctx, as, AUTH_KINDS, STR(""), &t->err));
	CHECK_STATUS(ST_OK, authstore_get(t->ctx, as, AUTH_TOKEN, STR("d"), &out, &t->err));
}

/* --- many at once ------------------------------------------------------------------------------------------- */

struct contest { struct authstore *as; unsigned taken, added, left; struct promise done; bool take; };

static void contend(void *arg)
{
	struct contest *x = arg;
	struct ctx ctx;
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct auth_entry out, n = entry(AUTH_ONCE, "one", "", "v", 60);
	bool added = false;
	ctx_init(&ctx, a);
	if (x->take && authstore_take(&ctx, x->as, AUTH_CODE, STR("code"), &out, NULL) == ST_OK)
		x->taken++;
	if (!x->take && authstore_add(&ctx, x->as, &n, &added, NULL) == ST_OK && added)
		x->added++;
	if (--x->left == 0)
		promise_set(&x->done);
}

static void one_of_many_wins(struct store *t, struct authstore *as)
{
	struct auth_entry n = entry(AUTH_CODE, "code", "", "v", 60);
	CHECK_STATUS(ST_OK, authstore_put(t->ctx, as, &n, &t->err));
	for (int take = 0; take < 2; take++) {
		struct contest x = { .as = as, .left = CONTENDERS, .take = take };
		promise_init(&x.done);
		for (unsigned i = 0; i < CONTENDERS; i++)
			if (!fiber_spawn(loop_current(), contend, &x, FIBER_SMALL))
				abort();
		promise_wait_shielded(&x.done);
		CHECK(x.taken == (take ? 1u : 0u) && x.added == (take ? 0u : 1u));
	}
}

static void the_sweep_takes_what_has_expired(struct store *t)
{
	struct auth_row rows[] = { { STR("code:old"), STR_NULL, STR("v"), 1 },
		{ STR("code:new"), STR_NULL, STR("v"), auth_expiry_us(60) } };
	size_t swept;
	bool found;
	CHECK_STATUS(ST_OK, auth_engine_db.put(t->ctx, t->db, rows, 2, &t->err));
	CHECK_STATUS(ST_OK, auth_engine_db.sweep(t->ctx, t->db, 10, &swept, &t->err));
	CHECK(swept == 1);
	CHECK_STATUS(ST_OK, auth_engine_db.get(t->ctx, t->db, &rows[1], &found, &t->err));
	CHECK(found);
}

/* --- each case, on each engine ------------------------------------------------------------------------------- */

/* What others remember of a session ends with its change, and with nothing less. */
static void version_tells_of_changed_sessions(struct store *t, struct authstore *as)
{
	struct auth_entry sso = entry(AUTH_SSO, "s", "p:1", "one", 60),
	                  session = entry(AUTH_SESSION, "blog.c", "", "s", 60), out,
	                  token = entry(AUTH_TOKEN, "t", "grant:1", "v", 60),
	                  other = entry(AUTH_SSO, "s", "p:1", "two", 60);
	uint64_t before, after;
	bool done;
	CHECK_OK(authstore_put_new(t->ctx, as, &sso, &t->err));
	before = authstore_version(as);
	if (!before) /* asked each time: nothing is remembered */
		return;
	CHECK_OK(authstore_put_new(t->ctx, as, &session, &t->err));
	CHECK_STATUS(ST_CONFLICT, authstore_put_new(t->ctx, as, &session, &t->err));
	CHECK_OK(authstore_put(t->ctx, as, &token, &t->err));
	CHECK_OK(authstore_swap(t->ctx, as, &token, token.value, &done, &t->err));
	CHECK_OK(authstore_take(t->ctx, as, AUTH_TOKEN, token.key, &out, &t->err));
	CHECK_OK(authstore_drop(t->ctx, as, AUTH_TOKEN, token.key, &t->err));
	CHECK(authstore_version(as) == before);
	CHECK_OK(authstore_swap(t->ctx, as, &other, sso.value, &done, &t->err));
	CHECK(done && (after = authstore_version(as)) != before);
	CHECK_OK(authstore_drop(t->ctx, as, AUTH_SESSION, session.key, &t->err));
	CHECK((before = authstore_version(as)) != after);
	CHECK_OK(authstore_put(t->ctx, as, &sso, &t->err));
	CHECK((after = authstore_version(as)) != before);
	CHECK_OK(authstore_drop_owner(t->ctx, as, AUTH_KINDS, STR("p:1"), &t->err));
	CHECK(authstore_version(as) != after);
}

/* --- one person, many sign-ons ------------------------------------------------------------------------------------ */

enum { SIGN_ONS = 500 };

struct site { struct platform p; struct service_instance identity; };

static void begin_site(struct site *s, struct store *t, struct authstore *as)
{
	static const struct service provider = { .name = "identity", .identity = true };
	*s = (struct site){ .p = { .auth = as, .identity = &s->identity },
		.identity = { .def = &provider, .platform = &s->p, .local = true } };
	t->ctx->svc = &s->identity;
}

static const char *key_of(struct store *t, int i)
{
	return arena_printf(t->ctx->arena, "sign-on-%d", i);
}

static bool sign_on(struct store *t, struct authstore *as, int i, int64_t auth_us)
{
	const char *value = arena_printf(t->ctx->arena,
	        "{\"person\":7,\"auth\":%lld,\"seen\":%lld,\"sid\":\"s%d\",\"name\":\"Ada\",\"email\":\"ada@example."
	        "org\","
	        "\"handle\":\"ada\",\"roles\":\"admin\",\"zone\":\"\",\"amr\":\"pwd\",\"agent\":\"\"}",
	        (long long)auth_us, (long long)auth_us, i);
	struct auth_entry n = entry(AUTH_SSO, key_of(t, i), "p:7", value, 3600);
	return authstore_put(t->ctx, as, &n, &t->err) == ST_OK;
}

/* As another process sees them: nothing of this one's memory. */
static unsigned with_role(struct store *t, const char *role, unsigned *gone)
{
	unsigned n = 0;
	*gone = 0;
	for (int i = 0; i < SIGN_ONS; i++) {
		struct sso s;
		enum status st = sso_by_key(t->ctx, str_c(key_of(t, i)), &s, NULL);
		*gone += st == ST_NOT_FOUND;
		n += st == ST_OK && str_eqc(s.roles, role);
	}
	return n;
}

static void a_role_taken_is_gone_from_every_sign_on(struct store *t, struct authstore *as)
{
	struct site site;
	struct sso fresh = { .person = 7,
		.name = STR("Ada L."),
		.email = STR("ada@example.org"),
		.handle = STR("ada"),
		.roles = STR(""),
		.zone = STR("") },
	           *list;
	unsigned gone;
	size_t n;
	begin_site(&site, t, as);
	for (int i = 0; i < SIGN_ONS; i++)
		CHECK(sign_on(t, as, i, clock_now_us()));
	CHECK(with_role(t, "admin", &gone) == SIGN_ONS);
	uint64_t before = authstore_version(as);
	CHECK_OK(sso_refresh_person(t->ctx, &fresh, &t->err));
	CHECK(!before || authstore_version(as) != before); /* what is kept in memory is asked for again */
	CHECK(with_role(t, "", &gone) == SIGN_ONS && gone == 0);
	CHECK_OK(sso_list(t->ctx, 7, &list, &n, &t->err));
	CHECK(n == SIGN_ONS && str_eqc(list[n - 1].name, "Ada L."));
	fresh.roles = STR("editor");
	CHECK_OK(sso_refresh_person(t->ctx, &fresh, &t->err));
	CHECK(with_role(t, "editor", &gone) == SIGN_ONS);
}

static void signed_out_elsewhere_is_signed_out_everywhere(struct store *t, struct authstore *as)
{
	struct site site;
	struct sso fresh = { .person = 7,
		.name = STR("Ada"),
		.email = STR("a@example.org"),
		.handle = STR("ada"),
		.roles = STR("admin"),
		.zone = STR("") },
	           s;
	struct str *keys;
	unsigned gone;
	size_t n;
	int64_t now = clock_now_us();
	begin_site(&site, t, as);
	for (int i = 0; i < SIGN_ONS; i++)
		CHECK(sign_on(t, as, i, now - 1000));
	CHECK_OK(sso_end_before(t->ctx, 7, now, str_c(key_of(t, 499)), &t->err));
	CHECK(with_role(t, "admin", &gone) == 1 && gone == SIGN_ONS - 1);
	CHECK_OK(sso_by_key(t->ctx, str_c(key_of(t, 499)), &s, &t->err));
	CHECK_OK(sso_list_ended(t->ctx, 7, now, str_c(key_of(t, 499)), &keys, &n, &t->err));
	CHECK(n == SIGN_ONS - 1);
	CHECK(sign_on(t, as, 0, now + 1)); /* signed in again */
	CHECK(with_role(t, "admin", &gone) == 2);
	CHECK_OK(sso_end_before(t->ctx, 7, INT64_MAX, STR(""), &t->err)); /* suspended */
	CHECK(with_role(t, "admin", &gone) == 0 && gone == SIGN_ONS);
	CHECK(sign_on(t, as, 1, now + 2)); /* a sign-in that was under way meanwhile */
	CHECK(with_role(t, "admin", &gone) == 0);
	CHECK_OK(sso_refresh_person(t->ctx, &fresh, &t->err)); /* let in again */
	CHECK(with_role(t, "admin", &gone) == 3);
}

#define CASES(X)                                                                                              \
	X(secrets_are_kept_as_hashes) X(put_and_get) X(following) X(what_is_too_large_or_odd_is_refused)      \
	X(expired_is_gone) X(only_once) X(swapped_only_from_what_was_read) X(prolonged_by_a_swap)             \
	X(by_owner) X(one_of_many_wins) X(version_tells_of_changed_sessions)                                  \
	X(a_role_taken_is_gone_from_every_sign_on) X(signed_out_elsewhere_is_signed_out_everywhere)

static void with(struct store *t, struct redis *r, void (*run)(struct store *t, struct authstore *as))
{
	struct authstore *as = authstore_on(t->db, r);
	CHECK(as);
	run(t, as);
	authstore_free(as);
}

static void on_redis(struct store *t, void (*run)(struct store *t, struct authstore *as))
{
	const char *url = getenv("GUILDHALL_TEST_REDIS");
	struct redis_reply reply;
	struct redis *r = redis_new(url ? url : "unix:/nowhere", NS_PER_S, &t->err);
	CHECK(url && r);
	CHECK_STATUS(ST_OK, redis_call(t->ctx, r, 1, &STR("FLUSHALL"), &reply, &t->err));
	with(t, r, run);
	redis_detach(r);
	redis_free(r);
}

#define X(name)                                                                                               \
	static void db_##name(struct store *t) { with(t, NULL, name); }                                       \
	static void redis_##name(struct store *t) { on_redis(t, name); }
CASES(X)
#undef X

static const struct store_test tests[] = {
#define X(name) { #name, db_##name }, { "redis_" #name, redis_##name, "sqlite" },
	CASES(X)
#undef X
	{ "the_sweep_takes_what_has_expired", the_sweep_takes_what_has_expired },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	        (const struct db_migration_set *[]){ &auth_migrations, NULL });
}
