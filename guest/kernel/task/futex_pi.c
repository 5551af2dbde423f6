/* SPDX-License-Identifier: Apache-2.0 */
/*
 * futex_pi.c: futexes with an owner (futex(2), "Priority-inheritance futexes").
 *
 * The user word holds the owner's tid and whether somebody waits; while
 * somebody waits, a pi_state holds the owner and the waiters by priority, and
 * the owner runs with the priority of the first.  Unlocking hands the lock to
 * that one: the word is written before it is woken.  Where an owner dies, the
 * lock goes on the same way, but the new owner writes the word itself, for
 * only it knows an address of it.  One lock for all of this, pi_lock, is
 * inside the buckets' locks; words are looked at under it without sleeping,
 * and a page that is not there is brought in with the locks let go.
 *
 * Only real-time priority is inherited; normal tasks make progress anyway.
 */
#include "futex.h"

#include <string.h>

#include "kuni/klog.h"

#define CHAIN_MAX  1024
#define LOOK_AGAIN (-EBUSY) /* with the locks let go in between */

struct pi_state {
	LIST_ENTRY(pi_state) link, owned;
	uint64_t key[2];
	struct task *owner; /* reference */
	unsigned fixing;    /* new owners that have yet to write the word */
	TAILQ_HEAD(pi_list, pi_waiter) waiters;
};
LIST_HEAD(pi_states, pi_state);

static struct spinlock pi_lock = SPINLOCK_INIT(RANK_PI);
static struct pi_states states[64]; /* [pi_lock] */

static struct pi_states *slot_of(const uint64_t key[2])
{
	return &states[(key[0] ^ key[1] * 31) * 0x9e3779b97f4a7c15UL >> 58];
}

static struct pi_state *find(const uint64_t key[2])
{
	struct pi_state *s;

	LIST_FOREACH(s, slot_of(key), link)
	if (s->key[0] == key[0] && s->key[1] == key[1])
		return s;
	return NULL;
}

/* ---- owners and priorities; pi_lock held ---- */

static void set_owner(struct pi_state *s, struct task *t)
{
	struct task *old = s->owner;

	if (old)
		LIST_REMOVE(s, owned);
	s->owner = t;
	if (t) {
		task_get(t);
		LIST_INSERT_HEAD(&t->pi_owned, s, owned);
	}
	if (old)
		task_put(old);
}

static void queue(struct pi_state *s, struct pi_waiter *w)
{
	struct pi_waiter *at = TAILQ_LAST(&s->waiters, pi_list);

	w->prio = sched_prio(w->task);
	while (at && at->prio < w->prio)
		at = TAILQ_PREV(at, pi_list, link);
	if (at)
		TAILQ_INSERT_AFTER(&s->waiters, at, w, link);
	else
		TAILQ_INSERT_HEAD(&s->waiters, w, link);
	w->state = s;
	w->task->pi_blocked = w;
}

static void unqueue(struct pi_waiter *w)
{
	TAILQ_REMOVE(&w->state->waiters, w, link);
	w->task->pi_blocked = NULL;
	w->state = NULL;
}

/* t's priority from what waits for it, and on along the chain. */
static void boost(struct task *t)
{
	for (int n = 0; t && n < CHAIN_MAX; n++) {
		struct pi_state *s;
		struct pi_waiter *w;
		int prio = 0;

		LIST_FOREACH(s, &t->pi_owned, owned)
		{
			w = TAILQ_FIRST(&s->waiters);
			if (w)
				prio = max(prio, w->prio);
		}
		if (prio != t->rt_boost)
			sched_boost(t, prio);
		w = t->pi_blocked;
		if (!w || w->prio == sched_prio(t))
			return;
		s = w->state;
		unqueue(w);
		queue(s, w);
		t = s->owner;
	}
}

/* The policy of a task that may wait has changed. */
void futex_pi_priority(struct task *t)
{
	spin_lock(&pi_lock);
	boost(t);
	spin_unlock(&pi_lock);
}

static void drop_unused(struct pi_state *s)
{
	struct task *owner = s->owner;

	if (!TAILQ_EMPTY(&s->waiters) || s->fixing)
		return;
	if (owner)
		task_get(owner);
	set_owner(s, NULL);
	LIST_REMOVE(s, link);
	kfree(s);
	if (owner) {
		boost(owner);
		task_put(owner);
	}
}

