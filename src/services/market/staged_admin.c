/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/imports: lists are brought, looked at row by row, applied and taken back.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/lang.h"
#include "gen/market_tpl.h"
#include "net/forms/multipart.h"
#include "platform/cache/cache.h"
#include "platform/config/config.h"
#include "platform/tables/tables.h"
#include "platform/text/html.h"
#include "platform/text/json.h"
#include "platform/text/local.h"
#include "services/market/import_writer.h"
#include "services/market/pictures.h"
#include "services/market/staged_admin.h"

enum { DIFF_TEXT_MAX = 200 };

/* --- the list ----------------------------------------------------------------------------------------------------- */

typedef struct market_imports_list_row import_row;

static const struct choice states[] = { { "reading", "Being read" },
	                                { "mapping", "Columns are asked for" },
	                                { "staged", "To look at" },
	                                { "applying", "Being applied" },
	                                { "applied", "Applied" },
	                                { "undoing", "Being taken back" },
	                                { "undone", "Taken back" },
	                                { "refused", "Refused" },
	                                { 0 } };

static struct str state_words(struct str state)
{
	for (const struct choice *c = states; c->value; c++)
		if (str_eqc(state, c->value))
			return str_c(tr(c->label));
	return state;
}

static enum status imports_load(struct web *w, struct db_conn *c, const struct table_ask *ask,
                                struct table_found *found, struct err *e)
{
	(void)w;
	return TABLE_QUERY(found, e, market_imports_list, c, ask->search, ask->like, ask->filter[0], &ask->page);
}

static struct str state_text(struct web *w, const void *row)
{
	(void)w;
	return state_words(((const import_row *)row)->state);
}

static struct str import_url(struct web *w, const void *row)
{
	return market_admin_url(w->ctx, "imports", ((const import_row *)row)->id, "");
}

static void imports_above(struct buf *out, struct web *w, void *arg)
{
	tpl_market_imports_above(out, w, arg);
}

static const struct table_filter filters[] = { { .name = "state", .title = "State", .choices = states }, { 0 } };
static const struct column columns[] = {
	COLUMN(import_row, name, TEXT, .title = "File", .sort = "name", .by = 1),
	COLUMN(import_row, supplier, TEXT, .title = "Supplier"),
	COLUMN(import_row, state, TEXT, .title = "State", .text = state_text),
	COLUMN(import_row, added, NUMBER, .title = "New"),
	COLUMN(import_row, changed, NUMBER, .title = "Changed"),
	COLUMN(import_row, refused, NUMBER, .title = "Refused"),
	COLUMN(import_row, at, MOMENT, .title = "Brought", .sort = "at", .by = 0, .first_down = true),
	{ 0 },
};
static const struct table_desc imports = {
	.path = "/admin/imports",
	.title = "Imports",
	.search = "File",
	.filters = filters,
	.columns = columns,
	.empty = "No list was brought yet.",
	.sort = "at",
	.down = true,
	.row_size = sizeof(import_row),
	.load = imports_load,
	.url = import_url,
	.above = imports_above,
};

/* --- a new one ---------------------------------------------------------------------------------------------------- */

static const struct choice *form_suppliers(struct web *w, const void *values)
{
	const struct choice *known = market_supplier_slugs(w);
	size_t n = market_choice_count(known);
	struct choice *list = ARENA_ARRAY(w->ctx->arena, struct choice, n + 2);
	(void)values;
	list[0] = (struct choice){ .value = "", .label = TR_NOOP("Nobody's") };
	if (n)
		memcpy(&list[1], known, n * sizeof *known);
	return list;
}

static const struct choice *form_pages(struct web *w, const void *values)
{
	(void)values;
	return market_page_slugs(w);
}

