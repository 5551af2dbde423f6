/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raw.c: SOCK_RAW (raw(7)): packets of one protocol, as they are.
 *
 * lwIP shows each packet to every raw pcb before it goes on; each gets a copy.
 * Of IPv4 the header is part of what is received, of IPv6 it is not.
 */
#include "inet.h"

#include <string.h>

#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/ip4.h"

#define SEND_FLAGS   (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR)
#define PROTO_RAW    255
#define ICMP6_SUM_AT 2

struct inet_list inet_raws = TAILQ_HEAD_INITIALIZER(inet_raws);

static bool filtered(struct inet_sock *s, const struct pbuf *p)
{
	uint16_t at = inet_is6(s) ? 0 : ip_current_header_tot_len();
	uint8_t type;
	bool hit;

	if (s->sk.protocol != (inet_is6(s) ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP))
		return false;
	if (!pbuf_copy_partial(p, &type, 1, at))
		return false;
	if (!inet_is6(s) && type >= 32)
		return false;
	spin_lock(&s->sk.lock);
	hit = s->icmp_filter[type / 32] >> type % 32 & 1;
	spin_unlock(&s->sk.lock);
	return hit;
}

/* 0: the packet is still lwIP's. */
static u8_t arrived(void *arg, struct raw_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *ip)
{
	struct inet_sock *s = arg;
	struct endpoint from = { *ip, 0 };
	struct pbuf *c = packet_clone(p);

	(void)pcb;
	if (!c)
		return 0;
	if (ip_current_is_v6())
		c = pbuf_free_header(c, ip_current_header_tot_len());
	if (filtered(s, c))
		pbuf_free(c);
	else
		dgram_arrived(s, c, &from);
	return 0;
}

int rawsock_init(struct inet_sock *s)
{
	uint8_t type = inet_is6(s) ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4;

	s->raw = raw_new_ip_type(type, (uint8_t)s->sk.protocol);
	if (!s->raw)
		return -ENOBUFS;
	TAILQ_INSERT_TAIL(&inet_raws, s, embryo_link);
	IP_SET_TYPE_VAL(s->bound.ip, type);
	s->local.ip = s->remote.ip = s->bound.ip;
	s->local.port = (uint16_t)s->sk.protocol; /* Linux tells it so */
	if (s->sk.protocol == PROTO_RAW) {        /* whole packets, out alone */
		inet_set_opt(s, INET_HDRINCL, true);
		return 0;
	}
	if (inet_is6(s) && s->sk.protocol == IP6_NEXTH_ICMP6) {
		s->raw->chksum_reqd = 1;
		s->raw->chksum_offset = ICMP6_SUM_AT;
	}
	raw_recv(s->raw, arrived, s);
	return 0;
}

static int rawsock_connect(struct socket *sk, const struct sock_addr *a,
			   bool nonblock)
{
	struct inet_sock *s = inet_of(sk);
	struct endpoint to;
	ip_addr_t from;
	int r = 0;

	(void)nonblock;
	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family != AF_UNSPEC)
		r = endpoint_from_addr(s, a, &to);
	if (r)
		return r;
	inet_lock();
	if (a->family == AF_UNSPEC) {
		raw_disconnect(s->raw);
		s->remote = (struct endpoint){ .ip = s->bound.ip };
		ip_addr_set_any(inet_is6(s), &s->remote.ip);
		s->local.ip = s->raw->local_ip = s->bound.ip;
	} else {
		r = inet_route(s, &to, NULL, &from);
		if (!r)
			r = inet_errno(raw_connect(s->raw, &to.ip));
		if (!r)
			s->remote = to;
		if (!r && ip_addr_isany(&s->local.ip))
			s->local.ip = s->raw->local_ip = from;
	}
	inet_unlock();
	return r;
}

/* ---- send ---- */

/* What Linux fills in of a header that the user made. */
static int finish_header(struct pbuf *p, const ip_addr_t *from)
{
	struct ip_hdr *h = p->payload;

	if (p->len < IP_HLEN || IPH_HL_BYTES(h) < IP_HLEN ||
	    IPH_HL_BYTES(h) > p->len || IPH_V(h) != 4)
		return -EINVAL;
	IPH_LEN_SET(h, lwip_htons(p->tot_len));
	if (!IPH_ID(h))
		IPH_ID_SET(h, (u16_t)inet_random());
	if (!h->src.addr)
		h->src.addr = ip4_addr_get_u32(ip_2_ip4(from));
	IPH_CHKSUM_SET(h, 0);
	IPH_CHKSUM_SET(h, inet_chksum(h, IPH_HL_BYTES(h)));
	return 0;
}

static int send_locked(struct inet_sock *s, struct pbuf *p, struct endpoint *to,
		       const struct dgram_how *how)
{
	bool whole = inet_opt(s, INET_HDRINCL) && !inet_is6(s);
	ip_addr_t from;
	int r = inet_route(s, to, &how->from, &from);

	if (!r && whole)
		r = finish_header(p, &from);
	if (!r && s->raw->chksum_reqd && p->len < s->raw->chksum_offset + 2)
		r = -EINVAL;
	if (r)
		return r;
	if (s->raw->chksum_reqd) /* whatever the user thinks that it is */
		memset((char *)p->payload + s->raw->chksum_offset, 0, 2);
	raw_clear_flags(s->raw, RAW_FLAGS_HDRINCL);
	if (whole)
		raw_set_flags(s->raw, RAW_FLAGS_HDRINCL);
	s->raw->tos = (uint8_t)how->tos;
	s->raw->ttl = (uint8_t)how->ttl;
	return inet_errno(
		raw_sendto_if_src(s->raw, p, &to->ip, &loop_netif, &from));
}

static ssize_t rawsock_send(struct socket *sk, struct sock_msg *m)
{
	struct inet_sock *s = inet_of(sk);
	size_t n = m->u->left;
	size_t most = UINT16_MAX - (inet_is6(s)                 ? IP6_HLEN
				    : inet_opt(s, INET_HDRINCL) ? 0
								: IP_HLEN);
	struct dgram_how how;
	struct endpoint to;
	struct pbuf *p;
	int r;

	if (n > most)
		return -EMSGSIZE;
	if (m->flags & ~SEND_FLAGS)
		return -EOPNOTSUPP;
	r = dgram_prepare(s, m, &to, &how);
	if (!r)
		r = dgram_pbuf(m->u, n, &p);
	if (r)
		return r;
	inet_lock();
	r = send_locked(s, p, &to, &how);
	inet_unlock();
	pbuf_free(p);
	return r ? r : (ssize_t)n;
}

static void rawsock_release(struct socket *sk)
{
	struct inet_sock *s = inet_of(sk);

	inet_lock();
	if (s->raw) {
		TAILQ_REMOVE(&inet_raws, s, embryo_link);
		raw_remove(s->raw);
	}
	s->raw = NULL;
	inet_unlock();
	dgram_purge(s);
}

const struct sock_ops inet_raw_ops = {
	.bind = inet_bind,
	.connect = rawsock_connect,
	.getname = inet_getname,
	.shutdown = dgram_shutdown,
	.send = rawsock_send,
	.recv = dgram_recv,
	.poll = dgram_poll,
	.ioctl = dgram_ioctl,
	.setopt = ip_setopt,
	.getopt = ip_getopt,
	.release = rawsock_release,
	.destroy = dgram_destroy,
};
