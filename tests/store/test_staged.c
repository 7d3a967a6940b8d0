/* SPDX-License-Identifier: Apache-2.0
 *
 * Staged imports on each store: what a list would change is said and nothing is written; what was approved is applied,
 * and taken back exactly, but for what was sold or changed since; whoever goes on does so where it ended; old rows go.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "services/market/admin.h"
#include "services/market/import_writer.h"
#include "services/market/pictures.h"
#include "services/market/save.h"
#include "services/market/staged.h"
#include "shop.h"
#include "store.h"

enum { MANY = 1100, ROWS_SHOWN = 2000, CSV_ROOM = 1 << 20 };

static int64_t bring(struct store *t, struct str csv, int64_t supplier)
{
	struct import_new n = {
		.file = csv, .name = STR("list.csv"), .page = STR(""), .currency = "EUR", .supplier = supplier
	};
	bool done = import_begin(t->ctx, t->db, &n, &t->err) == ST_OK &&
	            import_go_on(t->ctx, t->db, n.id, NULL, &t->err) == ST_OK;
	return done ? n.id : 0;
}

static struct market_import_row *import_of(struct store *t, int64_t id)
{
	struct market_import_row *r = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_import(c, id, &r, NULL) ? NULL : r;
}

static bool is_in(struct store *t, int64_t id, const char *state)
{
	struct market_import_row *r = import_of(t, id);
	return r && str_eqc(r->state, state);
}

static bool turn(struct store *t, int64_t id, const char *from, const char *to)
{
	struct import_turn x = { .id = id, .from = from, .to = to };
	return import_turn(t->ctx, t->db, &x, &t->err) == ST_OK && x.done &&
	       import_go_on(t->ctx, t->db, id, NULL, &t->err) == ST_OK;
}

/* The whole catalogue, as it is told apart. */
static struct str catalogue(struct store *t)
{
	struct buf b;
	struct market_product_row *rows;
	size_t n;
	buf_text(&b, t->ctx->arena);
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_products_after(c, 0, ROWS_SHOWN, &rows, &n, NULL))
		return STR("");
	for (size_t i = 0; i < n; i++) {
		struct in_product *p;
		if (product_now(c, rows[i].id, &p, NULL) || !p)
			return STR("");
		buf_putstr(&b, product_json(t->ctx->arena, p, true));
	}
	return buf_str(&b);
}

static struct market_import_rows_row *rows_of(struct store *t, int64_t id, const char *what, size_t *n)
{
	struct market_import_rows_row *rows = NULL;
	*n = 0;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) ||
	                q_market_import_rows(c, id, str_c(what), 0, ROWS_SHOWN, &rows, n, NULL)
	        ? NULL
	        : rows;
}

static const char first_list[] = "Handle,Title,Vendor,Variant SKU,Variant Price,Variant Inventory Qty,Image Src,Tags\n"
                                 "rye,Rye,Mill,R,3.20,10,https://shop.example/r.jpg,bread\n"
                                 "oats,Oats,Mill,O,2.00,5,,\n"
                                 "wheat,Wheat,Mill,W,1.00,,,\n";
static const char second_list[] = "Handle,Title,Vendor,Variant SKU,Variant Price,Variant Inventory Qty,Image Src,Tags\n"
                                  "rye,Rye flour,Mill,R,3.60,20,https://shop.example/s.jpg,\"bread, new\"\n"
                                  "oats,Oats,Mill,O,2.00,5,,\n"
                                  "spelt,Spelt,Mill,S,4.00,7,,Fresh\n"
                                  "bad,Bad,Mill,B,much,1,,\n";

static int64_t supplier_named(struct store *t, const char *name)
{
	struct market_supplier_named_row *r = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_supplier_named(c, str_c(name), &r, NULL) || !r ? 0 : r->id;
}

