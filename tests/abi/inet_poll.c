/* SPDX-License-Identifier: Apache-2.0 */
/* inet_poll.c: what poll, select and epoll see of TCP, and of UDP */
#include "inet.h"
#include <sys/select.h>

#define EVERY (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)

static char buf[100];

static void show_epoll(const char *what, int e)
{
	struct epoll_event ev[4];
	int n = epoll_wait(e, ev, 4, 0);

	printf("%s: epoll", what);
	for (int k = 0; k < n; k++)
		printf(" %x", ev[k].events);
	printf("%s\n", n > 0 ? "" : n ? " fails" : " none");
	fflush(stdout);
}

/* The bits are there, and so are all wake-ups that came with them. */
static void settled(const char *what, int fd, int bits)
{
	show_until(what, fd, bits);
	usleep(20000);
}

static void show_select(const char *what, int fd)
{
	struct timeval tv = { 0, 0 };
	fd_set in, out, ex;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	out = ex = in;
	printf("%s: select %d", what, select(fd + 1, &in, &out, &ex, &tv));
	printf(" in %d out %d except %d\n", !!FD_ISSET(fd, &in),
	       !!FD_ISSET(fd, &out), !!FD_ISSET(fd, &ex));
	fflush(stdout);
}

static void listening(void)
{
	int l = tcp_listener("127.0.0.1", 10), e = epoll_of(l, EVERY);
	int c[8], n = 0;

	printf("-- listening\n");
	show_epoll("idle", e);
	show_select("idle", l);
	c[n++] = tcp_client(port_of(l));
	settled("one waits", l, POLLIN);
	show_select("one waits", l);
	show_epoll("level", e);
	show_epoll("level", e);
	close(accept(l, NULL, NULL));
	show_epoll("accepted", e);
	SAY(epoll_set(e, EPOLL_CTL_MOD, l, EPOLLIN | EPOLLET));
	c[n++] = tcp_client(port_of(l));
	c[n++] = tcp_client(port_of(l));
	settled("two wait", l, POLLIN);
	show_epoll("edge", e);
	show_epoll("edge", e);
	close(accept(l, NULL, NULL));
	show_epoll("one accepted", e);
	c[n++] = tcp_client(port_of(l));
	settled("another", l, POLLIN);
	show_epoll("edge", e);
	SAY(epoll_set(e, EPOLL_CTL_MOD, l, EPOLLIN | EPOLLET));
	show_epoll("edge again", e);
	show_epoll("edge again", e);
	close(accept(l, NULL, NULL));
	close(accept(l, NULL, NULL));
	SAY(epoll_set(e, EPOLL_CTL_MOD, l, EPOLLIN | EPOLLONESHOT));
	show_epoll("once", e);
	c[n++] = tcp_client(port_of(l));
	settled("one waits", l, POLLIN);
	show_epoll("once", e);
	show_epoll("once", e);
	SAY(epoll_set(e, EPOLL_CTL_MOD, l, EPOLLIN | EPOLLONESHOT));
	show_epoll("once more", e);
	show_epoll("once more", e);
	SAY(epoll_set(e, EPOLL_CTL_ADD, l, EPOLLIN));
	close(l);
	show_epoll("closed", e);
	while (n > 0)
		close(c[--n]);
	close(e);
}

static void connecting(void)
{
	int l = tcp_listener("127.0.0.1", 0), c, d, e, port = port_of(l);

	printf("-- connecting\n");
	d = tcp_client(port); /* there is no room for a second one */
	show_until("one waits", l, POLLIN);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	e = epoll_of(c, EVERY | EPOLLET);
	show_epoll("fresh", e);
	show_epoll("fresh", e);
	show_select("fresh", c);
	SAY(connect(c, IN("127.0.0.1", port)));
	show_epoll("on its way", e);
	show_select("on its way", c);
	show_poll("on its way", c);
	close(accept(l, NULL, NULL));
	settled("connected", c, POLLOUT);
	show_epoll("connected", e);
	show_epoll("connected", e);
	show_select("connected", c);
	close(d);
	close(c);
	close(l);
	close(e);
	printf("-- refused\n");
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	e = epoll_of(c, EVERY | EPOLLET);
	show_epoll("fresh", e);
	SAY(connect(c, IN("127.0.0.1", NOBODY)));
	settled("refused", c, POLLERR | POLLHUP);
	show_epoll("refused", e);
	show_epoll("refused", e);
	show_select("refused", c);
	OPT(c, SO_ERROR);
	show_poll("told", c);
	close(c);
	close(e);
}

