/* SPDX-License-Identifier: Apache-2.0
 *
 * What a calendar's file may have: as much as that, and one more is refused. All of it in ICS_MEMORY_MAX.
 */
#include "limits.h"
#include "services/events/ics.h"

static enum status read(struct arena *a, struct str file, struct err *e)
{
	struct ics_file f;
	(void)a;
	SCOPED_ARENA *own = arena_new(ICS_MEMORY_MAX);
	return ics_read(own, file, STR(""), &f, e);
}

#define EVENT(uid, more) "BEGIN:VEVENT\nUID:" uid "\nDTSTART:20260105T090000Z\n" more "END:VEVENT\n"
#define BEGIN "BEGIN:VCALENDAR\n"
#define END "END:VCALENDAR\n"

static enum status bytes(struct arena *a, size_t n, struct err *e)
{
	return read(a, text_of_size(a, BEGIN EVENT("1", ""), n, "\n", END), e);
}

/* Each line is folded into as many as there can be. */
static enum status line(struct arena *a, size_t n, struct err *e)
{
	return read(a,
	        text_of(a, BEGIN "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T090000Z\nX-A:", n - 4, "\n x",
	                "\nEND:VEVENT\n" END),
	        e);
}

static enum status events(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	buf_arena(&b, a, ROOM / 4);
	BUF_LIT(&b, BEGIN);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "BEGIN:VEVENT\nUID:%zu\nDTSTART:20260105T090000Z\nRRULE:FREQ=YEARLY\nEND:VEVENT\n", i);
	BUF_LIT(&b, END);
	return read(a, buf_str(&b), e);
}

static enum status overrides(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	buf_arena(&b, a, ROOM / 4);
	BUF_LIT(&b, BEGIN EVENT("1", "RRULE:FREQ=DAILY\n"));
	for (size_t i = 0; i < n; i++) {
		BUF_LIT(&b, "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T090000Z\nRECURRENCE-ID:");
		ical_put_time(&b, ICAL_UTC, (day_of(2026, 1, 5) + (int64_t)i) * 86400 + 9 * 3600);
		BUF_LIT(&b, "\nEND:VEVENT\n");
	}
	BUF_LIT(&b, END);
	return read(a, buf_str(&b), e);
}

static enum status depth(struct arena *a, size_t n, struct err *e)
{
	struct str open = text_of(a, BEGIN, n, "BEGIN:X-A\n", ""),
	           close = text_of(a, "", n, "END:X-A\n", EVENT("1", "") END);
	return read(a, arena_strf(a, "%.*s%.*s", STR_ARG(open), STR_ARG(close)), e);
}

static enum status zones(struct arena *a, size_t n, struct err *e)
{
	return read(a, text_of(a, BEGIN, n, "BEGIN:VTIMEZONE\nTZID:A\nEND:VTIMEZONE\n", EVENT("1", "") END), e);
}

static enum status rules(struct arena *a, size_t n, struct err *e)
{
	return read(a,
	        text_of(a, BEGIN "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T090000Z\n", n, "RRULE:FREQ=DAILY\n",
	                "END:VEVENT\n" END),
	        e);
}

static enum status dates(struct arena *a, size_t n, struct err *e)
{
	return read(a,
	        text_of(a, BEGIN "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T090000Z\n", n, "RDATE:20260105T090000Z\n",
	                "END:VEVENT\n" END),
	        e);
}

static enum status uid(struct arena *a, size_t n, struct err *e)
{
	return read(
	        a, text_of(a, BEGIN "BEGIN:VEVENT\nDTSTART:20260105T090000Z\nUID:", n, "u", "\nEND:VEVENT\n" END), e);
}

static const struct limit limits[] = {
	{ "services/events/ics.h", "ICS_BYTES_MAX", ICS_BYTES_MAX, bytes, ST_TOO_LARGE, "larger than" },
	{ "services/events/ics.h", "ICS_EVENTS_MAX", ICS_EVENTS_MAX, events, ST_TOO_LARGE, "20000 events" },
	{ "services/events/ics.h", "ICS_DEPTH_MAX", ICS_DEPTH_MAX, depth, ST_TOO_LARGE, "within each other" },
	{ "services/events/ics.h", "ICS_ZONES_MAX", ICS_ZONES_MAX, zones, ST_TOO_LARGE, "200 time zones" },
	{ "services/events/ics.h", "ICS_UID_MAX", ICS_UID_MAX, uid, ST_INVALID, "UID" },
	{ "services/events/series.h", "SERIES_OVERRIDES_MAX", SERIES_OVERRIDES_MAX, overrides, ST_TOO_LARGE,
	        "changed occurrences" },
	{ "services/events/series.h", "SERIES_RULES_MAX", SERIES_RULES_MAX, rules, ST_INVALID, "4 rules" },
	{ "services/events/series.h", "SERIES_DATES_MAX", SERIES_DATES_MAX, dates, ST_TOO_LARGE, "single dates" },
	{ "platform/text/ical.h", "ICAL_LINE_MAX", ICAL_LINE_MAX, line, ST_TOO_LARGE, "256 KB" },
};

static void each_limit_is_met(void **state)
{
	limits_meet(limits, sizeof limits / sizeof *limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_limit_is_met) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
