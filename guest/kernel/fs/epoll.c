/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll.c: epoll(7): level, edge and one-shot triggered, nested.
 *
 * An instance has an item for each (file, descriptor) that is watched.  The
 * item's waiters sit on the file's wait queues; their callback, under a queue's
 * lock, puts the item on the ready list and wakes who waits.  epoll_wait takes
 * items off the list, asks each file what is true now, reports that, and puts
 * level-triggered ones back.
 *
 * Locks: watch_mutex (whole system: which item watches which file; so that a
 * file can leave all instances when it is closed), then epoll.lock (items),
 * then the ready lock.  The callback runs under a wait queue's lock, so the
 * ready lock and the instance's own queue have no rank; an instance is never
 * part of a circle (ELOOP), so they nest in one direction only.
 */
#include "kuni/vfs.h"
#include "pseudofs.h"

#define MAX_NEST 5
/* EPOLLWAKEUP keeps a system from suspending, which this one never does; Linux
 * drops it, too, where CAP_BLOCK_SUSPEND is missing. */
#define EXCLUSIVE_OK                                                           \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET |    \
	 EPOLLEXCLUSIVE)
/* What nobody has to ask for; a one-shot that was reported has it no more. */
#define ITEM_ALWAYS  (EPOLLERR | EPOLLHUP)
#define ITEM_PRIVATE (EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)

struct epitem;
struct epwait { /* one wait queue of the watched file */
	struct waiter w;
	struct epitem *item;
	SLIST_ENTRY(epwait) link;
};

struct epitem {
	LIST_ENTRY(epitem) link;        /* [epoll.lock] */
	LIST_ENTRY(epitem) file_link;   /* [watch_mutex] */
	TAILQ_ENTRY(epitem) ready_link; /* [ready_lock] */
	SLIST_HEAD(, epwait) waits;
	struct epoll *ep;
	struct file *file; /* no reference: the file leaves first */
	int fd;
	bool ready;      /* [ready_lock] on the list */
	bool failed;     /* a waiter could not be allocated */
	uint32_t events; /* [a] wanted, and how */
	uint64_t data;
};
TAILQ_HEAD(epready, epitem);
LIST_HEAD(epitems, epitem);

#define HASH 64
struct epoll {
	struct mutex lock;
	struct epitems items[HASH]; /* [lock] by descriptor */
	struct spinlock ready_lock; /* no rank, see above */
	struct epready ready;
	struct waitq wait; /* no rank */
};

struct eplinks {              /* file.epolls */
	struct epitems items; /* [watch_mutex] */
};

static struct mutex watch_mutex;
static const struct file_ops epoll_ops;

static struct epitems *bucket(struct epoll *ep, int fd)
{
	return &ep->items[(unsigned)fd % HASH];
}

static void make_ready(struct epitem *it)
{
	struct epoll *ep = it->ep;

	spin_lock(&ep->ready_lock);
	if (!it->ready) {
		TAILQ_INSERT_TAIL(&ep->ready, it, ready_link);
		it->ready = true;
	}
	spin_unlock(&ep->ready_lock);
}

static bool item_woken(struct waiter *w, unsigned events)
{
	struct epitem *it = container_of(w, struct epwait, w)->item;
	uint32_t want = __atomic_load_n(&it->events, __ATOMIC_RELAXED);

	if (!(want & ~ITEM_PRIVATE)) /* a one-shot that was reported */
		return false;
	if (events && !(events & want))
		return false;
	make_ready(it);
	return wake_n(&it->ep->wait, 1, EPOLLIN);
}

struct item_table {
	struct poll_table pt;
	struct epitem *item;
};

static void item_add_wait(struct poll_table *pt, struct waitq *wq)
{
	struct epitem *it = container_of(pt, struct item_table, pt)->item;
	struct epwait *ew = kmalloc(sizeof(*ew));

	if (!ew) {
		it->failed = true;
		return;
	}
	ew->item = it;
	ew->w.fn = item_woken;
	ew->w.exclusive = it->events & EPOLLEXCLUSIVE;
	SLIST_INSERT_HEAD(&it->waits, ew, link);
	waitq_add(wq, &ew->w);
}

