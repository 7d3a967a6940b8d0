/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits, one row each: as much as the row says is taken, one more is refused, with the status and the words that
 * whoever meets it gets. tests/tools/test_limits.py sees to it that no bound of the source is missing here or in the
 * lists beside this table (tests/limits/, src/services/<name>/limits.txt), which name the tests of those that need a
 * server, a store or a fiber.
 */
#include "unit/limits.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/money.h"
#include "net/conn/server.h"
#include "net/forms/form.h"
#include "net/h1/h1_parser.h"
#include "net/ws/ws_frame.h"
#include "platform/audit/audit_int.h"
#include "platform/cache/cache_table.h"
#include "platform/config/config.h"
#include "platform/core/metrics.h"
#include "platform/core/service.h"
#include "platform/crypto/jose.h"
#include "platform/forms/forms_int.h"
#include "platform/mail/mail.h"
#include "platform/mail/mail_int.h"
#include "platform/peers/fragment_int.h"
#include "platform/peers/internal.h"
#include "platform/text/jcs.h"
#include "platform/text/json.h"
#include "platform/text/sanitize.h"
#include "platform/text/url.h"
#include "platform/web/router.h"
#include "platform/work/event.h"
#include "platform/work/job.h"
#include "probe_serve.h"
#include "rt/fiber.h"

enum status probe_serve_whole(
        struct ctx *ctx, const struct probe_whole_ask *in, struct probe_whole_answer *out, struct err *e)
{
	return ST_OK;
}

enum status probe_serve_say(struct ctx *ctx, const struct probe_say_ask *in, struct probe_say_answer *out,
                            struct err *e)
{
	return ST_OK;
}

enum status probe_serve_nothing(
        struct ctx *ctx, const struct probe_nothing_ask *in, struct probe_nothing_answer *out, struct err *e)
{
	return ST_OK;
}

/* --- net ---------------------------------------------------------------------------------------------------------- */

static enum status form_fields(struct arena *a, size_t n, struct err *e)
{
	struct form f;
	return form_parse(a, text_of(a, "", n, "a=1&", ""), FORM_FIELDS_MAX, &f, e);
}

static enum status head(const struct http_limits *l, struct str in, struct err *e)
{
	struct h1_head h;
	size_t used;
	h1_head_init(&h, l);
	if (h1_head_parse(&h, in.p, in.n, &used) == H1_DONE)
		return ST_OK;
	return err_set(e,
	        h.status == 414           ? ST_URI_TOO_LONG
	                : h.status == 431 ? ST_HEADERS_TOO_LARGE
	                                  : ST_INVALID,
	        "%s", h.why ? h.why : "unfinished");
}

static enum status h1_fields(struct arena *a, size_t n, struct err *e)
{
	return head(&(struct http_limits){ .header_count = H1_FIELDS_MAX },
	        text_of(a, "GET / HTTP/1.1\r\nHost: a\r\n", n - 1, "X: y\r\n", "\r\n"), e);
}

static enum status h1_target(struct arena *a, size_t n, struct err *e)
{
	return head(&(struct http_limits){ .target = 1 << 20 },
	        text_of(a, "GET /", n - 1, "a", " HTTP/1.1\r\nHost: a\r\n\r\n"), e);
}

static enum status h1_headers(struct arena *a, size_t n, struct err *e)
{
	struct str fields = text_of_size(a, "Host: a\r\nX: ", n, "y", "\r\n\r\n");
	return head(&(struct http_limits){ .headers = 1 << 20 },
	        arena_strf(a, "GET / HTTP/1.1\r\n%.*s", STR_ARG(fields)), e);
}

static enum status chunk(struct str in, struct err *e)
{
	struct h1_chunks k = { 0 };
	struct str data;
	size_t used;
	for (enum h1_result r = H1_DATA; in.n; in = str_skip(in, used)) {
		used = 0;
		r = h1_chunks_next(&k, in.p, in.n, SIZE_MAX, &used, &data);
		if (r == H1_BAD || r == H1_MORE)
			return r == H1_MORE && !used && in.n
			        ? ST_OK
			        : err_set(e, ST_INVALID, "%s", k.why ? k.why : "unfinished");
		if (r == H1_DONE)
			return ST_OK;
	}
	return ST_OK;
}

/* The line with its end; trailers with the empty line behind them. */
static enum status h1_chunk_line(struct arena *a, size_t n, struct err *e)
{
	struct str line = text_of_size(a, "1;", n, "a", "\r\n");
	return chunk(arena_strf(a, "%.*sx\r\n0\r\n\r\n", STR_ARG(line)), e);
}

