/* SPDX-License-Identifier: Apache-2.0
 *
 * Links from one service into another, made from base URLs only: so a service may move to another path, host or
 * process without a change in any page.
 */
#include "platform/core/web_url.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"

static struct str url_join(struct ctx *ctx, const char *service, bool absolute, struct str a, struct str b,
                           struct str c)
{
	const struct service_instance *here = ctx->svc;
	const struct service_instance *there = here ? platform_service(here->platform, service) : NULL;
	if (!there) {
		LOG(WARN, ctx, "web.url", LS("service", service));
		return STR("/");
	}
	size_t here_origin = here->base_url.n - here->base_path.n,
	       there_origin = there->base_url.n - there->base_path.n;
	bool same = here == there ||
	        str_eq(str_first(here->base_url, here_origin), str_first(there->base_url, there_origin));
	struct str base = absolute || !same ? there->base_url : there->base_path;
	/* The front page of a service below a path is that path. */
	if (there->base_path.n && a.n == 1 && a.p[0] == '/' && !b.n && !c.n)
		a.n = 0;
	struct buf url;
	buf_text(&url, ctx->arena);
	buf_reserve(&url, base.n + a.n + b.n + c.n);
	buf_putstr(&url, base);
	buf_putstr(&url, a);
	buf_putstr(&url, b);
	buf_putstr(&url, c);
	return buf_str(&url);
}

static struct str vjoin(struct ctx *ctx, const char *service, bool absolute, const char *fmt, va_list ap)
{
	char few[256], *path = few;
	va_list again;
	if (!strchr(fmt, '%'))
		return url_join(ctx, service, absolute, str_c(fmt), STR(""), STR(""));
	va_copy(again, ap);
	int n = vsnprintf(few, sizeof few, fmt, ap);
	if (n >= (int)sizeof few) {
		path = arena_alloc(ctx->arena, (size_t)n + 1);
		vsnprintf(path, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	return url_join(ctx, service, absolute, str_n(path, (size_t)n), STR(""), STR(""));
}

struct str web_url(struct ctx *ctx, const char *service, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = vjoin(ctx, service, false, fmt, ap);
	va_end(ap);
	return s;
}

struct str web_abs_url(struct ctx *ctx, const char *service, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = vjoin(ctx, service, true, fmt, ap);
	va_end(ap);
	return s;
}

struct str web_url_around(struct ctx *ctx, const char *service, struct str before, struct str segment, struct str after)
{
	return url_join(ctx, service, false, before, segment, after);
}

struct str site_domain(const struct platform *p)
{
	struct str first = service_host(&p->services[0]), common = first;
	bool many = false;
	for (unsigned i = 1; i < p->service_count; i++) {
		struct str host = service_host(&p->services[i]);
		many |= !str_eq(host, first);
		while (common.n && !str_eq(host, common) &&
		        !(str_ends(host, common) && host.p[host.n - common.n - 1] == '.')) {
			ptrdiff_t dot = str_chr(common, '.');
			common = dot < 0 ? STR("") : str_skip(common, (size_t)dot + 1);
		}
	}
	return many && str_chr(common, '.') > 0 ? common : STR("");
}
