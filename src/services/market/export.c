/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole catalogue as a file that Shopify reads and that says the same when it is imported here: a row for each
 * variant, the columns of market_columns and those that rows carry along. Pictures stand beside the variants, one each;
 * those that are left are a list in the first row.
 */
#include <string.h>

#include "base/money.h"
#include "platform/core/service.h"
#include "platform/text/json.h"
#include "services/market/import.h"
#include "services/market/pictures.h"

enum { PRODUCTS_AT_ONCE = 200, EXPORT_PART = 256 << 10, EXPORT_ROW_MAX = 16 << 20 };

typedef struct market_product_row product_row;
typedef struct market_variants_of_row variant_row;

struct catalogue {
	struct ctx *ctx;
	struct db_conn *c;
	struct buf out;
	struct in_page *pages;
	size_t page_count;
	struct str *carried; /* names of the columns that rows carry along */
	size_t carried_count;
	enum status (*put)(void *arg, struct str part, struct err *e);
	void *arg;
};

static void put_cell(struct catalogue *w, struct str s)
{
	buf_putc(&w->out, ',');
	csv_put(&w->out, s);
}

static void put_number(struct catalogue *w, int64_t n)
{
	buf_printf(&w->out, ",%lld", (long long)n);
}

static void put_money(struct catalogue *w, int64_t minor, struct str page)
{
	struct money m = { .minor = minor };
	char text[MONEY_TEXT_MAX];
	for (size_t i = 0; i < w->page_count; i++)
		if (str_eq(w->pages[i].slug, page))
			memcpy(m.currency, w->pages[i].currency, sizeof m.currency);
	put_cell(w, str_n(text, money_text(&m, text)));
}

static void put_quantity(struct catalogue *w, const variant_row *v)
{
	if (str_eqc(v->kind, "unlimited") || (str_eqc(v->kind, "on_demand") && v->imported_null))
		put_cell(w, STR(""));
	else
		put_number(w, v->on_hand);
}

static void put_column(struct catalogue *w, const struct market_column *c, const product_row *p, const variant_row *v)
{
	const void *at = (const char *)(c->of == OF_PRODUCT ? (const void *)p : (const void *)v) + c->at;
	struct money percent = { .minor = c->kind == COLUMN_PERCENT ? *(const int64_t *)at : 0, .currency = "EUR" };
	char text[MONEY_TEXT_MAX];
	switch (c->kind) {
	case COLUMN_FLAG:
		put_cell(w, *(const bool *)at ? STR("true") : STR("false"));
		break;
	case COLUMN_NUMBER:
	case COLUMN_COUNT:
		put_number(w, *(const int64_t *)at);
		break;
	case COLUMN_PERCENT:
		put_cell(w, str_n(text, money_text(&percent, text)));
		break;
	case COLUMN_MONEY: /* what costs nothing has a price; other amounts are none then */
		if (*(const int64_t *)at || c->at == offsetof(variant_row, price))
			put_money(w, *(const int64_t *)at, p->page);
		else
			put_cell(w, STR(""));
		break;
	case COLUMN_QUANTITY:
		put_quantity(w, v);
		break;
	case COLUMN_POLICY:
		put_cell(w, str_eqc(v->kind, "on_demand") ? STR("continue") : STR("deny"));
		break;
	default:
		put_cell(w, *(const struct str *)at);
	}
}

static void put_more_images(struct catalogue *w, const struct market_images_of_row *images, size_t from, size_t n)
{
	struct buf b;
	buf_arena(&b, w->ctx->arena, EXPORT_ROW_MAX);
	for (size_t i = from; i < n; i++) {
		buf_puts(&b, b.len ? ",[" : "[[");
		json_put_str(&b, picture_as_it_came(&images[i]));
		buf_putc(&b, ',');
		json_put_str(&b, images[i].alt);
		buf_putc(&b, ']');
	}
	if (b.len)
		buf_putc(&b, ']');
	put_cell(w, buf_str(&b));
}

static void put_carried(struct catalogue *w, struct str carried)
{
	SCOPED_JSON *o = carried.n ? json_parse(carried, 2, NULL) : NULL;
	for (size_t i = 0; i < w->carried_count; i++) {
		const json_t *value = json_object_getn(o, w->carried[i].p, w->carried[i].n);
		put_cell(w,
		         json_is_string(value) ? str_n(json_string_value(value), json_string_length(value)) : STR(""));
	}
}

static enum status hand_on(struct catalogue *w, size_t above, struct err *e)
{
	if (!buf_ok(&w->out))
		return err_set(e, ST_TOO_LARGE, "a row is larger than %d MB", EXPORT_ROW_MAX >> 20);
	if (w->out.len <= above)
		return ST_OK;
	TRY(w->put(w->arg, buf_str(&w->out), e));
	buf_clear(&w->out);
	return ST_OK;
}

