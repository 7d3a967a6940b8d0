/* SPDX-License-Identifier: Apache-2.0
 *
 * See h1_parser.h. Every scanner below runs over one line that is known to end in LF, which no rule accepts anywhere
 * but at its end: LF is the sentinel, and no scanner needs a bounds check.
 */
#include "net/h1/h1_parser.h"

#include <strings.h>

/*!re2c
	re2c:define:YYCTYPE  = "unsigned char";
	re2c:define:YYCURSOR = s;
	re2c:define:YYMARKER = marker;
	re2c:yyfill:enable   = 0;
	re2c:flags:tags      = 1;

	crlf   = "\r\n";
	ows    = [ \t]*;
	// RFC 9110 5.6.2
	tchar  = [!#$%&'*+.^_`|~0-9A-Za-z] | "-";
	token  = tchar+;
	// RFC 9110 5.5; obs-text is let through, controls are not
	vchar  = [\x21-\x7e\x80-\xff];
	value  = (vchar | [ \t])*;
	// RFC 9110 5.6.4
	quoted = ["] ([\t \x21\x23-\x5b\x5d-\x7e\x80-\xff] | "\\" [\t \x21-\x7e\x80-\xff])* ["];
	// What RFC 3986 has in a path or query, and what the WHATWG URL syntax leaves unencoded there. No fragment.
	uchar  = [\x21-\x7e] \ ["<>#\\];
	scheme = 'http' 's'? "://";
	// RFC 9112 7.1.1
	ext    = ows ";" ows token (ows "=" ows (token | quoted))?;
*/

#define METHOD_MAX 32
#define LENGTH_DIGITS 18 /* of a Content-Length: it fits into 64 bits */
#define LINE_MAX_CHUNK   1024
#define TRAILER_MAX      8192

void h1_head_init(struct h1_head *h, const struct http_limits *l)
{
	/* Not the field table: it is filled before it is read. */
	memset(h, 0, offsetof(struct h1_head, fields));
	memset(&h->count, 0, sizeof *h - offsetof(struct h1_head, count));
	size_t target = l->target ? l->target : 8 << 10, headers = l->headers ? l->headers : 32 << 10;
	h->target_max = (uint32_t)(target < H1_TARGET_MAX ? target : H1_TARGET_MAX);
	h->headers_max = (uint32_t)(headers < H1_HEADERS_MAX ? headers : H1_HEADERS_MAX);
	h->fields_max = !l->header_count ? 100 : l->header_count < H1_FIELDS_MAX ? l->header_count : H1_FIELDS_MAX;
}

static enum h1_result bad(struct h1_head *h, int status, const char *why)
{
	h->status = status;
	h->why = why;
	return H1_BAD;
}

static struct h1_span span(const char *buf, const unsigned char *from, const unsigned char *to)
{
	return (struct h1_span){ (uint32_t)((const char *)from - buf), (uint32_t)(to - from) };
}

static struct str at(const char *buf, struct h1_span s) { return str_n(buf + s.off, s.len); }

static bool is(struct str s, const char *lit, size_t n) { return s.n == n && !strncasecmp(s.p, lit, n); }
#define IS(s, lit) is((s), "" lit, sizeof(lit) - 1)

bool http_authority_valid(struct str a)
{
	char line[262];
	if (a.n == 0 || a.n > sizeof line - 2)
		return false;
	memcpy(line, a.p, a.n);
	line[a.n] = '\n';
	const unsigned char *s = (const unsigned char *)line, *marker;
	/*!re2c
		name = [A-Za-z0-9._~] | "-";
		port = ":" [0-9]{0,5};
		(name+ | "[" [0-9A-Fa-f:.]+ "]") port? "\n" { return (const char *)s == line + a.n + 1; }
		* { return false; }
	*/
}

/* --- request line (RFC 9112 3) ------------------------------------------------------------------------------------ */

