/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pty.c: pseudo-terminals and the devpts file system (pts(4)).
 *
 * Opening /dev/ptmx (a node of device 5:2, or devpts's own `ptmx`) makes a
 * pair in the devpts that is mounted: the master is that open file, the slave
 * appears as a number in devpts and is opened by name or TIOCGPTPEER.  When the
 * last slave closes, the master reads what is left and then gets EIO; when the
 * master closes, slaves are hung up and the session gets SIGHUP.
 */
#include <stdio.h>
#include <string.h>

#include "kuni/filesystems.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "tty.h"

#define DEVPTS_MAGIC 0x1cd1
#define PTY_MAX      256
enum {
	TIOCGPTN = 0x80045430,
	TIOCSPTLCK = 0x40045431,
	TIOCGPTLCK = 0x80045439,
	TIOCGPTPEER = 0x5441,
	TIOCPKT = 0x5420
};

struct devpts {
	struct spinlock lock;
	struct tty *tty[PTY_MAX];    /* [lock] reference */
	struct inode *node[PTY_MAX]; /* [lock] reference */
	uint32_t uid, gid, mode, ptmx_mode;
	bool set_uid, set_gid;
};

/* The instance that /dev/ptmx of the container means: the last mounted. */
static struct super *devpts_super; /* [devpts_super_lock] reference */
static struct spinlock devpts_super_lock;

static const struct file_ops master_ops;
static const struct inode_ops devpts_node_ops;

/* ---- slaves ---- */

static int slave_open(struct inode *i, struct file *f)
{
	struct tty *t = i->private_;
	int r = 0;

	if (!t)
		return -EIO;
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

static ssize_t drain(struct tty *t, struct uio *u)
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
		n = drain(t, u);
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

static ssize_t master_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct tty *t = f->private_;
	uint8_t chunk[256];
	ssize_t total = 0;

	(void)pos;
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
			if (f->flags & O_NONBLOCK)
				return total ? total : -EAGAIN;
			r = wait_event(&t->master_wait, ring_space(&t->in) > 0);
			if (r < 0)
				return total ? total : r;
		}
	}
	return total;
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

/* TIOCGPTPEER: opens the slave without a name. */
static long open_peer(struct tty *t, int flags)
{
	struct devpts *d = t->super->private_;
	struct inode *i;
	struct file *s;
	int r;

	spin_lock(&d->lock);
	i = d->node[t->index];
	if (i)
		inode_get(i);
	spin_unlock(&d->lock);
	if (!i)
		return -EIO;
	r = file_new(i, &pts_fops, (uint32_t)(flags & ~O_CLOEXEC), &s);
	if (r < 0) {
		inode_put(i);
		return r;
	}
	r = slave_open(i, s);
	if (r == 0)
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
	mutex_lock(&t->lock);
	t->hung_up = true;
	t->master_open = false;
	mutex_unlock(&t->lock);
	wake_all(&t->read_wait, EPOLLHUP);
	wake_all(&t->write_wait, EPOLLHUP);
	tty_signal(t, SIGHUP);
	tty_signal(t, SIGCONT);
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
	(*out)->uid = d->set_uid ? d->uid : current->cred->fsuid;
	(*out)->gid = d->set_gid ? d->gid : current->cred->fsgid;
	(*out)->atime = (*out)->mtime = (*out)->ctime = fs_now();
	tty_get(t);
	(*out)->private_ = t;
	return 0;
}

/* Opening ptmx: f becomes the master of a new pair in s. */
static int ptmx_open_in(struct super *s, struct file *f)
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
	f->private_ = t;
	f->ops = &master_ops;
	return 0;
put_node:
	inode_put(i);
put_tty:
	tty_put(t);
	return r;
}

static int ptmx_open(struct inode *i, struct file *f)
{
	struct super *s;
	int r;

	(void)i;
	spin_lock(&devpts_super_lock);
	s = devpts_super;
	if (s)
		super_get(s);
	spin_unlock(&devpts_super_lock);
	if (!s)
		return -ENODEV;
	r = ptmx_open_in(s, f);
	super_put(s);
	return r;
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

/* /dev/console: a container without a terminal of its own has none. */
static int console_open(struct inode *i, struct file *f)
{
	(void)i;
	(void)f;
	return -ENODEV;
}

const struct file_ops console_fops = { .open = console_open, .stream = true };

/* ---- the file system ---- */

static int devpts_setattr(struct inode *i, const struct setattr *a)
{
	if (a->valid & ATTR_SIZE)
		return -EPERM;
	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & ATTR_UID)
		i->uid = a->uid;
	if (a->valid & ATTR_GID)
		i->gid = a->gid;
	i->ctime = fs_now();
	return 0;
}

static const struct inode_ops devpts_node_ops = { .setattr = devpts_setattr };

static int parse_index(const char *name, size_t len, int *out)
{
	int n = 0;

	if (!len || len > 3 || (len > 1 && name[0] == '0'))
		return -ENOENT;
	for (size_t k = 0; k < len; k++) {
		if (name[k] < '0' || name[k] > '9')
			return -ENOENT;
		n = n * 10 + name[k] - '0';
	}
	*out = n;
	return n < PTY_MAX ? 0 : -ENOENT;
}

static int devpts_lookup(struct inode *dir, const char *name, size_t len,
			 struct inode **out)
{
	struct devpts *d = dir->super->private_;
	int n, r;

