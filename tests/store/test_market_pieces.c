/* SPDX-License-Identifier: Apache-2.0
 *
 * What pages of others show of a product, and what they are offered to choose from, on each store: prices that are
 * there, none where nothing is for sale, a line for what is gone.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/market_serve.h"
#include "services/market/import.h"
#include "services/market/market.h"
#include "shop.h"
#include "store.h"

static const char goods[] = "Handle,Title,Vendor,Variant SKU,Variant Price,Variant Inventory Qty,Variant Inventory "
                            "Policy,Option1 Value\n"
                            "rye,Rye & spelt,Mill,R,3.20,10,deny,Whole\n"
                            "rye,,,H,1.70,4,deny,Half\n"
                            "oats,Oats,Mill,O,2.00,0,deny,\n"
                            "card,Card,,C,1.00,,continue,\n";

enum { ROOM = 64 << 10, MANY = 51 };

static enum status stock_up(struct store *t, const char *csv)
{
	struct import_ask ask = { .file = str_c(csv), .name = STR("test"), .currency = "EUR" };
	struct in_file *read = ARENA_NEW(t->ctx->arena, struct in_file);
	struct import_done done;
	return market_import(t->ctx, t->db, &ask, false, read, &done, &t->err);
}

static int64_t product(struct store *t, const char *handle)
{
	struct market_product_row *p = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_product_by_handle(c, str_c(handle), &p, NULL) || !p)
		return 0;
	return p->id;
}

typedef enum status piece(struct fragment_req *f, struct buf *out, struct err *e);

/* "" with *st where there is none. */
static struct str shown(struct store *t, piece *make, int64_t id, enum status *st)
{
	static const struct fragment_def def = { .params = "id" };
	const struct param list[] = { { .name = STR("id"), .value = id_str(t->ctx->arena, id) } };
	struct fragment_req f = { .ctx = t->ctx, .def = &def, .params = { list, 1 }, .cookie = STR("") };
	struct buf b;
	buf_arena(&b, t->ctx->arena, ROOM);
	*st = make(&f, &b, NULL);
	return buf_str(&b);
}

static bool says(struct str html, const char *words) { return str_find(html, str_c(words)) >= 0; }

static enum status tx_none_for_sale(struct db_conn *c, void *arg, struct err *e)
{
	struct market_variants_of_row *rows;
	size_t n;
	const int64_t *id = arg;
	TRY(q_market_variants_of(c, *id, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(q_market_variant_archive(c, rows[i].id, NULL, e));
	return ST_OK;
}

static enum status tx_draft(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *id = arg;
	TRY(q_market_product_draft(c, *id, clock_now_us(), NULL, e));
	return q_market_product_refresh(c, *id, NULL, e);
}

static void cards(struct store *t)
{
	struct shop s;
	enum status st;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	int64_t rye = product(t, "rye"), oats = product(t, "oats"), card = product(t, "card");
	struct str html = shown(t, market_fragment_product_card, rye, &st);
	CHECK_OK(st);
	CHECK(says(html, "Rye &amp; spelt") && says(html, "<span>from</span>") && says(html, "1.70"));
	CHECK(says(html, "/market/shop/rye") && !says(html, "<form")); /* nobody runs a cart here */
	html = shown(t, market_fragment_product_card, oats, &st);
	CHECK(says(html, "2.00") && says(html, "Sold out"));
	html = shown(t, market_fragment_link_card, rye, &st);
	CHECK(st == ST_OK && says(html, "from") && says(html, "1.70"));
	CHECK_OK(db_write(t->ctx, t->db, tx_none_for_sale, &card, &t->err));
	html = shown(t, market_fragment_product_card, card, &st);
	CHECK(st == ST_OK && says(html, "Card") && !says(html, "0.00") && says(html, "Sold out"));
	html = shown(t, market_fragment_link_card, card, &st);
	CHECK(!says(html, "0.00"));
}

static void gone(struct store *t)
{
	struct shop s;
	enum status st;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	int64_t rye = product(t, "rye");
	CHECK_OK(db_write(t->ctx, t->db, tx_draft, &rye, &t->err));
	struct str html = shown(t, market_fragment_product_card, rye, &st);
	CHECK(st == ST_OK && says(html, "not for sale any more") && !says(html, "Rye"));
	html = shown(t, market_fragment_product_card, id_new(), &st);
	CHECK(st == ST_OK && says(html, "not for sale any more"));
	shown(t, market_fragment_link_card, rye, &st);
	CHECK(st == ST_NOT_FOUND);
}

static size_t offered(struct store *t, const char *words, int32_t size, struct market_products_answer *out)
{
	struct market_products_ask ask = { .words = str_c(words), .size = size };
	*out = (struct market_products_answer){ 0 };
	return market_serve_products(t->ctx, &ask, out, &t->err) == ST_OK ? out->products.count : SIZE_MAX;
}

static void choices(struct store *t)
{
	struct shop s;
	struct market_products_answer out;
	open_shop(&s, t->ctx, t->db);
	CHECK_OK(stock_up(t, goods));
	CHECK(offered(t, "", 2, &out) == 2);
	CHECK(offered(t, "", 0, &out) == 1);
	CHECK(offered(t, "spe", 10, &out) == 1);
	const struct market_product_choice *p = out.products.items;
	CHECK(str_eqc(p->title, "Rye & spelt") && str_eqc(p->url, "/market/shop/rye") && says(p->price, "1.70"));
	CHECK(str_eq(p->id, id_str(t->ctx->arena, product(t, "rye"))));
	int64_t rye = product(t, "rye");
	CHECK_OK(db_write(t->ctx, t->db, tx_draft, &rye, &t->err));
	CHECK(offered(t, "spe", 10, &out) == 0);
}

static void as_many_as_there_may_be(struct store *t)
{
	struct shop s;
	struct market_products_answer out;
	struct buf csv;
	open_shop(&s, t->ctx, t->db);
	buf_text(&csv, t->ctx->arena);
	buf_puts(&csv, "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty,Variant Inventory Policy\n");
	for (int i = 0; i < MANY; i++)
		buf_printf(&csv, "jam-%d,Jam %d,J%d,3.00,5,deny\n", i, i, i);
	buf_putc(&csv, '\0');
	CHECK_OK(stock_up(t, buf_str(&csv).p));
	CHECK(offered(t, "", MANY, &out) == MANY - 1);
	CHECK(offered(t, "jam", MANY, &out) == MANY - 1);
	CHECK(offered(t, "jam", MANY - 2, &out) == MANY - 2);
}

static const struct store_test tests[] = {
	{ "cards", cards },
	{ "gone", gone },
	{ "choices", choices },
	{ "as_many_as_there_may_be", as_many_as_there_may_be },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &market_migrations, NULL });
}
