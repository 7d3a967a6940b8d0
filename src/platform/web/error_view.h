/* SPDX-License-Identifier: Apache-2.0
 *
 * What templates/error.html shows.
 */
#ifndef GH_PLATFORM_ERROR_VIEW_H
#define GH_PLATFORM_ERROR_VIEW_H

#include "net/forms/form.h"
#include "platform/text/html.h"

struct error_view {
	int http;
	const char *title;
	struct str detail, request_id;
	struct str home;
	/* A form that could not be taken: what was typed is kept and can be sent again. */
	struct str action, csrf;
	struct str sign_in; /* where to, when that is what is missing; "": nothing */
	const struct form_field *fields;
	unsigned field_count;
};

#endif
