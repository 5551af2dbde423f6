/* SPDX-License-Identifier: Apache-2.0 */
/*
 * anon.c: inodes without a place: of pipes, eventfds, sockets, memory files.
 *
 * Pipes, sockets and all others have a super each, never mounted, as statfs
 * and st_dev show.  A mode without a type is what Linux's anonymous inodes have.
 */
#include <string.h>

#include "kuni/vfs.h"

static int anon_statfs(struct super *s, struct lx_statfs *out)
{
	memset(out, 0, sizeof(*out));
	out->f_type = *(const int32_t *)s->private_;
	out->f_bsize = out->f_frsize = PAGE_SIZE;
	out->f_namelen = NAME_MAX;
	return 0;
}

static int anon_setattr(struct inode *i, const struct setattr *a)
{
	if (a->valid & ATTR_SIZE)
		return -EINVAL;
	inode_setattr_copy(i, a);
	return 0;
}

static const struct inode_ops anon_inode_ops = { .setattr = anon_setattr };
static const struct super_ops anon_super_ops = { .statfs = anon_statfs };
static const struct fs_type anon_types[] = {
	{ .name = "anon_inodefs", .nodev = true },
	{ .name = "pipefs", .nodev = true },
	{ .name = "sockfs", .nodev = true },
};
static int32_t magic[] = { ANON_MAGIC, PIPEFS_MAGIC, SOCKFS_MAGIC };

/* Device numbers below those that super_create() gives. */
#define ANON_SUPER(n)                                                          \
	{                                                                      \
		.ref = 1, .ops = &anon_super_ops, .type = &anon_types[n],      \
		.dev = 13 + (n), .next_ino = 1, .private_ = &magic[n],         \
	}
static struct super anon_supers[] = { ANON_SUPER(0), ANON_SUPER(1),
				      ANON_SUPER(2) };

int anon_inode(uint32_t mode, struct inode **out)
{
	unsigned n = S_ISFIFO(mode) ? 1 : S_ISSOCK(mode) ? 2 : 0;
	int r = inode_new(&anon_supers[n], mode, out);

	if (r)
		return r;
	(*out)->ops = &anon_inode_ops;
	(*out)->uid = fs_uid();
	(*out)->gid = fs_gid();
	return 0;
}

/* Where nameless files are, for those who reach them through /proc/PID/fd: in
 * no namespace, below nothing.  Never freed. */
static struct mount nowhere = { .ref = 1 };

bool anon_is_place(const struct path *p)
{
	return p->mnt == &nowhere;
}

/* A place for i, whose reference stays the caller's; out has one. */
int anon_place(struct inode *i, struct path *out)
{
	struct dentry *d;

	inode_get(i);
	d = dentry_root(i);
	if (!d)
		return -ENOMEM;
	mount_get(&nowhere);
	out->mnt = &nowhere;
	out->d = d;
	return 0;
}
