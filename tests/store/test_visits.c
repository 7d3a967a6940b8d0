/* SPDX-License-Identifier: Apache-2.0
 *
 * Visits on each store: what a process has heard is added to the day's numbers; made-up addresses are not, nor more
 * sources of a day than are kept apart; old days go.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/id.h"
#include "gen/blog_sql.h"
#include "gen/platform_sql.h"
#include "services/blog/visits.h"
#include "store.h"

enum { DAY = 20000 };

static void put(struct visit_sum *s, bool source, const char *key, int64_t views, int64_t visits)
{
	*s = (struct visit_sum){ .day = DAY, .views = views, .visits = visits, .source = source };
	snprintf(s->key, sizeof s->key, "%s", key);
}

static bool heard(struct visit_batch *b, bool source, const char *key, int64_t views, int64_t visits)
{
	struct visit_sum s;
	put(&s, source, key, views, visits);
	return visit_batch_add(b, &s);
}

static enum status tx_post(struct db_conn *c, void *arg, struct err *e)
{
	int64_t *id = arg;
	*id = id_new();
	return q_blog_object_add(c, *id, STR("post"), STR("bread"), STR("Bread"), STR("published"), STR("public"),
	        false, STR(""), 0, STR(""), STR(""), NULL, STR(""), STR(""), DAY, DAY, NULL, STR_NULL, STR_NULL, NULL,
	        e);
}

static size_t pages(struct store *t, int64_t first, struct blog_visit_top_pages_row **rows)
{
	size_t n;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_blog_visit_top_pages(c, first, 9, rows, &n, NULL) ? SIZE_MAX : n;
}

static size_t sources(struct store *t, int64_t lim, struct blog_visit_top_sources_row **rows)
{
	size_t n;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_blog_visit_top_sources(c, 0, lim, rows, &n, NULL) ? SIZE_MAX : n;
}

static void a_day(struct store *t)
{
	struct visit_batch *b = ARENA_NEW(t->ctx->arena, struct visit_batch);
	struct blog_visit_top_pages_row *rows;
	struct blog_visit_top_sources_row *from;
	struct blog_visit_days_row *days;
	int64_t post;
	size_t n;
	CHECK_OK(db_write(t->ctx, t->db, tx_post, &post, &t->err));
	CHECK(heard(b, false, "/bread/", 1, 1) && heard(b, false, "/bread/", 1, 0) && heard(b, false, "/bread", 1, 1));
	CHECK(heard(b, false, "/", 1, 0) && heard(b, false, "/tag/oven/", 1, 0) && heard(b, false, "/nobody/", 9, 9));
	CHECK(heard(b, false, "/bread/and/more/", 9, 9) && heard(b, true, "news.example", 0, 2) &&
	        heard(b, true, "", 0, 1));
	CHECK(b->n == 8); /* the same twice is one */
	CHECK_OK(db_write(t->ctx, t->db, visit_write_tx, b, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, visit_write_tx, b, &t->err));
	CHECK(pages(t, 0, &rows) == 3 && rows[0].object_id == post && rows[0].views == 6 && rows[0].visits == 4);
	CHECK(str_eqc(rows[0].title, "Bread") && rows[1].object_id == -1 && rows[2].object_id == 0);
	CHECK(sources(t, 9, &from) == 2 && str_eqc(from[0].source, "news.example") && from[0].visits == 4);
	CHECK(pages(t, DAY + 1, &rows) == 0);
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_blog_visit_days(c, 0, &days, &n, &t->err));
	CHECK(n == 1 && days[0].day == DAY && days[0].views == 10 && days[0].visits == 4);
}

static void as_much_as_is_heard(struct store *t)
{
	struct visit_batch *b = ARENA_NEW(t->ctx->arena, struct visit_batch);
	char key[VISIT_KEY_MAX + 1];
	for (int i = 0; i < VISITS_PENDING_MAX; i++) {
		snprintf(key, sizeof key, "/p%d/", i);
		CHECK(heard(b, false, key, 1, 1));
	}
	CHECK(!heard(b, false, "/one-more/", 1, 1));
	CHECK(heard(b, false, "/p7/", 1, 1)); /* what is there goes on being counted */
	CHECK(b->n == VISITS_PENDING_MAX);
}

static void sources_of_a_day(struct store *t)
{
	struct visit_batch *b = ARENA_NEW(t->ctx->arena, struct visit_batch);
	struct blog_visit_top_sources_row *rows;
	char key[VISIT_KEY_MAX + 1];
	for (int i = 0; i < VISIT_SOURCES_MAX + 2; i++) {
		snprintf(key, sizeof key, "s%d.example", i);
		CHECK(heard(b, true, key, 0, 1));
	}
	CHECK_OK(db_write(t->ctx, t->db, visit_write_tx, b, &t->err));
	CHECK(sources(t, 2 * VISIT_SOURCES_MAX, &rows) == VISIT_SOURCES_MAX + 1);
	CHECK(str_eqc(rows[0].source, "…") && rows[0].visits == 2);
	*b = (struct visit_batch){ 0 };
	CHECK(heard(b, true, "s3.example", 0, 5));
	CHECK_OK(db_write(t->ctx, t->db, visit_write_tx, b, &t->err));
	CHECK(sources(t, 1, &rows) == 1 && str_eqc(rows[0].source, "s3.example") && rows[0].visits == 6);
}

static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *before = arg;
	TRY(q_blog_visit_pages_sweep(c, *before, NULL, e));
	return q_blog_visit_sources_sweep(c, *before, NULL, e);
}

static void old_days_go(struct store *t)
{
	struct visit_batch *b = ARENA_NEW(t->ctx->arena, struct visit_batch);
	struct blog_visit_top_pages_row *rows;
	struct blog_visit_top_sources_row *from;
	int64_t before = DAY;
	CHECK(heard(b, false, "/", 1, 1) && heard(b, true, "a.example", 0, 1));
	CHECK_OK(db_write(t->ctx, t->db, visit_write_tx, b, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, tx_sweep, &before, &t->err));
	CHECK(pages(t, 0, &rows) == 1 && sources(t, 9, &from) == 1);
	before++;
	CHECK_OK(db_write(t->ctx, t->db, tx_sweep, &before, &t->err));
	CHECK(pages(t, 0, &rows) == 0 && sources(t, 9, &from) == 0);
}

static const struct store_test tests[] = {
	{ "a_day", a_day },
	{ "as_much_as_is_heard", as_much_as_is_heard },
	{ "sources_of_a_day", sources_of_a_day },
	{ "old_days_go", old_days_go },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &blog_migrations, NULL });
}
