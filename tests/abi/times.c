/* SPDX-License-Identifier: Apache-2.0 */
/* times.c: clocks, sleeps, timers, timestamps */
#include "abi.h"

static volatile int ticks;

static void on(int s)
{
	(void)s;
	ticks++;
}

static long ms(struct timespec a, struct timespec b)
{
	return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

/* At a time of each clock: neither early nor, by much, late. */
static void absolute(clockid_t clock)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	struct itimerspec its = { { 0, 0 }, { 0, 0 } };
	struct timespec now, limit = { 20, 0 };
	sigset_t set;
	timer_t t;
	int sleeps;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (timer_create(clock, &ev, &t) < 0) {
		printf("clock %d: no timer\n", clock);
		return;
	}
	for (int i = 0; i < 2; i++) {
		clock_gettime(clock, &its.it_value);
		its.it_value.tv_nsec += 20000000;
		if (its.it_value.tv_nsec >= 1000000000) {
			its.it_value.tv_nsec -= 1000000000;
			its.it_value.tv_sec++;
		}
		if (i == 0) {
			SAY(timer_settime(t, TIMER_ABSTIME, &its, NULL));
			SAY(sigtimedwait(&set, NULL, &limit) == SIGUSR1);
		} else {
			sleeps = clock_nanosleep(clock, TIMER_ABSTIME,
						 &its.it_value, NULL);
			printf("sleeps: %s\n", strerrorname(sleeps));
		}
		clock_gettime(clock, &now);
		printf("clock %d: early %d, late %d\n", clock,
		       now.tv_sec < its.it_value.tv_sec ||
			       (now.tv_sec == its.it_value.tv_sec &&
				now.tv_nsec < its.it_value.tv_nsec),
		       now.tv_sec > its.it_value.tv_sec + 10);
	}
	timer_delete(t);
}

int main(void)
{
	struct timespec a, b, r, ts = { 0, 30000000 };
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } };
	struct timeval tv;
	struct stat st;
	int clocks[] = { CLOCK_REALTIME,           CLOCK_MONOTONIC,
			 CLOCK_BOOTTIME,           CLOCK_MONOTONIC_RAW,
			 CLOCK_REALTIME_COARSE,    CLOCK_MONOTONIC_COARSE,
			 CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };

	clockid_t waits[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
			      CLOCK_TAI };

	for (unsigned i = 0; i < sizeof(clocks) / sizeof(int); i++)
		printf("clock %d: %d\n", clocks[i],
		       clock_gettime(clocks[i], &a));
	SAY(clock_gettime(99, &a));
	clock_gettime(CLOCK_MONOTONIC, &a);
	SAY(nanosleep(&ts, &r));
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("slept enough %d\n", ms(a, b) >= 30);
	ts.tv_nsec = 2000000000;
	SAY(nanosleep(&ts, &r));
	signal(SIGALRM, on);
	SAY(setitimer(ITIMER_REAL, &it, NULL));
	while (ticks < 5)
		pause();
	memset(&it, 0, sizeof(it));
	SAY(setitimer(ITIMER_REAL, &it, NULL));
	printf("ticks %d\n", ticks >= 5);
	gettimeofday(&tv, NULL);
	clock_gettime(CLOCK_REALTIME, &a);
	printf("%d %d\n", labs(a.tv_sec - tv.tv_sec) <= 1,
	       labs(time(NULL) - tv.tv_sec) <= 1);
	close(open("t", O_CREAT | O_WRONLY, 0644));
	stat("t", &st);
	printf("recent %d\n", labs(st.st_mtime - time(NULL)) <= 2);
	struct timespec set[2] = { { 1000, 5 }, { 2000, 0 } };
	SAY(utimensat(AT_FDCWD, "t", set, 0));
	stat("t", &st);
	printf("%ld %ld\n", (long)st.st_atime, (long)st.st_mtime);
	unlink("t");
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		absolute(waits[i]);
	SAY(alarm(100));
	printf("%d\n", alarm(0) > 90);
	return 0;
}
