/* SPDX-License-Identifier: Apache-2.0
 *
 * A calendar as iCalendar: RFC 5545, with the names of 7986. One VEVENT for each series, one for each change of it.
 */
#include "base/clock.h"
#include "platform/core/web_url.h"
#include "services/events/pages.h"

enum {
	FEED_ZONES_MAX = 64,  /* more are written as UTC */
	ZONE_CHANGES_MAX = 60 /* of one zone in a feed: thirty years, two a year */
};
#define ZONE_BACK_S (2 * 366 * 86400)
#define ZONE_AHEAD_S (20 * INT64_C(366) * 86400)

struct feed {
	struct ctx *ctx;
	const struct events_calendar_row *cal;
	struct buf *events;
	struct str zones[FEED_ZONES_MAX];
	size_t zone_count;
};

/* --- times -------------------------------------------------------------------------------------------------------- */

/* Notes that the feed names a zone. False: it can not, so its times are written as instants. */
static bool note_zone(struct feed *f, struct str zone)
{
	if (!events_zone(zone))
		return false;
	for (size_t i = 0; i < f->zone_count; i++)
		if (str_eq(f->zones[i], zone))
			return true;
	if (f->zone_count == FEED_ZONES_MAX)
		return false;
	f->zones[f->zone_count++] = zone;
	return true;
}

static void put_raw_time(struct feed *f, const char *head, enum ical_kind kind, int64_t at, int64_t length)
{
	struct buf raw;
	buf_text(&raw, f->ctx->arena);
	ical_put_time(&raw, kind, at);
	if (length >= 0)
		buf_printf(&raw, "/PT%lldS", (long long)length);
	ical_put(f->events, head, buf_str(&raw));
}

static void put_time(struct feed *f, const char *name, bool all_day, struct str zone, int64_t local)
{
	const struct zone *z = all_day ? NULL : events_zone(zone);
	struct arena *a = f->ctx->arena;
	if (all_day)
		put_raw_time(f, arena_printf(a, "%s;VALUE=DATE", name), ICAL_DATE, local, -1);
	else if (z && note_zone(f, zone))
		put_raw_time(f, arena_printf(a, "%s;TZID=%.*s", name, STR_ARG(zone)), ICAL_LOCAL, local, -1);
	else
		put_raw_time(f, name, ICAL_UTC, z ? clock_zone_instant(z, local) : local, -1);
}

static void put_instant(struct feed *f, const char *name, int64_t us)
{
	put_raw_time(f, name, ICAL_UTC, us / US_PER_S, -1);
}

