/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signal.c: what a task does with its signals before it goes to user mode:
 * stop, die, or run a handler; and how a system call that a signal broke goes
 * on (signal(7), "Interruption of system calls").
 */
#include "ptrace.h"

#include <string.h>

#include "kuni/klog.h"

#define NR_RESTART_SYSCALL 219

void siginfo_user(struct siginfo_k *info, int signo, int code)
{
	*info = (struct siginfo_k){ .signo = signo, .code = code };
	if (code == SI_USER || code == SI_TKILL) {
		info->pid = current->proc ? current->proc->pid : 0;
		info->uid = current->cred ? current->cred->uid : 0;
	}
}

bool signal_pending(void)
{
	return current->sig_check;
}

/* Whether current is to die: even waits for another process end then. */
bool signal_fatal_pending(void)
{
	struct process *p = current->proc;

	return p && (__atomic_load_n(&p->group_exit, __ATOMIC_RELAXED) ||
		     (p->exec_task && p->exec_task != current));
}

void signal_set_mask(uint64_t mask)
{
	struct task *t = current;

	spin_lock(&t->proc->siglock);
	t->sig_mask = mask & ~SIG_KERNEL_ONLY;
	signal_recalc(t);
	spin_unlock(&t->proc->siglock);
}

bool signal_ignored_or_blocked(int signo)
{
	struct task *t = current;
	bool yes;

	spin_lock(&t->proc->siglock);
	yes = t->sig_mask & SIGMASK(signo) ||
	      t->proc->hand->action[signo - 1].handler == SIG_IGN;
	spin_unlock(&t->proc->siglock);
	return yes;
}

/* ---- handlers ---- */

