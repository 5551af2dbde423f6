/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_signal.c: signals: actions, masks, sending, waiting.
 */
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "syscall_proto.h"

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

struct lx_sigaction {
	uint64_t handler, flags, restorer, mask;
};
struct lx_stack {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};

/* Others are cleared, so that a program sees what there is (sigaction(2)).  An
 * address of x86-64 has no tag bits to expose. */
#define SA_KNOWN                                                               \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS |        \
	 SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

long sys_rt_sigaction(int sig, uaddr_t act, uaddr_t oact, size_t sigsetsize)
{
	struct process *p = current->proc;
	struct lx_sigaction in, out;
	struct ksigaction *sa;

	if (sigsetsize != 8)
		return -EINVAL;
	if (act.v && copy_from_user(&in, act, sizeof(in)))
		return -EFAULT;
	if (sig < 1 || sig > NSIG || (act.v && SIGMASK(sig) & SIG_KERNEL_ONLY))
		return -EINVAL;
	spin_lock(&p->siglock);
	sa = &p->hand->action[sig - 1];
	out = (struct lx_sigaction){ sa->handler, sa->flags, sa->restorer,
				     sa->mask };
	if (act.v) {
		*sa = (struct ksigaction){ in.handler, in.flags & SA_KNOWN,
					   in.restorer,
					   in.mask & ~SIG_KERNEL_ONLY };
		if (in.handler == SIG_IGN ||
		    (in.handler == SIG_DFL && signal_default_ignored(sig)))
			signal_discard(p, SIGMASK(sig));
		signal_recalc(current);
	}
	spin_unlock(&p->siglock);
	if (oact.v && copy_to_user(oact, &out, sizeof(out)))
		return -EFAULT;
	return 0;
}

long sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t oset, size_t sigsetsize)
{
	uint64_t old = current->sig_mask, in, mask = old;

	if (sigsetsize != 8)
		return -EINVAL;
	if (set.v) {
		if (copy_from_user(&in, set, sizeof(in)))
			return -EFAULT;
		if (how == SIG_BLOCK)
			mask |= in;
		else if (how == SIG_UNBLOCK)
			mask &= ~in;
		else if (how == SIG_SETMASK)
			mask = in;
		else
			return -EINVAL;
		signal_set_mask(mask);
	}
	if (oset.v && copy_to_user(oset, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

long sys_rt_sigreturn(void)
{
	return arch_sigreturn(current->arch.regs);
}

long sys_rt_sigpending(uaddr_t set, size_t sigsetsize)
{
	struct task *t = current;
	uint64_t pending;

	if (sigsetsize > 8)
		return -EINVAL;
	spin_lock(&t->proc->siglock);
	pending = (t->pending.set | t->proc->pending.set) & t->sig_mask;
	spin_unlock(&t->proc->siglock);
	return copy_to_user(set, &pending, sigsetsize);
}

static long suspend(uint64_t mask)
{
	struct task *t = current;

	t->saved_mask = t->sig_mask;
	signal_set_mask(mask);
	while (!signal_pending()) {
		sched_prepare(TASK_SLEEP);
		if (!signal_pending())
			(void)sched_sleep(DEADLINE_NEVER);
		sched_finish();
	}
	t->restore_mask = true;
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(uaddr_t set, size_t sigsetsize)
{
	uint64_t mask;

	if (sigsetsize != 8)
		return -EINVAL;
	if (copy_from_user(&mask, set, sizeof(mask)))
		return -EFAULT;
	return suspend(mask);
}

long sys_pause(void)
{
	while (!signal_pending()) {
		sched_prepare(TASK_SLEEP);
		if (!signal_pending())
			(void)sched_sleep(DEADLINE_NEVER);
		sched_finish();
	}
	return -ERESTARTNOHAND;
}

static int take_now(uint64_t wanted, struct siginfo_k *info)
{
	struct task *t = current;
	int signo;

	spin_lock(&t->proc->siglock);
	signo = signal_dequeue(t, wanted, info);
	signal_recalc(t);
	spin_unlock(&t->proc->siglock);
	return signo;
}

/* Until one of wanted comes: its number, -EAGAIN, -EINTR. */
static int wait_signal(uint64_t wanted, uint64_t deadline,
		       struct siginfo_k *info)
{
	struct task *t = current;
	uint64_t old = t->sig_mask;
	int signo, ret = 0;

	wanted &= ~SIG_KERNEL_ONLY;
	signo = take_now(wanted, info);
	if (signo)
		return signo;
	t->waited_mask = old & wanted;  /* the same for whoever sends */
	signal_set_mask(old & ~wanted); /* so that they wake us */
	while (!signal_pending() && ret != -ETIMEDOUT) {
		sched_prepare(TASK_SLEEP);
		if (!signal_pending())
			ret = sched_sleep(deadline);
		sched_finish();
	}
	signo = take_now(wanted, info);
	t->waited_mask = 0;
	signal_set_mask(old);
	if (signo)
		return signo;
	return ret == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

long sys_rt_sigtimedwait(uaddr_t set, uaddr_t uinfo, uaddr_t timeout,
			 size_t sigsetsize)
{
	uint64_t wanted, deadline = DEADLINE_NEVER;
	struct siginfo_k info;
	struct lx_timespec ts;
	int signo;

	if (sigsetsize != 8)
		return -EINVAL;
	if (copy_from_user(&wanted, set, sizeof(wanted)))
		return -EFAULT;
	if (timeout.v) {
		if (copy_from_user(&ts, timeout, sizeof(ts)))
			return -EFAULT;
		if (ts.sec < 0 || (uint64_t)ts.nsec >= NSEC_PER_SEC)
			return -EINVAL;
		if (ts.sec < INT32_MAX)
			deadline = arch_clock_ns() +
				   (uint64_t)ts.sec * NSEC_PER_SEC +
				   (uint64_t)ts.nsec;
	}
	signo = wait_signal(wanted, deadline, &info);
	if (signo > 0 && uinfo.v && copy_to_user(uinfo, &info, sizeof(info)))
		return -EFAULT;
	return signo;
}

long sys_sigaltstack(uaddr_t ss, uaddr_t oss)
{
	struct task *t = current;
	uint64_t sp = arch_regs_sp(t->arch.regs);
	bool on = !(t->altstack_flags & (int)SS_AUTODISARM) &&
		  sp > t->altstack_sp &&
		  sp - t->altstack_sp <= t->altstack_size;
	struct lx_stack old = { .sp = t->altstack_sp,
				.size = t->altstack_size };
	struct lx_stack in;
	int mode;

	old.flags = t->altstack_flags & (int)SS_AUTODISARM;
	old.flags |= !t->altstack_size ? SS_DISABLE : on ? SS_ONSTACK : 0;
	if (ss.v) {
		if (copy_from_user(&in, ss, sizeof(in)))
			return -EFAULT;
		mode = in.flags & ~(int)SS_AUTODISARM;
		if (on)
			return -EPERM;
		if (mode && mode != SS_DISABLE && mode != SS_ONSTACK)
			return -EINVAL;
		if (mode != SS_DISABLE && in.size < MINSIGSTKSZ)
			return -ENOMEM;
		t->altstack_flags = in.flags;
		t->altstack_sp = mode == SS_DISABLE ? 0 : in.sp;
		t->altstack_size = mode == SS_DISABLE ? 0 : in.size;
	}
	if (oss.v && copy_to_user(oss, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

/* ---- sending ---- */

/* kill(2): who may signal whom; -EINVAL: there is no such signal, which is looked
 * at when there is somebody to send it to. */
int may_signal(struct process *p, int sig)
{
	const struct cred *me = current->cred;
	uint32_t uid, suid;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (p == current->proc || capable(CAP_KILL))
		return 0;
	process_uids(p, &uid, &suid);
	if (me->euid == suid || me->euid == uid || me->uid == suid ||
	    me->uid == uid)
		return 0;
	if (sig == SIGCONT && p->sid == current->proc->sid)
		return 0;
	return -EPERM;
}

static int send_one(struct process *p, int sig, const struct siginfo_k *info)
{
	int ret = may_signal(p, sig);

	if (ret || !sig)
		return ret;
	return signal_send_process(p, sig, info);
}

/* To all that match; pgid 0: everybody but init and the caller. */
static int send_many(int pgid, int sig, const struct siginfo_k *info)
{
	int ret = -ESRCH, one;
	struct process *p;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->zombie && sig)
			continue;
		if (pgid ? p->pgid != pgid
			 : p == init_process || p == current->proc)
			continue;
		one = send_one(p, sig, info);
		if (ret != 0)
			ret = one;
	}
	spin_unlock(&tasklist_lock);
	return ret;
}

long sys_kill(int pid, int sig)
{
	struct siginfo_k info;
	struct process *p;
	int ret = -ESRCH;

	siginfo_user(&info, sig, SI_USER);
	if (pid <= 0) {
		if (pid == INT32_MIN)
			return -ESRCH;
		return send_many(pid == 0    ? current->proc->pgid
				 : pid == -1 ? 0
					     : -pid,
				 sig, &info);
	}
	spin_lock(&tasklist_lock);
	p = process_lookup(pid);
	if (p)
		ret = send_one(p, sig, &info);
	spin_unlock(&tasklist_lock);
	return ret;
}

/* tgid 0: any process's. */
static int send_thread(int tgid, int tid, int sig, const struct siginfo_k *info)
{
	struct task *t = task_find(tid);
	int ret;

	if (!t)
		return -ESRCH;
	ret = !t->proc || (tgid && t->proc->pid != tgid) || t->exiting
		      ? -ESRCH
		      : may_signal(t->proc, sig);
	if (!ret && sig)
		ret = signal_send_task(t, sig, info);
	task_put(t);
	return ret;
}

long sys_tkill(int tid, int sig)
{
	struct siginfo_k info;

	if (tid <= 0)
		return -EINVAL;
	siginfo_user(&info, sig, SI_TKILL);
	return send_thread(0, tid, sig, &info);
}

long sys_tgkill(int tgid, int tid, int sig)
{
	struct siginfo_k info;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	siginfo_user(&info, sig, SI_TKILL);
	return send_thread(tgid, tid, sig, &info);
}

static int read_info(uaddr_t uinfo, int pid, int sig, struct siginfo_k *info)
{
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	info->signo = sig;
	info->of_timer = 0;
	if ((info->code >= 0 || info->code == SI_TKILL) &&
	    pid != current->proc->pid)
		return -EPERM;
	return 0;
}

long sys_rt_sigqueueinfo(int pid, int sig, uaddr_t uinfo)
{
	struct siginfo_k info;
	struct process *p;
	int ret = read_info(uinfo, pid, sig, &info);

	if (ret)
		return ret;
	ret = -ESRCH;
	spin_lock(&tasklist_lock);
	p = process_lookup(pid);
	if (p)
		ret = send_one(p, sig, &info);
	spin_unlock(&tasklist_lock);
	return ret;
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, uaddr_t uinfo)
{
	struct siginfo_k info;
	int ret;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	ret = read_info(uinfo, tgid, sig, &info);
	return ret ? ret : send_thread(tgid, tid, sig, &info);
}