static enum status put_product(struct catalogue *w, const product_row *p, struct err *e)
{
	struct market_images_of_row *images;
	variant_row *rows;
	size_t n, count, active = 0, at = 0;
	TRY(q_market_images_of(w->c, p->id, &images, &count, e));
	TRY(q_market_variants_of(w->c, p->id, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		active += str_eqc(rows[i].state, "active");
	for (size_t i = 0; i < n; i++) {
		if (!str_eqc(rows[i].state, "active"))
			continue;
		csv_put(&w->out, p->handle);
		for (const struct market_column *c = market_columns; c->name; c++)
			put_column(w, c, p, &rows[i]);
		put_cell(w, at < count ? picture_as_it_came(&images[at]) : STR(""));
		if (at < count)
			put_number(w, (int64_t)at + 1);
		else
			put_cell(w, STR(""));
		put_cell(w, at < count ? images[at].alt : STR(""));
		put_more_images(w, images, at ? count : active, count);
		put_carried(w, rows[i].carried);
		BUF_LIT(&w->out, "\r\n");
		TRY(hand_on(w, EXPORT_PART, e));
		at++;
	}
	return ST_OK;
}

/* Calls fn for each product, in the order in which they came here. */
static enum status each_product(struct catalogue *w,
                                enum status (*fn)(struct catalogue *w, const product_row *p, struct err *e),
                                struct err *e)
{
	int64_t after = 0;
	for (;;) {
		SCOPED_ARENA *a = arena_child(w->ctx->arena);
		struct ctx part = *w->ctx;
		product_row *rows;
		size_t n;
		part.arena = a;
		SCOPED_DB_READ c = NULL;
		TRY(db_read(&part, w->ctx->svc->db, &c, e));
		TRY(q_market_products_after(c, after, PRODUCTS_AT_ONCE, &rows, &n, e));
		w->c = c;
		struct ctx *whole = w->ctx;
		w->ctx = &part;
		enum status st = ST_OK;
		for (size_t i = 0; i < n && st == ST_OK; i++)
			st = fn(w, &rows[i], e);
		w->ctx = whole;
		TRY(st);
		if (n < PRODUCTS_AT_ONCE)
			return ST_OK;
		after = rows[n - 1].id;
	}
}

static bool is_carried(const struct catalogue *w, struct str name)
{
	for (size_t i = 0; i < w->carried_count; i++)
		if (str_eq(w->carried[i], name))
			return true;
	return false;
}

struct collecting {
	struct arena *a;
};

static enum status collect(struct catalogue *w, const product_row *p, struct err *e)
{
	struct collecting *to = w->arg;
	variant_row *rows;
	size_t n;
	TRY(q_market_variants_of(w->c, p->id, &rows, &n, e));
	for (size_t i = 0; i < n; i++) {
		SCOPED_JSON *o = rows[i].carried.n && str_eqc(rows[i].state, "active")
		                         ? json_parse(rows[i].carried, 2, NULL)
		                         : NULL;
		const char *name;
		json_t *value;
		json_object_foreach(o, name, value)
		{
			if (is_carried(w, str_c(name)))
				continue;
			if (w->carried_count == CSV_COLUMNS_MAX - MARKET_COLUMNS_MAX)
				return err_set(e, ST_TOO_LARGE, "there are more columns than a file may have");
			w->carried[w->carried_count++] = arena_str(to->a, str_c(name));
		}
	}
	return ST_OK;
}

static enum status load_pages(struct catalogue *w, struct err *e)
{
	struct market_pages_all_row *rows;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_pages_all(c, &rows, &w->page_count, e));
	w->pages = ARENA_ARRAY(w->ctx->arena, struct in_page, w->page_count + 1);
	for (size_t i = 0; i < w->page_count; i++) {
		w->pages[i].slug = rows[i].slug;
		str_print(w->pages[i].currency, sizeof w->pages[i].currency, "%.*s", STR_ARG(rows[i].currency));
	}
	return ST_OK;
}

enum status market_export(struct ctx *ctx, enum status (*put)(void *arg, struct str part, struct err *e), void *arg,
                          struct err *e)
{
	struct collecting to = { ctx->arena };
	struct catalogue w = { .ctx = ctx, .put = put, .arg = &to };
	buf_arena(&w.out, ctx->arena, EXPORT_ROW_MAX);
	w.carried = ARENA_ARRAY(ctx->arena, struct str, CSV_COLUMNS_MAX);
	TRY(load_pages(&w, e));
	TRY(each_product(&w, collect, e));
	w.arg = arg;
	BUF_LIT(&w.out, "Handle");
	for (const struct market_column *c = market_columns; c->name; c++)
		put_cell(&w, str_c(c->name));
	BUF_LIT(&w.out, ",Image Src,Image Position,Image Alt Text,More Images");
	for (size_t i = 0; i < w.carried_count; i++)
		put_cell(&w, w.carried[i]);
	BUF_LIT(&w.out, "\r\n");
	TRY(each_product(&w, put_product, e));
	return hand_on(&w, 0, e);
}