static enum status h1_trailers(struct arena *a, size_t n, struct err *e)
{
	struct str lines = text_of_size(a, "X: ", n, "a", "\r\n\r\n");
	return chunk(arena_strf(a, "0\r\n%.*s", STR_ARG(lines)), e);
}

static enum status ws_fragments(struct arena *a, size_t n, struct err *e)
{
	struct ws_decoder d;
	assert_true(ws_decoder_init(&d, 100));
	enum ws_event ev = WS_MORE;
	size_t used;
	ev = ws_decode(&d, "\x01\x81\0\0\0\0x", 7, &used);
	for (size_t i = 0; i < n && ev != WS_FAIL; i++)
		ev = ws_decode(&d, "\0\x80\0\0\0\0", 6, &used);
	unsigned code = d.code;
	ws_decoder_fini(&d);
	return ev == WS_FAIL ? err_set(e, ST_INVALID, "closed with %u", code) : ST_OK;
}

static enum status ws_ping(struct arena *a, size_t n, struct err *e)
{
	struct ws_decoder d;
	struct buf b;
	buf_arena(&b, a, 1000);
	buf_put(&b, "\x89", 1);
	buf_putc(&b, (char)(0x80 | (n < 126 ? n : 126)));
	if (n >= 126)
		buf_put(&b, (char[]){ 0, (char)n }, 2);
	buf_put(&b, "\0\0\0\0", 4);
	for (size_t i = 0; i < n; i++)
		buf_putc(&b, 'x');
	assert_true(ws_decoder_init(&d, 100));
	size_t used;
	enum ws_event ev = ws_decode(&d, b.data, b.len, &used);
	unsigned code = d.code;
	ws_decoder_fini(&d);
	return ev == WS_PING ? ST_OK : err_set(e, ST_INVALID, "closed with %u", code);
}

static enum status proxy_list(struct arena *a, size_t n, struct err *e)
{
	struct proxy_nets nets;
	return proxy_nets_parse(&nets, text_of(a, "10.0.0.0/8", n - 1, ",10.0.0.1", ""), e);
}

/* The client, then proxies that are trusted: the one that asks, and those before it. Of a longer chain the beginning is
 * forgotten. */
static enum status proxy_chain(struct arena *a, size_t n, struct err *e)
{
	struct proxy_nets nets;
	struct http_header chain = { STR("x-forwarded-for"), text_of(a, "203.0.113.9", n - 1, ",10.0.0.1", "") };
	struct http_req r = { .headers = &chain, .header_count = 1 };
	struct sockaddr_in *from = (struct sockaddr_in *)&r.peer;
	char peer[HTTP_PEER_MAX];
	from->sin_family = AF_INET;
	from->sin_addr.s_addr = htonl(0x0a000001);
	assert_int_equal(proxy_nets_parse(&nets, STR("10.0.0.0/8"), e), ST_OK);
	proxy_apply(&nets, HTTP_PROXY_X_FORWARDED, &r);
	http_peer_text(&r, peer);
	return !strcmp(peer, "203.0.113.9") ? ST_OK : err_set(e, ST_INVALID, "%s", peer);
}

/* --- platform: texts ---------------------------------------------------------------------------------------------- */

static enum status json_deep(struct arena *a, size_t n, struct err *e)
{
	struct str open = text_of(a, "", n, "[", ""), close = text_of(a, "", n, "]", "");
	SCOPED_JSON *j = json_parse(arena_strf(a, "%.*s%.*s", STR_ARG(open), STR_ARG(close)), JSON_DEPTH, e);
	return j ? ST_OK : e->status;
}

static enum status canonical(struct str text, struct err *e)
{
	SCOPED_JSON *j = json_parse(text, JSON_DEPTH, NULL);
	SCOPED_BUF out;
	buf_init(&out, 1 << 20);
	assert_non_null(j);
	return jcs_put(&out, j, e);
}

static enum status jcs_integer(struct arena *a, size_t n, struct err *e)
{
	return canonical(arena_strf(a, "[%zu]", n), e);
}

static enum status jcs_members(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	buf_arena(&b, a, 1 << 20);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s\"%zu\":0", i ? "," : "{", i);
	buf_putc(&b, '}');
	return canonical(buf_str(&b), e);
}

static enum status cleaned(struct arena *a, struct str in, struct err *e)
{
	struct safe_html out;
	return sanitize_html(a, SANITIZE_ARTICLE, in, &out, e);
}

static enum status html_input(struct arena *a, size_t n, struct err *e)
{
	return cleaned(a, text_of(a, "", n, "x", ""), e);
}

/* The body element is a level of its own. */
static enum status html_depth(struct arena *a, size_t n, struct err *e)
{
	return cleaned(a, text_of(a, "", n - 1, "<div>", "x"), e);
}

