/* SPDX-License-Identifier: Apache-2.0
 *
 * An amount of money: whole minor units (cents; yen as they are) of a currency. Never a fraction, never a float.
 */
#ifndef GH_BASE_MONEY_H
#define GH_BASE_MONEY_H

#include <stdint.h>

struct money {
	int64_t minor;
	char currency[4]; /* ISO 4217, "EUR"; "": none */
};

#endif
