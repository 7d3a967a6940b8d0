/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages of the shelf: HTML for people, JSON for programs, of the same rows. They are kept for everybody under the
 * tag "market", which any change of the catalogue drops.
 */
#include "gen/market_contract.h"
#include "gen/market_tpl.h"
#include "platform/peers/site.h"
#include "platform/text/json.h"
#include "services/market/allergens.h"
#include "services/market/cycles.h"
#include "services/market/market.h"

enum { ASKED_MAX = 191, FEED_PRODUCTS = 50 };

struct page_shell market_shell(struct web *w, struct str title, struct str description)
{
	struct buf head;
	struct page_shell s = web_public_shell(w, title, description, "market");
	buf_text(&head, w->ctx->arena);
	tpl_market_head(&head);
	s.head_extra = html_from_template(&head);
	return s;
}

/* --- all pages ---------------------------------------------------------------------------------------------------- */

enum status market_get_windows(struct web *w, struct err *e)
{
	struct market_windows_row *rows;
	struct windows_view v = { .w = w };
	struct buf out;
	web_cache_tag(w, "market");
	v.shell = market_shell(w, TR("Market"), STR(""));
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_windows(c, &rows, &v.n, e));
	v.rows = rows;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	if (web_wants_json(w)) {
		db_read_end(&c);
		BUF_LIT(&out, "{\"pages\":[");
		for (size_t i = 0; i < v.n; i++) {
			buf_puts(&out, i ? ",{\"slug\":" : "{\"slug\":");
			json_put_str(&out, rows[i].slug);
			json_put_member(&out, "title", rows[i].title);
			json_put_member(&out, "state", rows[i].state);
			json_put_member(&out, "currency", rows[i].currency);
			buf_printf(&out, ",\"products\":%lld}", (long long)rows[i].products);
		}
		BUF_LIT(&out, "]}");
		return web_json(w, 200, buf_str(&out));
	}
	tpl_market_windows(&out, &v);
	return web_html_reading(w, 200, &out, &c);
}

/* --- a list ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *title;
	unsigned by;
	bool down;
} orders[] = {
	{ "", TR_NOOP("Newest"), 0, true },
	{ "cheap", TR_NOOP("Price, low to high"), 1, false },
	{ "dear", TR_NOOP("Price, high to low"), 1, true },
	{ "name", TR_NOOP("Name"), 2, false },
};
enum { ORDERS = sizeof orders / sizeof *orders };

struct shelf_ask {
	struct str category, tag, supplier, without, sort;
	int64_t most;
	bool there;
	unsigned order;
};

/* The list's address with one of its choices changed: name NULL: none. */
static struct str shelf_url(struct web *w, const struct shelf_view *v, const char *name, struct str value)
{
	const struct {
		const char *name;
		struct str value;
	} parts[] = { { "category", v->category }, { "tag", v->tag }, { "supplier", v->supplier },
		      { "without", v->without },   { "sort", v->sort }, { "max", v->max },
		      { "there", v->there ? STR("1") : STR("") } };
	struct buf b;
	bool any = false;
	buf_text(&b, w->ctx->arena);
	buf_putstr(&b, v->base);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct str is = name && !strcmp(name, parts[i].name) ? value : parts[i].value;
		if (!is.n)
			continue;
		buf_printf(&b, "%s%s=", any ? "&" : "?", parts[i].name);
		url_encode(&b, is);
		any = true;
	}
	return buf_str(&b);
}

static struct str next_url(struct web *w, const struct shelf_view *v, unsigned order)
{
	const struct market_shelf_row *last = &v->rows[v->n - 1];
	struct str base = shelf_url(w, v, NULL, STR(""));
	struct buf b;
	buf_text(&b, w->ctx->arena);
	buf_printf(&b, "%.*s%safter=%lld", STR_ARG(base), str_chr(base, '?') < 0 ? "?" : "&", (long long)last->id);
	if (orders[order].by == 1)
		buf_printf(&b, "&at=%lld", (long long)last->price_from);
	if (orders[order].by == 2) {
		BUF_LIT(&b, "&at=");
		url_encode(&b, last->title);
	}
	return buf_str(&b);
}

static struct str asked(struct web *w, const char *name)
{
	struct str s = web_query(w, name);
	return s.p ? str_utf8_fit(s, ASKED_MAX) : STR("");
}

