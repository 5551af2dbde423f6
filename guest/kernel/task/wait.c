/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.c: wait queues.
 *
 * A waiter stands on at most one queue.  Waiters that are woken stay queued
 * until waitq_del(); exclusive ones are queued behind the others, so that a
 * wake-up reaches everybody who must know and at most n of those who compete.
 */
#include "kuni/sched.h"

#include "kuni/klog.h"
#include "kuni/task.h"

void waitq_init(struct waitq *wq)
{
	spin_init(&wq->lock, RANK_WAITQ);
	TAILQ_INIT(&wq->list);
}

/* An all-zero queue has no tail pointer yet. */
static void waitq_ready(struct waitq *wq)
{
	if (!wq->list.tqh_last)
		TAILQ_INIT(&wq->list);
}

void waitq_add(struct waitq *wq, struct waiter *w)
{
	spin_lock(&wq->lock);
	waitq_ready(wq);
	ensure(!w->wq);
	w->wq = wq;
	w->woken = false;
	if (w->exclusive)
		TAILQ_INSERT_TAIL(&wq->list, w, link);
	else
		TAILQ_INSERT_HEAD(&wq->list, w, link);
	spin_unlock(&wq->lock);
}

/* Takes w off its queue, where it is on one. */
void waitq_del(struct waiter *w)
{
	struct waitq *wq = w->wq;

	if (!wq)
		return;
	spin_lock(&wq->lock);
	if (w->wq == wq) {
		TAILQ_REMOVE(&wq->list, w, link);
		w->wq = NULL;
	}
	spin_unlock(&wq->lock);
}

/* Up to n exclusive waiters, of those with a callback up to nfn. */
static unsigned wake_some(struct waitq *wq, unsigned n, unsigned nfn,
			  unsigned events)
{
	struct waiter *w, *next;
	unsigned woken = 0;

	/* Whoever waits queues first and looks at the condition after. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&wq->list.tqh_first, __ATOMIC_RELAXED))
		return 0;
	spin_lock(&wq->lock);
	for (w = TAILQ_FIRST(&wq->list); w; w = next) {
		unsigned *left = w->fn ? &nfn : &n;

		next = TAILQ_NEXT(w, link);
		if (w->exclusive && !*left)
			continue;
		w->woken = true;
		if (!(w->fn ? w->fn(w, events) : sched_wake(w->task)))
			continue;
		woken++;
		if (w->exclusive)
			--*left;
	}
	spin_unlock(&wq->lock);
	return woken;
}

void wake_all(struct waitq *wq, unsigned events)
{
	bool end = events & (EPOLLHUP | EPOLLERR);

	(void)wake_some(wq, UINT32_MAX, end ? UINT32_MAX : 1, events);
}

/* All waiters that are not exclusive, and up to n that are. */
unsigned wake_n(struct waitq *wq, unsigned n, unsigned events)
{
	return n ? wake_some(wq, n, n, events) : 0;
}