static void staged_and_back(struct store *t)
{
	struct shop shop;
	size_t n;
	open_shop(&shop, t->ctx, t->db);
	int64_t first = bring(t, str_c(first_list), 0);
	CHECK(is_in(t, first, "staged") && import_of(t, first)->added == 3);
	CHECK(str_eqc(catalogue(t), "")); /* nothing is written before somebody says so */
	CHECK(turn(t, first, "staged", "applying") && is_in(t, first, "applied") && import_of(t, first)->done == 3);
	struct str before = catalogue(t);
	CHECK(before.n > 0);
	int64_t again = bring(t, str_c(first_list), 0);
	CHECK(is_in(t, again, "applied") && import_of(t, again)->same == 3 && str_eq(catalogue(t), before));

	int64_t second = bring(t, str_c(second_list), supplier_named(t, "Mill"));
	struct market_import_row *r = import_of(t, second);
	CHECK(r->added == 1 && r->changed == 1 && r->same == 1 && r->missing == 1 && r->refused == 1 && r->ticked == 2);
	CHECK(rows_of(t, second, "missing", &n)[0].product_id && n == 1);
	CHECK(rows_of(t, second, "refused", &n)[0].line == 5 &&
	        str_find(rows_of(t, second, "refused", &n)->reason, STR("much")) > 0);
	CHECK(str_eq(catalogue(t), before));
	int64_t missing = rows_of(t, second, "missing", &n)[0].n;
	const bool yes = true;
	CHECK_OK(import_tick(t->ctx, t->db, &(struct import_ticks){ second, &missing, &yes, 1, 0 }, &t->err));
	CHECK(turn(t, second, "staged", "applying") && import_of(t, second)->done == 3 &&
	        !str_eq(catalogue(t), before));
	CHECK(!turn(t, second, "staged", "applying")); /* once */
	CHECK(turn(t, second, "applied", "undoing") && is_in(t, second, "undone") && import_of(t, second)->kept == 0);
	CHECK(str_eq(catalogue(t), before));
	CHECK(turn(t, first, "applied", "undoing") && str_eqc(catalogue(t), ""));
	int64_t third = bring(t, STR("Handle,Title,Vendor,Variant Price\npear,Pear,Orchard,1\n"), 0);
	CHECK(turn(t, third, "staged", "applying") && supplier_named(t, "Orchard"));
	CHECK(turn(t, third, "applied", "undoing") && !supplier_named(t, "Orchard")); /* what it made goes, too */
}

/* What was counted since stays counted: the difference alone goes back. What was changed stays. */
static void changed_since(struct store *t)
{
	struct shop shop;
	size_t n;
	struct market_variants_of_row *v = NULL;
	open_shop(&shop, t->ctx, t->db);
	CHECK(turn(t, bring(t, str_c(first_list), 0), "staged", "applying"));
	int64_t second = bring(t, str_c(second_list), 0);
	CHECK(turn(t, second, "staged", "applying"));
	int64_t rye = rows_of(t, second, "changed", &n)[0].product_id,
	        spelt = rows_of(t, second, "new", &n)[0].product_id;
	{
		SCOPED_DB_READ c = NULL;
		CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
		CHECK_OK(q_market_variants_of(c, rye, &v, &n, &t->err));
	}
	CHECK(v->on_hand == 20);
	struct cell_save sold = {
		.variant = v->id, .what = CHANGE_COUNT, .n = 17, .seen = 20, .audit = { .action = "" }
	};
	CHECK_OK(save_cell(t->ctx, &sold, &t->err));
	struct product_save *s = ARENA_NEW(t->ctx->arena, struct product_save);
	save_begin(s, t->ctx->arena, spelt, "EUR");
	CHECK_OK(save_put(s, "Title", STR("Spelt, whole"), &t->err));
	CHECK_OK(save_product(t->ctx, s, &t->err));
	CHECK(turn(t, second, "applied", "undoing") && import_of(t, second)->kept == 1);
	CHECK(str_eqc(rows_of(t, second, "new", &n)[0].state, "kept"));
	SCOPED_DB_READ c = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &c, &t->err));
	CHECK_OK(q_market_variants_of(c, rye, &v, &n, &t->err));
	CHECK(v->on_hand == 7 && v->price == 320); /* 10, of which 3 went */
}

static struct str many(struct store *t, const char *price)
{
	struct buf b;
	buf_arena(&b, t->ctx->arena, CSV_ROOM);
	buf_puts(&b, "Handle,Title,Variant Price\n");
	for (int i = 0; i < MANY; i++)
		buf_printf(&b, "thing-%d,Thing %d,%s\n", i, i, price);
	return buf_str(&b);
}

