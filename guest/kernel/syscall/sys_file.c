/* SPDX-License-Identifier: Apache-2.0 */
/* sys_file.c: descriptors: open, close, dup, fcntl, ioctl, pipe, locks, sizes. */
#include <string.h>

#include "kuni/vfs.h"
#include "syscall_proto.h"

/* f as a new descriptor; its reference goes in any case. */
static long give_fd(struct file *f, int from, bool cloexec)
{
	int r = fd_install(f, from, cloexec);

	if (r < 0)
		file_put(f);
	return r;
}

long sys_openat(int dfd, uaddr_t name, int flags, unsigned int mode)
{
	struct file *f;
	char *s;
	long r = path_from_user(name, &s);

	if (r)
		return r;
	r = file_open(dfd, s, flags, mode, &f);
	path_free(s);
	return r ? r : give_fd(f, 0, flags & O_CLOEXEC);
}

long sys_open(uaddr_t name, int flags, unsigned int mode)
{
	return sys_openat(AT_FDCWD, name, flags, mode);
}

long sys_creat(uaddr_t name, unsigned int mode)
{
	return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

#define VALID_OPEN                                                             \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |        \
	 O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | O_LARGEFILE |              \
	 O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |           \
	 O_TMPFILE)
#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)
#define VALID_RESOLVE                                                          \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |       \
	 RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)

/* openat2(2) refuses what open(2) ignores. */
static int check_how(const struct lx_open_how *how)
{
	bool creates = how->flags & (O_CREAT | TMPFILE_BIT);
	const uint64_t path_ok = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	if (how->flags & ~(uint64_t)VALID_OPEN ||
	    how->resolve & ~(uint64_t)VALID_RESOLVE)
		return -EINVAL;
	if ((how->resolve & RESOLVE_BENEATH) &&
	    (how->resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how->resolve & RESOLVE_CACHED) &&
	    (how->flags & (O_TRUNC | O_CREAT | TMPFILE_BIT)))
		return -EAGAIN;
	if (creates ? how->mode & ~07777ULL : how->mode)
		return -EINVAL;
	if ((how->flags & O_PATH) && (how->flags & ~path_ok))
		return -EINVAL;
	if ((how->flags & TMPFILE_BIT) &&
	    ((how->flags & O_CREAT) || !(how->flags & O_DIRECTORY) ||
	     !(how->flags & (O_WRONLY | O_RDWR))))
		return -EINVAL;
	return 0;
}

/* A structure that may have grown: what is beyond ours must be zero. */
static int take_how(uaddr_t at, size_t size, struct lx_open_how *how)
{
	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (copy_from_user(how, at, sizeof(*how)))
		return -EFAULT;
	for (size_t n = sizeof(*how); n < size; n++) {
		char c;

		if (copy_from_user(&c, UADDR(at.v + n), 1))
			return -EFAULT;
		if (c)
			return -E2BIG;
	}
	return check_how(how);
}

long sys_openat2(int dfd, uaddr_t name, uaddr_t user_how, size_t size)
{
	struct lx_open_how how;
	struct file *f;
	char *s;
	long r = take_how(user_how, size, &how);

	if (!r)
		r = path_from_user(name, &s);
	if (r)
		return r;
	r = file_open_how(dfd, s, &how, &f);
	path_free(s);
	return r ? r : give_fd(f, 0, how.flags & O_CLOEXEC);
}

long sys_close(int fd)
{
	long r = fd_close(fd);

	/* the descriptor is gone: never to be restarted */
	return r <= -ERESTARTSYS ? -EINTR : r;
}

static int unshare_files(void)
{
	struct fdtable *t = current->files, *own;
	int r;

	if (__atomic_load_n(&t->ref, __ATOMIC_RELAXED) == 1)
		return 0;
	r = fdtable_fork(t, &own);
	if (r)
		return r;
	current->files = own;
	fdtable_put(t);
	return 0;
}

long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	int r = 0;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) ||
	    first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		r = unshare_files();
	if (!r)
		fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
	return r;
}

static long dup_from(int fd, long from, bool cloexec)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	if (from < 0 || from > INT32_MAX) {
		file_put(f);
		return -EINVAL;
	}
	return give_fd(f, (int)from, cloexec);
}

long sys_dup(int fd)
{
	return dup_from(fd, 0, false);
}

long sys_dup2(int oldfd, int newfd)
{
	if (oldfd == newfd)
		return fd_get_cloexec(oldfd) < 0 ? -EBADF : newfd;
	return fd_dup_to(oldfd, newfd, false);
}

