/* SPDX-License-Identifier: Apache-2.0 */
/* edges.c: what the fuzzer (tests/workloads/sysfuzz) once brought a kernel down
 * with, and what Linux says to it. */
#include "abi.h"

#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/timerfd.h>

static const char *err(long r)
{
	return r < 0 ? strerrorname(errno) : "ok";
}

/* A file that is open neither for reading nor for writing. */
static void fifo(void)
{
	int p[2], fd;
	char name[64];

	mkfifo("fifo", 0600);
	printf("fifo, mode 3: %s\n", err(open("fifo", O_ACCMODE | O_NONBLOCK)));
	if (pipe(p))
		return;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
	fd = open(name, O_ACCMODE | O_NONBLOCK);
	printf("pipe, mode 3: %s\n", err(fd));
	printf("bind mount of a pipe: %s\n",
	       err(mount(name, "fifo", NULL, MS_BIND, NULL)));
	printf("mount on a pipe: %s\n",
	       err(mount("fifo", name, NULL, MS_BIND, NULL)));
	close(p[0]);
	close(p[1]);
}

/* The kernel's own page, read past the page tables, is still there after. */
static void vdso(void)
{
	char *at = (char *)getauxval(AT_SYSINFO_EHDR), copy[64];
	struct iovec to = { copy, 64 }, from = { at, 64 };

	for (int i = 0; i < 100; i++) {
		if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != 64)
			printf("vdso: %s\n", strerrorname(errno));
	}
	for (int i = 0; i < 200; i++) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		memset(p, 0x55, 65536);
		munmap(p, 65536);
	}
	printf("vdso: %d\n", memcmp(copy, at, 64));
}

/* Areas that become one when all are locked. */
static void lock_all(void)
{
	char *p = mmap(NULL, 12 * 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 12; i += 2)
		mlock(p + i * 4096, 4096);
	printf("mlockall: %s\n", err(mlockall(MCL_CURRENT)));
	printf("munlockall: %s\n", err(munlockall()));
	munmap(p, 12 * 4096);
}

static void wait_ms(int ms)
{
	struct timespec t = { 0, ms * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* Intervals far shorter than a signal takes; blocked, for on Linux, too, a
 * program that takes each gets nowhere. */
static void short_intervals(void)
{
	struct itimerspec ns = { { 0, 1 }, { 0, 1 } }, off = { 0 }, now;
	struct itimerval us = { { 0, 1 }, { 0, 1 } }, none = { 0 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	struct timespec zero = { 0, 0 };
	sigset_t set, pending;
	siginfo_t info;
	timer_t t;
	uint64_t n = 0;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &us, NULL);
	wait_ms(20);
	sigpending(&pending);
	printf("itimer of 1 us: %d\n", sigismember(&pending, SIGALRM));
	printf("taken: %d", sigtimedwait(&set, NULL, &zero));
	wait_ms(20);
	printf(" %d\n", sigtimedwait(&set, NULL, &zero));
	setitimer(ITIMER_REAL, &none, NULL);
	sigtimedwait(&set, NULL, &zero);

	timer_create(CLOCK_MONOTONIC, &ev, &t);
	timer_settime(t, 0, &ns, NULL);
	for (int i = 0; i < 3; i++) {
		wait_ms(20);
		info.si_overrun = 0;
		printf("timer of 1 ns: %d", sigtimedwait(&set, &info, &zero));
		printf(" overrun %d %d\n", info.si_overrun > 1000,
		       timer_getoverrun(t) == info.si_overrun);
	}
	signal(SIGUSR1, SIG_IGN);
	wait_ms(20);
	timer_gettime(t, &now);
	printf("ignored: interval %ld\n", now.it_interval.tv_nsec);
	timer_delete(t);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	timerfd_settime(fd, 0, &ns, NULL);
	wait_ms(20);
	printf("timerfd of 1 ns: %zd", read(fd, &n, 8));
	printf(" %d\n", n > 1000000);
	wait_ms(5);
	printf("again: %zd", read(fd, &n, 8));
	printf(" %d\n", n > 100000);
	timerfd_settime(fd, 0, &off, &now);
	printf("off: %s %ld\n", err(read(fd, &n, 8)), now.it_interval.tv_nsec);
	close(fd);
}

static void *set_timers(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 3000; i++) {
		struct itimerspec s = { { 0, 100000 },
					{ 0, 1000 + i % 7 * 1000 } };
		struct itimerval v = { { 0, 100 }, { 0, 1 + i % 7 } };

		timerfd_settime(fd, 0, &s, NULL);
		setitimer(ITIMER_REAL, &v, NULL);
	}
	return NULL;
}

/* One timer set by several threads at once. */
static void races(void)
{
	struct itimerval none = { 0 };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, set_timers, &fd);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	close(fd);
	setitimer(ITIMER_REAL, &none, NULL);
	printf("races: over\n");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	fifo();
	vdso();
	lock_all();
	short_intervals();
	races();
	return 0;
}
