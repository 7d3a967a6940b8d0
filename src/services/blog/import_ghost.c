/* SPDX-License-Identifier: Apache-2.0
 *
 * The import of a Ghost export.
 */
#include "services/blog/ghost.h"

#define FILE_MAX (UINT64_C(512) << 20)
#define VERSION_KNOWN 6

struct ghost_run { struct import_run run; struct ghost g; };

static bool image(void *arg, struct str url, struct blog_image *out)
{
	struct ghost *g = arg;
	const struct plan_media *m = import_media_find(g->media, url, g->log);
	if (m)
		*out = m->image;
	return m != NULL;
}

static struct str moved(void *arg, struct str path) { return ghost_moved_path(arg, path); }

static void note_version(struct ghost *g)
{
	int64_t major = 0;
	struct str rest = g->version, head;
	str_cut(&rest, '.', &head);
	bool oldest = head.n == 3 && head.p[0] == '0'; /* "009": versions 0.x counted their exports */
	if (g->version.n && !oldest && (!str_i64(head, &major) || major > VERSION_KNOWN))
		import_note(g->log, IMPORT_OTHER, g->version,
		        "is a version that nobody here knows: what looks familiar was taken");
}

static enum status ghost_read(struct import_run *run, struct err *e)
{
	struct ghost *g = &((struct ghost_run *)run)->g;
	g->a = run->plan.a;
	g->scratch = run->scratch;
	g->media = run->files;
	TRY(ghost_open(g, run->opt->path, run->opt->file_max ? run->opt->file_max : FILE_MAX, e));
	run->report->version = arena_str(run->ctx->arena, g->version);
	note_version(g);
	size_t objects = 0;
	static const enum ghost_table tables[] = { GHOST_TAGS, GHOST_USERS, GHOST_PRODUCTS, GHOST_SNIPPETS,
		GHOST_POSTS };
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		objects += ghost_count(g, tables[i]);
	run->plan.objects = ARENA_ARRAY(g->a, struct plan_object, objects + 1);
	ghost_plan_moved(g);
	ghost_plan_tags(g);
	ghost_plan_authors(g);
	ghost_plan_tiers(g);
	ghost_plan_snippets(g);
	ghost_plan_posts(g);
	ghost_plan_site(g);
	return ST_OK;
}

enum status blog_import_ghost(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                              struct import_report *report, struct err *e)
{
	struct ghost_run r = { .run = { .ctx = ctx, .db = db, .media = media, .opt = opt, .report = report,
	                                .read = ghost_read } };
	r.g = (struct ghost){ .ctx = ctx, .run = &r.run, .log = &r.run.log, .plan = &r.run.plan, .opt = opt,
	                      .body = { .site_url = opt->site_url, .image = image, .moved = moved, .arg = &r.g } };
	enum status st = import_run(&r.run, "ghost", e);
	ghost_close(&r.g);
	return st;
}
