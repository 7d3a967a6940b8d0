/* SPDX-License-Identifier: Apache-2.0
 *
 * A simulator of the payment provider SumUp: its API as far as a shop uses it, its hosted page with test cards, and all
 * the ways in which it misbehaves on order (faults.h). It moves no money. A site without an account uses it, so that it
 * can be shopped in at once; `guildhall sumup-sim` runs it by itself for tests of other shops.
 */
#ifndef GH_SERVICES_SUMUP_H
#define GH_SERVICES_SUMUP_H

#include "base/money.h"
#include "gen/sumup_serve.h"
#include "gen/sumup_sql.h"
#include "platform/text/json.h"
#include "platform/web/web.h"
#include "platform/work/job.h"

enum {
	SIM_BODY_MAX = 64 << 10,
	SIM_REFERENCE_MAX = 90,
	SIM_REQUESTS_KEPT = 1000,
	SIM_SESSION_MIN = 30 /* a hosted page is good for */
};

typedef struct sumup_checkout_row sim_checkout;

/* --- how it misbehaves (faults.c) --- */
struct sim_faults {
	int64_t clock_s;              /* its clock is ahead by */
	int64_t latency_ms;           /* before each answer */
	int64_t status, status_times; /* the next so many requests are answered with that */
	int64_t silent_times;         /* the next so many requests are carried out and not answered */
	int64_t absent_times;         /* the next so many looks at a checkout find nothing */
	int64_t callbacks;            /* how often each is sent (1) */
	int64_t callback_delay_s;     /* before the first */
	int64_t forged_times;         /* callbacks about ids that do not exist, with each */
	int64_t refund_late_s;        /* a refund is in the books after */
	int64_t refund_lost_times;    /* the next so many refunds are acknowledged and forgotten */
};
/* In db_write's fn or a read. */
enum status sim_faults_get(struct db_conn *c, struct sim_faults *out, struct err *e) MUST_CHECK;
enum status sim_faults_put(struct db_conn *c, const struct sim_faults *f, struct err *e) MUST_CHECK;
/* From JSON: members that are missing keep what f has. ST_INVALID names the one that is wrong. */
enum status sim_faults_read(const json_t *j, struct sim_faults *f, struct err *e) MUST_CHECK;
struct str sim_faults_json(struct arena *a, const struct sim_faults *f);

/* --- its API (api.c) --- */
struct sim_ask { struct str method, path, key, body; };
struct sim_answer { int status; struct str body; };
/* One request, with all that is to go wrong. */
enum status sim_api(struct ctx *ctx, const struct sim_ask *in, struct sim_answer *out, struct err *e) MUST_CHECK;

/* What a card does on the hosted page. */
enum sim_outcome { SIM_PAID, SIM_DECLINED, SIM_CHALLENGE, SIM_NO_CARD };
enum sim_outcome sim_card(struct str number, int64_t amount);
/* Carries it out: a transaction, the new state, callbacks. ST_CONFLICT: it can not be paid any more. */
enum status sim_pay(struct ctx *ctx, struct str checkout, bool paid, struct err *e) MUST_CHECK;
enum status sim_checkout_of(struct ctx *ctx, struct str id, sim_checkout **out, struct err *e) MUST_CHECK;

/* --- handlers of service.c --- */
struct sim_page { struct web *w; const sim_checkout *c; struct str problem, card, amount; bool challenge; };
enum status sumup_get_pay(struct web *w, struct err *e) MUST_CHECK;
enum status sumup_post_pay(struct web *w, struct err *e) MUST_CHECK;
enum status sumup_any_api(struct web *w, struct err *e) MUST_CHECK;
enum status sumup_get_control(struct web *w, struct err *e) MUST_CHECK;
enum status sumup_post_control(struct web *w, struct err *e) MUST_CHECK;
enum status sumup_callback_job(struct ctx *ctx, const struct job *j, struct err *e) MUST_CHECK;

#endif
