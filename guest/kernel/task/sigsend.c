/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigsend.c: from "send this signal" to a pending one and a woken thread.
 *
 * A signal is pending at a thread or at the process; standard signals once,
 * real-time ones as often as sent.  A fatal one that no thread blocks starts
 * the end of the whole process here, so that every thread sees it at once.
 * sig_check of a thread says whether it has something to do before user mode.
 *
 * The init process takes only signals that it handles, as in a pid namespace;
 * `force` is for the kernel's faults and, with SIGKILL and SIGSTOP, the host.
 */
#include "ptrace.h"

#include "kuni/klog.h"

#define DEFAULT_IGNORED                                                        \
	(SIGMASK(SIGCHLD) | SIGMASK(SIGCONT) | SIGMASK(SIGURG) |               \
	 SIGMASK(SIGWINCH))

bool signal_default_ignored(int signo)
{
	return SIGMASK(signo) & DEFAULT_IGNORED;
}

bool signal_default_stop(int signo)
{
	return SIGMASK(signo) & SIG_STOPS;
}

void sigpending_init(struct sigpending *p)
{
	p->set = 0;
	TAILQ_INIT(&p->list);
}

/* How many were queued. */
unsigned sigpending_flush(struct sigpending *p)
{
	struct sigqueue *q;
	unsigned n = 0;

	while ((q = TAILQ_FIRST(&p->list))) {
		TAILQ_REMOVE(&p->list, q, link);
		kfree(q);
		n++;
	}
	p->set = 0;
	return n;
}

/* siglock held: whether t has anything to do before user mode. */
void signal_recalc(struct task *t)
{
	struct process *p = t->proc;

	t->sig_check = ((t->pending.set | p->pending.set) & ~t->sig_mask) ||
		       p->group_exit ||
		       (p->stopped && !(t->pt && t->pt->over)) ||
		       (t->pt && t->pt->interrupt) ||
		       (p->exec_task && p->exec_task != t);
}

static void notify(struct task *t, unsigned states)
{
	t->sig_check = true;
	if (!sched_wake_states(t, states))
		sched_kick(t);
}

/* siglock held: every thread but one must go now. */
void signal_kill_threads(struct process *p, struct task *but)
{
	struct task *t;

	TAILQ_FOREACH(t, &p->threads, thread_link)
	if (t != but)
		notify(t, WAKE_SLEEP | WAKE_HARD | WAKE_STOPPED);
}

static void start_group_exit(struct process *p, int signo)
{
	p->group_exit = true;
	p->exit_status = (uint32_t)signo;
	p->stopped = false;
	signal_kill_threads(p, NULL);
}

static void continue_process(struct process *p)
{
	struct task *t;

	signal_discard(p, SIG_STOPS);
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continued = true;
	TAILQ_FOREACH(t, &p->threads, thread_link)
	{
		if (t->pt) {
			t->pt->over = false;
			t->pt->interrupt |= t->pt->tracer && t->pt->seized;
		}
		signal_recalc(t);
		(void)sched_wake_states(t, WAKE_STOPPED);
	}
}

/* Whether the signal has no effect, now.  A blocked one never is without. */
static bool ignored(const struct process *p, const struct task *t, int signo,
		    bool force)
{
	uint64_t handler = p->hand->action[signo - 1].handler;
	uint64_t blocked = t ? t->sig_mask | t->waited_mask : 0;

	if (blocked & SIGMASK(signo) & ~SIG_KERNEL_ONLY)
		return false;
	if (t && ptraced(t) && signo != SIGKILL)
		return false; /* its tracer sees it */
	if (p == init_process && handler == SIG_DFL && !force)
		return true;
	if (SIGMASK(signo) & SIG_KERNEL_ONLY)
		return false;
	return handler == SIG_IGN ||
	       (handler == SIG_DFL && signal_default_ignored(signo));
}

/* RLIMIT_SIGPENDING counts what a process has queued; the kernel's own signals
 * are beyond it. */
