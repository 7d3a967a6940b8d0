/* SPDX-License-Identifier: Apache-2.0
 *
 * Forced unwinding as pthread_cancel does it: _Unwind_ForcedUnwind runs the landing pads (our `cleanup` attributes)
 * of every frame and asks stop() before each. stop() ends the walk at guard_run's caller, by a longjmp into the
 * still intact frame of guard_run. Frames are compared by canonical frame address, which on one stack grows towards
 * the caller; the address of a local would not do, since AddressSanitizer may keep locals on a stack of its own.
 *
 * Thread rule: a guard belongs to the stack that it was set on; the scheduler swaps the thread's current guard when
 * it switches stacks (guard_swap).
 */
#include "base/guard.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <unwind.h>

#include "base/log.h"

#ifdef __SANITIZE_ADDRESS__
#define GUARD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD_ASAN 1
#endif
#endif
#ifdef GUARD_ASAN
void __asan_handle_no_return(void); /* what the compiler calls before a function that it knows not to return */
#endif

struct guard {
	struct guard *outer;
	uintptr_t frame;
	enum status status;
	struct _Unwind_Exception exception;
	jmp_buf landing;
};

static _Thread_local struct guard *current;

struct guard *guard_swap(struct guard *g)
{
	struct guard *old = current;
	current = g;
	return old;
}

bool guard_is_set(void)
{
	return current != NULL;
}

__attribute__((noinline)) enum status guard_run(void (*fn)(void *arg), void *arg)
{
	struct guard g = { .outer = current, .frame = (uintptr_t)__builtin_frame_address(0), .status = ST_OK };
	if (_setjmp(g.landing) == 0) {
		current = &g;
		fn(arg);
	}
	current = g.outer;
	return g.status;
}

static _Unwind_Reason_Code stop(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                struct _Unwind_Exception *exception, struct _Unwind_Context *context, void *arg)
{
	struct guard *g = arg;
	if (_Unwind_GetCFA(context) > g->frame)
		_longjmp(g->landing, 1);
	if (actions & _UA_END_OF_STACK)
		abort(); /* the frames between here and the guard have no unwind tables */
	return _URC_NO_REASON;
}

void guard_abort(enum status s)
{
	struct guard *g = current;
	if (!g) {
		LOG(ERROR, NULL, "guard.none", LS("status", status_info(s)->name));
		abort();
	}
	g->status = s;
	g->exception = (struct _Unwind_Exception){ .exception_class = 0 };
#ifdef GUARD_ASAN
	__asan_handle_no_return(); /* no frame from here on returns, and clean-ups run where their traps lie */
#endif
	_Unwind_ForcedUnwind(&g->exception, stop, g);
	abort();
}
