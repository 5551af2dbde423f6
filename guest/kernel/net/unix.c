/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix.c: AF_UNIX (unix(7)): birth and end of sockets, their state to poll,
 * and the three tables of operations.
 *
 * Two connected sockets point to each other with references.  Messages go
 * straight into the receiver's queue and are paid for by the sender.  A
 * connection that waits to be accepted is a socket without a file, an embryo.
 */
#include "unix.h"

int unix_new(struct netns *ns, int type, struct unix_sock **out)
{
	struct unix_sock *u = kmalloc(sizeof(*u));
	const struct sock_ops *ops = &unix_dgram_ops;

	if (!u)
		return -ENOMEM;
	if (type == SOCK_STREAM)
		ops = &unix_stream_ops;
	else if (type == SOCK_SEQPACKET)
		ops = &unix_seqpacket_ops;
	sock_init(&u->sk, ops, ns, AF_UNIX, type, 0);
	mutex_init(&u->bind_lock, RANK_SOCK_BIND);
	u->backlog = UNIX_QLEN;
	waitq_init(&u->room_wait);
	TAILQ_INIT(&u->embryos);
	TAILQ_INIT(&u->senders);
	unix_table_add(u);
	*out = u;
	return 0;
}

static int unix_create(struct netns *ns, int type, int protocol,
		       struct socket **out)
{
	struct unix_sock *u;
	int r;

	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == SOCK_RAW) /* as Linux has it */
		type = SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	r = unix_new(ns, type, &u);
	if (!r)
		*out = &u->sk;
	return r;
}

const struct sock_family unix_family = {
	.family = AF_UNIX,
	.create = unix_create,
};

struct unix_sock *unix_peer_get(struct unix_sock *u)
{
	struct unix_sock *p;

	spin_lock(&u->sk.lock);
	p = u->peer;
	if (p)
		sock_get(&p->sk);
	spin_unlock(&u->sk.lock);
	return p;
}

/* Somebody who is not our peer has to wait to send to u. */
bool unix_full_locked(const struct unix_sock *u)
{
	return (int)u->sk.qlen > u->backlog;
}

/* ---- the end ---- */

static void free_all(struct msgqueue *q)
{
	struct msgbuf *b;

	while ((b = TAILQ_FIRST(q))) {
		TAILQ_REMOVE(q, b, link);
		msgbuf_free(b);
	}
}

void unix_purge(struct unix_sock *u)
{
	struct msgqueue q = TAILQ_HEAD_INITIALIZER(q);

	spin_lock(&u->sk.lock);
	TAILQ_CONCAT(&q, &u->sk.queue, link);
	u->sk.qlen = 0;
	u->sk.qbytes = 0;
	spin_unlock(&u->sk.lock);
	free_all(&q);
}

/* What a connection's other end sees of our end. */
static void tell_peer(struct unix_sock *peer, bool reset)
{
	spin_lock(&peer->sk.lock);
	peer->sk.shutdown = SHUTDOWN_RCV | SHUTDOWN_SND;
	if (reset)
		sock_fail(&peer->sk, ECONNRESET);
	spin_unlock(&peer->sk.lock);
	sock_wake(&peer->sk, EPOLL_ALL | (reset ? EPOLLERR : 0));
}

/* Those who send datagrams to u find out when they next try. */
static void drop_senders(struct unix_sock *u)
{
	struct unix_sock *s;

	spin_lock(&u->sk.lock);
	while ((s = TAILQ_FIRST(&u->senders))) {
		TAILQ_REMOVE(&u->senders, s, sender_link);
		s->is_sender = false;
		wake_all(&s->sk.wr_wait, EPOLL_WRITE);
	}
	spin_unlock(&u->sk.lock);
}

/* An embryo does not listen, so has none of its own: one level.
 * NOLINTBEGIN(misc-no-recursion) */
static void drop_embryos(struct unix_sock *u)
{
	struct unix_sock *e;

	for (;;) {
		spin_lock(&u->sk.lock);
		e = TAILQ_FIRST(&u->embryos);
		if (e) {
			TAILQ_REMOVE(&u->embryos, e, embryo_link);
			u->nembryos--;
		}
		spin_unlock(&u->sk.lock);
		if (!e)
			return;
		unix_gone(e, true);
		sock_put(&e->sk);
	}
}

void unix_gone(struct unix_sock *u, bool embryo)
{
	struct unix_sock *peer;
	bool unread;

	mutex_lock(&u->bind_lock);
	unix_table_remove(u);
	mutex_unlock(&u->bind_lock);
	spin_lock(&u->sk.lock);
	u->sk.dead = true;
	u->sk.shutdown = SHUTDOWN_RCV | SHUTDOWN_SND;
	u->state = UNIX_CLOSED;
	peer = u->peer;
	u->peer = NULL;
	unread = msgqueue_any(&u->sk);
	spin_unlock(&u->sk.lock);
	wake_all(&u->room_wait, EPOLL_WRITE);
	if (peer && u->sk.type == SOCK_DGRAM)
		unix_leave_peer(u, peer);
	else if (peer)
		tell_peer(peer, unread || embryo);
	sock_put(sk_of(peer));
	drop_senders(u);
	drop_embryos(u);
	unix_purge(u);
}
/* NOLINTEND(misc-no-recursion) */

static void unix_release(struct socket *s)
{
	unix_gone(unix_of(s), false);
	unix_gc();
}