static enum status url_bytes(struct arena *a, size_t n, struct err *e)
{
	struct url u;
	return url_parse(a, text_of_size(a, "https://a/", n, "b", ""), &u) ? ST_OK
	                                                                   : err_set(e, ST_INVALID, "no address");
}

static enum status list_members(struct arena *a, size_t n, struct err *e)
{
	struct probe_whole_answer out;
	return dto_from_json(a, &probe_whole_answer_dto, text_of(a, "{\"numbers\":[1", n - 1, ",1", "]}"), &out, e);
}

/* "e30" is {}, twice: a token is as long as its signature makes it. */
static enum status token(struct arena *a, size_t n, struct err *e)
{
	struct jwt t;
	struct str header = base64url(a, STR("{\"alg\":\"ES256\"}"));
	size_t rest = n - header.n - 5;
	if (rest % 4 == 1)
		return ST_OK; /* no text has that length */
	enum status st = jwt_parse(
	        a, arena_strf(a, "%.*s.e30.%.*s", STR_ARG(header), STR_ARG(text_of(a, "", rest, "A", ""))), &t, e);
	if (st == ST_OK)
		jwt_fini(&t);
	return st;
}

/* --- platform: routes, mail, the cache ---------------------------------------------------------------------------- */

static enum status none(struct web *w, struct err *e) { return ST_OK; }

static enum status added(const char *pattern, struct err *e)
{
	const struct route route = { "GET", pattern, none };
	struct router *r = router_new();
	enum status st = router_add(r, STR(""), "", &route, NULL, e);
	router_free(r);
	return st;
}

static enum status route_params(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	buf_arena(&b, a, 4096);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "/{p%zu}", i);
	return added(arena_cstr(a, buf_str(&b)), e);
}

static enum status route_segments(struct arena *a, size_t n, struct err *e)
{
	return added(arena_cstr(a, text_of(a, "", n, "/x", "")), e);
}

static enum status router_hosts(struct arena *a, size_t n, struct err *e)
{
	static const struct route front = { "GET", "/", none };
	struct router *r = router_new();
	enum status st = ST_OK;
	for (size_t i = 0; i < n && st == ST_OK; i++)
		st = router_add(r, arena_strf(a, "h%zu.example.org", i), "", &front, NULL, e);
	router_free(r);
	return st;
}

static enum status cached(struct arena *a, struct str key, struct str tags, struct str asked, struct err *e)
{
	struct cache_table *t = ARENA_NEW(a, struct cache_table);
	struct blob *b = blob_new("x", 1);
	assert_true(cache_table_init(t, 1 << 20));
	bool put = cache_table_put(t, 1, key, b, 0, 1000, 1000, tags);
	blob_unref(b);
	if (put && asked.p)
		cache_table_drop_tag(t, cache_tag_hash(asked));
	bool left = put && cache_table_find(t, 1, key, 1) != NULL;
	cache_table_fini(t);
	if (asked.p ? left : !put)
		return err_set(e, ST_TOO_LARGE, "not taken");
	return ST_OK;
}

static enum status cache_key(struct arena *a, size_t n, struct err *e)
{
	return cached(a, text_of(a, "", n, "k", ""), STR_NULL, STR_NULL, e);
}

/* --- forms -------------------------------------------------------------------------------------------------------- */

struct typed {
	struct str text, area, email, url;
	int64_t day;
};
static const struct field fields[] = {
	FIELD(struct typed, text, TEXT, .label = "Text"),     FIELD(struct typed, area, AREA, .label = "Area"),
	FIELD(struct typed, email, EMAIL, .label = "E-mail"), FIELD(struct typed, url, URL, .label = "URL"),
	FIELD(struct typed, day, DATE, .label = "Day"),       { 0 },
};

static enum status typed(struct arena *a, unsigned field, struct str text, struct err *e)
{
	static const struct form_desc desc = { .fields = fields };
	struct typed values = { 0 };
	struct ctx ctx = { .arena = a };
	struct web w = { .ctx = &ctx };
	struct form_fill f = { .desc = &desc, .w = &w, .values = &values };
	form_take_text(&f, &fields[field], text);
	return f.failed ? err_set(e, ST_UNPROCESSABLE, "%.*s", STR_ARG(f.wrong[field])) : ST_OK;
}

static enum status form_text(struct arena *a, size_t n, struct err *e)
{
	return typed(a, 0, text_of(a, "", n, "\xc3\xa9", ""), e);
}
static enum status form_area(struct arena *a, size_t n, struct err *e)
{
	return typed(a, 1, text_of(a, "", n, "\xc3\xa9", ""), e);
}
static enum status form_email(struct arena *a, size_t n, struct err *e)
{
	char *address = arena_cstr(a, text_of_size(a, "me@", n, "a", ".org"));
	for (size_t i = 40; i + 8 < n; i += 40)
		address[i] = '.';
	return typed(a, 2, str_n(address, n), e);
}
static enum status form_url(struct arena *a, size_t n, struct err *e)
{
	return typed(a, 3, text_of_size(a, "https://a.org/", n, "b", ""), e);
}

