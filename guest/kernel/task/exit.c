/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit.c: the end of threads and processes.
 *
 * A thread gives back what it holds while it can still sleep, leaves its
 * process under tasklist_lock, and leaves its stack in sched_exit().  The last
 * thread makes the process a zombie, hands its children to the nearest
 * subreaper or init, and tells the parent.  The end of init ends the VM.
 */
#include "internal.h"

#include "bootinfo.h"
#include "ptrace.h"
#include "guest/kernel/fs/tty.h"
#include "kuni/driver.h"
#include "kuni/klog.h"
#include "syscall_proto.h"

#define INIT_WAIT_NS (2 * NSEC_PER_SEC)

static struct waitq reap_wait; /* init's end waits for everybody else's */

/* ---- orphaned process groups (POSIX 3.264) ---- */

bool pgrp_orphaned_locked(int pgid, const struct process *but)
{
	struct process *p;

	LIST_FOREACH(p, &all_processes, all_link)
	{
		const struct process *up = p->parent;

		if (p->pgid != pgid || p == but || p->zombie || !up)
			continue;
		if (up->pgid != pgid && up->sid == p->sid)
			return false;
	}
	return true;
}

bool pgrp_orphaned(int pgid)
{
	bool yes;

	spin_lock(&tasklist_lock);
	yes = pgrp_orphaned_locked(pgid, NULL);
	spin_unlock(&tasklist_lock);
	return yes;
}

/* A group that has just lost its last tie to the session, with somebody
 * stopped in it: SIGHUP and SIGCONT. tasklist_lock held. */
static void hup_if_orphaned(int pgid, const struct process *but)
{
	bool stopped = false;
	struct process *p;

	LIST_FOREACH(p, &all_processes, all_link)
	stopped |= p->pgid == pgid && p != but && p->stopped;
	if (!stopped || !pgrp_orphaned_locked(pgid, but))
		return;
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->pgid != pgid || p == but)
			continue;
		(void)signal_send_process(p, SIGHUP, NULL);
		(void)signal_send_process(p, SIGCONT, NULL);
	}
}

/* ---- parents and children; tasklist_lock held ---- */

static struct process *new_parent(struct process *p)
{
	struct process *up;

	for (up = p->parent; up; up = up->parent)
		if (up->is_subreaper && !up->zombie && up->nthreads)
			return up;
	return p == init_process ? NULL : init_process;
}

/* Whether a zombie goes at once: nobody will wait for it. */
static bool reaps_itself(const struct process *p)
{
	const struct process *up = p->parent;
	const struct ksigaction *sa;

	if (!up || up->zombie || up->exiting || !up->hand)
		return true;
	if (p->exit_signal != SIGCHLD)
		return false;
	sa = &up->hand->action[SIGCHLD - 1];
	return sa->handler == SIG_IGN || sa->flags & SA_NOCLDWAIT;
}

/* Takes zombie p out of every table; the pid tables' references go. */
void process_reap(struct process *p)
{
	struct process *up = p->parent;
	struct task *leader = p->leader;

	if (up) {
		up->cutime += p->utime + p->cutime;
		up->cstime += p->stime + p->cstime;
		up->cminflt += p->minflt + p->cminflt;
		up->cmajflt += p->majflt + p->cmajflt;
		up->cnvcsw += p->nvcsw + p->cnvcsw;
		up->cnivcsw += p->nivcsw + p->cnivcsw;
		up->cmaxrss = max(up->cmaxrss, p->maxrss);
		up->cmaxrss = max(up->cmaxrss, p->cmaxrss);
		LIST_REMOVE(p, sibling);
		p->parent = NULL;
	}
	LIST_REMOVE(p, all_link);
	process_count--;
	p->leader = NULL;
	if (leader) {
		pid_hash_del(leader);
		task_put(leader);
	}
	wake_all(&p->exit_wait, EPOLLIN | EPOLLHUP);
	process_put(p);
	wake_all(&reap_wait, EPOLLIN);
}

