/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids of headings, by the rules that Ghost had: tables of contents in old posts, and links from elsewhere, name them.
 * (tests/fixtures/ghost/FORMAT.md)
 */
#include <utf8proc.h>

#include "platform/text/html.h"
#include "services/blog/render.h"

#define HEADING_IDS_MAX 512 /* of one body; further headings have none */

static bool is_word(unsigned char c)
{
	return (unsigned)((c | 0x20) - 'a') < 26 || (unsigned)(c - '0') < 10 || c == '_';
}

static char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Until version 3, of Markdown: word characters alone. */
static struct str old_markdown_id(struct arena *a, struct str s)
{
	struct buf b;
	buf_arena(&b, a, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		if (is_word((unsigned char)s.p[i]))
			buf_putc(&b, lower_ascii(s.p[i]));
	return buf_str(&b);
}

/* In versions 2 and 3, of the editor: what is no word character becomes "-", several of them one. */
static struct str old_editor_id(struct arena *a, struct str s)
{
	struct buf b;
	buf_arena(&b, a, s.n + 1);
	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("<>&\"?", s.p[i]))
			continue;
		bool word = is_word((unsigned char)s.p[i]);
		if (word || !b.len || b.data[b.len - 1] != '-')
			buf_putc(&b, word ? lower_ascii(s.p[i]) : '-');
	}
	return buf_str(&b);
}

static bool is_space(utf8proc_int32_t c)
{
	return c == ' ' || (c >= 9 && c <= 13) || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

/* Lower case, without ASCII punctuation but "-" and "`", white space as one "-" each. */
static struct str plain_id(struct arena *a, struct str s)
{
	struct buf b;
	bool space = false;
	buf_arena(&b, a, 4 * s.n + 1);
	for (size_t i = 0; i < s.n;) {
		utf8proc_int32_t c = 0;
		utf8proc_uint8_t to[4];
		utf8proc_ssize_t n = utf8proc_iterate(
		        (const utf8proc_uint8_t *)s.p + i, (utf8proc_ssize_t)(s.n - i), &c);
		if (n <= 0)
			break;
		i += (size_t)n;
		space = space || (is_space(c) && b.len);
		if (is_space(c) || (c < 0x80 && strchr("][!\"#$%&'()*+,./:;<=>?@\\^_{|}~", (int)c)))
			continue;
		if (space)
			buf_putc(&b, '-');
		space = false;
		n = utf8proc_encode_char(utf8proc_tolower(c), to);
		buf_put(&b, to, n > 0 ? (size_t)n : 0);
	}
	return buf_str(&b);
}

/* Since version 4: of plain_id runs of "-" are dropped, and one at either end; then it is as in an address. */
static struct str new_id(struct arena *a, struct str s)
{
	struct str plain = plain_id(a, s);
	struct buf b;
	buf_arena(&b, a, 3 * plain.n + 1);
	for (size_t i = 0; i < plain.n;) {
		size_t run = 0;
		while (i + run < plain.n && plain.p[i + run] == '-')
			run++;
		size_t left = run && !i ? run - 1 : run; /* of one at the beginning the rest is looked at by itself */
		if (left == 1 && i + run < plain.n)
			buf_putc(&b, '-');
		i += run;
		if (!run)
			url_encode(&b, str_n(plain.p + i++, 1));
	}
	return buf_str(&b);
}

void render_heading_text(struct buf *text, struct str more)
{
	buf_putstr(text, str_first(more, HEADING_TEXT_MAX - text->len));
}

struct str render_heading_id(struct render *r, struct str text, enum heading_source from)
{
	text = str_utf8_fit(text, HEADING_TEXT_MAX);
	struct str id = !r->legacy_ids              ? new_id(r->a, text)
	                : from == HEADING_OF_EDITOR ? old_editor_id(r->a, text)
	                                            : old_markdown_id(r->a, text);
	id = html_content_id(r->a, id);
	if (!id.n)
		return STR_NULL;
	if (!r->ids)
		r->ids = ARENA_ARRAY(r->a, struct heading_id, HEADING_IDS_MAX);
	for (unsigned i = 0; i < r->id_count; i++)
		if (str_eq(r->ids[i].slug, id))
			return arena_strf(r->a, "%.*s-%u", STR_ARG(id), ++r->ids[i].count);
	if (r->id_count >= HEADING_IDS_MAX) {
		render_note(r, "headings after the first %d have no address", HEADING_IDS_MAX);
		return STR_NULL;
	}
	r->ids[r->id_count++] = (struct heading_id){ .slug = id };
	return id;
}
