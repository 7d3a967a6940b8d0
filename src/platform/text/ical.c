/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/ical.h"

#include "platform/text/recur.h"

/* --- lines -------------------------------------------------------------------------------------------------------- */

void ical_begin(struct ical_lines *l, struct arena *a, struct str file)
{
	*l = (struct ical_lines){ .text = arena_cstr(a, file), .n = file.n, .line = 1 };
}

static size_t line_end(const struct ical_lines *l, size_t at)
{
	while (at < l->n && l->text[at] != '\n' && l->text[at] != '\r')
		at++;
	return at;
}

/* Past the end of a line: CRLF, LF or CR. */
static size_t past_end(struct ical_lines *l, size_t at)
{
	if (at < l->n) {
		l->line++;
		at += 1 + (l->text[at] == '\r' && at + 1 < l->n && l->text[at + 1] == '\n');
	}
	return at;
}

/* The next line with its folds taken out, in its own place. False: it is too long. */
static bool unfold(struct ical_lines *l, struct str *out)
{
	size_t from = l->at, end = line_end(l, from), to = end, next = past_end(l, end);
	while (next < l->n && (l->text[next] == ' ' || l->text[next] == '\t')) {
		size_t part = next + 1, part_end = line_end(l, part);
		if (part_end - part > ICAL_LINE_MAX || to - from > ICAL_LINE_MAX)
			return false;
		memmove(l->text + to, l->text + part, part_end - part);
		to += part_end - part;
		next = past_end(l, part_end);
	}
	l->at = next;
	*out = str_n(l->text + from, to - from);
	return out->n <= ICAL_LINE_MAX;
}

/* Where the value begins: at the first colon that stands in no quotes. */
static ptrdiff_t value_colon(struct str s)
{
	bool quoted = false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == ':' && !quoted)
			return (ptrdiff_t)i;
	}
	return -1;
}

enum status ical_next(struct ical_lines *l, struct ical_line *out, struct err *e)
{
	struct str whole = STR("");
	while (l->at < l->n) {
		out->line = l->line;
		if (!unfold(l, &whole))
			return err_set(
			        e, ST_TOO_LARGE, "line %zu is longer than %d KB", out->line, ICAL_LINE_MAX >> 10);
		if (str_trim(whole).n)
			break;
	}
	if (!str_trim(whole).n)
		return ST_NOT_FOUND;
	ptrdiff_t colon = value_colon(whole);
	if (colon <= 0)
		return err_set(e, ST_INVALID, "line %zu is no line of a calendar", out->line);
	out->value = str_skip(whole, (size_t)colon + 1);
	struct str head = str_first(whole, (size_t)colon);
	out->params = head;
	if (!str_cut(&out->params, ';', &out->name)) {
		out->name = head;
		out->params = STR("");
	}
	return ST_OK;
}

/* The end of a parameter: a semicolon that stands in no quotes. */
static size_t param_end(struct str s)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < s.n && (quoted || s.p[i] != ';'); i++)
		quoted ^= s.p[i] == '"';
	return i;
}

struct str ical_param(const struct ical_line *l, const char *name)
{
	struct str rest = l->params;
	while (rest.n) {
		size_t n = param_end(rest);
		struct str value = str_first(rest, n), key;
		rest = str_skip(rest, n + 1);
		if (!str_cut(&value, '=', &key) || !str_ieqc(key, name))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_n(value.p + 1, value.n - 2);
		return value;
	}
	return STR_NULL;
}

