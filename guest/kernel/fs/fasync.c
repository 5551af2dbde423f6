/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fasync.c: O_ASYNC: a signal to the owner of a file when it can be read or
 * written (fcntl(2): F_SETOWN, F_SETSIG), or has a message (dnotify.c).
 *
 * A file with O_ASYNC has waiters on the queues that its poll() names.  Their
 * callback, under a queue's lock and perhaps in an interrupt, only notes what
 * happened; the signal is sent by fasync_flush(), which the waking task runs
 * on its way to user mode, or by a kernel thread.
 *
 * Locks: fasync_mutex (owners are made and changed), then pending_lock, which
 * has no rank since it is taken under the lock of any wait queue.
 */
#include "kuni/vfs.h"

struct fasync_wait {
	struct waiter w;
	struct fasync *owner;
	SLIST_ENTRY(fasync_wait) link;
};

struct fasync { /* file.async */
	struct poll_table pt;
	struct io_owner owner; /* [fasync_mutex], copied under pending_lock */
	int sig;               /* [pending_lock] F_SETSIG, 0: SIGIO */
	int fd;                /* [pending_lock] */
	bool on, failed;       /* [fasync_mutex] */
	SLIST_HEAD(, fasync_wait) waits; /* [fasync_mutex] */
	unsigned events;                 /* [pending_lock] since the last */
	unsigned messages;               /* [pending_lock] the same */
	bool queued;                     /* [pending_lock] */
	TAILQ_ENTRY(fasync) link;
};

static struct mutex fasync_mutex;
static struct spinlock pending_lock;
static TAILQ_HEAD(, fasync) pending = TAILQ_HEAD_INITIALIZER(pending);
static struct waitq thread_wait; /* no rank, see above */
static bool thread_runs;         /* [fasync_mutex] */
bool fasync_pending;             /* [a] something is on the list */

/* pending_lock held. */
static void enqueue(struct fasync *a)
{
	if (!a->queued) {
		a->queued = true;
		TAILQ_INSERT_TAIL(&pending, a, link);
	}
	__atomic_store_n(&fasync_pending, true, __ATOMIC_RELAXED);
}

static bool fasync_woken(struct waiter *w, unsigned events)
{
	struct fasync *a = container_of(w, struct fasync_wait, w)->owner;

	spin_lock(&pending_lock);
	a->events |= events;
	enqueue(a);
	spin_unlock(&pending_lock);
	wake_all(&thread_wait, EPOLLIN);
	return true;
}

/* A signal with POLL_MSG for each call, under any lock, by a task on its way
 * to user mode; fasync_own(f) came before. */
void fasync_message(struct file *f, int fd)
{
	struct fasync *a = f->async;

	spin_lock(&pending_lock);
	a->fd = fd;
	a->messages++;
	enqueue(a);
	spin_unlock(&pending_lock);
}

/* The code and band of SIGPOLL that Linux gives for events. */
static void fill_info(struct siginfo_k *i, int sig, int fd, unsigned events)
{
	*i = (struct siginfo_k){ .signo = sig, .code = POLL_IN_CODE };
	i->band = EPOLLIN | EPOLLRDNORM;
	if (!(events & EPOLLIN) && (events & EPOLLOUT)) {
		i->code = POLL_OUT_CODE;
		i->band = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	} else if (!(events & EPOLLIN) && (events & EPOLLHUP)) {
		i->code = POLL_HUP_CODE;
		i->band = EPOLLHUP | EPOLLERR;
	}
	if (events & EPOLLMSG) {
		i->code = POLL_MSG_CODE;
		i->band = EPOLLIN | EPOLLRDNORM | EPOLLMSG;
	}
	i->fd = fd;
}

/* Sends what is due. */
void fasync_flush(void)
{
	for (;;) {
		struct io_owner owner = { 0 };
		struct siginfo_k info;
		struct fasync *a;
		unsigned times = 0;
		int sig = 0;

		spin_lock(&pending_lock);
		a = TAILQ_FIRST(&pending);
		if (a) {
			TAILQ_REMOVE(&pending, a, link);
			a->queued = false;
			owner = a->owner;
			sig = a->sig;
			fill_info(&info, sig, a->fd,
				  a->messages ? EPOLLMSG : a->events);
			times = max(a->messages, 1U);
			a->events = a->messages = 0;
		} else {
			__atomic_store_n(&fasync_pending, false,
					 __ATOMIC_RELAXED);
		}
		spin_unlock(&pending_lock);
		if (!a)
			return;
		while (owner.id && times--)
			signal_send_io(&owner, sig ? sig : SIGIO,
				       sig ? &info : NULL);
	}
}

static void fasync_thread(void *unused)
{
	(void)unused;
	for (;;) {
		wait_event_hard(
			&thread_wait,
			__atomic_load_n(&fasync_pending, __ATOMIC_RELAXED));
		fasync_flush();
	}
}

