/* SPDX-License-Identifier: Apache-2.0 */
/* unix_dgram.c: datagrams and packets: sizes, peers, room, several at once */
#include "sockets.h"
#include <sys/epoll.h>

static char buf[300000];

static void dgrams(void)
{
	int a, b, c, n;
	struct sockaddr_un from;
	socklen_t len;

	printf("-- datagrams\n");
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	b = socket(AF_UNIX, SOCK_DGRAM, 0);
	c = socket(AF_UNIX, SOCK_DGRAM, 0);
	show_poll("fresh", a);
	SAY(write(a, "x", 1));
	SAY(listen(a, 1));
	SAY(accept(a, NULL, NULL));
	SAY(bind(a, UN("da")));
	SAY(bind(b, UN("@db")));
	SAY(sendto(b, "hello", 5, 0, UN("da")));
	SAY(sendto(c, "", 0, 0, UN("da")));
	SAY(sendto(c, "nobody", 6, 0, UN("dx")));
	SAY(sendto(c, "nobody", 6, 0, UN("@dx")));
	SAY(sendto(c, "nobody", 6, 0, un("da"), 1));
	SAY(ioctl(a, FIONREAD, &n));
	printf("%d\n", n);
	len = sizeof(from);
	SAY(recvfrom(a, buf, 3, MSG_PEEK | MSG_TRUNC, (void *)&from, &len));
	printf("from len %u\n", len);
	len = sizeof(from);
	SAY(recvfrom(a, buf, 3, 0, (void *)&from, &len));
	printf("from len %u '%.*s'\n", len, (int)len - 3, from.sun_path + 1);
	len = sizeof(from);
	SAY(recvfrom(a, buf, 3, 0, (void *)&from, &len));
	printf("from len %u\n", len);
	SAY(recv(a, buf, 3, MSG_DONTWAIT));
	SAY(connect(b, UN("da")));
	SAY(write(b, "connected", 9));
	SAY(write(b, "", 0));
	SAY(read(a, buf, 100));
	SAY(read(a, buf, 100));
	show_name("peer", b, getpeername);
	SAY(connect(a, UN("@db")));
	SAY(sendto(c, "x", 1, 0, UN("da")));
	SAY(connect(c, UN("da")));
	un_addr.sun_family = AF_UNSPEC;
	SAY(connect(a, (void *)&un_addr, sizeof(un_addr)));
	show_poll("left by its peer", b);
	OPT(b, SO_ERROR);
	SAY(sendto(c, "x", 1, 0, UN("da")));
	n = 4;
	SAY(send(b, buf, 250000, 0));
	SAY(setsockopt(b, SOL_SOCKET, SO_SNDBUF, &n, 4));
	SAY(send(b, buf, 4577, 0));
	SAY(send(b, buf, 4576, MSG_DONTWAIT));
	close(a);
	show_poll("peer closed", b);
	SAY(write(b, "x", 1));
	SAY(write(b, "x", 1));
	show_poll("peer gone", b);
	SAY(sendto(b, "x", 1, 0, UN("da")));
	SAY(unlink("da"));
	SAY(shutdown(c, SHUT_WR));
	SAY(sendto(c, "x", 1, 0, UN("@db")));
	SAY(shutdown(b, SHUT_RD));
	show_poll("shut for reading", b);
	SAY(read(b, buf, 1));
	SAY(recv(b, buf, 1, MSG_DONTWAIT));
	close(b);
	close(c);
}

/* Ten and one messages wait; more only where the peers know each other. */
static void room(void)
{
	int a, b, c, e, n, s[2];
	struct epoll_event ev = { EPOLLOUT | EPOLLET };

	printf("-- room\n");
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	b = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	c = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	bind(a, UN("@room"));
	connect(b, UN("@room"));
	e = epoll_create1(0);
	epoll_ctl(e, EPOLL_CTL_ADD, b, &ev);
	SAY(epoll_wait(e, &ev, 1, 0));
	for (n = 0; write(b, "x", 1) == 1; n++)
		;
	printf("%d, then %s\n", n, strerrorname(errno));
	SAY(sendto(c, "x", 1, 0, UN("@room")));
	show_poll("no room", b);
	show_poll("not connected", c);
	SAY(epoll_wait(e, &ev, 1, 0));
	SAY(read(a, buf, 1));
	SAY(epoll_wait(e, &ev, 1, 0));
	show_poll("room", b);
	if (!fork()) {
		usleep(50000);
		for (int k = 0; k < 3; k++)
			read(a, buf, 1);
		_exit(0);
	}
	fcntl(b, F_SETFL, 0);
	write(b, "fills", 5);
	SAY(write(b, "waits", 5));
	wait(&n);
	close(a);
	close(b);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
	for (n = 0; send(s[0], "x", 1, MSG_DONTWAIT) == 1; n++)
		;
	printf("more than ten %d, %s\n", n > 11, strerrorname(errno));
	show_poll("pair full", s[0]);
	while (recv(s[1], buf, 1, MSG_DONTWAIT) == 1)
		;
	show_poll("pair emptied", s[0]);
	close(s[0]);
	SAY(recv(s[1], buf, 1, MSG_DONTWAIT));
	show_poll("pair closed", s[1]);
	SAY(write(s[1], "x", 1));
	close(s[1]);
	close(c);
	close(e);
}

