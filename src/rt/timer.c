/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers: a heap with four children per node, which is shallower than a binary one and keeps siblings in one cache
 * line. Times stand beside the pointers, so that sifting does not touch the timers themselves.
 */
#include <stdlib.h>

#include "rt/internal.h"

static void place(struct loop *l, unsigned i, struct timer_slot s)
{
	l->heap[i] = s;
	s.timer->slot = i + 1;
}

static void sift_up(struct loop *l, unsigned i, struct timer_slot s)
{
	for (; i > 0; i = (i - 1) / 4) {
		struct timer_slot up = l->heap[(i - 1) / 4];
		if (up.at_ns <= s.at_ns)
			break;
		place(l, i, up);
	}
	place(l, i, s);
}

static void sift_down(struct loop *l, unsigned i, struct timer_slot s)
{
	for (;;) {
		unsigned first = 4 * i + 1, least = first;
		if (first >= l->heap_len)
			break;
		for (unsigned c = first + 1; c < first + 4 && c < l->heap_len; c++)
			if (l->heap[c].at_ns < l->heap[least].at_ns)
				least = c;
		if (l->heap[least].at_ns >= s.at_ns)
			break;
		place(l, i, l->heap[least]);
		i = least;
	}
	place(l, i, s);
}

static void move(struct loop *l, unsigned i, struct timer_slot s)
{
	if (i > 0 && s.at_ns < l->heap[(i - 1) / 4].at_ns)
		sift_up(l, i, s);
	else
		sift_down(l, i, s);
}

void timer_set(struct loop *l, struct timer *t, int64_t at_ns)
{
	t->at_ns = at_ns;
	t->loop = l;
	if (!t->slot) {
		if (l->heap_len == l->heap_cap) {
			unsigned cap = l->heap_cap ? l->heap_cap * 2 : 64;
			struct timer_slot *heap = realloc(l->heap, cap * sizeof *heap);
			if (!heap)
				abort(); /* a deadline that can not be kept would hang its fiber for ever */
			l->heap = heap;
			l->heap_cap = cap;
		}
		t->slot = ++l->heap_len;
		sift_up(l, t->slot - 1, (struct timer_slot){ at_ns, t });
	} else {
		move(l, t->slot - 1, (struct timer_slot){ at_ns, t });
	}
}

void timer_cancel(struct timer *t)
{
	if (!t->slot)
		return;
	struct loop *l = t->loop;
	unsigned i = t->slot - 1;
	struct timer_slot last = l->heap[--l->heap_len];
	t->slot = 0;
	if (i < l->heap_len)
		move(l, i, last);
}

void timers_fire(struct loop *l)
{
	/* As many as there were: one that sets itself to "now" again waits for the next turn. */
	for (unsigned n = l->heap_len; n > 0 && l->heap_len > 0 && l->heap[0].at_ns <= l->now_ns; n--) {
		struct timer *t = l->heap[0].timer;
		timer_cancel(t);
		t->fire(t);
	}
}