static void data(void)
{
	int s[2], e, both;

	printf("-- data\n");
	tcp_pair("127.0.0.1", s);
	e = epoll_of(s[1], EVERY | EPOLLET);
	show_epoll("connected", e);
	show_epoll("connected", e);
	show_select("connected", s[1]);
	for (int n = 1; n <= 2; n++) {
		send(s[0], "abc", 3, 0);
		SAY(arrived(s[1], 3 * n));
		settled("data", s[1], POLLIN);
		show_epoll("edge", e);
		show_epoll("edge", e);
	}
	show_select("data", s[1]);
	SAY(recv(s[1], buf, 2, 0));
	show_epoll("some read", e);
	SAY(recv(s[1], buf, 10, 0));
	show_poll("all read", s[1]);
	show_select("all read", s[1]);
	SAY(epoll_set(e, EPOLL_CTL_MOD, s[1], EPOLLIN | EPOLLONESHOT));
	show_epoll("once", e);
	send(s[0], "abc", 3, 0);
	settled("data", s[1], POLLIN);
	show_epoll("once", e);
	show_epoll("once", e);
	SAY(epoll_set(e, EPOLL_CTL_MOD, s[1], EPOLLIN));
	show_epoll("level", e);
	show_epoll("level", e);
	both = epoll_of(s[1], EPOLLOUT);
	show_epoll("the other set", both);
	SAY(epoll_set(both, EPOLL_CTL_MOD, s[1], 0));
	show_epoll("of nothing", both);
	SAY(epoll_set(both, EPOLL_CTL_DEL, s[1], 0));
	SAY(epoll_set(both, EPOLL_CTL_DEL, s[1], 0));
	SAY(recv(s[1], buf, 10, 0));
	SAY(set_opt(s[1], SOL_SOCKET, SO_RCVLOWAT, 6));
	send(s[0], "abc", 3, 0);
	SAY(arrived(s[1], 3));
	show_poll("too few", s[1]);
	show_epoll("too few", e);
	send(s[0], "def", 3, 0);
	settled("enough", s[1], POLLIN);
	show_epoll("enough", e);
	SAY(recv(s[1], buf, 10, 0));
	send(s[0], "abc", 3, 0);
	SAY(arrived(s[1], 3));
	SAY(set_opt(s[1], SOL_SOCKET, SO_RCVLOWAT, 1));
	show_poll("enough", s[1]);
	close(s[0]);
	close(s[1]);
	close(both);
	close(e);
}

static void room(void)
{
	int s[2], level, edge, once;

	printf("-- room\n");
	tcp_pair("::1", s);
	level = epoll_of(s[0], EPOLLOUT);
	edge = epoll_of(s[0], EPOLLOUT | EPOLLET);
	once = epoll_of(s[0], EPOLLOUT | EPOLLONESHOT);
	show_epoll("empty, level", level);
	show_epoll("empty, edge", edge);
	show_epoll("empty, once", once);
	for (int n = 0; n < 2; n++) {
		long sent = fill(s[0]);

		printf("some %d\n", sent > 0);
		show_poll("full", s[0]);
		show_select("full", s[0]);
		show_epoll("full, level", level);
		show_epoll("full, edge", edge);
		show_epoll("full, once", once);
		drain(s[1], sent);
		settled("drained", s[0], POLLOUT);
		show_epoll("drained, level", level);
		show_epoll("drained, level", level);
		show_epoll("drained, edge", edge);
		show_epoll("drained, edge", edge);
		show_epoll("drained, once", once);
		SAY(epoll_set(once, EPOLL_CTL_MOD, s[0],
			      EPOLLOUT | EPOLLONESHOT));
	}
	show_epoll("again, once", once);
	SAY(send(s[0], buf, 1, MSG_DONTWAIT));
	close(s[0]);
	close(s[1]);
	close(level);
	close(edge);
	close(once);
}

