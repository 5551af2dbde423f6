/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock.c: advisory locks: flock(2), and the ranges of fcntl(2).
 *
 * All locks of an inode are one list (inode.locks), under one mutex for the
 * whole system; waiters sleep on the inode's queue and look again at every
 * change.  An owner is a file (flock, open-file-description locks) or a table
 * of descriptors (POSIX locks).  Of one owner ranges do not overlap: setting
 * one cuts, splits or joins what it had.
 */
#include <string.h>

#include "kuni/vfs.h"

enum kind { KIND_FLOCK, KIND_RANGE };
#define TO_END INT64_MAX

struct lock {
	LIST_ENTRY(lock) link;
	const void *owner;
	enum kind kind;
	bool write;
	int pid;            /* -1: of an open file description */
	int64_t start, end; /* both inclusive */
};

struct lock_list {
	LIST_HEAD(, lock) locks;
	struct waitq wait;
	uint64_t changes;
};

/* One that sleeps for a range: to find circles of POSIX locks. */
struct blocked {
	LIST_ENTRY(blocked) link;
	const void *owner, *by;
};

static struct mutex locks_mutex;
static LIST_HEAD(, blocked) blocked_list; /* [locks_mutex] */

static struct lock_list *list_of(struct inode *i, bool make)
{
	struct lock_list *l = i->locks;

	if (!l && make) {
		l = kmalloc(sizeof(*l));
		if (l)
			waitq_init(&l->wait);
		__atomic_store_n(&i->locks, l, __ATOMIC_RELEASE);
	}
	return l;
}

void locks_free(struct inode *i)
{
	struct lock_list *l = i->locks;
	struct lock *k;

	if (!l)
		return;
	while ((k = LIST_FIRST(&l->locks))) {
		LIST_REMOVE(k, link);
		kfree(k);
	}
	kfree(l);
}

static void changed(struct lock_list *l)
{
	__atomic_fetch_add(&l->changes, 1, __ATOMIC_RELAXED);
	wake_all(&l->wait, EPOLLIN);
}

static bool conflict(const struct lock *a, const struct lock *b)
{
	return a->kind == b->kind && a->owner != b->owner &&
	       (a->write || b->write) && a->start <= b->end &&
	       b->start <= a->end;
}

static struct lock *find_conflict(struct lock_list *l, const struct lock *want)
{
	struct lock *k;

	LIST_FOREACH(k, &l->locks, link)
	if (conflict(k, want))
		return k;
	return NULL;
}

/* Takes [w->start, w->end] out of what the owner has; spare is used for the
 * second half of a range that is cut in the middle.  Whether something went. */
static bool carve(struct lock_list *l, const struct lock *w,
		  struct lock **spare)
{
	struct lock *k, *next;
	bool any = false;

	for (k = LIST_FIRST(&l->locks); k; k = next) {
		next = LIST_NEXT(k, link);
		if (k->kind != w->kind || k->owner != w->owner ||
		    k->start > w->end || k->end < w->start)
			continue;
		any = true;
		if (k->start < w->start && k->end > w->end) {
			ensure(*spare); /* by the caller, for one split */
			**spare = *k;
			(*spare)->start = w->end + 1;
			k->end = w->start - 1;
			LIST_INSERT_HEAD(&l->locks, *spare, link);
			*spare = NULL;
		} else if (k->start < w->start) {
			k->end = w->start - 1;
		} else if (k->end > w->end) {
			k->start = w->end + 1;
		} else {
			LIST_REMOVE(k, link);
			kfree(k);
		}
	}
	return any;
}

/* Whether owner already waits, through others, for who. */
static bool circle(const void *owner, const void *who)
{
	for (unsigned depth = 0; depth < 16; depth++) {
		struct blocked *b;

		LIST_FOREACH(b, &blocked_list, link)
		if (b->owner == owner)
			break;
		if (!b)
			return false;
		if (b->by == who)
			return true;
		owner = b->by;
	}
	return false;
}

/* Sleeps until the list changes; called and returns with the mutex held. */
static int wait_change(struct lock_list *l, const struct lock *want,
		       const void *by)
{
	struct blocked me = { .owner = want->owner, .by = by };
	uint64_t seen = l->changes;
	int r;

	if (want->kind == KIND_RANGE && want->pid >= 0) {
		if (circle(by, want->owner))
			return -EDEADLK;
		LIST_INSERT_HEAD(&blocked_list, &me, link);
	}
	mutex_unlock(&locks_mutex);
	r = wait_event(&l->wait,
		       __atomic_load_n(&l->changes, __ATOMIC_RELAXED) != seen);
	mutex_lock(&locks_mutex);
	if (want->kind == KIND_RANGE && want->pid >= 0)
		LIST_REMOVE(&me, link);
	return r;
}

