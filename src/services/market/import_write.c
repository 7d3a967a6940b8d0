/* SPDX-License-Identifier: Apache-2.0
 *
 * Within a transaction: each product is read, overlaid with what the file says, and written where that differs, so the
 * same file again writes nothing. Runs on the writer's thread (SQLite) or may run again (PostgreSQL). A dry writer only
 * says which of them differ.
 *
 * Stock is set where the file says something else than it said last: what was sold meanwhile is not there again.
 */
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/table.h"
#include "platform/text/sanitize.h"
#include "platform/text/words.h"
#include "services/market/allergens.h"
#include "services/market/import_writer.h"
#include "services/market/pictures.h"

#define HANDLE_TRIES      9 /* numbers behind an address that is taken; then an id, which nobody else has */
#define SEARCH_TEXT_MAX   20000 /* bytes of a product's text that are found */

typedef struct market_product_row product_row;
typedef struct market_variants_of_row variant_row;

struct named {
	struct str name, slug;
	int64_t id;
	struct str currency; /* of a page; p NULL: it was deleted */
	UT_hash_handle hh;
};

struct shelf_writer {
	struct db_conn *c;
	struct arena *a;
	struct import_ask *ask;
	int64_t now, import;
	bool dry;
	struct named *pages, *suppliers, *categories;
	struct named *former; /* of categories, by what they were called; slug: what they are called now */
	bool changed; /* the product that is written */
};

/* --- what products refer to --------------------------------------------------------------------------------------- */

static void forget_all(void *arg)
{
	struct shelf_writer *w = arg;
	HASH_CLEAR(hh, w->pages);
	HASH_CLEAR(hh, w->suppliers);
	HASH_CLEAR(hh, w->categories);
	HASH_CLEAR(hh, w->former);
}

static struct named *remember(struct shelf_writer *w, struct named **set, struct str name, struct str slug, int64_t id)
{
	struct named *k = ARENA_NEW(w->a, struct named);
	*k = (struct named){ .name = name, .slug = slug, .id = id };
	HASH_ADD_KEYPTR(hh, *set, k->name.p, k->name.n, k);
	return k;
}

static const struct named *find_named(const struct named *set, struct str name)
{
	struct named *k = NULL;
	HASH_FIND(hh, set, name.p, name.n, k);
	return k;
}

/* One that no other of the set has. */
static struct str free_slug(struct shelf_writer *w, const struct named *set, struct str name, const char *otherwise)
{
	struct str base = text_slug(w->a, name), slug;
	if (!base.n)
		base = str_c(otherwise);
	slug = base;
	for (int n = 2;; n++) {
		bool taken = false;
		for (const struct named *k = set; k && !taken; k = k->hh.next)
			taken = str_eq(k->slug, slug);
		if (!taken)
			return slug;
		slug = arena_strf(w->a, "%.*s-%d", STR_ARG(base), n);
	}
}

static enum status load_known(struct shelf_writer *w, struct err *e)
{
	struct market_pages_all_row *pages;
	struct market_suppliers_row *suppliers;
	struct market_categories_row *categories;
	struct market_category_formers_row *former;
	size_t n;
	TRY(q_market_pages_all(w->c, &pages, &n, e));
	for (size_t i = 0; i < n; i++)
		remember(w, &w->pages, pages[i].slug, pages[i].slug, pages[i].id)->currency =
		        pages[i].deleted_at ? STR_NULL : pages[i].currency;
	TRY(q_market_suppliers(w->c, &suppliers, &n, e));
	for (size_t i = 0; i < n; i++)
		(void)remember(w, &w->suppliers, suppliers[i].name, suppliers[i].slug, suppliers[i].id);
	TRY(q_market_categories(w->c, &categories, &n, e));
	for (size_t i = 0; i < n; i++)
		(void)remember(w, &w->categories, categories[i].path, categories[i].slug, categories[i].id);
	TRY(q_market_category_formers(w->c, &former, &n, e));
	for (size_t i = 0; i < n; i++)
		(void)remember(w, &w->former, former[i].path, former[i].now, former[i].category_id);
	return ST_OK;
}

