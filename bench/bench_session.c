/* SPDX-License-Identifier: Apache-2.0
 *
 * The session check of a request: from a service's cookie to the person. From memory; the same while somebody signs in
 * before each; and read from SQLite: of more people than are remembered each comes anew, as everybody does once after
 * the change or end of a session.
 *
 *     bench_session [FOLDER]      (default: a folder in /tmp)
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "gen/auth_sql.h"
#include "platform/auth/session_cache.h"
#include "platform/auth/session_int.h"
#include "rt/fiber.h"

enum { PEOPLE = 1000, CROWD = 20000, ROUNDS = 2000000, ROUNDS_BESIDE = 10000 };

static struct platform p;
static struct service_instance provider = { .platform = &p, .local = true }, site = { .platform = &p, .local = true };
static const struct service provider_def = { .name = "identity", .identity = true }, site_def = { .name = "blog" };
static struct str secrets[CROWD];

static void must(enum status st, const struct err *e)
{
	if (st == ST_OK)
		return;
	fprintf(stderr, "%s\n", e->msg);
	exit(1);
}

static void sign_in(struct ctx *ctx, unsigned i, struct err *e)
{
	char key[AUTH_HASH_LEN + 1], hash[AUTH_HASH_LEN + 1];
	int64_t expires = auth_expiry_us(SSO_LIFE_S), now = clock_now_us();
	(void)auth_secret(ctx->arena, key);
	secrets[i] = auth_secret(ctx->arena, hash);
	struct str value = arena_strf(ctx->arena,
	        "{\"person\":%u,\"auth\":%lld,\"seen\":%lld,\"sid\":\"0h2k3m4n5p6q7\",\"name\":\"Ines Marques\","
	        "\"email\":\"ines%u@example.org\",\"handle\":\"ines%u\",\"roles\":\"editor\",\"amr\":\"pwd otp\","
	        "\"agent\":\"Firefox on Linux\"}",
	        i + 1, (long long)now, (long long)now, i, i);
	struct auth_entry n[] = { { AUTH_SSO, arena_str(ctx->arena, str_c(key)), arena_strf(ctx->arena, "p:%u", i + 1),
		                          value, expires },
		{ AUTH_SESSION, session_key(ctx, arena_str(ctx->arena, str_c(hash))), STR_NULL,
		        arena_str(ctx->arena, str_c(key)), expires } };
	must(authstore_put_all(ctx, p.auth, n, 2, e), e);
}

static void check(struct arena *a, unsigned i)
{
	struct ctx ctx;
	struct sso s;
	struct err e = { 0 };
	ctx_init(&ctx, a);
	ctx.svc = &site;
	must(session_find(&ctx, secrets[i], &s, &e), &e);
	arena_reset(a);
}

static void run(void *arg)
{
	struct err e = { 0 };
	struct ctx ctx;
	SCOPED_ARENA *a = arena_new(64 << 20), *scratch = arena_new(1 << 20);
	struct db_config c;
	char url[512];
	unsigned applied;
	db_config_default(&c);
	snprintf(url, sizeof url, "sqlite:%s/auth.db", (const char *)arg);
	c.name = "auth";
	c.url = url;
	struct db *db = db_open(&c, &e);
	must(db ? ST_OK : ST_CONFIG, &e);
	ctx_init(&ctx, a);
	ctx.svc = &site;
	p.auth = authstore_on(db, NULL);
	p.sessions = session_cache_new();
	p.identity = &provider;
	provider.def = &provider_def;
	site.def = &site_def;
	must(db_migrate(&ctx, db, &auth_migrations, 1, &applied, &e), &e);
	for (unsigned i = 0; i < PEOPLE; i++)
		sign_in(&ctx, i, &e);
	for (unsigned i = 0; i < PEOPLE; i++)
		check(scratch, i);
	int64_t start = clock_mono_ns();
	for (unsigned i = 0; i < ROUNDS; i++)
		check(scratch, i % PEOPLE);
	double warm = (double)(clock_mono_ns() - start) / ROUNDS;
	int64_t beside = 0;
	for (unsigned i = 0; i < ROUNDS_BESIDE; i++) {
		char hash[AUTH_HASH_LEN + 1];
		(void)auth_secret(scratch, hash);
		must(authstore_put_new(&ctx, p.auth,
		             &(struct auth_entry){ AUTH_SESSION, str_c(hash), STR_NULL, STR("x"), auth_expiry_us(60) },
		             &e),
		        &e);
		start = clock_mono_ns();
		check(scratch, i % PEOPLE);
		beside += clock_mono_ns() - start;
	}
	for (unsigned i = PEOPLE; i < CROWD; i++)
		sign_in(&ctx, i, &e);
	start = clock_mono_ns();
	for (unsigned i = 0; i < CROWD; i++)
		check(scratch, i);
	double cold = (double)(clock_mono_ns() - start) / CROWD;
	printf("session check, store unchanged         %6.2f µs\nsession check, somebody new signed in  %6.2f "
	       "µs\nsession check, read from SQLite        %6.2f µs\n",
	        warm / 1e3, (double)beside / ROUNDS_BESIDE / 1e3, cold / 1e3);
	session_cache_free(p.sessions);
	authstore_free(p.auth);
	db_close(db);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/gh-bench-XXXXXX";
	const char *dir = argc > 1 ? argv[1] : mkdtemp(folder);
	if (!dir)
		return 1;
	fiber_main(run, (void *)dir);
	return 0;
}
