/* SPDX-License-Identifier: Apache-2.0 */
/* sys_sock.c: sockets: making, naming and connecting them, options. */
#include "sockcall.h"

#include <string.h>

#include "kuni/vfs.h"
#include "syscall_proto.h"

#define SOCK_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

int sock_from_fd(int fd, struct file **f, struct socket **s)
{
	int r;

	*f = fd_get_io(fd);
	if (!*f)
		return -EBADF;
	r = sock_of(*f, s);
	if (r)
		file_put(*f);
	return r;
}

int addr_from_user(struct sock_addr *a, uaddr_t at, int len)
{
	*a = (struct sock_addr){ 0 };
	if (len < 0 || len > (int)sizeof(a->bytes))
		return -EINVAL;
	if (len && copy_from_user(a->bytes, at, (size_t)len))
		return -EFAULT;
	a->len = (unsigned)len;
	return 0;
}

int addr_to_user(const struct sock_addr *a, uaddr_t at, uaddr_t len)
{
	int32_t room, real = (int32_t)a->len;

	if (copy_from_user(&room, len, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	room = min(room, real);
	if (room && copy_to_user(at, a->bytes, (size_t)room))
		return -EFAULT;
	return copy_to_user(len, &real, sizeof(real));
}

/* ---- making ---- */

static void give_up(struct socket *s)
{
	s->ops->release(s);
	sock_put(s);
}

/* A file for s, whose reference it takes in any case. */
static int make_file(struct socket *s, int flags, struct file **out)
{
	int r = sock_file(s, flags & SOCK_NONBLOCK ? O_NONBLOCK : 0, out);

	if (r)
		give_up(s);
	return r;
}

long sys_socket(int family, int type, int protocol)
{
	int flags = type & ~SOCK_TYPE_MASK, r;
	struct socket *s;
	struct file *f;

	if (flags & ~SOCK_FLAGS)
		return -EINVAL;
	r = sock_create(family, type & SOCK_TYPE_MASK, protocol, &s);
	if (!r)
		r = make_file(s, flags, &f);
	if (r)
		return r;
	r = fd_install(f, 0, flags & SOCK_CLOEXEC);
	if (r < 0)
		file_put(f);
	return r;
}

static int make_pair(int family, int type, int protocol, struct file *f[2])
{
	struct socket *s[2];
	int r = sock_create(family, type & SOCK_TYPE_MASK, protocol, &s[0]);

	if (r)
		return r;
	r = sock_create(family, type & SOCK_TYPE_MASK, protocol, &s[1]);
	if (r) {
		give_up(s[0]);
		return r;
	}
	r = s[0]->ops->pair ? s[0]->ops->pair(s[0], s[1]) : -EOPNOTSUPP;
	if (r) {
		give_up(s[0]);
		give_up(s[1]);
		return r;
	}
	r = make_file(s[0], type, &f[0]);
	if (r) {
		give_up(s[1]);
		return r;
	}
	r = make_file(s[1], type, &f[1]);
	if (r)
		file_put(f[0]);
	return r;
}

long sys_socketpair(int family, int type, int protocol, uaddr_t fds)
{
	int flags = type & ~SOCK_TYPE_MASK, fd[2], r;
	struct file *f[2];

	if (flags & ~SOCK_FLAGS)
		return -EINVAL;
	r = make_pair(family, type, protocol, f);
	if (r)
		return r;
	r = fd_install_two(f[0], f[1], flags & SOCK_CLOEXEC, fd);
	if (r) {
		file_put(f[0]);
		file_put(f[1]);
		return r;
	}
	if (copy_to_user(fds, fd, sizeof(fd))) {
		(void)fd_close(fd[0]);
		(void)fd_close(fd[1]);
		return -EFAULT;
	}
	return 0;
}

/* ---- names and connections ---- */

long sys_bind(int fd, uaddr_t addr, int len)
{
	struct sock_addr a;
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = addr_from_user(&a, addr, len);
	if (!r)
		r = s->ops->bind ? s->ops->bind(s, &a) : -EOPNOTSUPP;
	file_put(f);
	return r;
}

long sys_connect(int fd, uaddr_t addr, int len)
{
	struct sock_addr a;
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = addr_from_user(&a, addr, len);
	if (!r)
		r = s->ops->connect
			    ? s->ops->connect(s, &a, f->flags & O_NONBLOCK)
			    : -EOPNOTSUPP;
	file_put(f);
	return r;
}

long sys_listen(int fd, int backlog)
{
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	/* Linux's net.core.somaxconn; a negative one is a large one */
	backlog = (int)min((unsigned)backlog,
			   (unsigned)net_limit(&net_limits.somaxconn));
	r = s->ops->listen ? s->ops->listen(s, backlog) : -EOPNOTSUPP;
	file_put(f);
	return r;
}

static int tell_peer(struct socket *s, uaddr_t addr, uaddr_t len)
{
	struct sock_addr a;

	if (!addr.v)
		return 0;
	/* it may have gone already */
	if (!s->ops->getname || s->ops->getname(s, NAME_ACCEPTED, &a))
		return -ECONNABORTED;
	return addr_to_user(&a, addr, len);
}

long sys_accept4(int fd, uaddr_t addr, uaddr_t len, int flags)
{
	struct socket *s, *n;
	struct file *f, *nf;
	long r;

	if (flags & ~SOCK_FLAGS)
		return -EINVAL;
	r = sock_from_fd(fd, &f, &s);
	if (r)
		return r;
	r = s->ops->accept ? s->ops->accept(s, f->flags & O_NONBLOCK, &n)
			   : -EOPNOTSUPP;
	file_put(f);
	if (!r)
		r = make_file(n, flags, &nf);
	if (r)
		return r;
	r = tell_peer(n, addr, len);
	if (!r)
		r = fd_install(nf, 0, flags & SOCK_CLOEXEC);
	if (r < 0)
		file_put(nf);
	return r;
}

long sys_accept(int fd, uaddr_t addr, uaddr_t len)
{
	return sys_accept4(fd, addr, len, 0);
}

static long get_name(int fd, uaddr_t addr, uaddr_t len, int which)
{
	struct sock_addr a;
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = s->ops->getname ? s->ops->getname(s, which, &a) : -EOPNOTSUPP;
	if (!r)
		r = addr_to_user(&a, addr, len);
	file_put(f);
	return r;
}

long sys_getsockname(int fd, uaddr_t addr, uaddr_t len)
{
	return get_name(fd, addr, len, NAME_OWN);
}

long sys_getpeername(int fd, uaddr_t addr, uaddr_t len)
{
	return get_name(fd, addr, len, NAME_PEER);
}

long sys_shutdown(int fd, int how)
{
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = s->ops->shutdown ? s->ops->shutdown(s, how) : -EOPNOTSUPP;
	file_put(f);
	return r;
}

/* ---- options ---- */

long sys_setsockopt(int fd, int level, int name, uaddr_t val, int len)
{
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = sock_setsockopt(s, level, name, val, len);
	file_put(f);
	return r;
}

long sys_getsockopt(int fd, int level, int name, uaddr_t val, uaddr_t len)
{
	struct socket *s;
	struct file *f;
	long r = sock_from_fd(fd, &f, &s);

	if (r)
		return r;
	r = sock_getsockopt(s, level, name, val, len);
	file_put(f);
	return r;
}
