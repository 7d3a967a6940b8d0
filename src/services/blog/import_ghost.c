/* SPDX-License-Identifier: Apache-2.0
 *
 * The import of a Ghost export: read, plan, write. Memory: everything that is kept until it is written lives in one
 * arena of a limit of its own, beside the caller's; a body's own workings live in a second one, given back after each.
 */
#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "services/blog/ghost.h"

#define FILE_MAX (UINT64_C(512) << 20)
#define MEMORY_MAX ((size_t)2 << 30)
#define SCRATCH_MAX ((size_t)512 << 20)
#define VERSION_KNOWN 6

struct ghost_run {
	struct ctx *ctx;
	struct db *db;
	struct media *media;
	const struct import_options *opt;
	struct import_report *report;
	struct ghost g;
	struct plan plan;
	struct import_log log;
	struct err err;
	enum status status;
};

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

static enum status plan_all(struct ghost_run *r)
{
	struct ghost *g = &r->g;
	TRY(ghost_open(g, r->opt->path, r->opt->file_max ? r->opt->file_max : FILE_MAX, &r->err));
	r->report->version = arena_str(r->ctx->arena, g->version);
	TRY(import_media_load(g->media, r->db, &r->err));
	note_version(g);
	size_t objects = 0;
	static const enum ghost_table tables[] = { GHOST_TAGS, GHOST_USERS, GHOST_PRODUCTS, GHOST_SNIPPETS,
		GHOST_POSTS };
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		objects += ghost_count(g, tables[i]);
	r->plan.objects = ARENA_ARRAY(g->a, struct plan_object, objects + 1);
	ghost_plan_moved(g);
	ghost_plan_tags(g);
	ghost_plan_authors(g);
	ghost_plan_tiers(g);
	ghost_plan_snippets(g);
	ghost_plan_posts(g);
	ghost_plan_site(g);
	import_media_list(g->media, &r->plan);
	return import_write(r->ctx, r->db, &r->plan, r->opt, &r->log, &r->err);
}

static void run_guarded(void *arg)
{
	struct ghost_run *r = arg;
	r->status = plan_all(r);
}

enum status blog_import_ghost(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                              struct import_report *report, struct err *e)
{
	SCOPED_ARENA *kept = arena_new(opt->memory_max ? opt->memory_max : MEMORY_MAX),
	             *scratch = arena_new(SCRATCH_MAX);
	int64_t began = clock_mono_ns();
	if (!kept || !scratch)
		return err_set(e, ST_NOMEM, "no memory for an import");
	*report = (struct import_report){ .version = STR("") };
	struct ghost_run r = { .ctx = ctx, .db = db, .media = media, .opt = opt, .report = report };
	r.plan = (struct plan){ .a = kept, .now = clock_now_us() };
	r.log = (struct import_log){ ctx->arena, report,
		ARENA_ARRAY(ctx->arena, struct import_note, IMPORT_NOTES_MAX) };
	r.g = (struct ghost){ .ctx = ctx, .a = kept, .scratch = scratch, .log = &r.log, .plan = &r.plan, .opt = opt,
	                      .body = { .site_url = opt->site_url, .image = image, .moved = moved, .arg = &r.g },
	                      .media = import_media_new(ctx, kept, media, opt) };
	enum status st = guard_run(run_guarded, &r);
	import_media_fini(r.g.media);
	ghost_close(&r.g);
	if (st != ST_OK)
		return err_set(e, st, "%s needs more memory than an import may have", opt->path);
	if (r.status != ST_OK)
		return err_set(e, r.status, "%s", r.err.msg);
	report->took_us = (clock_mono_ns() - began) / 1000;
	LOG(INFO, ctx, "import.done", LI("posts_added", report->counts[IMPORT_POSTS].added),
	        LI("posts_changed", report->counts[IMPORT_POSTS].changed), LI("notes", report->note_count),
	        LI("us", report->took_us));
	return ST_OK;
}
