/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dgram.c: datagrams that came in, for udp.c, raw.c and ping.c: the queue,
 * receiving from it, and the queue of errors (IP_RECVERR, ip(7)).
 *
 * A datagram is charged to the receiver's SO_RCVBUF; what does not fit is
 * dropped, as a network would.
 */
#include "inet.h"

#include <string.h>

#define OVERHEAD 768U  /* as for messages of other families */
#define COPY_MAX 1024U /* what is behind them is in pages, not copied again */

#define SO_EE_SIZE 16
#define LO_INDEX   1

struct lx_in_pktinfo {
	int32_t ifindex;
	uint32_t spec_dst, addr;
};
struct lx_in6_pktinfo {
	uint8_t addr[16];
	uint32_t ifindex;
};

static void free_dgram(struct dgram *d)
{
	if (d->p)
		pbuf_free(d->p);
	kfree(d);
}

void dgram_purge(struct inet_sock *s)
{
	struct dgrams all = STAILQ_HEAD_INITIALIZER(all);
	struct dgram *d;

	spin_lock(&s->sk.lock);
	STAILQ_CONCAT(&all, &s->dgrams);
	STAILQ_CONCAT(&all, &s->errors);
	s->rx_bytes = 0;
	spin_unlock(&s->sk.lock);
	while ((d = STAILQ_FIRST(&all))) {
		STAILQ_REMOVE_HEAD(&all, link);
		free_dgram(d);
	}
}

void dgram_destroy(struct socket *sk)
{
	struct inet_sock *s = inet_of(sk);

	dgram_purge(s);
	kfree(s);
}

/* ---- arriving ---- */

/* False: no room. */
static bool queue(struct inet_sock *s, struct dgrams *q, struct dgram *d)
{
	bool fits;

	d->charge = OVERHEAD + (d->p ? d->p->tot_len : 0);
	spin_lock(&s->sk.lock);
	fits = s->rx_bytes < (uint32_t)s->sk.rcvbuf;
	if (fits) {
		STAILQ_INSERT_TAIL(q, d, link);
		s->rx_bytes += d->charge;
	}
	spin_unlock(&s->sk.lock);
	return fits;
}

void dgram_arrived(struct inet_sock *s, struct pbuf *p,
		   const struct endpoint *from)
{
	struct dgram *d = kmalloc(sizeof(*d));
	bool far = s->minttl && !ip_current_is_v6() &&
		   IPH_TTL(ip4_current_header()) < s->minttl;

	if (!d || far) {
		kfree(d);
		if (p)
			pbuf_free(p);
		return;
	}
	d->p = p;
	d->from = *from;
	d->to = *ip_current_dest_addr();
	if (ip_current_is_v6()) {
		d->ttl = IP6H_HOPLIM(ip6_current_header());
		d->tos = IP6H_TC(ip6_current_header());
	} else {
		d->ttl = IPH_TTL(ip4_current_header());
		d->tos = IPH_TOS(ip4_current_header());
	}
	if (queue(s, &s->dgrams, d))
		wake_all(&s->sk.rd_wait, EPOLL_READ);
	else
		free_dgram(d);
}

void dgram_queue_error(struct inet_sock *s, struct dgram *d)
{
	if (!queue(s, &s->errors, d))
		free_dgram(d);
	wake_all(&s->sk.rd_wait, EPOLLERR | EPOLLPRI);
}

/* ---- receiving ---- */

static struct dgram *first(struct inet_sock *s, struct dgrams *q, bool peek)
{
	struct dgram *d;

	spin_lock(&s->sk.lock);
	d = STAILQ_FIRST(q);
	if (d && !peek) {
		STAILQ_REMOVE_HEAD(q, link);
		s->rx_bytes -= d->charge;
	}
	spin_unlock(&s->sk.lock);
	return d;
}

static bool any(const struct inet_sock *s)
{
	return __atomic_load_n(&s->dgrams.stqh_first, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&s->sk.err, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->sk.shutdown, __ATOMIC_RELAXED) &
		       SHUTDOWN_RCV;
}

