/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a Ghost export (versions 0 to 6; what the file looks like: tests/fixtures/ghost/FORMAT.md). ghost_file.c
 * reads and checks the shape; ghost_rows.c answers questions about rows; ghost_plan.c and ghost_site.c turn them into a
 * plan. Included by these and import_ghost.c; nobody else.
 */
#ifndef GH_SERVICES_BLOG_GHOST_H
#define GH_SERVICES_BLOG_GHOST_H

#include "platform/text/json.h"
#include "services/blog/import_plan.h"

enum ghost_table {
	GHOST_POSTS,
	GHOST_POSTS_META,
	GHOST_TAGS,
	GHOST_POSTS_TAGS,
	GHOST_USERS,
	GHOST_POSTS_AUTHORS,
	GHOST_ROLES,
	GHOST_ROLES_USERS,
	GHOST_SETTINGS,
	GHOST_PRODUCTS,
	GHOST_POSTS_PRODUCTS,
	GHOST_NEWSLETTERS,
	GHOST_THEME_SETTINGS,
	GHOST_SNIPPETS,
	GHOST_TABLES
};

/* Rows of one table by the text of one column, for look-ups; several rows may share a key. */
struct ghost_entry { struct str key; json_t *row; size_t at; };
struct ghost_index { struct ghost_entry *list; size_t count; };

struct ghost {
	struct ctx *ctx;
	struct import_run *run;
	struct arena *a;            /* the plan's */
	struct arena *scratch;      /* of one object; reset by whoever renders */
	json_t *doc;                /* owns every row; texts borrowed from it last as long as the plan */
	json_t *tables[GHOST_TABLES]; /* arrays; NULL: not there */
	struct str version;
	int64_t exported_at;
	struct body_options body;
	/* slugs that are addresses of this program, and what became of them */
	struct ghost_moved { struct str from, to; } *moved;
	size_t moved_count;
	struct import_media *media;
	struct import_log *log;
	struct plan *plan;
	const struct import_options *opt;
};

/* --- ghost_file.c --- */
enum status ghost_open(struct ghost *g, const char *path, uint64_t max, struct err *e) MUST_CHECK;
void ghost_close(struct ghost *g);

/* --- ghost_rows.c --- */
struct str ghost_text(json_t *row, const char *key);   /* "" when absent, null or of another type */
struct str ghost_url(struct ghost *g, json_t *row, const char *key);
struct str ghost_id(struct arena *a, json_t *row, const char *key); /* text or number; empty when absent */
bool ghost_flag(json_t *row, const char *key);         /* 1, true, "1", "true" */
/* "en_US", "pt-BR.UTF-8" as BCP 47 has it: "en-US"; "" when it is no tag. In a. */
struct str ghost_lang(struct arena *a, struct str given);
bool ghost_time(json_t *row, const char *key, int64_t *us);
struct ghost_index ghost_index(struct ghost *g, enum ghost_table t, const char *key);
/* The first row of the key and how many follow it with the same. */
struct ghost_entry *ghost_find(const struct ghost_index *ix, struct str key, size_t *count);
size_t ghost_count(const struct ghost *g, enum ghost_table t);
json_t *ghost_row(const struct ghost *g, enum ghost_table t, size_t i);

/* --- ghost_plan.c, ghost_post.c, ghost_site.c --- */
struct plan_object *ghost_object(struct ghost *g, enum import_kind kind, const char *type, json_t *row);
void ghost_common(struct ghost *g, struct plan_object *o, json_t *row);       /* slug, title, meta, dates */
void ghost_image(struct ghost *g, struct plan_object *o, struct str url);
void ghost_finish(struct ghost *g, struct plan_object *o, json_t *row, json_t *extra); /* the hash */
/* Before any body is rendered: posts and pages whose slug is an address of this program get another. */
void ghost_plan_moved(struct ghost *g);
/* path ("/archive/?q#r"), or where it leads now. In g->a. */
struct str ghost_moved_path(struct ghost *g, struct str path);
void ghost_plan_tags(struct ghost *g);
void ghost_plan_authors(struct ghost *g);
void ghost_plan_tiers(struct ghost *g);
void ghost_plan_snippets(struct ghost *g);
void ghost_plan_posts(struct ghost *g);
void ghost_plan_site(struct ghost *g);
/* Ids as Ghost has them, of an object's origin: "ghost:tag:5f…" was 5f… there; ours is the number as 24 hex digits. */
struct str ghost_id_of(struct arena *a, struct str origin, int64_t id);
/* Of posts and pages: "ghost:<uuid>" keeps it; ours alone have one made of their id. In a, or a slice of origin. */
struct str ghost_uuid_of(struct arena *a, struct str origin, int64_t id);
/* Ghost's name of a setting of ours; NULL: it has none. */
const char *ghost_setting_key(struct str name);
/* Renders into the plan's arena. False: noted, and there is no body. */
bool ghost_render(
        struct ghost *g, struct plan_object *o, enum body_format format, struct str source, struct str fallback);

#endif
