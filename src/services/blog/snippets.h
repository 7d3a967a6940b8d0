/* SPDX-License-Identifier: Apache-2.0
 *
 * Snippets: pieces of text under a name, which writers put into what they write by the slash menu. What is put in is a
 * copy. They are objects, made by whoever writes, or come with a Ghost export and leave with one.
 */
#ifndef GH_SERVICES_BLOG_SNIPPETS_H
#define GH_SERVICES_BLOG_SNIPPETS_H

#include "platform/web/web.h"

enum {
	SNIPPETS_MAX = 500,            /* of a site, with those in the bin */
	SNIPPET_NAME_MAX = 100,        /* characters */
	SNIPPET_SOURCE_MAX = 256 << 10, /* bytes of a document */
};

/* What the editor asks: names, one, and to keep a new one (JSON). */
enum status blog_get_snippet_names(struct web *w, struct err *e) MUST_CHECK;
enum status blog_get_snippet(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_snippet(struct web *w, struct err *e) MUST_CHECK;
/* The list of the administration: renamed, deleted, brought back. */
enum status blog_get_snippets(struct web *w, struct err *e) MUST_CHECK;
enum status blog_post_snippets(struct web *w, struct err *e) MUST_CHECK;

#endif
