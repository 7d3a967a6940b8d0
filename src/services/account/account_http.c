/* SPDX-License-Identifier: Apache-2.0
 *
 * The sign-in menu, a member's front page, profile.
 */
#include "base/clock.h"
#include "base/lang.h"
#include "gen/account_tpl.h"
#include "platform/core/pages.h"
#include "platform/forms/forms.h"
#include "platform/media/media.h"
#include "platform/text/html.h"
#include "services/account/inbox.h"

enum { PAGE_MAX = 512 << 10, AVATAR_WIDTH = 320 };

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

static const struct choice *languages_to_choose(struct web *w, const void *values)
{
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, language_count + 2);
	(void)values;
	list[0] = (struct choice){ "", TR_NOOP("As the site is") };
	for (size_t i = 0; i < language_count; i++)
		list[i + 1] = (struct choice){ languages[i].tag, languages[i].name };
	return list;
}

static const struct choice *zones_to_choose(struct web *w, const void *values)
{
	size_t n;
	const struct clock_zone *zones = clock_zones(&n);
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	(void)values;
	list[0] = (struct choice){ "", TR_NOOP("Not chosen: times are in UTC") };
	for (size_t i = 0; i < n; i++)
		list[i + 1] = (struct choice){ zones[i].name, zones[i].label };
	return list;
}

static const struct field profile_fields[] = {
	FIELD(struct profile_view, avatar, FILE, .label = "Picture", .accept = "image/jpeg,image/png,image/webp"),
	FIELD(struct profile_view, no_avatar, CHECK, .label = "No picture"),
	FIELD(struct profile_view, name, TEXT, .label = "Name", .required = "A name, please.", .max = 200,
	        .autocomplete = "name"),
	FIELD(struct profile_view, handle, TEXT, .label = "Handle", .required = "A handle, please.", .max = 30,
	        .hint = "How others mention you: a to z, 0 to 9 and _"),
	FIELD(struct profile_view, bio, AREA, .label = "About you", .max = 500),
	FIELD(struct profile_view, locale, CHOICE, .label = "Language", .choose = languages_to_choose, .plain = true,
	        .hint = "What you read best: this site speaks it where it can, and applications that you let in learn "
	                "it too"),
	FIELD(struct profile_view, timezone, CHOICE, .label = "Time zone", .choose = zones_to_choose, .plain = true),
	{ 0 },
};
static const struct form_desc profile_form = { .fields = profile_fields };

static enum status profile_load(struct web *w, struct profile_view *v, struct err *e)
{
	struct identity_profile_answer p;
	TRY(ask_profile(w, &p, e));
	*v = (struct profile_view){ .name = p.name,
		.handle = p.handle,
		.bio = p.bio,
		.locale = p.locale,
		.timezone = p.timezone,
		.kept = p.avatar,
		.done = web_query(w, "done").p ? TR("Saved.") : STR("") };
	return ST_OK;
}

static enum status profile_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct web *w = f->w;
	struct page_shell shell = web_shell(w, "Profile");
	(void)e;
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	tpl_account_profile(&page, &shell, w, arg, f);
	return web_html(w, status, &page);
}

enum status account_get_profile(struct web *w, struct err *e)
{
	struct profile_view v;
	struct form_fill f;
	TRY(profile_load(w, &v, e));
	form_show(&f, w, &profile_form, &v);
	return profile_page(&f, 200, &v, e);
}

/* The picture that came along, kept: *path, p NULL when none did, "" to have none. */
static enum status take_avatar(struct form_fill *f, bool none, struct str *path, struct err *e)
{
	struct media_item item;
	TRY(form_picture(f, "avatar", &item, e));
	*path = none ? STR("") : STR_NULL;
	for (unsigned i = 0; i < item.variant_count; i++)
		if (!strcmp(item.variants[i].format, "webp") && (!path->n || item.variants[i].width <= AVATAR_WIDTH))
			*path = item.variants[i].path;
	return ST_OK;
}

enum status account_post_profile(struct web *w, struct err *e)
{
	struct profile_view v;
	struct form_fill f;
	struct str avatar;
	struct identity_update_profile_answer done = { 0 };
	TRY(profile_load(w, &v, e));
	TRY(form_read(&f, w, &profile_form, &v, e));
	TRY(take_avatar(&f, v.no_avatar, &avatar, e));
	const struct identity_update_profile_ask u = { w->person->id, v.name, v.handle, v.bio, v.locale, v.timezone,
		avatar };
	if (!f.failed)
		TRY(identity_do_update_profile(w->ctx, &u, &done, e));
	if (done.problem.n)
		form_fault(&f, arena_cstr(w->ctx->arena, done.field), "%.*s", STR_ARG(done.problem));
	if (f.failed)
		return form_refuse(&f, profile_page, &v, e);
	return form_done(&f, web_url(w->ctx, "account", "/profile?done=1"));
}
