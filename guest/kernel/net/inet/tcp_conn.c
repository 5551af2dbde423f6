/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_conn.c: connections: connect, listen, accept, shutdown.
 *
 * A connection that waits to be accepted is a socket without a file, an embryo.
 * Where as many wait as listen(2) allowed, a SYN is not answered; who sent it
 * tries again.
 */
#include "inet.h"

#include <string.h>

#include "hooks.h"
#include "lwip/priv/tcp_priv.h"

/* ---- connect ---- */

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t e)
{
	(void)pcb;
	(void)e;
	stream_opened(arg);
	return ERR_OK;
}

static int start(struct inet_sock *s, struct endpoint *to)
{
	struct tcp_pcb *pcb;
	ip_addr_t from;
	err_t e;
	int r = inet_route(s, to, NULL, &from);

	if (!r)
		r = stream_pcb(s, &pcb);
	if (r)
		return r;
	if (inet_is_broadcast(&pcb->local_ip)) /* a name, not an address */
		pcb->local_ip = from;
	if (!to->port) { /* nobody can listen there */
		return -ECONNREFUSED;
	}
	inet_tcp_busy();
	sock_fail(&s->sk, 0); /* what was before is over */
	s->remote = *to;
	s->connecting = true;
	__atomic_store_n(&s->phase, TCP_CONNECTS, __ATOMIC_RELEASE);
	e = tcp_connect(pcb, &to->ip, to->port, on_connected);
	if (e == ERR_OK) {
		s->local = (struct endpoint){ pcb->local_ip, pcb->local_port };
		if (pcb->local_port != to->port ||
		    !ip_addr_cmp(&pcb->local_ip, &to->ip))
			return 0;
		stream_detach(s); /* to itself: lwIP cannot do that */
		(void)tcp_close(pcb);
		stream_renew(s);
		return -ECONNREFUSED;
	}
	stream_renew(s);
	if (e == ERR_BUF || e == ERR_USE)
		return -EADDRNOTAVAIL;
	return inet_errno(e);
}

/* A connect(2) that is over, one way or the other. */
static int finish(struct inet_sock *s)
{
	int r;

	if (s->phase == TCP_IS_OPEN) {
		s->connecting = false;
		return 0;
	}
	/* another thread has done something else with it meanwhile */
	if (!s->connecting || s->phase != TCP_IS_CLOSED)
		return -ECONNABORTED;
	r = sock_take_error(&s->sk);
	stream_renew(s);
	return r ? r : -ECONNABORTED;
}

/* connect(2) to AF_UNSPEC: nothing is left of the connection. */
static int disconnect(struct inet_sock *s)
{
	struct tcp_pcb *pcb;
	enum tcp_phase was;

	mutex_lock(&s->sk.read_lock); /* nobody copies out of what goes */
	inet_lock();
	was = s->phase;
	pcb = s->tcp;
	if (pcb && was != TCP_IS_CLOSED) {
		stream_detach(s);
		if (was == TCP_IS_OPEN)
			tcp_abort(pcb);
		else
			(void)tcp_close(pcb);
	}
	stream_drop_embryos(s);
	stream_renew(s);
	stream_purge(s);
	s->unannounced = 0;
	inet_unlock();
	mutex_unlock(&s->sk.read_lock);
	if (was == TCP_CONNECTS || was == TCP_IS_OPEN)
		sock_fail(&s->sk, ECONNRESET);
	sock_wake(&s->sk, EPOLL_ALL);
	return 0;
}

/* 0: to wait for what comes of it; 1: done. */
static int begin(struct inet_sock *s, struct endpoint *to, bool nonblock)
{
	if (s->connecting && s->phase == TCP_CONNECTS)
		return nonblock ? -EALREADY : 0;
	if (s->connecting) {
		int r = finish(s);

		return r ? r : 1;
	}
	return s->phase == TCP_IS_CLOSED ? start(s, to) : -EISCONN;
}

int stream_connect(struct socket *sk, const struct sock_addr *a, bool nonblock)
{
	struct inet_sock *s = inet_of(sk);
	struct endpoint to;
	int r;

	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family == AF_UNSPEC)
		return disconnect(s);
	r = endpoint_from_addr(s, a, &to);
	if (r)
		return r;
	inet_lock();
	r = begin(s, &to, nonblock);
	inet_unlock();
	if (r)
		return min(r, 0);
	if (nonblock)
		return -EINPROGRESS;
	r = sock_wait(&sk->wr_wait, stream_phase(s) != TCP_CONNECTS,
		      sock_deadline(sk->sndtimeo));
	if (r)
		return r == -EAGAIN ? -EINPROGRESS : r;
	inet_lock();
	r = finish(s);
	inet_unlock();
	return r;
}

/* ---- listen ---- */

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t e);

/* Two may have a port to bind; only one of them, or those who share, to
 * listen. */
