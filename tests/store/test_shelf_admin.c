/* SPDX-License-Identifier: Apache-2.0
 *
 * What keepers and suppliers change, on each store: products, variants, pictures, counts and prices, each with what it
 * appends (moves, price history, audit); what was changed meanwhile is refused; and what is kept about persons goes.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "platform/work/event.h"
#include "services/market/admin.h"
#include "services/market/allergens.h"
#include "services/market/save.h"
#include "shop.h"
#include "store.h"

/* A cell or two of a product; "" ends. */
struct cells {
	const char *column, *text;
};

static struct product_save *saving(struct store *t, int64_t product, const struct cells *cells, bool *good)
{
	struct product_save *s = ARENA_NEW(t->ctx->arena, struct product_save);
	save_begin(s, t->ctx->arena, product, "EUR");
	*good = true;
	for (; cells->column; cells++)
		*good = *good && save_put(s, cells->column, str_c(cells->text), &t->err) == ST_OK;
	return s;
}

static int64_t rye(struct store *t)
{
	bool good;
	struct product_save *s = saving(t, 0,
	                                (const struct cells[]){ { "Title", "Rye" },
	                                                        { "Page", "shop" },
	                                                        { "Vendor", "Mill" },
	                                                        { "Variant Price", "3.20" },
	                                                        { "Variant SKU", "R" },
	                                                        { "Variant Inventory Qty", "10" },
	                                                        { 0 } },
	                                &good);
	return good && save_product(t->ctx, s, &t->err) == ST_OK && s->outcome == SAVE_DONE ? s->saved : 0;
}

static struct market_product_row *product_of(struct store *t, int64_t id)
{
	struct market_product_row *p = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_product(c, id, &p, NULL) ? NULL : p;
}

static struct market_variants_of_row *variants(struct store *t, int64_t product, size_t *n)
{
	struct market_variants_of_row *rows = NULL;
	*n = 0;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_variants_of(c, product, &rows, n, NULL) ? NULL : rows;
}

static int64_t lowest(struct store *t, int64_t variant)
{
	struct market_lowest_row *row = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_lowest(c, variant, 0, INT64_MAX, &row, NULL) || !row)
		return -1;
	return row->lowest;
}

static bool adds_up(struct store *t)
{
	struct market_stock_wrong_row *rows;
	size_t n = 1;
	SCOPED_DB_READ c = NULL;
	return !db_read(t->ctx, t->db, &c, NULL) && !q_market_stock_wrong(c, 1, &rows, &n, NULL) && !n;
}

static size_t audited(struct store *t, const char *action)
{
	struct audit_row *rows;
	size_t n = 0;
	const struct audit_filter f = {
		.action = str_c(action), .actor = STR(""), .object = STR(""), .about = STR(""), .max = 100
	};
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || audit_list(c, &f, &rows, &n, NULL) ? 0 : n;
}

static void products(struct store *t)
{
	struct shop shop;
	bool good;
	open_shop(&shop, t->ctx, t->db);
	int64_t id = rye(t);
	CHECK(id && product_of(t, id)->version == 1 && audited(t, "product.added") == 1);
	struct product_save *s =
	        saving(t, id, (const struct cells[]){ { "Title", "Dark rye" }, { "VAT", "7" }, { 0 } }, &good);
	s->version = 1;
	CHECK(good);
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(s->outcome == SAVE_DONE && str_eqc(product_of(t, id)->title, "Dark rye") &&
	      product_of(t, id)->vat == 700);
	/* Somebody who saw it before that. */
	s = saving(t, id, (const struct cells[]){ { "Title", "White rye" }, { 0 } }, &good);
	s->version = 1;
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(s->outcome == SAVE_MEANWHILE && str_eqc(product_of(t, id)->title, "Dark rye"));
	/* The same again changes nothing. */
	s = saving(t, id, (const struct cells[]){ { "Title", "Dark rye" }, { 0 } }, &good);
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(product_of(t, id)->version == 2 && audited(t, "product.changed") == 1);
	s = saving(t, 17, (const struct cells[]){ { "Title", "Nothing" }, { 0 } }, &good);
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(s->outcome == SAVE_GONE);
	/* Scripts do not come in. */
	s = saving(t, id, (const struct cells[]){ { "Body (HTML)", "<p>Good<script>x()</script></p>" }, { 0 } }, &good);
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(str_eqc(product_of(t, id)->body, "<p>Good</p>"));
}

