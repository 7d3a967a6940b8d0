/* SPDX-License-Identifier: Apache-2.0
 * Messages as bytes: what a recipient's program will read, and what nobody can smuggle into it. */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/clock.h"
#include "platform/mail/mail_int.h"

static struct arena *arena;
static struct ctx ctx;

static enum status format(const struct mail *m, struct buf *out)
{
	buf_arena(out, arena, 1 << 20);
	return mail_format(&ctx, m, STR("Zoë's Co-op <no-reply@example.org>"), out, NULL);
}

static int setup(void **state)
{
	arena = arena_new(64 << 20);
	ctx_init(&ctx, arena);
	return 0;
}

static int teardown(void **state)
{
	arena_free(arena);
	clock_fake_us(0);
	return 0;
}

static void plain_text(void **state)
{
	const struct http_header extra = { STR("Message-ID"), STR("<1@example.org>") };
	struct mail m = { .to = STR("a.b@example.com"), .to_name = STR("Ann \"B\" C"), .subject = STR("Hello"),
			  .text = STR("One\nTwo = 2 \n.dot\nFrom here\nend"), .headers = &extra, .header_count = 1 };
	struct buf b;
	clock_fake_us(INT64_C(1795249800) * US_PER_S);
	assert_int_equal(format(&m, &b), ST_OK);
	assert_string_equal(b.data,
	        "From: =?UTF-8?B?Wm/DqydzIENvLW9w?=\r\n <no-reply@example.org>\r\n"
	        "To: \"Ann \\\"B\\\" C\"\r\n <a.b@example.com>\r\n"
	        "Subject: Hello\r\n"
	        "Date: Sat, 21 Nov 2026 08:30:00 +0000\r\n"
	        "Message-ID: <1@example.org>\r\n"
	        "MIME-Version: 1.0\r\n"
	        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
	        "One\r\nTwo =3D 2=20\r\n=2Edot\r\n=46rom here\r\nend\r\n");
}

/* Every line at most 76 characters and CR LF, whatever goes in. */
static void lines(void **state)
{
	char text[5000];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = "ä= \tx."[i % 7 == 6 ? 0 : i % 7];
	for (size_t i = 0; i + 1 < sizeof text; i += 7) { /* whole characters */
		text[i] = '\xc3';
		text[i + 1] = '\xa4';
	}
	for (size_t i = 6; i < sizeof text; i += 7)
		text[i] = '=';
	text[sizeof text - 1] = 'x';
	struct mail m = {
		.to = STR("a@b.c"), .subject = str_n(text, 4998), .text = str_n(text, 4998), .html = STR("<p>é</p>")
	};
	struct buf b;
	assert_int_equal(format(&m, &b), ST_OK);
	struct str rest = buf_str(&b), line;
	while (rest.n && str_next(&rest, '\n', &line)) {
		assert_true(line.n >= 1 && line.p[line.n - 1] == '\r' && line.n <= 77);
		for (size_t i = 0; i + 1 < line.n; i++)
			assert_true((line.p[i] >= 0x20 && line.p[i] < 0x7f) || line.p[i] == '\t');
	}
	assert_true(str_find(buf_str(&b), STR("multipart/alternative;\r\n boundary=\"=_")) > 0);
}

static void header_injection(void **state)
{
	struct buf b;
	struct mail m = { .to = STR("a@b.c"),
		.to_name = STR("x\r\nBcc: evil@example.net"),
		.subject = STR("s\r\nBcc: evil@example.net\r\n\r\nbody"),
		.text = STR("t") };
	assert_int_equal(format(&m, &b), ST_OK);
	assert_true(str_find(buf_str(&b), STR("\nBcc")) < 0);
	assert_true(str_find(buf_str(&b), STR("evil@")) < 0); /* inside an encoded word */
	static const struct http_header bad[] = {
		{ STR("X-A"), STR("1\r\nBcc: e@x.y") },
		{ STR("X-A\r\nBcc"), STR("1") },
		{ STR("X A"), STR("1") },
		{ STR("X:"), STR("1") },
		{ STR("Bcc"), STR("e@x.y") },
		{ STR("From"), STR("e@x.y") },
		{ STR(""), STR("1") },
		{ STR("X"), STR("é") },
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		m.headers = &bad[i];
		m.header_count = 1;
		assert_int_equal(format(&m, &b), ST_INVALID);
	}
}

/* A letter and what comes with it; a name or a type that would end a line is refused. */
static void attachments(void **state)
{
	struct mail_attachment a = { STR("collection.ics"), STR("text/calendar; charset=utf-8"), STR_NULL };
	struct mail m = { .to = STR("a@example.com"), .subject = STR("Hello"), .text = STR("One"), .attachments = &a,
			  .attachment_count = 1 };
	char bytes[200];
	struct buf b;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	a.bytes = str_n(bytes, sizeof bytes);
	assert_int_equal(format(&m, &b), ST_OK);
	assert_non_null(strstr(b.data, "Content-Type: multipart/mixed;\r\n boundary=\"=_"));
	assert_non_null(strstr(b.data,
	        "Content-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
	        "Content-Disposition: attachment; filename=\"collection.ics\"\r\n\r\n"
	        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4\r\n"
	        "OTo7PD0+"));
	assert_non_null(strstr(b.data, "xsc=\r\n--=_"));
	for (const char *line = b.data, *end; (end = strstr(line, "\r\n")); line = end + 2)
		assert_true(end - line <= 76);
	const struct str bad[] = { STR(""), STR("a b.ics"), STR("a\".ics"), STR("a\r\nx: y"), STR("ä.ics") };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		a.name = bad[i];
		assert_int_equal(format(&m, &b), ST_INVALID);
	}
	a.name = STR("a.ics");
	a.type = STR("text/calendar\r\nx: y");
	assert_int_equal(format(&m, &b), ST_INVALID);
}

static void addresses(void **state)
{
	static const char *const good[] = { "a@b.c", "first.last+tag@sub.example-x.org", "o'brien@example.ie",
		"x@localhost" };
	static const char *const bad[] = { "", "a", "@b.c", "a@", "a@b..c", ".a@b.c", "a.@b.c", "a b@c.d", "a@b c",
		"a@-b.c", "a@b.c.", "a\r\n@b.c", "a@b.c\n", "<a@b.c>", "a@b_c.d", "a,b@c.d", "a@[1.2.3.4]",
		"\"a b\"@c.d", "ä@b.c" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(mail_address_ok(str_c(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (mail_address_ok(str_c(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_false(mail_address_ok(STR("a\0b@c.d")));
	struct str name, address;
	assert_true(mail_from_parse(STR("\"A, B\" <x@y.z>"), &name, &address));
	assert_true(str_eqc(name, "A, B") && str_eqc(address, "x@y.z"));
	assert_false(mail_from_parse(STR("A <x@y.z"), &name, &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(plain_text), cmocka_unit_test(lines),
		cmocka_unit_test(header_injection), cmocka_unit_test(attachments),
		cmocka_unit_test(addresses) };
	return cmocka_run_group_tests(tests, setup, teardown);
}
