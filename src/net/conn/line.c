/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines: how many requests of a kind are at work at once on a loop; the others wait their turn, in order, without a
 * stack and with no more than their head in memory. When a store slows down it is its own line that grows, not the
 * memory of the process, and not the other lines.
 *
 *     request_start → line_join ─┬─ room ───────────────────────▶ at work ─ handler returns (line_leave) ─▶ the next
 * one └─ none ─▶ waiting ── its turn ─────┘ └── client gone, deadline, drain: line_quit
 *
 * A place is for work. Who waits for its own client (a slow body, a slow reader: line_rest, line_go_on) gives it up
 * meanwhile, and does not queue again; or a few slow clients would hold up everybody. So do those who stay for good:
 * event streams, WebSockets.
 */
#include "net/conn/request.h"
#include "net/conn/server.h"

static struct line *line_of(const struct request *q) { return &q->w->lines[q->line]; }

static void unlink_waiting(struct request *q)
{
	struct line *l = line_of(q);
	*q->line_prev = q->line_next;
	if (q->line_next)
		q->line_next->line_prev = q->line_prev;
	else
		l->tail = q->line_prev;
	q->line_state = LINE_NONE;
	l->waiting--;
	atomic_fetch_sub_explicit(&q->w->waiting, 1, memory_order_relaxed);
}

static void let_in(struct line *l)
{
	while (l->head && l->at_work < worker_limits(l->w)->at_work && !l->w->stopped) {
		struct request *q = l->head;
		unlink_waiting(q);
		if (request_run(q)) {
			l->at_work++;
			q->line_state = LINE_AT_WORK;
		} else {
			request_turn_away(q);
		}
	}
}

/* All waits have the same length, so the deadlines pass in the order of the queue. */
static void set_clock(struct line *l)
{
	if (l->head)
		timer_set(l->w->loop, &l->clock, l->head->r.ctx.deadline_ns);
}

static void too_late(struct timer *t)
{
	struct line *l = (struct line *)((char *)t - offsetof(struct line, clock));
	while (l->head && l->head->r.ctx.deadline_ns <= worker_now(l->w)) {
		struct request *q = l->head;
		unlink_waiting(q);
		request_turn_away(q);
	}
	set_clock(l);
}

void line_init(struct worker *w, struct line *l)
{
	*l = (struct line){ .w = w, .clock.fire = too_late };
	l->tail = &l->head;
}

enum line_join line_join(struct request *q, int line)
{
	const struct http_limits *limits = worker_limits(q->w);
	if (line < 0)
		return LINE_GO;
	q->line = (unsigned char)((unsigned)line % HTTP_LINES);
	struct line *l = line_of(q);
	if (!l->head && l->at_work < limits->at_work) {
		l->at_work++;
		q->line_state = LINE_AT_WORK;
		return LINE_GO;
	}
	if (l->waiting >= limits->waiting)
		return LINE_FULL;
	q->line_state = LINE_WAITING;
	q->line_next = NULL;
	q->line_prev = l->tail;
	*l->tail = q;
	l->tail = &q->line_next;
	atomic_fetch_add_explicit(&q->w->waiting, 1, memory_order_relaxed);
	if (l->waiting++ == 0)
		set_clock(l);
	return LINE_WAIT;
}

void line_quit(struct request *q)
{
	if (q->line_state == LINE_WAITING)
		unlink_waiting(q);
}

void line_leave(struct request *q)
{
	enum line_state was = q->line_state;
	q->line_state = LINE_NONE;
	if (was == LINE_AT_WORK) {
		line_of(q)->at_work--;
		let_in(line_of(q));
	}
}

void line_rest(struct request *q)
{
	if (q->line_state != LINE_AT_WORK)
		return;
	line_leave(q);
	q->line_state = LINE_RESTING;
}

void line_go_on(struct request *q)
{
	if (q->line_state != LINE_RESTING)
		return;
	q->line_state = LINE_AT_WORK;
	line_of(q)->at_work++;
}
