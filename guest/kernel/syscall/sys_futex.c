/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_futex.c: futex(2) and robust lists: numbers to operations.
 */
#include "guest/kernel/task/futex.h"
#include "kuni/poll.h"
#include "syscall_proto.h"

enum {
	FUTEX_WAIT,
	FUTEX_WAKE,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE,
	FUTEX_WAKE_OP,
	FUTEX_LOCK_PI,
	FUTEX_UNLOCK_PI,
	FUTEX_TRYLOCK_PI,
	FUTEX_WAIT_BITSET,
	FUTEX_WAKE_BITSET,
	FUTEX_WAIT_REQUEUE_PI,
	FUTEX_CMP_REQUEUE_PI,
	FUTEX_LOCK_PI2,
};
#define FUTEX_PRIVATE  128
#define FUTEX_REALTIME 256
#define ROBUST_HEAD    24

static long restart_wait(struct task *t)
{
	int ret = futex_wait(UADDR(t->restart_arg[0]), t->restart_arg[2] & 1,
			     (uint32_t)t->restart_arg[1],
			     (uint32_t)t->restart_arg[3], t->restart_deadline);

	return ret == -ERESTARTSYS ? -ERESTART_BLOCK : ret;
}

/* The absolute deadline of a wait; relative for FUTEX_WAIT alone. */
static int deadline_of(uaddr_t timeout, int op, uint64_t *out)
{
	bool real = op & FUTEX_REALTIME || (op & 127) == FUTEX_LOCK_PI;

	return (op & 127) == FUTEX_WAIT ? deadline_from_user(timeout, out)
					: deadline_absolute(timeout, real, out);
}

static long do_wait(uaddr_t at, int op, uint32_t val, uaddr_t timeout,
		    uint32_t bitset)
{
	bool shared = !(op & FUTEX_PRIVATE);
	struct task *t = current;
	uint64_t deadline;
	int ret = deadline_of(timeout, op, &deadline);

	if (!ret)
		ret = futex_wait(at, shared, val, bitset, deadline);
	if (ret != -ERESTARTSYS || deadline == DEADLINE_NEVER)
		return ret;
	t->restart_fn = restart_wait;
	t->restart_deadline = deadline;
	t->restart_arg[0] = at.v;
	t->restart_arg[1] = val;
	t->restart_arg[2] = shared;
	t->restart_arg[3] = bitset;
	return -ERESTART_BLOCK;
}

static long lock_pi(uaddr_t at, int op, uaddr_t timeout)
{
	bool try = (op & 127) == FUTEX_TRYLOCK_PI;
	uint64_t deadline = DEADLINE_NEVER;
	int ret = try ? 0 : deadline_of(timeout, op, &deadline);

	return ret ? ret
		   : futex_lock_pi(at, !(op & FUTEX_PRIVATE), deadline, try);
}

static long wait_requeue_pi(const struct futex_pair *p, int op, uint32_t val,
			    uaddr_t timeout)
{
	uint64_t deadline;
	int ret = deadline_of(timeout, op, &deadline);

	return ret ? ret : futex_wait_requeue_pi(p, val, UINT32_MAX, deadline);
}

/* The fourth argument is a timeout or a second count, by operation. */
long sys_futex(uaddr_t uaddr, int op, unsigned int val, uaddr_t timeout,
	       uaddr_t uaddr2, unsigned int val3)
{
	struct futex_pair p = { uaddr, uaddr2, !(op & FUTEX_PRIVATE), val,
				(unsigned)timeout.v };
	uint32_t cmp = val3;
	int cmd = op & 127;

	if (op & FUTEX_REALTIME && cmd != FUTEX_WAIT_BITSET &&
	    cmd != FUTEX_WAIT_REQUEUE_PI && cmd != FUTEX_LOCK_PI2)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return do_wait(uaddr, op, val, timeout, UINT32_MAX);
	case FUTEX_WAIT_BITSET:
		return do_wait(uaddr, op, val, timeout, val3);
	case FUTEX_WAKE:
		return futex_wake(uaddr, p.shared, val, UINT32_MAX);
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, p.shared, val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(&p, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(&p, &cmp);
	case FUTEX_WAKE_OP:
		return futex_wake_op(&p, val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
	case FUTEX_TRYLOCK_PI:
		return lock_pi(uaddr, op, timeout);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(uaddr, p.shared);
	case FUTEX_WAIT_REQUEUE_PI:
		return wait_requeue_pi(&p, op, val, timeout);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_cmp_requeue_pi(&p, cmp);
	default:
		return -ENOSYS;
	}
}

#define WAITV_MAX 128

long sys_futex_waitv(uaddr_t waiters, unsigned int n, unsigned int flags,
		     uaddr_t timeout, int clock)
{
	struct lx_futex_waitv *v;
	uint64_t deadline;
	long ret;

	if (flags || !n || n > WAITV_MAX || !waiters.v)
		return -EINVAL;
	if (timeout.v && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return -EINVAL;
	ret = deadline_of(
		timeout,
		FUTEX_WAIT_BITSET |
			(clock == CLOCK_REALTIME ? FUTEX_REALTIME : 0),
		&deadline);
	if (ret)
		return ret;
	v = kmalloc(n * sizeof(*v));
	if (!v)
		return -ENOMEM;
	ret = copy_from_user(v, waiters, n * sizeof(*v));
	if (!ret)
		ret = futex_waitv(v, n, deadline);
	kfree(v);
	return ret;
}

long sys_set_robust_list(uaddr_t head, size_t len)
{
	if (len != ROBUST_HEAD)
		return -EINVAL;
	current->robust_list = head;
	current->robust_len = len;
	return 0;
}

long sys_get_robust_list(int pid, uaddr_t head, uaddr_t len)
{
	struct task *t = pid ? task_find(pid) : current;
	uint64_t at;
	size_t n = ROBUST_HEAD;
	long ret = 0;

	if (!t)
		return -ESRCH;
	if (t->proc != current->proc && !capable(CAP_SYS_PTRACE))
		ret = -EPERM;
	at = t->robust_list.v;
	if (pid)
		task_put(t);
	if (!ret && (copy_to_user(len, &n, sizeof(n)) ||
		     copy_to_user(head, &at, sizeof(at))))
		ret = -EFAULT;
	return ret;
}
