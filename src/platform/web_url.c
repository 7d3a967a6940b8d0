/* SPDX-License-Identifier: Apache-2.0
 *
 * Links from one service into another, made from base URLs only: so a service may move to another path, host or
 * process without a change in any page.
 */
#include <stdio.h>

#include "base/log.h"
#include "platform/web.h"

static struct str join(struct ctx *ctx, const char *service, bool absolute, const char *fmt, va_list ap)
{
	const struct service_instance *here = ctx->svc;
	const struct service_instance *there = here ? platform_service(here->platform, service) : NULL;
	char path[2048];
	int n = vsnprintf(path, sizeof path, fmt, ap);
	if (!there || n < 0 || n >= (int)sizeof path) {
		LOG(WARN, ctx, "web.url", LS("service", service), LI("length", n));
		return STR("/");
	}
	struct str base = there->base_path;
	size_t here_origin = here->base_url.n - here->base_path.n, there_origin = there->base_url.n - there->base_path.n;
	if (absolute || !str_eq(str_first(here->base_url, here_origin), str_first(there->base_url, there_origin)))
		base = there->base_url;
	/* The front page of a service below a path is that path. */
	if (n == 1 && path[0] == '/' && there->base_path.n)
		n = 0;
	char *out = arena_alloc(ctx->arena, base.n + (size_t)n + 1);
	memcpy(out, base.p, base.n);
	memcpy(out + base.n, path, (size_t)n);
	out[base.n + (size_t)n] = 0;
	return str_n(out, base.n + (size_t)n);
}

struct str web_url(struct ctx *ctx, const char *service, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = join(ctx, service, false, fmt, ap);
	va_end(ap);
	return s;
}

struct str web_abs_url(struct ctx *ctx, const char *service, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = join(ctx, service, true, fmt, ap);
	va_end(ap);
	return s;
}
