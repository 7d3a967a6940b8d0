/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside composition: fragment.c (pages, local pieces), fragment_remote.c (other processes).
 */
#ifndef GH_PLATFORM_FRAGMENT_INT_H
#define GH_PLATFORM_FRAGMENT_INT_H

#include <stdatomic.h>

#include "platform/cache/cache.h"
#include "platform/peers/fragment.h"

enum {
	FRAGMENTS_MAX = 256,
	FRAGMENT_PARAMS_MAX = 4096,
	FRAGMENT_MAX = 512 << 10,
	COOKIE_VALUE_MAX = 128, /* of a cookie that a piece is asked for by */
	FRAGMENTS_ROOM = 4096 /* what a page's pieces usually take */
};
#define FRAGMENT_STALE_NS (300 * INT64_C(1000000000))

struct fragments {
	struct platform *platform;
	bool keep; /* in the cache */
	_Atomic uint64_t local, remote_calls, missing;
};

struct fragment_piece { /* one marker of a page; texts in the request's arena, or slices of the page */
	struct str before;              /* what stands between the last marker and this one */
	struct service_instance *svc;
	const struct fragment_def *def; /* NULL: unknown */
	struct str params;
	struct str key;                 /* in the cache; p NULL for what is made here and not kept */
	const struct person *person;    /* only when the fragment is per person */
	struct str cookie;              /* value of the one that the fragment names; "": none */
	struct blob *html;              /* had from another process or the cache: a reference */
	const struct fragment_piece *same; /* an earlier marker that asks for the same: its text is written again */
	size_t at, len; /* where the composed page holds this piece; len 0: it could not be had, or is empty */
};

struct piece_arg { /* flat */
	struct service_instance *svc;
	const struct fragment_def *def;
	struct person person; /* its texts are in text: the pointers are set by fragment_unarg */
	size_t params_n, cookie_n;
	bool has_person;
	char text[];
};
struct piece_arg *fragment_arg(struct arena *a, const struct fragment_piece *p, size_t *size);
void fragment_unarg(const struct piece_arg *arg, struct fragment_piece *p, struct person *person); /* slices of arg */

struct str fragment_decode(struct arena *a, struct str s);
struct str fragment_params(struct arena *a, const struct fragment_def *def, struct str query);
const struct fragment_def *fragment_def_find(const struct service_instance *s, struct str type);
bool fragment_piece(struct ctx *ctx, const struct fragment_who *who, struct str service, struct str type,
        struct str params, struct fragment_piece *out);
struct cache_policy fragment_policy(const struct fragment_def *def);
struct str fragment_tags(struct arena *a, const struct fragment_piece *p);
enum status fragment_render(struct ctx *caller, const struct fragment_piece *p, struct buf *out,
                            struct err *e) MUST_CHECK;
enum status fragment_cached(struct ctx *ctx, const struct fragment_piece *p, struct buf *out, struct err *e) MUST_CHECK;

/* Give the remote pieces without html theirs, as far as their services answer. */
void fragment_fetch(struct ctx *ctx, struct fragment_piece *pieces, unsigned n);
/* A stale piece is there: see that it is made anew. */
void fragment_refresh(struct ctx *ctx, const struct fragment_piece *p);
enum status fragment_make_remote(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e);

#endif
