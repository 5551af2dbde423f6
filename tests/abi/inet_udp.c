/* SPDX-License-Identifier: Apache-2.0 */
/* inet_udp.c: datagrams: sizes, peers, errors, ends */
#include "inet.h"

static char buf[70000];

static void basics(const char *host)
{
	int r = udp_socket(host), s = udp_socket(host), n, port;
	socklen_t len = 4;
	union inet_name a;

	printf("-- basics %s\n", host);
	show_poll("fresh", r);
	show_inet("fresh", r, getsockname, 0);
	show_inet("fresh", r, getpeername, 0);
	SAY(bind(r, IN(host, 0)));
	SAY(bind(r, IN(host, 0)));
	port = port_of(r);
	printf("port chosen %d\n", port > 0);
	SAY(listen(r, 1));
	SAY(accept(r, NULL, NULL));
	SAY(recv(r, buf, 10, MSG_DONTWAIT));
	SAY(recv(r, buf, 10, MSG_DONTWAIT | MSG_ERRQUEUE));
	SAY(sendto(s, "hello world", 11, 0, IN(host, port)));
	show_inet("sender", s, getsockname, 0);
	show_until("receiver", r, POLLIN);
	SAY(sendto(s, "", 0, 0, IN(host, port)));
	SAY(sendto(s, "third", 5, MSG_DONTWAIT, IN(host, port)));
	SAY(ioctl(r, SIOCINQ, &n));
	printf("%d\n", n);
	show_from(r, 5, MSG_PEEK, port_of(s));
	show_from(r, 5, MSG_PEEK | MSG_TRUNC, port_of(s));
	show_from(r, 5, 0, port_of(s));
	show_from(r, 5, 0, port_of(s));
	show_from(r, 100, MSG_WAITALL, port_of(s));
	SAY(ioctl(r, SIOCINQ, &n));
	printf("%d\n", n);
	sendto(s, "abcdef", 6, 0, IN(host, port));
	show_from(r, 2, MSG_TRUNC, port_of(s));
	sendto(s, "abcdef", 6, 0, IN(host, port));
	memset(&a, '#', sizeof(a));
	SAY(recvfrom(r, NULL, 0, 0, &a.sa, &len));
	printf("len %u byte %c\n", len, a.room[4]);
	sendto(s, "abcdef", 6, 0, IN(host, port));
	show_until("receiver", r, POLLIN);
	SAY(recv(r, (void *)8, 10, 0));
	SAY(recv(r, buf, 10, MSG_DONTWAIT));
	SAY(sendto(s, (void *)8, 10, 0, IN(host, port)));
	SAY(sendto(s, "x", 1, 0, IN(host, 0)));
	SAY(sendto(s, "x", 1, 0, inet_name(host, port), 6));
	SAY(sendto(s, "x", 1, 0, inet_name(host, port), 1));
	SAY(sendto(s, "x", 1, 0, NULL, 0));
	SAY(write(s, "x", 1));
	inet_name(host, port)->sa_family = 77;
	SAY(sendto(s, "x", 1, 0, &inet_to.sa, 28));
	SAY(pread(r, buf, 1, 0));
	close(r);
	close(s);
}

static void sizes(const char *host, int most)
{
	int r = udp_bound(host), s = udp_socket(host);

	printf("-- sizes %s\n", host);
	SAY(connect(s, IN(host, port_of(r))));
	SAY(send(s, buf, most, 0));
	SAY(recv(r, buf, sizeof(buf), 0));
	if (*host != ':') /* more of IPv6 goes in fragments on Linux */
		SAY(send(s, buf, most + 1, 0));
	SAY(send(s, buf, sizeof(buf), 0));
	close(r);
	close(s);
}

