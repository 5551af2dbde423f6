/* SPDX-License-Identifier: Apache-2.0 */
/* inet_opts.c: options: what they are at first, which values they take */
#include "inet.h"

struct option {
	const char *name;
	int level, opt;
	int n, values[6];
};
#define O(level, opt, ...)                                                     \
	{                                                                      \
#opt, level, opt,                                              \
			sizeof((int[]){ __VA_ARGS__ }) / sizeof(int),          \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}
#define READ(level, opt)                                                       \
	{                                                                      \
#opt, level, opt                                               \
	}

static const struct option of_all[] = {
	READ(SOL_SOCKET, SO_TYPE),
	READ(SOL_SOCKET, SO_DOMAIN),
	READ(SOL_SOCKET, SO_PROTOCOL),
	READ(SOL_SOCKET, SO_ACCEPTCONN),
	READ(SOL_SOCKET, SO_ERROR),
	READ(SOL_SOCKET, SO_SNDLOWAT),
	O(SOL_SOCKET, SO_TYPE, 1),
	O(SOL_SOCKET, SO_ERROR, 1),
	O(SOL_SOCKET, SO_ACCEPTCONN, 1),
	O(SOL_SOCKET, SO_REUSEADDR, 1, 0, 5, -1),
	O(SOL_SOCKET, SO_REUSEPORT, 1, 0, 5),
	O(SOL_SOCKET, SO_KEEPALIVE, 1, 0, 5),
	O(SOL_SOCKET, SO_BROADCAST, 1, 0, 5),
	O(SOL_SOCKET, SO_DONTROUTE, 1, 0),
	O(SOL_SOCKET, SO_OOBINLINE, 1, 0),
	O(SOL_SOCKET, SO_PRIORITY, 6, 0),
	O(SOL_SOCKET, SO_RCVLOWAT, 10, 0),
	O(SOL_SOCKET, SO_SNDLOWAT, 10),
	O(SOL_SOCKET, 9999, 1),
	O(IPPROTO_IP, IP_TTL, 1, 255, 0, 256, -1, -2),
	O(IPPROTO_IP, IP_TOS, 16, 0xff, 0x110, 0),
	O(IPPROTO_IP, IP_PKTINFO, 1, 5, 0),
	O(IPPROTO_IP, IP_RECVTTL, 1, 5, 0),
	O(IPPROTO_IP, IP_RECVTOS, 1, 0),
	O(IPPROTO_IP, IP_RECVERR, 1, 0),
	O(IPPROTO_IP, IP_MTU_DISCOVER, 0, 2, 3, 6, -1),
	O(IPPROTO_IP, IP_FREEBIND, 1, 0),
	O(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, 0),
	O(IPPROTO_IP, IP_MINTTL, 5, 256, -1, 0),
	O(IPPROTO_IP, IP_HDRINCL, 1),
	READ(IPPROTO_IP, IP_MTU),
	O(IPPROTO_IP, IP_MTU, 1500),
	O(IPPROTO_IP, 9999, 1),
	O(IPPROTO_IPV6, IPV6_V6ONLY, 1, 5, 0),
	O(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1, 255, 0, 256, -1, -2),
	O(IPPROTO_IPV6, IPV6_TCLASS, 16, 255, 256, -1, -2),
	O(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, 5, 0),
	O(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, 0),
	O(IPPROTO_IPV6, IPV6_RECVTCLASS, 1, 0),
	O(IPPROTO_IPV6, IPV6_RECVERR, 1, 0),
	O(IPPROTO_IPV6, IPV6_MTU_DISCOVER, 0, 2, 3, 6, -1),
	O(IPPROTO_IPV6, IPV6_DONTFRAG, 1, 0),
	READ(IPPROTO_IPV6, IPV6_MTU),
	O(IPPROTO_IPV6, 9999, 1),
	O(IPPROTO_TCP, TCP_NODELAY, 1, 0, 5),
	O(IPPROTO_TCP, TCP_CORK, 1, 0, 5, 0),
	O(IPPROTO_TCP, TCP_KEEPIDLE, 1, 32767, 0, 32768, -1),
	O(IPPROTO_TCP, TCP_KEEPINTVL, 1, 32767, 0, 32768, -1),
	O(IPPROTO_TCP, TCP_KEEPCNT, 1, 127, 0, 128, -1),
	O(IPPROTO_TCP, TCP_USER_TIMEOUT, 5000, -1, 0),
	O(IPPROTO_TCP, TCP_SYNCNT, 1, 127, 0, 128, -1),
	O(IPPROTO_TCP, TCP_MAXSEG, 1000, 87, 88, 32767, 32768, -1),
	O(IPPROTO_TCP, TCP_QUICKACK, 0, 1),
	O(IPPROTO_TCP, 9999, 1),
	O(77, 1, 1),
};

