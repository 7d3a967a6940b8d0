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

#endif
