/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of passwords from break-ins: found and not found at every edge of it, in every form its lines may have; what
 * is no such list is said to be none.
 */
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "services/identity/people/breached.h"
#include "unit.h"

#define MANY 100000 /* some 4 MB: searched by halves, and longer than a check reads all of */

static char path[] = "/tmp/guildhall-breached-XXXXXX";

static void write_list(struct str text)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
}

static int64_t seen(const char *hash)
{
	int64_t n = -1;
	struct err e = { 0 };
	if (breached_find(path, hash, &n, &e) != ST_OK)
		fail_msg("%s: %s", hash, e.msg);
	return n;
}

static enum status check(struct str text)
{
	write_list(text);
	return breached_check_file(path, NULL);
}

/* --- lists ------------------------------------------------------------------------------------------------------ */

struct entry { char hash[BREACHED_HASH + 1]; int64_t seen; };

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, BREACHED_HASH);
}

static struct entry *entries(size_t n)
{
	struct entry *list = calloc(n, sizeof *list);
	assert_non_null(list);
	for (size_t i = 0; i < n; i++) {
		unsigned char digest[SHA_DIGEST_LENGTH];
		char text[32];
		SHA1((unsigned char *)text, (size_t)snprintf(text, sizeof text, "password %zu", i), digest);
		for (size_t j = 0; j < sizeof digest; j++)
			snprintf(list[i].hash + 2 * j, 3, "%02X", digest[j]);
		/* Lines of many lengths. */
		list[i].seen = i % 7 == 0 ? INT64_C(999999999999999999) : (int64_t)(i % 5000) + 1;
	}
	qsort(list, n, sizeof *list, by_hash);
	return list;
}

static void put_list(struct buf *b, const struct entry *list, size_t n, const char *newline, bool at_end)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s:%lld%s", list[i].hash, (long long)list[i].seen, i + 1 < n || at_end ? newline : "");
	assert_true(buf_ok(b));
}

/* --- cases ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *newline;
	bool at_end;
} forms[] = { { "\n", true }, { "\r\n", true }, { "\n", false }, { "\r\n", false } };

static void every_line_of_every_length_of_list(void **state)
{
	struct entry *list = entries(400);
	for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
		for (size_t n = 1; n <= 400; n += n < 120 ? 1 : 40) {
			SCOPED_BUF b;
			buf_init(&b, 1 << 20);
			put_list(&b, list, n, forms[f].newline, forms[f].at_end);
			assert_int_equal(check(buf_str(&b)), ST_OK);
			for (size_t i = 0; i < 400; i++)
				assert_int_equal(seen(list[i].hash), i < n ? list[i].seen : 0);
		}
	free(list);
}

static void a_long_list(void **state)
{
	struct entry *list = entries(MANY);
	for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
		SCOPED_BUF b;
		buf_init(&b, 16 << 20);
		/* Every other one is left out, and asked for too. */
		size_t n = 0;
		struct entry *half = calloc(MANY / 2, sizeof *half);
		assert_non_null(half);
		for (size_t i = 0; i < MANY; i += 2)
			half[n++] = list[i];
		put_list(&b, half, n, forms[f].newline, forms[f].at_end);
		assert_int_equal(check(buf_str(&b)), ST_OK);
		for (size_t i = 0; i < MANY; i += i < 200 || i > MANY - 200 ? 1 : 37)
			assert_int_equal(seen(list[i].hash), i % 2 ? 0 : list[i].seen);
		free(half);
	}
	free(list);
}

static void before_the_first_and_after_the_last(void **state)
{
	struct entry *list = entries(2000);
	SCOPED_BUF b;
	buf_init(&b, 1 << 20);
	put_list(&b, list, 2000, "\n", true);
	write_list(buf_str(&b));
	assert_int_equal(seen("0000000000000000000000000000000000000000"), 0);
	assert_int_equal(seen("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"), 0);
	assert_int_equal(seen(list[0].hash), list[0].seen);
	assert_int_equal(seen(list[1999].hash), list[1999].seen);
	free(list);
}

static void one_line(void **state)
{
	const char *const lines[] = { "B1B3773A05C0ED0176787A4F1574FF0075F7521E:10556095\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:10556095\r\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:10556095",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:10556095\r" };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_equal(check(str_c(lines[i])), ST_OK);
		assert_int_equal(seen("B1B3773A05C0ED0176787A4F1574FF0075F7521E"), 10556095);
		assert_int_equal(seen("B1B3773A05C0ED0176787A4F1574FF0075F7521F"), 0);
		assert_int_equal(seen("B1B3773A05C0ED0176787A4F1574FF0075F7521D"), 0);
	}
}

