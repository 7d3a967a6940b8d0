/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding a service by name, and where it is, apart from the assembly: what only needs this does not link all of the
 * platform.
 */
#include "platform/core/service.h"

enum rate_class route_rate(const struct route *r)
{
	bool reads = !strcmp(r->method, "GET") || !strcmp(r->method, "OPTIONS");
	return r->rate != RATE_USUAL ? r->rate : reads ? RATE_READ : RATE_WRITE;
}

struct service_instance *platform_service(struct platform *p, const char *name)
{
	for (unsigned i = 0; i < p->service_count; i++)
		if (!strcmp(p->services[i].def->name, name))
			return &p->services[i];
	return NULL;
}

bool platform_has(struct platform *p, const char *name)
{
	const struct service_instance *s = platform_service(p, name);
	return s && (s->local || s->remote_url.n);
}

struct str service_origin(const struct service_instance *s)
{
	return str_first(s->base_url, s->base_url.n - s->base_path.n);
}

struct str service_host(const struct service_instance *s)
{
	struct str origin = service_origin(s);
	ptrdiff_t at = str_find(origin, STR("://"));
	struct str host = str_skip(origin, at < 0 ? 0 : (size_t)at + 3);
	ptrdiff_t colon = str_rchr(host, ':');
	return colon >= 0 && str_chr(str_skip(host, (size_t)colon), ']') < 0 ? str_first(host, (size_t)colon) : host;
}
