/* SPDX-License-Identifier: Apache-2.0
 *
 * The blog's store: edges, the import of real and of broken Ghost exports, and what pages then read.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "gen/blog_sql.h"
#include "gen/platform_sql.h"
#include "platform/search/search.h"
#include "services/blog/edges.h"
#include "services/blog/import.h"
#include "services/blog/store.h"
#include "store.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
#define FIXTURES TEST_ROOT "/tests/fixtures/ghost/"

static enum status import(struct store *t, const char *file, struct import_report *r)
{
	const struct import_options opt = { .path = file };
	memset(&t->err, 0, sizeof t->err);
	return blog_import_ghost(t->ctx, t->db, NULL, &opt, r, &t->err);
}

static bool has(struct str s, const char *what) { return str_find(s, str_c(what)) >= 0; }

static bool noted(const struct import_report *r, const char *what, const char *why)
{
	for (size_t i = 0; i < r->note_count; i++)
		if (has(r->notes[i].what, what) && has(r->notes[i].why, why))
			return true;
	return false;
}

static int64_t objects(struct store *t, const char *type)
{
	SCOPED_DB_READ c = NULL;
	struct blog_objects_count_row *row;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK ||
	        q_blog_objects_count(c, str_c(type), &row, &t->err) != ST_OK || !row)
		return -1;
	return row->n;
}

/* By which other processes, and this one's caches, hear of it. */
static int64_t events(struct store *t)
{
	SCOPED_DB_READ c = NULL;
	struct event_counts_row *row;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || q_event_counts(c, &row, &t->err) != ST_OK || !row)
		return -1;
	return row->waiting;
}

/* --- edges -------------------------------------------------------------------------------------------------------- */

struct link { int64_t src; const char *type; int64_t dst; };
struct edge_list { const struct link *list; size_t n; };

static enum status put_edges(struct db_conn *c, void *arg, struct err *e)
{
	const struct edge_list *l = arg;
	for (size_t i = 0; i < l->n; i++)
		TRY(edge_put(c, l->list[i].src, str_c(l->list[i].type), l->list[i].dst, (int64_t)i, e));
	return ST_OK;
}

static enum status drop_edge(struct db_conn *c, void *arg, struct err *e)
{
	const struct link *x = arg;
	bool was;
	TRY(edge_drop(c, x->src, str_c(x->type), x->dst, &was, e));
	return was ? ST_OK : err_set(e, ST_NOT_FOUND, "no such edge");
}

#define PUT(t, ...)                                                                                           \
	({                                                                                                    \
		const struct link edges_[] = { __VA_ARGS__ };                                                 \
		struct edge_list list_ = { edges_, COUNT_OF(edges_) };                                        \
		db_write((t)->ctx, (t)->db, put_edges, &list_, &(t)->err);                                    \
	})

static void edges_both_ways(struct store *t)
{
	CHECK_OK(PUT(t, { 1, "tagged", 20 }, { 1, "tagged", 10 }, { 2, "tagged", 20 }, { 1, "related", 2 }));
	CHECK_OK(PUT(t, { 1, "tagged", 20 })); /* again: moved, not doubled */
	struct edge_ends ends;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(edges_out(c, 1, STR("tagged"), &ends, &t->err));
	CHECK(ends.count == 2 && ends.list[0].id == 20 && ends.list[1].id == 10);
	CHECK_OK(edges_in(c, 20, STR("tagged"), &ends, &t->err));
	CHECK(ends.count == 2 && ends.list[0].id == 1 && ends.list[1].id == 2);
	CHECK_OK(edges_out(c, 2, STR("related"), &ends, &t->err));
	CHECK(ends.count == 1 && ends.list[0].id == 1);
	db_read_end(&c);
	CHECK_OK(db_write(t->ctx, t->db, drop_edge, &(struct link){ 2, "related", 1 }, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, drop_edge, &(struct link){ 1, "related", 2 }, &t->err));
}

struct many { const struct edge *list; size_t n; };

static enum status put_many(struct db_conn *c, void *arg, struct err *e)
{
	const struct many *m = arg;
	return edges_put_all(c, m->list, m->n, e);
}

/* A list at EDGES_LIST_MAX is whole, of a longer one that many are read; a chain is followed EDGES_DEPTH_MAX steps. */
static void edges_at_their_limits(struct store *t)
{
	static struct edge list[EDGES_LIST_MAX + 1], chain[EDGES_DEPTH_MAX + 1];
	struct edge_ends ends;
	for (int i = 0; i <= EDGES_LIST_MAX; i++)
		list[i] = (struct edge){ 1, STR("tagged"), 10 + i, i };
	for (int i = 0; i <= EDGES_DEPTH_MAX; i++)
		chain[i] = (struct edge){ 100000 + i, STR("part-of"), 100001 + i, 0 };
	for (size_t more = 0; more < 2; more++) {
		CHECK_OK(db_write(t->ctx, t->db, put_many, &(struct many){ list, EDGES_LIST_MAX + more }, &t->err));
		CHECK_OK(db_write(t->ctx, t->db, put_many, &(struct many){ chain, EDGES_DEPTH_MAX + more }, &t->err));
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(edges_out(c, 1, STR("tagged"), &ends, &t->err));
		CHECK(ends.count == EDGES_LIST_MAX && ends.list[EDGES_LIST_MAX - 1].id == 10 + EDGES_LIST_MAX - 1);
		CHECK_OK(edges_closure(c, 100000, STR("part-of"), false, &ends, &t->err));
		CHECK(ends.count == EDGES_DEPTH_MAX);
	}
}

