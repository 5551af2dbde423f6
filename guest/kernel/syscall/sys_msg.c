/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_msg.c: send and receive, in all their forms: from the user's buffers,
 * addresses and control messages to sock_send() and sock_recv(), and back.
 */
#include <string.h>

#include "kuni/poll.h"
#include "kuni/vfs.h"
#include "sockcall.h"
#include "syscall_proto.h"

#define CONTROL_MAX 20480 /* Linux's net.core.optmem_max of old */
/* Set by the kernel alone. */
#define KERNEL_FLAGS (MSG_CMSG_COMPAT)

static unsigned with_nonblock(const struct file *f, unsigned flags)
{
	flags &= ~KERNEL_FLAGS;
	return f->flags & O_NONBLOCK ? flags | MSG_DONTWAIT : flags;
}

long sys_sendto(int fd, uaddr_t buf, size_t len, unsigned int flags,
		uaddr_t addr, int addr_len)
{
	struct sock_addr a;
	struct sock_msg m = { .name = addr.v ? &a : NULL };
	struct socket *s;
	struct uio_vec v;
	struct uio u;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	uio_user(&u, &v, buf, min(len, MAX_RW_COUNT));
	m.u = &u;
	m.flags = with_nonblock(f, flags);
	if (addr.v)
		r = addr_from_user(&a, addr, addr_len);
	if (!r)
		r = sock_send(s, &m);
	file_put(f);
	return r;
}

long sys_recvfrom(int fd, uaddr_t buf, size_t len, unsigned int flags,
		  uaddr_t addr, uaddr_t addr_len)
{
	struct sock_addr a;
	struct sock_msg m = { .name = addr.v ? &a : NULL };
	struct socket *s;
	struct uio_vec v;
	struct uio u;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	a.len = 0;
	uio_user(&u, &v, buf, min(len, MAX_RW_COUNT));
	m.u = &u;
	m.flags = with_nonblock(f, flags);
	r = sock_recv(s, &m);
	scm_free(&m.scm);
	if (r >= 0 && addr.v) {
		int e = addr_to_user(&a, addr, addr_len);

		r = e ? e : r;
	}
	file_put(f);
	return r;
}

/* ---- struct msghdr ---- */

static int header_from_user(struct lx_msghdr *h, uaddr_t at, struct sock_msg *m,
			    struct uio *u, struct uio_vec **v)
{
	*v = NULL;
	if (copy_from_user(h, at, sizeof(*h)))
		return -EFAULT;
	if (!h->name)
		h->namelen = 0;
	if (h->namelen < 0)
		return -EINVAL;
	if (h->iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	m->u = u;
	return uio_from_user(u, v, UADDR(h->iov), (unsigned)h->iovlen);
}

static int control_from_user(struct socket *s, const struct lx_msghdr *h,
			     struct sock_msg *m)
{
	void *c;
	int r;

