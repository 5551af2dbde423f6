/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.c: streams (tcp(7)) on lwIP's raw API: a socket and its pcb, what lwIP
 * tells of it, what poll(2) sees.
 *
 * lwIP frees a pcb when it likes; it says so through an extension argument
 * (pcb_destroyed), which is where a socket lets go of it.  A socket whose file
 * is gone lives on until the last byte that it sent is acknowledged: the pages
 * are its.
 */
#include "inet.h"

#include "lwip/priv/tcp_priv.h"

#define OPEN_SNDBUF 2626560 /* what Linux lets a loopback's grow to */

/* ---- a socket and its pcb ---- */

void stream_drop_tx(struct inet_sock *s)
{
	struct msgbuf *b;

	TAILQ_CONCAT(&s->tx, &s->hold, link);
	while ((b = TAILQ_FIRST(&s->tx))) {
		TAILQ_REMOVE(&s->tx, b, link);
		msgbuf_free(b);
	}
	s->hold_bytes = 0;
	s->fin_wanted = false;
	s->tx_acked = s->tx_end;
	__atomic_store_n(&s->sk.wmem, 0, __ATOMIC_RELEASE);
}

static void pcb_destroyed(u8_t id, void *arg)
{
	struct inet_sock *s = arg;

	(void)id;
	s->tcp = NULL;
	stream_drop_tx(s);
	inet_pcb_gone(s);
	sock_wake(&s->sk, EPOLL_WRITE);
}

/* The first time to wait for an answer: lwIP's is three seconds. */
static void set_rto(struct tcp_pcb *pcb)
{
	pcb->rto = pcb->sv = LWIP_TCP_RTO_TIME / TCP_SLOW_INTERVAL;
}

/* A SYN for a listener has come. */
static err_t pcb_asked_for(u8_t id, struct tcp_pcb_listen *l,
			   struct tcp_pcb *pcb)
{
	(void)id;
	(void)l;
	set_rto(pcb);
	return ERR_OK;
}

static const struct tcp_ext_arg_callbacks ext_ops = {
	.destroy = pcb_destroyed,
	.passive_open = pcb_asked_for,
};
static const struct tcp_ext_arg_callbacks no_ops;

void stream_untie(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_ext_arg_set_callbacks(pcb, 0, &no_ops);
}

/* A NULL p is the other end's FIN. */
static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t e)
{
	struct inet_sock *s = arg;

	(void)e;
	if (p) {
		if (inet_opt(s, INET_QUICKACK) && s->quick)
			tcp_ack_now(pcb);
		stream_received(s, p);
		return ERR_OK;
	}
	spin_lock(&s->sk.lock);
	s->sk.shutdown |= SHUTDOWN_RCV;
	s->fin = true;
	spin_unlock(&s->sk.lock);
	if (pcb->state == TIME_WAIT) {
		stream_detach(s);
		__atomic_store_n(&s->phase, TCP_IS_CLOSED, __ATOMIC_RELEASE);
	}
	sock_wake(&s->sk, EPOLL_READ | EPOLLRDHUP);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	struct inet_sock *s = arg;

	(void)pcb;
	stream_sent(s, n);
	if (s->tcp && s->released && s->tx_acked == s->tx_end)
		stream_detach(s);
	return ERR_OK;
}

static int errno_of(const struct inet_sock *s, err_t e)
{
	if (e == ERR_CLSD) /* both ends have said all that they had to say */
		return 0;
	if (s->phase == TCP_CONNECTS)
		return e == ERR_RST ? ECONNREFUSED : ETIMEDOUT;
	if (e != ERR_RST)
		return ETIMEDOUT;
	return s->fin ? EPIPE : ECONNRESET;
}

/* The connection is over; the pcb is gone or about to. */
static void on_err(void *arg, err_t e)
{
	struct inet_sock *s = arg;
	int err = errno_of(s, e);

	spin_lock(&s->sk.lock);
	if (err)
		sock_fail(&s->sk, err);
	s->sk.shutdown = SHUTDOWN_RCV | SHUTDOWN_SND;
	spin_unlock(&s->sk.lock);
	__atomic_store_n(&s->phase, TCP_IS_CLOSED, __ATOMIC_RELEASE);
	sock_wake(&s->sk, EPOLL_ALL | (err ? EPOLLERR : 0));
}