/* More than one statement takes, one of them there before, another twice, some both ways. */
static void edges_put_in_bulk(struct store *t)
{
	enum { N = 2500 };
	static struct edge list[N];
	struct edge_ends ends;
	CHECK_OK(PUT(t, { 1, "tagged", 1000 }));
	for (int i = 0; i < N; i++)
		list[i] = i % 5 ? (struct edge){ 1 + i % 5, STR("tagged"), 1000 + i, i }
		                : (struct edge){ 9, STR("related"), 10000 + i, i };
	list[1] = (struct edge){ 1, STR("tagged"), 1000, 7 };
	list[2] = list[3] = (struct edge){ 6, STR("tagged"), 6000, 1 };
	list[3].ord = 2;
	CHECK_OK(db_write(t->ctx, t->db, put_many, &(struct many){ list, N }, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, put_many, &(struct many){ NULL, 0 }, &t->err));
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(edges_out(c, 1, STR("tagged"), &ends, &t->err));
		CHECK(ends.count == 1 && ends.list[0].id == 1000 && ends.list[0].ord == 7);
		CHECK_OK(edges_out(c, 6, STR("tagged"), &ends, &t->err));
		CHECK(ends.count == 1 && ends.list[0].ord == 2);
		CHECK_OK(edges_out(c, 5, STR("tagged"), &ends, &t->err));
		CHECK(ends.count == N / 5 && ends.list[0].id == 1004 && ends.list[N / 5 - 1].id == 1000 + N - 1);
		CHECK_OK(edges_out(c, 9, STR("related"), &ends, &t->err));
		CHECK(ends.count == N / 5);
		CHECK_OK(edges_in(c, 9, STR("related"), &ends, &t->err));
		CHECK(ends.count == N / 5);
	}
	list[N - 1] = (struct edge){ 7, STR("nonsense"), 8, 0 };
	list[0] = (struct edge){ 70, STR("tagged"), 8, 0 };
	CHECK_STATUS(ST_INVALID, db_write(t->ctx, t->db, put_many, &(struct many){ list, N }, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(edges_out(c, 70, STR("tagged"), &ends, &t->err));
	CHECK(ends.count == 0);
}

struct edge_set { int64_t src; const char *type; const int64_t *dst; size_t n; };

static enum status set_edges(struct db_conn *c, void *arg, struct err *e)
{
	const struct edge_set *s = arg;
	return edges_set(c, s->src, str_c(s->type), s->dst, s->n, e);
}

#define SET(t, src, type, ...)                                                                                \
	({                                                                                                    \
		const int64_t dst_[] = { __VA_ARGS__ };                                                       \
		struct edge_set set_ = { src, type, dst_, COUNT_OF(dst_) };                                   \
		db_write((t)->ctx, (t)->db, set_edges, &set_, &(t)->err);                                     \
	})

static void edges_set_replaces(struct store *t)
{
	struct edge_ends ends;
	CHECK_OK(PUT(t, { 1, "tagged", 5 }, { 1, "related", 5 }, { 2, "tagged", 30 }));
	CHECK_OK(SET(t, 1, "tagged", 30, INT64_MAX, 10, 30));
	CHECK_OK(SET(t, 1, "related", 2, 3));
	CHECK_STATUS(ST_INVALID, SET(t, 1, "tagged", 7, 1));
	CHECK_STATUS(ST_INVALID, SET(t, 1, "nonsense", 7));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(edges_out(c, 1, STR("tagged"), &ends, &t->err));
	CHECK(ends.count == 3 && ends.list[0].id == 30 && ends.list[0].ord == 0);
	CHECK(ends.list[1].id == INT64_MAX && ends.list[1].ord == 1 && ends.list[2].id == 10);
	CHECK_OK(edges_in(c, 30, STR("tagged"), &ends, &t->err));
	CHECK(ends.count == 2);
	CHECK_OK(edges_out(c, 5, STR("related"), &ends, &t->err));
	CHECK(ends.count == 0); /* its way back went with it */
	CHECK_OK(edges_out(c, 3, STR("related"), &ends, &t->err));
	CHECK(ends.count == 1 && ends.list[0].id == 1 && ends.list[0].ord == 1);
	db_read_end(&c);
	CHECK_OK(db_write(t->ctx, t->db, set_edges, &(struct edge_set){ 1, "related", NULL, 0 }, &t->err));
	SCOPED_DB_READ again = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &again, &t->err));
	CHECK_OK(edges_in(again, 1, STR("related"), &ends, &t->err));
	CHECK(ends.count == 0);
}

struct kind { struct str name; bool both; };

static enum status put_kinds(struct db_conn *c, void *arg, struct err *e)
{
	static const struct db_col cols[] = { { DB_TEXT, false, offsetof(struct kind, name), 0, "name" },
		                              { DB_BOOL, false, offsetof(struct kind, both), 0, "both_ways" } };
	static struct db_query kinds = { .name = "kinds",
		.writes = true,
		.sql = { "SELECT name, both_ways FROM edge_types", "SELECT name, both_ways FROM edge_types" },
		.col_count = 2,
		.row_size = sizeof(struct kind),
		.cols = cols };
	struct kind *rows;
	TRY(db_rows(c, &kinds, NULL, (void **)&rows, arg, e));
	for (size_t i = 0; i < *(size_t *)arg; i++) {
		struct edge_ends back;
		int64_t src = 100 + (int64_t)i;
		TRY(edge_put(c, src, rows[i].name, 50, 0, e));
		TRY(edges_in(c, src, rows[i].name, &back, e));
		if (back.count != rows[i].both)
			return err_set(e, ST_CORRUPT, "%.*s: both ways or not?", STR_ARG(rows[i].name));
	}
	return ST_OK;
}

