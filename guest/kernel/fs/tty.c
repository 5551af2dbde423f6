/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty.c: terminals: life, the bytes between, and reading and writing: VMIN and
 * VTIME, job control (SIGTTIN, SIGTTOU).
 *
 * The line discipline is tty_ldisc.c, sessions and groups are tty_session.c,
 * tty_ioctl(4) is tty_ioctl.c.
 */
#include "tty_termios.h"

static const struct termios_k default_termios = {
	.iflag = ICRNL | IXON,
	.oflag = OPOST | ONLCR,
	.cflag = 0277, /* B38400 CS8 CREAD */
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
		 IEXTEN,
	.cc = { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0 },
};

/* ---- rings ---- */

uint32_t ring_used(const struct ring *r)
{
	return r->tail - r->head;
}

uint32_t ring_space(const struct ring *r)
{
	return r->size - ring_used(r);
}

void ring_put(struct ring *r, uint8_t c)
{
	r->buf[r->tail++ & (r->size - 1)] = c;
}

uint8_t ring_at(const struct ring *r, uint32_t at)
{
	return r->buf[at & (r->size - 1)];
}

/* ---- life ---- */

int tty_create(struct tty **out)
{
	struct tty *t = kmalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->in = (struct ring){ kmalloc(TTY_IN_SIZE), TTY_IN_SIZE, 0, 0 };
	t->out = (struct ring){ kmalloc(TTY_OUT_SIZE), TTY_OUT_SIZE, 0, 0 };
	if (!t->in.buf || !t->out.buf) {
		kfree(t->in.buf);
		kfree(t->out.buf);
		kfree(t);
		return -ENOMEM;
	}
	t->ref = 1;
	t->termios = default_termios;
	mutex_init(&t->lock, RANK_TTY);
	waitq_init(&t->read_wait);
	waitq_init(&t->write_wait);
	waitq_init(&t->master_wait);
	*out = t;
	return 0;
}

void tty_get(struct tty *t)
{
	__atomic_add_fetch(&t->ref, 1, __ATOMIC_RELAXED);
}

void tty_put(struct tty *t)
{
	if (__atomic_sub_fetch(&t->ref, 1, __ATOMIC_ACQ_REL))
		return;
	kfree(t->in.buf);
	kfree(t->out.buf);
	kfree(t);
}

uint64_t tty_rdev(const struct tty *t)
{
	return MKDEV(136, t->index);
}

/* ---- read and write ---- */

static bool readable(const struct tty *t)
{
	if (tty_is_on(t, ICANON))
		return t->in.head != t->canon_end;
	return ring_used(&t->in) > 0;
}

/* One line or less into u. */
static ssize_t read_canonical(struct tty *t, struct uio *u)
{
	ssize_t total = 0;

	while (t->in.head != t->canon_end && u->left) {
		bool end = tty_ends_line(t, t->in.head);
		uint8_t c = ring_at(&t->in, t->in.head);
		ssize_t n;

		if (c || !end) {
			n = uio_put(u, &c, 1);
			if (n < 1)
				return total ? total : -EFAULT;
			total++;
		}
		t->in.head++;
		if (end)
			break;
	}
	/* The rest of an EOF-ended line that was read up to its mark. */
	if (total && !u->left && t->in.head != t->canon_end &&
	    tty_ends_line(t, t->in.head) && !ring_at(&t->in, t->in.head))
		t->in.head++;
	return total;
}

static ssize_t read_raw(struct tty *t, struct uio *u)
{
	ssize_t total = 0;

	while (t->in.head != t->in.tail && u->left) {
		uint32_t at = t->in.head & (t->in.size - 1);
		uint32_t run = min(ring_used(&t->in), t->in.size - at);
		ssize_t n =
			uio_put(u, t->in.buf + at, min((size_t)run, u->left));

		if (n <= 0)
			return total ? total : n;
		t->in.head += (uint32_t)n;
		total += n;
	}
	t->canon_end = t->in.head;
	return total;
}

static int wait_readable(struct tty *t, uint64_t deadline)
{
	int r;

	mutex_unlock(&t->lock);
	r = wait_event_until(&t->read_wait, readable(t) || t->hung_up,
			     deadline);
	mutex_lock(&t->lock);
	return r;
}

