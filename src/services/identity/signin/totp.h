/* SPDX-License-Identifier: Apache-2.0
 *
 * Time-based one-time passwords (RFC 6238: HMAC-SHA-1, 30 s, 6 digits, as authenticator apps have them) and how they
 * are given to an app.
 */
#ifndef GH_SERVICES_IDENTITY_TOTP_H
#define GH_SERVICES_IDENTITY_TOTP_H

#include "base/buf.h"

enum { TOTP_SEED = 20, TOTP_DIGITS = 6, TOTP_STEP_S = 30 };

/* The code of a step (seconds since 1970 / 30), zero-padded. */
void totp_code(struct str seed, int64_t step, char out[TOTP_DIGITS + 1]);
/* Is it the code of now, of the step before or of the one after? *step gets which; spaces in it are passed over. */
bool totp_fits(struct str seed, struct str typed, int64_t now_us, int64_t *step);
/* RFC 4648 base32 without padding, in groups of four for reading. */
struct str totp_seed_text(struct arena *a, struct str seed, bool grouped);
/* otpauth://totp/ISSUER:ACCOUNT?… */
struct str totp_uri(struct arena *a, struct str seed, struct str issuer, struct str account);
/* A QR code of text as an SVG path of modules ("M0 0h1v1h-1z…"); *size: modules a side, quiet zone included. */
enum status totp_qr(struct buf *out, struct str text, unsigned *size, struct err *e) MUST_CHECK;

#endif
