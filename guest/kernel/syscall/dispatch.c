/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch.c: from the number of a system call to its function.
 *
 * The table comes from syscalls.tbl.  A number without a function returns
 * ENOSYS, is logged once by name, and counted for the host's report.  A result
 * that means "a signal broke this" becomes EINTR here, and task.restart_code
 * tells the signal code what it was.
 */
#include "kuni/syscall.h"

#include "kuni/arch.h"
#include "kuni/control.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "strace.h"

#define NR_RT_SIGRETURN 15

static uint8_t told[NR_SYSCALLS]; /* [a] logged once */

static long missing(struct task *t, uint64_t nr)
{
	const char *name;

	if (nr >= NR_SYSCALLS)
		return -ENOSYS;
	ctl_missing((unsigned)nr);
	if (__atomic_exchange_n(&told[nr], 1, __ATOMIC_RELAXED))
		return -ENOSYS;
	name = syscall_table[nr].name;
	klog(KLOG_INFO, "syscall: not there: %s nr=%lu tid=%d comm=%s",
	     name ? name : "?", (unsigned long)nr, t->tid, t->comm);
	return -ENOSYS;
}

static bool is_restart(long ret)
{
	return ret <= -ERESTARTSYS && ret >= -ERESTART_BLOCK;
}

static long call(struct task *t, uint64_t nr, const uint64_t arg[6])
{
	if (likely(nr < NR_SYSCALLS && syscall_table[nr].call))
		return syscall_table[nr].call(arg);
	return missing(t, nr);
}

/* A call of a task that is traced or filtered. */
static void dispatch_watched(struct task *t, struct arch_regs *r)
{
	uint32_t work = __atomic_load_n(&t->sys_work, __ATOMIC_RELAXED);
	bool made = true;
	uint64_t nr, arg[6];
	long ret;

	if (work & SYS_WORK_TRACE)
		made = ptrace_syscall_enter(r);
	arch_sys_args(r, arg);
	nr = arch_sys_nr(r);
	ret = arch_sys_result(r);
	if (made && work & SYS_WORK_SECCOMP)
		made = seccomp_call(r, nr, arg, &ret);
	if (made) {
		arch_sys_args(r, arg); /* the tracer may have changed them */
		nr = arch_sys_nr(r);
		ret = call(t, nr, arg);
	}
	if (is_restart(ret) && nr != NR_RT_SIGRETURN) {
		t->restart_code = (int16_t)-ret;
		ret = -EINTR;
	}
	arch_sys_return(r, ret);
	if (t->sys_work & SYS_WORK_TRACE)
		ptrace_syscall_exit(r);
}

void syscall_dispatch(struct arch_regs *r)
{
	struct task *t = current;
	uint64_t nr = arch_sys_nr(r);
	uint64_t arg[6];
	struct flight_entry *e;
	long ret;

	arch_sys_args(r, arg);
	t->syscall_nr = nr;
	e = flight_enter(t->tid, nr, arg);
	if (unlikely(strace_on))
		strace_enter(nr, arg);
	if (unlikely(t->sys_work)) {
		dispatch_watched(t, r);
		ret = arch_sys_result(r);
	} else {
		ret = call(t, nr, arg);
	}
	if (unlikely(strace_on))
		strace_exit(nr, arg, ret);
	flight_exit(e, t->tid, ret);
	if (unlikely(is_restart(ret) && nr != NR_RT_SIGRETURN)) {
		t->restart_code = (int16_t)-ret;
		ret = -EINTR;
	}
	arch_sys_return(r, ret);
}
