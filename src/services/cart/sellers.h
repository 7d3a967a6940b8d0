/* SPDX-License-Identifier: Apache-2.0
 *
 * Whoever sells: services that answer quote, hold, commit, release and return (peers/shapes.dto). Cart knows them by
 * name alone, so that a new one is a folder of its own.
 */
#ifndef GH_SERVICES_CART_SELLERS_H
#define GH_SERVICES_CART_SELLERS_H

#include "gen/shapes_contract.h"
#include "platform/core/person.h"
#include "platform/core/service.h"

enum { SELLERS_MAX = 16, SELLER_WAIT_MS = 3000 };

/* The service of that name, if it sells; else NULL. */
const struct service *seller_named(struct ctx *ctx, struct str provider);

/* Who buys. */
struct buyer { int64_t person; struct str roles, lang, name, email; };

struct sale { struct str provider; struct sale_line *lines; size_t count; }; /* of one seller */
/* Lines grouped by seller, in the order in which sellers are always asked. get: provider and line i of arg. */
typedef struct str sale_get(const void *arg, size_t i, struct sale_line *out);
size_t sales_of(struct ctx *ctx, sale_get *get, const void *arg, size_t n, struct sale **out);

/* ST_UNAVAILABLE, ST_TIMEOUT: the seller does not answer. */
enum status seller_quote(struct ctx *ctx, const struct sale *s, const struct buyer *b, struct quote_answer *out,
        struct err *e) MUST_CHECK;
/* All sales until then, or none: *refused and *by say what could not be had. */
struct sellers_refused { bool any; struct str provider; struct refused_line *lines; size_t count; };
enum status sellers_hold(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, int64_t revision,
        const struct buyer *b, int64_t until_us, struct sellers_refused *refused, struct err *e) MUST_CHECK;
/* *done false: what was held is not any more, and others have it. */
struct sellers_sold { struct commit_answer *answers; /* by sale */ bool done; };
enum status sellers_commit(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, int64_t revision,
        struct str order, const struct buyer *b, struct sellers_sold *out, struct err *e) MUST_CHECK;
enum status sellers_release(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, int64_t revision,
        struct err *e) MUST_CHECK;
/* Where orders to one of its suppliers go. there false: it knows of none. */
enum status seller_contact(struct ctx *ctx, struct str provider, int64_t supplier, struct supplier_contact_answer *out,
        struct err *e) MUST_CHECK;
enum status sellers_return(struct ctx *ctx, const struct sale *s, size_t n, struct str checkout, struct str reference,
        bool restock, struct err *e) MUST_CHECK;

#endif
