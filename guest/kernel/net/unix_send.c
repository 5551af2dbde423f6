/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_send.c: sending: bytes into a connection, datagrams to whoever listens.
 *
 * The sender copies into messages of its own, without a lock, and then puts
 * them into the receiver's queue under the receiver's lock.
 */
#include "unix.h"

#define STREAM_PIECE (8 * PAGE_SIZE)

void unix_lock_for(struct unix_sock *to, const struct msgbuf *b)
{
	if (b->scm.files)
		unix_gc_lock();
	spin_lock(&to->sk.lock);
}

void unix_unlock_for(struct unix_sock *to, bool files)
{
	spin_unlock(&to->sk.lock);
	if (files)
		unix_gc_unlock();
}

void unix_queue_locked(struct unix_sock *to, struct msgbuf *b)
{
	if (b->scm.files)
		unix_flight_start_locked(b->scm.files);
	msgqueue_add_locked(&to->sk, b);
}

/* Who sends is told where one of the two asks for it, or where nobody has yet
 * accepted and so could not ask. */
void unix_add_creds(struct msgbuf *b, struct socket *s, struct socket *to)
{
	if (b->scm.has_creds)
		return;
	b->scm.creds = (struct lx_ucred){ 0, 65534, 65534 };
	if (!sock_flag(s, SO_PASSCRED) && !sock_flag(to, SO_PASSCRED) &&
	    __atomic_load_n(&to->file, __ATOMIC_RELAXED))
		return;
	b->scm.creds =
		(struct lx_ucred){ current->proc->pid, current->cred->uid,
				   current->cred->gid };
	b->scm.has_creds = true;
}

static bool may_try(const struct socket *s)
{
	return __atomic_load_n(&s->wmem, __ATOMIC_RELAXED) < s->sndbuf ||
	       __atomic_load_n(&s->err, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->shutdown, __ATOMIC_RELAXED) & SHUTDOWN_SND;
}

static int wait_room(struct socket *s, bool nonblock, uint64_t deadline)
{
	for (;;) {
		int r = sock_take_error(s);

		if (r)
			return r;
		if (s->shutdown & SHUTDOWN_SND)
			return -EPIPE;
		if (__atomic_load_n(&s->wmem, __ATOMIC_RELAXED) < s->sndbuf)
			return 0;
		if (nonblock)
			return -EAGAIN;
		r = sock_wait(&s->wr_wait, may_try(s), deadline);
		if (r)
			return r;
	}
}

int unix_prepare(struct socket *s, struct sock_msg *m, size_t len,
		 uint64_t deadline, struct msgbuf **out)
{
	struct msgbuf *b;
	int r = wait_room(s, m->flags & MSG_DONTWAIT, deadline);

	if (r)
		return r;
	b = msgbuf_new(s, len);
	if (!b)
		return -ENOMEM;
	r = msgbuf_fill(b, m->u);
	if (r) {
		msgbuf_free(b);
		return r;
	}
	b->scm = m->scm;
	m->scm.files = NULL; /* with the first piece */
	*out = b;
	return 0;
}

/* ---- streams ---- */

static int push(struct unix_sock *to, struct msgbuf *b)
{
	bool files = b->scm.files, gone;

	unix_lock_for(to, b);
	gone = to->sk.dead || to->sk.shutdown & SHUTDOWN_RCV;
	if (!gone)
		unix_queue_locked(to, b);
	unix_unlock_for(to, files); /* b may be read and gone by now */
	if (gone)
		msgbuf_free(b);
	else
		wake_all(&to->sk.rd_wait, EPOLL_READ);
	return gone ? -EPIPE : 0;
}

static int stream_check(struct socket *s, const struct sock_msg *m)
{
	const struct unix_sock *u = unix_of(s);

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name && m->name->len)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (!__atomic_load_n(&u->peer, __ATOMIC_ACQUIRE))
		return -ENOTCONN;
	if (s->shutdown & SHUTDOWN_SND)
		return -EPIPE;
	return m->scm.files ? unix_flight_check(m->scm.files) : 0;
}

ssize_t unix_stream_send(struct socket *s, struct sock_msg *m)
{
	uint64_t deadline = sock_deadline(s->sndtimeo);
	/* set once, and ours until our file goes */
	struct unix_sock *to = unix_of(s)->peer;
	size_t most = min(STREAM_PIECE, (size_t)s->sndbuf / 2);
	ssize_t done = 0;
	int r = stream_check(s, m);

	while (!r && m->u->left) {
		size_t n = min(m->u->left, most);
		struct msgbuf *b;

		r = unix_prepare(s, m, n, deadline, &b);
		if (r)
			break;
		unix_add_creds(b, s, &to->sk);
		r = push(to, b);
		if (!r)
			done += (ssize_t)n;
	}
	if (r == -EPIPE && !done && !(m->flags & MSG_NOSIGNAL) && current->proc)
		(void)signal_send_task(current, SIGPIPE, NULL);
	return done ? done : r;
}

