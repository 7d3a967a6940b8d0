/* SPDX-License-Identifier: Apache-2.0
 *
 * Comments on each store: who may, what waits, threads, one's own, what is decided about them, and how their text
 * becomes HTML.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/platform_sql.h"
#include "services/blog/comments.h"
#include "store.h"

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
#define NOW 1700000000000000
#define HOUR (3600 * US_PER_S)

static const struct person mo = { .id = 21, .name = STR_INIT("Mo"), .handle = STR_INIT("mo") };
static const struct person nia = { .id = 22, .name = STR_INIT("Nia"), .handle = STR_INIT("nia") };

struct new_post { int64_t id; const char *slug, *status, *visibility; };

static enum status tx_new_post(struct db_conn *c, void *arg, struct err *e)
{
	struct new_post *x = arg;
	int64_t at = NOW - HOUR, revision = id_new();
	x->id = id_new();
	TRY(q_blog_object_add(c, x->id, STR("post"), str_c(x->slug), STR("A post"), str_c(x->status),
	        str_c(x->visibility), false, STR(""), 0, STR(""), STR(""), NULL, STR(""), STR(""), at, at, &at,
	        STR_NULL, STR_NULL, NULL, e));
	TRY(q_blog_revision_add(c, revision, x->id, at, NULL, STR("A post"), STR("markdown"), STR("Words"),
	        STR("<p>Words</p>"), STR_NULL, STR_NULL, STR_NULL, STR("Words"), 1, STR("none"), NULL, e));
	TRY(q_blog_meta_put(c, x->id, STR(""), STR(""), STR(""), STR(""), STR(""), STR(""), STR(""), STR(""), STR(""),
	        STR(""), STR(""), STR(""), STR(""), STR(""), NULL, e));
	return q_blog_revision_current(c, x->id, revision, NULL, e);
}

static enum status new_post(struct store *t, const char *slug, const char *visibility, int64_t *id)
{
	struct new_post x = { .slug = slug, .status = "published", .visibility = visibility };
	TRY(db_write(t->ctx, t->db, tx_new_post, &x, &t->err));
	*id = x.id;
	return ST_OK;
}

/* What a member may say by the usual rules. */
static struct comment_new said(const struct person *who, int64_t post, int64_t answered, const char *text)
{
	return (struct comment_new){ .id = id_new(), .post = post, .answered = answered, .person = who,
		.access = BLOG_MEMBER, .per_hour = 2000, .now = NOW, .text = str_c(text), .html = { str_c(text) },
		.by = { .actor = STR("21") } };
}

static enum status say(struct store *t, struct comment_new *x)
{
	return db_write(t->ctx, t->db, comment_add_tx, x, &t->err);
}

static enum status decide(struct store *t, int64_t id, const char *status, bool *changed)
{
	struct comment_decision x = { .id = id, .status = status, .by = { .actor = STR("1") } };
	TRY(db_write(t->ctx, t->db, comment_decide_tx, &x, &t->err));
	*changed = x.changed;
	return ST_OK;
}

/* The comments of a post as a member reads them: "a b/a c" with a slash and whom it answers; below in brackets. */
static const char *read_comments(struct store *t, const char *slug)
{
	struct blog_post post;
	struct buf b;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK ||
	        blog_post(t->ctx, c, str_c(slug), BLOG_MEMBER, &post, &t->err) != ST_OK)
		return "none";
	buf_text(&b, t->ctx->arena);
	for (size_t i = 0; i < post.comment_count; i++) {
		const struct blog_comment *m = &post.comments[i];
		buf_printf(&b, m->below ? "%s(%.*s%s%.*s)" : "%s%.*s%s%.*s", i ? " " : "", STR_ARG(m->html.s),
		        m->reply_to.p ? "/" : "", STR_ARG(str_or_empty(m->reply_to)));
	}
	return arena_cstr(t->ctx->arena, buf_str(&b));
}
#define READS(slug, want)                                                                                              \
	do {                                                                                                           \
		const char *got_ = read_comments(t, slug);                                                             \
		if (strcmp(got_, want)) {                                                                              \
			store_failed(t, __FILE__, __LINE__, got_);                                                     \
			return;                                                                                        \
		}                                                                                                      \
	} while (0)

static void answers_stand_in_the_thread(struct store *t)
{
	int64_t post;
	CHECK_OK(new_post(t, "a", "public", &post));
	struct comment_new a = said(&mo, post, 0, "a"), b = said(&nia, post, 0, "b");
	CHECK_OK(say(t, &a));
	b.now++;
	CHECK_OK(say(t, &b));
	struct comment_new c = said(&nia, post, a.id, "c");
	c.now += 2;
	CHECK_OK(say(t, &c));
	struct comment_new d = said(&mo, post, c.id, "d"); /* of an answer: it is one level deep all the same */
	d.now += 3;
	CHECK_OK(say(t, &d));
	READS("a", "a (c/Mo) (d/Nia) b");
}

