/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/web/web_kept.h"

#include <zlib.h>

#include "net/conn/brotli.h"
#include "rt/offload.h"

#define PAGE_MAGIC 0x33504847u /* "GHP3" */
#define COMPRESS_MIN 512
#define HEADERS_MAX    ((size_t)16 << 10) /* bytes; a page with more is not kept */
#define BROTLI_QUALITY 5 /* 11 takes fifty times as long for a tenth less */
#define DEFLATE_LEVEL 6
#define STORED_MAX 65535u /* bytes of a stored block, RFC 1951 3.2.4 */
#define STORED_HEAD 5u
#define GZIP_HEAD 10u
#define GZIP_TAIL 8u
#define FLUSH_ROOM 16u /* of a full flush, or of a stream's end */

/* Before each header; its name and value follow, each with a NUL. */
struct header_len { uint16_t name, value; };

/* --- opening ------------------------------------------------------------------------------------------------- */

static bool lies_in(const struct blob *b, uint64_t at, uint64_t len)
{
	return at <= b->len && len <= b->len - at;
}

static bool part_fits(const struct blob *b, const struct kept_part *p)
{
	return lies_in(b, p->at, p->len) && lies_in(b, p->packed, p->packed_len) &&
	        lies_in(b, p->name, (uint64_t)p->service + p->type + p->params);
}

bool kept_open(struct blob *b, struct kept_page *k)
{
	struct kept_head *h = &k->head;
	k->blob = b;
	if (b->len < sizeof *h)
		return false;
	memcpy(h, b->data, sizeof *h);
	if (h->magic != PAGE_MAGIC || h->headers_len > b->len - sizeof *h ||
	        memchr(h->etag, 0, sizeof h->etag) == NULL || h->lang >= LANG_COUNT || h->parts > HOLES_MAX + 1)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!lies_in(b, h->off[i], h->len[i]))
			return false;
	if (!lies_in(b, h->parts_at, h->parts * sizeof *k->parts))
		return false;
	memcpy(k->parts, b->data + h->parts_at, h->parts * sizeof *k->parts);
	for (unsigned i = 0; i < h->parts; i++)
		if (!part_fits(b, &k->parts[i]))
			return false;
	return true;
}

struct fragment_hole kept_hole(const struct kept_page *k, unsigned i)
{
	const struct kept_part *p = &k->parts[i];
	const char *name = k->blob->data + p->name;
	return (struct fragment_hole){ .service = str_n(name, p->service),
		.type = str_n(name + p->service, p->type),
		.params = str_n(name + p->service + p->type, p->params) };
}

/* --- sending ------------------------------------------------------------------------------------------------- */

/* What only an answer for everybody says. */
static bool is_shared_only(const char *name)
{
	return !strcmp(name, "etag") || !strcmp(name, "cache-control");
}

/* The caller holds the kept page until the answer is handed over. */
static bool send_headers(struct http_req *r, const struct kept_page *k, bool fresh, bool own)
{
	struct header_len n;
	struct str all = str_n(k->blob->data + sizeof k->head, k->head.headers_len);
	while (all.n) {
		if (all.n < sizeof n)
			return false;
		memcpy(&n, all.p, sizeof n);
		all = str_skip(all, sizeof n);
		if (all.n < (size_t)n.name + n.value + 2 || all.p[n.name])
			return false;
		struct str value = str_n(all.p + n.name + 1, n.value);
		bool left_out = own && is_shared_only(all.p);
		if (fresh && !left_out)
			http_add_kept_header(r, all.p, value);
		else if (!left_out)
			http_set_header(r, all.p, value);
		all = str_skip(all, (size_t)n.name + n.value + 2);
	}
	return true;
}

bool kept_send(struct http_req *r, const struct kept_page *k, bool fresh)
{
	const struct kept_head *h = &k->head;
	if (!send_headers(r, k, fresh, false))
		return false;
	web_hsts(
	        ((const struct web_note *)r->app_data)->app, r); /* not kept: the same page also goes out without TLS */
	if (http_conditional(r, str_c(h->etag), 0))
		return true;
	unsigned have = (h->len[HTTP_GZIP] ? 1u << HTTP_GZIP : 0) | (h->len[HTTP_BR] ? 1u << HTTP_BR : 0);
	enum http_coding coding = have ? http_accepts_coding(r, have) : HTTP_IDENTITY;
	if (coding != HTTP_IDENTITY)
		http_set_header(r, "content-encoding", coding == HTTP_BR ? STR("br") : STR("gzip"));
	http_status(r, 200);
	http_send_blob_part(r, k->blob, h->off[coding], h->len[coding]);
	return true;
}

