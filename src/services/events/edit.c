/* SPDX-License-Identifier: Apache-2.0
 *
 * The forms of an entry: all of it, all from one of its times on, and one time. What a form says can be looked at
 * before it is saved. Times are those of the entry's clocks.
 */
#include "services/events/edit.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/events_tpl.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "platform/text/local.h"

enum { DAY_S = 86400, HOUR_S = 3600, TIME_TEXT = 5, SEEN_TEXT = 20 };

struct str events_entry_admin_url(struct ctx *ctx, int64_t id, struct str more)
{
	return web_url(ctx, "events", "/admin/entries/%.*s%.*s", STR_ARG(id_str(ctx->arena, id)), STR_ARG(more));
}

static const struct choice entry_states[] = { { "published", "Published" }, { "draft", "Draft: nobody sees it" },
	{ "cancelled", "Cancelled: it stays, and says so" }, { 0 } };
static const struct choice repeats[] = { { "once", "It happens once" }, { "daily", "Every day" },
	{ "weekly", "Every week" }, { "monthly", "Every month, on the same date" },
	{ "weekday", "Every month, on the same weekday, like the second Tuesday" },
	{ "last", "Every month, on the last such weekday, like the last Friday" },
	{ "yearly", "Every year, on the same date" },
	{ "yearday", "Every year, on the same weekday of the month" }, { "rule", "By its own rule, as it was brought" },
	{ 0 } };
enum { REPEATS = sizeof repeats / sizeof *repeats };
static const struct choice weekdays[] = { { "MO", "Monday" }, { "TU", "Tuesday" }, { "WE", "Wednesday" },
	{ "TH", "Thursday" }, { "FR", "Friday" }, { "SA", "Saturday" }, { "SU", "Sunday" }, { 0 } };
static const struct choice months[] = { { "1", "January" }, { "2", "February" }, { "3", "March" }, { "4", "April" },
	{ "5", "May" }, { "6", "June" }, { "7", "July" }, { "8", "August" }, { "9", "September" },
	{ "10", "October" }, { "11", "November" }, { "12", "December" }, { 0 } };
static const struct choice endings[] = { { "never", "It goes on" }, { "day", "Until a day" },
	{ "times", "After so many times" }, { 0 } };
static const struct choice whats[] = { { "on", "It takes place" }, { "cancelled", "Cancelled: it stays, and says so" },
	{ "out", "Left out: nobody sees it" }, { 0 } };

/* --- fields ------------------------------------------------------------------------------------------------------- */

static const char *check_hour(struct str time)
{
	int hour, minute;
	return !time.n || local_hour(time, &hour, &minute) ? NULL : "A time is written like 18:30.";
}

static const char *check_start(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct entry_form *)values)->start_time);
}

static const char *check_end(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct entry_form *)values)->end_time);
}

static const char *check_time_start(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct time_form *)values)->start_time);
}

static const char *check_time_end(struct web *w, const void *values)
{
	(void)w;
	return check_hour(((const struct time_form *)values)->end_time);
}

static const struct choice *calendars_of(struct web *w, const void *values)
{
	(void)values;
	return events_calendar_choices(w, NULL);
}

static const struct choice *zones_of(struct web *w, const void *values)
{
	static const struct choice own = { "", "That of the calendar", NULL };
	return events_zone_choices(w, ((const struct entry_form *)values)->zone, &own);
}

/* A rule of its own can be kept, and not be chosen. */
static const struct choice *repeats_of(struct web *w, const void *values)
{
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, REPEATS);
	size_t k = 0;
	bool own = str_eqc(((const struct entry_form *)values)->how, "rule");
	for (size_t i = 0; repeats[i].value; i++)
		if (own || !str_eqc(str_c(repeats[i].value), "rule"))
			list[k++] = repeats[i];
	return list;
}

