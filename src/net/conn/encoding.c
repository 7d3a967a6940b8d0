/* SPDX-License-Identifier: Apache-2.0
 *
 * Content codings: negotiation (RFC 9110 12.5.3) and compression on the fly. Brotli at quality 4 and zlib at level 5:
 * beyond that a page costs more time than it saves on any wire; what is sent often is compressed ahead, once,
 * elsewhere.
 */
#include <strings.h>
#include <zlib.h>

#include "net/conn/brotli.h"
#include "net/conn/request.h"
#include "rt/offload.h"

#define WORTH_IT     512               /* bytes; below, the headers weigh more */
#define INLINE_MAX   ((size_t)64 << 10) /* more takes the loop for longer than a millisecond: to the pool */
#define COMPRESS_MAX ((size_t)16 << 20)

/* --- negotiation -------------------------------------------------------------------------------------------------- */

/* In thousandths; 1000 when there is none; −1 when it is malformed. */
static int weight(struct str params)
{
	struct str p = str_trim(params);
	if (!p.p)
		return 1000;
	if (p.n < 3 || (p.p[0] | 0x20) != 'q' || p.p[1] != '=' || p.n > 7 || (p.p[2] != '0' && p.p[2] != '1'))
		return -1;
	int q = (p.p[2] - '0') * 1000, unit = 100;
	if (p.n > 3 && p.p[3] != '.')
		return -1;
	for (size_t i = 4; i < p.n; i++, unit /= 10) {
		if (p.p[i] < '0' || p.p[i] > '9')
			return -1;
		q += (p.p[i] - '0') * unit;
	}
	return q <= 1000 ? q : -1;
}

enum http_coding http_accepts_coding(const struct http_req *r, unsigned have)
{
	int q[3] = { -1, -1, -1 }, any = -1; /* −1: not named */
	static const char *const names[] = { [HTTP_IDENTITY] = "identity", [HTTP_GZIP] = "gzip", [HTTP_BR] = "br" };
	for (unsigned i = 0; i < r->header_count; i++) {
		struct str rest = r->headers[i].value, item;
		if (!str_eq(r->headers[i].name, STR("accept-encoding")))
			continue;
		while (str_next(&rest, ',', &item)) {
			struct str params = item, name;
			if (!str_cut(&params, ';', &name))
				params = STR_NULL;
			int w = weight(params);
			name = str_trim(name);
			for (int k = 0; k < 3 && w >= 0; k++)
				if (str_ieqc(name, names[k]))
					q[k] = w;
			if (w >= 0 && str_eq(name, STR("*")))
				any = w;
		}
	}
	enum http_coding best = HTTP_IDENTITY;
	int best_q = q[HTTP_IDENTITY] < 0 ? 0 : q[HTTP_IDENTITY];
	for (int k = HTTP_GZIP; k <= HTTP_BR; k++) {
		int w = q[k] >= 0 ? q[k] : any;
		if ((have & 1u << k) && w > 0 && w >= best_q) {
			best = (enum http_coding)k;
			best_q = w;
		}
	}
	return best;
}

/* --- compression -------------------------------------------------------------------------------------------------- */

static bool ends_with(struct str s, const char *tail)
{
	size_t n = strlen(tail);
	return s.n >= n && !strncasecmp(s.p + s.n - n, tail, n);
}

static bool type_compressible(struct str type)
{
	static const char *const exact[] = { "application/json", "application/javascript", "application/xml",
		"application/wasm", "application/manifest+json", "image/svg+xml", "application/ld+json", "font/ttf" };
	struct str t = type;
	if (!type.p)
		return false;
	str_cut(&t, ';', &type);
	type = str_trim(type);
	if (str_eq(type, STR("text/event-stream")))
		return false;
	if (type.n > 5 && !strncasecmp(type.p, "text/", 5))
		return true;
	for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
		if (str_ieqc(type, exact[i]))
			return true;
	return ends_with(type, "+json") || ends_with(type, "+xml");
}

struct encode_job {
	enum http_coding coding;
	struct str in;
	char *out;
	size_t room, len; /* len 0: it did not get smaller */
};

static size_t gzip(const struct encode_job *j)
{
	z_stream z = { .next_in = (Bytef *)j->in.p,
		.avail_in = (uInt)j->in.n,
		.next_out = (Bytef *)j->out,
		.avail_out = (uInt)j->room };
	if (deflateInit2(&z, 5, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	int r = deflate(&z, Z_FINISH);
	size_t n = z.total_out;
	deflateEnd(&z);
	return r == Z_STREAM_END ? n : 0;
}

static void compress_job(void *arg)
{
	struct encode_job *j = arg;
	if (j->coding == HTTP_GZIP)
		j->len = gzip(j);
	else
		j->len = brotli_compress(HTTP_BROTLI_QUALITY, HTTP_BROTLI_WINDOW, j->in, j->out, j->room);
}

static void add_vary(struct http_req *r)
{
	struct str vary = response_header(request_of(r), "Vary");
	if (!vary.p)
		http_add_header(r, "Vary", STR("Accept-Encoding"));
	else if (!str_eq(vary, STR("*")) && !memmem(vary.p, vary.n, "ncoding", 7))
		http_set_header(r, "Vary", arena_strf(r->ctx.arena, "%.*s, Accept-Encoding", STR_ARG(vary)));
}

void http_send_compressed(struct http_req *r, struct str body)
{
	struct request *q = request_of(r);
	if (r->answered || body.n < WORTH_IT || body.n > COMPRESS_MAX || response_has_header(q, "Content-Encoding") ||
	    !type_compressible(response_header(q, "Content-Type"))) {
		http_send(r, body);
		return;
	}
	add_vary(r);
	struct encode_job j = {
		.in = body, .coding = http_accepts_coding(r, 1u << HTTP_GZIP | 1u << HTTP_BR), .room = body.n - 1
	};
	/* A body in the arena shows that two of its size may not fit: then it goes as it is. */
	j.out = j.coding == HTTP_IDENTITY ? NULL : arena_try_alloc(r->ctx.arena, j.room);
	if (j.out && (body.n <= INLINE_MAX || !fiber_self()))
		compress_job(&j);
	else if (j.out && offload(OFFLOAD_PROMPT, compress_job, &j) != ST_OK)
		j.len = 0;
	if (!j.len) {
		http_send(r, body);
		return;
	}
	struct str etag = response_header(q, "ETag");
	if (etag.n && etag.p[0] == '"') /* equivalent, no longer the same bytes */
		http_set_header(r, "ETag", arena_strf(r->ctx.arena, "W/%.*s", STR_ARG(etag)));
	http_add_header(r, "Content-Encoding", j.coding == HTTP_BR ? STR("br") : STR("gzip"));
	http_send(r, str_n(j.out, j.len));
}
