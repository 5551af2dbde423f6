/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_futex.c: futex(2) and robust lists: numbers to operations.
 */
#include "guest/kernel/task/futex.h"
#include "syscall_proto.h"

enum {
	FUTEX_WAIT,
	FUTEX_WAKE,
	FUTEX_REQUEUE = 3,
	FUTEX_CMP_REQUEUE,
	FUTEX_WAKE_OP,
	FUTEX_WAIT_BITSET = 9,
	FUTEX_WAKE_BITSET,
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
	struct lx_timespec ts;
	uint64_t ns;

	*out = DEADLINE_NEVER;
	if (!timeout.v)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (ts.sec < 0 || (uint64_t)ts.nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (ts.sec >= INT64_MAX / (int64_t)NSEC_PER_SEC)
		return 0;
	ns = (uint64_t)ts.sec * NSEC_PER_SEC + (uint64_t)ts.nsec;
	if ((op & 127) == FUTEX_WAIT)
		*out = arch_clock_ns() + ns;
	else if (op & FUTEX_REALTIME)
		*out = ns - min(ns, arch_wall_offset_ns());
	else
		*out = ns;
	return 0;
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

/* The fourth argument is a timeout or a second count, by operation. */
long sys_futex(uaddr_t uaddr, int op, unsigned int val, uaddr_t timeout,
	       uaddr_t uaddr2, unsigned int val3)
{
	struct futex_pair p = { uaddr, uaddr2, !(op & FUTEX_PRIVATE), val,
				(unsigned)timeout.v };
	uint32_t cmp = val3;
	int cmd = op & 127;

	if (op & FUTEX_REALTIME && cmd != FUTEX_WAIT_BITSET &&
	    cmd != FUTEX_WAIT)
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
	default:
		return -ENOSYS; /* priority inheritance */
	}
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