static void ends(void)
{
	struct linger hard = { 1, 0 };
	int s[2], e, all;

	printf("-- shut by the peer, then here\n");
	tcp_pair("127.0.0.1", s);
	e = epoll_of(s[1], EVERY | EPOLLET);
	all = epoll_of(s[1], EPOLLIN);
	show_epoll("edge", e);
	SAY(shutdown(s[0], SHUT_WR));
	settled("shut", s[1], POLLIN | POLLRDHUP);
	show_epoll("edge", e);
	show_epoll("edge", e);
	show_epoll("level", all);
	show_select("shut", s[1]);
	SAY(recv(s[1], buf, 1, 0));
	show_epoll("edge, end read", e);
	show_epoll("level, end read", all);
	SAY(shutdown(s[1], SHUT_WR));
	settled("shut here", s[1], POLLHUP);
	show_epoll("edge", e);
	show_epoll("edge", e);
	show_epoll("level", all);
	show_select("shut here", s[1]);
	close(s[0]);
	close(s[1]);
	close(e);
	close(all);
	for (int kind = 0; kind < 3; kind++) {
		printf("-- %s by the peer\n", kind == 0   ? "closed"
					      : kind == 1 ? "reset"
							  : "reset, unread");
		tcp_pair("127.0.0.1", s);
		e = epoll_of(s[1], EVERY | EPOLLET);
		all = epoll_of(s[1], 0);
		show_epoll("edge", e);
		if (kind == 1)
			setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hard,
				   sizeof(hard));
		if (kind == 2) {
			send(s[1], "unread", 6, 0);
			SAY(arrived(s[0], 6));
		}
		close(s[0]);
		settled("end", s[1],
			kind ? POLLERR | POLLHUP : POLLIN | POLLRDHUP);
		show_epoll("edge", e);
		show_epoll("edge", e);
		show_epoll("asked for nothing", all);
		show_select("end", s[1]);
		SAY(recv(s[1], buf, 1, 0));
		show_poll("read", s[1]);
		show_epoll("asked for nothing", all);
		close(s[1]);
		close(e);
		close(all);
	}
}

static void udp(void)
{
	int r = socket(AF_INET, SOCK_DGRAM, 0), s, e;

	printf("-- UDP\n");
	show_poll("fresh", r);
	bind(r, IN("127.0.0.1", 0));
	e = epoll_of(r, EVERY | EPOLLET);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	SAY(connect(s, IN("127.0.0.1", port_of(r))));
	show_epoll("bound", e);
	show_epoll("bound", e);
	for (int n = 0; n < 2; n++) {
		send(s, "abc", 3 * n, 0);
		settled("sent to", r, POLLIN);
		show_epoll("edge", e);
		show_epoll("edge", e);
	}
	show_select("sent to", r);
	SAY(recv(r, buf, 10, 0));
	show_epoll("one read", e);
	show_poll("one read", r);
	SAY(recv(r, buf, 10, 0));
	show_poll("all read", r);
	show_select("all read", r);
	close(e);
	e = epoll_of(s, EVERY | EPOLLET);
	show_epoll("sender", e);
	SAY(connect(s, IN("127.0.0.1", NOBODY)));
	SAY(send(s, "x", 1, 0));
	settled("refused", s, POLLERR);
	show_epoll("refused", e);
	show_epoll("refused", e);
	show_select("refused", s);
	SAY(recv(s, buf, 10, MSG_DONTWAIT));
	show_poll("told", s);
	close(r);
	close(s);
	close(e);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	listening();
	connecting();
	data();
	room();
	ends();
	udp();
	return 0;
}
