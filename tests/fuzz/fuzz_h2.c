/* SPDX-License-Identifier: Apache-2.0
 *
 * The server side of a connection, whole: bytes from a peer who may do anything, on one end of a socket pair; the
 * server's own connection, HTTP/2 and HTTP/1 code and fibers on the other, on a loop whose clock moves only when the
 * input says so.
 *
 * First byte: bits 0–4, how the bytes are cut (0: not); bit 5, the peer reads nothing; bit 6, in the end it falls
 * silent instead of leaving; bit 7, form. raw     the rest goes to the socket as it is script  preface and SETTINGS are
 * sent, then records: type, flags, stream, length (2 bytes), payload. Types below 0xf0 become a frame of that type; the
 * others are what a peer does besides sending: see step().
 *
 * Whatever comes in: what goes out is a sequence of frames that a strict client can read, within the windows it
 * granted; what waits in the server is bounded; and when the peer has gone, or just says no more, nothing of it is
 * left. As DATA must add up to Content-Length, a part of an answer is never taken for the whole.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn/server.h"
#include "net/h2/h2.h"
#include "rt/fiber.h"

#define BIG       ((size_t)100 << 10)
#define IN_FLIGHT 8
#define STREAMS   256 /* ids that the check follows; a script names no others */

static struct http_server *server;
static struct worker *worker;
static struct loop *loop;
static struct blob *big;

/* --- time: linked with --wrap=clock_mono_ns ----------------------------------------------------------------------- */

static int64_t now_ns = 1000 * NS_PER_S;
int64_t __wrap_clock_mono_ns(void);
int64_t __wrap_clock_mono_ns(void) { return now_ns; }

static void turn(void) { loop_run_until_idle(loop); }

static void pass(int64_t ns)
{
	now_ns += ns;
	turn();
}

/* --- the application ---------------------------------------------------------------------------------------------- */

static void parts(struct http_req *r)
{
	if (http_begin(r, str_eqc(r->query, "length") ? (int64_t)BIG : -1) != ST_OK)
		return;
	for (size_t i = 0; i < BIG; i += 10000)
		if (http_write(r, big->data + i, BIG - i < 10000 ? BIG - i : 10000) != ST_OK || http_flush(r) != ST_OK)
			return;
	http_end(r);
}

static void handle(struct http_req *r, void *arg)
{
	struct str body;
	int fd;
	if (str_eqc(r->path, "/echo")) {
		if (http_body_all(r, 100000, &body, NULL) == ST_OK)
			http_send(r, body);
	} else if (str_eqc(r->path, "/wait")) {
		(void)!fiber_sleep_ns(3 * NS_PER_S);
		http_send(r, STR("waited"));
	} else if (str_eqc(r->path, "/big")) {
		http_send_blob(r, big);
	} else if (str_eqc(r->path, "/parts")) {
		parts(r);
	} else if (str_eqc(r->path, "/short")) {
		(void)!http_begin(r, 10);
		(void)!http_write(r, "abc", 3);
	} else if (str_eqc(r->path, "/file") && (fd = memfd_create("file", MFD_CLOEXEC)) >= 0) {
		FUZZ_ASSERT(write(fd, big->data, 20000) == 20000);
		http_file(r, fd, "text/plain");
	} else if (str_eqc(r->path, "/ws")) {
		struct ws *w = ws_accept(r, NULL, 1000);
		struct ws_msg m;
		while (w && ws_recv(w, &m, now_ns + 20 * NS_PER_S) == ST_OK && ws_send(w, m.binary, m.data) == ST_OK)
			;
	} else {
		http_add_header(r, "X-Cookie", http_header(r, "cookie"));
		http_send_compressed(r, r->path);
	}
}

static bool fast(struct http_req *r, void *arg)
{
	if (str_eqc(r->path, "/none"))
		http_status(r, 204);
	else if (!str_eqc(r->path, "/fast"))
		return false;
	http_send(r, r->status == 204 ? STR("") : STR("fast"));
	return true;
}

/* Two of a kind at once, four more may wait: most scripts see the end of the line. */
static int line(const struct http_req *r, void *arg)
{
	return str_starts(r->path, STR("/ws")) ? -1 : (int)(r->path.n % 2);
}

