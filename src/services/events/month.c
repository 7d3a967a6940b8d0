/* SPDX-License-Identifier: Apache-2.0
 *
 * A month of calendars: a day for each cell, a week for each row, Monday first. On a narrow screen the same is a list
 * of the days that have something.
 */
#include "base/clock.h"
#include "base/lang.h"
#include "gen/events_tpl.h"
#include "platform/core/web_url.h"
#include "platform/text/local.h"
#include "services/events/pages.h"

enum { DAY_S = 86400, WEEK_DAYS = 7, MONTH_TEXT = 7, MONTHS = 12 };

static bool digits_of(struct str s, int64_t *out)
{
	return s.n && s.p[0] >= '0' && s.p[0] <= '9' && str_i64(s, out);
}

/* "2026-12"; the month that it is now where that is none. */
static void asked_month(struct web *w, struct str zone, int *year, int *month)
{
	struct str text = str_or_empty(web_query(w, "month"));
	int64_t y = 0, m = 0;
	struct civil now;
	if (text.n == MONTH_TEXT && text.p[4] == '-' && digits_of(str_n(text.p, 4), &y) &&
	        digits_of(str_skip(text, 5), &m) && y >= RECUR_YEAR_MIN && y < RECUR_YEAR_MAX && m >= 1 &&
	        m <= MONTHS) {
		*year = (int)y;
		*month = (int)m;
		return;
	}
	if (!clock_civil_zone(clock_now_us(), arena_cstr(w->ctx->arena, zone), &now))
		clock_civil_utc(clock_now_us(), &now);
	*year = now.year;
	*month = now.month;
}

static struct str month_url(struct web *w, const struct events_calendar_row *cal, int year, int month)
{
	year += month < 1 ? -1 : month > MONTHS ? 1 : 0;
	month = month < 1 ? MONTHS : month > MONTHS ? 1 : month;
	return cal ? web_url(w->ctx, "events", "/%.*s?view=month&month=%04d-%02d", STR_ARG(cal->slug), year, month)
	           : web_url(w->ctx, "events", "/?view=month&month=%04d-%02d", year, month);
}

/* The days of whole weeks around a month. */
static void lay_out(struct month_view *v, struct web *w, struct str zone)
{
	const struct zone *z = events_zone(zone);
	int64_t first = day_of(v->year, v->month, 1);
	int64_t next = v->month == MONTHS ? day_of(v->year + 1, 1, 1) : day_of(v->year, v->month + 1, 1);
	int64_t now = clock_now_us() / US_PER_S, today = (now + (z ? clock_zone_offset(z, now) : 0)) / DAY_S;
	v->first = first - ((first + 3) % WEEK_DAYS + WEEK_DAYS) % WEEK_DAYS; /* 1970 began on a Thursday */
	v->n = (size_t)((next - v->first + WEEK_DAYS - 1) / WEEK_DAYS * WEEK_DAYS);
	v->days = ARENA_ARRAY(w->ctx->arena, struct month_day, v->n);
	for (size_t i = 0; i < v->n; i++) {
		struct civil c;
		struct month_day *d = &v->days[i];
		int64_t day = v->first + (int64_t)i;
		clock_civil_utc(day * DAY_S * US_PER_S, &c);
		*d = (struct month_day){ .day = c.day, .inside = c.month == v->month, .today = day == today };
		d->name = arena_strf(w->ctx->arena, "%s, %.*s", local_weekday(c.weekday),
		        STR_ARG(local_date(w->ctx->arena, &c)));
		d->list = ARENA_ARRAY(w->ctx->arena, struct happening, MONTH_DAY_SHOWN);
		int64_t from = z ? clock_zone_instant(z, day * DAY_S) : day * DAY_S;
		d->url = v->cal ? web_url(w->ctx, "events", "/%.*s?from=%lld", STR_ARG(v->cal->slug), (long long)from)
		                : web_url(w->ctx, "events", "/?from=%lld", (long long)from);
	}
}

static void put_on_days(struct month_view *v, struct web *w, const struct occurrence *o, struct str zone)
{
	const struct zone *z = o->all_day ? NULL : events_zone(zone);
	int64_t from = o->from + (z ? clock_zone_offset(z, o->from) : 0), end = o->to > o->from ? o->to - 1 : o->to;
	int64_t to = end + (z ? clock_zone_offset(z, end) : 0);
	struct happening h = events_happening(w->ctx, o, zone);
	for (int64_t day = from / DAY_S; day <= to / DAY_S; day++) {
		int64_t at = day - v->first;
		if (at < 0 || at >= (int64_t)v->n)
			continue;
		struct month_day *d = &v->days[at];
		if (d->n == MONTH_DAY_SHOWN)
			d->more++;
		else
			d->list[d->n++] = h;
	}
}

enum status events_month_page(struct web *w, struct db_conn **c, const struct agenda_view *of, struct err *e)
{
	struct month_view v = { .w = w, .shell = of->shell, .cal = of->cal, .list_url = of->list_url };
	struct str zone = of->cal ? of->cal->zone : events_site_zone(w->ctx);
	struct occurrences found = { 0 };
	struct buf page;
	asked_month(w, zone, &v.year, &v.month);
	lay_out(&v, w, zone);
	/* a day more on each side: whole days have no zone */
	struct events_look look = { (v.first - 1) * DAY_S, (v.first + (int64_t)v.n + 1) * DAY_S, true, true };
	for (size_t i = 0; i < of->calendar_n; i++)
		TRY(events_window(w->ctx->arena, *c, &of->calendars[i], &look, &found, e));
	db_read_end(c);
	occurrences_sort(&found);
	for (size_t i = 0; i < found.n; i++)
		put_on_days(&v, w, &found.list[i], zone);
	v.title = local_year_month(w->ctx->arena, v.year, v.month);
	v.before = month_url(w, of->cal, v.year, v.month - 1);
	v.after = month_url(w, of->cal, v.year, v.month + 1);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_events_month(&page, &v);
	return web_html(w, 200, &page);
}
