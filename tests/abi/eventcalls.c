/* SPDX-License-Identifier: Apache-2.0 */
/* eventcalls.c: eventfd2, timerfd_gettime, epoll_create, epoll_pwait,
 * epoll_pwait2, by number. */
#include "abi.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#define BAD    ((void *)8)
#define KERNEL ((void *)(1UL << 63))

static struct epoll_event ev[4];
static uint64_t v;
static int handled;

static void on(int sig)
{
	(void)sig;
	handled++;
}

static short polled(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	poll(&p, 1, 0);
	return p.revents;
}

static void eventfds(void)
{
	int fd;

	SAY(syscall(SYS_eventfd2, 0, 1 | 0x1000));
	SAY(syscall(SYS_eventfd2, 0, -1));
	SAY(syscall(SYS_eventfd2, 0, O_APPEND));
	OK(fd = syscall(SYS_eventfd2, 3, EFD_NONBLOCK | EFD_CLOEXEC));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
	printf("%x\n", polled(fd));
	SAY(read(fd, &v, 7));
	SAY(read(fd, BAD, 8));
	v = 0;
	SAY(read(fd, &v, 100));
	printf("%llu\n", (unsigned long long)v);
	SAY(read(fd, &v, 8));
	SAY(read(fd, &v, 7));
	printf("%x\n", polled(fd));
	SAY(write(fd, &v, 7));
	SAY(write(fd, BAD, 8));
	v = -1;
	SAY(write(fd, &v, 8));
	v = -2;
	SAY(write(fd, &v, 8));
	printf("%x\n", polled(fd));
	v = 0;
	SAY(write(fd, &v, 8));
	v = 1;
	SAY(write(fd, &v, 8));
	SAY(read(fd, &v, 8));
	printf("%llx\n", (unsigned long long)v);
	v = -1;
	SAY(write(fd, &v, 8));
	v = 5;
	SAY(write(fd, &v, 8));
	SAY(read(fd, &v, 8));
	printf("%llu\n", (unsigned long long)v);
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(pread(fd, &v, 8, 0));
	SAY(pwrite(fd, &v, 8, 0));
	SAY(ftruncate(fd, 0));
	close(fd);

	OK(fd = syscall(SYS_eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK));
	for (int i = 0; i < 3; i++) {
		SAY(read(fd, &v, 8));
		printf("%llu\n", (unsigned long long)v);
	}
	close(fd);
	OK(fd = syscall(SYS_eventfd2, ~0U, 0));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_GETFL) & O_NONBLOCK);
	SAY(read(fd, &v, 8));
	printf("%llx\n", (unsigned long long)v);
	close(fd);
}

/* Whether what is left is within what was set, and the interval. */
static void left(int fd, long sec)
{
	struct itimerspec t;

	memset(&t, 0xff, sizeof(t));
	SAY(syscall(SYS_timerfd_gettime, fd, &t));
	printf("set %d in time %d interval %ld.%09ld\n",
	       t.it_value.tv_sec || t.it_value.tv_nsec, t.it_value.tv_sec < sec,
	       (long)t.it_interval.tv_sec, t.it_interval.tv_nsec);
}

static void timerfds(void)
{
	struct itimerspec far = { { 0, 0 }, { 1000, 0 } };
	struct itimerspec again = { { 500, 7 }, { 1000, 0 } };
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	struct itimerspec often = { { 2000, 0 }, { 0, 1000000 } };
	struct itimerspec past = { { 0, 0 }, { 1, 0 } }, none = { 0 }, old;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	int real = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	int event = eventfd(0, 0), p[2];

	pipe(p);
	left(fd, 1);
	timerfd_settime(fd, 0, &far, NULL);
	left(fd, 1001);
	timerfd_settime(fd, 0, &again, &old);
	printf("old %d\n", old.it_value.tv_sec >= 900);
	left(fd, 1001);
	timerfd_settime(fd, 0, &none, NULL);
	left(fd, 1);
	timerfd_settime(fd, 0, &soon, NULL);
	usleep(20000);
	left(fd, 1);
	SAY(read(fd, &v, 8));
	left(fd, 1);
	timerfd_settime(fd, 0, &often, NULL);
	usleep(20000);
	left(fd, 2001);
	SAY(read(fd, &v, 8));
	left(fd, 2001);
	timerfd_settime(real, TFD_TIMER_ABSTIME, &past, NULL);
	left(real, 1);
	SAY(read(real, &v, 8));
	clock_gettime(CLOCK_REALTIME, &far.it_value);
	far.it_value.tv_sec += 1000;
	timerfd_settime(real, TFD_TIMER_ABSTIME, &far, NULL);
	left(real, 1001);
	SAY(syscall(SYS_timerfd_gettime, fd, BAD));
	SAY(syscall(SYS_timerfd_gettime, fd, NULL));
	SAY(syscall(SYS_timerfd_gettime, -1, &old));
	SAY(syscall(SYS_timerfd_gettime, -1, BAD));
	SAY(syscall(SYS_timerfd_gettime, 999, &old));
	SAY(syscall(SYS_timerfd_gettime, event, &old));
	SAY(syscall(SYS_timerfd_gettime, p[0], BAD));
	SAY(syscall(SYS_timerfd_gettime, open(".", O_PATH), &old));
	close(fd);
	close(real);
	close(p[0]);
	close(p[1]);
}

