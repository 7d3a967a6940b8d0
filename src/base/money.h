/* SPDX-License-Identifier: Apache-2.0
 *
 * An amount of money: whole minor units (cents; yen as they are) of a currency. Never a fraction, never a float.
 */
#ifndef GH_BASE_MONEY_H
#define GH_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct money {
	int64_t minor;
	char currency[4]; /* ISO 4217, "EUR"; "": none */
};

/* currency: its text, cut to three letters. */
struct money money_of(int64_t minor, struct str currency);
/* Digits behind the point: 2 of most, 0 of yen, 3 of dinars (ISO 4217). Unknown currencies have 2. */
unsigned money_digits(const char currency[4]);
/* As people type it: "12", "12.5", "12,50", "-3.00"; point or comma once, no groups. False: not an amount of that
 * currency, or more than 2^53. */
bool money_parse(struct str typed, const char currency[4], int64_t *minor);
/* "12.50": for fields and CSV, always with a point. Returns its length. */
#define MONEY_TEXT_MAX 32
size_t money_text(const struct money *m, char out[MONEY_TEXT_MAX]);

#endif
