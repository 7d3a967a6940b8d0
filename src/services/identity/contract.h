/* SPDX-License-Identifier: Apache-2.0
 *
 * What other services may ask identity, beside redeem and end (platform/auth/session.h).
 */
#ifndef GH_SERVICES_IDENTITY_CONTRACT_H
#define GH_SERVICES_IDENTITY_CONTRACT_H

#include "platform/auth/session.h"
#include "platform/peers/contract.h"

extern const struct contract_def identity_contract_redeem; /* session_redeem → session_redeemed */
extern const struct contract_def identity_contract_end; /* session_end → session_ended */

/* identity/profile: a person as they show themselves. there false: nobody. */
struct identity_profile_ask { int64_t person; };
struct identity_profile { bool there; struct str name, handle, email, bio, avatar, locale, timezone, status; int64_t leaving_us; };
extern const struct contract_def identity_contract_profile;

/* identity/update_profile (action): ST_OK, and problem "" or what is wrong with field. */
struct identity_update { int64_t person; struct str name, handle, bio, locale, timezone, avatar /* p NULL: as it is; "" : none */; };
struct identity_updated { struct str field, problem; };
extern const struct contract_def identity_contract_update_profile;

/* identity/leave (action): begin or undo the end of an account. */
struct identity_leave { int64_t person; bool undo; struct str address; };
struct identity_left { bool done; struct str problem; };
extern const struct contract_def identity_contract_leave;

extern const struct contract_def identity_contract_person_data; /* platform/peers/person_data.h */

#endif
