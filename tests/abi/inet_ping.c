/* SPDX-License-Identifier: Apache-2.0 */
/* inet_ping.c: ping sockets: who may have one, ids, echo, options, errors; in
 * one file, as all of it is behind one range of groups, which programs share */
#include "ping.h"
#include <grp.h>

/* An id that is not chosen for others. */
#define ID 50001

static unsigned char buf[70000];

static void show_echo(const struct family *f, const unsigned char *p, int n,
		      int id)
{
	printf("%d bytes type %d code %d id %s sequence %d '%.6s' sum %x", n,
	       p[0], p[1], (p[4] << 8 | p[5]) == id ? "the port" : "another",
	       p[6] << 8 | p[7], p + 8, sum_of(f, p, n));
}

static void show_control(const struct cmsghdr *h)
{
	printf("  level %d type %d len %d:", h->cmsg_level, h->cmsg_type,
	       (int)h->cmsg_len);
	for (size_t n = 0; CMSG_LEN(n) < h->cmsg_len; n++)
		printf("%s%02x", n % 4 ? "" : " ",
		       h->cmsg_level == SOL_SOCKET ? 0 : CMSG_DATA(h)[n]);
	printf("\n");
}

/* Receives with room for so much data and control, and shows it. */
static void receive(const char *what, int s, int size, int room, int flags)
{
	static char control[512];
	union inet_name from;
	struct iovec v = { buf, size };
	struct msghdr m = { .msg_name = &from,
			    .msg_namelen = sizeof(from),
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = room };
	long n;

	memset(&from, '#', sizeof(from));
	memset(buf, 0, 100);
	n = recvmsg(s, &m, flags);
	printf("%s: ", what);
	if (n < 0) {
		printf("%s\n", strerrorname(errno));
		return;
	}
	if (n >= 8 && !(m.msg_flags & MSG_TRUNC))
		show_echo(m.msg_namelen > 16 ? &six : &four, buf, n,
			  port_of(s));
	else
		printf("%ld bytes type %d", n, buf[0]);
	if (m.msg_namelen > 16)
		printf(" flow %x scope %x", from.v6.sin6_flowinfo,
		       from.v6.sin6_scope_id);
	printf(" flags %x control %d", m.msg_flags, (int)m.msg_controllen);
	show_addr(" from", &from, m.msg_namelen, 0);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		show_control(h);
}

static void show_reply(const char *what, int s, int size, int flags)
{
	receive(what, s, size, 512, flags);
}

static void show_none(int s)
{
	usleep(20000);
	show_reply("none", s, 1000, MSG_DONTWAIT);
}

/* There and back. */
static void echoed(int s, const struct family *f, int seq)
{
	SAY(ping(s, f, seq));
	show_reply("reply", s, 1000, 0);
}

/* ---- who may ---- */

static void show_range(void)
{
	char line[100];
	int fd = open(RANGE, O_RDONLY);
	long n = read(fd, line, sizeof(line));

	printf("range ");
	print_line(line, n);
	printf(", then %ld\n", (long)read(fd, line, sizeof(line)));
	close(fd);
}

static void set_range(const char *text)
{
	int fd = open(RANGE, O_WRONLY | O_TRUNC);
	long n = write(fd, text, strlen(text));

	printf("write ");
	print_line(text, strlen(text));
	printf(": %ld %s, ", n, n < 0 ? strerrorname(errno) : "");
	show_range();
	close(fd);
}

static void range(void)
{
	char texts[] = "100 200|5|7\n|5 10 15|x|8 x|9x 10|9 10x|10 9|100 200|"
		       "-1 5|0 -5|\n|  \t\n| 3\t4 \n|5\n6\n|7,8|0x10 0x20|"
		       "010 020|+1 2|0 2147483647|0 4294967294|0 4294967295|"
		       "3 3|0 99999999999|4294967295 1|1 0\n";
	char c[4] = "";
	int fd;

	printf("-- the range\n");
	show_range();
	for (char *t = strtok(texts, "|"); t; t = strtok(NULL, "|"))
		set_range(t);
	fd = open(RANGE, O_RDWR);
	SAY(read(fd, c, 1));
	SAY(read(fd, c, 1));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pwrite(fd, "8 9", 3, 1));
	show_range();
	SAY(pwrite(fd, "8 9", 3, 0));
	show_range();
	SAY(write(fd, "6 7", 3));
	SAY(pwrite(fd, "", 0, 0));
	close(fd);
	set_range("1 0");
}

