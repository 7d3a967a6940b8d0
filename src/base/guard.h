/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving up on a whole request at once. guard_run() calls fn; guard_abort() anywhere below it, on the same stack,
 * unwinds to that call with a forced unwind (the mechanism of pthread_cancel: everything is compiled with
 * -fexceptions), so `cleanup` attributes run, and guard_run returns the given status. Used for an arena's hard
 * limit only: ordinary failures are returned, never thrown.
 */
#ifndef GH_BASE_GUARD_H
#define GH_BASE_GUARD_H

#include <stdbool.h>

#include "base/err.h"

/* ST_OK when fn(arg) returned; otherwise the status that guard_abort was called with below it. */
enum status guard_run(void (*fn)(void *arg), void *arg) MUST_CHECK;
/* Never returns: unwinds to the innermost guard_run of this stack. Without one the process aborts. */
void guard_abort(enum status s) __attribute__((noreturn));

bool guard_is_set(void); /* is there a guard to unwind to, on this stack? */

/* The innermost guard of the running stack. A fiber has its own: the scheduler saves and restores it on a switch. */
struct guard;
struct guard *guard_swap(struct guard *g);

#endif
