/* SPDX-License-Identifier: Apache-2.0
 *
 * Framed answers: head and body of an answer in one piece of memory that the kernel sends as a file. A cached page goes
 * to many visitors under the same head until the second of its Date is over; one sendfile for both costs half a
 * microsecond less than a sendmsg and a sendfile.
 *
 * Each worker remembers the parts of blobs that it sent lately. One that was sent FRAMED_AFTER times within a second is
 * copied behind the head of that moment. It is used for as long as the head that is about to be sent is, byte for byte,
 * the one that was copied: nothing here knows what a head means, and none that differs is ever replaced.
 */
#include "net/conn/server.h"

#include <string.h>

#define FRAMED_AFTER 16                /* copying a body costs as much as ten answers from the copy save */
/* bytes of a body: for a larger one the separate head costs little, and each slow reader would hold a copy of its
   own second */
#define FRAMED_MAX   ((size_t)64 << 10)

static void framed_forget(struct framed *f)
{
	blob_unref(f->body);
	blob_unref(f->answer);
	*f = (struct framed){ 0 };
}

static struct blob *frame_answer(struct str head, const struct body_piece *body)
{
	struct blob *b = blob_new_large(head.n + body->len);
	if (!b)
		return NULL;
	memcpy(b->data, head.p, head.n);
	memcpy(b->data + head.n, body->p, body->len);
	return b;
}

static bool is_head_of(struct str head, const struct framed *f)
{
	return f->answer->len == head.n + f->len && !memcmp(f->answer->data, head.p, head.n);
}

struct blob *framed_answer(struct worker *w, struct str head, const struct body_piece *body)
{
	if (body->kind != PIECE_BLOB || body->len < BLOB_LARGE || body->len > FRAMED_MAX)
		return NULL;
	struct framed *f = &w->framed[((uintptr_t)body->p >> 6 ^ (uintptr_t)body->p >> 14) % FRAMED_SLOTS];
	if (f->body != body->blob || f->p != body->p || f->len != body->len || f->date_s != w->date_s) {
		framed_forget(f);
		*f = (struct framed){
			.body = blob_ref(body->blob), .p = body->p, .len = body->len, .date_s = w->date_s
		};
	}
	if (f->answer && !is_head_of(head, f)) {
		blob_unref(f->answer);
		f->answer = NULL;
		f->sent = 0;
	}
	if (!f->answer && ++f->sent >= FRAMED_AFTER) {
		f->answer = frame_answer(head, body);
		f->sent = 0;
	}
	return f->answer ? blob_ref(f->answer) : NULL;
}

bool framed_sweep(struct worker *w, bool all)
{
	bool left = false;
	for (unsigned i = 0; i < FRAMED_SLOTS; i++) {
		struct framed *f = &w->framed[i];
		if (f->body && (all || f->date_s != w->date_s))
			framed_forget(f);
		left |= f->body != NULL;
	}
	return left;
}