/* What is true of the item's file now, of what is asked. */
static uint32_t item_events(struct epitem *it, struct poll_table *pt)
{
	uint32_t want = it->events;

	if (!(want & ~ITEM_PRIVATE))
		return 0;
	return file_poll(it->file, pt) & want;
}

/* Everything of it goes; watch_mutex and epoll.lock are held. */
static void item_free(struct epitem *it)
{
	struct eplinks *links = it->file->epolls;
	struct epwait *ew;

	while ((ew = SLIST_FIRST(&it->waits))) {
		SLIST_REMOVE_HEAD(&it->waits, link);
		waitq_del(&ew->w);
		kfree(ew);
	}
	spin_lock(&it->ep->ready_lock);
	if (it->ready)
		TAILQ_REMOVE(&it->ep->ready, it, ready_link);
	spin_unlock(&it->ep->ready_lock);
	LIST_REMOVE(it, link);
	LIST_REMOVE(it, file_link);
	if (LIST_EMPTY(&links->items)) {
		it->file->epolls = NULL;
		kfree(links);
	}
	kfree(it);
}

/* The last reference of f goes: no instance watches it any more. */
void epoll_file_gone(struct file *f)
{
	mutex_lock(&watch_mutex);
	while (f->epolls) {
		struct eplinks *links = f->epolls;
		struct epitem *it = LIST_FIRST(&links->items);
		struct epoll *ep = it->ep;

		mutex_lock(&ep->lock);
		item_free(it);
		mutex_unlock(&ep->lock);
	}
	mutex_unlock(&watch_mutex);
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->private_;
	struct epitem *it;

	mutex_lock(&watch_mutex);
	mutex_lock(&ep->lock);
	for (unsigned n = 0; n < HASH; n++)
		while ((it = LIST_FIRST(&ep->items[n])))
			item_free(it);
	mutex_unlock(&ep->lock);
	mutex_unlock(&watch_mutex);
	kfree(ep);
}

static bool any_ready(struct epoll *ep)
{
	bool r;

	spin_lock(&ep->ready_lock);
	r = !TAILQ_EMPTY(&ep->ready);
	spin_unlock(&ep->ready_lock);
	return r;
}

/* An instance is readable when an item would be reported. */
static unsigned epoll_poll(struct file *f, struct poll_table *pt)
{
	struct epoll *ep = f->private_;

	poll_wait(pt, &ep->wait);
	return any_ready(ep) ? EPOLLIN | EPOLLRDNORM : 0;
}

static bool epoll_info(struct file *f, unsigned n, struct pseudo_buf *b)
{
	struct epoll *ep = f->private_;
	struct epitem *it = NULL;

	mutex_lock(&ep->lock);
	for (unsigned h = 0; h < HASH && !it; h++)
		LIST_FOREACH(it, &ep->items[h], link)
	if (!n--)
		break;
	if (it)
		pseudo_printf(b,
			      "tfd: %8d events: %8x data: %16lx  pos:%lu "
			      "ino:%lx sdev:%lx\n",
			      it->fd, it->events, it->data, it->file->pos,
			      it->file->inode->ino,
			      it->file->inode->super->dev);
	mutex_unlock(&ep->lock);
	return it;
}

static const struct file_ops epoll_ops = {
	.info = epoll_info,
	.poll = epoll_poll,
	.release = epoll_release,
	.seek = file_seek_nowhere,
	.stream = true,
};

int epoll_new(unsigned flags, struct file **out)
{
	struct epoll *ep = kmalloc(sizeof(*ep));
	struct inode *i;
	int r;

	(void)flags;
	if (!ep)
		return -ENOMEM;
	r = anon_inode(0600, &i);
	if (!r) {
		r = file_new(i, &epoll_ops, O_RDWR, out);
		if (r)
			inode_put(i);
	}
	if (r) {
		kfree(ep);
		return r;
	}
	mutex_init(&ep->lock, RANK_NONE);
	TAILQ_INIT(&ep->ready);
	TAILQ_INIT(&ep->wait.list);
	(*out)->private_ = ep;
	(*out)->inode->anon_name = "[eventpoll]";
	return 0;
}