static void show_value(int s, const struct option *o)
{
	int v = -77;
	socklen_t n = sizeof(v);

	if (getsockopt(s, o->level, o->opt, &v, &n))
		printf(" %s", strerrorname(errno));
	else
		printf(" %d", v);
	if (n != sizeof(v))
		printf("/%u", n);
}

static void table(const char *host, int type)
{
	const int count = sizeof(of_all) / sizeof(of_all[0]);

	printf("-- %s %s\n", family_of(host) == AF_INET ? "IPv4" : "IPv6",
	       type == SOCK_STREAM ? "TCP" : "UDP");
	for (const struct option *o = of_all; o < of_all + count; o++) {
		int s = socket(family_of(host), type, 0), n = o->n;

		/* those of another kind of socket are all the same */
		if ((o->level == IPPROTO_IPV6 && !strchr(host, ':')) ||
		    (o->level == IPPROTO_TCP && type != SOCK_STREAM))
			n = n > 0;
		printf("%s %d:", o->name, o->level);
		show_value(s, o);
		for (int k = 0; k < n; k++) {
			printf(", %d", o->values[k]);
			if (set_opt(s, o->level, o->opt, o->values[k]))
				printf(" %s:", strerrorname(errno));
			else
				printf(" ok:");
			show_value(s, o);
		}
		printf("\n");
		fflush(stdout);
		close(s);
	}
}

static void buffers(int type)
{
	static const int values[] = { 50000, 4321, 1, 0 };
	int s;

	printf("-- buffers\n");
	for (unsigned k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
		s = socket(AF_INET, type, 0);
		printf("%d:\n", values[k]);
		SAY(set_opt(s, SOL_SOCKET, SO_SNDBUF, values[k]));
		OPT(s, SO_SNDBUF);
		SAY(set_opt(s, SOL_SOCKET, SO_RCVBUF, values[k]));
		OPT(s, SO_RCVBUF);
		close(s);
	}
}

static void structs(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);
	struct linger l = { 5, -1 };
	struct timeval tv = { 7, 8000 };
	socklen_t n = sizeof(l);

	printf("-- structures\n");
	SAY(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n));
	printf("%d %d len %u\n", l.l_onoff, l.l_linger, n);
	l = (struct linger){ 5, 9 };
	SAY(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n));
	printf("%d %d\n", l.l_onoff, l.l_linger);
	l.l_onoff = 0;
	SAY(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	SAY(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n));
	printf("%d %d\n", l.l_onoff, l.l_linger);
	SAY(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, 4));
	n = sizeof(tv);
	SAY(getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, &n));
	printf("%d %d len %u\n", (int)tv.tv_sec, (int)tv.tv_usec, n);
	tv = (struct timeval){ 7, 8000 };
	SAY(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	SAY(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, 8));
	memset(&tv, 0, sizeof(tv));
	SAY(getsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, &n));
	printf("%d %d len %u\n", (int)tv.tv_sec, (int)tv.tv_usec, n);
	tv.tv_usec = 1000000;
	SAY(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	tv = (struct timeval){ -1, 0 };
	SAY(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	tv.tv_sec = 5;
	SAY(getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &n));
	printf("%d %d\n", (int)tv.tv_sec, (int)tv.tv_usec);
	close(s);
}

