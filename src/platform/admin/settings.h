/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings that people change in the administration. A service's are kept in its own database (kept_settings), over the
 * configuration file and under the environment and the command line; each process that runs the service takes them over
 * at its start and looks for changes every few seconds. Those of the platform (addresses, databases, bounds) are the
 * operator's: they are shown, not changed.
 */
#ifndef GH_PLATFORM_SETTINGS_H
#define GH_PLATFORM_SETTINGS_H

#include "platform/core/service.h"
#include "platform/forms/forms.h"

/* Takes over what is kept for every local service; before their start. A value that is not taken any more is logged and
 * left. */
enum status settings_load(struct ctx *ctx, struct platform *p, struct err *e) MUST_CHECK;
/* A turn of each service's watch (background_def). */
enum status settings_watch(struct ctx *ctx, struct err *e) MUST_CHECK;

/* Handlers of the administration's page of settings. */
enum status settings_get(struct web *w, struct err *e) MUST_CHECK;
enum status settings_post(struct web *w, struct err *e) MUST_CHECK;

/* --- for the template --- */
/* Where a value is from (struct config_row), in words of the current language; in the request's arena. */
struct str setting_source(struct web *w, const char *source);
struct settings_section {
	const struct service *service;
	struct form_fill *form;                        /* NULL: it has none that are changed here */
	const struct config_row *fixed; size_t fixed_count; /* given by the environment or the command line */
	bool saved;
};
struct settings_view {
	struct settings_section *sections;
	size_t count;
	const struct config_row *platform;
	size_t platform_count;
};

#endif
