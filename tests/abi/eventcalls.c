/* SPDX-License-Identifier: Apache-2.0 */
/* eventcalls.c: waiting calls by their numbers: masks of signals that hold for
 * the wait alone, times to wait, what is left of them */
#include "abi.h"

#include <sys/epoll.h>
#include <sys/select.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#define BAD ((void *)8)

static int p[2], ep;
static struct epoll_event ev[4];
static volatile int got;

static void on(int s)
{
	got = s;
}

static int usr1_pends(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGUSR1);
}

/* SIGUSR1 is blocked and pends: let in for the wait alone. */
static void pend(void)
{
	got = 0;
	raise(SIGUSR1);
}

static void epolls(void)
{
	uint64_t none = 0, all = ~0UL;
	struct timespec ts = { 0, 5000000 }, bad = { 0, 2000000000 };
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 7 };

	SAY(syscall(SYS_epoll_create, 0));
	SAY(syscall(SYS_epoll_create, -1));
	ep = syscall(SYS_epoll_create, 1);
	printf("cloexec %d\n", fcntl(ep, F_GETFD));
	SAY(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, p[0], &e));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 0, NULL, 0));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 5, &all, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 5, &all, 4));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 5, BAD, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, 0, 5, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, ep, ev, -1, 5, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, p[0], ev, 4, 5, NULL, 8));
	SAY(syscall(SYS_epoll_pwait, 99, ev, 4, 5, NULL, 8));
	pend();
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 5, NULL, 8));
	printf("got %d pends %d\n", got, usr1_pends());
	SAY(syscall(SYS_epoll_pwait, ep, ev, 4, 5000, &none, 8));
	printf("got %d pends %d\n", got, usr1_pends());
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, &ts, NULL, 0));
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, &bad, NULL, 0));
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, BAD, NULL, 0));
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, &ts, &all, 4));
	pend();
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, NULL, &none, 8));
	printf("got %d pends %d\n", got, usr1_pends());
	write(p[1], "x", 1);
	SAY(syscall(SYS_epoll_pwait2, ep, ev, 4, NULL, &all, 8));
	printf("%x %d\n", ev[0].events, (int)ev[0].data.u64);
	SAY(syscall(SYS_epoll_pwait, ep, BAD, 4, 5, NULL, 8));
}

struct mask {
	const uint64_t *set;
	size_t size;
};

static void selects(void)
{
	uint64_t none = 0;
	struct mask m = { &none, 8 }, small = { &none, 4 }, bad = { BAD, 8 },
		    no = { NULL, 4 };
	struct timespec ts = { 0, 2000000 }, wrong = { 0, -1 },
			minus = { -1, 0 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(p[0], &r);
	SAY(syscall(SYS_pselect6, p[0] + 1, &r, NULL, NULL, NULL, NULL));
	printf("set %d\n", FD_ISSET(p[0], &r));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, NULL));
	printf("left %ld %ld\n", (long)ts.tv_sec, ts.tv_nsec);
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &wrong, NULL));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &minus, NULL));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, BAD, NULL));
	SAY(syscall(SYS_pselect6, -1, NULL, NULL, NULL, &ts, NULL));
	SAY(syscall(SYS_pselect6, 1, BAD, NULL, NULL, &ts, NULL));
	ts.tv_sec = 20;
	pend();
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &small));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &bad));
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, BAD));
	ts = (struct timespec){ 0, 1000 };
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &no));
	ts.tv_sec = 20;
	SAY(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &ts, &m));
	printf("got %d pends %d, left some %d\n", got, usr1_pends(),
	       ts.tv_sec > 0);
	FD_ZERO(&r);
	FD_SET(50, &r);
	SAY(syscall(SYS_pselect6, 51, &r, NULL, NULL, &ts, NULL));
}

#define ZERO(its) (!(its).it_value.tv_sec && !(its).it_value.tv_nsec)

static void timerfds(void)
{
	int fd = syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0);
	struct itimerspec its = { { 100, 5 }, { 50, 0 } }, now;

	memset(&now, 1, sizeof(now));
	SAY(syscall(SYS_timerfd_gettime, fd, &now));
	printf("disarmed %d %ld\n", ZERO(now), (long)now.it_interval.tv_sec);
	SAY(syscall(SYS_timerfd_settime, fd, 0, &its, NULL));
	SAY(syscall(SYS_timerfd_gettime, fd, &now));
	printf("%d %ld.%09ld\n", now.it_value.tv_sec == 49,
	       (long)now.it_interval.tv_sec, now.it_interval.tv_nsec);
	its = (struct itimerspec){ { 0, 0 }, { 0, 1 } };
	SAY(syscall(SYS_timerfd_settime, fd, 0, &its, NULL));
	usleep(2000);
	SAY(syscall(SYS_timerfd_gettime, fd, &now));
	printf("past %d %ld\n", ZERO(now), (long)now.it_interval.tv_sec);
	SAY(syscall(SYS_timerfd_gettime, fd, BAD));
	SAY(syscall(SYS_timerfd_gettime, p[0], &now));
	SAY(syscall(SYS_timerfd_gettime, 99, &now));
	close(fd);
}

static void eventfds(void)
{
	int fd = syscall(SYS_eventfd2, 3, 00004000 | 02000000), n;
	uint64_t v = 0;

	printf("flags %o cloexec %d\n", fcntl(fd, F_GETFL) & O_NONBLOCK,
	       fcntl(fd, F_GETFD));
	SAY(read(fd, &v, 8));
	printf("%d\n", (int)v);
	SAY(read(fd, &v, 8));
	v = ~0UL;
	SAY(write(fd, &v, 8));
	v--;
	SAY(write(fd, &v, 8));
	v = 1;
	SAY(write(fd, &v, 8));
	SAY(write(fd, &v, 7));
	SAY(read(fd, &v, 7));
	SAY(read(fd, BAD, 8));
	close(fd);
	fd = syscall(SYS_eventfd2, 2, 1 | 00004000); /* a semaphore */
	for (n = 0; read(fd, &v, 8) == 8; n++)
		printf("%d ", (int)v);
	printf("%d times\n", n);
	close(fd);
	SAY(syscall(SYS_eventfd2, 0, 2));
}

int main(void)
{
	sigset_t set;

	signal(SIGUSR1, on);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pipe(p);
	epolls();
	selects();
	timerfds();
	eventfds();
	return 0;
}
