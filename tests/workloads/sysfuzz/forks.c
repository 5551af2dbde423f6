/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forks.c: calls that make tasks, and some whose first argument must be sound
 * for the caller to live on.
 *
 * A new task gets a stack of its own where it shares memory, makes some calls
 * and ends.
 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sysfuzz.h"

#define STACK (64 << 10)

/* What a new task starts with; lies at the foot of its stack. */
struct start {
	struct fuzzer f;
	struct thread_slot slot;
	bool quiet; /* shares memory without a thread's own: no library calls */
};

static __attribute__((noinline, noreturn)) void child_main(struct start *s)
{
	if (s->quiet)
		for (int i = 0; i < 20; i++)
			syscall(SYS_sched_yield);
	else
		fuzz(&s->f, 40);
	syscall(SYS_exit, 0);
	__builtin_trap();
}

/* clone(2) or clone3(2): the child has its start in r12 and, where it has a
 * stack, runs on it. */
static long raw_clone(long nr, long a, long b, long c, long d, long e,
		      struct start *s)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register struct start *r12 __asm__("r12") = s;

	__asm__ volatile("syscall\n"
			 "test %%rax, %%rax\n"
			 "jnz 1f\n"
			 "xor %%ebp, %%ebp\n"
			 "and $-16, %%rsp\n"
			 "mov %%r12, %%rdi\n"
			 "call *%[fn]\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r12), [fn] "b"(child_main)
			 : "rcx", "r11", "memory");
	return ret;
}

static uint64_t clone_flags(struct fuzzer *f)
{
	static const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES |
				       CLONE_SIGHAND | CLONE_THREAD;
	uint64_t flags = 0;

	switch (below(f, 4)) {
	case 0:
		flags = thread;
		break;
	case 1:
		flags = CLONE_VM | CLONE_VFORK;
		break;
	case 2:
		flags = rnd(f) & rnd(f) & 0xffffff00;
		break;
	}
	if (one_in(f, 2))
		flags ^= 1UL << (8 + below(f, 26));
	return flags & ~(uint64_t)CLONE_SETTLS;
}

static void remember(struct fuzzer *f, long pid)
{
	if (pid > 1)
		children[below(f, 8)] = (int)pid;
}

static void by_clone(struct fuzzer *f, bool three)
{
	uint64_t flags = clone_flags(f);
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t sig = one_in(f, 4) ? below(f, 66) : SIGCHLD;
	struct clone_args *args;
	struct start *s;
	long ret;

	if (stack == MAP_FAILED)
		return;
	s = (void *)stack;
	s->f = (struct fuzzer){ rnd(f), f->depth + 1, &s->slot };
	s->quiet = flags & CLONE_VM;
	if (!three) {
		ret = raw_clone(SYS_clone, (long)(flags | sig),
				(long)stack + STACK, (long)shared,
				(long)shared + 64, 0, s);
	} else {
		args = place(f, sizeof(*args));
		if (!args)
			return;
		memset(args, 0, sizeof(*args));
		args->flags = flags;
		args->exit_signal = sig;
		args->stack = (uint64_t)stack;
		args->stack_size = STACK;
		args->pidfd = (uint64_t)shared;
		args->parent_tid = (uint64_t)shared + 8;
		args->child_tid = (uint64_t)shared + 16;
		if (one_in(f, 4))
			((uint64_t *)args)[below(f, 11)] = odd_number(f);
		if (!args->stack) /* ours would be torn from under us */
			args->flags &= ~(uint64_t)CLONE_VM;
		ret = raw_clone(SYS_clone3, (long)args,
				one_in(f, 8) ? (long)odd_number(f) : 88, 0, 0,
				0, s);
	}
	remember(f, ret);
	if (ret < 0 || !(flags & CLONE_VM))
		munmap(stack, STACK);
}

static void by_fork(struct fuzzer *f)
{
	static struct thread_slot slot;
	uint64_t rng = rnd(f);
	long pid = syscall(SYS_fork);

	if (!pid) {
		struct fuzzer child = { rng, f->depth + 1, &slot };

		fuzz(&child, 60);
		_exit(0);
	}
	remember(f, pid);
}

/* True: made, or not to be made here. */
bool call_by_hand(struct fuzzer *f, const struct call *c)
{
	switch (c->nr) {
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
		if (f->depth >= 2)
			return true;
		if (c->nr == SYS_fork || c->nr == SYS_vfork)
			by_fork(f);
		else
			by_clone(f, c->nr == SYS_clone3);
		return true;
	case SYS_rt_sigreturn:
	case SYS_exit_group:
		return !one_in(f, 8);
	}
	return false;
}
