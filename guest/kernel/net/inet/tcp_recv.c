/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_recv.c: bytes out of a connection.
 *
 * What lwIP hands over waits in a list of pbufs, linked by next, of which only
 * the reader (read_lock) takes from the front.  That it was read is told to
 * lwIP, and so to the other end, a quarter of the window at a time.
 */
#include "inet.h"

#include "lwip/priv/tcp_priv.h"

#define WINDOW_MIN 1152U
#define GATHER     1024U

uint32_t stream_window(const struct inet_sock *s)
{
	uint32_t half = (uint32_t)s->sk.rcvbuf / 2;

	if (!sock_flag(&s->sk, SO_RCVBUF))
		return TCP_WND;
	return min(max(half, WINDOW_MIN), TCP_WND);
}

static struct pbuf *unlink_first(struct pbuf *p)
{
	struct pbuf *next = p->next;

	p->next = NULL;
	p->tot_len = p->len;
	pbuf_free(p);
	return next;
}

/* Few bytes behind others that nobody has read: they share a pbuf, or each of
 * them would cost as much as hundreds. */
static bool gathered(struct inet_sock *s, const struct pbuf *p)
{
	struct pbuf *t;
	bool fits;

	spin_lock(&s->sk.lock);
	t = s->gather;
	fits = t && p->tot_len <= s->gather_room;
	if (fits) {
		(void)pbuf_copy_partial(p, (char *)t->payload + t->len,
					p->tot_len, 0);
		t->len = t->tot_len = (uint16_t)(t->len + p->tot_len);
		s->gather_room -= p->tot_len;
		s->sk.qbytes += p->tot_len;
	}
	spin_unlock(&s->sk.lock);
	return fits;
}

/* p, with room behind it; or p itself. */
static struct pbuf *with_room(struct pbuf *p)
{
	struct pbuf *g = pbuf_alloc(PBUF_RAW, GATHER, PBUF_RAM);

	if (!g)
		return p;
	g->len = g->tot_len = p->tot_len;
	(void)pbuf_copy_partial(p, g->payload, p->tot_len, 0);
	pbuf_free(p);
	return g;
}

void stream_received(struct inet_sock *s, struct pbuf *p)
{
	bool small = p->tot_len <= GATHER / 4 && s->rx, room = false;

	struct pbuf *end;
	size_t n = p->tot_len;

	if (small && gathered(s, p)) {
		pbuf_free(p);
		wake_all(&s->sk.rd_wait, EPOLL_READ);
		return;
	}
	if (small) {
		end = p;
		p = with_room(p);
		room = p != end;
	}

	while (p && !p->len) /* a header of which nothing is left */
		p = unlink_first(p);
	if (!p)
		return;
	for (end = p; end->next; end = end->next)
		;
	spin_lock(&s->sk.lock);
	if (s->rx)
		s->rx_tail->next = p;
	else
		__atomic_store_n(&s->rx, p, __ATOMIC_RELEASE);
	s->rx_tail = end;
	s->gather = room ? p : NULL;
	s->gather_room = GATHER - (uint32_t)n;
	s->sk.qbytes += n;
	spin_unlock(&s->sk.lock);
	wake_all(&s->sk.rd_wait, EPOLL_READ);
}

long stream_readable(struct inet_sock *s)
{
	long n;

	spin_lock(&s->sk.lock);
	n = (long)s->sk.qbytes;
	spin_unlock(&s->sk.lock);
	return n;
}

/* ---- reading ---- */

struct reading {
	struct inet_sock *s;
	struct sock_msg *m;
	struct pbuf *at; /* looked at last, when peeking */
	struct uio from; /* where to copy to from the beginning, when peeking */
	bool fin, ended, failed;
	ssize_t done;
};

static struct pbuf *next(struct reading *rd)
{
	struct socket *sk = &rd->s->sk;
	struct pbuf *p;

	spin_lock(&sk->lock);
	p = rd->at ? rd->at->next : rd->s->rx;
	rd->fin = rd->s->fin;
	rd->ended = sk->shutdown & SHUTDOWN_RCV;
	rd->failed = __atomic_load_n(&sk->err, __ATOMIC_RELAXED);
	spin_unlock(&sk->lock);
	return p;
}

static void consume(struct inet_sock *s, struct pbuf *p, size_t n)
{
	bool end;

	spin_lock(&s->sk.lock);
	p->payload = (char *)p->payload + n;
	p->len = (uint16_t)(p->len - n);
	s->sk.qbytes -= n;
	end = !p->len;
	if (end) {
		s->rx = p->next;
		if (!s->rx)
			s->rx_tail = NULL;
		if (s->gather == p)
			s->gather = NULL;
	}
	spin_unlock(&s->sk.lock);
	if (end)
		(void)unlink_first(p);
	s->unannounced += (uint32_t)n;
}