/* 1 with the datagram, 0 at the end, or an errno. */
static int wait_dgram(struct inet_sock *s, unsigned flags, struct dgram **out)
{
	uint64_t deadline = sock_deadline(s->sk.rcvtimeo);

	for (;;) {
		int r = sock_take_error(&s->sk);

		if (r)
			return r;
		*out = first(s, &s->dgrams, flags & MSG_PEEK);
		if (*out)
			return 1;
		if (flags & MSG_DONTWAIT) /* also after the end, as Linux */
			return -EAGAIN;
		if (s->sk.shutdown & SHUTDOWN_RCV)
			return 0;
		mutex_unlock(&s->sk.read_lock);
		r = sock_wait(&s->sk.rd_wait, any(s), deadline);
		mutex_lock(&s->sk.read_lock);
		if (r)
			return r;
	}
}

/* Of p, as much as there is room for: bytes, or EFAULT. */
static ssize_t copy_out(const struct pbuf *p, struct uio *u)
{
	ssize_t done = 0;

	for (; p && u->left; p = p->next) {
		size_t n = min(u->left, (size_t)p->len);

		if (uio_put(u, p->payload, n) != (ssize_t)n)
			return -EFAULT;
		done += (ssize_t)n;
	}
	return done;
}

static void put_int(struct sock_msg *m, int level, int type, int32_t v)
{
	scm_add(m, level, type, &v, sizeof(v));
}

static void control4(const struct inet_sock *s, const struct dgram *d,
		     struct sock_msg *m)
{
	if (inet_opt(s, INET_PKTINFO)) {
		struct lx_in_pktinfo i = { .ifindex = LO_INDEX };

		i.addr = ip4_addr_get_u32(ip_2_ip4(&d->to));
		if (inet_is_broadcast(&d->to))
			i.spec_dst = PP_HTONL(IPADDR_LOOPBACK);
		else if (!inet_is_ping(s)) /* whose Linux does not say */
			i.spec_dst = i.addr;
		scm_add(m, SOL_IP, IP_PKTINFO, &i, sizeof(i));
	}
	if (inet_opt(s, INET_RECVTTL))
		put_int(m, SOL_IP, IP_TTL, d->ttl);
	if (inet_opt(s, INET_RECVTOS))
		scm_add(m, SOL_IP, IP_TOS, &d->tos, 1);
}

static void control6(const struct inet_sock *s, const struct dgram *d,
		     struct sock_msg *m)
{
	if (inet_opt(s, INET_PKTINFO6)) {
		struct lx_in6_pktinfo i = { .ifindex = LO_INDEX };
		struct endpoint e = { d->to, 0 };
		struct sock_addr a;

		endpoint_to_addr(s, &e, &a);
		memcpy(i.addr, a.in6.addr, sizeof(i.addr));
		scm_add(m, SOL_IPV6, IPV6_PKTINFO, &i, sizeof(i));
	}
	if (!IP_IS_V6_VAL(d->to))
		return;
	if (inet_opt(s, INET_RECVHOPS))
		put_int(m, SOL_IPV6, IPV6_HOPLIMIT, d->ttl);
	if (inet_opt(s, INET_HOPS2292))
		put_int(m, SOL_IPV6, IPV6_2292HOPLIMIT, d->ttl);
	if (inet_opt(s, INET_RECVTCLASS))
		put_int(m, SOL_IPV6, IPV6_TCLASS, d->tos);
}

static ssize_t take(struct inet_sock *s, struct dgram *d, struct sock_msg *m)
{
	size_t len = d->p ? d->p->tot_len : 0;
	ssize_t n;

	if (m->name)
		endpoint_to_addr(s, &d->from, m->name);
	if (m->u->left < len)
		m->out_flags |= MSG_TRUNC;
	n = copy_out(d->p, m->u);
	if (n < 0)
		return n;
	if (inet_is6(s))
		control6(s, d, m);
	if (!IP_IS_V6_VAL(d->to))
		control4(s, d, m);
	return m->flags & MSG_TRUNC && !inet_is_ping(s) ? (ssize_t)len : n;
}

/* SO_ERROR is that of the first in the queue. */
static void next_error(struct inet_sock *s)
{
	const struct dgram *d;

	spin_lock(&s->sk.lock);
	d = STAILQ_FIRST(&s->errors);
	sock_fail(&s->sk, d ? d->err : 0);
	spin_unlock(&s->sk.lock);
}

