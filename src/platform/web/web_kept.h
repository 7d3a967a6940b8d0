/* SPDX-License-Identifier: Apache-2.0
 *
 * A page as it is kept for everybody (web_page.c decides which). One blob, so that the loop answers it without a fiber
 * and, for visitors, without copying it:
 *
 *     struct kept_head | headers | identity | gzip | brotli | struct kept_part … | deflated parts | names of the holes
 *
 * The three bodies are a visitor's. A page of which somebody has other pieces (fragments per person or cookie) is also
 * cut at these holes: for who is signed in or has a basket, their own pieces go between the parts. The parts are
 * compressed each by itself and end on a byte (a full flush, RFC 1951 3.2.4), a piece goes between them as a stored
 * block, and the checksum of the whole is combined from theirs: so such an answer costs a copy, not a compression.
 *
 * Blobs are immutable, and may come from another process: kept_open looks at every offset.
 */
#ifndef GH_PLATFORM_WEB_KEPT_H
#define GH_PLATFORM_WEB_KEPT_H

#include "platform/web/web_int.h"

#define HOLES_MAX 32 /* of a page; one with more is kept for visitors alone */

struct kept_head {
	uint32_t magic, headers_len;
	uint32_t off[3], len[3]; /* by enum http_coding; len 0: none */
	uint32_t parts_at, parts; /* parts 0: for visitors alone; else one more than holes */
	uint32_t lang;           /* enum lang, of the words around */
	char etag[ETAG_MAX];
};

/* What stands before hole i, and its name; of the last part there is no hole. */
struct kept_part {
	uint32_t at, len;         /* in the blob: of the identity body */
	uint32_t packed, packed_len; /* deflated; 0: not worth it */
	uint32_t crc;
	uint32_t name;            /* service, type and params follow each other there */
	uint16_t service, type;
	uint32_t params;
};

struct kept_page {
	struct blob *blob; /* borrowed */
	struct kept_head head;
	struct kept_part parts[HOLES_MAX + 1];
};

/* False: not such a page. */
bool kept_open(struct blob *b, struct kept_page *out);
static inline unsigned kept_holes(const struct kept_page *k) { return k->head.parts ? k->head.parts - 1 : 0; }
struct fragment_hole kept_hole(const struct kept_page *k, unsigned i); /* its name; slices of the blob */

/* Answers with it as a visitor gets it. fresh: r has no headers yet. False: its headers are damaged. */
bool kept_send(struct http_req *r, const struct kept_page *k, bool fresh);
/* The same with these texts in its holes, for one person: nobody keeps that. They are copied. Never unwinds; false: r's
   arena has no room, nothing was sent. */
bool kept_send_own(struct http_req *r, const struct kept_page *k, const struct str *texts, bool fresh);

/* body: composed for a visitor; its holes are wr->holes. In a fiber: compresses on the offload pool. NULL: it can't be
   kept. */
struct blob *kept_build(struct web_req *wr, const char *type, struct str body);

#endif
