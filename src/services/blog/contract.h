/* SPDX-License-Identifier: Apache-2.0
 *
 * What other services may ask the blog.
 */
#ifndef GH_SERVICES_BLOG_CONTRACT_H
#define GH_SERVICES_BLOG_CONTRACT_H

#include "platform/peers/contract.h"

/* blog/site: who we are, for titles and mails of every service. */
struct blog_site_query { int64_t unused; };
struct blog_site_answer { struct str title, description, lang, accent, timezone; };

extern const struct contract_def blog_contract_site;

static inline enum status blog_ask_site(struct ctx *ctx, struct blog_site_answer *out, struct err *e)
{
	struct blog_site_query q = { 0 };
	return contract_call(ctx, &blog_contract_site, &q, out, e);
}

#endif
