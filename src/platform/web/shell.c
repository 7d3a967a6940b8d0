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
