/* SPDX-License-Identifier: Apache-2.0 */
#include "services/events/pages.h"

#include "base/clock.h"
#include "base/lang.h"
#include "gen/events_tpl.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "platform/text/local.h"
#include "platform/text/words.h"

enum { DESCRIPTION_MAX = 200, DAY_S = 86400 };

/* How far ahead is looked for a page's worth: most calendars have it in the first. */
static const int64_t reaches_s[] = { 31 * DAY_S, 124 * DAY_S, 732 * DAY_S };

/* --- words -------------------------------------------------------------------------------------------------------- */

static struct str day_words(struct arena *a, const struct civil *c)
{
	return arena_strf(a, "%s, %.*s", local_weekday(c->weekday), STR_ARG(local_date(a, c)));
}

static struct str hour_words(struct arena *a, const struct civil *c)
{
	return arena_strf(a, "%02d:%02d", c->hour, c->minute);
}

static bool same_day(const struct civil *a, const struct civil *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

static struct str time_words(
        struct arena *a, const struct occurrence *o, const struct civil *from, const struct civil *to)
{
	if (o->all_day)
		return same_day(from, to) ? TR("All day")
		                          : arena_strf(a, tr("until %.*s"), STR_ARG(day_words(a, to)));
	if (o->to <= o->from)
		return hour_words(a, from);
	if (same_day(from, to))
		return arena_strf(a, "%.*s–%.*s", STR_ARG(hour_words(a, from)), STR_ARG(hour_words(a, to)));
	return arena_strf(a, tr("%.*s until %.*s, %.*s"), STR_ARG(hour_words(a, from)), STR_ARG(day_words(a, to)),
	        STR_ARG(hour_words(a, to)));
}

/* "2026-12-06T14:00:00+01:00"; of whole days the day alone. */
static struct str machine_time(struct arena *a, const struct occurrence *o, const struct civil *c, int offset)
{
	int minutes = (offset < 0 ? -offset : offset) / 60;
	struct str day = arena_strf(a, "%04d-%02d-%02d", c->year, c->month, c->day);
	return o->all_day ? day
	                  : arena_strf(a, "%.*sT%02d:%02d:%02d%c%02d:%02d", STR_ARG(day), c->hour, c->minute, c->second,
	                            offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static struct str first_of(struct str a, struct str b)
{
	return a.n ? a : b;
}

static struct str entry_url(struct ctx *ctx, const struct event_source *s, int64_t at)
{
	return web_url(
	        ctx, "events", "/%.*s/%.*s?at=%lld", STR_ARG(s->cal->slug), STR_ARG(s->row->slug), (long long)at);
}

struct happening events_happening(struct ctx *ctx, const struct occurrence *o, struct str site_zone)
{
	const struct event_source *s = o->of;
	const struct events_overrides_of_row *by = o->by ? o->by->of : NULL;
	struct arena *a = ctx->arena;
	struct str zone = first_of(by ? by->zone : STR(""), first_of(s->row->zone, s->cal->zone));
	const struct zone *z = o->all_day ? NULL : events_zone(zone);
	int before = z ? clock_zone_offset(z, o->from) : 0, after = z ? clock_zone_offset(z, o->to) : 0;
	struct civil from, to;
	clock_civil_utc((o->from + before) * US_PER_S, &from);
	clock_civil_utc((o->to + after - (o->all_day && o->to > o->from)) * US_PER_S, &to);
	return (struct happening){ .cal = s->cal,
		.title = by ? first_of(by->title, s->row->title) : s->row->title,
		.place = by ? first_of(by->place, s->row->place) : s->row->place,
		.url = entry_url(ctx, s, o->from),
		.day = day_words(a, &from),
		.time = time_words(a, o, &from, &to),
		.zone = o->all_day || str_eq(zone, site_zone) ? STR("") : zone,
		.starts = machine_time(a, o, &from, before),
		.ends = machine_time(a, o, &to, after),
		.cancelled = o->cancelled || str_eqc(s->row->state, "cancelled") };
}

struct str events_site_zone(struct ctx *ctx)
{
	struct site_answer site;
	site_ask_all(ctx, &site);
	return site.timezone.n ? site.timezone : STR("UTC");
}

static struct page_shell events_shell(struct web *w, struct str title, struct str description)
{
	struct buf head;
	struct page_shell s = web_public_shell(w, title, description, "events");
	buf_text(&head, w->ctx->arena);
	tpl_events_head(&head);
	s.head_extra = html_from_template(&head);
	return s;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

struct agenda_ask { int64_t from, skip; bool later; };

static struct agenda_ask agenda_asked(struct web *w)
{
	struct agenda_ask in = { .from = clock_now_us() / US_PER_S };
	in.later = web_query_int(w, "from", 0, SERIES_ENDLESS / US_PER_S / 2, &in.from);
	if (!web_query_int(w, "skip", 0, SERIES_WINDOW_MAX, &in.skip))
		in.skip = 0;
	return in;
}

/* What comes, as far ahead as it takes to fill a page and see that there is more. */
static enum status look_ahead(struct web *w, struct db_conn *c, const struct agenda_view *v,
        const struct agenda_ask *in, struct occurrences *found, struct err *e)
{
	int64_t from = in->from;
	for (size_t r = 0; r < sizeof reaches_s / sizeof *reaches_s; r++) {
		struct events_look look = { from, in->from + reaches_s[r], !r && !in->later, true };
		for (size_t i = 0; i < v->calendar_n; i++)
			TRY(events_window(w->ctx->arena, c, &v->calendars[i], &look, found, e));
		if (found->n > AGENDA_PAGE + (size_t)in->skip)
			break;
		from = look.to;
	}
	occurrences_sort(found);
	return ST_OK;
}

static struct str next_url(struct web *w, const struct agenda_view *v, const struct occurrences *found, size_t at)
{
	int64_t from = found->list[at].from, skip = 0;
	while (skip < (int64_t)at && found->list[at - 1 - (size_t)skip].from == from)
		skip++;
	return v->cal ? web_url(w->ctx, "events", "/%.*s?from=%lld&skip=%lld", STR_ARG(v->cal->slug), (long long)from,
	                        (long long)skip)
	              : web_url(w->ctx, "events", "/?from=%lld&skip=%lld", (long long)from, (long long)skip);
}

static void agenda_fill(
        struct web *w, struct agenda_view *v, const struct agenda_ask *in, const struct occurrences *found)
{
	struct str zone = events_site_zone(w->ctx);
	size_t first = (size_t)in->skip < found->n ? (size_t)in->skip : found->n;
	v->later = in->later;
	v->n = found->n - first > AGENDA_PAGE ? AGENDA_PAGE : found->n - first;
	v->list = ARENA_ARRAY(w->ctx->arena, struct happening, v->n + 1);
	for (size_t i = 0; i < v->n; i++) {
		v->list[i] = events_happening(w->ctx, &found->list[first + i], zone);
		v->list[i].begins = !i || !str_eq(v->list[i].day, v->list[i - 1].day);
	}
	if (first + v->n < found->n)
		v->next = next_url(w, v, found, first + v->n);
}

static enum status agenda_page(struct web *w, struct db_conn **c, struct agenda_view *v, struct err *e)
{
	struct buf page;
	struct agenda_ask in = agenda_asked(w);
	struct occurrences found = { 0 };
	const char *slug = v->cal ? arena_cstr(w->ctx->arena, v->cal->slug) : "";
	v->list_url = web_url(w->ctx, "events", "/%s", slug);
	v->month_url = web_url(w->ctx, "events", "/%s?view=month", slug);
	if (str_eqc(str_or_empty(web_query(w, "view")), "month"))
		return events_month_page(w, c, v, e);
	TRY(look_ahead(w, *c, v, &in, &found, e));
	db_read_end(c);
	agenda_fill(w, v, &in, &found);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_events_agenda(&page, v);
	return web_html(w, 200, &page);
}

enum status events_get_agenda(struct web *w, struct err *e)
{
	struct events_calendar_row *rows;
	struct agenda_view v = { .w = w, .next = STR(""), .feed = STR("") };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_events_calendars(c, w->person != NULL, &rows, &v.calendar_n, e));
	v.calendars = rows;
	v.shell = events_shell(w, TR("Events"), STR(""));
	return agenda_page(w, &c, &v, e);
}

/* --- one calendar ------------------------------------------------------------------------------------------------- */

/* A secret one opens with its token alone; one of the members' with that, too, so that their programs can read it. */
static bool may_see(struct web *w, const struct events_calendar_row *cal)
{
	return str_eqc(cal->visibility, "public") || (str_eqc(cal->visibility, "members") && w->person) ||
	        (cal->token.n && str_eq(web_query(w, "key"), cal->token));
}

struct str events_feed_url(struct ctx *ctx, const struct events_calendar_row *cal)
{
	return web_abs_url(ctx, "events", str_eqc(cal->visibility, "public") ? "/%.*s.ics" : "/%.*s.ics?key=%.*s",
	        STR_ARG(cal->slug), STR_ARG(cal->token));
}

static enum status calendar_of(struct web *w, struct db_conn *c, struct str slug, struct events_calendar_row **out,
        struct err *e)
{
	TRY(q_events_calendar(c, slug, out, e));
	return *out && may_see(w, *out) ? ST_OK : err_set(e, ST_NOT_FOUND, "%s", tr("There is no such calendar."));
}

static enum status calendar_feed(struct web *w, struct db_conn *c, const struct events_calendar_row *cal, struct err *e)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, FEED_MAX);
	TRY(events_write_ics(w->ctx, c, cal, &b, e));
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "the feed is too large");
	return web_text_tagged(w, "text/calendar; charset=utf-8", buf_str(&b));
}

