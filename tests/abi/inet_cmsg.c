/* SPDX-License-Identifier: Apache-2.0 */
/* inet_cmsg.c: what comes with a datagram, goes with one, and comes back */
#include "inet.h"
#include <linux/errqueue.h>

static char control[512], data[100];
static union inet_name name;

static void show_error(const struct cmsghdr *h, int port)
{
	const struct sock_extended_err *e = (const void *)CMSG_DATA(h);
	union inet_name a;

	memset(&a, 0, sizeof(a));
	memcpy(&a, SO_EE_OFFENDER(e), h->cmsg_level ? 28 : 16);
	printf("  error %s origin %d type %d code %d info %d data %d\n",
	       strerrorname(e->ee_errno), e->ee_origin, e->ee_type, e->ee_code,
	       e->ee_info, e->ee_data);
	printf("  ");
	show_addr("offender", &a, h->cmsg_level ? 28 : 16, port);
}

static void show_control(const struct cmsghdr *h, int port)
{
	int level = h->cmsg_level, type = h->cmsg_type, n;
	char at[2][INET6_ADDRSTRLEN];

	printf("  level %d type %d len %d", level, type, (int)h->cmsg_len);
	if (level == IPPROTO_IP && type == IP_PKTINFO) {
		struct in_pktinfo i;

		memcpy(&i, CMSG_DATA(h), sizeof(i));
		inet_ntop(AF_INET, &i.ipi_spec_dst, at[0], sizeof(at[0]));
		inet_ntop(AF_INET, &i.ipi_addr, at[1], sizeof(at[1]));
		printf(": interface %d, %s, %s\n", i.ipi_ifindex, at[0], at[1]);
	} else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
		struct in6_pktinfo i;

		memcpy(&i, CMSG_DATA(h), sizeof(i));
		inet_ntop(AF_INET6, &i.ipi6_addr, at[0], sizeof(at[0]));
		printf(": interface %d, %s\n", i.ipi6_ifindex, at[0]);
	} else if ((level == IPPROTO_IP && type == IP_RECVERR) ||
		   (level == IPPROTO_IPV6 && type == IPV6_RECVERR)) {
		printf("\n");
		show_error(h, port);
	} else if (h->cmsg_len == CMSG_LEN(1)) {
		printf(": %d\n", *CMSG_DATA(h));
	} else {
		memcpy(&n, CMSG_DATA(h), sizeof(n));
		printf(": %d\n", n);
	}
}

/* Receives with room for so much control; the port is the one to expect. */
static void receive(int s, int room, int flags, int port)
{
	struct iovec v = { data, sizeof(data) - 1 };
	struct msghdr m = { .msg_name = &name,
			    .msg_namelen = sizeof(name),
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = room };
	struct cmsghdr *h;
	long r;

	memset(&name, 0, sizeof(name));
	memset(data, 0, sizeof(data));
	memset(control, 0, sizeof(control));
	r = recvmsg(s, &m, flags);
	if (r < 0) {
		printf("recvmsg: %s\n", strerrorname(errno));
		fflush(stdout);
		return;
	}
	printf("recvmsg: %ld '%s' flags %x control %d ", r, data, m.msg_flags,
	       (int)m.msg_controllen);
	show_addr("name", &name, m.msg_namelen, port);
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		show_control(h, port);
	fflush(stdout);
}

