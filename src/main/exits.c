/* SPDX-License-Identifier: Apache-2.0
 *
 * See exits.h. The linker exports our exit() because libraries that we link refer to it, and the program's comes before
 * the C library's; the C library itself, when main returns, calls its own, whose handlers come by ask_why().
 */
#include "main/exits.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/log.h"

static _Atomic bool asked_for;

int process_ends(int code)
{
	atomic_store(&asked_for, true);
	return code;
}

__attribute__((visibility("default"))) void exit(int status)
{
	LOG(ERROR, NULL, "process.exit_refused", LI("status", status),
	        LS("hint", "a library wanted to end the process, as some do when memory is out"));
	if (guard_is_set())
		guard_abort(ST_NOMEM);
	abort();
}

static void ask_why(void)
{
	if (atomic_load(&asked_for))
		return;
	LOG(ERROR, NULL, "process.ended_unasked");
	abort();
}

/* Only what is safe in a handler. The signal comes again once this returns, and then does what it always does. */
static void fault(int signo)
{
	char text[] = "{\"level\":\"error\",\"event\":\"process.fault\",\"signal\":00}\n";
	char *digits = text + sizeof text - 5;
	digits[0] = (char)('0' + signo / 10);
	digits[1] = (char)('0' + signo % 10);
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		digits[0] = '0'; /* nothing more can be done */
	raise(signo);
}

void exits_watch(void)
{
#ifdef __SANITIZE_ADDRESS__
	static const int faults[] = { SIGABRT }; /* it has its own say about the others */
#else
	static const int faults[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
#endif
	struct sigaction a = { .sa_handler = fault, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK) };
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		sigaction(faults[i], &a, NULL);
	if (atexit(ask_why))
		abort();
}
