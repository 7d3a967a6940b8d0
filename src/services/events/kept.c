/* SPDX-License-Identifier: Apache-2.0 */
#include "services/events/events.h"

enum { ZONE_NAME_MAX = 64 };

const struct zone *events_zone(struct str name)
{
	char text[ZONE_NAME_MAX];
	if (!name.n || name.n >= sizeof text || str_eqc(name, "UTC"))
		return NULL;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	return clock_zone_of(text);
}

static enum status read_overrides(
        struct arena *a, struct db_conn *c, int64_t entry, struct str zone, struct series *s, struct err *e)
{
	struct events_overrides_of_row *rows;
	size_t n;
	TRY(q_events_overrides_of(c, entry, &rows, &n, e));
	s->overrides = ARENA_ARRAY(a, struct series_override, n + 1);
	s->override_count = n;
	for (size_t i = 0; i < n; i++) {
		const struct events_overrides_of_row *r = &rows[i];
		s->overrides[i] = (struct series_override){ .id = r->id_at,
			.later = r->later,
			.cancelled = r->cancelled,
			.all_day = r->all_day,
			.start = r->start_at,
			.length = r->length_s,
			.of = r };
		s->overrides[i].zone = r->all_day ? NULL : events_zone(r->zone.n ? r->zone : zone);
	}
	return ST_OK;
}

enum status events_series(struct arena *a, struct db_conn *c, const struct events_entries_in_row *row, struct str zone,
        struct series *out, struct err *e)
{
	struct err why = { 0 };
	*out = (struct series){ .all_day = row->all_day,
		.bare = row->bare,
		.start = row->start_at,
		.length = row->length_s,
		.last = row->rules_last };
	out->zone = out->all_day ? NULL : events_zone(row->zone.n ? row->zone : zone);
	if (row->rules.n && series_rules(a, row->rules, out, &why) != ST_OK)
		return err_set(e, ST_CORRUPT, "entry %lld: %s", (long long)row->id, why.msg);
	if (series_dates(a, row->dates_in, &out->dates, &out->date_count, &why) != ST_OK ||
	    series_dates(a, row->dates_out, &out->except, &out->except_count, &why) != ST_OK)
		return err_set(e, ST_CORRUPT, "entry %lld: %s", (long long)row->id, why.msg);
	return row->wide ? read_overrides(a, c, row->id, zone, out, e) : ST_OK;
}