/* Sends a datagram with one control message. */
static long with(int s, const char *host, int port, int level, int type,
		 const void *value, int n)
{
	struct iovec v = { "with", 4 };
	struct msghdr m = { .msg_name = inet_name(host, port),
			    .msg_namelen = strchr(host, ':') ? 28 : 16,
			    .msg_iov = &v,
			    .msg_iovlen = 1,
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
#define WITH(host, level, type, value)                                         \
	with(s, host, port_of(r), level, type, &(value), sizeof(value))

static void received(void)
{
	int r = udp_bound("0.0.0.0"), s = udp_bound("127.0.0.1");

	printf("-- received, IPv4\n");
	SAY(sendto(s, "plain", 5, 0, IN("127.0.0.1", port_of(r))));
	receive(r, 512, 0, port_of(s));
	SAY(set_opt(r, IPPROTO_IP, IP_PKTINFO, 1));
	LOPT(r, IPPROTO_IP, IP_PKTINFO);
	sendto(s, "info", 4, 0, IN("127.0.0.1", port_of(r)));
	receive(r, 512, MSG_PEEK, port_of(s));
	receive(r, 512, 0, port_of(s));
	sendto(s, "info", 4, 0, IN("127.1.2.3", port_of(r)));
	receive(r, 512, 0, port_of(s));
	SAY(set_opt(r, IPPROTO_IP, IP_RECVTTL, 1));
	SAY(set_opt(r, IPPROTO_IP, IP_RECVTOS, 1));
	LOPT(r, IPPROTO_IP, IP_RECVTTL);
	LOPT(r, IPPROTO_IP, IP_RECVTOS);
	sendto(s, "all", 3, 0, IN("127.0.0.1", port_of(r)));
	receive(r, 512, 0, port_of(s));
	SAY(set_opt(s, IPPROTO_IP, IP_TTL, 9));
	SAY(set_opt(s, IPPROTO_IP, IP_TOS, 0x2c));
	sendto(s, "changed", 7, 0, IN("127.0.0.1", port_of(r)));
	receive(r, 512, 0, port_of(s));
	for (int n = 0; n < 5; n++) {
		static const int room[] = { 0, 8, 27, 28, 40 };

		sendto(s, "too much", 8, 0, IN("127.0.0.1", port_of(r)));
		receive(r, room[n], 0, port_of(s));
	}
	SAY(set_opt(s, SOL_SOCKET, SO_BROADCAST, 1));
	sendto(s, "to all", 6, 0, IN("127.255.255.255", port_of(r)));
	receive(r, 512, 0, port_of(s));
	SAY(set_opt(r, IPPROTO_IP, IP_PKTINFO, 0));
	SAY(set_opt(r, IPPROTO_IP, IP_RECVTTL, 0));
	SAY(set_opt(r, IPPROTO_IP, IP_RECVTOS, 0));
	sendto(s, "none", 4, 0, IN("127.0.0.1", port_of(r)));
	receive(r, 512, 0, port_of(s));
	close(r);
	close(s);
}

static void received6(void)
{
	int r = udp_bound("::"), s = udp_bound("::1"),
	    four = udp_bound("0.0.0.0");

	printf("-- received, IPv6\n");
	SAY(set_opt(r, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
	sendto(s, "info", 4, 0, IN("::1", port_of(r)));
	receive(r, 512, 0, port_of(s));
	SAY(set_opt(r, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
	SAY(set_opt(r, IPPROTO_IPV6, IPV6_RECVTCLASS, 1));
	LOPT(r, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	LOPT(r, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
	LOPT(r, IPPROTO_IPV6, IPV6_RECVTCLASS);
	sendto(s, "all", 3, 0, IN("::1", port_of(r)));
	receive(r, 512, 0, port_of(s));
	SAY(set_opt(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9));
	SAY(set_opt(s, IPPROTO_IPV6, IPV6_TCLASS, 0x2c));
	sendto(s, "changed", 7, 0, IN("::1", port_of(r)));
	receive(r, 512, 0, port_of(s));
	sendto(four, "mapped", 6, 0, IN("127.0.0.1", port_of(r)));
	receive(r, 512, 0, port_of(four));
	SAY(set_opt(r, IPPROTO_IP, IP_PKTINFO, 1));
	SAY(set_opt(r, IPPROTO_IP, IP_RECVTTL, 1));
	sendto(four, "mapped", 6, 0, IN("127.0.0.1", port_of(r)));
	receive(r, 512, 0, port_of(four));
	sendto(s, "too much", 8, 0, IN("::1", port_of(r)));
	receive(r, 20, 0, port_of(s));
	close(r);
	close(s);
	close(four);
}

static void sent(void)
{
	int r = udp_bound("0.0.0.0"), s = udp_socket("127.0.0.1"), n = 77;
	struct in_pktinfo info = { 0 };

	printf("-- sent, IPv4\n");
	set_opt(r, IPPROTO_IP, IP_RECVTTL, 1);
	set_opt(r, IPPROTO_IP, IP_RECVTOS, 1);
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_TTL, n));
	receive(r, 512, 0, port_of(s));
	n = 0x14;
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_TOS, n));
	receive(r, 512, 0, port_of(s));
	inet_pton(AF_INET, "127.0.0.5", &info.ipi_spec_dst);
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_PKTINFO, info));
	receive(r, 512, 0, port_of(s));
	info.ipi_ifindex = 1;
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_PKTINFO, info));
	receive(r, 512, 0, port_of(s));
	inet_pton(AF_INET, "192.0.2.1", &info.ipi_spec_dst);
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_PKTINFO, info));
	n = 0;
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_TTL, n));
	n = 256;
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_TTL, n));
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_TOS, n));
	SAY(WITH("127.0.0.1", IPPROTO_IP, 99, n));
	SAY(WITH("127.0.0.1", IPPROTO_IP, IP_PKTINFO, n));
	n = 5;
	SAY(WITH("127.0.0.1", IPPROTO_TCP, 99, n));
	receive(r, 512, 0, port_of(s));
	SAY(WITH("127.0.0.1", IPPROTO_IPV6, IPV6_HOPLIMIT, n));
	receive(r, 512, 0, port_of(s));
	SAY(WITH("127.0.0.1", SOL_SOCKET, 99, n));
	receive(r, 512, MSG_DONTWAIT, 0);
	close(r);
	close(s);
}

