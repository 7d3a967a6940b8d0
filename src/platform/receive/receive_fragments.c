/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/peers/fragment_int.h"
#include "platform/receive/receive.h"
#include "platform/text/json.h"

static struct person *person_of(struct arena *a, const json_t *j)
{
	if (!json_is_object(j))
		return NULL;
	struct person *p = ARENA_NEW(a, struct person);
	p->id = json_integer_value(json_object_get(j, "id"));
	p->admin = json_is_true(json_object_get(j, "admin"));
	p->name = json_str(j, "name");
	p->email = json_str(j, "email");
	p->handle = json_str(j, "handle");
	p->roles = json_str(j, "roles");
	return p;
}

static void answer_piece(struct ctx *ctx, struct service_instance *svc, const struct person *person, const json_t *ask_,
			 struct buf *out)
{
	struct str type = json_str(ask_, "type"), params = json_str(ask_, "params"), cookie = json_str(ask_, "cookie");
	const struct fragment_def *def = type.p ? fragment_def_find(svc, type) : NULL;
	const struct fragment_who who = { .person = person,
		.cookies = def && def->cookie && cookie.n
		        ? arena_strf(ctx->arena, "%s=%.*s", def->cookie, STR_ARG(cookie))
		        : STR_NULL };
	struct fragment_piece p;
	struct buf html;
	buf_arena(&html, ctx->arena, FRAGMENT_MAX);
	bool ok = def && params.p && fragment_piece(ctx, &who, str_c(svc->def->name), type, params, &p);
	if (ok && svc->platform->fragments->keep && p.def->soft_s)
		ok = fragment_cached(ctx, &p, &html, NULL) == ST_OK;
	else if (ok)
		ok = fragment_render(ctx, &p, &html, NULL) == ST_OK;
	if (ok && buf_ok(&html))
		json_put_str(out, buf_str(&html));
	else
		BUF_LIT(out, "null");
}

enum status receive_fragments(struct web *w, struct err *e)
{
	struct str body;
	TRY(receive_body(w, &body, e));
	SCOPED_JSON *j = json_parse(body, 4, e);
	const json_t *list = j ? json_object_get(j, "pieces") : NULL;
	struct service_instance *svc =
		j && json_str(j, "service").p ? platform_service(web_platform(w), json_str(j, "service").p) : NULL;
	if (!json_is_array(list) || json_array_size(list) > FRAGMENTS_MAX)
		return err_set(e, ST_INVALID, "expected a list of pieces");
	if (!svc || !svc->local)
		return err_set(e, ST_NOT_IMPLEMENTED, "that service does not run here");
	const struct person *person = person_of(w->ctx->arena, json_object_get(j, "person"));
	struct ctx ctx = *w->ctx;
	struct buf out;
	ctx.svc = svc;
	buf_arena(&out, w->ctx->arena, INTERNAL_BODY_MAX);
	BUF_LIT(&out, "{\"status\":\"OK\",\"pieces\":[");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			buf_putc(&out, ',');
		answer_piece(&ctx, svc, person, json_array_get(list, i), &out);
	}
	BUF_LIT(&out, "]}");
	return buf_ok(&out) ? web_json(w, 200, buf_str(&out)) : err_set(e, ST_TOO_LARGE, "the fragments are too large");
}
