/* SPDX-License-Identifier: Apache-2.0
 *
 * Failures as answers: problem+json (RFC 9457) for programs, a page for people; what was typed into a form is given
 * back. One of each per status is made at boot, for when there is no memory or no request to speak of.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/lang.h"
#include "base/log.h"
#include "gen/platform_tpl.h"
#include "platform/config/config.h"
#include "platform/peers/fragment.h"
#include "platform/text/json.h"
#include "platform/web/error_view.h"
#include "platform/web/web_int.h"
#include "rt/fiber.h"

#define PAGE_MAX (1u << 20)
#define PROBLEM_MAX (96u << 10)
#define KEPT_BYTES (6 << 20) /* of a body that is read only to give its texts back */

static void problem(struct buf *b, enum status st, struct str detail, struct str instance, struct str request_id,
        struct str more)
{
	const struct status_info *info = status_info(st);
	buf_printf(b, "{\"type\":\"urn:guildhall:problem:%s\",\"title\":", info->slug);
	json_put_str(b, str_c(info->title));
	buf_printf(b, ",\"status\":%d", info->http);
	if (detail.n) {
		BUF_LIT(b, ",\"detail\":");
		json_put_str(b, detail);
	}
	if (instance.n) {
		BUF_LIT(b, ",\"instance\":");
		json_put_str(b, instance);
	}
	if (request_id.n) {
		BUF_LIT(b, ",\"request_id\":");
		json_put_str(b, request_id);
	}
	buf_putstr(b, more);
	BUF_LIT(b, "}\n");
}

void web_send_problem(struct web *w, enum status st, struct str detail, struct str instance, struct str more)
{
	struct buf b;
	struct http_req *r = w->req;
	buf_arena(&b, w->ctx->arena, PROBLEM_MAX);
	problem(&b, st, detail, instance, str_c(w->ctx->request_id), more);
	http_status(r, status_info(st)->http);
	http_set_header(r, "content-type", STR("application/problem+json"));
	http_set_header(r, "x-content-type-options", STR("nosniff"));
	http_send(r, buf_str(&b));
}

/* --- a form given back -------------------------------------------------------------------------------------- */

/* What is never given back: passwords, one-time codes, and what has such a word in its name. ("postal_code" is given
   back, and so is "password_min", a rule about passwords.) */
static bool is_private(struct str name)
{
	static const char *const words[] = { "pass", "secret", "token", "card_", "cvc", "csrf" };
	static const char *const names[] = { "code", "card", "former", "fresh" };
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (str_find(name, str_c(words[i])) >= 0)
			return !str_ends(name, STR("_min"));
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqc(name, names[i]))
			return true;
	return false;
}

/* The sender is not signed in: a body without a declared length is not read. */
static bool may_read(const struct http_req *r)
{
	return r->body_len > 0 && r->body_len <= KEPT_BYTES;
}

static void keep_form(struct web *w, enum status st, struct error_view *v)
{
	bool again = st == ST_CSRF || st == ST_CONFLICT || st == ST_UNAVAILABLE || st == ST_IO || st == ST_TIMEOUT ||
	        st == ST_RATE_LIMITED || st == ST_UNAUTHENTICATED;
	if (!again || w->req->method != HTTP_POST)
		return;
	/* A session that ended is found before the body is read. Of one with files the texts are kept. */
	if (st == ST_UNAUTHENTICATED && may_read(w->req) && web_form_load(w, NULL) != ST_OK)
		return;
	if (!w->form_parsed || !w->form_.count)
		return;
	struct form_field *kept = ARENA_ARRAY(w->ctx->arena, struct form_field, w->form_.count);
	for (unsigned i = 0; i < w->form_.count; i++)
		if (!is_private(w->form_.list[i].name))
			kept[v->field_count++] = w->form_.list[i];
	v->fields = kept;
	v->action = w->req->raw_path;
	v->csrf = web_csrf(w);
}

/* A form was sent, but its person is not signed in any more. */
static void say_sign_in(struct web *w, struct error_view *v)
{
	const struct auth_hooks *auth = web_app_of(w)->platform->auth_hooks;
	struct str from = http_header(w->req, "referer");
	if (!auth)
		return;
	v->sign_in = auth->sign_in_url(w, from.n && web_is_ours(w->ctx, from) ? from : w->req->raw_path);
	if (!v->field_count)
		return;
	v->title = "You are not signed in any more";
	v->detail = TR(
	        "Nothing is lost. Please sign in in another tab, then come back to this one and send the form again.");
}

/* --- answers ------------------------------------------------------------------------------------------------ */

