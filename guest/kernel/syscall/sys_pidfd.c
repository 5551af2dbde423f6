/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_pidfd.c: pidfds, and what one process may do to another's memory and
 * descriptors: process_vm_readv(2), process_madvise(2), kcmp(2).
 */
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "kuni/vfs.h"
#include "syscall_proto.h"

long sys_pidfd_open(int pid, unsigned int flags)
{
	struct process *p;
	struct file *f;
	int ret;

	if (flags & ~(unsigned)O_NONBLOCK || pid <= 0)
		return -EINVAL;
	p = process_find(pid);
	if (!p) {
		struct task *t = task_find(pid);

		if (t)
			task_put(t);
		return t ? -EINVAL : -ESRCH; /* a thread, not its leader */
	}
	ret = pidfd_new(p, flags, &f);
	process_put(p);
	if (ret)
		return ret;
	ret = fd_install(f, 0, true);
	if (ret < 0)
		file_put(f);
	return ret;
}

/* The leader of the process behind a pidfd, with a reference. */
static int pidfd_leader(int fd, struct task **out)
{
	struct process *p;
	int ret = pidfd_process(fd, &p, NULL);

	if (ret)
		return ret;
	spin_lock(&tasklist_lock);
	*out = p->leader;
	if (*out)
		task_get(*out);
	else
		ret = -ESRCH;
	spin_unlock(&tasklist_lock);
	process_put(p);
	return ret;
}

static int read_info(uaddr_t uinfo, int sig, const struct process *p,
		     struct siginfo_k *info)
{
	if (!uinfo.v) {
		siginfo_user(info, sig, SI_USER);
		return 0;
	}
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	if (info->signo != sig)
		return -EINVAL;
	info->of_timer = 0;
	if ((info->code >= 0 || info->code == SI_TKILL) && p != current->proc)
		return -EPERM;
	return 0;
}

long sys_pidfd_send_signal(int pidfd, int sig, uaddr_t uinfo,
			   unsigned int flags)
{
	struct siginfo_k info;
	struct process *p;
	int ret;

	if (flags)
		return -EINVAL;
	ret = pidfd_process(pidfd, &p, NULL);
	if (ret)
		ret = procfs_process(pidfd, &p);
	if (ret)
		return ret;
	ret = sig < 0 || sig > NSIG ? -EINVAL : read_info(uinfo, sig, p, &info);
	if (!ret) {
		spin_lock(&tasklist_lock);
		ret = p->leader ? may_signal(p, sig) : -ESRCH;
		if (!ret && sig)
			ret = signal_send_process(p, sig, &info);
		spin_unlock(&tasklist_lock);
	}
	process_put(p);
	return ret;
}

static struct file *file_of(struct task *t, int fd)
{
	struct fdtable *ft = task_files_get(t);
	struct file *f = NULL;

	if (!ft)
		return NULL;
	spin_lock(&ft->lock);
	if (fd >= 0 && (unsigned)fd < ft->size)
		f = ft->file[fd];
	if (f)
		file_get(f);
	spin_unlock(&ft->lock);
	fdtable_put(ft);
	return f;
}

long sys_pidfd_getfd(int pidfd, int fd, unsigned int flags)
{
	struct file *f = NULL;
	struct task *t;
	int ret;

	if (flags)
		return -EINVAL;
	ret = pidfd_leader(pidfd, &t);
	if (ret)
		return ret;
	ret = t->exiting ? -ESRCH : task_inspect(t, INSPECT_REAL);
	if (!ret) {
		f = file_of(t, fd);
		ret = f ? fd_install(f, 0, true) : -EBADF;
	}
	task_put(t);
	if (f && ret < 0)
		file_put(f);
	return ret;
}

/* ---- memory of others ---- */

#define CHUNK PAGE_SIZE

/* Both sides of a transfer, consumed as it goes. */
struct side {
	struct uio_vec *v;
	unsigned n, i;
	size_t off;
};

static int side_read(struct side *s, uaddr_t at, long n)
{
	if (n < 0 || n > 1024)
		return -EINVAL;
	s->n = (unsigned)n;
	if (!n)
		return 0;
	s->v = kmalloc((size_t)n * sizeof(*s->v));
	if (!s->v)
		return -ENOMEM;
	return copy_from_user(s->v, at, (size_t)n * sizeof(*s->v));
}

/* What is left of the current piece; 0 at the end. */
static size_t side_left(struct side *s)
{
	while (s->i < s->n && s->off == s->v[s->i].len) {
		s->i++;
		s->off = 0;
	}
	return s->i < s->n ? s->v[s->i].len - s->off : 0;
}

static uint64_t side_at(const struct side *s)
{
	return s->v[s->i].base + s->off;
}

static int move(struct mm *m, uint64_t remote, uint64_t local, void *buf,
		size_t n, bool write)
{
	ssize_t got;

	if (write && copy_from_user(buf, UADDR(local), n))
		return -EFAULT;
	got = mm_access(m, remote, buf, n, write);
	if (got != (ssize_t)n)
		return got < 0 ? (int)got : -EFAULT;
	return write ? 0 : copy_to_user(UADDR(local), buf, n);
}

static long transfer(struct mm *m, struct side *l, struct side *r, bool write)
{
	void *buf = kmalloc(CHUNK);
	size_t n, done = 0;
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	while (!ret && (n = min(side_left(l), side_left(r)))) {
		uint64_t at = side_at(r);

		n = min(n, PAGE_SIZE - at % PAGE_SIZE);
		ret = move(m, at, side_at(l), buf, n, write);
		if (ret)
			break;
		l->off += n;
		r->off += n;
		done += n;
	}
	kfree(buf);
	return done ? (long)done : ret;
}