static const struct field fields[] = {
	FIELD(struct entry_form, title, TEXT, .label = "Name", .required = "What is it called?",
	        .max = ENTRY_TITLE_MAX),
	FIELD(struct entry_form, calendar, CHOICE, .label = "Calendar", .required = "Which calendar is it in?",
	        .choose = calendars_of),
	FIELD(struct entry_form, state, CHOICE, .label = "State", .choices = entry_states,
	        .required = "Is it published?"),
	FIELD(struct entry_form, all_day, CHECK, .label = "Whole days"),
	FIELD(struct entry_form, start_date, DATE, .label = "Begins on", .required = "When does it begin?"),
	FIELD(struct entry_form, start_time, TEXT, .label = "Begins at", .max = TIME_TEXT, .placeholder = "18:30",
	        .plain = true, .check = check_start),
	FIELD(struct entry_form, end_date, DATE, .label = "Ends on"),
	FIELD(struct entry_form, end_time, TEXT, .label = "Ends at", .max = TIME_TEXT, .placeholder = "21:00",
	        .check = check_end),
	FIELD(struct entry_form, zone, CHOICE, .label = "Time zone", .choose = zones_of, .plain = true),
	FIELD(struct entry_form, how, CHOICE, .label = "Is it repeated?", .choose = repeats_of, .plain = true),
	FIELD(struct entry_form, every, NUMBER, .label = "Each how many", .min = 1, .max = REPEAT_EVERY_MAX,
	        .plain = true, .hint = "1: each; 2: every second day, week, month or year"),
	FIELD(struct entry_form, days, WORDS, .label = "On which days", .choices = weekdays,
	        .hint = "None: on the day on which it begins"),
	FIELD(struct entry_form, months, WORDS, .label = "Only in these months", .choices = months,
	        .hint = "None: in all of them"),
	FIELD(struct entry_form, ends, CHOICE, .label = "Until when", .choices = endings, .plain = true),
	FIELD(struct entry_form, until, DATE, .label = "The last day"),
	FIELD(struct entry_form, times, NUMBER, .label = "How many times", .min = 1, .max = REPEAT_TIMES_MAX,
	        .plain = true),
	FIELD(struct entry_form, place, TEXT, .label = "Where", .max = ENTRY_PLACE_MAX),
	FIELD(struct entry_form, body, AREA, .label = "What it is", .max = ENTRY_BODY_MAX),
	FIELD(struct entry_form, url, URL, .label = "A page that says more"),
	FIELD(struct entry_form, seen, HIDDEN, .max = SEEN_TEXT),
	{ 0 },
};

static void check_entry(struct web *w, struct form_fill *f)
{
	const struct entry_form *v = f->values;
	(void)w;
	if (!v->all_day && !v->start_time.n)
		form_fault(f, "start_time", "%s", tr("When does it begin?"));
	if (str_eqc(v->ends, "day") && !str_eqc(v->how, "once") && v->until == FIELD_NO_DATE)
		form_fault(f, "until", "%s", tr("Until which day?"));
}

static const struct form_desc entry_desc = { .fields = fields, .check = check_entry };

static const struct field time_fields[] = {
	FIELD(struct time_form, what, CHOICE, .label = "This time", .choices = whats,
	        .required = "Does it take place?"),
	FIELD(struct time_form, start_date, DATE, .label = "Begins on", .required = "When does it begin?"),
	FIELD(struct time_form, start_time, TEXT, .label = "Begins at", .max = TIME_TEXT, .plain = true,
	        .check = check_time_start),
	FIELD(struct time_form, end_date, DATE, .label = "Ends on"),
	FIELD(struct time_form, end_time, TEXT, .label = "Ends at", .max = TIME_TEXT, .check = check_time_end),
	FIELD(struct time_form, title, TEXT, .label = "Name", .required = "What is it called?", .max = ENTRY_TITLE_MAX),
	FIELD(struct time_form, place, TEXT, .label = "Where", .max = ENTRY_PLACE_MAX),
	FIELD(struct time_form, body, AREA, .label = "What it is", .max = ENTRY_BODY_MAX),
	FIELD(struct time_form, seen, HIDDEN, .max = SEEN_TEXT),
	{ 0 },
};
static const struct form_desc time_desc = { .fields = time_fields };

/* --- days and hours ----------------------------------------------------------------------------------------------- */

struct when { bool all_day; int64_t start_date, end_date; struct str start_time, end_time; };

static int64_t seconds_of(struct str time)
{
	int hour = 0, minute = 0;
	(void)local_hour(time, &hour, &minute);
	return hour * HOUR_S + minute * 60;
}