/* ---- datagrams and packets ---- */

/* -EAGAIN: `to` has no room; to is locked. */
static int deliver_check(const struct unix_sock *u, const struct unix_sock *to)
{
	if (to->peer && to->peer != u)
		return -EPERM;
	if (to->sk.dead)
		return -ECONNREFUSED;
	if (to->sk.shutdown & SHUTDOWN_RCV)
		return -EPIPE;
	if (to != u && to->peer != u && unix_full_locked(to))
		return -EAGAIN;
	return 0;
}

static bool no_longer_full(const struct unix_sock *u, struct unix_sock *to)
{
	bool r;

	spin_lock(&to->sk.lock);
	r = deliver_check(u, to) != -EAGAIN;
	spin_unlock(&to->sk.lock);
	return r;
}

/* b is taken where 0 is returned. */
static int deliver(struct unix_sock *u, struct unix_sock *to, struct msgbuf *b,
		   bool nonblock, uint64_t deadline)
{
	bool files = b->scm.files;
	int r;

	for (;;) {
		unix_lock_for(to, b);
		r = deliver_check(u, to);
		if (!r)
			unix_queue_locked(to, b);
		unix_unlock_for(to, files);
		if (!r)
			wake_all(&to->sk.rd_wait, EPOLL_READ);
		if (r != -EAGAIN || nonblock)
			return r;
		r = sock_wait(&to->room_wait, no_longer_full(u, to), deadline);
		if (r)
			return r;
	}
}

/* The peer of a datagram socket has closed: u has none any more. */
static void lose_peer(struct unix_sock *u, struct unix_sock *peer)
{
	bool mine;

	spin_lock(&u->sk.lock);
	mine = u->peer == peer;
	if (mine) {
		u->peer = NULL;
		u->state = UNIX_CLOSED;
	}
	spin_unlock(&u->sk.lock);
	if (mine)
		sock_put(&peer->sk);
}

static int send_to(struct unix_sock *u, struct sock_msg *m, struct msgbuf *b,
		   uint64_t deadline)
{
	bool named = m->name && m->name->len;
	struct unix_sock *to;
	int r;

	for (;;) {
		if (named) {
			r = unix_find(u, m->name, &to);
			if (r)
				return r;
		} else {
			to = unix_peer_get(u);
			if (!to)
				return -ENOTCONN;
		}
		unix_add_creds(b, &u->sk, &to->sk);
		r = deliver(u, to, b, m->flags & MSG_DONTWAIT, deadline);
		if (r == -ECONNREFUSED && u->sk.type == SOCK_SEQPACKET)
			r = -EPIPE;
		else if (r == -ECONNREFUSED && !named)
			lose_peer(u, to);
		sock_put(&to->sk);
		if (r != -ECONNREFUSED || !named)
			return r;
	}
}

static int dgram_check(struct unix_sock *u, const struct sock_msg *m)
{
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name && m->name->len) {
		if (m->name->len <= UNIX_ADDR_MIN ||
		    m->name->len > sizeof(m->name->un) ||
		    m->name->family != AF_UNIX)
			return -EINVAL;
	} else if (!__atomic_load_n(&u->peer, __ATOMIC_ACQUIRE)) {
		return -ENOTCONN;
	}
	if (sock_flag(&u->sk, SO_PASSCRED)) {
		int r = unix_autobind(u);

		if (r)
			return r;
	}
	if (m->u->left > (size_t)u->sk.sndbuf - 32)
		return -EMSGSIZE;
	return m->scm.files ? unix_flight_check(m->scm.files) : 0;
}

ssize_t unix_dgram_send(struct socket *s, struct sock_msg *m)
{
	uint64_t deadline = sock_deadline(s->sndtimeo);
	struct unix_sock *u = unix_of(s);
	size_t len = m->u->left;
	struct msgbuf *b;
	int r = dgram_check(u, m);

	if (!r)
		r = unix_prepare(s, m, len, deadline, &b);
	if (r)
		return r;
	r = send_to(u, m, b, deadline);
	if (!r)
		return (ssize_t)len;
	msgbuf_free(b);
	return r;
}

ssize_t unix_seqpacket_send(struct socket *s, struct sock_msg *m)
{
	int r = sock_take_error(s);

	if (r)
		return r;
	if (unix_of(s)->state != UNIX_CONNECTED)
		return -ENOTCONN;
	m->name = NULL;
	return unix_dgram_send(s, m);
}
