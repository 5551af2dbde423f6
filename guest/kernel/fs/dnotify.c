/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnotify.c: F_NOTIFY (fcntl(2)): a signal when something happens to what is in
 * a directory.
 *
 * notify.c says what happened; fasync.c sends the signal.  A watch belongs to an
 * open directory and to the descriptor table that asked, and goes when that
 * table closes any descriptor of the file.
 *
 * dnotify_lock has no rank (events come under any lock); fasync.c's
 * pending_lock is taken inside it.
 */
#include "inotify.h"

#include <string.h>

struct dir_watch {
	LIST_ENTRY(dir_watch) link;
	struct file *file; /* which outlives it: no reference */
	const void *owner; /* the descriptor table */
	int fd;
	unsigned arg; /* DN_* */
};

static struct spinlock dnotify_lock;
static LIST_HEAD(, dir_watch) watches;

static void drop_locked(struct dir_watch *w)
{
	LIST_REMOVE(w, link);
	__atomic_fetch_sub(&notify_watches, 1, __ATOMIC_RELAXED);
	kfree(w);
}

static unsigned wanted_by(uint32_t mask)
{
	static const struct {
		uint32_t mask;
		unsigned arg;
	} table[] = {
		{ IN_ACCESS, DN_ACCESS },
		{ IN_MODIFY, DN_MODIFY },
		{ IN_CREATE | IN_MOVED_TO, DN_CREATE },
		{ IN_DELETE | IN_MOVED_FROM, DN_DELETE },
		{ DNOTIFY_RENAMED, DN_RENAME },
		{ IN_ATTRIB, DN_ATTRIB },
	};
	unsigned arg = 0;

	for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++)
		if (mask & table[k].mask)
			arg |= table[k].arg;
	return arg;
}

/* mask happened to dir, or in it. */
void dnotify_event(const struct inode *dir, uint32_t mask)
{
	unsigned arg = wanted_by(mask);
	struct dir_watch *w, *next;

	spin_lock(&dnotify_lock);
	for (w = LIST_FIRST(&watches); w; w = next) {
		next = LIST_NEXT(w, link);
		if (w->file->inode != dir || !(w->arg & arg))
			continue;
		fasync_message(w->file, w->fd);
		if (!(w->arg & DN_MULTISHOT))
			drop_locked(w);
	}
	spin_unlock(&dnotify_lock);
}

static struct dir_watch *find_locked(const struct file *f, const void *owner)
{
	struct dir_watch *w;

	LIST_FOREACH(w, &watches, link)
	if (w->file == f && (!owner || w->owner == owner))
		return w;
	return NULL;
}

/* The watches of f that owner asked for, or all (NULL), go. */
void dnotify_close(const struct file *f, const void *owner)
{
	struct dir_watch *w;

	spin_lock(&dnotify_lock);
	while ((w = find_locked(f, owner)))
		drop_locked(w);
	spin_unlock(&dnotify_lock);
}

/* F_NOTIFY: adds to what owner asked for before; nothing ends it. */
int dnotify_set(struct file *f, int fd, const void *owner, unsigned arg)
{
	struct dir_watch *w, *old;
	int r;

	if (!(arg & ~DN_MULTISHOT)) {
		dnotify_close(f, owner);
		return 0;
	}
	if (!S_ISDIR(f->inode->mode))
		return -ENOTDIR;
	w = kmalloc(sizeof(*w));
	r = w ? fasync_own(f) : -ENOMEM;
	if (r) {
		kfree(w);
		return r;
	}
	*w = (struct dir_watch){ .file = f, .owner = owner };
	spin_lock(&dnotify_lock);
	old = find_locked(f, owner);
	if (!old) {
		LIST_INSERT_HEAD(&watches, w, link);
		__atomic_fetch_add(&notify_watches, 1, __ATOMIC_RELAXED);
		old = w;
		w = NULL;
	}
	old->fd = fd;
	old->arg |= arg;
	spin_unlock(&dnotify_lock);
	kfree(w);
	return 0;
}
