/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c: prlimit64: own limits and those of others, errors in their order */
#include "abi.h"

#ifndef SYS_prlimit64
#define SYS_prlimit64 302
#endif
#define MANY 77777UL

struct lim {
	uint64_t cur, max;
};

static long set(int pid, int what, uint64_t cur, uint64_t max)
{
	struct lim l = { cur, max };

	return syscall(SYS_prlimit64, pid, what, &l, NULL);
}

static void told(const char *name, int pid, int what)
{
	struct lim l = { MANY, MANY };

	if (syscall(SYS_prlimit64, pid, what, NULL, &l))
		printf("%s: %s\n", name, strerrorname(errno));
	else
		printf("%s: %lu %lu\n", name, l.cur, l.max);
}

static void own(void)
{
	struct lim l = { 50, 60 }, old = { 0, 0 };

	SAY(set(0, RLIMIT_NOFILE, 100, 200));
	told("descriptors", 0, RLIMIT_NOFILE);
	SAY(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, &l, &old));
	printf("old %lu %lu\n", old.cur, old.max);
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &l, &l));
	printf("in place %lu %lu\n", l.cur, l.max);
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, NULL));
	SAY(dup2(0, 50));
	SAY(set(0, RLIMIT_NOFILE, 61, 60));
	SAY(set(0, RLIMIT_NOFILE, 0, 60));
	SAY(dup(0));
	SAY(set(0, RLIMIT_NOFILE, 60, 60));
	SAY(set(0, RLIMIT_FSIZE, 4096, RLIM_INFINITY));
	told("sizes", 0, RLIMIT_FSIZE);
}

static volatile int over;

static void on(int sig)
{
	over = sig;
}

/* No time at all: the signal comes, and the limit is a second from then on. */
static void no_time(void)
{
	signal(SIGXCPU, on);
	SAY(set(0, RLIMIT_CPU, 0, RLIM_INFINITY));
	while (!over)
		;
	printf("signal %d\n", over);
	told("seconds", 0, RLIMIT_CPU);
}

static void errors(void)
{
	struct lim l = { 1, 1 };

	SAY(set(0, 16, 1, 1));
	SAY(set(0, -1, 1, 1));
	SAY(set(0, 16, 2, 1));
	SAY(syscall(SYS_prlimit64, 0, 16, 8, NULL));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_CORE, 8, NULL));
	SAY(syscall(SYS_prlimit64, 999999, RLIMIT_CORE, 8, NULL));
	SAY(syscall(SYS_prlimit64, 999999, RLIMIT_CORE, &l, NULL));
	SAY(syscall(SYS_prlimit64, -1, RLIMIT_CORE, NULL, &l));
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, 8));
	/* the old ones cannot be told, the new ones hold */
	SAY(set(0, RLIMIT_CORE, 0, 4096));
	l = (struct lim){ 1024, 2048 };
	SAY(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &l, 8));
	told("core", 0, RLIMIT_CORE);
}

/* As a user: down for good. */
static void lowered(void)
{
	SAY(set(0, RLIMIT_NOFILE, 100, 200));
	syscall(SYS_setresgid, 8, 8, 8);
	syscall(SYS_setresuid, 8, 8, 8);
	SAY(set(0, RLIMIT_NOFILE, 150, 200));
	SAY(set(0, RLIMIT_NOFILE, 150, 201));
	SAY(set(0, RLIMIT_NOFILE, 201, 200));
	SAY(set(0, RLIMIT_NOFILE, 202, 201));
	SAY(set(0, RLIMIT_NOFILE, 150, 150));
	SAY(set(0, RLIMIT_NOFILE, 150, 200));
	told("at the end", 0, RLIMIT_NOFILE);
}

static int stopped(void (*first)(void))
{
	int p, st;

	fflush(stdout);
	p = fork();
	if (!p) {
		if (first)
			first();
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(p, &st, WUNTRACED);
	return p;
}

static void end(int p)
{
	int st;

	kill(p, SIGKILL);
	waitpid(p, &st, 0);
}

static void all_eight(void)
{
	syscall(SYS_setresgid, 8, 8, 8);
	syscall(SYS_setresuid, 8, 8, 8);
}

static void effective_eight(void)
{
	syscall(SYS_setresgid, 8, 8, 8);
	syscall(SYS_setresuid, 8, 9, 8);
}

static void other_group(void)
{
	syscall(SYS_setresgid, 8, 8, 9);
	syscall(SYS_setresuid, 8, 8, 8);
}

/* Every id of the other process must be the caller's real one. */
static void of_others(void)
{
	int root, same, euid, gid;

	SAY(set(0, RLIMIT_CORE, 100, 200));
	root = stopped(NULL);
	same = stopped(all_eight);
	euid = stopped(effective_eight);
	gid = stopped(other_group);
	fflush(stdout);
	if (!fork()) {
		all_eight();
		told("root's", root, RLIMIT_CORE);
		told("a user's own", same, RLIMIT_CORE);
		told("of one with another effective user", euid, RLIMIT_CORE);
		told("of one with another saved group", gid, RLIMIT_CORE);
		SAY(set(same, RLIMIT_CORE, 50, 60));
		SAY(set(same, RLIMIT_CORE, 50, 61));
		told("after it", same, RLIMIT_CORE);
		SAY(set(root, RLIMIT_CORE, 2, 1));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	told("root's", root, RLIMIT_CORE);
	end(root);
	end(same);
	end(euid);
	end(gid);
	SAY(set(same, RLIMIT_CORE, 0, 0));
}

int main(void)
{
	apart(own);
	apart(no_time);
	apart(errors);
	apart(lowered);
	apart(of_others);
	return 0;
}
