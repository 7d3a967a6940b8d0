/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids and randomness. The last (millisecond, sequence) is one atomic integer: when a millisecond's 4096 are used up, or
 * the wall clock steps back, ids run ahead of the clock instead of repeating.
 */
#include "base/id.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

#define EPOCH_MS INT64_C(1704067200000) /* 2024-01-01T00:00:00Z */
enum { NODE_BITS = 10, SEQ_BITS = 12 };

static _Atomic int64_t last; /* milliseconds << SEQ_BITS | sequence */
static _Atomic int node = -1;

void id_set_node(unsigned n)
{
	atomic_store(&node, (int)(n & ((1u << NODE_BITS) - 1)));
}

static int node_default(void)
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)getpid(); /* FNV-1a */
	for (const char *p = host; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	int expected = -1, made = (int)((h ^ h >> NODE_BITS) & ((1u << NODE_BITS) - 1));
	return atomic_compare_exchange_strong(&node, &expected, made) ? made : expected;
}

int64_t id_new(void)
{
	int n = atomic_load_explicit(&node, memory_order_relaxed);
	if (n < 0)
		n = node_default();
	int64_t now = (clock_now_us() / 1000 - EPOCH_MS) << SEQ_BITS;
	int64_t old = atomic_load_explicit(&last, memory_order_relaxed), next;
	do {
		next = now > old ? now : old + 1;
	} while (!atomic_compare_exchange_weak(&last, &old, next));
	int64_t seq = next & ((1 << SEQ_BITS) - 1);
	return (next >> SEQ_BITS) << (NODE_BITS + SEQ_BITS) | (int64_t)n << SEQ_BITS | seq;
}

int64_t id_time_us(int64_t id)
{
	return ((id >> (NODE_BITS + SEQ_BITS)) + EPOCH_MS) * 1000;
}

static const char crockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_text(int64_t id, char out[ID_TEXT_LEN + 1])
{
	uint64_t v = (uint64_t)id;
	for (int i = ID_TEXT_LEN - 1; i >= 0; i--, v >>= 5)
		out[i] = crockford[v & 31];
	out[ID_TEXT_LEN] = 0;
}

struct str id_str(struct arena *a, int64_t id)
{
	char *text = arena_alloc(a, ID_TEXT_LEN + 1);
	id_text(id, text);
	return str_n(text, ID_TEXT_LEN);
}

/* Crockford's reading: case does not matter, i and l are 1, o is 0. */
static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	if (c == 'i' || c == 'l')
		return 1;
	if (c == 'o')
		return 0;
	const char *p = c ? strchr(crockford, c) : NULL;
	return p ? (int)(p - crockford) : -1;
}

bool id_parse(struct str s, int64_t *id)
{
	uint64_t v = 0;
	if (s.n != ID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int d = digit(s.p[i]);
		if (d < 0 || (i == 0 && d > 7)) /* 13 digits are 65 bits */
			return false;
		v = v << 5 | (unsigned)d;
	}
	if (!v || v > INT64_MAX)
		return false;
	*id = (int64_t)v;
	return true;
}

void random_bytes(void *out, size_t n)
{
	unsigned char *p = out;
	while (n) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno != EINTR)
			abort(); /* no caller could go on without randomness */
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

void random_hex(char *out, size_t n)
{
	/* The bytes go into the upper half of the text's own space. */
	random_bytes(out + n, n);
	str_hex(out, out + n, n);
}

void random_token(char *out, size_t n)
{
	static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char raw[48];
	while (n) {
		size_t piece = n < sizeof raw ? n : sizeof raw; /* a multiple of 3 but at the end */
		random_bytes(raw, piece);
		for (size_t i = 0; i < piece; i += 3) {
			size_t k = piece - i < 3 ? piece - i : 3;
			unsigned v = (unsigned)raw[i] << 16 | (k > 1 ? (unsigned)raw[i + 1] << 8 : 0) |
			        (k > 2 ? raw[i + 2] : 0);
			for (size_t j = 0; j <= k; j++)
				*out++ = b64[v >> (18 - 6 * j) & 63];
		}
		n -= piece;
	}
	*out = 0;
}
