/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done to the lines of a Markdown text before md4c reads them, where Ghost's renderer reads them otherwise: an
 * address that stands by itself keeps its "_" and "*", a heading its last "#" when no blank is before it ("## C#"), and
 * the line below a table's head may have short dashes. Marks that md4c is not to see are replaced by control
 * characters, which no text has (those of the source are left out), and stand again in what it wrote.
 */
#include "services/blog/markdown_int.h"

static const char shielded[] = "*_#", shields[] = "\x02\x03\x04";

/* --- lines -------------------------------------------------------------------------------------------------------- */

bool markdown_next_line(struct str *rest, struct str *line)
{
	if (!rest->n)
		return false;
	ptrdiff_t end = str_chr(*rest, '\n');
	*line = str_first(*rest, end < 0 ? rest->n : (size_t)end + 1);
	*rest = str_skip(*rest, line->n);
	return true;
}

unsigned markdown_indent(struct str line, size_t *bytes)
{
	unsigned columns = 0;
	size_t i = 0;
	for (; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
		columns += line.p[i] == '\t' ? 4 - columns % 4 : 1;
	*bytes = i;
	return columns;
}

bool markdown_is_blank(struct str line) { return !str_trim(line).n; }

void markdown_follow_fence(struct markdown_fence *f, struct str line)
{
	size_t skip, n = 0;
	if (markdown_indent(line, &skip) > 3)
		return;
	struct str s = str_skip(line, skip);
	while (n < s.n && s.p[n] == s.p[0])
		n++;
	if (n < 3 || (s.p[0] != '`' && s.p[0] != '~'))
		return;
	if (!f->open && !(s.p[0] == '`' && str_chr(str_skip(s, n), '`') >= 0))
		*f = (struct markdown_fence){ true, s.p[0], n };
	else if (f->open && s.p[0] == f->sign && n >= f->length && markdown_is_blank(str_skip(s, n)))
		f->open = false;
}

/* --- shields ------------------------------------------------------------------------------------------------------ */

static void shield(char *p, size_t n, const char *marks)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = p[i] ? strchr(shielded, p[i]) : NULL;
		if (at && strchr(marks, p[i]))
			p[i] = shields[at - shielded];
	}
}

void markdown_unshield(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = p[i] && (unsigned char)p[i] < 5 ? strchr(shields, p[i]) : NULL;
		if (at)
			p[i] = shielded[at - shields];
	}
}

/* Does p[0..at) end in "<", "](" or "]:", so that what follows is an address to md4c too? It takes none with control
   characters. */
static bool is_destination(const char *p, size_t at)
{
	while (at && (p[at - 1] == ' ' || p[at - 1] == '\t'))
		at--;
	return at && (p[at - 1] == '<' || (at > 1 && p[at - 2] == ']' && (p[at - 1] == '(' || p[at - 1] == ':')));
}

static void shield_addresses(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool word = i && ((unsigned)((p[i - 1] | 0x20) - 'a') < 26 || (unsigned)(p[i - 1] - '0') < 10);
		size_t length = !word && strchr("hHfF", p[i]) ? markdown_link_at(str_n(p + i, n - i)) : 0;
		if (length && !is_destination(p, i))
			shield(p + i, length, "*_");
		i += length ? length - 1 : 0;
	}
}

/* The "#" at the end of a heading's line that no blank parts from its text. */
static void shield_hashes(char *p, size_t n)
{
	size_t at = 0, end = n, first;
	while (at < n && strchr(" >\t-+*", p[at]))
		at++;
	if (at == n || p[at] != '#')
		return;
	while (at < n && p[at] == '#')
		at++;
	while (end > at && strchr(" \t\r\n", p[end - 1]))
		end--;
	for (first = end; first > at && p[first - 1] == '#'; first--)
		;
	if (first > at && first < end && p[first - 1] != ' ' && p[first - 1] != '\t' && p[first - 1] != '\\')
		shield(p + first, end - first, "#");
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

/* Is it the line below the head of a table: dashes, colons and bars? */
static bool is_underline(struct str line)
{
	size_t skip, dashes = 0, bars = 0;
	if (markdown_indent(line, &skip) > 3)
		return false;
	struct str s = str_trim(line);
	for (size_t i = 0; i < s.n; i++) {
		dashes += s.p[i] == '-';
		bars += s.p[i] == '|';
		if (!strchr("-:| \t", s.p[i]))
			return false;
	}
	return dashes && bars;
}

/* md4c wants three characters of each cell. */
static void put_underline(struct buf *b, struct str line)
{
	struct str cell;
	bool first = true;
	while (str_next(&line, '|', &cell)) {
		if (!first)
			buf_putc(b, '|');
		first = false;
		ptrdiff_t dash = str_chr(cell, '-');
		buf_put(b, cell.p, dash < 0 ? cell.n : (size_t)dash);
		if (dash >= 0) {
			BUF_LIT(b, "--");
			buf_putstr(b, str_skip(cell, (size_t)dash));
		}
	}
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static void put_clean(struct buf *b, struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if (!strchr(shields, line.p[i]) || !line.p[i])
			buf_putc(b, line.p[i]);
}

struct str markdown_prepare(struct markdown *m, struct str source)
{
	struct markdown_fence fence = { 0 };
	struct str line, former = STR("");
	struct buf b;
	buf_arena(&b, m->a, 2 * source.n + 64);
	while (markdown_next_line(&source, &line)) {
		markdown_follow_fence(&fence, line);
		size_t from = b.len;
		if (!fence.open && str_chr(former, '|') >= 0 && is_underline(line))
			put_underline(&b, line);
		else
			put_clean(&b, line);
		if (buf_ok(&b) && b.len > from) {
			shield_addresses(b.data + from, b.len - from);
			shield_hashes(b.data + from, b.len - from);
		}
		former = line;
	}
	m->full = m->full || !buf_ok(&b);
	return buf_str(&b);
}
