/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing on each store: a post from its first word to its readers, two who save the same, addresses, revisions.
 */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/platform_sql.h"
#include "services/blog/write.h"
#include "store.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static const struct person mara = {
	.id = 11, .name = STR_INIT("Mara Lind"), .email = STR_INIT("mara@example.org"), .roles = STR_INIT("editor")
};

static struct body *body_of(struct store *t, const char *text)
{
	struct body *b = ARENA_NEW(t->ctx->arena, struct body);
	*b = (struct body){ .html = { arena_strf(t->ctx->arena, "<p>%s</p>", text) },
		            .plain = str_c(text),
		            .plain_preview = STR(""),
		            .words = 1,
		            .reading_min = 1 };
	return b;
}

/* One save of a post with this text. id 0: a new one. */
static enum status save(struct store *t, struct write_change *x, const struct blog_writer *who, int64_t id,
                        const char *text, enum write_do what, bool keep)
{
	struct blog_writing *before = NULL;
	*x = (struct write_change){ .who = who,
		                    .version = x->version,
		                    .settings = x->settings,
		                    .what = what,
		                    .type = STR("post"),
		                    .title = x->title.p ? x->title : STR("A title"),
		                    .by = { .actor = STR("11") },
		                    .source = arena_strf(t->ctx->arena, "{\"root\":{\"children\":[\"%s\"]}}", text),
		                    .body = keep ? body_of(t, text) : NULL };
	if (id) {
		struct blog_writing_row *row;
		SCOPED_DB_READ c = NULL;
		TRY(db_read(t->ctx, t->db, &c, &t->err));
		TRY(q_blog_writing(c, id, &row, &t->err));
		before = ARENA_NEW(t->ctx->arena, struct blog_writing);
		*before = (struct blog_writing){ .row = row };
	}
	x->before = before;
	return db_write(t->ctx, t->db, write_change_tx, x, &t->err);
}

static int64_t revisions(struct store *t, int64_t id)
{
	struct blog_revisions_count_row *row;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || q_blog_revisions_count(c, id, &row, &t->err) != ST_OK)
		return -1;
	return row->n;
}

static void from_first_word_to_readers(struct store *t)
{
	const struct blog_writer who = { .person = &mara, .level = WRITE_EDITOR };
	struct write_change x = { .title = STR("Bread on Fridays") };
	struct blog_post post;
	CHECK_OK(save(t, &x, &who, 0, "first", WRITE_AUTO, false));
	CHECK(x.new_version == 1 && str_eqc(x.slug, "bread-on-fridays") && revisions(t, x.id) == 0);
	int64_t id = x.id;
	x = (struct write_change){ .version = 1, .title = STR("Bread on Fridays") };
	CHECK_OK(save(t, &x, &who, id, "second", WRITE_PUBLISH, true));
	CHECK(revisions(t, id) == 1);
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(blog_post(t->ctx, c, STR("bread-on-fridays"), BLOG_VISITOR, &post, &t->err));
		CHECK(str_eqc(post.html.s, "<p>second</p>") && post.card.author_count == 1);
		CHECK(str_eqc(post.card.authors[0].name, "Mara Lind"));
	}
	/* What is typed now is nobody's but the writer's, until it is published. */
	x = (struct write_change){ .version = 2, .title = STR("Another title") };
	CHECK_OK(save(t, &x, &who, id, "third", WRITE_AUTO, false));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_post(t->ctx, c, STR("bread-on-fridays"), BLOG_VISITOR, &post, &t->err));
	CHECK(str_eqc(post.html.s, "<p>second</p>") && str_eqc(post.card.title, "Bread on Fridays"));
}

static void only_on_top_of_what_was_read(struct store *t)
{
	const struct blog_writer who = { .person = &mara, .level = WRITE_EDITOR };
	struct write_change x = { 0 };
	CHECK_OK(save(t, &x, &who, 0, "a", WRITE_AUTO, false));
	int64_t id = x.id;
	x = (struct write_change){ .version = 1 };
	CHECK_OK(save(t, &x, &who, id, "b", WRITE_AUTO, false));
	for (int64_t version = 0; version <= 3; version++) {
		x = (struct write_change){ .version = version };
		if (version != 2)
			CHECK_STATUS(ST_CONFLICT, save(t, &x, &who, id, "c", WRITE_SAVE, true));
	}
	CHECK(revisions(t, id) == 0);
	struct blog_writing_row *row;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_blog_writing(c, id, &row, &t->err));
	CHECK(row->version == 2 && str_find(row->draft_source, STR("\"b\"")) > 0);
}

