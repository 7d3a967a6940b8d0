/* SPDX-License-Identifier: Apache-2.0
 *
 * From what an editor wrote to HTML that may be shown: Lexical (Ghost 5, 6), Mobiledoc (Ghost 1 to 5), HTML, Markdown.
 * Done once per revision, when it is written. Everything here is hostile input: JSON depth, node count and output are
 * bounded.
 *
 * Safe by construction: elements and cards come from our own templates (cards/templates/cards.html), which escape what
 * they are given; fields that hold HTML (captions, HTML and Markdown cards, HTML bodies) pass the sanitiser one by one.
 * What is made here is therefore `struct safe_html`.
 */
#ifndef GH_SERVICES_BLOG_BODY_H
#define GH_SERVICES_BLOG_BODY_H

#include "platform/text/sanitize.h"
#include "platform/text/words.h"
#include "services/blog/store.h"

#define BODY_SOURCE_MAX (8u << 20)  /* bytes of one body */
#define BODY_HTML_MAX SANITIZE_INPUT_MAX /* its text is taken from its HTML by the sanitiser */
#define BODY_DEPTH_MAX 200          /* JSON nesting */
#define BODY_NODES_MAX 100000
#define BODY_NOTES_MAX 32
#define BODY_EXCERPT_MAX 300 /* characters of an excerpt that is made of the text */

enum body_format { BODY_LEXICAL, BODY_MOBILEDOC, BODY_HTML, BODY_MARKDOWN };
const char *body_format_name(enum body_format f); /* as in revisions.format */

struct body_options {
	struct str site_url; /* the address that absolute links of the source begin with, no slash at the end; may be
	                        empty */
	/* The stored image behind an address of the source (already without site_url); false: not ours. NULL: none are.
	 */
	bool (*image)(void *arg, struct str url, struct blog_image *out);
	/* The address of what stood at that path ("/archive/") there, where it has another here; else path. NULL: all
	   are as they were. */
	struct str (*moved)(void *arg, struct str path);
	void *arg;
};

struct body {
	enum body_format format;      /* what it was rendered from: BODY_HTML when the fall-back had to serve */
	struct safe_html html;        /* all of it */
	struct safe_html member;      /* s.p NULL: as html */
	struct safe_html visitor;     /* s.p NULL: as html */
	struct safe_html preview;     /* what comes before the paywall; s.p NULL: there is no mark */
	struct str plain;             /* text of what a visitor may read of a public post */
	struct str plain_preview;     /* text of preview; empty without */
	int64_t words;
	int reading_min; /* 275 words a minute, 12 s for the first image, a second less for each next, never under 3 */
	const struct str *notes;      /* sentences about what could not be kept */
	unsigned note_count;
};

/* fallback: HTML that the source's own system made of it; used when the source can't be read. STR_NULL: none, then
   ST_INVALID (not a document) or ST_TOO_LARGE. */
enum status body_render(struct arena *a, enum body_format format, struct str source, struct str fallback,
                        const struct body_options *opt, struct body *out, struct err *e) MUST_CHECK;

/* A line of HTML as captions have it: sanitised, editor's wrappers removed. */
enum status body_inline(struct arena *a, struct str html, const struct body_options *opt, struct safe_html *out,
                        struct err *e) MUST_CHECK;

/* An address of the source as this site has it: the old site's own become root-relative, Ghost's overlays become pages.
 */
struct str body_url(struct arena *a, const struct body_options *opt, struct str url);

/* The platform's (platform/text/words.h). */
static inline struct str body_excerpt(struct arena *a, struct str plain, size_t max)
{
	return text_excerpt(a, plain, max);
}
static inline struct str body_slug(struct arena *a, struct str text) { return text_slug(a, text); }

/* "12 KB"; "" for 0 and less. In a. */
struct str body_size_text(struct arena *a, int64_t bytes);

#endif
