/* SPDX-License-Identifier: Apache-2.0
 *
 * The context switch: callee-saved registers on the old stack, stack pointers exchanged, the same registers off the
 * new one. The floating-point control words are left alone although the ABIs count them as preserved: nothing here
 * changes them, and loading them would double the cost. The last instruction is a jump: a return would be
 * predicted to go back to the caller, which is the one place where it never goes (18 ns with, 7 ns without). ucontext,
 * which makes a system call per switch for the signal mask, serves the other architectures (and -DRT_UCONTEXT).
 */
#include "rt/internal.h"

#ifdef RT_UCONTEXT

#include <stdlib.h>

static void context_start(unsigned entry_hi, unsigned entry_lo, unsigned arg_hi, unsigned arg_lo)
{
	void (*entry)(void *) = (void (*)(void *))(uintptr_t)((uint64_t)entry_hi << 32 | entry_lo);
	entry((void *)(uintptr_t)((uint64_t)arg_hi << 32 | arg_lo));
	abort();
}

void context_make(struct context *c, char *base, char *top, void (*entry)(void *arg), void *arg)
{
	/* makecontext passes ints only. */
	uint64_t e = (uintptr_t)entry, a = (uintptr_t)arg;
	if (getcontext(&c->uc))
		abort();
	c->uc.uc_stack.ss_sp = base;
	c->uc.uc_stack.ss_size = (size_t)(top - base);
	c->uc.uc_link = NULL;
	makecontext(&c->uc, (void (*)(void))context_start, 4, (unsigned)(e >> 32), (unsigned)e, (unsigned)(a >> 32),
	            (unsigned)a);
}

void context_switch(struct context *from, struct context *to)
{
	if (swapcontext(&from->uc, &to->uc))
		abort();
}

#else

void rt_switch(void **from_sp, void *to_sp);
void rt_start(void);

#if defined(__x86_64__)

/* System V AMD64 ABI: rbx, rbp, r12-r15 are preserved. rt_start has no caller: an undefined return address ends
   backtraces and unwinding there. */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl rt_switch\n.hidden rt_switch\n.type rt_switch,@function\n"
        "rt_switch:\n"
        ".cfi_startproc\n"
        "pushq %rbp\n"
        "pushq %rbx\n"
        "pushq %r12\n"
        "pushq %r13\n"
        "pushq %r14\n"
        "pushq %r15\n"
        "movq %rsp, (%rdi)\n"
        "movq %rsi, %rsp\n"
        "popq %r15\n"
        "popq %r14\n"
        "popq %r13\n"
        "popq %r12\n"
        "popq %rbx\n"
        "popq %rbp\n"
        "popq %rcx\n"
        "jmpq *%rcx\n"
        ".cfi_endproc\n"
        ".size rt_switch,.-rt_switch\n"
        ".globl rt_start\n.hidden rt_start\n.type rt_start,@function\n"
        "rt_start:\n"
        ".cfi_startproc\n"
        ".cfi_undefined rip\n"
        "movq %r12, %rdi\n"
        "callq *%rbx\n"
        "ud2\n"
        ".cfi_endproc\n"
        ".size rt_start,.-rt_start\n");

enum { SAVED = 7, SLOT_R12 = 3, SLOT_RBX = 4, SLOT_RBP = 5, SLOT_RET = 6 };

void context_make(struct context *c, char *base, char *top, void (*entry)(void *arg), void *arg)
{
	/* After the return into rt_start the stack pointer is 16-aligned, as its call instruction wants it. */
	uintptr_t *sp = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15) - SAVED;
	for (int i = 0; i < SAVED; i++)
		sp[i] = 0;
	if ((uintptr_t)(sp + SAVED) % 16)
		__builtin_trap();
	sp[SLOT_R12] = (uintptr_t)arg;
	sp[SLOT_RBX] = (uintptr_t)entry;
	sp[SLOT_RET] = (uintptr_t)rt_start;
	c->sp = sp;
}

#else

/* AAPCS64: x19-x28, x29 (frame), x30 (return), d8-d15 are preserved. */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl rt_switch\n.hidden rt_switch\n.type rt_switch,%function\n"
        "rt_switch:\n"
        ".cfi_startproc\n"
        "sub sp, sp, #160\n"
        "stp x19, x20, [sp, #0]\n"
        "stp x21, x22, [sp, #16]\n"
        "stp x23, x24, [sp, #32]\n"
        "stp x25, x26, [sp, #48]\n"
        "stp x27, x28, [sp, #64]\n"
        "stp x29, x30, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\n"
        "stp d10, d11, [sp, #112]\n"
        "stp d12, d13, [sp, #128]\n"
        "stp d14, d15, [sp, #144]\n"
        "mov x9, sp\n"
        "str x9, [x0]\n"
        "mov sp, x1\n"
        "ldp x19, x20, [sp, #0]\n"
        "ldp x21, x22, [sp, #16]\n"
        "ldp x23, x24, [sp, #32]\n"
        "ldp x25, x26, [sp, #48]\n"
        "ldp x27, x28, [sp, #64]\n"
        "ldp x29, x30, [sp, #80]\n"
        "ldp d8, d9, [sp, #96]\n"
        "ldp d10, d11, [sp, #112]\n"
        "ldp d12, d13, [sp, #128]\n"
        "ldp d14, d15, [sp, #144]\n"
        "add sp, sp, #160\n"
        "br x30\n"
        ".cfi_endproc\n"
        ".size rt_switch,.-rt_switch\n"
        ".globl rt_start\n.hidden rt_start\n.type rt_start,%function\n"
        "rt_start:\n"
        ".cfi_startproc\n"
        ".cfi_undefined x30\n"
        "mov x0, x19\n"
        "blr x20\n"
        "brk #1\n"
        ".cfi_endproc\n"
        ".size rt_start,.-rt_start\n");

enum { SAVED = 20, SLOT_X19 = 0, SLOT_X20 = 1, SLOT_X30 = 11 };

void context_make(struct context *c, char *base, char *top, void (*entry)(void *arg), void *arg)
{
	uintptr_t *sp = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15) - SAVED;
	for (int i = 0; i < SAVED; i++)
		sp[i] = 0;
	sp[SLOT_X19] = (uintptr_t)arg;
	sp[SLOT_X20] = (uintptr_t)entry;
	sp[SLOT_X30] = (uintptr_t)rt_start;
	c->sp = sp;
}

#endif

void context_switch(struct context *from, struct context *to)
{
	rt_switch(&from->sp, to->sp);
}

#endif
