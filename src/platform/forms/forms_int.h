/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside forms: between reading, rules and answers.
 */
#ifndef GH_PLATFORM_FORMS_INT_H
#define GH_PLATFORM_FORMS_INT_H

#include "platform/forms/forms.h"

static inline void *form_at(const struct form_fill *f, const struct field *d)
{
	return (char *)f->values + d->at;
}

bool form_is_text(enum field_kind k); /* is its member a struct str? */

/* The value of row i as text, as it is typed; what is wrong is said by form_fault. Sets the member when nothing is. */
void form_take_text(struct form_fill *f, const struct field *d, struct str typed);
/* What values hold, as it would be typed; in the request's arena. */
struct str form_text_of(const struct form_fill *f, const struct field *d);

enum status form_read_json(struct form_fill *f, struct err *e) MUST_CHECK;

#endif
