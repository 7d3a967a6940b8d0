/* SPDX-License-Identifier: Apache-2.0
 *
 * Refresh tokens through their lives (RFC 6749 6, RFC 9700 4.14): rotation, the half minute in which a lost answer is
 * given again, theft that shows, narrower scopes. On SQLite, PostgreSQL, PgBouncer, and on a Redis
 * (GUILDHALL_TEST_REDIS, tests/lib/redis.sh); the clock is moved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gen/auth_sql.h"
#include "gen/identity_sql.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit.h"
#include "platform/cache/redis.h"
#include "rt/fiber.h"
#include "services/identity/oauth/oauth.h"
#include "store.h"

static int64_t begun_us; /* not of the past: Redis ends entries by a clock of its own */

static struct { struct platform p; struct service_instance identity; struct oauth_client client, other; } site;

static void site_init(struct store *t, struct authstore *as)
{
	begun_us = clock_now_us();
	site.p = (struct platform){ .secret = STR("0123456789abcdef0123456789abcdef"), .auth = as };
	site.identity = (struct service_instance){ .db = t->db, .platform = &site.p, .local = true };
	site.client = (struct oauth_client){ .id = STR("app-1") };
	site.other = (struct oauth_client){ .id = STR("app-2") };
	t->ctx->svc = &site.identity;
	audit_set_secret(site.p.secret);
}

