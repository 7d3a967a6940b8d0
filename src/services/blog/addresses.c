/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/addresses.h"

#include "platform/boot/platform.h"

/* Is base + pattern the path, but for a slash at its end? */
static bool is_pattern_of(const struct route *routes, struct str base, struct str path)
{
	for (const struct route *r = routes; r && r->method && str_starts(path, base); r++) {
		struct str pattern = str_c(r->pattern), rest = str_skip(path, base.n);
		if (str_ends(pattern, STR("/")))
			pattern.n--;
		if (str_eq(pattern, rest))
			return true;
	}
	return false;
}

bool blog_is_own_address(struct arena *a, const struct service_instance *blog, struct str slug)
{
	if (!blog || !blog->platform || !slug.n)
		return false;
	const struct platform *p = blog->platform;
	struct str path = arena_strf(a, "%.*s/%.*s", STR_ARG(blog->base_path), STR_ARG(slug));
	bool found = false;
	for (const struct route *const *own = platform_routes; *own; own++)
		found |= is_pattern_of(*own, STR(""), path);
	for (unsigned i = 0; i < p->service_count && !found; i++) {
		const struct service_instance *s = &p->services[i];
		bool here = str_eq(service_origin(s), service_origin(blog));
		found = here && ((s != blog && str_eq(s->base_path, path)) ||
		                 is_pattern_of(s->def->routes, s->base_path, path) ||
		                 (p->auth_hooks && is_pattern_of(p->auth_hooks->routes, s->base_path, path)));
	}
	return found;
}
