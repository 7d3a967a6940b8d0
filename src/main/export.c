/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall export FOLDER: take the site along; export products: the catalogue.
 */
#include <stdio.h>
#include <unistd.h>

#include "main/archive.h"
#include "main/calendars.h"
#include "main/products.h"
#include "services/blog/export.h"

static void export_progress(void *arg, const char *stage, size_t done)
{
	bool *shown = arg;
	*shown = true;
	fprintf(stderr, "\r%-10s %zu", stage, done);
}

static enum status export_command_run(struct invocation *inv, struct err *e)
{
	const char *archive = inv_option(inv, "archive");
	if (archive && inv->arg_count)
		return err_set(e, ST_USAGE, "export writes an archive or a folder, not both at once");
	if (archive)
		return archive_export(inv, archive, e);
	if (!inv->arg_count)
		return err_set(e, ST_USAGE, "usage: guildhall export FOLDER|products|ics, or --archive FILE");
	if (!strcmp(inv->args[0], "products"))
		return export_products(inv, e);
	if (!strcmp(inv->args[0], "ics"))
		return export_ics(inv, e);
	if (inv->arg_count > 1)
		return err_set(e, ST_USAGE, "export writes into one folder");
	struct platform *p = inv->platform;
	struct service_instance *blog = platform_service(p, "blog");
	struct export_report r;
	bool shown = false;
	if (!blog || !blog->db)
		return err_set(e, ST_CONFIG, "the blog does not run in this process (server.only)");
	inv->ctx->svc = blog;
	const struct export_options o = { .folder = inv->args[0],
		                          .progress = isatty(2) ? export_progress : NULL,
		                          .progress_arg = &shown };
	enum status st = blog_export_ghost(inv->ctx, blog->db, p->media, &o, &r, e);
	if (shown)
		fputc('\n', stderr);
	TRY(st);
	printf("%s: %zu posts, %zu pages, %zu tags, %zu authors, %zu files\n", o.folder, r.posts, r.pages, r.tags,
	       r.authors, r.files);
	if (r.missing)
		fprintf(stderr, "%zu files are not in the media folder and were left out\n", r.missing);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

static const struct option_def options[] = {
	{ "archive", "FILE", NULL, "the whole site as one zip: content, settings, files as they came, people" },
	{ "calendar", "SLUG", NULL, "ics: of which calendar" },
	{ "expand", "FROM", NULL, "ics: the times of all that begins from FROM to before the argument TO" },
	{ 0 },
};

const struct command command_export = {
	.name = "export",
	.usage = "FOLDER|products|ics --calendar SLUG --expand FROM TO|--archive FILE",
	.summary = "Take the site along",
	.details =
	        "Writes FOLDER/export.json, a Ghost export, and the site's files below FOLDER/content, pictures as "
	        "they came. Take it to Ghost, or\n"
	        "back: `guildhall import ghost FOLDER/export.json --media FOLDER/content`. People and their "
	        "passwords are not in it.\n"
	        "`export products` writes the catalogue to standard output, as CSV that `import products` and "
	        "Shopify take.\n"
	        "`export ics` writes when each occurrence of a calendar begins, a line each, in UTC.\n"
	        "--archive writes everything into one zip, people and their passwords' hashes too: keep it with care. "
	        "`import archive FILE` makes\n"
	        "the same site of it.",
	.options = options,
	.max_args = 2,
	.flags = CMD_MIGRATED,
	.run = export_command_run,
};
