/* SPDX-License-Identifier: Apache-2.0 */
/* inet_errors.c: what errors of ICMP do to UDP and ping sockets; addresses that
 * are sent from, and all that are sent to; states of what has no port */
#include "ping.h"
#include <linux/errqueue.h>

static char buf[1000];

/* The next one of the queue, if any. */
static void show_queue(int s)
{
	char control[512];
	union inet_name to;
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_name = &to,
			    .msg_namelen = sizeof(to),
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	long n = recvmsg(s, &m, MSG_ERRQUEUE);
	struct cmsghdr *h = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

	if (h) {
		const struct sock_extended_err *x = (void *)CMSG_DATA(h);

		printf(" [%s origin %d type %d code %d info %u, %ld bytes to "
		       "%d]",
		       strerrorname(x->ee_errno), x->ee_origin, x->ee_type,
		       x->ee_code, x->ee_info, n, inet_port(&to));
	}
}

static const char *so_error(int s)
{
	int v = -7;
	socklen_t n = sizeof(v);

	getsockopt(s, SOL_SOCKET, SO_ERROR, &v, &n);
	return v ? strerrorname(v) : "0";
}

static const char *received(int s)
{
	return recv(s, buf, 10, MSG_DONTWAIT) < 0 ? strerrorname(errno) : "?";
}

/* Two of them: who asks first has it. */
static void forged(int raw, const struct family *f, int type, int code, int how)
{
	uint16_t udp[7] = { 0, htons(9), htons(QUOTED) };
	int s = udp_bound(f->host);

	if (how & 1)
		connect(s, IN(PICK(f, "127.0.0.7", "::1"), 9));
	set_opt(s, f->level, PICK(f, IP_RECVERR, IPV6_RECVERR), how >> 1);
	udp[0] = htons(port_of(s));
	forge_about(raw, f, IPPROTO_UDP, udp, type, code);
	printf("%d/%d%s%s: SO_ERROR %s,", type, code,
	       how & 1 ? " connected" : "", how & 2 ? " asked for" : "",
	       so_error(s));
	printf(" recv %s", received(s));
	show_queue(s);
	forge_about(raw, f, IPPROTO_UDP, udp, type, code);
	printf("; recv %s,", received(s));
	printf(" SO_ERROR %s", so_error(s));
	show_queue(s);
	show_queue(s);
	printf("\n");
	close(s);
}

/* None of those that change routes. */
static void errors(const struct family *f)
{
	static const unsigned char of[] = { 3, 0,  3,  1,  3,  2,  3,  3,
					    3, 5,  3,  6,  3,  7,  3,  8,
					    3, 9,  3,  10, 3,  11, 3,  12,
					    3, 13, 3,  14, 3,  15, 4,  0,
					    5, 0,  11, 0,  11, 1,  12, 0 };
	static const unsigned char of6[] = {
		1, 0, 1, 1, 1, 2, 1, 3, 1, 4, 1, 5,
		1, 6, 1, 7, 3, 0, 3, 1, 4, 0, 4, 1
	};
	const unsigned char *t = f == &six ? of6 : of;
	int raw = socket(f->family, SOCK_RAW, f->protocol);

	printf("-- errors of UDP, %s\n", f->host);
	for (size_t n = 0; n < PICK(f, sizeof(of), sizeof(of6)); n += 2)
		for (int how = 0; how < 4; how++)
			forged(raw, f, t[n], t[n + 1], how);
	close(raw);
}

/* Of a request of this id and code. */
static void forged_ping(int raw, const struct family *f, int error, int code,
			int quoted, int id)
{
	int s = ping_socket(f);

	if (bind(s, IN(f->any, 50001)) || connect(s, IN(f->host, 0)))
		printf("bind: %s\n", strerrorname(errno));
	set_opt(s, f->level, PICK(f, IP_RECVERR, IPV6_RECVERR), 1);
	echo(f, 1);
	e.code = quoted;
	e.id = htons(id);
	forge_about(raw, f, f->protocol, &e, error, code);
	printf("%d/%d, quoted code %d id %d: recv %s", error, code, quoted, id,
	       received(s));
	show_queue(s);
	printf("\n");
	close(s);
}

static void ping_errors(const struct family *f)
{
	int raw = socket(f->family, SOCK_RAW, f->protocol);
	int t = PICK(f, 3, 1), fresh = ping_socket(f);

	printf("-- errors of ping, %s\n", f->host);
	set_opt(fresh, f->level, PICK(f, IP_RECVERR, IPV6_RECVERR), 1);
	forged_ping(raw, f, PICK(f, 11, 3), 1, 0, 50001);
	if (f == &four)
		forged_ping(raw, f, 5, 0, 0, 50001);
	forged_ping(raw, f, t, 1, 0, 50001);
	forged_ping(raw, f, t, 1, 1, 50001);
	forged_ping(raw, f, t, 1, 0, 0);
	printf("fresh: recv %s", received(fresh));
	show_queue(fresh);
	printf("\n");
	close(fresh);
	close(raw);
}

