/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed tokens: JSON Web Signature, compact (RFC 7515), Key (RFC 7517), Token (RFC 7519), with ES256, RS256 (RFC 7518)
 * and EdDSA over Ed25519 (RFC 8037). A key has one algorithm and verifies no other; "none" and HMAC do not exist here,
 * so there is nothing to confuse. Base64url without padding, strictly.
 */
#ifndef GH_PLATFORM_AUTH_JOSE_H
#define GH_PLATFORM_AUTH_JOSE_H

#include "base/buf.h"
#include "platform/text/json.h"

enum jose_alg { JOSE_ES256, JOSE_EDDSA, JOSE_RS256, JOSE_ALGS };
extern const char *const jose_alg_names[JOSE_ALGS]; /* "ES256" … */
/* By its name, case and all. False: none of ours. */
bool jose_alg_parse(struct str name, enum jose_alg *out);

enum { JOSE_TOKEN_MAX = 16 << 10, JOSE_DEPTH = 8, JOSE_THUMBPRINT_LEN = 43 };

/* base64url of s, in a; and back: p NULL when it is not strictly that. */
struct str base64url(struct arena *a, struct str s);
struct str base64url_decode(struct arena *a, struct str text);

struct jose_key;
/* RSA: 2048 bits, up to a second and more where the processors have no rest: offload it. give_up: looked at meanwhile,
   once it is not 0 the making ends without a key (ST_CANCELLED); NULL: never. NULL with *e. */
struct jose_key *jose_key_generate(enum jose_alg alg, const _Atomic int *give_up, struct err *e);
void jose_key_free(struct jose_key *k); /* NULL is fine */
/* The one algorithm that the key signs and verifies with. */
enum jose_alg jose_key_alg(const struct jose_key *k);
/* PKCS #8 in a, and back (ST_CORRUPT). */
enum status jose_key_private(const struct jose_key *k, struct arena *a, struct str *der, struct err *e) MUST_CHECK;
struct jose_key *jose_key_from_private(enum jose_alg alg, struct str der, struct err *e);
/* A public key as others give it. ST_INVALID: another kind of key, a point not on the curve, RSA under 2048 or over
   8192 bits. alg "use" and "key_ops", where given, must allow verifying signatures. */
struct jose_key *jose_key_from_jwk(const json_t *jwk, struct err *e);
/* The public members, {"kty":…}, without kid, alg and use. */
enum status jose_key_jwk(const struct jose_key *k, struct buf *out, struct err *e) MUST_CHECK;
/* RFC 7638, SHA-256, base64url. NUL-terminated. */
enum status jose_key_thumbprint(const struct jose_key *k, char out[JOSE_THUMBPRINT_LEN + 1], struct err *e) MUST_CHECK;

/* A raw signature over input, ECDSA ones in DER (Web Authentication has them so; tokens do not). */
bool jose_key_verify_der(const struct jose_key *k, struct str input, struct str signature);

/* Header {"alg","typ","kid"} ("" leaves typ or kid out) and payload (JSON) as a compact JWS in a. */
enum status jose_sign(struct arena *a, const struct jose_key *k, struct str typ, struct str kid, struct str payload,
        struct str *out, struct err *e) MUST_CHECK;

/* A token taken apart, nothing of it believed yet. header and payload are objects, released by jwt_fini. */
struct jwt {
	json_t *header, *payload;
	enum jose_alg alg;
	struct str kid, typ;        /* "" when absent */
	struct str input, signature; /* what is signed; raw */
};
/* ST_INVALID: not three parts of strict base64url, no objects, an algorithm that is not ours, "crit". */
enum status jwt_parse(struct arena *a, struct str token, struct jwt *out, struct err *e) MUST_CHECK;
void jwt_fini(struct jwt *t);
#define SCOPED_JWT __attribute__((cleanup(jwt_fini))) struct jwt
bool jwt_signed_by(const struct jwt *t, const struct jose_key *k);
/* exp in the future, nbf and iat not, each within skew_s (RFC 7519 4.1). need_exp: a token without exp is bad.
 * ST_INVALID. */
enum status jwt_in_time(const struct jwt *t, int64_t skew_s, bool need_exp, struct err *e) MUST_CHECK;
/* Is audience named by aud, a string or a list? */
bool jwt_is_for(const struct jwt *t, struct str audience);

#endif
