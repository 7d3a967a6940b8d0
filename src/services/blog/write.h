/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the blog: writing at /write. A post has a working copy (drafts), which a person's browser saves every few
 * seconds on top of the version that it knows; what readers see is a revision, made when somebody publishes. Who saves
 * on top of another version is shown both texts.
 *
 * Who may: editors, administrators and owners write, publish and change everything; authors what is their own;
 * contributors write their own drafts and publish nothing.
 */
#ifndef GH_SERVICES_BLOG_WRITE_H
#define GH_SERVICES_BLOG_WRITE_H

#include "gen/blog_sql.h"
#include "platform/audit/audit.h"
#include "platform/forms/forms.h"
#include "platform/media/media.h"
#include "services/blog/doc.h"

#define WRITE_ROLES "contributor author editor" /* of routes */

enum {
	WRITE_TITLE_MAX = 300, /* characters */
	WRITE_EXCERPT_MAX = 300,
	WRITE_META_MAX = 500,
	WRITE_TAGS_MAX = 30,         /* topics of one post */
	WRITE_MARKDOWN_MAX = 200000, /* characters of a text in the form; longer ones want the editor */
	WRITE_KEPT_AUTOS = 50,       /* revisions that made themselves, of one post */
	WRITE_BODY_MAX = 24 << 20,   /* bytes of a request: a text and a picture */
	WRITE_JSON_MAX = BODY_SOURCE_MAX + (1 << 16), /* bytes of a request with a document in it */
	WRITE_UPLOAD_MAX = 65 << 20, /* bytes of a file and its form; the kind's own limits are media's */
	WRITE_SLUG_TRIES = 8,        /* addresses alike that are tried; then one with an id, which nobody has */
	WRITE_SLUG_BASE = 170,       /* bytes before that id */
};
#define WRITE_KEEP_US (5 * 60 * US_PER_S) /* a working copy becomes a revision by itself this often */

enum write_level { WRITE_CONTRIBUTOR, WRITE_AUTHOR, WRITE_EDITOR };

/* Who writes: whoever asks. */
struct blog_writer {
	const struct person *person;
	enum write_level level;
	int64_t author;        /* object of the author that they are; 0: none yet */
	struct str slug, name; /* … */
};

/* A post as somebody works on it. */
struct blog_writing {
	const struct blog_writing_row *row;
	int64_t version; /* of the working copy; 0: there is none */
	struct str title;
	json_t *doc;       /* borrowed: it goes with the arena's request (write_open) */
	struct str source; /* doc as text */
	bool changed;      /* the working copy is not what readers see */
	bool mine;         /* by who asks */
};

/* --- who (write_who.c) --- */
/* ST_FORBIDDEN for those who may not write at all. c: a read that is open. */
enum status write_who(struct web *w, struct db_conn *c, struct blog_writer *out, struct err *e) MUST_CHECK;
/* In a transaction: the author that the person is; a new one where there is none. */
enum status write_author(struct db_conn *c, const struct person *p, int64_t *author, struct err *e) MUST_CHECK;
/* "base-0abc…": an address that only what has that id has; in a. */
struct str write_slug_of(struct arena *a, struct str base, int64_t id);
bool write_may_edit(const struct blog_writer *who, const struct blog_writing *p);
bool write_may_publish(const struct blog_writer *who, const struct blog_writing *p);
enum status blog_person_deleted(struct ctx *ctx, const struct event *ev, struct err *e);

/* --- reading and rendering (write_render.c) --- */
/* ST_NOT_FOUND; ST_FORBIDDEN when it is not theirs to see. The document is released with the request: scoped by the
   caller with SCOPED_WRITING. */
enum status write_open(struct web *w, struct db_conn *c, const struct blog_writer *who, int64_t id,
                       struct blog_writing *out, struct err *e) MUST_CHECK;
void write_close(struct blog_writing *p);
#define SCOPED_WRITING __attribute__((cleanup(write_close))) struct blog_writing
/* As readers will see it, with the pictures that are stored here. Reads the store. */
enum status write_body(struct ctx *ctx, enum body_format format, struct str source, struct body *out,
                       struct err *e) MUST_CHECK;
struct str write_hash(struct arena *a, struct str title, struct str source);

/* --- saving (write_save.c) --- */
struct job;
struct event;
enum write_do { WRITE_AUTO, WRITE_SAVE, WRITE_PUBLISH, WRITE_SCHEDULE, WRITE_UNLIST, WRITE_DRAFT, WRITE_RESTORE };

struct write_settings {
	struct str slug, tags, excerpt, visibility, lang, image_alt, focus, canonical, meta_title, meta_description;
	bool featured, no_image, no_comments;
	const struct media_item *image; /* NULL: as it was */
	struct str image_name;          /* as its file was called */
};

