/* SPDX-License-Identifier: Apache-2.0
 *
 * The Redis client and what stands on it, against a real server that is stopped, killed and started again.
 * Exits with 77 (skipped) where there is none.
 */
#include "unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/cache/cache.h"
#include "platform/cache/cache_level2.h"
#include "platform/cache/limits.h"
#include "platform/cache/redis.h"
#include "platform/cache/redis_url.h"
#include "platform/hub/hub.h"
#include "rt/fiber.h"

static char dir[] = "/tmp/gh-redis-XXXXXX", path[64], url[96];
static pid_t server;

static bool listening(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return ok;
}

static void server_start(void)
{
	const char *argv[] = { "redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
		"--dir", dir, "--logfile", "/dev/null", NULL };
	unlink(path);
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG,
		        SIGKILL); /* a failed test leaves none behind, which would keep the output open */
		execvp(argv[0], (char **)argv);
		_exit(77);
	}
	for (int i = 0; i < 500 && !listening(); i++)
		usleep(10000);
	if (!listening())
		exit(77);
}

static void server_kill(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void nap(int ms)
{
	assert_int_equal(fiber_sleep_ns(ms * NS_PER_MS), ST_OK);
}

#define AWAIT(cond)                                                                                           \
	do {                                                                                                  \
		for (int await_ = 0; await_ < 60000 && !(cond); await_++)                                      \
			nap(5);                                                                               \
		assert_true(cond);                                                                            \
	} while (0)

static struct redis *client(void)
{
	struct redis *r = redis_new(url, 0, NULL);
	assert_non_null(r);
	return r;
}

static void client_end(struct redis *r)
{
	redis_detach(r);
	redis_free(r);
}

static enum status call(struct ctx *c, struct redis *r, struct redis_reply *out, unsigned n, const char *const *words)
{
	struct str argv[8];
	for (unsigned i = 0; i < n; i++)
		argv[i] = str_c(words[i]);
	return redis_call(c, r, n, argv, out, NULL);
}
#define CALL(...) call(&ctx, r, &reply, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__ })

struct many { struct redis *r; int left; };

static void one_of_many(void *arg)
{
	struct many *m = arg;
	struct redis *r = m->r;
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	ctx_init(&ctx, a);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(CALL("INCR", "n"), ST_OK);
		assert_int_equal(reply.kind, REDIS_INT);
	}
	m->left--;
}

static void calls(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *r = client();
	ctx_init(&ctx, a);
	struct str set[] = { STR("SET"), STR("a\0b"), STR("\0\r\n\xff") }, get[] = { STR("GET"), STR("a\0b") };
	assert_int_equal(redis_call(&ctx, r, 3, set, &reply, NULL), ST_OK);
	assert_int_equal(redis_call(&ctx, r, 2, get, &reply, NULL), ST_OK);
	assert_true(reply.kind == REDIS_STR && str_eq(reply.s, set[2]));
	assert_int_equal(CALL("GET", "none"), ST_OK);
	assert_int_equal(reply.kind, REDIS_NIL);
	assert_int_equal(CALL("NOSUCH"), ST_OK);
	assert_int_equal(reply.kind, REDIS_ERROR);
	assert_int_equal(CALL("EVAL", "return {1,{'x',false},redis.status_reply('S')}", "0"), ST_OK);
	assert_true(reply.kind == REDIS_ARRAY && reply.count == 3 && reply.items[0].i == 1);
	assert_true(reply.items[1].count == 2 && str_eqc(reply.items[1].items[0].s, "x") &&
	        reply.items[1].items[1].kind == REDIS_NIL);
	struct many m = { r, 300 };
	for (int i = 0; i < 300; i++)
		assert_non_null(fiber_spawn(loop_current(), one_of_many, &m, FIBER_LARGE));
	AWAIT(m.left == 0);
	assert_int_equal(CALL("GET", "n"), ST_OK);
	assert_true(str_eqc(reply.s, "6000"));
	client_end(r);
}

static void hung_and_killed(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *r = client();
	ctx_init(&ctx, a);
	assert_int_equal(CALL("PING"), ST_OK);
	kill(server, SIGSTOP);
	for (int i = 0; i < 3; i++)
		assert_int_equal(CALL("PING"), ST_TIMEOUT);
	assert_false(redis_up(r));
	for (int i = 0; i < 1000; i++) {
		enum status st = CALL("PING"); /* refused at once; or a probe, when this machine is slow */
		assert_true(st == ST_UNAVAILABLE || st == ST_TIMEOUT);
	}
	kill(server, SIGCONT);
	AWAIT(CALL("PING") == ST_OK);
	assert_true(str_eqc(reply.s, "PONG"));
	server_kill();
	assert_int_not_equal(CALL("PING"), ST_OK);
	AWAIT(!redis_up(r) || CALL("PING") != ST_OK);
	server_start();
	AWAIT(CALL("PING") == ST_OK);
	client_end(r);
}