static const struct field import_fields[] = {
	FIELD(struct import_form, list, FILE, .label = "Price list or catalogue", .accept = ".csv,.txt,text/csv",
	        .required = "Which file is it?",
	        .hint = "A table (CSV) as Shopify, WooCommerce, the Open Food Network or a spreadsheet writes it; at "
	                "most 32 MB"),
	FIELD(struct import_form, supplier, CHOICE, .label = "Supplier", .choose = form_suppliers, .plain = true,
	        .hint = "Whose list it is: then you also see what is missing in it"),
	FIELD(struct import_form, page, CHOICE, .label = "Market page", .choose = form_pages, .plain = true,
	        .hint = "Of what is new and names none"),
	{ 0 },
};
static const struct form_desc import_desc = { .fields = import_fields };

static enum status imports_show(struct form_fill *f, int status, void *arg, struct err *e)
{
	(void)arg;
	return table_show(f->w, &imports, status, f, STR(""), e);
}

enum status market_get_imports(struct web *w, struct err *e)
{
	struct import_form values = { .supplier = STR(""), .page = STR("") };
	struct form_fill f;
	form_show(&f, w, &import_desc, &values);
	return table_get(w, &imports, &f, e);
}

static enum status supplier_of(struct web *w, struct str slug, int64_t *id, struct err *e)
{
	struct market_suppliers_row *rows;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_suppliers(c, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i].slug, slug))
			*id = rows[i].id;
	return ST_OK;
}

/* The background goes on with it at once, where it runs in this process. */
static void wake_jobs(struct web *w)
{
	if (w->ctx->svc->platform->jobs)
		jobs_wake(w->ctx->svc->platform->jobs);
}

static enum status begin_import(struct form_fill *f, const struct import_form *v, const struct upload *u, int64_t *id,
                         struct err *e)
{
	struct web *w = f->w;
	struct str currency = config_str(w->ctx->svc->platform->config, "market", "currency");
	struct import_new new = { .name = str_utf8_first(u->filename, IMPORT_NAME_MAX),
		                  .page = v->page,
		                  .person = w->person ? w->person->id : 0,
		                  .job = true,
		                  .audit = { .action = "import.brought" } };
	SCOPED_BUF bytes; /* goes also when the request is unwound */
	buf_init(&bytes, CSV_BYTES_MAX + 1);
	if (!buf_reserve(&bytes, (size_t)u->size + 1))
		return err_set(e, ST_NOMEM, "no memory for a list");
	if (pread(u->fd, bytes.data, (size_t)u->size, 0) != (ssize_t)u->size)
		return err_set(e, ST_IO, "an upload can not be read again");
	bytes.len = (size_t)u->size;
	new.file = buf_str(&bytes);
	str_print(new.currency, sizeof new.currency, "%.*s", STR_ARG(currency));
	if (v->supplier.n)
		TRY(supplier_of(w, v->supplier, &new.supplier, e));
	audit_from(w, &new.audit);
	TRY(import_begin(w->ctx, w->ctx->svc->db, &new, e));
	*id = new.id;
	wake_jobs(w);
	return ST_OK;
}

enum status market_post_imports(struct web *w, struct err *e)
{
	struct import_form values = { .supplier = STR(""), .page = STR("") };
	struct form_fill f;
	int64_t id = 0;
	TRY(form_read(&f, w, &import_desc, &values, e));
	struct upload *u = web_upload(w, "list");
	if (u && u->size > CSV_BYTES_MAX) {
		form_fault(&f, "list", "A list has at most %d MB: send it in parts.", CSV_BYTES_MAX >> 20);
		return imports_show(&f, 413, NULL, e);
	}
	if (f.failed || !u)
		return form_refuse(&f, imports_show, NULL, e);
	TRY(begin_import(&f, &values, u, &id, e));
	return form_done(&f, market_admin_url(w->ctx, "imports", id, ""));
}

/* --- one of them: what its rows say ------------------------------------------------------------------------------- */

