/* SPDX-License-Identifier: Apache-2.0
 *
 * In which language somebody is answered: the person's own choice, else the one made in this browser (a cookie), else
 * what the browser likes best, else the site's. A page that is kept for everybody is kept for each of them.
 */
#include "base/lang.h"
#include "net/forms/form.h"
#include "platform/config/config.h"
#include "platform/core/web_url.h"
#include "platform/peers/site.h"
#include "platform/web/web_int.h"

#define LANG_COOKIE "lang"
#define LANG_COOKIE_S (365 * 86400)

static bool pseudo_allowed(const struct platform *p)
{
	return config_bool(p->config, "i18n", "pseudo");
}

/* A choice names one of the languages, in whatever way. */
static bool lang_chosen(const struct web_app *a, struct str tag, enum lang *out)
{
	enum lang l;
	if (!tag.n || !lang_of_tag(tag, &l) || (lang_info(l)->pseudo && !pseudo_allowed(a->platform)))
		return false;
	*out = l;
	return true;
}

bool web_lang_asked(const struct web_app *a, const struct http_req *r, enum lang *out)
{
	struct str cookies = http_header(r, "cookie"), accept = http_header(r, "accept-language");
	return (cookies.p && lang_chosen(a, cookie_get(cookies, LANG_COOKIE), out)) ||
	        (accept.n && lang_accepted(accept, pseudo_allowed(a->platform), out));
}

void web_lang_choose(struct web *w)
{
	const struct web_app *a = web_app_of(w);
	const struct route_entry *entry = web_req_of(w)->note->entry;
	enum lang l = LANG_EN;
	unsigned flags = entry ? entry->route->flags : 0;
	if (flags & ROUTE_INTERNAL) /* of whoever the other process asks for */
		(void)lang_accepted(http_header(w->req, "accept-language"), true, &l);
	else if (!(flags & ROUTE_OPS) && !web_lang_asked(a, w->req, &l))
		l = site_lang(w->ctx);
	lang_swap(l);
}

bool web_lang_of(const struct web_app *a, const struct person *who, enum lang *out)
{
	return lang_chosen(a, who->lang, out);
}

void web_lang_person(struct web *w)
{
	enum lang l;
	if (w->person && web_lang_of(web_app_of(w), w->person, &l))
		lang_swap(l);
}

const struct lang_info *const *web_langs(struct ctx *ctx, size_t *n)
{
	const struct lang_info **list = ARENA_ARRAY(ctx->arena, const struct lang_info *, LANG_COUNT);
	*n = 0;
	for (enum lang l = 0; l < LANG_COUNT; l++)
		if (!lang_info(l)->pseudo || pseudo_allowed(ctx->svc->platform))
			list[(*n)++] = lang_info(l);
	return list;
}

/* --- a visitor's choice ----------------------------------------------------------------------------------------- */

/* From the foot of a page, which may be one that is kept for everybody: without a token, since nobody gains by making
   another's browser choose. */
static enum status choose_post(struct web *w, struct err *e)
{
	enum lang l;
	struct str from = http_header(w->req, "referer");
	TRY(web_form_load(w, e));
	if (!lang_chosen(web_app_of(w), web_form(w, "lang"), &l))
		return err_set(e, ST_INVALID, "This language is not known.");
	web_set_cookie(w,
	        &(struct cookie){ .name = LANG_COOKIE,
	                .value = str_c(lang_info(l)->tag),
	                .path = "/",
	                .max_age_s = LANG_COOKIE_S,
	                .http_only = true,
	                .lax = true,
	                .plain = true,
	                .domain = site_domain(web_platform(w)) });
	return web_redirect(w, 303, from.n && web_is_ours(w->ctx, from) ? from : STR("/"));
}

const struct route lang_routes[] = {
	{ "POST", "/site/language", choose_post, .flags = ROUTE_NO_CSRF, .help = "Choose a language in this browser" },
	{ 0 },
};
