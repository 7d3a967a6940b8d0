/* SPDX-License-Identifier: Apache-2.0
 *
 * The market: what a cooperative has for sale, from whom, at what price, how much is left. This file is its table.
 */
#include "gen/market_serve.h"
#include "platform/cache/cache.h"
#include "services/market/admin.h"
#include "services/market/categories.h"
#include "services/market/cycles.h"
#include "services/market/keeping.h"
#include "services/market/market.h"
#include "services/market/pages_admin.h"
#include "services/market/pictures.h"
#include "services/market/prices.h"
#include "services/market/staged_admin.h"

static const struct route routes[] = {
	{ "GET", "/", market_get_windows, .flags = ROUTE_CACHE, .cache_s = 60, .help = "All market pages" },
	{ "GET", "/{page:slug}/", market_get_shelf, .flags = ROUTE_CACHE, .cache_s = 60, .help = "What a page has" },
	{ "GET", "/{page:slug}/{product:text}", market_get_product, .flags = ROUTE_CACHE, .cache_s = 60,
	  .help = "A product" },
	{ "GET", "/{page:slug}/feed.rss", market_get_feed, .flags = ROUTE_CACHE, .cache_s = 300,
	  .help = "RSS of a page" },
	{ "GET", "/{page:slug}/feed.json", market_get_feed, .flags = ROUTE_CACHE, .cache_s = 300,
	  .help = "The same for programs" },
	{ "GET", "/suppliers/{supplier:slug}", market_get_supplier, .help = "What a supplier has" },
	{ "GET", "/cycles", market_get_cycles, .flags = ROUTE_CACHE, .cache_s = 60,
	  .help = "What can be ordered until when" },
	{ "GET", "/admin/cycles", market_get_admin_cycles, .role = "keeper", .help = "Order cycles" },
	{ "POST", "/admin/cycles", market_post_admin_cycles, .role = "keeper", .help = "Delete some" },
	{ "GET", "/admin/cycles/{cycle}", market_get_admin_cycle, .role = "keeper", .help = "A cycle, or a new one" },
	{ "POST", "/admin/cycles/{cycle}", market_post_admin_cycle, .role = "keeper", .help = "Save it" },
	{ "GET", "/mine", market_get_mine, .role = "supplier", .help = "A supplier's own stock and prices" },
	{ "POST", "/mine", market_post_mine, .role = "supplier", .help = "Save a cell" },
	{ "GET", "/admin/products", market_get_products, .role = "keeper", .help = "Products" },
	{ "POST", "/admin/products", market_post_products, .role = "keeper",
	  .help = "Put many on sale, off sale, away" },
	{ "GET", "/admin/products.csv", market_get_products_csv, .role = "keeper", .help = "As a table" },
	{ "GET", "/admin/products/new", market_get_product_new, .role = "keeper", .help = "A new product" },
	{ "POST", "/admin/products/new", market_post_product_new, .role = "keeper", .body_max = PRODUCT_FORM_MAX,
	  .help = "Save it" },
	{ "GET", "/admin/products/{id:id}", market_get_product_form, .role = "keeper", .help = "A product" },
	{ "POST", "/admin/products/{id:id}", market_post_product_form, .role = "keeper", .body_max = PRODUCT_FORM_MAX,
	  .help = "Save it" },
	{ "POST", "/admin/products/{id:id}/pictures", market_post_pictures, .role = "keeper",
	  .body_max = PICTURE_FORM_MAX, .help = "Add, describe, move, remove a picture" },
	{ "GET", "/admin/products/{id:id}/variants/new", market_get_variant, .role = "keeper",
	  .help = "Another variant" },
	{ "POST", "/admin/products/{id:id}/variants/new", market_post_variant, .role = "keeper", .help = "Save it" },
	{ "GET", "/admin/products/{id:id}/variants/{variant:id}", market_get_variant, .role = "keeper",
	  .help = "A variant" },
	{ "POST", "/admin/products/{id:id}/variants/{variant:id}", market_post_variant, .role = "keeper",
	  .help = "Save it, or sell it no more" },
	{ "GET", "/admin/stock", market_get_stock, .role = "keeper", .help = "Stock and prices" },
	{ "POST", "/admin/stock", market_post_stock, .role = "keeper", .help = "Save a cell" },
	{ "GET", "/admin/suppliers", market_get_suppliers, .role = "keeper", .help = "Suppliers" },
	{ "GET", "/admin/suppliers/new", market_get_supplier_form, .role = "keeper", .help = "A new supplier" },
	{ "POST", "/admin/suppliers/new", market_post_supplier_form, .role = "keeper", .help = "Save them" },
	{ "GET", "/admin/suppliers/{id:id}", market_get_supplier_form, .role = "keeper", .help = "A supplier" },
	{ "POST", "/admin/suppliers/{id:id}", market_post_supplier_form, .role = "keeper", .help = "Save them" },
	{ "GET", "/admin/imports", market_get_imports, .role = "keeper", .help = "Lists that were brought" },
	{ "POST", "/admin/imports", market_post_imports, .role = "keeper", .body_max = IMPORT_UPLOAD_MAX,
	  .help = "Bring one" },
	{ "GET", "/admin/imports/{id:id}", market_get_import, .role = "keeper", .help = "What it would change" },
	{ "POST", "/admin/imports/{id:id}", market_post_import, .role = "keeper",
	  .help = "Say what its columns are, tick, apply, take back" },
	{ "GET", "/admin/pages", market_get_admin_pages, .role = "keeper", .help = "Market pages" },
	{ "POST", "/admin/pages", market_post_admin_pages, .role = "keeper",
	  .help = "Move, hide, close, delete some, and bring them back" },
	{ "GET", "/admin/pages/new", market_get_admin_page, .role = "keeper", .help = "A new market page" },
	{ "POST", "/admin/pages/new", market_post_admin_page, .role = "keeper", .help = "Save it" },
	{ "GET", "/admin/pages/{id:id}", market_get_admin_page, .role = "keeper", .help = "A market page" },
	{ "POST", "/admin/pages/{id:id}", market_post_admin_page, .role = "keeper", .help = "Save it" },
	{ "GET", "/admin/categories", market_get_categories, .role = "keeper", .help = "Categories" },
	{ "POST", "/admin/categories", market_post_categories, .role = "keeper", .help = "Delete some" },
	{ "GET", "/admin/categories/new", market_get_category, .role = "keeper", .help = "A new category" },
	{ "POST", "/admin/categories/new", market_post_category, .role = "keeper", .help = "Save it" },
	{ "GET", "/admin/categories/{id:id}", market_get_category, .role = "keeper", .help = "A category" },
	{ "POST", "/admin/categories/{id:id}", market_post_category, .role = "keeper",
	  .help = "Rename it, move it, make it one with another" },
	{ "GET", "/admin/prices", market_get_admin_prices, .role = "keeper", .help = "Price lists" },
	{ "POST", "/admin/prices", market_post_admin_prices, .role = "keeper",
	  .help = "Set a price, or take some away" },
	{ 0 },
};