static const char *got(int fd)
{
	if (fd < 0)
		return strerrorname(errno);
	close(fd);
	return "a socket";
}

static void both(void)
{
	printf("%s", got(ping_socket(&four)));
	printf(", IPv6 %s\n", got(ping_socket(&six)));
}

/* A process of these groups, without privileges, asks for a socket. */
static void member(gid_t real, gid_t effective, const gid_t group[2])
{
	if (!fork()) {
		if (setgroups(2, group) || setresgid(real, effective, real) ||
		    setresuid(1000, 1000, 1000))
			puts("cannot change");
		printf("gid %d egid %d groups %d %d: ", real, effective,
		       group[0], group[1]);
		both();
		_exit(0);
	}
	wait(NULL);
}

static void user(void)
{
	SAY(open(RANGE, O_WRONLY));
	show_range();
}

static void groups(void)
{
	static const gid_t of[][4] = {
		{ 1000, 150, 7, 8 },    { 1000, 100, 7, 8 },
		{ 1000, 200, 7, 8 },    { 1000, 99, 7, 8 },
		{ 1000, 201, 7, 8 },    { 150, 1000, 7, 8 },
		{ 1000, 1000, 7, 150 }, { 1000, 1000, 100, 8 },
		{ 1000, 1000, 99, 201 }
	};
	int s;

	printf("-- groups\n");
	both();
	set_range("100 200");
	as_user(user);
	for (size_t n = 0; n < sizeof(of) / sizeof(of[0]); n++)
		member(of[n][0], of[n][1], of[n] + 2);
	printf("root: ");
	both();
	set_range("0 0");
	s = ping_socket(&four);
	set_range("1 0");
	both();
	echoed(s, &four, 1); /* it had it before */
	close(s);
}

static void kinds(const char *what)
{
	static const int protocols[] = { 0, 1, 2, 6, 17, 58, 255, 256, -1 };
	static const int types[] = { SOCK_DGRAM, SOCK_DGRAM | SOCK_NONBLOCK,
				     SOCK_DGRAM | SOCK_CLOEXEC, SOCK_STREAM,
				     SOCK_SEQPACKET };

	printf("-- %s\n", what);
	for (size_t n = 0; n < sizeof(protocols) / sizeof(int); n++) {
		int p = protocols[n];

		printf("protocol %d: %s", p,
		       got(socket(AF_INET, SOCK_DGRAM, p)));
		printf(", IPv6 %s\n", got(socket(AF_INET6, SOCK_DGRAM, p)));
	}
	for (size_t n = 0; n < sizeof(types) / sizeof(int); n++) {
		printf("type %x: %s", types[n],
		       got(socket(AF_INET, types[n], IPPROTO_ICMP)));
		printf(", IPv6 %s\n",
		       got(socket(AF_INET6, types[n], IPPROTO_ICMPV6)));
	}
}

/* ---- names ---- */

/* A name of another family, as long as one of IPv6. */
static struct sockaddr *of_family(const char *host, int family)
{
	inet_name(host, 0)->sa_family = family;
	return &inet_to.sa;
}

static void names(const struct family *f)
{
	int s = ping_socket(f), t = ping_socket(f);

	printf("-- names, %s\n", f->host);
	show_poll("fresh", s);
	show_inet("fresh", s, getsockname, 0);
	show_inet("fresh", s, getpeername, 0);
	SAY(bind(s, of_family(f->nowhere, AF_UNIX), f->size - 1));
	SAY(bind(s, of_family(f->nowhere, AF_UNIX), 28));
	SAY(bind(s, of_family(f->any, AF_UNSPEC), 28));
	show_inet("no family", s, getsockname, 0);
	SAY(bind(t, of_family(f->host, AF_UNSPEC), 28));
	SAY(bind(t, of_family(f->host, f->other), 28));
	SAY(bind(t, IN(f->nowhere, 0)));
	show_inet("not bound", t, getsockname, 0);
	SAY(bind(t, inet_name(f->host, ID), 128));
	show_inet("bound", t, getsockname, ID);
	SAY(bind(t, IN(f->host, ID)));
	SAY(bind(t, IN(f->nowhere, ID)));
	close(s);
	s = ping_socket(f);
	SAY(bind(s, IN(f->any, 0)));
	show_inet("port 0", s, getsockname, 0);
	SAY(listen(s, 1));
	SAY(accept(s, NULL, NULL));
	close(t);
	t = ping_socket(f);
	SAY(bind(t, IN(f->host, 0)));
	show_inet("port 0", t, getsockname, 0);
	printf("the same id: %d\n", port_of(s) == port_of(t));
	close(s);
	close(t);
}