/* For a pcb of any state. */
static void tie(struct inet_sock *s, struct tcp_pcb *pcb)
{
	sock_get(&s->sk);
	s->tcp = pcb;
	tcp_arg(pcb, s);
	tcp_ext_arg_set(pcb, 0, s);
	tcp_ext_arg_set_callbacks(pcb, 0, &ext_ops);
}

void stream_attach(struct inet_sock *s, struct tcp_pcb *pcb)
{
	tie(s, pcb);
	if (pcb->state == LISTEN)
		return;
	ip_set_option(pcb, SOF_REUSEADDR);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_err);
	stream_apply(s);
}

/* Connections that are not open yet have their listener as argument. */
static void forget_halves(const struct inet_sock *l)
{
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (p->callback_arg == l)
			tcp_arg(p, NULL);
}

/* What it was allowed stays with the pcb, while that still has the port. */
void stream_detach(struct inet_sock *s)
{
	struct tcp_pcb *pcb = s->tcp;

	s->tcp = NULL;
	stream_untie(pcb);
	if (pcb->state == LISTEN)
		forget_halves(s);
	if (inet_is6(s))
		ip_set_option(pcb, PCB_INET6);
	if (sock_flag(&s->sk, SO_REUSEADDR))
		ip_set_option(pcb, PCB_REUSEADDR);
	if (sock_flag(&s->sk, SO_REUSEPORT))
		ip_set_option(pcb, PCB_REUSEPORT);
	if (pcb->state != LISTEN) {
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
	}
	inet_pcb_gone(s);
}

struct keep stream_keep(const struct inet_sock *s)
{
	const struct net_limits *l = &net_limits;
	struct keep k = { s->keep_idle, s->keep_intvl, s->keep_cnt };

	if (!k.idle)
		k.idle = (uint32_t)net_limit(&l->tcp_keepalive_time);
	if (!k.intvl)
		k.intvl = (uint32_t)net_limit(&l->tcp_keepalive_intvl);
	if (!k.cnt)
		k.cnt = (uint32_t)net_limit(&l->tcp_keepalive_probes);
	return k;
}

void stream_apply(struct inet_sock *s)
{
	struct keep keep = stream_keep(s);
	struct tcp_pcb *pcb = s->tcp;

	if (!pcb || pcb->state == LISTEN)
		return;
	inet_tcp_busy(); /* for keep-alives */
	if (inet_opt(s, INET_NODELAY))
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	if (sock_flag(&s->sk, SO_KEEPALIVE))
		ip_set_option(pcb, SOF_KEEPALIVE);
	else
		ip_reset_option(pcb, SOF_KEEPALIVE);
	pcb->keep_idle = keep.idle * 1000;
	/* lwIP's sum of all of them has 32 bits */
	pcb->keep_intvl = (uint32_t)min(
		keep.intvl * 1000UL,
		(uint64_t)(UINT32_MAX - pcb->keep_idle) / (keep.cnt + 1));
	pcb->keep_cnt = keep.cnt;
	pcb->tos = IP_IS_V6_VAL(pcb->remote_ip) ? s->tclass : s->tos;
	pcb->ttl = inet_ttl(s, IP_IS_V6_VAL(pcb->remote_ip));
}

/* A port of which it is only known that somebody asked for it. */
static bool taken(const struct inet_sock *s, const struct endpoint *e)
{
	for (unsigned n = 0; n < NUM_TCP_PCB_LISTS; n++)
		for (struct tcp_pcb *p = *tcp_pcb_lists[n]; p; p = p->next) {
			struct inet_holder h = { &p->local_ip, p->callback_arg,
						 p->so_options,
						 p->state == LISTEN };

			if (p->local_port == e->port &&
			    inet_conflict(s, &e->ip, &h))
				return true;
		}
	return false;
}

int stream_pcb(struct inet_sock *s, struct tcp_pcb **out)
{
	struct tcp_pcb *pcb = s->tcp;
	err_t e;

	*out = pcb;
	if (pcb)
		return 0;
	pcb = tcp_new_ip_type(inet_ip_type(s));
	if (!pcb)
		return -ENOBUFS;
	set_rto(pcb);
	stream_attach(s, pcb);
	*out = pcb;
	if (!s->bound.port)
		return 0;
	e = tcp_bind(pcb, &s->bound.ip, s->bound.port);
	return inet_errno(e);
}

