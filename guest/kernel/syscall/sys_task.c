/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_task.c: processes: making, changing, ending, waiting; groups, sessions.
 */
#include <stdio.h>
#include <string.h>

#include "guest/kernel/task/exec.h"
#include "kuni/vfs.h"
#include "syscall_proto.h"

/* ---- clone ---- */

long sys_fork(void)
{
	struct clone_args_k a = { .exit_signal = SIGCHLD };

	return task_clone(&a);
}

long sys_vfork(void)
{
	struct clone_args_k a = { .flags = CLONE_VM | CLONE_VFORK,
				  .exit_signal = SIGCHLD };

	return task_clone(&a);
}

long sys_clone(long flags, long newsp, uaddr_t parent_tid, uaddr_t child_tid,
	       long tls)
{
	struct clone_args_k a = {
		.pidfd = parent_tid,
		.flags = (uint32_t)flags & ~(uint64_t)CSIGNAL,
		.exit_signal = (int)(flags & CSIGNAL),
		.stack = (uint64_t)newsp,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.tls = (uint64_t)tls,
	};

	if (flags & CLONE_PIDFD && flags & CLONE_PARENT_SETTID)
		return -EINVAL; /* one place for two numbers */
	return task_clone(&a);
}

struct lx_clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
		stack_size, tls, set_tid, set_tid_size, cgroup;
};
#define CLONE_ARGS_V0 64

/* Bytes behind what this kernel knows must be zero (clone3(2)). */
static int tail_is_zero(uaddr_t at, size_t n)
{
	while (n) {
		uint8_t b[64];
		size_t part = min(n, sizeof(b));

		if (copy_from_user(b, at, part))
			return -EFAULT;
		for (size_t i = 0; i < part; i++)
			if (b[i])
				return -E2BIG;
		at.v += part;
		n -= part;
	}
	return 0;
}

long sys_clone3(uaddr_t args, size_t size)
{
	struct lx_clone_args u = { 0 };
	struct clone_args_k a;
	int ret = 0;

	if (size < CLONE_ARGS_V0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size > sizeof(u))
		ret = tail_is_zero(UADDR(args.v + sizeof(u)), size - sizeof(u));
	if (ret)
		return ret;
	if (copy_from_user(&u, args, min(size, sizeof(u))))
		return -EFAULT;
	if (u.flags & (CSIGNAL | CLONE_DETACHED) || u.exit_signal > NSIG)
		return -EINVAL;
	if (u.flags & (CLONE_THREAD | CLONE_PARENT) && u.exit_signal)
		return -EINVAL;
	if (u.flags & CLONE_PIDFD && u.flags & CLONE_PARENT_SETTID &&
	    u.pidfd == u.parent_tid)
		return -EINVAL;
	if (!u.stack != !u.stack_size)
		return -EINVAL;
	a = (struct clone_args_k){
		.flags = u.flags,
		.pidfd = UADDR(u.pidfd),
		.child_tid = UADDR(u.child_tid),
		.parent_tid = UADDR(u.parent_tid),
		.exit_signal = (int)u.exit_signal,
		.stack = u.stack ? u.stack + u.stack_size : 0,
		.tls = u.tls,
		.set_tid = UADDR(u.set_tid),
		.set_tid_size = u.set_tid_size,
	};
	return task_clone(&a);
}

/* ---- exec ---- */

static long exec_file(struct file *f, const struct exec_name *name,
		      uaddr_t argv, uaddr_t envp)
{
	static const char *const no_args[] = { "", NULL };
	struct user_strings a, e;
	uint64_t stack = rlimit_get(RLIMIT_STACK) / 4;
	size_t budget;
	int ret;

	stack = max(stack, (uint64_t)131072);
	budget = (size_t)min(stack, (uint64_t)(3UL << 20));
	ret = user_strings_read(&a, argv, &budget);
	if (!ret)
		ret = user_strings_read(&e, envp, &budget);
	else
		memset(&e, 0, sizeof(e));
	if (!ret)
		ret = task_exec(f, name,
				a.n ? a.v : (char *const *)(uintptr_t)no_args,
				e.v);
	user_strings_free(&a);
	user_strings_free(&e);
	return ret;
}

long sys_execve(uaddr_t name, uaddr_t argv, uaddr_t envp)
{
	return sys_execveat(AT_FDCWD, name, argv, envp, 0);
}

/* path as the program is told it; *made is to be freed. */
static int name_for(int dfd, char *path, struct exec_name *name, char **made)
{
	int n;

	*made = NULL;
	*name = (struct exec_name){ .s = path };
	if (path[0] == '/' || dfd == AT_FDCWD)
		return 0;
	name->s = *made = kmalloc(PATH_MAX);
	if (!*made)
		return -ENOMEM;
	name->closes = fd_get_cloexec(dfd) == 1;
	n = path[0] ? snprintf(*made, PATH_MAX, "/dev/fd/%d/%s", dfd, path)
		    : snprintf(*made, PATH_MAX, "/dev/fd/%d", dfd);
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

long sys_execveat(int dfd, uaddr_t uname, uaddr_t argv, uaddr_t envp, int flags)
{
	unsigned lookup = flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;
	struct exec_name name;
	char *path, *made;
	struct file *f;
	long ret;

	if (flags & AT_SYMLINK_NOFOLLOW)
		lookup |= LOOKUP_NO_SYMLINKS;
	ret = path_from_user(uname, &path);
	if (ret)
		return ret;
	ret = flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)
		      ? -EINVAL
		      : exec_open(dfd, path, lookup, &f);
	if (!ret) {
		ret = name_for(dfd, path, &name, &made);
		if (!ret)
			ret = exec_file(f, &name, argv, envp);
		kfree(made);
		file_put(f);
	}
	path_free(path);
	return ret;
}