static void special(void)
{
	int s = ping_socket(&four), t = ping_socket(&four);

	printf("-- special names\n");
	SAY(sendto(s, ECHO(&four, 1), 0, IN("0.0.0.0", 0)));
	show_reply("any", s, 1000, 0);
	SAY(sendto(s, ECHO(&four, 1), 0, IN("127.255.255.255", 0)));
	SAY(connect(s, IN("127.255.255.255", 0)));
	SAY(set_opt(s, SOL_SOCKET, SO_BROADCAST, 1));
	SAY(sendto(s, ECHO(&four, 1), 0, IN("127.255.255.255", 0)));
	show_none(s);
	SAY(bind(t, IN("127.255.255.255", 0)));
	SAY(bind(t, IN("255.255.255.255", 0)));
	SAY(bind(t, IN("224.0.0.1", 0)));
	SAY(set_opt(t, IPPROTO_IP, IP_FREEBIND, 1));
	SAY(bind(t, IN("224.0.0.1", 0)));
	SAY(bind(t, IN("192.0.2.1", ID)));
	show_inet("free", t, getsockname, ID);
	SAY(ping(t, &four, 1));
	close(s);
	close(t);
	s = ping_socket(&six);
	SAY(bind(s, IN("::ffff:127.0.0.1", 0)));
	SAY(bind(s, IN("ff02::1", 0)));
	SAY(bind(s, IN("fe80::1", 0)));
	SAY(connect(s, IN("::ffff:127.0.0.1", 0)));
	SAY(sendto(s, ECHO(&six, 1), 0, IN("::ffff:127.0.0.1", 0)));
	SAY(sendto(s, ECHO(&six, 1), 0, IN("fe80::1", 0)));
	SAY(sendto(s, ECHO(&six, 1), 0, IN("::", 0)));
	close(s);
}

static void connected(const struct family *f)
{
	static const struct sockaddr none = { .sa_family = AF_UNSPEC };
	int s = ping_socket(f), least = PICK(f, 16, 24);

	printf("-- connected, %s\n", f->host);
	SAY(connect(s, of_family(f->host, AF_UNIX), least - 1));
	SAY(connect(s, of_family(f->host, AF_UNIX), 28));
	SAY(connect(s, of_family(f->host, f->other), 28));
	SAY(connect(s, of_family(f->host, f->family), least - 1));
	SAY(connect(s, inet_name(f->host, 0), 1));
	printf("it has an id: %d\n", port_of(s) > 0);
	SAY(connect(s, IN(f->nowhere, 0)));
	show_inet("failed", s, getpeername, 0);
	SAY(connect(s, inet_name(f->host, 0), least));
	show_inet("port 0", s, getsockname, 0);
	show_inet("port 0", s, getpeername, 0);
	SAY(connect(s, IN(f->host, 9)));
	show_inet("port 9", s, getpeername, 9);
	SAY(send(s, ECHO(f, 1), 0));
	SAY(write(s, ECHO(f, 2)));
	show_reply("reply", s, 1000, 0);
	show_reply("reply", s, 1000, 0);
	echoed(s, f, 3);
	SAY(bind(s, IN(f->host, 0)));
	SAY(connect(s, &none, sizeof(none)));
	show_inet("apart", s, getsockname, 0);
	show_inet("apart", s, getpeername, 0);
	SAY(bind(s, IN(f->any, ID)));
	SAY(connect(s, IN(f->host, 9)));
	show_inet("bound before", s, getsockname, ID);
	SAY(connect(s, &none, sizeof(none)));
	show_inet("apart", s, getsockname, ID);
	SAY(send(s, ECHO(f, 4), 0));
	echoed(s, f, 5);
	close(s);
}

