/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool of threads for what is CPU-bound or can not wait asynchronously: argon2, RSA, images, DNS, large files,
 * compression. The calling fiber parks, shielded, until fn has run. The queue is bounded: when it is full the call
 * returns ST_UNAVAILABLE at once and fn does not run. Outside a fiber fn runs inline.
 */
#ifndef GH_RT_OFFLOAD_H
#define GH_RT_OFFLOAD_H

#include <stdint.h>

#include "base/err.h"

enum status offload_start(unsigned threads, unsigned queue_max, struct err *e) MUST_CHECK; /* once per process */
void offload_stop(void); /* finishes what is queued */
enum status offload(void (*fn)(void *arg), void *arg) MUST_CHECK;
/* Without waiting; done(arg) runs on the calling loop afterwards (may be NULL). */
enum status offload_detached(void (*fn)(void *arg), void (*done)(void *arg), void *arg) MUST_CHECK;

struct offload_stats { unsigned threads, queued, running; uint64_t done, refused; };
void offload_stats(struct offload_stats *out);

#endif