static void read_ask(struct web *w, struct shelf_view *v, struct shelf_ask *a, struct db_page *page)
{
	*a = (struct shelf_ask){ .category = asked(w, "category"),
		                 .tag = asked(w, "tag"),
		                 .supplier = asked(w, "supplier"),
		                 .without = asked(w, "without"),
		                 .sort = asked(w, "sort"),
		                 .there = str_eqc(asked(w, "there"), "1") };
	for (unsigned i = 1; i < ORDERS; i++)
		if (str_eqc(a->sort, orders[i].name))
			a->order = i;
	v->category = a->category;
	v->tag = a->tag;
	v->supplier = a->supplier;
	v->without = a->without;
	v->sort = a->order ? str_c(orders[a->order].name) : STR("");
	v->there = a->there;
	v->max = STR("");
	if (money_parse(str_trim(asked(w, "max")), v->currency, &a->most) && a->most > 0)
		v->max = str_trim(asked(w, "max"));
	else
		a->most = 0;
	*page = (struct db_page){ .sort = orders[a->order].by, .down = orders[a->order].down, .lim = SHELF_PAGE + 1 };
	page->next = str_i64(asked(w, "after"), &page->key);
	page->at_text = asked(w, "at");
	if (page->next && page->sort == 0)
		page->at = page->key;
	else if (page->next && page->sort == 1)
		page->next = str_i64(page->at_text, &page->at);
	v->narrowed = v->category.n || v->tag.n || v->supplier.n || v->without.n || v->max.n || v->there;
}

static void add_choice(struct market_facets_answer *out, const char *kind, struct str slug, struct str name, int64_t n)
{
	out->choices.items[out->choices.count++] = (struct market_facet_choice){ str_c(kind), slug, name, n };
}

enum status market_serve_facets(
        struct ctx *ctx, const struct market_facets_ask *in, struct market_facets_answer *out, struct err *e)
{
	static const char *const kinds[] = { "category", "tag" };
	struct market_facet_suppliers_row *suppliers;
	struct market_facet_allergens_row *allergens;
	struct market_facets_row *rows;
	struct market_window_row *page;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_market_window(c, in->page, &page, e));
	if (!page)
		return ST_OK;
	out->choices.items = ARENA_ARRAY(
	        ctx->arena, struct market_facet_choice, 2 * FACETS_MAX + SUPPLIERS_MAX + ALLERGENS);
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		TRY(q_market_facets(c, page->id, str_c(kinds[k]), FACETS_MAX, &rows, &n, e));
		for (size_t i = 0; i < n; i++)
			add_choice(out, kinds[k], rows[i].slug, rows[i].name, rows[i].n);
	}
	TRY(q_market_facet_suppliers(c, page->id, SUPPLIERS_MAX, &suppliers, &n, e));
	for (size_t i = 0; i < n; i++)
		add_choice(out, "supplier", suppliers[i].slug, suppliers[i].name, suppliers[i].n);
	TRY(q_market_facet_allergens(c, page->id, &allergens, &n, e));
	for (size_t i = 0; i < n && i < ALLERGENS; i++)
		add_choice(out, "allergen", allergens[i].slug, allergens[i].slug, allergens[i].n);
	return ST_OK;
}

static void load_facet(struct web *w, struct shelf_view *v, const struct market_facets_answer *all, const char *kind,
        struct str chosen, struct shelf_facet *f)
{
	f->choices = ARENA_ARRAY(w->ctx->arena, struct shelf_choice, all->choices.count + 1);
	for (size_t i = 0; i < all->choices.count; i++) {
		const struct market_facet_choice *one = &all->choices.items[i];
		bool is = str_eq(one->slug, chosen);
		if (str_eqc(one->kind, kind))
			f->choices[f->n++] = (struct shelf_choice){ one->name,
				shelf_url(w, v, kind, is ? STR("") : one->slug), one->n, is };
	}
}

/* Allergens are asked for by another name, and each has a title of ours. */
static void load_without(struct web *w, struct shelf_view *v, const struct market_facets_answer *all,
                         struct shelf_facet *f)
{
	f->choices = ARENA_ARRAY(w->ctx->arena, struct shelf_choice, all->choices.count + 1);
	for (size_t i = 0; i < all->choices.count; i++) {
		const struct market_facet_choice *one = &all->choices.items[i];
		const struct allergen *named = market_allergen_of(one->slug);
		bool is = str_eq(one->slug, v->without);
		if (named && str_eqc(one->kind, "allergen"))
			f->choices[f->n++] = (struct shelf_choice){ str_c(tr(named->title)),
				shelf_url(w, v, "without", is ? STR("") : one->slug), one->n, is };
	}
}

