/* SPDX-License-Identifier: Apache-2.0 */
/* futex.h: the operations behind futex(2). */
#ifndef TASK_FUTEX_H
#define TASK_FUTEX_H

#include "internal.h"

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
/* Makes a user word present and writable. */
static inline int mm_fault_in(uaddr_t at)
{
	int signo, code;

	return mm_fault(current->mm, at.v, ACCESS_WRITE, &signo, &code)
		       ? -EFAULT
		       : 0;
}

#endif