/* ---- epoll_ctl ---- */

/* Whether target, an instance, watches ep, directly or through others; the
 * depth of nesting below target in *depth.  Breadth first, bounded. */
static bool watches(struct file *target, struct file *ep, unsigned *depth)
{
	struct file *level[32], *next[32];
	unsigned n = 1, m;

	level[0] = target;
	for (*depth = 0; n && *depth <= MAX_NEST; ++*depth) {
		m = 0;
		for (unsigned k = 0; k < n; k++) {
			struct epoll *e = level[k]->private_;
			struct epitem *it;

			if (level[k] == ep)
				return true;
			for (unsigned b = 0; b < HASH; b++)
				LIST_FOREACH(it, &e->items[b], link)
			if (it->file->ops == &epoll_ops && m < ARRAY_SIZE(next))
				next[m++] = it->file;
		}
		for (n = 0; n < m; n++)
			level[n] = next[n];
	}
	return false;
}

static struct epitem *item_find(struct epoll *ep, int fd, struct file *f)
{
	struct epitem *it;

	LIST_FOREACH(it, bucket(ep, fd), link)
	if (it->fd == fd && it->file == f)
		return it;
	return NULL;
}

static int item_add(struct epoll *ep, int fd, struct file *f,
		    const struct lx_epoll_event *ev)
{
	struct item_table t = { .pt.add = item_add_wait };
	struct epitem *it = kmalloc(sizeof(*it));

	if (!it)
		return -ENOMEM;
	if (!f->epolls) {
		f->epolls = kmalloc(sizeof(struct eplinks));
		if (!f->epolls) {
			kfree(it);
			return -ENOMEM;
		}
	}
	it->ep = ep;
	it->file = f;
	it->fd = fd;
	it->events = ev->events | ITEM_ALWAYS;
	it->data = ev->data;
	LIST_INSERT_HEAD(bucket(ep, fd), it, link);
	LIST_INSERT_HEAD(&((struct eplinks *)f->epolls)->items, it, file_link);
	t.item = it;
	if (item_events(it, &t.pt)) {
		make_ready(it);
		wake_n(&ep->wait, 1, EPOLLIN);
	}
	if (!it->failed)
		return 0;
	item_free(it);
	return -ENOMEM;
}

static void item_modify(struct epitem *it, const struct lx_epoll_event *ev)
{
	uint32_t events = ev->events | ITEM_ALWAYS;

	__atomic_store_n(&it->events, events, __ATOMIC_RELAXED);
	it->data = ev->data;
	if (item_events(it, NULL)) {
		make_ready(it);
		wake_n(&it->ep->wait, 1, EPOLLIN);
	}
}

static int control_locked(struct epoll *ep, int op, int fd, struct file *f,
			  const struct lx_epoll_event *ev)
{
	struct epitem *it = item_find(ep, fd, f);

	switch (op) {
	case EPOLL_CTL_ADD:
		return it ? -EEXIST : item_add(ep, fd, f, ev);
	case EPOLL_CTL_DEL:
		if (!it)
			return -ENOENT;
		item_free(it);
		return 0;
	case EPOLL_CTL_MOD:
		if (!it)
			return -ENOENT;
		if ((it->events | ev->events) & EPOLLEXCLUSIVE)
			return -EINVAL;
		item_modify(it, ev);
		return 0;
	default:
		return -EINVAL;
	}
}