static void connected(void)
{
	struct sockaddr none = { AF_UNSPEC };
	int r = udp_bound("127.0.0.1"), a = udp_bound("127.0.0.1"), s,
	    f = udp_socket("127.0.0.1");

	printf("-- connected\n");
	s = udp_socket("127.0.0.1");
	SAY(connect(s, IN("127.0.0.1", port_of(r))));
	show_inet("client", s, getsockname, 0);
	show_inet("client", s, getpeername, port_of(r));
	SAY(send(s, "one", 3, 0));
	show_from(r, 10, 0, port_of(s));
	SAY(sendto(a, "not for it", 10, 0, IN("127.0.0.1", port_of(s))));
	SAY(sendto(r, "for it", 6, 0, IN("127.0.0.1", port_of(s))));
	show_from(s, 10, 0, port_of(r));
	SAY(recv(s, buf, 10, MSG_DONTWAIT));
	SAY(sendto(s, "aside", 5, 0, IN("127.0.0.1", port_of(a))));
	show_from(a, 10, 0, port_of(s));
	show_inet("client", s, getpeername, port_of(r));
	SAY(connect(s, IN("127.0.0.1", port_of(a))));
	show_inet("client", s, getpeername, port_of(a));
	SAY(connect(s, &none, sizeof(none)));
	show_inet("client", s, getpeername, 0);
	show_inet("client", s, getsockname, 0);
	SAY(send(s, "x", 1, 0));
	set_opt(f, SOL_SOCKET, SO_REUSEADDR, 1);
	SAY(bind(f, IN("127.0.0.1", 20000)));
	SAY(connect(f, IN("127.0.0.1", port_of(r))));
	SAY(connect(f, &none, sizeof(none)));
	show_inet("bound", f, getsockname, 20000);
	SAY(connect(a, IN("127.0.0.1", port_of(r))));
	SAY(connect(a, &none, sizeof(none)));
	show_inet("bound", a, getsockname, port_of(a));
	SAY(connect(s, IN("0.0.0.0", port_of(r))));
	show_inet("client", s, getpeername, port_of(r));
	SAY(connect(s, inet_name("127.0.0.1", 1), 8));
	SAY(connect(s, IN("::1", 1)));
	SAY(connect(s, IN("192.0.2.1", 1)));
	SAY(sendto(a, "x", 1, 0, IN("192.0.2.1", 1)));
	close(r);
	close(a);
	close(s);
	close(f);
}

static void refused(const char *host)
{
	int s = udp_socket(host), a = udp_socket(host);

	printf("-- refused %s\n", host);
	SAY(connect(s, IN(host, NOBODY)));
	SAY(send(s, "x", 1, 0));
	show_until("refused", s, POLLERR);
	OPT(s, SO_ERROR);
	OPT(s, SO_ERROR);
	show_poll("told", s);
	send(s, "x", 1, 0);
	SAY(recv(s, buf, 10, 0));
	SAY(recv(s, buf, 10, MSG_DONTWAIT));
	send(s, "x", 1, 0);
	show_until("refused", s, POLLERR);
	SAY(send(s, "x", 1, 0));
	SAY(send(s, "x", 1, 0));
	show_until("refused", s, POLLERR);
	SAY(sendto(a, "x", 1, 0, IN(host, NOBODY)));
	usleep(20000);
	show_poll("not connected", a);
	SAY(sendto(a, "x", 1, 0, IN(host, NOBODY)));
	SAY(recv(a, buf, 10, MSG_DONTWAIT));
	close(s);
	close(a);
}

