/* SPDX-License-Identifier: Apache-2.0 */
/* inet_bind.c: addresses and ports: who may have which, and who is reached */
#include "inet.h"

static char buf[100];
/* Of ports that are not chosen for others, so that none is in use by chance. */
static int next_port = 20000;

static int tcp(const char *host, int opt)
{
	int s = socket(family_of(host), SOCK_STREAM, 0);

	if (opt)
		set_opt(s, SOL_SOCKET, opt, 1);
	return s;
}

static void names(void)
{
	union inet_name a;
	socklen_t n;
	int s = tcp("127.0.0.1", 0), t = tcp("::1", 0);

	printf("-- names\n");
	SAY(bind(s, IN("192.0.2.1", 0)));
	SAY(bind(s, IN("::1", 0)));
	SAY(bind(s, inet_name("127.0.0.1", 0), 15));
	SAY(bind(s, inet_name("127.0.0.1", 0), 2));
	SAY(bind(s, inet_name("127.0.0.1", 0), 0));
	SAY(bind(s, inet_name("127.0.0.1", 0), 129));
	SAY(bind(s, inet_name("127.0.0.1", 0), -1));
	SAY(syscall(SYS_bind, s, 8, 16));
	inet_name("127.0.0.1", 0)->sa_family = AF_UNSPEC;
	SAY(bind(s, &inet_to.sa, 16));
	inet_name("127.0.0.1", 0)->sa_family = 77;
	SAY(bind(s, &inet_to.sa, 16));
	inet_name("0.0.0.0", 0)->sa_family = AF_UNSPEC;
	SAY(bind(s, &inet_to.sa, 128));
	show_inet("bound", s, getsockname, port_of(s));
	SAY(bind(s, IN("127.0.0.1", 0)));
	SAY(bind(t, IN("2001:db8::1", 0)));
	SAY(bind(t, IN("127.0.0.1", 0)));
	SAY(bind(t, inet_name("::1", 0), 23));
	inet_name("::1", 0)->sa_family = AF_INET;
	SAY(bind(t, &inet_to.sa, 28));
	SAY(bind(t, inet_name("::1", 0), 24));
	SAY(bind(t, IN("::1", 0)));
	SAY(connect(s, inet_name("127.0.0.1", 1), 15));
	SAY(connect(s, inet_name("127.0.0.1", 1), 1));
	SAY(connect(s, IN("::1", 1)));
	SAY(connect(t, IN("127.0.0.1", 1)));
	SAY(connect(t, inet_name("::1", 1), 23));
	SAY(syscall(SYS_connect, t, 8, 28));
	memset(&a, '#', sizeof(a));
	n = 3;
	SAY(getsockname(s, &a.sa, &n));
	printf("len %u family %d byte %c\n", n, a.room[0], a.room[3]);
	n = 0;
	SAY(getsockname(s, &a.sa, &n));
	printf("len %u\n", n);
	n = -1;
	SAY(getsockname(s, &a.sa, &n));
	SAY(syscall(SYS_getsockname, s, 8, &n));
	SAY(syscall(SYS_getsockname, s, &a, 8));
	n = 16;
	SAY(syscall(SYS_getsockname, s, 8, &n));
	SAY(bind(0, IN("127.0.0.1", 0)));
	SAY(bind(999, IN("127.0.0.1", 0)));
	close(s);
	close(t);
}

/* Whether a second socket may have a port of a first one. */
static void twice(int listening, int opt1, int opt2, const char *host1,
		  const char *host2)
{
	int s = tcp(host1, opt1), t = tcp(host2, opt2);
	int port = next_port++;

	bind(s, IN(host1, port));
	if (listening)
		listen(s, 1);
	printf("%s%s option %d, then %s option %d: ", host1,
	       listening ? " listening" : "", opt1, host2, opt2);
	if (!SAY(bind(t, IN(host2, port))) && !SAY(listen(t, 1)) && !listening)
		SAY(listen(s, 1));
	close(s);
	close(t);
}

