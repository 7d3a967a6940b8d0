/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside federation: leaving.
 */
#ifndef GH_SERVICES_FEDERATION_PROFILE_H
#define GH_SERVICES_FEDERATION_PROFILE_H

#include "platform/service.h"

struct job;
/* Forgets those whose time is over. */
enum status federation_forget_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
