/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueuefs.c: the names of message queues: the file system mqueue.
 *
 * A tmpfs of one directory whose files are queues.  There is one, made when it
 * is first mounted or a queue is opened, and never freed: every mount of the
 * type shows it, and what mq_open(3) opens stands in a mount of its own that is
 * in no name space.
 */
#include <string.h>

#include "kuni/filesystems.h"
#include "kuni/mqueue.h"
#include "tmpfs.h"

#define ENTRY_SIZE 20 /* of the directory, by name */
#define FILE_SIZE  80 /* what stat(2) says, and read(2) nearly */

static struct mutex make_lock;
static struct super *the_super; /* [make_lock] to make it, then [I] */
static struct mount home = { .ref = 1 };
static const struct lx_mq_attr *asked; /* [root inode.lock] of mq_open(3) */

/* ---- files ---- */

static ssize_t mq_read(struct file *f, struct uio *u, uint64_t *pos)
{
	char text[FILE_SIZE];
	int n = mqueue_text(mqueue_of(f), text, sizeof(text));
	ssize_t r;

	if (*pos >= (uint64_t)n)
		return 0;
	r = uio_put(u, text + *pos, min(u->left, (uint64_t)n - *pos));
	if (r > 0)
		*pos += (uint64_t)r;
	inode_touch(f->inode, true, false, true);
	return r;
}

static unsigned mq_poll(struct file *f, struct poll_table *pt)
{
	return mqueue_poll(mqueue_of(f), pt);
}

static int mq_flush(struct file *f)
{
	mqueue_closed(mqueue_of(f));
	return 0;
}

static const struct file_ops mq_fops = {
	.read = mq_read,
	.poll = mq_poll,
	.flush = mq_flush,
};
static const struct inode_ops mq_file_ops = { .setattr = tmpfs_setattr };

struct mqueue *mqueue_of(const struct file *f)
{
	return f->ops == &mq_fops ? tmpfs_node(f->inode)->queue : NULL;
}

/* ---- the directory ---- */

static int mq_lookup(struct inode *dir, const char *name, size_t len,
		     struct inode **out)
{
	return tmpfs_dir_ops.lookup(dir, name, len, out);
}

static int mq_create(struct inode *dir, const char *name, size_t len,
		     uint32_t mode, struct inode **out)
{
	struct mqueue *q;
	int r = mqueue_new(asked, &q);

	if (r)
		return r;
	r = tmpfs_dir_ops.create(dir, name, len, mode, out);
	if (r) {
		mqueue_free(q);
		return r;
	}
	tmpfs_node(*out)->queue = q;
	(*out)->ops = &mq_file_ops;
	(*out)->fops = &mq_fops;
	(*out)->size = FILE_SIZE;
	return 0;
}

static int mq_unlink(struct inode *dir, const char *name, size_t len,
		     struct inode *target)
{
	return tmpfs_dir_ops.unlink(dir, name, len, target);
}

static const struct inode_ops mq_dir_ops = {
	.lookup = mq_lookup,
	.create = mq_create,
	.unlink = mq_unlink,
	.setattr = tmpfs_setattr,
};

/* ---- the super ---- */

static int mq_statfs(struct super *s, struct lx_statfs *out)
{
	memset(out, 0, sizeof(*out));
	out->f_type = MQUEUE_MAGIC;
	out->f_bsize = out->f_frsize = PAGE_SIZE;
	out->f_namelen = NAME_MAX;
	out->f_fsid[0] = (int32_t)s->dev;
	return 0;
}

static void mq_evict(struct inode *i)
{
	struct mqueue *q = tmpfs_node(i)->queue;

	if (q)
		mqueue_free(q);
	tmpfs_evict(i);
}

static const struct super_ops mq_super_ops = {
	.statfs = mq_statfs,
	.evict = mq_evict,
};