/* What the database says of each type is what the program does. */
static void edge_types_agree(struct store *t)
{
	size_t n = 0;
	CHECK_OK(db_write(t->ctx, t->db, put_kinds, &n, &t->err));
	CHECK(n == 7);
}

static void edges_refuse(struct store *t)
{
	CHECK_STATUS(ST_INVALID, PUT(t, { 1, "tagged", 2 }, { 1, "nonsense", 2 }));
	CHECK_STATUS(ST_INVALID, PUT(t, { 1, "tagged", 1 }));
	struct edge_ends ends;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(edges_out(c, 1, STR("tagged"), &ends, &t->err));
	CHECK(ends.count == 0); /* nothing of a refused write happened */
}

static void edges_closures(struct store *t)
{
	/* 1 → 2 → 3 → 1 is a cycle, 3 → 4 leaves it; 5 is-a 2, 6 is-a 1 where 2 is a subtype of 1 */
	CHECK_OK(PUT(t, { 1, "part-of", 2 }, { 2, "part-of", 3 }, { 3, "part-of", 1 }, { 3, "part-of", 4 },
	        { 2, "subtype-of", 1 }, { 7, "subtype-of", 2 }, { 5, "is-a", 7 }, { 6, "is-a", 1 }, { 8, "is-a", 99 }));
	struct edge_ends ends;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(edges_closure(c, 1, STR("part-of"), false, &ends, &t->err));
	CHECK(ends.count == 3);
	CHECK(ends.list[0].id == 2 && ends.list[1].id == 3 && ends.list[2].id == 4 && ends.list[2].ord == 3);
	CHECK_OK(edges_closure(c, 4, STR("part-of"), true, &ends, &t->err));
	CHECK(ends.count == 3 && ends.list[0].id == 3);
	CHECK_OK(edges_instances(c, 1, &ends, &t->err));
	CHECK(ends.count == 2 && ends.list[0].id == 5 && ends.list[1].id == 6);
}

/* --- what a post's row says of its tags and authors --------------------------------------------------------------- */

struct thing { int64_t id; const char *type, *slug, *title, *status; bool there; };

static enum status put_thing(struct db_conn *c, void *arg, struct err *e)
{
	const struct thing *o = arg;
	const struct str none = STR("");
	int64_t at = 1000;
	if (!o->there)
		return q_blog_object_add(c, o->id, str_c(o->type), str_c(o->slug), str_c(o->title), str_c(o->status),
		        STR("public"), false, none, 0, none, none, NULL, none, none, at, at, &at, STR_NULL, STR_NULL,
		        NULL, e);
	return q_blog_object_change(c, o->id, str_c(o->slug), str_c(o->title), str_c(o->status), STR("public"), false,
	        none, 0, none, none, NULL, none, none, at, &at, STR_NULL, NULL, e);
}

static enum status remove_object(struct db_conn *c, void *arg, struct err *e)
{
	return q_blog_object_remove(c, *(const int64_t *)arg, NULL, e);
}

#define OBJECT(t, ...) CHECK_OK(db_write((t)->ctx, (t)->db, put_thing, &(struct thing){ __VA_ARGS__ }, &(t)->err))

/* "slug=name slug=name | slug=name": tags | authors of post 1. */
static struct str shown(struct store *t)
{
	struct blog_card card;
	struct buf b;
	SCOPED_DB_READ c = NULL;
	buf_arena(&b, t->ctx->arena, 4096);
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || blog_card_by_id(t->ctx, c, 1, &card, &t->err) != ST_OK)
		return STR("no card");
	for (size_t i = 0; i < card.tag_count; i++)
		buf_printf(&b, "%.*s=%.*s ", STR_ARG(card.tags[i].slug), STR_ARG(card.tags[i].name));
	buf_puts(&b, "|");
	for (size_t i = 0; i < card.author_count; i++)
		buf_printf(&b, " %.*s=%.*s", STR_ARG(card.authors[i].slug), STR_ARG(card.authors[i].name));
	return buf_str(&b);
}

#define SHOWN(t, want)                                                                                        \
	do {                                                                                                  \
		struct str got_ = shown(t);                                                                   \
		if (!str_eqc(got_, want)) {                                                                   \
			store_failed(t, __FILE__, __LINE__, got_.p);                                          \
			return;                                                                               \
		}                                                                                             \
	} while (0)