/* RDATE, EXDATE: each a line, as it was said. */
static enum status put_dates(struct feed *f, const char *name, struct str text, struct str zone, struct err *e)
{
	struct series_date *list;
	size_t n;
	struct arena *a = f->ctx->arena;
	TRY(series_dates(a, text, &list, &n, e));
	for (size_t i = 0; i < n; i++) {
		const struct series_date *d = &list[i];
		const char *period = d->length >= 0 ? ";VALUE=PERIOD" : "";
		if (d->kind == ICAL_DATE)
			put_raw_time(f, arena_printf(a, "%s;VALUE=DATE", name), ICAL_DATE, d->at, -1);
		else if (d->kind == ICAL_LOCAL && note_zone(f, zone))
			put_raw_time(f, arena_printf(a, "%s;TZID=%.*s%s", name, STR_ARG(zone), period), ICAL_LOCAL,
			        d->at, d->length);
		else
			put_raw_time(f, arena_printf(a, "%s%s", name, period), ICAL_UTC, d->at, d->length);
	}
	return ST_OK;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

struct said { struct str title, body, place, url, zone; bool all_day, cancelled; int64_t start, length, sequence; };

static void put_said(struct feed *f, const struct events_entries_in_row *row, const struct said *s)
{
	struct buf *b = f->events;
	put_instant(f, "DTSTAMP", row->updated_at);
	put_instant(f, "CREATED", row->created_at);
	put_instant(f, "LAST-MODIFIED", row->updated_at);
	put_time(f, "DTSTART", s->all_day, s->zone, s->start);
	if (s->length > 0)
		put_time(f, "DTEND", s->all_day, s->zone, s->start + s->length);
	ical_put_text(b, "SUMMARY", s->title);
	if (s->body.n)
		ical_put_text(b, "DESCRIPTION", s->body);
	if (s->place.n)
		ical_put_text(b, "LOCATION", s->place);
	ical_put(b, "URL", web_abs_url(f->ctx, "events", "/%.*s/%.*s", STR_ARG(f->cal->slug), STR_ARG(row->slug)));
	ical_put(b, "STATUS", s->cancelled ? STR("CANCELLED") : STR("CONFIRMED"));
	ical_put(b, "SEQUENCE", arena_strf(f->ctx->arena, "%lld", (long long)s->sequence));
}

static struct str zone_of(const struct feed *f, struct str own)
{
	return own.n ? own : f->cal->zone;
}

static enum status put_master(struct feed *f, const struct events_entries_in_row *row, struct err *e)
{
	struct buf *b = f->events;
	struct str rule, rules = row->rules, zone = zone_of(f, row->zone);
	const struct said s = { row->title, row->body, row->place, row->url, zone, row->all_day,
		str_eqc(row->state, "cancelled"), row->start_at, row->length_s, row->sequence };
	BUF_LIT(b, "BEGIN:VEVENT\r\n");
	ical_put(b, "UID", row->uid);
	if (row->related.n)
		ical_put(b, "RELATED-TO", row->related);
	put_said(f, row, &s);
	while (rules.n && str_next(&rules, '\n', &rule))
		ical_put(b, "RRULE", rule);
	TRY(put_dates(f, "RDATE", row->dates_in, zone, e));
	TRY(put_dates(f, "EXDATE", row->dates_out, zone, e));
	BUF_LIT(b, "END:VEVENT\r\n");
	return ST_OK;
}

static void put_change(
        struct feed *f, const struct events_entries_in_row *row, const struct events_overrides_of_row *by)
{
	struct buf *b = f->events;
	const struct said s = { by->title.n ? by->title : row->title, by->body.n ? by->body : row->body,
		by->place.n ? by->place : row->place, by->url, zone_of(f, by->zone.n ? by->zone : row->zone),
		by->all_day, by->cancelled || str_eqc(row->state, "cancelled"), by->start_at, by->length_s,
		by->sequence };
	BUF_LIT(b, "BEGIN:VEVENT\r\n");
	ical_put(b, "UID", row->uid);
	put_time(f, by->later ? "RECURRENCE-ID;RANGE=THISANDFUTURE" : "RECURRENCE-ID", row->all_day,
	        zone_of(f, row->zone), by->id_at);
	put_said(f, row, &s);
	BUF_LIT(b, "END:VEVENT\r\n");
}

static enum status put_entry(
        struct feed *f, struct db_conn *c, const struct events_entries_in_row *row, struct err *e)
{
	struct events_overrides_of_row *changes;
	size_t n = 0;
	if (!row->bare)
		TRY(put_master(f, row, e));
	if (row->wide)
		TRY(q_events_overrides_of(c, row->id, &changes, &n, e));
	for (size_t i = 0; i < n; i++)
		put_change(f, row, &changes[i]);
	return ST_OK;
}

/* --- zones -------------------------------------------------------------------------------------------------------- */

static void put_offset(struct buf *b, const char *name, int offset)
{
	int s = offset < 0 ? -offset : offset;
	buf_printf(b, "%s:%c%02d%02d", name, offset < 0 ? '-' : '+', s / 3600, s / 60 % 60);
	if (s % 60)
		buf_printf(b, "%02d", s % 60);
	BUF_LIT(b, "\r\n");
}

static void put_observance(struct buf *b, int64_t local, int from, int to)
{
	const char *kind = to > from ? "DAYLIGHT" : "STANDARD";
	buf_printf(b, "BEGIN:%s\r\nDTSTART:", kind);
	ical_put_time(b, ICAL_LOCAL, local);
	BUF_LIT(b, "\r\n");
	put_offset(b, "TZOFFSETFROM", from);
	put_offset(b, "TZOFFSETTO", to);
	buf_printf(b, "END:%s\r\n", kind);
}

/* What its clocks do from a while ago until long after: each change by itself, so that no rule has to be guessed. The
   days on which it begins and ends follow the year alone, so that a feed stays the same from day to day. */
static void put_zone(struct buf *b, struct str name, int64_t now)
{
	const struct zone *z = events_zone(name);
	struct civil c;
	clock_civil_utc(now * US_PER_S, &c);
	int64_t year = day_of(c.year, 1, 1) * INT64_C(86400), at = year - ZONE_BACK_S, until = year + ZONE_AHEAD_S;
	int offset = clock_zone_offset(z, at), next;
	ical_put(b, "BEGIN", STR("VTIMEZONE"));
	ical_put(b, "TZID", name);
	put_observance(b, 0, offset, offset);
	for (int i = 0; i < ZONE_CHANGES_MAX && clock_zone_change(z, at, until, &at, &next); i++) {
		put_observance(b, at + offset, offset, next);
		offset = next;
	}
	ical_put(b, "END", STR("VTIMEZONE"));
}

/* --- the feed ----------------------------------------------------------------------------------------------------- */

static void put_head(struct feed *f, struct buf *out)
{
	BUF_LIT(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Guildhall//Events//EN\r\n");
	ical_put_text(out, "NAME", f->cal->title);
	ical_put_text(out, "X-WR-CALNAME", f->cal->title);
	if (f->cal->about.n)
		ical_put_text(out, "DESCRIPTION", f->cal->about);
	ical_put(out, "X-WR-TIMEZONE", f->cal->zone);
	ical_put(out, "X-APPLE-CALENDAR-COLOR", f->cal->colour);
	ical_put(out, "REFRESH-INTERVAL;VALUE=DURATION", STR("PT1H"));
	ical_put(out, "X-PUBLISHED-TTL", STR("PT1H"));
}

enum status events_write_ics(struct ctx *ctx, struct db_conn *c, const struct events_calendar_row *cal, struct buf *out,
        struct err *e)
{
	struct events_entries_in_row *rows;
	struct feed *f = ARENA_NEW(ctx->arena, struct feed);
	struct buf events;
	int64_t now = clock_now_us(), after = 0, told = now - FEED_KEPT_DAYS * INT64_C(86400) * US_PER_S;
	size_t n;
	buf_arena(&events, ctx->arena, FEED_MAX);
	*f = (struct feed){ .ctx = ctx, .cal = cal, .events = &events };
	do {
		TRY(q_events_entries_all(c, cal->id, told, after, ENTRIES_AT_ONCE, &rows, &n, e));
		for (size_t i = 0; i < n; i++) {
			after = rows[i].id;
			TRY(put_entry(f, c, &rows[i], e));
		}
	} while (n == ENTRIES_AT_ONCE);
	if (!buf_ok(&events))
		return err_set(e, ST_TOO_LARGE, "the feed is too large");
	put_head(f, out);
	for (size_t i = 0; i < f->zone_count; i++)
		put_zone(out, f->zones[i], now / US_PER_S);
	buf_putstr(out, buf_str(&events));
	BUF_LIT(out, "END:VCALENDAR\r\n");
	return ST_OK;
}
