/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet.c: AF_INET and AF_INET6 (ip(7), ipv6(7)): birth of sockets, names, and
 * who may have which port.
 *
 * Whether a port may be bound is decided here, by Linux's rules, from lwIP's
 * lists; its pcbs all have SOF_REUSEADDR, so that it agrees.
 */
#include "inet.h"

#include "lwip/priv/tcp_priv.h"

#define SYN_RETRIES   6     /* as on Linux */
#define STREAM_SNDBUF 16384 /* until it is connected */
#define STREAM_RCVBUF 131072
#define PROTOCOL_MAX  262 /* IPPROTO_MPTCP */

int inet_new(struct netns *ns, int family, int type, int protocol,
	     struct inet_sock **out)
{
	struct inet_sock *s = kmalloc(sizeof(*s));
	const struct sock_ops *ops = &inet_dgram_ops;

	if (!s)
		return -ENOMEM;
	if (type == SOCK_STREAM)
		ops = &inet_stream_ops;
	else if (type == SOCK_RAW)
		ops = &inet_raw_ops;
	else if (protocol == IP_PROTO_ICMP || protocol == IP6_NEXTH_ICMP6)
		ops = &inet_ping_ops;
	sock_init(&s->sk, ops, ns, family, type, protocol);
	s->ttl = s->hops = -1;
	s->syncnt = SYN_RETRIES;
	s->pmtudisc = s->pmtudisc6 = 1; /* IP_PMTUDISC_WANT */
	s->opts = 1U << INET_QUICKACK;
	s->local.ip = s->remote.ip = s->bound.ip = inet_any(s);
	TAILQ_INIT(&s->hold);
	TAILQ_INIT(&s->tx);
	TAILQ_INIT(&s->embryos);
	STAILQ_INIT(&s->dgrams);
	STAILQ_INIT(&s->errors);
	if (type == SOCK_STREAM) {
		s->sk.sndbuf = STREAM_SNDBUF;
		s->sk.rcvbuf = STREAM_RCVBUF;
	}
	*out = s;
	return 0;
}

/* The protocol that type and protocol mean, or an errno. */
static int which(int family, int type, int protocol)
{
	int ping = family == AF_INET ? IP_PROTO_ICMP : IP6_NEXTH_ICMP6;

	if (protocol < 0 || protocol > PROTOCOL_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_STREAM:
		return !protocol || protocol == IP_PROTO_TCP ? IP_PROTO_TCP
							     : -EPROTONOSUPPORT;
	case SOCK_DGRAM:
		if (protocol == ping)
			return ping_allowed() ? protocol : -EACCES;
		if (protocol == IP_PROTO_UDPLITE)
			return protocol;
		return !protocol || protocol == IP_PROTO_UDP ? IP_PROTO_UDP
							     : -EPROTONOSUPPORT;
	case SOCK_RAW:
		if (!protocol || protocol > UINT8_MAX)
			return -EPROTONOSUPPORT;
		return capable(CAP_NET_RAW) ? protocol : -EPERM;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

static int create(int family, struct netns *ns, int type, int protocol,
		  struct socket **out)
{
	struct inet_sock *s;
	int r = which(family, type, protocol);

	if (r < 0)
		return r;
	protocol = r;
	r = inet_ready();
	if (!r)
		r = inet_new(ns, family, type, protocol, &s);
	if (r)
		return r;
	s->uid = current->cred->euid;
	if (type != SOCK_STREAM) {
		inet_lock();
		r = type == SOCK_RAW  ? rawsock_init(s)
		    : inet_is_ping(s) ? ping_init(s)
				      : udpsock_init(s);
		inet_unlock();
	}
	if (r)
		sock_put(&s->sk);
	else
		*out = &s->sk;
	return r;
}

static int create4(struct netns *ns, int type, int protocol,
		   struct socket **out)
{
	return create(AF_INET, ns, type, protocol, out);
}

static int create6(struct netns *ns, int type, int protocol,
		   struct socket **out)
{
	return create(AF_INET6, ns, type, protocol, out);
}

const struct sock_family inet_family = { AF_INET, create4 };
const struct sock_family inet6_family = { AF_INET6, create6 };

/* ---- names ---- */

static bool reuses(const struct inet_holder *h, int option, uint8_t bit)
{
	return h->owner ? sock_flag(&h->owner->sk, option)
			: h->so_options & bit;
}

bool inet_conflict(const struct inet_sock *s, const ip_addr_t *ip,
		   const struct inet_holder *h)
{
	if (h->owner == s || !inet_overlap(ip, h->ip))
		return false;
	if (sock_flag(&s->sk, SO_REUSEADDR) && !h->listens &&
	    reuses(h, SO_REUSEADDR, PCB_REUSEADDR))
		return false;
	return !sock_flag(&s->sk, SO_REUSEPORT) ||
	       !reuses(h, SO_REUSEPORT, PCB_REUSEPORT) ||
	       (h->owner && h->owner->uid != s->uid);
}

/* [inet] */
static int check_name(const struct inet_sock *s, const struct endpoint *e)
{
	if (inet_is6(s) && IP_IS_V4_VAL(e->ip) && inet_opt(s, INET_V6ONLY))
		return -EINVAL;
	if (!ip_addr_isany(&e->ip) && !inet_is_local(&e->ip) &&
	    !inet_opt(s, INET_FREEBIND) && !inet_is_broadcast(&e->ip))
		return -EADDRNOTAVAIL;
	if (s->sk.type != SOCK_RAW && e->port &&
	    e->port < net_limit(&net_limits.ip_unprivileged_port_start) &&
	    !capable(CAP_NET_BIND_SERVICE))
		return -EACCES;
	return 0;
}

static int bind_locked(struct inet_sock *s, const struct endpoint *e)
{
	switch (s->sk.type) {
	case SOCK_STREAM:
		return stream_bind(s, e);
	case SOCK_DGRAM:
		return udpsock_bind(s, e);
	default:
		s->bound = *e;
		s->bound.port = s->local.port;
		s->local = s->bound;
		return inet_errno(raw_bind(s->raw, &e->ip));
	}
}

int inet_bind(struct socket *sk, const struct sock_addr *a)
{
	struct inet_sock *s = inet_of(sk);
	struct sock_addr any = *a;
	struct endpoint e;
	int r;

	/* bind(2) of AF_INET takes AF_UNSPEC for any address */
	if (sk->family == AF_INET && a->len >= sizeof(a->in) &&
	    a->family == AF_UNSPEC && !a->in.addr)
		any.family = AF_INET;
	r = endpoint_from_addr(s, &any, &e);
	if (r)
		return r;
	/* "any" of IPv6 is also IPv4's, unless that is not wanted */
	if (ip_addr_isany(&e.ip) && IP_IS_V6_VAL(e.ip))
		e.ip = inet_any(s);
	inet_lock();
	r = check_name(s, &e);
	if (!r)
		r = bind_locked(s, &e);
	inet_unlock();
	return r;
}

int inet_getname(struct socket *sk, int which, struct sock_addr *out)
{
	bool peer = which != NAME_OWN;
	struct inet_sock *s = inet_of(sk);
	int r = 0;

	inet_lock();
	if (peer && (!s->remote.port ||
		     (which == NAME_PEER && sk->type == SOCK_STREAM &&
		      s->phase != TCP_IS_OPEN)))
		r = -ENOTCONN;
	else
		endpoint_to_addr(s, peer ? &s->remote : &s->local, out);
	inet_unlock();
	return r;
}
