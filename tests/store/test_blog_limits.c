/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounds of the blog's store, each met and passed by one: what an import takes, what an export writes, what a search
 * looks for and counts.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "gen/blog_sql.h"
#include "gen/platform_sql.h"
#include "services/blog/export.h"
#include "services/blog/import.h"
#include "services/blog/store.h"
#include "store.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

/* --- imports ------------------------------------------------------------------------------------------------------ */

static const char *file_of(struct store *t, const char *name, struct str text)
{
	char *path = arena_printf(t->ctx->arena, "%s/%s", t->folder, name);
	FILE *f = fopen(path, "w");
	if (f)
		fwrite(text.p, 1, text.n, f);
	if (!f || fclose(f))
		store_failed(t, __FILE__, __LINE__, path);
	return path;
}

/* An export with these rows in one table. */
static enum status import_rows(struct store *t, const char *table, struct str rows, struct import_report *r)
{
	struct str text = arena_strf(
	        t->ctx->arena, "{\"db\":[{\"meta\":{\"version\":\"6.0.0\"},\"data\":{\"posts\":[],\"%s\":[%.*s]}}]}",
	        table, STR_ARG(rows));
	if (!strcmp(table, "posts"))
		text = arena_strf(t->ctx->arena,
		                  "{\"db\":[{\"meta\":{\"version\":\"6.0.0\"},\"data\":{\"posts\":[%.*s]}}]}",
		                  STR_ARG(rows));
	const struct import_options opt = { .path = file_of(t, "export.json", text) };
	memset(&t->err, 0, sizeof t->err);
	return blog_import_ghost(t->ctx, t->db, NULL, &opt, r, &t->err);
}

static struct str repeated(struct arena *a, size_t n, const char *what)
{
	struct buf b;
	buf_arena(&b, a, 16 << 20);
	while (n--)
		buf_puts(&b, what);
	return buf_str(&b);
}

static struct str long_title(struct arena *a, size_t n)
{
	return arena_strf(a, "{\"id\":\"1\",\"slug\":\"long\",\"title\":\"%.*s\"}",
	                  STR_ARG(repeated(a, n, "\xc3\xa9")));
}

static struct str long_name(struct arena *a, size_t n)
{
	return arena_strf(a, "{\"id\":\"1\",\"name\":\"%.*s\",\"lexical\":\"{}\"}",
	                  STR_ARG(repeated(a, n, "\xc3\xa9")));
}

/* A setting holds the menu as text, so that quotes are escaped. */
static struct str long_menu(struct arena *a, size_t n)
{
	struct str entries = repeated(a, n - 1, "{\\\"label\\\":\\\"a\\\",\\\"url\\\":\\\"/a/\\\"},");
	return arena_strf(a,
	                  "{\"id\":\"1\",\"key\":\"navigation\",\"value\":\"[%.*s{\\\"label\\\":\\\"z\\\",\\\"url\\\":"
	                  "\\\"/z/\\\"}]\"}",
	                  STR_ARG(entries));
}

