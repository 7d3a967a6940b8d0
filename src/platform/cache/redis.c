/* SPDX-License-Identifier: Apache-2.0
 *
 * Redis client: hiredis' asynchronous API on our loops.
 *
 * Threads. Each loop has a connection of its own, made at first use and touched on that loop's thread only; one more
 * for subscriptions lives on the first loop that used Redis. The lists of both are under the mutex.
 *
 * A call. The fiber parks on a promise in a heap-allocated `call`, shared with hiredis' callback. When the fiber gives
 * up first, the callback frees it; otherwise the fiber does. Three failures open the breaker and cut the connection, so
 * that the next probe begins with a new one instead of queueing behind a hung server.
 *
 * Life cycle: redis_new → calls on any loop → redis_detach on each loop that goes on living → redis_free.
 */
#include "platform/cache/redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "platform/cache/limits.h"
#include "platform/cache/redis_url.h"
#include "rt/fiber.h"
#include "rt/sync.h"

enum { IN_FLIGHT_MAX = 10000 /* of a connection */, REPLY_DEPTH = 8, ARGC_MAX = 128 };
#define TIMEOUT_DEFAULT (250 * NS_PER_MS)
#define BREAKER_OPEN (2 * NS_PER_S)
#define RECONNECT_FIRST_NS (100 * NS_PER_MS)
#define RECONNECT_MOST_NS (10 * NS_PER_S)
#define HANDED_MAX 1024 /* posts of threads without a loop that wait for one */

struct redis_conn {
	struct redis_conn *next;
	struct redis *r;
	struct loop *loop;
	redisAsyncContext *ac; /* NULL: not connected */
	struct watch watch;
	bool watching;
	uint32_t events;
	unsigned in_flight;
	bool subscriber, lost; /* lost: messages may have gone by */
	struct sub *sent;      /* the last subscription asked for on this connection; NULL: none */
	struct timer retry;    /* the subscriber's */
	struct backoff backoff;
};

struct sub {
	/* in the order of subscribing; kept until redis_free */ struct sub *next;
	void (*fn)(void *arg, struct str message);
	void *arg;
	char channel[];
};

struct redis {
	struct redis_url url;
	int64_t timeout_ns;
	struct breaker breaker;
	_Atomic uint64_t lost; /* posts without an answer */
	_Atomic unsigned handed; /* posts of other threads that no loop has begun */
	pthread_mutex_t lock;
	struct redis_conn *conns;
	struct redis_conn *subscriber;
	struct sub *subs, **subs_tail;
	struct task sync;
	bool sync_posted;
};

/* hiredis frees a reply after its callback; this keeps the one that a call took over. */
static _Thread_local void *kept_reply;

static void free_reply(void *reply)
{
	if (reply == kept_reply)
		kept_reply = NULL;
	else
		freeReplyObject(reply);
}

/* --- hiredis on our loop --- */

