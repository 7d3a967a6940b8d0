/* SPDX-License-Identifier: Apache-2.0
 *
 * What is guessed first: passwords that are little more than a common word, a row of keys, somebody's own name or
 * address.
 */
#ifndef GH_SERVICES_IDENTITY_GUESS_H
#define GH_SERVICES_IDENTITY_GUESS_H

#include "base/arena.h"
#include "base/str.h"

enum {
	GUESS_LETTERS_MIN = 4,  /* letters that must be left besides what is guessed */
	GUESS_DIGITS_MIN = 16,  /* of a password without letters */
	GUESS_RUN_MIN = 4,      /* neighbours in the alphabet or on the keyboard, from which on they are a run */
	GUESS_NAME_MIN = 3      /* the shortest part of a name or address that counts */
};

/* Why it is guessed, as a sentence; NULL: it is not. email, name: of whose it is to be; p NULL: not known. a: for what
 * is needed meanwhile. */
const char *guess_reason(struct arena *a, struct str password, struct str email, struct str name);

#endif