/* Whether a second socket may have the id of a first one, and afterwards. */
static void twice(int reuse, int reuse2, const char *host, const char *host2)
{
	int s = ping_socket(*host == ':' ? &six : &four), failed;
	int t = ping_socket(*host2 == ':' ? &six : &four);

	set_opt(s, SOL_SOCKET, SO_REUSEADDR, reuse);
	set_opt(t, SOL_SOCKET, SO_REUSEADDR, reuse2);
	bind(s, IN(host, ID));
	printf("%s reuse %d, then %s reuse %d: ", host, reuse, host2, reuse2);
	failed = SAY(bind(t, IN(host2, ID)));
	close(s);
	if (failed)
		SAY(bind(t, IN(host2, ID)));
	close(t);
}

static void in_use(void)
{
	static const char *const hosts[] = { "0.0.0.0", "127.0.0.1",
					     "127.0.0.5", "0.0.0.0" };
	int s[4];

	printf("-- in use\n");
	twice(1, 1, "127.0.0.1", "127.0.0.1");
	twice(0, 1, "127.0.0.1", "127.0.0.1");
	twice(1, 0, "127.0.0.1", "127.0.0.1");
	twice(0, 0, "127.0.0.1", "127.0.0.1");
	twice(0, 0, "127.0.0.1", "127.0.0.2");
	twice(0, 0, "127.0.0.1", "::1");
	twice(0, 0, "::1", "0.0.0.0");
	twice(1, 1, "::1", "127.0.0.1");
	/* whose reply it is, where all have the same id */
	for (int n = 0; n < 4; n++) {
		s[n] = ping_socket(&four);
		SAY(bind(s[n], IN(hosts[n], ID)));
	}
	for (int n = 0; n < 4; n++)
		SAY(ping(s[n], &four, n));
	usleep(20000);
	for (int n = 0; n < 4; n++) {
		printf("%s ", hosts[n]);
		while (recv(s[n], buf, 100, MSG_DONTWAIT) > 0)
			printf("%d, ", buf[7]);
		printf("%s\n", strerrorname(errno));
		close(s[n]);
	}
}

/* An id needs no privilege, and it has nothing to do with ports. */
static void low_id(void)
{
	int s = ping_socket(&four), t = ping_socket(&six),
	    u = udp_socket("127.0.0.1");

	SAY(bind(s, IN("127.0.0.1", 777)));
	SAY(bind(t, IN("::1", 778)));
	SAY(bind(u, IN("127.0.0.1", 777)));
	echoed(s, &four, 1);
}

/* ---- echo ---- */

static void echoes(const struct family *f)
{
	int s = ping_socket(f), t = ping_socket(f);

	printf("-- echo, %s\n", f->host);
	show_none(s);
	SAY(ping(s, f, 1));
	show_until("sent", s, POLLIN);
	show_inet("sent", s, getsockname, 0);
	show_reply("reply", s, 1000, 0);
	show_none(s); /* no request */
	SAY(sendto(t, ECHO(f, 2), 0, IN(f->host, 4321)));
	SAY(sendto(s, ECHO(f, 3), 0, inet_name(f->host, 0), 128));
	SAY(sendto(s, ECHO(f, 4), MSG_DONTWAIT | MSG_MORE, IN(f->host, 0)));
	SAY(sendto(s, echo(f, 5), 8, 0, IN(f->host, 0)));
	for (int n = 0; n < 3; n++)
		show_reply("reply", s, 1000, 0);
	show_none(s);
	show_reply("the other's", t, 1000, 0);
	show_none(t);
	close(s);
	close(t);
}

/* The address does not choose the replies, but that of the socket does. */
static void addresses(void)
{
	int s = ping_socket(&four);

	printf("-- addresses\n");
	SAY(sendto(s, ECHO(&four, 1), 0, IN("127.9.8.7", 0)));
	show_reply("reply", s, 1000, 0);
	SAY(connect(s, IN("127.0.0.2", 0)));
	SAY(sendto(s, ECHO(&four, 2), 0, IN("127.0.0.3", 0)));
	SAY(send(s, ECHO(&four, 3), 0));
	show_reply("connected", s, 1000, 0);
	show_reply("connected", s, 1000, 0);
	close(s);
	s = ping_socket(&four);
	SAY(bind(s, IN("127.0.0.5", 0)));
	echoed(s, &four, 4);
	close(s);
}

