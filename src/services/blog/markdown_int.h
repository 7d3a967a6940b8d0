/* SPDX-License-Identifier: Apache-2.0
 *
 * Between markdown.c (blocks), markdown_inline.c (what stands in one of them) and markdown_notes.c (footnotes).
 */
#ifndef GH_SERVICES_BLOG_MARKDOWN_INT_H
#define GH_SERVICES_BLOG_MARKDOWN_INT_H

#include <md4c.h>

#include "services/blog/markdown.h"

enum inline_kind {
	INLINE_TEXT,    /* of the source; may hold marks of Ghost's */
	INLINE_LITERAL, /* text in which nothing is a mark */
	INLINE_HTML,    /* raw, entities too */
	INLINE_BREAK,
	INLINE_SOFT_BREAK,
	INLINE_OPEN,  /* html: the tag; `with` is the place of its INLINE_CLOSE */
	INLINE_CLOSE,
	INLINE_IMAGE, /* html: the tag up to its alt, text the alt */
	/* made of INLINE_TEXT by markdown_inline.c: */
	INLINE_MARK,     /* a run of one of ~ ^ = [ ], or "^[" */
	INLINE_NOTE_REF, /* number: of the note; sub: which reference to it, from 0 */
};

struct inline_part {
	enum inline_kind kind;
	struct str text, html;
	unsigned parent; /* place of the INLINE_OPEN around it, plus 1; 0: none */
	unsigned with;   /* its partner's place; 0: none */
	bool opens, closes, is_link;
	unsigned number, sub;
};

struct inline_list { struct inline_part *parts; unsigned count, room; };

/* A footnote: defined in the text by its label, or written where it is referred to (label.p NULL). */
struct markdown_note {
	struct str label, source;
	struct inline_list inner; /* of one without a label */
	unsigned place;           /* in the list at the end, from 1; 0: nobody referred to it yet */
	unsigned references;
};

struct markdown {
	struct arena *a;
	const struct markdown_options *opt;
	struct buf *out;
	const char *source_end; /* of the text that md4c is reading */
	const char *source;
	struct inline_list line; /* of the block that is being read */
	unsigned open;           /* the innermost INLINE_OPEN of line, plus 1 */
	unsigned heading;        /* level of the heading that is being read; 0: none */
	bool verbatim;           /* in a block of code or HTML: its text is written as it comes */
	unsigned images;         /* open ones */
	unsigned image_at;       /* the outermost's place in line */
	struct markdown_note *notes, **by_place;
	unsigned note_count, placed, defined; /* the first `defined` have labels, in their order */
	bool full; /* memory or a bound was reached: the text is refused */
};

/* One more part at the end of list, zeroed but for kind; NULL, with m->full: no memory. */
struct inline_part *markdown_add(struct markdown *m, struct inline_list *list, enum inline_kind kind);
/* Writes list as HTML to m->out, what Ghost's renderer knows worked out. Numbers the notes that it refers to. */
void markdown_put_inline(struct markdown *m, struct inline_list *list);
/* The text of list, for a heading's id: in m->a. */
struct str markdown_inline_text(struct markdown *m, const struct inline_list *list);

/* --- markdown_lines.c --- */
/* The next line of *rest with its end; false: there is none. */
bool markdown_next_line(struct str *rest, struct str *line);
/* Columns that a line is indented by, and in how many bytes. */
unsigned markdown_indent(struct str line, size_t *bytes);
bool markdown_is_blank(struct str line);
/* Code between fences, followed line by line: within it nothing else is looked for. */
struct markdown_fence { bool open; char sign; size_t length; };
void markdown_follow_fence(struct markdown_fence *f, struct str line);
/* source as md4c is to read it, in m->a; what it makes of it goes through markdown_unshield, in its place. */
struct str markdown_prepare(struct markdown *m, struct str source);
void markdown_unshield(char *p, size_t n);
/* An address at the beginning of s ("https://…"): its length; 0: none. */
size_t markdown_link_at(struct str s);

/* --- markdown_newer.c --- */
/* source as md4c is to read it as CommonMark 0.31, in m->a; what it makes of it goes through markdown_as_typed. */
struct str markdown_newer(struct markdown *m, struct str source);
void markdown_as_typed(struct buf *out, struct str html);

/* The source without the definitions of footnotes, which go to m->notes. In m->a. */
struct str markdown_take_notes(struct markdown *m, struct str source);
/* The note of that label; NULL: none is defined. */
struct markdown_note *markdown_note_named(struct markdown *m, struct str label);
/* Refers to n once more; fills p (INLINE_NOTE_REF). */
void markdown_refer(struct markdown *m, struct markdown_note *n, struct inline_part *p);
/* A new note without a label; NULL: there are too many. */
struct markdown_note *markdown_note_add(struct markdown *m);
/* "-2-1": behind "fn" and "fnref" in ids of the page's second text. In m->a. */
struct str markdown_note_id(struct markdown *m, unsigned place);
/* The list at the end, if any note was referred to. */
void markdown_put_notes(struct markdown *m);
/* Reads source with md4c and writes it to m->out. */
bool markdown_blocks(struct markdown *m, struct str source);

#endif
