/* SPDX-License-Identifier: Apache-2.0
 *
 * Trusted proxies. The chain of addresses that one header names, the one that the configuration says, is walked from
 * the nearest end for as long as the address that vouches for the next one is trusted: what a client puts in front is
 * never reached. All other headers of the kind are a client's own words, for a proxy passes on what it does not know,
 * and count for nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "net/conn/server.h"

/* The address alone as 16 bytes; IPv4 mapped. */
static bool parse_addr(struct str s, uint8_t out[16], bool *v4)
{
	char text[INET6_ADDRSTRLEN];
	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	*v4 = inet_pton(AF_INET, text, out + 12) == 1;
	return *v4 || inet_pton(AF_INET6, text, out) == 1;
}

enum status proxy_nets_parse(struct proxy_nets *p, struct str list, struct err *e)
{
	struct str rest = list, item;
	*p = (struct proxy_nets){ 0 };
	if (!list.n)
		return ST_OK;
	while (str_next(&rest, ',', &item)) {
		struct str addr = str_trim(item), bits = STR_NULL;
		bool v4;
		uint64_t n = 128;
		if (!addr.n)
			continue;
		if (str_eqc(addr, "unix")) {
			p->unix_peers = true;
			continue;
		}
		if (p->count == PROXY_NETS_MAX)
			return err_set(e, ST_CONFIG, "more than %d trusted proxies", PROXY_NETS_MAX);
		ptrdiff_t slash = str_chr(addr, '/');
		if (slash >= 0) {
			bits = str_skip(addr, (size_t)slash + 1);
			addr = str_first(addr, (size_t)slash);
		}
		struct proxy_net *net = &p->net[p->count];
		if (!parse_addr(addr, net->addr, &v4) || (bits.p && (!str_u64(bits, &n) || n > (v4 ? 32u : 128u))))
			return err_set(e, ST_CONFIG, "trusted proxies: \"%.*s\" is no address or block",
			        STR_ARG(str_trim(item)));
		net->bits = (unsigned)n + (v4 && bits.p ? 96 : 0);
		p->count++;
	}
	return ST_OK;
}

static bool addr_trusted(const struct proxy_nets *p, const uint8_t a[16])
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct proxy_net *n = &p->net[i];
		unsigned bytes = n->bits / 8, rest = n->bits % 8;
		if (memcmp(a, n->addr, bytes))
			continue;
		if (!rest || ((a[bytes] ^ n->addr[bytes]) >> (8 - rest)) == 0)
			return true;
	}
	return false;
}

static bool addr_of(const struct sockaddr_storage *ss, uint8_t out[16])
{
	if (ss->ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)ss)->sin6_addr, 16);
		return true;
	}
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	if (ss->ss_family == AF_INET)
		memcpy(out + 12, &((const struct sockaddr_in *)ss)->sin_addr, 4);
	return ss->ss_family == AF_INET;
}

bool proxy_trusts(const struct proxy_nets *p, const struct sockaddr_storage *ss)
{
	uint8_t a[16];
	if (ss->ss_family == AF_UNIX)
		return p->unix_peers;
	return addr_of(ss, a) && addr_trusted(p, a);
}

static void set_peer(struct http_req *r, const uint8_t a[16])
{
	memset(&r->peer, 0, sizeof r->peer);
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (!memcmp(a, mapped, 12)) {
		struct sockaddr_in *in = (struct sockaddr_in *)&r->peer;
		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, a + 12, 4);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&r->peer;
		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, a, 16);
	}
}

static struct str unquote(struct str s)
{
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? str_n(s.p + 1, s.n - 2) : s;
}

/* node = IPv4 [":" port] | "[" IPv6 "]" [":" port] | IPv6 (X-Forwarded-For only) | obfuscated (refused) */
static bool parse_node(struct str s, uint8_t out[16])
{
	bool v4;
	s = unquote(str_trim(s));
	if (s.n && s.p[0] == '[') {
		ptrdiff_t end = str_chr(s, ']');
		return end > 0 && parse_addr(str_n(s.p + 1, (size_t)end - 1), out, &v4);
	}
	ptrdiff_t colon = str_chr(s, ':');
	if (colon >= 0 && str_rchr(s, ':') == colon)
		s = str_first(s, (size_t)colon);
	return parse_addr(s, out, &v4);
}

static struct str forwarded_param(struct str element, const char *name)
{
	struct str rest = element, pair, key;
	while (str_next(&rest, ';', &pair)) {
		struct str value = str_trim(pair);
		if (str_cut(&value, '=', &key) && str_ieqc(str_trim(key), name))
			return unquote(str_trim(value));
	}
	return STR_NULL;
}

#define CHAIN_MAX 32

/* The elements of a list header over all its lines, first to last; those before the last CHAIN_MAX are forgotten. */
static unsigned chain_elements(const struct http_req *r, const char *name, struct str out[CHAIN_MAX])
{
	unsigned n = 0;
	struct str nm = str_c(name);
	for (unsigned i = 0; i < r->header_count; i++) {
		if (!str_eq(r->headers[i].name, nm))
			continue;
		struct str rest = r->headers[i].value, item;
		while (str_next(&rest, ',', &item)) {
			if (n == CHAIN_MAX) {
				memmove(out, out + 1, (CHAIN_MAX - 1) * sizeof *out);
				n--;
			}
			out[n++] = str_trim(item);
		}
	}
	return n;
}

void proxy_apply(const struct proxy_nets *p, enum http_proxy_header header, struct http_req *r)
{
	struct str chain[CHAIN_MAX], proto = STR_NULL;
	bool standard = header == HTTP_PROXY_FORWARDED;
	unsigned n = chain_elements(r, standard ? "forwarded" : "x-forwarded-for", chain);
	while (n--) {
		uint8_t a[16];
		struct str node = standard ? forwarded_param(chain[n], "for") : chain[n];
		if (standard)
			proto = forwarded_param(chain[n], "proto");
		if (!node.p || !parse_node(node, a))
			break;
		set_peer(r, a);
		if (!addr_trusted(p, a))
			break;
	}
	/* Nothing says which of several belongs to which address: the last is the nearest proxy's. */
	if (!standard && (n = chain_elements(r, "x-forwarded-proto", chain)))
		proto = chain[n - 1];
	if (proto.p)
		r->secure = str_ieqc(proto, "https");
}

void http_peer_text(const struct http_req *r, char out[HTTP_PEER_MAX])
{
	uint8_t a[16];
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (!addr_of(&r->peer, a))
		snprintf(out, HTTP_PEER_MAX, "%s", r->peer.ss_family == AF_UNIX ? "unix" : "unknown");
	else if (!memcmp(a, mapped, 12))
		inet_ntop(AF_INET, a + 12, out, HTTP_PEER_MAX);
	else
		inet_ntop(AF_INET6, a, out, HTTP_PEER_MAX);
}
