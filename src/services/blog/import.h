/* SPDX-License-Identifier: Apache-2.0
 *
 * Taking over another system's content. An import reads the whole file first, renders every body, and then writes all
 * of it in one transaction: a file that is broken, or of which something can't be stored, leaves the site as it was.
 *
 * Idempotent: what is imported carries its origin ("ghost:<uuid>") and a hash of what was read and made of it. Again
 * the same: unchanged. Changed there: a new revision here. What was removed there stays here.
 */
#ifndef GH_SERVICES_BLOG_IMPORT_H
#define GH_SERVICES_BLOG_IMPORT_H

#include "base/buf.h"
#include "base/ctx.h"
#include "db/db.h"
#include "platform/media/media.h"

struct import_options {
	const char *path;       /* the export, or the folder */
	const char *media_dir;  /* Ghost's content/ or content/images/ folder; NULL: pictures stay where they are */
	struct str site_url;    /* the old site's address, for absolute links of its own; may be empty */
	uint64_t file_max;      /* 0: 512 MiB */
	size_t memory_max;      /* for what is kept until it is written; 0: 2 GiB */
	bool dry_run;           /* read, render, report; write nothing */
	bool pictures_later; /* their sizes are made when they are asked for, and by jobs: the import does not wait for
	                        them */
	bool unseen;            /* the site has not begun to answer: no kept page needs to go */
	/* stage: "reading" "pictures" "posts" "writing"; done of total. NULL: silent. */
	void (*progress)(void *arg, const char *stage, size_t done, size_t total);
	void *progress_arg;
};

enum import_kind {
	IMPORT_POSTS,
	IMPORT_PAGES,
	IMPORT_TAGS,
	IMPORT_AUTHORS,
	IMPORT_TIERS,
	IMPORT_SNIPPETS,
	IMPORT_SETTINGS,
	IMPORT_MENUS,
	IMPORT_MEDIA,
	IMPORT_COMMENTS,
	IMPORT_OTHER,
	IMPORT_KINDS
};

struct import_count { unsigned added, changed, unchanged, skipped; };
struct import_note {
	enum import_kind kind;
	struct str what;        /* "members-note", "content/images/2019/a.jpg" */
	struct str why;         /* a sentence */
};

#define IMPORT_NOTES_MAX 1000 /* more are counted */
#define IMPORT_REPORT_MAX (8u << 20) /* bytes of a report, as JSON too: as many notes as there may be fit in */

struct import_report {
	struct import_count counts[IMPORT_KINDS];
	struct str version;     /* of the system that wrote the file */
	const struct import_note *notes;
	size_t note_count, notes_dropped;
	int64_t took_us;
};

/* In a fiber with a large stack, or on a thread. ST_INVALID with the position for what is no export: the message names
   line, column and byte, or the member of the wrong shape. The report lives in ctx->arena. media may be NULL. */
enum status blog_import_ghost(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                              struct import_report *report, struct err *e) MUST_CHECK;

/* The same of a folder: each *.md in it is a post, read as CommonMark 0.31 (docs in import_markdown.c). */
enum status blog_import_markdown(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                                 struct import_report *report, struct err *e) MUST_CHECK;

/* The same of a WordPress export (WXR 1.0 to 1.2). */
enum status blog_import_wxr(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                            struct import_report *report, struct err *e) MUST_CHECK;

const char *import_kind_name(enum import_kind k); /* "posts" */
void import_report_text(struct buf *out, const struct import_report *r); /* a table and the notes, for a terminal */
/* The same as JSON, in one object. */
void import_report_json(struct buf *out, const struct import_report *r);

#endif
