/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sockopt.c: the options of level SOL_SOCKET (socket(7)); other levels are the
 * protocol's.  An option that is not here is ENOPROTOOPT: none is accepted and
 * forgotten.  What has no effect on a family's traffic (SO_KEEPALIVE of a unix
 * socket) is kept and told, as on Linux.
 */
#include "kuni/net.h"

#include <string.h>

#include "kuni/task.h"

#define WMEM_MAX      212992
#define SNDBUF_MIN    4608
#define RCVBUF_MIN    2304
#define NSEC_PER_USEC 1000UL

/* Plain flags: on or off. */
static bool is_flag(int name)
{
	switch (name) {
	case SO_REUSEADDR:
	case SO_DONTROUTE:
	case SO_BROADCAST:
	case SO_KEEPALIVE:
	case SO_OOBINLINE:
	case SO_REUSEPORT:
	case SO_PASSCRED:
		return true;
	default:
		return false;
	}
}

/* ---- set ---- */

static int set_timeout(uint64_t *to, uaddr_t val, int len)
{
	struct lx_timeval tv;
	uint64_t ns = DEADLINE_NEVER;

	if (len < (int)sizeof(tv))
		return -EINVAL;
	if (copy_from_user(&tv, val, sizeof(tv)))
		return -EFAULT;
	if (tv.usec < 0 || tv.usec >= 1000000)
		return -EDOM;
	if (tv.sec < 0)
		ns = 0;
	else if ((tv.sec || tv.usec) && tv.sec < 4000000000L)
		ns = (uint64_t)tv.sec * NSEC_PER_SEC +
		     (uint64_t)tv.usec * NSEC_PER_USEC;
	__atomic_store_n(to, ns, __ATOMIC_RELAXED);
	return 0;
}

static int set_linger(struct socket *s, uaddr_t val, int len)
{
	struct lx_linger l;

	if (len < (int)sizeof(l))
		return -EINVAL;
	if (copy_from_user(&l, val, sizeof(l)))
		return -EFAULT;
	l.on = !!l.on;
	spin_lock(&s->lock);
	if (!l.on)
		l.seconds = s->linger.seconds;
	s->linger = l;
	spin_unlock(&s->lock);
	return 0;
}

/* Twice what is asked, for the headers, as on Linux.  A size that somebody chose
 * does not grow by itself. */
static int set_buffer(struct socket *s, int name, int32_t v, bool force)
{
	int32_t *buf = name == SO_SNDBUF ? &s->sndbuf : &s->rcvbuf;
	int32_t least = name == SO_SNDBUF ? SNDBUF_MIN : RCVBUF_MIN;

	if (force && !capable(CAP_NET_ADMIN))
		return -EPERM;
	if (!force)
		v = (int32_t)min((uint32_t)v, (uint32_t)WMEM_MAX);
	v = max(v, 0);
	v = min(v, INT32_MAX / 2);
	__atomic_store_n(buf, max(v * 2, least), __ATOMIC_RELAXED);
	__atomic_fetch_or(&s->flags, 1U << name, __ATOMIC_RELAXED);
	return 0;
}

static int set_int(struct socket *s, int name, int32_t v)
{
	switch (name) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		return set_buffer(s, SO_SNDBUF, v, name == SO_SNDBUFFORCE);
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		return set_buffer(s, SO_RCVBUF, v, name == SO_RCVBUFFORCE);
	case SO_PRIORITY:
		if ((v < 0 || v > 6) && !capable(CAP_NET_ADMIN))
			return -EPERM;
		__atomic_store_n(&s->priority, v, __ATOMIC_RELAXED);
		return 0;
	case SO_RCVLOWAT:
		v = v < 0 ? INT32_MAX : max(v, 1);
		__atomic_store_n(&s->rcvlowat, v, __ATOMIC_RELAXED);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_socket(struct socket *s, int name, uaddr_t val, int len)
{
	int32_t v;

	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_from_user(&v, val, sizeof(v)))
		return -EFAULT;
	switch (name) {
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		return set_timeout(&s->rcvtimeo, val, len);
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		return set_timeout(&s->sndtimeo, val, len);
	case SO_LINGER:
		return set_linger(s, val, len);
	default:
		break;
	}
	if (!is_flag(name))
		return set_int(s, name, v);
	if (v)
		__atomic_fetch_or(&s->flags, 1U << name, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&s->flags, ~(1U << name), __ATOMIC_RELAXED);
	return 0;
}

int sock_setsockopt(struct socket *s, int level, int name, uaddr_t val, int len)
{
	if (len < 0)
		return -EINVAL;
	if (level == SOL_SOCKET) {
		int r = set_socket(s, name, val, len);

		if (!r && s->ops->changed)
			s->ops->changed(s, name);
		return r;
	}
	return s->ops->setopt ? s->ops->setopt(s, level, name, val, len)
			      : -EOPNOTSUPP;
}

