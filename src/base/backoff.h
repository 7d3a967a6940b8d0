/* SPDX-License-Identifier: Apache-2.0
 *
 * How long to wait before the next try: twice as long after each failure, from `first_ns` to `most_ns`. Every loop that
 * tries again what failed (a store, a connection, a claim) waits by one of these, and ends when its wait is cancelled:
 * a loop that does neither takes a whole processor from the moment that something runs short.
 */
#ifndef GH_BASE_BACKOFF_H
#define GH_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ns, most_ns;
	int64_t last_ns; /* 0: the last try went well */
};

/* It failed: nanoseconds until the next try. */
static inline int64_t backoff_failed(struct backoff *b)
{
	b->last_ns = !b->last_ns ? b->first_ns : b->last_ns < b->most_ns / 2 ? b->last_ns * 2 : b->most_ns;
	return b->last_ns;
}

static inline void backoff_went_well(struct backoff *b)
{
	b->last_ns = 0;
}

#endif
