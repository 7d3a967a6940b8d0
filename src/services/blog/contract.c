/* SPDX-License-Identifier: Apache-2.0 */
#include "gen/blog_serve.h"
#include "services/blog/store.h"

enum status blog_serve_site(struct ctx *ctx, const struct site_ask *in, struct site_answer *out, struct err *e)
{
	struct blog_site site;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(blog_site(ctx, c, &site, e));
	*out = (struct site_answer){ site.title, site.description, site.lang, site.accent, site.timezone };
	return ST_OK;
}
