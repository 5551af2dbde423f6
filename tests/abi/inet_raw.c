/* SPDX-License-Identifier: Apache-2.0 */
/* inet_raw.c: raw sockets: echo of both families, headers made and seen */
#include "inet.h"
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

static unsigned char buf[3000];

struct echo {
	struct icmphdr h;
	char text[6];
};

static int make_echo(struct echo *e, int seq)
{
	memset(e, 0, sizeof(*e));
	e->h.type = ICMP_ECHO;
	e->h.un.echo.id = htons(0x1234);
	e->h.un.echo.sequence = htons(seq);
	memcpy(e->text, "abcdef", 6);
	e->h.checksum = htons(~sum16(0, e, 14));
	return 14;
}

static void show_icmp(const unsigned char *p, int n)
{
	printf("  type %d code %d", p[0], p[1]);
	if (p[0] == ICMP_ECHO || p[0] == ICMP_ECHOREPLY)
		printf(" id %x sequence %d '%s'", p[4] << 8 | p[5],
		       p[6] << 8 | p[7], p + 8);
	printf(" sum %x\n", sum16(0, p, n));
}

/* What comes, with its IPv4 header and what is in it. */
static void show_packet(const char *what, int s, int room, int flags)
{
	const struct ip *ip = (const void *)buf;
	const unsigned char *p;
	union inet_name from;
	socklen_t len = sizeof(from);
	char at[2][INET_ADDRSTRLEN];
	long n;

	memset(buf, 0, sizeof(buf));
	n = recvfrom(s, buf, room, flags, &from.sa, &len);
	printf("%s: ", what);
	if (n < 0) {
		printf("%s\n", strerrorname(errno));
		fflush(stdout);
		return;
	}
	inet_ntop(AF_INET, &ip->ip_src, at[0], sizeof(at[0]));
	inet_ntop(AF_INET, &ip->ip_dst, at[1], sizeof(at[1]));
	printf("%ld bytes, version %d header %d tos %x total %d ttl %d "
	       "protocol %d, %s to %s, sum %x\n",
	       n, ip->ip_v, ip->ip_hl, ip->ip_tos, ntohs(ip->ip_len),
	       ip->ip_ttl, ip->ip_p, at[0], at[1], sum16(0, buf, 20));
	p = buf + ip->ip_hl * 4;
	if (n > room)
		printf("  truncated\n");
	else if (ip->ip_p == IPPROTO_ICMP)
		show_icmp(p, n - ip->ip_hl * 4);
	else if (ip->ip_p == IPPROTO_UDP)
		printf("  length %d '%s'\n", p[4] << 8 | p[5], p + 8);
	printf("  ");
	show_addr("from", &from, len, 0);
}