const struct choice import_places[] = { { "Title", "Name" },
	                                { "Variant Price", "Price" },
	                                { "Variant SKU", "Article number" },
	                                { "Variant Barcode", "GTIN" },
	                                { "Variant Inventory Qty", "Stock" },
	                                { "Variant Content", "Content" },
	                                { "Variant Unit", "Unit" },
	                                { "Vendor", "Supplier" },
	                                { "Categories", "Categories" },
	                                { "Tags", "Labels" },
	                                { "Summary", "In a sentence" },
	                                { "Body (HTML)", "Description" },
	                                { "Ingredients", "Ingredients" },
	                                { "Allergens", "Allergens" },
	                                { "May Contain", "May contain" },
	                                { "Origin", "Origin" },
	                                { "VAT", "Value added tax" },
	                                { "Variant Supplier Price", "Supplier's price" },
	                                { "Variant Deposit", "Deposit" },
	                                { "Variant Compare At Price", "Price before" },
	                                { "Variant Minimum", "At least" },
	                                { "Variant Step", "In steps of" },
	                                { "Variant Maximum", "At most" },
	                                { "Option1 Value", "Variant" },
	                                { 0 } };

static const char *label_of(const char *column)
{
	for (const struct choice *c = import_places; c->value; c++)
		if (!strcmp(c->value, column))
			return c->label;
	return column;
}

struct differ {
	struct import_page *v;
	struct import_diff *list;
	struct import_line *line;
};

static struct str shown(struct import_page *v, const struct market_column *c, const struct in_value *x)
{
	if (!x->there)
		return STR("");
	if (c->kind == COLUMN_MONEY)
		return market_money(v->w->ctx, x->n, v->currency);
	if (c->kind == COLUMN_FLAG)
		return x->n ? TR("Yes") : TR("No");
	if (c->kind == COLUMN_PERCENT)
		return market_percent(v->w->ctx->arena, x->n);
	if (c->kind == COLUMN_NUMBER || c->kind == COLUMN_COUNT)
		return arena_strf(v->w->ctx->arena, "%lld", (long long)x->n);
	return str_utf8_first(x->text, DIFF_TEXT_MAX);
}

static void add_diff(struct differ *d, const char *label, struct str before, struct str after)
{
	if (d->line->n == IMPORT_DIFFS) {
		d->line->more++;
		return;
	}
	d->list[d->line->n++] = (struct import_diff){ label, before, after };
}

/* was NULL: it is new. */
static void diff_values(struct differ *d, enum column_of of, const struct in_value *was, const struct in_value *now)
{
	for (size_t i = 0; market_columns[i].name; i++) {
		const struct market_column *c = &market_columns[i];
		if (c->of != of || !now[i].there || c->kind == COLUMN_POLICY || c->kind == COLUMN_QUANTITY ||
		    !strcmp(c->name, "Source")) /* a key, for machines */
			continue;
		struct str before = was ? shown(d->v, c, &was[i]) : STR(""), after = shown(d->v, c, &now[i]);
		if (!str_eq(before, after) && (was || (after.n && (c->kind != COLUMN_MONEY || now[i].n))))
			add_diff(d, label_of(c->name), before, after);
	}
}

static const struct in_variant *same_of(const struct in_product *was, const struct in_variant *v)
{
	const char *options[] = { "Option1 Value", "Option2 Value", "Option3 Value" };
	for (size_t i = 0; was && i < was->variant_count; i++) {
		const struct in_variant *o = &was->variants[i];
		bool same = !v->id;
		for (size_t k = 0; k < 3; k++)
			same &= !in_get(v->v, options[k])->there ||
			        str_eq(in_get(v->v, options[k])->text, in_get(o->v, options[k])->text);
		if (v->id ? o->id == v->id : same)
			return o;
	}
	return NULL;
}

static void diff_stock(struct differ *d, const struct in_variant *was, const struct in_variant *now)
{
	const struct in_value *said = in_get(now->v, "Variant Inventory Qty");
	struct arena *a = d->v->w->ctx->arena;
	if (!said->there || !said->text.n || (was && !was->imported_null && was->imported == said->n))
		return;
	add_diff(d, "Stock", was ? arena_strf(a, "%lld", (long long)was->on_hand) : STR(""), said->text);
}

