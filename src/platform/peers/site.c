/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/peers/site.h"

#include "platform/peers/contract.h"

static const struct contract_def *site_contract_of(const struct platform *p)
{
	const struct contract_def *def = NULL;
	for (unsigned i = 0; i < p->service_count && !def; i++)
		def = contract_named(p->services[i].def, "site");
	return def;
}

void site_ask_all(struct ctx *ctx, struct site_answer *out)
{
	const struct contract_def *def = ctx->svc ? site_contract_of(ctx->svc->platform) : NULL;
	const struct site_ask nothing = { 0 };
	if (!def || contract_call(ctx, def, &nothing, out, NULL) != ST_OK)
		*out = (struct site_answer){ .title = STR(""),
			.description = STR(""),
			.lang = STR(""),
			.accent = STR(""),
			.timezone = STR("") };
}

enum lang site_lang(struct ctx *ctx)
{
	struct site_answer site;
	enum lang l = LANG_EN;
	site_ask_all(ctx, &site);
	(void)lang_of_tag(site.lang, &l);
	return l;
}

enum lang lang_of_person(struct ctx *ctx, struct str locale)
{
	enum lang l;
	return lang_of_tag(locale, &l) ? l : site_lang(ctx);
}
