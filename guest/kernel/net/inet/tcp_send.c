/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_send.c: bytes into a connection.
 *
 * What is sent waits in s->hold until lwIP has room for it, or, where more was
 * announced (MSG_MORE, TCP_CORK), until there is a whole segment or 200 ms are
 * over.  Few bytes are copied into lwIP's segments.  More are copied once, from
 * the user into pages that the segments point to (and which the loopback hands
 * on); s->tx keeps them until they are acknowledged.
 */
#include "inet.h"

#include "lwip/priv/tcp_priv.h"

#define SMALL      1024U
#define PIECE      (16 * PAGE_SIZE)
#define CORK_NS    200000000UL
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR)

/* ---- to lwIP ---- */

/* Of b's pages, from b->off on: bytes that lwIP took. */
static size_t give_pages(struct tcp_pcb *pcb, const struct msgbuf *b, bool more)
{
	size_t at = b->off;

	while (at < b->len) {
		size_t n = min(PAGE_SIZE - at % PAGE_SIZE, (size_t)b->len - at);
		bool last = at + n == b->len && !more;

		if (tcp_write(pcb, b->page[at / PAGE_SIZE] + at % PAGE_SIZE,
			      (uint16_t)n,
			      last ? 0 : TCP_WRITE_FLAG_MORE) != ERR_OK)
			break;
		at += n;
	}
	return at - b->off;
}

static size_t give_copy(struct tcp_pcb *pcb, const struct msgbuf *b, bool more)
{
	unsigned flags = TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0);
	const char *from = b->npages ? b->page[0] : b->data;

	return tcp_write(pcb, from, (uint16_t)b->len, (uint8_t)flags) == ERR_OK
		       ? b->len
		       : 0;
}

/* Whether there is nothing left of b to give. */
static bool give(struct inet_sock *s, struct msgbuf *b, bool more)
{
	bool small = b->len <= SMALL;
	size_t n = small ? give_copy(s->tcp, b, more)
			 : give_pages(s->tcp, b, more);

	b->off += (uint32_t)n;
	s->hold_bytes -= (uint32_t)n;
	if (b->off < b->len)
		return false;
	TAILQ_REMOVE(&s->hold, b, link);
	if (small)
		msgbuf_free(b);
	else
		TAILQ_INSERT_TAIL(&s->tx, b, link);
	return true;
}

static void end_stream(struct inet_sock *s)
{
	struct tcp_pcb *pcb = s->tcp;

	s->fin_wanted = false;
	if (!s->released) {
		(void)tcp_shutdown(pcb, 0, 1);
		return;
	}
	pcb->rcv_wnd = TCP_WND_MAX(pcb); /* all was read: no reset */
	tcp_recv(pcb, NULL);
	(void)tcp_close(pcb);
}

void stream_drain(struct inet_sock *s, bool more)
{
	struct msgbuf *b;

	if (!s->tcp || s->phase != TCP_IS_OPEN)
		return;
	inet_tcp_busy();
	while ((b = TAILQ_FIRST(&s->hold)))
		if (!give(s, b, more || TAILQ_NEXT(b, link)))
			break;
	s->starved = b;
	(void)tcp_output(s->tcp);
	if (!b && s->fin_wanted)
		end_stream(s);
}

void stream_finish(struct inet_sock *s)
{
	s->fin_wanted = true;
	stream_drain(s, false);
}

/* ---- acknowledged, and time ---- */

void stream_sent(struct inet_sock *s, uint32_t n)
{
	struct msgbuf *b;

	s->tx_acked += n;
	s->progress = arch_clock_ns();
	while ((b = TAILQ_FIRST(&s->tx)) && b->end <= s->tx_acked) {
		TAILQ_REMOVE(&s->tx, b, link);
		msgbuf_free(b);
	}
	if (__atomic_sub_fetch(&s->sk.wmem, (int32_t)n, __ATOMIC_ACQ_REL) <
	    s->sk.sndbuf / 3 * 2)
		wake_all(&s->sk.wr_wait, EPOLL_WRITE);
	if (s->starved)
		stream_drain(s, false);
}

