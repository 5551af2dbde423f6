/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_loop.c: the life of a user task: into user mode, back with a reason,
 * serve it, look after signals and the scheduler, again.
 */
#include "internal.h"

#include "kuni/klog.h"
#include "kuni/syscall.h"

static void serve_fault(struct task *t)
{
	const struct arch_trap trap = t->arch.trap;
	int signo = 0, code = 0;
	int ret = mm_fault(t->mm, trap.addr, trap.access, &signo, &code);

	if (ret == 0)
		return;
	if (ret == -ENOMEM)
		return; /* the OOM killer has chosen; it may be us: again */
	t->arch.trap = trap;
	signal_force(signo ? signo : SIGSEGV, code, trap.addr);
}

static void serve(struct task *t, struct arch_regs *r, enum arch_reason why)
{
	switch (why) {
	case ARCH_SYSCALL:
		syscall_dispatch(r);
		break;
	case ARCH_FAULT:
		serve_fault(t);
		break;
	case ARCH_TRAP:
		signal_force(t->arch.trap.signo, t->arch.trap.code,
			     t->arch.trap.addr);
		break;
	case ARCH_INTERRUPT:
		break;
	}
}

void task_to_user(struct arch_regs *r)
{
	struct task *t = current;

	for (;;) {
		if (unlikely(fasync_pending))
			fasync_flush();
		if (unlikely(this_cpu()->need_resched))
			sched_resched();
		if (likely(!t->user_work))
			return;
		if (t->sig_check || t->restart_code || t->restore_mask)
			signal_deliver(r);
		if (t->cpu_event)
			cputimer_event(t);
		if (t->rseq_event)
			rseq_update(r);
	}
}

static uint64_t kernel_ns[KUNI_MAX_CPUS]; /* [o] of the CPU, read by all */

static void count_kernel(struct task *t, uint64_t ns)
{
	t->stime += ns;
	kernel_ns[this_cpu()->id] += ns;
}

uint64_t task_kernel_ns(unsigned cpu)
{
	return __atomic_load_n(&kernel_ns[cpu], __ATOMIC_RELAXED);
}

_Noreturn void task_user_loop(void *unused)
{
	struct task *t = current;
	struct arch_regs *r = t->arch.regs;

	(void)unused;
	for (;;) {
		enum arch_reason why;

		task_to_user(r);
		if (KUNI_DEBUG)
			lock_check_none(0);
		count_kernel(t, sched_runtime(t) - t->kernel_since);
		why = arch_user_enter(r);
		t->kernel_since = sched_runtime(t);
		serve(t, r, why);
	}
}
