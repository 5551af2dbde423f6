/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opt_ip.c: options of the levels IPPROTO_IP and IPPROTO_IPV6 (ip(7), ipv6(7)).
 * One that is not here is ENOPROTOOPT: none is accepted and forgotten.
 *
 * Nothing here is ever cut into fragments, so what is said about that
 * (IP_MTU_DISCOVER, IPV6_DONTFRAG) is kept and told, and changes nothing.
 */
#include "inet.h"

#include <string.h>

#define LO_MTU       65536
#define IP_MAX       65535 /* no packet of IPv4 is longer */
#define PMTUDISC_MAX 5     /* IP_PMTUDISC_OMIT */

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

void inet_set_opt(struct inet_sock *s, enum inet_option o, bool on)
{
	if (on)
		__atomic_fetch_or(&s->opts, 1U << o, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&s->opts, ~(1U << o), __ATOMIC_RELAXED);
}

struct flag {
	int name;
	enum inet_option option;
};
static const struct flag flags4[] = {
	{ IP_RECVERR, INET_RECVERR },
	{ IP_PKTINFO, INET_PKTINFO },
	{ IP_RECVTTL, INET_RECVTTL },
	{ IP_RECVTOS, INET_RECVTOS },
	{ IP_FREEBIND, INET_FREEBIND },
	{ IP_HDRINCL, INET_HDRINCL },
	{ IP_BIND_ADDRESS_NO_PORT, INET_NOPORT },
	{ 0, 0 },
};
static const struct flag flags6[] = {
	{ IPV6_RECVERR, INET_RECVERR6 },
	{ IPV6_RECVPKTINFO, INET_PKTINFO6 },
	{ IPV6_RECVHOPLIMIT, INET_RECVHOPS },
	{ IPV6_2292HOPLIMIT, INET_HOPS2292 },
	{ IPV6_RECVTCLASS, INET_RECVTCLASS },
	{ IPV6_DONTFRAG, INET_DONTFRAG6 },
	{ 0, 0 },
};

static const struct flag *find(const struct flag *f, int name)
{
	for (; f->name; f++)
		if (f->name == name)
			return f;
	return NULL;
}

static void apply(struct inet_sock *s)
{
	if (s->sk.type != SOCK_STREAM)
		return;
	inet_lock();
	stream_apply(s);
	inet_unlock();
}

/* ---- set ---- */

/* Before there is a name or a connection: the pcb is of another kind then. */
static int set_v6only(struct inet_sock *s, bool on)
{
	int r = 0;

	inet_lock();
	if (s->local.port || !ip_addr_isany(&s->remote.ip)) {
		r = -EINVAL;
	} else {
		inet_set_opt(s, INET_V6ONLY, on);
		s->local.ip = s->remote.ip = s->bound.ip = inet_any(s);
		if (s->pcb)
			s->pcb->local_ip = s->pcb->remote_ip = s->bound.ip;
	}
	inet_unlock();
	return r;
}

/* Of a stream, two bits of it are the congestion's. */
static uint8_t tos_of(const struct inet_sock *s, int32_t v, uint8_t was)
{
	return (uint8_t)(s->sk.type == SOCK_STREAM ? (v & ~3) | (was & 3) : v);
}

static int set_byte(uint8_t *to, int32_t v, int32_t most)
{
	if (v < 0 || v > most)
		return -EINVAL;
	*to = (uint8_t)v;
	return 0;
}

static int set4(struct inet_sock *s, int name, int32_t v)
{
	const struct flag *f = find(flags4, name);

	if (name == IP_HDRINCL && s->sk.type != SOCK_RAW)
		return -ENOPROTOOPT;
	if (f) {
		inet_set_opt(s, f->option, v);
		return 0;
	}
	switch (name) {
	case IP_TOS:
		s->tos = tos_of(s, v, s->tos);
		break;
	case IP_TTL:
		if (v != -1 && (v < 1 || v > 255))
			return -EINVAL;
		s->ttl = v;
		break;
	case IP_MINTTL:
		return set_byte(&s->minttl, v, 255);
	case IP_MTU_DISCOVER:
		return set_byte(&s->pmtudisc, v, PMTUDISC_MAX);
	default:
		return -ENOPROTOOPT;
	}
	apply(s);
	return 0;
}

