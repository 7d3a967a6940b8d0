/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of each kind of field: what a text becomes, and what is said when it can not.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/lang.h"
#include "platform/forms/forms_int.h"
#include "platform/text/url.h"

#define DAY_US (INT64_C(86400) * US_PER_S)
#define YEARS_LEAST 1
#define YEARS_MOST 9999

bool form_is_text(enum field_kind k)
{
	return k >= FIELD_TEXT && k <= FIELD_HIDDEN;
}

int64_t form_max(const struct field *d)
{
	static const int64_t usual[] = { [FIELD_TEXT] = FORM_TEXT_MAX,
		[FIELD_AREA] = FORM_AREA_MAX,
		[FIELD_EMAIL] = FORM_EMAIL_MAX,
		[FIELD_URL] = FORM_URL_MAX,
		[FIELD_TEL] = 40,
		[FIELD_PASSWORD] = 1024,
		[FIELD_COLOUR] = 7,
		[FIELD_CHOICE] = FORM_TEXT_MAX,
		[FIELD_WORDS] = FORM_AREA_MAX,
		[FIELD_HIDDEN] = FORM_URL_MAX };
	return !form_is_text(d->kind) ? 0 : d->max ? d->max : usual[d->kind];
}

/* Neither control characters nor those that turn the direction of what stands after them. */
static bool is_clean(struct str s, bool lines)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < ' ' && !(lines && (c == '\n' || c == '\t'))) || c == 0x7f)
			return false;
	}
	return !str_utf8_turns(s);
}

static bool is_phone(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789+-()/ .", s.p[i]))
			return false;
	return true;
}

static bool is_choice(const struct form_fill *f, const struct field *d, struct str value)
{
	size_t n;
	const struct choice *list = form_choices(f, d, &n);
	for (size_t i = 0; i < n; i++)
		if (str_eqc(value, list[i].value))
			return true;
	return false;
}

static bool are_choices(const struct form_fill *f, const struct field *d, struct str words)
{
	struct str word;
	while (words.n && str_next(&words, ' ', &word))
		if (!is_choice(f, d, word))
			return false;
	return true;
}

/* What is wrong with a text that is there and not too long; NULL: nothing. */
static const char *text_wrong(const struct form_fill *f, const struct field *d, struct str s)
{
	if (d->kind != FIELD_PASSWORD && !is_clean(s, d->kind == FIELD_AREA))
		return "This has a character that does not belong here.";
	switch (d->kind) {
	case FIELD_EMAIL:
		return email_looks_right(s) ? NULL : "This does not look like an e-mail address: name@example.org.";
	case FIELD_URL:
		return url_is_public(s) ? NULL
		                        : "This is not an address: https://example.org/page, or /page of this site.";
	case FIELD_COLOUR:
		return str_is_colour(s, false) ? NULL : "A colour is # and six digits: #1a7f5a.";
	case FIELD_TEL:
		return is_phone(s) ? NULL : "Digits, spaces and + only, please.";
	case FIELD_CHOICE:
		return is_choice(f, d, s) ? NULL : "Please choose one of these.";
	case FIELD_WORDS:
		return are_choices(f, d, s) ? NULL : "Please choose among these.";
	default:
		return NULL;
	}
}

static void set_text(struct form_fill *f, const struct field *d, struct str s)
{
	const char *why = s.n ? text_wrong(f, d, s) : NULL;
	size_t length = str_utf8_len(s);
	if (why)
		form_fault(f, d->name, "%s", tr(why));
	else if (length > (size_t)form_max(d))
		form_fault(f, d->name, "This is too long: %zu characters, of at most %lld.", length,
		        (long long)form_max(d));
	else if (s.n && length < (size_t)(d->min > 0 ? d->min : 0))
		form_fault(f, d->name, "This is too short: at least %lld characters, please.", (long long)d->min);
	else
		*(struct str *)form_at(f, d) = s;
}

