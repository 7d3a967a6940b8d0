/* SPDX-License-Identifier: Apache-2.0 */
#include "gen/account_serve.h"
#include "services/account/account.h"

enum status account_serve_menu(
        struct ctx *ctx, const struct account_menu_ask *in, struct account_menu_answer *out, struct err *e)
{
	const struct person person = {
		.id = in->person, .name = in->name, .admin = in->admin, .roles = in->admin ? STR("admin") : STR("")
	};
	account_menu_of(ctx, in->person ? &person : NULL, out);
	return ST_OK;
}
