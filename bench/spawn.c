/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c: `spawn N PAUSE CMD...`: time of N runs of CMD, as one JSON object.
 *
 *	wall	from before fork to the end of the child that was started
 *	cpu	user and system time of all that it started, also of what
 *		outlives it (we are the subreaper)
 *	gone	from before fork until none of them is left
 *
 * PAUSE milliseconds, and a part of 4 ms that grows from run to run, lie between
 * two runs, and a run begins when all of the one before is gone: so the runs
 * begin all over a tick.  0: each begins when the child before has ended; `gone`
 * is that of the child then.  One run before these is not counted.  Medians, in microseconds; all runs
 * follow.  CMD's status must be 0; its standard input is /dev/null.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 200

enum { WALL, CPU, GONE, NVALUES };
static const char *const value_name[NVALUES] = { "wall", "cpu", "gone" };

static long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long cpu_ns(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000000L +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1000L;
}

static void child(char **cmd)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0 || dup2(fd, 0) < 0)
		_exit(127);
	execvp(cmd[0], cmd);
	_exit(127);
}

static int once(char **cmd, bool wait_all, long v[NVALUES])
{
	long start = now_ns();
	pid_t pid = fork(), got;
	struct rusage u;
	int status, ours = -1;

	if (pid == 0)
		child(cmd);
	v[WALL] = v[CPU] = 0;
	while ((got = wait4(-1, &status, __WALL, &u)) > 0 || errno == EINTR) {
		if (got < 0)
			continue;
		v[CPU] += cpu_ns(&u);
		if (got != pid)
			continue;
		v[WALL] = now_ns() - start;
		ours = status;
		if (!wait_all)
			break;
	}
	v[GONE] = now_ns() - start;
	return ours;
}

static int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static void print(const char *name, const long *v, int n)
{
	long sorted[MAX_RUNS];

	for (int i = 0; i < n; i++)
		sorted[i] = v[i];
	qsort(sorted, (size_t)n, sizeof(long), by_value);
	printf("\"%s_us\": %ld, \"%s_runs_us\": [", name,
	       (sorted[(n - 1) / 2] + sorted[n / 2]) / 2000, name);
	for (int i = 0; i < n; i++)
		printf("%s%ld", i ? ", " : "", v[i] / 1000);
	printf("]");
}

int main(int argc, char **argv)
{
	static long v[NVALUES][MAX_RUNS];
	int n = argc > 3 ? atoi(argv[1]) : 0;
	long pause_ms = argc > 3 ? atol(argv[2]) : 0;

	if (n < 1 || n > MAX_RUNS) {
		fprintf(stderr, "usage: spawn N PAUSE CMD... (N up to %d)\n",
			MAX_RUNS);
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int i = -1; i < n; i++) {
		long run[NVALUES];
		int status;

		if (pause_ms)
			usleep((useconds_t)(pause_ms * 1000 +
					    4000 * (i + 1) / n));
		status = once(argv + 3, pause_ms != 0, run);

		if (status) {
			fprintf(stderr, "spawn: %s: status %#x\n", argv[3],
				(unsigned)status);
			return 1;
		}
		for (int k = 0; k < NVALUES && i >= 0; k++)
			v[k][i] = run[k];
	}
	printf("{\"runs\": %d", n);
	for (int k = 0; k < NVALUES; k++) {
		printf(", ");
		print(value_name[k], v[k], n);
	}
	printf("}\n");
	return 0;
}
