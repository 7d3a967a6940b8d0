/* SPDX-License-Identifier: Apache-2.0 */
#include "gen/identity_serve.h"
#include "services/identity/oauth/oauth_logout.h"

enum status identity_serve_redeem(
        struct ctx *ctx, const struct session_redeem_ask *in, struct session_redeem_answer *out, struct err *e)
{
	struct oauth_code c;
	struct str grant; /* services get a session instead */
	TRY(oauth_code_redeem(ctx, in->code, arena_strf(ctx->arena, "service:%.*s", STR_ARG(in->service)),
	        in->redirect_uri, in->verifier, &c, &grant, e));
	*out = (struct session_redeem_answer){ .sso = c.sso, .nonce = c.nonce };
	return ST_OK;
}

enum status identity_serve_end(
        struct ctx *ctx, const struct session_end_ask *in, struct session_end_answer *out, struct err *e)
{
	out->there = in->sso.n > 0;
	return out->there ? oauth_logout(ctx, in->sso, in->address, e) : ST_OK;
}