/* struct sock_extended_err, and the address that sent it behind it. */
static ssize_t take_error(struct inet_sock *s, struct sock_msg *m)
{
	struct dgram *d = first(s, &s->errors, false);
	struct {
		uint32_t err;
		uint8_t origin, type, code, pad;
		uint32_t info, data;
		uint8_t addr[28];
	} ee = { 0 };
	struct endpoint e;
	struct sock_addr a;
	ssize_t n;

	if (!d)
		return -EAGAIN;
	next_error(s);
	if (d->p && m->u->left < d->p->tot_len)
		m->out_flags |= MSG_TRUNC;
	n = d->p ? copy_out(d->p, m->u) : 0;
	if (m->name)
		endpoint_to_addr(s, &d->from, m->name);
	e = (struct endpoint){ d->offender, 0 };
	endpoint_to_addr(s, &e, &a);
	ee.err = (uint32_t)d->err;
	ee.origin = d->err_origin;
	ee.type = d->err_type;
	ee.code = d->err_code;
	ee.info = d->err_info;
	memcpy(ee.addr, a.bytes, a.len);
	scm_add(m, inet_is6(s) ? SOL_IPV6 : SOL_IP,
		inet_is6(s) ? IPV6_RECVERR : IP_RECVERR, &ee,
		SO_EE_SIZE + a.len);
	m->out_flags |= MSG_ERRQUEUE;
	free_dgram(d);
	return n;
}

ssize_t dgram_recv(struct socket *sk, struct sock_msg *m)
{
	struct inet_sock *s = inet_of(sk);
	struct dgram *d = NULL;
	ssize_t r;

	if (m->flags & MSG_ERRQUEUE)
		return take_error(s, m);
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	mutex_lock(&sk->read_lock);
	r = wait_dgram(s, m->flags, &d);
	if (d) {
		r = take(s, d, m);
		if (!(m->flags & MSG_PEEK))
			free_dgram(d);
	} else if (m->name) {
		m->name->len = 0;
	}
	mutex_unlock(&sk->read_lock);
	return r;
}

/* ---- sending ---- */

static int fill_pages(struct pbuf *head, struct uio *u, size_t n)
{
	struct pbuf *p;

	for (; n; n -= p->len) {
		struct page *page = page_alloc(0, PAGE_ANY);
		size_t k = min(n, PAGE_SIZE);

		p = page ? page_pbuf(page_virt(page), k) : NULL;
		if (page)
			page_put(page); /* the pbuf has it */
		if (!p)
			return -ENOBUFS;
		pbuf_cat(head, p);
		if (uio_get(u, p->payload, k) != (ssize_t)k)
			return -EFAULT;
	}
	return 0;
}

int dgram_pbuf(struct uio *u, size_t n, struct pbuf **out)
{
	size_t k = min(n, (size_t)COPY_MAX);
	int r;

	*out = pbuf_alloc(PBUF_TRANSPORT, (uint16_t)k, PBUF_RAM);
	if (!*out)
		return -ENOBUFS;
	if (k && uio_get(u, (*out)->payload, k) != (ssize_t)k)
		r = -EFAULT;
	else
		r = fill_pages(*out, u, n - k);
	if (r)
		pbuf_free(*out);
	return r;
}

static int control_of4(const struct sock_cmsg *c, struct dgram_how *out)
{
	struct lx_in_pktinfo info;
	int32_t v = c->data[0];

	if (c->type == IP_PKTINFO) {
		if (c->len != sizeof(info))
			return -EINVAL;
		memcpy(&info, c->data, sizeof(info));
		if (info.ifindex && info.ifindex != LO_INDEX)
			return -ENETUNREACH;
		ip_addr_set_ip4_u32_val(out->from, info.spec_dst);
		return info.spec_dst && !inet_is_local(&out->from)
			       ? -ENETUNREACH
			       : 0;
	}
	if (c->len == sizeof(v))
		memcpy(&v, c->data, sizeof(v));
	else if (c->len != 1 || c->type != IP_TOS)
		return -EINVAL;
	if (v < (c->type == IP_TTL) || v > 255)
		return -EINVAL;
	if (c->type == IP_TTL)
		out->ttl = v;
	else if (c->type == IP_TOS)
		out->tos = v;
	else
		return -EINVAL;
	return 0;
}

