/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ping.c: echo requests without privilege (icmp(7)): SOCK_DGRAM of ICMP and
 * ICMPv6, for the groups of net.ipv4.ping_group_range.
 *
 * A socket's port is the identifier of its requests (RFC 792, RFC 4443, 4.1);
 * what comes in is the replies that have it.  Each socket has a raw pcb of
 * lwIP's, which shows every packet to all of them.
 */
#include "inet.h"

#include <string.h>

#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp.h"

#define SUM_AT    offsetof(struct icmp_echo_hdr, chksum)
#define EXT_ECHO  42  /* RFC 8335 */
#define EXT_ECHO6 160 /* the same */
/* bytes of an address that is whole */
#define ADDR_LEN(s)                                                            \
	(inet_is6(s) ? sizeof(((struct sock_addr *)0)->in6)                    \
		     : sizeof(((struct sock_addr *)0)->in))

struct inet_list inet_pings = TAILQ_HEAD_INITIALIZER(inet_pings);

bool ping_allowed(void)
{
	uint64_t r =
		__atomic_load_n(&net_limits.ping_group_range, __ATOMIC_RELAXED);
	uint32_t low = (uint32_t)r, high = (uint32_t)(r >> 32);
	const struct cred *c = current->cred;

	if (c->egid >= low && c->egid <= high)
		return true;
	for (unsigned i = 0; i < c->ngroups; i++)
		if (c->groups[i] >= low && c->groups[i] <= high)
			return true;
	return false;
}

/* An id may be several sockets'; it is the last one bound that has it. */
struct inet_sock *ping_find(int family, uint16_t id, const ip_addr_t *own)
{
	struct inet_sock *s;

	if (!id)
		return NULL;
	TAILQ_FOREACH(s, &inet_pings, embryo_link)
	{
		if (s->local.port == id && s->sk.family == family &&
		    (ip_addr_isany(&s->local.ip) ||
		     ip_addr_cmp(&s->local.ip, own)))
			return s;
	}
	return NULL;
}

/* 0: the packet is still lwIP's. */
static u8_t arrived(void *arg, struct raw_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *ip)
{
	struct inet_sock *s = arg;
	uint8_t reply = inet_is6(s) ? (uint8_t)ICMP6_TYPE_EREP : ICMP_ER;
	struct endpoint from = { *ip, 0 };
	struct icmp_echo_hdr h;
	struct pbuf *c;

	(void)pcb;
	if (pbuf_copy_partial(p, &h, sizeof(h), ip_current_header_tot_len()) !=
		    sizeof(h) ||
	    h.type != reply || lwip_ntohs(h.id) != s->local.port ||
	    ping_find(s->sk.family, s->local.port, ip_current_dest_addr()) != s)
		return 0;
	c = packet_clone(p);
	if (!c)
		return 0;
	c = pbuf_free_header(c, ip_current_header_tot_len());
	if (!inet_is6(s) && inet_chksum_pbuf(c))
		pbuf_free(c);
	else
		dgram_arrived(s, c, &from);
	return 0;
}

int ping_init(struct inet_sock *s)
{
	s->raw = raw_new_ip_type(inet_ip_type(s), (uint8_t)s->sk.protocol);
	if (!s->raw)
		return -ENOBUFS;
	s->sk.flags |= 1U << SO_REUSEADDR; /* as on Linux */
	if (inet_is6(s)) {
		inet_set_opt(s, INET_V6ONLY, true);
		s->raw->chksum_reqd = 1;
		s->raw->chksum_offset = SUM_AT;
	}
	raw_recv(s->raw, arrived, s);
	TAILQ_INSERT_TAIL(&inet_pings, s, embryo_link);
	return 0;
}

/* ---- identifiers ---- */

/* They are one space for both families, whatever the addresses are. */
static bool taken(const struct inet_sock *s, uint16_t id)
{
	struct inet_sock *o;

	TAILQ_FOREACH(o, &inet_pings, embryo_link)
	{
		if (o != s && o->local.port == id &&
		    !(sock_flag(&o->sk, SO_REUSEADDR) &&
		      sock_flag(&s->sk, SO_REUSEADDR)))
			return true;
	}
	return false;
}

