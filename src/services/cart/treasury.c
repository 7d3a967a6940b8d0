/* SPDX-License-Identifier: Apache-2.0
 *
 * The treasurer's pages: value added tax by month, and whose account at the payment provider is paid.
 */
#include "base/clock.h"
#include "base/lang.h"
#include "gen/cart_tpl.h"
#include "platform/audit/audit.h"
#include "platform/core/web_url.h"
#include "platform/crypto/seal.h"
#include "platform/text/csv.h"
#include "platform/text/local.h"
#include "services/cart/pack.h"

enum {
	MERCHANT_MAX = 64,
	API_KEY_MAX = 200,
	MONTHS = 12,
	YEAR_FIRST = 2000,
	YEAR_LAST = 2200,
	CSV_TEXT_MAX = 64 << 10
};

/* --- months ------------------------------------------------------------------------------------------------------- */

static int64_t month_start(int year, int month)
{
	return clock_from_civil_utc(&(struct civil){ .year = year, .month = month, .day = 1 });
}

static struct str month_text(struct arena *a, int months)
{
	return arena_strf(a, "%04d-%02d", months / MONTHS, months % MONTHS + 1);
}

/* "2026-11" as months since the year 0; the current one when nothing is asked for. */
static enum status month_asked(struct web *w, int *months, struct err *e)
{
	struct civil now;
	struct str rest = web_query(w, "month"), year;
	int64_t y, m;
	clock_civil_utc(clock_now_us(), &now);
	*months = now.year * MONTHS + now.month - 1;
	if (!rest.n)
		return ST_OK;
	if (!str_cut(&rest, '-', &year) || !str_i64(year, &y) || !str_i64(rest, &m) || y < YEAR_FIRST ||
	        y > YEAR_LAST || m < 1 || m > MONTHS)
		return err_set(e, ST_INVALID, "%s", tr("A month looks like 2026-11."));
	*months = (int)(y * MONTHS + m - 1);
	return ST_OK;
}

enum status month_of(struct web *w, struct month *out, struct err *e)
{
	struct arena *a = w->ctx->arena;
	int months;
	TRY(month_asked(w, &months, e));
	*out = (struct month){ .from = month_start(months / MONTHS, months % MONTHS + 1),
		.upto = month_start((months + 1) / MONTHS, (months + 1) % MONTHS + 1),
		.text = month_text(a, months),
		.words = local_year_month(a, months / MONTHS, months % MONTHS + 1),
		.before = month_text(a, months - 1),
		.after = month_text(a, months + 1) };
	return ST_OK;
}

/* --- value added tax ---------------------------------------------------------------------------------------------- */

static struct vat_row *rate_row(struct vat_view *v, int64_t rate, struct str currency)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->rows[i].rate == rate && str_eq(v->rows[i].currency, currency))
			return &v->rows[i];
	if (v->count == VAT_RATES_MAX)
		return NULL;
	v->rows[v->count] = (struct vat_row){ .rate = rate, .currency = currency };
	return &v->rows[v->count++];
}

static enum status add_document(struct vat_view *v, const struct cart_invoices_between_row *r, struct err *e)
{
	const struct invoice_doc *d = invoice_document(v->w->ctx->arena, r->document);
	int sign = str_eqc(r->kind, "invoice") ? 1 : -1;
	for (size_t i = 0; i < d->count; i++) {
		struct vat_row *row = rate_row(v, d->lines[i].basis_points, r->currency);
		if (!row)
			return err_set(e, ST_TOO_LARGE, "more than %d rates of tax in one month", VAT_RATES_MAX);
		row->gross += sign * d->lines[i].total;
		row->vat += sign * d->lines[i].vat;
	}
	v->documents++;
	return ST_OK;
}

