/* SPDX-License-Identifier: Apache-2.0
 *
 * /admin/operations: how this process runs, drawn live, and what the stores of its services hold waiting;
 * /admin/dead-letters: jobs and events that were given up.
 */
#ifndef GH_PLATFORM_OPERATIONS_H
#define GH_PLATFORM_OPERATIONS_H

#include "platform/admin/sampler.h"
#include "platform/web/web.h"

/* Handlers of the administration's routes. */
enum status operations_get(struct web *w, struct err *e) MUST_CHECK;
enum status operations_live(struct web *w, struct err *e) MUST_CHECK;
enum status dead_letters_get(struct web *w, struct err *e) MUST_CHECK;
enum status dead_letters_post(struct web *w, struct err *e) MUST_CHECK;

/* --- for the template --- */
struct store_line {
	const struct service *service;
	const char *engine; /* NULL: it has no store here */
	bool up;
	struct str why;     /* it does not answer */
	int64_t ready, later, running, dead, waiting, given_up;
};
struct plot_view { const struct plot_def *def; struct str numbers; const struct str *now; unsigned count; bool begins;
	};
struct operations_view {
	const struct store_line *stores;
	size_t store_count;
	const struct plot_view *plots;
	size_t plot_count;
	struct safe_html samples; /* JSON */
	struct str live, since, version;
	int64_t process;
};

#endif
