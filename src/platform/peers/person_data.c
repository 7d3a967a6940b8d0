/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/peers/person_data.h"

#include "platform/peers/contract.h"

const struct contract_def *person_data_contract(const struct service *s)
{
	return contract_named(s, PERSON_DATA);
}
