/* SPDX-License-Identifier: Apache-2.0 */
#include "services/events/edit.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "db/db.h"
#include "platform/work/event.h"

enum { DAY_S = 86400 };

static int64_t hour_of(int64_t local)
{
	return (local % DAY_S + DAY_S) % DAY_S;
}

/* --- which times a series has ------------------------------------------------------------------------------------- */

/* Has the series, as its rules and dates say, a time of that name? */
static bool has_time(struct arena *a, const struct series *s, int64_t id)
{
	struct series plain = *s;
	struct occurrences found = { 0 };
	SCOPED_ARENA *own = arena_child(a);
	int64_t at = s->zone && !s->all_day ? clock_zone_instant(s->zone, id) : id;
	plain.except_count = plain.override_count = 0;
	series_window(own, &plain, at, at + 1, false, NULL, &found);
	for (size_t i = 0; i < found.n; i++)
		if (found.list[i].id == id)
			return true;
	return false;
}

/* A time of the old series in the new one: at the new hour of its day, or as far moved as the first one was. False: the
   new series has neither. */
static bool moved_id(
        struct arena *a, const struct series *now, int64_t was_start, int64_t id, int64_t *moved)
{
	const int64_t tries[] = { id - hour_of(id) + hour_of(now->start), id + now->start - was_start };
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		if (has_time(a, now, tries[i])) {
			*moved = tries[i];
			return true;
		}
	return false;
}

struct mover { struct arena *a; const struct series *was, *now; struct str zone; int64_t began, from; };

/* What was changed of single times: what only differs in words goes along, what was moved stays where it was moved. */
static void move_changes(const struct mover *m, const struct ics_series *old, struct ics_series *out)
{
	for (size_t i = 0; i < old->changed_count; i++) {
		struct ics_event *c = old->changed[i];
		int64_t id;
		if (c->id < m->from || !moved_id(m->a, m->now, m->began, c->id, &id))
			continue;
		if (c->start == c->id && c->length == m->was->length) {
			c->start = id;
			c->length = m->now->length;
			c->all_day = m->now->all_day;
			c->zone = m->zone;
		}
		c->id = id;
		out->changed[out->changed_count++] = c;
	}
}

/* Days that are left out, or single ones more, in the new series. */
static struct str move_dates(const struct mover *m, const struct series_date *list, size_t n, bool out_of)
{
	struct buf b;
	buf_arena(&b, m->a, SERIES_DATES_MAX * SERIES_DATES_TEXT + 1);
	for (size_t i = 0; i < n; i++) {
		struct series_date d = { m->now->all_day ? ICAL_DATE : ICAL_LOCAL, 0, list[i].length };
		int64_t id = series_date_local(m->was, &list[i]);
		if (id < m->from)
			continue;
		d.at = id - hour_of(id) + (m->now->all_day ? 0 : hour_of(m->now->start));
		if (out_of && !moved_id(m->a, m->now, m->began, id, &d.at))
			continue;
		series_put_date(&b, &d);
	}
	return buf_str(&b);
}

/* Dates before a time, as they were said. */
static struct str dates_before(
        struct arena *a, const struct series *s, const struct series_date *list, size_t n, int64_t before)
{
	struct buf b;
	buf_arena(&b, a, SERIES_DATES_MAX * SERIES_DATES_TEXT + 1);
	for (size_t i = 0; i < n; i++)
		if (series_date_local(s, &list[i]) < before)
			series_put_date(&b, &list[i]);
	return buf_str(&b);
}

/* --- an entry ----------------------------------------------------------------------------------------------------- */

static enum status find_entry(struct entry_put *p, int64_t id, struct events_entries_in_row **row, struct err *e)
{
	struct events_calendar_row *cal;
	TRY(q_events_entry_locked(p->c, id, row, e));
	if (!*row)
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such event."));
	TRY(q_events_calendar_of_entry(p->c, id, &cal, e));
	p->zone = cal->zone;
	return ST_OK;
}