static void variants_and_prices(struct store *t)
{
	struct shop shop;
	bool good;
	size_t n;
	open_shop(&shop, t->ctx, t->db);
	int64_t id = rye(t);
	struct market_variants_of_row *v = variants(t, id, &n);
	CHECK(n == 1 && v[0].price == 320 && v[0].on_hand == 10 && lowest(t, v[0].id) == 320);
	struct product_save *s =
	        saving(t, id, (const struct cells[]){ { "Option1 Value", "Half" }, { "Variant Price", "1.70" }, { 0 } },
	               &good);
	CHECK_OK(save_product(t->ctx, s, &t->err));
	v = variants(t, id, &n);
	CHECK(n == 2 && v[0].price == 320 && v[1].price == 170 && str_eqc(v[0].state, "active"));
	CHECK(str_eqc(v[1].kind, "unlimited"));
	/* A price goes into the history; the stock stays. */
	struct str seen = save_seen(t->ctx->arena, &v[0]);
	s = saving(t, id, (const struct cells[]){ { "Variant Price", "3.00" }, { 0 } }, &good);
	s->variant.id = v[0].id;
	s->seen = seen;
	CHECK_OK(save_product(t->ctx, s, &t->err));
	v = variants(t, id, &n);
	CHECK(n == 2 && v[0].price == 300 && v[0].on_hand == 10 && lowest(t, v[0].id) == 300);
	s = saving(t, id, (const struct cells[]){ { "Variant Price", "2.00" }, { 0 } }, &good);
	s->variant.id = v[0].id;
	s->seen = seen;
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(s->outcome == SAVE_MEANWHILE && variants(t, id, &n)[0].price == 300);
	s = saving(t, id, (const struct cells[]){ { "Variant Price", "1" }, { "Variant SKU", "R" }, { 0 } }, &good);
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(s->outcome == SAVE_SKU_TAKEN);
	struct audit_entry audit = { .actor = STR("1") };
	CHECK_OK(save_variant_archived(t->ctx, id, v[1].id, &audit, &t->err));
	CHECK(str_eqc(variants(t, id, &n)[1].state, "archived") && adds_up(t));
}

static void on_sale(struct store *t)
{
	struct shop shop;
	bool changed;
	struct audit_entry audit = { .actor = STR("1") };
	open_shop(&shop, t->ctx, t->db);
	int64_t id = rye(t);
	/* Each is taken back by its undo exactly. */
	const struct {
		const char *action, *status;
		bool changed, listed;
	} steps[] = { { "publish", "active", false, true },    { "draft", "draft", true, false },
		      { "draft", "draft", false, false },      { "archive", "archived", true, false },
		      { "publish", "archived", false, false }, { "restore", "draft", true, false },
		      { "publish", "active", true, true },     { "archive", "archived", true, false },
		      { "restore", "active", true, true } };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		CHECK_OK(save_status(t->ctx, id, steps[i].action, &audit, &changed, &t->err));
		CHECK(changed == steps[i].changed && str_eqc(product_of(t, id)->status, steps[i].status) &&
		      product_of(t, id)->listed == steps[i].listed);
	}
	CHECK(save_status(t->ctx, 17, "publish", &audit, &changed, &t->err) == ST_NOT_FOUND);
}

static enum save_outcome cell(struct store *t, int64_t variant, int64_t person, enum cell_change what, int64_t n,
                              int64_t seen)
{
	struct cell_save s = { .variant = variant, .person = person, .by = 7, .what = what, .n = n, .seen = seen };
	s.audit.actor = STR("7");
	return save_cell(t->ctx, &s, &t->err) == ST_OK ? s.outcome : SAVE_MANY;
}

static enum status tx_own(struct db_conn *c, void *arg, struct err *e)
{
	struct market_supplier_named_row *s;
	(void)arg;
	TRY(q_market_supplier_named(c, STR("Mill"), &s, e));
	return q_market_supplier_person_add(c, s->id, 7, NULL, e);
}