static bool somebody_listens(const struct inet_sock *s)
{
	for (struct tcp_pcb_listen *p = tcp_listen_pcbs.listen_pcbs; p;
	     p = p->next) {
		struct inet_holder h = { &p->local_ip, p->callback_arg,
					 p->so_options, true };

		if (p->local_port == s->local.port &&
		    inet_conflict(s, &s->local.ip, &h))
			return true;
	}
	return false;
}

static int start_listening(struct inet_sock *s)
{
	struct endpoint any = { inet_any(s), 0 };
	struct tcp_pcb *pcb, *l;
	err_t e;
	int r = s->bound.port ? 0 : stream_bind(s, &any);

	if (!r)
		r = stream_pcb(s, &pcb);
	if (r)
		return r;
	if (somebody_listens(s))
		return -EADDRINUSE;
	/* the rule has been applied; and the old pcb goes without a word */
	ip_reset_option(pcb, SOF_REUSEADDR);
	stream_untie(pcb);
	l = tcp_listen_with_backlog_and_err(pcb, 1, &e);
	if (!l) {
		ip_set_option(pcb, SOF_REUSEADDR);
		stream_attach(s, pcb);
		inet_pcb_gone(s); /* the reference that it had */
		return inet_errno(e);
	}
	ip_set_option(l, SOF_REUSEADDR);
	stream_attach(s, l);
	inet_pcb_gone(s);
	tcp_accept(l, on_accept);
	__atomic_store_n(&s->phase, TCP_LISTENS, __ATOMIC_RELEASE);
	return 0;
}

int stream_listen(struct socket *sk, int backlog)
{
	struct inet_sock *s = inet_of(sk);
	int r = 0;

	inet_lock();
	if (s->phase == TCP_IS_CLOSED && !s->connecting)
		r = start_listening(s);
	else if (s->phase != TCP_LISTENS)
		r = -EINVAL;
	if (!r) {
		spin_lock(&sk->lock);
		s->backlog = (unsigned)backlog;
		spin_unlock(&sk->lock);
	}
	inet_unlock();
	return r;
}

/* ---- accept ---- */

/* What a connection has from who listened. */
static void inherit(struct inet_sock *s, struct inet_sock *l)
{
	s->opts = l->opts;
	s->ttl = l->ttl;
	s->hops = l->hops;
	s->tos = l->tos;
	s->tclass = l->tclass;
	s->minttl = l->minttl;
	s->user_timeout = l->user_timeout;
	s->maxseg = l->maxseg;
	s->quick = l->quick;
	s->uid = l->uid;
	s->keep_idle = l->keep_idle;
	s->keep_intvl = l->keep_intvl;
	s->keep_cnt = l->keep_cnt;
	s->sk.flags = l->sk.flags;
	s->sk.linger = l->sk.linger;
	s->sk.sndbuf = l->sk.sndbuf;
	s->sk.rcvbuf = l->sk.rcvbuf;
	s->sk.rcvlowat = l->sk.rcvlowat;
	s->sk.priority = l->sk.priority;
	s->sk.rcvtimeo = l->sk.rcvtimeo;
	s->sk.sndtimeo = l->sk.sndtimeo;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t e)
{
	struct inet_sock *l = arg, *s;

	if (e != ERR_OK || !pcb)
		return ERR_OK; /* no memory: lwIP has said so to the other end */
	if (inet_new(l->sk.ns, l->sk.family, SOCK_STREAM, l->sk.protocol, &s))
		return ERR_MEM;
	inherit(s, l);
	stream_attach(s, pcb);
	stream_opened(s);
	spin_lock(&l->sk.lock);
	TAILQ_INSERT_TAIL(&l->embryos, s, embryo_link);
	l->nembryos++;
	spin_unlock(&l->sk.lock);
	sock_wake(&l->sk, EPOLL_READ);
	return ERR_OK;
}

/* ---- what lwIP must not see ---- */

/* Options that only a SYN has: lwIP would take them from any segment. */
static bool syn_options(const struct tcp_hdr *h, u16_t len, u16_t len1,
			const u8_t *opt2)
{
	u8_t o[40];
	u16_t n = 0;

	len = min(len, (u16_t)sizeof(o));
	len1 = min(len1, len);
	memcpy(o, h + 1, len1);
	if (len > len1)
		memcpy(o + len1, opt2, len - len1);
	while (n < len && o[n]) {
		if (o[n] == LWIP_TCP_OPT_MSS || o[n] == LWIP_TCP_OPT_WS)
			return true;
		if (o[n] == LWIP_TCP_OPT_NOP)
			n++;
		else if (n + 1 < len && o[n + 1] > 1)
			n = (u16_t)(n + o[n + 1]);
		else
			break;
	}
	return false;
}

/* Acknowledgements from beyond a window that is closed are answered by lwIP
 * with the same; two such ends would never stop.  And a FIN that has no room in
 * the window must not wait out of order. */