static long from_host(int s, int port)
{
	struct in_pktinfo i = { .ipi_spec_dst.s_addr = htonl(0x7f000001) };
	char control[CMSG_SPACE(sizeof(i))] = "";
	struct iovec v = { "abc", 3 };
	struct msghdr m = { .msg_name = inet_name("127.0.0.1", port),
			    .msg_namelen = 16,
			    .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_type = IP_PKTINFO;
	h->cmsg_len = CMSG_LEN(sizeof(i));
	memcpy(CMSG_DATA(h), &i, sizeof(i));
	return sendmsg(s, &m, 0);
}

/* There may be nothing. */
static void show_arrived(int r, int port)
{
	struct pollfd p = { r, POLLIN, 0 };

	poll(&p, 1, 50);
	show_from(r, 9, MSG_DONTWAIT, port);
}

static void source(const char *host, int freely)
{
	int r = udp_bound("127.0.0.1"), s = udp_socket(host);
	int t = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int l = tcp_listener("127.0.0.1", 1), port = port_of(r);

	printf("-- from %s\n", host);
	SAY(set_opt(s, IPPROTO_IP, IP_FREEBIND, freely));
	SAY(bind(s, IN(host, 0)));
	show_inet("bound", s, getsockname, port_of(s));
	SAY(sendto(s, "a", 1, 0, IN("127.0.0.1", port)));
	show_arrived(r, port_of(s));
	SAY(from_host(s, port));
	show_arrived(r, port_of(s));
	SAY(sendto(s, "b", 1, 0, IN("192.0.2.1", 9)));
	SAY(connect(s, IN("127.0.0.1", port)));
	show_inet("connected", s, getsockname, port_of(s));
	SAY(send(s, "c", 1, 0));
	show_arrived(r, port_of(s));
	SAY(set_opt(t, IPPROTO_IP, IP_FREEBIND, freely));
	SAY(bind(t, IN(host, 0)));
	SAY(connect(t, IN("127.0.0.1", port_of(l))));
	show_inet("TCP", t, getsockname, port_of(t));
	close(r);
	close(s);
	close(t);
	close(l);
}

/* Nobody is told anything of what went to all. */
static void broadcast(void)
{
	int s = udp_socket("127.0.0.1"), n;
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int filter = ~(1 << ICMP_ECHOREPLY);
	struct pollfd p[2] = { { s, POLLIN, 0 }, { raw, POLLIN, 0 } };

	printf("-- to all\n");
	SAY(setsockopt(raw, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
	SAY(set_opt(s, SOL_SOCKET, SO_BROADCAST, 1));
	SAY(connect(s, IN("127.255.255.255", NOBODY)));
	show_inet("connected", s, getsockname, port_of(s));
	SAY(send(s, "a", 1, 0));
	echo(&four, 1);
	e.sum = htons(~sum16(0, &e, sizeof(e)));
	SAY(sendto(raw, &e, sizeof(e), 0, IN("127.255.255.255", 0)));
	set_opt(raw, SOL_SOCKET, SO_BROADCAST, 1);
	SAY(sendto(raw, &e, sizeof(e), 0, IN("127.255.255.255", 0)));
	SAY(poll(p, 2, 100));
	printf("recv %s", received(s));
	printf(", raw %s\n", received(raw));
	SAY(sendto(raw, &e, sizeof(e), 0, IN("127.0.0.1", 0)));
	SAY(poll(p, 2, 1000));
	n = recv(raw, buf, sizeof(buf), MSG_DONTWAIT);
	printf("reply of one: %d type %d\n", n, buf[20]);
	close(s);
	close(raw);
}

/* Connected, but to no port. */
static void states(const struct family *f)
{
	int s = ping_socket(f), raw = socket(f->family, SOCK_RAW, f->protocol);
	const char *file = PICK(f, "/proc/net/raw", "/proc/net/raw6");

	printf("-- states, %s\n", f->host);
	show_line("raw", file, raw);
	SAY(connect(raw, IN(f->host, 0)));
	show_line("raw", file, raw);
	SAY(connect(s, IN(f->host, 0)));
	show_line("ping", f->file, s);
	show_level_opt("MTU of ping", s, f->level, PICK(f, IP_MTU, IPV6_MTU));
	show_level_opt("MTU of raw", raw, f->level, PICK(f, IP_MTU, IPV6_MTU));
	close(s);
	close(raw);
}

int main(void)
{
	char range[100];

	on_one_cpu();
	own_proc();
	get(RANGE, range);
	put(RANGE, "0 2147483647");
	errors(&four);
	errors(&six);
	ping_errors(&four);
	ping_errors(&six);
	source("192.0.2.1", 1);
	source("127.255.255.255", 0);
	source("255.255.255.255", 0);
	broadcast();
	states(&four);
	states(&six);
	put(RANGE, range);
	no_proc();
	return 0;
}