/* Whether waiting for s would close a circle with t. */
static bool deadlock(const struct pi_state *s, const struct task *t)
{
	for (int n = 0; s && n < CHAIN_MAX; n++) {
		if (s->owner == t)
			return true;
		s = s->owner && s->owner->pi_blocked
			    ? s->owner->pi_blocked->state
			    : NULL;
	}
	return false;
}

/* The first waiter has the lock now. died: it writes the word itself. */
static void grant(struct pi_state *s, bool died)
{
	struct pi_waiter *w = TAILQ_FIRST(&s->waiters);
	struct task *old = s->owner, *t = w->task;

	task_get(old);
	task_get(t);
	unqueue(w);
	set_owner(s, t);
	if (died) {
		s->fixing++;
		w->fix = s;
	}
	__atomic_store_n(&w->granted, true, __ATOMIC_RELEASE);
	boost(old);
	boost(t);
	(void)sched_wake(t);
	task_put(old);
	task_put(t);
}

/* ---- locking ---- */

/* Under pi_lock, for t: 0 t has the lock; 1 w waits for it; LOOK_AGAIN: let go,
 * bring the page in and the owner up, again.  *spare is used for a new state. */
struct attempt {
	uaddr_t at;
	uint64_t key[2];
	struct task *owner; /* reference: whom the word named before */
	struct pi_state *spare;
	bool shared;
	bool fault; /* why LOOK_AGAIN */
};

static int swap(struct attempt *a, uint32_t old, uint32_t new_)
{
	uint32_t seen = old;

	a->fault = arch_user_cmpxchg32(a->at, &seen, new_) != 0;
	return a->fault || seen != old ? LOOK_AGAIN : 0;
}

static int wait_for(struct attempt *a, struct pi_waiter *w, uint32_t v)
{
	struct pi_state *s = find(a->key);
	struct task *o = a->owner;

	if (s) {
		bool dies = v & FUTEX_OWNER_DIED && !(v & FUTEX_TID_MASK);

		if (!s->fixing && !dies &&
		    (v & FUTEX_TID_MASK) != (uint32_t)s->owner->tid)
			return -EINVAL;
	} else {
		if (!o || o->tid != (int)(v & FUTEX_TID_MASK))
			return LOOK_AGAIN;
		if (!o->proc)
			return -EPERM;
		if (o->pi_dead)
			return -ESRCH;
		if (!(v & FUTEX_WAITERS) && swap(a, v, v | FUTEX_WAITERS))
			return LOOK_AGAIN;
		s = a->spare;
		a->spare = NULL;
		memcpy(s->key, a->key, sizeof(s->key));
		TAILQ_INIT(&s->waiters);
		LIST_INSERT_HEAD(slot_of(s->key), s, link);
		set_owner(s, o);
	}
	if (!w || deadlock(s, w->task)) {
		drop_unused(s);
		return w ? -EDEADLK : -EWOULDBLOCK;
	}
	queue(s, w);
	boost(s->owner);
	return 1;
}

/* pi_lock held. w NULL: only tries. more: others will wait behind t. */
static int try_lock(struct attempt *a, struct task *t, struct pi_waiter *w,
		    bool more)
{
	uint32_t v, tid = (uint32_t)t->tid;

	a->fault = arch_user_load32(a->at, &v) != 0;
	if (a->fault)
		return LOOK_AGAIN;
	if ((v & FUTEX_TID_MASK) == tid)
		return -EDEADLK;
	if (find(a->key) || v & FUTEX_TID_MASK)
		return wait_for(a, w, v);
	return swap(a, v,
		    tid | (v & FUTEX_OWNER_DIED) | (more ? FUTEX_WAITERS : 0));
}

/* What try_lock() wants, without locks: memory, the page, the owner. */
static int prepare(struct attempt *a)
{
	uint32_t v;

	if (!a->spare)
		a->spare = kmalloc(sizeof(*a->spare));
	if (!a->spare)
		return -ENOMEM;
	if (a->fault && mm_fault_in(a->at))
		return -EFAULT;
	if (copy_from_user(&v, a->at, sizeof(v)))
		return -EFAULT;
	if (a->owner)
		task_put(a->owner);
	a->owner = NULL;
	if (v & FUTEX_TID_MASK) {
		uint32_t now;

		a->owner = task_find((int)(v & FUTEX_TID_MASK));
		if (!a->owner && copy_from_user(&now, a->at, sizeof(now)))
			return -EFAULT;
		if (!a->owner && now == v)
			return -ESRCH;
	}
	return futex_key(a->at, a->shared, a->key);
}

