/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON (RFC 8259): reading through jansson with bounds of our own, writing without a tree.
 *
 * Reading refuses nesting deeper than asked, duplicate member names (I-JSON, RFC 7493 2.3), invalid UTF-8 and U+0000.
 */
#ifndef GH_PLATFORM_JSON_H
#define GH_PLATFORM_JSON_H

#include <jansson.h>

#include "base/buf.h"

enum { JSON_DEPTH = 32 };

/* The value, owned by the caller (json_decref), or NULL with ST_INVALID in *e, the place in its message; ST_NOMEM. */
/* text without "\\u0000", which is valid JSON and a character that no text here may have; *count is raised by how many
   there were. In a, or text itself. */
struct str json_without_nul(struct arena *a, struct str text, size_t *count);
json_t *json_parse(struct str text, unsigned max_depth, struct err *e);

#define SCOPED_JSON __attribute__((cleanup(json_decrefp))) json_t /* json_decrefp: jansson's own */

/* As text without blanks, in a; p NULL: no memory, or j NULL. */
struct str json_text(struct arena *a, const json_t *j);

/* A string literal with its quotes. Bytes that are not UTF-8 become U+FFFD, so that the result is always JSON. */
void json_put_str(struct buf *b, struct str s);

/* ,"name":"value" of an object, without the comma after its opening brace; an absent text is "". name is ours: not
 * escaped. */
void json_put_member(struct buf *b, const char *name, struct str value);

/* A text member, borrowed from j; p NULL when absent or not a string. */
struct str json_str(const json_t *j, const char *member);

#endif
