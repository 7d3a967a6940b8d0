/* SPDX-License-Identifier: Apache-2.0
 *
 * Languages: which there are, which is meant, and texts by their English.
 */
#include "base/lang.h"

#include <string.h>
#include <strings.h>

_Thread_local enum lang lang_current;

static const struct lang_info infos[LANG_COUNT] = {
#define X(ID, tag_, name_, plurals_, rtl_, pseudo_) \
	[LANG_##ID] = { .tag = tag_, .name = name_, .plurals = PLURAL_##plurals_, .rtl = rtl_, .pseudo = pseudo_ },
#include "base/languages.def"
#undef X
};

const struct lang_info *lang_info(enum lang l)
{
	return &infos[(unsigned)l < LANG_COUNT ? l : LANG_EN];
}

/* --- which is meant --------------------------------------------------------------------------------------------- */

static bool tag_is(struct str a, const char *b)
{
	return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

/* RFC 4647 3.4, lookup: the tag itself, then with its last part cut off. */
bool lang_of_tag(struct str tag, enum lang *out)
{
	for (unsigned i = 0; i < LANG_COUNT; i++)
		if (tag.n && tag_is(tag, infos[i].tag)) {
			*out = (enum lang)i;
			return true;
		}
	ptrdiff_t cut = tag.n ? str_rchr(tag, '-') : -1;
	return cut > 0 && lang_of_tag(str_first(tag, (size_t)cut), out);
}

static struct str primary(struct str tag)
{
	ptrdiff_t cut = str_chr(tag, '-');
	return cut < 0 ? tag : str_first(tag, (size_t)cut);
}

bool lang_is_other(struct str tag)
{
	struct str mine = primary(str_c(infos[lang_current].tag)), its = primary(tag);
	return its.n && (infos[lang_current].pseudo || mine.n != its.n || strncasecmp(mine.p, its.p, its.n) != 0);
}

struct str lang_of_page(struct str content)
{
	return content.n && !lang_is_other(content) ? content : str_c(infos[lang_current].tag);
}

bool lang_is_rtl(struct str tag)
{
	static const char *const list[] = { "ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi" };
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		if (tag_is(primary(tag), list[i]))
			return true;
	return false;
}

/* "0.8" as 800; what is not understood counts as 1, as if it were not there. */
static unsigned weight(struct str params)
{
	ptrdiff_t q = str_find(params, STR("q="));
	if (q < 0)
		return 1000;
	struct str s = str_trim(str_skip(params, (size_t)q + 2));
	unsigned w = s.n && s.p[0] == '1' ? 1000 : 0, unit = 100;
	if (!s.n || (s.p[0] != '0' && s.p[0] != '1') || w)
		return 1000;
	for (size_t i = 2; i < s.n && unit && s.p[i] >= '0' && s.p[i] <= '9'; i++, unit /= 10)
		w += unit * (unsigned)(s.p[i] - '0');
	return w;
}

bool lang_accepted(struct str header, bool pseudo, enum lang *out)
{
	unsigned best = 0;
	struct str rest = str_first(header, header.n < LANG_ACCEPT_MAX ? header.n : LANG_ACCEPT_MAX), part, tag;
	while (rest.n && str_next(&rest, ',', &part)) {
		enum lang l;
		struct str params = part;
		if (!str_cut(&params, ';', &tag)) {
			tag = part;
			params = STR("");
		}
		if (!lang_of_tag(str_trim(tag), &l) || (infos[l].pseudo && !pseudo))
			continue;
		unsigned w = weight(params);
		if (w > best) {
			best = w;
			*out = l;
		}
	}
	return best > 0;
}

/* --- plurals ---------------------------------------------------------------------------------------------------- */

static unsigned slavic(uint64_t n, bool one)
{
	uint64_t ten = n % 10, hundred = n % 100;
	return one ? 0 : ten >= 2 && ten <= 4 && (hundred < 12 || hundred > 14) ? 1 : 2;
}

unsigned lang_plural(enum lang_plurals rule, int64_t signed_n)
{
	uint64_t n = signed_n < 0 ? -(uint64_t)signed_n : (uint64_t)signed_n;
	switch (rule) {
	case PLURAL_ONE_OTHER:
		return n != 1;
	case PLURAL_FRENCH:
		return n > 1;
	case PLURAL_EAST_SLAVIC:
		return slavic(n, n % 10 == 1 && n % 100 != 11);
	case PLURAL_POLISH:
		return slavic(n, n == 1);
	case PLURAL_CZECH:
		return n == 1 ? 0 : n >= 2 && n <= 4 ? 1 : 2;
	case PLURAL_ARABIC:
		return n < 3 ? (unsigned)n : n % 100 >= 3 && n % 100 <= 10 ? 3 : n % 100 >= 11 ? 4 : 5;
	default:
		return 0;
	}
}

unsigned lang_forms(enum lang_plurals rule)
{
	static const unsigned char forms[PLURAL_RULES] = { [PLURAL_NONE] = 1,
		[PLURAL_ONE_OTHER] = 2,
		[PLURAL_FRENCH] = 2,
		[PLURAL_EAST_SLAVIC] = 3,
		[PLURAL_POLISH] = 3,
		[PLURAL_CZECH] = 3,
		[PLURAL_ARABIC] = LANG_FORMS_MAX };
	return (unsigned)rule < PLURAL_RULES ? forms[rule] : 1;
}

unsigned lang_form(int64_t n)
{
	return lang_plural(infos[lang_current].plurals, n);
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

uint64_t lang_key(const char *text, size_t n, unsigned form)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const unsigned char mark[2] = { 4, (unsigned char)('0' + form) };
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; form && i < 2; i++)
		h = (h ^ mark[i]) * UINT64_C(0x100000001b3);
	return h;
}

static const char *find(const char *text, size_t n, unsigned form)
{
	const struct lang_texts *t = &lang_texts[lang_current];
	uint64_t key = lang_key(text, n, form);
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (t->keys[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->count && t->keys[low] == key ? t->text + t->at[low] : NULL;
}

const char *tr(const char *english)
{
	const char *text = lang_current != LANG_EN && english ? find(english, strlen(english), 0) : NULL;
	return text ? text : english;
}

struct str tr_str(struct str english)
{
	const char *text = lang_current != LANG_EN && english.n ? find(english.p, english.n, 0) : NULL;
	return text ? str_c(text) : english;
}

const char *trn(const char *one, const char *other, int64_t n)
{
	const char *text = lang_current != LANG_EN
	        ? find(one, strlen(one), lang_plural(infos[lang_current].plurals, n))
	        : NULL;
	return text ? text : n == 1 || n == -1 ? one : other;
}
