/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of an export: any column may be missing or of any type.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "services/blog/ghost.h"

#define LANG_TAG_MAX 35 /* bytes (RFC 5646 4.4.1) */

struct str ghost_text(json_t *row, const char *key)
{
	json_t *j = json_object_get(row, key);
	return json_is_string(j) ? str_n(json_string_value(j), json_string_length(j)) : STR("");
}

struct str ghost_url(struct ghost *g, json_t *row, const char *key)
{
	return body_url(g->a, &g->body, ghost_text(row, key));
}

struct str ghost_id(struct arena *a, json_t *row, const char *key)
{
	json_t *j = json_object_get(row, key);
	if (json_is_integer(j))
		return arena_strf(a, "%lld", (long long)json_integer_value(j));
	return ghost_text(row, key);
}

bool ghost_flag(json_t *row, const char *key)
{
	json_t *j = json_object_get(row, key);
	if (json_is_integer(j))
		return json_integer_value(j) != 0;
	struct str s = ghost_text(row, key);
	return json_is_true(j) || str_eqc(s, "1") || str_eqc(s, "true");
}

struct str ghost_lang(struct arena *a, struct str given)
{
	struct buf b;
	given = str_trim(given);
	for (size_t i = 0; i < given.n; i++)
		if (given.p[i] == '.' || given.p[i] == '@')
			given.n = i;
	if (!given.n || given.n > LANG_TAG_MAX)
		return STR("");
	buf_arena(&b, a, LANG_TAG_MAX + 1);
	for (size_t i = 0; i < given.n; i++) {
		unsigned char c = (unsigned char)given.p[i];
		if (!isalnum(c) && c != '-' && c != '_')
			return STR("");
		buf_putc(&b, c == '_' ? '-' : (char)c);
	}
	return isalpha((unsigned char)given.p[0]) ? buf_str(&b) : STR("");
}

/* Text in UTC, ISO 8601 or RFC 2822, or milliseconds, as versions and exporters went by. Sane: years 1970 to 2200. */
bool ghost_time(json_t *row, const char *key, int64_t *us)
{
	static const int64_t last = INT64_C(7258118400000000);
	json_t *j = json_object_get(row, key);
	int64_t t = 0, ms = 0;
	if (json_is_number(j)) {
		double d = json_number_value(j);
		if (!(d > 0 && d < 7.3e12))
			return false;
		t = (int64_t)d * 1000;
	} else if (!json_is_string(j)) {
		return false;
	} else if (str_i64(ghost_text(row, key), &ms)) {
		if (ms <= 0 || ms >= last / 1000)
			return false;
		t = ms * 1000;
	} else if (!clock_parse_rfc3339(str_trim(ghost_text(row, key)), &t) &&
	           !clock_parse_rfc2822(ghost_text(row, key), &t)) {
		return false;
	}
	if (t <= 0 || t >= last)
		return false;
	*us = t;
	return true;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

size_t ghost_count(const struct ghost *g, enum ghost_table t) { return json_array_size(g->tables[t]); }
json_t *ghost_row(const struct ghost *g, enum ghost_table t, size_t i) { return json_array_get(g->tables[t], i); }

static int by_key(const void *a, const void *b)
{
	const struct ghost_entry *x = a, *y = b;
	int c = str_cmp(x->key, y->key);
	return c ? c : x->at < y->at ? -1 : x->at > y->at;
}

struct ghost_index ghost_index(struct ghost *g, enum ghost_table t, const char *key)
{
	size_t n = ghost_count(g, t);
	struct ghost_index ix = { ARENA_ARRAY(g->a, struct ghost_entry, n ? n : 1), 0 };
	for (size_t i = 0; i < n; i++) {
		json_t *row = ghost_row(g, t, i);
		struct str k = ghost_id(g->a, row, key);
		if (k.n)
			ix.list[ix.count++] = (struct ghost_entry){ k, row, i };
	}
	qsort(ix.list, ix.count, sizeof *ix.list, by_key);
	return ix;
}

struct ghost_entry *ghost_find(const struct ghost_index *ix, struct str key, size_t *count)
{
	size_t low = 0, high = ix->count;
	*count = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (str_cmp(ix->list[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + *count < ix->count && str_eq(ix->list[low + *count].key, key))
		++*count;
	return *count ? &ix->list[low] : NULL;
}
