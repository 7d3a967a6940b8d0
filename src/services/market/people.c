/* SPDX-License-Identifier: Apache-2.0
 *
 * What the market keeps about persons, for them; and letting go of it.
 */
#include "base/clock.h"
#include "base/id.h"
#include "gen/market_serve.h"
#include "platform/text/json.h"
#include "platform/work/event.h"
#include "services/market/admin.h"

static void put_at(struct buf *b, int64_t us)
{
	char at[CLOCK_TEXT_MAX];
	json_put_member(b, "at", str_n(at, clock_rfc3339(us, at)));
	buf_putc(b, '}');
}

static enum status put_suppliers(struct db_conn *c, int64_t person, struct buf *b, struct err *e)
{
	struct market_suppliers_of_row *rows;
	size_t n;
	TRY(q_market_suppliers_of(c, person, &rows, &n, e));
	BUF_LIT(b, "{\"suppliers\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? "," : "");
		json_put_str(b, rows[i].name);
	}
	return ST_OK;
}

static enum status put_moves(struct db_conn *c, int64_t person, struct buf *b, struct err *e)
{
	struct market_moves_of_row *rows;
	size_t n;
	TRY(q_market_moves_of(c, person, FORGET_MOVES_SHOWN, &rows, &n, e));
	BUF_LIT(b, "],\"counts\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s{\"quantity\":%lld", i ? "," : "", (long long)rows[i].quantity);
		json_put_member(b, "kind", rows[i].kind);
		put_at(b, rows[i].at);
	}
	return ST_OK;
}

static enum status put_imports(struct db_conn *c, int64_t person, struct buf *b, struct err *e)
{
	struct market_imports_of_row *rows;
	size_t n;
	TRY(q_market_imports_of(c, person, &rows, &n, e));
	BUF_LIT(b, "],\"imports\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{\"file\":" : "{\"file\":");
		json_put_str(b, rows[i].name);
		put_at(b, rows[i].at);
	}
	BUF_LIT(b, "]}");
	return ST_OK;
}

enum status market_serve_person_data(struct ctx *ctx, const struct person_data_ask *in, struct person_data_answer *out,
                                     struct err *e)
{
	struct buf b;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	buf_arena(&b, ctx->arena, PERSON_DATA_MAX);
	TRY(put_suppliers(c, in->person, &b, e));
	TRY(put_moves(c, in->person, &b, e));
	TRY(put_imports(c, in->person, &b, e));
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "this person has too many counts and imports for one answer");
	out->json = buf_str(&b);
	return ST_OK;
}

static enum status tx_forget(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *person = arg;
	TRY(q_market_moves_forget(c, *person, NULL, e));
	TRY(q_market_imports_forget(c, *person, NULL, e));
	return q_market_supplier_people_forget(c, *person, NULL, e);
}

/* What was counted stays; who counted it is no longer known. */
enum status market_person_deleted(struct ctx *ctx, const struct event *ev, struct err *e)
{
	int64_t person;
	if (!str_i64(ev->object, &person))
		return ST_OK;
	return db_write(ctx, ctx->svc->db, tx_forget, &person, e);
}
