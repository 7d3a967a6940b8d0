/* SPDX-License-Identifier: Apache-2.0
 *
 * How connections come in: TLS with ALPN, session tickets and reload; unix sockets; the limit of connections; addresses
 * that can not be had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/conn/http.h"
#include "rt/loop.h"

#define BIG ((size_t)3 << 20)

static struct {
	struct http_server *server;
	struct loops *loops;
	struct blob *big;
	char dir[64], cert[100], key[100], sock[100], unix_addr[110], file[100];
} t;

/* --- the application ---------------------------------------------------------------------------------------------- */

static bool fast(struct http_req *r, void *arg)
{
	if (!str_eqc(r->path, "/"))
		return false;
	char out[100];
	snprintf(out, sizeof out, "secure=%d", r->secure);
	http_send(r, str_c(out));
	return true;
}

static void handle(struct http_req *r, void *arg)
{
	struct str body;
	if (str_eqc(r->path, "/big"))
		http_send_blob(r, t.big);
	else if (str_eqc(r->path, "/file"))
		http_file(r, open(t.file, O_RDONLY | O_CLOEXEC), "text/plain");
	else if (http_body_all(r, 1 << 20, &body, NULL) == ST_OK)
		http_send(r, body);
}

/* --- certificates ------------------------------------------------------------------------------------------------- */

