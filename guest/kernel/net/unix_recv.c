/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_recv.c: receiving.  One reader at a time (read_lock): what stands in
 * the queue stays there while it is copied out, under no spinlock.
 */
#include "unix.h"

/* There is something to read, or no sense in waiting. */
static bool readable(const struct socket *s)
{
	return msgqueue_any(s) || __atomic_load_n(&s->err, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->shutdown, __ATOMIC_RELAXED) & SHUTDOWN_RCV;
}

/* Sleeps with read_lock released. */
static int wait_data(struct socket *s, uint64_t deadline)
{
	int r;

	mutex_unlock(&s->read_lock);
	r = sock_wait(&s->rd_wait, readable(s), deadline);
	mutex_lock(&s->read_lock);
	return r;
}

/* Room for those who are not our peers. */
static void made_room(struct unix_sock *u)
{
	struct unix_sock *o;

	wake_all(&u->room_wait, EPOLL_WRITE);
	spin_lock(&u->sk.lock);
	TAILQ_FOREACH(o, &u->senders, sender_link)
	wake_all(&o->sk.wr_wait, EPOLL_WRITE);
	spin_unlock(&u->sk.lock);
}

/* Who sent b; one without a name is not told as such. */
static void sender_name(const struct msgbuf *b, struct sock_addr *out)
{
	unix_copy_name(unix_of(b->from), out);
	if (out->len == UNIX_ADDR_MIN)
		out->len = 0;
}

static void take_creds(struct sock_msg *m, const struct msgbuf *b)
{
	m->scm.creds = b->scm.creds;
	m->scm.has_creds = true;
}

/* ---- datagrams and packets ---- */

/* What an empty queue means.  Taken under the lock under which it was seen to be
 * empty: who writes and then closes does not end it before what he wrote. */
struct empty {
	bool failed, ended;
};

static struct empty empty_locked(const struct socket *s)
{
	return (struct empty){ __atomic_load_n(&s->err, __ATOMIC_RELAXED) != 0,
			       s->shutdown & SHUTDOWN_RCV };
}

/* The first message, out of the queue unless it is only looked at. */
static struct msgbuf *first(struct unix_sock *u, bool peek, struct empty *e)
{
	struct msgbuf *b;
	bool room = false;

	spin_lock(&u->sk.lock);
	b = TAILQ_FIRST(&u->sk.queue);
	*e = empty_locked(&u->sk);
	if (b && !peek) {
		room = unix_full_locked(u);
		msgqueue_remove_locked(&u->sk, b);
		room = room && !unix_full_locked(u);
	}
	spin_unlock(&u->sk.lock);
	if (room)
		made_room(u);
	return b;
}

/* 1 with the message, 0 at the end, or an errno. */
static int dgram_wait(struct socket *s, unsigned flags, struct msgbuf **out)
{
	uint64_t deadline = sock_deadline(s->rcvtimeo);

	for (;;) {
		bool nonblock = flags & MSG_DONTWAIT;
		int r = sock_take_error(s);
		struct empty e;

		if (r)
			return r;
		*out = first(unix_of(s), flags & MSG_PEEK, &e);
		if (*out)
			return 1;
		if (e.failed)
			continue;
		if (e.ended && (s->type == SOCK_SEQPACKET || !nonblock))
			return 0;
		if (nonblock)
			return -EAGAIN;
		r = wait_data(s, deadline);
		if (r)
			return r;
	}
}

static ssize_t dgram_take(struct msgbuf *b, struct sock_msg *m)
{
	size_t n = min(m->u->left, (size_t)b->len);
	int r;

	if (m->name)
		sender_name(b, m->name);
	if (n < b->len)
		m->out_flags |= MSG_TRUNC;
	if (msgbuf_copy(b, 0, n, m->u) != (ssize_t)n)
		return -EFAULT;
	take_creds(m, b);
	r = unix_take_files(b, &m->scm, m->flags & MSG_PEEK);
	if (r)
		return r;
	return m->flags & MSG_TRUNC ? (ssize_t)b->len : (ssize_t)n;
}

ssize_t unix_dgram_recv(struct socket *s, struct sock_msg *m)
{
	struct msgbuf *b = NULL;
	ssize_t r;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&s->read_lock);
	r = dgram_wait(s, m->flags, &b);
	if (b) {
		r = dgram_take(b, m);
		if (!(m->flags & MSG_PEEK))
			msgbuf_free(b);
	} else if (m->name) {
		m->name->len = 0;
	}
	mutex_unlock(&s->read_lock);
	return r;
}

