/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of pages with forms, tables and a person's own things: the same in every service.
 */
#include "base/lang.h"
#include "platform/peers/site.h"
#include "platform/web/web.h"

struct page_shell web_shell(struct web *w, const char *title)
{
	struct site_answer site;
	site_ask_all(w->ctx, &site);
	return (struct page_shell){ .site_name = site.title,
		.lang = site.lang,
		.kind = STR("account"),
		.noindex = true,
		.forms = true,
		.title = site.title.n ? arena_strf(w->ctx->arena, "%s – %.*s", tr(title), STR_ARG(site.title))
		                      : str_c(tr(title)) };
}

struct page_shell web_public_shell(struct web *w, struct str title, struct str description, const char *kind)
{
	struct site_answer site;
	site_ask_all(w->ctx, &site);
	struct page_shell s = { .site_name = site.title,
		.lang = site.lang,
		.title = title,
		.og_title = title,
		.description = description.n ? description : title,
		.kind = str_c(kind) };
	struct str path = w->req->path, origin = service_origin(w->ctx->svc);
	s.canonical = arena_strf(w->ctx->arena, "%.*s%.*s", STR_ARG(origin), STR_ARG(path));
	if (site.title.n)
		s.title = arena_strf(w->ctx->arena, "%.*s – %.*s", STR_ARG(title), STR_ARG(site.title));
	return s;
}
