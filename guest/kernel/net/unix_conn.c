/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_conn.c: who is connected to whom.
 *
 * connect() makes the other end itself, an embryo, and queues it with the
 * listener: from then on both ends work, accepted or not.  A datagram socket's
 * peer is only a default address: the peer knows its senders, so that it can
 * wake them when its queue has room.
 */
#include "unix.h"

/* ---- listeners ---- */

int unix_listen(struct socket *s, int backlog)
{
	struct unix_sock *u = unix_of(s);
	int r = -EINVAL;
	bool grown = false;

	spin_lock(&s->lock);
	if (u->addr && u->state != UNIX_CONNECTED && !u->peer) {
		grown = backlog > u->backlog;
		u->state = UNIX_LISTEN;
		u->backlog = backlog;
		r = 0;
	}
	spin_unlock(&s->lock);
	if (r)
		return r;
	if (grown)
		wake_all(&u->room_wait, EPOLL_WRITE);
	sock_set_peer_cred(s); /* whoever connects is told */
	return 0;
}

static struct unix_sock *take_embryo(struct unix_sock *u)
{
	struct unix_sock *e;

	spin_lock(&u->sk.lock);
	e = TAILQ_FIRST(&u->embryos);
	if (e) {
		TAILQ_REMOVE(&u->embryos, e, embryo_link);
		u->nembryos--;
	}
	spin_unlock(&u->sk.lock);
	return e;
}

static bool acceptable(const struct unix_sock *u)
{
	return __atomic_load_n(&u->embryos.tqh_first, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&u->sk.shutdown, __ATOMIC_RELAXED) &
		       SHUTDOWN_RCV;
}

int unix_accept(struct socket *s, bool nonblock, struct socket **out)
{
	struct unix_sock *u = unix_of(s), *e;
	uint64_t deadline = sock_deadline(s->rcvtimeo);
	int r;

	if (u->state != UNIX_LISTEN)
		return -EINVAL;
	while (!(e = take_embryo(u))) {
		if (s->shutdown & SHUTDOWN_RCV)
			return -EINVAL;
		if (nonblock)
			return -EAGAIN;
		r = sock_wait(&s->rd_wait, acceptable(u), deadline);
		if (r)
			return r;
	}
	wake_all(&u->room_wait, EPOLL_WRITE);
	*out = &e->sk;
	return 0;
}

/* ---- connections ---- */

static bool has_room(struct unix_sock *l)
{
	bool r;

	spin_lock(&l->sk.lock);
	r = l->state != UNIX_LISTEN || l->sk.shutdown & SHUTDOWN_RCV ||
	    (int)l->nembryos <= l->backlog;
	spin_unlock(&l->sk.lock);
	return r;
}

/* u, embryo e and listener l become one connection: 0, or why not; -EAGAIN
 * while l has no room. */
static int join(struct unix_sock *u, struct unix_sock *e, struct unix_sock *l)
{
	int r = 0;

	sock_lock_two(&u->sk, &l->sk);
	if (l->state != UNIX_LISTEN || l->sk.shutdown & SHUTDOWN_RCV)
		r = -ECONNREFUSED;
	else if ((int)l->nembryos > l->backlog)
		r = -EAGAIN;
	else if (u->state != UNIX_CLOSED || u->peer)
		r = u->state == UNIX_LISTEN ? -EINVAL : -EISCONN;
	if (!r) {
		e->state = u->state = UNIX_CONNECTED;
		e->addr = l->addr;
		__atomic_fetch_add(&e->addr->ref, 1, __ATOMIC_RELAXED);
		sock_get(&u->sk);
		e->peer = u;
		sock_get(&e->sk);
		__atomic_store_n(&u->peer, e, __ATOMIC_RELEASE);
		TAILQ_INSERT_TAIL(&l->embryos, e, embryo_link);
		l->nembryos++;
	}
	sock_unlock_two(&u->sk, &l->sk);
	return r;
}

static int find_and_join(struct unix_sock *u, struct unix_sock *e,
			 const struct sock_addr *a, bool nonblock)
{
	uint64_t deadline = sock_deadline(u->sk.sndtimeo);
	struct unix_sock *l;
	int r;

	for (;;) {
		r = unix_find(u, a, &l);
		if (r)
			return r;
		r = join(u, e, l);
		if (!r)
			sock_copy_peer_cred(&u->sk, &l->sk);
		if (!r)
			wake_all(&l->sk.rd_wait, EPOLL_READ);
		if (r == -EAGAIN && !nonblock) {
			r = sock_wait(&l->room_wait, has_room(l), deadline);
			sock_put(&l->sk);
			if (r)
				return r;
			continue;
		}
		sock_put(&l->sk);
		return r;
	}
}