/* Is noted, to go again with its import. */
static enum status made(struct shelf_writer *w, const char *kind, int64_t id, struct err *e)
{
	return w->import ? q_market_import_made_add(w->c, w->import, str_c(kind), id, NULL, e) : ST_OK;
}

static enum status page_id(struct shelf_writer *w, struct str slug, int64_t *id, struct err *e)
{
	const struct named *k = find_named(w->pages, slug);
	if (k) {
		*id = k->id;
		return ST_OK;
	}
	*id = id_new();
	struct str title = arena_str(w->a, slug);
	if (title.n && title.p[0] >= 'a' && title.p[0] <= 'z')
		((char *)(uintptr_t)title.p)[0] -= 'a' - 'A';
	int64_t rank = HASH_COUNT(w->pages); /* behind the others */
	remember(w, &w->pages, slug, slug, *id)->currency = str_c(w->ask->currency);
	TRY(made(w, "page", *id, e));
	TRY(q_market_page_address_drop(w->c, slug, NULL, e));
	return q_market_page_add(w->c, *id, slug, title, STR(""), str_c(w->ask->currency), rank, w->now, NULL, e);
}

static enum status supplier_id(struct shelf_writer *w, struct str name, int64_t *id, struct err *e)
{
	const struct named *k = find_named(w->suppliers, name);
	if (k) {
		*id = k->id;
		return ST_OK;
	}
	struct str slug = free_slug(w, w->suppliers, name, "supplier");
	*id = id_new();
	(void)remember(w, &w->suppliers, name, slug, *id);
	TRY(made(w, "supplier", *id, e));
	return q_market_supplier_add(w->c, *id, slug, name, STR(""), w->now, NULL, e);
}

/* --- categories and tags ------------------------------------------------------------------------------------------ */

/* The next name of a path; false: there is none. */
static bool next_name(struct str *rest, struct str *name)
{
	while (rest->p) {
		ptrdiff_t at = str_find(*rest, STR(">"));
		*name = str_trim(at < 0 ? *rest : str_first(*rest, (size_t)at));
		*rest = at < 0 ? STR_NULL : str_skip(*rest, (size_t)at + 1);
		if (name->n)
			return true;
	}
	return false;
}

static struct str below(struct arena *a, struct str path, struct str name)
{
	return path.n ? arena_strf(a, "%.*s > %.*s", STR_ARG(path), STR_ARG(name)) : name;
}

/* "A > B" as it is called now. */
static struct str path_now(struct shelf_writer *w, struct str path, bool *moved)
{
	struct str rest = path, name, upto = STR(""), now = STR("");
	for (int depth = 0; depth < CATEGORY_DEPTH && next_name(&rest, &name); depth++) {
		upto = below(w->a, upto, name);
		const struct named *former = find_named(w->categories, upto) ? NULL : find_named(w->former, upto);
		now = former ? former->slug : below(w->a, now, name);
		*moved |= former != NULL;
	}
	return now;
}

struct str writer_paths(struct shelf_writer *w, struct str paths)
{
	struct str rest = paths, one;
	struct buf b;
	bool any = false;
	buf_text(&b, w->a);
	while (rest.n && str_next(&rest, ',', &one)) {
		bool moved = false;
		struct str now = path_now(w, one, &moved), before = buf_str(&b), other;
		bool again = false;
		any |= moved;
		while (before.n && str_next(&before, ',', &other) && !again)
			again = str_eq(str_trim(other), now);
		if (now.n && !again)
			buf_printf(&b, "%s%.*s", b.len ? ", " : "", STR_ARG(now));
	}
	return any ? buf_str(&b) : paths;
}

/* The category of that path and those above it, made where they are missing; the product is in each (product 0:
   none). */
