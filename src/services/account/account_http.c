/* SPDX-License-Identifier: Apache-2.0
 *
 * Account's pages and pieces. Whoever asks is told by the session that the dispatcher has read (web->person); where none
 * can be made yet, everybody is a visitor and is told so.
 */
#include "gen/account_tpl.h"
#include "services/account/account.h"
#include "services/blog/contract.h"

enum { PAGE_MAX = 256 << 10 };

void account_menu_of(struct ctx *ctx, const struct person *person, struct account_menu *out)
{
	struct account_menu_entry *items = ARENA_ARRAY(ctx->arena, struct account_menu_entry, 2);
	size_t n = 0;
	*out = (struct account_menu){ .url = web_url(ctx, "account", "/") };
	if (person) {
		out->label = person->name.n ? arena_str(ctx->arena, person->name) : STR("Your account");
		items[n++] = (struct account_menu_entry){ STR("Your account"), out->url };
	} else {
		out->label = STR("Account");
	}
	out->entries.items = items;
	out->entries.count = n;
}

enum status account_fragment_auth_menu(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct account_menu menu;
	account_menu_of(f->ctx, f->person, &menu);
	tpl_account_auth_menu(out, &menu);
	return ST_OK;
}

enum status account_get_home(struct web *w, struct err *e)
{
	struct buf page;
	struct blog_site_answer site = { 0 };
	/* Without the blog this page has a plainer title, nothing else. */
	if (blog_ask_site(w->ctx, &site, NULL) != ST_OK)
		site = (struct blog_site_answer){ .title = STR("") };
	struct page_shell shell = {
		.site_name = site.title,
		.lang = site.lang,
		.title = site.title.n ? arena_strf(w->ctx->arena, "Your account – %.*s", STR_ARG(site.title)) : STR("Your account"),
		.kind = STR("account"),
		.noindex = true,
	};
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_home(&page, &shell, w);
	return web_html(w, 200, &page);
}
