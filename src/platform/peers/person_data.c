/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/peers/person_data.h"

const struct dto_def person_data_ask_dto = { "person_data_ask", sizeof(struct person_data_ask),
	(const struct dto_field[]){ { "person", DTO_INT, offsetof(struct person_data_ask, person), NULL }, { 0 } } };
const struct dto_def person_data_dto = { "person_data", sizeof(struct person_data),
	(const struct dto_field[]){ { "json", DTO_STR, offsetof(struct person_data, json), NULL }, { 0 } } };

const struct contract_def *person_data_contract(const struct service *s)
{
	for (const struct contract_def *const *c = s->contracts; c && *c; c++)
		if (!strcmp((*c)->name, PERSON_DATA))
			return *c;
	return NULL;
}