/* epoll_ctl(2): EPERM for what cannot be polled, ELOOP for a circle. */
int epoll_control(struct file *epf, int op, int fd, struct file *f,
		  const struct lx_epoll_event *ev)
{
	struct epoll *ep = epf->private_;
	unsigned depth = 0;
	int r = 0;

	if (!f->ops->poll)
		return -EPERM;
	if (epf == f || epf->ops != &epoll_ops)
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (ev->events & EPOLLEXCLUSIVE) &&
	    (op == EPOLL_CTL_MOD || f->ops == &epoll_ops ||
	     (ev->events & ~EXCLUSIVE_OK)))
		return -EINVAL;
	mutex_lock(&watch_mutex);
	if (op == EPOLL_CTL_ADD && f->ops == &epoll_ops &&
	    (watches(f, epf, &depth) || depth > MAX_NEST - 1))
		r = -ELOOP;
	mutex_lock(&ep->lock);
	if (!r)
		r = control_locked(ep, op, fd, f, ev);
	mutex_unlock(&ep->lock);
	mutex_unlock(&watch_mutex);
	return r;
}

/* ---- epoll_wait ---- */

static struct epitem *take_ready(struct epoll *ep)
{
	struct epitem *it;

	spin_lock(&ep->ready_lock);
	it = TAILQ_FIRST(&ep->ready);
	if (it) {
		TAILQ_REMOVE(&ep->ready, it, ready_link);
		it->ready = false;
	}
	spin_unlock(&ep->ready_lock);
	return it;
}

static void put_back(struct epoll *ep, struct epready *list, bool front)
{
	struct epitem *it;

	spin_lock(&ep->ready_lock);
	while ((it = TAILQ_LAST(list, epready))) {
		TAILQ_REMOVE(list, it, ready_link);
		if (front)
			TAILQ_INSERT_HEAD(&ep->ready, it, ready_link);
		else
			TAILQ_INSERT_TAIL(&ep->ready, it, ready_link);
	}
	spin_unlock(&ep->ready_lock);
}

/* Marks it as listed while it waits on a local list for put_back(). */
static void keep(struct epoll *ep, struct epready *list, struct epitem *it)
{
	spin_lock(&ep->ready_lock);
	if (!it->ready) {
		it->ready = true;
		TAILQ_INSERT_HEAD(list, it, ready_link);
	}
	spin_unlock(&ep->ready_lock);
}

/* Reports up to max items that are ready: their number or -EFAULT. */
static int report(struct epoll *ep, uaddr_t out, int max)
{
	struct epready again = TAILQ_HEAD_INITIALIZER(again);
	struct epitem *it;
	int n = 0;

	mutex_lock(&ep->lock);
	while (n < max && (it = take_ready(ep))) {
		struct lx_epoll_event ev = { item_events(it, NULL), it->data };

		if (!ev.events)
			continue;
		if (copy_to_user(UADDR(out.v + (uint64_t)n * sizeof(ev)), &ev,
				 sizeof(ev))) {
			keep(ep, &again, it);
			n = n ? n : -EFAULT;
			break;
		}
		n++;
		if (it->events & EPOLLONESHOT)
			it->events &= ITEM_PRIVATE;
		else if (!(it->events & EPOLLET))
			keep(ep, &again, it);
	}
	put_back(ep, &again, false);
	mutex_unlock(&ep->lock);
	/* Others saw an empty list meanwhile, and went to sleep. */
	if (any_ready(ep))
		wake_n(&ep->wait, 1, EPOLLIN);
	return n;
}

/* epoll_wait(2): events, 0 at the deadline, EINTR. */
int epoll_wait_events(struct file *f, uaddr_t out, int max, uint64_t deadline)
{
	struct epoll *ep = f->private_;

	if (f->ops != &epoll_ops)
		return -EINVAL;
	for (;;) {
		int r = any_ready(ep) ? report(ep, out, max) : 0;

		if (r)
			return r;
		if (deadline != DEADLINE_NEVER && arch_clock_ns() >= deadline)
			return 0;
		r = wait_event_until(&ep->wait, any_ready(ep), deadline);
		if (r == -ERESTARTSYS)
			return -EINTR;
		if (r == -ETIMEDOUT && !any_ready(ep))
			return 0;
	}
}
