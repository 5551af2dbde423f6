/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_poll.c: poll, select, and their kin with a signal mask.
 *
 * Both look at every descriptor, register on its wait queues while nothing is
 * ready, sleep, and look again.  Files stay referenced until the end, so that
 * a queue cannot go while a poller is on it.
 */
#include <string.h>

#include "kuni/poll.h"
#include "kuni/vfs.h"
#include "syscall_proto.h"

/* ---- sleeping on many queues ---- */

static bool poller_woken(struct waiter *w, unsigned events)
{
	struct poller *p = container_of(w, struct poll_entry, w)->poller;

	(void)events;
	__atomic_store_n(&p->woken, true, __ATOMIC_SEQ_CST);
	return sched_wake(p->task);
}

static struct poll_entry *new_entry(struct poller *p)
{
	struct poll_chunk *c = p->more;

	if (p->n < POLL_INLINE)
		return &p->e[p->n++];
	if (!c || c->n == ARRAY_SIZE(c->e)) {
		c = kmalloc(sizeof(*c));
		if (!c)
			return NULL;
		c->next = p->more;
		p->more = c;
	}
	return &c->e[c->n++];
}

static void poller_add(struct poll_table *pt, struct waitq *wq)
{
	struct poller *p = container_of(pt, struct poller, pt);
	struct poll_entry *e = new_entry(p);

	if (!e) {
		p->err = -ENOMEM;
		return;
	}
	e->poller = p;
	e->w.task = p->task;
	e->w.fn = poller_woken;
	waitq_add(wq, &e->w);
}

void poller_init(struct poller *p)
{
	memset(p, 0, sizeof(*p));
	p->pt.add = poller_add;
	p->task = current;
}

void poller_fini(struct poller *p)
{
	struct poll_chunk *c;

	for (unsigned n = 0; n < p->n; n++)
		waitq_del(&p->e[n].w);
	while ((c = p->more)) {
		for (unsigned n = 0; n < c->n; n++)
			waitq_del(&c->e[n].w);
		p->more = c->next;
		kfree(c);
	}
}

int poller_sleep(struct poller *p, uint64_t deadline)
{
	int r = 0;

	if (p->err)
		return p->err;
	sched_prepare(TASK_SLEEP);
	if (__atomic_load_n(&p->woken, __ATOMIC_SEQ_CST)) {
		sched_finish();
	} else if (signal_pending()) {
		sched_finish();
		r = -EINTR;
	} else {
		r = sched_sleep(deadline);
	}
	__atomic_store_n(&p->woken, false, __ATOMIC_SEQ_CST);
	return r;
}

/* ---- times and masks ---- */

static uint64_t deadline_in(uint64_t sec, uint64_t nsec)
{
	uint64_t now = arch_clock_ns();

	if (sec > 4000000000ULL)
		return DEADLINE_NEVER;
	return now + sec * NSEC_PER_SEC + nsec;
}

int deadline_from_user(uaddr_t at, uint64_t *deadline)
{
	struct lx_timespec ts;

	*deadline = DEADLINE_NEVER;
	if (!at.v)
		return 0;
	if (copy_from_user(&ts, at, sizeof(ts)))
		return -EFAULT;
	if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	*deadline = deadline_in((uint64_t)ts.sec, (uint64_t)ts.nsec);
	return 0;
}

int deadline_absolute(uaddr_t at, bool real, uint64_t *deadline)
{
	struct lx_timespec ts;
	uint64_t ns;

	*deadline = DEADLINE_NEVER;
	if (!at.v)
		return 0;
	if (copy_from_user(&ts, at, sizeof(ts)))
		return -EFAULT;
	if (ts.sec < 0 || (uint64_t)ts.nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (ts.sec >= INT64_MAX / (int64_t)NSEC_PER_SEC)
		return 0;
	ns = (uint64_t)ts.sec * NSEC_PER_SEC + (uint64_t)ts.nsec;
	*deadline = real ? ns - min(ns, arch_wall_offset_ns()) : ns;
	return 0;
}

/* select and ppoll tell what is left; a failure to store it is no error. */
static void time_left(uaddr_t at, uint64_t deadline, uint64_t unit)
{
	uint64_t now = arch_clock_ns(), left;
	int64_t out[2];

	if (!at.v || deadline == DEADLINE_NEVER)
		return;
	left = deadline > now ? deadline - now : 0;
	out[0] = (int64_t)(left / NSEC_PER_SEC);
	out[1] = (int64_t)(left % NSEC_PER_SEC / unit);
	if (copy_to_user(at, out, sizeof(out)))
		return;
}

int sigmask_begin(uaddr_t set, size_t size)
{
	uint64_t mask;

	if (!set.v)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, set, sizeof(mask)))
		return -EFAULT;
	mask &= ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
	current->saved_mask = current->sig_mask;
	current->restore_mask = true;
	signal_set_mask(mask);
	return 0;
}