static void refused(const struct family *f)
{
	int s = ping_socket(f);
	struct sockaddr *to;

	printf("-- refused, %s\n", f->host);
	SAY(send(s, ECHO(f, 1), 0));
	printf("it has an id: %d\n", port_of(s) > 0);
	to = of_family(f->host, AF_UNIX);
	SAY(sendto(s, &e, 7, MSG_OOB, to, 3));
	SAY(sendto(s, &e, 0, MSG_OOB, to, 3));
	SAY(sendto(s, buf, 65536, MSG_OOB, to, 3));
	SAY(sendto(s, (void *)8, 8, MSG_OOB, to, 3));
	SAY(sendto(s, (void *)8, 8, 0, to, 3));
	e.code = 1;
	SAY(sendto(s, &e, sizeof(e), 0, to, 28));
	e.code = 0;
	SAY(sendto(s, &e, sizeof(e), 0, to, f->size - 1));
	SAY(sendto(s, &e, sizeof(e), 0, to, 28));
	SAY(sendto(s, &e, sizeof(e), 0, of_family(f->host, AF_UNSPEC), 28));
	SAY(sendto(s, &e, sizeof(e), 0, IN(f->nowhere, 0)));
	SAY(sendto(s, &e, sizeof(e), 0, of_family(f->host, f->other), 28));
	for (int type = 0; type < 256; type++) {
		e.type = type;
		if (sendto(s, &e, sizeof(e), MSG_DONTWAIT, IN(f->host, 0)) >= 0)
			printf("type %d sent\n", type);
		else if (errno != EINVAL)
			printf("type %d: %s\n", type, strerrorname(errno));
	}
	close(s);
}

static void long_ones(const struct family *f)
{
	static const int sizes[] = { 1999,  65495, 65507, 65515,
				     65516, 65535, 65536, 70000 };
	static char big[70000];
	int s = ping_socket(f);

	printf("-- long, %s\n", f->host);
	memset(big, 'x', sizeof(big));
	memcpy(big, echo(f, 1), sizeof(e));
	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		/* of IPv6, more than a packet of the guest's has room for */
		if (f == &six && sizes[n] > 65495 && sizes[n] < 65536)
			continue;
		if (SAY(sendto(s, big, sizes[n], 0, IN(f->host, 0))) < 0)
			continue;
		show_reply("reply", s, sizeof(buf), 0);
		printf("the same: %d\n",
		       !memcmp(buf + 8, big + 8, sizes[n] - 8));
	}
	close(s);
}

