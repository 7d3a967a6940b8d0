/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/admin/operations.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "gen/platform_sql.h"
#include "gen/platform_tpl.h"

#define PAGE_MAX (2u << 20)
#define SAMPLES_JSON_MAX (1u << 20)
#define ASK_NS (2 * NS_PER_S) /* of each store: one that does not answer keeps nobody waiting for long */

/* --- stores ------------------------------------------------------------------------------------------------------- */

static enum status count_work(struct ctx *ctx, struct db *db, struct store_line *s, struct err *e)
{
	struct job_counts_row *jobs;
	struct event_counts_row *events;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, db, &c, e));
	TRY(q_job_counts(c, &jobs, e));
	TRY(q_event_counts(c, &events, e));
	s->ready = jobs->ready;
	s->later = jobs->later;
	s->running = jobs->running;
	s->dead = jobs->dead;
	s->waiting = events->waiting;
	s->given_up = events->given_up;
	return ST_OK;
}

static struct store_line look_at(struct web *w, struct service_instance *s)
{
	struct err why = { 0 };
	struct store_line line = { .service = s->def, .why = STR("") };
	struct ctx ctx = *w->ctx;
	if (!s->local || !s->db)
		return line;
	ctx.deadline_ns = clock_mono_ns() + ASK_NS;
	line.engine = db_engine(s->db) == DB_POSTGRES ? "PostgreSQL" : "SQLite";
	line.up = count_work(&ctx, s->db, &line, &why) == ST_OK;
	if (!line.up)
		line.why = arena_str(w->ctx->arena, str_c(why.msg));
	return line;
}

static void look_at_stores(struct web *w, struct operations_view *v)
{
	const struct platform *p = w->ctx->svc->platform;
	struct store_line *list = ARENA_ARRAY(w->ctx->arena, struct store_line, p->service_count);
	for (unsigned i = 0; i < p->service_count; i++)
		list[v->store_count++] = look_at(w, &p->services[i]);
	v->stores = list;
}

/* --- plots -------------------------------------------------------------------------------------------------------- */

static struct str number_text(struct arena *a, double n)
{
	static const struct { double size; const char *name; } units[] = { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" },
		{ 1, "" } };
	unsigned u = 0;
	if (!isfinite(n))
		return STR("–");
	while (u < 3 && fabs(n) < units[u].size)
		u++;
	return arena_strf(a, "%.3g%s", n / units[u].size, units[u].name);
}

static struct plot_view plot_view_of(struct web *w, const struct plot *p)
{
	struct sampler *s = w->ctx->svc->platform->sampler;
	struct str *now = ARENA_ARRAY(w->ctx->arena, struct str, PLOT_LINES);
	struct buf numbers;
	buf_text(&numbers, w->ctx->arena);
	for (unsigned i = 0; i < p->count; i++) {
		buf_printf(&numbers, "%s%u", i ? " " : "", p->first + i);
		now[i] = number_text(w->ctx->arena, sampler_last(s, p->first + i));
	}
	return (struct plot_view){ .def = &p->def, .numbers = buf_str(&numbers), .now = now, .count = p->count };
}

static enum status show_plots(struct web *w, struct operations_view *v, struct err *e)
{
	struct sampler *s = w->ctx->svc->platform->sampler;
	const struct plot *plots;
	struct buf json;
	v->plot_count = sampler_plots(s, &plots);
	struct plot_view *list = ARENA_ARRAY(w->ctx->arena, struct plot_view, v->plot_count);
	for (size_t i = 0; i < v->plot_count; i++) {
		list[i] = plot_view_of(w, &plots[i]);
		list[i].begins = !i || strcmp(plots[i].def.group, plots[i - 1].def.group) != 0;
	}
	v->plots = list;
	buf_arena(&json, w->ctx->arena, SAMPLES_JSON_MAX);
	sampler_write(s, &json);
	if (!buf_ok(&json))
		return err_set(e, ST_TOO_LARGE, "more samples than fit");
	v->samples = html_from_template(&json); /* numbers, and names of ours */
	return ST_OK;
}

enum status operations_get(struct web *w, struct err *e)
{
	struct buf page;
	struct page_shell shell = web_shell(w, "Operations");
	struct metric_snapshot *all = metrics_snapshot();
	const char *version = w->ctx->svc->platform->version;
	struct operations_view v = { .version = str_c(version ? version : ""), .process = getpid(), .since = STR("") };
	if (all)
		v.since = html_time(w->ctx->arena, w->person->zone,
		        metric_sum_of(all, M_UP_SINCE, "").value * US_PER_S);
	metrics_snapshot_free(all);
	v.live = arena_strf(w->ctx->arena, "/admin/operations/live?of=%.*s",
	        STR_ARG(sampler_topic(w->ctx->svc->platform->sampler)));
	look_at_stores(w, &v);
	TRY(show_plots(w, &v, e));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_operations(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* of: the topic of the process that made the page, whichever answers now. */
enum status operations_live(struct web *w, struct err *e)
{
	struct str topic = web_query(w, "of");
	if (!str_starts(topic, STR("operations.")))
		return err_set(e, ST_INVALID, "There is no such process.");
	return hub_stream(w, &topic, 1, NULL, e);
}