static void several(void)
{
	struct mmsghdr m[4];
	struct iovec v[4];
	struct timespec ts = { 0, 0 };
	union inet_name a[4];
	int r = udp_bound("127.0.0.1"), s = udp_socket("127.0.0.1");

	printf("-- several at once\n");
	memset(m, 0, sizeof(m));
	memset(a, 0, sizeof(a));
	inet_name("127.0.0.1", port_of(r));
	for (int n = 0; n < 4; n++) {
		v[n] = (struct iovec){ buf + 1000 * n, n + 1 };
		m[n].msg_hdr = (struct msghdr){ .msg_name = &inet_to,
						.msg_namelen = 16,
						.msg_iov = &v[n],
						.msg_iovlen = 1 };
	}
	SAY(sendmmsg(s, m, 3, 0));
	printf("%u %u %u\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	usleep(20000);
	for (int n = 0; n < 4; n++) {
		m[n].msg_hdr.msg_name = &a[n];
		m[n].msg_hdr.msg_namelen = sizeof(a[n]);
	}
	v[2].iov_len = 2;
	SAY(recvmmsg(r, m, 4, MSG_DONTWAIT, NULL));
	for (int n = 0; n < 3; n++)
		printf("%u from %d len %u flags %x\n", m[n].msg_len,
		       inet_port(&a[n]) == port_of(s), m[n].msg_hdr.msg_namelen,
		       m[n].msg_hdr.msg_flags);
	SAY(recvmmsg(r, m, 4, MSG_DONTWAIT, &ts));
	SAY(connect(s, IN("127.0.0.1", port_of(r))));
	for (int n = 0; n < 4; n++)
		m[n].msg_hdr.msg_namelen = 0;
	v[1].iov_len = 65508;
	SAY(sendmmsg(s, m, 4, 0));
	SAY(sendmmsg(s, m + 1, 3, 0));
	v[1].iov_len = 2;
	SAY(recvmmsg(r, m, 4, MSG_WAITFORONE, NULL));
	close(r);
	close(s);
}

static void shuts(void)
{
	int r = udp_bound("127.0.0.1"), s = udp_bound("127.0.0.1");

	printf("-- shut\n");
	SAY(shutdown(r, SHUT_RDWR));
	show_poll("not connected", r);
	SAY(recv(r, buf, 10, 0));
	SAY(recv(r, buf, 10, MSG_DONTWAIT));
	close(r);
	r = udp_bound("127.0.0.1");
	SAY(connect(s, IN("127.0.0.1", port_of(r))));
	SAY(connect(r, IN("127.0.0.1", port_of(s))));
	SAY(shutdown(s, 9));
	SAY(shutdown(s, SHUT_RD));
	show_poll("shut for reading", s);
	SAY(recv(s, buf, 10, 0));
	SAY(recv(s, buf, 10, MSG_DONTWAIT));
	SAY(send(s, "out", 3, 0));
	SAY(recv(r, buf, 10, 0));
	SAY(shutdown(s, SHUT_WR));
	show_poll("shut for both", s);
	SAY(send(s, "x", 1, MSG_NOSIGNAL));
	show_poll("its peer", r);
	close(r);
	close(s);
}

/* What does not fit is lost, and the sender does not hear of it. */
static void overflow(void)
{
	int r = udp_bound("127.0.0.1"), s = udp_socket("127.0.0.1"), good = 0,
	    got = 0;
	struct timeval tv = { 0, 100000 };

	printf("-- overflow\n");
	SAY(set_opt(r, SOL_SOCKET, SO_RCVBUF, 8000));
	SAY(connect(s, IN("127.0.0.1", port_of(r))));
	for (int n = 0; n < 200; n++)
		good += send(s, buf, 1000, 0) == 1000;
	usleep(20000);
	while (recv(r, buf, sizeof(buf), MSG_DONTWAIT) == 1000)
		got++;
	printf("sent %d, some came %d, not all %d\n", good, got > 1, got < 200);
	OPT(s, SO_ERROR);
	OPT(r, SO_ERROR);
	SAY(setsockopt(r, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	TAKES(100, recv(r, buf, 10, 0));
	close(r);
	close(s);
}

int main(void)
{
	on_one_cpu();
	signal(SIGPIPE, SIG_IGN);
	basics("127.0.0.1");
	basics("::1");
	sizes("127.0.0.1", 65507);
	sizes("::1", 65487);
	connected();
	refused("127.0.0.1");
	refused("::1");
	several();
	shuts();
	overflow();
	return 0;
}
