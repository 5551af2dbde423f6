/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.c: a message queue (mq_overview(7)): messages by priority, who waits
 * to send or to receive, who is to be told.
 *
 * Who waits is served by priority, then in order: a message goes from a sender
 * to the receiver that waits for it without entering the queue, and what a
 * waiting sender has enters it before anybody else's.  Messages are kept in
 * pieces of a page.  Each queue counts against RLIMIT_MSGQUEUE of the user who
 * made it with the most that it can hold, by Linux's formula.
 */
#include "kuni/mqueue.h"

#include <stdio.h>
#include <string.h>

#include "kuni/task.h"
#include "kuni/vfs.h"

struct piece {
	struct piece *next;
	uint8_t data[PAGE_SIZE - sizeof(struct piece *)];
};

struct message {
	TAILQ_ENTRY(message) link;
	unsigned prio;
	size_t len;
	struct piece *first;
};

TAILQ_HEAD(message_list, message);

struct mq_waiter {
	TAILQ_ENTRY(mq_waiter) link;
	int rank; /* less is served first */
	struct message *m;
	bool done; /* [q.lock], read without */
	struct waitq wq;
};
TAILQ_HEAD(mq_waiters, mq_waiter);

struct mqueue {
	struct mutex lock;
	size_t maxmsg, msgsize;        /* [I] */
	size_t curmsgs, bytes;         /* [lock] */
	struct message_list list;      /* [lock] highest priority first */
	struct mq_waiters send, recv;  /* [lock] */
	struct mq_notification notify; /* [lock] */
	int notify_pid;                /* [lock] 0: nobody is told */
	struct waitq wait;             /* poll(2) */
	LIST_ENTRY(mqueue) link;       /* [all_lock] */
	uint32_t uid;                  /* [I] who is charged */
	uint64_t charge;               /* [I] */
};

struct mqueue_limits mqueue_limits = { 256, 10, 8192, 10, 8192 };
#define LIMIT(name) __atomic_load_n(&mqueue_limits.name, __ATOMIC_RELAXED)

static struct mutex all_lock;
static LIST_HEAD(, mqueue) all; /* [all_lock] */

/* ---- messages ---- */

static void message_free(struct message *m)
{
	struct piece *p = m ? m->first : NULL, *next;

	for (; p; p = next) {
		next = p->next;
		kfree(p);
	}
	kfree(m);
}

/* n bytes of the user's. */
static int message_new(uaddr_t from, size_t n, unsigned prio,
		       struct message **out)
{
	struct message *m = kmalloc(sizeof(*m));
	struct piece **at = m ? &m->first : NULL;
	int r = m ? 0 : -ENOMEM;

	for (size_t done = 0, k; !r && done < n; done += k) {
		struct piece *p = kmalloc(sizeof(*p));

		k = min(n - done, sizeof(p->data));
		if (!p) {
			r = -ENOMEM;
			break;
		}
		*at = p;
		at = &p->next;
		r = copy_from_user(p->data, UADDR(from.v + done), k);
	}
	if (r) {
		message_free(m);
		return r;
	}
	m->len = n;
	m->prio = prio;
	*out = m;
	return 0;
}

static int message_copy(const struct message *m, uaddr_t to)
{
	const struct piece *p = m->first;
	int r = 0;

	for (size_t done = 0, k; !r && done < m->len; done += k, p = p->next) {
		k = min(m->len - done, sizeof(p->data));
		r = copy_to_user(UADDR(to.v + done), p->data, k);
	}
	return r;
}

static void insert(struct mqueue *q, struct message *m)
{
	struct message *at = TAILQ_LAST(&q->list, message_list);

	while (at && at->prio < m->prio)
		at = TAILQ_PREV(at, message_list, link);
	if (at)
		TAILQ_INSERT_AFTER(&q->list, at, m, link);
	else
		TAILQ_INSERT_HEAD(&q->list, m, link);
	q->curmsgs++;
	q->bytes += m->len;
}

static struct message *take_first(struct mqueue *q)
{
	struct message *m = TAILQ_FIRST(&q->list);

	TAILQ_REMOVE(&q->list, m, link);
	q->curmsgs--;
	q->bytes -= m->len;
	return m;
}

/* ---- waiting ---- */

static int rank_of(const struct task *t)
{
	int prio = sched_prio(t);

	return prio ? -prio : 100 + t->nice;
}

/* q->lock is held, and released.  Until who serves the list has served w. */
static int sleep_in(struct mqueue *q, struct mq_waiters *list,
		    struct mq_waiter *w, uint64_t deadline)
{
	struct mq_waiter *at = TAILQ_LAST(list, mq_waiters);
	int r;