/* Without the limits of tcp_recved(): ours have been kept already. */
static void announce(struct inet_sock *s)
{
	struct tcp_pcb *pcb;

	inet_lock();
	pcb = s->tcp;
	if (pcb && s->phase == TCP_IS_OPEN && pcb->state != TIME_WAIT) {
		inet_tcp_busy();
		pcb->rcv_wnd = min(pcb->rcv_wnd + s->unannounced, s->window);
		pcb->rcv_ann_wnd = pcb->rcv_wnd;
		tcp_ack_now(pcb);
		(void)tcp_output(pcb);
	}
	s->unannounced = 0;
	inet_unlock();
}

/* 1: go on; 0: enough; or an errno. */
static int piece(struct reading *rd, struct pbuf *p)
{
	struct sock_msg *m = rd->m;
	size_t want = min(m->u->left, (size_t)p->len);
	bool drop = m->flags & MSG_TRUNC;
	ssize_t r = (ssize_t)want;

	if (drop)
		m->u->left -= want;
	else
		r = uio_put(m->u, p->payload, want);
	if (r < 0)
		return (int)r;
	rd->done += r;
	if (m->flags & MSG_PEEK)
		rd->at = p;
	else
		consume(rd->s, p, (size_t)r);
	if ((size_t)r < want)
		return -EFAULT;
	return m->u->left != 0;
}

static bool readable(const struct inet_sock *s)
{
	return __atomic_load_n(&s->rx, __ATOMIC_ACQUIRE) ||
	       stream_phase(s) == TCP_IS_CLOSED ||
	       __atomic_load_n(&s->sk.err, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->sk.shutdown, __ATOMIC_RELAXED) &
		       SHUTDOWN_RCV;
}

/* So many bytes to look at, or no sense in waiting for them. */
static bool enough(struct inet_sock *s, ssize_t target)
{
	return stream_readable(s) >= target ||
	       __atomic_load_n(&s->sk.err, __ATOMIC_RELAXED) ||
	       stream_phase(s) == TCP_IS_CLOSED ||
	       __atomic_load_n(&s->sk.shutdown, __ATOMIC_RELAXED) &
		       SHUTDOWN_RCV;
}

/* Sleeps with read_lock released.  What was looked at is looked at again with
 * what comes. */
static int wait_more(struct reading *rd, ssize_t target, uint64_t deadline)
{
	struct socket *sk = &rd->s->sk;
	int r;

	if (rd->s->unannounced)
		announce(rd->s);
	mutex_unlock(&sk->read_lock);
	r = sock_wait(&sk->rd_wait,
		      rd->at ? enough(rd->s, target) : readable(rd->s),
		      deadline);
	mutex_lock(&sk->read_lock);
	if (!r && rd->at) {
		rd->at = NULL;
		rd->done = 0;
		*rd->m->u = rd->from;
	}
	return r;
}

/* Nothing there: 0 to look again, 1 at the end, or an errno. */
static int starve(struct reading *rd, ssize_t target, uint64_t deadline)
{
	struct socket *sk = &rd->s->sk;
	enum tcp_phase phase = stream_phase(rd->s);
	int r;

	if (rd->done >= target || rd->fin) /* then also before an error */
		return 1;
	if (rd->failed) {
		r = rd->done ? 1 : sock_take_error(sk);
		if (r)
			return r;
	}
	if (rd->ended)
		return 1;
	if (phase == TCP_IS_CLOSED || phase == TCP_LISTENS)
		return -ENOTCONN;
	if (rd->m->flags & MSG_DONTWAIT)
		return -EAGAIN;
	return wait_more(rd, target, deadline);
}

static int read_all(struct reading *rd)
{
	uint64_t deadline = sock_deadline(rd->s->sk.rcvtimeo);
	ssize_t left = (ssize_t)rd->m->u->left,
		target = rd->m->flags & MSG_WAITALL
				 ? left
				 : min((ssize_t)rd->s->sk.rcvlowat, left);

	target = max(target, (ssize_t)1);
	for (;;) {
		struct pbuf *p = next(rd);
		int r;

		if (p) {
			r = piece(rd, p);
			if (r <= 0)
				return r;
			continue;
		}
		r = starve(rd, target, deadline);
		if (r)
			return min(r, 0);
	}
}

ssize_t stream_recv(struct socket *sk, struct sock_msg *m)
{
	struct inet_sock *s = inet_of(sk);
	struct reading rd = { .s = s, .m = m, .from = *m->u };
	int r;

	if (m->flags & MSG_ERRQUEUE)
		return -EAGAIN; /* a stream has no such queue */
	if (m->flags & MSG_OOB)
		return -EINVAL; /* there is no urgent data */
	if (m->name)
		m->name->len = 0;
	mutex_lock(&sk->read_lock);
	r = read_all(&rd);
	if (s->unannounced >= s->window / 4 + 1)
		announce(s);
	mutex_unlock(&sk->read_lock);
	return rd.done ? rd.done : r;
}
