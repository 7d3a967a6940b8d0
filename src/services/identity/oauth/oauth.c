/* SPDX-License-Identifier: Apache-2.0
 *
 * What all endpoints share: errors as the specifications spell them, headers, forms, scopes.
 */
#include "services/identity/oauth/oauth.h"

#include "base/id.h"
#include "base/log.h"
#include "platform/crypto/jose.h"

/* --- answers ------------------------------------------------------------------------------------------------ */

void oauth_headers(struct web *w)
{
	http_set_header(w->req, "cache-control", STR("no-store"));
}

enum status oauth_error(struct web *w, int status, const char *error, const char *description)
{
	struct buf b;
	LOG(INFO, w->ctx, "oauth.refused", LS("error", error), LS("why", description));
	buf_text(&b, w->ctx->arena);
	buf_putc(&b, '{');
	json_put_member(&b, "error", str_c(error));
	json_put_member(&b, "error_description", str_c(description));
	buf_putc(&b, '}');
	oauth_headers(w);
	if (status == 401)
		http_set_header(w->req, "www-authenticate",
		        arena_strf(w->ctx->arena, "Basic realm=\"oauth\", error=\"%s\"", error));
	return web_json(w, status, buf_str(&b));
}

/* An object's texts, as if they had come as a form. */
static enum status load_json(struct web *w, struct err *e)
{
	struct str body;
	const char *name;
	json_t *value;
	unsigned n = 0;
	TRY(http_body_all(w->req, w->req->body_max, &body, e));
	SCOPED_JSON *j = json_parse(body, 2, e);
	if (!json_is_object(j) || json_object_size(j) > FORM_FIELDS_MAX)
		return err_set(e, ST_INVALID, "The body is no JSON object.");
	struct form_field *list = ARENA_ARRAY(w->ctx->arena, struct form_field, json_object_size(j));
	json_object_foreach(j, name, value)
		if (json_is_string(value))
			list[n++] = (struct form_field){ arena_str(w->ctx->arena, str_c(name)),
				arena_str(w->ctx->arena, str_n(json_string_value(value), json_string_length(value))) };
	w->form_ = (struct form){ list, n };
	w->form_parsed = true;
	return ST_OK;
}

enum status oauth_form(struct web *w)
{
	struct err e = { 0 };
	const char *wrong = NULL;
	if ((web_has_json(w) ? load_json(w, &e) : web_form_load(w, &e)) != ST_OK)
		wrong = arena_cstr(w->ctx->arena, str_c(e.msg));
	for (unsigned i = 0; !wrong && i < w->form_.count; i++)
		for (unsigned j = 0; !wrong && j < i; j++)
			if (str_eq(w->form_.list[i].name, w->form_.list[j].name) &&
			        !str_eqc(w->form_.list[i].name, "resource"))
				wrong = "A parameter is there twice.";
	if (!wrong)
		return ST_OK;
	return oauth_error(w, 400, "invalid_request", wrong) == ST_OK ? ST_INVALID : ST_INTERNAL;
}

/* --- scopes ------------------------------------------------------------------------------------------------- */

bool scope_has(struct str scope, const char *one)
{
	return str_has_word(scope, str_c(one));
}

/* "read:statuses" is part of "read". */
static bool covers(struct str all, struct str one)
{
	struct str rest = one, head;
	return str_has_word(all, one) || (str_cut(&rest, ':', &head) && head.n && str_has_word(all, head));
}

bool scope_within(struct str scope, struct str all)
{
	struct str s;
	while (scope.n && str_next(&scope, ' ', &s))
		if (s.n && !covers(all, s))
			return false;
	return true;
}

struct str scope_and(struct arena *a, struct str scope, struct str all)
{
	struct buf b;
	struct str s;
	buf_text(&b, a);
	while (scope.n && str_next(&scope, ' ', &s))
		if (s.n && covers(all, s) && !str_has_word(buf_str(&b), s)) {
			if (b.len)
				buf_putc(&b, ' ');
			buf_putstr(&b, s);
		}
	return buf_str(&b);
}

struct str oauth_sub(struct arena *a, int64_t person)
{
	char *text = arena_alloc(a, ID_TEXT_LEN + 1);
	id_text(person, text);
	return str_n(text, ID_TEXT_LEN);
}