int stream_bind(struct inet_sock *s, const struct endpoint *e)
{
	struct tcp_pcb *pcb;
	err_t err;
	int r;

	if (s->phase != TCP_IS_CLOSED || s->bound.port || s->local.port)
		return -EINVAL;
	if (e->port && taken(s, e))
		return -EADDRINUSE;
	r = stream_pcb(s, &pcb);
	if (r)
		return r;
	if (!e->port && inet_opt(s, INET_NOPORT)) { /* connect(2) finds one */
		pcb->local_ip = e->ip;
		s->bound = s->local = *e;
		return 0;
	}
	err = tcp_bind(pcb, &e->ip, e->port);
	if (err != ERR_OK)
		return err == ERR_BUF ? -EADDRINUSE : inet_errno(err);
	s->bound = *e;
	s->bound.port = pcb->local_port;
	s->local = s->bound;
	return 0;
}

void stream_opened(struct inet_sock *s)
{
	struct tcp_pcb *pcb = s->tcp;
	uint32_t window = stream_window(s);

	s->local = (struct endpoint){ pcb->local_ip, pcb->local_port };
	s->remote = (struct endpoint){ pcb->remote_ip, pcb->remote_port };
	if (!sock_flag(&s->sk, SO_SNDBUF))
		s->sk.sndbuf = OPEN_SNDBUF;
	stream_apply(s);
	if (s->maxseg) /* not later: what is queued is cut already */
		pcb->mss = (uint16_t)min(s->maxseg, (uint32_t)pcb->mss);
	if (pcb->rcv_wnd > window) { /* as its SYN said: tcp_conn.c */
		pcb->rcv_wnd = pcb->rcv_ann_wnd = window;
		pcb->rcv_ann_right_edge = pcb->rcv_nxt + window;
	}
	s->window = pcb->rcv_wnd;
	__atomic_store_n(&s->phase, TCP_IS_OPEN, __ATOMIC_RELEASE);
	sock_wake(&s->sk, EPOLL_WRITE);
}

/* ---- the end ---- */

void stream_purge(struct inet_sock *s)
{
	struct pbuf *p, *next;

	spin_lock(&s->sk.lock);
	p = s->rx;
	s->rx = s->rx_tail = s->gather = NULL;
	s->sk.qbytes = 0;
	spin_unlock(&s->sk.lock);
	for (; p; p = next) {
		next = p->next;
		p->next = NULL;
		p->tot_len = p->len;
		pbuf_free(p);
	}
}

void stream_renew(struct inet_sock *s)
{
	stream_drop_tx(s);
	s->connecting = false;
	s->local = s->bound;
	s->remote = (struct endpoint){ .ip = inet_any(s) };
	spin_lock(&s->sk.lock);
	s->sk.shutdown = 0;
	s->fin = false;
	spin_unlock(&s->sk.lock);
	__atomic_store_n(&s->phase, TCP_IS_CLOSED, __ATOMIC_RELEASE);
}

/* What nobody accepted is reset. */
void stream_drop_embryos(struct inet_sock *s)
{
	struct inet_sock *e;

	for (;;) {
		spin_lock(&s->sk.lock);
		e = TAILQ_FIRST(&s->embryos);
		if (e) {
			TAILQ_REMOVE(&s->embryos, e, embryo_link);
			s->nembryos--;
		}
		spin_unlock(&s->sk.lock);
		if (!e)
			return;
		if (e->tcp) {
			struct tcp_pcb *pcb = e->tcp;

			stream_detach(e);
			tcp_abort(pcb);
		}
		stream_purge(e);
		sock_put(&e->sk);
	}
}