uint64_t stream_tick(struct inet_sock *s, uint64_t now)
{
	uint64_t next = DEADLINE_NEVER, limit = s->user_timeout * 1000000UL;

	if (s->tcp->state == SYN_SENT) {
		if (s->tcp->nrtx > s->syncnt) {
			tcp_abort(s->tcp);
			return DEADLINE_NEVER;
		}
		/* twice as long each time, which lwIP leaves out here */
		s->tcp->rto = (int16_t)((LWIP_TCP_RTO_TIME / TCP_SLOW_INTERVAL)
					<< min(s->tcp->nrtx, (u8_t)6));
	}
	if (limit && s->tx_acked != s->tx_end) {
		if (now >= s->progress + limit) {
			tcp_abort(s->tcp);
			return DEADLINE_NEVER;
		}
		next = s->progress + limit;
	}
	if (s->hold_bytes) {
		if (now >= s->hold_since + CORK_NS)
			stream_drain(s, false);
		else
			next = min(next, s->hold_since + CORK_NS);
	}
	return next;
}

/* ---- the call ---- */

static int may_send(struct inet_sock *s)
{
	int r = sock_take_error(&s->sk);

	if (r)
		return r;
	if (s->sk.shutdown & SHUTDOWN_SND || stream_phase(s) == TCP_IS_CLOSED ||
	    stream_phase(s) == TCP_LISTENS)
		return -EPIPE;
	return 0;
}

/* Takes b: 0 or an errno. */
static int push(struct inet_sock *s, struct msgbuf *b, bool more)
{
	int r;

	inet_lock();
	r = may_send(s);
	if (!r && !s->tcp)
		r = -EPIPE;
	if (r) {
		inet_unlock();
		msgbuf_free(b);
		return r;
	}
	if (s->tx_acked == s->tx_end)
		s->progress = arch_clock_ns();
	if (!s->hold_bytes)
		s->hold_since = arch_clock_ns();
	s->tx_end += b->len;
	b->end = s->tx_end;
	s->hold_bytes += b->len;
	__atomic_fetch_add(&s->sk.wmem, (int32_t)b->len, __ATOMIC_RELAXED);
	TAILQ_INSERT_TAIL(&s->hold, b, link);
	if (!(more || inet_opt(s, INET_CORK)) || s->hold_bytes >= s->tcp->mss)
		stream_drain(s, more);
	else
		inet_tcp_busy(); /* for stream_tick() */
	inet_unlock();
	return 0;
}

static bool room(const struct inet_sock *s)
{
	return stream_phase(s) != TCP_CONNECTS &&
	       __atomic_load_n(&s->sk.wmem, __ATOMIC_ACQUIRE) <
		       __atomic_load_n(&s->sk.sndbuf, __ATOMIC_RELAXED);
}

static bool may_try(const struct inet_sock *s)
{
	return room(s) || __atomic_load_n(&s->sk.err, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->sk.shutdown, __ATOMIC_RELAXED) &
		       SHUTDOWN_SND;
}

static int wait_room(struct inet_sock *s, bool nonblock, uint64_t deadline)
{
	int r;

	for (;;) {
		r = may_send(s);
		if (r || room(s))
			return r;
		if (nonblock)
			return -EAGAIN;
		r = sock_wait(&s->sk.wr_wait, may_try(s), deadline);
		if (r)
			return r;
	}
}

static ssize_t send_piece(struct inet_sock *s, struct sock_msg *m)
{
	size_t n = min(m->u->left, PIECE);
	struct msgbuf *b = msgbuf_new(NULL, n);
	int r;

	if (!b)
		return -ENOBUFS;
	r = msgbuf_fill(b, m->u);
	if (r) {
		msgbuf_free(b);
		return r;
	}
	r = push(s, b, m->u->left || m->flags & MSG_MORE);
	return r ? r : (ssize_t)n;
}

ssize_t stream_send(struct socket *sk, struct sock_msg *m)
{
	uint64_t deadline = sock_deadline(sk->sndtimeo);
	struct inet_sock *s = inet_of(sk);
	ssize_t done = 0, r;

	if (m->flags & ~SEND_FLAGS)
		return -EOPNOTSUPP;
	do {
		r = wait_room(s, m->flags & MSG_DONTWAIT, deadline);
		if (!r && m->u->left)
			r = send_piece(s, m);
		if (r > 0)
			done += r;
	} while (r > 0 && m->u->left);
	if (done)
		return done;
	if (r == -EPIPE && !(m->flags & MSG_NOSIGNAL))
		(void)signal_send_task(current, SIGPIPE, NULL);
	return r;
}
