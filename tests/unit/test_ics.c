/* SPDX-License-Identifier: Apache-2.0
 *
 * Issue 14: calendars of other makers, read; hostile ones refused; lines written.
 */
#include "services/events/ics.h"
#include "limits.h"

static struct arena *a;

static int up(void **state)
{
	a = arena_new(ICS_MEMORY_MAX);
	return !a;
}

static int down(void **state)
{
	arena_free(a);
	return 0;
}

static struct str calendar(const char *inside)
{
	return arena_strf(a, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%s\r\nEND:VCALENDAR\r\n", inside);
}

/* An event of that UID at 9 o'clock of 2026-01-05 in Berlin, with more lines. */
static struct str event(const char *more)
{
	return calendar(arena_printf(
	        a, "BEGIN:VEVENT\r\nUID:u\r\nDTSTART;TZID=Europe/Berlin:20260105T090000\r\n%s\r\nEND:VEVENT", more));
}

static enum status read(struct str file, struct ics_file *f, struct err *e)
{
	return ics_read(a, file, STR(""), f, e);
}

static const struct ics_event *first(struct str file)
{
	static struct ics_file f;
	struct err e = { 0 };
	if (read(file, &f, &e) != ST_OK)
		print_error("%s\n", e.msg);
	assert_int_equal(f.count, 1);
	return f.series[0].master ? f.series[0].master : f.series[0].changed[0];
}

#define same(got, want) assert_string_equal(arena_cstr(a, got), want)

static void texts(void **state)
{
	const struct ics_event *ev = first(
	        event("SUMMARY;X=\"a:b;c\":One\\, two\\; \\\\three\\nfour\r\nLOCATION:Sch\xc3\r\n \xb6nhausen\r\n"
	              "DESCRIPTION:a\r\n\tb\r\n  c\r\nURL:javascript:alert(1)"));
	same(ev->title, "One, two; \\three\nfour");
	same(ev->place, "Sch\xc3\xb6nhausen"); /* a fold within a character */
	same(ev->text, "ab c");
	same(ev->url, "");
	/* A mark, Latin letters, UTF-16. */
	same(first(arena_strf(a, "\xef\xbb\xbf%.*s", STR_ARG(event("SUMMARY:x"))))->title, "x");
	same(first(event("SUMMARY:caf\xe9"))->title, "caf\xc3\xa9");
	struct str plain = event("SUMMARY:wide");
	char *wide = arena_zalloc(a, 2 * plain.n + 2);
	wide[0] = '\xff';
	wide[1] = '\xfe';
	for (size_t i = 0; i < plain.n; i++)
		wide[2 * i + 2] = plain.p[i];
	same(first(str_n(wide, 2 * plain.n + 2))->title, "wide");
	assert_int_equal(
	        read(arena_strf(a, "%.*s", STR_ARG(event("SUMMARY:a"))), &(struct ics_file){ 0 }, NULL), ST_OK);
}

static void times(void **state)
{
	const struct ics_event *ev = first(event(
	        "DURATION:P1DT1H30M\r\nEXDATE:20260112T080000Z,20260119T080000Z\r\n"
	        "RDATE;VALUE=PERIOD:20260107T080000Z/PT2H,20260108T080000Z/20260108T093000Z\r\n"
	        "RDATE;TZID=Europe/Berlin:20260109T100000\r\nRDATE;TZID=\"W. Europe Standard Time\":20260110T100000\r\n"
	        "EXDATE;VALUE=DATE:20260126\r\nRRULE:FREQ=WEEKLY"));
	assert_int_equal(ev->length, 86400 + 5400);
	same(ev->zone, "Europe/Berlin");
	same(ev->dates, "20260107T080000Z/7200 20260108T080000Z/5400 20260109T100000 20260110T100000");
	same(ev->except, "20260112T080000Z 20260119T080000Z 20260126");
	ev = first(calendar(
	        "BEGIN:VEVENT\r\nUID:d\r\nDTSTART;VALUE=DATE:20260105\r\nDTEND;VALUE=DATE:20260107\r\nEND:VEVENT"));
	assert_true(ev->all_day);
	assert_int_equal(ev->length, 2 * 86400);
	ev = first(calendar("BEGIN:VTIMEZONE\r\nTZID:Ours\r\nX-LIC-LOCATION:Europe/"
	                    "Rome\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
	                    "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:z\r\nDTSTART;TZID=Ours:"
	                    "20260105T090000\r\nEND:VEVENT"));
	same(ev->zone, "Europe/Rome");
	ev = first(calendar(
	        "BEGIN:VEVENT\r\nUID:z\r\nDTSTART;TZID=/example.org/2005_1/Europe/Rome:20260105T090000\r\nEND:VEVENT"));
	same(ev->zone, "Europe/Rome");
}

static void versions(void **state)
{
	struct ics_file f;
	struct err e = { 0 };
	assert_int_equal(
	        read(calendar("BEGIN:VEVENT\r\nUID:u\r\nSEQUENCE:2\r\nDTSTART;TZID=Europe/"
	                      "Berlin:20260105T090000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n"
	                      "BEGIN:VEVENT\r\nUID:u\r\nSEQUENCE:1\r\nDTSTART:20250105T090000Z\r\nEND:VEVENT\r\n"
	                      "BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20260107T080000Z\r\nSEQUENCE:1\r\nDTSTART:"
	                      "20260107T100000Z\r\nEND:VEVENT\r\n"
	                      "BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;TZID=Europe/"
	                      "Berlin:20260107T090000\r\nSEQUENCE:3\r\nDTSTART:20260107T110000Z\r\nEND:VEVENT\r\n"
	                      "BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:"
	                      "20260109\r\nDTSTART:20260109T110000Z\r\nEND:VEVENT"),
	                &f, &e),
	        ST_OK);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.series[0].master->sequence, 2);
	assert_int_equal(f.series[0].changed_count, 2); /* by whatever clock it is named, it is the same one */
	assert_int_equal(f.series[0].changed[0]->sequence, 3);
	assert_int_equal(f.series[0].changed[0]->id, day_of(2026, 1, 7) * 86400 + 9 * 3600);
	assert_true(f.series[0].changed[1]->later);
	assert_int_equal(f.series[0].changed[1]->id, day_of(2026, 1, 9) * 86400 + 9 * 3600);
}

