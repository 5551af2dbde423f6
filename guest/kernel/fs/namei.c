/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namei.c: making, removing and renaming names.
 *
 * Each vfs_*() takes the parent and the last component of a walk with
 * LOOKUP_PARENT, locks the directory, looks the name up, and answers in the
 * order of checks that Linux has: what the name is, the mount, the rights, and
 * then the file system.  Lock order: rename_lock, then directories, the upper
 * one first, unrelated ones by address.
 */
#include <string.h>

#include "kuni/vfs.h"

static struct mutex rename_lock = { .rank = RANK_RENAME };

/* Not a name that can be made or removed: "", "." and "..". */
bool last_is_dot(const struct last_name *l)
{
	return !l->len || !strcmp(l->name, ".") || !strcmp(l->name, "..");
}

static int may_create(struct dentry *dir)
{
	if (dir->dead)
		return -ENOENT;
	return inode_permission(dir->inode, MAY_WRITE | MAY_EXEC);
}

static int may_delete(struct dentry *dir, struct dentry *d, bool isdir)
{
	struct inode *i = d->inode, *di = dir->inode;
	int r = inode_permission(di, MAY_WRITE | MAY_EXEC);

	if (r)
		return r;
	if ((di->mode & S_ISVTX) && fs_uid() != i->uid && fs_uid() != di->uid &&
	    !fs_capable(CAP_FOWNER))
		return -EPERM;
	if (isdir && !S_ISDIR(i->mode))
		return -ENOTDIR;
	if (!isdir && S_ISDIR(i->mode))
		return -EISDIR;
	return dir->dead ? -ENOENT : 0;
}

/* Locks dir and finds the name free in it: *out is negative. */
static int begin_create(const struct path *dir, const struct last_name *l,
			bool isdir, struct dentry **out)
{
	int r;

	if (last_is_dot(l))
		return -EEXIST;
	mutex_lock(&dir->d->inode->lock);
	r = dcache_lookup_locked(dir->d, l->name, l->len, out);
	if (!r) {
		if ((*out)->inode)
			r = -EEXIST;
		else if (l->trailing_slash && !isdir)
			r = -ENOENT;
		else
			r = mnt_want_write(dir->mnt);
		if (!r)
			r = may_create(dir->d);
		if (!r)
			return 0;
		dentry_put(*out);
	}
	mutex_unlock(&dir->d->inode->lock);
	return r;
}

/* r of the file system's op, and the inode that it made. */
static int end_create(const struct path *dir, struct dentry *d, struct inode *i,
		      int r)
{
	if (!r) {
		dcache_instantiate(d, i);
		notify_name(dir->d->inode, d->name, d->len, i, IN_CREATE);
	} else {
		dcache_drop(d);
	}
	dentry_put(d);
	mutex_unlock(&dir->d->inode->lock);
	return r;
}

int vfs_create_locked(struct dentry *dir, struct dentry *d, uint32_t mode)
{
	struct inode *di = dir->inode, *i = NULL;
	int r = may_create(dir);

	if (r)
		return r;
	if (!di->ops->create)
		return -EPERM;
	r = di->ops->create(di, d->name, d->len, mode, &i);
	if (r)
		return r;
	dcache_instantiate(d, i);
	notify_name(di, d->name, d->len, i, IN_CREATE);
	return 0;
}

static int mknod_op(struct inode *di, const struct last_name *l, uint32_t mode,
		    uint64_t rdev, struct inode **out)
{
	bool dev = S_ISCHR(mode) || S_ISBLK(mode);

	if (dev && !fs_capable(CAP_MKNOD))
		return -EPERM;
	if (S_ISREG(mode))
		return di->ops->create
			       ? di->ops->create(di, l->name, l->len, mode, out)
			       : -EPERM;
	if (!di->ops->mknod)
		return -EPERM;
	return di->ops->mknod(di, l->name, l->len, mode, dev ? rdev : 0, out);
}

/* mode has a type: a regular file, a device, a FIFO or a socket. */
int vfs_mknod(const struct path *dir, const struct last_name *l, uint32_t mode,
	      uint64_t rdev)
{
	return vfs_mknod_inode(dir, l, mode, rdev, NULL);
}

/* The same; *made, where not NULL, is the new inode with a reference. */
int vfs_mknod_inode(const struct path *dir, const struct last_name *l,
		    uint32_t mode, uint64_t rdev, struct inode **made)
{
	struct inode *i = NULL;
	struct dentry *d;
	int r = begin_create(dir, l, false, &d);

	if (r)
		return r;
	r = mknod_op(dir->d->inode, l, mode, rdev, &i);
	if (!r && made) {
		inode_get(i);
		*made = i;
	}
	return end_create(dir, d, i, r);
}

