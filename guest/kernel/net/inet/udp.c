/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp.c: datagrams over UDP (udp(7)) on lwIP's raw API; and UDP-Lite, which has
 * its ports among UDP's here.
 */
#include "inet.h"

#include <string.h>

#include "lwip/prot/udp.h"

#define UDP_MAX4   65507U /* of bytes in one datagram */
#define UDP_MAX6   65487U /* what a packet of the loopback holds */
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR | MSG_MORE)

static void arrived(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *ip, u16_t port)
{
	const struct udp_hdr *h = (void *)((char *)p->payload - UDP_HLEN);
	uint16_t len = lwip_ntohs(h->len); /* which lwIP does not look at */
	struct endpoint from = { *ip, port };
	struct inet_sock *s = arg;

	bool lite = s->sk.protocol == IP_PROTO_UDPLITE;

	(void)pcb;
	if (ip_current_header_proto() != s->sk.protocol ||
	    (!lite && (len < UDP_HLEN || len - UDP_HLEN > p->tot_len))) {
		pbuf_free(p);
		return;
	}
	if (!lite)
		pbuf_realloc(p, (uint16_t)(len - UDP_HLEN));
	dgram_arrived(s, p, &from);
}

int udpsock_init(struct inet_sock *s)
{
	s->udp = udp_new_ip_type(inet_ip_type(s));
	if (!s->udp)
		return -ENOBUFS;
	if (s->sk.protocol == IP_PROTO_UDPLITE)
		udp_setflags(s->udp, UDP_FLAGS_UDPLITE);
	ip_set_option(s->udp, SOF_REUSEADDR);
	udp_recv(s->udp, arrived, s);
	return 0;
}

static bool taken(const struct inet_sock *s, const struct endpoint *e)
{
	for (struct udp_pcb *p = udp_pcbs; p; p = p->next) {
		struct inet_holder h = { .ip = &p->local_ip,
					 .owner = p->recv_arg };

		if (p->local_port == e->port && inet_conflict(s, &e->ip, &h))
			return true;
	}
	return false;
}

static void note_local(struct inet_sock *s)
{
	s->local.port = s->udp->local_port;
}

int udpsock_bind(struct inet_sock *s, const struct endpoint *e)
{
	err_t err;

	if (s->local.port)
		return -EINVAL;
	if (e->port && taken(s, e))
		return -EADDRINUSE;
	err = udp_bind(s->udp, &e->ip, e->port);
	if (err != ERR_OK)
		return err == ERR_USE ? -EADDRINUSE : inet_errno(err);
	s->bound = *e;
	s->local = *e;
	note_local(s);
	return 0;
}

/* ---- connect ---- */

static void disconnect(struct inet_sock *s)
{
	udp_disconnect(s->udp);
	s->remote = (struct endpoint){ .ip = inet_any(s) };
	s->udp->local_ip = s->bound.ip;
	s->local.ip = s->bound.ip;
	if (s->bound.port)
		return;
	s->udp->local_port = 0; /* it was not asked for */
	s->local.port = 0;
}

static int connect_to(struct inet_sock *s, struct endpoint *to)
{
	ip_addr_t from;
	err_t e;
	int r = inet_route(s, to, NULL, &from);

	if (r)
		return r;
	e = udp_connect(s->udp, &to->ip, to->port);
	if (e != ERR_OK)
		return e == ERR_USE ? -EAGAIN : inet_errno(e);
	s->remote = *to;
	if (ip_addr_isany(&s->local.ip))
		s->local.ip = s->udp->local_ip = from;
	note_local(s);
	return 0;
}

static int udpsock_connect(struct socket *sk, const struct sock_addr *a,
			   bool nonblock)
{
	struct inet_sock *s = inet_of(sk);
	struct endpoint to;
	int r = 0;

	(void)nonblock;
	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family != AF_UNSPEC)
		r = a->family == AF_INET || inet_is6(s)
			    ? endpoint_to_send(s, a, &to)
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

/* [inet] */
static int check_way(struct inet_sock *s, struct endpoint *to,
		     const struct dgram_how *how, size_t n)
{
	ip_addr_t from;

	if (!to->port)
		return -EINVAL;
	if (n > (IP_IS_V6_VAL(to->ip) ? UDP_MAX6 : UDP_MAX4))
		return -EMSGSIZE;
	return inet_route(s, to, &how->from, &from);
}

