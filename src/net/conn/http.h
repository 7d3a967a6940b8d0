/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server's face to its application: one request, whatever protocol brought it (HTTP/1.1, RFC 9112;
 * HTTP/2, RFC 9113). The server parses and refuses; the application answers.
 *
 * Life of a request: headers complete → app->fast() on the loop, no fiber: may answer from memory →
 * otherwise, when its turn in its line has come, a fiber runs app->handle(), which reads the body and answers exactly
 * once. When handle returns without an answer the server sends 500. The request and all it points to live in
 * req->ctx.arena, until the response has been handed to the connection. When the client goes away the fiber is
 * cancelled: its waits return ST_CANCELLED.
 */
#ifndef GH_NET_HTTP_H
#define GH_NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/ctx.h"
#include "base/err.h"
#include "base/str.h"
#include "rt/loop.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER };
enum http_version { HTTP_10, HTTP_11, HTTP_2 };

struct http_header { struct str name, value; }; /* request names are lower case */

/* A reference-counted, immutable body: a cached page sent to many connections without a copy. */
struct blob {
	_Atomic unsigned refs;
	size_t len;
	char data[];
};
struct blob *blob_new(const void *data, size_t n); /* NULL data: uninitialised; NULL when memory is out */
/* Uninitialised, for what is kept and sent often: from BLOB_LARGE bytes on in memory that the kernel sends without a
 * copy. */
#define BLOB_LARGE ((size_t)8 << 10)
struct blob *blob_new_large(size_t n);
size_t blob_bytes(const struct blob *b); /* memory that it takes */
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b);

struct http_req {
	struct ctx ctx;
	enum http_method method;
	struct str method_name;
	enum http_version version;
	struct str target;    /* as sent */
	struct str path;      /* percent-decoded once, UTF-8, dot segments removed, starts with '/'; no NUL */
	struct str raw_path;  /* before decoding */
	struct str query;     /* after '?', raw; p NULL when there is none */
	struct str host;      /* of the effective request URI, lower case, port included when sent */
	bool secure;          /* TLS, or said so by a trusted proxy */
	struct sockaddr_storage peer; /* the client: after trusted Forwarded / X-Forwarded-For */
	const struct http_header *headers;
	unsigned header_count;
	int64_t body_len;     /* Content-Length; -1 when chunked; 0 when there is none */
	size_t body_max;      /* the application may raise or lower it in handle before reading */
	struct loop *loop;
	void *app_data;       /* the application's own (the router's match) */
	/* set by http_status/http_begin/http_send: */
	int status;
	bool answered;
	uint64_t sent;        /* body bytes */
	int64_t start_ns;
};

/* First value, or p == NULL. name is lower case. */
struct str http_header(const struct http_req *r, const char *name);
/* Is token listed in a comma-separated header (Connection, If-None-Match without W/, …), ASCII case folded? */
bool http_header_has(const struct http_req *r, const char *name, const char *token);
/* Textual peer address without port, NUL-terminated; IPv4-mapped addresses as IPv4. */
#define HTTP_PEER_MAX 46
void http_peer_text(const struct http_req *r, char out[HTTP_PEER_MAX]);

/* --- body (fiber only) ------------------------------------------------------------------------------------- */
/* Up to n bytes; *got 0 at the end. ST_TOO_LARGE past body_max, ST_REQUEST_TIMEOUT below the minimum rate. */
enum status http_body_read(struct http_req *r, void *buf, size_t n, size_t *got, struct err *e) MUST_CHECK;
enum status http_body_all(struct http_req *r, size_t max, struct str *out, struct err *e) MUST_CHECK; /* in the arena */

/* --- answer (fiber, or in fast(): http_status, http_add_header, http_send*, nothing that waits) ------------- */
void http_status(struct http_req *r, int status); /* default 200 */
/* Copies both. Refuses CR, LF and NUL in a value (the header is dropped and logged). Date, Content-Length, Connection
   and Transfer-Encoding are the server's. */
