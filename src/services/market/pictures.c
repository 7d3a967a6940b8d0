/* SPDX-License-Identifier: Apache-2.0 */
#include "services/market/pictures.h"

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "net/client/client.h"
#include "platform/config/config.h"
#include "platform/core/service.h"
#include "platform/media/media.h"
#include "platform/work/event.h"
#include "services/market/admin.h"

/* What is said of one that did not come. again: it may come later. */
static const struct {
	enum status why;
	bool again;
	const char *words;
} misses[] = {
	{ ST_FORBIDDEN, false, TR_NOOP("The address is inside a private network.") },
	{ ST_NOT_FOUND, false, TR_NOOP("There is no picture at this address.") },
	{ ST_TOO_LARGE, false, TR_NOOP("The picture is larger than 10 MB.") },
	{ ST_MEDIA_TYPE, false, TR_NOOP("It is no picture of a known kind.") },
	{ ST_CORRUPT, false, TR_NOOP("The picture is damaged.") },
	{ ST_INVALID, false, TR_NOOP("The address is none.") },
	{ ST_OK, true, TR_NOOP("The server does not answer.") },
};

bool picture_is_elsewhere(struct str src)
{
	return str_starts(src, STR("https://")) || str_starts(src, STR("http://"));
}

enum status picture_want(struct db_conn *c, struct str src, int64_t import, struct str *path, struct err *e)
{
	struct market_picture_known_row *row;
	*path = STR_NULL;
	if (!picture_is_elsewhere(src))
		return ST_OK;
	TRY(q_market_picture_known(c, src, &row, e));
	if (row)
		*path = row->path;
	return row ? ST_OK : q_market_picture_want(c, src, import, clock_now_us(), NULL, e);
}

enum status picture_arrived(struct db_conn *c, struct str src, struct str path, struct err *e)
{
	TRY(q_market_picture_here(c, src, path, NULL, e));
	TRY(q_market_products_picture(c, src, path, NULL, e));
	TRY(q_market_images_picture(c, src, path, NULL, e));
	return event_emit(c, "catalogue.pictures", STR("0"), STR("{}"), e);
}

enum status picture_missed(
        struct db_conn *c, struct str src, int64_t tries, enum status why, bool *again, struct err *e)
{
	size_t i = 0;
	while (misses[i].why != ST_OK && misses[i].why != why)
		i++;
	*again = misses[i].again && ++tries < PICTURE_TRIES;
	if (!*again)
		return q_market_picture_failed(c, src, tries, str_c(misses[i].words), NULL, e);
	int64_t wait = (int64_t)PICTURE_AGAIN_S << (tries - 1);
	return q_market_picture_later(
	        c, src, tries, clock_now_us() + wait * US_PER_S, str_c(misses[i].words), NULL, e);
}

enum status pictures_job(struct db_conn *c, struct err *e)
{
	struct market_pictures_due_row *rows;
	size_t n;
	int64_t job;
	TRY(q_market_pictures_due(c, clock_now_us(), 1, &rows, &n, e));
	const struct job_new j = { .kind = "market.pictures", .key = STR("pictures"), .payload = STR("{}") };
	return n ? job_enqueue(c, &j, &job, e) : ST_OK;
}

/* --- one of them -------------------------------------------------------------------------------------------------- */

struct picture {
	struct str src, path;
	int64_t tries;
	enum status st;
};

static enum status tx_picture(struct db_conn *c, void *arg, struct err *e)
{
	const struct picture *p = arg;
	bool again;
	return p->st == ST_OK ? picture_arrived(c, p->src, p->path, e)
	                      : picture_missed(c, p->src, p->tries, p->st, &again, e);
}

static enum status status_of(int http)
{
	if (http == 200)
		return ST_OK;
	return http == 429 || http >= 500 ? ST_UPSTREAM : ST_NOT_FOUND;
}

/* Into our media. What is no picture is not kept from being put there: it is nowhere shown. */
static enum status fetch_picture(struct ctx *ctx, struct picture *p, struct err *e)
{
	struct http_in in;
	struct media_item item;
	const struct http_header headers[] = { { STR("accept"), STR("image/webp,image/png,image/jpeg,image/gif") } };
	const struct http_out out = { .url = arena_cstr(ctx->arena, p->src), .headers = headers, .header_count = 1,
		.max_body = PICTURE_BYTES_MAX, .max_redirects = PICTURE_REDIRECTS,
		.deadline_ns = clock_mono_ns() + PICTURE_WAIT_S * NS_PER_S };
	TRY(http_fetch(ctx, ctx->svc->platform->pool_web, &out, &in, e));
	enum status st = status_of(in.status);
	if (st != ST_OK)
		return err_set(e, st, "it answers %d", in.status);
	TRY(media_put(ctx, ctx->svc->platform->media, 0, in.body, &item, e));
	if (!str_starts(str_c(item.type), STR("image/")) || !item.variant_count)
		return err_set(e, ST_MEDIA_TYPE, "it is no picture");
	p->path = market_picture_address(ctx, &item);
	return ST_OK;
}

/* In memory of its own, which is given back behind it. Our own end is not theirs: it is left for the next job. */
static enum status take_picture(struct ctx *ctx, const struct market_pictures_due_row *row, struct err *e)
{
	SCOPED_ARENA *a = arena_child(ctx->arena);
	struct ctx part = *ctx;
	struct err why = { 0 };
	struct picture p = { .src = row->src, .tries = row->tries };
	part.arena = a;
	p.st = fetch_picture(&part, &p, &why);
	if (p.st == ST_CANCELLED)
		return err_set(e, p.st, "%s", why.msg);
	if (p.st != ST_OK)
		LOG(INFO, ctx, "market.picture_missed", LS("error", why.msg));
	return db_write(&part, ctx->svc->db, tx_picture, &p, e);
}

enum status market_job_pictures(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct market_pictures_due_row *rows;
	size_t n = 1;
	(void)j;
	arena_allow(ctx->arena, PICTURE_MEMORY);
	if (!config_bool(ctx->svc->platform->config, "market", "fetch_pictures") || !ctx->svc->platform->media)
		return ST_OK;
	while (n) {
		{
			SCOPED_DB_READ c = NULL;
			TRY(db_read(ctx, ctx->svc->db, &c, e));
			TRY(q_market_pictures_due(c, clock_now_us(), PICTURES_AT_ONCE, &rows, &n, e));
		}
		for (size_t i = 0; i < n; i++)
			TRY(take_picture(ctx, &rows[i], e));
	}
	return ST_OK;
}