static int make_root(struct super *s)
{
	struct inode *i;
	int r = tmpfs_inode(s, NULL, S_IFDIR | 01777, &i);

	if (r)
		return r;
	i->ops = &mq_dir_ops;
	i->size = 2 * ENTRY_SIZE;
	s->root = dentry_root(i);
	return s->root ? 0 : -ENOMEM;
}

static int make_super(void)
{
	struct tmpfs_sb *sb = kmalloc(sizeof(*sb));
	struct super *s;
	int r = sb ? super_create(&mqueue_type, &mq_super_ops, &s) : -ENOMEM;

	if (r) {
		kfree(sb);
		return r;
	}
	s->private_ = sb;
	r = make_root(s);
	if (r) {
		super_put(s);
		kfree(sb);
		return r;
	}
	s->nmounts = 1; /* home */
	home.super = s;
	home.root = s->root;
	__atomic_store_n(&the_super, s, __ATOMIC_RELEASE);
	return 0;
}

static int get_super(struct super **out)
{
	int r = 0;

	mutex_lock(&make_lock);
	if (!the_super)
		r = make_super();
	mutex_unlock(&make_lock);
	*out = the_super;
	return r;
}

static int mq_mount(const struct fs_type *t, const char *source, uint64_t flags,
		    const char *data, struct super **out)
{
	int r = *data ? -EINVAL : get_super(out);

	(void)t;
	(void)source;
	(void)flags;
	if (!r)
		super_get(*out);
	return r;
}

const struct fs_type mqueue_type = { "mqueue", true, mq_mount };

/* ---- by name ---- */

static int take_name(const char *name, struct last_name *l)
{
	l->len = strlen(name);
	if (!l->len)
		return -ENOENT;
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EACCES;
	if (l->len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(l->name, name, l->len + 1);
	l->trailing_slash = false;
	return 0;
}

/* The directory of all queues, and name as one in it. */
static int find(const char *name, struct last_name *l, struct dentry **root)
{
	struct super *s;
	int r = get_super(&s);

	if (r)
		return r;
	*root = s->root;
	return take_name(name, l);
}

/* d is that name in dir, which is locked: it is a queue, or becomes one. */
static int make_or_check(struct dentry *dir, struct dentry *d, int flags,
			 uint32_t mode, const struct lx_mq_attr *attr)
{
	static const unsigned access[] = { MAY_READ, MAY_WRITE,
					   MAY_READ | MAY_WRITE };
	int r;

	if (!d->inode) {
		if (!(flags & O_CREAT))
			return -ENOENT;
		asked = attr;
		r = vfs_create_locked(dir, d, S_IFREG | fs_umask(mode & 07777));
		asked = NULL;
		return r;
	}
	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	return inode_permission(d->inode, access[flags & O_ACCMODE]);
}

/* Takes d's reference. */
static int open_queue(struct dentry *d, int flags, struct file **out)
{
	const uint32_t kept = O_ACCMODE | O_NONBLOCK;
	int r;

	inode_get(d->inode);
	r = file_new(d->inode, &mq_fops, (uint32_t)flags & kept, out);
	if (r) {
		inode_put(d->inode);
		dentry_put(d);
		return r;
	}
	mount_get(&home);
	(*out)->path = (struct path){ &home, d };
	(*out)->opened = true;
	notify_dentry(d, IN_OPEN);
	return 0;
}

int mqueue_open(const char *name, int flags, uint32_t mode,
		const struct lx_mq_attr *attr, struct file **out)
{
	struct dentry *root, *d;
	struct last_name l;
	int r = find(name, &l, &root);

	if (r)
		return r;
	mutex_lock(&root->inode->lock);
	r = dcache_lookup_locked(root, l.name, l.len, &d);
	if (!r) {
		r = make_or_check(root, d, flags, mode, attr);
		if (r)
			dentry_put(d);
	}
	mutex_unlock(&root->inode->lock);
	return r ? r : open_queue(d, flags, out);
}

int mqueue_unlink(const char *name)
{
	struct path dir = { .mnt = &home };
	struct last_name l;
	int r = find(name, &l, &dir.d);

	return r ? r : vfs_unlink(&dir, &l);
}