	if (h->controllen > INT32_MAX || h->controllen > CONTROL_MAX)
		return -ENOBUFS;
	if (!h->control || !h->controllen)
		return 0;
	c = kmalloc(h->controllen);
	if (!c)
		return -ENOBUFS;
	r = copy_from_user(c, UADDR(h->control), h->controllen)
		    ? -EFAULT
		    : scm_parse(s, c, h->controllen, m);
	kfree(c);
	return r;
}

static long send_one(struct file *f, struct socket *s, uaddr_t msg,
		     unsigned flags)
{
	struct sock_msg m = { .flags = with_nonblock(f, flags) };
	struct sock_addr a;
	struct lx_msghdr h;
	struct uio_vec *v;
	struct uio u;
	long r = header_from_user(&h, msg, &m, &u, &v);

	if (!r && h.name) {
		h.namelen = min(h.namelen, (int)sizeof(a.bytes));
		r = addr_from_user(&a, UADDR(h.name), h.namelen);
		m.name = &a;
	}
	if (!r)
		r = control_from_user(s, &h, &m);
	if (!r)
		r = sock_send(s, &m);
	scm_free(&m.scm);
	kfree(v);
	return r;
}

/* Back into the user's struct msghdr. */
static int header_to_user(struct socket *s, struct sock_msg *m,
			  const struct lx_msghdr *h, uaddr_t at)
{
	uint64_t used;

	if (m->name) {
		uaddr_t len = UADDR(at.v + offsetof(struct lx_msghdr, namelen));
		int r = addr_to_user(m->name, UADDR(h->name), len);

		if (r)
			return r;
	}
	used = scm_deliver(s, m, UADDR(h->control), h->controllen);
	if (copy_to_user(UADDR(at.v + offsetof(struct lx_msghdr, flags)),
			 &m->out_flags, sizeof(m->out_flags)) ||
	    copy_to_user(UADDR(at.v + offsetof(struct lx_msghdr, controllen)),
			 &used, sizeof(used)))
		return -EFAULT;
	return 0;
}

static long recv_one(struct file *f, struct socket *s, uaddr_t msg,
		     unsigned flags)
{
	struct sock_msg m = { .flags = with_nonblock(f, flags) };
	struct sock_addr a = { 0 };
	struct lx_msghdr h;
	struct uio_vec *v;
	struct uio u;
	long r = header_from_user(&h, msg, &m, &u, &v);

	if (!r) {
		m.out_flags = flags & MSG_CMSG_CLOEXEC;
		if (h.name)
			m.name = &a;
		r = sock_recv(s, &m);
	}
	if (r >= 0) {
		int e = header_to_user(s, &m, &h, msg);

		r = e ? e : r;
	}
	scm_free(&m.scm);
	kfree(v);
	return r;
}

typedef long (*msg_fn)(struct file *f, struct socket *s, uaddr_t msg,
		       unsigned flags);

static long one_message(int fd, uaddr_t msg, unsigned flags, msg_fn fn)
{
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = fn(f, s, msg, flags);
	file_put(f);
	return r;
}

long sys_sendmsg(int fd, uaddr_t msg, unsigned int flags)
{
	return one_message(fd, msg, flags, send_one);
}

long sys_recvmsg(int fd, uaddr_t msg, unsigned int flags)
{
	return one_message(fd, msg, flags, recv_one);
}

/* ---- several at once ---- */

static uaddr_t nth(uaddr_t vec, unsigned n)
{
	return UADDR(vec.v + (uint64_t)n * sizeof(struct lx_mmsghdr));
}

static int put_len(uaddr_t vec, unsigned n, long len)
{
	uint32_t l = (uint32_t)len;

	return copy_to_user(
		UADDR(nth(vec, n).v + offsetof(struct lx_mmsghdr, len)), &l,
		sizeof(l));
}

long sys_sendmmsg(int fd, uaddr_t vec, unsigned int n, unsigned int flags)
{
	unsigned done = 0;
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	n = min(n, (unsigned)UIO_MAXIOV);
	while (done < n) {
		r = send_one(f, s, nth(vec, done), flags);
		if (r >= 0)
			r = put_len(vec, done, r);
		if (r < 0)
			break;
		done++;
	}
	file_put(f);
	return done ? (long)done : r;
}

/* What went wrong after some had come is kept for the next call. */
static long recv_several(struct file *f, struct socket *s, uaddr_t vec,
			 unsigned n, unsigned flags, uint64_t deadline)
{
	unsigned done = 0;
	long r = 0;

	while (done < n) {
		r = recv_one(f, s, nth(vec, done), flags & ~MSG_WAITFORONE);
		if (r >= 0)
			r = put_len(vec, done, r);
		if (r < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline != DEADLINE_NEVER && arch_clock_ns() >= deadline)
			break;
	}
	if (!done)
		return r;
	if (r < 0 && r != -EAGAIN && r > -ERESTARTSYS)
		sock_fail(s, (int)-r);
	return (long)done;
}

long sys_recvmmsg(int fd, uaddr_t vec, unsigned int n, unsigned int flags,
		  uaddr_t timeout)
{
	uint64_t deadline;
	struct socket *s;
	struct file *f;
	long r = deadline_from_user(timeout, &deadline);

	if (!r)
		r = sock_from_fd(fd, &f, &s);
	if (r)
		return r;
	r = sock_take_error(s);
	if (!r)
		r = recv_several(f, s, vec, min(n, (unsigned)UIO_MAXIOV), flags,
				 deadline);
	file_put(f);
	return r;
}