/* --- gzip from parts (RFC 1952) ------------------------------------------------------------------------------ */

static size_t stored_len(size_t n)
{
	return n + (n + STORED_MAX - 1) / STORED_MAX * STORED_HEAD;
}

static char *put_stored(char *to, struct str s)
{
	while (s.n) {
		uint16_t n = (uint16_t)(s.n < STORED_MAX ? s.n : STORED_MAX);
		const unsigned char head[STORED_HEAD] = { 0, (unsigned char)n, (unsigned char)(n >> 8),
			(unsigned char)~n, (unsigned char)((uint16_t)~n >> 8) };
		memcpy(to, head, sizeof head);
		memcpy(to + sizeof head, s.p, n);
		to += sizeof head + n;
		s = str_skip(s, n);
	}
	return to;
}

static void put_le32(char *to, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (char)(v >> 8 * i);
}

/* A part as it is joined with others: its text's length, its deflated form, its checksum. */
struct joined { uint32_t len, crc; struct str packed; };

static size_t gzip_len(const struct joined *parts, unsigned n, const struct str *between)
{
	size_t len = GZIP_HEAD + GZIP_TAIL;
	for (unsigned i = 0; i < n; i++)
		len += parts[i].packed.n + (i + 1 < n ? stored_len(between[i].n) : 0);
	return len;
}

/* to: gzip_len bytes. between: n - 1 texts. */
static void gzip_join(char *to, const struct joined *parts, unsigned n, const struct str *between)
{
	static const unsigned char head[GZIP_HEAD] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	uLong crc = crc32(0, NULL, 0);
	uint32_t len = 0;
	memcpy(to, head, sizeof head);
	to += sizeof head;
	for (unsigned i = 0; i < n; i++) {
		memcpy(to, parts[i].packed.p, parts[i].packed.n);
		to += parts[i].packed.n;
		crc = crc32_combine(crc, parts[i].crc, parts[i].len);
		len += parts[i].len;
		if (i + 1 == n || !between[i].n)
			continue;
		to = put_stored(to, between[i]);
		crc = crc32_combine(crc,
		        crc32(crc32(0, NULL, 0), (const unsigned char *)between[i].p, (uInt)between[i].n),
		        (z_off_t)between[i].n);
		len += (uint32_t)between[i].n;
	}
	put_le32(to, (uint32_t)crc);
	put_le32(to + 4, len);
}

/* --- one's own ----------------------------------------------------------------------------------------------- */

static struct str join_packed(struct arena *a, const struct kept_page *k, const struct str *texts)
{
	struct joined parts[HOLES_MAX + 1];
	for (unsigned i = 0; i < k->head.parts; i++) {
		const struct kept_part *p = &k->parts[i];
		parts[i] = (struct joined){ p->len, p->crc, str_n(k->blob->data + p->packed, p->packed_len) };
	}
	size_t len = gzip_len(parts, k->head.parts, texts);
	char *out = arena_try_alloc(a, len);
	if (out)
		gzip_join(out, parts, k->head.parts, texts);
	return str_n(out, out ? len : 0);
}

static struct str join_plain(struct arena *a, const struct kept_page *k, const struct str *texts)
{
	size_t len = 0, at = 0;
	for (unsigned i = 0; i < k->head.parts; i++)
		len += k->parts[i].len + (i + 1 < k->head.parts ? texts[i].n : 0);
	char *out = arena_try_alloc(a, len + 1);
	for (unsigned i = 0; out && i < k->head.parts; i++) {
		memcpy(out + at, k->blob->data + k->parts[i].at, k->parts[i].len);
		at += k->parts[i].len;
		if (i + 1 == k->head.parts || !texts[i].n)
			continue;
		memcpy(out + at, texts[i].p, texts[i].n);
		at += texts[i].n;
	}
	return str_n(out, out ? len : 0);
}

