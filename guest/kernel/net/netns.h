/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.h: a network namespace and its table of interfaces.
 *
 * Netlink, the SIOCGIF* calls and later lwIP all read this table.
 */
#ifndef NET_NETNS_H
#define NET_NETNS_H

#include "kuni/klog.h"
#include "kuni/net.h"

#define IFNAMSIZ    16
#define NETDEV_MAX  8
#define NETDEV_ADDR 8

struct netdev_addr {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix_len;
	uint8_t scope;    /* RT_SCOPE_* */
	uint8_t addr[16]; /* 4 bytes of it for AF_INET */
};
struct netdev {
	char name[IFNAMSIZ];           /* [I] */
	int index;                     /* [I] from 1 */
	uint16_t type;                 /* [I] ARPHRD_* */
	uint8_t hwaddr_len, hwaddr[6]; /* [I] */
	uint8_t broadcast[6];          /* [I] */
	uint32_t flags;                /* IFF_* */
	uint32_t mtu, txqlen;
	struct netdev_addr addr[NETDEV_ADDR];
	unsigned naddr;
};
struct netns {
	uint32_t ref;                      /* [a] */
	struct netdev *netdev[NETDEV_MAX]; /* [I] ordered by index */
	unsigned nnetdev;                  /* [I] */
};
extern struct netdev netdev_lo; /* netdev.c */

#define IFF_UP        1U
#define IFF_BROADCAST 2U
#define IFF_LOOPBACK  8U
#define IFF_RUNNING   0x40U
#define IFF_LOWER_UP  0x10000U

#define ARPHRD_LOOPBACK 772
#define RT_SCOPE_HOST   254

struct netdev *netdev_by_index(struct netns *ns, int index);
struct netdev *netdev_by_name(struct netns *ns, const char *name);

#endif
