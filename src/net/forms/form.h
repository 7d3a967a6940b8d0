/* SPDX-License-Identifier: Apache-2.0
 *
 * Small texts that a client fills in: application/x-www-form-urlencoded (WHATWG URL 5.1, read strictly) and the Cookie
 * header (RFC 6265 4.2, read leniently, as other servers of the same domain may have set cookies that are none of
 * ours).
 */
#ifndef GH_NET_FORM_H
#define GH_NET_FORM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct form_field { struct str name, value; };
struct form { const struct form_field *list; unsigned count; };

#define FORM_FIELDS_MAX 1000

/* Decoded fields in the order sent; the text in the arena. Empty pieces ("a=1&&b=2") are passed over. ST_INVALID:
   broken percent-encoding, NUL, invalid UTF-8. ST_TOO_LARGE: more than max_fields. Empty input: no fields. */
enum status form_parse(struct arena *a, struct str in, unsigned max_fields, struct form *out, struct err *e) MUST_CHECK;
/* First value of that name; p NULL when there is none. */
struct str form_get(const struct form *f, const char *name);

/* Next pair of a Cookie header's value; ill-formed pairs are passed over. False at the end. Values lose the quotes
   around them; nothing is decoded. The slices point into the header. */
bool cookie_next(struct str *rest, struct str *name, struct str *value);
/* First cookie of that name; p NULL when there is none. */
struct str cookie_get(struct str header, const char *name);

/* A header value with parameters: `type/subtype; name=value; name="quoted \"value\""` (RFC 9110 5.6.6). */
struct header_params { struct str rest; };
/* The part before the first ';', trimmed, and the rest for header_param_next. */
struct str header_main(struct str value, struct header_params *params);
/* 1: a parameter (name as sent; value unquoted, in the arena when it had escapes), 0: no more, −1: ill-formed. */
int header_param_next(struct arena *a, struct header_params *p, struct str *name, struct str *value);

bool is_token(struct str s); /* RFC 9110 5.6.2, not empty */

#endif
