/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_inet.c: the files of /proc/PID/net about IP (proc(5)): sockets of TCP,
 * UDP, raw ones and those for pings, interfaces, routes.  What is not known here
 * is 0.
 */
#include "kuni/net.h"
#include "procfs.h"

#include <stdio.h>

#define WIDTH_TCP   149 /* of lines, as Linux pads them */
#define WIDTH_DGRAM 127
#define COLUMNS     "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

struct lines {
	struct pseudo_buf *b;
	unsigned n;
	bool v6;
	int type;
	uint64_t held; /* by what was counted */
};

/* Words of 32 bits, as the machine has them. */
static void address(struct pseudo_buf *b, const uint8_t *a, bool v6,
		    unsigned port)
{
	for (unsigned n = 0; n < (v6 ? 4 : 1); n++)
		pseudo_printf(b, "%02X%02X%02X%02X", a[4 * n + 3], a[4 * n + 2],
			      a[4 * n + 1], a[4 * n]);
	pseudo_printf(b, ":%04X ", port);
}

/* Five columns for the number. */
static bool wide(int type)
{
	return type == SOCK_DGRAM || type == INET_PING;
}

static void end_line(struct lines *l, size_t start)
{
	size_t n = l->b->len - start, width = 0;

	if (!l->v6 && l->type == SOCK_STREAM)
		width = WIDTH_TCP;
	else if (!l->v6 && wide(l->type))
		width = WIDTH_DGRAM;
	pseudo_printf(l->b, "%*s\n", n < width ? (int)(width - n) : 0, "");
}

static void one(const struct inet_info *i, void *arg)
{
	struct lines *l = arg;
	struct pseudo_buf *b = l->b;
	size_t start = b->len;

	pseudo_printf(b, wide(l->type) ? "%5u: " : "%4u: ", l->n++);
	address(b, i->local, l->v6, i->lport);
	address(b, i->remote, l->v6, i->rport);
	pseudo_printf(b, "%02X %08X:%08X %02X:%08X %08X %5u %8d %lu %u %016x",
		      i->state, i->tx, i->rx, 0, 0, 0, i->uid, 0, i->ino,
		      i->ref, 0);
	pseudo_printf(b, l->type == SOCK_STREAM ? " 0 0 0 0 0" : " 0");
	end_line(l, start);
}

static int show(struct pseudo_buf *b, bool v6, int type)
{
	struct lines l = { .b = b, .v6 = v6, .type = type };
	size_t start = b->len;

	if (v6)
		pseudo_printf(b, "  sl  local_address                         "
				 "remote_address                        ");
	else
		pseudo_printf(b, "%s  sl  local_address rem_address   ",
			      type == SOCK_DGRAM ? " " : "");
	pseudo_printf(b, COLUMNS "%s",
		      type == SOCK_STREAM ? "" : " ref pointer drops");
	end_line(&l, start);
	inet_each(v6 ? AF_INET6 : AF_INET, type, one, &l);
	return 0;
}

#define SHOW(name, v6, type)                                                   \
	static int show_##name(struct pseudo_buf *b,                           \
			       const struct pseudo_key *k)                     \
	{                                                                      \
		(void)k;                                                       \
		return show(b, v6, type);                                      \
	}
SHOW(tcp, false, SOCK_STREAM)
SHOW(tcp6, true, SOCK_STREAM)
SHOW(udp, false, SOCK_DGRAM)
SHOW(udp6, true, SOCK_DGRAM)
SHOW(raw, false, SOCK_RAW)
SHOW(raw6, true, SOCK_RAW)
SHOW(icmp, false, INET_PING)
SHOW(icmp6, true, INET_PING)

static int show_dev(struct pseudo_buf *b, const struct pseudo_key *k)
{
	uint64_t packets, bytes;

	(void)k;
	inet_loop_stats(&packets, &bytes);
	pseudo_printf(
		b,
		"Inter-|   Receive                                                "
		"|  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast"
		"|bytes    packets errs drop fifo colls carrier compressed\n");
	pseudo_printf(
		b,
		"%6s: %7lu %7lu    0    0    0     0          0         0 %8lu "
		"%7lu    0    0    0     0       0          0\n",
		"lo", bytes, packets, bytes, packets);
	return 0;
}

/* The loopback's are not in this table on Linux either. */
static int show_route(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(
		b, "%-127s\n",
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\t"
		"Mask\t\tMTU\tWindow\tIRTT");
	return 0;
}

static int show_if_inet6(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "%032x %02x %02x %02x %02x %8s\n", 1, 1, 128, 16, 128,
		      "lo");
	return 0;
}

static void count(const struct inet_info *i, void *arg)
{
	struct lines *l = arg;

	l->n++;
	l->held += i->state == 6; /* TIME_WAIT */
}

static struct lines counted(bool v6, int type)
{
	struct lines l = { 0 };

	inet_each(v6 ? AF_INET6 : AF_INET, type, count, &l);
	return l;
}

static int show_sockstat(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct lines t = counted(false, SOCK_STREAM);

	(void)k;
	pseudo_printf(b, "TCP: inuse %lu orphan 0 tw %lu alloc %lu mem 0\n",
		      t.n - t.held, t.held, t.n - t.held);
	pseudo_printf(b, "UDP: inuse %u mem 0\n", counted(false, SOCK_DGRAM).n);
	pseudo_printf(b, "RAW: inuse %u\n", counted(false, SOCK_RAW).n);
	return 0;
}

static int show_sockstat6(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct lines t = counted(true, SOCK_STREAM);

	(void)k;
	pseudo_printf(b, "TCP6: inuse %lu\nUDP6: inuse %u\nRAW6: inuse %u\n",
		      t.n - t.held, counted(true, SOCK_DGRAM).n,
		      counted(true, SOCK_RAW).n);
	return 0;
}

#define FILE_OF(name_)                                                         \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | 0444, .show = show_##name_   \
	}
const struct pseudo_node procfs_net[] = {
	{ .name = "unix", .mode = S_IFREG | 0444, .show = procfs_net_unix },
	FILE_OF(tcp),
	FILE_OF(tcp6),
	FILE_OF(udp),
	FILE_OF(udp6),
	FILE_OF(raw),
	FILE_OF(raw6),
	FILE_OF(icmp),
	FILE_OF(icmp6),
	FILE_OF(dev),
	FILE_OF(route),
	FILE_OF(if_inet6),
	FILE_OF(sockstat),
	FILE_OF(sockstat6),
	{ 0 },
};
