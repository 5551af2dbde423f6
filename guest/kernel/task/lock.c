/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c: spinlocks and sleeping mutexes (kuni/lock.h).
 *
 * A spinlock keeps interrupts off from the first one taken to the last one
 * released; the count is the CPU's, and the scheduler carries the state of
 * "were they on" from task to task across a switch.
 *
 * Who finds a mutex taken spins for a little while its owner runs, and sleeps
 * only then: most are held for less than a switch takes.  Unlock frees it and
 * wakes the oldest sleeper, and whoever comes first takes it; were it handed to
 * a sleeper each time, one that is taken often would once have a queue and never
 * be without again, with a switch for each turn.  A sleeper that woke in vain
 * asks for it, and the next unlock hands it over: nobody starves.
 *
 * A mutex that nobody sleeps for is taken and freed by one exchange of its
 * owner.  Bit 0 of the owner says that somebody sleeps: then it changes only
 * under mutex.lock, which whoever frees it touches last before anybody else can
 * have it, so that the next owner may free its memory.
 *
 * Debug builds check ranks: spinlocks in the CPU's rank_mask, mutexes in the
 * task's mutex_ranks.  Equal ranks pass; lockrank.h says how they are ordered.
 */
#include "kuni/lock.h"

#include "kuni/arch.h"
#include "kuni/klog.h"
#include "kuni/sched.h"
#include "kuni/task.h"

#define SPIN_NS 20000UL /* about what two switches take */

/* The kernel is not preempted, so this CPU stays this one; and below the first
 * level interrupts are off already. */
static inline struct cpu *push_off(void)
{
	struct cpu *c = this_cpu();

	if (!c->irq_depth)
		c->irq_was_on = arch_irq_save_off();
	c->irq_depth++;
	return c;
}

static inline void pop_off(void)
{
	struct cpu *c = this_cpu();
	int32_t depth = c->irq_depth - 1;

	ensure(depth >= 0);
	c->irq_depth = depth;
	if (!depth && c->irq_was_on)
		arch_irq_on();
}

/* Interrupts off until the matching irq_pop_off(). */
void irq_push_off(void)
{
	(void)push_off();
}

void irq_pop_off(void)
{
	pop_off();
}

void spin_init(struct spinlock *l, enum lockrank rank)
{
	*l = SPINLOCK_INIT(rank);
}

static void rank_enter(const struct spinlock *l)
{
	struct cpu *c = this_cpu();

	if (!KUNI_DEBUG || l->rank == RANK_NONE)
		return;
	if (c->rank_mask >> (l->rank + 1))
		panic("lock order: rank %u taken under %#lx", l->rank,
		      (unsigned long)c->rank_mask);
	c->rank_mask |= 1ULL << l->rank;
}

static __attribute__((noinline)) void spin_wait(struct spinlock *l)
{
	do {
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			arch_relax();
	} while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE));
}

/* Inlined into the mutexes. */
static inline void lock_it(struct spinlock *l)
{
	struct cpu *c = push_off();

	if (KUNI_DEBUG) {
		ensure(!spin_is_mine(l));
		rank_enter(l);
	}
	if (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
		spin_wait(l);
	l->cpu = (uint16_t)(c->id + 1);
}

static inline void unlock_it(struct spinlock *l)
{
	if (KUNI_DEBUG) {
		ensure(spin_is_mine(l));
		if (l->rank != RANK_NONE)
			this_cpu()->rank_mask &= ~(1ULL << l->rank);
	}
	l->cpu = 0;
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
	pop_off();
}

void spin_lock(struct spinlock *l)
{
	lock_it(l);
}

void spin_unlock(struct spinlock *l)
{
	unlock_it(l);
}

bool spin_trylock(struct spinlock *l)
{
	struct cpu *c = push_off();

	if (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)) {
		pop_off();
		return false;
	}
	l->cpu = (uint16_t)(c->id + 1);
	if (KUNI_DEBUG && l->rank != RANK_NONE)
		c->rank_mask |= 1ULL << l->rank;
	return true;
}

/* Whether this CPU holds l; only meaningful with interrupts off or l held. */
bool spin_is_mine(const struct spinlock *l)
{
	return __atomic_load_n(&l->held, __ATOMIC_RELAXED) &&
	       l->cpu == this_cpu()->id + 1;
}

void mutex_init(struct mutex *m, enum lockrank rank)
{
	*m = (struct mutex){ .rank = (uint16_t)rank };
}

/* Before the scheduler runs there is one context and no task. */
static struct task *owner_now(void)
{
	struct task *t = current;

	return t ? t : (struct task *)8;
}

static void mutex_rank_enter(const struct mutex *m)
{
	struct task *t = current;

	if (!KUNI_DEBUG || !t)
		return;
	check_sleep();
	if (m->rank == RANK_NONE)
		return;
	if (t->mutex_ranks >> (m->rank + 1))
		panic("lock order: mutex rank %u taken under %#lx", m->rank,
		      (unsigned long)t->mutex_ranks);
	t->mutex_ranks |= 1ULL << m->rank;
}

#define SLEEPERS 1UL /* in mutex.owner */

static struct task *word_task(const struct task *word)
{
	return (struct task *)((uintptr_t)word & ~SLEEPERS);
}

/* m->lock is held: t as the owner, with the mark if somebody sleeps. */
static struct task *word_of(const struct mutex *m, struct task *t)
{
	return (struct task *)((uintptr_t)t | (m->head ? SLEEPERS : 0));
}

