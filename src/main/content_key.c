/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall content-key: what programs that read the site by Ghost's Content API are given.
 */
#include <stdio.h>

#include "main/command.h"
#include "services/blog/content_api.h"

static enum status content_key_run(struct invocation *inv, struct err *e)
{
	struct service_instance *blog = platform_service(inv->platform, "blog");
	struct str key;
	if (!blog || !blog->db)
		return err_set(e, ST_CONFIG, "the blog does not run in this process (server.only)");
	inv->ctx->svc = blog;
	TRY(content_key(inv->ctx, blog->db, &key, e));
	printf("%.*s\n", STR_ARG(key));
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

const struct command command_content_key = {
	.name = "content-key",
	.usage = "",
	.summary = "Print the key of the Content API",
	.details = "Front ends and programs made for Ghost read this site at /ghost/api/content/ with it. It is made "
	           "the first\n"
	           "time, and the same one afterwards. It opens what everybody may read, and nothing else.",
	.flags = CMD_MIGRATED,
	.run = content_key_run,
};