static enum status put_category(struct shelf_writer *w, int64_t product, int64_t page, struct str path, int64_t *last,
                                struct err *e)
{
	bool moved = false;
	struct str rest = path_now(w, path, &moved), name, upto = STR("");
	int64_t parent = 0;
	for (int64_t depth = 0; depth < CATEGORY_DEPTH && next_name(&rest, &name); depth++) {
		upto = below(w->a, upto, name);
		const struct named *k = find_named(w->categories, upto);
		if (!k) {
			struct str slug = free_slug(w, w->categories, upto, "category");
			int64_t id = id_new();
			TRY(q_market_category_add(w->c, id, parent ? &parent : NULL, upto, slug, name, depth, NULL, e));
			TRY(made(w, "category", id, e));
			(void)remember(w, &w->categories, upto, slug, id);
			k = find_named(w->categories, upto);
		}
		parent = k->id;
		if (product)
			TRY(q_market_facet_add(w->c, product, page, STR("category"), k->slug, name, NULL, e));
	}
	if (last)
		*last = parent;
	return ST_OK;
}

enum status writer_category(struct shelf_writer *w, struct str path, int64_t *id, struct err *e)
{
	*id = 0;
	return path.n ? put_category(w, 0, 0, path, id, e) : ST_OK;
}

enum status writer_categories(struct shelf_writer *w, int64_t product, int64_t page, struct str paths, struct err *e)
{
	struct str one;
	while (paths.n && str_next(&paths, ',', &one))
		TRY(put_category(w, product, page, str_trim(one), NULL, e));
	return ST_OK;
}

/* What it has, and what it may have traces of. */
static enum status put_allergens(struct shelf_writer *w, const product_row *p, struct err *e)
{
	unsigned named = market_allergens_in(w->a, p->contains) | market_allergens_in(w->a, p->may_contain);
	for (unsigned i = 0; i < ALLERGENS; i++)
		if (named & 1U << i)
			TRY(q_market_facet_add(w->c, p->id, p->page_id, STR("allergen"),
			        str_c(market_allergens[i].slug), str_c(market_allergens[i].title), NULL, e));
	return ST_OK;
}

static enum status put_facets(struct shelf_writer *w, const product_row *p, bool fresh, struct err *e)
{
	struct str rest = p->tags, one;
	if (!fresh)
		TRY(q_market_facets_drop(w->c, p->id, NULL, e));
	TRY(writer_categories(w, p->id, p->page_id, p->categories.n ? p->categories : p->type, e));
	while (rest.n && str_next(&rest, ',', &one)) {
		struct str name = str_trim(one), slug = text_slug(w->a, name);
		TRY(q_market_facet_add(w->c, p->id, p->page_id, STR("tag"), slug.n ? slug : name, name, NULL, e));
	}
	return put_allergens(w, p, e);
}

static enum status put_search(struct shelf_writer *w, const product_row *p, struct err *e)
{
	struct str plain;
	TRY(html_to_text(w->a, p->body, SEARCH_TEXT_MAX, &plain, e));
	struct str text = arena_strf(w->a, "%.*s %.*s %.*s %.*s %.*s %.*s", STR_ARG(p->summary), STR_ARG(plain),
	                             STR_ARG(p->vendor), STR_ARG(p->type), STR_ARG(p->tags), STR_ARG(p->ingredients));
	return q_market_search_put(w->c, p->id, p->title, text, NULL, e);
}

/* --- overlaying --------------------------------------------------------------------------------------------------- */

/* What the file says goes into the row; true: it differs. */
static bool overlay(void *row, enum column_of of, const struct in_value *v)
{
	bool differs = false;
	for (size_t i = 0; market_columns[i].name; i++) {
		const struct market_column *c = &market_columns[i];
		void *at = (char *)row + c->at;
		if (c->of != of || !v[i].there || c->kind == COLUMN_QUANTITY || c->kind == COLUMN_POLICY)
			continue;
		switch (c->kind) {
		case COLUMN_FLAG:
			differs |= *(bool *)at != (v[i].n != 0);
			*(bool *)at = v[i].n != 0;
			break;
		case COLUMN_NUMBER:
		case COLUMN_COUNT:
		case COLUMN_PERCENT:
		case COLUMN_MONEY:
			differs |= *(int64_t *)at != v[i].n;
			*(int64_t *)at = v[i].n;
			break;
		default:
			differs |= !str_eq(*(struct str *)at, v[i].text);
			*(struct str *)at = v[i].text;
		}
	}
	return differs;
}

