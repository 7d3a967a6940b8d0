/* SPDX-License-Identifier: Apache-2.0
 *
 * The process ends where we say so, and never without a line. A library that calls exit() gives up the request that
 * called it (exit is ours here, and unwinds to the nearest guard: base/guard.h), or, where there is none, ends the
 * process with a line and a core; so do an end that nobody asked for, and signals of faults.
 */
#ifndef GH_MAIN_EXITS_H
#define GH_MAIN_EXITS_H

/* At the start of main, before any thread. */
void exits_watch(void);
/* main is about to return code; returns it. */
int process_ends(int code);

#endif
