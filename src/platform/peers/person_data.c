/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/peers/person_data.h"

const struct contract_def *person_data_contract(const struct service *s)
{
	for (const struct contract_def *const *c = s->contracts; c && *c; c++)
		if (!strcmp((*c)->name, PERSON_DATA))
			return *c;
	return NULL;
}