static void in_use(void)
{
	printf("-- in use\n");
	for (int l = 0; l < 2; l++) {
		twice(l, 0, 0, "127.0.0.1", "127.0.0.1");
		twice(l, SO_REUSEADDR, 0, "127.0.0.1", "127.0.0.1");
		twice(l, 0, SO_REUSEADDR, "127.0.0.1", "127.0.0.1");
		twice(l, SO_REUSEADDR, SO_REUSEADDR, "127.0.0.1", "127.0.0.1");
		twice(l, SO_REUSEPORT, 0, "127.0.0.1", "127.0.0.1");
		twice(l, SO_REUSEPORT, SO_REUSEPORT, "127.0.0.1", "127.0.0.1");
		twice(l, SO_REUSEPORT, SO_REUSEADDR, "127.0.0.1", "127.0.0.1");
		twice(l, 0, 0, "127.0.0.1", "127.0.0.2");
		twice(l, 0, 0, "0.0.0.0", "127.0.0.1");
		twice(l, 0, 0, "127.0.0.1", "0.0.0.0");
		twice(l, 0, 0, "127.0.0.1", "::1");
		twice(l, 0, 0, "::", "127.0.0.1");
		twice(l, 0, 0, "127.0.0.1", "::");
		twice(l, 0, 0, "::", "0.0.0.0");
		twice(l, 0, 0, "::1", "::");
		twice(l, 0, IPV6_V6ONLY, "::1", "::1");
	}
}

/* Two listeners of one port share what comes. */
static void shared(void)
{
	int l[2], c[20], got = 0, n, port;
	struct pollfd p[2];

	printf("-- shared by two\n");
	l[0] = tcp("127.0.0.1", SO_REUSEPORT);
	l[1] = tcp("127.0.0.1", SO_REUSEPORT);
	bind(l[0], IN("127.0.0.1", 0));
	port = port_of(l[0]);
	SAY(bind(l[1], IN("127.0.0.1", port)));
	SAY(listen(l[0], 30));
	SAY(listen(l[1], 30));
	for (n = 0; n < 20; n++) {
		c[n] = tcp("127.0.0.1", 0);
		if (connect(c[n], IN("127.0.0.1", port)))
			printf("connect: %s\n", strerrorname(errno));
	}
	while (got < 20) {
		p[0] = (struct pollfd){ l[0], POLLIN };
		p[1] = (struct pollfd){ l[1], POLLIN };
		if (poll(p, 2, 5000) < 1)
			break;
		for (n = 0; n < 2; n++) {
			if (!p[n].revents)
				continue;
			close(accept(l[n], NULL, NULL));
			got++;
		}
	}
	printf("accepted %d\n", got);
	for (n = 0; n < 20; n++)
		close(c[n]);
	close(l[0]);
	close(l[1]);
}

/* The side that closes first keeps the port, but for who reuses it. */
static void time_wait(int opt)
{
	int l = tcp("127.0.0.1", opt), c = tcp("127.0.0.1", 0), a, port, s;

	printf("-- time wait, option %d\n", opt);
	bind(l, IN("127.0.0.1", 0));
	port = port_of(l);
	listen(l, 1);
	SAY(connect(c, IN("127.0.0.1", port)));
	a = accept(l, NULL, NULL);
	close(l);
	s = tcp("127.0.0.1", 0);
	SAY(bind(s, IN("127.0.0.1", port)));
	close(s);
	s = tcp("127.0.0.1", SO_REUSEADDR);
	SAY(bind(s, IN("127.0.0.1", port)));
	close(s);
	SAY(shutdown(a, SHUT_WR));
	SAY(recv(c, buf, 1, 0));
	close(c);
	SAY(recv(a, buf, 1, 0));
	close(a);
	s = tcp("127.0.0.1", 0);
	SAY(bind(s, IN("127.0.0.1", port)));
	close(s);
	s = tcp("127.0.0.1", SO_REUSEADDR);
	if (!SAY(bind(s, IN("127.0.0.1", port)))) {
		SAY(listen(s, 1));
		c = tcp("127.0.0.1", 0);
		SAY(connect(c, IN("127.0.0.1", port)));
		close(c);
	}
	close(s);
}

/* Where a connection to a name arrives, and how both sides see it. */
static void reach(const char *server, const char *client)
{
	int l = tcp(server, SO_REUSEADDR), c = tcp(client, 0), a;
	int port = next_port++;
	union inet_name from;
	socklen_t n = sizeof(from);

	bind(l, IN(server, port));
	listen(l, 5);
	printf("%s to %s: ", client, server);
	if (!SAY(connect(c, IN(client, port)))) {
		a = accept(l, &from.sa, &n);
		show_addr("from", &from, n, port_of(c));
		show_inet("accepted", a, getsockname, port);
		show_inet("client", c, getsockname, 0);
		show_inet("client", c, getpeername, port);
		close(a);
	}
	close(c);
	close(l);
}

