/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs.c: files in memory: the super, its options, its inodes.
 *
 * Directories keep their entries (tmpfs_dir.c), files their bytes in the page
 * cache, which has no place to write them to (tmpfs_file.c).  Options: size=
 * (bytes, with k, m, g, or % of memory), nr_blocks=, nr_inodes=, mode=, uid=,
 * gid=; any other is EINVAL.  The default size is half of memory.
 *
 * devtmpfs is a tmpfs that nobody fills: /dev is populated by devfs_populate().
 */
#include "tmpfs.h"

#include <stdlib.h>
#include <string.h>

#include "kuni/filesystems.h"

static int tmpfs_statfs(struct super *s, struct lx_statfs *out)
{
	struct tmpfs_sb *sb = s->private_;
	uint64_t used = __atomic_load_n(&sb->pages, __ATOMIC_RELAXED);
	uint64_t inodes = __atomic_load_n(&sb->inodes, __ATOMIC_RELAXED);

	memset(out, 0, sizeof(*out));
	out->f_type = TMPFS_MAGIC;
	out->f_bsize = out->f_frsize = PAGE_SIZE;
	out->f_namelen = NAME_MAX;
	out->f_fsid[0] = (int32_t)s->dev;
	if (sb->max_pages) {
		out->f_blocks = sb->max_pages;
		out->f_bfree = sb->max_pages - min(used, sb->max_pages);
		out->f_bavail = out->f_bfree;
	}
	if (sb->max_inodes) {
		out->f_files = sb->max_inodes;
		out->f_ffree = sb->max_inodes - min(inodes, sb->max_inodes);
	}
	return 0;
}

void tmpfs_evict(struct inode *i)
{
	struct tmpfs_sb *sb = i->super->private_;
	struct tmpfs_node *n = tmpfs_node(i);

	__atomic_fetch_sub(&sb->pages, n->charged, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&sb->inodes, 1, __ATOMIC_RELAXED);
	if (S_ISDIR(i->mode))
		tmpfs_drop_tree(i);
	xattr_store_free(&n->xattrs);
	kfree(n->target);
	kfree(n);
}

static void tmpfs_kill(struct super *s)
{
	tmpfs_drop_tree(s->root->inode);
}

static void tmpfs_destroy(struct super *s)
{
	kfree(s->private_);
}

static int tmpfs_sync(struct super *s)
{
	(void)s; /* memory is where it belongs */
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.statfs = tmpfs_statfs,
	.evict = tmpfs_evict,
	.sync = tmpfs_sync,
	.kill = tmpfs_kill,
	.destroy = tmpfs_destroy,
};

static bool take_inode(struct tmpfs_sb *sb)
{
	uint64_t n = __atomic_add_fetch(&sb->inodes, 1, __ATOMIC_RELAXED);

	if (!sb->max_inodes || n <= sb->max_inodes)
		return true;
	__atomic_fetch_sub(&sb->inodes, 1, __ATOMIC_RELAXED);
	return false;
}

static void set_ops(struct inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFDIR:
		i->ops = &tmpfs_dir_ops;
		i->fops = &tmpfs_dir_fops;
		i->nlink = 2;
		break;
	case S_IFREG:
		i->ops = &tmpfs_file_ops;
		i->fops = &tmpfs_file_fops;
		break;
	case S_IFLNK:
		i->ops = &tmpfs_link_ops;
		break;
	default:
		i->ops = &tmpfs_special_ops;
		break;
	}
}

int tmpfs_inode(struct super *s, const struct inode *dir, uint32_t mode,
		struct inode **out)
{
	struct tmpfs_sb *sb = s->private_;
	struct tmpfs_node *n;
	int r;

	if (!take_inode(sb))
		return -ENOSPC;
	n = kmalloc(sizeof(*n));
	r = n ? inode_new(s, mode, out) : -ENOMEM;
	if (r) {
		kfree(n);
		__atomic_fetch_sub(&sb->inodes, 1, __ATOMIC_RELAXED);
		return r;
	}
	RB_INIT(&n->names);
	RB_INIT(&n->cookies);
	n->next_cookie = 2;
	(*out)->private_ = n;
	if (dir)
		inode_init_owner(*out, dir);
	set_ops(*out);
	return 0;
}

int tmpfs_setattr(struct inode *i, const struct setattr *a)
{
	if (a->valid & ATTR_SIZE)
		return -EINVAL;
	inode_setattr_copy(i, a);
	return 0;
}

ssize_t tmpfs_getxattr(struct inode *i, const char *name, void *buf, size_t n)
{
	return xattr_store_get(&tmpfs_node(i)->xattrs, name, buf, n);
}