/* ---- get ---- */

static int put(const void *v, size_t size, int len, uaddr_t val, uaddr_t at)
{
	int32_t n = (int32_t)min(size, (size_t)len);

	if (copy_to_user(val, v, (size_t)n) || copy_to_user(at, &n, sizeof(n)))
		return -EFAULT;
	return 0;
}

static struct cred *peer_cred(struct socket *s, int *pid)
{
	struct cred *c;

	spin_lock(&s->lock);
	c = s->peer_cred ? cred_get(s->peer_cred) : NULL;
	*pid = s->peer_pid;
	spin_unlock(&s->lock);
	return c;
}

static int get_peer(struct socket *s, int len, uaddr_t val, uaddr_t at)
{
	struct lx_ucred u = { 0, UINT32_MAX, UINT32_MAX };
	struct cred *c = peer_cred(s, &u.pid);

	if (c) {
		u.uid = c->euid;
		u.gid = c->egid;
		cred_put(c);
	}
	return put(&u, sizeof(u), len, val, at);
}

static int get_groups(struct socket *s, int len, uaddr_t val, uaddr_t at)
{
	int32_t pid, need;
	struct cred *c = peer_cred(s, &pid);
	int r;

	if (!c)
		return -ENODATA;
	need = (int32_t)(c->ngroups * sizeof(uint32_t));
	if (len < need) {
		r = copy_to_user(at, &need, sizeof(need)) ? -EFAULT : -ERANGE;
	} else if (need) {
		r = put(c->groups, (size_t)need, len, val, at);
	} else {
		r = copy_to_user(at, &need, sizeof(need));
	}
	cred_put(c);
	return r;
}

static int get_timeout(uint64_t ns, int len, uaddr_t val, uaddr_t at)
{
	struct lx_timeval tv = { 0 };

	if (ns != DEADLINE_NEVER) {
		tv.sec = (int64_t)(ns / NSEC_PER_SEC);
		tv.usec = (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC);
	}
	return put(&tv, sizeof(tv), len, val, at);
}

static int get_int(struct socket *s, int name, int32_t *v)
{
	switch (name) {
	case SO_TYPE:
		*v = s->type;
		return 0;
	case SO_DOMAIN:
		*v = s->family;
		return 0;
	case SO_PROTOCOL:
		*v = s->protocol;
		return 0;
	case SO_ACCEPTCONN:
		*v = s->ops->listening && s->ops->listening(s);
		return 0;
	case SO_ERROR:
		*v = -sock_take_error(s);
		return 0;
	case SO_SNDBUF:
		*v = s->sndbuf;
		return 0;
	case SO_RCVBUF:
		*v = s->rcvbuf;
		return 0;
	case SO_PRIORITY:
		*v = s->priority;
		return 0;
	case SO_RCVLOWAT:
		*v = s->rcvlowat;
		return 0;
	case SO_SNDLOWAT:
		*v = 1;
		return 0;
	default:
		*v = is_flag(name) && sock_flag(s, name);
		return is_flag(name) ? 0 : -ENOPROTOOPT;
	}
}

static int get_name(struct socket *s, int len, uaddr_t val, uaddr_t at)
{
	struct sock_addr a;

	if (!s->ops->getname || s->ops->getname(s, NAME_PEER, &a))
		return -ENOTCONN;
	if ((int)a.len < len)
		return -EINVAL;
	return put(a.bytes, (size_t)len, len, val, at);
}

static int get_socket(struct socket *s, int name, int len, uaddr_t val,
		      uaddr_t at)
{
	int32_t v;
	int r;

	switch (name) {
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		return get_timeout(s->rcvtimeo, len, val, at);
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		return get_timeout(s->sndtimeo, len, val, at);
	case SO_LINGER:
		return put(&s->linger, sizeof(s->linger), len, val, at);
	case SO_PEERCRED:
		return get_peer(s, len, val, at);
	case SO_PEERGROUPS:
		return get_groups(s, len, val, at);
	case SO_PEERNAME:
		return get_name(s, len, val, at);
	case SO_COOKIE:
		if (len < (int)sizeof(s->cookie))
			return -EINVAL;
		return put(&s->cookie, sizeof(s->cookie), len, val, at);
	default:
		r = get_int(s, name, &v);
		return r ? r : put(&v, sizeof(v), len, val, at);
	}
}

int sock_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		    uaddr_t len)
{
	int32_t n;

	if (level != SOL_SOCKET)
		return s->ops->getopt ? s->ops->getopt(s, level, name, val, len)
				      : -EOPNOTSUPP;
	if (copy_from_user(&n, len, sizeof(n)))
		return -EFAULT;
	if (n < 0)
		return -EINVAL;
	return get_socket(s, name, n, val, len);
}
