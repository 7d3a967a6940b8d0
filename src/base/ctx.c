/* SPDX-License-Identifier: Apache-2.0
 *
 * Request ids and trace ids are unique, not secret: they come from a generator per thread (xoshiro256**, Blackman and
 * Vigna), seeded from the kernel, since a system call per request would cost more than all else here.
 */
#include "base/ctx.h"

#include <string.h>

#include "base/clock.h"
#include "base/id.h"

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t next_random(void)
{
	static _Thread_local uint64_t s[4];
	if (!(s[0] | s[1] | s[2] | s[3]))
		random_bytes(s, sizeof s);
	uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* As a ULID: 48 bits of milliseconds, then 80 random ones, in Crockford's base32. */
static void request_id(char out[27])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t ms = (uint64_t)clock_now_us() / 1000, a = next_random(), b = next_random();
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = digits[ms & 31];
	for (int i = 10; i < 18; i++, a >>= 5)
		out[i] = digits[a & 31];
	for (int i = 18; i < 26; i++, b >>= 5)
		out[i] = digits[b & 31];
	out[26] = 0;
}

static void fill_nonzero(uint8_t *p, size_t n)
{
	do {
		for (size_t i = 0; i < n; i += 8) {
			uint64_t r = next_random();
			memcpy(p + i, &r, 8);
		}
	} while (!p[0] && !memcmp(p, p + 1, n - 1)); /* all zero is invalid in Trace Context */
}

void ctx_init(struct ctx *c, struct arena *a)
{
	*c = (struct ctx){ .arena = a };
	request_id(c->request_id);
	fill_nonzero(c->trace.trace_id, sizeof c->trace.trace_id);
	fill_nonzero(c->trace.span_id, sizeof c->trace.span_id);
	c->trace.flags = 1;
}

static bool unhex(struct str s, uint8_t *out, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < 2 * n; i++) {
		char ch = s.p[i];
		unsigned d;
		if (ch >= '0' && ch <= '9')
			d = (unsigned)(ch - '0');
		else if (ch >= 'a' && ch <= 'f')
			d = (unsigned)(ch - 'a') + 10;
		else
			return false;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | d : d << 4);
		any |= (uint8_t)d;
	}
	return any || n == 1;
}

bool ctx_set_traceparent(struct ctx *c, struct str h)
{
	struct trace t;
	uint8_t version, parent[8];
	if (h.n < TRACEPARENT_LEN || h.p[2] != '-' || h.p[35] != '-' || h.p[52] != '-')
		return false;
	if (!unhex(h, &version, 1) || version == 0xff || !unhex(str_skip(h, 3), t.trace_id, sizeof t.trace_id) ||
	    !unhex(str_skip(h, 36), parent, sizeof parent) || !unhex(str_skip(h, 53), &t.flags, 1))
		return false;
	/* Version 00 is exactly this long; later ones may append "-…". */
	if (h.n > TRACEPARENT_LEN && (version == 0 || h.p[TRACEPARENT_LEN] != '-'))
		return false;
	t.flags &= 1;
	fill_nonzero(t.span_id, sizeof t.span_id);
	c->trace = t;
	return true;
}

void ctx_traceparent(const struct ctx *c, char out[TRACEPARENT_LEN + 1])
{
	memcpy(out, "00-", 3);
	char *p = str_hex(out + 3, c->trace.trace_id, sizeof c->trace.trace_id);
	*p++ = '-';
	p = str_hex(p, c->trace.span_id, sizeof c->trace.span_id);
	*p++ = '-';
	p = str_hex(p, &c->trace.flags, 1);
	*p = 0;
}