/* Sets want, or with unlock removes its range.  EAGAIN, EDEADLK, ENOLCK. */
static int apply(struct inode *i, const struct lock *want, bool unlock,
		 bool wait)
{
	struct lock *mine = kmalloc(sizeof(*mine));
	struct lock *spare = kmalloc(sizeof(*spare)), *other;
	struct lock_list *l;
	int r = -ENOLCK;

	mutex_lock(&locks_mutex);
	l = list_of(i, true);
	if (!mine || !spare || !l)
		goto out;
	r = 0;
	while (!unlock && (other = find_conflict(l, want))) {
		/* a flock is given up before one waits for the new kind */
		if (want->kind == KIND_FLOCK && carve(l, want, &spare))
			changed(l);
		r = wait ? wait_change(l, want, other->owner) : -EAGAIN;
		if (r)
			goto out;
	}
	if (carve(l, want, &spare))
		changed(l);
	if (!unlock) {
		*mine = *want;
		LIST_INSERT_HEAD(&l->locks, mine, link);
		mine = NULL;
	}
out:
	mutex_unlock(&locks_mutex);
	kfree(mine);
	kfree(spare);
	return r;
}

/* flock(2): LOCK_SH, LOCK_EX or LOCK_UN, with LOCK_NB or without. */
int flock_apply(struct file *f, int op)
{
	struct lock want = { .owner = f, .kind = KIND_FLOCK, .end = TO_END };
	bool wait = !(op & LOCK_NB);

	switch (op & ~LOCK_NB) {
	case LOCK_SH:
		break;
	case LOCK_EX:
		want.write = true;
		break;
	case LOCK_UN:
		return f->inode->locks ? apply(f->inode, &want, true, false)
				       : 0;
	default:
		return -EINVAL;
	}
	return apply(f->inode, &want, false, wait);
}

static void drop_owner(struct inode *i, const void *owner)
{
	struct lock_list *l;
	struct lock *k, *next;
	bool any = false;

	mutex_lock(&locks_mutex);
	l = list_of(i, false);
	for (k = l ? LIST_FIRST(&l->locks) : NULL; k; k = next) {
		next = LIST_NEXT(k, link);
		if (k->owner != owner)
			continue;
		LIST_REMOVE(k, link);
		kfree(k);
		any = true;
	}
	if (any)
		changed(l);
	mutex_unlock(&locks_mutex);
}

/* The last reference of f goes: its flock and its own ranges. */
void flock_release(struct file *f)
{
	if (__atomic_load_n(&f->inode->locks, __ATOMIC_ACQUIRE))
		drop_owner(f->inode, f);
}

/* Any descriptor of the inode is closed: all of the owner's ranges go. */
void posix_locks_close(struct file *f, const void *owner)
{
	if (__atomic_load_n(&f->inode->locks, __ATOMIC_ACQUIRE))
		drop_owner(f->inode, owner);
}

/* struct flock to a range: EINVAL, EOVERFLOW. */
static int range_of(struct file *f, const struct lx_flock *u, bool ofd,
		    struct lock *k)
{
	int64_t base = 0, start;

	if (u->l_whence == SEEK_CUR)
		base = (int64_t)f->pos;
	else if (u->l_whence == SEEK_END)
		base = (int64_t)f->inode->size;
	else if (u->l_whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(base, u->l_start, &start))
		return -EOVERFLOW;
	k->end = TO_END;
	if (u->l_len > 0 &&
	    __builtin_add_overflow(start, u->l_len - 1, &k->end))
		return -EOVERFLOW;
	if (u->l_len < 0) {
		k->end = start - 1;
		start += u->l_len;
	}
	if (start < 0)
		return -EINVAL;
	k->start = start;
	k->kind = KIND_RANGE;
	k->write = u->l_type == F_WRLCK;
	k->owner = ofd ? (const void *)f : current->files;
	k->pid = ofd || !current->proc ? -1 : current->proc->pid;
	return ofd && u->l_pid ? -EINVAL : 0;
}

/* F_SETLK, F_SETLKW and their OFD forms. */
int posix_lock_set(struct file *f, const struct lx_flock *u, bool ofd,
		   bool wait)
{
	struct lock want = { 0 };
	int r = range_of(f, u, ofd, &want);

	if (r)
		return r;
	switch (u->l_type) {
	case F_RDLCK:
		if (!file_readable(f))
			return -EBADF;
		break;
	case F_WRLCK:
		if (!file_writable(f))
			return -EBADF;
		break;
	case F_UNLCK:
		return f->inode->locks ? apply(f->inode, &want, true, false)
				       : 0;
	default:
		return -EINVAL;
	}
	return apply(f->inode, &want, false, wait);
}

/* F_GETLK: who is in the way, or F_UNLCK. */
int posix_lock_get(struct file *f, struct lx_flock *u, bool ofd)
{
	struct lock want = { 0 }, *k = NULL;
	struct lock_list *l;
	int r = range_of(f, u, ofd, &want);

	if (r)
		return r;
	if (u->l_type != F_RDLCK && u->l_type != F_WRLCK)
		return -EINVAL;
	mutex_lock(&locks_mutex);
	l = list_of(f->inode, false);
	if (l)
		k = find_conflict(l, &want);
	u->l_type = F_UNLCK;
	if (k) {
		u->l_type = k->write ? F_WRLCK : F_RDLCK;
		u->l_whence = SEEK_SET;
		u->l_start = k->start;
		u->l_len = k->end == TO_END ? 0 : k->end - k->start + 1;
		u->l_pid = k->pid;
	}
	mutex_unlock(&locks_mutex);
	return 0;
}
