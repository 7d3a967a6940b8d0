/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the blog: what members say under posts. The kept page of a post has the comments that are shown, the same for
 * everybody; a piece per person in it has the form, and that person's own comments with what may be done to them.
 * Whoever leads the site decides about comments at /admin/comments.
 *
 * Rules, all of them checked in the transaction that writes: the post is one that is read by whoever comments, takes
 * comments and has room for one more; what is answered is shown under the same post; nobody comments more often than
 * blog.comments_per_hour or has more than COMMENTS_WAITING_MAX waiting. A person's first comment waits where
 * blog.first_comment_waits says so; those of editors and of the post's own authors never do.
 */
#ifndef GH_SERVICES_BLOG_COMMENTS_H
#define GH_SERVICES_BLOG_COMMENTS_H

#include "gen/blog_sql.h"
#include "platform/audit/audit.h"
#include "platform/forms/forms.h"
#include "platform/peers/fragment.h"
#include "platform/text/html.h"
#include "platform/work/notify.h"
#include "services/blog/store.h"

enum {
	COMMENT_TEXT_MAX = 4000,    /* characters */
	COMMENTS_OF_POST_MAX = 1000, /* that are shown; a post with so many takes no more */
	COMMENTS_WAITING_MAX = 10,  /* of one person */
	COMMENTS_OWN_SHOWN = 50,    /* of one person under one post, the newest */
	COMMENT_AUTHORS_TOLD = 10,  /* people who wrote the post */
	COMMENT_EDITORS_TOLD = 50,  /* people who are told that a comment waits */
	COMMENT_WORDS_SHOWN = 200,  /* characters of one, in the list of all */
};

/* --- its text (comments_text.c) --- */

/* A typed text is plain: an empty line begins a paragraph, addresses of the web become links. */
enum comment_piece_kind { COMMENT_WORDS, COMMENT_LINK, COMMENT_BREAK };
struct comment_piece { enum comment_piece_kind kind; struct str text; };
struct comment_paragraph { const struct comment_piece *pieces; size_t n; };
/* The text as HTML, in a: escaped, without any other markup than p, br and a. */
struct safe_html comment_html(struct arena *a, struct str text);

/* --- writing them (comments.c) --- */

/* Notices that a transaction sends: made before it, since who is told, and in which language, is asked of others. */
struct comment_notices { struct notice *list; size_t n; };

struct comment_new {
	int64_t id, post, answered;  /* answered: the comment that it replies to; 0: the post */
	const struct person *person;
	enum blog_access access;     /* of that person */
	bool first_waits;            /* a first comment of theirs does */
	int64_t per_hour;            /* so many may be written in an hour */
	int64_t now;                 /* µs */
	struct str text;
	struct safe_html html;
	struct comment_notices shown, waiting; /* sent when it is shown at once, or waits */
	struct audit_entry by;
	bool waits; /* out */
};
/* The post as whoever comments on it sees it. ST_NOT_FOUND: there is none; ST_FORBIDDEN: it is closed, full or not
   theirs to read. In db_arena(c). */
enum status comment_post(struct db_conn *c, int64_t id, enum blog_access access, int64_t now,
        struct blog_commentable_row **post, struct err *e) MUST_CHECK;
/* What is answered: shown, under that post; else ST_NOT_FOUND. In db_arena(c). */
enum status comment_answered(struct db_conn *c, int64_t post, int64_t id, struct blog_comment_get_row **out,
        struct err *e) MUST_CHECK;
/* Transaction; arg: struct comment_new. ST_RATE_LIMITED: too many lately, or waiting. Else as the two above. */
enum status comment_add_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* One's own, changed or taken away. */
struct comment_change {
	int64_t id, person, now;
	bool drop;             /* it goes for good */
	struct str text;       /* else: its new words */
	struct safe_html html;
	struct audit_entry by;
	int64_t post;          /* out: that it is under */
};
/* Transaction; arg: struct comment_change. ST_NOT_FOUND: it is not theirs, or gone. */
enum status comment_change_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* What somebody who leads the site decides. */
struct comment_decision {
	int64_t id;
	const char *status;    /* "shown", "hidden", "deleted"; NULL: back to what it was before the last decision */
	struct comment_notices shown; /* sent when it waited, and is shown now */
	struct audit_entry by;
	int64_t post, person;  /* out: under which, whose; person 0: imported */
	bool changed;          /* out: false: it was so before */
};
/* Transaction; arg: struct comment_decision. ST_NOT_FOUND: it is gone. */
enum status comment_decide_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;

/* What is kept of a post's comments goes, in every process, and what is kept for that person; 0: nobody. */
void comment_drop_kept(struct ctx *ctx, int64_t post, int64_t person);
/* Tag of what is kept of a post's comments, in a: its object's id as text. */
struct str comment_tag(struct arena *a, struct str post);

/* --- telling people (comments_tell.c) --- */

/* A comment as those who are told of it need to know it. */
struct comment_told {
	int64_t id, post;
	struct str slug, title, name; /* of the post; who says it */
	int64_t person, answered;     /* whose it is; whom it answers: people, 0: nobody */
	int64_t answered_comment;     /* id; 0: none */
	const struct blog_post_people_row *authors;
	size_t author_count;
	bool waited;                  /* it was looked at first: the one who wrote it is told, too */
};
/* Authors of the post and who is answered, each in their language. Asks identity; in ctx->arena. */
void comment_tell_shown(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out);
/* Those who decide about it. */
void comment_tell_waiting(struct ctx *ctx, const struct comment_told *t, struct comment_notices *out);

/* --- pages (comments_http.c, comments_admin.c) --- */

/* A page to write one on; own: the comment that is changed, NULL: a new one. */
struct comment_view {
	struct web *w;
	const struct blog_commentable_row *post; /* NULL with own */
	const struct blog_comment_get_row *answered, *own;
	struct str action, back;
};
/* The piece of a post's page. */
struct comment_box {
	struct ctx *ctx;
	const struct blog_site *site;
	const struct person *person; /* NULL: a visitor */
	struct str post;             /* id */
	bool open;                   /* it takes comments */
	const struct blog_comments_own_row *own;
	size_t own_count;
};
/* Does the site take comments at all? */
bool comments_are_on(struct ctx *ctx);

/* Handlers of service.c's tables. */
enum status blog_get_comment_on(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_comment_on(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_comment_own(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_comment_own(struct web *w, struct err *e) MUST_CHECK;
enum status blog_fragment_comment_box(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status blog_get_comments(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_comments(struct web *w, struct err *e) MUST_CHECK;

#endif
