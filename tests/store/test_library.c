/* SPDX-License-Identifier: Apache-2.0
 *
 * The media library on each store: files by name, where they are used, what may be deleted and comes back.
 */
#include <stdio.h>

#include "base/id.h"
#include "gen/blog_sql.h"
#include "gen/platform_sql.h"
#include "services/blog/library.h"
#include "store.h"

#define NOW 1700000000000000
#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static const struct person ines = { .id = 21, .name = STR_INIT("Ines") };

struct scene { char sha[65]; int64_t media, post; const char *name; const struct person *who; bool added; };

/* A picture whose hash is all c. */
static struct media_item picture(struct scene *s, char c)
{
	static struct media_variant v;
	struct media_item m = { .type = "image/jpeg", .width = 640, .height = 480, .bytes = 1234, .variants = &v,
		.variant_count = 1 };
	for (int i = 0; i < 64; i++)
		m.sha256[i] = s->sha[i] = c;
	v = (struct media_variant){ 640, 480, "jpeg", STR("aa/aa/a-640.jpeg"), 1000 };
	return m;
}

struct bringing { struct scene *s; struct media_item item; };

static enum status tx_bring(struct db_conn *c, void *arg, struct err *e)
{
	struct bringing *x = arg;
	const struct library_file f = { &x->item, str_c(x->s->name), x->s->who, NOW };
	return library_record(c, &f, &x->s->media, &x->s->added, e);
}

static enum status bring(struct store *t, struct scene *s, char c)
{
	struct bringing x = { s, picture(s, c) };
	return db_write(t->ctx, t->db, tx_bring, &x, &t->err);
}

static enum status tx_post(struct db_conn *c, void *arg, struct err *e)
{
	struct scene *s = arg;
	s->post = id_new();
	return q_blog_object_add(c, s->post, STR("post"), STR("a"), STR("A post"), STR("draft"), STR("public"), false,
	        STR(""), 0, STR(""), STR(""), NULL, STR(""), STR(""), NOW, NOW, NULL, STR_NULL, STR_NULL, NULL, e);
}

struct using { int64_t post; const char *place; struct str text; };

static enum status tx_use(struct db_conn *c, void *arg, struct err *e)
{
	const struct using *x = arg;
	return library_uses(c, x->post, x->place, x->text, e);
}

static enum status put_in(struct store *t, int64_t post, const char *place, struct str text)
{
	struct using x = { post, place, text };
	return db_write(t->ctx, t->db, tx_use, &x, &t->err);
}

static struct str text_with(struct store *t, const struct scene *s)
{
	return arena_strf(t->ctx->arena,
	        "<img src=\"/media/%.2s/%.2s/%s-640.jpeg\" srcset=\"/media/%.2s/%.2s/%s-320.webp 320w\">", s->sha,
	        s->sha, s->sha, s->sha, s->sha, s->sha);
}

/* Rows of the list that a search, a kind and a place leave. */
static size_t listed(struct store *t, const char *q, const char *like, const char *kind, const char *shown,
        struct blog_library_row **rows)
{
	size_t n = 0;
	const struct db_page page = { .lim = 10, .down = true, .at_text = STR(""), .key_text = STR("") };
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK ||
	        q_blog_library(c, str_c(q), str_c(like), str_c(kind), str_c(shown), &page, rows, &n, &t->err) != ST_OK)
		return 999;
	return n;
}

static void a_file_has_its_first_name(struct store *t)
{
	struct scene s = { .name = "/content/images/2024/oven.jpg" };
	struct blog_library_row *rows;
	CHECK_OK(bring(t, &s, 'a'));
	CHECK(s.added);
	s.name = "other.jpg";
	s.who = &ines;
	CHECK_OK(bring(t, &s, 'a'));
	CHECK(!s.added);
	CHECK(listed(t, "", "", "", "", &rows) == 1);
	CHECK(str_eqc(rows[0].name, "oven.jpg") && str_eqc(rows[0].person_name, "Ines") && rows[0].uses == 0);
	CHECK(listed(t, "oven", "%oven%", "image", "unused", &rows) == 1);
	CHECK(listed(t, "pan", "%pan%", "", "", &rows) == 0);
	CHECK(listed(t, "", "", "file", "", &rows) == 0);
}