/* Start and length in local time; a fault where it does not end after it begins. No end: the hour at which it begins,
   or the one day. */
static void read_when(struct form_fill *f, const struct when *v, int64_t *start, int64_t *length)
{
	int64_t last = v->end_date == FIELD_NO_DATE ? v->start_date : v->end_date;
	*start = v->start_date * DAY_S + (v->all_day ? 0 : seconds_of(v->start_time));
	*length = last * DAY_S + (v->all_day ? DAY_S : seconds_of(v->end_time)) - *start;
	if (!v->all_day && !v->end_time.n) {
		*length = 0;
		if (last != v->start_date)
			form_fault(f, "end_time", "%s", tr("At what time does it end?"));
	} else if (*length <= 0) {
		form_fault(f, v->all_day ? "end_date" : "end_time", "%s",
		        tr("It ends after it begins. Past midnight: say the day, too."));
	} else if (*length > ICAL_LENGTH_MAX_S) {
		form_fault(f, "end_date", "%s", tr("Ten years at most."));
	}
}

static struct str hour_text(struct arena *a, int64_t local)
{
	int64_t s = (local % DAY_S + DAY_S) % DAY_S;
	return arena_strf(a, "%02d:%02d", (int)(s / HOUR_S), (int)(s / 60 % 60));
}

static int64_t day_number(int64_t local)
{
	return local / DAY_S - (local % DAY_S < 0);
}

static void show_when(struct arena *a, bool all_day, int64_t start, int64_t length, struct when *out)
{
	int64_t end = start + length - (all_day ? DAY_S : 0);
	*out = (struct when){ all_day, day_number(start), day_number(end), hour_text(a, start), hour_text(a, end) };
	if (!length && !all_day)
		out->end_time = STR("");
	if (all_day)
		out->start_time = out->end_time = STR("");
	if (out->end_date == out->start_date)
		out->end_date = FIELD_NO_DATE;
}

/* --- what a page is about ----------------------------------------------------------------------------------------- */

static struct entry_put reading(struct web *w, struct db_conn *c, const struct entry_page *p)
{
	return (struct entry_put){ c, w->ctx->arena, p->cal ? p->cal->zone : STR("UTC"), 0 };
}

static struct happening *happenings(struct entry_page *p, const struct occurrences *o, size_t most, int64_t **ids,
        size_t *n)
{
	struct arena *a = p->w->ctx->arena;
	*n = o->n > most ? most : o->n;
	struct happening *list = ARENA_ARRAY(a, struct happening, *n + 1);
	if (ids)
		*ids = ARENA_ARRAY(a, int64_t, *n + 1);
	for (size_t i = 0; i < *n; i++) {
		list[i] = events_happening(p->w->ctx, &o->list[i], p->cal->zone);
		if (ids)
			(*ids)[i] = o->list[i].id;
	}
	return list;
}

/* How far ahead times are named. */
static int64_t reach_of(const struct series *s)
{
	return s->last == SERIES_ENDLESS || s->rule_count ? 3 * EXPAND_AT_ONCE_S : 30 * (int64_t)EXPAND_AT_ONCE_S;
}

static void left_out(struct entry_page *p, const struct series *s, const struct event_source *of)
{
	struct occurrences gone = { 0 };
	struct series plain = *s;
	plain.except_count = plain.override_count = 0;
	for (size_t i = s->except_count > ENTRY_LEFT_OUT ? s->except_count - ENTRY_LEFT_OUT : 0; i < s->except_count;
	        i++) {
		int64_t id = series_date_local(s, &s->except[i]);
		int64_t at = s->zone && !s->all_day ? clock_zone_instant(s->zone, id) : id;
		series_window(p->w->ctx->arena, &plain, at, at + 1, false, of, &gone);
	}
	occurrences_sort(&gone);
	p->left = happenings(p, &gone, ENTRY_LEFT_OUT, &p->left_ids, &p->left_n);
}

