/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt_ip.c: options of the levels IPPROTO_IP and IPPROTO_IPV6 (ip(7), ipv6(7)).
 * One that is not here is ENOPROTOOPT: none is accepted and forgotten.
 */
#include "inet.h"

#include <string.h>

#define HOPS_DEFAULT 64

int inet_put_opt(const void *v, size_t size, uaddr_t val, uaddr_t len)
{
	int32_t n;

	if (copy_from_user(&n, len, sizeof(n)))
		return -EFAULT;
	if (n < 0)
		return -EINVAL;
	n = (int32_t)min((size_t)n, size);
	if (copy_to_user(len, &n, sizeof(n)) || copy_to_user(val, v, (size_t)n))
		return -EFAULT;
	return 0;
}

static void set_flag(struct inet_sock *s, enum inet_option o, bool on)
{
	if (on)
		__atomic_fetch_or(&s->opts, 1U << o, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&s->opts, ~(1U << o), __ATOMIC_RELAXED);
}

/* The plain flags: which, or -1. */
static int flag4(int name, int type)
{
	switch (name) {
	case IP_RECVERR:
		return INET_RECVERR;
	case IP_PKTINFO:
		return INET_PKTINFO;
	case IP_RECVTTL:
		return INET_RECVTTL;
	case IP_RECVTOS:
		return INET_RECVTOS;
	case IP_HDRINCL:
		return type == SOCK_RAW ? INET_HDRINCL : -1;
	default:
		return -1;
	}
}

static int flag6(int name)
{
	switch (name) {
	case IPV6_RECVERR:
		return INET_RECVERR6;
	case IPV6_RECVPKTINFO:
		return INET_PKTINFO6;
	case IPV6_RECVHOPLIMIT:
		return INET_RECVHOPS;
	case IPV6_RECVTCLASS:
		return INET_RECVTCLASS;
	default:
		return -1;
	}
}

static void apply(struct inet_sock *s)
{
	inet_lock();
	if (s->sk.type == SOCK_STREAM)
		stream_apply(s);
	inet_unlock();
}

/* Before there is a name or a connection: the pcb is of another kind then. */
static int set_v6only(struct inet_sock *s, bool on)
{
	int r = 0;

	inet_lock();
	if (s->local.port || !ip_addr_isany(&s->remote.ip) ||
	    s->sk.type == SOCK_RAW) {
		r = s->sk.type == SOCK_RAW && on ? 0 : -EINVAL;
	} else {
		set_flag(s, INET_V6ONLY, on);
		s->local.ip = s->remote.ip = s->bound.ip = inet_any(s);
		if (s->sk.type == SOCK_DGRAM)
			s->udp->local_ip = s->udp->remote_ip = s->bound.ip;
		else if (s->tcp)
			s->tcp->local_ip = s->tcp->remote_ip = s->bound.ip;
	}
	inet_unlock();
	return r;
}

static int set4(struct inet_sock *s, int name, int32_t v)
{
	int flag = flag4(name, s->sk.type);

	if (flag >= 0) {
		set_flag(s, (enum inet_option)flag, v);
		return 0;
	}
	switch (name) {
	case IP_TOS: /* the two bits of a stream's are the congestion's */
		s->tos = (uint8_t)(s->sk.type == SOCK_STREAM
					   ? (v & ~3) | (s->tos & 3)
					   : v);
		break;
	case IP_TTL:
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		s->ttl = v;
		break;
	default:
		return -ENOPROTOOPT;
	}
	apply(s);
	return 0;
}

static int set6(struct inet_sock *s, int name, int32_t v)
{
	int flag = flag6(name);

	if (flag >= 0) {
		set_flag(s, (enum inet_option)flag, v);
		return 0;
	}
	switch (name) {
	case IPV6_V6ONLY:
		return set_v6only(s, v);
	case IPV6_UNICAST_HOPS:
		if (v < -1 || v > 255)
			return -EINVAL;
		s->ttl = v;
		break;
	case IPV6_TCLASS:
		if (v < -1 || v > 255)
			return -EINVAL;
		s->tos = (uint8_t)(v == -1 ? 0 : v);
		break;
	default:
		return -ENOPROTOOPT;
	}
	apply(s);
	return 0;
}

