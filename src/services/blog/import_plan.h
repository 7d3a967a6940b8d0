/* SPDX-License-Identifier: Apache-2.0
 *
 * What an import is going to write, complete and rendered, between reading a file (ghost_*.c) and the transaction
 * (import_write.c). Everything lives in the plan's arena. Objects refer to each other by origin.
 */
#ifndef GH_SERVICES_BLOG_IMPORT_PLAN_H
#define GH_SERVICES_BLOG_IMPORT_PLAN_H

#include "services/blog/body.h"
#include "services/blog/import.h"

struct plan_media {
	/* one file of the old site */ struct str origin; /* "/content/images/2019/a.jpg" */
	struct blog_image image; /* as bodies show it; src empty: there is no such file here */
	struct media_item *item; /* put in this run; NULL: known from before, or missing */
	int64_t id; /* of the media row; known from before, or found when writing */
};

struct plan_body {
	struct str source, hash;
	struct body body;
};

struct plan_links { const struct str *origins; size_t count; };

struct plan_object {
	enum import_kind kind;
	struct str origin, type, slug, title, status, visibility, excerpt, lang, template, hash;
	bool featured;
	int64_t created_at, updated_at, published_at; /* published_at 0: none */
	int reading_min;
	const struct plan_media *image; /* NULL: none, or elsewhere: image_url */
	struct str image_url, image_alt;
	bool has_meta;
	struct str custom_excerpt, caption, meta_title, meta_description, og_title, og_description, og_image,
	        twitter_title, twitter_description, twitter_image, canonical_url, accent, code_head, code_foot;
	bool has_profile;
	struct str email, role, location, website, social, cover_url;
	struct plan_body *body;         /* NULL: none */
	struct str search;              /* text that visitors may find; p NULL: not in the index */
	struct plan_links tagged, authored, requires, part_of;
	struct str guid;                /* the id that it had there, by which feed readers know it; p NULL: none */
	struct str old_slug;            /* as it was there, where it could not be kept; p NULL: kept */
	struct str old_path; /* "/2019/05/mill/": its address there; p NULL: the same, or none that leads anywhere */
	bool undated;                   /* nothing said when it was published: what is here already keeps its date */
};

struct plan_setting { struct str name, value; };
/* of: the origin of the object that it leads to, of which it has address and name where they are empty; p NULL: none.
   above: the number of the entry that it stands below, from 1; 0: none */
struct plan_nav { struct str label, url, of; size_t above; };
struct plan_comment { struct str origin, object, above, name, html; int64_t created_at; }; /* object, above: origins */
struct plan_menu { const char *name; const struct plan_nav *items; size_t count; struct str hash; };

struct plan {
	struct arena *a;
	const char *source; /* "ghost" "markdown" "wxr": what origins and settings of this kind of import begin with */
	struct plan_object *objects; /* tags, authors, tiers before what refers to them */
	size_t object_count;
	struct plan_setting *settings;
	size_t setting_count;
	struct str settings_hash;
	struct plan_menu menus[2];
	struct plan_comment *comments; /* what they answer stands before them */
	size_t comment_count;
	struct plan_media **media;
	size_t media_count;
	int64_t now;
};

/* A new object at the end of plan->objects, for which there is room; every text empty. */
struct plan_object *plan_object(struct plan *plan, enum import_kind kind, const char *type, struct str origin);

/* --- one import --------------------------------------------------------------------------------------------------- */
struct import_log { struct arena *a; struct import_report *report; struct import_note *notes; };

struct import_run {
	struct ctx *ctx;
	struct db *db;
	struct media *media;
	const struct import_options *opt;
	struct import_report *report;
	/* Reads the whole source and fills the plan. Runs under a guard: what is allocated in arenas needs no checks.
	 */
	enum status (*read)(struct import_run *r, struct err *e);
	void (*end)(struct import_run
	                *r); /* before the plan's arena goes, however it went; NULL: there is nothing to end */
	/* made by import_run: */
	struct plan plan;
	struct import_log log;
	struct arena *scratch; /* of one body; reset by plan_render */
	struct import_media *files;
	struct err err;
	enum status status;
};
/* Reads, then writes all of it or nothing. source: plan.source. The report is complete when it is ST_OK. */
enum status import_run(struct import_run *r, const char *source, struct err *e) MUST_CHECK;
/* o's body, in the plan's arena; its notes go to the log. fallback as body_render's. */
enum status plan_render(struct import_run *r, struct plan_object *o, enum body_format format, struct str source,
                        struct str fallback, const struct body_options *opt, struct err *e) MUST_CHECK;
/* Which line the byte at p of text is in, from 1. */
size_t import_line_of(struct str text, const char *p);

/* --- notes -------------------------------------------------------------------------------------------------------- */
void import_note(struct import_log *log, enum import_kind kind, struct str what, const char *fmt, ...)
        PRINTF_LIKE(4, 5);

/* --- the transaction ---------------------------------------------------------------------------------------------- */
enum status import_write(struct ctx *ctx, struct db *db, struct plan *plan, const struct import_options *opt,
                         struct import_log *log, struct err *e) MUST_CHECK;

/* --- files of the old site ---------------------------------------------------------------------------------------- */
struct import_media;
struct import_media *import_media_new(
        struct ctx *ctx, struct arena *a, struct media *m, const struct import_options *opt);
void import_media_fini(struct import_media *im);
/* What earlier imports have taken: from a read. */
enum status import_media_load(struct import_media *im, struct db *db, struct err *e) MUST_CHECK;
/* The stored file behind an address of the source (after body_url), put into storage at first use. NULL: not the old
   site's, or not to be found (counted, noted once). */
const struct plan_media *import_media_find(struct import_media *im, struct str url, struct import_log *log);
/* The same of an address that is relative, and a file in the folder. NULL also when there is none: nothing is noted. */
const struct plan_media *import_media_beside(struct import_media *im, struct str url, struct import_log *log);
/* "/content/images/size/w600/format/webp/2019/a%20b.jpg?v=1" → "/content/images/2019/a b.jpg", in a; p NULL: not a file
   of the old site, or one that would lead out of its folder. */
struct str import_media_origin(struct arena *a, struct str url);
void import_media_list(const struct import_media *im, struct plan *plan);
struct str import_media_path(struct arena *a, const struct media_item *item);   /* URL path of the file to show */
struct str import_media_srcset(struct arena *a, const struct media_item *item);

struct str import_hash(
        struct arena *a, const struct str *parts, size_t n); /* SHA-256 over the parts and their lengths, hex */

#endif
