/* SPDX-License-Identifier: Apache-2.0 */
/* sys_stat.c: reading and changing attributes: stat, access, chmod, chown,
 * times, statfs. */
#include <string.h>

#include "syscall_proto.h"
#include "target.h"

static long stat_at(int dfd, uaddr_t name, uaddr_t out, int flags)
{
	struct target t;
	struct lx_stat st;
	long r = target_at(dfd, name, flags, &t);

	if (r)
		return r;
	r = vfs_stat(t.i, &st);
	target_put(&t);
	return r ? r : copy_to_user(out, &st, sizeof(st));
}

long sys_stat(uaddr_t name, uaddr_t st)
{
	return stat_at(AT_FDCWD, name, st, 0);
}

long sys_lstat(uaddr_t name, uaddr_t st)
{
	return stat_at(AT_FDCWD, name, st, AT_SYMLINK_NOFOLLOW);
}

long sys_newfstatat(int dfd, uaddr_t name, uaddr_t st, int flag)
{
	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	return stat_at(dfd, name, st, flag);
}

long sys_fstat(int fd, uaddr_t st)
{
	struct file *f = fd_get(fd);
	struct lx_stat out;
	long r;

	if (!f)
		return -EBADF;
	r = vfs_stat(f->inode, &out);
	file_put(f);
	return r ? r : copy_to_user(st, &out, sizeof(out));
}

static struct lx_statx_time statx_time(uint64_t sec, uint64_t nsec)
{
	return (struct lx_statx_time){ (int64_t)sec, (uint32_t)nsec, 0 };
}

static void fill_statx(struct lx_statx *x, const struct lx_stat *st,
		       const struct target *t)
{
	memset(x, 0, sizeof(*x));
	x->mask = STATX_BASIC_STATS;
	x->blksize = (uint32_t)st->st_blksize;
	x->nlink = (uint32_t)st->st_nlink;
	x->uid = st->st_uid;
	x->gid = st->st_gid;
	x->mode = (uint16_t)st->st_mode;
	x->ino = st->st_ino;
	x->size = (uint64_t)st->st_size;
	x->blocks = (uint64_t)st->st_blocks;
	x->atime = statx_time(st->atime, st->atime_nsec);
	x->ctime = statx_time(st->ctime, st->ctime_nsec);
	x->mtime = statx_time(st->mtime, st->mtime_nsec);
	x->rdev_major = DEV_MAJOR(st->st_rdev);
	x->rdev_minor = DEV_MINOR(st->st_rdev);
	x->dev_major = DEV_MAJOR(st->st_dev);
	x->dev_minor = DEV_MINOR(st->st_dev);
	if (!t->mnt)
		return;
	x->mask |= STATX_MNT_ID;
	x->mnt_id = t->mnt->id;
	x->attributes_mask = STATX_ATTR_MOUNT_ROOT;
	if (t->path.d == t->mnt->root)
		x->attributes = STATX_ATTR_MOUNT_ROOT;
}

