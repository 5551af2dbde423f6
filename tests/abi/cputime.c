/* SPDX-License-Identifier: Apache-2.0 */
/* cputime.c: what CPU time sets off, limits on it, and its accounts */
#include "abi.h"

#include <sys/times.h>
#include <sys/timex.h>

static volatile sig_atomic_t hits[65];
static volatile int code, value;
static int st;

static void on(int s, siginfo_t *i, void *u)
{
	hits[s]++;
	code = i->si_code;
	value = i->si_value.sival_int;
}

static void handle(int s)
{
	struct sigaction sa = { .sa_sigaction = on, .sa_flags = SA_SIGINFO };

	sigaction(s, &sa, 0);
}

static long long cpu(clockid_t c)
{
	struct timespec ts;

	clock_gettime(c, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Burns CPU until so many signals came; ms of CPU time it took. */
static int burn(long long from, int s, int n)
{
	while (hits[s] < n && cpu(CLOCK_PROCESS_CPUTIME_ID) - from < 9e9)
		;
	return (cpu(CLOCK_PROCESS_CPUTIME_ID) - from) / 1000000;
}

static void itimers(void)
{
	struct itimerval it = { { 0, 10000 }, { 0, 30000 } }, old;
	long long from = cpu(CLOCK_PROCESS_CPUTIME_ID);
	int ms;

	handle(SIGPROF);
	handle(SIGVTALRM);
	SAY(setitimer(ITIMER_PROF, &it, 0));
	ms = burn(from, SIGPROF, 3);
	printf("prof in time %d\n", ms >= 20 /* Linux counts in ticks */);
	SAY(getitimer(ITIMER_PROF, &old));
	printf("%d %d %d\n", (int)old.it_interval.tv_usec,
	       old.it_value.tv_sec == 0, old.it_value.tv_usec > 0);
	memset(&it, 0, sizeof(it));
	SAY(setitimer(ITIMER_PROF, &it, &old));
	SAY(getitimer(ITIMER_PROF, &old));
	printf("%d %d\n", (int)old.it_interval.tv_usec,
	       (int)old.it_value.tv_usec);
	it.it_value.tv_usec = 20000;
	SAY(setitimer(ITIMER_VIRTUAL, &it, 0));
	while (!hits[SIGVTALRM])
		for (volatile int i = 0; i < 10000; i++)
			;
	printf("virtual %d\n", hits[SIGVTALRM]);
	it.it_value.tv_usec = 20000;
	hits[SIGPROF] = 0;
	SAY(setitimer(ITIMER_PROF, &it, 0));
	usleep(60000);
	printf("asleep: %d\n", hits[SIGPROF]);
	SAY(setitimer(3, &it, 0));
	it.it_value.tv_usec = 2000000;
	SAY(setitimer(ITIMER_PROF, &it, 0));
	it.it_value.tv_usec = 0;
	SAY(setitimer(ITIMER_PROF, &it, 0));
	fflush(stdout);
}

static void *sleeper(void *a)
{
	pause();
	return a;
}

static void timers(void)
{
	struct itimerspec its = { { 0, 5000000 }, { 0, 20000000 } };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGRTMIN,
			       .sigev_value.sival_int = 77 };
	long long from;
	clockid_t c;
	timer_t t;

	handle(SIGRTMIN);
	SAY(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &t));
	from = cpu(CLOCK_PROCESS_CPUTIME_ID);
	SAY(timer_settime(t, 0, &its, 0));
	printf("in time %d\n", burn(from, SIGRTMIN, 2) >= 18);
	printf("code %d value %d\n", code, value);
	SAY(timer_gettime(t, &its));
	printf("%d\n", (int)its.it_interval.tv_nsec);
	SAY(timer_delete(t));
	hits[SIGRTMIN] = 0;
	its.it_interval.tv_nsec = 0;
	its.it_value.tv_sec = 0;
	its.it_value.tv_nsec = 10000000;
	SAY(timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &t));
	from = cpu(CLOCK_PROCESS_CPUTIME_ID);
	SAY(timer_settime(t, 0, &its, 0));
	printf("in time %d\n", burn(from, SIGRTMIN, 1) >= 9);
	SAY(timer_gettime(t, &its));
	printf("%d\n", (int)its.it_value.tv_nsec);
	SAY(timer_delete(t));
	clock_getcpuclockid(0, &c);
	SAY(timer_create(c, &ev, &t));
	SAY(timer_delete(t));
	SAY(timer_create(CLOCK_MONOTONIC_RAW, &ev, &t));
	SAY(timer_create(77, &ev, &t));
}

static void *spinner(void *a)
{
	while (!*(volatile int *)a)
		;
	return a;
}

/* Set again in the moment that it runs out, on another CPU than the one that
 * it was set on: it may not be forgotten. */
static void again(void)
{
	struct itimerval it = { .it_value.tv_usec = 1000 };
	long long from = cpu(CLOCK_MONOTONIC);
	cpu_set_t all, one;
	int n = 0;

	sched_getaffinity(0, sizeof(all), &all);
	while (n < 200 && cpu(CLOCK_MONOTONIC) - from < 20e9) {
		hits[SIGPROF] = 0;
		setitimer(ITIMER_PROF, &it, 0);
		if (n++ % 2 == 0) {
			CPU_ZERO(&one);
			CPU_SET(n / 2 % CPU_COUNT(&all), &one);
			sched_setaffinity(0, sizeof(one), &one);
		}
		while (!hits[SIGPROF] && cpu(CLOCK_MONOTONIC) - from < 20e9)
			;
	}
	sched_setaffinity(0, sizeof(all), &all);
	printf("again %d %d\n", n, hits[SIGPROF]);
}

