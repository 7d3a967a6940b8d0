/* SPDX-License-Identifier: Apache-2.0
 *
 * Deadlines of connections: a coarse wheel, so that a deadline that moves with every request costs a store and no heap
 * operation. A connection sits in the slot of some moment not later than its deadline; when that comes and the deadline
 * has moved on, it is put into the later slot. One timer of the loop turns the wheel while it is not empty.
 */
#include "net/conn/server.h"

static int64_t tick_of(int64_t ns) { return ns >> WHEEL_SHIFT; }

void wheel_remove(struct worker *w, struct conn *c)
{
	if (!c->in_wheel)
		return;
	*c->wheel_prev = c->wheel_next;
	if (c->wheel_next)
		c->wheel_next->wheel_prev = c->wheel_prev;
	c->in_wheel = false;
	w->wheel.count--;
}

void wheel_put(struct worker *w, struct conn *c, int64_t at_ns)
{
	struct wheel *wh = &w->wheel;
	wheel_remove(w, c);
	/* Rounded up: never early. Not into the slot being handled, nor past one round. */
	int64_t tick = tick_of(at_ns) + 1;
	if (tick <= wh->tick)
		tick = wh->tick + 1;
	if (tick >= wh->tick + WHEEL_SLOTS)
		tick = wh->tick + WHEEL_SLOTS - 1;
	struct conn **slot = &wh->slot[tick % WHEEL_SLOTS];
	c->wheel_at_ns = tick << WHEEL_SHIFT;
	c->wheel_next = *slot;
	c->wheel_prev = slot;
	if (*slot)
		(*slot)->wheel_prev = &c->wheel_next;
	*slot = c;
	c->in_wheel = true;
	if (wh->count++ == 0 && !wh->timer.slot)
		timer_set(w->loop, &wh->timer, (wh->tick + 1) << WHEEL_SHIFT);
}

static void wheel_turn(struct timer *t)
{
	struct worker *w = (struct worker *)((char *)t - offsetof(struct worker, wheel.timer));
	struct wheel *wh = &w->wheel;
	int64_t now = loop_now_ns(w->loop), last = tick_of(now);
	/* After a long sleep every slot is looked at once. */
	if (last - wh->tick > WHEEL_SLOTS)
		wh->tick = last - WHEEL_SLOTS;
	while (wh->tick < last) {
		wh->tick++;
		struct conn *c, *list = wh->slot[wh->tick % WHEEL_SLOTS];
		wh->slot[wh->tick % WHEEL_SLOTS] = NULL;
		if (list)
			list->wheel_prev = &list;
		while ((c = list)) {
			wheel_remove(w, c);
			conn_wheel_fired(c, now);
		}
	}
	worker_tick(w);
	if (wh->count && !t->slot)
		timer_set(w->loop, t, (wh->tick + 1) << WHEEL_SHIFT);
}

void wheel_start(struct worker *w)
{
	w->wheel.tick = tick_of(loop_now_ns(w->loop));
	w->wheel.timer.fire = wheel_turn;
}