static void refused(void **state)
{
	static const struct { const char *more, *says;
	} cases[] = {
		{ "RRULE:FREQ=SECONDLY", "line 6: FREQ=SECONDLY can't be followed" },
		{ "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "line 3: the rule has not a single day" },
		{ "RRULE:FREQ=DAILY;COUNT=100000;BYMONTH=2;BYMONTHDAY=29",
		        "line 3: the rule takes too long to follow" },
		{ "DTEND;TZID=Europe/Berlin:20260105T080000", "line 3: an event ends before it begins" },
		{ "RDATE:20261301T000000", "line 6: \"20261301T000000\" is no time" },
		{ "DTSTART;TZID=Nowhere/Land:20260105T080000", "line 6: there is no time zone \"Nowhere/Land\"" },
		{ "no line", "line 6 is no line of a calendar" },
		{ "BEGIN:VALARM", "line 7: END:VEVENT where VALARM is open" },
		{ "DURATION:-PT1H", "line 6: \"-PT1H\" is no duration" },
		{ "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:"
		  "20260105T080000Z\r\nDTSTART:20270107T080000Z",
		        "line 7: this and later occurrences move by more than a year" },
		{ "SEQUENCE:many", "line 6: SEQUENCE is a whole number" },
	};
	struct ics_file f;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = { 0 };
		enum status st = read(event(cases[i].more), &f, &e);
		assert_string_equal(e.msg, cases[i].says);
		assert_true(st == ST_INVALID || st == ST_TOO_LARGE);
	}
	struct err e = { 0 };
	assert_int_equal(read(STR("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260101\n"), &f, &e), ST_INVALID);
	assert_int_equal(read(STR(""), &f, &e), ST_INVALID);
	assert_int_equal(read(STR("BEGIN:VCALENDAR\nVERSION:2.0\n"), &f, &e), ST_INVALID);
	assert_int_equal(read(STR("<!doctype html>"), &f, &e), ST_INVALID);
}