static const struct fragment_def fragments[] = {
	{ "link-card", market_fragment_link_card, .soft_s = 300, .params = "id" },
	{ "product-card", market_fragment_product_card, .soft_s = 60, .params = "id" },
	{ "container-cards", market_fragment_container_cards, .soft_s = 30, .params = "page limit" },
	{ "container-nav", market_fragment_container_nav, .soft_s = 60, .params = "container" },
	{ 0 },
};

static const struct search_def searches[] = { { "products", "Products" }, { 0 } };

/* Whatever changed: pages and fragments of the market are made anew. */
static enum status drop_pages(struct ctx *ctx, const struct event *ev, struct err *e)
{
	(void)ev;
	(void)e;
	cache_drop_tag(ctx->svc->platform->cache, STR("market"));
	return ST_OK;
}

static const struct event_handler events[] = {
	{ .type = "*", .origin = "market", .name = "drop-pages", .handle = drop_pages },
	{ .type = "person.deleted", .origin = "identity", .name = "forget", .handle = market_person_deleted },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "market.sweep", .run = market_sweep, .cron = "*/10 * * * *" },
	{ .kind = "market.cycles", .run = market_cycles_tell, .cron = "* * * * *" },
	{ .kind = "market.import", .run = market_job_import, .time_s = IMPORT_TIME_S, .at_once = 1 },
	{ .kind = "market.imports", .run = market_job_imports, .cron = "*/5 * * * *" },
	{ .kind = "market.pictures", .run = market_job_pictures, .time_s = PICTURES_TIME_S, .at_once = 1 },
	{ .kind = "market.verify", .run = market_verify, .time_s = 60, .cron = "20 3 * * *" },
	{ 0 },
};

