/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of limits: as much as a row says is taken, one more is refused, with the status and the words that whoever
 * meets it gets. tests/tools/test_limits.py reads the rows of every test_limits*.c.
 */
#ifndef GH_TESTS_LIMITS_H
#define GH_TESTS_LIMITS_H

#include "unit/unit.h"

#include "base/buf.h"

enum { ROOM = 512 << 20 };

struct limit {
	const char *file, *name;
	size_t most;
	enum status (*probe)(struct arena *a, size_t n, struct err *e);
	enum status refused;
	const char *says;
};

/* first, then n times what repeats, then last. */
static inline struct str text_of(struct arena *a, const char *first, size_t n, const char *repeated, const char *last)
{
	struct buf b;
	buf_arena(&b, a, ROOM / 4);
	buf_puts(&b, first);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, repeated);
	buf_puts(&b, last);
	assert_true(buf_ok(&b));
	return buf_str(&b);
}

/* A text of n bytes that begins and ends so, filled up between. */
static inline struct str text_of_size(struct arena *a, const char *first, size_t n, const char *fill, const char *last)
{
	return text_of(a, first, n - strlen(first) - strlen(last), fill, last);
}

static inline void limits_meet(const struct limit *limits, size_t n)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < n; i++) {
		const struct limit *l = &limits[i];
		for (size_t more = 0; more < 2; more++) {
			SCOPED_ARENA *a = arena_new(ROOM);
			struct err e = { 0 };
			enum status want = more ? l->refused : ST_OK, got = l->probe(a, l->most + more, &e);
			if (got == want && (!more || strstr(e.msg, l->says)))
				continue;
			print_error("%s %s, %zu: %d \"%s\", not %d \"%s\"\n", l->file, l->name, l->most + more, got,
			            e.msg, want, more ? l->says : "");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

#endif
