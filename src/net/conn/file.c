/* SPDX-License-Identifier: Apache-2.0
 *
 * Conditional requests and ranges (RFC 9110 13, 14), and files served with both.
 *
 * sendfile and pread wait for a disk when what they send is not in memory, and the loop with them. So a thread of the
 * pool reads it in before the answer begins: all of a picture; of a larger file the beginning, and the kernel is told
 * to go on reading by itself.
 */
#include <fcntl.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "net/conn/request.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define WARM_MAX  ((uint64_t)16 << 20) /* waited for */
#define AHEAD_MAX ((uint64_t)64 << 20) /* asked of the kernel */

/* More ranges than this, or ranges that add up to more than the file, are an attempt to make work: the whole file is
   the answer then (RFC 9110 14.2 allows it). */
#define RANGES_MAX 16

/* --- conditions --------------------------------------------------------------------------------------------------- */

static struct str opaque(struct str tag, bool *weak)
{
	*weak = tag.n > 2 && tag.p[0] == 'W' && tag.p[1] == '/';
	return *weak ? str_skip(tag, 2) : tag;
}

/* Is etag in the list? Commas may stand inside the quotes. */
static bool listed(struct str list, struct str etag, bool strong)
{
	bool weak, item_weak;
	struct str want = opaque(etag, &weak);
	while (list.n) {
		list = str_trim(list);
		size_t skip = list.n > 2 && list.p[0] == 'W' && list.p[1] == '/' ? 2 : 0;
		const char *end = list.n > skip + 1 && list.p[skip] == '"'
		        ? memchr(list.p + skip + 1, '"', list.n - skip - 1)
		        : NULL;
		if (!end)
			return false;
		struct str item = str_n(list.p, (size_t)(end - list.p) + 1);
		if (str_eq(opaque(item, &item_weak), want) && !(strong && (weak || item_weak)))
			return true;
		list = str_trim(str_skip(list, item.n));
		if (list.n && list.p[0] == ',')
			list = str_skip(list, 1);
		else if (list.n)
			return false;
	}
	return false;
}

/* The lines of a list header as one. */
static struct str joined(const struct http_req *r, const char *name)
{
	struct str nm = str_c(name), all = STR_NULL;
	for (unsigned i = 0; i < r->header_count; i++) {
		if (!str_eq(r->headers[i].name, nm))
			continue;
		if (!all.p)
			all = r->headers[i].value;
		else
			all = arena_strf(r->ctx.arena, "%.*s, %.*s", STR_ARG(all), STR_ARG(r->headers[i].value));
	}
	return all;
}

static bool matches(struct str list, struct str etag, bool strong)
{
	return str_eq(str_trim(list), STR("*")) || (etag.n && listed(list, etag, strong));
}

/* HTTP dates have whole seconds. True when the header is a date and mtime is not later. */
static bool not_after(struct str date, int64_t mtime_us, bool *is_date)
{
	int64_t us;
	*is_date = mtime_us && clock_parse_http_date(date, &us);
	return *is_date && mtime_us / US_PER_S <= us / US_PER_S;
}

/* 0, 304 or 412, in the order of RFC 9110 13.2.2. */
static int evaluate(const struct http_req *r, struct str etag, int64_t mtime_us)
{
	bool date, read = r->method == HTTP_GET || r->method == HTTP_HEAD;
	struct str h = joined(r, "if-match");
	if (h.p) {
		if (!matches(h, etag, true))
			return 412;
	} else if ((h = http_header(r, "if-unmodified-since")).p) {
		bool ok = not_after(h, mtime_us, &date);
		if (date && !ok)
			return 412;
	}
	h = joined(r, "if-none-match");
	if (h.p)
		return matches(h, etag, false) ? (read ? 304 : 412) : 0;
	h = http_header(r, "if-modified-since");
	if (h.p && read && not_after(h, mtime_us, &date))
		return 304;
	return 0;
}