struct str ical_text(struct arena *a, struct str value)
{
	char *out = arena_alloc(a, value.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (c == '\\' && i + 1 < value.n) {
			c = value.p[++i];
			c = c == 'n' || c == 'N' ? '\n' : c;
		}
		out[n++] = c;
	}
	out[n] = 0;
	return str_n(out, n);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool time_number(struct str s, size_t at, size_t n, int *out)
{
	*out = 0;
	for (size_t i = at; i < at + n; i++) {
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (s.p[i] - '0');
	}
	return true;
}

bool ical_time(struct str s, enum ical_kind *kind, int64_t *seconds)
{
	int y, m, d, h = 0, min = 0, sec = 0, day_y, day_m, day_d;
	if (!time_number(s, 0, 4, &y) || !time_number(s, 4, 2, &m) || !time_number(s, 6, 2, &d) || y < RECUR_YEAR_MIN ||
	    m < 1 || m > 12 || d < 1 || d > 31)
		return false;
	int64_t day = day_of(y, m, d);
	day_parts(day, &day_y, &day_m, &day_d);
	if (day_m != m) /* 30 February */
		return false;
	*kind = ICAL_DATE;
	if (s.n > 9) {
		if ((s.p[8] != 'T' && s.p[8] != 't') || !time_number(s, 9, 2, &h) || !time_number(s, 11, 2, &min) ||
		    !time_number(s, 13, 2, &sec) || h > 23 || min > 59 || sec > 60)
			return false;
		bool utc = s.n == 16 && (s.p[15] == 'Z' || s.p[15] == 'z');
		if (!utc && s.n != 15)
			return false;
		*kind = utc ? ICAL_UTC : ICAL_LOCAL;
	} else if (s.n == 9 && s.p[8] != 'Z') { /* Google wrote dates with a Z */
		return false;
	}
	*seconds = day * 86400 + h * 3600 + min * 60 + (sec == 60 ? 59 : sec);
	return true;
}

static int64_t unit_seconds(char c, bool time)
{
	switch (c) {
	case 'W': return time ? 0 : 7 * 86400;
	case 'D': return time ? 0 : 86400;
	case 'H': return time ? 3600 : 0;
	case 'M': return time ? 60 : 0;
	case 'S': return time ? 1 : 0;
	default: return 0;
	}
}

bool ical_duration(struct str s, int64_t *seconds)
{
	bool time = false, any = false;
	int64_t total = 0, v = -1;
	size_t i = s.n && s.p[0] == '+';
	if (i >= s.n || s.p[i] != 'P')
		return false;
	for (i++; i < s.n; i++) {
		char c = s.p[i];
		if (c >= '0' && c <= '9') {
			v = (v < 0 ? 0 : v) * 10 + (c - '0');
			if (v > ICAL_LENGTH_MAX_S)
				return false;
			continue;
		}
		if (c == 'T' && !time && v < 0) {
			time = true;
			continue;
		}
		int64_t unit = unit_seconds(c, time);
		if (!unit || v < 0)
			return false;
		total += v * unit;
		v = -1;
		any = true;
		if (total > ICAL_LENGTH_MAX_S)
			return false;
	}
	*seconds = total;
	return any && v < 0;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A line is written as it comes, octet by octet; a fold stands between characters. */
struct fold { struct buf *b; size_t n; };

static void fold_put(struct fold *f, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t len = 1;
		while (i + len < s.n && ((unsigned char)s.p[i + len] & 0xc0) == 0x80)
			len++;
		if (f->n + len > ICAL_FOLD) {
			BUF_LIT(f->b, "\r\n ");
			f->n = 1;
		}
		buf_put(f->b, s.p + i, len);
		f->n += len;
		i += len;
	}
}

static void fold_put_text(struct fold *f, struct str s)
{
	size_t from = 0;
	for (size_t i = 0; i <= s.n; i++) {
		char c = i < s.n ? s.p[i] : 0;
		bool escaped = c == '\\' || c == ';' || c == ',';
		if (i < s.n && !escaped && (unsigned char)c >= 0x20 && c != 0x7f)
			continue;
		fold_put(f, str_n(s.p + from, i - from));
		from = i + 1;
		if (escaped)
			fold_put(f, str_n((const char[]){ '\\', c }, 2));
		else if (c == '\n')
			fold_put(f, STR("\\n"));
		else if (c == '\t')
			fold_put(f, STR(" "));
	}
}

void ical_put(struct buf *b, const char *head, struct str raw)
{
	struct fold f = { .b = b };
	fold_put(&f, str_c(head));
	fold_put(&f, STR(":"));
	for (struct str part; raw.p && str_next(&raw, '\n', &part);) /* never a line of its own */
		fold_put(&f, part);
	BUF_LIT(b, "\r\n");
}

void ical_put_text(struct buf *b, const char *head, struct str text)
{
	struct fold f = { .b = b };
	fold_put(&f, str_c(head));
	fold_put(&f, STR(":"));
	fold_put_text(&f, text);
	BUF_LIT(b, "\r\n");
}

void ical_put_time(struct buf *b, enum ical_kind kind, int64_t seconds)
{
	int64_t day = seconds / 86400 - (seconds % 86400 < 0), of_day = seconds - day * 86400;
	int y, m, d;
	day_parts(day, &y, &m, &d);
	buf_printf(b, "%04d%02d%02d", y, m, d);
	if (kind != ICAL_DATE)
		buf_printf(b, "T%02d%02d%02d%s", (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60),
		           kind == ICAL_UTC ? "Z" : "");
}
