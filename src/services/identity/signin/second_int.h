/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the second step: what asking and setting up share.
 */
#ifndef GH_SERVICES_IDENTITY_SECOND_INT_H
#define GH_SERVICES_IDENTITY_SECOND_INT_H

#include "services/identity/signin/second.h"

#define SECOND_SEAL "totp seeds"

void recovery_hash(int64_t person, struct str code, char out[AUTH_HASH_LEN + 1]);
/* Uses the code up. *recovered: it was a recovery code. */
enum status second_check(
        struct web *w, int64_t person, struct str code, bool *right, bool *recovered, struct err *e) MUST_CHECK;

#endif