void http_add_header(struct http_req *r, const char *name, struct str value);
void http_set_header(struct http_req *r, const char *name, struct str value); /* replaces */
/* The i-th header that was set, from 0; false: there are no more. Also when the answer has been sent. */
bool http_header_set_at(const struct http_req *r, unsigned i, struct str *name, struct str *value);
/* Headers of an answer that was kept: checked when they were first set, named once each, in memory that outlives
   http_send*. Added without a copy; for an answer that has no headers yet. */
void http_add_kept_header(struct http_req *r, const char *name, struct str value);
void http_send(struct http_req *r, struct str body);        /* copies what the socket does not take at once */
void http_send_blob(struct http_req *r, struct blob *body); /* takes a reference of its own */
void http_send_blob_part(struct http_req *r, struct blob *body, size_t off, size_t len);
void http_send_file(struct http_req *r, int fd, uint64_t off, uint64_t len); /* takes fd; Range is http_file's work */
enum status http_begin(struct http_req *r, int64_t len /* -1: unknown */) MUST_CHECK;
enum status http_write(struct http_req *r, const void *p, size_t n) MUST_CHECK; /* waits for room */
enum status http_flush(struct http_req *r) MUST_CHECK;
void http_end(struct http_req *r);

/* Conditional and range handling for a representation (RFC 9110 13, 14). etag quoted; mtime_us 0 when unknown.
   Sends 304, 412 or 416 and returns true when that settles the request. */
bool http_conditional(struct http_req *r, struct str etag, int64_t mtime_us);
/* Serve an open regular file with ETag, Last-Modified, Range (single and multipart), HEAD. Takes fd. */
void http_file(struct http_req *r, int fd, const char *content_type);

/* Negotiated content coding of RFC 9110 12.5.3 among those named in have ("br", "gzip"): the best acceptable or NULL.
 */
enum http_coding { HTTP_IDENTITY, HTTP_GZIP, HTTP_BR };
enum { HTTP_BROTLI_QUALITY = 4, HTTP_BROTLI_WINDOW = 20 }; /* on the fly */
enum http_coding http_accepts_coding(const struct http_req *r, unsigned have /* 1u << HTTP_GZIP … */);
/* http_send, compressed on the fly when the client accepts it, type is compressible and body is worth it. */
void http_send_compressed(struct http_req *r, struct str body);

/* --- server-sent events (WHATWG HTML 9.2) ------------------------------------------------------------------- */
/* Sends the head of a stream of events, and takes the request's deadline away. Failures as http_begin's. */
enum status sse_begin(struct http_req *r) MUST_CHECK;
/* One event, sent at once. event and id: one line each, or NULL; data: any lines. ST_INVALID: not one line;
   ST_TOO_LARGE: over 1 MiB; ST_CANCELLED: the client is gone; it waits for a slow reader. */
enum status sse_send(struct http_req *r, const char *event, const char *id, struct str data) MUST_CHECK;
/* A comment, so that neither proxies nor the reader take the stream for dead. */
enum status sse_ping(struct http_req *r) MUST_CHECK;

/* --- WebSocket (RFC 6455 over HTTP/1.1) ----------------------------------------------------------------------- */
struct ws;
struct ws_msg { bool binary; struct str data; }; /* data lives until the next ws_recv */
/* NULL when the request is no proper upgrade: answered with 400/426 then. protocol may be NULL. */
struct ws *ws_accept(struct http_req *r, const char *protocol, size_t max_message);
enum status ws_recv(struct ws *w, struct ws_msg *out, int64_t deadline_ns) MUST_CHECK; /* ST_GONE: closed */
enum status ws_send(struct ws *w, bool binary, struct str data) MUST_CHECK; /* this loop; waits for room */
/* Queue without waiting, any loop's fiber or callback of this loop: ST_UNAVAILABLE when the send queue is full. */
enum status ws_try_send(struct ws *w, bool binary, struct blob *data) MUST_CHECK;
void ws_close(struct ws *w, unsigned code, const char *reason);

