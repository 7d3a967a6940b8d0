/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that ID tokens are signed with, through their lives: the clock is moved, the job runs, and what is
 * published, what signs and what is still believed must be as oauth_key.h says.
 *
 * Started as "test_oauth_keys --keep URL NOW-US [pooler]" it runs the job once: another process of the site.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gen/identity_sql.h"
#include "gen/platform_sql.h"
#include "platform/audit/audit.h"
#include "rt/fiber.h"
#include "rt/offload.h"
#include "services/identity/oauth/oauth_key.h"
#include "store.h"

#define T0 (INT64_C(1790000000) * US_PER_S)
#define DAY_US (86400 * US_PER_S)
#define SECRET STR("0123456789abcdef0123456789abcdef")
#define PROCESSES 4

extern char **environ;

/* --- a site of one service ---------------------------------------------------------------------------------------- */

struct site { struct platform p; struct service_instance identity; };

static void site_init(struct site *s, struct ctx *ctx, struct db *db)
{
	*s = (struct site){ .p.secret = SECRET, .identity = { .db = db, .platform = &s->p, .local = true } };
	ctx->svc = &s->identity;
	audit_set_secret(SECRET);
}

/* As the daily job does at that moment. */
static enum status keep_at(struct store *t, int64_t day)
{
	clock_fake_us(T0 + day * DAY_US);
	return oauth_keys_keep(t->ctx, &t->err);
}

/* --- what others see ---------------------------------------------------------------------------------------------- */

/* kid of the ES256 keys that are published: " kid kid", in the order they were made. */
static struct str published(struct store *t)
{
	struct str jwks;
	struct buf b;
	size_t i;
	const json_t *one;
	buf_arena(&b, t->ctx->arena, 4096);
	if (oauth_keys_jwks(t->ctx, &jwks, &t->err) != ST_OK)
		return STR("?");
	SCOPED_JSON *j = json_parse(jwks, JOSE_DEPTH, &t->err);
	json_array_foreach(json_object_get(j, "keys"), i, one) {
		struct jose_key *k = json_object_get(one, "d")
		        ? NULL
		        : jose_key_from_jwk(one, &t->err); /* as a relying party reads it */
		if (!k)
			return STR("?");
		jose_key_free(k);
		if (str_eqc(json_str(one, "alg"), "ES256"))
			buf_printf(&b, " %.*s", STR_ARG(json_str(one, "kid")));
	}
	return buf_str(&b);
}

static bool is_published(struct store *t, struct str kid)
{
	return kid.n == JOSE_THUMBPRINT_LEN && str_find(published(t), kid) >= 0;
}

static unsigned count_published(struct store *t)
{
	return (unsigned)(published(t).n / (JOSE_THUMBPRINT_LEN + 1));
}

struct signed_token { struct str text, kid; };

static enum status sign(struct store *t, enum jose_alg alg, struct signed_token *out)
{
	struct jwt parsed;
	TRY(oauth_keys_sign(t->ctx, alg, STR("JWT"), STR("{\"sub\":\"1\"}"), &out->text, &t->err));
	TRY(jwt_parse(t->ctx->arena, out->text, &parsed, &t->err));
	out->kid = arena_str(t->ctx->arena, parsed.kid);
	jwt_fini(&parsed);
	return ST_OK;
}