static void at_second(int64_t s)
{
	clock_fake_us(begun_us + s * US_PER_S);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

static enum status issue(struct store *t, const char *id, const char *scope, struct oauth_tokens *out)
{
	const struct oauth_grant g = { .id = str_c(id),
		.client = site.client.id,
		.scope = str_c(scope),
		.sso = STR("s"),
		.nonce = STR(""),
		.jkt = STR(""),
		.person = 7,
		.auth_us = 1 };
	return oauth_tokens_issue(t->ctx, &g, true, out, &t->err);
}

struct refreshed { struct oauth_grant grant; struct oauth_tokens tokens; };

static enum status refresh(struct store *t, struct str token, const char *scope, struct refreshed *out)
{
	const struct oauth_refresh_ask ask = { token, &site.client, STR_NULL, str_c(scope) };
	return oauth_refresh(t->ctx, &ask, &out->grant, &out->tokens, &t->err);
}

static bool good(struct store *t, struct str token)
{
	struct oauth_token found;
	return oauth_token_find(t->ctx, token, &found, &t->err) == ST_OK;
}

/* How often a theft is in the chain. */
static unsigned thefts(struct store *t)
{
	struct audit_row *rows;
	size_t n;
	struct audit_filter f = { .action = STR("oauth.refresh_replayed"), .max = 100 };
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || audit_list(c, &f, &rows, &n, &t->err) != ST_OK)
		return 999;
	return (unsigned)n;
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

/* What is presented when, after a first refresh of A at second 0 has given B. */
struct replay { const char *what; int64_t used_b_at, again_at; bool given; };

static const struct replay replays[] = {
	{ "a lost answer, asked for again at once", -1, 0, true },
	{ "a lost answer, asked for again within the grace", -1, OAUTH_GRACE_S, true },
	{ "a lost answer, asked for again too late", -1, OAUTH_GRACE_S + 1, false },
	{ "the successor was used in the same second", 0, 0, false },
	{ "the successor was used, within the grace", 5, 10, false },
	{ "the successor was used, after the grace", 40, 50, false },
};

static void replay_one(struct store *t, const struct replay *r, unsigned i)
{
	struct oauth_tokens first;
	struct refreshed b, c = { 0 }, again;
	unsigned before = thefts(t);
	at_second(0);
	CHECK_OK(issue(t, arena_printf(t->ctx->arena, "grant-%u", i), "openid offline_access", &first));
	CHECK_OK(refresh(t, first.refresh, "", &b));
	if (r->used_b_at >= 0) {
		at_second(r->used_b_at);
		CHECK_OK(refresh(t, b.tokens.refresh, "", &c));
	}
	at_second(r->again_at);
	CHECK_STATUS(r->given ? ST_OK : ST_INVALID, refresh(t, first.refresh, "", &again));
	CHECK(thefts(t) == before + !r->given);
	if (r->given) {
		CHECK(str_eq(again.tokens.refresh, b.tokens.refresh) && !str_eq(again.tokens.access, b.tokens.access));
		CHECK(good(t, b.tokens.access) && good(t, again.tokens.access) && good(t, b.tokens.refresh));
		return;
	}
	/* The family has ended: what either of the two holds is nothing any more. */
	CHECK(!good(t, first.access) && !good(t, b.tokens.access) && !good(t, b.tokens.refresh));
	CHECK_STATUS(ST_INVALID, refresh(t, b.tokens.refresh, "", &again));
	if (c.tokens.refresh.n) {
		CHECK(!good(t, c.tokens.access));
		CHECK_STATUS(ST_INVALID, refresh(t, c.tokens.refresh, "", &again));
	}
}

static void a_token_that_comes_again(struct store *t, struct authstore *as)
{
	site_init(t, as);
	for (unsigned i = 0; i < sizeof replays / sizeof *replays && !t->failed; i++) {
		replay_one(t, &replays[i], i);
		if (t->failed)
			fprintf(stderr, "  case: %s\n", replays[i].what);
	}
	clock_fake_us(0);
}

/* What is asked for at each refresh of one grant, one after the other; "" : nothing. */
static const struct { const char *asked; enum status st; const char *given; } scopes[] = {
	{ "", ST_OK, "openid email offline_access" },
	{ "openid", ST_OK, "openid" },
	{ "email openid email", ST_OK, "email openid" },
	{ "", ST_OK, "openid email offline_access" }, /* the refresh token keeps it all */
	{ "openid profile", ST_FORBIDDEN, NULL },
	{ "profile", ST_FORBIDDEN, NULL },
	{ "openi", ST_FORBIDDEN, NULL },
	{ "openid email offline_access", ST_OK, "openid email offline_access" },
};

static void a_narrower_scope(struct store *t, struct authstore *as)
{
	struct oauth_tokens first;
	struct oauth_token found;
	struct refreshed r;
	site_init(t, as);
	CHECK_OK(issue(t, "narrow", "openid email offline_access", &first));
	struct str token = first.refresh;
	for (unsigned i = 0; i < sizeof scopes / sizeof *scopes; i++) {
		CHECK_STATUS(scopes[i].st, refresh(t, token, scopes[i].asked, &r));
		if (scopes[i].st != ST_OK)
			continue; /* and the token is as good as before */
		CHECK(str_eqc(r.grant.scope, scopes[i].given));
		CHECK_OK(oauth_token_find(t->ctx, r.tokens.access, &found, &t->err));
		CHECK(str_eqc(found.grant.scope, scopes[i].given));
		CHECK_OK(oauth_token_find(t->ctx, r.tokens.refresh, &found, &t->err));
		CHECK(str_eqc(found.grant.scope, "openid email offline_access"));
		token = r.tokens.refresh;
	}
	CHECK(thefts(t) == 0);
}

/* Nothing is given, and nothing ends, for whoever is not the client or has not its key. */
static void anothers_token(struct store *t, struct authstore *as)
{
	struct oauth_tokens first;
	struct refreshed r;
	site_init(t, as);
	const struct oauth_grant bound = { .id = STR("bound"),
		.client = site.client.id,
		.scope = STR("openid"),
		.sso = STR("s"),
		.nonce = STR(""),
		.jkt = STR("thumb"),
		.person = 7 };
	CHECK_OK(oauth_tokens_issue(t->ctx, &bound, true, &first, &t->err));
	struct oauth_refresh_ask ask = { first.refresh, &site.other, STR("thumb"), STR("") };
	CHECK_STATUS(ST_INVALID, oauth_refresh(t->ctx, &ask, &r.grant, &r.tokens, &t->err));
	ask.client = &site.client;
	ask.jkt = STR("another");
	CHECK_STATUS(ST_INVALID, oauth_refresh(t->ctx, &ask, &r.grant, &r.tokens, &t->err));
	ask.jkt = STR_NULL;
	CHECK_STATUS(ST_INVALID, oauth_refresh(t->ctx, &ask, &r.grant, &r.tokens, &t->err));
	ask.jkt = STR("thumb");
	CHECK_OK(oauth_refresh(t->ctx, &ask, &r.grant, &r.tokens, &t->err));
	CHECK(str_eqc(r.grant.jkt, "thumb") && thefts(t) == 0);
}

/* Who lets a client in once more than may be loses what was of no use for the longest time; used is what was refreshed.
 */
static void grants_of_a_client_are_few(struct store *t, struct authstore *as)
{
	struct oauth_tokens tokens[OAUTH_GRANTS_MAX + 1], other;
	struct refreshed r;
	site_init(t, as);
	const struct oauth_grant elsewhere = { .id = STR("elsewhere"),
		.client = site.other.id,
		.scope = STR("openid"),
		.sso = STR("s"),
		.nonce = STR(""),
		.jkt = STR(""),
		.person = 7 };
	CHECK_OK(oauth_tokens_issue(t->ctx, &elsewhere, true, &other, &t->err));
	for (int i = 0; i < OAUTH_GRANTS_MAX; i++) {
		at_second(i);
		CHECK_OK(issue(t, arena_printf(t->ctx->arena, "many-%d", i), "openid", &tokens[i]));
	}
	CHECK(good(t, tokens[0].access) && good(t, tokens[1].access));
	at_second(OAUTH_GRANTS_MAX);
	CHECK_OK(refresh(t, tokens[0].refresh, "", &r));
	CHECK_OK(issue(t, "one-more", "openid", &tokens[OAUTH_GRANTS_MAX]));
	CHECK(good(t, r.tokens.access) && !good(t, tokens[1].access) && !good(t, tokens[1].refresh) &&
	        good(t, tokens[2].access));
	CHECK(good(t, tokens[OAUTH_GRANTS_MAX].access) && good(t, other.access));
	clock_fake_us(0);
}

/* --- engines ------------------------------------------------------------------------------------------------------ */

#define CASES(X) X(a_token_that_comes_again) X(a_narrower_scope) X(anothers_token) X(grants_of_a_client_are_few)

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
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	        (const struct db_migration_set *[]){
	                &platform_migrations, &auth_migrations, &identity_migrations, NULL });
}
