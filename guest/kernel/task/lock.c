/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c: spinlocks and sleeping mutexes (kuni/lock.h).
 *
 * A spinlock keeps interrupts off from the first one taken to the last one
 * released; the count is the CPU's, and the scheduler carries the state of
 * "were they on" from task to task across a switch.  A mutex is handed over:
 * unlock makes the oldest sleeper the owner, so nobody starves.
 *
 * Debug builds check ranks: spinlocks in the CPU's rank_mask, mutexes in the
 * task's mutex_ranks.  Equal ranks pass; lockrank.h says how they are ordered.
 */
#include "kuni/lock.h"

#include "kuni/arch.h"
#include "kuni/klog.h"
#include "kuni/sched.h"
#include "kuni/task.h"

/* Interrupts off until the matching irq_pop_off(). */
void irq_push_off(void)
{
	bool was = arch_irq_save_off();
	struct cpu *c = this_cpu();

	if (c->irq_depth++ == 0)
		c->irq_was_on = was;
}

void irq_pop_off(void)
{
	struct cpu *c = this_cpu();

	ensure(c->irq_depth > 0);
	if (--c->irq_depth == 0 && c->irq_was_on)
		arch_irq_on();
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

void spin_lock(struct spinlock *l)
{
	irq_push_off();
	if (KUNI_DEBUG) {
		ensure(!spin_is_mine(l));
		rank_enter(l);
	}
	while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			arch_relax();
	}
	l->cpu = (uint16_t)(this_cpu()->id + 1);
}

bool spin_trylock(struct spinlock *l)
{
	irq_push_off();
	if (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)) {
		irq_pop_off();
		return false;
	}
	l->cpu = (uint16_t)(this_cpu()->id + 1);
	if (KUNI_DEBUG && l->rank != RANK_NONE)
		this_cpu()->rank_mask |= 1ULL << l->rank;
	return true;
}

void spin_unlock(struct spinlock *l)
{
	if (KUNI_DEBUG) {
		ensure(spin_is_mine(l));
		if (l->rank != RANK_NONE)
			this_cpu()->rank_mask &= ~(1ULL << l->rank);
	}
	l->cpu = 0;
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
	irq_pop_off();
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
	ensure(this_cpu()->irq_depth == 0 && !this_cpu()->in_irq);
	if (m->rank == RANK_NONE)
		return;
	if (t->mutex_ranks >> (m->rank + 1))
		panic("lock order: mutex rank %u taken under %#lx", m->rank,
		      (unsigned long)t->mutex_ranks);
	t->mutex_ranks |= 1ULL << m->rank;
}

static void mutex_sleep(struct mutex *m)
{
	struct waiter w = { .task = current };

	if (m->tail)
		m->tail->next_mutex = &w;
	else
		m->head = &w;
	m->tail = &w;
	for (;;) {
		sched_prepare(TASK_SLEEP_HARD);
		if (w.woken)
			break;
		spin_unlock(&m->lock);
		(void)sched_sleep(DEADLINE_NEVER);
		spin_lock(&m->lock);
	}
	sched_finish();
}

void mutex_lock(struct mutex *m)
{
	if (KUNI_DEBUG) {
		ensure(m->owner != owner_now());
		mutex_rank_enter(m);
	}
	spin_lock(&m->lock);
	if (!m->owner)
		m->owner = owner_now();
	else
		mutex_sleep(m);
	spin_unlock(&m->lock);
}

bool mutex_trylock(struct mutex *m)
{
	bool got = false;

	spin_lock(&m->lock);
	if (!m->owner) {
		m->owner = owner_now();
		got = true;
	}
	spin_unlock(&m->lock);
	if (KUNI_DEBUG && got && m->rank != RANK_NONE && current)
		current->mutex_ranks |= 1ULL << m->rank;
	return got;
}

void mutex_unlock(struct mutex *m)
{
	struct waiter *w;

	spin_lock(&m->lock);
	ensure(m->owner == owner_now());
	w = m->head;
	if (w) {
		m->head = w->next_mutex;
		if (!m->head)
			m->tail = NULL;
		m->owner = w->task;
		w->woken = true;
		(void)sched_wake(w->task);
	} else {
		m->owner = NULL;
	}
	spin_unlock(&m->lock);
	if (KUNI_DEBUG && m->rank != RANK_NONE && current)
		current->mutex_ranks &= ~(1ULL << m->rank);
}

bool mutex_is_mine(const struct mutex *m)
{
	return m->owner == owner_now();
}
