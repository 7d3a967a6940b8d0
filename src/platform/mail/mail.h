/* SPDX-License-Identifier: Apache-2.0
 *
 * Mail: built as RFC 5322 with MIME (text and HTML alternatives), sent through SMTP (libcurl, STARTTLS or TLS) on the
 * job queue, or, as embedded default, written as .eml files into a mailbox folder.
 */
#ifndef GH_PLATFORM_MAIL_H
#define GH_PLATFORM_MAIL_H

#include "platform/core/service.h"

enum { MAIL_ATTACHMENTS_MAX = 4 };

/* name: letters, digits, ".", "-", "_"; type: "text/calendar; charset=utf-8". */
struct mail_attachment { struct str name, type, bytes; };
struct mail {
	struct str to, to_name;   /* one recipient per message */
	struct str subject;
	struct str text, html;    /* html may be p NULL */
	struct str reply_to;      /* may be p NULL */
	int64_t person; /* who gets it; 0: nobody with an account. What can not be sent goes with that person */
	const struct http_header *headers; unsigned header_count; /* List-Unsubscribe, … */
	const struct mail_attachment *attachments; unsigned attachment_count; /* at most MAIL_ATTACHMENTS_MAX */
};
struct mailer;
/* Reads mail.smtp_url and mail.from; without an SMTP server messages go to data_dir/mail/TIME-ID.eml, renamed into
 * place. */
struct mailer *mailer_new(struct platform *p, struct err *e);
void mailer_free(struct mailer *m);
/* Inside db_write's fn: enqueues the job that sends it. ST_INVALID for a bad address. */
enum status mail_enqueue(struct db_conn *c, const struct mail *m, struct err *e) MUST_CHECK;
/* The message as bytes: for the folder, SMTP and tests. */
enum status mail_format(
        struct ctx *ctx, const struct mail *m, struct str from, struct buf *out, struct err *e) MUST_CHECK;

#endif