static void make_cert(long serial)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(
	        X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	FILE *f = fopen(t.cert, "w");
	PEM_write_X509(f, x);
	fclose(f);
	f = fopen(t.key, "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* --- the client --------------------------------------------------------------------------------------------------- */

static void patient(int fd)
{
	struct timeval patience = { .tv_sec = 30 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

static int dial(unsigned listen_index)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_server_port(t.server, listen_index)) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	patient(fd);
	assert_return_code(connect(fd, (struct sockaddr *)&a, sizeof a), errno);
	return fd;
}

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

/* NULL alpn: none offered. ssl is NULL when the handshake failed. */
static struct client tls_dial(const char *alpn, SSL_SESSION *resume)
{
	struct client c = { .ctx = SSL_CTX_new(TLS_client_method()), .fd = dial(0) };
	c.ssl = SSL_new(c.ctx);
	SSL_set_fd(c.ssl, c.fd);
	if (alpn)
		SSL_set_alpn_protos(c.ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	if (resume)
		SSL_set_session(c.ssl, resume);
	if (SSL_connect(c.ssl) != 1) {
		SSL_free(c.ssl);
		c.ssl = NULL;
	}
	return c;
}

static void hang_up(struct client *c)
{
	if (c->ssl)
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
}

/* The body's length, its first bytes in out. */
static size_t ask(SSL *ssl, const char *request, char *out, size_t out_size)
{
	static char buf[1 << 16];
	size_t n = 0, len = 0, got = 0;
	char *end = NULL;
	assert_true(SSL_write(ssl, request, (int)strlen(request)) > 0);
	while (!end) {
		int r = SSL_read(ssl, buf + n, (int)(sizeof buf - 1 - n));
		assert_true(r > 0);
		n += (size_t)r;
		buf[n] = 0;
		end = strstr(buf, "\r\n\r\n");
	}
	assert_memory_equal(buf, "HTTP/1.1 200 ", 13);
	len = strtoul(strstr(buf, "Content-Length: ") + 16, NULL, 10);
	got = n - (size_t)(end + 4 - buf);
	snprintf(out, out_size, "%.*s", (int)got, end + 4);
	while (got < len) {
		int r = SSL_read(ssl, buf, sizeof buf);
		assert_true(r > 0);
		for (int i = 0; i < r; i++)
			if (buf[i] != (char)('a' + (got + (size_t)i) % 26))
				fail_msg("byte %zu is wrong", got + (size_t)i);
		got += (size_t)r;
	}
	assert_int_equal(got, len);
	return len;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void tls(void **state)
{
	char out[200];
	struct client c = tls_dial("\x08http/1.1", NULL);
	assert_non_null(c.ssl);
	const unsigned char *alpn;
	unsigned n;
	SSL_get0_alpn_selected(c.ssl, &alpn, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(alpn, "http/1.1", 8);
	ask(c.ssl, GET("/"), out, sizeof out);
	assert_string_equal(out, "secure=1");
	assert_int_equal(ask(c.ssl, GET("/big"), out, sizeof out), BIG);
	assert_int_equal(ask(c.ssl, GET("/file"), out, sizeof out), BIG);
	ask(c.ssl, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", out, sizeof out);
	assert_string_equal(out, "hello");
	hang_up(&c);

	c = tls_dial(NULL, NULL); /* without ALPN it is HTTP/1.1 */
	assert_non_null(c.ssl);
	ask(c.ssl, GET("/"), out, sizeof out);
	hang_up(&c);
	c = tls_dial("\4ftp9", NULL);
	assert_null(c.ssl);
	hang_up(&c);
}

static void tls_tickets(void **state)
{
	char out[200];
	struct client c = tls_dial("\x08http/1.1", NULL);
	assert_non_null(c.ssl);
	ask(c.ssl, GET("/"), out, sizeof out); /* the ticket comes after the handshake */
	SSL_SESSION *s = SSL_get1_session(c.ssl);
	struct client again = tls_dial("\x08http/1.1", s);
	assert_non_null(again.ssl);
	assert_int_equal(SSL_session_reused(again.ssl), 1);
	ask(again.ssl, GET("/"), out, sizeof out);
	SSL_SESSION_free(s);
	hang_up(&c);
	hang_up(&again);
}

static long serial_of(SSL *ssl)
{
	X509 *x = SSL_get1_peer_certificate(ssl);
	long n = ASN1_INTEGER_get(X509_get_serialNumber(x));
	X509_free(x);
	return n;
}

static void tls_reload(void **state)
{
	char out[200];
	struct err e = { 0 };
	struct client before = tls_dial("\x08http/1.1", NULL);
	assert_int_equal(serial_of(before.ssl), 1);
	make_cert(2);
	assert_int_equal(http_server_reload_tls(t.server, &e), ST_OK);
	struct client after = tls_dial("\x08http/1.1", NULL);
	assert_int_equal(serial_of(after.ssl), 2);
	ask(before.ssl, GET("/"), out, sizeof out);
	ask(after.ssl, GET("/"), out, sizeof out);
	hang_up(&before);
	hang_up(&after);

	/* A broken file changes nothing. */
	FILE *f = fopen(t.cert, "w");
	fputs("no certificate", f);
	fclose(f);
	assert_int_equal(http_server_reload_tls(t.server, &e), ST_CONFIG);
	assert_non_null(strstr(e.msg, t.cert));
	after = tls_dial("\x08http/1.1", NULL);
	assert_int_equal(serial_of(after.ssl), 2);
	hang_up(&after);
}

static void cleartext_on_tls(void **state)
{
	char buf[100];
	int fd = dial(0);
	assert_true(send(fd, GET("/"), strlen(GET("/")), 0) > 0);
	ssize_t n;
	while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
		assert_memory_not_equal(buf, "HTTP", 4);
	assert_true(n == 0 || errno == ECONNRESET);
	close(fd);
}

static void unix_socket(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char buf[1000] = "";
	size_t n = 0;
	strcpy(a.sun_path, t.sock);
	for (int i = 0; i < 20; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		patient(fd);
		assert_return_code(connect(fd, (struct sockaddr *)&a, sizeof a), errno);
		assert_true(send(fd, GET("/"), strlen(GET("/")), 0) > 0);
		for (n = 0; !strstr(buf, "secure=0");) {
			ssize_t r = recv(fd, buf + n, sizeof buf - 1 - n, 0);
			assert_true(r > 0);
			n += (size_t)r;
			buf[n] = 0;
		}
		close(fd);
		buf[0] = 0;
	}
}

static void connection_limit(void **state)
{
	int fd[80];
	struct http_server_stats s;
	char buf[200];
	for (int i = 0; i < 80; i++)
		fd[i] = dial(1);
	int refused = 0;
	for (int i = 0; i < 80; i++) {
		assert_true(send(fd[i], GET("/"), strlen(GET("/")), MSG_NOSIGNAL) > 0 || errno == EPIPE ||
		        errno == ECONNRESET);
		ssize_t n = recv(fd[i], buf, sizeof buf - 1, 0);
		buf[n > 0 ? n : 0] = 0;
		refused += n <= 0 || !strncmp(buf, "HTTP/1.1 503", 12);
	}
	http_server_stats(t.server, &s);
	assert_true(s.open <= 60);
	assert_true(refused >= 20 && refused < 80);
	for (int i = 0; i < 80; i++)
		close(fd[i]);
	/* They make room again. */
	for (int i = 0; i < 60000 && s.open; i++) {
		usleep(1000);
		http_server_stats(t.server, &s);
	}
	assert_int_equal(s.open, 0);
}

static void addresses(void **state)
{
	char taken[40], bad_unix[200];
	struct err e = { 0 };
	snprintf(taken, sizeof taken, "127.0.0.1:%d", http_server_port(t.server, 1));
	snprintf(bad_unix, sizeof bad_unix, "unix:%s/nowhere/x.sock", t.dir);
	const char *const refused[] = { taken, "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:x", "300.1.1.1:0",
		"somewhere:80", "unix:", t.unix_addr, bad_unix };
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct http_server_config c = { .listen = { { .addr = refused[i] } }, .listen_count = 1 };
		e.msg[0] = 0;
		if (http_server_new(&c, &e))
			fail_msg("%s was taken", refused[i]);
		assert_int_equal(e.status, i == 0 ? ST_CONFLICT : ST_CONFIG); /* the first one is taken */
		assert_true(e.msg[0]);
	}
	struct http_server_config c = { .listen = { { .addr = "127.0.0.1:0" } }, .listen_count = 1 };
	static const struct str bad_proxies[] = { STR_INIT("10.0.0.0/33"), STR_INIT("localhost"), STR_INIT("1.2.3"),
		STR_INIT("::1/129") };
	for (size_t i = 0; i < sizeof bad_proxies / sizeof *bad_proxies; i++) {
		c.trusted_proxies = bad_proxies[i];
		assert_null(http_server_new(&c, &e));
	}
	c.trusted_proxies = STR("10.0.0.0/8, ::1, unix, 192.168.0.1");
	struct http_server *s = http_server_new(&c, &e);
	assert_non_null(s);
	http_server_free(s);
}

static void attach_many(struct loop *l, void *arg)
{
	struct err e = { 0 };
	for (int i = 0; i < 64; i++)
		assert_int_equal(http_server_attach(arg, l, &e), ST_OK);
	assert_int_equal(http_server_attach(arg, l, &e), ST_CONFIG);
	assert_string_equal(e.msg, "a server has at most 64 loops");
}

/* As many addresses and loops as a server may have (SERVER_LISTEN_MAX, SERVER_WORKERS_MAX), and one more. */
static void as_many_as_may_be(void **state)
{
	struct err e = { 0 };
	struct http_server_config c = { 0 };
	for (c.listen_count = 0; c.listen_count < 4; c.listen_count++)
		c.listen[c.listen_count].addr = "127.0.0.1:0";
	struct http_server *s = http_server_new(&c, &e);
	assert_non_null(s);
	struct loops *loops = loops_start(1, attach_many, s, &e);
	assert_non_null(loops);
	loops_stop_join(loops);
	http_server_free(s);
	for (unsigned n = 0; n <= 5; n += 5) {
		c.listen_count = n;
		assert_null(http_server_new(&c, &e));
		assert_string_equal(e.msg, "a server listens on 1 to 4 addresses");
	}
}

/* --- set-up ------------------------------------------------------------------------------------------------------- */

static void start(struct loop *l, void *arg)
{
	struct err e;
	if (http_server_attach(t.server, l, &e) != ST_OK)
		abort();
}

static int set_up(void **state)
{
	struct err e = { 0 };
	strcpy(t.dir, "/tmp/test_listen_XXXXXX");
	if (!mkdtemp(t.dir))
		return -1;
	snprintf(t.cert, sizeof t.cert, "%s/cert.pem", t.dir);
	snprintf(t.key, sizeof t.key, "%s/key.pem", t.dir);
	snprintf(t.sock, sizeof t.sock, "%s/sock", t.dir);
	snprintf(t.file, sizeof t.file, "%s/file", t.dir);
	snprintf(t.unix_addr, sizeof t.unix_addr, "unix:%s", t.sock);
	make_cert(1);
	t.big = blob_new(NULL, BIG);
	for (size_t i = 0; i < BIG; i++)
		t.big->data[i] = (char)('a' + i % 26);
	FILE *f = fopen(t.file, "w");
	fwrite(t.big->data, 1, BIG, f);
	fclose(f);
	struct http_server_config c = {
		.listen = { { .addr = "127.0.0.1:0", .cert = t.cert, .key = t.key }, { .addr = "127.0.0.1:0" },
		        { .addr = t.unix_addr } },
		.listen_count = 3,
		.limits = { .connections = 60 },
		.app = { .fast = fast, .handle = handle },
	};
	t.server = http_server_new(&c, &e);
	if (!t.server) {
		fprintf(stderr, "%s\n", e.msg);
		return -1;
	}
	t.loops = loops_start(2, start, NULL, &e);
	return t.loops ? 0 : -1;
}

static int tear_down(void **state)
{
	loops_stop_join(t.loops);
	http_server_free(t.server);
	assert_int_equal(access(t.sock, F_OK), -1);
	blob_unref(t.big);
	unlink(t.cert);
	unlink(t.key);
	unlink(t.file);
	rmdir(t.dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls),         cmocka_unit_test(tls_tickets),
		cmocka_unit_test(tls_reload),  cmocka_unit_test(cleartext_on_tls),
		cmocka_unit_test(unix_socket), cmocka_unit_test(connection_limit),
		cmocka_unit_test(addresses),   cmocka_unit_test(as_many_as_may_be),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