static bool believed(struct store *t, const struct signed_token *token)
{
	struct jwt parsed;
	if (jwt_parse(t->ctx->arena, token->text, &parsed, &t->err) != ST_OK)
		return false;
	bool yes = oauth_keys_signed(t->ctx, &parsed);
	jwt_fini(&parsed);
	return yes;
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

static void a_keys_life(struct store *t)
{
	struct site s;
	struct signed_token first, same, second, third;
	site_init(&s, t->ctx, t->db);
	CHECK_OK(keep_at(t, 0));
	CHECK(count_published(t) == 1);
	CHECK_OK(sign(t, JOSE_ES256, &first));
	CHECK(is_published(t, first.kid) && believed(t, &first));

	/* Ninety days of work, run daily or hardly ever: nothing new. */
	CHECK_OK(keep_at(t, 1));
	CHECK_OK(keep_at(t, 90));
	CHECK(count_published(t) == 1);

	/* Its successor is published, and signs nothing yet. */
	CHECK_OK(keep_at(t, 91));
	CHECK(count_published(t) == 2);
	CHECK_OK(sign(t, JOSE_ES256, &same));
	CHECK(str_eq(same.kid, first.kid));
	CHECK_OK(keep_at(t, 92));
	CHECK(count_published(t) == 2);
	CHECK_OK(sign(t, JOSE_ES256, &same));
	CHECK(str_eq(same.kid, first.kid));
	struct str announced = published(t);

	/* Two days later it takes over: whoever reads the list every day has it. Its predecessor's tokens are good on.
	 */
	CHECK_OK(keep_at(t, 93));
	CHECK_OK(sign(t, JOSE_ES256, &second));
	CHECK(!str_eq(second.kid, first.kid) && str_find(announced, second.kid) >= 0);
	CHECK(count_published(t) == 2 && is_published(t, first.kid) && believed(t, &first) && believed(t, &second));
	CHECK_OK(keep_at(t, 93 + 30));
	CHECK(is_published(t, first.kid) && believed(t, &first));

	/* It is gone when it has been outlived, and with it what it signed. */
	CHECK_OK(keep_at(t, 93 + 31));
	CHECK(count_published(t) == 1 && !is_published(t, first.kid) && !believed(t, &first) && believed(t, &second));

	/* And round again. A site that slept through all of it goes through the phases just the same. */
	CHECK_OK(keep_at(t, 400));
	CHECK_OK(sign(t, JOSE_ES256, &same));
	CHECK(count_published(t) == 2 && str_eq(same.kid, second.kid));
	CHECK_OK(keep_at(t, 800));
	CHECK_OK(sign(t, JOSE_ES256, &third));
	CHECK(!str_eq(third.kid, second.kid) && believed(t, &second));
	clock_fake_us(0);
}

/* --- several processes -------------------------------------------------------------------------------------------- */

static void keep_main(void *arg)
{
	char **argv = arg;
	struct err e = { 0 };
	struct db_config c;
	struct site s;
	struct ctx ctx;
	SCOPED_ARENA *arena = arena_new(8u << 20);
	ctx_init(&ctx, arena);
	db_config_default(&c);
	c.name = "identity";
	c.url = argv[2];
	c.pooler = argv[4] != NULL;
	clock_fake_us(atoll(argv[3]));
	struct db *db = db_open(&c, &e);
	if (db)
		site_init(&s, &ctx, db);
	if (!db || oauth_keys_keep(&ctx, &e) != ST_OK) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	db_close(db);
}

/* Some that run the job at the same moment. */
static bool processes_keep_at(struct store *t, int64_t day)
{
	char now[32], verb[] = "--keep", pooler[] = "pooler", self[] = "/proc/self/exe";
	snprintf(now, sizeof now, "%lld", (long long)(T0 + day * DAY_US));
	char *argv[] = { self, verb, (char *)t->cfg.url, now, t->cfg.pooler ? pooler : NULL, NULL };
	pid_t pid[PROCESSES];
	bool good = true;
	for (int i = 0; i < PROCESSES; i++)
		if (posix_spawn(&pid[i], self, NULL, NULL, argv, environ) != 0)
			return false;
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		good &= waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return good;
}

/* What one process publishes and signs follows what another has written, within a minute. */
static void another_process_rotates(struct store *t)
{
	struct site s;
	struct signed_token before, after;
	struct identity_keys_row *rows;
	size_t n;
	site_init(&s, t->ctx, t->db);
	CHECK_OK(keep_at(t, 0));
	CHECK_OK(keep_at(t, 91));
	CHECK_OK(sign(t, JOSE_EDDSA, &before));
	CHECK(processes_keep_at(t, 94));
	/* All came to the same: of each kind one at work, one that was, and no second rotation. */
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_identity_keys(c, &rows, &n, &t->err));
		CHECK(n == 2 * JOSE_ALGS);
		for (size_t i = 0; i < n; i += 2)
			CHECK(str_eqc(rows[i].state, "past") && str_eqc(rows[i + 1].state, "current") &&
			        str_eq(rows[i].alg, rows[i + 1].alg));
	}
	clock_fake_us(T0 + 94 * DAY_US);
	CHECK_OK(sign(t, JOSE_EDDSA, &after));
	CHECK(!str_eq(after.kid, before.kid) && believed(t, &before) && believed(t, &after));
	clock_fake_us(0);
}

