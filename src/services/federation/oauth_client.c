/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may ask.
 */
#include "services/federation/oauth.h"

static enum status find_service(struct ctx *ctx, struct str name, struct oauth_client *out, struct err *e)
{
	struct platform *p = ctx->svc->platform;
	const struct service_instance *s = platform_service(p, arena_cstr(ctx->arena, name));
	if (!s || s == p->identity)
		return err_set(e, ST_NOT_FOUND, "There is no such application.");
	out->service = s;
	out->name = str_c(s->def->title);
	out->redirect_uri = arena_strf(ctx->arena, "%.*s/auth/callback", STR_ARG(s->base_url));
	return ST_OK;
}

enum status oauth_client_find(struct ctx *ctx, struct str id, struct oauth_client *out, struct err *e)
{
	static const struct str own = STR_INIT("service:");
	*out = (struct oauth_client){ .id = id };
	if (id.n && str_starts(id, own))
		return find_service(ctx, str_skip(id, own.n), out, e);
	return err_set(e, ST_NOT_FOUND, "There is no such application.");
}
