/* SPDX-License-Identifier: Apache-2.0
 *
 * Applications register themselves: each bound on what strangers can put into their tables is met here, one after the
 * other, and each rule by which what nobody uses goes.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gen/auth_sql.h"
#include "gen/identity_sql.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit.h"
#include "platform/cache/limits.h"
#include "platform/config/config.h"
#include "rt/fiber.h"
#include "services/identity/oauth/oauth_clients.h"
#include "services/identity/people/people.h"
#include "store.h"

#define T0 (INT64_C(1790000000) * US_PER_S)
#define DAY_US (86400 * US_PER_S)
#define MAX_IN_ALL 5
#define PER_HOUR 3

static struct { struct platform p; struct service_instance identity; int64_t people[2]; } site;

static enum status tx_people(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	TRY(people_add(c, &(struct person_new){ .email = STR("ada@example.org"), .name = STR("Ada"), .roles = STR("") },
	        &site.people[0], e));
	return people_add(c,
	        &(struct person_new){ .email = STR("ben@example.org"), .name = STR("Ben"), .roles = STR("") },
	        &site.people[1], e);
}

static enum status site_init(struct store *t)
{
	struct config_source src = { .sets = (const char *const[]){ "identity.applications_per_hour=3",
		                             "identity.unused_applications_days=7" },
		.set_count = 2 };
	site.p = (struct platform){ .secret = STR("0123456789abcdef0123456789abcdef"),
		.config = config_load(&src, services_all, &t->err),
		.rates = ratelimit_new(NULL, 1000),
		.auth = authstore_on(t->db, NULL) };
	site.identity = (struct service_instance){ .db = t->db, .platform = &site.p, .local = true };
	t->ctx->svc = &site.identity;
	audit_set_secret(site.p.secret);
	clock_fake_us(T0);
	if (!site.p.config || !site.p.rates || !site.p.auth)
		return ST_NOMEM;
	return db_write(t->ctx, t->db, tx_people, NULL, &t->err);
}

static void site_fini(void)
{
	clock_fake_us(0);
	authstore_free(site.p.auth);
	ratelimit_free(site.p.rates);
	config_free((struct config *)(uintptr_t)site.p.config);
}

/* --- one more ----------------------------------------------------------------------------------------------------- */

struct more { const char *id; int64_t person; bool full; };

static enum status tx_client(struct db_conn *c, void *arg, struct err *e)
{
	struct more *m = arg;
	struct oauth_gone gone;
	TRY(oauth_clients_room(c, MAX_IN_ALL, &gone, &m->full, e));
	if (m->full)
		return ST_OK;
	return q_identity_client_add(c, str_c(m->id), STR("oidc"), str_c(m->id), STR("none"), STR(""), STR(""),
	        STR("{}"), clock_now_us(), NULL, e);
}

static enum status tx_let_in(struct db_conn *c, void *arg, struct err *e)
{
	const struct more *m = arg;
	return oauth_consent_put(c, m->person, str_c(m->id), STR("openid"), e);
}

static enum status add(struct store *t, const char *id, bool *full)
{
	struct more m = { .id = id };
	enum status st = db_write(t->ctx, t->db, tx_client, &m, &t->err);
	*full = m.full;
	return st;
}

static enum status let_in(struct store *t, const char *id, int64_t person)
{
	struct more m = { id, person, false };
	return db_write(t->ctx, t->db, tx_let_in, &m, &t->err);
}

static bool there(struct store *t, const char *id)
{
	struct oauth_client c;
	return oauth_client_find(t->ctx, str_c(id), &c, &t->err) == ST_OK;
}

static unsigned recorded(struct store *t, const char *action)
{
	struct audit_row *rows;
	size_t n;
	struct audit_filter f = { .action = str_c(action), .max = 1000 };
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || audit_list(c, &f, &rows, &n, &t->err) != ST_OK)
		return 9999;
	return (unsigned)n;
}

/* --- the bounds --------------------------------------------------------------------------------------------------- */

/* As long as it is taken: true. Each is another one. */
static bool one_more_of_an_address(struct store *t, unsigned i)
{
	const struct person who = { .id = site.people[0] };
	struct web w = { .ctx = t->ctx, .person = &who };
	return oauth_clients_wait(&w) == 0;
}

static bool one_more_in_all(struct store *t, unsigned i)
{
	bool full = true;
	return add(t, arena_printf(t->ctx->arena, "all-%u", i), &full) == ST_OK && !full;
}