static void an_empty_file_has_nothing_and_is_no_list(void **state)
{
	write_list(STR(""));
	assert_int_equal(seen("B1B3773A05C0ED0176787A4F1574FF0075F7521E"), 0);
	assert_int_equal(breached_check_file(path, NULL), ST_CORRUPT);
}

static void no_such_file(void **state)
{
	int64_t n;
	struct err e = { 0 };
	assert_int_equal(
	        breached_find("/nonexistent/list", "B1B3773A05C0ED0176787A4F1574FF0075F7521E", &n, NULL), ST_IO);
	assert_int_equal(breached_check_file("/nonexistent/list", &e), ST_IO);
	assert_non_null(strstr(e.msg, "No such file"));
	assert_int_equal(breached_check_file("/tmp", NULL), ST_IO);
}

static void what_is_no_list(void **state)
{
	static const char *const texts[] = {
		"hello\n", "\n", "\n\n", "b1b3773a05c0ed0176787a4f1574ff0075f7521e:1\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E\n", "B1B3773A05C0ED0176787A4F1574FF0075F7521E:\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:many\n", "B1B3773A05C0ED0176787A4F1574FF0075F7521E:-1\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:1 \n", " B1B3773A05C0ED0176787A4F1574FF0075F7521E:1\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521:10\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:1234567890123456789\n",
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:1\n\n", "8846F7EAEE8FB117AD06BDD830B7586C:1\n", /* NTLM */
		"B1B3773A05C0ED0176787A4F1574FF0075F7521E:1\nB1B3773A05C0ED0176787A4F1574FF00", /* a download that broke
		                                                                                   off */
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (check(str_c(texts[i])) != ST_CORRUPT)
			fail_msg("taken for a list: %s", texts[i]);
}

/* Noise, zeros, and long files without a line's end are neither read past nor searched for ever. */
static void garbage(void **state)
{
	char *bytes = malloc(1 << 20);
	int64_t n;
	assert_non_null(bytes);
	for (unsigned kind = 0; kind < 4; kind++)
		for (size_t size = 1; size <= 1 << 20; size = size * 3 + 1) {
			srand(kind + 1);
			for (size_t i = 0; i < size; i++)
				bytes[i] = kind == 0 ? (char)rand() : kind == 1 ? 0 : kind == 2 ? '\n' : 'A';
			assert_int_equal(check(str_n(bytes, size)), ST_CORRUPT);
			enum status st = breached_find(path, "B1B3773A05C0ED0176787A4F1574FF0075F7521E", &n, NULL);
			assert_true(st == ST_CORRUPT && n == 0);
		}
	free(bytes);
}

static void not_sorted(void **state)
{
	struct entry *list = entries(300), swapped;
	for (size_t i = 0; i + 1 < 300; i++) {
		SCOPED_BUF b;
		struct err e = { 0 };
		buf_init(&b, 1 << 20);
		swapped = list[i], list[i] = list[i + 1], list[i + 1] = swapped;
		put_list(&b, list, 300, "\r\n", i % 2);
		write_list(buf_str(&b));
		assert_int_equal(breached_check_file(path, &e), ST_CORRUPT);
		assert_non_null(strstr(e.msg, "not sorted"));
		swapped = list[i], list[i] = list[i + 1], list[i + 1] = swapped;
	}
	free(list);
}

static int by_count(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->seen < y->seen ? 1 : x->seen > y->seen ? -1 : 0;
}

/* The other download: too long to be read whole, seen all the same. */
static void sorted_by_count(void **state)
{
	struct entry *list = entries(MANY);
	SCOPED_BUF b;
	buf_init(&b, 16 << 20);
	qsort(list, MANY, sizeof *list, by_count);
	put_list(&b, list, MANY, "\n", true);
	assert_int_equal(check(buf_str(&b)), ST_CORRUPT);
	free(list);
}

static int make(void **state)
{
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int drop(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_of_every_length_of_list),
		cmocka_unit_test(a_long_list),
		cmocka_unit_test(before_the_first_and_after_the_last),
		cmocka_unit_test(one_line),
		cmocka_unit_test(an_empty_file_has_nothing_and_is_no_list),
		cmocka_unit_test(no_such_file),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(garbage),
		cmocka_unit_test(not_sorted),
		cmocka_unit_test(sorted_by_count),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