static long process_vm(int pid, const struct side *sides, bool write)
{
	struct task *t = task_find(pid);
	struct side l = sides[0], r = sides[1];
	struct mm *m;
	long ret;

	if (!t)
		return -ESRCH;
	ret = task_inspect(t, INSPECT_REAL);
	m = ret ? NULL : task_mm_get(t);
	task_put(t);
	if (!m)
		return ret ? ret : -ESRCH;
	ret = transfer(m, &l, &r, write);
	mm_put(m);
	return ret;
}

static long process_vm_call(int pid, uaddr_t lvec, long ln, uaddr_t rvec,
			    long rn, bool write)
{
	struct side s[2] = { 0 };
	long ret = side_read(&s[0], lvec, ln);

	if (!ret)
		ret = side_read(&s[1], rvec, rn);
	if (!ret && side_left(&s[0]))
		ret = process_vm(pid, s, write);
	kfree(s[0].v);
	kfree(s[1].v);
	return ret;
}

long sys_process_vm_readv(int pid, uaddr_t lvec, long liovcnt, uaddr_t rvec,
			  long riovcnt, long flags)
{
	if (flags)
		return -EINVAL;
	return process_vm_call(pid, lvec, liovcnt, rvec, riovcnt, false);
}

long sys_process_vm_writev(int pid, uaddr_t lvec, long liovcnt, uaddr_t rvec,
			   long riovcnt, long flags)
{
	if (flags)
		return -EINVAL;
	return process_vm_call(pid, lvec, liovcnt, rvec, riovcnt, true);
}

#define MADV_WILLNEED 3
#define MADV_COLD     20
#define MADV_PAGEOUT  21

static long advise_all(struct mm *m, struct side *s, int advice)
{
	long done = 0;
	size_t n;
	int ret = 0;

	while (!ret && (n = side_left(s))) {
		ret = mm_advise(m, side_at(s), n, advice);
		s->off += n;
		if (!ret)
			done += (long)n;
	}
	return done ? done : ret;
}

long sys_process_madvise(int pidfd, uaddr_t vec, size_t vlen, int advice,
			 unsigned int flags)
{
	struct side s = { 0 };
	struct mm *m = NULL;
	struct task *t;
	long ret;

	if (flags)
		return -EINVAL;
	ret = side_read(&s, vec, vlen > 1024 ? -1 : (long)vlen);
	if (!ret)
		ret = pidfd_leader(pidfd, &t);
	if (ret) {
		kfree(s.v);
		return ret;
	}
	if (advice != MADV_WILLNEED && advice != MADV_COLD &&
	    advice != MADV_PAGEOUT)
		ret = -EINVAL;
	if (!ret && task_inspect(t, INSPECT_FS))
		ret = -EACCES;
	if (!ret && t->proc != current->proc && !capable(CAP_SYS_NICE))
		ret = -EPERM;
	if (!ret)
		m = task_mm_get(t);
	task_put(t);
	if (!ret)
		ret = m ? advise_all(m, &s, advice) : -ESRCH;
	if (m)
		mm_put(m);
	kfree(s.v);
	return ret;
}

/* Only of a process that is to die. */
long sys_process_mrelease(int pidfd, unsigned int flags)
{
	struct task *t;
	struct mm *m;
	long ret;

	if (flags)
		return -EINVAL;
	ret = pidfd_leader(pidfd, &t);
	if (ret)
		return ret;
	m = task_mm_get(t);
	if (!m)
		ret = -ESRCH;
	else if (!t->proc->group_exit ||
		 __atomic_load_n(&m->users, __ATOMIC_RELAXED) >
			 t->proc->nthreads + 1)
		ret = -EINVAL; /* it lives, or somebody shares its memory */
	else
		mm_release_dying(m);
	if (m)
		mm_put(m);
	task_put(t);
	return ret;
}

/* ---- kcmp ---- */

enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_TYPES = 8 };

/* 0 equal, 1 less, 2 greater; only equality means something. */
static long order(const void *a, const void *b)
{
	return a == b ? 0 : (uintptr_t)a < (uintptr_t)b ? 1 : 2;
}

static long compare_files(struct task *a, struct task *b, long ia, long ib)
{
	struct file *fa = file_of(a, (int)ia), *fb = file_of(b, (int)ib);
	long ret = fa && fb ? order(fa, fb) : -EBADF;

	if (fa)
		file_put(fa);
	if (fb)
		file_put(fb);
	return ret;
}

static long compare(struct task *a, struct task *b, int type, long ia, long ib)
{
	switch (type) {
	case KCMP_FILE:
		return compare_files(a, b, ia, ib);
	case KCMP_VM:
		return order(a->mm, b->mm);
	case KCMP_FILES:
		return order(a->files, b->files);
	case KCMP_FS:
		return order(a->fs, b->fs);
	case KCMP_SIGHAND:
		return order(a->proc->hand, b->proc->hand);
	default:
		return type < KCMP_TYPES ? -EOPNOTSUPP : -EINVAL;
	}
}

long sys_kcmp(int pid1, int pid2, int type, long idx1, long idx2)
{
	struct task *a = task_find(pid1), *b = task_find(pid2);
	long ret = -ESRCH;

	if (a && b && a->proc && b->proc) {
		ret = task_inspect(a, INSPECT_REAL);
		if (!ret)
			ret = task_inspect(b, INSPECT_REAL);
		if (!ret)
			ret = compare(a, b, type, idx1, idx2);
	}
	if (a)
		task_put(a);
	if (b)
		task_put(b);
	return ret;
}