long sys_dup3(int oldfd, int newfd, int flags)
{
	if (flags & ~O_CLOEXEC || oldfd == newfd)
		return -EINVAL;
	return fd_dup_to(oldfd, newfd, flags & O_CLOEXEC);
}

#define SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* O_DIRECT is for pipes: packets. */
static long set_flags(int fd, struct file *f, unsigned flags)
{
	unsigned now = f->flags;
	unsigned may = SETTABLE | (f->ops->sigio ? O_ASYNC : 0U);
	int r;

	if (((flags & ~now) & O_DIRECT) && !S_ISFIFO(f->inode->mode))
		return -EINVAL;
	if (((flags ^ now) & O_NOATIME) && !inode_owner_or_capable(f->inode))
		return -EPERM;
	r = (flags ^ now) & O_ASYNC ? fasync_set(f, fd, flags & O_ASYNC) : 0;
	if (r)
		return r;
	__atomic_store_n(&f->flags, (now & ~may) | (flags & may),
			 __ATOMIC_RELAXED);
	return 0;
}

/* A lock set while another thread closed the descriptor came too late to go with
 * it. */
static void lock_again(int fd, struct file *f)
{
	struct file *now = fd_get(fd);

	if (now != f)
		posix_locks_close(f, current->files);
	if (now)
		file_put(now);
}

static long lock_cmd(int fd, struct file *f, unsigned cmd, uaddr_t arg)
{
	bool ofd = cmd >= F_OFD_GETLK;
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	struct lx_flock l;
	long r;

	if (copy_from_user(&l, arg, sizeof(l)))
		return -EFAULT;
	if (!get) {
		r = posix_lock_set(f, &l, ofd,
				   cmd == F_SETLKW || cmd == F_OFD_SETLKW);
		if (!r && !ofd && l.l_type != F_UNLCK)
			lock_again(fd, f);
		return r;
	}
	r = posix_lock_get(f, &l, ofd);
	return r ? r : copy_to_user(arg, &l, sizeof(l));
}

/* What an O_PATH descriptor allows, too; 1: not one of these. */
static long fcntl_fd(int fd, struct file *f, unsigned cmd, long arg)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return dup_from(fd, arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return f->flags;
	default:
		return (f->flags & O_PATH) ? -EBADF : 1;
	}
}

/* A group has a negative number; 0 is nobody. */
static long set_owner(struct file *f, int id)
{
	if (id == INT32_MIN)
		return -EINVAL;
	return id < 0 ? fasync_set_owner(f, F_OWNER_PGRP, -id)
		      : fasync_set_owner(f, F_OWNER_PID, id);
}

static long get_owner(struct file *f)
{
	int type, id;

	fasync_get_owner(f, &type, &id);
	return type == F_OWNER_PGRP ? -id : id;
}

static long owner_ex(struct file *f, unsigned cmd, uaddr_t arg)
{
	struct {
		int type, id;
	} o;

	if (cmd == F_GETOWN_EX) {
		fasync_get_owner(f, &o.type, &o.id);
		return copy_to_user(arg, &o, sizeof(o));
	}
	if (copy_from_user(&o, arg, sizeof(o)))
		return -EFAULT;
	if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP)
		return -EINVAL;
	return o.id < 0 ? -ESRCH : fasync_set_owner(f, o.type, o.id);
}

