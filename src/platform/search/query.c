/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "platform/search/search.h"

#define QUOTES 8 /* bytes around a word */
#define LIKE_MAX 2048u

static bool is_word_byte(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 0x80 || (u >= '0' && u <= '9') || ((u | 0x20) >= 'a' && (u | 0x20) <= 'z');
}

static struct str next_word(struct str *rest)
{
	size_t i = 0, n = 0;
	while (i < rest->n && !is_word_byte(rest->p[i]))
		i++;
	*rest = str_skip(*rest, i);
	while (n < rest->n && is_word_byte(rest->p[n]))
		n++;
	struct str word = str_first(*rest, n);
	*rest = str_skip(*rest, n);
	return word;
}

/* Each word is quoted in the engine's language. */
struct str search_query(struct arena *a, enum db_engine engine, struct str typed, bool *left_out)
{
	struct str words[SEARCH_WORDS_MAX], word;
	bool begins[SEARCH_WORDS_MAX]; /* … a longer one, of which this much is looked for */
	size_t n = 0;
	*left_out = false;
	if (!str_utf8_valid(typed))
		return STR("");
	while (n < SEARCH_WORDS_MAX && (word = next_word(&typed)).n) {
		words[n] = str_utf8_first(word, SEARCH_WORD_MAX);
		begins[n] = words[n].n < word.n;
		n++;
	}
	*left_out = next_word(&typed).n > 0;
	struct buf b;
	buf_arena(&b, a, SEARCH_WORDS_MAX * (4 * SEARCH_WORD_MAX + QUOTES));
	for (size_t i = 0; i < n; i++) {
		const char *open = engine == DB_SQLITE ? "\"" : "'", *more = engine == DB_SQLITE ? "*" : ":*";
		if (i)
			buf_puts(&b, engine == DB_SQLITE ? " " : " & ");
		buf_puts(&b, open);
		buf_putstr(&b, words[i]);
		buf_puts(&b, open);
		if ((i == n - 1 && str_utf8_first(words[i], words[i].n - 1).n) || begins[i])
			buf_puts(&b, more);
	}
	return buf_str(&b);
}

const struct search_piece *search_pieces(struct arena *a, struct str text, size_t *count)
{
	size_t max = 2;
	for (size_t i = 0; i < text.n; i++)
		max += text.p[i] == SEARCH_HIT_OPEN || text.p[i] == SEARCH_HIT_CLOSE;
	struct search_piece *list = ARENA_ARRAY(a, struct search_piece, max);
	bool hit = false;
	*count = 0;
	for (size_t from = 0, i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != SEARCH_HIT_OPEN && text.p[i] != SEARCH_HIT_CLOSE)
			continue;
		if (i > from)
			list[(*count)++] = (struct search_piece){ str_n(text.p + from, i - from), hit };
		hit = i < text.n && text.p[i] == SEARCH_HIT_OPEN;
		from = i + 1;
	}
	return list;
}

struct str search_like(struct arena *a, struct str q)
{
	struct buf b;
	buf_arena(&b, a, LIKE_MAX);
	buf_putc(&b, '%');
	for (size_t i = 0; i < q.n; i++) {
		char c = q.p[i];
		if (c == '%' || c == '_' || c == '!')
			buf_putc(&b, '!');
		buf_putc(&b, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
	}
	buf_putc(&b, '%');
	return buf_str(&b);
}
