/* SPDX-License-Identifier: Apache-2.0 */
/*
 * splice.c: splice(2) and tee(2): bytes between pipes and files.
 *
 * Between two pipes pages change hands; from a file with a page cache its
 * pages are lent to the pipe, and from any other file they are read into pages
 * of the pipe's.  Into a file bytes are written from where they are.  Two
 * pipes are locked by address.  Nothing sleeps for the far side under a
 * pipe's lock; a buffer that is being written is out of the ring meanwhile.
 */
#include "pipe.h"

struct pipe *pipe_of_file(struct file *f)
{
	return f->ops == &fifo_ops ? pipe_of(f) : NULL;
}

static int wait_data(struct pipe *p, bool nonblock)
{
	if (pipe_used(p))
		return 0;
	if (nonblock && __atomic_load_n(&p->writers, __ATOMIC_RELAXED))
		return -EAGAIN;
	return wait_event(&p->rd_wait, pipe_readable(p));
}

static int wait_room(struct pipe *p, bool nonblock)
{
	for (;;) {
		int r;

		if (!__atomic_load_n(&p->readers, __ATOMIC_RELAXED))
			return (int)pipe_broken();
		if (pipe_room(p))
			return 0;
		if (nonblock)
			return -EAGAIN;
		r = wait_event(&p->wr_wait, pipe_writable(p));
		if (r)
			return r;
	}
}

static void lock_both(struct pipe *a, struct pipe *b)
{
	struct pipe *first = a < b ? a : b;

	mutex_lock(&first->lock);
	mutex_lock(&(first == a ? b : a)->lock);
}

static void unlock_both(struct pipe *a, struct pipe *b)
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* Up to n bytes of the k-th buffer of in to the end of out; the bytes. */
static size_t lend(struct pipe *in, uint64_t k, struct pipe *out, size_t n)
{
	struct pipe_buf *from = pipe_at(in, k), b = *from;

	b.len = (uint32_t)min((size_t)b.len, n);
	b.merge = b.own = false;
	page_get(b.page);
	pipe_push(out, &b);
	return b.len;
}

static size_t move_locked(struct pipe *in, struct pipe *out, size_t n)
{
	size_t done = 0;

	while (done < n && pipe_used(in) && pipe_room(out)) {
		struct pipe_buf *b = pipe_at(in, in->first);
		size_t now;

		if (b->len <= n - done) {
			now = b->len;
			pipe_push(out, b);
			b->page = NULL;
			__atomic_store_n(&in->first, in->first + 1,
					 __ATOMIC_RELAXED);
		} else {
			now = lend(in, in->first, out, n - done);
			b->off += (uint32_t)now;
			b->len -= (uint32_t)now;
		}
		done += now;
	}
	return done;
}

static size_t tee_locked(struct pipe *in, struct pipe *out, size_t n)
{
	size_t done = 0;

	for (uint64_t k = in->first; k != in->end && done < n && pipe_room(out);
	     k++)
		done += lend(in, k, out, n - done);
	return done;
}

/* At least one byte from pipe to pipe, moved or (tee) copied; 0: no writer. */
ssize_t splice_pipes(struct file *fin, struct file *fout, size_t n, bool tee,
		     bool nonblock)
{
	struct pipe *in = pipe_of(fin), *out = pipe_of(fout);
	size_t done = 0;

	if (in == out)
		return -EINVAL;
	for (;;) {
		int r = wait_data(in, nonblock);
		bool over;

		if (r)
			return r;
		if (!pipe_used(in) && !in->writers)
			return 0;
		r = wait_room(out, nonblock);
		if (r)
			return r;
		lock_both(in, out);
		over = !pipe_used(in) && !in->writers;
		if (out->readers)
			done = tee ? tee_locked(in, out, n)
				   : move_locked(in, out, n);
		unlock_both(in, out);
		if (done || over)
			break;
	}
	if (done)
		pipe_wake_readers(out);
	if (done && !tee)
		pipe_wake_writers(in);
	return (ssize_t)done;
}

/* One page of in, at pos, as a buffer of at most n bytes; 0 at the end. */
static ssize_t page_of_file(struct file *in, uint64_t pos, size_t n,
			    struct pipe_buf *b)
{
	uint64_t size;
	int r = in->ops->get_page(in, pos >> PAGE_SHIFT, &b->page);

	if (r)
		return r;
	size = __atomic_load_n(&in->inode->size, __ATOMIC_RELAXED);
	b->off = (uint32_t)(pos % PAGE_SIZE);
	n = min(n, PAGE_SIZE - b->off);
	if (!b->page || pos >= size) {
		if (b->page)
			page_put(b->page);
		return 0;
	}
	b->len = (uint32_t)min((uint64_t)n, size - pos);
	b->own = false;
	return b->len;
}

