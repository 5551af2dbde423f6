/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inotify.c: inotify(7): instances, watches, and their queues of events.
 *
 * notify.c says what happened; here it becomes an event of each watch of the
 * inode that asked for it.  A watch holds its inode, so that one inode object
 * stands for the file as long as it is watched.
 *
 * notify_lock, a spinlock without rank (events come under any lock), guards
 * the watches of inodes (inode.watches) and of instances, and the queues.
 * Inodes are put after it is released.
 */
#include "inotify.h"

#include <string.h>

struct event {
	TAILQ_ENTRY(event) link;
	int wd;
	uint32_t mask, cookie;
	uint32_t len; /* of name, without its NUL */
	char name[];
};

struct instance {
	LIST_ENTRY(instance) all_link;
	LIST_HEAD(, watch) watches;
	TAILQ_HEAD(eventq, event) events;
	unsigned nevents, nwatches;
	size_t bytes; /* that reading all of them would give */
	int last_wd;
	uint32_t uid;
	struct waitq wait; /* no rank */
};

struct watch {
	LIST_ENTRY(watch) link;       /* of the instance */
	LIST_ENTRY(watch) inode_link; /* of inode.watches */
	struct instance *in;
	struct inode *inode; /* reference */
	uint32_t mask;
	int wd;
};

struct inode_watches {
	LIST_HEAD(, watch) list;
};

static struct spinlock notify_lock;
static LIST_HEAD(, instance) instances;
unsigned notify_watches; /* [a] all of them */

static size_t event_size(uint32_t len)
{
	const size_t unit = sizeof(struct lx_inotify_event);

	return unit + (len ? (len + unit) / unit * unit : 0);
}

static bool same_event(const struct event *a, const struct event *b)
{
	return a->wd == b->wd && a->mask == b->mask && a->cookie == b->cookie &&
	       a->len == b->len && !memcmp(a->name, b->name, a->len);
}

static void append(struct instance *in, struct event *e)
{
	TAILQ_INSERT_TAIL(&in->events, e, link);
	in->nevents++;
	in->bytes += event_size(e->len);
	wake_all(&in->wait, EPOLLIN | EPOLLRDNORM);
}

static struct event *event_new(int wd, uint32_t mask, uint32_t cookie,
			       const char *name, size_t len)
{
	struct event *e = kmalloc(sizeof(*e) + len + 1);

	if (!e)
		return NULL;
	e->wd = wd;
	e->mask = mask;
	e->cookie = cookie;
	e->len = (uint32_t)len;
	if (len)
		memcpy(e->name, name, len);
	return e;
}

/* notify_lock held.  What is like the last event is not said twice; one event
 * says that others were lost, for want of room or memory. */
static void queue(struct instance *in, int wd, uint32_t mask, uint32_t cookie,
		  const char *name, size_t len)
{
	struct event *last = TAILQ_LAST(&in->events, eventq), *e = NULL;

	if (in->nevents < INOTIFY_MAX_EVENTS)
		e = event_new(wd, mask, cookie, name, len);
	if (!e) {
		if (last && last->mask == IN_Q_OVERFLOW)
			return;
		e = event_new(-1, IN_Q_OVERFLOW, 0, NULL, 0);
		if (!e)
			return;
	}
	if (last && same_event(last, e)) {
		kfree(e);
		return;
	}
	append(in, e);
}

/* notify_lock held: w is out of both lists; its inode is the caller's to
 * put, and w to free. */
static void unlink_watch(struct watch *w)
{
	struct inode_watches *iw = w->inode->watches;

	LIST_REMOVE(w, link);
	LIST_REMOVE(w, inode_link);
	w->in->nwatches--;
	__atomic_fetch_sub(&notify_watches, 1, __ATOMIC_RELAXED);
	if (LIST_EMPTY(&iw->list)) {
		w->inode->watches = NULL;
		kfree(iw);
	}
}

static void free_watch(struct watch *w)
{
	inode_put(w->inode);
	kfree(w);
}

/* The event to every watch of i that wants it.  gone: their watches end. */
void inotify_event(struct inode *i, uint32_t mask, uint32_t cookie,
		   const char *name, size_t len, bool gone)
{
	LIST_HEAD(, watch) dead = LIST_HEAD_INITIALIZER(dead);
	const uint32_t what = mask & IN_ALL_EVENTS;
	struct inode_watches *iw;
	struct watch *w, *next;

	spin_lock(&notify_lock);
	iw = i->watches;
	for (w = iw ? LIST_FIRST(&iw->list) : NULL; w; w = next) {
		bool wanted = (w->mask & what) || (mask & IN_UNMOUNT);
		bool end;

		next = LIST_NEXT(w, inode_link);
		if (wanted)
			queue(w->in, w->wd, mask & ~IN_EXCL_UNLINK, cookie,
			      name, len);
		end = gone || (wanted && (w->mask & IN_ONESHOT));
		if (!end)
			continue;
		queue(w->in, w->wd, IN_IGNORED, 0, NULL, 0);
		unlink_watch(w);
		LIST_INSERT_HEAD(&dead, w, link);
	}
	spin_unlock(&notify_lock);
	while ((w = LIST_FIRST(&dead))) {
		LIST_REMOVE(w, link);
		free_watch(w);
	}
}