static void received(const struct family *f)
{
	int s = ping_socket(f), ep = epoll_of(s, EPOLLIN | EPOLLET), n = -1;
	struct timeval t = { 0, 50000 };
	struct epoll_event ev;

	printf("-- received, %s\n", f->host);
	SAY(recv(s, buf, 10, MSG_OOB));
	SAY(recv(s, buf, 10, MSG_ERRQUEUE));
	SAY(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	TAKES(50, recv(s, buf, 10, 0));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(ping(s, f, 1));
	show_until("sent", s, POLLIN);
	SAY(epoll_wait(ep, &ev, 1, 1000));
	SAY(epoll_wait(ep, &ev, 1, 0));
	SAY(ioctl(s, FIONREAD, &n));
	SAY(ioctl(s, TIOCOUTQ, &n));
	show_reply("peeked at", s, 1000, MSG_PEEK);
	show_reply("a part of it", s, 9, MSG_PEEK);
	show_reply("its size", s, 9, MSG_PEEK | MSG_TRUNC);
	show_reply("nothing of it", s, 0, 0);
	show_none(s);
	SAY(ping(s, f, 2));
	show_until("sent", s, POLLIN);
	SAY(epoll_wait(ep, &ev, 1, 1000));
	close(s);
	close(ep);
}

static void shut(const struct family *f)
{
	int s = ping_socket(f);

	printf("-- shut, %s\n", f->host);
	SAY(ping(s, f, 1));
	show_until("sent", s, POLLIN);
	SAY(shutdown(s, SHUT_RD));
	show_poll("shut", s);
	show_reply("reply", s, 1000, 0);
	SAY(recv(s, buf, 10, 0));
	SAY(recv(s, buf, 10, MSG_DONTWAIT));
	echoed(s, f, 2);
	SAY(shutdown(s, SHUT_WR));
	SAY(ping(s, f, 3));
	SAY(send(s, ECHO(f, 3), 0));
	SAY(sendto(s, &e, 7, 0, IN(f->host, 0)));
	show_poll("shut", s);
	SAY(connect(s, IN(f->host, 1)));
	SAY(shutdown(s, SHUT_RDWR));
	SAY(shutdown(s, 3));
	close(s);
}

/* One that looks right, of the type and code, from the raw socket. */
static void by_hand(int raw, const struct family *f, int id, int type, int code)
{
	echo(f, 3);
	e.type = type;
	e.code = code;
	e.id = htons(id);
	e.sum = htons(~sum_of(f, &e, sizeof(e)));
	SAY(sendto(raw, &e, sizeof(e), 0, IN(f->host, 0)));
}

/* What is on the wire, and what of it is for a ping socket. */
static void wire(const struct family *f)
{
	int s = ping_socket(f), skip = PICK(f, 20, 0), id, n;
	int reply = PICK(f, ICMP_ECHOREPLY, ICMP6_ECHO_REPLY);
	int raw = socket(f->family, SOCK_RAW, f->protocol);

	printf("-- on the wire, %s\n", f->host);
	set_opt(s, IPPROTO_IP, IP_TTL, 9);
	set_opt(s, IPPROTO_IP, IP_TOS, 16);
	for (int k = 1; k < 5; k++) {
		if (k & 1)
			SAY(ping(s, f, k / 2));
		id = port_of(s);
		n = recv(raw, buf, sizeof(buf), 0);
		show_echo(f, buf + skip, n - skip, id);
		if (skip)
			printf(" ttl %d tos %d", buf[8], buf[1]);
		printf("\n");
	}
	show_reply("reply", s, 1000, 0);
	show_reply("reply", s, 1000, 0);
	by_hand(raw, f, id, PICK(f, ICMP_ECHO, ICMP6_ECHO_REQUEST), 0);
	show_reply("reply alone", s, 1000, 0);
	show_none(s);
	by_hand(raw, f, id, reply, 0);
	show_reply("not asked for", s, 1000, 0);
	by_hand(raw, f, id, reply, 3);
	show_reply("with a code", s, 1000, 0);
	by_hand(raw, f, id + 1, reply, 0);
	show_none(s);
	e.sum++; /* only IPv6 knows better */
	e.id = htons(id);
	SAY(sendto(raw, &e, sizeof(e), 0, IN(f->host, 0)));
	show_none(s);
	close(s);
	close(raw);
}

static void options(const struct family *f)
{
	int s = ping_socket(f), filter[8] = { 1 };

	printf("-- options, %s\n", f->host);
	OPT(s, SO_DOMAIN);
	OPT(s, SO_TYPE);
	OPT(s, SO_PROTOCOL);
	OPT(s, SO_REUSEADDR);
	OPT(s, SO_ACCEPTCONN);
	LOPT(s, IPPROTO_IP, IP_TTL);
	LOPT(s, IPPROTO_IP, IP_RECVERR);
	LOPT(s, IPPROTO_IP, IP_RECVTTL);
	LOPT(s, IPPROTO_IP, IP_HDRINCL);
	SAY(set_opt(s, IPPROTO_IP, IP_HDRINCL, 1));
	SAY(setsockopt(s, SOL_RAW, ICMP_FILTER, filter, 4));
	LOPT(s, SOL_RAW, ICMP_FILTER);
	SAY(setsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, filter, 32));
	LOPT(s, IPPROTO_ICMPV6, ICMP6_FILTER);
	LOPT(s, IPPROTO_IPV6, IPV6_V6ONLY);
	SAY(set_opt(s, IPPROTO_IPV6, IPV6_V6ONLY, 0));
	LOPT(s, IPPROTO_IPV6, IPV6_V6ONLY);
	LOPT(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
	LOPT(s, IPPROTO_IPV6, IPV6_RECVERR);
	SAY(set_opt(s, IPPROTO_IPV6, IPV6_CHECKSUM, 2));
	close(s);
}

/* ---- what comes with a message, and instead of one ---- */

/* Sends a request in two parts, with one control message. */
static long with(int s, const struct family *f, int level, int type,
		 const void *value, int n)
{
	static char control[128];
	struct iovec v[2] = { { (void *)echo(f, 9), 3 },
			      { (char *)&e + 3, sizeof(e) - 3 } };
	struct msghdr m = { .msg_name = inet_name(f->host, 0),
			    .msg_namelen = f->size,
			    .msg_iov = v,
			    .msg_iovlen = 2,
			    .msg_control = control,
			    .msg_controllen = CMSG_SPACE(n) };
	struct cmsghdr *h = (void *)control;

	memset(control, 0, sizeof(control));
	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(h), value, n);
	return sendmsg(s, &m, 0);
}

