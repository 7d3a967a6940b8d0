/* SPDX-License-Identifier: Apache-2.0
 *
 * An arena is a chain of blocks; its own struct sits at the start of the first. Three sizes of block are kept in a
 * small cache per thread, so that a request costs no malloc once the thread is warm: 4 KiB for the first (most requests
 * need no more, and thousands that wait stay small) and 16 KiB for those after. A piece of more than a quarter of a
 * block gets a block of its own, which bounds what is lost at block ends; for pieces of 16 to 32 KiB, as pages are
 * written into, that is the third size.
 *
 * With ARENA_PIECEWISE (always under AddressSanitizer) each piece is its own malloc instead: bump allocation would
 * hide overruns and uses after reset from it.
 *
 * The limit counts pieces, rounded up to 16 bytes, and the headers of arenas; it is kept in the root and shared by all
 * descendants.
 */
#include "base/arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/guard.h"

#ifndef ARENA_PIECEWISE
#ifdef __SANITIZE_ADDRESS__
#define ARENA_PIECEWISE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_PIECEWISE 1
#endif
#endif
#endif
#ifndef ARENA_PIECEWISE
#define ARENA_PIECEWISE 0
#endif

struct block {
	struct block *next;
	size_t size; /* header included */
};
enum {
	ALIGN = 16,
	FIRST_BLOCK = 4096,
	NEXT_BLOCK = 16384,
	LARGE_BLOCK = 32768 + sizeof(struct block),
	CACHE_BYTES = 1 << 20
};
static_assert(sizeof(struct block) % ALIGN == 0, "pieces follow the header");

struct cleanup {
	struct cleanup *next;
	void (*fn)(void *);
	void *arg;
};

struct arena {
	unsigned magic;
	struct arena *root, *parent, *children, *prev, *next; /* prev, next: siblings */
	size_t limit, total;                                  /* of the root: for the whole tree */
	size_t own;
	char *pos, *end; /* free part of the current block */
	struct block *blocks, *first;
	struct cleanup *cleanups;
};
#define ARENA_MAGIC 0x61726e61u

enum { ARENA_SIZE = (sizeof(struct arena) + ALIGN - 1) & ~(size_t)(ALIGN - 1) };

/* --- blocks and their cache ------------------------------------------------------------------------------------- */

static _Thread_local struct {
	struct block *first, *next, *large;
	size_t bytes;
	bool registered;
} cache;

static pthread_key_t cache_key;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void chain_free(struct block *b)
{
	for (struct block *next; b; b = next) {
		next = b->next;
		free(b);
	}
}

static void cache_drop(void *unused)
{
	chain_free(cache.first);
	chain_free(cache.next);
	chain_free(cache.large);
	cache.first = cache.next = cache.large = NULL;
	cache.bytes = 0;
	cache.registered = false;
}

static void cache_key_make(void)
{
	if (pthread_key_create(&cache_key, cache_drop))
		abort();
}

/* Where blocks of a size are kept; NULL: nowhere. */
static struct block **cache_of(size_t size)
{
	switch (size) {
	case FIRST_BLOCK: return &cache.first;
	case NEXT_BLOCK: return &cache.next;
	case LARGE_BLOCK: return &cache.large;
	default: return NULL;
	}
}

static struct block *block_get(size_t size)
{
	struct block **list = cache_of(size);
	struct block *b = list ? *list : NULL;
	if (b) {
		*list = b->next;
		cache.bytes -= size;
	} else if (!(b = malloc(size))) {
		return NULL;
	}
	b->next = NULL;
	b->size = size;
	return b;
}

static void block_put(struct block *b)
{
	struct block **list = cache_of(b->size);
	if (ARENA_PIECEWISE || !list || cache.bytes + b->size > CACHE_BYTES) {
		free(b);
		return;
	}
	if (!cache.registered) {
		pthread_once(&cache_once, cache_key_make);
		if (pthread_setspecific(cache_key, &cache)) {
			free(b);
			return;
		}
		cache.registered = true;
	}
	cache.bytes += b->size;
	b->next = *list;
	*list = b;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static struct arena *arena_make(struct arena *parent, size_t limit)
{
	struct block *b = block_get(ARENA_PIECEWISE ? sizeof *b + ARENA_SIZE : FIRST_BLOCK);
	if (!b)
		return NULL;
	struct arena *a = (struct arena *)(b + 1);
	*a = (struct arena){ .magic = ARENA_MAGIC, .parent = parent, .limit = limit, .blocks = b, .first = b };
	a->root = parent ? parent->root : a;
	a->pos = (char *)a + ARENA_SIZE;
	a->end = (char *)b + b->size;
	a->own = ARENA_SIZE;
	a->root->total += ARENA_SIZE;
	return a;
}

struct arena *arena_new(size_t limit)
{
	return arena_make(NULL, limit);
}

struct arena *arena_child(struct arena *parent)
{
	assert(parent->magic == ARENA_MAGIC);
	size_t total;
	if (__builtin_add_overflow(parent->root->total, ARENA_SIZE, &total) || total > parent->root->limit)
		guard_abort(ST_NOMEM);
	struct arena *a = arena_make(parent, 0);
	if (!a)
		guard_abort(ST_NOMEM);
	a->next = parent->children;
	if (a->next)
		a->next->prev = a;
	parent->children = a;
	return a;
}

/* All that the arena holds but its first block. Children go first: they may use what the parent holds. */
static void arena_empty(struct arena *a)
{
	assert(a->magic == ARENA_MAGIC);
	while (a->children || a->cleanups) {
		if (a->children) {
			arena_free(a->children);
			continue;
		}
		struct cleanup *c = a->cleanups;
		a->cleanups = c->next;
		c->fn(c->arg);
	}
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		if (b != a->first)
			block_put(b);
	}
	a->blocks = a->first;
	a->first->next = NULL;
	a->root->total -= a->own;
	a->own = 0;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_empty(a);
	if (a->parent) {
		*(a->prev ? &a->prev->next : &a->parent->children) = a->next;
		if (a->next)
			a->next->prev = a->prev;
	}
	a->magic = 0;
	block_put(a->first);
}

