/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing, and asking another process. See internal.h.
 */
#include "platform/peers/internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/lang.h"
#include "net/client/client.h"
#include "platform/text/json.h"

#define WINDOW_US (60 * US_PER_S)
#define SIGNED_MAX ((size_t)16 << 10) /* bytes of what is signed: an address, and numbers */
#define SECRET_MIN 16

/* --- signature --- */

/* From "/internal/" on: a proxy or a mount may have put something before it. */
static struct str internal_path(struct str path)
{
	ptrdiff_t at = str_find(path, STR("/internal/"));
	return at < 0 ? path : str_skip(path, (size_t)at);
}

static bool mac(struct str secret, const char *method, struct str path, struct str body, int64_t time_us, char out[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE], sum[32];
	unsigned n = 0;
	char body_hex[65];
	SCOPED_BUF text;
	buf_init(&text, SIGNED_MAX);
	if (!EVP_Digest(body.p ? body.p : "", body.n, sum, NULL, EVP_sha256(), NULL))
		return false;
	str_hex(body_hex, sum, 32);
	path = internal_path(path);
	buf_printf(&text, "%s\n%.*s\n%s\n%lld", method, STR_ARG(path), body_hex, (long long)time_us);
	if (!buf_ok(&text) ||
	        !HMAC(EVP_sha256(), secret.p, (int)secret.n, (unsigned char *)text.data, text.len, digest, &n) ||
	        n != 32)
		return false;
	str_hex(out, digest, 32);
	return true;
}

bool internal_sign(struct str secret, const char *method, struct str path, struct str body, int64_t time_us,
		   char out[INTERNAL_SIGNATURE_MAX])
{
	char sum[65];
	if (secret.n < SECRET_MIN || !mac(secret, method, path, body, time_us, sum))
		return false;
	snprintf(out, INTERNAL_SIGNATURE_MAX, "%lld.%s", (long long)time_us, sum);
	return true;
}

bool internal_verify(struct str secret, const char *method, struct str path, struct str body, struct str signature,
		     int64_t now_us)
{
	struct str time_text;
	int64_t time_us;
	char sum[65];
	if (secret.n < SECRET_MIN || !signature.p || !str_cut(&signature, '.', &time_text) ||
	    !str_i64(time_text, &time_us) || signature.n != 64)
		return false;
	if (time_us < now_us - WINDOW_US || time_us > now_us + WINDOW_US)
		return false;
	return mac(secret, method, path, body, time_us, sum) && CRYPTO_memcmp(sum, signature.p, 64) == 0;
}

/* --- sending --- */

static enum status status_by_name(struct str name)
{
	for (int s = 0; s < ST_COUNT; s++)
		if (str_eqc(name, status_info((enum status)s)->name))
			return (enum status)s;
	return ST_UPSTREAM;
}

static enum status internal_exchange(struct ctx *ctx, const struct internal_call *call, struct str *answer,
                                     struct err *e)
{
	struct platform *p = call->to->platform;
	char signature[INTERNAL_SIGNATURE_MAX], trace[TRACEPARENT_LEN + 1];
	if (!internal_sign(p->secret, "POST", str_c(call->path), call->body, clock_now_us(), signature))
		return err_set(e, ST_INTERNAL, "the request to %s could not be signed", call->to->def->name);
	ctx_traceparent(ctx, trace);
	const struct http_header headers[] = {
		{ STR("content-type"), STR("application/json") },
		{ STR("accept"), STR("application/json") },
		{ STR(INTERNAL_HEADER), str_c(signature) },
		{ STR("traceparent"), str_c(trace) },
		{ STR("x-request-id"), str_c(ctx->request_id) },
		{ STR("accept-language"), str_c(lang_info(lang_now())->tag) },
	};
	int64_t until = clock_mono_ns() + call->timeout_ns;
	const struct http_out out = {
		.method = "POST",
		.url = arena_printf(ctx->arena, "%.*s%s", STR_ARG(call->to->remote_url), call->path),
		.headers = headers,
		.header_count = sizeof headers / sizeof *headers,
		.body = call->body,
		.max_body = INTERNAL_BODY_MAX,
		.deadline_ns = ctx->deadline_ns && ctx->deadline_ns < until ? ctx->deadline_ns : until,
	};
	struct http_in in;
	TRY(http_fetch(ctx, call->pool, &out, &in, e));
	if (in.status != 200)
		return err_set(e, ST_UPSTREAM, "service %s answered with status %d", call->to->def->name, in.status);
	*answer = in.body;
	return ST_OK;
}

enum status internal_post(struct ctx *ctx, const struct internal_call *call, struct str *answer, struct err *e)
{
	if (!call->to->remote_url.n)
		return err_set(
		        e, ST_UNAVAILABLE, "service %s does not run here and has no remote_url", call->to->def->name);
	if (!breaker_allow(call->breaker))
		return err_set(e, ST_UNAVAILABLE, "service %s is not reachable", call->to->def->name);
	enum status st = internal_exchange(ctx, call, answer, e);
	if (st != ST_CANCELLED)
		breaker_result(call->breaker, st == ST_OK);
	if (st != ST_OK)
		return st;
	/* Success begins like this, so that large answers need not be parsed twice. */
	if (str_starts(*answer, STR("{\"status\":\"OK\"")))
		return ST_OK;
	SCOPED_JSON *j = json_parse(*answer, JSON_DEPTH, e);
	struct str message = j ? json_str(j, "message") : STR_NULL;
	st = j ? status_by_name(json_str(j, "status")) : ST_UPSTREAM;
	if (st == ST_OK)
		return ST_OK;
	return err_set(e, st, "%.*s", STR_ARG(message.p ? message : STR("no message")));
}