#define WITH(level, type, value)                                               \
	with(s, f, level, type, &(value), sizeof(value))

/* What chooses the address to send from. */
static long with_address(int s, const struct family *f, const char *from)
{
	struct in_pktinfo i = { 0 };
	struct in6_pktinfo j = { .ipi6_ifindex = 1 };

	inet_pton(AF_INET6, from, &j.ipi6_addr);
	inet_pton(AF_INET, from, &i.ipi_spec_dst);
	return PICK(f, WITH(IPPROTO_IP, IP_PKTINFO, i),
		    WITH(IPPROTO_IPV6, IPV6_PKTINFO, j));
}

static void controls(const struct family *f)
{
	int s = ping_socket(f);

	printf("-- control messages received, %s\n", f->host);
	ping(s, f, 1);
	receive("it", s, 1000, 512, MSG_PEEK);
	receive("all of it", s, 14, 512, MSG_PEEK | MSG_TRUNC);
	receive("it", s, 13, 512, MSG_PEEK);
	receive("it", s, 10, 512, MSG_TRUNC);
	SAY(set_opt(s, f->level, PICK(f, IP_PKTINFO, IPV6_RECVPKTINFO), 1));
	ping(s, f, 2);
	receive("it", s, 1000, 512, MSG_PEEK);
	SAY(set_opt(s, f->level, PICK(f, IP_RECVTTL, IPV6_RECVHOPLIMIT), 1));
	SAY(set_opt(s, f->level, PICK(f, IP_RECVTOS, IPV6_RECVTCLASS), 1));
	receive("it", s, 1000, 512, 0);
	SAY(set_opt(s, f->level, PICK(f, IP_TOS, IPV6_TCLASS), 16));
	ping(s, f, 3);
	receive("it", s, 1000, 512, MSG_PEEK);
	receive("it", s, 1000, 60, MSG_PEEK);
	receive("it", s, 1000, 0, 0);
	if (f == &four) {
		SAY(sendto(s, ECHO(f, 4), 0, IN("127.1.2.3", 0)));
		receive("it", s, 1000, 512, 0);
	}
	printf("-- and sent\n");
	SAY(WITH(f->level, PICK(f, IP_TTL, IPV6_HOPLIMIT), (int){ 77 }));
	receive("it", s, 1000, 512, 0);
	SAY(WITH(f->level, PICK(f, IP_TOS, IPV6_TCLASS), (int){ 8 }));
	receive("it", s, 1000, 512, 0);
	SAY(with_address(s, f, PICK(f, "127.0.0.5", "::1")));
	receive("it", s, 1000, 512, 0);
	SAY(with_address(s, f, f->nowhere));
	SAY(WITH(f->level, PICK(f, IP_TTL, IPV6_HOPLIMIT), (int){ 256 }));
	SAY(WITH(f->level, 199, (int){ 1 }));
	SAY(WITH(IPPROTO_TCP, 99, (int){ 1 }));
	show_reply("reply", s, 1000, MSG_DONTWAIT);
	close(s);
}

/* An error about a request of that id. */
static void forge(int raw, const struct family *f, int id, int type, int code)
{
	echo(f, 1);
	e.id = htons(id);
	forge_about(raw, f, f->protocol, &e, type, code);
}

