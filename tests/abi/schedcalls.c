/* SPDX-License-Identifier: Apache-2.0 */
/* schedcalls.c: scheduling policies, priorities, niceness, by the calls
 * themselves: libcs hide them */
#include "abi.h"

#define BATCH    3
#define IDLE     5
#define DEADLINE 6
#define RESET    0x40000000 /* SCHED_RESET_ON_FORK */

static void ranges(void)
{
	static const int policies[] = {
		0, 1, 2, 3, 4, 5, 6, 99, RESET | 1, -1
	};

	for (unsigned i = 0; i < sizeof(policies) / sizeof(int); i++) {
		printf("policy %x\n", policies[i]);
		SAY(syscall(SYS_sched_get_priority_min, policies[i]));
		SAY(syscall(SYS_sched_get_priority_max, policies[i]));
	}
}

static void now(const char *what)
{
	int prio = 77;
	long policy = syscall(SYS_sched_getscheduler, 0);

	syscall(SYS_sched_getparam, 0, &prio);
	printf("%s: policy %lx priority %d\n", what, policy, prio);
}

static long policy(int p, int prio)
{
	return syscall(SYS_sched_setscheduler, 0, p, &prio);
}

static long param(int prio)
{
	return syscall(SYS_sched_setparam, 0, &prio);
}

static void changes(void)
{
	now("first");
	SAY(param(0));
	SAY(param(1));
	SAY(policy(SCHED_FIFO, 3));
	now("fifo");
	SAY(param(5));
	now("fifo, more");
	SAY(param(0));
	SAY(param(100));
	SAY(param(-1));
	SAY(policy(SCHED_RR, 99));
	now("round robin");
	SAY(param(1));
	SAY(policy(SCHED_RR, 0));
	SAY(policy(BATCH, 0));
	now("batch");
	SAY(param(1));
	SAY(policy(BATCH, 1));
	SAY(policy(IDLE, 0));
	now("idle");
	SAY(param(0));
	now("idle still");
	SAY(policy(IDLE | RESET, 0));
	now("reset on fork");
	SAY(param(0));
	now("by param");
	SAY(policy(0, 0));
	now("other");
	SAY(policy(4, 0));
	SAY(policy(77, 0));
	SAY(policy(-1, 0));
}

static void child(void)
{
	now("inherited");
}

static void forked(void)
{
	SAY(policy(SCHED_RR, 4));
	apart(child);
	SAY(policy(SCHED_RR | RESET, 4));
	apart(child);
	now("the parent");
}

static void errors(void)
{
	int prio = 0;
	struct timespec ts;

	SAY(syscall(SYS_sched_setparam, 0, NULL));
	SAY(syscall(SYS_sched_setparam, 0, 8));
	SAY(syscall(SYS_sched_setparam, -1, &prio));
	SAY(syscall(SYS_sched_setparam, 999999, &prio));
	SAY(syscall(SYS_sched_getparam, 0, NULL));
	SAY(syscall(SYS_sched_getparam, 0, 8));
	SAY(syscall(SYS_sched_getparam, -1, &prio));
	SAY(syscall(SYS_sched_getparam, 999999, &prio));
	SAY(syscall(SYS_sched_getscheduler, -1));
	SAY(syscall(SYS_sched_getscheduler, 999999));
	SAY(syscall(SYS_sched_setscheduler, 0, 0, NULL));
	SAY(syscall(SYS_sched_setscheduler, 0, 0, 8));
	SAY(syscall(SYS_sched_setscheduler, -1, 0, &prio));
	SAY(syscall(SYS_sched_setscheduler, 999999, 0, &prio));
	SAY(syscall(SYS_sched_rr_get_interval, 0, NULL));
	SAY(syscall(SYS_sched_rr_get_interval, 0, 8));
	SAY(syscall(SYS_sched_rr_get_interval, -1, &ts));
	SAY(syscall(SYS_sched_rr_get_interval, 999999, &ts));
}

/* How long others may run is the scheduler's affair. */
static void interval(const char *what, int real_time)
{
	struct timespec ts = { -1, -1 };

	syscall(SYS_sched_rr_get_interval, 0, &ts);
	printf("%s: %ld s", what, (long)ts.tv_sec);
	if (real_time)
		printf(", some ns %d", ts.tv_nsec > 0);
	printf("\n");
}

