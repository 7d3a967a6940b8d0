/* SPDX-License-Identifier: Apache-2.0
 *
 * Issue 14: entries as organisers change them, on each store. Whatever was changed of single times stays with them as
 * far as the series still has those, a series is parted where somebody says so, who saves another one's work is told,
 * and what was deleted comes back until it is swept.
 */
#include <stdio.h>

#include "base/id.h"
#include "gen/platform_sql.h"
#include "rt/fiber.h"
#include "services/events/edit.h"
#include "store.h"

#define NOW 1700000000000000
#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
#define DAY 86400
#define TUESDAY (day_of(2026, 1, 6) * DAY + 18 * 3600) /* 18:00 */

extern const struct service service_events;

struct scene { struct platform p; struct service_instance svc; int64_t calendar, entry; };

static enum status tx_begin(struct db_conn *c, void *arg, struct err *e)
{
	struct scene *s = arg;
	s->calendar = id_new();
	return q_events_calendar_add(c, s->calendar, STR("yard"), STR("Yard"), STR(""), STR("Europe/Berlin"),
	        STR("#3b6e5a"), STR("public"), STR("key"), NOW, NULL, e);
}

static void open_scene(struct store *t, struct scene *s)
{
	*s = (struct scene){ 0 };
	s->svc = (struct service_instance){ .def = &service_events, .db = t->db, .platform = &s->p, .local = true };
	s->p.services = &s->svc;
	s->p.service_count = 1;
	t->ctx->svc = &s->svc;
}

static struct ics_event said(const char *title, int64_t start, int64_t length, const char *rule)
{
	return (struct ics_event){ .uid = STR("cafe@example.org"), .title = str_c(title), .text = STR(""),
		.place = STR("Yard"), .url = STR(""), .zone = STR(""), .start = start, .length = length,
		.rules = str_c(rule), .dates = STR(""), .except = STR("") };
}

static int64_t version(struct store *t, int64_t entry)
{
	struct events_entries_in_row *row = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || q_events_entry_by_id(c, entry, &row, &t->err) != ST_OK)
		return -1;
	return row ? row->updated_at : 0;
}

/* Saves an entry as the form would, with its last time worked out; *made: which it is in. */
static enum status save(struct store *t, struct scene *s, const struct ics_event *ev, int64_t from, int64_t *made)
{
	struct ics_series is = { .master = (struct ics_event *)ev };
	struct entry_put p = { NULL, t->ctx->arena, STR("Europe/Berlin"), NOW };
	enum status st = entry_last(&p, &is, &t->err);
	struct entry_saving x = { .id = s->entry, .calendar = s->calendar, .zone = p.zone, .state = STR("published"),
		.master = ev, .last = is.last, .fresh = !s->entry, .parts = from != 0, .at = from };
	if (x.fresh)
		x.id = id_new();
	else
		x.seen = version(t, s->entry);
	if (st == ST_OK)
		st = events_save_entry(t->ctx, &x, &t->err);
	*made = x.made;
	return st;
}

static enum status set_time(
        struct store *t, struct scene *s, int64_t at, bool out, const struct ics_event *change, bool *full)
{
	struct time_saving x = { .id = s->entry, .at = at, .zone = STR("Europe/Berlin"), .out = out, .change = change,
		.seen = version(t, s->entry) };
	enum status st = events_save_time(t->ctx, &x, &t->err);
	*full = x.full;
	return st;
}