static enum status diff_line(struct import_page *v, struct import_line *line, struct err *e)
{
	struct arena *a = v->w->ctx->arena;
	struct in_product *was = NULL, *now;
	const struct market_import_rows_row *r = line->row;
	struct differ d = { v, ARENA_ARRAY(a, struct import_diff, IMPORT_DIFFS), line };
	line->can = str_eqc(v->i->state, "staged") && !str_eqc(r->what, "same") && !str_eqc(r->what, "refused");
	line->diffs = d.list;
	if (!r->after.n)
		return ST_OK;
	if (r->before.n)
		TRY(product_of_json(a, r->before, &was, e));
	TRY(product_of_json(a, r->after, &now, e));
	for (size_t i = 0; i < now->variant_count; i++) {
		const struct in_variant *before = same_of(was, &now->variants[i]);
		diff_values(&d, OF_VARIANT, before ? before->v : NULL, now->variants[i].v);
		diff_stock(&d, before, &now->variants[i]);
	}
	diff_values(&d, OF_PRODUCT, was ? was->v : NULL, now->v);
	if (now->has_images && now->image_count != (was ? was->image_count : 0))
		add_diff(&d, "Pictures", arena_strf(a, "%zu", was ? was->image_count : 0),
		         arena_strf(a, "%zu", now->image_count));
	return ST_OK;
}

/* --- one of them: its page ---------------------------------------------------------------------------------------- */

static void fill_kinds(struct import_page *v, struct str chosen)
{
	const struct market_import_row *i = v->i;
	const struct import_kind kinds[] = { { "", "All", i->added + i->changed + i->missing + i->refused + i->same },
		                             { "new", "New", i->added },
		                             { "changed", "Changed", i->changed },
		                             { "missing", "Missing", i->missing },
		                             { "refused", "Refused", i->refused },
		                             { "same", "As they were", i->same } };
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		v->kinds[k] = kinds[k];
		v->kinds[k].chosen = str_eqc(chosen, kinds[k].name);
		v->kinds[k].url = arena_strf(
		        v->w->ctx->arena, "%.*s%s%s", STR_ARG(v->url), *kinds[k].name ? "?kind=" : "", kinds[k].name);
	}
}

static void read_lists(struct import_page *v)
{
	struct arena *a = v->w->ctx->arena;
	SCOPED_JSON *notes = json_parse(v->i->notes, 2, NULL), *headers = json_parse(v->i->headers, 3, NULL);
	size_t k;
	json_t *one;
	v->notes = ARENA_ARRAY(a, struct str, json_array_size(notes) + 1);
	json_array_foreach(notes, k, one)
		v->notes[v->note_count++] = arena_str(a, str_c(json_string_value(one)));
	v->columns = ARENA_ARRAY(a, struct import_column, json_array_size(headers) + 1);
	json_array_foreach(headers, k, one)
		v->columns[v->column_count++] = (struct import_column){
			arena_str(a, str_c(json_string_value(json_array_get(one, 0)))),
			arena_str(a, str_c(json_string_value(json_array_get(one, 1)))), STR("")
		};
}

/* What was said of the supplier's columns before; what is called like ours is ours. */
static enum status known_places(struct import_page *v, struct db_conn *c, struct err *e)
{
	struct market_import_headers_row *rows;
	size_t n;
	TRY(q_market_import_headers(c, v->i->supplier_id, &rows, &n, e));
	for (size_t i = 0; i < v->column_count; i++) {
		const struct market_column *ours = in_column_named(v->columns[i].header);
		if (ours)
			v->columns[i].place = str_c(ours->name);
		for (const struct choice *p = import_places; p->value && !ours; p++)
			if (str_ieqc(v->columns[i].header, p->label) || str_ieqc(v->columns[i].header, tr(p->label)))
				v->columns[i].place = str_c(p->value);
		for (size_t k = 0; k < n; k++)
			if (str_ieq(rows[k].header, v->columns[i].header))
				v->columns[i].place = rows[k].place;
	}
	return ST_OK;
}

