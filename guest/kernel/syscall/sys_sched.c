/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_sched.c: scheduling policy, priority, affinity; resource limits.
 */
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "layout.h"
#include "schedrule.h"
#include "syscall_proto.h"

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2
#define RR_SLICE_NS  4000000
#define NLIMITS      16

long sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

static long set_policy(int pid, int policy, uaddr_t param, bool keep)
{
	int32_t prio;
	struct task *t;
	long ret = 0;
	int base;

	if (pid < 0 || !param.v)
		return -EINVAL;
	if (copy_from_user(&prio, param, sizeof(prio)))
		return -EFAULT;
	t = sched_target(pid);
	if (!t)
		return -ESRCH;
	if (keep)
		policy = t->policy;
	base = policy & ~SCHED_RESET_ON_FORK;
	if (!sched_policy_ok(base, prio))
		ret = -EINVAL;
	else
		ret = sched_may_set(t, policy, prio, t->nice);
	if (!ret) {
		sched_set_policy(t, policy, prio, t->nice);
		futex_pi_priority(t);
	}
	task_put(t);
	return ret;
}

long sys_sched_setparam(int pid, uaddr_t param)
{
	return set_policy(pid, 0, param, true);
}

long sys_sched_setscheduler(int pid, int policy, uaddr_t param)
{
	return policy < 0 ? -EINVAL : set_policy(pid, policy, param, false);
}

long sys_sched_getscheduler(int pid)
{
	struct task *t = pid < 0 ? NULL : sched_target(pid);
	long ret;

	if (!t)
		return pid < 0 ? -EINVAL : -ESRCH;
	ret = t->policy;
	task_put(t);
	return ret;
}

long sys_sched_getparam(int pid, uaddr_t param)
{
	struct task *t;
	int32_t prio;

	if (pid < 0 || !param.v)
		return -EINVAL;
	t = sched_target(pid);
	if (!t)
		return -ESRCH;
	prio = t->rt_prio;
	task_put(t);
	return copy_to_user(param, &prio, sizeof(prio));
}

long sys_sched_get_priority_max(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 99;
	return sched_policy_ok(policy, 0) || policy == SCHED_DEADLINE ? 0
								      : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return 1;
	return sched_policy_ok(policy, 0) || policy == SCHED_DEADLINE ? 0
								      : -EINVAL;
}

long sys_sched_rr_get_interval(int pid, uaddr_t interval)
{
	struct task *t = pid < 0 ? NULL : sched_target(pid);
	struct lx_timespec ts = { 0, RR_SLICE_NS };

	if (!t)
		return pid < 0 ? -EINVAL : -ESRCH;
	if (t->policy == SCHED_FIFO)
		ts.nsec = 0;
	task_put(t);
	return copy_to_user(interval, &ts, sizeof(ts));
}

/* ---- affinity ---- */

static uint64_t machine_mask(void)
{
	return arch_ncpu >= 64 ? UINT64_MAX : (1ULL << arch_ncpu) - 1;
}

long sys_sched_setaffinity(int pid, unsigned int len, uaddr_t umask)
{
	uint64_t mask = 0;
	struct task *t;
	long ret = 0;

	if (copy_from_user(&mask, umask, min((size_t)len, sizeof(mask))))
		return -EFAULT;
	t = sched_target(pid);
	if (!t)
		return -ESRCH;
	mask &= machine_mask();
	if (!sched_same_owner(t))
		ret = -EPERM;
	else if (!mask)
		ret = -EINVAL;
	if (!ret)
		sched_start_cpus(mask);
	if (!ret)
		sched_set_affinity(t, mask);
	task_put(t);
	if (!ret)
		sched_resched();
	return ret;
}

long sys_sched_getaffinity(int pid, unsigned int len, uaddr_t umask)
{
	uint64_t mask;
	struct task *t;

	if (len < sizeof(mask) || len & 7)
		return -EINVAL;
	t = sched_target(pid);
	if (!t)
		return -ESRCH;
	mask = t->affinity & machine_mask();
	task_put(t);
	if (copy_to_user(umask, &mask, sizeof(mask)))
		return -EFAULT;
	return sizeof(mask);
}

