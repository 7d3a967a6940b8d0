/* SPDX-License-Identifier: Apache-2.0
 *
 * Text helpers of bodies and imports: addresses.
 */
#include "base/buf.h"
#include "platform/text/html.h"
#include "services/blog/body.h"

/* What Ghost lays over its pages by script are pages of their own here. */
static bool overlay_page(struct str url, struct str *page)
{
	static const struct { struct str prefix, page; } table[] = {
		{ STR_INIT("#/portal/signin"), STR_INIT("/account") },
		{ STR_INIT("#/portal/account"), STR_INIT("/account") },
		{ STR_INIT("#/portal"), STR_INIT("/subscribe") },
		{ STR_INIT("#/search"), STR_INIT("/search") },
	};
	if (url.n && url.p[0] == '/')
		url = str_skip(url, 1);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (str_starts(url, table[i].prefix)) {
			*page = table[i].page;
			return true;
		}
	}
	return false;
}

struct str body_url(struct arena *a, const struct body_options *opt, struct str url)
{
	url = str_trim(url);
	struct str own[] = { STR("__GHOST_URL__"), opt ? opt->site_url : STR_NULL };
	for (size_t i = 0; i < 2; i++) {
		if (!own[i].n || !str_starts(url, own[i]))
			continue;
		struct str rest = str_skip(url, own[i].n);
		if (rest.n && rest.p[0] != '/' && rest.p[0] != '#' && rest.p[0] != '?')
			continue; /* another host that only begins alike */
		url = rest.n && rest.p[0] == '/' ? rest : arena_strf(a, "/%.*s", STR_ARG(rest));
		break;
	}
	if (url.n > 1 && url.p[0] == '#' && html_id_is_reserved(str_skip(url, 1)))
		return arena_strf(a, "#c-%.*s", STR_ARG(str_skip(url, 1)));
	struct str page;
	if (overlay_page(url, &page))
		return page;
	if (opt && opt->moved && url.n > 1 && url.p[0] == '/' && url.p[1] != '/')
		return opt->moved(opt->arg, url);
	return url.p ? url : STR("");
}