enum status events_get_calendar(struct web *w, struct err *e)
{
	struct str slug = web_path(w, "calendar");
	struct events_calendar_row *cal;
	struct agenda_view v = { .w = w, .next = STR(""), .calendar_n = 1 };
	bool is_feed = str_ends(slug, STR(".ics"));
	SCOPED_DB_READ c = NULL;
	if (is_feed)
		slug.n -= 4;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(calendar_of(w, c, slug, &cal, e));
	if (is_feed)
		return calendar_feed(w, c, cal, e);
	v.cal = v.calendars = cal;
	v.feed = events_feed_url(w->ctx, cal);
	v.shell = events_shell(w, cal->title, cal->about);
	return agenda_page(w, &c, &v, e);
}

/* --- one entry ---------------------------------------------------------------------------------------------------- */

/* Its next times, and first of all the one that is asked for. */
static enum status entry_times(struct web *w, struct db_conn *c, struct entry_view *v, struct err *e)
{
	struct arena *a = w->ctx->arena;
	struct series s;
	struct occurrences found = { 0 }, asked = { 0 };
	struct str zone = events_site_zone(w->ctx);
	struct event_source *of = ARENA_NEW(a, struct event_source);
	int64_t now = clock_now_us() / US_PER_S, at;
	*of = (struct event_source){ v->cal, v->row };
	TRY(events_series(a, c, v->row, v->cal->zone, &s, e));
	series_window(a, &s, now, now + reaches_s[2], true, of, &found);
	occurrences_sort(&found);
	if (web_query_int(w, "at", INT32_MIN, SERIES_ENDLESS / US_PER_S / 2, &at))
		series_window(a, &s, at, at + 1, false, of, &asked);
	v->n = found.n > ENTRY_TIMES ? ENTRY_TIMES : found.n;
	v->list = ARENA_ARRAY(a, struct happening, v->n + 1);
	for (size_t i = 0; i < v->n; i++)
		v->list[i] = events_happening(w->ctx, &found.list[i], zone);
	if (asked.n || v->n) {
		struct happening *shown = ARENA_NEW(a, struct happening);
		*shown = asked.n ? events_happening(w->ctx, &asked.list[0], zone) : v->list[0];
		v->shown = shown;
	}
	return ST_OK;
}

enum status events_get_entry(struct web *w, struct err *e)
{
	struct buf page, head;
	struct events_calendar_row *cal;
	struct events_entries_in_row *row;
	struct entry_view v = { .w = w };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(calendar_of(w, c, web_path(w, "calendar"), &cal, e));
	TRY(q_events_entry(c, cal->id, web_path(w, "entry"), &row, e));
	if (!row || str_eqc(row->state, "draft"))
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such event."));
	v.cal = cal, v.row = row;
	TRY(entry_times(w, c, &v, e));
	db_read_end(&c);
	v.title = v.shown ? v.shown->title : row->title;
	v.place = v.shown ? v.shown->place : row->place;
	v.shell = events_shell(w, v.title, text_excerpt(w->ctx->arena, row->body, DESCRIPTION_MAX));
	buf_text(&head, w->ctx->arena);
	tpl_events_head(&head);
	if (v.shown)
		tpl_events_entry_ld(&head, &v);
	v.shell.head_extra = html_from_template(&head);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_events_entry(&page, &v);
	return web_html(w, 200, &page);
}