/* The next times of it, or where all are over those of its first year. */
static enum status list_times(struct entry_page *p, struct db_conn *c, struct err *e)
{
	struct arena *a = p->w->ctx->arena;
	struct event_source *of = ARENA_NEW(a, struct event_source);
	struct occurrences found = { 0 };
	struct series s;
	const int64_t now = clock_now_us() / US_PER_S;
	*of = (struct event_source){ p->cal, p->row };
	TRY(events_series(a, c, p->row, p->cal->zone, &s, e));
	int64_t first = s.zone && !s.all_day ? clock_zone_instant(s.zone, s.start) : s.start,
	        from = first > now ? first : now;
	series_window(a, &s, from, from + reach_of(&s), true, of, &found);
	if (!found.n)
		series_window(a, &s, first - SERIES_SHIFT_MAX_S, first + EXPAND_AT_ONCE_S, false, of, &found);
	occurrences_sort(&found);
	p->times = happenings(p, &found, ENTRY_SHOWN_TIMES, &p->ids, &p->n);
	left_out(p, &s, of);
	return ST_OK;
}

/* The time that is asked for: as it is now, or as it would be were it not left out. */
static enum status find_time(struct entry_page *p, struct db_conn *c, struct err *e)
{
	struct arena *a = p->w->ctx->arena;
	struct event_source *of = ARENA_NEW(a, struct event_source);
	struct occurrences found = { 0 };
	struct series s;
	*of = (struct event_source){ p->cal, p->row };
	TRY(events_series(a, c, p->row, p->cal->zone, &s, e));
	for (size_t i = 0; i < p->is.changed_count; i++)
		if (p->is.changed[i]->id == p->at)
			p->change = p->is.changed[i];
	int64_t from = p->change ? p->change->start : p->at, wide = 2 * DAY_S + SERIES_SHIFT_MAX_S;
	for (int tries = 0; tries < 2 && !p->shown.cal; tries++) {
		series_window(a, &s, from - wide, from + wide, false, of, &found);
		for (size_t i = 0; i < found.n; i++)
			if (found.list[i].id == p->at) {
				p->shown = events_happening(p->w->ctx, &found.list[i], p->cal->zone);
				p->out = tries;
			}
		found.n = 0;
		s.except_count = 0;
	}
	return p->shown.cal ? ST_OK : err_set(e, ST_NOT_FOUND, "%s", tr("It has no such time."));
}

static enum status load_page(struct web *w, struct entry_page *p, struct err *e)
{
	struct events_calendar_row *cal;
	struct events_entries_in_row *row = NULL;
	int64_t id;
	*p = (struct entry_page){ .w = w };
	if (str_eqc(web_path(w, "entry"), "new"))
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	if (id_parse(web_path(w, "entry"), &id))
		TRY(q_events_entry_by_id(c, id, &row, e));
	if (!row)
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such event."));
	TRY(q_events_calendar_of_entry(c, id, &cal, e));
	p->row = row;
	p->cal = cal;
	struct entry_put put = reading(w, c, p);
	TRY(entry_read(&put, row, &p->is, e));
	if (!web_path_is(w, "at"))
		return list_times(p, c, e);
	p->at = web_path_int(w, "at");
	return find_time(p, c, e);
}

