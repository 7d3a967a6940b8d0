/* SPDX-License-Identifier: Apache-2.0
 *
 * What keeps the stock in order while nobody looks: holds that were left behind go, and
 * deleted pages after a while; and each night all is added up.
 */
#include "services/market/keeping.h"
#include "base/clock.h"
#include "base/log.h"
#include "gen/market_serve.h"
#include "services/market/pages_admin.h"
#include "services/market/sale.h"

enum { SWEPT_AT_ONCE = 200, SWEEP_AFTER_S = 3600, WRONG_SHOWN = 20 };

static enum status tx_forget_pages(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	return q_market_pages_forget(c, clock_now_us() - (int64_t)PAGES_KEPT_DAYS * 86400 * US_PER_S, NULL, e);
}

enum status market_sweep(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct market_holds_stale_row *rows;
	size_t n;
	(void)j;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(ctx, ctx->svc->db, &c, e));
		TRY(q_market_holds_stale(c, clock_now_us() - (int64_t)SWEEP_AFTER_S * US_PER_S, SWEPT_AT_ONCE, &rows,
		                         &n, e));
	}
	for (size_t i = 0; i < n; i++) {
		const struct release_ask ask = { rows[i].checkout, rows[i].revision };
		struct release_answer answer;
		TRY(market_serve_release(ctx, &ask, &answer, e));
	}
	return db_write(ctx, ctx->svc->db, tx_forget_pages, NULL, e);
}

enum status market_verify(struct ctx *ctx, const struct job *j, struct err *e)
{
	struct market_stock_wrong_row *rows;
	size_t n;
	(void)j;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_market_stock_wrong(c, WRONG_SHOWN, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		LOG(ERROR, ctx, "stock.wrong", LI("item", rows[i].id), LI("on_hand", rows[i].on_hand),
		    LI("moved", rows[i].moved), LI("held", rows[i].held), LI("holds", rows[i].holds));
	return ST_OK;
}