/* Those whose own time is over wait for nothing, and take Redis from nobody. */
static void callers_without_time(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *r = client();
	ctx_init(&ctx, a);
	assert_int_equal(CALL("PING"), ST_OK);
	for (int i = 0; i < 20; i++) {
		ctx.deadline_ns = 1; /* long ago */
		assert_int_equal(CALL("PING"), ST_TIMEOUT);
		assert_true(redis_up(r));
		ctx.deadline_ns = 0;
		assert_int_equal(CALL("PING"), ST_OK);
	}
	for (int i = 0; i < 20; i++) {
		ctx.deadline_ns = 1;
		assert_int_equal(CALL("PING"), ST_TIMEOUT);
	}
	ctx.deadline_ns = 0;
	assert_int_equal(CALL("PING"), ST_OK);
	client_end(r);
}

static _Atomic int messages, losses;

static void on_message(void *arg, struct str m)
{
	if (!m.p)
		atomic_fetch_add(&losses, 1);
	else if (str_eqc(m, "hello"))
		atomic_fetch_add(&messages, 1);
}

static void subscriptions(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *r = client(), *other = client();
	ctx_init(&ctx, a);
	assert_int_equal(redis_subscribe(other, "ch", on_message, NULL, NULL), ST_OK);
	redis_start(other);
	AWAIT((CALL("PUBLISH", "ch", "hello") == ST_OK && atomic_load(&messages) > 0));
	assert_int_equal(losses, 0);
	server_kill();
	server_start();
	int before = messages;
	AWAIT((CALL("PUBLISH", "ch", "hello") == ST_OK && atomic_load(&messages) > before));
	assert_int_equal(losses, 1);
	client_end(other);
	client_end(r);
}

enum { CHANNELS = 100 };
static _Atomic unsigned heard[CHANNELS];

static void on_counted(void *arg, struct str m)
{
	if (m.p)
		atomic_fetch_add((_Atomic unsigned *)arg, 1);
}

/* As many as there are, subscribed before and after the connection is made; two of one channel hear the same. */
static void any_number_of_subscriptions(void *arg)
{
	static _Atomic unsigned twin;
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *r = client();
	char channel[100];
	ctx_init(&ctx, a);
	for (int i = 0; i < CHANNELS; i++) {
		snprintf(channel, sizeof channel,
		        "a-channel-whose-name-is-longer-than-most-names-of-channels-would-ever-be.%d", i);
		assert_int_equal(redis_subscribe(r, channel, on_counted, &heard[i], NULL), ST_OK);
		if (i == CHANNELS / 2)
			redis_start(r);
	}
	assert_int_equal(redis_subscribe(r, channel, on_counted, &twin, NULL), ST_OK);
	for (int i = 0; i < CHANNELS; i++) {
		snprintf(channel, sizeof channel,
		        "a-channel-whose-name-is-longer-than-most-names-of-channels-would-ever-be.%d", i);
		AWAIT((CALL("PUBLISH", channel, "hello") == ST_OK && atomic_load(&heard[i]) > 0));
	}
	AWAIT(atomic_load(&twin) > 0);
	client_end(r);
}

static _Atomic int made;

static enum status make(struct ctx *ctx, const void *arg, struct blob **out, struct str *tags, struct err *e)
{
	int n = atomic_fetch_add(&made, 1) + 1;
	char text[16];
	snprintf(text, sizeof text, "%d", n);
	*out = blob_new(text, strlen(text));
	*tags = STR("t u");
	return ST_OK;
}

static int cached(struct cache *c)
{
	static const struct cache_policy p = { 60 * NS_PER_S, 120 * NS_PER_S, true };
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	struct blob *b = NULL;
	char text[16] = "";
	ctx_init(&ctx, a);
	assert_int_equal(cache_get(&ctx, c, STR("k"), &p, make, "", 0, &b, NULL, NULL), ST_OK);
	memcpy(text, b->data, b->len);
	blob_unref(b);
	return atoi(text);
}