static void who_may(struct store *t)
{
	int64_t open, members, draft, other;
	struct new_post x = { .slug = "d", .status = "draft", .visibility = "public" };
	CHECK_OK(new_post(t, "a", "public", &open));
	CHECK_OK(new_post(t, "b", "public", &other));
	CHECK_OK(new_post(t, "m", "paid", &members));
	CHECK_OK(db_write(t->ctx, t->db, tx_new_post, &x, &t->err));
	draft = x.id;
	struct comment_new n = said(&mo, members, 0, "a");
	CHECK_STATUS(ST_FORBIDDEN, say(t, &n));
	n.access = BLOG_PAID;
	CHECK_OK(say(t, &n));
	n = said(&mo, draft, 0, "a");
	CHECK_STATUS(ST_NOT_FOUND, say(t, &n));
	n = said(&mo, open, 0, "a");
	CHECK_OK(say(t, &n));
	int64_t first = n.id;
	bool changed;
	n = said(&mo, other, first, "b"); /* of another post */
	CHECK_STATUS(ST_NOT_FOUND, say(t, &n));
	CHECK_OK(decide(t, first, "hidden", &changed));
	n = said(&mo, open, first, "b"); /* not shown */
	CHECK_STATUS(ST_NOT_FOUND, say(t, &n));
	READS("a", "");
}

static enum status tx_close(struct db_conn *c, void *arg, struct err *e)
{
	return q_blog_comments_close(c, *(int64_t *)arg, true, NULL, e);
}

static void closed_takes_none_and_shows_all(struct store *t)
{
	int64_t post;
	CHECK_OK(new_post(t, "a", "public", &post));
	struct comment_new n = said(&mo, post, 0, "a");
	CHECK_OK(say(t, &n));
	CHECK_OK(db_write(t->ctx, t->db, tx_close, &post, &t->err));
	n = said(&mo, post, 0, "b");
	CHECK_STATUS(ST_FORBIDDEN, say(t, &n));
	READS("a", "a");
}

static void the_first_waits(struct store *t)
{
	int64_t post;
	bool changed;
	CHECK_OK(new_post(t, "a", "public", &post));
	struct comment_new n = said(&mo, post, 0, "a");
	n.first_waits = true;
	CHECK_OK(say(t, &n));
	CHECK(n.waits);
	int64_t first = n.id;
	n = said(&mo, post, 0, "b");
	n.first_waits = true;
	CHECK_OK(say(t, &n));
	CHECK(n.waits); /* none of theirs was found good yet */
	READS("a", "");
	CHECK_OK(decide(t, first, "shown", &changed));
	CHECK(changed);
	n = said(&mo, post, 0, "c");
	n.first_waits = true;
	n.now++;
	CHECK_OK(say(t, &n));
	CHECK(!n.waits);
	READS("a", "a c");
	/* The way back leads to where it was, once. */
	CHECK_OK(decide(t, first, NULL, &changed));
	CHECK(changed);
	READS("a", "c");
	CHECK_OK(decide(t, first, NULL, &changed));
	CHECK(!changed);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(decide(t, n.id, "deleted", &changed));
		CHECK(changed == !i);
	}
	READS("a", "");
	CHECK_OK(decide(t, n.id, NULL, &changed));
	READS("a", "c");
	CHECK_STATUS(ST_NOT_FOUND, decide(t, 1, "shown", &changed));
}

static void few_wait_at_once(struct store *t)
{
	int64_t post;
	CHECK_OK(new_post(t, "a", "public", &post));
	for (int i = 0; i <= COMMENTS_WAITING_MAX; i++) {
		struct comment_new n = said(&mo, post, 0, "a");
		n.first_waits = true;
		CHECK_STATUS(i < COMMENTS_WAITING_MAX ? ST_OK : ST_RATE_LIMITED, say(t, &n));
	}
	struct comment_new n = said(&nia, post, 0, "a");
	CHECK_OK(say(t, &n));
}

static void so_many_within_an_hour(struct store *t)
{
	int64_t post;
	CHECK_OK(new_post(t, "a", "public", &post));
	for (int i = 0; i < 4; i++) {
		struct comment_new n = said(&mo, post, 0, "a");
		n.per_hour = 3;
		n.now += i;
		CHECK_STATUS(i < 3 ? ST_OK : ST_RATE_LIMITED, say(t, &n));
	}
	struct comment_new n = said(&mo, post, 0, "a");
	n.per_hour = 3;
	n.now += HOUR;
	CHECK_STATUS(ST_RATE_LIMITED, say(t, &n));
	n.now += 1; /* the first is more than an hour old */
	CHECK_OK(say(t, &n));
}

struct crowd { int64_t post; int n; };

static enum status tx_crowd(struct db_conn *c, void *arg, struct err *e)
{
	const struct crowd *x = arg;
	for (int i = 0; i < x->n; i++) {
		int64_t id = id_new();
		TRY(q_blog_comment_add(c, id, x->post, NULL, id, NULL, STR("Old"), STR(""), STR("o"), STR("shown"), NOW,
		        STR_NULL, NULL, e));
	}
	return ST_OK;
}

