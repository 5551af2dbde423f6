/* SPDX-License-Identifier: Apache-2.0 */
/* inet_tcp.c: TCP connections: data, halves, ends, refusal, disconnection */
#include "inet.h"

static char buf[100000];
static int caught;

static void on_pipe(int sig)
{
	caught = sig;
}

/* A connection from its making to its orderly end. */
static void basics(const char *host)
{
	int l, c, a, port;
	union inet_name from;
	socklen_t n = sizeof(from);

	printf("-- basics %s\n", host);
	l = socket(family_of(host), SOCK_STREAM, 0);
	show_poll("fresh", l);
	show_inet("fresh", l, getsockname, 0);
	show_inet("fresh", l, getpeername, 0);
	SAY(bind(l, IN(host, 0)));
	port = port_of(l);
	printf("port chosen %d\n", port > 0);
	show_inet("bound", l, getsockname, port);
	show_poll("bound", l);
	SAY(accept(l, NULL, NULL));
	SAY(listen(l, 5));
	show_poll("listening", l);
	SAY(listen(l, 6));
	SAY(fcntl(l, F_SETFL, O_NONBLOCK));
	SAY(accept(l, NULL, NULL));
	SAY(recv(l, buf, 1, 0));
	SAY(send(l, buf, 1, MSG_NOSIGNAL));
	SAY(ioctl(l, FIONREAD, &a));
	show_inet("listening", l, getpeername, 0);
	c = socket(family_of(host), SOCK_STREAM, 0);
	SAY(connect(c, IN(host, port)));
	show_inet("client", c, getpeername, port);
	show_inet("client", c, getsockname, port);
	SAY(connect(c, IN(host, port)));
	SAY(connect(l, IN(host, port)));
	SAY(listen(c, 1));
	SAY(send(c, "early", 5, 0));
	show_until("waiting", l, POLLIN);
	memset(&from, '#', sizeof(from));
	a = accept4(l, &from.sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	show_addr("accepted", &from, n, port_of(c));
	show_inet("accepted", a, getsockname, port);
	show_inet("accepted", a, getpeername, port_of(c));
	SAY(fcntl(a, F_GETFL));
	SAY(fcntl(a, F_GETFD));
	SAY(arrived(a, 5));
	SAY(recv(a, buf, 100, 0));
	SAY(recv(a, buf, 100, 0));
	SAY(send(a, "back", 4, 0));
	SAY(recv(c, buf, 100, 0));
	SAY(accept(a, NULL, NULL));
	SAY(accept(l, NULL, NULL));
	SAY(syscall(SYS_accept4, l, NULL, NULL, 1));
	SAY(close(c));
	show_until("client closed", a, POLLIN | POLLRDHUP);
	SAY(recv(a, buf, 100, 0));
	show_inet("client closed", a, getpeername, 0);
	close(a);
	close(l);
}

static void *later(void *arg)
{
	usleep(50000);
	send(*(int *)arg, "def", 3, 0);
	usleep(50000);
	send(*(int *)arg, "ghi", 3, 0);
	return NULL;
}

static void receiving(void)
{
	struct timeval tv = { 0, 100000 };
	struct iovec v[3] = { { buf, 2 }, { buf + 10, 3 }, { buf + 20, 50 } };
	pthread_t t;
	int s[2];

	printf("-- receiving\n");
	tcp_pair("127.0.0.1", s);
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT));
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT | MSG_PEEK));
	SAY(recv(s[1], buf, 0, MSG_DONTWAIT));
	SAY(send(s[0], "", 0, 0));
	SAY(send(s[0], "hello world", 11, 0));
	SAY(arrived(s[1], 11));
	SAY(recv(s[1], buf, 5, MSG_PEEK));
	SAY(recv(s[1], buf, 100, MSG_PEEK));
	memset(buf, 'x', 20);
	SAY(recv(s[1], buf, 6, MSG_TRUNC));
	printf("%.2s\n", buf);
	SAY(recv(s[1], NULL, 2, MSG_TRUNC));
	SAY(recv(s[1], buf, 100, MSG_TRUNC));
	SAY(recv(s[1], buf, 100, MSG_TRUNC | MSG_DONTWAIT));
	send(s[0], "abc", 3, 0);
	pthread_create(&t, NULL, later, &s[0]);
	SAY(recv(s[1], buf, 9, MSG_WAITALL));
	pthread_join(t, NULL);
	printf("%.9s\n", buf);
	send(s[0], "abc", 3, 0);
	SAY(arrived(s[1], 3));
	SAY(recv(s[1], buf, 9, MSG_WAITALL | MSG_DONTWAIT));
	SAY(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	TAKES(100, recv(s[1], buf, 9, 0));
	send(s[0], "abc", 3, 0);
	TAKES(100, recv(s[1], buf, 9, MSG_WAITALL));
	v[0].iov_base = "one";
	v[0].iov_len = 3;
	v[1].iov_base = "";
	v[1].iov_len = 0;
	v[2].iov_base = "three";
	v[2].iov_len = 5;
	SAY(writev(s[0], v, 3));
	SAY(arrived(s[1], 8));
	v[0] = (struct iovec){ buf, 2 };
	v[1] = (struct iovec){ buf + 10, 3 };
	v[2] = (struct iovec){ buf + 20, 50 };
	SAY(readv(s[1], v, 3));
	printf("%.2s %.3s %.3s\n", buf, buf + 10, buf + 20);
	SAY(send(s[0], (void *)8, 5, 0));
	send(s[0], "abc", 3, 0);
	SAY(recv(s[1], (void *)8, 5, 0));
	SAY(recv(s[1], buf, 5, 0));
	SAY(pread(s[1], buf, 1, 0));
	SAY(lseek(s[1], 0, SEEK_SET));
	send(s[0], "last", 4, 0);
	close(s[0]);
	SAY(recv(s[1], buf, 9, MSG_WAITALL));
	SAY(recv(s[1], buf, 9, MSG_WAITALL));
	SAY(recv(s[1], buf, 9, MSG_DONTWAIT));
	close(s[1]);
}