static void cards_show_what_edges_say(struct store *t)
{
	OBJECT(t, 1, "post", "one", "One", "published");
	SHOWN(t, "|");
	OBJECT(t, 10, "tag", "bread", "Bread", "published");
	OBJECT(t, 11, "tag", "oats", "Oats\x1e\x1f& <more>", "published");
	OBJECT(t, 20, "author", "ann", "Ann", "published");
	CHECK_OK(PUT(t, { 1, "tagged", 11 }, { 1, "tagged", 10 }, { 1, "authored-by", 20 }, { 1, "related", 2 }));
	SHOWN(t, "oats=Oats \x1f& <more> bread=Bread | ann=Ann");
	CHECK_OK(PUT(t, { 1, "tagged", 10 }, { 1, "tagged", 11 })); /* the order changes */
	SHOWN(t, "bread=Bread oats=Oats \x1f& <more> | ann=Ann");
	OBJECT(t, 11, "tag", "oats", "Oats", "unlisted", true); /* internal from now on */
	OBJECT(t, 10, "tag", "loaves", "Loaves", "published", true);
	SHOWN(t, "loaves=Loaves | ann=Ann");
	OBJECT(t, 11, "tag", "oats", "Oats", "published", true);
	CHECK_OK(db_write(t->ctx, t->db, drop_edge, &(struct link){ 1, "tagged", 10 }, &t->err));
	SHOWN(t, "oats=Oats | ann=Ann");
	int64_t id = 11;
	CHECK_OK(db_write(t->ctx, t->db, remove_object, &id, &t->err)); /* its edge stays behind */
	SHOWN(t, "| ann=Ann");
	OBJECT(t, 11, "tag", "rye", "Rye", "published"); /* … and finds an end again */
	SHOWN(t, "rye=Rye | ann=Ann");
	id = 1;
	CHECK_OK(db_write(t->ctx, t->db, remove_object, &id, &t->err));
	OBJECT(t, 1, "post", "one", "One", "published");
	SHOWN(t, "rye=Rye | ann=Ann");
}

/* --- a real export, and what pages read of it --------------------------------------------------------------------- */

static void ghost6_lists(struct store *t)
{
	struct import_report r;
	struct blog_page page;
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	CHECK(str_eqc(r.version, "6.65.0"));
	CHECK(r.counts[IMPORT_POSTS].added == 7 && r.counts[IMPORT_PAGES].added == 1);
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_home(t->ctx, c, 1, 2, &page, &t->err));
	CHECK(page.count == 2 && page.total >= 4 && page.pages == (page.total + 1) / 2);
	CHECK(page.posts[0].published_at >= page.posts[1].published_at);
	CHECK_STATUS(ST_NOT_FOUND, blog_home(t->ctx, c, 1000, 2, &page, &t->err));
	CHECK_OK(blog_home(t->ctx, c, 1, 100, &page, &t->err));
	for (size_t i = 0; i < page.count; i++) {
		CHECK(!str_eqc(page.posts[i].slug, "a-draft") && !str_eqc(page.posts[i].slug, "hall"));
		CHECK(page.posts[i].author_count >= 1);
		for (size_t k = 0; k < page.posts[i].tag_count; k++)
			CHECK(!str_starts(page.posts[i].tags[k].slug, STR("hash-"))); /* internal */
	}
}

static void ghost6_posts(struct store *t)
{
	struct import_report r;
	struct blog_post post;
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_post(t->ctx, c, STR("text-and-first-cards"), BLOG_VISITOR, &post, &t->err));
	CHECK(!post.gated && has(post.html.s, "kg-gallery-card") && post.card.tag_count >= 1 &&
	        post.card.author_count >= 1);
	CHECK(post.card.reading_min >= 1 && (post.prev || post.next));
	CHECK_OK(blog_post(t->ctx, c, STR("hall"), BLOG_VISITOR, &post, &t->err));
	CHECK(post.card.is_page && !post.prev && !post.next);
	CHECK_STATUS(ST_NOT_FOUND, blog_post(t->ctx, c, STR("a-draft"), BLOG_PAID, &post, &t->err));
	CHECK_OK(blog_post(t->ctx, c, STR("members-note"), BLOG_VISITOR, &post, &t->err));
	CHECK(post.gated && post.html.s.n == 0 && post.card.excerpt.n == 0 &&
	        post.card.visibility == BLOG_MEMBERS_ONLY);
	CHECK_OK(blog_post(t->ctx, c, STR("members-note"), BLOG_MEMBER, &post, &t->err));
	CHECK(!post.gated && post.html.s.n > 0);
	CHECK_OK(blog_post(t->ctx, c, STR("paid-preview"), BLOG_MEMBER, &post, &t->err));
	CHECK(post.gated && post.html.s.n > 0);
	size_t preview = post.html.s.n;
	CHECK_OK(blog_post(t->ctx, c, STR("paid-preview"), BLOG_PAID, &post, &t->err));
	CHECK(!post.gated && post.html.s.n > preview);
}

static void ghost6_scheduled(struct store *t)
{
	struct import_report r;
	struct blog_post post;
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	int64_t later = clock_now_us() + INT64_C(50) * 365 * 86400 * US_PER_S;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, blog_post(t->ctx, c, STR("scheduled"), BLOG_PAID, &post, &t->err));
	clock_fake_us(later); /* its time comes, and nobody has to do anything */
	enum status st = blog_post(t->ctx, c, STR("scheduled"), BLOG_VISITOR, &post, &t->err);
	clock_fake_us(0);
	CHECK_OK(st);
}

