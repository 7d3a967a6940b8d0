/* SPDX-License-Identifier: Apache-2.0
 *
 * What services owe a person: all that they keep about them, and letting go of it.
 *
 * A service that keeps anything about people offers a contract named `person_data` with these DTOs, and handles the
 * events of identity `person.deleted` (object: the person's id as decimal text): nothing of that person is kept
 * afterwards. Before it come `person.leaving`, and `person.stayed` when it was undone.
 */
#ifndef GH_PLATFORM_PERSON_DATA_H
#define GH_PLATFORM_PERSON_DATA_H

#include "gen/shapes_contract.h"
#include "platform/peers/internal.h"

#define PERSON_DATA "person_data"

/* A service's contract of that name; NULL: it keeps nothing. */
const struct contract_def *person_data_contract(const struct service *s);

/* Bytes of what one service keeps about a person, as JSON: an answer between processes, which is twice as large at
   most for its quotes. */
#define PERSON_DATA_MAX (INTERNAL_BODY_MAX / 2)

#endif