int tmpfs_setxattr(struct inode *i, const char *name, const void *buf, size_t n,
		   int flags)
{
	int r = xattr_store_set(&tmpfs_node(i)->xattrs, name, buf, n, flags);

	if (!r)
		inode_touch(i, false, false, true);
	return r;
}

ssize_t tmpfs_listxattr(struct inode *i, char *buf, size_t n)
{
	return xattr_store_list(&tmpfs_node(i)->xattrs, buf, n);
}

int tmpfs_removexattr(struct inode *i, const char *name)
{
	int r = xattr_store_remove(&tmpfs_node(i)->xattrs, name);

	if (!r)
		inode_touch(i, false, false, true);
	return r;
}

/* ---- options ---- */

static bool number(const char *v, int base, uint64_t *out, const char **end)
{
	char *e;

	if (*v < '0' || *v > '9')
		return false;
	*out = strtoull(v, &e, base);
	*end = e;
	return e != v;
}

/* 64k, 1m, 2g, 50%: bytes. */
static bool size_value(const char *v, uint64_t *out)
{
	static const char units[] = "kmgt";
	const char *end, *u;
	struct mm_stats st;

	if (!number(v, 10, out, &end))
		return false;
	if (*end == '%') {
		mm_stats(&st);
		*out = *out * st.total * PAGE_SIZE / 100;
		return !end[1];
	}
	u = *end ? strchr(units, *end | 0x20) : NULL;
	if (u) {
		*out <<= 10 * (unsigned)(u - units + 1);
		end++;
	}
	return !*end;
}

static bool value(const char *v, int base, uint64_t *out)
{
	const char *end;

	return number(v, base, out, &end) && !*end;
}

static int one_option(struct tmpfs_sb *sb, const char *key, const char *v)
{
	uint64_t n;

	if (!strcmp(key, "size") && size_value(v, &n))
		sb->max_pages = page_up(n) >> PAGE_SHIFT;
	else if (!strcmp(key, "nr_blocks") && size_value(v, &n))
		sb->max_pages = n;
	else if (!strcmp(key, "nr_inodes") && size_value(v, &n))
		sb->max_inodes = n;
	else if (!strcmp(key, "mode") && value(v, 8, &n) && n <= 07777)
		sb->mode = (uint32_t)n;
	else if (!strcmp(key, "uid") && value(v, 10, &n) && n < UINT32_MAX)
		sb->uid = (uint32_t)n;
	else if (!strcmp(key, "gid") && value(v, 10, &n) && n < UINT32_MAX)
		sb->gid = (uint32_t)n;
	else
		return -EINVAL;
	return 0;
}

static int parse_options(struct tmpfs_sb *sb, char *s)
{
	char *word;

	while ((word = strsep(&s, ","))) {
		char *eq = strchr(word, '=');
		int r;

		if (!*word)
			continue;
		if (!eq)
			return -EINVAL;
		*eq = 0;
		r = one_option(sb, word, eq + 1);
		if (r)
			return r;
	}
	return 0;
}

static int make_super(const struct fs_type *t, const char *data,
		      struct super **out)
{
	struct tmpfs_sb *sb = kmalloc(sizeof(*sb));
	char *copy = kmalloc(strlen(data) + 1);
	struct mm_stats st;
	int r = -ENOMEM;

	if (sb && copy) {
		mm_stats(&st);
		*sb = (struct tmpfs_sb){ .max_pages = st.total / 2,
					 .max_inodes = st.total / 2,
					 .mode = 01777,
					 .uid = fs_uid(),
					 .gid = fs_gid() };
		memcpy(copy, data, strlen(data) + 1);
		r = parse_options(sb, copy);
	}
	if (!r)
		r = super_create(t, &tmpfs_super_ops, out);
	kfree(copy);
	if (r)
		kfree(sb);
	else
		(*out)->private_ = sb;
	return r;
}

static int tmpfs_mount(const struct fs_type *t, const char *source,
		       uint64_t flags, const char *data, struct super **out)
{
	struct tmpfs_sb *sb;
	struct inode *i;
	int r = make_super(t, data, out);

	(void)source;
	(void)flags;
	if (r)
		return r;
	sb = (*out)->private_;
	r = tmpfs_inode(*out, NULL, S_IFDIR | sb->mode, &i);
	if (!r) {
		i->uid = sb->uid;
		i->gid = sb->gid;
		(*out)->root = dentry_root(i);
		r = (*out)->root ? 0 : -ENOMEM;
	}
	if (r)
		super_put(*out);
	return r;
}

const struct fs_type tmpfs_type = { "tmpfs", true, tmpfs_mount };
const struct fs_type devtmpfs_type = { "devtmpfs", true, tmpfs_mount };
