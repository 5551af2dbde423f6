/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_unshare.c: unshare(2): what clone(2) shared becomes the caller's own.
 * Namespaces are not there: EPERM without CAP_SYS_ADMIN, EINVAL with it, as on
 * a Linux without them.
 */
#include "guest/kernel/task/internal.h"
#include "syscall_proto.h"

#define NAMESPACES                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
/* Of threads: fine where there are none, for nothing is shared then. */
#define ALONE (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)
#define KNOWN (NAMESPACES | ALONE | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM)

static int own_fs(struct task *t)
{
	struct fs_ctx *old = t->fs, *fs;
	int ret;

	if (__atomic_load_n(&old->ref, __ATOMIC_ACQUIRE) == 1)
		return 0;
	ret = fs_ctx_fork(old, &fs);
	if (ret)
		return ret;
	spin_lock(&t->proc->siglock);
	t->fs = fs;
	spin_unlock(&t->proc->siglock);
	fs_ctx_put(old);
	return 0;
}

static int own_files(struct task *t)
{
	struct fdtable *old = t->files, *files;
	int ret;

	if (__atomic_load_n(&old->ref, __ATOMIC_ACQUIRE) == 1)
		return 0;
	ret = fdtable_fork(old, &files);
	if (ret)
		return ret;
	spin_lock(&t->proc->siglock);
	t->files = files;
	spin_unlock(&t->proc->siglock);
	fdtable_put(old);
	return 0;
}

long sys_unshare(unsigned int flags)
{
	struct task *t = current;
	int ret = 0;

	if (flags & ~(unsigned)KNOWN)
		return -EINVAL;
	if (flags & NAMESPACES)
		return capable(CAP_SYS_ADMIN) ? -EINVAL : -EPERM;
	if (flags & ALONE &&
	    (__atomic_load_n(&t->proc->nthreads, __ATOMIC_RELAXED) > 1 ||
	     (flags & CLONE_VM && t->mm->users > 1)))
		return -EINVAL;
	if (flags & CLONE_FS)
		ret = own_fs(t);
	if (!ret && flags & CLONE_FILES)
		ret = own_files(t);
	return ret;
}