static void add_validators(struct http_req *r, struct str etag, int64_t mtime_us)
{
	struct request *q = request_of(r);
	char date[CLOCK_TEXT_MAX];
	if (etag.n && !response_has_header(q, "ETag"))
		http_add_header(r, "ETag", etag);
	if (mtime_us && !response_has_header(q, "Last-Modified")) {
		size_t n = clock_http_date(mtime_us, date);
		http_add_header(r, "Last-Modified", str_n(date, n));
	}
}

bool http_conditional(struct http_req *r, struct str etag, int64_t mtime_us)
{
	int status = evaluate(r, etag, mtime_us);
	if (status == 304) {
		add_validators(r, etag, mtime_us);
		http_status(r, 304);
		http_send(r, STR(""));
	} else if (status) {
		response_error(request_of(r), status);
	}
	return status != 0;
}

/* --- what is not in memory ---------------------------------------------------------------------------------------- */

struct range { uint64_t off, len; };
struct cold { int fd; struct range range; };

/* Asks the kernel's page tables, which costs a microsecond or two; nothing is read. */
static bool in_memory(struct arena *a, int fd, struct range r)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), from = r.off / page * page, len = r.off + r.len - from,
	               n = (len + page - 1) / page;
	unsigned char *resident = arena_alloc(a, n);
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)from);
	bool all = map == MAP_FAILED || mincore(map, len, resident) == 0;
	for (uint64_t i = 0; map != MAP_FAILED && all && i < n; i++)
		all = resident[i] & 1;
	if (map != MAP_FAILED)
		munmap(map, len);
	return all;
}

static void read_in(void *arg)
{
	const struct cold *c = arg;
	static _Thread_local char scratch[64 << 10];
	uint64_t off = c->range.off, end = off + (c->range.len < WARM_MAX ? c->range.len : WARM_MAX);
	posix_fadvise(
	        c->fd, (off_t)off, (off_t)(c->range.len < AHEAD_MAX ? c->range.len : AHEAD_MAX), POSIX_FADV_WILLNEED);
	while (off < end) {
		ssize_t n = pread(c->fd, scratch, sizeof scratch, (off_t)off);
		if (n <= 0)
			return;
		off += (uint64_t)n;
	}
}

/* Where no thread is free the loop itself waits for the disk, instead of refusing the request. */
static void warm(const struct http_req *r, int fd, const struct range *range, int n)
{
	for (int i = 0; i < n && fiber_self(); i++) {
		struct cold c = { fd, range[i] };
		const struct range first = { range[i].off, range[i].len < WARM_MAX ? range[i].len : WARM_MAX };
		if (first.len && !in_memory(r->ctx.arena, fd, first) && offload(OFFLOAD_PROMPT, read_in, &c) != ST_OK)
			return;
	}
}

/* --- ranges ------------------------------------------------------------------------------------------------------- */

/* Number of satisfiable ranges; 0: none of them is; −1: not a header to act on. */
static int parse_ranges(struct str h, uint64_t size, struct range out[RANGES_MAX])
{
	struct str item, first;
	int n = 0, seen = 0;
	uint64_t total = 0;
	if (h.n < 6 || strncasecmp(h.p, "bytes=", 6))
		return -1;
	h = str_skip(h, 6);
	while (str_next(&h, ',', &item)) {
		uint64_t from, to, suffix;
		struct str last = str_trim(item);
		if (!last.n)
			continue;
		if (++seen > RANGES_MAX || !str_cut(&last, '-', &first))
			return -1;
		if (!first.n) {
			if (!str_u64(last, &suffix))
				return -1;
			if (!suffix || !size)
				continue;
			from = suffix < size ? size - suffix : 0;
			to = size - 1;
		} else {
			if (!str_u64(first, &from) || (last.n && (!str_u64(last, &to) || to < from)))
				return -1;
			if (from >= size)
				continue;
			if (!last.n || to >= size)
				to = size - 1;
		}
		out[n++] = (struct range){ from, to - from + 1 };
		total += to - from + 1;
	}
	return !seen || (n > 1 && total > size) ? -1 : n;
}