	w->rank = rank_of(current);
	while (at && at->rank > w->rank)
		at = TAILQ_PREV(at, mq_waiters, link);
	if (at)
		TAILQ_INSERT_AFTER(list, at, w, link);
	else
		TAILQ_INSERT_HEAD(list, w, link);
	mutex_unlock(&q->lock);
	r = wait_event_until(
		&w->wq, __atomic_load_n(&w->done, __ATOMIC_ACQUIRE), deadline);
	mutex_lock(&q->lock); /* who serves it has let go of w, too */
	if (w->done)
		r = 0;
	else
		TAILQ_REMOVE(list, w, link);
	mutex_unlock(&q->lock);
	return r;
}

static struct mq_waiter *first_waiter(struct mq_waiters *list)
{
	struct mq_waiter *w = TAILQ_FIRST(list);

	if (w)
		TAILQ_REMOVE(list, w, link);
	return w;
}

static void serve(struct mq_waiter *w)
{
	__atomic_store_n(&w->done, true, __ATOMIC_RELEASE);
	wake_all(&w->wq, 0);
}

/* ---- who is told ---- */

/* state: 1 a message has come, 2 it will not be told. */
static void tell_thread(struct mq_notification *n, uint8_t state)
{
	if (!n->sock)
		return;
	n->cookie[MQ_COOKIE_LEN - 1] = state;
	n->tell(n->sock, n->cookie, sizeof(n->cookie));
	file_put(n->sock);
	n->sock = NULL;
}

static void tell_signal(const struct mqueue *q)
{
	struct siginfo_k info = { .signo = q->notify.signo, .code = SI_MESGQ };
	struct process *p = process_find(q->notify_pid);

	info.pid_rt = current->proc->pid;
	info.uid_rt = current->cred->uid;
	info.value = q->notify.value;
	if (!p) /* it ended, and who shares its descriptors has not closed */
		return;
	(void)signal_send_process(p, info.signo, &info);
	process_put(p);
}

/* A message came into the empty queue: once. */
static void tell(struct mqueue *q)
{
	if (!q->notify_pid || q->curmsgs != 1)
		return;
	if (q->notify.how == SIGEV_SIGNAL && q->notify.signo)
		tell_signal(q);
	tell_thread(&q->notify, 1);
	q->notify_pid = 0;
}

int mqueue_notify(struct mqueue *q, const struct mq_notification *n)
{
	int r = 0;

	if (!n) {
		mqueue_closed(q);
		return 0;
	}
	mutex_lock(&q->lock);
	if (q->notify_pid) {
		r = -EBUSY;
	} else {
		q->notify = *n;
		q->notify_pid = current->proc->pid;
	}
	mutex_unlock(&q->lock);
	return r;
}

void mqueue_closed(struct mqueue *q)
{
	mutex_lock(&q->lock);
	if (q->notify_pid == current->proc->pid) {
		tell_thread(&q->notify, 2);
		q->notify_pid = 0;
	}
	mutex_unlock(&q->lock);
}

/* ---- sending, receiving ---- */

/* q->lock is held, and m goes into the queue or to who waits for one. */
static void put(struct mqueue *q, struct message *m)
{
	struct mq_waiter *w = first_waiter(&q->recv);

	if (w) {
		w->m = m;
		serve(w);
		return;
	}
	insert(q, m);
	tell(q);
	wake_all(&q->wait, EPOLLIN | EPOLLRDNORM);
}

int mqueue_send(struct mqueue *q, uaddr_t from, size_t n, unsigned prio,
		bool nonblock, uint64_t deadline)
{
	struct mq_waiter w = { .done = false };
	struct message *m;
	int r;

	if (n > q->msgsize)
		return -EMSGSIZE;
	r = message_new(from, n, prio, &m);
	if (r)
		return r;
	mutex_lock(&q->lock);
	if (q->curmsgs < q->maxmsg) {
		put(q, m);
		mutex_unlock(&q->lock);
		return 0;
	}
	if (nonblock) {
		mutex_unlock(&q->lock);
		r = -EAGAIN;
	} else {
		w.m = m;
		r = sleep_in(q, &q->send, &w, deadline);
	}
	if (r)
		message_free(m);
	return r;
}

/* q->lock is held: the first message, and what waits to be sent takes its
 * place. */
static struct message *get(struct mqueue *q)
{
	struct message *m = take_first(q);
	struct mq_waiter *w = first_waiter(&q->send);

	if (w) {
		insert(q, w->m);
		serve(w);
	} else {
		wake_all(&q->wait, EPOLLOUT | EPOLLWRNORM);
	}
	return m;
}

