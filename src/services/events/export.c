/* SPDX-License-Identifier: Apache-2.0
 *
 * A calendar's occurrences in any window, one after the other.
 */
#include "services/events/events.h"

#include "db/db.h"

enum { ZONE_MOST_S = 16 * 3600 };

enum status events_calendar_zone(struct ctx *ctx, struct str slug, struct str *zone, struct err *e)
{
	struct events_calendar_row *cal;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_events_calendar(c, slug, &cal, e));
	*zone = cal ? arena_str(ctx->arena, cal->zone) : STR("");
	return ST_OK;
}

static bool is_asked(const struct events_look *l, const struct events_entries_in_row *row)
{
	return str_eqc(row->state, "published") || (l->cancelled && str_eqc(row->state, "cancelled"));
}

static struct event_source *source_of(
        struct arena *a, const struct events_calendar_row *cal, const struct events_entries_in_row *row)
{
	struct event_source *s = ARENA_NEW(a, struct event_source);
	*s = (struct event_source){ cal, row };
	return s;
}

enum status events_window(struct arena *a, struct db_conn *c, const struct events_calendar_row *cal,
        const struct events_look *l, struct occurrences *out, struct err *e)
{
	struct events_entries_in_row *rows;
	int64_t after = 0, lower = l->from - ZONE_MOST_S, upper = l->to + ZONE_MOST_S;
	size_t n;
	do {
		TRY(q_events_entries_in(c, cal->id, lower, upper, l->overlap ? lower - WEEK_S : lower, after,
		        ENTRIES_AT_ONCE, &rows, &n, e));
		for (size_t i = 0; i < n; i++) {
			struct series s;
			after = rows[i].id;
			if (!is_asked(l, &rows[i]))
				continue;
			TRY(events_series(a, c, &rows[i], cal->zone, &s, e));
			series_window(a, &s, l->from, l->to, l->overlap, source_of(a, cal, &rows[i]), out);
		}
	} while (n == ENTRIES_AT_ONCE);
	return out->full ? err_set(e, ST_TOO_LARGE, "more than %d occurrences at once", SERIES_WINDOW_MAX) : ST_OK;
}

static enum status put_part(
        struct ctx *ctx, struct str slug, int64_t from, int64_t to, put_time_fn *put, void *arg, struct err *e)
{
	struct occurrences found = { 0 };
	struct events_calendar_row *cal;
	SCOPED_ARENA *a = arena_child(ctx->arena);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_events_calendar(c, slug, &cal, e));
	if (!cal)
		return err_set(e, ST_NOT_FOUND, "there is no calendar \"%.*s\"", STR_ARG(str_shown(slug)));
	TRY(events_window(a, c, cal, &(struct events_look){ .from = from, .to = to }, &found, e));
	occurrences_sort(&found);
	for (size_t i = 0; i < found.n; i++)
		if (!found.list[i].cancelled)
			TRY(put(arg, found.list[i].from, e));
	return ST_OK;
}

enum status events_expand(
        struct ctx *ctx, struct str slug, int64_t from, int64_t to, put_time_fn *put, void *arg, struct err *e)
{
	do {
		int64_t end = to - from > EXPAND_AT_ONCE_S ? from + EXPAND_AT_ONCE_S : to;
		TRY(put_part(ctx, slug, from, end, put, arg, e));
		from = end;
	} while (from < to);
	return ST_OK;
}