/* fasync_mutex held. */
static int get_locked(struct file *f, struct fasync **out)
{
	struct fasync *a = f->async;

	if (!a) {
		a = kmalloc(sizeof(*a));
		if (!a)
			return -ENOMEM;
		SLIST_INIT(&a->waits);
		f->async = a;
	}
	*out = a;
	return 0;
}

static void add_wait(struct poll_table *pt, struct waitq *wq)
{
	struct fasync *a = container_of(pt, struct fasync, pt);
	struct fasync_wait *w = kmalloc(sizeof(*w));

	if (!w) {
		a->failed = true;
		return;
	}
	w->owner = a;
	w->w.fn = fasync_woken;
	SLIST_INSERT_HEAD(&a->waits, w, link);
	waitq_add(wq, &w->w);
}

static void turn_off(struct fasync *a)
{
	struct fasync_wait *w;

	while ((w = SLIST_FIRST(&a->waits))) {
		SLIST_REMOVE_HEAD(&a->waits, link);
		waitq_del(&w->w);
		kfree(w);
	}
	spin_lock(&pending_lock);
	if (a->queued)
		TAILQ_REMOVE(&pending, a, link);
	a->queued = false;
	a->events = a->messages = 0;
	spin_unlock(&pending_lock);
	a->on = false;
}

static int turn_on(struct file *f, struct fasync *a)
{
	struct task *t;
	int r;

	if (!thread_runs) {
		r = kthread_create(&t, "fasync", fasync_thread, NULL);
		if (r)
			return r;
		thread_runs = true;
	}
	a->pt.add = add_wait;
	a->failed = false;
	(void)file_poll(f, &a->pt);
	if (a->failed) {
		turn_off(a);
		return -ENOMEM;
	}
	a->on = true;
	return 0;
}

/* O_ASYNC of f, descriptor fd, goes on or off; the caller keeps the flag. */
int fasync_set(struct file *f, int fd, bool on)
{
	struct fasync *a;
	int r = 0;

	if (!f->ops->sigio || (!on && !f->async))
		return 0;
	mutex_lock(&fasync_mutex);
	r = get_locked(f, &a);
	if (!r && on) {
		spin_lock(&pending_lock);
		a->fd = fd;
		spin_unlock(&pending_lock);
		if (!a->on)
			r = turn_on(f, a);
	} else if (!r) {
		turn_off(a);
	}
	mutex_unlock(&fasync_mutex);
	return r;
}

/* F_SETOWN, F_SETOWN_EX; id 0: nobody. */
int fasync_set_owner(struct file *f, int type, int id)
{
	struct fasync *a;
	int r;

	if (id && !signal_owner_exists(type, id))
		return -ESRCH;
	mutex_lock(&fasync_mutex);
	r = get_locked(f, &a);
	if (!r) {
		spin_lock(&pending_lock);
		a->owner = (struct io_owner){ .type = type,
					      .id = id,
					      .uid = current->cred->uid,
					      .euid = current->cred->euid };
		spin_unlock(&pending_lock);
	}
	mutex_unlock(&fasync_mutex);
	return r;
}

/* The current process, where nobody owns f yet. */
int fasync_own(struct file *f)
{
	int type, id;

	fasync_get_owner(f, &type, &id);
	return id ? 0 : fasync_set_owner(f, F_OWNER_PID, current->proc->pid);
}

/* F_GETOWN: 0 and F_OWNER_TID where none was set, or it is gone. */
void fasync_get_owner(struct file *f, int *type, int *id)
{
	const struct fasync *a;

	mutex_lock(&fasync_mutex);
	a = f->async;
	*type = a ? a->owner.type : F_OWNER_TID;
	*id = a ? a->owner.id : 0;
	mutex_unlock(&fasync_mutex);
	if (*id && !signal_owner_exists(*type, *id))
		*id = 0;
}

int fasync_set_signal(struct file *f, int sig)
{
	struct fasync *a;
	int r;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	mutex_lock(&fasync_mutex);
	r = get_locked(f, &a);
	if (!r) {
		spin_lock(&pending_lock);
		a->sig = sig;
		spin_unlock(&pending_lock);
	}
	mutex_unlock(&fasync_mutex);
	return r;
}

int fasync_get_signal(const struct file *f)
{
	const struct fasync *a = f->async;

	return a ? a->sig : 0;
}

/* The last reference of f goes, while its wait queues are still there. */
void fasync_file_gone(struct file *f)
{
	struct fasync *a = f->async;

	mutex_lock(&fasync_mutex);
	turn_off(a);
	f->async = NULL;
	mutex_unlock(&fasync_mutex);
	kfree(a);
}
