/* SPDX-License-Identifier: Apache-2.0
 *
 * Optimal string alignment distance, and the best of several names by it.
 */
#include "platform/config/suggest.h"

#define NAME_MAX_ 63

unsigned edit_distance(struct str a, struct str b)
{
	unsigned d[3][NAME_MAX_ + 1];
	if (a.n > NAME_MAX_ || b.n > NAME_MAX_)
		return NAME_MAX_;
	unsigned *before = d[0], *last = d[1], *row = d[2];
	for (size_t j = 0; j <= b.n; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
			        before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		unsigned *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b.n];
}

void suggest_init(struct suggest *s, struct str wanted)
{
	/* A third of the letters may be wrong: further away a suggestion confuses more than it helps. */
	*s = (struct suggest){ .wanted = wanted, .distance = (unsigned)(wanted.n / 3 + 2) };
}

void suggest_offer(struct suggest *s, const char *name)
{
	unsigned d = edit_distance(s->wanted, str_c(name));
	if (d < s->distance) {
		s->distance = d;
		s->best = name;
	}
}