static inline bool change_owner(struct mutex *m, struct task *from,
				struct task *to, int order)
{
	return __atomic_compare_exchange_n(&m->owner, &from, to, false, order,
					   __ATOMIC_RELAXED);
}

/* m->lock is held.  Takes m where it is free. */
static bool take_free(struct mutex *m)
{
	struct task *w = __atomic_load_n(&m->owner, __ATOMIC_RELAXED);

	return !word_task(w) &&
	       change_owner(m, w, word_of(m, owner_now()), __ATOMIC_ACQUIRE);
}

/* m->lock is held, and again at the end.  Waits for an owner that runs; whether m
 * is worth another look. */
static bool mutex_spin(struct mutex *m, uint64_t until)
{
	const struct task *t =
		word_task(__atomic_load_n(&m->owner, __ATOMIC_RELAXED));

	if (!current || m->handoff || arch_clock_ns() >= until)
		return false;
	if (!t)
		return true;
	/* The owner's memory stays mapped where it dies meanwhile. */
	if (!__atomic_load_n(&t->on_cpu, __ATOMIC_RELAXED))
		return false;
	unlock_it(&m->lock);
	for (;;) {
		t = word_task(__atomic_load_n(&m->owner, __ATOMIC_RELAXED));
		if (!t || !__atomic_load_n(&t->on_cpu, __ATOMIC_RELAXED) ||
		    this_cpu()->need_resched || arch_clock_ns() >= until)
			break;
		arch_relax();
	}
	lock_it(&m->lock);
	return !t;
}

static void remove_head(struct mutex *m)
{
	m->head = m->head->next_mutex;
	if (!m->head)
		m->tail = NULL;
	m->handoff = false;
}

/* Returns as the owner. */
static void mutex_sleep(struct mutex *m)
{
	struct waiter w = { .task = current };

	if (m->tail)
		m->tail->next_mutex = &w;
	else
		m->head = &w;
	m->tail = &w;
	(void)__atomic_fetch_or((uintptr_t *)(void *)&m->owner, SLEEPERS,
				__ATOMIC_ACQUIRE);
	for (bool first = true;; first = false) {
		if (m->head == &w && !word_task(m->owner)) {
			remove_head(m);
			m->owner = word_of(m, w.task);
			break;
		}
		if (m->head == &w && !first)
			m->handoff = true;
		sched_prepare(TASK_SLEEP_HARD);
		spin_unlock(&m->lock);
		(void)sched_sleep(DEADLINE_NEVER);
		spin_lock(&m->lock);
		if (w.woken)
			break;
	}
	sched_finish();
}

static __attribute__((noinline)) void mutex_lock_slow(struct mutex *m)
{
	uint64_t until = arch_clock_ns() + SPIN_NS; /* others barge in */
	bool got;

	lock_it(&m->lock);
	do
		got = take_free(m);
	while (!got && mutex_spin(m, until));
	if (!got)
		mutex_sleep(m);
	unlock_it(&m->lock);
}

void mutex_lock(struct mutex *m)
{
	if (KUNI_DEBUG) {
		ensure(word_task(m->owner) != owner_now());
		mutex_rank_enter(m);
	}
	if (unlikely(!change_owner(m, NULL, owner_now(), __ATOMIC_ACQUIRE)))
		mutex_lock_slow(m);
}

bool mutex_trylock(struct mutex *m)
{
	bool got = change_owner(m, NULL, owner_now(), __ATOMIC_ACQUIRE);

	if (KUNI_DEBUG && got && m->rank != RANK_NONE && current)
		current->mutex_ranks |= 1ULL << m->rank;
	return got;
}

/* Somebody sleeps. */
static __attribute__((noinline)) void mutex_unlock_slow(struct mutex *m)
{
	struct waiter *w;

	lock_it(&m->lock);
	w = m->head;
	ensure(w && word_task(m->owner) == owner_now());
	if (m->handoff) {
		remove_head(m);
		w->woken = true;
		__atomic_store_n(&m->owner, word_of(m, w->task),
				 __ATOMIC_RELEASE);
	} else {
		__atomic_store_n(&m->owner, word_of(m, NULL), __ATOMIC_RELEASE);
	}
	(void)sched_wake(w->task);
	unlock_it(&m->lock);
}

void mutex_unlock(struct mutex *m)
{
	if (KUNI_DEBUG && m->rank != RANK_NONE && current)
		current->mutex_ranks &= ~(1ULL << m->rank);
	if (unlikely(!change_owner(m, owner_now(), NULL, __ATOMIC_RELEASE)))
		mutex_unlock_slow(m);
}

void lock_check_none(unsigned rank)
{
	const struct task *t = current;
	const struct cpu *c;

	if (!t)
		return; /* the boot */
	irq_push_off();
	c = this_cpu();
	if (c->irq_depth != 1 || c->in_irq)
		panic("sleep under a spinlock: irq_depth=%d ranks=%#lx",
		      c->irq_depth - 1, (unsigned long)c->rank_mask);
	if (t->mutex_ranks >> rank)
		panic("lock order: mutexes %#lx where rank %u may be taken",
		      (unsigned long)t->mutex_ranks, rank);
	irq_pop_off();
}

bool mutex_is_mine(const struct mutex *m)
{
	return word_task(m->owner) == owner_now();
}
