/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock.c: sockets as files, and what is the same for every family.
 *
 * sock_create() asks a family for a socket; sock_file() gives it a file on a
 * sockfs inode.  read(2) and write(2) are a recv and a send without an
 * address; splice and sendfile come through them.  When the file goes, the
 * protocol releases the socket, which may live on while others point to it.
 */
#include "kuni/net.h"

#include "kuni/task.h"
#include "kuni/vfs.h"
#include "msgbuf.h"

#define BUF_DEFAULT 212992

static uint64_t next_cookie = 1; /* [a] */

void sock_init(struct socket *s, const struct sock_ops *ops, struct netns *ns,
	       int family, int type, int protocol)
{
	s->ref = 1;
	s->ops = ops;
	s->family = family;
	s->type = type;
	s->protocol = protocol;
	netns_get(ns);
	s->ns = ns;
	s->cookie = __atomic_fetch_add(&next_cookie, 1, __ATOMIC_RELAXED);
	spin_init(&s->lock, RANK_SOCK);
	mutex_init(&s->read_lock, RANK_SOCK_READ);
	TAILQ_INIT(&s->queue);
	waitq_init(&s->rd_wait);
	waitq_init(&s->wr_wait);
	s->sndbuf = s->rcvbuf = BUF_DEFAULT;
	s->rcvlowat = 1;
	s->rcvtimeo = s->sndtimeo = DEADLINE_NEVER;
}

void sock_get(struct socket *s)
{
	__atomic_fetch_add(&s->ref, 1, __ATOMIC_RELAXED);
}

void sock_put(struct socket *s)
{
	if (!s || __atomic_sub_fetch(&s->ref, 1, __ATOMIC_ACQ_REL))
		return;
	if (s->peer_cred)
		cred_put(s->peer_cred);
	netns_put(s->ns);
	s->ops->destroy(s);
}

int sock_create(int family, int type, int protocol, struct socket **out)
{
	const struct sock_family *const *f;
	struct netns *ns;
	int r;

	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	for (f = sock_families; *f && (*f)->family != family; f++)
		;
	if (!*f)
		return -EAFNOSUPPORT;
	ns = netns_current();
	r = (*f)->create(ns, type, protocol, out);
	netns_put(ns);
	return r;
}

/* ---- state ---- */

int sock_take_error(struct socket *s)
{
	if (likely(!__atomic_load_n(&s->err, __ATOMIC_RELAXED)))
		return 0;
	return -__atomic_exchange_n(&s->err, 0, __ATOMIC_ACQ_REL);
}

void sock_fail(struct socket *s, int err)
{
	__atomic_store_n(&s->err, err, __ATOMIC_RELEASE);
}

void sock_wake(struct socket *s, unsigned events)
{
	wake_all(&s->rd_wait, events);
	wake_all(&s->wr_wait, events);
}

/* As Linux counts it: a quarter of the buffer used at most. */
bool sock_writable(const struct socket *s)
{
	return __atomic_load_n(&s->wmem, __ATOMIC_RELAXED) <=
	       __atomic_load_n(&s->sndbuf, __ATOMIC_RELAXED) / 4;
}

void sock_lock_two(struct socket *a, struct socket *b)
{
	if (a == b) {
		spin_lock(&a->lock);
		return;
	}
	spin_lock(&min(a, b)->lock);
	spin_lock(&max(a, b)->lock);
}

void sock_unlock_two(struct socket *a, struct socket *b)
{
	if (a != b)
		spin_unlock(&max(a, b)->lock);
	spin_unlock(&min(a, b)->lock);
}

static void set_peer_cred(struct socket *s, struct cred *c, int pid)
{
	struct cred *old;

	spin_lock(&s->lock);
	old = s->peer_cred;
	s->peer_cred = c;
	s->peer_pid = pid;
	spin_unlock(&s->lock);
	if (old)
		cred_put(old);
}

void sock_set_peer_cred(struct socket *s)
{
	set_peer_cred(s, cred_get(current->cred), current->proc->pid);
}

void sock_copy_peer_cred(struct socket *to, struct socket *from)
{
	struct cred *c;
	int pid;

	spin_lock(&from->lock);
	c = from->peer_cred ? cred_get(from->peer_cred) : NULL;
	pid = from->peer_pid;
	spin_unlock(&from->lock);
	set_peer_cred(to, c, pid);
}

int sock_shutdown_bits(int how, unsigned *bits)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	*bits = (unsigned)how + 1; /* RD 1, WR 2, both 3 */
	return 0;
}

/* ---- messages ---- */

ssize_t sock_send(struct socket *s, struct sock_msg *m)
{
	return s->ops->send ? s->ops->send(s, m) : -EOPNOTSUPP;
}

ssize_t sock_recv(struct socket *s, struct sock_msg *m)
{
	return s->ops->recv ? s->ops->recv(s, m) : -EOPNOTSUPP;
}

/* ---- the file ---- */

static unsigned nonblock(const struct file *f)
{
	return __atomic_load_n(&f->flags, __ATOMIC_RELAXED) & O_NONBLOCK
		       ? MSG_DONTWAIT
		       : 0;
}

static ssize_t sock_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct sock_msg m = { .u = u, .flags = nonblock(f) };
	ssize_t r;

	(void)pos;
	if (!u->left)
		return 0;
	r = sock_recv(f->private_, &m);
	scm_free(&m.scm);
	return r;
}

static ssize_t sock_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct sock_msg m = { .u = u, .flags = nonblock(f) };

	(void)pos;
	return sock_send(f->private_, &m);
}

static unsigned sock_poll(struct file *f, struct poll_table *pt)
{
	struct socket *s = f->private_;

	poll_wait(pt, &s->rd_wait);
	poll_wait(pt, &s->wr_wait);
	return s->ops->poll(s, pt);
}

static long sock_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
	struct socket *s = f->private_;
	long r = s->ops->ioctl ? s->ops->ioctl(s, cmd, arg) : -ENOTTY;

	return r == -ENOTTY ? netdev_ioctl(s->ns, cmd, arg) : r;
}

static void sock_release(struct file *f)
{
	struct socket *s = f->private_;

	spin_lock(&s->lock);
	s->file = NULL;
	spin_unlock(&s->lock);
	s->ops->release(s);
	sock_put(s);
}

static const struct file_ops sock_fops = {
	.read = sock_read,
	.write = sock_write,
	.poll = sock_poll,
	.ioctl = sock_ioctl,
	.release = sock_release,
	.stream = true,
};

int sock_file(struct socket *s, unsigned flags, struct file **out)
{
	struct inode *i;
	int r = anon_inode(S_IFSOCK | 0777, &i);

	if (r)
		return r;
	r = file_new(i, &sock_fops, O_RDWR | (flags & O_NONBLOCK), out);
	if (r) {
		inode_put(i);
		return r;
	}
	(*out)->private_ = s;
	spin_lock(&s->lock);
	s->file = *out;
	spin_unlock(&s->lock);
	return 0;
}

int sock_of(const struct file *f, struct socket **out)
{
	if (f->ops != &sock_fops)
		return -ENOTSOCK;
	*out = f->private_;
	return 0;
}
