/* SPDX-License-Identifier: Apache-2.0
 *
 * A product's page for keepers: its form, its variants each with a form of its own, its pictures. A new product comes
 * with its first variant. What is saved goes through the cells of an import (save.h).
 */
#include "base/id.h"
#include "base/lang.h"
#include "gen/market_tpl.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/media/media.h"
#include "services/market/admin.h"

enum { PICTURE_WIDTH = 1280 };

/* --- the fields --------------------------------------------------------------------------------------------------- */

static const char *vat_problem(struct web *w, const void *values)
{
	struct str vat = ((const struct product_form *)values)->vat;
	int64_t points;
	(void)w;
	return !vat.n || market_percent_read(vat, &points) ? NULL : "A percentage like 7 or 5.5, please.";
}

static const char *gtin_problem(struct web *w, const void *values)
{
	struct str gtin = ((const struct product_form *)values)->gtin;
	(void)w;
	return !gtin.n || market_gtin_is(gtin)
	               ? NULL
	               : "This is no number of a barcode: 8, 12, 13 or 14 digits, the last of which checks the others.";
}

static const struct choice statuses[] = { { "draft", "Draft", NULL },
	                                  { "active", "For sale", NULL },
	                                  { "unlisted", "For those who know its address", NULL },
	                                  { "archived", "Archived", NULL },
	                                  { 0 } };
static const struct choice units[] = {
	{ "piece", "Pieces", NULL }, { "g", "Grams", NULL }, { "ml", "Millilitres", NULL }, { 0 }
};
static const struct choice stocks[] = { { "counted", "Is counted", NULL },
	                                { "unlimited", "Is always there", NULL },
	                                { "on_demand", "Is made to order", NULL },
	                                { 0 } };

static const struct choice *page_choices(struct web *w, const void *values)
{
	(void)values;
	return market_page_slugs(w);
}

#define F(m, kind, ...) FIELD(struct product_form, m, kind, __VA_ARGS__)

#define PRODUCT_FIELDS                                                                                                 \
	F(title, TEXT, .label = "Name", .required = "What is it called?", .max = FORM_TEXT_MAX),                       \
	        F(page, CHOICE, .label = "Market page", .required = "On which page does it stand?",                    \
	          .choose = page_choices),                                                                             \
	        F(supplier, CHOICE, .label = "Supplier", .choose = market_supplier_names, .plain = true),              \
	        F(summary, AREA, .label = "In a sentence", .max = 300),                                                \
	        F(body, AREA, .label = "Description", .max = PRODUCT_BODY_MAX, .hint = "Plain words, or HTML"),        \
	        F(categories, TEXT, .label = "Categories", .max = 500, .hint = "Like: Bread > Rye, Breakfast"),        \
	        F(tags, TEXT, .label = "Labels", .max = 500, .hint = "A comma between them: organic, regional"),       \
	        F(status, CHOICE, .label = "State", .required = "Is it for sale?", .choices = statuses),               \
	        F(vat, TEXT, .label = "Value added tax", .max = 6, .unit = "%", .check = vat_problem),                 \
	        F(keeps, TEXT, .label = "Why it can't be withdrawn from", .max = FORM_TEXT_MAX,                        \
	          .hint = "Like: goes bad quickly. Empty: it can be."),                                                \
	        F(age, NUMBER, .label = "Sold from the age of", .min = 0, .max = 99, .unit = "years",                  \
	          .hint = "0: to anybody", .plain = true),                                                             \
	        F(contains, TEXT, .label = "Contains allergens", .max = 500,                                           \
	          .hint = "A comma between them: gluten, milk"),                                                       \
	        F(may_contain, TEXT, .label = "May contain traces of", .max = 500),                                    \
	        F(ingredients, AREA, .label = "Ingredients", .max = IMPORT_TEXT_MAX),                                  \
	        F(origin, TEXT, .label = "Origin", .max = FORM_TEXT_MAX)

#define OPTION_FIELDS                                                                                                  \
	F(option1, TEXT, .label = "Variants differ in", .max = 100, .hint = "Like: Size"),                             \
	        F(option2, TEXT, .label = "Second difference", .max = 100),                                            \
	        F(option3, TEXT, .label = "Third difference", .max = 100)