static void addresses_alike(struct store *t)
{
	const struct blog_writer who = { .person = &mara, .level = WRITE_EDITOR };
	struct write_change x;
	for (int i = 1; i <= WRITE_SLUG_TRIES; i++) {
		x = (struct write_change){ .title = STR("Same") };
		CHECK_OK(save(t, &x, &who, 0, "a", WRITE_AUTO, false));
		CHECK(i == 1 ? str_eqc(x.slug, "same") : str_eq(x.slug, arena_strf(t->ctx->arena, "same-%d", i)));
	}
	/* Then the post's own id makes the difference, whatever the length of what it is behind. */
	static const char *const titles[] = { "Same",
		"A title of so many words that its address would be longer than any route takes it so that it has to "
		"be cut "
		"somewhere before its end and that there is room for what tells it from the others that are called "
		"alike" };
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < WRITE_SLUG_TRIES + 2; k++) {
			x = (struct write_change){ .title = str_c(titles[i]) };
			CHECK_OK(save(t, &x, &who, 0, "a", WRITE_AUTO, false));
			CHECK(x.slug.n <= 191);
		}
	CHECK(str_ends(x.slug, id_str(t->ctx->arena, x.id)));
	/* Of a title that leaves nothing of an address. */
	x = (struct write_change){ .title = STR("\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a") };
	CHECK_OK(save(t, &x, &who, 0, "a", WRITE_AUTO, false));
	CHECK(str_starts(x.slug, STR("p-")) && x.slug.n == 2 + ID_TEXT_LEN);
}

static void autosaved_revisions_are_few(struct store *t)
{
	const struct blog_writer who = { .person = &mara, .level = WRITE_EDITOR };
	struct write_change x = { 0 };
	CHECK_OK(save(t, &x, &who, 0, "a", WRITE_AUTO, false));
	int64_t id = x.id;
	for (int i = 1; i <= WRITE_KEPT_AUTOS + 2; i++) {
		x = (struct write_change){ .version = i };
		CHECK_OK(save(t, &x, &who, id, arena_printf(t->ctx->arena, "v%d", i), i == 2 ? WRITE_SAVE : WRITE_AUTO,
		              true));
	}
	/* One that was saved by somebody is not counted, nor the one that is shown. */
	CHECK(revisions(t, id) >= WRITE_KEPT_AUTOS + 1 && revisions(t, id) <= WRITE_KEPT_AUTOS + 2);
}

static void topics_of_a_post(struct store *t)
{
	const struct blog_writer who = { .person = &mara, .level = WRITE_EDITOR };
	struct buf b;
	for (int n = WRITE_TAGS_MAX; n <= WRITE_TAGS_MAX + 1; n++) {
		struct write_settings s = { .slug = STR(""),
			                    .excerpt = STR(""),
			                    .visibility = STR("public"),
			                    .lang = STR(""),
			                    .image_alt = STR(""),
			                    .focus = STR(""),
			                    .canonical = STR(""),
			                    .meta_title = STR(""),
			                    .meta_description = STR("") };
		buf_arena(&b, t->ctx->arena, 10000);
		for (int i = 0; i < n; i++)
			buf_printf(&b, "%sTopic %d", i ? ", " : "", i);
		s.tags = buf_str(&b);
		struct write_change x = { .settings = &s };
		CHECK_STATUS(n > WRITE_TAGS_MAX ? ST_UNPROCESSABLE : ST_OK,
		             save(t, &x, &who, 0, "a", WRITE_SAVE, true));
	}
}

static void scheduled_is_published_by_its_job(struct store *t)
{
	const struct blog_writer who = { .person = &mara, .level = WRITE_EDITOR };
	struct write_change x = { 0 };
	struct blog_post post;
	struct blog_due_row *due;
	CHECK_OK(save(t, &x, &who, 0, "a", WRITE_AUTO, false));
	int64_t id = x.id, at = clock_now_us() + 3600 * US_PER_S;
	struct write_change later = { .version = 1 };
	CHECK_OK(save(t, &later, &who, id, "b", WRITE_SAVE, true));
	struct blog_writing_row *row;
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_blog_writing(c, id, &row, &t->err));
	}
	struct blog_writing before = { .row = row };
	later = (struct write_change){ .who = &who,
		                       .before = &before,
		                       .version = 2,
		                       .title = STR("A title"),
		                       .source = STR("{\"root\":{\"children\":[]}}"),
		                       .what = WRITE_SCHEDULE,
		                       .publish_at = at,
		                       .body = body_of(t, "b"),
		                       .by = { .actor = STR("11") } };
	CHECK_OK(db_write(t->ctx, t->db, write_change_tx, &later, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, blog_post(t->ctx, c, STR("a-title"), BLOG_VISITOR, &post, &t->err));
	CHECK_OK(q_blog_due(c, id, at - 1, &due, &t->err));
	CHECK(!due);
	CHECK_OK(q_blog_due(c, id, at, &due, &t->err));
	CHECK(due && due->id == id);
}

int main(int argc, char **argv)
{
	static const struct store_test tests[] = {
		{ .name = "from_first_word_to_readers", .run = from_first_word_to_readers },
		{ .name = "only_on_top_of_what_was_read", .run = only_on_top_of_what_was_read },
		{ .name = "addresses_alike", .run = addresses_alike },
		{ .name = "autosaved_revisions_are_few", .run = autosaved_revisions_are_few },
		{ .name = "topics_of_a_post", .run = topics_of_a_post },
		{ .name = "scheduled_is_published_by_its_job", .run = scheduled_is_published_by_its_job },
	};
	return store_main(argc, argv, tests, COUNT_OF(tests),
	                  (const struct db_migration_set *[]){ &platform_migrations, &blog_migrations, NULL });
}
