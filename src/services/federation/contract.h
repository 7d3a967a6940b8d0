/* SPDX-License-Identifier: Apache-2.0
 *
 * What other services may ask federation, beside redeem and end (platform/auth/session.h).
 */
#ifndef GH_SERVICES_FEDERATION_CONTRACT_H
#define GH_SERVICES_FEDERATION_CONTRACT_H

#include "platform/auth/session.h"
#include "platform/contract.h"

extern const struct contract_def federation_contract_redeem; /* session_redeem → session_redeemed */
extern const struct contract_def federation_contract_end; /* session_end → session_ended */

/* federation/profile: a person as they show themselves. there false: nobody. */
struct federation_profile_ask { int64_t person; };
struct federation_profile { bool there; struct str name, handle, email, bio, avatar, locale, timezone, status; int64_t leaving_us; };
extern const struct contract_def federation_contract_profile;

/* federation/update_profile (action): ST_OK, and problem "" or what is wrong with field. */
struct federation_update { int64_t person; struct str name, handle, bio, locale, timezone, avatar /* p NULL: as it is; "" : none */; };
struct federation_updated { struct str field, problem; };
extern const struct contract_def federation_contract_update_profile;

/* federation/leave (action): begin or undo the end of an account. */
struct federation_leave { int64_t person; bool undo; struct str address; };
struct federation_left { bool done; struct str problem; };
extern const struct contract_def federation_contract_leave;

extern const struct contract_def federation_contract_person_data; /* platform/person_data.h */

#endif
