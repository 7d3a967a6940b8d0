/* SPDX-License-Identifier: Apache-2.0
 *
 * Arenas: memory with the lifetime of one request, job or message. Allocation is a pointer bump; everything is
 * given back at once, after the registered clean-ups have run in reverse order. An arena belongs to one thread
 * at a time. Under AddressSanitizer each piece is its own malloc, so that overruns inside an arena are seen.
 *
 * The byte limit is hard: an allocation past it returns NULL (arena_try_alloc) or unwinds. Service code uses the plain
 * forms and never checks: past the limit they unwind to the nearest guard_run() (base/guard.h), running `cleanup`
 * attributes on the way; without a guard the process aborts.
 */
#ifndef GH_BASE_ARENA_H
#define GH_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct arena;

/* limit: total bytes, headers included. NULL when malloc fails. */
struct arena *arena_new(size_t limit);
/* A child dies with its parent, or earlier by arena_free; its bytes count against the parent's limit. */
struct arena *arena_child(struct arena *parent);
void arena_free(struct arena *a); /* NULL is fine */
/* Run clean-ups and forget all pieces, keeping the first block for reuse. */
void arena_reset(struct arena *a);

void *arena_try_alloc(struct arena *a, size_t n) MUST_CHECK; /* 16-byte aligned, NULL past the limit */
/* n bytes, 16-byte aligned; zalloc: zeroed. Unwind past the limit. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull, __malloc__));
void *arena_zalloc(struct arena *a, size_t n) __attribute__((returns_nonnull, __malloc__));
void *arena_array(struct arena *a, size_t count, size_t size)
        __attribute__((returns_nonnull)); /* zeroed, overflow-checked */
/* Copies of n bytes, of a text, or of what printf would write, in a. Unwind past the limit. */
void *arena_memdup(struct arena *a, const void *p, size_t n);
char *arena_cstr(struct arena *a, struct str s);        /* NUL-terminated copy */
struct str arena_str(struct arena *a, struct str s);    /* copy, NUL after the end as well */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str arena_strf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_array((a), (n), sizeof(type)))

/* fn(arg) runs when the arena is freed or reset, in reverse order of registration. */
void arena_on_free(struct arena *a, void (*fn)(void *), void *arg);

/* From now on a, with all it belongs to, may have so many bytes in all, if that is more than before. */
void arena_allow(struct arena *a, size_t limit);

/* Bytes taken so far, headers included. */
size_t arena_used(const struct arena *a);

/* For SCOPED_ARENA: arena_free(*a). */
void arena_freep(struct arena **a);
#define SCOPED_ARENA __attribute__((cleanup(arena_freep))) struct arena

#endif
