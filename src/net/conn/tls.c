/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS contexts (OpenSSL 3): TLS 1.2 and up, ALPN, stateless session tickets. A context is immutable once made;
 * reloading certificates makes a new one, and connections keep the one they began with.
 */
#include <openssl/err.h>

#include "net/conn/server.h"

static const unsigned char alpn_h2[] = "\x02h2\x08http/1.1";
static const unsigned char alpn_h1[] = "\x08http/1.1";

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                       unsigned in_len, void *arg)
{
	const unsigned char *ours = net_h2 ? alpn_h2 : alpn_h1;
	unsigned n = net_h2 ? sizeof alpn_h2 - 1 : sizeof alpn_h1 - 1;
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, out_len, ours, n, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2: no_application_protocol */
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *tls_fail(SSL_CTX *ctx, const char *what, const char *path, struct err *e)
{
	char why[200];
	ERR_error_string_n(ERR_get_error(), why, sizeof why);
	err_set(e, ST_CONFIG, "TLS: %s %s: %s", what, path, why);
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *tls_ctx_new(const char *cert, const char *key, struct err *e)
{
	static const char
	        ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20"; /* 1.2: forward secret and authenticated only (RFC 9325) */
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return tls_fail(NULL, "no context for", cert, e);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(ctx, ciphers);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	                                 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(
	        ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets carry the state */
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return tls_fail(ctx, "certificate", cert, e);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return tls_fail(ctx, "key", key, e);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return tls_fail(ctx, "key does not belong to the certificate", key, e);
	return ctx;
}