static enum h1_result target_form(struct h1_head *h, const char *buf, struct str method)
{
	struct str t = at(buf, h->target);
	if (IS(method, "CONNECT") && method.p[0] == 'C')
		return bad(h, 501, "CONNECT is not supported");
	if (t.p[0] == '/')
		return H1_MORE;
	if (t.n == 1 && t.p[0] == '*') {
		if (!str_eq(method, STR("OPTIONS")))
			return bad(h, 400, "target * is for OPTIONS only");
		return H1_MORE;
	}
	const unsigned char *s = (const unsigned char *)t.p, *marker, *auth, *path;
	/*!stags:re2c:target format = "const unsigned char *@@ = NULL;"; */
	/*!re2c:target
		scheme @auth (name | [:] | "[" | "]")+ @path ("/" | "?" | " ") { goto absolute; }
		* { return bad(h, 400, "malformed target"); }
	*/
absolute:
	h->authority = span(buf, auth, path);
	const unsigned char *end = (const unsigned char *)t.p + t.n;
	h->target = span(buf, path, end);
	/* An empty path is "/", or "*" with OPTIONS (RFC 9112 3.2.1, 3.2.4): request_head reads "" as that. */
	return H1_MORE;
}

static enum h1_result request_line(struct h1_head *h, const char *buf, const unsigned char *s)
{
	const unsigned char *start = s, *marker, *m, *t, *v;
	/*!stags:re2c:request format = "const unsigned char *@@ = NULL;"; */
	/*!re2c:request
		token @m " " @t uchar+ @v " HTTP/1.1" crlf { h->version = HTTP_11; goto known; }
		token @m " " @t uchar+ @v " HTTP/1.0" crlf { h->version = HTTP_10; goto known; }
		token " " uchar+ " HTTP/" [0-9] "." [0-9] crlf { return bad(h, 505, "version not supported"); }
		* { return bad(h, 400, "malformed request line"); }
	*/
known:
	h->method = span(buf, start, m);
	h->target = span(buf, t, v);
	if (h->method.len > METHOD_MAX)
		return bad(h, 501, "unknown method");
	if (h->target.len > h->target_max)
		return bad(h, 414, "target too long");
	return target_form(h, buf, at(buf, h->method));
}

/* --- field lines (RFC 9112 5) -------------------------------------------------------------------------------------- */

static enum h1_result content_length(struct h1_head *h, struct str v)
{
	uint64_t n;
	if (h->have_length)
		return bad(h, 400, "second Content-Length");
	h->have_length = true;
	if (v.n == 0 || v.n > LENGTH_DIGITS)
		return bad(h, 400, "bad Content-Length");
	n = 0;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return bad(h, 400, "bad Content-Length");
		n = n * 10 + (unsigned)(v.p[i] - '0');
	}
	h->body_len = (int64_t)n;
	return H1_MORE;
}

static enum h1_result transfer_encoding(struct h1_head *h, struct str v)
{
	if (h->have_te)
		return bad(h, 400, "second Transfer-Encoding");
	h->have_te = true;
	if (h->version == HTTP_10)
		return bad(h, 400, "Transfer-Encoding in HTTP/1.0");
	if (!IS(v, "chunked"))
		return bad(h, 501, "unknown transfer coding");
	return H1_MORE;
}

