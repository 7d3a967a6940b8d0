/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls between the processes of one site: POST of JSON to /internal/…, signed with the site's secret.
 *
 *     X-Guildhall-Signature: <microseconds since 1970>.<hex of HMAC-SHA-256>
 *
 * over "METHOD\nPATH\nhex(SHA-256(body))\nTIME", PATH beginning at "/internal/" whatever stands before it. Good for a
 * minute either way. The answer is JSON: { "status": "OK", … } or { "status": "NOT_FOUND", "message": "…" } with the
 * names of errors.def, under HTTP status 200; anything else is a failure of the transport, which counts for the
 * breaker.
 *
 * This is the asking side. Who answers: platform/receive.
 */
#ifndef GH_PLATFORM_INTERNAL_H
#define GH_PLATFORM_INTERNAL_H

#include "platform/cache/limits.h"
#include "platform/core/service.h"

#define INTERNAL_HEADER "x-guildhall-signature"
enum { INTERNAL_SIGNATURE_MAX = 96, INTERNAL_BODY_MAX = 2 << 20 };

/* NUL-terminated header value. False when libcrypto fails. */
bool internal_sign(struct str secret, const char *method, struct str path, struct str body, int64_t time_us,
                   char out[INTERNAL_SIGNATURE_MAX]) MUST_CHECK;
/* Constant time in the signature. */
bool internal_verify(struct str secret, const char *method, struct str path, struct str body, struct str signature,
                     int64_t now_us) MUST_CHECK;

/* Ask another service's process. Behind b: refused at once while it is open. A failure that the other side answered
   (its status came through) does not count against it. *answer in ctx->arena. */
struct internal_call {
	struct service_instance *to;
	struct http_pool *pool;
	struct breaker *breaker;
	const char *path; /* "/internal/…" */
	struct str body;
	int64_t timeout_ns;
};
enum status internal_post(
        struct ctx *ctx, const struct internal_call *call, struct str *answer, struct err *e) MUST_CHECK;

/* The breaker that calls to a service share in this process (3 failures, 30 s). */
struct breaker *internal_breaker(struct platform *p, const struct service_instance *to);
#endif