static void conn_ready(struct watch *w, uint32_t events)
{
	struct redis_conn *c = (struct redis_conn *)((char *)w - offsetof(struct redis_conn, watch));
	redisAsyncContext *ac = c->ac;
	if (ac && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		redisAsyncHandleRead(ac);
	if (c->ac == ac && ac && (events & EPOLLOUT))
		redisAsyncHandleWrite(ac);
}

static void conn_watch(struct redis_conn *c, uint32_t events)
{
	if (!c->loop)
		return;
	c->events = events;
	if (c->watching)
		watch_set(&c->watch, events);
	else if (watch_add(c->loop, &c->watch, c->ac->c.fd, events, conn_ready, NULL) == ST_OK)
		c->watching = true;
}

static void add_read(void *p) { struct redis_conn *c = p; conn_watch(c, c->events | EPOLLIN); }
static void del_read(void *p) { struct redis_conn *c = p; conn_watch(c, c->events & ~(uint32_t)EPOLLIN); }
static void add_write(void *p) { struct redis_conn *c = p; conn_watch(c, c->events | EPOLLOUT); }
static void del_write(void *p) { struct redis_conn *c = p; conn_watch(c, c->events & ~(uint32_t)EPOLLOUT); }

static void conn_gone(struct redis_conn *c);

/* hiredis is about to close the descriptor and free the context. */
static void conn_cleanup(void *p)
{
	struct redis_conn *c = p;
	if (c->watching && c->loop)
		watch_del(&c->watch);
	c->watching = false;
	c->events = 0;
	c->ac = NULL;
	conn_gone(c);
}

static void conn_cut(struct redis_conn *c)
{
	if (c->ac)
		redisAsyncFree(c->ac); /* every waiting callback is called with NULL, then conn_cleanup */
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	struct redis_conn *c = ac->data;
	if (status != REDIS_OK)
		LOG(DEBUG, NULL, "redis.connect_failed", LS("error", ac->errstr));
	else
		backoff_went_well(&c->backoff);
}

static void on_auth(redisAsyncContext *ac, void *reply, void *arg)
{
	const redisReply *r = reply;
	struct redis_conn *c = ac->data;
	if (r && r->type == REDIS_REPLY_ERROR) {
		LOG(ERROR, NULL, "redis.refused", LT("error", str_n(r->str, (size_t)r->len)));
		breaker_result(&c->r->breaker, false);
		redisAsyncDisconnect(ac);
	}
}

static void login(struct redis_conn *c)
{
	const struct redis_url *u = &c->r->url;
	if (u->user[0])
		redisAsyncCommand(c->ac, on_auth, NULL, "AUTH %s %s", u->user, u->password);
	else if (u->password[0])
		redisAsyncCommand(c->ac, on_auth, NULL, "AUTH %s", u->password);
	if (u->db)
		redisAsyncCommand(c->ac, on_auth, NULL, "SELECT %d", u->db);
}

static bool conn_open(struct redis_conn *c)
{
	static redisReplyObjectFunctions functions;
	static pthread_mutex_t functions_lock = PTHREAD_MUTEX_INITIALIZER;
	if (c->ac)
		return true;
	const struct redis_url *u = &c->r->url;
	redisAsyncContext *ac = u->path[0] ? redisAsyncConnectUnix(u->path) : redisAsyncConnect(u->host, u->port);
	if (!ac || ac->err) {
		if (ac)
			redisAsyncFree(ac);
		return false;
	}
	pthread_mutex_lock(&functions_lock);
	if (!functions.freeObject) {
		functions = *ac->c.reader->fn;
		functions.freeObject = free_reply;
	}
	pthread_mutex_unlock(&functions_lock);
	ac->c.reader->fn = &functions;
	c->ac = ac;
	ac->data = c;
	ac->ev.data = c;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = conn_cleanup;
	redisAsyncSetConnectCallback(ac, on_connect);
	c->sent = NULL;
	login(c);
	return c->ac != NULL;
}

/* --- subscriptions --- */

/* The one after `after`, or the first with NULL. */
static struct sub *sub_after(struct redis *r, const struct sub *after)
{
	pthread_mutex_lock(&r->lock);
	struct sub *s = after ? after->next : r->subs;
	pthread_mutex_unlock(&r->lock);
	return s;
}

static void on_message(redisAsyncContext *ac, void *reply, void *arg)
{
	const redisReply *m = reply;
	struct redis_conn *c = ac->data;
	if (!m || m->type != REDIS_REPLY_ARRAY || m->elements != 3 || m->element[0]->type != REDIS_REPLY_STRING ||
	    m->element[1]->type != REDIS_REPLY_STRING)
		return;
	const redisReply *what = m->element[0], *channel = m->element[1], *data = m->element[2];
	bool message = data->type == REDIS_REPLY_STRING && !strcmp(what->str, "message");
	if (!message && !(c->lost && !strcmp(what->str, "subscribe")))
		return;
	for (const struct sub *s = NULL; (s = sub_after(c->r, s));)
		if (str_eqc(str_n(channel->str, (size_t)channel->len), s->channel))
			s->fn(s->arg, message ? str_n(data->str, (size_t)data->len) : STR_NULL);
}

static void sub_retry(struct timer *t);

static void sub_sync(struct redis_conn *c)
{
	if (!conn_open(c)) {
		conn_gone(c);
		return;
	}
	for (struct sub *s; c->ac && (s = sub_after(c->r, c->sent)); c->sent = s)
		redisAsyncCommand(c->ac, on_message, NULL, "SUBSCRIBE %s", s->channel);
}

static void sub_retry(struct timer *t)
{
	sub_sync((struct redis_conn *)((char *)t - offsetof(struct redis_conn, retry)));
}

static void conn_gone(struct redis_conn *c)
{
	if (!c->subscriber || !c->loop)
		return;
	c->lost = true;
	c->retry.fire = sub_retry;
	timer_set(c->loop, &c->retry, clock_mono_ns() + backoff_failed(&c->backoff));
}

static void sync_run(struct task *t)
{
	struct redis *r = (struct redis *)((char *)t - offsetof(struct redis, sync));
	pthread_mutex_lock(&r->lock);
	struct redis_conn *c = r->subscriber;
	r->sync_posted = false;
	pthread_mutex_unlock(&r->lock);
	if (c && c->loop)
		sub_sync(c);
}

static struct redis_conn *conn_new(struct redis *r, struct loop *l)
{
	struct redis_conn *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->r = r;
	c->loop = l;
	c->backoff = (struct backoff){ .first_ns = RECONNECT_FIRST_NS, .most_ns = RECONNECT_MOST_NS };
	return c;
}

/* This loop's connection. The first loop gets the subscriber too. */
static struct redis_conn *conn_here(struct redis *r)
{
	struct loop *l = loop_current();
	if (!l)
		return NULL;
	pthread_mutex_lock(&r->lock);
	struct redis_conn *c = r->conns;
	while (c && c->loop != l)
		c = c->next;
	if (!c && (c = conn_new(r, l))) {
		c->next = r->conns;
		r->conns = c;
	}
	struct redis_conn *s = NULL;
	if (!r->subscriber && r->subs && (s = conn_new(r, l))) {
		s->subscriber = true;
		r->subscriber = s;
	}
	pthread_mutex_unlock(&r->lock);
	if (s)
		sub_sync(s);
	return c;
}

enum status redis_subscribe(struct redis *r, const char *channel, void (*fn)(void *arg, struct str message), void *arg,
			    struct err *e)
{
	size_t n = strlen(channel) + 1;
	struct sub *s = malloc(sizeof *s + n);
	if (!s)
		return err_set(e, ST_NOMEM, "no memory to subscribe to %s", channel);
	*s = (struct sub){ .fn = fn, .arg = arg };
	memcpy(s->channel, channel, n);
	pthread_mutex_lock(&r->lock);
	*r->subs_tail = s;
	r->subs_tail = &s->next;
	struct loop *l = r->subscriber && !r->sync_posted ? r->subscriber->loop : NULL;
	if (l) {
		r->sync_posted = true;
		r->sync.run = sync_run;
		loop_post(l, &r->sync);
	}
	pthread_mutex_unlock(&r->lock);
	if (!l)
		redis_start(r);
	return ST_OK;
}

void redis_start(struct redis *r)
{
	(void)conn_here(r);
}

/* --- calls --- */

struct redis_call {
	struct promise done;
	redisReply *reply; /* NULL: the connection broke */
	bool answered;     /* maybe in the same turn as the time-out */
	bool abandoned;    /* by its fiber: the callback frees */
};

static void on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
	struct redis_call *call = arg;
	struct redis_conn *c = ac->data;
	c->in_flight--;
	if (call->abandoned) {
		free(call);
		return;
	}
	call->answered = true;
	call->reply = reply;
	kept_reply = reply;
	promise_set(&call->done);
}