/* Takes p. */
static int transmit(struct inet_sock *s, struct pbuf *p,
		    const struct endpoint *to, const struct dgram_how *how)
{
	struct endpoint there = *to;
	ip_addr_t from;
	int r = inet_route(s, &there, &how->from, &from);
	err_t e;

	if (r) {
		pbuf_free(p);
		return r;
	}
	s->udp->tos = (uint8_t)how->tos;
	s->udp->ttl = (uint8_t)how->ttl;
	e = udp_sendto_if_src(s->udp, p, &to->ip, to->port, &loop_netif, &from);
	pbuf_free(p);
	note_local(s);
	if (e == ERR_MEM)
		return -ENOBUFS;
	return e == ERR_USE ? -EAGAIN : inet_errno(e);
}

/* p behind what waits, in one piece that grows. */
static int append(struct inet_sock *s, const struct pbuf *p)
{
	uint32_t need = s->pending_len + p->tot_len;
	struct pbuf *n;

	if (!s->pending || need > s->pending->len) {
		n = pbuf_alloc(PBUF_TRANSPORT,
			       (uint16_t)min(max(2 * need, 2048U),
					     (uint32_t)UINT16_MAX),
			       PBUF_RAM);
		if (!n)
			return -ENOBUFS;
		if (s->pending) {
			memcpy(n->payload, s->pending->payload, s->pending_len);
			pbuf_free(s->pending);
		}
		s->pending = n;
	}
	(void)pbuf_copy_partial(p, (char *)s->pending->payload + s->pending_len,
				p->tot_len, 0);
	s->pending_len = need;
	return 0;
}

int udpsock_uncork(struct inet_sock *s)
{
	struct pbuf *p = s->pending;

	if (!p)
		return 0;
	pbuf_realloc(p, (uint16_t)s->pending_len);
	s->pending = NULL;
	s->pending_len = 0;
	return transmit(s, p, &s->pending_to, &s->pending_how);
}

/* A part of a datagram that is not over, or its last. Takes p. */
static int send_part(struct inet_sock *s, struct pbuf *p,
		     const struct endpoint *to, const struct dgram_how *how,
		     bool more)
{
	int r = 0;

	if (!s->pending && !more)
		return transmit(s, p, to, how);
	if (!s->pending) {
		s->pending_to = *to;
		s->pending_how = *how;
	}
	if (s->pending_len + p->tot_len >
	    (IP_IS_V6_VAL(s->pending_to.ip) ? UDP_MAX6 : UDP_MAX4))
		r = -EMSGSIZE;
	else
		r = append(s, p);
	pbuf_free(p);
	if (r || more)
		return r;
	return udpsock_uncork(s);
}

static ssize_t udpsock_send(struct socket *sk, struct sock_msg *m)
{
	struct inet_sock *s = inet_of(sk);
	size_t n = m->u->left;
	struct dgram_how how;
	struct endpoint to;
	struct pbuf *p;
	int r;

	if (n > UINT16_MAX)
		return -EMSGSIZE;
	if (m->flags & ~SEND_FLAGS)
		return -EOPNOTSUPP;
	r = dgram_prepare(s, m, &to, &how);
	if (!r) {
		inet_lock();
		r = check_way(s, &to, &how, n);
		inet_unlock();
	}
	if (!r)
		r = dgram_pbuf(m->u, n, &p);
	if (r)
		return r;
	inet_lock();
	r = send_part(s, p, &to, &how,
		      m->flags & MSG_MORE || inet_opt(s, INET_UDP_CORK));
	inet_unlock();
	return r ? r : (ssize_t)n;
}

/* ---- the end ---- */

static void udpsock_release(struct socket *sk)
{
	struct inet_sock *s = inet_of(sk);

	inet_lock();
	if (s->udp)
		udp_remove(s->udp);
	s->udp = NULL;
	if (s->pending)
		pbuf_free(s->pending);
	s->pending = NULL;
	inet_unlock();
	dgram_purge(s);
}

const struct sock_ops inet_dgram_ops = {
	.bind = inet_bind,
	.connect = udpsock_connect,
	.getname = inet_getname,
	.shutdown = dgram_shutdown,
	.send = udpsock_send,
	.recv = dgram_recv,
	.poll = dgram_poll,
	.ioctl = dgram_ioctl,
	.setopt = ip_setopt,
	.getopt = ip_getopt,
	.release = udpsock_release,
	.destroy = dgram_destroy,
};
