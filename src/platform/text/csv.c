/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/csv.h"

enum { FIRST_ROWS = 64 };

/* --- letters ------------------------------------------------------------------------------------------------------ */

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(b, (char)(0xe0 | c >> 12));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(b, (char)(0xf0 | c >> 18));
		buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t unit16(const unsigned char *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* False: half a character. */
static bool from_utf16(struct buf *b, struct str s, bool big)
{
	const unsigned char *p = (const unsigned char *)s.p;
	if (s.n % 2)
		return false;
	for (size_t i = 0; i < s.n; i += 2) {
		uint32_t c = unit16(p + i, big);
		if (c >= 0xdc00 && c < 0xe000)
			return false;
		if (c >= 0xd800 && c < 0xdc00) {
			uint32_t low = i + 3 < s.n ? unit16(p + i + 2, big) : 0;
			if (low < 0xdc00 || low >= 0xe000)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		}
		put_utf8(b, c);
	}
	return true;
}

/* What Windows has where Latin-1 has control characters. */
static const uint16_t windows[32] = { 0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	                              0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
	                              0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	                              0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178 };

static void from_latin(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		put_utf8(b, c >= 0x80 && c < 0xa0 ? windows[c - 0x80] : c);
	}
}

static size_t line_at(struct str s, size_t at)
{
	size_t line = 1;
	for (size_t i = 0; i < at && i < s.n; i++)
		line += s.p[i] == '\n' || (s.p[i] == '\r' && !(i + 1 < s.n && s.p[i + 1] == '\n'));
	return line;
}

static enum status decode(struct arena *a, struct str file, struct str *out, struct err *e)
{
	struct buf b;
	bool little = str_starts(file, STR("\xff\xfe")), big = str_starts(file, STR("\xfe\xff"));
	bool marked = str_starts(file, STR("\xef\xbb\xbf"));
	if (!little && !big && file.n >= 4) { /* no mark: a header's first letters are plain ones */
		little = file.p[0] && !file.p[1] && file.p[2] && !file.p[3];
		big = !file.p[0] && file.p[1] && !file.p[2] && file.p[3];
	}
	if (marked)
		file = str_skip(file, 3);
	if (!little && !big && str_utf8_valid(file)) {
		*out = file;
	} else if (marked) {
		return err_set(e, ST_INVALID, "The file says that it is UTF-8, and is not");
	} else {
		buf_arena(&b, a, 3 * (size_t)CSV_BYTES_MAX + 8);
		buf_reserve(&b, file.n + file.n / 2);
		if (!little && !big)
			from_latin(&b, file);
		else if (!from_utf16(&b, file, big))
			return err_set(e, ST_INVALID, "The file begins as UTF-16 and does not go on so");
		*out = buf_str(&b);
		if (str_starts(*out, STR("\xef\xbb\xbf")))
			*out = str_skip(*out, 3);
	}
	ptrdiff_t nul = str_chr(*out, 0);
	if (nul >= 0)
		return err_set(e, ST_INVALID, "Line %zu has a NUL character", line_at(*out, (size_t)nul));
	return ST_OK;
}

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
	TRY(decode(a, file, &r.s, e));
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
