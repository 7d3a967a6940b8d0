/* SPDX-License-Identifier: Apache-2.0
 *
 * A message as bytes: RFC 5322 header, RFC 2047 words for what is not ASCII, RFC 2045/2046 body, text and HTML as
 * alternatives in quoted-printable. Nothing given by a person can end a header line: control characters are refused in
 * addresses and header values, and turned into spaces in names and subjects.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "platform/mail/mail_int.h"

/* RFC 5321 4.5.3.1, RFC 5322 2.1.1. */
#define LOCAL_PART_MAX   64
#define ADDRESS_MAX      254
#define HEADER_NAME_MAX  60
#define HEADER_VALUE_MAX 900
#define QUOTED_MAX       60 /* a longer name goes in words */

enum { LINE = 76, WORD_BYTES = 45 /* of input: "=?UTF-8?B?" + 60 + "?=" fits 75, RFC 2047 section 2 */ };

/* --- addresses --- */

static bool alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits and those of extra, with single dots between. */
static bool dotted(struct str s, const char *extra)
{
	bool dot = true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.' ? dot : !alnum((unsigned char)c) && !(c && strchr(extra, c)))
			return false;
		dot = c == '.';
	}
	return !dot;
}

bool mail_address_ok(struct str a)
{
	ptrdiff_t at = str_rchr(a, '@');
	if (at < 1 || at > LOCAL_PART_MAX || a.n > ADDRESS_MAX)
		return false;
	struct str domain = str_skip(a, (size_t)at + 1);
	return dotted(str_first(a, (size_t)at), "!#$%&'*+-/=?^_`{|}~") && dotted(domain, "-") && domain.p[0] != '-';
}

/* "Name <a@b>" or "a@b". */
bool mail_from_parse(struct str from, struct str *name, struct str *address)
{
	ptrdiff_t open = str_rchr(from, '<');
	*name = STR("");
	*address = str_trim(from);
	if (open >= 0) {
		struct str rest = str_trim(str_skip(from, (size_t)open + 1));
		if (!rest.n || rest.p[rest.n - 1] != '>')
			return false;
		*address = str_first(rest, rest.n - 1);
		*name = str_trim(str_first(from, (size_t)open));
		if (name->n >= 2 && name->p[0] == '"' && name->p[name->n - 1] == '"')
			*name = str_n(name->p + 1, name->n - 2);
	}
	return mail_address_ok(*address);
}

/* --- header --- */

static bool is_printable_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return !s.n || str_find(s, STR("=?")) < 0;
}

static void base64(struct buf *b, const unsigned char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		size_t k = n - i < 3 ? n - i : 3;
		unsigned v = (unsigned)p[i] << 16 | (k > 1 ? (unsigned)p[i + 1] << 8 : 0) | (k > 2 ? p[i + 2] : 0);
		for (size_t j = 0; j < 4; j++)
			buf_putc(b, j <= k ? digits[v >> (18 - 6 * j) & 63] : '=');
	}
}

