/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool of threads for what is CPU-bound or can not wait asynchronously: argon2, RSA, images, DNS, large files,
 * compression. The calling fiber parks, shielded, until fn has run. The queue is bounded: when it is full the call
 * returns ST_UNAVAILABLE at once and fn does not run. Outside a fiber fn runs inline.
 *
 * Two lanes with threads and a queue each: what burns the processor for long (a password's hash, a picture's sizes) goes to
 * the patient one, whose threads run when nothing else wants to, so that a looked-up name does not wait behind them and
 * answers do not notice them. Where all processors are busy without a pause, it gets a small share after half a second.
 */
#ifndef GH_RT_OFFLOAD_H
#define GH_RT_OFFLOAD_H

#include <stdint.h>

#include "base/err.h"

enum offload_lane { OFFLOAD_PROMPT, OFFLOAD_PATIENT, OFFLOAD_LANES };

enum status offload_start(unsigned threads, unsigned queue_max, struct err *e) MUST_CHECK; /* of each lane; once per process */
void offload_stop(void); /* finishes what is queued */
enum status offload(enum offload_lane lane, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* Without waiting; done(arg) runs on the calling loop afterwards (may be NULL). */
enum status offload_detached(enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg) MUST_CHECK;

struct offload_stats { unsigned threads, queued, running; uint64_t done, refused; };
void offload_stats(enum offload_lane lane, struct offload_stats *out);

#endif