bool kept_send_own(struct http_req *r, const struct kept_page *k, const struct str *texts, bool fresh)
{
	bool packed = k->parts[0].packed_len > 0 && http_accepts_coding(r, 1u << HTTP_GZIP) == HTTP_GZIP;
	struct str body = packed ? join_packed(r->ctx.arena, k, texts) : join_plain(r->ctx.arena, k, texts);
	if (!body.p || !send_headers(r, k, fresh, true))
		return false;
	http_set_header(r, "cache-control", STR("private, no-store"));
	web_hsts(((const struct web_note *)r->app_data)->app, r);
	if (packed)
		http_set_header(r, "content-encoding", STR("gzip"));
	http_status(r, 200);
	http_send(r, body);
	return true;
}

/* --- building ------------------------------------------------------------------------------------------------ */

struct squeeze {
	struct str in;
	struct str texts[HOLES_MAX + 1]; /* parts of `in` */
	struct joined parts[HOLES_MAX + 1];
	unsigned n;
	char *packed, *br;
	size_t packed_cap, br_cap, br_len;
	bool done; /* the parts */
};

static void squeeze(void *arg)
{
	struct squeeze *s = arg;
	z_stream z = { 0 };
	if (deflateInit2(&z, DEFLATE_LEVEL, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
		s->done = true;
		z.next_out = (unsigned char *)s->packed;
		z.avail_out = (unsigned)s->packed_cap;
		for (unsigned i = 0; i < s->n && s->done; i++) {
			bool last = i + 1 == s->n;
			const char *from = (const char *)z.next_out;
			z.next_in = (unsigned char *)(uintptr_t)s->texts[i].p;
			z.avail_in = (unsigned)s->texts[i].n;
			int rc = deflate(&z, last ? Z_FINISH : Z_FULL_FLUSH);
			s->done = !z.avail_in && z.avail_out && rc == (last ? Z_STREAM_END : Z_OK);
			s->parts[i] = (struct joined){ (uint32_t)s->texts[i].n,
				(uint32_t)crc32(crc32(0, NULL, 0), (const unsigned char *)s->texts[i].p,
				        (uInt)s->texts[i].n),
				str_n(from, (size_t)((const char *)z.next_out - from)) };
		}
		deflateEnd(&z);
	}
	s->br_len = brotli_compress(BROTLI_QUALITY, 18, s->in, s->br, s->br_cap);
}

static bool page_compressible(const char *type)
{
	return !strncmp(type, "text/", 5) || strstr(type, "json") || strstr(type, "xml") || strstr(type, "javascript");
}

static void put_header(struct buf *b, const char *name, struct str value)
{
	size_t len = strlen(name);
	if (len > UINT16_MAX || value.n > UINT16_MAX) {
		b->failed = true; /* then the page is not kept */
		return;
	}
	const struct header_len n = { (uint16_t)len, (uint16_t)value.n };
	buf_put(b, &n, sizeof n);
	buf_put(b, name, n.name + 1);
	buf_putstr(b, value);
	buf_putc(b, 0);
}

static void put_headers(struct web_req *wr, const char *type, bool varies, const char *etag, struct buf *b)
{
	static const struct str vary[2][2] = {
		{ STR_INIT("accept-language, cookie"), STR_INIT("accept-encoding, accept-language, cookie") },
		{ STR_INIT("accept, accept-language, cookie"),
		        STR_INIT("accept-encoding, accept, accept-language, cookie") },
	};
	put_header(b, "content-type", str_c(type));
	put_header(b, "cache-control", STR("no-cache"));
	put_header(b, "x-content-type-options", STR("nosniff"));
	put_header(b, "vary", vary[wr->negotiated][varies]);
	if (type_is_html(type)) {
		put_header(b, "content-language", str_c(lang_info(lang_now())->tag));
		put_header(b, "content-security-policy", buf_str(&wr->note->app->csp));
		put_header(b, "referrer-policy", STR("strict-origin-when-cross-origin"));
		put_header(b, "cross-origin-opener-policy", STR("same-origin"));
		put_header(
		        b, "permissions-policy", STR("camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
	}
	for (unsigned i = 0; i < wr->header_count; i++)
		put_header(b, wr->headers[i].name.p, wr->headers[i].value);
	put_header(b, "etag", str_c(etag));
}

/* Cuts the body at its holes; the texts of the holes themselves go to `between`. */
static void cut(struct squeeze *s, const struct fragment_holes *holes, struct str *between)
{
	size_t at = 0;
	for (unsigned i = 0; i < holes->n; i++) {
		s->texts[s->n++] = str_n(s->in.p + at, holes->list[i].at - at);
		between[i] = str_n(s->in.p + holes->list[i].at, holes->list[i].len);
		at = holes->list[i].at + holes->list[i].len;
	}
	s->texts[s->n++] = str_skip(s->in, at);
}

static bool shared(const struct web_req *wr)
{
	return !wr->personal && wr->holes.n <= HOLES_MAX;
}

/* What lies in the blob one after the other. */
struct layout { struct blob *b; size_t at; };

static uint32_t lay(struct layout *l, const void *data, size_t n)
{
	uint32_t from = (uint32_t)l->at;
	if (l->b && n)
		memcpy(l->b->data + l->at, data, n);
	l->at += n;
	return from;
}

static void lay_part(struct layout *l, const struct squeeze *s, unsigned i, const struct fragment_holes *holes,
        struct kept_part *p)
{
	p->len = (uint32_t)s->texts[i].n;
	if (s->done && holes->n) {
		p->crc = s->parts[i].crc;
		p->packed_len = (uint32_t)s->parts[i].packed.n;
		p->packed = lay(l, s->parts[i].packed.p, s->parts[i].packed.n);
	}
	if (i == holes->n)
		return;
	const struct fragment_hole *hole = &holes->list[i];
	p->name = lay(l, hole->service.p, hole->service.n);
	p->service = (uint16_t)hole->service.n;
	p->type = (uint16_t)hole->type.n;
	p->params = (uint32_t)hole->params.n;
	lay(l, hole->type.p, hole->type.n);
	lay(l, hole->params.p, hole->params.n);
}

/* Once without a blob, for its length, then into it. */
static void lay_all(struct layout *l, struct kept_head *h, const struct buf *headers, const struct str bodies[3],
        const struct squeeze *s, const struct web_req *wr)
{
	struct kept_part parts[HOLES_MAX + 1] = { 0 };
	l->at = sizeof *h;
	lay(l, headers->data, headers->len);
	for (unsigned i = 0; i < 3; i++) {
		h->len[i] = (uint32_t)bodies[i].n;
		h->off[i] = lay(l, bodies[i].p, bodies[i].n);
	}
	h->parts = shared(wr) ? s->n : 0;
	for (unsigned i = 0; i < h->parts; i++) {
		lay_part(l, s, i, &wr->holes, &parts[i]);
		parts[i].at = h->off[HTTP_IDENTITY] + (uint32_t)(s->texts[i].p - s->in.p);
	}
	h->parts_at = lay(l, parts, h->parts * sizeof *parts);
	if (l->b)
		memcpy(l->b->data, h, sizeof *h);
}

struct blob *kept_build(struct web_req *wr, const char *type, struct str body)
{
	struct arena *a = wr->w.ctx->arena;
	const struct fragment_holes none = { 0 };
	const struct fragment_holes *holes = shared(wr) ? &wr->holes : &none;
	struct squeeze *s = ARENA_NEW(a, struct squeeze);
	struct str between[HOLES_MAX];
	struct kept_head h = { .magic = PAGE_MAGIC, .lang = lang_now() };
	struct str bodies[3] = { [HTTP_IDENTITY] = body };
	struct buf headers;
	struct layout l = { 0 };
	s->in = body;
	cut(s, holes, between);
	if (body.n >= COMPRESS_MIN && page_compressible(type)) {
		s->packed_cap = body.n + s->n * FLUSH_ROOM;
		s->br_cap = body.n;
		s->packed = arena_alloc(a, s->packed_cap);
		s->br = arena_alloc(a, s->br_cap);
		if (offload(OFFLOAD_PROMPT, squeeze, s) != ST_OK)
			s->done = false, s->br_len = 0;
	}
	if (s->done) {
		size_t n = gzip_len(s->parts, s->n, between);
		char *gz = arena_alloc(a, n);
		gzip_join(gz, s->parts, s->n, between);
		bodies[HTTP_GZIP] = str_n(gz, n);
	}
	bodies[HTTP_BR] = str_n(s->br, s->br_len);
	buf_arena(&headers, a, HEADERS_MAX);
	web_etag(body, h.etag);
	put_headers(wr, type, s->done || s->br_len, h.etag, &headers);
	h.headers_len = (uint32_t)headers.len;
	if (!buf_ok(&headers))
		return NULL;
	lay_all(&l, &h, &headers, bodies, s, wr);
	l.b = blob_new_large(l.at);
	if (l.b)
		lay_all(&l, &h, &headers, bodies, s, wr);
	return l.b;
}
