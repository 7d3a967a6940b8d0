/* SPDX-License-Identifier: Apache-2.0
 *
 * What a peer makes us hold for it: bytes of its own that wait to be taken (input, unread bodies), answers that it has
 * not read, the state of its protocol, and the memory of requests that wait for it. Each connection has a bound, and
 * all of a server together one: past the latter whoever holds more than an even share holds too much.
 *
 * The work on a request is not in it: that is bounded by the arena, by the line (line.c) and by the deadline.
 *
 * A connection's sum changes at its own moments and is told to the worker's at each flush (conn_account), so that
 * queueing a few bytes costs an addition; the server's is told of a worker's change when it is worth it.
 */
#include "base/log.h"
#include "net/conn/conn.h"
#include "net/conn/server.h"

#define CONN_OWED_MAX   ((size_t)16 << 20) /* of one connection; four times a request's arena when that is more */
#define CONN_OWED_SMALL ((size_t)24 << 10) /* bytes; a connection that holds less is never ended for memory */
#define FILE_OWED       ((size_t)32 << 10) /* a descriptor, and what is read of it at a time */
/* share of a page that several connections are sent: if the others end, this connection holds it alone */
#define SHARE_LEAST     ((size_t)4 << 10)
#define TELL_AT         ((ptrdiff_t)64 << 10)

static size_t conn_max(const struct conn *c)
{
	size_t four = worker_limits(c->w)->arena * 4;
	return four > CONN_OWED_MAX ? four : CONN_OWED_MAX;
}

size_t piece_owed(const struct body_piece *p)
{
	if (p->kind == PIECE_FILE)
		return FILE_OWED;
	unsigned refs = p->kind == PIECE_BLOB ? atomic_load_explicit(&p->blob->refs, memory_order_relaxed) : 1;
	size_t share = (size_t)p->len / (refs ? refs : 1);
	return share >= SHARE_LEAST ? share : p->len < SHARE_LEAST ? (size_t)p->len : SHARE_LEAST;
}

size_t conn_owed(const struct conn *c)
{
	return c->in_cap + c->out_owed + c->owed;
}

void conn_owes(struct conn *c, size_t *part, size_t now)
{
	c->owed += now - *part;
	*part = now;
}

static bool too_much(const struct conn *c, size_t mine)
{
	struct http_server *s = c->w->s;
	size_t all = atomic_load_explicit(&s->owed, memory_order_relaxed), most = s->cfg.limits.memory;
	if (mine > conn_max(c))
		return true;
	if (all <= most || mine <= CONN_OWED_SMALL)
		return false;
	unsigned open = atomic_load_explicit(&s->open, memory_order_relaxed);
	return mine > most / (open ? open : 1);
}

bool conn_may_owe(const struct conn *c, size_t more)
{
	return c->dead || !too_much(c, conn_owed(c) + more);
}

static void owed_tell(struct worker *w, size_t by)
{
	size_t sum = atomic_load_explicit(&w->owed, memory_order_relaxed) + by;
	ptrdiff_t news = (ptrdiff_t)(sum - w->owed_told);
	atomic_store_explicit(&w->owed, sum, memory_order_relaxed);
	if (news < TELL_AT && news > -TELL_AT)
		return;
	atomic_fetch_add_explicit(&w->s->owed, (size_t)news, memory_order_relaxed);
	w->owed_told = sum;
}

void conn_account(struct conn *c)
{
	size_t now = conn_owed(c);
	if (now != c->owed_told) {
		owed_tell(c->w, now - c->owed_told);
		c->owed_told = now;
	}
	if (c->dead || !too_much(c, now))
		return;
	LOG(INFO, NULL, "http.cut", LS("why", "memory"), LI("owed", now));
	worker_count_cut(c->w);
	conn_close(c);
}

void conn_owes_nothing(struct conn *c)
{
	owed_tell(c->w, (size_t)0 - c->owed_told);
	c->owed_told = 0;
}