static struct str effective_zone(const struct entry_page *p, struct str own)
{
	return own.n ? own : p->cal->zone;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void show_repeat(struct entry_form *v, const struct repeat *r)
{
	v->how = r->how, v->every = r->every, v->days = r->days, v->months = r->months, v->ends = r->ends;
	v->until = r->until, v->times = r->times;
}

/* A new one: tomorrow evening, in the calendar that was looked at. */
static struct entry_form new_entry(struct web *w)
{
	struct site_answer site;
	struct entry_form v = { .calendar = str_or_empty(web_query(w, "calendar")), .title = STR(""),
		.state = STR("published"), .place = STR(""), .body = STR(""), .url = STR(""), .zone = STR(""),
		.start_time = STR("19:00"), .end_time = STR("21:00"), .end_date = FIELD_NO_DATE, .seen = STR("") };
	struct str at;
	struct repeat once;
	site_ask_all(w->ctx, &site);
	local_day_and_time(w->ctx->arena, site.timezone, clock_now_us() + DAY_S * US_PER_S, &v.start_date, &at);
	repeat_read(w->ctx->arena, STR(""), NULL, false, v.start_date * DAY_S, &once);
	show_repeat(&v, &once);
	return v;
}

/* How many times of a series come before one, for what is left of so many. */
static int64_t times_before(const struct entry_page *p)
{
	struct recur_rule r;
	struct recur_walk w;
	int64_t n = 0, t;
	if (recur_parse(p->row->rules, &r, NULL) != ST_OK)
		return 0;
	recur_begin(&w, &r, p->row->all_day ? NULL : events_zone(effective_zone(p, p->row->zone)), p->row->start_at,
	        p->row->start_at);
	while (n < REPEAT_TIMES_MAX && recur_next(&w, &t) && t < p->at)
		n++;
	return n;
}

static struct entry_form form_of(const struct entry_page *p)
{
	struct arena *a = p->w->ctx->arena;
	const struct events_entries_in_row *r = p->row;
	struct repeat again;
	struct when when;
	if (!r)
		return new_entry(p->w);
	struct entry_form v = { .calendar = p->cal->slug, .title = r->title, .state = r->state, .place = r->place,
		.body = r->body, .url = r->url, .zone = r->zone, .all_day = r->all_day };
	show_when(a, r->all_day, p->parts ? p->at : r->start_at, r->length_s, &when);
	v.start_date = when.start_date, v.end_date = when.end_date;
	v.start_time = when.start_time, v.end_time = when.end_time;
	repeat_read(a, r->rules, events_zone(effective_zone(p, r->zone)), r->all_day, r->start_at, &again);
	if (p->parts && str_eqc(again.ends, "times"))
		again.times -= times_before(p);
	show_repeat(&v, &again);
	v.seen = arena_strf(a, "%lld", (long long)r->updated_at);
	return v;
}

static enum status entry_show(struct form_fill *f, int status, void *arg, struct err *e)
{
	const struct entry_page *p = arg;
	struct web *w = f->w;
	struct buf out, head;
	struct page_shell shell = web_shell(w, p->row ? arena_cstr(w->ctx->arena, p->row->title) : "A new event");
	(void)e;
	shell.forms = true;
	buf_text(&head, w->ctx->arena);
	tpl_events_head(&head);
	shell.head_extra = html_from_template(&head);
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	if (p->single)
		tpl_events_time_form(&out, &shell, p, f);
	else
		tpl_events_entry_form(&out, &shell, p, f);
	return web_html(w, status, &out);
}

/* What the form says, as a series; faults where it can not be. */
static enum status build_entry(struct form_fill *f, struct entry_page *p, const struct entry_form *v,
        struct entry_put *put, struct ics_series *out, struct err *e)
{
	struct ics_event *of = ARENA_NEW(put->a, struct ics_event);
	struct str zone = effective_zone(p, v->zone);
	const struct zone *z = events_zone(zone);
	struct err why = { 0 };
	(void)e;
	*of = (struct ics_event){ .uid = p->row ? p->row->uid : entry_uid(put->a), .title = v->title, .text = v->body,
		.place = v->place, .url = v->url, .all_day = v->all_day, .zone = v->all_day ? STR("") : v->zone,
		.dates = STR(""), .except = STR("") };
	of->status = str_eqc(v->state, "cancelled") ? ICS_CANCELLED : ICS_CONFIRMED;
	read_when(f, &(struct when){ v->all_day, v->start_date, v->end_date, v->start_time, v->end_time }, &of->start,
	        &of->length);
	const struct repeat again = { v->how, v->every, v->days, v->months, v->ends, v->until, v->times };
	if (str_eqc(v->how, "rule") && p->row) {
		of->rules = p->parts ? repeat_fewer(put->a, p->row->rules, times_before(p)) : p->row->rules;
	} else {
		of->rules = repeat_rule(put->a, &again, z, v->all_day, of->start);
		of->start = repeat_first(of->rules, z, v->all_day, of->start);
	}
	*out = (struct ics_series){ .master = of };
	if (!f->failed && entry_last(put, out, &why) != ST_OK)
		form_fault(f, "how", "%s", tr("It would happen on no day at all."));
	return ST_OK;
}

static enum status preview(
        struct form_fill *f, struct entry_page *p, struct entry_put *put, const struct ics_series *is, struct err *e)
{
	struct arena *a = put->a;
	struct event_source *of = ARENA_NEW(a, struct event_source);
	struct events_entries_in_row *row = ARENA_NEW(a, struct events_entries_in_row);
	struct occurrences found = { 0 };
	struct series s;
	*row = (struct events_entries_in_row){ .title = is->master->title, .slug = STR(""), .place = STR(""),
		.state = STR("published"), .zone = is->master->zone };
	*of = (struct event_source){ p->cal, row };
	TRY(entry_series(put, is, &s, e));
	int64_t from = s.zone && !s.all_day ? clock_zone_instant(s.zone, s.start) : s.start;
	series_window(a, &s, from, from + 4 * reach_of(&s), false, of, &found);
	occurrences_sort(&found);
	p->endless = found.n > ENTRY_PREVIEW;
	p->preview = happenings(p, &found, ENTRY_PREVIEW, NULL, &p->preview_n);
	p->previewed = true;
	return entry_show(f, 200, p, e);
}

static enum status choose_calendar(struct form_fill *f, struct entry_page *p, struct str slug, struct err *e)
{
	struct events_calendar_row *cal;
	SCOPED_DB_READ c = NULL;
	if (p->cal)
		return ST_OK;
	TRY(db_read(f->w->ctx, f->w->ctx->svc->db, &c, e));
	TRY(q_events_calendar(c, slug, &cal, e));
	p->cal = cal;
	if (!cal)
		form_fault(f, "calendar", "%s", tr("There is no such calendar."));
	return ST_OK;
}

/* Saved already by somebody else. */
static void say_stale(struct form_fill *f)
{
	form_fault(f, NULL, "%s",
	        tr("Somebody else has changed it meanwhile: open it again to see how it is now. Nothing was saved."));
}

static enum status save_entry(struct form_fill *f, struct entry_page *p, const struct entry_form *v,
        const struct ics_series *is, struct err *e)
{
	struct entry_saving x = { .id = p->row ? p->row->id : id_new(), .calendar = p->cal->id, .zone = p->cal->zone,
		.state = v->state, .master = is->master, .last = is->last, .fresh = !p->row,
		.parts = p->parts && !p->row->bare && p->row->rules.n && times_before(p), .at = p->at };
	if (!str_i64(v->seen, &x.seen))
		x.seen = 0;
	audit_from(f->w, &x.audit);
	TRY(events_save_entry(f->w->ctx, &x, e));
	if (x.stale)
		say_stale(f);
	return f->failed ? form_refuse(f, entry_show, p, e)
	                 : form_done(f, events_entry_admin_url(f->w->ctx, x.made, STR("")));
}

static enum status get_form(struct web *w, bool parts, struct err *e)
{
	struct entry_page p;
	struct form_fill f;
	TRY(load_page(w, &p, e));
	p.parts = parts;
	struct entry_form values = form_of(&p);
	form_show(&f, w, &entry_desc, &values);
	return entry_show(&f, 200, &p, e);
}

static enum status post_form(struct web *w, bool parts, struct err *e)
{
	struct entry_page p;
	struct form_fill f;
	struct ics_series is = { 0 };
	TRY(load_page(w, &p, e));
	p.parts = parts;
	struct entry_form values = form_of(&p);
	TRY(form_read(&f, w, &entry_desc, &values, e));
	TRY(choose_calendar(&f, &p, values.calendar, e));
	struct entry_put put = reading(w, NULL, &p);
	if (!f.failed)
		TRY(build_entry(&f, &p, &values, &put, &is, e));
	if (f.failed)
		return form_refuse(&f, entry_show, &p, e);
	if (!web_has_json(w) && str_eqc(str_or_empty(web_form(w, "do")), "preview"))
		return preview(&f, &p, &put, &is, e);
	return save_entry(&f, &p, &values, &is, e);
}

enum status events_get_entry_form(struct web *w, struct err *e) { return get_form(w, false, e); }
enum status events_post_entry_form(struct web *w, struct err *e) { return post_form(w, false, e); }
enum status events_get_entry_later(struct web *w, struct err *e) { return get_form(w, true, e); }
enum status events_post_entry_later(struct web *w, struct err *e) { return post_form(w, true, e); }

/* --- one time ----------------------------------------------------------------------------------------------------- */

static struct time_form time_of(const struct entry_page *p)
{
	struct arena *a = p->w->ctx->arena;
	const struct events_entries_in_row *r = p->row;
	const struct ics_event *c = p->change;
	struct when when;
	struct time_form v = { .what = STR("on"), .title = c && c->title.n ? c->title : r->title,
		.place = c && c->place.n ? c->place : r->place, .body = c && c->text.n ? c->text : r->body };
	if (p->out)
		v.what = STR("out");
	else if (p->shown.cancelled)
		v.what = STR("cancelled");
	show_when(a, c ? c->all_day : r->all_day, c ? c->start : p->at, c ? c->length : r->length_s, &when);
	v.start_date = when.start_date, v.end_date = when.end_date;
	v.start_time = when.start_time, v.end_time = when.end_time;
	v.seen = arena_strf(a, "%lld", (long long)r->updated_at);
	return v;
}

/* What the form says of that time, in a; NULL: as its series. Words that are the series' own follow it. */
static struct ics_event *build_time(struct form_fill *f, const struct entry_page *p, const struct time_form *v)
{
	struct arena *a = p->w->ctx->arena;
	const struct events_entries_in_row *r = p->row;
	struct ics_event *ev = ARENA_NEW(a, struct ics_event);
	bool all_day = p->change ? p->change->all_day : r->all_day;
	*ev = (struct ics_event){ .uid = r->uid, .has_id = true, .id_kind = ICAL_LOCAL, .id = p->at, .url = STR(""),
		.rules = STR(""), .dates = STR(""), .except = STR(""), .all_day = all_day };
	ev->title = str_eq(v->title, r->title) ? STR("") : v->title;
	ev->text = str_eq(v->body, r->body) ? STR("") : v->body;
	ev->place = str_eq(v->place, r->place) ? STR("") : v->place;
	ev->status = str_eqc(v->what, "cancelled") ? ICS_CANCELLED : ICS_CONFIRMED;
	ev->zone = p->change && p->change->zone.n ? p->change->zone : r->zone;
	if (!all_day && !v->start_time.n)
		form_fault(f, "start_time", "%s", tr("When does it begin?"));
	read_when(f, &(struct when){ all_day, v->start_date, v->end_date, v->start_time, v->end_time }, &ev->start,
	        &ev->length);
	bool plain = !ev->title.n && !ev->text.n && !ev->place.n && ev->status == ICS_CONFIRMED && !r->bare &&
	        ev->start == p->at && ev->length == r->length_s && all_day == r->all_day && str_eq(ev->zone, r->zone);
	return plain ? NULL : ev;
}

enum status events_get_entry_time(struct web *w, struct err *e)
{
	struct entry_page p;
	struct form_fill f;
	TRY(load_page(w, &p, e));
	p.single = true;
	struct time_form values = time_of(&p);
	form_show(&f, w, &time_desc, &values);
	return entry_show(&f, 200, &p, e);
}

enum status events_post_entry_time(struct web *w, struct err *e)
{
	struct entry_page p;
	struct form_fill f;
	TRY(load_page(w, &p, e));
	p.single = true;
	struct time_form values = time_of(&p);
	struct time_saving x = { .id = p.row->id, .at = p.at, .zone = p.cal->zone };
	TRY(form_read(&f, w, &time_desc, &values, e));
	x.out = str_eqc(values.what, "out");
	if (!f.failed && !x.out)
		x.change = build_time(&f, &p, &values);
	if (f.failed)
		return form_refuse(&f, entry_show, &p, e);
	if (!str_i64(values.seen, &x.seen))
		x.seen = 0;
	audit_from(w, &x.audit);
	TRY(events_save_time(w->ctx, &x, e));
	if (x.stale)
		say_stale(&f);
	if (x.full)
		form_fault(&f, NULL, "%s", tr("No more times of this series can differ from it."));
	return f.failed ? form_refuse(&f, entry_show, &p, e)
	                : form_done(&f, events_entry_admin_url(w->ctx, x.id, STR("")));
}