static void show_short(int s, int level, int opt, int room)
{
	unsigned char b[8];
	socklen_t n = room;

	memset(b, 0xee, sizeof(b));
	printf("room %d: ", room);
	if (getsockopt(s, level, opt, b, &n))
		printf("%s\n", strerrorname(errno));
	else
		printf("%u, %02x%02x%02x%02x%02x\n", n, b[0], b[1], b[2], b[3],
		       b[4]);
	fflush(stdout);
}

/* Lengths and pointers that are not what they should be. */
static void arguments(void)
{
	static const int which[][2] = { { SOL_SOCKET, SO_RCVLOWAT },
					{ IPPROTO_IP, IP_TTL },
					{ IPPROTO_IPV6, IPV6_UNICAST_HOPS },
					{ IPPROTO_TCP, TCP_KEEPCNT } };
	int s = socket(AF_INET6, SOCK_STREAM, 0), v = 5;
	socklen_t n = sizeof(v);

	printf("-- arguments\n");
	for (int k = 0; k < 4; k++) {
		int level = which[k][0], opt = which[k][1];

		printf("level %d option %d\n", level, opt);
		for (int len = 3; len >= -1; len--)
			SAY(setsockopt(s, level, opt, &v, len));
		SAY(setsockopt(s, level, opt, &v, 8));
		SAY(setsockopt(s, level, opt, (void *)8, 4));
		for (int room = 5; room >= 0; room--)
			show_short(s, level, opt, room);
		if (level == IPPROTO_IPV6)
			continue; /* it looks at less */
		show_short(s, level, opt, -1);
		SAY(setsockopt(s, level, opt, NULL, 4));
		SAY(syscall(SYS_getsockopt, s, level, opt, 8, &n));
		SAY(syscall(SYS_getsockopt, s, level, opt, &v, 8));
	}
	SAY(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &v, 4));
	SAY(setsockopt(999, SOL_SOCKET, SO_REUSEADDR, &v, 4));
	SAY(getsockopt(0, SOL_SOCKET, SO_REUSEADDR, &v, &n));
	close(s);
}

static void congestion(void)
{
	char name[16], again[17];
	socklen_t n = sizeof(name);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	printf("-- congestion control\n");
	memset(name, 0, sizeof(name));
	SAY(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &n));
	printf("len %u, a name %d\n", n, name[0] && strlen(name) < 16);
	SAY(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name)));
	SAY(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "none-such", 9));
	SAY(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, 0));
	n = 3;
	memset(again, 0, sizeof(again));
	SAY(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, again, &n));
	printf("len %u, the same %d\n", n, !memcmp(name, again, 3));
	close(s);
}

/* Those of a connection, which its other end has a part in. */
static void of_connections(void)
{
	int s[2], u;

	printf("-- connected\n");
	tcp_pair("127.0.0.1", s);
	LOPT(s[0], IPPROTO_IP, IP_MTU);
	OPT(s[0], SO_ACCEPTCONN);
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_SYNCNT, 5));
	SAY(set_opt(s[0], IPPROTO_TCP, TCP_NODELAY, 1));
	LOPT(s[0], IPPROTO_TCP, TCP_NODELAY);
	SAY(set_opt(s[0], SOL_SOCKET, SO_RCVBUF, 50000));
	OPT(s[0], SO_RCVBUF);
	close(s[0]);
	close(s[1]);
	tcp_pair("::1", s);
	LOPT(s[0], IPPROTO_IPV6, IPV6_MTU);
	SAY(set_opt(s[0], IPPROTO_IPV6, IPV6_V6ONLY, 1));
	close(s[0]);
	close(s[1]);
	u = socket(AF_INET, SOCK_DGRAM, 0);
	SAY(connect(u, IN("127.0.0.1", NOBODY)));
	LOPT(u, IPPROTO_IP, IP_MTU);
	close(u);
	u = tcp_listener("127.0.0.1", 1);
	OPT(u, SO_ACCEPTCONN);
	close(u);
}

int main(void)
{
	table("127.0.0.1", SOCK_STREAM);
	table("127.0.0.1", SOCK_DGRAM);
	table("::1", SOCK_STREAM);
	table("::1", SOCK_DGRAM);
	buffers(SOCK_STREAM);
	buffers(SOCK_DGRAM);
	structs();
	arguments();
	congestion();
	of_connections();
	return 0;
}
