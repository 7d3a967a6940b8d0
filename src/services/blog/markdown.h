/* SPDX-License-Identifier: Apache-2.0
 *
 * Markdown as HTML that is still to be sanitised. Blocks and the inline parts of CommonMark are md4c's.
 * markdown_inline.c adds to the inline parts what Ghost's renderer (markdown-it with its plugins) knows besides;
 * markdown_lines.c and markdown_notes.c prepare the text: footnotes are taken out of it beforehand.
 */
#ifndef GH_SERVICES_BLOG_MARKDOWN_H
#define GH_SERVICES_BLOG_MARKDOWN_H

#include "base/buf.h"

enum { MARKDOWN_NOTES_MAX = 1000 /* footnotes of one text; further ones stay as they were typed */ };

struct markdown_options {
	/* As Ghost: a newline is a break, "##Heading" needs no space, ~sub~ ^sup^ ==mark== ~~del~~, footnotes, tables,
	   addresses become links. Without: CommonMark 0.31 and nothing else. */
	bool ghost;
	/* The id of a heading of that text (markup left out); p NULL: none. NULL: headings have no ids. */
	struct str (*heading_id)(void *arg, struct str text);
	/* Told, if not NULL, when there are more than MARKDOWN_NOTES_MAX footnotes. */
	void (*notes_left)(void *arg);
	void *arg;
	unsigned set; /* which text of its page this is, from 1: keeps the ids of footnotes apart */
};

/* Appends to out. What is needed meanwhile lives in a. ST_TOO_LARGE: out is full; ST_NOMEM. */
enum status markdown_html(struct arena *a, struct str source, const struct markdown_options *opt, struct buf *out,
                          struct err *e) MUST_CHECK;

#endif
