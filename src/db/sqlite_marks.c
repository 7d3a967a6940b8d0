/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of SQL that show where a text has what was searched for, as FTS5's highlight() and snippet() do, but over
 * the text alone: those open the search again for each row, which for the beginning of a common word takes longer than
 * the search itself.
 *
 *     search_marked(text, query)   all of it, the hits between U+0002 and U+0003
 *     search_snippet(text, query)  SNIPPET_WORDS words of it, those with most of what is wanted; … where it was cut
 *
 * query: as platform/search makes it, phrases in quotes, `*` behind one of which the last word may go on. Both texts
 * are cut into words by the tokenizer "words". Wanted words follow each other in one row of bits; a phrase is there
 * when the bit of its last word is reached.
 */
#include <limits.h>
#include <string.h>

#include "base/str.h"
#include "db/sqlite.h"

enum {
	WANTED_MAX = 64,  /* words of a query, as the tokenizer cuts them: bits of a number; others are not marked */
	SPELT_MAX = 2048, /* bytes of all of them */
	SNIPPET_WORDS = 32,
	SNIPPET_BEFORE = 8,       /* of them, in front of the first hit */
	SNIPPET_LOOK = 64 * 1024, /* bytes of a text that are looked through: it is done on a loop */
};

struct wanted {
	const char *word;
	int n;
};

struct hit_marks {
	fts5_api *api;
	fts5_tokenizer kind;
	Fts5Tokenizer *tokens;
	struct wanted wanted[WANTED_MAX];
	unsigned count, length[WANTED_MAX]; /* of the phrase that ends at this word */
	uint64_t firsts, lasts, begins;     /* first and last words of phrases; those that may go on */
	char spelt[SPELT_MAX];
	size_t spelt_len;
	/* While a text is cut. */
	uint64_t reached;
	int token, from[WANTED_MAX]; /* of the last ones, by token % WANTED_MAX */
	/* The best part of a text, and of which phrase a hit was seen last, by its last word. */
	int seen[WANTED_MAX], best, best_from;
	unsigned best_hits;
	/* What is written. */
	sqlite3_str *out;
	const char *text;
	int first, last; /* tokens that are shown */
	int written, open_until;
	bool cut;
};

/* --- what is wanted ----------------------------------------------------------------------------------------------- */

static int add_wanted(void *arg, int flags, const char *word, int n, int from, int to)
{
	struct hit_marks *m = arg;
	(void)flags;
	(void)from;
	(void)to;
	if (m->count == WANTED_MAX || (size_t)n > sizeof m->spelt - m->spelt_len)
		return SQLITE_DONE;
	char *kept = m->spelt + m->spelt_len;
	memcpy(kept, word, (size_t)n);
	m->spelt_len += (size_t)n;
	m->wanted[m->count++] = (struct wanted){ kept, n };
	return SQLITE_OK;
}

