/* SPDX-License-Identifier: Apache-2.0
 * Calendars: what is read has its bounds, can be looked at in any window, and dates come back as they were written. */
#include "fuzz.h"

#include "services/events/ics.h"

static void look(struct arena *a, const struct ics_series *in)
{
	const struct ics_event *m = in->master ? in->master : in->changed[0];
	struct series s = { .start = m->start, .length = m->length, .all_day = m->all_day, .last = in->last };
	struct occurrences found = { 0 };
	struct buf b;
	FUZZ_ASSERT(m->uid.n && m->uid.n <= ICS_UID_MAX && str_utf8_len(m->title) <= ICS_TITLE_MAX);
	FUZZ_ASSERT(series_rules(a, m->rules, &s, NULL) == ST_OK);
	FUZZ_ASSERT(series_dates(a, m->dates, &s.dates, &s.date_count, NULL) == ST_OK);
	FUZZ_ASSERT(series_dates(a, m->except, &s.except, &s.except_count, NULL) == ST_OK);
	buf_arena(&b, a, 1 << 20);
	for (size_t i = 0; i < s.date_count; i++)
		series_put_date(&b, &s.dates[i]);
	FUZZ_ASSERT(str_eq(buf_str(&b), m->dates));
	series_window(a, &s, m->start, m->start + 40 * 86400, true, NULL, &found);
	occurrences_sort(&found);
	for (size_t i = 1; i < found.n; i++)
		FUZZ_ASSERT(found.list[i - 1].from <= found.list[i].from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA *a = arena_new(ICS_MEMORY_MAX);
	struct ics_file f;
	if (ics_read(a, str_n((const char *)data, n), STR(""), &f, NULL) == ST_OK)
		for (size_t i = 0; i < f.count; i++)
			look(a, &f.series[i]);
	return 0;
}
