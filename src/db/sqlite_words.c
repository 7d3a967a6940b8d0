/* SPDX-License-Identifier: Apache-2.0
 *
 * How SQLite's full text search cuts text into words: tokenizer "words". SQLite's own (unicode61, without diacritics),
 * and beyond it: letters that have no decomposition are spelt as people without them on the keyboard do (ł l, ß ss,
 * œ oe), and of Chinese, Japanese and Korean, which part no words, each character is a word by itself, so that any part
 * of a run is found as a phrase. PostgreSQL has the same in a function
 * (services/blog/migrations/0007_search.postgres.sql).
 *
 * Registered with each connection that is opened; an index that was made with it can be written by this program alone.
 */
#include <string.h>

#include "db/sqlite.h"

enum { WORD_ROOM = 512 /* bytes of a word that are spelt otherwise; a longer one stays as it is */ };

struct words { fts5_tokenizer inner; Fts5Tokenizer *tokens; };

typedef int take_word_fn(void *arg, int flags, const char *word, int n, int from, int to);

/* --- spelling ----------------------------------------------------------------------------------------------------- */

/* Letters of two bytes, in lower case: the tokenizer has folded the others. */
static const char *spelt(const char *p)
{
	static const struct { const char *letter, *as; } table[] = {
		{ "\u0142", "l" }, { "\u00f8", "o" }, { "\u0111", "d" }, { "\u0127", "h" }, { "\u00df", "ss" },
		{ "\u0153", "oe" }, { "\u00e6", "ae" }, { "\u00fe", "th" }, { "\u00f0", "d" }, { "\u0131", "i" },
		{ "\u0167", "t" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (p[0] == table[i].letter[0] && p[1] == table[i].letter[1])
			return table[i].as;
	return NULL;
}

/* Bytes of the character at p if it is a word by itself: kana, Han, Hangul; else 0. */
static int lone_character(const char *p, int n)
{
	const unsigned char *u = (const unsigned char *)p;
	if (n >= 4 && u[0] == 0xf0 && (u[1] == 0xa0 || (u[1] > 0xa0 && u[1] <= 0xb3)))
		return 4; /* the planes of further Han characters */
	if (n < 3 || u[0] < 0xe3 || u[0] > 0xed)
		return 0;
	unsigned c = (unsigned)(u[0] & 15) << 12 | (unsigned)(u[1] & 63) << 6 | (u[2] & 63);
	bool lone = (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x4e00 && c <= 0x9fff) ||
	            (c >= 0xac00 && c <= 0xd7a3);
	return lone ? 3 : 0;
}

/* --- words -------------------------------------------------------------------------------------------------------- */

struct cutting { take_word_fn *take; void *arg; const char *text; };

static int take_spelt(const struct cutting *x, int flags, const char *word, int n, int from, int to)
{
	char room[2 * WORD_ROOM];
	int out = 0;
	if (n > WORD_ROOM)
		return x->take(x->arg, flags, word, n, from, to);
	for (int i = 0; i < n;) {
		const char *as = i + 1 < n && (unsigned char)word[i] >= 0xc2 ? spelt(word + i) : NULL;
		if (!as) {
			room[out++] = word[i++];
			continue;
		}
		for (; *as; as++)
			room[out++] = *as;
		i += 2;
	}
	return x->take(x->arg, flags, room, out, from, to);
}

static char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Between characters that are words by themselves: a run of others, in lower case as far as it is ASCII. */
static int take_run(const struct cutting *x, int flags, int from, int to)
{
	char room[WORD_ROOM];
	int n = to - from;
	if (!n || n > WORD_ROOM)
		return n ? x->take(x->arg, flags, x->text + from, n, from, to) : SQLITE_OK;
	for (int i = 0; i < n; i++)
		room[i] = lower_ascii(x->text[from + i]);
	return take_spelt(x, flags, room, n, from, to);
}

static int cut_word(void *arg, int flags, const char *word, int n, int from, int to)
{
	const struct cutting *x = arg;
	int rc = SQLITE_OK, run = from;
	bool any = false;
	for (int i = from; i < to && rc == SQLITE_OK;) {
		int lone = lone_character(x->text + i, to - i);
		if (!lone) {
			i++;
			continue;
		}
		any = true;
		rc = take_run(x, flags, run, i);
		if (rc == SQLITE_OK)
			rc = x->take(x->arg, flags, x->text + i, lone, i, i + lone);
		run = i += lone;
	}
	if (!any)
		return take_spelt(x, flags, word, n, from, to);
	return rc == SQLITE_OK ? take_run(x, flags, run, to) : rc;
}

static int words_tokenize(Fts5Tokenizer *t, void *arg, int flags, const char *text, int n, take_word_fn *take)
{
	struct words *w = (struct words *)t;
	struct cutting x = { take, arg, text };
	return w->inner.xTokenize(w->tokens, &x, flags, text, n, cut_word);
}

/* --- registering -------------------------------------------------------------------------------------------------- */

static void words_delete(Fts5Tokenizer *t)
{
	struct words *w = (struct words *)t;
	if (w->tokens)
		w->inner.xDelete(w->tokens);
	sqlite3_free(w);
}

static int words_create(void *arg, const char **argv, int argc, Fts5Tokenizer **out)
{
	static const char *plain[] = { "remove_diacritics", "2" };
	fts5_api *api = arg;
	void *context = NULL;
	struct words *w = sqlite3_malloc(sizeof *w);
	(void)argv;
	(void)argc;
	if (!w)
		return SQLITE_NOMEM;
	*w = (struct words){ 0 };
	int rc = api->xFindTokenizer(api, "unicode61", &context, &w->inner);
	if (rc == SQLITE_OK)
		rc = w->inner.xCreate(context, plain, 2, &w->tokens);
	if (rc != SQLITE_OK) {
		words_delete((Fts5Tokenizer *)w);
		return rc;
	}
	*out = (Fts5Tokenizer *)w;
	return SQLITE_OK;
}

static fts5_api *api_of(sqlite3 *h)
{
	fts5_api *api = NULL;
	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v2(h, "SELECT fts5(?1)", -1, &s, NULL) == SQLITE_OK) {
		sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(s);
	}
	sqlite3_finalize(s);
	return api;
}

enum status sq_words(struct sq_conn *c, struct err *e)
{
	static fts5_tokenizer words = { words_create, words_delete, words_tokenize };
	fts5_api *api = api_of(c->h);
	if (!api)
		return err_set(e, ST_NOT_IMPLEMENTED, "SQLite is built without full text search (FTS5)");
	int rc = api->xCreateTokenizer(api, "words", api, &words, NULL);
	return rc == SQLITE_OK ? sq_marks(c, api, e) : sq_error(c, rc, "words", e);
}