void sigmask_end(uaddr_t set, bool interrupted)
{
	if (!set.v || interrupted)
		return;
	current->restore_mask = false;
	signal_set_mask(current->saved_mask);
}

/* ---- poll ---- */

struct pollset {
	struct lx_pollfd *fds;
	struct file **files; /* references, NULL: no such descriptor */
	unsigned n;
	bool exact; /* hang-ups and errors only where asked for (select) */
};

static int poll_look(struct pollset *s, struct poll_table *pt)
{
	int ready = 0;

	for (unsigned n = 0; n < s->n; n++) {
		struct lx_pollfd *p = &s->fds[n];
		unsigned want = (uint16_t)p->events;

		if (!s->exact)
			want |= EPOLLERR | EPOLLHUP;
		p->revents = 0;
		if (p->fd < 0)
			continue;
		if (!s->files[n])
			p->revents = EPOLLNVAL;
		else
			p->revents = (int16_t)(file_poll(s->files[n],
							 ready ? NULL : pt) &
					       want);
		ready += p->revents != 0;
	}
	return ready;
}

static long poll_wait_ready(struct pollset *s, uint64_t deadline)
{
	struct poller *p = kmalloc(sizeof(*p));
	struct poll_table *pt;
	long r;

	if (!p)
		return -ENOMEM;
	poller_init(p);
	pt = &p->pt;
	for (;;) {
		int e;

		r = poll_look(s, pt);
		pt = NULL;
		if (r ||
		    (deadline != DEADLINE_NEVER && arch_clock_ns() >= deadline))
			break;
		e = poller_sleep(p, deadline);
		if (e == -ETIMEDOUT)
			continue; /* one last look */
		if (e) {
			r = e == -EINTR ? -ERESTARTNOHAND : e;
			break;
		}
	}
	poller_fini(p);
	kfree(p);
	return r;
}

static long poll_fds(uaddr_t user, unsigned nfds, uint64_t deadline)
{
	size_t bytes = nfds * sizeof(struct lx_pollfd);
	struct pollset s = { .n = nfds };
	long r;

	if (nfds > rlimit_get(RLIMIT_NOFILE) || nfds > (1U << 20))
		return -EINVAL;
	s.fds = kmalloc(max(bytes, (size_t)8));
	s.files = kmalloc(max(nfds * sizeof(*s.files), (size_t)8));
	r = s.fds && s.files ? 0 : -ENOMEM;
	if (!r && nfds && copy_from_user(s.fds, user, bytes))
		r = -EFAULT;
	if (!r) {
		for (unsigned n = 0; n < nfds; n++)
			s.files[n] = fd_get_io(s.fds[n].fd);
		r = poll_wait_ready(&s, deadline);
		for (unsigned n = 0; n < nfds; n++) {
			if (s.files[n])
				file_put(s.files[n]);
			if (r >= 0 &&
			    copy_to_user(UADDR(user.v + n * sizeof(*s.fds) + 6),
					 &s.fds[n].revents, 2))
				r = -EFAULT;
		}
	}
	kfree(s.fds);
	kfree(s.files);
	return r;
}

static long restart_poll(struct task *t);

/* What was left of a poll with a deadline goes on where no handler ran. */
static long poll_until(uaddr_t fds, unsigned nfds, uint64_t deadline)
{
	struct task *t = current;
	long r = poll_fds(fds, nfds, deadline);

	if (r != -ERESTARTNOHAND || deadline == DEADLINE_NEVER)
		return r;
	t->restart_deadline = deadline;
	t->restart_arg[0] = fds.v;
	t->restart_arg[1] = nfds;
	t->restart_fn = restart_poll;
	return -ERESTART_BLOCK;
}

static long restart_poll(struct task *t)
{
	return poll_until(UADDR(t->restart_arg[0]), (unsigned)t->restart_arg[1],
			  t->restart_deadline);
}

long sys_poll(uaddr_t fds, unsigned int nfds, int timeout)
{
	uint64_t deadline = DEADLINE_NEVER;

	if (timeout >= 0)
		deadline = deadline_in((unsigned)timeout / 1000,
				       (unsigned)timeout % 1000 * 1000000ULL);
	return poll_until(fds, nfds, deadline);
}

long sys_ppoll(uaddr_t fds, unsigned int nfds, uaddr_t ts, uaddr_t sigmask,
	       size_t sigsetsize)
{
	uint64_t deadline;
	long r = deadline_from_user(ts, &deadline);

	if (!r)
		r = sigmask_begin(sigmask, sigsetsize);
	if (r)
		return r;
	r = poll_fds(fds, nfds, deadline);
	sigmask_end(sigmask, r == -EINTR || r == -ERESTARTNOHAND);
	time_left(ts, deadline, 1);
	return r;
}

/* ---- select: three bit sets, as poll ---- */

#define SEL_IN  (EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR)
#define SEL_OUT (EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR)
#define SEL_EX  EPOLLPRI