static void uses_are_those_of_the_newest_text(struct store *t)
{
	struct scene s = { .name = "a.jpg" }, other = { .name = "b.jpg" };
	struct blog_library_row *rows;
	CHECK_OK(bring(t, &s, 'a'));
	CHECK_OK(bring(t, &other, 'b'));
	CHECK_OK(db_write(t->ctx, t->db, tx_post, &s, &t->err));
	CHECK_OK(put_in(t, s.post, "draft", text_with(t, &s)));
	CHECK_OK(put_in(t, s.post, "shown", text_with(t, &s)));
	CHECK(listed(t, "", "", "", "used", &rows) == 1 && rows[0].id == s.media && rows[0].uses == 1);
	CHECK_OK(put_in(t, s.post, "draft", text_with(t, &other)));
	CHECK(listed(t, "", "", "", "used", &rows) == 2);
	CHECK_OK(put_in(t, s.post, "shown", STR("/media/ /media/aa/aa/aa <p>none</p>")));
	CHECK(listed(t, "", "", "", "used", &rows) == 1 && rows[0].id == other.media);
}

static void what_is_used_stays(struct store *t)
{
	struct scene s = { .name = "a.jpg" };
	struct blog_library_row *rows;
	CHECK_OK(bring(t, &s, 'a'));
	CHECK_OK(db_write(t->ctx, t->db, tx_post, &s, &t->err));
	CHECK_OK(put_in(t, s.post, "draft", text_with(t, &s)));
	struct library_removal x = { .id = s.media, .now = NOW, .by = { .actor = STR("21") } };
	CHECK_STATUS(ST_CONFLICT, db_write(t->ctx, t->db, library_remove_tx, &x, &t->err));
	CHECK_OK(put_in(t, s.post, "draft", STR("")));
	CHECK_OK(db_write(t->ctx, t->db, library_remove_tx, &x, &t->err));
	CHECK(x.changed);
	CHECK_OK(db_write(t->ctx, t->db, library_remove_tx, &x, &t->err));
	CHECK(!x.changed);
	CHECK(listed(t, "", "", "", "", &rows) == 0 && listed(t, "", "", "", "deleted", &rows) == 1);
	struct library_edit edit = { .id = s.media, .name = STR("x"), .alt = STR("y"), .by = { .actor = STR("21") } };
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, library_edit_tx, &edit, &t->err));
	x.back = true;
	CHECK_OK(db_write(t->ctx, t->db, library_remove_tx, &x, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, library_edit_tx, &edit, &t->err));
	CHECK(listed(t, "y", "%y%", "", "", &rows) == 1 && str_eqc(rows[0].name, "x"));
	x.back = false;
	CHECK_OK(db_write(t->ctx, t->db, library_remove_tx, &x, &t->err));
	CHECK_OK(bring(t, &s, 'a')); /* brought again: it is back */
	CHECK(listed(t, "", "", "", "", &rows) == 1);
	x.id = id_new();
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, library_remove_tx, &x, &t->err));
}

static enum status tx_forget(struct db_conn *c, void *arg, struct err *e)
{
	return q_blog_media_forget(c, *(const int64_t *)arg, NULL, e);
}

static void who_leaves_is_not_named(struct store *t)
{
	struct scene s = { .name = "a.jpg", .who = &ines };
	struct blog_library_row *rows;
	int64_t id = ines.id;
	CHECK_OK(bring(t, &s, 'a'));
	CHECK_OK(db_write(t->ctx, t->db, tx_forget, &id, &t->err));
	CHECK(listed(t, "", "", "", "", &rows) == 1 && !rows[0].person_name.n);
}

