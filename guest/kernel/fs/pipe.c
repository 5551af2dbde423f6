/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.c: pipes and FIFOs.
 *
 * A pipe is a ring of bytes over page-sized buffers that exist while they
 * hold something; it hangs on its inode (inode.pipe), and goes with the last
 * file.  Under pipe.lock user memory is touched: a fault takes only locks
 * inside it.  Writes of at most PIPE_BUF bytes go in whole or not at all; more
 * may be cut.  A FIFO's open(2) waits for the other side.
 */
#include <string.h>

#include "kuni/vfs.h"

#define PIPE_PAGES     16
#define PIPE_MAX_PAGES 256 /* 1 MiB, as Linux without CAP_SYS_RESOURCE */

struct pipe {
	struct mutex lock;
	char **page;               /* [lock] npages buffers, NULL where empty */
	char *spare;               /* [lock] one kept for the next write */
	unsigned npages;           /* [lock] a power of two */
	uint64_t head, tail;       /* [lock] bytes read and written ever */
	unsigned readers, writers; /* [lock] open files */
	uint64_t rd_opens, wr_opens; /* [lock] opens ever, for FIFOs */
	struct waitq rd_wait, wr_wait, open_wait;
};

static size_t used(const struct pipe *p)
{
	return p->tail - p->head;
}

/* The buffer that is being read is not written to until it is empty. */
static size_t space(const struct pipe *p)
{
	return (p->head / PAGE_SIZE + p->npages) * PAGE_SIZE - p->tail;
}

static int pipe_alloc(struct pipe **out)
{
	struct pipe *p = kmalloc(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->npages = PIPE_PAGES;
	p->page = kmalloc(PIPE_PAGES * sizeof(*p->page));
	if (!p->page) {
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
	for (unsigned n = 0; n < p->npages; n++)
		kfree(p->page[n]);
	kfree(p->page);
	kfree(p->spare);
	kfree(p);
}

static struct pipe *pipe_of(const struct file *f)
{
	return f->inode->pipe;
}

static unsigned slot(const struct pipe *p, uint64_t at)
{
	return (unsigned)(at / PAGE_SIZE) & (p->npages - 1);
}

/* Read to its end: the buffer goes, or stays as the spare one. */
static void retire(struct pipe *p, uint64_t at)
{
	char **b = &p->page[slot(p, at)];

	if (p->spare)
		kfree(*b);
	else
		p->spare = *b;
	*b = NULL;
}

static ssize_t take(struct pipe *p, struct uio *u)
{
	ssize_t done = 0;

	while (u->left && used(p)) {
		size_t off = p->head % PAGE_SIZE;
		size_t n = min(min(PAGE_SIZE - off, used(p)), u->left);
		ssize_t r = uio_put(u, p->page[slot(p, p->head)] + off, n);

		if (r <= 0)
			return done ? done : r;
		p->head += (uint64_t)r;
		done += r;
		if (p->head % PAGE_SIZE == 0)
			retire(p, p->head - 1);
		else if (!used(p))
			retire(p, p->head);
	}
	if (!used(p))
		p->head = p->tail = 0; /* start at a buffer's start */
	return done;
}

static char *buffer_at(struct pipe *p, uint64_t at)
{
	char **b = &p->page[slot(p, at)];

	if (!*b) {
		*b = p->spare ? p->spare : kmalloc(PAGE_SIZE);
		p->spare = NULL;
	}
	return *b;
}

static ssize_t give(struct pipe *p, struct uio *u)
{
	ssize_t done = 0;

	while (u->left && space(p)) {
		size_t off = p->tail % PAGE_SIZE;
		size_t n = min(min(PAGE_SIZE - off, space(p)), u->left);
		char *b = buffer_at(p, p->tail);
		ssize_t r;

		if (!b)
			return done ? done : -ENOMEM;
		r = uio_get(u, b + off, n);
		if (r <= 0)
			return done ? done : r;
		p->tail += (uint64_t)r;
		done += r;
	}
	return done;
}

static bool readable(const struct pipe *p)
{
	return __atomic_load_n(&p->tail, __ATOMIC_RELAXED) !=
		       __atomic_load_n(&p->head, __ATOMIC_RELAXED) ||
	       !__atomic_load_n(&p->writers, __ATOMIC_RELAXED);
}

/* Room for a write of n bytes as far as PIPE_BUF asks. */
static bool writable(const struct pipe *p, size_t n)
{
	return space(p) >= min(n, (size_t)PIPE_BUF) ||
	       !__atomic_load_n(&p->readers, __ATOMIC_RELAXED);
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
			bool room = writable(p, PIPE_BUF);

			mutex_unlock(&p->lock);
			if (r > 0 && room)
				wake_all(&p->wr_wait, EPOLLOUT | EPOLLWRNORM);
			return r;
		}
		mutex_unlock(&p->lock);
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event(&p->rd_wait, readable(p));
		if (r)
			return r;
	}
}

