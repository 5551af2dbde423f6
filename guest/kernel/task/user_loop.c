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
		if (unlikely(t->mem_low))
			mm_balance();
		if (t->cpu_event)
			cputimer_event(t);
		if (t->rseq_event)
			rseq_update(r);
	}
}

/* Before t leaves the kernel, for user mode or another task. */
void task_count_kernel(struct task *t, uint64_t tsc)
{
	uint64_t ticks = tsc - t->kernel_since;

	if (unlikely((int64_t)ticks < 0)) /* KVM has moved this CPU's TSC */
		return;
	t->kernel_ticks += ticks;
	this_cpu()->kernel_ticks += ticks;
}

uint64_t task_kernel_ns(unsigned cpu)
{
	struct cpu *c = arch_cpu(cpu);

	return c ? arch_ticks_ns(
			   __atomic_load_n(&c->kernel_ticks, __ATOMIC_RELAXED))
		 : 0;
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
		task_count_kernel(t, arch_tsc());
		why = arch_user_enter(r);
		t->kernel_since = arch_tsc();
		serve(t, r, why);
	}
}
