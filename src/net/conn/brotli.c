/* SPDX-License-Identifier: Apache-2.0
 *
 * Brotli in memory of ours. The library calls exit() when its allocator fails; this one unwinds to a guard around the
 * call instead, and what was allocated until then, which the library can no longer free, is in a list.
 */
#include "net/conn/brotli.h"

#include <brotli/encode.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/guard.h"

union block {
	struct { union block *next, **prev; } in;
	max_align_t align;
};

struct brotli_work {
	int quality, window;
	struct str in;
	char *out;
	size_t room, len;
	union block *blocks;
};

static void *allocate(void *arg, size_t n)
{
	struct brotli_work *w = arg;
	union block *b = n > SIZE_MAX - sizeof *b ? NULL : malloc(sizeof *b + n);
	if (!b)
		guard_abort(ST_NOMEM);
	b->in.next = w->blocks;
	b->in.prev = &w->blocks;
	if (w->blocks)
		w->blocks->in.prev = &b->in.next;
	w->blocks = b;
	return b + 1;
}

static void block_release(void *arg, void *p)
{
	if (!p)
		return;
	union block *b = (union block *)p - 1;
	*b->in.prev = b->in.next;
	if (b->in.next)
		b->in.next->in.prev = b->in.prev;
	free(b);
}

static void compress(void *arg)
{
	struct brotli_work *w = arg;
	size_t in_left = w->in.n, out_left = w->room;
	const uint8_t *in = (const uint8_t *)w->in.p;
	uint8_t *out = (uint8_t *)w->out;
	BrotliEncoderState *s = BrotliEncoderCreateInstance(allocate, block_release, w);
	if (!s)
		return;
	BrotliEncoderSetParameter(s, BROTLI_PARAM_QUALITY, (uint32_t)w->quality);
	BrotliEncoderSetParameter(s, BROTLI_PARAM_LGWIN, (uint32_t)w->window);
	BrotliEncoderSetParameter(s, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT);
	BrotliEncoderSetParameter(s, BROTLI_PARAM_SIZE_HINT, w->in.n < UINT32_MAX ? (uint32_t)w->in.n : UINT32_MAX);
	if (BrotliEncoderCompressStream(s, BROTLI_OPERATION_FINISH, &in_left, &in, &out_left, &out, NULL) &&
	        BrotliEncoderIsFinished(s))
		w->len = w->room - out_left;
	BrotliEncoderDestroyInstance(s);
}

size_t brotli_compress(int quality, int window, struct str in, char *out, size_t room)
{
	struct brotli_work w = { .quality = quality, .window = window, .in = in, .out = out, .room = room };
	if (guard_run(compress, &w) != ST_OK)
		w.len = 0;
	while (w.blocks)
		block_release(&w, w.blocks + 1);
	return w.len;
}
