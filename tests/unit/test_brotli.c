/* SPDX-License-Identifier: Apache-2.0
 *
 * Compression with each allocation failing in turn (linked with --wrap=malloc): it comes to the answer, or to none, and
 * never to the end of the process; nothing is left behind (the leak check is AddressSanitizer's).
 */
#include "unit.h"

#include <brotli/decode.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/conn/brotli.h"

static unsigned fail_at, allocations;

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	return ++allocations == fail_at ? NULL : __real_malloc(n);
}

static char text[100000], packed[sizeof text], back[sizeof text];

static int make_text(void **state)
{
	for (size_t n = 0; n < sizeof text - 20; )
		n += (size_t)snprintf(text + n, 20, "%zu loaves, ", n * 7919 % 10007);
	return 0;
}

static bool comes_back(size_t n)
{
	size_t len = sizeof back;
	return BrotliDecoderDecompress(n, (const uint8_t *)packed, &len, (uint8_t *)back) ==
	        BROTLI_DECODER_RESULT_SUCCESS &&
	        len == sizeof text && !memcmp(back, text, len);
}

static void what_is_packed_comes_back(void **state)
{
	static const struct {
		int quality, window;
	} rows[] = { { 1, 18 }, { 4, 20 }, { 5, 18 }, { 9, 22 }, { 11, 24 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = brotli_compress(
		        rows[i].quality, rows[i].window, str_n(text, sizeof text), packed, sizeof packed);
		assert_in_range(n, 1, sizeof text / 2);
		assert_true(comes_back(n));
	}
}

static void too_little_room_is_no_answer(void **state)
{
	size_t n = brotli_compress(5, 18, str_n(text, sizeof text), packed, sizeof packed);
	assert_int_equal(brotli_compress(5, 18, str_n(text, sizeof text), packed, n - 1), 0);
	assert_int_equal(brotli_compress(5, 18, str_n(text, sizeof text), packed, 0), 0);
	assert_int_equal(brotli_compress(5, 18, str_n(text, sizeof text), packed, n), n);
	assert_true(comes_back(n));
}

static void each_allocation_fails_in_turn(void **state)
{
	static const int qualities[] = { 4, 5, 11 };
	for (size_t i = 0; i < sizeof qualities / sizeof *qualities; i++) {
		unsigned n = 0;
		size_t len;
		do {
			allocations = 0;
			fail_at = ++n;
			len = brotli_compress(qualities[i], 20, str_n(text, sizeof text), packed, sizeof packed);
			assert_true(allocations < n ? len > 0 : len == 0);
		} while (allocations >= n);
		fail_at = 0;
		assert_true(n > 3);
		assert_true(comes_back(len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_packed_comes_back),
		cmocka_unit_test(too_little_room_is_no_answer), cmocka_unit_test(each_allocation_fails_in_turn) };
	return cmocka_run_group_tests(tests, make_text, NULL);
}
