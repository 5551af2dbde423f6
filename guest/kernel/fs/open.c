/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c: open(2): from a name and flags to a struct file.
 *
 * The walk stops before the last component when O_CREAT is given, looks it up
 * under the directory's lock, makes it, follows it, or takes it.  Then the
 * kind of file, the mount and the rights decide, in Linux's order.
 */
#include "kuni/vfs.h"

#define CREATION_FLAGS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC)
#define TMPFILE_BIT    (O_TMPFILE & ~O_DIRECTORY)

static unsigned access_mask(int flags)
{
	static const uint8_t want[] = { MAY_READ, MAY_WRITE,
					MAY_READ | MAY_WRITE,
					MAY_READ | MAY_WRITE };
	unsigned m = want[flags & O_ACCMODE];

	return (flags & O_TRUNC) ? m | MAY_WRITE : m;
}

static int check_kind(const struct path *p, int flags)
{
	uint32_t mode = p->d->inode->mode;
	bool write = access_mask(flags) & MAY_WRITE;

	if (S_ISLNK(mode))
		return -ELOOP;
	if (S_ISDIR(mode) && (write || (flags & O_CREAT)))
		return -EISDIR;
	if ((flags & O_DIRECTORY) && !S_ISDIR(mode))
		return -ENOTDIR;
	if (S_ISSOCK(mode))
		return -ENXIO;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && (p->mnt->flags & MS_NODEV))
		return -EACCES;
	if (S_ISREG(mode) && write)
		return mnt_want_write(p->mnt);
	return 0;
}

static const struct file_ops *ops_of(const struct inode *i)
{
	if (S_ISCHR(i->mode))
		return chrdev_ops(i->rdev);
	if (S_ISBLK(i->mode))
		return NULL;
	if (S_ISFIFO(i->mode) && !i->fops)
		return &fifo_ops;
	return i->fops;
}

static const struct file_ops path_ops; /* O_PATH: nothing can be done */

/* A file at p, which is not checked again: rights are the caller's business. */
static int open_checked(const struct path *p, int flags, struct file **out)
{
	struct inode *i = p->d->inode;
	const struct file_ops *ops = (flags & O_PATH) ? &path_ops : ops_of(i);
	struct file *f;
	int r;

	if (!ops)
		return -ENXIO;
	inode_get(i);
	r = file_new(i, ops, (uint32_t)flags, &f);
	if (r) {
		inode_put(i);
		return r;
	}
	if (!anon_is_place(p)) {
		f->path = *p;
		path_get(&f->path);
	}
	if (S_ISREG(i->mode) && file_writable(f)) {
		r = inode_write_begin(i);
		f->writer = !r;
	}
	if (!r)
		r = ops->open ? ops->open(i, f) : 0;
	if (r) {
		f->ops = &path_ops; /* nothing to release */
		file_put(f);
		return r;
	}
	f->flags &= ~(uint32_t)(CREATION_FLAGS | O_CLOEXEC);
	f->opened = !(flags & O_PATH);
	if (f->opened)
		notify_dentry(f->path.d, IN_OPEN);
	*out = f;
	return 0;
}

static int open_existing(const struct path *p, int flags, bool created,
			 struct file **out)
{
	struct inode *i = p->d->inode;
	int r;

	if (flags & O_PATH) {
		if ((flags & O_DIRECTORY) && !S_ISDIR(i->mode))
			return -ENOTDIR;
		return open_checked(p, flags, out);
	}
	r = check_kind(p, flags);
	if (!r && !created)
		r = inode_permission(i, access_mask(flags));
	if (!r && (flags & O_NOATIME) && !inode_owner_or_capable(i))
		r = -EPERM;
	if (r)
		return r;
	r = open_checked(p, flags, out);
	if (r || !(flags & O_TRUNC) || created || !S_ISREG(i->mode))
		return r;
	r = inode_write_begin(i); /* O_TRUNC without O_WRONLY, too */
	if (!r) {
		r = vfs_truncate(i, 0);
		inode_write_end(i);
		if (!r)
			notify_setattr(p->d, ATTR_SIZE);
	}
	if (r)
		file_put(*out);
	return r;
}

/* Opens what is at p, as current may; p stays the caller's. */
int file_open_path(struct path *p, int flags, struct file **out)
{
	return open_existing(p, flags, false, out);
}

/* In w->cur: the last component exists or is made; *next is its place, or the
 * walk goes on (1) with a link's target. */
static int create_last(struct walk *w, const struct last_name *l,
		       const struct lx_open_how *how, struct path *next,
		       bool *created)
{
	struct dentry *dir = w->cur.d, *d;
	bool follow = !(how->flags & (O_NOFOLLOW | O_EXCL));
	int r;

	if (!S_ISDIR(dir->inode->mode))
		return -ENOTDIR;
	mutex_lock(&dir->inode->lock);
	r = dcache_lookup_locked(dir, l->name, l->len, &d);
	if (!r && !d->inode) {
		r = mnt_want_write(w->cur.mnt);
		if (!r)
			r = vfs_create_locked(
				dir, d,
				S_IFREG |
					fs_umask((uint32_t)how->mode & 07777));
		*created = !r;
		if (r)
			dentry_put(d);
	}
	mutex_unlock(&dir->inode->lock);
	if (r)
		return r;
	*next = (struct path){ w->cur.mnt, d };
	mount_get(next->mnt);
	mount_cross_down(next);
	if (*created)
		return 0;
	r = 0;
	if (how->flags & O_EXCL)
		r = -EEXIST;
	else if ((w->flags & LOOKUP_NO_XDEV) && next->mnt != w->cur.mnt)
		r = -EXDEV;
	else if (follow && S_ISLNK(next->d->inode->mode))
		r = walk_link(w, next->d) ?: 1;
	if (r)
		path_put(next);
	return r;
}

