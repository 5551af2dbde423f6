/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.c: the container's standard streams as files over the control port.
 *
 * They behave as pipes: reading ends at CTL_EOF, writing after CTL_CLOSE is
 * EPIPE and SIGPIPE, and O_NONBLOCK and poll work.  What the host sends waits
 * in a ring of its credit; credit goes back when half of it is consumed.  A
 * writer sends only what it has credit for.  The last close of a file tells
 * the host (EOF or CLOSE).
 *
 * Lock: stream.lock, a spinlock that the receive interrupt takes too; a
 * reader consumes under stream.read_lock, so copying may fault.
 */
#include "control.h"

#include <string.h>

#include "kuni/driver.h"
#include "kuni/klog.h"

#define RING       CTL_INITIAL_CREDIT
#define RING_ORDER 4
_Static_assert(PAGE_SIZE << RING_ORDER == RING, "the ring is whole pages");

struct stdio_stream {
	struct spinlock lock;
	struct mutex read_lock, write_lock;
	struct waitq wait;
	uint8_t *ring;       /* [I] RING bytes, once there is a reader */
	uint32_t head, tail; /* [lock] free-running */
	uint32_t returned;   /* [lock] consumed, not yet given back */
	uint32_t credit;     /* [lock] bytes that may be sent */
	bool eof;            /* [lock] the host will send no more */
	bool closed;         /* [lock] the host reads no more */
	uint32_t files;      /* [lock] open files of it */
	bool gone, told;     /* [lock] our side is closed; host knows */
};

static struct stdio_stream streams[CTL_STDERR + 1];

struct stdio_stream *stdio_stream(unsigned nr)
{
	if (nr < CTL_STDIN || nr > CTL_STDERR)
		return NULL;
	return &streams[nr];
}

static unsigned nr_of(const struct stdio_stream *s)
{
	return (unsigned)(s - streams);
}

/* ---- from the host ---- */

bool stdio_data(struct stdio_stream *s, const void *p, size_t n)
{
	const uint8_t *b = p;
	bool ok;

	spin_lock(&s->lock);
	ok = s->gone || (s->ring && n <= RING - (s->head - s->tail));
	for (size_t i = 0; ok && !s->gone && i < n;) {
		size_t at = s->head % RING, part = min(n - i, RING - at);

		memcpy(s->ring + at, b + i, part);
		s->head += (uint32_t)part;
		i += part;
	}
	spin_unlock(&s->lock);
	wake_all(&s->wait, EPOLLIN | EPOLLRDNORM);
	return ok;
}

bool stdio_credit(struct stdio_stream *s, uint32_t n)
{
	bool ok;

	spin_lock(&s->lock);
	ok = n <= (1U << 30) && s->credit + n <= (1U << 30);
	s->credit += ok ? n : 0;
	spin_unlock(&s->lock);
	wake_all(&s->wait, EPOLLOUT | EPOLLWRNORM);
	return ok;
}

void stdio_eof(struct stdio_stream *s)
{
	spin_lock(&s->lock);
	s->eof = true;
	spin_unlock(&s->lock);
	wake_all(&s->wait, EPOLLIN | EPOLLHUP);
}

void stdio_closed(struct stdio_stream *s)
{
	spin_lock(&s->lock);
	s->closed = true;
	spin_unlock(&s->lock);
	wake_all(&s->wait, EPOLLOUT | EPOLLERR);
}

void stdio_log(void)
{
	for (unsigned i = CTL_STDIN; i <= CTL_STDERR; i++) {
		const struct stdio_stream *s = &streams[i];

		klog(KLOG_WARN,
		     "stream %u: %u bytes wait, %u not given back, credit %u%s%s%s",
		     i, s->head - s->tail, s->returned, s->credit,
		     s->eof ? ", end" : "", s->closed ? ", closed" : "",
		     s->gone ? ", gone" : "");
	}
}

/* ---- set-up and end ---- */

/* Ring and credit, before the first byte can come. */
static int prepare(struct stdio_stream *s)
{
	struct page *ring = NULL;

	if (nr_of(s) == CTL_STDIN) {
		ring = page_alloc(RING_ORDER, PAGE_ANY);
		if (!ring)
			return -ENOMEM;
	}
	spin_lock(&s->lock);
	s->ring = ring ? page_virt(ring) : NULL;
	s->credit = CTL_INITIAL_CREDIT;
	spin_unlock(&s->lock);
	return 0;
}

int stdio_prepare(void)
{
	int ret = 0;

	for (unsigned i = CTL_STDIN; i <= CTL_STDERR && !ret; i++)
		ret = prepare(&streams[i]);
	return ret;
}

