/* SPDX-License-Identifier: Apache-2.0
 *
 * What imports of every kind have in common: their memory, a plan that is filled by whoever knows the source, and the
 * one transaction behind it. Everything that is kept until it is written lives in one arena of a limit of its own,
 * beside the caller's; a body's own workings live in a second one, given back after each.
 */
#include <unistd.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "services/blog/import_plan.h"

#define MEMORY_MAX ((size_t)2 << 30)
#define SCRATCH_MAX ((size_t)512 << 20)

struct plan_object *plan_object(struct plan *plan, enum import_kind kind, const char *type, struct str origin)
{
	static const struct str empty = STR_INIT("");
	struct plan_object *o = &plan->objects[plan->object_count++];
	*o = (struct plan_object){
		.kind = kind,
		.type = str_c(type),
		.status = STR("published"),
		.visibility = STR("public"),
		.excerpt = empty,
		.lang = empty,
		.template = empty,
		.image_url = empty,
		.image_alt = empty,
		.custom_excerpt = empty,
		.caption = empty,
		.meta_title = empty,
		.meta_description = empty,
		.og_title = empty,
		.og_description = empty,
		.og_image = empty,
		.twitter_title = empty,
		.twitter_description = empty,
		.twitter_image = empty,
		.canonical_url = empty,
		.accent = empty,
		.code_head = empty,
		.code_foot = empty,
		.email = empty,
		.role = empty,
		.location = empty,
		.website = empty,
		.social = STR("{}"),
		.cover_url = empty,
		.origin = origin,
	};
	return o;
}

/* --- bodies ------------------------------------------------------------------------------------------------------- */

static struct str plan_text(struct plan *plan, struct str s) { return s.p ? arena_str(plan->a, s) : STR_NULL; }

static void keep_body(struct plan *plan, struct body *to, const struct body *from)
{
	*to = *from;
	to->html.s = plan_text(plan, from->html.s);
	to->member.s = plan_text(plan, from->member.s);
	to->visitor.s = plan_text(plan, from->visitor.s);
	to->preview.s = plan_text(plan, from->preview.s);
	to->plain = plan_text(plan, from->plain);
	to->plain_preview = plan_text(plan, from->plain_preview);
	to->notes = NULL;
	to->note_count = 0;
}

enum status plan_render(struct import_run *r, struct plan_object *o, enum body_format format, struct str source,
                        struct str fallback, const struct body_options *opt, struct err *e)
{
	struct body b;
	struct plan *plan = &r->plan;
	struct plan_body *pb = ARENA_NEW(plan->a, struct plan_body);
	enum status st = body_render(r->scratch, format, source, fallback, opt, &b, e);
	if (st == ST_NOMEM)
		guard_abort(st); /* nothing is wrong with the body: all or nothing */
	if (st != ST_OK) {
		arena_reset(r->scratch);
		return st;
	}
	for (unsigned i = 0; i < b.note_count; i++)
		import_note(&r->log, o->kind, o->slug, "%.*s", STR_ARG(b.notes[i]));
	keep_body(plan, &pb->body, &b);
	pb->source = source;
	const struct str parts[] = { str_c(body_format_name(format)), o->title, source, pb->body.html.s,
		pb->body.member.s, pb->body.visitor.s, pb->body.preview.s };
	pb->body.format = format; /* the source is what is kept, even where the fall-back was shown */
	pb->hash = import_hash(plan->a, parts, sizeof parts / sizeof *parts);
	o->body = pb;
	arena_reset(r->scratch);
	return ST_OK;
}

size_t import_line_of(struct str text, const char *p)
{
	size_t line = 1;
	for (const char *c = text.p; c < p && c < text.p + text.n; c++)
		line += *c == '\n';
	return line;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static void read_and_write(void *arg)
{
	struct import_run *r = arg;
	r->status = import_media_load(r->files, r->db, &r->err);
	if (r->status == ST_OK)
		r->status = r->read(r, &r->err);
	if (r->status != ST_OK)
		return;
	import_media_list(r->files, &r->plan);
	r->status = import_write(r->ctx, r->db, &r->plan, r->opt, &r->log, &r->err);
}

enum status import_run(struct import_run *r, const char *source, struct err *e)
{
	SCOPED_ARENA *kept = arena_new(r->opt->memory_max ? r->opt->memory_max : MEMORY_MAX),
	             *scratch = arena_new(SCRATCH_MAX);
	int64_t began = clock_mono_ns();
	if (!kept || !scratch)
		return err_set(e, ST_NOMEM, "no memory for an import");
	*r->report = (struct import_report){ .version = STR("") };
	r->plan = (struct plan){ .a = kept, .now = clock_now_us(), .source = source };
	r->scratch = scratch;
	r->log = (struct import_log){ r->ctx->arena, r->report,
		ARENA_ARRAY(r->ctx->arena, struct import_note, IMPORT_NOTES_MAX) };
	r->files = import_media_new(r->ctx, kept, r->media, r->opt);
	enum status st = guard_run(read_and_write, r);
	import_media_fini(r->files);
	if (r->end)
		r->end(r);
	if (st != ST_OK)
		return err_set(e, st, "%s needs more memory than an import may have", r->opt->path);
	if (r->status != ST_OK)
		return err_set(e, r->status, "%s", r->err.msg);
	r->report->took_us = (clock_mono_ns() - began) / 1000;
	LOG(INFO, r->ctx, "import.done", LI("posts_added", r->report->counts[IMPORT_POSTS].added),
	        LI("posts_changed", r->report->counts[IMPORT_POSTS].changed), LI("notes", r->report->note_count),
	        LI("us", r->report->took_us));
	return ST_OK;
}
