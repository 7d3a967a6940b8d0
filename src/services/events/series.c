/* SPDX-License-Identifier: Apache-2.0 */
#include "services/events/series.h"

#include <stdlib.h>

enum { DAY_S = 86400, ZONE_MOST_S = 16 * 3600, FIRST_ROOM = 16 };

/* --- texts -------------------------------------------------------------------------------------------------------- */

enum status series_rules(struct arena *a, struct str text, struct series *s, struct err *e)
{
	struct str line;
	s->rules = ARENA_ARRAY(a, struct recur_rule, SERIES_RULES_MAX);
	s->rule_count = 0;
	while (text.n && str_next(&text, '\n', &line)) {
		if (s->rule_count == SERIES_RULES_MAX)
			return err_set(e, ST_INVALID, "more than %d rules", SERIES_RULES_MAX);
		TRY(recur_parse(line, &s->rules[s->rule_count], e));
		s->rule_count++;
	}
	return ST_OK;
}

static bool read_date(struct str item, struct series_date *d)
{
	struct str length = item, when;
	d->length = -1;
	if (str_cut(&length, '/', &when) && !str_i64(length, &d->length))
		return false;
	return ical_time(when, &d->kind, &d->at);
}

enum status series_dates(struct arena *a, struct str text, struct series_date **out, size_t *n, struct err *e)
{
	struct str item, rest = text;
	size_t count = 0;
	*n = 0;
	if (!text.n)
		return ST_OK;
	while (str_next(&rest, ' ', &item))
		count++;
	if (count > SERIES_DATES_MAX)
		return err_set(e, ST_INVALID, "more than %d single dates", SERIES_DATES_MAX);
	*out = ARENA_ARRAY(a, struct series_date, count);
	while (str_next(&text, ' ', &item))
		if (!read_date(item, &(*out)[(*n)++]))
			return err_set(e, ST_INVALID, "\"%.*s\" is no date", STR_ARG(str_shown(item)));
	return ST_OK;
}

void series_put_date(struct buf *b, const struct series_date *d)
{
	if (b->len)
		buf_putc(b, ' ');
	ical_put_time(b, d->kind, d->at);
	if (d->length >= 0)
		buf_printf(b, "/%lld", (long long)d->length);
}

/* --- times -------------------------------------------------------------------------------------------------------- */

static int64_t instant_of(const struct zone *z, bool all_day, int64_t local)
{
	return z && !all_day ? clock_zone_instant(z, local) : local;
}

static int64_t day_number(int64_t local)
{
	return local / DAY_S - (local % DAY_S < 0);
}

int64_t series_date_local(const struct series *s, const struct series_date *d)
{
	if (d->kind == ICAL_UTC)
		return s->zone && !s->all_day ? d->at + clock_zone_offset(s->zone, d->at) : d->at;
	int64_t day = day_number(d->at) * DAY_S;
	if (s->all_day)
		return day;
	return d->kind == ICAL_DATE ? day + s->start - day_number(s->start) * DAY_S : d->at;
}

static bool excepted(const struct series *s, int64_t local)
{
	for (size_t i = 0; i < s->except_count; i++) {
		const struct series_date *d = &s->except[i];
		if (d->kind == ICAL_DATE || s->all_day ? day_number(local) == day_number(d->at)
		    : d->kind == ICAL_UTC ? instant_of(s->zone, false, local) == d->at : local == d->at)
			return true;
	}
	return false;
}

enum status series_last(const struct series *s, int64_t *steps, int64_t *last, struct err *e)
{
	*last = s->start;
	for (size_t i = 0; i < s->rule_count; i++) {
		const struct recur_rule *r = &s->rules[i];
		struct recur_walk w;
		int64_t t = 0;
		bool any = false;
		recur_begin(&w, r, s->all_day ? NULL : s->zone, s->start, s->start);
		w.steps_max = *steps;
		while (recur_next(&w, &t)) {
			any = true;
			if (!r->count && !r->until_is)
				break;
			*last = t > *last ? t : *last;
			*steps -= 1;
			if (w.steps >= *steps)
				w.gave_up = w.done = true;
		}
		*steps -= w.steps;
		if (w.gave_up)
			return err_set(e, ST_INVALID, "the rule takes too long to follow");
		if (!any)
			return err_set(e, ST_INVALID, "the rule has not a single day");
		if (!r->count && !r->until_is)
			*last = SERIES_ENDLESS;
		if (*last == SERIES_ENDLESS)
			return ST_OK;
	}
	return ST_OK;
}

/* --- a window ----------------------------------------------------------------------------------------------------- */

struct look {
	struct arena *a;
	const struct series *s;
	int64_t from, to;
	bool overlap;
	const void *of;
	struct occurrences *out;
	size_t first; /* of out: where this series begins */
};

