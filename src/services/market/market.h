/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside market: what its templates show, and the handlers of service.c's tables.
 */
#ifndef GH_SERVICES_MARKET_H
#define GH_SERVICES_MARKET_H

#include "base/money.h"
#include "gen/market_sql.h"
#include "platform/peers/fragment.h"
#include "platform/web/web.h"
#include "services/market/sale.h"

enum { BESIDE_SHOPS = 3, BESIDE_PRODUCTS = 3, BESIDE_CATEGORIES = 6 }; /* shown beside a page of the site */
enum { SHELF_PAGE = 24, FACETS_MAX = 12, SUPPLIERS_MAX = 20, HISTORY_DAYS = 30, SHELF_FACETS = 4 };

/* A choice that narrows a list down: its words, where it leads, whether it is chosen. */
struct shelf_choice {
	struct str name, url;
	int64_t count;
	bool chosen;
};
struct shelf_facet {
	const char *title, *note; /* note NULL: none */
	struct shelf_choice *choices;
	size_t n;
};

struct shelf_view {
	struct web *w;
	struct page_shell shell;
	struct str title, intro, base, next, first, sort, max; /* base: path of the list; next, first: "" none */
	bool there;
	struct str category, tag, supplier, without; /* without: slug of an allergen */
	char currency[4];
	const struct market_shelf_row *rows;
	size_t n;
	struct shelf_facet facets[SHELF_FACETS];
	struct shelf_choice sorts[4];
	struct str *notes; /* of each row: until when it can be ordered; "": at any time */
	size_t sort_count;
	bool narrowed, closed, lines; /* lines: a line for each, instead of pictures side by side */
};
/* A shop beside a page of the site, with its newest things and where to look further. */
struct beside_shop {
	const struct market_page_beside_row *page;
	char currency[4];
	const struct market_shelf_row *rows;
	size_t n;
	const struct market_facets_row *categories;
	size_t category_count;
};
struct windows_view {
	struct web *w;
	struct page_shell shell;
	const struct market_windows_row *rows;
	size_t n;
};
struct product_variant {
	const struct market_variants_of_row *row;
	struct str name, id, price, decimal, unit, was, stock, until, why; /* was, unit, until, why (this
		price): "" none */
	struct str lists;                                             /* "€3.60 for members"; "" none */
	const struct market_prices_of_row *history;                   /* newest first */
	size_t history_count;
	int64_t percent; /* of the reduction */
	bool there;
};
struct product_view {
	struct web *w;
	struct page_shell shell;
	const struct market_product_row *p;
	const struct market_window_of_row *page;
	const struct market_images_of_row *images;
	size_t image_count;
	struct product_variant *variants;
	size_t n;
	struct safe_html body;
	bool plain, any, cart;
	struct str supplier_url;
};
/* A product in a page of another service. */
struct product_card {
	struct ctx *ctx;
	struct product_view of;       /* without its web and shell */
	struct str url, image, price; /* image, price (no variant is for sale): "" none */
	bool from, closed;            /* from: others of its variants are dearer; closed: its page is */
};

/* Handlers of routes and fragments, as service.c's tables name them. */
enum status market_get_windows(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_shelf(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_product(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_supplier(struct web *w, struct err *e) MUST_CHECK;
enum status market_get_feed(struct web *w, struct err *e) MUST_CHECK;
enum status market_fragment_link_card(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status market_fragment_product_card(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status market_fragment_container_cards(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
enum status market_fragment_container_nav(struct fragment_req *f, struct buf *out, struct err *e) MUST_CHECK;
/* Of a page that has another address now: the same request there, and the read is ended. Otherwise ST_NOT_FOUND, in
   words. */
enum status market_answer_moved(struct web *w, struct db_conn **c, struct err *e) MUST_CHECK;
/* Fills an empty market from demo_dir/market. */
enum status market_demo(struct ctx *ctx, const char *demo_dir, struct err *e) MUST_CHECK;

/* The frame of a page of the market: its title with the site's, its address. description "": the title. */
struct page_shell market_shell(struct web *w, struct str title, struct str description);
/* Addresses, in ctx->arena. */
struct str market_page_url(struct ctx *ctx, struct str page);
struct str market_product_url(struct ctx *ctx, struct str page, struct str handle);
/* "/media/x" with the origin of this service before it; others as they are. In ctx->arena. */
struct str market_absolute(struct ctx *ctx, struct str src);
/* An amount in a currency as people write it. */
struct str market_money(struct ctx *ctx, int64_t minor, const char currency[4]);
/* The same for programs: "3.20". */
struct str market_decimal(struct ctx *ctx, int64_t minor, const char currency[4]);
/* Beside a card's price: "4.27 € per kg"; "" where it says nothing. */
struct str market_card_unit(struct ctx *ctx, const struct market_shelf_row *r, const char currency[4]);

#endif