static const struct setting settings[] = {
	{ "market", "fetch_pictures", SET_BOOL, "yes", .live = true,
	  .help = "Pictures that lists name elsewhere are fetched, and shown from here." },
	{ "market", "currency", SET_STR, "EUR", .help = "Currency of market pages that an import makes (ISO 4217)." },
	{ 0 },
};

static const struct role_def roles[] = {
	{ "keeper", "Shop keeper", "Counts stock, sets prices, takes price lists in." },
	{ "supplier", "Supplier", "Counts and prices what is their own." },
	{ "household", "Household", "Pays the prices of households." },
	{ 0 },
};

static const struct page_row pages[] = {
	{ PLACE_ADMIN, "/admin/products", "Products", "What is for sale, and how it is told", .group = "Shop",
	  .role = "keeper", .rank = 30 },
	{ PLACE_ADMIN, "/admin/stock", "Stock and prices", "What is there, and what it costs", .group = "Shop",
	  .role = "keeper", .rank = 40 },
	{ PLACE_ADMIN, "/admin/cycles", "Order cycles", "What can be ordered from when until when", .group = "Shop",
	  .role = "keeper", .rank = 45 },
	{ PLACE_ADMIN, "/admin/prices", "Price lists", "Prices for members and households", .group = "Shop",
	  .role = "keeper", .rank = 47 },
	{ PLACE_ADMIN, "/admin/imports", "Imports", "Price lists and catalogues, looked at before they count",
	  .group = "Shop", .role = "keeper", .rank = 48 },
	{ PLACE_ADMIN, "/admin/pages", "Market pages", "Shops, their order, currency and accounts", .group = "Shop",
	  .role = "keeper", .rank = 35 },
	{ PLACE_ADMIN, "/admin/categories", "Categories", "What things are sorted by: renamed, moved, made one",
	  .group = "Shop", .role = "keeper", .rank = 36 },
	{ PLACE_ADMIN, "/admin/suppliers", "Suppliers", "Who things are from", .group = "Shop", .role = "keeper",
	  .rank = 50 },
	{ PLACE_ACCOUNT, "/mine", "My products", "Stock and prices of what you deliver", .role = "supplier",
	  .rank = 20 },
	{ 0 },
};

static const struct first_step steps[] = {
	{ "/admin/products/new", "Put something on the shelf", "A first product, with a price and a picture.",
	  market_step_shelf },
	{ 0 },
};

const struct service service_market = {
	.name = "market",
	.title = "Market",
	.mount = "/market",
	.summary = "What is for sale, from whom, at what price, how much is left",
	.routes = routes,
	.fragments = fragments,
	.searches = searches,
	.contracts = market_contracts,
	.events = events,
	.jobs = jobs,
	.settings = settings,
	.roles = roles,
	.pages = pages,
	.steps = steps,
	.migrations = &market_migrations,
	.media = true,
	.demo = market_demo,
};