/* One text with one file more than are looked for: the last is not counted, the others are. */
static void a_text_has_so_many_files(struct store *t)
{
	struct scene first = { .name = "first.jpg" }, last = { .name = "last.jpg" };
	struct blog_library_row *rows;
	struct buf b;
	CHECK_OK(bring(t, &first, 'a'));
	CHECK_OK(bring(t, &last, 'b'));
	CHECK_OK(db_write(t->ctx, t->db, tx_post, &first, &t->err));
	buf_text(&b, t->ctx->arena);
	for (int i = 0; i < LIBRARY_FILES_IN_TEXT - 1; i++)
		buf_printf(&b, "/media/00/00/%064d ", i);
	struct str others = buf_str(&b);
	CHECK_OK(put_in(t, first.post, "shown", arena_strf(t->ctx->arena, "%.*s%.*s%.*s", STR_ARG(others),
	        STR_ARG(text_with(t, &first)), STR_ARG(text_with(t, &last)))));
	CHECK(listed(t, "", "", "", "used", &rows) == 1 && rows[0].id == first.media);
}

/* --- snippets ----------------------------------------------------------------------------------------------------- */

static enum status tx_snippets(struct db_conn *c, void *arg, struct err *e)
{
	static const char *const names[] = { "Hours", "Address", "Greeting" };
	(void)arg;
	for (int i = 0; i < 3; i++)
		TRY(q_blog_object_add(c, 10 + i, STR("snippet"), str_c(names[i]), str_c(names[i]), STR("unlisted"),
		        STR("public"), false, STR(""), 0, STR(""), STR(""), NULL, STR(""), STR(""), NOW, NOW, NULL,
		        STR_NULL, STR_NULL, NULL, e));
	TRY(q_blog_snippet_bin(c, 10, NOW, NULL, e));
	return q_blog_snippet_rename(c, 12, STR("Welcome"), NOW, NULL, e);
}
static enum status tx_back(struct db_conn *c, void *arg, struct err *e) { return q_blog_snippet_back(c, 10, arg, e); }

static size_t snippets_named(struct store *t, struct blog_snippet_names_row **rows, bool *hours)
{
	struct blog_snippet_named_row *one;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_blog_snippet_names(c, 9, rows, &n, NULL) ||
	    q_blog_snippet_named(c, STR("Hours"), &one, NULL))
		return SIZE_MAX;
	*hours = one != NULL;
	return n;
}

static void a_snippet_in_the_bin_is_not_offered(struct store *t)
{
	struct blog_snippet_names_row *rows;
	int64_t n = 0;
	bool hours;
	CHECK_OK(db_write(t->ctx, t->db, tx_snippets, NULL, &t->err));
	CHECK(snippets_named(t, &rows, &hours) == 2 && !hours);
	CHECK(str_eqc(rows[0].title, "Address") && str_eqc(rows[1].title, "Welcome"));
	CHECK_OK(db_write(t->ctx, t->db, tx_back, &n, &t->err));
	CHECK(n == 1 && snippets_named(t, &rows, &hours) == 3 && hours);
}

int main(int argc, char **argv)
{
	static const struct store_test tests[] = {
		{ .name = "a_file_has_its_first_name", .run = a_file_has_its_first_name },
		{ .name = "uses_are_those_of_the_newest_text", .run = uses_are_those_of_the_newest_text },
		{ .name = "what_is_used_stays", .run = what_is_used_stays },
		{ .name = "who_leaves_is_not_named", .run = who_leaves_is_not_named },
		{ .name = "a_snippet_in_the_bin_is_not_offered", .run = a_snippet_in_the_bin_is_not_offered },
		{ .name = "a_text_has_so_many_files", .run = a_text_has_so_many_files },
	};
	return store_main(argc, argv, tests, COUNT_OF(tests),
	        (const struct db_migration_set *[]){ &platform_migrations, &blog_migrations, NULL });
}
