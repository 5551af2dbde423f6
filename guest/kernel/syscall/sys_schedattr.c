/* SPDX-License-Identifier: Apache-2.0 */
/* sys_schedattr.c: sched_setattr(2), ioprio_set(2). */
#include <string.h>

#include "schedrule.h"
#include "syscall_proto.h"

struct lx_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t prio;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
#define ATTR_V0_SIZE        48U
#define FLAG_RESET_ON_FORK  1U
#define FLAG_KEEP_POLICY    8U
#define FLAG_KEEP_PARAMS    16U
#define FLAGS_KNOWN         (FLAG_RESET_ON_FORK | FLAG_KEEP_POLICY | FLAG_KEEP_PARAMS)
#define SCHED_POLICY_UNSPEC UINT32_MAX

static int read_attr(uaddr_t uattr, struct lx_sched_attr *a)
{
	uint32_t size, known = sizeof(*a);
	uint8_t byte;

	if (copy_from_user(&size, uattr, sizeof(size)))
		return -EFAULT;
	if (!size)
		size = ATTR_V0_SIZE;
	if (size < ATTR_V0_SIZE || size > PAGE_SIZE)
		return copy_to_user(uattr, &known, sizeof(known)) ? -EFAULT
								  : -E2BIG;
	memset(a, 0, sizeof(*a));
	if (copy_from_user(a, uattr, min(size, known)))
		return -EFAULT;
	for (uint32_t i = known; i < size; i++) {
		if (copy_from_user(&byte, UADDR(uattr.v + i), 1))
			return -EFAULT;
		if (byte)
			return copy_to_user(uattr, &known, sizeof(known))
				       ? -EFAULT
				       : -E2BIG;
	}
	return 0;
}

/* SCHED_DEADLINE is not there: as an unknown policy. */
static int set_attr(struct task *t, struct lx_sched_attr *a)
{
	int nice, policy, ret;

	if (a->flags & FLAG_KEEP_POLICY)
		a->policy =
			(uint32_t)t->policy & ~(uint32_t)SCHED_RESET_ON_FORK;
	if (a->flags & FLAG_KEEP_PARAMS) {
		a->prio = (uint32_t)t->rt_prio;
		a->nice = t->nice;
	}
	policy = (int)a->policy;
	if (a->prio > INT32_MAX || !sched_policy_ok(policy, (int)a->prio))
		return -EINVAL;
	nice = a->nice < -20 ? -20 : a->nice > 19 ? 19 : a->nice;
	if (policy != SCHED_OTHER && policy != SCHED_BATCH)
		nice = t->nice; /* it has no part in the others */
	if (a->flags & FLAG_RESET_ON_FORK)
		policy |= SCHED_RESET_ON_FORK;
	ret = sched_may_set(t, policy, (int)a->prio, nice);
	if (ret)
		return ret;
	sched_set_policy(t, policy, (int)a->prio, nice);
	futex_pi_priority(t);
	return 0;
}

long sys_sched_setattr(int pid, uaddr_t uattr, unsigned int flags)
{
	struct lx_sched_attr a;
	struct task *t;
	long ret;

	if (!uattr.v || pid < 0 || flags)
		return -EINVAL;
	ret = read_attr(uattr, &a);
	if (ret)
		return ret;
	if ((int32_t)a.policy < 0 || a.flags & ~(uint64_t)FLAGS_KNOWN)
		return -EINVAL;
	t = sched_target(pid);
	if (!t)
		return -ESRCH;
	ret = set_attr(t, &a);
	task_put(t);
	return ret;
}

long sys_sched_getattr(int pid, uaddr_t uattr, unsigned int size,
		       unsigned int flags)
{
	struct lx_sched_attr a = { 0 };
	struct task *t;

	if (!uattr.v || pid < 0 || size > PAGE_SIZE || size < ATTR_V0_SIZE ||
	    flags)
		return -EINVAL;
	t = sched_target(pid);
	if (!t)
		return -ESRCH;
	a.size = min(size, (uint32_t)sizeof(a));
	a.policy = (uint32_t)t->policy & ~(uint32_t)SCHED_RESET_ON_FORK;
	if (t->policy & SCHED_RESET_ON_FORK)
		a.flags = FLAG_RESET_ON_FORK;
	a.prio = (uint32_t)t->rt_prio;
	if (a.policy != SCHED_FIFO && a.policy != SCHED_RR)
		a.nice = t->nice;
	a.util_max = 1024;
	task_put(t);
	return copy_to_user(uattr, &a, a.size);
}

/* ---- I/O priority: kept and told; the host orders the I/O ---- */

enum { WHO_PROCESS = 1, WHO_PGRP, WHO_USER };
enum { CLASS_NONE, CLASS_RT, CLASS_BE, CLASS_IDLE };

static bool selected(int which, int who, struct task *t)
{
	uint32_t uid, suid;

	switch (which) {
	case WHO_PROCESS:
		return t->tid == (who ? who : current->tid);
	case WHO_PGRP:
		return t->proc->pgid == (who ? who : current->proc->pgid);
	default:
		process_uids(t->proc, &uid, &suid);
		return uid == (who ? (uint32_t)who : current->cred->uid);
	}
}

static int set_one(struct task *t, int prio)
{
	uint32_t uid, suid;

	process_uids(t->proc, &uid, &suid);
	if (uid != current->cred->euid && uid != current->cred->uid &&
	    !capable(CAP_SYS_NICE))
		return -EPERM;
	t->ioprio = (uint16_t)prio;
	return 0;
}

/* The better of two: lower is, and none is the middle of best effort. */
static int get_one(const struct task *t, int best)
{
	int v = t->ioprio;

	return best < 0 || v < best ? v : best;
}

static long each(int which, int who, const int *set)
{
	struct process *p;
	struct task *t;
	long ret = -ESRCH;

	if (which < WHO_PROCESS || which > WHO_USER)
		return -EINVAL;
	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		TAILQ_FOREACH(t, &p->threads, thread_link)
		if (selected(which, who, t))
			ret = set ? set_one(t, *set) : get_one(t, (int)ret);
	}
	spin_unlock(&tasklist_lock);
	return ret;
}

long sys_ioprio_set(int which, int who, int prio)
{
	int class = prio >> 13, level = prio & 7;

	if (class < CLASS_NONE || class > CLASS_IDLE ||
	    (class == CLASS_NONE && level))
		return -EINVAL;
	if (class == CLASS_RT && !capable(CAP_SYS_ADMIN) &&
	    !capable(CAP_SYS_NICE))
		return -EPERM;
	return each(which, who, &prio);
}

long sys_ioprio_get(int which, int who)
{
	return each(which, who, NULL);
}