static void halves(void)
{
	int s[2];

	printf("-- halves\n");
	tcp_pair("::1", s);
	SAY(shutdown(s[0], 3));
	close(s[0]);
	close(s[1]);
	tcp_pair("::1", s);
	SAY(shutdown(s[0], 7));
	send(s[0], "last", 4, 0);
	SAY(shutdown(s[0], SHUT_WR));
	show_poll("shut for writing", s[0]);
	show_until("its peer", s[1], POLLIN | POLLRDHUP);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	printf("signal %d\n", caught);
	SAY(send(s[0], "x", 1, 0));
	printf("signal %d\n", caught);
	caught = 0;
	SAY(shutdown(s[0], SHUT_WR));
	SAY(recv(s[1], buf, 10, 0));
	SAY(recv(s[1], buf, 10, 0));
	SAY(recv(s[1], buf, 10, MSG_DONTWAIT));
	SAY(send(s[1], "back", 4, 0));
	SAY(recv(s[0], buf, 10, 0));
	SAY(shutdown(s[1], SHUT_WR));
	show_until("shut by both", s[0], POLLHUP);
	show_until("shut by both", s[1], POLLHUP);
	SAY(recv(s[0], buf, 10, 0));
	close(s[0]);
	close(s[1]);
	tcp_pair("127.0.0.1", s);
	SAY(shutdown(s[1], SHUT_RD));
	show_poll("shut for reading", s[1]);
	SAY(recv(s[1], buf, 10, 0));
	SAY(send(s[1], "x", 1, 0));
	SAY(recv(s[0], buf, 10, 0));
	SAY(send(s[0], "more", 4, 0));
	SAY(arrived(s[1], 4));
	SAY(recv(s[1], buf, 10, 0));
	SAY(recv(s[1], buf, 10, 0));
	close(s[0]);
	close(s[1]);
}

