/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pty.c: pseudo-terminals (pts(4)); their file system is devpts.c.
 *
 * Opening /dev/ptmx (a node of device 5:2, or devpts's own `ptmx`) makes a
 * pair in the devpts that is mounted: the master is that open file, the slave
 * appears as a number in devpts and is opened by name or TIOCGPTPEER.  When the
 * last slave closes, the master reads what is left and then gets EIO; when the
 * master closes, slaves are hung up and the session gets SIGHUP.
 */
#include "pty.h"

#include <stdio.h>
#include <string.h>

#include "kuni/filesystems.h"
#include "kuni/vfs.h"
#include "kuni/klog.h"
#include "kuni/task.h"

enum {
	TIOCGPTN = 0x80045430,
	TIOCSPTLCK = 0x40045431,
	TIOCGPTLCK = 0x80045439,
	TIOCGPTPEER = 0x5441,
	TIOCPKT = 0x5420
};

static const struct file_ops master_ops;

/* ---- slaves ---- */

static int slave_attach(struct tty *t, struct file *f)
{
	int r = 0;

	mutex_lock(&t->lock);
	if (t->hung_up || t->locked) {
		r = -EIO;
	} else {
		t->slaves++;
		t->slave_was_open = true;
		tty_get(t);
	}
	mutex_unlock(&t->lock);
	if (r < 0)
		return r;
	f->private_ = t;
	f->ops = &pts_fops;
	tty_maybe_control(t, f);
	return 0;
}

static int slave_open(struct inode *i, struct file *f)
{
	return i->private_ ? slave_attach(i->private_, f) : -EIO;
}

static void slave_release(struct file *f)
{
	struct tty *t = f->private_;

	if (!t)
		return;
	mutex_lock(&t->lock);
	t->slaves--;
	mutex_unlock(&t->lock);
	wake_all(&t->master_wait, EPOLLHUP);
	tty_put(t);
}

static ssize_t slave_read(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)pos;
	return tty_read(f->private_, f, u);
}

static ssize_t slave_write(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)pos;
	return tty_write(f->private_, f, u);
}

static unsigned slave_poll(struct file *f, struct poll_table *pt)
{
	return tty_poll(f->private_, pt);
}

static long slave_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
	return tty_ioctl(f->private_, f, cmd, arg, false);
}

const struct file_ops pts_fops = {
	.sigio = true,
	.open = slave_open,
	.release = slave_release,
	.read = slave_read,
	.write = slave_write,
	.poll = slave_poll,
	.ioctl = slave_ioctl,
	.stream = true,
};

/* ---- masters ---- */

static bool master_ready(const struct tty *t)
{
	return (ring_used(&t->out) && !t->stopped) ||
	       (t->slave_was_open && !t->slaves);
}

/* What programs wrote, into u: bytes, 0: nothing waits. tty.lock held. */
ssize_t pty_take(struct tty *t, struct uio *u)
{
	ssize_t total = 0;

	while (ring_used(&t->out) && u->left && !t->stopped) {
		uint32_t at = t->out.head & (t->out.size - 1);
		uint32_t run = min(ring_used(&t->out), t->out.size - at);
		ssize_t n =
			uio_put(u, t->out.buf + at, min((size_t)run, u->left));

		if (n <= 0)
			return total ? total : n;
		t->out.head += (uint32_t)n;
		total += n;
	}
	return total;
}

static ssize_t master_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct tty *t = f->private_;
	ssize_t n;

	(void)pos;
	for (;;) {
		mutex_lock(&t->lock);
		n = pty_take(t, u);
		if (!n && t->slave_was_open && !t->slaves)
			n = -EIO;
		mutex_unlock(&t->lock);
		if (n)
			break;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		n = wait_event(&t->master_wait, master_ready(t));
		if (n < 0)
			return n;
	}
	if (n > 0)
		wake_all(&t->write_wait, EPOLLOUT);
	return n;
}