static bool if_range_holds(const struct http_req *r, struct str etag, int64_t mtime_us)
{
	struct str h = http_header(r, "if-range");
	int64_t us;
	if (!h.p)
		return true;
	if (h.n && (h.p[0] == '"' || h.p[0] == 'W'))
		return listed(h, etag, true);
	return clock_parse_http_date(h, &us) && us / US_PER_S == mtime_us / US_PER_S;
}

static struct body_piece file_piece(struct file_ref *f, uint64_t off, uint64_t len)
{
	f->refs++;
	return (struct body_piece){ PIECE_FILE, .off = off, .len = len, .file = f };
}

static void send_multipart(struct http_req *r, struct file_ref *f, uint64_t size, const struct range *range, int n,
                           const char *content_type)
{
	struct arena *a = r->ctx.arena;
	struct body_piece p[2 * RANGES_MAX + 1];
	char boundary[25];
	uint64_t total = 0;
	unsigned count = 0;
	random_hex(boundary, 12);
	for (int i = 0; i < n; i++) {
		p[count++] = piece_bytes(
		        arena_strf(a, "%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n",
		                i ? "\r\n" : "", boundary, content_type, (unsigned long long)range[i].off,
		                (unsigned long long)(range[i].off + range[i].len - 1), (unsigned long long)size));
		p[count++] = file_piece(f, range[i].off, range[i].len);
	}
	p[count++] = piece_bytes(arena_strf(a, "\r\n--%s--\r\n", boundary));
	for (unsigned i = 0; i < count; i++)
		total += p[i].len;
	http_status(r, 206);
	http_set_header(r, "Content-Type", arena_strf(a, "multipart/byteranges; boundary=%s", boundary));
	response_pieces(request_of(r), p, count, total);
}

static void send_ranges(struct http_req *r, struct file_ref *f, uint64_t size, const struct range *range, int n,
                        const char *content_type)
{
	struct arena *a = r->ctx.arena;
	struct body_piece p;
	if (n > 1) {
		send_multipart(r, f, size, range, n, content_type);
		return;
	}
	if (n == 0) {
		struct request *q = request_of(r);
		http_status(r, 416);
		http_set_header(r, "Content-Range", arena_strf(a, "bytes */%llu", (unsigned long long)size));
		p = piece_bytes(STR(""));
		response_piece(q, &p);
		return;
	}
	http_status(r, 206);
	http_set_header(r, "Content-Range",
	                arena_strf(a, "bytes %llu-%llu/%llu", (unsigned long long)range->off,
	                           (unsigned long long)(range->off + range->len - 1), (unsigned long long)size));
	p = file_piece(f, range->off, range->len);
	response_piece(request_of(r), &p);
}

void http_file(struct http_req *r, int fd, const char *content_type)
{
	struct request *q = request_of(r);
	struct stat st;
	struct range range[RANGES_MAX];
	int n = -1;
	bool regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
	struct file_ref *f = file_ref_new(fd);
	if (!f || !regular) {
		file_ref_drop(f);
		response_error(q, f ? 404 : 503);
		return;
	}
	uint64_t size = (uint64_t)st.st_size;
	int64_t mtime_us = st.st_mtim.tv_sec * US_PER_S + st.st_mtim.tv_nsec / 1000;
	struct str etag = arena_strf(
	        r->ctx.arena, "\"%llx-%llx\"", (unsigned long long)mtime_us, (unsigned long long)size);
	add_validators(r, etag, mtime_us);
	http_set_header(r, "Content-Type", str_c(content_type));
	http_set_header(r, "Accept-Ranges", STR("bytes"));
	if (http_conditional(r, etag, mtime_us)) {
		file_ref_drop(f);
		return;
	}
	struct str h = http_header(r, "range");
	if (h.p && r->method == HTTP_GET && if_range_holds(r, etag, mtime_us))
		n = parse_ranges(h, size, range);
	const struct range whole = { 0, size };
	if (r->method == HTTP_GET)
		warm(r, f->fd, n > 0 ? range : &whole, n < 0 ? 1 : n);
	if (n >= 0) {
		send_ranges(r, f, size, range, n, content_type);
	} else {
		struct body_piece p = file_piece(f, 0, size);
		response_piece(q, &p);
	}
	file_ref_drop(f);
}
