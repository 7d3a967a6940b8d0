/* SPDX-License-Identifier: Apache-2.0
 *
 * The output queue of a connection: bytes of our own in pooled segments, references to blobs, ranges of files. Flushing
 * gathers as much as one writev takes (a response head and its blob: one system call), files and large blobs go by
 * sendfile; over TLS everything goes through one scratch record.
 */
#include "net/conn/conn_out.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "net/conn/request.h"
#include "net/conn/server.h"

#define IOV_BATCH     32
#define FLUSH_BUDGET  ((size_t)4 << 20) /* per call: a fast reader of a big file shares the loop */
#define TLS_RECORD    ((size_t)16 << 10)
/* Smaller bytes are copied and leave at the end of the turn, larger ones are offered to the socket at once. */
#define BORROW_AT     ((size_t)64 << 10)

struct seg {
	struct seg *next;
	struct body_piece piece; /* BYTES: within data, or borrowed (cap 0) */
	uint32_t cap, used; /* of data */
	size_t owed;        /* piece_owed, and never more than what is left */
	char data[];
};

size_t seg_pool_size(void) { return sizeof(struct seg) + SEG_DATA; }
size_t seg_small_size(void) { return sizeof(struct seg); }

/* --- pieces ------------------------------------------------------------------------------------------------------- */

struct file_ref *file_ref_new(int fd)
{
	struct file_ref *f = malloc(sizeof *f);
	if (!f) {
		close(fd);
		return NULL;
	}
	*f = (struct file_ref){ .refs = 1, .fd = fd };
	return f;
}

void file_ref_drop(struct file_ref *f)
{
	if (f && --f->refs == 0) {
		close(f->fd);
		free(f);
	}
}

void piece_drop(struct body_piece *p)
{
	if (p->kind == PIECE_BLOB)
		blob_unref(p->blob);
	else if (p->kind == PIECE_FILE)
		file_ref_drop(p->file);
	*p = (struct body_piece){ 0 };
}

static struct seg *seg_new(struct conn *c, size_t cap)
{
	struct seg *s;
	if (cap == SEG_DATA)
		s = pool_get(&c->w->seg_pool);
	else if (cap == 0)
		s = pool_get(&c->w->small_pool);
	else
		s = malloc(sizeof *s + cap);
	if (!s) {
		LOG(ERROR, NULL, "http.nomem");
		conn_close(c);
		return NULL;
	}
	s->next = NULL;
	s->cap = (uint32_t)cap;
	s->used = 0;
	s->owed = 0;
	s->piece = (struct body_piece){ .kind = PIECE_BYTES, .p = s->data };
	return s;
}

static void seg_free(struct worker *w, struct seg *s)
{
	piece_drop(&s->piece);
	if (s->cap == SEG_DATA)
		pool_put(&w->seg_pool, s);
	else if (s->cap == 0)
		pool_put(&w->small_pool, s);
	else
		free(s);
}

static struct seg *tail(const struct conn *c)
{
	return c->out_first ? (struct seg *)((char *)c->out_tail - offsetof(struct seg, next)) : NULL;
}

static void seg_owes(struct conn *c, struct seg *s, size_t now)
{
	c->out_owed += now - s->owed;
	s->owed = now;
}

static void seg_append(struct conn *c, struct seg *s)
{
	seg_owes(c, s, piece_owed(&s->piece));
	*c->out_tail = s;
	c->out_tail = &s->next;
	if (s->piece.kind != PIECE_FILE)
		c->out_bytes += s->piece.len;
}

static void seg_pop(struct conn *c)
{
	struct seg *s = c->out_first;
	c->out_first = s->next;
	if (!c->out_first)
		c->out_tail = &c->out_first;
	seg_owes(c, s, 0);
	seg_free(c->w, s);
}

void conn_out_drop(struct conn *c)
{
	while (c->out_first)
		seg_pop(c);
	c->out_bytes = 0;
}

bool conn_out_empty(const struct conn *c) { return c->out_first == NULL; }

/* --- queueing ----------------------------------------------------------------------------------------------------- */