/* As if typed. Bytes, or an errno where none was taken. */
ssize_t pty_type(struct tty *t, struct uio *u, bool nonblock)
{
	uint8_t chunk[256];
	ssize_t total = 0;

	while (u->left) {
		ssize_t n = uio_get(u, chunk, min(sizeof(chunk), u->left));
		size_t done = 0;

		if (n <= 0)
			return total ? total : n;
		while (done < (size_t)n) {
			size_t took;
			int r;

			mutex_lock(&t->lock);
			took = tty_input(t, chunk + done, (size_t)n - done);
			mutex_unlock(&t->lock);
			done += took;
			total += (ssize_t)took;
			if (took)
				continue;
			if (nonblock)
				return total ? total : -EAGAIN;
			r = wait_event(&t->master_wait, ring_space(&t->in) > 0);
			if (r < 0)
				return total ? total : r;
		}
	}
	return total;
}

static ssize_t master_write(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)pos;
	return pty_type(f->private_, u, f->flags & O_NONBLOCK);
}

static unsigned master_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = f->private_;
	unsigned e = 0;

	poll_wait(pt, &t->master_wait);
	mutex_lock(&t->lock);
	if (ring_used(&t->out) && !t->stopped)
		e |= EPOLLIN | EPOLLRDNORM;
	if (ring_space(&t->in))
		e |= EPOLLOUT | EPOLLWRNORM;
	if (t->slave_was_open && !t->slaves)
		e |= EPOLLHUP;
	mutex_unlock(&t->lock);
	return e;
}

/* The slave of t, opened without a name. */
static int open_slave(struct tty *t, int flags, struct file **out)
{
	struct devpts *d = t->super->private_;
	struct inode *i;
	int r;

	spin_lock(&d->lock);
	i = d->node[t->index];
	if (i)
		inode_get(i);
	spin_unlock(&d->lock);
	if (!i)
		return -EIO;
	r = file_new(i, &pts_fops, (uint32_t)(flags & ~O_CLOEXEC), out);
	if (r < 0) {
		inode_put(i);
		return r;
	}
	r = slave_open(i, *out);
	if (r < 0)
		file_put(*out);
	return r;
}

/* TIOCGPTPEER */
static long open_peer(struct tty *t, int flags)
{
	struct file *s;
	int r = open_slave(t, flags, &s);

	if (r < 0)
		return r;
	r = fd_install(s, 0, flags & O_CLOEXEC);
	if (r < 0)
		file_put(s);
	return r;
}

static long master_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
	struct tty *t = f->private_;
	int v;

	switch (cmd) {
	case TIOCGPTN:
		return copy_to_user(arg, &t->index, sizeof(t->index));
	case TIOCSPTLCK:
		if (copy_from_user(&v, arg, sizeof(v)))
			return -EFAULT;
		mutex_lock(&t->lock);
		t->locked = v != 0;
		mutex_unlock(&t->lock);
		return 0;
	case TIOCGPTLCK:
		v = t->locked;
		return copy_to_user(arg, &v, sizeof(v));
	case TIOCGPTPEER:
		return open_peer(t, (int)arg.v);
	case TIOCPKT:
		return -EINVAL; /* packet mode is not there */
	default:
		return tty_ioctl(t, f, cmd, arg, true);
	}
}

/* The other side is gone. */
void pty_hang_up(struct tty *t)
{
	mutex_lock(&t->lock);
	t->hung_up = true;
	t->master_open = false;
	mutex_unlock(&t->lock);
	wake_all(&t->read_wait, EPOLLHUP);
	wake_all(&t->write_wait, EPOLLHUP);
	tty_signal(t, SIGHUP);
	tty_signal(t, SIGCONT);
}

static void master_release(struct file *f)
{
	struct tty *t = f->private_;
	struct devpts *d = t->super->private_;
	struct super *s = t->super;
	struct inode *node;

	spin_lock(&d->lock);
	node = d->node[t->index];
	d->node[t->index] = NULL;
	d->tty[t->index] = NULL;
	spin_unlock(&d->lock);
	pty_hang_up(t);
	if (node)
		inode_put(node);
	tty_put(t); /* the instance's */
	tty_put(t); /* the file's */
	super_put(s);
}

static const struct file_ops master_ops = {
	.release = master_release,
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.stream = true,
};

/* ---- making a pair ---- */

