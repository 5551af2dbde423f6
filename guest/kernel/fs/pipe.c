/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.c: pipes and FIFOs: reading, writing, waiting.
 *
 * A pipe is a ring of buffers, each a part of a page, and hangs on its inode
 * (inode.pipe); it goes with the last file.  A page may be the pipe's own,
 * which the next write goes on filling, or one of a file or of another pipe,
 * which splice.c put there and nobody writes to.  With O_DIRECT each write is
 * a packet.  Under pipe.lock user memory is touched: a fault takes only locks
 * inside it.  Writes of at most PIPE_BUF bytes go in whole or not at all; more
 * may be cut.  pipe_open.c makes pipes.
 */
#include "pipe.h"

void pipe_release_buf(struct pipe *p, struct pipe_buf *b)
{
	struct page *page = b->page;

	b->page = NULL;
	if (!b->own || p->spare ||
	    __atomic_load_n(&page->ref, __ATOMIC_ACQUIRE) != 1)
		page_put(page);
	else
		p->spare = page;
}

/* The oldest buffer is empty. */
void pipe_advance(struct pipe *p)
{
	pipe_release_buf(p, pipe_at(p, p->first));
	__atomic_store_n(&p->first, p->first + 1, __ATOMIC_RELAXED);
}

void pipe_push(struct pipe *p, const struct pipe_buf *b)
{
	*pipe_at(p, p->end) = *b;
	__atomic_store_n(&p->end, p->end + 1, __ATOMIC_RELAXED);
}

static ssize_t take(struct pipe *p, struct uio *u)
{
	ssize_t done = 0;

	while (u->left && pipe_used(p)) {
		struct pipe_buf *b = pipe_at(p, p->first);
		bool packet = b->packet;
		ssize_t r = uio_put(u, (char *)page_virt(b->page) + b->off,
				    min((size_t)b->len, u->left));

		if (r <= 0)
			return done ? done : r;
		b->off += (uint32_t)r;
		b->len -= (uint32_t)r;
		done += r;
		if (!b->len || packet)
			pipe_advance(p);
		if (packet)
			break;
	}
	return done;
}

/* What fits behind the bytes of the last buffer goes there. */
static ssize_t merge(struct pipe *p, struct uio *u)
{
	struct pipe_buf *b = pipe_at(p, p->end - 1);
	size_t part = u->left % PAGE_SIZE;
	ssize_t r;

	if (!part || !pipe_used(p) || !b->merge ||
	    b->off + b->len + part > PAGE_SIZE)
		return 0;
	r = uio_get(u, (char *)page_virt(b->page) + b->off + b->len, part);
	if (r > 0)
		b->len += (uint32_t)r;
	return r;
}

static ssize_t give(struct pipe *p, struct uio *u, bool packet)
{
	ssize_t done = 0;

	while (u->left && pipe_room(p)) {
		struct pipe_buf b = { .page = p->spare,
				      .own = true,
				      .packet = packet,
				      .merge = !packet };
		ssize_t r;

		p->spare = NULL;
		if (!b.page)
			b.page = page_alloc(0, PAGE_ANY);
		if (!b.page)
			return done ? done : -ENOMEM;
		r = uio_get(u, page_virt(b.page), min(PAGE_SIZE, u->left));
		if (r <= 0) {
			p->spare = b.page;
			return done ? done : r;
		}
		b.len = (uint32_t)r;
		pipe_push(p, &b);
		done += r;
	}
	return done;
}

bool pipe_readable(const struct pipe *p)
{
	return __atomic_load_n(&p->end, __ATOMIC_RELAXED) !=
		       __atomic_load_n(&p->first, __ATOMIC_RELAXED) ||
	       !__atomic_load_n(&p->writers, __ATOMIC_RELAXED);
}

bool pipe_writable(const struct pipe *p)
{
	return pipe_room(p) || !__atomic_load_n(&p->readers, __ATOMIC_RELAXED);
}

void pipe_wake_readers(struct pipe *p)
{
	wake_all(&p->rd_wait, EPOLLIN | EPOLLRDNORM);
}

void pipe_wake_writers(struct pipe *p)
{
	wake_all(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
}

static ssize_t pipe_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pipe *p = pipe_of(f);
	ssize_t r;

	(void)pos;
	if (!u->left)
		return 0;
	for (;;) {
		mutex_lock(&p->lock);
		r = take(p, u);
		if (r || !p->writers) {
			bool room = pipe_room(p);

			mutex_unlock(&p->lock);
			if (r > 0 && room)
				pipe_wake_writers(p);
			return r;
		}
		mutex_unlock(&p->lock);
		if ((f->flags & O_NONBLOCK) || u->nowait)
			return -EAGAIN;
		r = wait_event(&p->rd_wait, pipe_readable(p));
		if (r)
			return r;
	}
}

ssize_t pipe_broken(void)
{
	if (current->proc)
		(void)signal_send_task(current, SIGPIPE, NULL);
	return -EPIPE;
}

/* One round under the lock: bytes, 0 to wait, or an errno. */
static ssize_t write_round(struct pipe *p, struct uio *u, bool first,
			   bool packet)
{
	ssize_t r = 0;

	mutex_lock(&p->lock);
	if (!p->readers)
		r = -EPIPE;
	else if (first)
		r = merge(p, u);
	if (r >= 0 && u->left) {
		ssize_t n = give(p, u, packet);

		r = r + n > 0 || n >= 0 ? r + max(n, 0L) : n;
	}
	mutex_unlock(&p->lock);
	if (r > 0)
		pipe_wake_readers(p);
	return r;
}

static ssize_t pipe_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pipe *p = pipe_of(f);
	ssize_t done = 0, r;

	(void)pos;
	if (!u->left)
		return 0;
	for (bool first = true;; first = false) {
		r = write_round(p, u, first, f->flags & O_DIRECT);
		if (r > 0)
			done += r;
		if (!u->left)
			return done;
		if (r < 0)
			break;
		if (r > 0)
			continue;
		r = -EAGAIN;
		if ((f->flags & O_NONBLOCK) || u->nowait)
			break;
		r = wait_event(&p->wr_wait, pipe_writable(p));
		if (r)
			break;
	}
	if (done)
		return done;
	return r == -EPIPE ? pipe_broken() : r;
}

static unsigned pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe *p = pipe_of(f);
	unsigned ev = 0;

	if (file_readable(f))
		poll_wait(pt, &p->rd_wait);
	if (file_writable(f))
		poll_wait(pt, &p->wr_wait);
	mutex_lock(&p->lock);
	if (file_readable(f)) {
		if (pipe_used(p))
			ev |= EPOLLIN | EPOLLRDNORM;
		if (!p->writers && p->wr_opens)
			ev |= EPOLLHUP;
	}
	if (file_writable(f)) {
		if (pipe_room(p))
			ev |= EPOLLOUT | EPOLLWRNORM;
		if (!p->readers)
			ev |= EPOLLERR;
	}
	mutex_unlock(&p->lock);
	return ev;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
	struct pipe *p = pipe_of(f);
	int32_t n = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	for (uint64_t k = p->first; k != p->end; k++)
		n += (int32_t)pipe_at(p, k)->len;
	mutex_unlock(&p->lock);
	return copy_to_user(arg, &n, sizeof(n));
}

const struct file_ops fifo_ops = {
	.open = pipe_open_fifo,
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.stream = true,
	.nowait = true,
	.sigio = true,
};
