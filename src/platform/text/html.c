/* SPDX-License-Identifier: Apache-2.0
 *
 * Escapers. Each is one table of 256 entries (NULL: the byte stands for itself) and one loop that copies the longest
 * run of harmless bytes at once, looked for sixteen at a time. Output is UTF-8; NUL becomes U+FFFD everywhere, as an
 * HTML parser would make of it.
 */
#include "platform/text/html.h"

#include "base/clock.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define REPLACEMENT "\xef\xbf\xbd"

static const char *const text_escapes[256] = {
	['\0'] = REPLACEMENT, ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
};
/* CR and LF would be folded by a parser inside an attribute or not, depending on it: keep them exact. */
static const char *const attr_escapes[256] = {
	['\0'] = REPLACEMENT, ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
	['"'] = "&quot;",     ['\''] = "&#39;", ['`'] = "&#96;", ['\r'] = "&#13;", ['\n'] = "&#10;",
};

typedef unsigned char bytes16 __attribute__((vector_size(16))); /* SSE2, NEON, or whatever the compiler makes of it */

static inline bytes16 load16(const char *p)
{
	bytes16 v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline bool any(bytes16 hits)
{
	uint64_t half[2];
	memcpy(half, &hits, sizeof half);
	return half[0] | half[1];
}

/* Each may say yes for a byte that its table then finds harmless, never the other way round. */
static inline bool text_hits(bytes16 v) { return any((bytes16)((v == '&') | (v == '<') | (v == '>') | (v == 0))); }
static inline bool attr_hits(bytes16 v)
{
	return any(
	        (bytes16)((v == '&') | (v == '<') | (v == '>') | (v == '"') | (v == '\'') | (v == '`') | (v < 0x20)));
}
static inline bool control_hits(bytes16 v) { return any((bytes16)((v < 0x20) | (v == 0x7f))); }

static inline __attribute__((always_inline)) void escape(struct buf *b, struct str s, const char *const table[256],
                                                         bool (*hits)(bytes16 v))
{
	size_t run = 0, i = 0;
	while (i < s.n) {
		if (s.n - i >= 16 && !hits(load16(s.p + i))) {
			i += 16;
			continue;
		}
		for (size_t end = s.n - i < 16 ? s.n : i + 16; i < end; i++) {
			const char *sub = table[(unsigned char)s.p[i]];
			if (!sub)
				continue;
			buf_put(b, s.p + run, i - run);
			buf_puts(b, sub);
			run = i + 1;
		}
	}
	if (s.n > run)
		buf_put(b, s.p + run, s.n - run);
}

void html_text(struct buf *b, struct str s) { escape(b, s, text_escapes, text_hits); }
void html_attr(struct buf *b, struct str s) { escape(b, s, attr_escapes, attr_hits); }

/* --- URLs ----------------------------------------------------------------------------------------------------- */

static bool is_alpha(unsigned char c) { return (unsigned)((c | 0x20) - 'a') < 26; }
static bool is_digit(unsigned char c) { return (unsigned)(c - '0') < 10; }

/* What a browser does first (WHATWG URL 4.4): strips C0 and space at the ends, removes TAB, LF, CR anywhere. A URL that
   needs the latter is refused instead: nobody writes one in good faith. */
struct str html_url_clean(struct str s)
{
	while (s.n && (unsigned char)s.p[0] <= 0x20)
		s = str_skip(s, 1);
	while (s.n && (unsigned char)s.p[s.n - 1] <= 0x20)
		s.n--;
	size_t i = 0;
	while (s.n - i >= 16 && !control_hits(load16(s.p + i)))
		i += 16;
	for (; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return STR_NULL;
	return s;
}

bool html_url_scheme(struct str s, struct str *scheme)
{
	*scheme = STR_NULL;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '/' || c == '?' || c == '#')
			return true;
		if (c == ':') {
			*scheme = str_first(s, i);
			return i > 0 && is_alpha((unsigned char)s.p[0]);
		}
		if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') {
			/* No scheme can start here; a colon before the first of / ? # is refused, since readers
			   disagree on it. */
			for (; i < s.n && s.p[i] != '/' && s.p[i] != '?' && s.p[i] != '#'; i++)
				if (s.p[i] == ':')
					return false;
			return true;
		}
	}
	return true;
}

/* Registered ones (IANA) that hand an address to another program, and none that runs or shows something in the page. */
bool html_scheme_is_link(struct str scheme)
{
	static const char *const schemes[] = { "http", "https", "mailto", "tel", "sms", "webcal", "webcals", "xmpp",
		"ftp", "ftps", "sftp", "geo", "irc", "ircs", "sip", "sips", "matrix", "magnet", "news", "nntp",
		"gopher", "gemini", "openpgp4fpr", "bitcoin", "acct", "feed" };
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (str_ieqc(scheme, schemes[i]))
			return true;
	return false;
}

static bool url_allowed(struct str s)
{
	struct str scheme;
	if (!s.p || !html_url_scheme(s, &scheme))
		return false;
	return !scheme.p || html_scheme_is_link(scheme);
}

void html_url(struct buf *b, struct str s)
{
	struct str clean = s.p ? html_url_clean(s) : STR("");
	if (url_allowed(clean))
		html_attr(b, clean);
	else
		buf_putc(b, '#');
}