/* A new site started in several processes at once has one key of each kind. */
static void processes_begin_at_once(struct store *t)
{
	struct identity_keys_row *rows;
	size_t n;
	CHECK(processes_keep_at(t, 0));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_identity_keys(c, &rows, &n, &t->err));
	CHECK(n == JOSE_ALGS);
	for (size_t i = 0; i < n; i++)
		CHECK(str_eqc(rows[i].state, "current"));
}

/* So many rows in all: those that are there, and past ones that are older the lower their number. */
struct many {
	size_t n;
};

static enum status tx_past(struct db_conn *c, void *arg, struct err *e)
{
	struct identity_keys_row *rows;
	size_t n, es = 0;
	TRY(q_identity_keys(c, &rows, &n, e));
	while (!str_eqc(rows[es].alg, "ES256"))
		es++;
	for (size_t i = n; i < ((struct many *)arg)->n; i++)
		TRY(q_identity_key_add(c, arena_strf(db_arena(c), "%02zu%041d", i, 0), STR("ES256"), STR("past"),
		                       rows[es].private, T0 + (int64_t)i, NULL, e));
	return ST_OK;
}

/* Of more keys than there is room for (KEYS_MAX) the one that went longest ago is unknown; what signs, signs. */
static void the_oldest_make_room(struct store *t)
{
	struct site s;
	struct signed_token token, again;
	struct identity_keys_row *rows;
	size_t n;
	site_init(&s, t->ctx, t->db);
	CHECK_OK(keep_at(t, 0));
	CHECK_OK(sign(t, JOSE_ES256, &token));
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_identity_keys(c, &rows, &n, &t->err));
	}
	struct str oldest = arena_strf(t->ctx->arena, "%02zu%041d", n, 0),
	           second = arena_strf(t->ctx->arena, "%02zu%041d", n + 1, 0);
	for (size_t more = 0; more < 2; more++) {
		CHECK_OK(db_write(t->ctx, t->db, tx_past, &(struct many){ 32 + more }, &t->err));
		clock_fake_us(T0 + (int64_t)(1 + more) * 3600 * US_PER_S); /* what was loaded is old by now */
		CHECK_OK(sign(t, JOSE_ES256, &again));
		CHECK(str_eq(again.kid, token.kid) && believed(t, &token));
		CHECK(is_published(t, oldest) == !more && is_published(t, second));
	}
	clock_fake_us(0);
}

static const struct store_test tests[] = {
	{ "a_keys_life", a_keys_life },
	{ "another_process_rotates", another_process_rotates },
	{ "processes_begin_at_once", processes_begin_at_once },
	{ "the_oldest_make_room", the_oldest_make_room },
};

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "--keep")) {
		struct err e;
		log_setup(LOG_ERROR, LOG_TEXT);
		if (offload_start(2, 64, &e) != ST_OK)
			return 1;
		fiber_main(keep_main, argv);
		offload_stop();
		return 0;
	}
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &identity_migrations, NULL });
}