static void cells(struct store *t)
{
	struct shop shop;
	size_t n;
	open_shop(&shop, t->ctx, t->db);
	int64_t id = rye(t), v = variants(t, id, &n)[0].id;
	CHECK(cell(t, v, 7, CHANGE_COUNT, 5, 10) == SAVE_GONE); /* not theirs */
	CHECK_OK(db_write(t->ctx, t->db, tx_own, NULL, &t->err));
	CHECK(cell(t, v, 7, CHANGE_COUNT, 5, 10) == SAVE_DONE && variants(t, id, &n)->on_hand == 5 && adds_up(t));
	CHECK(cell(t, v, 8, CHANGE_COUNT, 6, -1) == SAVE_GONE && cell(t, v, 0, CHANGE_COUNT, 6, 10) == SAVE_MEANWHILE);
	CHECK(variants(t, id, &n)->on_hand == 5 && audited(t, "stock.counted") == 1);
	/* What checkouts hold is there. */
	struct sale_line line = { .line = 1, .quantity = 2, .answers = STR("") };
	struct hold_ask ask = {
		.checkout = STR("a"), .revision = 1, .roles = STR(""), .until = clock_now_us() + 60000000
	};
	struct hold_answer out = { 0 };
	line.item = arena_strf(t->ctx->arena, "%lld", (long long)v);
	ask.lines.items = &line;
	ask.lines.count = 1;
	CHECK_OK(market_serve_hold(t->ctx, &ask, &out, &t->err));
	CHECK(out.held && cell(t, v, 0, CHANGE_COUNT, 1, 5) == SAVE_HELD);
	CHECK(cell(t, v, 7, CHANGE_OUT, 0, -1) == SAVE_DONE && variants(t, id, &n)->on_hand == 2 && adds_up(t));
	CHECK(cell(t, v, 7, CHANGE_ALWAYS, 0, -1) == SAVE_DONE && str_eqc(variants(t, id, &n)->kind, "unlimited"));
	CHECK(adds_up(t) && product_of(t, id)->listed);
	CHECK(cell(t, v, 7, CHANGE_PRICE, 250, 320) == SAVE_DONE && lowest(t, v) == 250);
	CHECK(cell(t, v, 7, CHANGE_PRICE, 240, 320) == SAVE_MEANWHILE && variants(t, id, &n)->price == 250);
	CHECK(audited(t, "price.changed") == 1);
}

static void pictures(struct store *t)
{
	struct shop shop;
	struct market_images_of_row *rows;
	size_t n;
	open_shop(&shop, t->ctx, t->db);
	int64_t id = rye(t);
	const struct {
		enum picture_change what;
		const char *src, *alt, *order;
		enum save_outcome outcome;
	} steps[] = {
		{ PICTURE_ADD, "/a", "A", "/a", SAVE_DONE },        { PICTURE_ADD, "/b", "B", "/a/b", SAVE_DONE },
		{ PICTURE_ADD, "/c", "C", "/a/b/c", SAVE_DONE },    { PICTURE_EARLIER, "/c", "", "/a/c/b", SAVE_DONE },
		{ PICTURE_EARLIER, "/a", "", "/a/c/b", SAVE_DONE }, { PICTURE_LATER, "/a", "", "/c/a/b", SAVE_DONE },
		{ PICTURE_GONE, "/a", "", "/c/b", SAVE_DONE },      { PICTURE_GONE, "/a", "", "/c/b", SAVE_GONE },
		{ PICTURE_ALT, "/b", "Loaf", "/c/b", SAVE_DONE }
	};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct picture_save s = {
			.product = id, .what = steps[i].what, .src = str_c(steps[i].src), .alt = str_c(steps[i].alt)
		};
		struct buf order;
		s.audit.actor = STR("1");
		CHECK_OK(save_picture(t->ctx, &s, &t->err));
		CHECK(s.outcome == steps[i].outcome);
		buf_text(&order, t->ctx->arena);
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_market_images_of(c, id, &rows, &n, &t->err));
		for (size_t k = 0; k < n; k++)
			buf_putstr(&order, rows[k].src);
		CHECK(str_eqc(buf_str(&order), steps[i].order));
	}
	CHECK(str_eqc(rows[1].alt, "Loaf"));
}

