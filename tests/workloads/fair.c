/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fair.c: how the scheduler shares CPUs.  fair SECONDS BUSY: BUSY threads that
 * only compute, with one that sleeps a millisecond at a time.  Prints
 *	share MIN MAX      of CPU time of a busy thread, of an equal share, %
 *	used N             CPU time of all, of what there was, %
 *	sleeper N WORST    wake-ups of the sleeper, its latest one, in ms
 *	nice RATIO         CPU time of nice 0 over that of nice 5, one CPU, %
 */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_BUSY 64

static volatile int stop;
static double cpu_seconds[MAX_BUSY];
static int nice_of[MAX_BUSY];
static long wakes;
static double worst;

static double now(clockid_t c)
{
	struct timespec t;

	clock_gettime(c, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *busy(void *arg)
{
	int n = (int)(intptr_t)arg;
	volatile unsigned x = 0;

	if (nice_of[n])
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid),
			    nice_of[n]);
	while (!stop)
		x++;
	cpu_seconds[n] = now(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void *sleeper(void *arg)
{
	const struct timespec ms = { 0, 1000000 };

	(void)arg;
	while (!stop) {
		double t = now(CLOCK_MONOTONIC);

		nanosleep(&ms, NULL);
		t = now(CLOCK_MONOTONIC) - t - 0.001;
		worst = t > worst ? t : worst;
		wakes++;
	}
	return NULL;
}

/* n busy threads for so long; returns wall seconds. */
static double run(int n, int seconds, int with_sleeper)
{
	pthread_t t[MAX_BUSY + 1];
	double start = now(CLOCK_MONOTONIC);

	stop = 0;
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, busy, (void *)(intptr_t)i);
	if (with_sleeper)
		pthread_create(&t[n], NULL, sleeper, NULL);
	sleep((unsigned)seconds);
	stop = 1;
	for (int i = 0; i < n + with_sleeper; i++)
		pthread_join(t[i], NULL);
	return now(CLOCK_MONOTONIC) - start;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 2;
	int n = argc > 2 ? atoi(argv[2]) : 4;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double min = 1e9, max = 0, sum = 0, wall;
	cpu_set_t one;

	if (n < 2 || n > MAX_BUSY)
		return 2;
	wall = run(n, seconds, 1);
	for (int i = 0; i < n; i++) {
		min = cpu_seconds[i] < min ? cpu_seconds[i] : min;
		max = cpu_seconds[i] > max ? cpu_seconds[i] : max;
		sum += cpu_seconds[i];
	}
	printf("cpus %ld busy %d\n", cpus, n);
	printf("share %.0f %.0f\n", 100 * min * n / sum, 100 * max * n / sum);
	printf("used %.0f\n",
	       100 * sum / (wall * (double)(n < cpus ? n : cpus)));
	printf("sleeper %ld %.0f\n", wakes, 1000 * worst);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	nice_of[1] = 5;
	run(2, seconds, 0);
	printf("nice %.0f\n", 100 * cpu_seconds[0] / cpu_seconds[1]);
	return 0;
}
