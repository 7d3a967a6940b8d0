/* SPDX-License-Identifier: Apache-2.0 */
#include "services/identity/signin/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <qrencode.h>
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "platform/text/html.h"

#define QUIET 4 /* modules around a QR code (ISO/IEC 18004 6.3.8) */

void totp_code(struct str seed, int64_t step, char out[TOTP_DIGITS + 1])
{
	unsigned char message[8], mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	for (unsigned i = 0; i < 8; i++)
		message[i] = (unsigned char)(step >> (56 - 8 * i));
	HMAC(EVP_sha1(), seed.p, (int)seed.n, message, sizeof message, mac, &n);
	/* Dynamic truncation (RFC 4226 5.3). */
	const unsigned char *at = mac + (mac[19] & 15);
	uint32_t code = ((uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) %
	        1000000;
	snprintf(out, TOTP_DIGITS + 1, "%06u", code);
}

bool totp_fits(struct str seed, struct str typed, int64_t now_us, int64_t *step)
{
	char digits[TOTP_DIGITS + 1] = "", code[TOTP_DIGITS + 1];
	size_t n = 0;
	bool fits = false;
	for (size_t i = 0; i < typed.n; i++) {
		if (typed.p[i] == ' ')
			continue;
		if (n == TOTP_DIGITS || typed.p[i] < '0' || typed.p[i] > '9')
			return false;
		digits[n++] = typed.p[i];
	}
	int64_t now = now_us / US_PER_S / TOTP_STEP_S;
	for (int64_t s = now - 1; n == TOTP_DIGITS && s <= now + 1; s++) {
		totp_code(seed, s, code);
		if (!sodium_memcmp(code, digits, TOTP_DIGITS)) {
			*step = s;
			fits = true;
		}
	}
	return fits;
}

struct str totp_seed_text(struct arena *a, struct str seed, bool grouped)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct buf b;
	uint32_t acc = 0;
	unsigned bits = 0, written = 0;
	buf_text(&b, a);
	for (size_t i = 0; i < seed.n; i++) {
		acc = acc << 8 | (unsigned char)seed.p[i];
		for (bits += 8; bits >= 5; bits -= 5) {
			if (grouped && written && written % 4 == 0)
				buf_putc(&b, ' ');
			buf_putc(&b, alphabet[acc >> (bits - 5) & 31]);
			written++;
		}
	}
	if (bits)
		buf_putc(&b, alphabet[acc << (5 - bits) & 31]);
	return buf_str(&b);
}

struct str totp_uri(struct arena *a, struct str seed, struct str issuer, struct str account)
{
	struct buf b;
	buf_text(&b, a);
	BUF_LIT(&b, "otpauth://totp/");
	url_encode(&b, issuer);
	buf_putc(&b, ':');
	url_encode(&b, account);
	buf_printf(&b, "?secret=%.*s&issuer=", STR_ARG(totp_seed_text(a, seed, false)));
	url_encode(&b, issuer);
	return buf_str(&b);
}

enum status totp_qr(struct buf *out, struct str text, unsigned *size, struct err *e)
{
	QRcode *qr = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
	if (!qr)
		return err_set(e, ST_TOO_LARGE, "this does not fit into a QR code");
	*size = (unsigned)qr->width + 2 * QUIET;
	/* A run of dark modules is one rectangle. */
	for (int y = 0; y < qr->width; y++)
		for (int x = 0; x < qr->width; x++) {
			int from = x;
			while (x < qr->width && (qr->data[y * qr->width + x] & 1))
				x++;
			if (x > from)
				buf_printf(out, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
		}
	QRcode_free(qr);
	return buf_ok(out) ? ST_OK : err_set(e, ST_TOO_LARGE, "this does not fit into a QR code");
}