static void bounds(struct store *t)
{
	struct shop shop;
	int64_t points;
	open_shop(&shop, t->ctx, t->db);
	static const char *const good[] = { "96385074", "036000291452", "4006381333931", "10614141000415",
		                            "2012345000001" };
	static const char *const bad[] = {
		"", "96385075", "4006381333932", "400638133393", "4006381333931 ", "40063813339310004", "abcdefgh"
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(market_gtin_is(str_c(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!market_gtin_is(str_c(bad[i])));
	CHECK(market_percent_read(STR("5,5"), &points) && points == 550);
	CHECK(market_percent_read(STR("100"), &points) && points == MARGIN_MAX &&
	      !market_percent_read(STR("100.01"), &points));
	CHECK(!market_percent_read(STR("-1"), &points) && !market_percent_read(STR("1.001"), &points));
	CHECK(str_eqc(market_percent(t->ctx->arena, 550), "5.5") &&
	      str_eqc(market_percent(t->ctx->arena, 705), "7.05"));
	int64_t id = rye(t);
	for (int i = 0; i <= PICTURES_MAX; i++) {
		struct picture_save s = { .product = id, .what = PICTURE_ADD, .alt = STR("") };
		s.src = arena_strf(t->ctx->arena, "/%d", i);
		s.audit.actor = STR("1");
		CHECK_OK(save_picture(t->ctx, &s, &t->err));
		CHECK(s.outcome == (i < PICTURES_MAX ? SAVE_DONE : SAVE_MANY));
	}
	bool ok;
	(void)saving(t, id, (const struct cells[]){ { "Variant Price", "-1" }, { 0 } }, &ok);
	CHECK(!ok);
	(void)saving(t, id, (const struct cells[]){ { "Variant Content", "0" }, { 0 } }, &ok);
	CHECK(!ok);
}

static void forgetting(struct store *t)
{
	struct shop shop;
	size_t n;
	struct person_data_answer kept = { 0 };
	open_shop(&shop, t->ctx, t->db);
	int64_t id = rye(t), v = variants(t, id, &n)[0].id;
	CHECK_OK(db_write(t->ctx, t->db, tx_own, NULL, &t->err));
	CHECK(cell(t, v, 7, CHANGE_COUNT, 5, 10) == SAVE_DONE);
	CHECK_OK(market_serve_person_data(t->ctx, &(struct person_data_ask){ 7 }, &kept, &t->err));
	CHECK(str_find(kept.json, STR("\"Mill\"")) > 0 && str_find(kept.json, STR("\"quantity\":-5")) > 0);
	CHECK_OK(market_person_deleted(t->ctx, &(struct event){ .object = STR("7") }, &t->err));
	CHECK_OK(market_serve_person_data(t->ctx, &(struct person_data_ask){ 7 }, &kept, &t->err));
	CHECK(str_eqc(kept.json, "{\"suppliers\":[],\"counts\":[],\"imports\":[]}"));
	CHECK(variants(t, id, &n)->on_hand == 5 && adds_up(t));
}

static enum status bring(struct store *t, const char *csv)
{
	struct import_ask ask = { .file = str_c(csv), .name = STR("list"), .currency = "EUR" };
	struct in_file *read = ARENA_NEW(t->ctx->arena, struct in_file);
	struct import_done done;
	return market_import(t->ctx, t->db, &ask, false, read, &done, &t->err);
}

/* A list of prices alone is not one of stock: what the last one said of that is what the next is held against. */
static void lists_without_stock(struct store *t)
{
	struct shop shop;
	size_t n;
	open_shop(&shop, t->ctx, t->db);
	CHECK_OK(bring(t, "Handle,Title,Variant Price,Variant Inventory Qty\nrye,Rye,3.20,10\n"));
	struct market_product_row *p = NULL;
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_market_product_by_handle(c, STR("rye"), &p, &t->err));
	}
	CHECK(p && cell(t, variants(t, p->id, &n)[0].id, 0, CHANGE_COUNT, 4, 10) == SAVE_DONE);
	CHECK_OK(bring(t, "Handle,Title,Variant Price\nrye,Rye,3.30\n"));
	CHECK(variants(t, p->id, &n)->imported == 10 && variants(t, p->id, &n)->on_hand == 4);
	CHECK_OK(bring(t, "Handle,Title,Variant Price,Variant Inventory Qty\nrye,Rye,3.20,10\n"));
	CHECK(variants(t, p->id, &n)->on_hand == 4 && adds_up(t));
}

static unsigned bits(const char *slugs)
{
	struct str rest = str_c(slugs), slug;
	unsigned all = 0;
	while (rest.n && str_next(&rest, ' ', &slug))
		all |= 1U << (unsigned)(market_allergen_of(slug) - market_allergens);
	return all;
}

/* Words in two languages; what nobody understands could be any. */
static void allergens_of_words(struct store *t)
{
	static const struct {
		const char *text, *slugs;
	} known[] = {
		{ "", "" },
		{ "none", "" },
		{ "wheat, rye", "gluten" },
		{ "Milk,eggs ; Soya", "milk eggs soya" },
		{ "Haseln\303\274sse und Milch", "nuts milk" },
		{ "gluten (wheat)", "gluten" },
		{ "Ei", "eggs" },
		{ "Einkorn", "gluten" }, /* begins as an egg does */
		{ "traces of peanuts", "peanuts" },
	};
	static const char *const unknown[] = { "quux", "wheat, quux", "quux and milk", "milk and quux", "\320\274" };
	char text[ALLERGEN_TEXT_MAX + 2];
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		CHECK(market_allergens_in(t->ctx->arena, str_c(known[i].text)) == bits(known[i].slugs));
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		CHECK(market_allergens_in(t->ctx->arena, str_c(unknown[i])) == ALLERGENS_ALL);
	memset(text, 'x', sizeof text);
	memcpy(text, "milk ", 5);
	CHECK(market_allergens_in(t->ctx->arena, str_n(text, ALLERGEN_TEXT_MAX)) == bits("milk"));
	CHECK(market_allergens_in(t->ctx->arena, str_n(text, ALLERGEN_TEXT_MAX + 1)) == ALLERGENS_ALL);
	CHECK(!market_allergen_of(STR("glutin")) && !market_allergen_of(STR("")));
}

static size_t without(struct store *t, const char *allergen)
{
	struct market_window_row *page = NULL;
	struct market_shelf_row *rows;
	size_t n = 0;
	const struct db_page all = { .down = true, .lim = 100 };
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_window(c, STR("shop"), &page, NULL) || !page ||
	    q_market_shelf(c, page->id, STR(""), STR(""), STR(""), str_c(allergen), 0, false, &all, &rows, &n, NULL))
		return SIZE_MAX;
	return n;
}

