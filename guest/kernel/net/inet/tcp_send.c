/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_send.c: bytes into a connection.
 *
 * Few bytes are copied into lwIP's segments.  More are copied once, from the
 * user into pages that the segments point to (and which the loopback hands on);
 * the socket keeps them until they are acknowledged.  User memory is read
 * without a lock, so a call that is cut short by another may send what it has.
 */
#include "inet.h"

#include "lwip/priv/tcp_priv.h"

#define SMALL      1024U
#define PIECE      (16 * PAGE_SIZE)
#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR)

/* ---- acknowledged ---- */

void stream_sent(struct inet_sock *s, uint32_t n)
{
	struct msgbuf *b;

	s->tx_acked += n;
	while ((b = TAILQ_FIRST(&s->tx)) && b->end <= s->tx_acked) {
		TAILQ_REMOVE(&s->tx, b, link);
		msgbuf_free(b);
	}
	if (__atomic_sub_fetch(&s->sk.wmem, (int32_t)n, __ATOMIC_ACQ_REL) <
	    s->sk.sndbuf / 3 * 2)
		wake_all(&s->sk.wr_wait, EPOLL_WRITE);
}

/* ---- into lwIP ---- */

static bool corked(const struct inet_sock *s, bool more)
{
	const struct tcp_seg *g = s->tcp->unsent;

	return (more || inet_opt(s, INET_CORK)) && g && !g->next &&
	       g->len < s->tcp->mss;
}

void stream_flush(struct inet_sock *s)
{
	if (!s->tcp || s->phase != TCP_IS_OPEN)
		return;
	inet_tcp_busy();
	(void)tcp_output(s->tcp);
}

/* The bytes of b, a page after the other: how many lwIP took. */
static size_t write_pages(struct tcp_pcb *pcb, const struct msgbuf *b,
			  bool more)
{
	size_t done = 0;

	while (done < b->len) {
		size_t n = min(PAGE_SIZE, (size_t)b->len - done);
		bool last = done + n == b->len && !more;

		if (tcp_write(pcb, b->page[done / PAGE_SIZE], (uint16_t)n,
			      last ? 0 : TCP_WRITE_FLAG_MORE) != ERR_OK)
			break;
		done += n;
	}
	return done;
}

static size_t write_copy(struct tcp_pcb *pcb, const struct msgbuf *b, bool more)
{
	unsigned flags = TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0);
	const char *from = b->npages ? b->page[0] : b->data;

	return tcp_write(pcb, from, (uint16_t)b->len, (uint8_t)flags) == ERR_OK
		       ? b->len
		       : 0;
}

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

/* Takes b. Bytes that go, or an errno. */
static ssize_t push(struct inet_sock *s, struct msgbuf *b, bool more)
{
	size_t n = 0;
	int r;

	inet_lock();
	r = may_send(s);
	if (!r && s->tcp) {
		n = b->len <= SMALL ? write_copy(s->tcp, b, more)
				    : write_pages(s->tcp, b, more);
		r = n ? 0 : -ENOBUFS;
	} else if (!r) {
		r = -EPIPE;
	}
	if (n) {
		s->tx_end += n;
		__atomic_fetch_add(&s->sk.wmem, (int32_t)n, __ATOMIC_RELAXED);
		if (b->len > SMALL) {
			b->end = s->tx_end;
			TAILQ_INSERT_TAIL(&s->tx, b, link);
			b = NULL;
		}
		inet_tcp_busy();
		if (!corked(s, more))
			(void)tcp_output(s->tcp);
	}
	inet_unlock();
	if (b)
		msgbuf_free(b);
	return r ? r : (ssize_t)n;
}

/* ---- the call ---- */

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
	return push(s, b, m->u->left || m->flags & MSG_MORE);
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