static const struct series_override *override_of(const struct series *s, int64_t id)
{
	size_t lo = 0, hi = s->override_count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->overrides[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->override_count && s->overrides[lo].id == id ? &s->overrides[lo] : NULL;
}

/* The last "this and later" before a time. */
static const struct series_override *later_of(const struct series *s, int64_t id)
{
	for (size_t i = s->override_count; i-- > 0;)
		if (s->overrides[i].later && s->overrides[i].id < id)
			return &s->overrides[i];
	return NULL;
}

static void add(struct look *l, const struct occurrence *o)
{
	bool in = o->from >= l->from && o->from < l->to;
	if (l->overlap)
		in = o->from < l->to && (o->to > l->from || o->from >= l->from);
	if (!in)
		return;
	struct occurrences *out = l->out;
	if (out->n == SERIES_WINDOW_MAX) {
		out->full = true;
		return;
	}
	if (out->n == out->room) {
		size_t room = out->room ? 2 * out->room : FIRST_ROOM;
		struct occurrence *list = ARENA_ARRAY(l->a, struct occurrence, room);
		if (out->n)
			memcpy(list, out->list, out->n * sizeof *list);
		out->list = list;
		out->room = room;
	}
	out->list[out->n++] = *o;
}

static void add_override(struct look *l, const struct series_override *v)
{
	struct occurrence o = {
		.id = v->id, .local = v->start, .all_day = v->all_day, .cancelled = v->cancelled, .by = v, .of = l->of
	};
	o.from = instant_of(v->zone, v->all_day, v->start);
	o.to = v->all_day ? o.from + v->length : instant_of(v->zone, false, v->start + v->length);
	add(l, &o);
}

static void add_regular(struct look *l, int64_t id, int64_t length)
{
	const struct series *s = l->s;
	if (override_of(s, id) || excepted(s, id))
		return;
	const struct series_override *v = later_of(s, id);
	struct occurrence o = { .id = id, .local = id, .all_day = s->all_day, .by = v, .of = l->of };
	if (v && v->cancelled) {
		o.cancelled = true;
	} else if (v) {
		o.local += v->start - v->id;
		length = v->length;
	}
	o.from = instant_of(s->zone, s->all_day, o.local);
	o.to = instant_of(s->zone, s->all_day, o.local + length);
	add(l, &o);
}

/* Was it added already, by another rule or date? */
static bool have(const struct look *l, int64_t id)
{
	for (size_t i = l->first; i < l->out->n; i++)
		if (l->out->list[i].id == id)
			return true;
	return false;
}

static void walk_rule(struct look *l, const struct recur_rule *r, int64_t from, int64_t to, bool first)
{
	const struct series *s = l->s;
	struct recur_walk w;
	int64_t t;
	if (s->last == SERIES_ENDLESS || s->rule_count > 1)
		recur_begin(&w, r, s->all_day ? NULL : s->zone, s->start, from);
	else
		recur_begin_known(&w, r, s->all_day ? NULL : s->zone, s->start, from);
	while (!l->out->full && recur_next(&w, &t) && t < to && t <= s->last)
		if (first || !have(l, t))
			add_regular(l, t, s->length);
}

/* How much further a local time may lie from its instant, and from where "this and later" moves it. */
static void margins(const struct series *s, int64_t *before, int64_t *after)
{
	*before = *after = s->all_day || !s->zone ? 0 : ZONE_MOST_S;
	int64_t most_length = s->length, forth = 0, back = 0;
	for (size_t i = 0; i < s->override_count; i++) {
		const struct series_override *v = &s->overrides[i];
		if (!v->later)
			continue;
		int64_t shift = v->start - v->id;
		forth = shift > forth ? shift : forth;
		back = -shift > back ? -shift : back;
		most_length = v->length > most_length ? v->length : most_length;
	}
	*before += forth + most_length;
	*after += back;
}

void series_window(struct arena *a, const struct series *s, int64_t from, int64_t to, bool overlap, const void *of,
                   struct occurrences *out)
{
	struct look l = { a, s, from, to, overlap, of, out, out->n };
	int64_t before, after;
	for (size_t i = 0; i < s->override_count; i++)
		if (!excepted(s, s->overrides[i].id))
			add_override(&l, &s->overrides[i]);
	if (s->bare)
		return;
	margins(s, &before, &after);
	for (size_t i = 0; i < s->rule_count; i++)
		walk_rule(&l, &s->rules[i], from - before, to + after, !i);
	if (!s->rule_count)
		add_regular(&l, s->start, s->length);
	for (size_t i = 0; i < s->date_count; i++) {
		const struct series_date *d = &s->dates[i];
		int64_t id = series_date_local(s, d);
		if (id >= from - before - (d->length > 0 ? d->length : 0) && id < to + after && !have(&l, id))
			add_regular(&l, id, d->length >= 0 ? d->length : s->length);
	}
}

static int by_beginning(const void *x, const void *y)
{
	const struct occurrence *a = x, *b = y;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

void occurrences_sort(struct occurrences *o)
{
	if (o->n)
		qsort(o->list, o->n, sizeof *o->list, by_beginning);
}