/* A row of empty texts. */
static void empty_row(void *row, enum column_of of)
{
	for (size_t i = 0; market_columns[i].name; i++) {
		const struct market_column *c = &market_columns[i];
		bool text = c->kind != COLUMN_FLAG && c->kind != COLUMN_NUMBER && c->kind != COLUMN_COUNT &&
		            c->kind != COLUMN_PERCENT && c->kind != COLUMN_MONEY && c->kind != COLUMN_QUANTITY;
		if (c->of == of && text)
			*(struct str *)((char *)row + c->at) = STR("");
	}
}

/* --- variants ----------------------------------------------------------------------------------------------------- */

/* counted, on_demand or unlimited, and how many. */
struct stock {
	const char *kind;
	int64_t on_hand;
	bool said;
};

static struct stock stock_of(const struct in_variant *v, const variant_row *was)
{
	const struct in_value *quantity = in_get(v->v, "Variant Inventory Qty"),
	                      *policy = in_get(v->v, "Variant Inventory Policy");
	bool goes_on = policy->there ? str_eqc(policy->text, "continue") : was && str_eqc(was->kind, "on_demand");
	struct stock s = { .said = quantity->there && quantity->text.n, .on_hand = quantity->n };
	if (!quantity->there && was) {
		s.said = !was->imported_null || str_eqc(was->kind, "counted");
		s.on_hand = was->on_hand;
	}
	s.kind = goes_on ? "on_demand" : s.said ? "counted" : "unlimited";
	return s;
}

static enum status set_stock(struct shelf_writer *w, const struct in_variant *in, const variant_row *was, struct err *e)
{
	struct market_stock_of_row *now;
	struct stock s = stock_of(in, was);
	bool there = in_get(in->v, "Variant Inventory Qty")->there;
	if (!there && !in_get(in->v, "Variant Inventory Policy")->there)
		return ST_OK;
	bool news = there && (s.said ? was->imported_null || was->imported != s.on_hand : !was->imported_null);
	if (!news && str_eqc(was->kind, s.kind))
		return ST_OK;
	const int64_t *imported = there ? s.said ? &s.on_hand : NULL : was->imported_null ? NULL : &was->imported;
	TRY(q_market_stock_of(w->c, was->stock_id, &now, e));
	if (!now)
		return err_set(e, ST_INTERNAL, "a variant without a stock item");
	int64_t on_hand = !s.said ? 0 : news ? s.on_hand : now->on_hand;
	if (on_hand < now->held)
		on_hand = now->held;
	w->changed = true;
	if (w->dry)
		return ST_OK;
	TRY(q_market_stock_set(w->c, was->stock_id, str_c(s.kind), on_hand, imported, NULL, e));
	if (on_hand == now->on_hand)
		return ST_OK;
	return q_market_move_add(w->c, id_new(), was->stock_id, STR("count"), on_hand - now->on_hand, STR("import"),
	                         w->ask->person ? &w->ask->person : NULL, w->now, NULL, e);
}

static enum status add_variant(struct shelf_writer *w, const product_row *p, const struct in_variant *in, int64_t rank,
                               struct err *e)
{
	variant_row v = { .content = 1, .unit = STR("piece"), .least = 1, .step = 1 };
	int64_t id = id_new(), stock_id = id_new();
	struct stock s = stock_of(in, NULL);
	empty_row(&v, OF_VARIANT);
	v.unit = STR("piece");
	(void)overlay(&v, OF_VARIANT, in->v);
	w->changed = true;
	if (w->dry)
		return ST_OK;
	TRY(q_market_stock_add(w->c, stock_id, str_c(s.kind), s.said ? s.on_hand : 0, s.said ? &s.on_hand : NULL, NULL,
	                       e));
	if (s.said && s.on_hand)
		TRY(q_market_move_add(w->c, id_new(), stock_id, STR("count"), s.on_hand, STR("import"),
		                      w->ask->person ? &w->ask->person : NULL, w->now, NULL, e));
	TRY(q_market_variant_add(w->c, id, p->id, rank, v.value1, v.value2, v.value3, v.sku, v.gtin, v.price, v.was,
	                         v.supplier_price, v.deposit, v.unit, v.content, v.per_kg, v.least, v.step, v.most,
	                         stock_id, v.image, in->carried.p ? in->carried : STR(""), NULL, e));
	return q_market_price_add(w->c, id, w->now, v.price, v.was, NULL, e);
}

