/* SPDX-License-Identifier: Apache-2.0
 *
 * An entry with all that is changed of it, as a whole: written, and read again to be changed. Files and forms write the
 * same way.
 */
#include "services/events/put.h"

#include "base/id.h"
#include "platform/text/words.h"

enum { SLUG_TRIES = 9, KEY_BYTES = 16 };
#define ZONE_MOST_S (16 * 3600)

struct str calendar_key(struct arena *a)
{
	char text[2 * KEY_BYTES + 1];
	random_hex(text, KEY_BYTES);
	return arena_str(a, str_c(text));
}

struct str entry_uid(struct arena *a)
{
	return arena_strf(a, "%.*s@guildhall", STR_ARG(calendar_key(a)));
}

bool calendar_slug_ok(struct arena *a, struct str slug)
{
	static const char *const ours[] = { "admin", "auth" }; /* what else stands below /events */
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (str_eqc(slug, ours[i]))
			return false;
	return slug.n && slug.n <= CALENDAR_SLUG_MAX && str_eq(text_slug(a, slug), slug);
}

static enum status free_slug(
        const struct entry_put *p, int64_t calendar, struct str title, int64_t id, struct str *slug, struct err *e)
{
	struct str base = text_slug(p->a, title);
	if (!base.n)
		base = STR("event");
	for (int n = 1; n <= SLUG_TRIES; n++) {
		struct events_slug_taken_row *row;
		*slug = n == 1 ? base : arena_strf(p->a, "%.*s-%d", STR_ARG(base), n);
		TRY(q_events_slug_taken(p->c, calendar, *slug, &row, e));
		if (!row->n)
			return ST_OK;
	}
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	*slug = arena_strf(p->a, "%.*s-%s", STR_ARG(base), text);
	return ST_OK;
}

struct series_span { int64_t first, last; bool wide; };

static void span_add(struct series_span *s, int64_t from, int64_t length)
{
	s->first = from < s->first ? from : s->first;
	s->last = from + length > s->last ? from + length : s->last;
}

/* Between which local times all of a series lies, other zones than its own included. */
static enum status span_of(const struct entry_put *p, const struct ics_series *in, const struct ics_event *of,
        struct series_span *out, struct err *e)
{
	struct series s = { .start = of->start, .all_day = of->all_day };
	*out = (struct series_span){ of->start, of->start + of->length, false };
	s.zone = s.all_day ? NULL : events_zone(of->zone.n ? of->zone : p->zone);
	TRY(series_dates(p->a, of->dates, &s.dates, &s.date_count, e));
	bool endless = of->rules.n && in->last == SERIES_ENDLESS;
	if (of->rules.n && !endless)
		span_add(out, in->last, of->length);
	for (size_t i = 0; i < s.date_count; i++)
		span_add(out, series_date_local(&s, &s.dates[i]),
		        s.dates[i].length >= 0 ? s.dates[i].length : of->length);
	int64_t forth = 0, back = 0, most = of->length;
	for (size_t i = 0; i < in->changed_count; i++) {
		const struct ics_event *c = in->changed[i];
		int64_t shift = c->start - c->id;
		span_add(out, c->start - ZONE_MOST_S, c->length + 2 * ZONE_MOST_S);
		if (!c->later)
			continue;
		forth = shift > forth ? shift : forth;
		back = -shift > back ? -shift : back;
		most = c->length > most ? c->length : most;
	}
	out->first -= back;
	out->last = endless ? SERIES_ENDLESS : out->last + forth + most;
	out->wide = of->rules.n || s.date_count || of->except.n || in->changed_count || of->length > WEEK_S;
	return ST_OK;
}

static enum status put_overrides(const struct entry_put *p, int64_t entry, const struct ics_series *in, struct err *e)
{
	for (size_t i = 0; i < in->changed_count; i++) {
		const struct ics_event *c = in->changed[i];
		TRY(q_events_override_add(p->c, entry, c->id, c->later, c->status == ICS_CANCELLED, c->title, c->text,
		        c->place, c->url, c->all_day, c->zone, c->start, c->length, c->sequence, NULL, e));
	}
	return ST_OK;
}

