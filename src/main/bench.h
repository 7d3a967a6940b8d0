/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside `guildhall bench`: the demonstration's site, served on the loopback from a folder that is thrown away, with
 * the program's own defaults.
 */
#ifndef GH_MAIN_BENCH_H
#define GH_MAIN_BENCH_H

#include "base/ctx.h"
#include "base/err.h"

struct config;
struct bench_site;

/* In the fiber that measures. demo: folder of the demonstration. Freed also when it was not begun well. */
enum status bench_site_open(
        struct ctx *ctx, const char *folder, const char *demo, struct bench_site **out, struct err *e) MUST_CHECK;
/* Its front page over one connection, sixteen requests on their way at a time, as long as go_on(arg) says so (in a
   thread): the one that is in the cache, or one that never is. */
enum status bench_site_ask(struct bench_site *s, bool cached, bool (*go_on)(void *arg), void *arg, double *per_s,
        struct err *e) MUST_CHECK;
void bench_site_end(struct bench_site *s);  /* in that fiber; NULL is fine */
void bench_site_free(struct bench_site *s); /* when its loop is over; NULL is fine */

#endif