static struct str repeated(struct arena *a, size_t n, char c)
{
	char *text = arena_alloc(a, n);
	memset(text, c, n);
	return str_n(text, n);
}

/* What is asked has as many words as may be, what is answered lists within lists; as many commands wait as may. One
   more is refused to whoever asks; the connection is everybody's and stays. */
static void bounds_of_an_exchange(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct err e = { 0 };
	struct redis *r = redis_new(url, 600 * NS_PER_S, NULL);
	struct str argv[129] = { STR("DEL") }, ping[] = { STR("PING") };
	ctx_init(&ctx, a);
	for (int i = 1; i < 129; i++)
		argv[i] = STR("none");
	assert_int_equal(redis_call(&ctx, r, 128, argv, &reply, &e), ST_OK);
	assert_int_equal(redis_call(&ctx, r, 129, argv, &reply, &e), ST_TOO_LARGE);
	assert_string_equal(e.msg, "Redis is asked with 1 to 128 words");
	redis_post(r, 129, argv);
	assert_int_equal(redis_lost(r), 1);
	kill(server, SIGSTOP);
	for (int i = 0; i < 10000; i++)
		redis_post(r, 1, ping);
	assert_int_equal(redis_lost(r), 1);
	redis_post(r, 1, ping);
	assert_int_equal(redis_lost(r), 2);
	assert_int_equal(redis_call(&ctx, r, 1, ping, &reply, &e), ST_UNAVAILABLE);
	assert_string_equal(e.msg, "10000 commands wait for Redis already");
	assert_true(redis_up(r));
	kill(server, SIGCONT);
	AWAIT(redis_call(&ctx, r, 1, ping, &reply, &e) == ST_OK);
	assert_int_equal(redis_lost(r), 2);
	client_end(r);
}

static void nested_answers(void *arg)
{
	SCOPED_ARENA *a = arena_new(16 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct err e = { 0 };
	struct redis *r = client();
	ctx_init(&ctx, a);
	for (int deep = 8; deep < 10; deep++) {
		char script[64] = "return ";
		for (int i = 0; i < deep; i++)
			strcat(script, "{");
		for (int i = 0; i < deep; i++)
			strcat(script, "}");
		struct str eval[] = { STR("EVAL"), str_c(script), STR("0") };
		enum status st = redis_call(&ctx, r, 3, eval, &reply, &e);
		if (st != (deep == 8 ? ST_OK : ST_UPSTREAM)) /* by us, or by the library before */
			fail_msg("%d deep: %d %s", deep, st, e.msg);
	}
	client_end(r);
}

/* Each bound of what is kept there, and one more. What is too large, or could not be dropped again, is made anew. */
static void second_level_bounds(void *arg)
{
	static const struct cache_policy policy = { 600 * NS_PER_S, 600 * NS_PER_S, false };
	static const struct {
		size_t key, tags, value;
	} most = { 4096, 64, (16 << 20) - 31 - 3 * 64 };
	struct redis *r = redis_new(url, 600 * NS_PER_S, NULL);
	struct cache_level2 l = { .redis = r, .site = 7 };
	redis_post(r, 1, (struct str[]){ STR("FLUSHDB") }); /* of marks of drops, too */
	for (int which = 0; which < 3; which++)
		for (size_t more = 0; more < 2; more++) {
			SCOPED_ARENA *a = arena_new(64 << 20);
			struct ctx ctx;
			struct cache_level2_value got = { 0 };
			struct buf tags;
			ctx_init(&ctx, a);
			buf_arena(&tags, a, 4096);
			for (size_t i = 0; i < most.tags + (which == 1 ? more : 0); i++)
				buf_printf(&tags, " %02zu", i);
			struct str key = repeated(a, which == 0 ? most.key + more : 9,
			                          (char)('a' + 2 * which + (int)more)),
			           value = repeated(a, which == 2 ? most.value + more : 9, 'v');
			struct blob *b = blob_new(value.p, value.n);
			cache_level2_put(&l, key, b, clock_now_us(), &policy, buf_str(&tags));
			blob_unref(b);
			enum status st = cache_level2_get(&ctx, &l, key, &got);
			if (st != (more ? ST_NOT_FOUND : ST_OK))
				fail_msg("bound %d + %zu: %d", which, more, st);
			assert_true(more || got.value->len == value.n);
			blob_unref(got.value);
		}
	client_end(r);
}

/* A mark for a tag that is too long to have one: all goes. */
static void long_tags_drop_everything(void *arg)
{
	static const struct cache_policy policy = { 600 * NS_PER_S, 600 * NS_PER_S, false };
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	struct redis *r = redis_new(url, 600 * NS_PER_S, NULL);
	struct cache_level2 l = { .redis = r, .site = 8 };
	struct cache_level2_value got = { 0 };
	struct blob *b = blob_new("v", 1);
	ctx_init(&ctx, a);
	redis_post(r, 1, (struct str[]){ STR("FLUSHDB") });
	cache_level2_put(&l, STR("k"), b, clock_now_us(), &policy, STR("u"));
	cache_level2_drop(&l, 't', repeated(a, 4096, 't'));
	assert_int_equal(cache_level2_get(&ctx, &l, STR("k"), &got), ST_OK);
	blob_unref(got.value);
	cache_level2_drop(&l, 't', repeated(a, 4097, 't'));
	assert_int_equal(cache_level2_get(&ctx, &l, STR("k"), &got), ST_NOT_FOUND);
	blob_unref(b);
	client_end(r);
}

/* Two caches with a connection each stand for two processes. */
static void second_level(void *arg)
{
	struct redis *ra = client(), *rb = client();
	struct cache *a = cache_new(1 << 20, 2, ra, NULL), *b = cache_new(1 << 20, 2, rb, NULL);
	struct cache_stats s;
	assert_int_equal(cached(a), 1);
	/* The write is not waited for: ask until it is there, as a new process would. */
	do {
		nap(5);
		cache_clear(b);
		(void)cached(b);
		cache_stats(b, &s);
	} while (!s.level2_hits);
	int before = atomic_load(&made);
	assert_int_equal(cached(a), 1);
	cache_drop_tag(a, STR("u"));
	int now = cached(a);
	assert_true(now > before);
	AWAIT(cached(b) > before); /* told over pub/sub; what level 2 had is older than the drop */
	/* Without Redis both go on. */
	server_kill();
	cache_clear(a);
	cache_clear(b);
	assert_true(cached(a) > now);
	assert_true(cached(b) > now);
	server_start();
	client_end(ra);
	client_end(rb);
	cache_free(a);
	cache_free(b);
}

static void put_made(struct cache *c, const struct cache_moment *since)
{
	static const struct cache_policy p = { 60 * NS_PER_S, 120 * NS_PER_S, true };
	struct blob *b = blob_new("page", 4);
	cache_put(c, STR("p"), b, &p, STR("t u"), since);
	blob_unref(b);
}

static bool fetched(struct cache *c)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	struct blob *b = NULL;
	ctx_init(&ctx, a);
	if (!cache_fetch(&ctx, c, STR("p"), &b))
		return false;
	assert_int_equal(b->len, 4);
	assert_memory_equal(b->data, "page", 4);
	blob_unref(b);
	return true;
}

