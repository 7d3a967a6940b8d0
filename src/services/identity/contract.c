/* SPDX-License-Identifier: Apache-2.0
 *
 * identity/redeem: a service of this site turns a code into who signed in; identity/end: signing out.
 */
#include "services/identity/contract.h"

#include "services/identity/oauth/oauth_logout.h"

static enum status serve_redeem(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct session_redeem *q = in;
	struct oauth_code c;
	struct str grant; /* services get a session instead */
	TRY(oauth_code_redeem(ctx, q->code, arena_strf(ctx->arena, "service:%.*s", STR_ARG(q->service)), q->redirect_uri, q->verifier, &c, &grant, e));
	*(struct session_redeemed *)out = (struct session_redeemed){ .sso = c.sso, .nonce = c.nonce };
	return ST_OK;
}

const struct contract_def identity_contract_redeem = {
	.service = "identity", .name = "redeem", .kind = CONTRACT_ACTION, .in = &session_redeem_dto, .out = &session_redeemed_dto,
	.serve = serve_redeem,
};

static enum status serve_end(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct session_end *q = in;
	struct session_ended *a = out;
	a->there = q->sso.n > 0;
	return a->there ? oauth_logout(ctx, q->sso, q->address, e) : ST_OK;
}

const struct contract_def identity_contract_end = {
	.service = "identity", .name = "end", .kind = CONTRACT_ACTION, .in = &session_end_dto, .out = &session_ended_dto, .serve = serve_end,
};
