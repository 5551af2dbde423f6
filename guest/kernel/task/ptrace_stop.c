/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ptrace_stop.c: the tracee's half of ptrace(2): it stops, tells its tracer,
 * and goes on as that says.
 *
 * A stop is a sleep in TASK_STOPPED with ptrace.stopped set; the tracer
 * clears that.  SIGKILL ends any stop.
 */
#include "ptrace.h"

#include "kuni/klog.h"

#define SYSGOOD 0x80

/* tasklist_lock held: SIGCHLD to the tracer, and its wait is woken. */
static void tell_tracer(struct task *t, int why, int status)
{
	struct process *to = t->pt->tracer->proc;
	struct siginfo_k info = { .signo = SIGCHLD, .code = why };

	info.pid = t->tid;
	info.uid = t->cred->uid;
	info.status = status;
	spin_lock(&to->siglock);
	if (to->hand && !(to->hand->action[SIGCHLD - 1].flags & SA_NOCLDSTOP))
		(void)signal_send_locked(to, NULL, SIGCHLD, &info, false);
	spin_unlock(&to->siglock);
	wake_all(&to->child_wait, EPOLLIN);
}

static bool must_go(struct process *p, struct ptrace *pt)
{
	bool go;

	spin_lock(&p->siglock);
	go = !pt->stopped || p->group_exit ||
	     (p->exec_task && p->exec_task != current) ||
	     (pt->listening && pt->interrupt);
	spin_unlock(&p->siglock);
	return go;
}

static void sleep_stopped(struct process *p, struct ptrace *pt)
{
	for (;;) {
		sched_prepare(TASK_STOPPED);
		if (must_go(p, pt))
			break;
		(void)sched_sleep(DEADLINE_NEVER);
	}
	sched_finish();
}

/* Stops current; the signal that it goes on with.  Not traced any more: that
 * is the one of the stop itself. */
static int stop(int code, int why, enum ptrace_op op,
		const struct siginfo_k *info)
{
	struct task *t = current;
	struct process *p = t->proc;
	struct ptrace *pt = t->pt;
	int sig;

	spin_lock(&tasklist_lock);
	spin_lock(&p->siglock);
	if (!pt->tracer || p->group_exit) {
		spin_unlock(&p->siglock);
		spin_unlock(&tasklist_lock);
		return code < 0x80 && op == PT_OP_NONE ? code : 0;
	}
	pt->stopped = true;
	pt->reported = pt->listening = pt->interrupt = false;
	pt->group = why == CLD_STOPPED;
	pt->code = code;
	pt->op = op;
	pt->info = *info;
	pt->resume_sig = 0;
	spin_unlock(&p->siglock);
	tell_tracer(t, why, code & 0x7f);
	spin_unlock(&tasklist_lock);
	sleep_stopped(p, pt);
	spin_lock(&p->siglock);
	pt->stopped = pt->listening = false;
	pt->op = PT_OP_NONE;
	sig = pt->resume_sig;
	arch_single_step(t, pt->how == PT_STEP && pt->tracer);
	signal_recalc(t);
	spin_unlock(&p->siglock);
	return sig;
}

/* A stop that the kernel makes, code as wait tells it. */
static int trap_stop(int code, int why, enum ptrace_op op)
{
	struct siginfo_k info = { .signo = SIGTRAP, .code = code };

	info.pid = current->tid;
	info.uid = current->cred->uid;
	return stop(code, why, op, &info);
}

/* Before a signal is acted on: which, in *info; 0 for none. */
int ptrace_signal_stop(struct siginfo_k *info)
{
	struct task *t = current;
	struct process *p = t->proc;
	int signo = info->signo, sig;

	sig = stop(signo, CLD_TRAPPED, PT_OP_NONE, info);
	if (!sig)
		return 0;
	spin_lock(&p->siglock);
	if (sig == signo)
		*info = t->pt->info;
	else
		*info = (struct siginfo_k){ .signo = sig, .code = SI_USER };
	if (t->sig_mask & SIGMASK(sig)) {
		(void)signal_send_locked(p, t, sig, info, false);
		sig = 0;
	}
	signal_recalc(t);
	spin_unlock(&p->siglock);
	return sig;
}

