/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbound HTTP, the fiber's side: permits, deadlines, redirects, headers both ways. A fetch holds one permit of its
 * pool, which bounds connections at once in the whole process, over all its redirects.
 */
#include "net/client/client.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/client/client_internal.h"

/* --- pools ------------------------------------------------------------------------------------------------------ */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void curl_start(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_ALL);
}

struct http_pool *http_pool_new(const struct http_pool_config *c, struct err *e)
{
	pthread_once(&curl_once, curl_start);
	struct http_pool *p = curl_ready == CURLE_OK ? calloc(1, sizeof *p) : NULL;
	if (!p) {
		err_set(e, ST_NOMEM, "HTTP client: no memory");
		return NULL;
	}
	p->c = *c;
	p->c.max = c->max ? c->max : 20;
	p->c.keep = c->keep ? c->keep : 10;
	p->c.max_waiting = c->max_waiting ? c->max_waiting : 1000;
	p->c.timeout_ns = c->timeout_ns ? c->timeout_ns : 10 * NS_PER_S;
	p->c.connect_ns = c->connect_ns ? c->connect_ns : 3 * NS_PER_S;
	fsem_init(&p->permits, p->c.max, p->c.max_waiting);
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

void http_pool_free(struct http_pool *p)
{
	if (!p)
		return;
	client_loops_free(p);
	fsem_fini(&p->permits);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void http_pool_stats(const struct http_pool *pool, struct http_pool_stats *out)
{
	struct http_pool *p = (struct http_pool *)pool; /* the lock is not the pool's value */
	pthread_mutex_lock(&p->permits.lock);
	unsigned in_use = p->c.max - p->permits.free, waiting = p->permits.waiting;
	pthread_mutex_unlock(&p->permits.lock);
	*out = (struct http_pool_stats){
		.name = p->c.name,
		.open = atomic_load(&p->open),
		.in_use = in_use,
		.waiting = waiting,
		.started = atomic_load(&p->started),
		.failed = atomic_load(&p->failed),
		.refused = atomic_load(&p->refused),
	};
}

/* --- one fetch: its hops ---------------------------------------------------------------------------------------- */

struct hop {
	struct ctx *c;
	struct http_pool *pool;
	const struct http_out *out;
	int64_t deadline_ns;
	const char *method, *url;
	struct str body;
	bool foreign; /* another origin than the caller named: its headers stay here but for harmless ones */
	bool may_follow;
	const char *unix_path;
};

static bool has_header(const struct http_out *o, const char *name)
{
	for (unsigned i = 0; i < o->header_count; i++)
		if (str_ieqc(o->headers[i].name, name))
			return true;
	return false;
}

static bool harmless(struct str name)
{
	static const char *const names[] = { "accept", "accept-language", "accept-encoding", "user-agent",
		"content-type", "range", "if-none-match", "if-modified-since", "cache-control" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_ieqc(name, names[i]))
			return true;
	return false;
}

static bool token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f ||
		        strchr("\"(),/:;<=>?@[\\]{}", s.p[i]))
			return false;
	return s.n > 0;
}

static bool field_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
			return false;
	return true;
}

static enum status add_line(struct exchange *x, const char *line, struct err *e)
{
	struct curl_slist *l = curl_slist_append(x->headers, line);
	if (!l)
		return err_set(e, ST_NOMEM, "HTTP client: no memory");
	x->headers = l;
	return ST_OK;
}