ssize_t unix_seqpacket_recv(struct socket *s, struct sock_msg *m)
{
	if (unix_of(s)->state != UNIX_CONNECTED)
		return -ENOTCONN;
	return unix_dgram_recv(s, m);
}

/* ---- streams ---- */

struct stream {
	struct socket *s;
	struct sock_msg *m;
	struct msgbuf *at; /* looked at last, when peeking */
	struct empty none; /* where there was no message */
	ssize_t done;
	bool known; /* the credentials of what is being read */
};

/* The message to read next, NULL: none yet. */
static struct msgbuf *next(struct stream *st)
{
	struct msgbuf *b;

	spin_lock(&st->s->lock);
	b = st->at ? TAILQ_NEXT(st->at, link) : TAILQ_FIRST(&st->s->queue);
	st->none = empty_locked(st->s);
	spin_unlock(&st->s->lock);
	return b;
}

/* One call does not mix what different senders wrote, where that is asked. */
static bool same_sender(struct stream *st, const struct msgbuf *b)
{
	const struct lx_ucred *c = &st->m->scm.creds, *d = &b->scm.creds;

	if (st->known)
		return c->pid == d->pid && c->uid == d->uid && c->gid == d->gid;
	if (sock_flag(st->s, SO_PASSCRED)) {
		take_creds(st->m, b);
		st->known = true;
	}
	return true;
}

static void consume(struct socket *s, struct msgbuf *b, size_t n)
{
	bool end;

	spin_lock(&s->lock);
	b->off += (uint32_t)n;
	s->qbytes -= n;
	end = b->off == b->len;
	if (end)
		msgqueue_remove_locked(s, b);
	spin_unlock(&s->lock);
	if (end)
		msgbuf_free(b);
}

/* 1: go on with the next; 0: enough; or an errno. */
static int stream_piece(struct stream *st, struct msgbuf *b)
{
	struct sock_msg *m = st->m;
	bool peek = m->flags & MSG_PEEK, files = b->scm.files;
	size_t want = min(m->u->left, (size_t)(b->len - b->off));
	bool whole = want == b->len - b->off;
	ssize_t r = msgbuf_copy(b, b->off, want, m->u);

	if (r < 0)
		return (int)r;
	if (m->name && !st->done)
		sender_name(b, m->name);
	st->done += r;
	if (files) {
		int e = unix_take_files(b, &m->scm, peek);

		if (e)
			return e;
	}
	if (peek)
		st->at = b;
	else
		consume(st->s, b, (size_t)r);
	if ((size_t)r < want)
		return -EFAULT;
	return !files && whole && m->u->left;
}

/* Nothing there: 0 to look again, 1 at the end, or an errno. */
static int stream_wait(struct stream *st, ssize_t target, uint64_t deadline)
{
	struct socket *s = st->s;
	int r;

	if (st->done >= target)
		return 1;
	r = st->none.failed ? sock_take_error(s) : 0;
	if (r)
		return r;
	if (st->none.ended)
		return 1;
	if (st->m->flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (st->at) /* there is more than what was looked at: wait for that */
		return 1;
	return wait_data(s, deadline);
}

ssize_t unix_stream_recv(struct socket *s, struct sock_msg *m)
{
	uint64_t deadline = sock_deadline(s->rcvtimeo);
	struct stream st = { .s = s, .m = m };
	ssize_t target = m->flags & MSG_WAITALL ? (ssize_t)m->u->left
						: min((ssize_t)s->rcvlowat,
						      (ssize_t)m->u->left);
	int r = 1;

	if (unix_of(s)->state != UNIX_CONNECTED)
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name)
		m->name->len = 0;
	target = max(target, (ssize_t)1);
	mutex_lock(&s->read_lock);
	while (r > 0) {
		struct msgbuf *b = next(&st);

		if (b) {
			if (!same_sender(&st, b))
				break;
			r = stream_piece(&st, b);
			continue;
		}
		r = stream_wait(&st, target, deadline);
		if (r > 0)
			break;
		r = r ? r : 1;
	}
	mutex_unlock(&s->read_lock);
	return st.done ? st.done : min(r, 0);
}
