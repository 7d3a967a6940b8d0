/* SPDX-License-Identifier: Apache-2.0
 * The multipart parser: every case is fed whole, byte by byte, and in pieces of three, with the same outcome. */
#include "unit.h"

#include <sodium/crypto_hash_sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/forms/multipart.h"

static char folder[] = "/tmp/guildhall-multipart-XXXXXX";
static const struct multipart_limits small = {
	.parts = 5, .part_header = 300, .field = 64, .fields = 100, .files = 2, .file = 4096
};

static int make_folder(void **state) { return mkdtemp(folder) ? 0 : -1; }
static int drop_folder(void **state) { return rmdir(folder); } /* fails when something was left behind */

static enum status run(struct arena *a, struct str body, size_t step, const char *type, struct multipart **m)
{
	struct err e = { 0 };
	enum status s = multipart_new(a, str_c(type), &small, folder, m, &e);
	for (size_t i = 0; s == ST_OK && i < body.n; i += step)
		s = multipart_feed(*m, str_first(str_skip(body, i), step), &e);
	if (s == ST_OK)
		s = multipart_end(*m, &e);
	assert_true((s == ST_OK) == !e.msg[0]);
	return s;
}

/* "name=value" of fields, "field:filename:type:content" of files, one a line. */
static void describe(struct multipart *m, struct buf *out)
{
	const struct form *f = multipart_fields(m);
	for (unsigned i = 0; i < f->count; i++)
		buf_printf(out, "%.*s=%.*s\n", STR_ARG(f->list[i].name), STR_ARG(f->list[i].value));
	unsigned n;
	struct upload *u = multipart_uploads(m, &n);
	for (unsigned i = 0; i < n; i++) {
		char content[5000];
		ssize_t got = read(u[i].fd, content, sizeof content);
		assert_int_equal(got, u[i].size);
		unsigned char digest[crypto_hash_sha256_BYTES];
		crypto_hash_sha256(digest, (const unsigned char *)content, (unsigned long long)got);
		assert_memory_equal(digest, u[i].digest, sizeof digest);
		buf_printf(out, "%.*s:%.*s:%.*s:%.*s\n", STR_ARG(u[i].field), STR_ARG(u[i].filename),
		        STR_ARG(u[i].type), (int)got, content);
	}
}

static void check_type(const char *type, struct str body, const char *want)
{
	static const size_t steps[] = { 1 << 20, 1, 3 };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		SCOPED_ARENA *a = arena_new(1 << 20);
		struct multipart *m;
		enum status s = run(a, body, steps[i], type, &m);
		SCOPED_BUF got;
		buf_init(&got, 1 << 16);
		buf_puts(&got, "");
		if (s == ST_OK)
			describe(m, &got);
		else
			buf_puts(&got, status_info(s)->name);
		if (!str_eqc(buf_str(&got), want))
			fail_msg("in steps of %zu:\n%s\ngives\n%.*s\nnot\n%s", steps[i], body.p, STR_ARG(buf_str(&got)),
			        want);
	}
}
#define check(body, want) check_type("multipart/form-data; boundary=XX", STR(body), want)

#define FIELD(name) "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE_(name, file) "--XX\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" file "\"\r\n"
#define END "--XX--\r\n"

static void test_fields(void **state)
{
	check(END, "");
	check(FIELD("a") "1\r\n" END, "a=1\n");
	check(FIELD("a") "1\r\n" FIELD("b") "\r\n" END, "a=1\nb=\n");
	check(FIELD("a") "x\r\ny\r\n\r\n" END, "a=x\r\ny\r\n\n");
	check(FIELD("a") "\r\n\r\n-\r\n--\r\n--X\r\n--XY\r\r\n" END, "a=\r\n\r\n-\r\n--\r\n--X\r\n--XY\r\n");
	check(FIELD("a%22b") "1\r\n" END, "a\"b=1\n");
	check(FIELD("\xc3\xa9") "\xc3\xa9\r\n" END, "\xc3\xa9=\xc3\xa9\n");
	check("preamble\r\n" FIELD("a") "1\r\n" END "epilogue\r\n--XX\r\n", "a=1\n");
	check("--XX \t\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n--XX--", "a=1\n");
	check("--XX\r\nX-Other: y\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; "
	      "name=a\r\n\r\n1\r\n" END,
	        "a=1\n");
}

