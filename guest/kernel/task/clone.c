/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clone.c: fork, vfork, clone, clone3, threads.
 *
 * task_clone() builds the child beside the running system and publishes it at
 * the end, under tasklist_lock, so that every failure before is undone by
 * dropping what was made.  Namespaces are not there: CLONE_NEW* gives EPERM
 * without CAP_SYS_ADMIN, EINVAL with it, as a Linux without them.
 */
#include "internal.h"

#include <string.h>

#include "guest/kernel/fs/tty.h"
#include "ptrace.h"

#define CLONE_NAMESPACES                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
/* Shared by all or without effect here: SysV undo, I/O context. */
#define CLONE_KNOWN                                                            \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK |     \
	 CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |          \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |         \
	 CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO |                      \
	 CLONE_CLEAR_SIGHAND | CLONE_PIDFD | CLONE_PTRACE)

static int check_flags(const struct clone_args_k *a)
{
	uint64_t f = a->flags;

	if (f & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (f & ~(uint64_t)CLONE_KNOWN)
		return -EINVAL;
	if (f & CLONE_THREAD && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if (f & CLONE_SIGHAND && (!(f & CLONE_VM) || f & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if (f & CLONE_PARENT && current->proc == init_process)
		return -EINVAL;
	if (a->exit_signal < 0 || a->exit_signal > NSIG)
		return -EINVAL;
	if (a->set_tid_size)
		return -EINVAL;
	if (f & CLONE_PIDFD && f & (CLONE_DETACHED | CLONE_THREAD))
		return -EINVAL;
	return 0;
}

static int share_or_copy(struct task *t, uint64_t flags)
{
	struct task *me = current;
	int ret = 0;

	if (flags & CLONE_VM) {
		mm_get(me->mm);
		t->mm = me->mm;
	} else {
		ret = mm_fork(me->mm, &t->mm);
	}
	if (ret)
		return ret;
	t->arch.pt = &t->mm->pt;
	if (flags & CLONE_FILES) {
		__atomic_fetch_add(&me->files->ref, 1, __ATOMIC_RELAXED);
		t->files = me->files;
	} else {
		ret = fdtable_fork(me->files, &t->files);
	}
	if (ret)
		return ret;
	if (flags & CLONE_FS) {
		__atomic_fetch_add(&me->fs->ref, 1, __ATOMIC_RELAXED);
		t->fs = me->fs;
		return 0;
	}
	return fs_ctx_fork(me->fs, &t->fs);
}

static void drop_parts(struct task *t)
{
	struct mm *m = t->mm;

	if (t->fs)
		fs_ctx_put(t->fs);
	if (t->files)
		fdtable_put(t->files);
	t->mm = NULL;
	if (m)
		mm_put(m);
}

static void reset_handlers(struct sighand *h)
{
	for (int i = 0; i < NSIG; i++) {
		if (h->action[i].handler != SIG_IGN)
			h->action[i] = (struct ksigaction){ 0 };
	}
}

static int new_process(struct task *t, const struct clone_args_k *a)
{
	struct process *me = current->proc, *p;
	int ret = process_create(&p);

	if (ret)
		return ret;
	if (a->flags & CLONE_SIGHAND) {
		__atomic_fetch_add(&me->hand->ref, 1, __ATOMIC_RELAXED);
		p->hand = me->hand;
	} else {
		ret = sighand_fork(me->hand, &p->hand);
	}
	if (ret) {
		process_put(p);
		return ret;
	}
	if (a->flags & CLONE_CLEAR_SIGHAND)
		reset_handlers(p->hand);
	spin_lock(&me->siglock);
	memcpy(p->rlim, me->rlim, sizeof(p->rlim));
	spin_unlock(&me->siglock);
	p->cpu_watch = cputimer_limited(p);
	p->exit_signal = a->exit_signal;
	p->oom_score_adj = me->oom_score_adj;
	p->dumpable = me->dumpable;
	t->proc = p;
	process_get(p);
	return 0;
}

static void copy_fields(struct task *t, const struct clone_args_k *a)
{
	struct task *me = current;

	t->affinity = me->affinity;
	t->nice = me->nice;
	t->policy = me->policy;
	t->rt_prio = me->rt_prio;
	if (me->policy & SCHED_RESET_ON_FORK) {
		t->policy = SCHED_OTHER;
		t->rt_prio = 0;
		t->nice = max(t->nice, 0);
	}
	t->cpu_event = t->proc->cpu_watch;
	t->sig_mask = me->sig_mask;
	t->personality = me->personality;
	t->ioprio = me->ioprio;
	t->mce_kill = me->mce_kill;
	t->timer_slack = me->timer_slack;
	t->cred = cred_get(me->cred);
	/* An alternate stack goes with a copy, and with vfork, only. */
	if (!(a->flags & CLONE_VM) || a->flags & CLONE_VFORK) {
		t->altstack_sp = me->altstack_sp;
		t->altstack_size = me->altstack_size;
		t->altstack_flags = me->altstack_flags;
	} else {
		t->altstack_flags = SS_DISABLE;
	}
	if (a->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = a->child_tid;
	if (!(a->flags & CLONE_VM)) {
		t->rseq = me->rseq;
		t->rseq_len = me->rseq_len;
		t->rseq_sig = me->rseq_sig;
		t->rseq_event = me->rseq.v;
	}
	*t->arch.regs = *me->arch.regs;
	t->arch.step_forced = me->arch.step_forced;
	arch_single_step(t, false); /* whoever steps me does not step it */
	t->arch.fs_base = me->arch.fs_base;
	t->arch.gs_base = me->arch.gs_base;
	arch_fpu_copy(&t->arch, &me->arch);
	arch_sys_return(t->arch.regs, 0);
	if (a->stack)
		arch_regs_set_sp(t->arch.regs, a->stack);
	if (a->flags & CLONE_SETTLS)
		arch_set_tls(t, a->tls);
}

/* RLIMIT_NPROC counts processes here, all users' together. */
static bool too_many(void)
{
	return current->cred->uid && task_count >= rlimit_get(RLIMIT_NPROC) &&
	       !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN);
}

void task_tty_put(struct tty *t)
{
	tty_put(t);
}

static void link_process(struct process *p, struct task *t, uint64_t flags)
{
	struct process *me = current->proc, *parent = me;

	if (flags & CLONE_PARENT) {
		parent = me->parent;
		p->exit_signal = me->exit_signal;
	}
	p->pid = t->tid;
	p->leader = t;
	p->parent = parent;
	p->pgid = me->pgid;
	p->sid = me->sid;
	p->tty = me->tty;
	if (p->tty)
		tty_get(p->tty);
	LIST_INSERT_HEAD(&parent->children, p, sibling);
	LIST_INSERT_HEAD(&all_processes, p, all_link);
	process_count++;
}

/* Into the tables, unless a signal has come that fork must see first. */
static int publish(struct task *t, uint64_t flags)
{
	struct process *me = current->proc, *p = t->proc;
	int ret = 0;

	spin_lock(&tasklist_lock);
	spin_lock(&me->siglock);
	if (me->group_exit || me->exec_task ||
	    (!(flags & CLONE_THREAD) && current->sig_check))
		ret = -ERESTARTNOINTR;
	if (!ret)
		ret = too_many() ? -EAGAIN : 0;
	if (!ret) {
		ret = pid_alloc();
		t->tid = ret > 0 ? ret : 0;
	}
	if (ret > 0) {
		seccomp_fork(t);
		if (!(flags & CLONE_THREAD))
			link_process(p, t, flags);
		TAILQ_INSERT_TAIL(&p->threads, t, thread_link);
		p->nthreads++;
		__atomic_fetch_add(&p->live, 1, __ATOMIC_RELAXED);
		pid_hash_add(t);
		if (flags & CLONE_THREAD && me->stopped)
			t->sig_check = true;
	}
	spin_unlock(&me->siglock);
	spin_unlock(&tasklist_lock);
	return ret;
}

static int build(const struct clone_args_k *a, struct task **out)
{
	struct task *t;
	int ret = task_create(current->comm, &t);

	if (ret)
		return ret;
	ret = arch_fpu_alloc(&t->arch);
	if (!ret)
		ret = share_or_copy(t, a->flags);
	if (!ret && a->flags & CLONE_THREAD) {
		t->proc = current->proc;
		process_get(t->proc);
	} else if (!ret) {
		ret = new_process(t, a);
	}
	if (ret) {
		drop_parts(t);
		kstack_free(t->stack_top);
		t->ref = 1;
		task_put(t);
		return ret;
	}
	copy_fields(t, a);
	*out = t;
	return 0;
}

static void unbuild(struct task *t, uint64_t flags)
{
	struct process *p = t->proc;

	drop_parts(t);
	kstack_free(t->stack_top);
	t->ref = 1;
	task_put(t);
	if (!(flags & CLONE_THREAD))
		process_put(p);
}

/* What a child does first. */
static void child_entry(void *arg)
{
	struct task *t = current;
	uint64_t settid = (uint64_t)arg;
	int tid = t->tid;

	if (settid && copy_to_user(UADDR(settid), &tid, sizeof(tid)))
		t->restart_code = 0; /* as Linux: the child runs all the same */
	task_user_loop(NULL);
}

static void wait_vfork(struct task *child)
{
	for (;;) {
		sched_prepare(TASK_SLEEP_HARD);
		if (__atomic_load_n(&child->vfork_done, __ATOMIC_ACQUIRE) ||
		    signal_fatal_pending())
			break;
		(void)sched_sleep(DEADLINE_NEVER);
	}
	sched_finish();
}

/* CLONE_PIDFD: a descriptor of the child; its number or errno. */
static int give_pidfd(struct process *p, uaddr_t at)
{
	struct file *f;
	int ret = pidfd_new(p, 0, &f), fd;

	if (ret)
		return ret;
	fd = fd_install(f, 0, true);
	if (fd < 0) {
		file_put(f);
		return fd;
	}
	if (copy_to_user(at, &fd, sizeof(fd))) {
		(void)fd_close(fd);
		return -EFAULT;
	}
	return fd;
}

/* What a tracer may want to hear of; 31: nothing. */
static int fork_event(const struct clone_args_k *a)
{
	if (a->flags & CLONE_UNTRACED)
		return 31;
	if (a->flags & CLONE_VFORK)
		return PTRACE_EVENT_VFORK;
	return a->exit_signal == SIGCHLD ? PTRACE_EVENT_FORK
					 : PTRACE_EVENT_CLONE;
}

/* The child's tid in the parent, or errno. */
long task_clone(const struct clone_args_k *a)
{
	bool vfork = a->flags & CLONE_VFORK;
	struct task *t;
	int ret = check_flags(a), tid, fd = -1, event;
	bool traced;

	if (!ret)
		ret = build(a, &t);
	if (ret)
		return ret;
	if (a->flags & CLONE_PIDFD)
		ret = fd = give_pidfd(t->proc, a->pidfd);
	if (ret < 0) {
		unbuild(t, a->flags);
		return ret;
	}
	if (vfork) {
		t->vfork_parent = current;
		task_get(current);
	}
	tid = publish(t, a->flags);
	if (tid < 0) {
		if (vfork)
			task_put(current);
		if (fd >= 0)
			(void)fd_close(fd);
		unbuild(t, a->flags);
		return tid;
	}
	if (a->flags & CLONE_PARENT_SETTID &&
	    copy_to_user(a->parent_tid, &tid, sizeof(tid)))
		tid = t->tid; /* as Linux: not an error once it is made */
	task_get(t);
	event = fork_event(a);
	traced = ptrace_fork(t, event, a->flags & CLONE_PTRACE);
	task_start(
		t, child_entry,
		(void *)(a->flags & CLONE_CHILD_SETTID ? a->child_tid.v : 0));
	if (traced)
		(void)ptrace_event(event, (uint64_t)tid);
	if (vfork) {
		wait_vfork(t);
		(void)ptrace_event(PTRACE_EVENT_VFORK_DONE, (uint64_t)tid);
	}
	task_put(t);
	return tid;
}