static void allergens_left_out(struct store *t)
{
	struct shop shop;
	struct market_window_row *page = NULL;
	struct market_facet_allergens_row *rows;
	size_t n;
	open_shop(&shop, t->ctx, t->db);
	CHECK_OK(bring(t, "Handle,Page,Title,Variant Price,Allergens,May Contain\n"
	                  "rye,shop,Rye,3.20,rye,sesame\nbun,shop,Bun,1.20,\"wheat, milk\",\njam,shop,Jam,4.00,,\n"));
	CHECK(without(t, "") == 3 && without(t, "gluten") == 1 && without(t, "milk") == 2 &&
	        without(t, "sesame") == 2 && without(t, "fish") == 3);
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_market_window(c, STR("shop"), &page, &t->err));
		CHECK_OK(q_market_facet_allergens(c, page->id, &rows, &n, &t->err));
		CHECK(n == 3 && str_eqc(rows[0].slug, "gluten") && rows[0].n == 1 && rows[1].n == 2 && rows[2].n == 2);
	}
	/* What is not understood is in no such list; said better, it is again. */
	CHECK_OK(bring(t, "Handle,Title,Variant Price,Allergens\njam,Jam,4.00,quux\n"));
	CHECK(without(t, "") == 3 && without(t, "fish") == 2 && without(t, "gluten") == 0);
	CHECK_OK(bring(t, "Handle,Title,Variant Price,Allergens\njam,Jam,4.00,none\n"));
	CHECK(without(t, "fish") == 3 && without(t, "gluten") == 1);
}

static const struct store_test tests[] = {
	{ "products", products },     { "variants_and_prices", variants_and_prices },
	{ "on_sale", on_sale },       { "cells", cells },
	{ "pictures", pictures },     { "bounds", bounds },
	{ "forgetting", forgetting }, { "lists_without_stock", lists_without_stock },
	{ "allergens_of_words", allergens_of_words },
	{ "allergens_left_out", allergens_left_out },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &market_migrations, NULL });
}
