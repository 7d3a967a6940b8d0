/* SPDX-License-Identifier: Apache-2.0
 *
 * `struct buf`: a growing byte buffer with a declared maximum. Appending past the maximum, or when memory is out,
 * sets `failed` and drops the bytes; later appends do nothing. Check buf_ok() once at the end, not at each append.
 * Heap-backed (buf_init; owner calls buf_fini) or arena-backed (buf_arena; nothing to release).
 * b->data is always NUL-terminated after the first append, the NUL not counted.
 */
#ifndef GH_BASE_BUF_H
#define GH_BASE_BUF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct buf {
	char *data;
	size_t len, cap, max;
	struct arena *arena; /* NULL: heap */
	bool failed, whole;
};

/* An empty buffer of at most max bytes: on the heap, for buf_fini to free, or in a, where it stays until a ends. */
void buf_init(struct buf *b, size_t max);
void buf_arena(struct buf *b, struct arena *a, size_t max);
/* A text put together of parts that are bounded where they come from (an address, an answer's few members): at most
   BUF_TEXT_MAX bytes in a. More, or a full arena, ends the work as arena_alloc's limit does (guard_abort with
   ST_NOMEM), so that nobody gets a part of it for the whole: buf_ok need not be asked. */
#define BUF_TEXT_MAX ((size_t)1 << 20)
void buf_text(struct buf *b, struct arena *a);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b); /* len = 0, failed = false, memory kept */
bool buf_reserve(struct buf *b, size_t extra); /* room for extra more bytes at data+len */

void buf_put_slow(struct buf *b, const void *p, size_t n); /* buf_put's other half */
/* Inline for the templates: a page is some thousand of these, most of a few bytes. */
static inline void buf_put(struct buf *b, const void *p, size_t n)
{
	if (__builtin_expect(b->cap - b->len <= n || b->failed || !n, 0)) {
		buf_put_slow(b, p, n);
		return;
	}
	memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = 0;
}
static inline void buf_putc(struct buf *b, char c) { buf_put(b, &c, 1); }
static inline void buf_puts(struct buf *b, const char *c) { buf_put(b, c, strlen(c)); }
static inline void buf_putstr(struct buf *b, struct str s) { buf_put(b, s.p, s.n); }
#define BUF_LIT(b, lit) buf_put((b), "" lit, sizeof(lit) - 1)
/* Append, as buf_put does: what printf would write, and whole numbers in decimal. */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_put_i64(struct buf *b, int64_t v);
void buf_put_u64(struct buf *b, uint64_t v);
void buf_consume(struct buf *b, size_t n); /* drop n bytes from the front */

static inline struct str buf_str(const struct buf *b) { return (struct str){ b->data ? b->data : "", b->len }; }
static inline bool buf_ok(const struct buf *b) { return !b->failed; }

#define SCOPED_BUF __attribute__((cleanup(buf_fini))) struct buf

#endif
