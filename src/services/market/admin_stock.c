/* SPDX-License-Identifier: Apache-2.0
 *
 * Stock and prices cell by cell: all of them for keepers, their own for suppliers. Each cell is a form and a
 * transaction of its own, so that one that is refused loses nothing of its neighbours.
 */
#include "base/id.h"
#include "base/lang.h"
#include "gen/market_tpl.h"
#include "platform/cache/cache.h"
#include "platform/search/search.h"
#include "platform/tables/tables.h"
#include "services/market/admin.h"

static const struct {
	const char *name;
	enum cell_change what;
} changes[] = {
	{ "count", CHANGE_COUNT }, { "out", CHANGE_OUT }, { "always", CHANGE_ALWAYS }, { "price", CHANGE_PRICE }
};
enum { CHANGES = sizeof changes / sizeof *changes };

/* A cell that was refused, to be shown as it was typed. */
struct refused {
	int64_t variant;
	enum cell_change what;
	struct str typed, problem;
};

/* --- the list ----------------------------------------------------------------------------------------------------- */

static struct str asked(struct web *w, const char *name)
{
	return str_utf8_first(str_or_empty(str_trim(str_or_empty(web_query(w, name)))), TABLE_SEARCH_MAX);
}

/* The list's address with what narrows it down; more: behind it, or "". */
static struct str grid_address(const struct grid_page *g, const char *more)
{
	const struct {
		const char *name;
		struct str value;
	} parts[] = { { "q", g->q }, { "supplier", g->supplier }, { "state", g->state } };
	struct buf b;
	char mark = '?';
	buf_text(&b, g->w->ctx->arena);
	buf_putstr(&b, g->base);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (!parts[i].value.n)
			continue;
		buf_printf(&b, "%c%s=", mark, parts[i].name);
		url_encode(&b, parts[i].value);
		mark = '&';
	}
	if (*more)
		buf_printf(&b, "%c%s", mark, more);
	return buf_str(&b);
}

static struct str part_of(struct web *w, const char *name, struct str at, int64_t id)
{
	struct buf b;
	char text[ID_TEXT_LEN + 1];
	id_text(id, text);
	buf_text(&b, w->ctx->arena);
	buf_printf(&b, "%s=%s&at=", name, text);
	url_encode(&b, at);
	return buf_str(&b);
}

static struct db_page page_of(struct web *w)
{
	struct db_page page = { .lim = GRID_PAGE + 1, .at_text = str_or_empty(web_query(w, "at")) };
	page.next = id_parse(str_or_empty(web_query(w, "after")), &page.key);
	return page;
}

static void begin(struct grid_page *g, struct web *w, bool keeper)
{
	const struct db_page page = page_of(w);
	*g = (struct grid_page){ .w = w, .keeper = keeper, .next = STR("") };
	g->base = web_url(w->ctx, "market", "%s", keeper ? "/admin/stock" : "/mine");
	g->q = asked(w, "q");
	g->supplier = keeper ? asked(w, "supplier") : STR("");
	g->state = asked(w, "state");
	g->shell = web_shell(w, keeper ? "Stock and prices" : "My products");
	g->here = grid_address(g,
	                       page.next ? arena_cstr(w->ctx->arena, part_of(w, "after", page.at_text, page.key)) : "");
	g->suppliers = keeper ? market_supplier_slugs(w) : NULL;
}

static void fill_row(struct grid_page *g, struct grid_row *x, const struct market_grid_row *r, const struct refused *no)
{
	struct arena *a = g->w->ctx->arena;
	char currency[4];
	int64_t done = 0;
	str_print(currency, sizeof currency, "%.*s", STR_ARG(r->currency));
	*x = (struct grid_row){ .row = r,
		                .id = id_str(a, r->id),
		                .name = sale_options(a, r->value1, r->value2, r->value3),
		                .price = market_decimal(g->w->ctx, r->price, currency),
		                .count = str_eqc(r->kind, "counted") ? arena_strf(a, "%lld", (long long)r->on_hand)
		                                                     : STR(""),
		                .problem = STR(""),
		                .typed = STR("") };
	x->done = !no && id_parse(str_or_empty(web_query(g->w, "done")), &done) && done == r->id;
	if (!no || no->variant != r->id)
		return;
	x->problem = no->problem;
	x->typed = no->typed;
	x->wrong = no->what;
}

static enum status load_grid(struct grid_page *g, const struct refused *no, struct err *e)
{
	struct web *w = g->w;
	struct market_grid_row *rows;
	struct str like = search_like(w->ctx->arena, g->q);
	const struct db_page page = page_of(w);
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_market_grid(c, g->q, like, g->supplier, g->keeper ? 0 : w->person->id, g->state, &page, &rows, &n, e));
	g->n = n > GRID_PAGE ? GRID_PAGE : n;
	if (n > GRID_PAGE)
		g->next = grid_address(
		        g, arena_cstr(w->ctx->arena, part_of(w, "after", rows[g->n - 1].title, rows[g->n - 1].id)));
	g->rows = ARENA_ARRAY(w->ctx->arena, struct grid_row, g->n + 1);
	for (size_t i = 0; i < g->n; i++)
		fill_row(g, &g->rows[i], &rows[i], no);
	return ST_OK;
}

