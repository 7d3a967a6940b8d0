/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Canonicalization Scheme (RFC 8785): one sequence of bytes for each JSON value, so that it can be hashed and
 * signed. Members sorted by UTF-16 code units, no white space, numbers as ECMAScript writes them (ECMA-262 6.1.6.1.20).
 */
#ifndef GH_PLATFORM_JCS_H
#define GH_PLATFORM_JCS_H

#include "platform/text/json.h"

/* The largest integer that every reader of JSON keeps (RFC 7493 2.2). */
#define JCS_INT_MAX ((INT64_C(1) << 53) - 1)

/* Appends to out. ST_INVALID: an integer beyond JCS_INT_MAX, which would not survive; ST_TOO_LARGE: out's maximum. */
enum status jcs_put(struct buf *out, const json_t *value, struct err *e) MUST_CHECK;
/* A string literal with its quotes; s is valid UTF-8. */
void jcs_put_str(struct buf *out, struct str s);
/* A finite number, as ECMAScript writes it. NUL-terminated; returns its length. */
#define JCS_NUMBER_MAX 32
size_t jcs_number(double v, char out[JCS_NUMBER_MAX]);

#endif