static enum status load_rows(struct import_page *v, struct db_conn *c, struct err *e)
{
	struct market_import_rows_row *rows;
	struct str kind = web_query(v->w, "kind");
	int64_t after = 0;
	(void)web_query_int(v->w, "after", 0, INT64_MAX, &after);
	TRY(q_market_import_rows(c, v->i->id, kind.n ? kind : STR(""), after, IMPORT_PAGE + 1, &rows, &v->n, e));
	fill_kinds(v, kind.n ? kind : STR(""));
	if (v->n > IMPORT_PAGE) {
		v->n = IMPORT_PAGE;
		v->next = arena_strf(v->w->ctx->arena, "%.*s?%s%.*s%safter=%lld", STR_ARG(v->url),
		        kind.n ? "kind=" : "", STR_ARG(kind.n ? kind : STR("")), kind.n ? "&" : "",
		        (long long)rows[v->n - 1].n);
	}
	v->lines = ARENA_ARRAY(v->w->ctx->arena, struct import_line, v->n + 1);
	for (size_t i = 0; i < v->n; i++) {
		v->lines[i].row = &rows[i];
		TRY(diff_line(v, &v->lines[i], e));
	}
	return ST_OK;
}

static enum status load_pictures(struct import_page *v, struct db_conn *c, struct err *e)
{
	struct market_pictures_of_import_row *row;
	struct market_pictures_failed_row *missed;
	TRY(q_market_pictures_of_import(c, v->i->id, &row, e));
	TRY(q_market_pictures_failed(c, v->i->id, PICTURES_TOLD, &missed, &v->missed_count, e));
	v->pictures = row;
	v->missed = missed;
	v->fetching = row->here + row->failed < row->n;
	return ST_OK;
}

static enum status load_page(struct web *w, struct import_page *v, struct err *e)
{
	struct market_import_row *i;
	int64_t id = web_path_int(w, "id");
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_import(c, id, &i, e));
	if (!i)
		return err_set(e, ST_NOT_FOUND, "There is no such import.");
	*v = (struct import_page){ .w = w,
		                   .i = i,
		                   .shell = web_shell(w, arena_cstr(w->ctx->arena, i->name)),
		                   .url = market_admin_url(w->ctx, "imports", id, ""),
		                   .all = str_eqc(i->state, "reading") ? i->total : i->ticked,
		                   .so_far = str_eqc(i->state, "reading") ? i->place : i->done };
	if (str_eqc(i->state, "undoing")) {
		v->all = i->added + i->changed + i->missing + i->same;
		v->so_far = i->place;
	}
	str_print(v->currency, sizeof v->currency, "%.*s", STR_ARG(i->currency));
	v->when = html_time(w->ctx->arena, w->person ? w->person->zone : STR("UTC"), i->at);
	read_lists(v);
	TRY(load_pictures(v, c, e));
	TRY(known_places(v, c, e));
	return load_rows(v, c, e);
}

static enum status draw_import(struct import_page *v, int status, struct err *e)
{
	struct buf page, head;
	(void)e;
	buf_text(&head, v->w->ctx->arena);
	tpl_market_head(&head);
	v->shell.head_extra = html_from_template(&head);
	if (import_is_busy(v->i->state) || v->fetching)
		http_set_header(v->w->req, "refresh", v->fetching ? STR("5") : STR("2"));
	web_no_cache(v->w);
	buf_arena(&page, v->w->ctx->arena, 2 * WEB_PAGE_MAX);
	tpl_market_import(&page, v);
	return web_html(v->w, status, &page);
}

enum status market_get_import(struct web *w, struct err *e)
{
	struct import_page v;
	TRY(load_page(w, &v, e));
	return draw_import(&v, 200, e);
}

/* --- what a person decides ---------------------------------------------------------------------------------------- */

static bool in_words(struct web *w, const char *name, struct str n)
{
	for (unsigned i = 0; i < w->form_.count; i++)
		if (str_eqc(w->form_.list[i].name, name) && str_eq(w->form_.list[i].value, n))
			return true;
	return false;
}