void url_encode(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	static const bool unreserved[256] = {
		['a' ... 'z'] = true,
		['A' ... 'Z'] = true,
		['0' ... '9'] = true,
		['-'] = true,
		['.'] = true,
		['_'] = true,
		['~'] = true,
	};
	for (size_t i = 0, run; i < s.n; i++) {
		for (run = i; i < s.n && unreserved[(unsigned char)s.p[i]]; i++)
			;
		buf_put(b, s.p + run, i - run);
		if (i < s.n) {
			unsigned char c = (unsigned char)s.p[i];
			const char enc[3] = { '%', hex[c >> 4], hex[c & 15] };
			buf_put(b, enc, sizeof enc);
		}
	}
}

/* --- script ----------------------------------------------------------------------------------------------------- */

/* Length of the valid UTF-8 sequence at p (RFC 3629), 0 when there is none. */
static size_t utf8_seq(const unsigned char *p, size_t n)
{
	if (p[0] < 0x80)
		return 1;
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static void js_ascii(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"': BUF_LIT(b, "\\\""); return;
	case '\\': BUF_LIT(b, "\\\\"); return;
	case '\n': BUF_LIT(b, "\\n"); return;
	case '\r': BUF_LIT(b, "\\r"); return;
	case '\t': BUF_LIT(b, "\\t"); return;
	default: break;
	}
	/* < > & would let "</script>" or "<!--" end or confuse the element; ' keeps it usable inside attributes. */
	if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == '\'')
		buf_printf(b, "\\u%04x", c);
	else
		buf_putc(b, (char)c);
}

static bool line_separator(const unsigned char *p, size_t len)
{
	return len == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8;
}

/* Length of what may stand as it is at p, 0 when something must be done about it. */
static size_t js_plain(const unsigned char *p, size_t n)
{
	static const bool special[128] = {
		[0 ... 0x1f] = true,
		[0x7f] = true,
		['"'] = true,
		['\\'] = true,
		['<'] = true,
		['>'] = true,
		['&'] = true,
		['\''] = true,
	};
	if (*p < 0x80)
		return !special[*p];
	size_t len = utf8_seq(p, n);
	return line_separator(p, len) ? 0 : len;
}

void html_js(struct buf *b, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	buf_putc(b, '"');
	for (size_t i = 0, run = 0, len; run < s.n; i += len) {
		len = i < s.n ? js_plain(p + i, s.n - i) : 0;
		if (len)
			continue;
		if (i > run)
			buf_put(b, p + run, i - run);
		if (i == s.n)
			break;
		len = utf8_seq(p + i, s.n - i);
		if (len == 1) {
			js_ascii(b, p[i]);
		} else if (len == 0) {
			BUF_LIT(b, REPLACEMENT);
			len = 1;
		} else { /* U+2028 and U+2029 end a line in older JavaScript */
			buf_puts(b, p[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
		}
		run = i + len;
	}
	buf_putc(b, '"');
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

void html_i64(struct buf *b, int64_t v) { buf_put_i64(b, v); }

void html_f64(struct buf *b, double v)
{
	char text[40];
	if (!isfinite(v)) { /* left out: neither JSON nor CSS can express these */
		buf_putc(b, '0');
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_puts(b, text);
}

/* --- fragment markers --------------------------------------------------------------------------------------------- */

/* Every id that stands in a template as it is (the lint compares), and the global that a script asks for before it
   uses it: an element's id would answer. */
static const char *const reserved_ids[] = { "action", "actor", "avatar", "bio", "chain", "code", "comments",
	"code-why", "comments-head", "content", "email", "f-card", "f-code", "f-cvc", "f-expiry", "f-file",
	"f-file-hint", "f-holder", "f-max",
	"f-quantity", "f-restock", "f-text", "f-text-hint", "f-there", "f-via", "former", "fresh",
	"fresh-rule", "g-q", "g-state", "g-supplier", "handle", "locale", "name", "no_avatar", "object",
	"own-comments-head", "password", "password-rule", "pictures",
	"PublicKeyCredential", "q", "role", "status", "t-q", "timezone", "user_code", "variants" };

bool html_id_is_reserved(struct str id)
{
	for (size_t i = 0; i < sizeof reserved_ids / sizeof *reserved_ids; i++)
		if (str_eqc(id, reserved_ids[i]))
			return true;
	return false;
}

struct str html_content_id(struct arena *a, struct str id)
{
	return html_id_is_reserved(id) ? arena_strf(a, "c-%.*s", STR_ARG(id)) : id;
}

static char marker_open[sizeof "<!--f:" + 32]; /* "<!--f:" and 32 hex digits */
static pthread_once_t marker_once = PTHREAD_ONCE_INIT;

static void make_marker(void)
{
	unsigned char key[16];
	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		abort(); /* 16 bytes are never cut short once the pool is up: without them markers could be forged */
	memcpy(marker_open, "<!--f:", 6);
	for (size_t i = 0; i < sizeof key; i++)
		snprintf(marker_open + 6 + 2 * i, 3, "%02x", key[i]);
}

struct str html_fragment_open(void)
{
	pthread_once(&marker_once, make_marker);
	return str_n(marker_open, sizeof marker_open - 1);
}

void html_fragment_marker(struct buf *b, const char *service, const char *type, struct str params)
{
	buf_putstr(b, html_fragment_open());
	buf_putc(b, ' ');
	url_encode(b, str_c(service));
	buf_putc(b, ' ');
	url_encode(b, str_c(type));
	buf_putc(b, ' ');
	url_encode(b, params);
	BUF_LIT(b, "-->");
}