/* The new series with what goes along of the old one. */
static enum status changed_series(const struct entry_put *p, const struct entry_saving *x, const struct ics_series *old,
        struct ics_series *out, struct err *e)
{
	struct series was = { 0 }, now;
	struct ics_event *of = ARENA_NEW(p->a, struct ics_event);
	struct mover m = { p->a, &was, &now, x->master->zone, x->at, x->at };
	*of = *x->master;
	*out = (struct ics_series){ .master = of, .last = x->last };
	out->changed = ARENA_ARRAY(p->a, struct ics_event *, old->changed_count + 1);
	of->dates = of->except = STR("");
	TRY(entry_series(p, out, &now, e));
	TRY(entry_series(p, old, &was, e));
	if (!x->parts) {
		m.began = was.start;
		m.from = INT64_MIN;
	}
	if (!of->rules.n && !was.date_count)
		return ST_OK; /* it is once: nothing of a series goes along */
	of->dates = move_dates(&m, was.dates, was.date_count, false);
	TRY(series_dates(p->a, of->dates, &now.dates, &now.date_count, e));
	of->except = move_dates(&m, was.except, was.except_count, true);
	move_changes(&m, old, out);
	return ST_OK;
}

static enum status save_whole(const struct entry_put *p, const struct entry_saving *x,
        const struct events_entries_in_row *row, struct err *e)
{
	struct ics_series old, new;
	TRY(entry_read(p, row, &old, e));
	if (old.master)
		TRY(changed_series(p, x, &old, &new, e));
	else
		new = old; /* texts alone: it has no times of its own */
	struct ics_event *of = new.master ? new.master : new.changed[0];
	if (!new.master) {
		of->title = x->master->title;
		of->text = x->master->text;
		of->place = x->master->place;
	}
	of->sequence = row->sequence + 1;
	return entry_put(p, x->id, x->state, &new, STR(""), e);
}

/* What was before `at` ends there; what comes from there on is an entry of its own. */
static enum status save_parted(const struct entry_put *p, struct entry_saving *x,
        const struct events_entries_in_row *row, struct err *e)
{
	struct ics_series old, new;
	struct series was = { 0 };
	size_t kept = 0;
	TRY(entry_read(p, row, &old, e));
	TRY(entry_series(p, &old, &was, e));
	TRY(changed_series(p, x, &old, &new, e));
	x->made = id_new();
	new.master->sequence = 0;
	TRY(entry_make(p, x->calendar, x->made, new.master->title, entry_uid(p->a), e));
	TRY(q_events_entry_related(p->c, x->made, row->uid, NULL, e));
	TRY(entry_put(p, x->made, x->state, &new, STR(""), e));
	/* entry_read again: what went along was changed on its way */
	TRY(entry_read(p, row, &old, e));
	old.master->rules = repeat_until_before(p->a, row->rules, was.zone, was.all_day, x->at);
	old.master->dates = dates_before(p->a, &was, was.dates, was.date_count, x->at);
	old.master->except = dates_before(p->a, &was, was.except, was.except_count, x->at);
	for (size_t i = 0; i < old.changed_count; i++)
		if (old.changed[i]->id < x->at)
			old.changed[kept++] = old.changed[i];
	old.changed_count = kept;
	old.master->sequence++;
	TRY(entry_last(p, &old, e));
	return entry_put(p, row->id, row->state, &old, STR(""), e);
}

static const char *told_as(const struct entry_saving *x, const struct events_entries_in_row *row)
{
	if (str_eqc(x->state, "cancelled") && row && !str_eqc(row->state, "cancelled"))
		return "event.cancelled";
	if (str_eqc(x->state, "published") && (!row || !str_eqc(row->state, "published")))
		return "event.published";
	return row ? "event.changed" : "event.added";
}

