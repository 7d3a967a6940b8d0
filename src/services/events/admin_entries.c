/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries as organisers have them: a list of all calendars', what is done to many at once, and the way back.
 */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/events_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/tables/tables.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "services/events/admin.h"

typedef struct events_entries_list_row entry_row;

static const struct choice states[] = { { "published", "Published" }, { "draft", "Draft" },
	{ "cancelled", "Called off" }, { "gone", "Deleted" }, { 0 } };

static enum status entries_load(
        struct web *w, struct db_conn *c, const struct table_ask *ask, struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(
	        found, e, events_entries_list, c, ask->search, ask->like, ask->filter[0], ask->filter[1], &ask->page);
}

static const struct choice *calendars_of(struct web *w)
{
	return events_calendar_choices(w, NULL);
}

static struct str state_text(struct web *w, const void *row)
{
	(void)w;
	for (const struct choice *s = states; s->value; s++)
		if (str_eqc(((const entry_row *)row)->state, s->value))
			return str_c(tr(s->label));
	return STR("");
}

static struct str entry_url(struct web *w, const void *row)
{
	const entry_row *r = row;
	return str_eqc(r->state, "gone") ? STR("") : events_entry_admin_url(w->ctx, r->id, STR(""));
}

/* Its next time, as its rules say; of one that is over its first. What was changed of single times is on its page. */
static struct str when_text(struct web *w, const void *row)
{
	const entry_row *r = row;
	struct arena *a = w->ctx->arena;
	const struct events_calendar_row cal = { .slug = r->cal_slug, .zone = r->cal_zone };
	const struct events_entries_in_row one = { .slug = r->slug,
		.title = r->title,
		.place = STR(""),
		.state = r->state,
		.all_day = r->all_day,
		.zone = r->zone,
		.start_at = r->start_at,
		.length_s = r->length_s,
		.rules = r->rules,
		.dates_in = r->dates_in,
		.dates_out = r->dates_out,
		.bare = r->bare,
		.rules_last = r->rules_last };
	const struct event_source of = { &cal, &one };
	const int64_t now = clock_now_us() / US_PER_S;
	struct occurrences found = { 0 };
	struct series s;
	if (events_series(a, NULL, &one, cal.zone, &s, NULL) != ST_OK)
		return STR("");
	series_window(a, &s, now, now + EXPAND_AT_ONCE_S, true, &of, &found);
	occurrences_sort(&found);
	if (!found.n) {
		s.rule_count = s.date_count = s.except_count = 0;
		series_window(a, &s, INT64_MIN / 4, INT64_MAX / 4, false, &of, &found);
	}
	if (!found.n)
		return STR("");
	struct happening h = events_happening(w->ctx, &found.list[0], cal.zone);
	return arena_strf(a, "%.*s, %.*s", STR_ARG(h.day), STR_ARG(h.time));
}

static struct str repeat_text(struct web *w, const void *row)
{
	const entry_row *r = row;
	struct repeat again;
	repeat_read(w->ctx->arena, r->rules, events_zone(r->zone.n ? r->zone : r->cal_zone), r->all_day, r->start_at,
	        &again);
	return r->rules.n ? repeat_words(w->ctx->arena, &again) : STR("");
}

/* --- what is done to them ----------------------------------------------------------------------------------------- */

struct entry_act {
	const char *name, *was, *becomes, *event;
	int64_t id, changed;
	struct audit_entry audit;
};

/* was, becomes NULL: it goes, or comes back. */
static const struct { const char *name, *was, *becomes, *action; } acts[] = {
	{ "publish", "draft", "published", "event.published" },
	{ "withdraw", "published", "draft", "event.withdrawn" },
	{ "cancel", "published", "cancelled", "event.cancelled" },
	{ "resume", "cancelled", "published", "event.published" },
	{ "drop", NULL, NULL, "event.removed" },
	{ "restore", NULL, NULL, "event.restored" },
};