static enum status draw_grid(struct grid_page *g, int status, const struct refused *no, struct err *e)
{
	struct buf page, head;
	TRY(load_grid(g, no, e));
	buf_text(&head, g->w->ctx->arena);
	tpl_market_head(&head);
	g->shell.head_extra = html_from_template(&head);
	web_no_cache(g->w);
	buf_arena(&page, g->w->ctx->arena, WEB_PAGE_MAX);
	tpl_market_grid(&page, g);
	return web_html(g->w, status, &page);
}

/* --- one cell ----------------------------------------------------------------------------------------------------- */

/* The currency of a variant that this person may change; ST_NOT_FOUND: there is none. */
static enum status cell_of(struct grid_page *g, int64_t variant, struct market_cell_row **cell, struct err *e)
{
	SCOPED_DB_READ c = NULL;
	TRY(db_read(g->w->ctx, g->w->ctx->svc->db, &c, e));
	TRY(q_market_cell(c, variant, g->keeper ? 0 : g->w->person->id, cell, e));
	return *cell ? ST_OK : err_set(e, ST_NOT_FOUND, "There is no such product.");
}

/* What was typed, as numbers; what is wrong with it, or NULL. */
static const char *read_cell(struct web *w, const struct market_cell_row *cell, struct cell_save *s, struct str typed)
{
	char currency[4];
	struct str seen = str_or_empty(web_form(w, "seen"));
	str_print(currency, sizeof currency, "%.*s", STR_ARG(cell->currency));
	s->seen = -1;
	if (s->what == CHANGE_PRICE) {
		if (seen.n && !money_parse(seen, currency, &s->seen))
			s->seen = -1;
		bool good = money_parse(typed, currency, &s->n) && s->n >= 0 && s->n <= PRICE_MAX;
		return good ? NULL : tr("An amount like 12.50, please.");
	}
	if (s->what != CHANGE_COUNT)
		return NULL;
	if (seen.n && !str_i64(seen, &s->seen))
		s->seen = -1;
	return str_i64(typed, &s->n) && s->n >= 0 && s->n <= IMPORT_COUNT_MAX ? NULL : tr("A whole number, please.");
}

static struct str outcome_text(struct ctx *ctx, const struct cell_save *s)
{
	if (s->outcome == SAVE_HELD)
		return arena_strf(ctx->arena,
		                  tr("%lld of it are in checkouts at this moment: at least so many are there."),
		                  (long long)s->held);
	if (s->what == CHANGE_COUNT)
		return arena_strf(ctx->arena, tr("Meanwhile there are %lld. Nothing was saved: please look again."),
		                  (long long)s->is);
	return TR("Meanwhile somebody changed this price. Nothing was saved: please look again.");
}

static enum status post(struct web *w, bool keeper, struct err *e)
{
	struct grid_page g;
	struct market_cell_row *cell;
	struct cell_save s = { .by = w->person->id, .person = keeper ? 0 : w->person->id };
	size_t i = 0;
	TRY(web_form_load(w, e));
	begin(&g, w, keeper);
	while (i < CHANGES && !str_eqc(str_or_empty(web_form(w, "do")), changes[i].name))
		i++;
	if (i == CHANGES)
		return err_set(e, ST_INVALID, "%s", tr("What to do is not said."));
	if (!id_parse(str_or_empty(web_form(w, "variant")), &s.variant))
		return err_set(e, ST_NOT_FOUND, "There is no such product.");
	TRY(cell_of(&g, s.variant, &cell, e));
	s.what = changes[i].what;
	struct refused no = { s.variant, s.what, str_trim(str_or_empty(web_form(w, "value"))), STR("") };
	no.problem = str_c(read_cell(w, cell, &s, no.typed));
	if (no.problem.n)
		return draw_grid(&g, 422, &no, e);
	audit_from(w, &s.audit);
	TRY(save_cell(w->ctx, &s, e));
	if (s.outcome == SAVE_GONE)
		return err_set(e, ST_NOT_FOUND, "There is no such product.");
	no.problem = s.outcome == SAVE_DONE ? STR("") : outcome_text(w->ctx, &s);
	if (no.problem.n)
		return draw_grid(&g, 409, &no, e);
	cache_drop_tag(w->ctx->svc->platform->cache, STR("market"));
	struct str id = id_str(w->ctx->arena, s.variant);
	return web_redirect(w, 303,
	                    arena_strf(w->ctx->arena, "%.*s%cdone=%.*s#v-%.*s", STR_ARG(g.here),
	                               str_chr(g.here, '?') < 0 ? '?' : '&', STR_ARG(id), STR_ARG(id)));
}

enum status market_get_stock(struct web *w, struct err *e)
{
	struct grid_page g;
	begin(&g, w, true);
	return draw_grid(&g, 200, NULL, e);
}

enum status market_post_stock(struct web *w, struct err *e)
{
	return post(w, true, e);
}

enum status market_get_mine(struct web *w, struct err *e)
{
	struct grid_page g;
	begin(&g, w, false);
	return draw_grid(&g, 200, NULL, e);
}

enum status market_post_mine(struct web *w, struct err *e)
{
	return post(w, false, e);
}
