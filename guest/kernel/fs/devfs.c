/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfs.c: character devices by number, the memory devices (null, zero, full,
 * random, urandom), and what a container finds in /dev.
 *
 * chrdev_ops() is the only place that knows which numbers there are.
 */
#include <string.h>

#include "kuni/driver.h"
#include "kuni/filesystems.h"
#include "kuni/vfs.h"

static ssize_t null_read(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return 0;
}

static ssize_t null_write(struct file *f, struct uio *u, uint64_t *pos)
{
	size_t n = u->left;

	(void)f;
	(void)pos;
	u->left = 0;
	return (ssize_t)n;
}

static ssize_t zero_read(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)pos;
	return u->left ? uio_zero(u, u->left) : 0;
}

static ssize_t full_write(struct file *f, struct uio *u, uint64_t *pos)
{
	(void)f;
	(void)u;
	(void)pos;
	return -ENOSPC;
}

static ssize_t random_read(struct file *f, struct uio *u, uint64_t *pos)
{
	uint8_t buf[256];
	ssize_t done = 0;

	(void)f;
	(void)pos;
	while (u->left) {
		size_t n = min(u->left, sizeof(buf));
		ssize_t r;

		if (done && signal_pending())
			break;
		random_bytes(buf, n);
		r = uio_put(u, buf, n);
		if (r <= 0)
			return done ? done : r;
		done += r;
	}
	memset(buf, 0, sizeof(buf));
	return done;
}

/* The generator needs no more entropy; what is written is taken and unused,
 * as it may be: random(4) promises nothing about it. */
static int64_t null_seek(struct file *f, int64_t off, int whence)
{
	(void)off;
	(void)whence;
	f->pos = 0;
	return 0;
}

static const struct file_ops null_ops = { .read = null_read,
					  .write = null_write,
					  .seek = null_seek };
static const struct file_ops zero_ops = { .read = zero_read,
					  .write = null_write,
					  .seek = null_seek };
static const struct file_ops full_ops = { .read = zero_read,
					  .write = full_write,
					  .seek = null_seek };
static const struct file_ops random_ops = { .read = random_read,
					    .write = null_write,
					    .seek = null_seek };

static const struct {
	unsigned major, minor;
	const struct file_ops *ops;
} devices[] = {
	{ 1, 3, &null_ops },     { 1, 5, &zero_ops },
	{ 1, 7, &full_ops },     { 1, 8, &random_ops },
	{ 1, 9, &random_ops },   { 5, 0, &tty_current_fops },
	{ 5, 1, &console_fops }, { 5, 2, &ptmx_fops },
};

#define PTS_MAJOR 136

const struct file_ops *chrdev_ops(uint64_t rdev)
{
	unsigned major = DEV_MAJOR(rdev), minor = DEV_MINOR(rdev);

	if (major == PTS_MAJOR)
		return &pts_fops;
	for (unsigned n = 0; n < ARRAY_SIZE(devices); n++)
		if (devices[n].major == major && devices[n].minor == minor)
			return devices[n].ops;
	return NULL;
}

static const struct {
	const char *name;
	uint32_t mode;
	unsigned major, minor;
	const char *target; /* a link, where not NULL */
} nodes[] = {
	{ "null", S_IFCHR | 0666, 1, 3, NULL },
	{ "zero", S_IFCHR | 0666, 1, 5, NULL },
	{ "full", S_IFCHR | 0666, 1, 7, NULL },
	{ "random", S_IFCHR | 0666, 1, 8, NULL },
	{ "urandom", S_IFCHR | 0666, 1, 9, NULL },
	{ "tty", S_IFCHR | 0666, 5, 0, NULL },
	{ "console", S_IFCHR | 0620, 5, 1, NULL },
	{ "ptmx", 0, 0, 0, "pts/ptmx" },
	{ "fd", 0, 0, 0, "/proc/self/fd" },
	{ "stdin", 0, 0, 0, "/proc/self/fd/0" },
	{ "stdout", 0, 0, 0, "/proc/self/fd/1" },
	{ "stderr", 0, 0, 0, "/proc/self/fd/2" },
};

static int make_node(struct inode *dir, unsigned n)
{
	const char *name = nodes[n].name;
	size_t len = strlen(name);
	struct inode *i;
	int r = dir->ops->lookup(dir, name, len, &i);

	if (r == -ENOENT)
		r = nodes[n].target
			    ? dir->ops->symlink(dir, name, len, nodes[n].target,
						&i)
			    : dir->ops->mknod(
				      dir, name, len, nodes[n].mode,
				      MKDEV(nodes[n].major, nodes[n].minor),
				      &i);
	if (!r)
		inode_put(i);
	return r;
}

/* dir was mounted just now and nobody has looked for a name in it yet: so the
 * file system is asked, past permissions and cached names. */
int devfs_populate(const char *dir)
{
	struct path p;
	struct inode *i;
	int r = path_lookup(AT_FDCWD, dir, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p,
			    NULL);

	if (r)
		return r;
	i = p.d->inode;
	if (!i->ops->mknod || !i->ops->symlink)
		r = -EPERM;
	mutex_lock(&i->lock);
	for (unsigned n = 0; n < ARRAY_SIZE(nodes) && !r; n++)
		r = make_node(i, n);
	mutex_unlock(&i->lock);
	path_put(&p);
	return r;
}
