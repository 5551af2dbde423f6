/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attr.c: changing and reading attributes, as chmod, chown, utimensat,
 * truncate and stat ask: who may, what set-id bits are lost, which limits hold.
 * The file system's setattr() only stores; inode_setattr_copy() does that for
 * those that have nothing but the inode.
 */
#include <string.h>

#include "kuni/vfs.h"

void inode_init_owner(struct inode *i, const struct inode *dir)
{
	i->uid = fs_uid();
	i->gid = fs_gid();
	if (!(dir->mode & S_ISGID))
		return;
	i->gid = dir->gid;
	if (S_ISDIR(i->mode))
		i->mode |= S_ISGID;
	else if ((i->mode & 02010) == 02010 && i->gid != fs_gid() &&
		 !(current->cred && in_group(i->gid)) &&
		 !fs_capable(CAP_FSETID))
		i->mode &= ~(uint32_t)S_ISGID;
}

void inode_setattr_copy(struct inode *i, const struct setattr *a)
{
	struct timespec_k now = fs_now();

	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & ATTR_UID)
		i->uid = a->uid;
	if (a->valid & ATTR_GID)
		i->gid = a->gid;
	if (a->valid & ATTR_ATIME)
		i->atime = a->atime;
	if (a->valid & ATTR_MTIME)
		i->mtime = a->mtime;
	if (a->valid & ATTR_ATIME_NOW)
		i->atime = now;
	if (a->valid & (ATTR_MTIME_NOW | ATTR_SIZE))
		i->mtime = now;
	i->ctime = now;
}

static bool group_is_mine(uint32_t gid)
{
	return gid == fs_gid() || (current->cred && in_group(gid));
}

static int may_chown(const struct inode *i, const struct setattr *a)
{
	if (!(a->valid & (ATTR_UID | ATTR_GID)) || fs_capable(CAP_CHOWN))
		return 0;
	if (fs_uid() != i->uid)
		return -EPERM;
	if ((a->valid & ATTR_UID) && a->uid != i->uid)
		return -EPERM;
	if ((a->valid & ATTR_GID) && a->gid != i->gid && !group_is_mine(a->gid))
		return -EPERM;
	return 0;
}

static int may_set_times(struct inode *i, unsigned valid)
{
	const unsigned now = ATTR_ATIME_NOW | ATTR_MTIME_NOW;

	if (!(valid & (ATTR_ATIME | ATTR_MTIME | now)) ||
	    inode_owner_or_capable(i))
		return 0;
	if ((valid & now) == now)
		return inode_permission(i, MAY_WRITE);
	return -EPERM;
}

/* chown(2) takes the set-id bits of anything but a directory. */
static void kill_set_id(const struct inode *i, struct setattr *a)
{
	uint32_t drop = 0;

	if (S_ISDIR(i->mode) || (a->valid & ATTR_MODE))
		return;
	if (i->mode & S_ISUID)
		drop |= S_ISUID;
	if ((i->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		drop |= S_ISGID;
	if (!drop)
		return;
	a->mode = i->mode & 07777 & ~drop;
	a->valid |= ATTR_MODE;
}

static int setattr_locked(struct inode *i, const struct setattr *a)
{
	if (!i->ops || !i->ops->setattr)
		return -EPERM;
	return i->ops->setattr(i, a);
}

/* Mode, owner and times of i, reached through m; not the size.  EROFS, EPERM,
 * EACCES. */
int vfs_setattr(struct mount *m, struct inode *i, struct setattr *a)
{
	int r = mnt_want_write(m);

	if (r)
		return r;
	mutex_lock(&i->lock);
	r = may_chown(i, a);
	if (!r)
		r = may_set_times(i, a->valid);
	if (!r && (a->valid & ATTR_MODE)) {
		if (!inode_owner_or_capable(i))
			r = -EPERM;
		else if (!group_is_mine(i->gid) && !fs_capable(CAP_FSETID))
			a->mode &= ~(uint32_t)S_ISGID;
	}
	if (!r && (a->valid & (ATTR_UID | ATTR_GID)))
		kill_set_id(i, a);
	if (!r)
		r = setattr_locked(i, a);
	mutex_unlock(&i->lock);
	return r;
}

/* A write by one without CAP_FSETID takes the set-id bits away. */
int file_remove_privs(struct inode *i)
{
	struct setattr a = { 0 };
	int r;

	if (!S_ISREG(i->mode) || !(i->mode & (S_ISUID | S_ISGID)) ||
	    fs_capable(CAP_FSETID))
		return 0;
	mutex_lock(&i->lock);
	kill_set_id(i, &a);
	r = a.valid ? setattr_locked(i, &a) : 0;
	mutex_unlock(&i->lock);
	return r;
}

int file_size_limit(uint64_t pos, size_t *n)
{
	uint64_t limit =
		current->proc ? rlimit_get(RLIMIT_FSIZE) : RLIM_INFINITY;

	if (limit > INT64_MAX)
		limit = INT64_MAX;
	if (pos >= limit && *n) {
		if (limit != INT64_MAX)
			(void)signal_send_task(current, SIGXFSZ, NULL);
		return -EFBIG;
	}
	if (*n > limit - pos)
		*n = limit - pos;
	return 0;
}

/* Sets the size of a regular file, within RLIMIT_FSIZE. */
int vfs_truncate(struct inode *i, uint64_t size)
{
	struct setattr a = { .valid = ATTR_SIZE, .size = size };
	int r = 0;

	mutex_lock(&i->lock);
	if (size > i->size) {
		size_t n = 1;

		r = file_size_limit(size - 1, &n);
	}
	if (!r) {
		if (!fs_capable(CAP_FSETID))
			kill_set_id(i, &a);
		r = setattr_locked(i, &a);
	}
	mutex_unlock(&i->lock);
	return r;
}

int vfs_stat(struct inode *i, struct lx_stat *st)
{
	int r = i->ops && i->ops->refresh ? i->ops->refresh(i) : 0;

	if (r)
		return r;
	memset(st, 0, sizeof(*st));
	st->st_dev = i->super->dev;
	st->st_ino = i->ino;
	st->st_nlink = i->nlink;
	st->st_mode = i->mode;
	st->st_uid = i->uid;
	st->st_gid = i->gid;
	st->st_rdev = i->rdev;
	st->st_size = (int64_t)i->size;
	st->st_blksize = PAGE_SIZE;
	st->st_blocks = (int64_t)i->blocks;
	st->atime = (uint64_t)i->atime.sec;
	st->atime_nsec = (uint64_t)i->atime.nsec;
	st->mtime = (uint64_t)i->mtime.sec;
	st->mtime_nsec = (uint64_t)i->mtime.nsec;
	st->ctime = (uint64_t)i->ctime.sec;
	st->ctime_nsec = (uint64_t)i->ctime.nsec;
	return 0;
}
