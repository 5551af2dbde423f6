/* SPDX-License-Identifier: Apache-2.0 */
/*
 * anon.c: inodes without a place: of pipes, eventfds, sockets, memory files.
 *
 * They share one super that is never mounted.  A mode without a type is what
 * Linux's anonymous inodes have.
 */
#include <string.h>

#include "kuni/vfs.h"

static int anon_statfs(struct super *s, struct lx_statfs *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->f_type = ANON_MAGIC;
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
static const struct fs_type anon_type = { .name = "anon_inodefs",
					  .nodev = true };
static struct super anon_super = {
	.ref = 1,
	.ops = &anon_super_ops,
	.type = &anon_type,
	.dev = 15, /* below those that super_create() gives */
	.next_ino = 1,
};

int anon_inode(uint32_t mode, struct inode **out)
{
	int r = inode_new(&anon_super, mode, out);

	if (r)
		return r;
	(*out)->ops = &anon_inode_ops;
	(*out)->uid = fs_uid();
	(*out)->gid = fs_gid();
	return 0;
}