static void intervals(void)
{
	interval("other", 0);
	policy(SCHED_FIFO, 1);
	interval("fifo", 1);
	policy(SCHED_RR, 1);
	interval("round robin", 1);
}

/* As somebody with no privilege: down is free, up is not. */
static void user(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_RTPRIO, &none);
	setrlimit(RLIMIT_NICE, &none);
	policy(SCHED_FIFO, 5);
	syscall(SYS_setresuid, 8, 8, 8);
	SAY(param(6));
	SAY(param(4));
	SAY(param(5));
	SAY(policy(SCHED_RR, 4));
	SAY(policy(SCHED_FIFO | RESET, 4));
	SAY(policy(SCHED_FIFO, 4));
	now("reset stays");
	SAY(policy(RESET, 0));
	SAY(policy(SCHED_FIFO | RESET, 1));
	SAY(policy(BATCH | RESET, 0));
	SAY(policy(IDLE | RESET, 0));
	SAY(policy(RESET, 0));
	SAY(policy(BATCH | RESET, 0));
	now("idle for good");
	SAY(syscall(SYS_sched_setscheduler, getppid(), 0, &(int){ 0 }));
	SAY(syscall(SYS_sched_setparam, getppid(), &(int){ 0 }));
	SAY(syscall(SYS_sched_getscheduler, getppid()));
}

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t prio;
	uint64_t dl[3];
};

static long attr(int policy, int nice)
{
	struct attr a = { 48, policy, 0, nice };

	return syscall(SYS_sched_setattr, 0, &a, 0);
}

/* Niceness is set with the policies that heed it. */
static void nice_by_policy(void)
{
	SAY(attr(BATCH, 4));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(attr(IDLE, 9));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(attr(SCHED_OTHER, 9));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	syscall(SYS_setresuid, 8, 8, 8);
	SAY(attr(IDLE, -9));
	SAY(attr(BATCH, 8));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
}

/* getpriority gives 20 - nice, 1 to 40. */
static void nice_of(void)
{
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, -5));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, getpid(), 100));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, getpid()));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, -100));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(syscall(SYS_getpriority, 3, 0));
	SAY(syscall(SYS_getpriority, -1, 0));
	SAY(syscall(SYS_setpriority, 3, 0, 0));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 999999));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, -1));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, 999999, 0));
	SAY(syscall(SYS_getpriority, PRIO_PGRP, 999999));
	SAY(syscall(SYS_setpriority, PRIO_PGRP, 999999, 0));
	SAY(syscall(SYS_getpriority, PRIO_USER, 54321));
	SAY(syscall(SYS_setpriority, PRIO_USER, 54321, 0));
}

/* A group: the best of it is told, all of it is set. */
static void nice_of_many(void)
{
	int p, st;

	setpgid(0, 0);
	fflush(stdout);
	p = fork();
	if (!p) {
		setpriority(PRIO_PROCESS, 0, 3);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(p, &st, WUNTRACED);
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, 9));
	SAY(syscall(SYS_getpriority, PRIO_PGRP, 0));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, p));
	SAY(syscall(SYS_setpriority, PRIO_PGRP, getpid(), 11));
	SAY(syscall(SYS_getpriority, PRIO_PGRP, getpid()));
	/* the child stays root's, and the last error of a group is told */
	fflush(stdout);
	if (fork()) {
		wait(&st);
		kill(p, SIGKILL);
		waitpid(p, &st, 0);
		return;
	}
	syscall(SYS_setresuid, 6543, 6543, 6543);
	SAY(syscall(SYS_getpriority, PRIO_USER, 0));
	SAY(syscall(SYS_setpriority, PRIO_USER, 6543, 12));
	SAY(syscall(SYS_getpriority, PRIO_USER, 6543));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, p, 13));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, 0, 11));
	SAY(syscall(SYS_setpriority, PRIO_PGRP, 0, 13));
	SAY(syscall(SYS_getpriority, PRIO_PROCESS, 0));
	SAY(syscall(SYS_setpriority, PRIO_PROCESS, getppid(), 13));
	fflush(stdout);
	_exit(0);
}

int main(void)
{
	ranges();
	apart(changes);
	apart(forked);
	apart(errors);
	apart(intervals);
	apart(user);
	apart(nice_by_policy);
	apart(nice_of);
	apart(nice_of_many);
	return 0;
}