/* Encoded words, whole characters in each, one per line. */
static void put_words(struct buf *b, struct str s)
{
	bool first = true;
	while (s.n) {
		size_t n = str_utf8_fit(s, WORD_BYTES).n;
		if (!n)
			n = 1; /* no text */
		char clean[WORD_BYTES];
		for (size_t i = 0; i < n; i++)
			clean[i] = (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : s.p[i];
		if (!first)
			BUF_LIT(b, "\r\n ");
		BUF_LIT(b, "=?UTF-8?B?");
		base64(b, (const unsigned char *)clean, n);
		BUF_LIT(b, "?=");
		s = str_skip(s, n);
		first = false;
	}
}

/* Unstructured text, folded at spaces. used: what the line holds already. */
static void put_text(struct buf *b, struct str s, size_t used)
{
	if (!is_printable_ascii(s)) {
		BUF_LIT(b, "\r\n ");
		put_words(b, s);
		return;
	}
	struct str rest = s, word;
	bool first = true;
	while (rest.p && str_next(&rest, ' ', &word)) {
		if (!first && used + 1 + word.n > LINE) {
			BUF_LIT(b, "\r\n");
			used = 0;
		}
		if (!first)
			buf_putc(b, ' ');
		buf_putstr(b, word);
		used += word.n + !first;
		first = false;
	}
}

static void put_mailbox(struct buf *b, const char *field, struct str name, struct str address)
{
	buf_printf(b, "%s: ", field);
	if (!name.n) {
		buf_printf(b, "%.*s\r\n", STR_ARG(address));
		return;
	}
	if (is_printable_ascii(name) && name.n <= QUOTED_MAX) {
		buf_putc(b, '"');
		for (size_t i = 0; i < name.n; i++) {
			if (name.p[i] == '"' || name.p[i] == '\\')
				buf_putc(b, '\\');
			buf_putc(b, name.p[i]);
		}
		buf_putc(b, '"');
	} else {
		put_words(b, name);
	}
	buf_printf(b, "\r\n <%.*s>\r\n", STR_ARG(address));
}

static bool header_ok(const struct http_header *h)
{
	static const char *const ours[] = { "from", "to", "subject", "date", "mime-version", "content-type",
		"content-transfer-encoding", "reply-to", "bcc", "cc", "sender", "return-path" };
	if (!h->name.n || h->name.n > HEADER_NAME_MAX || h->value.n > HEADER_VALUE_MAX || !is_printable_ascii(h->value))
		return false;
	for (size_t i = 0; i < h->name.n; i++)
		if (h->name.p[i] <= 0x20 || h->name.p[i] > 0x7e || h->name.p[i] == ':')
			return false;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (str_ieqc(h->name, ours[i]))
			return false;
	return true;
}

/* --- body --- */

/* Quoted-printable (RFC 2045 6.7); line ends become CRLF; a dot or "From " at a line's start is coded for old relays.
 */
static void put_quoted(struct buf *b, struct str s)
{
	size_t column = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
			continue;
		if (c == '\n') {
			BUF_LIT(b, "\r\n");
			column = 0;
			continue;
		}
		bool last = i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r';
		bool code = c > 0x7e || (c < 0x20 && c != '\t') || c == '=' || ((c == ' ' || c == '\t') && last) ||
			    (column == 0 && (c == '.' || (c == 'F' && str_starts(str_skip(s, i), STR("From ")))));
		if (column + (code ? 3 : 1) > LINE - 1) {
			BUF_LIT(b, "=\r\n");
			column = 0;
		}
		if (code)
			buf_printf(b, "=%02X", c);
		else
			buf_putc(b, (char)c);
		column += code ? 3 : 1;
	}
	BUF_LIT(b, "\r\n");
}