/* ---- nice ---- */

static bool selected(int which, int who, struct task *t)
{
	uint32_t uid, suid;

	switch (which) {
	case PRIO_PROCESS:
		return t->tid == (who ? who : current->tid);
	case PRIO_PGRP:
		return t->proc->pgid == (who ? who : current->proc->pgid);
	default:
		process_uids(t->proc, &uid, &suid);
		return uid == (who ? (uint32_t)who : current->cred->uid);
	}
}

static int set_nice(struct task *t, int nice)
{
	int ret = sched_may_nice(t, nice);

	if (!ret)
		sched_set_policy(t, t->policy, t->rt_prio, nice);
	return ret;
}

/* For every thread that is meant: set NULL reads the best (20 - nice); of
 * several that may not be set the last one's error is told. */
static long each_priority(int which, int who, const int *set)
{
	long ret = -ESRCH;
	struct process *p;
	struct task *t;
	int err;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		TAILQ_FOREACH(t, &p->threads, thread_link)
		{
			if (!selected(which, who, t))
				continue;
			err = set ? set_nice(t, *set) : 0;
			if (!set)
				ret = max(ret, (long)(20 - t->nice));
			else if (err || ret == -ESRCH)
				ret = err;
		}
	}
	spin_unlock(&tasklist_lock);
	return ret;
}

long sys_getpriority(int which, int who)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	return each_priority(which, who, NULL);
}

long sys_setpriority(int which, int who, int prio)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	prio = prio < -20 ? -20 : prio > 19 ? 19 : prio;
	return each_priority(which, who, &prio);
}

/* ---- limits ---- */

static int set_limit(struct process *p, unsigned resource,
		     const struct lx_rlimit *in)
{
	struct lx_rlimit *r = &p->rlim[resource];

	if (in->cur > in->max)
		return -EINVAL;
	if (in->max > r->max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (resource == RLIMIT_NOFILE && in->max > (1UL << 20))
		return -EPERM;
	*r = *in;
	if (cputimer_limited(p))
		cputimer_watch(p);
	return 0;
}

/* prlimit(2): every id of another's must be the caller's real one. */
static int may_limit(struct task *t)
{
	const struct cred *me = current->cred;
	struct cred *c;
	bool ok;

	if (t->proc == current->proc || capable(CAP_SYS_RESOURCE))
		return 0;
	c = task_cred_get(t);
	ok = cred_is(c, me->uid, me->gid);
	cred_put(c);
	return ok ? 0 : -EPERM;
}

static int limit(int pid, unsigned resource, const struct lx_rlimit *in,
		 struct lx_rlimit *old)
{
	struct task *t = sched_target(pid);
	struct process *p;
	int ret;

	if (!t)
		return -ESRCH;
	p = t->proc;
	ret = may_limit(t);
	spin_lock(&p->siglock);
	*old = p->rlim[resource];
	if (!ret && in)
		ret = set_limit(p, resource, in);
	spin_unlock(&p->siglock);
	task_put(t);
	return ret;
}

long sys_prlimit64(int pid, unsigned int resource, uaddr_t new_rlim,
		   uaddr_t old_rlim)
{
	struct lx_rlimit in, old;
	int ret;

	if (new_rlim.v && copy_from_user(&in, new_rlim, sizeof(in)))
		return -EFAULT;
	if (resource >= NLIMITS)
		return -EINVAL;
	ret = limit(pid, resource, new_rlim.v ? &in : NULL, &old);
	if (!ret && old_rlim.v && copy_to_user(old_rlim, &old, sizeof(old)))
		return -EFAULT;
	return ret;
}

long sys_getrlimit(unsigned int resource, uaddr_t rlim)
{
	struct lx_rlimit old;

	if (resource >= NLIMITS)
		return -EINVAL;
	(void)limit(0, resource, NULL, &old);
	return copy_to_user(rlim, &old, sizeof(old));
}

long sys_setrlimit(unsigned int resource, uaddr_t rlim)
{
	return rlim.v ? sys_prlimit64(0, resource, rlim, UADDR(0)) : -EFAULT;
}
