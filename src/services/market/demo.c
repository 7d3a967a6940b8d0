/* SPDX-License-Identifier: Apache-2.0
 *
 * The demonstration's shelf: three market pages and what they sell, with drawings. A site that has a market page is
 * left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "platform/media/media.h"
#include "services/market/import.h"
#include "services/market/market.h"

enum { DEMO_FILE_MAX = 1 << 20 };

static const struct {
	const char *slug, *title, *intro;
} windows[] = {
	{ "bakery", "Bakery", "Baked on Wednesday and Friday in the old mill; collect from four on." },
	{ "orchard", "Orchard", "From the meadow at the weir: what is ripe, and what was pressed and cooked of it." },
	{ "tools", "Tool library", "Borrow instead of buying: a small fee keeps everything sharp." },
};

static enum status tx_windows(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *now = arg;
	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
		TRY(q_market_page_add(c, id_new(), str_c(windows[i].slug), str_c(windows[i].title),
		                      str_c(windows[i].intro), STR("EUR"), (int64_t)i, *now, NULL, e));
	return ST_OK;
}

/* A drawing of the demonstration's, "/demo/rye.svg", as the media store has it. */
static enum status put_picture(struct ctx *ctx, const char *dir, struct str name, struct buf *out, struct err *e)
{
	struct media_item item;
	const char *path = arena_printf(ctx->arena, "%s/market/%.*s", dir, STR_ARG(name));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ST_NOT_FOUND, "%s can't be read", path);
	enum status st = media_put_file(ctx, ctx->svc->platform->media, fd, name, MEDIA_NOW, &item, e);
	close(fd);
	TRY(st);
	buf_putstr(out, web_url(ctx, "market", "/media/%.*s", STR_ARG(item.variants[0].path)));
	return ST_OK;
}

/* The list with the addresses of its pictures as they are here. */
static enum status with_pictures(struct ctx *ctx, const char *dir, struct str list, struct str *out, struct err *e)
{
	struct str mark = STR("/demo/");
	struct buf b;
	buf_arena(&b, ctx->arena, 2 * DEMO_FILE_MAX);
	for (;;) {
		ptrdiff_t at = str_find(list, mark);
		if (at < 0)
			break;
		buf_put(&b, list.p, (size_t)at);
		list = str_skip(list, (size_t)at + mark.n);
		ptrdiff_t end = str_chr(list, ',');
		if (end < 0)
			return err_set(e, ST_CORRUPT, "the demonstration's list of products is broken");
		TRY(put_picture(ctx, dir, str_first(list, (size_t)end), &b, e));
		list = str_skip(list, (size_t)end);
	}
	buf_putstr(&b, list);
	*out = buf_str(&b);
	return ST_OK;
}

/* --- the Friday cycle -------------------------------------------------------------------------------------------- */

/* Bread for Friday: the next Friday that is at least two days away, and the one after it. Orders close the day before
   at noon; what is ordered lies ready at four. */
static const char *const friday_bread[] = { "friday-sourdough", "seeded-loaf", "oven-rolls" };
enum { FRIDAY = 5, WEEK = 7, DEMO_CYCLES = 2, DEMO_CAP = 40 };

static enum status add_bread(struct db_conn *c, int64_t cycle, const char *handle, struct err *e)
{
	struct market_product_row *p;
	struct market_variants_of_row *rows;
	size_t n;
	TRY(q_market_product_by_handle(c, str_c(handle), &p, e));
	if (!p)
		return ST_OK;
	TRY(q_market_variants_of(c, p->id, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(q_market_cycle_good_add(c, cycle, rows[i].id, 0, DEMO_CAP, NULL, e));
	return ST_OK;
}

static enum status tx_cycles(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t day = INT64_C(86400) * US_PER_S, hour = day / 24, now = *(const int64_t *)arg;
	int64_t midnight = now - now % day;
	struct civil at;
	clock_civil_utc(now, &at);
	int ahead = (FRIDAY - at.weekday + WEEK) % WEEK;
	int64_t friday = midnight + (ahead < 2 ? ahead + WEEK : ahead) * day;
	for (int i = 0; i < DEMO_CYCLES; i++, friday += WEEK * day) {
		int64_t id = id_new(), closes = friday - day + 12 * hour;
		int64_t opens = i ? closes - 6 * day : midnight - day;
		TRY(q_market_cycle_add(c, id, STR("Bread for Friday"), opens, closes, friday + 16 * hour, now, NULL,
		                       e));
		for (size_t k = 0; k < sizeof friday_bread / sizeof *friday_bread; k++)
			TRY(add_bread(c, id, friday_bread[k], e));
	}
	return ST_OK;
}

enum status market_demo(struct ctx *ctx, const char *demo_dir, struct err *e)
{
	struct market_pages_all_row *pages;
	struct import_ask ask = { .name = STR("demonstration"), .currency = "EUR" };
	struct in_file *read = ARENA_NEW(ctx->arena, struct in_file);
	struct import_done done;
	int64_t now = clock_now_us();
	size_t n;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_market_pages_all(c, &pages, &n, e));
	}
	if (n || !ctx->svc->platform->media)
		return ST_OK;
	struct str list = STR("");
	const char *path = arena_printf(ctx->arena, "%s/market/products.csv", demo_dir);
	if (access(path, F_OK) && errno == ENOENT) /* a demonstration without a shop */
		return ST_OK;
	TRY(file_read_text(ctx->arena, path, DEMO_FILE_MAX, &list, e));
	TRY(with_pictures(ctx, demo_dir, list, &ask.file, e));
	TRY(db_write(ctx, ctx->svc->db, tx_windows, &now, e));
	TRY(market_import(ctx, ctx->svc->db, &ask, false, read, &done, e));
	return db_write(ctx, ctx->svc->db, tx_cycles, &now, e);
}