static void on_posted(redisAsyncContext *ac, void *reply, void *arg)
{
	struct redis_conn *c = ac->data;
	c->in_flight--;
	bool refused = reply && ((redisReply *)reply)->type == REDIS_REPLY_ERROR;
	if (refused)
		LOG(WARN, NULL, "redis.error",
		        LT("error", str_n(((redisReply *)reply)->str, (size_t)((redisReply *)reply)->len)));
	if (reply)
		breaker_result(&c->r->breaker, true);
	if (!reply || refused)
		atomic_fetch_add(&c->r->lost, 1);
}

static void conn_failed(struct redis_conn *c);

/* What is refused for its size or number says nothing of Redis, and does not count as a failure of it. */
static enum status conn_submit(
        struct redis_conn *c, redisCallbackFn *fn, void *arg, unsigned argc, const struct str *argv, struct err *e)
{
	const char *p[ARGC_MAX];
	size_t n[ARGC_MAX];
	if (argc == 0 || argc > ARGC_MAX)
		return err_set(e, ST_TOO_LARGE, "Redis is asked with 1 to %d words", ARGC_MAX);
	if (c->in_flight >= IN_FLIGHT_MAX)
		return err_set(e, ST_UNAVAILABLE, "%d commands wait for Redis already", IN_FLIGHT_MAX);
	for (unsigned i = 0; i < argc; i++) {
		p[i] = argv[i].p ? argv[i].p : "";
		n[i] = argv[i].n;
	}
	if (!conn_open(c) || redisAsyncCommandArgv(c->ac, fn, arg, (int)argc, p, n) != REDIS_OK) {
		conn_failed(c);
		return err_set(e, ST_UNAVAILABLE, "Redis is not reachable");
	}
	c->in_flight++;
	return ST_OK;
}