static enum status change_variant(struct shelf_writer *w, const struct in_variant *in, variant_row *was, int64_t rank,
                                  struct err *e)
{
	variant_row v = *was;
	bool differs = overlay(&v, OF_VARIANT, in->v) || was->rank != rank ||
	               str_eqc(was->state, "active") == in->archived;
	if (in->carried.p && !str_eq(in->carried, was->carried)) {
		v.carried = in->carried;
		differs = true;
	}
	if (differs) {
		w->changed = true;
		if (w->dry)
			return ST_OK;
		TRY(q_market_variant_change(w->c, v.id, rank, v.value1, v.value2, v.value3, v.sku, v.gtin, v.price,
		                            v.was, v.supplier_price, v.deposit, v.unit, v.content, v.per_kg, v.least,
		                            v.step, v.most, v.image, v.carried, NULL, e));
		if (v.price != was->price || v.was != was->was)
			TRY(q_market_price_add(w->c, v.id, w->now, v.price, v.was, NULL, e));
		if (in->archived)
			TRY(q_market_variant_archive(w->c, v.id, NULL, e));
	}
	return set_stock(w, in, was, e);
}

/* The one of them with the same options, else with the same SKU, that no other row of the file has. */
static variant_row *same_variant(const struct in_variant *in, variant_row *rows, size_t n, const bool *used)
{
	const struct in_value *a = in_get(in->v, "Option1 Value"), *b = in_get(in->v, "Option2 Value"),
	                      *c = in_get(in->v, "Option3 Value"), *sku = in_get(in->v, "Variant SKU");
	for (size_t i = 0; i < n && in->id; i++)
		if (rows[i].id == in->id)
			return &rows[i];
	for (int pass = 0; pass < 4; pass++) /* those that are for sale before those that were */
		for (size_t i = 0; i < n; i++) {
			bool options = (!a->there || str_eq(a->text, rows[i].value1)) &&
			               (!b->there || str_eq(b->text, rows[i].value2)) &&
			               (!c->there || str_eq(c->text, rows[i].value3));
			bool same = pass % 2 ? sku->text.n && str_eq(sku->text, rows[i].sku) : options;
			if (!used[i] && same && str_eqc(rows[i].state, "active") == (pass < 2))
				return &rows[i];
		}
	return NULL;
}

static enum status write_variants(struct shelf_writer *w, const product_row *p, const struct in_product *in, bool fresh,
                                  struct err *e)
{
	variant_row *rows = NULL;
	size_t n = 0;
	if (!fresh)
		TRY(q_market_variants_of(w->c, p->id, &rows, &n, e));
	bool *used = ARENA_ARRAY(w->a, bool, n + 1);
	for (size_t i = 0; i < in->variant_count; i++) {
		const struct in_variant *v = &in->variants[i];
		variant_row *was = in->some && !v->id ? NULL : same_variant(v, rows, n, used);
		int64_t rank = v->placed ? v->rank
		        : !in->some      ? (int64_t)i
		        : was            ? was->rank
		        : n              ? rows[n - 1].rank + 1
		                         : 0;
		if (was)
			used[was - rows] = true;
		TRY(was ? change_variant(w, v, was, rank, e) : add_variant(w, p, v, rank, e));
	}
	for (size_t i = 0; i < n && !in->some; i++)
		if (!used[i] && str_eqc(rows[i].state, "active")) {
			w->changed = true;
			if (!w->dry)
				TRY(q_market_variant_archive(w->c, rows[i].id, NULL, e));
		}
	return ST_OK;
}

/* --- products ----------------------------------------------------------------------------------------------------- */