static enum status keep_ticks(struct import_page *v, int all, struct err *e)
{
	struct web *w = v->w;
	struct import_ticks t = { .id = v->i->id, .all = all };
	int64_t *shown_rows = ARENA_ARRAY(w->ctx->arena, int64_t, w->form_.count + 1);
	bool *ticked = ARENA_ARRAY(w->ctx->arena, bool, w->form_.count + 1);
	for (unsigned i = 0; i < w->form_.count; i++)
		if (str_eqc(w->form_.list[i].name, "shown") && str_i64(w->form_.list[i].value, &shown_rows[t.n]))
			ticked[t.n++] = in_words(w, "row", w->form_.list[i].value);
	t.shown = shown_rows;
	t.ticked = ticked;
	return import_tick(w->ctx, w->ctx->svc->db, &t, e);
}

static enum status post_mapping(struct import_page *v, struct err *e)
{
	struct arena *a = v->w->ctx->arena;
	struct in_header *headers = ARENA_ARRAY(a, struct in_header, v->column_count + 1);
	bool title = false, price = false, done;
	for (size_t i = 0; i < v->column_count; i++) {
		struct str place = web_form(v->w, arena_printf(a, "column%zu", i));
		place = place.n && in_column_named(place) ? place : STR("");
		v->columns[i].place = place;
		headers[i] = (struct in_header){ v->columns[i].header, place };
		title |= str_eqc(place, "Title");
		price |= str_eqc(place, "Variant Price");
	}
	if (!title || !price) {
		v->problem = TR("Which column is the name, and which the price? Without them the list can't be read.");
		return draw_import(v, 422, e);
	}
	TRY(import_map(v->w->ctx, v->w->ctx->svc->db, v->i->id, v->i->supplier_id, headers, v->column_count, &done, e));
	wake_jobs(v->w);
	return web_redirect(v->w, 303, v->url);
}

static const struct {
	const char *name, *from, *to, *audited;
	bool job;
} turns[] = {
	{ "apply", "staged", "applying", "import.applied", true },
	{ "discard", "staged", "refused", "import.refused", false },
	{ "forget", "mapping", "refused", "import.refused", false },
	{ "undo", "applied", "undoing", "import.undone", true },
};

static enum status post_turn(struct import_page *v, struct str what, struct err *e)
{
	size_t i = 0;
	while (i < sizeof turns / sizeof *turns && !str_eqc(what, turns[i].name))
		i++;
	if (i == sizeof turns / sizeof *turns)
		return err_set(e, ST_INVALID, "There is nothing like that to do.");
	struct import_turn t = { .id = v->i->id, .from = turns[i].from, .to = turns[i].to, .job = turns[i].job };
	audit_from(v->w, &t.audit);
	t.audit.action = turns[i].audited;
	TRY(import_turn(v->w->ctx, v->w->ctx->svc->db, &t, e));
	if (t.job)
		wake_jobs(v->w);
	return web_redirect(v->w, 303, v->url);
}

static enum status tx_pictures(struct db_conn *c, void *arg, struct err *e)
{
	const int64_t *id = arg;
	TRY(q_market_pictures_again(c, *id, clock_now_us(), NULL, e));
	return pictures_job(c, e);
}

static enum status post_pictures(struct import_page *v, struct err *e)
{
	TRY(db_write(v->w->ctx, v->w->ctx->svc->db, tx_pictures, (int64_t[]){ v->i->id }, e));
	wake_jobs(v->w);
	return web_redirect(v->w, 303, v->url);
}

enum status market_post_import(struct web *w, struct err *e)
{
	struct import_page v;
	TRY(load_page(w, &v, e));
	TRY(web_form_load(w, e));
	struct str what = web_form(w, "do");
	bool staged = str_eqc(v.i->state, "staged");
	if (str_eqc(what, "map"))
		return post_mapping(&v, e);
	if (str_eqc(what, "pictures"))
		return post_pictures(&v, e);
	if (staged && !str_eqc(what, "discard"))
		TRY(keep_ticks(&v, str_eqc(what, "all") ? 1 : str_eqc(what, "none") ? -1 : 0, e));
	if (str_eqc(what, "tick") || str_eqc(what, "all") || str_eqc(what, "none")) {
		struct str next = web_form(w, "next");
		return web_redirect(w, 303, next.n && web_is_ours(w->ctx, next) ? next : v.url);
	}
	return post_turn(&v, what, e);
}