static void start(void)
{
	static const struct http_server_config c = {
		.listen = { { .addr = "127.0.0.1:0" } },
		.listen_count = 1,
		.limits = { .headers = 4096,
		        .target = 200,
		        .header_count = 30,
		        .body = 200000,
		        .in_flight = IN_FLIGHT,
		        .at_work = 2,
		        .waiting = 4 },
		.app = { .fast = fast, .handle = handle, .line = line },
	};
	struct err e;
	log_setup(LOG_ERROR + 1, LOG_TEXT);
	big = blob_new_large(BIG);
	loop = loop_new(0, &e);
	server = http_server_new(&c, &e);
	FUZZ_ASSERT(big && loop && server && http_server_attach(server, loop, &e) == ST_OK);
	for (size_t i = 0; i < BIG; i++)
		big->data[i] = (char)(i * 31 >> 3);
	worker = server->workers[0];
}

/* --- the strict client -------------------------------------------------------------------------------------------- */

struct answer { bool head, end, reset, no_body; int64_t length; uint64_t got; };

struct peer {
	int fd;
	bool strict, deaf, settings, eof, lost; /* lost: no longer knows what it has asked for */
	nghttp2_hd_inflater *inflate;
	struct buf in;
	uint64_t granted, got;  /* of the connection's window */
	struct answer a[STREAMS];
	bool head_request[STREAMS];
};

static uint32_t be32(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void check_status(struct answer *a, const nghttp2_nv *nv)
{
	FUZZ_ASSERT(nv->valuelen == 3);
	int status = atoi((const char *)nv->value);
	FUZZ_ASSERT((status >= 200 && status <= 599) || status == 100);
	a->head = status >= 200;
	a->no_body = status == 204 || status == 304;
}

static void check_head(struct peer *p, struct answer *a, struct str block, bool end)
{
	int flags = 0;
	unsigned count = 0;
	FUZZ_ASSERT(!a->head);
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;
		ssize_t n = nghttp2_hd_inflate_hd2(p->inflate, &nv, &flags, (const uint8_t *)block.p, block.n, 1);
		FUZZ_ASSERT(n >= 0);
		block = str_skip(block, (size_t)n);
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			continue;
		struct str name = str_n((const char *)nv.name, nv.namelen),
		           value = str_n((const char *)nv.value, nv.valuelen);
		uint64_t length;
		if (count++ == 0) {
			FUZZ_ASSERT(str_eq(name, STR(":status")));
			check_status(a, &nv);
		}
		FUZZ_ASSERT(str_chr(value, '\n') < 0 && str_chr(value, '\r') < 0 && str_chr(value, '\0') < 0);
		if (str_eq(name, STR("content-length"))) {
			FUZZ_ASSERT(str_u64(value, &length));
			a->length = (int64_t)length;
		}
	}
	nghttp2_hd_inflate_end_headers(p->inflate);
	FUZZ_ASSERT(a->head || !end);
}

static void check_frame(struct peer *p, uint8_t type, uint8_t flags, uint32_t id, struct str data)
{
	FUZZ_ASSERT(p->settings || type == NGHTTP2_SETTINGS);
	p->settings = true;
	if (type == NGHTTP2_GOAWAY || type == NGHTTP2_SETTINGS || type == NGHTTP2_PING) {
		FUZZ_ASSERT(id == 0);
		return;
	}
	FUZZ_ASSERT(type == NGHTTP2_DATA || type == NGHTTP2_HEADERS || type == NGHTTP2_RST_STREAM ||
	        type == NGHTTP2_WINDOW_UPDATE);
	if (type == NGHTTP2_WINDOW_UPDATE) {
		FUZZ_ASSERT(data.n == 4 && be32(data.p) > 0);
		return;
	}
	FUZZ_ASSERT(id > 0 && id < STREAMS);
	struct answer *a = &p->a[id];
	bool end = flags & NGHTTP2_FLAG_END_STREAM;
	if (type == NGHTTP2_RST_STREAM) {
		FUZZ_ASSERT(data.n == 4);
		a->reset = true;
		return;
	}
	FUZZ_ASSERT(!a->reset && !a->end);
	if (type == NGHTTP2_HEADERS) {
		FUZZ_ASSERT(flags & NGHTTP2_FLAG_END_HEADERS);
		check_head(p, a, data, end);
	} else {
		FUZZ_ASSERT(a->head && !a->no_body);
		a->got += data.n;
		p->got += data.n;
		FUZZ_ASSERT(p->got <= p->granted && (a->length < 0 || a->got <= (uint64_t)a->length));
	}
	a->end = end;
	FUZZ_ASSERT(!end || a->no_body || a->length < 0 || p->head_request[id] || a->got == (uint64_t)a->length);
}

