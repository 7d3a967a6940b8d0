/* SPDX-License-Identifier: Apache-2.0 */
#include "services/cart/totals.h"

#include <assert.h>
#include <stdbool.h>

typedef __int128 wide; /* an amount × an amount */

int64_t totals_vat_of(int64_t gross, int64_t rate)
{
	wide whole = VAT_WHOLE + rate, n = (wide)gross * rate * 2 + whole;
	wide vat = n / (whole * 2);
	return (int64_t)(n % (whole * 2) < 0 ? vat - 1 : vat);
}

/* Of those that lost most in rounding down, the first gets one more. */
static size_t most_owed(const wide *left, const bool *given, size_t n)
{
	size_t best = n;
	for (size_t i = 0; i < n; i++)
		if (!given[i] && (best == n || left[i] > left[best]))
			best = i;
	return best;
}

static void spread_rest(int64_t rest, int64_t sign, wide *left, size_t n, int64_t *parts)
{
	bool given[TOTALS_LINES_MAX] = { 0 };
	for (; rest > 0; rest--) {
		size_t i = most_owed(left, given, n);
		given[i] = true;
		parts[i] += sign;
	}
}

void totals_spread(int64_t amount, const int64_t *weights, size_t n, int64_t *parts)
{
	int64_t sign = amount < 0 ? -1 : 1, rest = amount * sign;
	wide sum = 0, left[TOTALS_LINES_MAX];
	assert(n <= TOTALS_LINES_MAX);
	for (size_t i = 0; i < n; i++)
		sum += weights[i];
	for (size_t i = 0; i < n; i++) {
		wide share = sum ? (wide)(amount * sign) * weights[i] : 0;
		parts[i] = sum ? (int64_t)(share / sum) * sign : 0;
		left[i] = sum ? share % sum : 0;
		rest -= parts[i] * sign;
	}
	if (sum)
		spread_rest(rest, sign, left, n, parts);
}

/* The lines of one rate, from the first of them on. */
static int64_t vat_of_rate(struct totals_line *lines, size_t n, size_t first)
{
	int64_t weights[TOTALS_LINES_MAX], parts[TOTALS_LINES_MAX], sum = 0;
	assert(n <= TOTALS_LINES_MAX);
	for (size_t i = 0; i < n; i++) {
		weights[i] = i >= first && lines[i].rate == lines[first].rate ? lines[i].total : 0;
		sum += weights[i];
	}
	int64_t vat = totals_vat_of(sum, lines[first].rate);
	totals_spread(vat, weights, n, parts);
	for (size_t i = first; i < n; i++)
		if (lines[i].rate == lines[first].rate)
			lines[i].vat = parts[i];
	return vat;
}

static bool is_first_of_rate(const struct totals_line *lines, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (lines[k].rate == lines[i].rate)
			return false;
	return true;
}

int64_t totals_vat(struct totals_line *lines, size_t n)
{
	int64_t vat = 0;
	for (size_t i = 0; i < n; i++)
		if (is_first_of_rate(lines, i))
			vat += vat_of_rate(lines, n, i);
	return vat;
}

int64_t totals_part(int64_t total, int64_t done, int64_t some, int64_t n)
{
	return (int64_t)((wide)total * (done + some) / n) - (int64_t)((wide)total * done / n);
}
