/* SPDX-License-Identifier: Apache-2.0
 *
 * Job kinds of the platform itself: every service's queue knows them.
 */
#include "platform/audit/audit_int.h"
#include "platform/boot/platform.h"
#include "platform/mail/mail_int.h"

const struct job_def platform_jobs[] = {
	{ .kind = "mail.send", .run = mail_send_job, .attempts = 10, .time_s = 60, .backoff_s = 60, .backoff_max_s = 7200 },
	{ .kind = "audit.verify", .run = audit_verify_job, .attempts = 3, .time_s = 900, .priority = -10, .cron = "41 3 * * *" },
	{ 0 },
};