static void put_part(struct buf *b, const char *type, struct str body)
{
	buf_printf(
	        b, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
	put_quoted(b, body);
}

static void begin_multipart(struct buf *b, const char *kind, char boundary[33])
{
	random_hex(boundary, 16); /* neither quoted-printable nor base64 can hold "=_" */
	buf_printf(b, "Content-Type: multipart/%s;\r\n boundary=\"=_%s\"\r\n\r\n", kind, boundary);
}

static void put_texts(struct buf *b, const struct mail *m)
{
	char boundary[33];
	if (!m->html.p) {
		put_part(b, "plain", m->text);
		return;
	}
	begin_multipart(b, "alternative", boundary);
	buf_printf(b, "--=_%s\r\n", boundary);
	put_part(b, "plain", m->text);
	buf_printf(b, "--=_%s\r\n", boundary);
	put_part(b, "html", m->html);
	buf_printf(b, "--=_%s--\r\n", boundary);
}

static void put_attachment(struct buf *b, const struct mail_attachment *a)
{
	enum { LINE_BYTES = LINE / 4 * 3 };
	buf_printf(b, "Content-Type: %.*s\r\nContent-Transfer-Encoding: base64\r\n", STR_ARG(a->type));
	buf_printf(b, "Content-Disposition: attachment; filename=\"%.*s\"\r\n\r\n", STR_ARG(a->name));
	for (size_t i = 0; i < a->bytes.n; i += LINE_BYTES) {
		size_t n = a->bytes.n - i < LINE_BYTES ? a->bytes.n - i : LINE_BYTES;
		base64(b, (const unsigned char *)a->bytes.p + i, n);
		BUF_LIT(b, "\r\n");
	}
}

/* RFC 2046 5.1.3: the letter, then what comes with it. */
static void put_body(struct buf *b, const struct mail *m)
{
	char boundary[33];
	if (!m->attachment_count) {
		put_texts(b, m);
		return;
	}
	begin_multipart(b, "mixed", boundary);
	buf_printf(b, "--=_%s\r\n", boundary);
	put_texts(b, m);
	for (unsigned i = 0; i < m->attachment_count; i++) {
		buf_printf(b, "--=_%s\r\n", boundary);
		put_attachment(b, &m->attachments[i]);
	}
	buf_printf(b, "--=_%s--\r\n", boundary);
}

bool mail_attachment_ok(const struct mail_attachment *a)
{
	if (!a->name.n || a->name.n > HEADER_NAME_MAX || a->type.n > HEADER_NAME_MAX || str_find(a->type, STR("/")) < 1)
		return false;
	for (size_t i = 0; i < a->name.n; i++)
		if (!alnum((unsigned char)a->name.p[i]) && !strchr("._-", a->name.p[i]))
			return false;
	for (size_t i = 0; i < a->type.n; i++)
		if (!alnum((unsigned char)a->type.p[i]) && !strchr("/.+-=; ", a->type.p[i]))
			return false;
	return true;
}

static bool has_header(const struct mail *m, const char *name)
{
	for (unsigned i = 0; i < m->header_count; i++)
		if (str_ieqc(m->headers[i].name, name))
			return true;
	return false;
}

static enum status mail_check(const struct mail *m, struct str from_address, struct err *e)
{
	if (!mail_address_ok(m->to))
		return err_set(e, ST_INVALID, "\"%.*s\" is not an e-mail address", STR_ARG(str_shown(m->to)));
	if (m->reply_to.p && !mail_address_ok(m->reply_to))
		return err_set(e, ST_INVALID, "the reply address is not an e-mail address");
	if (!from_address.p)
		return err_set(e, ST_CONFIG, "mail.from must be an address, or a name and <address>");
	if (!str_utf8_valid(m->text) || (m->html.p && !str_utf8_valid(m->html)) || !str_utf8_valid(m->subject) ||
	    (m->to_name.p && !str_utf8_valid(m->to_name)))
		return err_set(e, ST_INVALID, "a message must be UTF-8");
	for (unsigned i = 0; i < m->attachment_count; i++)
		if (!mail_attachment_ok(&m->attachments[i]))
			return err_set(e, ST_INVALID, "\"%.*s\" can not be attached",
			               STR_ARG(str_shown(m->attachments[i].name)));
	for (unsigned i = 0; i < m->header_count; i++)
		if (!header_ok(&m->headers[i]))
			return err_set(e, ST_INVALID, "the header \"%.*s\" can not be set",
			               STR_ARG(str_shown(m->headers[i].name)));
	return ST_OK;
}

enum status mail_format(struct ctx *ctx, const struct mail *m, struct str from, struct buf *out, struct err *e)
{
	struct str name, address;
	char date[CLOCK_TEXT_MAX], id[ID_TEXT_LEN + 1], random[17];
	if (!mail_from_parse(from, &name, &address))
		address = STR_NULL;
	TRY(mail_check(m, address, e));
	put_mailbox(out, "From", name, address);
	put_mailbox(out, "To", m->to_name.p ? m->to_name : STR(""), m->to);
	if (m->reply_to.p)
		buf_printf(out, "Reply-To: %.*s\r\n", STR_ARG(m->reply_to));
	BUF_LIT(out, "Subject: ");
	put_text(out, m->subject, 9);
	clock_rfc822(clock_now_us(), date);
	buf_printf(out, "\r\nDate: %s\r\n", date);
	if (!has_header(m, "message-id")) {
		id_text(id_new(), id);
		random_hex(random, 8);
		struct str domain = str_skip(address, (size_t)str_rchr(address, '@') + 1);
		buf_printf(out, "Message-ID: <%s.%s@%.*s>\r\n", id, random, STR_ARG(domain));
	}
	for (unsigned i = 0; i < m->header_count; i++)
		buf_printf(out, "%.*s: %.*s\r\n", STR_ARG(m->headers[i].name), STR_ARG(m->headers[i].value));
	BUF_LIT(out, "MIME-Version: 1.0\r\n");
	put_body(out, m);
	return buf_ok(out) ? ST_OK : err_set(e, ST_TOO_LARGE, "the message is too large");
}