static void tell_gone(struct stdio_stream *s)
{
	bool tell;

	spin_lock(&s->lock);
	tell = s->gone && !s->told;
	s->told = s->told || s->gone;
	spin_unlock(&s->lock);
	if (tell && ctl_frame_send(nr_of(s) == CTL_STDIN ? CTL_CLOSE : CTL_EOF,
				   nr_of(s), NULL, 0, NULL, 0))
		klog(KLOG_WARN, "stdio: stream %u: no close", nr_of(s));
}

void stdio_port_opened(void)
{
	for (unsigned i = CTL_STDIN; i <= CTL_STDERR; i++)
		tell_gone(&streams[i]);
}

/* ---- reading ---- */

static bool readable(struct stdio_stream *s)
{
	bool yes;

	spin_lock(&s->lock);
	yes = s->head != s->tail || s->eof;
	spin_unlock(&s->lock);
	return yes;
}

static void give_credit(struct stdio_stream *s, size_t n)
{
	uint32_t back = 0;

	spin_lock(&s->lock);
	s->tail += (uint32_t)n;
	s->returned += (uint32_t)n;
	if (s->returned >= RING / 2 && !s->eof) {
		back = s->returned;
		s->returned = 0;
	}
	spin_unlock(&s->lock);
	if (back &&
	    ctl_frame_send(CTL_CREDIT, nr_of(s), &back, sizeof(back), NULL, 0))
		klog(KLOG_WARN, "stdio: stream %u: no credit", nr_of(s));
}

/* Copies what is there: bytes, or -EFAULT; 0 with *eof: the end, else wait.
 * read_lock held. */
static ssize_t take(struct stdio_stream *s, struct uio *u, bool *eof)
{
	uint32_t head, tail;
	size_t done = 0;

	spin_lock(&s->lock);
	head = s->head;
	tail = s->tail;
	*eof = s->eof; /* as it was with this head: no byte comes after it */
	spin_unlock(&s->lock);
	while (tail != head && u->left) {
		size_t at = tail % RING;
		size_t part = min((size_t)(head - tail), RING - at);
		ssize_t n = uio_put(u, s->ring + at, min(part, u->left));

		if (n <= 0) {
			if (!done)
				return n ? n : -EFAULT;
			break;
		}
		tail += (uint32_t)n;
		done += (size_t)n;
	}
	give_credit(s, done);
	return (ssize_t)done;
}

/* stop: NULL, or what else ends the wait, with -EINTR. */
static ssize_t stream_read(struct stdio_stream *s, struct uio *u, bool nonblock,
			   bool (*stop)(void))
{
	ssize_t ret = ctl_open();
	bool eof;

	if (ret || !u->left)
		return ret;
	for (;;) {
		if (!readable(s)) {
			if (nonblock)
				return -EAGAIN;
			ret = wait_event(&s->wait,
					 readable(s) || (stop && stop()));
			if (ret)
				return ret;
		}
		if (stop && stop())
			return -EINTR;
		mutex_lock(&s->read_lock);
		ret = take(s, u, &eof);
		mutex_unlock(&s->read_lock);
		if (ret || eof)
			return ret;
	}
}

/* ---- writing ---- */

static bool writable(struct stdio_stream *s)
{
	bool yes;

	spin_lock(&s->lock);
	yes = s->credit || s->closed;
	spin_unlock(&s->lock);
	return yes;
}

/* Takes up to n of the credit; 0: none, or closed. */
static size_t use_credit(struct stdio_stream *s, size_t n)
{
	size_t part;

	spin_lock(&s->lock);
	part = s->closed ? 0 : min(n, (size_t)s->credit);
	part = min(part, (size_t)CTL_MAX_PAYLOAD);
	s->credit -= (uint32_t)part;
	spin_unlock(&s->lock);
	return part;
}

/* One frame of what u has. write_lock held. Bytes, 0: no credit. */
static ssize_t send_some(struct stdio_stream *s, struct uio *u)
{
	size_t part = use_credit(s, u->left);
	struct ctl_frame *f;
	ssize_t n;
	int ret;

	if (!part)
		return 0;
	f = kmalloc(sizeof(*f) + part);
	n = f ? uio_get(u, f + 1, part) : -ENOMEM;
	if (n > 0) {
		*f = (struct ctl_frame){ (uint32_t)n, CTL_DATA,
					 (uint16_t)nr_of(s) };
		ret = ctl_port_write(f, sizeof(*f) + (size_t)n);
		if (ret < 0)
			n = ret;
	}
	kfree(f);
	if (n < (ssize_t)part)
		(void)stdio_credit(s,
				   (uint32_t)(part - (n > 0 ? (size_t)n : 0)));
	return n ? n : -EFAULT;
}

