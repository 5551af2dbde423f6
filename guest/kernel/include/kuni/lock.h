/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h: spinlocks and sleeping mutexes.
 *
 * A spinlock is taken with interrupts off, always, and they come back on when
 * the CPU's last one is released (per-CPU nesting count), so any of them may
 * be taken in an interrupt.  Nobody sleeps, touches user memory or returns to
 * user mode while holding one.  A mutex sleeps and is never taken in an
 * interrupt.  Order: the ranks of kuni/lockrank.h, outermost first; debug
 * builds (-DKUNI_DEBUG=1) panic on a rank out of order.
 */
#ifndef KUNI_LOCK_H
#define KUNI_LOCK_H

#include "kuni/types.h"
#include "kuni/lockrank.h"

#ifndef KUNI_DEBUG
#define KUNI_DEBUG 0
#endif

struct spinlock {
	uint32_t held; /* [a] 1: taken */
	uint16_t rank; /* [I] enum lockrank */
	uint16_t cpu;  /* [o] holder + 1, debug builds */
};

/* All-zero is a valid unlocked spinlock of rank RANK_NONE (not checked). */
#define SPINLOCK_INIT(r) ((struct spinlock){ .rank = (r) })
void spin_init(struct spinlock *l, enum lockrank rank);
void spin_lock(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
bool spin_is_mine(const struct spinlock *l); /* for ensure() */

/* Interrupts off with nesting, without a lock (xv6's push_off). */
void irq_push_off(void);
void irq_pop_off(void);

struct task;
struct waiter;
struct mutex {
	struct spinlock lock;
	struct task *owner;         /* [a] bit 0: somebody sleeps (lock.c) */
	struct waiter *head, *tail; /* [lock] FIFO of sleepers */
	uint16_t rank;
	bool handoff; /* [lock] the next unlock hands it to head; not where free */
};
/* All-zero is a valid unlocked mutex. */
void mutex_init(struct mutex *m, enum lockrank rank);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_mine(const struct mutex *m);

/* Debug builds panic where the caller holds a spinlock, or a mutex of rank or
 * above. */
void lock_check_none(unsigned rank);
static inline void check_sleep(void) /* where it may sleep */
{
	if (KUNI_DEBUG)
		lock_check_none(RANK_MAX);
}
static inline void check_fault(void) /* where it may touch user memory */
{
	if (KUNI_DEBUG)
		lock_check_none(RANK_MM);
}

#endif