/* More than two chunks; the place is where it goes on, and somebody else who goes on too does nothing twice. */
static void chunks(struct store *t)
{
	struct shop shop;
	struct market_import_row *r;
	open_shop(&shop, t->ctx, t->db);
	int64_t id = bring(t, many(t, "1.00"), 0);
	r = import_of(t, id);
	CHECK(r->added == MANY && r->place == 0 && r->total == MANY);
	CHECK(turn(t, id, "staged", "applying") && import_of(t, id)->done == MANY);
	CHECK_OK(import_go_on(t->ctx, t->db, id, NULL, &t->err));
	CHECK(import_of(t, id)->done == MANY);
	struct str before = catalogue(t);
	id = bring(t, many(t, "1.50"), 0);
	CHECK(import_of(t, id)->changed == MANY && turn(t, id, "staged", "applying"));
	CHECK(turn(t, id, "applied", "undoing") && str_eq(catalogue(t), before));
}

/* Columns that nobody knows are asked for; what was said once is known for the supplier. */
static void headers(struct store *t)
{
	struct shop shop;
	bool done;
	static const char list[] = "Nr;What;Costs\n1;Tea;3,50\n2;Coffee;9,00\n2;Coffee again;9,00\n";
	static const struct in_header said[] = { { STR_INIT("Nr"), STR_INIT("Variant SKU") },
		                                 { STR_INIT("What"), STR_INIT("Title") },
		                                 { STR_INIT("Costs"), STR_INIT("Variant Price") } };
	open_shop(&shop, t->ctx, t->db);
	CHECK(turn(t, bring(t, str_c(first_list), 0), "staged", "applying"));
	int64_t mill = supplier_named(t, "Mill"), id = bring(t, str_c(list), mill);
	CHECK(is_in(t, id, "mapping") && str_find(import_of(t, id)->headers, STR("Coffee")) > 0);
	CHECK_OK(import_map(t->ctx, t->db, id, mill, said, 3, &done, &t->err));
	CHECK(done);
	CHECK_OK(import_go_on(t->ctx, t->db, id, NULL, &t->err));
	CHECK(is_in(t, id, "staged") && import_of(t, id)->added == 2 && import_of(t, id)->refused == 1);
	CHECK(turn(t, id, "staged", "applying"));
	id = bring(t, STR("Nr;What;Costs\n1;Tea;3,50\nR;Other words;3,30\n"), mill);
	CHECK(import_of(t, id)->same == 1 && import_of(t, id)->changed == 1 && turn(t, id, "staged", "applying"));
	struct str all = catalogue(t); /* a number of theirs changes the variant's numbers, not its words */
	CHECK(str_find(all, STR("Other words")) < 0 && str_find(all, STR("\"Variant Price\":330")) > 0);
	CHECK(is_in(t, bring(t, str_c(list), 0), "mapping")); /* others said nothing */
}

static enum status tx_age(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	static struct db_query q = { .name = "age",
		.sql = { "UPDATE imports SET at = 1", "UPDATE imports SET at = 1" } };
	return db_exec(c, &q, NULL, NULL, e);
}

static void retention(struct store *t)
{
	struct shop shop;
	size_t n;
	const struct job j = { .payload = STR("{}") };
	open_shop(&shop, t->ctx, t->db);
	int64_t id = bring(t, str_c(first_list), 0);
	CHECK_OK(market_job_imports(t->ctx, &j, &t->err));
	CHECK(rows_of(t, id, "", &n) && n == 3);
	CHECK_OK(db_write(t->ctx, t->db, tx_age, NULL, &t->err));
	CHECK_OK(market_job_imports(t->ctx, &j, &t->err));
	(void)rows_of(t, id, "", &n);
	CHECK(n == 0 && is_in(t, id, "staged"));
}

/* --- pictures ------------------------------------------------------------------------------------------------- */

static const char picture[] = "https://shop.example/r.jpg", ours[] = "/market/media/ab/cd/r-960.webp";