static void connection(struct h1_head *h, struct str v)
{
	for (struct str rest = v, t; rest.p;) {
		const char *comma = memchr(rest.p, ',', rest.n);
		t = str_n(rest.p, comma ? (size_t)(comma - rest.p) : rest.n);
		rest = comma ? str_n(comma + 1, rest.n - t.n - 1) : STR_NULL;
		while (t.n && (*t.p == ' ' || *t.p == '\t'))
			t.p++, t.n--;
		while (t.n && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t'))
			t.n--;
		if (IS(t, "close"))
			h->close = true;
		else if (IS(t, "keep-alive"))
			h->saw_keep_alive = true;
		else if (IS(t, "upgrade"))
			h->upgrade = true;
	}
}

/* The fields that decide where the message ends and whom it is for. */
static enum h1_result framing(struct h1_head *h, const struct h1_field *f, const char *buf)
{
	struct str name = at(buf, f->name), v = at(buf, f->value);
	switch (name.n) {
	case 4:
		if (!IS(name, "host"))
			break;
		if (h->have_host)
			return bad(h, 400, "second Host");
		h->have_host = true;
		if (!http_authority_valid(v))
			return bad(h, 400, "bad Host");
		h->host = f->value;
		break;
	case 6:
		if (!IS(name, "expect"))
			break;
		if (!IS(v, "100-continue"))
			return bad(h, 417, "unknown expectation");
		h->expect_continue = h->version == HTTP_11;
		break;
	case 10:
		if (IS(name, "connection"))
			connection(h, v);
		break;
	case 14:
		if (IS(name, "content-length"))
			return content_length(h, v);
		break;
	case 17:
		if (IS(name, "transfer-encoding"))
			return transfer_encoding(h, v);
		break;
	default:
		break;
	}
	return H1_MORE;
}

static enum h1_result field_line(struct h1_head *h, const char *buf, const unsigned char *s)
{
	const unsigned char *start = s, *marker, *n, *v;
	/*!stags:re2c:field format = "const unsigned char *@@ = NULL;"; */
	/*!re2c:field
		token @n ":" ows @v value crlf { goto field; }
		[ \t] { return bad(h, 400, "folded header line"); }
		* { return bad(h, 400, "malformed header line"); }
	*/
field:
	if (h->count == h->fields_max)
		return bad(h, 431, "too many header lines");
	const unsigned char *end = s - 2;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	struct h1_field *f = &h->fields[h->count++];
	*f = (struct h1_field){ span(buf, start, n), span(buf, v, end) };
	return framing(h, f, buf);
}

/* The rules that need the whole head. */
static enum h1_result head_end(struct h1_head *h, const char *buf)
{
	if (h->have_te && h->have_length)
		return bad(h, 400, "Content-Length with Transfer-Encoding");
	if (h->have_te)
		h->body_len = -1;
	if (!h->have_host && h->version == HTTP_11)
		return bad(h, 400, "no Host");
	if (h->authority.len) {
		struct str a = at(buf, h->authority), host = at(buf, h->host);
		if (!http_authority_valid(a))
			return bad(h, 400, "bad authority in the target");
		if (h->have_host && !is(a, host.p, host.n))
			return bad(h, 400, "target and Host disagree");
	} else {
		h->authority = h->host;
	}
	h->keep_alive = h->version == HTTP_11 ? !h->close : h->saw_keep_alive && !h->close;
	return H1_DONE;
}

/* An unfinished line, or one just finished, may not be longer than what is left of its limit. */
static enum h1_result too_long(struct h1_head *h, size_t end)
{
	if (!h->have_line) /* the method and the version come on top */
		return end - h->line > h->target_max + 64u ? bad(h, 414, "request line too long") : H1_MORE;
	return end - h->fields_start > h->headers_max ? bad(h, 431, "header lines too long") : H1_MORE;
}

/* Refuse at once what can never become a request (TLS on a cleartext port, garbage), before its time is out. */
static bool plausible(const char *buf, size_t len, uint32_t line)
{
	unsigned char c = line < len ? (unsigned char)buf[line] : 'G';
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '\r' || (c > ' ' && c < 0x7f);
}

enum h1_result h1_head_parse(struct h1_head *h, const char *buf, size_t len, size_t *used)
{
	for (;;) {
		const char *nl = h->scan < len ? memchr(buf + h->scan, '\n', len - h->scan) : NULL;
		size_t end = nl ? (size_t)(nl - buf) + 1 : len;
		enum h1_result r = too_long(h, end);
		if (r == H1_BAD)
			return r;
		if (!nl) {
			h->scan = (uint32_t)len;
			if (!h->have_line && !plausible(buf, len, h->line))
				return bad(h, 400, "not HTTP");
			return H1_MORE;
		}
		const unsigned char *line = (const unsigned char *)buf + h->line;
		bool empty = end - h->line == 2 && line[0] == '\r';
		if (!h->have_line && empty && !h->skipped_empty) {
			h->skipped_empty = true; /* RFC 9112 2.2: one empty line before the request is forgiven */
		} else if (!h->have_line) {
			r = request_line(h, buf, line);
			h->have_line = true;
			h->fields_start = (uint32_t)end;
		} else if (empty) {
			*used = end;
			return head_end(h, buf);
		} else {
			r = field_line(h, buf, line);
		}
		if (r == H1_BAD)
			return r;
		h->line = h->scan = (uint32_t)end;
	}
}

/* --- chunked (RFC 9112 7.1) ----------------------------------------------------------------------------------------- */

static enum h1_result chunk_bad(struct h1_chunks *k, const char *why)
{
	k->why = why;
	return H1_BAD;
}

static enum h1_result chunk_size(struct h1_chunks *k, const unsigned char *s)
{
	const unsigned char *start = s, *marker, *d;
	/*!stags:re2c:chunk format = "const unsigned char *@@ = NULL;"; */
	/*!re2c:chunk
		[0-9A-Fa-f]{1,15} @d ext* crlf { goto size; }
		* { return chunk_bad(k, "malformed chunk size"); }
	*/
size:
	k->left = 0;
	for (; start < d; start++)
		k->left = k->left << 4 | (unsigned)(*start <= '9' ? *start - '0' : (*start | 0x20) - 'a' + 10);
	k->state = k->left ? H1_CHUNK_DATA : H1_CHUNK_TRAILER;
	return H1_MORE;
}

static enum h1_result trailer_line(struct h1_chunks *k, const unsigned char *s)
{
	const unsigned char *marker;
	/*!re2c
		crlf { k->state = H1_CHUNK_END; return H1_DONE; }
		token ":" value crlf { return H1_MORE; }
		* { return chunk_bad(k, "malformed trailer"); }
	*/
}

/* A size line or a trailer line, when it is complete. */
static enum h1_result chunk_line(struct h1_chunks *k, const char *buf, size_t len, size_t *used)
{
	const char *nl = memchr(buf, '\n', len);
	size_t n = nl ? (size_t)(nl - buf) + 1 : len;
	bool trailer = k->state == H1_CHUNK_TRAILER;
	if (n > (trailer ? TRAILER_MAX - k->trailer_bytes : LINE_MAX_CHUNK))
		return chunk_bad(k, trailer ? "trailers too long" : "chunk extension too long");
	*used = nl ? n : 0;
	if (!nl)
		return H1_MORE;
	if (!trailer)
		return chunk_size(k, (const unsigned char *)buf);
	k->trailer_bytes += (uint32_t)n;
	return trailer_line(k, (const unsigned char *)buf);
}

enum h1_result h1_chunks_next(struct h1_chunks *k, const char *buf, size_t len, size_t max, size_t *used, struct str *data)
{
	size_t pos = 0, n = 0;
	enum h1_result r = H1_MORE;
	*used = 0;
	while (r == H1_MORE && pos < len) {
		if (k->state == H1_CHUNK_END)
			return H1_DONE;
		if (k->state == H1_CHUNK_DATA) {
			n = len - pos < max ? len - pos : max;
			n = n < k->left ? n : (size_t)k->left;
			*data = str_n(buf + pos, n);
			k->left -= n;
			if (!k->left)
				k->state = H1_CHUNK_CRLF;
			*used = pos + n;
			return n ? H1_DATA : H1_MORE;
		}
		if (k->state == H1_CHUNK_CRLF) {
			if (buf[pos] != '\r' || (len - pos > 1 && buf[pos + 1] != '\n'))
				return chunk_bad(k, "chunk longer than its size");
			if (len - pos < 2)
				break;
			pos += 2;
			k->state = H1_CHUNK_SIZE;
			n = 2;
		} else {
			r = chunk_line(k, buf + pos, len - pos, &n);
			pos += n;
			if (!n)
				break;
		}
		*used = pos;
	}
	if (k->state == H1_CHUNK_END)
		return H1_DONE;
	return r;
}