/* The times of an entry's first weeks: "06 18:00", "13 19:00 hall", "20 cancelled", of Tuesday the 6th's month. */
static const char *times(struct store *t, int64_t entry)
{
	static char out[2000];
	struct events_entries_in_row *row = NULL;
	struct occurrences found = { 0 };
	struct series s;
	size_t n = 0;
	SCOPED_DB_READ c = NULL;
	out[0] = 0;
	if (db_read(t->ctx, t->db, &c, &t->err) != ST_OK || q_events_entry_by_id(c, entry, &row, &t->err) != ST_OK ||
	        !row || events_series(t->ctx->arena, c, row, STR("Europe/Berlin"), &s, &t->err) != ST_OK)
		return "none";
	series_window(t->ctx->arena, &s, TUESDAY - 9 * DAY, TUESDAY + 35 * DAY, false, NULL, &found);
	occurrences_sort(&found);
	for (size_t i = 0; i < found.n && n < sizeof out - 60; i++) {
		const struct occurrence *o = &found.list[i];
		const struct events_overrides_of_row *by = o->by ? o->by->of : NULL;
		int y, m, d;
		day_parts(o->local / DAY, &y, &m, &d);
		struct str place = by ? by->place : STR("");
		n += (size_t)snprintf(out + n, sizeof out - n, "%s%02d %02d:%02d%s%s%.*s", n ? ", " : "", d,
		        (int)(o->local % DAY / 3600), (int)(o->local % 3600 / 60), o->cancelled ? " cancelled" : "",
		        place.n ? " " : "", STR_ARG(place));
	}
	return out;
}
#define CHECK_TIMES(entry, want)                                           \
	do {                                                               \
		const char *times_ = times(t, entry);                      \
		if (strcmp(times_, want))                                  \
			printf("     %s\n instead of %s\n", times_, want); \
		CHECK(!strcmp(times_, want));                              \
	} while (0)

/* Each Tuesday, five times; the second later and in the hall, the third cancelled, the fourth left out. */
static void five_tuesdays(struct store *t, struct scene *s)
{
	struct ics_event ev = said("Repair", TUESDAY, 9000, "FREQ=WEEKLY;BYDAY=TU;COUNT=5"), one;
	bool full;
	open_scene(t, s);
	CHECK_OK(db_write(t->ctx, t->db, tx_begin, s, &t->err));
	CHECK_OK(save(t, s, &ev, 0, &s->entry));
	one = said("", TUESDAY + 7 * DAY + 3600, 9000, "");
	one.id = TUESDAY + 7 * DAY;
	one.place = STR("Hall");
	CHECK_OK(set_time(t, s, one.id, false, &one, &full));
	one = said("", TUESDAY + 14 * DAY, 9000, "");
	one.id = one.start;
	one.place = STR("");
	one.status = ICS_CANCELLED;
	CHECK_OK(set_time(t, s, one.id, false, &one, &full));
	CHECK_OK(set_time(t, s, TUESDAY + 21 * DAY, true, NULL, &full));
}

static void single_times(struct store *t)
{
	struct scene s;
	bool full;
	five_tuesdays(t, &s);
	CHECK_TIMES(s.entry, "06 18:00, 13 19:00 Hall, 20 18:00 cancelled, 03 18:00");
	CHECK_OK(set_time(t, &s, TUESDAY + 21 * DAY, false, NULL, &full)); /* back */
	CHECK_OK(set_time(t, &s, TUESDAY + 14 * DAY, false, NULL, &full));
	CHECK_TIMES(s.entry, "06 18:00, 13 19:00 Hall, 20 18:00, 27 18:00, 03 18:00");
}

static void all_of_them(struct store *t)
{
	struct scene s;
	struct ics_event ev = said("Repair", TUESDAY - 1800, 7200, "FREQ=WEEKLY;BYDAY=TU;COUNT=5");
	five_tuesdays(t, &s);
	CHECK_OK(save(t, &s, &ev, 0, &s.entry));
	CHECK_TIMES(s.entry, "06 17:30, 13 19:00 Hall, 20 17:30 cancelled, 03 17:30");
	ev = said("Repair", TUESDAY + DAY, 7200, "FREQ=WEEKLY;BYDAY=WE;COUNT=5"); /* to another day */
	CHECK_OK(save(t, &s, &ev, 0, &s.entry));
	CHECK_TIMES(s.entry, "07 18:00, 13 19:00 Hall, 21 18:00 cancelled, 04 18:00");
	ev = said("Repair", TUESDAY, 7200, "FREQ=MONTHLY"); /* what it has no more falls away */
	CHECK_OK(save(t, &s, &ev, 0, &s.entry));
	CHECK_TIMES(s.entry, "06 18:00, 06 18:00");
	ev = said("Repair", TUESDAY, 7200, "");
	CHECK_OK(save(t, &s, &ev, 0, &s.entry));
	CHECK_TIMES(s.entry, "06 18:00");
}

