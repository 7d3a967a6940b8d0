/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal, invoices and credit notes. Every entry adds up to nothing; an invoice's number is taken in the
 * transaction that issues it, so that there are no gaps.
 */
#include "base/clock.h"
#include "base/id.h"
#include "platform/config/config.h"
#include "platform/text/json.h"
#include "services/cart/pay.h"
#include "services/cart/totals.h"

enum { ACCOUNTS_MAX = 3 * CART_LINES_MAX + 4, DOCUMENT_MAX = 256 << 10 };

enum status journal_write(struct db_conn *c, const char *what, struct str ref, int64_t order, struct str currency,
        const struct posting *list, size_t n, struct err *e)
{
	int64_t id = id_new(), sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += list[i].amount;
	if (sum)
		return err_set(e, ST_INTERNAL, "an entry of the journal does not add up: %s %.*s", what, STR_ARG(ref));
	TRY(q_cart_entry_add(c, id, clock_now_us(), str_c(what), ref, order ? &order : NULL, NULL, e));
	for (size_t i = 0; i < n; i++)
		if (list[i].amount)
			TRY(q_cart_posting_add(c, id, str_c(list[i].account), list[i].amount, currency, NULL, e));
	return ST_OK;
}

/* --- what a sale is made of --------------------------------------------------------------------------------------- */

struct books { struct arena *a; struct posting list[ACCOUNTS_MAX]; size_t n; };

static void book_add(struct books *b, const char *account, int64_t amount)
{
	for (size_t i = 0; i < b->n; i++)
		if (!strcmp(b->list[i].account, account)) {
			b->list[i].amount += amount;
			return;
		}
	if (b->n < ACCOUNTS_MAX)
		b->list[b->n++] = (struct posting){ account, amount };
}

static const char *income_account(const cart_order_line *l)
{
	static const char *const other[] = { "donation", "share", "dues" };
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (str_eqc(l->kind, other[i]))
			return i == 0 ? "donations" : i == 1 ? "shares" : "dues";
	return "sales";
}

/* sign: 1 sold, -1 given back. */
static void book_line(struct books *b, const cart_order_line *l, const struct refund_line *r, int64_t vat, int sign)
{
	int64_t owed = l->supplier_price * l->quantity;
	if (sign < 0)
		owed = r->quantity ? refund_part(l, owed, l->less_owed, r->quantity) : r->owed;
	owed = !l->supplier_id ? 0 : owed > r->amount - vat ? r->amount - vat : owed;
	book_add(b, "order", sign * r->amount);
	if (vat)
		book_add(b, arena_printf(b->a, "vat:%lld", (long long)l->vat_rate), -sign * vat);
	if (owed)
		book_add(b, arena_printf(b->a, "supplier:%lld", (long long)l->supplier_id), -sign * owed);
	book_add(b, income_account(l), -sign * (r->amount - vat - owed));
}

/* --- documents ---------------------------------------------------------------------------------------------------- */

static void put_document_line(
        struct buf *b, const cart_order_line *l, const struct refund_line *r, int64_t vat, bool first)
{
	buf_printf(b, "%s{\"line\":%lld,\"quantity\":%lld,\"price\":%lld,\"total\":%lld,\"vat_rate\":%lld,\"vat\":%lld",
	        first ? "" : ",", (long long)l->line, (long long)r->quantity, (long long)l->price, (long long)r->amount,
	        (long long)l->vat_rate, (long long)vat);
	json_put_member(b, "name", l->name);
	json_put_member(b, "variant", l->variant);
	json_put_member(b, "supplier", l->supplier_name);
	buf_putc(b, '}');
}

struct issuing { const char *kind; int64_t refund; const struct refund_line *back; size_t count; int sign; };

static const cart_order_line *line_of(const cart_order_line *lines, size_t n, int64_t line)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i].line == line)
			return &lines[i];
	return NULL;
}

static enum status issue(struct db_conn *c, const cart_order *o, const struct issuing *x, struct str document,
        int64_t total, int64_t vat, struct err *e)
{
	struct cart_series_next_row *next;
	struct civil today;
	int64_t now = clock_now_us();
	clock_civil_utc(now, &today);
	struct str series = arena_strf(db_arena(c), "%s%d", x->sign > 0 ? "" : "C", today.year);
	TRY(q_cart_series_next(c, series, &next, e));
	return q_cart_invoice_add(c, id_new(), series, next->last, str_c(x->kind), o->id, x->refund ? &x->refund : NULL,
	        total, vat, o->currency, document, now, NULL, e);
}

