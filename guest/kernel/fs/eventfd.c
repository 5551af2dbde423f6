/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd.c: eventfd(2): a 64-bit counter that reads and writes add to. */
#include "kuni/vfs.h"
#include "pseudofs.h"

struct eventfd {
	struct mutex lock;
	uint64_t count; /* [lock] */
	bool semaphore; /* [I] */
	struct waitq wait;
};

static uint64_t load(const struct eventfd *e)
{
	return __atomic_load_n(&e->count, __ATOMIC_RELAXED);
}

static ssize_t eventfd_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct eventfd *e = f->private_;
	uint64_t v;
	ssize_t r;

	(void)pos;
	if (u->left < sizeof(v))
		return -EINVAL;
	for (;;) {
		mutex_lock(&e->lock);
		v = e->semaphore && e->count ? 1 : e->count;
		__atomic_store_n(&e->count, e->count - v, __ATOMIC_RELAXED);
		mutex_unlock(&e->lock);
		if (v)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event(&e->wait, load(e));
		if (r)
			return r;
	}
	wake_all(&e->wait, EPOLLOUT);
	r = uio_put(u, &v, sizeof(v));
	return r == sizeof(v) ? r : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct eventfd *e = f->private_;
	uint64_t v;
	ssize_t r;

	(void)pos;
	if (u->left < sizeof(v))
		return -EINVAL;
	r = uio_get(u, &v, sizeof(v));
	if (r != sizeof(v))
		return -EFAULT;
	if (v == UINT64_MAX)
		return -EINVAL;
	for (;;) {
		bool fits;

		mutex_lock(&e->lock);
		fits = UINT64_MAX - e->count > v;
		if (fits)
			__atomic_store_n(&e->count, e->count + v,
					 __ATOMIC_RELAXED);
		mutex_unlock(&e->lock);
		if (fits)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event(&e->wait, UINT64_MAX - load(e) > v);
		if (r)
			return r;
	}
	if (v)
		wake_all(&e->wait, EPOLLIN);
	return sizeof(v);
}

static unsigned eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private_;
	uint64_t v;

	poll_wait(pt, &e->wait);
	v = load(e);
	return (v ? EPOLLIN : 0) | (v < UINT64_MAX - 1 ? EPOLLOUT : 0);
}

static void eventfd_release(struct file *f)
{
	kfree(f->private_);
}

static bool eventfd_info(struct file *f, unsigned n, struct pseudo_buf *b)
{
	if (n)
		return false;
	pseudo_printf(b, "eventfd-count: %16lx\n",
		      load((const struct eventfd *)f->private_));
	return true;
}

static const struct file_ops eventfd_ops = {
	.info = eventfd_info,
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.seek = file_seek_nowhere,
	.stream = true,
};

/* flags: EFD_SEMAPHORE, O_NONBLOCK. */
int eventfd_new(uint64_t count, unsigned flags, struct file **out)
{
	struct eventfd *e = kmalloc(sizeof(*e));
	struct inode *i;
	int r;

	if (!e)
		return -ENOMEM;
	r = anon_inode(0600, &i);
	if (!r) {
		r = file_new(i, &eventfd_ops, O_RDWR | (flags & O_NONBLOCK),
			     out);
		if (r)
			inode_put(i);
	}
	if (r) {
		kfree(e);
		return r;
	}
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	waitq_init(&e->wait);
	(*out)->private_ = e;
	(*out)->inode->anon_name = "[eventfd]";
	return 0;
}