static void ghost6_site(struct store *t)
{
	struct import_report r;
	struct blog_site site;
	const struct blog_tag *tags;
	const struct blog_author *authors;
	struct blog_tag tag;
	struct blog_author author;
	struct blog_page page;
	size_t n, m;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_site(t->ctx, c, &site, &t->err)); /* empty, and still a site */
	CHECK(site.title.n);
	db_read_end(&c);
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_site(t->ctx, c, &site, &t->err));
	struct blog_nav menu, none;
	CHECK_OK(blog_nav(t->ctx, c, STR("primary"), &menu, &t->err));
	CHECK_OK(blog_nav(t->ctx, c, STR("no such menu"), &none, &t->err));
	CHECK(site.title.n && menu.count >= 2 && menu.items[0].label.n && menu.items[0].url.n && none.count == 0);
	CHECK_OK(blog_tags(t->ctx, c, 100, &tags, &n, &t->err));
	CHECK(n >= 1 && tags[0].post_count >= 1);
	CHECK_OK(blog_tag(t->ctx, c, tags[0].ref.slug, 1, 10, &tag, &page, &t->err));
	CHECK(page.total == tags[0].post_count && tag.post_count == page.total);
	CHECK_OK(blog_authors(t->ctx, c, 100, &authors, &m, &t->err));
	CHECK(m == 2);
	CHECK_OK(blog_author(t->ctx, c, authors[0].ref.slug, 1, 10, &author, &page, &t->err));
	CHECK(page.count >= 1);
	CHECK_STATUS(ST_NOT_FOUND, blog_tag(t->ctx, c, STR("no-such-tag"), 1, 10, &tag, &page, &t->err));
}

static void ghost6_machines(struct store *t)
{
	struct import_report r;
	const struct blog_feed_item *items;
	const struct blog_location *locations;
	const struct blog_archive_month *months;
	struct blog_page page;
	size_t n, posts = 0;
	int64_t changed;
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_feed(t->ctx, c, STR_NULL, STR_NULL, 20, &items, &n, &t->err));
	CHECK(n >= 4);
	for (size_t i = 0; i < n; i++) {
		CHECK(items[i].gated == (items[i].card.visibility != BLOG_PUBLIC));
		CHECK(items[i].gated || items[i].html.s.n);
	}
	CHECK_OK(blog_locations(t->ctx, c, 1000, 0, &locations, &n, &t->err));
	CHECK(n >= 6 && locations[0].kind == BLOG_LOC_PAGE);
	CHECK_OK(blog_archive(t->ctx, c, STR("Europe/London"), 1, 1000, &months, &n, &page, &t->err));
	for (size_t i = 0; i < n; i++)
		posts += months[i].count;
	CHECK(n >= 1 && posts >= 4);
	CHECK_OK(blog_last_change(t->ctx, c, &changed, &t->err));
	CHECK(changed > 0);
}

static void ghost6_search(struct store *t)
{
	struct import_report r;
	struct blog_hits hits;
	const struct blog_suggestion *s;
	size_t n;
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_search(t->ctx, c, STR("quotation emphas"), 1, 10, &hits, &t->err));
	CHECK(hits.count >= 1 && hits.total >= 1);
	const struct search_piece *pieces = search_pieces(t->ctx->arena, hits.list[0].snippet, &n);
	bool hit = false;
	for (size_t i = 0; i < n; i++) {
		hit = hit || pieces[i].hit;
		CHECK(!memchr(pieces[i].text.p, 2, pieces[i].text.n));
	}
	CHECK(n >= 2 && hit);
	CHECK_OK(blog_search(t->ctx, c, STR("paying"), 1, 10, &hits, &t->err)); /* gated text is not to be found */
	CHECK(hits.count == 0);
	static const char *const queries[] = { "", "\"", "' OR 1", "NEAR(a b)", "a:b*c", "-- \\", "&|!()", "\xff\xfe",
		"*", "'x':*" };
	for (size_t i = 0; i < COUNT_OF(queries); i++)
		CHECK_OK(blog_search(t->ctx, c, str_c(queries[i]), 1, 10, &hits, &t->err));
	CHECK_OK(blog_suggest(t->ctx, c, STR("/2021/05/text-and-frist-card/"), 3, &s, &n, &t->err));
	CHECK(n >= 1 && str_eqc(s[0].path, "/text-and-first-cards/"));
	CHECK_OK(blog_suggest(t->ctx, c, STR("/zzzzqqqq"), 3, &s, &n, &t->err));
	CHECK(n == 0);
}

/* What is between visitors' spelling and the text: diacritics, letters that others write as two, and scripts without
   blanks between words. */
static enum status put_texts(struct db_conn *c, void *arg, struct err *e)
{
	static const struct { const char *title, *body; } texts[] = {
		{ "\u512a\u5148\u6b0a\u7684\u641c\u5c0b",
		  "\u6df1\u5ea6\u5b78\u7fd2\u3068\u624b\u7d9a\u304d\u306e\u8a71 "
		  "deep\u5b78Learning" },
		{ "\u0141\u00f3d\u017a i Stra\u00dfe", "Gr\u00f6\u00dfe, sm\u00f8rrebr\u00f8d, c\u0153ur, "
		  "\u00c6r\u00f8, na\u00efve \u00e9lections, \u0130stanbul" },
	};
	const struct str none = STR("");
	int64_t at = 1000;
	for (int64_t i = 0; i < 2; i++) {
		TRY(q_blog_object_add(c, i + 1, STR("post"), arena_strf(db_arena(c), "p%d", (int)i),
		        str_c(texts[i].title), STR("published"), STR("public"), false, none, 0, none, none, NULL, none,
		        none, at, at, &at, STR_NULL, STR_NULL, NULL, e));
		TRY(q_blog_search_put(c, i + 1, str_c(texts[i].title), str_c(texts[i].body), NULL, e));
	}
	return ST_OK;
}