static bool queue(struct process *p, struct sigpending *at, int signo,
		  const struct siginfo_k *info)
{
	bool own = signo < SIGRTMIN && (!info || info->code >= 0);
	struct sigqueue *q = NULL;

	if (own || p->nqueued < p->rlim[RLIMIT_SIGPENDING].cur)
		q = kmalloc(sizeof(*q));
	if (q) {
		p->nqueued++;
		if (info)
			q->info = *info;
		else
			siginfo_user(&q->info, signo, SI_KERNEL);
		q->info.signo = signo;
		TAILQ_INSERT_TAIL(&at->list, q, link);
	} else if (signo >= SIGRTMIN && info && info->code < 0) {
		return false;
	}
	at->set |= SIGMASK(signo);
	return true;
}

static bool takes(const struct task *t, int signo)
{
	return !t->exiting && (!(t->sig_mask & SIGMASK(signo)) ||
			       SIGMASK(signo) & SIG_KERNEL_ONLY);
}

/* A thread that can take a signal of the process; the leader first. */
static struct task *choose_thread(struct process *p, int signo)
{
	struct task *t;

	if (current->proc == p && takes(current, signo))
		return current;
	TAILQ_FOREACH(t, &p->threads, thread_link)
	if (takes(t, signo))
		return t;
	return NULL;
}

static bool fatal(const struct process *p, int signo)
{
	if (signo == SIGKILL)
		return true;
	return p->hand->action[signo - 1].handler == SIG_DFL &&
	       !signal_default_ignored(signo) && !signal_default_stop(signo);
}

/* siglock held. t NULL: to the process. */
int signal_send_locked(struct process *p, struct task *t, int signo,
		       const struct siginfo_k *info, bool force)
{
	struct sigpending *at = t ? &t->pending : &p->pending;
	struct task *to;

	if (p->zombie || p->group_exit || !p->hand)
		return 0;
	if (signo == SIGCONT)
		continue_process(p);
	else if (signal_default_stop(signo))
		signal_discard(p, SIGMASK(SIGCONT));
	to = t ? (takes(t, signo) ? t : NULL) : choose_thread(p, signo);
	if (ignored(p, t ? t : to ? to : p->leader, signo, force))
		return 0;
	if (signo < SIGRTMIN && at->set & SIGMASK(signo))
		return 0;
	if (!queue(p, at, signo, info))
		return -EAGAIN;
	wake_all(&signal_wait, EPOLLIN);
	if (force && p->hand->action[signo - 1].handler == SIG_DFL)
		p->forced = true;
	if (!to)
		return 0;
	if (fatal(p, signo) && !(to->waited_mask & SIGMASK(signo)) &&
	    (!ptraced(to) || signo == SIGKILL))
		start_group_exit(p, signo);
	else
		notify(to, WAKE_SLEEP);
	return 0;
}

/* tasklist_lock is not needed: p is referenced by the caller. */
int signal_send_process(struct process *p, int signo,
			const struct siginfo_k *info)
{
	int ret;

	spin_lock(&p->siglock);
	ret = signal_send_locked(p, NULL, signo, info, false);
	spin_unlock(&p->siglock);
	return ret;
}

/* The kernel's own SIGKILL, which init is not safe from either. */
void signal_kill_process(struct process *p)
{
	spin_lock(&p->siglock);
	(void)signal_send_locked(p, NULL, SIGKILL, NULL, true);
	spin_unlock(&p->siglock);
}

int signal_send_task(struct task *t, int signo, const struct siginfo_k *info)
{
	struct process *p = t->proc;
	int ret;

	if (!p)
		return -EPERM;
	spin_lock(&p->siglock);
	ret = t->exiting ? 0 : signal_send_locked(p, t, signo, info, false);
	spin_unlock(&p->siglock);
	return ret;
}

