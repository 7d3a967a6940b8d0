/* SPDX-License-Identifier: Apache-2.0
 *
 * federation/end: signing out.
 */
#include "services/federation/contract.h"

static enum status serve_end(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	const struct session_end *q = in;
	struct session_ended *a = out;
	a->there = q->sso.n > 0;
	return a->there ? sso_end(ctx, q->sso, e) : ST_OK;
}

const struct contract_def federation_contract_end = {
	.service = "federation", .name = "end", .kind = CONTRACT_ACTION, .in = &session_end_dto, .out = &session_ended_dto, .serve = serve_end,
};