/* Of 512 and of 513 bytes: the longer one is kept as it is written. */
static enum status put_long_words(struct db_conn *c, void *arg, struct err *e)
{
	const struct str none = STR("");
	int64_t at = 1000;
	for (int64_t i = 0; i < 2; i++) {
		struct buf b;
		buf_arena(&b, db_arena(c), 1024);
		buf_puts(&b, i ? "z\u0142" : "y\u0142");
		while (b.len < 512 + (size_t)i)
			buf_putc(&b, 'q');
		TRY(q_blog_object_add(c, 10 + i, STR("post"), arena_strf(db_arena(c), "w%d", (int)i), STR("w"),
		        STR("published"), STR("public"), false, none, 0, none, none, NULL, none, none, at, at, &at,
		        STR_NULL, STR_NULL, NULL, e));
		TRY(q_blog_search_put(c, 10 + i, STR("w"), buf_str(&b), NULL, e));
	}
	return ST_OK;
}

/* Posts with the word in their text, of which two have it in their title, too; and one more after them. */
static enum status put_common(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *range = arg;
	const struct str none = STR("");
	int64_t at = 1000;
	for (int64_t i = range[0]; i <= range[1]; i++) {
		struct str title = i == 5 || i == 9 ? STR("Common ground") : STR("Other");
		TRY(q_blog_object_add(c, i, STR("post"), arena_strf(db_arena(c), "c%d", (int)i), title,
		        STR("published"), STR("public"), false, none, 0, none, none, NULL, none, none, at, at, &at,
		        STR_NULL, STR_NULL, NULL, e));
		TRY(q_blog_search_put(c, i, title, STR("what they have in common"), NULL, e));
	}
	return ST_OK;
}

/* As many hits as are weighed (WEIGHED_MAX), and one more: then the newest are first, behind those with the word in
   their title where the engine can say which. */
static void common_words(struct store *t)
{
	struct blog_hits hits;
	bool lite = db_engine(t->db) == DB_SQLITE;
	for (int more = 0; more < 2; more++) {
		int64_t range[2] = { more ? 301 : 1, more ? 301 : 300 };
		CHECK_OK(db_write(t->ctx, t->db, put_common, range, &t->err));
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(blog_search(t->ctx, c, STR("common"), 1, 10, &hits, &t->err));
		CHECK(hits.count == 10 && hits.total == 300 + more);
		bool titled = !more || lite;
		CHECK(hits.list[0].card.id == (titled ? 9 : 301));
		CHECK(hits.list[1].card.id == (titled ? 5 : 300));
		if (more)
			CHECK(hits.list[2].card.id == (lite ? 301 : 299));
		/* Every hit is on one page, and on no other. */
		bool seen[302] = { false };
		for (int page = 1; page <= hits.pages; page++) {
			struct blog_hits part;
			CHECK_OK(blog_search(t->ctx, c, STR("common"), page, 10, &part, &t->err));
			for (size_t i = 0; i < part.count; i++) {
				CHECK(!seen[part.list[i].card.id]);
				seen[part.list[i].card.id] = true;
			}
		}
		for (int i = 1; i <= 300 + more; i++)
			CHECK(seen[i]);
	}
}

static void search_in_any_spelling(struct store *t)
{
	static const struct { const char *query; int64_t id; } rows[] = {
		{ "\u512a\u5148", 1 }, { "\u641c\u5c0b", 1 }, { "\u5148\u6b0a", 1 }, { "\u6df1\u5ea6", 1 },
		{ "\u7d9a\u304d", 1 },
		{ "\u5ea6\u5b78\u7fd2", 1 }, { "\u5148\u512a", 0 }, { "learning", 1 }, { "deep", 1 }, { "lodz", 2 },
		{ "\u0142\u00f3d\u017a", 2 }, { "\u0141\u00d3D\u0179", 2 }, { "strasse", 2 }, { "stra\u00dfe", 2 },
		{ "grosse", 2 }, { "gr\u00f6\u00dfe", 2 }, { "smorrebrod", 2 }, { "sm\u00f8rre", 2 }, { "coeur", 2 },
		{ "aero", 2 }, { "naive", 2 }, { "elections", 2 }, { "istanbul", 2 }, { "lodzz", 0 },
		{ "ylqqq", 10 }, { "gr", 2 }, { "g", 0 }, /* a letter alone is a word, and none begins with it */
	};
	struct blog_hits hits;
	CHECK_OK(db_write(t->ctx, t->db, put_texts, NULL, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, put_long_words, NULL, &t->err));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CHECK_OK(blog_search(t->ctx, c, str_c(rows[i].query), 1, 10, &hits, &t->err));
		if (hits.count != (rows[i].id ? 1u : 0u) || (hits.count && hits.list[0].card.id != rows[i].id))
			printf("%s finds %zu\n", rows[i].query, hits.count);
		CHECK(hits.count == (rows[i].id ? 1u : 0u) && (!hits.count || hits.list[0].card.id == rows[i].id));
	}
}

/* --- again, and changed ------------------------------------------------------------------------------------------- */

