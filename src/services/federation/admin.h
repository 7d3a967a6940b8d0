/* SPDX-License-Identifier: Apache-2.0
 *
 * What administrators do: add people, and (admin_*.c) look after them.
 */
#ifndef GH_SERVICES_FEDERATION_ADMIN_H
#define GH_SERVICES_FEDERATION_ADMIN_H

#include "services/federation/people.h"

/* A person with a confirmed address and a password, active at once. In federation's ctx. ST_UNPROCESSABLE: address, name or
   password, with a sentence; ST_CONFLICT: the address has an account. */
struct admin_person { struct str email, name, password, roles; };
enum status admin_add_person(struct ctx *ctx, const struct admin_person *n, int64_t *id, struct err *e) MUST_CHECK;

#endif