static enum status add_headers(struct exchange *x, const struct hop *h, struct err *e)
{
	const struct http_out *o = h->out;
	for (unsigned i = 0; i < o->header_count; i++) {
		const struct http_header *f = &o->headers[i];
		if (!token(f->name) || !field_value(f->value))
			return err_set(e, ST_INVALID, "header %u can not be sent", i);
		if (h->foreign && !harmless(f->name))
			continue;
		/* libcurl reads "name:" as "do not send"; an empty value is written "name;". */
		const char *fmt = str_trim(f->value).n ? "%.*s: %.*s" : "%.*s;";
		TRY(add_line(x, arena_printf(h->c->arena, fmt, STR_ARG(f->name), STR_ARG(f->value)), e));
	}
	/* What libcurl would add of its own accord. */
	if (!has_header(o, "expect"))
		TRY(add_line(x, "Expect:", e));
	if (!has_header(o, "content-type"))
		TRY(add_line(x, "Content-Type:", e));
	if (!has_header(o, "accept"))
		TRY(add_line(x, "Accept: */*", e));
	if (h->pool->c.allow_private && !has_header(o, "traceparent")) {
		char trace[TRACEPARENT_LEN + 1];
		ctx_traceparent(h->c, trace);
		TRY(add_line(x, arena_printf(h->c->arena, "traceparent: %s", trace), e));
	}
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
	if (!has_header(o, "user-agent"))
		curl_easy_setopt(x->easy, CURLOPT_USERAGENT, "Guildhall/0.1");
	/* Streams are not compressed: libcurl would have to hold back what it has unpacked. */
	if (!has_header(o, "accept-encoding") && !x->streaming)
		curl_easy_setopt(x->easy, CURLOPT_ACCEPT_ENCODING, "");
	return ST_OK;
}

static void set_request(struct exchange *x, const struct hop *h)
{
	CURL *c = x->easy;
	bool payload = h->body.p || !strcmp(h->method, "POST") || !strcmp(h->method, "PUT") ||
	        !strcmp(h->method, "PATCH");
	curl_easy_setopt(c, CURLOPT_URL, h->url);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 0L);
	if (h->unix_path)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, h->unix_path);
	if (payload) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)h->body.n);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, h->body.n ? h->body.p : "");
	} else if (!strcmp(h->method, "HEAD")) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	}
	if (strcmp(h->method, "HEAD"))
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, h->method);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(h->pool->c.connect_ns / NS_PER_MS));
}

/* "name: value" lines, NUL-separated, into headers with lower-case names. */
static void parse_head(struct exchange *x, struct arena *a, struct http_in *in)
{
	long status = 0;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	in->status = (int)status;
	struct http_header *out = ARENA_ARRAY(a, struct http_header, x->head_count + 1);
	struct str rest = arena_str(a, buf_str(&x->head)), value, name;
	in->header_count = 0;
	while (rest.n && str_cut(&rest, 0, &value)) {
		if (!str_cut(&value, ':', &name))
			continue;
		char *p = (char *)name.p;
		for (size_t i = 0; i < name.n; i++)
			p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
		out[in->header_count++] = (struct http_header){ name, str_trim(value) };
	}
	in->headers = out;
}

static enum status failure(struct exchange *x, const struct hop *h, struct err *e)
{
	const char *why = x->error[0] ? x->error : curl_easy_strerror(x->code);
	if (x->too_large)
		return err_set(e, ST_TOO_LARGE, "%s: the response is larger than accepted", h->url);
	if (x->address_refused)
		return err_set(e, ST_FORBIDDEN, "%s: this address may not be fetched", h->url);
	switch (x->code) {
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, ST_TIMEOUT, "%s: %s", h->url, why);
	case CURLE_OUT_OF_MEMORY:
		return err_set(e, ST_NOMEM, "%s: %s", h->url, why);
	case CURLE_URL_MALFORMAT:
		return err_set(e, ST_INVALID, "%s: %s", h->url, why);
	default:
		return err_set(e, ST_UPSTREAM, "%s: %s", h->url, why);
	}
}

/* Hand over what has arrived; the buffers change places, so that more may arrive while on_data waits. */
static enum status body_deliver(struct exchange *x, struct buf *taken, const struct hop *h, struct http_in *in)
{
	struct buf b = x->body;
	x->body = *taken;
	*taken = b;
	if (!in->headers)
		parse_head(x, h->c->arena, in);
	enum status st = h->out->on_data(h->out->arg, taken->data, taken->len);
	buf_clear(taken);
	if (st == ST_OK && x->paused)
		exchange_unpause(x);
	return st;
}

static enum status answer_await(struct exchange *x, const struct hop *h, struct http_in *in, struct err *e)
{
	SCOPED_BUF taken;
	buf_init(&taken, x->body.max);
	for (;;) {
		if (x->streaming && x->body.len) {
			enum status st = body_deliver(x, &taken, h, in);
			if (st != ST_OK)
				return err_set(e, st, "%s: stopped by the reader", h->url);
			continue;
		}
		if (x->done)
			return x->code == CURLE_OK ? ST_OK : failure(x, h, e);
		enum status st = fiber_park(h->deadline_ns);
		if (st != ST_OK && !x->done)
			return err_set(e, st, "%s: %s", h->url, st == ST_TIMEOUT ? "no answer in time" : "given up");
	}
}

