/* SPDX-License-Identifier: Apache-2.0 */
/* inet_udpnames.c: which datagram is whose: ports, both families, broadcast */
#include "inet.h"

static char buf[100];

/* Whether a second socket may have a port of a first one. */
static void twice(int opt1, int opt2, const char *host1, const char *host2)
{
	static int port = 20000; /* not one that is chosen for others */
	int s = udp_socket(host1), t = udp_socket(host2);

	if (opt1)
		set_opt(s, SOL_SOCKET, opt1, 1);
	if (opt2)
		set_opt(t, SOL_SOCKET, opt2, 1);
	bind(s, IN(host1, ++port));
	printf("%s option %d, then %s option %d: ", host1, opt1, host2, opt2);
	SAY(bind(t, IN(host2, port)));
	close(s);
	close(t);
}

static void in_use(void)
{
	int a = udp_socket("0.0.0.0"), b = udp_socket("127.0.0.1"),
	    c = udp_socket("127.0.0.1"), s;

	printf("-- in use\n");
	twice(0, 0, "127.0.0.1", "127.0.0.1");
	twice(SO_REUSEADDR, 0, "127.0.0.1", "127.0.0.1");
	twice(SO_REUSEADDR, SO_REUSEADDR, "127.0.0.1", "127.0.0.1");
	twice(SO_REUSEPORT, SO_REUSEPORT, "127.0.0.1", "127.0.0.1");
	twice(SO_REUSEPORT, SO_REUSEADDR, "127.0.0.1", "127.0.0.1");
	twice(0, 0, "127.0.0.1", "127.0.0.2");
	twice(0, 0, "127.0.0.1", "0.0.0.0");
	twice(0, 0, "127.0.0.1", "::1");
	twice(0, 0, "::", "127.0.0.1");
	twice(0, 0, "127.0.0.1", "::ffff:127.0.0.1");
	SAY(bind(b, IN("192.0.2.1", 0)));
	/* the one that fits best has it */
	set_opt(a, SOL_SOCKET, SO_REUSEADDR, 1);
	set_opt(b, SOL_SOCKET, SO_REUSEADDR, 1);
	set_opt(c, SOL_SOCKET, SO_REUSEADDR, 1);
	SAY(bind(a, IN("0.0.0.0", 0)));
	SAY(bind(b, IN("127.0.0.1", port_of(a))));
	SAY(bind(c, IN("127.0.0.1", port_of(a))));
	s = udp_bound("127.0.0.1");
	SAY(connect(c, IN("127.0.0.1", port_of(s))));
	sendto(s, "for a", 5, 0, IN("127.0.0.2", port_of(a)));
	sendto(s, "for c", 5, 0, IN("127.0.0.1", port_of(a)));
	close(s);
	s = udp_bound("127.0.0.1");
	sendto(s, "for b", 5, 0, IN("127.0.0.1", port_of(a)));
	show_from(a, 10, 0, 0);
	show_from(b, 10, 0, port_of(s));
	show_from(c, 10, 0, 0);
	close(s);
	close(a);
	close(b);
	close(c);
}

static void both_families(void)
{
	int r = udp_bound("::"), four = udp_bound("0.0.0.0"),
	    s = udp_socket("::"), only;

	printf("-- both families\n");
	SAY(sendto(s, "one", 3, 0, IN("::1", port_of(r))));
	show_from(r, 10, 0, port_of(s));
	SAY(sendto(s, "two", 3, 0, IN("::ffff:127.0.0.1", port_of(r))));
	show_from(r, 10, 0, port_of(s));
	SAY(sendto(s, "three", 5, 0, IN("::ffff:127.0.0.1", port_of(four))));
	show_from(four, 10, 0, port_of(s));
	SAY(sendto(s, "four", 4, 0, IN("127.0.0.1", port_of(four))));
	show_from(four, 10, 0, port_of(s));
	SAY(sendto(four, "five", 4, 0, IN("127.0.0.1", port_of(r))));
	show_from(r, 10, 0, port_of(four));
	SAY(sendto(s, "six", 3, 0, IN("::", port_of(r))));
	show_from(r, 10, 0, port_of(s));
	SAY(sendto(four, "x", 1, 0, IN("::1", port_of(r))));
	SAY(sendto(s, "x", 1, 0, IN("2001:db8::1", 1)));
	SAY(sendto(s, "x", 1, 0, IN("::ffff:192.0.2.1", 1)));
	SAY(connect(s, IN("::ffff:127.0.0.1", port_of(four))));
	show_inet("client", s, getsockname, 0);
	show_inet("client", s, getpeername, port_of(four));
	SAY(send(s, "seven", 5, 0));
	show_from(four, 10, 0, port_of(s));
	only = udp_socket("::");
	SAY(set_opt(only, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	SAY(sendto(only, "x", 1, 0, IN("::ffff:127.0.0.1", port_of(four))));
	SAY(sendto(only, "x", 1, 0, IN("127.0.0.1", port_of(four))));
	close(only);
	only = udp_socket("::");
	set_opt(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SAY(bind(only, IN("::", port_of(four))));
	SAY(sendto(s, "eight", 5, 0, IN("127.0.0.1", port_of(four))));
	show_from(four, 10, 0, port_of(s));
	SAY(recv(only, buf, 1, MSG_DONTWAIT));
	close(r);
	close(s);
	close(four);
	close(only);
}

static void broadcast(void)
{
	int r = udp_bound("0.0.0.0"), s = udp_socket("127.0.0.1");

	printf("-- broadcast\n");
	OPT(s, SO_BROADCAST);
	SAY(sendto(s, "x", 1, 0, IN("127.255.255.255", port_of(r))));
	SAY(connect(s, IN("127.255.255.255", port_of(r))));
	SAY(set_opt(s, SOL_SOCKET, SO_BROADCAST, 1));
	OPT(s, SO_BROADCAST);
	SAY(sendto(s, "for all", 7, 0, IN("127.255.255.255", port_of(r))));
	show_from(r, 10, 0, port_of(s));
	close(r);
	close(s);
}

int main(void)
{
	on_one_cpu();
	in_use();
	both_families();
	broadcast();
	return 0;
}