static enum status year(struct arena *a, size_t n, struct err *e)
{
	return typed(a, 4, arena_strf(a, "%04zu-12-31", n), e);
}
static enum status year_before(struct arena *a, size_t n, struct err *e)
{
	return year(a, 1 - n, e);
}

/* --- more of the platform ----------------------------------------------------------------------------------------- */

static enum status token_depth(struct arena *a, size_t n, struct err *e)
{
	struct jwt t;
	struct str open = text_of(a, "{\"x\":", n - 1, "[", ""), close = text_of(a, "", n - 1, "]", "}");
	struct str header = base64url(a, STR("{\"alg\":\"ES256\"}")),
	           payload = base64url(a, arena_strf(a, "%.*s%.*s", STR_ARG(open), STR_ARG(close)));
	enum status st = jwt_parse(a, arena_strf(a, "%.*s.%.*s.AAAA", STR_ARG(header), STR_ARG(payload)), &t, e);
	if (st == ST_OK)
		jwt_fini(&t);
	return st;
}

/* A tag that is not kept would leave its entry there for ever. */
static enum status cache_tags(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	buf_arena(&b, a, 4096);
	for (size_t i = 1; i <= n; i++)
		buf_printf(&b, " t%zu", i);
	TRY(cached(a, STR("k"), buf_str(&b), STR_NULL, e));
	return cached(a, STR("k"), buf_str(&b), arena_strf(a, "t%zu", n), e);
}

static enum status config_bytes_of_file(struct arena *a, size_t n, struct err *e)
{
	char path[] = "/tmp/gh-limits-XXXXXX";
	int fd = mkstemp(path);
	struct str text = text_of_size(a, "[server]\ndev = no\n", n, "\n", "");
	assert_int_equal(write(fd, text.p, text.n), text.n);
	close(fd);
	struct config *c = config_load(&(struct config_source){ .file = path }, services_all, e);
	unlink(path);
	enum status st = c ? ST_OK : e->status;
	config_free(c);
	return st;
}

/* Past the last label of its own, one shares "other" with the rest. */
static enum status metric_labels(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	for (size_t i = 0; i < n; i++)
		metric_add_l(M_HTTP_REQUESTS, arena_cstr(a, arena_strf(a, "label%zu", i)), 1);
	buf_arena(&b, a, 4 << 20);
	metrics_write(&b);
	return str_find(buf_str(&b), STR("guildhall_http_requests_total{status=\"other\"}")) < 0
	        ? ST_OK
	        : err_set(e, ST_TOO_LARGE, "shared");
}

static enum status metric_label(struct arena *a, size_t n, struct err *e)
{
	struct buf b;
	struct str label = text_of(a, "", n, "l", "");
	metric_add_l(M_HTTP_DURATION, arena_cstr(a, label), 1);
	buf_arena(&b, a, 4 << 20);
	metrics_write(&b);
	return str_find(buf_str(&b), arena_strf(a, "\"%.*s\"", STR_ARG(label))) >= 0 ? ST_OK
	                                                                             : err_set(e, ST_TOO_LARGE, "cut");
}

/* The html, head and body that stand around every text are parts too. */
static enum status html_parts(struct arena *a, size_t n, struct err *e)
{
	return cleaned(a, text_of(a, "", n, "<br>", ""), e);
}

static unsigned collected;
static void collect(void *arg)
{
	collected++;
}

/* They stay for the rest of the process: past the last that there is room for, one is said and never asked. */
static enum status collectors(struct arena *a, size_t n, struct err *e)
{
	static size_t registered;
	struct buf b;
	for (; registered < n; registered++)
		metrics_collector(collect, NULL);
	collected = 0;
	buf_arena(&b, a, 4 << 20);
	metrics_write(&b);
	return collected == n ? ST_OK : err_set(e, ST_TOO_LARGE, "%u are asked", collected);
}

