/* SPDX-License-Identifier: Apache-2.0
 *
 * A list as CSV (RFC 4180), as it is narrowed down and sorted.
 */
#include <string.h>

#include "base/clock.h"
#include "platform/audit/audit.h"
#include "platform/tables/tables_int.h"

/* A cell that a spreadsheet would take for a formula begins with an apostrophe. */
static void put_text(struct buf *b, struct str s)
{
	buf_putc(b, '"');
	if (s.n && strchr("=+-@\t\r", s.p[0]))
		buf_putc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, s.p[i]);
	}
	buf_putc(b, '"');
}

struct csv_writing { struct web *w; const struct table_desc *d; struct buf *out; };

static void put_cell(struct csv_writing *x, const struct column *c, const void *row)
{
	const void *m = table_member(c, row);
	char text[CLOCK_TEXT_MAX] = "";
	if (c->text)
		put_text(x->out, c->text(x->w, row));
	else if (c->kind < CELL_NUMBER)
		put_text(x->out, *(const struct str *)m);
	else if (c->kind == CELL_NUMBER)
		buf_printf(x->out, "%lld", (long long)*(const int64_t *)m);
	else if (*(const int64_t *)m)
		clock_rfc3339(*(const int64_t *)m, text);
	buf_puts(x->out, text);
}

static enum status put_row(void *arg, const void *row)
{
	struct csv_writing *x = arg;
	for (const struct column *c = x->d->columns; c->kind; c++) {
		put_cell(x, c, row);
		buf_puts(x->out, c[1].kind ? "," : "\r\n");
	}
	return buf_ok(x->out) ? ST_OK : ST_TOO_LARGE;
}

/* All of them or a failure: a list that is cut would be taken for the whole. */
static enum status write_all(struct csv_writing *x, struct err *e)
{
	struct table_ask ask;
	const struct column *sorted;
	struct table_found found = { .row = put_row, .arg = x };
	SCOPED_DB_READ c = NULL;
	table_ask_read(x->w, x->d, &ask, &sorted);
	ask.page.next = false;
	ask.page.lim = INT64_MAX;
	for (const struct column *k = x->d->columns; k->kind; k++) {
		put_text(x->out, str_c(k->title));
		buf_puts(x->out, k[1].kind ? "," : "\r\n");
	}
	TRY(db_read(x->w->ctx, table_db(x->w, x->d, &ask), &c, e));
	enum status st = x->d->load(x->w, c, &ask, &found, e);
	return st == ST_TOO_LARGE ? err_set(e, st, "These are too many for one table. Please narrow the list down.")
	                          : st;
}

enum status table_csv(struct web *w, const struct table_desc *d, struct err *e)
{
	SCOPED_BUF b; /* goes also when the request is unwound */
	struct csv_writing x = { w, d, &b };
	struct audit_entry entry = { .action = d->exported };
	const char *name = strrchr(d->path, '/') + 1;
	buf_init(&b, TABLE_CSV_MAX);
	TRY(write_all(&x, e));
	audit_from(w, &entry);
	TRY(audit_record(w->ctx, &entry, e));
	http_set_header(w->req, "content-type", STR("text/csv; charset=utf-8"));
	http_set_header(w->req, "content-disposition",
	        arena_strf(w->ctx->arena, "attachment; filename=\"%s.csv\"", name));
	http_set_header(w->req, "cache-control", STR("no-store"));
	http_set_header(w->req, "x-content-type-options", STR("nosniff"));
	http_send(w->req, buf_str(&b)); /* not from the request's arena: it has room for half of that */
	return ST_OK;
}
