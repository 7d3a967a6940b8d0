/* SPDX-License-Identifier: Apache-2.0 */
#include "services/events/ics.h"

#include <stdio.h>

#include "base/table.h"
#include "platform/text/charset.h"

enum { DAY_S = 86400, FIRST_ROOM = 64, ZONE_NAME_MAX = 64 };

struct zone_alias { struct str id, place; };

/* A series by its UID. */
struct uid_row {
	struct str uid;
	size_t at;
	UT_hash_handle hh;
};

struct ics_reader {
	struct arena *a;
	struct ical_lines lines;
	struct ics_file *out;
	struct str default_zone;
	struct zone_alias zones[ICS_ZONES_MAX];
	size_t zone_count;
	struct ics_event *events;
	size_t event_count, event_room;
	size_t series_room;
	struct uid_row *uids;
	bool begun;
};

static void note(struct ics_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void note(struct ics_reader *r, const char *fmt, ...)
{
	char text[300];
	va_list ap;
	if (r->out->note_count == ICS_NOTES_MAX) {
		r->out->notes_dropped++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	str_utf8_end(text);
	r->out->notes[r->out->note_count++] = arena_str(r->a, str_c(text));
}

/* --- zones -------------------------------------------------------------------------------------------------------- */

static bool zone_known(struct str name)
{
	char text[ZONE_NAME_MAX];
	if (!name.n || name.n >= sizeof text)
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	return clock_zone_of(text) != NULL;
}

/* The IANA zone that a name means: itself, Windows', or what stands at the end of a path
 * ("/example.org/1/Europe/Rome"). */
static bool zone_by_name(struct str id, struct str *out)
{
	if (str_ieq(id, STR("Z")) || str_ieq(id, STR("GMT")) || str_ieq(id, STR("UTC")))
		return *out = STR("UTC"), true;
	const char *windows = windows_zone(id);
	if (windows)
		return *out = str_c(windows), true;
	for (struct str rest = id; rest.n;) {
		if (zone_known(rest))
			return *out = rest, true;
		ptrdiff_t slash = str_chr(rest, '/');
		if (slash < 0)
			break;
		rest = str_skip(rest, (size_t)slash + 1);
	}
	return false;
}

static enum status zone_of(struct ics_reader *r, struct str id, size_t line, struct str *out, struct err *e)
{
	if (zone_by_name(id, out))
		return ST_OK;
	for (size_t i = 0; i < r->zone_count; i++)
		if (str_eq(r->zones[i].id, id) && zone_by_name(r->zones[i].place, out))
			return ST_OK;
	return err_set(e, ST_INVALID, "line %zu: there is no time zone \"%.*s\"", line, STR_ARG(str_shown(id)));
}

static const struct zone *rules_of(struct str zone)
{
	char text[ZONE_NAME_MAX];
	if (!zone.n || zone.n >= sizeof text || str_eq(zone, STR("UTC")))
		return NULL;
	memcpy(text, zone.p, zone.n);
	text[zone.n] = 0;
	return clock_zone_of(text);
}

/* --- a time with its zone ----------------------------------------------------------------------------------------- */

struct moment {
	enum ical_kind kind;
	int64_t at;
	struct str zone; /* of ICAL_LOCAL; "": none is named */
};

static enum status read_moment(
        struct ics_reader *r, const struct ical_line *l, struct str value, struct moment *m, struct err *e)
{
	struct str tzid = ical_param(l, "TZID");
	m->zone = STR("");
	if (!ical_time(value, &m->kind, &m->at))
		return err_set(e, ST_INVALID, "line %zu: \"%.*s\" is no time", l->line, STR_ARG(str_shown(value)));
	if (m->kind == ICAL_LOCAL && tzid.n)
		TRY(zone_of(r, tzid, l->line, &m->zone, e));
	return ST_OK;
}

static int64_t moment_instant(const struct ics_reader *r, const struct moment *m)
{
	const struct zone *z = rules_of(m->zone.n ? m->zone : r->default_zone);
	return m->kind == ICAL_LOCAL && z ? clock_zone_instant(z, m->at) : m->at;
}

/* A single date of an entry in `zone`: its own local time, or, of another zone, an instant. */
static struct series_date date_in(const struct ics_reader *r, const struct moment *m, struct str zone)
{
	struct series_date d = { m->kind, m->at, -1 };
	if (m->kind == ICAL_LOCAL && m->zone.n && !str_eq(m->zone, zone)) {
		d.kind = ICAL_UTC;
		d.at = moment_instant(r, m);
	}
	return d;
}

/* --- an entry ----------------------------------------------------------------------------------------------------- */

/* What is read of an entry before all of it is known. Dates wait: what they mean depends on DTSTART. */
struct draft {
	struct ics_event *ev;
	bool has_start, has_end, has_length;
	struct moment start, end, id;
	int64_t length;
	struct ical_line *dates, *except;
	size_t date_lines, except_lines, date_room, except_room;
	struct buf rules;
	size_t rule_count;
};

static void line_keep(struct ics_reader *r, struct ical_line **list, size_t *n, size_t *room, const struct ical_line *l)
{
	if (*n == *room) {
		struct ical_line *more = ARENA_ARRAY(r->a, struct ical_line, *room ? 2 * *room : 8);
		if (*n)
			memcpy(more, *list, *n * sizeof *more);
		*list = more;
		*room = *room ? 2 * *room : 8;
	}
	(*list)[(*n)++] = *l;
}

/* A text, cut where it is longer than we keep. */
static struct str text_of(struct ics_reader *r, const struct ical_line *l, size_t most)
{
	struct str s = str_trim(ical_text(r->a, l->value));
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t')
			((char *)s.p)[i] = ' ';
	struct str kept = str_utf8_first(s, most);
	if (kept.n < s.n)
		note(r, "line %zu: %.*s is cut after %zu characters", l->line, STR_ARG(str_shown(l->name)), most);
	return kept;
}

static bool web_address(struct str s)
{
	return (str_starts(s, STR("https://")) || str_starts(s, STR("http://"))) && s.n <= ICS_URL_MAX;
}

static void set_texts(struct ics_reader *r, struct draft *d, const struct ical_line *l, bool *taken)
{
	struct ics_event *ev = d->ev;
	*taken = true;
	if (str_ieqc(l->name, "SUMMARY"))
		ev->title = text_of(r, l, ICS_TITLE_MAX);
	else if (str_ieqc(l->name, "DESCRIPTION"))
		ev->text = text_of(r, l, ICS_TEXT_MAX);
	else if (str_ieqc(l->name, "LOCATION"))
		ev->place = text_of(r, l, ICS_PLACE_MAX);
	else if (str_ieqc(l->name, "URL"))
		ev->url = web_address(str_trim(l->value)) ? str_trim(l->value) : STR("");
	else
		*taken = false;
}

static void set_status(struct draft *d, const struct ical_line *l)
{
	d->ev->status = str_ieqc(l->value, "CANCELLED") ? ICS_CANCELLED
	                : str_ieqc(l->value, "TENTATIVE") ? ICS_TENTATIVE
	                                                  : ICS_CONFIRMED;
}

static enum status set_rule(struct draft *d, const struct ical_line *l, struct err *e)
{
	struct recur_rule rule;
	struct err why = { 0 };
	if (++d->rule_count > SERIES_RULES_MAX)
		return err_set(e, ST_INVALID, "line %zu: more than %d rules", l->line, SERIES_RULES_MAX);
	if (recur_parse(l->value, &rule, &why) != ST_OK)
		return err_set(e, ST_INVALID, "line %zu: %s", l->line, why.msg);
	if (d->rules.len)
		buf_putc(&d->rules, '\n');
	buf_putstr(&d->rules, l->value);
	return ST_OK;
}

static enum status set_id(struct ics_reader *r, struct draft *d, const struct ical_line *l, struct err *e)
{
	d->ev->has_id = true;
	d->ev->later = str_ieq(str_or_empty(ical_param(l, "RANGE")), STR("THISANDFUTURE"));
	return read_moment(r, l, l->value, &d->id, e);
}

static enum status set_times(struct ics_reader *r, struct draft *d, const struct ical_line *l, bool *taken,
                             struct err *e)
{
	*taken = true;
	if (str_ieqc(l->name, "DTSTART")) {
		d->has_start = true;
		return read_moment(r, l, l->value, &d->start, e);
	}
	if (str_ieqc(l->name, "DTEND")) {
		d->has_end = true;
		return read_moment(r, l, l->value, &d->end, e);
	}
	if (str_ieqc(l->name, "DURATION")) {
		d->has_length = true;
		return ical_duration(l->value, &d->length) ? ST_OK
		                                           : err_set(e, ST_INVALID, "line %zu: \"%.*s\" is no duration",
		                                                     l->line, STR_ARG(str_shown(l->value)));
	}
	if (str_ieqc(l->name, "RECURRENCE-ID"))
		return set_id(r, d, l, e);
	if (str_ieqc(l->name, "RRULE"))
		return set_rule(d, l, e);
	if (str_ieqc(l->name, "RDATE"))
		line_keep(r, &d->dates, &d->date_lines, &d->date_room, l);
	else if (str_ieqc(l->name, "EXDATE"))
		line_keep(r, &d->except, &d->except_lines, &d->except_room, l);
	else
		*taken = false;
	return ST_OK;
}

static enum status set_property(struct ics_reader *r, struct draft *d, const struct ical_line *l, struct err *e)
{
	bool taken;
	TRY(set_times(r, d, l, &taken, e));
	if (!taken)
		set_texts(r, d, l, &taken);
	if (taken)
		return ST_OK;
	if (str_ieqc(l->name, "UID")) {
		d->ev->uid = str_trim(l->value);
		if (d->ev->uid.n > ICS_UID_MAX)
			return err_set(e, ST_INVALID, "line %zu: a UID has at most %d bytes", l->line, ICS_UID_MAX);
	} else if (str_ieqc(l->name, "STATUS")) {
		set_status(d, l);
	} else if (str_ieqc(l->name, "SEQUENCE")) {
		if (!str_i64(str_trim(l->value), &d->ev->sequence) || d->ev->sequence < 0 ||
		        d->ev->sequence > INT32_MAX)
			return err_set(e, ST_INVALID, "line %zu: SEQUENCE is a whole number", l->line);
	} else if (str_ieqc(l->name, "EXRULE")) {
		note(r, "line %zu: EXRULE is left out, which RFC 5545 no longer has", l->line);
	}
	return ST_OK;
}

/* --- single dates ------------------------------------------------------------------------------------------------- */

/* "START/END" or "START/DURATION" */
static enum status read_period(struct ics_reader *r, const struct ical_line *l, struct str item, struct str zone,
        struct series_date *d, struct err *e)
{
	struct str end = item, begin;
	struct moment from, to;
	bool period = str_cut(&end, '/', &begin);
	TRY(read_moment(r, l, period ? begin : item, &from, e));
	*d = date_in(r, &from, zone);
	if (!period)
		return ST_OK;
	if (end.n && (end.p[0] == 'P' || end.p[0] == '+'))
		return ical_duration(end, &d->length)
		        ? ST_OK
		        : err_set(e, ST_INVALID, "line %zu: \"%.*s\" is no duration", l->line, STR_ARG(str_shown(end)));
	TRY(read_moment(r, l, end, &to, e));
	d->length = moment_instant(r, &to) - moment_instant(r, &from);
	return d->length >= 0 && d->length <= ICAL_LENGTH_MAX_S
	               ? ST_OK
	               : err_set(e, ST_INVALID, "line %zu: a period ends before it begins, or too late", l->line);
}

static enum status read_dates(
        struct ics_reader *r, const struct ical_line *lines, size_t n, struct str zone, struct str *out, struct err *e)
{
	struct buf b;
	struct str item;
	size_t count = 0;
	buf_arena(&b, r->a, (size_t)SERIES_DATES_MAX * 2 * SERIES_DATES_TEXT);
	for (size_t i = 0; i < n; i++)
		for (struct str rest = lines[i].value; str_next(&rest, ',', &item);) {
			struct series_date d;
			if (++count > SERIES_DATES_MAX)
				return err_set(e, ST_TOO_LARGE, "line %zu: more than %d single dates", lines[i].line,
				        SERIES_DATES_MAX);
			TRY(read_period(r, &lines[i], str_trim(item), zone, &d, e));
			series_put_date(&b, &d);
		}
	*out = buf_str(&b);
	return ST_OK;
}

/* --- the end of an entry ------------------------------------------------------------------------------------------ */

static enum status event_length(struct ics_reader *r, struct draft *d, struct err *e)
{
	struct ics_event *ev = d->ev;
	ev->length = ev->all_day ? DAY_S : 0;
	if (d->has_end) {
		bool same = d->start.kind == d->end.kind && str_eq(d->start.zone, d->end.zone);
		ev->length = same ? d->end.at - d->start.at : moment_instant(r, &d->end) - moment_instant(r, &d->start);
	} else if (d->has_length) {
		ev->length = d->length;
	}
	if (ev->all_day)
		ev->length = (ev->length + DAY_S - 1) / DAY_S * DAY_S;
	if (ev->all_day && ev->length == 0)
		ev->length = DAY_S;
	if (ev->length < 0)
		return err_set(e, ST_INVALID, "line %zu: an event ends before it begins", ev->line);
	return ev->length <= ICAL_LENGTH_MAX_S
	        ? ST_OK
	        : err_set(e, ST_INVALID, "line %zu: an event of more than ten years", ev->line);
}

static enum status event_end(struct ics_reader *r, struct draft *d, struct err *e)
{
	struct ics_event *ev = d->ev;
	if (!d->has_start)
		return err_set(e, ST_INVALID, "line %zu: an event without DTSTART", ev->line);
	if (!ev->uid.n)
		return err_set(e, ST_INVALID, "line %zu: an event without UID", ev->line);
	ev->all_day = d->start.kind == ICAL_DATE;
	ev->start = d->start.at;
	ev->zone = d->start.kind == ICAL_UTC ? STR("UTC") : ev->all_day ? STR("") : d->start.zone;
	TRY(event_length(r, d, e));
	struct str zone = ev->zone.n ? ev->zone : r->default_zone;
	if (ev->has_id) {
		struct series_date id = date_in(r, &d->id, zone);
		ev->id_kind = id.kind;
		ev->id = id.at;
		/* A changed occurrence repeats nothing; its zone may be another than its series'. */
		if (d->id.kind == ICAL_LOCAL) {
			ev->id_kind = ICAL_UTC;
			ev->id = moment_instant(r, &d->id);
			if (ev->all_day && !d->id.zone.n) {
				ev->id_kind = ICAL_LOCAL;
				ev->id = d->id.at;
			}
		}
		return ST_OK;
	}
	ev->rules = buf_str(&d->rules);
	TRY(read_dates(r, d->dates, d->date_lines, zone, &ev->dates, e));
	return read_dates(r, d->except, d->except_lines, zone, &ev->except, e);
}

static struct ics_event *event_new(struct ics_reader *r, size_t line, struct err *e)
{
	if (r->event_count == ICS_EVENTS_MAX) {
		(void)err_set(e, ST_TOO_LARGE, "line %zu: more than %d events", line, ICS_EVENTS_MAX);
		return NULL;
	}
	r->event_count++;
	struct ics_event *ev = ARENA_NEW(r->a, struct ics_event);
	ev->line = line;
	ev->uid = ev->title = ev->text = ev->place = ev->url = ev->zone = ev->rules = ev->dates = ev->except = STR("");
	return ev;
}

static struct ics_series *series_of(struct ics_reader *r, struct str uid)
{
	struct uid_row *row;
	HASH_FIND(hh, r->uids, uid.p, uid.n, row);
	if (!row) {
		if (r->out->count == r->series_room) {
			size_t room = r->series_room ? 2 * r->series_room : FIRST_ROOM;
			struct ics_series *more = ARENA_ARRAY(r->a, struct ics_series, room);
			if (r->out->count)
				memcpy(more, r->out->series, r->out->count * sizeof *more);
			r->out->series = more;
			r->series_room = room;
		}
		row = ARENA_NEW(r->a, struct uid_row);
		row->uid = uid;
		row->at = r->out->count++;
		HASH_ADD_KEYPTR(hh, r->uids, uid.p, uid.n, row);
	}
	return &r->out->series[row->at];
}

static enum status event_keep(struct ics_reader *r, struct ics_event *ev, struct err *e)
{
	struct ics_series *s = series_of(r, ev->uid);
	if (!ev->has_id) {
		/* Twice the same: the later version counts, of two that say the same the later in the file. */
		if (!s->master || ev->sequence >= s->master->sequence)
			s->master = ev;
		return ST_OK;
	}
	for (size_t i = 0; i < s->changed_count; i++)
		if (s->changed[i]->id == ev->id && s->changed[i]->id_kind == ev->id_kind) {
			if (ev->sequence >= s->changed[i]->sequence)
				s->changed[i] = ev;
			return ST_OK;
		}
	if (s->changed_count == SERIES_OVERRIDES_MAX)
		return err_set(e, ST_TOO_LARGE, "line %zu: more than %d changed occurrences of one series", ev->line,
		        SERIES_OVERRIDES_MAX);
	if (s->changed_count == s->room) {
		size_t room = s->room ? 2 * s->room : 4;
		struct ics_event **more = ARENA_ARRAY(r->a, struct ics_event *, room);
		if (s->changed_count)
			memcpy(more, s->changed, s->changed_count * sizeof(void *));
		s->changed = more;
		s->room = room;
	}
	s->changed[s->changed_count++] = ev;
	return ST_OK;
}

/* --- components --------------------------------------------------------------------------------------------------- */

/* What stands within BEGIN and END of a name that is not ours; lines go to see, where there is one. */
static enum status skip_component(struct ics_reader *r, const struct ical_line *begin,
        void (*see)(struct ics_reader *, const struct ical_line *), struct err *e)
{
	struct str open[ICS_DEPTH_MAX];
	size_t depth = 1;
	open[0] = begin->value;
	while (depth) {
		struct ical_line l;
		enum status st = ical_next(&r->lines, &l, e);
		if (st == ST_NOT_FOUND)
			return err_set(e, ST_INVALID, "line %zu: %.*s has no end", begin->line,
			        STR_ARG(str_shown(begin->value)));
		TRY(st);
		if (str_ieqc(l.name, "BEGIN")) {
			if (depth == ICS_DEPTH_MAX)
				return err_set(e, ST_TOO_LARGE, "line %zu: more than %d parts within each other",
				        l.line, ICS_DEPTH_MAX);
			open[depth++] = l.value;
		} else if (str_ieqc(l.name, "END")) {
			if (!str_ieq(str_trim(l.value), str_trim(open[--depth])))
				return err_set(e, ST_INVALID, "line %zu: END:%.*s where %.*s is open", l.line,
				        STR_ARG(str_shown(l.value)), STR_ARG(str_shown(open[depth])));
		} else if (see && depth == 1) {
			see(r, &l);
		}
	}
	return ST_OK;
}

static void see_zone(struct ics_reader *r, const struct ical_line *l)
{
	struct zone_alias *z = &r->zones[r->zone_count];
	if (str_ieqc(l->name, "TZID"))
		z->id = l->value;
	else if (str_ieqc(l->name, "X-LIC-LOCATION"))
		z->place = l->value;
}

static enum status read_zone(struct ics_reader *r, const struct ical_line *begin, struct err *e)
{
	if (r->zone_count == ICS_ZONES_MAX)
		return err_set(e, ST_TOO_LARGE, "line %zu: more than %d time zones", begin->line, ICS_ZONES_MAX);
	r->zones[r->zone_count] = (struct zone_alias){ STR(""), STR("") };
	TRY(skip_component(r, begin, see_zone, e));
	r->zone_count++;
	return ST_OK;
}

static enum status read_event(struct ics_reader *r, const struct ical_line *begin, struct err *e)
{
	struct draft d = { .ev = event_new(r, begin->line, e) };
	if (!d.ev)
		return ST_TOO_LARGE;
	buf_arena(&d.rules, r->a, (size_t)SERIES_RULES_MAX * (RECUR_TEXT_MAX + 1) + 1);
	for (;;) {
		struct ical_line l;
		enum status st = ical_next(&r->lines, &l, e);
		if (st == ST_NOT_FOUND)
			return err_set(e, ST_INVALID, "line %zu: the event has no end", begin->line);
		TRY(st);
		if (str_ieqc(l.name, "BEGIN")) {
			TRY(skip_component(r, &l, NULL, e)); /* VALARM */
		} else if (str_ieqc(l.name, "END")) {
			if (!str_ieqc(str_trim(l.value), "VEVENT"))
				return err_set(e, ST_INVALID, "line %zu: END:%.*s where VEVENT is open", l.line,
				        STR_ARG(str_shown(l.value)));
			break;
		} else {
			TRY(set_property(r, &d, &l, e));
		}
	}
	TRY(event_end(r, &d, e));
	return event_keep(r, d.ev, e);
}

static void see_calendar(struct ics_reader *r, const struct ical_line *l)
{
	if (str_ieqc(l->name, "X-WR-CALNAME") || str_ieqc(l->name, "NAME"))
		r->out->name = text_of(r, l, ICS_TITLE_MAX);
	else if (str_ieqc(l->name, "X-WR-TIMEZONE") && !zone_by_name(str_trim(l->value), &r->out->zone))
		r->out->zone = STR("");
	if (!r->default_zone.n)
		r->default_zone = r->out->zone;
}

static enum status read_calendar(struct ics_reader *r, const struct ical_line *begin, struct err *e)
{
	for (;;) {
		struct ical_line l;
		enum status st = ical_next(&r->lines, &l, e);
		if (st == ST_NOT_FOUND)
			return err_set(
			        e, ST_INVALID, "line %zu: the calendar has no end: the file is cut off", begin->line);
		TRY(st);
		if (str_ieqc(l.name, "END")) {
			return str_ieqc(str_trim(l.value), "VCALENDAR")
			        ? ST_OK
			        : err_set(e, ST_INVALID, "line %zu: END:%.*s where VCALENDAR is open", l.line,
			                  STR_ARG(str_shown(l.value)));
		}
		if (!str_ieqc(l.name, "BEGIN")) {
			see_calendar(r, &l);
		} else if (str_ieqc(str_trim(l.value), "VEVENT")) {
			TRY(read_event(r, &l, e));
		} else if (str_ieqc(str_trim(l.value), "VTIMEZONE")) {
			TRY(read_zone(r, &l, e));
		} else {
			note(r, "line %zu: a %.*s is left out", l.line, STR_ARG(str_shown(str_trim(l.value))));
			TRY(skip_component(r, &l, NULL, e));
		}
	}
}

/* RECURRENCE-IDs in the local time of their series; of two that are then the same, the later version. */
static void ids_local(struct ics_series *is, const struct series *s)
{
	size_t kept = 0;
	for (size_t i = 0; i < is->changed_count; i++) {
		struct ics_event *ev = is->changed[i];
		ev->id = series_date_local(s, &(struct series_date){ ev->id_kind, ev->id, -1 });
		size_t at = 0;
		while (at < kept && is->changed[at]->id != ev->id)
			at++;
		if (at == kept)
			is->changed[kept++] = ev;
		else if (ev->sequence >= is->changed[at]->sequence)
			is->changed[at] = ev;
	}
	is->changed_count = kept;
}

/* A series has an end, or none, that is found within what a file may take. */
static enum status series_end(struct ics_reader *r, struct ics_series *is, int64_t *steps, struct err *e)
{
	const struct ics_event *of = is->master ? is->master : is->changed[0];
	struct series s = { .start = of->start, .all_day = of->all_day };
	SCOPED_ARENA *a = arena_child(r->a);
	struct err why = { 0 };
	s.zone = s.all_day ? NULL : rules_of(of->zone.n ? of->zone : r->default_zone);
	ids_local(is, &s);
	for (size_t i = 0; i < is->changed_count; i++) {
		const struct ics_event *c = is->changed[i];
		if (c->later && (c->start - c->id > SERIES_SHIFT_MAX_S || c->id - c->start > SERIES_SHIFT_MAX_S))
			return err_set(e, ST_INVALID, "line %zu: this and later occurrences move by more than a year",
			        c->line);
	}
	is->last = of->start;
	if (!of->rules.n)
		return ST_OK;
	if (series_rules(a, of->rules, &s, &why) != ST_OK || series_last(&s, steps, &is->last, &why) != ST_OK)
		return err_set(e, ST_INVALID, "line %zu: %s", of->line, why.msg);
	return ST_OK;
}

static enum status series_ends(struct ics_reader *r, struct err *e)
{
	int64_t steps = ICS_STEPS_MAX;
	for (size_t i = 0; i < r->out->count; i++)
		TRY(series_end(r, &r->out->series[i], &steps, e));
	return ST_OK;
}

static enum status read_all(struct ics_reader *r, struct err *e)
{
	for (;;) {
		struct ical_line l;
		enum status st = ical_next(&r->lines, &l, e);
		if (st == ST_NOT_FOUND)
			return r->begun ? ST_OK
			                : err_set(e, ST_INVALID, "this is no calendar: BEGIN:VCALENDAR is not in it");
		TRY(st);
		if (!str_ieqc(l.name, "BEGIN") || !str_ieqc(str_trim(l.value), "VCALENDAR"))
			return err_set(e, ST_INVALID, "line %zu: this is no calendar", l.line);
		r->begun = true;
		TRY(read_calendar(r, &l, e));
	}
}

/* Is it UTF-8 once its lines are whole? Folds may stand within a character (RFC 5545, 3.1). */
static bool valid_unfolded(struct arena *a, struct str s)
{
	SCOPED_ARENA *own = arena_child(a);
	char *out = arena_alloc(own, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		size_t end = i + (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');
		if (s.p[end] == '\n' && end + 1 < s.n && (s.p[end + 1] == ' ' || s.p[end + 1] == '\t'))
			i = end + 1;
		else
			out[n++] = s.p[i];
	}
	return str_utf8_valid(str_n(out, n));
}

static void forget_uids(void *arg)
{
	struct ics_reader *r = arg;
	HASH_CLEAR(hh, r->uids);
}

enum status ics_read(struct arena *a, struct str file, struct str zone, struct ics_file *out, struct err *e)
{
	struct ics_reader *r = ARENA_NEW(a, struct ics_reader);
	if (file.n > ICS_BYTES_MAX)
		return err_set(e, ST_TOO_LARGE, "the file is larger than %d MB", ICS_BYTES_MAX >> 20);
	if (str_utf8_valid(file) || !valid_unfolded(a, file))
		TRY(charset_utf8(a, file, ICS_BYTES_MAX, &file, e));
	*out = (struct ics_file){
		.name = STR(""), .zone = STR(""), .colour = STR(""), .notes = ARENA_ARRAY(a, struct str, ICS_NOTES_MAX)
	};
	r->a = a;
	r->out = out;
	r->default_zone = zone;
	ical_begin(&r->lines, a, file);
	arena_on_free(a, forget_uids, r);
	enum status st = read_all(r, e);
	TRY(st);
	return series_ends(r, e);
}
