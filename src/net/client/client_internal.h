/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the two halves of the client: client.c (fetch, in the fiber) and client_loop.c (libcurl, on the loop's
 * stack).
 *
 * Life of an exchange: exchange_start → callbacks fill `head` and `body` and wake the fiber → `done` with `code` →
 * exchange_end. exchange_end may come at any time and takes the transfer out of libcurl's hands first.
 */
#ifndef GH_NET_CLIENT_INTERNAL_H
#define GH_NET_CLIENT_INTERNAL_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "net/client/client.h"
#include "rt/fiber.h"
#include "rt/loop.h"
#include "rt/sync.h"

enum { HEAD_MAX = 64 * 1024, HEADERS_MAX = 200, STREAM_WINDOW = 64 * 1024, URL_MAX = 8192 };

struct client_loop;

struct http_pool {
	struct http_pool_config c;
	struct fsem permits;
	pthread_mutex_t lock; /* of loops */
	struct client_loop *loops;
	_Atomic unsigned loop_count, open;
	_Atomic uint64_t started, failed, refused;
};

/* One request and its response, without redirects. Lies on its fiber's stack. */
struct exchange {
	struct http_pool *pool;
	struct client_loop *cl;
	struct fiber *fiber;
	CURL *easy;
	struct curl_slist *headers;
	bool attached, done, paused, streaming;
	bool discard;           /* a redirect that will be followed: its body is of no interest */
	bool head_ended, no_body;
	bool address_refused, unix_socket, too_large;
	bool may_follow;
	size_t max_body, body_len;
	struct buf head;        /* header lines of the last response, NUL-separated */
	unsigned head_count;
	struct buf body;        /* all of it, or what was not yet handed over */
	CURLcode code;
	char error[CURL_ERROR_SIZE];
};

/* The state of this loop, made at first use. NULL when memory is out. */
struct client_loop *client_loop_get(struct http_pool *p, struct loop *l);
void client_loops_free(struct http_pool *p);
CURL *client_easy_get(struct client_loop *cl);
enum status exchange_start(struct exchange *x, struct err *e) MUST_CHECK;
void exchange_unpause(struct exchange *x);
void exchange_end(struct exchange *x);

#endif
