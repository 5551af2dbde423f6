/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.c: what /proc/net tells of IP sockets, and what came by the loopback.
 *
 * Connections that nobody has any more (TIME_WAIT and before it) are told of
 * too: they have the port.
 */
#include "inet.h"

#include <string.h>

#include "lwip/priv/tcp_priv.h"

static void put_ip(uint8_t *to, const ip_addr_t *ip, bool v6)
{
	if (IP_IS_V6(ip)) {
		memcpy(to, ip_2_ip6(ip)->addr, 16);
	} else if (!v6) {
		memcpy(to, ip_2_ip4(ip), 4);
	} else if (!ip_addr_isany(ip)) {
		memset(to + 10, 0xff, 2);
		memcpy(to + 12, ip_2_ip4(ip), 4);
	}
}

static uint64_t inode_of(struct socket *sk)
{
	uint64_t ino = 0;

	spin_lock(&sk->lock);
	if (sk->file)
		ino = sk->file->inode->ino;
	spin_unlock(&sk->lock);
	return ino;
}

static void fill(struct inet_info *i, struct inet_sock *s,
		 const ip_addr_t *local, const ip_addr_t *remote, bool v6)
{
	put_ip(i->local, local, v6);
	if (remote)
		put_ip(i->remote, remote, v6);
	if (!s)
		return;
	i->uid = s->uid;
	i->ino = inode_of(&s->sk);
	i->ref = __atomic_load_n(&s->sk.ref, __ATOMIC_RELAXED);
}

static void tell_tcp(struct tcp_pcb *p, bool v6, inet_info_fn fn, void *arg)
{
	struct inet_sock *s = p->callback_arg;
	bool own = s && s->tcp == p; /* not its listener's */
	struct inet_info i = { .lport = p->local_port };
	bool listens = p->state == LISTEN;

	if ((s ? inet_is6(s) : !!(p->so_options & PCB_INET6)) != v6 ||
	    p->state == CLOSED)
		return;
	fill(&i, own ? s : NULL, &p->local_ip, listens ? NULL : &p->remote_ip,
	     v6);
	i.state = inet_tcp_state(p->state);
	if (!listens)
		i.rport = p->remote_port;
	if (own && listens) {
		i.rx = s->nembryos;
	} else if (own) {
		/* a FIN counts, as on Linux */
		i.rx = (uint32_t)stream_readable(s) + s->fin;
		i.tx = (uint32_t)__atomic_load_n(&s->sk.wmem, __ATOMIC_RELAXED);
	}
	fn(&i, arg);
}

static void each_tcp(bool v6, inet_info_fn fn, void *arg)
{
	for (unsigned n = 0; n < NUM_TCP_PCB_LISTS; n++)
		for (struct tcp_pcb *p = *tcp_pcb_lists[n]; p; p = p->next)
			tell_tcp(p, v6, fn, arg);
}

static void tell_dgram(struct inet_sock *s, bool v6, uint16_t port,
		       inet_info_fn fn, void *arg)
{
	struct inet_info i = { .lport = port, .rport = s->remote.port };

	if (inet_is6(s) != v6)
		return;
	fill(&i, s, &s->local.ip, &s->remote.ip, v6);
	i.ref++; /* of the list that it is in, as on Linux */
	i.state = inet_tcp_state(ip_addr_isany(&s->remote.ip) ? CLOSED
							      : ESTABLISHED);
	i.rx = s->rx_bytes;
	fn(&i, arg);
}

static void each_of(const struct inet_list *l, bool v6, inet_info_fn fn,
		    void *arg)
{
	struct inet_sock *s;

	TAILQ_FOREACH(s, l, embryo_link)
	{
		if (s->local.port)
			tell_dgram(s, v6, s->local.port, fn, arg);
	}
}

void inet_each(int family, int type, inet_info_fn fn, void *arg)
{
	bool v6 = family == AF_INET6;

	if (!inet_started())
		return;
	inet_lock();
	if (type == SOCK_STREAM)
		each_tcp(v6, fn, arg);
	for (struct udp_pcb *p = udp_pcbs; type == SOCK_DGRAM && p; p = p->next)
		if (p->local_port)
			tell_dgram(p->recv_arg, v6, p->local_port, fn, arg);
	if (type == SOCK_RAW || type == INET_PING)
		each_of(type == SOCK_RAW ? &inet_raws : &inet_pings, v6, fn,
			arg);
	inet_unlock();
}

void inet_loop_stats(uint64_t *packets, uint64_t *bytes)
{
	*packets = __atomic_load_n(&loop_counts.packets, __ATOMIC_RELAXED);
	*bytes = __atomic_load_n(&loop_counts.bytes, __ATOMIC_RELAXED);
}