/* All of one address. */
static struct str twins(struct arena *a, size_t n)
{
	struct buf b;
	buf_arena(&b, a, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s{\"id\":\"%zu\",\"slug\":\"same\",\"name\":\"Tag\"}", i ? "," : "", i);
	return buf_str(&b);
}

static const struct {
	const char *name, *table;
	size_t most;
	struct str (*rows)(struct arena *a, size_t n);
	enum status past;
	const char *says; /* a note, or the refusal */
} imports[] = {
	{ "TITLE_MAX", "posts", 255, long_title, ST_OK, "the title was cut to 255 characters" },
	{ "TITLE_MAX", "snippets", 255, long_name, ST_OK, "the title was cut to 255 characters" },
	{ "MENU_MAX", "settings", 100, long_menu, ST_OK, "entries after the first 100 were left out" },
	{ "SLUG_TRIES", "tags", 500, twins, ST_CONFLICT, "more than 500 objects want the address \"same\"" },
};

static bool noted(const struct import_report *r, const char *why)
{
	for (size_t i = 0; i < r->note_count; i++)
		if (str_find(r->notes[i].why, str_c(why)) >= 0)
			return true;
	return false;
}

static void imports_at_their_limits(struct store *t)
{
	struct import_report r = { 0 };
	for (size_t i = 0; i < COUNT_OF(imports); i++)
		for (size_t more = 0; more < 2; more++) {
			struct str rows = imports[i].rows(t->ctx->arena, imports[i].most + more);
			enum status st = import_rows(t, imports[i].table, rows, &r);
			bool said =
			        st == ST_OK ? noted(&r, imports[i].says) : strstr(t->err.msg, imports[i].says) != NULL;
			if (st != (more ? imports[i].past : ST_OK) || said != (more == 1))
				store_failed(t, __FILE__, __LINE__,
				             arena_printf(t->ctx->arena, "%s + %zu: %s, %s", imports[i].name, more,
				                          status_info(st)->name, t->err.msg));
		}
}

/* The last of many relations counts for whether something changed, as the first does. */
static void every_relation_counts(struct store *t)
{
	struct import_report r;
	struct buf tags, links;
	buf_arena(&tags, t->ctx->arena, 1 << 20);
	buf_arena(&links, t->ctx->arena, 1 << 20);
	for (int i = 0; i < 101; i++) {
		buf_printf(&tags, "%s{\"id\":\"t%d\",\"slug\":\"t%d\",\"name\":\"T\"}", i ? "," : "", i, i);
		if (i < 99)
			buf_printf(&links, "{\"post_id\":\"p\",\"tag_id\":\"t%d\",\"sort_order\":%d},", i, i);
	}
	for (int last = 99; last < 101; last++) {
		struct str rows = arena_strf(t->ctx->arena,
		                             "%.*s],\"posts\":[{\"id\":\"p\",\"slug\":\"p\",\"title\":\"P\"}],\"posts_"
		                             "tags\":[%.*s{\"post_id\":\"p\","
		                             "\"tag_id\":\"t%d\",\"sort_order\":99}",
		                             STR_ARG(buf_str(&tags)), STR_ARG(buf_str(&links)), last);
		struct str text = arena_strf(t->ctx->arena,
		                             "{\"db\":[{\"meta\":{\"version\":\"6.0.0\"},\"data\":{\"tags\":[%.*s]}}]}",
		                             STR_ARG(rows));
		const struct import_options opt = { .path = file_of(t, "export.json", text) };
		CHECK_OK(blog_import_ghost(t->ctx, t->db, NULL, &opt, &r, &t->err));
		CHECK(last == 99 ? r.counts[IMPORT_POSTS].added == 1 : r.counts[IMPORT_POSTS].changed == 1);
	}
}

/* --- exports ------------------------------------------------------------------------------------------------------ */

/* Of the post in export.json, the longest row by far and the only one of its table: on its line there is the end of
   the table too, "],", while the end of the line before is the row's. */
static size_t longest_row(struct store *t, const char *folder)
{
	size_t longest = 0, n = 0;
	char path[256];
	snprintf(path, sizeof path, "%s/export.json", folder);
	FILE *f = fopen(path, "r");
	for (int c = 0; f && c != EOF;) {
		for (n = 0; (c = fgetc(f)) != '\n' && c != EOF; n++)
			;
		if (n > longest)
			longest = n;
	}
	if (f)
		fclose(f);
	return longest - 1;
}

static void rows_of_an_export(struct store *t)
{
	struct import_report in;
	struct export_report out;
	CHECK_OK(import_rows(t, "posts",
	                     arena_strf(t->ctx->arena, "{\"id\":\"1\",\"title\":\"T\",\"html\":\"<p>%.*s</p>\"}",
	                                STR_ARG(repeated(t->ctx->arena, 5000, "x"))),
	                     &in));
	struct export_options o = { .folder = arena_printf(t->ctx->arena, "%s/first", t->folder) };
	CHECK_OK(blog_export_ghost(t->ctx, t->db, NULL, &o, &out, &t->err));
	size_t longest = longest_row(t, o.folder);
	o.folder = arena_printf(t->ctx->arena, "%s/second", t->folder);
	o.row_max = longest;
	CHECK_OK(blog_export_ghost(t->ctx, t->db, NULL, &o, &out, &t->err));
	o.folder = arena_printf(t->ctx->arena, "%s/third", t->folder);
	o.row_max = longest - 1;
	CHECK_STATUS(ST_TOO_LARGE, blog_export_ghost(t->ctx, t->db, NULL, &o, &out, &t->err));
	CHECK(strstr(t->err.msg, "can not be exported: {\"id\":"));
	FILE *left = fopen(o.folder, "r");
	CHECK(!left);
}

/* --- searches ----------------------------------------------------------------------------------------------------- */

struct many {
	int n;
	const char *text;
};

/* Posts a0, a1, …: the first is the one that was changed last. */
static enum status put_posts(struct db_conn *c, void *arg, struct err *e)
{
	const struct many *m = arg;
	const struct str none = STR("");
	for (int64_t i = 0, at = 1000; i < m->n; i++) {
		struct str slug = arena_strf(db_arena(c), i == m->n - 1 ? "the-oldest-of-all" : "a%d", (int)i);
		TRY(q_blog_object_add(c, i + 1, STR("post"), slug, slug, STR("published"), STR("public"), false, none,
		                      0, none, none, NULL, none, none, at, at + m->n - i, &at, STR_NULL, STR_NULL, NULL,
		                      e));
		if (m->text)
			TRY(q_blog_search_put(c, i + 1, slug, str_c(m->text), NULL, e));
	}
	return ST_OK;
}

static enum status remove_posts(struct db_conn *c, void *arg, struct err *e)
{
	for (int64_t i = 0; i < *(int *)arg; i++) {
		TRY(q_blog_search_drop(c, i + 1, NULL, e));
		TRY(q_blog_object_remove(c, i + 1, NULL, e));
	}
	return ST_OK;
}

static enum status search(struct store *t, struct str query, struct blog_hits *hits)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(t->ctx, t->db, &c, &t->err));
	return blog_search(t->ctx, c, query, 1, 10, hits, &t->err);
}

