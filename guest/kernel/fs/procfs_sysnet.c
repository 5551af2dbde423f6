/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_sysnet.c: /proc/sys/net (Linux's networking/ip-sysctl): the limits of
 * sockets; those that can be changed are of kuni/net.h.
 */
#include "kuni/net.h"
#include "procfs.h"

#include <string.h>

#define NUMBER(name_, lowest, highest)                                         \
	static int show_##name_(struct pseudo_buf *b,                          \
				const struct pseudo_key *k)                    \
	{                                                                      \
		(void)k;                                                       \
		pseudo_printf(b, "%d\n", net_limit(&net_limits.name_));        \
		return 0;                                                      \
	}                                                                      \
	static int store_##name_(const struct pseudo_key *k, const char *s,    \
				 size_t n)                                     \
	{                                                                      \
		int r = procfs_store_number(&net_limits.name_, lowest,         \
					    highest, s, n);                    \
                                                                               \
		(void)k;                                                       \
		if (r >= 0)                                                    \
			inet_limits_changed();                                 \
		return r;                                                      \
	}
#define KEEP_MAX (INT32_MAX / 1000) /* s */
#define FILE_644(name_)                                                        \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | 0644, .show = show_##name_,  \
		.store = store_##name_, .whole = true                          \
	}

NUMBER(somaxconn, 0, INT32_MAX)
CONSTANT(rmem_default, "212992")
CONSTANT(rmem_max, "212992")
CONSTANT(wmem_default, "212992")
CONSTANT(wmem_max, "212992")
CONSTANT(ip_forward, "0")
CONSTANT(ip_local_port_range, "32768\t60999")
CONSTANT(tcp_available_congestion_control, "reno")
CONSTANT(tcp_congestion_control, "reno")
NUMBER(ip_unprivileged_port_start, 0, 65535)
NUMBER(tcp_max_tw_buckets, 0, INT32_MAX)
NUMBER(tcp_keepalive_time, 1, KEEP_MAX)
NUMBER(tcp_keepalive_intvl, 1, KEEP_MAX)
NUMBER(tcp_keepalive_probes, 0, UINT8_MAX)

static int show_ping_group_range(struct pseudo_buf *b,
				 const struct pseudo_key *k)
{
	uint64_t r =
		__atomic_load_n(&net_limits.ping_group_range, __ATOMIC_RELAXED);

	(void)k;
	pseudo_printf(b, "%u\t%u\n", (uint32_t)r, (uint32_t)(r >> 32));
	return 0;
}

#define GROUP_MAX (UINT32_MAX - 1L)

/* The first alone may be given, and no more than two are taken.  What is no
 * range is nobody. */
static int store_ping_group_range(const struct pseudo_key *k, const char *s,
				  size_t n)
{
	uint64_t old =
		__atomic_load_n(&net_limits.ping_group_range, __ATOMIC_RELAXED);
	long low, high = (long)(old >> 32);
	const char *at = s + strspn(s, BLANKS);
	int r = n ? procfs_next_number(&at, &low) : 0;

	(void)k;
	if (!n)
		return 0;
	if (!r && *at)
		r = procfs_next_number(&at, &high);
	if (r)
		return r;
	if (low < 0 || high < 0 || low > GROUP_MAX || high > GROUP_MAX)
		return -EINVAL;
	if (high < low) {
		low = 1;
		high = 0;
	}
	__atomic_store_n(&net_limits.ping_group_range,
			 (uint64_t)high << 32 | (uint64_t)low,
			 __ATOMIC_RELAXED);
	return (int)(at - s);
}

static const struct pseudo_node core[] = {
	NUMBER_444(rmem_default), NUMBER_444(rmem_max), FILE_644(somaxconn),
	NUMBER_444(wmem_default), NUMBER_444(wmem_max), { 0 },
};
static const struct pseudo_node ipv4[] = {
	NUMBER_444(ip_forward),
	NUMBER_444(ip_local_port_range),
	FILE_644(ip_unprivileged_port_start),
	FILE_644(ping_group_range),
	FILE_444(tcp_available_congestion_control),
	FILE_444(tcp_congestion_control),
	FILE_644(tcp_keepalive_intvl),
	FILE_644(tcp_keepalive_probes),
	FILE_644(tcp_keepalive_time),
	FILE_644(tcp_max_tw_buckets),
	{ 0 },
};
const struct pseudo_node procfs_sysnet[] = {
	{ .name = "core", .mode = S_IFDIR | 0555, .children = core },
	{ .name = "ipv4", .mode = S_IFDIR | 0555, .children = ipv4 },
	{ 0 },
};