static int set6(struct inet_sock *s, int name, int32_t v)
{
	const struct flag *f = find(flags6, name);

	if (f) {
		inet_set_opt(s, f->option, v);
		return 0;
	}
	if (name == IPV6_V6ONLY)
		return set_v6only(s, v);
	if (name == IPV6_MTU_DISCOVER)
		return set_byte(&s->pmtudisc6, v, PMTUDISC_MAX);
	if (name != IPV6_UNICAST_HOPS && name != IPV6_TCLASS)
		return -ENOPROTOOPT;
	if (v < -1 || v > 255)
		return -EINVAL;
	if (name == IPV6_UNICAST_HOPS)
		s->hops = v;
	else
		s->tclass = tos_of(s, v == -1 ? 0 : v, s->tclass);
	apply(s);
	return 0;
}

/* RFC 3828, 3.1: how much of a datagram its sum is about; 0: all of it. */
static int coverage(struct inet_sock *s, int name, uint16_t **out)
{
	if (s->sk.protocol != IP_PROTO_UDPLITE)
		return -ENOPROTOOPT;
	if (name == UDPLITE_SEND_CSCOV)
		*out = &s->udp->chksum_len_tx;
	else if (name == UDPLITE_RECV_CSCOV)
		*out = &s->udp->chksum_len_rx;
	else
		return -ENOPROTOOPT;
	return 0;
}

static int set_coverage(struct inet_sock *s, int name, int32_t v)
{
	uint16_t *at;
	int r;

	inet_lock();
	r = coverage(s, name, &at);
	if (!r) /* the header at least */
		*at = (uint16_t)(v ? max(min(v, UINT16_MAX), 8) : 0);
	inet_unlock();
	return r;
}

static int set_udp(struct inet_sock *s, int name, int32_t v)
{
	int r = 0;

	if (name != UDP_CORK)
		return -ENOPROTOOPT;
	inet_set_opt(s, INET_UDP_CORK, v);
	if (v)
		return 0;
	inet_lock();
	r = udpsock_uncork(s);
	inet_unlock();
	return r;
}

/* Which messages of ICMP are not to come in (raw(7); RFC 3542, 3.2). */
static size_t filter_size(const struct inet_sock *s, int level, int name)
{
	if (s->sk.type != SOCK_RAW || name != ICMP_FILTER)
		return 0;
	if (inet_is6(s))
		return level == SOL_ICMPV6 && s->sk.protocol == IP6_NEXTH_ICMP6
			       ? sizeof(s->icmp_filter)
			       : 0;
	return level == SOL_RAW && s->sk.protocol == IP_PROTO_ICMP
		       ? sizeof(s->icmp_filter[0])
		       : 0;
}

static int set_filter(struct inet_sock *s, size_t size, uaddr_t val, int len)
{
	uint32_t f[8];

	memcpy(f, s->icmp_filter, sizeof(f));
	if (copy_from_user(f, val, min((size_t)len, size)))
		return -EFAULT;
	spin_lock(&s->sk.lock);
	memcpy(s->icmp_filter, f, sizeof(f));
	spin_unlock(&s->sk.lock);
	return 0;
}

/* RFC 3542, 3.1: where the kernel puts a sum; below 0: nowhere. */
static int set_checksum(struct inet_sock *s, int level, int32_t v)
{
	bool icmp = s->sk.protocol == IP6_NEXTH_ICMP6;

	if ((icmp && level == SOL_IPV6) || (v > 0 && v & 1))
		return -EINVAL;
	inet_lock();
	s->raw->chksum_reqd = v >= 0;
	s->raw->chksum_offset = (uint16_t)(v >= 0 ? v : 0);
	inet_unlock();
	return 0;
}

