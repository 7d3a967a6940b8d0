/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbound HTTP on the loop (libcurl multi): the calling fiber waits, the loop does not. Connections are pooled per
 * loop and purpose and bounded; responses are capped; redirects are followed here, each hop checked again; the
 * address is checked after resolving, at connect, so that DNS rebinding does not help.
 */
#ifndef GH_NET_CLIENT_H
#define GH_NET_CLIENT_H

#include "base/ctx.h"
#include "base/err.h"
#include "net/conn/http.h"

/* Bounds of one purpose, per process. 0: the figure in parentheses. Idle connections belong to a loop: `keep` is
   divided among the loops that use the pool (at least 1 each). */
struct http_pool_config {
	const char *name;       /* for metrics: "contract-read", "contract-action", "federation", … */
	unsigned max, keep;     /* connections at once / kept idle (20/10 for reads, 10/5 for actions) */
	unsigned max_waiting;   /* fibers waiting for one; more: ST_UNAVAILABLE (1000) */
	bool allow_private;     /* may connect to loopback, private, link-local, … addresses */
	int64_t timeout_ns;     /* of a whole exchange, redirects included (10 s) */
	int64_t connect_ns;     /* (3 s) */
};
struct http_pool;
struct http_pool *http_pool_new(const struct http_pool_config *c, struct err *e);
/* After the loops that used it have stopped, or on the only one that did. No fetch is under way. */
void http_pool_free(struct http_pool *p);

struct http_out {
	const char *method;                /* "GET" when NULL */
	const char *url;                   /* http or https, or http+unix://%2Fpath%2Fsock/path */
	const struct http_header *headers;
	unsigned header_count;
	struct str body;                   /* p NULL: none */
	size_t max_body;                   /* of the response; 0: 1 MiB */
	unsigned max_redirects;            /* 0: a redirect is returned as it is */
	int64_t deadline_ns;               /* 0: the pool's time-out and ctx->deadline_ns */
	/* Streaming: called in the fiber for each piece, after in->status and in->headers are set; in->body.p == NULL
	   then. It may wait: the server is held back meanwhile. Non-zero: stop with that status. max_body counts as
	   well. */
	enum status (*on_data)(void *arg, const void *p, size_t n);
	void *arg;
};
struct http_in {
	int status;
	const struct http_header *headers; /* names lower case */
	unsigned header_count;
	struct str body;                   /* in ctx->arena */
	const char *url;                   /* after redirects */
};
/* ST_OK whenever a response arrived, whatever its status. A redirect is followed to http and https only, never from
   https to http; to another origin only harmless headers go along. Credentials in a URL are refused. http+unix needs a
   pool with allow_private; such a pool also sends ctx's `traceparent`. ST_INVALID (URL, header), ST_TIMEOUT,
   ST_UPSTREAM (connection, protocol), ST_TOO_LARGE, ST_FORBIDDEN (address refused), ST_UNAVAILABLE (pool full),
   ST_CANCELLED. */
enum status http_fetch(struct ctx *c, struct http_pool *p, const struct http_out *out, struct http_in *in,
                       struct err *e) MUST_CHECK;
struct str http_in_header(const struct http_in *in, const char *name);

/* Is the address one that the public may not reach: loopback, private, link-local, CGNAT, multicast, NAT64, 6to4,
   Teredo, documentation, unspecified, mapped forms of these? (IANA special-purpose registries) */
bool http_addr_private(const struct sockaddr *sa);

struct http_pool_stats { const char *name; unsigned open, in_use, waiting; uint64_t started, failed, refused; };
/* Of all loops together. name is borrowed from the pool. */
void http_pool_stats(const struct http_pool *p, struct http_pool_stats *out);

#endif
