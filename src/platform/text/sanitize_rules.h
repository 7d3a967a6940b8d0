/* SPDX-License-Identifier: Apache-2.0
 *
 * The sanitiser's allow-lists (sanitize_rules.c) as its walk (sanitize.c) sees them. Private to the two.
 */
#ifndef GH_PLATFORM_SANITIZE_RULES_H
#define GH_PLATFORM_SANITIZE_RULES_H

#include <gumbo.h>

#include "platform/text/sanitize.h"

enum element_action {
	ELEMENT_UNWRAP, /* the default: its children stay */
	ELEMENT_BREAK,  /* unwrapped, its text kept apart from what stands around it */
	ELEMENT_DROP,   /* with all it holds */
	ELEMENT_KEEP,
	ELEMENT_VOID,   /* kept; has no end tag */
	ELEMENT_EMBED,  /* iframe, embed: of a listed host, or made a link */
	ELEMENT_OBJECT, /* the same, by its data or a parameter; what it holds stands in for it */
	ELEMENT_MEDIA,  /* source, track: only inside audio or video */
};

enum attr_kind {
	ATTR_TEXT,
	ATTR_FLAG,    /* written without a value */
	ATTR_NUMBER,  /* up to 9 digits, a sign in front allowed */
	ATTR_WORD,    /* one of `words` */
	ATTR_LINK,    /* html_scheme_is_link; relative for our own authors */
	ATTR_SOURCE,  /* http, https or relative: what the page loads */
	ATTR_SRCSET,
	ATTR_CLASS,
	ATTR_ID,
	ATTR_REL,
	ATTR_ALIGN,   /* also from style="text-align: …", which Markdown renderers write */
};

struct attr_rule {
	const char *name; /* NULL ends a table */
	enum attr_kind kind;
	const char *words; /* ATTR_WORD: space separated */
};

struct element_rule {
	enum element_action action;
	const struct attr_rule *attrs; /* besides the policy's global ones; may be NULL */
	const char *fixed;             /* attributes that it always gets; may be NULL */
};

/* What the policy does with that element; never NULL. */
const struct element_rule *sanitize_element(enum sanitize_policy p, GumboTag tag);
/* Attributes that every element of the policy may have; ends with a row without a name. */
const struct attr_rule *sanitize_global_attrs(enum sanitize_policy p);
/* Does a browser start a new line for it? */
bool sanitize_is_block(GumboTag tag);
/* Parts of Ghost's cards that are dead without Ghost's own script. */
bool sanitize_is_dead_chrome(const GumboElement *el);

/* Append ` name="value"` when the element has the attribute and its value passes. */
void sanitize_put_attr(struct buf *out, enum sanitize_policy p, const struct attr_rule *rule, const GumboElement *el);

/* A frame's address, or an old player's, rewritten to what we embed (privacy-friendly host) in *src; false when its
   host is not listed. */
bool sanitize_embed_src(struct buf *src, struct str url);
/* A link's address when it is absolute http(s) or "//host": cleaned; p NULL otherwise. */
struct str sanitize_absolute_url(struct str url);

#endif