/* A failure; when it opens the breaker, the connection goes too. */
static void conn_failed(struct redis_conn *c)
{
	breaker_result(&c->r->breaker, false);
	if (breaker_is_open(&c->r->breaker))
		conn_cut(c);
}

static enum status convert(struct arena *a, const redisReply *in, struct redis_reply *out, unsigned depth,
                           struct err *e)
{
	*out = (struct redis_reply){ .kind = REDIS_NIL };
	switch (in->type) {
	case REDIS_REPLY_INTEGER:
		out->kind = REDIS_INT;
		out->i = in->integer;
		break;
	case REDIS_REPLY_STRING:
	case REDIS_REPLY_STATUS:
	case REDIS_REPLY_ERROR:
		out->kind = in->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_STR;
		out->s = arena_str(a, str_n(in->str, (size_t)in->len));
		break;
	case REDIS_REPLY_ARRAY:
		if (depth == REPLY_DEPTH)
			return err_set(e, ST_UPSTREAM, "Redis answered with lists in more than %d others", REPLY_DEPTH);
		out->kind = REDIS_ARRAY;
		out->count = in->elements;
		out->items = ARENA_ARRAY(a, struct redis_reply, in->elements ? in->elements : 1);
		for (size_t i = 0; i < in->elements; i++)
			TRY(convert(a, in->element[i], &out->items[i], depth + 1, e));
		break;
	default: break;
	}
	return ST_OK;
}

static void free_replyp(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}

static int64_t call_deadline(const struct ctx *ctx, const struct redis *r)
{
	int64_t at = clock_mono_ns() + r->timeout_ns;
	return ctx->deadline_ns && ctx->deadline_ns < at ? ctx->deadline_ns : at;
}

enum status redis_call(struct ctx *ctx, struct redis *r, unsigned argc, const struct str *argv, struct redis_reply *out,
		       struct err *e)
{
	if (!breaker_allow(&r->breaker))
		return err_set(e, ST_UNAVAILABLE, "Redis is not reachable");
	struct redis_conn *c = conn_here(r);
	struct redis_call *call = c ? calloc(1, sizeof *call) : NULL;
	if (!call)
		return err_set(e, ST_NOMEM, "no memory to ask Redis");
	promise_init(&call->done);
	enum status st = conn_submit(c, on_reply, call, argc, argv, e);
	if (st != ST_OK) {
		free(call);
		return st;
	}
	int64_t begun = clock_mono_ns();
	st = promise_wait(&call->done, call_deadline(ctx, r));
	if (st != ST_OK && !call->answered) {
		call->abandoned = true; /* same thread as the callback */
		/* Who comes with little time left says nothing of Redis; else a few of those would take it from
		 * everybody. */
		if (st == ST_TIMEOUT && clock_mono_ns() - begun >= r->timeout_ns)
			conn_failed(c);
		return err_set(e, st, "Redis did not answer in time");
	}
	__attribute__((cleanup(free_replyp))) redisReply *reply = call->reply;
	free(call);
	if (!reply) {
		conn_failed(c);
		return err_set(e, ST_UPSTREAM, "the connection to Redis broke");
	}
	breaker_result(&r->breaker, true);
	return convert(ctx->arena, reply, out, 0, e);
}

/* A command of a thread without a loop, on its way to a loop that has a connection. */
struct handed { struct task task; struct redis *r; unsigned argc; struct str argv[]; };

static void handed_post(struct task *t)
{
	struct handed *h = (struct handed *)t;
	atomic_fetch_sub(&h->r->handed, 1);
	redis_post(h->r, h->argc, h->argv);
	free(h);
}