#define VARIANT_FIELDS                                                                                                 \
	F(price, MONEY, .label = "Price", .required = "What does it cost?", .min = 0, .max = PRICE_MAX,                \
	  .hint = "With tax"),                                                                                         \
	        F(was, MONEY, .label = "Price before a reduction", .min = 0, .max = PRICE_MAX,                         \
	          .hint = "0: it is not reduced", .plain = true),                                                      \
	        F(content, NUMBER, .label = "Content", .required = "How much is in one?", .min = 1,                    \
	          .max = IMPORT_COUNT_MAX),                                                                            \
	        F(unit, CHOICE, .label = "Measured in", .required = "Please choose a unit.", .choices = units),        \
	        F(least, NUMBER, .label = "At least, in an order", .required = "At least 1", .min = 1,                 \
	          .max = SALE_QUANTITY_MAX),                                                                           \
	        F(step, NUMBER, .label = "In steps of", .required = "At least 1", .min = 1, .max = SALE_QUANTITY_MAX), \
	        F(most, NUMBER, .label = "At most, in an order", .min = 0, .max = SALE_QUANTITY_MAX,                   \
	          .hint = "0: any number", .plain = true),                                                             \
	        F(sku, TEXT, .label = "Number of the supplier (SKU)", .max = 100),                                     \
	        F(gtin, TEXT, .label = "Number of the barcode (GTIN)", .max = GTIN_LEN_MAX, .check = gtin_problem),    \
	        F(supplier_price, MONEY, .label = "What its supplier gets", .min = 0, .max = PRICE_MAX,                \
	          .hint = "0: what the margin leaves", .plain = true),                                                 \
	        F(deposit, MONEY, .label = "Deposit", .min = 0, .max = PRICE_MAX, .plain = true),                      \
	        F(per_kg, MONEY, .label = "Price per kg, when it is weighed at collection", .min = 0,                  \
	          .max = PRICE_MAX, .hint = "0: it is not weighed", .plain = true)

#define VALUE_FIELDS                                                                                                   \
	F(value1, TEXT, .label = "What sets it apart", .max = 100, .hint = "Like: Large"),                             \
	        F(value2, TEXT, .label = "By the second difference", .max = 100),                                      \
	        F(value3, TEXT, .label = "By the third difference", .max = 100)

#define STOCK_FIELDS                                                                                                   \
	F(stock, CHOICE, .label = "Stock", .required = "Is it counted?", .choices = stocks),                           \
	        F(count, NUMBER, .label = "How many are there", .min = 0, .max = IMPORT_COUNT_MAX, .plain = true)

static const struct field product_fields[] = { F(version, HIDDEN), PRODUCT_FIELDS, OPTION_FIELDS, { 0 } };
static const struct field new_fields[] = { PRODUCT_FIELDS, VARIANT_FIELDS, STOCK_FIELDS, { 0 } };
static const struct field variant_fields[] = { F(seen, HIDDEN), VALUE_FIELDS, VARIANT_FIELDS, { 0 } };
static const struct field more_fields[] = { VALUE_FIELDS, VARIANT_FIELDS, STOCK_FIELDS, { 0 } };

static void check_variant(struct web *w, struct form_fill *f)
{
	const struct product_form *v = f->values;
	(void)w;
	if (v->was.minor && v->was.minor <= v->price.minor)
		form_fault(f, "was", "A price before a reduction is higher than the price.");
	if (v->most && v->most < v->least)
		form_fault(f, "most", "This is less than the least.");
}

static const struct form_desc product_desc = { .fields = product_fields };
static const struct form_desc new_desc = { .fields = new_fields, .check = check_variant };
static const struct form_desc variant_desc = { .fields = variant_fields, .check = check_variant };
static const struct form_desc more_desc = { .fields = more_fields, .check = check_variant };

