/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ptrace.c: the tracer's half of ptrace(2): who traces whom, and going on.
 *
 * ptrace.tracer and the list of a process's tracees are under tasklist_lock,
 * the rest of struct ptrace under the tracee's siglock.  While a tracee stops
 * its registers and memory are its tracer's to change.
 */
#include "ptrace.h"

#include "kuni/klog.h"

static int ptrace_of(struct task *t, struct ptrace **out)
{
	struct ptrace *pt = __atomic_load_n(&t->pt, __ATOMIC_ACQUIRE), *none;

	if (!pt) {
		pt = kmalloc(sizeof(*pt));
		if (!pt)
			return -ENOMEM;
		pt->task = t;
		none = NULL;
		if (!__atomic_compare_exchange_n(&t->pt, &none, pt, false,
						 __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			kfree(pt);
			pt = none;
		}
	}
	*out = pt;
	return 0;
}

int task_tracer(struct task *t)
{
	int tid = 0;

	spin_lock(&tasklist_lock);
	if (ptraced(t))
		tid = t->pt->tracer->tid;
	spin_unlock(&tasklist_lock);
	return tid;
}

bool ptrace_unsafe(struct task *t)
{
	bool unsafe = false;

	spin_lock(&tasklist_lock);
	if (ptraced(t)) {
		struct task *by = t->pt->tracer;

		spin_lock(&by->proc->siglock);
		unsafe = !(by->cred->cap_eff >> CAP_SYS_PTRACE & 1);
		spin_unlock(&by->proc->siglock);
	}
	spin_unlock(&tasklist_lock);
	return unsafe;
}

/* tasklist_lock and t's siglock held. */
static void link_to(struct ptrace *pt, struct task *tracer, bool seize,
		    unsigned options)
{
	pt->seized = seize;
	pt->options = options;
	pt->stopped = pt->listening = pt->interrupt = pt->over = false;
	pt->how = PT_CONT;
	task_get(tracer);
	pt->tracer = tracer;
	LIST_INSERT_HEAD(&tracer->proc->traced, pt, link);
}

/* tasklist_lock held. */
static void unlink_from(struct ptrace *pt)
{
	struct task *tracer = pt->tracer;

	LIST_REMOVE(pt, link);
	pt->tracer = NULL;
	task_put(tracer);
}

int ptrace_attach(struct task *t, bool seize, unsigned options)
{
	struct process *p = t->proc;
	struct ptrace *pt;
	int ret;

	if (!p || p == current->proc)
		return -EPERM;
	ret = task_inspect(t, INSPECT_REAL);
	if (!ret)
		ret = ptrace_of(t, &pt);
	if (ret)
		return ret;
	spin_lock(&tasklist_lock);
	spin_lock(&p->siglock);
	if (pt->tracer || t->exiting || p->zombie) {
		ret = -EPERM;
	} else {
		link_to(pt, current, seize, options);
		if (!seize)
			(void)signal_send_locked(p, t, SIGSTOP, NULL, true);
		t->sig_check = true;
		/* one that stands already does so for its tracer now */
		(void)sched_wake_states(t, WAKE_STOPPED);
	}
	spin_unlock(&p->siglock);
	spin_unlock(&tasklist_lock);
	return ret;
}

int ptrace_traceme(void)
{
	struct task *t = current, *up;
	struct process *p = t->proc;
	struct ptrace *pt;
	int ret = ptrace_of(t, &pt);

	if (ret)
		return ret;
	spin_lock(&tasklist_lock);
	up = p->parent ? p->parent->leader : NULL;
	spin_lock(&p->siglock);
	if (pt->tracer || !up)
		ret = -EPERM;
	else
		link_to(pt, up, false, 0);
	spin_unlock(&p->siglock);
	spin_unlock(&tasklist_lock);
	return ret;
}

/* The child of a traced task, before it runs: traced, too, where its tracer
 * wants this event.  force: CLONE_PTRACE. */
bool ptrace_fork(struct task *t, int event, bool force)
{
	struct ptrace *mine = current->pt, *pt;
	bool traced = false;

	if (!ptraced(current) || !(ptrace_wants(event) || force) ||
	    ptrace_of(t, &pt))
		return false;
	spin_lock(&tasklist_lock);
	spin_lock(&t->proc->siglock);
	if (mine->tracer) {
		link_to(pt, mine->tracer, mine->seized, mine->options);
		if (mine->seized)
			pt->interrupt = true;
		else
			(void)signal_send_locked(t->proc, t, SIGSTOP, NULL,
						 true);
		t->sig_check = traced = true;
	}
	spin_unlock(&t->proc->siglock);
	spin_unlock(&tasklist_lock);
	return traced;
}

/* ---- going on ---- */

int ptrace_check(struct task *t)
{
	bool ok;

	spin_lock(&tasklist_lock);
	ok = ptraced(t) && t->pt->tracer == current && !t->pt->dead;
	if (ok) {
		spin_lock(&t->proc->siglock);
		ok = t->pt->stopped && !t->pt->listening;
		spin_unlock(&t->proc->siglock);
	}
	spin_unlock(&tasklist_lock);
	if (!ok)
		return -ESRCH;
	while (__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE))
		arch_relax(); /* on its way to sleep */
	return 0;
}

