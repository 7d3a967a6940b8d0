/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/text/csv.h"
#include "unit.h"

static struct arena *a;

static int up(void **state)
{
	(void)state;
	a = arena_new(256u << 20);
	return !a;
}

static int down(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* Rows as "a|b/c|d". */
static struct str shown(struct str file)
{
	struct csv t;
	struct err e = { 0 };
	struct buf b;
	buf_text(&b, a);
	if (csv_read(a, file, &t, &e) != ST_OK)
		return arena_strf(a, "! %s", e.msg);
	for (size_t i = 0; i < t.n; i++) {
		buf_puts(&b, i ? "/" : "");
		for (size_t k = 0; k < t.rows[i].n; k++)
			buf_printf(&b, "%s%.*s", k ? "|" : "", STR_ARG(t.rows[i].cells[k]));
	}
	return buf_str(&b);
}

static void rows(void **state)
{
	static const struct {
		struct str file;
		const char *want;
	} cases[] = {
		{ STR_INIT("a,b\r\nc,d\r\n"), "a|b/c|d" },
		{ STR_INIT("a,b\nc,d"), "a|b/c|d" },
		{ STR_INIT("a,b\rc,d\r"), "a|b/c|d" },
		{ STR_INIT("a;b\nc,1;d"), "a|b/c,1|d" },
		{ STR_INIT("a\tb\nc\td"), "a|b/c|d" },
		{ STR_INIT("\"a,b\";c\n1;2"), "a,b|c/1|2" },
		{ STR_INIT("a,b,c\n1\n1,2,3,4\n,,\n\n5,,"), "a|b|c/1/1|2|3|4/5" },
		{ STR_INIT("a,b\n\"x\ny\",\"say \"\"no\"\"\""), "a|b/x\ny|say \"no\"" },
		{ STR_INIT("a,b\nin\"ner,c"), "a|b/in\"ner|c" },
		{ STR_INIT("\xef\xbb\xbf"
		           "a,\xc3\xa9\n1,2"),
		  "a|\xc3\xa9/1|2" },
		{ STR_INIT("a,\xe9\x80\n1,2"), "a|\xc3\xa9\xe2\x82\xac/1|2" },
		{ STR_INIT("\xff\xfe"
		           "a\0,\0\xe9\0\n\0"
		           "1\0,\0\x3d\xd8\x00\xde"),
		  "a|\xc3\xa9/1|\xf0\x9f\x98\x80" },
		{ STR_INIT("\xfe\xff\0a\0,\0\xe9\0\n\0"
		           "1\0,\0"
		           "2"),
		  "a|\xc3\xa9/1|2" },
		{ STR_INIT("a\0,\0b\0\n\0"
		           "1\0,\0"
		           "2\0"),
		  "a|b/1|2" },
		{ STR_INIT("a\n'=1+1\n''=x\n'plain\n'\n'-5"), "a/=1+1/'=x/'plain/'/-5" },
		{ STR_INIT("a,b\n1,\"x"), "! Line 2: a quote is opened there and never closed" },
		{ STR_INIT("a,b\n\"1\n2\",\"x\"y"), "! Line 3: there is text behind a closing quote" },
		{ STR_INIT("a,b\n1\n2,\0"), "! Line 3 has a NUL character" },
		{ STR_INIT("\xef\xbb\xbf"
		           "a,\xe9"),
		  "! The file says that it is UTF-8, and is not" },
		{ STR_INIT("\xff\xfe"
		           "a\0,\0b"),
		  "! The file begins as UTF-16 and does not go on so" },
		{ STR_INIT("\xff\xfe"
		           "a\0\x00\xde"),
		  "! The file begins as UTF-16 and does not go on so" },
		{ STR_INIT(""), "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str got = shown(cases[i].file);
		if (!str_eqc(got, cases[i].want))
			fail_msg("case %zu: %.*s", i, STR_ARG(got));
	}
}

/* Every short text of these letters comes back as it was, and none is a formula. */
static void written_and_read(void **state)
{
	static const char letters[] = { '\'', '=', '-', '+', '@', '\t', '\r', '\n', '"', ',', ';', '1', '.', 'x', ' ' };
	const size_t base = sizeof letters + 1;
	(void)state;
	for (size_t n = 1; n < base * base * base * base; n++) {
		char text[5];
		size_t len = 0;
		for (size_t rest = n; rest && rest % base; rest /= base)
			text[len++] = letters[rest % base - 1];
		struct arena *sub = arena_child(a);
		struct buf b;
		struct csv t;
		buf_text(&b, sub);
		BUF_LIT(&b, "h,i\r\n");
		size_t start = b.len;
		csv_put(&b, str_n(text, len));
		const char *cell = b.data + start + (b.data[start] == '"');
		if (len && strchr("=+-@\t\r", *cell))
			assert_true(csv_is_number(str_n(text, len)));
		BUF_LIT(&b, ",end\r\n");
		assert_int_equal(csv_read(sub, buf_str(&b), &t, NULL), ST_OK);
		assert_int_equal(t.n, 2);
		assert_int_equal(t.rows[1].n, 2);
		assert_int_equal(t.rows[1].cells[0].n, len);
		assert_memory_equal(t.rows[1].cells[0].p, text, len);
		arena_free(sub);
	}
}

static struct str times(size_t n, char c)
{
	char *p = arena_alloc(a, n + 1);
	memset(p, c, n);
	return str_n(p, n);
}

static enum status read(struct str file)
{
	struct csv t;
	return csv_read(a, file, &t, NULL);
}

static void bounds(void **state)
{
	(void)state;
	assert_int_equal(read(times(CSV_COLUMNS_MAX - 1, ',')), ST_OK);
	assert_int_equal(read(times(CSV_COLUMNS_MAX, ',')), ST_TOO_LARGE);
	assert_int_equal(read(times(CSV_BYTES_MAX, '\n')), ST_OK);
	assert_int_equal(read(times(CSV_BYTES_MAX + 1, '\n')), ST_TOO_LARGE);
	struct buf b;
	buf_arena(&b, a, 16 << 20);
	for (size_t i = 0; i < CSV_CELLS_MAX / 512; i++) {
		for (size_t k = 0; k < 511; k++)
			BUF_LIT(&b, "1,");
		BUF_LIT(&b, "1\n");
	}
	assert_int_equal(read(buf_str(&b)), ST_OK);
	BUF_LIT(&b, "1\n");
	assert_int_equal(read(buf_str(&b)), ST_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows, up, down),
		cmocka_unit_test_setup_teardown(written_and_read, up, down),
		cmocka_unit_test_setup_teardown(bounds, up, down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