static enum status tx_filler(struct db_conn *c, void *arg, struct err *e)
{
	const char *id = arg;
	bool mastodon = str_starts(str_c(id), STR("mastodon"));
	return q_identity_client_add(c, str_c(id), mastodon ? STR("mastodon") : STR("oidc"), STR("Filler"),
	        STR("none"), STR(""), STR(""), STR("{}"), clock_now_us(), NULL, e);
}

static bool one_more_let_in(struct store *t, unsigned i)
{
	char *id = (char *)arena_printf(t->ctx->arena, "in-%u", i);
	if (db_write(t->ctx, t->db, tx_filler, id, &t->err) != ST_OK)
		return false;
	enum status st = let_in(t, id, site.people[0]);
	return st == ST_OK;
}

static const struct bound {
	const char *what;
	unsigned max;
	bool (*one_more)(struct store *t, unsigned i);
} bounds[] = {
	{ "registrations of one visitor in an hour", PER_HOUR, one_more_of_an_address },
	{ "clients in all, none of them older than an hour", MAX_IN_ALL, one_more_in_all },
	{ "clients that one person let in", OAUTH_CONSENTS_MAX, one_more_let_in },
};

static void each_bound_holds(struct store *t)
{
	CHECK_OK(site_init(t));
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		unsigned n = 0;
		while (n <= bounds[i].max && bounds[i].one_more(t, n))
			n++;
		if (n != bounds[i].max) {
			fprintf(stderr, "  %s: %u instead of %u\n", bounds[i].what, n, bounds[i].max);
			CHECK(!"a bound holds");
		}
	}
	/* What one visitor used up is not another's, and what one person let in neither. */
	const struct person other = { .id = site.people[1] };
	CHECK(oauth_clients_wait(&(struct web){ .ctx = t->ctx, .person = &other }) == 0);
	CHECK_OK(let_in(t, "in-1", site.people[1]));
	/* Once more what is let in already. */
	CHECK_OK(let_in(t, "in-1", site.people[0]));
	site_fini();
}

/* --- making way --------------------------------------------------------------------------------------------------- */

static void the_least_useful_makes_way(struct store *t)
{
	bool full;
	CHECK_OK(site_init(t));
	for (int i = 0; i < MAX_IN_ALL; i++) {
		clock_fake_us(T0 + i * 60 * US_PER_S);
		CHECK_OK(add(t, arena_printf(t->ctx->arena, "c%d", i), &full));
		CHECK(!full);
	}
	CHECK_OK(let_in(t, "c0", site.people[0])); /* the oldest, but somebody's */
	/* All are fresh: the next has no place, until the first of the others is no more. */
	clock_fake_us(T0 + (60 + OAUTH_CLIENT_FRESH_S) * US_PER_S);
	CHECK_OK(add(t, "late", &full));
	CHECK(full && !there(t, "late") && there(t, "c1"));
	clock_fake_us(T0 + (60 + OAUTH_CLIENT_FRESH_S) * US_PER_S + 1);
	CHECK_OK(add(t, "late", &full));
	CHECK(!full && there(t, "late") && !there(t, "c1") && there(t, "c0") && there(t, "c2"));
	/* Used lately counts like registered lately. */
	struct oauth_client c2;
	CHECK_OK(oauth_client_find(t->ctx, STR("c2"), &c2, &t->err));
	oauth_client_used(t->ctx, &c2);
	clock_fake_us(T0 + (4 * 60 + OAUTH_CLIENT_FRESH_S) * US_PER_S + 1);
	CHECK_OK(add(t, "later", &full));
	CHECK(!full && there(t, "c2") && !there(t, "c3"));
	/* Let in by somebody, all of them: nobody makes way. */
	static const char *const left[] = { "c2", "c4", "late", "later" };
	for (size_t i = 0; i < sizeof left / sizeof *left; i++)
		CHECK_OK(let_in(t, left[i], site.people[1]));
	clock_fake_us(T0 + 300 * DAY_US);
	CHECK_OK(add(t, "last", &full));
	CHECK(full && !there(t, "last"));
	site_fini();
}

/* --- the sweep ---------------------------------------------------------------------------------------------------- */

/* Days before the sweep. */
static const struct { const char *id; int registered, used; bool let_in, stays; } swept[] = {
	{ "new", 1, -1, false, true },
	{ "six-days", 6, -1, false, true },
	{ "eight-days", 8, -1, false, false },
	{ "years", 900, -1, false, false },
	{ "used-once", 300, 300, false, true },
	{ "used-then", 500, OAUTH_CLIENT_IDLE_DAYS - 1, false, true },
	{ "used-long-ago", 500, OAUTH_CLIENT_IDLE_DAYS + 1, false, false },
	{ "let-in", 300, 200, true, true },
	{ "let-in-long-ago", 900, 450, true, false },
	{ "mastodon-let-in", 900, 450, true, true },
	{ "mastodon-by-nobody", 900, 450, false, false },
};

