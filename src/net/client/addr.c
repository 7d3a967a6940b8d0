/* SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses an outbound request may not reach: the IANA special-purpose registries (RFC 6890 and its updates).
 * For IPv6 the rule is the other way round: 2000::/3 is all that has been given out for global use, so anything else is
 * refused, and in it the blocks that embed or stand for something else.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "net/client/client.h"

struct block4 {
	uint32_t net;
	unsigned bits;
};

static const struct block4 special4[] = {
	{ 0x00000000, 8 },  /* this network, RFC 791 */
	{ 0x0a000000, 8 },  /* private, RFC 1918 */
	{ 0x64400000, 10 }, /* shared by carriers' NAT, RFC 6598 */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* link-local, RFC 3927; clouds' metadata services */
	{ 0xac100000, 12 }, /* private */
	{ 0xc0000000, 24 }, /* IETF protocol assignments, RFC 6890 */
	{ 0xc0000200, 24 }, /* documentation, RFC 5737 */
	{ 0xc0586300, 24 }, /* 6to4 relays, RFC 7526 */
	{ 0xc0a80000, 16 }, /* private */
	{ 0xc6120000, 15 }, /* benchmarks, RFC 2544 */
	{ 0xc6336400, 24 }, /* documentation */
	{ 0xcb007100, 24 }, /* documentation */
	{ 0xe0000000, 4 },  /* multicast */
	{ 0xf0000000, 4 },  /* reserved, broadcast included */
};

static bool private4(uint32_t a)
{
	for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++)
		if ((a ^ special4[i].net) >> (32 - special4[i].bits) == 0)
			return true;
	return false;
}

static const struct block6 {
	uint8_t net[6];
	unsigned bits;
} special6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 }, /* IETF protocol assignments, RFC 2928: Teredo, benchmarks, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation, RFC 3849 */
	{ { 0x20, 0x02 }, 16 },             /* 6to4, RFC 3056 */
	{ { 0x3f, 0xff, 0x00 }, 20 },       /* documentation, RFC 9637 */
	{ { 0x3f, 0xfe }, 16 },             /* the former 6bone, RFC 3701 */
};

static bool in_block(const uint8_t *a, const struct block6 *b)
{
	unsigned bytes = b->bits / 8, rest = b->bits % 8;
	return !memcmp(a, b->net, bytes) && (!rest || (a[bytes] ^ b->net[bytes]) >> (8 - rest) == 0);
}

static bool private6(const uint8_t *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (!memcmp(a, mapped, sizeof mapped)) {
		uint32_t v4;
		memcpy(&v4, a + 12, sizeof v4);
		return private4(ntohl(v4));
	}
	if (a[0] >> 5 != 1) /* not 2000::/3; refuses ::1, NAT64, fc00::/7, fe80::/10, ff00::/8 … */
		return true;
	for (size_t i = 0; i < sizeof special6 / sizeof *special6; i++)
		if (in_block(a, &special6[i]))
			return true;
	return false;
}

bool http_addr_private(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		return private4(ntohl(in.sin_addr.s_addr));
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof in6);
		return private6(in6.sin6_addr.s6_addr);
	}
	return true;
}