/* An entry at the first place that was written for the n-th. */
static enum status misplaced(struct arena *a, size_t n, struct err *e)
{
	struct audit_walk w;
	struct audit_verdict v;
	char hash[AUDIT_HASH_HEX + 1];
	const struct audit_trust nobody = { .keys = STR("") };
	struct audit_row r = { .seq = 1,
		               .action = STR("a"),
		               .actor = STR(""),
		               .address = STR(""),
		               .object = STR(""),
		               .details = STR("{}"),
		               .prev = STR(AUDIT_ZERO) };
	struct buf body;
	buf_arena(&body, a, AUDIT_BODY_MAX);
	walk_begin(&w, &v, &nobody);
	audit_body(&body, w.chain, &r);
	audit_hash(buf_str(&body), r.prev, (int64_t)n, hash);
	r.hash = str_c(hash);
	assert_false(walk_entry(&w, &r));
	walk_end(&w, 0, STR(AUDIT_ZERO));
	return strstr(v.why, "it was written as entry 100000") ? ST_OK : err_set(e, ST_CORRUPT, "%s", v.why);
}

static enum status method(struct arena *a, size_t n, struct err *e)
{
	return head(&(struct http_limits){ 0 }, text_of(a, "", n, "A", " / HTTP/1.1\r\nHost: a\r\n\r\n"), e);
}

