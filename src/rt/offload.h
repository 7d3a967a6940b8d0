/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool of threads for what is CPU-bound or can not wait asynchronously: argon2, RSA, images, DNS, large files,
 * compression. The calling fiber parks until fn has run. The queue is bounded: when it is full the call returns
 * ST_UNAVAILABLE at once and fn does not run. Outside a fiber fn runs inline.
 *
 * A caller that is cancelled, or whose time is over, while its work still waits takes it out of the queue again:
 * ST_CANCELLED or ST_TIMEOUT, and fn does not run. Once fn has begun the caller stays, shielded, until it has run: fn
 * works on its stack.
 *
 * Lanes, with threads and a queue each, by kind, so that none waits behind another: what burns the processor for long
 * (a password's hash, a picture's sizes) goes to a patient one, whose threads run when nothing else wants to, so that
 * answers do not notice them. Where all processors are busy without a pause, a patient lane gets a small share after
 * half a second.
 */
#ifndef GH_RT_OFFLOAD_H
#define GH_RT_OFFLOAD_H

#include <stdint.h>

#include "base/err.h"

enum offload_lane {
	OFFLOAD_PROMPT,   /* names, compression, files, mail: what somebody waits for */
	OFFLOAD_SECRETS,  /* patient: passwords, keys */
	OFFLOAD_PICTURES, /* patient: pictures unpacked and made smaller */
	OFFLOAD_LANES
};

enum status offload_start(
        unsigned threads, unsigned queue_max, struct err *e) MUST_CHECK; /* of each lane; once per process */
void offload_stop(void); /* finishes what is queued */
/* ST_UNAVAILABLE, ST_CANCELLED, ST_TIMEOUT: fn did not run. */
enum status offload(enum offload_lane lane, void (*fn)(void *arg), void *arg) MUST_CHECK;
/* Without waiting; done(arg) runs on the calling loop afterwards (may be NULL). */
enum status offload_detached(
        enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg) MUST_CHECK;

/* The same, before all that waits in that lane: for what somebody waits for who has just come. */
enum status offload_detached_first(
        enum offload_lane lane, void (*fn)(void *arg), void (*done)(void *arg), void *arg) MUST_CHECK;

struct offload_stats { unsigned threads, queued, running; uint64_t done, refused, withdrawn; };
/* Since the process began; threads, queued and running are of now. */
void offload_stats(enum offload_lane lane, struct offload_stats *out);

#endif