char *conn_reserve(struct conn *c, size_t n)
{
	if (c->dead || n > SEG_DATA)
		return NULL;
	struct seg *s = tail(c);
	if (!s || s->cap - s->used < n) {
		s = seg_new(c, SEG_DATA);
		if (!s)
			return NULL;
		seg_append(c, s);
	}
	return s->data + s->used;
}

void conn_wrote(struct conn *c, size_t n)
{
	struct seg *s = tail(c);
	s->used += (uint32_t)n;
	s->piece.len += n;
	c->out_bytes += n;
	seg_owes(c, s, s->owed + n);
}

struct str conn_last(const struct conn *c, size_t n)
{
	const struct seg *s = tail(c);
	return str_n(s->data + s->used - n, n);
}

void conn_unwrote(struct conn *c, size_t n)
{
	struct seg *s = tail(c);
	s->used -= (uint32_t)n;
	s->piece.len -= n;
	c->out_bytes -= n;
	seg_owes(c, s, s->owed - n);
}

void conn_put(struct conn *c, const void *p, size_t n)
{
	const char *from = p;
	struct seg *s = tail(c);
	if (c->dead)
		return;
	size_t room = s ? s->cap - s->used : 0;
	if (n > room + SEG_DATA) {
		if (n > UINT32_MAX || !(s = seg_new(c, n + 1)))
			return;
		memcpy(s->data, from, n);
		s->used = (uint32_t)n;
		s->piece.len = n;
		seg_append(c, s);
		return;
	}
	while (n) {
		size_t take = room && room < n ? room : n < SEG_DATA ? n : SEG_DATA;
		char *to = conn_reserve(c, take);
		if (!to)
			return;
		memcpy(to, from, take);
		conn_wrote(c, take);
		from += take;
		n -= take;
		room = 0;
	}
}

/* What is left of a borrowed segment becomes ours. */
static void seg_make_own(struct conn *c, struct seg *s)
{
	struct seg *own = seg_new(c, s->piece.len > SEG_DATA ? s->piece.len : SEG_DATA);
	if (!own)
		return; /* the connection is closed */
	memcpy(own->data, s->piece.p, s->piece.len);
	own->used = (uint32_t)s->piece.len;
	own->piece.len = s->piece.len;
	own->owed = s->owed;
	struct seg **at = &c->out_first;
	while (*at != s)
		at = &(*at)->next;
	*at = own;
	own->next = s->next;
	if (!own->next)
		c->out_tail = &own->next;
	seg_free(c->w, s);
}

void conn_piece(struct conn *c, struct body_piece *p)
{
	if (c->dead || p->len == 0) {
		piece_drop(p);
		return;
	}
	if (p->kind == PIECE_BYTES && (p->len < BORROW_AT || !c->writable || c->ssl || p->len > UINT32_MAX)) {
		for (uint64_t done = 0; done < p->len;) {
			uint64_t n = p->len - done < (1u << 30) ? p->len - done : 1u << 30;
			conn_put(c, p->p + done, n);
			done += n;
		}
		return;
	}
	struct seg *s = seg_new(c, 0);
	if (!s) {
		piece_drop(p);
		return;
	}
	s->piece = *p;
	seg_append(c, s);
	if (p->kind == PIECE_BYTES) {
		conn_flush(c);
		if (!c->dead && tail(c) == s)
			seg_make_own(c, s);
	}
	*p = (struct body_piece){ 0 };
}

size_t conn_room(struct conn *c)
{
	if (c->dead)
		return CONN_HIGH_WATER; /* writers find out by other means; they must not wait */
	if (c->out_bytes < CONN_HIGH_WATER)
		return CONN_HIGH_WATER - c->out_bytes;
	c->want_room = true;
	return 0;
}

/* --- flushing ----------------------------------------------------------------------------------------------------- */

static void took(struct conn *c, size_t n)
{
	c->sent_total += n;
	while (c->out_first && (n || c->out_first->piece.len == 0)) {
		struct body_piece *p = &c->out_first->piece;
		uint64_t part = p->len < n ? p->len : n;
		p->len -= part;
		n -= part;
		if (p->kind == PIECE_FILE)
			p->off += part;
		else {
			p->p += part;
			c->out_bytes -= part;
			if (c->out_first->owed > p->len)
				seg_owes(c, c->out_first, p->len);
		}
		if (p->len)
			break;
		seg_pop(c);
	}
}