static enum status one_hop(struct hop *h, struct http_in *in, struct err *e)
{
	__attribute__((cleanup(exchange_end))) struct exchange x = {
		.pool = h->pool,
		.fiber = fiber_self(),
		.streaming = h->out->on_data != NULL,
		.max_body = h->out->max_body ? h->out->max_body : 1 << 20,
		.may_follow = h->may_follow,
		.unix_socket = h->unix_path != NULL,
		.no_body = !strcmp(h->method, "HEAD"),
	};
	buf_init(&x.head, HEAD_MAX);
	/* A piece of libcurl's may exceed the window when nothing was waiting. */
	buf_init(&x.body, x.streaming ? STREAM_WINDOW + CURL_MAX_WRITE_SIZE : x.max_body);
	x.cl = client_loop_get(h->pool, loop_current());
	if (!x.cl || !(x.easy = client_easy_get(x.cl)))
		return err_set(e, ST_NOMEM, "HTTP client: no memory");
	set_request(&x, h);
	TRY(add_headers(&x, h, e));
	*in = (struct http_in){ .url = h->url };
	TRY(exchange_start(&x, e));
	TRY(answer_await(&x, h, in, e));
	if (!in->headers)
		parse_head(&x, h->c->arena, in);
	if (!x.streaming)
		in->body = arena_str(h->c->arena, buf_str(&x.body));
	return ST_OK;
}

/* --- URLs and redirects ----------------------------------------------------------------------------------------- */