static void test_files(void **state)
{
	check(FILE_("f", "a.txt") "Content-Type: text/plain\r\n\r\nhello\r\n" END, "f:a.txt:text/plain:hello\n");
	check(FILE_("f", "a.txt") "\r\n\r\n" END, "f:a.txt:application/octet-stream:\n");
	check(FILE_("f", "") "Content-Type: application/octet-stream\r\n\r\n\r\n" END, "");
	check(FILE_("f", "x") "\r\n1\r\n" FIELD("a") "2\r\n" FILE_("g", "y") "\r\n3\r\n" END,
	      "a=2\nf:x:application/octet-stream:1\ng:y:application/octet-stream:3\n");
	check(FILE_("f", "../../etc/passwd") "\r\n1\r\n" END, "f:passwd:application/octet-stream:1\n");
	check(FILE_("f", "C:\\\\dir\\\\a b.txt") "\r\n1\r\n" END, "f:a b.txt:application/octet-stream:1\n");
	check(FILE_("f", "C:\\dir\\n.txt") "\r\n1\r\n" END, "f:n.txt:application/octet-stream:1\n");
}

static void test_malformed(void **state)
{
	static const struct { struct str body; const char *want; } rows[] = {
#define ROW(body, want) { STR_INIT(body), want }
		ROW("", "INVALID"),
		ROW("--XX", "INVALID"),
		ROW("--XX-", "INVALID"),
		ROW("--XX-x", "INVALID"),
		ROW("--XXx\r\n", "INVALID"),
		ROW("--XX\n", "INVALID"),
		ROW("--XX\r\r\n", "INVALID"),
		ROW(FIELD("a") "1", "INVALID"),
		ROW(FIELD("a") "1\r\n--XX", "INVALID"),
		ROW(FIELD("a") "1\r\n--XX\r\n", "INVALID"),
		ROW("--XX\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Type: text/plain\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=a; filename=b; filename=c\r\n\r\n1\r\n" END,
		        "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; "
		    "name=b\r\n\r\n1\r\n" END,
		        "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=a\n\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=a\rx\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=\"a\0\"\r\n\r\n1\r\n" END, "INVALID"),
		ROW("--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
		    "base64\r\n\r\n1\r\n" END,
		        "INVALID"),
		ROW(FIELD("a") "\xff\r\n" END, "INVALID"),
		ROW(FIELD("a") "\0\r\n" END, "INVALID"),
		ROW(FILE_("f", "") "\r\ndata\r\n" END, "INVALID"),
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_type("multipart/form-data; boundary=XX", rows[i].body, rows[i].want);
}

static void test_limits(void **state)
{
#define F FIELD("a") "1\r\n"
	check(F F F F F END, "a=1\na=1\na=1\na=1\na=1\n");
	check(F F F F F F END, "TOO_LARGE");
#define T16 "0123456789abcdef"
	check(FIELD("a") T16 T16 T16 T16 "\r\n" END, "a=" T16 T16 T16 T16 "\n");
	check(FIELD("a") T16 T16 T16 T16 "0\r\n" END, "TOO_LARGE");
	check(FIELD("a") T16 T16 T16 "\r\n" FIELD("a") T16 T16 T16 "\r\n" FIELD("a") T16 "\r\n" END, "TOO_LARGE");
#define T256 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16 T16
#define T4096 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256 T256
	check(FILE_("f", "x") "\r\n" T4096 "\r\n" END, "f:x:application/octet-stream:" T4096 "\n");
	check(FILE_("f", "x") "\r\n" T4096 "0\r\n" END, "TOO_LARGE");
	check("--XX\r\nX: " T256 "\r\nContent-Disposition: form-data; name=aaaaaaaa\r\n\r\n1\r\n" END, "TOO_LARGE");
	check(FILE_("f", "x") "\r\n\r\n" FILE_("f", "x") "\r\n\r\n" FILE_("f", "x") "\r\n\r\n" END, "TOO_LARGE");
#define H "a:b\r\n"
	check("--XX\r\n" H H H H H H H H H H H H H H H "Content-Disposition: form-data; name=a\r\n\r\n1\r\n" END,
	        "a=1\n");
	check("--XX\r\n" H H H H H H H H H H H H H H H H "Content-Disposition: form-data; name=a\r\n\r\n1\r\n" END,
	        "INVALID");
}

static void test_content_type(void **state)
{
	static const struct { const char *type, *want; } rows[] = {
		{ "multipart/form-data; boundary=XX", "" },
		{ "Multipart/Form-Data; charset=utf-8; Boundary=\"XX\"", "" },
		{ "multipart/form-data", "MEDIA_TYPE" },
		{ "multipart/mixed; boundary=XX", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=\"\"", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=\"XX \"", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=\"X\rX\"", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=X{X", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=XX; boundary=YY", "MEDIA_TYPE" },
		{ "multipart/form-data; boundary=XX, multipart/form-data", "MEDIA_TYPE" },
		{ "multipart/form-data; "
		  "boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
		        "MEDIA_TYPE" },
		{ "application/x-www-form-urlencoded", "MEDIA_TYPE" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_type(rows[i].type, STR(END), rows[i].want);
	check_type(NULL, STR(END), "MEDIA_TYPE");
#define B70 "0123456789012345678901234567890123456789012345678901234567890123456789"
	check_type("multipart/form-data; boundary=" B70, STR("--" B70 "--\r\n"), "");
}

static void test_filenames(void **state)
{
	static const struct { struct str in; const char *want; } rows[] = {
#define NAME(in, want) { STR_INIT(in), want }
		NAME("a.jpg", "a.jpg"),
		NAME("", "file"),
		NAME("/", "file"),
		NAME("..", "file"),
		NAME("...x", "x"),
		NAME(" . a. ", "a"),
		NAME(".htaccess", "htaccess"),
		NAME("a\r\nb", "ab"),
		NAME("a<b>:\"|?*", "a_b______"),
		NAME("a\xff"
		     "b",
		        "a_b"),
		NAME("\xe2\x80\xaegpj.exe", "gpj.exe"),
		NAME("caf\xc3\xa9.txt", "caf\xc3\xa9.txt"),
		NAME("a\0b", "ab"),
		NAME("dir\\sub/x\\y.z", "y.z"),
	};
	SCOPED_ARENA *a = arena_new(1 << 20);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str got = multipart_filename(a, rows[i].in);
		if (!str_eqc(got, rows[i].want))
			fail_msg("%s gives %.*s", rows[i].in.p, STR_ARG(got));
	}
	char longer[601];
	for (int i = 0; i < 600; i += 2)
		memcpy(longer + i, "\xc3\xa9", 2);
	struct str got = multipart_filename(a, str_n(longer, 600));
	assert_int_equal(got.n, 200);
	assert_true(str_utf8_valid(got));
}

static void test_take(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct multipart *m;
	assert_int_equal(
	        run(a, STR(FILE_("f", "x") "\r\nkept\r\n" END), 7, "multipart/form-data; boundary=XX", &m), ST_OK);
	unsigned n;
	struct upload *u = multipart_uploads(m, &n);
	assert_int_equal(n, 1);
	int fd = upload_take(u);
	arena_free(a);
	char text[8];
	assert_int_equal(read(fd, text, sizeof text), 4);
	assert_memory_equal(text, "kept", 4);
	close(fd);
}

static void test_after_failure(void **state)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct multipart *m;
	assert_int_equal(run(a, STR("--XX?"), 1, "multipart/form-data; boundary=XX", &m), ST_INVALID);
	assert_int_equal(multipart_feed(m, STR("--XX--"), NULL), ST_INVALID);
	assert_int_equal(multipart_end(m, NULL), ST_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_filenames),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_after_failure),
	};
	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