static int cut_text(struct hit_marks *m, int why, struct str text,
                    int (*each)(void *, int, const char *, int, int, int))
{
	int rc = m->kind.xTokenize(m->tokens, m, why, text.p, (int)text.n, each);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int read_query(struct hit_marks *m, struct str query)
{
	struct str phrase;
	while (str_cut(&query, '"', &phrase)) {
		unsigned first = m->count;
		if (!str_cut(&query, '"', &phrase))
			break;
		int rc = cut_text(m, FTS5_TOKENIZE_QUERY, phrase, add_wanted);
		if (rc != SQLITE_OK)
			return rc;
		if (m->count == first)
			continue;
		unsigned last = m->count - 1;
		m->firsts |= UINT64_C(1) << first;
		m->lasts |= UINT64_C(1) << last;
		m->length[last] = m->count - first;
		if (query.n && query.p[0] == '*')
			m->begins |= UINT64_C(1) << last;
	}
	return SQLITE_OK;
}

/* --- hits --------------------------------------------------------------------------------------------------------- */

/* The last words of the phrases that end with this one. */
static uint64_t ends_here(struct hit_marks *m, const char *word, int n, int from)
{
	uint64_t same = 0;
	for (unsigned i = 0; i < m->count; i++) {
		const struct wanted *w = &m->wanted[i];
		if ((n == w->n || (n > w->n && m->begins >> i & 1)) && !memcmp(word, w->word, (size_t)w->n))
			same |= UINT64_C(1) << i;
	}
	m->reached = (m->reached << 1 | m->firsts) & same;
	m->from[m->token % WANTED_MAX] = from;
	return m->reached & m->lasts;
}

static int start_of(const struct hit_marks *m, unsigned last)
{
	return m->token + 1 - (int)m->length[last];
}

/* Is there more in the words up to here than in the best part so far? */
static int look_for_more(void *arg, int flags, const char *word, int n, int from, int to)
{
	struct hit_marks *m = arg;
	(void)flags;
	(void)to;
	uint64_t hits = ends_here(m, word, n, from);
	for (unsigned i = 0; i < m->count; i++)
		if (hits >> i & 1)
			m->seen[i] = start_of(m, i);
	unsigned phrases = 0;
	int earliest = m->token;
	for (unsigned i = 0; hits && i < m->count; i++) {
		if (m->seen[i] < 0 || m->seen[i] <= m->token - SNIPPET_WORDS)
			continue;
		phrases++;
		earliest = m->seen[i] < earliest ? m->seen[i] : earliest;
	}
	if (phrases > m->best_hits) {
		m->best_hits = phrases;
		m->best_from = earliest;
		m->best = m->token;
	}
	m->token++;
	return m->best_hits && m->best_hits == (unsigned)__builtin_popcountll(m->lasts) ? SQLITE_DONE : SQLITE_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_until(struct hit_marks *m, int to)
{
	if (to > m->written)
		sqlite3_str_append(m->out, m->text + m->written, to - m->written);
	m->written = to > m->written ? to : m->written;
}

/* What was marked is closed before something at `from`; hits that meet or overlap are one. */
static void close_mark(struct hit_marks *m, int from)
{
	if (m->open_until < 0 || from < m->open_until)
		return;
	write_until(m, m->open_until);
	sqlite3_str_appendchar(m->out, 1, '\3');
	m->open_until = -1;
}

static int show_word(void *arg, int flags, const char *word, int n, int from, int to)
{
	struct hit_marks *m = arg;
	(void)flags;
	uint64_t hits = ends_here(m, word, n, from);
	if (m->token > m->last) {
		m->cut = true;
		return SQLITE_DONE;
	}
	if (m->token == m->first && m->first) {
		m->written = from;
		sqlite3_str_appendall(m->out, "…");
	}
	int start = m->token + 1;
	for (unsigned i = 0; i < m->count; i++)
		if (hits >> i & 1 && start_of(m, i) < start && start_of(m, i) >= m->first)
			start = start_of(m, i);
	if (start <= m->token) {
		close_mark(m, m->from[start % WANTED_MAX]);
		if (m->open_until < 0) {
			write_until(m, m->from[start % WANTED_MAX]);
			sqlite3_str_appendchar(m->out, 1, '\2');
		}
		m->open_until = to;
	}
	if (m->token == m->last && m->last < INT_MAX) { /* where it ends, should it be cut */
		close_mark(m, to);
		write_until(m, to);
	}
	m->token++;
	return SQLITE_OK;
}

static int write_part(struct hit_marks *m, struct str text, int first, int last)
{
	m->reached = 0;
	m->token = 0;
	m->text = text.p;
	m->first = first;
	m->last = last;
	m->open_until = -1;
	int rc = cut_text(m, FTS5_TOKENIZE_DOCUMENT, text, show_word);
	close_mark(m, INT_MAX);
	if (m->cut)
		sqlite3_str_appendall(m->out, "…");
	else
		write_until(m, (int)text.n);
	return rc;
}

/* --- the functions ------------------------------------------------------------------------------------------------ */

static int write_marked(struct hit_marks *m, struct str text)
{
	return write_part(m, text, 0, INT_MAX);
}

static int write_snippet(struct hit_marks *m, struct str text)
{
	struct str looked = str_utf8_first(text, SNIPPET_LOOK);
	for (unsigned i = 0; i < WANTED_MAX; i++)
		m->seen[i] = -1;
	int rc = cut_text(m, FTS5_TOKENIZE_DOCUMENT, looked, look_for_more);
	if (rc != SQLITE_OK)
		return rc;
	int room = SNIPPET_WORDS - (m->best - m->best_from + 1), before = room < SNIPPET_BEFORE ? room : SNIPPET_BEFORE;
	int first = m->best_hits && m->best_from > before ? m->best_from - before : 0;
	return write_part(m, looked, first, first + SNIPPET_WORDS - 1);
}

static struct str text_of(sqlite3_value *v)
{
	const char *p = (const char *)sqlite3_value_text(v);
	return p ? str_n(p, (size_t)sqlite3_value_bytes(v)) : STR("");
}

static void answer_marks(sqlite3_context *c, sqlite3_value **v, int (*write)(struct hit_marks *m, struct str text))
{
	void *context = NULL;
	struct hit_marks m = { .api = sqlite3_user_data(c) };
	int rc = m.api->xFindTokenizer(m.api, "words", &context, &m.kind);
	if (rc == SQLITE_OK)
		rc = m.kind.xCreate(context, NULL, 0, &m.tokens);
	if (rc != SQLITE_OK) {
		sqlite3_result_error_code(c, rc);
		return;
	}
	m.out = sqlite3_str_new(sqlite3_context_db_handle(c));
	rc = read_query(&m, text_of(v[1]));
	if (rc == SQLITE_OK)
		rc = write(&m, text_of(v[0]));
	if (rc == SQLITE_OK)
		rc = sqlite3_str_errcode(m.out);
	m.kind.xDelete(m.tokens);
	int n = sqlite3_str_length(m.out);
	char *text = sqlite3_str_finish(m.out);
	if (rc == SQLITE_OK && text)
		sqlite3_result_text(c, text, n, sqlite3_free);
	else if (rc == SQLITE_OK)
		sqlite3_result_text(c, "", 0, SQLITE_STATIC);
	else {
		sqlite3_free(text);
		sqlite3_result_error_code(c, rc);
	}
}

static void search_marked(sqlite3_context *c, int n, sqlite3_value **v)
{
	(void)n;
	answer_marks(c, v, write_marked);
}

static void search_snippet(sqlite3_context *c, int n, sqlite3_value **v)
{
	(void)n;
	answer_marks(c, v, write_snippet);
}

enum status sq_marks(struct sq_conn *c, fts5_api *api, struct err *e)
{
	const int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function_v2(c->h, "search_marked", 2, how, api, search_marked, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(c->h, "search_snippet", 2, how, api, search_snippet, NULL, NULL, NULL);
	return rc == SQLITE_OK ? ST_OK : sq_error(c, rc, "search_marked", e);
}
