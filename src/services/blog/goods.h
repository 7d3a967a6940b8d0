/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of the market in posts. What is stored of one is a link with the product's id, which feeds, exports and
 * other programs read as it is; a page shows the market's own piece in its place. The blog never opens the market's
 * store.
 */
#ifndef GH_SERVICES_BLOG_GOODS_H
#define GH_SERVICES_BLOG_GOODS_H

#include "platform/text/html.h"
#include "platform/web/web.h"
#include "services/blog/render.h"

enum {
	GOODS_LIVE_MAX = 48,    /* of one page; further ones stay links. Pieces of a page are bounded, and its frame has
	                           some */
	GOODS_CHOICES = 24,     /* that the editor is offered */
	GOODS_MARKER_MAX = 256, /* bytes of a marker */
};

/* The card "market-product", into k->r->out. */
void goods_card(struct card *k);
/* html of a body with a marker for the market's piece in the place of each such link, in ctx->arena: for what is
   composed (fragment.h), and nothing else. *n: how many. Without a market it is html. */
struct safe_html goods_live(struct ctx *ctx, struct safe_html html, unsigned *n);
/* A document with Ghost's own card in the place of each, in a: for exports. As it was when it has none or can't be
 * read. */
struct str goods_for_ghost(struct arena *a, struct str source, struct str origin);

/* What the editor offers: GET /write/products. */
enum status blog_get_write_products(struct web *w, struct err *e) MUST_CHECK;

#endif
