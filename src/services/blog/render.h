/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of body.c: the state of one rendering, shared by the Lexical and Mobiledoc walkers and the cards. Included by
 * lexical.c, mobiledoc.c, cards.c, body.c and the card templates; nobody else.
 */
#ifndef GH_SERVICES_BLOG_RENDER_H
#define GH_SERVICES_BLOG_RENDER_H

#include <jansson.h>

#include "platform/text/sanitize.h"
#include "services/blog/body.h"

enum audience { AUDIENCE_VISITOR, AUDIENCE_MEMBER, AUDIENCE_PAYING };

struct heading_id { struct str slug; unsigned count; };

struct render {
	struct arena *a;
	const struct body_options *opt;
	struct buf *out;
	enum audience audience;
	bool to_paywall;   /* stop at the mark */
	bool stopped;      /* … reached */
	bool saw_gate, saw_paywall;
	bool legacy_ids;   /* of headings: by the rule of Ghost 3 and before */
	unsigned markdowns; /* texts so far */
	unsigned nodes, images;
	struct sanitize_told told; /* what foreign HTML lost */
	struct heading_id *ids;
	unsigned id_count, id_cap;
	struct str *notes; /* BODY_NOTES_MAX of them, shared by all audiences */
	unsigned *note_count;
	struct err *err;   /* first failure */
	enum status status;
};

/* Into r->out, for r->audience: a document of either editor (borrowed), or the text of a markdown card. Failures are in
   r->status and r->err. */
void lexical_render(struct render *r, json_t *doc);
void mobiledoc_render(struct render *r, json_t *doc);
void render_markdown(struct render *r, struct str source);

/* --- writing --- */
struct el_attr { const char *name; struct str value; };
void el_open(struct buf *b, const char *name, const struct el_attr *attrs, size_t n);
void el_close(struct buf *b, const char *name);
/* src, srcset, sizes, width, height, lazy loading: the one way an image gets into a body. */
struct safe_html render_img(struct render *r, const struct blog_image *im, const char *cls, const char *sizes);
void render_note(struct render *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool render_count(struct render *r); /* one node more; false: too many, r->status says so */
/* As much of a heading's text as its id is made of: more is appended to text as far as it fits. */
#define HEADING_TEXT_MAX 1024
void render_heading_text(struct buf *text, struct str more);
enum heading_source { HEADING_OF_EDITOR, HEADING_OF_MARKDOWN };
/* The id that Ghost gave a heading of that text, so that links to it go on leading there; in r->a, p NULL: none, as
   past HEADING_IDS_MAX, which is noted. The second of two alike gets "-1". */
struct str render_heading_id(struct render *r, struct str text, enum heading_source from);
struct safe_html render_foreign(struct render *r, struct str html);       /* blocks of HTML, through the sanitiser */
struct safe_html render_foreign_line(struct render *r, struct str html);  /* a line of it */
struct str render_without_spans(
        struct arena *a, struct str safe); /* the wrappers of the editor, in what the sanitiser wrote */
struct str render_url(struct render *r, struct str url);

/* --- cards: what templates ask --- */
struct card { struct render *r; json_t *j; };
bool card_render(struct render *r, const char *name, json_t *payload); /* false: nobody knows this name */
struct str card_text(const struct card *k, const char *key);           /* empty when absent or not text */
struct str card_url(const struct card *k, const char *key);
struct str card_file(const struct card *k, const char *key);            /* the same, or where it is stored here */
struct safe_html card_line(const struct card *k, const char *key);     /* field of HTML, one line */
struct safe_html card_blocks(const struct card *k, const char *key);   /* field of HTML, paragraphs */
bool card_has(const struct card *k, const char *key);                  /* text that is more than blank */
int64_t card_int(const struct card *k, const char *key);
bool card_bool(const struct card *k, const char *key, bool fallback);
/* The value when it is one of the words, else the first word. */
struct str card_choice(const struct card *k, const char *key, const char *words);
struct card card_sub(const struct card *k, const char *key);
struct safe_html card_img(const struct card *k, const char *src, const char *width, const char *height, const char *cls,
        const char *sizes);
struct str card_bytes(const struct card *k, const char *key);    /* "1.4 MB" */
struct str card_duration(const struct card *k, const char *key); /* "3:07" */

const char *card_sizes(struct str width); /* of "regular", "wide", "full" */

struct gallery_row { const struct card *images; size_t count; };
struct gallery { const struct gallery_row *rows; size_t count; };
/* The images of a gallery card in rows of at most three, in the arena of k->r. */
struct gallery card_gallery(const struct card *k);

#endif
