/* SPDX-License-Identifier: Apache-2.0
 *
 * What the payment provider paid out, and what is to be given back: handlers of service.c's tables (payouts.c).
 * Source: developer.sumup.com, payouts v1.0.
 */
#ifndef GH_SERVICES_CART_PAYOUTS_H
#define GH_SERVICES_CART_PAYOUTS_H

#include "platform/web/web.h"
#include "platform/work/job.h"

/* Its lines, and those as a table. */
enum status cart_get_payouts(struct web *w, struct err *e) MUST_CHECK;
enum status cart_get_payouts_csv(struct web *w, struct err *e) MUST_CHECK;
/* Has the provider asked now. */
enum status cart_post_payouts(struct web *w, struct err *e) MUST_CHECK;
/* Refunds that are not confirmed; ask after them, or send them again. */
enum status cart_get_refunds(struct web *w, struct err *e) MUST_CHECK;
enum status cart_post_refunds(struct web *w, struct err *e) MUST_CHECK;
/* Asks every account once, from a few days before the newest line that is known. */
enum status cart_payouts_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