static void a_post_has_room_for_so_many(struct store *t)
{
	struct crowd x = { .n = COMMENTS_OF_POST_MAX - 1 };
	CHECK_OK(new_post(t, "a", "public", &x.post));
	CHECK_OK(db_write(t->ctx, t->db, tx_crowd, &x, &t->err));
	struct comment_new n = said(&mo, x.post, 0, "a");
	CHECK_OK(say(t, &n));
	bool changed;
	int64_t last = n.id;
	n = said(&mo, x.post, 0, "a");
	CHECK_STATUS(ST_FORBIDDEN, say(t, &n));
	CHECK_OK(decide(t, last, "deleted", &changed)); /* there is room again */
	CHECK_OK(say(t, &n));
}

static void ones_own_alone(struct store *t)
{
	int64_t post;
	bool changed;
	CHECK_OK(new_post(t, "a", "public", &post));
	struct comment_new a = said(&mo, post, 0, "a");
	CHECK_OK(say(t, &a));
	struct comment_new b = said(&nia, post, a.id, "b");
	CHECK_OK(say(t, &b));
	struct comment_change x = { .id = a.id, .person = nia.id, .text = STR("x"), .html = { STR("x") }, .now = NOW };
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
	x.drop = true;
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
	x.person = mo.id;
	x.drop = false;
	CHECK_OK(db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
	CHECK(x.post == post);
	READS("a", "x (b/Mo)");
	/* What those who lead the site took away is not had back by writing it anew, nor gone before they say so. */
	CHECK_OK(decide(t, a.id, "deleted", &changed));
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
	x.drop = true;
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
	CHECK_OK(decide(t, a.id, NULL, &changed));
	CHECK_OK(db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
	READS("a", "b"); /* its thread has lost its head; it stands by itself */
	CHECK_STATUS(ST_NOT_FOUND, db_write(t->ctx, t->db, comment_change_tx, &x, &t->err));
}

static enum status tx_forget_mo(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	return q_blog_comments_forget(c, mo.id, NULL, e);
}

static void who_leaves_takes_their_words_along(struct store *t)
{
	int64_t post;
	CHECK_OK(new_post(t, "a", "public", &post));
	struct comment_new a = said(&mo, post, 0, "a"), b = said(&nia, post, 0, "b");
	CHECK_OK(say(t, &a));
	CHECK_OK(say(t, &b));
	CHECK_OK(db_write(t->ctx, t->db, tx_forget_mo, NULL, &t->err));
	READS("a", "b");
}

static void text_becomes_safe_html(struct store *t)
{
	static const struct { const char *text, *html; } rows[] = {
		{ "", "" },
		{ "a", "<p>a</p>" },
		{ "a\nb\n\n\n c ", "<p>a<br>b</p><p>c</p>" },
		{ "<script>alert(1)</script> & \"q\"", "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; \"q\"</p>" },
		{ "see https://a.example/b?c=1&d=2.",
		        "<p>see <a href=\"https://a.example/b?c=1&amp;d=2\" rel=\"nofollow ugc noopener\">"
		        "https://a.example/b?c=1&amp;d=2</a>.</p>" },
		{ "(http://a.example/x_(y))",
		        "<p>(<a href=\"http://a.example/x_(y)\" rel=\"nofollow ugc noopener\">"
		        "http://a.example/x_(y)</a>)</p>" },
		{ "javascript:alert(1) xhttps://a https:// data:text/html,a",
		        "<p>javascript:alert(1) xhttps://a https:// data:text/html,a</p>" },
		{ "https://a.example/\"onmouseover=\"x",
		        "<p><a href=\"https://a.example/\" rel=\"nofollow ugc noopener\">https://a.example/</a>"
		        "\"onmouseover=\"x</p>" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct str got = comment_html(t->ctx->arena, str_c(rows[i].text)).s;
		struct buf flat; /* without the line ends between paragraphs */
		buf_text(&flat, t->ctx->arena);
		for (size_t k = 0; k < got.n; k++)
			if (got.p[k] != '\n')
				buf_putc(&flat, got.p[k]);
		if (!str_eqc(buf_str(&flat), rows[i].html))
			store_failed(t, __FILE__, (int)i, arena_cstr(t->ctx->arena, buf_str(&flat)));
	}
}

int main(int argc, char **argv)
{
	static const struct store_test tests[] = {
		{ .name = "answers_stand_in_the_thread", .run = answers_stand_in_the_thread },
		{ .name = "who_may", .run = who_may },
		{ .name = "closed_takes_none_and_shows_all", .run = closed_takes_none_and_shows_all },
		{ .name = "the_first_waits", .run = the_first_waits },
		{ .name = "few_wait_at_once", .run = few_wait_at_once },
		{ .name = "so_many_within_an_hour", .run = so_many_within_an_hour },
		{ .name = "a_post_has_room_for_so_many", .run = a_post_has_room_for_so_many },
		{ .name = "ones_own_alone", .run = ones_own_alone },
		{ .name = "who_leaves_takes_their_words_along", .run = who_leaves_takes_their_words_along },
		{ .name = "text_becomes_safe_html", .run = text_becomes_safe_html },
	};
	return store_main(argc, argv, tests, COUNT_OF(tests),
	        (const struct db_migration_set *[]){ &platform_migrations, &blog_migrations, NULL });
}
