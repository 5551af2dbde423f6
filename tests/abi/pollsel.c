/* SPDX-License-Identifier: Apache-2.0 */
/* pollsel.c: poll, select, epoll, eventfd, timerfd */
#include "abi.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>

int main(void)
{
	int fds[2], ep, ev, tfd, st;
	fd_set in;
	struct timeval tv = { 0, 10000 };
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = 7 }, out[4];
	uint64_t v = 3;
	struct itimerspec it = { { 0, 0 }, { 0, 5000000 } };
	struct pollfd p[2];

	pipe(fds);
	FD_ZERO(&in);
	FD_SET(fds[0], &in);
	SAY(select(fds[0] + 1, &in, NULL, NULL, &tv));
	write(fds[1], "x", 1);
	FD_SET(fds[0], &in);
	SAY(select(fds[0] + 1, &in, NULL, NULL, NULL));
	p[0] = (struct pollfd){ fds[0], POLLIN, 0 };
	p[1] = (struct pollfd){ 500, POLLIN, 0 };
	SAY(poll(p, 2, -1));
	printf("%x %x\n", p[0].revents, p[1].revents);
	SAY(ep = epoll_create1(0));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
	SAY(epoll_wait(ep, out, 4, 0));
	printf("%x %d\n", out[0].events, out[0].data.u32);
	read(fds[0], &st, 1);
	SAY(epoll_wait(ep, out, 4, 10));
	e.events = EPOLLIN | EPOLLET;
	SAY(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &e));
	write(fds[1], "xy", 2);
	SAY(epoll_wait(ep, out, 4, 1000));
	SAY(epoll_wait(ep, out, 4, 0));
	SAY(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	SAY(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	SAY(ev = eventfd(0, EFD_NONBLOCK));
	SAY(read(ev, &v, 8));
	SAY(write(ev, &v, 8));
	SAY(write(ev, &v, 8));
	SAY(read(ev, &v, 8));
	printf("%ld\n", (long)v);
	SAY(tfd = timerfd_create(CLOCK_MONOTONIC, 0));
	SAY(timerfd_settime(tfd, 0, &it, NULL));
	SAY(read(tfd, &v, 8));
	printf("%ld\n", (long)v);
	e.events = EPOLLIN;
	epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e);
	if (!fork()) {
		usleep(20000);
		v = 1;
		write(ev, &v, 8);
		_exit(0);
	}
	SAY(epoll_wait(ep, out, 4, 5000));
	wait(&st);
	return 0;
}