struct selset {
	uint64_t *in[3]; /* what is asked; one allocation of 3 * words */
	size_t words;
	uaddr_t user[3];
};

static const unsigned sel_events[3] = { SEL_IN, SEL_OUT, SEL_EX };

static int take_sets(struct selset *s, int n)
{
	s->words = ((size_t)n + 63) / 64;
	s->in[0] = kmalloc(max(3 * s->words * 8, (size_t)8));
	if (!s->in[0])
		return -ENOMEM;
	for (int k = 0; k < 3; k++) {
		s->in[k] = s->in[0] + (size_t)k * s->words;
		if (s->user[k].v && s->words &&
		    copy_from_user(s->in[k], s->user[k], s->words * 8))
			return -EFAULT;
	}
	return 0;
}

static unsigned asked(const struct selset *s, int fd)
{
	unsigned ev = 0;

	for (int k = 0; k < 3; k++)
		if (s->in[k][fd / 64] >> (fd % 64) & 1)
			ev |= sel_events[k];
	return ev;
}

/* The descriptors asked for, as a poll set; -EBADF. */
static int to_pollset(const struct selset *s, int n, struct pollset *p)
{
	for (int fd = 0; fd < n; fd++) {
		unsigned ev = asked(s, fd);

		if (!ev)
			continue;
		p->files[p->n] = fd_get_io(fd);
		if (!p->files[p->n])
			return -EBADF;
		p->fds[p->n++] = (struct lx_pollfd){ fd, (int16_t)ev, 0 };
	}
	return 0;
}

/* Writes the answers back: the number of bits set. */
static long from_pollset(struct selset *s, const struct pollset *p)
{
	uint64_t *out = kmalloc(max(3 * s->words * 8, (size_t)8));
	long bits = 0;

	if (!out)
		return -ENOMEM;
	for (unsigned n = 0; n < p->n; n++) {
		int fd = p->fds[n].fd;
		uint64_t bit = 1ULL << (fd % 64);

		for (int k = 0; k < 3; k++) {
			size_t w = (size_t)k * s->words + (size_t)fd / 64;

			if (!(s->in[k][fd / 64] & bit) ||
			    !((uint16_t)p->fds[n].revents & sel_events[k]))
				continue;
			out[w] |= bit;
			bits++;
		}
	}
	for (int k = 0; k < 3; k++)
		if (s->user[k].v && s->words &&
		    copy_to_user(s->user[k], out + (size_t)k * s->words,
				 s->words * 8))
			bits = -EFAULT;
	kfree(out);
	return bits;
}

static long select_fds(int n, struct selset *s, uint64_t deadline)
{
	struct pollset p = { .exact = true };
	long r;

	if (n < 0)
		return -EINVAL;
	/* no descriptor is at or beyond the table's size */
	n = (int)min((unsigned)n, current->files->size);
	r = take_sets(s, n);
	p.fds = kmalloc(max((size_t)n * sizeof(*p.fds), (size_t)8));
	p.files = kmalloc(max((size_t)n * sizeof(*p.files), (size_t)8));
	if (!r && (!p.fds || !p.files))
		r = -ENOMEM;
	if (!r)
		r = to_pollset(s, n, &p);
	if (!r)
		r = poll_wait_ready(&p, deadline);
	if (r >= 0)
		r = from_pollset(s, &p);
	for (unsigned k = 0; k < p.n; k++)
		file_put(p.files[k]);
	kfree(p.fds);
	kfree(p.files);
	kfree(s->in[0]);
	return r;
}

long sys_select(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t tv)
{
	struct selset s = { .user = { in, out, ex } };
	uint64_t deadline = DEADLINE_NEVER;
	struct lx_timeval t;
	long r;

	if (tv.v) {
		if (copy_from_user(&t, tv, sizeof(t)))
			return -EFAULT;
		if (t.sec < 0 || t.usec < 0)
			return -EINVAL;
		deadline = deadline_in((uint64_t)t.sec +
					       (uint64_t)t.usec / 1000000,
				       (uint64_t)t.usec % 1000000 * 1000);
	}
	r = select_fds(n, &s, deadline);
	time_left(tv, deadline, 1000);
	return r;
}

long sys_pselect6(int n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t ts,
		  uaddr_t sig)
{
	struct selset s = { .user = { in, out, ex } };
	uint64_t deadline, arg[2] = { 0 };
	long r = deadline_from_user(ts, &deadline);

	if (r)
		return r;
	if (sig.v && copy_from_user(arg, sig, sizeof(arg)))
		return -EFAULT;
	r = sigmask_begin(UADDR(arg[0]), arg[1]);
	if (r)
		return r;
	r = select_fds(n, &s, deadline);
	sigmask_end(UADDR(arg[0]), r == -EINTR || r == -ERESTARTNOHAND);
	time_left(ts, deadline, 1);
	return r;
}
