/* SPDX-License-Identifier: Apache-2.0
 *
 * The names of the system's zones, from zone.tab of tzdata: lines of "PT\t+3843-00908\tEurope/Lisbon\tcomment". Thread
 * rule: any.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define LIST "/usr/share/zoneinfo/zone.tab"

enum { LIST_MAX = 800, LINE_MAX_LEN = 512 };

static struct clock_zone zones[LIST_MAX] = { { "UTC", "UTC" } };
static size_t zone_count = 1;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct clock_zone *)a)->name, ((const struct clock_zone *)b)->name);
}

static void zone_add(struct str name)
{
	struct civil c;
	char *text = malloc(2 * (name.n + 1)), *label = text + name.n + 1;
	if (!text)
		return;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	for (size_t i = 0; i <= name.n; i++)
		label[i] = text[i] == '_' ? ' ' : text[i];
	/* Only what can be reckoned with. */
	if (clock_civil_zone(0, text, &c))
		zones[zone_count++] = (struct clock_zone){ text, label };
	else
		free(text);
}

static void read_list(void)
{
	char line[LINE_MAX_LEN];
	FILE *f = fopen(LIST, "re");
	while (f && zone_count < LIST_MAX && fgets(line, sizeof line, f)) {
		struct str rest = str_c(line), field, name;
		if (line[0] == '#' || !str_cut(&rest, '\t', &field) || !str_cut(&rest, '\t', &field))
			continue;
		str_cut(&rest, '\t', &name); /* most have no comment */
		zone_add(str_trim(name));
	}
	if (f)
		fclose(f);
	qsort(zones + 1, zone_count - 1, sizeof *zones, by_name);
}

const struct clock_zone *clock_zones(size_t *n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, read_list);
	*n = zone_count;
	return zones;
}

bool clock_zone_listed(struct str name)
{
	size_t n;
	const struct clock_zone *list = clock_zones(&n);
	for (size_t i = 0; i < n; i++)
		if (str_eqc(name, list[i].name))
			return true;
	return false;
}
