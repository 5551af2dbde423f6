/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.c: AF_NETLINK sockets (netlink(7)): NETLINK_ROUTE answers questions;
 * NETLINK_KOBJECT_UEVENT can be listened to, and nothing ever happens.
 *
 * A request is answered while it is sent: the answers are in the socket's
 * queue when send(2) returns.  A socket has a port, unique in its namespace and
 * protocol: the process's pid, or another where that is taken.
 */
#include "netlink.h"

#include <string.h>

#include "families.h"
#include "kuni/task.h"
#include "kuni/vfs.h"
#include "msgbuf.h"

#define PIECE (8 * PAGE_SIZE) /* of an answer: what one recv(2) returns */

enum {
	NETLINK_ADD_MEMBERSHIP = 1,
	NETLINK_DROP_MEMBERSHIP = 2,
	NETLINK_CAP_ACK = 10,
	NETLINK_EXT_ACK = 11,
	NETLINK_GET_STRICT_CHK = 12
};

struct nl_sock {
	struct socket sk;         /* first */
	LIST_ENTRY(nl_sock) link; /* [ports_lock] while it has a port */
	uint32_t port;            /* [ports_lock] 0: none yet */
	uint32_t groups;          /* [sk.lock] */
	uint32_t options;         /* [sk.lock] bits 1 << NETLINK_* */
	struct lx_sockaddr_nl to; /* [sk.lock] connect(2)ed to */
};

static struct spinlock ports_lock = { .rank = RANK_SOCK_NAME };
static LIST_HEAD(, nl_sock) ports;

static struct nl_sock *nl_of(struct socket *s)
{
	return container_of(s, struct nl_sock, sk);
}

/* ---- ports ---- */

static bool taken_locked(const struct nl_sock *n, uint32_t port)
{
	const struct nl_sock *o;

	LIST_FOREACH(o, &ports, link)
	if (o->port == port && o->sk.ns == n->sk.ns &&
	    o->sk.protocol == n->sk.protocol)
		return true;
	return false;
}

/* port 0: any.  A socket that has one keeps it. */
static int take_port(struct nl_sock *n, uint32_t port)
{
	uint32_t want = port ? port : (uint32_t)current->proc->pid;
	int r = 0;

	spin_lock(&ports_lock);
	if (n->port) {
		r = port && port != n->port ? -EINVAL : 0;
	} else {
		for (uint32_t k = 4097; !port && taken_locked(n, want); k++)
			want = -k;
		if (taken_locked(n, want)) {
			r = -EADDRINUSE;
		} else {
			n->port = want;
			LIST_INSERT_HEAD(&ports, n, link);
		}
	}
	spin_unlock(&ports_lock);
	return r;
}

static int addr_check(const struct sock_addr *a)
{
	return a->len < sizeof(a->nl) || a->family != AF_NETLINK ? -EINVAL : 0;
}

static int nl_bind(struct socket *s, const struct sock_addr *a)
{
	struct nl_sock *n = nl_of(s);
	int r = addr_check(a);

	if (!r)
		r = take_port(n, a->nl.pid);
	if (r)
		return r;
	spin_lock(&s->lock);
	n->groups = a->nl.groups;
	spin_unlock(&s->lock);
	return 0;
}

