/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.c: making and freeing tasks and processes; kernel threads.
 *
 * References of a task: one of the pid hash (until it is reaped), one of the
 * scheduler (until its stack is left for the last time), and those of whoever
 * looked it up.  References of a process: its tasks, and the pid tables.
 */
#include "internal.h"

#include <string.h>

#include "kuni/klog.h"

void task_get(struct task *t)
{
	__atomic_fetch_add(&t->ref, 1, __ATOMIC_RELAXED);
}

void task_put(struct task *t)
{
	if (__atomic_sub_fetch(&t->ref, 1, __ATOMIC_ACQ_REL))
		return;
	ensure(!t->mm);
	(void)sigpending_flush(&t->pending);
	arch_fpu_free(&t->arch);
	if (t->cred)
		cred_put(t->cred);
	seccomp_put(t->seccomp);
	kfree(t->pt);
	if (t->proc)
		process_put(t->proc);
	kfree(t);
}

void process_get(struct process *p)
{
	__atomic_fetch_add(&p->ref, 1, __ATOMIC_RELAXED);
}

void process_put(struct process *p)
{
	if (__atomic_sub_fetch(&p->ref, 1, __ATOMIC_ACQ_REL))
		return;
	(void)sigpending_flush(&p->pending);
	if (p->hand)
		sighand_put(p->hand);
	kfree(p);
}

/* A task with a kernel stack, two references (hash and scheduler) and nothing
 * else; the caller fills it and hands it to task_start(). */
int task_create(const char *comm, struct task **out)
{
	struct task *t = kmalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->stack_top = kstack_alloc();
	if (!t->stack_top) {
		kfree(t);
		return -ENOMEM;
	}
	t->ref = 2;
	t->arch.regs = (struct arch_regs *)(void *)(t->stack_top -
						    sizeof(struct arch_regs));
	t->affinity = UINT64_MAX;
	t->start_ns = arch_clock_ns();
	t->timer_slack = 50000;
	sigpending_init(&t->pending);
	strlcpy(t->comm, comm, sizeof(t->comm));
	*out = t;
	return 0;
}

int process_create(struct process **out)
{
	struct process *p = kmalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ref = 1; /* of the pid tables */
	TAILQ_INIT(&p->threads);
	LIST_INIT(&p->children);
	LIST_INIT(&p->traced);
	spin_init(&p->siglock, RANK_SIGHAND);
	sigpending_init(&p->pending);
	waitq_init(&p->child_wait);
	waitq_init(&p->exit_wait);
	waitq_init(&p->thread_wait);
	p->start_ns = arch_clock_ns();
	p->dumpable = true;
	p->exit_signal = SIGCHLD;
	itimer_init(p);
	cputimer_init(p);
	*out = p;
	return 0;
}

int kthread_create(struct task **out, const char *name, void (*fn)(void *),
		   void *arg)
{
	struct task *t;
	int ret = task_create(name, &t);

	if (ret)
		return ret;
	t->ref = 1; /* in no table */
	if (out) {
		task_get(t);
		*out = t;
	}
	task_start(t, fn, arg);
	return 0;
}

/* ---- what others may look at ---- */

struct mm *task_mm_get(struct task *t)
{
	struct mm *m;

	if (!t->proc)
		return NULL;
	spin_lock(&t->proc->siglock);
	m = t->mm;
	if (m)
		mm_get(m);
	spin_unlock(&t->proc->siglock);
	return m;
}

struct fdtable *task_files_get(struct task *t)
{
	struct fdtable *f;

	if (!t->proc)
		return NULL;
	spin_lock(&t->proc->siglock);
	f = t->files;
	if (f)
		__atomic_fetch_add(&f->ref, 1, __ATOMIC_RELAXED);
	spin_unlock(&t->proc->siglock);
	return f;
}

struct fs_ctx *task_fs_get(struct task *t)
{
	struct fs_ctx *f;

	if (!t->proc)
		return NULL;
	spin_lock(&t->proc->siglock);
	f = t->fs;
	if (f)
		__atomic_fetch_add(&f->ref, 1, __ATOMIC_RELAXED);
	spin_unlock(&t->proc->siglock);
	return f;
}

/* ---- the address space of current ---- */

void task_set_mm(struct mm *m)
{
	struct task *t = current;
	struct mm *old;

	spin_lock(&t->proc->siglock);
	old = t->mm;
	t->mm = m;
	spin_unlock(&t->proc->siglock);
	arch_pt_switch(m ? &m->pt : NULL);
	if (old)
		mm_put(old);
}

void task_drop_mm(void)
{
	if (current->mm)
		task_set_mm(NULL);
}

/* t's mm is no longer its parent's: the parent of vfork goes on. */
void vfork_release(struct task *t)
{
	struct task *parent = t->vfork_parent;

	if (!parent)
		return;
	t->vfork_parent = NULL;
	__atomic_store_n(&t->vfork_done, 1, __ATOMIC_RELEASE);
	(void)sched_wake(parent);
	task_put(parent);
}

/* ---- times ---- */

void task_times(struct task *t, uint64_t *total, uint64_t *sys)
{
	*total = sched_runtime(t);
	*sys = t->kernel_ticks;
	if (t == current)
		*sys += arch_tsc() - t->kernel_since;
	*sys = arch_ticks_ns(*sys);
	if (*sys > *total)
		*sys = *total;
}

void process_times(struct process *p, uint64_t *user, uint64_t *sys)
{
	uint64_t total, s;
	struct task *t;

	spin_lock(&tasklist_lock);
	*user = p->utime;
	*sys = p->stime;
	TAILQ_FOREACH(t, &p->threads, thread_link)
	{
		task_times(t, &total, &s);
		*user += total - s;
		*sys += s;
	}
	spin_unlock(&tasklist_lock);
}
