/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of errors.def and the one place where an error's sentence is put together.
 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/lang.h"
#include "base/log.h"

static const struct status_info infos[ST_COUNT] = {
#define X(NAME, http_, slug_, retry_, level_, title_)                                                                  \
	[ST_##NAME] = { #NAME, http_, slug_, retry_, LOG_##level_, title_ },
#include "base/errors.def"
#undef X
};

const struct status_info *status_info(enum status s)
{
	return (unsigned)s < ST_COUNT ? &infos[s] : &infos[ST_INTERNAL];
}

enum status err_vset(struct err *e, enum status s, const char *fmt, va_list ap)
{
	assert(s != ST_OK);
	if (!e)
		return s;
	/* By way of a copy: the arguments may point into e->msg. */
	char msg[sizeof e->msg];
	int n = vsnprintf(msg, sizeof msg, tr(fmt), ap);
	if (n >= (int)sizeof msg)
		memcpy(msg + str_utf8_fit(str_c(msg), sizeof msg - sizeof "...").n, "...", sizeof "...");
	memcpy(e->msg, msg, n < 0 ? 1 : strlen(msg) + 1);
	if (n < 0)
		e->msg[0] = 0;
	e->status = s;
	return s;
}

enum status err_set(struct err *e, enum status s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	s = err_vset(e, s, fmt, ap);
	va_end(ap);
	return s;
}

enum status err_wrap(struct err *e, enum status s, const char *fmt, ...)
{
	if (!e)
		return s;
	char what[sizeof e->msg];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(e, e->status != ST_OK ? e->status : s, "%s: %s", what, e->msg);
}

enum status err_errno(struct err *e, enum status s, const char *fmt, ...)
{
	int saved = errno;
	char what[sizeof e->msg], why[128];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	s = err_set(e, s, "%s: %s", what, strerror_r(saved, why, sizeof why));
	errno = saved;
	return s;
}
