/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/csv.h"

#include "platform/text/charset.h"

enum { FIRST_ROWS = 64 };

/* --- rows --------------------------------------------------------------------------------------------------------- */

struct csv_reading {
	struct arena *a;
	struct str s;
	size_t at, line;
	char sep;
	struct str *cells; /* of the row that is read */
	size_t all;        /* cells so far */
};

/* The one that the first line has most of, outside of quotes. */
static char separator_of(struct str s)
{
	static const char known[] = { ',', ';', '\t' };
	size_t counts[3] = { 0 }, best = 0;
	bool quoted = false;
	for (size_t i = 0; i < s.n && (quoted || (s.p[i] != '\n' && s.p[i] != '\r')); i++) {
		quoted ^= s.p[i] == '"';
		for (size_t k = 0; k < 3 && !quoted; k++)
			counts[k] += s.p[i] == known[k];
	}
	for (size_t k = 1; k < 3; k++)
		if (counts[k] > counts[best])
			best = k;
	return known[best];
}

static bool formula_start(char c)
{
	return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r';
}

/* Apostrophes, then the beginning of a formula? What is so has one taken off or put before it. */
static bool escaped(struct str s, size_t from)
{
	size_t i = 0;
	while (i < s.n && s.p[i] == '\'')
		i++;
	return i >= from && i < s.n && formula_start(s.p[i]);
}

static struct str without_apostrophe(struct str s)
{
	return escaped(s, 1) ? str_skip(s, 1) : s;
}

static bool at_end(const struct csv_reading *r)
{
	return r->at >= r->s.n;
}

static void count_line(struct csv_reading *r)
{
	char c = r->s.p[r->at];
	r->line += c == '\n' || (c == '\r' && !(r->at + 1 < r->s.n && r->s.p[r->at + 1] == '\n'));
}

static enum status quoted_cell(struct csv_reading *r, struct str *out, struct err *e)
{
	size_t began = r->line, start = ++r->at, doubled = 0;
	for (;; r->at++) {
		if (at_end(r))
			return err_set(e, ST_INVALID, "Line %zu: a quote is opened there and never closed", began);
		if (r->s.p[r->at] != '"') {
			count_line(r);
			continue;
		}
		if (r->at + 1 >= r->s.n || r->s.p[r->at + 1] != '"')
			break;
		doubled++;
		r->at++;
	}
	struct str raw = str_n(r->s.p + start, r->at++ - start);
	if (doubled) {
		char *p = arena_alloc(r->a, raw.n);
		size_t n = 0;
		for (size_t i = 0; i < raw.n; i++) {
			p[n++] = raw.p[i];
			i += raw.p[i] == '"';
		}
		raw = str_n(p, n);
	}
	*out = raw;
	if (!at_end(r) && r->s.p[r->at] != r->sep && r->s.p[r->at] != '\n' && r->s.p[r->at] != '\r')
		return err_set(e, ST_INVALID, "Line %zu: there is text behind a closing quote", r->line);
	return ST_OK;
}

static struct str plain_cell(struct csv_reading *r)
{
	size_t start = r->at;
	while (!at_end(r) && r->s.p[r->at] != r->sep && r->s.p[r->at] != '\n' && r->s.p[r->at] != '\r')
		r->at++;
	return str_n(r->s.p + start, r->at - start);
}

/* Past the end of the row's line. */
static void end_line(struct csv_reading *r)
{
	if (at_end(r))
		return;
	if (r->s.p[r->at] == '\r' && r->at + 1 < r->s.n && r->s.p[r->at + 1] == '\n')
		r->at++;
	r->at++;
	r->line++;
}

static enum status read_row(struct csv_reading *r, struct csv_row *row, struct err *e)
{
	size_t n = 0;
	*row = (struct csv_row){ .line = r->line };
	for (;;) {
		if (n == CSV_COLUMNS_MAX)
			return err_set(e, ST_TOO_LARGE, "Line %zu has more than %d cells", row->line, CSV_COLUMNS_MAX);
		if (!at_end(r) && r->s.p[r->at] == '"')
			TRY(quoted_cell(r, &r->cells[n], e));
		else
			r->cells[n] = plain_cell(r);
		r->cells[n] = without_apostrophe(r->cells[n]);
		n++;
		if (at_end(r) || r->s.p[r->at] != r->sep)
			break;
		r->at++;
	}
	end_line(r);
	while (n && !r->cells[n - 1].n)
		n--;
	row->n = n;
	if ((r->all += n) > CSV_CELLS_MAX)
		return err_set(e, ST_TOO_LARGE, "The file has more than %d cells", CSV_CELLS_MAX);
	row->cells = n ? arena_memdup(r->a, r->cells, n * sizeof *r->cells) : NULL;
	return ST_OK;
}

enum status csv_read(struct arena *a, struct str file, struct csv *out, struct err *e)
{
	struct csv_reading r = { .a = a, .line = 1 };
	struct csv_row *rows = ARENA_ARRAY(a, struct csv_row, FIRST_ROWS);
	size_t n = 0, room = FIRST_ROWS;
	if (file.n > CSV_BYTES_MAX)
		return err_set(e, ST_TOO_LARGE, "The file is larger than %d MB", CSV_BYTES_MAX >> 20);
	TRY(charset_utf8(a, file, CSV_BYTES_MAX, &r.s, e));
	r.sep = separator_of(r.s);
	r.cells = ARENA_ARRAY(a, struct str, CSV_COLUMNS_MAX);
	while (!at_end(&r)) {
		if (n == room) {
			struct csv_row *grown = ARENA_ARRAY(a, struct csv_row, 2 * room);
			memcpy(grown, rows, n * sizeof *rows);
			rows = grown;
			room *= 2;
		}
		TRY(read_row(&r, &rows[n], e));
		n += rows[n].n > 0;
	}
	*out = (struct csv){ rows, n };
	return ST_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

bool csv_is_number(struct str s)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+'), digits = 0;
	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		digits++;
	if (i == s.n)
		return digits > 0;
	if (!digits || s.p[i] != '.')
		return false;
	for (digits = 0, i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		digits++;
	return i == s.n && digits > 0;
}

void csv_put(struct buf *b, struct str cell)
{
	bool formula = escaped(cell, 0) && !csv_is_number(cell),
	     quoted = formula && (cell.p[0] == '\t' || cell.p[0] == '\r');
	for (size_t i = 0; i < cell.n && !quoted; i++)
		quoted = strchr(",;\t\"\r\n", cell.p[i]) != NULL;
	if (quoted)
		buf_putc(b, '"');
	if (formula)
		buf_putc(b, '\'');
	for (size_t i = 0; i < cell.n; i++) {
		if (cell.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, cell.p[i]);
	}
	if (quoted)
		buf_putc(b, '"');
}