/* ---- the end, and waiting for it ---- */

long sys_exit(int code)
{
	task_exit((code & 0xff) << 8);
}

long sys_exit_group(int code)
{
	task_exit_group((code & 0xff) << 8);
}

long sys_wait4(int pid, uaddr_t status, int options, uaddr_t rusage)
{
	const int known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD |
			  __WALL | (int)__WCLONE;
	struct lx_siginfo_wait w;
	struct lx_rusage ru;
	int type = P_ALL, id = 0;
	long ret;

	if (options & ~known)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0) {
		type = P_PID;
		id = pid;
	} else if (pid != -1) {
		type = P_PGID;
		id = -pid;
	}
	ret = task_wait(type, id, options | WEXITED, &w, &ru);
	if (ret <= 0)
		return ret;
	if (status.v && copy_to_user(status, &w.wstatus, sizeof(w.wstatus)))
		return -EFAULT;
	if (rusage.v && copy_to_user(rusage, &ru, sizeof(ru)))
		return -EFAULT;
	return ret;
}

/* P_PIDFD: the pid, or errno; an O_NONBLOCK descriptor does not wait. */
static long wait_pidfd(int fd, int *options, bool *nonblock)
{
	struct process *p;
	unsigned flags;
	int ret = pidfd_process(fd, &p, &flags);

	if (ret)
		return ret;
	*nonblock = flags & O_NONBLOCK && !(*options & WNOHANG);
	if (*nonblock)
		*options |= WNOHANG;
	spin_lock(&tasklist_lock);
	ret = p->leader ? p->pid : -ECHILD; /* the number may be another's */
	spin_unlock(&tasklist_lock);
	process_put(p);
	return ret;
}

long sys_waitid(int which, int id, uaddr_t info, int options, uaddr_t rusage)
{
	const int known = WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
			  __WNOTHREAD | __WALL | (int)__WCLONE;
	struct siginfo_k si = { 0 };
	struct lx_siginfo_wait w;
	struct lx_rusage ru;
	bool nonblock = false;
	long ret;

	if (options & ~known || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (which < P_ALL || which > P_PIDFD)
		return -EINVAL;
	if ((which == P_PID && id <= 0) || (which >= P_PGID && id < 0))
		return -EINVAL;
	if (which == P_PIDFD) {
		ret = wait_pidfd(id, &options, &nonblock);
		if (ret < 0)
			return ret;
		which = P_PID;
		id = (int)ret;
	}
	ret = task_wait(which, id, options, &w, &ru);
	if (!ret && nonblock)
		return -EAGAIN;
	if (ret < 0)
		return ret;
	if (ret > 0) {
		si.signo = SIGCHLD;
		si.code = w.code;
		si.pid = w.pid;
		si.uid = w.uid;
		si.status = w.status;
	}
	/* Only the fields that waitid(2) sets: 28 bytes. */
	if (info.v && copy_to_user(info, &si, 28))
		return -EFAULT;
	if (ret > 0 && rusage.v && copy_to_user(rusage, &ru, sizeof(ru)))
		return -EFAULT;
	return 0;
}

/* ---- who am I ---- */

long sys_getpid(void)
{
	return current->proc->pid;
}

long sys_gettid(void)
{
	return current->tid;
}

long sys_getppid(void)
{
	const struct process *up;
	int pid;

	spin_lock(&tasklist_lock);
	up = current->proc->parent;
	pid = up ? up->pid : 0;
	spin_unlock(&tasklist_lock);
	return pid;
}

long sys_set_tid_address(uaddr_t tidptr)
{
	current->clear_tid = tidptr;
	return current->tid;
}

/* ---- process groups and sessions ---- */

static bool group_in_session(int pgid, int sid)
{
	struct process *p;

	LIST_FOREACH(p, &all_processes, all_link)
	if (p->pgid == pgid && p->sid == sid)
		return true;
	return false;
}

/* tasklist_lock held; setpgid(2)'s errors in its order. */
static int do_setpgid(struct process *p, int pgid)
{
	struct process *me = current->proc;

	if (!p)
		return -ESRCH;
	if (p->parent == me) {
		if (p->sid != me->sid)
			return -EPERM;
		if (p->did_exec)
			return -EACCES;
	} else if (p != me) {
		return -ESRCH;
	}
	if (p->sid == p->pid)
		return -EPERM;
	if (pgid != p->pid && !group_in_session(pgid, me->sid))
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

long sys_setpgid(int pid, int pgid)
{
	int ret;

	if (!pid)
		pid = current->proc->pid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	spin_lock(&tasklist_lock);
	ret = do_setpgid(process_lookup(pid), pgid);
	spin_unlock(&tasklist_lock);
	return ret;
}

/* Of the process that this thread is of. */
static long id_of(int pid, bool session)
{
	struct task *t;
	long ret = -ESRCH;

	spin_lock(&tasklist_lock);
	t = pid ? pid_hash_find(pid) : current;
	if (t && t->proc)
		ret = session ? t->proc->sid : t->proc->pgid;
	spin_unlock(&tasklist_lock);
	return ret;
}

long sys_getpgid(int pid)
{
	return id_of(pid, false);
}

long sys_getpgrp(void)
{
	return id_of(0, false);
}

long sys_getsid(int pid)
{
	return id_of(pid, true);
}

long sys_setsid(void)
{
	struct process *me = current->proc, *p;
	struct tty *tty = NULL;
	long ret = me->pid;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	if (p->pgid == me->pid)
		ret = -EPERM;
	if (ret > 0) {
		me->sid = me->pgid = me->pid;
		tty = me->tty;
		me->tty = NULL;
	}
	spin_unlock(&tasklist_lock);
	if (tty)
		task_tty_put(tty);
	return ret;
}
