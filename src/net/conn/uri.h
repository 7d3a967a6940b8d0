/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a request target (RFC 3986) as the server needs them.
 */
#ifndef GH_NET_URI_H
#define GH_NET_URI_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* Every '%' is followed by two hexadecimal digits (RFC 3986 2.1). */
bool uri_percent_valid(struct str s);
/* Percent-decode once and remove dot segments (RFC 3986 5.2.4), those included that were written with %2e or whose
   slash was %2f: what is looked up is what was checked. *out is a slice of raw when there is nothing to do. False: no
   leading slash, bad percent-encoding, a NUL, or not UTF-8. */
bool uri_path(struct arena *a, struct str raw, struct str *out);

#endif