static void check_frames(struct peer *p)
{
	size_t at = 0;
	for (;;) {
		struct str rest = str_skip(buf_str(&p->in), at);
		size_t len = rest.n < 9 ? 0 : be32(rest.p) >> 8;
		FUZZ_ASSERT(len <= 16384);
		if (rest.n < 9 || rest.n < 9 + len)
			break;
		check_frame(p, (uint8_t)rest.p[3], (uint8_t)rest.p[4], be32(rest.p + 5) & 0x7fffffff,
		        str_n(rest.p + 9, len));
		at += 9 + len;
	}
	buf_consume(&p->in, at);
}

static void read_answers(struct peer *p)
{
	char chunk[16384];
	for (;;) {
		ssize_t n = recv(p->fd, chunk, sizeof chunk, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		p->eof |= n == 0;
		if (n <= 0)
			break;
		if (p->strict && !p->lost) {
			buf_put(&p->in, chunk, (size_t)n);
			FUZZ_ASSERT(buf_ok(&p->in));
			check_frames(p);
		}
		turn();
	}
}

/* --- the server's bounds ------------------------------------------------------------------------------------------ */

static void check_server(void)
{
	for (struct conn *c = worker->all; c; c = c->all_next) {
		FUZZ_ASSERT(c->out_bytes <= CONN_HIGH_WATER + (32 << 10) || c->proto != &h2_proto);
		FUZZ_ASSERT(c->out_bytes <= CONN_HIGH_WATER + 2 * BIG && c->in_cap <= CONN_IN_MAX);
		if (c->proto != &h2_proto || c->dead)
			continue;
		const struct h2 *h = c->state;
		FUZZ_ASSERT(h->open <= IN_FLIGHT + 1);
		for (const struct h2_stream *s = h->streams; s; s = s->next)
			FUZZ_ASSERT(s->in.len - s->in_pos <= 64 << 10 && s->out_queued <= (64 << 10) + BIG &&
			        s->count <= 30);
	}
}

/* --- what the peer does ------------------------------------------------------------------------------------------- */

static size_t cut;

static void send_bytes(struct peer *p, struct str s)
{
	for (unsigned waits = 0; s.n && waits < 100;) {
		size_t part = cut && cut < s.n ? cut : s.n;
		ssize_t n = send(p->fd, s.p, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		int why = errno;
		s = str_skip(s, n > 0 ? (size_t)n : 0);
		turn();
		check_server();
		if (!p->deaf)
			read_answers(p);
		if (n <= 0 && (why != EAGAIN || p->deaf))
			break;
		if (n <= 0) { /* the server reads no further until something has ended */
			waits++;
			pass(NS_PER_S / 4);
		}
	}
}

static void send_frame(struct peer *p, uint8_t type, uint8_t flags, uint8_t id, struct str data)
{
	uint8_t head[9] = { (uint8_t)(data.n >> 16), (uint8_t)(data.n >> 8), (uint8_t)data.n, type, flags, 0, 0, 0,
		id };
	struct buf b;
	buf_init(&b, (size_t)1 << 17);
	buf_put(&b, head, sizeof head);
	buf_put(&b, data.p, data.n);
	if (type == NGHTTP2_WINDOW_UPDATE && id == 0 && data.n >= 4)
		p->granted += be32(data.p) & 0x7fffffff;
	send_bytes(p, buf_str(&b));
	buf_fini(&b);
}

/* A proper request: which path by the first byte of data, which method by the second, further fields in HPACK after
 * that. */
static void send_request(struct peer *p, uint8_t flags, uint8_t id, struct str data)
{
	static const char *const paths[] = { "/", "/echo", "/wait", "/big", "/parts", "/short", "/file", "/fast",
		"/none", "/parts?length", "/a/../b%20c?d", "/ws" };
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT" };
	const char *path = paths[(data.n ? (uint8_t)data.p[0] : 0) % 12],
	           *method = methods[(data.n > 1 ? (uint8_t)data.p[1] : 0) % 4];
	struct buf b;
	buf_init(&b, (size_t)1 << 17);
	const uint8_t lengths[2] = { (uint8_t)strlen(method), (uint8_t)strlen(path) };
	buf_put(&b, "\x02", 1); /* literal, never indexed: name 2, :method */
	buf_put(&b, lengths, 1);
	buf_put(&b, method, lengths[0]);
	buf_put(&b, "\x04", 1);
	buf_put(&b, lengths + 1, 1);
	buf_put(&b, path, lengths[1]);
	buf_put(&b, "\x86\x01\x01" "a", 4);
	struct str more = str_skip(data, 2);
	buf_put(&b, more.p, more.n);
	p->head_request[id] |= method[0] == 'H';
	send_frame(p, NGHTTP2_HEADERS, flags, id, buf_str(&b));
	buf_fini(&b);
}

static void step(struct peer *p, uint8_t type, uint8_t flags, uint8_t id, struct str data)
{
	switch (type) {
	case 0xf0: send_request(p, flags, id, data); break;
	case 0xf1: pass((int64_t)flags * NS_PER_S / 10); break;
	case 0xf2: p->deaf = flags & 1; break;
	case 0xf3:
		for (struct conn *c = worker->all; c; c = c->all_next)
			conn_drain(c);
		turn();
		break;
	case 0xf4: shutdown(p->fd, SHUT_WR); break;
	case 0xf5: /* not a frame: what it may have meant is not followed */
		p->lost = true;
		send_bytes(p, data);
		break;
	default:
		/* Which method a block of its own names is not followed: its answers may rightly be without their
		 * bodies. */
		if (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION)
			p->head_request[id] = true;
		send_frame(p, type, flags, id, data);
	}
	check_server();
}

static void run_script(struct peer *p, struct str in)
{
	static const char hello[] = H2_PREFACE "\0\0\0\4\0\0\0\0\0";
	unsigned times = 1;
	send_bytes(p, str_n(hello, sizeof hello - 1));
	while (in.n >= 5 && !p->eof) {
		const uint8_t *h = (const uint8_t *)in.p;
		size_t len = (size_t)h[3] << 8 | h[4];
		struct str data = str_first(str_skip(in, 5), len);
		unsigned again = times;
		times = h[0] == 0xff ? h[1] % 64 + 1u : 1; /* what comes next, so many times */
		for (; again && h[0] != 0xff; again--)
			step(p, h[0], h[1], h[2], data);
		in = str_skip(in, 5 + data.n);
	}
}

/* Whatever state it was left in, the clocks of the server end it: headers, bodies, answers, keep-alive. */
static void fall_silent(struct peer *p)
{
	for (int i = 0; i < 100 && worker->all; i++) {
		pass(2 * NS_PER_S);
		if (!p->deaf)
			read_answers(p);
	}
	FUZZ_ASSERT(!worker->all);
}

static void check_gone(void)
{
	struct http_server_stats st;
	turn();
	pass(60 * NS_PER_S);
	http_server_stats(server, &st);
	FUZZ_ASSERT(!worker->all && st.open == 0 && st.active == 0 && st.waiting == 0 && !worker->lines[0].at_work &&
	        !worker->lines[1].at_work && fiber_count(loop) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	int fd[2];
	if (!n)
		return 0;
	if (!server)
		start();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) != 0)
		abort();
	struct peer *p = calloc(1, sizeof *p);
	p->fd = fd[0];
	p->strict = data[0] & 0x80;
	p->deaf = data[0] & 0x20;
	p->granted = 65535;
	buf_init(&p->in, (size_t)1 << 20);
	for (unsigned i = 0; i < STREAMS; i++)
		p->a[i].length = -1;
	if (nghttp2_hd_inflate_new(&p->inflate) != 0)
		abort();
	cut = data[0] & 0x1f;
	worker->open++;
	server->open++;
	conn_new(worker, fd[1], &(struct sockaddr_storage){ .ss_family = AF_UNIX }, NULL);
	struct str in = str_n((const char *)data + 1, n - 1);
	if (p->strict)
		run_script(p, in);
	else
		send_bytes(p, in);
	if (data[0] & 0x40)
		fall_silent(p);
	close(p->fd);
	check_gone();
	nghttp2_hd_inflate_del(p->inflate);
	buf_fini(&p->in);
	free(p);
	return 0;
}