enum status entry_make(const struct entry_put *p, int64_t calendar, int64_t id, struct str title, struct str uid,
        struct err *e)
{
	struct str slug;
	TRY(free_slug(p, calendar, title, id, &slug, e));
	return q_events_entry_add(p->c, id, calendar, slug, uid, p->now, NULL, e);
}

enum status entry_put(const struct entry_put *p, int64_t id, struct str state, const struct ics_series *in,
        struct str digest, struct err *e)
{
	const struct ics_event *of = in->master ? in->master : in->changed[0];
	bool bare = !in->master;
	struct series_span span;
	TRY(span_of(p, in, of, &span, e));
	TRY(q_events_entry_texts(p->c, id, state, of->title, of->text, of->place, of->url, of->sequence, digest, p->now,
	        NULL, e));
	TRY(q_events_entry_times(p->c, id, of->all_day, of->zone, of->start, of->length, bare ? STR("") : of->rules,
	        bare ? STR("") : of->dates, bare ? STR("") : of->except, bare, in->last, span.first, span.last,
	        span.wide || bare, NULL, e));
	TRY(q_events_overrides_drop(p->c, id, NULL, e));
	return put_overrides(p, id, in, e);
}

/* --- and read ----------------------------------------------------------------------------------------------------- */

static struct ics_event *change_of(struct arena *a, const struct events_overrides_of_row *r, struct str uid)
{
	struct ics_event *ev = ARENA_NEW(a, struct ics_event);
	*ev = (struct ics_event){ .uid = uid,
		.title = r->title,
		.text = r->body,
		.place = r->place,
		.url = r->url,
		.has_id = true,
		.later = r->later,
		.id_kind = ICAL_LOCAL,
		.id = r->id_at,
		.status = r->cancelled ? ICS_CANCELLED : ICS_CONFIRMED,
		.sequence = r->sequence,
		.all_day = r->all_day,
		.zone = r->zone,
		.start = r->start_at,
		.length = r->length_s,
		.rules = STR(""),
		.dates = STR(""),
		.except = STR("") };
	return ev;
}

enum status entry_read(
        const struct entry_put *p, const struct events_entries_in_row *row, struct ics_series *out, struct err *e)
{
	struct events_overrides_of_row *rows;
	size_t n = 0;
	if (row->wide)
		TRY(q_events_overrides_of(p->c, row->id, &rows, &n, e));
	*out = (struct ics_series){ .changed_count = n, .room = n + 1, .last = row->rules_last };
	out->changed = ARENA_ARRAY(p->a, struct ics_event *, n + 1); /* one more may be put in */
	for (size_t i = 0; i < n; i++)
		out->changed[i] = change_of(p->a, &rows[i], row->uid);
	if (row->bare)
		return ST_OK;
	out->master = ARENA_NEW(p->a, struct ics_event);
	*out->master = (struct ics_event){ .uid = row->uid,
		.title = row->title,
		.text = row->body,
		.place = row->place,
		.url = row->url,
		.sequence = row->sequence,
		.status = str_eqc(row->state, "cancelled") ? ICS_CANCELLED : ICS_CONFIRMED,
		.all_day = row->all_day,
		.zone = row->zone,
		.start = row->start_at,
		.length = row->length_s,
		.rules = row->rules,
		.dates = row->dates_in,
		.except = row->dates_out };
	return ST_OK;
}

enum status entry_series(const struct entry_put *p, const struct ics_series *in, struct series *out, struct err *e)
{
	const struct ics_event *of = in->master;
	*out = (struct series){ .all_day = of->all_day, .start = of->start, .length = of->length, .last = in->last };
	out->zone = out->all_day ? NULL : events_zone(of->zone.n ? of->zone : p->zone);
	if (of->rules.n)
		TRY(series_rules(p->a, of->rules, out, e));
	TRY(series_dates(p->a, of->dates, &out->dates, &out->date_count, e));
	return series_dates(p->a, of->except, &out->except, &out->except_count, e);
}

enum status entry_last(const struct entry_put *p, struct ics_series *in, struct err *e)
{
	struct series s;
	int64_t steps = ICS_STEPS_MAX;
	in->last = SERIES_ENDLESS;
	TRY(entry_series(p, in, &s, e));
	in->last = in->master->start;
	return in->master->rules.n ? series_last(&s, &steps, &in->last, e) : ST_OK;
}
