/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: the pages of keepers and suppliers.
 */
#ifndef GH_SERVICES_MARKET_ADMIN_H
#define GH_SERVICES_MARKET_ADMIN_H

#include "gen/market_sql.h"
#include "platform/forms/forms.h"
#include "platform/peers/person_data.h"
#include "services/market/market.h"
#include "services/market/save.h"

enum {
	PRODUCT_BODY_MAX = 100000,  /* characters of a description that is written here */
	PRODUCT_FORM_MAX = 1 << 20, /* bytes of a product's form as it is sent */
	PICTURE_FORM_MAX = FORM_PICTURE_MAX + (64 << 10),
	PICTURE_ALT_MAX = 300,
	GRID_PAGE = 40 /* variants on a page */
};

/* A product as its form has it. */
struct product_form {
	struct str version, title, page, supplier, summary, body, categories, tags, option1, option2, option3, status,
	        vat, keeps, contains, may_contain, ingredients, origin;
	int64_t age;
	struct str seen, value1, value2, value3, sku, gtin, unit, stock; /* of a variant, from here on */
	struct money price, was, supplier_price, deposit, per_kg;
	int64_t content, least, step, most, count;
};
/* What the form says, put into s: of a product (options: also what its variants differ in), of a variant (options: also
   by what it differs), of the stock of a new variant. ST_INVALID: a column does not take it. */
enum status cells_of_product(struct product_save *s, const struct product_form *v, bool options,
                             struct err *e) MUST_CHECK;
enum status cells_of_variant(struct product_save *s, const struct product_form *v, bool options,
                             struct err *e) MUST_CHECK;
enum status cells_of_stock(struct product_save *s, const struct product_form *v, struct err *e) MUST_CHECK;

/* A field that somebody else changed meanwhile: what stands there now. */
struct clash {
	const char *label;
	struct str theirs;
};

struct product_page {
	struct web *w;
	struct page_shell shell;
	const struct market_product_row *p;           /* NULL: a new one */
	const struct market_variants_of_row *variant; /* whose page it is; NULL: the product's, or a new variant's */
	char currency[4];
	const struct market_variants_of_row *variants;
	size_t variant_count;
	const struct market_images_of_row *images;
	size_t image_count;
	const struct form_fill *form, *picture; /* picture NULL: none is asked for */
	const struct clash *clashes;
	size_t clash_count;
	struct str problem;
};

/* A variant whose stock and price are saved cell by cell. */
struct grid_row {
	const struct market_grid_row *row;
	struct str id, name, price, shown, count; /* count: "" where it is not counted */
	struct str problem, typed;                /* of the cell that was refused */
	enum cell_change wrong;
	bool done;
};
struct grid_page {
	struct web *w;
	struct page_shell shell;
	bool keeper; /* of the whole market; false: a supplier's own */
	struct str base, here, q, state, supplier, next;
	const struct choice *suppliers;
	struct grid_row *rows;
	size_t n;
};

struct supplier_page {
	struct web *w;
	struct page_shell shell;
	const struct market_supplier_row *s; /* NULL: a new one */
	const struct form_fill *form;
};

/* Handlers of routes, as service.c's table names them. */
enum status market_get_products(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_products(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_products_csv(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_product_new(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_product_new(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_product_form(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_product_form(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_pictures(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_variant(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_variant(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_stock(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_stock(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_mine(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_mine(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_suppliers(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_supplier_form(struct web *w, struct err *e) MUST_CHECK;
enum status market_post_supplier_form(struct web *w, struct err *e) MUST_CHECK;
enum status market_person_deleted(struct ctx *ctx, const struct event *ev, struct err *e) MUST_CHECK;
/* The first step: is there a product? */
enum status market_step_shelf(struct ctx *ctx, bool *done, struct err *e) MUST_CHECK;

/* Basis points as people write a percentage: "5.5"; in a. And back, also with a comma; false: it is none. */
struct str market_percent(struct arena *a, int64_t points);
bool market_percent_read(struct str typed, int64_t *points);
/* Suppliers to choose among, by slug or by name; ends with { 0 }; in the request's arena. */
const struct choice *market_supplier_slugs(struct web *w);
const struct choice *market_supplier_names(struct web *w, const void *values);
/* Market pages to choose among, by slug. */
const struct choice *market_page_slugs(struct web *w);
/* "/admin/products/ID" with what stands behind it. */
struct str market_admin_url(struct ctx *ctx, const char *list, int64_t id, const char *rest);

/* Where pages show a picture of our media from; in ctx->arena. */
struct media_item;
struct str market_picture_address(struct ctx *ctx, const struct media_item *item);
/* "/variants/ID", in ctx->arena. */
const char *market_variant_path(struct ctx *ctx, int64_t id);
size_t market_choice_count(const struct choice *list);

#endif