static enum status write_images(struct shelf_writer *w, const product_row *p, const struct in_product *in, bool fresh,
                                struct err *e)
{
	struct market_images_of_row *rows = NULL;
	size_t n = 0;
	if (!in->has_images)
		return ST_OK;
	if (!fresh)
		TRY(q_market_images_of(w->c, p->id, &rows, &n, e));
	bool same = n == in->image_count;
	for (size_t i = 0; i < n && same; i++)
		same = (str_eq(rows[i].src, in->images[i].src) || str_eq(rows[i].origin, in->images[i].src)) &&
		       str_eq(rows[i].alt, in->images[i].alt);
	if (same)
		return ST_OK;
	w->changed = true;
	if (w->dry)
		return ST_OK;
	if (n)
		TRY(q_market_images_drop(w->c, p->id, NULL, e));
	for (size_t i = 0; i < in->image_count; i++) {
		struct str src = in->images[i].src, ours;
		TRY(picture_want(w->c, src, w->import, &ours, e));
		TRY(q_market_image_add(w->c, p->id, (int64_t)i, ours.p ? ours : src, in->images[i].alt,
		                       ours.p ? src : STR(""), NULL, e));
	}
	return ST_OK;
}

static enum status find_product(struct shelf_writer *w, const struct in_product *in, product_row **row, struct err *e)
{
	*row = NULL;
	if (in->id)
		return q_market_product(w->c, in->id, row, e);
	if (in->source.p)
		TRY(q_market_product_by_source(w->c, in->source, row, e));
	return *row || !in->handle.n ? ST_OK : q_market_product_by_handle(w->c, in->handle, row, e);
}

static enum status free_handle(struct shelf_writer *w, const struct in_product *in, struct str *handle, struct err *e)
{
	product_row *other;
	struct str base = in->handle.n ? in->handle : text_slug(w->a, in_get(in->v, "Title")->text);
	if (!base.n)
		base = STR("product");
	*handle = base;
	for (int n = 2; n <= HANDLE_TRIES; n++) {
		TRY(q_market_product_by_handle(w->c, *handle, &other, e));
		if (!other)
			return ST_OK;
		*handle = arena_strf(w->a, "%.*s-%d", STR_ARG(base), n);
	}
	*handle = arena_strf(w->a, "%.*s-%.*s", STR_ARG(base), STR_ARG(id_str(w->a, id_new())));
	return ST_OK;
}

static enum status write_row(struct shelf_writer *w, product_row *p, bool fresh, bool differs, struct err *e)
{
	int64_t supplier = 0;
	if (w->dry)
		return ST_OK;
	struct str source = p->source.n ? p->source : STR_NULL;
	TRY(page_id(w, p->page, &p->page_id, e));
	if (p->vendor.n)
		TRY(supplier_id(w, p->vendor, &supplier, e));
	const int64_t *who = supplier ? &supplier : NULL;
	if (fresh)
		return q_market_product_add(w->c, p->id, p->page_id, who, p->handle, source, p->title, p->body,
		                            p->summary, p->type, p->tags, p->categories, p->option1, p->option2,
		                            p->option3, p->status, p->published, p->contains, p->may_contain,
		                            p->ingredients, p->origin, p->vat, p->age, p->keeps, w->now, NULL, e);
	if (!differs)
		return ST_OK;
	return q_market_product_change(w->c, p->id, p->page_id, who, source, p->title, p->body, p->summary, p->type,
	                               p->tags, p->categories, p->option1, p->option2, p->option3, p->status,
	                               p->published, p->contains, p->may_contain, p->ingredients, p->origin, p->vat,
	                               p->age, p->keeps, w->now, NULL, e);
}

