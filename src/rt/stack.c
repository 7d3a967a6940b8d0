/* SPDX-License-Identifier: Apache-2.0
 *
 * Stacks of fibers. They are cut from slabs of 32, each stack with a guard page below it, and go back to a free list
 * of their loop; slabs live as long as the loop. The first WARM free stacks keep their pages; those beyond give them
 * back to the kernel, so that a burst of fibers leaves address space behind and no memory.
 *
 * Guards are set with MADV_GUARD_INSTALL where the kernel knows it (6.13): a slab then stays one mapping. With
 * mprotect every stack costs two, and vm.max_map_count (65 530) ends growth at about 32 000 fibers; a spawn beyond
 * that is refused.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "rt/internal.h"

#if RT_ASAN
#include <sanitizer/asan_interface.h>
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* Sanitizers make frames several times larger. */
enum { SCALE = RT_ASAN || RT_TSAN ? 4 : 1, PER_SLAB = 32, WARM = 256 };

#ifdef __x86_64__
enum { GUARD = 4096 };
#else
enum { GUARD = 65536 }; /* the largest page that kernels are built with */
#endif

struct slab {
	struct slab *next;
	char *base;
	size_t size;
};

static size_t stack_size(enum fiber_stack size)
{
	return (size == FIBER_LARGE ? 256u : 64u) * 1024 * SCALE;
}

static bool guard_page(char *p)
{
	static _Atomic bool no_install;
	if (!atomic_load_explicit(&no_install, memory_order_relaxed)) {
		if (!madvise(p, GUARD, MADV_GUARD_INSTALL))
			return true;
		atomic_store_explicit(&no_install, true, memory_order_relaxed);
	}
	return !mprotect(p, GUARD, PROT_NONE);
}

static bool slab_map(struct slab *s, size_t step)
{
	s->size = step * PER_SLAB;
	s->base = mmap(
	        NULL, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (s->base == MAP_FAILED)
		return false;
	/* One touched byte must cost a page, not two megabytes. */
	madvise(s->base, s->size, MADV_NOHUGEPAGE);
	for (int i = 0; i < PER_SLAB; i++)
		if (!guard_page(s->base + i * step)) {
			munmap(s->base, s->size);
			return false;
		}
	return true;
}

/* Called when no stack is free. */
static bool slab_add(struct stack_list *l, size_t size)
{
	char **grown = realloc(l->free, (l->room + PER_SLAB) * sizeof *grown);
	if (!grown)
		return false;
	l->free = grown;
	struct slab *s = malloc(sizeof *s);
	if (!s || !slab_map(s, size + GUARD)) {
		free(s);
		return false;
	}
	s->next = l->slabs;
	l->slabs = s;
	l->room += PER_SLAB;
	for (int i = PER_SLAB; i-- > 0;)
		l->free[l->cold++] = s->base + i * (size + GUARD) + GUARD;
	return true;
}

bool stack_get(struct stack_list *l, enum fiber_stack which, struct stack *out)
{
	size_t size = stack_size(which);
	if (!l->warm && !l->cold && !slab_add(l, size))
		return false;
	*out = (struct stack){ l->free[l->cold + l->warm - 1], size };
	if (l->warm)
		l->warm--;
	else
		l->cold--;
	return true;
}

void stack_put(struct stack_list *l, enum fiber_stack which, struct stack *s)
{
#if RT_ASAN
	__asan_unpoison_memory_region(s->base, s->size); /* frames that never returned */
#endif
	l->free[l->cold + l->warm] = s->base;
	if (l->warm < WARM) {
		l->warm++;
		return;
	}
	/* Of the warm ones the oldest cools down: the newest is in the processor's cache. */
	madvise(l->free[l->cold++], s->size, MADV_DONTNEED);
}

void stack_list_fini(struct stack_list *l)
{
	for (struct slab *s = l->slabs, *next; s; s = next) {
		next = s->next;
		munmap(s->base, s->size);
		free(s);
	}
	free(l->free);
	*l = (struct stack_list){ 0 };
}
