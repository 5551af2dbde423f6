/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink.c: links, addresses and routes, as rtnetlink(7) tells them, from
 * the namespace's table of interfaces.  Routes follow from the addresses, as
 * those do that Linux makes by itself.  Nothing can be changed yet.
 */
#include "netlink.h"

#include <string.h>

#include "kuni/task.h"

enum {
	RTM_BASE = 16,
	RTM_NEWLINK = 16,
	RTM_GETLINK = 18,
	RTM_NEWADDR = 20,
	RTM_GETADDR = 22,
	RTM_NEWROUTE = 24,
	RTM_GETROUTE = 26
};
#define KIND_GET 2U

struct lx_ifinfomsg {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};
struct lx_ifaddrmsg {
	uint8_t family, prefixlen, flags, scope;
	uint32_t index;
};
struct lx_rtmsg {
	uint8_t family, dst_len, src_len, tos;
	uint8_t table, protocol, scope, type;
	uint32_t flags;
};
struct lx_ifa_cacheinfo {
	uint32_t preferred, valid, created, updated;
};
enum {
	IFLA_ADDRESS = 1,
	IFLA_BROADCAST = 2,
	IFLA_IFNAME = 3,
	IFLA_MTU = 4,
	IFLA_QDISC = 6,
	IFLA_STATS = 7,
	IFLA_TXQLEN = 13,
	IFLA_OPERSTATE = 16,
	IFLA_LINKMODE = 17,
	IFLA_STATS64 = 23,
	IFLA_GROUP = 27,
	IFLA_PROMISCUITY = 30,
	IFLA_NUM_TX_QUEUES = 31,
	IFLA_NUM_RX_QUEUES = 32,
	IFLA_CARRIER = 33
};
enum {
	IFA_ADDRESS = 1,
	IFA_LOCAL = 2,
	IFA_LABEL = 3,
	IFA_CACHEINFO = 6,
	IFA_FLAGS = 8,
	IFA_F_PERMANENT = 0x80
};
enum {
	RTA_DST = 1,
	RTA_OIF = 4,
	RTA_PRIORITY = 6,
	RTA_PREFSRC = 7,
	RTA_TABLE = 15
};
enum {
	RT_TABLE_LOCAL = 255,
	RTPROT_KERNEL = 2,
	RTN_LOCAL = 2,
	RTN_BROADCAST = 3,
	SCOPE_UNIVERSE = 0,
	SCOPE_LINK = 253
};

static unsigned multi(const struct nl_request *q)
{
	return (q->hdr.flags & NLM_F_DUMP) == NLM_F_DUMP ? NLM_F_MULTI : 0;
}

/* ---- links ---- */

static void one_link(const struct nl_request *q, const struct netdev *i,
		     struct nl_answer *a)
{
	struct lx_ifinfomsg m = { .type = i->type,
				  .index = i->index,
				  .flags = i->flags };
	uint64_t stats64[25] = { 0 }; /* packets and bytes, in and out */
	uint32_t stats[24] = { 0 };

	inet_loop_stats(&stats64[0], &stats64[2]);
	stats64[1] = stats64[0];
	stats64[3] = stats64[2];
	for (unsigned n = 0; n < 4; n++)
		stats[n] = (uint32_t)stats64[n];
	nl_begin(a, q, RTM_NEWLINK, multi(q), &m, sizeof(m));
	nl_string(a, IFLA_IFNAME, i->name);
	nl_u32(a, IFLA_TXQLEN, i->txqlen);
	nl_u8(a, IFLA_OPERSTATE, 0); /* unknown, as a loopback's is */
	nl_u8(a, IFLA_LINKMODE, 0);
	nl_u32(a, IFLA_MTU, i->mtu);
	nl_u32(a, IFLA_GROUP, 0);
	nl_u32(a, IFLA_PROMISCUITY, 0);
	nl_u32(a, IFLA_NUM_TX_QUEUES, 1);
	nl_u32(a, IFLA_NUM_RX_QUEUES, 1);
	nl_u8(a, IFLA_CARRIER, !!(i->flags & IFF_LOWER_UP));
	nl_attr(a, IFLA_ADDRESS, i->hwaddr, i->hwaddr_len);
	nl_attr(a, IFLA_BROADCAST, i->broadcast, i->hwaddr_len);
	nl_string(a, IFLA_QDISC, "noqueue");
	nl_attr(a, IFLA_STATS64, stats64, sizeof(stats64));
	nl_attr(a, IFLA_STATS, stats, sizeof(stats));
	nl_end(a);
}

/* The one that is asked for by index or by name. */
static int get_link(const struct nl_request *q, struct nl_answer *a)
{
	struct lx_ifinfomsg m;
	struct netdev *i = NULL;
	const char *name;
	size_t len;

	if (q->len < sizeof(m))
		return -EINVAL;
	memcpy(&m, q->body, sizeof(m));
	name = nl_find(q, sizeof(m), IFLA_IFNAME, &len);
	if (m.index > 0)
		i = netdev_by_index(q->ns, m.index);
	else if (name && len && len <= IFNAMSIZ && !name[len - 1])
		i = netdev_by_name(q->ns, name);
	else
		return -EINVAL;
	if (!i)
		return -ENODEV;
	one_link(q, i, a);
	return 0;
}

static int dump_links(const struct nl_request *q, struct nl_answer *a)
{
	for (unsigned n = 0; n < q->ns->nnetdev; n++)
		one_link(q, q->ns->netdev[n], a);
	return 1;
}

/* ---- addresses ---- */

