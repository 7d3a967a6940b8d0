/* SPDX-License-Identifier: Apache-2.0
 *
 * What was visited: the page of the administration, with a chart and the same as a table, and the file.
 */
#include "base/clock.h"
#include "gen/blog_tpl.h"
#include "platform/config/config.h"
#include "platform/text/csv.h"
#include "platform/text/local.h"
#include "services/blog/store.h"
#include "services/blog/visits.h"

enum { DAYS_USUAL = 30, BAR = 8, CHART_HEIGHT = 100, CSV_MAX = 8 << 20 };

struct str visit_page_name(const struct blog_visit_top_pages_row *p)
{
	if (p->object_id <= 0)
		return p->object_id ? TR("Lists") : TR("The front page");
	return p->title.p ? p->title : TR("Deleted since");
}

struct str visit_source_name(struct str source)
{
	return source.n ? str_eqc(source, "…") ? TR("All others") : source : TR("Not told");
}

static struct str day_text(struct ctx *ctx, int64_t day)
{
	struct civil c;
	clock_civil_utc(day * 86400 * US_PER_S, &c);
	return arena_strf(ctx->arena, "%04d-%02d-%02d", c.year, c.month, c.day);
}

static int64_t days_asked(struct web *w)
{
	int64_t days;
	struct str asked = web_query(w, "days");
	if (!asked.p || !str_i64(asked, &days) || days < 1 || days > VISIT_DAYS_MAX)
		return DAYS_USUAL;
	return days;
}

/* The first of so many days that end today. */
static enum status first_day(struct ctx *ctx, struct db_conn *c, int64_t days, int64_t *first, struct err *e)
{
	struct blog_site site;
	struct str time;
	TRY(blog_site(ctx, c, &site, e));
	local_day_and_time(ctx->arena, site.timezone, clock_now_us(), first, &time);
	*first -= days - 1;
	return ST_OK;
}

static void draw_bars(struct visits_view *v, struct ctx *ctx, int64_t first, const struct blog_visit_days_row *rows,
                 size_t n)
{
	struct visit_bar *bars = ARENA_ARRAY(ctx->arena, struct visit_bar, (size_t)v->days);
	v->n = (size_t)v->days;
	v->bars = bars;
	v->width = (int)v->days * BAR;
	for (size_t i = 0; i < n; i++)
		if (rows[i].day >= first && rows[i].day < first + v->days) {
			struct visit_bar *b = &bars[rows[i].day - first];
			b->views = rows[i].views;
			b->visits = rows[i].visits;
			v->views += b->views;
			v->visits += b->visits;
			v->most = b->views > v->most ? b->views : v->most;
		}
	for (size_t i = 0; i < v->n; i++) {
		bars[i].day = day_text(ctx, first + (int64_t)i);
		bars[i].x = (int)i * BAR + 1;
		bars[i].height = v->most ? (int)(bars[i].views * CHART_HEIGHT / v->most) : 0;
		bars[i].height = bars[i].views && !bars[i].height ? 1 : bars[i].height;
		bars[i].top = CHART_HEIGHT - bars[i].height;
	}
}

enum status blog_get_visits(struct web *w, struct err *e)
{
	struct blog_visit_days_row *rows;
	struct blog_visit_top_pages_row *pages;
	struct blog_visit_top_sources_row *sources;
	struct visits_view v = { .w = w, .days = days_asked(w) };
	struct page_shell shell = web_shell(w, "Visits");
	struct buf out;
	int64_t first;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(first_day(w->ctx, c, v.days, &first, e));
	TRY(q_blog_visit_days(c, first, &rows, &n, e));
	TRY(q_blog_visit_top_pages(c, first, VISIT_TOP, &pages, &v.page_n, e));
	TRY(q_blog_visit_top_sources(c, first, VISIT_TOP, &sources, &v.source_n, e));
	draw_bars(&v, w->ctx, first, rows, n);
	v.pages = pages;
	v.sources = sources;
	v.counting = config_bool(w->ctx->svc->platform->config, "blog", "visits");
	web_no_cache(w);
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	tpl_blog_visits(&out, &shell, &v);
	return web_html_reading(w, 200, &out, &c);
}

enum status blog_get_visits_csv(struct web *w, struct err *e)
{
	struct blog_visit_rows_row *rows;
	struct buf b;
	int64_t first;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(first_day(w->ctx, c, days_asked(w), &first, e));
	TRY(q_blog_visit_rows(c, first, VISIT_ROWS_MAX, &rows, &n, e));
	buf_arena(&b, w->ctx->arena, CSV_MAX);
	buf_puts(&b, tr("Day,Page,Address,Visits,Views"));
	BUF_LIT(&b, "\r\n");
	for (size_t i = 0; i < n; i++) {
		const struct blog_visit_top_pages_row page = { .object_id = rows[i].object_id, .title = rows[i].title };
		buf_putstr(&b, day_text(w->ctx, rows[i].day));
		buf_putc(&b, ',');
		csv_put(&b, visit_page_name(&page));
		buf_putc(&b, ',');
		csv_put(&b, rows[i].slug.p ? web_url(w->ctx, "blog", "/%.*s/", STR_ARG(rows[i].slug)) : STR(""));
		buf_printf(&b, ",%lld,%lld\r\n", (long long)rows[i].visits, (long long)rows[i].views);
	}
	db_read_end(&c);
	web_no_cache(w);
	web_header(w, "content-disposition", STR("attachment; filename=\"visits.csv\""));
	return buf_ok(&b) ? web_text(w, 200, "text/csv; charset=utf-8", buf_str(&b))
	                  : err_set(e, ST_TOO_LARGE, "These are too many rows for a file: choose fewer days.");
}
