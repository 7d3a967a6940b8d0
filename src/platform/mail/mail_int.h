/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside mail: mail_format.c (bytes), mail.c (queue, folder, SMTP).
 */
#ifndef GH_PLATFORM_MAIL_INT_H
#define GH_PLATFORM_MAIL_INT_H

#include "platform/mail/mail.h"
#include "platform/work/job.h"

/* One address as SMTP takes it (RFC 5321 4.1.2, without quoted strings, address literals and UTF-8). */
bool mail_address_ok(struct str a);
bool mail_from_parse(struct str from, struct str *name, struct str *address);

/* A name and a type that end no header line and need no quotes inside them. */
bool mail_attachment_ok(const struct mail_attachment *a);

/* The job that sends: payload is the message in JSON. */
enum status mail_send_job(struct ctx *ctx, const struct job *j, struct err *e);

#endif
