/* SPDX-License-Identifier: Apache-2.0 */
/* inet.h: what the tests of AF_INET and AF_INET6 share; ports are not shown. */
#ifndef INET_H
#define INET_H

#include "sockets.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

/* What C libraries do not have, or keep behind other headers. */
#ifndef SIOCINQ
#define SIOCINQ FIONREAD
#endif

union inet_name {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char room[128];
};

static union inet_name inet_to;

/* The name to bind or connect to: in digits, with a port. */
static inline struct sockaddr *inet_name(const char *host, int port)
{
	memset(&inet_to, 0, sizeof(inet_to));
	if (strchr(host, ':')) {
		inet_to.v6.sin6_family = AF_INET6;
		inet_to.v6.sin6_port = htons(port);
		inet_pton(AF_INET6, host, &inet_to.v6.sin6_addr);
	} else {
		inet_to.v4.sin_family = AF_INET;
		inet_to.v4.sin_port = htons(port);
		inet_pton(AF_INET, host, &inet_to.v4.sin_addr);
	}
	return &inet_to.sa;
}
/* As two arguments; they may be evaluated in any order. */
#define IN(host, port)                                                         \
	inet_name(host, port),                                                 \
		(socklen_t)(strchr(host, ':') ? sizeof(struct sockaddr_in6)    \
					      : sizeof(struct sockaddr_in))

static inline int family_of(const char *host)
{
	return strchr(host, ':') ? AF_INET6 : AF_INET;
}

static inline int inet_port(const union inet_name *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->v6.sin6_port
						 : a->v4.sin_port);
}

static inline int port_of(int fd)
{
	union inet_name a;
	socklen_t n = sizeof(a);

	return getsockname(fd, &a.sa, &n) ? -1 : inet_port(&a);
}

/* A name, with its port only as 0, the one given, or another one. */
static inline void show_addr(const char *what, const union inet_name *a,
			     socklen_t n, int port)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (a->sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof(text));
	else if (a->sa.sa_family == AF_INET)
		inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof(text));
	printf("%s: len %u family %d %s port %s\n", what, n, a->sa.sa_family,
	       text,
	       !inet_port(a)          ? "0"
	       : inet_port(a) == port ? "as expected"
				      : "another");
	fflush(stdout);
}

static inline void show_inet(const char *what, int fd,
			     int (*get)(int, struct sockaddr *, socklen_t *),
			     int port)
{
	union inet_name a;
	socklen_t n = sizeof(a);

	memset(&a, '#', sizeof(a));
	if (get(fd, &a.sa, &n)) {
		printf("%s: %s\n", what, strerrorname(errno));
		fflush(stdout);
		return;
	}
	show_addr(what, &a, n, port);
}

/* Waits until all of the bits are there, then shows all that are. */
static inline void show_until(const char *what, int fd, int bits)
{
	struct pollfd p = { fd, 0xffff & ~POLLNVAL, 0 };

	for (int n = 0; n < 5000; n++) {
		poll(&p, 1, 0);
		if ((p.revents & bits) == bits)
			break;
		usleep(1000);
	}
	printf("%s: poll %x\n", what, p.revents);
	fflush(stdout);
}

/* Waits until so many bytes are there to be read; returns how many are. */
static inline int arrived(int fd, int want)
{
	int have = -1;

	for (int n = 0; n < 5000; n++) {
		if (ioctl(fd, FIONREAD, &have) || have >= want)
			break;
		usleep(1000);
	}
	return have;
}

static inline int set_opt(int fd, int level, int opt, int value)
{
	return setsockopt(fd, level, opt, &value, sizeof(value));
}

static inline void show_level_opt(const char *what, int fd, int level, int opt)
{
	int v = -7;
	socklen_t n = sizeof(v);

	if (getsockopt(fd, level, opt, &v, &n))
		printf("%s: %s\n", what, strerrorname(errno));
	else
		printf("%s: %d (%u bytes)\n", what, v, n);
	fflush(stdout);
}
#define LOPT(fd, level, opt) show_level_opt(#opt, fd, level, opt)