/* A FIN, or a reset where there is what nobody has read. */
static void close_pcb(struct inet_sock *s)
{
	struct tcp_pcb *pcb = s->tcp;
	bool reset = s->rx || (s->sk.linger.on && !s->sk.linger.seconds);

	if (!pcb)
		return;
	inet_tcp_busy();
	if (s->phase != TCP_IS_OPEN || reset) {
		stream_detach(s);
		if (s->phase == TCP_IS_OPEN)
			tcp_abort(pcb);
		else
			(void)tcp_close(pcb);
		stream_drop_tx(s);
		return;
	}
	s->released = true;
	stream_finish(s);
	if (s->tcp && s->tx_acked == s->tx_end)
		stream_detach(s);
}

static void wait_lingering(struct inet_sock *s)
{
	uint64_t until;

	if (!s->sk.linger.on || s->sk.linger.seconds <= 0)
		return;
	until = arch_clock_ns() + (uint64_t)s->sk.linger.seconds * NSEC_PER_SEC;
	(void)wait_event_until(&s->sk.wr_wait,
			       !__atomic_load_n(&s->sk.wmem, __ATOMIC_ACQUIRE),
			       until);
}

void stream_release(struct socket *sk)
{
	struct inet_sock *s = inet_of(sk);

	inet_lock();
	close_pcb(s);
	stream_drop_embryos(s);
	inet_unlock();
	stream_purge(s);
	wait_lingering(s);
}

static void stream_destroy(struct socket *sk)
{
	struct inet_sock *s = inet_of(sk);

	stream_purge(s);
	kfree(s);
}

/* ---- state ---- */

static unsigned stream_poll(struct socket *sk, struct poll_table *pt)
{
	struct inet_sock *s = inet_of(sk);
	enum tcp_phase phase = stream_phase(s);
	unsigned ev = 0;

	(void)pt;
	spin_lock(&sk->lock);
	if (phase == TCP_LISTENS) {
		ev = TAILQ_EMPTY(&s->embryos) ? 0 : EPOLL_READ;
		spin_unlock(&sk->lock);
		return ev;
	}
	if (sk->shutdown == (SHUTDOWN_RCV | SHUTDOWN_SND) ||
	    phase == TCP_IS_CLOSED)
		ev |= EPOLLHUP;
	if (sk->shutdown & SHUTDOWN_RCV)
		ev |= EPOLL_READ | EPOLLRDHUP;
	if (phase != TCP_CONNECTS) {
		if (sk->qbytes &&
		    sk->qbytes >= (uint64_t)(uint32_t)sk->rcvlowat)
			ev |= EPOLL_READ;
		if (sk->shutdown & SHUTDOWN_SND ||
		    __atomic_load_n(&sk->wmem, __ATOMIC_ACQUIRE) <
			    sk->sndbuf / 3 * 2)
			ev |= EPOLL_WRITE;
	}
	if (__atomic_load_n(&sk->err, __ATOMIC_RELAXED))
		ev |= EPOLLERR;
	spin_unlock(&sk->lock);
	return ev & ~(unsigned)EPOLLWRBAND;
}

static long stream_ioctl(struct socket *sk, unsigned cmd, uaddr_t arg)
{
	struct inet_sock *s = inet_of(sk);
	int32_t n;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOTTY;
	if (stream_phase(s) == TCP_LISTENS)
		return -EINVAL;
	n = cmd == SIOCINQ ? (int32_t)stream_readable(s)
			   : __atomic_load_n(&sk->wmem, __ATOMIC_RELAXED);
	return copy_to_user(arg, &n, sizeof(n));
}

static bool stream_listening(struct socket *sk)
{
	return stream_phase(inet_of(sk)) == TCP_LISTENS;
}

static void stream_changed(struct socket *sk, int name)
{
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE)
		wake_all(&sk->wr_wait, EPOLL_WRITE);
	if (name != SO_KEEPALIVE)
		return;
	inet_lock();
	stream_apply(inet_of(sk));
	inet_unlock();
}

const struct sock_ops inet_stream_ops = {
	.bind = inet_bind,
	.connect = stream_connect,
	.listen = stream_listen,
	.accept = stream_accept,
	.getname = inet_getname,
	.shutdown = stream_shutdown,
	.send = stream_send,
	.recv = stream_recv,
	.poll = stream_poll,
	.ioctl = stream_ioctl,
	.setopt = tcp_setopt,
	.getopt = tcp_getopt,
	.changed = stream_changed,
	.listening = stream_listening,
	.release = stream_release,
	.destroy = stream_destroy,
};