static int slot_take(struct devpts *d, struct tty *t, struct inode *i)
{
	int n;

	spin_lock(&d->lock);
	for (n = 0; n < PTY_MAX && d->tty[n]; n++)
		;
	if (n < PTY_MAX) {
		d->tty[n] = t;
		d->node[n] = i;
		t->index = n;
	}
	spin_unlock(&d->lock);
	return n < PTY_MAX ? 0 : -ENOSPC;
}

static int node_make(struct super *s, struct tty *t, struct inode **out)
{
	struct devpts *d = s->private_;
	int r = inode_new(s, S_IFCHR | d->mode, out);

	if (r < 0)
		return r;
	(*out)->ops = &devpts_node_ops;
	(*out)->fops = &pts_fops;
	(*out)->nlink = 1;
	(*out)->uid = d->set_uid ? d->uid : fs_uid();
	(*out)->gid = d->set_gid ? d->gid : fs_gid();
	(*out)->atime = (*out)->mtime = (*out)->ctime = fs_now();
	tty_get(t);
	(*out)->private_ = t;
	return 0;
}

/* A new pair in s; its master's reference, and one of s, in *out. */
static int pair_make(struct super *s, struct tty **out)
{
	struct devpts *d = s->private_;
	struct inode *i;
	struct tty *t;
	int r = tty_create(&t);

	if (r < 0)
		return r;
	t->super = s;
	t->locked = t->master_open = true;
	r = node_make(s, t, &i);
	if (r < 0)
		goto put_tty;
	r = slot_take(d, t, i);
	if (r < 0)
		goto put_node;
	i->rdev = tty_rdev(t);
	i->ino = (uint64_t)t->index + 3;
	super_get(s);
	tty_get(t);
	*out = t;
	return 0;
put_node:
	inode_put(i);
put_tty:
	tty_put(t);
	return r;
}

/* Opening ptmx: f becomes the master of a new pair. */
static int ptmx_open(struct inode *i, struct file *f)
{
	struct super *s = devpts_current();
	struct tty *t;
	int r;

	(void)i;
	if (!s)
		return -ENODEV;
	r = pair_make(s, &t);
	super_put(s);
	if (r < 0)
		return r;
	f->private_ = t;
	f->ops = &master_ops;
	return 0;
}

const struct file_ops ptmx_fops = { .open = ptmx_open, .stream = true };

/* /dev/tty: the controlling terminal. */
static int devtty_open(struct inode *i, struct file *f)
{
	struct tty *t = tty_current();

	(void)i;
	if (!t)
		return -ENXIO;
	mutex_lock(&t->lock);
	t->slaves++;
	mutex_unlock(&t->lock);
	f->private_ = t;
	f->ops = &pts_fops;
	return 0;
}

const struct file_ops tty_current_fops = { .open = devtty_open,
					   .stream = true };

/* ---- the container's own terminal ---- */

static struct tty *console; /* [I] once init is there */

/* The terminal that process.terminal asks for: a pair whose master is the
 * kernel's (task/console.c).  Its slave, owned by uid, opened by its name where
 * it has one; it becomes /dev/console too.  -ENODEV: no devpts is mounted. */
int pty_console(uint32_t uid, struct tty **out, struct file **slave)
{
	struct super *s = devpts_current();
	struct devpts *d;
	char name[24];
	int r;

	if (!s)
		return -ENODEV;
	r = pair_make(s, out);
	super_put(s);
	if (r < 0)
		return r;
	console = *out;
	console->locked = false;
	d = s->private_;
	d->node[console->index]->uid = uid;
	sniprintf(name, sizeof(name), "/dev/pts/%d", console->index);
	if (file_open(AT_FDCWD, name, O_RDWR, 0, slave) == 0) {
		if ((*slave)->private_ == console)
			return 0;
		file_put(*slave);
	}
	return open_slave(console, O_RDWR, slave);
}

/* A container without a terminal has no console. */
static int console_open(struct inode *i, struct file *f)
{
	(void)i;
	return console ? slave_attach(console, f) : -ENODEV;
}

const struct file_ops console_fops = { .open = console_open, .stream = true };