/* To every process of a group; -ESRCH where there is none. */
int signal_send_pgrp(int pgid, int signo, const struct siginfo_k *info)
{
	int ret = -ESRCH;
	struct process *p;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->pgid != pgid || p->zombie)
			continue;
		(void)signal_send_process(p, signo, info);
		ret = 0;
	}
	spin_unlock(&tasklist_lock);
	return ret;
}

/* From outside: what an ancestor's namespace may do to init. Any context. */
void signal_from_host(int signo)
{
	struct process *p = init_process;
	struct siginfo_k info = { .signo = signo, .code = SI_USER };

	if (!p || signo < 1 || signo > NSIG)
		return;
	spin_lock(&p->siglock);
	(void)signal_send_locked(p, NULL, signo, &info,
				 signo == SIGKILL || signo == SIGSTOP);
	spin_unlock(&p->siglock);
}

/* A signal of current's own doing: taken even where it is blocked or ignored,
 * and then it is deadly. */
void signal_force_info(const struct siginfo_k *info)
{
	struct task *t = current;
	struct process *p = t->proc;
	int signo = info->signo;
	struct ksigaction *sa;

	spin_lock(&p->siglock);
	sa = &p->hand->action[signo - 1];
	if (t->sig_mask & SIGMASK(signo) || sa->handler == SIG_IGN) {
		sa->handler = SIG_DFL;
		t->sig_mask &= ~SIGMASK(signo);
	}
	(void)signal_send_locked(p, t, signo, info, true);
	signal_recalc(t);
	spin_unlock(&p->siglock);
}

void signal_force(int signo, int code, uint64_t addr)
{
	struct siginfo_k info = { .signo = signo, .code = code, .addr = addr };

	signal_force_info(&info);
}

static void unqueue(struct process *p, struct sigpending *at, int signo,
		    struct siginfo_k *info)
{
	struct sigqueue *q, *found = NULL;
	bool more = false;

	TAILQ_FOREACH(q, &at->list, link)
	{
		if (q->info.signo != signo)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	if (!more)
		at->set &= ~SIGMASK(signo);
	if (!found) {
		*info = (struct siginfo_k){ .signo = signo, .code = SI_USER };
		return;
	}
	TAILQ_REMOVE(&at->list, found, link);
	p->nqueued--;
	*info = found->info;
	kfree(found);
}

/* siglock held: takes the first one of signo, which pends, off at.  What sent it
 * may send it again. */
static void take_first(struct process *p, struct sigpending *at, int signo,
		       struct siginfo_k *info)
{
	unqueue(p, at, signo, info);
	if (info->of_timer) {
		info->of_timer = false;
		posix_timer_taken(p, info);
	} else if (signo == SIGALRM) {
		itimer_taken(p);
	}
}

/* Faults first, then by number, the thread's before the process's. */
static int lowest(uint64_t set)
{
	const uint64_t sync = SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) |
			      SIGMASK(SIGILL) | SIGMASK(SIGTRAP) |
			      SIGMASK(SIGFPE) | SIGMASK(SIGSYS);

	if (set & sync)
		set &= sync;
	return __builtin_ctzll(set) + 1;
}

/* siglock held: takes one of wanted that pends; its number or 0. */
int signal_dequeue(struct task *t, uint64_t wanted, struct siginfo_k *info)
{
	struct sigpending *at = &t->pending;
	int signo;

	if (!(at->set & wanted))
		at = &t->proc->pending;
	if (!(at->set & wanted))
		return 0;
	signo = lowest(at->set & wanted);
	take_first(t->proc, at, signo, info);
	return signo;
}

static void discard(struct process *p, struct sigpending *at, uint64_t mask)
{
	struct siginfo_k info;

	while (at->set & mask)
		take_first(p, at, lowest(at->set & mask), &info);
}

/* siglock held: nothing of mask pends for p or a thread of it any more. */
void signal_discard(struct process *p, uint64_t mask)
{
	struct task *t;

	discard(p, &p->pending, mask);
	TAILQ_FOREACH(t, &p->threads, thread_link)
	discard(p, &t->pending, mask);
}