static bool here(struct cache *c)
{
	struct blob *b = NULL;
	if (cache_peek(c, STR("p"), &b) == CACHE_MISS)
		return false;
	blob_unref(b);
	return true;
}

/* What its maker puts there itself, as pages are. */
static void put_and_fetched(void *arg)
{
	struct redis *ra = client(), *rb = client();
	struct cache *a = cache_new(1 << 20, 2, ra, NULL), *b = cache_new(1 << 20, 2, rb, NULL),
	             *other = cache_new(1 << 20, 2, rb, NULL);
	cache_share_among(other, 1);
	assert_false(fetched(b));
	struct cache_moment since = cache_now(a);
	put_made(a, &since);
	AWAIT(fetched(b));
	assert_true(here(b)); /* the next one finds it in the process */
	assert_false(fetched(other)); /* another site's, or another build's */
	/* Dropped while it was made: kept nowhere. */
	cache_clear(a);
	cache_clear(b);
	since = cache_now(a);
	cache_drop_tag(a, STR("u"));
	put_made(a, &since);
	assert_false(here(a));
	assert_false(fetched(a)); /* and what is there from before is older than the drop */
	AWAIT(!fetched(b));
	/* Its age in level 2 is that of its source: one read well after the drop counts, whenever it is put. */
	since = cache_now(a);
	since.wall_us += 10 * US_PER_S;
	put_made(a, &since);
	AWAIT(fetched(b));
	cache_drop(a, STR("p"));
	AWAIT(!here(b));
	client_end(ra);
	client_end(rb);
	cache_free(a);
	cache_free(b);
	cache_free(other);
}