/* A listener on a port of its own. */
static inline int tcp_listener(const char *host, int backlog)
{
	int l = socket(family_of(host), SOCK_STREAM, 0);

	if (l < 0 || bind(l, IN(host, 0)) || listen(l, backlog))
		printf("listener: %s\n", strerrorname(errno));
	return l;
}

/* A connection: s[0] asked for it, s[1] was accepted. */
static inline void tcp_pair(const char *host, int s[2])
{
	int l = tcp_listener(host, 5);

	s[0] = socket(family_of(host), SOCK_STREAM, 0);
	if (connect(s[0], IN(host, port_of(l))))
		printf("pair: %s\n", strerrorname(errno));
	s[1] = accept(l, NULL, NULL);
	close(l);
}

/* A port where nobody is: those that are chosen for others are higher. */
#define NOBODY 7

/* Connected to a port of 127.0.0.1. */
static inline int tcp_client(int port)
{
	int c = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(c, IN("127.0.0.1", port)))
		printf("client: %s\n", strerrorname(errno));
	return c;
}

static inline int udp_socket(const char *host)
{
	return socket(family_of(host), SOCK_DGRAM, 0);
}

static inline int udp_bound(const char *host)
{
	int s = udp_socket(host);

	if (bind(s, IN(host, 0)))
		printf("bound: %s\n", strerrorname(errno));
	return s;
}

/* Receives a datagram, and shows it and whether it is from the port. */
static inline void show_from(int s, int room, int flags, int port)
{
	static char got[1000];
	union inet_name a;
	socklen_t n = sizeof(a);
	long r;

	memset(&a, '#', sizeof(a));
	memset(got, 0, sizeof(got));
	r = recvfrom(s, got, room, flags, &a.sa, &n);
	if (r < 0) {
		printf("recvfrom: %s\n", strerrorname(errno));
		fflush(stdout);
		return;
	}
	printf("recvfrom: %ld '%s' ", r, got);
	show_addr("from", &a, n, port);
}

/* So that datagrams through loopback keep their order. */
static inline void on_one_cpu(void)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);
}

/* Sends until there has been no room for a while; returns how much. */
static inline long fill(int fd)
{
	static char buf[1 << 20];
	struct pollfd p = { fd, POLLOUT };
	long n, total = 0;

	do {
		while ((n = send(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
			total += n;
	} while (poll(&p, 1, 100) > 0);
	return total;
}

static inline void drain(int fd, long n)
{
	static char buf[1 << 20];
	long r;

	while (n > 0 && (r = recv(fd, buf, sizeof(buf), 0)) > 0)
		n -= r;
	if (n)
		printf("%ld left\n", n);
}

static inline int epoll_set(int e, int op, int fd, int events)
{
	struct epoll_event ev = { events };

	return epoll_ctl(e, op, fd, &ev);
}

static inline int epoll_of(int fd, int events)
{
	int e = epoll_create1(0);

	if (epoll_set(e, EPOLL_CTL_ADD, fd, events))
		printf("epoll_ctl: %s\n", strerrorname(errno));
	return e;
}

static inline int elapsed_ms(struct timespec a)
{
	struct timespec b;

	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

/* Whether it takes about so many milliseconds at the least. */
#define TAKES(ms, call)                                                        \
	do {                                                                   \
		struct timespec takes_from;                                    \
                                                                               \
		clock_gettime(CLOCK_MONOTONIC, &takes_from);                   \
		say(#call, (long)(call));                                      \
		printf("waited %d\n", elapsed_ms(takes_from) >= (ms)-10);      \
	} while (0)

/* Of what the Internet sums up (RFC 1071), in the order of the wire. */
static inline unsigned int sum16(unsigned int sum, const void *data, int n)
{
	const unsigned char *p = data;

	for (; n > 1; n -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	if (n)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

#endif