static void from_one_on(struct store *t)
{
	struct scene s;
	int64_t later, at = TUESDAY + 14 * DAY;
	struct ics_event ev = said("Repair evening", at + DAY, 7200, "FREQ=WEEKLY;BYDAY=WE;COUNT=3");
	struct events_entries_in_row *row = NULL;
	five_tuesdays(t, &s);
	CHECK_OK(save(t, &s, &ev, at, &later));
	CHECK(later != s.entry);
	CHECK_TIMES(s.entry, "06 18:00, 13 19:00 Hall");
	CHECK_TIMES(later, "21 18:00 cancelled, 04 18:00");
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_events_entry_by_id(c, later, &row, &t->err));
	CHECK(row && str_eqc(row->related, "cafe@example.org") && !str_eqc(row->uid, "cafe@example.org"));
}

static void who_comes_second_is_told(struct store *t)
{
	struct scene s;
	five_tuesdays(t, &s);
	struct ics_event ev = said("Mine", TUESDAY, 7200, "FREQ=DAILY");
	struct entry_saving x = { .id = s.entry, .calendar = s.calendar, .zone = STR("Europe/Berlin"),
		.state = STR("published"), .master = &ev, .last = SERIES_ENDLESS, .seen = NOW };
	struct time_saving one = {
		.id = s.entry, .at = TUESDAY, .zone = STR("Europe/Berlin"), .out = true, .seen = NOW
	};
	CHECK_OK(events_save_entry(t->ctx, &x, &t->err));
	CHECK_OK(events_save_time(t->ctx, &one, &t->err));
	CHECK(x.stale && one.stale);
	CHECK_TIMES(s.entry, "06 18:00, 13 19:00 Hall, 20 18:00 cancelled, 03 18:00");
	x.id = id_new();
	CHECK(events_save_entry(t->ctx, &x, &t->err) == ST_NOT_FOUND);
}

/* --- all at once -------------------------------------------------------------------------------------------------- */

enum { WRITERS = 12 };
struct desk { struct store *t; struct scene *s; struct fiber *waiting; int64_t seen; unsigned running, saved, told; };
struct writer { struct desk *d; unsigned n; struct service_instance svc; };

/* Each knows the event as it was before anybody wrote: one of them has it. */
static void write_it(void *arg)
{
	struct writer *w = arg;
	struct desk *d = w->d;
	char title[16];
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	ctx_init(&ctx, a);
	ctx.svc = &w->svc;
	snprintf(title, sizeof title, "Mine %u", w->n);
	struct ics_event ev = said(title, TUESDAY, 7200, "FREQ=DAILY;COUNT=3");
	struct entry_saving x = { .id = d->s->entry, .calendar = d->s->calendar, .zone = STR("Europe/Berlin"),
		.state = STR("published"), .master = &ev, .last = SERIES_ENDLESS, .seen = d->seen };
	if (events_save_entry(&ctx, &x, NULL) == ST_OK)
		x.stale ? d->told++ : d->saved++;
	if (!--d->running)
		fiber_wake(d->waiting);
}

static void all_write_at_once(struct store *t)
{
	struct scene s;
	struct writer writers[WRITERS];
	five_tuesdays(t, &s);
	struct db *other = db_open(&t->cfg, &t->err); /* as another process has it */
	CHECK(other);
	struct desk d = { t, &s, fiber_self(), version(t, s.entry), WRITERS, 0, 0 };
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ &d, i, s.svc };
		writers[i].svc.db = i % 2 ? t->db : other;
		CHECK(fiber_spawn(fiber_loop(fiber_self()), write_it, &writers[i], FIBER_LARGE));
	}
	while (d.running)
		CHECK(fiber_park(FIBER_FOREVER) == ST_OK);
	db_close(other);
	CHECK(d.saved == 1 && d.told == WRITERS - 1);
}

struct filling { int64_t entry; const struct ics_series *is; };