static void reaching(void)
{
	int l, c, port = next_port++;

	printf("-- reaching\n");
	reach("0.0.0.0", "127.0.0.1");
	reach("0.0.0.0", "127.0.0.2");
	reach("0.0.0.0", "0.0.0.0");
	reach("127.0.0.2", "127.0.0.2");
	reach("127.0.0.2", "127.0.0.1");
	reach("::", "::1");
	reach("::", "::");
	reach("::", "127.0.0.1");
	reach("::", "127.1.2.3");
	reach("::", "::ffff:127.0.0.1");
	reach("0.0.0.0", "::ffff:127.0.0.1");
	reach("::ffff:127.0.0.1", "127.0.0.1");
	reach("::1", "127.0.0.1");
	c = tcp("127.0.0.1", 0);
	SAY(connect(c, IN("192.0.2.1", 80)));
	SAY(bind(c, IN("127.0.0.3", 0)));
	l = tcp_listener("127.0.0.1", 1);
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	show_inet("client", c, getsockname, port_of(c));
	close(c);
	close(l);
	c = tcp("::1", 0);
	SAY(connect(c, IN("2001:db8::1", 80)));
	SAY(connect(c, IN("::ffff:192.0.2.1", 80)));
	close(c);
	l = tcp("::", 0);
	LOPT(l, IPPROTO_IPV6, IPV6_V6ONLY);
	SAY(set_opt(l, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	LOPT(l, IPPROTO_IPV6, IPV6_V6ONLY);
	SAY(bind(l, IN("::ffff:127.0.0.1", 0)));
	SAY(bind(l, IN("::", port)));
	SAY(set_opt(l, IPPROTO_IPV6, IPV6_V6ONLY, 0));
	listen(l, 1);
	c = tcp("127.0.0.1", 0);
	SAY(connect(c, IN("127.0.0.1", port)));
	SAY(bind(c, IN("0.0.0.0", port)));
	close(c);
	close(l);
	c = tcp("::1", 0);
	set_opt(c, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SAY(connect(c, IN("::ffff:127.0.0.1", NOBODY)));
	close(c);
}

/* More than the listener waits for: it is as if they were lost. */
static void backlog(void)
{
	int l = tcp_listener("127.0.0.1", 0), port = port_of(l), c, d;
	struct timeval tv = { 0, 100000 };

	printf("-- backlog\n");
	c = tcp("127.0.0.1", 0);
	SAY(connect(c, IN("127.0.0.1", port)));
	show_until("one waits", l, POLLIN);
	d = tcp("127.0.0.1", 0);
	SAY(setsockopt(d, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	TAKES(100, connect(d, IN("127.0.0.1", port)));
	SAY(fcntl(d, F_SETFL, O_NONBLOCK));
	SAY(connect(d, IN("127.0.0.1", port)));
	show_poll("on its way", d);
	OPT(d, SO_ERROR);
	SAY(send(d, "x", 1, 0));
	SAY(recv(d, buf, 1, 0));
	show_inet("on its way", d, getpeername, 0);
	show_inet("on its way", d, getsockname, port_of(d));
	close(accept(l, NULL, NULL));
	show_until("there", d, POLLOUT);
	SAY(connect(d, IN("127.0.0.1", port)));
	SAY(close(accept(l, NULL, NULL)));
	close(c);
	close(d);
	close(l);
}

static void low_ports(void)
{
	int s = tcp("127.0.0.1", 0), t = tcp("::1", 0);

	SAY(bind(s, IN("127.0.0.1", 80)));
	SAY(bind(t, IN("::1", 1023)));
	SAY(bind(s, IN("127.0.0.1", 1024)));
	close(s);
	close(t);
}

int main(void)
{
	names();
	in_use();
	shared();
	time_wait(0);
	time_wait(SO_REUSEADDR);
	reaching();
	backlog();
	printf("-- low ports\n");
	low_ports();
	as_user(low_ports);
	return 0;
}
