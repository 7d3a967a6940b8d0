/* SPDX-License-Identifier: Apache-2.0
 *
 * A line is put together in a buffer of the thread (a fiber never switches inside log_write, and 8 KiB would be much of
 * its stack) and handed over with one write(2), so that lines of different threads never mix. What does not fit is
 * left out and said so: "truncated". Control characters are escaped in both formats: a value can neither start a
 * line of its own nor command a terminal.
 */
#include "base/log.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ctx.h"

enum { LINE_MAX_BYTES = 8192, VALUE_MAX = 2048, TAIL = 32 };

enum log_level log_threshold = LOG_INFO;
static _Atomic enum log_format format = LOG_AUTO; /* found out at the first line, by whichever thread writes it */

static const char *const level_names[] = { "trace", "debug", "info", "warn", "error" };

static enum log_format format_of(enum log_format f)
{
	if (f != LOG_AUTO)
		return f;
	return isatty(STDERR_FILENO) ? LOG_TEXT : LOG_JSON;
}

void log_setup(enum log_level threshold, enum log_format f)
{
	log_threshold = threshold;
	format = format_of(f);
}

bool log_level_parse(struct str s, enum log_level *out)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++)
		if (str_ieqc(s, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

struct log_text {
	char *p;
	size_t len, max;
	bool full;
};

static void line_put(struct log_text *l, const char *p, size_t n)
{
	if (l->full || n > l->max - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->p + l->len, p, n);
	l->len += n;
}

static void putz(struct log_text *l, const char *c)
{
	line_put(l, c, strlen(c));
}

static void putf(struct log_text *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void putf(struct log_text *l, const char *fmt, ...)
{
	char tmp[96];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(tmp, sizeof tmp, fmt, ap);
	va_end(ap);
	if (n > 0)
		line_put(l, tmp, (size_t)n < sizeof tmp ? (size_t)n : sizeof tmp - 1);
}

static void put_escaped(struct log_text *l, struct str s)
{
	s = str_utf8_fit(s, VALUE_MAX);
	bool valid = str_utf8_valid(s);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			line_put(l, (char[]){ '\\', (char)c }, 2);
		else if (c == '\n')
			putz(l, "\\n");
		else if (c < 0x20 || c == 0x7f)
			putf(l, "\\u%04x", c);
		else if (c >= 0x80 && !valid)
			putz(l, "\\ufffd");
		else
			line_put(l, (char *)&c, 1);
	}
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
			return true;
	}
	return s.n == 0;
}

static void put_value(struct log_text *l, const struct log_field *f, bool json)
{
	switch (f->kind) {
	case LOG_F_INT:
		putf(l, "%lld", (long long)f->i);
		break;
	case LOG_F_NUM:
		if (isfinite(f->d))
			putf(l, "%.6g", f->d);
		else
			putz(l, "null");
		break;
	case LOG_F_STR:
		if (!f->s.p) {
			putz(l, "null");
			break;
		}
		bool quotes = json || needs_quotes(f->s);
		if (quotes)
			putz(l, "\"");
		put_escaped(l, f->s);
		if (quotes)
			putz(l, "\"");
		break;
	}
}

static void json_line(struct log_text *l, enum log_level level, const struct ctx *ctx, const char *event,
                      const struct log_field *f, unsigned n)
{
	char now[CLOCK_TEXT_MAX], trace[TRACEPARENT_LEN + 1];
	clock_rfc3339(clock_now_us(), now);
	putf(l, "{\"t\":\"%s\",\"level\":\"%s\",\"event\":\"", now, level_names[level]);
	put_escaped(l, str_c(event));
	putz(l, "\"");
	if (ctx) {
		ctx_traceparent(ctx, trace);
		putz(l, ",\"request\":\"");
		put_escaped(l, str_c(ctx->request_id));
		putf(l, "\",\"trace\":\"%.32s\",\"span\":\"%.16s\"", trace + 3, trace + 36);
	}
	size_t whole = l->len;
	for (unsigned i = 0; i < n && !l->full; i++) {
		putz(l, ",\"");
		put_escaped(l, str_c(f[i].key));
		putz(l, "\":");
		put_value(l, &f[i], true);
		if (!l->full)
			whole = l->len;
	}
	l->max += TAIL;
	if (l->full) {
		l->len = whole;
		l->full = false;
		putz(l, ",\"truncated\":true");
	}
	putz(l, "}\n");
}

static void text_line(struct log_text *l, enum log_level level, const struct ctx *ctx, const char *event,
                      const struct log_field *f, unsigned n)
{
	static const char *const colour[] = { "\033[2m", "\033[36m", "\033[32m", "\033[33m", "\033[31m" };
	struct civil t;
	int64_t us = clock_now_us();
	clock_civil_utc(us, &t);
	putf(l, "\033[2m%02d:%02d:%02d.%03d\033[0m %s%-5s\033[0m \033[1m", t.hour, t.minute, t.second,
	     (int)(us / 1000 % 1000), colour[level], level_names[level]);
	put_escaped(l, str_c(event));
	putz(l, "\033[0m");
	size_t whole = l->len;
	for (unsigned i = 0; i < n && !l->full; i++) {
		putz(l, " \033[2m");
		put_escaped(l, str_c(f[i].key));
		putz(l, "=\033[0m");
		put_value(l, &f[i], false);
		if (!l->full)
			whole = l->len;
	}
	if (ctx)
		putf(l, " \033[2m%s\033[0m", ctx->request_id);
	l->max += TAIL;
	if (l->full) {
		l->len = whole;
		l->full = false;
		putz(l, " … truncated");
	}
	putz(l, "\n");
}

void log_write(enum log_level level, const struct ctx *ctx, const char *event, const struct log_field *f, unsigned n)
{
	static _Thread_local char bytes[LINE_MAX_BYTES];
	struct log_text l = { .p = bytes, .max = sizeof bytes - TAIL };
	int saved = errno;
	if (format == LOG_AUTO)
		format = format_of(LOG_AUTO);
	(format == LOG_TEXT ? text_line : json_line)(&l, level, ctx, event, f, n);
	/* A log that can not be written is no reason to fail; a signal is a reason to try again. */
	while (write(STDERR_FILENO, l.p, l.len) < 0 && errno == EINTR)
		continue;
	errno = saved;
}
