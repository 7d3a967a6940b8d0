/* SPDX-License-Identifier: Apache-2.0
 *
 * Job kinds of the platform itself: every service's queue knows them.
 */
#include "platform/job_int.h"

const struct job_def platform_jobs[] = {
	{ 0 },
};
