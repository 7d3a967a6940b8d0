/* SPDX-License-Identifier: Apache-2.0
 *
 * Market pages on each store: made, changed, moved, hidden, deleted and brought back; a former address leads on until
 * another page has it; a currency stays where there are prices; the payment account stays when the address changes.
 * Categories: renamed, moved, made one, with the products in the same transaction; lists that say former names mean
 * them.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "services/market/categories.h"
#include "services/market/import_writer.h"
#include "services/market/keeping.h"
#include "services/market/pages_admin.h"
#include "shop.h"
#include "store.h"

static const char loaf[] = "Handle,Title,Page,Variant Price\nrye,Rye,stall,3.20\n";

static enum status bring(struct store *t, const char *csv)
{
	struct import_ask ask = { .file = str_c(csv), .name = STR("test"), .currency = "EUR" };
	struct in_file *read = ARENA_NEW(t->ctx->arena, struct in_file);
	struct import_done done;
	return market_import(t->ctx, t->db, &ask, false, read, &done, &t->err);
}

static struct page_form form_of(const char *title, const char *currency)
{
	return (struct page_form){ .title = str_c(title), .slug = STR(""), .intro = STR(""), .layout = STR("cards"),
		.state = STR("open"), .currency = str_c(currency), .account = STR(""), .container = STR("") };
}

static enum page_outcome save(struct store *t, int64_t id, const char *slug, const char *currency, int64_t *saved)
{
	struct page_form form = form_of(slug, currency);
	struct page_save s = { .id = id, .values = &form, .slug = str_c(slug) };
	if (db_write(t->ctx, t->db, page_save_tx, &s, &t->err) != ST_OK)
		return PAGE_MANY;
	if (saved)
		*saved = s.saved;
	return s.outcome;
}

static enum status turn(struct store *t, int64_t id, const char *action, bool *changed)
{
	struct page_turn x = { .id = id, .action = action };
	enum status st = db_write(t->ctx, t->db, page_turn_tx, &x, &t->err);
	*changed = x.changed;
	return st;
}

static bool turned(struct store *t, int64_t id, const char *action)
{
	bool changed;
	return turn(t, id, action, &changed) == ST_OK && changed;
}

static struct market_page_row *page(struct store *t, int64_t id)
{
	struct market_page_row *p = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_page(c, id, &p, NULL) ? NULL : p;
}

/* Where an address that no page has leads. */
static struct str leads_to(struct store *t, const char *slug)
{
	struct market_page_moved_row *p = NULL;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_page_moved(c, str_c(slug), &p, NULL) || !p)
		return STR("");
	return p->slug;
}

static int64_t page_named(struct store *t, const char *slug)
{
	struct market_page_at_row *p = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_page_at(c, str_c(slug), &p, NULL) || !p ? 0 : p->id;
}

static void addresses(struct store *t)
{
	struct shop shop;
	int64_t stall, other;
	open_shop(&shop, t->ctx, t->db);
	CHECK(save(t, 0, "stall", "EUR", &stall) == PAGE_SAVED && save(t, 0, "stall", "EUR", NULL) == PAGE_TAKEN);
	CHECK(save(t, stall, "bakery", "EUR", NULL) == PAGE_SAVED && str_eqc(leads_to(t, "stall"), "bakery"));
	CHECK(save(t, stall, "oven", "EUR", NULL) == PAGE_SAVED);
	CHECK(str_eqc(leads_to(t, "stall"), "oven") && str_eqc(leads_to(t, "bakery"), "oven"));
	CHECK(str_eqc(page(t, stall)->key, "stall")); /* the money goes where it went */
	/* Another page takes a former address; going back to one's own former address leaves no circle. */
	CHECK(save(t, 0, "stall", "EUR", &other) == PAGE_SAVED && str_eqc(leads_to(t, "stall"), ""));
	CHECK(!str_eqc(page(t, other)->key, "stall"));
	CHECK(save(t, stall, "bakery", "EUR", NULL) == PAGE_SAVED && str_eqc(leads_to(t, "bakery"), ""));
	CHECK(str_eqc(leads_to(t, "oven"), "bakery"));
	/* What is hidden is not led to. */
	CHECK(turned(t, stall, "hide") && str_eqc(leads_to(t, "oven"), ""));
}

static void currency(struct store *t)
{
	struct shop shop;
	int64_t stall, swiss;
	open_shop(&shop, t->ctx, t->db);
	CHECK(save(t, 0, "stall", "CHF", &stall) == PAGE_SAVED && save(t, stall, "stall", "EUR", NULL) == PAGE_SAVED);
	CHECK(save(t, 0, "swiss", "CHF", &swiss) == PAGE_SAVED);
	CHECK_OK(bring(t, loaf));
	CHECK(save(t, stall, "stall", "CHF", NULL) == PAGE_PRICED && str_eqc(page(t, stall)->currency, "EUR"));
	CHECK(save(t, stall, "other", "EUR", NULL) == PAGE_SAVED && str_eqc(leads_to(t, "stall"), "other"));
	/* Nor does a price change its meaning by moving. */
	CHECK(bring(t, "Handle,Title,Page\nrye,Rye,swiss\n") == ST_INVALID && page(t, swiss)->priced == 0);
	CHECK_OK(bring(t, "Handle,Title,Page,Variant Price\nrye,Rye,swiss,3.50\n"));
	CHECK(page(t, swiss)->priced == 1);
}

