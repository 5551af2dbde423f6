/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pidfd.c: descriptors of processes (pidfd_open(2)).
 *
 * The file holds a reference to the process, which stays the same one after
 * its number is given to another.  It polls as readable once the process has
 * ended, and as hung up once it is reaped.
 */
#include "internal.h"

#include "kuni/vfs.h"

static unsigned pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct process *p = f->private_;
	unsigned ready = 0;

	poll_wait(pt, &p->exit_wait);
	spin_lock(&tasklist_lock);
	if (!p->leader)
		ready = EPOLLIN | EPOLLHUP;
	else if (p->zombie)
		ready = EPOLLIN;
	spin_unlock(&tasklist_lock);
	return ready;
}

static void pidfd_release(struct file *f)
{
	process_put(f->private_);
}

static const struct file_ops pidfd_ops = {
	.poll = pidfd_poll,
	.release = pidfd_release,
	.seek = file_seek_nowhere,
	.stream = true,
};

/* flags: O_NONBLOCK. p gets a reference more. */
int pidfd_new(struct process *p, unsigned flags, struct file **out)
{
	struct inode *i;
	int r = anon_inode(0600, &i);

	if (r)
		return r;
	r = file_new(i, &pidfd_ops, O_RDWR | flags, out);
	if (r) {
		inode_put(i);
		return r;
	}
	process_get(p);
	(*out)->private_ = p;
	(*out)->inode->anon_name = "[pidfd]";
	return 0;
}

int pidfd_process(int fd, struct process **out, unsigned *flags)
{
	struct file *f = fd_get(fd);
	int r = -EBADF;

	if (!f)
		return r;
	if (f->ops == &pidfd_ops) {
		*out = f->private_;
		process_get(*out);
		if (flags)
			*flags = f->flags;
		r = 0;
	}
	file_put(f);
	return r;
}