static long fcntl_file(int fd, struct file *f, unsigned cmd, long arg)
{
	switch (cmd) {
	case F_SETFL:
		return set_flags(fd, f, (unsigned)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_cmd(fd, f, cmd, UADDR(arg));
	case F_SETOWN:
		return set_owner(f, (int)arg);
	case F_GETOWN:
		return get_owner(f);
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return owner_ex(f, cmd, UADDR(arg));
	case F_SETSIG:
		return fasync_set_signal(f, (int)arg);
	case F_GETSIG:
		return fasync_get_signal(f);
	case F_NOTIFY:
		return dnotify_set(f, fd, current->files, (unsigned)arg);
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return pipe_size(f, cmd == F_SETPIPE_SZ, (unsigned long)arg);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return tmpfs_seals(f, cmd == F_ADD_SEALS, (unsigned)arg);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(int fd, unsigned int cmd, long arg)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = fcntl_fd(fd, f, cmd, arg);
	if (r == 1 && cmd != F_GETFD && cmd != F_DUPFD &&
	    cmd != F_DUPFD_CLOEXEC && cmd != F_GETFL)
		r = fcntl_file(fd, f, cmd, arg);
	file_put(f);
	return r;
}

static long ioctl_async(int fd, struct file *f, uaddr_t arg)
{
	int32_t on;

	if (copy_from_user(&on, arg, sizeof(on)))
		return -EFAULT;
	if (!on == !(f->flags & O_ASYNC))
		return 0;
	if (!f->ops->sigio)
		return -ENOTTY;
	return set_flags(
		fd, f, on ? f->flags | O_ASYNC : f->flags & ~(unsigned)O_ASYNC);
}

long sys_ioctl(int fd, unsigned int cmd, uaddr_t arg)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	if (cmd == FIOCLEX || cmd == FIONCLEX)
		r = fd_set_cloexec(fd, cmd == FIOCLEX);
	else if (cmd == FIOASYNC)
		r = ioctl_async(fd, f, arg);
	else
		r = file_ioctl(f, cmd, arg);
	file_put(f);
	return r;
}

long sys_pipe2(uaddr_t fds, int flags)
{
	struct file *rd, *wr;
	int fd[2];
	long r;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	r = pipe_create(&rd, &wr, (uint32_t)flags & (O_NONBLOCK | O_DIRECT));
	if (r)
		return r;
	r = fd_install_two(rd, wr, flags & O_CLOEXEC, fd);
	if (r) {
		file_put(rd);
		file_put(wr);
		return r;
	}
	if (!copy_to_user(fds, fd, sizeof(fd)))
		return 0;
	(void)fd_close(fd[0]);
	(void)fd_close(fd[1]);
	return -EFAULT;
}

long sys_pipe(uaddr_t fds)
{
	return sys_pipe2(fds, 0);
}

long sys_memfd_create(uaddr_t name, unsigned int flags)
{
	char s[250];
	struct file *f;
	long r;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING)) /* no huge pages */
		return -EINVAL;
	r = strncpy_from_user(s, name, sizeof(s));
	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	if (r >= (long)sizeof(s))
		return -EINVAL;
	r = memfd_new(s, flags & MFD_ALLOW_SEALING, &f);
	return r ? r : give_fd(f, 0, flags & MFD_CLOEXEC);
}

long sys_flock(int fd, unsigned int cmd)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = flock_apply(f, (int)cmd);
	file_put(f);
	return r;
}

long sys_ftruncate(int fd, int64_t length)
{
	struct file *f;
	long r;

	if (length < 0)
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = file_truncate(f, (uint64_t)length);
	file_put(f);
	return r;
}

static long truncate_path(const struct path *p, uint64_t length)
{
	struct inode *i = p->d->inode;
	int r;

	if (S_ISDIR(i->mode))
		return -EISDIR;
	if (!S_ISREG(i->mode))
		return -EINVAL;
	r = mnt_want_write(p->mnt);
	if (!r)
		r = inode_permission(i, MAY_WRITE);
	if (!r)
		r = inode_write_begin(i);
	if (r)
		return r;
	r = vfs_truncate(i, length);
	inode_write_end(i);
	if (!r)
		notify_setattr(p->d, ATTR_SIZE);
	return r;
}

long sys_truncate(uaddr_t name, int64_t length)
{
	struct path p;
	char *s;
	long r;

	if (length < 0)
		return -EINVAL;
	r = path_from_user(name, &s);
	if (r)
		return r;
	r = path_lookup(AT_FDCWD, s, LOOKUP_FOLLOW, &p, NULL);
	path_free(s);
	if (r)
		return r;
	r = truncate_path(&p, (uint64_t)length);
	path_put(&p);
	return r;
}

static long fallocate_file(struct file *f, int mode, uint64_t off, uint64_t len)
{
	uint32_t type = f->inode->mode;
	size_t n = len;
	int r;

	if (!file_writable(f))
		return -EBADF;
	if (mode & ~FALLOC_FL_ALL ||
	    (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) ==
		    FALLOC_FL_PUNCH_HOLE ||
	    (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) ==
		    (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if (S_ISFIFO(type))
		return -ESPIPE;
	if (S_ISDIR(type))
		return -EISDIR;
	if (!S_ISREG(type))
		return -ENODEV;
	if (off + len > INT64_MAX)
		return -EFBIG;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > f->inode->size) {
		r = file_size_limit(off, &n);
		if (r || n < len)
			return -EFBIG;
	}
	r = f->ops->fallocate(f, mode, off, len);
	if (!r)
		notify_dentry(f->path.d, IN_MODIFY);
	return r;
}

long sys_fallocate(int fd, int mode, int64_t offset, int64_t len)
{
	struct file *f;
	long r;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = fallocate_file(f, mode, (uint64_t)offset, (uint64_t)len);
	file_put(f);
	return r;
}