static void url_free(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void text_free(char **p)
{
	curl_free(*p);
}
#define SCOPED_URL __attribute__((cleanup(url_free))) CURLU
#define SCOPED_TEXT __attribute__((cleanup(text_free))) char

static const char *url_part(CURLU *u, CURLUPart part, struct arena *a)
{
	SCOPED_TEXT *text = NULL;
	if (curl_url_get(u, part, &text, CURLU_DEFAULT_PORT) || !text)
		return "";
	return arena_cstr(a, str_c(text));
}

static bool web_scheme(const char *s)
{
	return !strcmp(s, "http") || !strcmp(s, "https");
}

/* http+unix://%2Frun%2Fsock/path → the socket, and http://localhost/path for the request line. */
static enum status unix_url(struct hop *h, struct err *e)
{
	struct str rest = str_skip(str_c(h->out->url), strlen("http+unix://")), host;
	SCOPED_TEXT *path = NULL;
	int n = 0;
	bool more = str_cut(&rest, '/', &host);
	path = curl_easy_unescape(NULL, arena_cstr(h->c->arena, host), (int)host.n, &n);
	if (!path || n <= 1 || path[0] != '/' || (size_t)n != strlen(path) ||
	        n >= (int)sizeof((struct sockaddr_un){ 0 }.sun_path))
		return err_set(e, ST_INVALID, "%s is not a URL of a Unix socket", h->out->url);
	if (!h->pool->c.allow_private)
		return err_set(e, ST_FORBIDDEN, "%s: this address may not be fetched", h->out->url);
	h->unix_path = arena_cstr(h->c->arena, str_c(path));
	h->url = arena_printf(h->c->arena, "http://localhost/%.*s", more ? (int)rest.n : 0, rest.p);
	return ST_OK;
}

static enum status first_url(struct hop *h, struct err *e)
{
	if (!h->out->url || strnlen(h->out->url, URL_MAX + 1) > URL_MAX)
		return err_set(e, ST_INVALID, "the URL is missing or has more than %d bytes", URL_MAX);
	if (!strncasecmp(h->out->url, "http+unix://", 12))
		return unix_url(h, e);
	SCOPED_URL *u = curl_url();
	if (!u || curl_url_set(u, CURLUPART_URL, h->out->url, CURLU_DISALLOW_USER) ||
	    !web_scheme(url_part(u, CURLUPART_SCHEME, h->c->arena)))
		return err_set(e, ST_INVALID, "%s is not a usable URL", h->out->url);
	h->url = url_part(u, CURLUPART_URL, h->c->arena);
	return ST_OK;
}

static bool redirects(const struct http_in *in)
{
	return in->status == 301 || in->status == 302 || in->status == 303 || in->status == 307 || in->status == 308;
}

static enum status follow_redirect(struct hop *h, const struct http_in *in, struct err *e)
{
	struct arena *a = h->c->arena;
	struct str to = http_in_header(in, "location");
	SCOPED_URL *from = curl_url(), *next = curl_url();
	if (!from || !next)
		return err_set(e, ST_NOMEM, "HTTP client: no memory");
	const char *was = h->url;
	if (to.n > URL_MAX || curl_url_set(from, CURLUPART_URL, was, 0) || curl_url_set(next, CURLUPART_URL, was, 0) ||
	    curl_url_set(next, CURLUPART_URL, arena_cstr(a, to), CURLU_DISALLOW_USER))
		return err_set(e, ST_UPSTREAM, "%s redirects to no usable URL", was);
	const char *scheme = url_part(next, CURLUPART_SCHEME, a), *old = url_part(from, CURLUPART_SCHEME, a);
	if (!web_scheme(scheme) || (!strcmp(old, "https") && strcmp(scheme, "https")))
		return err_set(e, ST_UPSTREAM, "%s redirects to %s", was, *scheme ? scheme : "another scheme");
	h->foreign |= strcmp(scheme, old) ||
	        strcasecmp(url_part(from, CURLUPART_HOST, a), url_part(next, CURLUPART_HOST, a)) ||
	        strcmp(url_part(from, CURLUPART_PORT, a), url_part(next, CURLUPART_PORT, a));
	h->url = url_part(next, CURLUPART_URL, a);
	/* RFC 9110 15.4: 303 always becomes GET; 301 and 302 do after POST, as all clients have it. */
	bool head = !strcmp(h->method, "HEAD"), post = !strcmp(h->method, "POST");
	if ((in->status == 303 && !head) || (in->status <= 302 && post)) {
		h->method = "GET";
		h->body = STR_NULL;
	}
	return ST_OK;
}

static enum status hops(struct hop *h, struct http_in *in, struct err *e)
{
	TRY(first_url(h, e));
	for (unsigned left = h->unix_path ? 0 : h->out->max_redirects;; left--) {
		h->may_follow = h->out->max_redirects > 0 && !h->unix_path;
		TRY(one_hop(h, in, e));
		if (!h->may_follow || !redirects(in) || !http_in_header(in, "location").p)
			return ST_OK;
		if (!left)
			return err_set(e, ST_UPSTREAM, "%s: too many redirects", h->out->url);
		TRY(follow_redirect(h, in, e));
	}
}

static void give_permit(struct http_pool **p)
{
	fsem_give(&(*p)->permits);
}

enum status http_fetch(
        struct ctx *c, struct http_pool *p, const struct http_out *out, struct http_in *in, struct err *e)
{
	assert(c->tx_depth == 0);
	struct hop h = {
		.c = c, .pool = p, .out = out, .method = out->method ? out->method : "GET", .body = out->body
	};
	h.deadline_ns = out->deadline_ns ? out->deadline_ns : clock_mono_ns() + p->c.timeout_ns;
	if (c->deadline_ns && c->deadline_ns < h.deadline_ns)
		h.deadline_ns = c->deadline_ns;
	if (!token(str_c(h.method)))
		return err_set(e, ST_INVALID, "no such HTTP method");
	enum status st = fsem_take(&p->permits, h.deadline_ns);
	if (st != ST_OK) {
		atomic_fetch_add(&p->refused, 1);
		return err_set(e, st, "%s: %s", p->c.name,
		        st == ST_UNAVAILABLE ? "too many requests are waiting" : "no free connection in time");
	}
	__attribute__((cleanup(give_permit))) struct http_pool *held = p;
	(void)held;
	atomic_fetch_add(&p->started, 1);
	st = hops(&h, in, e);
	if (st != ST_OK)
		atomic_fetch_add(&p->failed, 1);
	return st;
}

struct str http_in_header(const struct http_in *in, const char *name)
{
	for (unsigned i = 0; i < in->header_count; i++)
		if (str_eqc(in->headers[i].name, name))
			return in->headers[i].value;
	return STR_NULL;
}