ssize_t mqueue_receive(struct mqueue *q, uaddr_t to, size_t n, uint32_t *prio,
		       bool nonblock, uint64_t deadline)
{
	struct mq_waiter w = { .done = false };
	ssize_t r = 0;

	if (n < q->msgsize)
		return -EMSGSIZE;
	mutex_lock(&q->lock);
	if (q->curmsgs) {
		w.m = get(q);
		mutex_unlock(&q->lock);
	} else if (nonblock) {
		mutex_unlock(&q->lock);
		r = -EAGAIN;
	} else {
		r = sleep_in(q, &q->recv, &w, deadline);
	}
	if (r)
		return r;
	*prio = w.m->prio;
	r = message_copy(w.m, to) ?: (ssize_t)w.m->len;
	message_free(w.m);
	return r;
}

/* ---- what is said of it ---- */

unsigned mqueue_poll(struct mqueue *q, struct poll_table *pt)
{
	size_t n;

	poll_wait(pt, &q->wait);
	n = __atomic_load_n(&q->curmsgs, __ATOMIC_RELAXED);
	return (n ? EPOLLIN | EPOLLRDNORM : 0) |
	       (n < q->maxmsg ? EPOLLOUT | EPOLLWRNORM : 0);
}

void mqueue_attr(struct mqueue *q, struct lx_mq_attr *out)
{
	*out = (struct lx_mq_attr){ .maxmsg = (int64_t)q->maxmsg,
				    .msgsize = (int64_t)q->msgsize };
	out->curmsgs = (int64_t)__atomic_load_n(&q->curmsgs, __ATOMIC_RELAXED);
}

int mqueue_text(struct mqueue *q, char *buf, size_t n)
{
	bool told;
	int len;

	mutex_lock(&q->lock);
	told = q->notify_pid;
	len = snprintf(
		buf, n, "QSIZE:%-10zu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
		q->bytes, told ? q->notify.how : 0,
		told && q->notify.how == SIGEV_SIGNAL ? q->notify.signo : 0,
		q->notify_pid);
	mutex_unlock(&q->lock);
	return len;
}

/* ---- life ---- */

static int check_limits(const struct lx_mq_attr *a)
{
	bool free = capable(CAP_SYS_RESOURCE);
	int64_t msgs = free ? MQ_MSGS_TOP : LIMIT(msg_max);
	int64_t size = free ? MQ_SIZE_TOP : LIMIT(msgsize_max);

	if (a->maxmsg <= 0 || a->msgsize <= 0 || a->maxmsg > msgs ||
	    a->msgsize > size)
		return -EINVAL;
	return 0;
}

/* Linux's: a struct msg_msg a message, a tree node a priority, 48 bytes each. */
static uint64_t charge_of(const struct lx_mq_attr *a)
{
	uint64_t n = (uint64_t)a->maxmsg;

	return n * (uint64_t)a->msgsize + n * 48 + min(n, MQ_PRIO_MAX) * 48UL;
}

/* Into the list, where the limits of the system and of its user allow. */
static int admit(struct mqueue *q)
{
	uint64_t used = q->charge;
	const struct mqueue *o;
	int n = 0, r = 0;

	mutex_lock(&all_lock);
	LIST_FOREACH(o, &all, link)
	{
		n++;
		used += o->uid == q->uid ? o->charge : 0;
	}
	if (n >= LIMIT(queues_max) && !capable(CAP_SYS_RESOURCE))
		r = -ENOSPC;
	else if (used > rlimit_get(RLIMIT_MSGQUEUE))
		r = -EMFILE;
	else
		LIST_INSERT_HEAD(&all, q, link);
	mutex_unlock(&all_lock);
	return r;
}

int mqueue_new(const struct lx_mq_attr *attr, struct mqueue **out)
{
	struct lx_mq_attr a = {
		.maxmsg = min(LIMIT(msg_max), LIMIT(msg_default)),
		.msgsize = min(LIMIT(msgsize_max), LIMIT(msgsize_default)),
	};
	struct mqueue *q;
	int r;

	if (attr)
		a = *attr;
	r = check_limits(&a);
	if (r)
		return r;
	q = kmalloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->maxmsg = (size_t)a.maxmsg;
	q->msgsize = (size_t)a.msgsize;
	q->uid = current->cred->uid;
	q->charge = charge_of(&a);
	TAILQ_INIT(&q->list);
	TAILQ_INIT(&q->send);
	TAILQ_INIT(&q->recv);
	waitq_init(&q->wait);
	r = admit(q);
	if (r)
		kfree(q);
	else
		*out = q;
	return r;
}

/* Nobody has it open, so nobody waits. */
void mqueue_free(struct mqueue *q)
{
	struct message *m;

	mutex_lock(&all_lock);
	LIST_REMOVE(q, link);
	mutex_unlock(&all_lock);
	while ((m = TAILQ_FIRST(&q->list))) {
		TAILQ_REMOVE(&q->list, m, link);
		message_free(m);
	}
	if (q->notify.sock)
		file_put(q->notify.sock);
	kfree(q);
}