/* Longer texts are cut, more notes counted, other addresses left. */
static void bounds(void **state)
{
	struct ics_file f;
	struct buf b;
	buf_arena(&b, a, 1 << 20);
	buf_printf(&b, "SUMMARY:%.*s\r\n", STR_ARG(text_of(a, "", ICS_TITLE_MAX + 1, "\xc3\xa4", "")));
	buf_printf(&b, "LOCATION:%.*s\r\n", STR_ARG(text_of(a, "", ICS_PLACE_MAX + 1, "p", "")));
	buf_printf(&b, "DESCRIPTION:%.*s\r\n", STR_ARG(text_of(a, "", ICS_TEXT_MAX + 1, "d", "")));
	buf_printf(&b, "URL:%.*s", STR_ARG(text_of_size(a, "https://", ICS_URL_MAX + 1, "u", "")));
	const struct ics_event *ev = first(event(b.data));
	assert_int_equal(str_utf8_len(ev->title), ICS_TITLE_MAX);
	assert_int_equal(ev->place.n, ICS_PLACE_MAX);
	assert_int_equal(ev->text.n, ICS_TEXT_MAX);
	same(ev->url, "");
	struct str address = text_of_size(a, "https://", ICS_URL_MAX, "u", "");
	assert_true(str_eq(first(event(arena_printf(a, "URL:%.*s", STR_ARG(address))))->url, address));
	int64_t length;
	assert_true(ical_duration(STR("P3660D"), &length) && length == ICAL_LENGTH_MAX_S);
	assert_false(ical_duration(STR("P3660DT1S"), &length));
	for (size_t more = 0; more < 2; more++) {
		assert_int_equal(
		        read(calendar(text_of(a, "", ICS_NOTES_MAX + more, "BEGIN:VTODO\r\nEND:VTODO\r\n", "X:Y").p),
		                &f, NULL),
		        ST_OK);
		assert_int_equal(f.note_count, ICS_NOTES_MAX);
		assert_int_equal(f.notes_dropped, more);
	}
}

static void written(void **state)
{
	struct buf b;
	buf_text(&b, a);
	struct str text = text_of(a, "", 60, "\xc3\xa4\xe2\x82\xac", ",;\\\nend");
	ical_put_text(&b, "SUMMARY", text);
	ical_put(&b, "URL", STR("https://example.org/\nX-EVIL:1"));
	struct str out = buf_str(&b), line, rest = out;
	while (str_next(&rest, '\n', &line) && line.n) {
		assert_true(line.n <= ICAL_FOLD + 1 && str_utf8_valid(line) && line.p[line.n - 1] == '\r');
	}
	struct ical_lines l;
	struct ical_line in;
	ical_begin(&l, a, out);
	assert_int_equal(ical_next(&l, &in, NULL), ST_OK);
	assert_true(str_eq(ical_text(a, in.value), text));
	assert_int_equal(ical_next(&l, &in, NULL), ST_OK);
	same(in.value, "https://example.org/X-EVIL:1");
	assert_int_equal(ical_next(&l, &in, NULL), ST_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts, up, down),
		cmocka_unit_test_setup_teardown(times, up, down),
		cmocka_unit_test_setup_teardown(versions, up, down),
		cmocka_unit_test_setup_teardown(refused, up, down),
		cmocka_unit_test_setup_teardown(bounds, up, down),
		cmocka_unit_test_setup_teardown(written, up, down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