static void sleeps(void)
{
	struct timespec ts = { 0, 30000000 };
	int stop = 0;
	pthread_t t;
	long long from = cpu(CLOCK_PROCESS_CPUTIME_ID);

	pthread_create(&t, 0, spinner, &stop);
	SAY(clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &ts, 0));
	printf("slept %d\n", cpu(CLOCK_PROCESS_CPUTIME_ID) - from >= 29000000);
	stop = 1;
	pthread_join(t, 0);
	printf("%s\n", strerrorname(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0,
						    &ts, 0)));
	printf("%s\n",
	       strerrorname(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &ts, 0)));
	printf("%s\n", strerrorname(clock_nanosleep(99, 0, &ts, 0)));
}

static void limits(void)
{
	struct rlimit r = { 1, 2 };

	if (!fork()) {
		handle(SIGXCPU);
		SAY(setrlimit(RLIMIT_CPU, &r));
		burn(cpu(CLOCK_PROCESS_CPUTIME_ID), SIGXCPU, 1);
		getrlimit(RLIMIT_CPU, &r);
		printf("xcpu %d limit now %d %d\n", hits[SIGXCPU],
		       (int)r.rlim_cur, (int)r.rlim_max);
		fflush(stdout);
		for (;;)
			;
	}
	wait(&st);
	printf("hard limit: signal %d\n", WTERMSIG(st));
	if (!fork()) {
		r.rlim_cur = r.rlim_max = 1;
		setrlimit(RLIMIT_CPU, &r);
		r.rlim_max = 5;
		for (;;)
			;
	}
	wait(&st);
	printf("signal %d\n", WTERMSIG(st));
}

static void accounts(void)
{
	struct rusage a, b;
	struct tms t1, t2;
	char *m;
	int n = 0;

	getrusage(RUSAGE_SELF, &a);
	times(&t1);
	for (long long from = cpu(CLOCK_PROCESS_CPUTIME_ID);
	     cpu(CLOCK_PROCESS_CPUTIME_ID) - from < 100000000;)
		for (volatile int i = 0; i < 100000; i++)
			;
	m = mmap(0, 64 << 20, 3, 0x22, -1, 0);
	for (int i = 0; i < 64 << 20; i += 4096)
		m[i] = 1;
	munmap(m, 64 << 20);
	for (int i = 0; i < 5; i++)
		usleep(20000);
	getrusage(RUSAGE_SELF, &b);
	times(&t2);
	printf("user time %d\n", b.ru_utime.tv_sec * 1000000 +
						 b.ru_utime.tv_usec -
						 a.ru_utime.tv_sec * 1000000 -
						 a.ru_utime.tv_usec >
					 50000);
	printf("ticks %d\n",
	       t2.tms_utime + t2.tms_stime - t1.tms_utime - t1.tms_stime >= 9);
	printf("maxrss %d\n", b.ru_maxrss >= 60 << 10);
	printf("minflt %d\n", b.ru_minflt - a.ru_minflt >= 30);
	printf("nvcsw %d\n", b.ru_nvcsw - a.ru_nvcsw >= 5);
	if (!fork()) {
		m = mmap(0, 8 << 20, 3, 0x22, -1, 0);
		memset(m, 1, 8 << 20);
		for (long long from = cpu(CLOCK_PROCESS_CPUTIME_ID);
		     cpu(CLOCK_PROCESS_CPUTIME_ID) - from < 30000000;)
			;
		_exit(0);
	}
	wait4(-1, &st, 0, &a);
	printf("child %d %d\n",
	       a.ru_utime.tv_usec + a.ru_stime.tv_usec >= 30000,
	       a.ru_maxrss >= 7 << 10);
	getrusage(RUSAGE_CHILDREN, &b);
	printf("children %d\n", b.ru_maxrss >= a.ru_maxrss);
}

static void setting(void)
{
	struct timespec ts = { 1700000000, 0 };
	struct timex tx = { 0 };

	if (fork()) {
		wait(&st);
		return;
	}
	setgid(7);
	setuid(7);
	SAY(clock_settime(CLOCK_REALTIME, &ts));
	SAY(clock_settime(CLOCK_MONOTONIC, &ts));
	ts.tv_nsec = -1;
	SAY(clock_settime(CLOCK_REALTIME, &ts));
	SAY(syscall(SYS_settimeofday, &ts, 0));
	tx.modes = ADJ_FREQUENCY;
	SAY(adjtimex(&tx));
	tx.modes = 0;
	printf("read %d\n", adjtimex(&tx) >= 0);
	printf("tick %d\n", (int)tx.tick);
	printf("time %d\n", tx.time.tv_sec > 1700000000);
	tx.modes = 0;
	SAY(syscall(SYS_clock_adjtime, 1, &tx));
	_exit(0);
}

int main(void)
{
	itimers();
	timers();
	again();
	sleeps();
	fflush(stdout);
	limits();
	accounts();
	fflush(stdout);
	setting();
	return 0;
}