struct write_change {
	const struct service_instance *blog; /* whose addresses are taken; NULL: nobody's */
	struct audit_entry by;               /* who, and from where */
	const struct blog_writer *who;
	const struct blog_writing *before; /* NULL: it is new */
	struct str type;                   /* of a new one: "post", "page" */
	int64_t version;                   /* that it was written on */
	struct str title, source;
	const struct write_settings *settings; /* NULL: as they were */
	enum write_do what;
	int64_t publish_at;       /* WRITE_SCHEDULE */
	const struct body *body;  /* rendered: a revision is made; NULL: none is */
	const struct body *kept;  /* the working copy that is there, rendered: it becomes a revision first; or NULL */
	const struct body *shown; /* what readers see already, rendered anew because of who may read it now; or NULL */
	/* out */
	int64_t id, new_version;
	struct str slug, note; /* note: what was done otherwise than asked, or "" */
};
/* Fills in blog and by, writes, drops kept pages. ST_CONFLICT: somebody else has saved meanwhile, nothing was changed.
 */
enum status write_change(struct web *w, struct write_change *x, struct err *e) MUST_CHECK;
/* Its transaction; arg: struct write_change. */
enum status write_change_tx(struct db_conn *c, void *arg, struct err *e) MUST_CHECK;
enum status blog_publish_due(struct ctx *ctx, const struct job *j, struct err *e); /* job blog.publish */
/* Into the bin and out of it; *changed false: it was so before. */
enum status write_bin(struct web *w, int64_t id, bool in, bool *changed, struct err *e) MUST_CHECK;

/* --- the form (write_form.c) --- */
struct write_form {
	struct str title, text, slug, tags, excerpt, visibility, lang, image_alt, focus, canonical, meta_title,
	        meta_description;
	struct str version, with_text, time;
	int64_t date;
	bool featured, image, no_image, no_comments;
};
extern const struct form_desc write_desc;
struct write_form write_form_of(struct ctx *ctx, const struct blog_writing *p,
                                struct str zone); /* p NULL: of a new one */

struct write_view {
	struct web *w;
	const struct blog_writer *who;
	const struct blog_writing *post; /* NULL: a new one */
	const struct form_fill *form;
	struct str action, type, zone, state, problem, done, id;
	struct safe_html document, state_json; /* JSON for the editor */
	bool may_publish;
	const struct write_clash *clash;
};
/* Both texts of one that two people saved. */
struct write_clash {
	struct str who, when, theirs, mine;
};

/* --- handlers --- */
enum status blog_get_write(struct web *w, struct err *e);
enum status blog_post_write(struct web *w, struct err *e);
enum status blog_get_write_new(struct web *w, struct err *e);
enum status blog_post_write_new(struct web *w, struct err *e);
enum status blog_get_write_one(struct web *w, struct err *e);
enum status blog_post_write_one(struct web *w, struct err *e);

/* The object that the editor has sent, released by the caller. ST_INVALID. */
enum status write_read_json(struct web *w, json_t **out, struct err *e) MUST_CHECK;
/* What the editor asks (write_live.c). */
enum status blog_post_write_begin(struct web *w, struct err *e);
enum status blog_post_write_draft(struct web *w, struct err *e);
enum status blog_get_write_live(struct web *w, struct err *e);
enum status blog_post_write_here(struct web *w, struct err *e);
enum status blog_post_write_render(struct web *w, struct err *e);
enum status blog_post_write_blocks(struct web *w, struct err *e);
enum status blog_post_write_upload(struct web *w, struct err *e);
/* Another person's working copy that is about to be saved over, and is no revision yet, becomes one: it is rendered
 *into body, and *x says so. always: one's own, too. p NULL: a new post. */
enum status write_keep_before(struct web *w, struct blog_writing *p, bool always, struct body *body,
                              struct write_change *x, struct err *e) MUST_CHECK;

/* What the pages of revisions and previews show. */
enum write_line_kind { WRITE_LINE_SAME, WRITE_LINE_GONE, WRITE_LINE_NEW, WRITE_LINE_FOLDED };
struct write_line {
	enum write_line_kind kind;
	struct str text;
};
struct write_revision {
	struct str id, kind, who, when;
	int64_t words;
	bool shown;
};
struct write_history {
	struct web *w;
	const struct blog_writing *post;
	struct str id, from; /* from: the revision that is compared with what is there now; "" : none */
	const struct write_revision *list;
	size_t n;
	const struct write_line *lines;
	size_t line_n;
	bool may_restore;
};
struct write_link {
	struct str id, person_name, ends;
};
struct write_look {
	struct web *w;
	struct str id, as, made; /* made: the address of a link that was just made; "" : none was */
	const struct write_link *links;
	size_t link_n;
};

/* For the demonstration: the first draft has been worked on, so that there is a revision to look at. */
enum status write_demo(struct ctx *ctx, struct err *e) MUST_CHECK;
/* Revisions and looking (write_history.c). */
enum status blog_get_write_revisions(struct web *w, struct err *e);
enum status blog_post_write_revisions(struct web *w, struct err *e);
enum status blog_get_write_preview(struct web *w, struct err *e);
enum status blog_post_write_links(struct web *w, struct err *e);
enum status blog_get_preview(struct web *w, struct err *e);

#endif