static void echo(void)
{
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), n;
	struct echo e;
	int filter = ~(1 << ICMP_ECHOREPLY);

	printf("-- echo\n");
	show_poll("fresh", s);
	OPT(s, SO_TYPE);
	OPT(s, SO_PROTOCOL);
	LOPT(s, IPPROTO_IP, IP_HDRINCL);
	show_inet("fresh", s, getsockname, IPPROTO_ICMP);
	show_inet("fresh", s, getpeername, 0);
	show_packet("none", s, 1000, MSG_DONTWAIT);
	SAY(sendto(s, &e, make_echo(&e, 1), 0, IN("127.0.0.1", 0)));
	show_until("sent", s, POLLIN);
	usleep(20000);
	SAY(ioctl(s, FIONREAD, &n));
	printf("%d\n", n);
	show_packet("request", s, 1000, 0);
	show_packet("reply", s, 1000, 0);
	show_packet("none", s, 1000, MSG_DONTWAIT);
	SAY(setsockopt(s, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
	SAY(set_opt(s, IPPROTO_IP, IP_TTL, 9));
	SAY(set_opt(s, IPPROTO_IP, IP_TOS, 16));
	SAY(sendto(s, &e, make_echo(&e, 2), 0, IN("127.0.0.1", 0)));
	show_packet("reply", s, 1000, 0);
	show_packet("none", s, 1000, MSG_DONTWAIT);
	SAY(connect(s, IN("127.0.0.2", 0)));
	show_inet("connected", s, getpeername, 0);
	SAY(send(s, &e, make_echo(&e, 3), 0));
	show_packet("peeked at", s, 1000, MSG_PEEK);
	show_packet("too long", s, 28, MSG_TRUNC);
	sendto(s, &e, make_echo(&e, 4), 0, IN("127.0.0.3", 0));
	sendto(s, &e, make_echo(&e, 5), 0, IN("127.0.0.2", 0));
	show_packet("of the peer alone", s, 1000, 0);
	make_echo(&e, 6);
	e.h.checksum ^= 1;
	sendto(s, &e, 14, 0, IN("127.0.0.2", 0));
	usleep(20000);
	show_packet("wrong sum", s, 1000, MSG_DONTWAIT);
	close(s);
	s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	SAY(send(s, &e, make_echo(&e, 7), 0));
	SAY(sendto(s, &e, 14, 0, IN("192.0.2.1", 0)));
	SAY(sendto(s, &e, 14, 0, IN("::1", 0)));
	SAY(sendto(s, &e, 14, 0, inet_name("127.0.0.1", 0), 8));
	SAY(sendto(s, buf, 70000, 0, IN("127.0.0.1", 0)));
	SAY(bind(s, IN("192.0.2.1", 0)));
	SAY(bind(s, IN("127.0.0.5", 0)));
	show_inet("bound", s, getsockname, IPPROTO_ICMP);
	SAY(listen(s, 1));
	SAY(sendto(s, &e, 14, 0, IN("127.0.0.1", 0)));
	show_packet("reply to the bound", s, 1000, 0);
	SAY(shutdown(s, SHUT_WR));
	close(s);
}

/* A header made by hand; the kernel fills in what is zero. */
static void made(void)
{
	struct {
		struct ip ip;
		union {
			struct udphdr udp;
			struct icmphdr icmp;
		};
		char text[5];
	} p = { 0 };
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	int r = udp_bound("127.0.0.1");

	printf("-- made by hand\n");
	LOPT(s, IPPROTO_IP, IP_HDRINCL);
	p.ip.ip_v = 4;
	p.ip.ip_hl = 5;
	p.ip.ip_ttl = 33;
	p.ip.ip_p = IPPROTO_UDP;
	p.ip.ip_len = htons(7777); /* it knows better */
	inet_pton(AF_INET, "127.0.0.9", &p.ip.ip_src);
	inet_pton(AF_INET, "127.0.0.1", &p.ip.ip_dst);
	p.udp.source = htons(1234);
	p.udp.dest = htons(port_of(r));
	p.udp.len = htons(13);
	memcpy(p.text, "magic", 5);
	SAY(sendto(s, &p, 33, 0, IN("127.0.0.1", 0)));
	show_from(r, 100, 0, 1234);
	p.ip.ip_src.s_addr = 0;
	SAY(sendto(s, &p, 33, 0, IN("127.0.0.1", 0)));
	show_from(r, 100, 0, 1234);
	p.udp.len = htons(14); /* more than there is */
	SAY(sendto(s, &p, 33, 0, IN("127.0.0.1", 0)));
	usleep(20000);
	SAY(recv(r, buf, 10, MSG_DONTWAIT));
	SAY(sendto(s, &p, 19, 0, IN("127.0.0.1", 0)));
	p.ip.ip_hl = 15;
	SAY(sendto(s, &p, 33, 0, IN("127.0.0.1", 0)));
	SAY(send(s, &p, 33, 0));
	SAY(recv(s, buf, 10, MSG_DONTWAIT));
	close(s);
	s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	SAY(set_opt(s, IPPROTO_IP, IP_HDRINCL, 1));
	LOPT(s, IPPROTO_IP, IP_HDRINCL);
	p.ip.ip_hl = 5;
	p.ip.ip_p = IPPROTO_ICMP;
	memset(&p.icmp, 0, sizeof(p.icmp));
	p.icmp.type = ICMP_ECHO;
	p.icmp.un.echo.sequence = htons(9);
	p.icmp.checksum = htons(~sum16(0, &p.icmp, 13));
	SAY(sendto(s, &p, 33, 0, IN("127.0.0.1", 0)));
	show_packet("request", s, 1000, 0);
	show_packet("reply", s, 1000, 0);
	close(s);
	close(r);
}

/* UDP as a raw socket sees it, and the answer where nobody has the port. */
static void seen(void)
{
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
	int icmp = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int r = udp_bound("127.0.0.1"), u = udp_bound("127.0.0.2");
	struct {
		struct udphdr h;
		char text[3];
	} __attribute__((packed)) d = { 0 };

	printf("-- UDP seen\n");
	SAY(sendto(u, "hello", 5, 0, IN("127.0.0.1", port_of(r))));
	show_packet("datagram", s, 1000, 0);
	printf("  its ports %d %d\n", (buf[20] << 8 | buf[21]) == port_of(u),
	       (buf[22] << 8 | buf[23]) == port_of(r));
	show_from(r, 100, 0, port_of(u));
	d.h.source = htons(1234);
	d.h.dest = htons(port_of(r));
	d.h.len = htons(11);
	memcpy(d.text, "raw", 3);
	SAY(sendto(s, &d, sizeof(d), 0, IN("127.0.0.1", 0)));
	show_from(r, 100, 0, 1234);
	show_packet("its own", s, 1000, 0);
	SAY(sendto(u, "nobody", 6, 0, IN("127.0.0.1", NOBODY)));
	show_packet("to nobody", s, 1000, 0);
	show_packet("answer", icmp, 1000, 0);
	printf("  about protocol %d of %d bytes, port %d: '%.6s'\n",
	       buf[28 + 9], buf[28 + 2] << 8 | buf[28 + 3],
	       buf[28 + 22] << 8 | buf[28 + 23], buf + 28 + 28);
	close(s);
	close(icmp);
	close(r);
	close(u);
}

static void show_icmp6(const char *what, int s, int flags)
{
	unsigned char pseudo[40] = { 0 };
	struct icmp6_hdr *h = (void *)buf;
	union inet_name from;
	socklen_t len = sizeof(from);
	long n;

	memset(buf, 0, sizeof(buf));
	n = recvfrom(s, buf, 1000, flags, &from.sa, &len);
	printf("%s: ", what);
	if (n < 0) {
		printf("%s\n", strerrorname(errno));
		fflush(stdout);
		return;
	}
	pseudo[15] = pseudo[31] = 1; /* from ::1 to ::1 */
	pseudo[35] = n;
	pseudo[39] = IPPROTO_ICMPV6;
	printf("%ld bytes, type %d code %d", n, h->icmp6_type, h->icmp6_code);
	if (h->icmp6_type >= ICMP6_ECHO_REQUEST)
		printf(" id %x sequence %d '%s'", ntohs(h->icmp6_id),
		       ntohs(h->icmp6_seq), (char *)(h + 1));
	printf(" sum %x\n", sum16(sum16(0, pseudo, 40), buf, n));
	printf("  ");
	show_addr("from", &from, len, 0);
}

static void echo6(void)
{
	int s = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), u;
	struct {
		struct icmp6_hdr h;
		char text[6];
	} __attribute__((packed)) e = { 0 };
	struct icmp6_filter f;

	printf("-- echo, IPv6\n");
	show_poll("fresh", s);
	show_inet("fresh", s, getsockname, IPPROTO_ICMPV6);
	e.h.icmp6_type = ICMP6_ECHO_REQUEST;
	e.h.icmp6_id = htons(0x1234);
	e.h.icmp6_seq = htons(1);
	memcpy(e.text, "abcdef", 6);
	SAY(sendto(s, &e, sizeof(e), 0, IN("::1", 0)));
	show_icmp6("request", s, 0);
	show_icmp6("reply", s, 0);
	show_icmp6("none", s, MSG_DONTWAIT);
	ICMP6_FILTER_SETBLOCKALL(&f);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f);
	SAY(setsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)));
	e.h.icmp6_seq = htons(2);
	e.h.icmp6_cksum = 0x1111; /* it knows better */
	SAY(sendto(s, &e, sizeof(e), 0, IN("::1", 0)));
	show_icmp6("reply", s, 0);
	show_icmp6("none", s, MSG_DONTWAIT);
	SAY(connect(s, IN("::1", 0)));
	e.h.icmp6_seq = htons(3);
	SAY(send(s, &e, sizeof(e), 0));
	show_icmp6("reply", s, 0);
	ICMP6_FILTER_SETBLOCKALL(&f);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &f);
	SAY(setsockopt(s, IPPROTO_ICMPV6, ICMP6_FILTER, &f, sizeof(f)));
	u = udp_bound("::1");
	SAY(sendto(u, "nobody", 6, 0, IN("::1", NOBODY)));
	show_icmp6("answer", s, 0);
	printf("  about port %d: '%.6s'\n", buf[8 + 42] << 8 | buf[8 + 43],
	       buf + 8 + 48);
	SAY(sendto(s, &e, sizeof(e), 0, IN("2001:db8::1", 0)));
	close(s);
	close(u);
}

int main(void)
{
	on_one_cpu();
	echo();
	made();
	seen();
	echo6();
	return 0;
}