static void told(const char *what, int s)
{
	show_poll(what, s);
	show_reply("  recv", s, 1000, MSG_DONTWAIT);
	show_poll("  then", s);
}

static void error(int raw, const struct family *f, int type, int code)
{
	int s = ping_socket(f);

	printf("type %d code %d\n", type, code);
	bind(s, IN(f->any, ID));
	forge(raw, f, ID, type, code);
	told("bound", s);
	connect(s, IN(f->host, 0));
	forge(raw, f, ID + 1, type, code);
	show_poll("of another", s);
	forge(raw, f, ID, type, code);
	told("connected", s);
	set_opt(s, f->level, PICK(f, IP_RECVERR, IPV6_RECVERR), 1);
	forge(raw, f, ID, type, code);
	told("asked for", s);
	receive("it", s, 1000, 512, MSG_ERRQUEUE);
	show_poll("read", s);
	receive("it", s, 1000, 512, MSG_ERRQUEUE);
	forge(raw, f, ID, type, code);
	SAY(ping(s, f, 1));
	SAY(ping(s, f, 2));
	receive("it", s, 9, 20, MSG_ERRQUEUE);
	close(s);
}

static void errors(const struct family *f)
{
	static const unsigned char types[] = { 3,  1, 3, 3,  3, 5,  3,
					       13, 4, 0, 11, 0, 12, 0 };
	static const unsigned char types6[] = { 1, 0, 1, 1, 1, 3, 1,
						4, 1, 5, 3, 0, 4, 1 };
	const unsigned char *t = f == &six ? types6 : types;
	int raw = socket(f->family, SOCK_RAW, f->protocol);

	printf("-- errors, %s\n", f->host);
	for (int n = 0; n < 14; n += 2)
		error(raw, f, t[n], t[n + 1]);
	close(raw);
}

/* ---- seen by others ---- */

static void lines(const struct family *f)
{
	int s = ping_socket(f), t = ping_socket(f), fd = open(f->file, 0);
	char line[400];
	long n = read(fd, line, sizeof(line));

	printf("-- %s\n", f->file);
	print_line(line, n);
	printf("\n");
	show_line("fresh", f->file, s);
	SAY(bind(s, IN(f->any, 0)));
	show_line("bound", f->file, s);
	SAY(bind(t, IN(f->host, 0)));
	show_line("two", f->file, t);
	SAY(connect(s, IN(f->host, 9)));
	show_line("connected", f->file, s);
	SAY(ping(s, f, 1));
	show_until("sent", s, POLLIN);
	show_line("unread", f->file, s);
	close(t);
	close(s);
	show_line("closed", f->file, fd);
	close(fd);
}

static void shared(const struct family *f)
{
	int s = ping_socket(f), t = ping_socket(f), id;

	printf("-- shared, %s\n", f->host);
	set_opt(t, SOL_SOCKET, SO_REUSEADDR, 0);
	SAY(bind(s, IN(f->host, 0)));
	id = port_of(s);
	if (!fork()) {
		usleep(30000);
		ping(s, f, 1);
		_exit(0);
	}
	show_reply("parent", s, 1000, 0);
	wait(NULL);
	SAY(ping(s, f, 2));
	if (!fork()) {
		show_reply("child", s, 1000, 0);
		SAY(close(s));
		SAY(bind(t, IN(f->host, id)));
		_exit(0);
	}
	wait(NULL);
	SAY(bind(t, IN(f->host, id)));
	SAY(close(s));
	SAY(bind(t, IN(f->host, id)));
	printf("the same id: %d\n", port_of(t) == id);
	close(t);
}

static void each(const struct family *f)
{
	names(f);
	connected(f);
	echoes(f);
	refused(f);
	long_ones(f);
	received(f);
	shut(f);
	wire(f);
	options(f);
	controls(f);
	errors(f);
	lines(f);
	shared(f);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0); /* it forks */
	on_one_cpu();
	own_proc();
	kinds("none may");
	range();
	groups();
	set_range("0 2147483647");
	kinds("all may");
	each(&four);
	each(&six);
	special();
	addresses();
	in_use();
	as_user(low_id);
	set_range("1 0");
	no_proc();
	return 0;
}