/* Raw mode with VMIN and VTIME (termios(3), cases A to D). */
static ssize_t read_timed(struct tty *t, struct file *f, struct uio *u)
{
	const uint64_t tenths = t->termios.cc[VTIME];
	size_t want = t->termios.cc[VMIN];
	ssize_t total = 0;

	for (;;) {
		uint64_t deadline = DEADLINE_NEVER;
		ssize_t n = read_raw(t, u);
		int r;

		if (n < 0)
			return total ? total : n;
		total += n;
		if (!u->left || (total && (size_t)total >= want) ||
		    (!want && !tenths) || t->hung_up)
			return total;
		if (f->flags & O_NONBLOCK)
			return total ? total : -EAGAIN;
		if (tenths && (total || !want))
			deadline =
				arch_clock_ns() + tenths * (NSEC_PER_SEC / 10);
		r = wait_readable(t, deadline);
		if (r == -ETIMEDOUT)
			return total;
		if (r < 0)
			return total ? total : r;
		if (!want)
			want = 1;
	}
}

ssize_t tty_read(struct tty *t, struct file *f, struct uio *u)
{
	ssize_t n = tty_job_control(t, SIGTTIN);

	if (n < 0)
		return n;
	mutex_lock(&t->lock);
	if (!tty_is_on(t, ICANON)) {
		n = read_timed(t, f, u);
		goto out;
	}
	while (!readable(t) && !t->hung_up) {
		n = f->flags & O_NONBLOCK ? -EAGAIN
					  : wait_readable(t, DEADLINE_NEVER);
		if (n < 0)
			goto out;
		if (!tty_is_on(t, ICANON)) {
			n = read_timed(t, f, u);
			goto out;
		}
	}
	n = read_canonical(t, u);
out:
	mutex_unlock(&t->lock);
	if (n > 0)
		wake_all(&t->master_wait, EPOLLOUT);
	return n;
}

static int wait_writable(struct tty *t)
{
	int r;

	mutex_unlock(&t->lock);
	r = wait_event(&t->write_wait, ring_space(&t->out) >= 8 || t->hung_up);
	mutex_lock(&t->lock);
	return r;
}

/* Up to one chunk; what was put out, or errno. */
static ssize_t write_chunk(struct tty *t, struct file *f, const uint8_t *s,
			   size_t n)
{
	size_t done = 0;
	int r = 0;

	mutex_lock(&t->lock);
	while (done < n && r == 0) {
		if (t->hung_up)
			r = -EIO;
		else if (tty_out_char(t, s[done]))
			done++;
		else if (f->flags & O_NONBLOCK)
			r = -EAGAIN;
		else {
			wake_all(&t->master_wait, EPOLLIN);
			r = wait_writable(t);
		}
	}
	mutex_unlock(&t->lock);
	if (done)
		wake_all(&t->master_wait, EPOLLIN);
	return done ? (ssize_t)done : r;
}

ssize_t tty_write(struct tty *t, struct file *f, struct uio *u)
{
	uint8_t chunk[256];
	ssize_t total = 0;

	if (tty_is_on(t, TOSTOP)) {
		int r = tty_job_control(t, SIGTTOU);

		if (r < 0)
			return r;
	}
	while (u->left) {
		ssize_t n = uio_get(u, chunk, min(sizeof(chunk), u->left));
		ssize_t w;

		if (n <= 0)
			return total ? total : n;
		w = write_chunk(t, f, chunk, (size_t)n);
		if (w < 0)
			return total ? total : w;
		total += w;
		if (w < n)
			break;
	}
	return total;
}

unsigned tty_poll(struct tty *t, struct poll_table *pt)
{
	unsigned e = 0;

	poll_wait(pt, &t->read_wait);
	poll_wait(pt, &t->write_wait);
	mutex_lock(&t->lock);
	if (readable(t) || t->hung_up)
		e |= EPOLLIN | EPOLLRDNORM;
	if (ring_space(&t->out) >= 8 && !t->hung_up)
		e |= EPOLLOUT | EPOLLWRNORM;
	if (t->hung_up)
		e |= EPOLLHUP | EPOLLERR;
	mutex_unlock(&t->lock);
	return e;
}