/* A page of up to n bytes that in was asked for. */
static ssize_t page_by_read(struct file *in, uint64_t *pos, size_t n,
			    bool nonblock, struct pipe_buf *b)
{
	struct uio_vec v;
	struct uio u;
	ssize_t r;

	b->page = page_alloc(0, PAGE_ANY);
	if (!b->page)
		return -ENOMEM;
	uio_kernel(&u, &v, page_virt(b->page), min(n, PAGE_SIZE));
	u.nowait = nonblock;
	r = file_read(in, &u, pos);
	if (r <= 0) {
		page_put(b->page);
		return r;
	}
	b->len = (uint32_t)r;
	b->own = true;
	return r;
}

/* Puts b into p; false: there is no room or nobody reads. */
static bool put_buf(struct pipe *p, const struct pipe_buf *b)
{
	bool ok;

	mutex_lock(&p->lock);
	ok = p->readers && pipe_room(p);
	if (ok)
		pipe_push(p, b);
	mutex_unlock(&p->lock);
	if (ok)
		pipe_wake_readers(p);
	return ok;
}

/* Up to n bytes of in, at *pos (NULL: its own position), into a pipe, as far
 * as there is room when it begins. */
ssize_t splice_from_file(struct file *in, uint64_t *pos, struct file *fout,
			 size_t n, bool nonblock)
{
	struct pipe *p = pipe_of(fout);
	bool cached = in->ops->get_page && S_ISREG(in->inode->mode);
	uint64_t at = pos ? *pos : in->pos, room;
	ssize_t done = 0, r = wait_room(p, nonblock);

	if (r)
		return r;
	for (room = pipe_room(p); room && (size_t)done < n; room--) {
		struct pipe_buf b = { 0 };

		r = cached ? page_of_file(in, at, n - (size_t)done, &b)
			   : page_by_read(in, pos, n - (size_t)done,
					  nonblock || done, &b);
		if (r <= 0)
			break;
		if (!put_buf(p, &b)) {
			page_put(b.page);
			r = -EPIPE;
			break;
		}
		at += (uint64_t)r;
		done += r;
		if (!cached && r < (ssize_t)PAGE_SIZE)
			break;
	}
	if (cached && done) {
		notify_dentry(in->path.d, IN_ACCESS);
		if (pos) {
			*pos = at;
		} else {
			mutex_lock(&in->pos_lock);
			in->pos = at;
			mutex_unlock(&in->pos_lock);
		}
	}
	return done ? done : r;
}

/* The oldest buffer of p, or its first n bytes, out of the ring, whose place is
 * kept; false: there is none. */
static bool take_buf(struct pipe *p, size_t n, struct pipe_buf *out)
{
	bool any;

	mutex_lock(&p->lock);
	any = pipe_used(p);
	if (any) {
		struct pipe_buf *b = pipe_at(p, p->first);

		*out = *b;
		page_get(out->page);
		out->len = (uint32_t)min((size_t)b->len, n);
		out->own = out->merge = false;
		b->off += out->len;
		b->len -= out->len;
		if (!b->len)
			pipe_advance(p);
		p->lent++;
	}
	mutex_unlock(&p->lock);
	return any;
}

/* All but its first `used` bytes could not be written: back to the front. */
static void give_back(struct pipe *p, struct pipe_buf *b, size_t used)
{
	b->off += (uint32_t)used;
	b->len -= (uint32_t)used;
	mutex_lock(&p->lock);
	p->lent--;
	if (b->len) {
		p->first--;
		*pipe_at(p, p->first) = *b;
	}
	mutex_unlock(&p->lock);
	if (!b->len)
		page_put(b->page);
}

/* Up to n bytes of a pipe into out, at *pos (NULL: its own position). */
ssize_t splice_to_file(struct file *fin, struct file *out, uint64_t *pos,
		       size_t n, bool nonblock)
{
	struct pipe *p = pipe_of(fin);
	struct pipe_buf b;
	ssize_t done = 0, r = 0;

	while ((size_t)done < n) {
		struct uio_vec v;
		struct uio u;
		size_t len;

		r = done ? 0 : wait_data(p, nonblock);
		if (r || !take_buf(p, n - (size_t)done, &b))
			break;
		len = b.len;
		uio_kernel(&u, &v, (char *)page_virt(b.page) + b.off, len);
		r = file_write(out, &u, pos);
		give_back(p, &b, r > 0 ? (size_t)r : 0);
		done += max(r, 0L);
		if (r < (ssize_t)len)
			break;
	}
	if (done)
		pipe_wake_writers(p);
	return done ? done : r;
}