static int nl_connect(struct socket *s, const struct sock_addr *a,
		      bool nonblock)
{
	struct nl_sock *n = nl_of(s);
	struct lx_sockaddr_nl to = { 0 };
	int r = 0;

	(void)nonblock;
	if (a->len < sizeof(a->family))
		return -EINVAL;
	if (a->family != AF_UNSPEC) {
		r = addr_check(a);
		if (!r && (a->nl.pid || a->nl.groups))
			r = capable(CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
		if (!r)
			r = take_port(n, 0);
		to = a->nl;
	}
	if (r)
		return r;
	spin_lock(&s->lock);
	n->to = to;
	spin_unlock(&s->lock);
	return 0;
}

static int nl_getname(struct socket *s, int which, struct sock_addr *out)
{
	struct nl_sock *n = nl_of(s);

	*out = (struct sock_addr){ .len = sizeof(out->nl) };
	spin_lock(&s->lock);
	if (which != NAME_OWN) {
		out->nl = n->to;
	} else {
		out->nl.pid = n->port;
		out->nl.groups = n->groups;
	}
	spin_unlock(&s->lock);
	out->nl.family = AF_NETLINK;
	return 0;
}

/* ---- requests and answers ---- */

/* n bytes as one message into s's own queue; what does not fit is lost, and
 * said so, as on Linux. */
static void enqueue(struct socket *s, const void *data, size_t n)
{
	struct msgbuf *b = msgbuf_new(NULL, n);
	bool fits;

	if (b)
		msgbuf_fill_kernel(b, data);
	spin_lock(&s->lock);
	fits = b && s->qbytes <= (uint64_t)s->rcvbuf;
	if (fits)
		msgqueue_add_locked(s, b);
	else
		sock_fail(s, ENOBUFS);
	spin_unlock(&s->lock);
	if (b && !fits)
		msgbuf_free(b);
	wake_all(&s->rd_wait, EPOLLIN | EPOLLRDNORM);
}

void netlink_tell(struct socket *s, const void *data, size_t n)
{
	enqueue(s, data, n);
}

/* Whole messages, as many as stand in a piece. */
static void enqueue_answer(struct socket *s, const struct nl_answer *a)
{
	size_t from = 0, end = 0;

	while (end < a->len) {
		uint32_t len;

		memcpy(&len, a->buf + end, sizeof(len));
		if (end > from && end + len - from > PIECE) {
			enqueue(s, a->buf + from, end - from);
			from = end;
		}
		end += len;
	}
	if (end > from)
		enqueue(s, a->buf + from, end - from);
}

static void acknowledge(struct nl_sock *n, const struct nl_request *q, int err)
{
	struct nl_answer a = { 0 };
	bool whole = err && !(n->options & 1U << NETLINK_CAP_ACK);
	int32_t e = err;

	nl_begin(&a, q, NLMSG_ERROR, whole ? 0 : 0x100 /* CAPPED */, &e,
		 sizeof(e));
	nl_append(&a, &q->hdr, sizeof(q->hdr));
	if (whole)
		nl_append(&a, q->body, q->len);
	nl_end(&a);
	if (a.failed)
		sock_fail(&n->sk, ENOBUFS);
	else
		enqueue(&n->sk, a.buf, a.len);
	kfree(a.buf);
}

static void finish_dump(struct nl_sock *n, const struct nl_request *q)
{
	struct nl_answer a = { 0 };
	int32_t zero = 0;

	nl_begin(&a, q, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero));
	nl_end(&a);
	if (!a.failed)
		enqueue(&n->sk, a.buf, a.len);
	kfree(a.buf);
}

static void serve(struct nl_sock *n, struct nl_request *q)
{
	struct nl_answer a = { 0 };
	int r;

	if (!(q->hdr.flags & NLM_F_REQUEST))
		return;
	r = q->hdr.type < NLMSG_MIN ? 0 : rtnetlink(q, &a);
	if (r >= 0 && a.failed)
		r = -ENOBUFS;
	if (r >= 0)
		enqueue_answer(&n->sk, &a);
	kfree(a.buf);
	if (r > 0)
		finish_dump(n, q);
	else if (r < 0 || (q->hdr.flags & NLM_F_ACK))
		acknowledge(n, q, r);
}

static int send_check(struct nl_sock *n, const struct sock_msg *m)
{
	int r;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name && m->name->len) {
		r = addr_check(m->name);
		if (r)
			return r;
		if (m->name->nl.pid || m->name->nl.groups)
			return capable(CAP_NET_ADMIN) ? -EOPNOTSUPP : -EPERM;
	}
	if (m->u->left > (size_t)n->sk.sndbuf - 32)
		return -EMSGSIZE;
	r = take_port(n, 0);
	if (r)
		return r;
	return n->sk.protocol == NETLINK_ROUTE ? 0 : -ECONNREFUSED;
}

static ssize_t nl_send(struct socket *s, struct sock_msg *m)
{
	struct nl_sock *n = nl_of(s);
	struct nl_request q = { .ns = s->ns };
	size_t len = m->u->left, left = len;
	const void *at;
	char *copy;
	int r = send_check(n, m);

	if (r)
		return r;
	copy = kmalloc(max(len, (size_t)1));
	if (!copy)
		return -ENOBUFS;
	at = copy;
	r = uio_get(m->u, copy, len) == (ssize_t)len ? 0 : -EFAULT;
	q.port = n->port;
	q.strict = n->options & 1U << NETLINK_GET_STRICT_CHK;
	while (!r && nl_next(&at, &left, &q))
		serve(n, &q);
	kfree(copy);
	return r ? r : (ssize_t)len;
}

/* ---- receiving ---- */

static int wait_message(struct socket *s, unsigned flags, struct msgbuf **out)
{
	uint64_t deadline = sock_deadline(s->rcvtimeo);
	int r;

	for (;;) {
		r = sock_take_error(s);
		if (r)
			return r;
		spin_lock(&s->lock);
		*out = TAILQ_FIRST(&s->queue);
		if (*out && !(flags & MSG_PEEK))
			msgqueue_remove_locked(s, *out);
		spin_unlock(&s->lock);
		if (*out)
			return 0;
		if (flags & MSG_DONTWAIT)
			return -EAGAIN;
		mutex_unlock(&s->read_lock);
		r = sock_wait(
			&s->rd_wait,
			msgqueue_any(s) ||
				__atomic_load_n(&s->err, __ATOMIC_RELAXED),
			deadline);
		mutex_lock(&s->read_lock);
		if (r)
			return r;
	}
}

