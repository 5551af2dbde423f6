/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedrule.c: whose scheduling a call is about, and who may change it
 * (sched(7), "Privileges and resource limits").
 *
 * Locks: siglock is taken; tasklist_lock may be held.
 */
#include "schedrule.h"

/* The thread, with a reference; 0 is the caller.  NULL: none of a process. */
struct task *sched_target(int tid)
{
	struct task *t;

	if (tid) {
		t = task_find(tid);
		if (t && !t->proc) {
			task_put(t);
			return NULL;
		}
		return t;
	}
	task_get(current);
	return current;
}

/* Whether the caller is the user of t, or may act as if. */
bool sched_same_owner(struct task *t)
{
	uint32_t euid = current->cred->euid;
	struct cred *c;
	bool same;

	if (t->proc == current->proc || capable(CAP_SYS_NICE))
		return true;
	c = task_cred_get(t);
	same = euid == c->euid || euid == c->uid;
	cred_put(c);
	return same;
}

bool sched_policy_ok(int policy, int prio)
{
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return prio >= 1 && prio <= 99;
	return (policy == SCHED_OTHER || policy == SCHED_BATCH ||
		policy == SCHED_IDLE) &&
	       prio == 0;
}

static uint64_t limit_of(const struct task *t, unsigned resource)
{
	return __atomic_load_n(&t->proc->rlim[resource].cur, __ATOMIC_RELAXED);
}

/* Whether t may have this niceness: as nice as it is, or by RLIMIT_NICE. */
static bool nice_enough(const struct task *t, int nice)
{
	return 20 - nice <= (int)min(limit_of(t, RLIMIT_NICE), (uint64_t)40);
}

int sched_may_nice(struct task *t, int nice)
{
	if (!sched_same_owner(t))
		return -EPERM;
	if (nice < t->nice && !nice_enough(t, nice) && !capable(CAP_SYS_NICE))
		return -EACCES;
	return 0;
}

/* policy with SCHED_RESET_ON_FORK or without. */
int sched_may_set(struct task *t, int policy, int prio, int nice)
{
	int base = policy & ~SCHED_RESET_ON_FORK;
	int was = t->policy & ~SCHED_RESET_ON_FORK;
	uint64_t rtprio = limit_of(t, RLIMIT_RTPRIO);

	if (capable(CAP_SYS_NICE))
		return 0;
	if (base == SCHED_FIFO || base == SCHED_RR) {
		if (base != was && !rtprio)
			return -EPERM;
		if (prio > t->rt_prio && (uint64_t)prio > rtprio)
			return -EPERM;
	} else if (base != SCHED_IDLE && nice < t->nice &&
		   !nice_enough(t, nice)) {
		return -EPERM;
	}
	/* SCHED_IDLE is nicer than any niceness */
	if (was == SCHED_IDLE && base != was && !nice_enough(t, t->nice))
		return -EPERM;
	if (!sched_same_owner(t))
		return -EPERM;
	if (t->policy & SCHED_RESET_ON_FORK && !(policy & SCHED_RESET_ON_FORK))
		return -EPERM;
	return 0;
}
