/* SPDX-License-Identifier: Apache-2.0
 *
 * See redis_url.h.
 */
#include "platform/cache/redis_url.h"

/* Decode into a bounded, NUL-terminated array; false when it does not fit or holds a NUL. */
static bool url_part_decode(struct str s, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		int c = (unsigned char)s.p[i];
		if (c == '%') {
			if (s.n - i < 3 || str_hex_value(s.p[i + 1]) < 0 || str_hex_value(s.p[i + 2]) < 0)
				return false;
			c = str_hex_value(s.p[i + 1]) * 16 + str_hex_value(s.p[i + 2]);
			i += 2;
		}
		if (c == 0 || n + 1 >= size)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

static bool small_int(struct str s, int max, int *out)
{
	uint64_t v;
	if (!str_u64(s, &v) || v > (uint64_t)max)
		return false;
	*out = (int)v;
	return true;
}

static bool parse_unix(struct str rest, struct redis_url *u)
{
	ptrdiff_t q = str_chr(rest, '?');
	if (q >= 0) {
		struct str query = str_skip(rest, (size_t)q + 1);
		if (!str_starts(query, STR("db=")) || !small_int(str_skip(query, 3), 65535, &u->db))
			return false;
		rest = str_first(rest, (size_t)q);
	}
	if (str_starts(rest, STR("//")))
		rest = str_skip(rest, 2);
	return rest.n && url_part_decode(rest, u->path, sizeof u->path);
}

static bool parse_auth(struct str auth, struct redis_url *u)
{
	struct str user;
	if (!str_cut(&auth, ':', &user)) /* only one: the password, as Redis' own tools take it */
		return url_part_decode(user, u->password, sizeof u->password);
	return url_part_decode(user, u->user, sizeof u->user) && url_part_decode(auth, u->password, sizeof u->password);
}

static bool parse_host(struct str s, struct redis_url *u)
{
	ptrdiff_t end = s.n && s.p[0] == '[' ? str_chr(s, ']') : -1; /* [::1]:6379 */
	if (end > 0) {
		if (!url_part_decode(str_n(s.p + 1, (size_t)end - 1), u->host, sizeof u->host))
			return false;
		s = str_skip(s, (size_t)end + 1);
		return s.n == 0 || (s.p[0] == ':' && small_int(str_skip(s, 1), 65535, &u->port));
	}
	ptrdiff_t colon = str_rchr(s, ':');
	if (colon >= 0 && !small_int(str_skip(s, (size_t)colon + 1), 65535, &u->port))
		return false;
	struct str host = colon >= 0 ? str_first(s, (size_t)colon) : s;
	return host.n && url_part_decode(host, u->host, sizeof u->host);
}

static bool parse_tcp(struct str rest, struct redis_url *u)
{
	ptrdiff_t at = str_rchr(rest, '@');
	if (at >= 0 && !parse_auth(str_first(rest, (size_t)at), u))
		return false;
	rest = str_skip(rest, (size_t)(at + 1));
	ptrdiff_t slash = str_chr(rest, '/');
	if (slash >= 0) {
		struct str db = str_skip(rest, (size_t)slash + 1);
		if (db.n && !small_int(db, 65535, &u->db))
			return false;
		rest = str_first(rest, (size_t)slash);
	}
	return parse_host(rest, u);
}

enum status redis_url_parse(struct str url, struct redis_url *out, struct err *e)
{
	*out = (struct redis_url){ .port = 6379 };
	bool ok = false;
	if (str_starts(url, STR("redis://")))
		ok = parse_tcp(str_skip(url, 8), out);
	else if (str_starts(url, STR("unix:")))
		ok = parse_unix(str_skip(url, 5), out);
	else if (str_starts(url, STR("rediss://")))
		return err_set(
		        e, ST_CONFIG, "Redis over TLS is not supported: use a local Redis, a Unix socket or a tunnel");
	/* The URL may hold a password: it is not repeated. */
	return ok ? ST_OK
	          : err_set(e, ST_CONFIG,
	                    "the address of Redis must look like redis://user:password@host:port/db or unix:/path");
}
