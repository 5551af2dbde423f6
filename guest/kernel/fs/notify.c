/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.c: what happens to files, for who watches them.
 *
 * The VFS calls these after an operation has succeeded; they cost one look at
 * a counter where nothing is watched.  What happens to an inode is an event of
 * its own watches, and with its name one of its directory's.
 */
#include <string.h>

#include "inotify.h"

struct dir_name {
	struct dentry *dir; /* reference */
	size_t len;
	char name[NAME_MAX + 1];
};

static uint32_t dir_bit(const struct inode *i)
{
	return S_ISDIR(i->mode) ? IN_ISDIR : 0;
}

static void tell_parent(struct dentry *d, uint32_t mask)
{
	struct dir_name *n = kmalloc(sizeof(*n));

	if (!n)
		return; /* as lost as one without memory for the event */
	n->dir = dcache_name(d, n->name, &n->len);
	if (n->dir != d && inotify_wants(n->dir->inode, mask, d->dead))
		inotify_event(n->dir->inode, mask, 0, n->name, n->len, false);
	if (n->dir != d)
		dnotify_event(n->dir->inode, mask);
	dentry_put(n->dir);
	kfree(n);
}

/* mask happened to what d names. */
void notify_dentry_slow(struct dentry *d, uint32_t mask)
{
	struct inode *i = d->inode;

	if (!i)
		return;
	mask |= dir_bit(i);
	tell_parent(d, mask);
	notify_inode_slow(i, mask);
}

void notify_inode_slow(struct inode *i, uint32_t mask)
{
	inotify_event(i, mask | dir_bit(i), 0, NULL, 0, false);
	dnotify_event(i, mask);
}

/* A name of dir came or went. */
void notify_name_slow(struct inode *dir, const char *name, size_t len,
		      const struct inode *i, uint32_t mask)
{
	inotify_event(dir, mask | dir_bit(i), 0, name, len, false);
	dnotify_event(dir, mask);
}

/* The last name of i is gone. */
void notify_gone_slow(struct inode *i)
{
	inotify_event(i, IN_DELETE_SELF, 0, NULL, 0, true);
}

/* over: the inode whose name was taken, or NULL. */
void notify_rename_slow(const struct notify_name *from,
			const struct notify_name *to, struct inode *i,
			struct inode *over)
{
	static uint32_t last; /* [a] */
	uint32_t cookie = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);

	if (from->dir == to->dir)
		dnotify_event(from->dir, DNOTIFY_RENAMED);
	dnotify_event(from->dir, IN_MOVED_FROM);
	dnotify_event(to->dir, IN_MOVED_TO);
	inotify_event(from->dir, IN_MOVED_FROM | dir_bit(i), cookie, from->name,
		      from->len, false);
	inotify_event(to->dir, IN_MOVED_TO | dir_bit(i), cookie, to->name,
		      to->len, false);
	if (over)
		notify_inode_slow(over, IN_ATTRIB);
	inotify_event(i, IN_MOVE_SELF, 0, NULL, 0, false);
}

/* The attributes of d's inode were set. */
void notify_setattr_slow(struct dentry *d, unsigned valid)
{
	const unsigned a = ATTR_ATIME | ATTR_ATIME_NOW;
	const unsigned m = ATTR_MTIME | ATTR_MTIME_NOW;
	uint32_t mask = 0;

	if (valid & (ATTR_MODE | ATTR_UID | ATTR_GID))
		mask |= IN_ATTRIB;
	if (valid & ATTR_SIZE)
		mask |= IN_MODIFY;
	if ((valid & a) && (valid & m))
		mask |= IN_ATTRIB;
	else if (valid & a)
		mask |= IN_ACCESS;
	else if (valid & m)
		mask |= IN_MODIFY;
	if (mask)
		notify_dentry_slow(d, mask);
}
