/* SPDX-License-Identifier: Apache-2.0
 *
 * Cart: one basket for all that is sold here, orders, money. This file is its table.
 */
#include "services/cart/pay.h"
#include "services/cart/payouts.h"
#include "services/cart/slots.h"
#include "services/cart/supplies.h"

static const struct route routes[] = {
	{ "GET", "/", cart_get_basket, .help = "The basket" },
	{ "POST", "/add", cart_post_add, .help = "Put something in" },
	{ "POST", "/set", cart_post_set, .help = "How many of it" },
	{ "POST", "/remove", cart_post_remove, .help = "Take something out" },
	{ "POST", "/coupon", cart_post_coupon, .help = "Use a coupon, or take it off" },
	{ "GET", "/checkout", cart_get_checkout, .help = "Look once more, and order" },
	{ "POST", "/checkout", cart_post_checkout, .help = "Order" },
	{ "GET", "/orders", cart_get_orders, .flags = ROUTE_AUTH, .help = "A member's orders" },
	{ "GET", "/orders/{number}", cart_get_order, .help = "An order" },
	{ "GET", "/orders/{number}/invoice", cart_get_invoice, .help = "Its invoice and credit notes" },
	{ "POST", "/orders/{number}/cancel", cart_post_cancel, .help = "Cancel it" },
	{ "GET", "/orders/{number}/change", cart_get_change, .help = "Take something off it while it is open" },
	{ "POST", "/orders/{number}/change", cart_post_change, .help = "How many of each stay" },
	{ "GET", "/orders/{number}/withdraw", cart_get_withdraw, .help = "Withdraw from things" },
	{ "POST", "/orders/{number}/withdraw", cart_post_withdraw, .help = "Say so, then say it for sure" },
	{ "POST", "/again/{number}", cart_post_again, .help = "The same into the basket" },
	{ "POST", "/pay/{number}", cart_post_pay, .help = "Pay, or try again" },
	{ "GET", "/return/{number}", cart_get_return, .help = "Back from the payment provider" },
	{ "POST", "/hooks/sumup", cart_post_hook, .flags = ROUTE_NO_CSRF, .body_max = 16 << 10,
	        .help = "The payment provider calls: ask it" },
	{ "GET", "/ledger", cart_get_ledger, .flags = ROUTE_AUTH, .help = "The books, in sums" },
	{ "GET", "/admin/orders", cart_get_admin_orders, .role = "host treasurer", .help = "Orders" },
	{ "GET", "/admin/orders.csv", cart_get_admin_orders_csv, .role = "host treasurer", .help = "As a table" },
	{ "GET", "/admin/orders/{number}", cart_get_admin_order, .role = "host treasurer", .help = "An order" },
	{ "POST", "/admin/orders/{number}", cart_post_admin_order, .role = "host treasurer",
	        .help = "Money came, it is packed, handed over, given back, cancelled" },
	{ "GET", "/admin/slots", cart_get_slots, .role = "host", .help = "When things are collected" },
	{ "POST", "/admin/slots", cart_post_slots, .role = "host", .help = "Add a time, withdraw it, offer it again" },
	{ "GET", "/admin/coupons", cart_get_coupons, .role = "treasurer", .help = "Coupons" },
	{ "POST", "/admin/coupons", cart_post_coupons, .role = "treasurer", .help = "Make one, stop it" },
	{ "GET", "/admin/statements", cart_get_statements, .role = "treasurer", .help = "What suppliers are owed" },
	{ "POST", "/admin/statements", cart_post_statements, .role = "treasurer", .help = "One was paid" },
	{ "GET", "/admin/statements.csv", cart_get_statements_csv, .role = "treasurer", .help = "As a table" },
	{ "GET", "/admin/supplies", cart_get_supplies, .role = "host treasurer", .help = "Orders to suppliers" },
	{ "POST", "/admin/supplies", cart_post_supplies, .role = "host treasurer", .help = "Send one once more" },
	{ "GET", "/admin/supplies/{id}", cart_get_supply, .role = "host treasurer", .help = "What one of them is" },
	{ "GET", "/admin/supplies/{id}/order.csv", cart_get_supply_csv, .role = "host treasurer",
	        .help = "As a table" },
	{ "GET", "/admin/vat", cart_get_vat, .role = "treasurer", .help = "Value added tax of a month" },
	{ "GET", "/admin/vat.csv", cart_get_vat_csv, .role = "treasurer", .help = "As a table" },
	{ "GET", "/admin/payouts", cart_get_payouts, .role = "treasurer", .help = "What the provider paid out" },
	{ "POST", "/admin/payouts", cart_post_payouts, .role = "treasurer", .help = "Ask the provider now" },
	{ "GET", "/admin/payouts.csv", cart_get_payouts_csv, .role = "treasurer", .help = "As a table" },
	{ "GET", "/admin/refunds", cart_get_refunds, .role = "treasurer", .help = "What is to be given back" },
	{ "POST", "/admin/refunds", cart_post_refunds, .role = "treasurer", .help = "Ask after it, send it again" },
	{ "GET", "/admin/accounts", cart_get_accounts, .flags = ROUTE_ADMIN, .help = "Who is paid how" },
	{ "POST", "/admin/accounts", cart_post_accounts, .flags = ROUTE_ADMIN, .help = "Save an account" },
	{ "GET", "/admin/pack", cart_get_pack, .role = "host", .help = "What is to be packed" },
	{ 0 },
};