	if (len == 4 && !memcmp(name, "ptmx", 4)) {
		r = inode_new(dir->super, S_IFCHR | d->ptmx_mode, out);
		if (r < 0)
			return r;
		(*out)->ops = &devpts_node_ops;
		(*out)->fops = &ptmx_fops;
		(*out)->nlink = 1;
		(*out)->ino = 2;
		(*out)->rdev = MKDEV(5, 2);
		return 0;
	}
	r = parse_index(name, len, &n);
	if (r < 0)
		return r;
	spin_lock(&d->lock);
	*out = d->node[n];
	if (*out)
		inode_get(*out);
	spin_unlock(&d->lock);
	return *out ? 0 : -ENOENT;
}

static const struct inode_ops devpts_dir_ops = { .lookup = devpts_lookup };

static int devpts_readdir(struct file *f, struct dir_ctx *c)
{
	static const char *const fixed[] = { ".", "..", "ptmx" };
	struct devpts *d = f->inode->super->private_;
	char name[8];

	for (; f->pos < 3; f->pos++) {
		if (!c->emit(c, fixed[f->pos], strlen(fixed[f->pos]),
			     f->pos == 2 ? 2 : 1, f->pos == 2 ? DT_CHR : DT_DIR,
			     f->pos + 1))
			return 0;
	}
	for (; f->pos < 3 + PTY_MAX; f->pos++) {
		unsigned n = (unsigned)f->pos - 3;

		if (!d->node[n])
			continue;
		sniprintf(name, sizeof(name), "%u", n);
		if (!c->emit(c, name, strlen(name), n + 3, DT_CHR, f->pos + 1))
			return 0;
	}
	return 0;
}

static const struct file_ops devpts_dir_fops = { .readdir = devpts_readdir };

static int devpts_statfs(struct super *s, struct lx_statfs *out)
{
	(void)s;
	out->f_type = DEVPTS_MAGIC;
	out->f_bsize = out->f_frsize = (int64_t)PAGE_SIZE;
	out->f_namelen = NAME_MAX;
	return 0;
}

static void devpts_evict(struct inode *i)
{
	if (i->private_)
		tty_put(i->private_);
}

static void devpts_kill(struct super *s)
{
	spin_lock(&devpts_super_lock);
	if (devpts_super == s)
		devpts_super = NULL;
	spin_unlock(&devpts_super_lock);
	kfree(s->private_);
}

static const struct super_ops devpts_super_ops = {
	.statfs = devpts_statfs,
	.evict = devpts_evict,
	.kill = devpts_kill,
};

/* `uid=`, `gid=`, `mode=`, `ptmxmode=`; `newinstance` is what every mount is.
 * -EINVAL for anything else. */
static int parse_options(struct devpts *d, const char *s)
{
	while (s && *s) {
		const char *end = strchr(s, ',');
		size_t len = end ? (size_t)(end - s) : strlen(s);
		const char *eq = memchr(s, '=', len);
		size_t key = eq ? (size_t)(eq - s) : len;
		unsigned v = 0,
			 base = key >= 4 && !memcmp(s + key - 4, "mode", 4)
					? 8
					: 10;

		for (size_t k = key + 1; eq && k < len; k++) {
			if (s[k] < '0' || s[k] >= (char)('0' + base))
				return -EINVAL;
			v = v * base + (unsigned)(s[k] - '0');
		}
		if (key == 3 && !memcmp(s, "uid", 3)) {
			d->uid = v;
			d->set_uid = true;
		} else if (key == 3 && !memcmp(s, "gid", 3)) {
			d->gid = v;
			d->set_gid = true;
		} else if (key == 4 && !memcmp(s, "mode", 4)) {
			d->mode = v & 0777;
		} else if (key == 8 && !memcmp(s, "ptmxmode", 8)) {
			d->ptmx_mode = v & 0777;
		} else if (len != 11 || memcmp(s, "newinstance", 11) != 0) {
			return -EINVAL;
		}
		s = end ? end + 1 : NULL;
	}
	return 0;
}

static int devpts_fill(struct super *s, const char *data)
{
	struct devpts *d = kmalloc(sizeof(*d));
	struct inode *i;
	int r;

	if (!d)
		return -ENOMEM;
	s->private_ = d;
	d->mode = 0600;
	spin_init(&d->lock, RANK_NONE);
	r = parse_options(d, data);
	if (r == 0)
		r = inode_new(s, S_IFDIR | 0755, &i);
	if (r < 0)
		return r;
	i->ops = &devpts_dir_ops;
	i->fops = &devpts_dir_fops;
	i->ino = 1;
	i->nlink = 2;
	i->atime = i->mtime = i->ctime = fs_now();
	s->root = dentry_root(i);
	return s->root ? 0 : -ENOMEM;
}

static int devpts_mount(const struct fs_type *t, const char *source,
			uint64_t flags, const char *data, struct super **out)
{
	struct super *s;
	int r = super_create(t, &devpts_super_ops, &s);

	(void)source;
	(void)flags;
	if (r < 0)
		return r;
	s->no_dcache = true;
	r = devpts_fill(s, data);
	if (r < 0) {
		super_put(s);
		return r;
	}
	spin_lock(&devpts_super_lock);
	devpts_super = s; /* devpts_kill() takes it back */
	spin_unlock(&devpts_super_lock);
	*out = s;
	return 0;
}

const struct fs_type devpts_type = {
	.name = "devpts",
	.nodev = true,
	.mount = devpts_mount,
};