static void hits_are_counted_so_far(struct store *t)
{
	struct blog_hits hits;
	CHECK_OK(db_write(t->ctx, t->db, put_posts, &(struct many){ 1000, "bread" }, &t->err));
	CHECK_OK(search(t, STR("bread"), &hits));
	CHECK(hits.total == 1000 && !hits.more && hits.pages == 100);
	CHECK_OK(db_write(t->ctx, t->db, remove_posts, &(int){ 1000 }, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, put_posts, &(struct many){ 1001, "bread" }, &t->err));
	CHECK_OK(search(t, STR("bread"), &hits));
	CHECK(hits.total == 1000 && hits.more && hits.pages == 100);
}

/* Eight words are looked for, of a longer query these; of a long word its beginning. */
static void words_of_a_query(struct store *t)
{
	struct blog_hits hits;
	struct arena *a = t->ctx->arena;
	struct str exact = repeated(a, 64, "x"), longer = repeated(a, 65, "x");
	struct many one = { 1, arena_printf(a, "one two three four five six seven eight %.*s", STR_ARG(longer)) };
	CHECK_OK(db_write(t->ctx, t->db, put_posts, &one, &t->err));
	CHECK_OK(search(t, STR("one two three four five six seven nowhere"), &hits));
	CHECK(hits.count == 0 && !hits.words_left_out);
	CHECK_OK(search(t, STR("one two three four five six seven eight nowhere"), &hits));
	CHECK(hits.count == 1 && hits.words_left_out);
	/* Of 64 characters a word is itself; of 65 whatever begins so. */
	CHECK_OK(search(t, arena_strf(a, "%.*s one", STR_ARG(exact)), &hits));
	CHECK(hits.count == 0);
	CHECK_OK(search(t, arena_strf(a, "%.*s one", STR_ARG(longer)), &hits));
	CHECK(hits.count == 1);
}

static void suggestions_are_few(struct store *t)
{
	const struct blog_suggestion *s;
	size_t n;
	enum { NAMES = 5000 };
	CHECK_OK(db_write(t->ctx, t->db, put_posts, &(struct many){ NAMES }, &t->err));
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(blog_suggest(t->ctx, c, STR("/the-oldest-of-al"), 1, &s, &n, &t->err));
		CHECK(n == 1 && str_eqc(s[0].path, "/the-oldest-of-all/"));
		CHECK_OK(blog_suggest(t->ctx, c, STR("/a100"), 10, &s, &n, &t->err));
		CHECK(n == 10);
		CHECK_OK(blog_suggest(t->ctx, c, STR("/a100"), 11, &s, &n, &t->err));
		CHECK(n == 10);
	}
	/* One more: the one that was longest not changed is not looked at. */
	CHECK_OK(db_write(t->ctx, t->db, remove_posts, &(int){ NAMES }, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, put_posts, &(struct many){ NAMES + 1 }, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_suggest(t->ctx, c, STR("/the-oldest-of-al"), 1, &s, &n, &t->err));
	CHECK(!n || !str_eqc(s[0].path, "/the-oldest-of-all/"));
}

int main(int argc, char **argv)
{
	static const struct store_test tests[] = {
		/* Five hundred of one address are tried one after the other. */
		{ .name = "imports_at_their_limits", .run = imports_at_their_limits, .only = "sqlite" },
		{ .name = "every_relation_counts", .run = every_relation_counts },
		{ .name = "rows_of_an_export", .run = rows_of_an_export },
		{ .name = "hits_are_counted_so_far", .run = hits_are_counted_so_far },
		{ .name = "words_of_a_query", .run = words_of_a_query },
		{ .name = "suggestions_are_few", .run = suggestions_are_few },
	};
	return store_main(argc, argv, tests, COUNT_OF(tests),
	                  (const struct db_migration_set *[]){ &platform_migrations, &blog_migrations, NULL });
}