static const struct fragment_def fragments[] = {
	{ "cart-mini", cart_fragment_mini, .soft_s = 60, .per_person = true, .cookie = CART_COOKIE },
	{ 0 },
};

static const struct event_handler events[] = {
	{ .type = "cycle.closed", .origin = "market", .name = "supplies", .handle = cart_cycle_closed },
	{ .type = "person.deleted", .origin = "identity", .name = "forget", .handle = cart_person_deleted },
	{ 0 },
};

static const struct job_def jobs[] = {
	{ .kind = "cart.complete", .run = cart_complete_job, .attempts = 12, .time_s = 30, .backoff_s = 5 },
	{ .kind = "cart.return", .run = cart_return_job, .attempts = 12, .time_s = 30, .backoff_s = 5 },
	{ .kind = "cart.payouts", .run = cart_payouts_job, .cron = "17 5 * * *", .attempts = 6, .time_s = 300,
	        .backoff_s = 600 },
	{ .kind = "cart.supplies", .run = cart_supplies_job, .attempts = 12, .time_s = 60, .backoff_s = 30 },
	{ .kind = "cart.sweep", .run = cart_sweep_job, .cron = "41 3 * * *" },
	{ 0 },
};

static const struct background_def backgrounds[] = {
	{ .name = "cart.watch", .turn = pay_watch, .every_ms = 1000, .time_s = 60 },
	{ 0 },
};

static const struct setting settings[] = {
	{ "cart", "card", SET_BOOL, "yes", .live = true, .help = "Payment by card is offered." },
	{ "cart", "cash", SET_BOOL, "yes", .live = true, .help = "Payment in cash, on collection, is offered." },
	{ "cart", "bank_account", SET_STR, "", .live = true,
	        .help = "Account number and holder for transfers; empty: transfers are not offered." },
	{ "cart", "terms_url", SET_STR, "", .live = true, .help = "Where the terms of sale stand." },
	{ "cart", "invoice_from", SET_STR, "", .live = true,
	        .help = "Name, address and VAT number that invoices are from." },
	{ "cart", "sumup_url", SET_STR, "",
	        .help = "SumUp's API, https://api.sumup.com; empty: the simulator of this site, which moves no "
	                "money." },
	{ "cart", "sumup_merchant", SET_STR, "",
	        .help = "The merchant code, of pages that have no account of their own." },
	{ "cart", "sumup_key", SET_SECRET, "", .help = "The secret API key that belongs to it." },
	{ 0 },
};

static const struct role_def roles[] = {
	{ "host", "Host", "Packs orders, hands them over, takes cash" },
	{ "treasurer", "Treasurer", "Sees all orders and money, gives back" },
	{ 0 },
};

static const struct page_row pages[] = {
	{ PLACE_ACCOUNT, "/orders", "Orders", "What you ordered, and what became of it", .rank = 15 },
	{ PLACE_ACCOUNT, "/ledger", "Ledger", "The co-operative's books, in sums", .rank = 80 },
	{ PLACE_ADMIN, "/admin/orders", "Orders", "What was ordered, paid, collected", .group = "Shop",
	        .role = "host treasurer", .rank = 10 },
	{ PLACE_ADMIN, "/admin/pack", "Packing list", "What is to be packed and handed over", .group = "Shop",
	        .role = "host", .rank = 20 },
	{ PLACE_ADMIN, "/admin/slots", "Collection", "When and where things are collected", .group = "Shop",
	        .role = "host", .rank = 30 },
	{ PLACE_ADMIN, "/admin/supplies", "Orders to suppliers",
	        "What is ordered from whom when an order cycle has closed", .group = "Shop", .role = "host treasurer",
	        .rank = 32 },
	{ PLACE_ADMIN, "/admin/coupons", "Coupons", "Something off, for a code", .group = "Shop", .role = "treasurer",
	        .rank = 35 },
	{ PLACE_ADMIN, "/admin/statements", "Statements", "What suppliers are owed, by month", .group = "Shop",
	        .role = "treasurer", .rank = 38 },
	{ PLACE_ADMIN, "/admin/vat", "VAT", "Value added tax, by month", .group = "Shop", .role = "treasurer",
	        .rank = 40 },
	{ PLACE_ADMIN, "/admin/payouts", "Payouts", "What the payment provider paid out, and for which order",
	        .group = "Shop", .role = "treasurer", .rank = 42 },
	{ PLACE_ADMIN, "/admin/refunds", "Given back", "Refunds that are not confirmed yet", .group = "Shop",
	        .role = "treasurer", .rank = 44 },
	{ PLACE_ADMIN, "/admin/accounts", "Payment accounts", "Whose account at the payment provider gets what is paid",
	        .group = "Shop", .rank = 50 },
	{ 0 },
};

const struct service service_cart = {
	.name = "cart",
	.title = "Basket",
	.mount = "/cart",
	.summary = "One basket for all that is sold here, orders and money",
	.routes = routes,
	.fragments = fragments,
	.contracts = cart_contracts,
	.events = events,
	.jobs = jobs,
	.backgrounds = backgrounds,
	.settings = settings,
	.roles = roles,
	.pages = pages,
	.migrations = &cart_migrations,
};
