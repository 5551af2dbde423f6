/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.c: the interfaces of a namespace, and the SIOCGIF* calls about them
 * (netdevice(7)).  The loopback interface is the only one, until a driver
 * brings another; it is up, with its addresses, as runtimes leave it.
 */
#include "netns.h"

#include <string.h>

#include "kuni/task.h"

#define SIOCGIFNAME    0x8910
#define SIOCGIFCONF    0x8912
#define SIOCGIFFLAGS   0x8913
#define SIOCGIFADDR    0x8915
#define SIOCGIFDSTADDR 0x8917
#define SIOCGIFBRDADDR 0x8919
#define SIOCGIFNETMASK 0x891b
#define SIOCGIFMETRIC  0x891d
#define SIOCGIFMTU     0x8921
#define SIOCGIFHWADDR  0x8927
#define SIOCGIFINDEX   0x8933
#define SIOCGIFTXQLEN  0x8942

struct lx_ifreq {
	char name[IFNAMSIZ];
	union {
		int32_t value;
		int16_t flags;
		struct {
			uint16_t family;
			uint8_t data[14];
		} addr;
		uint8_t bytes[24];
	};
};
_Static_assert(sizeof(struct lx_ifreq) == 40, "struct ifreq");
struct lx_ifconf {
	int32_t len, pad;
	uint64_t buf;
};

struct netdev netdev_lo = {
	.name = "lo",
	.index = 1,
	.type = ARPHRD_LOOPBACK,
	.hwaddr_len = 6,
	.flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_LOWER_UP,
	.mtu = 65536,
	.txqlen = 1000,
	.addr = { { .family = AF_INET,
		    .prefix_len = 8,
		    .scope = RT_SCOPE_HOST,
		    .addr = { 127, 0, 0, 1 } },
		  { .family = AF_INET6,
		    .prefix_len = 128,
		    .scope = RT_SCOPE_HOST,
		    .addr = { [15] = 1 } } },
	.naddr = 2,
};

struct netdev *netdev_by_index(struct netns *ns, int index)
{
	for (unsigned n = 0; n < ns->nnetdev; n++)
		if (ns->netdev[n]->index == index)
			return ns->netdev[n];
	return NULL;
}

struct netdev *netdev_by_name(struct netns *ns, const char *name)
{
	for (unsigned n = 0; n < ns->nnetdev; n++)
		if (!strncmp(ns->netdev[n]->name, name, IFNAMSIZ))
			return ns->netdev[n];
	return NULL;
}

/* About i's first address of IPv4. */
static int answer_addr(const struct netdev *i, unsigned cmd,
		       struct lx_ifreq *rq)
{
	const struct netdev_addr *a = i->addr;
	uint32_t v;

	while (a < i->addr + i->naddr && a->family != AF_INET)
		a++;
	if (a == i->addr + i->naddr)
		return -EADDRNOTAVAIL;
	memset(rq->bytes, 0, sizeof(rq->bytes));
	rq->addr.family = AF_INET;
	memcpy(&v, a->addr, sizeof(v));
	if (cmd == SIOCGIFNETMASK)
		v = __builtin_bswap32(
			a->prefix_len ? UINT32_MAX << (32 - a->prefix_len) : 0);
	else if (cmd == SIOCGIFBRDADDR) /* none, where there is no broadcast */
		v = 0;
	memcpy(rq->addr.data + 2, &v, sizeof(v));
	return 0;
}

/* What one request answers about i, in rq. */
static int answer(const struct netdev *i, unsigned cmd, struct lx_ifreq *rq)
{
	memset(rq->bytes, 0, sizeof(rq->bytes));
	switch (cmd) {
	case SIOCGIFNAME:
		memcpy(rq->name, i->name, IFNAMSIZ);
		rq->value = i->index;
		return 0;
	case SIOCGIFFLAGS:
		rq->flags = (int16_t)i->flags;
		return 0;
	case SIOCGIFMETRIC:
		return 0;
	case SIOCGIFMTU:
		rq->value = (int32_t)i->mtu;
		return 0;
	case SIOCGIFHWADDR:
		rq->addr.family = i->type;
		memcpy(rq->addr.data, i->hwaddr, sizeof(i->hwaddr));
		return 0;
	case SIOCGIFINDEX:
		rq->value = i->index;
		return 0;
	case SIOCGIFTXQLEN:
		rq->value = (int32_t)i->txqlen;
		return 0;
	default:
		return -ENOTTY;
	}
}

static long ask(struct netns *ns, unsigned cmd, uaddr_t arg)
{
	struct lx_ifreq rq;
	struct netdev *i;
	int r;

	if (copy_from_user(&rq, arg, sizeof(rq)))
		return -EFAULT;
	rq.name[IFNAMSIZ - 1] = '\0';
	i = cmd == SIOCGIFNAME ? netdev_by_index(ns, rq.value)
			       : netdev_by_name(ns, rq.name);
	if (!i)
		return -ENODEV;
	r = cmd >= SIOCGIFADDR && cmd <= SIOCGIFNETMASK
		    ? answer_addr(i, cmd, &rq)
		    : answer(i, cmd, &rq);
	return r ? r : copy_to_user(arg, &rq, sizeof(rq));
}

/* The IPv4 addresses, as many as there is room for; without a buffer, how
 * much room they need. */
static long conf(struct netns *ns, uaddr_t arg)
{
	struct lx_ifconf c;
	int32_t used = 0;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	for (unsigned n = 0; n < ns->nnetdev; n++) {
		const struct netdev *i = ns->netdev[n];

		for (unsigned k = 0; k < i->naddr; k++) {
			struct lx_ifreq rq = { .addr.family = AF_INET };

			if (i->addr[k].family != AF_INET)
				continue;
			memcpy(rq.name, i->name, IFNAMSIZ);
			memcpy(rq.addr.data + 2, i->addr[k].addr, 4);
			if (c.buf && c.len - used < (int32_t)sizeof(rq))
				break;
			if (c.buf && copy_to_user(UADDR(c.buf + (uint32_t)used),
						  &rq, sizeof(rq)))
				return -EFAULT;
			used += (int32_t)sizeof(rq);
		}
	}
	c.len = used;
	return copy_to_user(arg, &c, sizeof(c.len));
}

/* For any socket. ENOTTY: not a request of these. */
long netdev_ioctl(struct netns *ns, unsigned cmd, uaddr_t arg)
{
	switch (cmd) {
	case SIOCGIFCONF:
		return conf(ns, arg);
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFHWADDR:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
		return ask(ns, cmd, arg);
	default:
		return -ENOTTY;
	}
}
