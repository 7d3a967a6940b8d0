/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside JOSE: raw signatures, as RFC 7518 3 and RFC 8037 3.1 want them (r and s side by side for ES256).
 */
#ifndef GH_PLATFORM_AUTH_JOSE_INT_H
#define GH_PLATFORM_AUTH_JOSE_INT_H

#include "platform/crypto/jose.h"

enum status jose_key_sign(
        const struct jose_key *k, struct arena *a, struct str input, struct str *signature, struct err *e) MUST_CHECK;
bool jose_key_verify(const struct jose_key *k, struct str input, struct str signature);

#endif