static bool hand_over(struct redis *r, unsigned argc, const struct str *argv)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < argc; i++)
		bytes += argv[i].n;
	struct handed *h = malloc(sizeof *h + argc * sizeof *argv + bytes);
	if (!h)
		return false;
	*h = (struct handed){ .task = { .run = handed_post }, .r = r, .argc = argc };
	char *at = (char *)(h->argv + argc);
	for (unsigned i = 0; i < argc; at += argv[i++].n) {
		h->argv[i] = str_n(at, argv[i].n);
		if (argv[i].n)
			memcpy(at, argv[i].p, argv[i].n);
	}
	pthread_mutex_lock(&r->lock); /* a loop leaves with its connection, under it */
	bool on = r->conns && atomic_fetch_add(&r->handed, 1) < HANDED_MAX;
	if (on)
		loop_post(r->conns->loop, &h->task);
	else if (r->conns)
		atomic_fetch_sub(&r->handed, 1);
	pthread_mutex_unlock(&r->lock);
	if (!on)
		free(h);
	return on;
}

void redis_post(struct redis *r, unsigned argc, const struct str *argv)
{
	if (!loop_current()) {
		if (!hand_over(r, argc, argv))
			atomic_fetch_add(&r->lost, 1);
		return;
	}
	struct redis_conn *c = breaker_allow(&r->breaker) ? conn_here(r) : NULL;
	if (!c || conn_submit(c, on_posted, NULL, argc, argv, NULL) != ST_OK)
		atomic_fetch_add(&r->lost, 1);
}

uint64_t redis_lost(const struct redis *r)
{
	return atomic_load(&r->lost);
}

bool redis_up(const struct redis *r)
{
	return !breaker_is_open(&r->breaker);
}

/* --- life --- */

/* hiredis resolves names blockingly: done here once, at boot. */
static enum status resolve_redis(struct redis_url *u, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int rc = getaddrinfo(u->host, NULL, &hints, &found);
	if (rc != 0)
		return err_set(
		        e, ST_CONFIG, "the host of Redis, \"%.200s\", has no address: %s", u->host, gai_strerror(rc));
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, u->host, sizeof u->host, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(found);
	return rc == 0 ? ST_OK : err_set(e, ST_CONFIG, "the address of Redis can not be written as a number");
}

struct redis *redis_new(const char *url, int64_t timeout_ns, struct err *e)
{
	struct redis_url u;
	if (redis_url_parse(str_c(url), &u, e) != ST_OK || (u.host[0] && resolve_redis(&u, e) != ST_OK))
		return NULL;
	struct redis *r = calloc(1, sizeof *r);
	if (!r) {
		(void)err_set(e, ST_NOMEM, "no memory for a Redis client");
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN); /* hiredis writes with write(2) */
	r->url = u;
	r->timeout_ns = timeout_ns ? timeout_ns : TIMEOUT_DEFAULT;
	breaker_init(&r->breaker, 3, BREAKER_OPEN);
	r->subs_tail = &r->subs;
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

static void conn_end(struct redis_conn *c, bool loop_alive)
{
	if (loop_alive)
		timer_cancel(&c->retry);
	c->subscriber = false; /* no reconnect */
	if (!loop_alive)
		c->loop = NULL;
	conn_cut(c);
	free(c);
}

void redis_detach(struct redis *r)
{
	struct loop *l = loop_current();
	struct redis_conn *mine = NULL, *sub = NULL;
	pthread_mutex_lock(&r->lock);
	for (struct redis_conn **at = &r->conns; *at; at = &(*at)->next) {
		if ((*at)->loop == l) {
			mine = *at;
			*at = mine->next;
			break;
		}
	}
	if (r->subscriber && r->subscriber->loop == l) {
		sub = r->subscriber;
		r->subscriber = NULL;
	}
	pthread_mutex_unlock(&r->lock);
	if (mine)
		conn_end(mine, true);
	if (sub)
		conn_end(sub, true);
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	while (r->conns) {
		struct redis_conn *c = r->conns;
		r->conns = c->next;
		conn_end(c, false);
	}
	if (r->subscriber)
		conn_end(r->subscriber, false);
	for (struct sub *s = r->subs, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	pthread_mutex_destroy(&r->lock);
	free(r);
}