static void finish(struct attempt *a)
{
	if (a->owner)
		task_put(a->owner);
	kfree(a->spare);
}

/* The lock came from a dead owner: the word becomes ours. */
static int fix_word(struct pi_waiter *w, uaddr_t at)
{
	struct pi_state *s = w->fix;
	uint32_t tid = (uint32_t)current->tid;
	int ret;

	for (;;) {
		uint32_t old, seen;

		ret = copy_from_user(&old, at, sizeof(old));
		if (ret)
			break;
		seen = old;
		if (arch_user_cmpxchg32(at, &seen,
					tid | FUTEX_WAITERS |
						FUTEX_OWNER_DIED)) {
			ret = mm_fault_in(at);
			if (ret)
				break;
			continue;
		}
		if (seen == old)
			break;
	}
	spin_lock(&pi_lock);
	s->fixing--;
	drop_unused(s);
	spin_unlock(&pi_lock);
	return ret;
}

/* After a sleep that ended with ret: 0 where the lock is ours all the same. */
int futex_pi_settle(struct pi_waiter *w, uaddr_t at, int ret)
{
	struct pi_state *s;

	spin_lock(&pi_lock);
	s = w->state;
	if (w->granted) {
		ret = 0;
	} else if (s) {
		unqueue(w);
		boost(s->owner);
		drop_unused(s);
	}
	spin_unlock(&pi_lock);
	return w->granted && w->fix ? fix_word(w, at) : ret;
}

static int sleep_granted(struct pi_waiter *w, uint64_t deadline)
{
	int ret = 0;

	for (;;) {
		sched_prepare(TASK_SLEEP);
		if (__atomic_load_n(&w->granted, __ATOMIC_ACQUIRE) ||
		    ret == -ETIMEDOUT)
			break;
		if (signal_pending()) {
			ret = -ERESTARTNOINTR;
			break;
		}
		ret = sched_sleep(deadline);
	}
	sched_finish();
	return ret;
}

/* FUTEX_LOCK_PI: 0 with the lock. try: FUTEX_TRYLOCK_PI. */
int futex_lock_pi(uaddr_t at, bool shared, uint64_t deadline, bool try)
{
	struct pi_waiter w = { .task = current };
	struct attempt a = { .at = at, .shared = shared };
	int ret;

	if (at.v & 3)
		return -EINVAL;
	do {
		ret = prepare(&a);
		if (ret)
			break;
		spin_lock(&pi_lock);
		ret = try_lock(&a, current, try ? NULL : &w, false);
		spin_unlock(&pi_lock);
	} while (ret == LOOK_AGAIN);
	finish(&a);
	if (ret <= 0)
		return ret;
	return futex_pi_settle(&w, at, sleep_granted(&w, deadline));
}

static int unlock_once(struct attempt *a)
{
	uint32_t v, new_ = 0;
	struct pi_state *s;

	a->fault = arch_user_load32(a->at, &v) != 0;
	if (a->fault)
		return LOOK_AGAIN;
	if ((v & FUTEX_TID_MASK) != (uint32_t)current->tid)
		return -EPERM;
	s = find(a->key);
	if (s && s->owner != current)
		return -EINVAL;
	if (s && !TAILQ_EMPTY(&s->waiters))
		new_ = (uint32_t)TAILQ_FIRST(&s->waiters)->task->tid |
		       FUTEX_WAITERS;
	if (swap(a, v, new_))
		return LOOK_AGAIN;
	if (new_) {
		grant(s, false);
		drop_unused(s);
	}
	return 0;
}

int futex_unlock_pi(uaddr_t at, bool shared)
{
	struct attempt a = { .at = at, .shared = shared };
	int ret = futex_key(at, shared, a.key);

	while (!ret) {
		spin_lock(&pi_lock);
		ret = unlock_once(&a);
		spin_unlock(&pi_lock);
		if (ret != LOOK_AGAIN)
			return ret;
		ret = a.fault ? mm_fault_in(at) : 0;
	}
	return ret;
}