int unix_stream_connect(struct socket *s, const struct sock_addr *a,
			bool nonblock)
{
	struct unix_sock *u = unix_of(s), *e;
	int r;

	if (sock_flag(s, SO_PASSCRED)) {
		r = unix_autobind(u);
		if (r)
			return r;
	}
	r = unix_new(s->ns, s->type, &e);
	if (r)
		return r;
	sock_set_peer_cred(&e->sk);
	r = find_and_join(u, e, a, nonblock);
	if (r) {
		unix_gone(e, true);
		sock_put(&e->sk);
	}
	return r;
}

int unix_pair(struct socket *a, struct socket *b)
{
	struct unix_sock *ua = unix_of(a), *ub = unix_of(b);

	sock_set_peer_cred(a);
	sock_set_peer_cred(b);
	sock_get(a);
	ub->peer = ua;
	sock_get(b);
	ua->peer = ub;
	ua->state = ub->state = UNIX_CONNECTED;
	return 0;
}

/* ---- datagrams ---- */

/* u no longer sends to peer; not its connection's end. */
void unix_leave_peer(struct unix_sock *u, struct unix_sock *peer)
{
	spin_lock(&peer->sk.lock);
	if (u->is_sender) {
		TAILQ_REMOVE(&peer->senders, u, sender_link);
		u->is_sender = false;
	}
	spin_unlock(&peer->sk.lock);
}

/* u's old peer, if it was connected to u, is told that messages are lost. */
static void forget_peer(struct unix_sock *u)
{
	struct unix_sock *old;
	bool tell = false, lost;

	spin_lock(&u->sk.lock);
	lost = msgqueue_any(&u->sk);
	old = u->peer;
	u->peer = NULL;
	u->state = UNIX_CLOSED;
	spin_unlock(&u->sk.lock);
	if (!old)
		return;
	unix_leave_peer(u, old);
	if (lost)
		unix_purge(u);
	wake_all(&u->room_wait, EPOLL_WRITE);
	spin_lock(&old->sk.lock);
	if (lost && !old->sk.dead && old->peer == u) {
		sock_fail(&old->sk, ECONNRESET);
		tell = true;
	}
	spin_unlock(&old->sk.lock);
	if (tell)
		sock_wake(&old->sk, EPOLLERR);
	sock_put(&old->sk);
}

/* Whether u may send to `to`: that one listens to everybody, or to u. */
static bool may_send(const struct unix_sock *u, const struct unix_sock *to)
{
	return !to->peer || to->peer == u;
}

/* Takes the reference of to. */
static int set_peer(struct unix_sock *u, struct unix_sock *to)
{
	int r = -EPERM;

	sock_lock_two(&u->sk, &to->sk);
	if (to->sk.dead)
		r = -ECONNREFUSED;
	else if (may_send(u, to))
		r = 0;
	if (!r) {
		u->peer = to;
		u->state = UNIX_CONNECTED;
		TAILQ_INSERT_TAIL(&to->senders, u, sender_link);
		u->is_sender = true;
	}
	sock_unlock_two(&u->sk, &to->sk);
	if (r)
		sock_put(&to->sk);
	return r;
}

int unix_dgram_connect(struct socket *s, const struct sock_addr *a,
		       bool nonblock)
{
	struct unix_sock *u = unix_of(s), *to, *now;
	int r;

	(void)nonblock;
	if (a->len >= UNIX_ADDR_MIN && a->family == AF_UNSPEC) {
		mutex_lock(&u->bind_lock);
		forget_peer(u);
		mutex_unlock(&u->bind_lock);
		return 0;
	}
	if (sock_flag(s, SO_PASSCRED)) {
		r = unix_autobind(u);
		if (r)
			return r;
	}
	r = unix_find(u, a, &to);
	if (r)
		return r;
	mutex_lock(&u->bind_lock);
	now = unix_peer_get(u);
	if (now == to) {
		sock_put(&to->sk);
	} else {
		if (now)
			forget_peer(u);
		r = set_peer(u, to);
	}
	mutex_unlock(&u->bind_lock);
	sock_put(sk_of(now));
	return r;
}
