/* SPDX-License-Identifier: Apache-2.0 */
#include "base/money.h"

#include <stdio.h>
#include <string.h>

#define MINOR_MAX (INT64_C(1) << 53) /* what a double, and so JavaScript, holds exactly */

struct money money_of(int64_t minor, struct str currency)
{
	struct money m = { .minor = minor };
	if (currency.n)
		memcpy(m.currency, currency.p, currency.n < sizeof m.currency ? currency.n : sizeof m.currency - 1);
	return m;
}

unsigned money_digits(const char currency[4])
{
	static const char none[][4] = { "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX",
		"VND", "VUV", "XAF", "XOF", "XPF" };
	static const char three[][4] = { "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND" };
	for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
		if (!memcmp(currency, none[i], 4))
			return 0;
	for (unsigned i = 0; i < sizeof three / sizeof *three; i++)
		if (!memcmp(currency, three[i], 4))
			return 3;
	return 2;
}

bool money_parse(struct str typed, const char currency[4], int64_t *minor)
{
	bool negative = typed.n && typed.p[0] == '-';
	unsigned digits = money_digits(currency), behind = 0;
	bool point = false, any = false;
	int64_t n = 0;
	for (size_t i = negative; i < typed.n; i++) {
		char c = typed.p[i];
		if ((c == '.' || c == ',') && !point && any) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9' || (point && ++behind > digits))
			return false;
		any = true;
		n = n * 10 + (c - '0');
		if (n > MINOR_MAX)
			return false;
	}
	if (!any || (point && !behind))
		return false;
	for (; behind < digits; behind++)
		if ((n *= 10) > MINOR_MAX)
			return false;
	*minor = negative ? -n : n;
	return true;
}

size_t money_text(const struct money *m, char out[MONEY_TEXT_MAX])
{
	unsigned digits = money_digits(m->currency);
	uint64_t n = m->minor < 0 ? 0 - (uint64_t)m->minor : (uint64_t)m->minor, unit = 1;
	for (unsigned i = 0; i < digits; i++)
		unit *= 10;
	int len = digits ? snprintf(out, MONEY_TEXT_MAX, "%s%llu.%0*llu", m->minor < 0 ? "-" : "",
	                           (unsigned long long)(n / unit), (int)digits, (unsigned long long)(n % unit))
	                 : snprintf(out, MONEY_TEXT_MAX, "%s%llu", m->minor < 0 ? "-" : "", (unsigned long long)n);
	return (size_t)len;
}
