/* SPDX-License-Identifier: Apache-2.0
 *
 * A passkey's authenticator for tests: registrations and assertions as one makes them, right or wrong in a chosen
 * field. What it returns is in a.
 */
#ifndef GH_TESTS_AUTHENTICATOR_H
#define GH_TESTS_AUTHENTICATOR_H

#include <openssl/evp.h>

#include "services/identity/signin/webauthn.h"

struct authenticator {
	struct arena *a;
	struct webauthn_expected want; /* what is asked of it */
	struct str credential;         /* its name for its key, as bytes */
	EVP_PKEY *device;              /* P-256 */
};

struct authenticator_answer {
	const char *type, *challenge, *origin, *rp; /* NULL: as wanted */
	unsigned flags;
	uint32_t count;
	int64_t kty, alg, crv;
	size_t cut; /* bytes left out at the end */
	bool cross, packed;
};

void authenticator_init(struct authenticator *au); /* makes the key; aborts when it can't */
void authenticator_fini(struct authenticator *au);
/* type: "webauthn.create", "webauthn.get". */
struct str authenticator_client_data(
        const struct authenticator *au, const struct authenticator_answer *m, const char *type);
/* attested: "" in an assertion. */
struct str authenticator_data(
        const struct authenticator *au, const struct authenticator_answer *m, struct str attested);
struct str authenticator_attestation(const struct authenticator *au, const struct authenticator_answer *m);
struct str authenticator_sign(const struct authenticator *au, struct str data, struct str client);

#endif