long sys_statx(int dfd, uaddr_t name, unsigned int flags, unsigned int mask,
	       uaddr_t buf)
{
	const unsigned valid = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH |
			       AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
	struct target t;
	struct lx_stat st;
	struct lx_statx x;
	long r;

	if (flags & ~valid || mask & STATX_RESERVED ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	r = target_at(dfd, name, (int)flags, &t);
	if (r)
		return r;
	r = vfs_stat(t.i, &st);
	if (!r)
		fill_statx(&x, &st, &t);
	target_put(&t);
	return r ? r : copy_to_user(buf, &x, sizeof(x));
}

/* ---- access: as the real ids see it ---- */

static int access_target(const struct target *t, unsigned mode)
{
	uint32_t type = t->i->mode;
	int r;

	if ((mode & X_OK) && S_ISREG(type) && t->mnt &&
	    (t->mnt->flags & MS_NOEXEC))
		return -EACCES;
	r = inode_permission(t->i, mode);
	if (!r && (mode & W_OK) &&
	    (S_ISREG(type) || S_ISDIR(type) || S_ISLNK(type)))
		r = mnt_want_write(t->mnt);
	return r;
}

/* A copy of current's credentials that acts with the real ids. */
static int real_cred(struct cred **out)
{
	struct cred *c = current->cred;
	int r = cred_copy(c, out);

	if (r)
		return r;
	(*out)->fsuid = c->uid;
	(*out)->fsgid = c->gid;
	(*out)->cap_eff = c->uid ? 0 : c->cap_perm;
	return 0;
}

static long access_at(int dfd, uaddr_t name, int mode, int flags)
{
	struct cred *own = current->cred, *real = NULL;
	struct target t;
	long r;

	if (mode & ~7 ||
	    flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!(flags & AT_EACCESS) &&
	    (own->uid != own->fsuid || own->gid != own->fsgid ||
	     own->cap_eff != (own->uid ? 0 : own->cap_perm))) {
		r = real_cred(&real);
		if (r)
			return r;
		current->cred = real;
	}
	r = target_at(dfd, name, flags, &t);
	if (!r) {
		if (t.i->ops && t.i->ops->refresh)
			r = t.i->ops->refresh(t.i);
		if (!r && mode)
			r = access_target(&t, (unsigned)mode);
		target_put(&t);
	}
	current->cred = own;
	if (real)
		cred_put(real);
	return r;
}

long sys_access(uaddr_t name, int mode)
{
	return access_at(AT_FDCWD, name, mode, 0);
}

long sys_faccessat(int dfd, uaddr_t name, int mode)
{
	return access_at(dfd, name, mode, 0);
}

long sys_faccessat2(int dfd, uaddr_t name, int mode, int flags)
{
	return access_at(dfd, name, mode, flags);
}

/* ---- chmod, chown, times ---- */

static long setattr_at(int dfd, uaddr_t name, int flags, struct setattr *a)
{
	struct target t;
	long r = target_at(dfd, name, flags, &t);

	if (r)
		return r;
	if ((a->valid & ATTR_MODE) && S_ISLNK(t.i->mode))
		r = -EOPNOTSUPP;
	else
		r = vfs_setattr(t.mnt, t.i, a);
	if (!r)
		notify_setattr(t.path.d, a->valid);
	target_put(&t);
	return r;
}

static long setattr_fd(int fd, struct setattr *a)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = vfs_setattr(f->path.mnt, f->inode, a);
	if (!r)
		notify_setattr(f->path.d, a->valid);
	file_put(f);
	return r;
}

long sys_fchmodat(int dfd, uaddr_t name, unsigned int mode)
{
	struct setattr a = { .valid = ATTR_MODE, .mode = mode & 07777 };

	return setattr_at(dfd, name, 0, &a);
}

long sys_chmod(uaddr_t name, unsigned int mode)
{
	return sys_fchmodat(AT_FDCWD, name, mode);
}

long sys_fchmod(int fd, unsigned int mode)
{
	struct setattr a = { .valid = ATTR_MODE, .mode = mode & 07777 };

	return setattr_fd(fd, &a);
}

static struct setattr owner(unsigned uid, unsigned gid)
{
	struct setattr a = { .uid = uid, .gid = gid };

	if (uid != UINT32_MAX)
		a.valid |= ATTR_UID;
	if (gid != UINT32_MAX)
		a.valid |= ATTR_GID;
	return a;
}

long sys_fchownat(int dfd, uaddr_t name, unsigned int uid, unsigned int gid,
		  int flag)
{
	struct setattr a = owner(uid, gid);

	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return setattr_at(dfd, name, flag, &a);
}