static enum status length_digits(struct arena *a, size_t n, struct err *e)
{
	return head(&(struct http_limits){ 0 },
	            text_of(a, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ", n - 1, "0", "1\r\n\r\n"), e);
}

static enum status address(struct str s, struct err *e)
{
	return mail_address_ok(s) ? ST_OK : err_set(e, ST_INVALID, "no address");
}
static enum status local_part(struct arena *a, size_t n, struct err *e)
{
	return address(text_of(a, "", n, "a", "@b.org"), e);
}
static enum status whole_address(struct arena *a, size_t n, struct err *e)
{
	return address(text_of_size(a, "a@", n, "b", ".org"), e);
}

static enum status letter(struct arena *a, struct str name, struct str value, struct err *e)
{
	struct ctx ctx;
	struct http_header h = { name, value };
	struct buf out;
	ctx_init(&ctx, a);
	buf_arena(&out, a, 1 << 20);
	const struct mail m = {
		.to = STR("a@b.org"), .subject = STR("s"), .text = STR("t"), .headers = &h, .header_count = 1
	};
	return mail_format(&ctx, &m, STR("c@b.org"), &out, e);
}
static enum status header_name(struct arena *a, size_t n, struct err *e)
{
	return letter(a, text_of(a, "X", n - 1, "-", ""), STR("v"), e);
}
static enum status header_value(struct arena *a, size_t n, struct err *e)
{
	return letter(a, STR("X"), text_of(a, "", n, "v", ""), e);
}

static enum status html_id(struct arena *a, size_t n, struct err *e)
{
	struct safe_html out;
	struct str id = text_of(a, "", n, "i", "");
	TRY(sanitize_html(a, SANITIZE_ARTICLE, arena_strf(a, "<p id=\"%.*s\">x</p>", STR_ARG(id)), &out, e));
	return str_find(out.s, id) >= 0 ? ST_OK : err_set(e, ST_TOO_LARGE, "left out");
}

static bool signs(struct arena *a, size_t secret, size_t path)
{
	char out[INTERNAL_SIGNATURE_MAX];
	return internal_sign(text_of(a, "", secret, "s", ""), "POST", text_of(a, "/", path - 1, "p", ""), STR("{}"),
	                     INT64_C(1790000000000000), out);
}
static enum status short_secret(struct arena *a, size_t less, struct err *e)
{
	return signs(a, 16 - less, 9) ? ST_OK : err_set(e, ST_INVALID, "not signed");
}
/* The method, the path, a sum in hexadecimal and a time, a line each. */
static enum status signed_text(struct arena *a, size_t n, struct err *e)
{
	return signs(a, 32, n - strlen("POST\n\n\n1790000000000000") - 64) ? ST_OK
	                                                                   : err_set(e, ST_INVALID, "not signed");
}

/* --- processes and services --------------------------------------------------------------------------------------- */

enum { SERVICES = 65 };

static enum status render_sized(struct fragment_req *f, struct buf *out, struct err *e)
{
	int64_t n = 0;
	(void)str_i64(fragment_param(f, "n"), &n);
	for (int64_t i = 0; i < n; i++)
		buf_putc(out, 'x');
	return ST_OK;
}

static const struct fragment_def sized[] = { { .type = "sized", .params = "n p", .render = render_sized, .soft_s = 60 },
	                                     { 0 } };

/* A program of n services, the first of which is asked here: `local` or in a process that is not to be had. */
static struct platform *program(struct arena *a, size_t n, bool local)
{
	static const struct service probe = { .name = "probe", .title = "Probe", .mount = "/", .fragments = sized };
	static char stores[SERVICES];
	struct platform *p = ARENA_NEW(a, struct platform);
	p->services = ARENA_ARRAY(a, struct service_instance, n);
	p->service_count = (unsigned)n;
	for (size_t i = 0; i < n; i++) {
		p->services[i] = (struct service_instance){ .def = &probe, .platform = p, .local = local };
		p->services[i].db = (struct db *)&stores[i]; /* an address, nothing more */
	}
	return p;
}

static struct ctx *asking(struct arena *a, struct platform *p)
{
	struct ctx *ctx = ARENA_NEW(a, struct ctx);
	ctx_init(ctx, a);
	ctx->svc = &p->services[0];
	assert_non_null(p->contracts = contracts_new(p, NULL));
	assert_non_null(p->fragments = fragments_new(p, NULL));
	return ctx;
}

static void asked(struct platform *p)
{
	fragments_free(p->fragments);
	contracts_free(p->contracts);
}

static enum status contracts(struct arena *a, size_t n, struct err *e)
{
	struct contracts *c = contracts_new(program(a, n, true), e);
	contracts_free(c);
	return c ? ST_OK : e->status;
}

static enum status streams(struct arena *a, size_t n, struct err *e)
{
	struct events *v = events_new(program(a, n, true), e);
	events_free(v);
	return v ? ST_OK : e->status;
}

static enum status queues(struct arena *a, size_t n, struct err *e)
{
	struct jobs *j = jobs_new(program(a, n, true), NULL, e);
	jobs_free(j);
	return j ? ST_OK : e->status;
}

/* As large a question goes out; here, that there is nobody to ask. */
static enum status question(struct arena *a, size_t n, struct err *e)
{
	struct platform *p = program(a, 1, false);
	struct ctx *ctx = asking(a, p);
	struct probe_say_ask in = { text_of(a, "", n - strlen("{\"text\":\"\"}"), "x", "") };
	struct probe_say_answer out;
	enum status st = contract_call(ctx, &probe_contract_say, &in, &out, e);
	asked(p);
	return st == ST_UNAVAILABLE ? ST_OK : st;
}

static enum status pieces_question(struct arena *a, size_t n, struct err *e)
{
	struct fragment_stats s;
	struct platform *p = program(a, 1, false);
	struct ctx *ctx = asking(a, p);
	size_t beside =
	        strlen("{\"service\":\"probe\",\"person\":null,\"pieces\":[{\"type\":\"sized\",\"params\":\"\","
	               "\"cookie\":\"\"}]}");
	struct fragment_piece piece = {
		.svc = ctx->svc, .def = sized, .params = text_of(a, "", n - beside, "x", ""), .cookie = STR(""),
		.key = STR("k")
	};
	fragment_fetch(ctx, &piece, 1);
	fragments_stats(p->fragments, &s);
	asked(p);
	return s.remote_calls ? ST_OK : err_set(e, ST_TOO_LARGE, "not asked for");
}

static enum status piece_params(struct arena *a, size_t n, struct err *e)
{
	struct platform *p = program(a, 1, true);
	struct ctx *ctx = asking(a, p);
	struct fragment_piece piece;
	bool known = fragment_piece(ctx, NULL, STR("probe"), STR("sized"), text_of(a, "p=", n - 2, "x", ""), &piece);
	asked(p);
	return known ? ST_OK : err_set(e, ST_NOT_FOUND, "no such piece");
}

struct making {
	struct arena *a;
	size_t n;
	enum status st;
	struct err *e;
};

static void make_piece(void *arg)
{
	struct making *m = arg;
	struct platform *p = program(m->a, 1, true);
	struct ctx *ctx = asking(m->a, p);
	struct fragment_piece piece;
	struct buf out;
	p->cache = cache_new(16 << 20, 1, NULL, NULL);
	p->fragments->keep = true;
	buf_arena(&out, m->a, 16 << 20);
	assert_true(fragment_piece(ctx, NULL, STR("probe"), STR("sized"), arena_strf(m->a, "n=%zu", m->n), &piece));
	m->st = fragment_cached(ctx, &piece, &out, m->e);
	assert_true(m->st != ST_OK || out.len == m->n);
	cache_free(p->cache);
	asked(p);
}

static enum status piece_html(struct arena *a, size_t n, struct err *e)
{
	struct making m = { a, n, ST_OK, e };
	fiber_main(make_piece, &m);
	return m.st;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct limit limits[] = {
	{ "net/forms/form.h", "FORM_FIELDS_MAX", FORM_FIELDS_MAX, form_fields, ST_TOO_LARGE, "1000" },
	{ "net/h1/h1_parser.h", "H1_FIELDS_MAX", H1_FIELDS_MAX, h1_fields, ST_HEADERS_TOO_LARGE, "" },
	{ "net/h1/h1_parser.h", "H1_TARGET_MAX", H1_TARGET_MAX, h1_target, ST_URI_TOO_LONG, "" },
	{ "net/h1/h1_parser.h", "H1_HEADERS_MAX", H1_HEADERS_MAX, h1_headers, ST_HEADERS_TOO_LARGE, "" },
	{ "net/h1/h1_parser.re", "LINE_MAX_CHUNK", 1024, h1_chunk_line, ST_INVALID, "chunk extension too long" },
	{ "net/h1/h1_parser.re", "TRAILER_MAX", 8192, h1_trailers, ST_INVALID, "trailers too long" },
	{ "net/ws/ws_frame.c", "EMPTY_FRAGMENTS_MAX", 64, ws_fragments, ST_INVALID, "1008" },
	{ "net/ws/ws_frame.h", "WS_CONTROL_MAX", WS_CONTROL_MAX, ws_ping, ST_INVALID, "1002" },
	{ "net/conn/server.h", "PROXY_NETS_MAX", PROXY_NETS_MAX, proxy_list, ST_CONFIG, "64" },
	{ "net/conn/proxy.c", "CHAIN_MAX", 32, proxy_chain, ST_INVALID, "10.0.0.1" },
	{ "platform/text/json.h", "JSON_DEPTH", JSON_DEPTH, json_deep, ST_INVALID, "deeper" },
	{ "platform/text/jcs.h", "JCS_INT_MAX", JCS_INT_MAX, jcs_integer, ST_INVALID, "" },
	{ "platform/text/jcs.c", "MEMBERS_MAX", 4096, jcs_members, ST_TOO_LARGE, "4096" },
	{ "platform/text/sanitize.h", "SANITIZE_INPUT_MAX", SANITIZE_INPUT_MAX, html_input, ST_TOO_LARGE, "4 MiB" },
	{ "platform/text/sanitize.c", "MAX_DEPTH", 256, html_depth, ST_TOO_LARGE, "256" },
	{ "platform/text/url.h", "URL_MAX", URL_MAX, url_bytes, ST_INVALID, "" },
	{ "platform/peers/dto.c", "DTO_ITEMS_MAX", 100000, list_members, ST_TOO_LARGE, "\"numbers\"" },
	{ "platform/crypto/jose.h", "JOSE_TOKEN_MAX", JOSE_TOKEN_MAX, token, ST_INVALID, "" },
	{ "platform/web/router.h", "ROUTE_PARAMS_MAX", ROUTE_PARAMS_MAX, route_params, ST_CONFIG, "over 8 parameters" },
	{ "platform/web/router.h", "ROUTE_SEGMENTS_MAX", ROUTE_SEGMENTS_MAX, route_segments, ST_CONFIG,
	  "over 24 segments" },
	{ "platform/web/router.c", "HOSTS_MAX", 64, router_hosts, ST_CONFIG, "over 64 hosts" },
	{ "platform/cache/cache_table.h", "CACHE_KEY_MAX", CACHE_KEY_MAX, cache_key, ST_TOO_LARGE, "" },
	{ "platform/cache/cache_table.h", "CACHE_TAGS_MAX", CACHE_TAGS_MAX, cache_tags, ST_TOO_LARGE, "not taken" },
	{ "platform/crypto/jose.h", "JOSE_DEPTH", JOSE_DEPTH, token_depth, ST_INVALID, "" },
	{ "platform/core/metrics.c", "COLLECTORS_MAX", 32, collectors, ST_TOO_LARGE, "32 are asked" },
	{ "platform/audit/audit_walk.c", "SEARCH_MAX", 100000, misplaced, ST_CORRUPT, "was edited" },
	{ "platform/forms/form_rules.c", "YEARS_LEAST", 0, year_before, ST_UNPROCESSABLE, "A day like" },
	{ "platform/forms/form_rules.c", "YEARS_MOST", 9999, year, ST_UNPROCESSABLE, "A day like" },
	{ "net/h1/h1_parser.re", "METHOD_MAX", 32, method, ST_INVALID, "unknown method" },
	{ "net/h1/h1_parser.re", "LENGTH_DIGITS", 18, length_digits, ST_INVALID, "bad Content-Length" },
	{ "platform/mail/mail_format.c", "LOCAL_PART_MAX", 64, local_part, ST_INVALID, "no address" },
	{ "platform/mail/mail_format.c", "ADDRESS_MAX", 254, whole_address, ST_INVALID, "no address" },
	{ "platform/mail/mail_format.c", "HEADER_NAME_MAX", 60, header_name, ST_INVALID, "can not be set" },
	{ "platform/mail/mail_format.c", "HEADER_VALUE_MAX", 900, header_value, ST_INVALID, "can not be set" },
	{ "platform/text/sanitize_rules.c", "ID_MAX", 200, html_id, ST_TOO_LARGE, "left out" },
	{ "platform/peers/internal.c", "SECRET_MIN", 0, short_secret, ST_INVALID, "not signed" },
	{ "platform/peers/internal.c", "SIGNED_MAX", 16 << 10, signed_text, ST_INVALID, "not signed" },
	{ "platform/peers/contract.c", "SERVICES_MAX", 64, contracts, ST_CONFIG, "at most 64 services" },
	{ "platform/work/event.c", "STREAMS_MAX", 64, streams, ST_INTERNAL, "more than 64 event streams" },
	{ "platform/work/job.c", "QUEUES_MAX", 64, queues, ST_INTERNAL, "more than 64 job queues" },
	{ "platform/peers/contract.c", "IN_MAX", 1 << 20, question, ST_TOO_LARGE,
	  "probe/say: the question is too large" },
	{ "platform/peers/fragment_remote.c", "ASK_MAX", 256 << 10, pieces_question, ST_TOO_LARGE, "not asked for" },
	{ "platform/peers/fragment_int.h", "FRAGMENT_PARAMS_MAX", FRAGMENT_PARAMS_MAX, piece_params, ST_NOT_FOUND, "" },
	{ "platform/peers/fragment_int.h", "FRAGMENT_MAX", FRAGMENT_MAX, piece_html, ST_TOO_LARGE,
	  "fragment sized is too large" },
	{ "platform/config/config.c", "CONFIG_FILE_MAX", 1 << 20, config_bytes_of_file, ST_CONFIG, "" },
	{ "platform/core/metrics.c", "LABELS_MAX", 256, metric_labels, ST_TOO_LARGE, "shared" },
	{ "platform/core/metrics.c", "LABEL_MAX", 63, metric_label, ST_TOO_LARGE, "cut" }, /* its end is in it */
	{ "platform/forms/forms.h", "FORM_TEXT_MAX", FORM_TEXT_MAX, form_text, ST_UNPROCESSABLE, "of at most 200" },
	{ "platform/forms/forms.h", "FORM_AREA_MAX", FORM_AREA_MAX, form_area, ST_UNPROCESSABLE, "of at most 5000" },
	{ "platform/forms/forms.h", "FORM_EMAIL_MAX", FORM_EMAIL_MAX, form_email, ST_UNPROCESSABLE, "of at most 254" },
	{ "platform/forms/forms.h", "FORM_URL_MAX", FORM_URL_MAX, form_url, ST_UNPROCESSABLE, "" },
	{ "platform/text/sanitize.c", "MAX_NODES", 400000, html_parts, ST_TOO_LARGE, "400000" },
};

static void each_limit_and_one_more(void **state)
{
	limits_meet(limits, sizeof limits / sizeof *limits);
}

/* --- settings: at each end of what a row allows, and beyond it ---------------------------------------------------- */

static enum status set(const struct setting *s, int64_t v, struct err *e)
{
	char text[200];
	bool time = s->kind == SET_DURATION;
	snprintf(text, sizeof text, "%s.%s=%lld%s", s->section, s->key, (long long)(time ? v / 1000 : v),
	        time ? "us" : "");
	const char *sets[] = { text };
	const struct config_source src = { .sets = sets, .set_count = 1 };
	struct config *c = config_load(&src, services_all, e);
	enum status st = c ? ST_OK : e->status;
	config_free(c);
	return st;
}

static void each_setting_and_one_more(void **state)
{
	SCOPED_ARENA *a = arena_new(ROOM);
	const struct config_source src = { 0 };
	struct err e = { 0 };
	struct config *c = config_load(&src, services_all, &e);
	struct config_row *rows;
	assert_non_null(c);
	size_t n = config_rows(c, a, &rows), bounded = 0;
	for (size_t i = 0; i < n; i++) {
		const struct setting *s = rows[i].setting;
		if (s->kind != SET_INT && s->kind != SET_DURATION && s->kind != SET_BYTES)
			continue;
		bounded++;
		assert_true(s->min < s->max);
		int64_t step = s->kind == SET_DURATION ? 1000 : 1;
		const struct {
			int64_t v;
			bool good;
		} at[] = { { s->min, true }, { s->max, true }, { s->max + step, false }, { s->min - step, false } };
		for (unsigned k = 0; k < 4; k++) {
			struct err why = { 0 };
			enum status st = set(s, at[k].v, &why);
			if (st != (at[k].good ? ST_OK : ST_CONFIG) || (!at[k].good && !strstr(why.msg, s->key)))
				fail_msg("%s.%s=%lld: %d %s", s->section, s->key, (long long)at[k].v, st, why.msg);
		}
	}
	assert_true(bounded > 40);
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_limit_and_one_more),
		cmocka_unit_test(each_setting_and_one_more) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
