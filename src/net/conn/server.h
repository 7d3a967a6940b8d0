/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the HTTP server: the server and its part on one loop. Used by server.c, tls.c, wheel.c, proxy.c and conn.c;
 * protocols see struct worker only through the functions of conn.h.
 *
 * The server is made before the loops, attached to each on that loop's thread, and freed after they stopped. What
 * several threads touch is atomic; everything else of a worker belongs to its loop's thread.
 */
#ifndef GH_NET_SERVER_H
#define GH_NET_SERVER_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/conn/conn.h"

#define SERVER_LISTEN_MAX  4
#define SERVER_WORKERS_MAX 64
#define PROXY_NETS_MAX     64

/* --- trusted proxies: proxy.c ------------------------------------------------------------------------------------- */

struct proxy_net {
	uint8_t addr[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;    /* of 128 */
};
struct proxy_nets {
	struct proxy_net net[PROXY_NETS_MAX];
	unsigned count;
	bool unix_peers; /* "unix": whoever connects to a unix socket */
};
/* Comma-separated addresses and CIDR blocks, or "unix". ST_CONFIG: not that, or more than PROXY_NETS_MAX. */
enum status proxy_nets_parse(struct proxy_nets *p, struct str list, struct err *e) MUST_CHECK;
/* Is that peer one of them? */
bool proxy_trusts(const struct proxy_nets *p, const struct sockaddr_storage *ss);
/* Replace peer and scheme of r, which came from a trusted one, by what the chain of trusted proxies says in that
 * header. */
void proxy_apply(const struct proxy_nets *p, enum http_proxy_header header, struct http_req *r);

/* --- worker ------------------------------------------------------------------------------------------------------- */

#define WHEEL_SLOTS 256
#define WHEEL_SHIFT 28 /* 2^28 ns: 268 ms a slot, 68 s round */

struct wheel {
	struct conn *slot[WHEEL_SLOTS];
	int64_t tick; /* the last one handled */
	unsigned count;
	struct timer timer;
};

struct listener {
	struct watch watch;
	struct worker *w;
	unsigned index;
	bool open, muted; /* muted: no descriptors left; tried again at the next tick */
	bool told;        /* … and the log says so, since the last one was let in */
};

struct pool_item { struct pool_item *next; };
struct pool { struct pool_item *first; unsigned count, max; size_t size; };

struct line {
	struct worker *w;
	unsigned at_work, waiting;
	struct request *head, **tail; /* waiting, the oldest first */
	struct timer clock;           /* the oldest one's deadline */
};
/* An empty line of that worker. */
void line_init(struct worker *w, struct line *l);

/* Framed answers: framed.c */
#define FRAMED_SLOTS 64
struct framed {
	struct blob *body, *answer; /* answer: NULL until it is worth it */
	const char *p;              /* the part of body that is sent */
	size_t len;
	int64_t date_s;             /* the second in which */
	unsigned sent;
};
/* Let go of what is of another second, or of all. True: some is left. */
bool framed_sweep(struct worker *w, bool all);

struct worker {
	struct http_server *s;
	struct loop *loop;
	struct listener listener[SERVER_LISTEN_MAX];
	struct conn *all;
	unsigned open;
	struct wheel wheel;
	struct pool in_pool, seg_pool, small_pool, conn_pool;
	struct line lines[HTTP_LINES];
	char *tls_scratch; /* one record's worth, made when first needed */
	int64_t date_s;
	char date[HTTP_DATE_LEN + 1];
	struct framed framed[FRAMED_SLOTS];
	_Atomic uint64_t accepted, requests, refused, cut;
	_Atomic unsigned active, waiting;
	_Atomic size_t owed; /* by its connections' peers: owed.c; written by its loop */
	size_t owed_told;    /* of that, what is in the server's */
	bool draining, stopped; /* stopped: the loop and its fibers are no more */
	struct task drain_task;
};

struct http_server {
	struct http_server_config cfg; /* strings copied */
	struct http_listen listen[SERVER_LISTEN_MAX];
	int fd[SERVER_LISTEN_MAX];          /* bound in http_server_new; the first worker to attach listens on it */
	bool fd_used[SERVER_LISTEN_MAX];
	int port[SERVER_LISTEN_MAX];
	struct sockaddr_storage addr[SERVER_LISTEN_MAX];
	socklen_t addr_len[SERVER_LISTEN_MAX];
	bool is_unix[SERVER_LISTEN_MAX];
	_Atomic(SSL_CTX *) tls[SERVER_LISTEN_MAX];
	struct proxy_nets proxies;
	pthread_mutex_t lock;               /* workers, fd_used, tls swap, drain */
	struct worker *workers[SERVER_WORKERS_MAX];
	unsigned worker_count;
	_Atomic unsigned open;
	_Atomic size_t owed; /* about what its workers hold for peers */
	bool draining;
	int64_t drain_deadline_ns;
	void (*drained)(void *arg);
	void *drained_arg;
	_Atomic unsigned draining_workers;
};

/* A connection from an accepted descriptor; takes fd. */
void conn_new(struct worker *w, int fd, const struct sockaddr_storage *peer, SSL_CTX *tls);
void conn_drain(struct conn *c);
/* When its loop has stopped for good: free it without touching the loop. */
void conn_abandon(struct conn *c);
/* conn.c tells when one is gone. */
void worker_conn_gone(struct worker *w);

/* What is held for a peer: owed.c. At each flush, and when a connection ends. */
void conn_account(struct conn *c);
void conn_owes_nothing(struct conn *c);

/* Timer wheel: wheel.c */
void wheel_put(struct worker *w, struct conn *c, int64_t at_ns);
void wheel_remove(struct worker *w, struct conn *c);
void wheel_start(struct worker *w);
void conn_wheel_fired(struct conn *c, int64_t now);
void worker_tick(struct worker *w); /* each wheel tick: listeners that were muted */

/* An item of p->size bytes, used before or fresh: not zeroed. NULL: no memory. put gives it back, or frees it past
   p->max; drain frees what is kept. */
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *item);
void pool_drain(struct pool *p);

/* TLS: tls.c */
SSL_CTX *tls_ctx_new(const char *cert, const char *key, struct err *e);

#endif