static ssize_t broken(void)
{
	if (current->proc)
		(void)signal_send_task(current, SIGPIPE, NULL);
	return -EPIPE;
}

/* One round under the lock: bytes, 0 to wait, or an errno. */
static ssize_t write_round(struct pipe *p, struct uio *u, size_t want)
{
	size_t fits;
	ssize_t r;

	mutex_lock(&p->lock);
	fits = space(p);
	if (!p->readers)
		r = -EPIPE;
	else if (!fits || (want <= PIPE_BUF && fits < u->left))
		r = 0;
	else
		r = give(p, u);
	mutex_unlock(&p->lock);
	if (r > 0)
		wake_all(&p->rd_wait, EPOLLIN | EPOLLRDNORM);
	return r;
}

static ssize_t pipe_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pipe *p = pipe_of(f);
	size_t want = u->left;
	ssize_t done = 0, r;

	(void)pos;
	if (!want)
		return 0;
	for (;;) {
		r = write_round(p, u, want);
		if (r > 0)
			done += r;
		if (!u->left)
			return done;
		if (r < 0)
			break;
		if (r > 0)
			continue;
		r = -EAGAIN;
		if (f->flags & O_NONBLOCK)
			break;
		r = wait_event(&p->wr_wait,
			       writable(p, want <= PIPE_BUF ? want : 1));
		if (r)
			break;
	}
	if (done)
		return done;
	return r == -EPIPE ? broken() : r;
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
		if (used(p))
			ev |= EPOLLIN | EPOLLRDNORM;
		if (!p->writers && p->wr_opens)
			ev |= EPOLLHUP;
	}
	if (file_writable(f)) {
		if (space(p) >= PIPE_BUF)
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
	int32_t n;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&p->lock);
	n = (int32_t)used(p);
	mutex_unlock(&p->lock);
	return copy_to_user(arg, &n, sizeof(n));
}

/* One file fewer; with the last one the pipe goes.  Who is left is woken
 * under the inode's lock: once that is released, a release of the other side
 * may free the pipe. */
static void pipe_release(struct file *f)
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

/* F_SETPIPE_SZ and F_GETPIPE_SZ: the size, or EBUSY, EPERM, EINVAL. */
static long resize(struct pipe *p, unsigned npages)
{
	char **page = kmalloc(npages * sizeof(*page));
	uint64_t at, first = p->head / PAGE_SIZE;

	if (!page)
		return -ENOMEM;
	if (used(p) && (p->tail - 1) / PAGE_SIZE - first >= npages) {
		kfree(page);
		return -EBUSY;
	}
	for (at = first; used(p) && at <= (p->tail - 1) / PAGE_SIZE; at++) {
		page[at & (npages - 1)] = p->page[at & (p->npages - 1)];
		p->page[at & (p->npages - 1)] = NULL;
	}
	for (unsigned n = 0; n < p->npages; n++)
		kfree(p->page[n]);
	kfree(p->page);
	p->page = page;
	p->npages = npages;
	return (long)(npages * PAGE_SIZE);
}

long pipe_size(struct file *f, bool set, unsigned long n)
{
	struct pipe *p;
	unsigned npages = 1;
	long r;

	if (f->ops != &fifo_ops)
		return -EBADF;
	p = pipe_of(f);
	if (set && (n > PIPE_MAX_PAGES * PAGE_SIZE || !n))
		return n ? -EPERM : -EINVAL;
	while (npages * PAGE_SIZE < n)
		npages *= 2;
	mutex_lock(&p->lock);
	r = set ? resize(p, npages) : (long)(p->npages * PAGE_SIZE);
	mutex_unlock(&p->lock);
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

static int fifo_open(struct inode *i, struct file *f)
{
	struct pipe *p;
	int r = fifo_join(i, f, &p);

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
	case O_RDWR:
		break;
	default:
		r = -EINVAL;
		break;
	}
	if (r)
		pipe_release(f);
	return r;
}

const struct file_ops fifo_ops = {
	.open = fifo_open,
	.release = pipe_release,
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.stream = true,
};

/* The two ends of a new pipe; flags: O_NONBLOCK. */
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