static bool within(struct form_fill *f, const struct field *d, int64_t n, const char *least, const char *most)
{
	if (d->min == 0 && d->max == 0)
		return true;
	if (n < d->min)
		form_fault(f, d->name, "At least %s, please.", least);
	else if (n > d->max)
		form_fault(f, d->name, "At most %s, please.", most);
	return n >= d->min && n <= d->max;
}

static void set_number(struct form_fill *f, const struct field *d, struct str s)
{
	int64_t n = 0;
	char least[24], most[24];
	snprintf(least, sizeof least, "%lld", (long long)d->min);
	snprintf(most, sizeof most, "%lld", (long long)d->max);
	if (s.n && !str_i64(s, &n))
		form_fault(f, d->name, "A whole number, please.");
	else if (!s.n || within(f, d, n, least, most))
		*(int64_t *)form_at(f, d) = n;
}

static void set_money(struct form_fill *f, const struct field *d, struct str s)
{
	struct money *m = form_at(f, d), least = *m, most = *m, n = *m;
	char least_text[MONEY_TEXT_MAX], most_text[MONEY_TEXT_MAX];
	n.minor = 0;
	least.minor = d->min;
	most.minor = d->max;
	money_text(&least, least_text);
	money_text(&most, most_text);
	if (s.n && !money_parse(s, m->currency, &n.minor))
		form_fault(f, d->name, "An amount like 12.50, please.");
	else if (!s.n || within(f, d, n.minor, least_text, most_text))
		*m = n;
}

static void set_date(struct form_fill *f, const struct field *d, struct str s)
{
	int64_t us = 0;
	struct civil c;
	if (!s.n) {
		*(int64_t *)form_at(f, d) = FIELD_NO_DATE;
		return;
	}
	bool good = s.n == 10 && s.p[4] == '-' && clock_parse_rfc3339(s, &us);
	if (good) {
		clock_civil_utc(us, &c);
		good = c.year >= YEARS_LEAST && c.year <= YEARS_MOST;
	}
	if (good)
		*(int64_t *)form_at(f, d) = us >= 0 ? us / DAY_US : -((-us + DAY_US - 1) / DAY_US);
	else
		form_fault(f, d->name, "A day like 2027-03-21, please.");
}

void form_take_text(struct form_fill *f, const struct field *d, struct str s)
{
	if (!s.n && d->required) {
		form_fault(f, d->name, "%s", tr(d->required));
		return;
	}
	switch (d->kind) {
	case FIELD_NUMBER:
		set_number(f, d, s);
		break;
	case FIELD_MONEY:
		set_money(f, d, s);
		break;
	case FIELD_DATE:
		set_date(f, d, s);
		break;
	case FIELD_CHECK:
	case FIELD_FILE:
		*(bool *)form_at(f, d) = s.n > 0;
		break;
	default:
		set_text(f, d, s);
	}
}

static struct str date_text(struct arena *a, int64_t days)
{
	char text[CLOCK_TEXT_MAX];
	if (days == FIELD_NO_DATE)
		return STR("");
	clock_rfc3339(days * DAY_US, text);
	return arena_str(a, str_n(text, 10));
}

struct str form_text_of(const struct form_fill *f, const struct field *d)
{
	struct arena *a = f->w->ctx->arena;
	const void *at = form_at(f, d);
	char text[MONEY_TEXT_MAX];
	switch (d->kind) {
	case FIELD_NUMBER:
		return arena_strf(a, "%lld", (long long)*(const int64_t *)at);
	case FIELD_MONEY:
		return arena_str(a, str_n(text, money_text(at, text)));
	case FIELD_DATE:
		return date_text(a, *(const int64_t *)at);
	case FIELD_CHECK:
	case FIELD_FILE:
		return *(const bool *)at ? STR("1") : STR("");
	default:
		return ((const struct str *)at)->p ? *(const struct str *)at : STR("");
	}
}
