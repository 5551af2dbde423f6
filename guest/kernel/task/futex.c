/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex.c: futex(2), robust lists (set_robust_list(2)).
 *
 * Waiters hang in hashed buckets by key (mm_futex_key: the address space and
 * address, or the page).  A waiter queues, lets the bucket go, reads the user
 * word (which may fault and sleep), and sleeps only if it was not woken: a
 * wake between finds it queued, a change of the word before is seen by the
 * read.  Two buckets are locked by address.
 *
 * Futexes with an owner are in futex_pi.c.
 */
#include "futex.h"

#include <string.h>

#include "kuni/klog.h"

#define FUTEX_BUCKETS 256
#define ROBUST_LIMIT  2048
struct futex_bucket {
	struct spinlock lock;
	TAILQ_HEAD(futex_list, futex_waiter)
	list; /* [lock]; all-zero is empty; by priority, then in order */
};
static struct futex_bucket buckets[FUTEX_BUCKETS];

static struct futex_bucket *bucket_of(const uint64_t key[2])
{
	uint64_t h = (key[0] ^ key[1] * 31) * 0x9e3779b97f4a7c15UL;

	return &buckets[h >> 56];
}

static void bucket_lock(struct futex_bucket *b)
{
	spin_lock(&b->lock);
	if (!b->list.tqh_last)
		TAILQ_INIT(&b->list);
}

static bool same(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

/* Takes w off bucket b (locked) and wakes its task; w may vanish at once. */
static void wake_one(struct futex_bucket *b, struct futex_waiter *w)
{
	struct task *t = w->task;

	task_get(t);
	TAILQ_REMOVE(&b->list, w, link);
	__atomic_store_n(&w->b, NULL, __ATOMIC_RELEASE);
	(void)sched_wake(t);
	task_put(t);
}

static int wake_locked(struct futex_bucket *b, const uint64_t key[2],
		       unsigned n, uint32_t bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	for (w = TAILQ_FIRST(&b->list); w && (unsigned)woken < n; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!same(w->key, key) || !(w->bitset & bitset))
			continue;
		if (w->pi)
			return -EINVAL; /* only to be requeued */
		wake_one(b, w);
		woken++;
	}
	return woken;
}

/* A key of current's memory; touches the page so that it has one. */
int futex_key(uaddr_t at, bool shared, uint64_t key[2])
{
	uint32_t v;
	int ret;

	if (at.v & 3)
		return -EINVAL;
	ret = mm_futex_key(current->mm, at, shared, key);
	if (ret == -EFAULT && shared) {
		if (copy_from_user(&v, at, sizeof(v)))
			return -EFAULT;
		ret = mm_futex_key(current->mm, at, shared, key);
	}
	return ret;
}

int futex_wake(uaddr_t at, bool shared, unsigned n, uint32_t bitset)
{
	uint64_t key[2];
	struct futex_bucket *b;
	int ret;

	if (!bitset)
		return -EINVAL;
	ret = futex_key(at, shared, key);
	if (ret)
		return ret;
	b = bucket_of(key);
	bucket_lock(b);
	ret = wake_locked(b, key, n ? n : 1, bitset);
	spin_unlock(&b->lock);
	return ret;
}

/* The same for current, which exits and runs in mm. */
int futex_wake_addr(struct mm *mm, uaddr_t at, bool shared, unsigned n)
{
	ensure(mm == current->mm);
	return futex_wake(at, shared, n, UINT32_MAX);
}

/* ---- waiting ---- */

/* Where the tasks of higher priority are behind; w->key is set. */
void futex_queue(struct futex_waiter *w)
{
	struct futex_bucket *b = bucket_of(w->key);
	struct futex_waiter *at;

	w->prio = sched_prio(w->task);
	w->b = b;
	bucket_lock(b);
	at = TAILQ_LAST(&b->list, futex_list);
	while (at && at->prio < w->prio)
		at = TAILQ_PREV(at, futex_list, link);
	if (at)
		TAILQ_INSERT_AFTER(&b->list, at, w, link);
	else
		TAILQ_INSERT_HEAD(&b->list, w, link);
	spin_unlock(&b->lock);
}

/* Off whatever bucket w is on (a requeue may move it): false if woken. */
bool futex_unqueue(struct futex_waiter *w)
{
	struct futex_bucket *b;

	while ((b = __atomic_load_n(&w->b, __ATOMIC_ACQUIRE))) {
		bucket_lock(b);
		if (w->b == b) {
			TAILQ_REMOVE(&b->list, w, link);
			w->b = NULL;
			spin_unlock(&b->lock);
			return true;
		}
		spin_unlock(&b->lock);
	}
	return false;
}

