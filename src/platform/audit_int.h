/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the audit chain: hashing and signing, which writing and verifying share.
 */
#ifndef GH_PLATFORM_AUDIT_INT_H
#define GH_PLATFORM_AUDIT_INT_H

#include "base/buf.h"
#include "platform/audit.h"

#define AUDIT_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

/* The bytes that are hashed. ST_INVALID: details are not a JSON object. */
enum status audit_canonical(struct buf *out, struct str chain, const struct audit_row *r, struct str prev, struct err *e) MUST_CHECK;
void audit_hash_hex(struct str bytes, char out[AUDIT_HASH_HEX + 1]);
void audit_sign(struct str chain, int64_t seq, struct str hash, char out[AUDIT_SIGNATURE_HEX + 1]);
bool audit_signed(struct str chain, int64_t seq, struct str hash, struct str signature, struct str key_hex);

#endif