static ssize_t stream_write(struct stdio_stream *s, struct uio *u,
			    bool nonblock)
{
	size_t done = 0;
	ssize_t ret = ctl_open();

	if (ret)
		return ret;
	while (u->left) {
		mutex_lock(&s->write_lock);
		ret = send_some(s, u);
		mutex_unlock(&s->write_lock);
		if (ret > 0) {
			done += (size_t)ret;
			continue;
		}
		if (!ret && s->closed)
			ret = -EPIPE;
		else if (!ret && nonblock)
			ret = -EAGAIN;
		else if (!ret)
			ret = wait_event(&s->wait, writable(s));
		if (ret)
			break;
	}
	if (done || !ret)
		return (ssize_t)done;
	if (ret == -EPIPE && current->proc)
		(void)signal_send_task(current, SIGPIPE, NULL);
	return ret;
}

/* ---- files ---- */

static ssize_t stdio_read(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)pos;
	return stream_read(f->private_, u, f->flags & O_NONBLOCK, NULL);
}

static ssize_t stdio_write(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)pos;
	return stream_write(f->private_, u, f->flags & O_NONBLOCK);
}

static unsigned stdio_poll(struct file *f, struct poll_table *pt)
{
	struct stdio_stream *s = f->private_;
	unsigned ev = 0;

	if (ctl_open())
		return EPOLLERR;
	poll_wait(pt, &s->wait);
	spin_lock(&s->lock);
	if (nr_of(s) == CTL_STDIN) {
		if (s->head != s->tail)
			ev |= EPOLLIN | EPOLLRDNORM;
		if (s->eof)
			ev |= EPOLLHUP;
	} else {
		if (s->credit || s->closed)
			ev |= EPOLLOUT | EPOLLWRNORM;
		if (s->closed)
			ev |= EPOLLERR;
	}
	spin_unlock(&s->lock);
	return ev;
}

static void stdio_release(struct file *f)
{
	struct stdio_stream *s = f->private_;

	spin_lock(&s->lock);
	s->gone = --s->files == 0;
	spin_unlock(&s->lock);
	if (ctl_is_open())
		tell_gone(s);
}

/* Of /dev/stdin and its like: another file of the same stream.  A stream has
 * one direction: nobody can read back what was written to it. */
static int stdio_open(struct inode *i, struct file *f)
{
	struct stdio_stream *s = i->pipe;
	bool in = nr_of(s) == CTL_STDIN, gone;

	if (in ? file_writable(f) : file_readable(f))
		return -ENXIO;
	spin_lock(&s->lock);
	gone = s->gone;
	s->files += !gone;
	spin_unlock(&s->lock);
	f->private_ = s;
	return gone ? -ENXIO : 0;
}

static const struct file_ops stdio_fops = {
	.open = stdio_open,
	.read = stdio_read,
	.write = stdio_write,
	.poll = stdio_poll,
	.release = stdio_release,
	.stream = true,
};

/* The inode belongs to uid and gid, so that the container's user can open
 * /dev/stdout again. */
int ctl_stdio_open(int stream, uint32_t uid, uint32_t gid, struct file **out)
{
	struct stdio_stream *s = stdio_stream((unsigned)stream);
	struct inode *i;
	int ret;

	if (!s || s->files)
		return -EINVAL;
	ret = anon_inode(S_IFIFO | 0600, &i);
	if (ret)
		return ret;
	i->uid = uid;
	i->gid = gid;
	i->fops = &stdio_fops;
	i->pipe = s;
	ret = file_new(i, &stdio_fops,
		       stream == CTL_STDIN ? O_RDONLY : O_WRONLY, out);
	if (ret) {
		inode_put(i);
		return ret;
	}
	(*out)->private_ = s;
	s->files = 1;
	return 0;
}

/* ---- for the kernel: console.c ---- */

ssize_t ctl_stream_read(int stream, void *buf, size_t n, bool (*stop)(void))
{
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, buf, n);
	return stream_read(&streams[stream], &u, false, stop);
}

void ctl_stream_poke(int stream)
{
	wake_all(&streams[stream].wait, EPOLLIN);
}

ssize_t ctl_stream_write(int stream, const void *buf, size_t n)
{
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, (void *)(uintptr_t)buf, n);
	return stream_write(&streams[stream], &u, false);
}