/* Tells the parent of zombie p, which may be gone afterwards. */
static void tell_parent(struct process *p)
{
	unsigned st = p->exit_status;
	bool signaled = st & 0x7f, gone = reaps_itself(p);
	struct process *up = p->parent;

	if (up && p->exit_signal == SIGCHLD)
		signal_parent(p, signaled ? CLD_KILLED : CLD_EXITED,
			      (int)(signaled ? st & 0x7f : st >> 8 & 0xff));
	else if (up && p->exit_signal)
		(void)signal_send_process(up, p->exit_signal, NULL);
	if (up)
		wake_all(&up->child_wait, EPOLLIN);
	wake_all(&p->exit_wait, EPOLLIN);
	if (gone)
		process_reap(p);
}

static void pdeath(struct process *child)
{
	struct task *t;

	TAILQ_FOREACH(t, &child->threads, thread_link)
	if (t->pdeath_signal)
		(void)signal_send_task(t, t->pdeath_signal, NULL);
}

static void reparent_children(struct process *p)
{
	struct process *child, *to = new_parent(p);

	while ((child = LIST_FIRST(&p->children))) {
		int pgid = child->pgid;
		bool tie = child->pgid != p->pgid && child->sid == p->sid;

		LIST_REMOVE(child, sibling);
		pdeath(child);
		child->parent = to;
		if (to)
			LIST_INSERT_HEAD(&to->children, child, sibling);
		child->exit_signal = SIGCHLD;
		if (child->zombie)
			tell_parent(child);
		if (tie)
			hup_if_orphaned(pgid, NULL);
	}
}

/* ---- the end of a thread ---- */

static void add_times(struct process *p, struct task *t)
{
	uint64_t total, sys;

	task_times(t, &total, &sys);
	p->utime += total - sys;
	p->stime += sys;
	p->minflt += t->minflt;
	p->majflt += t->majflt;
	p->nvcsw += t->nvcsw;
	p->nivcsw += t->nivcsw;
	p->io.rchar += t->io.rchar;
	p->io.wchar += t->io.wchar;
	p->io.syscr += t->io.syscr;
	p->io.syscw += t->io.syscw;
	p->io.read_bytes += t->io.read_bytes;
	p->io.write_bytes += t->io.write_bytes;
}

static void drop_resources(struct task *t)
{
	struct process *p = t->proc;
	struct fdtable *files = t->files;
	struct fs_ctx *fs = t->fs;
	uint32_t zero = 0;

	futex_exit(t, true);
	if (t->clear_tid.v && t->mm->users > 1) {
		if (!copy_to_user(t->clear_tid, &zero, sizeof(zero)))
			(void)futex_wake_addr(t->mm, t->clear_tid, true, 1);
	}
	if (t->mm)
		p->maxrss =
			max(p->maxrss, mm_maxrss(t->mm) * (PAGE_SIZE / 1024));
	rseq_leave(t);
	task_drop_mm();
	vfork_release(t);
	spin_lock(&p->siglock);
	t->files = NULL;
	t->fs = NULL;
	spin_unlock(&p->siglock);
	if (files)
		fdtable_put(files);
	if (fs)
		fs_ctx_put(fs);
}

/* tasklist_lock held: t leaves its process; true for the last thread. */
static bool leave_process(struct task *t, int status)
{
	struct process *p = t->proc;
	bool last;

	spin_lock(&p->siglock);
	TAILQ_REMOVE(&p->threads, t, thread_link);
	last = --p->nthreads == 0;
	add_times(p, t);
	p->nqueued -= sigpending_flush(&t->pending);
	if (last && !p->group_exit) {
		p->group_exit = true;
		p->exit_status = (uint32_t)status;
	}
	spin_unlock(&p->siglock);
	wake_all(&p->thread_wait, EPOLLIN);
	if (t != p->leader && !ptrace_defers(t, status)) {
		pid_hash_del(t);
		task_put(t);
	}
	return last;
}