static ssize_t nl_recv(struct socket *s, struct sock_msg *m)
{
	struct msgbuf *b;
	ssize_t r;
	size_t n;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&s->read_lock);
	r = wait_message(s, m->flags, &b);
	if (r)
		goto out;
	n = min(m->u->left, (size_t)b->len);
	if (n < b->len)
		m->out_flags |= MSG_TRUNC;
	r = msgbuf_copy(b, 0, n, m->u) == (ssize_t)n ? 0 : -EFAULT;
	if (!r)
		r = m->flags & MSG_TRUNC ? (ssize_t)b->len : (ssize_t)n;
	if (m->name) { /* from the kernel, port 0 */
		*m->name = (struct sock_addr){ .len = sizeof(m->name->nl) };
		m->name->family = AF_NETLINK;
	}
	if (!(m->flags & MSG_PEEK))
		msgbuf_free(b);
out:
	mutex_unlock(&s->read_lock);
	return r;
}

static unsigned nl_poll(struct socket *s, struct poll_table *pt)
{
	unsigned ev = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;

	(void)pt;
	if (msgqueue_any(s))
		ev |= EPOLLIN | EPOLLRDNORM;
	if (__atomic_load_n(&s->err, __ATOMIC_RELAXED))
		ev |= EPOLLERR;
	return ev;
}

/* ---- options ---- */

static int nl_setopt(struct socket *s, int level, int name, uaddr_t val,
		     int len)
{
	struct nl_sock *n = nl_of(s);
	uint32_t v, bit;
	uint32_t *word = &n->options;
	int r = 0;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_from_user(&v, val, sizeof(v)))
		return -EFAULT;
	bit = 1U << (name & 31);
	switch (name) {
	case NETLINK_ADD_MEMBERSHIP:
	case NETLINK_DROP_MEMBERSHIP:
		if (!v || v > 32)
			return -EINVAL;
		bit = 1U << (v - 1);
		word = &n->groups;
		v = name == NETLINK_ADD_MEMBERSHIP;
		r = take_port(n, 0);
		break;
	case NETLINK_CAP_ACK:
	case NETLINK_EXT_ACK: /* allows for more text in errors: there is none */
	case NETLINK_GET_STRICT_CHK:
		break;
	default:
		return -ENOPROTOOPT;
	}
	spin_lock(&s->lock);
	*word = v ? *word | bit : *word & ~bit;
	spin_unlock(&s->lock);
	return r;
}

static int nl_getopt(struct socket *s, int level, int name, uaddr_t val,
		     uaddr_t at)
{
	int32_t len, v;

	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	if (copy_from_user(&len, at, sizeof(len)))
		return -EFAULT;
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (name < NETLINK_CAP_ACK || name > NETLINK_GET_STRICT_CHK)
		return -ENOPROTOOPT;
	v = (int32_t)(nl_of(s)->options >> name & 1);
	len = sizeof(v);
	if (copy_to_user(val, &v, sizeof(v)) ||
	    copy_to_user(at, &len, sizeof(len)))
		return -EFAULT;
	return 0;
}

/* ---- life ---- */

static void nl_release(struct socket *s)
{
	struct nl_sock *n = nl_of(s);
	struct msgbuf *b;

	spin_lock(&ports_lock);
	if (n->port)
		LIST_REMOVE(n, link);
	spin_unlock(&ports_lock);
	while ((b = TAILQ_FIRST(&s->queue))) { /* nobody else has s */
		TAILQ_REMOVE(&s->queue, b, link);
		msgbuf_free(b);
	}
}

static void nl_destroy(struct socket *s)
{
	kfree(nl_of(s));
}

static const struct sock_ops netlink_ops = {
	.bind = nl_bind,
	.connect = nl_connect,
	.getname = nl_getname,
	.send = nl_send,
	.recv = nl_recv,
	.poll = nl_poll,
	.setopt = nl_setopt,
	.getopt = nl_getopt,
	.release = nl_release,
	.destroy = nl_destroy,
};

static int nl_create(struct netns *ns, int type, int protocol,
		     struct socket **out)
{
	struct nl_sock *n;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE && protocol != NETLINK_KOBJECT_UEVENT)
		return -EPROTONOSUPPORT;
	n = kmalloc(sizeof(*n));
	if (!n)
		return -ENOMEM;
	sock_init(&n->sk, &netlink_ops, ns, AF_NETLINK, type, protocol);
	*out = &n->sk;
	return 0;
}

const struct sock_family netlink_family = {
	.family = AF_NETLINK,
	.create = nl_create,
};