struct picture_form {
	bool picture;
	struct str alt;
};
static const struct field picture_fields[] = {
	FIELD(struct picture_form, picture, FILE, .label = "Picture", .accept = "image/jpeg,image/png,image/webp"),
	FIELD(struct picture_form, alt, TEXT, .label = "What is to be seen", .max = PICTURE_ALT_MAX,
	      .hint = "For those who do not see it"),
	{ 0 },
};
static const struct form_desc picture_desc = { .fields = picture_fields };

/* --- loading ------------------------------------------------------------------------------------------------------ */

static enum status load_parts(struct db_conn *c, struct product_page *v, struct err *e)
{
	struct market_window_of_row *page;
	struct market_variants_of_row *variants;
	struct market_images_of_row *images;
	TRY(q_market_window_of(c, v->p->id, &page, e));
	TRY(q_market_variants_of(c, v->p->id, &variants, &v->variant_count, e));
	TRY(q_market_images_of(c, v->p->id, &images, &v->image_count, e));
	if (page)
		str_print(v->currency, sizeof v->currency, "%.*s", STR_ARG(page->currency));
	v->variants = variants;
	v->images = images;
	return ST_OK;
}

static enum status load_product_page(struct web *w, struct product_page *v, struct err *e)
{
	struct market_product_row *p;
	*v = (struct product_page){ .w = w, .problem = STR("") };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_product(c, web_path_int(w, "id"), &p, e));
	if (!p)
		return err_set(e, ST_NOT_FOUND, "There is no such product.");
	v->p = p;
	TRY(load_parts(c, v, e));
	v->shell = web_shell(w, arena_cstr(w->ctx->arena, p->title));
	if (!web_path_is(w, "variant"))
		return ST_OK;
	for (size_t i = 0; i < v->variant_count; i++)
		if (v->variants[i].id == web_path_int(w, "variant"))
			v->variant = &v->variants[i];
	return v->variant ? ST_OK : err_set(e, ST_NOT_FOUND, "There is no such variant.");
}

/* Of the page with that slug; the site's usual one where it is not there yet. */
static enum status currency_of(struct web *w, struct str slug, char out[4], struct err *e)
{
	struct market_pages_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	str_print(out, 4, "%.*s", STR_ARG(config_str(w->ctx->svc->platform->config, "market", "currency")));
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_pages(c, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i].slug, slug) || (!slug.n && !i))
			str_print(out, 4, "%.*s", STR_ARG(rows[i].currency));
	return ST_OK;
}

static struct money amount(int64_t minor, const char currency[4])
{
	struct money m = { .minor = minor };
	memcpy(m.currency, currency, sizeof m.currency);
	return m;
}

static void fill_variant(struct product_form *x, struct arena *a, const struct market_variants_of_row *v,
                         const char currency[4])
{
	static const struct market_variants_of_row fresh = { .content = 1, .least = 1, .step = 1 };
	const struct market_variants_of_row *r = v ? v : &fresh;
	x->value1 = str_or_empty(r->value1), x->value2 = str_or_empty(r->value2), x->value3 = str_or_empty(r->value3);
	x->sku = str_or_empty(r->sku), x->gtin = str_or_empty(r->gtin);
	x->unit = v ? v->unit : STR("piece");
	x->stock = STR("counted");
	x->price = amount(r->price, currency), x->was = amount(r->was, currency);
	x->supplier_price = amount(r->supplier_price, currency);
	x->deposit = amount(r->deposit, currency), x->per_kg = amount(r->per_kg, currency);
	x->content = r->content, x->least = r->least, x->step = r->step, x->most = r->most;
	x->seen = v ? save_seen(a, v) : STR("");
}

static struct product_form product_values(struct arena *a, const struct market_product_row *p)
{
	bool draft = str_eqc(p->status, "active") && !p->published;
	return (struct product_form){ .version = arena_strf(a, "%lld", (long long)p->version),
		                      .title = p->title,
		                      .page = p->page,
		                      .supplier = p->vendor,
		                      .summary = p->summary,
		                      .body = p->body,
		                      .categories = p->categories,
		                      .tags = p->tags,
		                      .option1 = p->option1,
		                      .option2 = p->option2,
		                      .option3 = p->option3,
		                      .status = draft ? STR("draft") : p->status,
		                      .vat = market_percent(a, p->vat),
		                      .keeps = p->keeps,
		                      .contains = p->contains,
		                      .may_contain = p->may_contain,
		                      .ingredients = p->ingredients,
		                      .origin = p->origin,
		                      .age = p->age };
}