/* Redis hangs while something is dropped, and has its values still when it is back. */
static void lost_drops_are_made_good(void *arg)
{
	SCOPED_ARENA *arena = arena_new(1 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *ra = client(), *rb = client(), *r = ra;
	struct cache *a = cache_new(1 << 20, 2, ra, NULL), *b = cache_new(1 << 20, 2, rb, NULL);
	struct cache_moment since = cache_now(a);
	ctx_init(&ctx, arena);
	assert_int_equal(CALL("FLUSHALL"), ST_OK); /* drops that earlier tests left */
	put_made(a, &since);
	AWAIT(fetched(b));
	kill(server, SIGSTOP);
	for (int i = 0; i < 3; i++)
		assert_int_equal(CALL("PING"), ST_TIMEOUT);
	assert_false(redis_up(ra));
	cache_drop_tag(a, STR("nothing of ours"));
	kill(server, SIGCONT);
	AWAIT(CALL("PING") == ST_OK);
	assert_true(fetched(b)); /* told by nobody yet */
	assert_false(fetched(a));
	AWAIT(!fetched(b));
	client_end(ra);
	client_end(rb);
	cache_free(a);
	cache_free(b);
}

static unsigned granted(struct ratelimit *a, struct ratelimit *b, const char *key)
{
	static const struct rate rate = { 1, 10 }; /* a token a minute, ten at once */
	SCOPED_ARENA *arena = arena_new(1 << 20);
	struct ctx ctx;
	struct rate_result res;
	unsigned n = 0;
	ctx_init(&ctx, arena);
	for (int i = 0; i < 20; i++) {
		ratelimit_take(&ctx, i % 2 ? a : b, str_c(key), &rate, 1, &res);
		n += res.allowed;
		assert_int_equal(res.limit, 10);
		assert_true(res.allowed ? res.retry_after_s == 0
		                        : res.retry_after_s >= 1 && res.retry_after_s <= 60 && res.remaining == 0);
	}
	return n;
}

static void shared_limits(void *arg)
{
	struct redis *ra = client(), *rb = client();
	struct ratelimit *a = ratelimit_new(ra, 1000), *b = ratelimit_new(rb, 1000), *alone = ratelimit_new(NULL, 1000);
	assert_int_equal(granted(alone, alone, "x"), 10);
	assert_int_equal(granted(alone, alone, "y"), 10);
	assert_int_equal(granted(a, b, "x"), 10); /* one bucket for both */
	server_kill();
	assert_int_equal(granted(a, b, "x"), 20); /* each its own: Redis is gone */
	server_start();
	ratelimit_free(a);
	ratelimit_free(b);
	ratelimit_free(alone);
	client_end(ra);
	client_end(rb);
}

#define IN_FIBER(name) static void name##_test(void **state) { fiber_main(name, NULL); }
IN_FIBER(bounds_of_an_exchange)
IN_FIBER(nested_answers)
IN_FIBER(second_level_bounds)
IN_FIBER(long_tags_drop_everything)
IN_FIBER(calls)
IN_FIBER(hung_and_killed)
IN_FIBER(callers_without_time)
IN_FIBER(subscriptions)
IN_FIBER(any_number_of_subscriptions)
IN_FIBER(second_level)
IN_FIBER(put_and_fetched)
IN_FIBER(lost_drops_are_made_good)
IN_FIBER(shared_limits)

static void urls(void **state)
{
	struct redis_url u;
	assert_int_equal(redis_url_parse(STR("redis://me:p%40ss@[::1]:7000/3"), &u, NULL), ST_OK);
	assert_string_equal(u.host, "::1");
	assert_string_equal(u.password, "p@ss");
	assert_true(!strcmp(u.user, "me") && u.port == 7000 && u.db == 3);
	assert_int_equal(redis_url_parse(STR("unix:/run/r.sock?db=2"), &u, NULL), ST_OK);
	assert_true(!strcmp(u.path, "/run/r.sock") && u.db == 2);
	static const char *const bad[] = { "", "redis://", "redis://h:99999", "redis://h/x", "unix:", "rediss://h",
		"http://h", "redis://%00/" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(redis_url_parse(str_c(bad[i]), &u, NULL), ST_CONFIG);
}

/* What a thread without a loop posts is posted by one that has: as many as may be under way, and no more. */
static void *post_many(void *arg)
{
	for (int i = 0; i < 2000; i++)
		redis_post(arg, 2, (const struct str[]){ STR("INCR"), STR("posted") });
	return NULL;
}

static void posts_of_other_threads(void *arg)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	struct ctx ctx;
	struct redis_reply reply;
	struct redis *r = client();
	pthread_t thread;
	ctx_init(&ctx, a);
	redis_post(r, 2, (const struct str[]){ STR("DEL"), STR("posted") });
	assert_int_equal(redis_call(&ctx, r, 1, (const struct str[]){ STR("PING") }, &reply, NULL), ST_OK);
	/* This loop stands still meanwhile. */
	assert_int_equal(pthread_create(&thread, NULL, post_many, r), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(redis_lost(r), 2000 - 1024);
	AWAIT(redis_call(&ctx, r, 2, (const struct str[]){ STR("GET"), STR("posted") }, &reply, NULL) == ST_OK &&
	        str_eqc(reply.s, "1024"));
	client_end(r);
}
static void posts_of_other_threads_test(void **state) { fiber_main(posts_of_other_threads, NULL); }

/* --- the hub over processes: two hubs that know nothing of each other but Redis --- */

static bool hears(struct hub_sub *s, const char *text)
{
	struct hub_message m;
	return hub_next(s, clock_mono_ns(), &m) == ST_OK && str_eqc(m.data, text);
}

static void hubs(void *arg)
{
	struct redis *r[2] = { client(), client() };
	struct hub *h[2] = { hub_new(r[0], NULL), hub_new(r[1], NULL) };
	struct hub_sub *s[2];
	struct hub_message m;
	bool once[4] = { false }; /* a message is heard once, and AWAIT looks twice */
	for (int i = 0; i < 2; i++) {
		redis_start(r[i]);
		assert_int_equal(hub_subscribe(h[i], &STR("room"), 1, 0, &s[i], NULL), ST_OK);
	}
	/* Until both are subscribed at Redis: who comes there first has heard what the other asked. */
	AWAIT(once[0] ||
	        (hub_publish(h[0], STR("room"), STR("e"), STR("there?")) && (once[0] = hears(s[1], "there?"))));
	AWAIT(once[1] || (hub_publish(h[1], STR("room"), STR("e"), STR("here!")) && (once[1] = hears(s[0], "here!"))));
	for (int i = 0; i < 2; i++)
		while (hub_next(s[i], clock_mono_ns() + NS_PER_S / 2, &m) == ST_OK)
			;
	hub_publish(h[0], STR("room"), STR("e"), STR("one \"text\"\nwith lines"));
	AWAIT(once[2] || (once[2] = hears(s[1], "one \"text\"\nwith lines")));
	assert_true(hears(s[0], "one \"text\"\nwith lines"));
	assert_int_equal(hub_next(s[0], clock_mono_ns() + NS_PER_S / 5, &m), ST_TIMEOUT); /* not its own once more */
	AWAIT((hub_refresh(h[1]), hub_presence(h[0], STR("room")) == 2));
	hub_unsubscribe(s[1]);
	AWAIT(hub_presence(h[0], STR("room")) == 1);
	/* Redis goes and comes back: what was said meanwhile, nobody knows. */
	server_kill();
	server_start();
	AWAIT(once[3] || (once[3] = hub_next(s[0], clock_mono_ns() + NS_PER_S / 100, &m) == ST_OK && m.gap));
	hub_unsubscribe(s[0]);
	for (int i = 0; i < 2; i++) {
		client_end(r[i]);
		hub_free(h[i]);
	}
}
static void hubs_meet_test(void **state) { fiber_main(hubs, NULL); }

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/s", dir);
	snprintf(url, sizeof url, "unix:%s", path);
	server_start();
	const struct CMUnitTest tests[] = { cmocka_unit_test(urls),
		                            cmocka_unit_test(calls_test),
		                            cmocka_unit_test(posts_of_other_threads_test),
		                            cmocka_unit_test(hung_and_killed_test),
		                            cmocka_unit_test(callers_without_time_test),
		                            cmocka_unit_test(subscriptions_test),
		                            cmocka_unit_test(any_number_of_subscriptions_test),
		                            cmocka_unit_test(bounds_of_an_exchange_test),
		                            cmocka_unit_test(nested_answers_test),
		                            cmocka_unit_test(second_level_bounds_test),
		                            cmocka_unit_test(long_tags_drop_everything_test),
		                            cmocka_unit_test(second_level_test),
		                            cmocka_unit_test(put_and_fetched_test),
		                            cmocka_unit_test(lost_drops_are_made_good_test),
		                            cmocka_unit_test(shared_limits_test),
		                            cmocka_unit_test(hubs_meet_test) };
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	server_kill();
	unlink(path);
	rmdir(dir);
	return failed;
}
