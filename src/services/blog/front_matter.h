/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands between two lines "---" at the head of a Markdown file, in YAML: who and when a text is.
 */
#ifndef GH_SERVICES_BLOG_FRONT_MATTER_H
#define GH_SERVICES_BLOG_FRONT_MATTER_H

#include "base/arena.h"
#include "base/err.h"

#define FRONT_MATTER_MAX   ((size_t)64 << 10) /* bytes of it */
#define FRONT_MATTER_TAGS  100                /* topics of one text */
#define FRONT_MATTER_OTHER 32                 /* other names that are told; further ones are not */

struct front_matter {
	struct str title, slug; /* p NULL: not said */
	struct str date;        /* as it was written; p NULL: none */
	int64_t at;             /* of date */
	bool draft;
	struct str *tags;
	size_t tag_count;
	struct str *other;      /* names that mean nothing here */
	size_t other_count;
};

/* text: a whole file. *body is what stands behind the front matter, or all of it where there is none. Everything lives
   in a. ST_INVALID with the line: it is no YAML, or a value is none of its kind; ST_TOO_LARGE. */
enum status front_matter_read(struct arena *a, struct str text, struct front_matter *out, struct str *body,
                              struct err *e) MUST_CHECK;

#endif
