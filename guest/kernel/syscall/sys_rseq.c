/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_rseq.c: rseq(2), membarrier(2).
 *
 * A barrier on every CPU is an interrupt there: what enters and leaves the
 * kernel by it is ordered, and the same interrupt restarts critical sections
 * (task/rseq.c) of threads that run in user mode or are about to.
 */
#include "guest/kernel/task/internal.h"
#include "syscall_proto.h"

enum {
	GLOBAL = 1,
	GLOBAL_EXPEDITED = 2,
	REGISTER_GLOBAL = 4,
	PRIVATE = 8,
	REGISTER_PRIVATE = 16,
	SYNC_CORE = 32,
	REGISTER_SYNC_CORE = 64,
	RSEQ = 128,
	REGISTER_RSEQ = 256,
	GET_REGISTRATIONS = 512,
};
#define ALL_COMMANDS 1023
#define FLAG_CPU     1

struct request {
	const struct mm *mm;
	int cmd, cpu; /* cpu -1: all */
};

/* On one CPU, interrupts off or the caller's own. */
static void barrier(void *arg)
{
	const struct request *q = arg;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (current->mm != q->mm)
		return;
	if (q->cmd == SYNC_CORE)
		arch_sync_core();
	if (q->cmd == RSEQ && (q->cpu < 0 || q->cpu == (int)this_cpu()->id))
		current->rseq_event = true;
}

static long everywhere(int cmd, int cpu)
{
	struct request q = { current->mm, cmd, cpu };

	barrier(&q);
	arch_call_others(barrier, &q);
	return 0;
}

static bool registered(int what)
{
	return __atomic_load_n(&current->mm->barriers, __ATOMIC_RELAXED) &
	       (unsigned)what;
}

long sys_membarrier(int cmd, unsigned int flags, int cpu)
{
	if (flags && (cmd != RSEQ || flags != FLAG_CPU))
		return -EINVAL;
	switch (cmd) {
	case 0:
		return ALL_COMMANDS;
	case GLOBAL:
	case GLOBAL_EXPEDITED:
		return everywhere(cmd, -1);
	case PRIVATE:
	case SYNC_CORE:
	case RSEQ:
		if (!registered(cmd << 1))
			return -EPERM;
		return everywhere(cmd, flags ? cpu : -1);
	case REGISTER_GLOBAL:
	case REGISTER_PRIVATE:
	case REGISTER_SYNC_CORE:
	case REGISTER_RSEQ:
		__atomic_fetch_or(&current->mm->barriers, (unsigned)cmd,
				  __ATOMIC_RELAXED);
		return 0;
	case GET_REGISTRATIONS:
		return current->mm->barriers;
	default:
		return -EINVAL;
	}
}

long sys_rseq(uaddr_t rseq, unsigned int len, int flags, unsigned int sig)
{
	return rseq_register(rseq, len, flags, sig);
}
