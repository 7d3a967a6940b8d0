/* SPDX-License-Identifier: Apache-2.0
 *
 * Between import_wxr.c (what an export means), wxr_file.c (its elements) and wxr_text.c (its texts).
 */
#ifndef GH_SERVICES_BLOG_WXR_H
#define GH_SERVICES_BLOG_WXR_H

#include "base/buf.h"

/* An element. name: "item", or with the usual prefix of a namespace that is known: "wp:status", "content:encoded",
   "excerpt:encoded", "dc:creator"; whichever spelling the file has. */
struct wxr_node {
	struct str name, text; /* text: of its own, all of it */
	const char **attrs;    /* name, value, …, NULL */
	struct wxr_node *first, *last, *next;
	size_t line;
};

/* The root of a file, in a. No network; ST_INVALID with line and column: it is no XML to its end, has a DOCTYPE, or is
   nested deeper than any export. */
enum status wxr_read(struct arena *a, int fd, const char *name, uint64_t max, struct wxr_node **root,
                     struct err *e) MUST_CHECK;
struct wxr_node *wxr_child(const struct wxr_node *n, const char *name); /* the first of that name; NULL */
struct str wxr_text_of(const struct wxr_node *n, const char *name);     /* its text; "" */
struct str wxr_attr(const struct wxr_node *n, const char *name);        /* "" */

struct wxr_picture { struct str url, title; };
struct wxr_texts {
	/* The attachment of that number; false: the file has none. */
	bool (*attachment)(void *arg, struct str id, struct wxr_picture *out);
	/* Those of the text itself: its n-th. */
	bool (*own)(void *arg, size_t n, struct wxr_picture *out);
	/* Told once for each shortcode or block of which only the text stays. */
	void (*left_out)(void *arg, struct str name);
	void *arg;
};
/* What WordPress made of a text when it showed it, in a: paragraphs of classic texts, blocks without their comments,
   shortcodes as what they stand for or as their text. Not sanitised. */
struct str wxr_html(struct arena *a, struct str content, const struct wxr_texts *t);

#endif