static struct str detail_of(struct web *w, enum status st, const struct err *e)
{
	if (!e || !e->msg[0])
		return STR("");
	/* Messages of 5xx speak of our insides. */
	return status_info(st)->http < 500 || web_app_of(w)->platform->dev ? str_c(e->msg) : STR("");
}

static void send_page(struct web *w, enum status st, const struct error_view *v)
{
	const struct web_app *a = web_app_of(w);
	struct page_shell shell = {
		.title = str_c(tr(v->title)), .kind = STR("error"), .noindex = true, .forms = v->field_count > 0
	};
	struct buf page;
	buf_arena(&page, w->ctx->arena, PAGE_MAX);
	/* The fragments of the page's shell may have failed for the same reason: they are left out. */
	if (v->http < 500 && a->platform->fragments) {
		tpl_error_page(&page, w, &shell, v);
	} else {
		tpl_error_plain(&page, v);
	}
	if (web_html(w, v->http, &page) == ST_OK)
		return;
	const char *type;
	struct str body = web_error_static(web_app_of(w), v->http, false, &type);
	http_status(w->req, v->http);
	http_set_header(w->req, "content-type", str_c(type));
	http_send(w->req, body);
}

/* Clients of the APIs that others began read this member alone. */
static struct str error_member(struct web *w, enum status st, struct str detail)
{
	struct buf b;
	if (!w->route || !(w->route->flags & ROUTE_API))
		return STR("");
	buf_text(&b, w->ctx->arena);
	BUF_LIT(&b, ",\"error\":");
	json_put_str(&b, detail.n ? detail : str_c(status_info(st)->title));
	return buf_str(&b);
}

void web_answer_error(struct web *w, enum status st, const struct err *e)
{
	const struct status_info *info = status_info(st);
	struct http_req *r = w->req;
	if (info->level >= LOG_WARN)
		LOG(WARN, w->ctx, "web.failed", LS("status", info->name), LS("why", e ? e->msg : ""),
		        LT("path", r->raw_path));
	web_req_of(w)->page_key = STR_NULL;
	http_set_header(r, "cache-control", STR("no-store"));
	if (info->http == 503)
		http_set_header(r, "retry-after", STR("5"));
	struct str detail = detail_of(w, st, e), id = str_c(w->ctx->request_id);
	if (web_wants_json(w)) {
		web_send_problem(w, st, detail, r->raw_path, error_member(w, st, detail));
		return;
	}
	if (!w->ctx->svc)
		w->ctx->svc = web_app_of(w)->front;
	struct error_view v = {
		.http = info->http, .title = info->title, .detail = detail, .request_id = id, .home = STR("/")
	};
	keep_form(w, st, &v);
	if (st == ST_UNAUTHENTICATED)
		say_sign_in(w, &v);
	send_page(w, st, &v);
}

/* --- without a request -------------------------------------------------------------------------------------- */

static bool build_problem(struct web_app *a, enum status st)
{
	struct buf json;
	buf_init(&json, PROBLEM_MAX);
	problem(&json, st, STR(""), STR(""), STR(""), STR(""));
	a->problems[st] = json.data; /* freed by web_error_free */
	return buf_ok(&json);
}

static bool build_page(struct web_app *a, enum status st, enum lang l)
{
	const struct status_info *info = status_info(st);
	struct error_view v = { .http = info->http, .title = info->title, .home = STR("/") };
	struct buf html;
	SCOPED_LANG(l);
	buf_init(&html, PAGE_MAX);
	tpl_error_plain(&html, &v);
	a->pages[l][st] = html.data; /* freed by web_error_free */
	return buf_ok(&html);
}

enum status web_error_build(struct web_app *a, struct err *e)
{
	for (enum status st = ST_OK + 1; st < ST_COUNT; st++) {
		bool ok = build_problem(a, st);
		for (enum lang l = 0; ok && l < LANG_COUNT; l++)
			ok = lang_info(l)->pseudo || build_page(a, st, l);
		if (!ok)
			return err_set(e, ST_NOMEM, "no memory for the error pages");
	}
	return ST_OK;
}

void web_error_free(struct web_app *a)
{
	for (unsigned i = 0; i < ST_COUNT; i++) {
		free(a->problems[i]);
		for (enum lang l = 0; l < LANG_COUNT; l++)
			free(a->pages[l][i]);
	}
}

struct str web_error_static(struct web_app *a, int http, bool wants_json, const char **type)
{
	enum status st = ST_INTERNAL;
	for (enum status s = ST_OK + 1; s < ST_COUNT; s++)
		if (status_info(s)->http == http) {
			st = s;
			break;
		}
	const char *page = a->pages[lang_now()][st];
	*type = wants_json ? "application/problem+json" : "text/html; charset=utf-8";
	return str_c(wants_json ? a->problems[st] : page ? page : a->pages[LANG_EN][st]);
}