/* Whether some watch of i wants mask; unlinked: but for IN_EXCL_UNLINK. */
bool inotify_wants(struct inode *i, uint32_t mask, bool unlinked)
{
	struct inode_watches *iw;
	struct watch *w;
	bool yes = false;

	if (!__atomic_load_n(&i->watches, __ATOMIC_RELAXED))
		return false;
	spin_lock(&notify_lock);
	iw = i->watches;
	if (iw)
		LIST_FOREACH(w, &iw->list, inode_link)
	yes |= (w->mask & mask) && !(unlinked && (w->mask & IN_EXCL_UNLINK));
	spin_unlock(&notify_lock);
	return yes;
}

/* A watch of something on s, with a reference of its inode; NULL: none. */
static struct inode *watched_on(const struct super *s)
{
	struct inode *i = NULL;
	struct instance *in;
	struct watch *w;

	spin_lock(&notify_lock);
	LIST_FOREACH(in, &instances, all_link)
	LIST_FOREACH(w, &in->watches, link)
	if (!i && w->inode->super == s) {
		i = w->inode;
		inode_get(i);
	}
	spin_unlock(&notify_lock);
	return i;
}

/* The last mount of s goes. */
void inotify_unmount(struct super *s)
{
	struct inode *i;

	while (__atomic_load_n(&notify_watches, __ATOMIC_RELAXED) &&
	       (i = watched_on(s))) {
		inotify_event(i, IN_UNMOUNT, 0, NULL, 0, true);
		inode_put(i);
	}
}

/* ---- the descriptor ---- */

static bool has_events(const struct instance *in)
{
	return __atomic_load_n(&in->nevents, __ATOMIC_RELAXED);
}

/* The next event where it fits into n bytes; NULL and *r where not. */
static struct event *take(struct instance *in, size_t n, ssize_t *r)
{
	struct event *e;

	spin_lock(&notify_lock);
	e = TAILQ_FIRST(&in->events);
	*r = 0;
	if (e && event_size(e->len) > n) {
		*r = -EINVAL;
		e = NULL;
	} else if (e) {
		TAILQ_REMOVE(&in->events, e, link);
		in->nevents--;
		in->bytes -= event_size(e->len);
	}
	spin_unlock(&notify_lock);
	return e;
}

static ssize_t put_event(struct uio *u, const struct event *e)
{
	struct lx_inotify_event head = { .wd = e->wd,
					 .mask = e->mask,
					 .cookie = e->cookie };
	size_t size = event_size(e->len);
	ssize_t n;

	head.len = (uint32_t)(size - sizeof(head));
	n = uio_put(u, &head, sizeof(head));
	if (n == sizeof(head) && e->len)
		n += uio_put(u, e->name, e->len);
	if (n == (ssize_t)(sizeof(head) + e->len))
		n += uio_zero(u, size - (size_t)n);
	return n == (ssize_t)size ? n : -EFAULT;
}

static ssize_t inotify_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct instance *in = f->private_;
	ssize_t done = 0, r;

	(void)pos;
	for (;;) {
		struct event *e = take(in, u->left, &r);

		if (e) {
			r = put_event(u, e);
			kfree(e);
		}
		if (r < 0)
			return done ? done : r;
		done += r;
		if (e)
			continue;
		if (done)
			return done;
		if ((f->flags & O_NONBLOCK) || u->nowait)
			return -EAGAIN;
		r = wait_event(&in->wait, has_events(in));
		if (r)
			return r;
	}
}

static unsigned inotify_poll(struct file *f, struct poll_table *pt)
{
	struct instance *in = f->private_;

	poll_wait(pt, &in->wait);
	return has_events(in) ? EPOLLIN | EPOLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
	struct instance *in = f->private_;
	int32_t n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	spin_lock(&notify_lock);
	n = (int32_t)in->bytes;
	spin_unlock(&notify_lock);
	return copy_to_user(arg, &n, sizeof(n));
}

static void inotify_release(struct file *f)
{
	struct instance *in = f->private_;
	struct event *e;
	struct watch *w;

	do {
		spin_lock(&notify_lock);
		w = LIST_FIRST(&in->watches);
		if (w)
			unlink_watch(w);
		else
			LIST_REMOVE(in, all_link);
		spin_unlock(&notify_lock);
		if (w)
			free_watch(w);
	} while (w);
	while ((e = TAILQ_FIRST(&in->events))) {
		TAILQ_REMOVE(&in->events, e, link);
		kfree(e);
	}
	kfree(in);
}