static void unix_destroy(struct socket *s)
{
	struct unix_sock *u = unix_of(s);

	unix_addr_put(u->addr);
	kfree(u);
}

/* ---- state ---- */

static int unix_getname(struct socket *s, int which, struct sock_addr *out)
{
	struct unix_sock *u = unix_of(s), *p;

	if (which == NAME_OWN) {
		unix_copy_name(u, out);
		return 0;
	}
	p = unix_peer_get(u);
	if (!p)
		return -ENOTCONN;
	unix_copy_name(p, out);
	sock_put(&p->sk);
	return 0;
}

/* Halves: what one end no longer sends, the other will not receive. */
static int unix_shutdown(struct socket *s, int how)
{
	struct unix_sock *u = unix_of(s), *p;
	unsigned bits, mirror;
	int r = sock_shutdown_bits(how, &bits);

	if (r)
		return r;
	spin_lock(&s->lock);
	s->shutdown |= bits;
	spin_unlock(&s->lock);
	p = s->type == SOCK_DGRAM ? NULL : unix_peer_get(u);
	if (p) {
		mirror = (bits & SHUTDOWN_RCV ? SHUTDOWN_SND : 0) |
			 (bits & SHUTDOWN_SND ? SHUTDOWN_RCV : 0);
		spin_lock(&p->sk.lock);
		p->sk.shutdown |= mirror;
		spin_unlock(&p->sk.lock);
		sock_wake(&p->sk, EPOLL_ALL);
		sock_put(&p->sk);
	}
	sock_wake(s, EPOLL_ALL);
	return 0;
}

static unsigned state_events(struct unix_sock *u)
{
	struct socket *s = &u->sk;
	unsigned ev = 0;

	if (__atomic_load_n(&s->err, __ATOMIC_RELAXED))
		ev |= EPOLLERR;
	if (s->shutdown == (SHUTDOWN_RCV | SHUTDOWN_SND))
		ev |= EPOLLHUP;
	if (s->shutdown & SHUTDOWN_RCV)
		ev |= EPOLLRDHUP | EPOLL_READ;
	if (msgqueue_any(s) || !TAILQ_EMPTY(&u->embryos))
		ev |= EPOLL_READ;
	if (s->type != SOCK_DGRAM && u->state == UNIX_CLOSED)
		ev |= EPOLLHUP;
	if (u->state != UNIX_LISTEN && sock_writable(s))
		ev |= EPOLL_WRITE;
	return ev;
}

static unsigned unix_stream_poll(struct socket *s, struct poll_table *pt)
{
	unsigned ev;

	(void)pt;
	spin_lock(&s->lock);
	ev = state_events(unix_of(s));
	spin_unlock(&s->lock);
	return ev;
}

/* Writable also needs room with the one we are connected to. */
static unsigned unix_dgram_poll(struct socket *s, struct poll_table *pt)
{
	struct unix_sock *u = unix_of(s), *p = unix_peer_get(u);
	unsigned ev = unix_stream_poll(s, pt);

	if (!p)
		return ev;
	if (p != u) {
		spin_lock(&p->sk.lock);
		if (p->peer != u && !p->sk.dead && unix_full_locked(p))
			ev &= ~(unsigned)EPOLL_WRITE;
		spin_unlock(&p->sk.lock);
	}
	sock_put(&p->sk);
	return ev;
}

/* Bytes that wait: all of a connection's, or the next datagram's. */
static long waiting(struct unix_sock *u)
{
	struct socket *s = &u->sk;
	struct msgbuf *b;
	long n;

	spin_lock(&s->lock);
	b = TAILQ_FIRST(&s->queue);
	if (u->state == UNIX_LISTEN)
		n = -EINVAL;
	else if (s->type == SOCK_DGRAM)
		n = b ? b->len : 0;
	else
		n = (long)s->qbytes;
	spin_unlock(&s->lock);
	return n;
}

static long unix_ioctl(struct socket *s, unsigned cmd, uaddr_t arg)
{
	int32_t n;
	long r;

	switch (cmd) {
	case SIOCINQ:
		r = waiting(unix_of(s));
		break;
	case SIOCOUTQ:
		r = __atomic_load_n(&s->wmem, __ATOMIC_RELAXED);
		break;
	default:
		return -ENOTTY;
	}
	if (r < 0)
		return r;
	n = (int32_t)r;
	return copy_to_user(arg, &n, sizeof(n));
}

static bool unix_listening(struct socket *s)
{
	return unix_of(s)->state == UNIX_LISTEN;
}

#define COMMON                                                                 \
	.bind = unix_bind, .pair = unix_pair, .getname = unix_getname,         \
	.shutdown = unix_shutdown, .ioctl = unix_ioctl,                        \
	.listening = unix_listening, .release = unix_release,                  \
	.destroy = unix_destroy

const struct sock_ops unix_stream_ops = {
	COMMON,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.send = unix_stream_send,
	.recv = unix_stream_recv,
	.poll = unix_stream_poll,
};
const struct sock_ops unix_seqpacket_ops = {
	COMMON,
	.connect = unix_stream_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.send = unix_seqpacket_send,
	.recv = unix_seqpacket_recv,
	.poll = unix_dgram_poll,
};
const struct sock_ops unix_dgram_ops = {
	COMMON,
	.connect = unix_dgram_connect,
	.send = unix_dgram_send,
	.recv = unix_dgram_recv,
	.poll = unix_dgram_poll,
};
