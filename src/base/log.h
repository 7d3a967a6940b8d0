/* SPDX-License-Identifier: Apache-2.0
 *
 * Structured log. One event, a stable dotted name, typed fields:
 *
 *     LOG(INFO, ctx, "import.done", LI("posts", n), LS("file", path));
 *
 * JSON lines on standard error in production, colours on a terminal. The request id and the trace of ctx (may be
 * NULL) are added. Thread-safe; one write(2) per line. Never log secrets, bodies or e-mail addresses.
 */
#ifndef GH_BASE_LOG_H
#define GH_BASE_LOG_H

#include <stdint.h>

#include "base/str.h"

struct ctx;

enum log_level { LOG_TRACE, LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_AUTO, LOG_JSON, LOG_TEXT };

struct log_field {
	const char *key;
	enum { LOG_F_STR, LOG_F_INT, LOG_F_NUM } kind;
	union { struct str s; int64_t i; double d; };
};

#define LS(k, cstr) ((struct log_field){ .key = (k), .kind = LOG_F_STR, .s = str_c(cstr) })
#define LT(k, str_) ((struct log_field){ .key = (k), .kind = LOG_F_STR, .s = (str_) })
#define LI(k, v) ((struct log_field){ .key = (k), .kind = LOG_F_INT, .i = (int64_t)(v) })
#define LD(k, v) ((struct log_field){ .key = (k), .kind = LOG_F_NUM, .d = (v) })

/* What LOG calls: n fields at f; ctx may be NULL. */
void log_write(enum log_level l, const struct ctx *ctx, const char *event, const struct log_field *f, unsigned n);
extern enum log_level log_threshold;

#define LOG(level, ctx, event, ...)                                                                           \
	do {                                                                                                  \
		if (LOG_##level >= log_threshold) {                                                           \
			const struct log_field log_f_[] = { { .key = "", .kind = LOG_F_INT }, ##__VA_ARGS__ }; \
			log_write(LOG_##level, (ctx), (event), log_f_ + 1,                                    \
			          (unsigned)(sizeof log_f_ / sizeof *log_f_) - 1);                            \
		}                                                                                             \
	} while (0)

/* Lines below threshold are not written. Before any other thread runs. */
void log_setup(enum log_level threshold, enum log_format format);
bool log_level_parse(struct str s, enum log_level *out); /* "debug", "info", … */

#endif