static int sleep_on(struct futex_waiter *w, uint64_t deadline)
{
	int ret = 0;

	for (;;) {
		sched_prepare(TASK_SLEEP);
		if (!__atomic_load_n(&w->b, __ATOMIC_ACQUIRE))
			break;
		if (ret == -ETIMEDOUT)
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

/* Waits while *at is val: 0 woken, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS. */
int futex_wait(uaddr_t at, bool shared, uint32_t val, uint32_t bitset,
	       uint64_t deadline)
{
	struct futex_waiter w = { .task = current, .bitset = bitset };
	uint32_t now;
	int ret;

	if (!bitset)
		return -EINVAL;
	ret = futex_key(at, shared, w.key);
	if (ret)
		return ret;
	futex_queue(&w);
	if (copy_from_user(&now, at, sizeof(now)))
		ret = -EFAULT;
	else if (now != val)
		ret = -EAGAIN;
	else
		ret = sleep_on(&w, deadline);
	return futex_unqueue(&w) ? ret : 0;
}

/* ---- two keys ---- */

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	bucket_lock(a < b ? a : b);
	if (a != b)
		bucket_lock(a < b ? b : a);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

static int requeue_locked(struct futex_bucket *a, const uint64_t ka[2],
			  struct futex_bucket *b, const uint64_t kb[2],
			  unsigned n)
{
	struct futex_waiter *w, *next;
	int moved = 0;

	if (same(ka, kb))
		return 0;
	for (w = TAILQ_FIRST(&a->list); w && (unsigned)moved < n; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!same(w->key, ka))
			continue;
		if (w->pi)
			return moved ? moved : -EINVAL;
		TAILQ_REMOVE(&a->list, w, link);
		memcpy(w->key, kb, sizeof(w->key));
		TAILQ_INSERT_TAIL(&b->list, w, link);
		__atomic_store_n(&w->b, b, __ATOMIC_RELEASE);
		moved++;
	}
	return moved;
}

int futex_requeue(const struct futex_pair *p, const uint32_t *cmp)
{
	uint64_t ka[2], kb[2];
	struct futex_bucket *a, *b;
	uint32_t now;
	int ret, moved;

	if ((int)p->nwake < 0 || (int)p->nmove < 0)
		return -EINVAL;
	for (;;) {
		ret = futex_key(p->from, p->shared, ka);
		if (!ret)
			ret = futex_key(p->to, p->shared, kb);
		if (ret)
			return ret;
		a = bucket_of(ka);
		b = bucket_of(kb);
		lock_two(a, b);
		if (!cmp || !arch_user_load32(p->from, &now))
			break;
		unlock_two(a, b);
		if (copy_from_user(&now, p->from, sizeof(now)))
			return -EFAULT;
	}
	if (cmp && now != *cmp) {
		unlock_two(a, b);
		return -EAGAIN;
	}
	ret = wake_locked(a, ka, p->nwake, UINT32_MAX);
	moved = ret < 0 ? 0 : requeue_locked(a, ka, b, kb, p->nmove);
	unlock_two(a, b);
	if (moved < 0)
		return moved;
	return cmp && ret >= 0 ? ret + moved : ret;
}

/* The operation of FUTEX_WAKE_OP on old; -ENOSYS for an unknown one. */
int futex_op_apply(uint32_t op, uint32_t old, uint32_t *new_, bool *wake)
{
	uint32_t arg = (uint32_t)((int32_t)(op << 8) >> 20);
	int32_t cmp = (int32_t)(op << 20) >> 20, was = (int32_t)old;

	if (op >> 31)
		arg = 1U << (arg & 31);
	switch (op >> 28 & 7) {
	case 0:
		*new_ = arg;
		break;
	case 1:
		*new_ = old + arg;
		break;
	case 2:
		*new_ = old | arg;
		break;
	case 3:
		*new_ = old & ~arg;
		break;
	case 4:
		*new_ = old ^ arg;
		break;
	default:
		return -ENOSYS;
	}
	switch (op >> 24 & 15) {
	case 0:
		*wake = was == cmp;
		break;
	case 1:
		*wake = was != cmp;
		break;
	case 2:
		*wake = was < cmp;
		break;
	case 3:
		*wake = was <= cmp;
		break;
	case 4:
		*wake = was > cmp;
		break;
	case 5:
		*wake = was >= cmp;
		break;
	default:
		return -ENOSYS;
	}
	return 0;
}

/* Atomically changes a user word; may sleep to bring its page in. */
static int user_op(uaddr_t at, uint32_t op, bool *wake)
{
	uint32_t old, new_, seen;
	int ret;

	if (copy_from_user(&old, at, sizeof(old)))
		return -EFAULT;
	for (;;) {
		ret = futex_op_apply(op, old, &new_, wake);
		if (ret)
			return ret;
		seen = old;
		if (arch_user_cmpxchg32(at, &seen, new_)) {
			/* not there, or read-only until written: bring it in */
			ret = mm_fault_in(at);
			if (ret)
				return ret;
			continue;
		}
		if (seen == old)
			return 0;
		old = seen;
	}
}

int futex_wake_op(const struct futex_pair *p, uint32_t op)
{
	uint64_t ka[2], kb[2];
	struct futex_bucket *a, *b;
	bool wake;
	int ret = futex_key(p->from, p->shared, ka);

	if (!ret)
		ret = futex_key(p->to, p->shared, kb);
	if (!ret)
		ret = user_op(p->to, op, &wake);
	if (ret)
		return ret;
	a = bucket_of(ka);
	b = bucket_of(kb);
	lock_two(a, b);
	ret = wake_locked(a, ka, p->nwake, UINT32_MAX);
	if (wake && ret >= 0) {
		int more = wake_locked(b, kb, p->nmove, UINT32_MAX);

		ret = more < 0 ? more : ret + more;
	}
	unlock_two(a, b);
	return ret;
}

/* ---- robust lists ---- */

/* One lock that a dying task may hold; pi: who waits gets it otherwise. */
static int robust_one(struct task *t, uaddr_t at, bool pi)
{
	uint32_t old, seen;

	if (at.v & 3 || copy_from_user(&old, at, sizeof(old)))
		return -EFAULT;
	for (;;) {
		if ((old & FUTEX_TID_MASK) != (uint32_t)t->tid)
			return 0;
		seen = old;
		if (arch_user_cmpxchg32(at, &seen,
					(old & FUTEX_WAITERS) |
						FUTEX_OWNER_DIED)) {
			if (mm_fault_in(at))
				return -EFAULT;
			continue;
		}
		if (seen == old)
			break;
		old = seen;
	}
	if (old & FUTEX_WAITERS && !pi)
		(void)futex_wake_addr(t->mm, at, true, 1);
	return 0;
}

struct robust_head {
	uint64_t next;
	int64_t offset;
	uint64_t pending;
};

static void robust_walk(struct task *t, uaddr_t head)
{
	struct robust_head h;
	uint64_t at, next;

	if (copy_from_user(&h, head, sizeof(h)))
		return;
	at = h.next;
	for (int n = 0; n < ROBUST_LIMIT && (at & ~1UL) != head.v; n++) {
		bool bad =
			copy_from_user(&next, UADDR(at & ~1UL), sizeof(next));

		if ((at & ~1UL) != (h.pending & ~1UL) &&
		    robust_one(t, UADDR((at & ~1UL) + (uint64_t)h.offset),
			       at & 1))
			return;
		if (bad)
			return;
		at = next;
	}
	if (h.pending)
		(void)robust_one(t,
				 UADDR((h.pending & ~1UL) + (uint64_t)h.offset),
				 h.pending & 1);
}

/* At exit (dies) and exec, in t's (current's) address space. */
void futex_exit(struct task *t, bool dies)
{
	uaddr_t head = t->robust_list;

	t->robust_list = UADDR(0);
	if (head.v && t->mm)
		robust_walk(t, head);
	if (!LIST_EMPTY(&t->pi_owned) || dies)
		futex_pi_exit(t, dies);
}

/* ---- for futex_pi.c and futex_waitv.c ---- */

struct futex_bucket *futex_bucket_lock(const uint64_t key[2])
{
	struct futex_bucket *b = bucket_of(key);

	bucket_lock(b);
	return b;
}

void futex_bucket_unlock(struct futex_bucket *b)
{
	spin_unlock(&b->lock);
}

static struct futex_waiter *from(struct futex_waiter *w, const uint64_t key[2])
{
	while (w && !same(w->key, key))
		w = TAILQ_NEXT(w, link);
	return w;
}

struct futex_waiter *futex_first(struct futex_bucket *b, const uint64_t key[2])
{
	return from(TAILQ_FIRST(&b->list), key);
}

struct futex_waiter *futex_next(struct futex_waiter *w, const uint64_t key[2])
{
	return from(TAILQ_NEXT(w, link), key);
}

/* Takes w off its bucket, which is locked. */
void futex_dequeue(struct futex_waiter *w, bool wake)
{
	if (wake) {
		wake_one(w->b, w);
		return;
	}
	TAILQ_REMOVE(&w->b->list, w, link);
	__atomic_store_n(&w->b, NULL, __ATOMIC_RELEASE);
}
