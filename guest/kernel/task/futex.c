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
 * Not there: priority inheritance (ENOSYS).
 */
#include "futex.h"

#include <string.h>

#include "kuni/klog.h"

#define FUTEX_BUCKETS    256
#define ROBUST_LIMIT     2048
#define FUTEX_WAITERS    0x80000000U
#define FUTEX_OWNER_DIED 0x40000000U
#define FUTEX_TID_MASK   0x3fffffffU

struct bucket;
struct futex_waiter {
	TAILQ_ENTRY(futex_waiter) link;
	struct bucket *b; /* [a] where it is queued; NULL: woken */
	uint64_t key[2];  /* [bucket] */
	uint32_t bitset;
	struct task *task;
};
struct bucket {
	struct spinlock lock;
	TAILQ_HEAD(, futex_waiter) list; /* [lock]; all-zero is empty */
};
static struct bucket buckets[FUTEX_BUCKETS];

static struct bucket *bucket_of(const uint64_t key[2])
{
	uint64_t h = (key[0] ^ key[1] * 31) * 0x9e3779b97f4a7c15UL;

	return &buckets[h >> 56];
}

static void bucket_lock(struct bucket *b)
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
static void wake_one(struct bucket *b, struct futex_waiter *w)
{
	struct task *t = w->task;

	task_get(t);
	TAILQ_REMOVE(&b->list, w, link);
	__atomic_store_n(&w->b, NULL, __ATOMIC_RELEASE);
	(void)sched_wake(t);
	task_put(t);
}

static int wake_locked(struct bucket *b, const uint64_t key[2], unsigned n,
		       uint32_t bitset)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	for (w = TAILQ_FIRST(&b->list); w && (unsigned)woken < n; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!same(w->key, key) || !(w->bitset & bitset))
			continue;
		wake_one(b, w);
		woken++;
	}
	return woken;
}

/* A key of current's memory; touches the page so that it has one. */
static int key_of(uaddr_t at, bool shared, uint64_t key[2])
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
	struct bucket *b;
	int ret;

	if (!bitset)
		return -EINVAL;
	ret = key_of(at, shared, key);
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

/* Off whatever bucket w is on (a requeue may move it): false if woken. */
static bool unqueue(struct futex_waiter *w)
{
	struct bucket *b;

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
	ret = key_of(at, shared, w.key);
	if (ret)
		return ret;
	w.b = bucket_of(w.key);
	bucket_lock(w.b);
	TAILQ_INSERT_TAIL(&w.b->list, &w, link);
	spin_unlock(&bucket_of(w.key)->lock);
	if (copy_from_user(&now, at, sizeof(now)))
		ret = -EFAULT;
	else if (now != val)
		ret = -EAGAIN;
	else
		ret = sleep_on(&w, deadline);
	return unqueue(&w) ? ret : 0;
}

/* ---- two keys ---- */

static void lock_two(struct bucket *a, struct bucket *b)
{
	bucket_lock(a < b ? a : b);
	if (a != b)
		bucket_lock(a < b ? b : a);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

static int requeue_locked(struct bucket *a, const uint64_t ka[2],
			  struct bucket *b, const uint64_t kb[2], unsigned n)
{
	struct futex_waiter *w, *next;
	int moved = 0;

	if (same(ka, kb))
		return 0;
	for (w = TAILQ_FIRST(&a->list); w && (unsigned)moved < n; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!same(w->key, ka))
			continue;
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
	struct bucket *a, *b;
	uint32_t now;
	int ret, moved;

	if ((int)p->nwake < 0 || (int)p->nmove < 0)
		return -EINVAL;
	for (;;) {
		ret = key_of(p->from, p->shared, ka);
		if (!ret)
			ret = key_of(p->to, p->shared, kb);
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
	moved = requeue_locked(a, ka, b, kb, p->nmove);
	unlock_two(a, b);
	return cmp ? ret + moved : ret;
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
	struct bucket *a, *b;
	bool wake;
	int ret = key_of(p->from, p->shared, ka);

	if (!ret)
		ret = key_of(p->to, p->shared, kb);
	if (!ret)
		ret = user_op(p->to, op, &wake);
	if (ret)
		return ret;
	a = bucket_of(ka);
	b = bucket_of(kb);
	lock_two(a, b);
	ret = wake_locked(a, ka, p->nwake, UINT32_MAX);
	if (wake)
		ret += wake_locked(b, kb, p->nmove, UINT32_MAX);
	unlock_two(a, b);
	return ret;
}

/* ---- robust lists ---- */

/* One lock that a dying task may hold. */
static int robust_one(struct task *t, uaddr_t at)
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
	if (old & FUTEX_WAITERS)
		(void)futex_wake_addr(t->mm, at, true, 1);
	return 0;
}

struct robust_head {
	uint64_t next;
	int64_t offset;
	uint64_t pending;
};

/* At exit and exec, in t's (current's) address space. */
void futex_robust_exit(struct task *t)
{
	uaddr_t head = t->robust_list;
	struct robust_head h;
	uint64_t at, next;

	if (!head.v || !t->mm)
		return;
	t->robust_list = UADDR(0);
	if (copy_from_user(&h, head, sizeof(h)))
		return;
	at = h.next;
	for (int n = 0; n < ROBUST_LIMIT && at != head.v; n++) {
		bool bad =
			copy_from_user(&next, UADDR(at & ~1UL), sizeof(next));

		if (at != h.pending && !(at & 1) &&
		    robust_one(t, UADDR(at + (uint64_t)h.offset)))
			return;
		if (bad)
			return;
		at = next;
	}
	if (h.pending && !(h.pending & 1))
		(void)robust_one(t, UADDR(h.pending + (uint64_t)h.offset));
}