static int set_int(struct inet_sock *s, int level, int name, int32_t v)
{
	if (name == IPV6_CHECKSUM && s->sk.type == SOCK_RAW && inet_is6(s) &&
	    (level == SOL_RAW || level == SOL_IPV6))
		return set_checksum(s, level, v);
	if (level == SOL_IP)
		return set4(s, name, v);
	if (level == SOL_IPV6 && inet_is6(s))
		return set6(s, name, v);
	if (level == SOL_UDP && inet_is_udp(s))
		return set_udp(s, name, v);
	if (level == SOL_UDPLITE && inet_is_udp(s))
		return set_coverage(s, name, v);
	return -ENOPROTOOPT;
}

int ip_setopt(struct socket *sk, int level, int name, uaddr_t val, int len)
{
	struct inet_sock *s = inet_of(sk);
	size_t filter = filter_size(s, level, name);
	int32_t v = 0;
	uint8_t byte;

	if (filter)
		return set_filter(s, filter, val, len);
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

/* ---- get ---- */

static int get_mtu(struct inet_sock *s, int32_t mtu, int32_t *v)
{
	int r;

	inet_lock();
	r = !ip_addr_isany(&s->remote.ip) && (s->sk.type != SOCK_STREAM ||
					      s->phase == TCP_IS_OPEN)
		    ? 0
		    : -ENOTCONN;
	inet_unlock();
	*v = mtu;
	return r;
}

static int get_coverage(struct inet_sock *s, int name, int32_t *v)
{
	uint16_t *at;
	int r;

	inet_lock();
	r = coverage(s, name, &at);
	if (!r)
		*v = *at;
	inet_unlock();
	return r;
}

static int get4(struct inet_sock *s, int name, int32_t *v)
{
	const struct flag *f = find(flags4, name);

	*v = 0;
	if (f) {
		*v = inet_opt(s, f->option);
		return 0;
	}
	switch (name) {
	case IP_TOS:
		*v = s->tos;
		return 0;
	case IP_TTL:
		*v = inet_ttl(s, false);
		return 0;
	case IP_MINTTL:
		*v = s->minttl;
		return 0;
	case IP_MTU_DISCOVER:
		*v = s->pmtudisc;
		return 0;
	case IP_MTU:
		return get_mtu(s, IP_MAX, v);
	default:
		return -ENOPROTOOPT;
	}
}

static int get6(struct inet_sock *s, int name, int32_t *v)
{
	const struct flag *f = find(flags6, name);

	*v = 0;
	if (f) {
		*v = inet_opt(s, f->option);
		return 0;
	}
	switch (name) {
	case IPV6_V6ONLY:
		*v = inet_opt(s, INET_V6ONLY);
		return 0;
	case IPV6_TCLASS:
		*v = s->tclass;
		return 0;
	case IPV6_UNICAST_HOPS:
		*v = inet_ttl(s, true);
		return 0;
	case IPV6_MTU_DISCOVER:
		*v = s->pmtudisc6;
		return 0;
	case IPV6_MTU:
		return get_mtu(s, LO_MTU, v);
	default:
		return -ENOPROTOOPT;
	}
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
	size_t filter = filter_size(s, level, name);
	int32_t v, r;

	if (filter)
		return inet_put_opt(s->icmp_filter, filter, val, len);
	if (level == SOL_IP)
		r = get4(s, name, &v);
	else if (level == SOL_IPV6 && inet_is6(s))
		r = get6(s, name, &v);
	else if (level == SOL_UDP && inet_is_udp(s)) {
		v = inet_opt(s, INET_UDP_CORK);
		r = name == UDP_CORK ? 0 : -ENOPROTOOPT;
	} else if (level == SOL_UDPLITE && inet_is_udp(s)) {
		r = get_coverage(s, name, &v);
	} else {
		r = inet_is6(s) ? -ENOPROTOOPT : -EOPNOTSUPP;
	}
	if (r)
		return r;
	return level == SOL_IP ? put_small(v, val, len)
			       : inet_put_opt(&v, sizeof(v), val, len);
}