static void order(struct store *t)
{
	struct shop shop;
	int64_t a, b, c;
	bool changed;
	open_shop(&shop, t->ctx, t->db);
	CHECK(save(t, 0, "a", "EUR", &a) == PAGE_SAVED && save(t, 0, "b", "EUR", &b) == PAGE_SAVED);
	CHECK(save(t, 0, "c", "EUR", &c) == PAGE_SAVED);
	CHECK(turned(t, c, "up") && turned(t, c, "up"));
	CHECK_OK(turn(t, c, "up", &changed));
	CHECK(!changed);
	CHECK_OK(turn(t, b, "down", &changed));
	CHECK(!changed);
	struct market_windows_row *rows;
	size_t n;
	SCOPED_DB_READ r = NULL;
	CHECK_OK(db_read(t->ctx, t->db, &r, &t->err));
	CHECK_OK(q_market_windows(r, &rows, &n, &t->err));
	CHECK(n == 3 && rows[0].id == c && rows[1].id == a && rows[2].id == b);
}

static enum status tx_age(struct db_conn *c, void *arg, struct err *e)
{
	(void)arg;
	static struct db_query q = { .name = "age",
		.sql = { "UPDATE pages SET deleted_at = 1 WHERE deleted_at > 0",
		         "UPDATE pages SET deleted_at = 1 WHERE deleted_at > 0" } };
	return db_exec(c, &q, NULL, NULL, e);
}

static void deleted_and_back(struct store *t)
{
	struct shop shop;
	int64_t empty;
	bool changed;
	const struct job j = { .payload = STR("{}") };
	open_shop(&shop, t->ctx, t->db);
	CHECK(save(t, 0, "empty", "EUR", &empty) == PAGE_SAVED);
	CHECK_OK(bring(t, loaf));
	CHECK(turn(t, page_named(t, "stall"), "drop", &changed) == ST_CONFLICT);
	CHECK(turned(t, empty, "close") && turned(t, empty, "drop") && page(t, empty)->deleted_at > 0);
	CHECK(save(t, 0, "empty", "EUR", NULL) == PAGE_TAKEN_DELETED);
	CHECK(bring(t, "Handle,Title,Page,Variant Price\noats,Oats,empty,1.00\n") == ST_INVALID);
	CHECK(turned(t, empty, "back") && str_eqc(page(t, empty)->state, "closed"));
	CHECK(turned(t, empty, "drop"));
	CHECK_OK(market_sweep(t->ctx, &j, &t->err));
	CHECK(page_named(t, "empty") == empty);
	CHECK_OK(db_write(t->ctx, t->db, tx_age, NULL, &t->err));
	CHECK_OK(market_sweep(t->ctx, &j, &t->err));
	CHECK(page_named(t, "empty") == 0 && page_named(t, "stall") != 0);
}

static void many_pages(struct store *t)
{
	struct shop shop;
	char slug[32];
	open_shop(&shop, t->ctx, t->db);
	for (int i = 0; i < PAGES_MAX; i++) {
		snprintf(slug, sizeof slug, "page-%d", i);
		CHECK(save(t, 0, arena_printf(t->ctx->arena, "%s", slug), "EUR", NULL) == PAGE_SAVED);
	}
	CHECK(save(t, 0, "one-more", "EUR", NULL) == PAGE_MANY && page_named(t, "one-more") == 0);
}

static const char sorted[] = "Handle,Title,Type,Categories,Variant Price\n"
                             "rye,Rye,,\"Food > Bread > Dark, Gifts\",3.20\n"
                             "bun,Bun,Food > Bread,,0.80\n"
                             "tea,Tea,,\"Drinks, Food\",2.00\n"
                             "cup,Cup,,Food & Drink,4.00\n";

static int64_t category_named(struct store *t, const char *path)
{
	struct market_categories_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_categories(c, &rows, &n, NULL))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (str_eqc(rows[i].path, path))
			return rows[i].id;
	return 0;
}

/* "rye tea": what is in a category, as a list narrowed down to its address has it. */
static struct str goods_of(struct store *t, const char *path)
{
	struct market_category_row *k = NULL;
	struct market_category_goods_row *rows;
	struct market_product_row *p;
	struct buf b;
	size_t n;
	SCOPED_DB_READ c = NULL;
	buf_text(&b, t->ctx->arena);
	if (db_read(t->ctx, t->db, &c, NULL) || q_market_category(c, category_named(t, path), &k, NULL) || !k ||
	    q_market_category_goods(c, k->slug, &rows, &n, NULL))
		return STR("-");
	for (size_t i = 0; i < n && !q_market_product(c, rows[i].id, &p, NULL); i++)
		buf_printf(&b, "%s%.*s", i ? " " : "", STR_ARG(p->handle));
	return buf_str(&b);
}