static enum status vat_load(struct web *w, struct vat_view *v, struct err *e)
{
	struct cart_invoices_between_row *rows;
	size_t n;
	v->w = w;
	TRY(month_of(w, &v->month, e));
	SCOPED_DB_READ c = NULL;
	TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
	TRY(q_cart_invoices_between(c, v->month.from, v->month.upto, &rows, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(add_document(v, &rows[i], e));
	return ST_OK;
}

enum status cart_get_vat(struct web *w, struct err *e)
{
	struct buf page;
	struct vat_view *v = ARENA_NEW(w->ctx->arena, struct vat_view);
	struct page_shell shell = web_shell(w, "VAT");
	TRY(vat_load(w, v, e));
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_vat(&page, &shell, w, v);
	return web_html(w, 200, &page);
}

static void put_amount_cell(struct buf *b, int64_t minor, struct str currency)
{
	char text[MONEY_TEXT_MAX];
	struct money m = money_of(minor, currency);
	buf_put(b, text, money_text(&m, text));
}

enum status cart_get_vat_csv(struct web *w, struct err *e)
{
	struct buf b;
	struct vat_view *v = ARENA_NEW(w->ctx->arena, struct vat_view);
	TRY(vat_load(w, v, e));
	buf_arena(&b, w->ctx->arena, CSV_TEXT_MAX);
	buf_puts(&b, tr("Month,Rate,Net,VAT,Gross,Currency"));
	BUF_LIT(&b, "\r\n");
	for (size_t i = 0; i < v->count; i++) {
		const struct vat_row *r = &v->rows[i];
		buf_printf(&b, "%.*s,%.*s,", STR_ARG(v->month.text), STR_ARG(vat_rate_text(w->ctx->arena, r->rate)));
		put_amount_cell(&b, r->gross - r->vat, r->currency);
		buf_putc(&b, ',');
		put_amount_cell(&b, r->vat, r->currency);
		buf_putc(&b, ',');
		put_amount_cell(&b, r->gross, r->currency);
		buf_printf(&b, ",%.*s\r\n", STR_ARG(r->currency));
	}
	web_no_cache(w);
	web_header(w, "content-disposition",
	        arena_strf(w->ctx->arena, "attachment; filename=\"vat-%.*s.csv\"", STR_ARG(v->month.text)));
	return web_text(w, 200, "text/csv; charset=utf-8", buf_str(&b));
}

/* --- payment accounts --------------------------------------------------------------------------------------------- */

struct account_form { struct str name, merchant, key; };

static const struct field fields[] = {
	FIELD(struct account_form, name, TEXT, .label = "Account", .required = "Which account?", .max = CART_ITEM_MAX,
	        .hint = "As orders name it: market/ and the page, for example market/bakery"),
	FIELD(struct account_form, merchant, TEXT, .label = "Merchant code", .max = MERCHANT_MAX,
	        .hint = "Empty: the account of the settings again"),
	FIELD(struct account_form, key, PASSWORD, .label = "Secret API key", .max = API_KEY_MAX,
	        .hint = "Begins with sup_sk_. It is kept sealed and never shown again."),
	{ 0 },
};

static void check_account(struct web *w, struct form_fill *f)
{
	const struct account_form *in = f->values;
	(void)w;
	if (in->merchant.n && !in->key.n)
		form_fault(f, "key", "%s", tr("The key that belongs to the merchant code, please."));
	if (str_starts(in->key, STR("sup_pk_")))
		form_fault(f, "key", "%s", tr("That is the public key. The secret one begins with sup_sk_."));
}

static const struct form_desc account_form = { .fields = fields, .check = check_account };

static enum status accounts_page(struct form_fill *f, int status, void *arg, struct err *e)
{
	struct buf page;
	struct web *w = f->w;
	struct cart_accounts_row *rows;
	size_t n;
	struct page_shell shell = web_shell(w, "Payment accounts");
	(void)arg;
	{
		SCOPED_DB_READ c = NULL;
		TRY(db_read(w->ctx, w->ctx->svc->db, &c, e));
		TRY(q_cart_accounts(c, &rows, &n, e));
	}
	web_no_cache(w);
	buf_arena(&page, w->ctx->arena, WEB_PAGE_MAX);
	tpl_cart_accounts(&page, &shell, w, rows, n, f);
	return web_html(w, status, &page);
}

enum status cart_get_accounts(struct web *w, struct err *e)
{
	struct account_form values = { .name = STR(""), .merchant = STR(""), .key = STR("") };
	struct form_fill f;
	form_show(&f, w, &account_form, &values);
	return accounts_page(&f, 200, NULL, e);
}

struct account_saving { const struct account_form *in; struct str sealed; struct audit_entry audit; };

static enum status tx_account(struct db_conn *c, void *arg, struct err *e)
{
	const struct account_saving *x = arg;
	if (x->in->merchant.n)
		TRY(q_cart_account_put(c, x->in->name, x->in->merchant, x->sealed, clock_now_us(), NULL, e));
	else
		TRY(q_cart_account_drop(c, x->in->name, NULL, e));
	return audit_write(c, &x->audit, e);
}

enum status cart_post_accounts(struct web *w, struct err *e)
{
	struct account_form in = { .name = STR("") };
	struct form_fill f;
	struct account_saving x = { .in = &in };
	TRY(form_read(&f, w, &account_form, &in, e));
	if (f.failed)
		return form_refuse(&f, accounts_page, NULL, e);
	x.sealed = auth_seal(w->ctx, "cart.account", in.key);
	audit_from(w, &x.audit);
	x.audit.action = in.merchant.n ? "account.saved" : "account.dropped";
	x.audit.object = in.name;
	TRY(db_write(w->ctx, w->ctx->svc->db, tx_account, &x, e));
	return form_done(&f, web_url(w->ctx, "cart", "/admin/accounts"));
}