int sighand_create(struct sighand **out)
{
	struct sighand *h = kmalloc(sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->ref = 1;
	*out = h;
	return 0;
}

int sighand_fork(struct sighand *from, struct sighand **out)
{
	int ret = sighand_create(out);

	if (!ret)
		memcpy((*out)->action, from->action, sizeof(from->action));
	return ret;
}

void sighand_put(struct sighand *h)
{
	if (!__atomic_sub_fetch(&h->ref, 1, __ATOMIC_ACQ_REL))
		kfree(h);
}

/* At exec: what was handled is default again, what was ignored stays. The
 * caller has made the handlers p's own. */
void signal_exec(struct process *p)
{
	spin_lock(&p->siglock);
	for (int i = 0; i < NSIG; i++) {
		struct ksigaction *sa = &p->hand->action[i];
		uint64_t handler = sa->handler == SIG_IGN ? SIG_IGN : SIG_DFL;

		*sa = (struct ksigaction){ .handler = handler };
	}
	spin_unlock(&p->siglock);
	current->altstack_sp = current->altstack_size = 0;
	current->altstack_flags = SS_DISABLE;
}

/* ---- job control ---- */

/* tasklist_lock held: SIGCHLD to the parent, and its wait is woken. */
void signal_parent(struct process *p, int code, int status)
{
	struct process *parent = p->parent;
	struct siginfo_k info = { .signo = SIGCHLD, .code = code };
	uint32_t uid, suid;

	if (!parent)
		return;
	process_uids(p, &uid, &suid);
	info.pid = p->pid;
	info.uid = uid;
	info.status = status;
	info.utime = (int64_t)(p->utime / 10000000);
	info.stime = (int64_t)(p->stime / 10000000);
	spin_lock(&parent->siglock);
	if (parent->hand &&
	    !(parent->hand->action[SIGCHLD - 1].flags & SA_NOCLDSTOP))
		(void)signal_send_locked(parent, NULL, SIGCHLD, &info, false);
	spin_unlock(&parent->siglock);
	wake_all(&parent->child_wait, EPOLLIN);
}

static void begin_stop(struct process *p, int signo)
{
	bool begun = false;

	if (signo != SIGSTOP && pgrp_orphaned(p->pgid))
		return;
	spin_lock(&tasklist_lock);
	spin_lock(&p->siglock);
	if (current->pt)
		current->pt->over = false;
	if (!p->stopped && !p->group_exit &&
	    !(p->pending.set & SIGMASK(SIGCONT))) {
		p->stopped = begun = true;
		p->stop_reported = p->continued = false;
		p->stop_signal = signo;
		signal_kill_threads(p, current);
	}
	signal_recalc(current);
	spin_unlock(&p->siglock);
	if (begun)
		signal_parent(p, CLD_STOPPED, signo);
	spin_unlock(&tasklist_lock);
}

static void stay_stopped(struct process *p)
{
	bool tell;

	for (;;) {
		bool stop;

		sched_prepare(TASK_STOPPED);
		spin_lock(&p->siglock);
		stop = p->stopped && !p->group_exit && !p->exec_task &&
		       !ptraced(current);
		spin_unlock(&p->siglock);
		if (!stop)
			break;
		(void)sched_sleep(DEADLINE_NEVER);
	}
	sched_finish();
	spin_lock(&tasklist_lock);
	spin_lock(&p->siglock);
	tell = p->continued && p->stop_signal && !p->group_exit;
	if (p->continued)
		p->stop_signal = 0;
	p->forced = p->forced && p->group_exit;
	signal_recalc(current);
	spin_unlock(&p->siglock);
	if (tell)
		signal_parent(p, CLD_CONTINUED, SIGCONT);
	spin_unlock(&tasklist_lock);
}

/* ---- delivery ---- */

/* How the interrupted call goes on; handler: one is about to run. */
static void fix_restart(struct arch_regs *r, const struct ksigaction *handler)
{
	struct task *t = current;
	int code = t->restart_code;

	t->restart_code = 0;
	if (!code)
		return;
	if (handler) {
		bool again =
			code == ERESTARTNOINTR ||
			(code == ERESTARTSYS && handler->flags & SA_RESTART);

		if (again)
			arch_sys_restart(r, t->syscall_nr);
		return; /* EINTR is already there */
	}
	arch_sys_restart(r, code == ERESTART_BLOCK ? NR_RESTART_SYSCALL
						   : t->syscall_nr);
}

static void run_handler(struct arch_regs *r, int signo,
			const struct ksigaction *sa,
			const struct siginfo_k *info)
{
	struct task *t = current;
	struct process *p = t->proc;
	uint64_t old = t->restore_mask ? t->saved_mask : t->sig_mask;

	fix_restart(r, sa);
	if (t->rseq.v)
		rseq_signal(r);
	if (arch_signal_push(r, signo, sa, info, old)) {
		if (signo == SIGSEGV) {
			spin_lock(&p->siglock);
			p->hand->action[signo - 1].handler = SIG_DFL;
			spin_unlock(&p->siglock);
		}
		signal_force(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	t->restore_mask = false;
	spin_lock(&p->siglock);
	t->sig_mask |= sa->mask;
	if (!(sa->flags & SA_NODEFER))
		t->sig_mask |= SIGMASK(signo);
	t->sig_mask &= ~SIG_KERNEL_ONLY;
	signal_recalc(t);
	spin_unlock(&p->siglock);
}

/* Takes the next signal that does something: true with *sa where a handler
 * is to run. May stop, and may not return. */
static bool next_signal(struct task *t, struct ksigaction *sa,
			struct siginfo_k *info, int *signo)
{
	struct process *p = t->proc;

	spin_lock(&p->siglock);
	*signo = signal_dequeue(t, ~t->sig_mask, info);
	signal_recalc(t);
	if (*signo && ptraced(t) && *signo != SIGKILL) {
		spin_unlock(&p->siglock);
		*signo = ptrace_signal_stop(info);
		if (!*signo)
			*signo = -1; /* taken away: look for the next */
		spin_lock(&p->siglock);
	}
	if (*signo <= 0) {
		spin_unlock(&p->siglock);
		return false;
	}
	*sa = p->hand->action[*signo - 1];
	if (sa->handler > SIG_IGN && sa->flags & SA_RESETHAND)
		p->hand->action[*signo - 1].handler = SIG_DFL;
	if (sa->handler == SIG_DFL && p == init_process && !p->forced)
		sa->handler = SIG_IGN;
	spin_unlock(&p->siglock);
	if (sa->handler > SIG_IGN)
		return true;
	if (sa->handler == SIG_IGN || signal_default_ignored(*signo))
		return false;
	if (signal_default_stop(*signo))
		begin_stop(p, *signo);
	else
		task_exit_group(*signo);
	return false;
}

/* Serves what sig_check, restart_code and restore_mask ask for. */
void signal_deliver(struct arch_regs *r)
{
	struct task *t = current;
	struct process *p = t->proc;
	struct siginfo_k info;
	struct ksigaction sa;
	int signo = 0;

	while (t->sig_check) {
		if (p->group_exit)
			task_exit((int)p->exit_status);
		if (p->exec_task && p->exec_task != t)
			task_exit(0);
		if (t->pt && ptraced(t) &&
		    (t->pt->interrupt || (p->stopped && !t->pt->over))) {
			ptrace_group_stop(p);
			continue;
		}
		if (p->stopped && !(t->pt && t->pt->over)) {
			stay_stopped(p);
			continue;
		}
		if (next_signal(t, &sa, &info, &signo)) {
			run_handler(r, signo, &sa, &info);
			return;
		}
		if (!signo)
			break;
	}
	fix_restart(r, NULL);
	if (t->restore_mask) {
		t->restore_mask = false;
		signal_set_mask(t->saved_mask);
	}
}