static enum status tx_fill(struct db_conn *c, void *arg, struct err *e)
{
	const struct filling *x = arg;
	const struct entry_put p = { c, db_arena(c), STR("Europe/Berlin"), NOW };
	return entry_put(&p, x->entry, STR("published"), x->is, STR(""), e);
}

static struct ics_event *cancelled_on(struct store *t, int64_t day)
{
	struct ics_event *ev = ARENA_NEW(t->ctx->arena, struct ics_event);
	*ev = said("", TUESDAY + day * DAY, 3600, "");
	ev->id = ev->start;
	ev->status = ICS_CANCELLED;
	return ev;
}

/* As many changed times as a series has, and one more. */
static void so_many_differ(struct store *t)
{
	struct scene s;
	struct ics_event ev = said("Each day", TUESDAY, 3600, "FREQ=DAILY");
	struct ics_series is = { .master = &ev, .last = SERIES_ENDLESS };
	bool full;
	five_tuesdays(t, &s);
	is.changed = ARENA_ARRAY(t->ctx->arena, struct ics_event *, SERIES_OVERRIDES_MAX);
	while (is.changed_count < SERIES_OVERRIDES_MAX - 1) {
		is.changed[is.changed_count] = cancelled_on(t, (int64_t)is.changed_count);
		is.changed_count++;
	}
	struct filling x = { s.entry, &is };
	CHECK_OK(db_write(t->ctx, t->db, tx_fill, &x, &t->err));
	const struct ics_event *last = cancelled_on(t, SERIES_OVERRIDES_MAX - 1),
	                       *more = cancelled_on(t, SERIES_OVERRIDES_MAX);
	CHECK_OK(set_time(t, &s, last->id, false, last, &full));
	CHECK(!full);
	CHECK_OK(set_time(t, &s, more->id, false, more, &full));
	CHECK(full);
}

struct dropping { int64_t entry, before, changed; };

static enum status tx_drop(struct db_conn *c, void *arg, struct err *e)
{
	struct dropping *x = arg;
	return q_events_entry_drop(c, x->entry, NOW, &x->changed, e);
}

static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	struct dropping *x = arg;
	return q_events_sweep(c, x->before, &x->changed, e);
}

static enum status tx_restore(struct db_conn *c, void *arg, struct err *e)
{
	struct dropping *x = arg;
	return q_events_entry_restore(c, x->entry, &x->changed, e);
}

static void deleted_and_back(struct store *t)
{
	struct scene s;
	five_tuesdays(t, &s);
	struct dropping x = { .entry = s.entry, .before = NOW };
	CHECK_OK(db_write(t->ctx, t->db, tx_drop, &x, &t->err));
	CHECK(x.changed == 1);
	CHECK_TIMES(s.entry, "none");
	CHECK_OK(db_write(t->ctx, t->db, tx_sweep, &x, &t->err)); /* not yet */
	CHECK(x.changed == 0);
	CHECK_OK(db_write(t->ctx, t->db, tx_restore, &x, &t->err));
	CHECK(x.changed == 1);
	CHECK_TIMES(s.entry, "06 18:00, 13 19:00 Hall, 20 18:00 cancelled, 03 18:00");
	CHECK_OK(db_write(t->ctx, t->db, tx_drop, &x, &t->err));
	x.before = NOW + 1;
	CHECK_OK(db_write(t->ctx, t->db, tx_sweep, &x, &t->err));
	CHECK(x.changed == 1);
	CHECK_OK(db_write(t->ctx, t->db, tx_restore, &x, &t->err));
	CHECK(x.changed == 0);
}

int main(int argc, char **argv)
{
	static const struct store_test tests[] = {
		{ .name = "single_times", .run = single_times },
		{ .name = "all_of_them", .run = all_of_them },
		{ .name = "from_one_on", .run = from_one_on },
		{ .name = "who_comes_second_is_told", .run = who_comes_second_is_told },
		{ .name = "all_write_at_once", .run = all_write_at_once },
		{ .name = "so_many_differ", .run = so_many_differ },
		{ .name = "deleted_and_back", .run = deleted_and_back },
	};
	return store_main(argc, argv, tests, COUNT_OF(tests),
	        (const struct db_migration_set *[]){ &platform_migrations, &events_migrations, NULL });
}