static int control_of6(const struct sock_cmsg *c, struct dgram_how *out)
{
	struct lx_in6_pktinfo info;
	ip6_addr_t a = { 0 };
	int32_t v;

	if (c->type == IPV6_PKTINFO) {
		if (c->len != sizeof(info))
			return -EINVAL;
		memcpy(&info, c->data, sizeof(info));
		memcpy(a.addr, info.addr, sizeof(info.addr));
		ip_addr_copy_from_ip6(out->from, a);
		if (info.ifindex && info.ifindex != LO_INDEX)
			return -ENODEV;
		return ip6_addr_isany(&a) || inet_is_local(&out->from)
			       ? 0
			       : -EINVAL;
	}
	if (c->len != sizeof(v))
		return -EINVAL;
	memcpy(&v, c->data, sizeof(v));
	if (v < -1 || v > 255)
		return -EINVAL;
	if (c->type == IPV6_HOPLIMIT)
		out->ttl = v;
	else if (c->type == IPV6_TCLASS)
		out->tos = v;
	else
		return -EINVAL;
	return 0;
}

/* What is for the other family says nothing. */
static int control(const struct inet_sock *s, const struct sock_msg *m, bool v6,
		   struct dgram_how *out)
{
	int r = 0;

	*out = (struct dgram_how){ .ttl = -1, .tos = -1 };
	if (m->ncmsg)
		inet_lock();
	for (unsigned n = 0; n < m->ncmsg && !r; n++) {
		if (!v6 && m->cmsg[n].level == SOL_IP)
			r = control_of4(&m->cmsg[n], out);
		else if (v6 && m->cmsg[n].level == SOL_IPV6)
			r = control_of6(&m->cmsg[n], out);
	}
	if (m->ncmsg)
		inet_unlock();
	if (out->ttl < 0)
		out->ttl = inet_ttl(s, v6);
	if (out->tos < 0)
		out->tos = v6 ? s->tclass : s->tos;
	return r;
}

static int where(struct inet_sock *s, const struct sock_msg *m,
		 struct endpoint *to)
{
	bool none = !m->name || !m->name->len;

	/* for AF_INET6, as if none were given */
	if (!none && inet_is6(s) && m->name->len >= sizeof(m->name->family) &&
	    m->name->family == AF_UNSPEC)
		none = true;
	if (!none)
		return endpoint_to_send(s, m->name, to);
	inet_lock();
	*to = s->remote;
	inet_unlock();
	return ip_addr_isany(&to->ip) ? -EDESTADDRREQ : 0;
}

int dgram_prepare(struct inet_sock *s, const struct sock_msg *m,
		  struct endpoint *to, struct dgram_how *how)
{
	int r = where(s, m, to);

	if (!r)
		r = sock_take_error(&s->sk);
	if (!r && s->sk.shutdown & SHUTDOWN_SND)
		r = -EPIPE;
	return r ? r : control(s, m, IP_IS_V6_VAL(to->ip), how);
}

/* ---- state ---- */

unsigned dgram_poll(struct socket *sk, struct poll_table *pt)
{
	struct inet_sock *s = inet_of(sk);
	unsigned ev = EPOLL_WRITE;

	(void)pt;
	spin_lock(&sk->lock);
	if (__atomic_load_n(&sk->err, __ATOMIC_RELAXED) ||
	    !STAILQ_EMPTY(&s->errors))
		ev |= EPOLLERR;
	if (sk->shutdown & SHUTDOWN_RCV)
		ev |= EPOLLRDHUP | EPOLL_READ;
	if (sk->shutdown == (SHUTDOWN_RCV | SHUTDOWN_SND))
		ev |= EPOLLHUP;
	if (!STAILQ_EMPTY(&s->dgrams))
		ev |= EPOLL_READ;
	spin_unlock(&sk->lock);
	return ev;
}

long dgram_ioctl(struct socket *sk, unsigned cmd, uaddr_t arg)
{
	struct inet_sock *s = inet_of(sk);
	struct dgram *d;
	int32_t n = 0;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOTTY;
	spin_lock(&sk->lock);
	d = STAILQ_FIRST(&s->dgrams);
	if (cmd == SIOCINQ && d && d->p)
		n = d->p->tot_len;
	spin_unlock(&sk->lock);
	return copy_to_user(arg, &n, sizeof(n));
}

/* Linux wakes readers also where it says ENOTCONN. */
int dgram_shutdown(struct socket *sk, int how)
{
	struct inet_sock *s = inet_of(sk);
	unsigned bits;
	int r = sock_shutdown_bits(how, &bits);

	if (r)
		return r;
	spin_lock(&sk->lock);
	sk->shutdown |= bits;
	spin_unlock(&sk->lock);
	sock_wake(sk, EPOLL_ALL);
	inet_lock();
	r = ip_addr_isany(&s->remote.ip) ? -ENOTCONN : 0;
	inet_unlock();
	return r;
}
