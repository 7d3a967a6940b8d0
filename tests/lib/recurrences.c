/* SPDX-License-Identifier: Apache-2.0
 *
 * recurrences FILE FROM TO: the times of each series of a calendar's file, a line each, "UID: SECONDS …", without a
 * store. For tests that hold them against other programs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "services/events/events.h"

static struct series series_from(struct arena *a, const struct ics_series *in, struct str zone)
{
	const struct ics_event *m = in->master ? in->master : in->changed[0];
	struct series s = {
		.all_day = m->all_day, .bare = !in->master, .start = m->start, .length = m->length, .last = in->last
	};
	s.zone = s.all_day ? NULL : events_zone(m->zone.n ? m->zone : zone);
	if (series_rules(a, m->rules, &s, NULL) || series_dates(a, m->dates, &s.dates, &s.date_count, NULL) ||
	    series_dates(a, m->except, &s.except, &s.except_count, NULL))
		abort();
	s.overrides = ARENA_ARRAY(a, struct series_override, in->changed_count + 1);
	s.override_count = in->changed_count;
	for (size_t i = 0; i < in->changed_count; i++) {
		const struct ics_event *c = in->changed[i];
		s.overrides[i] = (struct series_override){ .id = c->id, .later = c->later, .all_day = c->all_day,
			.cancelled = c->status == ICS_CANCELLED, .start = c->start, .length = c->length };
		s.overrides[i].zone = c->all_day ? NULL : events_zone(c->zone.n ? c->zone : zone);
	}
	return s;
}

static void print_series(const struct ics_series *in, struct str zone, int64_t from, int64_t to)
{
	SCOPED_ARENA *a = arena_new((size_t)256 << 20);
	struct occurrences found = { 0 };
	struct series s = series_from(a, in, zone);
	printf("%.*s:", STR_ARG((in->master ? in->master : in->changed[0])->uid));
	series_window(a, &s, from, to, false, NULL, &found);
	occurrences_sort(&found);
	for (size_t i = 0; i < found.n; i++)
		if (!found.list[i].cancelled)
			printf(" %lld", (long long)found.list[i].from);
	puts("");
}

int main(int argc, char **argv)
{
	SCOPED_ARENA *a = arena_new((size_t)256 << 20);
	struct buf b;
	struct ics_file read;
	struct err e = { 0 };
	FILE *f = argc == 4 ? fopen(argv[1], "rbe") : NULL;
	char part[1 << 16];
	size_t n;
	if (!f)
		return 2;
	buf_arena(&b, a, ICS_BYTES_MAX + 1);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_put(&b, part, n);
	fclose(f);
	if (ics_read(a, buf_str(&b), STR(""), &read, &e) != ST_OK) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	for (size_t i = 0; i < read.count; i++)
		print_series(&read.series[i], read.zone, atoll(argv[2]), atoll(argv[3]));
	return 0;
}
