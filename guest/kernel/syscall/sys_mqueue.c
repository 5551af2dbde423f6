/* SPDX-License-Identifier: Apache-2.0 */
/* sys_mqueue.c: POSIX message queues (mq_overview(7)). */
#include "kuni/mqueue.h"

#include <string.h>

#include "kuni/net.h"
#include "kuni/poll.h"
#include "kuni/vfs.h"
#include "sockcall.h"
#include "syscall_proto.h"

long sys_mq_open(uaddr_t name, int flags, unsigned int mode, uaddr_t attr)
{
	struct lx_mq_attr a;
	struct file *f;
	char *s;
	long r;

	if (attr.v && copy_from_user(&a, attr, sizeof(a)))
		return -EFAULT;
	r = path_from_user(name, &s);
	if (r)
		return r;
	r = mqueue_open(s, flags, mode, attr.v ? &a : NULL, &f);
	path_free(s);
	if (r)
		return r;
	r = fd_install(f, 0, true);
	if (r < 0)
		file_put(f);
	return r;
}

long sys_mq_unlink(uaddr_t name)
{
	char *s;
	long r = path_from_user(name, &s);

	if (r)
		return r;
	r = mqueue_unlink(s);
	path_free(s);
	return r;
}

/* The queue of fd, and its file with a reference. */
static struct mqueue *queue_get(int fd, struct file **f)
{
	struct mqueue *q;

	*f = fd_get_io(fd);
	q = *f ? mqueue_of(*f) : NULL;
	if (*f && !q)
		file_put(*f);
	return q;
}

long sys_mq_timedsend(int fd, uaddr_t msg, size_t len, unsigned int prio,
		      uaddr_t timeout)
{
	uint64_t deadline;
	struct mqueue *q;
	struct file *f;
	long r = deadline_absolute(timeout, true, &deadline);

	if (r)
		return r;
	if (prio >= MQ_PRIO_MAX)
		return -EINVAL;
	q = queue_get(fd, &f);
	if (!q)
		return -EBADF;
	r = -EBADF;
	if (file_writable(f))
		r = mqueue_send(q, msg, len, prio, f->flags & O_NONBLOCK,
				deadline);
	if (!r)
		inode_touch(f->inode, true, true, true);
	file_put(f);
	return r;
}

long sys_mq_timedreceive(int fd, uaddr_t msg, size_t len, uaddr_t prio,
			 uaddr_t timeout)
{
	uint64_t deadline;
	struct mqueue *q;
	struct file *f;
	uint32_t p;
	long r = deadline_absolute(timeout, true, &deadline);

	if (r)
		return r;
	q = queue_get(fd, &f);
	if (!q)
		return -EBADF;
	r = -EBADF;
	if (file_readable(f))
		r = mqueue_receive(q, msg, len, &p, f->flags & O_NONBLOCK,
				   deadline);
	if (r >= 0) {
		inode_touch(f->inode, true, true, true);
		if (prio.v && copy_to_user(prio, &p, sizeof(p)))
			r = -EFAULT;
	}
	file_put(f);
	return r;
}

struct lx_sigevent_mq {
	uint64_t value;
	int32_t signo, notify, pad[12];
};

static void tell_socket(struct file *f, const void *cookie, size_t n)
{
	struct socket *s;

	if (!sock_of(f, &s))
		netlink_tell(s, cookie, n);
}

/* SIGEV_THREAD: value points to the cookie, signo is a netlink socket, in
 * which the C library's thread waits for it. */
static long take_socket(const struct lx_sigevent_mq *e,
			struct mq_notification *n)
{
	struct socket *s;
	long r;

	if (copy_from_user(n->cookie, UADDR(e->value), sizeof(n->cookie)))
		return -EFAULT;
	r = sock_from_fd(e->signo, &n->sock, &s);
	if (r)
		return r;
	if (s->family != AF_NETLINK) {
		file_put(n->sock);
		return -EINVAL;
	}
	n->tell = tell_socket;
	return 0;
}

static long take_event(uaddr_t event, struct mq_notification *n)
{
	struct lx_sigevent_mq e;

	if (copy_from_user(&e, event, sizeof(e)))
		return -EFAULT;
	*n = (struct mq_notification){ .how = e.notify,
				       .signo = e.signo,
				       .value = e.value };
	switch (e.notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
		return (uint32_t)e.signo > 64 ? -EINVAL : 0;
	case SIGEV_THREAD:
		return take_socket(&e, n);
	default:
		return -EINVAL;
	}
}

long sys_mq_notify(int fd, uaddr_t event)
{
	struct mq_notification n = { .sock = NULL };
	struct mqueue *q;
	struct file *f;
	long r = event.v ? take_event(event, &n) : 0;

	if (r)
		return r;
	q = queue_get(fd, &f);
	r = -EBADF;
	if (q) {
		r = mqueue_notify(q, event.v ? &n : NULL);
		if (!r)
			inode_touch(f->inode, true, false, true);
		file_put(f);
	}
	if (r && n.sock)
		file_put(n.sock);
	return r;
}

long sys_mq_getsetattr(int fd, uaddr_t new_attr, uaddr_t old_attr)
{
	struct lx_mq_attr a, old;
	struct mqueue *q;
	struct file *f;

	if (new_attr.v) {
		if (copy_from_user(&a, new_attr, sizeof(a)))
			return -EFAULT;
		if (a.flags & ~(int64_t)O_NONBLOCK)
			return -EINVAL;
	}
	q = queue_get(fd, &f);
	if (!q)
		return -EBADF;
	mqueue_attr(q, &old);
	old.flags = f->flags & O_NONBLOCK;
	if (new_attr.v) {
		if (a.flags)
			__atomic_fetch_or(&f->flags, (uint32_t)O_NONBLOCK,
					  __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&f->flags, ~(uint32_t)O_NONBLOCK,
					   __ATOMIC_RELAXED);
		inode_touch(f->inode, true, false, true);
	}
	file_put(f);
	return old_attr.v ? copy_to_user(old_attr, &old, sizeof(old)) : 0;
}