static bool beyond(const struct tcp_pcb *pcb, const struct tcp_hdr *h,
		   const struct pbuf *p)
{
	int32_t d = (int32_t)(h->seqno - pcb->rcv_nxt);
	uint32_t wnd = pcb->rcv_wnd;
	u8_t flags = TCPH_FLAGS(h);

	if (d < 0 || flags & (TCP_SYN | TCP_RST))
		return false;
	if (flags & TCP_FIN)
		return d > 0 && (uint32_t)d + p->tot_len >= wnd;
	return !p->tot_len && (uint32_t)d >= wnd && h->ackno == pcb->lastack &&
	       (uint32_t)SND_WND_SCALE(pcb, h->wnd) == pcb->snd_wnd;
}

err_t inet_hook_tcp(struct tcp_pcb *pcb, struct tcp_hdr *h, u16_t optlen,
		    u16_t opt1len, u8_t *opt2, struct pbuf *p)
{
	struct inet_sock *l = pcb->callback_arg;

	if (!(TCPH_FLAGS(h) & TCP_SYN) && optlen &&
	    syn_options(h, optlen, opt1len, opt2))
		return ERR_VAL;
	if (pcb->state >= ESTABLISHED && beyond(pcb, h, p))
		return ERR_VAL;
	if (!l)
		return ERR_OK;
	if (l->minttl && !ip_current_is_v6() &&
	    IPH_TTL(ip4_current_header()) < l->minttl)
		return ERR_VAL;
	if (pcb->state != LISTEN || !(TCPH_FLAGS(h) & TCP_SYN))
		return ERR_OK;
	return l->nembryos > l->backlog ? ERR_MEM : ERR_OK;
}

/* A SYN says how much we take, before lwIP lets us say it ourselves: of a socket
 * (or of who listens) with an SO_RCVBUF of its own, that is less than lwIP's. */
u32_t *inet_hook_tcp_out(struct pbuf *p, struct tcp_hdr *h,
			 const struct tcp_pcb *pcb, u32_t *opts)
{
	const struct inet_sock *s = pcb ? pcb->callback_arg : NULL;

	(void)p;
	if (s && TCPH_FLAGS(h) & TCP_SYN)
		h->wnd = lwip_htons((u16_t)min(stream_window(s),
					       (uint32_t)lwip_ntohs(h->wnd)));
	return opts;
}

static struct inet_sock *first_embryo(struct inet_sock *l)
{
	struct inet_sock *e;

	spin_lock(&l->sk.lock);
	e = TAILQ_FIRST(&l->embryos);
	if (e) {
		TAILQ_REMOVE(&l->embryos, e, embryo_link);
		l->nembryos--;
	}
	spin_unlock(&l->sk.lock);
	return e;
}

int stream_accept(struct socket *sk, bool nonblock, struct socket **out)
{
	struct inet_sock *l = inet_of(sk), *e;
	uint64_t deadline = sock_deadline(sk->rcvtimeo);

	for (;;) {
		int r;

		if (stream_phase(l) != TCP_LISTENS)
			return -EINVAL;
		e = first_embryo(l);
		if (e)
			break;
		if (nonblock)
			return -EAGAIN;
		r = sock_wait(&sk->rd_wait,
			      __atomic_load_n(&l->embryos.tqh_first,
					      __ATOMIC_ACQUIRE) ||
				      stream_phase(l) != TCP_LISTENS,
			      deadline);
		if (r)
			return r;
	}
	*out = &e->sk;
	return 0;
}

/* ---- shutdown ---- */

static int stop_listening(struct inet_sock *s)
{
	struct tcp_pcb *pcb = s->tcp;

	stream_detach(s);
	(void)tcp_close(pcb);
	stream_drop_embryos(s);
	stream_renew(s);
	return 0;
}

static void shut(struct inet_sock *s, unsigned bits)
{
	unsigned was;

	spin_lock(&s->sk.lock);
	was = s->sk.shutdown;
	s->sk.shutdown |= bits;
	spin_unlock(&s->sk.lock);
	if (!(bits & ~was & SHUTDOWN_SND) || !s->tcp)
		return;
	stream_finish(s);
}

int stream_shutdown(struct socket *sk, int how)
{
	struct inet_sock *s = inet_of(sk);
	unsigned bits;
	int r = sock_shutdown_bits(how, &bits);

	if (r)
		return r;
	inet_lock();
	if (s->phase == TCP_IS_OPEN)
		shut(s, bits);
	else if (s->phase == TCP_IS_CLOSED)
		r = -ENOTCONN;
	else if (s->phase == TCP_LISTENS && bits & SHUTDOWN_RCV)
		r = stop_listening(s);
	inet_unlock();
	sock_wake(sk, EPOLL_ALL);
	return r;
}
