/* SPDX-License-Identifier: Apache-2.0
 *
 * Normal forms, folding and stripping of Unicode text: utf8proc's, into an arena.
 */
#ifndef GH_PLATFORM_UNICODE_H
#define GH_PLATFORM_UNICODE_H

#include "base/arena.h"
#include "base/str.h"

/* s with options of utf8proc_map (UTF8PROC_COMPOSE | …), in a; p NULL: s is not UTF-8, or memory is out. What the
   library wrote meanwhile is wiped and given back, also when a has no more room and the request ends here: s may be a
   password. */
struct str unicode_mapped(struct arena *a, struct str s, int options);

#endif