/* --- server -------------------------------------------------------------------------------------------------- */
#define HTTP_LINES 32
struct http_app {
	bool (*fast)(struct http_req *r, void *arg);   /* may be NULL */
	void (*handle)(struct http_req *r, void *arg);
	/* Which line handle() stands in, 0 to HTTP_LINES - 1 (a service, a store): of each line limits.at_work are at
	   work at once on a loop, the others wait in order. For fast answers to others when one is slow; none (-1) for
	   what others wait for, or a circle of waits would stand still, and for what lasts. May be NULL: none for all.
	 */
	int (*line)(const struct http_req *r, void *arg);
	/* A message refused before there was a request (parse error, limits): give it a body. May be NULL. The page is
	   static memory; *type its media type. */
	struct str (*error_page)(int status, bool wants_json, const char **type, void *arg);
	void (*done)(struct http_req *r, void *arg);   /* after the response: access log, metrics. May be NULL */
	void *arg;
};

struct http_limits { /* 0: the default in parentheses */
	unsigned connections;        /* per process (10 000) */
	unsigned in_flight;          /* requests at once per HTTP/2 connection (100) */
	size_t target, headers;      /* bytes (8 KiB, 32 KiB) */
	unsigned header_count;       /* (100) */
	size_t body;                 /* default body_max (1 MiB) */
	int64_t header_time_ns;      /* total time for a header block (10 s) */
	int64_t idle_ns;             /* keep-alive (75 s) */
	int64_t request_ns; /* deadline of a request's fiber (30 s); moves on while its body comes or its answer goes */
	unsigned body_rate;          /* minimum bytes/s, after 5 s of grace (500) */
	unsigned write_rate;         /* the same for reading our answer (500) */
	size_t arena;                /* per request (4 MiB) */
	unsigned at_work;            /* handlers of one line at once, per loop (250) */
	unsigned waiting;            /* for their turn, per line and loop (10 000); more get 503 */
	size_t memory; /* held for peers that don't read or don't finish, all together (256 MiB); one connection: 16 MiB
	                */
};

struct http_listen {
	const char *addr;            /* "127.0.0.1:8080", "[::]:443", "unix:/run/x.sock"; port 0: any */
	const char *cert,
	        *key; /* PEM paths: TLS with ALPN h2, http/1.1. NULL: cleartext (h1, and h2 by prior knowledge) */
};

struct http_server;
/* Where trusted proxies say who asked: X-Forwarded-For with X-Forwarded-Proto, or Forwarded (RFC 7239). Only one
   counts: a client may send the other. */
enum http_proxy_header { HTTP_PROXY_X_FORWARDED, HTTP_PROXY_FORWARDED };

struct http_server_config {
	struct http_listen listen[4];
	unsigned listen_count;
	struct str trusted_proxies;  /* comma-separated addresses and CIDR blocks; empty: none */
	enum http_proxy_header proxy_header;
	struct http_limits limits;
	struct http_app app;
};

/* Listens on the addresses of c, which is copied; answers nothing before a loop is attached. NULL with *e: ST_CONFIG
   (addresses, certificate, proxies), ST_CONFLICT (an address is taken), ST_NOMEM. Freed by http_server_free. */
struct http_server *http_server_new(const struct http_server_config *c, struct err *e);
enum status http_server_attach(struct http_server *s, struct loop *l, struct err *e) MUST_CHECK; /* on l's thread */
/* The port of that listener, for those that asked for port 0; 0 for a unix socket. */
int http_server_port(const struct http_server *s, unsigned listen_index);
enum status http_server_reload_tls(struct http_server *s, struct err *e) MUST_CHECK; /* keeps the old on failure */
/* Drain: stop accepting, finish requests, GOAWAY / Connection: close, WebSocket 1012. done(arg) when all are closed or
   at the deadline (the rest is then cut). Call on any thread. */
void http_server_drain(struct http_server *s, int64_t deadline_ns, void (*done)(void *arg), void *arg);
void http_server_free(struct http_server *s); /* after the loops stopped */

struct http_server_stats {
	uint64_t accepted, requests, refused, h2_resets_cut;
	size_t owed;                   /* bytes held for peers */
	unsigned open, active, waiting; /* waiting: of the active ones, those whose turn has not come */
};
/* Of all loops, at about this moment. */
void http_server_stats(const struct http_server *s, struct http_server_stats *out);

#endif
