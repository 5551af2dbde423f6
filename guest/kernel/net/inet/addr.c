/* SPDX-License-Identifier: Apache-2.0 */
/*
 * addr.c: addresses: the user's struct sockaddr_in and sockaddr_in6, lwIP's
 * ip_addr_t, and what is to be known of one: whether it is ours, the way to it.
 *
 * An IPv4 address that is written as one of IPv6 (::ffff:a.b.c.d, RFC 4291,
 * 2.5.5.2) is one of IPv4 inside, and written so again for sockets of AF_INET6.
 */
#include "inet.h"

#include <string.h>

#define SIN6_MIN 24U /* without sin6_scope_id, as in RFC 2133 */

static uint16_t swap16(uint16_t v)
{
	return lwip_htons(v);
}

static int from_in(const struct sock_addr *a, struct endpoint *out)
{
	if (a->len < sizeof(a->in))
		return -EINVAL;
	*out = (struct endpoint){ .port = swap16(a->in.port) };
	ip_addr_set_ip4_u32_val(out->ip, a->in.addr);
	return 0;
}

static int from_in6(const struct sock_addr *a, struct endpoint *out)
{
	ip6_addr_t ip6 = { 0 };

	if (a->len < SIN6_MIN)
		return -EINVAL;
	*out = (struct endpoint){ .port = swap16(a->in6.port) };
	memcpy(ip6.addr, a->in6.addr, sizeof(ip6.addr));
	if (ip6_addr_isipv4mappedipv6(&ip6))
		ip_addr_set_ip4_u32_val(out->ip, ip6.addr[3]);
	else
		ip_addr_copy_from_ip6(out->ip, ip6);
	return 0;
}

int endpoint_to_send(const struct inet_sock *s, const struct sock_addr *a,
		     struct endpoint *out)
{
	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family == AF_INET)
		return from_in(a, out);
	if (!inet_is6(s)) {
		if (a->len < sizeof(a->in))
			return -EINVAL;
		return a->family == AF_UNSPEC ? from_in(a, out) : -EAFNOSUPPORT;
	}
	return a->family == AF_INET6 ? from_in6(a, out) : -EINVAL;
}

int endpoint_from_addr(const struct inet_sock *s, const struct sock_addr *a,
		       struct endpoint *out)
{
	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (!inet_is6(s)) {
		if (a->len < sizeof(a->in))
			return -EINVAL;
		return a->family == AF_INET ? from_in(a, out) : -EAFNOSUPPORT;
	}
	if (a->family == AF_INET6)
		return from_in6(a, out);
	return a->len < SIN6_MIN ? -EINVAL : -EAFNOSUPPORT;
}

uint8_t inet_ttl(const struct inet_sock *s, bool v6)
{
	int32_t v = v6 ? s->hops : s->ttl;

	return (uint8_t)(v < 0 ? IP_DEFAULT_TTL : v);
}

void endpoint_to_addr(const struct inet_sock *s, const struct endpoint *e,
		      struct sock_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (!inet_is6(s)) {
		out->len = sizeof(out->in);
		out->in.family = AF_INET;
		out->in.port = swap16(e->port);
		if (IP_IS_V4_VAL(e->ip))
			out->in.addr = ip4_addr_get_u32(ip_2_ip4(&e->ip));
		return;
	}
	out->len = sizeof(out->in6);
	out->in6.family = AF_INET6;
	out->in6.port = swap16(e->port);
	if (IP_IS_V6_VAL(e->ip)) {
		memcpy(out->in6.addr, ip_2_ip6(&e->ip)->addr, 16);
	} else if (IP_IS_V4_VAL(e->ip)) {
		memset(out->in6.addr + 10, 0xff, 2);
		memcpy(out->in6.addr + 12, ip_2_ip4(&e->ip), 4);
	}
}

uint8_t inet_ip_type(const struct inet_sock *s)
{
	if (!inet_is6(s))
		return IPADDR_TYPE_V4;
	return inet_opt(s, INET_V6ONLY) || inet_is_ping(s) ? IPADDR_TYPE_V6
							   : IPADDR_TYPE_ANY;
}

ip_addr_t inet_any(const struct inet_sock *s)
{
	ip_addr_t a = { 0 };

	IP_SET_TYPE_VAL(a, inet_ip_type(s));
	return a;
}

bool inet_is_local(const ip_addr_t *ip)
{
	if (IP_IS_V6(ip))
		return netif_get_ip6_addr_match(&loop_netif, ip_2_ip6(ip)) >= 0;
	return ip4_addr_isloopback(ip_2_ip4(ip)) ||
	       ip4_addr_cmp(ip_2_ip4(ip), netif_ip4_addr(&loop_netif));
}

bool inet_is_broadcast(const ip_addr_t *ip)
{
	uint32_t a = lwip_ntohl(ip4_addr_get_u32(ip_2_ip4(ip)));

	return !IP_IS_V6(ip) && (a == UINT32_MAX || a == 0x7fffffff);
}

/* Whether a packet may be for either of two who are bound so. */
bool inet_overlap(const ip_addr_t *a, const ip_addr_t *b)
{
	uint8_t ta = IP_GET_TYPE(a), tb = IP_GET_TYPE(b);

	if (ta != tb && ta != IPADDR_TYPE_ANY && tb != IPADDR_TYPE_ANY)
		return false;
	return ip_addr_isany(a) || ip_addr_isany(b) || ip_addr_cmp(a, b);
}

/* Of several, no one's own address. */
static bool is_group(const ip_addr_t *ip)
{
	return ip_addr_ismulticast(ip) || inet_is_broadcast(ip);
}

int inet_route(const struct inet_sock *s, struct endpoint *to,
	       const ip_addr_t *asked, ip_addr_t *from)
{
	bool v6;

	if (ip_addr_isany(&to->ip) && IP_IS_V6_VAL(to->ip))
		IP_ADDR6_HOST(&to->ip, 0, 0, 0, 1);
	else if (ip_addr_isany(&to->ip))
		ip_addr_set_loopback_val(false, to->ip);
	v6 = IP_IS_V6_VAL(to->ip);
	if (v6 ? IP_IS_V4_VAL(s->bound.ip) || !inet_is_local(&to->ip)
	       : IP_IS_V6_VAL(s->bound.ip) || !ip4_route(ip_2_ip4(&to->ip)))
		return -ENETUNREACH;
	*from = v6 ? loop_netif.ip6_addr[0] : loop_netif.ip_addr;
	if (asked && !ip_addr_isany(asked))
		*from = *asked;
	else if (!ip_addr_isany(&s->local.ip) && !is_group(&s->local.ip))
		*from = s->local.ip;
	/* IP_FREEBIND gives a name, not a way */
	if (!v6 && !inet_is_local(from) && !inet_opt(s, INET_HDRINCL))
		return -ENETUNREACH;
	return s->sk.type != SOCK_STREAM && inet_is_broadcast(&to->ip) &&
			       !sock_flag(&s->sk, SO_BROADCAST)
		       ? -EACCES
		       : 0;
}