static enum status book_and_issue(struct db_conn *c, const cart_order *o, const cart_order_line *lines, size_t n,
        const struct issuing *x, struct err *e)
{
	struct buf doc;
	int64_t total = 0, vat_sum = 0;
	struct arena *a = db_arena(c);
	struct books *b = ARENA_NEW(a, struct books);
	b->a = a;
	buf_arena(&doc, a, DOCUMENT_MAX);
	BUF_LIT(&doc, "{\"lines\":[");
	for (size_t i = 0; i < x->count; i++) {
		const cart_order_line *l = line_of(lines, n, x->back[i].line);
		if (!l)
			continue;
		int64_t vat = l->vat;
		if (x->sign < 0)
			vat = x->back[i].quantity ? refund_part(l, vat, l->less_vat, x->back[i].quantity)
			                          : x->back[i].vat;
		book_line(b, l, &x->back[i], vat, x->sign);
		put_document_line(&doc, l, &x->back[i], vat, total == 0);
		total += x->back[i].amount;
		vat_sum += vat;
	}
	BUF_LIT(&doc, "]");
	json_put_member(&doc, "name", o->name);
	json_put_member(&doc, "order", o->number);
	json_put_member(&doc, "account", o->account_name);
	BUF_LIT(&doc, "}");
	if (!buf_ok(&doc))
		return err_set(e, ST_TOO_LARGE, "the document is too large");
	struct str ref = x->refund ? id_str(a, x->refund) : o->number;
	TRY(journal_write(c, x->sign > 0 ? "sale" : "credit", ref, o->id, o->currency, b->list, b->n, e));
	return issue(c, o, x, buf_str(&doc), total, vat_sum, e);
}

enum status journal_sale(struct db_conn *c, const cart_order *o, const cart_order_line *lines, size_t n, struct err *e)
{
	struct refund_line *all = ARENA_ARRAY(db_arena(c), struct refund_line, n + 1);
	for (size_t i = 0; i < n; i++)
		all[i] = (struct refund_line){ .line = lines[i].line, .quantity = lines[i].quantity,
			.amount = lines[i].total };
	return book_and_issue(c, o, lines, n, &(struct issuing){ "invoice", 0, all, n, 1 }, e);
}

enum status journal_credit(struct db_conn *c, const cart_order *o, const cart_order_line *lines, size_t n,
        const struct refund_line *back, size_t count, int64_t refund, struct err *e)
{
	int64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += back[i].amount;
	return sum ? book_and_issue(c, o, lines, n, &(struct issuing){ "credit", refund, back, count, -1 }, e) : ST_OK;
}

struct str vat_rate_text(struct arena *a, int64_t rate)
{
	return rate % 100 == 0   ? arena_strf(a, "%lld", (long long)rate / 100)
	       : rate % 10 == 0 ? arena_strf(a, "%lld.%lld", (long long)rate / 100, (long long)rate % 100 / 10)
	                        : arena_strf(a, "%lld.%02lld", (long long)rate / 100, (long long)rate % 100);
}

const struct invoice_doc *invoice_document(struct arena *a, struct str json)
{
	struct invoice_doc *d = ARENA_NEW(a, struct invoice_doc);
	SCOPED_JSON *j = json_parse(json, JSON_DEPTH, NULL);
	const json_t *list = json_object_get(j, "lines");
	size_t i;
	json_t *l;
	d->lines = ARENA_ARRAY(a, struct invoice_line, json_array_size(list) + 1);
	json_array_foreach(list, i, l)
	        d->lines[d->count++] = (struct invoice_line){ json_integer_value(json_object_get(l, "quantity")),
		json_integer_value(json_object_get(l, "total")), arena_str(a, str_or_empty(json_str(l, "name"))),
		arena_str(a, str_or_empty(json_str(l, "variant"))),
		vat_rate_text(a, json_integer_value(json_object_get(l, "vat_rate"))),
		json_integer_value(json_object_get(l, "vat_rate")), json_integer_value(json_object_get(l, "vat")) };
	return d;
}