static void what_nobody_uses_goes(struct store *t)
{
	struct oauth_client c;
	struct oauth_tokens tokens;
	CHECK_OK(site_init(t));
	for (size_t i = 0; i < sizeof swept / sizeof *swept; i++) {
		clock_fake_us(T0 - swept[i].registered * DAY_US);
		CHECK_OK(db_write(t->ctx, t->db, tx_filler, (char *)swept[i].id, &t->err));
		clock_fake_us(T0 - (swept[i].used > 0 ? swept[i].used : swept[i].registered) * DAY_US);
		if (swept[i].let_in)
			CHECK_OK(let_in(t, swept[i].id, site.people[0]));
		CHECK_OK(oauth_client_find(t->ctx, str_c(swept[i].id), &c, &t->err));
		if (swept[i].used > 0)
			oauth_client_used(t->ctx, &c);
	}
	clock_fake_us(T0);
	for (int again = 0; again < 2; again++) {
		CHECK_OK(oauth_clients_job(t->ctx, NULL, &t->err));
		for (size_t i = 0; i < sizeof swept / sizeof *swept; i++)
			if (there(t, swept[i].id) != swept[i].stays) {
				fprintf(stderr, "  %s\n", swept[i].id);
				CHECK(!"the sweep takes what it should");
			}
		CHECK(recorded(t, "oauth.unused_clients_swept") == 1 && recorded(t, "oauth.idle_clients_swept") == 1);
	}
	/* An owner's button: all that were never used, fresh or not. */
	int64_t n;
	CHECK_OK(oauth_clients_drop_unused(
	        t->ctx, T0, &(struct audit_entry){ .action = "oauth.unused_clients_removed" }, &n, &t->err));
	CHECK(n == 2 && !there(t, "new") && there(t, "let-in"));
	/* And the other: with all that it was given. */
	const struct oauth_grant g = { .id = STR("g"),
		.client = STR("let-in"),
		.scope = STR("openid"),
		.sso = STR(""),
		.nonce = STR(""),
		.jkt = STR(""),
		.person = site.people[0] };
	struct oauth_token found;
	size_t people;
	clock_fake_us(0);
	CHECK_OK(oauth_tokens_issue(t->ctx, &g, true, &tokens, &t->err));
	CHECK_OK(oauth_token_find(t->ctx, tokens.access, &found, &t->err));
	CHECK_OK(oauth_client_remove(
	        t->ctx, STR("let-in"), &(struct audit_entry){ .action = "oauth.client_removed" }, &people, &t->err));
	CHECK(people == 1 && !there(t, "let-in") && recorded(t, "oauth.client_removed") == 1);
	CHECK_STATUS(ST_NOT_FOUND, oauth_token_find(t->ctx, tokens.access, &found, &t->err));
	CHECK_OK(oauth_client_remove(
	        t->ctx, STR("let-in"), &(struct audit_entry){ .action = "oauth.client_removed" }, &people, &t->err));
	CHECK(people == 0 && recorded(t, "oauth.client_removed") == 1);
	site_fini();
}

/* More than a transaction takes. */
static void a_flood_goes_in_steps(struct store *t)
{
	enum { FLOOD = 2 * OAUTH_CLIENTS_SWEEP + 1 };
	int64_t n;
	CHECK_OK(site_init(t));
	for (int i = 0; i < FLOOD; i++)
		CHECK_OK(db_write(t->ctx, t->db, tx_filler, (char *)arena_printf(t->ctx->arena, "f%d", i), &t->err));
	CHECK_OK(oauth_clients_drop_unused(
	        t->ctx, T0 + 1, &(struct audit_entry){ .action = "oauth.unused_clients_swept" }, &n, &t->err));
	CHECK(n == FLOOD && recorded(t, "oauth.unused_clients_swept") == 3);
	site_fini();
}

static const struct store_test tests[] = {
	{ "each_bound_holds", each_bound_holds },
	{ "the_least_useful_makes_way", the_least_useful_makes_way },
	{ "what_nobody_uses_goes", what_nobody_uses_goes },
	{ "a_flood_goes_in_steps", a_flood_goes_in_steps },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	        (const struct db_migration_set *[]){
	                &platform_migrations, &auth_migrations, &identity_migrations, NULL });
}
