/* SPDX-License-Identifier: Apache-2.0
 *
 * `struct str`: a borrowed slice of bytes, usually UTF-8. Not NUL-terminated unless its maker says so. p == NULL
 * means "absent" (SQL NULL, a header that was not sent); an empty string has p != NULL and n == 0. Passed by value.
 */
#ifndef GH_BASE_STR_H
#define GH_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit) { "" lit, sizeof(lit) - 1 } /* for static initialisers */
#define STR_NULL ((struct str){ NULL, 0 })
#define STR_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

static inline struct str str_c(const char *c) { return c ? (struct str){ c, strlen(c) } : STR_NULL; }
static inline struct str str_n(const char *p, size_t n) { return (struct str){ p, n }; }
static inline struct str str_or_empty(struct str s) { return s.p ? s : STR(""); }
static inline bool str_eq(struct str a, struct str b) { return a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n)); }
static inline bool str_eqc(struct str a, const char *c) { return str_eq(a, str_c(c)); }

/* Comparing: whole, or at one end. */
bool str_ieq(struct str a, struct str b);   /* ASCII case folded */
bool str_ieqc(struct str a, const char *c);
int str_cmp(struct str a, struct str b);    /* bytewise, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Parts of s, which stay its maker's. */
struct str str_skip(struct str s, size_t n);  /* without the first n bytes (at most all) */
struct str str_first(struct str s, size_t n); /* the first n bytes (at most all) */
struct str str_trim(struct str s);            /* SP, HTAB, CR, LF, VT, FF at both ends */
/* Where needle or c stands first (rchr: last). */
ptrdiff_t str_find(struct str s, struct str needle); /* offset or -1 */
ptrdiff_t str_chr(struct str s, char c);             /* offset or -1 */
ptrdiff_t str_rchr(struct str s, char c);

/* Split off what stands before sep: *rest loses it and the separator. False, and *head = all, when there is no sep. */
bool str_cut(struct str *rest, char sep, struct str *head);
/* Iterate over fields: while (str_next(&rest, ',', &field)) … ; visits "a","" for "a,"; ends when rest.p is NULL. */
bool str_next(struct str *rest, char sep, struct str *field);

/* Is word one of a list whose parts stand between single spaces ("admin market.keeper", OAuth scopes)? */
bool str_has_word(struct str list, struct str word);

/* Whole string, decimal, no sign for u64, no space, no overflow. */
bool str_i64(struct str s, int64_t *out);
bool str_u64(struct str s, uint64_t *out);
bool str_f64(struct str s, double *out);

/* The value of a hexadecimal digit of either case; -1: c is none. */
int str_hex_value(char c);
/* n bytes as lower-case hexadecimal digits and a NUL: out holds 2n+1. Returns the place of the NUL. p may be the end of
 * out's own space, as each byte is read before its digits are written. */
char *str_hex(char *out, const void *p, size_t n);
/* "#rgb" (when brief is true) or "#rrggbb", in digits of either case? */
bool str_is_colour(struct str s, bool brief);

/* UTF-8 (RFC 3629): valid, counted in code points, cut at a code point without splitting one. */
bool str_utf8_valid(struct str s);
size_t str_utf8_len(struct str s);
struct str str_utf8_first(struct str s, size_t code_points);
struct str str_utf8_fit(struct str s, size_t bytes); /* as much as fits in so many, no character at the end in part */
/* Is there a character that turns the direction of what stands after it (UAX 9: U+202A to U+202E, U+2066 to U+2069)? A
   name with one reads as another, and turns round the words beside it. */
bool str_utf8_turns(struct str s);
/* After a format was cut to its room: text loses the part of a character that it may end with. Stores refuse such. */
void str_utf8_end(char *text);
/* As much of a text of that format as fits into room bytes with its NUL, no character at the end in part. */
__attribute__((format(printf, 3, 4))) void str_print(char *out, size_t room, const char *fmt, ...);
/* As much of a text of somebody else's as a message shows. */
#define STR_SHOWN_MAX 100
static inline struct str str_shown(struct str s)
{
	return str_utf8_fit(s, STR_SHOWN_MAX);
}

/* The bytes that base64 text stands for, at most room of them; variant: sodium_base64_VARIANT_…. False: not strictly
 * that. */
bool str_base64(struct str text, int variant, void *out, size_t room, size_t *n);

uint64_t str_hash(struct str s); /* keyed SipHash-2-4; the key is random per process: never store it */

#endif
