/* SPDX-License-Identifier: Apache-2.0 */
/* futex.h: the operations behind futex(2). */
#ifndef TASK_FUTEX_H
#define TASK_FUTEX_H

#include "internal.h"

#define FUTEX_WAITERS    0x80000000U
#define FUTEX_OWNER_DIED 0x40000000U
#define FUTEX_TID_MASK   0x3fffffffU

struct futex_bucket;
struct pi_state;
/* Who waits for a futex with an owner: [pi_lock] of futex_pi.c. */
struct pi_waiter {
	TAILQ_ENTRY(pi_waiter) link;
	struct pi_state *state; /* where it is queued */
	struct pi_state *fix;   /* granted by a death: the word is to be set */
	struct task *task;      /* [I] */
	uint64_t key[2];        /* [I] of FUTEX_WAIT_REQUEUE_PI's lock */
	int prio;
	bool granted; /* [a] */
};
struct futex_waiter {
	TAILQ_ENTRY(futex_waiter) link;
	struct futex_bucket *b; /* [a] where it is queued; NULL: woken */
	uint64_t key[2];        /* [bucket] */
	uint32_t bitset;
	int prio;
	struct task *task;
	struct pi_waiter *pi; /* [I] FUTEX_WAIT_REQUEUE_PI */
};

/* The pieces, for the other files of futexes (futex.c). */
int futex_key(uaddr_t at, bool shared, uint64_t key[2]) MUST_CHECK;
void futex_queue(struct futex_waiter *w);
bool futex_unqueue(struct futex_waiter *w);
struct futex_bucket *futex_bucket_lock(const uint64_t key[2]);
void futex_bucket_unlock(struct futex_bucket *b);
struct futex_waiter *futex_first(struct futex_bucket *b, const uint64_t key[2]);
struct futex_waiter *futex_next(struct futex_waiter *w, const uint64_t key[2]);
void futex_dequeue(struct futex_waiter *w, bool wake);

struct futex_pair {
	uaddr_t from, to;
	bool shared;
	unsigned nwake, nmove; /* of from; of to (moved or woken) */
};

int futex_wait(uaddr_t at, bool shared, uint32_t val, uint32_t bitset,
	       uint64_t deadline) MUST_CHECK;
int futex_wake(uaddr_t at, bool shared, unsigned n, uint32_t bitset);
/* cmp NULL: FUTEX_REQUEUE. */
int futex_requeue(const struct futex_pair *p, const uint32_t *cmp) MUST_CHECK;
int futex_wake_op(const struct futex_pair *p, uint32_t op) MUST_CHECK;
int futex_op_apply(uint32_t op, uint32_t old, uint32_t *new_,
		   bool *wake) MUST_CHECK;
/* futex_pi.c */
int futex_lock_pi(uaddr_t at, bool shared, uint64_t deadline,
		  bool try) MUST_CHECK;
int futex_unlock_pi(uaddr_t at, bool shared) MUST_CHECK;
int futex_wait_requeue_pi(const struct futex_pair *p, uint32_t val,
			  uint32_t bitset, uint64_t deadline) MUST_CHECK;
int futex_cmp_requeue_pi(const struct futex_pair *p, uint32_t cmp) MUST_CHECK;
int futex_pi_settle(struct pi_waiter *w, uaddr_t at, int ret) MUST_CHECK;
void futex_pi_exit(struct task *t, bool dies);

/* futex_waitv.c: the index of one that was woken. */
struct lx_futex_waitv {
	uint64_t val, at;
	uint32_t flags, reserved;
};
int futex_waitv(const struct lx_futex_waitv *v, unsigned n,
		uint64_t deadline) MUST_CHECK;

/* Makes a user word present and writable. */
static inline int mm_fault_in(uaddr_t at)
{
	int signo, code;

	return mm_fault(current->mm, at.v, ACCESS_WRITE, &signo, &code)
		       ? -EFAULT
		       : 0;
}

#endif