static void twice_changes_nothing(struct store *t)
{
	static const char *const files[] = { FIXTURES "ghost6-lexical.json", FIXTURES "ghost5-mobiledoc.json",
		FIXTURES "shape-v0.json", FIXTURES "odd-duplicate-slugs.json" };
	struct import_report r;
	for (size_t f = 0; f < COUNT_OF(files); f++) {
		CHECK_OK(import(t, files[f], &r));
		int64_t posts = objects(t, "post"), tags = objects(t, "tag"), authors = objects(t, "author");
		CHECK(events(t) == (int64_t)f + 1);
		CHECK_OK(import(t, files[f], &r));
		CHECK(events(t) == (int64_t)f + 1);
		for (int k = 0; k < IMPORT_KINDS; k++)
			CHECK(r.counts[k].added == 0 && r.counts[k].changed == 0);
		CHECK(r.counts[IMPORT_POSTS].unchanged >= 1);
		CHECK(objects(t, "post") == posts && objects(t, "tag") == tags && objects(t, "author") == authors);
	}
}

struct chosen { const char *name, *value; };

static enum status put_setting(struct db_conn *c, void *arg, struct err *e)
{
	const struct chosen *x = arg;
	return q_blog_setting_put(c, str_c(x->name), str_c(x->value), 1000, NULL, e);
}

static bool setting_is(struct store *t, const char *name, const char *value)
{
	struct blog_setting_row *row;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, &t->err) == ST_OK && q_blog_setting(c, str_c(name), &row, &t->err) == ST_OK &&
	        row && str_eqc(row->value, value);
}

/* A copy of the file with each `from` replaced by `to`; sizes may differ. */
static const char *altered(struct store *t, const char *file, const char *from, const char *to)
{
	char *path = arena_printf(t->ctx->arena, "%s/altered.json", t->folder),
	     *text = arena_alloc(t->ctx->arena, 1 << 20);
	FILE *in = fopen(file, "r"), *out = fopen(path, "w");
	size_t n = in ? fread(text, 1, (1 << 20) - 1, in) : 0;
	struct str rest = str_n(text, n);
	ptrdiff_t at;
	while (out && (at = str_find(rest, str_c(from))) >= 0) {
		fprintf(out, "%.*s%s", (int)at, rest.p, to);
		rest = str_skip(rest, (size_t)at + strlen(from));
	}
	if (out)
		fwrite(rest.p, 1, rest.n, out);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	return path;
}

/* What an owner chose in the settings no import takes away; what none chose it sets, and sets anew. */
static void a_setting_chosen_here_stays(struct store *t)
{
	static const char file[] = FIXTURES "ghost6-lexical.json", about[] = "A small site with one of everything";
	struct import_report r;
	CHECK_OK(db_write(t->ctx, t->db, put_setting, &(struct chosen){ "title", "The Weir" }, &t->err));
	CHECK_OK(import(t, file, &r));
	CHECK(setting_is(t, "title", "The Weir") && setting_is(t, "description", about));
	CHECK(noted(&r, "title", "was chosen here"));
	CHECK_OK(import(t, altered(t, file, about, "Another"), &r));
	CHECK(setting_is(t, "title", "The Weir") && setting_is(t, "description", "Another"));
	CHECK_OK(db_write(t->ctx, t->db, put_setting, &(struct chosen){ "description", "Bread" }, &t->err));
	CHECK_OK(import(t, altered(t, file, about, "A third"), &r));
	CHECK(setting_is(t, "description", "Bread"));
}

static void changed_is_a_new_revision(struct store *t)
{
	struct import_report r;
	struct blog_post post;
	struct str target;
	int status;
	CHECK_OK(import(t, FIXTURES "ghost6-lexical.json", &r));
	CHECK_OK(import(t,
	        altered(t, FIXTURES "ghost6-lexical.json", "\"slug\": \"members-note\"",
	                "\"slug\": \"note-to-members\""),
	        &r));
	if (r.counts[IMPORT_POSTS].changed == 0) /* written without a blank */
		CHECK_OK(import(t,
		        altered(t, FIXTURES "ghost6-lexical.json", "\"slug\":\"members-note\"",
		                "\"slug\":\"note-to-members\""),
		        &r));
	CHECK(r.counts[IMPORT_POSTS].changed == 1 && r.counts[IMPORT_POSTS].added == 0);
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(blog_post(t->ctx, c, STR("note-to-members"), BLOG_MEMBER, &post, &t->err));
	CHECK_STATUS(ST_NOT_FOUND, blog_post(t->ctx, c, STR("members-note"), BLOG_MEMBER, &post, &t->err));
	CHECK_OK(blog_redirect(t->ctx, c, STR("/members-note/"), &target, &status, &t->err));
	CHECK(str_eqc(target, "/note-to-members/") && status == 301);
}

/* --- other shapes, odd and broken files --------------------------------------------------------------------------- */

static void older_shapes(struct store *t)
{
	static const char *const files[] = { "shape-v0", "shape-v1", "shape-v2", "shape-v3", "shape-v4", "shape-bare",
		"ok-bom" };
	struct import_report r;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CHECK_OK(import(t, arena_printf(t->ctx->arena, FIXTURES "%s.json", files[i]), &r));
		CHECK(r.counts[IMPORT_POSTS].added + r.counts[IMPORT_POSTS].changed +
		                r.counts[IMPORT_POSTS].unchanged >=
		        1);
	}
	CHECK_OK(import(t, FIXTURES "ok-no-posts.json", &r));
}

