/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe_open.c: the life of pipes: pipe(2), the open(2) of a FIFO, which waits
 * for the other side, the last close, and the number of buffers.
 */
#include "pipe.h"

#define PIPE_BUFS     16
#define PIPE_MAX_BUFS 256 /* 1 MiB, as Linux without CAP_SYS_RESOURCE */

static int pipe_alloc(struct pipe **out)
{
	struct pipe *p = kmalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->nbufs = PIPE_BUFS;
	p->buf = kmalloc(PIPE_BUFS * sizeof(*p->buf));
	if (!p->buf) {
		kfree(p);
		return -ENOMEM;
	}
	mutex_init(&p->lock, RANK_PIPE);
	waitq_init(&p->rd_wait);
	waitq_init(&p->wr_wait);
	waitq_init(&p->open_wait);
	*out = p;
	return 0;
}

static void pipe_free(struct pipe *p)
{
	while (pipe_used(p))
		pipe_advance(p);
	if (p->spare)
		page_put(p->spare);
	kfree(p->buf);
	kfree(p);
}

/* One file fewer; with the last one the pipe goes.  Who is left is woken
 * under the inode's lock: once that is released, a release of the other side
 * may free the pipe. */
void pipe_release(struct file *f)
{
	struct inode *i = f->inode;
	struct pipe *p = i->pipe;
	bool last;

	mutex_lock(&i->lock);
	mutex_lock(&p->lock);
	if (file_readable(f))
		p->readers--;
	if (file_writable(f))
		p->writers--;
	last = !p->readers && !p->writers;
	if (last)
		i->pipe = NULL;
	mutex_unlock(&p->lock);
	if (!last) {
		wake_all(&p->rd_wait, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
		wake_all(&p->wr_wait, EPOLLOUT | EPOLLWRNORM | EPOLLERR);
	}
	mutex_unlock(&i->lock);
	if (last)
		pipe_free(p);
}

/* The ring with n buffers, a power of two; EBUSY where more are in use. */
static long resize(struct pipe *p, unsigned n)
{
	struct pipe_buf *buf = kmalloc(n * sizeof(*buf));

	if (!buf)
		return -ENOMEM;
	if (pipe_used(p) > n) {
		kfree(buf);
		return -EBUSY;
	}
	for (uint64_t k = p->first; k != p->end; k++)
		buf[k & (n - 1)] = *pipe_at(p, k);
	kfree(p->buf);
	p->buf = buf;
	p->nbufs = n;
	return (long)(n * PAGE_SIZE);
}

/* F_SETPIPE_SZ and F_GETPIPE_SZ: the size, or EBUSY, EPERM, EINVAL. */
long pipe_size(struct file *f, bool set, unsigned long size)
{
	struct pipe *p;
	unsigned n = 1;
	long r;

	if (f->ops != &fifo_ops)
		return -EBADF;
	p = pipe_of(f);
	if (set && size > 1UL << 31)
		return -EINVAL;
	if (set && size > PIPE_MAX_BUFS * PAGE_SIZE)
		return -EPERM;
	while (set && n * PAGE_SIZE < size)
		n *= 2;
	mutex_lock(&p->lock);
	r = set ? resize(p, n) : (long)(p->nbufs * PAGE_SIZE);
	mutex_unlock(&p->lock);
	if (set && r > 0)
		pipe_wake_writers(p);
	return r;
}

/* ---- opening ---- */

/* The pipe of i with this file counted. */
static int fifo_join(struct inode *i, struct file *f, struct pipe **out)
{
	struct pipe *p;
	int r = 0;

	mutex_lock(&i->lock);
	p = i->pipe;
	if (!p) {
		r = pipe_alloc(&p);
		i->pipe = r ? NULL : p;
	}
	if (!r) {
		mutex_lock(&p->lock);
		if (file_readable(f)) {
			p->readers++;
			p->rd_opens++;
		}
		if (file_writable(f)) {
			p->writers++;
			p->wr_opens++;
		}
		mutex_unlock(&p->lock);
		*out = p;
	}
	mutex_unlock(&i->lock);
	return r;
}

static uint64_t count(const uint64_t *v)
{
	return __atomic_load_n(v, __ATOMIC_RELAXED);
}

/* Until a reader or a writer comes, though it may be gone again. */
static int wait_partner(struct pipe *p, const uint64_t *opens,
			const unsigned *now)
{
	uint64_t seen = count(opens);

	if (__atomic_load_n(now, __ATOMIC_RELAXED))
		return 0;
	return wait_event(&p->open_wait,
			  count(opens) != seen ||
				  __atomic_load_n(now, __ATOMIC_RELAXED));
}

int pipe_open_fifo(struct inode *i, struct file *f)
{
	struct pipe *p;
	int r;

	if (!file_readable(f) && !file_writable(f))
		return -EINVAL; /* it would not be counted */
	r = fifo_join(i, f, &p);
	if (r)
		return r;
	wake_all(&p->open_wait, EPOLLIN | EPOLLOUT);
	if (!f->path.d) /* a pipe(2) by /proc/PID/fd: nobody is waited for */
		return 0;
	switch (f->flags & O_ACCMODE) {
	case O_RDONLY:
		if (f->flags & O_NONBLOCK)
			break;
		r = wait_partner(p, &p->wr_opens, &p->writers);
		break;
	case O_WRONLY:
		if (!(f->flags & O_NONBLOCK))
			r = wait_partner(p, &p->rd_opens, &p->readers);
		else if (!p->readers)
			r = -ENXIO;
		break;
	default:
		break;
	}
	if (r)
		pipe_release(f);
	return r;
}

/* The two ends of a new pipe; flags: O_NONBLOCK, O_DIRECT. */
int pipe_create(struct file **rd, struct file **wr, uint32_t flags)
{
	struct pipe *p;
	struct inode *i;
	int r = anon_inode(S_IFIFO | 0600, &i);

	if (r)
		return r;
	r = pipe_alloc(&p);
	if (r)
		goto put_inode;
	r = file_new(i, &fifo_ops, O_RDONLY | flags, rd);
	if (r)
		goto free_pipe;
	inode_get(i);
	r = file_new(i, &fifo_ops, O_WRONLY | flags, wr);
	if (r)
		goto put_file;
	p->readers = p->writers = 1;
	p->rd_opens = p->wr_opens = 1;
	i->pipe = p;
	return 0;
put_file:
	(*rd)->ops = &(const struct file_ops){ .stream = true };
	file_put(*rd);
free_pipe:
	pipe_free(p);
put_inode:
	inode_put(i);
	return r;
}
