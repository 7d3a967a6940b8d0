/* SPDX-License-Identifier: Apache-2.0
 *
 * Contracts: how a service asks another. A service describes what it answers in its contract.dto
 * (docs/howto/contract.md); from it are generated plain structs, their tables, a typed wrapper for those who ask
 * (gen/<service>_contract.h) and the prototypes of what the service has to write (gen/<service>_serve.h). In one
 * process a call is a function call; across processes it is HTTP (POST /internal/contracts/<service>/<name>, JSON of
 * the same structs, HMAC-signed: method, path, body hash, time). Reads are cached for def->ttl_s with
 * stale-while-revalidate; actions never. Never inside a transaction: asserted.
 */
#ifndef GH_PLATFORM_CONTRACT_H
#define GH_PLATFORM_CONTRACT_H

#include "base/money.h"
#include "platform/core/service.h"

enum dto_kind {
	DTO_INT, DTO_UINT, /* of 1, 2, 4 or 8 bytes: the size of the field */
	DTO_REAL,          /* double, finite */
	DTO_BOOL,
	DTO_TEXT,          /* struct str; p NULL: none */
	DTO_MONEY,         /* struct money: { "minor": 1250, "currency": "EUR" } */
	DTO_STRUCT,        /* of `shape` */
	DTO_LIST,          /* struct { T *items; size_t count; } of `of` */
};
#define DTO_NEVER_NULL UINT16_MAX
struct dto_def;
struct dto_field {
	const char *name;
	enum dto_kind kind;
	uint16_t offset, size;
	uint16_t null_at;            /* offset of a bool that says that there is none; DTO_NEVER_NULL */
	const struct dto_def *shape; /* DTO_STRUCT */
	const struct dto_field *of;  /* DTO_LIST: what an item is (offset 0) */
};
struct dto_def { const char *name; size_t size; const struct dto_field *fields; /* zero-terminated */ };

struct contract_def {
	const char *service, *name;
	enum { CONTRACT_QUERY, CONTRACT_ACTION } kind;
	const struct dto_def *in, *out;
	uint32_t ttl_s; /* queries: soft time to live (10); CONTRACT_FRESH: asked anew each time */
	uint32_t patience_ms; /* queries that pages can do without; 0: asked as long as the caller's time lasts. See
	                         contract_call */
	/* In the providing service's ctx; in and out are structs of the DTOs; out's memory in ctx->arena. */
	enum status (*serve)(struct ctx *ctx, const void *in, void *out, struct err *e);
};

#define CONTRACT_FRESH UINT32_MAX

struct contracts;
struct contracts *contracts_new(struct platform *p, struct err *e); /* before fragments_new and events_new */
/* After the last fiber that asks. NULL is fine. */
void contracts_free(struct contracts *c);
struct contract_stats { uint64_t local, cached, remote, failed; };
/* Since contracts_new. */
void contracts_stats(const struct contracts *c, struct contract_stats *out);

/* The contract of that name that s offers; NULL: none. */
const struct contract_def *contract_named(const struct service *s, const char *name);

/* A query of another process is cached for ttl_s, then served stale for 300 s more while one refresh runs, or while the
   other process is away. The entries carry the tag of the service's name. One with patience is cached of a service of
   this process too; who finds nothing waits so long at most, and until an answer came the next fail at once
   (ST_UNAVAILABLE). */
enum status contract_call(
        struct ctx *ctx, const struct contract_def *def, const void *in, void *out, struct err *e) MUST_CHECK;

/* For another process: the question as JSON to { "status": "OK", "out": … } in answer, served here by s. name: of the
   contract. ST_NOT_IMPLEMENTED: s does not run here or has no such contract. */
enum status contract_answer(struct ctx *ctx, struct service_instance *s, struct str name, struct str json,
        struct buf *answer, struct err *e) MUST_CHECK;

/* JSON of a DTO, both ways; unknown members ignored, missing ones zero (or none), wrong types and numbers that do not
   fit refused. dto_to_json: ST_TOO_LARGE: more than out takes; ST_INVALID: a number that is none. Texts and lists of v
   are in a. */
enum status dto_to_json(const struct dto_def *d, const void *v, struct buf *out) MUST_CHECK;
enum status dto_from_json(struct arena *a, const struct dto_def *d, struct str json, void *v, struct err *e) MUST_CHECK;

#endif