/* Prices are in the currency of the page: one that moves to a page with another wants new ones. */
static enum status check_page(struct shelf_writer *w, const product_row *was, const product_row *p,
                              const struct in_product *in, struct err *e)
{
	const struct named *to = find_named(w->pages, p->page), *from = was ? find_named(w->pages, was->page) : NULL;
	bool priced = in->variant_count && !in->some;
	if (to && !to->currency.p)
		return err_set(e, ST_INVALID, "Line %zu: the market page “%.*s” was deleted; it can be brought back",
		               in->line, STR_ARG(p->page));
	for (size_t i = 0; i < in->variant_count; i++)
		priced &= in_get(in->variants[i].v, "Variant Price")->there;
	if (!from || !from->currency.p || priced)
		return ST_OK;
	struct str currency = to ? to->currency : str_c(w->ask->currency);
	if (str_eq(currency, from->currency))
		return ST_OK;
	return err_set(e, ST_INVALID, "Line %zu: its prices are in %.*s, and the market page “%.*s” has %.*s", in->line,
	               STR_ARG(from->currency), STR_ARG(p->page), STR_ARG(currency));
}

enum status writer_find(struct shelf_writer *w, const struct in_product *in, int64_t *product, struct err *e)
{
	product_row *row;
	TRY(find_product(w, in, &row, e));
	*product = row ? row->id : 0;
	return ST_OK;
}

enum status writer_put(struct shelf_writer *w, const struct in_product *in, enum written *what, int64_t *product,
                       struct err *e)
{
	product_row *was, p = { .published = true };
	TRY(find_product(w, in, &was, e));
	bool fresh = !was;
	if (was) {
		p = *was;
	} else {
		empty_row(&p, OF_PRODUCT);
		p.id = w->dry ? 0 : id_new();
		p.status = STR("active");
		p.page = w->ask->page;
		if (!w->dry)
			TRY(free_handle(w, in, &p.handle, e));
	}
	if (!p.source.p)
		p.source = STR("");
	if (fresh && !in_get(in->v, "Title")->text.n)
		return err_set(e, ST_INVALID, "Line %zu: the product has no title", in->line);
	struct str page = p.page;
	struct in_value v[MARKET_COLUMNS_MAX];
	memcpy(v, in->v, sizeof v);
	struct in_value *paths = (struct in_value *)in_get(v, "Categories");
	if (paths->there && w->former) /* what a list calls as it was called before */
		paths->text = writer_paths(w, paths->text);
	w->changed = overlay(&p, OF_PRODUCT, v) || fresh;
	if (!p.page.n)
		p.page = page;
	bool differs = w->changed;
	TRY(check_page(w, was, &p, in, e));
	TRY(write_row(w, &p, fresh, differs, e));
	TRY(write_variants(w, &p, in, fresh, e));
	TRY(write_images(w, &p, in, fresh, e));
	*product = p.id;
	*what = fresh ? WRITTEN_NEW : w->changed ? WRITTEN_CHANGED : WRITTEN_SAME;
	if (!w->changed || w->dry)
		return ST_OK;
	if (differs) {
		TRY(put_facets(w, &p, fresh, e));
		TRY(put_search(w, &p, e));
	}
	return q_market_product_refresh(w->c, p.id, NULL, e);
}

enum status writer_begin(struct db_conn *c, struct import_ask *ask, int64_t import, bool dry, struct shelf_writer **out,
                         struct err *e)
{
	struct shelf_writer *w = ARENA_NEW(db_arena(c), struct shelf_writer);
	*w = (struct shelf_writer){ .c = c, .a = db_arena(c), .ask = ask, .now = clock_now_us(), .import = import,
		                    .dry = dry };
	arena_on_free(db_arena(c), forget_all, w);
	*out = w;
	return load_known(w, e);
}

enum status market_write(struct db_conn *c, struct import_ask *ask, struct in_file *read, struct import_done *out,
                         struct err *e)
{
	struct shelf_writer *w;
	struct import_done done = { 0 };
	enum written what = WRITTEN_SAME;
	TRY(writer_begin(c, ask, 0, false, &w, e));
	for (size_t i = 0; i < read->count; i++) {
		TRY(writer_put(w, &read->products[i], &what, &done.product, e));
		done.added += what == WRITTEN_NEW;
		done.changed += what == WRITTEN_CHANGED;
		done.same += what == WRITTEN_SAME;
	}
	*out = done;
	return ST_OK;
}
