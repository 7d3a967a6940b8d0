/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of an order: examples worked by hand, and what must hold for any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "services/cart/totals.h"

static void vat_is_rounded_half_up(void **s)
{
	assert_int_equal(totals_vat_of(12000, 2000), 2000);
	assert_int_equal(totals_vat_of(17925, 2000), 2988); /* 2987.5 */
	assert_int_equal(totals_vat_of(107, 700), 7);
	assert_int_equal(totals_vat_of(999, 0), 0);
	assert_int_equal(totals_vat_of(1, 10000), 1); /* a half */
	assert_int_equal(totals_vat_of(INT64_C(1) << 53, 2500), ((INT64_C(1) << 53) + 2) / 5);
}

/* Ten at 23.90, a quarter off, a fifth of tax in it: 179.25, of that 29.88; given back one by one it is 179.25 again.
 */
static void ten_with_a_quarter_off(void **s)
{
	int64_t full = 10 * 2390, off = full / 4, total = full - off, back = 0;
	struct totals_line line = { .total = total, .rate = 2000 };
	assert_int_equal(total, 17925);
	assert_int_equal(totals_vat(&line, 1), 2988);
	assert_int_equal(line.vat, 2988);
	for (int i = 0; i < 10; i++)
		back += totals_part(total, i, 1, 10);
	assert_int_equal(back, total);
	assert_int_equal(totals_part(total, 0, 1, 10), 1792);
	assert_int_equal(totals_part(total, 1, 1, 10), 1793);
}

static void rates_are_taken_on_their_sums(void **s)
{
	struct totals_line l[] = { { .total = 99, .rate = 700 }, { .total = 99, .rate = 700 },
		{ .total = 99, .rate = 1900 }, { .total = 99, .rate = 700 } };
	/* 297 × 7 / 107 = 19.43, 99 × 19 / 119 = 15.81; three times 6.48 by itself would be 18. */
	assert_int_equal(totals_vat(l, 4), 19 + 16);
	assert_int_equal(l[0].vat + l[1].vat + l[3].vat, 19);
	assert_int_equal(l[2].vat, 16);
	assert_int_equal(l[0].vat, 7); /* equal remainders: the first first */
}

static void spread_by_largest_remainder(void **s)
{
	int64_t weights[] = { 1, 1, 1 }, parts[3];
	totals_spread(100, weights, 3, parts);
	assert_int_equal(parts[0], 34);
	assert_int_equal(parts[1], 33);
	assert_int_equal(parts[2], 33);
	totals_spread(-100, weights, 3, parts);
	assert_int_equal(parts[0], -34);
	int64_t none[] = { 0, 0 };
	totals_spread(5, none, 2, parts);
	assert_int_equal(parts[0] + parts[1], 0);
}

static int64_t any(int64_t most)
{
	return (int64_t)(((uint64_t)random() << 31 ^ (uint64_t)random()) % (uint64_t)most);
}

/* Whatever the order: parts add up to the whole, no part is further from its share than one. */
static void it_always_adds_up(void **s)
{
	static const int64_t rates[] = { 0, 500, 550, 700, 1900, 2000, 2500 };
	srandom(7);
	for (int round = 0; round < 3000; round++) {
		struct totals_line l[TOTALS_LINES_MAX];
		size_t n = 1 + (size_t)any(TOTALS_LINES_MAX);
		int64_t sum = 0, vat, again = 0;
		for (size_t i = 0; i < n; i++) {
			l[i] = (struct totals_line){ .total = any(1000000), .rate = rates[any(7)] };
			sum += l[i].total;
		}
		vat = totals_vat(l, n);
		for (size_t i = 0; i < n; i++) {
			again += l[i].vat;
			assert_true(l[i].vat >= 0 && l[i].vat <= l[i].total);
			assert_true(llabs(l[i].vat - totals_vat_of(l[i].total, l[i].rate)) <= 1);
		}
		assert_int_equal(vat, again);
		int64_t pieces = 1 + any(500), back = 0;
		for (int64_t done = 0; done < pieces;) {
			int64_t some = 1 + any(pieces - done);
			int64_t part = totals_part(sum, done, some, pieces);
			assert_true(part >= 0);
			back += part;
			done += some;
		}
		assert_int_equal(back, sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vat_is_rounded_half_up),
		cmocka_unit_test(ten_with_a_quarter_off),
		cmocka_unit_test(rates_are_taken_on_their_sums),
		cmocka_unit_test(spread_by_largest_remainder),
		cmocka_unit_test(it_always_adds_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
