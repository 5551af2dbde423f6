/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_sysnet.c: /proc/sys/net (Linux's networking/ip-sysctl): the limits of
 * sockets; two of them can be changed.
 */
#include "kuni/net.h"
#include "procfs.h"

#include <string.h>

#define NUMBER(name_, lowest, highest)                                         \
	static int show_##name_(struct pseudo_buf *b,                          \
				const struct pseudo_key *k)                    \
	{                                                                      \
		(void)k;                                                       \
		pseudo_printf(b, "%d\n",                                       \
			      __atomic_load_n(&inet_limits.name_,              \
					      __ATOMIC_RELAXED));              \
		return 0;                                                      \
	}                                                                      \
	static int store_##name_(const struct pseudo_key *k, const char *s,    \
				 size_t n)                                     \
	{                                                                      \
		int r = procfs_store_number(&inet_limits.name_, lowest,        \
					    highest, s, n);                    \
                                                                               \
		(void)k;                                                       \
		if (!r)                                                        \
			inet_limits_changed();                                 \
		return r;                                                      \
	}
#define FILE_644(name_)                                                        \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | 0644, .show = show_##name_,  \
		.store = store_##name_                                         \
	}

CONSTANT(somaxconn, "4096")
CONSTANT(rmem_default, "212992")
CONSTANT(rmem_max, "212992")
CONSTANT(wmem_default, "212992")
CONSTANT(wmem_max, "212992")
CONSTANT(ip_forward, "0")
CONSTANT(ip_local_port_range, "32768\t60999")
CONSTANT(ping_group_range, "1\t0")
CONSTANT(tcp_available_congestion_control, "reno")
CONSTANT(tcp_congestion_control, "reno")
NUMBER(ip_unprivileged_port_start, 0, 65535)
NUMBER(tcp_max_tw_buckets, 0, INT32_MAX)

static const struct pseudo_node core[] = {
	FILE_444(rmem_default), FILE_444(rmem_max), FILE_444(somaxconn),
	FILE_444(wmem_default), FILE_444(wmem_max), { 0 },
};
static const struct pseudo_node ipv4[] = {
	FILE_444(ip_forward),
	FILE_444(ip_local_port_range),
	FILE_644(ip_unprivileged_port_start),
	FILE_444(ping_group_range),
	FILE_444(tcp_available_congestion_control),
	FILE_444(tcp_congestion_control),
	FILE_644(tcp_max_tw_buckets),
	{ 0 },
};
const struct pseudo_node procfs_sysnet[] = {
	{ .name = "core", .mode = S_IFDIR | 0555, .children = core },
	{ .name = "ipv4", .mode = S_IFDIR | 0555, .children = ipv4 },
	{ 0 },
};