static enum status tx_act(struct db_conn *c, void *arg, struct err *e)
{
	struct entry_act *x = arg;
	int64_t now = clock_now_us();
	if (x->becomes)
		TRY(q_events_entry_state(c, x->id, str_c(x->was), str_c(x->becomes), now, &x->changed, e));
	else if (!strcmp(x->name, "drop"))
		TRY(q_events_entry_drop(c, x->id, now, &x->changed, e));
	else
		TRY(q_events_entry_restore(c, x->id, &x->changed, e));
	if (!x->changed)
		return ST_OK;
	TRY(event_emit(c, x->event, x->audit.object, STR("{}"), e));
	return audit_write(c, &x->audit, e);
}

static enum status entries_act(
        struct web *w, const struct table_action *a, struct str key, bool *changed, struct err *e)
{
	struct entry_act x = { .name = a->name };
	if (!id_parse(key, &x.id))
		return err_set(e, ST_NOT_FOUND, "%s", tr("There is no such event."));
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (!strcmp(acts[i].name, a->name)) {
			x.was = acts[i].was;
			x.becomes = acts[i].becomes;
			x.event = acts[i].action;
		}
	x.audit = (struct audit_entry){ .action = x.event, .object = key };
	audit_from(w, &x.audit);
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_act, &x, e));
	*changed = x.changed > 0;
	return ST_OK;
}

static void entries_above(struct buf *out, struct web *w, void *arg)
{
	(void)arg;
	tpl_events_entries_above(out, w);
}

static const struct table_filter filters[] = {
	{ .name = "calendar", .title = "Calendar", .choose = calendars_of },
	{ .name = "state", .title = "State", .choices = states },
	{ 0 },
};
static const struct column columns[] = {
	COLUMN(entry_row, title, TEXT, .title = "Event", .sort = "name", .by = 1),
	COLUMN(entry_row, title, TEXT, .title = "When", .text = when_text),
	COLUMN(entry_row, rules, TEXT, .title = "Repeated", .text = repeat_text),
	COLUMN(entry_row, calendar, TEXT, .title = "Calendar"),
	COLUMN(entry_row, state, STATE, .title = "State", .usual = "Published", .text = state_text),
	COLUMN(entry_row, updated_at, DAY, .title = "Changed", .sort = "changed", .by = 0, .first_down = true),
	{ 0 },
};
static const struct table_action actions[] = {
	{ .name = "publish", .label = "Publish", .done = "Published", .undo = "withdraw" },
	{ .name = "withdraw", .label = "Make a draft", .done = "Made drafts", .undo = "publish" },
	{ .name = "cancel", .label = "Call off", .done = "Called off", .undo = "resume" },
	{ .name = "drop", .label = "Delete", .done = "Deleted", .undo = "restore", .danger = true },
	{ .name = "restore", .label = "Bring back", .done = "Brought back", .undo = "drop" },
	{ .name = "resume", .label = "It takes place", .done = "Published", .undo = "cancel", .hidden = true },
	{ 0 },
};
static const struct table_desc entries = {
	.path = "/admin/entries",
	.title = "Events",
	.search = "Name or place",
	.filters = filters,
	.columns = columns,
	.actions = actions,
	.empty = "There is no event yet.",
	.sort = "changed",
	.down = true,
	.row_size = sizeof(entry_row),
	.load = entries_load,
	.act = entries_act,
	.url = entry_url,
	.above = entries_above,
};

enum status events_get_entries(struct web *w, struct err *e)
{
	return table_get(w, &entries, NULL, e);
}

enum status events_post_entries(struct web *w, struct err *e)
{
	return table_post(w, &entries, NULL, e);
}

static enum status tx_sweep(struct db_conn *c, void *arg, struct err *e)
{
	return q_events_sweep(c, *(const int64_t *)arg, NULL, e);
}

enum status events_job_sweep(struct ctx *ctx, const struct job *j, struct err *e)
{
	int64_t before = clock_now_us() - GONE_DAYS * INT64_C(86400) * US_PER_S;
	(void)j;
	return db_write(ctx, ctx->svc->db, tx_sweep, &before, e);
}