static int open_create(struct walk *w, const struct lx_open_how *how,
		       struct file **out)
{
	struct last_name *l = kmalloc(sizeof(*l));
	struct path next = { 0 };
	bool created = false;
	int r;

	if (!l)
		return -ENOMEM;
	do {
		r = walk_run(w, l);
		if (r)
			break;
		if (!l->len && w->nlinks) { /* a link to a place */
			next = w->cur;
			path_get(&next);
			break;
		}
		if (l->trailing_slash || last_is_dot(l))
			r = (how->flags & O_EXCL) && last_is_dot(l) ? -EEXIST
								    : -EISDIR;
		else
			r = create_last(w, l, how, &next, &created);
	} while (r == 1);
	kfree(l);
	if (!r) {
		r = open_existing(&next, (int)how->flags, created, out);
		path_put(&next);
	}
	return r;
}

/* O_TMPFILE in the directory w->cur. */
static int open_tmpfile(struct walk *w, const struct lx_open_how *how,
			struct file **out)
{
	struct inode *di = w->cur.d->inode, *i = NULL;
	int flags = (int)(how->flags & ~(uint64_t)(O_TMPFILE | O_CREAT));
	struct path p = { w->cur.mnt, NULL };
	int r = mnt_want_write(w->cur.mnt);

	if (!r)
		r = inode_permission(di, MAY_WRITE | MAY_EXEC);
	if (!r && !di->ops->tmpfile)
		r = -EOPNOTSUPP;
	if (r)
		return r;
	mutex_lock(&di->lock);
	r = di->ops->tmpfile(
		di, S_IFREG | fs_umask((uint32_t)how->mode & 07777), &i);
	mutex_unlock(&di->lock);
	if (r)
		return r;
	r = dcache_detached(i, TMPFILE_NAME, w->cur.d, &p.d);
	if (r) {
		inode_put(i);
		return r;
	}
	mount_get(p.mnt);
	r = open_existing(&p, flags, true, out);
	path_put(&p);
	return r;
}

static unsigned lookup_flags(const struct lx_open_how *how)
{
	unsigned f = (how->flags & O_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;

	if (how->flags & O_DIRECTORY)
		f |= LOOKUP_DIRECTORY;
	if (how->resolve & RESOLVE_NO_XDEV)
		f |= LOOKUP_NO_XDEV;
	if (how->resolve & RESOLVE_NO_MAGICLINKS)
		f |= LOOKUP_NO_MAGIC;
	if (how->resolve & RESOLVE_NO_SYMLINKS)
		f |= LOOKUP_NO_SYMLINKS;
	if (how->resolve & RESOLVE_BENEATH)
		f |= LOOKUP_BENEATH;
	if (how->resolve & RESOLVE_IN_ROOT)
		f |= LOOKUP_IN_ROOT;
	if (how->resolve & RESOLVE_CACHED)
		f |= LOOKUP_CACHED;
	return f;
}

/* openat2(2) on a kernel string; how's values are already valid. */
int file_open_how(int dirfd, const char *name, const struct lx_open_how *how,
		  struct file **out)
{
	bool tmpfile = how->flags & TMPFILE_BIT;
	bool create = (how->flags & O_CREAT) && !tmpfile;
	struct walk w;
	int r;

	r = walk_start(&w, dirfd, name,
		       create ? lookup_flags(how) & ~(unsigned)LOOKUP_DIRECTORY
			      : lookup_flags(how));
	if (r)
		return r;
	if (create) {
		r = open_create(&w, how, out);
	} else {
		r = walk_run(&w, NULL);
		if (!r && tmpfile)
			r = open_tmpfile(&w, how, out);
		else if (!r)
			r = open_existing(&w.cur, (int)how->flags, false, out);
	}
	walk_end(&w);
	return r;
}

/* open(2): what Linux ignores there is dropped before file_open_how(). */
int file_open(int dirfd, const char *name, int flags, uint32_t mode,
	      struct file **out)
{
	struct lx_open_how how = { .flags = (uint32_t)flags | O_LARGEFILE };

	if (flags & O_PATH)
		how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((how.flags & TMPFILE_BIT) &&
	    (!(how.flags & O_DIRECTORY) || (flags & O_CREAT) ||
	     !(access_mask(flags) & MAY_WRITE)))
		return -EINVAL;
	if (how.flags & (O_CREAT | TMPFILE_BIT))
		how.mode = mode & 07777;
	return file_open_how(dirfd, name, &how, out);
}
