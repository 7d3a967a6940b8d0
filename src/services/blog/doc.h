/* SPDX-License-Identifier: Apache-2.0
 *
 * Documents as the editor has them: Lexical, whatever a body was written in. What is opened and not touched is saved as
 * it was; cards that no form knows are kept whole. And a document as Markdown, for those who write without JavaScript,
 * for what is pasted, and for showing what differs between two.
 *
 * json_t that is returned is the caller's; what is given is borrowed and not changed.
 */
#ifndef GH_SERVICES_BLOG_DOC_H
#define GH_SERVICES_BLOG_DOC_H

#include <jansson.h>

#include "services/blog/body.h"

/* A new node of a type, with the members that Ghost's editor gives it; children: taken over, NULL for a card. */
json_t *doc_node(const char *type, json_t *children);
json_t *doc_text(struct str text, int format);
/* {"root":{…}} around these blocks, which are taken over. */
json_t *doc_new(json_t *blocks);
/* The blocks of a document, borrowed; NULL: it is none. */
json_t *doc_blocks(const json_t *doc);

/* A source of any format as a document. Mobiledoc becomes the same blocks; HTML and Markdown become one card each,
   which holds them as they are. ST_INVALID: it can not be read; ST_TOO_LARGE. */
enum status doc_open(struct arena *a, enum body_format format, struct str source, json_t **out,
                     struct err *e) MUST_CHECK;
/* One that a browser or a program sent: read within the bounds of body.h. ST_INVALID, ST_TOO_LARGE. */
enum status doc_read(struct arena *a, struct str source, json_t **out, struct err *e) MUST_CHECK;
bool doc_format(struct str name, enum body_format *out); /* as in revisions.format */

/* Mobiledoc's sections as blocks (doc_mobiledoc.c). */
json_t *doc_from_mobiledoc(const json_t *mobiledoc);

/* Markdown (doc_markdown.c). A block that Markdown has no words for is a line "{{card 3: bookmark}}", where 3 is its
   place in the document. */
struct str doc_markdown(struct arena *a, const json_t *doc);
/* One block; place: from 1, for cards. */
struct str doc_block_markdown(struct arena *a, const json_t *block, size_t place);
/* A block's Markdown as it is after it was read once; p NULL: it is read as another number of blocks. */
struct str doc_settled(struct arena *a, struct str text);
/* Markdown as a document (doc_read_markdown.c). base: the document that the text was made of, or NULL: a block of which
   the words are as they were is taken from there whole, and so are cards. ST_TOO_LARGE. */
enum status doc_from_markdown(struct arena *a, struct str text, const json_t *base, json_t **out,
                              struct err *e) MUST_CHECK;

#endif
