/* SPDX-License-Identifier: Apache-2.0
 *
 * The letters of files that people bring: UTF-8 with or without a mark, UTF-16, Windows' Latin letters.
 */
#ifndef GH_PLATFORM_CHARSET_H
#define GH_PLATFORM_CHARSET_H

#include "base/buf.h"

/* A file of at most `most` bytes as UTF-8, without its mark: the file's own bytes, or in a. ST_INVALID: half
   characters, a mark that does not fit, a NUL (with its line). */
enum status charset_utf8(struct arena *a, struct str file, size_t most, struct str *out, struct err *e) MUST_CHECK;

#endif