static enum status tx_arrived(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	return picture_arrived(c, str_c(picture), str_c(ours), e);
}

static struct str shown_picture(struct store *t, const char *handle)
{
	struct market_product_row *p;
	struct market_images_of_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_product_by_handle(c, str_c(handle), &p, NULL) || !p ||
	    q_market_images_of(c, p->id, &rows, &n, NULL) || !n)
		return STR("");
	return rows[0].src;
}

static size_t due_pictures(struct store *t, int64_t at)
{
	struct market_pictures_due_row *rows;
	size_t n = 0;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_pictures_due(c, at, ROWS_SHOWN, &rows, &n, NULL) ? 0 : n;
}

/* Once a picture is ours, the list still says what is there, and what it did can still be taken back. */
static void pictures_are_ours(struct store *t)
{
	struct shop shop;
	open_shop(&shop, t->ctx, t->db);
	int64_t first = bring(t, str_c(first_list), 0);
	CHECK(due_pictures(t, INT64_MAX) == 0); /* nothing is fetched for what nobody approved */
	CHECK(turn(t, first, "staged", "applying") && due_pictures(t, clock_now_us()) == 1);
	struct str before = catalogue(t);
	CHECK_OK(db_write(t->ctx, t->db, tx_arrived, NULL, &t->err));
	CHECK(str_eqc(shown_picture(t, "rye"), ours) && due_pictures(t, INT64_MAX) == 0);
	CHECK(str_eq(catalogue(t), before));
	CHECK(is_in(t, bring(t, str_c(first_list), 0), "applied"));
	int64_t second = bring(t, str_c(second_list), 0);
	CHECK(turn(t, second, "staged", "applying") && turn(t, second, "applied", "undoing"));
	CHECK(import_of(t, second)->kept == 0 && str_eq(catalogue(t), before));
	CHECK(str_eqc(shown_picture(t, "rye"), ours)); /* it was here already */
	CHECK(turn(t, first, "applied", "undoing") && import_of(t, first)->kept == 0 && str_eqc(catalogue(t), ""));
}

struct miss { int64_t tries; enum status why; bool again; };

static enum status tx_missed(struct db_conn *c, void *arg, struct err *e)
{
	struct miss *m = arg;
	return picture_missed(c, str_c(picture), m->tries, m->why, &m->again, e);
}

/* Who does not answer is asked again, each time later, and not for ever; what can't be had is not asked for again. */
static void pictures_that_miss(struct store *t)
{
	struct shop shop;
	struct miss m = { 0, ST_TIMEOUT, false };
	const int64_t pause = (int64_t)PICTURE_AGAIN_S * US_PER_S, begun = clock_now_us();
	open_shop(&shop, t->ctx, t->db);
	CHECK(turn(t, bring(t, str_c(first_list), 0), "staged", "applying"));
	for (m.tries = 0; m.tries < PICTURE_TRIES - 1; m.tries++) {
		CHECK_OK(db_write(t->ctx, t->db, tx_missed, &m, &t->err));
		CHECK(m.again && due_pictures(t, begun + (pause << m.tries) - 1) == 0);
		CHECK(due_pictures(t, clock_now_us() + (pause << m.tries)) == 1);
	}
	CHECK_OK(db_write(t->ctx, t->db, tx_missed, &m, &t->err));
	CHECK(!m.again && due_pictures(t, INT64_MAX) == 0 && str_eqc(shown_picture(t, "rye"), picture));
	CHECK(turn(t, bring(t, str_c(second_list), 0), "staged", "applying"));
	CHECK(due_pictures(t, clock_now_us()) == 1); /* the one that the second list names */
	m = (struct miss){ 0, ST_FORBIDDEN, true };
	CHECK_OK(db_write(t->ctx, t->db, tx_missed, &m, &t->err));
	CHECK(!m.again);
}

static const struct store_test tests[] = {
	{ "pictures_are_ours", pictures_are_ours }, { "pictures_that_miss", pictures_that_miss },
	{ "staged_and_back", staged_and_back }, { "changed_since", changed_since }, { "chunks", chunks },
	{ "headers", headers },                 { "retention", retention },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &market_migrations, NULL });
}
