/* SPDX-License-Identifier: Apache-2.0 */
/* inet_states.c: which sockets there are, a connection's states, held data */
#include "inet.h"
#include <netinet/udp.h>

static char buf[100];

static void make(int family, int type, int protocol)
{
	int s = socket(family, type, protocol);

	printf("family %d type %x protocol %d: %s\n", family, type, protocol,
	       s < 0 ? strerrorname(errno) : "ok");
	fflush(stdout);
	if (s >= 0)
		close(s);
}

static void makes(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW,
				     SOCK_SEQPACKET };
	static const int protocols[] = {
		0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 99, 255, -1, 1000
	};
	int s[2];

	for (int f = 0; f < 2; f++)
		for (int t = 0; t < 4; t++)
			for (int p = 0; p < 8; p++)
				make(f ? AF_INET6 : AF_INET, types[t],
				     protocols[p]);
	make(AF_INET, SOCK_RDM, 0);
	make(AF_INET, 0, 0);
	make(AF_INET, 7, 0);
	make(AF_INET, 11, 0);
	make(AF_INET, SOCK_STREAM | 0x100000, 0);
	make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	make(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	make(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
	make(AF_UNSPEC, SOCK_STREAM, 0);
	make(-1, SOCK_STREAM, 0);
	SAY(socketpair(AF_INET, SOCK_STREAM, 0, s));
	SAY(socketpair(AF_INET, SOCK_DGRAM, 0, s));
	SAY(socketpair(AF_INET6, SOCK_STREAM, 0, s));
	SAY(socketpair(AF_INET, SOCK_RAW, 0, s));
	s[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	SAY(fcntl(s[0], F_GETFL));
	SAY(fcntl(s[0], F_GETFD));
	close(s[0]);
}

/* Of those, what a user without capabilities may have. */
static void user_makes(void)
{
	make(AF_INET, SOCK_STREAM, 0);
	make(AF_INET, SOCK_DGRAM, 0);
	make(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	make(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	make(AF_INET, SOCK_RAW, 255);
	make(AF_INET, SOCK_RAW, 0);
	make(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	make(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
	make(AF_INET, SOCK_SEQPACKET, 0);
}

static int state_of(int s)
{
	struct tcp_info i;
	socklen_t n = sizeof(i);

	memset(&i, 0xff, sizeof(i));
	if (getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &n))
		return -1;
	return i.tcpi_state;
}

/* Waits for it, where it comes by itself. */
static void state(const char *what, int s, int want)
{
	static const char *const names[] = {
		"?",          "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
		"FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
		"CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING"
	};
	int now = 0;

	for (int n = 0; n < 5000; n++) {
		now = state_of(s);
		if (now == want)
			break;
		usleep(1000);
	}
	printf("%s: %s\n", what, now < 0 || now > 11 ? "?" : names[now]);
	fflush(stdout);
}

static void states(void)
{
	struct sockaddr none = { AF_UNSPEC };
	unsigned char info[300];
	socklen_t n = 1;
	int l, s[2], t;

	printf("-- states\n");
	l = socket(AF_INET, SOCK_STREAM, 0);
	state("fresh", l, TCP_CLOSE);
	bind(l, IN("127.0.0.1", 0));
	state("bound", l, TCP_CLOSE);
	listen(l, 0);
	state("listening", l, TCP_LISTEN);
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(s[0], IN("127.0.0.1", port_of(l))));
	state("connected", s[0], TCP_ESTABLISHED);
	show_until("one waits", l, POLLIN);
	t = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect(t, IN("127.0.0.1", port_of(l))));
	state("on its way", t, TCP_SYN_SENT);
	close(t);
	s[1] = accept(l, NULL, NULL);
	state("accepted", s[1], TCP_ESTABLISHED);
	shutdown(s[0], SHUT_WR);
	state("shut", s[0], TCP_FIN_WAIT2);
	state("its peer", s[1], TCP_CLOSE_WAIT);
	shutdown(s[1], SHUT_WR);
	state("both shut", s[1], TCP_CLOSE);
	state("both shut", s[0], TCP_CLOSE);
	SAY(recv(s[0], buf, 1, 0));
	SAY(recv(s[1], buf, 1, 0));
	close(s[0]);
	close(s[1]);
	tcp_pair("::1", s);
	connect(s[0], &none, sizeof(none));
	state("disconnected", s[0], TCP_CLOSE);
	state("reset", s[1], TCP_CLOSE);
	close(s[0]);
	close(s[1]);
	connect(l, &none, sizeof(none));
	state("no longer listening", l, TCP_CLOSE);
	memset(info, 0xee, sizeof(info));
	SAY(getsockopt(l, IPPROTO_TCP, TCP_INFO, info, &n));
	printf("len %u: %d, %x\n", n, info[0], info[1]);
	n = 0;
	SAY(getsockopt(l, IPPROTO_TCP, TCP_INFO, info, &n));
	n = 104;
	SAY(getsockopt(l, IPPROTO_TCP, TCP_INFO, info, &n));
	printf("len %u\n", n);
	n = sizeof(info);
	SAY(getsockopt(l, IPPROTO_TCP, TCP_INFO, info, &n));
	printf("not all filled %d\n", n < sizeof(info));
	SAY(set_opt(l, IPPROTO_TCP, TCP_INFO, 1));
	close(l);
}

/* Sent, looked for at the other side; again if that took long. */
static int held(int s[2], int flags)
{
	struct timespec from;
	int n, long_since;

	do {
		clock_gettime(CLOCK_MONOTONIC, &from);
		send(s[0], "abc", 3, flags);
		usleep(20000);
		n = -1;
		ioctl(s[1], FIONREAD, &n);
		long_since = elapsed_ms(from) > 100;
		if (long_since && arrived(s[1], 3) > 0)
			recv(s[1], buf, sizeof(buf), 0);
	} while (long_since);
	return n;
}

static void corked(void)
{
	int s[2];

	printf("-- held back by TCP\n");
	tcp_pair("127.0.0.1", s);
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_CORK, 1));
	printf("there %d\n", held(s, 0));
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_CORK, 0));
	SAY(arrived(s[1], 3));
	SAY(recv(s[1], buf, 100, 0));
	printf("there %d\n", held(s, MSG_MORE));
	SAY(send(s[0], "def", 3, 0));
	SAY(arrived(s[1], 6));
	SAY(recv(s[1], buf, 100, 0));
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_CORK, 1));
	printf("there %d\n", held(s, 0));
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_NODELAY, 1));
	SAY(arrived(s[1], 3));
	SAY(recv(s[1], buf, 100, 0));
	SAY(send(s[0], "last", 4, MSG_MORE));
	SAY(shutdown(s[0], SHUT_WR));
	SAY(recv(s[1], buf, 100, MSG_WAITALL));
	close(s[0]);
	close(s[1]);
	tcp_pair("127.0.0.1", s);
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_CORK, 1));
	SAY(send(s[0], "slow", 4, 0)); /* but it is not kept for ever */
	SAY(recv(s[1], buf, 100, 0));
	close(s[0]);
	close(s[1]);
}

