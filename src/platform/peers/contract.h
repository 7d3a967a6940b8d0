/* SPDX-License-Identifier: Apache-2.0
 *
 * Contracts: how a service asks another. `src/services/<name>/contract.h` declares plain DTO structs, a field table for
 * each, and one `struct contract_def` per query or action; callers use the typed inline wrappers declared there. In
 * one process a call is a function call; across processes it is HTTP (POST /internal/contracts/<service>/<name>, JSON of
 * the same DTOs, HMAC-signed: method, path, body hash, time). Reads are cached for def->ttl_s with stale-while-
 * revalidate; actions never. Never inside a transaction: asserted.
 */
#ifndef GH_PLATFORM_CONTRACT_H
#define GH_PLATFORM_CONTRACT_H

#include "platform/core/service.h"

enum dto_kind { DTO_INT, DTO_BOOL, DTO_STR, DTO_LIST /* struct { T *items; size_t count; } of def->item */ };
struct dto_def;
struct dto_field { const char *name; enum dto_kind kind; uint16_t offset; const struct dto_def *item; };
struct dto_def { const char *name; size_t size; const struct dto_field *fields; /* zero-terminated */ };

struct contract_def {
	const char *service, *name;
	enum { CONTRACT_QUERY, CONTRACT_ACTION } kind;
	const struct dto_def *in, *out;
	uint32_t ttl_s; /* queries: soft time to live (10) */
	uint32_t patience_ms; /* queries that pages can do without; 0: asked as long as the caller's time lasts. See contract_call */
	/* In the providing service's ctx; in and out are structs of the DTOs; out's memory in ctx->arena. */
	enum status (*serve)(struct ctx *ctx, const void *in, void *out, struct err *e);
};

struct contracts;
struct contracts *contracts_new(struct platform *p, struct err *e); /* before fragments_new and events_new */
void contracts_free(struct contracts *c);
struct contract_stats { uint64_t local, cached, remote, failed; };
void contracts_stats(const struct contracts *c, struct contract_stats *out);

/* A query of another process is cached for ttl_s, then served stale for 300 s more while one refresh runs, or while the other
   process is away. The entries carry the tag of the service's name. One with patience is cached of a service of this process too;
   who finds nothing waits so long at most, and until an answer came the next fail at once (ST_UNAVAILABLE). */
enum status contract_call(struct ctx *ctx, const struct contract_def *def, const void *in, void *out, struct err *e) MUST_CHECK;

/* For another process: the question as JSON to { "status": "OK", "out": … } in answer, served here by s. name: of the contract. ST_NOT_IMPLEMENTED:
   s does not run here or has no such contract. */
enum status contract_answer(struct ctx *ctx, struct service_instance *s, struct str name, struct str json, struct buf *answer,
                            struct err *e) MUST_CHECK;

/* JSON of a DTO, both ways; unknown members ignored, missing ones zero, wrong types refused. */
enum status dto_to_json(const struct dto_def *d, const void *v, struct buf *out) MUST_CHECK;
enum status dto_from_json(struct arena *a, const struct dto_def *d, struct str json, void *v, struct err *e) MUST_CHECK;

#endif
