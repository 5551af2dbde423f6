/* SPDX-License-Identifier: Apache-2.0 */
/* futex_waitv.c: futex_waitv(2): waiting on up to 128 futexes at once. */
#include "futex.h"

#define FUTEX_32      2U
#define FUTEX_PRIVATE 128U

/* Takes all off; the index of one that was woken before, or -1. */
static int unqueue_all(struct futex_waiter *w, unsigned n)
{
	int woken = -1;

	while (n--)
		if (!futex_unqueue(&w[n]))
			woken = (int)n;
	return woken;
}

static int queue_all(struct futex_waiter *w, const struct lx_futex_waitv *v,
		     unsigned n, unsigned *queued)
{
	for (unsigned i = 0; i < n; i++) {
		int ret = futex_key(UADDR(v[i].at),
				    !(v[i].flags & FUTEX_PRIVATE), w[i].key);
		uint32_t now;

		if (ret)
			return ret;
		w[i].task = current;
		w[i].bitset = UINT32_MAX;
		futex_queue(&w[i]);
		*queued = i + 1;
		if (copy_from_user(&now, UADDR(v[i].at), sizeof(now)))
			return -EFAULT;
		if (now != (uint32_t)v[i].val)
			return -EAGAIN;
	}
	return 0;
}

static bool any_woken(struct futex_waiter *w, unsigned n)
{
	while (n--)
		if (!__atomic_load_n(&w[n].b, __ATOMIC_ACQUIRE))
			return true;
	return false;
}

static int sleep_all(struct futex_waiter *w, unsigned n, uint64_t deadline)
{
	int ret = 0;

	for (;;) {
		sched_prepare(TASK_SLEEP);
		if (any_woken(w, n) || ret == -ETIMEDOUT)
			break;
		if (signal_pending()) {
			ret = -ERESTARTSYS;
			break;
		}
		ret = sched_sleep(deadline);
	}
	sched_finish();
	return ret;
}

int futex_waitv(const struct lx_futex_waitv *v, unsigned n, uint64_t deadline)
{
	struct futex_waiter *w;
	unsigned queued = 0;
	int ret, woken;

	for (unsigned i = 0; i < n; i++)
		if (v[i].reserved || !(v[i].flags & FUTEX_32) ||
		    v[i].flags & ~(FUTEX_32 | FUTEX_PRIVATE))
			return -EINVAL;
	w = kmalloc(n * sizeof(*w));
	if (!w)
		return -ENOMEM;
	ret = queue_all(w, v, n, &queued);
	if (!ret)
		ret = sleep_all(w, n, deadline);
	woken = unqueue_all(w, queued);
	kfree(w);
	return woken >= 0 ? woken : ret;
}
