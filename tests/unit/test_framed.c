/* SPDX-License-Identifier: Apache-2.0
 *
 * Framed answers: made for what is asked for often, used only under the very same head, gone with the second.
 */
#include "unit.h"

#include <stdlib.h>

#include "net/conn/server.h"

#define LEN ((size_t)20000)
#define HEAD_A "HTTP/1.1 200 OK\r\nX: a\r\n\r\n"
#define HEAD_B "HTTP/1.1 200 OK\r\nX: b\r\n\r\n"

static struct worker *w;
static struct blob *page;

static int setup(void **state)
{
	w = calloc(1, sizeof *w);
	page = blob_new_large(LEN);
	assert_true(w && page);
	w->date_s = 1000;
	for (size_t i = 0; i < LEN; i++)
		page->data[i] = (char)('a' + i % 23);
	return 0;
}

static int teardown(void **state)
{
	framed_sweep(w, true);
	assert_int_equal(page->refs, 1); /* nothing holds it any more */
	blob_unref(page);
	free(w);
	return 0;
}

static struct body_piece part(size_t off, size_t len)
{
	return (struct body_piece){ PIECE_BLOB, .p = page->data + off, .len = len, .blob = page };
}

/* How often it was asked for until there was one; checks what there is then. */
static int asked_until_framed(const char *head, struct body_piece p)
{
	for (int i = 1; i <= 100; i++) {
		struct blob *b = framed_answer(w, str_c(head), &p);
		if (!b)
			continue;
		assert_int_equal(b->len, strlen(head) + p.len);
		assert_memory_equal(b->data, head, strlen(head));
		assert_memory_equal(b->data + strlen(head), p.p, p.len);
		blob_unref(b);
		return i;
	}
	return -1;
}

static void after_a_few(void **state)
{
	int first = asked_until_framed(HEAD_A, part(0, LEN));
	assert_in_range(first, 2, 50);
	assert_int_equal(asked_until_framed(HEAD_A, part(0, LEN)), 1);
}

static void another_head(void **state)
{
	asked_until_framed(HEAD_A, part(0, LEN));
	assert_true(asked_until_framed(HEAD_B, part(0, LEN)) > 1);
	assert_true(asked_until_framed("HTTP/1.1 200 OK\r\n\r\n", part(0, LEN)) > 1);
	/* In turn: whichever is framed, each gets its own or none. */
	for (int i = 0; i < 200; i++) {
		struct body_piece p = part(0, LEN);
		const char *head = i % 20 < 17 ? HEAD_A : HEAD_B;
		struct blob *b = framed_answer(w, str_c(head), &p);
		if (b)
			assert_memory_equal(b->data, head, strlen(head));
		blob_unref(b);
	}
}

static void another_part(void **state)
{
	asked_until_framed(HEAD_A, part(0, LEN));
	assert_true(asked_until_framed(HEAD_A, part(0, LEN - 1)) > 1);
	assert_true(asked_until_framed(HEAD_A, part(1, LEN - 1)) > 1);
}

static void another_second(void **state)
{
	asked_until_framed(HEAD_A, part(0, LEN));
	assert_true(framed_sweep(w, false));
	assert_int_equal(asked_until_framed(HEAD_A, part(0, LEN)), 1);
	w->date_s++;
	assert_false(framed_sweep(w, false));
	assert_int_equal(page->refs, 1);
	assert_true(asked_until_framed(HEAD_A, part(0, LEN)) > 1);
	w->date_s++;
	assert_true(asked_until_framed(HEAD_A, part(0, LEN)) > 1); /* nobody swept */
}

/* One that is on its way outlives its place in the table. */
static void outlives_its_place(void **state)
{
	struct body_piece p = part(0, LEN);
	asked_until_framed(HEAD_A, p);
	struct blob *b = framed_answer(w, STR(HEAD_A), &p);
	assert_non_null(b);
	framed_sweep(w, true);
	assert_memory_equal(b->data + strlen(HEAD_A), page->data, LEN);
	blob_unref(b);
}

static void not_worth_it(void **state)
{
	struct body_piece bytes = piece_bytes(str_n(page->data, LEN));
	assert_int_equal(asked_until_framed(HEAD_A, part(0, BLOB_LARGE - 1)), -1);
	assert_int_equal(asked_until_framed(HEAD_A, bytes), -1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = { T(after_a_few), T(another_head), T(another_part), T(another_second),
		T(outlives_its_place), T(not_worth_it) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
