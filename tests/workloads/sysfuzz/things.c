/* SPDX-License-Identifier: Apache-2.0 */
/* things.c: descriptors of every kind, and memory of every kind. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "sysfuzz.h"

char *arena, *shared, *read_only, *no_access, *file_page;
int children[8];

static char *map(size_t n, int prot, int flags, int fd)
{
	char *p = mmap(NULL, n, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		_exit(3);
	return p;
}

void arena_make(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	int fd = open("mapped", O_RDWR | O_CREAT, 0666);

	arena = map(ARENA_LEN, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	shared = map(8 * PAGE, rw, MAP_SHARED | MAP_ANONYMOUS, -1);
	read_only = map(4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	no_access = map(2 * PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (mprotect(no_access + PAGE, PAGE, PROT_NONE))
		_exit(3);
	if (fd < 0 || ftruncate(fd, 2 * PAGE - 100))
		file_page = arena;
	else
		file_page = map(4 * PAGE, rw, MAP_SHARED, fd);
}

static void open_paths(struct fuzzer *f)
{
	static const int flags[] = {
		O_RDWR | O_CREAT,
		O_RDONLY,
		O_WRONLY | O_APPEND | O_CREAT,
		O_PATH,
		O_RDONLY | O_DIRECTORY,
		O_RDWR | O_NONBLOCK,
		O_RDWR | O_CREAT | O_TRUNC,
	};
	const char *p = pick_path(f);

	(void)!open(p, flags[below(f, 7)] | O_NOCTTY | O_NONBLOCK, 0666);
	p = pick_path(f);
	(void)mkdir(p, 0777);
	(void)mkfifo(pick_path(f), 0666);
	p = pick_path(f);
	(void)!symlink(p, pick_path(f));
}

static void open_sockets(struct fuzzer *f)
{
	static const int family[] = { AF_UNIX,  AF_UNIX,    AF_INET,
				      AF_INET6, AF_NETLINK, AF_PACKET };
	static const int type[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET,
				    SOCK_RAW };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int pair[2], s;

	(void)!socketpair(AF_UNIX, type[below(f, 3)] | SOCK_NONBLOCK, 0, pair);
	s = socket(family[below(f, 6)],
		   type[below(f, 4)] | (one_in(f, 2) ? SOCK_NONBLOCK : 0), 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "s%d", (int)below(f, 4));
	in.sin_port = htons((uint16_t)(5000 + below(f, 8)));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (one_in(f, 2)) {
		unlink(un.sun_path);
		(void)!bind(s, (struct sockaddr *)&un, sizeof(un));
	} else {
		(void)!bind(s, (struct sockaddr *)&in, sizeof(in));
	}
	if (one_in(f, 2))
		(void)!listen(s, 2);
	else
		(void)!connect(s, (struct sockaddr *)&in, sizeof(in));
}

/* One that has its answer. */
static void open_ping(int family, int protocol, int flags)
{
	unsigned char request[64] = { family == AF_INET ? 8 : 128 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int s = socket(family, SOCK_DGRAM | flags, protocol);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (family == AF_INET)
		(void)!connect(s, (struct sockaddr *)&in, sizeof(in));
	else
		(void)!connect(s, (struct sockaddr *)&in6, sizeof(in6));
	(void)!send(s, request, sizeof(request), MSG_DONTWAIT);
}

/* Of IP: both ends of a connection, and two that send to each other. */
static void open_connections(struct fuzzer *f)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int block = one_in(f, 2) ? 0 : SOCK_NONBLOCK, l, s, u[2] = { -1, -1 };
	socklen_t n = sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	(void)!bind(l, (struct sockaddr *)&in, n);
	(void)!listen(l, (int)below(f, 3));
	(void)!getsockname(l, (struct sockaddr *)&in, &n);
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	(void)!connect(s, (struct sockaddr *)&in, n);
	(void)!accept4(l, NULL, NULL, block);
	for (int i = 0; i < 2; i++) {
		in.sin_port = 0;
		u[i] = socket(AF_INET, SOCK_DGRAM | block, 0);
		(void)!bind(u[i], (struct sockaddr *)&in, n);
		(void)!getsockname(u[i], (struct sockaddr *)&in, &n);
		(void)!connect(u[i ^ 1], (struct sockaddr *)&in, n);
	}
	(void)!socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK,
		      one_in(f, 2) ? IPPROTO_ICMP : IPPROTO_UDP);
	(void)!socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	open_ping(AF_INET, IPPROTO_ICMP, block);
	open_ping(AF_INET6, IPPROTO_ICMPV6, block);
}

static void open_events(struct fuzzer *f)
{
	struct itimerspec soon = { { 0, 1000000 }, { 0, 1000000 } };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT };
	sigset_t all;
	int pipes[2], e, t;

	sigemptyset(&all);
	sigaddset(&all, SIGUSR2);
	sigaddset(&all, SIGCHLD);
	eventfd((unsigned)below(f, 3), one_in(f, 2) ? EFD_NONBLOCK : 0);
	t = timerfd_create((int)below(f, 2), one_in(f, 2) ? TFD_NONBLOCK : 0);
	timerfd_settime(t, 0, &soon, NULL);
	signalfd(-1, &all, SFD_NONBLOCK);
	e = epoll_create1(0);
	for (int i = 0; i < 6; i++) {
		ev.events = (uint32_t)(rnd(f) & 0xe000201f);
		(void)epoll_ctl(e, EPOLL_CTL_ADD, (int)below(f, 64), &ev);
	}
	e = inotify_init1(IN_NONBLOCK);
	(void)inotify_add_watch(e, ".", IN_ALL_EVENTS);
	(void)inotify_add_watch(e, pick_path(f), IN_ALL_EVENTS);
	memfd_create("fuzz", MFD_ALLOW_SEALING);
	(void)!pipe2(pipes, one_in(f, 2) ? O_NONBLOCK : O_DIRECT);
	syscall(SYS_pidfd_open, getpid(), 0);
}

static void open_terminal(void)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (m < 0 || grantpt(m) || unlockpt(m))
		return;
	(void)!open(ptsname(m), O_RDWR | O_NOCTTY | O_NONBLOCK);
}

/* Where few descriptors are open, more; where nearly all are, one less. */
void things_open(struct fuzzer *f)
{
	int top = dup(0);

	if (top < 0 || top > 100) {
		for (int i = 3; i < 99; i++)
			if (one_in(f, 2))
				close(i);
	}
	if (top > 2)
		close(top);
	switch (below(f, 5)) {
	case 0:
		open_paths(f);
		break;
	case 1:
		open_sockets(f);
		break;
	case 2:
		open_connections(f);
		break;
	case 3:
		open_events(f);
		break;
	default:
		open_terminal();
	}
}