/* [inet] One that nobody has, or 0. */
static uint16_t free_id(void)
{
	static uint16_t last; /* [inet] */
	uint8_t *used = kmalloc((UINT16_MAX + 1) / 8);
	struct inet_sock *o;
	uint16_t id = 0;

	if (!used)
		return 0;
	TAILQ_FOREACH(o, &inet_pings, embryo_link)
	used[o->local.port / 8] |= (uint8_t)(1U << o->local.port % 8);
	used[0] |= 1; /* id 0 is none */
	for (unsigned n = 0; n <= UINT16_MAX && !id; n++) {
		last++;
		if (!(used[last / 8] >> last % 8 & 1))
			id = last;
	}
	kfree(used);
	return id;
}

/* [inet] id 0: any. */
static int get_id(struct inet_sock *s, uint16_t id)
{
	if (id && taken(s, id))
		return -EADDRINUSE;
	if (!id)
		id = free_id();
	if (!id)
		return -EADDRINUSE;
	s->local.port = id;
	TAILQ_REMOVE(&inet_pings, s, embryo_link);
	TAILQ_INSERT_HEAD(&inet_pings, s, embryo_link);
	return 0;
}

/* Who sends or connects has an id from then on, also where that fails; EAGAIN:
 * there is none. */
static int bind_any(struct inet_sock *s)
{
	int r;

	inet_lock();
	r = s->local.port || !get_id(s, 0) ? 0 : -EAGAIN;
	inet_unlock();
	return r;
}

/* An address that is s's family's, of at least min bytes. */
static int take_addr(const struct inet_sock *s, const struct sock_addr *a,
		     size_t min, struct endpoint *out)
{
	if (a->len < min)
		return -EINVAL;
	if (a->family != s->sk.family)
		return -EAFNOSUPPORT;
	return endpoint_from_addr(s, a, out);
}

/* What has no meaning without an interface, or of the other family. */
static bool is_foreign6(const struct inet_sock *s, const ip_addr_t *ip)
{
	return inet_is6(s) && (!IP_IS_V6(ip) || ip_addr_ismulticast(ip) ||
			       ip_addr_islinklocal(ip));
}

static int check_own(const struct inet_sock *s, const ip_addr_t *ip)
{
	if (is_foreign6(s, ip))
		return -EINVAL;
	if (inet_is_broadcast(ip) || ip_addr_ismulticast(ip))
		return -EADDRNOTAVAIL;
	return ip_addr_isany(ip) || inet_is_local(ip) ||
			       inet_opt(s, INET_FREEBIND)
		       ? 0
		       : -EADDRNOTAVAIL;
}

static int ping_bind(struct socket *sk, const struct sock_addr *a)
{
	struct inet_sock *s = inet_of(sk);
	struct sock_addr any = *a;
	struct endpoint e;
	int r;

	/* as other sockets of AF_INET */
	if (!inet_is6(s) && a->len >= sizeof(a->in) && a->family == AF_UNSPEC &&
	    !a->in.addr)
		any.family = AF_INET;
	r = take_addr(s, &any, ADDR_LEN(s), &e);
	if (r)
		return r;
	inet_lock();
	r = check_own(s, &e.ip);
	if (!r && s->local.port)
		r = -EINVAL;
	if (!r)
		r = get_id(s, e.port);
	if (!r) {
		s->local.ip = s->raw->local_ip = e.ip;
		s->bound = e;
	}
	inet_unlock();
	return r;
}

/* ---- connect ---- */

static void disconnect(struct inet_sock *s)
{
	s->remote = (struct endpoint){ .ip = inet_any(s) };
	s->local.ip = s->raw->local_ip = s->bound.ip;
	s->local.port = s->bound.port; /* 0: it was not asked for */
}

static int connect_to(struct inet_sock *s, struct endpoint *to)
{
	ip_addr_t from;
	int r = inet_route(s, to, NULL, &from);

	if (r)
		return r;
	s->remote = *to;
	if (ip_addr_isany(&s->local.ip))
		s->local.ip = s->raw->local_ip = from;
	return 0;
}