/* siglock held. */
static void go_on(struct task *t, enum ptrace_how how, int sig)
{
	struct ptrace *pt = t->pt;

	pt->how = how;
	pt->resume_sig = sig;
	pt->stopped = pt->listening = false;
	if (how == PT_SYSCALL)
		__atomic_fetch_or(&t->sys_work, SYS_WORK_TRACE,
				  __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&t->sys_work, ~SYS_WORK_TRACE,
				   __ATOMIC_RELAXED);
	t->sig_check = true;
	(void)sched_wake_states(t, WAKE_STOPPED);
}

void ptrace_resume(struct task *t, enum ptrace_how how, int sig)
{
	spin_lock(&t->proc->siglock);
	go_on(t, how, sig);
	spin_unlock(&t->proc->siglock);
}

/* tasklist_lock held. */
static void detach_locked(struct task *t, int sig)
{
	struct process *p = t->proc;

	unlink_from(t->pt);
	spin_lock(&p->siglock);
	t->pt->over = t->pt->interrupt = false;
	go_on(t, PT_CONT, sig);
	spin_unlock(&p->siglock);
}

void ptrace_detach(struct task *t, int sig)
{
	spin_lock(&tasklist_lock);
	if (ptraced(t))
		detach_locked(t, sig);
	spin_unlock(&tasklist_lock);
}

/* ---- ends; tasklist_lock held ---- */

/* t has nothing to tell any more; true where the caller drops the table's
 * reference to it. */
void ptrace_release(struct task *t)
{
	struct process *p = t->proc;

	unlink_from(t->pt);
	if (!t->pt->dead)
		return;
	t->pt->dead = false;
	if (t == p->leader) {
		process_told(p); /* its parent may know now */
	} else {
		pid_hash_del(t);
		task_put(t);
	}
}

/* t, a thread that is no leader, or the last of its process, has ended: true
 * where its tracer is to be told first, and calls ptrace_release(). */
bool ptrace_defers(struct task *t, int status)
{
	struct process *p = t->proc, *to;

	if (!ptraced(t))
		return false;
	to = t->pt->tracer->proc;
	if (t == p->leader && to == p->parent) {
		unlink_from(t->pt);
		return false;
	}
	t->pt->dead = true;
	t->pt->reported = false;
	t->pt->code = status;
	if (to->hand)
		(void)signal_send_process(to, SIGCHLD, NULL);
	wake_all(&to->child_wait, EPOLLIN);
	return true;
}

/* Tracer t, or with all its whole process, ends: its tracees are free. */
void ptrace_tracer_exit(struct task *t, bool all)
{
	struct ptrace *pt, *next;

	for (pt = LIST_FIRST(&t->proc->traced); pt; pt = next) {
		struct task *it = pt->task;

		next = LIST_NEXT(pt, link);
		if (pt->tracer != t && !all)
			continue;
		if (pt->dead) {
			ptrace_release(it);
			next = LIST_FIRST(&t->proc->traced);
			continue;
		}
		if (pt->options & PTRACE_O_EXITKILL)
			(void)signal_send_task(it, SIGKILL, NULL);
		detach_locked(it, 0);
	}
}
