/* SPDX-License-Identifier: Apache-2.0
 *
 * The languages that people choose among.
 */
#ifndef GH_PLATFORM_LANGUAGE_H
#define GH_PLATFORM_LANGUAGE_H

#include "base/str.h"

struct language { const char *tag /* BCP 47 */, *name /* its own */; };
extern const struct language languages[];
extern const size_t language_count;
struct str language_name(struct str tag); /* "" for one that is not among them */

#endif
