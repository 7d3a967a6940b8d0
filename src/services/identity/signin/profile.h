/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside identity: leaving.
 */
#ifndef GH_SERVICES_IDENTITY_PROFILE_H
#define GH_SERVICES_IDENTITY_PROFILE_H

#include "platform/core/service.h"

struct job;
/* Forgets those whose time is over. */
enum status identity_forget_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
