/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall import products FILE, guildhall export products: the catalogue in and out.
 */
#include <stdio.h>

#include "main/products.h"
#include "services/market/import.h"

enum { READ_PART = 256 << 10 };

static enum status find_market(struct invocation *inv, struct service_instance **market, struct err *e)
{
	*market = platform_service(inv->platform, "market");
	if (!*market || !(*market)->db)
		return err_set(e, ST_CONFIG, "the market does not run in this process (server.only)");
	inv->ctx->svc = *market;
	return ST_OK;
}

static enum status read_all(struct arena *a, const char *path, struct str *out, struct err *e)
{
	FILE *f = fopen(path, "rbe");
	struct buf b;
	size_t n;
	if (!f)
		return err_errno(e, ST_NOT_FOUND, "%s can't be read", path);
	buf_arena(&b, a, CSV_BYTES_MAX + READ_PART);
	do {
		buf_reserve(&b, READ_PART);
		n = buf_ok(&b) ? fread(b.data + b.len, 1, READ_PART, f) : 0;
		b.len += n;
	} while (n && b.len <= CSV_BYTES_MAX);
	bool bad = ferror(f);
	fclose(f);
	*out = buf_str(&b);
	if (b.len > CSV_BYTES_MAX)
		return err_set(e, ST_TOO_LARGE, "%s is larger than %d MB", path, CSV_BYTES_MAX >> 20);
	return bad ? err_errno(e, ST_IO, "%s can't be read to its end", path) : ST_OK;
}

enum status import_products(struct invocation *inv, struct err *e)
{
	struct service_instance *market;
	struct import_ask ask = { .name = str_c(inv->args[1]) };
	struct in_file *read = ARENA_NEW(inv->ctx->arena, struct in_file);
	struct import_done done;
	const char *page = inv_option(inv, "page");
	TRY(find_market(inv, &market, e));
	struct str currency = config_str(inv->config, "market", "currency");
	if (currency.n != 3)
		return err_set(e, ST_CONFIG, "market.currency is no currency: it has three letters");
	memcpy(ask.currency, currency.p, 3);
	ask.page = str_c(page ? page : "");
	TRY(read_all(inv->ctx->arena, inv->args[1], &ask.file, e));
	bool dry = inv_option(inv, "dry-run") != NULL;
	TRY(market_import(inv->ctx, market->db, &ask, dry, read, &done, e));
	printf("%s: %lld products %s, %lld changed, %lld as they were\n", read->format, (long long)done.added,
	       dry ? "to add" : "added", (long long)done.changed, (long long)done.same);
	for (size_t i = 0; i < read->note_count; i++)
		printf("%.*s\n", STR_ARG(read->notes[i]));
	if (read->notes_dropped)
		printf("and %zu more like these\n", read->notes_dropped);
	for (size_t i = 0; i < read->refused_count; i++)
		printf("%.*s\n", STR_ARG(read->refused[i].reason));
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}

static enum status print_part(void *arg, struct str part, struct err *e)
{
	(void)arg;
	return fwrite(part.p, 1, part.n, stdout) == part.n ? ST_OK
	                                                   : err_set(e, ST_IO, "standard output can not be written");
}

enum status export_products(struct invocation *inv, struct err *e)
{
	struct service_instance *market;
	TRY(find_market(inv, &market, e));
	TRY(market_export(inv->ctx, print_part, NULL, e));
	return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
}