/* --- saving ------------------------------------------------------------------------------------------------------- */

/* A cell that the form's rules let through and the columns' do not. */
static void fault_of(struct form_fill *f, enum status st, const struct err *why)
{
	if (st != ST_OK)
		form_fault(f, NULL, "%s", why->msg);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static enum status draw_product(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct product_page *v = arg;
	struct buf page, head;
	(void)f;
	(void)e;
	buf_text(&head, v->w->ctx->arena);
	tpl_market_head(&head);
	v->shell.head_extra = html_from_template(&head);
	web_no_cache(v->w);
	buf_arena(&page, v->w->ctx->arena, WEB_PAGE_MAX);
	if (!v->p)
		tpl_market_product_new(&page, v);
	else if (web_path_is(v->w, "variant") || str_ends(v->w->req->path, STR("/variants/new")))
		tpl_market_variant_form(&page, v);
	else
		tpl_market_product_form(&page, v);
	return web_html(v->w, status, &page);
}

static enum status refuse_product(struct product_page *v, struct form_fill *f, struct err *e)
{
	v->form = f;
	return form_refuse(f, draw_product, v, e);
}

static enum status show_product(struct product_page *v, struct form_fill *f, struct err *e)
{
	v->form = f;
	return draw_product(f, 200, v, e);
}

static void find_clashes(struct product_page *v, const struct form_fill *typed, const struct form_fill *now)
{
	struct clash *list = ARENA_ARRAY(v->w->ctx->arena, struct clash, FORM_FIELDS_ROOM);
	for (const struct field *d = typed->desc->fields; d->kind; d++)
		if (d->kind != FIELD_HIDDEN && !str_eq(form_typed(typed, d), form_typed(now, d)))
			list[v->clash_count++] = (struct clash){ d->label, form_typed(now, d) };
	v->clashes = list;
}

/* 409: what was typed, and what stands there now; sent once more it is saved over that. */
static enum status answer_meanwhile(struct product_page *typed, struct form_fill *f, struct err *e)
{
	struct product_form values;
	struct product_page v;
	struct form_fill now;
	TRY(load_product_page(typed->w, &v, e));
	if (web_wants_json(v.w))
		return err_set(e, ST_CONFLICT, "Somebody else changed this meanwhile.");
	if (v.variant)
		fill_variant(&values, v.w->ctx->arena, v.variant, v.currency);
	else
		values = product_values(v.w->ctx->arena, v.p);
	form_show(&now, v.w, f->desc, &values);
	find_clashes(&v, f, &now);
	f->typed[0] = form_typed(&now, f->desc->fields); /* version, seen */
	v.problem = TR("Somebody else changed this meanwhile. Nothing was saved.");
	v.form = f;
	return draw_product(f, 409, &v, e);
}

/* What came of it, told. Done: *done true. */
static enum status settle(struct product_page *v, struct form_fill *f, struct product_save *s, bool *done,
                          struct err *e)
{
	*done = false;
	struct err why = { 0 };
	audit_from(v->w, &s->audit);
	enum status st = save_product(v->w->ctx, s, &why);
	if (st == ST_INVALID && in_get(s->product.v, "Page")->there) {
		form_fault(f, "page", "This page has another currency than the product's prices, or is deleted.");
		return refuse_product(v, f, e);
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	if (s->outcome == SAVE_MEANWHILE)
		return answer_meanwhile(v, f, e);
	if (s->outcome == SAVE_GONE)
		return err_set(e, ST_NOT_FOUND, "There is no such product.");
	if (s->outcome == SAVE_SKU_TAKEN) {
		form_fault(f, "sku", "Another product of this supplier has that number.");
		return refuse_product(v, f, e);
	}
	cache_drop_tag(v->w->ctx->svc->platform->cache, STR("market"));
	*done = true;
	return ST_OK;
}

enum status market_get_product_new(struct web *w, struct err *e)
{
	struct product_page v = { .w = w, .problem = STR("") };
	struct product_form values = { .status = STR("draft"), .supplier = STR("") };
	struct form_fill f;
	TRY(currency_of(w, STR(""), v.currency, e));
	fill_variant(&values, w->ctx->arena, NULL, v.currency);
	v.shell = web_shell(w, "A new product");
	form_show(&f, w, &new_desc, &values);
	return show_product(&v, &f, e);
}

enum status market_post_product_new(struct web *w, struct err *e)
{
	struct product_page v = { .w = w, .problem = STR("") };
	struct product_form values = { .status = STR("draft"), .supplier = STR("") };
	struct product_save *s = ARENA_NEW(w->ctx->arena, struct product_save);
	struct form_fill f;
	struct err why = { 0 };
	bool done;
	if (!web_has_json(w))
		TRY(web_form_load(w, e));
	TRY(currency_of(w, web_has_json(w) ? STR("") : str_or_empty(web_form(w, "page")), v.currency, e));
	fill_variant(&values, w->ctx->arena, NULL, v.currency);
	v.shell = web_shell(w, "A new product");
	TRY(form_read(&f, w, &new_desc, &values, e));
	if (f.failed)
		return refuse_product(&v, &f, e);
	save_begin(s, w->ctx->arena, 0, v.currency);
	enum status st = cells_of_product(s, &values, false, &why);
	st = st == ST_OK ? cells_of_variant(s, &values, false, &why) : st;
	fault_of(&f, st == ST_OK ? cells_of_stock(s, &values, &why) : st, &why);
	if (f.failed)
		return refuse_product(&v, &f, e);
	TRY(settle(&v, &f, s, &done, e));
	return done ? form_done(&f, market_admin_url(w->ctx, "products", s->saved, "?done=added")) : ST_OK;
}

enum status market_get_product_form(struct web *w, struct err *e)
{
	struct product_page v;
	struct picture_form none = { .alt = STR("") };
	struct form_fill f, picture;
	TRY(load_product_page(w, &v, e));
	struct product_form values = product_values(w->ctx->arena, v.p);
	form_show(&f, w, &product_desc, &values);
	form_show(&picture, w, &picture_desc, &none);
	v.picture = &picture;
	return show_product(&v, &f, e);
}

enum status market_post_product_form(struct web *w, struct err *e)
{
	struct product_page v;
	struct form_fill f;
	struct err why = { 0 };
	struct product_save *s = ARENA_NEW(w->ctx->arena, struct product_save);
	bool done;
	TRY(load_product_page(w, &v, e));
	struct product_form values = product_values(w->ctx->arena, v.p);
	TRY(form_read(&f, w, &product_desc, &values, e));
	if (f.failed)
		return refuse_product(&v, &f, e);
	save_begin(s, w->ctx->arena, v.p->id, v.currency);
	(void)str_i64(values.version, &s->version);
	fault_of(&f, cells_of_product(s, &values, true, &why), &why);
	if (f.failed)
		return refuse_product(&v, &f, e);
	TRY(settle(&v, &f, s, &done, e));
	return done ? form_done(&f, market_admin_url(w->ctx, "products", v.p->id, "?done=saved")) : ST_OK;
}

/* --- variants ----------------------------------------------------------------------------------------------------- */

enum status market_get_variant(struct web *w, struct err *e)
{
	struct product_page v;
	struct product_form values = { .supplier = STR("") };
	struct form_fill f;
	TRY(load_product_page(w, &v, e));
	fill_variant(&values, w->ctx->arena, v.variant, v.currency);
	form_show(&f, w, v.variant ? &variant_desc : &more_desc, &values);
	return show_product(&v, &f, e);
}

static enum status archive(struct product_page *v, struct err *e)
{
	struct audit_entry audit = { 0 };
	audit_from(v->w, &audit);
	TRY(save_variant_archived(v->w->ctx, v->p->id, v->variant->id, &audit, e));
	cache_drop_tag(v->w->ctx->svc->platform->cache, STR("market"));
	return web_redirect(v->w, 303, market_admin_url(v->w->ctx, "products", v->p->id, "?done=archived"));
}

enum status market_post_variant(struct web *w, struct err *e)
{
	struct product_page v;
	struct product_form values = { .supplier = STR("") };
	struct form_fill f;
	struct err why = { 0 };
	struct product_save *s = ARENA_NEW(w->ctx->arena, struct product_save);
	bool done;
	TRY(load_product_page(w, &v, e));
	if (!web_has_json(w))
		TRY(web_form_load(w, e));
	if (v.variant && !web_has_json(w) && str_eqc(web_form(w, "do"), "archive"))
		return archive(&v, e);
	fill_variant(&values, w->ctx->arena, v.variant, v.currency);
	TRY(form_read(&f, w, v.variant ? &variant_desc : &more_desc, &values, e));
	if (f.failed)
		return refuse_product(&v, &f, e);
	save_begin(s, w->ctx->arena, v.p->id, v.currency);
	s->variant.id = v.variant ? v.variant->id : 0;
	s->seen = values.seen;
	enum status st = cells_of_variant(s, &values, true, &why);
	fault_of(&f, st == ST_OK && !v.variant ? cells_of_stock(s, &values, &why) : st, &why);
	if (f.failed)
		return refuse_product(&v, &f, e);
	TRY(settle(&v, &f, s, &done, e));
	return done ? form_done(&f, market_admin_url(w->ctx, "products", v.p->id, "?done=saved")) : ST_OK;
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* The widest that is no wider than a page shows. */
struct str market_picture_address(struct ctx *ctx, const struct media_item *item)
{
	const struct media_variant *best = &item->variants[0];
	for (unsigned i = 1; i < item->variant_count; i++) {
		const struct media_variant *v = &item->variants[i];
		bool fits = v->width <= PICTURE_WIDTH;
		if (fits && (best->width > PICTURE_WIDTH || v->width > best->width))
			best = v;
	}
	return web_url(ctx, "market", "/media/%.*s", STR_ARG(best->path));
}

static const struct {
	const char *name;
	enum picture_change what;
} picture_words[] = {
	{ "alt", PICTURE_ALT }, { "earlier", PICTURE_EARLIER }, { "later", PICTURE_LATER }, { "gone", PICTURE_GONE }
};

/* What is asked for, into s. A new picture is put into the media store here. */
static enum status read_picture(struct web *w, struct form_fill *f, struct picture_form *values, struct picture_save *s,
                                struct err *e)
{
	struct media_item item;
	struct str what = str_or_empty(web_form(w, "do"));
	s->what = PICTURE_ADD;
	for (size_t i = 0; i < sizeof picture_words / sizeof *picture_words; i++)
		if (str_eqc(what, picture_words[i].name))
			s->what = picture_words[i].what;
	TRY(form_read(f, w, &picture_desc, values, e));
	s->alt = values->alt;
	s->src = str_or_empty(web_form(w, "src"));
	if (s->what != PICTURE_ADD || f->failed)
		return ST_OK;
	TRY(form_picture(f, "picture", &item, e));
	if (item.variant_count)
		s->src = market_picture_address(w->ctx, &item);
	else
		form_fault(f, "picture", "Please choose a picture.");
	return ST_OK;
}

enum status market_post_pictures(struct web *w, struct err *e)
{
	struct product_page v;
	struct form_fill f, picture;
	struct picture_form values = { .alt = STR("") };
	TRY(load_product_page(w, &v, e));
	TRY(web_form_load(w, e));
	struct product_form product = product_values(w->ctx->arena, v.p);
	struct picture_save s = { .product = v.p->id };
	TRY(read_picture(w, &picture, &values, &s, e));
	if (!picture.failed) {
		audit_from(w, &s.audit);
		TRY(save_picture(w->ctx, &s, e));
		if (s.outcome == SAVE_MANY)
			form_fault(&picture, "picture", "A product has at most %d pictures.", PICTURES_MAX);
	}
	if (picture.failed) {
		form_show(&f, w, &product_desc, &product);
		v.form = &f;
		v.picture = &picture;
		return form_refuse(&picture, draw_product, &v, e);
	}
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	return form_done(&picture, market_admin_url(w->ctx, "products", v.p->id, "?done=saved#pictures"));
}
