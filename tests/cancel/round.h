/* SPDX-License-Identifier: Apache-2.0
 *
 * One request of the scene: prepared, written out, asked.
 */
#ifndef GH_TESTS_ROUND_H
#define GH_TESTS_ROUND_H

#include "scene.h"

enum { ROUND_HEAD_MAX = 16384, ROUND_BODY_MAX = 6 << 20 };

struct round {
	const struct sample *s;
	size_t n; /* of a bound that is met: prep's n */
	char cookies[4096];
	struct prep x;
	char member[32];
};

/* What is kept is forgotten, whoever asks is signed in afresh, the sample prepares what it is about. */
void round_prepare(struct house *h, struct round *r);
/* text with what it names filled in, NUL-terminated; returns its length. */
size_t round_fill(const struct round *r, struct str text, char *out, size_t max);
/* The sample's body, filled in, NUL-terminated; returns its length. */
size_t round_body(const struct round *r, char *out, size_t max);
/* The request's head in out, ROUND_HEAD_MAX bytes; body: the length of its body, SIZE_MAX: none. Returns its length. */
size_t round_head(const struct round *r, size_t body, char *out);
/* All of it: prepared, sent, and answered by answer, NUL-terminated. The answer's status; as house_read. */
int round_ask(struct house *h, struct round *r, char *answer, size_t max);
/* A form's token, and the cookie it goes with, good for all of them: {csrf}. Before the first round. */
void round_learn_token(struct house *h);

#endif