/* A list whose counts do not come in time can not be narrowed down, and is there. */
static void load_facets(struct web *w, struct shelf_view *v, const struct market_facets_answer *all)
{
	v->facets[0].title = TR_NOOP("Categories");
	v->facets[1].title = TR_NOOP("From");
	v->facets[2].title = TR_NOOP("Labels");
	v->facets[3].title = TR_NOOP("Without allergen");
	v->facets[3].note = TR_NOOP("Nor traces of it, as suppliers say. What counts is the label on the goods.");
	load_facet(w, v, all, "category", v->category, &v->facets[0]);
	load_facet(w, v, all, "supplier", v->supplier, &v->facets[1]);
	load_facet(w, v, all, "tag", v->tag, &v->facets[2]);
	load_without(w, v, all, &v->facets[3]);
	v->sort_count = ORDERS;
	for (size_t i = 0; i < ORDERS; i++)
		v->sorts[i] = (struct shelf_choice){ str_c(tr(orders[i].title)),
			                             shelf_url(w, v, "sort", str_c(orders[i].name)), 0,
			                             str_eqc(v->sort, orders[i].name) };
}

static void put_product_json(struct buf *b, struct web *w, struct str page, const char *currency,
                             const struct market_shelf_row *r)
{
	BUF_LIT(b, "{\"title\":");
	json_put_str(b, r->title);
	json_put_member(b, "handle", r->handle);
	json_put_member(b, "url", market_absolute(w->ctx, market_product_url(w->ctx, page, r->handle)));
	json_put_member(b, "image", market_absolute(w->ctx, r->image));
	json_put_member(b, "supplier", r->supplier);
	json_put_member(b, "price", market_decimal(w->ctx, r->price_from, currency));
	json_put_member(b, "currency", str_c(currency));
	buf_printf(b, ",\"available\":%s}", r->available ? "true" : "false");
}

static enum status shelf_json(struct web *w, const struct shelf_view *v, struct err *e)
{
	struct buf out;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	BUF_LIT(&out, "{\"title\":");
	json_put_str(&out, v->title);
	BUF_LIT(&out, ",\"products\":[");
	for (size_t i = 0; i < v->n; i++) {
		buf_puts(&out, i ? "," : "");
		put_product_json(&out, w, v->shell.kind, v->currency, &v->rows[i]);
	}
	buf_putc(&out, ']');
	json_put_member(&out, "next", market_absolute(w->ctx, v->next));
	buf_putc(&out, '}');
	return buf_ok(&out) ? web_json(w, 200, buf_str(&out)) : err_set(e, ST_TOO_LARGE, "the list is too large");
}

enum status market_answer_moved(struct web *w, struct db_conn **c, struct err *e)
{
	struct market_page_moved_row *now;
	struct str from = web_path(w, "page"), base = market_page_url(w->ctx, from);
	TRY(q_market_page_moved(*c, from, &now, e));
	if (!now)
		return err_set(e, ST_NOT_FOUND, "There is no such market page.");
	struct str path = w->req->path, rest = STR("");
	if (path.n >= base.n && str_eq(str_first(path, base.n), base))
		rest = str_skip(path, base.n);
	db_read_end(c);
	struct str to = market_page_url(w->ctx, now->slug);
	return web_redirect(w, 301, arena_strf(w->ctx->arena, "%.*s%.*s%s%.*s", STR_ARG(to), STR_ARG(rest),
	        w->req->query.n ? "?" : "", STR_ARG(w->req->query)));
}

/* *page NULL: there is none, and what is to be answered is market_answer_moved's. */
static enum status load_window(struct web *w, struct db_conn *c, struct shelf_view *v, struct market_window_row **page,
                               struct err *e)
{
	TRY(q_market_window(c, web_path(w, "page"), page, e));
	if (!*page)
		return ST_OK;
	str_print(v->currency, sizeof v->currency, "%.*s", STR_ARG((*page)->currency));
	v->title = (*page)->title;
	v->intro = (*page)->intro;
	v->base = market_page_url(w->ctx, (*page)->slug);
	v->closed = str_eqc((*page)->state, "closed");
	v->lines = str_eqc((*page)->layout, "lines");
	v->shell = market_shell(w, v->title, v->intro);
	v->shell.kind = (*page)->slug;
	return ST_OK;
}

