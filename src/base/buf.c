/* SPDX-License-Identifier: Apache-2.0
 *
 * Growth doubles up to the declared maximum; one byte beyond len is always there for the NUL.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/guard.h"

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_arena(struct buf *b, struct arena *a, size_t max)
{
	*b = (struct buf){ .max = max, .arena = a };
}

void buf_text(struct buf *b, struct arena *a)
{
	*b = (struct buf){ .max = BUF_TEXT_MAX, .arena = a, .whole = true };
}

void buf_fini(struct buf *b)
{
	if (!b->arena)
		free(b->data);
	*b = (struct buf){ .max = b->max, .arena = b->arena, .whole = b->whole };
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = 0;
}

static bool buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > b->max && b->max < SIZE_MAX)
		cap = b->max + 1;
	char *p = b->arena ? arena_try_alloc(b->arena, cap) : realloc(b->data, cap);
	if (!p)
		return false;
	if (b->arena && b->len)
		memcpy(p, b->data, b->len);
	p[b->len] = 0;
	b->data = p;
	b->cap = cap;
	return true;
}

bool buf_reserve(struct buf *b, size_t extra)
{
	size_t len, need;
	if (b->failed)
		return false;
	if (__builtin_add_overflow(b->len, extra, &len) || len > b->max || __builtin_add_overflow(len, 1, &need) ||
	    (need > b->cap && !buf_grow(b, need))) {
		if (b->whole)
			guard_abort(ST_NOMEM);
		b->failed = true;
		return false;
	}
	return true;
}

void buf_put_slow(struct buf *b, const void *p, size_t n)
{
	if (!buf_reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = 0;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	if (!buf_reserve(b, 0))
		return;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		b->data[b->len] = 0;
		return;
	}
	if ((size_t)n >= b->cap - b->len) {
		b->data[b->len] = 0;
		if (!buf_reserve(b, (size_t)n))
			return;
		va_start(ap, fmt);
		vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	char digits[20], *p = digits + sizeof digits;
	do {
		*--p = (char)('0' + v % 10);
	} while (v /= 10);
	buf_put(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_put_i64(struct buf *b, int64_t v)
{
	char digits[21], *p = digits + sizeof digits;
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v;
	do {
		*--p = (char)('0' + u % 10);
	} while (u /= 10);
	if (v < 0)
		*--p = '-';
	buf_put(b, p, (size_t)(digits + sizeof digits - p));
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (!n)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
	b->data[b->len] = 0;
}
