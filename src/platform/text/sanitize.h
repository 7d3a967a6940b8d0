/* SPDX-License-Identifier: Apache-2.0
 *
 * The only door for foreign HTML: parsed by gumbo as an HTML5 browser would, copied node by node through an allow-list,
 * serialised anew. Safe against mutation XSS: nothing of the input's text is kept unescaped; comments, raw-text
 * elements and unknown elements never come through, of foreign content (svg, math) the words alone.
 */
#ifndef GH_PLATFORM_SANITIZE_H
#define GH_PLATFORM_SANITIZE_H

#include "platform/text/html.h"

enum sanitize_policy {
	SANITIZE_ARTICLE, /* our authors' bodies: figures, tables, media, details, iframes of listed hosts in a sandbox
	                   */
	SANITIZE_REMOTE,  /* the fediverse's allow-list: p span br a del pre code em strong b i u ul ol li blockquote */
	SANITIZE_TEXT,    /* no elements: text only */
};
#define SANITIZE_INPUT_MAX ((size_t)4 << 20) /* bytes; more is refused */

/* Size, depth, node count and output are bounded: ST_TOO_LARGE. Output in the arena. */
enum status sanitize_html(
        struct arena *a, enum sanitize_policy p, struct str in, struct safe_html *out, struct err *e) MUST_CHECK;
/* The same, and what of it did not come through as it was, added to *told. */
struct sanitize_told {
	unsigned forms, scripts; /* taken out; of forms the text stays */
	unsigned frames;         /* of hosts that are not framed: became links */
	unsigned players;        /* objects and embeds that became links, or are gone */
	unsigned drawings;       /* SVG and MathML: their text stays */
};
enum status sanitize_html_told(struct arena *a, enum sanitize_policy p, struct str in, struct safe_html *out,
                               struct sanitize_told *told, struct err *e) MUST_CHECK;
/* The text alone, white space folded, for search, excerpts and descriptions. */
enum status html_to_text(struct arena *a, struct str in, size_t max, struct str *out, struct err *e) MUST_CHECK;

#endif