enum status market_get_shelf(struct web *w, struct err *e)
{
	struct shelf_view v = { .w = w, .first = STR(""), .next = STR("") };
	struct market_window_row *page;
	struct market_shelf_row *rows;
	struct shelf_ask a;
	struct db_page part;
	struct buf out;
	struct market_facets_answer facets = { 0 };
	web_cache_tag(w, "market");
	if (!web_wants_json(w))
		(void)!market_ask_facets(w->ctx, &(struct market_facets_ask){ web_path(w, "page") }, &facets, NULL);
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(load_window(w, c, &v, &page, e));
	if (!page)
		return market_answer_moved(w, &c, e);
	read_ask(w, &v, &a, &part);
	if (v.without.n && !market_allergen_of(v.without)) /* not the whole list, as if it were free of it */
		return err_set(e, ST_NOT_FOUND, "There is no allergen of this name.");
	TRY(q_market_shelf(
	        c, page->id, a.category, a.tag, a.supplier, a.without, a.most, a.there, &part, &rows, &v.n, e));
	if (!v.n && v.category.n) {
		struct market_category_moved_row *moved;
		TRY(q_market_category_moved(c, v.category, &moved, e));
		if (moved) {
			db_read_end(&c);
			return web_redirect(w, 301, shelf_url(w, &v, "category", moved->slug));
		}
	}
	v.rows = rows;
	bool more = v.n > SHELF_PAGE;
	v.n = more ? SHELF_PAGE : v.n;
	v.notes = ARENA_ARRAY(w->ctx->arena, struct str, v.n + 1);
	TRY(cycle_notes(w->ctx, c, rows, v.n, v.notes, e));
	if (more)
		v.next = next_url(w, &v, a.order);
	if (part.next)
		v.first = shelf_url(w, &v, NULL, STR(""));
	if (web_wants_json(w)) {
		db_read_end(&c);
		return shelf_json(w, &v, e);
	}
	load_facets(w, &v, &facets);
	v.shell.noindex = v.narrowed || part.next;
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_shelf(&out, &v);
	return web_html_reading(w, 200, &out, &c);
}

/* What one supplier has, on whichever page. */
enum status market_get_supplier(struct web *w, struct err *e)
{
	struct market_supplier_by_slug_row *s;
	struct market_windows_row *pages;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_supplier_by_slug(c, web_path(w, "supplier"), &s, e));
	if (!s)
		return err_set(e, ST_NOT_FOUND, "There is no such supplier.");
	TRY(q_market_windows(c, &pages, &n, e));
	for (size_t i = 0; i < n; i++) {
		struct market_shelf_row *rows;
		size_t count;
		const struct db_page one = { .down = true, .lim = 1 };
		TRY(q_market_shelf(
		        c, pages[i].id, STR(""), STR(""), s->slug, STR(""), 0, false, &one, &rows, &count, e));
		if (count) {
			struct str at = arena_strf(w->ctx->arena, "%.*s?supplier=%.*s",
			                           STR_ARG(market_page_url(w->ctx, pages[i].slug)), STR_ARG(s->slug));
			db_read_end(&c);
			return web_redirect(w, 302, at);
		}
	}
	return err_set(e, ST_NOT_FOUND, "There is nothing of this supplier at the moment.");
}

enum status market_get_feed(struct web *w, struct err *e)
{
	struct shelf_view v = { .w = w, .first = STR(""), .next = STR("") };
	struct market_window_row *page;
	struct market_shelf_row *rows;
	struct buf out;
	const struct db_page newest = { .down = true, .lim = FEED_PRODUCTS };
	web_cache_tag(w, "market");
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(load_window(w, c, &v, &page, e));
		if (!page)
			return market_answer_moved(w, &c, e);
		TRY(q_market_shelf(c, page->id, STR(""), STR(""), STR(""), STR(""), 0, false, &newest, &rows, &v.n, e));
	}
	v.rows = rows;
	if (str_ends(w->req->path, STR(".json")))
		return shelf_json(w, &v, e);
	buf_arena(&out, w->ctx->arena, WEB_PAGE_MAX);
	BUF_LIT(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
	tpl_market_feed_rss(&out, w->ctx, &v);
	return web_text(w, 200, "application/rss+xml; charset=utf-8", buf_str(&out));
}
