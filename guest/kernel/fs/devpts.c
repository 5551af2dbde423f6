/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devpts.c: the names of pseudo-terminals: /dev/pts/0, ..., and ptmx.
 */
#include "pty.h"

#include <stdio.h>
#include <string.h>

#include "kuni/filesystems.h"
#include "kuni/klog.h"
#include "kuni/task.h"

#define DEVPTS_MAGIC 0x1cd1

static struct super *devpts_super; /* [devpts_super_lock] */
static struct spinlock devpts_super_lock;

struct super *devpts_current(void)
{
	struct super *s;

	spin_lock(&devpts_super_lock);
	s = devpts_super;
	if (s)
		super_get(s);
	spin_unlock(&devpts_super_lock);
	return s;
}

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

const struct inode_ops devpts_node_ops = { .setattr = devpts_setattr };

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
	if (r != 0)
		return r;
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