int vfs_mkdir(const struct path *dir, const struct last_name *l, uint32_t mode)
{
	struct inode *di = dir->d->inode, *i = NULL;
	struct dentry *d;
	int r = begin_create(dir, l, true, &d);

	if (r)
		return r;
	r = -EPERM;
	if (di->ops->mkdir)
		r = di->ops->mkdir(di, l->name, l->len, mode, &i);
	return end_create(dir, d, i, r);
}

int vfs_symlink(const struct path *dir, const struct last_name *l,
		const char *target)
{
	struct inode *di = dir->d->inode, *i = NULL;
	struct dentry *d;
	int r = begin_create(dir, l, false, &d);

	if (r)
		return r;
	r = -EPERM;
	if (di->ops->symlink)
		r = di->ops->symlink(di, l->name, l->len, target, &i);
	return end_create(dir, d, i, r);
}

/* One more name for what is at from. */
int vfs_link(const struct path *from, const struct path *dir,
	     const struct last_name *l)
{
	struct inode *di = dir->d->inode, *i = from->d->inode;
	struct dentry *d;
	int r = begin_create(dir, l, false, &d);

	if (r)
		return r;
	if (from->mnt != dir->mnt)
		r = -EXDEV;
	else if (S_ISDIR(i->mode) || !di->ops->link)
		r = -EPERM;
	else if (!i->nlink && strcmp(from->d->name, TMPFILE_NAME))
		r = -ENOENT; /* its last name is gone */
	else
		r = di->ops->link(di, l->name, l->len, i);
	if (!r) {
		inode_get(i);
		notify_inode(i, IN_ATTRIB);
	}
	return end_create(dir, d, i, r);
}

/* d, of dir, names nothing any more. */
static void removed(struct dentry *dir, struct dentry *d)
{
	struct inode *i = d->inode;

	if (!S_ISDIR(i->mode))
		notify_inode(i, IN_ATTRIB);
	/* else when the last who has it open is done */
	if ((!i->nlink || S_ISDIR(i->mode)) &&
	    __atomic_load_n(&d->ref, __ATOMIC_RELAXED) == 1)
		notify_gone(i);
	notify_name(dir->inode, d->name, d->len, i, IN_DELETE);
}

/* With its own lock, so that nothing is made in it or mounted on it meanwhile. */
static int remove_op(const struct path *dir, const struct last_name *l,
		     struct dentry *d, bool isdir)
{
	const struct inode_ops *ops = dir->d->inode->ops;
	int (*op)(struct inode *, const char *, size_t, struct inode *) =
		isdir ? ops->rmdir : ops->unlink;
	int r = -EPERM;

	mutex_lock(&d->inode->lock);
	if (d->mounted)
		r = -EBUSY;
	else if (op)
		r = op(dir->d->inode, l->name, l->len, d->inode);
	if (!r)
		dcache_delete(d);
	mutex_unlock(&d->inode->lock);
	if (!r)
		removed(dir->d, d);
	return r;
}

static int remove_locked(const struct path *dir, const struct last_name *l,
			 struct dentry *d, bool isdir)
{
	const struct inode *i = d->inode;
	int r;

	if (!i)
		return -ENOENT;
	if (!isdir && l->trailing_slash)
		return S_ISDIR(i->mode) ? -EISDIR : -ENOTDIR;
	r = may_delete(dir->d, d, isdir);
	return r ? r : remove_op(dir, l, d, isdir);
}

static int remove_name(const struct path *dir, const struct last_name *l,
		       bool isdir)
{
	struct dentry *d;
	int r = mnt_want_write(dir->mnt);

	if (r)
		return r;
	mutex_lock(&dir->d->inode->lock);
	r = dcache_lookup_locked(dir->d, l->name, l->len, &d);
	if (!r) {
		r = remove_locked(dir, l, d, isdir);
		mutex_unlock(&dir->d->inode->lock);
		dentry_put(d); /* may free the file: without the lock */
		return r;
	}
	mutex_unlock(&dir->d->inode->lock);
	return r;
}

int vfs_unlink(const struct path *dir, const struct last_name *l)
{
	return last_is_dot(l) ? -EISDIR : remove_name(dir, l, false);
}

int vfs_rmdir(const struct path *dir, const struct last_name *l)
{
	if (!l->len)
		return -EBUSY;
	if (last_is_dot(l))
		return l->len == 1 ? -EINVAL : -ENOTEMPTY;
	return remove_name(dir, l, true);
}

/* ---- rename ---- */

struct renaming {
	const struct path *od, *nd;
	const struct last_name *ol, *nl;
	struct dentry *old, *new_;
	unsigned flags;
};

static void lock_two(struct dentry *a, struct dentry *b)
{
	struct dentry *first = a, *second = b;

	if (a->inode == b->inode) {
		mutex_lock(&a->inode->lock);
		return;
	}
	mutex_lock(&rename_lock);
	if (dcache_is_below(a, b) ||
	    (!dcache_is_below(b, a) && b->inode < a->inode)) {
		first = b;
		second = a;
	}
	mutex_lock(&first->inode->lock);
	mutex_lock(&second->inode->lock);
}

