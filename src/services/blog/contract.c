/* SPDX-License-Identifier: Apache-2.0 */
#include "services/blog/contract.h"

#include <stddef.h>

#include "services/blog/store.h"

static enum status serve_site(struct ctx *ctx, const void *in, void *out, struct err *e)
{
	struct blog_site site;
	struct blog_site_answer *a = out;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(blog_site(ctx, c, &site, e));
	*a = (struct blog_site_answer){ site.title, site.description, site.lang, site.accent, site.timezone };
	return ST_OK;
}

static const struct dto_def query_dto = {
	.name = "blog_site_query",
	.size = sizeof(struct blog_site_query),
	.fields = (const struct dto_field[]){ { 0 } },
};

#define TEXT(field) { #field, DTO_STR, offsetof(struct blog_site_answer, field), NULL }
static const struct dto_def answer_dto = {
	.name = "blog_site",
	.size = sizeof(struct blog_site_answer),
	.fields = (const struct dto_field[]){ TEXT(title), TEXT(description), TEXT(lang), TEXT(accent), TEXT(timezone), { 0 } },
};

const struct contract_def blog_contract_site = {
	.service = "blog",
	.name = "site",
	.kind = CONTRACT_QUERY,
	.in = &query_dto,
	.out = &answer_dto,
	.ttl_s = 60,
	.patience_ms = 250,
	.serve = serve_site,
};
