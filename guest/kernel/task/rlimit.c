/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rlimit.c: resource limits: defaults of the first process, reading.
 */
#include "internal.h"

#include "kuni/klog.h"

void rlimit_defaults(struct lx_rlimit rlim[16])
{
	for (int i = 0; i < 16; i++)
		rlim[i] = (struct lx_rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	rlim[RLIMIT_STACK].cur = 8UL << 20;
	rlim[RLIMIT_CORE].cur = 0;
	rlim[RLIMIT_NPROC] = (struct lx_rlimit){ 16384, 16384 };
	rlim[RLIMIT_NOFILE] = (struct lx_rlimit){ 1024, 1048576 };
	rlim[RLIMIT_MEMLOCK] = (struct lx_rlimit){ 8UL << 20, 8UL << 20 };
	rlim[RLIMIT_SIGPENDING] = (struct lx_rlimit){ 16384, 16384 };
	rlim[RLIMIT_MSGQUEUE] = (struct lx_rlimit){ 819200, 819200 };
	rlim[RLIMIT_NICE] = (struct lx_rlimit){ 0, 0 };
	rlim[RLIMIT_RTPRIO] = (struct lx_rlimit){ 0, 0 };
}

/* Soft limit of current; kernel threads have none. */
uint64_t rlimit_get(unsigned resource)
{
	const struct process *p = current->proc;

	ensure(resource < 16);
	return p ? __atomic_load_n(&p->rlim[resource].cur, __ATOMIC_RELAXED)
		 : RLIM_INFINITY;
}
