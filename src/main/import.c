/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall import KIND FILE: take over another system's content.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "main/archive.h"
#include "main/calendars.h"
#include "main/products.h"
#include "services/blog/import.h"

#define BAR 30

struct import_work {
	struct service_instance *blog;
	struct import_options options;
	struct import_report report;
	const char *stage;
};

static void import_progress(void *arg, const char *stage, size_t done, size_t total)
{
	struct import_work *w = arg;
	char bar[BAR + 1];
	size_t full = total ? done * BAR / total : 0;
	if (w->stage && w->stage != stage)
		fputc('\n', stderr);
	w->stage = stage;
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = 0;
	fprintf(stderr, "\r%-10s [%s] %zu/%zu", stage, bar, done, total);
}

typedef enum status import_fn(struct ctx *ctx, struct db *db, struct media *media, const struct import_options *opt,
                              struct import_report *report, struct err *e);

static const struct { const char *name; import_fn *import; } kinds[] = {
	{ "ghost", blog_import_ghost },
	{ "markdown", blog_import_markdown },
	{ "wxr", blog_import_wxr },
};

static import_fn *import_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].import;
	return NULL;
}

static enum status import_command_run(struct invocation *inv, struct err *e)
{
	struct platform *p = inv->platform;
	struct import_work w = { .blog = platform_service(p, "blog") };
	if (!strcmp(inv->args[0], "archive"))
		return archive_import(inv, inv->args[1], e);
	if (!strcmp(inv->args[0], "products"))
		return import_products(inv, e);
	if (!strcmp(inv->args[0], "ics"))
		return import_ics(inv, e);
	import_fn *import = import_of(inv->args[0]);
	if (!import)
		return err_set(e, ST_USAGE,
		        "'%s' can not be imported; there are: ghost, markdown, wxr, products, ics, archive",
		        inv->args[0]);
	if (!w.blog || !w.blog->db)
		return err_set(e, ST_CONFIG, "the blog does not run in this process (server.only)");
	const char *site = inv_option(inv, "site-url"), *media = inv_option(inv, "media");
	struct stat st_media;
	if (media && (stat(media, &st_media) || !S_ISDIR(st_media.st_mode)))
		return err_set(e, ST_USAGE, "--media %s: there is no such folder", media);
	w.options = (struct import_options){ .path = inv->args[1],
		.media_dir = media,
		.site_url = str_c(site ? site : ""),
		.dry_run = inv_option(inv, "dry-run") != NULL,
		.progress = isatty(2) ? import_progress : NULL,
		.progress_arg = &w };
	inv->ctx->svc = w.blog;
	enum status st = import(inv->ctx, w.blog->db, p->media, &w.options, &w.report, e);
	if (w.stage)
		fputc('\n', stderr);
	TRY(st);
	struct buf text;
	buf_arena(&text, inv->ctx->arena, IMPORT_REPORT_MAX);
	if (inv_option(inv, "json"))
		import_report_json(&text, &w.report);
	else
		import_report_text(&text, &w.report);
	fwrite(text.data, 1, text.len, stdout);
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

static const struct option_def options[] = {
	{ "media", "DIR", NULL, "Ghost's content/ or WordPress' uploads/ folder: pictures are taken from there" },
	{ "site-url", "URL", NULL, "address of the old site: links to it become links within this one" },
	{ "dry-run", NULL, NULL, "read and report; write nothing" },
	{ "json", NULL, NULL, "report as JSON" },
	{ "calendar", "SLUG", NULL, "ics: the calendar that they go to; made where it is missing" },
	{ "page", "SLUG", NULL, "products: the market page that they go to; else the first" },
	{ 0 },
};

const struct command command_import = {
	.name = "import",
	.usage = "ghost FILE [--media DIR] | markdown FOLDER | wxr FILE [--media DIR] | products FILE | ics FILE "
	         "--calendar SLUG | archive FILE",
	.summary = "Take over the content of another system",
	.details = "ghost: an export of Ghost 0 to 6 (Settings, Migration tools, Export).\n"
	           "markdown: each *.md in the folder is a post (CommonMark 0.31; title, slug, date, tags and draft in "
	           "YAML "
	           "between lines ---).\n"
	           "wxr: an export of WordPress (Tools, Export).\n"
	           "products: CSV with the columns of Shopify, WooCommerce or the Open Food Network, or as `export "
	           "products` writes it.\n"
	           "ics: a calendar (RFC 5545), as calendars of any make export it.\n"
	           "archive: what `export --archive` wrote, into an empty site or the one it came from.\n"
	           "All of it is written in one transaction, or nothing. "
	           "Importing again changes only what has changed there.",
	.options = options,
	.min_args = 2,
	.max_args = 2,
	.flags = CMD_MIGRATED,
	.run = import_command_run,
};