static enum status tx_entry(struct db_conn *c, void *arg, struct err *e)
{
	struct entry_saving *x = arg;
	struct entry_put p = { c, db_arena(c), x->zone, clock_now_us() };
	struct events_entries_in_row *row = NULL;
	x->made = x->id;
	if (!x->fresh) {
		TRY(find_entry(&p, x->id, &row, e));
		x->stale = row->updated_at != x->seen;
		if (x->stale)
			return ST_OK;
	}
	if (x->fresh) {
		struct ics_series new = { .master = (struct ics_event *)x->master, .last = x->last };
		TRY(entry_make(&p, x->calendar, x->id, x->master->title, x->master->uid, e));
		TRY(entry_put(&p, x->id, x->state, &new, STR(""), e));
	} else if (x->parts) {
		TRY(save_parted(&p, x, row, e));
	} else {
		TRY(save_whole(&p, x, row, e));
	}
	x->audit.action = told_as(x, row);
	x->audit.object = id_str(p.a, x->made);
	TRY(event_emit(c, x->audit.action, x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

enum status events_save_entry(struct ctx *ctx, struct entry_saving *x, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_entry, x, e);
}

/* --- one time ----------------------------------------------------------------------------------------------------- */

/* Without what was changed of it, and without its being left out. */
static void take_away(struct ics_series *is, int64_t at)
{
	size_t kept = 0;
	for (size_t i = 0; i < is->changed_count; i++)
		if (is->changed[i]->id != at)
			is->changed[kept++] = is->changed[i];
	is->changed_count = kept;
}

static struct str dates_without(struct arena *a, const struct series *s, int64_t at, bool add)
{
	struct buf b;
	buf_arena(&b, a, (SERIES_DATES_MAX + 1) * SERIES_DATES_TEXT);
	for (size_t i = 0; i < s->except_count; i++)
		if (series_date_local(s, &s->except[i]) != at)
			series_put_date(&b, &s->except[i]);
	if (add)
		series_put_date(&b, &(struct series_date){ s->all_day ? ICAL_DATE : ICAL_LOCAL, at, -1 });
	return buf_str(&b);
}

static enum status put_time(struct entry_put *p, struct time_saving *x, const struct events_entries_in_row *row,
        struct err *e)
{
	struct ics_series is;
	struct series s;
	struct ics_event *change;
	TRY(entry_read(p, row, &is, e));
	take_away(&is, x->at);
	if (is.master) {
		TRY(entry_series(p, &is, &s, e));
		x->full = x->out && s.except_count == SERIES_DATES_MAX;
		is.master->except = dates_without(p->a, &s, x->at, x->out && !x->full);
	}
	x->full = x->full || (x->change && is.changed_count == SERIES_OVERRIDES_MAX);
	if (x->full)
		return ST_OK;
	if (x->change) {
		change = ARENA_NEW(p->a, struct ics_event);
		*change = *x->change;
		change->sequence = row->sequence + 1;
		is.changed[is.changed_count++] = change;
	}
	if (!is.master && !is.changed_count)
		return q_events_entry_drop(p->c, row->id, p->now, NULL, e);
	if (is.master)
		is.master->sequence = row->sequence + 1;
	return entry_put(p, row->id, row->state, &is, STR(""), e);
}

static enum status tx_time(struct db_conn *c, void *arg, struct err *e)
{
	struct time_saving *x = arg;
	struct entry_put p = { c, db_arena(c), x->zone, clock_now_us() };
	struct events_entries_in_row *row;
	x->full = false;
	TRY(find_entry(&p, x->id, &row, e));
	x->stale = row->updated_at != x->seen;
	if (x->stale)
		return ST_OK;
	TRY(put_time(&p, x, row, e));
	if (x->full)
		return ST_OK;
	x->audit.action = "event.time_changed";
	x->audit.object = id_str(p.a, x->id);
	TRY(event_emit(c, "event.changed", x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

enum status events_save_time(struct ctx *ctx, struct time_saving *x, struct err *e)
{
	return db_write(ctx, ctx->svc->db, tx_time, x, e);
}