static void unlock_two(struct dentry *a, struct dentry *b)
{
	mutex_unlock(&a->inode->lock);
	if (a->inode == b->inode)
		return;
	mutex_unlock(&b->inode->lock);
	mutex_unlock(&rename_lock);
}

/* What the two names are, before anything of rights. */
static int rename_names(const struct renaming *n)
{
	struct inode *i = n->old->inode;
	bool exchange = n->flags & RENAME_EXCHANGE;

	if ((n->flags & RENAME_NOREPLACE) && n->new_->inode)
		return -EEXIST;
	if (exchange && !n->new_->inode)
		return -ENOENT;
	if (exchange && !S_ISDIR(n->new_->inode->mode) && n->nl->trailing_slash)
		return -ENOTDIR;
	if (!S_ISDIR(i->mode) &&
	    (n->ol->trailing_slash || (!exchange && n->nl->trailing_slash)))
		return -ENOTDIR;
	if (dcache_is_below(n->nd->d, n->old))
		return -EINVAL;
	if (n->new_->inode && dcache_is_below(n->od->d, n->new_))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int rename_rights(const struct renaming *n)
{
	struct inode *oi = n->old->inode, *ni = n->new_->inode;
	bool moved = n->od->d != n->nd->d;
	int r = may_delete(n->od->d, n->old, S_ISDIR(oi->mode));

	if (r)
		return r;
	if (!ni)
		r = may_create(n->nd->d);
	else
		r = may_delete(n->nd->d, n->new_,
			       S_ISDIR((n->flags & RENAME_EXCHANGE)
					       ? ni->mode
					       : oi->mode));
	if (!r && moved && S_ISDIR(oi->mode))
		r = inode_permission(oi, MAY_WRITE);
	if (!r && moved && ni && (n->flags & RENAME_EXCHANGE) &&
	    S_ISDIR(ni->mode))
		r = inode_permission(ni, MAY_WRITE);
	if (!r && (n->old->mounted || n->new_->mounted))
		r = -EBUSY;
	return r;
}

/* over: what the new name was before. */
static void renamed(const struct renaming *n, struct inode *over)
{
	struct notify_name from = { n->od->d->inode, n->ol->name, n->ol->len };
	struct notify_name to = { n->nd->d->inode, n->nl->name, n->nl->len };
	bool exchange = n->flags & RENAME_EXCHANGE;

	notify_rename_slow(&from, &to, n->old->inode, exchange ? NULL : over);
	if (exchange)
		notify_rename_slow(&to, &from, over, NULL);
}

static int rename_locked(struct renaming *n)
{
	struct inode *od = n->od->d->inode, *nd = n->nd->d->inode, *over;
	int r = rename_names(n);

	if (r)
		return r;
	if (n->old->inode == n->new_->inode)
		return 0;
	r = rename_rights(n);
	if (r)
		return r;
	if (!od->ops->rename)
		return -EPERM;
	/* replaced: nothing is made in it or mounted on it meanwhile */
	over = (n->flags & RENAME_EXCHANGE) ? NULL : n->new_->inode;
	if (over)
		mutex_lock(&over->lock);
	r = over && n->new_->mounted
		    ? -EBUSY
		    : od->ops->rename(od, n->ol->name, n->ol->len, nd,
				      n->nl->name, n->nl->len, n->flags);
	if (!r) {
		struct inode *gone = n->new_->inode;

		dcache_move(n->old, n->new_, n->flags & RENAME_EXCHANGE);
		if (gone && !(n->flags & RENAME_EXCHANGE) &&
		    gone->ops->replaced)
			gone->ops->replaced(gone);
		if (notify_on())
			renamed(n, gone);
	}
	if (over)
		mutex_unlock(&over->lock);
	return r;
}

/* renameat2(2). */
int vfs_rename(const struct path *od, const struct last_name *ol,
	       const struct path *nd, const struct last_name *nl,
	       unsigned flags)
{
	struct renaming n = {
		.od = od, .nd = nd, .ol = ol, .nl = nl, .flags = flags
	};
	int r;

	if (od->mnt != nd->mnt)
		return -EXDEV;
	if (last_is_dot(ol))
		return -EBUSY;
	if (last_is_dot(nl))
		return (flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
	r = mnt_want_write(od->mnt);
	if (r)
		return r;
	lock_two(od->d, nd->d);
	r = dcache_lookup_locked(od->d, ol->name, ol->len, &n.old);
	if (!r && !n.old->inode)
		r = -ENOENT;
	if (!r)
		r = dcache_lookup_locked(nd->d, nl->name, nl->len, &n.new_);
	if (!r)
		r = rename_locked(&n);
	unlock_two(od->d, nd->d);
	if (n.old)
		dentry_put(n.old);
	if (n.new_)
		dentry_put(n.new_);
	return r;
}
