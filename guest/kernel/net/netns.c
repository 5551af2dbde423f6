/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.c: network namespaces: what sockets and interfaces belong to.
 *
 * There is one until clone(2) and unshare(2) can make more; everything below
 * takes the namespace as an argument already.
 */
#include "netns.h"

static struct netns init_netns = {
	.ref = 1,
	.netdev = { &netdev_lo },
	.nnetdev = 1,
};

/* As on Linux; ping sockets are for nobody. */
struct net_limits net_limits = {
	.somaxconn = 4096,
	.ip_unprivileged_port_start = 1024,
	.tcp_max_tw_buckets = 4096,
	.tcp_keepalive_time = 7200,
	.tcp_keepalive_intvl = 75,
	.tcp_keepalive_probes = 9,
	.ping_group_range = 1,
};

struct netns *netns_current(void)
{
	netns_get(&init_netns);
	return &init_netns;
}

void netns_get(struct netns *ns)
{
	__atomic_fetch_add(&ns->ref, 1, __ATOMIC_RELAXED);
}

void netns_put(struct netns *ns)
{
	ensure(__atomic_sub_fetch(&ns->ref, 1, __ATOMIC_ACQ_REL));
}
