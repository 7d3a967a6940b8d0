/* SPDX-License-Identifier: Apache-2.0
 *
 * The sign-in menu, a member's front page, profile.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lang.h"
#include "gen/account_tpl.h"
#include "net/forms/multipart.h"
#include "platform/core/pages.h"
#include "platform/media/media.h"
#include "platform/text/html.h"
#include "services/account/inbox.h"

enum { PAGE_MAX = 512 << 10, AVATAR_MAX = 5 << 20, AVATAR_WIDTH = 320 };

/* --- the menu --------------------------------------------------------------------------------------------------- */

void account_menu_of(struct ctx *ctx, const struct person *person, struct account_menu_answer *out)
{
	size_t n;
	struct page_link *pages = pages_of(ctx, person, PLACE_MENU, NULL, STR(""), &n);
	struct account_menu_entry *items = ARENA_ARRAY(ctx->arena, struct account_menu_entry, n);
	*out = (struct account_menu_answer){ .url = web_url(ctx, "account", "/"), .label = TR("Sign in") };
	if (person) {
		out->label = person->name.n ? arena_str(ctx->arena, person->name) : TR("Your account");
		for (size_t i = 0; i < n; i++)
			items[i] = (struct account_menu_entry){ str_c(tr(pages[i].row->title)), pages[i].url };
	}
	out->entries.items = items;
	out->entries.count = n;
}

enum status account_fragment_auth_menu(struct fragment_req *f, struct buf *out, struct err *e)
{
	struct account_menu_answer menu;
	account_menu_of(f->ctx, f->person, &menu);
	struct str badge = f->person ? inbox_badge(f->ctx, f->person->id) : STR("");
	tpl_account_auth_menu(out, f->ctx, &menu, badge);
	return ST_OK;
}

enum status account_fragment_language(struct fragment_req *f, struct buf *out, struct err *e)
{
	tpl_account_language(out, f->ctx, f->person != NULL);
	return ST_OK;
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

static enum status ask_profile(struct web *w, struct identity_profile_answer *out, struct err *e)
{
	TRY(identity_ask_profile(w->ctx, &(struct identity_profile_ask){ w->person->id }, out, e));
	return out->there ? ST_OK : err_set(e, ST_NOT_FOUND, "Your account is not there any more.");
}

const char *account_hello(struct web *w)
{
	return arena_printf(w->ctx->arena, tr("Hello %.*s"), STR_ARG(w->person->name));
}

enum status account_get_home(struct web *w, struct err *e)
{
	struct buf page;
	struct identity_profile_answer p;
	struct home_view v = { STR("") };
	struct page_shell shell = web_shell(w, "Your account");
	/* Without identity the links are still of use. */
	if (ask_profile(w, &p, NULL) == ST_OK && p.leaving_us)
		v.leaving_on = html_day(w->ctx->arena, w->person->zone, p.leaving_us);
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_home(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

/* --- profile ---------------------------------------------------------------------------------------------------- */

static enum status profile_page(struct web *w, int status, struct profile_view *v)
{
	struct buf page;
	struct page_shell shell = web_shell(w, "Profile");
	v->zones = clock_zones(&v->zone_count);
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_profile(&page, &shell, w, v);
	return web_html(w, status, &page);
}

enum status account_get_profile(struct web *w, struct err *e)
{
	struct profile_view v = {
		.field = STR(""), .problem = STR(""), .done = web_query(w, "done").p ? TR("Saved.") : STR("")
	};
	TRY(ask_profile(w, &v.p, e));
	return profile_page(w, 200, &v);
}

static enum status keep_picture(struct web *w, const struct upload *u, struct media_item *item, struct err *e)
{
	SCOPED_BUF bytes; /* goes also when the request is unwound */
	buf_init(&bytes, AVATAR_MAX + 1);
	if (!buf_reserve(&bytes, (size_t)u->size))
		return err_set(e, ST_NOMEM, "no memory for a picture");
	if (pread(u->fd, bytes.data, (size_t)u->size, 0) != (ssize_t)u->size)
		return err_set(e, ST_IO, "an upload can not be read again");
	return media_put(
	        w->ctx, w->ctx->svc->platform->media, w->person->id, str_n(bytes.data, (size_t)u->size), item, e);
}

/* The picture that came along, kept: *path, p NULL when none did, "" to have none. *problem: what the form says of it.
 */
static enum status take_avatar(struct web *w, struct str *path, struct str *problem, struct err *e)
{
	struct upload *u = web_upload(w, "avatar");
	struct media_item item;
	struct err why = { 0 };
	*path = web_form(w, "no_avatar").n ? STR("") : STR_NULL;
	if (!u || !u->size)
		return ST_OK;
	if (u->size > AVATAR_MAX) {
		*problem = TR("A picture has at most 5 MB.");
		return ST_OK;
	}
	enum status st = keep_picture(w, u, &item, &why);
	if (st == ST_MEDIA_TYPE || st == ST_CORRUPT || st == ST_TOO_LARGE || (st == ST_OK && !item.variant_count)) {
		*problem = TR("This is not a picture that can be shown. JPEG, PNG and WebP can.");
		return ST_OK;
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	for (unsigned i = 0; i < item.variant_count; i++)
		if (!strcmp(item.variants[i].format, "webp") && (!path->n || item.variants[i].width <= AVATAR_WIDTH))
			*path = item.variants[i].path;
	return ST_OK;
}

static struct str form_text(struct web *w, const char *name)
{
	struct str s = web_form(w, name);
	return s.p ? str_trim(s) : STR("");
}

enum status account_post_profile(struct web *w, struct err *e)
{
	struct profile_view v = { .field = STR(""), .problem = STR(""), .done = STR("") };
	struct identity_update_profile_answer done;
	struct str avatar, picture = STR("");
	TRY(ask_profile(w, &v.p, e));
	TRY(take_avatar(w, &avatar, &picture, e));
	const struct identity_update_profile_ask u = { w->person->id, form_text(w, "name"), form_text(w, "handle"),
		form_text(w, "bio"), form_text(w, "locale"), form_text(w, "timezone"), avatar };
	if (picture.n)
		done = (struct identity_update_profile_answer){ STR("avatar"), picture };
	else
		TRY(identity_do_update_profile(w->ctx, &u, &done, e));
	if (!done.problem.n)
		return web_redirect(w, 303, web_url(w->ctx, "account", "/profile?done=1"));
	v.p.name = u.name;
	v.p.handle = u.handle;
	v.p.bio = u.bio;
	v.p.locale = u.locale;
	v.p.timezone = u.timezone;
	v.field = done.field;
	v.problem = done.problem;
	return profile_page(w, 422, &v);
}
