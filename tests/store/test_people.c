/* SPDX-License-Identifier: Apache-2.0
 *
 * What other services may ask identity about people: whom an access token stands for, who has a role. On every engine.
 */
#include <stdio.h>
#include <string.h>

#include "gen/auth_sql.h"
#include "gen/identity_serve.h"
#include "gen/identity_sql.h"
#include "gen/platform_sql.h"
#include "services/identity/oauth/oauth.h"
#include "services/identity/people/people.h"
#include "store.h"

#define CHECK_STR(want, got) CHECK(str_eq(str_c(want), got))

static struct { struct platform p; struct service_instance identity; } site;

static void site_init(struct store *t, struct authstore *as)
{
	site.p = (struct platform){ .secret = STR("0123456789abcdef0123456789abcdef"), .auth = as };
	site.identity = (struct service_instance){ .db = t->db, .platform = &site.p, .local = true };
	t->ctx->svc = &site.identity;
}

static enum status add_person(struct db_conn *c, void *arg, struct err *e)
{
	int64_t id;
	return people_add(c, arg, &id, e);
}

static void person(struct store *t, const char *name, const char *roles, const char *status, int64_t *id)
{
	struct person_new n = { .email = arena_strf(t->ctx->arena, "%s@example.org", name),
		.name = str_c(name),
		.roles = str_c(roles),
		.status = status };
	struct person_record *p = NULL;
	CHECK_OK(db_write(t->ctx, t->db, add_person, &n, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(people_by_email(c, n.email, &p, &t->err));
	CHECK(p);
	if (id)
		*id = p->id;
}

/* Names, in the order given, joined by blanks. */
static void expect_holders(struct store *t, const char *service, const char *role, const char *names)
{
	struct identity_holders_answer out = { 0 };
	struct buf b;
	buf_text(&b, t->ctx->arena);
	CHECK_OK(identity_serve_holders(
	        t->ctx, &(struct identity_holders_ask){ str_c(service), str_c(role) }, &out, &t->err));
	for (size_t i = 0; i < out.list.count; i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(out.list.items[i].name));
	CHECK_STR(names, buf_str(&b));
	CHECK(!out.more);
}

static void who_has_a_role(struct store *t)
{
	struct identity_holders_answer out;
	site_init(t, NULL);
	person(t, "Ada", "owner", "active", NULL);
	person(t, "Ben", "admin", "active", NULL);
	person(t, "Cem", "editor market.keeper", "active", NULL);
	person(t, "Dea", "market.keeper", "leaving", NULL);
	person(t, "Eve", "market.keeper", "suspended", NULL);
	person(t, "Flo", "", "active", NULL);
	person(t, "Gus", "", "pending", NULL);
	expect_holders(t, "", "owner", "Ada");
	expect_holders(t, "", "admin", "Ada Ben");
	expect_holders(t, "", "editor", "Ada Ben Cem");
	expect_holders(t, "", "member", "Ada Ben Cem Dea Flo");
	expect_holders(t, "market", "keeper", "Ada Ben Cem Dea");
	expect_holders(t, "market", "keep", "Ada Ben");
	CHECK_STATUS(ST_INVALID,
	        identity_serve_holders(t->ctx, &(struct identity_holders_ask){ STR(""), STR("") }, &out, &t->err));
}

static struct session_token_answer ask_token(struct store *t, struct str token)
{
	struct session_token_answer out = { 0 };
	if (identity_serve_token(t->ctx, &(struct session_token_ask){ token }, &out, &t->err) != ST_OK)
		out.client = STR("a failure");
	return out;
}

static void whom_a_token_stands_for(struct store *t)
{
	struct authstore *as = authstore_on(t->db, NULL);
	struct oauth_tokens got, bound, own;
	CHECK(as);
	site_init(t, as);
	int64_t ada, eve;
	person(t, "Ada", "admin", "active", &ada);
	person(t, "Eve", "", "suspended", &eve);
	struct oauth_grant g = { .id = STR("g1"),
		.client = STR("app"),
		.scope = STR("read write:statuses"),
		.sso = STR("s"),
		.nonce = STR(""),
		.jkt = STR(""),
		.person = ada,
		.auth_us = 1 };
	CHECK_OK(oauth_tokens_issue(t->ctx, &g, true, &got, &t->err));
	struct session_token_answer a = ask_token(t, got.access);
	CHECK(a.there && a.person == ada);
	CHECK_STR("Ada", a.name);
	CHECK_STR("admin", a.roles);
	CHECK_STR("app", a.client);
	CHECK_STR("read write:statuses", a.scope);
	CHECK(!ask_token(t, got.refresh).there);
	CHECK(!ask_token(t, STR("something")).there);
	CHECK(!ask_token(t, STR("")).there);
	g.id = STR("g2");
	g.jkt = STR("a-key");
	CHECK_OK(oauth_tokens_issue(t->ctx, &g, false, &bound, &t->err));
	CHECK(!ask_token(t, bound.access).there); /* without its proof it says nothing */
	g.id = STR("");
	g.jkt = STR("");
	g.person = 0;
	CHECK_OK(oauth_tokens_issue(t->ctx, &g, false, &own, &t->err));
	a = ask_token(t, own.access);
	CHECK(a.there && !a.person);
	g.id = STR("g3");
	g.person = eve;
	CHECK_OK(oauth_tokens_issue(t->ctx, &g, false, &own, &t->err));
	CHECK(!ask_token(t, own.access).there);
	CHECK_OK(oauth_grant_revoke(t->ctx, STR("g1"), &t->err));
	CHECK(!ask_token(t, got.access).there);
	authstore_free(as);
}

static enum status add_many(struct db_conn *c, void *arg, struct err *e)
{
	const int *n = arg;
	for (int i = n[0]; i < n[1]; i++) {
		char name[32], email[64];
		snprintf(name, sizeof name, "Member %d", i);
		snprintf(email, sizeof email, "m%d@example.org", i);
		TRY(add_person(c, &(struct person_new){ .email = str_c(email), .name = str_c(name) }, e));
	}
	return ST_OK;
}

static void many_have_a_role(struct store *t)
{
	site_init(t, NULL);
	for (int more = 0; more < 2; more++) {
		struct identity_holders_answer out = { 0 };
		CHECK_OK(db_write(t->ctx, t->db, add_many, more ? (int[]){ 1000, 1001 } : (int[]){ 0, 1000 }, &t->err));
		CHECK_OK(identity_serve_holders(
		        t->ctx, &(struct identity_holders_ask){ STR(""), STR("member") }, &out, &t->err));
		CHECK(out.list.count == 1000 && out.more == more);
	}
}

static const struct store_test tests[] = {
	{ "many_have_a_role", many_have_a_role, "sqlite" },
	{ "who_has_a_role", who_has_a_role },
	{ "whom_a_token_stands_for", whom_a_token_stands_for },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	        (const struct db_migration_set *[]){
	                &platform_migrations, &auth_migrations, &identity_migrations, NULL });
}