static struct str paths_of(struct store *t, const char *handle)
{
	struct market_product_row *p = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_product_by_handle(c, str_c(handle), &p, NULL) || !p
	        ? STR("-") : p->categories;
}

static struct str category_at(struct store *t, const char *slug)
{
	struct market_category_moved_row *k = NULL;
	SCOPED_DB_READ c = NULL;
	return db_read(t->ctx, t->db, &c, NULL) || q_market_category_moved(c, str_c(slug), &k, NULL) || !k ? STR("")
	                                                                                                 : k->slug;
}

static enum category_outcome put(struct store *t, const char *path, const char *parent, const char *name, bool merge)
{
	struct category_save s = { .id = path ? category_named(t, path) : 0, .name = str_c(name), .merge = merge,
		.parent = parent ? category_named(t, parent) : 0 };
	return db_write(t->ctx, t->db, category_save_tx, &s, &t->err) == ST_OK ? s.outcome : CATEGORY_DEEP;
}

/* The same list again changes nothing, whatever its categories are called by now. */
static bool says_nothing_new(struct store *t)
{
	struct import_ask ask = { .file = str_c(sorted), .name = STR("test"), .currency = "EUR" };
	struct in_file *read = ARENA_NEW(t->ctx->arena, struct in_file);
	struct import_done done;
	return market_import(t->ctx, t->db, &ask, false, read, &done, &t->err) == ST_OK && done.same == 4 &&
	       !done.changed && !done.added;
}

static void categories(struct store *t)
{
	struct shop shop;
	open_shop(&shop, t->ctx, t->db);
	CHECK_OK(bring(t, sorted));
	CHECK(says_nothing_new(t));
	/* Another name: what is below it comes along, and so do products that say so by their type. */
	CHECK(put(t, "Food > Bread", "Food", "Loaves", false) == CATEGORY_SAVED);
	CHECK(str_eqc(goods_of(t, "Food > Loaves"), "rye bun") && str_eqc(goods_of(t, "Food > Loaves > Dark"), "rye"));
	CHECK(str_eqc(goods_of(t, "Food"), "rye bun tea") && str_eqc(goods_of(t, "Food & Drink"), "cup"));
	CHECK(str_eqc(paths_of(t, "rye"), "Food > Loaves > Dark, Gifts") && !category_named(t, "Food > Bread"));
	CHECK(str_eqc(category_at(t, "food-bread-dark"), "food-loaves-dark"));
	CHECK(says_nothing_new(t));
	/* Another place. */
	CHECK(put(t, "Food > Loaves", NULL, "Loaves", false) == CATEGORY_SAVED);
	CHECK(str_eqc(goods_of(t, "Food"), "tea") && str_eqc(goods_of(t, "Loaves > Dark"), "rye"));
	CHECK(str_eqc(category_at(t, "food-bread-dark"), "loaves-dark") && says_nothing_new(t));
	/* Two become one, with what is below them. */
	CHECK(put(t, "Loaves", NULL, "Gifts", false) == CATEGORY_THERE && str_eqc(goods_of(t, "Gifts"), "rye"));
	CHECK(put(t, "Loaves", NULL, "Gifts", true) == CATEGORY_SAVED);
	CHECK(str_eqc(goods_of(t, "Gifts"), "rye bun") && str_eqc(goods_of(t, "Gifts > Dark"), "rye"));
	CHECK(str_eqc(paths_of(t, "rye"), "Gifts > Dark, Gifts") && str_eqc(category_at(t, "food-bread"), "gifts"));
	CHECK(says_nothing_new(t));
	/* A name that one had before is free for another. */
	CHECK(put(t, NULL, NULL, "Loaves", false) == CATEGORY_SAVED && category_named(t, "Loaves"));
	CHECK(str_eqc(goods_of(t, "Loaves"), "") && str_eqc(category_at(t, "loaves"), ""));
	/* What can not be. */
	CHECK(put(t, "Gifts", "Gifts > Dark", "Gifts", false) == CATEGORY_INSIDE);
	const char *parent = NULL;
	char path[64] = "";
	for (int i = 0; i < CATEGORY_DEPTH; i++) {
		size_t at = strlen(path);
		CHECK(put(t, NULL, parent, "d", false) == CATEGORY_SAVED);
		snprintf(path + at, sizeof path - at, "%sd", at ? " > " : "");
		parent = path;
	}
	CHECK(put(t, NULL, parent, "d", false) == CATEGORY_DEEP && put(t, "d", "Gifts", "d", false) == CATEGORY_DEEP);
}

static const struct store_test tests[] = {
	{ "categories", categories },
	{ "addresses", addresses }, { "currency", currency },     { "order", order },
	{ "deleted_and_back", deleted_and_back }, { "many_pages", many_pages },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	                  (const struct db_migration_set *[]){ &platform_migrations, &market_migrations, NULL });
}