/* What the kernel takes from a file by itself: the descriptor and *off; -1: it is given bytes. */
static int source(const struct body_piece *p, uint64_t *off)
{
	*off = p->off;
	if (p->kind == PIECE_FILE)
		return p->file->fd;
	return p->kind == PIECE_BLOB && p->len >= BLOB_LARGE ? blob_file(p->blob, p->p, off) : -1;
}

static ssize_t send_from(struct conn *c, int fd, uint64_t from, uint64_t len)
{
	off_t off = (off_t)from;
	ssize_t n;
	do
		n = sendfile(c->watch.fd, fd, &off, len < FLUSH_BUDGET ? len : FLUSH_BUDGET);
	while (n < 0 && errno == EINTR);
	return n ? n : -1; /* a file shorter than announced: the message must break */
}

/* > 0: bytes the socket took; 0: none now; −1: broken. */
static ssize_t write_plain(struct conn *c)
{
	struct iovec iov[IOV_BATCH];
	struct seg *s = c->out_first;
	struct msghdr m = { .msg_iov = iov };
	size_t total = 0;
	uint64_t off;
	ssize_t n;
	int fd = source(&s->piece, &off);
	if (fd >= 0) {
		n = send_from(c, fd, off, s->piece.len);
	} else {
		for (; s && source(&s->piece, &off) < 0 && m.msg_iovlen < IOV_BATCH; s = s->next) {
			iov[m.msg_iovlen++] = (struct iovec){ (void *)s->piece.p, s->piece.len };
			total += s->piece.len;
		}
		do
			n = sendmsg(c->watch.fd, &m, MSG_NOSIGNAL | (s ? MSG_MORE : 0));
		while (n < 0 && errno == EINTR);
		if (n >= 0 && (size_t)n < total)
			c->writable = false;
	}
	if (n < 0 && errno == EAGAIN) {
		c->writable = false;
		return 0;
	}
	return n;
}

/* The next record: the same bytes every time until SSL_write took them, as OpenSSL demands of a repeated write. */
static ssize_t gather_record(struct conn *c, char *to)
{
	size_t n = 0;
	for (struct seg *s = c->out_first; s && n < TLS_RECORD; s = s->next) {
		size_t part = s->piece.len < TLS_RECORD - n ? s->piece.len : TLS_RECORD - n;
		if (s->piece.kind != PIECE_FILE) {
			memcpy(to + n, s->piece.p, part);
		} else {
			ssize_t got = pread(s->piece.file->fd, to + n, part, (off_t)s->piece.off);
			if (got != (ssize_t)part)
				return -1;
		}
		n += part;
	}
	return (ssize_t)n;
}

static ssize_t write_tls(struct conn *c)
{
	if (!c->w->tls_scratch && !(c->w->tls_scratch = malloc(TLS_RECORD)))
		return -1;
	ssize_t n = gather_record(c, c->w->tls_scratch);
	if (n <= 0)
		return n;
	ERR_clear_error();
	int sent = SSL_write(c->ssl, c->w->tls_scratch, (int)n);
	if (sent > 0)
		return sent;
	switch (SSL_get_error(c->ssl, sent)) {
	case SSL_ERROR_WANT_WRITE:
		c->writable = false;
		return 0;
	case SSL_ERROR_WANT_READ:
		return 0;
	default:
		return -1;
	}
}

void conn_flush(struct conn *c)
{
	size_t budget = FLUSH_BUDGET;
	if (c->dead)
		return;
	took(c, 0); /* segments reserved and not used */
	while (c->out_first && c->writable && budget) {
		ssize_t n = c->ssl ? write_tls(c) : write_plain(c);
		if (n < 0) {
			conn_close(c);
			return;
		}
		if (n == 0)
			break;
		took(c, (size_t)n);
		budget -= (size_t)n < budget ? (size_t)n : budget;
	}
	if (c->out_first && c->writable && !budget)
		conn_again(c);
	conn_out_waits(c, c->out_first != NULL);
	if (c->want_room && c->out_bytes <= CONN_LOW_WATER) {
		c->want_room = false;
		if (c->proto->room && !c->finishing)
			c->proto->room(c);
	}
	if (!c->out_first)
		conn_out_done(c);
	conn_account(c);
}