/* RFC 3542, 3.2: what is not to come in. */
static int set_filter(struct inet_sock *s, uaddr_t val, int len)
{
	uint32_t f[8];

	len = min(len, (int)sizeof(f));
	memcpy(f, s->icmp6_filter, sizeof(f));
	if (copy_from_user(f, val, (size_t)len))
		return -EFAULT;
	spin_lock(&s->sk.lock);
	memcpy(s->icmp6_filter, f, sizeof(f));
	spin_unlock(&s->sk.lock);
	return 0;
}

static bool is_icmp6(const struct inet_sock *s)
{
	return inet_is6(s) && s->sk.type == SOCK_RAW &&
	       s->sk.protocol == IP6_NEXTH_ICMP6;
}

static int set_int(struct inet_sock *s, int level, int name, int32_t v)
{
	if (level == SOL_IP)
		return set4(s, name, v);
	if (level == SOL_IPV6 && inet_is6(s))
		return set6(s, name, v);
	return -ENOPROTOOPT;
}

int ip_setopt(struct socket *sk, int level, int name, uaddr_t val, int len)
{
	struct inet_sock *s = inet_of(sk);
	int32_t v = 0;
	uint8_t byte;

	if (level == SOL_ICMPV6 && is_icmp6(s) && name == ICMPV6_FILTER)
		return set_filter(s, val, len);
	if (len >= (int)sizeof(v)) {
		if (copy_from_user(&v, val, sizeof(v)))
			return -EFAULT;
	} else if (len && level == SOL_IP) {
		if (copy_from_user(&byte, val, 1))
			return -EFAULT;
		v = byte;
	} else {
		return -EINVAL;
	}
	return set_int(s, level, name, v);
}

static int get4(const struct inet_sock *s, int name, int32_t *v)
{
	int flag = flag4(name, s->sk.type);

	if (flag >= 0)
		*v = inet_opt(s, (enum inet_option)flag);
	else if (name == IP_TOS)
		*v = s->tos;
	else if (name == IP_TTL)
		*v = s->ttl < 0 ? IP_DEFAULT_TTL : s->ttl;
	else
		return -ENOPROTOOPT;
	return 0;
}

static int get6(const struct inet_sock *s, int name, int32_t *v)
{
	int flag = flag6(name);

	if (flag >= 0)
		*v = inet_opt(s, (enum inet_option)flag);
	else if (name == IPV6_V6ONLY)
		*v = inet_opt(s, INET_V6ONLY);
	else if (name == IPV6_TCLASS)
		*v = s->tos;
	else if (name == IPV6_UNICAST_HOPS)
		*v = s->ttl < 0 ? HOPS_DEFAULT : s->ttl;
	else
		return -ENOPROTOOPT;
	return 0;
}

/* A small value for a small place is a byte, as ip(7) has it. */
static int put_small(int32_t v, uaddr_t val, uaddr_t len)
{
	int32_t room;
	uint8_t byte = (uint8_t)v;

	if (copy_from_user(&room, len, sizeof(room)))
		return -EFAULT;
	if (room > 0 && room < (int32_t)sizeof(v) && v >= 0 && v <= 255) {
		room = 1;
		if (copy_to_user(len, &room, sizeof(room)))
			return -EFAULT;
		return copy_to_user(val, &byte, 1);
	}
	return inet_put_opt(&v, sizeof(v), val, len);
}

int ip_getopt(struct socket *sk, int level, int name, uaddr_t val, uaddr_t len)
{
	struct inet_sock *s = inet_of(sk);
	int32_t v;
	int r = -ENOPROTOOPT;

	if (level == SOL_ICMPV6 && is_icmp6(s) && name == ICMPV6_FILTER)
		return inet_put_opt(s->icmp6_filter, sizeof(s->icmp6_filter),
				    val, len);
	if (level == SOL_IP)
		r = get4(s, name, &v);
	else if (level == SOL_IPV6 && inet_is6(s))
		r = get6(s, name, &v);
	if (r)
		return r;
	return level == SOL_IP ? put_small(v, val, len)
			       : inet_put_opt(&v, sizeof(v), val, len);
}
