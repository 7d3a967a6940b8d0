/* SPDX-License-Identifier: Apache-2.0
 *
 * What suppliers are owed for a month, as the journal has it, and that it was paid.
 */
#include "base/clock.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/text/csv.h"
#include "services/cart/pack.h"

enum { STATEMENT_LINES_MAX = 20000, STATEMENTS_MAX = 2000, STATEMENTS_CSV_MAX = 4 << 20 };

static struct statement *statement_for(struct statements_view *v, int64_t supplier, struct str currency)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->list[i].supplier == supplier && str_eq(v->list[i].currency, currency))
			return &v->list[i];
	if (v->count == STATEMENTS_MAX)
		return NULL;
	v->list[v->count] = (struct statement){ .supplier = supplier, .currency = currency, .name = STR("") };
	return &v->list[v->count++];
}

/* Lines of one supplier stand together. */
static void take_lines(struct statements_view *v, const struct cart_statement_lines_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct statement *s = statement_for(v, rows[i].supplier, rows[i].currency);
		if (!s)
			return;
		if (!s->count)
			s->lines = &rows[i];
		s->name = rows[i].supplier_name;
		s->count = (size_t)(&rows[i] - s->lines) + 1;
	}
}

static enum status statements_load(struct web *w, struct statements_view *v, struct err *e)
{
	struct cart_statement_owed_row *owed;
	struct cart_statement_paid_row *paid;
	struct cart_statement_lines_row *lines;
	struct arena *a = w->ctx->arena;
	size_t n, paid_n, line_n;
	*v = (struct statements_view){ .w = w, .done = web_query(w, "done").n > 0 };
	TRY(month_of(w, &v->month, e));
	v->list = ARENA_ARRAY(a, struct statement, STATEMENTS_MAX);
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_statement_owed(c, v->month.from, v->month.upto, &owed, &n, e));
		TRY(q_cart_statement_paid(c, arena_strf(a, "%%/%.*s/%%", STR_ARG(v->month.text)), &paid, &paid_n, e));
		TRY(q_cart_statement_lines(c, v->month.from, v->month.upto, STATEMENT_LINES_MAX, &lines, &line_n, e));
	}
	take_lines(v, lines, line_n);
	for (size_t i = 0; i < n; i++) {
		struct statement *s = statement_for(v, owed[i].supplier, owed[i].currency);
		if (s)
			s->owed = owed[i].owed;
	}
	for (size_t i = 0; i < paid_n; i++) {
		struct statement *s = statement_for(v, paid[i].supplier, paid[i].currency);
		if (s)
			s->paid = paid[i].paid, s->paid_at = paid[i].at;
	}
	for (size_t i = 0; i < v->count; i++)
		if (!v->list[i].name.n) /* nothing of theirs was sold in that month, but something came back */
			v->list[i].name = arena_strf(a, tr("Supplier %lld"), (long long)v->list[i].supplier);
	return ST_OK;
}

enum status cart_get_statements(struct web *w, struct err *e)
{
	struct buf page;
	struct statements_view v;
	struct page_shell shell = web_shell(w, "Statements");
	TRY(statements_load(w, &v, e));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_statements(&page, &shell, w, &v);
	return web_html(w, 200, &page);
}

static void put_line(struct buf *b, const struct statements_view *v, const struct cart_statement_lines_row *l)
{
	char text[MONEY_TEXT_MAX];
	struct money gross = money_of(l->gross, l->currency);
	const struct str cells[] = { v->month.text, l->supplier_name, l->name, l->variant };
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		csv_put(b, cells[i]);
		buf_putc(b, ',');
	}
	buf_printf(b, "%lld,%lld,%.*s,%.*s\r\n", (long long)l->quantity, (long long)l->returned,
	        (int)money_text(&gross, text), text, STR_ARG(l->currency));
}

enum status cart_get_statements_csv(struct web *w, struct err *e)
{
	struct buf b;
	struct statements_view v;
	TRY(statements_load(w, &v, e));
	buf_arena(&b, w->ctx->arena, STATEMENTS_CSV_MAX);
	buf_puts(&b, tr("Month,Supplier,Product,Variant,Sold,Given back,Gross,Currency"));
	BUF_LIT(&b, "\r\n");
	for (size_t i = 0; i < v.count; i++)
		for (size_t k = 0; k < v.list[i].count; k++)
			put_line(&b, &v, &v.list[i].lines[k]);
	web_no_cache(w);
	web_header(w, "content-disposition",
	        arena_strf(w->ctx->arena, "attachment; filename=\"statements-%.*s.csv\"", STR_ARG(v.month.text)));
	return web_text(w, 200, "text/csv; charset=utf-8", buf_str(&b));
}

/* --- that it was paid --------------------------------------------------------------------------------------------- */

struct statement_paying { struct statement s; struct str month; struct audit_entry audit; };

/* What is paid may be more than once: of a month to which something came later, the rest. */
static enum status tx_statement_paid(struct db_conn *c, void *arg, struct err *e)
{
	const struct statement_paying *p = arg;
	struct arena *a = db_arena(c);
	int64_t rest = p->s.owed - p->s.paid;
	struct str account = arena_strf(a, "supplier:%lld", (long long)p->s.supplier);
	struct str ref = arena_strf(a, "%lld/%.*s/%.*s %lld", (long long)p->s.supplier, STR_ARG(p->month),
	        STR_ARG(p->s.currency), (long long)p->s.paid);
	const struct posting list[] = { { account.p, rest }, { "bank", -rest } };
	TRY(journal_write(c, "statement", ref, 0, p->s.currency, list, 2, e));
	return audit_write(c, &p->audit, e);
}

enum status cart_post_statements(struct web *w, struct err *e)
{
	struct statements_view v;
	struct statement_paying p = { .month = STR("") };
	int64_t supplier, said;
	TRY(web_form_load(w, e));
	TRY(statements_load(w, &v, e));
	if (!str_i64(web_form(w, "supplier"), &supplier) || !str_i64(web_form(w, "rest"), &said))
		return err_set(e, ST_UNPROCESSABLE, "%s", tr("Whose statement is paid is not said."));
	for (size_t i = 0; i < v.count; i++)
		if (v.list[i].supplier == supplier && str_eq(v.list[i].currency, web_form(w, "currency")))
			p.s = v.list[i];
	if (!p.s.supplier || p.s.owed - p.s.paid != said || said <= 0)
		return err_set(e, ST_CONFLICT, "%s",
		        tr("This statement is another one now. Please look at it once more before you pay it."));
	p.month = v.month.text;
	audit_from(w, &p.audit);
	p.audit.action = "statement.paid";
	p.audit.object = arena_strf(w->ctx->arena, "%lld %.*s", (long long)supplier, STR_ARG(p.month));
	enum status s = db_write(w->ctx, w->ctx->svc->db, tx_statement_paid, &p, e);
	if (s != ST_OK && s != ST_CONFLICT) /* somebody else said so at the same time: it is paid */
		return s;
	return web_redirect(w, 303,
	        web_url(w->ctx, "cart", "/admin/statements?month=%.*s&done=paid", STR_ARG(p.month)));
}
