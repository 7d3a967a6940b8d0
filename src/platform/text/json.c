/* SPDX-License-Identifier: Apache-2.0
 *
 * See json.h. Depth is counted before jansson sees the text: its own limit is 2048 levels of recursion, more than
 * a fiber's stack holds.
 */
#include "platform/text/json.h"

#include <stdlib.h>

/* Short of memory, jansson 2.14 reads on without the characters that it had no room for ("a.examle"). So it is noted
   here, and what came of it is not taken. Parsing does not yield: of the thread. */
static _Thread_local bool ran_short;

static void *noting_malloc(size_t n)
{
	void *p = malloc(n);
	ran_short |= !p;
	return p;
}

__attribute__((constructor)) static void note_shortage(void)
{
	json_set_alloc_funcs(noting_malloc, free);
}

/* Where the text is nested deeper than max; t.n: nowhere. */
static size_t too_deep(struct str t, unsigned max)
{
	unsigned depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > max)
				return i;
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return t.n;
}

struct str json_without_nul(struct arena *a, struct str text, size_t *count)
{
	static const struct str nul = STR_INIT("\\u0000");
	struct buf b;
	if (str_find(text, nul) < 0)
		return text;
	buf_arena(&b, a, text.n + 1);
	for (size_t i = 0; i < text.n;) {
		struct str rest = str_skip(text, i);
		bool found = str_starts(rest, nul);
		size_t n = found ? nul.n : rest.p[0] == '\\' && rest.n > 1 ? 2 : 1;
		if (!found)
			buf_put(&b, rest.p, n);
		*count += found;
		i += n;
	}
	return buf_ok(&b) ? buf_str(&b) : text;
}

json_t *json_parse(struct str text, unsigned max_depth, struct err *e)
{
	size_t deep = too_deep(text, max_depth);
	if (deep < text.n) {
		(void)err_set(e, ST_INVALID, "the JSON is nested deeper than %u levels at byte %zu", max_depth, deep);
		return NULL;
	}
	json_error_t je;
	ran_short = false;
	json_t *j = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (ran_short) {
		json_decref(j);
		(void)err_set(e, ST_NOMEM, "no memory to read JSON");
		return NULL;
	}
	if (!j)
		(void)err_set(e, ST_INVALID, "not valid JSON, line %d, column %d (byte %d): %s", je.line, je.column,
		        je.position, je.text);
	return j;
}

struct str json_text(struct arena *a, const json_t *j)
{
	size_t n = json_dumpb(j, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	char *text = n ? arena_alloc(a, n) : NULL;
	return text && json_dumpb(j, text, n, JSON_COMPACT | JSON_ENCODE_ANY) == n ? str_n(text, n) : STR_NULL;
}

/* Length of the valid UTF-8 sequence at s, 0 when there is none. */
static size_t utf8_at(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
	if (n == 0 || n > s.n || !str_utf8_valid(str_first(s, n)))
		return 0;
	return n;
}

static void put_special(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"': BUF_LIT(b, "\\\""); break;
	case '\\': BUF_LIT(b, "\\\\"); break;
	case '\n': BUF_LIT(b, "\\n"); break;
	case '\r': BUF_LIT(b, "\\r"); break;
	case '\t': BUF_LIT(b, "\\t"); break;
	default: buf_printf(b, "\\u%04x", c);
	}
}

void json_put_str(struct buf *b, struct str s)
{
	buf_putc(b, '"');
	size_t from = 0;
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		size_t n = c >= 0x80 ? utf8_at(str_skip(s, i)) : 0;
		if (n) {
			i += n;
			continue;
		}
		buf_put(b, s.p + from, i - from);
		if (c >= 0x80)
			BUF_LIT(b, "\\ufffd");
		else
			put_special(b, c);
		from = ++i;
	}
	if (s.n > from)
		buf_put(b, s.p + from, s.n - from);
	buf_putc(b, '"');
}

void json_put_member(struct buf *b, const char *name, struct str value)
{
	if (b->len && b->data[b->len - 1] != '{')
		buf_putc(b, ',');
	buf_printf(b, "\"%s\":", name);
	json_put_str(b, value);
}

struct str json_str(const json_t *j, const char *member)
{
	const json_t *v = json_object_get(j, member);
	return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_NULL;
}
