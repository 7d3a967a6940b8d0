/* SPDX-License-Identifier: Apache-2.0
 *
 * Results and their explanations. A function that can fail returns `enum status`; where more can be said it
 * takes a caller's `struct err`, which it fills on failure and leaves untouched on success. NULL is a valid
 * `struct err *` everywhere: the caller does not want the detail.
 */
#ifndef GH_BASE_ERR_H
#define GH_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

enum status {
#define X(name, http, slug, retry, level, title) ST_##name,
#include "base/errors.def"
#undef X
	ST_COUNT
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

struct err {
	enum status status;
	char msg[480]; /* a sentence for a person; may be shown to the client when http < 500 */
};

struct status_info {
	const char *name; /* "NOT_FOUND" */
	int http;
	const char *slug;
	bool retry;
	int level; /* enum log_level */
	const char *title;
};

/* The row of errors.def; never NULL. */
const struct status_info *status_info(enum status s);

/* Fill *e (when not NULL) and return s, so that failing is one statement: return err_set(e, ST_X, "…"). */
enum status err_set(struct err *e, enum status s, const char *fmt, ...) PRINTF_LIKE(3, 4);
enum status err_vset(struct err *e, enum status s, const char *fmt, va_list ap);

/* Put "what: " before the message that is already there; returns e's status (or s, when e is NULL). */
enum status err_wrap(struct err *e, enum status s, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, with strerror(errno) appended. */
enum status err_errno(struct err *e, enum status s, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define TRY(expr)                                                                                             \
	do {                                                                                                  \
		enum status try_st_ = (expr);                                                                 \
		if (try_st_ != ST_OK)                                                                         \
			return try_st_;                                                                       \
	} while (0)

#endif