/* Ends that the peer learns of by a reset. */
static void resets(void)
{
	struct linger hard = { 1, 0 };
	int s[2];

	printf("-- closed with unread data\n");
	tcp_pair("127.0.0.1", s);
	send(s[0], "unread", 6, 0);
	SAY(arrived(s[1], 6));
	close(s[1]);
	show_until("reset", s[0], POLLERR | POLLHUP);
	SAY(recv(s[0], buf, 10, 0));
	SAY(recv(s[0], buf, 10, 0));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	show_inet("peer", s[0], getpeername, 0);
	SAY(shutdown(s[0], SHUT_WR));
	close(s[0]);
	printf("-- lingers not\n");
	tcp_pair("127.0.0.1", s);
	SAY(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	send(s[1], "data", 4, 0);
	SAY(arrived(s[0], 4));
	close(s[1]);
	show_until("reset", s[0], POLLERR | POLLHUP);
	SAY(recv(s[0], buf, 10, 0));
	SAY(recv(s[0], buf, 10, 0));
	SAY(recv(s[0], buf, 10, 0));
	close(s[0]);
	tcp_pair("127.0.0.1", s);
	setsockopt(s[1], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s[1]);
	show_until("reset", s[0], POLLERR | POLLHUP);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	SAY(send(s[0], "x", 1, 0));
	printf("signal %d\n", caught);
	caught = 0;
	OPT(s[0], SO_ERROR);
	close(s[0]);
	printf("-- written to when closed\n");
	tcp_pair("127.0.0.1", s);
	close(s[1]);
	show_until("closed", s[0], POLLIN | POLLRDHUP);
	SAY(send(s[0], "x", 1, 0));
	show_until("reset", s[0], POLLERR | POLLHUP);
	SAY(recv(s[0], buf, 10, 0));
	OPT(s[0], SO_ERROR);
	OPT(s[0], SO_ERROR);
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	close(s[0]);
}

static void refused(void)
{
	int c, port = NOBODY, l;

	printf("-- refused\n");
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(send(c, "x", 1, MSG_NOSIGNAL));
	SAY(send(c, "x", 1, 0));
	printf("signal %d\n", caught);
	SAY(recv(c, buf, 1, 0));
	SAY(shutdown(c, SHUT_WR));
	SAY(connect(c, IN("127.0.0.1", port)));
	OPT(c, SO_ERROR);
	show_poll("refused", c);
	SAY(connect(c, IN("127.0.0.1", port)));
	l = tcp_listener("127.0.0.1", 1);
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	close(c);
	close(l);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect(c, IN("127.0.0.1", port)));
	show_until("refused", c, POLLERR | POLLHUP);
	OPT(c, SO_ERROR);
	OPT(c, SO_ERROR);
	SAY(recv(c, buf, 1, 0));
	SAY(connect(c, IN("127.0.0.1", port)));
	SAY(connect(c, IN("127.0.0.1", port)));
	show_until("refused", c, POLLERR | POLLHUP);
	SAY(connect(c, IN("127.0.0.1", port)));
	close(c);
	c = socket(AF_INET6, SOCK_STREAM, 0);
	SAY(connect(c, IN("::1", NOBODY)));
	close(c);
	l = tcp_listener("127.0.0.1", 1);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	show_until("connected", c, POLLOUT);
	OPT(c, SO_ERROR);
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	close(c);
	close(l);
}

static void disconnected(void)
{
	struct sockaddr none = { AF_UNSPEC };
	int l = tcp_listener("127.0.0.1", 5), c, a;

	printf("-- disconnected\n");
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(c, &none, sizeof(none)));
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	a = accept(l, NULL, NULL);
	SAY(connect(c, &none, sizeof(none)));
	show_inet("client", c, getpeername, 0);
	show_poll("client", c);
	show_until("its peer", a, POLLERR | POLLHUP);
	SAY(recv(a, buf, 1, 0));
	SAY(recv(c, buf, 1, 0));
	close(a);
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	a = accept(l, NULL, NULL);
	SAY(send(c, "again", 5, 0));
	SAY(recv(a, buf, 100, 0));
	close(a);
	close(c);
	SAY(connect(l, &none, sizeof(none)));
	SAY(accept(l, NULL, NULL));
	close(l);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_pipe };

	sigaction(SIGPIPE, &sa, NULL);
	basics("127.0.0.1");
	basics("::1");
	receiving();
	halves();
	resets();
	refused();
	disconnected();
	return 0;
}
