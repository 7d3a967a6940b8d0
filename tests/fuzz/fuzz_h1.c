/* SPDX-License-Identifier: Apache-2.0
 * HTTP/1.x heads and chunked bodies: the outcome does not depend on how the bytes were cut into reads. */
#include "fuzz.h"

#include <string.h>

#include "net/h1/h1_parser.h"

static enum h1_result head(struct h1_head *h, const char *p, size_t n, size_t step, size_t *used)
{
	static const struct http_limits limits = { .target = 200, .headers = 1000, .header_count = 20 };
	enum h1_result r = H1_MORE;
	h1_head_init(h, &limits);
	for (size_t len = step < n ? step : n;; len = len + step < n ? len + step : n) {
		/* A buffer of its own each time: the parser may keep no pointer, and may not look past the end. */
		char *exact = malloc(len ? len : 1);
		memcpy(exact, p, len);
		r = h1_head_parse(h, exact, len, used);
		free(exact);
		if (r != H1_MORE || len == n)
			return r;
	}
}

static enum h1_result chunks(const char *p, size_t n, size_t max, uint64_t *sum, size_t *end)
{
	struct h1_chunks k = { 0 };
	*sum = 0;
	for (size_t at = 0;;) {
		size_t used = 0;
		struct str data = STR_NULL;
		enum h1_result r = h1_chunks_next(&k, p + at, n - at, max, &used, &data);
		FUZZ_ASSERT(used <= n - at);
		if (r == H1_DATA) {
			FUZZ_ASSERT(
			        data.n > 0 && data.n <= max && data.p >= p + at && data.p + data.n <= p + at + used);
			*sum += data.n;
		}
		at += used;
		*end = at;
		if (r != H1_DATA && (r != H1_MORE || !used || at == n))
			return r;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return 0;
	const char *p = (const char *)data + 1;
	size_t len = n - 1, used = 0, used2 = 0, step = data[0] % 32 + 1;
	struct h1_head *h = malloc(sizeof *h), *g = malloc(sizeof *g);
	enum h1_result r = head(h, p, len, len ? len : 1, &used), q = head(g, p, len, step, &used2);
	FUZZ_ASSERT(r == q);
	if (r == H1_DONE) {
		FUZZ_ASSERT(used == used2 && used <= len && h->count == g->count && h->body_len == g->body_len);
		FUZZ_ASSERT(h->target.off + (size_t)h->target.len <= used && h->count <= 20);
		for (unsigned i = 0; i < h->count; i++)
			FUZZ_ASSERT(h->fields[i].value.off + (size_t)h->fields[i].value.len <= used);
		p += used;
		len -= used;
	}
	uint64_t sum, sum2;
	size_t end, end2;
	r = chunks(p, len, SIZE_MAX, &sum, &end);
	q = chunks(p, len, step, &sum2, &end2);
	FUZZ_ASSERT(r == q && sum == sum2 && (r != H1_DONE || end == end2));
	free(h);
	free(g);
	return 0;
}
