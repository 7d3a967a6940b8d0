/* SPDX-License-Identifier: Apache-2.0
 *
 * Passkeys verified (Web Authentication Level 2, 7.1 and 7.2), attestation "none": what a browser sent is held against
 * what was asked, and the key is kept. CBOR by libcbor, signatures by jose.h.
 */
#ifndef GH_SERVICES_IDENTITY_WEBAUTHN_H
#define GH_SERVICES_IDENTITY_WEBAUTHN_H

#include "platform/crypto/jose.h"

enum { WEBAUTHN_DATA_MAX = 16 << 10, WEBAUTHN_ID_MAX = 1023 };

struct webauthn_expected {
	struct str challenge; /* base64url, as it was sent out */
	struct str origin;    /* "https://id.example.org" */
	struct str rp_id;     /* "id.example.org" */
};

/* What a registration made. Texts in the arena. */
struct webauthn_credential { struct str id /* base64url */, jwk; int64_t sign_count; };
/* client_data, attestation: raw bytes. ST_INVALID, saying which check failed. */
enum status webauthn_register(struct arena *a, const struct webauthn_expected *x, struct str client_data,
        struct str attestation, struct webauthn_credential *out, struct err *e) MUST_CHECK;

/* sign_count: what was kept; *fresh what is to be kept now. A counter that went back is a copied key: ST_INVALID. */
enum status webauthn_assert(struct arena *a, const struct webauthn_expected *x, struct str jwk, int64_t sign_count,
        struct str client_data, struct str auth_data, struct str signature, int64_t *fresh, struct err *e) MUST_CHECK;

/* The challenge that client data names, to find what was asked; p NULL. */
struct str webauthn_challenge(struct arena *a, struct str client_data);

#endif