static size_t addr_len(const struct netdev_addr *x)
{
	return x->family == AF_INET ? 4 : 16;
}

static void one_addr(const struct nl_request *q, const struct netdev *i,
		     const struct netdev_addr *x, struct nl_answer *a)
{
	struct lx_ifaddrmsg m = { x->family, x->prefix_len, IFA_F_PERMANENT,
				  x->scope, (uint32_t)i->index };
	static const struct lx_ifa_cacheinfo forever = { UINT32_MAX, UINT32_MAX,
							 0, 0 };

	nl_begin(a, q, RTM_NEWADDR, multi(q), &m, sizeof(m));
	nl_attr(a, IFA_ADDRESS, x->addr, addr_len(x));
	if (x->family == AF_INET) {
		nl_attr(a, IFA_LOCAL, x->addr, addr_len(x));
		nl_string(a, IFA_LABEL, i->name);
	}
	nl_attr(a, IFA_CACHEINFO, &forever, sizeof(forever));
	nl_u32(a, IFA_FLAGS, IFA_F_PERMANENT);
	nl_end(a);
}

typedef void (*addr_fn)(const struct nl_request *q, const struct netdev *i,
			const struct netdev_addr *x, struct nl_answer *a);

/* Every address of a family (0: IPv4, then IPv6) and interface (0: all). */
static void each_addr(const struct nl_request *q, int family, int index,
		      addr_fn fn, struct nl_answer *a)
{
	static const int order[] = { AF_INET, AF_INET6 };

	for (unsigned f = 0; f < ARRAY_SIZE(order); f++) {
		if (family && family != order[f])
			continue;
		for (unsigned n = 0; n < q->ns->nnetdev; n++) {
			const struct netdev *i = q->ns->netdev[n];

			if (index && i->index != index)
				continue;
			for (unsigned k = 0; k < i->naddr; k++)
				if (i->addr[k].family == order[f])
					fn(q, i, &i->addr[k], a);
		}
	}
}

static int dump_addrs(const struct nl_request *q, struct nl_answer *a)
{
	struct lx_ifaddrmsg m = { 0 };

	memcpy(&m, q->body, min(q->len, sizeof(m)));
	if (!q->strict || q->len < sizeof(m))
		m.index = 0;
	if (m.index && !netdev_by_index(q->ns, (int)m.index))
		return -ENODEV;
	each_addr(q, m.family, (int)m.index, one_addr, a);
	return 1;
}

/* ---- routes ---- */

static void one_route(const struct nl_request *q, const struct netdev *i,
		      const struct netdev_addr *x, const struct lx_rtmsg *m,
		      const uint8_t *dst, struct nl_answer *a)
{
	nl_begin(a, q, RTM_NEWROUTE, multi(q), m, sizeof(*m));
	nl_u32(a, RTA_TABLE, RT_TABLE_LOCAL);
	nl_attr(a, RTA_DST, dst, addr_len(x));
	if (x->family == AF_INET)
		nl_attr(a, RTA_PREFSRC, x->addr, addr_len(x));
	else
		nl_u32(a, RTA_PRIORITY, 0);
	nl_u32(a, RTA_OIF, (uint32_t)i->index);
	nl_end(a);
}

/* What an address of a loopback interface makes reachable: its net, itself,
 * and the net's broadcast. */
static void routes_of(const struct nl_request *q, const struct netdev *i,
		      const struct netdev_addr *x, struct nl_answer *a)
{
	struct lx_rtmsg m = { .family = x->family,
			      .table = RT_TABLE_LOCAL,
			      .protocol = RTPROT_KERNEL,
			      .type = RTN_LOCAL };
	uint8_t net[16], last[16];

	if (!(i->flags & IFF_LOOPBACK))
		return;
	for (unsigned n = 0; n < addr_len(x); n++) {
		unsigned keep = x->prefix_len > 8 * n
					? min(x->prefix_len - 8 * n, 8U)
					: 0;
		uint8_t mask = (uint8_t)(0xff00 >> keep);

		net[n] = x->addr[n] & mask;
		last[n] = x->addr[n] | (uint8_t)~mask;
	}
	m.scope = x->family == AF_INET ? RT_SCOPE_HOST : SCOPE_UNIVERSE;
	m.dst_len = x->prefix_len;
	one_route(q, i, x, &m, net, a);
	if (x->prefix_len >= 8 * addr_len(x))
		return;
	m.dst_len = (uint8_t)(8 * addr_len(x));
	one_route(q, i, x, &m, x->addr, a);
	if (x->family != AF_INET)
		return;
	m.type = RTN_BROADCAST;
	m.scope = SCOPE_LINK;
	one_route(q, i, x, &m, last, a);
}

static int dump_routes(const struct nl_request *q, struct nl_answer *a)
{
	uint8_t family = 0;

	memcpy(&family, q->body, min(q->len, sizeof(family)));
	each_addr(q, family, 0, routes_of, a);
	return 1;
}

int rtnetlink(const struct nl_request *q, struct nl_answer *a)
{
	bool dump = multi(q);

	if (((q->hdr.type - RTM_BASE) & 3U) != KIND_GET)
		return capable(CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
	if (!q->len)
		return -EINVAL;
	switch (q->hdr.type) {
	case RTM_GETLINK:
		return dump ? dump_links(q, a) : get_link(q, a);
	case RTM_GETADDR:
		return dump ? dump_addrs(q, a) : -EOPNOTSUPP;
	case RTM_GETROUTE:
		return dump ? dump_routes(q, a) : -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}