static void sent6(void)
{
	int r = udp_bound("::"), s = udp_socket("::1"), n = 77;
	struct in6_pktinfo info = { 0 };

	printf("-- sent, IPv6\n");
	set_opt(r, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_opt(r, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	SAY(WITH("::1", IPPROTO_IPV6, IPV6_HOPLIMIT, n));
	receive(r, 512, 0, port_of(s));
	SAY(WITH("::1", IPPROTO_IPV6, IPV6_TCLASS, n));
	receive(r, 512, 0, port_of(s));
	info.ipi6_ifindex = 1;
	inet_pton(AF_INET6, "::1", &info.ipi6_addr);
	SAY(WITH("::1", IPPROTO_IPV6, IPV6_PKTINFO, info));
	receive(r, 512, 0, port_of(s));
	inet_pton(AF_INET6, "2001:db8::1", &info.ipi6_addr);
	SAY(WITH("::1", IPPROTO_IPV6, IPV6_PKTINFO, info));
	n = 256;
	SAY(WITH("::1", IPPROTO_IPV6, IPV6_HOPLIMIT, n));
	SAY(WITH("::1", IPPROTO_IPV6, IPV6_TCLASS, n));
	SAY(WITH("::1", IPPROTO_IPV6, 199, n));
	receive(r, 512, MSG_DONTWAIT, 0);
	close(r);
	close(s);
}

static void errors(const char *host, int level, int opt)
{
	int s = udp_bound(host), c = udp_bound(host);

	printf("-- errors %s\n", host);
	LOPT(s, level, opt);
	SAY(set_opt(s, level, opt, 1));
	LOPT(s, level, opt);
	receive(s, 512, MSG_ERRQUEUE, NOBODY);
	SAY(sendto(s, "payload", 7, 0, IN(host, NOBODY)));
	show_until("refused", s, POLLERR);
	receive(s, 512, MSG_DONTWAIT, NOBODY);
	show_poll("told", s);
	receive(s, 512, MSG_ERRQUEUE, NOBODY);
	show_poll("read", s);
	receive(s, 512, MSG_ERRQUEUE, NOBODY);
	sendto(s, "again", 5, 0, IN(host, NOBODY));
	show_until("refused", s, POLLERR);
	receive(s, 512, MSG_ERRQUEUE, NOBODY);
	OPT(s, SO_ERROR);
	sendto(s, "third", 5, 0, IN(host, NOBODY));
	show_until("refused", s, POLLERR);
	SAY(sendto(s, "x", 1, 0, IN(host, port_of(c))));
	SAY(sendto(s, "x", 1, 0, IN(host, port_of(c))));
	receive(s, 20, MSG_ERRQUEUE, NOBODY);
	show_poll("read", s);
	SAY(set_opt(c, level, opt, 1));
	SAY(connect(c, IN(host, NOBODY)));
	SAY(send(c, "joined", 6, 0));
	show_until("refused", c, POLLERR);
	OPT(c, SO_ERROR);
	receive(c, 512, MSG_ERRQUEUE, NOBODY);
	show_poll("read", c);
	SAY(set_opt(s, level, opt, 0));
	sendto(s, "unheard", 7, 0, IN(host, NOBODY));
	usleep(20000);
	show_poll("not asked for", s);
	close(s);
	close(c);
}

int main(void)
{
	on_one_cpu();
	received();
	received6();
	sent();
	sent6();
	errors("127.0.0.1", IPPROTO_IP, IP_RECVERR);
	errors("::1", IPPROTO_IPV6, IPV6_RECVERR);
	return 0;
}