/* t exits or executes: what it owns goes to who waits. */
void futex_pi_exit(struct task *t, bool dies)
{
	struct pi_state *s;

	spin_lock(&pi_lock);
	while ((s = LIST_FIRST(&t->pi_owned))) {
		if (TAILQ_EMPTY(&s->waiters))
			break; /* ours to fix: cannot be, but ends the loop */
		grant(s, true);
	}
	t->pi_dead = dies;
	spin_unlock(&pi_lock);
}

/* ---- FUTEX_WAIT_REQUEUE_PI and its other half ---- */

int futex_wait_requeue_pi(const struct futex_pair *p, uint32_t val,
			  uint32_t bitset, uint64_t deadline)
{
	struct pi_waiter pw = { .task = current };
	struct futex_waiter w = { .task = current,
				  .bitset = bitset,
				  .pi = &pw };
	uint32_t now;
	int ret;

	if (!bitset || (p->from.v == p->to.v))
		return -EINVAL;
	ret = futex_key(p->to, p->shared, pw.key);
	if (!ret)
		ret = futex_key(p->from, p->shared, w.key);
	if (ret)
		return ret;
	futex_queue(&w);
	if (copy_from_user(&now, p->from, sizeof(now)))
		ret = -EFAULT;
	else if (now != val)
		ret = -EWOULDBLOCK;
	else
		ret = sleep_granted(&pw, deadline);
	if (futex_unqueue(&w))
		return ret;
	/* moved to the lock: a signal is for the caller to look at again */
	ret = futex_pi_settle(&pw, p->to,
			      ret == -ERESTARTNOINTR ? -EWOULDBLOCK : ret);
	return ret;
}

/* Bucket locks held: hands w, of the first futex, to the lock at a->at. */
static int hand_over(struct attempt *a, struct futex_waiter *w, bool more)
{
	int ret;

	if (!w->pi || w->pi->key[0] != a->key[0] || w->pi->key[1] != a->key[1])
		return -EINVAL;
	spin_lock(&pi_lock);
	ret = try_lock(a, w->task, w->pi, more);
	if (!ret)
		__atomic_store_n(&w->pi->granted, true, __ATOMIC_RELEASE);
	if (ret >= 0)
		futex_dequeue(w, ret == 0);
	spin_unlock(&pi_lock);
	return ret;
}

/* As many as asked for, each with a state in reserve and the page there: what
 * is done, or LOOK_AGAIN with *done so far. */
static int requeue_some(struct attempt *a, const struct futex_pair *p,
			uint32_t cmp, unsigned want, unsigned *done)
{
	struct futex_waiter *w, *next;
	uint64_t from[2];
	struct futex_bucket *b;
	uint32_t now;
	int ret = futex_key(p->from, p->shared, from);

	if (ret)
		return ret;
	b = futex_bucket_lock(from);
	a->fault = false;
	if (arch_user_load32(p->from, &now)) {
		futex_bucket_unlock(b);
		return copy_from_user(&now, p->from, sizeof(now)) ? -EFAULT
								  : LOOK_AGAIN;
	}
	if (now != cmp && !*done)
		ret = -EWOULDBLOCK;
	for (w = futex_first(b, from); !ret && w && *done < want; w = next) {
		next = futex_next(w, from);
		ret = a->spare ? hand_over(a, w, next != NULL) : LOOK_AGAIN;
		if (ret >= 0) {
			++*done;
			ret = 0;
		}
	}
	futex_bucket_unlock(b);
	return ret;
}

/* FUTEX_CMP_REQUEUE_PI: how many were woken with the lock or moved to it. */
int futex_cmp_requeue_pi(const struct futex_pair *p, uint32_t cmp)
{
	struct attempt a = { .at = p->to, .shared = p->shared };
	unsigned done = 0, want = p->nmove + p->nwake;
	int ret;

	if (p->from.v == p->to.v || p->nwake != 1 || (int)p->nmove < 0)
		return -EINVAL;
	do {
		ret = prepare(&a);
		if (!ret)
			ret = requeue_some(&a, p, cmp, want, &done);
	} while (ret == LOOK_AGAIN);
	finish(&a);
	return done ? (int)done : ret;
}