static const struct file_ops inotify_ops = {
	.read = inotify_read,
	.poll = inotify_poll,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.seek = file_seek_nowhere,
	.stream = true,
	.sigio = true,
};

static unsigned count_of_user(uint32_t uid, bool watches)
{
	struct instance *in;
	unsigned n = 0;

	LIST_FOREACH(in, &instances, all_link)
	if (in->uid == uid)
		n += watches ? in->nwatches : 1;
	return n;
}

/* flags: O_NONBLOCK. */
int inotify_new(unsigned flags, struct file **out)
{
	struct instance *in = kmalloc(sizeof(*in));
	struct inode *i;
	int r;

	if (!in)
		return -ENOMEM;
	r = anon_inode(0600, &i);
	if (!r) {
		r = file_new(i, &inotify_ops, O_RDONLY | (flags & O_NONBLOCK),
			     out);
		if (r)
			inode_put(i);
	}
	if (r) {
		kfree(in);
		return r;
	}
	TAILQ_INIT(&in->events);
	TAILQ_INIT(&in->wait.list);
	in->uid = fs_uid();
	(*out)->private_ = in;
	(*out)->inode->anon_name = "inotify";
	spin_lock(&notify_lock);
	if (count_of_user(in->uid, false) >= INOTIFY_MAX_INSTANCES)
		r = -EMFILE;
	LIST_INSERT_HEAD(&instances, in, all_link);
	spin_unlock(&notify_lock);
	if (r)
		file_put(*out);
	return r;
}

static struct watch *find_by_inode(struct instance *in, const struct inode *i)
{
	struct watch *w;

	LIST_FOREACH(w, &in->watches, link)
	if (w->inode == i)
		return w;
	return NULL;
}

/* notify_lock held; w and iw are what a new watch needs, and are set to NULL
 * where they were used. */
static int add_locked(struct instance *in, struct inode *i, uint32_t mask,
		      struct watch **w, struct inode_watches **iw)
{
	const uint32_t keep = IN_ALL_EVENTS | IN_EXCL_UNLINK | IN_ONESHOT;
	struct watch *old = find_by_inode(in, i);

	if (old && (mask & IN_MASK_CREATE))
		return -EEXIST;
	if (old) {
		old->mask =
			(mask & IN_MASK_ADD ? old->mask : 0) | (mask & keep);
		return old->wd;
	}
	if (count_of_user(in->uid, true) >= INOTIFY_MAX_WATCHES)
		return -ENOSPC;
	if (!i->watches) {
		i->watches = *iw;
		*iw = NULL;
	}
	(*w)->in = in;
	(*w)->inode = i;
	inode_get(i);
	(*w)->mask = mask & keep;
	(*w)->wd = ++in->last_wd;
	LIST_INSERT_HEAD(&in->watches, *w, link);
	LIST_INSERT_HEAD(&((struct inode_watches *)i->watches)->list, *w,
			 inode_link);
	in->nwatches++;
	__atomic_fetch_add(&notify_watches, 1, __ATOMIC_RELAXED);
	*w = NULL;
	return in->last_wd;
}

/* inotify_add_watch(2): the descriptor of the watch. */
int inotify_add(struct file *f, struct inode *i, uint32_t mask)
{
	struct inode_watches *iw = kmalloc(sizeof(*iw));
	struct watch *w = kmalloc(sizeof(*w));
	int r = -ENOMEM;

	if (w && iw) {
		spin_lock(&notify_lock);
		r = add_locked(f->private_, i, mask, &w, &iw);
		spin_unlock(&notify_lock);
	}
	kfree(iw);
	kfree(w);
	return r;
}

int inotify_remove(struct file *f, int wd)
{
	struct instance *in = f->private_;
	struct watch *w;

	spin_lock(&notify_lock);
	LIST_FOREACH(w, &in->watches, link)
	if (w->wd == wd)
		break;
	if (w) {
		queue(in, wd, IN_IGNORED, 0, NULL, 0);
		unlink_watch(w);
	}
	spin_unlock(&notify_lock);
	if (!w)
		return -EINVAL;
	free_watch(w);
	return 0;
}

bool inotify_is(const struct file *f)
{
	return f->ops == &inotify_ops;
}

/* The n-th watch, for /proc/PID/fdinfo; false: no more. */
bool inotify_nth(struct file *f, unsigned n, struct inotify_watch_info *out)
{
	struct instance *in = f->private_;
	struct watch *w;

	spin_lock(&notify_lock);
	LIST_FOREACH(w, &in->watches, link)
	if (!n--)
		break;
	if (w)
		*out = (struct inotify_watch_info){ w->wd, w->mask,
						    w->inode->ino,
						    w->inode->super->dev };
	spin_unlock(&notify_lock);
	return w;
}