static void packets(void)
{
	int s[2], l, c, a;
	struct iovec v = { buf, 4 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	printf("-- packets\n");
	signal(SIGPIPE, SIG_IGN);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
	show_poll("fresh", s[0]);
	SAY(send(s[0], "one", 3, MSG_EOR));
	SAY(send(s[0], "second", 6, 0));
	SAY(send(s[0], "", 0, 0));
	SAY(ioctl(s[1], FIONREAD, &c));
	printf("%d\n", c);
	SAY(recvmsg(s[1], &m, 0));
	printf("flags %x\n", m.msg_flags);
	SAY(recvmsg(s[1], &m, 0));
	printf("flags %x\n", m.msg_flags);
	SAY(recvmsg(s[1], &m, 0));
	printf("flags %x\n", m.msg_flags);
	SAY(sendto(s[0], "x", 1, 0, UN("nowhere")));
	SAY(read(s[1], buf, 10));
	SAY(recvmsg(s[1], &m, MSG_DONTWAIT));
	SAY(send(s[0], buf, 250000, 0));
	close(s[0]);
	show_poll("closed", s[1]);
	SAY(read(s[1], buf, 10));
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT));
	SAY(write(s[1], buf, 10));
	close(s[1]);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s);
	write(s[0], "unread", 6);
	close(s[1]);
	show_poll("reset", s[0]);
	SAY(read(s[0], buf, 10));
	SAY(read(s[0], buf, 10));
	close(s[0]);
	l = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	SAY(read(l, buf, 1));
	SAY(write(l, buf, 1));
	bind(l, UN("@packets"));
	SAY(listen(l, 5));
	c = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	SAY(connect(c, UN("@packets")));
	SAY(write(c, "early", 5));
	a = accept(l, NULL, NULL);
	SAY(read(a, buf, 3));
	SAY(write(a, "back", 4));
	SAY(read(c, buf, 100));
	SAY(shutdown(c, SHUT_WR));
	SAY(read(a, buf, 3));
	SAY(write(c, "x", 1));
	close(l);
	close(c);
	close(a);
}

static void several(void)
{
	struct mmsghdr m[4];
	struct iovec v[4];
	struct timespec ts = { 0, 100000000 };
	int s[2];

	printf("-- several at once\n");
	socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
	memset(m, 0, sizeof(m));
	for (int n = 0; n < 4; n++) {
		v[n] = (struct iovec){ buf + 1000 * n, n + 1 };
		m[n].msg_hdr.msg_iov = &v[n];
		m[n].msg_hdr.msg_iovlen = 1;
	}
	SAY(sendmmsg(s[0], m, 3, 0));
	printf("%u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	SAY(recvmmsg(s[1], m, 4, MSG_DONTWAIT, NULL));
	printf("%u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	SAY(recvmmsg(s[1], m, 4, MSG_DONTWAIT, NULL));
	SAY(sendmmsg(s[0], m, 2, 0));
	SAY(recvmmsg(s[1], m, 4, MSG_WAITFORONE, NULL));
	ts.tv_nsec = 2000000000;
	SAY(recvmmsg(s[1], m, 4, MSG_DONTWAIT, &ts));
	m[0].msg_hdr.msg_iovlen = 2000;
	SAY(sendmmsg(s[0], m, 2, 0));
	m[0].msg_hdr.msg_iovlen = 1;
	v[0].iov_base = (void *)8;
	SAY(sendmmsg(s[0], m, 2, 0));
	SAY(sendmsg(s[0], (void *)8, 0));
	send(s[0], "data", 4, 0);
	SAY(recvmsg(s[1], &m[0].msg_hdr, 0));
	SAY(recv(s[1], buf, 4, MSG_DONTWAIT));
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	dgrams();
	room();
	packets();
	several();
	return 0;
}