long sys_chown(uaddr_t name, unsigned int uid, unsigned int gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(uaddr_t name, unsigned int uid, unsigned int gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, unsigned int uid, unsigned int gid)
{
	struct setattr a = owner(uid, gid);

	return setattr_fd(fd, &a);
}

/* times NULL: both now.  false: a value out of range. */
static bool time_attrs(const struct lx_timespec *t, struct setattr *a)
{
	static const unsigned set[] = { ATTR_ATIME, ATTR_MTIME };
	static const unsigned now[] = { ATTR_ATIME_NOW, ATTR_MTIME_NOW };

	for (int n = 0; n < 2; n++) {
		struct timespec_k *to = n ? &a->mtime : &a->atime;

		if (!t || t[n].nsec == UTIME_NOW) {
			a->valid |= now[n];
		} else if (t[n].nsec != UTIME_OMIT) {
			if (t[n].nsec < 0 || t[n].nsec >= (int64_t)NSEC_PER_SEC)
				return false;
			*to = (struct timespec_k){ t[n].sec, t[n].nsec };
			a->valid |= set[n];
		}
	}
	return true;
}

static long times_at(int dfd, uaddr_t name, const struct lx_timespec *t,
		     int flags)
{
	struct setattr a = { 0 };

	if (!time_attrs(t, &a))
		return -EINVAL;
	if (!a.valid)
		return 0;
	if (!name.v && dfd != AT_FDCWD)
		return flags ? -EINVAL : setattr_fd(dfd, &a);
	return setattr_at(dfd, name, flags, &a);
}

long sys_utimensat(int dfd, uaddr_t name, uaddr_t times, int flags)
{
	struct lx_timespec t[2];

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times.v && copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	return times_at(dfd, name, times.v ? t : NULL, flags);
}

long sys_futimesat(int dfd, uaddr_t name, uaddr_t times)
{
	struct lx_timeval v[2];
	struct lx_timespec t[2];

	if (!times.v)
		return times_at(dfd, name, NULL, 0);
	if (copy_from_user(v, times, sizeof(v)))
		return -EFAULT;
	for (int n = 0; n < 2; n++) {
		if (v[n].usec < 0 || v[n].usec >= 1000000)
			return -EINVAL;
		t[n] = (struct lx_timespec){ v[n].sec, v[n].usec * 1000 };
	}
	return times_at(dfd, name, t, 0);
}

long sys_utimes(uaddr_t name, uaddr_t times)
{
	return sys_futimesat(AT_FDCWD, name, times);
}

long sys_utime(uaddr_t name, uaddr_t times)
{
	struct lx_timespec t[2] = { 0 };
	int64_t v[2];

	if (!times.v)
		return times_at(AT_FDCWD, name, NULL, 0);
	if (copy_from_user(v, times, sizeof(v)))
		return -EFAULT;
	t[0].sec = v[0];
	t[1].sec = v[1];
	return times_at(AT_FDCWD, name, t, 0);
}

long sys_umask(unsigned int mask)
{
	return __atomic_exchange_n(&current->fs->umask, mask & 0777,
				   __ATOMIC_RELAXED);
}

/* ---- statfs ---- */

static long statfs_of(struct super *s, const struct mount *m, uaddr_t buf)
{
	const uint64_t same = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
			      MS_NOATIME | MS_NODIRATIME;
	struct lx_statfs out;
	int r;

	if (!s->ops || !s->ops->statfs)
		return -ENOSYS;
	memset(&out, 0, sizeof(out));
	r = s->ops->statfs(s, &out);
	if (r)
		return r;
	if (m) {
		out.f_flags = 0x20 | (int64_t)(m->flags & same); /* ST_VALID */
		if (m->flags & MS_RELATIME)
			out.f_flags |= ST_RELATIME;
	}
	return copy_to_user(buf, &out, sizeof(out));
}

long sys_statfs(uaddr_t name, uaddr_t buf)
{
	struct target t;
	long r = target_at(AT_FDCWD, name, 0, &t);

	if (r)
		return r;
	r = statfs_of(t.i->super, t.mnt, buf);
	target_put(&t);
	return r;
}

long sys_fstatfs(int fd, uaddr_t buf)
{
	struct file *f = fd_get(fd);
	long r;

	if (!f)
		return -EBADF;
	r = statfs_of(f->inode->super, f->path.mnt, buf);
	file_put(f);
	return r;
}
