/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GH_NET_BROTLI_H
#define GH_NET_BROTLI_H

#include "base/str.h"

/* Text in one go, at that quality (0 to 11) and window (10 to 24 bits), into room bytes at out. Returns how many it
   took; 0: it did not fit, or there was no memory for it. Any thread. */
size_t brotli_compress(int quality, int window, struct str in, char *out, size_t room);

#endif
