/* SPDX-License-Identifier: Apache-2.0 */
/* schedcalls.c: calls of a process by their numbers: limits, priorities,
 * policies, clocks' steps, the CPU, the thread's own words and segments */
#include "abi.h"

#include <asm/prctl.h>

#define BAD ((void *)8)

static void limits(void)
{
	struct rlimit r, to = { 100, 200 }, over = { 300, 200 }, old;

	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &to, &old));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &r));
	printf("%ld %ld\n", (long)r.rlim_cur, (long)r.rlim_max);
	SAY(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, &over, NULL));
	SAY(syscall(SYS_prlimit64, 0, 16, NULL, &r));
	SAY(syscall(SYS_prlimit64, 0, -1, NULL, &r));
	SAY(syscall(SYS_prlimit64, 999999, RLIMIT_NOFILE, NULL, &r));
	SAY(syscall(SYS_prlimit64, -1, RLIMIT_NOFILE, NULL, &r));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, BAD, NULL));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, BAD));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, NULL));
	for (int i = 0; i < 110; i++)
		if (dup(0) < 0) {
			printf("the limit holds: %s\n", strerrorname(errno));
			break;
		}
	for (int i = 3; i < 110; i++)
		close(i);
}

static void priorities(void)
{
	int st;

	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0)); /* 20 - nice */
	SAY(syscall(SYS_getpriority, 3, 0));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 999999));
	SAY(syscall(SYS_getpriority, PRIO_PGRP, 999999));
	SAY(syscall(SYS_getpriority, PRIO_USER, 4242));
	if (!fork()) {
		SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, 5));
		SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
		SAY(syscall(SYS_setpriority, PRIO_PROCESS, getpid(), 100));
		SAY(syscall(SYS_getpriority, PRIO_PROCESS, getpid()));
		SAY(syscall(SYS_setpriority, 3, 0, 5));
		SAY(syscall(SYS_setpriority, PRIO_PROCESS, 999999, 5));
		setuid(7);
		SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, 3));
		SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, 19));
		SAY(syscall(SYS_setpriority, PRIO_PROCESS, getppid(), 19));
		_exit(0);
	}
	wait(&st);
}

static void policies(void)
{
	struct sched_param p = { 0 }, one = { 1 };
	struct timespec ts;

	for (int i = -1; i <= 6; i++)
		printf("%d: %ld %ld\n", i,
		       syscall(SYS_sched_get_priority_min, i),
		       syscall(SYS_sched_get_priority_max, i));
	SAY(syscall(SYS_sched_getscheduler, 0));
	SAY(syscall(SYS_sched_getscheduler, -1));
	SAY(syscall(SYS_sched_getscheduler, 999999));
	SAY(syscall(SYS_sched_getparam, 0, &p));
	SAY(p.sched_priority);
	SAY(syscall(SYS_sched_getparam, 0, NULL));
	SAY(syscall(SYS_sched_getparam, 0, BAD));
	SAY(syscall(SYS_sched_getparam, -1, &p));
	SAY(syscall(SYS_sched_getparam, 999999, &p));
	SAY(syscall(SYS_sched_setparam, 0, &p));
	SAY(syscall(SYS_sched_setparam, 0, &one));
	SAY(syscall(SYS_sched_setparam, 0, NULL));
	SAY(syscall(SYS_sched_setparam, -1, &p));
	SAY(syscall(SYS_sched_setparam, 999999, &p));
	SAY(syscall(SYS_sched_rr_get_interval, 0, &ts));
	SAY(syscall(SYS_sched_rr_get_interval, -1, &ts));
	SAY(syscall(SYS_sched_rr_get_interval, 999999, &ts));
	SAY(syscall(SYS_sched_rr_get_interval, 0, BAD));
}

static void clocks(void)
{
	struct timespec ts;

	for (int i = 0; i < 12; i++) {
		long r = syscall(SYS_clock_getres, i, &ts);

		if (i == 5 || i == 6) /* a tick: by the kernel's HZ */
			ts.tv_nsec = ts.tv_nsec > 0;
		if (i != 8 && i != 9 && i != 10) /* an RTC's */
			printf("%d: %ld %ld %ld\n", i, r, r ? 0 : ts.tv_sec,
			       r ? 0 : ts.tv_nsec);
	}
	SAY(syscall(SYS_clock_getres, 12, &ts));
	SAY(syscall(SYS_clock_getres, 0, NULL));
	SAY(syscall(SYS_clock_getres, 0, BAD));
	SAY(syscall(SYS_clock_getres, -6,
		    &ts)); /* a process's CPU clock: ours */
}

static void thread(void)
{
	unsigned cpu = ~0U, node = ~0U;
	unsigned long base = 0, was;
	unsigned char ldt[16];

	SAY(syscall(SYS_getcpu, &cpu, &node, NULL));
	printf("%d %u\n", cpu < 64, node);
	SAY(syscall(SYS_getcpu, NULL, NULL, NULL));
	SAY(syscall(SYS_getcpu, BAD, NULL, NULL));
	SAY(syscall(SYS_getcpu, NULL, BAD, NULL));
	SAY(syscall(SYS_set_tid_address, &cpu) == syscall(SYS_gettid));
	SAY(syscall(SYS_arch_prctl, ARCH_GET_FS, &was));
	SAY(syscall(SYS_arch_prctl, ARCH_SET_FS, was));
	SAY(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x12345000));
	SAY(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	printf("%lx\n", base);
	SAY(syscall(SYS_arch_prctl, ARCH_SET_GS, 1UL << 63));
	SAY(syscall(SYS_arch_prctl, ARCH_SET_FS, 0x800000000000));
	SAY(syscall(SYS_arch_prctl, ARCH_GET_GS, BAD));
	SAY(syscall(SYS_arch_prctl, ARCH_GET_FS, BAD));
	SAY(syscall(SYS_arch_prctl, 0x1234, 0));
	SAY(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
	SAY(syscall(SYS_modify_ldt, 0, ldt, sizeof(ldt))); /* empty */
	SAY(syscall(SYS_modify_ldt, 9, ldt, sizeof(ldt)));
}

static void persona(void)
{
	SAY(syscall(SYS_personality, -1));
	SAY(syscall(SYS_personality, 0x0040000)); /* addresses as they come */
	SAY(syscall(SYS_personality, 0xffffffff));
	SAY(syscall(SYS_personality, 0));
	SAY(syscall(SYS_personality, -1));
	SAY(syscall(SYS_sync));
}

int main(void)
{
	persona();
	limits();
	priorities();
	policies();
	clocks();
	thread();
	return 0;
}