/* epoll_pwait with the time as epoll_pwait2 has it. */
static long wait2(int ep, long sec, long nsec, const void *set, size_t size)
{
	struct timespec t = { sec, nsec }, was = t;
	long r = syscall(SYS_epoll_pwait2, ep, ev, 4, &t, set, size);

	if (memcmp(&t, &was, sizeof(t)))
		puts("timeout written");
	return r;
}

static int now_blocked(void)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGUSR1);
}

static void masked(int ep, int event)
{
	uint64_t none = 0, usr1 = 1UL << (SIGUSR1 - 1), one = 1;

	raise(SIGUSR1); /* blocked, so it waits */
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 10, &usr1, 8));
	printf("handled %d\n", handled);
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, -1, &none, 8));
	printf("handled %d blocked %d\n", handled, now_blocked());
	raise(SIGUSR1);
	SAY(wait2(ep, 5, 0, &usr1, 4));
	SAY(wait2(ep, 0, 1000000, &usr1, 8));
	SAY(wait2(ep, 5, 0, &none, 8));
	printf("handled %d blocked %d\n", handled, now_blocked());
	raise(SIGUSR1);
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, NULL, &none, 8));
	printf("handled %d blocked %d\n", handled, now_blocked());
	/* an event that is there comes first: the signal waits on */
	write(event, &one, 8);
	raise(SIGUSR1);
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, -1, &none, 8));
	printf("handled %d blocked %d\n", handled, now_blocked());
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, NULL, &none, 8));
	printf("handled %d\n", handled);
	read(event, &v, 8);
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, -1, &none, 8));
	printf("handled %d\n", handled);
}

static void epolls(void)
{
	struct epoll_event e = { EPOLLIN, { .u64 = 77 } };
	int event = eventfd(0, EFD_NONBLOCK), ep;
	uint64_t none = 0, one = 1;
	sigset_t set;

	signal(SIGUSR1, on);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SAY(syscall(SYS_epoll_create, 0));
	SAY(syscall(SYS_epoll_create, -1));
	OK(ep = syscall(SYS_epoll_create, INT_MAX));
	SAY(fcntl(ep, F_GETFD));
	SAY(fcntl(ep, F_GETFL) & O_ACCMODE);
	epoll_ctl(ep, EPOLL_CTL_ADD, event, &e);
	masked(ep, event);

	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 0, &none, 4));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 0, &none, 16));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 0, NULL, 4));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 0, BAD, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 0, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, -1, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, INT_MAX, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, INT_MAX / 12, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, BAD, 4, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, KERNEL, 4, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, -1, ev, 4, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, event, ev, 4, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, event, ev, 4, 0, BAD, 8));
	SAY(wait2(ep, 0, 1000000000, NULL, 8));
	SAY(wait2(ep, 0, -1, NULL, 8));
	SAY(wait2(ep, -1, 0, NULL, 8));
	SAY(wait2(ep, 0, 1, NULL, 8));
	SAY(wait2(-1, 0, -1, NULL, 8));
	SAY(wait2(-1, 0, 0, NULL, 8));
	SAY(wait2(event, 0, 0, NULL, 8));
	SAY(wait2(ep, 0, 0, BAD, 8));
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, BAD, NULL, 8));
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 0, NULL, NULL, 8));
	write(event, &one, 8);
	SAY(wait2(ep, LONG_MAX, 0, NULL, 8));
	printf("%x %d\n", ev[0].events, (int)ev[0].data.u64);
	SAY(syscall(SYS_epoll_pwait, ep, BAD, 4, 0, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, -5, NULL, 8));
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 1, NULL, NULL, 8));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	eventfds();
	timerfds();
	epolls();
	return 0;
}