static void process_exit(struct process *p)
{
	int pgid = p->pgid, sid = p->sid;
	const struct process *up = p->parent;
	bool tie = up && up->pgid != pgid && up->sid == sid;

	p->zombie = true;
	reparent_children(p);
	if (tie)
		hup_if_orphaned(pgid, p);
	if (!ptrace_defers(p->leader, (int)p->exit_status))
		tell_parent(p);
}

/* Its tracer has been told of its end: now its parent. */
void process_told(struct process *p)
{
	tell_parent(p);
}

static bool write_back(struct mount *m, void *arg)
{
	const struct super_ops *ops = m->super->ops;
	int r = ops && ops->write_back ? ops->write_back(m->super) : 0;

	(void)arg;
	if (r)
		klog(KLOG_WARN,
		     "exit: not all that was written is kept: error=%d", r);
	return true;
}

/* Everybody else dies with init; what they wrote is with the host, which brings it
 * to its disk when it likes, as it does for all that end. */
static void init_exit(struct process *init, uint32_t status)
{
	struct process *p;
	bool others = false;

	spin_lock(&tasklist_lock);
	init->exiting = true;
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p == init)
			continue;
		others = true;
		if (p->zombie)
			continue;
		(void)signal_send_process(p, SIGKILL, NULL);
	}
	spin_unlock(&tasklist_lock);
	if (others) {
		uint64_t until = arch_clock_ns() + INIT_WAIT_NS;
		struct waiter w = { .task = current };

		waitq_add(&reap_wait, &w);
		while (arch_clock_ns() < until) {
			sched_prepare(TASK_SLEEP_HARD);
			spin_lock(&tasklist_lock);
			others = false;
			LIST_FOREACH(p, &all_processes, all_link)
			others |= p != init && !p->zombie;
			spin_unlock(&tasklist_lock);
			if (!others || sched_sleep(until))
				break;
		}
		sched_finish();
		waitq_del(&w);
	}
	mount_each(write_back, NULL);
	boot_mark(MARK_EXIT);
	init_exited(status, init->oom_killed || oom_killed_init);
}

_Noreturn void task_exit(int status)
{
	struct task *t = current;
	struct process *p = t->proc;
	struct tty *tty = NULL;
	bool last;

	if (!p)
		sched_exit(); /* a kernel thread */
	if (!p->group_exit)   /* else it was killed, or has told already */
		(void)ptrace_event(PTRACE_EVENT_EXIT, (uint64_t)status);
	last = !__atomic_sub_fetch(&p->live, 1, __ATOMIC_ACQ_REL);
	spin_lock(&p->siglock);
	t->exiting = true;
	t->sig_check = false;
	if (p->group_exit)
		status = (int)p->exit_status;
	t->exit_code = status;
	spin_unlock(&p->siglock);
	if (last) {
		itimer_exit(p);
		posix_timers_exit(p);
		cputimer_exit(p);
		if (p->sid == p->pid)
			tty_disassociate(p);
	}
	if (p == init_process && last)
		boot_mark(MARK_USER_END);
	drop_resources(t);
	if (p == init_process && last)
		init_exit(p, (uint32_t)status);
	spin_lock(&tasklist_lock);
	if (!LIST_EMPTY(&p->traced))
		ptrace_tracer_exit(t, last);
	if (leave_process(t, status)) {
		tty = p->tty;
		p->tty = NULL;
		process_exit(p);
	}
	spin_unlock(&tasklist_lock);
	if (tty)
		tty_put(tty);
	sched_exit();
}

/* The whole process: the first status given wins. */
_Noreturn void task_exit_group(int status)
{
	struct process *p = current->proc;

	(void)ptrace_event(PTRACE_EVENT_EXIT, (uint64_t)status);
	spin_lock(&p->siglock);
	if (!p->group_exit) {
		p->group_exit = true;
		p->exit_status = (uint32_t)status;
		p->stopped = false;
		signal_kill_threads(p, current);
	}
	status = (int)p->exit_status;
	spin_unlock(&p->siglock);
	task_exit(status);
}