static int ping_connect(struct socket *sk, const struct sock_addr *a,
			bool nonblock)
{
	struct inet_sock *s = inet_of(sk);
	struct endpoint to;
	int r = 0;

	(void)nonblock;
	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family != AF_UNSPEC)
		r = bind_any(s);
	if (!r && a->family != AF_UNSPEC)
		r = inet_is6(s) && a->family != AF_INET6
			    ? -EAFNOSUPPORT
			    : endpoint_from_addr(s, a, &to);
	if (r)
		return r;
	inet_lock();
	if (a->family == AF_UNSPEC)
		disconnect(s);
	else
		r = connect_to(s, &to);
	inet_unlock();
	return r;
}

/* ---- send ---- */

/* RFC 792, RFC 4443, RFC 8335 */
bool ping_is_request(bool v6, const struct icmp_echo_hdr *h)
{
	if (h->code)
		return false;
	return v6 ? h->type == ICMP6_TYPE_EREQ || h->type == EXT_ECHO6
		  : h->type == ICMP_ECHO || h->type == EXT_ECHO;
}

/* Addresses are not as for other datagrams. */
static int check_name(const struct inet_sock *s, const struct sock_msg *m)
{
	struct endpoint e;
	int r;

	if (!m->name || !m->name->len)
		return 0;
	r = take_addr(s, m->name, ADDR_LEN(s), &e);
	if (!r && is_foreign6(s, &e.ip))
		r = -EINVAL;
	return !r && inet_is6(s) && ip_addr_isany(&e.ip) ? -ENETUNREACH : r;
}

static int transmit(struct inet_sock *s, struct pbuf *p, struct endpoint *to,
		    const struct dgram_how *how)
{
	struct icmp_echo_hdr *h = p->payload;
	ip_addr_t from;
	int r = inet_route(s, to, &how->from, &from);

	if (r)
		return r;
	h->id = lwip_htons(s->local.port);
	h->chksum = 0;
	if (!inet_is6(s)) /* of the other, by lwIP */
		h->chksum = inet_chksum_pbuf(p);
	s->raw->tos = (uint8_t)how->tos;
	s->raw->ttl = (uint8_t)how->ttl;
	return inet_errno(
		raw_sendto_if_src(s->raw, p, &to->ip, &loop_netif, &from));
}

static int send_request(struct inet_sock *s, struct pbuf *p,
			const struct sock_msg *m)
{
	struct dgram_how how;
	struct endpoint to;
	int r = ping_is_request(inet_is6(s), p->payload) ? 0 : -EINVAL;

	if (!r)
		r = check_name(s, m);
	if (!r)
		r = dgram_prepare(s, m, &to, &how);
	if (!r && p->tot_len > UINT16_MAX - (inet_is6(s) ? IP6_HLEN : IP_HLEN))
		r = -EMSGSIZE;
	if (r)
		return r;
	inet_lock();
	r = transmit(s, p, &to, &how);
	inet_unlock();
	return r;
}

static ssize_t ping_send(struct socket *sk, struct sock_msg *m)
{
	struct inet_sock *s = inet_of(sk);
	size_t n = m->u->left;
	struct pbuf *p;
	int r = bind_any(s);

	if (r)
		return r;
	if (n > UINT16_MAX)
		return -EMSGSIZE;
	if (n < sizeof(struct icmp_echo_hdr))
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	r = dgram_pbuf(m->u, n, &p);
	if (r)
		return r;
	r = send_request(s, p, m);
	pbuf_free(p);
	return r ? r : (ssize_t)n;
}

static void ping_release(struct socket *sk)
{
	struct inet_sock *s = inet_of(sk);

	inet_lock();
	if (s->raw) {
		TAILQ_REMOVE(&inet_pings, s, embryo_link);
		raw_remove(s->raw);
	}
	s->raw = NULL;
	inet_unlock();
	dgram_purge(s);
}

const struct sock_ops inet_ping_ops = {
	.bind = ping_bind,
	.connect = ping_connect,
	.getname = inet_getname,
	.shutdown = dgram_shutdown,
	.send = ping_send,
	.recv = dgram_recv,
	.poll = dgram_poll,
	.setopt = ip_setopt,
	.getopt = ip_getopt,
	.release = ping_release,
	.destroy = dgram_destroy,
};