static void parts(const char *host)
{
	int r = udp_bound(host), s = udp_socket(host);
	struct iovec v[2] = { { "one", 3 }, { "two", 3 } };

	printf("-- in parts %s\n", host);
	SAY(connect(s, IN(host, port_of(r))));
	SAY(send(s, "one", 3, MSG_MORE));
	SAY(send(s, "two", 3, MSG_MORE));
	usleep(20000);
	SAY(recv(r, buf, 100, MSG_DONTWAIT));
	SAY(send(s, "three", 5, 0));
	show_from(r, 100, 0, port_of(s));
	SAY(set_opt(s, IPPROTO_UDP, UDP_CORK, 1));
	LOPT(s, IPPROTO_UDP, UDP_CORK);
	SAY(write(s, "one", 3));
	SAY(writev(s, v, 2));
	usleep(20000);
	SAY(recv(r, buf, 100, MSG_DONTWAIT));
	SAY(set_opt(s, IPPROTO_UDP, UDP_CORK, 0));
	show_from(r, 100, 0, port_of(s));
	SAY(set_opt(s, IPPROTO_UDP, UDP_CORK, 1));
	SAY(set_opt(s, IPPROTO_UDP, UDP_CORK, 0));
	SAY(recv(r, buf, 100, MSG_DONTWAIT));
	SAY(writev(s, v, 2));
	show_from(r, 100, 0, port_of(s));
	SAY(send(s, "lost", 4, MSG_MORE));
	close(s);
	usleep(20000);
	SAY(recv(r, buf, 100, MSG_DONTWAIT));
	close(r);
}

int main(void)
{
	printf("-- sockets\n");
	makes();
	printf("-- a user's\n");
	fflush(stdout);
	as_user(user_makes);
	states();
	corked();
	on_one_cpu();
	parts("127.0.0.1");
	parts("::1");
	return 0;
}