/* current's process stands, or PTRACE_INTERRUPT or the end of a stop that was
 * listened to wants current to stop. */
void ptrace_group_stop(struct process *p)
{
	struct task *t = current;
	struct ptrace *pt = t->pt;
	bool seized, stopped;
	int sig;

	spin_lock(&p->siglock);
	seized = pt->seized;
	stopped = p->stopped;
	sig = stopped ? p->stop_signal : SIGTRAP;
	pt->interrupt = false;
	spin_unlock(&p->siglock);
	if (seized)
		(void)trap_stop(sig | PTRACE_EVENT_STOP << 8,
				stopped ? CLD_STOPPED : CLD_TRAPPED,
				PT_OP_NONE);
	else if (stopped)
		(void)stop(sig, CLD_STOPPED, PT_OP_NONE,
			   &(struct siginfo_k){ .signo = sig });
	spin_lock(&p->siglock);
	/* told to go on, or no longer traced: then it stands as others do */
	pt->over = p->stopped && pt->tracer && !pt->interrupt;
	signal_recalc(t);
	spin_unlock(&p->siglock);
}

bool ptrace_wants(int event)
{
	struct task *t = current;

	return ptraced(t) && t->pt->options & 1U << event;
}

/* A stop for event, where it is wanted. */
bool ptrace_event(int event, uint64_t msg)
{
	struct task *t = current;
	int sig;

	if (!ptrace_wants(event))
		return false;
	t->pt->msg = msg;
	sig = trap_stop(SIGTRAP | event << 8, CLD_TRAPPED,
			event == PTRACE_EVENT_SECCOMP ? PT_OP_SECCOMP
						      : PT_OP_NONE);
	if (sig && event != PTRACE_EVENT_EXIT)
		(void)signal_send_task(t, sig, NULL);
	return true;
}

static void syscall_stop(enum ptrace_op op)
{
	struct task *t = current;
	int good = t->pt->options & PTRACE_O_SYSGOOD ? SYSGOOD : 0;
	int sig = trap_stop(SIGTRAP | good, CLD_TRAPPED, op);

	if (sig)
		(void)signal_send_task(t, sig, NULL);
}

/* Entry: the tracer sees ENOSYS, and may change number and arguments. False
 * where it made the number -1: the call is not made, and RAX is the tracer's. */
bool ptrace_syscall_enter(struct arch_regs *r)
{
	if (!ptraced(current))
		return true;
	arch_sys_return(r, -ENOSYS);
	syscall_stop(PT_OP_ENTRY);
	return !signal_fatal_pending() && arch_sys_nr(r) != (uint64_t)-1;
}

/* The result is in r.  An interrupted call shows Linux's own code for that. */
void ptrace_syscall_exit(struct arch_regs *r)
{
	struct task *t = current;
	long shown = -(long)t->restart_code;

	if (!ptraced(t))
		return;
	if (t->restart_code)
		arch_sys_return(r, shown);
	syscall_stop(PT_OP_EXIT);
	if (!t->restart_code)
		return;
	if (arch_sys_result(r) == shown)
		arch_sys_return(r, -EINTR);
	else
		t->restart_code = 0;
}

/* SECCOMP_RET_TRACE: as seccomp_call(). */
bool ptrace_seccomp(struct arch_regs *r, unsigned data, long *ret)
{
	*ret = -ENOSYS;
	arch_sys_return(r, -ENOSYS);
	if (!ptrace_event(PTRACE_EVENT_SECCOMP, data))
		return false;
	if (signal_fatal_pending() || (int64_t)arch_sys_nr(r) < 0) {
		*ret = arch_sys_result(r);
		return false;
	}
	return true;
}