void arena_freep(struct arena **a)
{
	arena_free(*a);
	*a = NULL;
}

void arena_reset(struct arena *a)
{
	arena_empty(a);
	a->pos = (char *)a + ARENA_SIZE;
	a->end = (char *)a->first + a->first->size;
	a->own = ARENA_SIZE;
	a->root->total += ARENA_SIZE;
}

size_t arena_used(const struct arena *a)
{
	if (!a->parent)
		return a->total;
	size_t n = a->own;
	for (const struct arena *c = a->children; c; c = c->next)
		n += arena_used(c);
	return n;
}

/* --- allocation ------------------------------------------------------------------------------------------------- */

static void *alloc_slow(struct arena *a, size_t n)
{
	bool apart = ARENA_PIECEWISE || n > NEXT_BLOCK / 4;
	bool large = !ARENA_PIECEWISE && n > LARGE_BLOCK / 2 && n <= LARGE_BLOCK - sizeof(struct block);
	struct block *b = block_get(large ? LARGE_BLOCK : apart ? sizeof *b + n : NEXT_BLOCK);
	if (!b)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	char *p = (char *)(b + 1);
	if (!apart) {
		a->pos = p + n;
		a->end = (char *)b + b->size;
	}
	return p;
}

void arena_allow(struct arena *a, size_t limit)
{
	if (limit > a->root->limit)
		a->root->limit = limit;
}

void *arena_try_alloc(struct arena *a, size_t n)
{
	assert(a->magic == ARENA_MAGIC);
	struct arena *root = a->root;
	/* Compared before rounding up, which could overflow. */
	if (n > root->limit)
		return NULL;
	size_t size = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (root->total > root->limit || size > root->limit - root->total)
		return NULL;
	void *p;
	if (size <= (size_t)(a->end - a->pos)) {
		p = a->pos;
		a->pos += size;
	} else if (!(p = alloc_slow(a, ARENA_PIECEWISE && n ? n : size))) {
		return NULL;
	}
	root->total += size;
	a->own += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_try_alloc(a, n);
	if (__builtin_expect(!p, 0))
		guard_abort(ST_NOMEM);
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;
	if (__builtin_mul_overflow(count, size, &n))
		guard_abort(ST_NOMEM);
	return arena_zalloc(a, n);
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *arena_cstr(struct arena *a, struct str s)
{
	size_t n;
	if (__builtin_add_overflow(s.n, 1, &n))
		guard_abort(ST_NOMEM);
	char *p = arena_alloc(a, n);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	return s.p ? str_n(arena_cstr(a, s), s.n) : STR_NULL;
}

static struct str vformat(struct arena *a, const char *fmt, va_list ap)
{
	/* Most texts are short: format once into the stack, and a second time only when it was too small. */
	char tmp[256];
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(tmp, sizeof tmp, fmt, ap);
	if (n < 0) {
		va_end(again);
		guard_abort(ST_INTERNAL);
	}
	char *p = arena_try_alloc(a, (size_t)n + 1);
	if (p && (size_t)n < sizeof tmp)
		memcpy(p, tmp, (size_t)n + 1);
	else if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	if (!p)
		guard_abort(ST_NOMEM);
	return str_n(p, (size_t)n);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = vformat(a, fmt, ap);
	va_end(ap);
	return (char *)s.p;
}

struct str arena_strf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = vformat(a, fmt, ap);
	va_end(ap);
	return s;
}

void arena_on_free(struct arena *a, void (*fn)(void *), void *arg)
{
	struct cleanup *c = arena_try_alloc(a, sizeof *c);
	if (!c) {
		/* The caller has given arg away with this call: it must not leak. */
		fn(arg);
		guard_abort(ST_NOMEM);
	}
	*c = (struct cleanup){ a->cleanups, fn, arg };
	a->cleanups = c;
}