static void odd_files(struct store *t)
{
	struct import_report r;
	struct blog_post post;
	CHECK_OK(import(t, FIXTURES "odd-version.json", &r));
	CHECK(noted(&r, "99", "version"));
	CHECK_OK(import(t, FIXTURES "odd-duplicate-slugs.json", &r));
	CHECK(noted(&r, "", "is taken") && noted(&r, "", "this id twice"));
	CHECK_OK(import(t, FIXTURES "odd-missing-title-slug.json", &r));
	CHECK(r.counts[IMPORT_POSTS].skipped >= 1 && noted(&r, "", "has no title"));
	CHECK_OK(import(t, FIXTURES "odd-dates.json", &r));
	CHECK(noted(&r, "", "date"));
	CHECK_OK(import(t, FIXTURES "odd-dangling.json", &r));
	CHECK(noted(&r, "", "not in the file"));
	CHECK_OK(import(t, FIXTURES "odd-depth.json", &r));
	CHECK(noted(&r, "", "deep") && r.counts[IMPORT_POSTS].added + r.counts[IMPORT_POSTS].changed == 2);
	CHECK_OK(import(t, FIXTURES "odd-unknown-cards.json", &r));
	CHECK(noted(&r, "", "no card we know"));
	CHECK_OK(import(t, FIXTURES "odd-scripts.json", &r));
	struct blog_names_row *names;
	size_t n;
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_blog_names(c, clock_now_us(), 1000, &names, &n, &t->err));
	CHECK(n > 10);
	for (size_t i = 0; i < n; i++) {
		if (blog_post(t->ctx, c, names[i].slug, BLOG_PAID, &post, &t->err) != ST_OK)
			continue;
		CHECK(!has(post.html.s, "<script") && !has(post.html.s, "<a href=\"javascript:") &&
		        !has(post.html.s, "<svg"));
		CHECK(!has(post.caption.s, "<script") && !has(post.caption.s, "<img src=\"x\" onerror"));
	}
}

static void broken_files_leave_nothing(struct store *t)
{
	static const struct { const char *file, *says; } files[] = {
		{ "bad-truncated", "line" },      { "bad-empty", "empty" },          { "bad-latin1", "UTF-8" },
		{ "bad-utf16", "UTF-16" },        { "bad-nul", "NUL" },              { "bad-lone-surrogate", "line" },
		{ "bad-depth", "deep" },          { "bad-trailing", "line" },        { "bad-comma", "line" },
		{ "bad-no-db", "\"data\"" },      { "bad-db-not-array", "\"db\"" },  { "bad-db-empty", "\"db\"" },
		{ "bad-no-data", "db[0].data" },  { "bad-posts-not-array", "db[0].data.posts" },
		{ "bad-html-error-page", "HTML" }, { "there-is-no-such-file", "No such file" },
	};
	struct import_report r;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CHECK_STATUS(ST_INVALID, import(t, arena_printf(t->ctx->arena, FIXTURES "%s.json", files[i].file), &r));
		if (!strstr(t->err.msg, files[i].says))
			store_failed(t, __FILE__, __LINE__, t->err.msg);
	}
	CHECK(objects(t, "post") == 0 && objects(t, "tag") == 0 && objects(t, "author") == 0);
}

int main(int argc, char **argv)
{
	static const struct store_test tests[] = {
		{ .name = "edges_both_ways", .run = edges_both_ways },
		{ .name = "edges_put_in_bulk", .run = edges_put_in_bulk },
		{ .name = "edges_at_their_limits", .run = edges_at_their_limits },
		{ .name = "edges_set_replaces", .run = edges_set_replaces },
		{ .name = "edge_types_agree", .run = edge_types_agree },
		{ .name = "edges_refuse", .run = edges_refuse },
		{ .name = "edges_closures", .run = edges_closures },
		{ .name = "cards_show_what_edges_say", .run = cards_show_what_edges_say },
		{ .name = "ghost6_lists", .run = ghost6_lists },
		{ .name = "ghost6_posts", .run = ghost6_posts },
		{ .name = "ghost6_scheduled", .run = ghost6_scheduled },
		{ .name = "ghost6_site", .run = ghost6_site },
		{ .name = "ghost6_machines", .run = ghost6_machines },
		{ .name = "ghost6_search", .run = ghost6_search },
		{ .name = "common_words", .run = common_words },
		{ .name = "search_in_any_spelling", .run = search_in_any_spelling },
		{ .name = "twice_changes_nothing", .run = twice_changes_nothing },
		{ .name = "a_setting_chosen_here_stays", .run = a_setting_chosen_here_stays },
		{ .name = "changed_is_a_new_revision", .run = changed_is_a_new_revision },
		{ .name = "older_shapes", .run = older_shapes },
		{ .name = "odd_files", .run = odd_files },
		{ .name = "broken_files_leave_nothing", .run = broken_files_leave_nothing },
	};
	return store_main(argc, argv, tests, COUNT_OF(tests),
	        (const struct db_migration_set *[]){ &platform_migrations, &blog_migrations, NULL });
}

/* Where the library has no media storage linked in: no test here stores a file. */
__attribute__((weak)) enum status media_put_file(
        struct ctx *ctx, struct media *m, int fd, struct str name, enum media_when when, struct media_item *out,
        struct err *e)
{
	return err_set(e, ST_NOT_IMPLEMENTED, "no media storage");
}
